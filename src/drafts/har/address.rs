//! Where a value stands in an address: in a `Location`, a link, a form or JSON.
//!
//! In: texts and a value. Out: a regular expression whose first match in them is the value, or nothing.

use regex::Regex;

use super::taking::{context, is_id};

/// The most places of a text at which a value is looked at.
const FOUND_MAX: usize = 20;
/// A folder or a parameter, wherever the address ends.
pub const PART: &str = r#"([^/?#&;"'<>\s\\]+)"#;

/// `/order/1234567890/pay` or `?order=1234567890` inside of texts: a pattern by what stands before it, and
/// behind it where that is not enough.
pub fn in_address(texts: &[&str], value: &str) -> Option<String> {
    if !is_id(value) {
        return None;
    }
    let folder = r"(?:^|[^/])(/[A-Za-z0-9_.~-]+/)$|[?&;]([A-Za-z0-9_.~-]+=)$";
    let folder = Regex::new(folder).ok()?;
    let places = texts.iter().flat_map(|text| {
        let places = text.match_indices(value).take(FOUND_MAX);
        places.map(|(at, _)| (&text[..at], &text[at + value.len()..]))
    });
    for (before, after) in places {
        let Some(found) = folder.captures(context(before)) else {
            continue;
        };
        let start = match (found.get(1), found.get(2)) {
            (Some(folder), _) if !is_id(folder.as_str()) => regex::escape(folder.as_str()),
            (None, Some(name)) => format!("[?&;]{}", regex::escape(name.as_str())),
            _ => continue,
        };
        let is_end = |char: char| !char.is_ascii_alphanumeric() && !"/_.~-".contains(char);
        let end = after.split(is_end).next().unwrap_or_default();
        for end in ["", end]
            .into_iter()
            .filter(|end| end.is_empty() || end.starts_with('/'))
        {
            let pattern = format!("{start}{PART}{}", regex::escape(end));
            let first = Regex::new(&pattern).ok()?;
            let first = texts.iter().find_map(|text| first.captures(text)?.get(1));
            if first.is_some_and(|first| first.as_str() == value) {
                return Some(pattern);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_addresses_are_found_by_what_stands_around_them() {
        let link = r#"<a href="/order/99887766554433/pay">"#;
        let two = r#"<a href='/order/11111111111111'><form action="https://s.example/order/99887766554433/pay">"#;
        let query = r#"<a href="/pay?a=1&amp;order=99887766554433#x">"#;
        for (text, expected) in [
            (link, Some(format!("/order/{PART}"))),
            (two, Some(format!("/order/{PART}/pay"))),
            (query, Some(format!("[?&;]order={PART}"))),
            (
                r#"{"self": "/order/99887766554433"}"#,
                Some(format!("/order/{PART}")),
            ),
            (r#"<a href="https://99887766554433/">"#, None),
            (r#"<a href="/998877665544331/">"#, None),
            (
                r#"<a href="/order/11111111111111"><a href="/order/99887766554433">"#,
                None,
            ),
        ] {
            let found = in_address(&[text], "99887766554433");
            assert_eq!(found, expected, "{text}");
        }
        let words = r#"<a href="/product/red-shoes-2024">"#;
        assert_eq!(in_address(&[words], "red-shoes-2024"), None);
    }
}
