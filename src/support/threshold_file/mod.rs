//! The threshold file: what a calibration writes and what everything else applies.
//!
//! In: a [`Calibration`](super::Calibration), or YAML. Out: YAML, or levels and a model that are known
//! to belong to the SLI set at hand. A file with `thresholds:` alone, written by hand, is one, too.

mod applied;
mod definition;
mod written;

#[cfg(test)]
mod tests;

pub use applied::{AppliedThresholds, applied, check_thresholds};
pub use definition::{
    CalibratedDefinition, ControlsOutcome, Draw, EvidenceDefinition, FORMAT, FitDefinition,
    FitLevelDefinition, FormatName, HoldoutDefinition, PredictionDefinition,
    SliPredictionDefinition, ThresholdFileDefinition,
};
pub use written::threshold_yaml;
