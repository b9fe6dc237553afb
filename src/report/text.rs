//! Numbers, times and foreign text as a reader sees them.
//!
//! In: a value with its unit, a moment, or a text from a log. Out: short text for a table or a
//! sentence. It never changes the meaning: a share below 1 is never shown as `100 %`, and a
//! value is never shown as equal to a limit that it is not equal to.

use std::borrow::Cow;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::page::Unit;

/// What stands where there is no value.
pub const NO_VALUE: &str = "–";

/// Separator of thousands: U+2009, a thin space.
const THIN_SPACE: char = '\u{2009}';

/// Significant digits in tables and sentences.
const SHORT_DIGITS: usize = 3;

/// Significant digits of the ends of an interval, so that a narrow one has two ends.
const INTERVAL_DIGITS: usize = 4;

/// Significant digits of a change.
const CHANGE_DIGITS: usize = 2;

/// Significant digits that hold every `f64`.
const FULL_DIGITS: usize = 17;

/// Significant digits of a value in full; more would show the noise of binary fractions.
const EXACT_DIGITS: usize = 12;

/// Writes a value with its unit in at most three significant digits, e.g. `1.23 s`, `98.8 %`.
///
/// Takes more digits where three would claim too much: a share that is not exactly 0 or 1 is
/// never shown as `0 %` or `100 %`. Counts are exact and stay whole. NaN and the infinities are
/// shown as [`NO_VALUE`].
pub fn quantity(value: f64, unit: Unit) -> String {
    quantity_apart(value, unit, &[])
}

/// Like [`quantity`], with as many digits as it takes to look different from each of `limits`
/// that it differs from, so that a missed `99.9 %` is not shown as `99.9 %`.
pub fn quantity_apart(value: f64, unit: Unit, limits: &[f64]) -> String {
    let must_differ: Vec<String> = limits
        .iter()
        .filter(|&&limit| limit != value)
        .map(|&limit| in_digits(limit, unit, EXACT_DIGITS))
        .collect();
    (SHORT_DIGITS..FULL_DIGITS)
        .map(|digits| in_digits(value, unit, digits))
        .find(|text| !must_differ.contains(text) && !claims_too_much(text, value, unit))
        .unwrap_or_else(|| in_digits(value, unit, FULL_DIGITS))
}

/// A value before and after, in as many digits as it takes to tell them apart; they are the same only where
/// the values are.
pub fn both_apart(before: f64, after: f64, unit: Unit) -> [String; 2] {
    let both = |digits: usize| [before, after].map(|value| in_digits(value, unit, digits));
    (SHORT_DIGITS..FULL_DIGITS)
        .map(both)
        .find(|[one, other]| {
            one != other
                && !claims_too_much(one, before, unit)
                && !claims_too_much(other, after, unit)
        })
        .unwrap_or_else(|| match before == after {
            true => [before, after].map(|value| quantity(value, unit)),
            false => both(FULL_DIGITS),
        })
}

/// Like [`quantity_apart`], with no more digits than `interval` carries: the last one stands in the
/// place of the first digit of half the interval's width, so 98.76 % ± 0.4 reads `98.8 %`.
///
/// Shares get as many digits as a narrow interval carries, everything else at most three.
pub fn quantity_within(
    value: f64,
    unit: Unit,
    interval: Option<[f64; 2]>,
    limits: &[f64],
) -> String {
    let apart = || quantity_apart(value, unit, limits);
    let Some(digits) =
        interval.and_then(|bounds| carried_digits(value, unit, bounds, SHORT_DIGITS))
    else {
        return apart();
    };
    let coarse = in_digits(rounded(value, digits), unit, digits);
    let must_differ = limits
        .iter()
        .filter(|&&limit| limit != value)
        .any(|&limit| in_digits(limit, unit, EXACT_DIGITS) == coarse);
    if must_differ || claims_too_much(&coarse, value, unit) {
        apart()
    } else {
        coarse
    }
}

/// Writes the two ends of a 95 % interval with the digits that its width carries and, where both
/// have the same unit, the unit once, e.g. `98.4 to 99.2 %`.
pub fn interval(bounds: [f64; 2], unit: Unit) -> String {
    let [low, high] = bounds.map(|bound| {
        let digits = carried_digits(bound, unit, bounds, INTERVAL_DIGITS).unwrap_or(SHORT_DIGITS);
        let coarse = in_digits(rounded(bound, digits), unit, digits);
        if claims_too_much(&coarse, bound, unit) {
            quantity(bound, unit)
        } else {
            coarse
        }
    });
    match (low.split_once(' '), high.split_once(' ')) {
        (Some((number, one)), Some((_, other))) if one == other => format!("{number} to {high}"),
        _ => format!("{low} to {high}"),
    }
}

