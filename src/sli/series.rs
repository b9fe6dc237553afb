//! What came out: the value of one SLI, and its windows.

use serde::{Serialize, Serializer};

use super::crossing::LevelOutcome;
use super::plan::Unit;
use crate::time_window::rfc3339;

/// State of an SLI or of one of its windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SliState {
    /// Judged and met.
    Met,
    /// Judged and missed.
    Missed,
    /// Too few requests to judge; never green.
    NotEnoughData,
}

/// One SLI over a range.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SliSeries {
    /// Identifier.
    pub name: String,
    /// In the business's words.
    pub title: String,
    /// `rate`, `ratio`, `latency` or `latency_cut`.
    pub kind: &'static str,
    /// Unit of every value here.
    pub unit: Unit,
    /// Missed when a `contact` level was crossed for as long as it must last, or the objective of
    /// the whole range was missed.
    pub state: SliState,
    /// Value over the whole range; `None` when there is not enough data.
    pub value: Option<f64>,
    /// Good requests (for a rate: events; for a latency: requests with one).
    pub good: u64,
    /// Valid requests.
    pub valid: u64,
    /// Requests behind `value`.
    pub count: u64,
    /// 95 % interval of `value`.
    pub interval: Option<[f64; 2]>,
    /// The limit for the whole range, if there is one.
    pub objective: Option<f64>,
    /// Thresholds, mildest first.
    pub levels: Vec<LevelOutcome>,
    /// One per window of the range, oldest first, no gaps.
    pub windows: Vec<SliWindow>,
}

impl SliSeries {
    /// The judged window that is worst on the bad side of its levels; of a rate without levels the
    /// lowest.
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
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SliWindow {
    /// Its start, UTC µs since 1970.
    #[serde(rename = "start", serialize_with = "as_rfc3339")]
    pub start_us: i64,
    /// Its value; `None` when there is not enough data.
    pub value: Option<f64>,
    /// Good requests.
    pub good: u64,
    /// Valid requests.
    pub valid: u64,
    /// Requests behind the value.
    pub count: u64,
    /// Missed when its value is on the bad side of the `contact` level, however short.
    pub state: SliState,
}

/// Writes a time as RFC 3339.
pub fn as_rfc3339<S: Serializer>(ts_us: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*ts_us))
}
