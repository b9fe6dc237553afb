//! Journeys: several shares as one, the worst or the weighted mean.

use std::borrow::Cow;

use super::tally::{Estimate, Frame, Measured};
use crate::sli::definition::Combination;
use crate::sli::plan::{Measure, SliSetPlan};
use crate::sli::series::{PartValue, SliDetail, SliSeries, SliState, SliWindow};

/// An SLI that a journey is made of.
pub struct Part<'a> {
    pub series: &'a SliSeries,
    /// Its windows, as long as those of the journey.
    pub windows: Cow<'a, [SliWindow]>,
    pub weight: f64,
}

/// The value of all parts together; there is none while a part has none, because the missing one
/// may be the worst. Windows that are excluded for a part have none, either.
pub fn measured(parts: &[Part<'_>], combine: Combination, frame: &Frame) -> Measured {
    let windows = (0..frame.scope.windows()).map(|index| {
        let here = parts
            .iter()
            .map(|part| (of_window(&part.windows[index]), part.weight));
        frame.window(index, combined(&here.collect::<Vec<_>>(), combine))
    });
    let windows = windows.collect();
    let totals = parts
        .iter()
        .map(|part| (of_series(part.series), part.weight));
    let totals: Vec<(Estimate, f64)> = totals.collect();
    let with_excluded = parts.iter().map(|part| {
        let series = part.series;
        let value = series.value_with_excluded.or(series.value);
        let estimate = Estimate {
            value,
            ..of_series(series)
        };
        (estimate, part.weight)
    });
    let has_excluded = parts.iter().any(|part| part.series.excluded_windows > 0);
    let with_excluded = combined(&with_excluded.collect::<Vec<_>>(), combine).value;
    let values = parts.iter().map(|part| PartValue {
        sli: part.series.name.clone(),
        weight: part.weight,
        value: part.series.value,
    });
    Measured {
        windows,
        total: combined(&totals, combine),
        value_with_excluded: with_excluded.filter(|_| has_excluded),
        detail: Some(SliDetail::Parts(values.collect())),
    }
}

/// A journey that states no goal of its own is as well as its parts: a missed part is a missed journey.
/// For `series` of `plan`, in its order.
pub fn settle_journeys(plan: &SliSetPlan, series: &mut [SliSeries]) {
    // A journey of journeys is settled after its parts, at the latest in the last pass.
    for _ in 0..plan.slis.len() {
        for (index, sli) in plan.slis.iter().enumerate() {
            let Measure::Composite { parts, .. } = &sli.measure else {
                continue;
            };
            if sli.objective.is_some() || !sli.levels.is_empty() {
                continue;
            }
            let is_any = |state| parts.iter().any(|(part, _)| series[*part].state == state);
            if is_any(SliState::Missed) {
                series[index].state = SliState::Missed;
            } else if is_any(SliState::NotEnoughData) {
                series[index].state = SliState::NotEnoughData;
            }
        }
    }
}

fn of_window(window: &SliWindow) -> Estimate {
    Estimate {
        value: window.value,
        interval: window.interval,
        good: window.good,
        valid: window.valid,
        count: window.count,
    }
}

fn of_series(series: &SliSeries) -> Estimate {
    Estimate {
        value: series.value,
        interval: series.interval,
        good: series.good,
        valid: series.valid,
        count: series.count,
    }
}

fn combined(parts: &[(Estimate, f64)], combine: Combination) -> Estimate {
    match combine {
        Combination::Minimum => minimum(parts),
        Combination::Weighted => weighted(parts),
    }
}

/// The worst part, with its counts. The interval is from the lowest of the low ends to the lowest
/// of the high ends: it is not widened for there being several parts.
fn minimum(parts: &[(Estimate, f64)]) -> Estimate {
    let is_worse = |one: &Estimate, other: &Estimate| match (one.value, other.value) {
        (Some(one), Some(other)) => one < other,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    let estimates = parts.iter().map(|(estimate, _)| *estimate);
    let worst = estimates.reduce(|worst, estimate| {
        if is_worse(&estimate, &worst) {
            estimate
        } else {
            worst
        }
    });
    Estimate {
        interval: ends(parts, f64::INFINITY, |end, _, worst| worst.min(end)),
        ..worst.unwrap_or_default()
    }
}

/// The weighted mean, with the counts of all. Its interval is the weighted mean of the ends: right
/// where parts go wrong together, too wide where they are independent.
fn weighted(parts: &[(Estimate, f64)]) -> Estimate {
    let all: f64 = parts.iter().map(|(_, weight)| weight).sum();
    let value: Option<f64> = parts
        .iter()
        .map(|(estimate, weight)| Some(estimate.value? * weight))
        .sum();
    let sum = |count: fn(&Estimate) -> u64| parts.iter().map(|(estimate, _)| count(estimate)).sum();
    Estimate {
        value: value.map(|value| value / all),
        interval: ends(parts, 0.0, |end, weight, sum| sum + end * weight / all),
        good: sum(|estimate| estimate.good),
        valid: sum(|estimate| estimate.valid),
        count: sum(|estimate| estimate.count),
    }
}

/// Both ends of all parts, folded from `start`; `None` while a part has no interval.
fn ends(
    parts: &[(Estimate, f64)],
    start: f64,
    fold: impl Fn(f64, f64, f64) -> f64,
) -> Option<[f64; 2]> {
    parts
        .iter()
        .try_fold([start, start], |[low, high], (part, weight)| {
            let [part_low, part_high] = part.interval?;
            Some([fold(part_low, *weight, low), fold(part_high, *weight, high)])
        })
}
