//! One created time of an export, as it is written.
//!
//! In: the text of a cell. Out: its parts, or why it is no time. Which of `03/04/2026` is the day and in
//! which zone a time without an offset is, only the whole column tells: see `created`.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};

/// The longest cell that is looked at, in bytes; no time is longer.
const CELL_BYTES_MAX: usize = 64;
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
/// Numbers without separators are seconds up to here (the year 5138), then milliseconds.
const EPOCH_S_MAX: i64 = 99_999_999_999;
/// Numbers below are no time of a ticket: 2001-09-09.
const EPOCH_S_MIN: i64 = 1_000_000_000;

/// A created time, as far as one cell tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// A moment: seconds or milliseconds since 1970.
    Epoch(i64),
    /// A date and a time of day.
    Clock {
        /// The date.
        date: WrittenDate,
        /// The time of day.
        time: Time,
        /// Seconds east of UTC; `None` where the cell names no zone.
        offset_s: Option<i32>,
    },
}

/// A date, as far as one cell tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrittenDate {
    /// Year, month and day are told apart.
    Known(Date),
    /// Two numbers of which one is the day, and a year.
    Either {
        /// The number that is written first.
        first: i8,
        /// The number that is written second.
        second: i8,
        /// The year.
        year: i16,
    },
}

/// Which of two numbers is the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayOrder {
    /// `27/11/2026`.
    DayFirst,
    /// `11/27/2026`.
    MonthFirst,
}

impl WrittenDate {
    /// The date; `None` where there is no such day.
    pub fn date(self, order: DayOrder) -> Option<Date> {
        match (self, order) {
            (Self::Known(date), _) => Some(date),
            (
                Self::Either {
                    first,
                    second,
                    year,
                },
                DayOrder::DayFirst,
            ) => Date::new(year, second, first).ok(),
            (
                Self::Either {
                    first,
                    second,
                    year,
                },
                DayOrder::MonthFirst,
            ) => Date::new(year, first, second).ok(),
        }
    }
}

/// Reads a cell.
///
/// # Errors
/// What is wrong with it, as words that follow "the time".
pub fn read(text: &str) -> Result<Written, &'static str> {
    let text = text.trim();
    if text.len() > CELL_BYTES_MAX {
        return Err("is too long for a time");
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return epoch(text);
    }
    if let Ok(moment) = text.parse::<Timestamp>()
        && let Ok(local) = text_before_offset(text).parse::<DateTime>()
    {
        let local_us = jiff::tz::TimeZone::UTC.to_timestamp(local);
        let offset_us =
            local_us.map_or(0, |local| local.as_microsecond() - moment.as_microsecond());
        return Ok(Written::Clock {
            date: WrittenDate::Known(local.date()),
            time: local.time(),
            offset_s: i32::try_from(offset_us / 1_000_000).ok(),
        });
    }
    let mut parts = Parts::default();
    for token in tokens(text) {
        parts.take(token)?;
    }
    parts.finish()
}

fn epoch(text: &str) -> Result<Written, &'static str> {
    let number: i64 = text.parse().map_err(|_| "is no time")?;
    let (seconds, factor) = if number > EPOCH_S_MAX {
        (number / 1_000, 1_000)
    } else {
        (number, 1_000_000)
    };
    if !(EPOCH_S_MIN..=EPOCH_S_MAX).contains(&seconds) {
        return Err("is a number that is no time");
    }
    Ok(Written::Epoch(number * factor))
}

/// `2026-11-27T08:00:00` of `2026-11-27T08:00:00+01:00`.
fn text_before_offset(text: &str) -> &str {
    let time_at = text.find(['T', 't', ' ']).unwrap_or(0);
    let offset_at = text[time_at..].find(['Z', 'z', '+', '-']);
    offset_at.map_or(text, |at| &text[..time_at + at])
}

