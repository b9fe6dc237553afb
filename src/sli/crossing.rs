//! When a threshold was crossed for as long as it must last, on evidence and not by chance.
//!
//! In: windows with values and intervals. Out: the stretches in which a level was crossed. What
//! counts as evidence depends on what is measured, see [`Evidence`].

use serde::Serialize;

use super::interval::{self, number};
use super::plan::{BadSide, Level, LevelPlan, LimitPlan, Measure};
use super::series::SliWindow;

/// The fewest bad requests in a window with which a share can cross a level: a single one is an
/// accident however few requests there are.
const BAD_COUNT_MIN: u64 = 2;

/// What became of one threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LevelOutcome {
    /// Which level.
    pub level: Level,
    /// Its bad side.
    pub bad: BadSide,
    /// The limit, in the SLI's unit; or how many times what is expected, see `is_of_expected`.
    pub value: f64,
    /// Whether `value` is to be multiplied with what is expected of a window.
    pub is_of_expected: bool,
    /// How long it must last to count, µs.
    pub for_us: i64,
    /// Who is told.
    pub tell: Vec<String>,
    /// What they do.
    pub react: Option<String>,
    /// Stretches `[from, to)` in UTC µs in which it was crossed for at least that long, oldest
    /// first.
    pub crossed_us: Vec<[i64; 2]>,
}

impl LevelOutcome {
    /// Start of the first crossing that lasted.
    #[must_use]
    pub fn first_crossed_us(&self) -> Option<i64> {
        self.crossed_us.first().map(|[from, _]| *from)
    }

    /// How long it was crossed in all, µs.
    #[must_use]
    pub fn total_us(&self) -> i64 {
        self.crossed_us.iter().map(|[from, to]| to - from).sum()
    }
}

/// When values beyond a limit are evidence that something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// At once: a percentile has as many requests as it needs, or there would be no value.
    Value,
    /// Shares: when the 95 % interval of the window is wholly beyond the limit, and more than one
    /// request was bad.
    Interval,
    /// Rates: when the 95 % Poisson interval of the count of the whole stretch is wholly beyond
    /// what the limit makes of that stretch. A minute without an order says nothing where one a
    /// minute is the limit; four such minutes do.
    Stretch {
        /// Time that the rate is given for, µs.
        per_us: i64,
    },
}

impl Evidence {
    /// What is evidence for values of this measure.
    #[must_use]
    pub fn of(measure: &Measure) -> Self {
        match measure {
            Measure::Rate { per_us } => Evidence::Stretch { per_us: *per_us },
            Measure::Latency { .. } => Evidence::Value,
            Measure::Ratio { .. }
            | Measure::LatencyCut { .. }
            | Measure::WindowsGood { .. }
            | Measure::Apdex { .. }
            | Measure::UserUptime { .. }
            | Measure::Funnel { .. }
            | Measure::Composite { .. } => Evidence::Interval,
        }
    }
}

impl LevelPlan {
    /// The limit for this window, in the SLI's unit; `None` where it depends on what is expected
    /// and nothing is.
    #[must_use]
    pub fn limit_in(&self, window: &SliWindow) -> Option<f64> {
        match self.limit {
            LimitPlan::Absolute(limit) => Some(limit),
            LimitPlan::OfExpected(times) => window.expected.map(|expected| times * expected),
        }
    }

    /// Whether the window is beyond this level; `None` when it cannot be judged by it. A rate is
    /// beyond by its value alone: whether that is evidence, only the stretch can tell.
    #[must_use]
    pub fn is_beyond(&self, window: &SliWindow, evidence: Evidence) -> Option<bool> {
        let (value, limit) = window.value.zip(self.limit_in(window))?;
        let is_bad = self.bad.is_bad(value, limit);
        Some(match evidence {
            Evidence::Value | Evidence::Stretch { .. } => is_bad,
            Evidence::Interval => {
                let bad_count = window.valid.saturating_sub(window.good);
                is_bad
                    && bad_count >= BAD_COUNT_MIN
                    && window
                        .interval
                        .is_some_and(|interval| is_beyond(self.bad, interval, limit))
            }
        })
    }
}

