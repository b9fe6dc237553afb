//! What stands at a place of a JSON document, letter by letter: `1.50` stays `1.50`, and so do 25 digits
//! that no machine number holds. A parsed document has lost that.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Deserializer;

/// The text at `pointer` (RFC 6901) in a document; `None` where nothing is.
pub fn text_at<'a>(document: &'a [u8], pointer: &str) -> Option<&'a str> {
    let mut here = document;
    for name in pointer.split('/').skip(1) {
        let name = name.replace("~1", "/").replace("~0", "~");
        let (first, inside) = here.trim_ascii_start().split_first()?;
        here = match first {
            b'{' => member(inside, &name)?,
            b'[' => item(inside, name.parse().ok()?)?,
            _ => return None,
        };
    }
    let (_, rest) = value::<IgnoredAny>(here)?;
    let text = std::str::from_utf8(&here[..here.len() - rest.len()]).ok()?;
    Some(text.trim())
}

/// From the value of a member on; the last one of this name, as the parser has it.
fn member<'a>(mut rest: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut found = None;
    loop {
        let (key, after) = value::<String>(rest)?;
        let inside = after.trim_ascii_start().strip_prefix(b":")?;
        if key == name {
            found = Some(inside);
        }
        let (_, after) = value::<IgnoredAny>(inside)?;
        match after.trim_ascii_start().strip_prefix(b",") {
            Some(next) => rest = next,
            None => return found,
        }
    }
}

/// From an item on.
fn item(mut rest: &[u8], index: usize) -> Option<&[u8]> {
    for _ in 0..index {
        let (_, after) = value::<IgnoredAny>(rest)?;
        rest = after.trim_ascii_start().strip_prefix(b",")?;
    }
    Some(rest)
}

/// The value with which a text begins, and what comes after it.
fn value<T: DeserializeOwned>(text: &[u8]) -> Option<(T, &[u8])> {
    let mut values = Deserializer::from_slice(text).into_iter::<T>();
    let first = values.next()?.ok()?;
    Some((first, &text[values.byte_offset()..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn what_stands_at_a_place_is_found_as_it_is_written() {
        let document = br#" { "a" : [ 1.50 , {"b/c~": -0.0, "b/c~" : 1E+2}, [] , {} ],
            "n": 123456789012345678901234567890, "x": "}],", "" : 7.0}"#;
        for (pointer, expected) in [
            ("/a/0", Some("1.50")),
            ("/a/1/b~1c~0", Some("1E+2")),
            ("/n", Some("123456789012345678901234567890")),
            ("/x", Some("\"}],\"")),
            ("/", Some("7.0")),
            ("/a/2", Some("[]")),
            ("/a/2/0", None),
            ("/a/3/z", None),
            ("/a/4", None),
            ("/a/b", None),
            ("/n/0", None),
            ("/z", None),
        ] {
            assert_eq!(text_at(document, pointer), expected, "{pointer}");
        }
        assert_eq!(text_at(b" 2.0 ", ""), Some("2.0"));
        assert_eq!(text_at(b"{\"a\": 2", "/a"), Some("2"));
        assert_eq!(text_at(b"{\"a\"", "/a"), None);
    }

    proptest! {
        #[test]
        fn it_is_where_the_parser_finds_it(
            names in prop::collection::vec("[a-c/~\"é]{0,3}", 0..4),
            number in any::<f64>().prop_filter("JSON has no infinity", |number| number.is_finite()),
        ) {
            let mut document = Value::from(number);
            let mut pointer = String::new();
            for name in &names {
                document = serde_json::json!({"k": [1], (name.as_str()): [0.5, document]});
                pointer = format!("/{}/1{pointer}", name.replace('~', "~0").replace('/', "~1"));
            }
            let text = document.to_string();
            let found = text_at(text.as_bytes(), &pointer).map(ToOwned::to_owned);
            prop_assert_eq!(found, document.pointer(&pointer).map(ToString::to_string));
        }
    }
}
