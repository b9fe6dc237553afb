//! A rehearsal beside an earlier one.

use serde::{Deserialize, Serialize};

use super::{State, Unit, Verdict};

/// Two rehearsals, side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunComparison {
    /// Name of the earlier run.
    pub against: String,
    /// Its start, UTC µs since 1970.
    pub started_us: i64,
    /// Whether the same was rehearsed.
    pub mix: MixComparison,
    /// What differs in what was rehearsed, e.g. `traffic`, `seed`, `target`.
    pub differing: Vec<String>,
    /// Whether the two may be compared, in words.
    pub sentence: String,
    /// Whether both runs are valid, in words.
    pub validity: String,
    /// The earlier run's verdict, by the SLI set of this page.
    pub verdict_before: Verdict,
    /// Changes beyond noise, in words; empty where the mixes differ.
    pub changes: Vec<String>,
    /// Every SLI, in the order of the set.
    pub slis: Vec<ComparedSli>,
    /// Percentiles of all requests, low ones first.
    pub latencies: Vec<ComparedLatency>,
    /// Shoppers and requests.
    pub loads: Vec<ComparedLoad>,
}

/// Whether two runs rehearsed the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MixComparison {
    /// The same mix and the same seed: the very same shoppers.
    Same,
    /// The same mix with another seed: other shoppers of the same kind.
    OtherSeed,
    /// Another curve, other shoppers or journeys: no difference of the results is a change.
    Different,
    /// A run of an older version does not know its mix.
    NotKnown,
}

/// An SLI in both runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedSli {
    /// In the business's words.
    pub title: String,
    /// Unit of both values.
    pub unit: Unit,
    /// In the earlier run.
    pub before: Option<f64>,
    /// In this one.
    pub after: Option<f64>,
    /// State in the earlier run.
    pub state_before: State,
    /// State in this one.
    pub state_after: State,
    /// Whether they differ by more than noise; `None` where that cannot be told.
    pub is_outside_noise: Option<bool>,
}

/// A percentile in both runs, µs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedLatency {
    /// e.g. `p95`.
    pub name: String,
    /// Response time in the earlier run.
    pub response_before_us: Option<u64>,
    /// In this one.
    pub response_after_us: Option<u64>,
    /// Whether the response times differ by more than noise; `None` where that cannot be told.
    pub is_outside_noise: Option<bool>,
    /// Service time in the earlier run; `None` where it was not kept.
    pub service_before_us: Option<u64>,
    /// In this one.
    pub service_after_us: Option<u64>,
}

/// A count in both runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedLoad {
    /// What is counted.
    pub name: String,
    /// In the earlier run.
    pub before: u64,
    /// In this one.
    pub after: u64,
}
