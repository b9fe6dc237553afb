//! Whether a threshold file may be used, and what it then gives.
//!
//! In: a file as read, an SLI set, the time. Out: levels and a model, or everything that is wrong with
//! it. A stale file, or one of SLIs that mean something else by now, is refused, never silently used.

use jiff::Timestamp;

use super::definition::{
    CalibratedDefinition, FitDefinition, PredictionDefinition, SliPredictionDefinition,
    ThresholdFileDefinition,
};
use crate::declared_files::{Declared, DeclaredFileError, Problem, choices_hint};
use crate::sli::{SliSetPlan, ThresholdDefinition};
use crate::support::calibration::Status;
use crate::support::dose_response::DoseResponse;
use crate::support::prediction::{ContactModel, SliModel};
use crate::time_window::zone;

/// What to do about a file that is not of this set or time.
const AGAIN: &str = "run `firedrill calibrate` again, on recent weeks";
/// How far weights may be from adding up to 1.
const WEIGHT_ERROR_MAX: f64 = 1e-3;

/// What a threshold file gives.
#[derive(Debug, Clone)]
pub struct AppliedThresholds {
    /// The levels.
    pub thresholds: Vec<ThresholdDefinition>,
    /// How far they can be trusted; `None` of a file written by hand.
    pub status: Option<Status>,
    /// What predicts contacts, if the file has it.
    pub model: Option<ContactModel>,
}

/// Checks a file by itself: times, numbers that belong together.
///
/// # Errors
/// Every problem at once, with its place.
pub fn check_thresholds(
    declared: &Declared<ThresholdFileDefinition>,
) -> Result<(), DeclaredFileError> {
    let problems = own_problems(declared);
    if problems.is_empty() {
        Ok(())
    } else {
        Err(DeclaredFileError::from(problems))
    }
}

/// What the file gives to this SLI set at this time (UTC µs since 1970).
///
/// # Errors
/// Everything at once that is wrong with the file itself, a file whose calibration was refused, one
/// that has expired, and every learned SLI that the set does not have or that means something else.
pub fn applied(
    declared: &Declared<ThresholdFileDefinition>,
    set: &SliSetPlan,
    now_us: i64,
) -> Result<AppliedThresholds, DeclaredFileError> {
    let file = &declared.value;
    let mut problems = own_problems(declared);
    problems.extend(refused(declared));
    problems.extend(expired(declared, now_us));
    for (index, fit) in file.fits.iter().enumerate() {
        problems.extend(foreign(declared, set, index, fit));
    }
    if !problems.is_empty() {
        return Err(DeclaredFileError::from(problems));
    }
    let model = file
        .prediction
        .as_ref()
        .zip(file.calibrated.as_ref())
        .map(|(prediction, calibrated)| model(file, prediction, calibrated));
    Ok(AppliedThresholds {
        thresholds: file.thresholds.clone(),
        status: file.status,
        model,
    })
}

fn refused(declared: &Declared<ThresholdFileDefinition>) -> Option<Problem> {
    let file = &declared.value;
    (file.status == Some(Status::Refused)).then(|| {
        let first = file.refused_because.first();
        let reason = first.map_or_else(String::new, |refusal| format!(": {}", refusal.reason));
        let cure = first.map_or(AGAIN, |refusal| &refusal.cure).to_owned();
        declared.problem(
            "/status",
            format!("its calibration gave no level{reason}"),
            Some(cure),
        )
    })
}

fn expired(declared: &Declared<ThresholdFileDefinition>, now_us: i64) -> Option<Problem> {
    let calibrated = declared.value.calibrated.as_ref()?;
    let expires: Timestamp = calibrated.expires.parse().ok()?;
    (expires.as_microsecond() <= now_us).then(|| {
        let message = format!("its levels are stale since {}", calibrated.expires);
        declared.problem("/calibrated/expires", message, Some(AGAIN.to_owned()))
    })
}

fn foreign(
    declared: &Declared<ThresholdFileDefinition>,
    set: &SliSetPlan,
    index: usize,
    fit: &FitDefinition,
) -> Option<Problem> {
    let Some(sli) = set.slis.iter().find(|sli| sli.name == fit.sli) else {
        let names: Vec<&str> = set.slis.iter().map(|sli| sli.name.as_str()).collect();
        let hint = choices_hint(&fit.sli, &names, "SLIs of the set");
        let message = format!("unknown SLI `{}`", fit.sli);
        return Some(declared.problem(&format!("/fits/{index}/sli"), message, Some(hint)));
    };
    (sli.meaning_sha256 != fit.definition_sha256).then(|| {
        let message = format!(
            "`{}` means something else than when its level was learned",
            fit.sli
        );
        let pointer = format!("/fits/{index}/definition_sha256");
        let hint = format!("{AGAIN}, or use the SLI set of then");
        declared.problem(&pointer, message, Some(hint))
    })
}

