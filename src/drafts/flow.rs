//! Values in one line: `{get: /, think: {median: 8s, p95: 25s}}`.

use std::fmt::Write;

/// Words that YAML would take for something else than a text.
const RESERVED_WORDS: [&str; 12] = [
    "null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan", "~",
];
/// Keys of a step that say what it is; they come first, in this order.
const KEYS_FIRST: [&str; 9] = [
    "id", "get", "post", "put", "patch", "delete", "head", "name", "think",
];

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Flow {
    /// A text; quoted where it would be read as something else.
    Text(String),
    /// A number or `true`, letter by letter.
    Bare(String),
    /// A list.
    List(Vec<Flow>),
    /// Keys with their values, in their order.
    Map(Vec<(String, Flow)>),
}

impl Flow {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A whole number.
    #[must_use]
    pub fn count(count: u64) -> Self {
        Self::Bare(count.to_string())
    }

    /// Keys with their values.
    #[must_use]
    pub fn map<const N: usize>(entries: [(&str, Flow); N]) -> Self {
        let entries = entries.map(|(key, value)| (key.to_owned(), value));
        Self::Map(entries.into())
    }

    /// A tree as a value; what says nothing is left out of maps.
    #[must_use]
    pub fn of(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Bare("null".to_owned()),
            Value::Bool(_) | Value::Number(_) => Self::Bare(value.to_string()),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Object(entries) => {
                let mut entries: Vec<(String, Self)> = entries
                    .iter()
                    .filter(|(_, value)| !says_nothing(value))
                    .map(|(key, value)| (key.clone(), Self::of(value)))
                    .collect();
                entries.sort_by_key(|(key, _)| rank(key));
                Self::Map(entries)
            }
        }
    }

    /// Adds it to `text` in one line.
    pub(super) fn write(&self, text: &mut String) {
        match self {
            Self::Text(value) => write_text(value, text),
            Self::Bare(value) => text.push_str(value),
            Self::List(items) => {
                text.push('[');
                for (index, item) in items.iter().enumerate() {
                    text.push_str(if index == 0 { "" } else { ", " });
                    item.write(text);
                }
                text.push(']');
            }
            Self::Map(entries) => {
                text.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    text.push_str(if index == 0 { "" } else { ", " });
                    write_text(key, text);
                    text.push_str(": ");
                    value.write(text);
                }
                text.push('}');
            }
        }
    }
}

fn says_nothing(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Null => true,
        Value::Bool(is) => !is,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Number(_) | Value::String(_) => false,
    }
}

fn rank(key: &str) -> usize {
    let position = KEYS_FIRST.iter().position(|first| *first == key);
    position.unwrap_or(KEYS_FIRST.len())
}

/// A text as it is where every reader of YAML takes it for one, else in double quotes.
fn write_text(value: &str, text: &mut String) {
    let is_plain = value.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/_-.".contains(&byte))
        && !RESERVED_WORDS
            .iter()
            .any(|word| value.eq_ignore_ascii_case(word));
    // Lengths of time begin with a digit and are read as texts all the same.
    let is_duration = value.starts_with(|first: char| first.is_ascii_digit())
        && value.ends_with(['s', 'm', 'h'])
        && value.bytes().filter(u8::is_ascii_alphabetic).count() <= 2
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    if is_plain || is_duration {
        text.push_str(value);
        return;
    }
    text.push('"');
    for char in value.chars() {
        match char {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            // What YAML 1.2 does not count as printable, and what its readers take for a line end.
            '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                // Writing to a `String` never fails.
                let _ = write!(text, "\\u{:04X}", u32::from(char));
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::declared_files::parse;

    fn written(value: &Value) -> String {
        let mut text = String::new();
        Flow::of(value).write(&mut text);
        text
    }

    #[test]
    fn a_step_reads_as_a_person_would_write_it() {
        let step = json!({"think": {"median": "8s", "p95": "25.5s"}, "post": "/cart", "form": {"product": "{product}", "quantity": "1"}, "page_assets": false});
        assert_eq!(
            written(&step),
            r#"{post: /cart, think: {median: 8s, p95: 25.5s}, form: {product: "{product}", quantity: "1"}}"#
        );
    }

    proptest! {
        #[test]
        fn every_text_is_read_back_as_it_was(key in "[^$]{1,20}", value in "[^$]{0,40}") {
            // A key that is null or a number is no key of a declared file.
            prop_assume!(!key.trim().is_empty());
            let tree = json!({"x": {&key: [&value]}});
            let text = written(&tree);
            let read = parse::<Value>(Path::new("x.yaml"), text.as_bytes(), &|_| None);
            let read = read.map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            prop_assert_eq!(&read.value, &tree, "{}", text);
        }
    }

    #[test]
    fn words_and_numbers_stay_texts() {
        for text in [
            "true",
            "No",
            "12",
            "1e3",
            "0x1f",
            "2026-11-27",
            "~",
            "",
            "- a",
            "a: b",
            "5d",
            "1m",
        ] {
            let tree = json!({ "x": text });
            let yaml = written(&tree);
            let read = parse::<Value>(Path::new("x.yaml"), yaml.as_bytes(), &|_| None).unwrap();
            assert_eq!(read.value, tree, "{yaml}");
        }
    }
}
