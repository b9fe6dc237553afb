//! A rehearsal and a report of its lake say the same, down to the last row and state.

use serde_json::Value;

use super::program::{count, list, run, sli, text};
use super::surge_file::Surge;
use super::temp_folder::TempFolder;

/// Half of the checkouts are refused: that misses an objective over days, and one of the range, and is beyond
/// a level that takes longer than the run; the journey is missed for its parts alone.
const SLIS: &str = "\
name: goals
window: 1m
rehearsal_window: 1s
routes: ['/product/{id}']
events:
  page: {title: Any request}
  checkout: {title: Checkout, method: POST, route: /checkout}
slis:
  - {kind: composite, name: buying, title: Buying, parts: [{sli: checkout_success}, {sli: availability}]}
  - kind: ratio
    name: checkout_success
    title: Checkouts answered well
    event: checkout
    bad_status: [4xx, 5xx, none]
    min_count: 1
    objectives: [{target: 0.98, over: 28d}]
    thresholds: [{level: contact, below: 0.95, for: 1m}]
  - {kind: ratio, name: availability, title: Requests answered, event: page, objective: 0.99, min_count: 1}
";

/// Shoppers who are still on their way two seconds after the last one came, in a shop that refuses.
fn rehearsed() -> (TempFolder, Value, Value) {
    let folder = TempFolder::new();
    let surge = Surge {
        target: "{shop: {checkouts_per_s: 4, payment_time: 20ms, payment_queue: 1}}".to_owned(),
        shoppers_per_s: 20,
        arrivals: "even",
        steps: "[{get: /}, {get: '/product/{product}', think: {fixed: 1200ms}}, {post: /cart, form: {product: '{product}', quantity: '1'}}, {post: /checkout, think: {fixed: 800ms}}]",
        ..Surge::default()
    };
    folder.write("short.yaml", surge.yaml());
    folder.write("goals.yaml", SLIS);
    let words = "rehearse short.yaml --sli-defs goals.yaml --lake lake --json --run-id one --report own.json";
    let printed = run(&folder, words).exits(1).json();
    let own = serde_json::from_str(&folder.read("own.json")).expect("a page is JSON");
    (folder, printed, own)
}

#[test]
fn a_report_of_a_rehearsal_has_the_numbers_of_the_rehearsal() {
    let (folder, printed, own) = rehearsed();
    let words = "report --lake lake --defs goals.yaml --run one -o again.json --json";
    let again = run(&folder, words).exits(1).json();
    for part in [
        "rehearsal",
        "routes",
        "slis",
        "verdict",
        "sentence",
        "funnel",
    ] {
        assert_eq!(again[part], own[part], "{part}");
    }
    assert_eq!(own["rehearsal"], printed["rehearsal"]);
    let judged = run(
        &folder,
        "sli --lake lake --defs goals.yaml --run one --json",
    )
    .json();
    assert_eq!(judged["slis"], printed["slis"]);
}

#[test]
fn each_request_is_in_one_row_and_rates_are_of_the_time_in_which_they_were_due() {
    let (_folder, printed, own) = rehearsed();
    let rows = list(&own, "/rehearsal/requests");
    let of = |name: &str| {
        let row = rows.iter().find(|row| row["name"] == name);
        row.unwrap_or_else(|| panic!("no {name} in {rows:?}"))["count"]
            .as_f64()
            .unwrap()
    };
    let made = of("made");
    assert!(of("refused (429, 503)") > 0.0);
    let apart = rows
        .iter()
        .filter(|row| row["name"] != "planned" && row["name"] != "made");
    let sum: f64 = apart.map(|row| row["count"].as_f64().unwrap()).sum();
    assert_eq!(sum, made, "{rows:?}");
    let routes = list(&own, "/routes");
    let in_routes: u64 = routes.iter().map(|route| count(route, "/requests")).sum();
    assert_eq!(in_routes, count(&printed, "/requests"));
    // The curve is 3 s long, and the last checkout was due 2 s later.
    let checkout = routes.iter().find(|route| route["route"] == "/checkout");
    let checkout = checkout.expect("there were checkouts");
    let due_s = count(checkout, "/requests") as f64 / checkout["rate_per_s"].as_f64().unwrap();
    assert!(due_s > 4.5, "{due_s}");
}

#[test]
fn objectives_over_days_are_missed_by_a_rehearsal_and_named_with_their_value() {
    let (folder, printed, own) = rehearsed();
    for (name, state) in [
        ("checkout_success", "missed"),
        ("availability", "missed"),
        ("buying", "missed"),
    ] {
        assert_eq!(text(sli(&printed, name), "/state"), state, "{name}");
    }
    let sentence = text(&own, "/sentence");
    assert!(
        sentence.starts_with("Checkouts answered well missed its objective over 28 days: ")
            && sentence.contains(" % against 98 %. One more SLI missed its own."),
        "{sentence}"
    );
    let levels = list(sli(&own, "availability"), "/levels");
    let objective = levels.last().expect("it has an objective");
    assert_eq!(objective["first_crossed_us"], Value::Null);
    assert_eq!(objective["crossed_s"], 3.0);
    let words = "report --lake lake --defs goals.yaml --run one -o again.md --color never";
    let told = run(&folder, words).exits(1);
    let markdown = folder.read("again.md");
    for said in [
        "objective below 99 %: missed over the whole range",
        "contact below 95 %: the whole range is, but never 60 s on end",
    ] {
        assert!(markdown.contains(said), "{said}: {markdown}");
    }
    assert!(
        told.out.contains("95 % !") && told.out.contains("never on end"),
        "{}",
        told.out
    );
    let again = run(
        &folder,
        "report --lake lake --defs goals.yaml --run one --compare one -o again.json --json",
    );
    for row in list(&again.exits(1).json(), "/rehearsal/comparison/slis") {
        assert_eq!(row["state_before"], row["state_after"], "{row}");
    }
}
