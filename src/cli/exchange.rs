//! `export` and `import`: SLI sets and results to and from other tools.

mod learned_levels;
mod sql;

use std::path::PathBuf;

use serde::Serialize;

use super::arguments::{
    ExportArguments, ExportRangeArguments, ExportSetArguments, ExportWhat, GlobalArguments,
    ImportArguments, ImportOpenSloArguments, ImportWhat, OpenSloChoice,
};
use super::definitions;
use super::exit_code::{ExitCode, Failure};
use super::page::rehearsal;
use super::range::{self, Judged};
use super::report::write_text;
use super::terminal::Terminal;
use crate::exchange::{
    Gate, GateCondition, GateSli, GateVerdict, HlogInterval, Notice, OpenSloOptions,
    OpenSloVersion, export_openslo, export_prometheus, import_openslo, imported_yaml, write_hlog,
};
use crate::lake::Lake;
use crate::latency_buckets::LatencyHistogram;
use crate::report::State;
use crate::sli::{Measure, Scope, SliState};
use learned_levels::put_learned;

pub use sql::{SqlTarget, cuts_us, folder, place};

/// Runs `export`.
pub fn export(
    arguments: &ExportArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    match &arguments.what {
        ExportWhat::Openslo(openslo) => {
            let version = match openslo.openslo {
                OpenSloChoice::V1 => OpenSloVersion::V1,
                OpenSloChoice::V1alpha => OpenSloVersion::V1Alpha,
                OpenSloChoice::V2alpha => OpenSloVersion::V2Alpha,
            };
            let mut set = definitions::sli_set_definition(openslo.set.defs.as_deref())?;
            if let Some(path) = &openslo.thresholds {
                put_learned(&mut set, path)?;
            }
            let exported = export_openslo(&set.value, &OpenSloOptions::new(version));
            let written = Written::new("openslo", &exported.text, &exported.notices);
            written.print(terminal, openslo.set.output.as_ref())
        }
        ExportWhat::Prometheus(arguments) => prometheus(arguments, terminal),
        ExportWhat::Hlog(arguments) => hlog(arguments, global, terminal),
        ExportWhat::Gate(arguments) => gate(arguments, global, terminal),
        ExportWhat::Sql(arguments) => sql::export(arguments, global, terminal),
    }
}

/// Runs `import`.
pub fn import(arguments: &ImportArguments, terminal: &Terminal) -> Result<ExitCode, Failure> {
    match &arguments.what {
        ImportWhat::Har(arguments) => super::har::import(arguments, terminal),
        ImportWhat::Openslo(arguments) => openslo(arguments, terminal),
    }
}

fn openslo(arguments: &ImportOpenSloArguments, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let path = &arguments.file;
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::io("read", &path.display().to_string(), &error))?;
    let imported = import_openslo(path, &bytes)?;
    let text = imported_yaml(&imported);
    Written::new("sli_set", &text, &imported.notices).print(terminal, arguments.output.as_ref())
}

fn prometheus(arguments: &ExportSetArguments, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let set = definitions::sli_set_definition(arguments.defs.as_deref())?;
    let (text, notices) = export_prometheus(&set.value, &Default::default());
    Written::new("prometheus", &text, &notices).print(terminal, arguments.output.as_ref())
}

fn hlog(
    arguments: &ExportRangeArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let judged = range::judge(&arguments.range, &Lake::open(&global.lake)?)?;
    let slis = judged.set.slis.iter();
    let latencies = slis.filter(|sli| matches!(sli.measure, Measure::Latency { .. }));
    let scope = Scope {
        window_us: judged.rollup.plan().window_us,
        ..judged.scope
    };
    let intervals = latencies.flat_map(|sli| {
        let selection = judged.rollup.select(|series| sli.event.covers(series));
        let interval = |number, counts: &LatencyHistogram| HlogInterval {
            tag: sli.name.clone(),
            start_us: scope.start_us(number),
            length_us: scope.window_us.unsigned_abs(),
            counts: counts.buckets().collect(),
        };
        let found = selection.fold_windows(
            |start_us| scope.index(start_us),
            |found: &mut Vec<_>, number, counts| found.push(interval(number, counts)),
        );
        found.into_iter().flatten()
    });
    let mut text = Vec::new();
    write_hlog(&mut text, judged.scope.range.start_us, intervals)
        .map_err(|error| Failure::new(ExitCode::Internal, error.to_string()))?;
    let text = String::from_utf8_lossy(&text);
    Written::new("hlog", &text, &[]).print(terminal, arguments.output.as_ref())
}

