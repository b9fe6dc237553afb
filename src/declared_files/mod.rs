//! The YAML files that people declare things in (SLI sets, load scenarios, thresholds) → typed
//! definitions, or all that is wrong with them at once.
//!
//! In: a path or the bytes of a file, and a type with `Deserialize` and `JsonSchema`. Out: a
//! [`Declared`] value that knows the place of each of its parts, or a [`DeclaredFileError`] whose
//! problems each have a line, a column, a reason and a hint. It never knows what a file is about,
//! and never shows a value that came from the environment.
//!
//! The YAML is strict: one document, YAML 1.2 scalars, no duplicate keys, no anchors, aliases,
//! merge keys or tags. `${env:NAME}` in a text is replaced. Types should be
//! `#[serde(deny_unknown_fields)]` without `flatten`, `alias` or `untagged`, which ruin messages.

mod problem;
mod scalar;
mod schema;
mod schema_check;
mod syntax;
mod tree;
mod values;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;
use sha2::{Digest, Sha256};

pub use problem::{DeclaredFileError, PROBLEMS_MAX, Place, Problem, choices_hint, closest};
pub use schema::Schema;
pub use tree::{DEPTH_MAX, NODES_MAX, REPLACED_BYTES_MAX};
pub use values::{DURATION_DAYS_MAX, DurationText, DurationTextError};

use problem::{Finding, Findings, Source};
use scalar::Secret;
use tree::{Content, Node};

/// How many bytes a declared file may have.
pub const FILE_BYTES_MAX: usize = 1 << 20;

/// A definition read from a file, and where each part of it stands there.
pub struct Declared<T> {
    /// What the file says.
    pub value: T,
    source: Source,
    root: Arc<Node>,
    secrets: Vec<Secret>,
    sha256: String,
    /// Beginnings of pointers into the value, and where in the file that stands.
    moved: Vec<(String, String)>,
}

/// Reads a declared file; `${env:NAME}` is looked up in the environment of the process.
///
/// # Errors
/// [`DeclaredFileError::Unreadable`] if the file cannot be read, [`DeclaredFileError::Problems`]
/// with everything that is wrong in it otherwise.
pub fn load<T: DeserializeOwned + JsonSchema>(
    path: &Path,
) -> Result<Declared<T>, DeclaredFileError> {
    let bytes = read_bytes(path).map_err(|error| unreadable(path, &error))?;
    parse(path, &bytes, &|name| std::env::var(name).ok())
}

