//! The expected peak against the proven maximum.
//!
//! In: a plan. Out: [`Forecast`]. The lower bound of the maximum is what is counted on: it is the highest
//! rate at which every goal was seen to hold.

use serde::{Deserialize, Serialize};

use super::demand::{Demand, DemandPlan};
use super::instances::{InstancesNeeded, InstancesPlan};
use super::relief::{ChannelOff, ChannelShare, Shedding, SheddingPlan, channels_off, smallest_set};

/// The proven maximum, per minute.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Maximum {
    /// The highest rate at which every goal was seen to hold.
    pub lower: f64,
    /// The lowest rate at which one was seen not to; `None` where none was found.
    pub upper: Option<f64>,
}

/// What is compared with what.
#[derive(Debug, Clone, PartialEq)]
pub struct ForecastPlan {
    /// What is expected.
    pub demand: DemandPlan,
    /// What is proven.
    pub maximum: Maximum,
    /// The instances that were measured; `None` where nobody said how many.
    pub instances: Option<InstancesPlan>,
    /// What brought the orders, largest share first; empty where nobody knows.
    pub channels: Vec<ChannelShare>,
    /// What is known of shedding.
    pub shedding: SheddingPlan,
}

/// Whether the peak fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// Even the highest expected peak is at most the lower bound.
    Fits,
    /// It depends on the campaign, or lies between the bounds.
    Uncertain,
    /// Even the lowest expected peak is past the upper bound, or past the only one there is.
    DoesNotFit,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Forecast {
    /// Whether the peak fits.
    pub fit: Fit,
    /// Least, middle, most.
    pub demand: [Demand; 3],
    /// What is counted on.
    pub maximum: Maximum,
    /// What is left of the lower bound at the least and at the most that is expected, as a share of what
    /// is expected: −0.1 is a tenth too little.
    pub headroom: [f64; 2],
    /// Instances for least, middle, most.
    pub instances: Option<[InstancesNeeded; 3]>,
    /// Each channel, as if it alone were turned off at the highest expected peak.
    pub channels: Vec<ChannelOff>,
    /// The fewest channels that together bring the highest expected peak under the lower bound; empty
    /// where none must go, or all of them would not do.
    pub channels_to_turn_off: Vec<String>,
    /// The price of shedding what is beyond the lower bound, for least, middle, most.
    pub shedding: [Shedding; 3],
}

/// Compares.
///
/// The plan's rates must be above 0, its campaign ascending.
#[must_use]
pub fn forecast(plan: &ForecastPlan) -> Forecast {
    let limit = plan.maximum.lower;
    let demand = plan
        .demand
        .factors()
        .map(|factor| plan.demand.at(factor, limit));
    let [least, _, most] = [0, 1, 2].map(|at: usize| demand[at].peak_per_min);
    let past = plan.maximum.upper.unwrap_or(limit);
    let fit = match (most <= limit, least > past) {
        (true, _) => Fit::Fits,
        (false, true) => Fit::DoesNotFit,
        (false, false) => Fit::Uncertain,
    };
    let instances = plan.instances.as_ref();
    let shedding = [0, 1, 2].map(|at: usize| plan.shedding.price(demand[at].passes));
    Forecast {
        fit,
        maximum: plan.maximum,
        headroom: [least, most].map(|peak| limit / peak - 1.0),
        instances: instances.map(|instances| {
            [0, 1, 2].map(|at: usize| instances.needed(demand[at].peak_per_min, limit))
        }),
        channels: channels_off(&plan.channels, [least, most], limit),
        channels_to_turn_off: smallest_set(&plan.channels, most, limit),
        shedding,
        demand,
    }
}
