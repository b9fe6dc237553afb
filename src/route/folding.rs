//! What the segments of a path are: names that stay, or data that is folded.
//!
//! In: paths. Out: routes, by looking at each segment alone, and at which prefixes were learned to
//! have too many names below them (`learned`). No state: the same path is always the same route.

use super::learned::Folding;

/// Path segments that are kept; what is deeper becomes `{rest}`.
pub const SEGMENTS_MAX: usize = 5;
/// Longest segment that is taken for a name rather than for data.
const NAME_BYTES_MAX: usize = 40;
/// Shortest segment that can be a random token: 10 characters of base64 are 60 bits.
const TOKEN_BYTES_MIN: usize = 10;
/// The segment of names below a learned prefix.
pub const SLUG: &str = "{slug}";
/// What is between the first folder and the name of a file that a page loads, and below
/// [`SEGMENTS_MAX`].
const REST: &str = "{rest}";

/// Segments that folding writes, or that readers of logs write themselves (`{malformed}`: the
/// request line was none). In a path they stay what they are, so that folding a route again changes
/// nothing.
const FOLDED: [&str; 10] = [
    "{malformed}",
    SLUG,
    "{id}",
    "{text}",
    "{date}",
    "{size}",
    REST,
    "{image}",
    "{font}",
    "{download}",
];

/// One segment, or several that belong together, of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment<'a> {
    /// Stays as it is, unless its folder was learned to have too many.
    Name(&'a str),
    /// Data that may have been a name: a text that is no plain name, or a name with a number in it.
    /// Folded to `kind`; below a learned prefix to `{slug}`.
    Named {
        /// As in the path.
        text: &'a str,
        /// `{id}` or `{text}`.
        kind: &'static str,
    },
    /// Data that nobody would take for a name, or a file that a page loads.
    Kind(&'static str),
}

/// The segments of a path, with everything past [`SEGMENTS_MAX`] as one. The folders of a file that
/// a page loads are one, too, but for the first: nobody judges a shop by one picture.
pub fn segments(path: &str) -> impl Iterator<Item = Segment<'_>> {
    let last = path.rsplit('/').find(|segment| !segment.is_empty());
    let is_file = last.is_some_and(|last| static_file(last).is_some());
    let depth = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .count();
    let file_depth = if is_file && depth > 2 { depth } else { 0 };
    let mut rest = path;
    let mut index = 0;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches('/');
        if rest.is_empty() {
            return None;
        }
        index += 1;
        if index > SEGMENTS_MAX {
            rest = "";
            return Some(Segment::Kind(REST));
        }
        if index == 2 && file_depth > 0 {
            rest = last.unwrap_or_default();
            return Some(Segment::Kind(REST));
        }
        if let Some(after) = after_date(rest) {
            rest = after;
            return Some(Segment::Kind("{date}"));
        }
        let (segment, after) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        rest = after;
        Some(segment_of(segment))
    })
}

/// Writes the route of `path` into `route`.
pub fn fold_into(route: &mut String, path: &str, folding: &Folding) {
    route.clear();
    for segment in segments(path) {
        let is_folded = folding.is_folded(route);
        let length_before = route.len();
        route.push('/');
        match segment {
            Segment::Kind(kind) => route.push_str(kind),
            Segment::Named { .. } if is_folded => route.push_str(SLUG),
            Segment::Named { kind, .. } => route.push_str(kind),
            Segment::Name(name) => {
                route.push_str(name);
                if is_folded && !folding.is_kept(route) {
                    route.truncate(length_before);
                    route.push('/');
                    route.push_str(SLUG);
                }
            }
        }
    }
    if route.is_empty() {
        route.push('/');
    }
}

/// What follows `2026/11/27` or `2026/11` at the beginning of `rest`.
fn after_date(rest: &str) -> Option<&str> {
    let (year, after) = leading_number(rest, 4)?;
    let (month, after) = leading_number(after.strip_prefix('/')?, 2)?;
    if !is_year(year) || !(1..=12).contains(&month) {
        return None;
    }
    let day = after
        .strip_prefix('/')
        .and_then(|rest| leading_number(rest, 2));
    Some(match day {
        Some((1..=31, after)) => after,
        _ => after,
    })
}

/// The number in the first `digits` characters, which must be all of the segment.
fn leading_number(text: &str, digits: usize) -> Option<(u32, &str)> {
    let number = text.get(..digits)?;
    let after = &text[digits..];
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let is_whole = after.is_empty() || after.starts_with('/');
    Some((
        number.parse().ok().filter(|_| is_number && is_whole)?,
        after,
    ))
}

