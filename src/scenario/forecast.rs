//! What a plan will ask of the target and of this machine, by arithmetic; nothing is sent.

use rand::SeedableRng;
use rand_pcg::Pcg32;
use serde::Serialize;

use super::duration_draw::DurationDraw;
use super::plan::{DrillPlan, StepPlan};
use super::walk::Walk;

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
    /// The response time that was assumed, seconds.
    pub assumed_response_s: f64,
}

/// The forecast for `plan`, or for its shard, if one response takes `assumed_response_s`.
///
/// J. D. C. Little, "A Proof for the Queuing Formula: L = λW", 1961.
#[must_use]
pub fn forecast(plan: &DrillPlan, assumed_response_s: f64) -> Forecast {
    let (mut steps_mean, mut requests_mean, mut think_mean_s) = (0.0, 0.0, 0.0);
    for kind in &plan.kinds {
        let visit = mean_visit(plan, kind.journey);
        steps_mean += kind.share * visit.steps;
        requests_mean += kind.share * visit.requests;
        think_mean_s += kind.share * visit.think_s;
    }
    let length_s = plan.traffic.curve.length_s();
    let visit_s = think_mean_s + steps_mean * assumed_response_s;
    // In a closed model, whoever leaves comes again at once.
    let closed = plan.traffic.closed.map(|closed| small(closed.shoppers));
    let peak = match closed {
        Some(shoppers) if visit_s > 0.0 => shoppers / visit_s,
        Some(_) => 0.0,
        None => plan.traffic.curve.peak_per_s() * plan.shard.fraction(),
    };
    let arrivals = plan.traffic.curve.arrivals() * plan.shard.fraction();
    let arrivals = closed.map_or(arrivals, |_| peak * length_s);
    let peak_requests_per_s = peak * requests_mean;
    Forecast {
        arrivals: closed.unwrap_or(arrivals),
        length_s,
        peak_shoppers_per_s: peak,
        requests: arrivals * requests_mean,
        peak_requests_per_s,
        peak_shoppers_at_once: peak * visit_s,
        connections_at_peak: peak_requests_per_s * assumed_response_s,
        assumed_response_s,
    }
}

/// What one shopper does on average.
#[derive(Default)]
struct Visit {
    steps: f64,
    requests: f64,
    think_s: f64,
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
