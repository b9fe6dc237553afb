//! What is known of past traffic, and its rate in each local hour.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::local_hour::{HOUR_US, each_hour};
use super::stretches::{contains, difference, intersection, union, whole_windows};
use crate::rollup::WindowCount;
use crate::time_window::TimeWindow;

/// An hour of which less was seen is not known, µs.
const SEEN_US_MIN: i64 = HOUR_US / 2;

/// Past requests, counted in equal windows. The order of the lists does not matter.
#[derive(Debug, Clone, Copy)]
pub struct TrafficHistory<'a> {
    /// Length of a window, µs; above 0. Windows begin at whole multiples of it since 1970.
    pub window_us: i64,
    /// The windows that are not empty; two entries of one window add up.
    pub counts: &'a [WindowCount],
    /// Where there is data: there a window without a count had no request, elsewhere nobody knows.
    /// Windows that are not wholly covered are not looked at.
    pub covered: &'a [TimeWindow],
    /// What is left out, such as maintenance, with every window that it touches.
    pub excluded: &'a [TimeWindow],
}

/// Past traffic by local hour.
#[derive(Debug, Clone, Default)]
pub(super) struct HourlyTraffic(BTreeMap<i64, SeenHour>);

#[derive(Debug, Clone, Copy, Default)]
struct SeenHour {
    count: f64,
    seen_us: i64,
}

impl HourlyTraffic {
    /// That of the whole windows of `history` inside of `within`.
    pub(super) fn new(history: TrafficHistory, zone: &TimeZone, within: &[TimeWindow]) -> Self {
        let usable = usable_stretches(history, within);
        let mut hours: BTreeMap<i64, SeenHour> = BTreeMap::new();
        for stretch in &usable {
            each_hour(zone, stretch.start_us, stretch.end_us, |hour, seen_us| {
                hours.entry(hour).or_default().seen_us += seen_us;
            });
        }
        for window in sorted_counts(history.counts, &usable) {
            let end_us = window.start_us.saturating_add(history.window_us);
            each_hour(zone, window.start_us, end_us, |hour, part_us| {
                hours.entry(hour).or_default().count +=
                    as_f64(window.count) * share(part_us, history.window_us);
            });
        }
        Self(hours)
    }

    /// Requests per hour of real time in a local hour; `None` where less than half an hour was seen.
    pub(super) fn per_hour(&self, local_hour: i64) -> Option<f64> {
        let hour = self.0.get(&local_hour)?;
        (hour.seen_us >= SEEN_US_MIN).then(|| hour.count / share(hour.seen_us, HOUR_US))
    }
}

/// Where windows may be looked at: covered, not excluded, and inside of `within`.
pub(super) fn usable_stretches(history: TrafficHistory, within: &[TimeWindow]) -> Vec<TimeWindow> {
    let covered = union(history.covered.iter().copied());
    let excluded = union(history.excluded.iter().copied());
    let inside = intersection(&covered, &union(within.iter().copied()));
    whole_windows(&difference(&inside, &excluded), history.window_us)
}

/// In one order whatever the input's, because sums of fractions depend on it.
fn sorted_counts(counts: &[WindowCount], usable: &[TimeWindow]) -> Vec<WindowCount> {
    let inside = counts
        .iter()
        .filter(|window| contains(usable, window.start_us));
    let mut sorted: Vec<WindowCount> = inside.copied().collect();
    sorted.sort_unstable_by_key(|window| (window.start_us, window.count));
    sorted
}

#[expect(
    clippy::cast_precision_loss,
    reason = "2^53 µs are 285 years; a stretch of time is shorter"
)]
pub(super) fn share(part_us: i64, whole_us: i64) -> f64 {
    part_us as f64 / whole_us as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "above 2^53 requests a window the last digit is lost, which no band notices"
)]
fn as_f64(count: u64) -> f64 {
    count as f64
}
