//! `ingest`: request logs into the lake, each line exactly once.
//!
//! One thread reads and cuts a source into blocks; workers parse a block and write it as one part;
//! everything of all sources becomes visible in one commit. A source is known by its content, so a
//! renamed, compressed or grown file adds only what is new.

mod parts;
mod source;

use serde::Serialize;

use super::arguments::{GlobalArguments, IngestArguments};
use super::definitions;
use super::exit_code::{ExitCode, Failure};
use super::terminal::Terminal;
use crate::access_log::{BlockCounts, LogFormat, LogInput, find_inputs};
use crate::lake::{Commit, CommitOutcome, Lake, RejectedLine};
use crate::report::text;
use crate::route::Router;

use parts::{PartSettings, SAMPLE_LINES};
use source::{SourceRead, Unread};

/// Attempts when another process ingests the same sources.
const ATTEMPTS_MAX: u32 = 10;

/// Runs the verb.
pub fn run(
    arguments: &IngestArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    if !(0.0..=1.0).contains(&arguments.max_reject) {
        return Err(Failure::usage(format!(
            "--max-reject: {} is not a share from 0 to 1",
            arguments.max_reject
        )));
    }
    let format = format(&arguments.format)?;
    let set = definitions::sli_set(arguments.sli_defs.as_deref(), None)?;
    let inputs = find_inputs(&arguments.paths)?;
    let lake = Lake::open_or_create(&global.lake)?;
    let settings = PartSettings {
        lake: &lake,
        service: arguments.service.clone(),
        router: Router::new(set.routes),
    };
    let started = std::time::Instant::now();
    let read = read_and_commit(&inputs, format, arguments, &settings, terminal)?;
    let seconds = started.elapsed().as_secs_f64();
    for source in &read.sources {
        source.assert_conserved();
    }
    print(&read, seconds, terminal)?;
    Ok(ExitCode::Ok)
}

fn format(name: &str) -> Result<Option<LogFormat>, Failure> {
    match name {
        "auto" => Ok(None),
        name => name
            .parse()
            .map(Some)
            .map_err(|message: String| Failure::usage(message)),
    }
}

/// Everything that a command read.
struct Read {
    sources: Vec<SourceRead>,
    /// Files of folders that are no logs, each with the reason.
    skipped: Vec<String>,
}

/// Reads every input and commits all of it at once; again when another process was faster.
fn read_and_commit(
    inputs: &[LogInput],
    format: Option<LogFormat>,
    arguments: &IngestArguments,
    settings: &PartSettings<'_>,
    terminal: &Terminal,
) -> Result<Read, Failure> {
    for _ in 0..ATTEMPTS_MAX {
        let mut ledger = settings.lake.reader()?.ledger().clone();
        let mut commit = Commit::new();
        let mut sources: Vec<SourceRead> = Vec::new();
        let mut skipped = Vec::new();
        for input in inputs {
            let read = source::read(input, format, &mut ledger, settings, terminal);
            let read = match read {
                Ok(read) => within_limit(read, arguments),
                Err(Unread::Failed(failure)) => Err(failure),
                Err(Unread::Skipped(message)) => {
                    skipped.push(message);
                    continue;
                }
            };
            match read {
                Ok((read, parts)) => {
                    parts.into_commit(&read, &mut commit);
                    sources.push(read);
                }
                Err(failure) => {
                    commit.discard();
                    return Err(failure);
                }
            }
        }
        if sources.is_empty() {
            let message = format!("there is no log to read\n{}", skipped.join("\n"));
            return Err(Failure::new(ExitCode::Input, message));
        }
        let read = Read { sources, skipped };
        if commit.is_empty() {
            return Ok(read);
        }
        match settings.lake.commit(commit)? {
            CommitOutcome::Committed => return Ok(read),
            CommitOutcome::SourceMoved { source_id } => {
                terminal.detail(&format!(
                    "another process ingests source {source_id}; reading again"
                ));
            }
        }
    }
    let message =
        format!("gave up after {ATTEMPTS_MAX} attempts: other processes ingest the same sources");
    Err(Failure::new(
        ExitCode::Input,
        format!("{message} (hint: run it again)"),
    ))
}

