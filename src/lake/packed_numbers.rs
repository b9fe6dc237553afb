//! Numbers as Parquet packs them: as differences, or in runs and packed bits.
//!
//! In: the bytes of a page. Out: its numbers at the end of a vector, or `None` for bytes that are not whole or
//! packed in a way that no part of ours is. Own code in place of the Parquet library's decoders, which are not
//! public, but for those that make an Arrow column at several times the cost. Property tests compare the two.

/// Numbers per miniblock, as the library writes 32-bit numbers.
const MINIBLOCK: usize = 32;
/// Bits of the widest number.
const BITS_MAX: u32 = 32;

/// Adds `count` numbers that are packed by their differences (`DELTA_BINARY_PACKED`).
pub fn add_deltas(mut bytes: &[u8], count: usize, into: &mut Vec<i32>) -> Option<()> {
    let block = varint(&mut bytes)?;
    let miniblocks = usize::try_from(varint(&mut bytes)?).ok()?;
    let total = varint(&mut bytes)?;
    let mut value = zigzag(&mut bytes)?;
    let is_ours = block == (miniblocks as u64).checked_mul(MINIBLOCK as u64)?;
    if !is_ours || miniblocks == 0 || total != count as u64 {
        return None;
    }
    if count == 0 {
        return Some(());
    }
    into.reserve(count);
    into.push(value);
    let mut left = count - 1;
    while left > 0 {
        let least = zigzag(&mut bytes)?;
        let (widths, rest) = bytes.split_at_checked(miniblocks)?;
        bytes = rest;
        for width in widths.iter().map(|width| u32::from(*width)) {
            let here = left.min(MINIBLOCK);
            left -= here;
            match width {
                _ if here == 0 => {}
                0 => into.extend((0..here).map(|_| {
                    value = value.wrapping_add(least);
                    value
                })),
                1..=BITS_MAX => {
                    let (packed, rest) = bytes.split_at_checked(MINIBLOCK / 8 * width as usize)?;
                    bytes = rest;
                    let differences = unpacked_32(packed, width)?;
                    into.extend(differences[..here].iter().map(|difference| {
                        value = value.wrapping_add(least).wrapping_add(*difference);
                        value
                    }));
                }
                _ => return None,
            }
        }
    }
    Some(())
}

/// Adds `count` numbers of `bits` bits in Parquet's hybrid of runs and packed bits.
pub fn add_hybrid(mut bytes: &[u8], bits: u32, count: usize, into: &mut Vec<i32>) -> Option<()> {
    if bits > BITS_MAX {
        return None;
    }
    let mut left = count;
    while left > 0 {
        let head = varint(&mut bytes)?;
        let length = usize::try_from(head >> 1).ok()?;
        if head & 1 == 0 {
            let (value, rest) = bytes.split_at_checked(bits.div_ceil(8) as usize)?;
            bytes = rest;
            let here = left.min(length);
            if here == 0 {
                return None;
            }
            into.resize(into.len() + here, word(value, 0, bits));
            left -= here;
        } else {
            let (packed, rest) = bytes.split_at_checked(length.checked_mul(bits as usize)?)?;
            bytes = rest;
            let here = left.min(length.checked_mul(8)?);
            if here == 0 {
                return None;
            }
            left -= here;
            for from in (0..here).step_by(MINIBLOCK) {
                let packed = &packed[from / 8 * bits as usize..];
                match here - from {
                    MINIBLOCK.. => into.extend(unpacked_32(packed, bits)?),
                    rest => into.extend(unpacked(packed, bits, rest)),
                }
            }
        }
    }
    Some(())
}

/// Whether `count` numbers of one bit are all 1 and written as one run.
pub fn is_run_of_ones(mut bytes: &[u8], count: usize) -> bool {
    let head = varint(&mut bytes);
    head.is_some_and(|head| head & 1 == 0 && head >> 1 >= count as u64) && bytes.first() == Some(&1)
}

/// 32 numbers of `bits` bits each, by code that knows where every one of them is.
fn unpacked_32(packed: &[u8], bits: u32) -> Option<[i32; MINIBLOCK]> {
    macro_rules! by_width {
        ($($width:literal)*) => {
            match bits {
                0 => Some([0; MINIBLOCK]),
                $($width => packed.first_chunk().map(unpacked_of::<{ 4 * $width }>),)*
                _ => None,
            }
        };
    }
    by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32)
}

