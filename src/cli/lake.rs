//! `lake info` and `lake verify`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::arguments::{GlobalArguments, LakeArguments, LakeVerb};
use super::exit_code::{ExitCode, Failure};
use super::terminal::Terminal;
use crate::lake::{Lake, RowFilter, column, verify};
use crate::report::text;
use crate::rollup::{RollupError, count_by_origin};
use crate::time_window::rfc3339;

/// Runs the verb.
pub fn run(
    arguments: &LakeArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let lake = Lake::open(&global.lake)?;
    match arguments.verb {
        LakeVerb::Info => info(&lake, terminal),
        LakeVerb::Verify => check(&lake, terminal),
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
    reader.for_each_batch(&[column::ORIGIN], RowFilter::default(), |batch| {
        for (origin, count) in count_by_origin(batch)? {
            *origins.entry(origin.as_str()).or_insert(0) += count;
        }
        Ok::<(), RollupError>(())
    })?;
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
