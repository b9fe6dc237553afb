//! `lake`: what is in it, its integrity, its upkeep.

use std::collections::BTreeMap;

use serde::Serialize;

use super::arguments::{
    CompactArguments, GlobalArguments, LakeArguments, LakeVerb, RejectsArguments, VacuumArguments,
};
use super::contacts::shopper_keys;
use super::exit_code::{ExitCode, Failure};
use super::probe::PROBE_FORMAT;
use super::terminal::Terminal;
use crate::lake::{CompactPlan, Lake, SourceKind, SourceState, VacuumPlan, verify};
use crate::report::text;
use crate::request_record::Origin;
use crate::rollup::outdated;
use crate::time_window::{now_us, rfc3339};

/// Runs the verb.
pub fn run(
    arguments: &LakeArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let lake = Lake::open(&global.lake)?;
    match &arguments.verb {
        LakeVerb::Info => info(&lake, terminal),
        LakeVerb::Verify => check(&lake, terminal),
        LakeVerb::Compact(arguments) => compact(&lake, arguments, terminal),
        LakeVerb::Vacuum(arguments) => vacuum(&lake, arguments, terminal),
        LakeVerb::Keys(arguments) => shopper_keys(&lake, arguments, terminal),
        LakeVerb::Rejects(arguments) => rejects(&lake, arguments, terminal),
    }
}

/// What `lake info --json` prints.
#[derive(Serialize)]
struct InfoJson {
    records: u64,
    files: usize,
    bytes: u64,
    from: Option<String>,
    to: Option<String>,
    origins: BTreeMap<&'static str, u64>,
    sources: usize,
    rejected: u64,
    runs: Vec<String>,
    version: u64,
}

fn info(lake: &Lake, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let reader = lake.reader()?;
    let mut origins = BTreeMap::new();
    for (_, state) in reader
        .ledger()
        .iter()
        .filter(|(_, state)| state.records > 0)
    {
        *origins.entry(origin_of(state).as_str()).or_insert(0) += state.records;
    }
    let extent = reader.extent_us()?;
    let info = InfoJson {
        records: reader.files().iter().map(|file| file.records).sum(),
        files: reader.files().len(),
        bytes: reader.files().iter().map(|file| file.bytes).sum(),
        from: extent.map(|(from, _)| rfc3339(from)),
        to: extent.map(|(_, to)| rfc3339(to)),
        origins,
        sources: reader.ledger().len(),
        rejected: reader
            .ledger()
            .iter()
            .map(|(_, state)| state.rejected)
            .sum(),
        runs: lake.run_ids()?,
        version: reader.version(),
    };
    if terminal.is_json {
        terminal.json(&info)?;
        return Ok(ExitCode::Ok);
    }
    let origins = info
        .origins
        .iter()
        .map(|(origin, count)| format!("{origin} {}", text::count(*count)));
    let origins: Vec<_> = origins.collect();
    terminal.result(&format!(
        "lake      {}\nrecords   {}\nfiles     {} ({} bytes)\nfrom      {}\nto        {}\norigins   {}\nsources   {}\nrejected  {} lines\nruns      {}",
        lake.root().display(),
        text::count(info.records),
        text::count(info.files as u64),
        text::count(info.bytes),
        info.from.as_deref().unwrap_or("–"),
        info.to.as_deref().unwrap_or("–"),
        if origins.is_empty() { "–".to_owned() } else { origins.join(", ") },
        text::count(info.sources as u64),
        text::count(info.rejected),
        if info.runs.is_empty() { "–".to_owned() } else { info.runs.join(", ") }
    ))?;
    Ok(ExitCode::Ok)
}

/// Who made the requests of a source. Rows say so, too, but there may be very many.
fn origin_of(state: &SourceState) -> Origin {
    match state.kind {
        SourceKind::Log => Origin::Customer,
        SourceKind::Run if state.format == PROBE_FORMAT => Origin::Probe,
        SourceKind::Run => Origin::Drill,
    }
}

/// What `lake verify --json` prints.
#[derive(Serialize)]
struct VerifyJson {
    is_sound: bool,
    findings: Vec<String>,
}

fn check(lake: &Lake, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let findings = verify(lake)?;
    let is_sound = !findings.iter().any(crate::lake::Finding::is_damage);
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    if terminal.is_json {
        terminal.json(&VerifyJson {
            is_sound,
            findings: lines.clone(),
        })?;
    } else {
        for line in &lines {
            terminal.result(&text::harmless(line))?;
        }
    }
    if !is_sound {
        let count = findings
            .iter()
            .filter(|finding| finding.is_damage())
            .count();
        return Err(Failure::new(
            ExitCode::Input,
            format!(
                "the lake `{}` is damaged: {count} findings",
                lake.root().display()
            ),
        ));
    }
    terminal.note("the lake is sound: files, rows, rejects and ledger agree");
    Ok(ExitCode::Ok)
}

