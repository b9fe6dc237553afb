//! Two percentiles, before and after.
//!
//! In: the cells of two histograms. Out: a [`Difference`], from the number of values above their
//! common quantile and the order-statistic intervals.

use super::share::fisher;
use super::{Bounded, Difference, ShareCounts, judged, moved};
use crate::latency_buckets::nearest_rank;
use crate::sli::interval::{self, number};

/// Two percentiles, each of the values `(value, how many)` in ascending order, e.g. the cells of
/// a histogram; the estimate is after less before, in the unit of the values. Not enough data
/// where a percentile has no interval ([`interval::quantile_ranks`]). `dispersion` as for
/// [`super::shares`], of the values below [`percentile_border`].
///
/// Quantile test: as many values lie above the quantile of all values together (Fisher's exact
/// test, the smaller tail doubled); the interval joins the two order-statistic intervals as
/// G. Y. Zou and A. Donner, "Construction of Confidence Limits about Effect Measures", 2008.
#[must_use]
pub fn percentiles(
    before: &[(u64, u64)],
    after: &[(u64, u64)],
    quantile: f64,
    dispersion: f64,
) -> Difference {
    let bounds = |cells| bounds_of(cells, quantile, dispersion.max(1.0));
    let Some((earlier, later)) = bounds(before).zip(bounds(after)) else {
        return Difference::NOT_ENOUGH_DATA;
    };
    let Some(border) = percentile_border(before, after, quantile) else {
        return Difference::NOT_ENOUGH_DATA;
    };
    let [below_before, below_after] = [before, after].map(|cells| within(cells, border));
    let p_value = fisher(
        below_before.effective(dispersion),
        below_after.effective(dispersion),
    );
    let (estimate, interval) = moved(earlier, later);
    // The percentile may move one way while more values go the other way round the common border:
    // that is not called a change of the percentile.
    let share = |counts: ShareCounts| number(counts.good) / number(counts.valid.max(1));
    let is_agreed = (share(below_after) < share(below_before)) == (estimate > 0.0);
    Difference {
        change: judged(if is_agreed { estimate } else { 0.0 }, p_value, 0.0),
        estimate: Some(estimate),
        interval: Some(interval),
        p_value: Some(p_value),
    }
}

/// The percentile of values `(value, how many)` in ascending order, by [`nearest_rank`]; `None` of
/// nothing.
#[must_use]
pub fn percentile_of(cells: &[(u64, u64)], quantile: f64) -> Option<u64> {
    at_rank(cells, nearest_rank(count_of(cells), quantile))
}

/// The first value that counts as above the quantile of all values together; `None` of nothing.
#[must_use]
pub fn percentile_border(
    before: &[(u64, u64)],
    after: &[(u64, u64)],
    quantile: f64,
) -> Option<u64> {
    let mut pooled = [before, after].concat();
    pooled.sort_unstable();
    border(&pooled, quantile)
}

/// The first value that counts as above the quantile of these values. Many values may be equal to
/// the quantile: they go to the side that leaves the two sides nearer to what they should be.
fn border(cells: &[(u64, u64)], quantile: f64) -> Option<u64> {
    let count = count_of(cells);
    let value = percentile_of(cells, quantile)?;
    let distance = |border: u64| {
        let within = within(cells, border);
        (number(within.good) - quantile * number(count)).abs()
    };
    let is_above = distance(value) < distance(value + 1);
    Some(if is_above { value } else { value + 1 })
}

/// How many values are below `border`.
fn within(cells: &[(u64, u64)], border: u64) -> ShareCounts {
    let below = cells.iter().filter(|cell| cell.0 < border);
    ShareCounts {
        good: below.map(|cell| cell.1).sum(),
        valid: count_of(cells),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "ranks are counts"
)]
fn bounds_of(cells: &[(u64, u64)], quantile: f64, dispersion: f64) -> Option<Bounded> {
    let count = count_of(cells);
    let effective = (number(count) / dispersion) as u64;
    let [low, high] = interval::quantile_ranks(effective, quantile)?;
    // Each of the fewer values stands for several.
    let low = ((number(low - 1) * dispersion) as u64 + 1).min(count);
    let high = ((number(high) * dispersion).ceil() as u64).clamp(low, count);
    let value = percentile_of(cells, quantile)?;
    let interval = [at_rank(cells, low)?, at_rank(cells, high)?];
    Some(Bounded {
        value: number(value),
        interval: interval.map(number),
    })
}

fn count_of(cells: &[(u64, u64)]) -> u64 {
    cells.iter().map(|cell| cell.1).sum()
}

fn at_rank(cells: &[(u64, u64)], rank: u64) -> Option<u64> {
    let mut seen = 0;
    cells.iter().find_map(|(value, count)| {
        seen += count;
        (seen >= rank).then_some(*value)
    })
}

#[cfg(test)]
mod tests {
    use super::super::Change;
    use super::*;

    #[test]
    fn the_percentile_of_a_comparison_is_that_of_the_sli() {
        // 99.9 % of 1,000 values are 999, also where 0.999 × 1,000 is a little more.
        let cells: Vec<(u64, u64)> = (1..=1_000).map(|value| (value, 1)).collect();
        for (percentile, value) in [(7.0, 70), (50.0, 500), (95.0, 950), (99.9, 999)] {
            assert_eq!(percentile_of(&cells, percentile / 100.0), Some(value));
        }
        assert_eq!(percentile_of(&[], 0.5), None);
    }

    #[test]
    fn percentiles_change_when_more_values_lie_above_the_common_one() {
        let values = |slow: u64| vec![(100, 1_000 - slow), (900, slow)];
        let found = percentiles(&values(20), &values(120), 0.95, 1.0);
        assert_eq!((found.change, found.estimate), (Change::Up, Some(800.0)));
        assert_eq!(
            percentiles(&values(60), &values(61), 0.95, 1.0).change,
            Change::Noise
        );
        assert_eq!(
            percentiles(&[(5, 58)], &values(100), 0.95, 1.0).change,
            Change::NotEnoughData
        );
        assert_eq!(
            percentiles(&[], &[], 0.95, 1.0).change,
            Change::NotEnoughData
        );
    }
}
