//! Why an answer of another engine is not taken over.

use std::path::PathBuf;

use thiserror::Error;

use crate::lake::LakeError;
use crate::rollup::RollupError;

/// Why an answer of another engine is not taken over.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The lake, or the file, could not be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// Rows could not be counted.
    #[error(transparent)]
    Rollup(#[from] RollupError),
    /// There is nothing to read.
    #[error(
        "no `.parquet` or `.csv` file in `{0}` (hint: name the file or the folder that the engine wrote)"
    )]
    NoFile(PathBuf),
    /// The operating system, or the CSV reader, refused.
    #[error("cannot read `{file}`: {why}")]
    Read {
        /// The file.
        file: PathBuf,
        /// What was said.
        why: String,
    },
    /// The answer has no rows at all.
    #[error(
        "`{0}` has no rows (hint: the engine found no requests, or workers wrote to a disk of their own)"
    )]
    NoRows(PathBuf),
    /// A column is missing.
    #[error(
        "`{file}` has no column `{name}` (hint: `firedrill export sql` prints the SQL that makes it)"
    )]
    MissingColumn {
        /// The file.
        file: PathBuf,
        /// Its name.
        name: String,
    },
    /// A column is there that nobody asked for.
    #[error(
        "`{file}` has a column `{name}` that was not asked for (hint: `firedrill export sql` prints the SQL as it must be)"
    )]
    StrangeColumn {
        /// The file.
        file: PathBuf,
        /// Its name.
        name: String,
    },
    /// A column has the wrong type.
    #[error("column `{name}` of `{file}` has type {found}, {wanted} is needed")]
    ColumnType {
        /// The file.
        file: PathBuf,
        /// The column.
        name: String,
        /// Its type.
        found: String,
        /// What is needed.
        wanted: &'static str,
    },
    /// A row cannot be.
    #[error(
        "`{file}`: row {row}: {why} (hint: the engine's SQL is not the one of `firedrill export sql`, or it misread a column)"
    )]
    Row {
        /// The file.
        file: PathBuf,
        /// Number of the row in it, from 1; the header is none.
        row: u64,
        /// What is wrong.
        why: String,
    },
    /// The answer to a question about a part of the requests.
    #[error(
        "`{file}` is about some of the requests only, and cannot be kept (hint: `firedrill export sql` without --from, --to, --week and --origin)"
    )]
    Selection {
        /// The file.
        file: PathBuf,
    },
    /// The answer to another lake's question.
    #[error(
        "`{file}` answers the job `{id}`, which this lake does not know (hint: --lake names another lake than the one it was exported from, or `lake vacuum` forgot it: run `firedrill export sql` and its SQL again)"
    )]
    UnknownJob {
        /// The file.
        file: PathBuf,
        /// The job.
        id: String,
    },
    /// A part was compacted away meanwhile.
    #[error(
        "the lake no longer has `{part}`, which was counted (hint: it was compacted since; run `firedrill export sql` and its SQL again)"
    )]
    Replaced {
        /// Its name.
        part: String,
    },
    /// Other totals than the lake's.
    #[error(
        "`{path}` counts {found} rows, the lake has {expected} in the {parts} parts that it was asked for (hint: the engine read other files, or the lake as of another version than {version}, or two answers are in one folder; nothing was kept: run the SQL again)"
    )]
    Rows {
        /// What was imported.
        path: PathBuf,
        /// Rows that the engine counted.
        found: u64,
        /// Rows that the lake has.
        expected: u64,
        /// So many parts.
        parts: usize,
        /// Commit of the lake that was asked about.
        version: u64,
    },
    /// A row twice.
    #[error(
        "{cell} is there twice in `{path}` (hint: is the answer of an earlier run in the same folder?)"
    )]
    Twice {
        /// What was imported.
        path: PathBuf,
        /// The cell.
        cell: String,
    },
    /// A series that the lake does not have.
    #[error(
        "{series}: the engine has this series, the lake has it not (hint: the engine misread a text, or counted by another SQL; nothing was kept)"
    )]
    UnknownSeries {
        /// Its first minute and itself.
        series: String,
    },
    /// A minute that was counted here again has other cells.
    #[error(
        "{cell}: the engine has {found}, the lake {expected} (hint: the engine misread the rows, or counted by another SQL; nothing was kept)"
    )]
    Differs {
        /// The cell.
        cell: String,
        /// What the engine says.
        found: String,
        /// What the rows say.
        expected: String,
    },
}