/// Reads the text of a declared file; the path is only named in messages.
///
/// # Errors
/// [`DeclaredFileError::Problems`] with everything that is wrong in the file: at first what is
/// wrong with the YAML and with the schema, all at once; if nothing is, the first thing that
/// `T`'s own `Deserialize` refuses.
///
/// ```
/// use firedrill::declared_files::{DurationText, parse};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// struct Probe {
///     route: String,
///     every: DurationText,
/// }
///
/// let path = std::path::Path::new("probe.yaml");
/// let probe = parse::<Probe>(path, b"route: /cart\nevery: 30s\n", &|_| None)?;
/// assert_eq!(probe.value.every.as_us(), 30_000_000);
/// assert_eq!(probe.place("/every").to_string(), "2:8");
///
/// let error = parse::<Probe>(path, b"rout: /cart\nevery: 30s\n", &|_| None).unwrap_err();
/// assert_eq!(error.to_string(), "\
/// probe.yaml:1:1: unknown key `rout`
/// 1 | rout: /cart
///   | ^
/// help: did you mean `route`? allowed here: `every`, `route`");
/// # Ok::<(), firedrill::declared_files::DeclaredFileError>(())
/// ```
pub fn parse<T: DeserializeOwned + JsonSchema>(
    path: &Path,
    text: &[u8],
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Declared<T>, DeclaredFileError> {
    Schema::new().parse(path, text, env)
}

/// The JSON Schema (draft 2020-12) of a declared file, for editors.
pub fn schema<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

/// The keywords in the schema of `T` that are not checked, which should be none; for the tests of
/// each type of declared file.
#[cfg(test)]
pub(crate) fn unchecked_keywords<T: JsonSchema>() -> Vec<String> {
    schema_check::unknown_keywords(&schema::<T>())
}

/// A key as one step of a JSON pointer: `~` and `/` escaped
/// ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901#section-3)).
pub fn pointer_step(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) {
        Cow::Owned(key.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(key)
    }
}

impl<T> Declared<T> {
    /// Where the value under a JSON pointer (`/slis/0/name`) starts. Where there is no such value
    /// (an optional key that was left out), the place of the nearest value around it.
    pub fn place(&self, pointer: &str) -> Place {
        self.nearest(pointer).place
    }

    /// Where the key of the value under a JSON pointer starts; the value's own place in a list.
    pub fn key_place(&self, pointer: &str) -> Place {
        let node = self.nearest(pointer);
        node.key_place.unwrap_or(node.place)
    }

    /// A problem with the value under a JSON pointer, for checks made after reading. Values from
    /// the environment are taken out of the message and the hint.
    pub fn problem(
        &self,
        pointer: &str,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> Problem {
        self.problem_at(self.place(pointer), message.into(), hint)
    }

    /// As [`Declared::problem`], at the key of the value.
    pub fn key_problem(
        &self,
        pointer: &str,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> Problem {
        self.problem_at(self.key_place(pointer), message.into(), hint)
    }

    /// The text of the file as written, without a byte order mark; variables are not replaced.
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// The path of the file, as it was named by the caller.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// What takes values that came from the environment out of texts, for what is shown later.
    pub fn redactor(&self) -> Redactor {
        Redactor {
            secrets: self.secrets.clone(),
        }
    }

    /// The SHA-256 of the bytes of the file, in lowercase hexadecimal. What variables hold is not
    /// part of it.
    pub fn sha256(&self) -> String {
        self.sha256.clone()
    }

    /// A text with each value from the environment as the file has it (`${env:NAME}`), so that what is
    /// made of the text neither holds a secret nor changes with it.
    pub fn without_environment(&self, text: String) -> String {
        without_secrets(text, &self.secrets)
    }

    fn problem_at(&self, place: Place, message: String, hint: Option<String>) -> Problem {
        let message = without_secrets(message, &self.secrets);
        let hint = hint.map(|hint| without_secrets(hint, &self.secrets));
        Problem::new(
            &self.source,
            Finding {
                place,
                message,
                hint,
            },
        )
    }

    /// The same file, seen as another definition that is made of parts of it. `moved` says of
    /// beginnings of pointers into `value` where in the file that stands; the first that fits holds.
    pub fn seen_as<U>(&self, value: U, moved: Vec<(String, String)>) -> Declared<U> {
        Declared {
            value,
            source: self.source.clone(),
            root: Arc::clone(&self.root),
            secrets: self.secrets.clone(),
            sha256: self.sha256.clone(),
            moved,
        }
    }

    /// Where in the file a part of the value stands.
    fn pointer_in_file(&self, pointer: &str) -> String {
        let moved = self.moved.iter().find_map(|(from, to)| {
            let rest = pointer.strip_prefix(from.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{to}{rest}"))
        });
        moved.unwrap_or_else(|| pointer.to_owned())
    }

    fn nearest(&self, pointer: &str) -> &Node {
        let pointer = self.pointer_in_file(pointer);
        let mut node = &*self.root;
        for step in pointer.split('/').skip(1) {
            match node.child(&step.replace("~1", "/").replace("~0", "~")) {
                Some(child) => node = child,
                None => break,
            }
        }
        node
    }
}

/// Takes values that came from the environment out of texts.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<Secret>,
}

impl Redactor {
    /// The text with each value from the environment as the file has it: `${env:NAME}`.
    #[must_use]
    pub fn shown(&self, text: &str) -> String {
        without_secrets(text.to_owned(), &self.secrets)
    }

    /// Hides what `other` hides, too.
    pub fn take_in(&mut self, other: Self) {
        self.secrets.extend(other.secrets);
    }
}

impl fmt::Debug for Redactor {
    /// Without the values, which are what it is there to hide.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

impl<T> fmt::Debug for Declared<T> {
    /// Names the file only: the value may hold what came from the environment.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Declared")
            .field("path", &self.source.path)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

/// At most one byte more than a declared file may have.
fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(FILE_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> DeclaredFileError {
    let (message, hint) = match error.kind() {
        io::ErrorKind::NotFound => (
            "there is no such file",
            "check the path; it is relative to the current directory",
        ),
        io::ErrorKind::PermissionDenied => (
            "the file may not be read",
            "check the permissions of the file and its folders",
        ),
        io::ErrorKind::IsADirectory => ("this is a folder", "name a file in it"),
        _ => {
            return DeclaredFileError::Unreadable {
                path: path.to_owned(),
                message: format!("failed to read the file: {error}"),
                hint: "check the path and the disk".to_owned(),
            };
        }
    };
    DeclaredFileError::Unreadable {
        path: path.to_owned(),
        message: message.to_owned(),
        hint: hint.to_owned(),
    }
}

/// The text without a byte order mark. What is wrong with it goes to the findings.
fn decoded(bytes: &[u8], findings: &mut Findings) -> String {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.len() > FILE_BYTES_MAX {
        let message = format!("the file has more than {FILE_BYTES_MAX} bytes");
        findings.add(
            Place::START,
            message,
            Some("split it into several files".to_owned()),
        );
        return String::new();
    }
    let (valid, wrong) = match std::str::from_utf8(bytes) {
        Ok(text) => (
            text,
            text.find('\0')
                .map(|at| (at, "a NUL byte, as binary files have")),
        ),
        Err(error) => {
            let at = error.valid_up_to();
            (
                std::str::from_utf8(&bytes[..at]).unwrap_or_default(),
                Some((at, "a byte that is not UTF-8")),
            )
        }
    };
    if let Some((at, what)) = wrong {
        let before = &valid[..at.min(valid.len())];
        let hint = "declared files are YAML text in UTF-8; save the file as such";
        findings.add(
            place_after(before),
            format!("the file has {what}"),
            Some(hint.to_owned()),
        );
        return String::from_utf8_lossy(bytes).into_owned();
    }
    valid.to_owned()
}

fn place_after(before: &str) -> Place {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let normal = before.replace("\r\n", "\n").replace('\r', "\n");
    let last = normal.rsplit('\n').next().unwrap_or_default();
    Place {
        line: number(normal.matches('\n').count() + 1),
        column: number(last.chars().count() + 1),
    }
}

fn error_of(findings: Findings, source: &Source) -> DeclaredFileError {
    match findings.into_result(source) {
        Err(error) => error,
        // The callers have findings; an empty list would be printed as nothing.
        Ok(()) => {
            let finding = Finding {
                place: Place::START,
                message: "the file cannot be read".to_owned(),
                hint: None,
            };
            DeclaredFileError::from(vec![Problem::new(source, finding)])
        }
    }
}

/// What `T`'s own `Deserialize` refused, placed as exactly as serde says. A text of the form
/// `reason (hint: cure)` is taken apart.
fn serde_finding(
    error: &serde_path_to_error::Error<serde_json::Error>,
    root: &Node,
    secrets: &[Secret],
) -> Finding {
    let mut node = root;
    for segment in error.path().iter() {
        let child = match segment {
            Segment::Seq { index } => node.child(&index.to_string()),
            Segment::Map { key } | Segment::Enum { variant: key } => node.child(key),
            Segment::Unknown => None,
        };
        node = child.unwrap_or(node);
    }
    let text = error.inner().to_string();
    let node = named_in(&text, node).unwrap_or(node);
    if node.is_from_environment() {
        let message = format!(
            "the value of {} cannot be used here",
            problem::quoted(&node.shown())
        );
        return Finding {
            place: node.place,
            message,
            hint: Some("check the environment variable".to_owned()),
        };
    }
    let text = without_secrets(text, secrets);
    let (message, hint) = match text
        .strip_suffix(')')
        .and_then(|text| text.split_once(" (hint: "))
    {
        Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
        None => (text, None),
    };
    Finding {
        place: node.place,
        message,
        hint,
    }
}

/// Inside an enum with a tag serde does not say where it was. If the message has exactly one of
/// the texts there in backticks, that is the place.
fn named_in<'n>(message: &str, node: &'n Node) -> Option<&'n Node> {
    let mut named = Vec::new();
    let mut waiting: Vec<&Node> = node.children().collect();
    while let Some(next) = waiting.pop() {
        if matches!(&next.content, Content::Text(text) if message.contains(&format!("`{text}`"))) {
            named.push(next);
        }
        waiting.extend(next.children());
    }
    if let [only] = named.as_slice() {
        Some(only)
    } else {
        None
    }
}

/// The SHA-256 of bytes, in lowercase hexadecimal.
#[must_use]
pub fn sha256_of(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text with each value from the environment as the file has it. A value of up to three
/// characters is replaced between quotes only: the letter `a` is in every sentence.
fn without_secrets(text: String, secrets: &[Secret]) -> String {
    let mut longest_first: Vec<&Secret> = secrets
        .iter()
        .filter(|secret| !secret.value.is_empty())
        .collect();
    longest_first.sort_by_key(|secret| std::cmp::Reverse(secret.value.len()));
    longest_first
        .into_iter()
        .fold(text, |text, Secret { value, written }| {
            if value.chars().count() > 3 {
                text.replace(value.as_str(), written)
            } else {
                text.replace(&format!("`{value}`"), &format!("`{written}`"))
                    .replace(&format!("{value:?}"), &format!("`{written}`"))
            }
        })
}
