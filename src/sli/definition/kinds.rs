//! The kinds of SLIs, and those that count requests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::by_shopper::{FunnelDefinition, UserUptimeDefinition};
use super::levels::{LatencyThreshold, RateThreshold, ShareThreshold};
use super::made_of::{CompositeDefinition, WindowsGoodDefinition};
use super::objective::ObjectiveDefinition;
use super::own::{OwnCountingDefinition, OwnExclusionDefinition};
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
