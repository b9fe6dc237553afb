//! The delay between an experience and the contact about it, as weights per window.
//!
//! In: mean delays, or delays that were seen. Out: weights per lag, which add up to 1, and sums of a
//! series under them. Exponential delays after sessions that start at any time of their window; a
//! mixture of four of them has most shapes that fall.

/// Means of the exponential delays that are mixed, µs: 10 and 40 minutes, 2 and 6 hours.
const MEANS_US: [f64; 4] = [600e6, 2_400e6, 7_200e6, 21_600e6];
/// Number of them.
pub(super) const BASES: usize = MEANS_US.len();
/// The mixture before anything is known: a mean of about an hour and a half.
pub(super) const PRIOR: [f64; BASES] = [0.25, 0.40, 0.30, 0.05];

/// Weights per lag of each exponential delay, up to `lag_max_us`.
pub(super) fn bases(window_us: i64, lag_max_us: i64) -> Vec<Vec<f64>> {
    let lags = (lag_max_us / window_us).max(1) as usize + 1;
    MEANS_US
        .iter()
        .map(|mean_us| exponential(*mean_us / window_us as f64, lags))
        .collect()
}

/// The share of contacts so many windows later, where sessions start evenly in their window and the
/// delay is exponential with a mean of `mean` windows; cut off after `lags`, adding up to 1.
fn exponential(mean: f64, lags: usize) -> Vec<f64> {
    let end = (-1.0 / mean).exp();
    let same = 1.0 - mean * (1.0 - end);
    let next = mean * (1.0 - end) * (1.0 - end);
    let weights = (0..lags).map(|lag| match lag {
        0 => same,
        lag => next * (-((lag - 1) as f64) / mean).exp(),
    });
    normalised(weights.collect())
}

/// The same from delays that were seen one by one: their histogram, the first windows split as if
/// sessions started evenly in theirs.
pub(super) fn empirical(delays_us: &[i64], window_us: i64, lag_max_us: i64) -> Option<Vec<f64>> {
    let lags = (lag_max_us / window_us).max(1) as usize + 1;
    let mut weights = vec![0.0; lags];
    for delay in delays_us.iter().filter(|delay| **delay >= 0) {
        let windows = *delay as f64 / window_us as f64;
        let (lag, part) = (windows.floor() as usize, windows.fract());
        for (lag, share) in [(lag, 1.0 - part), (lag + 1, part)] {
            if lag < lags {
                weights[lag] += share;
            }
        }
    }
    (weights.iter().sum::<f64>() > 0.0).then(|| normalised(weights))
}

/// The mixture of bases.
pub(super) fn mixed(bases: &[Vec<f64>], shares: &[f64]) -> Vec<f64> {
    let lags = bases.first().map_or(0, Vec::len);
    let weight = |lag: usize| {
        bases
            .iter()
            .zip(shares)
            .map(|(base, share)| base[lag] * share)
            .sum()
    };
    normalised((0..lags).map(weight).collect())
}

/// Mean delay in windows: sessions start evenly in theirs, so that the mean number of windows between
/// is the mean delay.
pub(super) fn mean_windows(weights: &[f64]) -> f64 {
    weights
        .iter()
        .enumerate()
        .map(|(lag, weight)| lag as f64 * weight)
        .sum()
}

/// For each window the sum of `series` in it and before, under the weights; windows before the first
/// have nothing.
pub(super) fn convolved(series: &[f64], weights: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; series.len()];
    for (window, value) in series
        .iter()
        .enumerate()
        .filter(|(_, value)| **value != 0.0)
    {
        for (sum, weight) in sums[window..].iter_mut().zip(weights) {
            *sum += value * weight;
        }
    }
    sums
}

fn normalised(mut weights: Vec<f64>) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    for weight in &mut weights {
        *weight /= sum;
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_up_and_have_their_mean() {
        let minutes_15 = 900_000_000;
        for base in bases(minutes_15, 6 * 3_600_000_000) {
            assert_eq!(base.len(), 25);
            assert!((base.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(base.iter().all(|weight| *weight >= 0.0));
        }
        // Not cut off, the mean delay is that of the exponential distribution.
        let long = exponential(40.0 / 15.0, 400);
        assert!((mean_windows(&long) - 40.0 / 15.0).abs() < 1e-6);
    }

    #[test]
    fn a_kernel_is_the_sum_that_a_slow_loop_finds() {
        let series: Vec<f64> = (0..40).map(|n| f64::from(n * 7 % 11)).collect();
        let weights = [0.5, 0.3, 0.2];
        let found = convolved(&series, &weights);
        for window in 0..series.len() {
            let mut slow = 0.0;
            for (lag, weight) in weights.iter().enumerate() {
                if lag <= window {
                    slow += weight * series[window - lag];
                }
            }
            assert!((found[window] - slow).abs() < 1e-12);
        }
    }

    #[test]
    fn seen_delays_are_their_own_histogram() {
        let minute = 60_000_000;
        let found = empirical(
            &[0, 15 * minute, 30 * minute, -minute],
            15 * minute,
            60 * minute,
        );
        let third = 1.0 / 3.0;
        assert_eq!(found.unwrap(), [third, third, third, 0.0, 0.0]);
        assert_eq!(empirical(&[], 15 * minute, 60 * minute), None);
    }
}
