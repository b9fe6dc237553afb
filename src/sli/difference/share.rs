//! Two shares, before and after.
//!
//! In: good and valid ones of two stretches of time. Out: a [`Difference`], from Fisher's exact
//! test and Newcombe's interval.

use super::{Bounded, Difference, judged, moved};
use crate::sli::distribution::ln_binomial;
use crate::sli::interval::{self, number};

/// Good ones of valid ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareCounts {
    /// How many are good, `valid` at most.
    pub good: u64,
    /// How many there are.
    pub valid: u64,
}

/// Two shares; the estimate is after less before, from -1 to 1. `dispersion` is how many times the
/// variance is that of independent requests, 1 for those; for two runs take that of
/// [`super::share_dispersion_matched`].
///
/// R. A. Fisher's exact test, the smaller tail doubled; the interval is method 10 of
/// R. G. Newcombe, "Interval Estimation for the Difference Between Independent Proportions", 1998.
/// The test is stricter than the interval: near the border the interval alone may leave out 0. With a
/// dispersion above 1 all counts are divided by it (the effective sample size of L. Kish).
#[must_use]
pub fn shares(before: ShareCounts, after: ShareCounts, dispersion: f64) -> Difference {
    let exact = after.share() - before.share();
    let (before, after) = (before.effective(dispersion), after.effective(dispersion));
    let Some((earlier, later)) = bounded(before).zip(bounded(after)) else {
        return Difference::NOT_ENOUGH_DATA;
    };
    let all = |counts: ShareCounts| ShareCounts {
        good: counts.valid,
        ..counts
    };
    let none = |counts: ShareCounts| ShareCounts { good: 0, ..counts };
    let (_, interval) = moved(earlier, later);
    Difference {
        change: judged(
            exact,
            fisher(before, after),
            fisher(none(before), all(after)),
        ),
        estimate: Some(exact),
        interval: Some(interval),
        p_value: Some(fisher(before, after)),
    }
}

impl ShareCounts {
    fn share(self) -> f64 {
        number(self.good.min(self.valid)) / number(self.valid.max(1))
    }

