//! `export sql`: the SQL by which another engine counts, and the list of what it counts.

use serde::Serialize;

use crate::cli::arguments::{
    CutArguments, DialectChoice, ExportSqlArguments, GlobalArguments, SourceChoice,
};
use crate::cli::definitions;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::range;
use crate::cli::report::write_text;
use crate::cli::terminal::Terminal;
use crate::exchange::{RollupSql, SqlPlace, rollup_sql};
use crate::lake::Lake;
use crate::rollup::{CountJob, JobParts, SELECTION_JOB};
use crate::time_window::zone;

/// How an engine reads a lake.
#[derive(Debug, Clone, Copy)]
pub struct SqlTarget<'a> {
    /// In whose SQL.
    pub dialect: DialectChoice,
    /// Log or files; `None` leaves it to the dialect.
    pub source: Option<SourceChoice>,
    /// A table that the engine knows.
    pub table: Option<&'a str>,
    /// The folder of the table as the engine sees it.
    pub folder: &'a str,
}

/// What `export sql --json` prints.
#[derive(Serialize)]
struct SqlJson<'a> {
    format: &'static str,
    text: Option<&'a str>,
    output: Option<String>,
    /// Name of the job; `None` where the answer cannot be imported.
    job: Option<&'a str>,
    lake_version: u64,
    parts: usize,
    rows: u64,
    cuts_us: &'a [u64],
}

/// Runs the verb.
pub fn export(
    arguments: &ExportSqlArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let lake = Lake::open(&global.lake)?;
    let reader = lake.reader()?;
    let parts = match arguments.new_only {
        true => JobParts::Uncounted,
        false => JobParts::All,
    };
    let job = CountJob::new(&lake, &reader, parts, &cuts_us(&arguments.cuts)?);
    if job.is_empty() {
        let hint = match arguments.new_only {
            true => "everything was counted already; without --new-only it is counted anew",
            false => "`firedrill ingest FILE` fills it",
        };
        return Err(Failure::new(
            ExitCode::Input,
            format!("there is nothing to count in this lake (hint: {hint})"),
        ));
    }
    let folder = folder(&lake, arguments.location.as_deref());
    let target = SqlTarget {
        dialect: arguments.dialect,
        source: arguments.source,
        table: arguments.table.as_deref(),
        folder: &folder,
    };
    let place = place(target, &job);
    let is_listed = arguments.list.is_some() || matches!(place, SqlPlace::Files { .. });
    if arguments.new_only && !is_listed {
        return Err(Failure::usage(
            "--new-only asks for some files of the table, and this SQL reads all of it (hint: --source files)",
        ));
    }
    let minutes = minutes(arguments)?;
    let origin = arguments
        .origin
        .map(|choice| range::origin(Some(choice), false));
    let is_selection = minutes.is_some() || origin.is_some();
    let sql = rollup_sql(&RollupSql {
        dialect: arguments.dialect.dialect(),
        place,
        minutes,
        origin,
        cuts_us: &job.cuts_us,
        job: if is_selection { SELECTION_JOB } else { &job.id },
        into: arguments.into.as_deref(),
    })?;
    if let Some(path) = &arguments.list {
        let lines = job.parts.iter().map(|name| format!("{folder}/{name}\n"));
        write_text(path, &lines.collect::<String>())?;
    }
    if !is_selection && let Err(error) = job.keep(&lake) {
        terminal.note(&format!(
            "note: the answer cannot be imported: this lake cannot be written to: {error}"
        ));
    }
    let text = format!("{}{sql}", heading(&job, is_selection));
    print(arguments, terminal, &job, is_selection, &text)
}

fn print(
    arguments: &ExportSqlArguments,
    terminal: &Terminal,
    job: &CountJob,
    is_selection: bool,
    text: &str,
) -> Result<ExitCode, Failure> {
    if let Some(path) = &arguments.output {
        write_text(path, text)?;
    }
    if terminal.is_json {
        let output = arguments.output.as_ref();
        terminal.json(&SqlJson {
            format: "sql",
            text: output.is_none().then_some(text),
            output: output.map(|path| path.display().to_string()),
            job: (!is_selection).then_some(job.id.as_str()),
            lake_version: job.lake_version,
            parts: job.parts.len(),
            rows: job.rows,
            cuts_us: &job.cuts_us,
        })?;
    } else if arguments.output.is_none() {
        terminal.result(text.trim_end())?;
    }
    Ok(ExitCode::Ok)
}

/// What a reader of the file should know.
fn heading(job: &CountJob, is_selection: bool) -> String {
    let back = match is_selection {
        true => "About some of the requests only: the answer cannot be imported.".to_owned(),
        false => format!(
            "Job {}. Take the answer back with: firedrill rollup --import FILE",
            job.id
        ),
    };
    format!(
        "-- The rollup of a firedrill lake as of version {}: {} rows in {} files.\n-- {back}\n",
        job.lake_version,
        job.rows,
        job.parts.len(),
    )
}

fn minutes(arguments: &ExportSqlArguments) -> Result<Option<std::ops::Range<i64>>, Failure> {
    let zone = zone(&arguments.tz)?;
    let bound = |text: &Option<String>, option: &str, default: i64| match text {
        Some(text) => range::minute_at(text, option, &zone),
        None => Ok(default),
    };
    if arguments.from.is_none() && arguments.to.is_none() {
        return Ok(None);
    }
    let start = bound(&arguments.from, "--from", i64::from(i32::MIN))?;
    let end = bound(&arguments.to, "--to", i64::from(i32::MAX))?;
    match start < end {
        true => Ok(Some(start..end)),
        false => Err(Failure::usage("--from is not before --to")),
    }
}

/// The latency limits that are to be counted exactly, µs.
pub fn cuts_us(arguments: &CutArguments) -> Result<Vec<u64>, Failure> {
    let set = definitions::sli_set(arguments.defs.as_deref(), None)?;
    let own = arguments.cut.iter().map(|cut| cut.as_us());
    Ok(set.cuts_us().into_iter().chain(own).collect())
}

/// The folder of the table as the engine sees it.
pub fn folder(lake: &Lake, location: Option<&str>) -> String {
    match location {
        Some(location) => format!("{}/requests", location.trim_end_matches('/')),
        None => format!("{}/requests", lake.root().display()),
    }
}

/// Where the engine finds the parts of a job.
pub fn place<'a>(target: SqlTarget<'a>, job: &'a CountJob) -> SqlPlace<'a> {
    let usual = match target.dialect {
        DialectChoice::Duckdb | DialectChoice::Clickhouse => SourceChoice::Files,
        DialectChoice::Spark
        | DialectChoice::Trino
        | DialectChoice::Athena
        | DialectChoice::Bigquery => SourceChoice::Delta,
    };
    match (target.source, target.table) {
        (Some(SourceChoice::Files), table) => SqlPlace::Files {
            folder: target.folder,
            names: &job.parts,
            table,
        },
        (_, Some(name)) => SqlPlace::Table {
            name,
            version: Some(job.lake_version),
        },
        (source, None) => match source.unwrap_or(usual) {
            SourceChoice::Files => SqlPlace::Files {
                folder: target.folder,
                names: &job.parts,
                table: None,
            },
            SourceChoice::Delta => SqlPlace::Delta {
                folder: target.folder,
                version: job.lake_version,
            },
        },
    }
}
