//! From a plan and a rollup to values: counts are added, and divided once, at the end.

use std::collections::BTreeMap;

use thiserror::Error;

use super::crossing::crossings;
use super::interval::{self, number};
use super::plan::{Level, Measure, SliPlan, SliSetPlan};
use super::series::{SliSeries, SliState, SliWindow};
use crate::latency_buckets::LatencyHistogram;
use crate::rollup::{Rollup, Selection, WindowCount};
use crate::time_window::TimeWindow;

/// Why SLIs could not be evaluated.
#[derive(Debug, Error)]
pub enum EvaluateError {
    /// The cell table is not one.
    #[error("cells: {0}")]
    Cells(#[from] polars::prelude::PolarsError),
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

/// The stretch of time that is judged, and how it is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// What is judged; windows begin at its start.
    pub range: TimeWindow,
    /// Where there can be data at all: a rate is not judged in windows that stick out.
    pub covered: TimeWindow,
    /// Length of a window, µs.
    pub window_us: i64,
}

impl Scope {
    fn windows(self) -> usize {
        let length_us = self.range.end_us - self.range.start_us;
        usize::try_from((length_us + self.window_us - 1) / self.window_us).unwrap_or(0)
    }

    fn start_us(self, index: usize) -> i64 {
        self.range.start_us + i64::try_from(index).unwrap_or(i64::MAX) * self.window_us
    }

    fn index(self, start_us: i64) -> Option<usize> {
        let index = (start_us - self.range.start_us).div_euclid(self.window_us);
        let index = usize::try_from(index).ok()?;
        (index < self.windows()).then_some(index)
    }

    fn is_covered(self, index: usize) -> bool {
        let start_us = self.start_us(index);
        start_us >= self.covered.start_us && start_us + self.window_us <= self.covered.end_us
    }
}

/// Evaluates every SLI of `plan` over `scope`; one series per SLI, in the order of the plan.
///
/// # Errors
/// When the rollup's windows do not fit into those of the scope.
pub fn evaluate(
    plan: &SliSetPlan,
    rollup: &Rollup,
    scope: Scope,
) -> Result<Vec<SliSeries>, EvaluateError> {
    let rollup_us = rollup.plan().window_us;
    if scope.window_us % rollup_us != 0 || scope.range.start_us % rollup_us != 0 {
        return Err(EvaluateError::Windows {
            rollup_us,
            window_us: scope.window_us,
            start_us: scope.range.start_us,
        });
    }
    let series = plan.slis.iter().map(|sli| evaluate_one(sli, rollup, scope));
    series.collect()
}

/// Counts of one window, before they are divided.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    good: u64,
    valid: u64,
}

fn evaluate_one(sli: &SliPlan, rollup: &Rollup, scope: Scope) -> Result<SliSeries, EvaluateError> {
    let valid = rollup.select(|series| sli.event.covers(series))?;
    let (windows, total) = match &sli.measure {
        Measure::Rate { per_us } => rate(&valid, *per_us, scope)?,
        Measure::Ratio { bad } => {
            let good = rollup.select(|series| {
                sli.event.covers(series) && !bad.iter().any(|bad| bad.covers(series.status))
            })?;
            shares(&good.counts()?, &valid.counts()?, sli.count_min, scope)
        }
        Measure::LatencyCut { limit_us } => shares(
            &valid.counts_within(*limit_us)?,
            &valid.counts_with_latency()?,
            sli.count_min,
            scope,
        ),
        Measure::Latency { quantile } => {
            latencies(valid.buckets()?, *quantile, sli.count_min, scope)
        }
    };
    Ok(judged(sli, windows, total, scope))
}

/// What is known of the whole range.
struct Total {
    value: Option<f64>,
    interval: Option<[f64; 2]>,
    counts: Counts,
}

fn judged(sli: &SliPlan, mut windows: Vec<SliWindow>, total: Total, scope: Scope) -> SliSeries {
    let contact = sli
        .levels
        .iter()
        .find(|level| level.level == Level::Contact);
    for window in &mut windows {
        window.state = match (window.value, contact) {
            (None, _) => SliState::NotEnoughData,
            (Some(value), Some(level)) if level.bad.is_bad(value, level.value) => SliState::Missed,
            (Some(_), _) => SliState::Met,
        };
    }
    let levels: Vec<_> = sli
        .levels
        .iter()
        .map(|level| crossings(level, &windows, scope.window_us))
        .collect();
    let is_contact_crossed = levels
        .iter()
        .any(|level| level.level == Level::Contact && !level.crossed_us.is_empty());
    let is_objective_missed = sli
        .objective
        .zip(total.value)
        .is_some_and(|((bad, limit), value)| bad.is_bad(value, limit));
    let state = match total.value {
        _ if is_contact_crossed || is_objective_missed => SliState::Missed,
        None => SliState::NotEnoughData,
        Some(_) => SliState::Met,
    };
    SliSeries {
        name: sli.name.clone(),
        title: sli.title.clone(),
        kind: sli.measure.kind(),
        unit: sli.unit(),
        state,
        value: total.value,
        good: total.counts.good,
        valid: total.counts.valid,
        count: total.counts.valid,
        interval: total.interval,
        objective: sli.objective.map(|(_, limit)| limit),
        levels,
        windows,
    }
}

