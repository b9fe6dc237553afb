//! The stretch of time that is judged, and how it is cut into windows.

use crate::rollup::WindowCount;
use crate::time_window::TimeWindow;

/// The stretch of time that is judged, and how it is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// What is judged; windows begin at its start.
    pub range: TimeWindow,
    /// Where there can be data at all: a rate is not judged in windows that stick out.
    pub covered: TimeWindow,
    /// Length of a window, µs.
    pub window_us: i64,
}

impl Scope {
    /// How many windows there are; the last may stick out of the range.
    #[must_use]
    pub fn windows(self) -> usize {
        let length_us = self.range.end_us - self.range.start_us;
        usize::try_from((length_us + self.window_us - 1) / self.window_us).unwrap_or(0)
    }

    /// Start of a window, UTC µs.
    #[must_use]
    pub fn start_us(self, index: usize) -> i64 {
        self.range.start_us + i64::try_from(index).unwrap_or(i64::MAX) * self.window_us
    }

    /// The window that holds a moment; `None` outside of all.
    #[must_use]
    pub fn index(self, ts_us: i64) -> Option<usize> {
        let index = (ts_us - self.range.start_us).div_euclid(self.window_us);
        let index = usize::try_from(index).ok()?;
        (index < self.windows()).then_some(index)
    }

    pub(super) fn is_covered(self, index: usize) -> bool {
        let start_us = self.start_us(index);
        start_us >= self.covered.start_us && start_us + self.window_us <= self.covered.end_us
    }

    /// Counts of a rollup's windows, which may be finer, by window of the scope.
    pub(super) fn per_window(self, counts: &[WindowCount]) -> Vec<u64> {
        let mut sums = vec![0; self.windows()];
        for count in counts {
            if let Some(index) = self.index(count.start_us) {
                sums[index] += count.count;
            }
        }
        sums
    }
}