/// 32 numbers in so many bytes.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "at most 32 bits are left by the mask"
)]
fn unpacked_of<const BYTES: usize>(packed: &[u8; BYTES]) -> [i32; MINIBLOCK] {
    // Behind the last byte there is as much as the last number may be read with.
    let mut padded = [0; 4 * BITS_MAX as usize + 8];
    padded[..BYTES].copy_from_slice(packed);
    let bits = BYTES / 4;
    let mask = (1_u64 << bits) - 1;
    std::array::from_fn(|index| {
        let at = index * bits;
        let word = padded[at / 8..]
            .first_chunk()
            .map_or(0, |word| u64::from_le_bytes(*word));
        ((word >> (at % 8) & mask) as u32).cast_signed()
    })
}

/// The first `count` numbers of `bits` bits each; bits past the end are 0.
fn unpacked(packed: &[u8], bits: u32, count: usize) -> impl ExactSizeIterator<Item = i32> + '_ {
    (0..count).map(move |index| word(packed, index * bits as usize, bits))
}

/// The number of `bits` bits, at most 32, at the bit `at`.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "at most 32 bits are left by the mask"
)]
fn word(packed: &[u8], at: usize, bits: u32) -> i32 {
    let from = at / 8;
    let word = match packed.get(from..from + 8).and_then(<[u8]>::first_chunk) {
        Some(word) => u64::from_le_bytes(*word),
        None => {
            let mut word = [0; 8];
            let rest = packed.get(from..).unwrap_or_default();
            word[..rest.len()].copy_from_slice(rest);
            u64::from_le_bytes(word)
        }
    };
    let mask = (1_u64 << bits) - 1;
    ((word >> (at % 8) & mask) as u32).cast_signed()
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// A signed 32-bit number; the library writes its differences as if they had 64.
#[expect(
    clippy::cast_possible_truncation,
    reason = "differences of 32-bit numbers wrap around"
)]
fn zigzag(bytes: &mut &[u8]) -> Option<i32> {
    let value = varint(bytes)?;
    Some(((value >> 1).cast_signed() ^ -(value & 1).cast_signed()) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn runs_and_packed_bits_are_told_apart() {
        let mut found = vec![9];
        // Five times 3, then the numbers 0 to 7 in three bits each.
        let bytes = [5 << 1, 3, 1 << 1 | 1, 0x88, 0xc6, 0xfa];
        assert_eq!(add_hybrid(&bytes, 3, 13, &mut found), Some(()));
        assert_eq!(found, [9, 3, 3, 3, 3, 3, 0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn only_a_run_of_ones_that_is_long_enough_is_one() {
        assert!(is_run_of_ones(&[8 << 1, 1], 8));
        assert!(!is_run_of_ones(&[8 << 1, 1], 9));
        assert!(!is_run_of_ones(&[8 << 1, 0], 8));
        assert!(!is_run_of_ones(&[1 << 1 | 1, 0xff], 8));
        assert!(!is_run_of_ones(&[], 1));
    }

    proptest! {
        #[test]
        fn all_numbers_of_a_miniblock_are_what_one_by_one_gives(
            packed in prop::collection::vec(any::<u8>(), 4 * BITS_MAX as usize),
            bits in 0..=BITS_MAX,
        ) {
            let packed = &packed[..4 * bits as usize];
            let found = unpacked_32(packed, bits).unwrap();
            prop_assert_eq!(found.to_vec(), unpacked(packed, bits, MINIBLOCK).collect::<Vec<_>>());
        }

        #[test]
        fn no_bytes_panic_or_give_more_than_was_asked_for(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            bits in 0..40_u32,
            count in 0..300_usize,
        ) {
            let mut found = Vec::new();
            if add_hybrid(&bytes, bits, count, &mut found).is_some() {
                prop_assert_eq!(found.len(), count);
            }
            found.clear();
            if add_deltas(&bytes, count, &mut found).is_some() {
                prop_assert_eq!(found.len(), count);
            }
        }
    }
}
