//! Times and durations that say their unit by how they are written.

use super::value::JsonValue;
use crate::access_log::clock::Clock;
use crate::access_log::unit::Unit;

/// A time as UTC µs: ISO 8601 (also with `/` in its date), the form of common logs, or a number
/// since 1970 whose unit is told by its size (seconds, ms, µs, ns; right for 1973 to 5138).
pub fn time_us(value: &JsonValue<'_>, clock: &mut Clock) -> Option<i64> {
    if let JsonValue::Text(text) = value {
        return text_time_us(text.as_bytes(), clock);
    }
    // As if it were µs already, which leaves the number as it is.
    let number = value.as_us(Unit::Microseconds)?;
    epoch_us(value, epoch_unit(number))
}

/// A number of `unit` since 1970, as UTC µs; years 1970 to 9998.
pub fn epoch_us(value: &JsonValue<'_>, unit: Unit) -> Option<i64> {
    /// 9999-01-01T00:00:00Z.
    const END_OF_TIME_US: i64 = 253_370_764_800_000_000;
    let us = i64::try_from(value.as_us(unit)?).ok()?;
    (us < END_OF_TIME_US).then_some(us)
}

/// The unit of a number since 1970.
fn epoch_unit(value: u64) -> Unit {
    match value {
        0..100_000_000_000 => Unit::Seconds,
        100_000_000_000..100_000_000_000_000 => Unit::Milliseconds,
        100_000_000_000_000..100_000_000_000_000_000 => Unit::Microseconds,
        _ => Unit::Nanoseconds,
    }
}

fn text_time_us(text: &[u8], clock: &mut Clock) -> Option<i64> {
    let text = text
        .strip_prefix(b"[")
        .and_then(|text| text.strip_suffix(b"]"))
        .unwrap_or(text);
    match text {
        [_, _, _, _, b'-', ..] => clock.iso_us(text),
        [_, _, b'/', ..] => clock.clf_us(text).or_else(|| clock.clf_local_us(text)),
        [_, _, _, _, b'/', _, _, b'/', ..] if text.len() <= 40 => {
            let mut dashed = [0; 40];
            let dashed = &mut dashed[..text.len()];
            dashed.copy_from_slice(text);
            (dashed[4], dashed[7]) = (b'-', b'-');
            clock.iso_us(dashed)
        }
        _ => {
            let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let unit = match digits {
                0..12 => Unit::Seconds,
                12..15 => Unit::Milliseconds,
                15..18 => Unit::Microseconds,
                _ => Unit::Nanoseconds,
            };
            clock.epoch_us(text, unit)
        }
    }
}

/// `12.3ms`, `0.5s`, `1m2.5s`, `80µs`: a duration as Go writes it, as µs. `None` without a unit.
pub fn unit_text_us(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut total_us = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let is_number = |char: char| char.is_ascii_digit() || char == '.';
        let number_end = rest.find(|char| !is_number(char))?;
        let (number, after) = rest.split_at(number_end);
        let unit_end = after.find(is_number).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let (unit, factor) = match unit.trim() {
            "h" => (Unit::Seconds, 3_600),
            "m" => (Unit::Seconds, 60),
            "s" => (Unit::Seconds, 1),
            "ms" => (Unit::Milliseconds, 1),
            "us" | "µs" | "μs" => (Unit::Microseconds, 1),
            "ns" => (Unit::Nanoseconds, 1),
            _ => return None,
        };
        let us = unit.as_us(number.as_bytes())?.checked_mul(factor)?;
        total_us = total_us.checked_add(us)?;
        rest = after;
    }
    Some(total_us)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const US: i64 = 1_693_840_791_756_000;

    #[test]
    fn times_of_many_writers_are_the_same_instant() {
        let mut clock = Clock::default();
        for value in [
            JsonValue::Float(1_693_840_791.756),
            JsonValue::Unsigned(1_693_840_791_756),
            JsonValue::Float(1_693_840_791_756.0),
            JsonValue::Unsigned(1_693_840_791_756_000),
            JsonValue::Unsigned(1_693_840_791_756_000_123),
            JsonValue::Text("1693840791.756".into()),
            JsonValue::Text("1693840791756".into()),
            JsonValue::Text("2023-09-04T15:19:51.756Z".into()),
            JsonValue::Text("2023-09-04T17:19:51.756+0200".into()),
            JsonValue::Text("2023/09/04 15:19:51.756".into()),
        ] {
            assert_eq!(time_us(&value, &mut clock), Some(US), "{value:?}");
        }
        for text in ["04/Sep/2023:17:19:51 +0200", "[04/Sep/2023:15:19:51 +0000]"] {
            let value = JsonValue::Text(text.into());
            assert_eq!(time_us(&value, &mut clock), Some(US - 756_000), "{text}");
        }
        assert_eq!(
            time_us(&JsonValue::Unsigned(1_693_840_791), &mut clock),
            Some(US - 756_000)
        );
    }

    #[test]
    fn what_is_no_time_has_none() {
        let mut clock = Clock::default();
        for value in [
            JsonValue::Text("yesterday".into()),
            JsonValue::Text("".into()),
            JsonValue::Null,
            JsonValue::Signed(-1),
            JsonValue::Float(f64::MAX),
            JsonValue::Bool(true),
            JsonValue::Nested,
        ] {
            assert_eq!(time_us(&value, &mut clock), None, "{value:?}");
        }
    }

    #[test]
    fn durations_with_their_unit_become_microseconds() {
        for (text, expected) in [
            ("12.3ms", Some(12_300)),
            ("12.3 ms", Some(12_300)),
            ("0.123456s", Some(123_456)),
            ("0.123456789s", Some(123_456)),
            ("80µs", Some(80)),
            ("80.5us", Some(80)),
            ("1500ns", Some(1)),
            ("1m2.5s", Some(62_500_000)),
            ("1h0m1s", Some(3_601_000_000)),
            ("12", None),
            ("", None),
            ("ms", None),
            ("-1s", None),
            ("1.2.3s", None),
            ("1y", None),
            ("9223372036854s9223372036854s9223372036854s", None),
        ] {
            assert_eq!(unit_text_us(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_and_a_duration_or_none(text in "\\PC{0,30}|[0-9.hmsuµ/:\\-]{0,30}") {
            let _ = unit_text_us(&text);
            let _ = time_us(&JsonValue::Text(text.into()), &mut Clock::default());
        }
    }
}
