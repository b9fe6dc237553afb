//! When maintenance is: an [`ExclusionPlan`], once or again and again, as stretches of time.
//!
//! In: plans, a zone and a range. Out: [`ExcludedWindow`]s, oldest first, which do not overlap.
//! What recurs keeps its local wall time over changes of the clock. The only module that speaks to
//! `rrule`, which gets local times as if they were UTC: it never sees a zone, nor a change of the
//! clock, and neither does the rest of the crate see its time types.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rrule::{Frequency, RRule, RRuleSet, Unvalidated};
use thiserror::Error;

use super::plan::ExclusionPlan;
use crate::time_window::TimeWindow;

/// A repetition that recurs more often, from its beginning on, is refused: that is no maintenance.
pub const OCCURRENCES_MAX: usize = 100_000;

/// The largest `INTERVAL`; beyond it the dates leave every calendar.
const INTERVAL_MAX: u16 = 400;

/// A stretch of time whose requests do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcludedWindow {
    /// When it is.
    pub window: TimeWindow,
    /// Why; where several overlap, all their different reasons, separated by `; `.
    pub reason: String,
}

/// Why maintenance could not be worked out.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ExclusionError {
    /// The rule cannot be read.
    #[error("exclusion `{reason}`: {message}")]
    Repeat {
        /// The maintenance's reason.
        reason: String,
        /// What is wrong, and the cure.
        message: String,
    },
    /// It recurs too often.
    #[error(
        "exclusion `{reason}` recurs more than {OCCURRENCES_MAX} times before the range ends \
         (hint: let it begin later, or give `repeat` an `UNTIL`)"
    )]
    TooMany {
        /// The maintenance's reason.
        reason: String,
    },
    /// A local time is outside the calendar.
    #[error("exclusion `{reason}` leaves the calendar")]
    Calendar {
        /// The maintenance's reason.
        reason: String,
    },
}

/// What is excluded for the SLI of this name, inside `range`: oldest first, cut to the range, and
/// merged where it overlaps or touches.
///
/// # Errors
/// When a rule cannot be read, or recurs more than [`OCCURRENCES_MAX`] times.
pub fn excluded_windows(
    plans: &[ExclusionPlan],
    sli: &str,
    zone: &TimeZone,
    range: TimeWindow,
) -> Result<Vec<ExcludedWindow>, ExclusionError> {
    let mut windows = Vec::new();
    for plan in plans {
        if plan.slis.is_empty() || plan.slis.iter().any(|name| name == sli) {
            windows.extend(occurrences(plan, zone, range)?);
        }
    }
    windows.sort_by_key(|found| (found.window.start_us, found.window.end_us));
    Ok(merged(windows))
}

/// Whether a rule can be read; see [`excluded_windows`].
///
/// # Errors
/// What is wrong with it, and the cure.
pub fn check_repeat(text: &str) -> Result<(), String> {
    // A leap day in a leap year: whatever the rule says, it fits here.
    let start = DateTime::constant(2024, 2, 29, 0, 0, 0, 0);
    let rule = RepeatRule::from_text(text)?;
    let mut set = rule
        .starting(start)
        .map_err(|error| not_a_rule(text, &error))?;
    if set.next().is_none() {
        return Err(format!(
            "`{text}` never comes (hint: leave out the part that no date fits)"
        ));
    }
    Ok(())
}

fn occurrences(
    plan: &ExclusionPlan,
    zone: &TimeZone,
    range: TimeWindow,
) -> Result<Vec<ExcludedWindow>, ExclusionError> {
    let mut windows = vec![(plan.first.start_us, plan.first.end_us)];
    if let Some(text) = &plan.repeat {
        let wrong = |message: String| ExclusionError::Repeat {
            reason: plan.reason.clone(),
            message,
        };
        let rule = RepeatRule::from_text(text).map_err(wrong)?;
        let starts = local(plan.first.start_us, zone).map(|first| rule.starting(first));
        let starts = starts.ok_or_else(|| leaves_calendar(plan))?;
        let starts = starts.map_err(|error| wrong(not_a_rule(text, &error)))?;
        let until_us = rule
            .until_us(zone)
            .unwrap_or(i64::MAX)
            .min(range.end_us - 1);
        windows.extend(repeated(plan, starts, until_us, zone)?);
    }
    let windows = windows.into_iter().map(|(start_us, end_us)| TimeWindow {
        start_us: start_us.max(range.start_us),
        end_us: end_us.min(range.end_us),
    });
    // A stretch between two local times that the change of the clock left out is none.
    let windows = windows.filter(|window| window.start_us < window.end_us);
    let excluded = windows.map(|window| ExcludedWindow {
        window,
        reason: plan.reason.clone(),
    });
    Ok(excluded.collect())
}

