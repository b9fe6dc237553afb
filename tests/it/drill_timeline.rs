//! Drills of a few seconds: what was done is undone, what was expected is judged, people are waited for.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use serde_json::Value;

use super::drill_reports::postmortem;
use super::lake_rows::rows;
use super::program::{Ran, count, list, run, text};
use super::scripted_server::{Asked, Said, ScriptedServer};
use super::surge_file::{LOOK, Surge};
use super::temp_folder::TempFolder;

/// SLIs that a fault of the payment crosses within a second, and one that nothing crosses.
const LEVEL_SLIS: &str = "\
name: levels
window: 1m
rehearsal_window: 1s
routes: ['/product/{id}']
events:
  page: {title: Any request}
  checkout: {title: Checkout, method: POST, route: /checkout}
slis:
  - {kind: ratio, name: checkout_success, title: Checkouts answered well, event: checkout, bad_status: [4xx, 5xx, none], min_count: 1, thresholds: [{level: warn, below: 0.9, for: 1s}]}
  - {kind: latency, name: page_p95, title: 'Any page, p95', event: page, percentile: 95, min_count: 1, thresholds: [{level: warn, above: 25s, for: 1s}]}
  - {kind: ratio, name: availability, title: Requests answered, event: page, min_count: 1}
";

/// One SLI of any request, with a level.
const PAGE_SLIS: &str = "\
name: pages
window: 1m
rehearsal_window: 1s
events:
  page: {title: Any request}
slis:
  - {kind: ratio, name: availability, title: Requests answered, event: page, min_count: 1, thresholds: [{level: warn, below: 0.5, for: 1s}]}
";

/// A folder with a surge and its drills.
pub fn prepared(surge: &Surge, drills: &str) -> TempFolder {
    let folder = TempFolder::new();
    folder.write("drill.yaml", format!("{}drills:\n{drills}", surge.yaml()));
    folder.write("levels.yaml", LEVEL_SLIS);
    folder.write("pages.yaml", PAGE_SLIS);
    folder
}

pub fn shop(length_s: u32) -> Surge {
    Surge {
        length_s,
        ..Surge::default()
    }
}

/// A surge of pages at `server`.
pub fn pages(server: &ScriptedServer, length_s: u32) -> Surge {
    Surge {
        target: format!("{{base_url: '{}'}}", server.base_url()),
        length_s,
        steps: LOOK,
        ..Surge::default()
    }
}

pub fn rehearse(folder: &TempFolder, slis: &str, more: &str) -> Ran {
    let words = format!(
        "rehearse drill.yaml --sli-defs {slis} --lake lake --json --run-id run --report page.json {more}"
    );
    run(folder, &words)
}

/// The drill called `id` in a document.
#[track_caller]
pub fn drill<'a>(document: &'a Value, id: &str) -> &'a Value {
    let mut drills = list(document, "/drills").iter();
    drills
        .find(|drill| drill["id"] == id)
        .unwrap_or_else(|| panic!("no drill `{id}` in {document}"))
}

/// `ok` to everything but what hooks ask for.
pub fn script(asked: &Asked) -> Said {
    match asked.line.as_str() {
        "POST /break?hard=1" => Said::Answer("201 Created", &[], "broken as wanted"),
        "POST /refuse" => Said::Answer("500 Internal Server Error", &[], "no such proxy"),
        "POST /hang" => Said::Nothing,
        _ => Said::Answer("200 OK", &[], "ok"),
    }
}

fn asked(server: &ScriptedServer, line: &str) -> Vec<Asked> {
    let all = server.asked().into_iter();
    all.filter(|asked| asked.line == line).collect()
}

pub const OUTAGE: &str = "  - {id: outage, title: Payment fails, at: 2s, for: 2s, fault: payment-outage, expect: {seen_by: checkout_success, within: 4s, recovers_within: 4s}}\n";

