//! A calibration as the text of a threshold file.
//!
//! In: a [`Calibration`]. Out: YAML. Numbers have six digits: more says nothing about a level, and two
//! machines could differ in it.

use super::definition::{
    CalibratedDefinition, ControlsOutcome, Draw, EvidenceDefinition, FitDefinition,
    FitLevelDefinition, FormatName, HoldoutDefinition, PredictionDefinition,
    SliPredictionDefinition, ThresholdFileDefinition,
};
use crate::declared_files::DurationText;
use crate::sli::ThresholdDefinition;
use crate::sli::definition::LevelName;
use crate::support::calibration::{Calibration, Interval, Shape, SliFit, Status};
use crate::support::dose_response::DoseResponse;
use crate::support::input::Direction;
use crate::support::prediction::ContactModel;
use crate::support::season::Season;
use crate::time_window::rfc3339;

/// Significant digits of a number.
const DIGITS: usize = 6;

/// The text of the file. A refused calibration has its reasons in it and no level.
#[must_use]
pub fn threshold_yaml(calibration: &Calibration) -> String {
    let definition = ThresholdFileDefinition::from(calibration);
    let options = serde_saphyr::ser_options! {
        prefer_block_scalars: false,
        compact_list_indent: false,
    };
    let mut text = serde_saphyr::to_string_with_options(&definition, options)
        .expect("plain numbers and texts have nothing that YAML cannot write");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

impl From<&Calibration> for ThresholdFileDefinition {
    fn from(calibration: &Calibration) -> Self {
        let given = || {
            calibration
                .slis
                .iter()
                .filter(|fit| fit.status != Status::Refused)
        };
        Self {
            firedrill: Some(FormatName::ThresholdsV1),
            status: Some(calibration.status),
            refused_because: calibration.refused_because.clone(),
            calibrated: Some(calibrated(calibration)),
            thresholds: given()
                .flat_map(|fit| thresholds(calibration, fit))
                .collect(),
            fits: given().filter_map(|fit| fit_of(calibration, fit)).collect(),
            prediction: calibration.model.as_ref().map(prediction),
        }
    }
}

fn calibrated(calibration: &Calibration) -> CalibratedDefinition {
    CalibratedDefinition {
        at: rfc3339(calibration.calibrated_at_us),
        from: rfc3339(calibration.from_us),
        to: rfc3339(calibration.to_us),
        expires: rfc3339(calibration.expires_us),
        seed: calibration.seed,
        resamples: calibration.resamples,
        sli_set_sha256: calibration.sli_set_sha256.clone(),
        window: duration(calibration.window_us),
        time_zone: calibration.time_zone.clone(),
        exposure: calibration.exposure,
        days: calibration.counts.days,
        sessions: six(calibration.counts.sessions),
        net_contacts: calibration.counts.net_contacts,
        gross_contacts: calibration.counts.gross_contacts,
    }
}

fn duration(us: i64) -> DurationText {
    let us = u64::try_from(us).unwrap_or_default();
    DurationText::from_us(us).expect("windows and levels last days at most")
}

/// Both levels of a fit, by its first rule.
fn thresholds(calibration: &Calibration, fit: &SliFit) -> Vec<ThresholdDefinition> {
    let Some(level) = fit.levels.first() else {
        return Vec::new();
    };
    let of = |level, value: f64| {
        let (below, above) = match fit.direction {
            Direction::HigherIsWorse => (None, Some(value)),
            Direction::LowerIsWorse => (Some(value), None),
        };
        ThresholdDefinition {
            sli: fit.name.clone(),
            level,
            below,
            above,
            lasting: duration(calibration.lasting_us),
        }
    };
    vec![
        of(LevelName::Warn, six(level.warn)),
        of(LevelName::Contact, six(level.contact.value)),
    ]
}

fn fit_of(calibration: &Calibration, fit: &SliFit) -> Option<FitDefinition> {
    let group = fit.group.and_then(|group| calibration.groups.get(group));
    let together = group.into_iter().flat_map(|group| &group.slis);
    let shape = fit.shapes.iter().find(|score| score.is_chosen);
    Some(FitDefinition {
        sli: fit.name.clone(),
        definition_sha256: fit.definition_sha256.clone(),
        direction: fit.direction,
        unit: fit.unit.clone(),
        status: fit.status,
        tier: fit.tier,
        shape: shape.map_or(Shape::Hinge, |score| score.shape),
        onset: fit.onset.map(rounded),
        lag_minutes: rounded(fit.lag.as_ref()?.mean_minutes),
        episodes: fit.episodes,
        net_contacts: fit.net_contacts,
        moves_together_with: together
            .filter(|name| **name != fit.name)
            .cloned()
            .collect(),
        levels: fit
            .levels
            .iter()
            .map(|level| FitLevelDefinition {
                rule: level.rule.rounded(six),
                warn: six(level.warn),
                contact: six(level.contact.value),
                ci90: level.contact.ci90.map(six),
            })
            .collect(),
        evidence: evidence(fit),
    })
}

fn evidence(fit: &SliFit) -> EvidenceDefinition {
    let controls = &fit.evidence.controls;
    EvidenceDefinition {
        q_value: fit.evidence.q_value.map(six),
        spearman: fit.evidence.spearman.map(six),
        holdout: fit
            .evidence
            .holdout
            .as_ref()
            .map(|holdout| HoldoutDefinition {
                split: holdout.split,
                precision: holdout.precision.map(six),
                recall: holdout.recall.map(six),
                false_alarms_per_week: six(holdout.false_alarms_per_week),
                lead_minutes_median: holdout.lead_minutes_median.map(six),
                deviance_skill: six(holdout.deviance_skill),
                brier: six(holdout.brier),
                coverage90: six(holdout.coverage90),
            }),
        negative_controls: if controls.is_empty() {
            ControlsOutcome::None
        } else if controls.iter().all(|control| control.passed) {
            ControlsOutcome::Pass
        } else {
            ControlsOutcome::Fail
        },
    }
}

fn prediction(model: &ContactModel) -> PredictionDefinition {
    let all = |values: &[f64]| values.iter().copied().map(six).collect();
    PredictionDefinition {
        quiet_rate: rounded(model.quiet_rate),
        quiet_draws: all(&model.quiet_draws),
        season: Season {
            constant: six(model.season.constant),
            harmonics: all(&model.season.harmonics),
        },
        lag_weights: all(&model.lag_weights),
        dispersion: model.dispersion.map(six),
        slis: model
            .slis
            .iter()
            .map(|sli| SliPredictionDefinition {
                sli: sli.name.clone(),
                stands_for: sli.stands_for.clone(),
                curve: rounded_curve(&sli.curve),
                worst_observed: six(sli.worst_observed),
                draws: sli.draws.iter().map(|draw| Draw(all(draw))).collect(),
            })
            .collect(),
    }
}

fn rounded_curve(curve: &DoseResponse) -> DoseResponse {
    let all = |values: &[f64]| values.iter().copied().map(six).collect();
    match curve {
        DoseResponse::Hinge { onset, slope } => DoseResponse::Hinge {
            onset: six(*onset),
            slope: six(*slope),
        },
        DoseResponse::Linear { onset, slope } => DoseResponse::Linear {
            onset: six(*onset),
            slope: six(*slope),
        },
        DoseResponse::Steps { from, ratio } => DoseResponse::Steps {
            from: all(from),
            ratio: all(ratio),
        },
    }
}

fn rounded(interval: Interval) -> Interval {
    Interval {
        value: six(interval.value),
        ci90: interval.ci90.map(six),
    }
}

/// The number with [`DIGITS`] significant digits, through its own text, so that it is the nearest to
/// what is written.
fn six(value: f64) -> f64 {
    format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::six;

    #[test]
    fn numbers_keep_six_digits() {
        assert_eq!(six(0.012_345_678), 0.012_345_7);
        assert_eq!(six(2_412_345.6), 2_412_350.0);
        assert_eq!(six(0.0), 0.0);
        assert_eq!(six(-1.5), -1.5);
    }
}