/// Words and numbers, apart at spaces, commas, and at the `T` between two digits.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let is_digit =
        |at: Option<usize>| at.is_some_and(|at| bytes.get(at).is_some_and(u8::is_ascii_digit));
    let mut starts_at = 0;
    let mut tokens = Vec::new();
    for (at, char) in text.char_indices() {
        let is_between = char == 'T' && is_digit(at.checked_sub(1)) && is_digit(Some(at + 1));
        if char.is_whitespace() || char == ',' || is_between {
            tokens.push(&text[starts_at..at]);
            starts_at = at + char.len_utf8();
        }
    }
    tokens.push(&text[starts_at..]);
    tokens.into_iter().filter(|token| !token.is_empty())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Morning,
    Afternoon,
}

#[derive(Default)]
struct Parts<'a> {
    date: Option<WrittenDate>,
    /// Of dates in words: `27 Nov 2026`, `Nov 27, 2026`.
    loose: Vec<&'a str>,
    time: Option<(i8, i8, i8, i32)>,
    half: Option<Half>,
    offset_s: Option<i32>,
}

impl<'a> Parts<'a> {
    fn take(&mut self, token: &'a str) -> Result<(), &'static str> {
        if let Some(half) = half(token) {
            self.half = Some(half);
        } else if let Some(offset_s) = offset(token) {
            self.offset_s = Some(offset_s);
        } else if token.contains(':') {
            self.take_time(token)?;
        } else if token.bytes().any(|byte| matches!(byte, b'/' | b'-' | b'.'))
            && self.date.is_none()
        {
            self.date = Some(date(token)?);
        } else if is_weekday(token) {
        } else if month(token).is_some() || token.bytes().all(|byte| byte.is_ascii_digit()) {
            self.loose.push(token);
        } else if token.chars().all(char::is_alphabetic) && self.time.is_some() {
            return Err("has a zone that is no exact offset");
        } else {
            return Err("is no time");
        }
        Ok(())
    }

    /// `08:15`, `8:15:30.123`, `08:15:30+01:00`, `8:15PM`.
    fn take_time(&mut self, token: &str) -> Result<(), &'static str> {
        let is_clock = |char: char| char.is_ascii_digit() || char == ':' || char == '.';
        let end = token.find(|char| !is_clock(char)).unwrap_or(token.len());
        let (clock, rest) = token.split_at(end);
        if !rest.is_empty() {
            match (half(rest), offset(rest)) {
                (Some(half), _) => self.half = Some(half),
                (None, Some(offset_s)) => self.offset_s = Some(offset_s),
                (None, None) => return Err("is no time"),
            }
        }
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
        let mut numbers = clock.split(':').map(two_digits);
        let hour = numbers.next().flatten();
        let minute = numbers.next().flatten();
        let second = numbers.next().unwrap_or(Some(0));
        let (Some(hour), Some(minute), Some(second), None) = (hour, minute, second, numbers.next())
        else {
            return Err("is no time");
        };
        let nanosecond = nanoseconds(fraction).ok_or("is no time")?;
        self.time = Some((hour, minute, second, nanosecond));
        Ok(())
    }

    fn finish(self) -> Result<Written, &'static str> {
        let date = match (self.date, self.loose.as_slice()) {
            (Some(date), []) => date,
            (None, [day, name, year]) if month(name).is_some() => named_date(day, name, year)?,
            (None, [name, day, year]) if month(name).is_some() => named_date(day, name, year)?,
            _ => return Err("is no time"),
        };
        let (hour, minute, second, nanosecond) =
            self.time.ok_or("is a date and has no time of day")?;
        let hour = match (self.half, hour) {
            (None, hour) => hour,
            (Some(Half::Morning), 12) => 0,
            (Some(Half::Afternoon), 12) => 12,
            (Some(Half::Morning), hour @ 1..=11) => hour,
            (Some(Half::Afternoon), hour @ 1..=11) => hour + 12,
            (Some(_), _) => return Err("is no time"),
        };
        let time = Time::new(hour, minute, second.min(59), nanosecond).map_err(|_| "is no time")?;
        Ok(Written::Clock {
            date,
            time,
            offset_s: self.offset_s,
        })
    }
}

fn half(token: &str) -> Option<Half> {
    match token.to_ascii_lowercase().as_str() {
        "am" | "a.m." => Some(Half::Morning),
        "pm" | "p.m." => Some(Half::Afternoon),
        _ => None,
    }
}

