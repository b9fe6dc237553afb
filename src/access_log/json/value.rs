//! What stands at a path of a JSON line, and its conversions to what a log line holds.

use std::borrow::Cow;

use crate::access_log::fields;
use crate::access_log::unit::{Unit, number};

/// The value at a path. Texts point into the line unless they were escaped there.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum JsonValue<'a> {
    /// There is no such member.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer that is not negative.
    Unsigned(u64),
    /// A negative integer.
    Signed(i64),
    /// Any other number: with decimals, with an exponent, or past 64 bits.
    Float(f64),
    /// A text, without its escapes.
    Text(Cow<'a, str>),
    /// An object or an array, whose own members were not asked for by this path.
    Nested,
}

impl<'a> JsonValue<'a> {
    /// Whether it says nothing: missing, `null`, or a text that is empty or `-`.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Absent | Self::Null => true,
            Self::Text(text) => text.is_empty() || text == "-",
            Self::Bool(_) | Self::Unsigned(_) | Self::Signed(_) | Self::Float(_) | Self::Nested => {
                false
            }
        }
    }

    /// The text, or a number or boolean as text. `None` for a missing, `null` or nested value.
    #[must_use]
    pub fn as_text(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Self::Unsigned(value) => Some(Cow::Owned(value.to_string())),
            Self::Signed(value) => Some(Cow::Owned(value.to_string())),
            Self::Float(value) => Some(Cow::Owned(value.to_string())),
            Self::Absent | Self::Null | Self::Nested => None,
        }
    }

    /// The text, moved out, with a number as text; empty where there is none, or `-`.
    #[must_use]
    pub fn take_text(&mut self) -> Cow<'a, str> {
        if self.is_blank() {
            return Cow::Borrowed("");
        }
        match std::mem::take(self) {
            Self::Text(text) => text,
            other => other.as_text().unwrap_or_default(),
        }
    }

    /// The same as bytes.
    #[must_use]
    pub fn take_bytes(&mut self) -> Cow<'a, [u8]> {
        match self.take_text() {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        }
    }

    /// A duration, or a time since 1970, that is written in `unit`, as µs. Decimals of a number are
    /// rounded, those of a text are cut off. `None` for what is negative or no number.
    #[must_use]
    pub fn as_us(&self, unit: Unit) -> Option<u64> {
        match self {
            Self::Unsigned(value) => match unit {
                Unit::Seconds => value.checked_mul(1_000_000),
                Unit::Milliseconds => value.checked_mul(1_000),
                Unit::Microseconds => Some(*value),
                Unit::Nanoseconds => Some(value / 1_000),
            },
            Self::Float(value) => rounded(match unit {
                Unit::Seconds => value * 1e6,
                Unit::Milliseconds => value * 1e3,
                Unit::Microseconds => *value,
                Unit::Nanoseconds => value / 1e3,
            }),
            Self::Text(text) => unit.as_us(text.as_bytes()),
            Self::Absent | Self::Null | Self::Bool(_) | Self::Signed(_) | Self::Nested => None,
        }
    }

    /// A whole number from 0, also one that is written as text or with `.0`.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Unsigned(value) => Some(*value),
            Self::Float(value) if value.fract() == 0.0 => rounded(*value),
            Self::Text(text) => u64::try_from(number(text.as_bytes())?).ok(),
            Self::Absent
            | Self::Null
            | Self::Bool(_)
            | Self::Signed(_)
            | Self::Float(_)
            | Self::Nested => None,
        }
    }

    /// An HTTP status, 100 to 999, or 0 for no answer; also when it is written as text.
    #[must_use]
    pub fn as_status(&self) -> Option<u16> {
        if let Self::Text(text) = self
            && let Some(status) = fields::status(text.as_bytes())
        {
            return Some(status);
        }
        let status = u16::try_from(self.as_u64()?).ok()?;
        (status == 0 || (100..1_000).contains(&status)).then_some(status)
    }
}

