//! Maintenance of every SLI of a set in a range.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::exit_code::Failure;
use crate::sli::SliSetPlan;
use crate::sli::exclusion::excluded_windows;
use crate::time_window::TimeWindow;

/// Stretches that are dropped, by name of the SLI.
pub type Maintenance = BTreeMap<String, Vec<TimeWindow>>;

/// Every occurrence of the set's exclusions that overlaps `range`.
pub fn maintenance(
    set: &SliSetPlan,
    zone: &TimeZone,
    range: TimeWindow,
) -> Result<Maintenance, Failure> {
    let windows = set.slis.iter().map(|sli| {
        let excluded = excluded_windows(&set.exclusions, &sli.name, zone, range)?;
        let windows = excluded.into_iter().map(|excluded| excluded.window);
        Ok((sli.name.clone(), windows.collect()))
    });
    windows.collect()
}
