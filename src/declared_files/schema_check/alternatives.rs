//! `anyOf` and `oneOf`: which of the alternatives was meant, and what is wrong in that one.
//!
//! In: a value and the alternatives that `schemars` writes for `Option` and for enums (tagged
//! inside, tagged outside, without a tag, names only). The tag decides; alternatives that were not
//! meant are never spoken of.

use serde_json::Value;

use super::super::problem::{Findings, choices_hint, list_of, quoted};
use super::super::tree::{Content, Node};
use super::words::type_in_words;
use super::{Object, Told, Walker, branches, choices, is_of_type, types};

/// More references in a row than any type of ours has.
const REFERENCES_MAX: usize = 16;

impl<'s> Walker<'s, '_> {
    pub(super) fn check_alternatives(
        &mut self,
        node: &Node,
        alternatives: &'s [Value],
        told: Told<'s>,
    ) {
        let is_null = |schema: &&Value| {
            schema
                .as_object()
                .is_some_and(|schema| types(schema) == ["null"])
        };
        let mut all: Vec<&'s Value> = alternatives
            .iter()
            .map(|schema| self.resolved(schema))
            .collect();
        if matches!(node.content, Content::Null) && all.iter().any(is_null) {
            return;
        }
        all.retain(|schema| !is_null(schema));
        let objects: Vec<&'s Object> = all.iter().filter_map(|schema| schema.as_object()).collect();
        if let [only] = all.as_slice() {
            self.check(node, only, told);
        } else if let Some(names) = all_names(&objects) {
            if !matches!(&node.content, Content::Text(text) if names.contains(&text.as_str())) {
                self.unknown_choice(node, &names, told);
            }
        } else if let Some(tag) = shared_tag(&objects) {
            self.check_tagged(node, &all, tag, told);
        } else if let Some(variants) = Variants::of(&all) {
            self.check_variant(node, &variants, told);
        } else {
            self.check_untagged(node, &all, told);
        }
    }

    /// The schema itself, or what its `$ref` leads to.
    fn resolved(&self, schema: &'s Value) -> &'s Value {
        let mut resolved = schema;
        for _ in 0..REFERENCES_MAX {
            match resolved.as_object().and_then(|schema| self.target(schema)) {
                Some(target) => resolved = target,
                None => break,
            }
        }
        resolved
    }

    /// `kind: ratio` beside the other keys.
    fn check_tagged(&mut self, node: &Node, all: &[&'s Value], tag: &'s str, told: Told<'s>) {
        let kinds: Vec<&str> = all
            .iter()
            .filter_map(|schema| tag_value(schema.as_object()?, tag))
            .collect();
        if !matches!(node.content, Content::Map(_)) {
            return self.wrong_type(node, "a mapping", told);
        }
        let Some(kind) = node.child(tag) else {
            let hint = format!("add `{tag}: …`, one of {}", list_of(&kinds));
            return self.add(node, format!("missing key `{tag}`"), Some(hint));
        };
        let meant = match &kind.content {
            Content::Refused => return,
            Content::Text(text) => kinds.iter().position(|name| name == text),
            Content::Null
            | Content::Bool(_)
            | Content::Number(_)
            | Content::List(_)
            | Content::Map(_) => None,
        };
        match meant.and_then(|index| all.get(index)) {
            Some(schema) => self.check(node, schema, told),
            None => self.unknown_choice(kind, &kinds, Told::of(tag)),
        }
    }

    /// `ratio: {…}`, or a bare name for a variant without fields.
    fn check_variant(&mut self, node: &Node, variants: &Variants<'s>, told: Told<'s>) {
        let names: Vec<&str> = variants
            .bare
            .iter()
            .copied()
            .chain(variants.keyed.iter().map(|(name, _)| *name))
            .collect();
        let keyed = |key: &str| variants.keyed.iter().find(|(name, _)| *name == key);
        match &node.content {
            Content::Text(text) if variants.bare.contains(&text.as_str()) => {}
            Content::Text(text) if keyed(text).is_some() => {
                let hint = format!("write `{text}:` and its settings below it");
                self.add(node, format!("{} needs settings", quoted(text)), Some(hint));
            }
            Content::Text(_) => self.unknown_choice(node, &names, told),
            Content::Map(entries) => match entries.iter().next().filter(|_| entries.len() == 1) {
                Some((key, child)) => match keyed(key) {
                    Some((_, schema)) => self.check(node, schema, told),
                    None if variants.bare.contains(&key.as_str()) => {
                        let hint = format!("write only the name `{key}`");
                        self.add(
                            child,
                            format!("{} takes no settings", quoted(key)),
                            Some(hint),
                        );
                    }
                    None => {
                        let hint = choices_hint(key, &names, "allowed here");
                        let place = child.key_place.unwrap_or(child.place);
                        self.findings.add(
                            place,
                            format!("unknown key {}", quoted(key)),
                            Some(hint),
                        );
                    }
                },
                None => {
                    let message = format!("expected exactly one key, found {}", entries.len());
                    self.add(
                        node,
                        message,
                        Some(format!("keep one of {}", list_of(&names))),
                    );
                }
            },
            Content::Null
            | Content::Bool(_)
            | Content::Number(_)
            | Content::List(_)
            | Content::Refused => {
                self.wrong_type(node, &format!("one of {}", list_of(&names)), told);
            }
        }
    }

    /// No tag: the type of the value tells what was meant, or else the fewest findings do.
    fn check_untagged(&mut self, node: &Node, all: &[&'s Value], told: Told<'s>) {
        let of_type: Vec<&'s Value> = all
            .iter()
            .copied()
            .filter(|schema| may_be(node, schema))
            .collect();
        if of_type.is_empty() {
            let mut names: Vec<&str> = Vec::new();
            for name in all
                .iter()
                .filter_map(|schema| schema.as_object())
                .flat_map(types)
                .map(type_in_words)
            {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            return self.wrong_type(node, &names.join(" or "), told);
        }
        let mut fewest: Option<Findings> = None;
        for schema in of_type {
            let mut findings = Findings::default();
            let mut walker = Walker {
                schema: self.schema,
                findings: &mut findings,
                patterns: self.patterns,
            };
            walker.check(node, schema, told);
            if fewest
                .as_ref()
                .is_none_or(|fewest| findings.found.len() < fewest.found.len())
            {
                fewest = Some(findings);
            }
        }
        for finding in fewest.into_iter().flat_map(|findings| findings.found) {
            self.findings
                .add(finding.place, finding.message, finding.hint);
        }
    }
}

fn may_be(node: &Node, schema: &Value) -> bool {
    let types = schema.as_object().map(types).unwrap_or_default();
    types.is_empty() || types.iter().any(|name| is_of_type(node, name))
}

/// The names, if every alternative is one or more of them.
fn all_names<'s>(alternatives: &[&'s Object]) -> Option<Vec<&'s str>> {
    let mut names = Vec::new();
    for schema in alternatives {
        let choices = choices(schema);
        if choices.is_empty() {
            return None;
        }
        for choice in choices {
            names.push(choice.as_str()?);
        }
    }
    Some(names)
}

