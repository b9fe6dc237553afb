//! What `ingest` prints: sources, totals that add up, a sample of what was not understood.

use serde::Serialize;

use super::parts::SAMPLE_LINES;
use super::round::Outcome;
use super::source::SourceRead;
use crate::access_log::BlockCounts;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::terminal::Terminal;
use crate::lake::RejectedLine;
use crate::report::text;

/// Characters of a path in a table.
const PATH_CHARACTERS_MAX: usize = 27;
/// Sources that a table shows; `--json` has all.
const ROWS_MAX: usize = 50;

/// Rejected lines ÷ lines.
#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
pub fn reject_share(counts: BlockCounts) -> f64 {
    counts.rejected as f64 / counts.lines as f64
}

/// Why a source is refused of which too large a share was rejected.
pub fn too_many_rejects(read: &SourceRead, sample: &[RejectedLine]) -> Failure {
    let counts = read.counts;
    let message = format!(
        "{}: {} of {} lines were not understood as {}, more than --max-reject allows; nothing of it was kept\n{}\nhint: --format names another format, --max-reject {:.3} accepts this",
        read.path,
        counts.rejected,
        counts.lines,
        short(&read.format),
        shown(sample, &read.path),
        (reject_share(counts) + 0.0005).min(1.0)
    );
    Failure::new(ExitCode::Input, message)
}

/// The telling end of a path that is too long for a table.
fn end_of(path: &str) -> String {
    let length = path.chars().count();
    if length <= PATH_CHARACTERS_MAX {
        return path.to_owned();
    }
    let end: String = path
        .chars()
        .skip(length - PATH_CHARACTERS_MAX + 1)
        .collect();
    format!("…{end}")
}

/// A pasted format is too long for tables and messages.
fn short(format: &str) -> &str {
    if format.contains(['$', '%']) {
        "the pasted one"
    } else {
        format
    }
}

fn shown(lines: &[RejectedLine], path: &str) -> String {
    let shown = lines.iter().take(SAMPLE_LINES).map(|line| {
        let beginning: String = line.text.chars().take(120).collect();
        format!(
            "  {}:{}: {}: {}",
            text::harmless(path),
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

impl<'a> SourceJson<'a> {
    fn new(source: &'a SourceRead) -> Self {
        // Lines whose row key was there already are part of what was read now, too.
        let before = source.already_ingested_lines - source.counts.duplicates;
        Self {
            path: &source.path,
            source_id: &source.source_id,
            format: &source.format,
            lines: source.counts.lines + before,
            records: source.counts.records,
            rejected: source.counts.rejected,
            blank: source.counts.blank,
            already_ingested_lines: source.already_ingested_lines,
            bytes: source.bytes,
            unfinished_bytes: source.unfinished_bytes,
        }
    }
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

impl TotalsJson {
    fn new(rows: &[SourceJson<'_>], seconds: f64) -> Self {
        let mut totals = Self {
            seconds,
            ..Self::default()
        };
        for row in rows {
            totals.lines += row.lines;
            totals.records += row.records;
            totals.rejected += row.rejected;
            totals.blank += row.blank;
            totals.already_ingested_lines += row.already_ingested_lines;
            totals.bytes += row.bytes;
        }
        assert_eq!(
            totals.lines,
            totals.records + totals.rejected + totals.blank + totals.already_ingested_lines,
            "lines were lost on the way to the summary"
        );
        totals
    }
}

#[derive(Serialize)]
struct IngestJson<'a> {
    sources: &'a [SourceJson<'a>],
    skipped: Vec<&'a str>,
    failed: Vec<&'a str>,
    totals: TotalsJson,
}

/// Prints what became of the inputs.
pub fn print(
    outcome: &Outcome,
    failures: &[Failure],
    seconds: f64,
    terminal: &Terminal,
) -> Result<(), Failure> {
    notes(outcome, terminal);
    if outcome.sources.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = outcome.sources.iter().map(SourceJson::new).collect();
    let totals = TotalsJson::new(&rows, seconds);
    if terminal.is_json {
        return terminal.json(&IngestJson {
            sources: &rows,
            skipped: skipped(outcome),
            failed: failures.iter().map(|failure| &*failure.message).collect(),
            totals,
        });
    }
    if terminal.is_quiet {
        return Ok(());
    }
    print_table(&rows, terminal)?;
    terminal.result(&format!(
        "\n{} lines = {} records + {} rejected + {} blank + {} already ingested, in {seconds:.1} s",
        text::count(totals.lines),
        text::count(totals.records),
        text::count(totals.rejected),
        text::count(totals.blank),
        text::count(totals.already_ingested_lines)
    ))
}

fn print_table(rows: &[SourceJson<'_>], terminal: &Terminal) -> Result<(), Failure> {
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
    for row in rows.iter().take(ROWS_MAX) {
        table.add_row(vec![
            text::harmless(&end_of(row.path)).into_owned(),
            text::harmless(short(row.format)).into_owned(),
            text::count(row.lines),
            text::count(row.records),
            text::count(row.rejected),
            text::count(row.blank),
            text::count(row.already_ingested_lines),
        ]);
    }
    terminal.result(&table.trim_fmt())?;
    if rows.len() > ROWS_MAX {
        let more = rows.len() - ROWS_MAX;
        terminal.result(&format!("… and {more} more (all of them: --json)"))?;
    }
    Ok(())
}

/// Why files of folders were left out.
pub fn skipped(outcome: &Outcome) -> Vec<&str> {
    outcome
        .skipped
        .iter()
        .map(|(_, why)| why.as_str())
        .collect()
}

fn notes(outcome: &Outcome, terminal: &Terminal) {
    for message in skipped(outcome) {
        terminal.note(&format!("skipped {}", text::harmless(message)));
    }
    for source in &outcome.sources {
        let sample = shown(&source.rejects, &source.path);
        if !sample.is_empty() {
            terminal.note(&format!(
                "not understood, kept in the lake (`firedrill lake rejects` lists all):\n{sample}"
            ));
        }
        if let Some(asked) = &source.ignored_format {
            terminal.note(&format!(
                "{}: it was read as {} before and stays so, --format {} changes nothing (hint: ingest it into another --lake)",
                text::harmless(&source.path),
                short(&source.format),
                short(asked)
            ));
        }
        if source.unfinished_bytes > 0 {
            terminal.note(&format!(
                "{}: its last {} bytes are no whole line yet; they are read when the line is finished",
                text::harmless(&source.path),
                source.unfinished_bytes
            ));
        }
    }
}

/// Says once that times had no zone.
pub fn note_zone(outcome: &Outcome, terminal: &Terminal) {
    let local = outcome.sources.iter().find(|source| source.read_local);
    if let Some(source) = local {
        terminal.note(&format!(
            "{}: its times name no zone and are read as UTC (hint: --zone Europe/Berlin, if it was written there; ingest it anew for that)",
            text::harmless(&source.path)
        ));
    }
}

/// All failures as one.
pub fn failure(mut failures: Vec<Failure>) -> Option<Failure> {
    let code = failures.iter().map(|failure| failure.code).max()?;
    if failures.len() == 1 {
        return failures.pop();
    }
    let count = failures.len();
    let messages: Vec<_> = failures
        .into_iter()
        .map(|failure| failure.message)
        .collect();
    Some(Failure::new(
        code,
        format!("{count} inputs were not read\n{}", messages.join("\n")),
    ))
}
