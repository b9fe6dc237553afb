//! What a calibration found: levels with intervals, the evidence, and why it refused.
//!
//! In: nothing; [`calibrate`](super::calibrate()) makes these. Out: plain data, all that a threshold
//! file, a terminal and a report page show. No number here is NaN or infinite.

use serde::Serialize;

use super::dose_response::DoseResponse;
use super::input::{Direction, ExposureUnit};
use super::linked::LinkedPrediction;
use super::prediction::ContactModel;

/// All of a calibration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// How far its levels can be trusted: that of the best SLI, or refused for all.
    pub status: Status,
    /// Why no level is given at all; empty unless `status` is refused.
    pub refused_because: Vec<Refusal>,
    /// What a reader should know though it refuses nothing.
    pub notes: Vec<String>,
    /// First and last window, UTC µs since 1970, half-open.
    pub from_us: i64,
    /// Its end.
    pub to_us: i64,
    /// When it was calibrated, as it was told, UTC µs.
    pub calibrated_at_us: i64,
    /// From when on its levels are stale, UTC µs.
    pub expires_us: i64,
    /// Length of a window, µs.
    pub window_us: i64,
    /// Zone of days and hours.
    pub time_zone: String,
    /// What exposure was counted in.
    pub exposure: ExposureUnit,
    /// Seed of its draws.
    pub seed: u64,
    /// Bootstrap resamples.
    pub resamples: u32,
    /// How long a level must last to count, µs.
    pub lasting_us: i64,
    /// Hash of the whole SLI set.
    pub sli_set_sha256: String,
    /// What was counted.
    pub counts: Counts,
    /// One per SLI of the input, in its order.
    pub slis: Vec<SliFit>,
    /// SLIs that move together: each is fitted, none is ranked above the others.
    pub groups: Vec<SliGroup>,
    /// What predicts contacts, from the SLIs with a level; `None` when everything is refused.
    pub model: Option<ContactModel>,
    /// Predicted and real contacts on the held-out part, oldest first, by the model that never saw it.
    pub timeline: Vec<TimelinePoint>,
}

/// How far levels can be trusted.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// At least 15 episodes behind them.
    Firm,
    /// From 6 to 14 episodes.
    Provisional,
    /// No level is given.
    Refused,
}

/// Why, and what would help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// Identifier of the rule.
    pub rule: RefusalRule,
    /// What was found, with its figures.
    pub reason: String,
    /// What would cure it.
    pub cure: String,
}

/// The rules by which levels are refused.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RefusalRule {
    /// The ticket export is damaged, has gaps, or lies beside the weeks of the lake.
    Export,
    /// Fewer than 200 net contacts.
    TooFewContacts,
    /// Fewer than 14 days.
    TooFewDays,
    /// Sessions are not known in too many windows.
    NoExposure,
    /// The SLI has too few values, or never changes.
    NoValues,
    /// No effect can be told from chance.
    NoEffect,
    /// Fewer than 6 independent episodes beyond the level.
    TooFewEpisodes,
    /// The level lies at the edge of what was seen.
    EdgeOfData,
    /// The interval is wider than 3×.
    WideInterval,
    /// It predicts nothing that it has not seen.
    NoSkill,
    /// Something that should have no effect has one.
    FailedControl,
    /// What it shows is already shown by another SLI.
    ShownByAnother,
    /// It is a negative control, which gets no level.
    NegativeControl,
    /// The model does not settle.
    NoConvergence,
}

/// What a calibration counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Counts {
    /// Windows of the input.
    pub windows: u64,
    /// Windows that could be used: covered, with exposure, and all windows that reach into them, too.
    pub usable_windows: u64,
    /// Days with at least one usable window.
    pub days: u64,
    /// Attempted sessions in usable windows.
    pub sessions: f64,
    /// Windows whose sessions are expected rather than counted.
    pub expected_exposure_windows: u64,
    /// Net contacts in usable windows.
    pub net_contacts: u64,
    /// Gross contacts in usable windows.
    pub gross_contacts: u64,
}

