//! What decides the route of a path: the path, but for numbers that are ids whatever they are.
//!
//! In: paths such as `/product/17`. Out: keys such as `/product/0`, so that a shop with a hundred
//! thousand products is remembered as one path, in memory that is near.

/// Numbers of as many digits may be a month or a day.
const DAY_DIGITS: usize = 2;
/// Numbers of as many digits may be a year.
const YEAR_DIGITS: usize = 4;

/// Writes the key of `path` into `key`: a path that has the same route, and that all paths have
/// which differ only in such numbers. `are_numbers_kept` where a declared template has one.
pub fn key_into(key: &mut Vec<u8>, path: &str, are_numbers_kept: bool) {
    key.clear();
    if are_numbers_kept || !begins_a_number(path.as_bytes()) {
        key.extend_from_slice(path.as_bytes());
        return;
    }
    for (index, segment) in path.as_bytes().split(|byte| *byte == b'/').enumerate() {
        if index > 0 {
            key.push(b'/');
        }
        if is_any_id(segment) {
            key.push(b'0');
        } else {
            key.extend_from_slice(segment);
        }
    }
}

/// Whether a segment begins with a digit.
fn begins_a_number(path: &[u8]) -> bool {
    let mut pairs = path.windows(2);
    path.first().is_some_and(u8::is_ascii_digit)
        || pairs.any(|pair| pair[0] == b'/' && pair[1].is_ascii_digit())
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
    use super::super::folding::fold_into;
    use super::super::learned::{Folding, LearnedRoutes};
    use super::*;
    use proptest::prelude::*;

    fn key(path: &str) -> String {
        let mut key = b"left over".to_vec();
        key_into(&mut key, path, false);
        String::from_utf8(key).unwrap()
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
        let mut kept = Vec::new();
        key_into(&mut kept, "/product/17345", true);
        assert_eq!(kept, b"/product/17345");
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
            prop_assert_eq!(key(&key(&path)), key(&path));
        }
    }
}
