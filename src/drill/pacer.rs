//! The pacer: a thread of its own that releases each request when it is due.
//!
//! In: arrivals and shoppers who think. Out: batches of due shoppers per tick and worker. Due
//! times lie on the grid of ticks, so waiting for the tick is never charged to the target as
//! response time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use super::outcome::{Leave, ScenarioOutcome};
use super::run::Progress;
use super::shopper::Shopper;
use super::worker::{News, Order};
use crate::scenario::{Arrival, Arrivals, ConnectionPolicy, DrillPlan, SCENARIO_NUMBERS};

/// Length of a tick, µs. A shopper does not notice half a millisecond, and waking the workers once
/// per tick instead of once per request is what keeps the CPU per request low at a schedule.
const TICK_US: i64 = 500;

/// What the pacer counted.
#[derive(Debug, Default)]
pub struct PacerOutcome {
    pub offered: u64,
    pub completed: u64,
    /// Offered, completed and dropped of each of several scenarios; empty where there is one alone.
    pub by_scenario: Vec<ScenarioOutcome>,
    pub gave_up: u64,
    pub lost_patience: u64,
    pub withheld: u64,
    pub dropped: u64,
    pub cut: u64,
    pub lost: u64,
    pub is_stopped: bool,
}

pub struct Pacer<'a> {
    pub plan: &'a DrillPlan,
    pub origin: Instant,
    pub workers: Vec<UnboundedSender<Order>>,
    pub news: Receiver<News>,
    pub progress: &'a Progress,
}

/// A shopper who thinks, ordered so that the earliest is the greatest.
struct Thinking(Box<Shopper>);

impl PartialEq for Thinking {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Thinking {}

impl PartialOrd for Thinking {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Thinking {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.0.due_us, other.0.number).cmp(&(self.0.due_us, self.0.number))
    }
}

