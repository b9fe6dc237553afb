//! Which shape the dose–response curve has: hinge, line or steps, by windows it has not seen.
//!
//! In: an SLI, two stretches of time. Out: deviances on the second of fits on the first. The hinge
//! stays unless another is better by more than two standard errors.

use super::calibration::{Shape, ShapeScore};
use super::design::Design;
use super::fit::{Fitted, Source};
use super::hinge::{Hinge, Profile};
use super::quiet::FitError;
use super::regression::isotonic;

/// Steps have at most so many levels before they are pooled.
const BINS: usize = 60;
/// Another shape wins by more than so many standard errors.
const ERRORS_TO_WIN: f64 = 2.0;

/// Contacts as multiple of the quiet ones, by steps of the mean harm of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Steps {
    /// From which harm on, ascending.
    pub from: Vec<f64>,
    /// The multiple, never falling, the first 1.
    pub ratio: Vec<f64>,
}

impl Steps {
    /// Of rows that count as often as their day.
    pub fn of(fitted: &Fitted, from: &[f64], times: Option<&[f64]>) -> Option<Self> {
        let design = &fitted.design;
        let mut contacts = vec![0.0; from.len()];
        let mut quiet = vec![0.0; from.len()];
        for row in 0..design.rows() {
            let bin = from
                .partition_point(|from| *from <= design.harm[row])
                .max(1)
                - 1;
            let times = times.map_or(1.0, |times| times[design.day[row]]);
            let others = fitted.quiet[row] * design.background[row];
            contacts[bin] += times * (design.y[row] - others).max(0.0);
            quiet[bin] += times * fitted.quiet[row];
        }
        let used: Vec<usize> = (0..from.len()).filter(|bin| quiet[*bin] > 0.0).collect();
        let x: Vec<f64> = used.iter().map(|bin| from[*bin]).collect();
        let y: Vec<f64> = used
            .iter()
            .map(|bin| contacts[*bin] / quiet[*bin])
            .collect();
        let weights: Vec<f64> = used.iter().map(|bin| quiet[*bin]).collect();
        let fit = isotonic(&x, &y, &weights)?;
        let lowest = fit.first().copied().filter(|lowest| *lowest > 0.0)?;
        let mut ratio = vec![1.0; from.len()];
        let mut last = 1.0;
        let mut next = used.iter().zip(&fit).peekable();
        for (bin, ratio) in ratio.iter_mut().enumerate() {
            if let Some((_, value)) = next.next_if(|(used, _)| **used == bin) {
                last = value / lowest;
            }
            *ratio = last;
        }
        Some(Self {
            from: from.to_vec(),
            ratio,
        })
    }

    /// The multiple at a harm.
    pub fn at(&self, harm: f64) -> f64 {
        let above = self.from.partition_point(|from| *from <= harm);
        self.ratio[above.max(1) - 1]
    }
}

/// Beginnings of bins of alike harm: a third even in rows, the rest even in harm.
pub(super) fn bins(design: &Design) -> Vec<f64> {
    let mut sorted = design.harm.clone();
    sorted.sort_by(f64::total_cmp);
    let (Some(first), Some(last)) = (sorted.first().copied(), sorted.last().copied()) else {
        return Vec::new();
    };
    let even_rows = (0..BINS / 3).map(|bin| sorted[bin * sorted.len() * 3 / BINS]);
    let even_harm =
        (1..BINS * 2 / 3).map(|bin| first + (last - first) * bin as f64 * 1.5 / BINS as f64);
    let mut bins: Vec<f64> = even_rows.chain(even_harm).collect();
    bins.sort_by(f64::total_cmp);
    bins.dedup();
    bins
}

/// Compares the shapes: fitted where `first` keeps, looked at where `second` does.
pub(super) fn compare(
    first: &Source<'_>,
    second: &Source<'_>,
) -> Result<Vec<ShapeScore>, FitError> {
    let fitted = first.fit()?;
    let test = second.design(&fitted.kernel);
    let quiet = quiet_of(&fitted, &test);
    let line = line_of(&fitted);
    let steps = Steps::of(&fitted, &bins(&fitted.design), None);
    let mut lifts = vec![
        (Shape::Hinge, hinge_lift(&test, &fitted.hinge, 1.0)),
        (
            Shape::Linear,
            hinge_lift(&test, &line, line.log_scale.exp()),
        ),
    ];
    if let Some(steps) = steps {
        let lift = |row: usize| steps.at(test.harm[row]) + test.background[row];
        lifts.push((Shape::Isotonic, (0..test.rows()).map(lift).collect()));
    }
    let theta = fitted.theta();
    let by_row = |lifts: &[f64]| -> Vec<f64> {
        let rows =
            (0..test.rows()).map(|row| deviance(test.y[row], quiet[row] * lifts[row], theta));
        rows.collect()
    };
    let hinge = by_row(&lifts[0].1);
    let mut scores: Vec<ShapeScore> = lifts
        .iter()
        .map(|(shape, lifts)| {
            let own = by_row(lifts);
            ShapeScore {
                shape: *shape,
                holdout_deviance: own.iter().sum(),
                difference_se: day_error(&test, &own, &hinge),
                is_chosen: false,
            }
        })
        .collect();
    choose(&mut scores);
    Ok(scores)
}

