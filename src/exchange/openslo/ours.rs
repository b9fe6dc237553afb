//! What firedrill exported, read again.
//!
//! The set stands in an annotation. It is exported once more and compared with the file: a target
//! that was changed there is taken over, every other change is told.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::document::{Document, as_written, dotted};
use super::export::{self, documents as export_documents};
use super::{Imported, OPTIONS_ANNOTATION, OpenSloOptions, OpenSloVersion, SET_ANNOTATION};
use crate::declared_files::{DeclaredFileError, parse, pointer_step};
use crate::exchange::Notice;
use crate::exchange::set_yaml;
use crate::sli::definition::SliSetDefinition;

/// The target of an SLO's only objective.
const TARGET: &str = "/spec/objectives/0/target";

/// The set that `holder` holds at `at`, with what was changed in the documents.
///
/// # Errors
/// When the annotation is no SLI set.
pub(super) fn import(
    path: &Path,
    holder: &Document,
    at: &str,
    documents: &[Document],
) -> Result<Imported, DeclaredFileError> {
    let text = holder.text(at).unwrap_or_default();
    let set = read_set(path, text).map_err(|message| refused(holder, at, &message))?;
    let mut notices = Vec::new();
    let options = options(holder, &mut notices);
    let (expected, _) = export_documents(&set, &options);
    let changes = changes(holder, documents, &expected, &mut notices);
    if changes.is_empty() {
        return Ok(Imported { set, notices });
    }
    let mut tree = set_yaml::tree(&set);
    for (pointer, target) in changes {
        if let Some(old) = tree.pointer_mut(&pointer) {
            *old = target;
        }
    }
    let set = read_set(path, &tree.to_string()).map_err(|message| refused(holder, at, &message))?;
    Ok(Imported { set, notices })
}

/// A set from JSON, which is YAML, too: so it is checked as a file would be, and read exactly.
fn read_set(path: &Path, json: &str) -> Result<SliSetDefinition, String> {
    match parse::<SliSetDefinition>(path, json.as_bytes(), &as_written) {
        Ok(declared) => Ok(declared.value),
        Err(error) => Err(match error.problems().first() {
            Some(problem) => problem.message.clone(),
            None => "it cannot be read".to_owned(),
        }),
    }
}

fn refused(holder: &Document, at: &str, message: &str) -> DeclaredFileError {
    let message = format!("annotation `{SET_ANNOTATION}` holds no SLI set: {message}");
    let hint = "export the set again, or remove the annotation to import the rest";
    holder.error(at, &message, hint)
}

fn options(holder: &Document, notices: &mut Vec<Notice>) -> OpenSloOptions {
    let at = format!("/metadata/annotations/{}", pointer_step(OPTIONS_ANNOTATION));
    let read = holder.text(&at).map(serde_json::from_str);
    if let Some(Ok(options)) = read {
        return options;
    }
    let message = "the options of the export cannot be read: the usual ones are taken";
    notices.push(holder.notice("/metadata", message));
    let versions = [
        OpenSloVersion::V1,
        OpenSloVersion::V1Alpha,
        OpenSloVersion::V2Alpha,
    ];
    let version = holder.text("/apiVersion").unwrap_or_default();
    let found = versions
        .into_iter()
        .find(|known| known.api_version() == version);
    OpenSloOptions::new(found.unwrap_or_default())
}

/// Targets that were changed in the file, by their pointer in the definition.
fn changes(
    holder: &Document,
    documents: &[Document],
    expected: &[export::Document],
    notices: &mut Vec<Notice>,
) -> Vec<(String, Value)> {
    let key = |value: &Value| {
        let text = |pointer| value.pointer(pointer).and_then(Value::as_str);
        let (kind, name) = (text("/kind"), text("/metadata/name"));
        (
            kind.unwrap_or_default().to_owned(),
            name.unwrap_or_default().to_owned(),
        )
    };
    let mut missing: BTreeMap<(String, String), &export::Document> = expected
        .iter()
        .map(|ours| (key(&ours.value), ours))
        .collect();
    let mut changes = Vec::new();
    for document in documents {
        let Some(theirs) = document.get("") else {
            continue;
        };
        let (kind, name) = key(theirs);
        let Some(ours) = missing.remove(&(kind.clone(), name.clone())) else {
            let message = format!("{kind} `{name}` is not of the set in the annotations: left out");
            notices.push(document.notice("", message));
            continue;
        };
        let mut differences = Vec::new();
        compare("", &ours.value, theirs, &mut differences);
        for pointer in differences {
            let new = theirs.pointer(&pointer);
            match (&ours.target_at, new) {
                (Some(at), Some(target)) if pointer == TARGET && target.is_number() => {
                    let message = format!("the target was changed to {target}: taken over");
                    notices.push(document.notice(&pointer, message));
                    changes.push((at.clone(), target.clone()));
                }
                (_, _) => notices.push(document.notice(
                    &pointer,
                    format!(
                        "`{}` was changed after the export; what the annotations say is taken",
                        dotted(&pointer)
                    ),
                )),
            }
        }
    }
    for (kind, name) in missing.keys() {
        let message = format!("{kind} `{name}` was removed; what the annotations say is taken");
        notices.push(holder.notice("", message));
    }
    changes
}

/// The pointers at which two documents differ; annotations are not compared.
fn compare(pointer: &str, ours: &Value, theirs: &Value, differences: &mut Vec<String>) {
    if pointer == "/metadata/annotations" {
        return;
    }
    let mut below = |step: &str, ours: Option<&Value>, theirs: Option<&Value>| {
        let pointer = format!("{pointer}/{}", pointer_step(step));
        let (ours, theirs) = (ours.unwrap_or(&Value::Null), theirs.unwrap_or(&Value::Null));
        compare(&pointer, ours, theirs, differences);
    };
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for (key, value) in ours {
                below(key, Some(value), theirs.get(key));
            }
            for (key, value) in theirs.iter().filter(|(key, _)| !ours.contains_key(*key)) {
                below(key, None, Some(value));
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            for index in 0..ours.len().max(theirs.len()) {
                below(&index.to_string(), ours.get(index), theirs.get(index));
            }
        }
        (ours, theirs) if ours.is_number() && ours.as_f64() == theirs.as_f64() => {}
        (ours, theirs) if ours == theirs => {}
        (_, _) => differences.push(pointer.to_owned()),
    }
}
