//! Thresholds: what must hold while the run goes on, and what stops it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

use crate::declared_files::DurationText;

const LIMIT_PATTERN: &str = r"^([0-9]+(\.[0-9]+)?)(us|ms|s|m|h|%|/s|/min)$";
const LIMIT_HINT: &str =
    "write a response time such as `2s`, a share such as `5%`, or a rate such as `20/min` or `5/s`";

/// A demand on an SLI while the run goes on: exactly one of `above` and `below` says what is bad.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThresholdDefinition {
    /// Name of an SLI of the SLI set, or one of `errors`, `requests`, `response_p50`, `response_p95`
    /// and `response_p99`.
    pub sli: String,
    /// Broken when it is above this.
    #[serde(default)]
    pub above: Option<LimitText>,
    /// Broken when it is below this.
    #[serde(default)]
    pub below: Option<LimitText>,
    /// How long it must last. Every window of that time must be beyond the limit; a rate is counted
    /// over the whole of it.
    #[serde(rename = "for")]
    pub lasting: DurationText,
    /// Length of a window; without it that of the SLI on a rehearsal.
    #[serde(default)]
    pub window: Option<DurationText>,
    /// Not judged so long after the start of the run, or of `phase`.
    #[serde(default)]
    pub grace: Option<DurationText>,
    /// Only requests of this journey.
    #[serde(default)]
    pub journey: Option<String>,
    /// Only requests of shoppers whom this channel sent.
    #[serde(default)]
    pub channel: Option<String>,
    /// Only requests of this kind of shopper.
    #[serde(default)]
    pub shopper: Option<String>,
    /// Only requests that were due in this phase, or from this label of the curve to the next.
    #[serde(default)]
    pub phase: Option<String>,
    /// Whether the run is stopped when it is broken.
    #[serde(default)]
    pub abort: bool,
}

/// A limit with its unit, as declared files write it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LimitText {
    /// `2s`, in µs.
    Duration(f64),
    /// `5%` as 0.05.
    Share(f64),
    /// `20/min`.
    PerMinute(f64),
    /// `5/s`.
    PerSecond(f64),
    /// `0.95`: in the unit of the SLI, which has one.
    Number(f64),
}

impl LimitText {
    /// Reads a limit with a unit, such as `2s`, `5%` or `20/min`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
        if let Some(share) = text.strip_suffix('%') {
            // Divided, not multiplied by 0.01, which would not be what the digits say.
            return Some(Self::Share(number(share)? / 100.0));
        }
        if let Some(rate) = text.strip_suffix("/min") {
            return Some(Self::PerMinute(number(rate)?));
        }
        if let Some(rate) = text.strip_suffix("/s") {
            return Some(Self::PerSecond(number(rate)?));
        }
        let duration: DurationText = text.parse().ok()?;
        Some(Self::Duration(duration.as_duration().as_secs_f64() * 1e6))
    }
}

impl<'de> Deserialize<'de> for LimitText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LimitVisitor)
    }
}

struct LimitVisitor;

impl Visitor<'_> for LimitVisitor {
    type Value = LimitText;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a limit")
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<LimitText, E> {
        Ok(LimitText::Number(number))
    }

    #[expect(clippy::cast_precision_loss, reason = "limits are below 2^53")]
    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<LimitText, E> {
        Ok(LimitText::Number(number as f64))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<LimitText, E> {
        LimitText::parse(text)
            .ok_or_else(|| E::custom(format!("`{text}` is not a limit (hint: {LIMIT_HINT})")))
    }
}

impl JsonSchema for LimitText {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Limit")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "limit",
            "description": "a number with the unit of the SLI: a response time, a share or a rate",
            "type": ["string", "number"],
            "pattern": LIMIT_PATTERN,
            "minimum": 0,
            "examples": ["2s", "5%", "20/min", "5/s", 0.95],
            "x-hint": LIMIT_HINT,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_with_their_unit() {
        for (text, expected) in [
            ("2s", Some(LimitText::Duration(2e6))),
            ("250ms", Some(LimitText::Duration(250_000.0))),
            ("5%", Some(LimitText::Share(0.05))),
            ("99.5%", Some(LimitText::Share(0.995))),
            ("20/min", Some(LimitText::PerMinute(20.0))),
            ("1.5/s", Some(LimitText::PerSecond(1.5))),
            ("5", None),
            ("%", None),
            ("fast", None),
            ("inf/s", None),
            ("5/h", None),
        ] {
            assert_eq!(LimitText::parse(text), expected, "{text}");
        }
    }
}