/// Starts and ends of all occurrences but the first, up to the last that begins at `until_us`.
fn repeated(
    plan: &ExclusionPlan,
    starts: impl Iterator<Item = DateTime>,
    until_us: i64,
    zone: &TimeZone,
) -> Result<Vec<(i64, i64)>, ExclusionError> {
    let leaves = || leaves_calendar(plan);
    let first = local(plan.first.start_us, zone).ok_or_else(leaves)?;
    let end = local(plan.first.end_us, zone).ok_or_else(leaves)?;
    let length = end.duration_since(first);
    let mut windows = Vec::new();
    for (index, start) in starts.enumerate() {
        let start_us = in_zone(start, zone).ok_or_else(leaves)?;
        if start_us > until_us {
            break;
        }
        if index >= OCCURRENCES_MAX {
            return Err(ExclusionError::TooMany {
                reason: plan.reason.clone(),
            });
        }
        let end = start.checked_add(length).map_err(|_| leaves())?;
        if start != first {
            windows.push((start_us, in_zone(end, zone).ok_or_else(leaves)?));
        }
    }
    Ok(windows)
}

fn leaves_calendar(plan: &ExclusionPlan) -> ExclusionError {
    ExclusionError::Calendar {
        reason: plan.reason.clone(),
    }
}

fn merged(windows: Vec<ExcludedWindow>) -> Vec<ExcludedWindow> {
    let mut merged: Vec<ExcludedWindow> = Vec::with_capacity(windows.len());
    for next in windows {
        match merged.last_mut() {
            Some(last) if next.window.start_us <= last.window.end_us => {
                last.window.end_us = last.window.end_us.max(next.window.end_us);
                if !last.reason.split("; ").any(|reason| reason == next.reason) {
                    last.reason = format!("{}; {}", last.reason, next.reason);
                }
            }
            Some(_) | None => merged.push(next),
        }
    }
    merged
}

/// A rule that was read. `UNTIL` is kept apart: it may be UTC, while the rest is local.
struct RepeatRule {
    text: String,
    until: Option<Until>,
}

/// The last moment at which something begins.
#[derive(Clone, Copy)]
enum Until {
    Utc(DateTime),
    Local(DateTime),
}

impl RepeatRule {
    fn from_text(text: &str) -> Result<Self, String> {
        let rule = text.trim();
        let rule = rule.strip_prefix("RRULE:").unwrap_or(rule);
        let mut until = None;
        let mut parts = Vec::new();
        for part in rule.split(';').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some((name, value)) if name.eq_ignore_ascii_case("UNTIL") => {
                    until = Some(Until::from_text(value)?);
                }
                Some(_) | None => parts.push(part),
            }
        }
        let rule = parts.join(";");
        let read: RRule<Unvalidated> = rule.parse().map_err(|error| not_a_rule(text, &error))?;
        match read.get_freq() {
            Frequency::Yearly | Frequency::Monthly | Frequency::Weekly | Frequency::Daily => {}
            Frequency::Hourly | Frequency::Minutely | Frequency::Secondly => {
                return Err(format!(
                    "`{text}` recurs more than once a day (hint: write `FREQ=DAILY;BYHOUR=1,13`)"
                ));
            }
        }
        if !(1..=INTERVAL_MAX).contains(&read.get_interval()) {
            return Err(format!(
                "`{text}` has an `INTERVAL` that is not from 1 to {INTERVAL_MAX}"
            ));
        }
        if read.get_count() == Some(0) {
            return Err(format!(
                "`{text}` has a `COUNT` of 0 (hint: leave out `repeat`)"
            ));
        }
        if until.is_some() && read.get_count().is_some() {
            return Err(format!(
                "`{text}` has both `COUNT` and `UNTIL` (hint: leave out one of them)"
            ));
        }
        Ok(Self { text: rule, until })
    }

    /// The local times at which it recurs from `start` on, oldest first.
    fn starting(
        &self,
        start: DateTime,
    ) -> Result<impl Iterator<Item = DateTime> + use<>, rrule::RRuleError> {
        let text = format!(
            "DTSTART:{}\nRRULE:{}",
            start.strftime("%Y%m%dT%H%M%SZ"),
            self.text
        );
        let set: RRuleSet = text.parse()?;
        let below_second = SignedDuration::from_nanos(i64::from(start.subsec_nanosecond()));
        // `limit` ends the search for a date that never comes.
        Ok(set.limit().into_iter().map_while(move |found| {
            let found = Timestamp::from_second(found.timestamp()).ok()?;
            let found = TimeZone::UTC.to_datetime(found);
            found.checked_add(below_second).ok()
        }))
    }

    fn until_us(&self, zone: &TimeZone) -> Option<i64> {
        match self.until? {
            Until::Utc(time) => in_zone(time, &TimeZone::UTC),
            Until::Local(time) => in_zone(time, zone),
        }
    }
}

