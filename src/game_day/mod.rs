//! Game days: what became of the entries of a drill timeline, and what of the ways to break was ever
//! rehearsed.
//!
//! In: what was done when ([`DrilledEntry`]), and the SLIs of the run. Out: a [`DrillScore`] per entry:
//! which SLI saw it, how soon, which did not, and how soon all was well again. The pre-mortem file lists
//! the ways to break; with the scores of past runs it becomes the [`PremortemMatrix`]. Nothing is done
//! to a target here, and no lake is read. Reading order: [`DrilledEntry`], [`score`], [`judge`],
//! [`PremortemDefinition`], [`resolve`], [`matrix`].

mod entry;
pub use entry::{DrilledEntry, EntryAction, EntryEnd, EntryOutcome, Expectation, UndoOutcome};

mod level_story;
pub use level_story::known_us;

mod score;
pub use score::{
    DrillScore, FirstSight, Impact, MOMENT_US, PredictedContacts, Recovery, RecoveryState, Relief,
    ScoreScope, SightState, SliSight, score,
};

mod expectation;
pub use expectation::{JudgedExpectation, judge};

mod premortem;
pub use premortem::{
    PremortemDefinition, PremortemDrill, PremortemPlan, Rehearsed, Risk, RiskKind, ScenarioEntry,
    ScenarioNames, SliNames, resolve,
};

mod matrix;
pub use matrix::{
    KeptRun, MatrixFinding, MatrixRow, MatrixSight, PremortemMatrix, RowDrill, SliCrossing, matrix,
};

#[cfg(test)]
mod tests;
