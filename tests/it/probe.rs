//! Probes of partners: what was on the wire is in the lake, once, whatever happens to prober and lake.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::lake_rows::rows;
use super::partner_file::{nobody, partner, partners, reference, silent, well};
use super::program::{command, count, interrupt, list, run, start, text, wait, wait_for_line};
use super::scripted_server::{Said, ScriptedServer};
use super::surge_file::{Surge, WIDE_SLIS};
use super::target_server::TargetServer;
use super::temp_folder::TempFolder;

/// Service, method, route, status and error of every request in the lake with how many there are.
fn counted(folder: &TempFolder) -> Vec<(String, usize)> {
    let columns = ["origin", "service", "method", "route", "status", "error"];
    let mut rows = rows(&folder.join("lake/requests"), &columns);
    rows.sort_unstable();
    let groups = rows.chunk_by(|one, other| one == other);
    groups
        .map(|group| (group[0].join(" ").trim_end().to_owned(), group.len()))
        .collect()
}

fn probed<'a>(document: &'a Value, name: &str) -> &'a Value {
    let mut all = list(document, "/probed").iter();
    all.find(|probed| probed["name"] == name)
        .unwrap_or_else(|| panic!("no `{name}` in {document}"))
}

/// Positions of all rows, sorted.
fn positions(folder: &TempFolder) -> Vec<usize> {
    let rows = rows(&folder.join("lake/requests"), &["position"]);
    let positions = rows.iter().map(|row| row[0].parse().expect("a position"));
    let mut positions: Vec<usize> = positions.collect();
    positions.sort_unstable();
    positions
}

#[test]
fn each_way_to_fail_is_a_row_with_its_reason() {
    let server = ScriptedServer::start(|asked| match asked.line.as_str() {
        "GET /busy" => Said::Answer("503 Busy", &[], ""),
        "GET /slow" => Said::Nothing,
        "GET /wrong" => Said::Answer("200 OK", &[], "{\"status\": \"maintenance\"}"),
        _ => Said::Answer("200 OK", &[], "{\"status\": \"ok\"}"),
    });
    let url = server.base_url();
    let check =
        |path: &str| format!(", steps: [{{get: {path}, check: {{json: {{/status: ok}}}}}}]");
    let lines = [
        partner("up", &url, &check("/up")),
        partner("busy", &url, &check("/busy")),
        partner("wrong", &url, &check("/wrong")),
        partner("slow", &url, &check("/slow")).replace("timeout: 20s", "timeout: 200ms"),
        partner("refused", &nobody(), ""),
        partner("untrusted", &url.replace("http:", "https:"), ""),
    ];
    let folder = partners(&lines, &reference(&server));
    let ran = run(&folder, "probe partners.yaml --once --lake lake --json").exits(1);
    let expected = [
        ("probe busy GET /busy 503 status", 1),
        ("probe own-network GET / 200", 1),
        ("probe refused GET / 0 refused", 1),
        ("probe slow GET /slow 0 timeout", 1),
        ("probe untrusted GET / 0 tls", 1),
        ("probe up GET /up 200", 1),
        ("probe wrong GET /wrong 200 check", 1),
    ];
    assert_eq!(
        counted(&folder),
        expected.map(|(row, count)| (row.to_owned(), count))
    );
    let document = ran.json();
    assert_eq!(count(&document, "/requests"), 7);
    assert_eq!(count(&document, "/committed"), 7);
    assert_eq!(probed(&document, "up")["is_up"], true);
    assert_eq!(probed(&document, "busy")["failures"]["status 503"], 1);
    assert_eq!(probed(&document, "refused")["own_network"], 0);
    for line in ["busy  FAILS: status 503", "slow  FAILS: timeout"] {
        assert!(ran.err.contains(line), "no `{line}` in {}", ran.err);
    }
    run(&folder, "lake verify --lake lake").exits(0);
}

