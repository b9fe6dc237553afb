//! Path and query as they may stand in a request: RFC 3986, sections 3.3 and 3.4.

use std::borrow::Cow;
use std::fmt::Write;

/// `path`, with or without a query, and everything that may not stand in it in percent codes. What is in
/// percent codes already stays as it is, and a fragment, which is never sent, is left to who cuts it off.
pub fn escaped(path: &str) -> Cow<'_, str> {
    let bytes = path.as_bytes();
    if (0..bytes.len()).all(|at| may_stand(bytes, at)) {
        return Cow::Borrowed(path);
    }
    let mut escaped = String::with_capacity(path.len() + 16);
    for (at, byte) in bytes.iter().enumerate() {
        if may_stand(bytes, at) {
            escaped.push(char::from(*byte));
        } else {
            // Writing to a `String` never fails.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    Cow::Owned(escaped)
}

fn may_stand(bytes: &[u8], at: usize) -> bool {
    match bytes[at] {
        b'%' => bytes
            .get(at + 1..at + 3)
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)),
        byte => byte.is_ascii_alphanumeric() || b"/-._~?=&+:@!$'()*,;#".contains(&byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Uri;
    use proptest::prelude::*;

    #[test]
    fn what_may_not_stand_in_a_path_is_escaped_once() {
        for (path, expected) in [
            ("/", "/"),
            ("/a/b.css?v=2&x=a+b", "/a/b.css?v=2&x=a+b"),
            ("/a b", "/a%20b"),
            ("/caf\u{fc}?q=\u{fc}", "/caf%C3%BC?q=%C3%BC"),
            ("/a%20b%c3%bc", "/a%20b%c3%bc"),
            ("/100%", "/100%25"),
            ("/100%2", "/100%252"),
            ("/%zz", "/%25zz"),
            ("/%%20", "/%25%20"),
            ("/?f[a]=\"<|>\"", "/?f%5Ba%5D=%22%3C%7C%3E%22"),
            ("/{a}\\^`\u{7f}\n", "/%7Ba%7D%5C%5E%60%7F%0A"),
            ("/;v=1/(a)!$'*,:@~", "/;v=1/(a)!$'*,:@~"),
        ] {
            assert_eq!(escaped(path), expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_path_can_be_sent_and_is_escaped_once(path in "/.{0,40}") {
            let once = escaped(&path).into_owned();
            prop_assert!(once.is_ascii());
            prop_assert!(Uri::try_from(once.as_str()).is_ok(), "{once}");
            prop_assert_eq!(escaped(&once), once.as_str());
        }
    }
}
