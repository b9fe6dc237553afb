//! Load scenarios: who arrives when, and what they do.
//!
//! In: a scenario file (`load-scenarios/*.yaml`). Out: a [`DrillPlan`], whose arrivals are a pure
//! function of curve and seed: no clock inside. Reading order: [`ScenarioDefinition`],
//! [`DrillPlan`], [`TrafficCurve`], [`Arrivals`].

mod arrivals;
mod curve;
mod definition;
mod forecast;
mod path_template;
mod plan;

pub use arrivals::{Arrival, Arrivals};
pub use curve::TrafficCurve;
pub use definition::{ArrivalSpacing, ScenarioDefinition};
pub use forecast::{Forecast, forecast};
pub use path_template::{PathTemplate, ShopperVariables};
pub use plan::{
    DrillLimits, DrillPlan, EmbeddedShop, JourneyPlan, ShopperKind, StepPlan, TargetPlan,
    is_loopback, resolve,
};