/// Seconds east of UTC of `Z`, `UTC`, `+01:00`, `-0800`, `GMT+1`.
fn offset(token: &str) -> Option<i32> {
    let token = token.trim_start_matches('(').trim_end_matches(')');
    let upper = token.to_ascii_uppercase();
    if matches!(upper.as_str(), "Z" | "UTC" | "GMT") {
        return Some(0);
    }
    let signed = upper
        .strip_prefix("UTC")
        .or_else(|| upper.strip_prefix("GMT"))
        .unwrap_or(&upper);
    let (sign, digits) = match signed.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some((hours, minutes)), _) => (hours, minutes),
        (None, 1 | 2) => (digits, "0"),
        (None, 4) => digits.split_at_checked(2)?,
        (None, _) => return None,
    };
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    let is_offset = hours <= 18 && minutes <= 59;
    is_offset.then(|| sign * (i32::from(hours) * 3_600 + i32::from(minutes) * 60))
}

/// `2026-11-27`, `27/Nov/26`, `27.11.2026`, `11/27/2026`.
fn date(token: &str) -> Result<WrittenDate, &'static str> {
    const NO_DATE: &str = "is no time";
    let separator = token.find(['/', '-', '.']).ok_or(NO_DATE)?;
    let separator = token[separator..].chars().next().ok_or(NO_DATE)?;
    let parts: Vec<&str> = token.split(separator).collect();
    let [first, second, third] = parts[..] else {
        return Err(NO_DATE);
    };
    if first.len() == 4 {
        let year: i16 = first.parse().map_err(|_| NO_DATE)?;
        let (month, day) = (two_digits(second), two_digits(third));
        let (Some(month), Some(day)) = (month, day) else {
            return Err(NO_DATE);
        };
        let date = Date::new(year, month, day).map_err(|_| "names a day that does not exist")?;
        return Ok(WrittenDate::Known(date));
    }
    if month(second).is_some() {
        return named_date(first, second, third);
    }
    let (Some(first), Some(second)) = (two_digits(first), two_digits(second)) else {
        return Err(NO_DATE);
    };
    let year = year(third).ok_or(NO_DATE)?;
    let either = WrittenDate::Either {
        first,
        second,
        year,
    };
    let by = |order| either.date(order);
    match (separator, by(DayOrder::DayFirst), by(DayOrder::MonthFirst)) {
        ('.', Some(date), _) => Ok(WrittenDate::Known(date)),
        ('.', None, _) | (_, None, None) => Err("names a day that does not exist"),
        _ => Ok(either),
    }
}

fn named_date(day: &str, name: &str, year_text: &str) -> Result<WrittenDate, &'static str> {
    let (day, month, year) = (two_digits(day), month(name), year(year_text));
    let (Some(day), Some(month), Some(year)) = (day, month, year) else {
        return Err("is no time");
    };
    let date = Date::new(year, month, day).map_err(|_| "names a day that does not exist")?;
    Ok(WrittenDate::Known(date))
}

/// January is 1; names may be whole or cut after three letters.
fn month(name: &str) -> Option<i8> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let short = name.get(..3)?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphabetic());
    let index = MONTHS.iter().position(|known| *known == short)?;
    is_name.then(|| i8::try_from(index + 1).ok()).flatten()
}

fn is_weekday(token: &str) -> bool {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let lower = token.to_ascii_lowercase();
    lower.get(..3).is_some_and(|short| DAYS.contains(&short))
        && lower.ends_with(|char: char| char.is_ascii_alphabetic())
}

/// `26` is 2026: no ticket system is older than 2000.
fn year(text: &str) -> Option<i16> {
    let number: i16 = text.parse().ok()?;
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match (is_digits, text.len()) {
        (true, 2) => Some(2_000 + number),
        (true, 4) => Some(number),
        _ => None,
    }
}

fn two_digits(text: &str) -> Option<i8> {
    let is_digits = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().ok()).flatten()
}

