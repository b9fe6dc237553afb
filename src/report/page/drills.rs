//! What was done to the target and asked of people, and what came of it; and the ways to break.
//!
//! In: what the `cli` scored. Out: plain data. Entries of a drill timeline are marks of the page's own
//! timeline as well.

use serde::{Deserialize, Serialize};

use super::{ContactFigure, State};

/// The drill timeline of a rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrillPart {
    /// One row per entry, by the moment at which it was to begin.
    pub rows: Vec<DrillRow>,
}

/// One entry of the timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrillRow {
    /// Its name in the scenario.
    pub id: String,
    /// What it is.
    pub title: String,
    /// What kind of thing was done, e.g. `fault` or `announce`.
    pub action: String,
    /// What exactly was done.
    pub what: String,
    /// When it began, or was to begin where it did not, UTC µs since 1970.
    pub at_us: i64,
    /// When it was undone; `None` for a moment.
    pub until_us: Option<i64>,
    /// How it went, e.g. `done`, `failed`, `confirmed after 12 s`.
    pub outcome: String,
    /// What went wrong in doing or undoing it.
    pub problems: Vec<String>,
    /// The end of what a command or an answer said.
    pub output: Option<String>,
    /// SLIs that saw it first, in the business's words; empty when none did.
    pub seen_first_by: Vec<String>,
    /// SLIs that were judged and did not see it.
    pub not_seen_by: Vec<String>,
    /// Whether any SLI could be asked.
    pub is_scored: bool,
    /// How long after it began the first warn level spoke, seconds.
    pub warn_after_s: Option<f64>,
    /// The same of the first contact level.
    pub contact_after_s: Option<f64>,
    /// How soon all was well again, in words, e.g. `after 10 s`, `not in 25 s`.
    pub recovery: String,
    /// Different shoppers with a failed or slow request meanwhile.
    pub shoppers: Option<u64>,
    /// Whether `shoppers` was counted exactly; otherwise it is an estimate within 10 %.
    pub are_shoppers_exact: bool,
    /// Requests that failed meanwhile.
    pub requests_failed: Option<u64>,
    /// What turning off a channel took from the load, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relief: Option<String>,
    /// How often customers would have called because of what they met meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicted_contacts: Option<ContactFigure>,
    /// Names of other entries that lasted at the same time.
    pub overlaps: Vec<String>,
    /// What was expected.
    pub expectations: Vec<ExpectationRow>,
}

impl DrillRow {
    /// Which SLIs saw it first, in words.
    #[must_use]
    pub fn seen_words(&self) -> String {
        match (self.is_scored, self.seen_first_by.as_slice()) {
            (false, _) => self.outcome.clone(),
            (true, []) => "no SLI".to_owned(),
            (true, slis) => slis.join(", "),
        }
    }
}

/// One expectation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectationRow {
    /// What was expected, in words.
    pub what: String,
    /// Whether it came.
    pub state: State,
    /// What came.
    pub found: String,
}

/// The ways in which the business can break, and when each was last drilled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PremortemPart {
    /// The name of the file's subject.
    pub name: String,
    /// After how long a drill no longer counts, seconds.
    pub stale_after_s: f64,
    /// One row per way to break, in the order of the file.
    pub rows: Vec<PremortemRow>,
    /// Usual kinds of breaking that the file says nothing of.
    pub kinds_without_row: Vec<String>,
}

/// One way to break.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PremortemRow {
    /// Its name in the file.
    pub id: String,
    /// What happens.
    pub title: String,
    /// What kind of thing, e.g. `partner down`.
    pub kind: String,
    /// Who sees to it.
    pub owner: Option<String>,
    /// What is done then.
    pub react: Option<String>,
    /// The SLIs that should see it.
    pub seen_by: Vec<String>,
    /// The drill of it that was last done.
    pub drilled: Option<PremortemDrillRow>,
    /// What is open, e.g. `never drilled`; empty when all is well.
    pub findings: Vec<String>,
}

/// The last drill of a way to break.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PremortemDrillRow {
    /// When, as a date.
    pub date: String,
    /// The run in the lake.
    pub run_id: String,
    /// The scenario, and the entry of its timeline where it is one.
    pub drill: String,
    /// What became of the run.
    pub verdict: String,
    /// What each SLI that should see it saw, in words.
    pub sights: Vec<String>,
    /// SLIs that saw it first.
    pub seen_first_by: Vec<String>,
    /// How soon all was well again, in words.
    pub recovery: String,
}
