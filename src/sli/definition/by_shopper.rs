//! SLIs that follow shoppers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::own::{OwnCountingDefinition, OwnExclusionDefinition};
use crate::declared_files::DurationText;
use crate::status_pattern::StatusText;

/// Windowed user-uptime: T. Hauer et al., "Meaningful Availability", NSDI 2020.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct UserUptimeDefinition {
    /// Identifier.
    pub name: String,
    /// Name in the business's words.
    pub title: String,
    /// Name of the event whose requests tell whether the shop worked.
    pub event: String,
    /// Statuses that mean that it did not; without it `5xx`, `429` and `none`.
    #[serde(default)]
    pub bad_status: Option<Vec<StatusText>>,
    /// A shopper who made no request for longer was not there; without it 30 minutes.
    #[serde(default)]
    pub cutoff: Option<DurationText>,
    /// The least user-uptime over the whole range.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub objective: Option<f64>,
    /// Ranges with fewer shoppers are not judged.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub min_count: Option<u64>,
    /// Length of its windows on production logs, a whole multiple of the set's or a whole
    /// part; without it the set's.
    #[serde(default)]
    pub window: Option<DurationText>,
    /// Length of its windows on a rehearsal, a whole multiple of the set's or a whole
    /// part; without it the set's.
    #[serde(default)]
    pub rehearsal_window: Option<DurationText>,
    /// Zone of its days, weeks and months; without it the set's.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// How long its rows may be late; without it as long as the set says.
    #[serde(default)]
    pub lateness: Option<DurationText>,
    /// What counts as a request of it; what is left out is as the set says.
    #[serde(default)]
    pub counting: OwnCountingDefinition,
    /// Maintenance of this SLI alone, besides that of the set.
    #[serde(default)]
    pub exclusions: Vec<OwnExclusionDefinition>,
}

/// Share of those at the first step that came to the last, in the order of the steps.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FunnelDefinition {
    /// Identifier.
    pub name: String,
    /// Name in the business's words.
    pub title: String,
    /// Names of at least two events, first to last.
    #[schemars(length(min = 2))]
    pub steps: Vec<String>,
    /// What is counted; without it shoppers.
    #[serde(default)]
    pub count: FunnelUnit,
    /// The least share that comes to the last step over the whole range.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub objective: Option<f64>,
    /// Ranges with fewer at the first step are not judged.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub min_count: Option<u64>,
    /// Length of its windows on production logs, a whole multiple of the set's or a whole
    /// part; without it the set's.
    #[serde(default)]
    pub window: Option<DurationText>,
    /// Length of its windows on a rehearsal, a whole multiple of the set's or a whole
    /// part; without it the set's.
    #[serde(default)]
    pub rehearsal_window: Option<DurationText>,
    /// Zone of its days, weeks and months; without it the set's.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// How long its rows may be late; without it as long as the set says.
    #[serde(default)]
    pub lateness: Option<DurationText>,
    /// What counts as a request of it; what is left out is as the set says.
    #[serde(default)]
    pub counting: OwnCountingDefinition,
    /// Maintenance of this SLI alone, besides that of the set.
    #[serde(default)]
    pub exclusions: Vec<OwnExclusionDefinition>,
}

/// What a funnel counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FunnelUnit {
    /// Different shoppers, each once per day.
    #[default]
    Shoppers,
    /// Requests.
    Requests,
}