impl Pacer<'_> {
    /// Paces the whole run; returns when everybody left, or the time for that is over, or it was
    /// stopped.
    pub fn run(self) -> PacerOutcome {
        let mut outcome = PacerOutcome::of(self.plan);
        let mut arrivals = Arrivals::new(self.plan);
        let mut next_arrival = arrivals.next();
        let mut thinking: BinaryHeap<Thinking> = BinaryHeap::new();
        let mut present: u64 = 0;
        let mut next_worker = 0;
        let drain_until_us =
            seconds_as_us(self.plan.traffic.curve.length_s()) + self.plan.limits.drain_us;
        loop {
            let now_us = self.now_us();
            self.hear(&mut outcome, &mut thinking, &mut present);
            while let Some(arrival) = next_arrival.filter(|arrival| arrival.due_us <= now_us) {
                next_arrival = arrivals.next();
                self.came(&mut outcome, arrival.number);
                match self.shopper(arrival) {
                    Some(shopper) => {
                        present += 1;
                        thinking.push(Thinking(shopper));
                    }
                    None => self.left(&mut outcome, arrival.number, Leave::Completed),
                }
            }
            self.release(now_us, &mut thinking, &mut next_worker);
            outcome.is_stopped = self.progress.stop.load(Relaxed);
            let is_over = next_arrival.is_none() && present == 0;
            if outcome.is_stopped || is_over || now_us > drain_until_us {
                break;
            }
            self.sleep_to_next_tick(now_us);
        }
        outcome.cut += thinking.len() as u64;
        outcome.withheld = arrivals.withheld();
        for worker in &self.workers {
            // A worker that is gone needs no order to stop.
            let _ = worker.send(Order::Stop);
        }
        drop(self.workers);
        // Workers hang up when their last request is over.
        for news in self.news {
            if let News::Left(number, leave) = news {
                self.progress.left(leave);
                outcome.left(number, leave);
            }
        }
        outcome
    }

    fn came(&self, outcome: &mut PacerOutcome, number: u64) {
        self.progress.came();
        outcome.came(number);
    }

    fn left(&self, outcome: &mut PacerOutcome, number: u64, leave: Leave) {
        self.progress.left(leave);
        outcome.left(number, leave);
    }

    fn now_us(&self) -> i64 {
        i64::try_from(self.origin.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    fn shopper(&self, arrival: Arrival) -> Option<Box<Shopper>> {
        let mut shopper = Shopper::new(self.plan, arrival)?;
        shopper.due_us = on_tick(shopper.due_us);
        Some(Box::new(shopper))
    }

    fn hear(
        &self,
        outcome: &mut PacerOutcome,
        thinking: &mut BinaryHeap<Thinking>,
        present: &mut u64,
    ) {
        for news in self.news.try_iter() {
            match news {
                News::Thinks(mut shopper) => {
                    shopper.due_us = on_tick(shopper.due_us);
                    thinking.push(Thinking(shopper));
                }
                News::Left(number, leave) => {
                    self.left(outcome, number, leave);
                    *present -= 1;
                }
            }
        }
    }

    /// Hands everybody who is due to the workers in turn.
    fn release(&self, now_us: i64, thinking: &mut BinaryHeap<Thinking>, next_worker: &mut usize) {
        let mut batches: Vec<Vec<Box<Shopper>>> = self.workers.iter().map(|_| Vec::new()).collect();
        while thinking
            .peek()
            .is_some_and(|first| first.0.due_us <= now_us)
        {
            let Some(Thinking(mut shopper)) = thinking.pop() else {
                break;
            };
            let keeps_worker =
                shopper.has_come && self.plan.transport.connections == ConnectionPolicy::PerShopper;
            if !keeps_worker {
                shopper.worker = u16::try_from(*next_worker).unwrap_or(0);
                *next_worker = (*next_worker + 1) % self.workers.len();
            }
            batches[usize::from(shopper.worker)].push(shopper);
        }
        for (worker, batch) in self.workers.iter().zip(batches) {
            if !batch.is_empty() {
                // A worker that is gone has panicked; its shoppers are missed at the end.
                let _ = worker.send(Order::Due(batch));
            }
        }
    }

    fn sleep_to_next_tick(&self, now_us: i64) {
        let next_us = (now_us / TICK_US + 1) * TICK_US;
        let left_us = next_us - self.now_us();
        if let Ok(left_us @ 1..) = u64::try_from(left_us) {
            std::thread::sleep(Duration::from_micros(left_us));
        }
    }
}

impl PacerOutcome {
    /// Nobody yet.
    pub fn of(plan: &DrillPlan) -> Self {
        Self {
            by_scenario: vec![ScenarioOutcome::default(); plan.joined.len()],
            ..Self::default()
        }
    }

    /// Counts shopper `number`, whose arrival is due.
    pub fn came(&mut self, number: u64) {
        self.offered += 1;
        if let Some(scenario) = self.scenario_of(number) {
            scenario.offered += 1;
        }
    }

    /// Counts shopper `number`, who is gone.
    pub fn left(&mut self, number: u64, leave: Leave) {
        if let Some(scenario) = self.scenario_of(number) {
            scenario.completed += u64::from(leave == Leave::Completed);
            scenario.dropped += u64::from(leave == Leave::Dropped);
        }
        let count = match leave {
            Leave::Completed => &mut self.completed,
            Leave::GaveUp => &mut self.gave_up,
            Leave::LostPatience => &mut self.lost_patience,
            Leave::Dropped => &mut self.dropped,
            Leave::Cut => &mut self.cut,
            Leave::Lost => &mut self.lost,
        };
        *count += 1;
    }

    fn scenario_of(&mut self, number: u64) -> Option<&mut ScenarioOutcome> {
        let scenario = usize::try_from(number / SCENARIO_NUMBERS).unwrap_or(usize::MAX);
        self.by_scenario.get_mut(scenario)
    }

    /// Adds what was counted at the same time.
    pub fn add(&mut self, other: &Self) {
        self.offered += other.offered;
        self.completed += other.completed;
        for (own, other) in self.by_scenario.iter_mut().zip(&other.by_scenario) {
            own.offered += other.offered;
            own.completed += other.completed;
            own.dropped += other.dropped;
        }
        self.gave_up += other.gave_up;
        self.lost_patience += other.lost_patience;
        self.withheld += other.withheld;
        self.dropped += other.dropped;
        self.cut += other.cut;
        self.lost += other.lost;
        self.is_stopped |= other.is_stopped;
    }
}

/// The first tick that is not before `due_us`.
fn on_tick(due_us: i64) -> i64 {
    (due_us + TICK_US - 1).div_euclid(TICK_US) * TICK_US
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a curve is at most 36,500 days long"
)]
fn seconds_as_us(seconds: f64) -> i64 {
    (seconds * 1e6) as i64
}
