//! All about one SLI, given what the others explain: shape, draws, levels, evidence, picture.
//!
//! In: a candidate and the excess by others. Out: a [`Finished`] fit with its status.

use rayon::prelude::*;

use super::bootstrap::{Draw, Resampling, ci90, draws};
use super::calibration::{Interval, Lag, Shape, ShapeScore, SliFit, Tier, TimelinePoint};
use super::controls::controls;
use super::dose_response::DoseResponse;
use super::episodes::{Episode, effective, episodes};
use super::few_clusters::{factor, widened};
use super::fit::{Fitted, Source};
use super::frame::{Candidate, Frame};
use super::groups::spearman_of;
use super::holdout::{Outcome, forward, holdout};
use super::joint::Joint;
use super::kernel;
use super::levels::{Curves, rules};
use super::picture::{band, points};
use super::quiet::FitError;
use super::refusal;
use super::season::TERMS;
use super::settings::Progress;
use super::shapes::{Steps, bins, compare, line_of};

/// A finished fit.
pub(super) struct Finished {
    pub fit: SliFit,
    pub fitted: Fitted,
    /// Parameters of the curve per draw.
    pub draws: Vec<Vec<f64>>,
    /// The quiet rate per draw.
    pub quiet_draws: Vec<f64>,
    /// The worst value seen.
    pub worst_observed: f64,
    pub timeline: Vec<TimelinePoint>,
}

/// A curve with its draws.
struct Drawn {
    curve: DoseResponse,
    parameters: Vec<Vec<f64>>,
    quiet: Vec<f64>,
    delays: Vec<f64>,
}

/// Finishes the fit of an SLI that is part of the joint model.
pub(super) fn finish(
    frame: &Frame<'_>,
    joint: &Joint,
    sli: usize,
    known: &SliFit,
    progress: &dyn Progress,
) -> Result<Finished, FitError> {
    let (candidate, background) = joint.given(frame, sli).ok_or(FitError::NotIncluded)?;
    let source = frame.source(candidate, &background, &|_| true);
    let mut fitted = source.fit()?;
    let shapes = shapes_of(frame, &source)?;
    let shape = shapes
        .iter()
        .find(|score| score.is_chosen)
        .map_or(Shape::Hinge, |score| score.shape);
    if shape == Shape::Linear {
        straighten(&mut fitted);
    }
    let resampling = resampling(frame, candidate, &fitted);
    let clusters = clusters(frame, candidate, &fitted);
    let drawn = drawn(&source, &fitted, (shape, clusters), resampling, progress);
    let quiet_rate = free_rate(&fitted);
    let direction = frame.input.slis[sli].direction;
    let worst_observed = worst_observed(frame, candidate) * direction.sign();
    let curves = Curves {
        direction,
        curve: &drawn.curve,
        quiet_rate,
        draws: &drawn.parameters,
        quiet_draws: &drawn.quiet,
        worst_observed,
    };
    let mut fit = known.clone();
    fit.tier = Tier::Aggregate;
    fit.shapes = shapes;
    fit.levels = rules(frame.settings, quiet_rate)
        .into_iter()
        .filter_map(|rule| curves.level(rule))
        .collect();
    describe(&mut fit, frame, &fitted, &drawn, quiet_rate);
    let outcome = evidence(&mut fit, frame, &source, &fitted)?;
    picture(
        &mut fit,
        &source,
        &fitted,
        &drawn,
        resampling,
        worst_observed,
    );
    judge(&mut fit, frame, candidate);
    fit.curve = Some(drawn.curve);
    Ok(Finished {
        fit,
        fitted,
        draws: drawn.parameters,
        quiet_draws: drawn.quiet,
        worst_observed,
        timeline: outcome.timeline,
    })
}

fn shapes_of(frame: &Frame<'_>, source: &Source<'_>) -> Result<Vec<ShapeScore>, FitError> {
    let [learn, choose, _] = forward(frame.input.windows.len(), frame.lags());
    let first = Source {
        keep: &move |window| learn.has(window),
        ..*source
    };
    let second = Source {
        keep: &move |window| choose.has(window),
        ..*source
    };
    compare(&first, &second)
}

/// The hinge becomes a line from the best values on.
pub(super) fn straighten(fitted: &mut Fitted) {
    let line = line_of(fitted);
    let scale = line.log_scale.exp();
    for quiet in &mut fitted.quiet {
        *quiet *= scale;
    }
    fitted.season.intercept += line.log_scale;
    fitted.hinge = super::hinge::Hinge {
        log_scale: 0.0,
        ..line
    };
}