#[test]
fn a_fault_is_seen_undone_and_recovered_from_and_the_lake_remembers_it() {
    let folder = prepared(&shop(8), OUTAGE);
    let rehearsed = rehearse(&folder, "levels.yaml", "").exits(0).json();
    let outage = drill(&rehearsed, "outage");
    assert_eq!(text(outage, "/outcome"), "done");
    assert_eq!(text(outage, "/undo"), "done");
    assert!(count(outage, "/began_us") >= 2_000_000);
    assert!(count(outage, "/undone_us") >= 4_000_000);
    assert_eq!(
        outage["seen_first_by"],
        serde_json::json!(["checkout_success"])
    );
    assert_eq!(outage["not_seen_by"], serde_json::json!(["page_p95"]));
    assert_eq!(text(outage, "/warn/sli"), "checkout_success");
    assert!(outage["contact"].is_null(), "no SLI has such a level");
    assert!(outage["predicted_contacts"].is_null(), "nobody knows");
    assert_eq!(text(outage, "/recovery/state"), "recovered");
    let failed = count(outage, "/impact/requests_failed");
    assert!(0 < failed && failed < count(outage, "/impact/requests"));
    // Each shopper checks out once, so as many were hit as requests failed.
    assert_eq!(count(outage, "/impact/shoppers_affected"), failed);
    let states: Vec<&str> = list(outage, "/expectations")
        .iter()
        .map(|expectation| text(expectation, "/state"))
        .collect();
    assert_eq!(states, ["met", "met"]);

    let page: Value = serde_json::from_str(&folder.read("page.json")).unwrap();
    let mark = &list(&page, "/timeline/marks")[0];
    assert_eq!(text(mark, "/label"), "Payment fails");
    let lasted = count(mark, "/at_us")..count(mark, "/until_us");
    let due = rows(&folder.join("lake/requests"), &["ts"]).into_iter();
    let due = due.map(|row| row[0].parse::<jiff::Timestamp>().expect("it is a time"));
    let inside = due.filter(|due| lasted.contains(&due.as_microsecond().unsigned_abs()));
    assert_eq!(inside.count() as u64, count(outage, "/impact/requests"));
    let again = "report --run run --defs levels.yaml --lake lake -o again.json --json";
    let again = run(&folder, again).exits(0).json();
    assert_eq!(again["drills"], page["drills"]);
    for (file, part) in [
        ("page.html", "Payment fails"),
        ("page.md", "| Payment fails (`outage`)"),
    ] {
        let words = format!("report --run run --defs levels.yaml --lake lake -q -o {file}");
        run(&folder, &words).exits(0);
        assert!(folder.read(file).contains(part), "{file}");
    }
}

#[test]
fn an_expectation_that_is_missed_fails_the_run_and_is_said() {
    let drills = OUTAGE.replace("seen_by: checkout_success", "seen_by: page_p95");
    let folder = prepared(
        &shop(6),
        &drills.replace("within: 4s, recovers_within: 4s", "within: 1s"),
    );
    let words = "rehearse drill.yaml --sli-defs levels.yaml --lake lake --run-id run --color never";
    let told = run(&folder, words).exits(1);
    for part in [
        "FAIL",
        "The drill Payment fails was not seen by page_p95 within 1 s (it did not see it).",
        "✕ outage: expected seen by page_p95",
        "drill 00:02  outage begins: Payment fails",
        "outage is undone",
    ] {
        let said = format!("{}{}", told.out, told.err);
        assert!(said.contains(part), "no `{part}` in {said}");
    }
    let again = "report --run run --defs levels.yaml --lake lake -o again.json -q";
    run(&folder, again).exits(1);
}

#[test]
fn an_expectation_of_what_cannot_see_is_refused_with_its_place() {
    for (sli, expected) in [
        ("chekout_success", "did you mean `checkout_success`"),
        ("availability", "has no thresholds, so it can see nothing"),
    ] {
        let folder = prepared(&shop(6), &OUTAGE.replace("checkout_success", sli));
        let refused = rehearse(&folder, "levels.yaml", "").refuses(3);
        assert!(refused.err.contains(expected), "{}", refused.err);
        assert!(refused.err.contains("drill.yaml:"), "{}", refused.err);
        assert!(!folder.join("lake").exists());
    }
}

