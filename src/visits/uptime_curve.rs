//! The curve of windowed user-uptime: the worst window of every length.
//!
//! In: uptime and downtime per base window. Out: one point per length, log-spaced.

use super::user_uptime::{UserUptime, share};
use serde::{Deserialize, Serialize};

/// The worst window of one length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Length of the windows, µs.
    pub window_us: i64,
    /// Minimum cumulative ratio: the lowest user-uptime of all windows of this length, 0 to 1.
    pub lowest: f64,
    /// First µs of that window; of the first, where several are as low.
    pub start_us: i64,
    /// The lowest of all windows that are as long or longer, 0 to 1: never falls with the length.
    pub envelope: f64,
}

impl UserUptime {
    /// The minimum cumulative ratio (MCR) of windows from the base window to everything between
    /// the first and the last window in which anybody was there; about four lengths per doubling,
    /// shortest first. Windows begin at every base window and lie inside; those with less than
    /// `active_us_min` of up and down over all shoppers are passed over, at least those with none.
    ///
    /// A window whose length is a multiple of a shorter one is no worse than the worst of these,
    /// since it is put together from them (section 4 of the paper); other lengths may be, and the
    /// envelope holds for all. With `active_us_min` above 1 neither need hold for `lowest`.
    #[must_use]
    pub fn curve(&self, active_us_min: u64) -> Vec<CurvePoint> {
        let Some((first_us, sums)) = self.cumulative() else {
            return Vec::new();
        };
        let lengths = lengths(sums.len() - 1).into_iter();
        let worst = lengths.filter_map(|length| {
            let (lowest, index) = lowest(&sums, length, active_us_min.max(1))?;
            Some(CurvePoint {
                window_us: self.base_us * i64::try_from(length).unwrap_or(i64::MAX),
                lowest,
                start_us: first_us + self.base_us * i64::try_from(index).unwrap_or(0),
                envelope: lowest,
            })
        });
        let mut points: Vec<CurvePoint> = worst.collect();
        let mut envelope = f64::INFINITY;
        for point in points.iter_mut().rev() {
            envelope = envelope.min(point.lowest);
            point.envelope = envelope;
        }
        points
    }

    /// Start of the first window, and up and down of the first 0, 1, 2, … windows, gaps included.
    fn cumulative(&self) -> Option<(i64, Vec<[u64; 2]>)> {
        let first_us = self.windows.first()?.start_us;
        let mut sums = vec![[0, 0]];
        let (mut up_us, mut down_us) = (0, 0);
        for window in &self.windows {
            let index = usize::try_from((window.start_us - first_us) / self.base_us).ok()?;
            sums.resize(index + 1, [up_us, down_us]);
            up_us += window.up_us;
            down_us += window.down_us;
            sums.push([up_us, down_us]);
        }
        Some((first_us, sums))
    }
}

/// 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 13, 16, … up to `count`, itself included.
fn lengths(count: usize) -> Vec<usize> {
    let mut lengths = Vec::new();
    let mut quarter = 0;
    loop {
        let length = 2_f64.powf(f64::from(quarter) / 4.0).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 1 to a few times the count of windows"
        )]
        let length = length as usize;
        if length >= count {
            lengths.push(count);
            return lengths;
        }
        if lengths.last() != Some(&length) {
            lengths.push(length);
        }
        quarter += 1;
    }
}

