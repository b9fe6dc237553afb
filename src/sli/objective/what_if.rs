//! What would have been: other targets and other lengths over the same history.
//!
//! In: a history and what to try. Out: one [`WhatIfCell`] per target and length: how often it was
//! missed, what it spent, and who would have been woken when.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::budget::budget;
use super::burn::burn_outcome;
use super::history::History;
use super::window::{rolling, state, stretches};
use crate::sli::plan::{BurnRule, ObjectivePlan, Over};
use crate::sli::series::SliState;
use crate::time_window::TimeWindow;

/// What to try.
#[derive(Debug, Clone, Copy)]
pub struct WhatIf<'a> {
    /// Least shares of good.
    pub targets: &'a [f64],
    /// Over what.
    pub overs: &'a [Over],
    /// Burn rules; their thresholds follow the length of the objective.
    pub rules: &'a [BurnRule],
    /// Windows with fewer valid ones are not judged.
    pub count_min: u64,
    /// A rolling window is judged every so many µs, above 0, and at the end.
    pub step_us: i64,
}

/// One target over one length.
#[derive(Debug, Clone, PartialEq)]
pub struct WhatIfCell {
    /// The least share of good.
    pub target: f64,
    /// Over what.
    pub over: Over,
    /// How many windows there was enough data to judge: calendar windows and periods, also those
    /// that stick out of the range; of a rolling one those that lie within it, or the one at its
    /// end where none does.
    pub judged: u64,
    /// How many of these were missed.
    pub missed: u64,
    /// The largest share of the budget that one of these spent; `None` when none was judged.
    pub spent_max: Option<f64>,
    /// The share that the last of these spent.
    pub spent_last: Option<f64>,
    /// One per burn rule, in their order.
    pub alerts: Vec<WhatIfAlerts>,
}

/// What one rule would have said.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WhatIfAlerts {
    /// Name of the rule.
    pub rule: String,
    /// How often somebody would have been told.
    pub count: u64,
    /// How long it would have fired in all, µs.
    pub firing_us: i64,
    /// When somebody would have been told, oldest first, UTC µs: the end of each stretch's first
    /// slice.
    pub first_told_us: Vec<i64>,
}

/// Tries each target over each length, in their order, targets first.
#[must_use]
pub fn what_if(history: &History, zone: &TimeZone, tried: WhatIf<'_>) -> Vec<WhatIfCell> {
    let plans = tried.targets.iter().flat_map(|target| {
        tried.overs.iter().map(|over| ObjectivePlan {
            target: *target,
            over: over.clone(),
            burn: tried.rules.to_vec(),
        })
    });
    plans.map(|plan| cell(plan, history, zone, tried)).collect()
}

fn cell(plan: ObjectivePlan, history: &History, zone: &TimeZone, tried: WhatIf<'_>) -> WhatIfCell {
    let counts = judged_windows(&plan.over, history, zone, tried.step_us)
        .into_iter()
        .map(|window| history.counts(window));
    let is_judged = |state: &SliState| *state != SliState::NotEnoughData;
    let states = counts
        .clone()
        .map(|counts| state(plan.target, counts, tried.count_min));
    let spent: Vec<f64> = counts
        .filter(|counts| is_judged(&state(plan.target, *counts, tried.count_min)))
        .filter_map(|counts| budget(plan.target, counts))
        .map(|budget| budget.spent)
        .collect();
    WhatIfCell {
        target: plan.target,
        judged: states.clone().filter(is_judged).count() as u64,
        missed: states.filter(|state| *state == SliState::Missed).count() as u64,
        spent_max: spent.iter().copied().reduce(f64::max),
        spent_last: spent.last().copied(),
        alerts: plan
            .burn
            .iter()
            .map(|rule| alerts(rule, &plan, history, zone))
            .collect(),
        over: plan.over,
    }
}

fn judged_windows(
    over: &Over,
    history: &History,
    zone: &TimeZone,
    step_us: i64,
) -> Vec<TimeWindow> {
    let range = history.range();
    let Over::Rolling(length_us) = over else {
        return stretches(over, range, zone);
    };
    let mut windows = Vec::new();
    let mut end_us = range.start_us.saturating_add(*length_us);
    while end_us < range.end_us {
        windows.push(rolling(end_us, *length_us));
        end_us = end_us.saturating_add(step_us);
    }
    windows.push(rolling(range.end_us, *length_us));
    windows
}

fn alerts(
    rule: &BurnRule,
    plan: &ObjectivePlan,
    history: &History,
    zone: &TimeZone,
) -> WhatIfAlerts {
    let outcome = burn_outcome(rule, plan, history, zone);
    let first_told_us = outcome.firing.iter();
    WhatIfAlerts {
        rule: outcome.rule,
        count: outcome.firing.len() as u64,
        firing_us: outcome.firing_us,
        first_told_us: first_told_us
            .map(|stretch| stretch.from_us + history.slice_us())
            .collect(),
    }
}
