//! The whole fit of one SLI: quiet rate, delay and hinge in turn until they settle.
//!
//! In: rows. Out: a [`Fitted`]. The quiet rate comes from [`quiet`](super::quiet), with the excess as offset; the
//! hinge from [`hinge`](super::hinge); the delay from reweighted least squares with shares of at least 0.

use super::design::{Calendar, Design, Harm, aggregate};
use super::draws::THETA_OF_POISSON;
use super::hinge::{Hinge, Profile};
use super::input::CalibrationInput;
use super::kernel::{self, BASES, convolved};
use super::quiet::{CountFit, Counts, FitError};

/// Rounds of quiet rate, hinge and delay.
const ROUNDS: usize = 5;
/// Reweightings of the delay per round.
const UPDATES: usize = 3;
/// Sweeps over the shares of the delay.
const DESCENTS: usize = 200;
/// Contacts that stand for the mixture known before: they keep the delay where nothing is seen.
const PRIOR_CONTACTS: f64 = 20.0;

/// What one fit needs.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub input: &'a CalibrationInput,
    pub calendar: &'a Calendar,
    pub harm: &'a Harm,
    /// 1 where higher values are worse, else −1: harm times this is the value.
    pub sign: f64,
    /// Contacts per window.
    pub contacts: &'a [f64],
    pub nodes: &'a [f64],
    /// Excess by others per window, as a multiple of the quiet rate; empty for none.
    pub background: &'a [f64],
    /// Weights per lag of each base.
    pub bases: &'a [Vec<f64>],
    /// The delay, where it was seen.
    pub seen_kernel: Option<&'a [f64]>,
    /// Which windows may be looked at.
    pub keep: &'a (dyn Fn(usize) -> bool + Sync),
}

/// A fitted SLI.
#[derive(Debug, Clone)]
pub(super) struct Fitted {
    /// The rows.
    pub design: Design,
    /// The quiet rate.
    pub season: CountFit,
    /// Quiet contacts per row, the scale of the hinge included.
    pub quiet: Vec<f64>,
    /// The hinge; its scale is 0.
    pub hinge: Hinge,
    /// Log-likelihood ratio against no effect, twice the gain.
    pub likelihood_ratio: f64,
    /// Shares of the bases.
    pub shares: [f64; BASES],
    /// Weights per lag.
    pub kernel: Vec<f64>,
}

impl Fitted {
    /// Mean of a row, all in.
    pub fn mean(&self, row: usize) -> f64 {
        self.quiet[row] * self.lift(row)
    }

    /// Contacts of a row as a multiple of the quiet ones.
    pub fn lift(&self, row: usize) -> f64 {
        let beyond = self.design.beyond_at(self.hinge.onset, row);
        1.0 + self.design.background[row] + self.hinge.slope * beyond
    }

    /// NB2 dispersion.
    pub fn theta(&self) -> f64 {
        self.season.theta.unwrap_or(THETA_OF_POISSON)
    }
}

impl Source<'_> {
    /// The rows under a kernel.
    pub fn design(&self, kernel: &[f64]) -> Design {
        let design = aggregate(
            self.input,
            self.calendar,
            self.harm,
            self.contacts,
            kernel,
            self.nodes,
            self.background,
        );
        if design.window.iter().all(|window| (self.keep)(*window)) {
            return design;
        }
        design.filtered(&|row| (self.keep)(design.window[row]))
    }

    /// The kernel before anything is known, or the one that was seen.
    pub fn first_kernel(&self) -> Vec<f64> {
        self.seen_kernel.map_or_else(
            || kernel::mixed(self.bases, &kernel::PRIOR),
            <[f64]>::to_vec,
        )
    }

    /// Fits quiet rate, hinge and delay.
    pub fn fit(&self) -> Result<Fitted, FitError> {
        let mut shares = kernel::PRIOR;
        let mut fitted = of_design(self.design(&self.first_kernel()), None)?;
        for _ in 1..ROUNDS {
            if self.seen_kernel.is_none() && fitted.hinge.slope > 0.0 {
                shares = self.updated(&fitted, shares);
                let kernel = kernel::mixed(self.bases, &shares);
                let design = self.design(&kernel);
                fitted = of_design(design, Some((fitted.hinge, fitted.season)))?;
                fitted.kernel = kernel;
            } else {
                fitted = of_design(fitted.design, Some((fitted.hinge, fitted.season)))?;
            }
        }
        fitted.shares = shares;
        if fitted.kernel.is_empty() {
            fitted.kernel = self.first_kernel();
        }
        Ok(fitted)
    }

    /// Shares of the bases that explain the contacts better.
    fn updated(&self, fitted: &Fitted, shares: [f64; BASES]) -> [f64; BASES] {
        let parts = self.parts(fitted);
        mixture_update(fitted, &parts, shares, None)
    }

    /// Per base and row: expected contacts if the excess came after this delay.
    ///
    /// The quiet contacts are the same in all: season and delay of a busy day explain the same
    /// contacts, so that they would hold the delay at the one the season was fitted under.
    pub fn parts(&self, fitted: &Fitted) -> Vec<Vec<f64>> {
        let onset = fitted.hinge.onset;
        let excess: Vec<f64> = (0..self.harm.values.len())
            .map(|window| {
                let beyond = self.harm.beyond(window, onset);
                self.calendar.sessions[window] * fitted.hinge.slope * beyond
            })
            .collect();
        let of_base = |base: &Vec<f64>| {
            let sums = convolved(&excess, base);
            let rows = fitted.design.window.iter().enumerate();
            rows.map(|(row, window)| {
                let known = 1.0 + fitted.design.background[row];
                fitted.quiet[row] * (known + sums[*window] / fitted.design.exposure[row])
            })
            .collect()
        };
        self.bases.iter().map(of_base).collect()
    }
}

