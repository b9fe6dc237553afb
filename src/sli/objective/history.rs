//! What was counted of one SLI, slice by slice, so that any stretch of time is added up at once.
//!
//! In: [`Slice`]s of equal length. Out: [`SliceCounts`] of any stretch, from prefix sums.

use crate::time_window::TimeWindow;

/// What was counted in one short stretch of time, the window of the SLI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// Its start, UTC µs.
    pub start_us: i64,
    /// How many were good, `valid` at most.
    pub good: u64,
    /// How many were valid.
    pub valid: u64,
    /// Whether maintenance took place: nothing of the slice counts.
    pub is_excluded: bool,
}

/// What was counted over a stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SliceCounts {
    /// Good ones.
    pub good: u64,
    /// Valid ones.
    pub valid: u64,
    /// Slices that were excluded.
    pub excluded_slices: u64,
}

impl SliceCounts {
    /// Those that were not good.
    #[must_use]
    pub fn bad(self) -> u64 {
        self.valid - self.good
    }
}

/// All that was counted of one SLI in a range.
#[derive(Debug, Clone)]
pub struct History {
    range: TimeWindow,
    slice_us: i64,
    /// Entry n holds the sum of the first n slices.
    sums: Vec<SliceCounts>,
}

impl History {
    /// `range` is where there can be data at all; it is cut into slices of `slice_us`, above 0,
    /// from its start on. Slices may be missing, which is no data; those that begin outside the
    /// range are left out, and those that begin in the same slice of the range are added.
    #[must_use]
    pub fn new(range: TimeWindow, slice_us: i64, slices: &[Slice]) -> Self {
        let length_us = range.end_us - range.start_us;
        let count = usize::try_from((length_us + slice_us - 1) / slice_us).unwrap_or(0);
        let mut sums = vec![SliceCounts::default(); count + 1];
        let inside = |slice: &&Slice| range.contains(slice.start_us);
        for slice in slices.iter().filter(inside) {
            let index = (slice.start_us - range.start_us) / slice_us;
            let sum = &mut sums[usize::try_from(index).unwrap_or(0) + 1];
            if slice.is_excluded {
                sum.excluded_slices = 1;
            } else {
                sum.good += slice.good.min(slice.valid);
                sum.valid += slice.valid;
            }
        }
        for index in 1..sums.len() {
            let before = sums[index - 1];
            let sum = &mut sums[index];
            sum.good += before.good;
            sum.valid += before.valid;
            sum.excluded_slices += before.excluded_slices;
        }
        Self {
            range,
            slice_us,
            sums,
        }
    }

    /// Where there can be data at all.
    #[must_use]
    pub fn range(&self) -> TimeWindow {
        self.range
    }

    /// Length of a slice, µs.
    #[must_use]
    pub fn slice_us(&self) -> i64 {
        self.slice_us
    }

    /// What was counted in the slices that begin inside `window`.
    #[must_use]
    pub fn counts(&self, window: TimeWindow) -> SliceCounts {
        let from = self.sums[self.first_from(window.start_us)];
        let to = self.sums[self.first_from(window.end_us.max(window.start_us))];
        SliceCounts {
            good: to.good - from.good,
            valid: to.valid - from.valid,
            excluded_slices: to.excluded_slices - from.excluded_slices,
        }
    }

    /// How many slices there are.
    pub(super) fn slices(&self) -> usize {
        self.sums.len() - 1
    }

    /// Start of a slice.
    pub(super) fn start_us(&self, index: usize) -> i64 {
        self.range.start_us + i64::try_from(index).unwrap_or(i64::MAX) * self.slice_us
    }

    /// The first slice that begins at `ts_us` or after it; [`Self::slices`] where none does.
    pub(super) fn first_from(&self, ts_us: i64) -> usize {
        let distance_us = ts_us.saturating_sub(self.range.start_us).max(0);
        let index = distance_us / self.slice_us + i64::from(distance_us % self.slice_us > 0);
        usize::try_from(index)
            .unwrap_or(usize::MAX)
            .min(self.slices())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_stretch_is_the_sum_of_the_slices_that_begin_inside(
            counts in prop::collection::vec((0_u64..5, 0_u64..5, any::<bool>(), any::<bool>()), 0..40),
            start_us in -30_i64..500,
            length_us in 0_i64..500,
        ) {
            let slices: Vec<Slice> = counts.iter().enumerate().filter(|(_, count)| count.3).map(|(index, count)| Slice {
                start_us: 7 + 10 * index as i64,
                good: count.0,
                valid: count.0 + count.1,
                is_excluded: count.2,
            }).collect();
            let range = TimeWindow { start_us: 7, end_us: 300 };
            let history = History::new(range, 10, &slices);
            let window = TimeWindow { start_us, end_us: start_us + length_us };
            let inside = || slices.iter().filter(|slice| window.contains(slice.start_us) && range.contains(slice.start_us));
            let counted = || inside().filter(|slice| !slice.is_excluded);
            prop_assert_eq!(history.counts(window), SliceCounts {
                good: counted().map(|slice| slice.good).sum(),
                valid: counted().map(|slice| slice.valid).sum(),
                excluded_slices: inside().filter(|slice| slice.is_excluded).count() as u64,
            });
        }
    }

    #[test]
    fn an_empty_history_counts_nothing() {
        let range = TimeWindow {
            start_us: 0,
            end_us: 0,
        };
        let history = History::new(range, 10, &[]);
        assert_eq!(
            history.counts(TimeWindow {
                start_us: -5,
                end_us: 50
            }),
            SliceCounts::default()
        );
        assert_eq!(history.slices(), 0);
    }
}
