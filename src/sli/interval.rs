//! 95 % intervals of shares, percentiles, rates and Apdex, and how many requests they need.
//!
//! In: counts. Out: intervals that hold the true value in at least 95 of 100 cases, whatever it
//! is: none but [`wilson()`]'s is an approximation. The bounds are good to 7 digits. Nothing here knows
//! of SLIs.

mod wilson;

pub use wilson::wilson;

use std::cell::RefCell;

use super::distribution::{beta_below, beta_quantile, gamma_quantile};
use super::memo::Memo;

/// What is left out on each side.
const TAIL: f64 = 0.025;

/// The distance of [`TAIL`] from the mean of a normal distribution, in standard deviations.
const Z: f64 = 1.959_963_984_540_054;

/// The lower and the upper rank.
type Ends = [u64; 2];

thread_local! {
    // A report asks for the interval of each of up to 2 million windows, most of which have one
    // of a few thousand pairs of counts.
    static SHARES: RefCell<Memo<(u64, u64), [f64; 2]>> = RefCell::new(Memo::new());
    static RANKS: RefCell<Memo<(u64, u64), Option<Ends>>> = RefCell::new(Memo::new());
}

/// Interval of a share, both ends between 0 and 1; `None` when `valid` is 0. More good than valid
/// ones count as all.
///
/// C. J. Clopper and E. S. Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the
/// Case of the Binomial", 1934: exact, and on the safe side.
#[must_use]
pub fn share(good: u64, valid: u64) -> Option<[f64; 2]> {
    let good = good.min(valid);
    (valid > 0).then(|| {
        SHARES.with_borrow_mut(|memo| memo.get((good, valid), || clopper_pearson(good, valid)))
    })
}

/// Interval of the mean of a Poisson count, never below 0.
///
/// F. Garwood, "Fiducial Limits for the Poisson Distribution", 1936: exact, and on the safe side.
/// Up to a count of 500 by Newton steps, above by an expansion that is off by less than 10⁻⁹.
#[must_use]
pub fn poisson(count: u64) -> [f64; 2] {
    garwood(number(count))
}

/// The ranks, counted from 1, of the order statistics that enclose a quantile of `count` values:
/// the highest lower and the lowest upper one that leave out 2.5 % on their side. Where the highest
/// (or lowest) value leaves out more, but no more than 5 %, it is taken, and the other side leaves
/// out the rest. `None` where there is no such pair, as for p95 below 59 values.
///
/// H. A. David and H. N. Nagaraja, "Order Statistics", 3rd edition, section 7.1; exact binomial
/// probabilities, above 1,000 expected values on either side of the quantile to 7 digits.
#[must_use]
pub fn quantile_ranks(count: u64, quantile: f64) -> Option<[u64; 2]> {
    if count == 0 || !(0.0..1.0).contains(&quantile) || quantile == 0.0 {
        return None;
    }
    let key = (count, quantile.to_bits());
    RANKS.with_borrow_mut(|memo| memo.get(key, || exact_ranks(count, quantile)))
}

/// The fewest values with which a quantile has a one-sided 95 % upper bound among them: the
/// smallest n with qⁿ ≤ 0.05, so 59 for p95, 299 for p99 and 2,995 for p99.9.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive, and at most 300,000 for the largest quantile that a file may name"
)]
pub fn quantile_count_min(quantile: f64) -> u64 {
    ((2.0 * TAIL).ln() / quantile.ln()).ceil().max(1.0) as u64
}

/// Interval of an Apdex, (satisfied + tolerating / 2) / total, both ends between 0 and 1; `None`
/// when `total` is 0.
///
/// Apdex is the mean of two shares, that of the satisfied and that of those who were at least
/// tolerating; its bounds are the means of theirs. The two shares rise and fall together, so that
/// their errors never add up to more than this; without tolerating ones it is [`share`] itself.
#[must_use]
pub fn apdex(satisfied: u64, tolerating: u64, total: u64) -> Option<[f64; 2]> {
    let inner = share(satisfied, total)?;
    let outer = share(satisfied + tolerating, total)?;
    Some([
        f64::midpoint(inner[0], outer[0]),
        f64::midpoint(inner[1], outer[1]),
    ])
}

