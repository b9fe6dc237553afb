//! An SLI set definition as the YAML file that says it.
//!
//! In: a [`SliSetDefinition`]. Out: its tree without what is left out anyway, and the text of a
//! file that `firedrill check` accepts. Reading that text gives the same definition.

use serde_json::{Map, Value};

use super::yaml;
use crate::sli::definition::SliSetDefinition;

/// Lists that mean something when they are empty, or that must be there.
const LISTS_KEPT: [&str; 5] = ["bad_status", "burn", "slis", "steps", "parts"];

/// Maps that mean nothing when they are empty.
const MAPS_LEFT_OUT: [&str; 2] = ["counting", "expected"];

/// The file that says `set`.
#[must_use]
pub fn sli_set_yaml(set: &SliSetDefinition) -> String {
    yaml::document(&tree(set))
}

/// What the file says, as a tree: optional keys that say nothing are left out.
pub(super) fn tree(set: &SliSetDefinition) -> Value {
    let mut tree = serde_json::to_value(set)
        .expect("a definition has text keys only, and serde_json writes any number");
    // What is false in the set is left out; an SLI says it to differ from the set.
    if let Some(Value::Object(counting)) = tree.get_mut("counting") {
        counting.retain(|_, value| *value != Value::Bool(false));
    }
    without_nothing(tree)
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
                .map(|(key, value)| (key, without_nothing(value)))
                .filter(|(key, value)| !says_nothing(key, value))
                .collect::<Map<_, _>>(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn says_nothing(key: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty() && !LISTS_KEPT.contains(&key),
        Value::Object(entries) => entries.is_empty() && MAPS_LEFT_OUT.contains(&key),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
