//! `rollup --import`: the answer of an engine is checked and kept.

use std::path::Path;

use serde::Serialize;

use super::engine::summary;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::terminal::Terminal;
use crate::lake::{Lake, LakeReader};
use crate::rollup::{Keeping, import};

/// What `rollup --import --json` prints.
#[derive(Serialize)]
struct ImportJson<'a> {
    job: &'a str,
    lake_version: u64,
    parts: usize,
    rows: u64,
    requests: u64,
    cells: u64,
    series: usize,
    recounted_minutes: usize,
    is_kept: bool,
}

/// Takes the answer at `path` back.
pub fn run(
    path: &Path,
    keeping: Keeping,
    lake: &Lake,
    reader: &LakeReader,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let imported = import(lake, reader, path, keeping)?;
    if terminal.is_json {
        terminal.json(&ImportJson {
            job: &imported.job.id,
            lake_version: imported.job.lake_version,
            parts: imported.job.parts.len(),
            rows: imported.job.rows,
            requests: imported.requests,
            cells: imported.cells,
            series: imported.series,
            recounted_minutes: imported.recounted_minutes,
            is_kept: keeping == Keeping::Keep,
        })?;
    } else {
        terminal.result(&summary(&imported, keeping))?;
    }
    Ok(ExitCode::Ok)
}