/// Blocks of days, as long as the longest episode.
fn resampling(frame: &Frame<'_>, candidate: &Candidate, fitted: &Fitted) -> Resampling {
    let found = episodes_of(frame, candidate, fitted.hinge.onset, fitted);
    let longest = found
        .iter()
        .map(|episode| episode.to - episode.from)
        .max()
        .unwrap_or(1);
    let day = (86_400_000_000 / frame.input.window_us).max(1) as usize;
    Resampling {
        seed: frame.settings.seed,
        resamples: frame.settings.resamples,
        days: frame.days(),
        block: longest.div_ceil(day).clamp(1, (frame.days() / 4).max(1)),
    }
}

fn episodes_of(
    frame: &Frame<'_>,
    candidate: &Candidate,
    level: f64,
    fitted: &Fitted,
) -> Vec<Episode> {
    let gap = frame.episode_gap(kernel::mean_windows(&fitted.kernel));
    let covered: Vec<f64> = frame
        .calendar
        .sessions
        .iter()
        .zip(&frame.input.windows)
        .map(|(sessions, window)| if window.is_covered { *sessions } else { 0.0 })
        .collect();
    episodes(&candidate.harm, &covered, level, gap)
}

/// Effective number of episodes beyond the level of the multiple: so many independent things are
/// behind the fit.
fn clusters(frame: &Frame<'_>, candidate: &Candidate, fitted: &Fitted) -> f64 {
    if fitted.hinge.slope <= 0.0 {
        return 0.0;
    }
    let level = fitted.hinge.onset + (frame.settings.multiple - 1.0) / fitted.hinge.slope;
    effective(&episodes_of(frame, candidate, level, fitted))
}

fn drawn(
    source: &Source<'_>,
    fitted: &Fitted,
    (shape, clusters): (Shape, f64),
    resampling: Resampling,
    progress: &dyn Progress,
) -> Drawn {
    let found = draws(Some(source), fitted, shape, resampling, progress);
    let nodes = &fitted.design.nodes;
    let ends = [nodes[0], nodes[nodes.len() - 1]];
    let factor = factor(clusters);
    let widen = |draw: Draw| widened(draw, &fitted.hinge, factor, ends);
    let found: Vec<Draw> = found.into_iter().map(widen).collect();
    let sign = source.sign;
    let pair = |draw: &Draw| vec![sign * draw.onset, draw.slope];
    let (curve, parameters) = match shape {
        Shape::Hinge | Shape::Linear => {
            let (onset, slope) = (sign * fitted.hinge.onset, fitted.hinge.slope);
            let curve = if shape == Shape::Hinge {
                DoseResponse::Hinge { onset, slope }
            } else {
                DoseResponse::Linear { onset, slope }
            };
            (curve, found.iter().map(pair).collect())
        }
        Shape::Isotonic => steps(fitted, sign, resampling),
    };
    let free = free_rate(fitted) / whole_rate(fitted);
    Drawn {
        curve,
        parameters,
        quiet: found.iter().map(|draw| draw.quiet_rate * free).collect(),
        delays: found.iter().filter_map(|draw| draw.delay_windows).collect(),
    }
}

fn steps(fitted: &Fitted, sign: f64, resampling: Resampling) -> (DoseResponse, Vec<Vec<f64>>) {
    let bins = bins(&fitted.design);
    let flat = |bins: &[f64]| vec![1.0; bins.len()];
    let ratio = |times: Option<&[f64]>| {
        Steps::of(fitted, &bins, times).map_or_else(|| flat(&bins), |steps| steps.ratio)
    };
    let curve = DoseResponse::Steps {
        from: bins.iter().map(|from| sign * from).collect(),
        ratio: ratio(None),
    };
    let draws = (0..resampling.resamples)
        .into_par_iter()
        .map(|resample| ratio(Some(&resampling.times(resample))))
        .collect();
    (curve, draws)
}

/// Contacts per session of a quiet shop, mean over all sessions.
fn whole_rate(fitted: &Fitted) -> f64 {
    let exposure: f64 = fitted.design.exposure.iter().sum();
    fitted.quiet.iter().sum::<f64>() / exposure.max(f64::MIN_POSITIVE)
}

/// The same without known drivers.
pub(super) fn free_rate(fitted: &Fitted) -> f64 {
    let design = &fitted.design;
    let drivers = &fitted.season.coefficients[TERMS..];
    let exposure: f64 = design.exposure.iter().sum();
    let quiet = (0..design.rows()).map(|row| {
        let terms = &design.terms[row * design.width + TERMS..(row + 1) * design.width];
        let on: f64 = terms.iter().zip(drivers).map(|(term, of)| term * of).sum();
        fitted.quiet[row] / on.exp()
    });
    quiet.sum::<f64>() / exposure.max(f64::MIN_POSITIVE)
}

