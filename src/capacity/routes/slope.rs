//! A robust slope: that of Theil and Sen.
//!
//! In: pairs of numbers. Out: the median of the slopes between all pairs, with Sen's 95 % interval from the
//! variance of Kendall's statistic. Source: P. K. Sen, *Estimates of the regression coefficient based on
//! Kendall's tau*, JASA 63, 1968. Up to 29 % of the points may be anything.

use serde::{Deserialize, Serialize};

/// Most points whose pairs are all looked at; of more, every second or third.
const POINTS_MAX: usize = 1_000;
/// Fewest points of which a slope is told.
pub const POINTS_MIN: usize = 8;
/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A slope with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Slope {
    /// The median slope.
    pub value: f64,
    /// Its interval.
    pub interval: [f64; 2],
    /// Points that were looked at.
    pub points: usize,
}

/// The slope of `(x, y)` pairs in any order; `None` of fewer than [`POINTS_MIN`], or where all x are alike.
#[must_use]
pub fn theil_sen(points: &[(f64, f64)]) -> Option<Slope> {
    let step = points.len().div_ceil(POINTS_MAX).max(1);
    let points: Vec<(f64, f64)> = points.iter().step_by(step).copied().collect();
    let count = points.len();
    if count < POINTS_MIN {
        return None;
    }
    let mut slopes = Vec::with_capacity(count * (count - 1) / 2);
    for (index, one) in points.iter().enumerate() {
        let others = points[index + 1..].iter().filter(|other| other.0 != one.0);
        slopes.extend(others.map(|other| (other.1 - one.1) / (other.0 - one.0)));
    }
    if slopes.is_empty() {
        return None;
    }
    slopes.sort_by(f64::total_cmp);
    let middle = slopes.len() / 2;
    let value = match slopes.len() % 2 {
        1 => slopes[middle],
        _ => f64::midpoint(slopes[middle - 1], slopes[middle]),
    };
    let n = number(count);
    let half = Z * (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt() / 2.0;
    let at = |rank: f64| slopes[index_of(rank, slopes.len())];
    let centre = number(slopes.len()) / 2.0;
    Some(Slope {
        value,
        interval: [at(centre - half - 1.0), at(centre + half)],
        points: count,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between 0 and the number of slopes"
)]
fn index_of(rank: f64, count: usize) -> usize {
    (rank.round().max(0.0) as usize).min(count - 1)
}

#[expect(clippy::cast_precision_loss, reason = "a count of points")]
fn number(count: usize) -> f64 {
    count as f64
}
