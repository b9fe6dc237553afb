//! What counts and what does not, whatever the kind of the SLI: clients, channels, services, repeats,
//! maintenance, late rows, objectives.

use serde_json::Value;

use super::hand_made_log::{
    BOT, Hit, MONITOR, PERSON, assert_counts, assert_value, hit, judged, lake_of, log,
};
use super::ingest::ingest;
use super::program::{count, list, run, sli, text};
use super::temp_folder::TempFolder;

#[test]
fn bots_and_monitors_count_only_where_they_are_asked_for() {
    let agents = [(PERSON, 30), (BOT, 20), (MONITOR, 10)];
    let hits = agents.iter().flat_map(|(agent, requests)| {
        (0..*requests).map(|second| Hit {
            agent,
            ..hit(second, 1, "GET /", 200)
        })
    });
    let folder = lake_of(&log(&hits.collect::<Vec<_>>()));
    let set = "
events:
  page: {}
  person: {client_class: [human]}
  bot: {client_class: [bot]}
  machine: {client_class: [bot, monitor]}
  m: {client_class: ['m*']}
  unknown: {client_class: [none]}
slis:
  - {kind: ratio, name: page, title: T, event: page}
  - {kind: ratio, name: person, title: T, event: person}
  - {kind: ratio, name: bot, title: T, event: bot}
  - {kind: ratio, name: machine, title: T, event: machine}
  - {kind: ratio, name: m, title: T, event: m}
  - {kind: ratio, name: unknown, title: T, event: unknown}
";
    let valid = |document: &Value, name: &str| count(sli(document, name), "/valid");
    let names = ["page", "person", "bot", "machine", "m", "unknown"];
    let document = judged(&folder, set);
    assert_eq!(
        names.map(|name| valid(&document, name)),
        [30, 30, 20, 30, 10, 0]
    );
    let document = judged(&folder, &format!("counting: {{bots: true}}\n{set}"));
    assert_eq!(
        names.map(|name| valid(&document, name)),
        [60, 30, 20, 30, 10, 0]
    );
}

#[test]
fn channels_are_told_apart_by_name_by_beginning_and_by_their_absence() {
    let partner = |second| Hit {
        referrer: "https://www.partner.example/deals",
        ..hit(second, 1, "GET /", 200)
    };
    let mut hits = vec![partner(0), partner(1), partner(2)];
    for second in 0..5 {
        hits.push(hit(
            second,
            2,
            "GET /?utm_source=newsletter&utm_medium=email",
            200,
        ));
    }
    for second in 0..7 {
        hits.push(hit(
            second,
            3,
            "GET /?utm_source=google&utm_medium=cpc",
            503,
        ));
    }
    for second in 0..11 {
        hits.push(Hit {
            referrer: "https://shop.example/",
            ..hit(second, 4, "GET /", 200)
        });
    }
    let folder = lake_of(&log(&hits));
    let document = judged(
        &folder,
        "
events:
  page: {}
  partner: {channel: ['referral:partner.example']}
  newsletter: {channel: ['utm:newsletter/email']}
  campaign: {channel: ['utm:*']}
  own: {channel: [none]}
  own_or_partner: {channel: [none, 'referral:*']}
slis:
  - {kind: ratio, name: page, title: T, event: page}
  - {kind: ratio, name: partner, title: T, event: partner, min_count: 1}
  - {kind: ratio, name: newsletter, title: T, event: newsletter, min_count: 1}
  - {kind: ratio, name: campaign, title: T, event: campaign, min_count: 1}
  - {kind: ratio, name: own, title: T, event: own, min_count: 1}
  - {kind: ratio, name: own_or_partner, title: T, event: own_or_partner, min_count: 1}
",
    );
    assert_counts(sli(&document, "page"), 19.0 / 26.0, 19, 26);
    assert_counts(sli(&document, "partner"), 1.0, 3, 3);
    assert_counts(sli(&document, "newsletter"), 1.0, 5, 5);
    assert_counts(sli(&document, "campaign"), 5.0 / 12.0, 5, 12);
    assert_counts(sli(&document, "own"), 1.0, 11, 11);
    assert_counts(sli(&document, "own_or_partner"), 1.0, 14, 14);
}

