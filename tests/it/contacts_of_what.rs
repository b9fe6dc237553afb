//! What contacts are counted per: sessions or requests, the shopper of an order, an order that is turned away.

use serde_json::Value;

use super::hand_made_log::{Hit, hit, lake_of, log};
use super::learned_levels::{Learned, SET};
use super::program::{count, run, text};
use super::temp_folder::TempFolder;

const SLI: &str = "sli --lake lake --defs sli-defs/calls.yaml --json";

/// A quarter of an hour of 20 shoppers who check out once each; every other checkout fails.
fn half_fail() -> Vec<Hit> {
    let checkout = |shopper: u32| {
        let status = if shopper.is_multiple_of(2) { 303 } else { 503 };
        hit(shopper * 40 + 5, shopper + 1, "POST /checkout", status)
    };
    (0..20).map(checkout).collect()
}

fn learned_lake(log: &str, learned: &Learned) -> TempFolder {
    let folder = lake_of(log);
    folder.write("sli-defs/calls.yaml", SET);
    folder.write("thresholds/calls.yaml", learned.yaml());
    folder
}

/// The same log, in which nothing tells shoppers apart.
fn without_shoppers(log: &str) -> String {
    let lines = log.lines().map(|line| {
        let (_, rest) = line.split_once(' ').expect("a line begins with an address");
        format!("- {rest}\n")
    });
    lines.collect()
}

#[track_caller]
fn assert_near(document: &Value, pointer: &str, expected: f64) {
    let found = document.pointer(pointer).and_then(Value::as_f64);
    let found = found.unwrap_or_else(|| panic!("no number at {pointer} of {document}"));
    assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
}

#[test]
fn levels_per_session_predict_nothing_where_no_shopper_is_known_and_say_so() {
    for exposure in [None, Some("sessions")] {
        let learned = Learned {
            exposure,
            ..Learned::default()
        };
        let folder = learned_lake(&without_shoppers(&log(&half_fail())), &learned);
        let judged = run(&folder, SLI).exits(0);
        let because = text(&judged.json(), "/predicted_contacts/unknown_because").to_owned();
        assert!(because.contains("learned per session"), "{because}");
        assert!(
            judged.err.contains("no contacts are predicted"),
            "{}",
            judged.err
        );
    }
}

#[test]
fn levels_per_request_count_requests_whoever_made_them() {
    let learned = Learned {
        exposure: Some("requests"),
        ..Learned::default()
    };
    // Each shopper looks at two pages first: without a funnel all requests count.
    let mut hits = half_fail();
    hits.extend((0..20).flat_map(|shopper| {
        [1, 2].map(|second| hit(shopper * 40 + second, shopper + 1, "GET /", 200))
    }));
    hits.sort_by_key(|hit| hit.second);
    let log = log(&hits);
    for log in [without_shoppers(&log), log] {
        let folder = learned_lake(&log, &learned);
        let judged = run(&folder, SLI).exits(0).json();
        // 60 requests × 0.1 × 10 × (0.9 − 0.5).
        assert_near(&judged, "/predicted_contacts/sessions", 60.0);
        assert_near(&judged, "/predicted_contacts/value", 24.0);
        let assumes = judged["predicted_contacts"]["assumes"].to_string();
        assert!(
            assumes.contains("per request of the first step"),
            "{assumes}"
        );
        let what_if =
            "contacts --lake lake --defs sli-defs/calls.yaml --json --if checkout_success=70%";
        let refused = run(&folder, what_if).refuses(2);
        assert!(
            refused.err.contains("per request of the first step")
                && refused.err.contains("--sessions-per-hour"),
            "{}",
            refused.err
        );
        let answer = run(&folder, &format!("{what_if} --sessions-per-hour 1000"))
            .exits(0)
            .json();
        assert_near(&answer, "/predicted_contacts/value", 200.0);
    }
}

