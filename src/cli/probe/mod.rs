//! `probe`: partners at intervals into the lake, and whether they keep their SLA.
//!
//! The prober is one thread; the recorder is this one. It runs for days: a lake that takes nothing, a network
//! that is lost, a partner that is gone are said, and are no reason to end.

mod page_rows;
mod recorder;
mod report;
mod rounds;
mod rows;
mod sentences;
mod watch;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use tokio::sync::watch::{Receiver as StopReceiver, channel as stop_channel};

use super::arguments::{GlobalArguments, ProbeArguments, ProbeVerb};
use super::exit_code::{ExitCode, Failure};
use super::terminal::Terminal;
use crate::declared_files::{self, Declared, DurationText};
use crate::lake::Lake;
use crate::probe::{self, ProbeFileDefinition, ProbePlan};
use crate::report::text;
use crate::time_window::{now_us, rfc3339};
pub use recorder::PROBE_FORMAT;
use recorder::{ProbeRecorder, RecorderSettings, Told};
use rounds::{ConnectorErrorOrIo, Found, RoundsSettings};
use watch::{ProbedJson, Watch};

/// Probes that may wait for the recorder.
const QUEUE_PROBES: usize = 65_536;
/// How often it is looked whether a commit is due.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Two signals within this time are one wish.
const SIGNAL_TWICE: Duration = Duration::from_secs(1);

/// Runs the verb.
pub fn run(
    arguments: &ProbeArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    if let Some(ProbeVerb::Report(report)) = &arguments.verb {
        return report::run(report, global, terminal);
    }
    let Some(file) = &arguments.file else {
        return Err(Failure::usage("there is no file of partners"));
    };
    let plan = Arc::new(plan(file)?);
    let lake = Lake::open_or_create(&global.lake)?;
    let (found, probes) = sync_channel(QUEUE_PROBES);
    let lost = Arc::new(AtomicU64::new(0));
    let times = if arguments.once {
        Some(1)
    } else {
        arguments.times
    };
    let stop = stop_on_signal()?;
    let settings = RoundsSettings {
        plan: Arc::clone(&plan),
        times,
        length: arguments.length.map(DurationText::as_duration),
        stop: stop.clone(),
        found,
        lost: Arc::clone(&lost),
    };
    let started_us = now_us();
    terminal.note(&announcement(&plan));
    let rounds = thread::Builder::new()
        .name("prober".to_owned())
        .spawn(move || rounds::run(settings))
        .map_err(|error| {
            Failure::new(
                ExitCode::Internal,
                format!("cannot start a thread: {error}"),
            )
        })?;
    let recorder_settings = RecorderSettings {
        commit_every: arguments.commit_every.as_duration(),
        keep_max: arguments.keep,
    };
    let mut recorder = ProbeRecorder::new(&lake, &plan, recorder_settings);
    let mut watch = Watch::new(&plan);
    record(&probes, &mut recorder, &mut watch, terminal);
    rounds
        .join()
        .map_err(|_| Failure::new(ExitCode::Internal, "the prober panicked"))?
        .map_err(not_begun)?;
    recorder.lost += lost.load(Relaxed);
    let code = exit_code(&watch, &recorder, arguments, &stop);
    let done = Done {
        plan: &plan,
        watch: &watch,
        recorder: &recorder,
        lake: &lake,
        started_us,
    };
    done.print(code, terminal)?;
    Ok(code)
}

/// The probe file at `path`.
fn plan(path: &Path) -> Result<ProbePlan, Failure> {
    let declared: Declared<ProbeFileDefinition> = declared_files::load(path)?;
    Ok(probe::resolve(&declared)?)
}

fn not_begun(error: ConnectorErrorOrIo) -> Failure {
    match error {
        ConnectorErrorOrIo::Connector(error) => error.into(),
        ConnectorErrorOrIo::Io(error) => Failure::new(ExitCode::Internal, error.to_string()),
    }
}

