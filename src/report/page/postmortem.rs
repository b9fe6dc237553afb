//! What a postmortem of a rehearsal can be filled with: facts, never causes.

use serde::{Deserialize, Serialize};

/// Facts of a run under the headings of a postmortem.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Postmortem {
    /// Whom it hit, and what did not happen because of it.
    pub impact: Vec<String>,
    /// What happened when, oldest first.
    pub timeline: Vec<PostmortemMoment>,
    /// What saw it first, how fast, and what did not see it.
    pub detection: Vec<String>,
    /// What went well.
    pub went_well: Vec<String>,
    /// What went wrong.
    pub went_wrong: Vec<String>,
    /// Where it was close.
    pub lucky: Vec<String>,
    /// What the run shows to be missing.
    pub actions: Vec<String>,
}

/// One moment of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostmortemMoment {
    /// When, UTC µs since 1970.
    pub at_us: i64,
    /// What happened.
    pub what: String,
}
