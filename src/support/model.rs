//! What predicts contacts, out of the fits that have a level.
//!
//! In: finished fits. Out: the [`ContactModel`] and the timeline of its strongest SLI. A group of SLIs
//! counts once; an SLI without a level predicts nothing.

use super::calibration::{Calibration, Status, TimelinePoint};
use super::finish::{Finished, free_rate};
use super::frame::Frame;
use super::joint::Joint;
use super::prediction::{ContactModel, SliModel};
use super::season::{Season, TERMS};

/// Draws that are kept for predictions.
const DRAWS_MAX: usize = 200;

/// Model and timeline; none where everything is refused.
pub(super) fn model(
    frame: &Frame<'_>,
    joint: &Joint,
    done: &[(usize, Finished)],
    calibration: &Calibration,
) -> (Option<ContactModel>, Vec<TimelinePoint>) {
    let is_given = |sli: usize| calibration.slis[sli].status != Status::Refused;
    let finished = |sli: usize| {
        done.iter()
            .find(|(of, _)| *of == sli)
            .map(|(_, finished)| finished)
    };
    let mut slis = Vec::new();
    let mut strongest = None;
    for unit in joint.units() {
        let Some((sli, of)) = unit
            .iter()
            .filter(|sli| is_given(**sli))
            .find_map(|sli| Some((*sli, finished(*sli)?)))
        else {
            continue;
        };
        strongest = strongest.or(Some(of));
        let name = |sli: &usize| frame.input.slis[*sli].name.clone();
        let Some(curve) = of.fit.curve.clone() else {
            continue;
        };
        slis.push(SliModel {
            name: name(&sli),
            stands_for: unit
                .iter()
                .filter(|other| **other != sli)
                .map(name)
                .collect(),
            definition_sha256: of.fit.definition_sha256.clone(),
            unit: of.fit.unit.clone(),
            direction: of.fit.direction,
            curve,
            worst_observed: of.worst_observed,
            draws: of.draws.iter().take(DRAWS_MAX).cloned().collect(),
        });
    }
    let Some((of, quiet_rate)) = strongest.and_then(|of| Some((of, of.fit.quiet_rate?))) else {
        // Nothing is given, but the picture of what was tried helps to see why.
        let tried = joint
            .units()
            .iter()
            .find_map(|unit| finished(*unit.first()?));
        return (
            None,
            tried.map_or_else(Vec::new, |tried| tried.timeline.clone()),
        );
    };
    let season = &of.fitted.season;
    let model = ContactModel {
        window_us: frame.input.window_us,
        time_zone: calibration.time_zone.clone(),
        quiet_rate,
        quiet_draws: of.quiet_draws.iter().take(DRAWS_MAX).copied().collect(),
        season: Season {
            constant: season.intercept - free_rate(&of.fitted).ln(),
            harmonics: season.coefficients[..TERMS].to_vec(),
        },
        lag_weights: of.fitted.kernel.clone(),
        dispersion: season.theta,
        slis,
    };
    (Some(model), of.timeline.clone())
}
