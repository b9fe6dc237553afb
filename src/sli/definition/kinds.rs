//! The kinds of SLIs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::levels::{LatencyThreshold, LevelName, RateThreshold, ShareThreshold};
use super::objective::ObjectiveDefinition;
use crate::declared_files::DurationText;
use crate::status_pattern::StatusText;

/// One SLI.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
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
    /// Share of windows in which another SLI was within one of its levels.
    WindowsGood(WindowsGoodDefinition),
    /// Apdex: requests within a satisfying time, and half of those within a tolerable one.
    Apdex(ApdexDefinition),
    /// Windowed user-uptime: the share of the time shoppers used the shop in which it worked.
    UserUptime(UserUptimeDefinition),
    /// Share of the shoppers at the first step that came to the last.
    Funnel(FunnelDefinition),
    /// Several SLIs as one: a journey.
    Composite(CompositeDefinition),
}

/// Events per minute or second.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
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
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RatePeriod {
    /// Per minute.
    #[default]
    Minute,
    /// Per second.
    Second,
}

/// Share of the event's requests that were answered well.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RatioDefinition {
    /// Identifier.
    pub name: String,
    /// Name in the business's words.
    pub title: String,
    /// Name of the event whose requests are valid.
    pub event: String,
    /// Name of the event whose requests are good, of those that are valid; without it those whose
    /// status is not bad.
    #[serde(default)]
    pub good: Option<String>,
    /// Statuses that are bad; without it `5xx`, `429` and `none`.
    #[serde(default)]
    pub bad_status: Option<Vec<StatusText>>,
    /// The least share of good requests over the whole range.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub objective: Option<f64>,
    /// What must hold over days, weeks or months.
    #[serde(default)]
    pub objectives: Vec<ObjectiveDefinition>,
    /// Windows and ranges with fewer valid requests are not judged.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub min_count: Option<u64>,
    /// Levels that mean trouble.
    #[serde(default)]
    pub thresholds: Vec<ShareThreshold>,
}

/// A percentile of the response time.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
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

/// Share of the event's requests answered within a limit.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
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
    /// What must hold over days, weeks or months.
    #[serde(default)]
    pub objectives: Vec<ObjectiveDefinition>,
    /// Windows and ranges with fewer valid requests are not judged.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub min_count: Option<u64>,
    /// Levels that mean trouble.
    #[serde(default)]
    pub thresholds: Vec<ShareThreshold>,
}

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
}

/// Apdex, <https://www.apdex.org>: (satisfied + tolerating / 2) / all.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ApdexDefinition {
    /// Identifier.
    pub name: String,
    /// Name in the business's words.
    pub title: String,
    /// Name of the event whose requests count; those without a response time do not.
    pub event: String,
    /// The longest satisfying response time, itself included.
    pub satisfied: DurationText,
    /// The longest tolerable one; without it four times `satisfied`.
    #[serde(default)]
    pub tolerated: Option<DurationText>,
    /// Statuses that frustrate however fast; without it `5xx`, `429` and `none`.
    #[serde(default)]
    pub bad_status: Option<Vec<StatusText>>,
    /// The least Apdex over the whole range.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub objective: Option<f64>,
    /// Windows and ranges with fewer requests are not judged.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub min_count: Option<u64>,
    /// Levels that mean trouble.
    #[serde(default)]
    pub thresholds: Vec<ShareThreshold>,
}

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
