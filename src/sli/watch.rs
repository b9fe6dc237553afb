//! A demand on an SLI while it goes on: broken when its values are beyond a limit for so long.
//!
//! In: windows of one SLI, oldest first. Out: whether the demand held, since when not, how bad it was,
//! and on how many requests that stands. A level of an SLI set speaks on evidence only
//! ([`crossings`](super::crossings)); a demand takes the values as they are: whoever wrote `below
//! 20/min` means 19, too. "No data" is a state of its own and never held.

use serde::{Deserialize, Serialize};

use super::crossing::{Evidence, crossings};
use super::interval::number;
use super::plan::{BadSide, Level, LevelPlan, LimitPlan, Measure};
use super::series::SliWindow;

/// A demand, in the unit of its SLI.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WatchPlan {
    /// The bad side of the limit; the limit itself is good.
    pub bad: BadSide,
    /// The limit.
    pub limit: f64,
    /// How long it must last, µs.
    pub for_us: i64,
    /// How its windows become values.
    pub values: WatchValues,
}

/// How windows become values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchValues {
    /// Each window has one; all of `for` must be beyond.
    Windows,
    /// The bad share of each window, where the SLI has the good one.
    BadShare,
    /// Events per `per_us` over the whole of `for`, moved on by a window at a time: a few seconds say
    /// little of a rate.
    Rate {
        /// Time that the rate is given for, µs.
        per_us: i64,
    },
}

impl WatchValues {
    /// For values of this measure.
    #[must_use]
    pub fn of(measure: &Measure) -> Self {
        match measure {
            Measure::Rate { per_us } => WatchValues::Rate { per_us: *per_us },
            Measure::Ratio { .. }
            | Measure::Latency { .. }
            | Measure::LatencyCut { .. }
            | Measure::WindowsGood { .. }
            | Measure::Apdex { .. }
            | Measure::UserUptime { .. }
            | Measure::Funnel { .. }
            | Measure::Composite { .. } => WatchValues::Windows,
        }
    }
}

/// Whether a demand held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchState {
    /// It was judged, and not broken.
    Held,
    /// It was broken.
    Broken,
    /// It could not be judged once. Never green.
    NoData,
}

/// What became of a demand.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchOutcome {
    /// Whether it held.
    pub state: WatchState,
    /// Stretches `[from, to)` in UTC µs in which it was broken, oldest first.
    pub broken_us: Vec<[i64; 2]>,
    /// The worst value.
    pub worst: Option<f64>,
    /// The newest value, and for how long it and those before have been beyond the limit, µs.
    pub newest: Option<(f64, i64)>,
    /// The values, oldest first: one per window, of a rate for the time up to its end.
    pub values: Vec<Option<f64>>,
    /// Requests behind them.
    pub count: u64,
}

/// Judges windows of `window_us` by `plan`. A window without a value neither ends a stretch beyond the
/// limit nor lengthens it.
#[must_use]
pub fn watch(plan: &WatchPlan, windows: &[SliWindow], window_us: i64) -> WatchOutcome {
    let windows = match plan.values {
        WatchValues::BadShare => bad_shares(windows),
        WatchValues::Windows | WatchValues::Rate { .. } => windows.to_vec(),
    };
    let (values, broken_us) = match plan.values {
        WatchValues::Rate { per_us } => rates(plan, &windows, window_us, per_us),
        WatchValues::Windows | WatchValues::BadShare => {
            let values = windows.iter();
            let values = values.map(|window| window.value).collect();
            (values, broken_stretches(plan, &windows, window_us))
        }
    };
    let known = values.iter().copied().flatten();
    let worst = known.reduce(|worst, value| match plan.bad {
        BadSide::Above => worst.max(value),
        BadSide::Below => worst.min(value),
    });
    let state = match (worst, broken_us.is_empty()) {
        (None, _) => WatchState::NoData,
        (Some(_), true) => WatchState::Held,
        (Some(_), false) => WatchState::Broken,
    };
    WatchOutcome {
        state,
        worst,
        newest: newest(plan, &values, window_us),
        count: windows.iter().map(|window| window.count).sum(),
        broken_us,
        values,
    }
}

fn bad_shares(windows: &[SliWindow]) -> Vec<SliWindow> {
    let windows = windows.iter().map(|window| SliWindow {
        value: window
            .value
            .map(|_| number(window.valid.saturating_sub(window.good)) / number(window.valid)),
        ..*window
    });
    windows.collect()
}

