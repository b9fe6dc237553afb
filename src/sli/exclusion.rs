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
    let zone = plan.time_zone.as_ref().unwrap_or(zone);
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
mod tests;
