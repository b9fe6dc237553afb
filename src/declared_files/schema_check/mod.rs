//! Tree of values + JSON Schema of a type → every finding at once, in a person's words.
//!
//! A walker of our own instead of a validating crate: a validator says that no branch of `oneOf`
//! matched, a person wants to know what is wrong in the branch that `kind` names; and only the
//! walker knows that an unknown key and a missing one are the same slip. It knows the keywords
//! that `schemars` writes for our types, listed in `KEYWORDS`, and passes over any other: it
//! never has the last word, since serde reads the value afterwards. Written by hand because a
//! validating crate says that a branch of a union failed, not which key of which branch.
//!
//! Types can speak in the messages: `title` names a value ("is not a duration"), `x-hint` is the
//! cure for whatever is wrong with it, the first line of `description` explains a missing key.

mod alternatives;
mod limits;
mod words;

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::problem::{Findings, choices_hint, closest, list_of, quoted};
use super::tree::{Content, Node};
use limits::{Side, bound, bounds_hint, limit, size_hint};
use words::{as_fragment, type_in_words, usual_slip, with_article};

/// What the walker understands or may pass over.
#[cfg(test)]
const KEYWORDS: &str = "$defs $ref $schema additionalProperties allOf anyOf const default description \
    enum examples exclusiveMaximum exclusiveMinimum format items maxItems maxLength maximum minItems \
    minLength minimum oneOf pattern patternProperties prefixItems properties required title type";

/// The keywords in a schema that the walker would pass over in silence.
#[cfg(test)]
pub(super) fn unknown_keywords(schema: &Value) -> Vec<String> {
    let Some(object) = schema.as_object() else {
        return Vec::new();
    };
    let is_known = |keyword: &str| {
        KEYWORDS.split(' ').any(|known| known == keyword) || keyword.starts_with("x-")
    };
    let mut unknown: Vec<String> = object
        .keys()
        .filter(|keyword| !is_known(keyword))
        .cloned()
        .collect();
    for (keyword, value) in object {
        let inside: Vec<&Value> = match (keyword.as_str(), value) {
            ("properties" | "$defs" | "patternProperties", Value::Object(named)) => {
                named.values().collect()
            }
            (_, Value::Array(list)) => list.iter().collect(),
            ("items" | "additionalProperties", value) => vec![value],
            (_, _) => Vec::new(),
        };
        unknown.extend(inside.into_iter().flat_map(unknown_keywords));
    }
    unknown
}

/// A schema object.
type Object = Map<String, Value>;

/// A schema, with its patterns.
pub(super) struct CheckedSchema {
    schema: Value,
    /// Compiled when first needed; `None` for one that the regex crate cannot read.
    patterns: HashMap<String, OnceLock<Option<Regex>>>,
}

impl CheckedSchema {
    pub(super) fn new(schema: Value) -> Self {
        let mut patterns = HashMap::new();
        find_patterns(&schema, &mut patterns);
        Self { schema, patterns }
    }

    /// Adds a finding for each place where the tree is not what the schema says.
    pub(super) fn check(&self, root: &Node, findings: &mut Findings) {
        let mut walker = Walker {
            schema: &self.schema,
            findings,
            patterns: &self.patterns,
        };
        walker.check(root, &self.schema, Told::of("value"));
    }
}

/// Every pattern that stands anywhere in a schema.
fn find_patterns(schema: &Value, patterns: &mut HashMap<String, OnceLock<Option<Regex>>>) {
    match schema {
        Value::Array(list) => list.iter().for_each(|item| find_patterns(item, patterns)),
        Value::Object(object) => {
            for (keyword, value) in object {
                match (keyword.as_str(), value) {
                    ("pattern", Value::String(pattern)) => {
                        patterns.insert(pattern.clone(), OnceLock::new());
                    }
                    ("patternProperties", Value::Object(named)) => {
                        patterns.extend(named.keys().map(|name| (name.clone(), OnceLock::new())));
                    }
                    (_, _) => {}
                }
                find_patterns(value, patterns);
            }
        }
        _ => {}
    }
}

/// What the schema on the way down has said about a value; the outermost word counts.
#[derive(Clone, Copy)]
struct Told<'s> {
    /// What to call the value: its key, as a rule.
    noun: &'s str,
    /// What its type is called, without an article.
    title: Option<&'s str>,
    /// The cure for anything wrong with it.
    hint: Option<&'s str>,
}

