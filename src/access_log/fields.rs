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
    pub fn word(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr(b' ', self.rest).unwrap_or(self.rest.len());
        let word = &self.rest[..end];
        self.rest = &self.rest[(end + 1).min(self.rest.len())..];
        Some(word)
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
    let space = memchr(b' ', text)?;
    let method = str::from_utf8(&text[..space]).ok()?;
    let is_method = method.len() <= METHOD_BYTES_MAX
        && !method.is_empty()
        && method
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'-' || byte == b'_');
    let rest = &text[space + 1..];
    let target = match memchr::memrchr(b' ', rest) {
        Some(end) if rest[end + 1..].starts_with(b"HTTP/") => &rest[..end],
        _ => rest,
    };
    // A target that is not UTF-8 ends where it stops being it; the route needs no more.
    let target = match str::from_utf8(target) {
        Ok(target) => target,
        Err(error) => str::from_utf8(&target[..error.valid_up_to()]).ok()?,
    };
    (is_method && (target.starts_with('/') || has_scheme(target) || target == "*"))
        .then_some(RequestLine { method, target })
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