/// Refuses a source of which too large a share was rejected.
fn within_limit(
    (read, parts): (SourceRead, parts::Parts),
    arguments: &IngestArguments,
) -> Result<(SourceRead, parts::Parts), Failure> {
    let counts = read.counts;
    if counts.lines == 0 || share(counts) <= arguments.max_reject {
        return Ok((read, parts));
    }
    let sample = sample(&parts.sample(), &read.path);
    let message = format!(
        "{}: {} of {} lines were not understood as {}, more than --max-reject {} allows; nothing of this command was kept\n{sample}\nhint: --format names another format, --max-reject {:.3} accepts this",
        read.path,
        counts.rejected,
        counts.lines,
        read.format,
        arguments.max_reject,
        (share(counts) + 0.0005).min(1.0)
    );
    parts.discard();
    Err(Failure::new(ExitCode::Input, message))
}

#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
fn share(counts: BlockCounts) -> f64 {
    counts.rejected as f64 / counts.lines as f64
}

fn sample(lines: &[RejectedLine], path: &str) -> String {
    let shown = lines.iter().take(SAMPLE_LINES).map(|line| {
        let beginning: String = line.text.chars().take(120).collect();
        format!(
            "  {path}:{}: {}: {}",
            line.line_number,
            line.reason,
            text::harmless(&beginning)
        )
    });
    shown.collect::<Vec<_>>().join("\n")
}

/// What `--json` prints of one source.
#[derive(Serialize)]
struct SourceJson<'a> {
    path: &'a str,
    source_id: &'a str,
    format: &'a str,
    lines: u64,
    records: u64,
    rejected: u64,
    blank: u64,
    already_ingested_lines: u64,
    bytes: u64,
    unfinished_bytes: u64,
}

/// What `--json` prints of all sources.
#[derive(Serialize, Default)]
struct TotalsJson {
    lines: u64,
    records: u64,
    rejected: u64,
    blank: u64,
    already_ingested_lines: u64,
    bytes: u64,
    seconds: f64,
}

#[derive(Serialize)]
struct IngestJson<'a> {
    sources: Vec<SourceJson<'a>>,
    skipped: &'a [String],
    totals: TotalsJson,
}

fn print(read: &Read, seconds: f64, terminal: &Terminal) -> Result<(), Failure> {
    let sources = &read.sources;
    for message in &read.skipped {
        terminal.note(&format!("skipped {message}"));
    }
    let mut totals = TotalsJson {
        seconds,
        ..TotalsJson::default()
    };
    let mut rows = Vec::new();
    for source in sources {
        let row = SourceJson {
            path: &source.path,
            source_id: &source.source_id,
            format: &source.format,
            lines: source.counts.lines + source.already_ingested_lines,
            records: source.counts.records,
            rejected: source.counts.rejected,
            blank: source.counts.blank,
            already_ingested_lines: source.already_ingested_lines,
            bytes: source.bytes,
            unfinished_bytes: source.unfinished_bytes,
        };
        totals.lines += row.lines;
        totals.records += row.records;
        totals.rejected += row.rejected;
        totals.blank += row.blank;
        totals.already_ingested_lines += row.already_ingested_lines;
        totals.bytes += row.bytes;
        rows.push(row);
    }
    for source in sources {
        let shown = sample(&source.rejects, &source.path);
        if !shown.is_empty() {
            terminal.note(&format!("not understood, kept in `rejects/`:\n{shown}"));
        }
        if source.unfinished_bytes > 0 {
            terminal.note(&format!(
                "{}: its last {} bytes are no whole line yet; they are read when the line is finished",
                source.path, source.unfinished_bytes
            ));
        }
    }
    if terminal.is_json {
        return terminal.json(&IngestJson {
            sources: rows,
            skipped: &read.skipped,
            totals,
        });
    }
    if terminal.is_quiet {
        return Ok(());
    }
    let headings = [
        "source",
        "format",
        "lines",
        "records",
        "rejected",
        "blank",
        "already ingested",
    ];
    let mut table = terminal.table(&headings);
    for row in &rows {
        table.add_row(vec![
            text::harmless(row.path).into_owned(),
            row.format.to_owned(),
            text::count(row.lines),
            text::count(row.records),
            text::count(row.rejected),
            text::count(row.blank),
            text::count(row.already_ingested_lines),
        ]);
    }
    terminal.result(&table.trim_fmt())?;
    terminal.result(&format!(
        "\n{} lines = {} records + {} rejected + {} blank + {} already ingested, in {seconds:.1} s",
        text::count(totals.lines),
        text::count(totals.records),
        text::count(totals.rejected),
        text::count(totals.blank),
        text::count(totals.already_ingested_lines)
    ))
}
