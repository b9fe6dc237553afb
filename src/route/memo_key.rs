//! What decides the route of a path: the path, but for numbers that are ids whatever they are.
//!
//! In: paths such as `/product/17`. Out: keys such as `/product/0`, so that a shop with a hundred
//! thousand products is remembered as one path, in memory that is near.

/// Numbers of as many digits may be a month or a day.
const DAY_DIGITS: usize = 2;
/// Numbers of as many digits may be a year.
const YEAR_DIGITS: usize = 4;

/// The key of `path`: a path that has the same route, and that all paths have which differ only in such
/// numbers. `are_numbers_kept` where a declared template has one. Written into `room` where it is
/// not the path itself.
pub fn key_of<'a>(room: &'a mut Vec<u8>, path: &'a str, are_numbers_kept: bool) -> &'a [u8] {
    let path = path.as_bytes();
    if are_numbers_kept {
        return path;
    }
    room.clear();
    let (mut start, mut written) = (0, 0);
    while start < path.len() {
        let rest = &path[start..];
        let length = rest.iter().position(|byte| *byte == b'/');
        let end = start + length.unwrap_or(rest.len());
        if path[start].is_ascii_digit() && is_any_id(&path[start..end]) {
            room.extend_from_slice(&path[written..start]);
            room.push(b'0');
            written = end;
        }
        start = end + 1;
    }
    if written == 0 {
        return path;
    }
    room.extend_from_slice(&path[written..]);
    room
}

/// Whether folding makes `{id}` of the segment wherever it stands: a number that is no part of a
/// date.
fn is_any_id(segment: &[u8]) -> bool {
    let may_be_date = match segment.len() {
        0 | DAY_DIGITS => true,
        YEAR_DIGITS => matches!(segment, [b'1', b'9', ..] | [b'2', b'0', ..]),
        _ => false,
    };
    !may_be_date && segment.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::super::folding::{fold_into, segments};
    use super::super::learned::{Folding, LearnedRoutes};
    use super::*;
    use proptest::prelude::*;

    fn key(path: &str) -> String {
        let mut room = b"left over".to_vec();
        let key = key_of(&mut room, path, false);
        String::from_utf8(key.to_vec()).unwrap()
    }

    #[test]
    fn numbers_that_are_no_part_of_a_date_are_one_key() {
        for (path, expected) in [
            ("/", "/"),
            ("/cart", "/cart"),
            ("/product/17345", "/product/0"),
            ("/product/7/", "/product/0/"),
            ("/product/4711/photo/123", "/product/0/photo/0"),
            ("//17a//5", "//17a//0"),
            ("/blog/2026/11/27", "/blog/2026/11/27"),
            ("17", "17"),
            ("175", "0"),
        ] {
            assert_eq!(key(path), expected, "{path}");
        }
        let mut room = Vec::new();
        assert_eq!(key_of(&mut room, "/product/17345", true), b"/product/17345");
    }

    proptest! {
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
