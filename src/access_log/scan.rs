//! Where a byte is, sixteen bytes at a time.
//!
//! In: bytes, and one or two that are looked for. Out: the place of the first or last. Most fields of a log
//! are so short that a call of `memchr` costs more than its search, which is why these are inlined.

use wide::u8x16;

/// Bytes that are looked at in one go.
const LANES: usize = 16;
/// Bytes that are gone through at once where many are.
const FOUR_LANES: usize = 4 * LANES;

/// The place of the first `wanted`, or the end of `text`.
#[inline]
pub fn find(text: &[u8], wanted: u8) -> usize {
    let Some((first, behind)) = text.split_first_chunk() else {
        return position(text, |byte| byte == wanted);
    };
    if let Some(found) = first_in(equal(first, wanted)) {
        return found;
    }
    let second = behind.first_chunk();
    match second.and_then(|second| first_in(equal(second, wanted))) {
        Some(found) => LANES + found,
        None => find_behind(text, wanted),
    }
}

/// The place of the first `one` or `other`, or the end of `text`.
#[inline]
pub fn find_either(text: &[u8], one: u8, other: u8) -> usize {
    match text.first_chunk() {
        Some(first) => first_in(equal(first, one) | equal(first, other))
            .unwrap_or_else(|| find_either_behind(text, one, other)),
        None => position(text, |byte| byte == one || byte == other),
    }
}

/// The place of the last `wanted`.
#[inline]
pub fn find_last(text: &[u8], wanted: u8) -> Option<usize> {
    let (head, chunks) = text.as_rchunks();
    for (index, chunk) in chunks.iter().enumerate().rev() {
        let found = equal(chunk, wanted).move_mask();
        if found != 0 {
            return Some(head.len() + index * LANES + found.ilog2() as usize);
        }
    }
    head.iter().rposition(|byte| *byte == wanted)
}

/// Adds the places of all `wanted` to `places`, each with `begin` added.
pub fn find_all(text: &[u8], wanted: u8, begin: usize, places: &mut Vec<usize>) {
    let (chunks, tail) = text.as_chunks::<FOUR_LANES>();
    let tail_begin = begin + text.len() - tail.len();
    let begins = (begin..).step_by(FOUR_LANES);
    for (chunk, begin) in chunks.iter().zip(begins) {
        let (lanes, _) = chunk.as_chunks();
        let [one, two, three, four] = [0, 1, 2, 3].map(|index| equal(&lanes[index], wanted));
        if ((one | two) | (three | four)).move_mask() == 0 {
            continue;
        }
        let mut found = [four, three, two, one].iter().fold(0_u64, |found, lanes| {
            found << LANES | u64::from(lanes.move_mask().cast_unsigned())
        });
        while found != 0 {
            places.push(begin + found.trailing_zeros() as usize);
            found &= found - 1;
        }
    }
    let in_tail = tail.iter().enumerate().filter(|(_, byte)| **byte == wanted);
    places.extend(in_tail.map(|(index, _)| tail_begin + index));
}

/// Which of the bytes are `wanted`.
#[inline]
fn equal(bytes: &[u8; LANES], wanted: u8) -> u8x16 {
    u8x16::new(*bytes).cmp_eq(u8x16::new([wanted; LANES]))
}

#[inline]
fn first_in(found: u8x16) -> Option<usize> {
    let found = found.move_mask();
    (found != 0).then(|| found.trailing_zeros() as usize % LANES)
}

/// As [`find`], where the first sixteen bytes hold none.
#[inline(never)]
fn find_behind(text: &[u8], wanted: u8) -> usize {
    find_behind_first(text, |lanes| equal(lanes, wanted))
}

/// As [`find_either`], where the first sixteen bytes hold neither.
#[inline(never)]
fn find_either_behind(text: &[u8], one: u8, other: u8) -> usize {
    find_behind_first(text, |lanes| equal(lanes, one) | equal(lanes, other))
}

#[inline]
fn find_behind_first(text: &[u8], found_in: impl Fn(&[u8; LANES]) -> u8x16) -> usize {
    let (pairs, tail) = text[LANES..].as_chunks::<{ 2 * LANES }>();
    for (index, pair) in pairs.iter().enumerate() {
        let (lanes, _) = pair.as_chunks();
        let (low, high) = (found_in(&lanes[0]), found_in(&lanes[1]));
        if (low | high).move_mask() != 0 {
            let found = low.move_mask() | high.move_mask() << LANES;
            return (2 * index + 1) * LANES + found.trailing_zeros() as usize;
        }
    }
    if let Some(found) = tail
        .first_chunk()
        .and_then(|lanes| first_in(found_in(lanes)))
    {
        return text.len() - tail.len() + found;
    }
    // What is left are the last bytes, and those of the sixteen that were looked at already are not it.
    let last = text
        .last_chunk()
        .and_then(|lanes| first_in(found_in(lanes)));
    last.map_or(text.len(), |found| text.len() - LANES + found)
}

fn position(text: &[u8], is_found: impl Fn(u8) -> bool) -> usize {
    let found = text.iter().position(|byte| is_found(*byte));
    found.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_are_found_where_they_are(text in "[ !\\x00\\x1f\\x21x\u{a0}]{0,10}|[!-~\u{a0}]{0,200}[ a-z\u{a0}]{0,9}[!-~]{0,40}") {
            let text = text.as_bytes();
            let end = text.len();
            let space = text.iter().position(|byte| *byte == b' ');
            prop_assert_eq!(find(text, b' '), space.unwrap_or(end));
            prop_assert_eq!(find_last(text, b' '), text.iter().rposition(|byte| *byte == b' '));
            let either = text.iter().position(|byte| matches!(byte, b'x' | 0xc2));
            prop_assert_eq!(find_either(text, b'x', 0xc2), either.unwrap_or(end));
            let mut places = vec![1];
            find_all(text, b'x', 7, &mut places);
            let all = text.iter().enumerate().filter(|(_, byte)| **byte == b'x');
            let all: Vec<usize> = all.map(|(place, _)| place + 7).collect();
            prop_assert_eq!(&places[1..], all);
        }
    }
}