/// Of the digits behind the point, the first nine.
fn nanoseconds(fraction: &str) -> Option<i32> {
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nine: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    nine.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        match read(text) {
            Err(why) => why.to_owned(),
            Ok(Written::Epoch(us)) => format!("{us}"),
            Ok(Written::Clock {
                date,
                time,
                offset_s,
            }) => {
                let date = match date {
                    WrittenDate::Known(date) => date.to_string(),
                    WrittenDate::Either {
                        first,
                        second,
                        year,
                    } => format!("{first}?{second}?{year}"),
                };
                format!("{date} {time} {offset_s:?}")
            }
        }
    }

    #[test]
    fn times_of_exports_are_read_as_they_are_written() {
        for (text, expected) in [
            ("2026-11-27T08:00:00Z", "2026-11-27 08:00:00 Some(0)"),
            (
                "2026-11-27T09:00:00.250+01:00",
                "2026-11-27 09:00:00.25 Some(3600)",
            ),
            ("2026-11-27 08:00:00 UTC", "2026-11-27 08:00:00 Some(0)"),
            (
                "2026-11-27 08:00:00 -0800",
                "2026-11-27 08:00:00 Some(-28800)",
            ),
            (
                "2026-11-27T08:00:00.000+0000",
                "2026-11-27 08:00:00 Some(0)",
            ),
            ("2026-11-27T08:00", "2026-11-27 08:00:00 None"),
            ("2026-11-27 08:00:07", "2026-11-27 08:00:07 None"),
            ("27/Nov/26 8:15 PM", "2026-11-27 20:15:00 None"),
            ("27/Nov/2026 12:15 AM", "2026-11-27 00:15:00 None"),
            ("27.11.2026 08:15", "2026-11-27 08:15:00 None"),
            ("11/27/2026 8:15 PM", "11?27?2026 20:15:00 None"),
            ("3/4/26 08:15", "3?4?2026 08:15:00 None"),
            ("Nov 27, 2026 8:15PM", "2026-11-27 20:15:00 None"),
            ("27 November 2026 08:15", "2026-11-27 08:15:00 None"),
            (
                "Fri, 27 Nov 2026 08:15:00 +0100",
                "2026-11-27 08:15:00 Some(3600)",
            ),
            (
                "2026-11-27 08:00:00 GMT+2",
                "2026-11-27 08:00:00 Some(7200)",
            ),
            (
                "2026-11-27 08:00:00 (UTC+05:30)",
                "2026-11-27 08:00:00 Some(19800)",
            ),
            ("1795766401", "1795766401000000"),
            ("1795766401250", "1795766401250000"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_exact_time_says_why() {
        for (text, why) in [
            ("2026-11-27", "is a date and has no time of day"),
            ("27/Nov/26", "is a date and has no time of day"),
            ("2026-02-30 08:00", "names a day that does not exist"),
            ("2026-11-27 08:00 CET", "has a zone that is no exact offset"),
            ("17", "is a number that is no time"),
            ("yesterday", "is no time"),
            ("25:00", "is no time"),
            ("2026-11-27 13:00 PM", "is no time"),
            ("2026-11-27 24:10", "is no time"),
            ("", "is no time"),
        ] {
            assert_eq!(shown(text), why, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>(), like in "[0-9/:. TZ+PMAapmNov-]{0,30}") {
            let _ = (read(&text), read(&like));
        }

        #[test]
        fn a_moment_with_its_offset_is_found_again(second in 1_000_000_000_i64..4_000_000_000, quarters in -48_i64..=56) {
            let offset = jiff::tz::Offset::from_seconds(i32::try_from(quarters * 900).unwrap()).unwrap();
            let zoned = Timestamp::from_second(second).unwrap().to_zoned(offset.to_time_zone());
            for form in ["%Y-%m-%dT%H:%M:%S%:z", "%d/%b/%y %I:%M:%S %p %z", "%a, %d %b %Y %H:%M:%S %z"] {
                let text = zoned.strftime(form).to_string();
                let Ok(Written::Clock { date, time, offset_s: Some(offset_s) }) = read(&text) else {
                    panic!("{text}");
                };
                let local = date.date(DayOrder::DayFirst).unwrap().to_datetime(time);
                let utc = jiff::tz::TimeZone::UTC.to_timestamp(local).unwrap();
                prop_assert_eq!(utc.as_second() - i64::from(offset_s), second, "{}", text);
            }
        }
    }
}
