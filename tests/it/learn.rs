//! What customers did is what learned shoppers do: simulate, ingest, learn, rehearse, count by hand.

use std::collections::BTreeMap;

use serde_json::Value;

use super::lake_rows::rows;
use super::program::{count, list, run, text};
use super::surge_file::{LOOK, Surge, WIDE_SLIS};
use super::temp_folder::TempFolder;
use super::tidy::in_repository;

const PAGES: [&str; 6] = [
    "GET /",
    "GET /search",
    "GET /product/{id}",
    "GET /cart",
    "POST /cart",
    "POST /checkout",
];
/// As `learn` has it.
const SESSION_GAP_US: i64 = 30 * 60_000_000;
const BROWSER_US: i64 = 1_000_000;
const SCALE: f64 = 150.0;
const SPEED: f64 = 720.0;
const THINK_SPEED: f64 = 100.0;
const FROM: &str = "2026-11-26T18:00:00Z";
const TO: &str = "2026-11-26T22:00:00Z";

/// A request of the lake, read without firedrill.
struct Row {
    shopper: String,
    ts_us: i64,
    end_us: i64,
    page: String,
    status: u16,
}

fn requests(folder: &TempFolder, is_wanted: impl Fn(&str, &str) -> bool) -> Vec<Row> {
    let columns = [
        "shopper",
        "ts",
        "latency_us",
        "method",
        "route",
        "status",
        "origin",
        "client_class",
        "run_id",
    ];
    let mut found: Vec<Row> = rows(&folder.join("lake/requests"), &columns)
        .into_iter()
        .filter(|row| is_wanted(&row[6], &row[7]) && !row[0].is_empty())
        .map(|row| {
            let ts: jiff::Timestamp = row[1].parse().expect("ts is a time");
            let latency_us: i64 = row[2].parse().unwrap_or(0);
            Row {
                shopper: row[0].clone(),
                ts_us: ts.as_microsecond(),
                end_us: ts.as_microsecond() + latency_us,
                page: format!("{} {}", row[3], row[4]),
                status: row[5].parse().expect("a status is a number"),
            }
        })
        .collect();
    found.sort_by(|one, other| (&one.shopper, one.ts_us).cmp(&(&other.shopper, other.ts_us)));
    found
}

/// Counts by hand: sessions that begin in the range, share of requests by page, pauses before pages.
struct Counted {
    sessions: u64,
    shares: BTreeMap<String, f64>,
    pauses_us: Vec<i64>,
}

fn counted(rows: &[Row], from_us: i64, to_us: i64, browser_us: i64) -> Counted {
    let mut sessions = 0;
    let mut pages: BTreeMap<String, u64> = BTreeMap::new();
    let mut pauses_us = Vec::new();
    let is_page = |row: &Row| PAGES.contains(&row.page.as_str());
    let breaks = |one: &Row, other: &Row| {
        one.shopper != other.shopper || other.ts_us - one.ts_us > SESSION_GAP_US
    };
    for session in rows.chunk_by(|one, other| !breaks(one, other)) {
        if !(from_us..to_us).contains(&session[0].ts_us) || !session.iter().any(is_page) {
            continue;
        }
        sessions += 1;
        let mut answered_us = i64::MIN;
        for row in session {
            let pause_us = row.ts_us.saturating_sub(answered_us);
            if is_page(row) && row.status < 400 && row.status > 0 {
                *pages.entry(row.page.clone()).or_default() += 1;
                if answered_us > i64::MIN && pause_us >= browser_us {
                    pauses_us.push(pause_us);
                }
            }
            answered_us = answered_us.max(row.end_us);
        }
    }
    pauses_us.sort_unstable();
    let all: u64 = pages.values().sum();
    let shares = pages
        .into_iter()
        .map(|(page, n)| (page, n as f64 / all as f64));
    Counted {
        sessions,
        shares: shares.collect(),
        pauses_us,
    }
}

fn moment_us(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>()
        .expect("it is a time")
        .as_microsecond()
}