#[test]
fn a_journey_takes_its_steps_and_fails_with_the_first_that_fails() {
    let server = ScriptedServer::start(|asked| match asked.line.as_str() {
        "GET /orders/q-17" => Said::Answer("409 Conflict", &[], ""),
        _ => well(asked),
    });
    let steps = ", auth: {bearer: '${env:PARTNER_TOKEN}'}, steps: [{post: /quotes, json: '{\"weight_g\": 500}', take: {quote: {json: /id}}}, {get: '/orders/{quote}'}, {get: /never}]";
    let folder = partners(&[partner("parcels", &server.base_url(), steps)], "");
    let ran = command(&folder, "probe partners.yaml --times 2 --lake lake")
        .env("PARTNER_TOKEN", "t0p-s3cret")
        .output()
        .expect("the program starts");
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    assert_eq!(
        counted(&folder),
        [
            ("probe parcels GET /orders/{id} 409 status".to_owned(), 2),
            ("probe parcels POST /quotes 200".to_owned(), 2),
        ]
    );
    // The rows of one probe have one number, and no secret is anywhere in the lake.
    let numbers = rows(&folder.join("lake/requests"), &["shopper"]);
    let numbers: BTreeSet<String> = numbers.iter().map(|row| row[0].clone()).collect();
    assert_eq!(numbers, ["0".to_owned(), "2".to_owned()].into());
    let asked = server.asked();
    let token = "authorization: Bearer t0p-s3cret".to_owned();
    assert!(asked.iter().all(|asked| asked.headers.contains(&token)));
    for file in folder.files("lake") {
        let bytes = std::fs::read(folder.join("lake").join(&file)).expect("it can be read");
        let found = bytes.windows(10).any(|part| part == b"t0p-s3cret");
        assert!(!found, "{}", file.display());
    }
}

#[test]
fn a_host_that_nobody_allowed_is_refused_before_anything_is_sent() {
    let server = ScriptedServer::start(well);
    let lines = [
        partner("up", &server.base_url(), ""),
        partner("stranger", "http://192.0.2.1:9", ""),
    ];
    let folder = partners(&lines, "");
    let refused = run(&folder, "probe partners.yaml --once --lake lake").refuses(3);
    assert!(
        refused
            .err
            .contains("host `192.0.2.1` is not in `hosts_allowed`"),
        "{}",
        refused.err
    );
    assert_eq!(server.asked().len(), 0);
    assert!(!folder.join("lake").exists());
}

#[test]
fn a_prober_that_was_killed_goes_on_where_it_was_and_nothing_is_double() {
    let server = TargetServer::start();
    let folder = partners(&[partner("up", &server.base_url(), "")], "");
    let words = "probe partners.yaml --commit-every 100ms --lake lake";
    let mut killed = start(&mut command(&folder, words));
    server.wait_for_answers(20);
    killed.kill().expect("it runs");
    killed.wait().expect("it was started");
    let before = positions(&folder).len();
    assert!((1..=21).contains(&before), "{before} rows");
    let again = run(&folder, "probe partners.yaml --times 3 --lake lake --json").exits(0);
    assert_eq!(count(&again.json(), "/committed"), 3);
    assert_eq!(positions(&folder), (0..before + 3).collect::<Vec<_>>());
    run(&folder, "lake verify --lake lake").exits(0);
    let info = run(&folder, "lake info --lake lake --json").exits(0).json();
    assert_eq!(count(&info, "/origins/probe"), before as u64 + 3);
}

#[test]
fn a_signal_ends_it_at_once_and_keeps_everything() {
    for signal in ["-INT", "-TERM"] {
        let server = TargetServer::start();
        let folder = partners(&[partner("up", &server.base_url(), "")], "");
        // Nothing is committed before the end.
        let words = "probe partners.yaml --commit-every 1h --lake lake --json";
        let child = start(&mut command(&folder, words));
        server.wait_for_answers(4);
        let sent = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status()
            .expect("kill is installed");
        assert!(sent.success());
        let document = wait(child).exits(0).json();
        let rows = positions(&folder).len();
        assert!(rows >= 3, "{rows} rows");
        assert_eq!(count(&document, "/committed"), rows as u64);
        assert_eq!(count(&document, "/records_lost"), 0);
        assert_eq!(count(&document, "/commits"), 1);
    }
}

#[test]
fn it_ends_after_the_time_that_was_asked_for() {
    let server = ScriptedServer::start(well);
    let folder = partners(&[partner("up", &server.base_url(), "")], "");
    let words = "probe partners.yaml --for 500ms --lake lake --json";
    let document = run(&folder, words).exits(0).json();
    let probes = count(probed(&document, "up"), "/probes");
    assert!((1..=6).contains(&probes), "{probes}");
    assert_eq!(positions(&folder).len() as u64, probes);
    let refused = run(&folder, "probe partners.yaml --once --for 1s --lake lake");
    refused.refuses(2);
}

