//! What an SLI says of itself: its windows, its zone, its lateness, what counts; and that value and
//! budget agree.

use std::collections::BTreeMap;

use serde_json::Value;

use super::hand_made_log::{
    BOT, Hit, assert_counts, assert_value, hit, judged, lake_of, log, per_window, values,
};
use super::ingest::ingest;
use super::program::{count, list, run, sli, text};
use super::temp_folder::TempFolder;

/// Thirty requests a minute for six minutes from 08:00, of which those of the fifth fail.
fn six_minutes() -> Vec<Hit> {
    let hits = (0..180).map(|index| {
        let (minute, second) = (index / 30, index % 30 * 2);
        let status = if minute == 4 { 503 } else { 200 };
        hit(minute * 60 + second, 1 + index % 7, "GET /", status)
    });
    hits.collect()
}

/// Start of each window, `HH:MM`.
fn starts(sli: &Value) -> Vec<String> {
    let windows = list(sli, "/windows").iter();
    windows
        .map(|window| text(window, "/start")[11..16].to_owned())
        .collect()
}

const WINDOWS: &str = "
events: {page: {}}
slis:
  - {kind: ratio, name: minutes, title: T, event: page}
  - {kind: ratio, name: own, title: Own, event: page, window: 4m}
  - {kind: latency, name: p95, title: T, event: page, percentile: 95, window: 2m, thresholds: [{level: warn, above: 1s, for: 1m}]}
  - {kind: windows_good, name: calm, title: T, of: p95}
  - {kind: composite, name: both, title: T, parts: [{sli: minutes}, {sli: own}]}
";

#[test]
fn an_sli_is_cut_into_windows_of_its_own_and_its_total_is_the_same() {
    let folder = lake_of(&log(&six_minutes()));
    let document = judged(&folder, WINDOWS);
    assert_eq!(count(&document, "/window_s"), 60);
    let (minutes, own) = (sli(&document, "minutes"), sli(&document, "own"));
    for found in [minutes, own] {
        assert_counts(found, 150.0 / 180.0, 150, 180);
    }
    assert_eq!(count(minutes, "/window_us"), 60_000_000);
    assert_eq!(count(own, "/window_us"), 240_000_000);
    assert_eq!(starts(own), ["08:00", "08:04"]);
    assert_eq!(per_window(own, "/good"), [120, 30]);
    assert_eq!(values(sli(&document, "both")), [Some(1.0), Some(0.5)]);
    // No minute holds the 59 requests of a p95; two of them do.
    assert_counts(sli(&document, "calm"), 1.0, 3, 3);
}

#[test]
fn an_sli_is_cut_into_windows_shorter_than_those_of_its_set() {
    let folder = lake_of(&log(&six_minutes()));
    let set = "
events: {page: {}}
slis:
  - {kind: ratio, name: minutes, title: T, event: page}
  - {kind: ratio, name: halves, title: T, event: page, window: 30s, min_count: 10}
";
    let document = judged(&folder, set);
    let (minutes, halves) = (sli(&document, "minutes"), sli(&document, "halves"));
    for found in [minutes, halves] {
        assert_counts(found, 150.0 / 180.0, 150, 180);
    }
    assert_eq!(per_window(minutes, "/valid"), [30; 6]);
    assert_eq!(per_window(halves, "/valid"), [15; 12]);
    let bad = values(halves)
        .iter()
        .filter(|value| **value == Some(0.0))
        .count();
    assert_eq!(bad, 2);
}

#[test]
fn a_range_that_cuts_a_longer_window_has_what_lies_in_the_range() {
    let folder = lake_of(&log(&six_minutes()));
    folder.write("set.yaml", format!("name: by-hand\nwindow: 1m\n{WINDOWS}"));
    let words = "sli --lake lake --json --defs set.yaml --from 2026-11-27T08:03:00Z --to 2026-11-27T08:05:00Z";
    let document = run(&folder, words).json();
    for name in ["minutes", "own"] {
        assert_counts(sli(&document, name), 0.5, 30, 60);
    }
    let own = sli(&document, "own");
    assert_eq!(starts(own), ["08:00", "08:04"]);
    assert_eq!(per_window(own, "/valid"), [30, 30]);
}