#[test]
fn a_ticket_that_names_an_order_is_of_whoever_placed_it() {
    let mut log = log(&half_fail());
    // The order that failed first is asked for again in its query.
    log = log.replacen("POST /checkout HTTP", "POST /checkout?order=SO-1 HTTP", 1);
    let second = "\"POST /checkout HTTP/1.1\" 503";
    log = log.replacen(second, "\"POST /checkout?order=SO-2 HTTP/1.1\" 503", 1);
    let folder = TempFolder::new();
    folder.write("access.log", log);
    folder.write("sli-defs/calls.yaml", SET);
    run(
        &folder,
        "ingest access.log --lake lake --keep-query order -q",
    )
    .exits(0);
    folder.write(
        "tickets.csv",
        "created_at,ticket_id,reason,order_id\n\
         2026-11-27T08:40:07Z,1,payment,SO-2\n\
         2026-11-27T08:41:23Z,2,payment,SO-99\n\
         2026-11-27T08:42:31Z,3,payment,\n",
    );
    let words =
        "report --lake lake --defs sli-defs/calls.yaml -o page.json --tickets tickets.csv -q";
    run(&folder, words).exits(0);
    let page: Value = serde_json::from_str(&folder.read("page.json")).expect("it is JSON");
    assert_eq!(count(&page, "/desk/rows/0/shoppers"), 10);
    assert_eq!(count(&page, "/desk/rows/0/called"), 1);
    assert_eq!(count(&page, "/desk/rows/0/not_called"), 9);
    let remarks = page["desk"]["remarks"].to_string();
    assert!(
        remarks.contains("1 of 3 contacts name no session, no customer and no order")
            && remarks.contains("1 of 3 contacts name an order only"),
        "{remarks}"
    );
}

#[test]
fn orders_that_are_turned_away_call_as_learned() {
    // 15 sessions of which 10 order.
    let look = |shopper: u32| hit(shopper * 50, shopper + 1, "GET /", 200);
    let order = |shopper: u32| hit(shopper * 50 + 20, shopper + 1, "POST /checkout", 303);
    let mut hits: Vec<Hit> = (0..15).map(look).collect();
    hits.extend((0..10).map(order));
    hits.sort_by_key(|hit| hit.second);
    let folder = learned_lake(&log(&hits), &Learned::default());
    let set = SET.replace(
        "slis:",
        "  order: {title: Ordered, method: POST, route: /checkout, status: [2xx, 3xx]}\nfunnel: [page, order]\nslis:",
    );
    folder.write("sli-defs/calls.yaml", set);
    let forecast = "capacity forecast --lake lake --defs sli-defs/calls.yaml --last-peak 125/min --campaign 1 \
                    --maximum 100..105/min --thresholds thresholds/calls.yaml";
    let found = run(&folder, &format!("{forecast} --json")).exits(1).json();
    // An hour of 7,500 orders, a fifth turned away: 7,500 × 1.5 sessions × 0.1 × 10 × (0.9 − 0.8).
    assert_near(&found, "/shedding/2/orders_shed", 1_500.0);
    assert_near(&found, "/shedding/2/contacts_expected", 1_125.0);
    let bound = |at: usize| {
        found["shedding"][2]["contacts"][at]
            .as_f64()
            .expect("a bound")
    };
    assert!(bound(0) < 1_125.0 && 1_125.0 < bound(1), "{found}");
    let told = run(&folder, forecast).exits(1).out;
    assert!(
        told.contains("customers would call")
            && told.contains("by levels learned from support contacts of 2026-09-01"),
        "{told}"
    );
    assert!(!told.contains("How many customers would call"), "{told}");
    for (learned, what) in [
        (
            Learned {
                exposure: Some("requests"),
                ..Learned::default()
            },
            "per request of the first step",
        ),
        (
            Learned {
                expires: "2026-01-01T00:00:00Z",
                ..Learned::default()
            },
            "stale",
        ),
    ] {
        folder.write("thresholds/calls.yaml", learned.yaml());
        let refused = run(&folder, forecast).refuses(3);
        assert!(refused.err.contains(what), "{}", refused.err);
    }
}
