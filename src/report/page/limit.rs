//! What happened past the limit of the target, as the page of a rehearsal says it.

use serde::{Deserialize, Serialize};

/// What happened past the limit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LimitPart {
    /// All of it in one or two sentences.
    pub sentence: String,
    /// What shoppers did: gave up, lost patience, tried again.
    pub shoppers: String,
    /// All requests, and every route that was under strain; the earliest strain first.
    pub rows: Vec<LimitRow>,
}

/// One route, or all of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LimitRow {
    /// HTTP method; empty for all requests.
    pub method: String,
    /// Path template; empty for all requests.
    pub route: String,
    /// Whether it was past its limit.
    pub outcome: LimitOutcome,
    /// How it behaved there, the worst first: `collapse`, `failed`, `shed`, `slow`.
    pub behaviours: Vec<String>,
    /// The highest rate that was due, per second; `None` where there were too few requests.
    pub peak_per_s: Option<f64>,
    /// The highest rate of good answers, per second.
    pub best_good_per_s: Option<f64>,
    /// What was due at that time, per second.
    pub offered_at_best_per_s: Option<f64>,
    /// The beginning of the strain, UTC µs since 1970.
    pub knee_us: Option<i64>,
    /// What was due then, per second.
    pub knee_per_s: Option<f64>,
    /// Median response time at little load, µs.
    pub calm_median_us: Option<u64>,
    /// The longest median response time of a stretch, µs.
    pub worst_median_us: Option<u64>,
    /// Share of the requests under strain that were refused, 429 or 503.
    pub refused_share: Option<f64>,
    /// Share of the requests under strain that failed otherwise.
    pub failed_share: Option<f64>,
    /// From the fall of the load to the end of the strain, seconds; `None` where that was not seen.
    pub recovery_s: Option<f64>,
    /// The same until every SLI was within its levels again, seconds.
    pub slis_back_s: Option<f64>,
    /// The recovery in words.
    pub recovery: String,
}

/// Whether a limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitOutcome {
    /// Too few requests to tell.
    NotEnoughData,
    /// Everything was answered well, and about as fast as at little load.
    NotReached,
    /// Under strain at a load that it carried at other times.
    NotTheLoad,
    /// Past the limit.
    Past,
}