#[test]
fn services_are_told_apart() {
    let folder = TempFolder::new();
    let hits = |requests| -> Vec<Hit> {
        (0..requests)
            .map(|second| hit(second, 1, "GET /", 200))
            .collect()
    };
    folder.write("web.log", log(&hits(3)));
    folder.write("api.log", log(&hits(5)).replace("27/Nov", "28/Nov"));
    ingest(&folder, "web.log --service web");
    ingest(&folder, "api.log --service api");
    let document = judged(
        &folder,
        "
events:
  page: {}
  web: {service: web}
  api: {service: api}
slis:
  - {kind: ratio, name: page, title: T, event: page, min_count: 1}
  - {kind: ratio, name: web, title: T, event: web, min_count: 1}
  - {kind: ratio, name: api, title: T, event: api, min_count: 1}
",
    );
    for (name, requests) in [("page", 8), ("web", 3), ("api", 5)] {
        assert_counts(sli(&document, name), 1.0, requests, requests);
    }
}

#[test]
fn an_answer_429_is_bad_unless_the_set_says_that_it_is_good() {
    let statuses = [(200, 15), (429, 3), (500, 2)];
    let hits = statuses.iter().flat_map(|(status, requests)| {
        (0..*requests).map(|second| hit(second, 1, "GET /", *status))
    });
    let folder = lake_of(&log(&hits.collect::<Vec<_>>()));
    let set = "
events:
  page: {}
slis:
  - {kind: ratio, name: ratio, title: T, event: page}
  - {kind: apdex, name: apdex, title: T, event: page, satisfied: 1s}
  - {kind: ratio, name: named, title: T, event: page, bad_status: [4xx]}
";
    let document = judged(&folder, set);
    assert_counts(sli(&document, "ratio"), 0.75, 15, 20);
    assert_value(&sli(&document, "apdex")["value"], 0.75);
    assert_counts(sli(&document, "named"), 0.85, 17, 20);
    let document = judged(
        &folder,
        &format!("counting: {{too_many_requests_good: true}}\n{set}"),
    );
    assert_counts(sli(&document, "ratio"), 0.9, 18, 20);
    assert_value(&sli(&document, "apdex")["value"], 0.9);
    // What an SLI names itself stays bad.
    assert_counts(sli(&document, "named"), 0.85, 17, 20);
}

#[test]
fn a_repeat_after_a_failure_counts_once_with_the_last_outcome() {
    let checkout = "POST /checkout";
    let hits = [
        // One thing that was meant, and went well in the end.
        hit(0, 1, checkout, 503),
        hit(10, 1, checkout, 503),
        hit(20, 1, checkout, 200),
        // 30 s later is a repeat still.
        hit(0, 2, checkout, 503),
        hit(30, 2, checkout, 200),
        // 31 s later is another thing.
        hit(0, 3, checkout, 503),
        hit(31, 3, checkout, 200),
        // Never repeated; what follows is another route.
        hit(0, 4, checkout, 503),
        hit(5, 4, "GET /", 200),
        // Nothing went wrong: both were meant.
        hit(0, 5, checkout, 200),
        hit(5, 5, checkout, 200),
        // Went wrong again.
        hit(0, 6, checkout, 503),
        hit(5, 6, checkout, 503),
    ];
    let folder = lake_of(&log(&hits));
    let set = "
events:
  checkout: {route: /checkout}
slis:
  - {kind: ratio, name: checkout, title: T, event: checkout, min_count: 1}
";
    // Each counts: 12 requests, 5 of them well.
    let document = judged(&folder, set);
    assert_counts(sli(&document, "checkout"), 5.0 / 12.0, 5, 12);
    // Meant: 1, 1, 2, 1, 2, 1; well: 1, 1, 1, 0, 2, 0.
    let counting = "counting: {collapse_retries_within: 30s}\n";
    let document = judged(&folder, &format!("{counting}{set}"));
    assert_counts(sli(&document, "checkout"), 5.0 / 8.0, 5, 8);
}

