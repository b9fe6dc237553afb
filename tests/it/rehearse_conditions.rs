//! What was written before a rehearsal is judged after it, the same by every verb.

use serde_json::Value;

use super::lake_rows;
use super::program::{command, count, interrupt, list, run, start, text, wait};
use super::rehearse::{prepared, rehearse};
use super::scripted_server::{Asked, Said, ScriptedServer};
use super::surge_file::{ANY_PAGE_SLIS, Surge};
use super::temp_folder::TempFolder;

/// A folder with a short surge that has these conditions.
fn with_conditions(pass: &str) -> TempFolder {
    let folder = prepared(&Surge::default());
    let yaml = Surge::default().yaml();
    folder.write(
        "short.yaml",
        format!("hypothesis: It holds\n{yaml}pass:\n{pass}"),
    );
    folder
}

fn states(document: &Value, pointer: &str) -> Vec<String> {
    let rows = list(document, pointer).iter();
    rows.map(|row| text(row, "/state").to_owned()).collect()
}

#[test]
fn conditions_that_hold_are_met_in_every_kind_of_report() {
    let folder = with_conditions(
        "  - run: valid\n  - {sli: page_p95, at_most: 25s}\n  - {sli: checkout_success, at_least: 0.5, during: peak}\n",
    );
    let rehearsed = rehearse(&folder, "--run-id held --report held.md")
        .exits(0)
        .json();
    assert_eq!(text(&rehearsed, "/rehearsal/hypothesis"), "It holds");
    assert_eq!(states(&rehearsed, "/rehearsal/criteria"), ["met"; 3]);
    let limit = &list(&rehearsed, "/rehearsal/criteria")[1];
    assert_eq!(limit["limit"], 25e6);
    // On a machine that is late, the last requests come after the end of the traffic.
    let judged = count(&list(&rehearsed, "/slis")[0], "/count");
    assert_eq!(count(limit, "/count"), judged);
    assert!(
        (100..=count(&rehearsed, "/requests")).contains(&judged),
        "{rehearsed}"
    );
    let during = &list(&rehearsed, "/rehearsal/criteria")[2];
    assert_eq!(
        text(during, "/title"),
        "Checkouts answered well: at least 50 % during “peak”"
    );
    let markdown = folder.read("held.md");
    for part in [
        "## Hypothesis and conditions",
        "It holds",
        "| Any page, p95: at most 25 s | met |",
    ] {
        assert!(markdown.contains(part), "{part}: {markdown}");
    }
    let words = "report --run held --lake lake --defs wide.yaml --json -o held.json";
    let page = run(&folder, words).exits(0).json();
    assert_eq!(
        page["rehearsal"]["criteria"],
        rehearsed["rehearsal"]["criteria"]
    );
}

#[test]
fn a_condition_that_does_not_hold_fails_the_run_whatever_its_slis_say() {
    let folder = with_conditions("  - {sli: page_p95, at_most: 1us}\n");
    let rehearsed = rehearse(&folder, "--run-id missed").exits(1).json();
    assert_eq!(text(&rehearsed, "/verdict"), "fail");
    assert_eq!(states(&rehearsed, "/rehearsal/criteria"), ["missed"]);
    count(&rehearsed, "/rehearsal/criteria/0/first_missed_us");
    assert!(
        list(&rehearsed, "/slis")
            .iter()
            .all(|sli| sli["state"] != "missed")
    );
    let words = "export gate --run missed --lake lake --defs wide.yaml";
    let gate = run(&folder, words).exits(1).json();
    assert_eq!(text(&gate, "/verdict"), "missed");
    assert_eq!(states(&gate, "/conditions"), ["missed"]);
    let words = "report --run missed --lake lake --defs wide.yaml -o missed.html";
    let reported = run(&folder, words).exits(1);
    assert!(
        reported
            .out
            .contains("A condition of the scenario was missed"),
        "{}",
        reported.out
    );
}

#[test]
fn a_condition_without_data_fails_and_says_what_is_missing() {
    let folder = with_conditions("  - not_crossed: contact\n");
    let rehearsed = rehearse(&folder, "").exits(1).json();
    assert_eq!(
        states(&rehearsed, "/rehearsal/criteria"),
        ["not_enough_data"]
    );
    let explanation = text(&rehearsed, "/rehearsal/criteria/0/explanation");
    assert_eq!(explanation, "No SLI of the set has that level.");
}

#[test]
fn an_sli_that_the_set_has_not_is_refused_before_anything_is_sent() {
    let folder =
        with_conditions("  - {sli: page_p59, at_most: 25s}\n  - {sli: page_p95, at_least: 1}\n");
    let refused = rehearse(&folder, "").refuses(3);
    for part in [
        "short.yaml:",
        "unknown SLI `page_p59`",
        "did you mean `page_p95`",
        "is a response time",
    ] {
        assert!(refused.err.contains(part), "{part}: {}", refused.err);
    }
    assert!(!folder.join("lake").exists());
}