/// The stretches of consecutive windows beyond `level` that last as long as it says, and are
/// evidence. A window that the level cannot judge (too few requests, excluded, nothing expected)
/// neither ends a crossing nor lengthens it.
#[must_use]
pub fn crossings(
    level: &LevelPlan,
    evidence: Evidence,
    windows: &[SliWindow],
    window_us: i64,
) -> LevelOutcome {
    let mut crossed_us = Vec::new();
    let mut open: Option<Stretch> = None;
    for window in windows {
        match level.is_beyond(window, evidence) {
            None => {}
            Some(true) => {
                let stretch = open.get_or_insert_with(|| Stretch::at(window.start_us));
                stretch.lengthen(level, window, window_us);
            }
            Some(false) => crossed_us.extend(open.take().and_then(|it| it.kept(level, evidence))),
        }
    }
    crossed_us.extend(open.and_then(|stretch| stretch.kept(level, evidence)));
    let (value, is_of_expected) = match level.limit {
        LimitPlan::Absolute(limit) => (limit, false),
        LimitPlan::OfExpected(times) => (times, true),
    };
    LevelOutcome {
        level: level.level,
        bad: level.bad,
        value,
        is_of_expected,
        for_us: level.for_us,
        tell: level.tell.clone(),
        react: level.react.clone(),
        crossed_us,
    }
}

/// Whether a whole interval is on the bad side of `limit`.
fn is_beyond(bad: BadSide, [low, high]: [f64; 2], limit: f64) -> bool {
    bad.is_bad(low, limit) && bad.is_bad(high, limit)
}

/// Windows beyond a level, one after the other.
struct Stretch {
    from_us: i64,
    to_us: i64,
    lasted_us: i64,
    count: u64,
    /// Sum over the windows of limit × length, in the limit's unit × µs.
    limit_us: f64,
}

impl Stretch {
    fn at(from_us: i64) -> Self {
        Self {
            from_us,
            to_us: from_us,
            lasted_us: 0,
            count: 0,
            limit_us: 0.0,
        }
    }

    fn lengthen(&mut self, level: &LevelPlan, window: &SliWindow, window_us: i64) {
        self.to_us = window.start_us + window_us;
        self.lasted_us += window_us;
        self.count += window.count;
        let limit = level.limit_in(window).unwrap_or(0.0);
        self.limit_us += limit * number(window_us.unsigned_abs());
    }

