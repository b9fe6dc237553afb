//! `sli --by`: each part of the traffic on its own, and the parts together are the whole.

use serde_json::Value;

use super::hand_made_log::{assert_counts, assert_value, hit, judged, lake_of, log, per_window};
use super::ingest::ingest;
use super::program::{count, list, run, sli, text};
use super::temp_folder::TempFolder;

const CHECKOUT: &str = "POST /checkout";
const LANDED: &str = "POST /checkout?utm_source=newsletter&utm_medium=email";
/// The channel of the latter.
const NEWSLETTER: &str = "utm:newsletter/email";

/// Repeats of shoppers, some of which are on another channel than what they repeat.
fn repeats() -> TempFolder {
    lake_of(&log(&[
        // Meant once, and well in the end, on no channel.
        hit(0, 1, LANDED, 503),
        hit(10, 1, LANDED, 503),
        hit(20, 1, CHECKOUT, 200),
        // Meant once, and never well, by way of the newsletter.
        hit(30, 2, CHECKOUT, 503),
        hit(50, 2, LANDED, 503),
        hit(40, 3, CHECKOUT, 200),
        // Over the edge of a minute: it counts where it ended.
        hit(50, 4, LANDED, 503),
        hit(70, 4, CHECKOUT, 200),
        hit(65, 5, LANDED, 200),
        // 38 s later is another thing.
        hit(62, 6, CHECKOUT, 503),
        hit(100, 6, CHECKOUT, 503),
    ]))
}

/// Both count the same requests, one of them each attempt.
const RATIOS: &str = "
counting: {collapse_retries_within: 30s}
events:
  page: {}
  checkout: {route: /checkout}
slis:
  - kind: ratio
    name: meant
    title: Meant
    event: checkout
    min_count: 1
    objective: 0.55
    thresholds: [{level: warn, below: 0.9, for: 1m}]
  - {kind: ratio, name: asked, title: Asked, event: checkout, min_count: 1, counting: {collapse_retries_within: 0s}}
";

/// Every part of the lake, by the set that was written last.
#[track_caller]
fn parts(folder: &TempFolder, by: &str) -> Vec<Value> {
    let words = format!("sli --lake lake --json --defs set.yaml --by {by}");
    let ran = run(folder, &words);
    assert!([0, 1].contains(&ran.code), "{}", ran.err);
    list(&ran.json(), "").to_vec()
}

#[track_caller]
fn part<'a>(parts: &'a [Value], name: &str) -> &'a Value {
    let part = parts.iter().find(|part| part["name"] == name);
    part.unwrap_or_else(|| panic!("no part `{name}`"))
}

#[test]
fn what_a_shopper_meant_belongs_to_the_part_of_the_last_attempt() {
    let folder = repeats();
    assert_counts(sli(&judged(&folder, RATIOS), "meant"), 4.0 / 7.0, 4, 7);
    let parts = parts(&folder, "channel");
    assert_eq!(parts.len(), 2);
    let none = part(&parts, "");
    assert_eq!(count(none, "/requests"), 6);
    let meant = sli(none, "meant");
    assert_counts(meant, 0.6, 3, 5);
    assert_eq!(count(meant, "/count"), 5);
    assert_eq!(text(meant, "/state"), "met");
    assert_eq!(per_window(meant, "/good"), [2, 1]);
    assert_eq!(per_window(meant, "/valid"), [2, 3]);
    // Clopper and Pearson's of 3 of 5.
    for (index, bound) in [(0, 0.1466), (1, 0.9473)] {
        let found = meant["interval"][index].as_f64().unwrap();
        assert!((found - bound).abs() < 1e-4, "{found}");
    }
    assert_counts(sli(none, "asked"), 0.5, 3, 6);
    let newsletter = part(&parts, NEWSLETTER);
    assert_counts(sli(newsletter, "meant"), 0.5, 1, 2);
    assert_eq!(per_window(sli(newsletter, "meant"), "/valid"), [1, 1]);
    assert_eq!(text(sli(newsletter, "meant"), "/state"), "missed");
    assert_counts(sli(newsletter, "asked"), 0.2, 1, 5);
    assert!(list(newsletter, "/not_judged").is_empty());
}

