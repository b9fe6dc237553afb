//! What a rollup cannot know: shoppers, expectation, maintenance, how far the rows have come.

use std::collections::BTreeMap;

use super::tally::{Estimate, Frame, Measured};
use crate::rollup::WindowCount;
use crate::sli::interval::number;
use crate::sli::plan::SliPlan;
use crate::sli::series::{SliDetail, SliWindow};
use crate::time_window::TimeWindow;

/// What the caller knows besides the rollup. The default knows nothing.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// SLIs that were computed elsewhere (`user_uptime`, funnels by shopper), by name; they take the
    /// place of what the rollup says.
    pub values: BTreeMap<String, OutsideValue>,
    /// What was meant, of ratios in which retries collapse, by name.
    pub meant: BTreeMap<String, MeantCounts>,
    /// What is expected in each of the SLI's windows, oldest first, in its unit, by name; of rates
    /// only.
    pub expected: BTreeMap<String, Vec<Option<f64>>>,
    /// Maintenance, by name of the SLI, in any order: windows that overlap it are dropped.
    pub excluded: BTreeMap<String, Vec<TimeWindow>>,
    /// Time of the newest row, UTC µs; with the set's lateness it says which windows are
    /// provisional. `None` when no more rows can come.
    pub newest_us: Option<i64>,
}

/// What was meant and not what was asked: repeats after a failure count once.
#[derive(Debug, Clone, Default)]
pub struct MeantCounts {
    /// How often it ended well, by time; each count lies wholly within a window of the SLI.
    pub good: Vec<WindowCount>,
    /// How often something was meant.
    pub valid: Vec<WindowCount>,
}

/// An SLI that was computed elsewhere.
#[derive(Debug, Clone, Default)]
pub struct OutsideValue {
    /// Over the whole range, without what is excluded; `None` for no data.
    pub value: Option<f64>,
    /// The same with what is excluded; `None` where nothing is.
    pub value_with_excluded: Option<f64>,
    /// 95 % interval of `value`.
    pub interval: Option<[f64; 2]>,
    /// Good shoppers, or their good time in seconds.
    pub good: u64,
    /// Valid shoppers, or their time in seconds.
    pub valid: u64,
    /// Shoppers behind the value; below the SLI's minimum it is not judged.
    pub count: u64,
    /// Windows that have a value, in any order, as long as those of the SLI; those that are missing
    /// have none.
    pub windows: Vec<SliWindow>,
    /// The steps, or the curve.
    pub detail: Option<SliDetail>,
}

/// What was computed elsewhere, put into the windows of the frame, which may be longer than its own.
pub fn measured(sli: &SliPlan, known: &OutsideValue, frame: &Frame) -> Measured {
    let mut measured = frame.nothing();
    let mut here: Vec<Vec<&SliWindow>> = vec![Vec::new(); measured.windows.len()];
    for window in &known.windows {
        if let Some(index) = frame.scope.index(window.start_us) {
            here[index].push(window);
        }
    }
    for (index, here) in here.into_iter().enumerate() {
        measured.windows[index] = frame.window(index, together(&here));
    }
    let is_enough = known.count >= sli.count_min.max(1);
    measured.total.value = known.value.filter(|_| is_enough);
    measured.total.interval = known.interval;
    measured.total.good = known.good;
    measured.total.valid = known.valid;
    measured.total.count = known.count;
    measured.value_with_excluded = known.value_with_excluded.filter(|_| is_enough);
    measured.detail = known.detail.clone();
    measured
}

/// Windows as one. There is no minimum for it: they are made of time and of days, and that of the SLI
/// is one of shoppers in the range.
fn together(windows: &[&SliWindow]) -> Estimate {
    if let [only] = windows {
        return Estimate {
            value: only.value,
            interval: only.interval,
            good: only.good,
            valid: only.valid,
            count: only.count,
        };
    }
    let sum = |count: fn(&SliWindow) -> u64| windows.iter().map(|window| count(window)).sum();
    let (good, valid) = (sum(|window| window.good), sum(|window| window.valid));
    Estimate {
        value: (valid > 0).then(|| number(good) / number(valid)),
        interval: None,
        good,
        valid,
        count: sum(|window| window.count),
    }
}
