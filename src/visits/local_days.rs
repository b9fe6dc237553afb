//! The local days of a range.
//!
//! In: a range and a zone. Out: days of 23, 24 or 25 hours, by which times are looked up.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::plan::VisitError;
use crate::time_window::TimeWindow;

/// Microseconds in an hour.
pub const HOUR_US: i64 = 3_600_000_000;

/// The local days of a range, oldest first; the first and the last are cut to it.
///
/// # Errors
/// When the calendar, from the years −9999 to 9999, does not hold them.
pub fn days_of(range: TimeWindow, zone: &TimeZone) -> Result<Vec<TimeWindow>, VisitError> {
    let days = LocalDays::new(range, zone)?.days.into_iter();
    let cut = days.map(|day| TimeWindow {
        start_us: day.window.start_us.max(range.start_us),
        end_us: day.window.end_us.min(range.end_us),
    });
    Ok(cut.filter(|day| day.start_us < day.end_us).collect())
}

/// Days in their order, without gaps, which cover a range.
#[derive(Debug, Clone)]
pub struct LocalDays {
    days: Vec<LocalDay>,
}

/// A local day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalDay {
    /// ISO 8601 date, e.g. `2026-11-27`.
    pub date: String,
    /// From its first µs to that of the next day; it may begin before the range.
    pub window: TimeWindow,
}

impl LocalDays {
    /// The days of `range` in `zone`.
    ///
    /// # Errors
    /// When the calendar, from the years −9999 to 9999, does not hold them.
    pub fn new(range: TimeWindow, zone: &TimeZone) -> Result<Self, VisitError> {
        Self::in_calendar(range, zone).ok_or(VisitError::NoCalendar {
            start_us: range.start_us,
        })
    }

    fn in_calendar(range: TimeWindow, zone: &TimeZone) -> Option<Self> {
        let start = Timestamp::from_microsecond(range.start_us).ok()?;
        let mut date = start.to_zoned(zone.clone()).date();
        let mut days: Vec<LocalDay> = Vec::new();
        loop {
            let next = date.tomorrow().ok()?;
            let midnight_us = |date: jiff::civil::Date| {
                let zoned = date.to_zoned(zone.clone()).ok()?;
                Some(zoned.timestamp().as_microsecond())
            };
            let window = TimeWindow {
                start_us: midnight_us(date)?,
                end_us: midnight_us(next)?,
            };
            days.push(LocalDay {
                date: date.to_string(),
                window,
            });
            if window.end_us >= range.end_us {
                return Some(Self { days });
            }
            date = next;
        }
    }

    /// How many days there are, at least 1.
    pub fn len(&self) -> usize {
        self.days.len()
    }

    /// The day with this index.
    pub fn day(&self, index: usize) -> &LocalDay {
        &self.days[index]
    }

    /// Index of the day of `ts_us`, which lies in the range.
    pub fn index_of(&self, ts_us: i64) -> usize {
        let later = self
            .days
            .partition_point(|day| day.window.start_us <= ts_us);
        later.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time_window::zone;

    #[test]
    fn the_day_of_the_clock_change_has_25_hours_and_every_time_its_day() {
        let berlin = zone("Europe/Berlin").unwrap();
        let noon_us = 1_792_836_000_000_000; // 2026-10-24T12:00 in Berlin
        let range = TimeWindow::new(noon_us, noon_us + 24 * HOUR_US).unwrap();
        let days = LocalDays::new(range, &berlin).unwrap();
        let dates: Vec<&str> = (0..days.len())
            .map(|index| days.day(index).date.as_str())
            .collect();
        assert_eq!(dates, ["2026-10-24", "2026-10-25"]);
        let change = days.day(1).window;
        assert_eq!(change.end_us - change.start_us, 25 * HOUR_US);
        assert_eq!(days.index_of(change.start_us - 1), 0);
        assert_eq!(days.index_of(change.start_us), 1);
        let cut = days_of(range, &berlin).unwrap();
        let cut: Vec<(i64, i64)> = cut.iter().map(|day| (day.start_us, day.end_us)).collect();
        let expected = [
            (range.start_us, change.start_us),
            (change.start_us, range.end_us),
        ];
        assert_eq!(cut, expected);
    }

    #[test]
    fn a_range_outside_of_the_calendar_is_refused() {
        let range = TimeWindow::new(i64::MAX - 5, i64::MAX).unwrap();
        assert!(LocalDays::new(range, &TimeZone::UTC).is_err());
    }
}
