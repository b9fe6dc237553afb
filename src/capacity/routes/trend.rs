//! Latency of a route at much and at little traffic.
//!
//! In: windows. Out: percentiles at either, their ratio with an interval, a robust slope, and the traffic
//! from which on the route is slower. The interval is that of a bootstrap over blocks of time (a day, or
//! an hour of short ranges), since neighbouring windows are alike.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

use super::slope::{POINTS_MIN, Slope, theil_sen};
use crate::latency_buckets::{LatencyHistogram, nearest_rank};

/// Fewest requests of a route at little, and at much traffic.
pub const REQUESTS_MIN: u64 = 100;
/// Fewest requests of a window whose percentile is a point of the slope.
const WINDOW_REQUESTS_MIN: u64 = 20;
/// From this ratio on a route is slower.
pub const SLOWER: f64 = 1.1;
/// Windows with at most so much traffic, as a quantile of all windows, are calm.
const CALM: f64 = 1.0 / 3.0;
/// Windows with at least so much are busy.
const BUSY: f64 = 0.9;
/// Steps of traffic in which the onset is looked for.
const STEPS: usize = 10;
/// Draws of the bootstrap.
const DRAWS: usize = 200;
/// Fewest blocks of time that can be drawn from.
const BLOCKS_MIN: usize = 4;

/// How it is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrendPlan {
    /// The percentile, as a share: 0.95.
    pub quantile: f64,
    /// Length of a block of the bootstrap, µs.
    pub block_us: i64,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// What the route's latency is set against.
    pub against: Traffic,
}

/// What latency is set against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Traffic {
    /// The requests of all routes.
    Total,
    /// Those of the route itself.
    Own,
}

/// One window of one route.
#[derive(Debug, Clone)]
pub struct WindowLatencies {
    /// Start, UTC µs.
    pub start_us: i64,
    /// Requests per second of what latency is set against.
    pub traffic_per_s: f64,
    /// Latency buckets of the route's requests and how many are in each, ascending.
    pub latencies: Vec<(i32, u64)>,
}

/// A route and its windows, those without a request left out.
#[derive(Debug, Clone)]
pub struct RouteWindows {
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub route: String,
    /// Its windows, oldest first.
    pub windows: Vec<WindowLatencies>,
}

/// What is said of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrendState {
    /// It is slower at much traffic, beyond noise.
    SlowsDown,
    /// It looks slower, but noise could do that.
    Unclear,
    /// It is not slower.
    Steady,
    /// Too few requests, or too short a time.
    NotEnoughData,
}

/// Latency of a route at much and at little traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteTrend {
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub route: String,
    /// What is said of it.
    pub state: TrendState,
    /// Requests with a latency.
    pub requests: u64,
    /// Of them at little traffic.
    pub calm_requests: u64,
    /// Of them at much traffic.
    pub busy_requests: u64,
    /// Traffic up to which it is little, per second.
    pub calm_until_per_s: f64,
    /// Traffic from which on it is much, per second.
    pub busy_from_per_s: f64,
    /// The percentile at little traffic, µs.
    pub calm_us: Option<u64>,
    /// The percentile at much traffic, µs.
    pub busy_us: Option<u64>,
    /// The one over the other.
    pub ratio: Option<f64>,
    /// Its 95 % interval.
    pub ratio_interval: Option<[f64; 2]>,
    /// By what power of traffic the percentile of a window grows: 0 not at all, 1 in proportion.
    pub slope: Option<Slope>,
    /// The least traffic from which on every step is slower, per second.
    pub slower_from_per_s: Option<f64>,
    /// The percentile at each step of traffic: traffic per second, µs, requests.
    pub steps: Vec<TrafficStep>,
}

/// Windows of like traffic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TrafficStep {
    /// Least traffic, per second.
    pub from_per_s: f64,
    /// Most traffic, per second.
    pub to_per_s: f64,
    /// Requests with a latency.
    pub requests: u64,
    /// The percentile, µs; `None` of fewer than [`REQUESTS_MIN`] requests.
    pub percentile_us: Option<u64>,
}

