//! SLIs of a log, against a slow and obvious count of its text.

use std::collections::BTreeMap;

use serde_json::Value;

use super::access_lines::{OracleLine, SimulatedLog, line, oracle, plain_lines};
use super::ingest::{ingest, slis};
use super::program::{count, list, run, sli, text};
use super::temp_folder::TempFolder;

/// A minute, µs: the window of the shop's SLI set.
const WINDOW_US: i64 = 60_000_000;
/// The relative error of a percentile that the documentation promises.
const PERCENTILE_ERROR: f64 = 0.001;

fn is_checkout(line: &&OracleLine) -> bool {
    line.method == "POST" && line.path == "/checkout"
}

fn is_order(line: &&OracleLine) -> bool {
    is_checkout(line) && (200..400).contains(&line.status)
}

fn total(lines: &[OracleLine], is_counted: impl Fn(&&OracleLine) -> bool) -> u64 {
    lines.iter().filter(is_counted).count() as u64
}

/// The sum of a count over the windows of an SLI.
fn window_sum(sli: &Value, pointer: &str) -> u64 {
    list(sli, "/windows")
        .iter()
        .map(|window| count(window, pointer))
        .sum()
}

/// Fails unless a number is `expected`, but for the last digit: JSON readers may round it.
#[track_caller]
fn assert_close(value: &Value, expected: f64) {
    let found = value.as_f64().expect("there is a value");
    assert!(
        (found - expected).abs() <= expected.abs() * 1e-12,
        "{found} is not {expected}"
    );
}

#[track_caller]
fn assert_share(sli: &Value, good: u64, valid: u64) {
    assert_eq!(
        (count(sli, "/good"), count(sli, "/valid")),
        (good, valid),
        "{}",
        sli["name"]
    );
    assert_eq!(
        (window_sum(sli, "/good"), window_sum(sli, "/valid")),
        (good, valid)
    );
    #[expect(clippy::cast_precision_loss, reason = "counts of a test log are small")]
    let share = good as f64 / valid as f64;
    assert_close(&sli["value"], share);
    let interval: Vec<f64> = list(sli, "/interval")
        .iter()
        .filter_map(Value::as_f64)
        .collect();
    assert!(
        interval[0] <= share && share <= interval[1],
        "{}",
        sli["name"]
    );
}

#[track_caller]
fn assert_percentile(sli: &Value, mut latencies_us: Vec<u64>, percent: usize) {
    latencies_us.sort_unstable();
    let rank = (latencies_us.len() * percent).div_ceil(100);
    #[expect(clippy::cast_precision_loss, reason = "latencies are below 2^53 µs")]
    let exact = latencies_us[rank - 1] as f64;
    let found = sli["value"].as_f64().expect("there are enough requests");
    let error = (found - exact) / exact;
    assert!(
        (0.0..=PERCENTILE_ERROR).contains(&error),
        "{found} is not {exact}"
    );
    assert_eq!(count(sli, "/count"), latencies_us.len() as u64);
}

#[test]
fn the_slis_of_a_simulated_day_are_those_counted_by_hand() {
    let log = SimulatedLog::of(1_500);
    let lines = oracle(&log.text);
    let folder = TempFolder::new();
    folder.write("access.log", &log.text);
    ingest(&folder, "access.log");
    let document: Value = serde_json::from_str(&slis(&folder)).unwrap();
    let checkouts: Vec<OracleLine> = lines.iter().filter(is_checkout).cloned().collect();
    assert!(
        checkouts.len() >= 59,
        "too few checkouts to judge a p95: {}",
        checkouts.len()
    );
    let orders = total(&lines, is_order);
    assert_eq!(
        orders,
        count(&log.truth, "/total/orders"),
        "the oracle and the truth agree"
    );

    assert_eq!(
        window_sum(sli(&document, "orders_per_min"), "/count"),
        orders
    );
    let good = total(&checkouts, |line| (100..400).contains(&line.status));
    assert_share(
        sli(&document, "checkout_success"),
        good,
        checkouts.len() as u64,
    );
    let within = total(&checkouts, |line| line.latency_us <= 3_000_000);
    assert_share(
        sli(&document, "checkout_within_3s"),
        within,
        checkouts.len() as u64,
    );
    let persons: Vec<OracleLine> = lines
        .iter()
        .filter(|line| !line.is_robot)
        .cloned()
        .collect();
    assert!(persons.len() < lines.len(), "there are robots");
    let answered = total(&persons, |line| line.status < 500 && line.status != 429);
    assert_share(
        sli(&document, "availability"),
        answered,
        persons.len() as u64,
    );
    let latencies = |lines: &[OracleLine]| lines.iter().map(|line| line.latency_us).collect();
    assert_percentile(sli(&document, "checkout_p95"), latencies(&checkouts), 95);
    assert_percentile(sli(&document, "page_p99"), latencies(&persons), 99);
}