/// What was learned about one SLI.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SliFit {
    /// Identifier.
    pub name: String,
    /// In the business's words.
    pub title: String,
    /// Hash of its meaning.
    pub definition_sha256: String,
    /// Unit of values and levels.
    pub unit: String,
    /// Which way it gets worse.
    pub direction: Direction,
    /// Journey.
    pub journey: String,
    /// How far its levels can be trusted.
    pub status: Status,
    /// Why it has none; empty unless refused.
    pub refused_because: Vec<Refusal>,
    /// Index into [`Calibration::groups`], if it moves together with others.
    pub group: Option<usize>,
    /// Where the levels come from.
    pub tier: Tier,
    /// The shape of the dose–response curve and how the three compare.
    pub shapes: Vec<ShapeScore>,
    /// The curve, where there is one.
    pub curve: Option<DoseResponse>,
    /// The value from which on contacts rise: the kink of a hinge.
    pub onset: Option<Interval>,
    /// Contacts per session of a quiet shop.
    pub quiet_rate: Option<Interval>,
    /// How many times the quiet rate a step of one unit adds beyond the onset.
    pub slope: Option<Interval>,
    /// Delay from the experience to the contact.
    pub lag: Option<Lag>,
    /// NB2 dispersion θ (variance = μ + μ²/θ); `None` at the Poisson limit.
    pub dispersion: Option<f64>,
    /// Stretches beyond the `multiple` level, independent of each other.
    pub episodes: u64,
    /// Net contacts that were looked at.
    pub net_contacts: u64,
    /// The levels, one per rule that was asked for, the `multiple` first.
    pub levels: Vec<LearnedLevel>,
    /// Evidence for and against.
    pub evidence: Evidence,
    /// What sessions one by one say, in units of a session's own experience.
    pub linked: Option<LinkedFit>,
    /// Points of the dose–response picture, mildest first.
    pub dose_response: Vec<DosePoint>,
    /// The fitted curve with its band, mildest first.
    pub band: Vec<BandPoint>,
}

/// What sessions one by one say: the relative risk of a contact by a session's own worst experience.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LinkedFit {
    /// Sessions looked at.
    pub sessions: u64,
    /// Of those, sessions that called within the horizon.
    pub contacts: u64,
    /// Share of the tickets that were found in the lake.
    pub linked_share: f64,
    /// The horizon, µs.
    pub horizon_us: i64,
    /// Days with sessions beyond the first level.
    pub days_beyond: u64,
    /// p-value against no effect, by parametric bootstrap.
    pub p_value: f64,
    /// From which own experience on the risk rises.
    pub onset: Interval,
    /// What one unit beyond it adds, in quiet risks.
    pub slope: Interval,
    /// Share of the sessions that call when nothing was wrong for them.
    pub quiet_rate: Interval,
    /// The curve. Of a share it is a line, which holds for windows, too: their contacts follow the
    /// share of sessions that failed.
    pub curve: DoseResponse,
    /// The levels, by the same rules.
    pub levels: Vec<LearnedLevel>,
    /// What a prediction needs besides.
    #[serde(skip)]
    pub predicts: LinkedPrediction,
}

/// Where levels come from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Sessions one by one.
    Linked,
    /// Counts per window.
    Aggregate,
}

/// Estimate with its 90 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The estimate.
    pub value: f64,
    /// 5 % and 95 % bound, ascending.
    pub ci90: [f64; 2],
}

/// Rule by which a level is one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LevelRule {
    /// Contacts at so many times the quiet rate.
    Multiple(f64),
    /// So many more contacts per 1,000 sessions.
    ExcessPer1000(f64),
    /// The support desk is full.
    Capacity {
        /// At so many sessions an hour.
        sessions_per_hour: f64,
        /// With room for so many more contacts an hour.
        spare_contacts_per_hour: f64,
    },
}

impl LevelRule {
    /// The same with its numbers rounded.
    pub(super) fn rounded(self, round: fn(f64) -> f64) -> Self {
        match self {
            Self::Multiple(multiple) => Self::Multiple(round(multiple)),
            Self::ExcessPer1000(excess) => Self::ExcessPer1000(round(excess)),
            Self::Capacity {
                sessions_per_hour,
                spare_contacts_per_hour,
            } => Self::Capacity {
                sessions_per_hour: round(sessions_per_hour),
                spare_contacts_per_hour: round(spare_contacts_per_hour),
            },
        }
    }
}

/// A level in the SLI's unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LearnedLevel {
    /// By which rule.
    pub rule: LevelRule,
    /// The level at which customers call: the point estimate.
    pub contact: Interval,
    /// The level to look at before: the bound of the interval on the harmless side.
    pub warn: f64,
    /// Share of the resamples in which the level was within what was seen.
    pub within_observed_share: f64,
    /// Whether the level lies beyond the worst value seen, and so is not given.
    pub is_beyond_observed: bool,
}

/// How a shape did on windows it had not seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShapeScore {
    /// The shape.
    pub shape: Shape,
    /// Deviance on the middle fifth, lower is better.
    pub holdout_deviance: f64,
    /// Standard error of its difference from the hinge's, by days; 0 for the hinge.
    pub difference_se: f64,
    /// Whether it was taken.
    pub is_chosen: bool,
}

