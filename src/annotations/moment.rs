//! The times of an annotation: exact, or refused. A local time that the clocks skipped or showed twice
//! is no exact time.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// Why a text is no exact time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MomentProblem {
    /// What is wrong.
    pub(super) message: String,
    /// What to write.
    pub(super) hint: String,
}

const WITH_OFFSET: &str = "`2026-11-27T08:00:00Z` or `2026-11-27T09:00:00+01:00`";

/// UTC µs of an RFC 3339 time; of a local time, or a date's midnight, in `zone` where there is one.
pub(super) fn moment_us(text: &str, zone: Option<&TimeZone>) -> Result<i64, MomentProblem> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time.as_microsecond());
    }
    let local = local_time(text).ok_or_else(|| MomentProblem {
        message: format!("`{}` is not a time", shown(text)),
        hint: format!("write {WITH_OFFSET}"),
    })?;
    let zone = zone.ok_or_else(|| MomentProblem {
        message: format!("`{}` has no time zone", shown(text)),
        hint: format!("write {WITH_OFFSET}, or name the zone of local times with `--tz`"),
    })?;
    let ambiguous = zone.to_ambiguous_zoned(local);
    let is_unclear = ambiguous.is_ambiguous();
    ambiguous
        .unambiguous()
        .map(|zoned| zoned.timestamp().as_microsecond())
        .map_err(|_| MomentProblem {
            message: if is_unclear {
                format!(
                    "`{}` is a time that the clocks skip or show twice",
                    shown(text)
                )
            } else {
                format!("`{}` is not a time", shown(text))
            },
            hint: format!("write its offset: {WITH_OFFSET}"),
        })
}

/// A date, or a date and a time, and nothing after it: the parser reads over a zone in brackets.
fn local_time(text: &str) -> Option<DateTime> {
    if text.contains('[') {
        return None;
    }
    let date = || Some(text.parse::<Date>().ok()?.to_datetime(Time::midnight()));
    text.parse::<DateTime>().ok().or_else(date)
}

/// A text for a message: on one line, not too long, and without what changes a terminal.
pub(super) fn shown(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let visible = |char: char| if char.is_control() { '\u{FFFD}' } else { char };
    let mut shown: String = text.chars().take(CHARS_MAX).map(visible).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time_window::{rfc3339, zone};

    #[test]
    fn times_are_exact_or_refused() {
        let berlin = zone("Europe/Berlin").unwrap();
        for (text, expected) in [
            ("2026-11-27T08:00:00Z", "2026-11-27T08:00:00Z"),
            ("2026-11-27T09:00+01:00", "2026-11-27T08:00:00Z"),
            ("2026-11-27 09:00:00", "2026-11-27T08:00:00Z"),
            ("2026-11-27T09:00", "2026-11-27T08:00:00Z"),
            ("2026-07-01", "2026-06-30T22:00:00Z"),
            ("2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00Z"),
            (
                "2026-10-25T02:30",
                "`2026-10-25T02:30` is a time that the clocks skip or show twice",
            ),
            (
                "2026-03-29T02:30",
                "`2026-03-29T02:30` is a time that the clocks skip or show twice",
            ),
            (
                "2026-11-27T09:00[Asia/Tokyo]",
                "`2026-11-27T09:00[Asia/Tokyo]` is not a time",
            ),
            ("27.11.2026", "`27.11.2026` is not a time"),
            ("-7d", "`-7d` is not a time"),
            ("\u{1b}[31m", "`\u{FFFD}[31m` is not a time"),
            ("", "`` is not a time"),
        ] {
            let found = match moment_us(text, Some(&berlin)) {
                Ok(ts_us) => rfc3339(ts_us),
                Err(problem) => problem.message,
            };
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn without_a_zone_a_time_must_have_its_offset() {
        let problem = moment_us("2026-11-27T09:00", None).unwrap_err();
        assert_eq!(problem.message, "`2026-11-27T09:00` has no time zone");
        assert_eq!(
            problem.hint,
            "write `2026-11-27T08:00:00Z` or `2026-11-27T09:00:00+01:00`, or name the zone of local times with `--tz`"
        );
    }
}