#[test]
fn a_rate_counts_whole_minutes_and_lists_every_minute() {
    let log = plain_lines(600);
    let lines = oracle(&log);
    let folder = TempFolder::new();
    folder.write("access.log", &log);
    ingest(&folder, "access.log");
    let document: Value = serde_json::from_str(&slis(&folder)).unwrap();
    let minute = |line: &OracleLine| line.start_us.div_euclid(WINDOW_US);
    let mut per_minute: BTreeMap<i64, u64> = BTreeMap::new();
    for line in lines.iter().filter(is_order) {
        *per_minute.entry(minute(line)).or_default() += 1;
    }
    let first = lines.iter().map(minute).min().unwrap();
    let last = lines.iter().map(minute).max().unwrap();
    let of = |minute: i64| per_minute.get(&minute).copied().unwrap_or(0);
    let expected: Vec<u64> = (first..=last).map(of).collect();
    let orders = sli(&document, "orders_per_min");
    let found: Vec<u64> = list(orders, "/windows")
        .iter()
        .map(|window| count(window, "/count"))
        .collect();
    assert_eq!(found, expected);
    // A minute that the log holds only a part of makes no rate.
    let log_start_us = lines.iter().map(|line| line.start_us).min().unwrap();
    let log_end_us = lines.iter().map(|line| line.start_us).max().unwrap() + 1;
    let is_whole =
        |minute: &i64| minute * WINDOW_US >= log_start_us && (minute + 1) * WINDOW_US <= log_end_us;
    let whole: Vec<u64> = (first..=last).filter(is_whole).map(of).collect();
    assert!(
        whole.len() < expected.len(),
        "the log has no minute in part"
    );
    #[expect(clippy::cast_precision_loss, reason = "counts of a test log are small")]
    let rate = whole.iter().sum::<u64>() as f64 / whole.len() as f64;
    assert_close(&orders["value"], rate);
    let judged = list(orders, "/windows")
        .iter()
        .filter(|window| !window["value"].is_null());
    assert_eq!(judged.count(), whole.len());
}

#[test]
fn three_seconds_are_within_three_seconds_and_a_millisecond_more_is_not() {
    let folder = TempFolder::new();
    let times = [2.999, 3.0, 3.0, 3.001, 3.002, 0.0];
    let lines =
        (0..60).map(|second| line(second, "POST /checkout", 200, times[second as usize % 6]));
    folder.write("access.log", lines.collect::<String>());
    ingest(&folder, "access.log");
    let document: Value = serde_json::from_str(&slis(&folder)).unwrap();
    assert_share(sli(&document, "checkout_within_3s"), 40, 60);
}

#[test]
fn any_split_of_a_log_into_two_files_gives_the_same_bytes() {
    let log = SimulatedLog::of(60);
    let whole = TempFolder::new();
    whole.write("access.log", &log.text);
    ingest(&whole, "access.log");
    let expected = slis(&whole);
    let line_count = log.text.lines().count();
    for lines in [1, line_count / 3, line_count / 2, line_count - 1] {
        let first = log.first_lines(lines);
        for order in ["a.log b.log", "b.log a.log"] {
            let folder = TempFolder::new();
            folder.write("a.log", &first);
            folder.write("b.log", &log.text[first.len()..]);
            ingest(&folder, order);
            assert_eq!(
                slis(&folder),
                expected,
                "{lines} lines in a.log, read as {order}"
            );
        }
    }
}

