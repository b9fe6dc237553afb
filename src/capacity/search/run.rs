//! The search itself: trials, one after the other, until the bounds are near enough or an end comes.
//!
//! In: a [`SearchPlan`], trials that are kept from before, a [`Budget`], and a [`Measurer`], which has the
//! clock and makes trials. Out: a [`SearchOutcome`] and all trials. It takes no time itself and knows
//! nothing of HTTP.

use super::checkpoint::{Checkpoint, Verdict};
use super::controller::{SearchPlan, TrialOrder};
use super::estimate::left_s;
use super::outcome::{Drift, DriftDirection, Ended, SearchOutcome};
use super::trials::{Purpose, Trial, Trials};

/// The most trials of a search: a limit that no reasonable search comes near.
pub const TRIALS_MAX: usize = 1_000;

/// What makes trials, and has the clock: the measurer of RFC 9971.
pub trait Measurer {
    /// Why it cannot go on at all.
    type Error;

    /// Seconds since some moment that stays.
    fn now_s(&mut self) -> f64;

    /// Waits until the target is back to its baseline.
    ///
    /// # Errors
    /// When the search cannot go on.
    fn settle(&mut self) -> Result<Settled, Self::Error>;

    /// Makes one trial, and keeps it; `None` when it was stopped half-way.
    ///
    /// # Errors
    /// When the search cannot go on.
    fn trial(&mut self, order: &TrialOrder, purpose: Purpose)
    -> Result<Option<Trial>, Self::Error>;

    /// Is told before each trial where the search stands.
    fn progress(&mut self, progress: &SearchProgress<'_>);
}

/// What became of a cool-down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Settled {
    /// The target is as it was at the beginning.
    Ready,
    /// It is not, after so many seconds.
    NotRecovered {
        /// How long it was watched, seconds.
        waited_s: f64,
    },
    /// Somebody stopped the search meanwhile.
    Stopped,
}

/// Until when a search may go on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// By the clock of the measurer, seconds.
    pub until_s: f64,
    /// What a trial takes beside its length, seconds: lead-in, drain, cool-down. A first guess; what
    /// trials really take replaces it.
    pub overhead_s: f64,
}

/// Where a search stands.
#[derive(Debug, Clone, Copy)]
pub struct SearchProgress<'a> {
    /// All trials so far.
    pub trials: &'a Trials,
    /// The bounds so far.
    pub outcome: &'a SearchOutcome,
    /// The trial that comes next.
    pub next: TrialOrder,
    /// Why it is made.
    pub purpose: Purpose,
    /// Seconds that the search will probably still take.
    pub left_s: f64,
}

/// Searches; `kept` are trials of the same search from before, in the order of time.
///
/// # Errors
/// Those of the measurer; what was tried until then is with whoever kept it.
pub fn search<M: Measurer>(
    plan: &SearchPlan,
    kept: Vec<Trial>,
    budget: Budget,
    measurer: &mut M,
) -> Result<(SearchOutcome, Trials), M::Error> {
    let mut trials = Trials::default();
    kept.into_iter().for_each(|trial| trials.add(trial));
    let mut run = Run {
        plan,
        budget,
        measurer,
        trials,
        spent_s: 0.0,
        trial_s: 0.0,
        made: 0,
    };
    let ended = run.bounds()?;
    let ended = match ended {
        Ended::Complete => run.checkpoints()?,
        other => other,
    };
    let outcome = SearchOutcome::of(plan, &run.trials, ended);
    Ok((outcome, run.trials))
}

struct Run<'a, M> {
    plan: &'a SearchPlan,
    budget: Budget,
    measurer: &'a mut M,
    trials: Trials,
    /// What trials took by the clock, and what was asked of them, seconds.
    spent_s: f64,
    trial_s: f64,
    made: u32,
}

impl<M: Measurer> Run<'_, M> {
    fn bounds(&mut self) -> Result<Ended, M::Error> {
        while let Some(order) = self.plan.next(&self.trials) {
            if let Some(ended) = self.make(order, Purpose::Search)? {
                return Ok(ended);
            }
        }
        Ok(Ended::Complete)
    }

    /// Repeats an early trial of either kind; twice the opposite is no accident.
    fn checkpoints(&mut self) -> Result<Ended, M::Error> {
        for checkpoint in Checkpoint::of(self.plan, &self.trials) {
            loop {
                match checkpoint.verdict(&self.trials) {
                    Verdict::Agrees => break,
                    Verdict::Contradicts => {
                        return Ok(Ended::Drifted(Drift {
                            capacity: match checkpoint.held {
                                true => DriftDirection::Fell,
                                false => DriftDirection::Grew,
                            },
                            rate_per_s: checkpoint.order.rate_per_s,
                            trial: checkpoint.trial,
                        }));
                    }
                    Verdict::Open => {}
                }
                // What does not fit into the budget any more is left out: the bounds are there.
                match self.make(checkpoint.order, Purpose::Checkpoint)? {
                    None => {}
                    Some(Ended::BudgetOver | Ended::Complete) => return Ok(Ended::Complete),
                    Some(ended) => return Ok(ended),
                }
            }
        }
        Ok(Ended::Complete)
    }

    /// Makes a trial; says so if the search ends instead.
    fn make(&mut self, order: TrialOrder, purpose: Purpose) -> Result<Option<Ended>, M::Error> {
        let overhead_s = self.overhead_s();
        let begun_s = self.measurer.now_s();
        let is_over = begun_s + order.duration_s + overhead_s > self.budget.until_s;
        if is_over || self.trials.all().len() >= TRIALS_MAX {
            return Ok(Some(Ended::BudgetOver));
        }
        let outcome = SearchOutcome::of(self.plan, &self.trials, Ended::Complete);
        self.measurer.progress(&SearchProgress {
            trials: &self.trials,
            outcome: &outcome,
            next: order,
            purpose,
            left_s: left_s(self.plan, &self.trials, overhead_s),
        });
        match self.measurer.settle()? {
            Settled::Ready => {}
            Settled::NotRecovered { waited_s } => {
                return Ok(Some(Ended::NotRecovered { waited_s }));
            }
            Settled::Stopped => return Ok(Some(Ended::Stopped)),
        }
        let Some(trial) = self.measurer.trial(&order, purpose)? else {
            return Ok(Some(Ended::Stopped));
        };
        self.trials.add(trial);
        self.spent_s += self.measurer.now_s() - begun_s;
        self.trial_s += order.duration_s;
        self.made += 1;
        Ok(None)
    }

    /// What a trial takes beside its length, as far as that is known.
    fn overhead_s(&self) -> f64 {
        if self.made == 0 {
            return self.budget.overhead_s;
        }
        ((self.spent_s - self.trial_s) / f64::from(self.made)).max(0.0)
    }
}
