//! Objectives of the SLIs: budgets and burn over days, weeks, months and rolling windows.
//!
//! An objective may look further back than the range that is judged: a rolling `28d` at the end of a
//! week needs the three weeks before, too.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::exit_code::Failure;
use super::outside::{ExpectedRates, outside};
use super::shoppers::{Asked, shoppers};
use crate::lake::{Lake, LakeReader};
use crate::rollup::{RollupPlan, Segments};
use crate::sli::objective::{History, ObjectiveOutcome, Slice, evaluate_objective};
use crate::sli::{
    Over, Scope, SliPlan, SliSeries, SliSetPlan, SliState, evaluate_some, settle_journeys,
};
use crate::time_window::TimeWindow;

/// Points of a budget's run, µs.
const STEP_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * 3_600_000_000;
/// The shortest windows of kept rollups, µs.
const MINUTE_US: i64 = 60_000_000;
/// The longest month.
const MONTH_DAYS: i64 = 31;

/// Which SLIs are looked at.
type Wanted = fn(&SliPlan) -> bool;

/// Where the rows of production logs are.
pub struct Logs<'a> {
    /// The lake.
    pub lake: &'a Lake,
    /// Its rows.
    pub reader: &'a LakeReader,
    /// Its kept rollups.
    pub segments: &'a Segments<'a>,
    /// Time of the newest row, UTC µs.
    pub newest_us: Option<i64>,
}

/// What became of every objective, from rows as far back as the longest of them looks.
///
/// Requests are counted in slices that fit into the shortest window of every burn rule, however long
/// the windows of the SLIs are; `windows_good` counts windows, which are as long as they are.
pub fn of_logs(
    logs: &Logs<'_>,
    asked: Asked<'_>,
    zone: &TimeZone,
) -> Result<BTreeMap<String, Vec<ObjectiveOutcome>>, Failure> {
    let Asked { set, scope, .. } = asked;
    let objectives = set.slis.iter().flat_map(|sli| &sli.objectives);
    let Some(longest_us) = objectives.map(|objective| length_us(&objective.over)).max() else {
        return Ok(BTreeMap::new());
    };
    // Rows behind the newest one are not yet there, and not good either.
    let end_us = logs.newest_us.map_or(scope.range.end_us, |newest_us| {
        scope.range.end_us.min(ceil(newest_us + 1, scope.window_us))
    });
    let from_us = (end_us - longest_us)
        .max(scope.covered.start_us)
        .min(scope.range.start_us);
    let start_us = from_us.div_euclid(scope.window_us) * scope.window_us;
    let range = TimeWindow { start_us, end_us };
    let slices = Scope {
        range,
        window_us: slice_us(set, scope.window_us),
        ..scope
    };
    let windows = Scope { range, ..scope };
    let followed = match (0..set.slis.len()).any(|index| needs_shoppers(set, index)) {
        // Up to the end of the range, so that the days are those that were asked for already.
        true => {
            let end_us = scope.range.end_us;
            let range = TimeWindow { start_us, end_us };
            let scope = Scope { range, ..slices };
            let asked = Asked { scope, ..asked };
            Some(shoppers(logs.lake, logs.reader, asked, zone)?)
        }
        false => None,
    };
    let visits = followed.as_ref().map(|followed| &followed.visits);
    let mut outcomes = BTreeMap::new();
    let sliced = sliced(set, slices.window_us);
    let passes: [(&SliSetPlan, Scope, Wanted); 2] = [
        (&sliced, slices, counts_requests),
        (set, windows, counts_windows),
    ];
    for (set, scope, is_wanted) in passes {
        if !set.slis.iter().any(is_wanted) {
            continue;
        }
        let plan = RollupPlan::new(scope.window_us, set.cuts_us());
        let rollup = logs
            .segments
            .rollup(plan, range, |series| series.origin == asked.origin)?;
        let expected = ExpectedRates::new();
        let outside = outside(set, scope, zone, &expected, visits, logs.newest_us)?;
        let series = evaluate_some(set, &rollup, scope, &outside, is_wanted)?;
        let found = of_series(set, &series, scope, zone);
        let wanted = set.slis.iter().filter(|sli| is_wanted(sli));
        for sli in wanted {
            let outcome = found.get(&sli.name).cloned().unwrap_or_default();
            outcomes.insert(sli.name.clone(), outcome);
        }
    }
    Ok(outcomes)
}

/// The set with every SLI in windows of this length.
fn sliced(set: &SliSetPlan, window_us: i64) -> SliSetPlan {
    let mut sliced = set.clone();
    for sli in &mut sliced.slis {
        sli.window_us = window_us;
    }
    sliced
}

