//! Levels are learned from simulated weeks whose truth is known, or refused where there is none: simulate,
//! ingest, calibrate, and use what was learned.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::program::{count, list, run, text};
use super::temp_folder::TempFolder;

/// Six weeks of a shop in which every page fails now and then, and its lake.
fn weeks(extra: &str) -> TempFolder {
    let folder = TempFolder::new();
    let words = format!(
        "simulate --start 2026-08-31 --days 42 --shoppers-per-day 2000 --seed 5 --tickets --contacts-per-1000 60 {extra} -o weeks -q"
    );
    run(&folder, &words).exits(0);
    run(&folder, "ingest weeks --keep-query order --lake lake -q").exits(0);
    folder
}

const CALIBRATE: &str = "calibrate --tickets weeks/tickets.csv --lake lake --resamples 200 --expires-after 3650d --sli availability --json";

fn truth(folder: &TempFolder) -> Value {
    serde_json::from_str(&folder.read("weeks/truth.json")).expect("the truth is JSON")
}

/// Contacts, one per order or session within a day, by hand; rows are in the order of time.
fn net_by_hand(tickets: &str) -> u64 {
    let mut last: HashMap<String, i64> = HashMap::new();
    let mut net = 0;
    for row in tickets.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let at: jiff::Timestamp = cells[1].parse().expect("times are RFC 3339");
        let keys = [("order", cells[4]), ("session", cells[5])];
        let keys = keys.iter().filter(|(_, key)| !key.is_empty());
        let keys: Vec<String> = keys.map(|(kind, key)| format!("{kind} {key}")).collect();
        let is_again = |key: &String| {
            let before = last.get(key);
            before.is_some_and(|before| at.as_second() - before < 86_400)
        };
        if !keys.iter().any(is_again) {
            net += 1;
            last.extend(keys.into_iter().map(|key| (key, at.as_second())));
        }
    }
    net
}

#[test]
fn the_learned_level_is_near_the_truth_and_can_be_used() {
    let folder = weeks("--episodes 24");
    let learned = run(&folder, CALIBRATE).exits(0).json();
    let truth = truth(&folder);
    let doubles_at = 1.0
        - truth
            .pointer("/contacts/doubles_at")
            .and_then(Value::as_f64)
            .expect("there is an effect");
    let contact = list(&learned, "/thresholds")
        .iter()
        .find(|level| level["level"] == "contact")
        .expect("there is a level");
    let below = contact["below"]
        .as_f64()
        .expect("availability is bad below");
    assert_eq!(text(contact, "/sli"), "availability");
    // Of the shares of failed requests, 30 %.
    assert!(
        ((1.0 - below) / (1.0 - doubles_at) - 1.0).abs() < 0.3,
        "{below} for {doubles_at}"
    );
    let tickets = count(&truth, "/contacts/gross");
    assert_eq!(count(&learned, "/tickets/gross"), tickets);
    // The law may draw one session twice; it is one contact all the same.
    let net = net_by_hand(&folder.read("weeks/tickets.csv"));
    assert_eq!(count(&learned, "/tickets/net"), net);
    assert!(net <= count(&truth, "/contacts/net"));
    assert_eq!(count(&learned, "/tickets/rows"), tickets);
    assert_eq!(text(&learned, "/exposure"), "sessions");
    let (keyed, found) = (
        count(&learned, "/linked/keyed"),
        count(&learned, "/linked/found"),
    );
    assert!(found * 100 > keyed * 97, "{found} of {keyed} are known");
    let written = text(&learned, "/output");
    assert_eq!(written, "thresholds/shop.yaml");
    run(&folder, "check thresholds/shop.yaml").exits(0);
    let sli = run(
        &folder,
        "sli --lake lake --thresholds thresholds/shop.yaml --window 15m --json",
    );
    assert!([0, 1].contains(&sli.code), "{}", sli.err);
    // The same seed, the same bytes but for when it was.
    let first = folder.read(written);
    run(&folder, CALIBRATE).exits(0);
    let without_time = |text: &str| {
        text.lines()
            .filter(|line| !line.trim_start().starts_with("at:"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(without_time(&folder.read(written)), without_time(&first));
    assert!(
        !first.contains("cause"),
        "nothing is said to bring contacts about"
    );
}

/// Whether a request was answered in time, as `simulate --journey slow` has it.
const SLOW_SET: &str = "\
name: slow
window: 1m
rehearsal_window: 5s
routes: ['/product/{id}']
events:
  page: {title: Any request}
slis:
  - {kind: latency_cut, name: pages_within_5s, title: Requests within 5 s, event: page, limit: 5s}
";

#[test]
fn slow_pages_have_a_level_in_the_units_of_their_latency_sli() {
    let folder = weeks("--episodes 24 --journey slow");
    folder.write("slow.yaml", SLOW_SET);
    let words = "calibrate --tickets weeks/tickets.csv --lake lake --resamples 200 --expires-after 3650d --defs slow.yaml --json";
    let learned = run(&folder, words).exits(0).json();
    let truth = truth(&folder);
    let doubles_at = truth
        .pointer("/contacts/doubles_at")
        .and_then(Value::as_f64)
        .expect("there is an effect");
    let contact = list(&learned, "/thresholds")
        .iter()
        .find(|level| level["level"] == "contact")
        .expect("a level");
    assert_eq!(text(contact, "/sli"), "pages_within_5s");
    let slow = 1.0 - contact["below"].as_f64().expect("it is bad below");
    assert!(
        (slow / doubles_at - 1.0).abs() < 0.3,
        "{slow} for {doubles_at}"
    );
    let reasons = list(&learned, "/reasons");
    let net: u64 = reasons.iter().map(|reason| count(reason, "/net")).sum();
    assert_eq!(net, count(&learned, "/tickets/net"));
    assert!(
        reasons.iter().any(|reason| reason["reason"] == "slow"),
        "{reasons:?}"
    );
}

#[test]
fn without_an_effect_and_with_two_episodes_it_refuses_and_writes_nothing() {
    for extra in ["--effect none --episodes 24", "--episodes 2"] {
        let folder = weeks(extra);
        let refused = run(&folder, CALIBRATE).exits(1).json();
        assert_eq!(text(&refused, "/status"), "refused", "{extra}");
        assert!(list(&refused, "/thresholds").is_empty());
        assert!(refused["output"].is_null());
        let because = list(&refused, "/refused_because");
        assert!(!because.is_empty(), "{extra}: {refused}");
        for refusal in because {
            assert!(!text(refusal, "/reason").is_empty() && !text(refusal, "/cure").is_empty());
        }
        assert!(!folder.join("thresholds").exists(), "{extra}");
        let told = run(&folder, &CALIBRATE.replace("--json", "--write-refusal")).exits(1);
        assert!(
            told.out.starts_with("REFUSED  ") && told.out.contains("cure: "),
            "{}",
            told.out
        );
        let written = folder.read("thresholds/shop.yaml");
        assert!(written.contains("status: refused"), "{written}");
        run(&folder, "check thresholds/shop.yaml").exits(0);
        assert!(Path::new(&folder.join("thresholds/shop.yaml")).exists());
    }
}
