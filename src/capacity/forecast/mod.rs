//! Headroom: the expected peak against the proven maximum.
//!
//! In: the last peak or a curve of a day, growth, a campaign, the maximum with its bounds, instances,
//! shares of channels. Out: [`Forecast`]: whether it fits, when it does not, and what can be done: instances,
//! a channel turned off, shedding and its price. Rates are per minute. It is arithmetic: it knows no
//! lake and no clock, and every assumption is named in what it returns.

mod demand;
mod headroom;
mod instances;
mod relief;

pub use demand::{CurvePoint, Demand, DemandPlan, Passing};
pub use headroom::{Fit, Forecast, ForecastPlan, Maximum, forecast};
pub use instances::{InstancesNeeded, InstancesPlan};
pub use relief::{ChannelOff, ChannelShare, Shedding, SheddingPlan};

#[cfg(test)]
mod tests;
