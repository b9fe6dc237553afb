//! What a probe file says, before it is understood.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declared_files::DurationText;
use crate::scenario::{AuthDefinition, HttpDefinition, StepDefinition};
use crate::sli::definition::OwnExclusionDefinition;

/// Partners that are probed, and what they promised.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbeFileDefinition {
    /// The name of the file's probes in the lake: letters, digits, `-` and `_`.
    #[schemars(
        extend("pattern" = "^[A-Za-z0-9_-]{1,80}$"),
        extend("x-hint" = "write up to 80 letters, digits, `-` and `_`")
    )]
    pub name: String,
    /// What it is for, in a sentence.
    #[serde(default)]
    pub description: Option<String>,
    /// Zone of days, weeks and months, and of times that name none; without it UTC.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Seed of the jitter.
    #[serde(default)]
    pub seed: u64,
    /// Who is probed.
    #[schemars(length(min = 1, max = 100))]
    pub partners: Vec<PartnerDefinition>,
    /// What tells a loss of our own network from a partner's failure: hosts that do not depend on any
    /// partner. Any answer of theirs proves that our network works.
    #[serde(default)]
    #[schemars(length(max = 10))]
    pub references: Vec<ReferenceDefinition>,
    /// Maintenance that holds for all partners.
    #[serde(default)]
    pub exclusions: Vec<OwnExclusionDefinition>,
}

/// A partner: where it is, what is asked of it how often, and what it promised.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerDefinition {
    /// Its name, the service of its probes in the lake.
    pub name: String,
    /// Where it is, e.g. `https://api.payments.example`.
    pub base_url: String,
    /// Hosts that may be probed besides this machine itself.
    #[serde(default)]
    pub hosts_allowed: Vec<String>,
    /// Headers of every request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How every request says who it is; secrets as `${env:NAME}`.
    #[serde(default)]
    pub auth: Option<AuthDefinition>,
    /// How requests travel.
    #[serde(default)]
    pub http: Option<HttpDefinition>,
    /// From the beginning of a probe to that of the next, at least `100ms`; without it `1m`.
    #[serde(default)]
    pub every: Option<DurationText>,
    /// How much later than that a probe may come, by chance, so that probers do not march in step;
    /// without it a tenth of `every`.
    #[serde(default)]
    pub jitter: Option<DurationText>,
    /// How long one answer may take to its last byte; without it `10s`.
    #[serde(default)]
    pub timeout: Option<DurationText>,
    /// What a probe does: requests one after the other, each of which must have the answer that it wants;
    /// without it `get: /`.
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub steps: Vec<StepDefinition>,
    /// What the partner promised; without it the partner is measured, and not judged.
    #[serde(default)]
    pub sla: Option<SlaDefinition>,
}

/// A host that tells a loss of our own network from a partner's failure.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceDefinition {
    /// Its name, the service of its probes in the lake.
    pub name: String,
    /// Where it is.
    pub base_url: String,
    /// Hosts that may be probed besides this machine itself.
    #[serde(default)]
    pub hosts_allowed: Vec<String>,
    /// How requests travel.
    #[serde(default)]
    pub http: Option<HttpDefinition>,
    /// From the beginning of a probe to that of the next; without it `1m`. It is probed besides whenever a
    /// partner could not be reached.
    #[serde(default)]
    pub every: Option<DurationText>,
    /// How long its answer may take; without it `10s`.
    #[serde(default)]
    pub timeout: Option<DurationText>,
    /// What is asked of it; without it `get: /`.
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub steps: Vec<StepDefinition>,
}

/// What a partner promised.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlaDefinition {
    /// Where that is written, for the summary: `contract of 2026-01-01, section 4`.
    #[serde(default)]
    pub contract: Option<String>,
    /// How available it is.
    #[serde(default)]
    pub availability: Option<AvailabilityDefinition>,
    /// How fast its answers are.
    #[serde(default)]
    pub latency: Vec<LatencyDefinition>,
    /// It is down from so many failed probes in a row on, back to the first of them; without it 2.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1000))]
    pub down_after: Option<u32>,
    /// Least share of the time that must have been measured for an objective to be called met; without
    /// it 0.9.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub measured: Option<f64>,
    /// Time that the contract leaves out: announced maintenance.
    #[serde(default)]
    pub exclusions: Vec<OwnExclusionDefinition>,
}

/// How available a partner promised to be.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AvailabilityDefinition {
    /// The least share, e.g. 0.999.
    #[schemars(range(min = 0.01, max = 0.999_999))]
    pub target: f64,
    /// Over what: `day`, `week`, `month`, or a rolling window such as `30d`.
    pub over: Vec<OverText>,
    /// What the share is of.
    #[serde(default)]
    pub counts: CountsName,
}

/// What an availability is the share of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountsName {
    /// Good probes of all.
    #[default]
    Probes,
    /// Time in which it was not down, of the time that was measured: minutes, as contracts count them.
    Downtime,
}

/// How fast a partner promised to be: exactly one of `share` and `percentile`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyDefinition {
    /// The longest time to the last byte of the answer.
    pub limit: DurationText,
    /// The least share of answers within the limit, e.g. 0.99.
    #[serde(default)]
    #[schemars(range(min = 0.01, max = 0.999_999))]
    pub share: Option<f64>,
    /// The percentile that must be within the limit, e.g. 95.
    #[serde(default)]
    #[schemars(range(min = 1, max = 99.9999))]
    pub percentile: Option<f64>,
    /// Over what: `day`, `week`, `month`, or a rolling window such as `30d`.
    pub over: Vec<OverText>,
}

/// A stretch of time of an objective.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct OverText(pub String);

impl JsonSchema for OverText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Over".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "title": "stretch of time",
            "description": "`day`, `week` (ISO), `month`, or a rolling window such as `30d`",
            "type": "string",
            "pattern": "^([0-9]+(h|d)|day|week|month)$",
            "examples": ["day", "month", "30d"],
            "x-hint": "write `day`, `week`, `month`, or a rolling window such as `30d`",
        })
    }
}
