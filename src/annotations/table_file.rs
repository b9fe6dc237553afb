//! Annotations of a CSV table: a header line, then one annotation per row.
//!
//! Columns, in any order: `at`, `kind`, `label`, and maybe `until`, `channel`, `url`. Cells may be in
//! double quotes and have one line; an empty cell is absent.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use csv::StringRecord;
use jiff::tz::TimeZone;

use super::list_file::{NO_LINK, NOT_AFTER, is_link};
use super::moment::{moment_us, shown};
use super::{
    ANNOTATIONS_MAX, Annotation, AnnotationError, AnnotationKind, TEXT_CHARS_MAX, URL_CHARS_MAX,
};
use crate::declared_files::{DeclaredFileError, PROBLEMS_MAX, choices_hint};

/// The most bytes of a CSV file.
pub const TABLE_BYTES_MAX: usize = 8 << 20;

const COLUMNS: [&str; 6] = ["at", "until", "kind", "label", "channel", "url"];
const COLUMNS_NEEDED: [&str; 3] = ["at", "kind", "label"];

/// One thing wrong in a CSV file. `Display` prints `events.csv:3: unknown kind `deply` (hint: …)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableProblem {
    /// The file, as it was named by the caller.
    pub path: PathBuf,
    /// The line on which the row begins, counted from 1.
    pub line: usize,
    /// What is wrong: a lowercase fragment.
    pub message: String,
    /// How to put it right.
    pub hint: String,
}

impl fmt::Display for TableProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, line) = (self.path.display(), self.line);
        write!(
            formatter,
            "{path}:{line}: {} (hint: {})",
            self.message, self.hint
        )
    }
}

/// A line per problem.
pub(super) fn print_all(problems: &[TableProblem], left_out: usize) -> String {
    let mut lines: Vec<String> = problems.iter().map(TableProblem::to_string).collect();
    match left_out {
        0 => {}
        1 => lines.push("and 1 more problem".to_owned()),
        count => lines.push(format!("and {count} more problems")),
    }
    lines.join("\n")
}

/// Reads a file, in its order.
pub(super) fn load(
    path: &Path,
    zone: Option<&TimeZone>,
) -> Result<Vec<Annotation>, AnnotationError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| {
        let limit = TABLE_BYTES_MAX as u64 + 1;
        file.take(limit).read_to_end(&mut bytes)
    });
    read.map_err(|error| unreadable(path, &error))?;
    parse(path, &bytes, zone)
}

fn unreadable(path: &Path, error: &io::Error) -> DeclaredFileError {
    DeclaredFileError::Unreadable {
        path: path.to_owned(),
        message: format!("failed to read the file: {error}"),
        hint: "check the path; it is relative to the current directory".to_owned(),
    }
}

/// Reads the text of a file; the path is only named in messages.
pub(super) fn parse(
    path: &Path,
    bytes: &[u8],
    zone: Option<&TimeZone>,
) -> Result<Vec<Annotation>, AnnotationError> {
    let mut reader = TableReader {
        path,
        zone,
        problems: Vec::new(),
        left_out: 0,
    };
    let annotations = reader.read(bytes);
    if reader.problems.is_empty() {
        return Ok(annotations);
    }
    Err(AnnotationError::Table {
        problems: reader.problems,
        left_out: reader.left_out,
    })
}

struct TableReader<'a> {
    path: &'a Path,
    zone: Option<&'a TimeZone>,
    problems: Vec<TableProblem>,
    left_out: usize,
}

