//! Stretches of time that the set knows: periods, maintenance, holidays.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A stretch of time with a name.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NamedPeriodDefinition {
    /// Its name, e.g. `cyber-weekend`.
    pub name: String,
    /// First moment: RFC 3339, or a date or local time in the set's zone.
    pub from: String,
    /// First moment after it.
    pub to: String,
}

/// Maintenance, once or again and again.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExclusionDefinition {
    /// Why, for the report.
    pub reason: String,
    /// First moment: RFC 3339, or a date or local time in the set's zone.
    pub from: String,
    /// First moment after it.
    pub to: String,
    /// How it recurs, as an RFC 5545 rule such as `FREQ=WEEKLY;BYDAY=SU`; without it once.
    #[serde(default)]
    pub repeat: Option<String>,
    /// Names of the SLIs for which it holds; without it all.
    #[serde(default)]
    pub slis: Vec<String>,
}

/// How much traffic is expected: the median of the same hour of the week in the weeks before, with
/// a band, times the growth since, but for holidays.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedDefinition {
    /// How many weeks before are looked at; without it 8.
    #[serde(default)]
    #[schemars(range(min = 2, max = 104))]
    pub weeks: Option<u32>,
    /// Growth per year, e.g. 0.2 for a fifth more; without it none.
    #[serde(default)]
    #[schemars(range(min = -0.9, max = 100))]
    pub growth_per_year: Option<f64>,
    /// Days that are not like others of their kind.
    #[serde(default)]
    pub holidays: Vec<HolidayDefinition>,
}

/// A day, or several, unlike others of their kind: exactly one of `like` and `times`, or neither
/// for a day that nothing is expected of; it never counts for ordinary weeks.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HolidayDefinition {
    /// Its name, e.g. `Black Friday`.
    pub name: String,
    /// Its first day, in the set's zone.
    pub from: String,
    /// Its last day; without it `from`.
    #[serde(default)]
    pub to: Option<String>,
    /// The day whose traffic is expected again, e.g. last year's.
    #[serde(default)]
    pub like: Option<String>,
    /// How many times an ordinary day's traffic is expected.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1000))]
    pub times: Option<f64>,
}
