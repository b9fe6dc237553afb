//! What follows from a capacity: headroom, routes that slow down, the report of a search.
//!
//! Logs are made so that peaks, channels and latencies can be counted by hand.

use serde_json::Value;

use super::load_log::{assert_near, json, log, number};
use super::program::run;
use super::surge_file::{BUY, Surge};
use super::temp_folder::TempFolder;

#[test]
fn the_forecast_is_the_arithmetic_of_its_options() {
    let folder = TempFolder::new();
    let words = "capacity forecast --last-peak 220/min --growth 1.15 --campaign 2.5..3.5 --maximum 900/min --json";
    let found = json(&run(&folder, words).exits(0));
    assert_eq!(found["fit"], "fits");
    assert_near(number(&found, "/demand/0/peak_per_min"), 632.5, 1e-9);
    assert_near(number(&found, "/demand/2/peak_per_min"), 885.5, 1e-9);
    assert_near(number(&found, "/headroom/1"), 900.0 / 885.5 - 1.0, 1e-9);
    let words = "capacity forecast --last-peak 220/min --growth 1.15 --campaign 2.5..3.5 --maximum 700..750/min --instances 8 --peak-lasts 30m --contacts-per-order 0.1..0.2 --order-value 50 --json";
    let found = json(&run(&folder, words).exits(1));
    assert_eq!(found["fit"], "uncertain");
    // 885.5 / 700 × 8 = 10.12; 632.5 / 700 × 8 = 7.23.
    assert_eq!(found["instances"][2]["needed"], 11);
    assert_eq!(found["instances"][0]["needed"], 8);
    assert_near(
        number(&found, "/shedding/2/orders_shed"),
        185.5 * 30.0,
        1e-9,
    );
    assert_near(
        number(&found, "/shedding/2/contacts/1"),
        185.5 * 30.0 * 0.2,
        1e-9,
    );
    assert_near(
        number(&found, "/shedding/2/value_lost"),
        185.5 * 30.0 * 50.0,
        1e-9,
    );
    assert_eq!(number(&found, "/shedding/0/orders_shed"), 0.0);
    let ran = run(
        &folder,
        "capacity forecast --last-peak 220/min --campaign 5 --maximum 900/min --report h.html",
    )
    .exits(1);
    assert!(
        ran.out
            .contains("It does not fit: at least 200 orders/min are too many."),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("Break glass: shedding at 900 orders/min turns away 12\u{2009}000 orders"),
        "{}",
        ran.out
    );
    assert!(folder.read("h.html").contains("does not fit"));
}

#[test]
fn a_scaling_law_bends_the_number_of_instances() {
    let folder = TempFolder::new();
    folder.write(
        "law.json",
        r#"{"lambda": 1.0, "sigma": 0.1, "kappa": 0.0, "points": 9}"#,
    );
    let words = "capacity forecast --last-peak 1200/min --maximum 900/min --instances 10 --scaling law.json --json";
    assert_eq!(
        json(&run(&folder, words).exits(1))["instances"][2]["needed"],
        22
    );
    let words = "capacity forecast --last-peak 1800/min --maximum 900/min --instances 10 --scaling law.json";
    let ran = run(&folder, words).exits(1);
    assert!(ran.out.contains("no number is enough"), "{}", ran.out);
    folder.write("law.json", "{}");
    let ran = run(&folder, words).exits(4);
    assert!(
        ran.err.contains("`law.json` is no scalability law"),
        "{}",
        ran.err
    );
}

#[test]
fn a_wrong_forecast_says_what_would_be_right() {
    let folder = TempFolder::new();
    let table = [
        (
            "--last-peak 220 --maximum 900/min",
            2,
            "is not a rate (hint: e.g. 220/min",
        ),
        (
            "--last-peak 220/min --maximum 900",
            2,
            "neither a file nor a search in the lake",
        ),
        ("--last-peak 220/min", 2, "no maximum: none was named"),
        ("--maximum 900/min", 4, "lake"),
        (
            "--last-peak 220/min --maximum 900/min --campaign 3..2",
            2,
            "is no factor",
        ),
        (
            "--last-peak 220/min --maximum 900/min --reserve 1",
            2,
            "--reserve",
        ),
        (
            "--last-peak 220/min --maximum 900/min --instances 0",
            2,
            "0",
        ),
        (
            "--last-peak 220/min --maximum 900/min --scaling l.json",
            2,
            "--instances",
        ),
        (
            "--last-peak 220/min --maximum gone.json",
            4,
            "cannot read `gone.json`",
        ),
        (
            "--last-peak 220/min --maximum 900/min --goal x",
            2,
            "a rate has no goals",
        ),
        (
            "--last-peak 220/min --maximum 900/min --report x.csv",
            2,
            "no kind of report",
        ),
    ];
    for (options, code, message) in table {
        let ran = run(&folder, &format!("capacity forecast {options}")).exits(code);
        assert!(ran.err.contains(message), "{options}: {}", ran.err);
    }
    folder.write("bad.json", "{}");
    let ran = run(
        &folder,
        "capacity forecast --last-peak 2/min --maximum bad.json",
    )
    .exits(4);
    assert!(
        ran.err
            .contains("is not what `firedrill capacity SCENARIO --json` prints"),
        "{}",
        ran.err
    );
}