impl TableReader<'_> {
    fn problem(&mut self, line: usize, message: impl Into<String>, hint: impl Into<String>) {
        if self.problems.len() == PROBLEMS_MAX {
            self.left_out += 1;
            return;
        }
        self.problems.push(TableProblem {
            path: self.path.to_owned(),
            line,
            message: message.into(),
            hint: hint.into(),
        });
    }

    fn read(&mut self, bytes: &[u8]) -> Vec<Annotation> {
        let Some(text) = self.text(bytes) else {
            return Vec::new();
        };
        let mut rows = Rows::new(text);
        let Some((line, header)) = rows.next() else {
            let hint = "begin with the line `at,until,kind,label`";
            self.problem(1, "the file is empty", hint);
            return Vec::new();
        };
        let Some(columns) = self.columns(line, &header) else {
            return Vec::new();
        };
        let mut annotations = Vec::new();
        for (index, (line, row)) in rows.enumerate() {
            if index == ANNOTATIONS_MAX {
                let message = format!("the file has more than {ANNOTATIONS_MAX} annotations");
                self.problem(line, message, "split it into several files");
                break;
            }
            annotations.extend(self.annotation(line, &columns, &row));
        }
        annotations
    }

    /// Without a byte order mark; `None` after a problem.
    fn text<'b>(&mut self, bytes: &'b [u8]) -> Option<&'b str> {
        if bytes.len() > TABLE_BYTES_MAX {
            let message = format!("the file has more than {TABLE_BYTES_MAX} bytes");
            self.problem(1, message, "split it into several files");
            return None;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Some(text.strip_prefix('\u{FEFF}').unwrap_or(text)),
            Err(error) => {
                let before = &bytes[..error.valid_up_to()];
                let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
                let hint = "save the file as CSV in UTF-8";
                self.problem(line, "the file has a byte that is not UTF-8", hint);
                None
            }
        }
    }

    /// The place of each of [`COLUMNS`] in a row; `None` after a problem.
    fn columns(&mut self, line: usize, header: &StringRecord) -> Option<[Option<usize>; 6]> {
        let problems_before = self.problems.len() + self.left_out;
        let mut columns = [None; 6];
        for (place, name) in header.iter().enumerate() {
            let name = name.trim();
            let Some(column) = COLUMNS.iter().position(|known| *known == name) else {
                self.unknown_column(line, name);
                continue;
            };
            if columns[column].replace(place).is_some() {
                let message = format!("the column `{name}` is there twice");
                self.problem(line, message, "remove one of them");
            }
        }
        if self.problems.len() == problems_before {
            for name in COLUMNS_NEEDED {
                let is_there = header.iter().any(|found| found.trim() == name);
                if !is_there {
                    let hint = "the first line names the columns, such as `at,until,kind,label`";
                    self.problem(line, format!("missing column `{name}`"), hint);
                }
            }
        }
        (self.problems.len() + self.left_out == problems_before).then_some(columns)
    }

    fn unknown_column(&mut self, line: usize, name: &str) {
        let hint = if name.contains([';', '\t']) {
            "write commas between the columns".to_owned()
        } else {
            choices_hint(name, &COLUMNS, "columns here")
        };
        self.problem(line, format!("unknown column `{}`", shown(name)), hint);
    }

    /// The annotation of a row; `None` after a problem.
    fn annotation(
        &mut self,
        line: usize,
        columns: &[Option<usize>; 6],
        row: &StringRecord,
    ) -> Option<Annotation> {
        let problems_before = self.problems.len() + self.left_out;
        let cells_wanted = columns.iter().flatten().count();
        if row.len() != cells_wanted {
            let message = format!("the row has {} cells, not {cells_wanted}", row.len());
            let hint = "put a cell that has a comma in double quotes";
            self.problem(line, message, hint);
            return None;
        }
        let cell = |name: &str| {
            let column = COLUMNS.iter().position(|known| *known == name)?;
            let text = columns[column].and_then(|place| row.get(place));
            text.map(str::trim).filter(|text| !text.is_empty())
        };
        let at_us = self
            .needed(line, "at", cell("at"))
            .and_then(|text| self.moment(line, text));
        let until_us = cell("until").map(|text| self.moment(line, text));
        let kind = self
            .needed(line, "kind", cell("kind"))
            .and_then(|text| self.kind(line, text));
        let label = self
            .needed(line, "label", cell("label"))
            .unwrap_or_default();
        self.short(line, "label", label, TEXT_CHARS_MAX);
        self.short(
            line,
            "channel",
            cell("channel").unwrap_or_default(),
            TEXT_CHARS_MAX,
        );
        self.short(line, "url", cell("url").unwrap_or_default(), URL_CHARS_MAX);
        if let (Some(at_us), Some(Some(until_us))) = (at_us, until_us)
            && until_us <= at_us
        {
            self.problem(line, NOT_AFTER.0, NOT_AFTER.1);
        }
        if cell("url").is_some_and(|url| !is_link(url)) {
            self.problem(line, NO_LINK.0, NO_LINK.1);
        }
        if self.problems.len() + self.left_out > problems_before {
            return None;
        }
        Some(Annotation {
            at_us: at_us?,
            until_us: until_us.flatten(),
            kind: kind?,
            label: label.to_owned(),
            channel: cell("channel").map(str::to_owned),
            url: cell("url").map(str::to_owned),
        })
    }

    fn needed<'b>(&mut self, line: usize, column: &str, cell: Option<&'b str>) -> Option<&'b str> {
        if cell.is_none() {
            let message = format!("the cell of `{column}` is empty");
            self.problem(
                line,
                message,
                "every annotation has a time, a kind and a label",
            );
        }
        cell
    }

    fn moment(&mut self, line: usize, text: &str) -> Option<i64> {
        moment_us(text, self.zone)
            .map_err(|problem| self.problem(line, problem.message, problem.hint))
            .ok()
    }

    fn kind(&mut self, line: usize, text: &str) -> Option<AnnotationKind> {
        let kind = AnnotationKind::ALL
            .into_iter()
            .find(|kind| kind.name() == text);
        if kind.is_none() {
            let names = AnnotationKind::ALL.map(AnnotationKind::name);
            let hint = choices_hint(text, &names, "kinds");
            self.problem(line, format!("unknown kind `{}`", shown(text)), hint);
        }
        kind
    }

    /// A cell of one line: a quote that was never closed would swallow the rows below it.
    fn short(&mut self, line: usize, column: &str, text: &str, chars_max: usize) {
        let wrong = if text.contains(['\n', '\r']) {
            "has a line break".to_owned()
        } else if text.chars().nth(chars_max).is_some() {
            format!("has more than {chars_max} characters")
        } else {
            return;
        };
        let hint = "shorten it to one line; or a closing double quote is missing";
        self.problem(line, format!("the cell of `{column}` {wrong}"), hint);
    }
}