/// Latency against traffic, those routes first that slow down at the least traffic.
#[must_use]
pub fn trends(routes: &[RouteWindows], plan: &TrendPlan) -> Vec<RouteTrend> {
    let mut found: Vec<RouteTrend> = routes.iter().map(|route| trend(route, plan)).collect();
    found.sort_by(|a, b| {
        let onset = |trend: &RouteTrend| trend.slower_from_per_s.unwrap_or(f64::INFINITY);
        let low = |trend: &RouteTrend| trend.ratio_interval.map_or(0.0, |[low, _]| low);
        a.state
            .cmp(&b.state)
            .then(onset(a).total_cmp(&onset(b)))
            .then(low(b).total_cmp(&low(a)))
            .then(b.requests.cmp(&a.requests))
            .then_with(|| a.route.cmp(&b.route))
    });
    found
}

fn trend(route: &RouteWindows, plan: &TrendPlan) -> RouteTrend {
    let mut traffic: Vec<f64> = route
        .windows
        .iter()
        .map(|window| window.traffic_per_s)
        .collect();
    traffic.sort_by(f64::total_cmp);
    let calm_until = quantile(&traffic, CALM);
    let busy_from = quantile(&traffic, BUSY);
    let has_range = busy_from > calm_until;
    let is_calm = |window: &&WindowLatencies| window.traffic_per_s <= calm_until;
    let is_busy = |window: &&WindowLatencies| window.traffic_per_s >= busy_from && has_range;
    let calm = pooled(route.windows.iter().filter(is_calm));
    let busy = pooled(route.windows.iter().filter(is_busy));
    let has_data = calm.count() >= REQUESTS_MIN && busy.count() >= REQUESTS_MIN;
    let calm_us = calm.quantile_us(plan.quantile).filter(|_| has_data);
    let busy_us = busy.quantile_us(plan.quantile).filter(|_| has_data);
    let ratio = calm_us
        .zip(busy_us)
        .and_then(|(calm, busy)| share(busy, calm));
    let interval = ratio.and_then(|_| {
        let calm = route.windows.iter().filter(is_calm);
        let busy = route.windows.iter().filter(is_busy);
        interval(&by_block(calm, plan), &by_block(busy, plan), plan)
    });
    let steps = steps(route, &traffic, plan);
    RouteTrend {
        method: route.method.clone(),
        route: route.route.clone(),
        state: state(ratio, interval),
        requests: pooled(route.windows.iter()).count(),
        calm_requests: calm.count(),
        busy_requests: busy.count(),
        calm_until_per_s: calm_until,
        busy_from_per_s: busy_from,
        slower_from_per_s: calm_us.and_then(|calm_us| onset(&steps, calm_us)),
        calm_us,
        busy_us,
        ratio,
        ratio_interval: interval,
        slope: slope(route, plan),
        steps,
    }
}

fn state(ratio: Option<f64>, interval: Option<[f64; 2]>) -> TrendState {
    match (ratio, interval) {
        (None, _) | (_, None) => TrendState::NotEnoughData,
        (Some(_), Some([low, _])) if low > SLOWER => TrendState::SlowsDown,
        (Some(ratio), Some(_)) if ratio > SLOWER => TrendState::Unclear,
        (Some(_), Some(_)) => TrendState::Steady,
    }
}

/// Of sorted values; 0 of none.
fn quantile(sorted: &[f64], quantile: f64) -> f64 {
    let rank = nearest_rank(sorted.len() as u64, quantile);
    let index = usize::try_from(rank - 1).unwrap_or(usize::MAX);
    sorted.get(index).copied().unwrap_or(0.0)
}

fn pooled<'a>(windows: impl Iterator<Item = &'a WindowLatencies>) -> LatencyHistogram {
    let mut histogram = LatencyHistogram::new();
    for (bucket, count) in windows.flat_map(|window| &window.latencies) {
        histogram.record_bucket(*bucket, *count);
    }
    histogram
}

fn share(above_us: u64, below_us: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "latencies are below 2^53 µs")]
    (below_us > 0).then(|| above_us as f64 / below_us as f64)
}