fn lowest(sums: &[[u64; 2]], length: usize, active_us_min: u64) -> Option<(f64, usize)> {
    let pairs = sums.iter().zip(&sums[length..]).enumerate();
    let shares = pairs.filter_map(|(index, (before, after))| {
        let (up_us, down_us) = (after[0] - before[0], after[1] - before[1]);
        let is_active = up_us + down_us >= active_us_min;
        is_active
            .then(|| share(up_us, down_us))?
            .map(|share| (share, index))
    });
    shares.min_by(|one, other| one.0.total_cmp(&other.0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::visits::UptimeWindow;

    fn uptime(windows: &[(i64, u64, u64)]) -> UserUptime {
        let windows = windows
            .iter()
            .filter(|(_, up_us, down_us)| up_us + down_us > 0);
        UserUptime {
            name: "shop".to_owned(),
            base_us: 10,
            windows: windows
                .map(|(index, up_us, down_us)| UptimeWindow {
                    start_us: index * 10,
                    up_us: *up_us,
                    down_us: *down_us,
                })
                .collect(),
            shopper_days: 0,
            up_squares_us2: 0,
            up_products_us2: 0,
            all_squares_us2: 0,
        }
    }

    #[test]
    fn one_long_outage_and_many_short_ones_of_the_same_sum_are_told_apart() {
        let long: Vec<_> = (0..16)
            .map(|index| {
                (
                    index,
                    10 - 10 * u64::from(index < 4),
                    10 * u64::from(index < 4),
                )
            })
            .collect();
        let short: Vec<_> = (0..16)
            .map(|index| {
                (
                    index,
                    10 - 10 * u64::from(index % 4 == 0),
                    10 * u64::from(index % 4 == 0),
                )
            })
            .collect();
        let at = |windows: &[_], window_us| {
            let curve = uptime(windows).curve(0);
            let point = curve
                .iter()
                .find(|point| point.window_us == window_us)
                .copied()
                .unwrap();
            point.lowest
        };
        assert!((at(&long, 160) - at(&short, 160)).abs() < 1e-12);
        assert!(at(&long, 40).abs() < 1e-12 && (at(&short, 40) - 0.75).abs() < 1e-12);
    }

    #[test]
    fn the_worst_window_of_an_odd_length_may_be_worse_and_the_envelope_says_so() {
        let curve = uptime(&[(0, 0, 10), (1, 10, 0), (2, 0, 10)]).curve(0);
        let lowest: Vec<f64> = curve.iter().map(|point| point.lowest).collect();
        assert_eq!(lowest, [0.0, 0.5, 1.0 / 3.0]);
        assert!((curve[1].envelope - 1.0 / 3.0).abs() < 1e-12);
        assert!(uptime(&[]).curve(0).is_empty());
    }

    #[test]
    fn lengths_are_log_spaced_and_end_with_everything() {
        assert_eq!(lengths(1), [1]);
        assert_eq!(
            lengths(20),
            [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 13, 16, 19, 20]
        );
        assert_eq!(lengths(525_600).len(), 73);
    }

    proptest! {
        #[test]
        fn the_curve_is_what_trying_every_window_gives(
            windows in prop::collection::btree_map(0_i64..40, (0_u64..20, 0_u64..20), 0..30),
            active_us_min in 0_u64..40,
        ) {
            let windows: Vec<_> = windows.into_iter().map(|(index, (up, down))| (index, up, down)).collect();
            let found = uptime(&windows).curve(active_us_min);
            let present: BTreeMap<i64, (u64, u64)> = windows.iter()
                .filter(|(_, up, down)| up + down > 0).map(|(index, up, down)| (*index, (*up, *down))).collect();
            let (Some(first), Some(last)) = (present.keys().next(), present.keys().last()) else {
                prop_assert!(found.is_empty());
                return Ok(());
            };
            for point in &found {
                let length = point.window_us / 10;
                let lowest = (*first..=last - length + 1).filter_map(|start| {
                    let inside = present.range(start..start + length).map(|(_, sums)| *sums);
                    let (up, down) = inside.fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1));
                    (up + down >= active_us_min.max(1)).then(|| share(up, down))?
                }).fold(f64::INFINITY, f64::min);
                prop_assert!((point.lowest - lowest).abs() < 1e-12);
            }
            prop_assert!(found.is_sorted_by(|one, next| one.envelope <= next.envelope));
            if active_us_min <= 1 {
                for one in &found {
                    for longer in found.iter().filter(|longer| longer.window_us % one.window_us == 0) {
                        prop_assert!(longer.lowest >= one.lowest - 1e-12);
                    }
                }
            }
        }
    }
}
