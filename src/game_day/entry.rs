//! What was done at one entry of a drill timeline, and when.
//!
//! In: nothing; whoever works off the timeline fills it in. Out: plain data, kept with the facts of a
//! run. All times are µs since the start of the run.

use serde::{Deserialize, Serialize};

/// One entry of a timeline, as it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrilledEntry {
    /// Its name in the scenario.
    pub id: String,
    /// What it is, in words.
    pub title: String,
    /// What kind of thing was done.
    pub action: EntryAction,
    /// What exactly was done: a fault, a request, a command, a text.
    pub what: String,
    /// When it was to begin.
    pub planned_us: i64,
    /// When it was to be undone; `None` for never before the end of the run.
    pub planned_until_us: Option<i64>,
    /// When it really began; `None` when the run was over before.
    pub began_us: Option<i64>,
    /// When it was really undone, or an announcement confirmed or given up.
    pub undone_us: Option<i64>,
    /// Whether it lasts until it is undone.
    pub end: EntryEnd,
    /// How it went.
    pub outcome: EntryOutcome,
    /// Why it went wrong, where it did.
    pub problem: Option<String>,
    /// What became of undoing it.
    pub undo: UndoOutcome,
    /// Why that went wrong, where it did.
    pub undo_problem: Option<String>,
    /// The end of what a command or an answer said, where it said something.
    pub output: Option<String>,
    /// How long after it was told an announcement was confirmed.
    pub confirmed_after_us: Option<i64>,
    /// What must come of it.
    pub expect: Option<Expectation>,
    /// Shoppers who did not come while a channel was off; `None` for any other entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shoppers_withheld: Option<u64>,
}

/// What kind of thing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryAction {
    /// A fault of the demo shop.
    Fault,
    /// A channel turned off.
    ChannelOff,
    /// A request to a tool that breaks things.
    Http,
    /// A command.
    Exec,
    /// A push of configuration.
    ConfigPush,
    /// A deploy.
    Deploy,
    /// A freeze of changes.
    Freeze,
    /// Something that people were told.
    Announce,
}

impl EntryAction {
    /// Its name in declared files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            EntryAction::Fault => "fault",
            EntryAction::ChannelOff => "channel_off",
            EntryAction::Http => "http",
            EntryAction::Exec => "exec",
            EntryAction::ConfigPush => "config_push",
            EntryAction::Deploy => "deploy",
            EntryAction::Freeze => "freeze",
            EntryAction::Announce => "announce",
        }
    }
}

/// Whether an entry lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryEnd {
    /// It lasts until it is undone.
    Lasts,
    /// It is a moment: what it did, it did.
    Moment,
}

/// How an entry went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryOutcome {
    /// It was done.
    Done,
    /// It was tried, and failed.
    Failed,
    /// The run was over before it began.
    NotReached,
    /// An announcement, confirmed.
    Confirmed,
    /// An announcement that nobody confirmed.
    NotConfirmed,
}

/// What became of undoing an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UndoOutcome {
    /// There was nothing to undo.
    None,
    /// It was undone.
    Done,
    /// It was tried, and failed: what was done may still be in force.
    Failed,
}

/// What must come of an entry; times in µs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// The SLI that must see it; `None` for any.
    pub seen_by: Option<String>,
    /// How soon after it began.
    pub within_us: Option<i64>,
    /// How soon after it was undone all is well.
    pub recovers_within_us: Option<i64>,
    /// How soon it is confirmed.
    pub confirmed_within_us: Option<i64>,
}

impl DrilledEntry {
    /// Whether SLIs can be asked about it: it was done, and not only told.
    #[must_use]
    pub fn is_scored(&self) -> bool {
        self.began_us.is_some()
            && self.outcome == EntryOutcome::Done
            && self.action != EntryAction::Announce
    }

    /// When it was over, µs since the start: undone, the moment itself, or with the run at `end_us`.
    #[must_use]
    pub fn ended_us(&self, end_us: i64) -> i64 {
        let began_us = self.began_us.unwrap_or(self.planned_us);
        match self.end {
            EntryEnd::Lasts => self.undone_us.unwrap_or(end_us).max(began_us),
            EntryEnd::Moment => began_us,
        }
    }
}
