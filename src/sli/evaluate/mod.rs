//! From a plan and a rollup to values: counts are added, and divided once, at the end.
//!
//! In: a [`SliSetPlan`], a [`Rollup`], and what the rollup cannot know ([`Outside`]). Out: a
//! [`SliSeries`] per SLI. Each kind of SLI makes tallies that add up (`tally.rs`); what is done
//! with them is the same for all: windows, totals with and without maintenance, states.

mod apdex;
mod composite;
mod judged;
mod latency;
#[cfg(test)]
mod oracle_tests;
mod outside;
mod rate;
mod scope;
mod share;
mod tally;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod window_tests;

use std::borrow::Cow;

use thiserror::Error;

use super::definition::FunnelUnit;
use super::plan::{GoodPlan, Measure, SliPlan, SliSetPlan};
use super::series::{SliSeries, SliWindow};
use crate::rollup::{Rollup, Selection};

pub use composite::settle_journeys;
pub use outside::{MeantCounts, Outside, OutsideValue};
pub use scope::{Alignment, Scope};

use judged::judged;
use tally::{Frame, Measured};

/// Why SLIs could not be evaluated.
#[derive(Debug, Error)]
pub enum EvaluateError {
    /// The rollup is coarser than, or shifted against, the windows of the SLIs.
    #[error(
        "a rollup of {rollup_us} µs cannot be cut into windows of {window_us} µs from {start_us}"
    )]
    Windows {
        /// Window of the rollup.
        rollup_us: i64,
        /// Window of the SLIs.
        window_us: i64,
        /// Start of the range.
        start_us: i64,
    },
}

/// Evaluates every SLI of `plan` over `scope`, each in its own windows; one series per SLI, in the
/// order of the plan.
///
/// A value in `outside` takes the place of what the rollup says; SLIs that are counted by shopper,
/// and ratios in which retries collapse, are not enough data without one.
///
/// # Errors
/// When the rollup's windows do not fit into those of an SLI, or the start of the range.
pub fn evaluate(
    plan: &SliSetPlan,
    rollup: &Rollup,
    scope: Scope,
    outside: &Outside,
) -> Result<Vec<SliSeries>, EvaluateError> {
    evaluate_some(plan, rollup, scope, outside, |_| true)
}

/// The same for the SLIs that `is_wanted` picks and those that they are made of; the others are there,
/// with windows in which nothing was counted.
///
/// # Errors
/// When the rollup's windows do not fit into those of the scope.
pub fn evaluate_some(
    plan: &SliSetPlan,
    rollup: &Rollup,
    scope: Scope,
    outside: &Outside,
    is_wanted: impl Fn(&SliPlan) -> bool,
) -> Result<Vec<SliSeries>, EvaluateError> {
    let rollup_us = rollup.plan().window_us;
    for sli in &plan.slis {
        let window_us = scope.of(sli).window_us;
        if window_us % rollup_us != 0 || scope.range.start_us % rollup_us != 0 {
            return Err(EvaluateError::Windows {
                rollup_us,
                window_us,
                start_us: scope.range.start_us,
            });
        }
    }
    let mut evaluation = Evaluation {
        plan,
        rollup,
        scope,
        outside,
        done: vec![None; plan.slis.len()],
    };
    for (index, sli) in plan.slis.iter().enumerate() {
        if is_wanted(sli) {
            evaluation.finish(index);
        }
    }
    let slis = plan.slis.iter().zip(evaluation.done);
    let series = slis.map(|(sli, done)| match done {
        Some(series) => series,
        None => {
            let frame = Frame::new(sli, scope.of(sli), outside);
            judged(plan, sli, frame.nothing(), &frame)
        }
    });
    let mut series: Vec<SliSeries> = series.collect();
    settle_journeys(plan, &mut series);
    Ok(series)
}

struct Evaluation<'a> {
    plan: &'a SliSetPlan,
    rollup: &'a Rollup,
    scope: Scope,
    outside: &'a Outside,
    /// By index; what an SLI is made of is there before it.
    done: Vec<Option<SliSeries>>,
}

