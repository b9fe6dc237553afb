//! The middle of a few weeks' rates, and a band in which the next one is with a probability of 95 %.
//!
//! The middle is the mean of the weeks, each pulled to within what chance does to a count around their
//! median; the scatter is the median absolute deviation. One wild week moves neither far. A median
//! alone would be 0 of everything that happens less than once in two weeks' hours, such as the orders
//! of a small shop: the mean is not, because chance explains all of its weeks and none is pulled.

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_964;
/// Makes the median absolute deviation of normal values their standard deviation.
const NORMAL_DEVIATION: f64 = 1.482_6;
/// What it is too small by for 2, 3, … 9 values: Croux and Rousseeuw, “Time-efficient algorithms for
/// two highly robust estimators of scale”, 1992; n ÷ (n − 0.8) above.
const FEW_VALUES: [f64; 8] = [1.196, 1.495, 1.363, 1.206, 1.200, 1.140, 1.129, 1.107];
/// The 97.5 % quantiles of Student's t for 1, 2, … 10 degrees of freedom.
const STUDENT: [f64; 10] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
];

/// A rate of which several weeks are known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct HourRate {
    /// Requests per hour.
    pub(super) per_hour: f64,
    /// Half the width of the band that the weeks' scatter makes, in requests per hour.
    pub(super) scatter: f64,
    /// Variance of a new count around the middle if chance alone made both, in requests² per hour²:
    /// of a Poisson count that is expected from n others, mean × (1 + 1 ÷ n) (W. Nelson, “Confidence
    /// intervals for the ratio of two Poisson means and Poisson predictor intervals”, IEEE
    /// Transactions on Reliability R-19, 1970).
    pub(super) chance: f64,
}

impl HourRate {
    /// Middle and scatter of the rates of at least two weeks.
    ///
    /// The middle is the one-step estimate of Huber from the median (P. J. Bickel, “One-step Huber
    /// estimates in the linear model”, JASA 70, 1975) with the bounds of a count in place of a constant,
    /// as small counts need it (H. Elsaied and R. Fried, “Tukey's M-estimator of the Poisson parameter
    /// with a special focus on small means”, Statistical Methods & Applications 25, 2016).
    ///
    /// The scatter is t(n − 1) × the standard deviation of a new week around the median,
    /// s × √(1 + π ÷ 2n), with s from the median absolute deviation.
    pub(super) fn of_weeks(rates: &[f64]) -> Self {
        let count = rates.len();
        let middle = median(rates.to_vec());
        let (noise_below, noise_above) = counting_noise(middle, middle);
        let pulled = rates
            .iter()
            .map(|rate| rate.clamp(middle - noise_below, middle + noise_above));
        let per_hour = pulled.sum::<f64>() / whole(count);
        let distances = rates.iter().map(|rate| (rate - middle).abs()).collect();
        let deviation = NORMAL_DEVIATION * few_values(count) * median(distances);
        let of_new_week = (1.0 + std::f64::consts::FRAC_PI_2 / whole(count)).sqrt();
        let scatter = student(count.saturating_sub(1)) * deviation * of_new_week;
        Self {
            per_hour,
            scatter,
            chance: per_hour * (1.0 + 1.0 / whole(count)),
        }
    }

    /// That of a single day, of which the scatter is known from elsewhere.
    pub(super) fn of_one_day(per_hour: f64, scatter: f64) -> Self {
        Self {
            per_hour,
            scatter,
            chance: 2.0 * per_hour,
        }
    }

    /// So many times it.
    pub(super) fn times(self, factor: f64) -> Self {
        Self {
            per_hour: self.per_hour * factor,
            scatter: self.scatter * factor,
            chance: self.chance * factor,
        }
    }

    /// The point `share` (0 to 1) of the way from this to `other`.
    pub(super) fn towards(self, other: Self, share: f64) -> Self {
        let between = |from: f64, to: f64| from * (1.0 - share) + to * share;
        Self {
            per_hour: between(self.per_hour, other.per_hour),
            scatter: between(self.scatter, other.scatter),
            chance: between(self.chance, other.chance),
        }
    }
}