#[test]
fn learned_shoppers_come_as_often_and_do_the_same_as_customers() {
    let folder = TempFolder::new();
    run(
        &folder,
        "simulate --start 2026-11-26 --days 1 --shoppers-per-day 20000 --seed 3 -o logs -q",
    )
    .exits(0);
    run(&folder, "ingest logs/access-2026-11-26.log --lake lake -q").exits(0);
    folder.write("wide.yaml", WIDE_SLIS);
    let forms = in_repository("load-scenarios/black-friday.yaml");
    let words = format!(
        "learn --lake lake --from {FROM} --to {TO} --forms {} --no-calls --scale {SCALE} --speed {SPEED} --think-speed {THINK_SPEED} --json -o learned.yaml",
        forms.display()
    );
    let learned = run(&folder, &words).exits(0).json();
    run(&folder, "check learned.yaml").exits(0);

    let customers = requests(&folder, |origin, class| {
        origin == "customer" && class == "human"
    });
    let truth = counted(&customers, moment_us(FROM), moment_us(TO), BROWSER_US);
    assert_eq!(count(&learned, "/sessions"), truth.sessions);

    let lenient = folder
        .read("learned.yaml")
        .replace("limits: {", "limits: {schedule_lag_p99: 10s, ");
    folder.write("lenient.yaml", lenient);
    let words = "rehearse lenient.yaml --sli-defs wide.yaml --lake lake --run-id again --json";
    let rehearsed = run(&folder, words).exits(0).json();

    // Five standard deviations of a Poisson count.
    let expected = truth.sessions as f64 * SCALE / SPEED;
    let offered = count(&rehearsed, "/offered_arrivals") as f64;
    assert!(
        (offered - expected).abs() < 5.0 * expected.sqrt(),
        "{offered} for {expected}"
    );
    assert_eq!(count(&rehearsed, "/cut"), 0, "{rehearsed}");

    let drill = requests(&folder, |origin, _| origin == "drill");
    let again = counted(&drill, 0, i64::MAX, 0);
    assert_eq!(again.sessions, count(&rehearsed, "/started"));
    for page in PAGES {
        let (was, is) = (
            truth.shares[page],
            again.shares.get(page).copied().unwrap_or(0.0),
        );
        assert!((was - is).abs() < 0.03, "{page}: {was:.3} became {is:.3}");
        println!("share of {page}: {was:.3} became {is:.3}");
    }
    for quantile in [0.5, 0.9] {
        let at = |pauses: &[i64]| pauses[(pauses.len() as f64 * quantile) as usize] as f64;
        let (was, is) = (at(&truth.pauses_us), at(&again.pauses_us) * THINK_SPEED);
        assert!(
            (is / was - 1.0).abs() < 0.15,
            "pause {quantile}: {was:.0} became {is:.0}"
        );
        println!("pause at {quantile}: {was:.0} µs became {is:.0} µs");
    }
    println!("sessions: {expected:.0} expected, {offered} came");

    // What was rehearsed is in the lake now, and changes nothing of what is learned.
    let words = format!("learn --lake lake --from {FROM} --to {TO} --json");
    let later = run(&folder, &words).exits(0).json();
    for key in ["sessions", "requests", "arrivals", "routes", "kinds"] {
        assert_eq!(later[key], learned[key], "{key}");
    }
    assert!(list(&later, "/notices").iter().any(|notice| {
        notice
            .as_str()
            .is_some_and(|notice| notice.contains("EDIT-ME"))
    }));

    assert_learned_traffic(&folder, truth.sessions);
}