/// The shares that explain the contacts best; rows count as often as `times` says of their day.
///
/// Contacts are linear in the shares, so this is a weighted least-squares problem with shares of at
/// least 0, weighed by the variance at the shares so far: reweighted some times, solved by coordinate
/// descent, which four shares need few of.
pub(super) fn mixture_update(
    fitted: &Fitted,
    parts: &[Vec<f64>],
    mut shares: [f64; BASES],
    times: Option<&[f64]>,
) -> [f64; BASES] {
    for _ in 0..UPDATES {
        let (gram, right) = normal_equations(fitted, parts, shares, times);
        let mut next = shares;
        for _ in 0..DESCENTS {
            for base in 0..BASES {
                let others: f64 = (0..BASES)
                    .filter(|other| *other != base)
                    .map(|other| gram[base][other] * next[other])
                    .sum();
                next[base] = ((right[base] - others) / gram[base][base]).max(0.0);
            }
        }
        let sum: f64 = next.iter().sum();
        if !(sum > 0.0 && sum.is_finite()) {
            break;
        }
        shares = next.map(|share| share / sum);
    }
    shares
}

/// Gram matrix and right side of the weighted least-squares problem, with the mixture known before as
/// so many contacts more.
fn normal_equations(
    fitted: &Fitted,
    parts: &[Vec<f64>],
    shares: [f64; BASES],
    times: Option<&[f64]>,
) -> ([[f64; BASES]; BASES], [f64; BASES]) {
    let theta = fitted.theta();
    let (mut gram, mut right) = ([[0.0; BASES]; BASES], [0.0; BASES]);
    for base in 0..BASES {
        gram[base][base] = PRIOR_CONTACTS;
        right[base] = PRIOR_CONTACTS * kernel::PRIOR[base];
    }
    for row in 0..fitted.design.rows() {
        let times = times.map_or(1.0, |times| times[fitted.design.day[row]]);
        let own: [f64; BASES] = std::array::from_fn(|base| parts[base][row]);
        let mean: f64 = own.iter().zip(shares).map(|(own, share)| own * share).sum();
        if mean <= 0.0 || times <= 0.0 {
            continue;
        }
        let weight = times * theta / (theta + mean) / mean;
        for i in 0..BASES {
            right[i] += weight * own[i] * fitted.design.y[row];
            for j in i..BASES {
                gram[i][j] += weight * own[i] * own[j];
            }
        }
    }
    let symmetric =
        std::array::from_fn(|i| std::array::from_fn(|j: usize| gram[i.min(j)][i.max(j)]));
    (symmetric, right)
}

/// Quiet rate and hinge of rows; `known` is what was found so far.
pub(super) fn of_design(
    design: Design,
    known: Option<(Hinge, CountFit)>,
) -> Result<Fitted, FitError> {
    let is_first = known.is_none();
    let (hinge, start) = known.unzip();
    let beyond = hinge.map(|hinge| (hinge.slope, design.column_at(hinge.onset)));
    let log_offset: Vec<f64> = (0..design.rows())
        .map(|row| {
            let excess = beyond
                .as_ref()
                .map_or(0.0, |(slope, beyond)| slope * beyond[row]);
            (design.exposure[row] * (1.0 + design.background[row] + excess)).ln()
        })
        .collect();
    let mut season = Counts {
        counts: &design.y,
        terms: &design.terms,
        width: design.width,
        log_offset: &log_offset,
    }
    .fit_from(start)?;
    let log_exposure: Vec<f64> = design
        .exposure
        .iter()
        .map(|exposure| exposure.ln())
        .collect();
    let mut quiet = season.means(&design.terms, &log_exposure);
    let profile = Profile::new(&design, &quiet, season.theta);
    let mut hinge = if is_first {
        profile.best_of_all_nodes()
    } else {
        profile.best()
    };
    let likelihood_ratio = profile.likelihood_ratio(&hinge);
    let scale = hinge.log_scale.exp();
    for quiet in &mut quiet {
        *quiet *= scale;
    }
    season.intercept += hinge.log_scale;
    hinge.log_scale = 0.0;
    Ok(Fitted {
        design,
        season,
        quiet,
        hinge,
        likelihood_ratio,
        shares: kernel::PRIOR,
        kernel: Vec::new(),
    })
}