/// A line from the first node on.
pub(super) fn line_of(fitted: &Fitted) -> Hinge {
    let profile = Profile::new(&fitted.design, &fitted.quiet, fitted.season.theta);
    profile.at(
        fitted.design.nodes[0],
        Some(fitted.hinge.slope).filter(|slope| *slope > 0.0),
    )
}

fn choose(scores: &mut [ShapeScore]) {
    let hinge = scores[0].holdout_deviance;
    let mut chosen = 0;
    for (index, score) in scores.iter().enumerate().skip(1) {
        let gain = hinge - score.holdout_deviance;
        let is_clear = gain > ERRORS_TO_WIN * score.difference_se && gain > 0.0;
        if is_clear && score.holdout_deviance < scores[chosen].holdout_deviance {
            chosen = index;
        }
    }
    scores[chosen].is_chosen = true;
}

/// Quiet contacts of other rows by a fitted season.
pub(super) fn quiet_of(fitted: &Fitted, design: &Design) -> Vec<f64> {
    let log_exposure: Vec<f64> = design
        .exposure
        .iter()
        .map(|exposure| exposure.ln())
        .collect();
    fitted.season.means(&design.terms, &log_exposure)
}

/// Contacts of rows as a multiple of the quiet ones, under a hinge.
pub(super) fn hinge_lift(design: &Design, hinge: &Hinge, scale: f64) -> Vec<f64> {
    let beyond = design.column_at(hinge.onset);
    let rows = beyond.iter().zip(&design.background);
    rows.map(|(beyond, background)| scale * (1.0 + background + hinge.slope * beyond))
        .collect()
}

/// Deviance of one count under NB2.
pub(super) fn deviance(y: f64, mean: f64, theta: f64) -> f64 {
    let mean = mean.max(1e-9);
    let own = if y > 0.0 { y * (y / mean).ln() } else { 0.0 };
    let scatter = (y + theta) * ((y - mean) / (mean + theta)).ln_1p();
    2.0 * (own - scatter).max(0.0)
}

/// Standard error of the sum of differences, from days.
fn day_error(design: &Design, own: &[f64], other: &[f64]) -> f64 {
    let mut days: std::collections::BTreeMap<usize, f64> = std::collections::BTreeMap::new();
    for row in 0..design.rows() {
        *days.entry(design.day[row]).or_default() += own[row] - other[row];
    }
    let count = days.len() as f64;
    if count < 2.0 {
        return f64::MAX;
    }
    let mean = days.values().sum::<f64>() / count;
    let squares: f64 = days.values().map(|day| (day - mean) * (day - mean)).sum();
    (squares / (count - 1.0) * count).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_at_its_mean_has_no_deviance() {
        assert_eq!(deviance(5.0, 5.0, 10.0), 0.0);
        // R: MASS::negative.binomial(10)$dev.resids(3, 5, 1)
        let by_hand = 2.0 * (3.0 * (3.0_f64 / 5.0).ln() - 13.0 * (13.0_f64 / 15.0).ln());
        assert!((deviance(3.0, 5.0, 10.0) - by_hand).abs() < 1e-9);
        assert!((deviance(0.0, 2.0, 1e9) - 4.0).abs() < 1e-6);
    }

    #[test]
    fn another_shape_must_win_clearly() {
        let score = |shape, holdout_deviance, difference_se| ShapeScore {
            shape,
            holdout_deviance,
            difference_se,
            is_chosen: false,
        };
        let mut close = [
            score(Shape::Hinge, 100.0, 0.0),
            score(Shape::Linear, 95.0, 4.0),
        ];
        choose(&mut close);
        assert!(close[0].is_chosen);
        let mut clear = [
            score(Shape::Hinge, 100.0, 0.0),
            score(Shape::Linear, 90.0, 4.0),
        ];
        choose(&mut clear);
        assert!(clear[1].is_chosen);
    }
}