/// The key that has a fixed value of its own in every alternative.
fn shared_tag<'s>(alternatives: &[&'s Object]) -> Option<&'s str> {
    let candidates = alternatives.first()?.get("properties")?.as_object()?.keys();
    candidates.map(String::as_str).find(|key| {
        alternatives
            .iter()
            .all(|schema| tag_value(schema, key).is_some())
    })
}

fn tag_value<'s>(schema: &'s Object, tag: &str) -> Option<&'s str> {
    schema.get("properties")?.get(tag)?.get("const")?.as_str()
}

/// An enum tagged outside.
struct Variants<'s> {
    /// Variants without fields.
    bare: Vec<&'s str>,
    /// Variants with fields, and the schema of the mapping with their one key.
    keyed: Vec<(&'s str, &'s Value)>,
}

impl<'s> Variants<'s> {
    fn of(alternatives: &[&'s Value]) -> Option<Variants<'s>> {
        let mut variants = Variants {
            bare: Vec::new(),
            keyed: Vec::new(),
        };
        for schema in alternatives {
            let object = schema.as_object()?;
            if let Some(mut names) = all_names(&[object]) {
                variants.bare.append(&mut names);
            } else {
                let [Value::String(name)] = branches(object, "required") else {
                    return None;
                };
                let only = object.get("properties")?.as_object()?.len() == 1;
                let closed = object.get("additionalProperties") == Some(&Value::Bool(false));
                if !only || !closed {
                    return None;
                }
                variants.keyed.push((name, schema));
            }
        }
        Some(variants)
    }
}