/// How many events there are, where they come in bursts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BurstyCount {
    /// How many times the variance of the windows is that of independent shoppers; at least 1.
    pub dispersion: f64,
    /// Interval of the sum over all windows.
    pub interval: [f64; 2],
}

/// Interval of the sum of `counts`, one per window of equal length, where shoppers do not come
/// independently of each other; `None` below 2 windows. For information: a daily rhythm counts as
/// bursts, too.
///
/// Quasi-Poisson (P. McCullagh and J. A. Nelder, "Generalized Linear Models", 1989, section 6.2):
/// the interval of [`poisson`], for the count divided by the dispersion, times the dispersion.
#[must_use]
pub fn rate_overdispersed(counts: &[u64]) -> Option<BurstyCount> {
    let dispersion = dispersion(counts)?;
    let total: u64 = counts.iter().sum();
    Some(BurstyCount {
        dispersion,
        interval: garwood(number(total) / dispersion).map(|bound| bound * dispersion),
    })
}

/// Variance of counts by their mean, at least 1; `None` below 2 counts.
#[must_use]
pub fn dispersion(counts: &[u64]) -> Option<f64> {
    if counts.len() < 2 {
        return None;
    }
    let mean = counts.iter().map(|count| number(*count)).sum::<f64>() / number(counts.len() as u64);
    let squares = counts.iter().map(|count| (number(*count) - mean).powi(2));
    let variance = squares.sum::<f64>() / number(counts.len() as u64 - 1);
    Some(if mean > 0.0 {
        (variance / mean).max(1.0)
    } else {
        1.0
    })
}

/// A count as a number.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
pub fn number(count: u64) -> f64 {
    count as f64
}

fn clopper_pearson(good: u64, valid: u64) -> [f64; 2] {
    // The rarer of good and bad is counted: its bounds keep all their digits.
    if good > valid / 2 {
        let [low, high] = clopper_pearson(valid - good, valid);
        return [1.0 - high, 1.0 - low];
    }
    let (rare, other) = (number(good), number(valid - good));
    let low = if good == 0 {
        0.0
    } else {
        beta_quantile(rare, other + 1.0, TAIL)
    };
    let high = if good == valid {
        1.0
    } else {
        beta_quantile(rare + 1.0, other, 1.0 - TAIL)
    };
    [low, high]
}

fn garwood(count: f64) -> [f64; 2] {
    let low = if count > 0.0 {
        gamma_quantile(count, TAIL)
    } else {
        0.0
    };
    [low, gamma_quantile(count + 1.0, 1.0 - TAIL)]
}

fn exact_ranks(count: u64, quantile: f64) -> Option<[u64; 2]> {
    let ranks = Ranks { count, quantile };
    let beyond_highest = ranks.at_least(count);
    let beyond_lowest = ranks.below(1);
    if beyond_highest + beyond_lowest > 2.0 * TAIL {
        return None;
    }
    if beyond_highest > TAIL {
        return Some([ranks.low(2.0 * TAIL - beyond_highest), count]);
    }
    if beyond_lowest > TAIL {
        return Some([1, ranks.high(2.0 * TAIL - beyond_lowest)]);
    }
    Some([ranks.low(TAIL), ranks.high(TAIL)])
}

/// How many of `count` values are at or below the quantile: a binomial count.
struct Ranks {
    count: u64,
    quantile: f64,
}

impl Ranks {
    /// Probability that fewer than `rank` values are.
    fn below(&self, rank: u64) -> f64 {
        let from = number(self.count - rank + 1);
        beta_below(from, number(rank), 1.0 - self.quantile)
    }

    /// Probability that at least `rank` values are.
    fn at_least(&self, rank: u64) -> f64 {
        let rest = number(self.count - rank + 1);
        beta_below(number(rank), rest, self.quantile)
    }

