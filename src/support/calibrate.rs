//! The way from weeks of windows to levels, step by step.
//!
//! In: [`CalibrationInput`] and settings. Out: a [`Calibration`]. Each step is a file of its own; here
//! they stand in their order: is there enough, is there an effect, which SLIs move together, what does
//! each add to the others, how well is its level known, does it predict, do the controls pass.

use rayon::prelude::*;

use super::calibration::{
    Calibration, Evidence, LinkedFit, RefusalRule, SliFit, SliGroup, Status, Tier,
};
use super::existence::{Existence, existence, q_values};
use super::finish::{Finished, finish};
use super::frame::{Candidate, Frame};
use super::groups::groups;
use super::input::CalibrationInput;
use super::joint::{Joint, Unit};
use super::linked::linked_fit;
use super::model::{model, unpredicted};
use super::promote::promote;
use super::quiet::FitError;
use super::refusal::{self, refusal};
use super::settings::{CalibrationSettings, Progress};

/// Steps that the test for an effect counts for, per SLI.
const EXISTENCE_STEPS: u64 = 50;

/// Learns at which levels of SLIs customers call.
///
/// Deterministic: the same input and settings give the same bytes, on any number of threads. A refusal
/// is a result, not an error; there is none.
#[must_use]
pub fn calibrate(
    input: &CalibrationInput,
    settings: &CalibrationSettings,
    progress: &dyn Progress,
) -> Calibration {
    let frame = Frame::new(input, settings);
    let mut calibration = frame.blank();
    calibration.refused_because = refusal::of_input(input, &calibration.counts);
    if !calibration.refused_because.is_empty() {
        calibration.status = Status::Refused;
        return calibration;
    }
    let candidates = candidates(&frame, &mut calibration);
    let found = effects(&frame, &candidates, &mut calibration, progress);
    let linked = linked(&frame, &found, progress);
    let units = units(&frame, &found, &mut calibration);
    let joint = Joint::new(&frame, units);
    for (sli, error) in &joint.failed {
        refuse_failed(&mut calibration.slis[*sli], error);
    }
    for (sli, by) in &joint.shown_by_another {
        let by = &input.slis[*by].name;
        refuse(
            &mut calibration.slis[*sli],
            RefusalRule::ShownByAnother,
            format!("what it shows is already shown by `{by}`"),
            format!("watch `{by}`"),
        );
    }
    let members: Vec<usize> = joint.members();
    progress.expect(members.len() as u64 * u64::from(settings.resamples));
    let finished: Vec<(usize, Result<Finished, FitError>)> = members
        .par_iter()
        .map(|sli| {
            (
                *sli,
                finish(&frame, &joint, *sli, &calibration.slis[*sli], progress),
            )
        })
        .collect();
    conclude(&frame, joint, finished, (&found, linked), calibration)
}

/// What sessions one by one say of each SLI, where they are known.
fn linked(
    frame: &Frame<'_>,
    effects: &Effects,
    progress: &dyn Progress,
) -> Vec<(Candidate, LinkedFit)> {
    let all = effects.candidates.iter().chain(&effects.without);
    let fits = all.filter_map(|candidate| {
        // A measure that cannot be fitted says nothing; the windows are still there.
        let fit = linked_fit(frame, candidate, progress)?.ok()?;
        Some((candidate.clone(), fit))
    });
    fits.collect()
}

/// SLIs that can be looked at; the others are refused.
fn candidates<'a>(frame: &Frame<'a>, calibration: &mut Calibration) -> Vec<Candidate> {
    let all = (0..frame.input.slis.len())
        .into_par_iter()
        .map(|sli| frame.candidate(sli));
    let all: Vec<Result<Candidate, _>> = all.collect();
    let mut candidates = Vec::new();
    for (sli, candidate) in all.into_iter().enumerate() {
        match candidate {
            Ok(candidate) => candidates.push(candidate),
            Err(because) => calibration.slis[sli].refused_because.push(because),
        }
    }
    candidates
}

/// SLIs with an effect that chance does not explain, those without, and negative controls.
#[derive(Default)]
struct Effects {
    candidates: Vec<Candidate>,
    /// Those without.
    without: Vec<Candidate>,
    controls: Vec<Candidate>,
}

fn effects(
    frame: &Frame<'_>,
    candidates: &[Candidate],
    calibration: &mut Calibration,
    progress: &dyn Progress,
) -> Effects {
    progress.expect(EXISTENCE_STEPS * candidates.len() as u64);
    let tested: Vec<Result<Existence, FitError>> = candidates
        .par_iter()
        .map(|candidate| {
            let windows = |_: usize| true;
            let source = frame.source(candidate, &[], &windows);
            let found = existence(&source, frame.no_effect_draws(candidate.sli));
            progress.done(EXISTENCE_STEPS);
            found
        })
        .collect();
    let is_control = |candidate: &Candidate| frame.input.slis[candidate.sli].is_negative_control;
    let p_values: Vec<f64> = candidates
        .iter()
        .zip(&tested)
        .filter(|(candidate, _)| !is_control(candidate))
        .filter_map(|(_, tested)| Some(tested.as_ref().ok()?.p_value))
        .collect();
    let mut q_values = q_values(&p_values).into_iter();
    let rate = frame.settings.false_discovery_rate;
    let mut effects = Effects::default();
    for (candidate, tested) in candidates.iter().zip(tested) {
        let fit = &mut calibration.slis[candidate.sli];
        let tested = match tested {
            Ok(tested) => tested,
            Err(error) => {
                refuse_failed(fit, &error);
                continue;
            }
        };
        fit.evidence.likelihood_ratio = tested.likelihood_ratio;
        fit.evidence.p_value = Some(tested.p_value);
        if is_control(candidate) {
            let why = "it is a negative control".to_owned();
            refuse(fit, RefusalRule::NegativeControl, why, "none is needed");
            effects.controls.push(candidate.clone());
            continue;
        }
        let q_value = q_values.next().unwrap_or(1.0);
        fit.evidence.q_value = Some(q_value);
        if q_value <= rate {
            effects.candidates.push(candidate.clone());
        } else {
            effects.without.push(candidate.clone());
            let why = format!(
                "no effect on contacts can be told from chance (q {q_value:.2}, at most {rate:.2})"
            );
            refuse(
                fit,
                RefusalRule::NoEffect,
                why,
                "take more weeks, or an SLI that is closer to what customers call about",
            );
        }
    }
    effects
}

