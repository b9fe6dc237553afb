//! Rules of small sets, letter by letter.

use super::*;
use crate::declared_files::parse;
use std::path::Path;

const SET: &str = r#"
name: shop
window: 30s
events:
  checkout: {method: POST, route: "/checkout/{id}", channel: ["email:*"]}
  fast: {service: "pay\"ments", status: [2xx, "304"]}
slis:
  - kind: ratio
    name: checkout_success
    title: Checkouts {{answered}} well
    event: checkout
    objectives:
      - {target: 0.995, over: 7d}
    thresholds:
      - {level: warn, below: 0.99, for: 5s}
      - {level: contact, below: 0.95, for: 10s, tell: [on-call, support desk], react: call the bank}
  - kind: latency_cut
    name: checkout_fast
    title: Checkouts within 3 s
    event: checkout
    limit: 3s
    objectives:
      - target: 0.9
        over: day
        burn: [{name: page, budget: 0.5, long: 6h, short: 30m, tell: [on-call]}, {name: late, budget: 1, long: 3d, short: 6h}]
  - {kind: ratio, name: paid, title: Paid, event: checkout, good: fast}
  - {kind: ratio, name: any, title: Any, event: checkout, bad_status: [none]}
  - {kind: rate, name: orders, title: Orders, event: checkout}
"#;

fn set(text: &str) -> SliSetDefinition {
    let declared = parse(Path::new("set.yaml"), text.as_bytes(), &|_| None);
    declared.unwrap_or_else(|error| panic!("{error}")).value
}

fn rules() -> (Value, Vec<String>) {
    let (text, notices) = export_prometheus(&set(SET), &MetricNaming::default());
    let declared = parse::<Value>(Path::new("rules.yaml"), text.as_bytes(), &|_| None);
    let read = declared.unwrap_or_else(|error| panic!("{error}\n{text}"));
    (read.value, notices.iter().map(Notice::to_string).collect())
}

#[test]
fn the_bad_share_is_recorded_over_every_window_that_alerts_need() {
    let (rules, _) = rules();
    let records = |group: usize| -> Vec<String> {
        let rules = rules["groups"][group]["rules"].as_array().unwrap();
        rules
            .iter()
            .filter_map(|rule| Some(rule["record"].as_str()?.to_owned()))
            .collect()
    };
    let of_week: Vec<String> = ["1m", "5m", "30m", "1h", "6h"]
        .iter()
        .map(|range| format!("firedrill:sli_bad:share{range}"))
        .collect();
    assert_eq!(records(0), of_week);
    assert_eq!(records(1).len(), 3);
}

#[test]
fn levels_are_over_the_window_of_the_sli_that_states_one() {
    let text = SET.replace("    event: checkout\n    objectives:\n      - {target: 0.995", "    event: checkout\n    window: 15m\n    counting: {too_many_requests_good: true}\n    objectives:\n      - {target: 0.995");
    assert_ne!(text, SET);
    let (written, _) = export_prometheus(&set(&text), &MetricNaming::default());
    assert!(
        written.contains("firedrill:sli_bad:share15m{set=\"shop\", sli=\"checkout_success\"} >"),
        "{written}"
    );
    assert!(written.contains("status!~\"5..\"}[15m]"), "{written}");
}

#[test]
fn a_time_without_one_good_request_is_all_bad_and_not_empty() {
    let (rules, _) = rules();
    assert_eq!(
        rules["groups"][0]["rules"][0]["expr"],
        "1 - (sum(rate(http_requests_total{method=\"POST\", route=\"/checkout/{id}\", \
         status!~\"5..|429\"}[1m])) or vector(0)) / \
         sum(rate(http_requests_total{method=\"POST\", route=\"/checkout/{id}\"}[1m]))"
    );
}

#[test]
fn burn_alerts_have_the_rates_of_their_own_objective() {
    let (rules, _) = rules();
    let alert = &rules["groups"][0]["rules"][5];
    let share = |range: &str| {
        format!("firedrill:sli_bad:share{range}{{set=\"shop\", sli=\"checkout_success\"}}")
    };
    assert_eq!(
        alert["expr"],
        format!(
            "{} > 3.36 * (1 - 0.995) and {} > 3.36 * (1 - 0.995)",
            share("1h"),
            share("5m")
        )
    );
    assert_eq!(alert["labels"]["severity"], "page");
    assert_eq!(
        (&alert["labels"]["over"], &alert["labels"]["long"]),
        (&"7d".into(), &"1h".into())
    );
    assert_eq!(alert["annotations"]["react"], "call the bank");
    let summary = alert["annotations"]["summary"].as_str().unwrap();
    assert!(
        summary.starts_with("Checkouts {{ \"{{\" }}answered}} well: "),
        "{summary}"
    );
}

#[test]
fn no_two_alerts_have_the_same_name_and_labels() {
    let (rules, _) = rules();
    let mut seen = std::collections::BTreeSet::new();
    for group in rules["groups"].as_array().unwrap() {
        for rule in group["rules"].as_array().unwrap() {
            let name = rule.get("alert").or(rule.get("record")).unwrap();
            assert!(seen.insert(format!("{name} {}", rule["labels"])), "{rule}");
        }
    }
}

#[test]
fn levels_say_who_is_told_and_what_they_do() {
    let (rules, _) = rules();
    let alert = &rules["groups"][0]["rules"][8];
    assert_eq!(alert["labels"]["severity"], "contact");
    assert_eq!(alert["labels"]["tell"], "on-call, support desk");
    assert_eq!(alert["annotations"]["react"], "call the bank");
    assert_eq!(alert["for"], "10s");
}

#[test]
fn a_latency_limit_is_a_bucket_bound_in_both_spellings_and_the_file_says_so() {
    let (text, notices) = export_prometheus(&set(SET), &MetricNaming::default());
    assert!(
        text.contains(r#"le=~\"3(\\.0)?\""#) || text.contains(r#"le=~"3(\\.0)?""#),
        "{text}"
    );
    let notice =
        "checkout_fast: `http_request_duration_seconds_bucket` must have a bucket that ends at 3 s";
    assert!(
        notices
            .iter()
            .any(|found| found.to_string().starts_with(notice))
    );
    assert!(text.contains(&format!("# {notice}")));
}

#[test]
fn what_metrics_cannot_say_is_a_notice() {
    let (_, notices) = rules();
    for expected in [
        "checkout_success: metrics have no `channel`, which event `checkout` asks for",
        "checkout_success: requests without an answer are usually not in metrics",
        "checkout_fast: burn rule `late` over `day` outlasts its objective: left out",
        "orders: no rules: rates have no share of good requests",
    ] {
        assert!(
            notices.iter().any(|notice| notice == expected),
            "{expected}\n{notices:#?}"
        );
    }
}

#[test]
fn good_events_and_empty_lists_of_statuses_become_matchers() {
    let (rules, _) = rules();
    let paid = rules["groups"][2]["rules"][0]["expr"].as_str().unwrap();
    assert!(
        paid.contains(r#"service="pay\"ments", status=~"2..|304""#),
        "{paid}"
    );
    let any = rules["groups"][3]["rules"][0]["expr"].as_str().unwrap();
    assert!(!any.contains("status"), "{any}");
}

#[test]
fn durations_are_whole_numbers_of_one_unit() {
    let table = [
        (0, "0s"),
        (1, "1ms"),
        (1_500_000, "1500ms"),
        (90_000_000, "90s"),
        (259_200_000_000, "3d"),
    ];
    for (us, text) in table {
        assert_eq!(duration(us), text);
    }
}