fn is_year(year: u32) -> bool {
    (1990..=2099).contains(&year)
}

fn segment_of(segment: &str) -> Segment<'_> {
    if segment.starts_with('{')
        && let Some(folded) = FOLDED.iter().find(|folded| **folded == segment)
    {
        return Segment::Kind(folded);
    }
    if let Some(kind) = static_file(segment) {
        return Segment::Kind(kind);
    }
    let is_plain = segment
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~'));
    let digit_count = segment.bytes().filter(u8::is_ascii_digit).count();
    let named = |kind| Segment::Named {
        text: segment,
        kind,
    };
    if !is_plain {
        named("{text}")
    } else if is_version(segment, digit_count) {
        Segment::Name(segment)
    } else if is_size(segment) {
        Segment::Kind("{size}")
    } else if is_date(segment) {
        Segment::Kind("{date}")
    } else if digit_count == segment.len() || is_hex_id(segment) || is_token(segment) {
        Segment::Kind("{id}")
    } else if digit_count >= 4 {
        named("{id}")
    } else if segment.len() > NAME_BYTES_MAX {
        named("{text}")
    } else {
        Segment::Name(segment)
    }
}

fn is_version(segment: &str, digit_count: usize) -> bool {
    segment.len() <= 4 && segment.starts_with('v') && digit_count + 1 == segment.len()
}

