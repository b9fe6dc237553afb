//! Shares: good of valid.

use super::tally::{Estimate, Frame, Measured, Tally};
use crate::rollup::{Rollup, WindowCount};
use crate::sli::crossing::Evidence;
use crate::sli::interval::{self, number};
use crate::sli::plan::{FunnelStepPlan, Level, LevelPlan, SliPlan};
use crate::sli::series::{SliDetail, SliSeries, SliWindow, StepCount};

/// Requests, windows or shoppers.
#[derive(Debug, Default)]
struct ShareTally {
    good: u64,
    valid: u64,
}

impl Tally for ShareTally {
    fn add(&mut self, other: &Self) {
        self.good += other.good;
        self.valid += other.valid;
    }
}

fn estimate(tally: &ShareTally, count_min: u64) -> Estimate {
    let is_enough = tally.valid >= count_min.max(1);
    Estimate {
        value: is_enough.then(|| number(tally.good) / number(tally.valid)),
        interval: interval::share(tally.good, tally.valid),
        good: tally.good,
        valid: tally.valid,
        count: tally.valid,
    }
}

/// The share of `good`, which are among `valid`.
pub fn measured(
    good: &[WindowCount],
    valid: &[WindowCount],
    count_min: u64,
    frame: &Frame,
) -> Measured {
    let good = frame.scope.per_window(good);
    let valid = frame.scope.per_window(valid);
    let tallies = good.into_iter().zip(valid);
    let tallies = tallies.map(|(good, valid)| ShareTally { good, valid });
    frame.measured(tallies, |tally| estimate(tally, count_min))
}

/// The share of another SLI's judged windows, which may be finer, that are not beyond `level`. One
/// judged window is enough: windows without enough data were left out before.
pub fn windows_good(of_plan: &SliPlan, of: &SliSeries, level: Level, frame: &Frame) -> Measured {
    let evidence = Evidence::of(&of_plan.measure);
    let levels = of_plan.levels.iter().filter(|plan| plan.level == level);
    let levels: Vec<&LevelPlan> = levels.collect();
    let mut tallies: Vec<ShareTally> = Vec::new();
    tallies.resize_with(frame.scope.windows(), ShareTally::default);
    for window in &of.windows {
        let is_good = is_good(&levels, evidence, window);
        if let Some(index) = frame.scope.index(window.start_us) {
            tallies[index].add(&ShareTally {
                good: u64::from(is_good == Some(true)),
                valid: u64::from(is_good.is_some()),
            });
        }
    }
    frame.measured(tallies.into_iter(), |tally| estimate(tally, 1))
}

/// Whether a window is beyond none of the levels; `None` when none can judge it.
fn is_good(levels: &[&LevelPlan], evidence: Evidence, window: &SliWindow) -> Option<bool> {
    let beyond = levels
        .iter()
        .filter_map(|level| level.is_beyond(window, evidence));
    beyond
        .reduce(|one, other| one || other)
        .map(|is_beyond| !is_beyond)
}

/// Requests at the last step per request at the first. More at the last than at the first count
/// as all: a share above one would say nothing.
pub fn funnel(
    steps: &[FunnelStepPlan],
    rollup: &Rollup,
    count_min: u64,
    frame: &Frame,
) -> Measured {
    let counts: Vec<Vec<u64>> = steps
        .iter()
        .map(|step| {
            let reached = rollup.select(|series| step.event.covers(series));
            frame.scope.per_window(&reached.counts())
        })
        .collect();
    let tallies = (0..frame.scope.windows()).map(|index| StepsTally {
        counts: counts.iter().map(|counts| counts[index]).collect(),
    });
    let mut measured = frame.measured(tallies, |tally| {
        let valid = tally.counts.first().copied().unwrap_or(0);
        let last = tally.counts.last().copied().unwrap_or(0);
        let good = last.min(valid);
        estimate(&ShareTally { good, valid }, count_min)
    });
    let is_kept = |index: &usize| !frame.is_excluded[*index];
    let steps = steps.iter().zip(&counts).map(|(step, counts)| StepCount {
        title: step.title.clone(),
        count: (0..counts.len())
            .filter(is_kept)
            .map(|index| counts[index])
            .sum(),
    });
    measured.detail = Some(SliDetail::Funnel(steps.collect()));
    measured
}

/// Requests at each step.
#[derive(Debug, Default)]
struct StepsTally {
    counts: Vec<u64>,
}

impl Tally for StepsTally {
    fn add(&mut self, other: &Self) {
        self.counts
            .resize(self.counts.len().max(other.counts.len()), 0);
        for (sum, count) in self.counts.iter_mut().zip(&other.counts) {
            *sum += count;
        }
    }
}
