//! When a threshold was crossed for as long as it must last.

use serde::Serialize;

use super::plan::{BadSide, Level, LevelPlan};
use super::series::SliWindow;

/// What became of one threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LevelOutcome {
    /// Which level.
    pub level: Level,
    /// Its bad side.
    pub bad: BadSide,
    /// The limit, in the SLI's unit.
    pub value: f64,
    /// How long it must last to count, µs.
    pub for_us: i64,
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

    /// Total time crossed, µs.
    #[must_use]
    pub fn total_us(&self) -> i64 {
        self.crossed_us.iter().map(|[from, to]| to - from).sum()
    }
}

/// The crossings of `level` in windows of length `window_us`. A window without enough data
/// neither ends a crossing nor lengthens it.
#[must_use]
pub fn crossings(level: &LevelPlan, windows: &[SliWindow], window_us: i64) -> LevelOutcome {
    let mut crossed_us = Vec::new();
    let mut open: Option<Stretch> = None;
    for window in windows {
        let Some(value) = window.value else {
            continue;
        };
        if level.bad.is_bad(value, level.value) {
            let stretch = open.get_or_insert(Stretch {
                from_us: window.start_us,
                to_us: window.start_us,
                lasted_us: 0,
            });
            stretch.to_us = window.start_us + window_us;
            stretch.lasted_us += window_us;
        } else if let Some(stretch) = open.take() {
            stretch.keep(level, &mut crossed_us);
        }
    }
    if let Some(stretch) = open {
        stretch.keep(level, &mut crossed_us);
    }
    LevelOutcome {
        level: level.level,
        bad: level.bad,
        value: level.value,
        for_us: level.for_us,
        crossed_us,
    }
}

struct Stretch {
    from_us: i64,
    to_us: i64,
    lasted_us: i64,
}

impl Stretch {
    fn keep(self, level: &LevelPlan, crossed_us: &mut Vec<[i64; 2]>) {
        if self.lasted_us >= level.for_us {
            crossed_us.push([self.from_us, self.to_us]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sli::series::SliState;

    const SECOND: i64 = 1_000_000;

    fn crossed(values: &[Option<f64>], for_s: i64) -> Vec<[i64; 2]> {
        let windows: Vec<SliWindow> = values
            .iter()
            .zip(0..)
            .map(|(value, index)| SliWindow {
                start_us: index * SECOND,
                value: *value,
                good: 0,
                valid: 0,
                count: 0,
                state: SliState::Met,
            })
            .collect();
        let level = LevelPlan {
            level: Level::Warn,
            bad: BadSide::Above,
            value: 1.0,
            for_us: for_s * SECOND,
        };
        let outcome = crossings(&level, &windows, SECOND);
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
}