/// Writes a change as a share of what was before, e.g. `+3.2 %`, `−12 %`; no change is `±0 %`.
pub fn change(share: f64) -> String {
    let text = in_digits(share, Unit::Share, CHANGE_DIGITS);
    match share {
        _ if !share.is_finite() => NO_VALUE.to_owned(),
        share if share > 0.0 => format!("+{text}"),
        share if share < 0.0 => text,
        _ => format!("±{text}"),
    }
}

/// Writes a value with its unit and all the digits it has, for a tooltip or a footnote.
pub fn quantity_in_full(value: f64, unit: Unit) -> String {
    let text = in_digits(value, unit, EXACT_DIGITS);
    if claims_too_much(&text, value, unit) {
        in_digits(value, unit, FULL_DIGITS)
    } else {
        text
    }
}

/// Writes a whole number with thin spaces between thousands, e.g. `12 345`.
pub fn count(value: u64) -> String {
    grouped(&value.to_string())
}

/// Writes a number without a unit in at most three significant digits, e.g. `0.42`, `1 240`.
pub fn number(value: f64) -> String {
    in_digits(rounded(value, SHORT_DIGITS), Unit::Count, SHORT_DIGITS)
}

/// Writes an estimated count, of which three digits are meant at most: whole from 10 on, e.g. `1 240`, with
/// one decimal below, e.g. `7.3`, so that few contacts are not none.
pub fn estimate(value: f64) -> String {
    if value.abs() < 10.0 {
        return number((value * 10.0).round() / 10.0);
    }
    number(rounded(value, SHORT_DIGITS).round())
}

/// Writes a length of time given in seconds, e.g. `14 s`, `2 min 5 s`, `3 h 20 min`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round();
    if !seconds.is_finite() || seconds < 0.0 {
        return NO_VALUE.to_owned();
    }
    if whole < 120.0 {
        return format!(
            "{} s",
            decimal(rounded(seconds, SHORT_DIGITS), SHORT_DIGITS)
        );
    }
    // A float outside the range of `u64` saturates, which is what is wanted for a duration.
    let whole = whole as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    match (hours, minutes, seconds) {
        (0, _, 0) => format!("{minutes} min"),
        (0, _, _) => format!("{minutes} min {seconds} s"),
        (_, 0, _) => format!("{} h", count(hours)),
        (_, _, _) => format!("{} h {minutes} min", count(hours)),
    }
}

/// Writes a moment: `00:41` after `start_us` where `relative`, else `2026-11-27 08:00` in UTC.
///
/// Both times are UTC µs since 1970. Offsets of an hour and more read `1:02:03`, offsets before
/// the start `−00:05`; fractions of a second are dropped.
pub fn moment(us: i64, start_us: i64, relative: bool) -> String {
    if relative {
        offset(us, start_us)
    } else {
        date(us, &TimeZone::UTC)
    }
}

/// Writes a moment as an offset from `start_us`, e.g. `00:41`.
pub fn offset(us: i64, start_us: i64) -> String {
    let offset_us = i128::from(us) - i128::from(start_us);
    let sign = if offset_us < 0 { "−" } else { "" };
    let whole_s = offset_us.unsigned_abs() / 1_000_000;
    let (hours, minutes, seconds) = (whole_s / 3600, whole_s / 60 % 60, whole_s % 60);
    match hours {
        0 => format!("{sign}{minutes:02}:{seconds:02}"),
        _ => format!("{sign}{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// Writes a moment as a date and a time of day in `zone`, e.g. `2026-11-27 08:00`; seconds are
/// written where they are not zero.
pub fn date(us: i64, zone: &TimeZone) -> String {
    let Ok(timestamp) = Timestamp::from_microsecond(us) else {
        return NO_VALUE.to_owned();
    };
    let zoned = timestamp.to_zoned(zone.clone());
    let format = if zoned.second() == 0 {
        "%Y-%m-%d %H:%M"
    } else {
        "%Y-%m-%d %H:%M:%S"
    };
    zoned.strftime(format).to_string()
}

/// Shows control characters and invisible or direction-changing marks of foreign text as visible
/// signs (`␛`, `⟨U+202E⟩`), so that it can neither steer a terminal nor pose as other text.
pub fn harmless(text: &str) -> Cow<'_, str> {
    visible(text, |_| false)
}

/// Like [`harmless`], for text of several lines: line ends and tabs stay.
pub fn harmless_lines(text: &str) -> Cow<'_, str> {
    visible(text, |character| matches!(character, '\n' | '\t'))
}

fn visible(text: &str, keeps: impl Fn(char) -> bool) -> Cow<'_, str> {
    let hides = |character: char| !keeps(character) && is_invisible(character);
    if !text.contains(hides) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match u32::from(character) {
            _ if !hides(character) => shown.push(character),
            code @ 0..=0x1f => shown.extend(char::from_u32(0x2400 + code)),
            0x7f => shown.push('␡'),
            code => {
                // Writing to a String cannot fail.
                let _ = write!(shown, "⟨U+{code:04X}⟩");
            }
        }
    }
    Cow::Owned(shown)
}

