//! Several scenarios at once: each has its own shoppers, who do not know of each other.

use std::collections::BTreeMap;

use serde_json::Value;

use super::lake_rows::rows;
use super::program::{count, list, run, text};
use super::surge_file::{LOOK, Surge, WIDE_SLIS};
use super::temp_folder::TempFolder;

/// Numbers of shoppers of the second scenario begin here.
const SECOND: u64 = 1 << 48;

fn prepared() -> TempFolder {
    let folder = TempFolder::new();
    folder.write("wide.yaml", WIDE_SLIS);
    folder.write("a.yaml", Surge::default().yaml());
    let looking = Surge {
        steps: LOOK,
        shoppers_per_s: 20,
        ..Surge::default()
    };
    folder.write(
        "b.yaml",
        looking
            .yaml()
            .replace("name: short", "name: looking")
            .replace("seed: 7", "seed: 8"),
    );
    folder
}

/// The document of a rehearsal that ends well.
fn rehearse(folder: &TempFolder, words: &str) -> Value {
    let words = format!("rehearse {words} --sli-defs wide.yaml --lake lake --json");
    run(folder, &words).exits(0).json()
}

/// By shopper, when its first request was due after that of the first of all, µs.
fn first_requests(
    folder: &TempFolder,
    run_id: &str,
    is_wanted: impl Fn(u64) -> bool,
) -> BTreeMap<u64, i64> {
    let mut first: BTreeMap<u64, i64> = BTreeMap::new();
    for row in rows(&folder.join("lake/requests"), &["run_id", "shopper", "ts"]) {
        let shopper: u64 = row[1].parse().expect("a shopper is a number");
        if row[0] != run_id || !is_wanted(shopper) {
            continue;
        }
        let ts: jiff::Timestamp = row[2].parse().expect("ts is a time");
        let earliest = first.entry(shopper).or_insert(i64::MAX);
        *earliest = (*earliest).min(ts.as_microsecond());
    }
    let start_us = first.values().min().copied().unwrap_or(0);
    first.values_mut().for_each(|ts_us| *ts_us -= start_us);
    first
}

#[test]
fn another_scenario_changes_nothing_of_who_comes_when() {
    let folder = prepared();
    let alone = rehearse(&folder, "a.yaml --run-id alone");
    let both = rehearse(&folder, "a.yaml --also b.yaml --run-id both");
    assert!(alone.get("scenarios").is_none());
    let scenarios = list(&both, "/scenarios");
    assert_eq!(scenarios.len(), 2);
    assert_eq!(
        (text(&scenarios[0], "/name"), text(&scenarios[1], "/name")),
        ("short", "looking")
    );
    for key in ["/offered_arrivals", "/requests", "/started", "/completed"] {
        assert_eq!(
            count(&scenarios[0], key) + count(&scenarios[1], key),
            count(&both, key),
            "{key}"
        );
    }
    assert_eq!(
        count(&scenarios[0], "/offered_arrivals"),
        count(&alone, "/offered_arrivals")
    );
    assert_eq!(
        count(&scenarios[0], "/requests"),
        count(&alone, "/requests")
    );
    assert_eq!(
        first_requests(&folder, "both", |shopper| shopper < SECOND),
        first_requests(&folder, "alone", |_| true)
    );
    let second = first_requests(&folder, "both", |shopper| shopper >= SECOND);
    assert_eq!(second.len() as u64, count(&scenarios[1], "/started"));
    let dry = run(&folder, "rehearse a.yaml --also b.yaml --dry-run --json")
        .exits(0)
        .json();
    assert!(
        (dry["arrivals"].as_f64().unwrap() - 90.0).abs() < 1e-6,
        "{dry}"
    );
    // 30 shoppers with four steps, 60 with one.
    assert!(
        (dry["requests"].as_f64().unwrap() - 180.0).abs() < 1e-6,
        "{dry}"
    );
}

