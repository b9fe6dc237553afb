//! What is wrong with a declared file, shown so that a person can put it right at once.
//!
//! In: a place, a reason and a hint. Out: [`Problem`]s with the source line and a caret, printed
//! by `Display`, and the [`DeclaredFileError`] that holds all of one file. It never decides what
//! is wrong: the reader, the schema check and the callers' own checks do.

use std::fmt;
use std::path::{Path, PathBuf};

/// How many problems of one file are kept for printing; the rest are only counted.
pub const PROBLEMS_MAX: usize = 100;
/// How many characters of a source line are printed around the caret.
const SOURCE_LINE_CHARS_MAX: usize = 120;
/// How many characters of a value are repeated in a message.
const QUOTED_CHARS_MAX: usize = 60;
/// How many choices a hint lists.
const CHOICES_MAX: usize = 12;
/// A longer word is no misspelling of anything, and comparing it would be slow.
const WORD_CHARS_MAX: usize = 64;

/// A place in a text file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
}

impl Place {
    /// The first character of a file.
    pub const START: Place = Place { line: 1, column: 1 };
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One thing wrong in a declared file. `Display` prints it with the source line and a caret:
///
/// ```text
/// sli-defs/shop.yaml:14:12: unknown event `ordr`
/// 14 |   - event: ordr
///    |            ^
/// help: did you mean `order`? events defined here: `cart_add`, `order`
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as it was named by the caller.
    pub path: PathBuf,
    /// Where in the file.
    pub place: Place,
    /// What is wrong: a lowercase fragment without a full stop.
    pub message: String,
    /// How to put it right, if that is known.
    pub hint: Option<String>,
    /// The line as written, or the part of a long line around the place. Values taken from the
    /// environment are never in it.
    pub source_line: String,
    /// How many characters of `source_line` stand before the caret.
    caret_offset: usize,
}

impl Problem {
    pub(super) fn new(source: &Source, finding: Finding) -> Problem {
        let column_index = finding.place.column.saturating_sub(1) as usize;
        let (source_line, caret_offset) = clip(source.line(finding.place.line), column_index);
        Problem {
            path: source.path.clone(),
            place: finding.place,
            message: finding.message,
            hint: finding.hint,
            source_line,
            caret_offset,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}",
            self.path.display(),
            self.place,
            self.message
        )?;
        if !self.source_line.is_empty() {
            let number = self.place.line.to_string();
            let (gutter, offset) = (number.len(), self.caret_offset);
            write!(f, "\n{number} | {}", self.source_line)?;
            write!(f, "\n{:gutter$} | {:offset$}^", "", "")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\nhelp: {hint}"),
            None => Ok(()),
        }
    }
}

/// Why a declared file cannot be used. `Display` prints every problem, a blank line between two.
#[derive(Debug, thiserror::Error)]
pub enum DeclaredFileError {
    /// The file could not be read at all.
    #[error("{}: {message}\nhelp: {hint}", path.display())]
    Unreadable {
        /// The file, as it was named by the caller.
        path: PathBuf,
        /// What the operating system said, in words.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// The file was read and something in it is wrong.
    #[error("{}", print_all(problems, *left_out))]
    Problems {
        /// At least one problem, in the order of the file; at most [`PROBLEMS_MAX`].
        problems: Vec<Problem>,
        /// How many more there are.
        left_out: usize,
    },
}

impl DeclaredFileError {
    /// The problems in the order of the file; empty if the file could not be read.
    pub fn problems(&self) -> &[Problem] {
        match self {
            DeclaredFileError::Unreadable { .. } => &[],
            DeclaredFileError::Problems { problems, .. } => problems,
        }
    }
}

impl From<Vec<Problem>> for DeclaredFileError {
    /// Sorts the problems by place, keeps the first [`PROBLEMS_MAX`] and counts the rest.
    fn from(mut problems: Vec<Problem>) -> DeclaredFileError {
        problems.sort_by(|a, b| (&a.path, a.place).cmp(&(&b.path, b.place)));
        let left_out = problems.len().saturating_sub(PROBLEMS_MAX);
        problems.truncate(PROBLEMS_MAX);
        DeclaredFileError::Problems { problems, left_out }
    }
}

fn print_all(problems: &[Problem], left_out: usize) -> String {
    let mut blocks: Vec<String> = problems.iter().map(Problem::to_string).collect();
    match left_out {
        0 => {}
        1 => blocks.push("and 1 more problem".to_owned()),
        count => blocks.push(format!("and {count} more problems")),
    }
    blocks.join("\n\n")
}

/// The candidate nearest to `word` if it is near enough to be what was meant; the first of
/// equally near ones. Case and `-` for `_` do not count as differences.
///
/// Near enough is at most one slip (a letter missing, added, changed, or two swapped) in three
/// letters.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let word_plain = plain(word);
    let word_chars = word_plain.chars().count();
    if word_chars > WORD_CHARS_MAX {
        return None;
    }
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count() <= WORD_CHARS_MAX)
        .filter_map(|candidate| {
            let candidate_plain = plain(candidate);
            let chars = word_chars.max(candidate_plain.chars().count());
            let slips = strsim::damerau_levenshtein(&word_plain, &candidate_plain);
            (slips == 0 || slips < chars && slips <= chars.div_ceil(3))
                .then_some((slips, candidate))
        })
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

