//! How shoppers arrive.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declared_files::DurationText;

/// How shoppers arrive: exactly one of `curve`, `curve_file`, `learned`, `phases` and `closed`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrafficDefinition {
    /// Spacing of the arrivals.
    #[serde(default)]
    pub arrivals: ArrivalSpacing,
    /// Arrival rate over time: at least two points, linear between them.
    #[serde(default)]
    pub curve: Vec<CurvePointDefinition>,
    /// The same from a CSV file.
    #[serde(default)]
    pub curve_file: Option<CurveFileDefinition>,
    /// As sessions of customers began, by the lake of the run.
    #[serde(default)]
    pub learned: Option<LearnedDefinition>,
    /// Stretches of time, one after the other.
    #[serde(default)]
    pub phases: Vec<PhaseDefinition>,
    /// A fixed number of shoppers, each of whom begins again when its journey is over, on Goose's own
    /// attack. It slows down with the target: use it to compare with other load testers.
    #[serde(default)]
    pub closed: Option<ClosedDefinition>,
}

/// Spacing of the arrivals around the curve.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArrivalSpacing {
    /// As independent people come: a Poisson process with the curve as its rate.
    #[default]
    Poisson,
    /// Evenly spaced along the curve.
    Even,
}

/// One point of the curve.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CurvePointDefinition {
    /// Time since the start.
    pub at: DurationText,
    /// Shoppers arriving per second at that moment.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub shoppers_per_s: f64,
    /// What happens then, shown on every chart.
    #[serde(default)]
    pub label: Option<String>,
}

/// A curve in a CSV file beside the scenario file, with the header `time,rate`: seconds since the
/// start (or RFC 3339), and shoppers per second.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CurveFileDefinition {
    /// The file.
    pub path: String,
    /// How many times its rates.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub scale: Option<f64>,
    /// How many times as fast it goes by: at 60 an hour takes a minute; rates stay.
    #[serde(default)]
    #[schemars(range(min = 0.000_001, max = 1_000_000))]
    pub speed: Option<f64>,
}

/// A range of the lake whose sessions are counted when the run begins; without any key all of it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LearnedDefinition {
    /// First moment: RFC 3339, a date, or an age such as `-7d`.
    #[serde(default)]
    pub from: Option<String>,
    /// First moment after the range.
    #[serde(default)]
    pub to: Option<String>,
    /// ISO week, `2026-W48`, instead of both.
    #[serde(default)]
    pub week: Option<String>,
    /// Zone of days and weeks; without it UTC.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// How many times as many sessions.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub scale: Option<f64>,
    /// How many times as fast it goes by: at 60 an hour takes a minute; rates stay.
    #[serde(default)]
    #[schemars(range(min = 0.000_001, max = 1_000_000))]
    pub speed: Option<f64>,
}

/// A stretch of time with one way of arriving.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhaseDefinition {
    /// Its name, shown on every chart.
    pub name: String,
    /// How long it lasts.
    #[serde(rename = "for")]
    pub length: DurationText,
    /// Shoppers arriving per second, at its end if it has a `from`.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub shoppers_per_s: f64,
    /// Shoppers arriving per second at its beginning, changing evenly to `shoppers_per_s`; without it
    /// the phase begins with a step.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub from: Option<f64>,
    /// Short bursts on top of it, such as flash sales.
    #[serde(default)]
    pub spikes: Option<SpikesDefinition>,
}

/// Bursts at regular times; the first comes one `every` after the phase began.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpikesDefinition {
    /// From the beginning of one to that of the next.
    pub every: DurationText,
    /// How long one lasts.
    #[serde(rename = "for")]
    pub length: DurationText,
    /// Shoppers arriving per second meanwhile.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub shoppers_per_s: f64,
}

/// A closed model.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosedDefinition {
    /// How many shoppers there are at once.
    #[schemars(range(min = 1, max = 100_000))]
    pub shoppers: u32,
    /// How long they go on.
    #[serde(rename = "for")]
    pub length: DurationText,
}
