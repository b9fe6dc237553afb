//! When two numbers differ by more than noise: shares, rates and percentiles, before and after.
//!
//! In: counts of two stretches of time. Out: a [`Difference`]: which way, how much, between what
//! bounds, and how often noise alone would do as much. Nothing is called a change that noise alone
//! does once in 20 times or more; over many SLIs [`keep_discoveries`] asks for more.

mod clusters;
mod percentile;
mod rate;
mod share;

pub use clusters::share_dispersion_matched;
pub use percentile::{percentile_border, percentile_of, percentiles};
pub use rate::{RateCounts, count_against_weeks, dispersion_matched, rates};
pub use share::{ShareCounts, shares};

use serde::Serialize;

use super::interval::number;

/// What noise alone does less often is a change.
const P_VALUE_MAX: f64 = 0.05;

/// Which way something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It is higher than before.
    Up,
    /// It is lower than before.
    Down,
    /// Noise alone differs as much.
    Noise,
    /// So few were counted that even the largest difference could be noise.
    NotEnoughData,
}

/// How two numbers differ.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// Which way it went.
    pub change: Change,
    /// How far, in the unit that the function names; `None` where there is no number for it.
    pub estimate: Option<f64>,
    /// 95 % interval of `estimate`.
    pub interval: Option<[f64; 2]>,
    /// How often noise alone differs as much or more, from 0 to 1; `None` without data.
    pub p_value: Option<f64>,
}

impl Difference {
    const NOT_ENOUGH_DATA: Self = Self {
        change: Change::NotEnoughData,
        estimate: None,
        interval: None,
        p_value: None,
    };
}

/// Which of these p-values are discoveries, so that among all that are called so a share of no
/// more than `false_share` is noise.
///
/// Y. Benjamini and Y. Hochberg, "Controlling the False Discovery Rate", 1995.
#[must_use]
pub fn benjamini_hochberg(p_values: &[f64], false_share: f64) -> Vec<bool> {
    let mut sorted = p_values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = number(sorted.len() as u64);
    let limits = (1..).map(|rank| number(rank) * false_share / count);
    let largest = sorted
        .iter()
        .zip(limits)
        .filter(|(p_value, limit)| *p_value <= limit)
        .map(|(p_value, _)| *p_value)
        .last();
    p_values
        .iter()
        .map(|p_value| largest.is_some_and(|largest| *p_value <= largest))
        .collect()
}

/// Calls noise what is no discovery among all of these differences, but for those without enough
/// data; `false_share` as in [`benjamini_hochberg`], e.g. 0.05.
pub fn keep_discoveries(differences: &mut [Difference], false_share: f64) {
    let has_data = |found: &Difference| found.change != Change::NotEnoughData;
    let judged = differences.iter().filter(|found| has_data(found));
    let p_values: Vec<f64> = judged.filter_map(|found| found.p_value).collect();
    let kept = benjamini_hochberg(&p_values, false_share);
    let judged = differences.iter_mut().filter(|found| has_data(found));
    let judged = judged.filter(|found| found.p_value.is_some());
    for (difference, is_kept) in judged.zip(kept) {
        if !is_kept {
            difference.change = Change::Noise;
        }
    }
}

/// Which way it went, unless noise does as much, or could do even the largest difference.
fn judged(difference: f64, p_value: f64, p_value_min: f64) -> Change {
    if p_value_min > P_VALUE_MAX {
        Change::NotEnoughData
    } else if p_value >= P_VALUE_MAX || difference == 0.0 {
        Change::Noise
    } else if difference > 0.0 {
        Change::Up
    } else {
        Change::Down
    }
}

/// A number and its bounds.
#[derive(Clone, Copy)]
struct Bounded {
    pub(super) value: f64,
    pub(super) interval: [f64; 2],
}

/// How far `later` is from `earlier`, and the interval of that: each bound is as far from the
/// difference as the two bounds that make it, at a right angle.
fn moved(earlier: Bounded, later: Bounded) -> (f64, [f64; 2]) {
    let difference = later.value - earlier.value;
    let below = |bounded: Bounded| bounded.value - bounded.interval[0];
    let above = |bounded: Bounded| bounded.interval[1] - bounded.value;
    let low = difference - below(later).hypot(above(earlier));
    let high = difference + above(later).hypot(below(earlier));
    (difference, [low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(good: u64, valid: u64) -> ShareCounts {
        ShareCounts { good, valid }
    }

    #[test]
    fn benjamini_and_hochberg_find_their_published_four() {
        // Their example of 15 comparisons: at 5 % the four smallest are discoveries.
        let p_values = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
            0.5719, 0.6528, 0.7590, 1.0,
        ];
        let found = benjamini_hochberg(&p_values, 0.05);
        assert_eq!(found.iter().filter(|is_found| **is_found).count(), 4);
        assert!(found[..4].iter().all(|is_found| *is_found));
        assert!(benjamini_hochberg(&[], 0.05).is_empty());
    }

    #[test]
    fn what_is_no_discovery_among_many_is_noise() {
        let mut differences = vec![shares(of(990, 1_000), of(950, 1_000), 1.0)];
        differences.push(shares(of(500, 1_000), of(547, 1_000), 1.0));
        differences.extend((0..20).map(|_| shares(of(990, 1_000), of(988, 1_000), 1.0)));
        differences.push(Difference::NOT_ENOUGH_DATA);
        assert_eq!(differences[1].change, Change::Up);
        keep_discoveries(&mut differences, 0.05);
        assert_eq!(differences[0].change, Change::Down);
        assert_eq!(differences[1].change, Change::Noise);
        assert_eq!(differences[22].change, Change::NotEnoughData);
    }
}
