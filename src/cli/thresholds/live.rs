//! Thresholds while a run goes on.
//!
//! In: the builders of the recorder. Out: a [`ThresholdLook`] per threshold for whoever watches, and a
//! [`Guard`] when one is broken that stops the run. What a run is judged by in the end is counted
//! again, from all of its requests: here those that are under way are missing.

use serde::{Deserialize, Serialize};

use super::{RunThreshold, RunThresholds};
use crate::cli::page::sli_unit;
use crate::report::Unit;
use crate::rollup::{Rollup, RollupBuilder};
use crate::sli::{BadSide, Measure, WatchState};

/// A window is not looked at before so much time is over since its end: requests are recorded when
/// they are answered, and belong to when they were due.
const SETTLE_US: i64 = 1_000_000;
/// The longest that slow answers are waited for besides.
const SLOWEST_US_MAX: i64 = 30_000_000;
/// How far back windows are looked at again, besides the time that a threshold lasts.
const BACK_US: i64 = 60_000_000;

/// One threshold at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ThresholdLook {
    /// The demand in words.
    pub demand: String,
    /// Unit of its numbers.
    pub unit: Unit,
    /// The bad side.
    pub bad: BadSide,
    /// The limit.
    pub limit: f64,
    /// How long it must last, µs.
    pub for_us: i64,
    /// Whether it stops the run.
    pub aborts: bool,
    /// Where it stands.
    pub state: LookState,
    /// The newest values, oldest first.
    pub recent: Vec<Option<f64>>,
    /// For how long the newest values have been beyond the limit, µs.
    pub beyond_us: i64,
    /// Beginning of the first time that it was broken, µs since the start of the run.
    pub first_broken_us: Option<i64>,
}

/// Where a threshold stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LookState {
    /// Its time has not come, or there is no value yet.
    Waiting,
    /// The newest value is good.
    Holds,
    /// The newest value is beyond the limit, not yet for long enough.
    Beyond,
    /// It was broken.
    Broken,
}

/// The threshold that stopped a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Guard {
    /// The demand in words.
    pub demand: String,
    /// When it stopped the run, µs since the start.
    pub at_us: i64,
    /// Since when it was broken, as it was known then, µs since the start.
    pub broken_since_us: i64,
}

/// What is known of the thresholds of a run that goes on.
#[derive(Debug)]
pub struct LiveThresholds {
    first_broken_us: Vec<Option<i64>>,
}

impl LiveThresholds {
    /// Nothing is known yet.
    pub fn new(thresholds: &RunThresholds) -> Self {
        Self {
            first_broken_us: vec![None; thresholds.list.len()],
        }
    }

    /// Looks at all of them `now_us` after the start; the second says which one stops the run.
    pub fn look(
        &mut self,
        thresholds: &RunThresholds,
        all: &RollupBuilder,
        scoped: &[RollupBuilder],
        started_us: i64,
        now_us: i64,
    ) -> (Vec<ThresholdLook>, Option<Guard>) {
        let longest_us = thresholds.list.iter().map(|it| it.for_us()).max();
        let from_us = now_us - longest_us.unwrap_or(0) - BACK_US - SLOWEST_US_MAX;
        let recent = |builder: &RollupBuilder| builder.rollup_from(started_us + from_us);
        let all = recent(all);
        let scoped: Vec<Rollup> = scoped.iter().map(recent).collect();
        let slowest_us = slowest_us(&all, started_us + now_us);
        let mut guard = None;
        let looks = thresholds.list.iter().enumerate();
        let looks = looks.map(|(index, threshold)| {
            let rollup = threshold.scope.map_or(&all, |scope| &scoped[scope]);
            let settled_us = now_us - threshold.settle_us(slowest_us);
            let first_broken_us = &mut self.first_broken_us[index];
            let look = threshold.look(rollup, started_us, settled_us, first_broken_us);
            if let (true, Some(broken_since_us)) = (threshold.plan.aborts, look.first_broken_us) {
                guard.get_or_insert_with(|| Guard {
                    demand: look.demand.clone(),
                    at_us: now_us,
                    broken_since_us,
                });
            }
            look
        });
        (looks.collect(), guard)
    }
}

impl RunThreshold {
    fn for_us(&self) -> i64 {
        self.watch.for_us.max(self.window_us)
    }

    /// How long a window waits for its answers. A percentile that lacks slow answers is too low, so
    /// one that must not be high may be looked at once; counts and shares that lack them are wrong.
    fn settle_us(&self, slowest_us: i64) -> i64 {
        let measure = &self.set.slis[self.sli].measure;
        match (measure, self.watch.bad) {
            (Measure::Latency { .. }, BadSide::Above) => SETTLE_US,
            _ => SETTLE_US + slowest_us,
        }
    }

    fn look(
        &self,
        rollup: &Rollup,
        started_us: i64,
        settled_us: i64,
        first_broken_us: &mut Option<i64>,
    ) -> ThresholdLook {
        let to_us = settled_us.min(self.to_us);
        let back_us = self.for_us() + BACK_US;
        let skipped = (to_us - back_us - self.from_us).max(0) / self.window_us;
        let from_us = self.from_us + skipped * self.window_us;
        // What cannot be computed is shown as nothing; the judgement at the end reports the error.
        let outcome = self.outcome(rollup, started_us, from_us, to_us).ok();
        let broken_us = outcome.as_ref().and_then(|it| it.broken_us.first());
        let broken_us = broken_us.map(|[from_us, _]| from_us - started_us);
        *first_broken_us = first_broken_us.or(broken_us);
        let newest = outcome.as_ref().and_then(|outcome| outcome.newest);
        let beyond_us = newest.map_or(0, |(_, beyond_us)| beyond_us);
        let state = match (&outcome, *first_broken_us) {
            (_, Some(_)) => LookState::Broken,
            (Some(outcome), None) if outcome.state == WatchState::NoData => LookState::Waiting,
            (Some(_), None) if beyond_us > 0 => LookState::Beyond,
            (Some(_), None) => LookState::Holds,
            (None, None) => LookState::Waiting,
        };
        ThresholdLook {
            demand: self.demand.clone(),
            unit: sli_unit(self.unit),
            bad: self.watch.bad,
            limit: self.watch.limit,
            for_us: self.watch.for_us,
            aborts: self.plan.aborts,
            state,
            recent: outcome.map_or_else(Vec::new, |outcome| outcome.values),
            beyond_us,
            first_broken_us: *first_broken_us,
        }
    }
}

/// The slowest answer of the requests that were due in the last half minute.
fn slowest_us(all: &Rollup, now_us: i64) -> i64 {
    let recent = all.select(|_| true).fold_windows(
        |start_us| (start_us >= now_us - SLOWEST_US_MAX).then_some(0),
        |slowest: &mut u64, _, latencies| *slowest = (*slowest).max(latencies.max_us()),
    );
    let slowest = recent.into_iter().max().unwrap_or(0);
    i64::try_from(slowest).map_or(SLOWEST_US_MAX, |slowest| slowest.min(SLOWEST_US_MAX))
}