#[test]
fn rows_are_kept_while_the_lake_takes_none() {
    let server = TargetServer::start();
    let folder = partners(&[partner("up", &server.base_url(), "")], "");
    run(&folder, "probe partners.yaml --once --lake lake").exits(0);
    server.wait_for_answers(1);
    // A file in the place of the folder for files on their way.
    let staging = folder.join("lake/_staging");
    std::fs::remove_dir_all(&staging).expect("it is there");
    folder.write("lake/_staging", "");
    let words = "probe partners.yaml --commit-every 100ms --lake lake --json";
    let mut child = start(&mut command(&folder, words));
    let (line, mut reader) = wait_for_line(&mut child, "the lake takes no rows");
    assert!(line.contains("are kept until it does"), "{line}");
    server.wait_for_answers(3);
    std::fs::remove_file(&staging).expect("it is there");
    std::fs::create_dir(&staging).expect("it can be made");
    let mut again = String::new();
    while !again.contains("the lake takes rows again") {
        again.clear();
        let bytes = std::io::BufRead::read_line(&mut reader, &mut again).expect("it is text");
        assert!(bytes > 0, "it ended");
    }
    interrupt(&child);
    let document = wait(child).exits(0).json();
    assert!(count(&document, "/committed") >= 3);
    assert_eq!(count(&document, "/records_lost"), 0);
    let rows = count(&document, "/committed") + 1;
    assert_eq!(
        positions(&folder),
        (0..usize::try_from(rows).unwrap()).collect::<Vec<_>>()
    );
    run(&folder, "lake verify --lake lake").exits(0);
}

#[test]
fn past_the_bound_rows_are_lost_and_that_is_said() {
    let server = ScriptedServer::start(well);
    let folder = partners(&[partner("up", &server.base_url(), "")], "");
    run(&folder, "probe partners.yaml --once --lake lake").exits(0);
    std::fs::remove_dir_all(folder.join("lake/_staging")).expect("it is there");
    folder.write("lake/_staging", "");
    let words = "probe partners.yaml --times 5 --keep 3 --lake lake --json";
    let ran = run(&folder, words).exits(4);
    let document = ran.json();
    assert_eq!(count(&document, "/records_lost"), 5);
    assert_eq!(count(&document, "/committed"), 0);
    assert!(
        ran.err.contains("5 of 5 requests are not in the lake"),
        "{}",
        ran.err
    );
    assert_eq!(positions(&folder), [0]);
}

#[test]
fn a_loss_of_our_own_network_is_no_failure_of_a_partner() {
    let (one, _listens) = silent("one", "127.0.0.1", "");
    let (two, _listens_too) = silent("two", "127.0.0.2", "");
    let lines = [one, two];
    let folder = partners(&lines, "");
    let lost = run(&folder, "probe partners.yaml --times 3 --lake lake --json").exits(0);
    assert!(
        lost.err.contains("our own network seems lost"),
        "{}",
        lost.err
    );
    let document = lost.json();
    for name in ["one", "two"] {
        assert_eq!(count(probed(&document, name), "/failed"), 3);
        assert_eq!(count(probed(&document, name), "/own_network"), 3);
    }
    // The same with a reference that is reached: it is the partners.
    let server = ScriptedServer::start(well);
    let folder = partners(&lines, &reference(&server));
    let failed = run(&folder, "probe partners.yaml --times 3 --lake lake --json").exits(1);
    assert!(
        !failed.err.contains("own network seems lost"),
        "{}",
        failed.err
    );
    assert_eq!(count(probed(&failed.json(), "one"), "/own_network"), 0);
}

#[test]
fn who_refuses_a_connection_was_reached() {
    // On two hosts, so that a loss of our own network could be told.
    let two = nobody().replace("127.0.0.1", "127.0.0.2");
    let lines = [partner("one", &nobody(), ""), partner("two", &two, "")];
    let folder = partners(&lines, "");
    let ran = run(&folder, "probe partners.yaml --times 3 --lake lake --json").exits(1);
    assert!(!ran.err.contains("own network"), "{}", ran.err);
    let document = ran.json();
    for name in ["one", "two"] {
        assert_eq!(count(probed(&document, name), "/failures/refused"), 3);
        assert_eq!(count(probed(&document, name), "/own_network"), 0);
    }
}

#[test]
fn probes_are_judged_by_the_same_slis_as_customers() {
    let server = ScriptedServer::start(|asked| match asked.line.as_str() {
        "GET /busy" => Said::Answer("503 Busy", &[], ""),
        _ => well(asked),
    });
    let lines = [
        partner("up", &server.base_url(), ""),
        partner("busy", &server.base_url(), ", steps: [{get: /busy}]"),
    ];
    let folder = partners(&lines, "");
    run(&folder, "probe partners.yaml --times 4 --lake lake").exits(1);
    folder.write("any.yaml", super::surge_file::ANY_PAGE_SLIS);
    let sli = run(
        &folder,
        "sli --origin probe --defs any.yaml --lake lake --json",
    )
    .exits(0);
    let document = sli.json();
    assert_eq!(text(&document, "/origin"), "probe");
    assert_eq!(document["slis"][0]["value"], 0.5);
    assert_eq!(count(&document, "/slis/0/valid"), 8);
    let words = "sli --origin probe --defs any.yaml --by service --lake lake";
    let by_service = run(&folder, words).out;
    assert!(
        by_service.contains("up") && by_service.contains("busy"),
        "{by_service}"
    );
}

