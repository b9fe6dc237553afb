//! SLIs with windows of their own, against a slow and obvious count of rows.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::oracle_tests::{ALL_KINDS, by_hand, is_close, row};
use super::tests::{MINUTE, Row, minutes, requests, series, values};
use super::{Alignment, Outside, OutsideValue, Scope};
use crate::sli::interval::number;
use crate::sli::series::{SliSeries, SliWindow, WindowState};
use crate::time_window::TimeWindow;

/// `slis` with these windows in each.
fn with_windows(slis: &str, windows: &str) -> String {
    slis.replace("}\n", &format!(", {windows}}}\n"))
}

/// The minutes from `first` to before `end`.
fn between(first: i64, end: i64, alignment: Alignment) -> Scope {
    let range = TimeWindow {
        start_us: first * MINUTE,
        end_us: end * MINUTE,
    };
    Scope {
        range,
        covered: range,
        alignment,
        ..minutes(1)
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
    fn every_kind_is_what_a_slow_count_says_in_windows_of_its_own(
        rows in prop::collection::vec(row(), 0..200),
        first in -1_i64..4,
        length in 1_i64..6,
        of_windows in 1_i64..5,
        is_log in any::<bool>(),
        excluded in prop::option::of(-2_i64..8),
    ) {
        let alignment = if is_log { Alignment::Clock } else { Alignment::Start };
        let scope = between(first, first + length, alignment);
        let slis = with_windows(ALL_KINDS, &format!("window: {of_windows}m, rehearsal_window: {of_windows}m"));
        let mut outside = Outside::default();
        if let Some(minute) = excluded {
            let start_us = minute * MINUTE + 7;
            for name in ["orders", "ok", "cut", "p50", "feel"] {
                let stretch = TimeWindow { start_us, end_us: start_us + 1 };
                outside.excluded.insert(name.to_owned(), vec![stretch]);
            }
        }
        let found = series(&slis, &rows, scope, &outside);
        let window_us = of_windows * MINUTE;
        let origin_us = if is_log { 0 } else { scope.range.start_us };
        let start_of = |ts_us: i64| origin_us + (ts_us - origin_us).div_euclid(window_us) * window_us;
        let inside: Vec<Row> = rows.iter().copied().filter(|row| scope.range.contains(row.0)).collect();
        let mut starts: Vec<i64> = (first..first + length).map(|minute| start_of(minute * MINUTE)).collect();
        starts.dedup();
        let excluded = excluded
            .filter(|minute| (first..first + length).contains(minute))
            .map(|minute| start_of(minute * MINUTE));
        let kept: Vec<Row> = inside.iter().copied().filter(|row| Some(start_of(row.0)) != excluded).collect();
        for (sli, (value, valid)) in found[1..].iter().zip(by_hand(&kept)) {
            prop_assert!(is_close(sli.value, value), "{}: {:?} {value:?}", sli.name, sli.value);
            prop_assert_eq!(sli.valid, valid, "{}", &sli.name);
            prop_assert_eq!(sli.window_us, window_us);
            let found: Vec<i64> = sli.windows.iter().map(|window| window.start_us).collect();
            prop_assert_eq!(&found, &starts);
        }
        for (index, start_us) in starts.iter().enumerate() {
            let here: Vec<Row> = inside.iter().copied().filter(|row| start_of(row.0) == *start_us).collect();
            for (sli, (value, valid)) in found[1..].iter().zip(by_hand(&here)) {
                let window = &sli.windows[index];
                let is_excluded = excluded == Some(*start_us);
                let expected = value.filter(|_| !is_excluded);
                prop_assert!(is_close(window.value, expected), "{} {index}", sli.name);
                prop_assert_eq!(window.valid, valid);
                prop_assert_eq!(window.is_excluded(), is_excluded);
            }
            let orders = here.iter().filter(|row| row.2 && (200..300).contains(&row.1)).count() as u64;
            let is_whole = *start_us >= scope.range.start_us && start_us + window_us <= scope.range.end_us;
            let is_judged = is_whole && excluded != Some(*start_us);
            let rate = is_judged.then(|| number(orders) / number(of_windows.unsigned_abs()));
            prop_assert!(is_close(found[0].windows[index].value, rate), "{index}");
        }
    }
}

/// `value at minute` of each window.
fn at_minutes(series: &SliSeries) -> Vec<(i64, Option<f64>)> {
    let windows = series.windows.iter();
    windows
        .map(|window| (window.start_us / MINUTE, window.value))
        .collect()
}

const LEVELLED: &str = "
  - kind: ratio
    name: ok
    title: OK
    event: checkout
    thresholds:
      - {level: warn, below: 0.9, for: 2m}
      - {level: contact, below: 0.5, for: 2m}
";

#[test]
fn a_quiet_shop_is_judged_in_longer_windows() {
    let slis = "
  - {kind: latency, name: p95, title: P, event: checkout, percentile: 95, WINDOW thresholds: [{level: warn, above: 1s, for: 1m}]}
  - {kind: windows_good, name: calm, title: C, of: p95}
";
    let rows: Vec<Row> = (0..6).flat_map(|minute| requests(minute, 30, 0)).collect();
    let judge = |window: &str| {
        let slis = slis.replace("WINDOW", window);
        series(&slis, &rows, minutes(6), &Outside::default())
    };
    let found = judge("");
    assert_eq!((found[1].value, found[1].windows.len()), (None, 6));
    let found = judge("window: 3m,");
    assert_eq!(
        (found[1].value, found[1].valid, found[1].windows.len()),
        (Some(1.0), 2, 2)
    );
}

#[test]
fn a_crossing_lasts_as_long_as_its_windows() {
    // Minutes 3 and 4 fail: they lie in two windows of two minutes, and in two of four.
    let rows: Vec<Row> = (0..8)
        .flat_map(|minute| requests(minute, 100, if (3..5).contains(&minute) { 100 } else { 0 }))
        .collect();
    for (window, crossed) in [("1m", [3, 5]), ("2m", [2, 6]), ("4m", [0, 8])] {
        let slis = LEVELLED.replace("event:", &format!("window: {window}\n    event:"));
        let found = &series(&slis, &rows, minutes(8), &Outside::default())[0];
        assert_eq!(
            found.levels[0].crossed_us,
            [crossed.map(|minute| minute * MINUTE)],
            "{window}"
        );
    }
}

#[test]
fn windows_good_adds_the_windows_of_the_other_sli_up_in_its_own() {
    let slis =
        format!("{LEVELLED}  - {{kind: windows_good, name: calm, title: C, of: ok, window: 2m}}\n");
    let mut rows = requests(1, 100, 50);
    rows.extend(requests(2, 100, 0));
    rows.extend(requests(3, 100, 0));
    let found = &series(
        &slis,
        &rows,
        between(1, 5, Alignment::Clock),
        &Outside::default(),
    )[1];
    // Minute 0 is not in the range, minute 4 has no request.
    assert_eq!(
        at_minutes(found),
        [(0, Some(0.0)), (2, Some(1.0)), (4, None)]
    );
    assert_eq!((found.good, found.valid), (2, 3));
}

#[test]
fn a_journey_cuts_its_parts_into_its_own_windows() {
    let slis = "
  - {kind: composite, name: journey, title: J, parts: [{sli: ok}, {sli: feel}, {sli: up}]}
  - {kind: composite, name: outer, title: O, parts: [{sli: journey}], window: 4m}
  - {kind: ratio, name: ok, title: OK, event: checkout}
  - {kind: apdex, name: feel, title: F, event: checkout, satisfied: 1h, window: 2m}
  - {kind: user_uptime, name: up, title: U, event: checkout, min_count: 1}
";
    let rows: Vec<Row> = [40, 0, 20, 0]
        .into_iter()
        .zip(0..)
        .flat_map(|(bad, minute)| requests(minute, 100, bad))
        .collect();
    let window = |minute: i64, good: u64| SliWindow {
        start_us: minute * MINUTE,
        value: Some(number(good) / 60.0),
        good,
        valid: 60,
        count: 60,
        ..SliWindow::default()
    };
    let known = OutsideValue {
        value: Some(0.95),
        count: 9,
        windows: vec![window(0, 60), window(1, 60), window(2, 60), window(3, 48)],
        ..OutsideValue::default()
    };
    let mut outside = Outside::default();
    outside.values.insert("up".to_owned(), known);
    let found = series(slis, &rows, minutes(4), &outside);
    assert_eq!(values(&found[0]), [Some(0.8), Some(0.9)]);
    assert_eq!(values(&found[1]), [Some(0.85)]);
    assert_eq!((found[0].value, found[1].value), (Some(0.85), Some(0.85)));
    // 108 of 120 s are the worst of the second window once its requests are all well.
    let rows: Vec<Row> = (0..4).flat_map(|minute| requests(minute, 100, 0)).collect();
    let found = series(slis, &rows, minutes(4), &outside);
    assert_eq!(values(&found[0]), [Some(1.0), Some(0.9)]);
}

#[test]
fn a_part_that_is_excluded_leaves_the_longer_window_of_the_journey_without_a_value() {
    let slis = "
  - {kind: composite, name: journey, title: J, parts: [{sli: ok}], window: 2m}
  - {kind: ratio, name: ok, title: OK, event: checkout}
";
    let rows: Vec<Row> = (0..4).flat_map(|minute| requests(minute, 100, 0)).collect();
    let mut outside = Outside::default();
    let stretch = TimeWindow {
        start_us: MINUTE,
        end_us: 2 * MINUTE,
    };
    outside.excluded.insert("ok".to_owned(), vec![stretch]);
    let found = series(slis, &rows, minutes(4), &outside);
    assert_eq!(values(&found[0]), [None, Some(1.0)]);
    assert_eq!((found[0].valid, found[1].valid), (300, 300));
    assert_eq!(found[1].windows[1].state, WindowState::Excluded);
}

#[test]
fn each_sli_is_provisional_by_its_own_lateness() {
    let slis = "
  - {kind: ratio, name: soon, title: S, event: checkout, lateness: 1m}
  - {kind: ratio, name: late, title: L, event: checkout, lateness: 3m}
  - {kind: ratio, name: never, title: N, event: checkout, lateness: 0s}
  - {kind: ratio, name: set, title: D, event: checkout}
  - {kind: ratio, name: long, title: W, event: checkout, lateness: 1m, window: 2m}
";
    let outside = Outside {
        newest_us: Some(4 * MINUTE),
        ..Outside::default()
    };
    let found = series(slis, &requests(0, 30, 0), minutes(4), &outside);
    let provisional: Vec<usize> = found.iter().map(|sli| sli.provisional_windows).collect();
    // The set says 90 s.
    assert_eq!(provisional, [1, 3, 0, 2, 1]);
}
