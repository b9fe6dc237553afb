//! Whether there is any effect: a likelihood ratio against none, by parametric bootstrap.
//!
//! In: the rows of an SLI. Out: ratio and p-value. The onset does not exist without an effect, so
//! the ratio has no χ² distribution (Davies 1987); its own distribution is drawn instead. The delay
//! is the one known before, never one fitted to the same contacts.

use rayon::prelude::*;

use super::design::Design;
use super::draws::{Purpose, Stream, THETA_OF_POISSON};
use super::fit::Source;
use super::hinge::Profile;
use super::quiet::{Counts, FitError};

/// Drawn between two looks.
const DRAWS_AT_ONCE: u64 = 50;
/// So many draws as extreme as what was seen, and no more are needed (Besag and Clifford 1991).
const EXTREME_MAX: usize = 20;

/// Ratio and p-value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Existence {
    /// Twice the gain in log-likelihood, the largest over all onsets.
    pub likelihood_ratio: f64,
    /// Share of the draws under no effect that are as large.
    pub p_value: f64,
}

/// How a shop without effect is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoEffectDraws {
    pub seed: u64,
    /// Draws, at most.
    pub count: u32,
    /// Numbers the streams.
    pub sli: usize,
}

/// Tests for an effect.
pub(super) fn existence(source: &Source<'_>, draws: NoEffectDraws) -> Result<Existence, FitError> {
    existence_of(&source.design(&source.first_kernel()), draws)
}

/// The same of rows.
pub(super) fn existence_of(design: &Design, draws: NoEffectDraws) -> Result<Existence, FitError> {
    let offset: Vec<f64> = (0..design.rows())
        .map(|row| (design.exposure[row] * (1.0 + design.background[row])).ln())
        .collect();
    let season = Counts {
        counts: &design.y,
        terms: &design.terms,
        width: design.width,
        log_offset: &offset,
    }
    .fit()?;
    let expected = season.means(&design.terms, &offset);
    let quiet: Vec<f64> = (0..design.rows())
        .map(|row| expected[row] / (1.0 + design.background[row]))
        .collect();
    let ratio = |y: &[f64]| {
        let profile = Profile::new(design, &quiet, season.theta).with_contacts(y);
        profile.likelihood_ratio(&profile.best())
    };
    let seen = ratio(&design.y);
    let theta = season.theta.unwrap_or(THETA_OF_POISSON);
    let (mut extreme, mut drawn) = (0, 0);
    let count = u64::from(draws.count);
    while drawn < count && extreme < EXTREME_MAX {
        let until = (drawn + DRAWS_AT_ONCE).min(count);
        extreme += (drawn..until)
            .into_par_iter()
            .filter(|number| {
                let mut stream = Stream::new(draws.seed, Purpose::NoEffect(draws.sli), *number);
                let y: Vec<f64> = expected
                    .iter()
                    .map(|mean| stream.count(*mean, theta))
                    .collect();
                ratio(&y) >= seen
            })
            .count();
        drawn = until;
    }
    Ok(Existence {
        likelihood_ratio: seen,
        p_value: (extreme as f64 + 1.0) / (drawn as f64 + 1.0),
    })
}

/// q-values of p-values (Benjamini and Hochberg 1995, step-up), in their order.
///
/// Eleven lines of our own: the library of models has none.
pub(super) fn q_values(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len() as f64;
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|one, other| p_values[*other].total_cmp(&p_values[*one]));
    let mut q_values = vec![1.0; p_values.len()];
    let mut least: f64 = 1.0;
    for (from_last, index) in order.into_iter().enumerate() {
        least = least.min(p_values[index] * count / (count - from_last as f64));
        q_values[index] = least;
    }
    q_values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_1995_rejects_four_of_fifteen() {
        // Benjamini and Hochberg, J. R. Statist. Soc. B 57 (1995), table of the example in 3.3.
        let p_values = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
            0.5719, 0.6528, 0.7590, 1.0000,
        ];
        let q_values = q_values(&p_values);
        assert_eq!(q_values.iter().filter(|q| **q <= 0.05).count(), 4);
        assert!((q_values[0] - 0.0015).abs() < 1e-12);
        assert!((q_values[3] - 0.035_625).abs() < 1e-12);
        let mut shuffled = p_values;
        shuffled.reverse();
        let mut back = super::q_values(&shuffled);
        back.reverse();
        assert_eq!(back, q_values);
    }
}