#[test]
fn an_http_hook_is_asked_once_with_everything_and_undone_once() {
    let server = ScriptedServer::start(script);
    let url = server.base_url();
    let folder = prepared(
        &pages(&server, 3),
        &format!(
            "  - id: toxic\n    at: 500ms\n    for: 1s\n    config_push: v7\n    http: {{url: '{url}/break?hard=1', headers: {{x-token: t}}, body: '{{\"a\": 1}}', status: ['201']}}\n    undo: {{http: {{method: DELETE, url: '{url}/break'}}}}\n"
        ),
    );
    let rehearsed = rehearse(&folder, "pages.yaml", "").exits(0).json();
    let toxic = drill(&rehearsed, "toxic");
    assert_eq!(text(toxic, "/action"), "config_push");
    assert_eq!(text(toxic, "/what"), format!("v7 POST {url}/break?hard=1"));
    assert_eq!(
        (text(toxic, "/outcome"), text(toxic, "/undo")),
        ("done", "done")
    );
    assert_eq!(text(toxic, "/output"), "broken as wanted");
    let broken = asked(&server, "POST /break?hard=1");
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].body, "{\"a\": 1}");
    assert!(broken[0].headers.contains(&"x-token: t".to_owned()));
    assert_eq!(asked(&server, "DELETE /break").len(), 1);
    assert_eq!(
        asked(&server, "GET /").len() as u64,
        count(&rehearsed, "/requests"),
        "hooks are no part of what is recorded"
    );
}

/// Whether the page is gone.
static IS_GONE: AtomicBool = AtomicBool::new(false);

/// A page that a push takes away, until it is taken back.
fn pushed(asked: &Asked) -> Said {
    match asked.line.as_str() {
        "POST /push" => IS_GONE.store(true, Relaxed),
        "DELETE /push" => IS_GONE.store(false, Relaxed),
        _ if IS_GONE.load(Relaxed) => return Said::Answer("404 Not Found", &[], "no such page"),
        _ => {}
    }
    Said::Answer("200 OK", &[], "ok")
}

#[test]
fn a_push_that_takes_a_page_away_hits_all_who_click_on_it() {
    let server = ScriptedServer::start(pushed);
    let url = server.base_url();
    let folder = prepared(
        &pages(&server, 6),
        &format!(
            "  - {{id: push, at: 2s, for: 2s, http: {{url: '{url}/push'}}, undo: {{http: {{method: DELETE, url: '{url}/push'}}}}}}\nthresholds: [{{sli: errors, above: 20%, for: 1s, window: 1s}}]\n"
        ),
    );
    let rehearsed = rehearse(&folder, "levels.yaml", "").exits(1).json();
    let impact = &drill(&rehearsed, "push")["impact"];
    let gone = rows(&folder.join("lake/requests"), &["status"]);
    let gone = gone.iter().filter(|row| row[0] == "404").count() as u64;
    assert!(gone >= 5, "{gone}");
    // A request or two at the borders may have come a moment before or after.
    for pointer in ["/requests_failed", "/shoppers_affected"] {
        assert!(
            count(impact, pointer).abs_diff(gone) <= 2,
            "{impact}, {gone}"
        );
    }
    assert_eq!(text(&rehearsed, "/thresholds/0/state"), "broken");
}