/// A line of an ingress that asked so many servers.
fn through_proxy(second: u32, servers: &str, status: u16) -> String {
    format!(
        "192.0.2.1 - - [27/Nov/2026:08:00:{second:02} +0000] \"GET / HTTP/1.1\" {status} 512 \"-\" \"{PERSON}\" 230 0.100 [shop-web-80] [] {servers} 512 0.100 {status} {second:032x}\n"
    )
}

#[test]
fn requests_that_the_proxy_sent_again_are_told_from_those_that_one_server_answered() {
    let lines = (0..30).map(|second| match second % 3 {
        0 => through_proxy(second, "10.0.0.1:80, 10.0.0.2:80", 200),
        _ => through_proxy(second, "10.0.0.1:80", 503),
    });
    let folder = lake_of(&lines.collect::<String>());
    let set = "
events:
  any: {}
  first: {attempt: first}
  again: {attempt: again}
slis:
  - {kind: ratio, name: any, title: T, event: any, min_count: 1}
  - {kind: ratio, name: first, title: T, event: first, min_count: 1}
  - {kind: ratio, name: again, title: T, event: again, min_count: 1}
";
    let document = judged(&folder, set);
    assert_counts(sli(&document, "any"), 1.0 / 3.0, 10, 30);
    assert_counts(sli(&document, "first"), 0.0, 0, 20);
    assert_counts(sli(&document, "again"), 1.0, 10, 10);
}

/// Three minutes of ten requests each; those of the second minute fail.
fn bad_second_minute() -> TempFolder {
    let hits = (0..30).map(|index| {
        let (minute, second) = (index / 10, index % 10);
        let status = if minute == 1 { 500 } else { 200 };
        hit(minute * 60 + second * 5, 1 + index % 3, "GET /", status)
    });
    lake_of(&log(&hits.collect::<Vec<_>>()))
}

#[test]
fn maintenance_is_dropped_and_never_good_and_the_value_with_it_stands_beside() {
    let folder = bad_second_minute();
    let set = "
events:
  page: {}
slis:
  - {kind: ratio, name: page, title: T, event: page, min_count: 1}
  - {kind: ratio, name: other, title: T, event: page, min_count: 1}
  - {kind: user_uptime, name: uptime, title: T, event: page, cutoff: 60s, min_count: 1}
";
    let plain = judged(&folder, set);
    assert_counts(sli(&plain, "page"), 2.0 / 3.0, 20, 30);
    assert_eq!(sli(&plain, "page")["value_with_excluded"], Value::Null);
    // The same minute: once in UTC, once by the clocks of Berlin, and weekly since last week.
    for (zone, stretch) in [
        ("UTC", "from: 2026-11-27T08:01, to: 2026-11-27T08:02"),
        (
            "Europe/Berlin",
            "from: 2026-11-27T09:01, to: 2026-11-27T09:02",
        ),
        (
            "UTC",
            "from: 2026-11-20T08:01, to: 2026-11-20T08:02, repeat: FREQ=WEEKLY",
        ),
    ] {
        let calendar = format!(
            "time_zone: {zone}\nexclusions:\n  - {{reason: upgrade, slis: [page, uptime], {stretch}}}\n"
        );
        let document = judged(&folder, &format!("{calendar}{set}"));
        let page = sli(&document, "page");
        assert_counts(page, 1.0, 20, 20);
        assert_value(&page["value_with_excluded"], 2.0 / 3.0);
        assert_eq!(count(page, "/excluded_windows"), 1);
        assert_eq!(count(page, "/excluded_valid"), 10);
        let window = &list(page, "/windows")[1];
        assert_eq!(text(window, "/state"), "excluded");
        assert_eq!(window["value"], Value::Null);
        assert_counts(sli(&document, "other"), 2.0 / 3.0, 20, 30);
        let uptime = sli(&document, "uptime");
        assert_eq!(text(&list(uptime, "/windows")[1], "/state"), "excluded");
        assert_value(
            &uptime["value_with_excluded"],
            sli(&plain, "uptime")["value"].as_f64().unwrap(),
        );
    }
}