fn window(scope: Scope, index: usize, counts: Counts, value: Option<f64>) -> SliWindow {
    SliWindow {
        start_us: scope.start_us(index),
        value,
        good: counts.good,
        valid: counts.valid,
        count: counts.valid,
        state: SliState::NotEnoughData,
    }
}

fn per_window(counts: &[WindowCount], scope: Scope) -> Vec<u64> {
    let mut sums = vec![0; scope.windows()];
    for count in counts {
        if let Some(index) = scope.index(count.start_us) {
            sums[index] += count.count;
        }
    }
    sums
}

fn rate(
    valid: &Selection,
    per_us: i64,
    scope: Scope,
) -> Result<(Vec<SliWindow>, Total), EvaluateError> {
    let per = number(per_us.unsigned_abs());
    let counts = per_window(&valid.counts()?, scope);
    let windows = counts.iter().enumerate().map(|(index, count)| {
        let counts = Counts {
            good: *count,
            valid: *count,
        };
        let rate = number(*count) * per / number(scope.window_us.unsigned_abs());
        window(
            scope,
            index,
            counts,
            scope.is_covered(index).then_some(rate),
        )
    });
    let windows: Vec<SliWindow> = windows.collect();
    let judged = windows.iter().filter(|window| window.value.is_some());
    let judged_us = number(judged.clone().count() as u64 * scope.window_us.unsigned_abs());
    let count: u64 = judged.map(|window| window.count).sum();
    let has_time = judged_us > 0.0;
    let as_rate = |count: f64| count * per / judged_us;
    let total = Total {
        value: has_time.then(|| as_rate(number(count))),
        interval: has_time.then(|| interval::poisson(count).map(as_rate)),
        counts: Counts {
            good: count,
            valid: count,
        },
    };
    Ok((windows, total))
}

fn shares(
    good: &[WindowCount],
    valid: &[WindowCount],
    count_min: u64,
    scope: Scope,
) -> (Vec<SliWindow>, Total) {
    let good = per_window(good, scope);
    let valid = per_window(valid, scope);
    let share = |counts: Counts| {
        (counts.valid >= count_min.max(1)).then(|| number(counts.good) / number(counts.valid))
    };
    let mut sum = Counts::default();
    let mut windows = Vec::with_capacity(good.len());
    for (index, (good, valid)) in good.into_iter().zip(valid).enumerate() {
        let counts = Counts { good, valid };
        sum.good += good;
        sum.valid += valid;
        windows.push(window(scope, index, counts, share(counts)));
    }
    let total = Total {
        value: share(sum),
        interval: interval::share(sum.good, sum.valid),
        counts: sum,
    };
    (windows, total)
}

fn latencies(
    buckets: BTreeMap<i64, Vec<(i32, u64)>>,
    quantile: f64,
    count_min: u64,
    scope: Scope,
) -> (Vec<SliWindow>, Total) {
    let mut whole = LatencyHistogram::new();
    let mut part = LatencyHistogram::new();
    let mut windows: Vec<SliWindow> = (0..scope.windows())
        .map(|index| window(scope, index, Counts::default(), None))
        .collect();
    let mut buckets = buckets.into_iter().peekable();
    while let Some((start_us, _)) = buckets.peek() {
        let index = scope.index(*start_us);
        part.clear();
        while let Some((_, cells)) =
            buckets.next_if(|(start_us, _)| scope.index(*start_us) == index)
        {
            for (bucket, count) in cells {
                part.record_bucket(bucket, count);
            }
        }
        let Some(index) = index else {
            continue;
        };
        let counts = Counts {
            good: part.count(),
            valid: part.count(),
        };
        windows[index] = window(scope, index, counts, value(&part, quantile, count_min));
        whole.add(&part);
    }
    let ranks = interval::quantile_ranks(whole.count(), quantile);
    let enough = value(&whole, quantile, count_min);
    let [low, high] = ranks.map(|rank| whole.at_rank_us(rank).map(number));
    let total = Total {
        value: enough,
        interval: enough.and(low.zip(high)).map(|(low, high)| [low, high]),
        counts: Counts {
            good: whole.count(),
            valid: whole.count(),
        },
    };
    (windows, total)
}

fn value(histogram: &LatencyHistogram, quantile: f64, count_min: u64) -> Option<f64> {
    let is_enough = histogram.count() >= count_min.max(1);
    is_enough
        .then(|| histogram.quantile_us(quantile).map(number))
        .flatten()
}