/// Whether an SLI has objectives and is made of requests, not of other SLIs.
fn counts_requests(sli: &SliPlan) -> bool {
    !sli.objectives.is_empty() && sli.measure.made_of().is_empty()
}

/// Whether an SLI has objectives and is made of other SLIs.
fn counts_windows(sli: &SliPlan) -> bool {
    !sli.objectives.is_empty() && !sli.measure.made_of().is_empty()
}

/// The longest slices, in whole minutes, of which windows and the short windows of all burn rules are
/// multiples; a minute where there are none.
fn slice_us(set: &SliSetPlan, window_us: i64) -> i64 {
    let slis = set.slis.iter().filter(|sli| counts_requests(sli));
    let rules = slis
        .flat_map(|sli| &sli.objectives)
        .flat_map(|objective| &objective.burn);
    let common_us = rules.fold(window_us, |common_us, rule| {
        divisor(common_us, rule.short_us)
    });
    match common_us % MINUTE_US {
        0 => common_us,
        _ => MINUTE_US,
    }
}

/// The greatest common divisor (Euclid).
fn divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// Whether an objective of this SLI is one of what shoppers meant, so that they must be followed.
fn needs_shoppers(set: &SliSetPlan, index: usize) -> bool {
    fn is_collapsed(set: &SliSetPlan, index: usize) -> bool {
        let sli = &set.slis[index];
        let mut parts = sli.measure.made_of().into_iter();
        sli.collapse_within_us.is_some() || parts.any(|part| is_collapsed(set, part))
    }
    !set.slis[index].objectives.is_empty() && is_collapsed(set, index)
}

/// What became of every objective, from the windows of the SLIs alone.
pub fn of_series(
    set: &SliSetPlan,
    series: &[SliSeries],
    scope: Scope,
    zone: &TimeZone,
) -> BTreeMap<String, Vec<ObjectiveOutcome>> {
    let slis = set.slis.iter().zip(series);
    let with_objectives = slis.filter(|(sli, _)| !sli.objectives.is_empty());
    let outcomes = with_objectives.map(|(sli, series)| {
        let history = history(sli, series, scope);
        let zone = sli.zone(zone);
        let outcomes = sli
            .objectives
            .iter()
            .map(|objective| evaluate_objective(objective, &history, zone, sli.count_min, STEP_US));
        (sli.name.clone(), outcomes.collect())
    });
    outcomes.collect()
}

/// What became of every objective in a rehearsal, whose SLIs get the states that follow: one rule,
/// whoever asks.
pub fn settle_run(
    set: &SliSetPlan,
    series: &mut [SliSeries],
    scope: Scope,
    zone: &TimeZone,
) -> BTreeMap<String, Vec<ObjectiveOutcome>> {
    let objectives = of_series(set, series, scope, zone);
    put_into(set, series, &objectives);
    objectives
}

/// What was counted of an SLI, window by window. A first window that begins before the range is in it
/// with what it has of the range.
pub fn history(sli: &SliPlan, series: &SliSeries, scope: Scope) -> History {
    let slices = series.windows.iter().map(|window| Slice {
        start_us: window.start_us,
        good: window.good,
        valid: window.valid,
        is_excluded: window.is_excluded(),
    });
    let slices: Vec<Slice> = slices.collect();
    let range = TimeWindow {
        start_us: scope.of(sli).first_us(),
        ..scope.range
    };
    History::new(range, series.window_us, &slices)
}

/// An SLI whose newest day, week, month or rolling window missed its objective is missed, and so are
/// the journeys that it is a part of.
pub fn put_into(
    set: &SliSetPlan,
    series: &mut [SliSeries],
    objectives: &BTreeMap<String, Vec<ObjectiveOutcome>>,
) {
    for series in series.iter_mut() {
        let outcomes = objectives.get(&series.name).into_iter().flatten();
        let mut newest = outcomes.filter_map(|outcome| outcome.windows.last());
        if newest.any(|window| window.state == SliState::Missed) {
            series.state = SliState::Missed;
        }
    }
    settle_journeys(set, series);
}

/// How far back an objective looks, µs.
fn length_us(over: &Over) -> i64 {
    match over {
        Over::Rolling(us) => *us,
        Over::Day => DAY_US,
        Over::Week => 7 * DAY_US,
        Over::Month => MONTH_DAYS * DAY_US,
        Over::Period(period) => period.window.end_us - period.window.start_us,
    }
}

fn ceil(ts_us: i64, window_us: i64) -> i64 {
    (ts_us + window_us - 1).div_euclid(window_us) * window_us
}