#[test]
fn a_hook_that_fails_or_hangs_is_a_finding_and_holds_up_nothing() {
    let server = ScriptedServer::start(script);
    let url = server.base_url();
    let folder = prepared(
        &pages(&server, 3),
        &format!(
            "  - {{id: hangs, at: 0s, http: {{url: '{url}/hang', timeout: 200ms}}, undo: {{http: {{url: '{url}/undo'}}}}}}\n  - {{id: stuck, at: 0s, http: {{url: '{url}/hang', timeout: 1h}}}}\n  - {{id: refused, at: 100ms, http: {{url: '{url}/refuse'}}, expect: {{within: 1s}}}}\n  - {{id: stays, at: 100ms, for: 1s, http: {{url: '{url}/break?hard=1'}}, undo: {{http: {{url: '{url}/refuse'}}}}}}\n  - {{id: nobody, at: 100ms, http: {{url: 'http://127.0.0.1:1/'}}}}\n"
        ),
    );
    let rehearsed = rehearse(&folder, "pages.yaml", "").exits(1).json();
    let problem = |id: &str, key: &str| text(drill(&rehearsed, id), key).to_owned();
    assert_eq!(problem("hangs", "/outcome"), "failed");
    assert_eq!(problem("hangs", "/problem"), "no answer: timeout");
    // What did not answer may still have been done.
    assert_eq!(asked(&server, "POST /undo").len(), 1);
    assert_eq!(
        problem("stuck", "/problem"),
        "the run was over before it answered"
    );
    assert_eq!(problem("refused", "/problem"), "it answered 500");
    assert_eq!(problem("refused", "/output"), "no such proxy");
    assert_eq!(
        problem("refused", "/expectations/0/state"),
        "not_enough_data"
    );
    assert_eq!(problem("stays", "/outcome"), "done");
    assert_eq!(problem("stays", "/undo"), "failed");
    assert_eq!(problem("stays", "/undo_problem"), "it answered 500");
    assert_eq!(problem("nobody", "/problem"), "no answer: refused");
    assert_eq!(
        count(&rehearsed, "/offered_arrivals"),
        count(&rehearsed, "/completed")
    );
    let postmortem = postmortem(&folder, "pages.yaml");
    for part in [
        "The drill “refused” could not be done: it answered 500.",
        "The drill “stays” could not be undone, and may still be in force: it answered 500.",
        "| See to it that the drill “refused” can be done, and do it |",
        "drill “stays” cannot be undone",
    ] {
        assert!(postmortem.contains(part), "no `{part}` in {postmortem}");
    }
    assert!(
        !postmortem.contains("drill “refused” is undone"),
        "{postmortem}"
    );
}

const COMMANDS: &str = "  - {id: says, at: 0s, exec: {argv: [sh, -c, 'echo $FIREDRILL_RUN $FIREDRILL_ENTRY; touch done']}}\n  - {id: fails, at: 0s, exec: {argv: [sh, -c, 'echo oops >&2; exit 3']}}\n  - {id: hangs, at: 0s, exec: {argv: [sh, -c, 'echo $$ > hangs; sleep 600 & wait'], timeout: 300ms}}\n  - {id: endless, at: 0s, exec: {argv: [sh, -c, 'echo $$ > endless; exec sleep 600'], timeout: 1h}, undo: {exec: {argv: [touch, undone]}}}\n";

fn with_commands() -> (ScriptedServer, TempFolder) {
    let server = ScriptedServer::start(script);
    let folder = prepared(&pages(&server, 3), COMMANDS);
    let whole = folder.read("drill.yaml");
    folder.write("drill.yaml", format!("exec_allowed: true\n{whole}"));
    (server, folder)
}

#[test]
fn commands_are_refused_unless_scenario_and_user_agree() {
    let (server, folder) = with_commands();
    let refused = rehearse(&folder, "pages.yaml", "").refuses(2);
    for part in ["--allow-exec", "endless: sh -c", "endless: touch undone"] {
        assert!(refused.err.contains(part), "{}", refused.err);
    }
    let whole = folder.read("drill.yaml");
    folder.write("drill.yaml", whole.replace("exec_allowed: true\n", ""));
    let refused = rehearse(&folder, "pages.yaml", "--allow-exec").refuses(3);
    assert!(
        refused.err.contains("add `exec_allowed: true`"),
        "{}",
        refused.err
    );
    folder.write(
        "drill.yaml",
        whole.replace("[touch, undone]", "[no-such-program-here]"),
    );
    let refused = rehearse(&folder, "pages.yaml", "--allow-exec").refuses(4);
    assert!(
        refused.err.contains("no program `no-such-program-here`"),
        "{}",
        refused.err
    );
    assert!(!folder.join("lake").exists());
    assert!(!folder.join("done").exists());
    assert_eq!(asked(&server, "GET /").len(), 0);
}

