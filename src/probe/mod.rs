//! Probes of partners, and whether they keep their service level agreements (SLAs).
//!
//! In: a file of partners (`partners:`), and the [`Attempt`]s that were made, whoever made them. Out: when
//! the next probe is due, and per objective: the share with n and interval, whether it is met, missed or
//! not known, and how long the partner was down. It sends nothing, and never looks at a clock. Time in
//! which no probe ran is not measured, neither up nor down. Reading order: [`ProbeFileDefinition`],
//! [`resolve()`], [`ProbePlan`], [`due_us`], [`Attempt`], [`own_network`], [`judge`].

mod definition;
mod plan;
mod resolve;
mod schedule;

mod attempt;
mod downtime;
mod own_network;
mod spans;
mod times;
mod totals;

mod sla;

#[cfg(test)]
mod tests;

pub use attempt::{Attempt, FailureKind};
pub use definition::ProbeFileDefinition;
pub use downtime::{Incident, IncidentEnd};
pub use own_network::{NetworkWatch, Reach, own_network};
pub use plan::{
    AvailabilityBasis, AvailabilityPlan, LatencyAim, LatencyPlan, PartnerPlan, ProbePlan,
    ProbedPlan, SlaPlan,
};
pub use resolve::resolve;
pub use schedule::{due_us, next_number};
pub use sla::{
    Evidence, ObjectiveOutcome, PartnerOutcome, Promise, WindowOutcome, first_needed_us, judge,
    probes_to_prove,
};
pub use totals::Totals;
