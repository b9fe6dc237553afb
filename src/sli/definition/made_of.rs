//! SLIs that are made of other SLIs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::levels::{LevelName, ShareThreshold};
use super::objective::ObjectiveDefinition;
use super::own::OwnExclusionDefinition;
use crate::declared_files::DurationText;

/// Share of windows in which another SLI was within one of its levels. Windows without enough data
/// are neither good nor bad.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WindowsGoodDefinition {
    /// Identifier.
    pub name: String,
    /// Name in the business's words.
    pub title: String,
    /// Name of the SLI whose windows are looked at.
    pub of: String,
    /// The level beyond which a window is bad; without it `warn`.
    #[serde(default)]
    pub level: Option<LevelName>,
    /// The least share of good windows over the whole range.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub objective: Option<f64>,
    /// What must hold over days, weeks or months.
    #[serde(default)]
    pub objectives: Vec<ObjectiveDefinition>,
    /// Length of its windows on production logs, a whole multiple of those that it is made of; without
    /// it the longest of these.
    #[serde(default)]
    pub window: Option<DurationText>,
    /// Length of its windows on a rehearsal, a whole multiple of those that it is made of; without it
    /// the longest of these.
    #[serde(default)]
    pub rehearsal_window: Option<DurationText>,
    /// Zone of its days, weeks and months; without it that of the other SLI.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Maintenance of this SLI alone, besides that of the set.
    #[serde(default)]
    pub exclusions: Vec<OwnExclusionDefinition>,
}

/// Several SLIs as one: a journey.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CompositeDefinition {
    /// Identifier.
    pub name: String,
    /// Name in the business's words.
    pub title: String,
    /// Its parts: SLIs of this set whose values are shares.
    #[schemars(length(min = 1))]
    pub parts: Vec<CompositePart>,
    /// How they become one; without it the worst.
    #[serde(default)]
    pub combine: Combination,
    /// The least value over the whole range.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub objective: Option<f64>,
    /// Levels that mean trouble.
    #[serde(default)]
    pub thresholds: Vec<ShareThreshold>,
    /// Length of its windows on production logs, a whole multiple of those that it is made of; without
    /// it the longest of these.
    #[serde(default)]
    pub window: Option<DurationText>,
    /// Length of its windows on a rehearsal, a whole multiple of those that it is made of; without it
    /// the longest of these.
    #[serde(default)]
    pub rehearsal_window: Option<DurationText>,
}

/// One part of a composite.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CompositePart {
    /// Name of the SLI.
    pub sli: String,
    /// Its weight; without it 1.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1000))]
    pub weight: Option<f64>,
}

/// How the parts of a composite become one value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Combination {
    /// The worst part.
    #[default]
    Minimum,
    /// The weighted mean.
    Weighted,
}
