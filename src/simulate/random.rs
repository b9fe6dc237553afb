//! Random numbers that are the same on every machine.
//!
//! In: the seed of a plan and what the numbers are for. Out: draws from the few distributions that
//! the simulation needs. It reads no system randomness. `ln` and `exp` come from the `libm` crate,
//! not from the platform, whose last digit differs; everything else is exact IEEE arithmetic.

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::Rng;

/// What a stream is for. Each purpose has its own stream, so that a new one (contacts, say) leaves
/// every log of the same seed as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// When shoppers arrive.
    ShopperArrivals,
    /// When robots arrive.
    RobotArrivals,
    /// What visitors do and how the shop answers.
    Behaviour,
    /// When incidents happen and how bad they are.
    Incidents,
    /// When episodes of degradation happen, of a plan with contacts.
    Episodes,
    /// Whose keys are kept for tickets.
    Keys,
    /// Who makes contact, when and why.
    Contacts,
}

/// A stream of draws.
#[derive(Debug, Clone)]
pub struct RandomStream(Pcg64Mcg);

impl RandomStream {
    /// The stream of `seed` for `purpose`.
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        let number = match purpose {
            Purpose::ShopperArrivals => 1,
            Purpose::RobotArrivals => 2,
            Purpose::Behaviour => 3,
            Purpose::Incidents => 4,
            Purpose::Episodes => 5,
            Purpose::Keys => 6,
            Purpose::Contacts => 7,
        };
        let high = mix(seed ^ mix(number));
        let low = mix(high ^ number);
        Self(Pcg64Mcg::new(u128::from(high) << 64 | u128::from(low)))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// Uniform in `0..bound`; 0 for a bound of 0. The bias, below bound / 2⁶⁴, is accepted.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// True with `probability`.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Exponential with mean 1, by inversion.
    pub fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.unit())
    }

    /// Log-normal with the given median; `spread` is the standard deviation of the logarithm.
    pub fn log_normal(&mut self, median: f64, spread: f64) -> f64 {
        median * libm::exp(spread * self.normal())
    }

    /// Negative binomial with this mean and dispersion θ (variance = mean + mean²/θ): a Poisson whose
    /// mean is gamma distributed.
    pub fn negative_binomial(&mut self, mean: f64, dispersion: f64) -> u64 {
        if mean <= 0.0 {
            return 0;
        }
        let rate = mean * self.gamma(dispersion) / dispersion;
        self.poisson(rate)
    }

    /// Gamma with this shape, above 0, and scale 1 (Marsaglia and Tsang, ACM TOMS 26(3), 2000).
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let power = libm::exp(libm::log(1.0 - self.unit()) / shape);
            return self.gamma(shape + 1.0) * power;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let root = 1.0 + c * x;
            if root <= 0.0 {
                continue;
            }
            let v = root * root * root;
            let bound = 0.5 * x * x + d - d * v + d * libm::log(v);
            if libm::log(1.0 - self.unit()) < bound {
                return d * v;
            }
        }
    }

    /// Poisson, by multiplication (Knuth), in pieces of a mean that does not underflow.
    fn poisson(&mut self, mean: f64) -> u64 {
        const PIECE: f64 = 30.0;
        let mut count = 0;
        let mut rest = mean;
        while rest > 0.0 {
            let limit = libm::exp(-rest.min(PIECE));
            let mut product = self.unit();
            while product > limit {
                product *= self.unit();
                count += 1;
            }
            rest -= PIECE;
        }
        count
    }

    /// Standard normal, by Marsaglia's polar method (SIAM Review 6(3), 1964); its second draw is
    /// dropped, which keeps the stream free of state.
    fn normal(&mut self) -> f64 {
        loop {
            let x = 2.0 * self.unit() - 1.0;
            let y = 2.0 * self.unit() - 1.0;
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * libm::log(square) / square).sqrt();
            }
        }
    }
}

/// Spreads every bit over all 64; one to one. The finalizer of `SplitMix64`,
/// <https://prng.di.unimi.it/splitmix64.c>.
pub fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

/// The nearest whole number; 0 for what is below, and the largest for what is beyond.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float to integer cast saturates"
)]
pub fn whole(value: f64) -> u64 {
    (value + 0.5) as u64
}

/// `whole` as µs to add to a point in time.
pub fn whole_us(value_us: f64) -> i64 {
    i64::try_from(whole(value_us)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u32 = 200_000;

    fn mean(mut draw: impl FnMut(&mut RandomStream) -> f64) -> f64 {
        let mut random = RandomStream::new(7, Purpose::Behaviour);
        (0..DRAWS).map(|_| draw(&mut random)).sum::<f64>() / f64::from(DRAWS)
    }

    #[test]
    fn draws_have_the_moments_of_their_distributions() {
        assert!((mean(RandomStream::unit) - 0.5).abs() < 0.005);
        assert!((mean(RandomStream::exponential) - 1.0).abs() < 0.01);
        assert!(mean(RandomStream::normal).abs() < 0.01);
        assert!((mean(|random| random.normal().powi(2)) - 1.0).abs() < 0.02);
        let below_median = mean(|random| f64::from(u8::from(random.log_normal(80.0, 0.7) < 80.0)));
        assert!((below_median - 0.5).abs() < 0.005);
    }

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    fn contacts_have_mean_and_variance_of_a_negative_binomial() {
        for (expected, dispersion) in [(0.4, 8.0), (3.0, 0.5), (95.0, 8.0)] {
            let draw =
                |random: &mut RandomStream| random.negative_binomial(expected, dispersion) as f64;
            let found = mean(draw);
            let square = mean(|random| (draw(random) - expected).powi(2));
            let variance = expected + expected * expected / dispersion;
            assert!(
                (found / expected - 1.0).abs() < 0.02,
                "{found} for {expected}"
            );
            assert!(
                (square / variance - 1.0).abs() < 0.05,
                "{square} for {variance}"
            );
        }
        assert_eq!(
            RandomStream::new(1, Purpose::Contacts).negative_binomial(0.0, 8.0),
            0
        );
    }

    #[test]
    fn the_first_draws_of_a_seed_never_change() {
        let mut random = RandomStream::new(2026, Purpose::Behaviour);
        assert_eq!(random.bits(), 1_302_304_560_524_309_846);
        assert_eq!(random.exponential().to_bits(), 4_601_345_397_488_415_636);
    }

    #[test]
    fn purposes_and_seeds_have_different_streams() {
        let first = |seed, purpose| RandomStream::new(seed, purpose).bits();
        let mut firsts: Vec<u64> = (0..100)
            .flat_map(|seed| {
                [
                    Purpose::ShopperArrivals,
                    Purpose::RobotArrivals,
                    Purpose::Behaviour,
                ]
                .map(|purpose| first(seed, purpose))
            })
            .collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), 300);
    }

    #[test]
    fn whole_saturates_at_both_ends() {
        for (value, expected) in [
            (-3.0, 0),
            (0.4, 0),
            (0.5, 1),
            (1e30, u64::MAX),
            (f64::NAN, 0),
        ] {
            assert_eq!(whole(value), expected, "{value}");
        }
    }
}