/// Buckets by block of time, the oldest first.
fn by_block<'a>(
    windows: impl Iterator<Item = &'a WindowLatencies>,
    plan: &TrendPlan,
) -> Vec<BTreeMap<i32, u64>> {
    let mut blocks: BTreeMap<i64, BTreeMap<i32, u64>> = BTreeMap::new();
    for window in windows {
        let block = blocks
            .entry(window.start_us.div_euclid(plan.block_us))
            .or_default();
        for (bucket, count) in &window.latencies {
            *block.entry(*bucket).or_default() += count;
        }
    }
    blocks.into_values().collect()
}

/// The middle 95 % of the ratios of drawn blocks; `None` of too few blocks.
fn interval(
    calm: &[BTreeMap<i32, u64>],
    busy: &[BTreeMap<i32, u64>],
    plan: &TrendPlan,
) -> Option<[f64; 2]> {
    if calm.len() < BLOCKS_MIN || busy.len() < BLOCKS_MIN {
        return None;
    }
    let mut random = Pcg64Mcg::seed_from_u64(plan.seed);
    let mut histogram = LatencyHistogram::new();
    let mut draw = |blocks: &[BTreeMap<i32, u64>]| {
        histogram.clear();
        for _ in blocks {
            for (bucket, count) in &blocks[random.random_range(0..blocks.len())] {
                histogram.record_bucket(*bucket, *count);
            }
        }
        histogram.quantile_us(plan.quantile)
    };
    let mut ratios: Vec<f64> = (0..DRAWS)
        .filter_map(|_| {
            let (calm, busy) = (draw(calm)?, draw(busy)?);
            share(busy, calm)
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    (!ratios.is_empty()).then(|| [quantile(&ratios, 0.025), quantile(&ratios, 0.975)])
}

/// Windows of like traffic, as many in each step.
fn steps(route: &RouteWindows, traffic: &[f64], plan: &TrendPlan) -> Vec<TrafficStep> {
    let mut edges: Vec<f64> = (1..=STEPS)
        .map(|step| {
            #[expect(clippy::cast_precision_loss, reason = "at most 10")]
            quantile(traffic, step as f64 / STEPS as f64)
        })
        .collect();
    edges.dedup();
    let mut from = traffic.first().copied().unwrap_or(0.0);
    let mut below = f64::NEG_INFINITY;
    let steps = edges.into_iter().map(|to| {
        let own = route.windows.iter();
        let own = own.filter(|window| window.traffic_per_s > below && window.traffic_per_s <= to);
        let least = own
            .clone()
            .map(|window| window.traffic_per_s)
            .fold(f64::INFINITY, f64::min);
        let latencies = pooled(own);
        from = if least.is_finite() { least } else { from };
        below = to;
        TrafficStep {
            from_per_s: from,
            to_per_s: to,
            requests: latencies.count(),
            percentile_us: latencies
                .quantile_us(plan.quantile)
                .filter(|_| latencies.count() >= REQUESTS_MIN),
        }
    });
    steps.collect()
}

/// The first step from which on all that are known are slower than at little traffic.
fn onset(steps: &[TrafficStep], calm_us: u64) -> Option<f64> {
    let known = steps
        .iter()
        .rev()
        .filter_map(|step| Some((step, step.percentile_us?)));
    let slower =
        known.take_while(|(_, us)| share(*us, calm_us).is_some_and(|ratio| ratio > SLOWER));
    slower.last().map(|(step, _)| step.from_per_s)
}

/// Of the logarithms of percentile and traffic, window by window.
fn slope(route: &RouteWindows, plan: &TrendPlan) -> Option<Slope> {
    let mut histogram = LatencyHistogram::new();
    let points = route.windows.iter().filter_map(|window| {
        histogram.clear();
        for (bucket, count) in &window.latencies {
            histogram.record_bucket(*bucket, *count);
        }
        let us = histogram.quantile_us(plan.quantile)?;
        let is_point =
            histogram.count() >= WINDOW_REQUESTS_MIN && us > 0 && window.traffic_per_s > 0.0;
        #[expect(clippy::cast_precision_loss, reason = "latencies are below 2^53 µs")]
        is_point.then(|| (window.traffic_per_s.ln(), (us as f64).ln()))
    });
    let points: Vec<(f64, f64)> = points.collect();
    (points.len() >= POINTS_MIN)
        .then(|| theil_sen(&points))
        .flatten()
}
