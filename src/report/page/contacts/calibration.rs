//! The page of a calibration: the levels at which customers call, and how well that is known.
//!
//! In: what the `cli` filled in from a calibration. Out: plain data, which a support manager and an SRE
//! read together. Sentences are finished here; numbers stand beside them.

use serde::{Deserialize, Serialize};

use super::super::{BadSide, Fact, MethodNote, State, Timeline, Unit};

/// Everything that was learned from contacts, in the order in which it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationPage {
    /// What it is about, e.g. `When customers call: shop`.
    pub title: String,
    /// Whether the levels hold.
    pub outcome: CalibrationOutcome,
    /// The one paragraph for a support manager.
    pub sentence: String,
    /// Weeks, contacts, sessions, episodes, seed, hashes.
    pub facts: Vec<Fact>,
    /// Why there are no levels, or why they do not hold yet, and what would cure it.
    pub refusals: Vec<RefusalRow>,
    /// One entry per SLI that was fitted: those with a level first.
    pub slis: Vec<CalibratedSli>,
    /// SLIs that move together, which no data can tell apart.
    pub groups: Vec<CalibrationGroup>,
    /// Checks that must find nothing where nothing is.
    pub controls: Vec<ControlRow>,
    /// How good the predictions were where the fit had not looked.
    pub held_out: Vec<Fact>,
    /// Predicted and real contacts of the held-out part.
    pub timeline: Timeline,
    /// What became of the rows of the ticket export.
    pub tickets: Vec<Fact>,
    /// What this page cannot know.
    pub unknowns: Vec<String>,
    /// How it was computed.
    pub method: Vec<MethodNote>,
}

/// Whether levels hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibrationOutcome {
    /// They do.
    Firm,
    /// They are from too few episodes to be relied on.
    Provisional,
    /// There are none.
    Refused,
}

/// A reason against a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalRow {
    /// Whom it concerns: an SLI in the business's words, or empty for all.
    pub what: String,
    /// The reason.
    pub reason: String,
    /// What would cure it.
    pub cure: String,
}

/// One SLI beside contacts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibratedSli {
    /// Its name in the SLI set.
    pub name: String,
    /// In the business's words.
    pub title: String,
    /// Unit of its values.
    pub unit: Unit,
    /// Its bad side.
    pub bad: BadSide,
    /// Whether its levels hold.
    pub outcome: CalibrationOutcome,
    /// What was found, in one sentence.
    pub sentence: String,
    /// Its levels, mildest first.
    pub levels: Vec<CalibratedLevel>,
    /// Contacts at each of its values; `None` where nothing was fitted.
    pub dose: Option<DoseResponse>,
    /// How long after a bad moment customers call.
    pub lag: Option<LagKernel>,
    /// Episodes, shape, q-value and so on.
    pub evidence: Vec<Fact>,
}

/// A level that was learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibratedLevel {
    /// `warn`, `contact` or what else it is called.
    pub level: String,
    /// What makes it the level, e.g. `contacts at twice the quiet rate`.
    pub rule: String,
    /// The level, in the unit of the SLI; `None` where the data have none.
    pub value: Option<f64>,
    /// 90 % interval of `value`.
    pub interval: Option<[f64; 2]>,
}

/// Contacts per 1,000 sessions at each value of an SLI.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DoseResponse {
    /// Text alternative: the message of the picture in one sentence.
    pub message: String,
    /// The fitted curve from quiet to the worst that was observed.
    pub curve: Vec<DosePoint>,
    /// What was observed, by value.
    pub bins: Vec<DoseBin>,
    /// Contacts per 1,000 sessions when nothing is wrong.
    pub quiet_rate: f64,
    /// The `contact` level.
    pub level: Option<f64>,
    /// Its 90 % interval.
    pub level_interval: Option<[f64; 2]>,
}

/// A point of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DosePoint {
    /// Value of the SLI.
    pub value: f64,
    /// Contacts per 1,000 sessions.
    pub rate: f64,
    /// Its 90 % band.
    pub band: Option<[f64; 2]>,
}

/// What was observed at values of about the same size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DoseBin {
    /// Their mean value.
    pub value: f64,
    /// Contacts per 1,000 sessions.
    pub rate: f64,
    /// Its 90 % interval.
    pub interval: Option<[f64; 2]>,
    /// Windows.
    pub windows: u64,
    /// Contacts in them.
    pub contacts: u64,
}

/// How contacts spread over the time after a bad moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LagKernel {
    /// Text alternative.
    pub message: String,
    /// Shares of the contacts by time; they add up to 1.
    pub points: Vec<LagPoint>,
    /// The mean, minutes.
    pub mean_min: f64,
    /// Its 90 % interval, minutes.
    pub mean_interval_min: Option<[f64; 2]>,
}

/// One stretch of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LagPoint {
    /// Its beginning, minutes after the bad moment.
    pub after_min: f64,
    /// Share of the contacts that come in it, 0 to 1.
    pub share: f64,
}

/// SLIs that were fitted together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalibrationGroup {
    /// The SLIs in the business's words.
    pub titles: Vec<String>,
    /// The one that stands for them.
    pub proxy: String,
    /// Why they are together.
    pub reason: String,
}

/// A check that must find nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlRow {
    /// Which check, in words.
    pub title: String,
    /// Met when it found nothing.
    pub state: State,
    /// What was found, in words with numbers.
    pub found: String,
}
