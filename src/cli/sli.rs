//! `sli`: SLI values of what is in the lake.

mod parts;

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::error::ArrowError;
use serde::Serialize;

use super::arguments::{ByChoice, GlobalArguments, SliArguments, SliFormat};
use super::contacts::{self, PredictedContactsJson};
use super::csv;
use super::exit_code::{ExitCode, Failure};
use super::page;
use super::range::{self, Against, Judged};
use super::report::write_text;
use super::terminal::Terminal;
use crate::lake::{Lake, export_parquet};
use crate::sli::{SliSeries, SliState, SliWindow};
use crate::time_window::{US_PER_S, rfc3339};
use parts::{parts, table};

/// Runs the verb.
pub fn run(
    arguments: &SliArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    check(arguments)?;
    let lake = Lake::open(&global.lake)?;
    if let Some(by) = arguments.by {
        return by_part(arguments, by, &lake, terminal);
    }
    let mut judged = range::judge(&arguments.range, &lake)?;
    let (defs, thresholds) = (
        arguments.range.defs.as_deref(),
        arguments.range.thresholds.as_deref(),
    );
    contacts::foresee(&mut judged, defs, thresholds, terminal)?;
    let format = match terminal.is_json {
        true => SliFormat::Json,
        false => arguments.format,
    };
    match (format, &arguments.output) {
        (SliFormat::Json, None) => terminal.json(&json(&judged))?,
        (SliFormat::Json, Some(path)) => {
            write_text(path, &serde_json::to_string_pretty(&json(&judged))?)?;
        }
        (SliFormat::Csv | SliFormat::Parquet, None) => {
            terminal.result(csv_text(&judged).trim_end())?;
        }
        (SliFormat::Csv, Some(path)) => write_text(path, &csv_text(&judged))?,
        (SliFormat::Parquet, Some(path)) => {
            let table = windows_table(&judged)
                .map_err(|error| Failure::new(ExitCode::Internal, error.to_string()))?;
            export_parquet(path, &table)?;
        }
        (SliFormat::Table, None) => {
            terminal.result(&table_text(&judged, terminal)?)?;
        }
        (SliFormat::Table, Some(path)) => {
            write_text(path, &table_text(&judged, terminal)?)?;
        }
    }
    Ok(exit_code(&judged.series))
}

/// Judges the whole, and each part of the same rows on its own.
fn by_part(
    arguments: &SliArguments,
    by: ByChoice,
    lake: &Lake,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let reader = lake.reader()?;
    let judged = range::judge_rows(&arguments.range, Against::Nothing, lake, &reader)?;
    let parts = parts(&judged, by, lake, &reader)?;
    let is_json = terminal.is_json || arguments.format == SliFormat::Json;
    match (is_json, &arguments.output) {
        (true, None) => terminal.json(&parts)?,
        (true, Some(path)) => write_text(path, &serde_json::to_string_pretty(&parts)?)?,
        (false, None) => terminal.result(&table(&judged, by, &parts))?,
        (false, Some(path)) => write_text(path, &table(&judged, by, &parts))?,
    }
    Ok(exit_code(&judged.series))
}

/// The table, and below it the support contacts that are predicted.
fn table_text(judged: &Judged, terminal: &Terminal) -> Result<String, Failure> {
    let page = page::page(judged)?;
    let contacts = page
        .contacts
        .as_ref()
        .map_or_else(String::new, |part| format!("\n\n{}", part.sentence));
    Ok(terminal.sli_table(&page) + &contacts)
}

fn check(arguments: &SliArguments) -> Result<(), Failure> {
    match (arguments.format, &arguments.output, arguments.by) {
        (SliFormat::Parquet, None, _) => Err(Failure::usage(
            "a Parquet table goes to a file (hint: -o FILE.parquet)",
        )),
        (SliFormat::Csv | SliFormat::Parquet, _, Some(_)) => Err(Failure::usage(
            "--by prints a table or JSON (hint: `firedrill rollup --by … --format csv` has the counts)",
        )),
        _ => Ok(()),
    }
}