#[test]
fn two_commands_give_the_same_bytes_as_one() {
    let log = plain_lines(400);
    let half = log.match_indices('\n').nth(199).unwrap().0 + 1;
    let (one, two) = (TempFolder::new(), TempFolder::new());
    for folder in [&one, &two] {
        folder.write("a.log", &log[..half]);
        folder.write("b.log", &log[half..]);
    }
    ingest(&one, "a.log b.log");
    ingest(&two, "b.log");
    ingest(&two, "a.log");
    assert_eq!(slis(&one), slis(&two));
}

#[test]
fn from_is_inclusive_and_to_is_exclusive() {
    let log = plain_lines(1_200);
    let lines = oracle(&log);
    let folder = TempFolder::new();
    folder.write("access.log", &log);
    ingest(&folder, "access.log");
    let (from_us, to_us) = (
        1_795_766_400_000_000 + 2 * WINDOW_US,
        1_795_766_400_000_000 + 7 * WINDOW_US,
    );
    let words = "sli --lake lake --json --from 2026-11-27T08:02:00Z --to 2026-11-27T08:07:00Z";
    let document = run(&folder, words).json();
    assert_eq!(text(&document, "/from"), "2026-11-27T08:02:00Z");
    assert_eq!(text(&document, "/to"), "2026-11-27T08:07:00Z");
    let inside = total(&lines, |line| (from_us..to_us).contains(&line.start_us));
    let availability = sli(&document, "availability");
    assert_eq!(count(availability, "/valid"), inside);
    assert_eq!(list(availability, "/windows").len(), 5);
    let zoned = "sli --lake lake --json --tz Europe/Berlin --from 2026-11-27T09:02:00 --to 2026-11-27T09:07:00";
    assert_eq!(run(&folder, zoned).json(), document);
}

#[test]
fn a_week_holds_its_days_and_not_those_of_the_next() {
    let folder = TempFolder::new();
    let log = plain_lines(300);
    folder.write("friday.log", &log);
    folder.write("monday.log", log.replace("27/Nov/2026", "30/Nov/2026"));
    ingest(&folder, "friday.log monday.log");
    for (week, from) in [
        ("2026-W48", "2026-11-23T00:00:00Z"),
        ("2026-W49", "2026-11-30T00:00:00Z"),
    ] {
        let words = format!("sli --lake lake --json --window 1h --week {week}");
        let document = run(&folder, &words).json();
        assert_eq!(text(&document, "/from"), from);
        assert_eq!(count(&document, "/window_s"), 3_600);
        assert_eq!(
            count(sli(&document, "availability"), "/valid"),
            300,
            "{week}"
        );
        assert_eq!(list(sli(&document, "availability"), "/windows").len(), 168);
    }
    let empty = run(&folder, "sli --lake lake --week 2026-W01").refuses(4);
    assert!(empty.err.contains("no requests"), "{}", empty.err);
}

#[test]
fn windows_that_reach_out_of_the_week_are_refused_with_some_that_do_not() {
    let folder = TempFolder::new();
    folder.write("access.log", plain_lines(300));
    ingest(&folder, "access.log");
    let in_berlin = "sli --lake lake --tz Europe/Berlin --week 2026-W48 --json --window";
    let refused = run(&folder, &format!("{in_berlin} 1d")).refuses(2);
    assert!(refused.err.contains("--window 1h"), "{}", refused.err);
    let document = run(&folder, &format!("{in_berlin} 1h")).json();
    assert_eq!(text(&document, "/from"), "2026-11-22T23:00:00Z");
    assert_eq!(text(&document, "/to"), "2026-11-29T23:00:00Z");
    let half = "sli --lake lake --window 1h --from 2026-11-27T07:30:00Z";
    let refused = run(&folder, half).refuses(2);
    assert!(refused.err.contains("--window 30m"), "{}", refused.err);
}