impl Until {
    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`UNTIL={text}` is not a time (hint: write `UNTIL=20261231` or \
                 `UNTIL=20261231T225959Z`)"
            )
        };
        if let Ok(day) = Date::strptime("%Y%m%d", text) {
            // The whole last day.
            return Ok(Until::Local(day.to_datetime(Time::MAX)));
        }
        let (local, is_utc) = match text.strip_suffix('Z') {
            Some(utc) => (utc, true),
            None => (text, false),
        };
        let time = DateTime::strptime("%Y%m%dT%H%M%S", local).map_err(|_| wrong())?;
        Ok(if is_utc {
            Until::Utc(time)
        } else {
            Until::Local(time)
        })
    }
}

fn not_a_rule(text: &str, error: &rrule::RRuleError) -> String {
    let reason = error.to_string();
    let reason = reason
        .split_once(": ")
        .map_or(reason.as_str(), |split| split.1);
    format!(
        "`{text}` is not an RFC 5545 rule: {} (hint: write `FREQ=WEEKLY;BYDAY=SU`)",
        reason.trim_end_matches('.')
    )
}

fn local(ts_us: i64, zone: &TimeZone) -> Option<DateTime> {
    let timestamp = Timestamp::from_microsecond(ts_us).ok()?;
    Some(zone.to_datetime(timestamp))
}

