//! The linked tier: sessions one by one, each with its own worst experience and whether it called.
//!
//! In: linked sessions, an SLI. Out: a [`LinkedFit`]. Contact within the horizon is a yes or no; its
//! relative risk is fitted as a Poisson rate with intervals from resampled days (modified Poisson
//! regression, Zou 2004, with the day of an incident as cluster), so that all else is as in the
//! aggregate tier. Sessions near the end of the export count for the share of contacts that would have
//! come by then. Not fooled by the hour of the day: sessions of one hour are compared with each other.

use std::collections::BTreeMap;

use super::bootstrap::{Draw, Resampling, ci90, draws};
use super::calibration::{Interval, LinkedFit, Shape};
use super::design::Design;
use super::dose_response::DoseResponse;
use super::existence::existence_of;
use super::finish::straighten;
use super::fit::{Fitted, of_design};
use super::frame::{Candidate, Frame};
use super::input::{Direction, LinkedSession, LinkedSessions};
use super::levels::{Curves, rules};
use super::nodes::nodes;
use super::quiet::FitError;
use super::season::{self, Season};
use super::settings::Progress;

const HOUR_US: i64 = 3_600_000_000;
/// Fewer linked contacts say nothing.
const CONTACTS_MIN: f64 = 100.0;
/// A session that has less than this share of its contacts before the end of the export is left out.
const SEEN_MIN: f64 = 0.05;
/// Numbers the streams of draws apart from those of the aggregate tier.
const STREAM: usize = 10_000;
/// Rounds of quiet risk and curve.
const ROUNDS: usize = 3;

/// How the risk of a session goes over the week, and how the fit scatters.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkedPrediction {
    /// The quiet risk over the week.
    pub season: Season,
    /// NB2 dispersion of contacts of an hour; `None` at the Poisson limit.
    pub dispersion: Option<f64>,
    /// Onset and slope per draw.
    pub draws: Vec<Vec<f64>>,
    /// The quiet risk per draw.
    pub quiet_draws: Vec<f64>,
    /// The worst experience of a session.
    pub worst_observed: f64,
}

/// Sessions of one hour with alike experience.
#[derive(Debug, Clone, Default)]
struct Cell {
    sessions: f64,
    exposure: f64,
    contacts: f64,
    harm: f64,
    beyond: Vec<f64>,
}

/// The linked fit of an SLI; `None` where there is nothing to fit it on.
pub(super) fn linked_fit(
    frame: &Frame<'_>,
    candidate: &Candidate,
    progress: &dyn Progress,
) -> Option<Result<LinkedFit, FitError>> {
    let linked = frame.input.linked.as_ref()?;
    let name = &frame.input.slis[candidate.sli].name;
    let measure = linked.measures.iter().position(|measure| measure == name)?;
    let design = design(frame, candidate, linked, measure)?;
    (design.y.iter().sum::<f64>() >= CONTACTS_MIN)
        .then(|| fit(frame, candidate, design, linked, progress))
}

