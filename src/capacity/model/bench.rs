//! Trials of the model: the measurer of a search, without waiting.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::convert::Infallible;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::pool::Seconds;
use super::shop::ModelShop;
use crate::capacity::search::{
    JourneyCounts, Measurer, Purpose, SearchProgress, Settled, Trial, TrialOrder,
    in_flight_quarters,
};

/// The target is back at its baseline when work would wait no longer than this, seconds.
const BASELINE_WAIT_S: f64 = 0.05;
/// Between two looks of a cool-down, and before the first, seconds.
const LOOK_S: f64 = 1.0;
/// The longest cool-down, seconds.
const COOL_DOWN_S_MAX: f64 = 600.0;

/// What makes a journey of the model bad, for one goal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelGoal {
    /// The longest good response, seconds.
    pub response_s_max: f64,
    /// The share of responses that may be longer before any counts.
    pub tolerated: f64,
}

/// What can go wrong; the default is nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelTrouble {
    /// Share of the trials in which work takes `slow_times` as long.
    pub slow_share: f64,
    /// How many times as long.
    pub slow_times: f64,
    /// From these times on (by the clock of the model, seconds) work takes so many times as long.
    pub changes: Vec<(f64, f64)>,
    /// The highest rate that the generator can offer, per second.
    pub generator_per_s_max: Option<f64>,
    /// Above this rate it breaks for good: every answer then takes this long, seconds.
    pub breaks: Option<(f64, f64)>,
    /// Stopped after so many trials.
    pub stopped_after: Option<u32>,
}

/// Makes trials of a [`ModelShop`].
#[derive(Debug)]
pub struct ModelBench {
    shop: ModelShop,
    goals: Vec<ModelGoal>,
    trouble: ModelTrouble,
    random: Pcg32,
    now_s: f64,
    made: u32,
    is_broken: bool,
    /// Estimates of the time left that the search gave, seconds.
    pub estimates_s: Vec<f64>,
}

/// One request of a trial.
struct Served {
    journey: usize,
    due_s: f64,
    done_s: f64,
    is_refused: bool,
}

impl ModelBench {
    /// A bench on which nothing was tried yet; it counts trials from `made` on.
    #[must_use]
    pub fn new(shop: ModelShop, goals: Vec<ModelGoal>, trouble: ModelTrouble, seed: u64) -> Self {
        Self {
            shop,
            goals,
            trouble,
            random: Pcg32::seed_from_u64(seed),
            now_s: 0.0,
            made: 0,
            is_broken: false,
            estimates_s: Vec::new(),
        }
    }

    /// How many times as long work takes now.
    fn slowness(&mut self) -> f64 {
        let changes = self.trouble.changes.iter();
        let changed = changes.filter(|(from_s, _)| *from_s <= self.now_s);
        let changed = changed.map(|(_, times)| *times).next_back().unwrap_or(1.0);
        let is_slow = self.random.random::<f64>() < self.trouble.slow_share;
        changed
            * if is_slow {
                self.trouble.slow_times
            } else {
                1.0
            }
    }

    /// Arrivals by chance over a length; their times.
    fn arrivals(&mut self, rate: f64, length_s: f64) -> Vec<f64> {
        let mut times = Vec::new();
        let mut at_s = self.now_s;
        loop {
            at_s += -(1.0 - self.random.random::<f64>()).ln() / rate;
            if at_s >= self.now_s + length_s {
                return times;
            }
            times.push(at_s);
        }
    }

