//! Objectives: whether a share held over days, weeks, months, periods and rolling windows, how much
//! of its error budget is left, and when that burned too fast.
//!
//! In: an [`ObjectivePlan`] and the [`History`] of one SLI. Out: an [`ObjectiveOutcome`]. What was
//! excluded is dropped, never counted as good; where nothing was counted there is no number,
//! neither 0 nor 1. Reading order: [`History`], [`evaluate_objective`], [`ObjectiveWindow`],
//! [`ErrorBudget`], [`BurnOutcome`], [`what_if`].

mod budget;
mod burn;
mod history;
mod what_if;
mod window;

#[cfg(test)]
mod tests;

pub use budget::{BudgetPoint, ErrorBudget, Projection, budget, budget_series};
pub use burn::{BurnOutcome, FiringStretch, burn_outcome, burn_rate, burn_threshold};
pub use history::{History, Slice, SliceCounts};
pub use what_if::{WhatIf, WhatIfAlerts, WhatIfCell, what_if};
pub use window::{ObjectiveWindow, objective_windows, stretches};

use jiff::tz::TimeZone;
use serde::Serialize;

use super::plan::ObjectivePlan;

/// How one objective was held.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ObjectiveOutcome {
    /// The least share of good.
    pub target: f64,
    /// Each calendar window or period that overlaps the range, oldest first; of a rolling
    /// objective the one that ends with the range.
    pub windows: Vec<ObjectiveWindow>,
    /// How the budget ran down, oldest first.
    pub series: Vec<BudgetPoint>,
    /// One per burn rule, in the order of the plan.
    pub burn: Vec<BurnOutcome>,
}

/// Judges one objective over the whole history. Days, weeks and months are those of `zone`;
/// windows with fewer than `count_min` valid ones (or none) are not judged; the series has a point
/// every `step_us`, above 0, and one at the end.
#[must_use]
pub fn evaluate_objective(
    plan: &ObjectivePlan,
    history: &History,
    zone: &TimeZone,
    count_min: u64,
    step_us: i64,
) -> ObjectiveOutcome {
    let burn = plan.burn.iter();
    ObjectiveOutcome {
        target: plan.target,
        windows: objective_windows(plan, history, zone, count_min),
        series: budget_series(plan, history, zone, step_us),
        burn: burn
            .map(|rule| burn_outcome(rule, plan, history, zone))
            .collect(),
    }
}
