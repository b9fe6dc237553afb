//! Lengths of time that differ from shopper to shopper, drawn from a seeded generator.

use rand::RngExt;
use rand_pcg::Pcg32;
use statrs::distribution::{ContinuousCDF, Normal};

/// The 95 % quantile of the standard normal distribution.
const Z_95: f64 = 1.644_853_626_951_472_7;

/// How long something takes, µs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DurationDraw {
    /// Always as long.
    Fixed(i64),
    /// Every length between two is as likely.
    Even {
        /// The shortest, µs.
        from_us: i64,
        /// The longest, µs.
        to_us: i64,
    },
    /// Exponential: the moment does not depend on how long it lasted already.
    Exponential {
        /// The mean, µs.
        mean_us: f64,
        /// Longer ones are cut to this, µs.
        max_us: i64,
    },
    /// Lognormal: the logarithm is normal, as with reading times.
    Lognormal {
        /// Natural logarithm of the median in µs.
        mu: f64,
        /// Standard deviation of the natural logarithm.
        sigma: f64,
        /// Longer ones are cut to this, µs.
        max_us: i64,
    },
}

impl DurationDraw {
    /// No time at all.
    pub const NONE: Self = Self::Fixed(0);

    /// The lognormal distribution with this median, of which 95 % stay below `p95_us`.
    #[must_use]
    pub fn lognormal(median_us: f64, p95_us: f64, max_us: i64) -> Self {
        let mu = libm::log(median_us);
        Self::Lognormal {
            mu,
            sigma: (libm::log(p95_us) - mu) / Z_95,
            max_us,
        }
    }

    /// A length, µs.
    pub fn draw_us(&self, random: &mut Pcg32) -> i64 {
        match *self {
            Self::Fixed(us) => us,
            Self::Even { from_us, to_us } => random.random_range(from_us..=to_us),
            Self::Exponential { mean_us, max_us } => {
                let uniform: f64 = random.random();
                whole_us(-mean_us * libm::log(1.0 - uniform)).min(max_us)
            }
            Self::Lognormal { mu, sigma, max_us } => {
                // Both ends of the unit interval are infinitely far away.
                let uniform: f64 = random.random_range(1e-12..1.0 - 1e-12);
                let z = Normal::standard().inverse_cdf(uniform);
                whole_us(libm::exp(mu + sigma * z)).min(max_us)
            }
        }
    }

    /// What no length is below, µs.
    #[must_use]
    pub fn least_us(&self) -> i64 {
        match *self {
            Self::Fixed(us) | Self::Even { from_us: us, .. } => us,
            Self::Exponential { .. } | Self::Lognormal { .. } => 0,
        }
    }

    /// The mean, µs; of those that are cut, a little more than it is.
    #[must_use]
    pub fn mean_us(&self) -> f64 {
        match *self {
            Self::Fixed(us) => number(us),
            Self::Even { from_us, to_us } => f64::midpoint(number(from_us), number(to_us)),
            Self::Exponential { mean_us, .. } => mean_us,
            Self::Lognormal { mu, sigma, .. } => libm::exp(mu + sigma * sigma / 2.0),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a duration is at most 36,500 days, 3.2e15 µs, or cut to that"
)]
fn whole_us(us: f64) -> i64 {
    us as i64
}

#[expect(clippy::cast_precision_loss, reason = "durations are below 2^53 µs")]
fn number(us: i64) -> f64 {
    us as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    const DRAWS: usize = 20_000;
    const FOREVER_US: i64 = 3_600_000_000_000;

    fn sorted(draw: DurationDraw) -> Vec<i64> {
        let mut random = Pcg32::seed_from_u64(7);
        let mut drawn: Vec<i64> = (0..DRAWS).map(|_| draw.draw_us(&mut random)).collect();
        drawn.sort_unstable();
        drawn
    }

    fn is_near(found: i64, expected: f64) -> bool {
        (number(found) / expected - 1.0).abs() < 0.05
    }

    #[test]
    fn a_lognormal_length_has_the_median_and_the_p95_that_were_asked_for() {
        let drawn = sorted(DurationDraw::lognormal(2e6, 10e6, FOREVER_US));
        assert!(is_near(drawn[DRAWS / 2], 2e6), "{}", drawn[DRAWS / 2]);
        assert!(is_near(drawn[DRAWS * 95 / 100], 10e6));
    }

    #[test]
    fn an_exponential_length_has_its_mean_and_is_cut() {
        let draw = DurationDraw::Exponential {
            mean_us: 3e6,
            max_us: FOREVER_US,
        };
        let drawn = sorted(draw);
        let mean = drawn.iter().sum::<i64>() / i64::try_from(DRAWS).unwrap();
        assert!(is_near(mean, draw.mean_us()));
        // The median of an exponential distribution is ln 2 of its mean.
        assert!(is_near(drawn[DRAWS / 2], 3e6 * std::f64::consts::LN_2));
        let cut = sorted(DurationDraw::Exponential {
            mean_us: 3e6,
            max_us: 4_000_000,
        });
        assert_eq!(cut[DRAWS - 1], 4_000_000);
    }

    #[test]
    fn an_even_length_reaches_both_ends_and_a_fixed_one_does_not_vary() {
        let drawn = sorted(DurationDraw::Even {
            from_us: 10,
            to_us: 20,
        });
        assert_eq!((drawn[0], drawn[DRAWS - 1]), (10, 20));
        let drawn = sorted(DurationDraw::Fixed(5));
        assert_eq!((drawn[0], drawn[DRAWS - 1]), (5, 5));
    }
}