    /// Sends every journey through the shop, in the order of time.
    fn serve(&mut self, arrivals: &[f64]) -> Vec<Served> {
        let slowness = self.slowness();
        let mut events: BinaryHeap<Reverse<(Seconds, usize, usize)>> = BinaryHeap::new();
        let mut kinds = Vec::with_capacity(arrivals.len());
        for (journey, at_s) in arrivals.iter().enumerate() {
            kinds.push(self.shop.journey_at(self.random.random()));
            let think_s = self.shop.journeys[kinds[journey]].steps[0].think_s;
            events.push(Reverse((Seconds(at_s + think_s), journey, 0)));
        }
        let mut served = Vec::new();
        while let Some(Reverse((Seconds(due_s), journey, index))) = events.pop() {
            let steps = &self.shop.journeys[kinds[journey]].steps;
            let step = steps[index];
            let next = steps.get(index + 1).copied();
            let mut done = self.shop.pools[step.pool].serve(due_s, step.service_s * slowness);
            if let Some((_, broken_s)) = self.trouble.breaks.filter(|_| self.is_broken) {
                done = Some(due_s + broken_s);
            }
            served.push(Served {
                journey,
                due_s,
                done_s: done.unwrap_or(due_s),
                is_refused: done.is_none(),
            });
            if let (Some(next), Some(done_s)) = (next, done) {
                events.push(Reverse((
                    Seconds(done_s + next.think_s),
                    journey,
                    index + 1,
                )));
            }
        }
        served
    }

    fn loss(
        &self,
        goal: ModelGoal,
        arrivals: usize,
        missing: f64,
        served: &[Served],
        from_s: f64,
        to_s: f64,
    ) -> f64 {
        let due = || {
            served
                .iter()
                .filter(|it| it.due_s >= from_s && it.due_s < to_s)
        };
        let is_long = |it: &&Served| it.done_s - it.due_s > goal.response_s_max;
        let long = due().filter(is_long).count();
        let is_missed = ratio(long, due().count()) > goal.tolerated;
        let mut bad = vec![false; arrivals];
        for it in due().filter(|it| it.is_refused || (is_missed && is_long(it))) {
            bad[it.journey] = true;
        }
        let intervals: Vec<_> = served.iter().map(|it| (it.due_s, it.done_s)).collect();
        let (in_flight_first, in_flight_last) = in_flight_quarters(&intervals, from_s, to_s);
        let counts = JourneyCounts {
            journeys: arrivals as u64,
            not_good: bad.iter().filter(|bad| **bad).count() as u64,
            in_flight_first,
            in_flight_last,
        };
        // What the generator never sent is lost.
        1.0 - (1.0 - counts.loss_ratio()) * (1.0 - missing)
    }
}

impl Measurer for ModelBench {
    type Error = Infallible;

    fn now_s(&mut self) -> f64 {
        self.now_s
    }

    fn settle(&mut self) -> Result<Settled, Infallible> {
        let begun_s = self.now_s;
        loop {
            self.now_s += LOOK_S;
            let waits = self.shop.pools.iter().map(|pool| pool.wait_s(self.now_s));
            if !self.is_broken && waits.fold(0.0, f64::max) <= BASELINE_WAIT_S {
                return Ok(Settled::Ready);
            }
            let waited_s = self.now_s - begun_s;
            if waited_s >= COOL_DOWN_S_MAX {
                return Ok(Settled::NotRecovered { waited_s });
            }
        }
    }

    fn trial(&mut self, order: &TrialOrder, purpose: Purpose) -> Result<Option<Trial>, Infallible> {
        if self.trouble.stopped_after == Some(self.made) {
            return Ok(None);
        }
        self.made += 1;
        let limit = self.trouble.generator_per_s_max.unwrap_or(f64::INFINITY);
        let offered = order.rate_per_s.min(limit);
        let missing = 1.0 - offered / order.rate_per_s;
        let from_s = self.now_s;
        let to_s = from_s + order.duration_s;
        self.is_broken |= self
            .trouble
            .breaks
            .is_some_and(|(above, _)| offered > above);
        let arrivals = self.arrivals(offered, order.duration_s);
        let served = self.serve(&arrivals);
        let goals = self.goals.iter();
        let losses =
            goals.map(|goal| self.loss(*goal, arrivals.len(), missing, &served, from_s, to_s));
        let losses = losses.collect();
        self.now_s = to_s;
        Ok(Some(Trial {
            number: self.made,
            purpose,
            rate_per_s: order.rate_per_s,
            duration_s: order.duration_s,
            effective_s: order.duration_s,
            losses,
            is_generator_limited: missing > 0.0,
        }))
    }

    fn progress(&mut self, progress: &SearchProgress<'_>) {
        self.estimates_s.push(progress.left_s);
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^52")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}