/// One row per SLI and window.
fn windows_table(judged: &Judged) -> Result<RecordBatch, ArrowError> {
    let rows = || {
        let series = judged.series.iter();
        series.flat_map(|series| series.windows.iter().map(move |window| (series, window)))
    };
    let texts = |pick: &dyn Fn(&SliSeries, &SliWindow) -> String| -> ArrayRef {
        let texts = rows().map(|(series, window)| pick(series, window));
        Arc::new(StringArray::from_iter_values(texts))
    };
    let numbers = |pick: &dyn Fn(&SliWindow) -> Option<f64>| -> ArrayRef {
        Arc::new(
            rows()
                .map(|(_, window)| pick(window))
                .collect::<Float64Array>(),
        )
    };
    let counts = |pick: &dyn Fn(&SliWindow) -> u64| -> ArrayRef {
        let counts = rows().map(|(_, window)| i64::try_from(pick(window)).unwrap_or(i64::MAX));
        Arc::new(Int64Array::from_iter_values(counts))
    };
    let lengths = rows().map(|(series, _)| series.window_us / US_PER_S);
    let starts = rows().map(|(_, window)| window.start_us);
    let starts = TimestampMicrosecondArray::from_iter_values(starts).with_timezone("UTC");
    RecordBatch::try_from_iter_with_nullable([
        ("sli", texts(&|series, _| series.name.clone()), false),
        ("kind", texts(&|series, _| series.kind.to_owned()), false),
        ("unit", texts(&|series, _| word(&series.unit)), false),
        ("window_start", Arc::new(starts) as ArrayRef, false),
        ("value", numbers(&|window| window.value), true),
        (
            "interval_low",
            numbers(&|window| window.interval.map(|[low, _]| low)),
            true,
        ),
        (
            "interval_high",
            numbers(&|window| window.interval.map(|[_, high]| high)),
            true,
        ),
        ("good", counts(&|window| window.good), false),
        ("valid", counts(&|window| window.valid), false),
        ("count", counts(&|window| window.count), false),
        ("state", texts(&|_, window| word(&window.state)), false),
        (
            "window_s",
            Arc::new(Int64Array::from_iter_values(lengths)) as ArrayRef,
            false,
        ),
        (
            "definition_sha256",
            texts(&|series, _| series.definition_sha256.clone()),
            false,
        ),
    ])
}

/// Missed SLIs are an exit code of 1; missing data is said, and is no failure of a question.
pub fn exit_code(series: &[SliSeries]) -> ExitCode {
    let is_missed = series.iter().any(|series| series.state == SliState::Missed);
    if is_missed {
        ExitCode::Missed
    } else {
        ExitCode::Ok
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct SliJson<'a> {
    from: String,
    to: String,
    /// Of the set; each SLI has its own beside its windows.
    window_s: i64,
    origin: &'a str,
    definition_sha256: &'a str,
    slis: &'a [SliSeries],
    predicted_contacts: PredictedContactsJson,
}

fn json(judged: &Judged) -> SliJson<'_> {
    SliJson {
        from: rfc3339(judged.scope.range.start_us),
        to: rfc3339(judged.scope.range.end_us),
        window_s: judged.scope.window_us / US_PER_S,
        origin: judged.origin.as_str(),
        definition_sha256: &judged.set.sha256,
        slis: &judged.series,
        predicted_contacts: PredictedContactsJson::of(judged),
    }
}

/// One line per SLI and window; names are identifiers of the SLI set.
fn csv_text(judged: &Judged) -> String {
    use std::fmt::Write;
    let mut text = "sli,kind,unit,window_start,value,good,valid,count,state,window_s\n".to_owned();
    for series in &judged.series {
        for window in &series.windows {
            let value = window
                .value
                .map_or_else(String::new, |value| value.to_string());
            // Writing to a `String` never fails.
            let _ = writeln!(
                text,
                "{},{},{},{},{value},{},{},{},{},{}",
                csv::field(&series.name),
                series.kind,
                word(&series.unit),
                rfc3339(window.start_us),
                window.good,
                window.valid,
                window.count,
                word(&window.state),
                series.window_us / US_PER_S
            );
        }
    }
    text
}

/// The name that serde gives a unit variant.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
