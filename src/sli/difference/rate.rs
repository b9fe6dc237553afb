//! Two rates, before and after, and one count against the weeks before.
//!
//! In: events, and in how long. Out: a [`Difference`], from the exact binomial test, or from the
//! spread of the weeks before. Traffic of a shop comes in bursts: say how much so by a dispersion.

use super::{Difference, judged};
use crate::sli::distribution::{beta_below, beta_quantile, student_95, student_beyond};
use crate::sli::interval::{self, number};

/// Fewer weeks before say nothing about their spread.
const WEEKS_MIN: usize = 3;

/// Events over a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateCounts {
    /// How many events.
    pub count: u64,
    /// In how long, µs; above 0.
    pub exposure_us: i64,
}

/// Two rates; the estimate is the rate after by the rate before: 1.1 is a tenth more. `dispersion`
/// is how many times the variance is that of independent events, 1 for those; for a shop take that
/// of [`dispersion_matched`].
///
/// Given their sum, the count after is binomial: exact, W. Przyborowski and H. Wilenski,
/// "Homogeneity of Results in Testing Samples from Poisson Series", 1940. With a dispersion above
/// 1 both counts are divided by it (quasi-likelihood).
#[must_use]
pub fn rates(before: RateCounts, after: RateCounts, dispersion: f64) -> Difference {
    let exposures = [before.exposure_us, after.exposure_us].map(|us| number(us.unsigned_abs()));
    let expected = exposures[1] / (exposures[0] + exposures[1]);
    let counts = [before.count, after.count].map(|count| number(count) / dispersion.max(1.0));
    if counts[0] + counts[1] <= 0.0 || !(0.0..1.0).contains(&expected) || expected == 0.0 {
        return Difference::NOT_ENOUGH_DATA;
    }
    let sum = counts[0] + counts[1];
    let p_value = binomial_p_value(counts, expected);
    let p_value_min =
        binomial_p_value([sum, 0.0], expected).min(binomial_p_value([0.0, sum], expected));
    let as_ratio = |share: f64| share / (1.0 - share) * exposures[0] / exposures[1];
    let has_ratio = before.count > 0;
    Difference {
        change: judged(counts[1] / sum - expected, p_value, p_value_min),
        estimate: has_ratio.then(|| as_ratio(counts[1] / sum)),
        interval: has_ratio.then(|| binomial_bounds(counts).map(as_ratio)),
        p_value: Some(p_value),
    }
}

/// How many times the spread of windows is that of independent events, at least 1, where window n
/// of `before` belongs to window n of `after` (the same hour of the week): a daily rhythm that
/// both share does not count. `None` below 3 pairs with events.
///
/// Pearson's χ² of the pairs around their common ratio, by its degrees of freedom.
#[must_use]
pub fn dispersion_matched(before: &[u64], after: &[u64]) -> Option<f64> {
    let pairs = || before.iter().zip(after).filter(|pair| pair.0 + pair.1 > 0);
    let later: u64 = pairs().map(|pair| pair.1).sum();
    let total: u64 = pairs().map(|pair| pair.0 + pair.1).sum();
    let freedom = (pairs().count() as u64).saturating_sub(1);
    let share = number(later) / number(total.max(1));
    if freedom < 2 || later == 0 || later == total {
        return None;
    }
    let squares = pairs().map(|(before, after)| {
        let both = number(before + after);
        (number(*after) - share * both).powi(2) / (both * share * (1.0 - share))
    });
    Some((squares.sum::<f64>() / number(freedom)).max(1.0))
}

/// A count against those of the same stretch of time in the weeks before; the estimate is the
/// count by their mean: 1.1 is a tenth more than usual. Not enough data below 3 weeks or without
/// events in them.
///
/// Prediction interval of Student's t with the spread of the weeks, which is at least that of
/// independent events.
#[must_use]
pub fn count_against_weeks(count: u64, weeks: &[u64]) -> Difference {
    let weeks_count = number(weeks.len() as u64);
    let sum: u64 = weeks.iter().sum();
    if weeks.len() < WEEKS_MIN || sum == 0 {
        return Difference::NOT_ENOUGH_DATA;
    }
    let Some(dispersion) = interval::dispersion(weeks) else {
        return Difference::NOT_ENOUGH_DATA;
    };
    let mean = number(sum) / weeks_count;
    let spread = (dispersion * mean * (1.0 + 1.0 / weeks_count)).sqrt();
    let freedom = weeks_count - 1.0;
    let distance = number(count) - mean;
    let p_value = student_beyond(distance / spread, freedom);
    let ratio = number(count) / mean;
    let half = student_95(freedom) * spread / mean;
    Difference {
        change: judged(distance, p_value, 0.0),
        estimate: Some(ratio),
        interval: Some([(ratio - half).max(0.0), ratio + half]),
        p_value: Some(p_value),
    }
}

