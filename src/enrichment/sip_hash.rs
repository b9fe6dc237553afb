//! SipHash-2-4 of an address and a number after it, once per line.
//!
//! In: a key, an address, 8 bytes. Out: what the `siphasher` crate says of both in one piece, which a test
//! compares; it would have to be handed a copy of them.

/// The state that a key makes, before the first byte.
#[derive(Debug, Clone, Copy)]
pub struct SipHash {
    state: [u64; 4],
}

impl SipHash {
    /// Hashes under `key`.
    pub fn new(key: &[u8; 16]) -> Self {
        let key = u128::from_le_bytes(*key);
        let (low, high) = (key as u64, (key >> 64) as u64);
        Self {
            state: [
                low ^ 0x736f_6d65_7073_6575,
                high ^ 0x646f_7261_6e64_6f6d,
                low ^ 0x6c79_6765_6e65_7261,
                high ^ 0x7465_6462_7974_6573,
            ],
        }
    }

    /// The hash of `text` and the 8 bytes of `number`, the lowest first.
    pub fn hash(mut self, text: &[u8], number: u64) -> u64 {
        let (words, rest) = text.as_chunks();
        for word in words {
            self.absorb(u64::from_le_bytes(*word));
        }
        // The bytes of the number fill the word that the text has begun, and begin the last one.
        let bits = 8 * rest.len() as u32;
        self.absorb(number << bits | rest_of(text, rest));
        let left = number.checked_shr(u64::BITS - bits).unwrap_or(0);
        let bytes = text.len() as u64 + 8;
        self.absorb(left | bytes << 56);
        self.state[2] ^= 0xff;
        (0..4).for_each(|_| self.mix());
        let [a, b, c, d] = self.state;
        a ^ b ^ c ^ d
    }

    #[inline]
    fn absorb(&mut self, word: u64) {
        self.state[3] ^= word;
        self.mix();
        self.mix();
        self.state[0] ^= word;
    }

    #[inline]
    fn mix(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.state;
        a = a.wrapping_add(b);
        c = c.wrapping_add(d);
        b = b.rotate_left(13) ^ a;
        d = d.rotate_left(16) ^ c;
        a = a.rotate_left(32);
        c = c.wrapping_add(b);
        a = a.wrapping_add(d);
        b = b.rotate_left(17) ^ c;
        d = d.rotate_left(21) ^ a;
        c = c.rotate_left(32);
        self.state = [a, b, c, d];
    }
}

/// The bytes after the last whole word of `text`, of which there are fewer than eight.
#[inline]
fn rest_of(text: &[u8], rest: &[u8]) -> u64 {
    match text.last_chunk() {
        Some(last) => {
            let unwanted = u64::BITS - 8 * rest.len() as u32;
            u64::from_le_bytes(*last).checked_shr(unwanted).unwrap_or(0)
        }
        None => {
            let bytes = rest.iter().rev();
            bytes.fold(0, |word, byte| word << 8 | u64::from(*byte))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use siphasher::sip::SipHasher24;

    proptest! {
        #[test]
        fn a_hash_is_that_of_the_library_in_one_piece(
            key in any::<[u8; 16]>(),
            text in prop::collection::vec(any::<u8>(), 0..300),
            number in any::<u64>(),
        ) {
            let whole = [text.as_slice(), &number.to_le_bytes()].concat();
            let expected = SipHasher24::new_with_key(&key).hash(&whole);
            prop_assert_eq!(SipHash::new(&key).hash(&text, number), expected);
        }
    }
}