/// Shapes of a dose–response curve.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Flat up to an onset, then straight.
    Hinge,
    /// Steps that never go down.
    Isotonic,
    /// Straight from the best value on.
    Linear,
}

/// Delay from the experience to the contact.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lag {
    /// Mean, minutes.
    pub mean_minutes: Interval,
    /// Weight of each lag in windows, 0 first; adds up to 1.
    pub weights: Vec<f64>,
    /// Whether the delays were seen one by one.
    pub is_from_linked: bool,
}

/// SLIs that move together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SliGroup {
    /// Their names, in the order of the input.
    pub slis: Vec<String>,
    /// The one that stands for all in predictions: the one that predicts best.
    pub proxy: String,
    /// The largest absolute Spearman correlation between two of them.
    pub spearman_max: f64,
    /// The largest variance inflation factor.
    pub vif_max: f64,
}

/// Evidence for and against an effect.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Evidence {
    /// Likelihood ratio against no effect, largest over all onsets.
    pub likelihood_ratio: f64,
    /// Its p-value by parametric bootstrap.
    pub p_value: Option<f64>,
    /// The same over all SLIs (Benjamini–Hochberg).
    pub q_value: Option<f64>,
    /// Spearman correlation of the lagged SLI and contacts per session.
    pub spearman: Option<f64>,
    /// On the last fifth of the weeks, by a model that never saw it.
    pub holdout: Option<Holdout>,
    /// What should have no effect.
    pub controls: Vec<Control>,
}

/// Figures on held-out windows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Holdout {
    /// How it was held out.
    pub split: Split,
    /// Surges of contacts, a surge being two windows or more above what season explains.
    pub surges: u64,
    /// Share of the alarms that met a surge; `None` without alarms.
    pub precision: Option<f64>,
    /// Share of the surges that had an alarm; `None` without surges.
    pub recall: Option<f64>,
    /// Alarms without a surge per week.
    pub false_alarms_per_week: f64,
    /// From the alarm to the first window of the surge, median, minutes.
    pub lead_minutes_median: Option<f64>,
    /// Smallest of them.
    pub lead_minutes_min: Option<f64>,
    /// 1 − deviance / deviance of season alone.
    pub deviance_skill: f64,
    /// Brier score of the probability of a surge window.
    pub brier: f64,
    /// Brier score of season alone.
    pub brier_seasonal: f64,
    /// Share of the windows whose contacts were inside of their 90 % interval.
    pub coverage90: f64,
    /// Held-out windows.
    pub windows: u64,
    /// Episodes among them.
    pub episodes: u64,
}

/// How windows were held out.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// The last fifth, after 60 % to learn and 20 % to choose the shape, with gaps.
    Forward,
    /// Five stretches in turn, with gaps: the last fifth had no episode.
    FiveFold,
}

/// Something that should have no effect.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Control {
    /// What.
    pub kind: ControlKind,
    /// Its figures in words.
    pub finding: String,
    /// Likelihood ratio of it.
    pub likelihood_ratio: f64,
    /// Above this it fails.
    pub limit: f64,
    /// Whether it has none, as it should.
    pub passed: bool,
}

/// Kinds of negative controls.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ControlKind {
    /// The SLI of later windows.
    FutureSli,
    /// The SLI of other weeks at the same hour.
    ShuffledWeeks,
    /// A journey that has nothing to do with the contacts.
    UnrelatedJourney,
}

/// One point of the dose–response picture: windows with alike values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DosePoint {
    /// Mean value of the SLI, weighed by sessions and lag.
    pub value: f64,
    /// Contacts as multiple of the quiet rate at the same hours.
    pub ratio: f64,
    /// 90 % interval of it, by days.
    pub ci90: [f64; 2],
    /// Windows behind it.
    pub windows: u64,
    /// Contacts behind it.
    pub contacts: u64,
}

/// One point of the fitted curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BandPoint {
    /// Value of the SLI.
    pub value: f64,
    /// Contacts as multiple of the quiet rate.
    pub ratio: f64,
    /// 90 % band, pointwise.
    pub ci90: [f64; 2],
}

/// One held-out window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TimelinePoint {
    /// Start, UTC µs since 1970.
    pub start_us: i64,
    /// Contacts predicted.
    pub predicted: f64,
    /// 90 % interval of the contacts.
    pub interval90: [f64; 2],
    /// Contacts that a quiet shop would have had.
    pub quiet: f64,
    /// Contacts that came.
    pub real: u64,
}