/// A scenario whose arrivals are those of the lake, with everything else its own.
fn assert_learned_traffic(folder: &TempFolder, sessions: u64) {
    let learned = |more: &str| {
        let scenario = Surge {
            steps: LOOK,
            ..Surge::default()
        }
        .yaml();
        let (head, rest) = scenario.split_once("traffic:").expect("it has traffic");
        let (_, tail) = rest.split_once("shoppers:").expect("it has shoppers");
        format!(
            "{head}traffic:\n  learned: {{from: \"{FROM}\", to: \"{TO}\"{more}}}\nshoppers:{tail}"
        )
    };
    folder.write("as-learned.yaml", learned(", scale: 3, speed: 60"));
    run(folder, "check as-learned.yaml").exits(0);
    let dry = run(
        folder,
        "rehearse as-learned.yaml --lake lake --dry-run --json",
    )
    .exits(0)
    .json();
    let (arrivals, length_s) = (
        dry["arrivals"].as_f64().expect("a number"),
        dry["length_s"].as_f64().expect("a number"),
    );
    let expected = sessions as f64 * 3.0 / 60.0;
    assert!(
        (arrivals / expected - 1.0).abs() < 1e-6,
        "{arrivals} for {expected}"
    );
    assert!((length_s - 240.0).abs() < 1e-6, "{length_s}");
    let nothing = run(folder, "rehearse as-learned.yaml --lake nowhere --dry-run").refuses(4);
    assert!(nothing.err.contains("nowhere"), "{}", nothing.err);
    folder.write(
        "too-much.yaml",
        learned(", scale: 100000").replace("limits: {", "limits: {shoppers_per_s: 50, "),
    );
    let refused = run(folder, "rehearse too-much.yaml --lake lake --dry-run").refuses(3);
    assert!(
        refused.err.contains("limits.shoppers_per_s"),
        "{}",
        refused.err
    );
    folder.write("bad.yaml", learned(", week: 2026-W48"));
    let refused = run(folder, "check bad.yaml").refuses(3);
    assert!(
        refused.err.contains("a week is a range already"),
        "{}",
        refused.err
    );
}

#[test]
fn rehearsals_are_never_learned_from() {
    let folder = TempFolder::new();
    folder.write("short.yaml", Surge::default().yaml());
    folder.write("wide.yaml", WIDE_SLIS);
    run(
        &folder,
        "rehearse short.yaml --sli-defs wide.yaml --lake lake -q",
    )
    .exits(0);
    let refused = run(&folder, "learn --lake lake").refuses(4);
    assert!(
        refused.err.contains("rehearsals are never learned from"),
        "{}",
        refused.err
    );
    let refused = run(&folder, "learn --lake lake --scale 0").refuses(2);
    assert!(refused.err.contains("--scale"), "{}", refused.err);
}

/// Thirty shoppers who look at 25 products each, the first ones more often.
fn product_log() -> String {
    let mut log = String::new();
    for shopper in 0..30 {
        for page in 0..25_u32 {
            let product = (shopper * 7 + page * page) % 60 % (page + 1) + 1;
            log.push_str(&format!(
                "10.0.0.{shopper} - - [27/Nov/2026:08:{:02}:{:02} +0000] \"GET /item?product={product}&utm_source=mail HTTP/1.1\" 200 100 \"-\" \"Mozilla/5.0 ({shopper})\" 0.100\n",
                page / 2, page % 2 * 30 + shopper
            ));
        }
    }
    log
}

#[test]
fn kept_products_and_channels_are_learned() {
    let folder = TempFolder::new();
    folder.write("access.log", product_log());
    run(
        &folder,
        "ingest access.log --lake lake --keep-query product -q",
    )
    .exits(0);
    let learned = run(&folder, "learn --lake lake --json").exits(0).json();
    assert_eq!(count(&learned, "/sessions"), 30);
    assert_eq!(count(&learned, "/product_skew/requests"), 750);
    let exponent = learned["product_skew"]["exponent"]
        .as_f64()
        .expect("there is enough to tell");
    let scenario = text(&learned, "/text");
    assert!(
        scenario.contains(&format!(
            "product_skew: {exponent:.2}  # Zipf's exponent of n 750"
        )),
        "{scenario}"
    );
    assert!(
        scenario.contains("{name: \"utm:mail\", share: 30, query: \"utm_source=mail\"}"),
        "{scenario}"
    );
    assert!(
        scenario.contains("products: 25  # n 25 different ones were asked for"),
        "{scenario}"
    );
    // Each look is at another product.
    assert!(
        scenario.contains("get: \"/item?product={next_product}\"")
            && !scenario.contains("{product}"),
        "{scenario}"
    );
    // 24 pauses of 30 s each, less the answer.
    let way = &learned["kinds"][0]["ways"][0];
    assert_eq!((count(way, "/n"), count(way, "/pause/n")), (720, 720));
    let median_us = count(way, "/pause/median_us") as f64;
    assert!((median_us / 29_900_000.0 - 1.0).abs() < 2e-3, "{median_us}");
    let none: &Value = &learned["kinds"][0]["exits"];
    assert_eq!(list(none, "").len(), 1);
}