/// Whether a character steers (controls), hides (zero width) or reorders (bidirectional marks).
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(u32::from(character),
            0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
            | 0xfeff | 0xfff9..=0xfffb | 0xe0000..=0xe007f)
}

/// How many significant digits of `value` an interval carries, at most `digits_max` unless it is a
/// share; `None` where it has no width.
fn carried_digits(
    value: f64,
    unit: Unit,
    [low, high]: [f64; 2],
    digits_max: usize,
) -> Option<usize> {
    let half_width = (high - low) / 2.0;
    if !half_width.is_finite() || half_width <= 0.0 || !value.is_finite() || value == 0.0 {
        return None;
    }
    // Between −324 and 308, so the conversions are exact.
    let places = value.abs().log10().floor() - half_width.log10().floor() + 1.0;
    let digits_max = if unit == Unit::Share {
        EXACT_DIGITS
    } else {
        digits_max
    };
    Some(places.clamp(1.0, digits_max as f64) as usize)
}

/// Whether `text` says none or all of a share that is neither.
fn claims_too_much(text: &str, value: f64, unit: Unit) -> bool {
    unit == Unit::Share
        && ((text == "100 %" && value != 1.0) || (matches!(text, "0 %" | "−0 %") && value != 0.0))
}

/// The value in its unit with at most `digits` significant digits.
fn in_digits(value: f64, unit: Unit, digits: usize) -> String {
    if !value.is_finite() {
        return NO_VALUE.to_owned();
    }
    match unit {
        Unit::PerMinute => format!("{} /min", decimal(rounded(value, digits), digits)),
        Unit::PerSecond => format!("{} /s", decimal(rounded(value, digits), digits)),
        Unit::Share => percent(value, digits),
        Unit::Microseconds => time(rounded(value, digits), digits),
        Unit::Count if value.fract() == 0.0 => decimal(value, FULL_DIGITS),
        Unit::Count => decimal(rounded(value, digits), digits),
        Unit::Times => format!("{} ×", decimal(rounded(value, digits), digits)),
    }
}

/// A share in percent. Near 1 the digits of what is missing count: 0.99997 in three digits is
/// `100 %` and wrong, in five `99.997 %`.
fn percent(share: f64, digits: usize) -> String {
    let noisy = share * 100.0;
    // Rounding in full first removes the noise of the multiplication: 0.07 × 100 ≠ 7.
    let tidy = rounded(noisy, FULL_DIGITS - 2);
    let percent = if tidy == 100.0 { noisy } else { tidy };
    format!("{} %", decimal(rounded(percent, digits), digits))
}

/// A time in the largest of µs, ms and s that leaves at least one digit before the point.
fn time(us: f64, digits: usize) -> String {
    match us.abs() {
        size if size == 0.0 || size >= 1_000_000.0 => {
            format!("{} s", decimal(us / 1_000_000.0, digits))
        }
        size if size >= 1_000.0 => format!("{} ms", decimal(us / 1_000.0, digits)),
        _ => format!("{} µs", decimal(us, digits)),
    }
}

/// `value` rounded to so many significant digits.
fn rounded(value: f64, digits: usize) -> f64 {
    let last = digits.saturating_sub(1);
    format!("{value:.last$e}").parse().unwrap_or(value)
}

/// A finite number with at most `digits` significant digits behind the point, no trailing zeros,
/// and thin spaces between thousands.
fn decimal(value: f64, digits: usize) -> String {
    let magnitude = if value == 0.0 {
        0.0
    } else {
        value.abs().log10().floor()
    };
    // Between −324 and 308, so the conversion is exact.
    let decimals = (digits as i64 - 1 - magnitude as i64).max(0) as usize;
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let sign = if value < 0.0 { "−" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", grouped(whole))
}

/// Decimal digits with thin spaces between groups of three.
fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len());
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(THIN_SPACE);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