/// Answers the first page and nothing else.
fn mute(asked: &Asked) -> Said {
    match asked.line.as_str() {
        "GET /" => Said::Answer("200 OK", &[], "page"),
        _ => Said::Nothing,
    }
}

/// A surge of shoppers whose second page is never answered.
fn unanswered(server: &ScriptedServer, drain: &str) -> TempFolder {
    let surge = Surge {
        target: format!("{{base_url: '{}'}}", server.base_url()),
        arrivals: "even",
        steps: "[{get: /}, {get: /mute}]",
        ..Surge::default()
    };
    let folder = TempFolder::new();
    folder.write("any-page.yaml", ANY_PAGE_SLIS);
    let drain = format!("drain: {drain}");
    folder.write("short.yaml", surge.yaml().replace("drain: 60s", &drain));
    folder
}

/// Why the second pages of a run had no answer.
fn errors(folder: &TempFolder) -> Vec<String> {
    let rows = lake_rows::rows(&folder.join("lake/requests"), &["route", "error"]);
    let second = rows.into_iter().filter(|row| row[0] == "/mute");
    second.map(|mut row| row.remove(1)).collect()
}

const MUTE: &str =
    "rehearse short.yaml --sli-defs any-page.yaml --lake lake --json --report page.md";

#[test]
fn who_waits_for_all_of_the_drain_had_no_answer() {
    let server = ScriptedServer::start(mute);
    let folder = unanswered(&server, "1s");
    let document = run(&folder, MUTE).json();
    let errors = errors(&folder);
    assert_eq!(errors.len(), 30);
    assert!(errors.iter().all(|error| error == "timeout"), "{errors:?}");
    assert_eq!(document["slis"][0]["value"], 0.5);
    assert_eq!(count(&document["slis"][0], "/valid"), 60);
    assert_eq!(count(&document, "/cut"), 30);
    assert!(count(&document, "/response_us/max") >= 1_000_000);
    let page = folder.read("page.md");
    assert!(!page.contains("had no answer yet"), "{page}");
}

#[test]
fn of_who_waits_when_the_run_is_stopped_nothing_is_known_and_the_report_says_so() {
    let server = ScriptedServer::start(mute);
    let folder = unanswered(&server, "60s");
    let mut child = start(&mut command(&folder, MUTE));
    while server
        .asked()
        .iter()
        .filter(|asked| asked.line == "GET /mute")
        .count()
        < 30
    {
        let ended = child.try_wait().expect("it can be asked");
        assert!(ended.is_none(), "the run ended before all were asked");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    interrupt(&child);
    let document = wait(child).exits(6).json();
    let errors = errors(&folder);
    assert!(
        errors.iter().all(|error| error == "cancelled"),
        "{errors:?}"
    );
    assert_eq!(document["slis"][0]["value"], 1.0);
    let page = folder.read("page.md");
    assert!(
        page.contains("30 requests had no answer yet when the run ended, after up to"),
        "{page}"
    );
}

#[test]
fn offered_and_achieved_add_up() {
    let folder = prepared(&Surge {
        target: "{shop: {checkouts_per_s: 1, payment_time: 20ms, payment_queue: 1}}".to_owned(),
        ..Surge::default()
    });
    let rehearsed = rehearse(&folder, "--run-id load").exits(1).json();
    let of = |list_of: &str, name: &str| -> f64 {
        let rows = list(&rehearsed, &format!("/rehearsal/{list_of}")).iter();
        let found = rows
            .filter(|row| row["name"] == name)
            .map(|row| &row["count"]);
        found.filter_map(Value::as_f64).sum()
    };
    assert!((of("shoppers", "planned by the curve") - 30.0).abs() < 1e-6);
    let offered = of("shoppers", "offered");
    assert_eq!(
        offered,
        of("shoppers", "dropped") + of("shoppers", "started")
    );
    let made = of("requests", "made");
    let names = [
        "answered well",
        "refused (429, 503)",
        "other errors",
        "no answer",
    ];
    let ended: f64 = names.iter().map(|name| of("requests", name)).sum();
    assert_eq!(made, ended);
    assert!(of("requests", "refused (429, 503)") > 0.0);
    let words = "report --run load --lake lake --defs wide.yaml --json -o load.json";
    let page = run(&folder, words).exits(1).json();
    let charts = list(&page, "/timeline/charts");
    let shoppers = charts.iter().find(|chart| chart["title"] == "Shoppers");
    let shoppers = shoppers.expect("there is a chart of the curve");
    let sums = list(shoppers, "/series").iter().map(|series| {
        let values = list(series, "/values").iter();
        values.filter_map(Value::as_f64).sum::<f64>()
    });
    let sums: Vec<f64> = sums.collect();
    assert!((sums[1] - 30.0).abs() < 1e-6, "{sums:?}");
    assert!(sums[0] > 0.0 && sums[0] <= offered, "{sums:?}");
}
