//! The OpenSLO documents of a file, with the place of every part.
//!
//! In: any bytes. Out: mappings, from one document, a stream of them, or a list. The YAML is read
//! by [`declared_files`](crate::declared_files), which refuses anchors and aliases, so that no file
//! is larger than it looks. What nobody asked a document for is found at the end, and told.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

use serde_json::Value;

use crate::declared_files::{Declared, DeclaredFileError, Problem, parse, pointer_step};
use crate::exchange::Notice;

/// How many bytes an OpenSLO file may have.
pub const OPENSLO_BYTES_MAX: usize = 8 << 20;
/// How many documents it may have.
pub const DOCUMENTS_MAX: usize = 10_000;

/// One document.
pub(super) struct Document {
    file: Rc<Declared<Value>>,
    /// How many lines stand before this part of the file.
    lines_before: u32,
    /// JSON pointer of the document in its part of the file.
    at: String,
    /// Pointers that somebody asked for.
    taken: RefCell<BTreeSet<String>>,
}

/// The documents of a file; the path is only named.
///
/// # Errors
/// What is wrong with the YAML; a document that is no mapping; a file without documents, or with
/// too many.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Vec<Document>, DeclaredFileError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if bytes.len() <= OPENSLO_BYTES_MAX => text,
        // The reader says what is wrong with it.
        Ok(_) | Err(_) => return Err(refused(path, bytes)),
    };
    let mut documents = Vec::new();
    for part in parts(text) {
        let file = parse::<Value>(path, part.text.as_bytes(), &as_written);
        let file = Rc::new(file.map_err(|error| moved(error, part.lines_before))?);
        let pointers: Vec<String> = match &file.value {
            Value::Array(items) => (0..items.len()).map(|index| format!("/{index}")).collect(),
            _ => vec![String::new()],
        };
        for at in pointers {
            let document = Document {
                file: Rc::clone(&file),
                lines_before: part.lines_before,
                at,
                taken: RefCell::default(),
            };
            if document.get("").is_none_or(|value| !value.is_object()) {
                let hint = "write `apiVersion`, `kind`, `metadata` and `spec`";
                return Err(document.error("", "this is no OpenSLO document", hint));
            }
            documents.push(document);
            if documents.len() > DOCUMENTS_MAX {
                let message = format!("the file has more than {DOCUMENTS_MAX} documents");
                return Err(documents[0].error("", &message, "split it into several files"));
            }
        }
    }
    if documents.is_empty() {
        return Err(refused(path, b""));
    }
    Ok(documents)
}

impl Document {
    /// The part under a pointer, without taking it.
    pub(super) fn get(&self, pointer: &str) -> Option<&Value> {
        let value = self.file.value.pointer(&format!("{}{pointer}", self.at))?;
        (!value.is_null()).then_some(value)
    }

    /// The part under a pointer; all of it is understood.
    pub(super) fn take(&self, pointer: &str) -> Option<&Value> {
        let value = self.get(pointer)?;
        self.taken.borrow_mut().insert(pointer.to_owned());
        Some(value)
    }

