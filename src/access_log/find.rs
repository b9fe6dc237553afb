//! Which inputs the paths of a command name.
//!
//! In: paths and patterns. Out: one input per file, none of them opened.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use super::input::{INPUTS_MAX, InputError, LogInput, ReadAhead};

/// The inputs that `paths` name: files, folders with everything below them in the order of the names
/// (hidden files are left out), patterns with `*`, `**`, `?` or `[…]` for shells that leave them as
/// they are, and `-` for standard input.
///
/// # Errors
/// When a path does not exist, a pattern finds nothing or a folder holds nothing.
pub fn find_inputs(paths: &[PathBuf]) -> Result<Vec<LogInput>, InputError> {
    let mut inputs = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            if !inputs
                .iter()
                .any(|input| matches!(input, LogInput::Stdin(_)))
            {
                inputs.push(LogInput::Stdin(ReadAhead::default()));
            }
        } else if path.is_dir() {
            let before = inputs.len();
            walk(path, &mut inputs, &mut HashSet::new())?;
            if inputs.len() == before {
                return Err(InputError::EmptyFolder(path.clone()));
            }
        } else if path.exists() {
            inputs.push(LogInput::File(path.clone()));
        } else {
            expand(path, &mut inputs)?;
        }
    }
    Ok(inputs)
}

fn expand(path: &Path, inputs: &mut Vec<LogInput>) -> Result<(), InputError> {
    let text = path.to_string_lossy();
    if !text.contains(['*', '?', '[']) {
        return Err(InputError::Missing(path.to_owned()));
    }
    let found = glob::glob(&text).map_err(|error| InputError::Pattern {
        pattern: path.to_owned(),
        why: error.to_string(),
    })?;
    let before = inputs.len();
    let mut known = HashSet::new();
    for entry in found {
        let entry = entry.map_err(|error| InputError::Io {
            path: error.path().to_owned(),
            source: error.into(),
        })?;
        if entry.is_dir() {
            walk(&entry, inputs, &mut known)?;
        } else if inputs.len() == INPUTS_MAX {
            return Err(InputError::TooMany);
        } else {
            inputs.push(LogInput::FoundFile(entry));
        }
    }
    if inputs.len() == before {
        return Err(InputError::NoMatch(path.to_owned()));
    }
    Ok(())
}

/// The files of a folder and of those below it. `known` are the folders that were read already, without
/// links in their paths: a link may lead back to one of them.
fn walk(
    folder: &Path,
    inputs: &mut Vec<LogInput>,
    known: &mut HashSet<PathBuf>,
) -> Result<(), InputError> {
    let wrong = |source| InputError::Io {
        path: folder.to_owned(),
        source,
    };
    if !known.insert(folder.canonicalize().map_err(wrong)?) {
        return Ok(());
    }
    let mut entries = std::fs::read_dir(folder)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(wrong)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        // A lake beside the logs holds what was read of them.
        if is_hidden || path.join("requests/_delta_log").is_dir() {
            continue;
        }
        // A folder that may not be read stops no other: it is an input that fails.
        if path.is_dir() && walk(&path, inputs, known).is_ok() {
            continue;
        }
        if inputs.len() == INPUTS_MAX {
            return Err(InputError::TooMany);
        }
        inputs.push(LogInput::FoundFile(path));
    }
    Ok(())
}
