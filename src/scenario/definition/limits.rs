//! Limits of the load generator.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declared_files::DurationText;

/// Limits of the load generator, and what makes a run invalid.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsDefinition {
    /// Requests that may be under way at once; a request past it is dropped and counted.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub in_flight: Option<u32>,
    /// The highest arrival rate that this scenario may ever ask for, shoppers per second.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub shoppers_per_s: Option<f64>,
    /// How long one answer may take to its last byte.
    #[serde(default)]
    pub step_timeout: Option<DurationText>,
    /// Steps after which a shopper goes, however its journey loops; without it 1,000.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub steps: Option<u32>,
    /// How long shoppers who arrived may go on after the end of the curve.
    #[serde(default)]
    pub drain: Option<DurationText>,
    /// The run is invalid when requests leave later than this after their due time (99th
    /// percentile).
    #[serde(default)]
    pub schedule_lag_p99: Option<DurationText>,
    /// The run is invalid when more than this share of shoppers was dropped or records were lost.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub dropped_share: Option<f64>,
}
