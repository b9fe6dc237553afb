//! The error budget: how many bad ones an objective allows, and how many of them there were.
//!
//! In: counts. Out: an [`ErrorBudget`], its [`Projection`] to the end of a window, and how it ran
//! down over time. Nothing is divided by 0: without a valid one there is no budget.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::history::{History, SliceCounts};
use super::window::{US_PER_DAY, rolling, stretches};
use crate::sli::interval::number;
use crate::sli::plan::{ObjectivePlan, Over};
use crate::sli::series::as_rfc3339;
use crate::time_window::TimeWindow;

/// The budget of what was valid so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ErrorBudget {
    /// How many bad ones the target allows of the valid ones; above 0.
    pub allowed: f64,
    /// How many there were.
    pub bad: u64,
    /// `bad` by `allowed`: 1 is all of it, 2 twice as many as allowed.
    pub spent: f64,
    /// 1 less `spent`; negative when overspent.
    pub remaining: f64,
}

/// How a window will end if it goes on like this.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Projection {
    /// Valid ones at the end.
    pub valid: f64,
    /// Bad ones at the end.
    pub bad: f64,
    /// Share of the whole window's budget that will be spent.
    pub spent: f64,
}

/// How much of the budget was left at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BudgetPoint {
    /// The moment, UTC µs.
    #[serde(rename = "at", serialize_with = "as_rfc3339")]
    pub at_us: i64,
    /// Share of good ones since the window began; `None` when nothing was valid.
    pub value: Option<f64>,
    /// Share of the budget that was left, as in [`ErrorBudget`].
    pub remaining: Option<f64>,
}

/// The budget of these counts; `None` when nothing was valid, or the target is 1.
#[must_use]
pub fn budget(target: f64, counts: SliceCounts) -> Option<ErrorBudget> {
    let allowed = (1.0 - target) * number(counts.valid);
    (allowed > 0.0).then(|| {
        let spent = number(counts.bad()) / allowed;
        ErrorBudget {
            allowed,
            bad: counts.bad(),
            spent,
            remaining: 1.0 - spent,
        }
    })
}

/// How a window ends when its rest is like its last 7 days as far as they are known, its last day
/// where less than 7 are known, or all of it where less than a day is: whole days, because nights
/// are unlike days. `None` when the window is over, or nothing was valid in that stretch.
pub(super) fn projection(target: f64, history: &History, window: TimeWindow) -> Option<Projection> {
    let range = history.range();
    let start_us = window.start_us.max(range.start_us);
    let rest_us = window.end_us - range.end_us;
    let known_us = range.end_us - start_us;
    if rest_us <= 0 || known_us <= 0 {
        return None;
    }
    let recent_us = [7 * US_PER_DAY, US_PER_DAY]
        .into_iter()
        .find(|length_us| *length_us <= known_us)
        .unwrap_or(known_us);
    let recent = history.counts(rolling(range.end_us, recent_us));
    let excluded_us = i64::try_from(recent.excluded_slices).unwrap_or(0) * history.slice_us();
    if recent.valid == 0 || recent_us <= excluded_us {
        return None;
    }
    let times = number(rest_us.unsigned_abs()) / number((recent_us - excluded_us).unsigned_abs());
    let counts = history.counts(window);
    let valid = number(counts.valid) + times * number(recent.valid);
    let bad = number(counts.bad()) + times * number(recent.bad());
    let allowed = (1.0 - target) * valid;
    (allowed > 0.0).then(|| Projection {
        valid,
        bad,
        spent: bad / allowed,
    })
}

/// How the budget ran down: a point every `step_us`, above 0, after the start of the range, and one
/// at its end; oldest first. A point of a calendar window or period counts from the window's start,
/// one of a rolling objective the window that ends there. Outside a period there are no points.
#[must_use]
pub fn budget_series(
    plan: &ObjectivePlan,
    history: &History,
    zone: &TimeZone,
    step_us: i64,
) -> Vec<BudgetPoint> {
    let range = history.range();
    let stretches = stretches(&plan.over, range, zone);
    let mut points = Vec::new();
    let mut at_us = range.start_us;
    while at_us < range.end_us {
        at_us = at_us.saturating_add(step_us).min(range.end_us);
        let window = match &plan.over {
            Over::Rolling(length_us) => Some(rolling(at_us, *length_us)),
            Over::Day | Over::Week | Over::Month | Over::Period(_) => {
                // The end of a window still belongs to it: there its budget is what it was.
                let index = stretches.partition_point(|stretch| stretch.end_us < at_us);
                let stretch = stretches.get(index);
                stretch
                    .filter(|stretch| stretch.start_us < at_us)
                    .map(|stretch| TimeWindow {
                        end_us: at_us,
                        ..*stretch
                    })
            }
        };
        points.extend(window.map(|window| point(plan.target, at_us, history.counts(window))));
    }
    points
}

fn point(target: f64, at_us: i64, counts: SliceCounts) -> BudgetPoint {
    let is_known = counts.valid > 0;
    BudgetPoint {
        at_us,
        value: is_known.then(|| number(counts.good) / number(counts.valid)),
        remaining: budget(target, counts).map(|budget| budget.remaining),
    }
}
