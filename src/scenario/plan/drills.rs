//! The drill timeline: what is done when, and what must come of it.

use url::Url;

use crate::declared_files::Redactor;
use crate::shop::Fault;
use crate::status_pattern::StatusPattern;

/// The drill timeline.
#[derive(Debug, Clone, Default)]
pub struct DrillTimeline {
    /// Its entries by the moment at which they begin.
    pub entries: Vec<DrillEntryPlan>,
    /// What takes values of the environment out of everything that is told of it.
    pub redactor: Redactor,
}

/// One entry of the timeline.
#[derive(Debug, Clone)]
pub struct DrillEntryPlan {
    /// Its place in the file, from 0.
    pub index: usize,
    /// Its name; letters, digits, `-` and `_`.
    pub id: String,
    /// What it is, in words.
    pub title: String,
    /// When it begins, µs since the start.
    pub at_us: i64,
    /// When it is undone, µs since the start; `None` for never before the end of the run.
    pub until_us: Option<i64>,
    /// What is done.
    pub action: DrillAction,
    /// What must come of it.
    pub expect: Option<DrillExpectation>,
}

/// What an entry does.
#[derive(Debug, Clone)]
pub enum DrillAction {
    /// Switches a fault of the demo shop on, and off again.
    Fault(Fault),
    /// Turns off a channel, by index; the arrivals know it already.
    ChannelOff(usize),
    /// Marks a moment, or a stretch of time, and does what its hooks do.
    Marked {
        /// What kind of thing it is.
        kind: MarkKind,
        /// What it was, in words; empty for a hook on its own.
        what: String,
        /// What does it.
        hook: Option<Box<HookPlan>>,
        /// What undoes it.
        undo: Option<Box<HookPlan>>,
    },
    /// Tells people something, and waits for the operator to confirm it.
    Announce(String),
}

/// What kind of thing is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// Only a request.
    Http,
    /// Only a command.
    Exec,
    /// A push of configuration.
    ConfigPush,
    /// A deploy.
    Deploy,
    /// A freeze of changes.
    Freeze,
}

/// What does or undoes something.
#[derive(Debug, Clone)]
pub enum HookPlan {
    /// A request.
    Http(HttpHookPlan),
    /// A command.
    Exec(ExecHookPlan),
}

/// A request of a hook.
#[derive(Debug, Clone)]
pub struct HttpHookPlan {
    /// Its method.
    pub method: &'static str,
    /// Its URL; on this machine or an allowed host.
    pub url: Url,
    /// Its headers, which are legal.
    pub headers: Vec<(String, String)>,
    /// Its body; empty for none.
    pub body: String,
    /// Statuses that mean that it was done.
    pub status: Vec<StatusPattern>,
    /// How long it may take, µs.
    pub timeout_us: i64,
}

/// A command of a hook.
#[derive(Debug, Clone)]
pub struct ExecHookPlan {
    /// The program and its arguments; at least the program.
    pub argv: Vec<String>,
    /// How long it may take before it is killed, µs.
    pub timeout_us: i64,
}

/// What must come of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillExpectation {
    /// The SLI that must see it; `None` for any.
    pub seen_by: Option<String>,
    /// How soon it must be seen, µs after it began.
    pub within_us: Option<i64>,
    /// How soon everything must be well again, µs after it was undone.
    pub recovers_within_us: Option<i64>,
    /// How soon it must be confirmed, µs.
    pub confirmed_within_us: Option<i64>,
}

impl DrillTimeline {
    /// Every command that it runs or may run, with the name of its entry, in the order of the timeline.
    pub fn commands(&self) -> impl Iterator<Item = (&str, &ExecHookPlan)> {
        let entries = self.entries.iter();
        entries.flat_map(|entry| {
            let hooks = entry.hooks().into_iter().flatten();
            hooks.filter_map(|hook| match hook {
                HookPlan::Exec(exec) => Some((entry.id.as_str(), exec)),
                HookPlan::Http(_) => None,
            })
        })
    }

    /// Whether it switches faults of the demo shop.
    #[must_use]
    pub fn has_faults(&self) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| matches!(entry.action, DrillAction::Fault(_)))
    }
}

impl DrillEntryPlan {
    /// The faults of both, when they are in one place at once: the second would replace the first, and
    /// take it away.
    #[must_use]
    pub fn collides_with<'a>(&'a self, other: &'a Self) -> Option<(&'a Fault, &'a Fault)> {
        let (DrillAction::Fault(one), DrillAction::Fault(two)) = (&self.action, &other.action)
        else {
            return None;
        };
        let ends_us = |entry: &Self| entry.until_us.unwrap_or(i64::MAX);
        let is_at_once = self.at_us < ends_us(other) && other.at_us < ends_us(self);
        (is_at_once && one.same_place(two)).then_some((one, two))
    }

    fn hooks(&self) -> [Option<&HookPlan>; 2] {
        match &self.action {
            DrillAction::Marked { hook, undo, .. } => [hook.as_deref(), undo.as_deref()],
            DrillAction::Fault(_) | DrillAction::ChannelOff(_) | DrillAction::Announce(_) => {
                [None, None]
            }
        }
    }

    /// Whether there is something to undo, so that it lasts.
    #[must_use]
    pub fn lasts(&self) -> bool {
        match &self.action {
            DrillAction::Fault(_) | DrillAction::ChannelOff(_) => true,
            DrillAction::Marked { undo, .. } => undo.is_some() || self.until_us.is_some(),
            DrillAction::Announce(_) => false,
        }
    }
}
