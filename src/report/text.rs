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
mod tests {
    use super::*;

    #[test]
    fn quantities_have_three_digits_and_a_fitting_unit() {
        let table = [
            (1_234_567.0, Unit::Microseconds, "1.23 s"),
            (999_999.0, Unit::Microseconds, "1 s"),
            (999.6, Unit::Microseconds, "1 ms"),
            (4_000_000.0, Unit::Microseconds, "4 s"),
            (12_345.0, Unit::Microseconds, "12.3 ms"),
            (0.0, Unit::Microseconds, "0 s"),
            (0.98765, Unit::Share, "98.8 %"),
            (0.07, Unit::Share, "7 %"),
            (0.0012, Unit::Share, "0.12 %"),
            (0.5, Unit::Share, "50 %"),
            (1_234.5, Unit::PerMinute, "1\u{2009}230 /min"),
            (200.0, Unit::PerSecond, "200 /s"),
            (12_345.0, Unit::Count, "12\u{2009}345"),
            (-2.5, Unit::PerSecond, "−2.5 /s"),
            (f64::NAN, Unit::Share, "–"),
            (f64::INFINITY, Unit::PerSecond, "–"),
        ];
        for (value, unit, text) in table {
            assert_eq!(quantity(value, unit), text, "{value} {unit:?}");
        }
    }

    #[test]
    fn a_share_just_below_one_is_not_rounded_to_100_percent() {
        let table = [
            (1.0, "100 %"),
            (0.9996, "99.96 %"),
            (0.99997, "99.997 %"),
            (0.999_999_9, "99.99999 %"),
            (1.0 - 1e-12, "99.9999999999 %"),
            (1.000_01, "100.001 %"),
        ];
        for (share, text) in table {
            assert_eq!(quantity(share, Unit::Share), text, "{share}");
        }
        for exponent in 1..=53 {
            let below = 1.0 - 0.5_f64.powi(exponent);
            assert_ne!(quantity(below, Unit::Share), "100 %", "{below}");
            assert_ne!(quantity_in_full(below, Unit::Share), "100 %", "{below}");
        }
    }

    #[test]
    fn a_tiny_share_is_not_rounded_to_0_percent() {
        assert_eq!(quantity(0.000_000_12, Unit::Share), "0.000012 %");
        assert_eq!(quantity(0.0, Unit::Share), "0 %");
    }

    #[test]
    fn a_value_does_not_look_like_the_limit_it_missed() {
        assert_eq!(quantity_apart(0.998_96, Unit::Share, &[0.999]), "99.896 %");
        assert_eq!(quantity_apart(0.999, Unit::Share, &[0.999]), "99.9 %");
        assert_eq!(
            quantity_apart(1_000_400.0, Unit::Microseconds, &[1e6, 4e6]),
            "1.0004 s"
        );
    }

    #[test]
    fn quantities_in_full_keep_their_digits() {
        assert_eq!(
            quantity_in_full(1_234_567.0, Unit::Microseconds),
            "1.234567 s"
        );
        assert_eq!(quantity_in_full(0.98765, Unit::Share), "98.765 %");
        assert_eq!(
            quantity_in_full(1_234_567.0, Unit::Count),
            "1\u{2009}234\u{2009}567"
        );
    }

    #[test]
    fn counts_have_thin_spaces_between_thousands() {
        let table = [(0, "0"), (999, "999"), (1_000, "1\u{2009}000")];
        for (value, text) in table {
            assert_eq!(count(value), text);
        }
        assert_eq!(
            count(u64::MAX).chars().filter(|&c| c == THIN_SPACE).count(),
            6
        );
    }

    #[test]
    fn durations_grow_from_seconds_to_hours() {
        let table = [
            (0.0, "0 s"),
            (0.25, "0.25 s"),
            (14.0, "14 s"),
            (119.0, "119 s"),
            (125.0, "2 min 5 s"),
            (180.0, "3 min"),
            (7_200.0, "2 h"),
            (12_000.0, "3 h 20 min"),
            (-1.0, "–"),
            (f64::NAN, "–"),
        ];
        for (seconds, text) in table {
            assert_eq!(duration(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn moments_are_offsets_or_dates() {
        let start_us = 1_795_766_400_000_000;
        let after = |seconds: i64| start_us + seconds * 1_000_000;
        assert_eq!(moment(after(41), start_us, true), "00:41");
        assert_eq!(moment(after(3_723), start_us, true), "1:02:03");
        assert_eq!(moment(after(-5), start_us, true), "−00:05");
        assert_eq!(moment(start_us, start_us, false), "2026-11-27 08:00");
        assert_eq!(moment(after(7), start_us, false), "2026-11-27 08:00:07");
        assert_eq!(moment(i64::MAX, 0, false), NO_VALUE);
        assert_eq!(moment(i64::MIN, i64::MAX, true).chars().next(), Some('−'));
    }

    #[test]
    fn control_and_direction_characters_become_visible() {
        assert_eq!(harmless("plain /cart"), "plain /cart");
        assert_eq!(harmless("a\u{1b}[31m\nb\0"), "a␛[31m␊b␀");
        assert_eq!(harmless("\u{202e}gpj\u{7f}\u{9b}"), "⟨U+202E⟩gpj␡⟨U+009B⟩");
        assert_eq!(harmless_lines("a:\n\tb\r"), "a:\n\tb␍");
    }
}
