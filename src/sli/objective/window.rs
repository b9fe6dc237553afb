//! The stretches of time of an objective, and how each was held.
//!
//! In: a plan, a history and a zone. Out: one [`ObjectiveWindow`] per calendar day, ISO week, month
//! or period, or the rolling one at the end of the range. A slice belongs to the stretch in which
//! it begins.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};
use serde::Serialize;

use super::budget::{self, ErrorBudget, Projection};
use super::history::{History, SliceCounts};
use crate::sli::interval::{self, number};
use crate::sli::plan::{ObjectivePlan, Over};
use crate::sli::series::{SliState, as_rfc3339};
use crate::time_window::TimeWindow;

/// Microseconds in a day of 24 hours.
pub(super) const US_PER_DAY: i64 = 86_400_000_000;

/// How an objective was held over one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ObjectiveWindow {
    /// First µs, UTC.
    #[serde(rename = "start", serialize_with = "as_rfc3339")]
    pub start_us: i64,
    /// First µs after it.
    #[serde(rename = "end", serialize_with = "as_rfc3339")]
    pub end_us: i64,
    /// Good ones.
    pub good: u64,
    /// Valid ones.
    pub valid: u64,
    /// Share of good ones; `None` when there is not enough data.
    pub value: Option<f64>,
    /// 95 % interval of `value`.
    pub interval: Option<[f64; 2]>,
    /// Met, missed or not enough data, as far as the window is known.
    pub state: SliState,
    /// The budget of what was valid so far; `None` when nothing was.
    pub budget: Option<ErrorBudget>,
    /// Share of the window, without what was excluded, of which there can be data, from 0 to 1.
    pub known: f64,
    /// How much of it was excluded, µs.
    pub excluded_us: i64,
    /// Whether the window ends within the range.
    pub is_over: bool,
    /// How it will end if it goes on like this; `None` when it is over, or nothing was valid.
    pub projection: Option<Projection>,
}

/// Each window of an objective that overlaps the history, oldest first; of a rolling objective the
/// one that ends with it. Fewer than `count_min` valid ones (or none) are not enough data.
#[must_use]
pub fn objective_windows(
    plan: &ObjectivePlan,
    history: &History,
    zone: &TimeZone,
    count_min: u64,
) -> Vec<ObjectiveWindow> {
    let windows = match &plan.over {
        Over::Rolling(length_us) => vec![rolling(history.range().end_us, *length_us)],
        Over::Day | Over::Week | Over::Month | Over::Period(_) => {
            stretches(&plan.over, history.range(), zone)
        }
    };
    let windows = windows.into_iter();
    windows
        .map(|window| judged(plan.target, history, window, count_min))
        .collect()
}

/// The days, ISO weeks, months of `zone`, or the period, that overlap `range`, oldest first and
/// uncut; for a rolling objective the range itself.
#[must_use]
pub fn stretches(over: &Over, range: TimeWindow, zone: &TimeZone) -> Vec<TimeWindow> {
    let is_inside =
        |window: &TimeWindow| window.start_us < range.end_us && range.start_us < window.end_us;
    match over {
        Over::Rolling(_) => vec![range],
        Over::Day => calendar(range, zone, 1.day(), Some),
        Over::Week => calendar(range, zone, 1.week(), |date| {
            let since_monday = date.weekday().to_monday_zero_offset();
            date.checked_sub(i32::from(since_monday).days()).ok()
        }),
        Over::Month => calendar(range, zone, 1.month(), |date| Some(date.first_of_month())),
        Over::Period(period) => Some(period.window).into_iter().filter(is_inside).collect(),
    }
}

/// The length of a stretch that budgets and burn rates are reckoned with: 24 hours a day, whether
/// or not the clock changes in it.
pub(super) fn nominal_us(over: &Over, stretch: TimeWindow) -> i64 {
    let length_us = stretch.end_us - stretch.start_us;
    match over {
        Over::Rolling(length_us) => *length_us,
        Over::Day => US_PER_DAY,
        Over::Week => 7 * US_PER_DAY,
        Over::Month => (length_us + US_PER_DAY / 2) / US_PER_DAY * US_PER_DAY,
        Over::Period(_) => length_us,
    }
}

/// The rolling window that ends at `end_us`.
pub(super) fn rolling(end_us: i64, length_us: i64) -> TimeWindow {
    TimeWindow {
        start_us: end_us.saturating_sub(length_us),
        end_us,
    }
}

pub(super) fn state(target: f64, counts: SliceCounts, count_min: u64) -> SliState {
    if counts.valid < count_min.max(1) {
        SliState::NotEnoughData
    } else if number(counts.good) / number(counts.valid) >= target {
        SliState::Met
    } else {
        SliState::Missed
    }
}

fn judged(target: f64, history: &History, window: TimeWindow, count_min: u64) -> ObjectiveWindow {
    let counts = history.counts(window);
    let state = state(target, counts, count_min);
    let is_judged = state != SliState::NotEnoughData;
    let excluded_us = i64::try_from(counts.excluded_slices).unwrap_or(0) * history.slice_us();
    ObjectiveWindow {
        start_us: window.start_us,
        end_us: window.end_us,
        good: counts.good,
        valid: counts.valid,
        value: is_judged.then(|| number(counts.good) / number(counts.valid)),
        interval: interval::share(counts.good, counts.valid).filter(|_| is_judged),
        state,
        budget: budget::budget(target, counts),
        known: known(history.range(), window, excluded_us),
        excluded_us,
        is_over: window.end_us <= history.range().end_us,
        projection: budget::projection(target, history, window),
    }
}

fn known(range: TimeWindow, window: TimeWindow, excluded_us: i64) -> f64 {
    let covered_us = range.end_us.min(window.end_us) - range.start_us.max(window.start_us);
    let length_us = window.end_us - window.start_us - excluded_us;
    if length_us <= 0 {
        return 0.0;
    }
    let covered_us = (covered_us - excluded_us).clamp(0, length_us);
    number(covered_us.unsigned_abs()) / number(length_us.unsigned_abs())
}

fn calendar(
    range: TimeWindow,
    zone: &TimeZone,
    step: Span,
    first_of: impl Fn(Date) -> Option<Date>,
) -> Vec<TimeWindow> {
    let midnight_us = |date: Date| {
        let zoned = date.to_zoned(zone.clone()).ok()?;
        Some(zoned.timestamp().as_microsecond())
    };
    let mut windows = Vec::new();
    let start = Timestamp::from_microsecond(range.start_us).ok();
    let mut next = start.and_then(|start| first_of(zone.to_datetime(start).date()));
    // A date past the end of the calendar ends the list.
    while let Some(date) = next {
        next = date.checked_add(step).ok();
        let Some((start_us, end_us)) = midnight_us(date).zip(next.and_then(midnight_us)) else {
            break;
        };
        if start_us >= range.end_us {
            break;
        }
        windows.push(TimeWindow { start_us, end_us });
    }
    windows
}
