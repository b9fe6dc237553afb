//! Cutting a line into fields: words, `[bracketed]` and `"quoted"` ones.
//!
//! What is called several times per line is always inlined, here and in what reads the fields: a call that
//! returns a field or a reason through memory costs as much as the search.

use memchr::memchr;

use super::scan;

/// Bytes of `22/Jan/2019:03:56:14 +0330`.
const CLF_TIME_BYTES: usize = 26;

/// Walks over the fields of one line.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    #[inline]
    pub fn new(line: &'a [u8]) -> Self {
        Self { rest: line }
    }

    /// What was not read yet.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The bytes up to the next space, which is skipped.
    #[inline(always)]
    pub fn word(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let (word, behind) = self.rest.split_at(scan::find(self.rest, b' '));
        self.rest = behind.get(1..).unwrap_or_default();
        Some(word)
    }

    /// Skips `text` between `[` and `]`, if that comes next.
    #[inline]
    pub fn skip_bracketed(&mut self, text: &[u8]) -> bool {
        let inside = self.rest.strip_prefix(b"[");
        let behind = inside.and_then(|inside| match text.as_array::<CLF_TIME_BYTES>() {
            // A length that is known is compared without a call.
            Some(time) => {
                let (first, behind) = inside.split_first_chunk()?;
                (first == time).then_some(behind)
            }
            None => inside.strip_prefix(text),
        });
        match behind.and_then(|behind| behind.strip_prefix(b"]")) {
            Some(behind) => {
                self.skip_to(behind);
                true
            }
            None => false,
        }
    }

    /// The bytes between `[` and `]`.
    #[inline]
    pub fn bracketed(&mut self) -> Option<&'a [u8]> {
        let inside = self.rest.strip_prefix(b"[")?;
        let end = memchr(b']', inside)?;
        self.skip_to(&inside[end + 1..]);
        Some(&inside[..end])
    }

    /// The bytes between two `"`; a `"` after a backslash is part of the field.
    #[inline(always)]
    pub fn quoted(&mut self) -> Option<&'a [u8]> {
        let inside = self.rest.strip_prefix(b"\"")?;
        let (field, behind) = inside.split_at(scan::find_either(inside, b'"', b'\\'));
        match behind {
            [b'"', behind @ ..] => {
                self.skip_to(behind);
                Some(field)
            }
            [] => None,
            _ => self.quoted_with_escapes(inside, field.len()),
        }
    }

    /// As [`Fields::quoted`], with the first backslash at `end`.
    #[cold]
    fn quoted_with_escapes(&mut self, inside: &'a [u8], mut end: usize) -> Option<&'a [u8]> {
        while *inside.get(end)? == b'\\' {
            let from = end + 2;
            end = from + scan::find_either(inside.get(from..)?, b'"', b'\\');
        }
        self.skip_to(&inside[end + 1..]);
        Some(&inside[..end])
    }

    /// The bytes between `"` and the closing one, which `find_end` finds behind the first.
    #[inline(always)]
    pub fn quoted_until(&mut self, find_end: fn(&[u8]) -> Option<usize>) -> Option<&'a [u8]> {
        let inside = self.rest.strip_prefix(b"\"")?;
        let (field, behind) = inside.split_at_checked(find_end(inside)?)?;
        self.skip_to(behind.get(1..)?);
        Some(field)
    }

    #[inline(always)]
    fn skip_to(&mut self, after: &'a [u8]) {
        self.rest = after.strip_prefix(b" ").unwrap_or(after);
    }
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
#[inline]
pub fn request_line(text: &[u8]) -> RequestLine<'_> {
    parse_request_line(text).unwrap_or(MALFORMED)
}

#[inline]
fn parse_request_line(text: &[u8]) -> Option<RequestLine<'_>> {
    let (method, rest) = method_and_rest(text)?;
    let target = without_version(rest);
    // A target that is not UTF-8 ends where it stops being it; the route needs no more.
    let target = match str::from_utf8(target) {
        Ok(target) => target,
        Err(error) => str::from_utf8(&target[..error.valid_up_to()]).ok()?,
    };
    (target.starts_with('/') || has_scheme(target) || target == "*")
        .then_some(RequestLine { method, target })
}

#[inline]
fn method_and_rest(text: &[u8]) -> Option<(&str, &[u8])> {
    if let Some(rest) = text.strip_prefix(b"GET ") {
        return Some(("GET", rest));
    }
    if let Some(rest) = text.strip_prefix(b"POST ") {
        return Some(("POST", rest));
    }
    let (method, rest) = text.split_at_checked(scan::find(text, b' '))?;
    let is_method = (1..=METHOD_BYTES_MAX).contains(&method.len())
        && method
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_'));
    let method = str::from_utf8(method).ok().filter(|_| is_method)?;
    Some((method, rest.get(1..)?))
}

/// What is before the last space, if `HTTP/` is behind it.
#[inline]
fn without_version(rest: &[u8]) -> &[u8] {
    if let Some(target) = before_version(rest) {
        return target;
    }
    match memchr::memrchr(b' ', rest) {
        Some(end) if rest[end + 1..].starts_with(b"HTTP/") => &rest[..end],
        _ => rest,
    }
}

/// What is before ` HTTP/1.1` or another version of two digits, if that is the end.
#[inline(always)]
pub fn before_version(text: &[u8]) -> Option<&[u8]> {
    let (before, version) = text.split_last_chunk()?;
    let is_version = matches!(
        version,
        b" HTTP/1.1"
            | [
                b' ',
                b'H',
                b'T',
                b'T',
                b'P',
                b'/',
                b'0'..=b'9',
                b'.',
                b'0'..=b'9'
            ]
    );
    is_version.then_some(before)
}

/// Whether a target is a URL: `://` stands at its first colon.
#[inline]
fn has_scheme(target: &str) -> bool {
    let colon = scan::find(target.as_bytes(), b':');
    target.as_bytes()[colon..].starts_with(b"://")
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