/// What `lake compact --json` prints.
#[derive(Serialize)]
struct CompactJson {
    files_before: usize,
    files_after: usize,
    replaced: usize,
    written: usize,
    rows: u64,
    bytes_before: u64,
    bytes_after: u64,
}

fn compact(
    lake: &Lake,
    arguments: &CompactArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let plan = CompactPlan {
        target_rows: arguments.target_rows,
        ..CompactPlan::default()
    };
    let done = crate::lake::compact(lake, plan)?;
    if terminal.is_json {
        terminal.json(&CompactJson {
            files_before: done.files_before,
            files_after: done.files_before - done.replaced + done.written,
            replaced: done.replaced,
            written: done.written,
            rows: done.rows,
            bytes_before: done.bytes_before,
            bytes_after: done.bytes_after,
        })?;
        return Ok(ExitCode::Ok);
    }
    if done.replaced == 0 {
        terminal.note("nothing to do: there are no two small files");
        return Ok(ExitCode::Ok);
    }
    terminal.note(&format!(
        "{} files with {} rows became {} ({} bytes became {}); `firedrill lake vacuum` removes the old ones when nobody reads them any more",
        text::count(done.replaced as u64),
        text::count(done.rows),
        text::count(done.written as u64),
        text::count(done.bytes_before),
        text::count(done.bytes_after)
    ));
    if done.overtaken > 0 {
        terminal.note("another process compacted some of them at the same time");
    }
    Ok(ExitCode::Ok)
}

/// What `lake vacuum --json` prints.
#[derive(Serialize)]
struct VacuumJson {
    is_dry_run: bool,
    bytes: u64,
    files: Vec<String>,
}

fn vacuum(
    lake: &Lake,
    arguments: &VacuumArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let plan = VacuumPlan {
        older_than: arguments.older_than.as_duration(),
        log_older_than: arguments.log_older_than.as_duration(),
        now_us: now_us(),
        is_dry_run: arguments.dry_run,
    };
    let files = crate::lake::vacuum(lake, plan)?;
    if !arguments.dry_run {
        for name in outdated(lake, &lake.reader()?) {
            lake.remove_derived(&name);
        }
    }
    let bytes = files.iter().map(|file| file.bytes).sum();
    let names: Vec<String> = files
        .iter()
        .map(|file| file.path.display().to_string())
        .collect();
    if terminal.is_json {
        terminal.json(&VacuumJson {
            is_dry_run: arguments.dry_run,
            bytes,
            files: names,
        })?;
        return Ok(ExitCode::Ok);
    }
    if !terminal.is_quiet {
        for name in &names {
            terminal.result(&text::harmless(name))?;
        }
    }
    let done = if arguments.dry_run {
        "would be removed"
    } else {
        "were removed"
    };
    terminal.note(&format!(
        "{} files of {} bytes {done}",
        text::count(files.len() as u64),
        text::count(bytes)
    ));
    Ok(ExitCode::Ok)
}

/// What `lake rejects --json` prints of one line.
#[derive(Serialize)]
struct RejectJson<'a> {
    source: &'a str,
    path: &'a str,
    offset: u64,
    line: u64,
    reason: &'a str,
    text: &'a str,
}

fn rejects(
    lake: &Lake,
    arguments: &RejectsArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let reader = lake.reader()?;
    let lines = reader.rejects()?;
    let path = |source: &str| {
        let state = reader.ledger().get(source);
        state.map_or("", |state| state.last_path.as_str())
    };
    let shown = lines.iter().take(arguments.limit);
    if terminal.is_json {
        let rows: Vec<_> = shown
            .map(|(source, line)| RejectJson {
                source,
                path: path(source),
                offset: line.offset,
                line: line.line_number,
                reason: &line.reason,
                text: &line.text,
            })
            .collect();
        terminal.json(&rows)?;
    } else {
        for (source, line) in shown {
            let row = format!(
                "{}:{}: {}: {}",
                path(source),
                line.line_number,
                line.reason,
                line.text
            );
            terminal.result(&text::harmless(&row))?;
        }
    }
    if lines.is_empty() {
        terminal.note("no line was rejected");
    }
    if lines.len() > arguments.limit {
        terminal.note(&format!(
            "{} of {} lines; --limit shows more",
            text::count(arguments.limit as u64),
            text::count(lines.len() as u64)
        ));
    }
    Ok(ExitCode::Ok)
}