/// What is wrong with the file by itself.
fn own_problems(declared: &Declared<ThresholdFileDefinition>) -> Vec<Problem> {
    let file = &declared.value;
    let mut problems = Vec::new();
    let mut problem = |pointer: &str, message: String, hint: &str| {
        problems.push(declared.problem(pointer, message, Some(hint.to_owned())));
    };
    if let Some(calibrated) = &file.calibrated {
        let times = [
            ("at", &calibrated.at),
            ("from", &calibrated.from),
            ("to", &calibrated.to),
            ("expires", &calibrated.expires),
        ];
        for (key, text) in times {
            if text.parse::<Timestamp>().is_err() {
                let message = format!("`{text}` is no time");
                problem(
                    &format!("/calibrated/{key}"),
                    message,
                    "write RFC 3339: `2026-11-20T00:00:00Z`",
                );
            }
        }
        if let Err(error) = zone(&calibrated.time_zone) {
            problem(
                "/calibrated/time_zone",
                error.to_string(),
                "name a zone such as `Europe/Berlin`",
            );
        }
    }
    if !file.fits.is_empty() && file.calibrated.is_none() {
        let message = "a file with `fits` says when they were learned".to_owned();
        problem("/fits", message, "keep the `calibrated` part of the file");
    }
    let Some(prediction) = &file.prediction else {
        return problems;
    };
    let sum: f64 = prediction.lag_weights.iter().sum();
    if (sum - 1.0).abs() > WEIGHT_ERROR_MAX
        || prediction.lag_weights.iter().any(|weight| *weight < 0.0)
    {
        let message = format!("the weights add up to {sum:.4}, not to 1");
        problem("/prediction/lag_weights", message, AGAIN);
    }
    if prediction.quiet_rate.value <= 0.0 {
        let message = "the quiet rate is not above 0".to_owned();
        problem("/prediction/quiet_rate", message, AGAIN);
    }
    for (index, sli) in prediction.slis.iter().enumerate() {
        let pointer = format!("/prediction/slis/{index}");
        if let Some((key, message)) = curve_problem(file, prediction, sli) {
            problem(&format!("{pointer}/{key}"), message, AGAIN);
        }
    }
    problems
}

/// What is wrong with the curve of one SLI: where, and what.
fn curve_problem(
    file: &ThresholdFileDefinition,
    prediction: &PredictionDefinition,
    sli: &SliPredictionDefinition,
) -> Option<(&'static str, String)> {
    if !file.fits.iter().any(|fit| fit.sli == sli.sli) {
        return Some(("sli", format!("`{}` has a curve but no fit", sli.sli)));
    }
    if let DoseResponse::Steps { from, ratio } = &sli.curve
        && (from.len() != ratio.len() || from.is_empty())
    {
        return Some(("curve", "it has not as many steps as ratios".to_owned()));
    }
    let parameters = sli.curve.parameters().len();
    if sli.draws.iter().any(|draw| draw.0.len() != parameters) {
        return Some((
            "draws",
            format!("a draw has not {parameters} numbers, as the curve has"),
        ));
    }
    (sli.draws.len() != prediction.quiet_draws.len()).then(|| {
        let (draws, quiet) = (sli.draws.len(), prediction.quiet_draws.len());
        (
            "draws",
            format!("there are {draws} draws of the curve and {quiet} of the quiet rate"),
        )
    })
}

fn model(
    file: &ThresholdFileDefinition,
    prediction: &PredictionDefinition,
    calibrated: &CalibratedDefinition,
) -> ContactModel {
    let slis = prediction.slis.iter().filter_map(|sli| {
        let fit = file.fits.iter().find(|fit| fit.sli == sli.sli)?;
        Some(SliModel {
            name: sli.sli.clone(),
            stands_for: sli.stands_for.clone(),
            definition_sha256: fit.definition_sha256.clone(),
            unit: fit.unit.clone(),
            direction: fit.direction,
            curve: sli.curve.clone(),
            worst_observed: sli.worst_observed,
            draws: sli.draws.iter().map(|draw| draw.0.clone()).collect(),
        })
    });
    ContactModel {
        window_us: i64::try_from(calibrated.window.as_us()).unwrap_or(i64::MAX),
        time_zone: calibrated.time_zone.clone(),
        exposure: calibrated.exposure,
        quiet_rate: prediction.quiet_rate,
        quiet_draws: prediction.quiet_draws.clone(),
        season: prediction.season.clone(),
        lag_weights: prediction.lag_weights.clone(),
        dispersion: prediction.dispersion,
        slis: slis.collect(),
    }
}
