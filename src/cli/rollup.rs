//! `rollup`: counts and percentiles per window and whatever requests are counted apart by; counted here,
//! or by another engine whose answer is kept.

mod cells;
mod engine;
mod process;
mod taking_back;

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use serde::Serialize;

use super::arguments::{ByChoice, GlobalArguments, RollupArguments, RollupFormat};
use super::csv;
use super::exit_code::{ExitCode, Failure};
use super::range;
use super::report::write_text;
use super::terminal::Terminal;
use crate::lake::{Lake, LakeReader, export_parquet};
use crate::request_record::Origin;
use crate::rollup::{Dimension, Keeping, Rollup, RollupPlan, RollupRow, Segments, SeriesKey, scan};
use crate::time_window::rfc3339;

/// Windows of counts that are kept, µs.
const MINUTE_US: i64 = 60_000_000;
/// The percentiles of the table.
const QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];
const QUANTILE_NAMES: [&str; 3] = ["p50_us", "p95_us", "p99_us"];

/// A row; many have the same key.
type Row = RollupRow<Arc<[String]>>;

/// Runs the verb.
pub fn run(
    arguments: &RollupArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    check(arguments)?;
    let lake = Lake::open(&global.lake)?;
    let reader = lake.reader()?;
    if let Some(path) = &arguments.engine.import {
        let keeping = match arguments.engine.dry_run {
            true => Keeping::CheckOnly,
            false => Keeping::Keep,
        };
        return taking_back::run(path, keeping, &lake, &reader, terminal);
    }
    if arguments.engine.cells {
        return cells::run(arguments, &lake, &reader, terminal);
    }
    let rollup = match engine::is_asked(&arguments.engine) {
        true => counted_elsewhere(arguments, &lake, terminal)?,
        false => counted_here(arguments, &reader)?,
    };
    let wanted = |series: &SeriesKey| -> Arc<[String]> {
        arguments.by.iter().map(|by| by.value(series)).collect()
    };
    print(arguments, terminal, &rollup.table(wanted, &QUANTILES))
}

fn counted_here(arguments: &RollupArguments, reader: &LakeReader) -> Result<Rollup, Failure> {
    let range = range::plain(arguments, reader)?;
    let origin = range::origin(arguments.origin, false);
    let plan = RollupPlan::new(range::whole_seconds(&arguments.window)?, Vec::new());
    let dimensions: Vec<Dimension> = arguments.by.iter().map(|by| by.dimension()).collect();
    Ok(scan(reader, &plan, &dimensions, range, |series| {
        series.origin == origin
    })?)
}

/// The same from the counts that an engine made and the lake keeps.
fn counted_elsewhere(
    arguments: &RollupArguments,
    lake: &Lake,
    terminal: &Terminal,
) -> Result<Rollup, Failure> {
    let window_us = range::whole_seconds(&arguments.window)?;
    if window_us % MINUTE_US != 0 {
        return Err(Failure::usage(format!(
            "--window: `{}` is no whole number of minutes, which is what engines count (hint: leave out --engine to count here)",
            arguments.window
        )));
    }
    // What is wrong with a time is said before an engine works for hours.
    range::whole_minutes(arguments, None)?;
    engine::count(&arguments.engine, lake, terminal)?;
    let reader = lake.reader()?;
    let segments = Segments::refresh(lake, &reader)?;
    let origin = range::origin(arguments.origin, false);
    let extents = Origin::ALL
        .into_iter()
        .filter_map(|origin| segments.extent_us(origin));
    let extent = extents.reduce(|(from, to), (low, high)| (from.min(low), to.max(high)));
    let range = range::whole_minutes(arguments, extent)?;
    let plan = RollupPlan::new(window_us, Vec::new());
    Ok(segments.rollup(plan, range, |series| series.origin == origin)?)
}

fn print(
    arguments: &RollupArguments,
    terminal: &Terminal,
    rows: &[Row],
) -> Result<ExitCode, Failure> {
    match (terminal.is_json, arguments.format, &arguments.output) {
        (true, ..) => terminal.json(&json(rows, &arguments.by))?,
        (false, RollupFormat::Parquet, Some(path)) => {
            let table = table(rows, &arguments.by)
                .map_err(|error| Failure::new(ExitCode::Internal, error.to_string()))?;
            export_parquet(path, &table)?;
        }
        (false, RollupFormat::Json, Some(path)) => {
            let text = serde_json::to_string_pretty(&json(rows, &arguments.by))?;
            write_text(path, &text)?;
        }
        (false, RollupFormat::Csv, Some(path)) => write_text(path, &csv_text(rows, &arguments.by))?,
        (false, RollupFormat::Json, None) => terminal.json(&json(rows, &arguments.by))?,
        (false, RollupFormat::Csv | RollupFormat::Parquet, None) => {
            terminal.result(csv_text(rows, &arguments.by).trim_end())?;
        }
    }
    Ok(ExitCode::Ok)
}