/// The smaller tail, doubled, of a count of `counts[1]` of all where `expected` is its share.
fn binomial_p_value([other, count]: [f64; 2], expected: f64) -> f64 {
    let above = if count > 0.0 {
        beta_below(count, other + 1.0, expected)
    } else {
        1.0
    };
    let below = if other > 0.0 {
        beta_below(other, count + 1.0, 1.0 - expected)
    } else {
        1.0
    };
    (2.0 * above.min(below)).min(1.0)
}

/// Clopper–Pearson interval of the share of `counts[1]`.
fn binomial_bounds([other, count]: [f64; 2]) -> [f64; 2] {
    let low = if count > 0.0 {
        beta_quantile(count, other + 1.0, 0.025)
    } else {
        0.0
    };
    [low, beta_quantile(count + 1.0, other, 0.975)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Change, P_VALUE_MAX};
    use super::*;

    fn over_a_week(count: u64) -> RateCounts {
        RateCounts {
            count,
            exposure_us: 7 * 86_400_000_000,
        }
    }

    #[test]
    fn rates_change_as_the_exact_binomial_says() {
        // 20 against 40 in the same time: two-sided p is 0.0135; the ratio is 1.14 to 3.60 around 2.
        let found = rates(over_a_week(20), over_a_week(40), 1.0);
        assert_eq!(found.change, Change::Up);
        assert!((found.p_value.unwrap() - 0.013_5).abs() < 5e-4, "{found:?}");
        let [low, high] = found.interval.unwrap();
        assert!(
            (low - 1.14).abs() < 0.01 && (high - 3.60).abs() < 0.02,
            "{found:?}"
        );
        assert_eq!(
            rates(over_a_week(20), over_a_week(40), 4.0).change,
            Change::Noise
        );
        assert_eq!(
            rates(over_a_week(2), over_a_week(0), 1.0).change,
            Change::NotEnoughData
        );
        assert_eq!(
            rates(over_a_week(0), over_a_week(0), 1.0).change,
            Change::NotEnoughData
        );
        let from_nothing = rates(over_a_week(0), over_a_week(50), 1.0);
        assert_eq!(
            (from_nothing.change, from_nothing.estimate),
            (Change::Up, None)
        );
        let half_the_time = RateCounts {
            count: 500,
            exposure_us: 43_200_000_000,
        };
        let whole = RateCounts {
            count: 1_000,
            exposure_us: 86_400_000_000,
        };
        assert_eq!(
            rates(half_the_time, whole, 1.0)
                .estimate
                .map(|ratio| (ratio * 1e9).round()),
            Some(1e9)
        );
    }

    #[test]
    fn a_rhythm_that_both_weeks_share_is_no_dispersion() {
        let rhythm = [10, 100, 1_000, 100, 10, 500];
        assert_eq!(dispersion_matched(&rhythm, &rhythm), Some(1.0));
        let bursty = dispersion_matched(&[100, 100, 100, 100], &[10, 300, 20, 70]).unwrap();
        assert!(bursty > 20.0, "{bursty}");
        assert_eq!(dispersion_matched(&[1, 2], &[1, 2]), None);
        assert_eq!(dispersion_matched(&[0, 0, 0], &[0, 0, 0]), None);
    }

    #[test]
    fn a_week_is_judged_by_the_spread_of_the_weeks_before() {
        let calm = [1_000, 1_010, 990, 1_005, 995, 1_000];
        let wild = [1_000, 1_400, 600, 1_100, 900, 1_000];
        assert_eq!(count_against_weeks(1_300, &calm).change, Change::Up);
        assert_eq!(count_against_weeks(700, &calm).change, Change::Down);
        assert_eq!(count_against_weeks(1_300, &wild).change, Change::Noise);
        assert_eq!(
            count_against_weeks(1_300, &calm[..2]).change,
            Change::NotEnoughData
        );
        assert_eq!(
            count_against_weeks(0, &[0, 0, 0, 0]).change,
            Change::NotEnoughData
        );
        let found = count_against_weeks(1_000, &calm);
        let [low, high] = found.interval.unwrap();
        assert!(low < 1.0 && high > 1.0 && found.p_value.unwrap() > 0.9);
    }

    #[test]
    fn students_t_has_its_published_quantiles() {
        for (freedom, t) in [(1.0, 12.7062), (2.0, 4.3027), (5.0, 2.5706), (30.0, 2.0423)] {
            assert!((student_95(freedom) - t).abs() < 1e-4);
        }
    }

    proptest! {
        #[test]
        fn a_rate_is_a_change_exactly_when_its_interval_leaves_out_one(before in 1_u64..300, after in 0_u64..300, times in 1_i64..10) {
            let later = RateCounts { count: after, exposure_us: times * 7 * 86_400_000_000 };
            let found = rates(over_a_week(before), later, 1.0);
            let [low, high] = found.interval.unwrap();
            let p_value = found.p_value.unwrap();
            if (p_value - P_VALUE_MAX).abs() > 1e-6 {
                prop_assert_eq!(p_value < P_VALUE_MAX, low > 1.0 || high < 1.0);
            }
            prop_assert!(low <= found.estimate.unwrap() && found.estimate.unwrap() <= high);
        }
    }
}
