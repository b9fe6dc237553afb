//! What a rollup cannot know: shoppers, expectation, maintenance, how far the rows have come.

use std::collections::BTreeMap;

use super::tally::{Frame, Measured};
use crate::sli::plan::{Measure, SliPlan};
use crate::sli::series::{SliDetail, SliWindow};
use crate::time_window::TimeWindow;

/// What the caller knows besides the rollup. The default knows nothing.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// SLIs that were computed elsewhere (`user_uptime`, funnels by shopper, ratios in which
    /// retries collapse), by name; they take the place of what the rollup says.
    pub values: BTreeMap<String, OutsideValue>,
    /// What is expected in each window of the scope, oldest first, in the unit of the SLI, by
    /// name; of rates only.
    pub expected: BTreeMap<String, Vec<Option<f64>>>,
    /// Maintenance, by name of the SLI, in any order: windows that overlap it are dropped.
    pub excluded: BTreeMap<String, Vec<TimeWindow>>,
    /// Time of the newest row, UTC µs; with the set's lateness it says which windows are
    /// provisional. `None` when no more rows can come.
    pub newest_us: Option<i64>,
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
    /// Windows that have a value, in any order, one at most for each of the scope; those that are
    /// missing have none. Of a ratio, windows below the SLI's minimum are not judged, either.
    pub windows: Vec<SliWindow>,
    /// The steps, or the curve.
    pub detail: Option<SliDetail>,
}

/// What was computed elsewhere, put into the windows of the frame.
pub fn measured(sli: &SliPlan, known: &OutsideValue, frame: &Frame) -> Measured {
    let mut measured = frame.nothing();
    let window_count_min = match sli.measure {
        // Their windows are made of time and of days: the minimum is one of shoppers in the range.
        Measure::UserUptime { .. } | Measure::Funnel { .. } => 0,
        Measure::Rate { .. }
        | Measure::Ratio { .. }
        | Measure::Latency { .. }
        | Measure::LatencyCut { .. }
        | Measure::WindowsGood { .. }
        | Measure::Apdex { .. }
        | Measure::Composite { .. } => sli.count_min,
    };
    for window in &known.windows {
        if let Some(index) = frame.scope.index(window.start_us) {
            let empty = measured.windows[index];
            measured.windows[index] = SliWindow {
                start_us: empty.start_us,
                value: window.value.filter(|_| window.count >= window_count_min),
                expected: empty.expected,
                provisional: empty.provisional,
                ..*window
            };
        }
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
