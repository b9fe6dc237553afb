//! `capacity` over HTTP: a shop of known capacity, refusals, interruption, what the lake keeps.

use serde_json::Value;

use super::program::{Ran, command, count, interrupt, list, run, start, text, wait, wait_for_line};
use super::surge_file::{BUY, Surge};
use super::temp_folder::TempFolder;

/// SLIs of the checkout whose levels a shop past its limit crosses within seconds.
const SLIS: &str = "\
name: checkout
window: 1m
rehearsal_window: 1s
routes: ['/product/{id}']
events:
  page: {title: Any request}
  checkout: {title: Checkout, method: POST, route: /checkout}
  order: {title: Ordered, method: POST, route: /checkout, status: [2xx, 3xx]}
funnel: [checkout, order]
slis:
  - kind: latency
    name: checkout_p95
    title: Checkout response, p95
    event: checkout
    percentile: 95
    thresholds: [{level: contact, above: 400ms, for: 1s}]
  - kind: ratio
    name: checkout_success
    title: Checkouts answered well
    event: checkout
    bad_status: [4xx, 5xx, none]
    thresholds: [{level: contact, below: 0.9, for: 1s}]
";

/// Checkouts per second that the shop completes; every shopper buys, so that is its maximum.
const MAXIMUM: f64 = 12.0;
/// One trial of three seconds decides a rate.
const GOAL: &str = "--goal contacts:trial=3s,sum=3s,initial=3s,loss=1%,width=20% --lead-in 1s";

fn prepared() -> TempFolder {
    let surge = Surge {
        target: format!(
            "{{shop: {{checkouts_per_s: {MAXIMUM}, payment_time: 80ms, payment_queue: 300}}}}"
        ),
        arrivals: "even",
        steps: BUY,
        ..Surge::default()
    };
    let folder = TempFolder::new();
    folder.write("shop.yaml", surge.yaml());
    folder.write("slis.yaml", SLIS);
    folder
}

fn words(more: &str) -> String {
    format!("capacity shop.yaml --sli-defs slis.yaml --lake lake {more}")
}

fn capacity(folder: &TempFolder, more: &str) -> Ran {
    run(folder, &words(more))
}

#[track_caller]
fn number(value: &Value, pointer: &str) -> f64 {
    let found = value.pointer(pointer).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("{pointer} is no number in {value}"))
}

#[test]
fn a_search_finds_what_the_shop_can_and_goes_on_after_ctrl_c() {
    let folder = prepared();
    let search = format!("{GOAL} --start 11 --max 40 --no-beyond --search-id known --json");
    let mut child = start(&mut command(&folder, &words(&search)));
    let (line, stderr) = wait_for_line(&mut child, "trial  1");
    assert!(
        line.contains("11/s") && line.contains("contacts lost 0 %"),
        "{line}"
    );
    interrupt(&child);
    drop(stderr);
    let stopped = wait(child).exits(6).json();
    assert_eq!(text(&stopped, "/outcome"), "stopped");
    assert!(
        text(&stopped, "/reason").contains("--search-id known"),
        "{stopped}"
    );

    let found = capacity(&folder, &search).exits(0).json();
    assert_eq!(list(&stopped, "/trials")[0], list(&found, "/trials")[0]);
    let (lower, upper) = (number(&found, "/lower"), number(&found, "/upper"));
    assert!(
        lower < upper && lower <= MAXIMUM * 1.2 && upper >= MAXIMUM * 0.8,
        "{found}"
    );
    assert!((upper - lower) / upper <= 0.201, "{found}");
    assert_eq!(found["irregular"], false);
    assert_eq!(text(&found, "/unit"), "shoppers/s");
    assert_eq!(text(&found, "/goals/0/state"), "regular");
    assert_eq!(text(&found, "/first_to_break/sli"), "checkout_p95");
    assert_eq!(text(&found, "/first_to_break/route"), "POST /checkout");
    assert!(number(&found, "/generator/reached_per_s") >= 40.0);
    let orders = number(&found, "/in_other_units/orders_per_min/0");
    assert!((orders / 60.0 / lower - 1.0).abs() < 0.2, "{found}");

    // Each trial is a run like any other, and none is made twice.
    let names: Vec<&str> = list(&found, "/trials")
        .iter()
        .map(|it| text(it, "/run_id"))
        .collect();
    assert_eq!(names[0], "known-trial-01");
    let judged = run(
        &folder,
        "sli --run known-trial-01 --defs slis.yaml --lake lake --json",
    );
    assert!(count(&judged.json(), "/slis/0/valid") >= 33);
    let again = capacity(&folder, &search).exits(0).json();
    assert_eq!(again["trials"], found["trials"]);
    run(&folder, "lake verify --lake lake").exits(0);
}

#[test]
fn a_target_that_fails_at_the_lowest_rate_is_named_and_one_that_never_fails_too() {
    let folder = prepared();
    let slow = folder
        .read("shop.yaml")
        .replace("checkouts_per_s: 12", "checkouts_per_s: 1");
    folder.write("shop.yaml", slow);
    let only = "--min 6 --start 6 --max 6 --no-beyond --json";
    let failed = capacity(&folder, &format!("{GOAL} {only}")).exits(1).json();
    assert_eq!(text(&failed, "/outcome"), "fails_at_lowest");
    assert_eq!(
        (&failed["lower"], number(&failed, "/upper")),
        (&Value::Null, 6.0)
    );
    assert!(text(&failed, "/reason").contains("(hint: "), "{failed}");

    let fast = folder
        .read("shop.yaml")
        .replace("checkouts_per_s: 1,", "checkouts_per_s: 500,");
    folder.write("shop.yaml", fast);
    let held = capacity(&folder, &format!("{GOAL} {only}")).exits(0).json();
    assert_eq!(text(&held, "/outcome"), "holds_at_highest");
    assert_eq!(
        (number(&held, "/lower"), &held["upper"]),
        (6.0, &Value::Null)
    );
    assert_eq!(held["irregular"], true);
    assert!(
        text(&held, "/sentence").contains("at least 6 shoppers/s"),
        "{held}"
    );
}