/// The hint for a word that is not among the choices: the nearest one, if any, then the list
/// under `label`. ``did you mean `order`? events defined here: `cart_add`, `order` ``
pub fn choices_hint(word: &str, choices: &[&str], label: &str) -> String {
    let list = match choices {
        [] => format!("{label}: nothing"),
        _ => format!("{label}: {}", list_of(choices)),
    };
    match closest(word, choices.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`? {list}"),
        None => list,
    }
}

/// The words in backticks with commas; the first [`CHOICES_MAX`] if there are more.
pub(super) fn list_of(words: &[&str]) -> String {
    let mut shown: Vec<String> = words
        .iter()
        .take(CHOICES_MAX)
        .map(|word| format!("`{word}`"))
        .collect();
    if words.len() > CHOICES_MAX {
        shown.push(format!("and {} more", words.len() - CHOICES_MAX));
    }
    shown.join(", ")
}

/// A value in backticks, on one line and not too long.
pub(super) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(QUOTED_CHARS_MAX).map(visible).collect();
    if text.chars().nth(QUOTED_CHARS_MAX).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// A character that cannot move the cursor or change the terminal.
fn visible(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' => ' ',
        c if c.is_control() => '\u{FFFD}',
        c => c,
    }
}

/// The part of the line around the column, and where the column is in that part.
fn clip(line: &str, column_index: usize) -> (String, usize) {
    let from = match line.chars().nth(SOURCE_LINE_CHARS_MAX) {
        None => 0,
        Some(_) => column_index.saturating_sub(SOURCE_LINE_CHARS_MAX / 2),
    };
    let ellipsis = if from > 0 { "…" } else { "" };
    let part = line
        .chars()
        .skip(from)
        .take(SOURCE_LINE_CHARS_MAX)
        .map(visible);
    let text: String = ellipsis.chars().chain(part).collect();
    (
        text.trim_end().to_owned(),
        column_index - from + ellipsis.chars().count(),
    )
}

/// One file's text and what is needed to print problems in it.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl Source {
    pub(super) fn new(path: &Path, text: String) -> Source {
        Source {
            path: path.to_owned(),
            text,
        }
    }

    /// The line with this number; empty past the end. Breaks are the ones YAML knows: `\n`,
    /// `\r\n` and a lone `\r`.
    fn line(&self, number: u32) -> &str {
        let mut rest = self.text.as_str();
        for _ in 1..number {
            let Some(at) = rest.find(['\n', '\r']) else {
                return "";
            };
            let wide = rest[at..].starts_with("\r\n");
            rest = &rest[at + if wide { 2 } else { 1 }..];
        }
        rest.split(['\n', '\r']).next().unwrap_or_default()
    }
}

/// A problem before the source line is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) place: Place,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

/// The findings of one file, at most [`FINDINGS_MAX`] of them.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) found: Vec<Finding>,
    left_out: usize,
}

/// More than are printed, because findings come in no particular order.
const FINDINGS_MAX: usize = 10 * PROBLEMS_MAX;

impl Findings {
    pub(super) fn add(&mut self, place: Place, message: impl Into<String>, hint: Option<String>) {
        if self.found.len() < FINDINGS_MAX {
            self.found.push(Finding {
                place,
                message: message.into(),
                hint,
            });
        } else {
            self.left_out += 1;
        }
    }

    /// The error for the caller, or nothing if nothing was found.
    pub(super) fn into_result(self, source: &Source) -> Result<(), DeclaredFileError> {
        let Findings {
            mut found,
            left_out: uncollected,
        } = self;
        if found.is_empty() {
            return Ok(());
        }
        found.sort_by_key(|finding| finding.place);
        let left_out = uncollected + found.len().saturating_sub(PROBLEMS_MAX);
        found.truncate(PROBLEMS_MAX);
        let problems = found
            .into_iter()
            .map(|finding| Problem::new(source, finding))
            .collect();
        Err(DeclaredFileError::Problems { problems, left_out })
    }
}
