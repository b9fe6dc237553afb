//! `rollup --cells`: what another engine would answer, counted here, row by row.

use super::RollupFormat;
use crate::cli::arguments::RollupArguments;
use crate::cli::exchange::cuts_us;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::range;
use crate::cli::report::write_text;
use crate::cli::terminal::Terminal;
use crate::lake::{Lake, LakeReader, RowFilter, export_parquet};
use crate::rollup::{CellCounter, CountJob, JobParts, RollupError, cells_csv, cells_table};

/// Prints or writes the table; without --origin of everybody.
pub fn run(
    arguments: &RollupArguments,
    lake: &Lake,
    reader: &LakeReader,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    if arguments.format == RollupFormat::Json || terminal.is_json {
        return Err(Failure::usage(
            "--cells prints CSV, or writes Parquet (hint: --format csv)",
        ));
    }
    let window = range::plain(arguments, reader)?;
    let origin = arguments
        .origin
        .map(|choice| range::origin(Some(choice), false));
    let cuts_us = cuts_us(&arguments.engine.cuts)?;
    let cuts_us = CountJob::new(lake, reader, JobParts::All, &cuts_us).cuts_us;
    let mut counter = CellCounter::new(&cuts_us);
    let filter = RowFilter {
        window: Some(window),
    };
    reader.for_each_batch(&CellCounter::columns(), filter, |batch| {
        counter.add(
            batch,
            |ts_us| window.contains(ts_us),
            |series| origin.is_none_or(|origin| origin == series.origin),
        )?;
        Ok::<(), RollupError>(())
    })?;
    let rows = counter.finish();
    let internal =
        |error: &dyn std::fmt::Display| Failure::new(ExitCode::Internal, error.to_string());
    match (arguments.format, &arguments.output) {
        (RollupFormat::Parquet, Some(path)) => {
            let table = cells_table(&rows, &cuts_us).map_err(|error| internal(&error))?;
            export_parquet(path, &table)?;
        }
        (_, output) => {
            let text = cells_csv(&rows, &cuts_us).map_err(|error| internal(&error))?;
            match output {
                Some(path) => write_text(path, &text)?,
                None => terminal.result(text.trim_end())?,
            }
        }
    }
    Ok(ExitCode::Ok)
}
