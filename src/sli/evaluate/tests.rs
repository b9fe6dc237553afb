//! Tables of what each rule means.

use std::path::Path;

use super::*;
use crate::declared_files::parse;
use crate::request_record::{Origin, RequestRecord};
use crate::rollup::{RollupBuilder, RollupPlan, WindowCount};
use crate::sli::series::{SliDetail, SliState, SliWindow, WindowState};
use crate::time_window::TimeWindow;

pub(super) const SECOND: i64 = 1_000_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
const HEAD: &str = "\
name: shop
window: 1m
lateness: 90s
events:
  page: {}
  checkout: {method: POST, route: /checkout}
  order: {method: POST, route: /checkout, status: [2xx]}
slis:
";

/// A request: when, status (0 for no answer), whether it is a checkout, response time.
pub(super) type Row = (i64, u16, bool, Option<u64>);

fn set(slis: &str) -> SliSetPlan {
    let yaml = format!("{HEAD}{}", slis.trim_start_matches('\n'));
    let declared = parse(Path::new("set.yaml"), yaml.as_bytes(), &|_| None);
    super::super::resolve::resolve(&declared.unwrap_or_else(|error| panic!("{error}")))
        .unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn rollup(set: &SliSetPlan, rows: &[Row]) -> Rollup {
    let mut builder = RollupBuilder::new(RollupPlan::new(SECOND, set.cuts_us()));
    for (ts_us, status, is_checkout, latency_us) in rows {
        let (method, route) = if *is_checkout {
            ("POST", "/checkout")
        } else {
            ("GET", "/")
        };
        builder.add_record(&RequestRecord {
            ts_us: *ts_us,
            origin: Origin::Customer,
            run_id: None,
            service: "".into(),
            method: method.into(),
            route: route.into(),
            status: *status,
            latency_us: *latency_us,
            service_us: None,
            first_byte_us: None,
            bytes_in: None,
            bytes_out: None,
            shopper: None,
            error: None,
            position: 0,
            client_class: None,
            client_name: None,
            channel: None,
            query: None,
            upstream_tries: None,
            weight: 1,
            row_key: None,
        });
    }
    builder.finish()
}

pub(super) fn minutes(count: i64) -> Scope {
    let range = TimeWindow {
        start_us: 0,
        end_us: count * MINUTE,
    };
    Scope {
        range,
        covered: range,
        window_us: MINUTE,
        alignment: Alignment::Clock,
    }
}

pub(super) fn series(slis: &str, rows: &[Row], scope: Scope, outside: &Outside) -> Vec<SliSeries> {
    let set = set(slis);
    evaluate(&set, &rollup(&set, rows), scope, outside).unwrap()
}

/// `count` requests in a minute, of which `bad` fail.
pub(super) fn requests(minute: i64, count: u64, bad: u64) -> Vec<Row> {
    let row = |index: u64| {
        let ts_us = minute * MINUTE + i64::try_from(index % 60).unwrap() * SECOND;
        let status = if index < bad { 503 } else { 200 };
        (ts_us, status, true, Some(1_000 * index))
    };
    (0..count).map(row).collect()
}

pub(super) fn values(series: &SliSeries) -> Vec<Option<f64>> {
    series.windows.iter().map(|window| window.value).collect()
}

fn states(series: &SliSeries) -> Vec<WindowState> {
    series.windows.iter().map(|window| window.state).collect()
}

const RATIO: &str = "
  - kind: ratio
    name: ok
    title: OK
    event: checkout
    objective: 0.9
    thresholds:
      - {level: warn, below: 0.99, for: 1m}
      - {level: contact, below: 0.8, for: 1m, tell: [support desk], react: Call back}
";

#[test]
fn no_data_is_never_green() {
    let slis = "
  - {kind: ratio, name: ratio, title: A, event: checkout, objective: 0}
  - {kind: latency, name: latency, title: B, event: checkout, percentile: 95, objective: 1h}
  - {kind: latency_cut, name: cut, title: C, event: checkout, limit: 1s}
  - {kind: apdex, name: apdex, title: D, event: checkout, satisfied: 1s}
  - {kind: windows_good, name: windows, title: E, of: levelled}
  - {kind: ratio, name: levelled, title: F, event: checkout, thresholds: [{level: warn, below: 0.9, for: 1m}]}
  - {kind: user_uptime, name: uptime, title: G, event: checkout}
  - {kind: funnel, name: shoppers, title: H, steps: [page, order]}
  - {kind: funnel, name: requests, title: I, steps: [page, order], count: requests}
  - {kind: composite, name: composite, title: J, parts: [{sli: ratio}]}
";
    for found in series(slis, &[], minutes(3), &Outside::default()) {
        assert_eq!(found.state, SliState::NotEnoughData, "{}", found.name);
        assert!(!found.is_certain, "{}", found.name);
        assert_eq!(states(&found), [WindowState::NotEnoughData; 3]);
    }
}

#[test]
fn one_error_at_night_crosses_nothing_and_an_outage_does() {
    let mut rows = requests(0, 20, 1);
    rows.extend(requests(1, 20, 20));
    rows.extend(requests(2, 300, 0));
    let found = &series(RATIO, &rows, minutes(3), &Outside::default())[0];
    let crossed: Vec<_> = found.levels.iter().map(|level| &level.crossed_us).collect();
    let outage = vec![[MINUTE, 2 * MINUTE]];
    assert_eq!(crossed, [&outage, &outage]);
    assert_eq!(
        states(found),
        [WindowState::Met, WindowState::Missed, WindowState::Met]
    );
    assert_eq!(found.state, SliState::Missed);
    assert_eq!(found.levels[1].tell, ["support desk"]);
    assert_eq!(found.levels[1].react.as_deref(), Some("Call back"));
}

#[test]
fn an_objective_is_missed_by_its_value_and_certain_by_its_interval() {
    let table = [
        // count, bad, state, is certain
        (1_000, 10, SliState::Met, true),
        (30, 2, SliState::Met, false),
        (30, 4, SliState::Missed, false),
        (1_000, 150, SliState::Missed, true),
        (19, 0, SliState::NotEnoughData, false),
    ];
    for (count, bad, state, is_certain) in table {
        let rows = requests(0, count, bad);
        let found = &series(RATIO, &rows, minutes(1), &Outside::default())[0];
        assert_eq!(
            (found.state, found.is_certain),
            (state, is_certain),
            "{bad} of {count}"
        );
    }
}

#[test]
fn maintenance_is_dropped_from_totals_and_levels_and_both_values_are_shown() {
    let mut rows = requests(0, 100, 0);
    rows.extend(requests(1, 100, 100));
    rows.extend(requests(2, 100, 5));
    let mut outside = Outside::default();
    // Half a minute of maintenance drops the whole window; touching a window does not.
    let stretch = TimeWindow {
        start_us: MINUTE + 30 * SECOND,
        end_us: 2 * MINUTE,
    };
    outside.excluded.insert("ok".to_owned(), vec![stretch]);
    let found = &series(RATIO, &rows, minutes(3), &outside)[0];
    assert_eq!(
        (found.good, found.valid, found.value),
        (195, 200, Some(0.975))
    );
    assert_eq!(found.value_with_excluded, Some(0.65));
    assert_eq!((found.excluded_windows, found.excluded_valid), (1, 100));
    assert_eq!(values(found), [Some(1.0), None, Some(0.95)]);
    assert_eq!(found.windows[1].state, WindowState::Excluded);
    assert_eq!((found.windows[1].good, found.windows[1].valid), (0, 100));
    assert!(found.levels[1].crossed_us.is_empty());
    assert_eq!(found.state, SliState::Met);
    let whole = vec![minutes(3).range];
    outside.excluded.insert("ok".to_owned(), whole);
    let found = &series(RATIO, &rows, minutes(3), &outside)[0];
    assert_eq!((found.state, found.value), (SliState::NotEnoughData, None));
}

#[test]
fn an_exclusion_outside_of_the_range_drops_nothing() {
    let rows = requests(0, 100, 0);
    for (start_us, end_us) in [(-5 * MINUTE, 0), (MINUTE, 9 * MINUTE), (-9, -5)] {
        let mut outside = Outside::default();
        let stretch = vec![TimeWindow { start_us, end_us }];
        outside.excluded.insert("ok".to_owned(), stretch);
        let found = &series(RATIO, &rows, minutes(1), &outside)[0];
        assert_eq!(
            (found.excluded_windows, found.value_with_excluded),
            (0, None)
        );
    }
}

#[test]
fn windows_that_end_within_the_lateness_of_the_newest_row_are_provisional() {
    let table = [
        // newest row, provisional windows of three minutes at a lateness of 90 s
        (None, 0),
        (Some(4 * MINUTE + 30 * SECOND), 0),
        (Some(4 * MINUTE + 29 * SECOND), 1),
        (Some(2 * MINUTE), 3),
        (Some(2 * MINUTE + 30 * SECOND), 2),
    ];
    for (newest_us, provisional) in table {
        let outside = Outside {
            newest_us,
            ..Outside::default()
        };
        let found = &series(RATIO, &requests(0, 30, 0), minutes(3), &outside)[0];
        assert_eq!(found.provisional_windows, provisional, "{newest_us:?}");
        let marked = found.windows.iter().map(|window| window.provisional);
        assert_eq!(marked.filter(|is| *is).count(), provisional);
    }
}

const RATE: &str = "
  - kind: rate
    name: orders
    title: Orders
    event: order
    thresholds:
      - {level: contact, below_expected: 0.5, for: 1m}
";

#[test]
fn a_rate_is_compared_with_what_is_expected_of_each_window() {
    let mut rows = requests(0, 40, 0);
    rows.extend(requests(1, 40, 0));
    rows.extend(requests(2, 40, 0));
    let mut outside = Outside::default();
    let expected = vec![Some(50.0), Some(200.0), None];
    outside.expected.insert("orders".to_owned(), expected);
    let found = &series(RATE, &rows, minutes(3), &outside)[0];
    assert_eq!(found.levels[0].crossed_us, [[MINUTE, 2 * MINUTE]]);
    assert!(found.levels[0].is_of_expected);
    assert_eq!(
        states(found),
        [WindowState::Met, WindowState::Missed, WindowState::Met]
    );
    assert_eq!(
        (found.expected, found.state),
        (Some(125.0), SliState::Missed)
    );
    let found = &series(RATE, &rows, minutes(3), &Outside::default())[0];
    assert_eq!((found.expected, found.state), (None, SliState::Met));
}

#[test]
fn a_rate_has_no_value_where_a_window_sticks_out_of_the_data() {
    let mut scope = minutes(2);
    scope.covered.end_us = 2 * MINUTE - 1;
    let mut rows = requests(0, 30, 0);
    rows.extend(requests(1, 10, 0));
    let found = &series(RATE, &rows, scope, &Outside::default())[0];
    assert_eq!(values(found), [Some(30.0), None]);
    assert_eq!((found.value, found.count), (Some(30.0), 30));
    assert_eq!(found.windows[1].count, 10);
}

#[test]
fn good_requests_that_are_not_valid_count_for_nothing() {
    let slis = "
  - {kind: ratio, name: ok, title: OK, event: order, good: checkout, min_count: 1}
";
    let found = &series(slis, &requests(0, 50, 10), minutes(1), &Outside::default())[0];
    assert_eq!((found.good, found.valid), (40, 40));
}

#[test]
fn windows_are_good_that_are_not_beyond_the_level() {
    let slis = format!(
        "{RATIO}  - {{kind: windows_good, name: calm, title: Calm, of: ok, objective: 0.7}}\n"
    );
    let mut rows = requests(0, 100, 0);
    rows.extend(requests(1, 100, 50));
    // Too few to judge: neither good nor bad.
    rows.extend(requests(2, 5, 5));
    let found = &series(&slis, &rows, minutes(4), &Outside::default())[1];
    assert_eq!((found.good, found.valid, found.value), (1, 2, Some(0.5)));
    assert_eq!(values(found), [Some(1.0), Some(0.0), None, None]);
    assert_eq!((found.state, found.is_certain), (SliState::Missed, false));
}

#[test]
fn a_journey_is_as_good_as_its_worst_part_or_the_mean_of_all() {
    let slis = "
  - {kind: composite, name: worst, title: W, parts: [{sli: ok}, {sli: fast}], objective: 0.95}
  - kind: composite
    name: mean
    title: M
    combine: weighted
    parts: [{sli: ok, weight: 3}, {sli: fast}]
  - {kind: ratio, name: ok, title: OK, event: checkout}
  - {kind: latency_cut, name: fast, title: Fast, event: checkout, limit: 50ms}
";
    // 90 of 100 are well, 51 of 100 within 50 ms.
    let found = series(slis, &requests(0, 100, 10), minutes(2), &Outside::default());
    assert_eq!(values(&found[0]), [Some(0.51), None]);
    assert_eq!((found[0].value, found[0].good), (Some(0.51), 51));
    assert_eq!(found[0].interval, found[3].interval);
    assert_eq!(found[0].state, SliState::Missed);
    let mean = found[1].value.unwrap();
    assert!((mean - (3.0 * 0.9 + 0.51) / 4.0).abs() < 1e-12, "{mean}");
    let [low, high] = found[1].interval.unwrap();
    assert!(low < mean && mean < high);
    let Some(SliDetail::Parts(parts)) = &found[1].detail else {
        panic!("a composite has parts");
    };
    assert_eq!((parts[0].weight, parts[0].value), (3.0, Some(0.9)));
}

#[test]
fn a_journey_is_unknown_while_a_part_is() {
    let slis = "
  - {kind: ratio, name: ok, title: OK, event: checkout}
  - {kind: user_uptime, name: up, title: Up, event: checkout}
  - {kind: composite, name: buying, title: Buying, parts: [{sli: ok}, {sli: up}]}
";
    let rows = requests(0, 100, 50);
    let found = &series(slis, &rows, minutes(1), &Outside::default())[2];
    assert_eq!((found.value, found.state), (None, SliState::NotEnoughData));
    let mut outside = Outside::default();
    outside.values.insert(
        "up".to_owned(),
        OutsideValue {
            value: Some(0.25),
            interval: Some([0.2, 0.3]),
            good: 250,
            valid: 1_000,
            count: 40,
            ..OutsideValue::default()
        },
    );
    let found = series(slis, &rows, minutes(1), &outside);
    assert_eq!((found[1].value, found[1].count), (Some(0.25), 40));
    assert_eq!(found[2].value, Some(0.25));
}

#[test]
fn a_funnel_by_requests_counts_each_step_and_never_more_than_all() {
    let slis = "
  - {kind: funnel, name: way, title: Way, steps: [page, checkout, order], count: requests}
  - {kind: funnel, name: back, title: Back, steps: [order, page], count: requests}
";
    let mut rows = requests(0, 50, 20);
    rows.extend((0..50).map(|second| (second * SECOND, 200, false, None)));
    let found = series(slis, &rows, minutes(1), &Outside::default());
    assert_eq!((found[0].value, found[1].value), (Some(0.3), Some(1.0)));
    let Some(SliDetail::Funnel(steps)) = &found[0].detail else {
        panic!("a funnel has steps");
    };
    let counts: Vec<u64> = steps.iter().map(|step| step.count).collect();
    assert_eq!(counts, [100, 50, 30]);
}

#[test]
fn values_from_outside_are_put_into_the_windows_that_they_belong_to() {
    let slis = "
  - {kind: user_uptime, name: up, title: Up, event: checkout, min_count: 10, objective: 0.9}
";
    let window = SliWindow {
        start_us: MINUTE,
        value: Some(0.5),
        ..SliWindow::default()
    };
    let known = OutsideValue {
        value: Some(0.8),
        count: 10,
        windows: vec![window],
        ..OutsideValue::default()
    };
    let mut outside = Outside::default();
    outside.values.insert("up".to_owned(), known.clone());
    let found = &series(slis, &[], minutes(3), &outside)[0];
    assert_eq!(values(found), [None, Some(0.5), None]);
    assert_eq!(found.state, SliState::Missed);
    outside
        .values
        .insert("up".to_owned(), OutsideValue { count: 9, ..known });
    let found = &series(slis, &[], minutes(3), &outside)[0];
    assert_eq!(found.state, SliState::NotEnoughData);
}

#[test]
fn a_rollup_that_does_not_fit_into_the_windows_is_refused() {
    let set = set(RATIO);
    let mut scope = minutes(1);
    scope.range.start_us = 1;
    let error = evaluate(&set, &rollup(&set, &[]), scope, &Outside::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a rollup of 1000000 µs cannot be cut into windows of 60000000 µs from 1"
    );
}

#[test]
fn the_json_keeps_the_fields_that_people_script_against() {
    let found = &series(RATIO, &requests(0, 30, 1), minutes(1), &Outside::default())[0];
    let json = serde_json::to_value(found).unwrap();
    for key in [
        "name", "kind", "unit", "state", "value", "good", "valid", "count", "interval",
    ] {
        assert!(json.get(key).is_some(), "no {key}");
    }
    let window = &json["windows"][0];
    for key in ["start", "value", "good", "valid", "count", "state"] {
        assert!(window.get(key).is_some(), "no {key}");
    }
    assert_eq!(json["definition_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(json["levels"][1]["tell"][0], "support desk");
}

#[test]
fn what_was_meant_takes_the_place_of_attempts_where_retries_collapse() {
    let slis = RATIO.replace(
        "    objective: 0.9\n",
        "    objective: 0.9\n    counting: {collapse_retries_within: 30s}\n",
    );
    let counts = |counts: [u64; 3]| {
        let starts = [0, 30 * SECOND, MINUTE].into_iter().zip(counts);
        let counts = starts.map(|(start_us, count)| WindowCount { start_us, count });
        counts.collect::<Vec<_>>()
    };
    let meant = MeantCounts {
        good: counts([10, 9, 38]),
        valid: counts([10, 9, 40]),
    };
    let mut outside = Outside::default();
    outside.meant.insert("ok".to_owned(), meant);
    let rows = requests(0, 50, 40);
    let found = &series(&slis, &rows, minutes(2), &outside)[0];
    // 19 are too few to judge a minute.
    assert_eq!(values(found), [None, Some(0.95)]);
    assert_eq!((found.good, found.valid, found.count), (57, 59, 59));
    assert_eq!(found.state, SliState::Met);
    // Without them nothing is known, and attempts are not taken for what was meant.
    let found = &series(&slis, &rows, minutes(2), &Outside::default())[0];
    assert_eq!((found.value, found.state), (None, SliState::NotEnoughData));
    let stretch = vec![TimeWindow {
        start_us: MINUTE,
        end_us: MINUTE + 1,
    }];
    outside.excluded.insert("ok".to_owned(), stretch);
    let found = &series(&slis, &rows, minutes(2), &outside)[0];
    assert_eq!(
        (found.good, found.valid, found.excluded_valid),
        (19, 19, 40)
    );
    assert_eq!(found.value_with_excluded, Some(57.0 / 59.0));
}