impl<'s> Told<'s> {
    fn with(self, schema: &'s Object) -> Told<'s> {
        let text = |key: &str| schema.get(key).and_then(Value::as_str);
        Told {
            noun: self.noun,
            title: self.title.or(text("title")),
            hint: self.hint.or(text("x-hint")),
        }
    }

    fn of(noun: &'s str) -> Told<'s> {
        Told {
            noun,
            title: None,
            hint: None,
        }
    }
}

struct Walker<'s, 'f> {
    /// The whole schema, for `$ref`.
    schema: &'s Value,
    findings: &'f mut Findings,
    patterns: &'s HashMap<String, OnceLock<Option<Regex>>>,
}

impl<'s> Walker<'s, '_> {
    fn check(&mut self, node: &Node, schema: &'s Value, told: Told<'s>) {
        let Some(schema) = schema.as_object() else {
            return;
        };
        if matches!(node.content, Content::Refused) {
            return;
        }
        let told = told.with(schema);
        if let Some(target) = self.target(schema) {
            self.check(node, target, told);
        }
        for part in branches(schema, "allOf") {
            self.check(node, part, told);
        }
        for keyword in ["anyOf", "oneOf"] {
            let branches = branches(schema, keyword);
            if !branches.is_empty() {
                self.check_alternatives(node, branches, told);
            }
        }
        if self.has_type(node, schema, told) && self.is_chosen(node, schema, told) {
            match &node.content {
                Content::Text(text) => self.check_text(node, text, schema, told),
                Content::Number(_) => self.check_number(node, schema, told),
                Content::List(items) => self.check_list(node, items, schema, told),
                Content::Map(entries) => self.check_map(node, entries, schema),
                Content::Null | Content::Bool(_) | Content::Refused => {}
            }
        }
    }

    /// The schema that `$ref` names.
    fn target(&self, schema: &Object) -> Option<&'s Value> {
        let pointer = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
        self.schema.pointer(pointer)
    }

    fn add(&mut self, node: &Node, message: String, hint: Option<String>) {
        self.findings.add(node.place, message, hint);
    }

    /// Reports a value of the wrong type, with the cure where the slip is a usual one.
    fn wrong_type(&mut self, node: &Node, expected: &str, told: Told<'s>) {
        let message = format!("expected {expected}, found {}", node.described());
        let hint = told
            .hint
            .map(str::to_owned)
            .or_else(|| usual_slip(node, expected));
        self.add(node, message, hint);
    }

    fn has_type(&mut self, node: &Node, schema: &'s Object, told: Told<'s>) -> bool {
        let types = types(schema);
        if types.is_empty() || types.iter().any(|name| is_of_type(node, name)) {
            return true;
        }
        let names: Vec<&str> = types
            .into_iter()
            .filter(|name| *name != "null")
            .map(type_in_words)
            .collect();
        let expected = match told.title {
            Some(title) => with_article(title),
            None => names.join(" or "),
        };
        self.wrong_type(node, &expected, told);
        false
    }

    /// Checks `enum` and `const`.
    fn is_chosen(&mut self, node: &Node, schema: &'s Object, told: Told<'s>) -> bool {
        let choices = choices(schema);
        if choices.is_empty() || choices.contains(&&node.to_value()) {
            return true;
        }
        let texts: Vec<&str> = choices
            .iter()
            .filter_map(|choice| choice.as_str())
            .collect();
        self.unknown_choice(node, &texts, told);
        false
    }

    fn unknown_choice(&mut self, node: &Node, choices: &[&str], told: Told<'s>) {
        let Content::Text(_) = &node.content else {
            return self.wrong_type(node, &format!("one of {}", list_of(choices)), told);
        };
        let shown = node.shown();
        let hint = choices_hint(&shown, choices, "allowed here");
        self.add(
            node,
            format!("unknown {} {}", told.noun, quoted(&shown)),
            Some(hint),
        );
    }

    fn check_text(&mut self, node: &Node, text: &str, schema: &'s Object, told: Told<'s>) {
        let shown = quoted(&node.shown());
        let hint = told.hint.map(str::to_owned);
        let pattern = schema.get("pattern").and_then(Value::as_str);
        if let Some(pattern) = pattern.filter(|pattern| !self.matches(pattern, text)) {
            let message = match told.title {
                Some(title) => format!("{shown} is not {}", with_article(title)),
                None => format!("{shown} does not have the form `{pattern}`"),
            };
            return self.add(node, message, hint);
        }
        let chars = text.chars().count() as u64;
        if limit(schema, "minLength").is_some_and(|min| chars < min) {
            let message = if chars == 0 {
                "the text is empty".to_owned()
            } else {
                format!("{shown} is too short")
            };
            self.add(
                node,
                message,
                hint.or_else(|| size_hint(schema, "minLength", "maxLength", "character")),
            );
        } else if limit(schema, "maxLength").is_some_and(|max| chars > max) {
            self.add(
                node,
                format!("{shown} is too long"),
                hint.or_else(|| size_hint(schema, "minLength", "maxLength", "character")),
            );
        }
    }

    fn matches(&self, pattern: &str, text: &str) -> bool {
        let compiled = self
            .patterns
            .get(pattern)
            .and_then(|slot| slot.get_or_init(|| Regex::new(pattern).ok()).as_ref());
        compiled.is_none_or(|regex| regex.is_match(text))
    }

