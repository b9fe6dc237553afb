//! An SLI set definition as the YAML file that says it.
//!
//! In: a [`SliSetDefinition`]. Out: its tree without what is left out anyway, and the text of a
//! file that `firedrill check` accepts. Reading that text gives the same definition.

use serde_json::{Map, Value};

use super::yaml;
use crate::sli::definition::SliSetDefinition;

/// Lists that mean something when they are empty, or that must be there.
const LISTS_KEPT: [&str; 5] = ["bad_status", "burn", "slis", "steps", "parts"];

/// The file that says `set`.
#[must_use]
pub fn sli_set_yaml(set: &SliSetDefinition) -> String {
    yaml::document(&tree(set))
}

/// What the file says, as a tree: optional keys that say nothing are left out.
pub(super) fn tree(set: &SliSetDefinition) -> Value {
    let tree = serde_json::to_value(set)
        .expect("a definition has text keys only, and serde_json writes any number");
    let mut tree = without_nothing(tree);
    if let Value::Object(set) = &mut tree {
        for key in ["counting", "expected"] {
            if set.get(key).is_some_and(is_empty_map) {
                set.remove(key);
            }
        }
    }
    tree
}

/// One event as a tree; empty where the set has none of that name.
pub(super) fn event_tree(set: &SliSetDefinition, name: &str) -> Map<String, Value> {
    let event = set.events.get(name).map(serde_json::to_value);
    match event.and_then(Result::ok).map(without_nothing) {
        Some(Value::Object(event)) => event,
        Some(_) | None => Map::new(),
    }
}

fn without_nothing(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(without_nothing).collect(),
        Value::Object(entries) => Value::Object(
            entries
                .into_iter()
                .filter(|(key, value)| !says_nothing(key, value))
                .map(|(key, value)| (key, without_nothing(value)))
                .collect::<Map<_, _>>(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn says_nothing(key: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty() && !LISTS_KEPT.contains(&key),
        Value::Bool(true) | Value::Number(_) | Value::String(_) | Value::Object(_) => false,
    }
}

fn is_empty_map(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}
