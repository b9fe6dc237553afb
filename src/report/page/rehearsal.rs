//! What only the report of a rehearsal has: what was expected of it, and what became of that.

use serde::{Deserialize, Serialize};

use super::{BadSide, LimitPart, Postmortem, RunComparison, State, Unit};

/// The top of a rehearsal's report, in the order in which it is read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RehearsalPart {
    /// What was expected to happen, in a sentence written before the run.
    pub hypothesis: Option<String>,
    /// Whether the scenario says when it has passed; else `criteria` are those of every rehearsal.
    pub has_own_criteria: bool,
    /// The conditions, in the order of the scenario.
    pub criteria: Vec<CriterionRow>,
    /// Shoppers: planned, offered, and what became of them.
    pub shoppers: Vec<LoadRow>,
    /// Requests: planned, made, and what became of them.
    pub requests: Vec<LoadRow>,
    /// Response and service time side by side, low percentiles first.
    pub latencies: Vec<LatencyRow>,
    /// What happened past the limit; `None` where the run does not know when its answers came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitPart>,
    /// This run beside an earlier one; `None` where none was asked for, or there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<RunComparison>,
    /// What a postmortem can be filled with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postmortem: Option<Postmortem>,
}

/// One condition of a passed rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CriterionRow {
    /// The condition in words.
    pub title: String,
    /// Met, missed, or not enough data.
    pub state: State,
    /// The value that decided.
    pub value: Option<f64>,
    /// What it must not be beyond.
    pub limit: Option<f64>,
    /// On which side of the limit it is bad.
    pub bad: Option<BadSide>,
    /// Unit of both.
    pub unit: Option<Unit>,
    /// What stands behind it.
    pub count: u64,
    /// What `count` counts: `requests` or `windows`.
    pub counted: String,
    /// When it was missed first, UTC µs since 1970.
    pub first_missed_us: Option<i64>,
    /// What decided, in a sentence.
    pub explanation: String,
}

/// A count of shoppers or requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadRow {
    /// What is counted, e.g. `planned by the curve`.
    pub name: String,
    /// How many; a plan may have a fraction of one.
    pub count: f64,
    /// As a share of those that were offered or made; `None` where that says nothing.
    pub share: Option<f64>,
    /// What explains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A percentile of the latencies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatencyRow {
    /// e.g. `p95`.
    pub name: String,
    /// From due to the last byte, µs.
    pub response_us: u64,
    /// From sent to the last byte, µs.
    pub service_us: u64,
    /// From sent to the head of the answer, µs; `None` where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte_us: Option<u64>,
}