    fn check_number(&mut self, node: &Node, schema: &'s Object, told: Told<'s>) {
        let Content::Number(number) = &node.content else {
            return;
        };
        // Exact for the whole numbers up to 2^53 that limits are made of.
        let value = number.as_f64().unwrap_or(f64::NAN);
        let (min, max) = (bound(schema, Side::Least), bound(schema, Side::Most));
        let message = match (&min, &max) {
            (Some(min), _) if value < min.value || min.excluded && value <= min.value => {
                format!("{} is too small", quoted(&node.shown()))
            }
            (_, Some(max)) if value > max.value || max.excluded && value >= max.value => {
                format!("{} is too large", quoted(&node.shown()))
            }
            (_, _) => return,
        };
        self.add(
            node,
            message,
            told.hint
                .map(str::to_owned)
                .or_else(|| bounds_hint(min, max)),
        );
    }

    fn check_list(&mut self, node: &Node, items: &[Node], schema: &'s Object, told: Told<'s>) {
        let count = items.len() as u64;
        let too_few = limit(schema, "minItems").is_some_and(|min| count < min);
        let too_many = limit(schema, "maxItems").is_some_and(|max| count > max);
        if too_few || too_many {
            let message = match count {
                0 => "the list is empty".to_owned(),
                1 => "the list has only 1 item".to_owned(),
                _ => format!("the list has {count} items"),
            };
            let hint = told.hint.map(str::to_owned);
            self.add(
                node,
                message,
                hint.or_else(|| size_hint(schema, "minItems", "maxItems", "item")),
            );
        }
        let first = branches(schema, "prefixItems");
        for (index, item) in items.iter().enumerate() {
            if let Some(schema) = first.get(index).or_else(|| schema.get("items")) {
                self.check(item, schema, Told::of("value"));
            }
        }
    }

    fn check_map(&mut self, node: &Node, entries: &BTreeMap<String, Node>, schema: &'s Object) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let by_pattern = schema.get("patternProperties").and_then(Value::as_object);
        let allowed: Vec<&str> = properties
            .into_iter()
            .flat_map(Map::keys)
            .map(String::as_str)
            .collect();
        // Misspelled keys are not reported a second time as missing.
        let mut meant: Vec<&str> = Vec::new();
        for (key, child) in entries {
            let named = properties.and_then(|properties| properties.get_key_value(key));
            let mut matching = by_pattern.into_iter().flatten();
            if let Some((name, schema)) = named {
                self.check(child, schema, Told::of(name));
            } else if let Some((_, schema)) =
                matching.find(|(pattern, _)| self.matches(pattern, key))
            {
                self.check(child, schema, Told::of("value"));
            } else if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
                self.unknown_key(key, child, &allowed);
                meant.extend(closest(key, allowed.iter().copied()));
            } else if let Some(schema) = schema.get("additionalProperties") {
                self.check(child, schema, Told::of("value"));
            }
        }
        for key in branches(schema, "required")
            .iter()
            .filter_map(Value::as_str)
        {
            if !entries.contains_key(key) && !meant.contains(&key) {
                self.missing_key(
                    node,
                    key,
                    properties.and_then(|properties| properties.get(key)),
                );
            }
        }
    }

    fn unknown_key(&mut self, key: &str, child: &Node, allowed: &[&str]) {
        let place = child.key_place.unwrap_or(child.place);
        let hint = choices_hint(key, allowed, "allowed here");
        self.findings
            .add(place, format!("unknown key {}", quoted(key)), Some(hint));
    }

    fn missing_key(&mut self, node: &Node, key: &str, schema: Option<&'s Value>) {
        let hint = match schema.and_then(|schema| self.description(schema)) {
            Some(text) => format!("add `{key}: …` ({})", as_fragment(text)),
            None => format!("add `{key}: …`"),
        };
        self.add(node, format!("missing key `{key}`"), Some(hint));
    }

    /// The first line of the description of a schema or of what it refers to.
    fn description(&self, schema: &'s Value) -> Option<&'s str> {
        let schema = schema.as_object()?;
        let text = schema
            .get("description")
            .or_else(|| self.target(schema)?.get("description"))?;
        text.as_str()?.lines().next()
    }
}

/// The schemas (or words) in a list under a keyword; empty if there is none.
fn branches<'s>(schema: &'s Object, keyword: &str) -> &'s [Value] {
    schema
        .get(keyword)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn types(schema: &Object) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn choices(schema: &Object) -> Vec<&Value> {
    branches(schema, "enum")
        .iter()
        .chain(schema.get("const"))
        .collect()
}

fn is_of_type(node: &Node, name: &str) -> bool {
    match &node.content {
        Content::Refused => true,
        Content::Null => name == "null",
        Content::Bool(_) => name == "boolean",
        Content::Number(number) => name == "number" || name == "integer" && !number.is_f64(),
        Content::Text(_) => name == "string",
        Content::List(_) => name == "array",
        Content::Map(_) => name == "object",
    }
}
