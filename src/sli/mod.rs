//! SLIs: from a declared definition and a rollup to values with states and intervals.
//!
//! In: an SLI set (`sli-defs/*.yaml`) and a [`Rollup`](crate::rollup::Rollup). Out: a
//! [`SliSeries`] per SLI: its value, its windows, and which thresholds were crossed when. The same
//! code judges production logs, rehearsals and probes. Reading order: [`SliSetDefinition`],
//! [`SliSetPlan`], [`evaluate`], [`SliSeries`].

mod crossing;
mod definition;
mod evaluate;
mod interval;
mod plan;
mod resolve;
mod series;
mod thresholds;

pub use crossing::LevelOutcome;
pub use definition::SliSetDefinition;
pub use evaluate::{EvaluateError, Scope, evaluate};
pub use plan::{
    BadSide, EventPlan, FunnelStepPlan, Level, LevelPlan, Measure, SliPlan, SliSetPlan, Unit,
};
pub use resolve::resolve;
pub use series::{SliSeries, SliState, SliWindow};
pub use thresholds::{ThresholdFileDefinition, apply_thresholds};