fn check(arguments: &RollupArguments) -> Result<(), Failure> {
    if arguments.format == RollupFormat::Parquet && arguments.output.is_none() {
        return Err(Failure::usage(
            "a Parquet table goes to a file (hint: -o FILE.parquet)".to_owned(),
        ));
    }
    Ok(())
}

impl ByChoice {
    fn dimension(self) -> Dimension {
        match self {
            ByChoice::Service => Dimension::Service,
            ByChoice::Method => Dimension::Method,
            ByChoice::Route => Dimension::Route,
            ByChoice::Status => Dimension::Status,
            ByChoice::StatusClass => Dimension::StatusClass,
            ByChoice::Client => Dimension::ClientClass,
            ByChoice::Channel => Dimension::Channel,
            ByChoice::Run => Dimension::Run,
        }
    }

    /// The column that it becomes.
    pub fn name(self) -> &'static str {
        match self {
            ByChoice::Service => "service",
            ByChoice::Method => "method",
            ByChoice::Route => "route",
            ByChoice::Status => "status",
            ByChoice::StatusClass => "status_class",
            ByChoice::Client => "client",
            ByChoice::Channel => "channel",
            ByChoice::Run => "run",
        }
    }

    /// What a series has of it; empty where it has none.
    pub fn value(self, series: &SeriesKey) -> String {
        match self {
            ByChoice::Service => series.service.clone(),
            ByChoice::Method => series.method.clone(),
            ByChoice::Route => series.route.clone(),
            ByChoice::Status if series.status == 0 => "none".to_owned(),
            ByChoice::Status => series.status.to_string(),
            ByChoice::StatusClass if series.status == 0 => "none".to_owned(),
            ByChoice::StatusClass => format!("{}xx", series.status / 100),
            ByChoice::Client => series.client_class.clone(),
            ByChoice::Channel => series.channel.clone(),
            ByChoice::Run => series.run_id.clone(),
        }
    }
}

/// One row, as JSON.
#[derive(Serialize)]
struct RowJson<'a> {
    start: String,
    by: std::collections::BTreeMap<&'static str, &'a str>,
    count: u64,
    count_with_latency: u64,
    p50_us: Option<u64>,
    p95_us: Option<u64>,
    p99_us: Option<u64>,
}

fn json<'a>(rows: &'a [Row], by: &[ByChoice]) -> Vec<RowJson<'a>> {
    let rows = rows.iter().map(|row| {
        let texts = row.key.iter().map(String::as_str);
        RowJson {
            start: rfc3339(row.start_us),
            by: by.iter().map(|by| by.name()).zip(texts).collect(),
            count: row.count,
            count_with_latency: row.count_with_latency,
            p50_us: row.quantiles_us[0],
            p95_us: row.quantiles_us[1],
            p99_us: row.quantiles_us[2],
        }
    });
    rows.collect()
}

fn csv_text(rows: &[Row], by: &[ByChoice]) -> String {
    use std::fmt::Write;
    let names = by.iter().map(|by| by.name());
    let mut header: Vec<&str> = vec!["start"];
    header.extend(names);
    header.extend(["count", "count_with_latency"]);
    header.extend(QUANTILE_NAMES);
    let mut text = header.join(",");
    text.push('\n');
    for row in rows {
        text.push_str(&rfc3339(row.start_us));
        for value in row.key.iter() {
            text.push(',');
            text.push_str(&csv::field(value));
        }
        // Writing to a `String` never fails.
        let _ = write!(text, ",{},{}", row.count, row.count_with_latency);
        for quantile in &row.quantiles_us {
            text.push(',');
            if let Some(us) = quantile {
                let _ = write!(text, "{us}");
            }
        }
        text.push('\n');
    }
    text
}

fn table(rows: &[Row], by: &[ByChoice]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let starts = rows.iter().map(|row| row.start_us);
    let starts = TimestampMicrosecondArray::from_iter_values(starts).with_timezone("UTC");
    let mut columns: Vec<(&str, ArrayRef)> = vec![("start", Arc::new(starts))];
    for (index, by) in by.iter().enumerate() {
        let texts = rows.iter().map(|row| row.key[index].as_str());
        columns.push((by.name(), Arc::new(StringArray::from_iter_values(texts))));
    }
    let long = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let count = |pick: fn(&Row) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(
            rows.iter().map(|row| long(pick(row))),
        ))
    };
    columns.push(("count", count(|row| row.count)));
    columns.push(("count_with_latency", count(|row| row.count_with_latency)));
    for (index, name) in QUANTILE_NAMES.into_iter().enumerate() {
        let values = rows.iter().map(|row| row.quantiles_us[index].map(long));
        columns.push((name, Arc::new(values.collect::<Int64Array>())));
    }
    RecordBatch::try_from_iter(columns)
}
