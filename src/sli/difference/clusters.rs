//! Requests that share a fate: how much more a share scatters than single requests would.
//!
//! In: counts of two runs, stretch by stretch. Out: a dispersion for [`super::shares`] and
//! [`super::percentiles`]. Requests of one run are not independent: one slow second makes many of them
//! slow. So what two runs have at the same moment is compared, moment by moment.

use super::ShareCounts;
use crate::sli::interval::number;

/// How many times the variance of a share is that of independent requests, at least 1, where stretch n of
/// `before` belongs to stretch n of `after`: what both runs have at the same moments, as a peak, does not
/// count. `None` below 3 pairs with requests on both sides, or where all are good, or none.
///
/// Pearson's χ² of the differences of the pairs around their common one, by its degrees of freedom, each
/// against the variance that the share of all would have.
#[must_use]
pub fn share_dispersion_matched(before: &[ShareCounts], after: &[ShareCounts]) -> Option<f64> {
    let pairs: Vec<(f64, f64)> = before
        .iter()
        .zip(after)
        .filter(|(before, after)| before.valid > 0 && after.valid > 0)
        .map(|(before, after)| {
            let weight = 1.0 / (1.0 / number(before.valid) + 1.0 / number(after.valid));
            (share(*after) - share(*before), weight)
        })
        .collect();
    let all = before.iter().chain(after);
    let all = all.fold(ShareCounts { good: 0, valid: 0 }, |sum, counts| {
        ShareCounts {
            good: sum.good + counts.good,
            valid: sum.valid + counts.valid,
        }
    });
    let variance = share(all) * (1.0 - share(all));
    if pairs.len() < 3 || all.valid == 0 || variance <= 0.0 {
        return None;
    }
    let weights: f64 = pairs.iter().map(|(_, weight)| weight).sum();
    let common = pairs
        .iter()
        .map(|(moved, weight)| moved * weight)
        .sum::<f64>()
        / weights;
    let squares = pairs
        .iter()
        .map(|(moved, weight)| (moved - common).powi(2) * weight / variance);
    let freedom = number(pairs.len() as u64 - 1);
    Some((squares.sum::<f64>() / freedom).max(1.0))
}

fn share(counts: ShareCounts) -> f64 {
    number(counts.good) / number(counts.valid.max(1))
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    use super::super::{Change, percentiles, shares};
    use super::*;

    fn of(good: u64, valid: u64) -> ShareCounts {
        ShareCounts { good, valid }
    }

    #[test]
    fn what_both_have_at_the_same_moment_is_no_scatter() {
        let peak = [of(100, 100), of(60, 100), of(100, 100), of(100, 100)];
        assert_eq!(share_dispersion_matched(&peak, &peak), Some(1.0));
        assert_eq!(share_dispersion_matched(&peak[..2], &peak[..2]), None);
        assert_eq!(
            share_dispersion_matched(&[of(9, 9); 5], &[of(9, 9); 5]),
            None
        );
        assert_eq!(
            share_dispersion_matched(&[of(0, 0); 5], &[of(1, 2); 5]),
            None
        );
    }

    #[test]
    fn a_stretch_that_failed_as_a_whole_is_one_event() {
        // Ten stretches of 100: in the second run one fails. Shares are 1 and 0.9, and the variance of the
        // share of all is 0.95 · 0.05. The differences are nine times 0 and once −1, around −0.1:
        // (9 · 0.01 + 0.81) · 50 / 0.0475 / 9.
        let before = [of(100, 100); 10];
        let mut after = before;
        after[4] = of(0, 100);
        let found = share_dispersion_matched(&before, &after).unwrap();
        assert!((found - 0.9 * 50.0 / 0.0475 / 9.0).abs() < 1e-9, "{found}");
        let sums = (of(1_000, 1_000), of(900, 1_000));
        assert_eq!(shares(sums.0, sums.1, 1.0).change, Change::Down);
        assert_eq!(shares(sums.0, sums.1, found).change, Change::Noise);
    }

    /// Runs of 24 stretches of 200 requests, each with a share of its own: 1 in 10 stretches is bad.
    fn run(random: &mut Pcg64Mcg) -> Vec<ShareCounts> {
        let stretches = (0..24).map(|_| {
            let chance = match random.random_bool(0.1) {
                true => 0.7,
                false => 0.99,
            };
            let good = (0..200).filter(|_| random.random_bool(chance)).count();
            of(good as u64, 200)
        });
        stretches.collect()
    }

    fn sum(stretches: &[ShareCounts]) -> ShareCounts {
        let good = stretches.iter().map(|counts| counts.good).sum();
        let valid = stretches.iter().map(|counts| counts.valid).sum();
        of(good, valid)
    }

    #[test]
    fn runs_that_differ_by_chance_alone_are_rarely_called_different() {
        let mut random = Pcg64Mcg::seed_from_u64(20_261_126);
        let (mut by_requests, mut by_stretches, mut percentile) = (0, 0, 0);
        for _ in 0..400 {
            let (before, after) = (run(&mut random), run(&mut random));
            let dispersion = share_dispersion_matched(&before, &after).unwrap_or(1.0);
            let (one, two) = (sum(&before), sum(&after));
            let is_change = |change| u32::from(matches!(change, Change::Up | Change::Down));
            by_requests += is_change(shares(one, two, 1.0).change);
            by_stretches += is_change(shares(one, two, dispersion).change);
            // Good ones take 10, others 900: the 97th percentile is at the border.
            let cells =
                |counts: ShareCounts| [(10, counts.good), (900, counts.valid - counts.good)];
            let found = percentiles(&cells(one), &cells(two), 0.97, dispersion);
            percentile += is_change(found.change);
        }
        assert!(by_requests > 160, "{by_requests} of 400");
        assert!(by_stretches <= 28, "{by_stretches} of 400");
        assert!(percentile <= 28, "{percentile} of 400");
    }

    #[test]
    fn a_difference_in_every_stretch_is_found() {
        let mut random = Pcg64Mcg::seed_from_u64(7);
        let mut draw = |chance: f64| -> Vec<ShareCounts> {
            let mut good = || (0..200).filter(|_| random.random_bool(chance)).count();
            (0..24).map(|_| of(good() as u64, 200)).collect()
        };
        let (before, after) = (draw(0.99), draw(0.95));
        let dispersion = share_dispersion_matched(&before, &after).unwrap();
        assert!(dispersion < 2.5, "{dispersion}");
        let found = shares(sum(&before), sum(&after), dispersion);
        assert_eq!(found.change, Change::Down);
    }
}
