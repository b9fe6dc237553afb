//! What a scenario file says, before it is understood; one file per part of it.

mod capacity;
mod criteria;
mod data;
mod drills;
mod limits;
mod shoppers;
mod steps;
mod target;
mod thresholds;
mod traffic;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub use capacity::{CapacityDefinition, GoalDefinition, GoalLevelName};
pub use criteria::{CriterionDefinition, CriterionLevel};
pub use data::{DataDefinition, PickName};
pub use drills::{
    DrillEntryDefinition, ExecHookDefinition, ExpectDefinition, HookMethodName, HttpHookDefinition,
    UndoDefinition,
};
pub use limits::LimitsDefinition;
pub use shoppers::{
    ChannelDefinition, PatienceDefinition, ReloadDefinition, RetryAfterName, RetryDefinition,
    ShopperDefinition, StretchDefinition,
};
pub use steps::{
    AuthDefinition, CheckDefinition, GraphqlDefinition, MultipartDefinition, OnFailureName,
    RedirectsName, StepDefinition, TakeDefinition, ThinkDefinition,
};
pub use target::{
    ConnectionsName, HttpDefinition, HttpVersionText, ProxyDefinition, TargetDefinition,
    TlsDefinition,
};
pub use thresholds::{LimitText, ThresholdDefinition};
pub use traffic::{
    ArrivalSpacing, ClosedDefinition, CurveFileDefinition, LearnedDefinition, PhaseDefinition,
    TrafficDefinition,
};

/// A surge: who arrives when, what they do, and against what.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioDefinition {
    /// The name of the scenario.
    pub name: String,
    /// What it rehearses, in a sentence.
    #[serde(default)]
    pub description: Option<String>,
    /// What is expected to happen, in a sentence, written before the run.
    #[serde(default)]
    pub hypothesis: Option<String>,
    /// When the rehearsal has passed. Without it: no contact level is crossed, and the run is valid.
    #[serde(default)]
    pub pass: Option<Vec<CriterionDefinition>>,
    /// Seed of everything random: arrivals, journeys, think times. The same seed, the same surge.
    #[serde(default)]
    pub seed: u64,
    /// What is driven.
    pub target: TargetDefinition,
    /// How shoppers arrive.
    pub traffic: TrafficDefinition,
    /// What sends the shoppers; without it nothing is said about that.
    #[serde(default)]
    pub channels: Vec<ChannelDefinition>,
    /// Kinds of shoppers.
    pub shoppers: Vec<ShopperDefinition>,
    /// Journeys by name: steps in their order.
    pub journeys: BTreeMap<String, Vec<StepDefinition>>,
    /// What must hold while the run goes on, beside the levels of the SLI set, and what stops it.
    #[serde(default)]
    pub thresholds: Vec<ThresholdDefinition>,
    /// Data that steps use as `{name.column}`, or `{name}` of a sequence.
    #[serde(default)]
    pub data: BTreeMap<String, DataDefinition>,
    /// `{product}` is a number from 1 to this, drawn once per shopper; a step with `{next_product}` draws
    /// another one, which is `{product}` from then on.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub products: Option<u32>,
    /// How much more wanted popular products are: the exponent of Zipf's law, by which product `k` is
    /// drawn in proportion to `1 / k^skew`. Without it all alike; 1 is usual for shops.
    #[serde(default)]
    #[schemars(range(min = 0, max = 5))]
    pub product_skew: Option<f64>,
    /// What is done to the target and asked of people, at which moment of the run.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub drills: Vec<DrillEntryDefinition>,
    /// Whether `drills` may run commands on the machine that rehearses; the user must agree as well,
    /// with `--allow-exec`.
    #[serde(default)]
    pub exec_allowed: bool,
    /// What a capacity search of this scenario is for.
    #[serde(default)]
    pub capacity: CapacityDefinition,
    /// Limits of the load generator, and what makes a run invalid.
    #[serde(default)]
    pub limits: LimitsDefinition,
}
