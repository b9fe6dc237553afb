//! What a plan will ask of the target and of this machine, by arithmetic; nothing is sent.

use rand::SeedableRng;
use rand_pcg::Pcg32;
use serde::Serialize;

use super::duration_draw::DurationDraw;
use super::plan::{DrillPlan, StepPlan};
use super::walk::Walk;
use crate::time_window::seconds;

/// Walks per kind of shopper from which the mean is taken where journeys branch.
const WALKS: u32 = 2_000;

/// Expected figures of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Forecast {
    /// Shoppers expected over the whole curve; in a closed model, shoppers at once.
    pub arrivals: f64,
    /// Length of the curve, seconds.
    pub length_s: f64,
    /// Highest arrival rate, shoppers per second.
    pub peak_shoppers_per_s: f64,
    /// Requests expected over the whole run, without retries, redirects and assets of pages.
    pub requests: f64,
    /// Requests per second when the arrival rate has been at its peak for a whole journey.
    pub peak_requests_per_s: f64,
    /// Shoppers in a session at once at the peak, by Little's law: rate × time in the shop.
    pub peak_shoppers_at_once: f64,
    /// Requests under way at once at the peak, by Little's law, if one takes `assumed_response_s`.
    pub connections_at_peak: f64,
    /// Of the shoppers per second at the peak, those who come again in a closed model.
    pub peak_returning_per_s: f64,
    /// The response time that was assumed, seconds.
    pub assumed_response_s: f64,
}

/// The forecast for `plan`, or for its shard, if one response takes `assumed_response_s`.
///
/// J. D. C. Little, "A Proof for the Queuing Formula: L = λW", 1961.
#[must_use]
pub fn forecast(plan: &DrillPlan, assumed_response_s: f64) -> Forecast {
    let curve = &plan.traffic.curve;
    let mut forecast = Forecast {
        arrivals: 0.0,
        length_s: curve.length_s(),
        peak_shoppers_per_s: 0.0,
        peak_returning_per_s: 0.0,
        requests: 0.0,
        peak_requests_per_s: 0.0,
        peak_shoppers_at_once: 0.0,
        connections_at_peak: 0.0,
        assumed_response_s,
    };
    if plan.has_arrivals() {
        let kinds = plan.kinds.iter().map(|kind| (kind.share, kind.journey));
        let arrivals = curve.arrivals() * plan.shard.fraction();
        forecast.arrivals += arrivals;
        forecast.add(
            &Visit::mean(plan, kinds),
            arrivals,
            curve.peak_per_s() * plan.shard.fraction(),
        );
    }
    for (first, closed) in plan.closed_models() {
        let visit = Visit::mean(plan, plan.shares_of_kinds(first).into_iter());
        let visit_s = visit.seconds(assumed_response_s);
        // Whoever leaves comes again at once.
        let per_s = match visit_s > 0.0 {
            true => small(closed.shoppers) / visit_s,
            false => 0.0,
        };
        forecast.arrivals += small(closed.shoppers);
        forecast.peak_returning_per_s += per_s;
        forecast.add(&visit, per_s * seconds(closed.length_us), per_s);
    }
    forecast
}

impl Forecast {
    /// Adds so many visits, and so many per second at the peak.
    fn add(&mut self, visit: &Visit, visits: f64, peak_per_s: f64) {
        let peak_requests_per_s = peak_per_s * visit.requests;
        self.requests += visits * visit.requests;
        self.peak_shoppers_per_s += peak_per_s;
        self.peak_requests_per_s += peak_requests_per_s;
        self.peak_shoppers_at_once += peak_per_s * visit.seconds(self.assumed_response_s);
        self.connections_at_peak += peak_requests_per_s * self.assumed_response_s;
    }
}

/// What one shopper does on average.
#[derive(Default)]
struct Visit {
    steps: f64,
    requests: f64,
    think_s: f64,
}

impl Visit {
    /// The mean of kinds, by share and journey.
    fn mean(plan: &DrillPlan, kinds: impl Iterator<Item = (f64, usize)>) -> Self {
        let mut mean = Self::default();
        for (share, journey) in kinds {
            let visit = mean_visit(plan, journey);
            mean.steps += share * visit.steps;
            mean.requests += share * visit.requests;
            mean.think_s += share * visit.think_s;
        }
        mean
    }

    fn seconds(&self, response_s: f64) -> f64 {
        self.think_s + self.steps * response_s
    }
}

/// Requests that `plan`, or its shard, asks for in the first `until_s` seconds, if answers take no time; as
/// many as [`Forecast::requests`] once everybody has gone. Thinking is as long as its mean.
#[must_use]
pub fn requests_before(plan: &DrillPlan, until_s: f64) -> f64 {
    let curve = &plan.traffic.curve;
    let kinds = plan.kinds.iter().map(|kind| {
        let mut requests = 0.0;
        let walks = each_step(plan, kind.journey, |step, since_s| {
            requests += requests_of(step) * curve.arrivals_before(until_s - since_s);
        });
        kind.share * requests / walks
    });
    kinds.sum::<f64>() * plan.shard.fraction()
}

fn mean_visit(plan: &DrillPlan, journey: usize) -> Visit {
    let mut visit = Visit::default();
    let walks = each_step(plan, journey, |step, _| {
        visit.steps += 1.0;
        visit.requests += requests_of(step);
        visit.think_s += mean_s(&step.think);
    });
    Visit {
        steps: visit.steps / walks,
        requests: visit.requests / walks,
        think_s: visit.think_s / walks,
    }
}

/// Looks at each step of so many walks, and the seconds of thinking up to it; returns how many walks it were.
fn each_step(plan: &DrillPlan, journey: usize, mut look: impl FnMut(&StepPlan, f64)) -> f64 {
    let steps = &plan.journeys[journey].steps;
    let is_straight = steps.iter().all(|step| {
        step.chance.is_none() && step.next.is_empty() && step.repeat.0 == step.repeat.1
    });
    let walks = if is_straight { 1 } else { WALKS };
    let mut random = Pcg32::seed_from_u64(plan.seed);
    for _ in 0..walks {
        let mut walk = Walk::begin(plan, journey, &mut random);
        let mut since_s = 0.0;
        while let Some(here) = walk {
            let step = &steps[usize::from(here.step)];
            since_s += mean_s(&step.think);
            look(step, since_s);
            walk = here.next(plan, &mut random);
        }
    }
    f64::from(walks)
}

fn requests_of(step: &StepPlan) -> f64 {
    1.0 + small(step.assets.len())
}

fn mean_s(think: &DurationDraw) -> f64 {
    think.mean_us() / 1e6
}

fn small(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
