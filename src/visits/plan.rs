//! What is asked of a pass over shoppers, and how much must be read for it.

use std::fmt;
use std::sync::Arc;

use jiff::tz::TimeZone;
use thiserror::Error;

use super::affected::AffectedPlan;
use super::channels::ChannelPlan;
use super::clusters::ClusterPlan;
use super::funnel::FunnelPlan;
use super::retries::RetryPlan;
use super::sessions::SessionPlan;
use super::user_uptime::UptimePlan;
use crate::rollup::SeriesKey;
use crate::time_window::TimeWindow;

/// The longest stretch that one pass may read, its margins included, µs: 2⁴¹, 25 days. A row is
/// packed into 16 bytes, of which the time has 41 bits.
pub const RANGE_US_MAX: i64 = 1 << 41;

/// A question, asked once per series.
#[derive(Clone)]
pub struct Predicate(Arc<dyn Fn(&SeriesKey) -> bool + Send + Sync>);

impl Predicate {
    /// The question that `covers` answers.
    pub fn new(covers: impl Fn(&SeriesKey) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(covers))
    }

    /// Whether `series` is meant.
    #[must_use]
    pub fn covers(&self, series: &SeriesKey) -> bool {
        (self.0)(series)
    }
}

impl fmt::Debug for Predicate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Predicate")
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct VisitPlan {
    /// What is counted. A whole number of local days where funnels or shoppers per day are to add
    /// up.
    pub range: TimeWindow,
    /// Zone of local days.
    pub zone: TimeZone,
    /// Into how many parts shoppers are divided, at least 1; the rows are read once per part, and
    /// the memory is 16 bytes per row of a part.
    pub partitions: u32,
    /// User-uptimes, any number.
    pub uptimes: Vec<UptimePlan>,
    /// Funnels, any number.
    pub funnels: Vec<FunnelPlan>,
    /// Retries and what shoppers do after an answer, any number.
    pub retries: Vec<RetryPlan>,
    /// Problems by shoppers affected.
    pub clusters: Option<ClusterPlan>,
    /// Shoppers by kind of failure.
    pub affected: Option<AffectedPlan>,
    /// Requests by the channel that brought the shopper.
    pub channels: Option<ChannelPlan>,
    /// Sessions.
    pub sessions: Option<SessionPlan>,
}

/// A plan that cannot be carried out.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum VisitError {
    /// The range and its margins are longer than [`RANGE_US_MAX`].
    #[error("shoppers cannot be followed for {days} days at once (hint: at most 24, add the rest)")]
    RangeTooLong {
        /// Length with margins, days.
        days: i64,
    },
    /// The range has no calendar days.
    #[error("the range from {start_us} µs lies outside of the calendar")]
    NoCalendar {
        /// Its start, UTC µs.
        start_us: i64,
    },
}

impl VisitPlan {
    /// A plan without questions, in one part.
    #[must_use]
    pub fn new(range: TimeWindow, zone: TimeZone) -> Self {
        Self {
            range,
            zone,
            partitions: 1,
            uptimes: Vec::new(),
            funnels: Vec::new(),
            retries: Vec::new(),
            clusters: None,
            affected: None,
            channels: None,
            sessions: None,
        }
    }

    /// What must be read: the range, and as much before and after it as the questions look back
    /// and ahead. A range whose data do not yet reach the end of this is not closed.
    #[must_use]
    pub fn scan(&self) -> TimeWindow {
        let cutoffs = self.uptimes.iter().map(|plan| plan.cutoff_us);
        let gap = self.sessions.iter().map(|plan| plan.gap_us);
        let remembered = self.channels.iter().map(|plan| plan.within_us);
        let retries = self.retries.iter();
        let ahead = retries.flat_map(|plan| [plan.within_us, plan.leave_us]);
        let longest = |times: &mut dyn Iterator<Item = i64>| times.max().unwrap_or(0).max(0);
        let before_us = longest(&mut cutoffs.chain(gap).chain(remembered));
        // A repeat exactly at the end of its time still counts, hence one µs more.
        let after_us = longest(&mut ahead.map(|time_us| time_us.saturating_add(1)));
        TimeWindow {
            start_us: self
                .range
                .start_us
                .saturating_sub(before_us.saturating_add(1)),
            end_us: self.range.end_us.saturating_add(after_us),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visits::sample;

    #[test]
    fn more_is_read_than_is_counted_by_what_the_questions_look_back_and_ahead() {
        let plan = sample::plan(1_000, 2_000);
        let scan = plan.scan();
        assert_eq!(scan.start_us, 1_000 - sample::CHANNEL_US - 1);
        assert_eq!(scan.end_us, 2_000 + sample::LEAVE_US + 1);
        let range = plan.range;
        assert_eq!(VisitPlan::new(range, TimeZone::UTC).scan().end_us, 2_000);
    }
}