    /// The highest rank which fewer values reach with `tail` at most; 1 does.
    fn low(&self, tail: f64) -> u64 {
        let mut rank = self.near(-Z);
        while rank > 1 && self.below(rank) > tail {
            rank -= 1;
        }
        while rank < self.count && self.below(rank + 1) <= tail {
            rank += 1;
        }
        rank
    }

    /// The lowest rank which as many values reach with `tail` at most; the highest does.
    fn high(&self, tail: f64) -> u64 {
        let mut rank = self.near(Z);
        while rank < self.count && self.at_least(rank) > tail {
            rank += 1;
        }
        while rank > 1 && self.at_least(rank - 1) <= tail {
            rank -= 1;
        }
        rank
    }

    /// Where the search begins: the Cornish–Fisher expansion, off by one or two.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 1..=count"
    )]
    fn near(&self, z: f64) -> u64 {
        let n = number(self.count);
        let mean = n * self.quantile;
        let spread = (mean * (1.0 - self.quantile)).sqrt();
        let skew = (1.0 - 2.0 * self.quantile) * (z * z - 1.0) / 6.0;
        (mean + z * spread + skew + 0.5).round().clamp(1.0, n) as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sli::distribution::ln_binomial;

    fn is_close(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= 2e-8 * expected.abs()
    }

    #[test]
    fn a_share_has_the_published_clopper_pearson_interval() {
        // 81 of 263, 15 of 148 and 1 of 29 are Newcombe 1998, table I (0.2527 to 0.3676, 0.0578 to
        // 0.1617, 0.0009 to 0.1776); every digit here is from a computation with 40.
        let table = [
            (81, 263, 0.252_736_745_585_27, 0.367_621_922_601_35),
            (15, 148, 0.057_844_010_083_449, 0.161_650_490_349_48),
            (1, 29, 0.000_872_646_883_579_92, 0.177_644_295_488_72),
            (30, 60, 0.368_062_031_942_44, 0.631_937_968_057_56),
            (5, 1_000, 0.001_625_419_517_562_8, 0.011_629_470_559_812),
            (990, 100_000, 0.009_295_619_407_506_1, 0.010_533_055_569_729),
            (1_200, 100_000, 0.011_334_317_223_656, 0.012_694_207_412_774),
            (2_500, 5_000, 0.486_044_374_000_93, 0.513_955_625_999_07),
            (
                100_000,
                100_000_000,
                0.000_993_814_597_531_53,
                0.001_006_214_318_570_33,
            ),
            (
                50_000_000,
                100_000_000,
                0.499_901_996_801_959,
                0.500_098_003_198_041,
            ),
            (
                1,
                100_000_000,
                2.531_780_798_108_5e-10,
                5.571_643_263_581_1e-8,
            ),
        ];
        for (good, valid, low, high) in table {
            let found = share(good, valid).unwrap();
            assert!(
                is_close(found[0], low) && is_close(found[1], high),
                "{good} of {valid}: {found:?}"
            );
        }
    }

    #[test]
    fn a_share_without_a_bad_one_is_not_certain() {
        let [low, high] = share(0, 20).unwrap();
        assert!(low == 0.0 && is_close(high, 0.168_433_470_983_09));
        let [low, high] = share(0, 100_000_000).unwrap();
        assert!(low == 0.0 && is_close(high, 3.688_879_386_08e-8));
        let [low, high] = share(100_000_000, 100_000_000).unwrap();
        assert!(
            high == 1.0 && is_close(1.0 - low, 3.688_879_4e-8)
                || (1.0 - low - 3.688_879_386e-8).abs() < 1e-15
        );
        let [low, high] = share(99_999_999, 100_000_000).unwrap();
        assert!((1.0 - low - 5.571_643_263_6e-8).abs() < 1e-15);
        assert!((1.0 - high - 2.531_780_8e-10).abs() < 1e-15);
    }

    #[test]
    fn a_share_of_nothing_has_no_interval() {
        assert_eq!(share(0, 0), None);
        assert_eq!(apdex(0, 0, 0), None);
    }

    #[test]
    fn a_poisson_count_has_the_published_garwood_interval() {
        let table = [
            (1, 0.025_317_807_984_29, 5.571_643_390_938_9),
            (2, 0.242_209_278_543_96, 7.224_687_667_724),
            (5, 1.623_486_390_119_4, 11.668_332_079_323),
            (10, 4.795_388_696_132_4, 18.390_356_042_018),
            (30, 20.240_874_021_421, 42.826_865_394_808),
            (100, 81.363_991_250_923, 121.626_793_792_43),
            (499, 456.172_432_380_97, 544.765_456_387_46),
            (501, 458.084_765_266_4, 546.853_037_023_86),
            (10_000, 9_804.952_467_260_2, 10_197.951_624_661),
        ];
        for (count, low, high) in table {
            let found = poisson(count);
            assert!(
                is_close(found[0], low) && is_close(found[1], high),
                "{count}: {found:?}"
            );
        }
        assert!(poisson(0)[0] == 0.0 && is_close(poisson(0)[1], 3.688_879_454_113_9));
    }

    #[test]
    fn percentiles_need_the_published_number_of_values() {
        for (quantile, count) in [(0.95, 59), (0.99, 299), (0.999, 2_995)] {
            assert_eq!(quantile_count_min(quantile), count);
            assert_eq!(quantile_ranks(count - 1, quantile), None);
            let [low, high] = quantile_ranks(count, quantile).unwrap();
            assert!(low < count && high == count);
        }
        assert_eq!(quantile_ranks(0, 0.5), None);
        assert_eq!(quantile_ranks(5, 0.5), None);
        assert_eq!(quantile_ranks(6, 0.5), Some([1, 6]));
    }

    #[test]
    fn ranks_are_the_published_ones() {
        // Conover, "Practical Nonparametric Statistics", table A3: the median of 20 and of 50.
        assert_eq!(quantile_ranks(20, 0.5), Some([6, 15]));
        assert_eq!(quantile_ranks(50, 0.5), Some([18, 33]));
    }

    #[test]
    fn ranks_of_a_hundred_million_values_are_near_their_normal_ones() {
        let [low, high] = quantile_ranks(100_000_000, 0.99).unwrap();
        assert!(
            low.abs_diff(98_998_050) <= 2 && high.abs_diff(99_001_950) <= 3,
            "{low} {high}"
        );
    }

    #[test]
    fn apdex_lies_between_its_two_shares() {
        assert_eq!(apdex(70, 0, 100), share(70, 100));
        let [low, high] = apdex(0, 1_000, 1_000).unwrap();
        assert!(is_close(low, 0.5 * 0.996_317_906_7) || (low - 0.498_16).abs() < 1e-5);
        assert!((low + high - 1.0).abs() < 1e-12);
    }

    #[test]
    fn an_apdex_interval_holds_the_true_apdex_in_at_least_95_of_100_cases() {
        // Every outcome of 25 requests, for several true shares of satisfied and tolerating.
        let total = 25;
        let outcomes: Vec<(u64, u64, [f64; 2])> = (0..=total)
            .flat_map(|satisfied| (0..=total - satisfied).map(move |rest| (satisfied, rest)))
            .map(|(one, two)| (one, two, apdex(one, two, total).unwrap()))
            .collect();
        let ln_chance = |share: f64, count: u64| number(count) * share.max(1e-300).ln();
        for (satisfied, tolerating) in
            [(0.9, 0.08), (0.5, 0.3), (0.2, 0.6), (0.05, 0.9), (0.7, 0.0)]
        {
            let rest = 1.0 - satisfied - tolerating;
            let truth = satisfied + tolerating / 2.0;
            let covered = outcomes
                .iter()
                .filter(|outcome| outcome.2[0] <= truth && truth <= outcome.2[1]);
            let chance = |one: u64, two: u64| {
                let ways = ln_binomial(total, one) + ln_binomial(total - one, two);
                let chances = ln_chance(satisfied, one) + ln_chance(tolerating, two);
                (ways + chances + ln_chance(rest, total - one - two)).exp()
            };
            let coverage: f64 = covered.map(|outcome| chance(outcome.0, outcome.1)).sum();
            assert!(
                (0.95..=1.0 + 1e-9).contains(&coverage),
                "{satisfied} {tolerating}: {coverage}"
            );
        }
    }

    #[test]
    fn bursts_widen_the_interval_of_a_rate() {
        assert_eq!(rate_overdispersed(&[7]), None);
        let even = rate_overdispersed(&[10, 10, 10, 10]).unwrap();
        assert_eq!((even.dispersion, even.interval), (1.0, poisson(40)));
        let bursty = rate_overdispersed(&[0, 0, 40, 0]).unwrap();
        assert!(bursty.dispersion > 39.0 && bursty.interval[1] > 2.0 * even.interval[1]);
        assert!(bursty.interval[0] < even.interval[0] && bursty.interval[0] >= 0.0);
        assert_eq!(rate_overdispersed(&[0, 0]).unwrap().interval, poisson(0));
    }

    /// Probability of fewer than `rank` of `count`, term by term.
    fn binomial_below(rank: u64, count: u64, share: f64) -> f64 {
        let mut ln_term = number(count) * (-share).ln_1p();
        let mut sum = 0.0;
        for found in 0..rank {
            sum += ln_term.exp();
            let odds = number(count - found) / number(found + 1) * share / (1.0 - share);
            ln_term += odds.ln();
        }
        sum
    }

    proptest! {
        #[test]
        fn the_bounds_of_a_share_leave_out_exactly_the_tails(valid in 1_u64..4_000, part in 0.0..1.0_f64) {
            let good = (number(valid) * part).round() as u64;
            let [low, high] = share(good, valid).unwrap();
            let share = number(good) / number(valid);
            prop_assert!(0.0 <= low && low <= share && share <= high && high <= 1.0);
            if good > 0 {
                let above = 1.0 - binomial_below(good, valid, low);
                prop_assert!((above - TAIL).abs() < 1e-7, "{good} of {valid}: {above}");
            }
            if good < valid {
                let below = binomial_below(good + 1, valid, high);
                prop_assert!((below - TAIL).abs() < 1e-7, "{good} of {valid}: {below}");
            }
        }

        #[test]
        fn ranks_leave_out_no_more_than_the_tails_and_no_nearer_rank_would(count in 1_u64..5_000, quantile in 0.05..0.995_f64) {
            let at_least = |rank: u64| 1.0 - binomial_below(rank, count, quantile);
            let below = |rank: u64| binomial_below(rank, count, quantile);
            match quantile_ranks(count, quantile) {
                None => prop_assert!(at_least(count) + below(1) > 2.0 * TAIL - 1e-9),
                Some([low, high]) => {
                    prop_assert!(1 <= low && low < high && high <= count);
                    prop_assert!(below(low) + at_least(high) <= 2.0 * TAIL + 1e-9);
                    if at_least(count) <= TAIL && below(1) <= TAIL {
                        prop_assert!(below(low) <= TAIL + 1e-9 && below(low + 1) > TAIL - 1e-9);
                        prop_assert!(at_least(high) <= TAIL + 1e-9 && at_least(high - 1) > TAIL - 1e-9);
                    }
                }
            }
        }

        #[test]
        fn an_apdex_interval_holds_the_apdex(satisfied in 0_u64..500, tolerating in 0_u64..500, frustrated in 0_u64..500) {
            let total = satisfied + tolerating + frustrated;
            if let Some([low, high]) = apdex(satisfied, tolerating, total) {
                let value = (number(satisfied) + number(tolerating) / 2.0) / number(total);
                prop_assert!(low <= value && value <= high);
            }
        }
    }
}
