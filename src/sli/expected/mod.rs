//! How much traffic is expected at a time, from that of the weeks before.
//!
//! In: an [`ExpectedPlan`](super::plan::ExpectedPlan), a zone, and a [`TrafficHistory`]. Out: an
//! [`Expected`] count with a band per window, or a [`NoExpectation`] that says why there is none; and
//! the same time one or 52 weeks earlier, for reports. It never looks at the range that is judged, and
//! never takes missing data for no traffic. Reading order: [`TrafficHistory`], [`ExpectedTraffic`],
//! `band`, [`EarlierWeek`].
//!
//! All of it is done in local hours: the wall clock of the zone, as if it were UTC, cut into hours.
//! The same hour of the week is then the same number modulo 168, also where the clocks change.

mod history;
mod stretches;

mod local_hour;

mod traffic;

mod holiday;

mod band;

mod earlier_week;

#[cfg(test)]
mod tests;

use thiserror::Error;

pub use earlier_week::{EarlierHour, EarlierWeek, earlier_week, weeks_earlier};
pub use history::TrafficHistory;
pub use traffic::ExpectedTraffic;

/// The fewest weeks from which an hour is expected.
pub const HISTORY_WEEKS_MIN: usize = 2;

/// The requests that are expected in a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// How many; from 0.
    pub value: f64,
    /// Lower end of the band in which the count is with a probability of 95 %; from 0.
    pub low: f64,
    /// Upper end of the band; never below `value`.
    pub high: f64,
}

/// Why nothing is expected of a window.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoExpectation {
    /// Too few weeks have data of this hour that is not of a holiday or excluded.
    #[error("fewer than {HISTORY_WEEKS_MIN} weeks of history (found {found})")]
    TooFewWeeks {
        /// How many have; below [`HISTORY_WEEKS_MIN`].
        found: usize,
    },
    /// The set says of this holiday that nothing is known.
    #[error("nothing is known of `{name}`")]
    UnknownHoliday {
        /// Its name.
        name: String,
    },
    /// The day that a holiday is like has no data at this hour, or is not over when the judged range
    /// begins.
    #[error("`{name}` is like {day}, of which there is no data at this hour")]
    NoLikeDay {
        /// Its name.
        name: String,
        /// The day, e.g. `2025-11-28`.
        day: String,
    },
}
