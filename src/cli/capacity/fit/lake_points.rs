//! Points of concurrency and throughput from requests in the lake.
//!
//! In: which requests, in which windows. Out: points, and how they came about. Only windows in a steady
//! state count: traffic that changes within one is no point of any curve. Windows of like concurrency are
//! put together, so that a week of quiet nights does not outweigh the hours that matter.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::capacity::law::LoadPoint;
use crate::cli::arguments::{ConcurrencyChoice, LoadRowArguments};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::range;
use crate::lake::{Lake, RowFilter};
use crate::latency_buckets::highest_of;
use crate::request_record::{Origin, is_own_error};
use crate::rollup::{Dimension, Rollup, RollupPlan, RowReader, SeriesKey, scan};
use crate::time_window::{TimeWindow, parse_time, parse_week, rfc3339, seconds, zone};

/// Most points; windows beyond that are put together.
const POINTS_MAX: usize = 32;
/// Fewest requests of a window.
const REQUESTS_MIN: u64 = 30;
/// Largest change against both neighbours, as a share, in a steady state; more where few requests make it
/// likely by chance.
const CHANGE_MAX: f64 = 0.25;
/// Most windows.
const WINDOWS_MAX: i64 = 1_000_000;
/// Most routes of the mix that are named.
const MIX_MAX: usize = 5;

/// How the points came about.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LakeSource {
    /// First moment, RFC 3339.
    pub from: String,
    /// First moment after it.
    pub to: String,
    /// Name of the search or rehearsal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// How concurrency is known.
    pub concurrency: &'static str,
    /// Length of a window, seconds; `None` where each trial is a point.
    pub window_s: Option<f64>,
    /// Windows with requests.
    pub windows: usize,
    /// Those in a steady state with enough requests.
    pub steady_windows: usize,
    /// Requests in them.
    pub requests: u64,
    /// Requests without a duration, which are not counted.
    pub without_duration: u64,
    /// The largest routes and their share of the requests.
    pub mix: Vec<RouteShare>,
    /// How much the mix of the busiest third differs from that of the calmest: 0 not at all, 1 wholly.
    pub mix_change: f64,
}

/// A route's share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RouteShare {
    /// Method and path template.
    pub route: String,
    /// Share of the requests, 0 to 1.
    pub share: f64,
}

/// One window.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    requests: u64,
    busy_us: f64,
}

/// Which series are meant.
pub struct Wanted {
    /// Whose.
    pub origin: Origin,
    /// Of which run.
    pub run_id: Option<String>,
    /// Of which service.
    pub service: Option<String>,
    /// Of which routes; empty for all.
    pub routes: Vec<String>,
}

impl Wanted {
    /// What the arguments say.
    pub fn new(rows: &LoadRowArguments, run_id: Option<&str>) -> Self {
        Self {
            origin: range::origin(rows.origin, run_id.is_some()),
            run_id: run_id.map(ToOwned::to_owned),
            service: rows.service.clone(),
            routes: rows.route.clone(),
        }
    }

    /// Whether a series is meant; requests that are none, or that were never sent, are not.
    pub fn covers(&self, series: &SeriesKey) -> bool {
        series.origin == self.origin
            && series.route.starts_with('/')
            && !is_own_error(&series.error)
            && self.run_id.as_ref().is_none_or(|run| *run == series.run_id)
            && self
                .service
                .as_ref()
                .is_none_or(|service| *service == series.service)
            && (self.routes.is_empty() || self.routes.contains(&series.route))
    }
}

/// The range that the arguments name; all that the lake has of it where they name none.
pub fn wanted_range(rows: &LoadRowArguments, extent: TimeWindow) -> Result<TimeWindow, Failure> {
    let zone = zone(&rows.tz)?;
    if let Some(week) = &rows.week {
        return Ok(parse_week(week, &zone)?);
    }
    let now_us = crate::time_window::now_us();
    let bound = |text: &Option<String>, default_us: i64| match text {
        Some(text) => parse_time(text, &zone, now_us),
        None => Ok(default_us),
    };
    let from_us = bound(&rows.from, extent.start_us)?;
    Ok(TimeWindow::new(
        from_us,
        bound(&rows.to, extent.end_us.max(from_us + 1))?,
    )?)
}