#[test]
fn the_windows_that_are_asked_for_are_those_of_every_sli() {
    let folder = lake_of(&log(&six_minutes()));
    folder.write("set.yaml", format!("name: by-hand\nwindow: 1m\n{WINDOWS}"));
    let words = "sli --lake lake --json --defs set.yaml --window 3m";
    let document = run(&folder, words).json();
    for name in ["minutes", "own", "p95", "calm", "both"] {
        assert_eq!(starts(sli(&document, name)), ["08:00", "08:03"], "{name}");
    }
}

#[test]
fn the_table_and_the_csv_say_which_windows_are_other_than_those_of_the_set() {
    let folder = lake_of(&log(&six_minutes()));
    folder.write("set.yaml", format!("name: by-hand\nwindow: 1m\n{WINDOWS}"));
    let table = run(&folder, "sli --lake lake --defs set.yaml").out;
    assert!(table.contains("in windows of 4 min: Own; T"), "{table}");
    let csv = run(&folder, "sli --lake lake --defs set.yaml --format csv").out;
    let lengths = |name: &str| -> Vec<&str> {
        let lines = csv
            .lines()
            .filter(|line| line.starts_with(&format!("{name},")));
        lines.map(|line| line.rsplit(',').next().unwrap()).collect()
    };
    assert_eq!(lengths("own"), ["240"; 2]);
    assert_eq!(lengths("minutes"), ["60"; 6]);
}

#[test]
fn a_crossing_of_a_longer_window_lasts_as_long_as_that() {
    let folder = lake_of(&log(&six_minutes()));
    let levelled = "thresholds: [{level: contact, below: 0.9, for: 1m}]";
    let set = format!(
        "
events: {{page: {{}}}}
slis:
  - {{kind: ratio, name: minutes, title: T, event: page, {levelled}}}
  - {{kind: ratio, name: own, title: T, event: page, window: 2m, {levelled}}}
"
    );
    let document = judged(&folder, &set);
    let crossed = |name: &str| {
        let stretch = &list(sli(&document, name), "/levels/0/crossed_us")[0];
        [0, 1].map(|end| stretch[end].as_i64().unwrap() / 60_000_000 % 60)
    };
    assert_eq!((crossed("minutes"), crossed("own")), ([4, 5], [4, 6]));
}

#[test]
fn bots_429_and_maintenance_are_those_of_the_sli_that_says_so() {
    let mut hits = Vec::new();
    for index in 0..30 {
        let status = if index < 10 { 429 } else { 200 };
        hits.push(hit(index, 1, "GET /", status));
        hits.push(Hit {
            agent: BOT,
            ..hit(60 + index, 2, "GET /", 200)
        });
    }
    let folder = lake_of(&log(&hits));
    let document = judged(
        &folder,
        "
events: {page: {}}
slis:
  - {kind: ratio, name: plain, title: T, event: page}
  - {kind: ratio, name: all, title: T, event: page, counting: {bots: true}}
  - {kind: ratio, name: mild, title: T, event: page, counting: {too_many_requests_good: true}}
  - kind: ratio
    name: upgraded
    title: T
    event: page
    time_zone: Europe/Berlin
    counting: {bots: true}
    exclusions: [{reason: upgrade, from: 2026-11-20T09:00, to: 2026-11-20T09:01, repeat: FREQ=WEEKLY}]
",
    );
    assert_counts(sli(&document, "plain"), 20.0 / 30.0, 20, 30);
    assert_counts(sli(&document, "all"), 50.0 / 60.0, 50, 60);
    assert_counts(sli(&document, "mild"), 1.0, 30, 30);
    let upgraded = sli(&document, "upgraded");
    assert_counts(upgraded, 1.0, 30, 30);
    assert_value(&upgraded["value_with_excluded"], 50.0 / 60.0);
    assert_eq!(text(upgraded, "/time_zone"), "Europe/Berlin");
    assert_eq!(sli(&document, "plain").get("time_zone"), None);
}

