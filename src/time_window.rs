//! Half-open stretches of time `[start, end)` in UTC µs, and how a user writes them.
//!
//! In: RFC 3339 times, dates, `-7d`, ISO weeks such as `2026-W47`, and a named zone. Out: a
//! [`TimeWindow`]. It never reads a clock: the present is passed in.

use jiff::civil::{Date, DateTime, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use thiserror::Error;

/// Microseconds in a second.
pub const US_PER_S: i64 = 1_000_000;

/// A stretch of time from `start_us`, inclusive, to `end_us`, exclusive; UTC µs since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeWindow {
    /// First µs inside.
    pub start_us: i64,
    /// First µs after it; never before `start_us`.
    pub end_us: i64,
}

/// A time that could not be understood.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TimeError {
    /// The text is no time.
    #[error("`{0}` is not a time (hint: write `2026-11-27T08:00:00Z`, `2026-11-27` or `-7d`)")]
    NotATime(String),
    /// The text is no ISO week.
    #[error("`{0}` is not an ISO week (hint: write `2026-W47`)")]
    NotAWeek(String),
    /// The text names no time zone that this machine knows.
    #[error("unknown time zone `{0}` (hint: write `UTC` or an IANA name such as `Europe/Berlin`)")]
    UnknownZone(String),
    /// The range ends before it begins.
    #[error("the range ends at {end} which is not after its start {start}")]
    Backwards {
        /// Start as RFC 3339.
        start: String,
        /// End as RFC 3339.
        end: String,
    },
}

impl TimeWindow {
    /// The stretch from `start_us` to `end_us`.
    ///
    /// # Errors
    /// When the end is not after the start.
    pub fn new(start_us: i64, end_us: i64) -> Result<Self, TimeError> {
        if end_us <= start_us {
            return Err(TimeError::Backwards {
                start: rfc3339(start_us),
                end: rfc3339(end_us),
            });
        }
        Ok(Self { start_us, end_us })
    }

    /// Its length in seconds.
    #[must_use]
    pub fn length_s(self) -> f64 {
        seconds(self.end_us - self.start_us)
    }

    /// Whether `ts_us` is inside.
    #[must_use]
    pub fn contains(self, ts_us: i64) -> bool {
        (self.start_us..self.end_us).contains(&ts_us)
    }
}

/// Microseconds as seconds.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    reason = "2^53 µs are 285 years; a stretch of time is shorter"
)]
pub fn seconds(duration_us: i64) -> f64 {
    duration_us as f64 / 1e6
}

/// `ts_us` as RFC 3339 in UTC with µs only where there are any; the number itself when it lies
/// outside the years −9999 to 9999.
#[must_use]
pub fn rfc3339(ts_us: i64) -> String {
    Timestamp::from_microsecond(ts_us).map_or_else(|_| ts_us.to_string(), |time| time.to_string())
}

/// The zone with the IANA name `name`.
///
/// # Errors
/// When this machine knows no such zone.
pub fn zone(name: &str) -> Result<TimeZone, TimeError> {
    if name.eq_ignore_ascii_case("utc") {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name).map_err(|_| TimeError::UnknownZone(name.to_owned()))
}

/// A point in time as a user writes it: RFC 3339, a local time or date in `zone`, or an age such
/// as `-7d`, `-12h`, `-30m` before `now_us`. UTC µs since 1970.
///
/// # Errors
/// When the text is none of these.
pub fn parse_time(text: &str, zone: &TimeZone, now_us: i64) -> Result<i64, TimeError> {
    let not_a_time = || TimeError::NotATime(text.to_owned());
    if let Some(age) = text.strip_prefix('-') {
        let age_us = parse_age_us(age).ok_or_else(not_a_time)?;
        return now_us.checked_sub(age_us).ok_or_else(not_a_time);
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time.as_microsecond());
    }
    let local = match text.parse::<DateTime>() {
        Ok(local) => local,
        Err(_) => text
            .parse::<Date>()
            .map_err(|_| not_a_time())?
            .to_datetime(jiff::civil::Time::midnight()),
    };
    let zoned = local
        .to_zoned(zone.clone())
        .map_err(|_| TimeError::NotATime(text.to_owned()))?;
    Ok(zoned.timestamp().as_microsecond())
}

