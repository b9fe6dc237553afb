//! When a rehearsal has passed.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declared_files::DurationText;

/// One condition of a passed rehearsal: exactly one of `run`, `not_crossed`, `recovers_within`, and `sli`
/// with `at_most` or `at_least`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CriterionDefinition {
    /// `valid`: the load generator kept its schedule.
    #[serde(default)]
    pub run: Option<ValidName>,
    /// No SLI crosses this level for as long as it must last; with `sli` only this one.
    #[serde(default)]
    pub not_crossed: Option<CriterionLevel>,
    /// Name of an SLI of the set by which the run is judged.
    #[serde(default)]
    pub sli: Option<String>,
    /// The longest that this response time may be.
    #[serde(default)]
    pub at_most: Option<DurationText>,
    /// The least that this share (0 to 1) or rate (in the SLI's unit) may be.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub at_least: Option<f64>,
    /// Only while this lasts: a phase, a label of the curve (up to the next one), or `peak` (from the first
    /// to the last moment with at least 90 % of the highest arrival rate).
    #[serde(default)]
    pub during: Option<String>,
    /// At the latest so long after `after`, SLIs are within the level again, and stay there.
    #[serde(default)]
    pub recovers_within: Option<DurationText>,
    /// From when on `recovers_within` counts: the end of a phase or of the `peak`, or a label of the curve.
    #[serde(default)]
    pub after: Option<String>,
    /// The level of `recovers_within`; without it `contact`.
    #[serde(default)]
    pub level: Option<CriterionLevel>,
}

/// The one thing that a run must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValidName {
    /// The load generator kept its schedule.
    Valid,
}

/// A level of an SLI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CriterionLevel {
    /// Somebody should look.
    Warn,
    /// Customers call support.
    Contact,
}
