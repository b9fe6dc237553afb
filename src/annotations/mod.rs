//! Annotations: what happened when, such as deploys, freezes, campaigns and incidents.
//!
//! In: a CSV or YAML file that people keep, and the zone of times that name none. Out: sorted
//! [`Annotation`]s, or everything that is wrong with the file; and which stretches of time to compare
//! before and after each ([`before_after`]). It computes no numbers and reads no traffic. A label is
//! stored as it is written: whoever shows it must make it harmless there.

mod definition;

mod moment;

mod list_file;
mod table_file;

mod before_after;

#[cfg(test)]
mod tests;

use std::path::Path;

use jiff::tz::TimeZone;
use serde::Serialize;
use thiserror::Error;

use crate::declared_files::DeclaredFileError;

pub use before_after::{
    BeforeAfter, BeforeAfterSettings, NotComparable, REFERENCE_WEEKS_MAX, Reference, Stretches,
    before_after,
};
pub use definition::{AnnotationDefinition, AnnotationKind, AnnotationListDefinition};
pub use table_file::{TABLE_BYTES_MAX, TableProblem};

/// The most annotations of one file.
pub const ANNOTATIONS_MAX: usize = 10_000;
/// The most characters of a label, a channel.
pub const TEXT_CHARS_MAX: usize = 200;
/// The most characters of a link.
pub const URL_CHARS_MAX: usize = 2_000;

/// Something that happened, or began, at a moment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Annotation {
    /// When, UTC µs.
    pub at_us: i64,
    /// First µs after it, for what lasts; after `at_us`.
    pub until_us: Option<i64>,
    /// What kind of thing.
    pub kind: AnnotationKind,
    /// What it was, in 1 to [`TEXT_CHARS_MAX`] characters, as written.
    pub label: String,
    /// The channel it is about, e.g. that of a campaign; `None` for all.
    pub channel: Option<String>,
    /// More about it; begins with `https://` or `http://`.
    pub url: Option<String>,
}

/// Why a file of annotations cannot be used.
#[derive(Debug, Error)]
pub enum AnnotationError {
    /// Something is wrong with a YAML file, or the file cannot be read.
    #[error(transparent)]
    List(#[from] DeclaredFileError),
    /// Something is wrong with a CSV file; at least one problem, in the order of the file.
    #[error("{}", table_file::print_all(problems, *left_out))]
    Table {
        /// The first problems.
        problems: Vec<TableProblem>,
        /// How many more there are.
        left_out: usize,
    },
    /// The name says neither CSV nor YAML.
    #[error("`{0}` is neither CSV nor YAML (hint: its name must end in `.csv`, `.yaml` or `.yml`)")]
    UnknownFormat(String),
}

/// Reads the annotations of a file, oldest first. Times without an offset are of `zone`; without one
/// they are refused.
///
/// # Errors
/// Everything that is wrong with the file, with line, reason and hint.
pub fn load_annotations(
    path: &Path,
    zone: Option<&TimeZone>,
) -> Result<Vec<Annotation>, AnnotationError> {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    let mut annotations = match extension.to_str() {
        Some("csv") => table_file::load(path, zone)?,
        Some("yaml" | "yml") => list_file::load(path, zone)?,
        Some(_) | None => {
            return Err(AnnotationError::UnknownFormat(path.display().to_string()));
        }
    };
    annotations.sort();
    Ok(annotations)
}