/// Writes down what comes until the prober hangs up.
fn record(
    probes: &Receiver<Found>,
    recorder: &mut ProbeRecorder<'_>,
    watch: &mut Watch<'_>,
    terminal: &Terminal,
) {
    let bar = live_line(terminal);
    let note = |line: &str| bar.suspend(|| terminal.note(line));
    loop {
        match probes.recv_timeout(LOOK_INTERVAL) {
            Ok(found) => {
                for line in watch.take(&found) {
                    note(&line);
                }
                bar.set_message(watch.line());
                recorder.add(found);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if let Some(told) = recorder.commit_if_due() {
            note(&told_line(&told, recorder));
        }
    }
    bar.finish_and_clear();
    watch.finish();
    if let Some(told) = recorder.commit() {
        terminal.note(&told_line(&told, recorder));
    }
}

fn told_line(told: &Told, recorder: &ProbeRecorder<'_>) -> String {
    match told {
        Told::Refused(why) => format!(
            "the lake takes no rows, {} are kept until it does: {why}",
            text::count(recorder.kept_rows())
        ),
        Told::TakesAgain(rows) => format!(
            "the lake takes rows again; {} that were kept are in it, {} were lost",
            text::count(*rows),
            text::count(recorder.lost)
        ),
    }
}

/// Everybody who is probed on one line, where there is a terminal.
fn live_line(terminal: &Terminal) -> ProgressBar {
    if !terminal.is_live || terminal.is_json {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4));
    bar.set_style(
        ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar
}

fn announcement(plan: &ProbePlan) -> String {
    let each = plan.probed().map(|probed| {
        let every = text::duration(crate::time_window::seconds(probed.every_us));
        format!("{} every {every}", probed.name)
    });
    let each: Vec<String> = each.collect();
    let blind = match probe::NetworkWatch::new(plan).can_tell() {
        true => "",
        false => {
            "\na loss of our own network cannot be told from a partner's failure (hint: add `references`)"
        }
    };
    format!("probing {}; Ctrl-C ends it{blind}", each.join(", "))
}

fn exit_code(
    watch: &Watch<'_>,
    recorder: &ProbeRecorder<'_>,
    arguments: &ProbeArguments,
    stop: &StopReceiver<bool>,
) -> ExitCode {
    let is_counted = arguments.once || arguments.times.is_some();
    let has_end = is_counted || arguments.length.is_some();
    if *stop.borrow() && has_end {
        ExitCode::Stopped
    } else if recorder.kept_rows() > 0 || recorder.lost > 0 {
        ExitCode::Input
    } else if is_counted && watch.has_failed() {
        ExitCode::Missed
    } else {
        ExitCode::Ok
    }
}

/// Says when it is to end. The second time there is no patience left; what is committed is kept.
fn stop_on_signal() -> Result<StopReceiver<bool>, Failure> {
    let (sender, receiver) = stop_channel(false);
    let mut first: Option<Instant> = None;
    ctrlc::set_handler(move || {
        // Whoever listened may be gone already.
        let _ = sender.send(true);
        if first.get_or_insert_with(Instant::now).elapsed() > SIGNAL_TWICE {
            std::process::exit(i32::from(ExitCode::Stopped.number()));
        }
    })
    .map_err(|error| {
        let message = format!("cannot listen for Ctrl-C: {error}");
        Failure::new(ExitCode::Internal, message)
    })?;
    Ok(receiver)
}

/// Everything that is known at the end.
struct Done<'a> {
    plan: &'a ProbePlan,
    watch: &'a Watch<'a>,
    recorder: &'a ProbeRecorder<'a>,
    lake: &'a Lake,
    started_us: i64,
}

/// What `--json` prints.
#[derive(Serialize)]
struct ProbeJson<'a> {
    name: &'a str,
    from: String,
    to: String,
    probed: Vec<ProbedJson>,
    requests: u64,
    committed: u64,
    commits: u64,
    records_lost: u64,
    lake: String,
}

impl Done<'_> {
    fn print(&self, code: ExitCode, terminal: &Terminal) -> Result<(), Failure> {
        let recorder = self.recorder;
        let missing = recorder.lost + recorder.kept_rows();
        if terminal.is_json {
            terminal.json(&ProbeJson {
                name: &self.plan.name,
                from: rfc3339(self.started_us),
                to: rfc3339(now_us()),
                probed: self.watch.json(),
                requests: recorder.committed + missing,
                committed: recorder.committed,
                commits: recorder.commits,
                records_lost: missing,
                lake: self.lake.root().display().to_string(),
            })?;
        } else if !terminal.is_quiet {
            let headings = [
                "probed",
                "probes",
                "good",
                "own network",
                "p50",
                "p99",
                "failures",
            ];
            let mut table = terminal.table(&headings);
            for row in self.watch.rows() {
                table.add_row(row);
            }
            terminal.result(&format!(
                "{}\n\nlake    {}\nexit    {} ({})",
                table.trim_fmt(),
                self.lake.root().display(),
                code.number(),
                code.meaning()
            ))?;
        }
        if missing > 0 {
            let message = format!(
                "{} of {} requests are not in the lake",
                text::count(missing),
                text::count(recorder.committed + missing)
            );
            return Err(Failure::new(ExitCode::Input, message));
        }
        Ok(())
    }
}