fn gate(
    arguments: &ExportRangeArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let judged = range::judge(&arguments.range, &Lake::open(&global.lake)?)?;
    let gate = gate_of(&judged).with_conditions(conditions(&judged)?);
    let text = gate.to_json();
    match (&arguments.output, terminal.is_json) {
        (Some(path), false) => write_text(path, &text)?,
        // A gate is a JSON document already.
        (None, _) => terminal.result(text.trim_end())?,
        (Some(path), true) => {
            write_text(path, &text)?;
            terminal.result(text.trim_end())?;
        }
    }
    // A gate without data is shut.
    Ok(match gate.verdict {
        GateVerdict::Met => ExitCode::Ok,
        GateVerdict::Missed | GateVerdict::NotEnoughData => ExitCode::Missed,
    })
}

fn gate_of(judged: &Judged) -> Gate {
    let slis = judged.series.iter().map(|series| GateSli {
        name: series.name.clone(),
        state: series.state,
        value: series.value,
        interval: series.interval,
        n: series.count,
        limit: series.objective,
    });
    Gate::new(
        judged.set.sha256.clone(),
        judged.scope.range,
        slis.collect(),
    )
}

/// The conditions by which a rehearsal is judged; a default one that could not be decides nothing.
fn conditions(judged: &Judged) -> Result<Vec<GateCondition>, Failure> {
    let part = rehearsal::part(judged)?.unwrap_or_default();
    let decides = part
        .criteria
        .into_iter()
        .filter(|row| part.has_own_criteria || row.state == State::Missed);
    Ok(decides
        .map(|row| GateCondition {
            title: row.title,
            state: match row.state {
                State::Met => SliState::Met,
                State::Missed => SliState::Missed,
                State::NotEnoughData => SliState::NotEnoughData,
            },
        })
        .collect())
}

/// What an export or import made; with `--json` the document that is printed.
#[derive(Debug, Serialize)]
struct Written<'a> {
    /// `openslo`, `prometheus`, `hlog`, or `sli_set` for an import.
    format: &'static str,
    /// What was made; `None` where it went to a file.
    text: Option<&'a str>,
    /// The file it went to.
    output: Option<String>,
    /// What got lost or was translated.
    notices: Vec<NoticeJson<'a>>,
}

#[derive(Debug, Serialize)]
struct NoticeJson<'a> {
    place: &'a str,
    message: &'a str,
}

impl<'a> Written<'a> {
    fn new(format: &'static str, text: &'a str, notices: &'a [Notice]) -> Self {
        let notices = notices.iter().map(|notice| NoticeJson {
            place: &notice.place,
            message: &notice.message,
        });
        Self {
            format,
            text: Some(text),
            output: None,
            notices: notices.collect(),
        }
    }

    /// To the file or the terminal; notices go to standard error, one line each.
    fn print(mut self, terminal: &Terminal, output: Option<&PathBuf>) -> Result<ExitCode, Failure> {
        for notice in &self.notices {
            terminal.note(&format!("note: {}: {}", notice.place, notice.message));
        }
        if let (Some(path), Some(text)) = (output, self.text) {
            write_text(path, text)?;
            self.output = Some(path.display().to_string());
            self.text = None;
        }
        match (terminal.is_json, self.text) {
            (true, _) => terminal.json(&self)?,
            (false, Some(text)) => terminal.result(text.trim_end())?,
            (false, None) => {}
        }
        Ok(ExitCode::Ok)
    }
}
