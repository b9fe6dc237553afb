//! The same time some weeks earlier: the counts of the week before, and of the same week last year.

use jiff::tz::{Disambiguation, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::TrafficHistory;
use super::history::{HourlyTraffic, usable_stretches};
use super::local_hour::{HOUR_US, WEEK_HOURS, hour_of, local_us};
use super::stretches::contains;
use crate::time_window::TimeWindow;

/// A stretch of time, the same stretch some weeks earlier, and what was counted there.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlierWeek {
    /// The same weekdays and local times, so many weeks earlier.
    pub window: TimeWindow,
    /// Requests there, in whole windows of the history that are covered and not excluded.
    pub count: u64,
    /// How much of the earlier stretch such windows cover, µs; at 0 nothing is known.
    pub seen_us: i64,
    /// One per hour of the later stretch, oldest first.
    pub hours: Vec<EarlierHour>,
}

/// One hour, and the same hour of the week some weeks earlier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlierHour {
    /// Start of the hour in the later stretch, UTC µs.
    pub start_us: i64,
    /// Requests per hour in the same local hour earlier; `None` where less than half of it was seen.
    pub per_hour: Option<f64>,
}

/// The stretch `weeks` weeks before `window`, compared by weekday and local hour: 1 for the week
/// before, 52 for the same week last year (the ISO week of the same number, or the one after it when
/// a year of 53 weeks lies between).
#[must_use]
pub fn earlier_week(
    history: TrafficHistory,
    window: TimeWindow,
    weeks: u32,
    zone: &TimeZone,
) -> EarlierWeek {
    let earlier = TimeWindow {
        start_us: weeks_earlier(window.start_us, weeks, zone),
        end_us: weeks_earlier(window.end_us, weeks, zone),
    };
    let usable = usable_stretches(history, &[earlier]);
    let inside = history
        .counts
        .iter()
        .filter(|count| contains(&usable, count.start_us));
    // Hours at the ends are compared as wholes, although the stretch may begin within one.
    let around = TimeWindow {
        start_us: earlier.start_us.saturating_sub(HOUR_US),
        end_us: earlier.end_us.saturating_add(HOUR_US),
    };
    let past = HourlyTraffic::new(history, zone, &[around]);
    let hours = hour_starts(window).map(|start_us| {
        let hour = hour_of(local_us(zone, start_us));
        EarlierHour {
            start_us,
            per_hour: past.per_hour(hour - i64::from(weeks) * WEEK_HOURS),
        }
    });
    EarlierWeek {
        window: earlier,
        count: inside.map(|count| count.count).sum(),
        seen_us: usable.iter().map(|seen| seen.end_us - seen.start_us).sum(),
        hours: hours.collect(),
    }
}

/// The moment with the same weekday and wall clock `weeks` weeks before `ts_us`. Where the clocks
/// skipped that time it is as much later as they skipped; where they showed it twice it is the first.
/// Before the year −9999 it is the first moment of that year.
#[must_use]
pub fn weeks_earlier(ts_us: i64, weeks: u32, zone: &TimeZone) -> i64 {
    let earlier = Timestamp::from_microsecond(ts_us).and_then(|time| {
        let local = zone.to_datetime(time);
        let local = local.checked_sub((7 * i64::from(weeks)).days())?;
        let ambiguous = zone.to_ambiguous_zoned(local);
        ambiguous.disambiguate(Disambiguation::Compatible)
    });
    earlier.map_or(Timestamp::MIN.as_microsecond(), |zoned| {
        zoned.timestamp().as_microsecond()
    })
}

fn hour_starts(window: TimeWindow) -> impl Iterator<Item = i64> {
    let first = Some(window.start_us);
    std::iter::successors(first, |start_us| start_us.checked_add(HOUR_US))
        .take_while(move |start_us| *start_us < window.end_us)
}