/// An hour from 08:00 in which `orders(minute)` shoppers order each minute, every other one of them
/// brought by a newsletter.
fn orders_log(orders: impl Fn(u32) -> u32) -> String {
    let mut lines = String::new();
    for minute in 0..60 {
        for index in 0..orders(minute) {
            let second = index * 60 / orders(minute).max(1);
            let client = format!("10.{}.{}.{}", minute, index / 250, index % 250 + 1);
            let entry = if index % 2 == 0 {
                "/?utm_source=newsletter"
            } else {
                "/"
            };
            for request in [format!("GET {entry}"), "POST /checkout".to_owned()] {
                lines.push_str(&format!(
                    "{client} - - [27/Nov/2026:08:{minute:02}:{second:02} +0000] \"{request} HTTP/1.1\" 200 512 \"-\" \"Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/130.0\" 0.100\n"
                ));
            }
        }
    }
    lines
}

#[test]
fn the_curve_of_a_day_says_when_the_maximum_is_passed_and_which_channel_would_help() {
    let folder = TempFolder::new();
    // Five minutes of 40 orders/min at 08:20, else 4.
    folder.write(
        "access.log",
        orders_log(|minute| if (20..25).contains(&minute) { 40 } else { 4 }),
    );
    run(&folder, "ingest access.log -q").exits(0);
    let words = "capacity forecast --curve 2026-11-27 --campaign 10 --maximum 300/min --json";
    let found = json(&run(&folder, words).exits(1));
    assert_near(number(&found, "/last_peak_per_min"), 40.0, 1e-9);
    assert_eq!(found["passed_at"][2], "2026-11-27T08:20:00Z");
    assert_near(number(&found, "/demand/2/passes/above_s"), 300.0, 1e-9);
    assert_near(number(&found, "/shedding/2/orders_shed"), 5.0 * 100.0, 1e-9);
    // Half of the orders came by the newsletter: 200 are left of 400.
    let channels = found["channels"].as_array().expect("there are channels");
    let newsletter = channels
        .iter()
        .find(|channel| channel["name"] == "utm:newsletter")
        .expect("it is one");
    assert_near(number(newsletter, "/share"), 0.5, 0.01);
    assert_eq!(newsletter["is_enough"], true);
    assert_eq!(found["channels_to_turn_off"][0], "utm:newsletter");
    let ran = run(
        &folder,
        "capacity forecast --curve 2026-11-27 --campaign 10 --maximum 300/min --report day.html",
    )
    .exits(1);
    for part in [
        "is passed at 2026-11-27 08:20",
        "Turning off utm:newsletter brings",
        "the highest 5 min of the lake",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert!(folder.read("day.html").contains("time of day"));
    // Without a day the peak is the highest five minutes of all.
    let found = json(&run(&folder, "capacity forecast --maximum 300/min --json").exits(0));
    assert_near(number(&found, "/demand/2/peak_per_min"), 40.0, 1e-9);
    assert_eq!(found["demand"][2]["passes"], Value::Null);
    let ran = run(
        &folder,
        "capacity forecast --curve 2020-01-01 --maximum 300/min",
    )
    .exits(4);
    assert!(ran.err.contains("no order in that range"), "{}", ran.err);
    let ran = run(&folder, "capacity forecast --window 7m --maximum 300/min").exits(2);
    assert!(
        ran.err.contains("that an hour can be divided by"),
        "{}",
        ran.err
    );
    let ran = run(&folder, "capacity forecast --maximum CAP-x").exits(2);
    assert!(
        ran.err.contains("neither a file nor a search"),
        "{}",
        ran.err
    );
    let ran = run(&folder, "capacity forecast").exits(2);
    assert!(
        ran.err.contains("the lake has no finished search"),
        "{}",
        ran.err
    );
}

#[test]
fn the_route_that_slows_down_with_traffic_is_named_first() {
    let folder = TempFolder::new();
    // Ten hours, their first halves calm, their second halves busy; only checkout cares.
    let mut minutes = Vec::new();
    for minute in 0..600 {
        let is_busy = minute % 60 >= 30;
        let per_min = if is_busy { 24 } else { 12 };
        minutes.push((minute, per_min, "GET /", 0.1));
        minutes.push((
            minute,
            per_min,
            "POST /checkout",
            if is_busy { 0.6 } else { 0.2 },
        ));
    }
    folder.write("access.log", log(&minutes));
    run(&folder, "ingest access.log -q").exits(0);
    let found = json(&run(&folder, "capacity routes --json --report routes.html").exits(0));
    let first = &found["routes"][0];
    assert_eq!(
        (&first["method"], &first["route"]),
        (&"POST".into(), &"/checkout".into())
    );
    assert_eq!(
        (&first["state"], &found["routes"][1]["state"]),
        (&"slows_down".into(), &"steady".into())
    );
    assert_near(number(first, "/ratio"), 3.0, 0.01);
    assert!(number(first, "/slower_from_per_s") > 0.4);
    assert_eq!(found["block"], "hour");
    assert!(folder.read("routes.html").contains("Latency by traffic"));
    let ran = run(&folder, "capacity routes").exits(0);
    assert!(
        ran.out.starts_with("POST /checkout slows down first from"),
        "{}",
        ran.out
    );
    let ran = run(&folder, "capacity routes --route /").exits(0);
    assert!(
        ran.out.starts_with("None of 1 routes is slower"),
        "{}",
        ran.out
    );
    let ran = run(&folder, "capacity routes --percentile 100").exits(2);
    assert!(
        ran.err.contains("--percentile: `100` is none"),
        "{}",
        ran.err
    );
    let ran = run(&folder, "capacity routes --window 30s").exits(2);
    assert!(ran.err.contains("whole minutes"), "{}", ran.err);
    let ran = run(&folder, "capacity routes --service web").exits(4);
    assert!(
        ran.err.contains("the lake has no such requests"),
        "{}",
        ran.err
    );
}

/// SLIs of the checkout whose levels a shop past its limit crosses within seconds.
const SLIS: &str = "\
name: checkout
window: 1m
rehearsal_window: 1s
routes: ['/product/{id}']
events:
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
";

#[test]
fn a_search_has_a_report_and_feeds_law_and_forecast() {
    let folder = TempFolder::new();
    let surge = Surge {
        target: "{shop: {checkouts_per_s: 12, payment_time: 80ms, payment_queue: 300}}".to_owned(),
        arrivals: "even",
        steps: BUY,
        ..Surge::default()
    };
    folder.write("shop.yaml", surge.yaml());
    folder.write("slis.yaml", SLIS);
    let goal = "--goal contacts:trial=2s,sum=2s,initial=2s,loss=1%,width=25% --lead-in 1s";
    let words = format!(
        "capacity shop.yaml --sli-defs slis.yaml {goal} --start 5 --max 40 --no-beyond --search-id quick --report page.html --json"
    );
    let found = json(&run(&folder, &words).exits(0));
    let html = folder.read("page.html");
    for part in [
        "To quote",
        "Bounds per goal",
        "Latency by rate",
        "Goodput",
        "Trials",
        "To repeat it",
        "contacts",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("NaN"));
    let law = json(&run(&folder, "capacity fit --run quick --json").exits(0));
    assert_eq!(
        (&law["source"]["kind"], &law["source"]["search_id"]),
        (&"search".into(), &"quick".into())
    );
    let trials = found["trials"].as_array().expect("there are trials").len();
    assert_eq!(law["points"].as_u64(), u64::try_from(trials).ok());
    let words = "capacity forecast --last-peak 600/min --instances 2 --json";
    let forecast = json(&run(&folder, words));
    let per_shopper = number(&found, "/in_other_units/orders_per_min/0") / number(&found, "/lower");
    assert_near(
        number(&forecast, "/maximum/lower"),
        number(&found, "/lower") * per_shopper,
        1e-6,
    );
    assert_eq!(
        forecast["maximum_source"]
            .as_str()
            .map(|source| source.starts_with("search quick")),
        Some(true)
    );
    folder.write("found.json", found.to_string());
    let words = "capacity forecast --last-peak 600/min --maximum found.json --goal contacts --json";
    let of_file = json(&run(&folder, words));
    assert_eq!(of_file["maximum"], forecast["maximum"]);
    let ran = run(
        &folder,
        "capacity forecast --last-peak 600/min --maximum quick --goal other",
    )
    .exits(2);
    assert!(
        ran.err.contains("has no goal `other` (hint: contacts)"),
        "{}",
        ran.err
    );
}