#[test]
fn parts_add_up_to_the_whole_whatever_they_differ_in() {
    let folder = repeats();
    let dropped = "exclusions: [{reason: upgrade, from: 2026-11-27T08:01, to: 2026-11-27T08:02}]\n";
    for maintenance in ["", dropped] {
        let document = judged(&folder, &format!("{maintenance}{RATIOS}"));
        for by in [
            "service",
            "method",
            "route",
            "status",
            "status-class",
            "client",
            "channel",
            "run",
        ] {
            let parts = parts(&folder, by);
            for name in ["meant", "asked"] {
                let whole = sli(&document, name);
                for pointer in ["/good", "/valid", "/excluded_valid"] {
                    let own = parts.iter().map(|part| count(sli(part, name), pointer));
                    let sum: u64 = own.sum();
                    assert_eq!(sum, count(whole, pointer), "{by} {name} {pointer}");
                }
                for pointer in ["/good", "/valid"] {
                    let mut sums = vec![0; list(whole, "/windows").len()];
                    for part in &parts {
                        let own = per_window(sli(part, name), pointer);
                        sums.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
                    }
                    assert_eq!(sums, per_window(whole, pointer), "{by} {name} {pointer}");
                }
            }
        }
    }
}

#[test]
fn maintenance_is_dropped_from_every_part() {
    let folder = repeats();
    let exclusions =
        "exclusions: [{reason: upgrade, from: 2026-11-27T08:01, to: 2026-11-27T08:02}]\n";
    judged(&folder, &format!("{exclusions}{RATIOS}"));
    let parts = parts(&folder, "channel");
    let table = [
        ("", "meant", 2, 2, 0.6),
        ("", "asked", 2, 3, 0.5),
        (NEWSLETTER, "meant", 0, 1, 0.5),
        (NEWSLETTER, "asked", 0, 4, 0.2),
    ];
    for (name, of, good, valid, with_excluded) in table {
        let found = sli(part(&parts, name), of);
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let value = good as f64 / valid as f64;
        assert_counts(found, value, good, valid);
        assert_value(&found["value_with_excluded"], with_excluded);
    }
}

#[test]
fn what_is_made_of_meant_requests_is_judged_and_what_is_counted_by_shopper_is_named() {
    let folder = repeats();
    let set = format!(
        "{RATIOS}
  - {{kind: windows_good, name: calm, title: Calm, of: meant}}
  - {{kind: composite, name: buying, title: Buying, parts: [{{sli: meant}}, {{sli: asked}}]}}
  - {{kind: user_uptime, name: uptime, title: Uptime, event: page}}
  - {{kind: funnel, name: buyers, title: Buyers, steps: [page, checkout]}}
  - {{kind: composite, name: both, title: Both, parts: [{{sli: meant}}, {{sli: uptime}}]}}
"
    );
    judged(&folder, &set);
    let parts = parts(&folder, "channel");
    for (name, buying) in [("", 0.5), (NEWSLETTER, 0.2)] {
        let part = part(&parts, name);
        assert_counts(sli(part, "calm"), 1.0, 2, 2);
        assert_value(&sli(part, "buying")["value"], buying);
        assert_eq!(
            part["not_judged"],
            serde_json::json!(["uptime", "buyers", "both"])
        );
    }
    let table = run(&folder, "sli --lake lake --defs set.yaml --by channel").out;
    let said =
        "not judged by channel, as they follow shoppers from part to part: Uptime; Buyers; Both";
    assert!(table.contains(said), "{table}");
}

#[test]
fn kept_answers_of_one_dimension_are_not_those_of_another_and_follow_new_rows() {
    let folder = repeats();
    judged(&folder, RATIOS);
    let first = parts(&folder, "channel");
    assert_eq!(parts(&folder, "client").len(), 1);
    assert_eq!(parts(&folder, "channel"), first);
    folder.write("later.log", log(&[hit(110, 5, LANDED, 503)]));
    ingest(&folder, "later.log --site shop.example");
    let parts = parts(&folder, "channel");
    assert_counts(sli(part(&parts, NEWSLETTER), "meant"), 1.0 / 3.0, 1, 3);
}