/// The rows of a text that are not blank, each with its line.
struct Rows<'a> {
    text: &'a str,
    reader: csv::Reader<&'a [u8]>,
    /// Where the lines were counted to.
    counted_bytes: usize,
    line: usize,
}

impl<'a> Rows<'a> {
    fn new(text: &'a str) -> Self {
        let mut builder = csv::ReaderBuilder::new();
        let reader = builder.has_headers(false).flexible(true);
        Self {
            text,
            reader: reader.from_reader(text.as_bytes()),
            counted_bytes: 0,
            line: 1,
        }
    }

    /// The line of a row that is said to begin at `from_bytes`, where the library counts the blank
    /// lines before it as its own.
    fn line_at(&mut self, from_bytes: usize) -> usize {
        let rest = self.text.as_bytes().get(from_bytes..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let begins = from_bytes + blank.count();
        let passed = self.text.as_bytes().get(self.counted_bytes..begins);
        let breaks = passed.unwrap_or_default().iter();
        self.line += breaks.filter(|byte| **byte == b'\n').count();
        self.counted_bytes = self.counted_bytes.max(begins);
        self.line
    }
}

impl Iterator for Rows<'_> {
    type Item = (usize, StringRecord);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut row = StringRecord::new();
            // Reading fails on bytes that are not UTF-8, on files, and on rows of unequal length where
            // these are refused; here is text, in memory, with rows of any length.
            if !self.reader.read_record(&mut row).unwrap_or(false) {
                return None;
            }
            let from_bytes = row.position().map_or(0, csv::Position::byte);
            let line = self.line_at(usize::try_from(from_bytes).unwrap_or(usize::MAX));
            if row.iter().any(|cell| !cell.trim().is_empty()) {
                return Some((line, row));
            }
        }
    }
}
