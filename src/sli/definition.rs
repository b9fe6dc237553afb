//! What an SLI set file says, before it is understood.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declared_files::DurationText;

/// A set of SLIs over one shop: routes, named events, and what is measured of them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SliSetDefinition {
    /// The name of the set.
    pub name: String,
    /// What it is for, in a sentence.
    #[serde(default)]
    pub description: Option<String>,
    /// Length of a window on production logs.
    #[serde(default)]
    pub window: Option<DurationText>,
    /// Length of a window on a rehearsal, which lasts minutes.
    #[serde(default)]
    pub rehearsal_window: Option<DurationText>,
    /// Path templates; a request gets the first that matches, else its path with ids folded.
    #[serde(default)]
    pub routes: Vec<String>,
    /// Which requests count as what, by name.
    pub events: BTreeMap<String, EventDefinition>,
    /// Events from the first page to the order, in the order in which a shopper meets them.
    #[serde(default)]
    pub funnel: Vec<String>,
    /// What is measured.
    pub slis: Vec<SliDefinition>,
}

/// A predicate over requests; what is left out matches everything.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventDefinition {
    /// What it is, in the business's words.
    #[serde(default)]
    pub title: Option<String>,
    /// HTTP method in capitals.
    #[serde(default)]
    pub method: Option<String>,
    /// Path template, as in `routes`.
    #[serde(default)]
    pub route: Option<String>,
    /// The service that answered.
    #[serde(default)]
    pub service: Option<String>,
    /// Statuses: `200`, `5xx`, or `none` for no answer.
    #[serde(default)]
    pub status: Vec<StatusText>,
}

/// A status, a class of statuses, or no answer: `404`, `5xx`, `none`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    title = "status",
    extend("pattern" = "^([1-5][0-9][0-9]|[1-5]xx|none)$"),
    extend("x-hint" = "write a status such as `429` in quotes, a class such as `5xx`, or `none` for no answer")
)]
pub struct StatusText(pub String);

/// One SLI.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SliDefinition {
    /// Events per minute or second.
    Rate(RateDefinition),
    /// Share of the event's requests that were answered well.
    Ratio(RatioDefinition),
    /// A percentile of the response time, for people.
    Latency(LatencyDefinition),
    /// Share of the event's requests answered within a limit, counted exactly.
    LatencyCut(LatencyCutDefinition),
}

/// Events per minute or second.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateDefinition {
    /// Identifier.
    pub name: String,
    /// Name in the business's words.
    pub title: String,
    /// Name of the event that is counted.
    pub event: String,
    /// Per what time the rate is given.
    #[serde(default)]
    pub per: RatePeriod,
    /// Levels that mean trouble.
    #[serde(default)]
    pub thresholds: Vec<RateThreshold>,
}

/// The time that a rate is given for.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RatePeriod {
    /// Per minute.
    #[default]
    Minute,
    /// Per second.
    Second,
}

/// A level of a rate: exactly one of `below` and `above`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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
    /// How long it must last to count.
    #[serde(rename = "for")]
    pub lasting: DurationText,
}

/// Share of the event's requests that were answered well.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatioDefinition {
    /// Identifier.
    pub name: String,
    /// Name in the business's words.
    pub title: String,
    /// Name of the event whose requests are valid.
    pub event: String,
    /// Statuses that are bad; without it `5xx`, `429` and `none`.
    #[serde(default)]
    pub bad_status: Option<Vec<StatusText>>,
    /// The least share of good requests over the whole range.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub objective: Option<f64>,
    /// Windows and ranges with fewer valid requests are not judged.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub min_count: Option<u64>,
    /// Levels that mean trouble.
    #[serde(default)]
    pub thresholds: Vec<ShareThreshold>,
}

/// A level of a share.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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
}

/// A percentile of the response time.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyDefinition {
    /// Identifier.
    pub name: String,
    /// Name in the business's words.
    pub title: String,
    /// Name of the event whose response times count.
    pub event: String,
    /// Which percentile, e.g. 95 or 99.9.
    #[schemars(range(min = 1, max = 99.999))]
    pub percentile: f64,
    /// The longest response time over the whole range at this percentile.
    #[serde(default)]
    pub objective: Option<DurationText>,
    /// Windows and ranges with fewer requests are not judged; without it as many as the
    /// percentile needs (59 for p95, 299 for p99).
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub min_count: Option<u64>,
    /// Levels that mean trouble.
    #[serde(default)]
    pub thresholds: Vec<LatencyThreshold>,
}

/// A level of a response time.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyThreshold {
    /// Which level.
    pub level: LevelName,
    /// Bad when the response time is above this.
    pub above: DurationText,
    /// How long it must last to count.
    #[serde(rename = "for")]
    pub lasting: DurationText,
}

/// Share of the event's requests answered within a limit.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyCutDefinition {
    /// Identifier.
    pub name: String,
    /// Name in the business's words.
    pub title: String,
    /// Name of the event whose requests are valid; those without a response time do not count.
    pub event: String,
    /// The longest good response time, itself included.
    pub limit: DurationText,
    /// The least share within the limit over the whole range.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub objective: Option<f64>,
    /// Windows and ranges with fewer valid requests are not judged.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub min_count: Option<u64>,
    /// Levels that mean trouble.
    #[serde(default)]
    pub thresholds: Vec<ShareThreshold>,
}

/// Levels that mean trouble, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LevelName {
    /// Somebody should look.
    Warn,
    /// The level at which customers call support.
    Contact,
}
