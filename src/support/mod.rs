//! Support contacts: the levels of SLIs at which customers call, and how many will.
//!
//! In: contacts, sessions and SLIs per window ([`CalibrationInput`]). Out: levels with intervals and
//! evidence, or a refusal ([`Calibration`]); a threshold file; contacts of a rehearsal, a week or a
//! what-if ([`predict`]). Pure functions: no clock, no file, no lake. Says what predicts contacts,
//! never what brings them about. Reading order: `input`, `calibrate`, `threshold_file`, `prediction`.

mod input;

mod settings;

mod calibration;

mod season;

mod kernel;

mod nodes;

mod spread;

mod design;

mod regression;

mod quiet;

mod draws;

mod hinge;

mod fit;

mod existence;

mod bootstrap;

mod few_clusters;

mod mixture;

mod dose_response;

mod prediction;

mod threshold_file;

pub mod clusters;
pub mod tickets;

mod episodes;

mod groups;

mod levels;

mod shapes;

mod holdout;

mod controls;

mod picture;

mod refusal;

mod frame;

mod joint;

mod finish;

mod linked;

mod promote;

mod model;

mod calibrate;

#[cfg(test)]
mod tests;

pub use calibrate::calibrate;
pub use calibration::{
    BandPoint, Calibration, Control, ControlKind, Counts, DosePoint, Evidence, Holdout, Interval,
    Lag, LearnedLevel, LevelRule, LinkedFit, Refusal, RefusalRule, Shape, ShapeScore, SliFit,
    SliGroup, Split, Status, Tier, TimelinePoint,
};
pub use dose_response::DoseResponse;
pub use input::{
    CalibrationInput, Direction, ExportFault, Exposure, ExposureUnit, KnownDriver, LinkedSession,
    LinkedSessions, SliInput, WindowCounts,
};
pub use linked::LinkedPrediction;
pub use prediction::{
    BeyondObserved, ContactModel, ContactPrediction, LevelAnswer, PredictionWindow, SliContacts,
    SliModel, level_of, predict,
};
pub use refusal::{CONTACTS_MIN, DAYS_MIN, EPISODES_FIRM, EPISODES_MIN, WIDTH_MAX};
pub use season::Season;
pub use settings::{CalibrationSettings, Desk, DeskCapacity, NoProgress, Progress};
pub use threshold_file::{
    AppliedThresholds, CalibratedDefinition, ControlsOutcome, Draw, EvidenceDefinition, FORMAT,
    FitDefinition, FitLevelDefinition, FormatName, HoldoutDefinition, PredictionDefinition,
    SliPredictionDefinition, ThresholdFileDefinition, applied, check_thresholds, threshold_yaml,
};
