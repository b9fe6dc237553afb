//! Levels that mean trouble, who is told, and what they do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::declared_files::DurationText;

/// Levels that mean trouble, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelName {
    /// Somebody should look.
    Warn,
    /// The level at which customers call support.
    Contact,
}

/// A level of a rate: exactly one of `below`, `above`, `below_expected` and `above_expected`.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RateThreshold {
    /// Which level.
    pub level: LevelName,
    /// Bad when the rate is below this.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub below: Option<f64>,
    /// Bad when the rate is above this.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub above: Option<f64>,
    /// Bad when the rate is below this share of what is expected at that time.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub below_expected: Option<f64>,
    /// Bad when the rate is above this many times what is expected at that time.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub above_expected: Option<f64>,
    /// How long it must last to count.
    #[serde(rename = "for")]
    pub lasting: DurationText,
    /// Who is told, e.g. `on-call`, `support desk`, `executives`.
    #[serde(default)]
    pub tell: Vec<String>,
    /// What they do.
    #[serde(default)]
    pub react: Option<String>,
}

/// A level of a share, or of an Apdex.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ShareThreshold {
    /// Which level.
    pub level: LevelName,
    /// Bad when the share is below this.
    #[schemars(range(min = 0, max = 1))]
    pub below: f64,
    /// How long it must last to count.
    #[serde(rename = "for")]
    pub lasting: DurationText,
    /// Who is told, e.g. `on-call`, `support desk`, `executives`.
    #[serde(default)]
    pub tell: Vec<String>,
    /// What they do.
    #[serde(default)]
    pub react: Option<String>,
}

/// A level of a response time.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LatencyThreshold {
    /// Which level.
    pub level: LevelName,
    /// Bad when the response time is above this.
    pub above: DurationText,
    /// How long it must last to count.
    #[serde(rename = "for")]
    pub lasting: DurationText,
    /// Who is told, e.g. `on-call`, `support desk`, `executives`.
    #[serde(default)]
    pub tell: Vec<String>,
    /// What they do.
    #[serde(default)]
    pub react: Option<String>,
}
