//! A tree of JSON values as YAML text that a person likes to read.
//!
//! In: a [`Value`]. Out: one YAML document, with the keys that say what a thing is first. It is
//! written through `serde-saphyr`, whose output the property test reads back with this project's
//! own reader. It never knows what the document is about.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// Keys that come first, in this order; the others follow by the alphabet.
const KEYS_FIRST: [&str; 26] = [
    "apiVersion",
    "kind",
    "record",
    "alert",
    "name",
    "title",
    "displayName",
    "description",
    "window",
    "rehearsal_window",
    "time_zone",
    "lateness",
    "counting",
    "routes",
    "events",
    "funnel",
    "periods",
    "exclusions",
    "expected",
    "slis",
    "level",
    "event",
    "of",
    "service",
    "metadata",
    "expr",
];

/// One document, ending in a line feed.
pub(super) fn document(value: &Value) -> String {
    let options = serde_saphyr::ser_options! {
        prefer_block_scalars: false,
        compact_list_indent: false,
    };
    let mut text = serde_saphyr::to_string_with_options(&Ordered(value), options)
        .expect("a tree of JSON values has nothing that YAML cannot write");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Lines of comment; control characters, which YAML comments may not have, become spaces.
pub(super) fn comment(text: &str) -> String {
    let line = |line: &str| {
        let printable: String = line
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        format!("# {printable}").trim_end().to_owned() + "\n"
    };
    text.lines().map(line).collect()
}

struct Ordered<'v>(&'v Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&Ordered(item))?;
                }
                list.end()
            }
            Value::Object(entries) => {
                let mut entries: Vec<_> = entries.iter().collect();
                entries.sort_by_key(|(key, _)| (rank(key), key.as_str()));
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, &Ordered(value))?;
                }
                map.end()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.0.serialize(serializer)
            }
        }
    }
}

fn rank(key: &str) -> usize {
    let position = KEYS_FIRST.iter().position(|first| *first == key);
    position.unwrap_or(KEYS_FIRST.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declared_files::parse;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;
    use serde_json::json;
    use std::path::Path;

    fn read_back(text: &str) -> Value {
        let read = parse::<Value>(Path::new("x.yaml"), text.as_bytes(), &|_| None);
        read.unwrap_or_else(|error| panic!("{error}\n{text}")).value
    }

    #[test]
    fn what_a_thing_is_comes_first() {
        let text = document(&json!({"spec": 1, "name": "shop", "kind": "SLO", "apiVersion": "v1"}));
        assert_eq!(text, "apiVersion: v1\nkind: SLO\nname: shop\nspec: 1\n");
    }

    #[test]
    fn texts_that_look_like_something_else_stay_texts() {
        for text in [
            "yes",
            "no",
            "on",
            "off",
            "y",
            "~",
            "null",
            "true",
            "1e3",
            "007",
            "0x1F",
            "12:30",
            "-",
            "",
            " a",
            "a ",
            "# no",
            "a: b",
            "a #b",
            "a\nb",
            "a\n\nb\n",
            "\t",
            "'",
            "\"",
            "*a",
            "&a",
            "!t",
            "%y",
            "@",
            "`",
            "{}",
            "[]",
            "---",
            "...",
            "2020-01-01",
            "é",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "\u{1f600}",
            "{{.window}}",
            "x\ty",
            ".5",
            "1_000",
            "0o7",
            "=",
            "<<",
            "?",
            "? x",
            "- x",
            "|",
            ">",
        ] {
            let value = json!({"text": text, "list": [text]});
            assert_eq!(read_back(&document(&value)), value, "{text:?}");
        }
    }

    #[test]
    fn a_comment_cannot_be_left() {
        assert_eq!(comment("a\u{85}b\nc\r: d"), "# a b\n# c : d\n");
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e9..1e9_f64).prop_map(Value::from),
            (0.0..1.0_f64).prop_map(Value::from),
            "\\PC{0,20}".prop_map(Value::from),
            "[ -~\n]{0,200}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-zA-Z0-9 :#/.~-]{1,12}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read_back(value in tree()) {
            prop_assume!(!value.to_string().contains("${env:"));
            let value = json!({ "value": value });
            prop_assert_eq!(read_back(&document(&value)), value);
        }
    }
}