/// Thirty shoppers who log in, are redirected to their account, and look at a product and its reviews.
fn login_log() -> String {
    let lines = [
        (0, "GET", "/login", 200),
        (10, "POST", "/login", 302),
        (11, "GET", "/account", 200),
        (20, "GET", "/product/17", 200),
        (30, "GET", "/product/17/reviews", 200),
        (40, "POST", "/cart/items/17", 200),
        (50, "GET", "/account", 200),
    ];
    let shoppers = (0..30).map(|shopper| {
        let lines = lines.map(|(at_s, method, path, status)| {
            format!("10.0.0.{shopper} - - [27/Nov/2026:08:{shopper:02}:{at_s:02} +0000] \"{method} {path} HTTP/1.1\" {status} 100 \"-\" \"Mozilla/5.0 ({shopper})\" 0.100\n")
        });
        lines.concat()
    });
    shoppers.collect()
}

#[test]
fn redirects_that_forms_follow_are_no_steps_and_the_cart_has_the_product_looked_at() {
    let folder = TempFolder::new();
    folder.write("access.log", login_log());
    run(&folder, "ingest access.log --lake lake -q").exits(0);
    let forms = Surge {
        steps: "[{get: /login}, {post: /login, form: {user: a}, redirects: follow}, {get: '/product/{product}', headers: {x-a: b}}]",
        ..Surge::default()
    };
    folder.write("forms.yaml", forms.yaml());
    let learned = |forms: &str| {
        run(&folder, &format!("learn --lake lake {forms} --json"))
            .exits(0)
            .json()
    };
    let with = learned("--forms forms.yaml");
    let scenario = text(&with, "/text");
    for line in [
        "get: \"/product/{next_product}\"",
        "headers: {x-a: b}",
        "get: \"/product/{product}/reviews\"",
        "post: \"/cart/items/{product}\"",
        "redirects: follow",
    ] {
        assert!(scenario.contains(line), "{line}: {scenario}");
    }
    let notices = with["notices"].to_string();
    assert!(
        notices.contains("30 requests behind redirects are no steps"),
        "{notices}"
    );
    let ways_to_account = |learned: &Value| -> Vec<String> {
        let ways = list(&learned["kinds"][0], "/ways").iter();
        let to = ways.filter(|way| text(way, "/to") == "GET /account");
        let mut from: Vec<String> = to.map(|way| text(way, "/from").to_owned()).collect();
        from.sort_unstable();
        from
    };
    assert_eq!(ways_to_account(&with), ["POST /cart/items/{id}"]);
    let without = learned("");
    assert_eq!(
        ways_to_account(&without),
        ["POST /cart/items/{id}", "POST /login"]
    );
    // Whoever is redirected does not think, whoever clicks does.
    let scenario = text(&without, "/text");
    let thinks = |id: &str| {
        let begins = [format!("{{id: {id},"), format!("id: {id}\n")];
        let mut steps = scenario.split("\n    - ");
        let step = steps.find(|step| begins.iter().any(|begin| step.starts_with(begin)));
        step.expect("there is such a step").contains("think:")
    };
    assert!(
        thinks("account") && !thinks("account-after-post-login"),
        "{scenario}"
    );
}
