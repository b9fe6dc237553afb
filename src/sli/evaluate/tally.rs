//! Tallies that add up, and what every kind of SLI makes of them.
//!
//! In: one tally per window. Out: [`Measured`]: windows, the total without maintenance and the
//! value with it. A tally is divided only where its numbers are shown.

use super::outside::Outside;
use super::scope::Scope;
use crate::sli::plan::SliPlan;
use crate::sli::series::{SliDetail, SliWindow, WindowState};
use crate::time_window::TimeWindow;

/// What is counted in a window, or in several.
pub trait Tally: Default {
    /// Adds what another window counted; order does not matter.
    fn add(&mut self, other: &Self);
}

/// What a tally says when it is divided.
#[derive(Debug, Clone, Copy, Default)]
pub struct Estimate {
    /// `None` when there is not enough data.
    pub value: Option<f64>,
    /// 95 % interval of the value.
    pub interval: Option<[f64; 2]>,
    pub good: u64,
    pub valid: u64,
    /// Requests behind the value.
    pub count: u64,
}

/// One SLI before it is judged.
#[derive(Debug)]
pub struct Measured {
    /// One per window, oldest first, no gaps; those that are excluded have values still.
    pub windows: Vec<SliWindow>,
    /// Over the whole range, without what is excluded.
    pub total: Estimate,
    /// The value of the whole range with what is excluded; `None` where nothing is.
    pub value_with_excluded: Option<f64>,
    pub detail: Option<SliDetail>,
}

/// The windows of one SLI, and what is known of them before anything is counted.
pub struct Frame<'a> {
    pub scope: Scope,
    /// Per window: whether it overlaps maintenance.
    pub is_excluded: Vec<bool>,
    /// Per window: what is expected; shorter where nothing is.
    pub expected: &'a [Option<f64>],
    /// Windows that end later may still change.
    settled_us: Option<i64>,
}

impl<'a> Frame<'a> {
    /// The windows of an SLI in its own scope.
    pub fn new(sli: &SliPlan, scope: Scope, outside: &'a Outside) -> Self {
        let mut is_excluded = vec![false; scope.windows()];
        for stretch in outside.excluded.get(&sli.name).into_iter().flatten() {
            mark(&mut is_excluded, *stretch, scope);
        }
        let newest_us = outside.newest_us.filter(|_| sli.lateness_us > 0);
        Self {
            scope,
            is_excluded,
            expected: outside.expected.get(&sli.name).map_or(&[], Vec::as_slice),
            settled_us: newest_us.map(|newest_us| newest_us - sli.lateness_us),
        }
    }

    /// A window with this content.
    pub fn window(&self, index: usize, estimate: Estimate) -> SliWindow {
        let start_us = self.scope.start_us(index);
        let end_us = start_us + self.scope.window_us;
        SliWindow {
            start_us,
            value: estimate.value,
            good: estimate.good,
            valid: estimate.valid,
            count: estimate.count,
            state: WindowState::NotEnoughData,
            interval: estimate.interval,
            expected: self.expected.get(index).copied().flatten(),
            provisional: self
                .settled_us
                .is_some_and(|settled_us| end_us > settled_us),
        }
    }

    /// Windows without anything, and no total.
    pub fn nothing(&self) -> Measured {
        let windows = 0..self.scope.windows();
        Measured {
            windows: windows
                .map(|index| self.window(index, Estimate::default()))
                .collect(),
            total: Estimate::default(),
            value_with_excluded: None,
            detail: None,
        }
    }

    /// Windows and totals of one tally per window, in their order.
    pub fn measured<T: Tally>(
        &self,
        tallies: impl Iterator<Item = T>,
        estimate: impl Fn(&T) -> Estimate,
    ) -> Measured {
        let (mut kept, mut dropped) = (T::default(), T::default());
        let mut estimates = Vec::with_capacity(self.scope.windows());
        for (index, tally) in tallies.enumerate() {
            estimates.push(estimate(&tally));
            if self.is_excluded[index] {
                dropped.add(&tally);
            } else {
                kept.add(&tally);
            }
        }
        let total = estimate(&kept);
        dropped.add(&kept);
        self.put_together(estimates, total, || estimate(&dropped))
    }

    /// The same of what was divided already: one estimate per window, the total without maintenance,
    /// and with it.
    pub fn put_together(
        &self,
        estimates: Vec<Estimate>,
        total: Estimate,
        with_excluded: impl Fn() -> Estimate,
    ) -> Measured {
        let windows = estimates.into_iter().enumerate();
        let has_excluded = self.is_excluded.contains(&true);
        Measured {
            windows: windows
                .map(|(index, estimate)| self.window(index, estimate))
                .collect(),
            total,
            value_with_excluded: has_excluded.then(with_excluded).and_then(|all| all.value),
            detail: None,
        }
    }
}

/// Marks the windows that overlap `stretch` in the range.
fn mark(is_excluded: &mut [bool], stretch: TimeWindow, scope: Scope) {
    let from_us = stretch.start_us.max(scope.range.start_us);
    let to_us = stretch.end_us.min(scope.range.end_us);
    if from_us >= to_us {
        return;
    }
    if let Some((first, last)) = scope.index(from_us).zip(scope.index(to_us - 1)) {
        is_excluded[first..=last].fill(true);
    }
}