    /// The text under a pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.get(pointer)?.as_str()?;
        self.take(pointer)?.as_str()
    }

    /// The number under a pointer.
    pub(super) fn number(&self, pointer: &str) -> Option<f64> {
        self.get(pointer)?.as_f64()?;
        self.take(pointer)?.as_f64()
    }

    /// How many items the list under a pointer has; 0 if there is none.
    pub(super) fn length(&self, pointer: &str) -> usize {
        let list = self.get(pointer).and_then(Value::as_array);
        list.map_or(0, Vec::len)
    }

    /// Its kind, or nothing.
    pub(super) fn kind(&self) -> &str {
        self.text("/kind").unwrap_or_default()
    }

    /// Its name, or nothing.
    pub(super) fn name(&self) -> &str {
        self.text("/metadata/name").unwrap_or_default()
    }

    /// A notice at a part.
    pub(super) fn notice(&self, pointer: &str, message: impl Into<String>) -> Notice {
        let place = self.file.place(&format!("{}{pointer}", self.at));
        let line = place.line.saturating_add(self.lines_before);
        let path = self.file.path().display();
        Notice::new(format!("{path}:{line}:{}", place.column), message)
    }

    /// An error at a part.
    pub(super) fn error(&self, pointer: &str, message: &str, hint: &str) -> DeclaredFileError {
        let problem = self.problem(pointer, message, hint);
        DeclaredFileError::from(vec![problem])
    }

    fn problem(&self, pointer: &str, message: &str, hint: &str) -> Problem {
        let pointer = format!("{}{pointer}", self.at);
        let mut problem = self.file.problem(&pointer, message, Some(hint.to_owned()));
        problem.place.line = problem.place.line.saturating_add(self.lines_before);
        problem
    }

    /// A notice for everything that nobody asked for.
    pub(super) fn leftovers(&self) -> Vec<Notice> {
        let mut notices = Vec::new();
        if let Some(value) = self.get("") {
            self.leftovers_of("", value, &mut notices);
        }
        notices
    }

    fn leftovers_of(&self, pointer: &str, value: &Value, notices: &mut Vec<Notice>) {
        if self.taken.borrow().contains(pointer) {
            return;
        }
        if !self.is_taken_below(pointer) && !pointer.is_empty() {
            if !value.is_null() {
                let message = format!("`{}` has no meaning here: left out", dotted(pointer));
                notices.push(self.notice(pointer, message));
            }
            return;
        }
        match value {
            Value::Object(entries) => {
                for (key, value) in entries {
                    let pointer = format!("{pointer}/{}", pointer_step(key));
                    self.leftovers_of(&pointer, value, notices);
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    self.leftovers_of(&format!("{pointer}/{index}"), value, notices);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn is_taken_below(&self, pointer: &str) -> bool {
        let below = format!("{pointer}/");
        let taken = self.taken.borrow();
        let mut after = taken.range(below.clone()..);
        after.next().is_some_and(|taken| taken.starts_with(&below))
    }
}

/// `/spec/objectives/0/op` as `spec.objectives.0.op`.
pub(super) fn dotted(pointer: &str) -> String {
    let steps = pointer.trim_start_matches('/').replace('/', ".");
    steps.replace("~1", "/").replace("~0", "~")
}

/// Variables are not looked up in files of other tools.
pub(super) fn as_written(name: &str) -> Option<String> {
    Some(format!("${{env:{name}}}"))
}

/// A part of the file that holds one YAML document.
struct Part<'t> {
    text: &'t str,
    lines_before: u32,
}

/// Splits at `---` and `...` at the start of a line, which YAML allows nowhere inside a document
/// (<https://yaml.org/spec/1.2.2/#914-explicit-documents>). Parts that say nothing are left out.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut start, mut lines_before) = (0, 0);
    let (mut at, mut lines) = (0, 0_u32);
    let mut keep = |from: usize, to: usize, lines_before: u32| {
        let text = &text[from..to];
        if text.lines().any(says_something) {
            parts.push(Part { text, lines_before });
        }
    };
    for line in text.split_inclusive('\n') {
        let is_end = is_marker(line, "...");
        if is_end || is_marker(line, "---") {
            keep(start, at, lines_before);
            start = if is_end { at + line.len() } else { at };
            lines_before = lines + u32::from(is_end);
        }
        at += line.len();
        lines = lines.saturating_add(1);
    }
    keep(start, text.len(), lines_before);
    parts
}

fn is_marker(line: &str, marker: &str) -> bool {
    let rest = line.strip_prefix(marker);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

fn says_something(line: &str) -> bool {
    let line = line.trim_start_matches('\u{feff}');
    let rest = if is_marker(line, "---") {
        &line[3..]
    } else {
        line
    };
    let rest = rest.trim();
    !(rest.is_empty() || rest.starts_with('#') || line.starts_with('%'))
}

/// What the reader says of bytes that it cannot read.
fn refused(path: &Path, bytes: &[u8]) -> DeclaredFileError {
    match parse::<Value>(path, bytes, &as_written) {
        Err(error) => error,
        Ok(file) => {
            let hint = Some("split it into several files".to_owned());
            DeclaredFileError::from(vec![file.problem("", "the file is too large", hint)])
        }
    }
}

/// The error with the lines of the whole file.
fn moved(error: DeclaredFileError, lines: u32) -> DeclaredFileError {
    match error {
        DeclaredFileError::Problems {
            mut problems,
            left_out,
        } => {
            for problem in &mut problems {
                problem.place.line = problem.place.line.saturating_add(lines);
            }
            DeclaredFileError::Problems { problems, left_out }
        }
        DeclaredFileError::Unreadable { .. } => error,
    }
}