#[test]
fn a_rehearsal_says_how_partners_did_meanwhile() {
    let server = ScriptedServer::start(|asked| match asked.line.as_str() {
        "GET /bad" => Said::Answer("503 Busy", &[], ""),
        _ => Said::Answer("200 OK", &[], ""),
    });
    let url = server.base_url();
    let lines = [
        partner("bad", &url, ", steps: [{get: /bad}]"),
        partner("good", &url, ""),
    ];
    let folder = partners(&lines, "");
    folder.write("short.yaml", Surge::default().yaml());
    folder.write("wide.yaml", WIDE_SLIS);
    // Of before the run.
    run(&folder, "probe partners.yaml --once --lake lake").exits(1);
    let words = "probe partners.yaml --commit-every 100ms --lake lake --json";
    let prober = start(&mut command(&folder, words));
    let words = "rehearse short.yaml --sli-defs wide.yaml --run-id one --lake lake --json";
    let rehearsed = run(&folder, words).exits(0).json();
    interrupt(&prober);
    wait(prober).exits(0);
    let partners = list(&rehearsed, "/partners");
    let names: Vec<&str> = partners.iter().map(|it| text(it, "/partner")).collect();
    assert_eq!(names, ["bad", "good"], "{partners:?}");
    for (partner, is_bad) in partners.iter().zip([true, false]) {
        let requests = count(partner, "/requests");
        assert!((1..=60).contains(&requests), "{partner}");
        let expected = if is_bad { requests } else { 0 };
        assert_eq!(count(partner, "/failed"), expected, "{partner}");
        assert_eq!(partner["p95_us"].is_null(), is_bad, "{partner}");
    }
    // Of what was due while it ran, though the SLIs are judged over whole windows of a minute.
    let long = WIDE_SLIS.replace("rehearsal_window: 1s", "rehearsal_window: 1m");
    folder.write("long.yaml", long);
    let words = "report --run one --lake lake --defs long.yaml -o page.md -q";
    run(&folder, words);
    let page = folder.read("page.md");
    for name in ["bad", "good"] {
        let due = probed_meanwhile(&folder, "one", name);
        let failed = if name == "bad" { due } else { 0 };
        let part = format!("Partner {name}: {failed} of {due} requests of probes failed");
        assert!(page.contains(&part), "{part}: {page}");
    }
}

/// Requests of probes in the lake that were due from the start of a rehearsal to its last answer.
fn probed_meanwhile(folder: &TempFolder, run_id: &str, service: &str) -> usize {
    let facts = folder.read(&format!("lake/runs/{run_id}.json"));
    let facts: Value = serde_json::from_str(&facts).expect("facts of a run are JSON");
    let us = |name: &str| facts[name].as_i64().expect("a number");
    let length_us = us("length_us").max(us("judged_us"));
    let during = us("started_us")..us("started_us") + length_us;
    let rows = rows(&folder.join("lake/requests"), &["origin", "service", "ts"]);
    let due = rows.iter().filter(|row| {
        let ts: jiff::Timestamp = row[2].parse().expect("a moment in UTC");
        row[0] == "probe" && row[1] == service && during.contains(&ts.as_microsecond())
    });
    due.count()
}

#[test]
fn an_event_of_probes_covers_probes_and_no_customer() {
    let server = ScriptedServer::start(well);
    let folder = partners(&[partner("up", &server.base_url(), "")], "");
    run(&folder, "probe partners.yaml --times 3 --lake lake").exits(0);
    folder.write("access.log", super::access_lines::plain_lines(5));
    super::ingest::ingest(&folder, "access.log");
    let set = "name: origins
window: 1m
events: {probes: {origin: probe}, customers: {origin: customer}}
slis:
  - {kind: ratio, name: probes, title: P, event: probes, min_count: 1}
  - {kind: ratio, name: customers, title: C, event: customers, min_count: 1}
";
    folder.write("origins.yaml", set);
    for (origin, expected) in [("probe", [3, 0]), ("customer", [0, 5])] {
        let words = format!("sli --origin {origin} --defs origins.yaml --lake lake --json");
        let document = run(&folder, &words).json();
        let valid = ["/slis/0/valid", "/slis/1/valid"].map(|pointer| count(&document, pointer));
        assert_eq!(valid, expected, "{origin}");
    }
}
