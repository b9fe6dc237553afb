//! Routes whose slowing down is known.

use proptest::prelude::*;

use super::*;
use crate::latency_buckets::bucket_of;

const PLAN: TrendPlan = TrendPlan {
    quantile: 0.95,
    block_us: 86_400_000_000,
    seed: 1,
    against: Traffic::Total,
};

/// Fourteen days of hours; traffic goes from 1 to 24 per second over the day, and each request of the
/// window takes `latency_us` of its traffic.
fn route(name: &str, requests: u64, latency_us: impl Fn(f64) -> u64) -> RouteWindows {
    let windows = (0..14 * 24_i64).map(|hour| {
        let traffic_per_s = f64::from(u8::try_from(hour % 24 + 1).expect("it is at most 24"));
        WindowLatencies {
            start_us: hour * 3_600_000_000,
            traffic_per_s,
            latencies: vec![(bucket_of(latency_us(traffic_per_s)), requests)],
        }
    });
    RouteWindows {
        method: "GET".to_owned(),
        route: name.to_owned(),
        windows: windows.collect(),
    }
}

#[test]
fn the_route_that_is_slower_from_the_least_traffic_on_is_the_first() {
    let routes = [
        route("/steady", 50, |_| 10_000),
        route(
            "/late",
            50,
            |traffic| if traffic > 20.0 { 90_000 } else { 10_000 },
        ),
        route(
            "/early",
            50,
            |traffic| if traffic > 9.0 { 20_000 } else { 10_000 },
        ),
        route("/rare", 1, |_| 10_000),
        route(
            "/faster",
            50,
            |traffic| if traffic > 9.0 { 5_000 } else { 10_000 },
        ),
    ];
    let found = trends(&routes, &PLAN);
    let order: Vec<(&str, TrendState)> = found
        .iter()
        .map(|trend| (trend.route.as_str(), trend.state))
        .collect();
    assert_eq!(
        order,
        [
            ("/early", TrendState::SlowsDown),
            ("/late", TrendState::SlowsDown),
            ("/steady", TrendState::Steady),
            ("/faster", TrendState::Steady),
            ("/rare", TrendState::NotEnoughData),
        ]
    );
    let early = &found[0];
    // 24 values of traffic: a third are at most 8, nine tenths at most 22.
    assert_eq!((early.calm_until_per_s, early.busy_from_per_s), (8.0, 22.0));
    assert_eq!(
        (early.requests, early.calm_requests, early.busy_requests),
        (16_800, 5_600, 2_100)
    );
    assert!(
        early.ratio.is_some_and(|ratio| (ratio - 2.0).abs() < 0.003),
        "{early:?}"
    );
    assert!(
        early
            .slower_from_per_s
            .is_some_and(|from| (9.0..=13.0).contains(&from)),
        "{early:?}"
    );
    assert!(
        found[1].slower_from_per_s.is_some_and(|from| from >= 20.0),
        "{:?}",
        found[1]
    );
    assert!(found[4].calm_us.is_none() && found[4].ratio.is_none());
}

#[test]
fn latency_in_proportion_to_traffic_has_a_slope_of_one() {
    let found = trends(
        &[route("/line", 50, |traffic| (traffic * 10_000.0) as u64)],
        &PLAN,
    );
    let slope = found[0].slope.expect("there are 336 windows");
    assert!((slope.value - 1.0).abs() < 0.01, "{slope:?}");
    assert!(slope.interval[0] <= slope.value && slope.value <= slope.interval[1]);
}

#[test]
fn a_time_of_few_blocks_is_not_enough() {
    let mut short = route(
        "/short",
        500,
        |traffic| if traffic > 9.0 { 20_000 } else { 10_000 },
    );
    short.windows.truncate(3 * 24);
    assert_eq!(
        trends(&[short.clone()], &PLAN)[0].state,
        TrendState::NotEnoughData
    );
    let hours = TrendPlan {
        block_us: 3_600_000_000,
        ..PLAN
    };
    assert_eq!(trends(&[short], &hours)[0].state, TrendState::SlowsDown);
}

#[test]
fn nothing_is_said_of_no_windows_or_of_traffic_that_never_changes() {
    let mut none = route("/none", 50, |_| 10_000);
    none.windows.clear();
    assert_eq!(trends(&[none], &PLAN)[0].state, TrendState::NotEnoughData);
    let mut flat = route("/flat", 50, |_| 10_000);
    flat.windows
        .iter_mut()
        .for_each(|window| window.traffic_per_s = 5.0);
    let flat = &trends(&[flat], &PLAN)[0];
    assert_eq!((flat.state, flat.slope), (TrendState::NotEnoughData, None));
}

proptest! {
    #[test]
    fn a_quarter_of_wild_points_does_not_move_the_slope(
        slope in -3.0..3.0_f64,
        wild in prop::collection::vec(-1e6..1e6_f64, 10),
    ) {
        let line = (0..40_u32).map(|index| (f64::from(index), slope * f64::from(index)));
        let mut points: Vec<(f64, f64)> = line.collect();
        for (index, y) in wild.into_iter().enumerate() {
            points[index * 4].1 = y;
        }
        let found = theil_sen(&points).expect("there are 40 points");
        prop_assert!((found.value - slope).abs() < 1e-9, "{found:?}");
    }
}