/// SLIs that move together are one unit, the others one each.
fn units(frame: &Frame<'_>, effects: &Effects, calibration: &mut Calibration) -> Vec<Unit> {
    let harms: Vec<_> = effects
        .candidates
        .iter()
        .map(|candidate| &candidate.harm)
        .collect();
    let mut units = Vec::new();
    let mut grouped = vec![false; harms.len()];
    for group in groups(&harms) {
        let members: Vec<Candidate> = group
            .members
            .iter()
            .map(|index| effects.candidates[*index].clone())
            .collect();
        for (index, member) in group.members.iter().zip(&members) {
            grouped[*index] = true;
            calibration.slis[member.sli].group = Some(calibration.groups.len());
        }
        let name = |member: &Candidate| frame.input.slis[member.sli].name.clone();
        calibration.groups.push(SliGroup {
            slis: members.iter().map(name).collect(),
            proxy: name(&members[0]),
            spearman_max: group.spearman_max,
            vif_max: group.vif_max,
        });
        units.push(Unit { members });
    }
    let alone = effects
        .candidates
        .iter()
        .zip(grouped)
        .filter(|(_, grouped)| !grouped);
    units.extend(alone.map(|(candidate, _)| Unit {
        members: vec![candidate.clone()],
    }));
    units
}

/// Puts everything together.
fn conclude(
    frame: &Frame<'_>,
    joint: Joint,
    finished: Vec<(usize, Result<Finished, FitError>)>,
    (effects, linked): (&Effects, Vec<(Candidate, LinkedFit)>),
    mut calibration: Calibration,
) -> Calibration {
    let mut done = Vec::new();
    for (sli, result) in finished {
        match result {
            Ok(finished) => {
                calibration.slis[sli] = finished.fit.clone();
                done.push((sli, finished));
            }
            Err(error) => refuse_failed(&mut calibration.slis[sli], &error),
        }
    }
    let unrelated = joint.unrelated(frame, &effects.controls);
    for fit in calibration
        .slis
        .iter_mut()
        .filter(|fit| fit.curve.is_some())
    {
        fit.evidence.controls.extend(unrelated.iter().cloned());
        for control in unrelated.iter().filter(|control| !control.passed) {
            refuse(
                fit,
                RefusalRule::FailedControl,
                format!("what should have no effect has one: {}", control.finding),
                "look for campaigns or releases that moved both, and name them as known drivers",
            );
        }
    }
    for (candidate, found) in linked {
        let fit = &mut calibration.slis[candidate.sli];
        fit.linked = Some(found);
        promote(frame, fit, &candidate);
    }
    for group in &mut calibration.groups {
        let best = joint.proxy_of(frame, &group.slis);
        group.proxy = best.unwrap_or_else(|| group.proxy.clone());
    }
    refusal::overall(&mut calibration);
    let silent = unpredicted(&calibration);
    calibration.notes.extend(silent);
    let (model, timeline) = model(frame, &joint, &done, &calibration);
    calibration.model = model;
    calibration.timeline = timeline;
    calibration
}

fn refuse_failed(fit: &mut SliFit, error: &FitError) {
    refuse(
        fit,
        RefusalRule::NoConvergence,
        format!("no model could be fitted: {error}"),
        "take more weeks; check contacts and sessions of these windows",
    );
}

fn refuse(fit: &mut SliFit, rule: RefusalRule, reason: String, cure: impl Into<String>) {
    fit.status = Status::Refused;
    fit.refused_because.push(refusal(rule, reason, cure));
}

/// A fit of which nothing is known yet.
pub(super) fn blank(frame: &Frame<'_>, sli: usize) -> SliFit {
    let input = &frame.input.slis[sli];
    SliFit {
        name: input.name.clone(),
        title: input.title.clone(),
        definition_sha256: input.definition_sha256.clone(),
        unit: input.unit.clone(),
        direction: input.direction,
        journey: input.journey.clone(),
        status: Status::Refused,
        refused_because: Vec::new(),
        group: None,
        tier: Tier::Aggregate,
        shapes: Vec::new(),
        curve: None,
        onset: None,
        quiet_rate: None,
        slope: None,
        lag: None,
        dispersion: None,
        episodes: 0,
        net_contacts: 0,
        levels: Vec::new(),
        evidence: Evidence::default(),
        linked: None,
        dose_response: Vec::new(),
        band: Vec::new(),
    }
}