fn broken_stretches(plan: &WatchPlan, windows: &[SliWindow], window_us: i64) -> Vec<[i64; 2]> {
    let level = LevelPlan {
        level: Level::Contact,
        bad: plan.bad,
        limit: LimitPlan::Absolute(plan.limit),
        for_us: plan.for_us,
        tell: Vec::new(),
        react: None,
    };
    crossings(&level, Evidence::Value, windows, window_us).crossed_us
}

/// The rate over the whole of `for` at the end of each window, and the stretches whose rate is bad.
fn rates(
    plan: &WatchPlan,
    windows: &[SliWindow],
    window_us: i64,
    per_us: i64,
) -> (Vec<Option<f64>>, Vec<[i64; 2]>) {
    let span = (plan.for_us + window_us - 1).div_euclid(window_us).max(1);
    let length = usize::try_from(span).unwrap_or(usize::MAX);
    let mut values = vec![None; windows.len().min(length - 1)];
    let mut broken_us: Vec<[i64; 2]> = Vec::new();
    for stretch in windows.windows(length) {
        if stretch.iter().any(|window| window.value.is_none()) {
            values.push(None);
            continue;
        }
        let count: u64 = stretch.iter().map(|window| window.count).sum();
        // One division, so that a count that is the limit is exactly the limit.
        let value = number(count.saturating_mul(per_us.unsigned_abs()))
            / number((span * window_us).unsigned_abs());
        values.push(Some(value));
        if !plan.bad.is_bad(value, plan.limit) {
            continue;
        }
        let from_us = stretch[0].start_us;
        let to_us = from_us + span * window_us;
        match broken_us.last_mut() {
            Some(last) if from_us <= last[1] => last[1] = to_us,
            Some(_) | None => broken_us.push([from_us, to_us]),
        }
    }
    (values, broken_us)
}