#[test]
fn what_cannot_be_searched_is_refused_before_anything_is_sent() {
    let folder = prepared();
    let table = [
        ("--budget 2s", "--budget: "),
        ("--goal calm", "goal `calm` is not known"),
        (
            "--goal contacts --goal contacts",
            "goal `contacts` is named twice",
        ),
        ("--goal contacts:width=0.1%", "`width` is 0.001"),
        ("--goal comfortable", "has a warn level"),
        ("--start 10 --max 5", "are not in this order"),
        ("--report page.pdf", "is no kind of report"),
        ("--search-id a/b", "is not a name"),
    ];
    for (more, expected) in table {
        let refused = capacity(&folder, more).refuses(2);
        assert!(refused.err.contains(expected), "{more}: {}", refused.err);
        assert!(
            refused.err.contains("(hint: ") || more.contains("--goal contacts --goal"),
            "{}",
            refused.err
        );
    }
    for more in [
        "--start fast",
        "--goal contacts:los=1%",
        "--fact autoscaling",
    ] {
        let refused = capacity(&folder, more);
        assert!(
            refused.code == 2 && refused.err.contains("(hint: "),
            "{}",
            refused.err
        );
    }
    let far = capacity(&folder, "--host http://192.0.2.1:9 --max 20").refuses(4);
    assert!(far.err.contains("is not in `hosts_allowed`"), "{}", far.err);
    assert!(!folder.path().join("lake/searches").exists());
}

#[test]
fn a_scenario_says_its_own_goals_and_highest_rate() {
    let folder = prepared();
    let own = "capacity:\n  start: 2\n  max: 50\n  goals:\n    - {name: buying, level: contact, trial: 30s, sum: 1m, loss: 0.02, width: 0.1}\n";
    folder.write("shop.yaml", format!("{}{own}", folder.read("shop.yaml")));
    let dry = capacity(&folder, "--dry-run --json").exits(0).json();
    assert_eq!(text(&dry, "/goals/0/name"), "buying");
    assert!((number(&dry, "/goals/0/duration_sum_s") - 60.0).abs() < 1e-9);
    assert!((number(&dry, "/start_per_s") - 2.0).abs() < 1e-9);
    assert!((number(&dry, "/max_per_s") - 50.0).abs() < 1e-9);
    // Evenly or not: in the model of the shop twelve a second is what its workers carry.
    assert!(
        (number(&dry, "/model/maximum_per_s") - MAXIMUM).abs() < 0.01,
        "{dry}"
    );
    let lower = number(&dry, "/model/goals/0/lower");
    assert!((MAXIMUM * 0.7..=MAXIMUM * 1.2).contains(&lower), "{dry}");
    assert!(number(&dry, "/estimated_s") > 60.0);
    assert!(!folder.path().join("lake").exists());
    let above = "limits: {in_flight: 500, shoppers_per_s: 40,";
    let limited = folder
        .read("shop.yaml")
        .replace("limits: {in_flight: 500,", above);
    folder.write("shop.yaml", limited);
    let refused = capacity(&folder, "--dry-run").refuses(2);
    assert!(
        refused.err.contains("`limits.shoppers_per_s` of 40"),
        "{}",
        refused.err
    );
}

#[test]
fn a_search_of_something_else_is_not_resumed() {
    let folder = prepared();
    let only = "--min 6 --start 6 --max 6 --no-beyond --search-id mine";
    capacity(&folder, &format!("{GOAL} {only}")).exits(0);
    let other = capacity(&folder, &format!("{GOAL} {only} --seed 99")).refuses(2);
    assert!(other.err.contains("seed: 7, and not 99"), "{}", other.err);
    let scenario = folder
        .read("shop.yaml")
        .replace("name: short", "name: long");
    folder.write("other.yaml", scenario);
    let refused = run(
        &folder,
        &words(&format!("{GOAL} {only}")).replace("shop.yaml", "other.yaml"),
    );
    let refused = refused.refuses(2);
    assert!(
        refused.err.contains("scenario: short, and not long"),
        "{}",
        refused.err
    );
    folder.write("lake/searches/mine.json", "{");
    let broken = capacity(&folder, &format!("{GOAL} {only}")).refuses(4);
    assert!(broken.err.contains("cannot be read"), "{}", broken.err);
}

#[test]
fn a_generator_that_does_not_keep_its_schedule_ends_the_search_as_invalid() {
    let folder = prepared();
    let strict = folder
        .read("shop.yaml")
        .replace("schedule_lag_p99: 10s", "schedule_lag_p99: 1us");
    folder.write("shop.yaml", strict);
    let refused = capacity(&folder, &format!("{GOAL} --start 6 --max 6 --no-beyond")).refuses(5);
    assert!(
        refused.err.contains("the generator keeps its schedule"),
        "{}",
        refused.err
    );
}
