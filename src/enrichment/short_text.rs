//! Finds bytes in texts that are mostly shorter than what a call of `memchr` is good for.

/// Where the first of `wanted` is in `text`.
#[inline]
pub fn find_any<const N: usize>(text: &[u8], wanted: [u8; N]) -> Option<usize> {
    let mut at = 0;
    while let Some(word) = text[at..].first_chunk() {
        if let Some(found) = find_in_word(*word, wanted) {
            return Some(at + found);
        }
        at += 8;
    }
    match text.last_chunk() {
        // Begins with bytes that are none of them.
        Some(last) => Some(text.len() - 8 + find_in_word(*last, wanted)?),
        None => text.iter().position(|byte| wanted.contains(byte)),
    }
}

#[inline]
fn find_in_word<const N: usize>(word: [u8; 8], wanted: [u8; N]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xff;
    let word = u64::from_le_bytes(word);
    let found = wanted.map(|byte| {
        // The lowest byte that is 0 is found; one above it that is 1 may be found, too.
        let others = word ^ (u64::from(byte) * ONES);
        others.wrapping_sub(ONES) & !others
    });
    let found = found.into_iter().fold(0, |all, found| all | found) & (ONES << 7);
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_byte_is_found_as_by_the_obvious_search(
            text in prop::collection::vec(prop_oneof![9 => any::<u8>(), 1 => Just(b'/'), 1 => Just(b'.'), 1 => Just(b'?')], 0..40),
        ) {
            let obvious = |wanted: &[u8]| text.iter().position(|byte| wanted.contains(byte));
            prop_assert_eq!(find_any(&text, *b"/"), obvious(b"/"));
            prop_assert_eq!(find_any(&text, *b"/?"), obvious(b"/?"));
            prop_assert_eq!(find_any(&text, *b"?#/"), obvious(b"?#/"));
        }
    }
}
