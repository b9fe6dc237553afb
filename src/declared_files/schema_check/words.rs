//! How types, values and slips are called in messages.

use serde_json::Value;

use super::super::scalar::typed;
use super::super::tree::{Content, Node};

/// A JSON Schema type with its article.
pub(super) fn type_in_words(name: &str) -> &str {
    match name {
        "boolean" => "`true` or `false`",
        "number" => "a number",
        "integer" => "a whole number",
        "string" => "text",
        "array" => "a list",
        "object" => "a mapping",
        other => other,
    }
}

/// "a duration", "an hour of the day".
pub(super) fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {noun}")
}

/// The cure for a slip that YAML invites.
pub(super) fn usual_slip(node: &Node, expected: &str) -> Option<String> {
    let shown = node.shown();
    let is_number = || matches!(typed(&shown), Ok(Value::Number(_)));
    let hint = match &node.content {
        Content::Null => "write a value after the `:`, or remove the line".to_owned(),
        Content::Text(_) if node.is_from_environment() => {
            "values from the environment are always text".to_owned()
        }
        Content::Text(_) if expected.contains("number") && is_number() => {
            "remove the quotes".to_owned()
        }
        Content::Text(text) if expected.contains("`true`") => match text.to_lowercase().as_str() {
            "yes" | "on" | "y" | "true" => "write `true`, without quotes".to_owned(),
            "no" | "off" | "n" | "false" => "write `false`, without quotes".to_owned(),
            _ => return None,
        },
        Content::Number(_) | Content::Bool(_) if expected == "text" => {
            format!("put it in quotes: `\"{shown}\"`")
        }
        Content::List(_) => return None,
        _ if expected == "a list" => "start each item with `- `".to_owned(),
        _ if expected == "a mapping" => "write `key: value` lines".to_owned(),
        _ => return None,
    };
    Some(hint)
}

/// A sentence of documentation inside another: no full stop, and a small letter at the start
/// unless the first word is an abbreviation.
pub(super) fn as_fragment(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let mut chars = sentence.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => first
            .to_lowercase()
            .chain(sentence.chars().skip(1))
            .collect(),
        (_, _) => sentence.to_owned(),
    }
}
