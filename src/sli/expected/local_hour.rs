//! Local hours: the wall clock of a zone, read as if it were UTC, in whole hours since 1970.
//!
//! The hour that comes twice when the clocks go back is one local hour of two hours' length; the one
//! that is left out when they go forward has none. Rates per hour of real time stay right in both.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// µs of an hour.
pub(super) const HOUR_US: i64 = 3_600_000_000;
/// Hours of a week.
pub(super) const WEEK_HOURS: i64 = 168;
const DAY_HOURS: i64 = 24;
const EPOCH: Date = Date::constant(1970, 1, 1);

/// The wall clock of `zone` at `ts_us`, as µs since 1970 as if it were UTC. Outside of the years
/// −9999 to 9999 it is UTC's.
pub(super) fn local_us(zone: &TimeZone, ts_us: i64) -> i64 {
    let offset_s = Timestamp::from_microsecond(ts_us)
        .map_or(0, |time| i64::from(zone.to_offset(time).seconds()));
    ts_us.saturating_add(offset_s * 1_000_000)
}

/// The local hour of a wall clock.
pub(super) fn hour_of(local_us: i64) -> i64 {
    local_us.div_euclid(HOUR_US)
}

/// The first local hour of a day.
pub(super) fn first_hour(day: Date) -> i64 {
    day.duration_since(EPOCH).as_hours()
}

/// Days since 1970 of a local hour.
pub(super) fn day_of(local_hour: i64) -> i64 {
    local_hour.div_euclid(DAY_HOURS)
}

/// Days since 1970.
pub(super) fn day_number(day: Date) -> i64 {
    day_of(first_hour(day))
}

/// Cuts `[start_us, end_us)` where local hours end, and gives each piece's local hour and length, µs.
pub(super) fn each_hour(
    zone: &TimeZone,
    start_us: i64,
    end_us: i64,
    mut visit: impl FnMut(i64, i64),
) {
    let mut from_us = start_us;
    while from_us < end_us {
        let local = local_us(zone, from_us);
        let to_next_us = HOUR_US - local.rem_euclid(HOUR_US);
        let to_us = from_us.saturating_add(to_next_us).min(end_us);
        visit(hour_of(local), to_us - from_us);
        from_us = to_us;
    }
}
