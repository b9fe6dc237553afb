//! What a plan will ask of the target and of this machine, by arithmetic; nothing is sent.

use serde::Serialize;

use super::plan::DrillPlan;

/// Expected figures of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Forecast {
    /// Shoppers expected over the whole curve.
    pub arrivals: f64,
    /// Length of the curve, seconds.
    pub length_s: f64,
    /// Highest arrival rate, shoppers per second.
    pub peak_shoppers_per_s: f64,
    /// Requests expected over the whole run.
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

/// The forecast for `plan` if one response takes `assumed_response_s`.
///
/// J. D. C. Little, "A Proof for the Queuing Formula: L = λW", 1961.
#[must_use]
pub fn forecast(plan: &DrillPlan, assumed_response_s: f64) -> Forecast {
    let mut steps_mean = 0.0;
    let mut think_mean_s = 0.0;
    for kind in &plan.kinds {
        let journey = &plan.journeys[kind.journey];
        steps_mean += kind.share * small(journey.steps.len());
        let think_us = journey
            .steps
            .iter()
            .map(|step| step.think_us.0 + step.think_us.1);
        think_mean_s += kind.share * crate::time_window::seconds(think_us.sum::<i64>()) / 2.0;
    }
    let peak = plan.curve.peak_per_s();
    let arrivals = plan.curve.arrivals();
    let peak_requests_per_s = peak * steps_mean;
    Forecast {
        arrivals,
        length_s: plan.curve.length_s(),
        peak_shoppers_per_s: peak,
        requests: arrivals * steps_mean,
        peak_requests_per_s,
        peak_shoppers_at_once: peak * (think_mean_s + steps_mean * assumed_response_s),
        connections_at_peak: peak_requests_per_s * assumed_response_s,
        assumed_response_s,
    }
}

fn small(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