/// A local time that is left out is as far behind the change of the clock as it would be without;
/// of two equal ones the first is meant: RFC 5545, section 3.3.5.
fn in_zone(time: DateTime, zone: &TimeZone) -> Option<i64> {
    let zoned = time.to_zoned(zone.clone()).ok()?;
    Some(zoned.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    fn plan(from: &str, to: &str, repeat: Option<&str>) -> ExclusionPlan {
        ExclusionPlan {
            reason: "patches".to_owned(),
            first: TimeWindow::new(at(from), at(to)).unwrap(),
            repeat: repeat.map(str::to_owned),
            slis: Vec::new(),
        }
    }

    fn year(year: i16) -> TimeWindow {
        TimeWindow::new(
            at(&format!("{year}-01-01T00:00:00Z")),
            at(&format!("{}-01-01T00:00:00Z", year + 1)),
        )
        .unwrap()
    }

    fn starts(plans: &[ExclusionPlan], range: TimeWindow) -> Vec<String> {
        let windows = excluded_windows(plans, "any", &berlin(), range).unwrap();
        let starts = windows.iter().map(|found| {
            let start = Timestamp::from_microsecond(found.window.start_us).unwrap();
            let minutes = (found.window.end_us - found.window.start_us) / 60_000_000;
            format!("{start} {minutes}")
        });
        starts.collect()
    }

    #[test]
    fn maintenance_keeps_its_local_time_over_both_changes_of_the_clock() {
        // 01:00 to 05:00 in Berlin on Sundays: 3 hours when the clock goes forward, 5 when back.
        let rule = Some("FREQ=WEEKLY;BYDAY=SU;COUNT=3");
        assert_eq!(
            starts(
                &[plan("2026-03-22T00:00:00Z", "2026-03-22T04:00:00Z", rule)],
                year(2026)
            ),
            [
                "2026-03-22T00:00:00Z 240",
                "2026-03-29T00:00:00Z 180",
                "2026-04-04T23:00:00Z 240"
            ]
        );
        assert_eq!(
            starts(
                &[plan("2026-10-17T23:00:00Z", "2026-10-18T03:00:00Z", rule)],
                year(2026)
            ),
            [
                "2026-10-17T23:00:00Z 240",
                "2026-10-24T23:00:00Z 300",
                "2026-11-01T00:00:00Z 240"
            ]
        );
    }

    #[test]
    fn a_local_time_that_does_not_exist_is_behind_the_change() {
        // 02:30 to 04:00 daily: on 29 March 02:30 is 03:30 summer time.
        let rule = Some("FREQ=DAILY;COUNT=2");
        let daily = plan("2026-03-28T01:30:00Z", "2026-03-28T03:00:00Z", rule);
        assert_eq!(
            starts(&[daily], year(2026)),
            ["2026-03-28T01:30:00Z 90", "2026-03-29T01:30:00Z 30"]
        );
        // 02:00 to 02:30 does not exist at all there, and is one half hour later.
        let short = plan("2026-03-28T01:00:00Z", "2026-03-28T01:30:00Z", rule);
        assert_eq!(
            starts(&[short], year(2026)),
            ["2026-03-28T01:00:00Z 30", "2026-03-29T01:00:00Z 30"]
        );
    }

    #[test]
    fn until_is_included_in_each_of_its_forms() {
        // 02:00 in Berlin from Monday, 5 January 2026; in winter that is 01:00 UTC.
        let table = [
            ("FREQ=DAILY;UNTIL=20260108", 4),
            ("FREQ=DAILY;UNTIL=20260108T020000", 4),
            ("FREQ=DAILY;UNTIL=20260108T010000Z", 4),
            ("FREQ=DAILY;UNTIL=20260108T005959Z", 3),
            ("RRULE:FREQ=DAILY;COUNT=4", 4),
            ("FREQ=DAILY;INTERVAL=2;COUNT=4", 4),
            ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;UNTIL=20260118", 10),
            ("FREQ=MONTHLY;BYDAY=1MO", 12),
            ("FREQ=YEARLY;BYMONTH=11;BYDAY=4FR", 2),
            ("FREQ=WEEKLY;BYDAY=MO;BYHOUR=2,14;COUNT=6", 6),
        ];
        for (rule, count) in table {
            assert_eq!(check_repeat(rule), Ok(()), "{rule}");
            let first = plan("2026-01-05T01:00:00Z", "2026-01-05T02:00:00Z", Some(rule));
            assert_eq!(starts(&[first], year(2026)).len(), count, "{rule}");
        }
    }

    #[test]
    fn a_rule_that_began_long_ago_is_cut_to_the_range() {
        let weekly = plan(
            "2010-01-02T22:00:00Z",
            "2010-01-03T06:00:00Z",
            Some("FREQ=WEEKLY"),
        );
        let day = TimeWindow::new(at("2026-11-22T00:00:00Z"), at("2026-11-23T00:00:00Z")).unwrap();
        assert_eq!(starts(&[weekly], day), ["2026-11-22T00:00:00Z 360"]);
        let once = plan("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z", None);
        assert_eq!(starts(&[once], day), ["2026-11-22T10:00:00Z 60"]);
    }

    #[test]
    fn overlapping_and_touching_maintenance_is_one() {
        let mut other = plan("2026-01-05T02:00:00Z", "2026-01-05T03:00:00Z", None);
        other.reason = "move".to_owned();
        let inside = plan("2026-01-05T02:10:00Z", "2026-01-05T02:20:00Z", None);
        let first = plan("2026-01-05T01:00:00Z", "2026-01-05T02:00:00Z", None);
        let windows =
            excluded_windows(&[other, inside, first], "any", &berlin(), year(2026)).unwrap();
        assert_eq!(windows.len(), 1);
        assert_eq!(windows[0].reason, "patches; move");
        assert_eq!(windows[0].window.length_s(), 7_200.0);
    }

    #[test]
    fn maintenance_holds_for_the_slis_that_it_names() {
        let mut some = plan("2026-01-05T02:00:00Z", "2026-01-05T03:00:00Z", None);
        some.slis = vec!["orders".to_owned()];
        let plans = [some];
        let found = |sli| {
            excluded_windows(&plans, sli, &berlin(), year(2026))
                .unwrap()
                .len()
        };
        assert_eq!((found("orders"), found("carts")), (1, 0));
    }

    #[test]
    fn a_rule_that_cannot_be_read_says_what_is_wrong_and_the_cure() {
        let table = [
            ("", "FREQ"),
            ("WEEKLY", "not an RFC 5545 rule"),
            ("FREQ=WEEKLY;BYDAY=SX", "SX"),
            ("FREQ=WEEKLY;BYDAY=SU;BYDAY=MO", "uplicate"),
            ("FREQ=WEEKLY;FOO=1", "FOO"),
            ("FREQ=HOURLY", "more than once a day"),
            ("FREQ=DAILY;INTERVAL=0", "INTERVAL"),
            ("FREQ=DAILY;COUNT=0", "COUNT"),
            ("FREQ=DAILY;COUNT=2;UNTIL=20260101", "both"),
            ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL=tomorrow"),
            ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never"),
            ("FREQ=YEARLY;INTERVAL=400;BYMONTH=2;BYMONTHDAY=30", "never"),
            ("FREQ=DAILY\nRDATE:20260101T000000Z", "not an RFC 5545 rule"),
        ];
        for (rule, part) in table {
            let message = check_repeat(rule).unwrap_err();
            assert!(message.contains(part), "{rule}: {message}");
            let first = plan("2026-01-05T01:00:00Z", "2026-01-05T02:00:00Z", Some(rule));
            let found = excluded_windows(&[first], "any", &berlin(), year(2026));
            assert!(found.is_err() || part == "never", "{rule}");
        }
    }

    #[test]
    fn maintenance_that_recurs_too_often_is_refused() {
        let every_second = "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,\
             21,22,23;BYMINUTE=0,10,20,30,40,50;BYSECOND=0,15,30,45";
        let often = plan(
            "2024-01-05T01:00:00Z",
            "2024-01-05T01:00:01Z",
            Some(every_second),
        );
        let found = excluded_windows(&[often], "any", &berlin(), year(2026));
        assert!(matches!(found, Err(ExclusionError::TooMany { .. })));
    }
}
