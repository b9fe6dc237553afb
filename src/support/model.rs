//! What predicts contacts, out of the fits that have a level.
//!
//! In: finished fits. Out: the [`ContactModel`] and the timeline of its strongest SLI. A group of SLIs
//! counts once; an SLI without a level predicts nothing.

use super::calibration::{Calibration, Interval, LinkedFit, SliFit, Status, Tier, TimelinePoint};
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
            .filter(|sli| is_given(**sli) && calibration.slis[**sli].tier == Tier::Aggregate)
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
    slis.extend(linked(calibration).map(|(_, sli)| sli));
    let Some((of, quiet_rate)) = strongest.and_then(|of| Some((of, of.fit.quiet_rate?))) else {
        // Nothing is given, but the picture of what was tried helps to see why.
        let tried = joint
            .units()
            .iter()
            .find_map(|unit| finished(*unit.first()?));
        return (
            of_sessions(frame, calibration, slis),
            tried.map_or_else(Vec::new, |tried| tried.timeline.clone()),
        );
    };
    let season = &of.fitted.season;
    let model = ContactModel {
        window_us: frame.input.window_us,
        time_zone: calibration.time_zone.clone(),
        exposure: calibration.exposure,
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

/// SLIs whose level is from sessions alone and holds for windows, too: those of shares, whose risk is a
/// straight line of whether a session failed, so that contacts of a window follow its failed share.
fn linked(calibration: &Calibration) -> impl Iterator<Item = (&LinkedFit, SliModel)> {
    let given = calibration.slis.iter().filter(|fit| {
        fit.tier == Tier::Linked && fit.status != Status::Refused && fit.unit == "share"
    });
    given.filter_map(|fit| {
        let linked = fit.linked.as_ref()?;
        let draws = linked.predicts.draws.iter().take(DRAWS_MAX);
        let sli = SliModel {
            name: fit.name.clone(),
            stands_for: Vec::new(),
            definition_sha256: fit.definition_sha256.clone(),
            unit: fit.unit.clone(),
            direction: fit.direction,
            curve: linked.curve.clone(),
            worst_observed: linked.predicts.worst_observed,
            draws: draws.cloned().collect(),
        };
        Some((linked, sli))
    })
}

/// The model where no level is from windows: risk per session times sessions. Contacts whose session is
/// not in the lake are as many again as are missing of those that are.
fn of_sessions(
    frame: &Frame<'_>,
    calibration: &Calibration,
    slis: Vec<SliModel>,
) -> Option<ContactModel> {
    let (first, _) = linked(calibration).next()?;
    let all = |risk: f64| risk / first.linked_share.max(f64::MIN_POSITIVE);
    Some(ContactModel {
        window_us: frame.input.window_us,
        time_zone: calibration.time_zone.clone(),
        exposure: calibration.exposure,
        quiet_rate: Interval {
            value: all(first.quiet_rate.value),
            ci90: first.quiet_rate.ci90.map(all),
        },
        quiet_draws: first
            .predicts
            .quiet_draws
            .iter()
            .take(DRAWS_MAX)
            .map(|risk| all(*risk))
            .collect(),
        season: first.predicts.season.clone(),
        lag_weights: frame.seen_kernel.clone()?,
        dispersion: first.predicts.dispersion,
        slis,
    })
}

/// What is said of levels that predict nothing: a percentile of a window does not tell how many of its
/// sessions were beyond a level of their own.
pub(super) fn unpredicted(calibration: &Calibration) -> Vec<String> {
    let silent = calibration.slis.iter().filter(|fit| {
        fit.tier == Tier::Linked && fit.status != Status::Refused && fit.unit != "share"
    });
    let note = |fit: &SliFit| {
        format!(
            "`{}` predicts no contacts: its level is the experience of one session, and a percentile does not say how \
             many sessions were beyond it (hint: learn from the share of requests within that limit, kind `latency_cut`)",
            fit.name
        )
    };
    silent.map(note).collect()
}
