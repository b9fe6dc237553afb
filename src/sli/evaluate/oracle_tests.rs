//! Every kind of SLI against a slow and obvious count of rows, and the shipped set against a
//! rehearsal.

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::tests::{MINUTE, Row, SECOND, minutes, rollup, series};
use super::{Alignment, Outside, Scope, evaluate};
use crate::sli::interval::number;
use crate::sli::series::SliState;
use crate::time_window::TimeWindow;

pub(super) const ALL_KINDS: &str = "
  - {kind: rate, name: orders, title: O, event: order}
  - {kind: ratio, name: ok, title: R, event: checkout, bad_status: [4xx, 5xx, none], min_count: 1}
  - {kind: latency_cut, name: cut, title: C, event: page, limit: 2ms, min_count: 1}
  - {kind: latency, name: p50, title: L, event: page, percentile: 50, min_count: 1}
  - {kind: apdex, name: feel, title: A, event: page, satisfied: 2ms, tolerated: 8ms, min_count: 1}
";

pub(super) fn row() -> impl Strategy<Value = Row> {
    let status = prop::sample::select(vec![0_u16, 200, 204, 302, 404, 429, 500, 503]);
    let latency_us = prop::option::weighted(0.9, 0_u64..20_000);
    (-MINUTE..6 * MINUTE, status, any::<bool>(), latency_us)
}

/// What a slow count of rows says: value and valid count of each kind above.
pub(super) fn by_hand(rows: &[Row]) -> [(Option<f64>, u64); 4] {
    let share = |good: f64, valid: usize| {
        let value = (valid > 0).then(|| good / number(valid as u64));
        (value, valid as u64)
    };
    let checkouts: Vec<&Row> = rows.iter().filter(|row| row.2).collect();
    let is_well = |row: &&&Row| (100..400).contains(&row.1);
    let well = number(checkouts.iter().filter(is_well).count() as u64);
    let timed: Vec<(u16, u64)> = rows
        .iter()
        .filter_map(|row| Some((row.1, row.3?)))
        .collect();
    let within = timed.iter().filter(|(_, latency_us)| *latency_us <= 2_000);
    let mut latencies: Vec<u64> = timed.iter().map(|(_, latency_us)| *latency_us).collect();
    latencies.sort_unstable();
    let median = latencies.get(latencies.len().div_ceil(2).saturating_sub(1));
    let mark = |(status, latency_us): &(u16, u64)| match latency_us {
        _ if *status == 0 || *status == 429 || *status >= 500 => 0.0,
        0..=2_000 => 1.0,
        2_001..=8_000 => 0.5,
        _ => 0.0,
    };
    [
        share(well, checkouts.len()),
        share(number(within.count() as u64), timed.len()),
        (
            median.map(|latency_us| number(*latency_us)),
            timed.len() as u64,
        ),
        share(timed.iter().map(mark).sum(), timed.len()),
    ]
}

pub(super) fn is_close(found: Option<f64>, exact: Option<f64>) -> bool {
    match (found, exact) {
        (None, None) => true,
        // Percentiles are at most 0.1 % above.
        (Some(found), Some(exact)) => {
            found >= exact - 1e-9 && found <= exact + exact.abs() * 0.001 + 1e-9
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_kind_is_what_a_slow_count_of_rows_says(
        rows in prop::collection::vec(row(), 0..200),
        excluded in prop::collection::vec(any::<bool>(), 5),
    ) {
        let scope = minutes(5);
        let stretches = excluded.iter().zip(0_i64..).filter(|(is_excluded, _)| **is_excluded);
        let stretches: Vec<TimeWindow> = stretches
            .map(|(_, minute)| TimeWindow {
                start_us: minute * MINUTE + 7,
                end_us: minute * MINUTE + 8,
            })
            .collect();
        let mut outside = Outside::default();
        for name in ["orders", "ok", "cut", "p50", "feel"] {
            outside.excluded.insert(name.to_owned(), stretches.clone());
        }
        let found = series(ALL_KINDS, &rows, scope, &outside);
        let minute_of = |row: &Row| usize::try_from(row.0.div_euclid(MINUTE)).ok();
        let is_kept = |row: &&Row| minute_of(row).and_then(|it| excluded.get(it)) == Some(&false);
        let kept: Vec<Row> = rows.iter().filter(is_kept).copied().collect();
        for (sli, (value, valid)) in found[1..].iter().zip(by_hand(&kept)) {
            prop_assert!(is_close(sli.value, value), "{}: {:?} {value:?}", sli.name, sli.value);
            prop_assert_eq!(sli.valid, valid, "{}", &sli.name);
            if let (Some(value), Some([low, high])) = (sli.value, sli.interval) {
                prop_assert!(low <= value && value <= high, "{}", &sli.name);
            }
        }
        for (minute, is_excluded) in excluded.iter().enumerate() {
            let here: Vec<Row> =
                rows.iter().filter(|row| minute_of(row) == Some(minute)).copied().collect();
            for (sli, (value, valid)) in found[1..].iter().zip(by_hand(&here)) {
                let window = &sli.windows[minute];
                let expected = value.filter(|_| !is_excluded);
                prop_assert!(is_close(window.value, expected), "{} {minute}", sli.name);
                prop_assert_eq!(window.valid, valid);
                prop_assert_eq!(window.is_excluded(), *is_excluded);
            }
        }
        let orders = kept.iter().filter(|row| row.2 && (200..300).contains(&row.1)).count() as u64;
        let kept_minutes = excluded.iter().filter(|is_excluded| !**is_excluded).count() as u64;
        let rate = (kept_minutes > 0).then(|| number(orders) / number(kept_minutes));
        prop_assert!(is_close(found[0].value, rate));
        prop_assert!(found[0].count == orders);
    }
}

#[test]
fn the_shipped_set_judges_a_rehearsal_with_a_slow_half_minute() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/sli-defs/shop.yaml");
    let declared = crate::declared_files::load(Path::new(path)).unwrap();
    let set = super::super::resolve::resolve(&declared).unwrap();
    // A hundred checkouts in each second of a minute; in the second half they take 5 s.
    let row = |index: i64| {
        let ts_us = index * 10_000;
        let latency_us = if ts_us < 30 * SECOND {
            9_000
        } else {
            5_000_000
        };
        (ts_us, 200, true, Some(latency_us))
    };
    let rows: Vec<Row> = (0..6_000).map(row).collect();
    let scope = Scope {
        window_us: set.rehearsal_window_us,
        alignment: Alignment::Start,
        ..minutes(1)
    };
    let found = evaluate(&set, &rollup(&set, &rows), scope, &Outside::default()).unwrap();
    let found = |name: &str| found.iter().find(|series| series.name == name).unwrap();
    let half = [[30 * SECOND, MINUTE]];
    let levels = &found("checkout_p95").levels;
    assert!(levels.iter().all(|level| level.crossed_us == half));
    assert_eq!(found("checkout_calm").value, Some(0.5));
    assert_eq!(found("buying").value, Some(0.5));
    for (name, state) in [
        ("checkout_p95", SliState::Missed),
        ("checkout_within_3s", SliState::Missed),
        ("checkout_success", SliState::Met),
        ("availability", SliState::Met),
        ("orders_per_min", SliState::Met),
        ("cart_adds_per_s", SliState::Met),
        ("page_apdex", SliState::Met),
        ("user_uptime", SliState::NotEnoughData),
        ("conversion", SliState::NotEnoughData),
    ] {
        assert_eq!(found(name).state, state, "{name}");
    }
}
