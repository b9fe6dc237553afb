//! Numbers without the bits that none of them has, as Parquet packs them.

/// Numbers that are packed together, with as many bits as each other; `packed_numbers` reads no
/// others in blocks of differences.
pub const MINI_VALUES: usize = 32;

/// Adds the lower `bits` bits of each number.
pub fn push_narrow(blocks: &mut Vec<u8>, numbers: &[u32; MINI_VALUES], bits: u32) {
    macro_rules! of_width {
        ($($bits:literal)*) => {
            match bits {
                $($bits => push_narrow_of::<$bits>(blocks, numbers),)*
                _ => {}
            }
        };
    }
    of_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32);
}

/// The same for a width that is known beforehand, so that every shift is.
fn push_narrow_of<const BITS: u32>(blocks: &mut Vec<u8>, numbers: &[u32; MINI_VALUES]) {
    let mut bytes = [[0; 8]; MINI_VALUES / 2];
    let (mut word, mut used, mut full) = (0_u64, 0, 0);
    for number in numbers {
        let number = u64::from(*number);
        word |= number << used;
        used += BITS;
        if used >= u64::BITS {
            bytes[full] = word.to_le_bytes();
            full += 1;
            used -= u64::BITS;
            word = number >> (BITS - used);
        }
    }
    if used > 0 {
        bytes[full] = word.to_le_bytes();
    }
    let all = bytes.as_flattened();
    blocks.extend_from_slice(&all[..MINI_VALUES / 8 * BITS as usize]);
}

/// Adds the lower `bits` bits of each number; all of them end at a full word or in the middle of it.
pub fn push_packed(blocks: &mut Vec<u8>, numbers: &[u64; MINI_VALUES], bits: u32) {
    if bits == 0 {
        return;
    }
    let (mut word, mut used) = (0_u64, 0);
    for number in numbers {
        word |= number << used;
        used += bits;
        if used >= u64::BITS {
            blocks.extend_from_slice(&word.to_le_bytes());
            used -= u64::BITS;
            word = number.checked_shr(bits - used).unwrap_or(0);
        }
    }
    blocks.extend_from_slice(&word.to_le_bytes()[..(used / 8) as usize]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn narrow_numbers_are_packed_bit_by_bit(
            bits in 0..=32_u32,
            draws in prop::array::uniform32(any::<u32>()),
        ) {
            let numbers = draws.map(|draw| draw.checked_shr(32 - bits).unwrap_or(0));
            let mut obvious = vec![7; 1 + bits as usize * 4];
            obvious[1..].fill(0);
            for (place, number) in numbers.iter().enumerate() {
                for bit in (0..bits as usize).filter(|bit| number >> bit & 1 == 1) {
                    let at = place * bits as usize + bit;
                    obvious[1 + at / 8] |= 1 << (at % 8);
                }
            }
            let mut narrow = vec![7];
            push_narrow(&mut narrow, &numbers, bits);
            prop_assert_eq!(&narrow, &obvious);
            let mut packed = vec![7];
            push_packed(&mut packed, &numbers.map(u64::from), bits);
            prop_assert_eq!(&packed, &obvious);
        }
    }
}
