//! Seeded draws: a stream of its own for every resample, so that threads change nothing.
//!
//! In: seed and stream. Out: uniform numbers, counts, days. The generator's numbers are the same on
//! every machine.

use rand::Rng;
use rand_pcg::Pcg64;
use statrs::distribution::{ContinuousCDF, Normal};

/// Above this mean a count is drawn from the normal distribution of its mean and variance.
const EXACT_MEAN_MAX: f64 = 300.0;
/// What a Poisson distribution has for θ in arithmetic: far above all counts.
pub(super) const THETA_OF_POISSON: f64 = 1e9;

/// What streams are drawn for; each has its own numbers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// Blocks of days.
    Resample,
    /// Counts under no effect; the index of the SLI.
    NoEffect(usize),
}

/// One stream.
pub(super) struct Stream(Pcg64);

impl Stream {
    /// Stream `number` of a purpose.
    pub fn new(seed: u64, purpose: Purpose, number: u64) -> Self {
        let of = match purpose {
            Purpose::Resample => 1,
            Purpose::NoEffect(sli) => 2 + sli as u128,
        };
        Self(Pcg64::new(u128::from(seed) << 64 | u128::from(number), of))
    }

    /// Uniform from 0 (inclusive) to 1 (exclusive).
    pub fn uniform(&mut self) -> f64 {
        // 53 bits are all that the number can hold.
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number below `end`, which is above 0.
    pub fn below(&mut self, end: usize) -> usize {
        let drawn = (self.uniform() * end as f64) as usize;
        drawn.min(end - 1)
    }

    /// A count with this mean and variance `mean + mean² / theta`.
    pub fn count(&mut self, mean: f64, theta: f64) -> f64 {
        count_at(self.uniform(), mean, theta)
    }
}

/// The smallest count that at least `share` of an NB2 distribution reaches; from 0 to below 1.
pub(super) fn count_at(share: f64, mean: f64, theta: f64) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    if mean > EXACT_MEAN_MAX {
        let deviation = (mean + mean * mean / theta).sqrt();
        let share = share.clamp(1e-12, 1.0 - 1e-12);
        let drawn = mean + deviation * Normal::standard().inverse_cdf(share);
        return drawn.round().max(0.0);
    }
    let part = mean / (theta + mean);
    // (θ / (θ + μ))^θ, in logs: θ may be large.
    let mut probability = (-theta * (mean / theta).ln_1p()).exp();
    let (mut below, mut count) = (probability, 0.0);
    while below < share && probability > 0.0 {
        probability *= part * (theta + count) / (count + 1.0);
        below += probability;
        count += 1.0;
    }
    count
}

/// The share of an NB2 distribution above a count.
pub(super) fn share_above(count: f64, mean: f64, theta: f64) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    if mean > EXACT_MEAN_MAX {
        let deviation = (mean + mean * mean / theta).sqrt();
        return 1.0 - Normal::standard().cdf((count + 0.5 - mean) / deviation);
    }
    let part = mean / (theta + mean);
    let mut probability = (-theta * (mean / theta).ln_1p()).exp();
    let (mut below, mut at) = (probability, 0.0);
    while at < count {
        probability *= part * (theta + at) / (at + 1.0);
        below += probability;
        at += 1.0;
    }
    (1.0 - below).clamp(0.0, 1.0)
}

/// How often each of `days` days is in a resample of as many days, drawn in blocks of `block` days
/// that follow each other; the last day is followed by the first.
pub(super) fn resampled_days(stream: &mut Stream, days: usize, block: usize) -> Vec<f64> {
    let mut times = vec![0.0; days];
    let mut drawn = 0;
    while drawn < days {
        let first = stream.below(days);
        for day in 0..block.min(days - drawn) {
            times[(first + day) % days] += 1.0;
        }
        drawn += block;
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_their_mean_and_variance() {
        for (mean, theta) in [
            (0.3, 2.0),
            (8.0, 5.0),
            (40.0, THETA_OF_POISSON),
            (900.0, 10.0),
        ] {
            let mut stream = Stream::new(7, Purpose::Resample, 0);
            let drawn: Vec<f64> = (0..40_000).map(|_| stream.count(mean, theta)).collect();
            let found = drawn.iter().sum::<f64>() / 40_000.0;
            let squares: f64 = drawn.iter().map(|count| (count - found).powi(2)).sum();
            let variance = mean + mean * mean / theta;
            assert!((found / mean - 1.0).abs() < 0.04, "{mean}: {found}");
            assert!((squares / 40_000.0 / variance - 1.0).abs() < 0.06, "{mean}");
        }
    }

    #[test]
    fn a_resample_has_as_many_days_and_whole_blocks() {
        let mut stream = Stream::new(1, Purpose::Resample, 3);
        let times = resampled_days(&mut stream, 56, 1);
        assert_eq!(times.iter().sum::<f64>(), 56.0);
        let blocks = resampled_days(&mut stream, 10, 5);
        assert_eq!(blocks.iter().sum::<f64>(), 10.0);
        let changes = (0..10).filter(|day| blocks[*day] != blocks[(day + 1) % 10]);
        assert!(changes.count() <= 4);
    }

    #[test]
    fn streams_differ_and_repeat() {
        let first = |number| Stream::new(1, Purpose::NoEffect(0), number).uniform();
        assert_eq!(first(0), first(0));
        assert_ne!(first(0), first(1));
    }
}