/// The newest objective of each SLI, by name, in the JSON of a report of that Friday.
fn objectives(folder: &TempFolder, set: &str) -> BTreeMap<String, Value> {
    folder.write("set.yaml", format!("name: by-hand\nwindow: 1m\n{set}"));
    let words = "report --lake lake --defs set.yaml --from 2026-11-27T08:00:00Z --to 2026-11-27T08:10:00Z -o page.json";
    let ran = run(folder, words);
    assert!([0, 1].contains(&ran.code), "{}", ran.err);
    let page: Value = serde_json::from_str(&folder.read("page.json")).expect("the report is JSON");
    let slis = list(&page, "/slis").iter();
    let newest = |sli: &Value| list(sli, "/detail/objectives").last().cloned();
    slis.filter_map(|sli| Some((text(sli, "/name").to_owned(), newest(sli)?)))
        .collect()
}

#[test]
fn a_calendar_objective_has_the_days_of_its_own_zone() {
    let old: Vec<Hit> = (0..40).map(|second| hit(second, 1, "GET /", 503)).collect();
    let new: Vec<Hit> = (0..40).map(|second| hit(second, 2, "GET /", 200)).collect();
    let folder = lake_of(&log(&new));
    folder.write(
        "old.log",
        log(&old).replace("27/Nov/2026:08", "26/Nov/2026:22"),
    );
    ingest(&folder, "old.log --site shop.example");
    let found = objectives(
        &folder,
        "
events: {page: {}}
slis:
  - {kind: ratio, name: utc, title: T, event: page, objectives: [{target: 0.9, over: day}]}
  - {kind: ratio, name: tokyo, title: T, event: page, time_zone: Asia/Tokyo, objectives: [{target: 0.9, over: day}]}
",
    );
    let value = |name: &str| found[name]["value"].as_f64();
    assert_eq!(value("utc"), Some(1.0));
    // 26 November 22:00 in UTC is the morning of the 27th in Tokyo.
    assert_eq!(value("tokyo"), Some(0.5));
}

#[test]
fn the_budget_of_a_ratio_counts_what_its_value_counts() {
    let checkout = "POST /checkout";
    // Thirty shoppers: a third fails once and repeats with success.
    let mut hits = Vec::new();
    for shopper in 1..=30 {
        let failed = shopper % 3 == 0;
        if failed {
            hits.push(hit(shopper, shopper, checkout, 503));
        }
        hits.push(hit(shopper + 15, shopper, checkout, 200));
    }
    let folder = lake_of(&log(&hits));
    let set = |counting: &str| {
        format!(
            "
events: {{checkout: {{route: /checkout}}}}
slis:
  - kind: ratio
    name: checkout
    title: T
    event: checkout
    {counting}
    thresholds: [{{level: warn, below: 0.9, for: 1m}}]
    objectives: [{{target: 0.9, over: 7d}}]
  - {{kind: windows_good, name: calm, title: T, of: checkout, objectives: [{{target: 0.9, over: 7d}}]}}
"
        )
    };
    for (counting, good, valid, budget) in [
        ("min_count: 20", 30, 40, 2.5),
        ("counting: {collapse_retries_within: 20s}", 30, 30, 0.0),
    ] {
        let document = judged(&folder, &set(counting));
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let value = good as f64 / valid as f64;
        assert_counts(sli(&document, "checkout"), value, good, valid);
        let found = objectives(&folder, &set(counting));
        assert_value(&found["checkout"]["value"], value);
        assert_value(&found["checkout"]["budget_used"], budget);
        assert_eq!(
            found["calm"]["value"],
            sli(&document, "calm")["value"],
            "{counting}"
        );
    }
}

#[test]
fn the_hash_is_that_of_the_set_and_of_the_threshold_file_behind_it() {
    use sha2::{Digest as _, Sha256};
    let folder = lake_of(&log(&[hit(0, 1, "GET /", 200)]));
    let set = "name: by-hand\nevents: {page: {}}\nslis:\n  - {kind: rate, name: all, title: T, event: page}\n";
    let thresholds = "thresholds:\n  - {sli: all, level: warn, below: 7, for: 1m}\n";
    folder.write("set.yaml", set);
    folder.write("learned.yaml", thresholds);
    let hash = |more: &str| {
        let words = format!("sli --lake lake --json --defs set.yaml {more}");
        text(&run(&folder, &words).json(), "/definition_sha256").to_owned()
    };
    let sha256 = |text: &str| {
        let digest = Sha256::digest(text.as_bytes());
        digest
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    assert_eq!(hash(""), sha256(set));
    assert_eq!(
        hash("--thresholds learned.yaml"),
        sha256(&format!("{set}{thresholds}"))
    );
}
