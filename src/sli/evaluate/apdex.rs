//! Apdex: (satisfied + tolerating / 2) / all, <https://www.apdex.org>.

use super::tally::{Estimate, Frame, Measured, Tally};
use crate::rollup::WindowCount;
use crate::sli::interval::{self, number};

/// Requests by how they felt, per window of the rollup.
pub struct Times {
    /// Answered well within the satisfying time.
    pub satisfied: Vec<WindowCount>,
    /// Answered well within the tolerable time: the satisfied are among them.
    pub tolerated: Vec<WindowCount>,
    /// All that have a response time.
    pub all: Vec<WindowCount>,
}

#[derive(Debug, Default)]
struct ApdexTally {
    satisfied: u64,
    tolerated: u64,
    all: u64,
}

impl Tally for ApdexTally {
    fn add(&mut self, other: &Self) {
        self.satisfied += other.satisfied;
        self.tolerated += other.tolerated;
        self.all += other.all;
    }
}

/// The Apdex of `times`.
pub fn measured(times: &Times, count_min: u64, frame: &Frame) -> Measured {
    let satisfied = frame.scope.per_window(&times.satisfied);
    let tolerated = frame.scope.per_window(&times.tolerated);
    let all = frame.scope.per_window(&times.all);
    let tallies = (0..all.len()).map(|index| ApdexTally {
        satisfied: satisfied[index],
        tolerated: tolerated[index],
        all: all[index],
    });
    frame.measured(tallies, |tally| estimate(tally, count_min))
}

fn estimate(tally: &ApdexTally, count_min: u64) -> Estimate {
    let tolerating = tally.tolerated - tally.satisfied.min(tally.tolerated);
    let is_enough = tally.all >= count_min.max(1);
    // Satisfied ones count twice in here, those who merely tolerate once.
    let halves = 2 * tally.satisfied + tolerating;
    Estimate {
        value: is_enough.then(|| number(halves) / (2.0 * number(tally.all))),
        interval: interval::apdex(tally.satisfied, tolerating, tally.all),
        good: halves / 2,
        valid: tally.all,
        count: tally.all,
    }
}
