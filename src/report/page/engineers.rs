//! The part of a weekly page from which the work of the next week is drawn.
//!
//! In: what the `cli` counted and gathered. Out: plain data. Timelines of burn rates are charts of
//! the page's own timeline, so that they share its axis.

use serde::{Deserialize, Serialize};

use super::Unit;

/// What engineers read beside the timeline.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EngineerPart {
    /// Routes and statuses that fail most, most requests first.
    pub failures: Vec<FailureRow>,
    /// Customers affected by the same problem, most shoppers first; one row is one problem.
    pub clusters: Vec<ClusterRow>,
    /// What shoppers do after an answer; `None` where sessions are not known.
    pub retries: Option<RetryPart>,
    /// Which channel or partner drives the load, most requests first.
    pub faucets: Vec<FaucetRow>,
    /// Where errors and slow answers gather, the most suspicious first.
    pub suspects: Vec<SuspectRow>,
    /// What was done to the shop, oldest first, with SLIs before and after.
    pub annotations: Vec<AnnotationRow>,
}

/// Failures of one route with one status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailureRow {
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub route: String,
    /// e.g. `503` or `no answer`.
    pub status: String,
    /// Requests that ended so.
    pub requests: u64,
    /// Share of the route's requests, 0 to 1.
    pub share_of_route: f64,
    /// Share of all failures, 0 to 1.
    pub share_of_failures: f64,
    /// Distinct shoppers over the whole range; `None` where shoppers are not known.
    pub shoppers: Option<u64>,
    /// Whether `shoppers` was counted exactly; otherwise it is an estimate within 10 %.
    #[serde(default = "exact")]
    pub are_shoppers_exact: bool,
}

fn exact() -> bool {
    true
}

/// One problem and those whom it hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterRow {
    /// HTTP method; empty where a problem is told by its route alone.
    pub method: String,
    /// Path template.
    pub route: String,
    /// e.g. `503` or `no answer`.
    pub status: String,
    /// The first such answer, UTC µs since 1970.
    pub from_us: i64,
    /// The last such answer.
    pub to_us: i64,
    /// Distinct shoppers; `None` where shoppers are not known.
    pub shoppers: Option<u64>,
    /// Requests.
    pub requests: u64,
    /// The channel of most of them, where one stands out.
    pub channel: Option<String>,
    /// The client class of most of them, where one stands out.
    pub client: Option<String>,
}

/// How much load comes from repeating, and who repeats.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RetryPart {
    /// Requests per thing that shoppers wanted: 1 is no repeating.
    pub amplification: Option<f64>,
    /// The highest of any window, with its start.
    pub worst: Option<super::WorstWindow>,
    /// One row per class of answer, e.g. `3xx`, `4xx`, `5xx`, `no answer`.
    pub after: Vec<AfterAnswerRow>,
}

/// What shoppers did after one class of answer; the shares add up to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AfterAnswerRow {
    /// The class of answer, e.g. `5xx`.
    pub answer: String,
    /// How many such answers.
    pub answers: u64,
    /// Share that made the same request again.
    pub repeated_share: f64,
    /// Share that went on with something else.
    pub went_on_share: f64,
    /// Share that made no further request.
    pub left_share: f64,
    /// Median time until the repetition, seconds.
    pub median_wait_s: Option<f64>,
}

/// A source of load that somebody can turn off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaucetRow {
    /// Channel or partner; empty where the log named none.
    pub name: String,
    /// Requests of the shoppers whom it brought.
    pub requests: u64,
    /// Share of all requests, 0 to 1.
    pub share: f64,
    /// Requests per second in its busiest window.
    pub peak_rate_per_s: f64,
    /// Start of that window, UTC µs since 1970.
    pub peak_at_us: Option<i64>,
    /// Share of the requests in the shop's own busiest window: what turning it off takes away
    /// when it matters.
    pub share_of_peak: Option<f64>,
    /// Orders of shoppers who first came through it that day; `None` where shoppers are not known.
    pub orders: Option<u64>,
    /// Share of all orders: what turning it off costs.
    pub orders_share: Option<f64>,
}

/// A route and parameter where errors and slow answers gather.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SuspectRow {
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub route: String,
    /// The parameter and its value, e.g. `sort=price`; `None` for the whole route.
    pub parameter: Option<String>,
    /// Requests.
    pub requests: u64,
    /// 95th percentile of the response time, µs.
    pub p95_us: Option<u64>,
    /// The same of the route's other requests, or of all others for a whole route.
    pub p95_elsewhere_us: Option<u64>,
    /// Share that failed, 0 to 1.
    pub errors_share: Option<f64>,
    /// The same of the others.
    pub errors_share_elsewhere: Option<f64>,
}

/// Something that was done to the shop or happened to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnnotationRow {
    /// When, UTC µs since 1970.
    pub at_us: i64,
    /// Its end; `None` for a moment.
    pub until_us: Option<i64>,
    /// e.g. `deploy`, `freeze`, `campaign`, `incident`, `maintenance`.
    pub kind: String,
    /// What it was.
    pub label: String,
    /// What is compared, e.g. `1 h before and after`.
    pub compared: String,
    /// One row per SLI that has data on both sides.
    pub changes: Vec<AnnotationChange>,
}

/// One SLI before and after an annotation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnnotationChange {
    /// The SLI in the business's words.
    pub sli: String,
    /// Unit of both values.
    pub unit: Unit,
    /// Before.
    pub before: Option<f64>,
    /// After.
    pub after: Option<f64>,
    /// Whether the difference is larger than noise explains; `None` where that cannot be told.
    pub is_outside_noise: Option<bool>,
}