/// The points of the requests that the arguments mean.
///
/// # Errors
/// When the lake cannot be read, or has none of them.
pub fn read(
    lake: &Lake,
    rows: &LoadRowArguments,
    run_id: Option<&str>,
    concurrency: ConcurrencyChoice,
) -> Result<(Vec<LoadPoint>, LakeSource), Failure> {
    let reader = lake.reader()?;
    let (from_us, to_us) = reader.extent_us()?.unwrap_or((0, 0));
    let extent = TimeWindow {
        start_us: from_us,
        end_us: to_us + 1,
    };
    let range = wanted_range(rows, extent)?;
    let default = if run_id.is_some() { "5s" } else { "1m" };
    let window_us = range::whole_seconds(rows.window.as_deref().unwrap_or(default))?;
    let covered = (range.end_us.min(extent.end_us) - range.start_us.max(extent.start_us)).max(0);
    if covered / window_us > WINDOWS_MAX {
        return Err(Failure::usage(format!(
            "more than {WINDOWS_MAX} windows (hint: a shorter range, or a longer --window)"
        )));
    }
    let wanted = Wanted::new(rows, run_id);
    let plan = RollupPlan::new(window_us, Vec::new());
    let rollup = scan(&reader, &plan, &Dimension::ALL, range, |series| {
        wanted.covers(series)
    })?;
    let mut windows = by_latency(&rollup, window_us);
    if concurrency == ConcurrencyChoice::InFlight {
        in_flight(&reader, range, window_us, &wanted, &mut windows)?;
    }
    let total = rollup.select(|_| true).count();
    let timed: u64 = windows.values().map(|window| window.requests).sum();
    if timed == 0 {
        return Err(nothing(total, run_id));
    }
    let steady = steady(&windows);
    let mut source = LakeSource {
        from: rfc3339(range.start_us.max(extent.start_us)),
        to: rfc3339(range.end_us.min(extent.end_us)),
        run: run_id.map(ToOwned::to_owned),
        concurrency: match concurrency {
            ConcurrencyChoice::Little => "little",
            ConcurrencyChoice::InFlight => "in_flight",
        },
        window_s: Some(seconds(window_us)),
        windows: windows.len(),
        steady_windows: steady.len(),
        requests: steady.iter().map(|(_, window)| window.requests).sum(),
        without_duration: total - timed,
        ..LakeSource::default()
    };
    put_mix(&mut source, &rollup, &steady);
    Ok((points(&steady, window_us), source))
}

fn nothing(total: u64, run_id: Option<&str>) -> Failure {
    let message = match (total, run_id) {
        (0, Some(run_id)) => format!(
            "the lake has no requests of `{run_id}` (hint: `firedrill lake info` says what is in it)"
        ),
        (0, None) => "the lake has no such requests in that range (hint: `firedrill lake info` says what is in it; rehearsals need `--run ID`)".to_owned(),
        (_, _) => "none of these requests has a duration (hint: a log format with `$request_time` or the like)".to_owned(),
    };
    Failure::new(ExitCode::Input, message)
}

/// Requests and the time they took, by the window in which they began.
fn by_latency(rollup: &Rollup, window_us: i64) -> BTreeMap<i64, Window> {
    let all = rollup.select(|_| true);
    let number = |start_us: i64| usize::try_from(start_us.div_euclid(window_us)).ok();
    let folded = all.fold_windows(
        number,
        |windows: &mut Vec<(usize, Window)>, number, histogram| {
            let busy = histogram
                .buckets()
                .map(|(bucket, count)| middle_us(bucket) * float(count));
            let window = Window {
                requests: histogram.count(),
                busy_us: busy.sum(),
            };
            windows.push((number, window));
        },
    );
    let windows = folded.into_iter().flatten();
    windows
        .filter_map(|(number, window)| Some((i64::try_from(number).ok()?, window)))
        .collect()
}

/// The middle of a bucket: at most 0.05 % from any latency in it.
fn middle_us(bucket: i32) -> f64 {
    let low = if bucket > 0 {
        highest_of(bucket - 1) + 1
    } else {
        0
    };
    f64::midpoint(float(low), float(highest_of(bucket)))
}

/// Replaces the time that requests of a window took by the time that requests spent in it.
fn in_flight(
    reader: &crate::lake::LakeReader,
    range: TimeWindow,
    window_us: i64,
    wanted: &Wanted,
    windows: &mut BTreeMap<i64, Window>,
) -> Result<(), Failure> {
    windows.values_mut().for_each(|window| window.busy_us = 0.0);
    let mut rows = RowReader::default();
    let filter = RowFilter {
        window: Some(range),
    };
    reader.for_each_batch(&RowReader::columns(), filter, |batch| {
        for row in rows.read(batch, |series| wanted.covers(series))? {
            let Some(latency_us) = row.latency_us.filter(|_| range.contains(row.ts_us)) else {
                continue;
            };
            let end_us = row
                .ts_us
                .saturating_add(i64::try_from(latency_us).unwrap_or(i64::MAX));
            let mut from_us = row.ts_us;
            while from_us < end_us {
                let number = from_us.div_euclid(window_us);
                let to_us = ((number + 1) * window_us).min(end_us);
                if let Some(window) = windows.get_mut(&number) {
                    #[expect(clippy::cast_precision_loss, reason = "shorter than a window")]
                    let length_us = (to_us - from_us) as f64;
                    window.busy_us += length_us * f64::from(row.weight);
                }
                from_us = to_us;
            }
        }
        Ok::<(), crate::cli::shoppers::ShoppersError>(())
    })?;
    Ok(())
}

