//! What holds for any file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use super::sample::SliSet;
use super::{env, read};
use crate::declared_files::{parse, pointer_step, unchecked_keywords};

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse::<SliSet>(Path::new("a"), &bytes, &env).map_err(|error| error.to_string());
    }

    #[test]
    fn no_text_of_yaml_signs_makes_the_reader_panic(text in "([-?:,\\[\\]{}#&*!|>'\"%@` \n\r\ta~]|: |- |\n  |<<|kind|name: |slis:|\\$\\{env:A\\}|---\n|...\n|é){0,60}") {
        let _ = read(&text).map_err(|error| error.to_string());
    }

    #[test]
    fn a_value_is_read_as_it_was_written_and_each_pointer_leads_to_its_line(value in any_value(true)) {
        let mut written = Written::default();
        written.node(&value, "", 0);
        let declared = parse::<Value>(Path::new("a"), written.text.as_bytes(), &env).unwrap();
        prop_assert_eq!(&declared.value, &value);
        for (pointer, line) in &written.lines {
            prop_assert_eq!(declared.key_place(pointer).line, *line, "{} in\n{}", pointer, written.text);
        }
    }
}

#[test]
fn the_walker_knows_every_keyword_of_the_schema() {
    assert_eq!(unchecked_keywords::<SliSet>(), [""; 0]);
    assert_eq!(
        unchecked_keywords::<BTreeMap<String, BTreeSet<u8>>>(),
        ["uniqueItems"]
    );
}

/// YAML in block style, and the line of each pointer.
#[derive(Default)]
struct Written {
    text: String,
    lines: Vec<(String, u32)>,
}

impl Written {
    fn node(&mut self, value: &Value, pointer: &str, indent: usize) {
        let children: Vec<(String, String, &Value)> = match value {
            Value::Object(entries) if !entries.is_empty() => entries
                .iter()
                .map(|(key, value)| {
                    (
                        format!("{}:", json!(key)),
                        pointer_step(key).into_owned(),
                        value,
                    )
                })
                .collect(),
            Value::Array(items) if !items.is_empty() => items
                .iter()
                .enumerate()
                .map(|(index, value)| ("-".to_owned(), index.to_string(), value))
                .collect(),
            scalar => return self.text.push_str(&format!("{:indent$}{scalar}\n", "")),
        };
        for (start, step, child) in children {
            let pointer = format!("{pointer}/{step}");
            let line = self.text.lines().count() as u32 + 1;
            // The place of a list item is its value, which stands on the next line.
            self.lines
                .push((pointer.clone(), if start == "-" { line + 1 } else { line }));
            self.text.push_str(&format!("{:indent$}{start}\n", ""));
            self.node(child, &pointer, indent + 2);
        }
    }
}

fn any_value(is_root: bool) -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        "[ -~é\n]{0,12}".prop_map(Value::from),
        if is_root {
            Just(json!("null"))
        } else {
            Just(json!(null))
        },
    ];
    scalar.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map("[a-z~/ .:#-]{1,8}", inner, 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}
