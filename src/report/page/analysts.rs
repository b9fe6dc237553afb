//! The part of a weekly page by which each number can be defended.
//!
//! In: counts, budgets and intervals. Out: plain data. It never adds or divides.

use serde::{Deserialize, Serialize};

use super::{State, Unit};

/// What stands behind one SLI.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SliDetail {
    /// SHA-256 of the definition, hex.
    pub definition_sha256: String,
    /// How many of the SLI's `count` were good; `None` where the kind has no good and bad.
    pub good: Option<u64>,
    /// One row per objective and period.
    pub objectives: Vec<ObjectiveRow>,
    /// What was left out, may still come, or never came.
    pub data: DataCounts,
    /// The value as if nothing had been excluded; `None` where that cannot be judged.
    pub value_with_excluded: Option<f64>,
}

/// What must hold over a stretch of time, and how much of its budget is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveRow {
    /// The least share of good, 0 to 1.
    pub target: f64,
    /// Over what, e.g. `7 days`, `week 2026-W47`, `Black Friday`.
    pub over: String,
    /// Met, missed or not enough data.
    pub state: State,
    /// Share of good over that stretch; `None` where there is not enough data.
    pub value: Option<f64>,
    /// Share of the error budget that is used: 1 is all of it, more is overspent.
    pub budget_used: Option<f64>,
    /// Share of the error budget that will be used at the end of the stretch at this pace.
    pub budget_projected: Option<f64>,
    /// When the budget burnt too fast, oldest first.
    pub burn_alerts: Vec<BurnAlertRow>,
}

/// A stretch in which a budget burnt too fast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BurnAlertRow {
    /// Name of the rule, e.g. `page`.
    pub rule: String,
    /// Start, UTC µs since 1970.
    pub from_us: i64,
    /// End, exclusive; `None` while it still burns at the end of the page.
    pub to_us: Option<i64>,
    /// The highest burn rate: 1 uses up the budget exactly.
    pub burn_rate: f64,
    /// Who is told.
    pub told: Vec<String>,
}

/// What an SLI did not count, or could not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct DataCounts {
    /// Requests left out by maintenance.
    pub excluded: u64,
    /// Time left out by maintenance, seconds.
    pub excluded_s: f64,
    /// Windows that may still change.
    pub provisional_windows: u64,
    /// Windows without any data.
    pub missing_windows: u64,
    /// Windows in all.
    pub windows: u64,
}

/// What analysts read beside the SLIs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AnalystPart {
    /// One table per way to split the traffic.
    pub breakdowns: Vec<Breakdown>,
    /// One curve per SLI of the kind `user_uptime`.
    pub uptime_curves: Vec<UptimeCurve>,
}

/// The traffic split one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Breakdown {
    /// By what, e.g. `channel`, `route`, `client class`, `service`.
    pub by: String,
    /// The SLIs that have a column, in order.
    pub slis: Vec<BreakdownColumn>,
    /// Most requests first.
    pub rows: Vec<BreakdownRow>,
}

impl Breakdown {
    /// Whether any part has a latency; where none has, it has no column.
    pub(in crate::report) fn has_latency(&self) -> bool {
        self.rows.iter().any(|row| row.p95_us.is_some())
    }
}

/// An SLI's column in a breakdown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakdownColumn {
    /// The SLI in the business's words.
    pub title: String,
    /// Its unit.
    pub unit: Unit,
}

/// One part of the traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakdownRow {
    /// Its name; empty where the log named none.
    pub name: String,
    /// Requests.
    pub requests: u64,
    /// Share of all requests, 0 to 1.
    pub share: f64,
    /// Share of its requests that failed, 0 to 1.
    pub errors_share: Option<f64>,
    /// 95th percentile of the response time, µs; `None` where no latency was logged.
    pub p95_us: Option<u64>,
    /// One cell per column of the breakdown.
    pub slis: Vec<BreakdownCell>,
}

/// An SLI over one part of the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BreakdownCell {
    /// `None` where there is not enough data, or where the SLI does not look at such requests.
    pub value: Option<f64>,
    /// 95 % interval of `value`.
    pub interval: Option<[f64; 2]>,
}

/// Windowed user-uptime: the worst stretch of each length (Hauer et al., "Meaningful
/// Availability", NSDI 2020).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UptimeCurve {
    /// The SLI in the business's words.
    pub title: String,
    /// Ascending lengths.
    pub points: Vec<UptimePoint>,
    /// The message of the curve in one sentence.
    pub message: String,
}

/// The worst stretch of one length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UptimePoint {
    /// Length of the stretch, µs.
    pub length_us: i64,
    /// Lowest user-uptime of any stretch of that length, 0 to 1.
    pub uptime: f64,
    /// Start of that stretch, UTC µs since 1970.
    pub start_us: Option<i64>,
}
