//! The rollup, counted by another engine: what it is asked for, and what is done with its answer.
//!
//! In: a [`CountJob`], which is a list of parts and latency cuts, and files in which an engine left a row
//! per minute, series and latency bucket ([`KEY_COLUMNS`]). Out: the same kept batch of cells that counting
//! here would have made, or a refusal. An engine is believed when its rows are as many as the lake's and
//! some minutes, counted here again, are the same cell by cell. Nothing is kept before all is checked.

mod cell_rows;
mod job;
mod keep;
mod problem;
mod recount;
mod result_file;
mod totals;

use std::collections::HashMap;
use std::path::Path;

pub use cell_rows::{
    CellCounter, CellRow, JOB_COLUMN, KEY_COLUMNS, NO_LATENCY, SUM_COLUMNS, cells_csv, cells_table,
    within_column,
};
pub(super) use job::JOB_PREFIX;
pub use job::{CountJob, JobParts, SELECTION_JOB};
pub use problem::ImportError;

use crate::lake::{Lake, LakeReader, PartFile};
use result_file::ResultFiles;
use totals::Totals;

/// What was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What the engine was asked for.
    pub job: CountJob,
    /// Rows of its answer: one per minute, series and latency bucket.
    pub cells: u64,
    /// Series that occur.
    pub series: usize,
    /// Requests, which are more than rows where a log is sampled.
    pub requests: u64,
    /// Minutes that were counted here again and were the same.
    pub recounted_minutes: usize,
}

/// What to do with an answer that is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// Keep it: every later question is answered from it.
    Keep,
    /// Only say whether it is right.
    CheckOnly,
}

/// Takes the answer of an engine back: a `.parquet` or `.csv` file, or a folder of them.
///
/// # Errors
/// When it is not the answer to a job of this lake, its counts are not those of the lake's rows, or the
/// disk refuses. The lake then has what it had before.
pub fn import(
    lake: &Lake,
    reader: &LakeReader,
    path: &Path,
    keeping: Keeping,
) -> Result<Imported, ImportError> {
    let files = ResultFiles::find(path)?;
    let job = job_of(lake, &files)?;
    let parts = parts_of(&job, reader)?;
    let minutes = recount::minutes(&job, &parts);
    let totals = Totals::read(&files, &job, &minutes)?;
    totals.check(path, &job, &parts)?;
    recount::check_series(reader, &parts, &totals)?;
    recount::compare(reader, &parts, &job, &minutes, &totals.sample)?;
    let extents = recount::extents(reader, &parts, &totals.minutes_of_origins)?;
    let imported = Imported {
        cells: totals.cells,
        series: totals.table.series().len(),
        requests: totals.requests,
        recounted_minutes: minutes.len(),
        job,
    };
    keep::keep(lake, &files, &imported.job, &totals, extents, keeping)?;
    Ok(imported)
}

/// The job that the files answer, as their first row says.
fn job_of(lake: &Lake, files: &ResultFiles) -> Result<CountJob, ImportError> {
    let (file, id) = files.job_id()?;
    if id == SELECTION_JOB {
        return Err(ImportError::Selection { file });
    }
    CountJob::find(lake, &id).ok_or(ImportError::UnknownJob { file, id })
}

/// The parts of a job, all of which must be in the lake still.
fn parts_of<'r>(job: &CountJob, reader: &'r LakeReader) -> Result<Vec<&'r PartFile>, ImportError> {
    let files = reader.files().iter();
    let by_name: HashMap<String, &PartFile> = files.map(|part| (part.name(), part)).collect();
    let parts = job.parts.iter().map(|name| {
        by_name
            .get(name)
            .copied()
            .ok_or_else(|| ImportError::Replaced { part: name.clone() })
    });
    parts.collect()
}
