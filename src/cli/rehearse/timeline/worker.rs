//! One entry of the timeline, from its moment to its undoing.
//!
//! In: the plan of the entry. Out: how it went. What has begun is undone, also when it failed or the run
//! is over.

use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

use super::faults::TIMEOUT;
use super::hook::{HookEnd, duration, is_over};
use super::{Timeline, action_of, hook_words, what};
use crate::cli::live::Standing;
use crate::game_day::{DrilledEntry, EntryEnd, EntryOutcome, Expectation, UndoOutcome};
use crate::report::text;
use crate::scenario::{DrillAction, DrillEntryPlan, HookPlan};
use crate::time_window::{now_us, rfc3339, seconds};

/// An undo that takes longer after the end of the run is said to be waited for.
const UNDO_UNSAID: Duration = Duration::from_millis(300);

/// One entry, being worked off.
pub struct Worker<'a> {
    pub(super) timeline: &'a Timeline<'a>,
    pub(super) plan: &'a DrillEntryPlan,
    /// Its place in the timeline.
    index: usize,
    origin: Instant,
    over: watch::Receiver<bool>,
}

impl<'a> Worker<'a> {
    /// A worker that waits for its entry; times count from `origin`.
    pub fn new(
        timeline: &'a Timeline<'a>,
        (index, plan): (usize, &'a DrillEntryPlan),
        origin: Instant,
        over: watch::Receiver<bool>,
    ) -> Self {
        Self {
            timeline,
            plan,
            index,
            origin,
            over,
        }
    }

    /// Waits, does it, waits, undoes it.
    pub async fn work(mut self) -> DrilledEntry {
        let mut entry = self.not_begun();
        if !self.sleep_until(self.plan.at_us).await {
            return entry;
        }
        entry.began_us = Some(self.now_us());
        match &self.plan.action {
            DrillAction::Announce(text) => self.announce(text, &mut entry).await,
            DrillAction::ChannelOff(_) => {
                // The arrivals did it, at the planned moment.
                entry.began_us = Some(self.plan.at_us);
                entry.outcome = EntryOutcome::Done;
                self.stands(self.running());
                self.tell("begins");
                let is_undone = self.last().await;
                let until_us = self.plan.until_us.filter(|_| is_undone);
                entry.undone_us = Some(until_us.unwrap_or_else(|| self.now_us()));
                entry.undo = UndoOutcome::Done;
                self.stands(self.undone());
                self.tell("is over");
            }
            DrillAction::Fault(_) | DrillAction::Marked { .. } => {
                self.do_and_undo(&mut entry).await
            }
        }
        entry
    }

    fn not_begun(&self) -> DrilledEntry {
        let plan = self.plan;
        DrilledEntry {
            id: plan.id.clone(),
            title: self.redacted(&plan.title),
            action: action_of(&plan.action),
            what: self.redacted(&what(self.timeline.plan, &plan.action)),
            planned_us: plan.at_us,
            planned_until_us: plan.until_us,
            began_us: None,
            undone_us: None,
            end: match plan.lasts() {
                true => EntryEnd::Lasts,
                false => EntryEnd::Moment,
            },
            outcome: EntryOutcome::NotReached,
            problem: None,
            undo: UndoOutcome::None,
            undo_problem: None,
            output: None,
            confirmed_after_us: None,
            expect: plan.expect.as_ref().map(|expect| Expectation {
                seen_by: expect.seen_by.clone(),
                within_us: expect.within_us,
                recovers_within_us: expect.recovers_within_us,
                confirmed_within_us: expect.confirmed_within_us,
            }),
            shoppers_withheld: None,
        }
    }

    async fn announce(&mut self, text: &str, entry: &mut DrilledEntry) {
        let timeline = self.timeline;
        let how = timeline.confirmations.how(&self.plan.id);
        // Looked at before anybody is asked: an answer may be quick.
        let early = timeline.confirmations.made_early(&self.plan.id);
        self.say(&format!("announce {}: {text} ({how})", self.plan.id));
        let within_us = self.confirmed_within_us();
        self.stands(Standing::Waiting {
            id: self.plan.id.clone(),
            how,
            can_be_confirmed: timeline.confirmations.can_be_made(),
            until_us: within_us.map(|within_us| self.now_us() + within_us),
        });
        if let Some(made_at) = early {
            self.refuse_early(made_at);
        }
        let confirmed = timeline.confirmations.confirmed(&self.plan.id, early);
        let confirmed = tokio::select! {
            at = confirmed => Some(at),
            () = is_over(&mut self.over) => None,
        };
        timeline.confirmations.forget(&self.plan.id);
        match confirmed {
            Some(at) => {
                let at_us = us_between(self.origin, at);
                let after_us = (at_us - entry.began_us.unwrap_or(at_us)).max(0);
                entry.outcome = EntryOutcome::Confirmed;
                entry.undone_us = Some(at_us);
                entry.confirmed_after_us = Some(after_us);
                self.stands(Standing::Confirmed {
                    after_us,
                    within_us,
                });
                let after = text::duration(seconds(after_us));
                self.say(&format!("{} is confirmed after {after}", self.plan.id));
            }
            None => {
                entry.outcome = EntryOutcome::NotConfirmed;
                self.stands(Standing::NotConfirmed);
                entry.undone_us = Some(self.now_us());
            }
        }
    }

    async fn do_and_undo(&mut self, entry: &mut DrilledEntry) {
        self.stands(self.running());
        self.tell("begins");
        self.opens();
        let end = self.begin().await;
        entry.output = end.output;
        entry.outcome = match end.problem {
            Some(_) => EntryOutcome::Failed,
            None => EntryOutcome::Done,
        };
        entry.problem = end.problem;
        if let Some(problem) = &entry.problem {
            self.fails(problem, false);
            self.say(&format!("{} FAILED: {problem}", self.plan.id));
        } else if self.plan.lasts() {
            self.last().await;
        }
        // What failed, or did not answer in time, may still have been done.
        let undone = self.undo_and_say().await;
        self.timeline.open_undos.end(self.index);
        if let Some(end) = undone {
            entry.undone_us = Some(self.now_us());
            entry.undo = match end.problem {
                Some(_) => UndoOutcome::Failed,
                None => UndoOutcome::Done,
            };
            match &end.problem {
                Some(problem) => {
                    self.stands(Standing::NotUndone {
                        problem: self.redacted(problem),
                    });
                    self.say(&format!("{} was NOT UNDONE: {problem}", self.plan.id));
                }
                None => self.say_undone(entry.problem.as_deref()),
            }
            entry.undo_problem = end.problem;
        } else {
            if self.plan.lasts() {
                entry.undone_us = Some(self.now_us());
            }
            if entry.problem.is_none() {
                self.stands(Standing::Done);
            }
        }
    }

    /// From now on it is on, until it is undone.
    fn opens(&self) {
        let Some((how, _)) = self.undo_words() else {
            return;
        };
        let what = what(self.timeline.plan, &self.plan.action);
        let since = rfc3339(now_us() / 1_000_000 * 1_000_000);
        let words = format!(
            "{}: {what}, on since {since}; to undo it: {how}",
            self.plan.id
        );
        let words = self.redacted(&words);
        self.timeline.open_undos.begin(self.index, words);
    }

    /// How it is undone, and how long that may take; `None` where it need not be, or ends with the process.
    fn undo_words(&self) -> Option<(String, Duration)> {
        match &self.plan.action {
            DrillAction::Fault(fault) => {
                let words = self.timeline.faults.off_words(*fault);
                words.map(|words| (words, TIMEOUT))
            }
            DrillAction::Marked {
                undo: Some(undo), ..
            } => {
                let timeout_us = match &**undo {
                    HookPlan::Http(http) => http.timeout_us,
                    HookPlan::Exec(exec) => exec.timeout_us,
                };
                Some((hook_words(undo), duration(timeout_us)))
            }
            DrillAction::Marked { undo: None, .. }
            | DrillAction::ChannelOff(_)
            | DrillAction::Announce(_) => None,
        }
    }

    /// Undoes it; when the run is over and that takes its time, says what is waited for.
    async fn undo_and_say(&self) -> Option<HookEnd> {
        let undo = self.undo();
        tokio::pin!(undo);
        let mut over = self.over.clone();
        let slow = async {
            is_over(&mut over).await;
            tokio::time::sleep(UNDO_UNSAID).await;
        };
        tokio::select! {
            biased;
            end = &mut undo => return end,
            () = slow => {}
        }
        if let Some((how, timeout)) = self.undo_words() {
            let timeout = text::duration(timeout.as_secs_f64());
            self.say(&format!(
                "{} is being undone, which may take {timeout}: {how} (a second Ctrl-C leaves it on)",
                self.plan.id
            ));
        }
        undo.await
    }

    /// What failed before is said again: where only the newest message is shown, it would be gone.
    fn say_undone(&self, problem: Option<&str>) {
        match problem {
            Some(problem) => {
                self.fails(problem, true);
                self.tell(&format!("FAILED ({problem}) and is undone"));
            }
            None => {
                self.stands(self.undone());
                self.tell("is undone");
            }
        }
    }

    async fn begin(&mut self) -> HookEnd {
        match &self.plan.action {
            DrillAction::Fault(fault) => {
                let faults = &self.timeline.faults;
                let switched = faults.switch_on(*fault, &self.timeline.plan.transport);
                HookEnd {
                    problem: switched.await.err(),
                    output: None,
                }
            }
            DrillAction::Marked {
                hook: Some(hook), ..
            } => {
                let mut over = self.over.clone();
                self.call(hook, Some(&mut over)).await
            }
            DrillAction::Marked { hook: None, .. }
            | DrillAction::ChannelOff(_)
            | DrillAction::Announce(_) => HookEnd {
                problem: None,
                output: None,
            },
        }
    }

    /// Undoes it; `None` when there is nothing to undo. The end of the run does not stop this.
    async fn undo(&self) -> Option<HookEnd> {
        match &self.plan.action {
            DrillAction::Fault(fault) => {
                let faults = &self.timeline.faults;
                let switched = faults.switch_off(*fault, &self.timeline.plan.transport);
                Some(HookEnd {
                    problem: switched.await.err(),
                    output: None,
                })
            }
            DrillAction::Marked {
                undo: Some(undo), ..
            } => Some(self.call(undo, None).await),
            DrillAction::Marked { undo: None, .. }
            | DrillAction::ChannelOff(_)
            | DrillAction::Announce(_) => None,
        }
    }

    /// Waits for the end of the entry, or of the run; whether it was that of the entry.
    async fn last(&mut self) -> bool {
        match self.plan.until_us {
            Some(until_us) => self.sleep_until(until_us).await,
            None => {
                is_over(&mut self.over).await;
                false
            }
        }
    }

    /// Whether the moment came before the run was over.
    async fn sleep_until(&mut self, at_us: i64) -> bool {
        let at = self.origin + duration(at_us);
        tokio::select! {
            biased;
            () = is_over(&mut self.over) => false,
            () = tokio::time::sleep_until(at.into()) => true,
        }
    }

    fn now_us(&self) -> i64 {
        us_between(self.origin, Instant::now())
    }

    pub(super) fn redacted(&self, text: &str) -> String {
        self.timeline.plan.drills.redactor.shown(text)
    }

    fn refuse_early(&self, made_at: SystemTime) {
        let early = made_at.elapsed().unwrap_or_default().as_secs_f64();
        let file = self.timeline.confirmations.file(&self.plan.id);
        let file = file.map_or_else(String::new, |file| file.display().to_string());
        self.say(&format!(
            "{} was confirmed {} too early, which does not count (hint: touch {file} again when it is done)",
            self.plan.id,
            text::duration(early)
        ));
    }

    fn confirmed_within_us(&self) -> Option<i64> {
        let expect = self.plan.expect.as_ref();
        expect.and_then(|expect| expect.confirmed_within_us)
    }

    fn stands(&self, standing: Standing) {
        self.timeline.events.set(self.index, standing);
    }

    fn running(&self) -> Standing {
        Standing::Running {
            since_us: self.now_us(),
            until_us: self.plan.until_us,
        }
    }

    fn undone(&self) -> Standing {
        Standing::Undone {
            at_us: self.now_us(),
        }
    }

    fn fails(&self, problem: &str, is_undone: bool) {
        let problem = self.redacted(problem);
        self.stands(Standing::Failed { problem, is_undone });
    }

    fn tell(&self, what: &str) {
        let title = self.redacted(&self.plan.title);
        self.say(&format!("{} {what}: {title}", self.plan.id));
    }

    fn say(&self, message: &str) {
        let at = text::offset(self.now_us(), 0);
        let message = self.redacted(message);
        let line = format!("drill {at}  {message}");
        self.timeline.terminal.note(&line);
    }
}

fn us_between(from: Instant, to: Instant) -> i64 {
    i64::try_from(to.saturating_duration_since(from).as_micros()).unwrap_or(i64::MAX)
}
