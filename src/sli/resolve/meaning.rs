//! The fingerprint of what one SLI means: the same as long as its values mean the same.
//!
//! In: an SLI set as written, the name of an SLI. Out: a SHA-256. Title, levels, objectives, windows,
//! maintenance and the least number of requests are no part of it, since a level that was learned
//! still holds when they change; its events, its kind with its parameters, what counts as a request
//! and the SLIs that it is made of are.

use serde_json::Value;

use crate::declared_files::sha256_of;
use crate::sli::definition::{SliDefinition, SliSetDefinition};

/// Keys that say nothing of the meaning.
const APART: [&str; 11] = [
    "name",
    "title",
    "objective",
    "objectives",
    "window",
    "rehearsal_window",
    "time_zone",
    "lateness",
    "exclusions",
    "min_count",
    "thresholds",
];
/// SLIs made of SLIs made of SLIs: no deeper, so that one made of itself has an end.
const DEPTH_MAX: usize = 8;

/// SHA-256 of the meaning, lowercase hexadecimal.
pub(super) fn meaning_sha256(set: &SliSetDefinition, sli: &SliDefinition) -> String {
    let counting = json(&set.counting);
    let meaning = Value::Array(vec![counting, of_sli(set, sli, DEPTH_MAX)]);
    sha256_of(sorted(meaning).to_string().as_bytes())
}

fn of_sli(set: &SliSetDefinition, sli: &SliDefinition, depth: usize) -> Value {
    let mut meaning = json(sli);
    let Some(keys) = meaning.as_object_mut() else {
        return meaning;
    };
    keys.retain(|key, value| !APART.contains(&key.as_str()) && !value.is_null());
    for key in ["event", "good"] {
        if let Some(name) = keys.get_mut(key) {
            *name = of_event(set, name);
        }
    }
    if let Some(Value::Array(steps)) = keys.get_mut("steps") {
        for step in steps {
            *step = of_event(set, step);
        }
    }
    if let Some(name) = keys.get_mut("of") {
        *name = of_named(set, name, depth);
    }
    if let Some(Value::Array(parts)) = keys.get_mut("parts") {
        for name in parts.iter_mut().filter_map(|part| part.get_mut("sli")) {
            *name = of_named(set, name, depth);
        }
    }
    meaning
}

/// What an event of this name is, without its title.
fn of_event(set: &SliSetDefinition, name: &Value) -> Value {
    let Some(event) = name.as_str().and_then(|name| set.events.get(name)) else {
        return name.clone();
    };
    let mut event = json(event);
    if let Some(keys) = event.as_object_mut() {
        keys.remove("title");
    }
    event
}

/// What the SLI of this name means, its levels included: the other one looks at them.
fn of_named(set: &SliSetDefinition, name: &Value, depth: usize) -> Value {
    let found = set
        .slis
        .iter()
        .find(|sli| Some(sli.name()) == name.as_str());
    match found {
        Some(sli) if depth > 0 => {
            let levels = json(sli).get("thresholds").cloned().unwrap_or(Value::Null);
            Value::Array(vec![of_sli(set, sli, depth - 1), levels])
        }
        _ => name.clone(),
    }
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// The same with the keys of every mapping in the order of the alphabet.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(keys) => {
            let mut entries: Vec<(String, Value)> = keys.into_iter().collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            let entries = entries.into_iter().map(|(key, value)| (key, sorted(value)));
            Value::Object(entries.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use crate::sli::resolve::tests::plan;

    fn of(slis: &str) -> String {
        plan(slis).slis[0].meaning_sha256.clone()
    }

    const RATIO: &str =
        "  - {kind: ratio, name: ok, title: Ok, event: checkout, bad_status: [5xx]}";

    #[test]
    fn title_and_levels_are_not_its_meaning() {
        let other = "  - {kind: ratio, name: ok, title: Well, event: checkout, bad_status: [5xx], \
                     window: 5m, thresholds: [{level: warn, below: 0.99, for: 5m}]}";
        assert_eq!(of(RATIO), of(other));
        assert_eq!(of(RATIO).len(), 64);
    }

    #[test]
    fn events_and_parameters_are() {
        assert_ne!(of(RATIO), of(&RATIO.replace("5xx", "4xx")));
        assert_ne!(
            of(RATIO),
            of(&RATIO.replace("event: checkout", "event: product"))
        );
    }
}
