//! When an error budget burned too fast: multi-window burn rules.
//!
//! In: a rule, its objective and a history. Out: a [`BurnOutcome`] with the stretches in which the
//! rule fired. Thresholds are reckoned from the objective's own length: 2 % of the budget in an
//! hour is a burn rate of 14.4 for 30 days, but of 3.36 for 7 (Google, "The Site Reliability
//! Workbook", 2018, chapter 5).

use jiff::tz::TimeZone;
use serde::Serialize;

use super::history::{History, SliceCounts};
use super::window::{nominal_us, rolling, stretches};
use crate::sli::interval::{self, number};
use crate::sli::plan::{BurnRule, ObjectivePlan};
use crate::sli::series::as_rfc3339;

/// What a burn rule said.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BurnOutcome {
    /// Name of the rule.
    pub rule: String,
    /// Who is told.
    pub tell: Vec<String>,
    /// The burn rate beyond which it fires; of months that of the last one. `None` when no stretch
    /// of the objective overlaps the range.
    pub threshold: Option<f64>,
    /// Whether it can fire at all: not when even nothing but bad ones burn no faster, and not when
    /// a slice is longer than the short window.
    pub can_fire: bool,
    /// When it fired, oldest first.
    pub firing: Vec<FiringStretch>,
    /// How long it fired in all, µs.
    pub firing_us: i64,
}

/// A stretch of time in which a rule fired.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FiringStretch {
    /// Start of the first slice at whose end the rule fired; somebody is told at the end of it.
    #[serde(rename = "from", serialize_with = "as_rfc3339")]
    pub from_us: i64,
    /// End of the last such slice.
    #[serde(rename = "to", serialize_with = "as_rfc3339")]
    pub to_us: i64,
    /// The highest burn rate of the long window.
    pub burn_max: f64,
}

/// The burn rate beyond which a rule fires, for an objective of this length: the share of the
/// budget, times the length, by the long window.
#[must_use]
pub fn burn_threshold(rule: &BurnRule, length_us: i64) -> f64 {
    rule.budget * number(length_us.unsigned_abs()) / number(rule.long_us.unsigned_abs())
}

/// How many times as fast as allowed the budget burned; `None` when nothing was valid, or the
/// target is 1.
#[must_use]
pub fn burn_rate(target: f64, counts: SliceCounts) -> Option<f64> {
    super::budget(target, counts).map(|budget| budget.spent)
}

/// When a rule fired: at the end of a slice both windows up to there burned faster than the
/// threshold, and the 95 % interval of the long window's burn rate lies above it altogether, so
/// that a few bad ones at night wake nobody. Windows reach back before the start of a calendar
/// window, and before the start of the range there is nothing.
#[must_use]
pub fn burn_outcome(
    rule: &BurnRule,
    plan: &ObjectivePlan,
    history: &History,
    zone: &TimeZone,
) -> BurnOutcome {
    let mut firing: Vec<FiringStretch> = Vec::new();
    let mut threshold = None;
    for stretch in stretches(&plan.over, history.range(), zone) {
        let limit = burn_threshold(rule, nominal_us(&plan.over, stretch));
        threshold = Some(limit);
        let first = history.first_from(stretch.start_us);
        for index in first..history.first_from(stretch.end_us) {
            let from_us = history.start_us(index);
            let to_us = from_us + history.slice_us();
            let Some(burn) = fires(rule, plan.target, limit, history, to_us) else {
                continue;
            };
            match firing.last_mut() {
                Some(last) if last.to_us == from_us => {
                    last.to_us = to_us;
                    last.burn_max = last.burn_max.max(burn);
                }
                Some(_) | None => firing.push(FiringStretch {
                    from_us,
                    to_us,
                    burn_max: burn,
                }),
            }
        }
    }
    BurnOutcome {
        rule: rule.name.clone(),
        tell: rule.tell.clone(),
        threshold,
        can_fire: rule.short_us >= history.slice_us()
            && threshold.is_some_and(|limit| limit * (1.0 - plan.target) < 1.0),
        firing_us: firing
            .iter()
            .map(|stretch| stretch.to_us - stretch.from_us)
            .sum(),
        firing,
    }
}

/// The burn rate of the long window that ends at `at_us`, if the rule fires there.
fn fires(rule: &BurnRule, target: f64, limit: f64, history: &History, at_us: i64) -> Option<f64> {
    let long = history.counts(rolling(at_us, rule.long_us));
    let burn = burn_rate(target, long).filter(|burn| *burn > limit)?;
    let short = history.counts(rolling(at_us, rule.short_us));
    burn_rate(target, short).filter(|burn| *burn > limit)?;
    let [lowest, _] = interval::share(long.bad(), long.valid)?;
    (lowest > limit * (1.0 - target)).then_some(burn)
}