#[test]
fn the_csv_has_the_windows_of_the_json() {
    let folder = TempFolder::new();
    folder.write("access.log", plain_lines(300));
    ingest(&folder, "access.log");
    let document: Value = serde_json::from_str(&slis(&folder)).unwrap();
    let csv = run(&folder, "sli --lake lake --format csv").out;
    let mut rows = csv.lines();
    assert_eq!(
        rows.next(),
        Some("sli,kind,unit,window_start,value,good,valid,count,state,window_s")
    );
    for series in list(&document, "/slis") {
        for window in list(series, "/windows") {
            let cells: Vec<&str> = rows.next().unwrap().split(',').collect();
            for (index, key) in ["name", "kind", "unit"].iter().enumerate() {
                assert_eq!(cells[index], series[key]);
            }
            assert_eq!(
                (cells[3], cells[8]),
                (text(window, "/start"), text(window, "/state"))
            );
            for (index, key) in ["good", "valid", "count"].iter().enumerate() {
                assert_eq!(cells[5 + index], window[key].to_string());
            }
            let window_us: i64 = cells[9].parse::<i64>().unwrap() * 1_000_000;
            assert_eq!(series["window_us"], window_us);
            match cells[4].parse() {
                Ok(value) => assert_close(&window["value"], value),
                Err(_) => assert_eq!((cells[4], &window["value"]), ("", &Value::Null)),
            }
        }
    }
    assert_eq!(rows.next(), None);
}

#[test]
fn a_missed_sli_exits_1_and_a_met_one_exits_0_with_the_same_shape() {
    let folder = TempFolder::new();
    let lines = |status: u16| -> String {
        (0..200)
            .map(|second| line(second, "POST /checkout", status, 0.1))
            .collect()
    };
    folder.write("good.log", lines(200));
    folder.write("bad.log", lines(503).replace("27/Nov", "28/Nov"));
    ingest(&folder, "good.log bad.log");
    let on = |day: u8| {
        let words = format!(
            "sli --lake lake --json --from 2026-11-{day}T08:00:00Z --to 2026-11-{day}T08:03:00Z"
        );
        run(&folder, &words)
    };
    let (good, bad) = (on(27).exits(0).json(), on(28).exits(1).json());
    assert_eq!(text(sli(&good, "checkout_success"), "/state"), "met");
    assert_eq!(text(sli(&bad, "checkout_success"), "/state"), "missed");
    for document in [&good, &bad] {
        assert_sli_shape(document);
    }
}

/// Fails unless the document has every field that people script against.
#[track_caller]
pub fn assert_sli_shape(document: &Value) {
    assert!(!list(document, "/slis").is_empty());
    for sli in list(document, "/slis") {
        for key in [
            "name", "kind", "unit", "state", "value", "good", "valid", "count", "interval",
        ] {
            assert!(sli.get(key).is_some(), "no {key} in {sli}");
        }
        assert!(["met", "missed", "not_enough_data"].contains(&text(sli, "/state")));
        for window in list(sli, "/windows") {
            for key in ["start", "value", "good", "valid", "count", "state"] {
                assert!(window.get(key).is_some(), "no {key} in {window}");
            }
        }
    }
}

#[test]
fn too_few_requests_are_not_enough_data_and_never_green() {
    let folder = TempFolder::new();
    let lines = |count| (0..count).map(|second| line(second, "POST /checkout", 200, 0.1));
    folder.write("access.log", lines(19).collect::<String>());
    ingest(&folder, "access.log");
    let state = |name: &str| {
        let document: Value = serde_json::from_str(&slis(&folder)).unwrap();
        text(sli(&document, name), "/state").to_owned()
    };
    assert_eq!(state("checkout_success"), "not_enough_data");
    folder.write("access.log", lines(20).collect::<String>());
    ingest(&folder, "access.log");
    assert_eq!(state("checkout_success"), "met");
    assert_eq!(state("checkout_p95"), "not_enough_data");
}

#[test]
fn nonsense_instead_of_a_time_is_wrong_usage() {
    let folder = TempFolder::new();
    folder.write("access.log", plain_lines(10));
    ingest(&folder, "access.log");
    for words in [
        "--from yesterday",
        "--week 2026-W54",
        "--tz Mars/Olympus",
        "--window 1.5s",
        "--run nobody",
        "--from 2026-11-27 --to 2026-11-26",
        "--week 2026-W48 --from -1d",
        "--week 2026-W48 --window 7m",
        "--week 2026-W48 --window 400d",
    ] {
        run(&folder, &format!("sli --lake lake {words}")).exits(2);
    }
}