#[cfg(unix)]
#[test]
fn commands_run_without_a_shell_and_are_killed_in_time_and_at_the_end() {
    let (_server, folder) = with_commands();
    let ran = rehearse(&folder, "pages.yaml", "--allow-exec").exits(0);
    assert!(
        ran.err.contains("commands that will be run:"),
        "{}",
        ran.err
    );
    let rehearsed = ran.json();
    let of = |id: &str, key: &str| text(drill(&rehearsed, id), key).to_owned();
    assert_eq!(of("says", "/outcome"), "done");
    assert_eq!(of("says", "/output"), "run says");
    assert!(folder.join("done").exists());
    assert_eq!(of("fails", "/problem"), "it ended with exit status: 3");
    assert_eq!(of("fails", "/output"), "oops");
    assert_eq!(
        of("hangs", "/problem"),
        "it did not end within 0.3 s; it was killed"
    );
    assert_eq!(
        of("endless", "/problem"),
        "the run was over before it ended; it was killed"
    );
    assert_eq!(of("endless", "/undo"), "done");
    assert!(folder.join("undone").exists());
    for name in ["hangs", "endless"] {
        let group = folder.read(name);
        let alive = std::process::Command::new("kill")
            .args(["-0", "--", &format!("-{}", group.trim())])
            .output()
            .unwrap();
        assert!(!alive.status.success(), "{name} still runs");
    }
}

#[test]
fn a_fault_of_what_is_no_demo_shop_is_refused() {
    let server = ScriptedServer::start(script);
    let folder = prepared(
        &pages(&server, 2),
        "  - {id: freeze, at: 0s, fault: freeze}\n",
    );
    let refused = rehearse(&folder, "pages.yaml", "").refuses(4);
    assert!(refused.err.contains("no fault switches"), "{}", refused.err);
    assert!(!folder.join("lake").exists());
    assert_eq!(asked(&server, "GET /").len(), 0);
}

#[test]
fn a_channel_that_a_drill_turns_off_sends_as_few_as_one_that_is_declared_off() {
    let server = ScriptedServer::start(script);
    let off = |of_channel: &str, drills: &str| {
        let folder = prepared(&pages(&server, 3), "");
        let whole = folder.read("drill.yaml").replace("drills:\n", drills);
        let channels = format!(
            "channels: [{{name: mail, share: 1{of_channel}}}, {{name: direct, share: 1}}]\n"
        );
        folder.write("drill.yaml", format!("{whole}{channels}"));
        rehearse(&folder, "pages.yaml", "").exits(0).json()
    };
    let declared = off(", off: [{from: 1s, to: 2s}]", "");
    let drilled = off(
        "",
        "drills: [{id: mail-off, at: 1s, for: 1s, channel_off: mail}]\n",
    );
    assert!(count(&declared, "/withheld") > 0);
    for key in ["/withheld", "/offered_arrivals"] {
        assert_eq!(count(&drilled, key), count(&declared, key));
    }
    let mail = drill(&drilled, "mail-off");
    assert_eq!(text(mail, "/outcome"), "done");
    assert_eq!(
        (count(mail, "/began_us"), count(mail, "/undone_us")),
        (1_000_000, 2_000_000)
    );
    // Its effect: who did not come, and the load of the second before beside that of its own.
    assert_eq!(
        count(mail, "/shoppers_withheld"),
        count(&drilled, "/withheld")
    );
    let per_s = |key: &str| mail["relief"][key].as_f64().unwrap();
    assert!((per_s("requests_per_s") - mail["impact"]["requests"].as_f64().unwrap()).abs() < 1e-9);
    assert!(
        per_s("requests_per_s") < per_s("requests_per_s_before"),
        "{mail}"
    );
}