    /// As many independent requests as say as much as these.
    pub(super) fn effective(self, dispersion: f64) -> Self {
        let fewer = |count: u64| rounded(number(count) / dispersion.max(1.0));
        let bad = fewer(self.valid - self.good.min(self.valid));
        let good = fewer(self.good.min(self.valid));
        Self {
            good,
            valid: good + bad,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count divided by 1 or more"
)]
fn rounded(count: f64) -> u64 {
    count.round() as u64
}

/// A share with Wilson's interval, which Newcombe's method takes; `None` of nothing.
fn bounded(counts: ShareCounts) -> Option<Bounded> {
    (counts.valid > 0).then(|| Bounded {
        value: counts.share(),
        interval: interval::wilson(counts.share(), number(counts.valid)),
    })
}

/// Fisher's exact test of two shares with something in each: the smaller tail, doubled.
pub(super) fn fisher(before: ShareCounts, after: ShareCounts) -> f64 {
    let good = before.good + after.good;
    let valid = before.valid + after.valid;
    let is_lower =
        u128::from(before.good) * u128::from(valid) <= u128::from(good) * u128::from(before.valid);
    // The tail on the side of the smaller of the two shares: its terms fall from the first on.
    let (low, high) = if is_lower {
        (before, after)
    } else {
        (after, before)
    };
    (2.0 * hypergeometric_below(low, high)).min(1.0)
}

/// Probability that `low` has as few good ones or fewer, given the sums.
fn hypergeometric_below(low: ShareCounts, high: ShareCounts) -> f64 {
    let good = low.good + high.good;
    let ln_first = ln_binomial(low.valid, low.good) + ln_binomial(high.valid, high.good)
        - ln_binomial(low.valid + high.valid, good);
    let mut term = 1.0;
    let mut sum = 1.0;
    for found in (1..=low.good).rev() {
        let rest = good - found;
        if rest >= high.valid {
            break;
        }
        term *= number(found) * number(high.valid - rest)
            / (number(low.valid - found + 1) * number(rest + 1));
        sum += term;
        if term < 1e-16 * sum {
            break;
        }
    }
    (ln_first.exp() * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Change;
    use super::*;

    fn of(good: u64, valid: u64) -> ShareCounts {
        ShareCounts { good, valid }
    }

    #[test]
    fn shares_differ_by_the_published_interval() {
        // Newcombe 1998, table II, method 10: (a) 56 of 70 and 48 of 80, (b) 9 of 10 and 3 of 10,
        // (e) 10 of 10 and 0 of 20.
        let table = [
            (of(48, 80), of(56, 70), 0.0524, 0.3339),
            (of(3, 10), of(9, 10), 0.1705, 0.8090),
            (of(0, 20), of(10, 10), 0.6791, 1.0),
        ];
        for (before, after, low, high) in table {
            let found = shares(before, after, 1.0).interval.unwrap();
            assert!(
                (found[0] - low).abs() < 1e-4 && (found[1] - high).abs() < 1e-4,
                "{found:?}"
            );
        }
    }

    #[test]
    fn fishers_test_gives_the_published_tail() {
        // Fisher's tea, 3 of 4 against 1 of 4, has a tail of 17 in 70; his twins of convicts, 2 of
        // 17 against 10 of 13, one of 0.000465.
        assert!((fisher(of(3, 4), of(1, 4)) - 2.0 * 17.0 / 70.0).abs() < 1e-12);
        assert!((fisher(of(2, 17), of(10, 13)) / 2.0 - 0.000_465_2).abs() < 1e-6);
        assert!((fisher(of(5, 10), of(50, 100)) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn changes_are_told_from_noise_and_from_too_few() {
        let table = [
            (of(990, 1_000), of(950, 1_000), Change::Down),
            (of(950, 1_000), of(990, 1_000), Change::Up),
            (of(990, 1_000), of(988, 1_000), Change::Noise),
            (of(1, 2), of(2, 2), Change::NotEnoughData),
            (of(0, 0), of(2, 2), Change::NotEnoughData),
            (
                of(99_000_000, 100_000_000),
                of(98_990_000, 100_000_000),
                Change::Down,
            ),
        ];
        for (before, after, change) in table {
            assert_eq!(
                shares(before, after, 1.0).change,
                change,
                "{before:?} {after:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn fishers_tail_is_the_sum_of_every_table(one in 1_u64..60, two in 1_u64..60, first in 0.0..=1.0_f64, second in 0.0..=1.0_f64) {
            let before = of((number(one) * first) as u64, one);
            let after = of((number(two) * second) as u64, two);
            let good = before.good + after.good;
            let chance = |found: u64| {
                (ln_binomial(one, found) + ln_binomial(two, good - found) - ln_binomial(one + two, good)).exp()
            };
            let tables = || (good.saturating_sub(two)..=one.min(good)).map(|found| (found, chance(found)));
            let below: f64 = tables().filter(|table| table.0 <= before.good).map(|table| table.1).sum();
            let above: f64 = tables().filter(|table| table.0 >= before.good).map(|table| table.1).sum();
            let expected = (2.0 * below.min(above)).min(1.0);
            prop_assert!((fisher(before, after) - expected).abs() < 1e-9);
        }

        #[test]
        fn swapping_before_and_after_turns_a_difference_round(one in 1_u64..500, two in 1_u64..500, first in 0.0..=1.0_f64, second in 0.0..=1.0_f64) {
            let before = of((number(one) * first) as u64, one);
            let after = of((number(two) * second) as u64, two);
            let (there, back) = (shares(before, after, 1.0), shares(after, before, 1.0));
            prop_assert!((there.p_value.unwrap() - back.p_value.unwrap()).abs() < 1e-9);
            prop_assert!((there.estimate.unwrap() + back.estimate.unwrap()).abs() < 1e-12);
            prop_assert!((there.interval.unwrap()[0] + back.interval.unwrap()[1]).abs() < 1e-12);
        }

    }
}
