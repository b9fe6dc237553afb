//! OpenSLO documents as an SLI set.

use std::path::Path;

use super::{Imported, SET_ANNOTATION, document, foreign, ours};
use crate::declared_files::{DeclaredFileError, pointer_step};
use crate::exchange::{sli_set_yaml, yaml};

/// Reads an OpenSLO file of any version; the path is only named in messages. What firedrill wrote
/// is the same set again; of other files comes a set that is to be filled in.
///
/// # Errors
/// What is wrong with the YAML, a file without an SLO or SLI, and an annotation of firedrill's
/// that is no SLI set. Nothing that OpenSLO allows is an error.
pub fn import_openslo(path: &Path, bytes: &[u8]) -> Result<Imported, DeclaredFileError> {
    let documents = document::read(path, bytes)?;
    let at = format!("/metadata/annotations/{}", pointer_step(SET_ANNOTATION));
    match documents
        .iter()
        .find(|document| document.get(&at).is_some())
    {
        Some(holder) => ours::import(path, holder, &at, &documents),
        None => foreign::import(path, &documents),
    }
}

/// The file that says the imported set, with the notices in front: `firedrill check` accepts it.
#[must_use]
pub fn imported_yaml(imported: &Imported) -> String {
    let mut text = yaml::comment("An SLI set, imported from OpenSLO by firedrill.");
    if !imported.notices.is_empty() {
        text += &yaml::comment("What was dropped, translated, or is to be filled in:");
        for notice in &imported.notices {
            text += &yaml::comment(&format!("- {notice}"));
        }
    }
    text + &sli_set_yaml(&imported.set)
}
