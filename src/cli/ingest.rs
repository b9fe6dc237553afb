//! `ingest`: request logs into the lake, each line exactly once.
//!
//! Readers cut sources into blocks; workers parse a block and write it as one part; the parts of a
//! source become visible together. A source is known by its content, so a renamed, compressed or
//! grown file adds only what is new.

mod blocks;
mod follow;
mod learn;
mod older_copy;
mod parts;
mod record;
mod round;
mod schedule;
mod source;
mod summary;
mod unique_rows;

use std::path::Path;
use std::sync::LazyLock;

use indicatif::ProgressBar;
use serde::Serialize;

use super::arguments::{GlobalArguments, IngestArguments};
use super::definitions;
use super::exit_code::{ExitCode, Failure};
use super::terminal::Terminal;
use crate::access_log::{
    Clock, KnownFormat, LineContext, LogFormat, LogInput, Mapping, MappingDefinition, find_inputs,
};
use crate::declared_files::{self, Declared};
use crate::enrichment::{Agents, Channels, KeptQuery, ShopperKeys};
use crate::lake::Lake;
use crate::route::{RouteTemplate, Router};
use crate::time_window::zone;

use learn::Learned;
use record::Enrichment;
use round::{Outcome, Settings};

/// Attempts when other processes ingest the same sources.
const ATTEMPTS_MAX: u32 = 10;

/// Runs the verb.
pub fn run(
    arguments: &IngestArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    if arguments.list_formats {
        return list_formats(terminal);
    }
    if !(0.0..=1.0).contains(&arguments.max_reject) {
        return Err(Failure::usage(format!(
            "--max-reject: {} is not a share from 0 to 1",
            arguments.max_reject
        )));
    }
    let format = named_format(&arguments.format)?;
    let context = context(arguments.zone.as_deref())?;
    let set = definitions::sli_set(arguments.sli_defs.as_deref(), None)?;
    if arguments.follow {
        return follow::run(arguments, format, context, set.routes, global, terminal);
    }
    let inputs = find_inputs(&arguments.paths)?;
    let lake = Lake::open_or_create(&global.lake)?;
    let started = std::time::Instant::now();
    let settings = settings(arguments, format, context, set.routes, &inputs, &lake)?;
    let bar = terminal.progress_bytes(total_bytes(&inputs));
    let read = read_and_commit(inputs, &settings, &bar, terminal);
    bar.finish_and_clear();
    let mut outcome = read?;
    let failures = outcome.take_failures();
    if failures.is_empty() && outcome.sources.is_empty() {
        let message = format!(
            "there is no log to read\n{}",
            summary::skipped(&outcome).join("\n")
        );
        return Err(Failure::new(ExitCode::Input, message));
    }
    summary::print(
        &outcome,
        &failures,
        started.elapsed().as_secs_f64(),
        terminal,
    )?;
    if arguments.zone.is_none() {
        summary::note_zone(&outcome, terminal);
    }
    summary::failure(failures).map_or(Ok(ExitCode::Ok), Err)
}

/// What `--list-formats --json` prints of one format.
#[derive(Serialize)]
struct FormatJson {
    name: &'static str,
    about: &'static str,
    duration: &'static str,
    time: &'static str,
}

impl From<&KnownFormat> for FormatJson {
    fn from(known: &KnownFormat) -> Self {
        Self {
            name: known.name,
            about: known.about,
            duration: known.duration,
            time: known.time,
        }
    }
}

fn list_formats(terminal: &Terminal) -> Result<ExitCode, Failure> {
    if terminal.is_json {
        let formats: Vec<_> = LogFormat::known().map(FormatJson::from).collect();
        terminal.json(&formats)?;
        return Ok(ExitCode::Ok);
    }
    for known in LogFormat::known() {
        terminal.result(&format!(
            "{}\n    {}\n    duration: {}; time: {}",
            known.name, known.about, known.duration, known.time
        ))?;
    }
    Ok(ExitCode::Ok)
}

/// The format that was named; `None` to detect it.
pub fn named_format(text: &str) -> Result<Option<LogFormat>, Failure> {
    if text == "auto" {
        return Ok(None);
    }
    let path = Path::new(text);
    let is_file = path
        .extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml");
    if is_file {
        let declared: Declared<MappingDefinition> = declared_files::load(path)?;
        return Ok(Some(LogFormat::mapped(Mapping::new(&declared)?, text)));
    }
    LogFormat::from_text(text).map(Some).map_err(Failure::usage)
}

fn context(zone_name: Option<&str>) -> Result<LineContext, Failure> {
    let mut context = LineContext::default();
    if let Some(name) = zone_name {
        context.clock = Clock::new(zone(name)?);
    }
    Ok(context)
}

fn settings<'a>(
    arguments: &IngestArguments,
    format: Option<LogFormat>,
    context: LineContext,
    templates: Vec<RouteTemplate>,
    inputs: &[LogInput],
    lake: &'a Lake,
) -> Result<Settings<'a>, Failure> {
    let known = Learned::of_lake(&lake.reader()?)?;
    let shopper_keys = ShopperKeys::new(&lake.key()?, arguments.session_cookie.clone());
    let kept_query = KeptQuery::new(arguments.keep_query.clone());
    let service = arguments.service.as_str().into();
    let site = arguments.site.clone();
    let (inputs, asked, clock) = (inputs.to_vec(), format.clone(), context.clone());
    let learn = move || {
        let learned = known.with_sample(&inputs, asked.as_ref(), &clock, &templates);
        let own_hosts = if site.is_empty() {
            learned.sites.clone()
        } else {
            site
        };
        Enrichment {
            router: Router::with_learned(templates, learned.routes),
            agents: Agents::default(),
            channels: Channels::new(own_hosts).with_known(learned.channels),
            sites: learned.sites,
            shopper_keys,
            kept_query,
            service,
        }
    };
    Ok(Settings {
        lake,
        format,
        context,
        enrichment: LazyLock::new(Box::new(learn)),
        max_reject: arguments.max_reject,
        is_unique: arguments.unique_rows,
    })
}

fn total_bytes(inputs: &[LogInput]) -> u64 {
    let sizes = inputs
        .iter()
        .filter_map(|input| Some(std::fs::metadata(input.path()?).ok()?.len()));
    sizes.sum()
}

/// Reads every input and commits it; again what another process was faster with.
fn read_and_commit(
    inputs: Vec<LogInput>,
    settings: &Settings<'_>,
    bar: &ProgressBar,
    terminal: &Terminal,
) -> Result<Outcome, Failure> {
    let mut all = Outcome::default();
    let names: Vec<String> = inputs.iter().map(LogInput::name).collect();
    let mut inputs = inputs;
    for _ in 0..ATTEMPTS_MAX {
        let outcome = round::read_and_commit(inputs, settings, bar)?;
        all.sources.extend(outcome.sources);
        all.skipped.extend(outcome.skipped);
        all.failures.extend(outcome.failures);
        inputs = outcome.again;
        if inputs.is_empty() {
            all.sort(&names);
            return Ok(all);
        }
        terminal.detail(&format!("reading {} inputs again", inputs.len()));
        if inputs
            .iter()
            .any(|input| matches!(input, LogInput::Stdin(_)))
        {
            return Err(Failure::new(
                ExitCode::Input,
                "-: another process ingests the same text at this moment, and standard input cannot be read again (hint: run it again)",
            ));
        }
    }
    let message =
        format!("gave up after {ATTEMPTS_MAX} attempts: other processes ingest the same sources");
    Err(Failure::new(
        ExitCode::Input,
        format!("{message} (hint: run it again)"),
    ))
}