#[test]
fn maintenance_is_dropped_from_percentiles_before_and_after_a_deploy() {
    let hits = (0..600).map(|index| {
        let second = index * 2;
        let mut hit = hit(second, 1 + index % 7, "GET /", 200);
        // They take five seconds and end in the sixth minute: all began in the fifth or the sixth.
        hit.time_s = if second / 60 == 5 { 5.0 } else { 0.1 };
        hit
    });
    let folder = lake_of(&log(&hits.collect::<Vec<Hit>>()));
    let set = "name: by-hand
window: 1m
events: {page: {}}
slis:
  - {kind: latency, name: p95, title: p95, event: page, percentile: 95}
";
    folder.write("set.yaml", set);
    let maintenance =
        "exclusions: [{reason: Move, from: '2026-11-27T08:04:00Z', to: '2026-11-27T08:06:00Z'}]\n";
    folder.write("excluded.yaml", format!("{set}{maintenance}"));
    folder.write(
        "happened.csv",
        "at,until,kind,label,channel,url\n2026-11-27T08:10:00Z,,deploy,New page,,\n",
    );
    let before_us = |defs: &str| {
        let words = format!(
            "report --lake lake --defs {defs} --annotations happened.csv --from 2026-11-27T08:00:00Z --to 2026-11-27T08:20:00Z -q -o page.json"
        );
        run(&folder, &words).exits(0);
        let page: serde_json::Value = serde_json::from_str(&folder.read("page.json")).unwrap();
        let change = &list(&page, "/engineers/annotations/0/changes")[0];
        change["before"].as_f64().unwrap()
    };
    // Thirty of three hundred are slow, which is more than one in twenty.
    assert!(before_us("set.yaml") >= 5e6);
    assert!((1e5..1.01e5).contains(&before_us("excluded.yaml")));
}

#[test]
fn maintenance_is_dropped_from_a_funnel_of_shoppers_too() {
    let mut hits = Vec::new();
    // Three come and order; in the minute of the maintenance six come in vain.
    for shopper in 1..=9 {
        let (second, status) = if shopper <= 3 { (0, 200) } else { (60, 503) };
        hits.push(hit(second + shopper, shopper, "GET /", 200));
        hits.push(hit(
            second + 20 + shopper,
            shopper,
            "POST /checkout",
            status,
        ));
    }
    hits.push(hit(179, 20, "GET /elsewhere", 200));
    let folder = lake_of(&log(&hits));
    let set = "
exclusions: [{reason: upgrade, from: 2026-11-27T08:01, to: 2026-11-27T08:02}]
events:
  home: {route: /}
  order: {route: /checkout, status: [2xx, 3xx]}
slis:
  - {kind: funnel, name: requests, title: T, steps: [home, order], count: requests, min_count: 1}
  - {kind: funnel, name: shoppers, title: T, steps: [home, order], min_count: 1}
";
    let document = judged(&folder, set);
    for name in ["requests", "shoppers"] {
        assert_counts(sli(&document, name), 1.0, 3, 3);
        assert_value(&sli(&document, name)["value_with_excluded"], 1.0 / 3.0);
    }
}

