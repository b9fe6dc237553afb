//! Rates: events per time.

use super::tally::{Estimate, Frame, Measured, Tally};
use crate::rollup::Selection;
use crate::sli::interval::{self, number};

/// Events, and the time in which they can have happened.
#[derive(Debug, Default)]
struct RateTally {
    count: u64,
    /// Events in windows that are wholly covered.
    covered_count: u64,
    covered_us: u64,
}

impl Tally for RateTally {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.covered_count += other.covered_count;
        self.covered_us += other.covered_us;
    }
}

/// Events of `valid` per `per_us`. A window that sticks out of the data has a count and no rate.
pub fn measured(valid: &Selection, per_us: i64, frame: &Frame) -> Measured {
    let counts = frame.scope.per_window(&valid.counts());
    let tallies = counts.into_iter().enumerate().map(|(index, count)| {
        let is_covered = frame.scope.is_covered(index);
        RateTally {
            count,
            covered_count: if is_covered { count } else { 0 },
            covered_us: if is_covered {
                frame.scope.window_us.unsigned_abs()
            } else {
                0
            },
        }
    });
    frame.measured(tallies, |tally| estimate(tally, per_us))
}

fn estimate(tally: &RateTally, per_us: i64) -> Estimate {
    if tally.covered_us == 0 {
        return Estimate {
            good: tally.count,
            valid: tally.count,
            count: tally.count,
            ..Estimate::default()
        };
    }
    let count = tally.covered_count;
    let as_rate = |count: f64| count * number(per_us.unsigned_abs()) / number(tally.covered_us);
    Estimate {
        value: Some(as_rate(number(count))),
        interval: Some(interval::poisson(count).map(as_rate)),
        good: count,
        valid: count,
        count,
    }
}
