//! Works off the drill timeline beside the load, and remembers how each entry went.
//!
//! In: the plan, and where the target is. Out: one [`DrilledEntry`] per entry. One thread with one
//! runtime does everything: entries sleep until they are due, hooks of one entry never wait for those
//! of another, and the load never waits for any of them. What has begun is undone however the run ends.

mod command;
mod confirmation;
mod faults;
mod hook;
mod open_undos;
mod preflight;
mod worker;

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::Rehearsal;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::live::LiveEvents;
use crate::cli::terminal::Terminal;
use crate::game_day::{DrilledEntry, EntryAction};
use crate::lake::Lake;
use crate::report::text;
use crate::scenario::{DrillAction, DrillPlan, HookPlan, MarkKind};
use crate::time_window::seconds;

pub use confirmation::Confirmations;
pub use faults::FaultSwitch;
pub use open_undos::{OpenUndos, warn_of_left_on};
pub use preflight::preflight;
use worker::Worker;

/// What working off a timeline takes.
pub struct Timeline<'a> {
    plan: &'a DrillPlan,
    run_id: &'a str,
    target: String,
    faults: FaultSwitch<'a>,
    confirmations: Arc<Confirmations>,
    /// Where it says what it does.
    pub terminal: Terminal,
    /// How its entries stand, for a live view.
    pub events: Arc<LiveEvents>,
    /// What is on and not undone yet.
    pub open_undos: Arc<OpenUndos>,
    runtime: Runtime,
    over: watch::Sender<bool>,
}

impl<'a> Timeline<'a> {
    /// A timeline that has not begun.
    pub fn new(
        rehearsal: &'a Rehearsal,
        target: String,
        faults: FaultSwitch<'a>,
        confirmations: Arc<Confirmations>,
        terminal: Terminal,
        lake: &Lake,
    ) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| {
                let message = format!("cannot start the drill timeline: {error}");
                Failure::new(ExitCode::Internal, message)
            })?;
        Ok(Self {
            plan: &rehearsal.plan,
            run_id: &rehearsal.run_id,
            target,
            faults,
            confirmations,
            terminal,
            events: Arc::new(LiveEvents::new(
                &rehearsal.plan.traffic.labels,
                labels(&rehearsal.plan),
                rehearsal.together.leads(),
            )),
            open_undos: Arc::new(OpenUndos::new(lake, &rehearsal.run_id)),
            runtime,
            over: watch::Sender::new(false),
        })
    }

    /// Works until every entry is over; blocks its thread. Times count from `origin`.
    pub fn run(&self, origin: Instant) -> Vec<DrilledEntry> {
        let entries = self.plan.drills.entries.iter();
        let mut asked = entries.clone();
        if asked.any(|entry| matches!(entry.action, DrillAction::Announce(_))) {
            self.confirmations.listen(self.terminal);
        }
        let work = entries.enumerate().map(|entry| {
            let over = self.over.subscribe();
            Worker::new(self, entry, origin, over).work()
        });
        self.runtime.block_on(join_all(work))
    }

    /// Says that the run is over: what has begun is undone, what has not never begins.
    pub fn end(&self) {
        self.over.send_replace(true);
    }
}

/// What will happen, for a live view: µs since the start, and what it is.
fn labels(plan: &DrillPlan) -> Vec<(i64, String)> {
    let entries = plan.drills.entries.iter();
    let labels = entries.map(|entry| {
        let title = plan.drills.redactor.shown(&entry.title);
        (entry.at_us, title)
    });
    labels.collect()
}

/// What the timeline would do, one line per entry; empty where there is none.
pub fn forecast(plan: &DrillPlan) -> String {
    let entries = plan.drills.entries.iter();
    let lines = entries.map(|entry| {
        let at = text::offset(entry.at_us, 0);
        let until = entry.until_us.map_or_else(String::new, |until_us| {
            format!(" for {}", text::duration(seconds(until_us - entry.at_us)))
        });
        let action = action_of(&entry.action).as_str();
        let what = what(plan, &entry.action);
        let line = format!("\ndrill {at}          {}: {action} {what}{until}", entry.id);
        plan.drills.redactor.shown(&line)
    });
    lines.collect()
}

fn action_of(action: &DrillAction) -> EntryAction {
    match action {
        DrillAction::Fault(_) => EntryAction::Fault,
        DrillAction::ChannelOff(_) => EntryAction::ChannelOff,
        DrillAction::Marked { kind, .. } => match kind {
            MarkKind::Http => EntryAction::Http,
            MarkKind::Exec => EntryAction::Exec,
            MarkKind::ConfigPush => EntryAction::ConfigPush,
            MarkKind::Deploy => EntryAction::Deploy,
            MarkKind::Freeze => EntryAction::Freeze,
        },
        DrillAction::Announce(_) => EntryAction::Announce,
    }
}

/// What an entry does, as its run keeps it: the kind, and what exactly, without secrets.
pub fn done_by(plan: &DrillPlan, action: &DrillAction) -> (EntryAction, String) {
    let what = plan.drills.redactor.shown(&what(plan, action));
    (action_of(action), what)
}

/// What exactly is done, in words.
fn what(plan: &DrillPlan, action: &DrillAction) -> String {
    match action {
        DrillAction::Fault(fault) => fault.to_string(),
        DrillAction::ChannelOff(index) => plan.channels[*index].name.to_string(),
        DrillAction::Marked { what, hook, .. } => {
            let hook = hook.as_deref().map(hook_words).unwrap_or_default();
            [what.as_str(), &hook].join(" ").trim().to_owned()
        }
        DrillAction::Announce(text) => text.clone(),
    }
}

/// A hook in words, its headers and its body left out.
fn hook_words(hook: &HookPlan) -> String {
    match hook {
        HookPlan::Http(http) => format!("{} {}", http.method, http.url),
        HookPlan::Exec(exec) => exec.argv.join(" "),
    }
}
