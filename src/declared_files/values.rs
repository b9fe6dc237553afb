//! Values that declared files write as text with a unit.
//!
//! In: the text of a YAML scalar. Out: a whole number of the smallest unit. Each type carries its
//! own JSON Schema: `title` is its name in messages, `pattern` the shape, `x-hint` the cure.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::problem::quoted;

/// The longest duration a declared file may state.
pub const DURATION_DAYS_MAX: u64 = 36_500;

const DURATION_PATTERN: &str = r"^[0-9]+(\.[0-9]+)?(us|ms|s|m|h|d)$";
const DURATION_HINT: &str = "write a number and its unit: `500ms`, `5s`, `2m`, `1h`";
const DURATION_US_MAX: u64 = DURATION_DAYS_MAX * 86_400_000_000;
/// Longest unit first: `Display` takes the first that divides.
const DURATION_UNITS: [(&str, u64); 6] = [
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

/// A length of time as declared files write it: `100us`, `250ms`, `1.5s`, `2m`, `1h`, `7d`.
///
/// Holds whole microseconds, from 0 to [`DURATION_DAYS_MAX`] days; a finer fraction is refused,
/// and so is a number without a unit. A day has 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DurationText {
    us: u64,
}

impl DurationText {
    /// Of this many microseconds; `None` above [`DURATION_DAYS_MAX`] days.
    pub const fn from_us(us: u64) -> Option<DurationText> {
        if us <= DURATION_US_MAX {
            Some(DurationText { us })
        } else {
            None
        }
    }

    /// In microseconds.
    pub const fn as_us(self) -> u64 {
        self.us
    }

    /// As the standard library's type.
    pub const fn as_duration(self) -> Duration {
        Duration::from_micros(self.us)
    }
}

/// Why a text is not a [`DurationText`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationTextError {
    /// It is not a number followed by a unit.
    #[error("{} is not a duration (hint: {DURATION_HINT})", quoted(.0))]
    Shape(String),
    /// It has a fraction of a microsecond.
    #[error("{} is finer than a microsecond (hint: the finest is `1us`)", quoted(.0))]
    TooFine(String),
    /// It is above [`DURATION_DAYS_MAX`] days.
    #[error("{} is too long (hint: the longest is `{DURATION_DAYS_MAX}d`)", quoted(.0))]
    TooLong(String),
}

impl FromStr for DurationText {
    type Err = DurationTextError;

    fn from_str(text: &str) -> Result<DurationText, DurationTextError> {
        let shape = || DurationTextError::Shape(text.to_owned());
        let too_long = || DurationTextError::TooLong(text.to_owned());
        let unit_at = text
            .find(|c: char| c.is_ascii_alphabetic())
            .ok_or_else(shape)?;
        let (amount, unit) = text.split_at(unit_at);
        let (_, unit_us) = DURATION_UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(shape)?;
        let (whole, fraction) = match amount.split_once('.') {
            Some((whole, fraction)) if is_digits(fraction) => {
                (whole, fraction.trim_end_matches('0'))
            }
            Some(_) => return Err(shape()),
            None => (amount, ""),
        };
        if !is_digits(whole) {
            return Err(shape());
        }
        let whole_us = whole
            .parse::<u64>()
            .ok()
            .and_then(|n| n.checked_mul(*unit_us))
            .ok_or_else(too_long)?;
        let fraction_us = fraction_of(fraction, *unit_us)
            .ok_or_else(|| DurationTextError::TooFine(text.to_owned()))?;
        whole_us
            .checked_add(fraction_us)
            .and_then(DurationText::from_us)
            .ok_or_else(too_long)
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `0.fraction` of the unit in whole microseconds; `None` if it does not come out even. A day is
/// 2¹³·3³·5⁸ microseconds, so an even fraction of any unit has 13 digits at most.
fn fraction_of(fraction: &str, unit_us: u64) -> Option<u64> {
    if fraction.is_empty() {
        return Some(0);
    }
    let digits = u32::try_from(fraction.len())
        .ok()
        .filter(|digits| *digits <= 13)?;
    let scaled = fraction.parse::<u128>().ok()? * u128::from(unit_us);
    let parts = 10_u128.pow(digits);
    if scaled.is_multiple_of(parts) {
        u64::try_from(scaled / parts).ok()
    } else {
        None
    }
}

impl fmt::Display for DurationText {
    /// The whole number of the longest unit that divides it: `90s`, `2m`; zero is `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let divides =
            |(_, unit_us): &&(&str, u64)| self.us >= *unit_us && self.us.is_multiple_of(*unit_us);
        match DURATION_UNITS.iter().find(divides) {
            Some((name, unit_us)) => write!(f, "{}{name}", self.us / unit_us),
            None => f.write_str("0s"),
        }
    }
}

impl Serialize for DurationText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DurationText, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl JsonSchema for DurationText {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Duration")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "duration",
            "description": "a length of time with its unit: us, ms, s, m, h or d",
            "type": "string",
            "pattern": DURATION_PATTERN,
            "examples": ["500ms", "5s", "2m", "1h"],
            "x-hint": DURATION_HINT,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    #[test]
    fn durations_are_read_exactly_and_shown_in_the_longest_whole_unit() {
        let table = [
            ("0s", 0, "0s"),
            ("100us", 100, "100us"),
            ("250ms", 250_000, "250ms"),
            ("1.5s", 1_500_000, "1500ms"),
            ("1.50s", 1_500_000, "1500ms"),
            ("120s", 120_000_000, "2m"),
            ("1h", 3_600_000_000, "1h"),
            ("7d", 604_800_000_000, "7d"),
            ("36500d", DURATION_US_MAX, "36500d"),
        ];
        for (text, us, shown) in table {
            let duration: DurationText = text.parse().unwrap();
            assert_eq!(
                (duration.as_us(), duration.to_string().as_str()),
                (us, shown),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused_with_the_cure() {
        let table = [
            (
                "5 sec",
                "`5 sec` is not a duration (hint: write a number and its unit: `500ms`, `5s`, `2m`, `1h`)",
            ),
            (
                "1.5us",
                "`1.5us` is finer than a microsecond (hint: the finest is `1us`)",
            ),
            (
                "36501d",
                "`36501d` is too long (hint: the longest is `36500d`)",
            ),
            (
                "99999999999999999999s",
                "`99999999999999999999s` is too long (hint: the longest is `36500d`)",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(
                text.parse::<DurationText>().unwrap_err().to_string(),
                expected
            );
        }
        for text in [
            "", "5", "s", ".5s", "5.s", "-5s", "+5s", "5S", " 5s", "5s ", "1h30m", "1e3s",
        ] {
            assert!(
                matches!(
                    text.parse::<DurationText>(),
                    Err(DurationTextError::Shape(_))
                ),
                "{text}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn a_duration_is_read_back_as_it_was_shown(us in 0..=DURATION_US_MAX) {
            let duration = DurationText::from_us(us).unwrap();
            prop_assert_eq!(duration.to_string().parse::<DurationText>(), Ok(duration));
        }

        #[test]
        fn the_pattern_and_the_reader_agree_on_the_shape(text in "[0-9]{0,3}[.]?[0-9]{0,3}(us|ms|s|m|h|d|x| s)?") {
            let has_shape = !matches!(text.parse::<DurationText>(), Err(DurationTextError::Shape(_)));
            prop_assert_eq!(has_shape, regex::Regex::new(DURATION_PATTERN).unwrap().is_match(&text));
        }
    }
}