    /// The stretch if it lasted long enough and is evidence.
    fn kept(&self, level: &LevelPlan, evidence: Evidence) -> Option<[i64; 2]> {
        let is_evidence = match evidence {
            Evidence::Value | Evidence::Interval => true,
            Evidence::Stretch { per_us } => {
                let limit = self.limit_us / number(per_us.unsigned_abs());
                is_beyond(level.bad, interval::poisson(self.count), limit)
            }
        };
        (is_evidence && self.lasted_us >= level.for_us).then_some([self.from_us, self.to_us])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;
    const MINUTE: i64 = 60 * SECOND;

    fn level(bad: BadSide, limit: LimitPlan, for_us: i64) -> LevelPlan {
        LevelPlan {
            level: Level::Warn,
            bad,
            limit,
            for_us,
            tell: Vec::new(),
            react: None,
        }
    }

    fn crossed(values: &[Option<f64>], for_s: i64) -> Vec<[i64; 2]> {
        let windows = values.iter().zip(0..).map(|(value, index)| SliWindow {
            start_us: index * SECOND,
            value: *value,
            ..SliWindow::default()
        });
        let windows: Vec<SliWindow> = windows.collect();
        let level = level(BadSide::Above, LimitPlan::Absolute(1.0), for_s * SECOND);
        let outcome = crossings(&level, Evidence::Value, &windows, SECOND);
        let stretches = outcome.crossed_us.iter();
        stretches
            .map(|[from, to]| [from / SECOND, to / SECOND])
            .collect()
    }

    #[test]
    fn a_crossing_counts_only_when_it_lasts() {
        let values = [0.0, 2.0, 0.0, 2.0, 2.0, 0.0].map(Some);
        assert_eq!(crossed(&values, 1), [[1, 2], [3, 5]]);
        assert_eq!(crossed(&values, 2), [[3, 5]]);
        assert!(crossed(&values, 3).is_empty());
    }

    #[test]
    fn the_limit_itself_is_good() {
        assert!(crossed(&[Some(1.0)], 1).is_empty());
    }

    #[test]
    fn a_window_without_data_neither_ends_nor_lengthens_a_crossing() {
        let values = [Some(2.0), None, Some(2.0), Some(0.0)];
        assert_eq!(crossed(&values, 2), [[0, 3]]);
        assert!(crossed(&values, 3).is_empty());
    }

    #[test]
    fn a_crossing_may_last_to_the_end() {
        assert_eq!(crossed(&[Some(0.0), Some(2.0)], 1), [[1, 2]]);
    }

    /// Whether one window with this share is beyond `below`.
    fn is_share_beyond(good: u64, valid: u64, below: f64) -> bool {
        let window = SliWindow {
            value: Some(number(good) / number(valid)),
            good,
            valid,
            count: valid,
            interval: interval::share(good, valid),
            ..SliWindow::default()
        };
        let level = level(BadSide::Below, LimitPlan::Absolute(below), 0);
        level.is_beyond(&window, Evidence::Interval).unwrap()
    }

    #[test]
    fn one_error_at_night_is_no_crossing_however_strict_the_level() {
        for below in [0.96, 0.99, 0.999, 0.999_99] {
            assert!(!is_share_beyond(19, 20, below), "{below}");
        }
    }

    #[test]
    fn a_share_crosses_when_chance_cannot_explain_it() {
        let table = [
            // good, valid, below, is beyond
            (18, 20, 0.95, false),
            (15, 20, 0.95, true),
            (0, 20, 0.5, true),
            (980, 1_000, 0.99, true),
            (988, 1_000, 0.99, false),
            (1_000, 1_000, 0.99, false),
        ];
        for (good, valid, below, expected) in table {
            let found = is_share_beyond(good, valid, below);
            assert_eq!(found, expected, "{good} of {valid} below {below}");
        }
    }

    /// The crossings of a floor (or ceiling) of orders per minute, in minutes.
    fn rate_crossed(level: &LevelPlan, counts: &[u64], expected: Option<f64>) -> Vec<[i64; 2]> {
        let windows = counts.iter().zip(0..).map(|(count, index)| SliWindow {
            start_us: index * MINUTE,
            value: Some(number(*count)),
            count: *count,
            expected,
            ..SliWindow::default()
        });
        let windows: Vec<SliWindow> = windows.collect();
        let evidence = Evidence::Stretch { per_us: MINUTE };
        let outcome = crossings(level, evidence, &windows, MINUTE);
        let stretches = outcome.crossed_us.iter();
        stretches
            .map(|[from, to]| [from / MINUTE, to / MINUTE])
            .collect()
    }

    #[test]
    fn a_minute_without_an_order_is_no_evidence_where_one_a_minute_is_the_limit() {
        let floor = level(BadSide::Below, LimitPlan::Absolute(1.0), MINUTE);
        assert!(rate_crossed(&floor, &[2, 0, 3], None).is_empty());
        assert!(rate_crossed(&floor, &[2, 0, 0, 3], None).is_empty());
        assert_eq!(rate_crossed(&floor, &[2, 0, 0, 0, 0, 3], None), [[1, 5]]);
    }

    #[test]
    fn a_minute_without_an_order_is_evidence_where_twenty_are_the_limit() {
        let floor = level(BadSide::Below, LimitPlan::Absolute(20.0), MINUTE);
        assert_eq!(rate_crossed(&floor, &[25, 0, 30], None), [[1, 2]]);
        assert!(rate_crossed(&floor, &[25, 19, 30], None).is_empty());
    }

    #[test]
    fn a_ceiling_of_a_rate_needs_evidence_too() {
        let ceiling = level(BadSide::Above, LimitPlan::Absolute(100.0), MINUTE);
        assert!(rate_crossed(&ceiling, &[90, 105, 90], None).is_empty());
        assert_eq!(rate_crossed(&ceiling, &[90, 150, 90], None), [[1, 2]]);
    }

    #[test]
    fn a_level_relative_to_expectation_judges_only_where_something_is_expected() {
        let half = level(BadSide::Below, LimitPlan::OfExpected(0.5), MINUTE);
        assert_eq!(rate_crossed(&half, &[40, 20, 90], Some(100.0)), [[0, 2]]);
        assert!(rate_crossed(&half, &[60, 55], Some(100.0)).is_empty());
        assert!(rate_crossed(&half, &[0, 0, 0], None).is_empty());
    }
}