impl Evaluation<'_> {
    /// Evaluates an SLI that is not done yet, and before it those that it is made of. That ends,
    /// because [`resolve`](super::super::resolve()) refuses SLIs made of themselves.
    fn finish(&mut self, index: usize) {
        if self.done[index].is_some() {
            return;
        }
        let sli = &self.plan.slis[index];
        for part in sli.measure.made_of() {
            self.finish(part);
        }
        let frame = Frame::new(sli, self.scope.of(sli), self.outside);
        let measured = self.measured(sli, &frame);
        self.done[index] = Some(judged(self.plan, sli, measured, &frame));
    }

    /// The windows of an SLI that is done, cut again where those of `scope` are longer.
    fn windows(&self, index: usize, scope: Scope) -> Option<Cow<'_, [SliWindow]>> {
        let series = self.done[index].as_ref()?;
        if series.window_us == scope.window_us {
            return Some(Cow::Borrowed(&series.windows));
        }
        let sli = &self.plan.slis[index];
        let frame = Frame::new(sli, scope, self.outside);
        let mut windows = self.measured(sli, &frame).windows;
        judged::judge_windows(sli, &mut windows, &frame);
        Some(Cow::Owned(windows))
    }

    fn measured(&self, sli: &SliPlan, frame: &Frame) -> Measured {
        if let Some(known) = self.outside.values.get(&sli.name) {
            return outside::measured(sli, known, frame);
        }
        let rollup = self.rollup;
        let valid = || rollup.select(|series| sli.event.covers(series));
        match &sli.measure {
            Measure::Rate { per_us } => rate::measured(&valid(), *per_us, frame),
            Measure::Ratio { .. } if sli.collapse_within_us.is_some() => {
                match self.outside.meant.get(&sli.name) {
                    Some(meant) => share::measured(&meant.good, &meant.valid, sli.count_min, frame),
                    None => frame.nothing(),
                }
            }
            Measure::Ratio { good } => {
                let good = good_of(sli, good, rollup);
                let valid = valid().counts();
                share::measured(&good.counts(), &valid, sli.count_min, frame)
            }
            Measure::LatencyCut { limit_us } => {
                let valid = valid();
                let good = valid.counts_within(*limit_us);
                share::measured(&good, &valid.counts_with_latency(), sli.count_min, frame)
            }
            Measure::Latency { quantile } => {
                latency::measured(&valid(), *quantile, sli.count_min, frame)
            }
            Measure::Apdex {
                satisfied_us,
                tolerated_us,
                bad,
            } => {
                let answered = rollup.select(|series| {
                    sli.event.covers(series)
                        && series.error.is_empty()
                        && !bad.iter().any(|bad| bad.covers(series.status))
                });
                let times = apdex::Times {
                    satisfied: answered.counts_within(*satisfied_us),
                    tolerated: answered.counts_within(*tolerated_us),
                    all: valid().counts_with_latency(),
                };
                apdex::measured(&times, sli.count_min, frame)
            }
            Measure::Funnel { steps, unit } => match unit {
                FunnelUnit::Requests => share::funnel(steps, rollup, sli.count_min, frame),
                FunnelUnit::Shoppers => frame.nothing(),
            },
            Measure::UserUptime { .. } => frame.nothing(),
            Measure::WindowsGood { of, level } => match &self.done[*of] {
                Some(series) => share::windows_good(&self.plan.slis[*of], series, *level, frame),
                None => frame.nothing(),
            },
            Measure::Composite { parts, combine } => {
                let parts = parts.iter().filter_map(|(part, weight)| {
                    Some(composite::Part {
                        series: self.done[*part].as_ref()?,
                        windows: self.windows(*part, frame.scope)?,
                        weight: *weight,
                    })
                });
                composite::measured(&parts.collect::<Vec<_>>(), *combine, frame)
            }
        }
    }
}

/// The good ones of the valid requests: never one that is not valid.
fn good_of<'r>(sli: &SliPlan, good: &GoodPlan, rollup: &'r Rollup) -> Selection<'r> {
    rollup.select(|series| sli.event.covers(series) && good.covers(series))
}
