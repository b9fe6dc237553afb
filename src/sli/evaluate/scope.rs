//! The stretch of time that is judged, and how it is cut into windows.

use crate::rollup::WindowCount;
use crate::sli::plan::SliPlan;
use crate::time_window::TimeWindow;

/// A missing part of a minute at either end of the data is no reason to leave out a longer window, µs.
const MINUTE_US: i64 = 60_000_000;

/// The stretch of time that is judged, and how it is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// What is judged.
    pub range: TimeWindow,
    /// Where there can be data at all: a rate is not judged in windows that stick out.
    pub covered: TimeWindow,
    /// Length of a window, µs.
    pub window_us: i64,
    /// Where windows begin.
    pub alignment: Alignment,
}

/// Where windows begin, and which of the two that an SLI has are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alignment {
    /// Production logs: at whole multiples of their length in UTC, the first also before the range.
    Clock,
    /// A rehearsal: at the start of the range.
    Start,
}

impl Scope {
    /// The same range in the windows of an SLI. At either end a window may stick out of the range; it
    /// holds what the range has of it.
    #[must_use]
    pub fn of(self, sli: &SliPlan) -> Self {
        self.in_windows(match self.alignment {
            Alignment::Clock => sli.window_us,
            Alignment::Start => sli.rehearsal_window_us,
        })
    }

    /// The same range in windows of another length, µs.
    pub(super) fn in_windows(self, window_us: i64) -> Self {
        let covered = match self.alignment {
            Alignment::Clock if window_us > MINUTE_US => TimeWindow {
                start_us: self.covered.start_us.div_euclid(MINUTE_US) * MINUTE_US,
                end_us: (self.covered.end_us + MINUTE_US - 1).div_euclid(MINUTE_US) * MINUTE_US,
            },
            Alignment::Clock | Alignment::Start => self.covered,
        };
        Self {
            covered,
            window_us,
            ..self
        }
    }

    /// Start of the first window, UTC µs; not after that of the range.
    #[must_use]
    pub fn first_us(self) -> i64 {
        match self.alignment {
            Alignment::Clock => self.range.start_us.div_euclid(self.window_us) * self.window_us,
            Alignment::Start => self.range.start_us,
        }
    }

    /// How many windows there are; the first and the last may stick out of the range.
    #[must_use]
    pub fn windows(self) -> usize {
        let length_us = self.range.end_us - self.first_us();
        usize::try_from((length_us + self.window_us - 1) / self.window_us).unwrap_or(0)
    }

    /// Start of a window, UTC µs.
    #[must_use]
    pub fn start_us(self, index: usize) -> i64 {
        self.first_us() + i64::try_from(index).unwrap_or(i64::MAX) * self.window_us
    }

    /// The window that holds a moment; `None` outside of all.
    #[must_use]
    pub fn index(self, ts_us: i64) -> Option<usize> {
        let index = (ts_us - self.first_us()).div_euclid(self.window_us);
        let index = usize::try_from(index).ok()?;
        (index < self.windows()).then_some(index)
    }

    /// Whether all of a window lies where there is data, and in the range.
    pub(super) fn is_covered(self, index: usize) -> bool {
        let start_us = self.start_us(index);
        start_us >= self.covered.start_us.max(self.range.start_us)
            && start_us + self.window_us <= self.covered.end_us.min(self.range.end_us)
    }

    /// Counts of a rollup's windows, which may be finer, by window of the scope; those outside of the
    /// range are left out.
    pub(super) fn per_window(self, counts: &[WindowCount]) -> Vec<u64> {
        let mut sums = vec![0; self.windows()];
        for count in counts {
            if self.range.contains(count.start_us)
                && let Some(index) = self.index(count.start_us)
            {
                sums[index] += count.count;
            }
        }
        sums
    }
}
