//! A block of numbers as the differences between neighbours, in Parquet's encoding
//! `DELTA_BINARY_PACKED`.
//!
//! In: a few numbers. Out: the bytes of their block: the least difference, how many bits the others
//! need above it, and these bits. Numbers of a full block that are near to each other, as nearly all are,
//! are 32 bits wide on the way, which a processor takes four at a time; others go the plain way.

use super::bit_packing::{MINI_VALUES, push_narrow, push_packed};
use super::column_chunk::push_varint;

/// Differences that are written together; a multiple of 128.
pub const BLOCK_VALUES: usize = 128;

/// Numbers of a block are near to each other if none is as far from the first one.
const NEAR: i64 = 1 << 29;
/// Beyond it the distance of two numbers may be more than there is room for.
const FIRST_MAX: u64 = 1 << 62;

/// Adds a full block, if its numbers are near to each other; then the least and the greatest of them.
pub fn push_near_block(
    blocks: &mut Vec<u8>,
    numbers: &[i64; BLOCK_VALUES + 1],
) -> Option<(i64, i64)> {
    let first = numbers[0];
    let mut offsets = [0_i32; BLOCK_VALUES + 1];
    let mut far = 0;
    for (offset, number) in offsets.iter_mut().zip(numbers) {
        let wide = number.wrapping_sub(first);
        far |= wide.wrapping_add(NEAR).cast_unsigned();
        *offset = wide as i32;
    }
    if far >= 2 * NEAR.cast_unsigned() || first.unsigned_abs() > FIRST_MAX {
        return None;
    }
    let (mut least, mut most) = (0, 0);
    for offset in &offsets {
        least = least.min(*offset);
        most = most.max(*offset);
    }
    if least == most {
        blocks.extend_from_slice(&[0; 1 + BLOCK_VALUES / MINI_VALUES]);
        return Some((first, first));
    }
    push_differences(blocks, &offsets);
    Some((first + i64::from(least), first + i64::from(most)))
}

fn push_differences(blocks: &mut Vec<u8>, offsets: &[i32; BLOCK_VALUES + 1]) {
    let mut above = [0_u32; BLOCK_VALUES];
    let mut least = i32::MAX;
    for (index, above) in above.iter_mut().enumerate() {
        let difference = offsets[index + 1].wrapping_sub(offsets[index]);
        least = least.min(difference);
        *above = difference.cast_unsigned();
    }
    push_varint(blocks, zigzag(i64::from(least)));
    let widths = blocks.len();
    blocks.extend_from_slice(&[0; BLOCK_VALUES / MINI_VALUES]);
    let (minis, _) = above.as_chunks_mut::<MINI_VALUES>();
    for (index, mini) in minis.iter_mut().enumerate() {
        let mut any = 0;
        for above in mini.iter_mut() {
            *above = above.wrapping_sub(least.cast_unsigned());
            any |= *above;
        }
        let bits = u32::BITS - any.leading_zeros();
        blocks[widths + index] = bits.to_le_bytes()[0];
        push_narrow(blocks, mini, bits);
    }
}

/// Adds a block of the differences between neighbours in `numbers`, cut to the bits that they have.
pub fn push_block(blocks: &mut Vec<u8>, numbers: &[i64], narrow: impl Fn(i64) -> i64) {
    let mut differences = [0; BLOCK_VALUES];
    let differences = &mut differences[..numbers.len() - 1];
    for (difference, pair) in differences.iter_mut().zip(numbers.windows(2)) {
        *difference = narrow(pair[1].wrapping_sub(pair[0]));
    }
    let Some(least) = differences.iter().copied().min() else {
        return;
    };
    push_varint(blocks, zigzag(least));
    let widths = blocks.len();
    blocks.extend_from_slice(&[0; BLOCK_VALUES / MINI_VALUES]);
    for (index, differences) in differences.chunks(MINI_VALUES).enumerate() {
        let mut above = [0; MINI_VALUES];
        let mut any = 0;
        for (above, difference) in above.iter_mut().zip(differences) {
            *above = difference.wrapping_sub(least).cast_unsigned();
            any |= *above;
        }
        let bits = u64::BITS - any.leading_zeros();
        blocks[widths + index] = bits.to_le_bytes()[0];
        push_packed(blocks, &above, bits);
    }
}

/// Small numbers of either sign as small numbers.
pub fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Full blocks of numbers that lie in a range of any size, anywhere.
    fn block() -> impl Strategy<Value = Vec<i64>> {
        let first = prop_oneof![-9..9_i64, any::<i64>(), Just(i64::MIN), Just(i64::MAX)];
        let bits = 0..64_u32;
        let draws = prop::collection::vec(any::<i64>(), BLOCK_VALUES);
        (first, bits, draws).prop_map(|(first, bits, draws)| {
            let others = draws.into_iter();
            let others = others.map(|draw| first.wrapping_add(draw >> (63 - bits)));
            std::iter::once(first).chain(others).collect()
        })
    }

    proptest! {
        #[test]
        fn near_numbers_are_written_as_the_plain_way_writes_them(numbers in block()) {
            let full = numbers.first_chunk().unwrap();
            let mut near = b"before".to_vec();
            let range = push_near_block(&mut near, full);
            let (least, most) = (*numbers.iter().min().unwrap(), *numbers.iter().max().unwrap());
            if range.is_some() {
                let mut plain = b"before".to_vec();
                push_block(&mut plain, &numbers, |difference| difference);
                prop_assert_eq!(near, plain);
                prop_assert_eq!(range, Some((least, most)));
            } else {
                prop_assert_eq!(near.as_slice(), b"before");
                let is_far = i128::from(most) - i128::from(least) >= i128::from(NEAR);
                prop_assert!(is_far || numbers[0].unsigned_abs() > FIRST_MAX);
            }
        }
    }

    #[test]
    fn numbers_are_near_up_to_a_distance_either_way() {
        for (distance, is_near) in [
            (0, true),
            (NEAR - 1, true),
            (-NEAR, true),
            (NEAR, false),
            (-NEAR - 1, false),
            (i64::MIN, false),
        ] {
            let mut numbers = [7; BLOCK_VALUES + 1];
            numbers[100] += distance;
            let range = push_near_block(&mut Vec::new(), &numbers);
            assert_eq!(range.is_some(), is_near, "{distance}");
        }
    }
}
