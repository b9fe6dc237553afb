//! Support contacts: how many are predicted, and whom a problem hit who has not called yet.
//!
//! In: what the `cli` predicted and counted. Out: plain data. What was learned from contacts has a page
//! of its own ([`CalibrationPage`]). It holds no shopper, not even the keyed hash of one.

mod calibration;

use serde::{Deserialize, Serialize};

use super::{BadSide, Unit};

pub use calibration::{
    CalibratedLevel, CalibratedSli, CalibrationGroup, CalibrationOutcome, CalibrationPage,
    ControlRow, DoseBin, DosePoint, DoseResponse, LagKernel, LagPoint, RefusalRow,
};

/// A number of contacts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ContactFigure {
    /// Expected contacts, at least 0.
    pub value: f64,
    /// 90 % interval of `value`.
    pub interval: Option<[f64; 2]>,
}

/// What is predicted of a range or a rehearsal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ContactPart {
    /// The prediction in one sentence, or why there is none.
    pub sentence: String,
    /// Contacts beyond those that come anyway; `None` where nothing can be predicted.
    pub predicted: Option<ContactFigure>,
    /// Contacts that come anyway, from as many sessions, when nothing is wrong.
    pub quiet: Option<f64>,
    /// Sessions that the prediction counts with.
    pub sessions: Option<f64>,
    /// One row per SLI that was fitted, most contacts first.
    pub by_sli: Vec<ContactSliRow>,
    /// What the prediction assumes and what it cannot know, a sentence each.
    pub assumptions: Vec<String>,
}

/// What one SLI has to do with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContactSliRow {
    /// The SLI in the business's words; of SLIs that were fitted together all of them.
    pub title: String,
    /// Contacts that go with it; those of several SLIs overlap and must not be added.
    pub predicted: Option<ContactFigure>,
    /// Unit of `worst` and `level`.
    pub unit: Unit,
    /// Its worst window.
    pub worst: Option<f64>,
    /// The level at which customers call.
    pub level: Option<f64>,
    /// On which side of `level` it is bad.
    pub bad: BadSide,
    /// What must be known to read the row, e.g. that a value was beyond all that was observed.
    pub remark: Option<String>,
}

/// Problems by affected shoppers, for those who answer the phone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskPart {
    /// The most important of it in one sentence.
    pub sentence: String,
    /// One row per problem, most shoppers first.
    pub rows: Vec<DeskRow>,
    /// Problems that are not shown.
    pub left_out: u64,
    /// What is not known, a sentence each.
    pub remarks: Vec<String>,
}

/// One problem: route, status and time, and those whom it hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskRow {
    /// Number by which a list of shoppers names it, from 1.
    pub number: u64,
    /// HTTP method; empty where a problem is told by its route alone.
    pub method: String,
    /// Path template.
    pub route: String,
    /// e.g. `503`, `no answer` or `slow`.
    pub status: String,
    /// Its first request, UTC µs since 1970.
    pub from_us: i64,
    /// Its last one.
    pub to_us: i64,
    /// Distinct shoppers.
    pub shoppers: u64,
    /// Requests.
    pub requests: u64,
    /// Shoppers who have called since; `None` where no tickets are known that name shoppers.
    pub called: Option<u64>,
    /// Shoppers who have not; `None` as above.
    pub not_called: Option<u64>,
}