/// The ends of the band around `value` expected requests: scatter between weeks and chance, added as
/// variances. Never narrower than the noise of counting (Poisson) alone, and never below 0. `chance` is
/// the variance of a count by chance, which is not below `value`.
pub(super) fn band(value: f64, scatter: f64, chance: f64) -> (f64, f64) {
    let (noise_below, noise_above) = counting_noise(value, chance);
    let low = value - scatter.hypot(noise_below);
    (low.max(0.0), value + scatter.hypot(noise_above))
}

/// How far below and above `value` a count of this variance is with a probability of 95 %: z√v + ½
/// below; above, z²/2 + z√(v + z²/4), the upper end of the score interval, which is not 0 at 0. With
/// `chance` = `value` both contain the exact quantiles of Poisson's, which a test compares.
fn counting_noise(value: f64, chance: f64) -> (f64, f64) {
    let variance = chance.max(value);
    let below = Z * variance.sqrt() + 0.5;
    let above = Z * Z / 2.0 + Z * (variance + Z * Z / 4.0).sqrt();
    (below, above)
}

/// The middle value, or half way between the two middle ones; 0 of none.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.len() % 2, values.get(middle)) {
        (_, None) => 0.0,
        (1, Some(value)) => *value,
        (_, Some(upper)) => f64::midpoint(values[middle - 1], *upper),
    }
}

fn few_values(count: usize) -> f64 {
    let known = count.checked_sub(2).and_then(|at| FEW_VALUES.get(at));
    known
        .copied()
        .unwrap_or_else(|| whole(count) / (whole(count) - 0.8))
}

/// Above the table by the expansion around the normal distribution (Abramowitz and Stegun, 26.7.5),
/// which is within 0.0025 of it there.
fn student(freedom: usize) -> f64 {
    let known = freedom.checked_sub(1).and_then(|at| STUDENT.get(at));
    known.copied().unwrap_or_else(|| {
        let freedom = whole(freedom.max(1));
        let second = (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / 96.0;
        Z + (Z.powi(3) + Z) / 4.0 / freedom + second / freedom / freedom
    })
}

fn whole(count: usize) -> f64 {
    // Weeks are at most 104.
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least count whose cumulated Poisson probability reaches `share`.
    fn poisson_quantile(mean: f64, share: f64) -> f64 {
        let (mut count, mut term) = (0.0, (-mean).exp());
        let mut sum = term;
        while sum < share {
            count += 1.0;
            term *= mean / count;
            sum += term;
        }
        count
    }

    #[test]
    fn the_band_contains_the_exact_quantiles_of_the_noise_of_counting() {
        for tenths in 0..5_000 {
            let mean = f64::from(tenths) / 10.0;
            let (low, high) = band(mean, 0.0, mean);
            assert!(low <= poisson_quantile(mean, 0.025), "{mean}: {low}");
            assert!(high >= poisson_quantile(mean, 0.975), "{mean}: {high}");
        }
    }

    #[test]
    fn medians_are_the_middle() {
        for (values, expected) in [
            (vec![], 0.0),
            (vec![3.0], 3.0),
            (vec![4.0, 1.0], 2.5),
            (vec![9.0, 1.0, 2.0], 2.0),
            (vec![9.0, 1.0, 2.0, 4.0], 3.0),
        ] {
            assert!(
                (median(values.clone()) - expected).abs() < 1e-12,
                "{values:?}"
            );
        }
    }

    #[test]
    fn quantiles_of_student_are_those_of_the_tables() {
        for (freedom, expected) in [
            (1, 12.706),
            (10, 2.228),
            (11, 2.201),
            (20, 2.086),
            (60, 2.000),
        ] {
            assert!((student(freedom) - expected).abs() < 0.0025, "{freedom}");
        }
    }

    #[test]
    fn fewer_weeks_make_the_band_wider() {
        let scatter = |weeks: usize| {
            let rates = (0..weeks).map(|week| if week % 2 == 0 { 90.0 } else { 110.0 });
            HourRate::of_weeks(&rates.collect::<Vec<f64>>()).scatter
        };
        assert!(scatter(2) > scatter(4) && scatter(4) > scatter(8) && scatter(8) > scatter(50));
    }
}