/// Windows with enough requests whose neighbours have about as many.
fn steady(windows: &BTreeMap<i64, Window>) -> Vec<(i64, Window)> {
    let is_near = |own: u64, number: i64| {
        let Some(other) = windows.get(&number) else {
            return false;
        };
        // Four standard deviations of the difference of two Poisson counts.
        let by_chance = 4.0 * (2.0 / float(own)).sqrt();
        let change = (float(other.requests) - float(own)).abs() / float(own);
        change <= CHANGE_MAX.max(by_chance)
    };
    let steady = windows.iter().filter(|(number, window)| {
        window.requests >= REQUESTS_MIN
            && is_near(window.requests, **number - 1)
            && is_near(window.requests, **number + 1)
    });
    steady.map(|(number, window)| (*number, *window)).collect()
}

/// Windows of like concurrency together, each point their means.
fn points(windows: &[(i64, Window)], window_us: i64) -> Vec<LoadPoint> {
    let (length_s, length_us) = (seconds(window_us), seconds(window_us) * 1e6);
    let point = |window: &Window| LoadPoint {
        concurrency: window.busy_us / length_us,
        throughput: float(window.requests) / length_s,
    };
    let all: Vec<LoadPoint> = windows.iter().map(|(_, window)| point(window)).collect();
    let all: Vec<LoadPoint> = all
        .into_iter()
        .filter(|point| point.concurrency > 0.0)
        .collect();
    if all.len() <= POINTS_MAX {
        return all;
    }
    let ends = |pick: fn(f64, f64) -> f64, from: f64| {
        all.iter().map(|point| point.concurrency).fold(from, pick)
    };
    let (low, high) = (ends(f64::min, f64::INFINITY), ends(f64::max, 0.0));
    let mut bins: Vec<(f64, LoadPoint)> = vec![
        (
            0.0,
            LoadPoint {
                concurrency: 0.0,
                throughput: 0.0
            }
        );
        POINTS_MAX
    ];
    for point in &all {
        let share = (point.concurrency - low) / (high - low).max(f64::MIN_POSITIVE);
        let (count, sum) = &mut bins[index(share)];
        *count += 1.0;
        sum.concurrency += point.concurrency;
        sum.throughput += point.throughput;
    }
    let filled = bins.into_iter().filter(|(count, _)| *count > 0.0);
    let means = filled.map(|(count, sum)| LoadPoint {
        concurrency: sum.concurrency / count,
        throughput: sum.throughput / count,
    });
    means.collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share from 0 to 1 of a few bins"
)]
fn index(share: f64) -> usize {
    ((share * POINTS_MAX as f64) as usize).min(POINTS_MAX - 1)
}

/// The largest routes, and how the mix of busy windows differs from that of calm ones.
fn put_mix(source: &mut LakeSource, rollup: &Rollup, steady: &[(i64, Window)]) {
    let mut by_load: Vec<(i64, u64)> = steady
        .iter()
        .map(|(number, window)| (*number, window.requests))
        .collect();
    by_load.sort_by_key(|(_, requests)| *requests);
    let third = by_load.len() / 3;
    let numbers = |windows: &[(i64, u64)]| windows.iter().map(|(number, _)| *number).collect();
    let calm: std::collections::BTreeSet<i64> = numbers(&by_load[..third]);
    let busy: std::collections::BTreeSet<i64> = numbers(&by_load[by_load.len() - third..]);
    let window_us = rollup.plan().window_us;
    let mut routes: BTreeMap<(&str, &str), [u64; 3]> = BTreeMap::new();
    let keys: std::collections::BTreeSet<(&str, &str)> = rollup
        .series()
        .iter()
        .map(|key| (key.method.as_str(), key.route.as_str()))
        .collect();
    for (method, route) in keys {
        let own = rollup.select(|series| series.method == method && series.route == route);
        let counts = routes.entry((method, route)).or_default();
        for window in own.counts() {
            let number = window.start_us.div_euclid(window_us);
            counts[0] += window.count;
            counts[1] += if calm.contains(&number) {
                window.count
            } else {
                0
            };
            counts[2] += if busy.contains(&number) {
                window.count
            } else {
                0
            };
        }
    }
    let sum = |at: usize| float(routes.values().map(|counts| counts[at]).sum::<u64>().max(1));
    let sums = [sum(0), sum(1), sum(2)];
    let change =
        |counts: &[u64; 3]| (float(counts[2]) / sums[2] - float(counts[1]) / sums[1]).abs();
    source.mix_change = routes.values().map(change).sum::<f64>() / 2.0;
    let mut largest: Vec<RouteShare> = routes
        .iter()
        .map(|((method, route), counts)| RouteShare {
            route: format!("{method} {route}"),
            share: float(counts[0]) / sums[0],
        })
        .collect();
    largest.sort_by(|a, b| {
        b.share
            .total_cmp(&a.share)
            .then_with(|| a.route.cmp(&b.route))
    });
    largest.truncate(MIX_MAX);
    source.mix = largest;
}

#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}
