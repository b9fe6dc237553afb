//! What a search found: per goal its bounds, or the named reason why there are none.
//!
//! In: a plan, all trials, and how the search ended. Out: a [`SearchOutcome`]; an irregular result is
//! never without its name, and never looks like a regular one (RFC 9971, section 4.8.4).

use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::controller::SearchPlan;
use super::goal::SearchGoal;
use super::trials::{Trial, Trials};

/// Results of full-length trials that contradict each other over more than so many widths are noise.
const NOISE_WIDTHS: f64 = 2.0;

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Every goal has its bounds, or can have none.
    Complete,
    /// The next trial would have gone past the budget.
    BudgetOver,
    /// Somebody stopped it.
    Stopped,
    /// After a trial the target did not come back to its baseline.
    NotRecovered {
        /// How long it was watched, seconds.
        waited_s: f64,
    },
    /// A trial that was repeated said twice the opposite of what it had said: capacity changed.
    Drifted(Drift),
}

/// Capacity changed during the search.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// In which direction.
    pub capacity: DriftDirection,
    /// The rate of the trial that was repeated, per second.
    pub rate_per_s: f64,
    /// The trial that was repeated.
    pub trial: u32,
}

/// In which direction a capacity changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftDirection {
    /// What failed before holds now: autoscaling, caches that filled.
    Grew,
    /// What held before fails now: leaks, data that grew, a neighbour.
    Fell,
}

/// What became of a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoalState {
    /// Both bounds, near enough, of the target.
    Regular,
    /// Named by the reason.
    Irregular,
    /// What is known says more of the generator, or of a target that changed, than of the target.
    Invalid,
}

/// Why a result is irregular or invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The target's capacity changed during the search.
    Drift,
    /// The generator was at its end before the target was.
    GeneratorLimited,
    /// The goal fails at the lowest rate.
    FailsAtLowest,
    /// The target did not come back to its baseline.
    NotRecovered,
    /// Somebody stopped the search.
    Stopped,
    /// The budget was over.
    BudgetOver,
    /// The goal holds at the highest rate that may be tried.
    HoldsAtHighest,
    /// Trials at the same rates contradict each other.
    Noise,
    /// A rate holds that is higher than one that fails.
    Inversion,
}

/// The result of one goal; rates in arrivals per second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GoalResult {
    /// Name of the goal.
    pub name: String,
    /// The highest rate that is known to hold.
    pub lower: Option<f64>,
    /// The lowest rate that is known to fail.
    pub upper: Option<f64>,
    /// What became of it.
    pub state: GoalState,
    /// Why it is not regular.
    pub reason: Option<Reason>,
    /// `(upper − lower) / upper`.
    pub width: Option<f64>,
    /// Conditional throughput at the lower bound: good journeys per second.
    pub conditional_throughput: Option<f64>,
    /// Full-length trials at the lower bound.
    pub trials_at_lower: usize,
    /// High-loss trials among them.
    pub high_loss_at_lower: usize,
    /// From the lowest rate at which a full-length trial failed to the highest at which one held,
    /// where the first is below the second.
    pub contradicted: Option<[f64; 2]>,
    /// The largest rate above the upper bound that holds all the same.
    pub inverted: Option<f64>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchOutcome {
    /// How it ended.
    pub ended: Ended,
    /// Per goal, in their order.
    pub goals: Vec<GoalResult>,
}

impl SearchOutcome {
    /// Of all trials.
    #[must_use]
    pub fn of(plan: &SearchPlan, trials: &Trials, ended: Ended) -> Self {
        let goals = plan.goals.iter().enumerate();
        let goals = goals.map(|(index, goal)| goal_result(plan, index, goal, trials, ended));
        Self {
            ended,
            goals: goals.collect(),
        }
    }

    /// The goal that decides how much the target can take when all must hold: the first without a
    /// lower bound, else the one with the lowest.
    #[must_use]
    pub fn strictest(&self) -> Option<&GoalResult> {
        let lower = |goal: &GoalResult| goal.lower.unwrap_or(0.0);
        self.goals.iter().reduce(|strictest, goal| {
            if lower(goal) < lower(strictest) {
                goal
            } else {
                strictest
            }
        })
    }

    /// The most serious reason of any goal.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.goals.iter().filter_map(|goal| goal.reason).min()
    }
}