#[test]
fn a_closed_model_runs_beside_an_open_one() {
    let folder = prepared();
    let b = folder.read("b.yaml");
    let (head, rest) = b.split_once("traffic:").expect("a scenario has traffic");
    let (_, rest) = rest
        .split_once("shoppers:\n")
        .expect("a scenario has shoppers");
    let closed = |name: &str, shoppers: u32, length_s: u32| {
        let steps = rest.replace("{get: /}", "{get: /, think: {fixed: 100ms}}");
        let file = format!(
            "{head}traffic: {{closed: {{shoppers: {shoppers}, for: {length_s}s}}}}\nshoppers:\n{steps}"
        );
        file.replace("name: looking", &format!("name: {name}"))
    };
    folder.write("closed.yaml", closed("crowd", 4, 2));
    folder.write("longer.yaml", closed("longer", 2, 5));
    rehearse(&folder, "a.yaml --run-id open");
    let words = "closed.yaml --also a.yaml --also longer.yaml --run-id mixed";
    let mixed = rehearse(&folder, words);
    let scenarios = list(&mixed, "/scenarios");
    for key in ["/offered_arrivals", "/started", "/completed", "/requests"] {
        let sum: u64 = scenarios.iter().map(|scenario| count(scenario, key)).sum();
        assert_eq!(sum, count(&mixed, key), "{key}");
    }
    // Whoever arrives is who would arrive without them.
    let of = |index: u64| move |shopper: u64| shopper / SECOND == index;
    assert_eq!(
        first_requests(&folder, "mixed", of(1))
            .values()
            .collect::<Vec<_>>(),
        first_requests(&folder, "open", |_| true)
            .values()
            .collect::<Vec<_>>()
    );
    // Each needs at least 100 ms for a visit, and has so long for all of them.
    for (index, shoppers, length_s) in [(0, 4, 2), (2, 2, 5)] {
        let scenario = &scenarios[index];
        let completed = count(scenario, "/completed");
        assert!(
            (shoppers..=shoppers * length_s * 10).contains(&completed),
            "{scenario}"
        );
        let came = first_requests(&folder, "mixed", of(index as u64)).len() as u64;
        assert!(
            (completed..=count(scenario, "/started")).contains(&came),
            "{came}"
        );
    }
    let last = first_requests(&folder, "mixed", of(2)).into_values().max();
    assert!(last.expect("somebody came") > 2_000_000, "{last:?}");
    let dry = run(&folder, &format!("rehearse {words} --dry-run --json"))
        .exits(0)
        .json();
    // 30 who arrive, six who are there: four of them for 2 s, and two for 5 s. A visit takes 0.1 s of thinking and
    // an answer of 0.2 s, as is assumed.
    let near = |key: &str, wanted: f64| {
        let found = dry[key].as_f64().unwrap();
        assert!((found - wanted).abs() < 1e-6, "{key}: {found}");
    };
    near("arrivals", 36.0);
    near("requests", 30.0 * 4.0 + (4.0 * 2.0 + 2.0 * 5.0) / 0.3);
    near("peak_shoppers_per_s", 10.0 + 6.0 / 0.3);
    near("peak_returning_per_s", 6.0 / 0.3);
}

#[test]
fn what_cannot_run_together_says_why() {
    let folder = prepared();
    let refused = run(&folder, "rehearse a.yaml --also a.yaml --dry-run").refuses(3);
    assert!(
        refused.err.contains("two scenarios are called `short`"),
        "{}",
        refused.err
    );
    let elsewhere = Surge {
        target: "{base_url: 'http://127.0.0.1:9'}".to_owned(),
        ..Surge::default()
    };
    folder.write(
        "c.yaml",
        elsewhere.yaml().replace("name: short", "name: elsewhere"),
    );
    let refused = run(&folder, "rehearse a.yaml --also c.yaml --dry-run").refuses(3);
    assert!(
        refused.err.contains("drives another target"),
        "{}",
        refused.err
    );
    run(
        &folder,
        "rehearse a.yaml --also c.yaml --host http://127.0.0.1:9 --dry-run",
    )
    .exits(0);
}
