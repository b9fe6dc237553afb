//! The part of a weekly page that is read in a minute: one screen, one sheet of paper.
//!
//! In: what the `cli` compared and counted. Out: plain data. It never decides what is noise.

use serde::{Deserialize, Serialize};

use super::{State, Unit};

/// What directors read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DirectorPart {
    /// One row per journey, the worst first.
    pub journeys: Vec<JourneyRow>,
    /// Orders, carts and the like beside what they are compared with.
    pub key_figures: Vec<KeyFigure>,
    /// Customers who will have called support; `None` where no level speaks of contacts.
    pub contacts: Option<ContactEstimate>,
    /// The hour in which most went wrong; `None` where nothing did or nothing can be judged.
    pub worst_hour: Option<WorstHour>,
    /// What is different beyond noise, a sentence each; `None` where there was nothing to compare
    /// with, which is not the same as no change.
    pub changes: Option<Vec<String>>,
    /// Who was told about which level, and what they do; the most recent first.
    pub reactions: Vec<ReactionRow>,
}

/// One journey of shoppers, judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyRow {
    /// In the business's words, e.g. `Check out and pay`.
    pub title: String,
    /// Met, missed or not enough data.
    pub state: State,
    /// Why, in one sentence with numbers.
    pub sentence: String,
}

/// A figure and what it is compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeyFigure {
    /// In the business's words, e.g. `Orders per minute`.
    pub title: String,
    /// The figure of this week; `None` where there is no data.
    pub value: Option<f64>,
    /// Unit of `value`, of its interval and of the values of the comparisons.
    pub unit: Unit,
    /// 95 % interval of `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// How many there were in the whole range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The same comparisons in the same order for every figure.
    pub comparisons: Vec<Comparison>,
}

/// One comparison of a figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// With what, e.g. `last week`, `same week last year`, `expected`.
    pub against: String,
    /// The other value, in the figure's unit.
    pub value: Option<f64>,
    /// Change from the other value to the figure, as a share of the other: 0.05 is 5 % more.
    pub change_share: Option<f64>,
    /// Whether the change is larger than noise explains; `None` where that cannot be told.
    pub is_outside_noise: Option<bool>,
    /// Why there is no other value, e.g. `the lake begins on 2026-10-01`.
    pub missing_reason: Option<String>,
}

/// How many customers will have called support.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContactEstimate {
    /// Expected contacts; `None` where only crossings can be named.
    pub value: Option<f64>,
    /// 90 % interval of `value`.
    pub interval: Option<[f64; 2]>,
    /// What the number rests on, in a sentence.
    pub basis: String,
    /// Where the levels come from; those of the SLI set name crossings, never a number.
    pub levels_from: LevelSource,
    /// Contact levels that were crossed, a sentence each.
    #[serde(default)]
    pub crossings: Vec<String>,
}

/// Where contact levels come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelSource {
    /// Somebody wrote them into the SLI set; they were never compared with contacts.
    SliSet,
    /// Learned from past contacts.
    Calibration,
}

/// The hour in which most went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorstHour {
    /// Its start, UTC µs since 1970.
    pub start_us: i64,
    /// What went wrong, in one sentence with numbers.
    pub sentence: String,
}

/// A level that was crossed, and what was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReactionRow {
    /// The SLI in the business's words.
    pub sli: String,
    /// `warn`, `contact` or the name of a burn rule.
    pub level: String,
    /// Start of the crossing, UTC µs since 1970.
    pub from_us: i64,
    /// How long it lasted, seconds.
    pub lasted_s: f64,
    /// Who is told, e.g. `on-call`, `support desk`; empty where the SLI set names nobody.
    pub told: Vec<String>,
    /// What they do; `None` where the SLI set does not say.
    pub reaction: Option<String>,
}
