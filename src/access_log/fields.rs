//! Cutting a line into fields: words, `[bracketed]` and `"quoted"` ones.

use memchr::{memchr, memchr2};

/// Walks over the fields of one line.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub fn new(line: &'a [u8]) -> Self {
        Self { rest: line }
    }

    /// What was not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The bytes up to the next space, which is skipped.
    #[inline]
    pub fn word(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = word_end(self.rest);
        let word = &self.rest[..end];
        self.rest = &self.rest[(end + 1).min(self.rest.len())..];
        Some(word)
    }

    /// Skips `text` between `[` and `]`, if that comes next.
    #[inline]
    pub fn skip_bracketed(&mut self, text: &[u8]) -> bool {
        let closing = text.len() + 1;
        let is_next = self.rest.first() == Some(&b'[')
            && self.rest.get(closing) == Some(&b']')
            && self.rest[1..closing] == *text;
        if is_next {
            self.skip_to(&self.rest[closing + 1..]);
        }
        is_next
    }

    /// The bytes between `[` and `]`.
    pub fn bracketed(&mut self) -> Option<&'a [u8]> {
        let inside = self.rest.strip_prefix(b"[")?;
        let end = memchr(b']', inside)?;
        self.skip_to(&inside[end + 1..]);
        Some(&inside[..end])
    }

    /// The bytes between two `"`; a `"` after a backslash is part of the field.
    pub fn quoted(&mut self) -> Option<&'a [u8]> {
        let inside = self.rest.strip_prefix(b"\"")?;
        let mut from = 0;
        loop {
            let found = from + memchr2(b'"', b'\\', inside.get(from..)?)?;
            if inside[found] == b'"' {
                self.skip_to(&inside[found + 1..]);
                return Some(&inside[..found]);
            }
            from = found + 2;
        }
    }

    /// The bytes between `"` and the given position of the closing `"`.
    pub fn quoted_until(&mut self, closing: usize) -> Option<&'a [u8]> {
        let inside = self.rest.strip_prefix(b"\"")?;
        let field = inside.get(..closing)?;
        self.skip_to(&inside[closing + 1..]);
        Some(field)
    }

    fn skip_to(&mut self, after: &'a [u8]) {
        self.rest = after.strip_prefix(b" ").unwrap_or(after);
    }
}

/// Where the next space is, or the end. Most words are shorter than what a call of `memchr` is good
/// for: some times eight bytes are looked at as one number.
#[inline]
fn word_end(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (chunks, _) = text.as_chunks::<8>();
    for (index, bytes) in chunks.iter().take(4).enumerate() {
        let differing = u64::from_le_bytes(*bytes) ^ (ONES * b' ' as u64);
        // The lowest bit that is set is the top bit of the first byte that does not differ.
        let equal = differing.wrapping_sub(ONES) & !differing & (ONES << 7);
        if equal != 0 {
            return index * 8 + (equal.trailing_zeros() / 8) as usize;
        }
    }
    memchr(b' ', text).unwrap_or(text.len())
}

/// Method and target of a request line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLine<'a> {
    pub method: &'a str,
    pub target: &'a str,
}

/// What stands for a request line that is none: a port scan, a broken client, a probe by TLS.
const MALFORMED: RequestLine<'static> = RequestLine {
    method: "-",
    target: "/{malformed}",
};
/// Longest method that is taken for one.
const METHOD_BYTES_MAX: usize = 16;

/// `GET /cart HTTP/1.1`; anything else still was a request, with an unknown method and route.
pub fn request_line(text: &[u8]) -> RequestLine<'_> {
    parse_request_line(text).unwrap_or(MALFORMED)
}

fn parse_request_line(text: &[u8]) -> Option<RequestLine<'_>> {
    let space = word_end(text);
    let rest = text.get(space + 1..)?;
    let method = method(&text[..space])?;
    let target = without_version(rest);
    // A target that is not UTF-8 ends where it stops being it; the route needs no more.
    let target = match str::from_utf8(target) {
        Ok(target) => target,
        Err(error) => str::from_utf8(&target[..error.valid_up_to()]).ok()?,
    };
    (target.starts_with('/') || has_scheme(target) || target == "*")
        .then_some(RequestLine { method, target })
}

fn method(text: &[u8]) -> Option<&str> {
    match text {
        b"GET" => return Some("GET"),
        b"POST" => return Some("POST"),
        _ => {}
    }
    let is_method = (1..=METHOD_BYTES_MAX).contains(&text.len())
        && text
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_'));
    str::from_utf8(text).ok().filter(|_| is_method)
}

/// What is before the last space, if `HTTP/` is behind it.
fn without_version(rest: &[u8]) -> &[u8] {
    if let Some((
        target,
        [
            b' ',
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'0'..=b'9',
            b'.',
            b'0'..=b'9',
        ],
    )) = rest.split_last_chunk()
    {
        return target;
    }
    match memchr::memrchr(b' ', rest) {
        Some(end) if rest[end + 1..].starts_with(b"HTTP/") => &rest[..end],
        _ => rest,
    }
}

/// Whether a target is a URL: `://` stands at its first colon.
fn has_scheme(target: &str) -> bool {
    let colon = memchr(b':', target.as_bytes());
    colon.is_some_and(|colon| target.as_bytes()[colon..].starts_with(b"://"))
}

/// A status from 100 to 599 and beyond, as servers write them; `None` for anything else.
pub fn status(text: &[u8]) -> Option<u16> {
    let value = super::unit::number(text)?;
    u16::try_from(value)
        .ok()
        .filter(|status| (100..1_000).contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_request_line_is_a_method_a_target_and_maybe_a_version() {
        for (text, method, target) in [
            ("GET /cart HTTP/1.1", "GET", "/cart"),
            ("PROPFIND /a b HTTP/2", "PROPFIND", "/a b"),
            ("GET /a HTTP/1.1 HTTP/1.0", "GET", "/a HTTP/1.1"),
            ("POST /a FTP/1.1", "POST", "/a FTP/1.1"),
            (
                "GET https://shop.example/ HTTP/1.1",
                "GET",
                "https://shop.example/",
            ),
            ("OPTIONS * HTTP/1.0", "OPTIONS", "*"),
            ("GET", "-", "/{malformed}"),
            ("get / HTTP/1.1", "-", "/{malformed}"),
            (" / HTTP/1.1", "-", "/{malformed}"),
            ("GET cart HTTP/1.1", "-", "/{malformed}"),
        ] {
            let expected = RequestLine { method, target };
            assert_eq!(request_line(text.as_bytes()), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_word_ends_at_the_first_space(text in "[ !\\x00\\x1f\\x21a-z\u{a0}]{0,30}") {
            let text = text.as_bytes();
            let expected = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
            prop_assert_eq!(word_end(text), expected);
        }

        #[test]
        fn a_quoted_field_ends_at_the_first_quote_without_a_backslash(inside in "[ -~\"\\\\!]{0,30}") {
            let text = format!("\"{inside}");
            let mut is_escaped = false;
            let end = inside.bytes().position(|byte| {
                let is_end = byte == b'"' && !is_escaped;
                is_escaped = byte == b'\\' && !is_escaped;
                is_end
            });
            let expected = end.map(|end| &inside.as_bytes()[..end]);
            prop_assert_eq!(Fields::new(text.as_bytes()).quoted(), expected);
        }
    }
}
