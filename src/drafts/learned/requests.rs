//! The requests that a scenario is learned from.

use std::collections::BTreeMap;

use crate::time_window::TimeWindow;

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// Keyed hash of the shopper.
    pub shopper: i64,
    /// When it began, UTC µs.
    pub ts_us: i64,
    /// Index of its series.
    pub series: u32,
    /// How long its answer took, µs; 0 where nothing tells.
    pub latency_us: u32,
}

impl Request {
    /// When its answer was there, UTC µs.
    #[must_use]
    pub fn end_us(&self) -> i64 {
        self.ts_us.saturating_add(i64::from(self.latency_us))
    }
}

/// What requests have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestSeries {
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub route: String,
    /// HTTP status, 0 for no answer.
    pub status: u16,
    /// What sent the shopper; empty where nothing says it.
    pub channel: String,
    /// How many of its requests name a product by which query parameter.
    pub product_parameters: BTreeMap<&'static str, u64>,
    /// Whether the step that is written for it follows redirects.
    pub is_followed: bool,
}

impl RequestSeries {
    /// Whether the shopper did not get what it asked for.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.status == 0 || self.status >= 400
    }

    /// Whether a browser asks for another page by itself: RFC 9110, section 15.4.
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        matches!(self.status, 301 | 302 | 303 | 307 | 308)
    }
}

/// The requests of people in a range and of some time before and after it.
#[derive(Debug, Clone, Default)]
pub struct Requests {
    /// In any order.
    pub rows: Vec<Request>,
    /// What their series are.
    pub series: Vec<RequestSeries>,
    /// Requests of these people in the range that no shopper is known for.
    pub unattributed: u64,
    /// Requests in the range without a duration.
    pub without_duration: u64,
    /// Every how many-th shopper is here; 1 for all.
    pub one_of: u64,
    /// Whether rows stand for several requests, in which sessions are torn apart.
    pub is_sampled_log: bool,
}

/// What is learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LearnedPlan {
    /// Sessions that begin in it.
    pub range: TimeWindow,
    /// Until when requests are known, after the end of the range if it can be, UTC µs.
    pub known_until_us: i64,
    /// The longest pause within a session, µs.
    pub gap_us: i64,
    /// Routes with a smaller share of all pages are left out, 0 to 1.
    pub share_min: f64,
}
