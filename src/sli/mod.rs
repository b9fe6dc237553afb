//! SLIs: from a declared definition and a rollup to values with states and intervals.
//!
//! In: an SLI set (`sli-defs/*.yaml`), a [`Rollup`](crate::rollup::Rollup), and what no rollup can
//! know ([`Outside`]). Out: a [`SliSeries`] per SLI: its value, its windows, and which thresholds
//! were crossed when. The same code judges production logs, rehearsals and probes. Reading order:
//! [`SliSetDefinition`], [`SliSetPlan`], [`evaluate`], [`SliSeries`].

pub mod definition;

mod plan;

mod resolve;

mod thresholds;

pub mod exclusion;

pub mod expected;

mod series;

pub mod difference;

mod distribution;
mod memo;

pub mod interval;

mod crossing;

mod watch;

mod evaluate;

pub mod objective;

pub use crossing::{Evidence, LevelOutcome, crossings};
pub use definition::{Combination, FunnelUnit, SliSetDefinition};
pub use evaluate::{
    Alignment, EvaluateError, MeantCounts, Outside, OutsideValue, Scope, evaluate, evaluate_some,
    settle_journeys,
};
pub use plan::{
    BadSide, BurnRule, EventPlan, ExclusionPlan, ExpectedPlan, FunnelStepPlan, GoodPlan,
    HolidayPlan, HolidayTraffic, Level, LevelPlan, LimitPlan, Measure, NamedPeriod, ObjectivePlan,
    Over, SliPlan, SliSetPlan, TextPattern, Unit,
};
pub use resolve::{default_rules, over_of, resolve};
pub use series::{
    PartValue, SliDetail, SliSeries, SliState, SliWindow, StepCount, UptimePoint, WindowState,
};
pub use thresholds::{ThresholdDefinition, ThresholdFileDefinition, apply_thresholds};
pub use watch::{WatchOutcome, WatchPlan, WatchState, WatchValues, watch};
