//! One trial: what was asked, what was offered, what came of it.

use serde::{Deserialize, Serialize};

/// Why a trial was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialKind {
    /// To find the bounds.
    Search,
    /// To see whether the target is still what it was.
    Checkpoint,
    /// Beyond the maximum, for the goodput curve.
    Beyond,
    /// Up to 120 % and back.
    Recovery,
    /// At the lower bound, for long.
    Soak,
}

/// One trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialFacts {
    /// Trials count from 1.
    pub number: u32,
    /// Its run in the lake.
    pub run_id: String,
    /// Why it was made.
    pub kind: TrialKind,
    /// When it was begun, UTC µs since 1970.
    pub started_us: i64,
    /// Lead-in before what is judged, seconds: until shoppers are at every step of their journeys.
    pub lead_in_s: f64,
    /// Intended length of what is judged, seconds.
    pub duration_s: f64,
    /// The length that was judged, seconds.
    pub effective_s: f64,
    /// Intended arrivals per second.
    pub rate_per_s: f64,
    /// Arrivals that came due in what is judged, per second: the drawn schedule.
    pub offered_per_s: f64,
    /// Those that were sent on time, per second.
    pub achieved_per_s: f64,
    /// Journeys that were judged, dropped ones included.
    pub journeys: u64,
    /// Journeys that were never served, because too many requests were under way.
    pub dropped: u64,
    /// Journeys with a request that left too late.
    pub late: u64,
    /// Journeys with a request that was still under way when the drain was over.
    pub unanswered: u64,
    /// Requests that were due.
    pub requests: u64,
    /// Requests answered per second.
    pub answered_per_s: f64,
    /// Orders per minute; `None` where the SLI set has no order.
    pub orders_per_min: Option<f64>,
    /// Mean requests under way, and in the first and the last quarter.
    pub in_flight_mean: f64,
    /// In the first quarter.
    pub in_flight_first: f64,
    /// In the last quarter.
    pub in_flight_last: f64,
    /// The kind of request that was most of them, e.g. `POST /checkout`.
    #[serde(default)]
    pub waiting_route: Option<String>,
    /// Median response time, µs.
    pub response_p50_us: u64,
    /// 95th percentile, µs.
    pub response_p95_us: u64,
    /// 99th percentile, µs.
    pub response_p99_us: u64,
    /// 99th percentile of the generator's own lateness, µs.
    pub schedule_lag_p99_us: u64,
    /// The largest share of its cores that the generator took, 0 to 1.
    pub cpu_share_max: Option<f64>,
    /// Why the generator was at its end; empty when it was not.
    pub generator_limited: Vec<String>,
    /// Per goal, in the order of the goals.
    pub goals: Vec<GoalTrial>,
}

/// A trial, for one goal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GoalTrial {
    /// Name of the goal.
    pub goal: String,
    /// Trial loss ratio, 0 to 1.
    pub loss_ratio: f64,
    /// Journeys that were not good.
    pub not_good: u64,
    /// Good journeys per second.
    pub good_per_s: f64,
    /// SLIs that did not hold, those with most lost journeys first.
    pub missed: Vec<SliTrial>,
    /// SLIs that had too few requests to be judged.
    pub not_judged: Vec<String>,
}

/// An SLI that did not hold in a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SliTrial {
    /// Identifier.
    pub sli: String,
    /// In the business's words.
    pub title: String,
    /// Journeys that it lost.
    pub journeys: u64,
    /// The route with most of its bad requests, e.g. `POST /checkout`.
    pub route: Option<String>,
}