/// The greatest harm of a window in which there were sessions.
pub(super) fn worst_observed(frame: &Frame<'_>, candidate: &Candidate) -> f64 {
    let sessions = &frame.calendar.sessions;
    let seen = (0..sessions.len())
        .filter(|window| candidate.harm.is_known[*window] && sessions[*window] > 0.0)
        .map(|window| candidate.harm.values[window]);
    seen.fold(f64::NEG_INFINITY, f64::max)
}

/// Onset, slope, quiet rate and delay with their intervals.
fn describe(fit: &mut SliFit, frame: &Frame<'_>, fitted: &Fitted, drawn: &Drawn, quiet_rate: f64) {
    let around = |value: f64, draws: Vec<f64>| {
        let [low, high] = if draws.is_empty() {
            [value; 2]
        } else {
            ci90(draws)
        };
        Interval {
            value,
            ci90: [low.min(value), high.max(value)],
        }
    };
    let parameter = |index: usize| {
        drawn
            .parameters
            .iter()
            .map(move |draw| draw[index])
            .collect()
    };
    fit.quiet_rate = Some(around(quiet_rate, drawn.quiet.clone()));
    match drawn.curve {
        DoseResponse::Hinge { onset, slope } => {
            fit.onset = Some(around(onset, parameter(0)));
            fit.slope = Some(around(slope, parameter(1)));
        }
        DoseResponse::Linear { slope, .. } => fit.slope = Some(around(slope, parameter(1))),
        DoseResponse::Steps { .. } => {}
    }
    let minutes = frame.input.window_us as f64 / 60e6;
    let mean = kernel::mean_windows(&fitted.kernel) * minutes;
    fit.lag = Some(Lag {
        mean_minutes: around(
            mean,
            drawn
                .delays
                .iter()
                .map(|windows| windows * minutes)
                .collect(),
        ),
        weights: fitted.kernel.clone(),
        is_from_linked: frame.seen_kernel.is_some(),
    });
    fit.dispersion = fitted.season.theta;
    fit.net_contacts = fitted.design.y.iter().sum::<f64>() as u64;
    fit.evidence.spearman = Some(spearman_of(
        &fitted.design.harm,
        &(0..fitted.design.rows())
            .map(|row| fitted.design.y[row] / fitted.design.exposure[row])
            .collect::<Vec<f64>>(),
    ));
}

/// Held-out windows and negative controls.
fn evidence(
    fit: &mut SliFit,
    frame: &Frame<'_>,
    source: &Source<'_>,
    fitted: &Fitted,
) -> Result<Outcome, FitError> {
    let multiple = frame.settings.multiple;
    let level = |fitted: &Fitted| {
        let slope = fitted.hinge.slope;
        (slope > 0.0).then(|| fitted.hinge.onset + (multiple - 1.0) / slope)
    };
    let outcome = holdout(source, frame.lags(), &level)?;
    fit.evidence.holdout = Some(outcome.holdout.clone());
    let rate = frame.settings.false_discovery_rate;
    fit.evidence.controls = controls(source, fitted, frame.lags(), rate)?;
    Ok(outcome)
}

fn picture(
    fit: &mut SliFit,
    source: &Source<'_>,
    fitted: &Fitted,
    drawn: &Drawn,
    resampling: Resampling,
    worst_observed: f64,
) {
    let direction = fit.direction;
    fit.dose_response = points(source, fitted, direction, resampling);
    let mildest = direction.sign() * fitted.design.nodes[0];
    fit.band = band(
        &drawn.curve,
        &drawn.parameters,
        direction,
        [mildest, worst_observed],
    );
}

/// Episodes, refusals, status.
fn judge(fit: &mut SliFit, frame: &Frame<'_>, candidate: &Candidate) {
    let sign = fit.direction.sign();
    let mean_lag = fit
        .lag
        .as_ref()
        .map_or(0.0, |lag| kernel::mean_windows(&lag.weights));
    if let Some(level) = fit.levels.first() {
        let gap = frame.episode_gap(mean_lag);
        let sessions = &frame.calendar.sessions;
        let found = episodes(&candidate.harm, sessions, sign * level.contact.value, gap);
        fit.episodes = found.len() as u64;
    }
    let edge = sign * candidate.nodes[0];
    let weeks = frame.input.windows.len() as f64 * frame.input.window_us as f64 / (7.0 * 86_400e6);
    fit.refused_because = refusal::of_fit(fit, frame.harmless(candidate), edge, weeks);
    fit.status = refusal::status(&fit.refused_because, fit.episodes);
}