#[test]
fn maintenance_at_another_time_drops_nothing() {
    let folder = bad_second_minute();
    let document = judged(
        &folder,
        "
exclusions:
  - {reason: upgrade, from: 2026-11-27T08:03, to: 2026-11-27T08:09}
  - {reason: upgrade, from: 2026-11-19T08:01, to: 2026-11-19T08:02, repeat: FREQ=WEEKLY}
events:
  page: {}
slis:
  - {kind: ratio, name: page, title: T, event: page, min_count: 1}
",
    );
    let page = sli(&document, "page");
    assert_counts(page, 2.0 / 3.0, 20, 30);
    assert_eq!(page["value_with_excluded"], Value::Null);
    assert_eq!(count(page, "/excluded_windows"), 0);
}

#[test]
fn windows_that_may_still_change_are_provisional() {
    let hits: Vec<Hit> = (0..=5)
        .map(|minute| hit(minute * 60, 1, "GET /", 200))
        .collect();
    let folder = lake_of(&log(&hits));
    let set = "
events:
  page: {}
slis:
  - {kind: ratio, name: page, title: T, event: page, min_count: 1}
";
    let provisional = |document: &Value| -> Vec<bool> {
        let windows = list(sli(document, "page"), "/windows").iter();
        windows
            .map(|window| window["provisional"] == true)
            .collect()
    };
    assert_eq!(provisional(&judged(&folder, set)), [false; 6]);
    // The newest row is of 08:05: what ends after 08:03 is not settled.
    let document = judged(&folder, &format!("lateness: 2m\n{set}"));
    assert_eq!(
        provisional(&document),
        [false, false, false, true, true, true]
    );
    assert_eq!(count(sli(&document, "page"), "/provisional_windows"), 3);
    assert_counts(sli(&document, "page"), 1.0, 6, 6);
}

#[test]
fn an_objective_is_missed_by_the_value_and_exactly_met_is_met() {
    let hits: Vec<Hit> = (0..20)
        .map(|second| hit(second, 1, "GET /", if second < 2 { 500 } else { 200 }))
        .collect();
    let folder = lake_of(&log(&hits));
    for (objective, code, state) in [("0.9", 0, "met"), ("0.901", 1, "missed")] {
        folder.write(
            "set.yaml",
            format!(
                "name: by-hand\nwindow: 1m\nevents: {{page: {{}}}}\nslis:\n  - {{kind: ratio, name: page, title: T, event: page, objective: {objective}}}\n"
            ),
        );
        let ran = run(&folder, "sli --lake lake --json --defs set.yaml").exits(code);
        let document = ran.json();
        let page = sli(&document, "page");
        assert_counts(page, 0.9, 18, 20);
        assert_eq!(text(page, "/state"), state);
        // 18 of 20 say little: the interval holds the objective.
        assert_eq!(page["is_certain"], false);
        assert_value(&page["objective"], objective.parse().unwrap());
    }
}

#[test]
fn the_hash_of_the_definition_stands_beside_every_result_and_changes_with_it() {
    let folder = lake_of(&log(&[hit(0, 1, "GET /", 200)]));
    let set = "
events:
  page: {}
slis:
  - {kind: ratio, name: page, title: T, event: page}
  - {kind: rate, name: rate, title: T, event: page}
";
    let hash = |document: &Value| -> String {
        let hash = text(document, "/definition_sha256").to_owned();
        for sli in list(document, "/slis") {
            assert_eq!(text(sli, "/definition_sha256"), hash);
        }
        assert_eq!(hash.len(), 64);
        hash
    };
    let first = hash(&judged(&folder, set));
    assert_eq!(hash(&judged(&folder, set)), first);
    assert_ne!(
        hash(&judged(&folder, &set.replace("title: T,", "title: U,"))),
        first
    );
}

#[test]
fn windows_need_not_be_whole_minutes() {
    let folder = lake_of(&log(&[hit(0, 1, "GET /", 200), hit(100, 1, "GET /", 200)]));
    for window in ["7s", "90s", "1m"] {
        let ran = run(
            &folder,
            &format!("sli --lake lake --json --window {window}"),
        );
        assert!([0, 1].contains(&ran.code), "{window}: {}", ran.err);
        assert_eq!(count(sli(&ran.json(), "availability"), "/valid"), 2);
    }
}
