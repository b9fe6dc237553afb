//! What a threshold file says.
//!
//! In: YAML, through [`declared_files`](crate::declared_files). Out: plain structs, in the order in
//! which the file has them. Nothing is looked up here; that is `applied`'s part.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_saphyr::FlowSeq;

use crate::declared_files::DurationText;
use crate::sli::ThresholdDefinition;
use crate::support::calibration::{Interval, LevelRule, Refusal, Shape, Split, Status, Tier};
use crate::support::dose_response::DoseResponse;
use crate::support::input::{Direction, ExposureUnit};
use crate::support::season::Season;

/// The format that this program writes.
pub const FORMAT: &str = "thresholds/v1";

/// Levels of SLIs; learned ones with their evidence and what predicts contacts.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThresholdFileDefinition {
    /// Format of a learned file: `thresholds/v1`. Files written by hand need none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firedrill: Option<FormatName>,
    /// How far the levels can be trusted; refused ones are not applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Why no level is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused_because: Vec<Refusal>,
    /// When and from what they were learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibrated: Option<CalibratedDefinition>,
    /// The levels; each replaces the same level of the same SLI, but for those relative to what is
    /// expected.
    pub thresholds: Vec<ThresholdDefinition>,
    /// What was learned, by SLI.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fits: Vec<FitDefinition>,
    /// What predicts contacts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<PredictionDefinition>,
}

/// The formats that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum FormatName {
    /// The first.
    #[serde(rename = "thresholds/v1")]
    ThresholdsV1,
}

/// When and from what.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalibratedDefinition {
    /// When, RFC 3339.
    pub at: String,
    /// Start of the first window, RFC 3339.
    pub from: String,
    /// End of the last window, RFC 3339.
    pub to: String,
    /// From when on it is stale, RFC 3339.
    pub expires: String,
    /// Seed of its draws.
    pub seed: u64,
    /// Bootstrap resamples.
    pub resamples: u32,
    /// SHA-256 of the SLI set.
    pub sli_set_sha256: String,
    /// Length of a window.
    pub window: DurationText,
    /// Zone of days and hours.
    pub time_zone: String,
    /// What the sessions of this file are: `sessions`, or `requests` of the first step of the funnel,
    /// where no shopper was known. Files without it are of sessions.
    #[serde(default)]
    pub exposure: ExposureUnit,
    /// Days that were looked at.
    pub days: u64,
    /// Attempted sessions, or requests that stand for them.
    pub sessions: f64,
    /// Contacts, one per order or shopper within 24 h.
    pub net_contacts: u64,
    /// Contacts as they came.
    pub gross_contacts: u64,
}

/// What was learned about an SLI.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FitDefinition {
    /// Name of the SLI.
    pub sli: String,
    /// SHA-256 of its meaning; where the SLI set says something else now, the file is not used.
    pub definition_sha256: String,
    /// Which way it gets worse.
    pub direction: Direction,
    /// Unit of its values.
    pub unit: String,
    /// How far its levels can be trusted.
    pub status: Status,
    /// Where they come from.
    pub tier: Tier,
    /// The shape of the curve.
    pub shape: Shape,
    /// The value from which on contacts rise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onset: Option<Interval>,
    /// Mean delay from the experience to the contact, minutes.
    pub lag_minutes: Interval,
    /// Independent stretches beyond the level.
    pub episodes: u64,
    /// Contacts that were looked at.
    pub net_contacts: u64,
    /// SLIs that move together with it; none of them is ranked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves_together_with: Vec<String>,
    /// The levels by rule.
    pub levels: Vec<FitLevelDefinition>,
    /// Evidence for it.
    pub evidence: EvidenceDefinition,
}

/// One learned level.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FitLevelDefinition {
    /// By which rule.
    pub rule: LevelRule,
    /// The bound of the interval on the harmless side.
    pub warn: f64,
    /// The estimate.
    pub contact: f64,
    /// 5 % and 95 % bound, ascending.
    pub ci90: [f64; 2],
}

/// Evidence in figures.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceDefinition {
    /// p-value over all SLIs (Benjamini–Hochberg).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q_value: Option<f64>,
    /// Spearman correlation of the lagged SLI and contacts per session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spearman: Option<f64>,
    /// On held-out windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout: Option<HoldoutDefinition>,
    /// Whether what should have no effect has none.
    pub negative_controls: ControlsOutcome,
}

/// Figures on held-out windows; see [`Holdout`](crate::support::Holdout).
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldoutDefinition {
    /// How they were held out.
    pub split: Split,
    /// Share of the alarms that met a surge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<f64>,
    /// Share of the surges that had an alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<f64>,
    /// Alarms without a surge.
    pub false_alarms_per_week: f64,
    /// From the alarm to the surge, minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_minutes_median: Option<f64>,
    /// 1 − deviance / deviance of season alone.
    pub deviance_skill: f64,
    /// Brier score of the probability of a surge.
    pub brier: f64,
    /// Coverage of the 90 % interval.
    pub coverage90: f64,
}

/// Whether negative controls passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ControlsOutcome {
    /// All have no effect.
    Pass,
    /// One has.
    Fail,
    /// There were none to look at.
    None,
}

/// What predicts contacts; see [`ContactModel`](crate::support::ContactModel).
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PredictionDefinition {
    /// Contacts per session when nothing is wrong.
    pub quiet_rate: Interval,
    /// The same per draw.
    #[serde(serialize_with = "in_one_line")]
    pub quiet_draws: Vec<f64>,
    /// How it goes over the week.
    pub season: Season,
    /// Share of the contacts by lag in windows.
    #[schemars(length(min = 1))]
    #[serde(serialize_with = "in_one_line")]
    pub lag_weights: Vec<f64>,
    /// NB2 dispersion; without it, Poisson.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispersion: Option<f64>,
    /// By SLI or group.
    pub slis: Vec<SliPredictionDefinition>,
}

/// How contacts follow one SLI.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SliPredictionDefinition {
    /// Name of the SLI; it has a fit.
    pub sli: String,
    /// SLIs that move together with it and are not counted again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stands_for: Vec<String>,
    /// Contacts as a multiple of the quiet rate.
    pub curve: DoseResponse,
    /// The worst value that was seen.
    pub worst_observed: f64,
    /// Parameters of the curve per draw: onset and slope, or the ratios of steps.
    pub draws: Vec<Draw>,
}

/// Parameters of one draw, in one line.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Draw(#[serde(serialize_with = "in_one_line")] pub Vec<f64>);

/// As a list in brackets.
fn in_one_line<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    FlowSeq(values).serialize(serializer)
}
