//! How far estimates scatter: the days of the weeks, drawn again and again.
//!
//! In: a fitted SLI. Out: onset, slope and quiet rate per resample. Days are drawn in blocks as long
//! as the longest episode, since windows of a day know of each other. The quiet rate of a resample is
//! one Fisher step from the whole one, from sums per day: a full fit of each would take minutes and
//! moves it by less than it is known.

use rayon::prelude::*;

use super::calibration::Shape;
use super::draws::{Purpose, Stream, resampled_days};
use super::fit::{Fitted, Source, mixture_update};
use super::hinge::Profile;
use super::kernel;
use super::regression::solve;
use super::settings::Progress;

/// Resamples in which the delay is fitted, too.
const DELAYS_MAX: u32 = 200;
/// A step of the quiet rate that changes a row by more than e^this is not taken.
const STEP_MAX: f64 = 1.0;

/// One resample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Draw {
    /// Onset, as harm.
    pub onset: f64,
    /// Slope, in quiet rates per unit of harm.
    pub slope: f64,
    /// Contacts per session of a quiet shop, mean over the sessions of all rows.
    pub quiet_rate: f64,
    /// Mean delay in windows, in the first resamples.
    pub delay_windows: Option<f64>,
}

/// Days per resample, and how they are drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resampling {
    pub seed: u64,
    pub resamples: u32,
    /// Days of the input.
    pub days: usize,
    /// Days per block.
    pub block: usize,
}

impl Resampling {
    /// How often each day is in a resample.
    pub fn times(&self, resample: u32) -> Vec<f64> {
        let mut stream = Stream::new(self.seed, Purpose::Resample, u64::from(resample));
        resampled_days(&mut stream, self.days, self.block)
    }
}

/// Draws of all resamples, in their order; with `delay` the first ones fit the delay, too.
pub(super) fn draws(
    delay: Option<&Source<'_>>,
    fitted: &Fitted,
    shape: Shape,
    resampling: Resampling,
    progress: &dyn Progress,
) -> Vec<Draw> {
    let steps = DaySteps::new(fitted, resampling.days);
    let delay = delay.filter(|source| source.seen_kernel.is_none());
    let delay = delay.map(|source| (source, source.parts(fitted)));
    let exposure: f64 = fitted.design.exposure.iter().sum();
    let one = |resample: u32| {
        let times = resampling.times(resample);
        let quiet = steps.quiet(fitted, &times);
        let profile = Profile::of_days(&fitted.design, &quiet, fitted.season.theta, &times);
        let hinge = if shape == Shape::Linear {
            profile.at(fitted.design.nodes[0], Some(fitted.hinge.slope))
        } else {
            profile.best()
        };
        let delay = delay.as_ref().filter(|_| resample < DELAYS_MAX);
        let delay_windows = delay.map(|(source, parts)| {
            let shares = mixture_update(fitted, parts, fitted.shares, Some(&times));
            kernel::mean_windows(&kernel::mixed(source.bases, &shares))
        });
        progress.done(1);
        Draw {
            onset: hinge.onset,
            slope: hinge.slope,
            quiet_rate: quiet.iter().sum::<f64>() * hinge.log_scale.exp() / exposure,
            delay_windows,
        }
    };
    (0..resampling.resamples).into_par_iter().map(one).collect()
}

/// Score and information of the quiet rate by day, at the whole fit; the slope of the hinge is among
/// the parameters, so that a resample with worse episodes does not look like a busier season.
struct DaySteps {
    size: usize,
    score: Vec<Vec<f64>>,
    information: Vec<Vec<f64>>,
}

impl DaySteps {
    fn new(fitted: &Fitted, days: usize) -> Self {
        let design = &fitted.design;
        let size = design.width + 2;
        let mut steps = Self {
            size,
            score: vec![vec![0.0; size]; days],
            information: vec![vec![0.0; size * size]; days],
        };
        let beyond = design.column_at(fitted.hinge.onset);
        let unit = 1.0 / fitted.hinge.slope.max(f64::MIN_POSITIVE);
        let theta = fitted.theta();
        let mut x = vec![1.0; size];
        for (row, beyond) in beyond.iter().enumerate() {
            x[1..=design.width]
                .copy_from_slice(&design.terms[row * design.width..][..design.width]);
            let lift = 1.0 + design.background[row] + fitted.hinge.slope * beyond;
            x[size - 1] = if fitted.hinge.slope > 0.0 {
                beyond / lift / unit
            } else {
                0.0
            };
            let mean = fitted.quiet[row] * lift;
            let weight = theta / (theta + mean);
            let day = design.day[row];
            for i in 0..size {
                steps.score[day][i] += (design.y[row] - mean) * weight * x[i];
                for j in i..size {
                    steps.information[day][i * size + j] += mean * weight * x[i] * x[j];
                }
            }
        }
        steps
    }

    /// Quiet contacts per row after one step.
    fn quiet(&self, fitted: &Fitted, times: &[f64]) -> Vec<f64> {
        let (mut score, mut information) = (vec![0.0; self.size], vec![0.0; self.size * self.size]);
        for (day, times) in times.iter().enumerate().filter(|(_, times)| **times > 0.0) {
            for (sum, of_day) in score.iter_mut().zip(&self.score[day]) {
                *sum += times * of_day;
            }
            for (sum, of_day) in information.iter_mut().zip(&self.information[day]) {
                *sum += times * of_day;
            }
        }
        // Terms that no row of the resample has, and an effect of 0, are left where they are.
        for i in 0..self.size {
            let diagonal = &mut information[i * self.size + i];
            *diagonal += 1e-6 + 1e-9 * *diagonal;
        }
        let Some(step) = solve(&information, &score) else {
            return fitted.quiet.clone();
        };
        let width = fitted.design.width;
        let rows = fitted.quiet.iter().enumerate();
        rows.map(|(row, quiet)| {
            let terms = &fitted.design.terms[row * width..][..width];
            let sum: f64 = terms
                .iter()
                .zip(&step[1..])
                .map(|(term, of)| term * of)
                .sum();
            quiet * (step[0] + sum).clamp(-STEP_MAX, STEP_MAX).exp()
        })
        .collect()
    }
}

/// The quantile of ascending values, on the straight line between two of them.
pub(super) fn quantile(ascending: &[f64], share: f64) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else {
        return 0.0;
    };
    let position = share * last as f64;
    let lower = (position.floor() as usize).min(last);
    let upper = (lower + 1).min(last);
    ascending[lower] + (position - lower as f64) * (ascending[upper] - ascending[lower])
}

/// 5 % and 95 % quantile of values in any order, ascending.
pub(super) fn ci90(values: impl IntoIterator<Item = f64>) -> [f64; 2] {
    let mut ascending: Vec<f64> = values.into_iter().collect();
    ascending.sort_by(f64::total_cmp);
    [quantile(&ascending, 0.05), quantile(&ascending, 0.95)]
}