fn fit(
    frame: &Frame<'_>,
    candidate: &Candidate,
    design: Design,
    linked: &LinkedSessions,
    progress: &dyn Progress,
) -> Result<LinkedFit, FitError> {
    let input = &frame.input.slis[candidate.sli];
    let existence = existence_of(&design, frame.no_effect_draws(STREAM + candidate.sli))?;
    let mut fitted = of_design(design, None)?;
    for _ in 0..ROUNDS {
        fitted = of_design(fitted.design, Some((fitted.hinge, fitted.season)))?;
    }
    // A session either failed or did not: its share has no onset, and the contacts of a window
    // follow the share of its sessions that failed on a straight line.
    let shape = if input.unit == "share" {
        Shape::Linear
    } else {
        Shape::Hinge
    };
    if shape == Shape::Linear {
        straighten(&mut fitted);
    }
    let resampling = Resampling {
        seed: frame.settings.seed,
        resamples: frame.settings.resamples,
        days: frame.days(),
        block: 1,
    };
    let drawn = draws(None, &fitted, shape, resampling, progress);
    let mut fit = described(&fitted, shape, input.direction, &drawn);
    let levels = rules(frame.settings, fit.quiet_rate.value);
    let predicts = fit.predicts.clone();
    let sign = input.direction.sign();
    let curves = Curves {
        direction: input.direction,
        curve: &fit.curve,
        quiet_rate: fit.quiet_rate.value,
        draws: &predicts.draws,
        quiet_draws: &predicts.quiet_draws,
        worst_observed: predicts.worst_observed,
    };
    let levels: Vec<_> = levels
        .into_iter()
        .filter_map(|rule| curves.level(rule))
        .collect();
    fit.days_beyond = levels
        .first()
        .map_or(0, |level| days_beyond(&fitted, sign * level.contact.value));
    fit.levels = levels;
    fit.sessions = linked.sessions.len() as u64;
    fit.linked_share = linked.linked_share;
    fit.horizon_us = linked.horizon_us;
    fit.p_value = existence.p_value;
    Ok(fit)
}

/// Curve, onset, slope and quiet rate with their intervals; the rest is still to be told.
fn described(fitted: &Fitted, shape: Shape, direction: Direction, drawn: &[Draw]) -> LinkedFit {
    let sign = direction.sign();
    let (onset, slope) = (sign * fitted.hinge.onset, fitted.hinge.slope);
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
    let exposure: f64 = fitted.design.exposure.iter().sum();
    let quiet_rate = fitted.quiet.iter().sum::<f64>() / exposure.max(f64::MIN_POSITIVE);
    LinkedFit {
        sessions: 0,
        contacts: fitted.design.y.iter().sum::<f64>() as u64,
        linked_share: 0.0,
        horizon_us: 0,
        days_beyond: 0,
        p_value: 1.0,
        onset: around(onset, drawn.iter().map(|draw| sign * draw.onset).collect()),
        slope: around(slope, drawn.iter().map(|draw| draw.slope).collect()),
        quiet_rate: around(
            quiet_rate,
            drawn.iter().map(|draw| draw.quiet_rate).collect(),
        ),
        curve: if shape == Shape::Linear {
            DoseResponse::Linear { onset, slope }
        } else {
            DoseResponse::Hinge { onset, slope }
        },
        levels: Vec::new(),
        predicts: predicts(fitted, sign, quiet_rate, drawn),
    }
}

fn predicts(fitted: &Fitted, sign: f64, quiet_rate: f64, drawn: &[Draw]) -> LinkedPrediction {
    let harm = fitted.design.harm.iter().copied();
    LinkedPrediction {
        season: Season {
            constant: fitted.season.intercept - quiet_rate.ln(),
            harmonics: fitted.season.coefficients[..season::TERMS].to_vec(),
        },
        dispersion: fitted.season.theta,
        draws: drawn
            .iter()
            .map(|draw| vec![sign * draw.onset, draw.slope])
            .collect(),
        quiet_draws: drawn.iter().map(|draw| draw.quiet_rate).collect(),
        worst_observed: sign * harm.fold(f64::NEG_INFINITY, f64::max),
    }
}

/// Days on which at least one session was beyond the level.
fn days_beyond(fitted: &Fitted, level: f64) -> u64 {
    let design = &fitted.design;
    let mut days: Vec<usize> = (0..design.rows())
        .filter(|row| design.harm[*row] >= level)
        .map(|row| design.day[row])
        .collect();
    days.dedup();
    days.len() as u64
}

