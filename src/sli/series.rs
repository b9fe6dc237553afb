//! What came out: the value of one SLI, its windows, and what became of its levels.
//!
//! In: [`evaluate`](super::evaluate()). Out: plain values that serialise to the JSON of
//! `firedrill sli`. Fields may be added; those that are there keep their names.

use serde::{Deserialize, Serialize, Serializer};

use super::crossing::LevelOutcome;
use super::plan::Unit;
use crate::time_window::rfc3339;

/// State of an SLI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SliState {
    /// Judged and met.
    Met,
    /// Judged and missed.
    Missed,
    /// Too few requests to judge; never green.
    NotEnoughData,
}

/// State of one window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowState {
    /// Not beyond the `contact` level.
    Met,
    /// Beyond the `contact` level, however short.
    Missed,
    /// Too few requests to judge; never green.
    #[default]
    NotEnoughData,
    /// Maintenance: dropped, neither good nor bad.
    Excluded,
}

/// One SLI over a range.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SliSeries {
    /// Identifier.
    pub name: String,
    /// In the business's words.
    pub title: String,
    /// The kind as the file writes it, e.g. `rate` or `latency_cut`.
    pub kind: &'static str,
    /// Unit of every value here.
    pub unit: Unit,
    /// SHA-256 of the SLI set, and of the threshold file behind it where there is one, hex.
    pub definition_sha256: String,
    /// Length of a window, µs.
    pub window_us: i64,
    /// Zone of its days, weeks and months, where it is not that of the set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Missed when a `contact` level was crossed for as long as it must last, or the objective of
    /// the whole range was missed by the value.
    pub state: SliState,
    /// Whether the state would be the same at both ends of the interval: the whole interval is on
    /// the value's side of the objective, or a `contact` level was crossed. Without an objective,
    /// whether there is a value at all.
    pub is_certain: bool,
    /// Value over the whole range without excluded windows; `None` when there is not enough data.
    pub value: Option<f64>,
    /// Good requests (of a rate: events; of a latency: requests with one; of an Apdex satisfied
    /// ones and half of the tolerated; of `windows_good`: windows; of a composite those of its
    /// worst part, or of all parts when they are weighed).
    pub good: u64,
    /// Valid requests.
    pub valid: u64,
    /// Requests behind `value`.
    pub count: u64,
    /// 95 % interval of `value`.
    pub interval: Option<[f64; 2]>,
    /// The limit for the whole range, if there is one.
    pub objective: Option<f64>,
    /// Mean of what was expected in the judged windows, where that is known; rates only.
    pub expected: Option<f64>,
    /// Value with excluded windows; `None` where no window is excluded.
    pub value_with_excluded: Option<f64>,
    /// How many windows are excluded.
    pub excluded_windows: usize,
    /// Valid requests in excluded windows; they are in no other number of the series.
    pub excluded_valid: u64,
    /// How many windows may still change, because rows may be late.
    pub provisional_windows: usize,
    /// What the value is made of, for kinds that have parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<SliDetail>,
    /// Thresholds, mildest first.
    pub levels: Vec<LevelOutcome>,
    /// One per window of the range, oldest first, no gaps. The first and the last may stick out of
    /// the range; they hold what the range has of them.
    pub windows: Vec<SliWindow>,
}

impl SliSeries {
    /// The judged window that is worst: the highest of a latency, else the lowest.
    #[must_use]
    pub fn worst_window(&self) -> Option<&SliWindow> {
        let is_high_bad = match self.unit {
            Unit::Microseconds => true,
            Unit::PerMinute | Unit::PerSecond | Unit::Share => false,
        };
        let judged = self.windows.iter().filter(|window| window.value.is_some());
        judged.reduce(|worst, window| {
            let is_worse = if is_high_bad {
                window.value > worst.value
            } else {
                window.value < worst.value
            };
            if is_worse { window } else { worst }
        })
    }
}

/// One window of an SLI.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct SliWindow {
    /// Its start, UTC µs since 1970.
    #[serde(rename = "start", serialize_with = "as_rfc3339")]
    pub start_us: i64,
    /// Its value; `None` when there is not enough data, or when it is excluded.
    pub value: Option<f64>,
    /// Good requests, as in the series; those of an excluded window stand here, and only here.
    pub good: u64,
    /// Valid requests.
    pub valid: u64,
    /// Requests behind the value.
    pub count: u64,
    /// Whether it is beyond the `contact` level.
    pub state: WindowState,
    /// 95 % interval of the value.
    pub interval: Option<[f64; 2]>,
    /// What was expected of it, in the unit of the SLI, where that is known; rates only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<f64>,
    /// Whether rows of it may still come.
    pub provisional: bool,
}

impl SliWindow {
    /// Whether it is maintenance, and so counts neither for totals nor for objectives.
    #[must_use]
    pub fn is_excluded(&self) -> bool {
        self.state == WindowState::Excluded
    }
}

/// What a value is made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SliDetail {
    /// The steps of a funnel, first to last.
    Funnel(Vec<StepCount>),
    /// Windowed user-uptime: the worst stretch of each length, shortest first (the MCR curve).
    Uptime(Vec<UptimePoint>),
    /// The parts of a composite, in the order of the file.
    Parts(Vec<PartValue>),
}

/// How many came to a step of a funnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepCount {
    /// In the business's words.
    pub title: String,
    /// Shoppers or requests.
    pub count: u64,
}

/// The lowest user-uptime of any stretch of a length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct UptimePoint {
    /// The length, µs.
    pub window_us: i64,
    /// The lowest user-uptime, from 0 to 1.
    pub uptime: f64,
}

/// One part of a composite.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartValue {
    /// Name of the SLI.
    pub sli: String,
    /// Its weight; 1 where the worst part counts.
    pub weight: f64,
    /// Its value over the whole range.
    pub value: Option<f64>,
}

/// Writes a time as RFC 3339.
pub fn as_rfc3339<S: Serializer>(ts_us: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*ts_us))
}