/// `200x200`, as in the paths of scaled pictures.
fn is_size(segment: &str) -> bool {
    let is_number = |text: &str| {
        (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    segment
        .split_once('x')
        .is_some_and(|(width, height)| is_number(width) && is_number(height))
}

/// `2026-11-27`.
fn is_date(segment: &str) -> bool {
    let bytes = segment.as_bytes();
    let has_shape = bytes.len() == 10
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    has_shape && segment[..4].parse().is_ok_and(is_year)
}

fn is_hex_id(segment: &str) -> bool {
    segment.len() >= 8
        && segment.bytes().any(|byte| byte.is_ascii_digit())
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// A random token of letters in both cases and digits. Of the places between its characters, 43 %
/// are expected to lead from a small to a capital letter, or between letter and digit; in words,
/// even `iPhone15ProMax`, it is less than 30 %.
fn is_token(segment: &str) -> bool {
    if segment.len() < TOKEN_BYTES_MIN || segment.contains(['.', '~']) {
        return false;
    }
    let bytes = segment.as_bytes();
    let turn_count = bytes
        .windows(2)
        .filter(|pair| {
            let is_capital = pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
            let is_digit = [pair[0], pair[1]].map(|byte| byte.is_ascii_digit());
            let is_letter = [pair[0], pair[1]].map(|byte| byte.is_ascii_alphabetic());
            is_capital || (is_digit[0] && is_letter[1]) || (is_letter[0] && is_digit[1])
        })
        .count();
    let has = |class: fn(&u8) -> bool| bytes.iter().any(class);
    turn_count * 10 >= bytes.len() * 3
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
}

/// The kind of a file that a page loads, or that is downloaded.
fn static_file(segment: &str) -> Option<&'static str> {
    let (_, extension) = segment.rsplit_once('.')?;
    if !(2..=5).contains(&extension.len()) {
        return None;
    }
    let mut lower = [0; 5];
    let lower = &mut lower[..extension.len()];
    lower.copy_from_slice(extension.as_bytes());
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"png" | b"jpg" | b"jpeg" | b"gif" | b"webp" | b"svg" | b"ico" | b"avif" | b"bmp" => {
            "{image}"
        }
        b"css" => "{file}.css",
        b"js" | b"mjs" | b"map" => "{file}.js",
        b"woff" | b"woff2" | b"ttf" | b"eot" | b"otf" => "{font}",
        b"mp4" | b"webm" | b"mp3" | b"ogg" | b"pdf" | b"epub" | b"zip" | b"gz" | b"tgz"
        | b"bz2" | b"xz" | b"7z" | b"rar" | b"tar" | b"jar" | b"exe" | b"msi" | b"dmg" | b"iso"
        | b"apk" | b"deb" | b"rpm" | b"doc" | b"docx" | b"xls" | b"xlsx" | b"ppt" | b"pptx" => {
            "{download}"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::learned::LearnedRoutes;
    use super::*;
    use proptest::prelude::*;

    fn folded(path: &str) -> String {
        folded_with(path, &LearnedRoutes::default())
    }

    fn folded_with(path: &str, learned: &LearnedRoutes) -> String {
        let mut route = String::from("left over");
        fold_into(&mut route, path, &Folding::of(learned));
        route
    }

    #[test]
    fn ids_texts_and_dates_are_folded_and_names_are_kept() {
        for (path, expected) in [
            ("/", "/"),
            ("//cart//", "/cart"),
            ("/product/17", "/product/{id}"),
            (
                "/api/v1/order/4b5f2c1e-9d0a-4f7e-8a54-0d3f7b5c9e11",
                "/api/v1/order/{id}",
            ),
            ("/p/BLUE-SHOE-N-K-35645D432A114", "/p/{id}"),
            ("/watch/dQw4w9WgXcQ", "/watch/{id}"),
            ("/p/iPhone15ProMax", "/p/iPhone15ProMax"),
            ("/deadbeef01", "/{id}"),
            ("/facade", "/facade"),
            ("/filter/%D9%85%DA%AF", "/filter/{text}"),
            ("/filter/b1,p62", "/filter/{text}"),
            ("/image/60844/model/200x200", "/image/{id}/model/{size}"),
            ("/x/0x10", "/x/{size}"),
            ("/x/2x", "/x/2x"),
            ("/blog/2026/11/27/black-friday", "/blog/{date}/black-friday"),
            ("/blog/2026/11/black-friday", "/blog/{date}/black-friday"),
            ("/blog/2026/11", "/blog/{date}"),
            ("/blog/2026", "/blog/{id}"),
            ("/blog/2026/13", "/blog/{id}/{id}"),
            ("/blog/2026/110/x", "/blog/{id}/{id}/x"),
            ("/day/2026-11-27", "/day/{date}"),
            ("/day/2026-11-27x", "/day/{id}"),
            ("/a/b/c/d/e/f/g", "/a/b/c/d/e/{rest}"),
            ("/2026/11/a/b/c/d/e", "/{date}/a/b/c/d/{rest}"),
            ("/{malformed}", "/{malformed}"),
            ("/{other}", "/{text}"),
            ("/{}", "/{text}"),
            ("/é/日本", "/{text}/{text}"),
        ] {
            assert_eq!(folded(path), expected, "{path}");
        }
    }

    #[test]
    fn files_that_a_page_loads_are_a_route_per_kind_and_first_folder() {
        for (path, expected) in [
            ("/favicon.ico", "/{image}"),
            ("/images/a.PNG", "/images/{image}"),
            (
                "/offer/plugins/slider/js/a.min.js",
                "/offer/{rest}/{file}.js",
            ),
            ("/a/b/c/d/e/f/g/h.css", "/a/{rest}/{file}.css"),
            ("/image/17/a.webp", "/image/{rest}/{image}"),
            ("/files/tool-1.2.jar", "/files/{download}"),
            ("/css/page", "/css/page"),
            ("/page.html", "/page.html"),
            ("/.png", "/{image}"),
            ("/a.é", "/{text}"),
        ] {
            assert_eq!(folded(path), expected, "{path}");
        }
    }

    #[test]
    fn below_a_learned_prefix_names_are_slugs_unless_they_are_kept() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let learned = LearnedRoutes {
            folded: texts(&["/", "/product", "/product/{slug}"]),
            kept: texts(&["/cart", "/product", "/product/compare"]),
            known: Vec::new(),
        };
        for (path, expected) in [
            ("/", "/"),
            ("/cart", "/cart"),
            ("/red-shoe", "/{slug}"),
            ("/red-shoe-20261", "/{slug}"),
            ("/%D9%85", "/{slug}"),
            ("/17", "/{id}"),
            ("/favicon.ico", "/{image}"),
            ("/product/red-shoe/reviews", "/product/{slug}/{slug}"),
            ("/product/compare/red-shoe", "/product/compare/red-shoe"),
            ("/shop/red-shoe", "/{slug}/red-shoe"),
        ] {
            assert_eq!(folded_with(path, &learned), expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn folding_a_route_again_changes_nothing(
            path in "(/([a-zA-Z0-9._-]{1,14}|20[0-9]{2}/[0-9]{2}|.{0,9}|\\{slug\\}|a\\.css)){0,8}",
            is_learned in any::<bool>(),
        ) {
            let mut learned = LearnedRoutes::default();
            if is_learned {
                learned.folded = vec!["/".to_owned(), "/{slug}".to_owned()];
            }
            let once = folded_with(&path, &learned);
            prop_assert!(once.starts_with('/'));
            prop_assert!(once.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert!(once.len() <= (SEGMENTS_MAX + 1) * (NAME_BYTES_MAX + 1));
            prop_assert_eq!(folded_with(&once, &learned), once);
        }
    }
}