fn newest(plan: &WatchPlan, values: &[Option<f64>], window_us: i64) -> Option<(f64, i64)> {
    let known: Vec<f64> = values.iter().copied().flatten().collect();
    let beyond = known.iter().rev();
    let beyond = beyond.take_while(|value| plan.bad.is_bad(**value, plan.limit));
    let windows = i64::try_from(beyond.count()).unwrap_or(i64::MAX);
    let lasted_us = match plan.values {
        WatchValues::Windows | WatchValues::BadShare => windows.saturating_mul(window_us),
        // The value is that of all of `for` already.
        WatchValues::Rate { .. } if windows == 0 => 0,
        WatchValues::Rate { .. } => plan.for_us + (windows - 1).saturating_mul(window_us),
    };
    known.last().map(|value| (*value, lasted_us))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn plan(bad: BadSide, limit: f64, for_s: i64, values: WatchValues) -> WatchPlan {
        WatchPlan {
            bad,
            limit,
            for_us: for_s * SECOND,
            values,
        }
    }

    /// Windows of 5 s with these values.
    fn watched(plan: &WatchPlan, values: &[Option<f64>]) -> WatchOutcome {
        let windows = values.iter().zip(0..).map(|(value, index)| SliWindow {
            start_us: index * 5 * SECOND,
            value: *value,
            count: 10,
            ..SliWindow::default()
        });
        watch(plan, &windows.collect::<Vec<_>>(), 5 * SECOND)
    }

    fn broken_s(outcome: &WatchOutcome) -> Vec<[i64; 2]> {
        let stretches = outcome.broken_us.iter();
        stretches
            .map(|[from, to]| [from / SECOND, to / SECOND])
            .collect()
    }

    #[test]
    fn a_demand_is_broken_when_all_of_its_time_is_beyond_the_limit() {
        let (low, at, high) = (Some(1.0), Some(2.0), Some(2.1));
        let cases = [
            (vec![low, high, high, low], vec![[5, 15]]),
            // The limit itself is good.
            (vec![at, at, at, at], vec![]),
            // One window is 5 s of 10.
            (vec![low, high, low, high], vec![]),
            (vec![low, high], vec![]),
            // Without data it neither ends nor lasts longer.
            (vec![high, None, low], vec![]),
            (vec![high, None, high], vec![[0, 15]]),
            (
                vec![high, high, low, high, high, high],
                vec![[0, 10], [15, 30]],
            ),
            (vec![low, low, high, high], vec![[10, 20]]),
        ];
        let plan = plan(BadSide::Above, 2.0, 10, WatchValues::Windows);
        for (values, expected) in cases {
            let outcome = watched(&plan, &values);
            assert_eq!(broken_s(&outcome), expected, "{values:?}");
            let is_broken = outcome.state == WatchState::Broken;
            assert_eq!(is_broken, !expected.is_empty(), "{values:?}");
        }
    }

    #[test]
    fn without_a_single_value_it_is_not_held() {
        let plan = plan(BadSide::Above, 2.0, 10, WatchValues::Windows);
        for values in [&[][..], &[None, None]] {
            let outcome = watched(&plan, values);
            assert_eq!(outcome.state, WatchState::NoData);
            assert_eq!((outcome.worst, outcome.newest), (None, None));
        }
        let held = watched(&plan, &[None, Some(1.0)]);
        assert_eq!(held.state, WatchState::Held);
        assert_eq!(held.values, [None, Some(1.0)]);
    }

    #[test]
    fn the_worst_and_the_newest_value_are_told() {
        let above = plan(BadSide::Above, 2.0, 60, WatchValues::Windows);
        let outcome = watched(&above, &[Some(9.0), Some(1.0), Some(3.0), Some(4.0)]);
        assert_eq!(outcome.worst, Some(9.0));
        assert_eq!(outcome.newest, Some((4.0, 10 * SECOND)));
        assert_eq!(outcome.count, 40);
        let below = plan(BadSide::Below, 2.0, 60, WatchValues::Windows);
        let outcome = watched(&below, &[Some(9.0), Some(1.0), Some(3.0)]);
        assert_eq!((outcome.worst, outcome.newest), (Some(1.0), Some((3.0, 0))));
    }

    /// Windows of 5 s with so many events each; `None` where the window is not covered by data.
    fn rated(plan: &WatchPlan, counts: &[Option<u64>]) -> WatchOutcome {
        let windows = counts.iter().zip(0..).map(|(count, index)| SliWindow {
            start_us: index * 5 * SECOND,
            value: count.map(number),
            count: count.unwrap_or(0),
            ..SliWindow::default()
        });
        watch(plan, &windows.collect::<Vec<_>>(), 5 * SECOND)
    }

    #[test]
    fn a_rate_is_counted_over_the_whole_of_its_time() {
        let per_us = 60 * SECOND;
        let floor = plan(BadSide::Below, 20.0, 15, WatchValues::Rate { per_us });
        // 20 a minute are 5 in 15 s; that they come in one window is no matter.
        let outcome = rated(&floor, &[Some(5), Some(0), Some(0), Some(5)]);
        assert_eq!(outcome.state, WatchState::Held);
        assert_eq!(outcome.worst, Some(20.0));
        let outcome = rated(&floor, &[Some(5), Some(0), Some(0), Some(4), Some(9)]);
        assert_eq!(broken_s(&outcome), [[5, 20]]);
        assert_eq!(outcome.worst, Some(16.0));
        let outcome = rated(&floor, &[Some(1), Some(1), Some(1), Some(1)]);
        assert_eq!(broken_s(&outcome), [[0, 20]]);
        assert_eq!(outcome.newest, Some((12.0, 20 * SECOND)));
        // Two windows are not 15 s, and one without data says nothing of them.
        for counts in [
            &[Some(0), Some(0)][..],
            &[Some(0), None, Some(0), Some(0)],
            &[],
        ] {
            assert_eq!(rated(&floor, counts).state, WatchState::NoData);
        }
        // Nobody came: that is data.
        let outcome = rated(&floor, &[Some(0), Some(0), Some(0)]);
        assert_eq!(outcome.state, WatchState::Broken);
    }

    #[test]
    fn the_bad_share_is_exactly_what_the_counts_say() {
        let window = |good| SliWindow {
            value: Some(0.5),
            good,
            valid: 100,
            count: 100,
            ..SliWindow::default()
        };
        let plan = plan(BadSide::Above, 0.07, 5, WatchValues::BadShare);
        let held = watch(&plan, &[window(93)], 5 * SECOND);
        assert_eq!((held.state, held.worst), (WatchState::Held, Some(0.07)));
        let broken = watch(&plan, &[window(92)], 5 * SECOND);
        assert_eq!(broken.state, WatchState::Broken);
    }
}