/// Cells of one hour and alike harm.
fn design(
    frame: &Frame<'_>,
    candidate: &Candidate,
    linked: &LinkedSessions,
    measure: usize,
) -> Option<Design> {
    let sign = frame.input.slis[candidate.sli].direction.sign();
    let harm_of = |session: &LinkedSession| {
        session
            .worst
            .get(measure)
            .copied()
            .flatten()
            .filter(|worst| worst.is_finite())
    };
    let delays = Delays::new(linked)?;
    let known: Vec<(f64, f64)> = linked
        .sessions
        .iter()
        .filter_map(|session| Some((sign * harm_of(session)?, 1.0)))
        .collect();
    let nodes = own_nodes(&known);
    let mildest = *nodes.first()?;
    let mut cells: BTreeMap<(i64, usize), Cell> = BTreeMap::new();
    for session in &linked.sessions {
        let seen = delays.share_within(linked.export_end_us - session.start_us);
        if seen < SEEN_MIN {
            continue;
        }
        // Who never came to it was not harmed by it.
        let harm = harm_of(session).map_or(mildest, |worst| sign * worst);
        let hour = session.start_us.div_euclid(HOUR_US);
        let bin = nodes.partition_point(|node| *node <= harm);
        let cell = cells.entry((hour, bin)).or_default();
        if cell.beyond.is_empty() {
            cell.beyond = vec![0.0; nodes.len()];
        }
        cell.sessions += 1.0;
        cell.exposure += seen;
        cell.contacts += f64::from(u8::from(session.contact_delay_us.is_some()));
        cell.harm += harm;
        for (sum, node) in cell.beyond.iter_mut().zip(&nodes) {
            *sum += (harm - node).max(0.0);
        }
    }
    Some(rows(frame, nodes, cells))
}

/// Nodes of sessions: most are as good as can be, so that the grid is that of the others, and the best.
fn own_nodes(known: &[(f64, f64)]) -> Vec<f64> {
    let best = known
        .iter()
        .map(|(harm, _)| *harm)
        .fold(f64::INFINITY, f64::min);
    let harmed: Vec<(f64, f64)> = known
        .iter()
        .filter(|(harm, _)| *harm > best)
        .copied()
        .collect();
    let mut grid = nodes(&harmed);
    if grid.is_empty() && !harmed.is_empty() {
        // Yes or no: the only nodes are both of them.
        grid.push(harmed[0].0);
    }
    if best.is_finite() && !grid.is_empty() {
        grid.insert(0, best);
    }
    grid.dedup();
    if grid.len() < 2 { Vec::new() } else { grid }
}

fn rows(frame: &Frame<'_>, nodes: Vec<f64>, cells: BTreeMap<(i64, usize), Cell>) -> Design {
    let input = frame.input;
    let mut design = Design {
        width: season::TERMS,
        beyond: vec![Vec::with_capacity(cells.len()); nodes.len()],
        nodes,
        ..Design::default()
    };
    for ((hour, _), cell) in cells {
        let start_us = hour * HOUR_US;
        let window = (start_us - input.start_us).div_euclid(input.window_us);
        let Some(day) = usize::try_from(window)
            .ok()
            .and_then(|at| frame.calendar.day.get(at))
        else {
            continue;
        };
        design.y.push(cell.contacts);
        design.exposure.push(cell.exposure);
        design
            .terms
            .extend(season::terms(start_us, &input.time_zone));
        design.day.push(*day);
        design
            .window
            .push(usize::try_from(window).unwrap_or_default());
        design.harm.push(cell.harm / cell.sessions);
        design.background.push(0.0);
        for (column, sum) in design.beyond.iter_mut().zip(cell.beyond) {
            column.push(sum / cell.sessions);
        }
    }
    design
}

/// Delays of contacts whose whole horizon was seen.
struct Delays(Vec<i64>);

impl Delays {
    fn new(linked: &LinkedSessions) -> Option<Self> {
        let last_us = linked.export_end_us - linked.horizon_us;
        let seen = linked
            .sessions
            .iter()
            .filter(|session| session.start_us <= last_us);
        let mut delays: Vec<i64> = seen
            .filter_map(|session| session.contact_delay_us)
            .collect();
        delays.sort_unstable();
        (!delays.is_empty()).then_some(Self(delays))
    }

    /// The share of contacts that come within a time.
    fn share_within(&self, time_us: i64) -> f64 {
        self.0.partition_point(|delay| *delay <= time_us) as f64 / self.0.len() as f64
    }
}
