//! What a capacity search of the scenario is for.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declared_files::DurationText;

/// Goals and rates of `firedrill capacity`; what is missing there is as usual, and what the command line
/// says comes first.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CapacityDefinition {
    /// The goals; without any `comfortable`, `contacts` and `no_collapse`.
    #[serde(default)]
    #[schemars(length(max = 8))]
    pub goals: Vec<GoalDefinition>,
    /// The lowest rate that is tried, shoppers per second.
    #[serde(default)]
    #[schemars(range(min = 0.000_001, max = 1_000_000))]
    pub min: Option<f64>,
    /// The rate that is tried first, shoppers per second.
    #[serde(default)]
    #[schemars(range(min = 0.000_001, max = 1_000_000))]
    pub start: Option<f64>,
    /// The highest rate that is tried, shoppers per second.
    #[serde(default)]
    #[schemars(range(min = 0.000_001, max = 1_000_000))]
    pub max: Option<f64>,
}

/// One goal, by the rules of RFC 9971.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalDefinition {
    /// Its name: `comfortable`, `contacts`, `no_collapse`, or one of your own with a `level`.
    pub name: String,
    /// By what it judges journeys.
    #[serde(default)]
    pub level: Option<GoalLevelName>,
    /// Share of journeys that may be not good.
    #[serde(default)]
    #[schemars(range(min = 0, max = 0.999))]
    pub loss: Option<f64>,
    /// Share of the trial time that may have a higher loss.
    #[serde(default)]
    #[schemars(range(min = 0, max = 0.999))]
    pub exceed: Option<f64>,
    /// How near the bounds must be: `(upper − lower) / upper`.
    #[serde(default)]
    #[schemars(range(min = 0.005, max = 0.5))]
    pub width: Option<f64>,
    /// Length of a full trial.
    #[serde(default)]
    pub trial: Option<DurationText>,
    /// So much of full trials at one rate decides it.
    #[serde(default)]
    pub sum: Option<DurationText>,
    /// Length of the shortest trial.
    #[serde(default)]
    pub initial: Option<DurationText>,
}

/// By what a goal judges journeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GoalLevelName {
    /// The warn levels of the SLI set, and its objectives.
    Warn,
    /// The contact levels: those at which customers call support.
    Contact,
    /// Whether requests are answered at all.
    Answered,
}
