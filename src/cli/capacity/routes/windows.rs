//! Requests in the lake, by route and window, beside the traffic of that time.
//!
//! In: which requests. Out: windows of every route, the busiest routes first. Requests of robots are
//! traffic, too.

use std::collections::{BTreeMap, BTreeSet};

use crate::capacity::routes::{RouteWindows, Traffic, WindowLatencies};
use crate::cli::arguments::LoadRowArguments;
use crate::cli::capacity::fit::{Wanted, wanted_range};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::range;
use crate::lake::Lake;
use crate::rollup::{RollupPlan, Segments};
use crate::time_window::{TimeWindow, rfc3339, seconds};

const MINUTE_US: i64 = 60_000_000;
const HOUR_US: i64 = 60 * MINUTE_US;
const DAY_US: i64 = 24 * HOUR_US;
/// Shorter ranges are drawn hour by hour.
const DAYS_MIN: i64 = 7;
/// Most routes; the others are rarely asked for.
const ROUTES_MAX: usize = 60;
/// Most windows.
const WINDOWS_MAX: i64 = 200_000;

/// What was read.
pub struct Read {
    /// First moment, RFC 3339.
    pub from: String,
    /// First moment after it.
    pub to: String,
    /// Length of a window, seconds.
    pub window_s: f64,
    /// What of the time is drawn together, µs.
    pub block_us: i64,
    /// Its name.
    pub block: &'static str,
    /// The routes.
    pub routes: Vec<RouteWindows>,
}

/// Reads what the arguments mean.
pub fn read(lake: &Lake, rows: &LoadRowArguments, against: Traffic) -> Result<Read, Failure> {
    let reader = lake.reader()?;
    let segments = Segments::refresh(lake, &reader)?;
    let wanted = Wanted::new(rows, None);
    let nothing = || {
        let message = "the lake has no such requests in that range (hint: `firedrill lake info` says what is in it)";
        Failure::new(ExitCode::Input, message)
    };
    let (first_us, last_us) = segments.extent_us(wanted.origin).ok_or_else(nothing)?;
    let extent = TimeWindow {
        start_us: first_us,
        end_us: last_us + 1,
    };
    let asked = wanted_range(rows, extent)?;
    let window_us = range::whole_seconds(rows.window.as_deref().unwrap_or("5m"))?;
    if window_us % MINUTE_US != 0 {
        return Err(Failure::usage(
            "--window: whole minutes are needed here (hint: 5m)".to_owned(),
        ));
    }
    let floor = |us: i64| us.div_euclid(window_us) * window_us;
    let range = TimeWindow {
        start_us: floor(asked.start_us.max(extent.start_us)),
        end_us: floor(asked.end_us.min(extent.end_us) - 1) + window_us,
    };
    if range.end_us <= range.start_us {
        return Err(nothing());
    }
    if (range.end_us - range.start_us) / window_us > WINDOWS_MAX {
        return Err(Failure::usage(format!(
            "more than {WINDOWS_MAX} windows (hint: a shorter range, or a longer --window)"
        )));
    }
    // Traffic is that of all routes, whichever are looked at.
    let all = Wanted {
        routes: Vec::new(),
        ..Wanted::new(rows, None)
    };
    let plan = RollupPlan::new(window_us, Vec::new());
    let rollup = segments.rollup(plan, range, |series| all.covers(series))?;
    let totals: BTreeMap<i64, u64> = rollup
        .select(|_| true)
        .counts()
        .iter()
        .map(|window| (window.start_us, window.count))
        .collect();
    let names: BTreeSet<(&str, &str)> = rollup
        .series()
        .iter()
        .filter(|series| wanted.covers(series))
        .map(|series| (series.method.as_str(), series.route.as_str()))
        .collect();
    let mut routes = Vec::new();
    for (method, route) in names {
        let own = rollup.select(|series| series.method == method && series.route == route);
        let counts: BTreeMap<i64, u64> = own
            .counts()
            .iter()
            .map(|window| (window.start_us, window.count))
            .collect();
        let total: u64 = counts.values().sum();
        let number = |start_us: i64| usize::try_from((start_us - range.start_us) / window_us).ok();
        let folded = own.fold_windows(
            number,
            |windows: &mut Vec<WindowLatencies>, number, histogram| {
                let start_us = range.start_us + i64::try_from(number).unwrap_or(0) * window_us;
                let traffic = match against {
                    Traffic::Total => &totals,
                    Traffic::Own => &counts,
                };
                let count = traffic.get(&start_us).copied().unwrap_or(0);
                #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
                let traffic_per_s = count as f64 / seconds(window_us);
                windows.push(WindowLatencies {
                    start_us,
                    traffic_per_s,
                    latencies: histogram.buckets().collect(),
                });
            },
        );
        let windows = folded.into_iter().flatten().collect();
        let (method, route) = (method.to_owned(), route.to_owned());
        routes.push((
            total,
            RouteWindows {
                method,
                route,
                windows,
            },
        ));
    }
    if routes.is_empty() {
        return Err(nothing());
    }
    routes.sort_by_key(|(total, _)| std::cmp::Reverse(*total));
    routes.truncate(ROUTES_MAX);
    let is_days = range.end_us - range.start_us >= DAYS_MIN * DAY_US;
    Ok(Read {
        from: rfc3339(range.start_us),
        to: rfc3339(range.end_us),
        window_s: seconds(window_us),
        block_us: if is_days { DAY_US } else { HOUR_US },
        block: if is_days { "day" } else { "hour" },
        routes: routes.into_iter().map(|(_, route)| route).collect(),
    })
}
