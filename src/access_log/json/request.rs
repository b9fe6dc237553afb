//! Method, target and client of a request as JSON members have them.

use std::borrow::Cow;

use crate::access_log::fields::request_line;
use crate::access_log::line::LogLine;

/// Longest method that is taken for one.
const METHOD_BYTES_MAX: usize = 16;

/// Sets method and target; what is neither becomes what a malformed request line is.
pub fn set_request<'a>(line: &mut LogLine<'a>, method: Cow<'a, str>, target: Cow<'a, str>) {
    let malformed = request_line(b"");
    line.method = match method {
        method if is_method(&method) => method,
        method if is_method(&method.to_ascii_uppercase()) => method.to_ascii_uppercase().into(),
        _ => malformed.method.into(),
    };
    let is_target = target.starts_with('/') || target.contains("://") || target == "*";
    line.target = if is_target {
        target
    } else {
        malformed.target.into()
    };
}

fn is_method(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_uppercase() || byte == b'-' || byte == b'_';
    (1..=METHOD_BYTES_MAX).contains(&text.len()) && text != "-" && text.bytes().all(is_letter)
}

/// The part of a text with `cut` applied, without a copy where there was none before.
pub fn part<'a>(text: Cow<'a, str>, cut: fn(&str) -> &str) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(cut(text)),
        Cow::Owned(text) => Cow::Owned(cut(&text).to_owned()),
    }
}

/// The client of an `X-Forwarded-For` list, or of one `address:port`: the first address, without
/// its port or brackets.
pub fn client_address(text: &str) -> &str {
    let first = text.split(',').next().unwrap_or(text).trim();
    if let Some(inside) = first.strip_prefix('[') {
        return inside.split(']').next().unwrap_or(inside);
    }
    match first.split_once(':') {
        // More than one colon is an IPv6 address without brackets, which cannot have a port.
        Some((address, port)) if !port.contains(':') => address,
        _ => first,
    }
}

/// How many servers a list such as `0.004, 0.012 : -` tells of; `None` for none.
pub fn upstream_tries(list: &str) -> Option<u32> {
    if list.trim().is_empty() || list.trim() == "-" {
        return None;
    }
    // A redirect within nginx is ` : `; a colon within an address is no separator.
    let separators = list.matches(',').count() + list.matches(" : ").count();
    u32::try_from(separators + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_have_neither_port_nor_brackets() {
        for (text, expected) in [
            ("203.0.113.7:4711", "203.0.113.7"),
            ("203.0.113.7", "203.0.113.7"),
            ("203.0.113.7, 198.51.100.1", "203.0.113.7"),
            ("203.0.113.7,198.51.100.1", "203.0.113.7"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("2001:db8::1, 198.51.100.1", "2001:db8::1"),
            ("[2001:db8::1", "2001:db8::1"),
            ("", ""),
        ] {
            assert_eq!(client_address(text), expected, "{text}");
        }
    }

    #[test]
    fn upstream_lists_count_their_servers() {
        for (list, expected) in [
            ("0.004", Some(1)),
            ("0.004, 0.012", Some(2)),
            ("-, 1.394", Some(2)),
            ("0.1 : 0.2", Some(2)),
            ("0.1, 0.2 : 0.3", Some(3)),
            ("-", None),
            ("", None),
        ] {
            assert_eq!(upstream_tries(list), expected, "{list}");
        }
    }

    #[test]
    fn what_is_no_method_or_no_target_is_a_malformed_request() {
        for (method, target, expected) in [
            ("GET", "/cart", ("GET", "/cart")),
            ("get", "/cart", ("GET", "/cart")),
            ("OPTIONS", "*", ("OPTIONS", "*")),
            (
                "GET",
                "https://shop.example/",
                ("GET", "https://shop.example/"),
            ),
            ("", "", ("-", "/{malformed}")),
            ("-", "/", ("-", "/")),
            ("\u{1b}[31m", "/", ("-", "/")),
            ("GET", "cart", ("GET", "/{malformed}")),
            ("GETGETGETGETGETGET", "/", ("-", "/")),
        ] {
            let mut line = LogLine::default();
            set_request(&mut line, method.into(), target.into());
            assert_eq!((&*line.method, &*line.target), expected);
        }
    }
}