fn parse_age_us(age: &str) -> Option<i64> {
    let (number, unit) = age.split_at_checked(age.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok()?;
    let unit_s = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    number.checked_mul(unit_s)?.checked_mul(US_PER_S)
}

/// The ISO week `2026-W47` in `zone`: Monday 00:00 to the next Monday 00:00, so 167 or 169 hours
/// long where the clocks change.
///
/// # Errors
/// When the text is no ISO week.
pub fn parse_week(text: &str, zone: &TimeZone) -> Result<TimeWindow, TimeError> {
    let not_a_week = || TimeError::NotAWeek(text.to_owned());
    let (year, week) = text.split_once("-W").ok_or_else(not_a_week)?;
    let year: i16 = year.parse().map_err(|_| not_a_week())?;
    let week: i8 = week.parse().map_err(|_| not_a_week())?;
    let monday = ISOWeekDate::new(year, week, Weekday::Monday)
        .map_err(|_| not_a_week())?
        .date();
    let next_monday = monday.checked_add(7.days()).map_err(|_| not_a_week())?;
    let midnight_us = |date: Date| {
        date.to_zoned(zone.clone())
            .map(|zoned| zoned.timestamp().as_microsecond())
            .map_err(|_| not_a_week())
    };
    TimeWindow::new(midnight_us(monday)?, midnight_us(next_monday)?)
}

/// The present in UTC µs since 1970, for the outermost layer only.
#[must_use]
pub fn now_us() -> i64 {
    Timestamp::now().as_microsecond()
}

/// `duration_us` in words for people, e.g. `1m 3s`.
#[must_use]
pub fn in_words(duration_us: i64) -> String {
    let duration = SignedDuration::from_micros(duration_us);
    let whole = SignedDuration::from_secs(duration.as_secs());
    format!("{whole:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_US: i64 = 1_795_000_000_000_000;

    fn parse(text: &str) -> Result<i64, TimeError> {
        parse_time(text, &TimeZone::UTC, NOW_US)
    }

    #[test]
    fn times_are_read_in_every_documented_form() {
        let noon = 1_795_780_800_000_000;
        assert_eq!(parse("2026-11-27T12:00:00Z"), Ok(noon));
        assert_eq!(parse("2026-11-27T13:00:00+01:00"), Ok(noon));
        assert_eq!(parse("2026-11-27T12:00:00"), Ok(noon));
        assert_eq!(parse("2026-11-27"), Ok(noon - 12 * 3_600 * US_PER_S));
        assert_eq!(parse("-7d"), Ok(NOW_US - 7 * 86_400 * US_PER_S));
    }

    #[test]
    fn nonsense_is_no_time_and_the_message_says_what_to_write() {
        for text in [
            "",
            "-",
            "-7",
            "-7x",
            "yesterday",
            "2026-13-01",
            "-99999999999999999999d",
        ] {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains("hint: write"), "{text}: {message}");
        }
    }

    #[test]
    fn a_week_runs_from_monday_to_monday() {
        let week = parse_week("2026-W47", &TimeZone::UTC).unwrap();
        assert_eq!(rfc3339(week.start_us), "2026-11-16T00:00:00Z");
        assert_eq!(rfc3339(week.end_us), "2026-11-23T00:00:00Z");
    }

    #[test]
    fn the_week_of_the_clock_change_is_an_hour_longer() {
        let zone = zone("Europe/Berlin").unwrap();
        let week = parse_week("2026-W43", &zone).unwrap();
        assert!((week.length_s() - 169.0 * 3_600.0).abs() < 1e-9);
    }

    #[test]
    fn weeks_that_do_not_exist_are_refused() {
        for text in ["2026-47", "2026-W00", "2026-W54", "W47", "2026-W"] {
            assert!(parse_week(text, &TimeZone::UTC).is_err(), "{text}");
        }
    }

    #[test]
    fn an_unknown_zone_is_named() {
        assert_eq!(
            zone("Mars/Olympus").unwrap_err().to_string(),
            "unknown time zone `Mars/Olympus` (hint: write `UTC` or an IANA name such as `Europe/Berlin`)"
        );
    }

    #[test]
    fn a_range_must_end_after_its_start() {
        assert!(TimeWindow::new(5, 5).is_err());
        assert!(TimeWindow::new(5, 6).unwrap().contains(5));
        assert!(!TimeWindow::new(5, 6).unwrap().contains(6));
    }
}