/// The nearest integer; `None` below 0, past 2^63, and for what is no number.
fn rounded(value: f64) -> Option<u64> {
    /// 2^63, exact as a float.
    const END: f64 = 9_223_372_036_854_775_808.0;
    let rounded = value.round();
    // A cast of a float within the bounds cannot lose anything but decimals, and there are none.
    (value >= 0.0 && rounded < END).then_some(rounded as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> JsonValue<'_> {
        JsonValue::Text(Cow::Borrowed(value))
    }

    #[test]
    fn numbers_become_microseconds_by_their_unit() {
        use JsonValue::{Float, Signed, Unsigned};
        for (value, seconds, milliseconds, microseconds, nanoseconds) in [
            (
                Unsigned(12),
                Some(12_000_000),
                Some(12_000),
                Some(12),
                Some(0),
            ),
            (
                Unsigned(357_313),
                Some(357_313_000_000),
                Some(357_313_000),
                Some(357_313),
                Some(357),
            ),
            (Float(0.123), Some(123_000), Some(123), Some(0), Some(0)),
            (Float(0.000_002_701), Some(3), Some(0), Some(0), Some(0)),
            (
                Float(1_999.9),
                Some(1_999_900_000),
                Some(1_999_900),
                Some(2_000),
                Some(2),
            ),
            (Float(-0.0), Some(0), Some(0), Some(0), Some(0)),
            (Float(-0.5), None, None, None, None),
            (Float(f64::NAN), None, None, None, None),
            (Float(1e300), None, None, None, None),
            (Signed(-1), None, None, None, None),
            (text("0.123"), Some(123_000), Some(123), Some(0), Some(0)),
            (text("-"), None, None, None, None),
            (text(""), None, None, None, None),
            (JsonValue::Null, None, None, None, None),
            (JsonValue::Bool(true), None, None, None, None),
            (JsonValue::Nested, None, None, None, None),
        ] {
            assert_eq!(value.as_us(Unit::Seconds), seconds, "{value:?} s");
            assert_eq!(
                value.as_us(Unit::Milliseconds),
                milliseconds,
                "{value:?} ms"
            );
            assert_eq!(
                value.as_us(Unit::Microseconds),
                microseconds,
                "{value:?} µs"
            );
            assert_eq!(value.as_us(Unit::Nanoseconds), nanoseconds, "{value:?} ns");
        }
        assert_eq!(Unsigned(u64::MAX).as_us(Unit::Seconds), None);
        assert_eq!(Unsigned(u64::MAX).as_us(Unit::Microseconds), Some(u64::MAX));
    }

    #[test]
    fn a_status_is_a_number_or_a_text_of_three_digits_or_zero() {
        for (value, expected) in [
            (JsonValue::Unsigned(200), Some(200)),
            (JsonValue::Unsigned(0), Some(0)),
            (JsonValue::Unsigned(99), None),
            (JsonValue::Unsigned(1_000), None),
            (JsonValue::Unsigned(65_736), None),
            (JsonValue::Float(404.0), Some(404)),
            (JsonValue::Float(404.5), None),
            (JsonValue::Signed(-1), None),
            (text("503"), Some(503)),
            (text("000"), Some(0)),
            (text("-"), None),
            (text("2xx"), None),
            (JsonValue::Absent, None),
        ] {
            assert_eq!(value.as_status(), expected, "{value:?}");
        }
    }

    #[test]
    fn whole_numbers_may_be_texts_or_end_in_zero_decimals() {
        for (value, expected) in [
            (JsonValue::Unsigned(u64::MAX), Some(u64::MAX)),
            (JsonValue::Float(18_630.0), Some(18_630)),
            (JsonValue::Float(0.5), None),
            (text("18630"), Some(18_630)),
            (text("18 630"), None),
            (JsonValue::Signed(-1), None),
        ] {
            assert_eq!(value.as_u64(), expected, "{value:?}");
        }
    }

    #[test]
    fn missing_null_empty_and_dash_values_are_blank() {
        assert!(JsonValue::Absent.is_blank() && JsonValue::Null.is_blank());
        assert!(text("").is_blank() && text("-").is_blank());
        assert!(!text("0").is_blank() && !JsonValue::Unsigned(0).is_blank());
    }

    #[test]
    fn numbers_and_booleans_have_a_text() {
        for (value, expected) in [
            (JsonValue::Unsigned(7), Some("7")),
            (JsonValue::Signed(-7), Some("-7")),
            (JsonValue::Float(0.5), Some("0.5")),
            (JsonValue::Bool(false), Some("false")),
            (text("x"), Some("x")),
            (JsonValue::Null, None),
            (JsonValue::Nested, None),
        ] {
            assert_eq!(value.as_text().as_deref(), expected, "{value:?}");
        }
    }
}