fn goal_result(
    plan: &SearchPlan,
    index: usize,
    goal: &SearchGoal,
    trials: &Trials,
    ended: Ended,
) -> GoalResult {
    let targets = goal.targets();
    let requirement = targets[targets.len() - 1].requirement;
    let mut bounds = trials.bounds(index, &requirement);
    let contradicted = contradicted(index, goal, trials);
    let reason = reason(plan, goal, bounds, contradicted, trials, ended);
    if reason == Some(Reason::GeneratorLimited) && bounds.upper.is_some() {
        // A rate that the generator could not offer says nothing of the target.
        bounds.upper = None;
    }
    let at_lower: Vec<_> = bounds
        .lower
        .into_iter()
        .flat_map(|lower| trials.at(lower))
        .map(|trial| trial.result(index))
        .collect();
    let full = at_lower.iter().filter(|it| requirement.is_full_length(it));
    GoalResult {
        name: goal.name.clone(),
        lower: bounds.lower,
        upper: bounds.upper,
        state: match reason {
            None => GoalState::Regular,
            Some(Reason::Drift | Reason::GeneratorLimited) => GoalState::Invalid,
            Some(_) => GoalState::Irregular,
        },
        reason,
        width: bounds.width(),
        conditional_throughput: bounds
            .lower
            .and_then(|lower| requirement.conditional_throughput(lower, &at_lower)),
        trials_at_lower: full.clone().count(),
        high_loss_at_lower: full.filter(|it| requirement.is_high_loss(it)).count(),
        contradicted,
        inverted: bounds.inverted,
    }
}

/// The most serious reason why a goal has no regular result.
fn reason(
    plan: &SearchPlan,
    goal: &SearchGoal,
    bounds: Bounds,
    contradicted: Option<[f64; 2]>,
    trials: &Trials,
    ended: Ended,
) -> Option<Reason> {
    let is_the_generators = trials
        .generator_limit()
        .is_some_and(|limit| bounds.upper.is_none_or(|upper| upper >= limit));
    if let Ended::Drifted(_) = ended {
        return Some(Reason::Drift);
    }
    if is_the_generators {
        return Some(Reason::GeneratorLimited);
    }
    if bounds.are_within(goal.width) {
        let is_wide = |[low, high]: [f64; 2]| (high - low) / high > goal.width * NOISE_WIDTHS;
        let noise = contradicted
            .filter(|zone| is_wide(*zone))
            .map(|_| Reason::Noise);
        return noise.or(bounds.inverted.map(|_| Reason::Inversion));
    }
    let RangeEnds {
        is_at_min,
        is_at_max,
    } = RangeEnds::of(plan, bounds);
    Some(match ended {
        _ if is_at_min => Reason::FailsAtLowest,
        _ if is_at_max && plan.is_max_the_generators => Reason::GeneratorLimited,
        _ if is_at_max => Reason::HoldsAtHighest,
        Ended::BudgetOver => Reason::BudgetOver,
        Ended::NotRecovered { .. } => Reason::NotRecovered,
        Ended::Stopped => Reason::Stopped,
        Ended::Drifted(_) => Reason::Drift,
        // The bounds are as near as rates of four digits can be, or no trial was made at all.
        Ended::Complete => Reason::Noise,
    })
}

struct RangeEnds {
    is_at_min: bool,
    is_at_max: bool,
}

impl RangeEnds {
    fn of(plan: &SearchPlan, bounds: Bounds) -> Self {
        let rates = plan.rates;
        Self {
            is_at_min: bounds.lower.is_none() && bounds.upper.is_some_and(|it| it <= rates.min),
            is_at_max: bounds.upper.is_none() && bounds.lower.is_some_and(|it| it >= rates.max),
        }
    }
}

/// Where full-length trials contradict each other.
fn contradicted(index: usize, goal: &SearchGoal, trials: &Trials) -> Option<[f64; 2]> {
    let full =
        |trial: &&Trial| trial.duration_s >= goal.final_trial_s && !trial.is_generator_limited;
    let is_high = |trial: &&Trial| trial.result(index).loss_ratio > goal.loss_ratio;
    let rates = |wanted: bool| {
        let wanted = trials
            .all()
            .iter()
            .filter(full)
            .filter(move |it| is_high(it) == wanted);
        wanted.map(|trial| trial.rate_per_s)
    };
    let lowest_bad = rates(true).reduce(f64::min)?;
    let highest_good = rates(false).reduce(f64::max)?;
    (lowest_bad < highest_good).then_some([lowest_bad, highest_good])
}

#[cfg(test)]
mod tests;
