//! Checkpoints: is the target at the end of the search still what it was at its beginning?
//!
//! In: a plan and all trials. Out: an early trial that failed and one that held, to be made again. One
//! result that says the opposite is chance; two are a capacity that changed: autoscaling, filled caches,
//! leaks. Trials near the bounds are left out, because there both results are right.

use super::controller::{SearchPlan, TrialOrder};
use super::trials::{Purpose, Trial, Trials};

/// A rate so little below the lower bound, or so little above the upper one, may say either: short trials
/// hold at rates that long ones do not.
const NEAR_BELOW: f64 = 1.1;
const NEAR_ABOVE: f64 = 1.3;

/// A trial that is made again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Checkpoint {
    /// What is made again.
    pub order: TrialOrder,
    /// Number of the trial that is repeated.
    pub trial: u32,
    /// Whether it held then.
    pub held: bool,
    loss_ratio: f64,
}

/// What repeated trials say so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Another one is needed.
    Open,
    /// As before.
    Agrees,
    /// The opposite, twice.
    Contradicts,
}

impl Checkpoint {
    /// The checkpoints of a search that has its bounds: at most two.
    #[must_use]
    pub fn of(plan: &SearchPlan, trials: &Trials) -> Vec<Self> {
        let Some(goal) = loosest(plan, trials) else {
            return Vec::new();
        };
        let definition = &plan.goals[goal];
        let targets = definition.targets();
        let bounds = trials.bounds(goal, &targets[targets.len() - 1].requirement);
        let is_near = |rate: f64| {
            let lower = bounds.lower.or(bounds.upper).unwrap_or(0.0);
            let upper = bounds.upper.unwrap_or(f64::INFINITY);
            rate > lower / NEAR_BELOW && rate < upper * NEAR_ABOVE
        };
        let early = trials.all().iter().filter(|trial| {
            trial.purpose == Purpose::Search
                && !trial.is_generator_limited
                && !is_near(trial.rate_per_s)
        });
        let held = |trial: &&Trial| trial.result(goal).loss_ratio <= definition.loss_ratio;
        let checkpoint = |trial: &Trial, held: bool| Self {
            order: TrialOrder {
                rate_per_s: trial.rate_per_s,
                duration_s: trial.duration_s,
                goal,
            },
            trial: trial.number,
            held,
            loss_ratio: definition.loss_ratio,
        };
        let failed = early.clone().find(|trial| !held(trial));
        let highest = |best: &'_ Trial, trial: &'_ Trial| trial.rate_per_s > best.rate_per_s;
        let mut best: Option<&Trial> = None;
        for trial in early.filter(held) {
            if best.is_none_or(|best| highest(best, trial)) {
                best = Some(trial);
            }
        }
        let best = best.map(|trial| checkpoint(trial, true));
        let failed = failed.map(|trial| checkpoint(trial, false));
        // Low to high, as always.
        best.into_iter().chain(failed).collect()
    }

    /// What the trials that repeat it say.
    #[must_use]
    pub fn verdict(&self, trials: &Trials) -> Verdict {
        let repeated = trials
            .at(self.order.rate_per_s)
            .filter(|trial| trial.purpose == Purpose::Checkpoint);
        let mut contradictions = 0;
        for trial in repeated {
            let held = trial.result(self.order.goal).loss_ratio <= self.loss_ratio;
            if held == self.held {
                return Verdict::Agrees;
            }
            contradictions += 1;
        }
        if contradictions >= 2 {
            Verdict::Contradicts
        } else {
            Verdict::Open
        }
    }
}

/// The goal with the highest bounds.
fn loosest(plan: &SearchPlan, trials: &Trials) -> Option<usize> {
    let bound = |index: usize| {
        let targets = plan.goals[index].targets();
        let bounds = trials.bounds(index, &targets[targets.len() - 1].requirement);
        bounds.upper.or(bounds.lower).unwrap_or(0.0)
    };
    (0..plan.goals.len()).reduce(|best, index| {
        if bound(index) > bound(best) {
            index
        } else {
            best
        }
    })
}
