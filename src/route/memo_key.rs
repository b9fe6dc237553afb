//! What decides the route of a path: the path, but for numbers that are ids whatever they are.
//!
//! In: paths such as `/product/17`, with what comes after them. Out: where they end, and keys such as
//! `/product/1`, so that a shop with a hundred thousand products is remembered as ten paths, in memory
//! that is near.

/// Numbers of as many digits may be a month or a day.
const DAY_DIGITS: usize = 2;
/// Numbers of as many digits may be a year.
const YEAR_DIGITS: usize = 4;

/// The end of the path that `text` begins with, and its key: a path that has the same route, and that
/// all paths have which differ only in such numbers. `are_numbers_kept` where a declared template has
/// one. Written into `room` where it is not the path itself; the empty path is the root.
pub fn key_of<'a>(
    room: &'a mut Vec<u8>,
    text: &'a str,
    are_numbers_kept: bool,
) -> (usize, &'a [u8]) {
    let text = text.as_bytes();
    room.clear();
    let (mut at, mut written) = (0, 0);
    // Each turn begins where a segment does.
    while let Some(first) = text.get(at) {
        if *first == b'/' {
            at += 1;
            continue;
        }
        if first.is_ascii_digit() && !are_numbers_kept {
            let start = at;
            while text.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            let is_whole = text.get(at).is_none_or(|byte| ends_segment(*byte));
            if is_whole && is_any_id(&text[start..at]) {
                if written == 0 && text.get(at) != Some(&b'/') {
                    // The usual place of a number: a path with its first digit does, and is at hand.
                    return (at, &text[..=start]);
                }
                room.extend_from_slice(&text[written..start]);
                room.push(b'0');
                written = at;
            }
        }
        at = segment_end(text, at);
        if text.get(at) != Some(&b'/') {
            break;
        }
    }
    if written == 0 {
        let key = if at == 0 { b"/" } else { &text[..at] };
        return (at, key);
    }
    if written < at {
        room.extend_from_slice(&text[written..at]);
    }
    (at, room)
}

/// The end of the segment that goes on at `at`: a slash, the end of the path, or of the text.
#[inline]
fn segment_end(text: &[u8], mut at: usize) -> usize {
    while at < text.len() {
        let word = match (text[at..].first_chunk(), text.last_chunk()) {
            (Some(next), _) => u64::from_le_bytes(*next),
            // The bytes that are left, and zeros after them.
            (None, Some(last)) => u64::from_le_bytes(*last) >> (8 * (8 + at - text.len())),
            (None, None) => {
                let rest = text[at..].iter().position(|byte| ends_segment(*byte));
                return rest.map_or(text.len(), |rest| at + rest);
            }
        };
        // Letters and most of what is no letter differ in the two highest bits.
        let others = !(word | word << 1) & 0x8080_8080_8080_8080;
        at += others.trailing_zeros() as usize / 8;
        if others == 0 {
            continue;
        }
        if text.get(at).is_none_or(|byte| ends_segment(*byte)) {
            return at;
        }
        at += 1;
    }
    text.len()
}

/// Whether a byte is a slash or begins a query, a fragment or parameters.
#[inline]
fn ends_segment(byte: u8) -> bool {
    matches!(byte, b'/' | b'?' | b'#' | b';')
}

/// Whether folding makes `{id}` of the number wherever it stands as a segment: one that is no part of
/// a date.
fn is_any_id(number: &[u8]) -> bool {
    match number.len() {
        0 | DAY_DIGITS => false,
        YEAR_DIGITS => !matches!(number, [b'1', b'9', ..] | [b'2', b'0', ..]),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::folding::{fold_into, segments};
    use super::super::learned::{Folding, LearnedRoutes};
    use super::*;
    use proptest::prelude::*;

    fn key(path: &str) -> String {
        let mut room = b"left over".to_vec();
        let (end, key) = key_of(&mut room, path, false);
        assert_eq!(end, path.len());
        String::from_utf8(key.to_vec()).unwrap()
    }

    #[test]
    fn numbers_that_are_no_part_of_a_date_are_one_key_or_ten() {
        for (path, expected) in [
            ("/", "/"),
            ("/cart", "/cart"),
            ("/product/17345", "/product/1"),
            ("/product/7/", "/product/0/"),
            ("/product/4711/photo/123", "/product/0/photo/0"),
            ("//17a//57/", "//17a//57/"),
            ("//17a//175/", "//17a//0/"),
            ("/blog/2026/11/27", "/blog/2026/11/27"),
            ("17", "17"),
            ("175", "1"),
        ] {
            assert_eq!(key(path), expected, "{path}");
        }
        let mut room = Vec::new();
        let kept = key_of(&mut room, "/product/17345?a=1", true);
        assert_eq!(kept, (14, b"/product/17345".as_slice()));
    }

    #[test]
    fn a_path_ends_at_the_first_byte_that_is_none_of_it() {
        for (text, end, expected) in [
            ("", 0, "/"),
            ("?a=/17/175", 0, "/"),
            ("/a?b/175", 2, "/a"),
            ("/a/175#b", 6, "/a/1"),
            ("/a/175;b", 6, "/a/1"),
            ("/175-a.html;b/175", 11, "/175-a.html"),
            (
                "/long-names.of_pages/%D9%85~?",
                28,
                "/long-names.of_pages/%D9%85~",
            ),
        ] {
            let mut room = Vec::new();
            let found = key_of(&mut room, text, false);
            assert_eq!(found, (end, expected.as_bytes()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_end_of_a_path_is_found_as_byte_by_byte(text in "[a-zA-Z0-9?#;/~@.%é-]{0,40}") {
            let end = text.bytes().position(|byte| matches!(byte, b'?' | b'#' | b';'));
            let found = key_of(&mut Vec::new(), &text, false).0;
            prop_assert_eq!(found, end.unwrap_or(text.len()));
        }

        #[test]
        fn a_path_and_its_key_have_one_route_and_one_key(
            path in "(/|/{0,2}([0-9]{1,6}|(19|20)[0-9]{2}/[0-9]{1,3}(/[0-9]{2})?|[a-z0-9._x-]{1,9}|a\\.css)){0,9}",
            is_learned in any::<bool>(),
        ) {
            let mut learned = LearnedRoutes::default();
            if is_learned {
                learned.folded = vec!["/".to_owned(), "/{id}".to_owned(), "/{slug}".to_owned()];
            }
            let folded = |path: &str| {
                let mut route = String::new();
                fold_into(&mut route, path, &Folding::of(&learned));
                route
            };
            prop_assert_eq!(folded(&key(&path)), folded(&path));
            prop_assert!(segments(&key(&path)).eq(segments(&path)));
            prop_assert_eq!(key(&key(&path)), key(&path));
        }
    }
}
