//! Thresholds of a scenario: judged while the run goes on, and again when it is over.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::program::{Ran, count, list, run, text};
use super::rehearse::assert_nobody_is_lost;
use super::scripted_server::{Asked, Said, ScriptedServer};
use super::surge_file::{ANY_PAGE_SLIS, LOOK, Surge, WIDE_SLIS};
use super::temp_folder::TempFolder;
use super::tidy::read;

/// A folder with a scenario that has `more` at its end.
fn prepared(surge: &Surge, more: &str) -> TempFolder {
    let folder = TempFolder::new();
    folder.write("short.yaml", format!("{}{more}\n", surge.yaml()));
    folder.write("wide.yaml", WIDE_SLIS);
    folder.write("any-page.yaml", ANY_PAGE_SLIS);
    folder
}

fn rehearse(folder: &TempFolder, more: &str) -> Ran {
    let words = format!("rehearse short.yaml --sli-defs wide.yaml --lake lake --run-id one {more}");
    run(folder, &words)
}

fn threshold(rehearsed: &Value, index: usize) -> &Value {
    &rehearsed["thresholds"][index]
}

#[test]
fn thresholds_that_hold_are_said_everywhere_and_kept_with_the_run() {
    let folder = prepared(
        &Surge::default(),
        "thresholds:\n  - {sli: page_p95, above: 20s, for: 1s}\n  - {sli: errors, above: 50%, for: 1s, window: 1s, abort: true}",
    );
    let rehearsed = rehearse(&folder, "--json --report page.html")
        .exits(0)
        .json();
    assert_eq!(text(&rehearsed, "/verdict"), "pass");
    assert_eq!(list(&rehearsed, "/thresholds").len(), 2);
    for index in [0, 1] {
        let held = threshold(&rehearsed, index);
        assert_eq!(text(held, "/state"), "held");
        assert!(count(held, "/count") > 0 && count(held, "/values") > 0);
        assert_eq!(held["first_broken_us"], Value::Null);
    }
    assert_eq!(rehearsed["stopped_by"], Value::Null);
    for report in ["again.html", "again.md"] {
        let words =
            format!("report --run one --lake lake --defs wide.yaml -o {report} --color never");
        run(&folder, &words).exits(0);
    }
    for page in ["page.html", "again.html", "again.md"] {
        let page = folder.read(page);
        assert!(page.contains("Any page, p95 above 20 s for 1 s"), "{page}");
        assert!(page.contains("Errors above 50"), "{page}");
    }
}

#[test]
fn the_thresholds_of_the_document_are_thresholds() {
    let document = read("docs/live.md");
    let block = document.split("```yaml\n").nth(1);
    let block = block.and_then(|rest| rest.split("```").next());
    let block = block.expect("docs/live.md has a block of YAML");
    assert!(block.starts_with("thresholds:"), "{block}");
    let folder = TempFolder::new();
    let scenario = format!(
        "name: short\ntarget: {{base_url: 'http://127.0.0.1:9'}}\n\
         traffic: {{phases: [{{name: quiet, for: 1m, shoppers_per_s: 1}}, {{name: rush, for: 5m, shoppers_per_s: 9}}]}}\n\
         channels: [{{name: 'utm:newsletter/email', share: 1}}]\n\
         shoppers: [{{name: all, share: 1, journey: buy}}]\n\
         journeys: {{buy: [{{post: /checkout}}]}}\n{block}"
    );
    folder.write("short.yaml", scenario);
    run(&folder, "check short.yaml").exits(0);
    run(&folder, "rehearse short.yaml --dry-run").exits(0);
}

#[test]
fn a_broken_threshold_fails_a_run_whose_slis_are_met() {
    let folder = prepared(
        &Surge::default(),
        "thresholds: [{sli: page_p95, above: 1us, for: 2s}]",
    );
    let told = rehearse(&folder, "--color never").exits(1);
    for part in [
        "A threshold was broken: Any page, p95 above 1 µs for 2 s",
        "BROKEN",
    ] {
        assert!(told.out.contains(part), "{part}: {}", told.out);
    }
    let words = "sli --run one --lake lake --defs wide.yaml --json";
    let judged = run(&folder, words).exits(0).json();
    assert_eq!(text(&judged["slis"][0], "/state"), "met");
}

#[test]
fn a_threshold_without_data_did_not_hold() {
    let yaml = Surge::default().yaml().replace(
        "shoppers:\n",
        "shoppers:\n  - {name: nobody, share: 0, journey: only}\n",
    );
    let folder = prepared(&Surge::default(), "");
    folder.write(
        "short.yaml",
        format!("{yaml}thresholds: [{{sli: page_p95, above: 20s, for: 1s, shopper: nobody}}]\n"),
    );
    let rehearsed = rehearse(&folder, "--json").exits(1).json();
    assert_eq!(text(&rehearsed, "/verdict"), "fail");
    assert_eq!(text(threshold(&rehearsed, 0), "/state"), "no_data");
    let words = "report --run one --lake lake --defs wide.yaml -o page.md --color never";
    run(&folder, words);
    assert!(folder.read("page.md").contains("never had data"));
}

/// Fails everything but the page `/fine`.
fn failing(asked: &Asked) -> Said {
    match asked.line.as_str() {
        "GET /fine" => Said::Answer("200 OK", &[], "fine"),
        _ => Said::Answer("503 Service Unavailable", &[], "no"),
    }
}

#[test]
fn a_guard_stops_the_run_and_its_report_says_which_and_why() {
    let server = ScriptedServer::start(failing);
    let surge = Surge {
        target: format!("{{base_url: '{}'}}", server.base_url()),
        shoppers_per_s: 20,
        length_s: 600,
        steps: LOOK,
        ..Surge::default()
    };
    let guard = "thresholds: [{sli: errors, above: 10%, for: 2s, window: 1s, abort: true}]";
    let folder = prepared(&surge, guard);
    let words = "rehearse short.yaml --sli-defs any-page.yaml --lake lake --run-id one --json --report page.html";
    let stopped = run(&folder, words).exits(6).json();
    assert_eq!(text(&stopped, "/verdict"), "stopped");
    let by = &stopped["stopped_by"];
    assert!(text(by, "/demand").starts_with("Errors above 10"), "{by}");
    assert!(count(by, "/at_us") >= 2_000_000);
    assert!(count(&stopped, "/offered_arrivals") < 12_000);
    assert_eq!(text(threshold(&stopped, 0), "/state"), "broken");
    let page = folder.read("page.html");
    assert!(
        page.contains("Stopped by a guard (Errors above 10"),
        "{page}"
    );
    assert_nobody_is_lost(&folder, &stopped);
}

#[test]
fn thresholds_look_at_a_journey_a_channel_or_a_phase_alone() {
    let server = ScriptedServer::start(failing);
    let folder = TempFolder::new();
    folder.write("any-page.yaml", ANY_PAGE_SLIS);
    let scoped =
        |more: &str| format!("  - {{sli: errors, above: 10%, for: 1s, window: 1s{more}}}\n");
    let scopes = [
        "",
        ", journey: fails",
        ", journey: works",
        ", channel: mail",
        ", phase: first, journey: works",
        ", phase: second, shopper: unlucky",
    ];
    let thresholds: String = scopes.into_iter().map(scoped).collect();
    folder.write(
        "short.yaml",
        format!(
            "name: short\nseed: 7\ntarget: {{base_url: '{}'}}\n\
             traffic: {{arrivals: even, phases: [{{name: first, for: 2s, shoppers_per_s: 20}}, {{name: second, for: 2s, shoppers_per_s: 20}}]}}\n\
             channels: [{{name: mail, share: 1}}, {{name: ads, share: 1}}]\n\
             shoppers: [{{name: unlucky, share: 1, journey: fails}}, {{name: lucky, share: 1, journey: works}}]\n\
             journeys: {{fails: [{{get: /broken}}], works: [{{get: /fine}}]}}\n\
             limits: {{in_flight: 500, schedule_lag_p99: 10s}}\n\
             thresholds:\n{thresholds}",
            server.base_url()
        ),
    );
    let words = "rehearse short.yaml --sli-defs any-page.yaml --lake lake --json";
    let rehearsed = run(&folder, words).exits(1).json();
    let states: Vec<&str> = (0..scopes.len())
        .map(|index| text(threshold(&rehearsed, index), "/state"))
        .collect();
    assert_eq!(
        states,
        ["broken", "broken", "held", "broken", "held", "broken"]
    );
    let counts = |index: usize| count(threshold(&rehearsed, index), "/count");
    assert_eq!(counts(0), counts(1) + counts(2));
    assert!(counts(4) < counts(2) && counts(5) < counts(1));
    let of_second = count(threshold(&rehearsed, 5), "/first_broken_us");
    assert_eq!(of_second, 2_000_000);
}

#[test]
fn a_threshold_that_the_sli_set_does_not_know_is_refused_before_the_first_request() {
    let folder = prepared(
        &Surge::default(),
        "thresholds: [{sli: page_p59, above: 1s, for: 2s}]",
    );
    let refused = rehearse(&folder, "--json").refuses(3);
    for part in [
        "short.yaml:",
        "unknown SLI `page_p59`",
        "did you mean `page_p95`",
        "^",
    ] {
        assert!(refused.err.contains(part), "{part}: {}", refused.err);
    }
    assert!(!folder.join("lake").exists());
    let alone = rehearse(&folder, "--dry-run").refuses(3);
    assert_eq!(alone.err, refused.err);
}

/// Runs the program with at most so many files open.
fn with_files(folder: &TempFolder, files: u32, words: &str) -> std::process::Output {
    let script = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
    Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_firedrill")])
        .args(words.split_whitespace())
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("a shell is there")
}

/// Pages whose pictures never come.
fn hanging_pictures(asked: &Asked) -> Said {
    match asked.line.as_str() {
        "GET /" => Said::Answer("200 OK", &[], "page"),
        _ => Said::Nothing,
    }
}

#[test]
fn a_generator_without_file_descriptors_makes_the_run_invalid_and_blames_no_target() {
    let server = ScriptedServer::start(hanging_pictures);
    let folder = TempFolder::new();
    folder.write("any-page.yaml", ANY_PAGE_SLIS);
    folder.write(
        "short.yaml",
        format!(
            "name: short\nseed: 7\ntarget: {{base_url: '{}'}}\n\
             traffic: {{arrivals: even, phases: [{{name: all, for: 1s, shoppers_per_s: 90}}, {{name: rest, for: 4s, shoppers_per_s: 0}}]}}\n\
             shoppers: [{{name: all, share: 1, journey: only}}]\n\
             journeys: {{only: [{{get: /, assets: [/1, /2, /3, /4, /5, /6]}}]}}\n\
             limits: {{in_flight: 100, step_timeout: 2s, schedule_lag_p99: 30s}}\n",
            server.base_url()
        ),
    );
    let words = "rehearse short.yaml --sli-defs any-page.yaml --lake lake --json";
    let refused = with_files(&folder, 300, words);
    assert_eq!(refused.status.code(), Some(4));
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("ulimit -n"), "{message}");
    let ran = with_files(&folder, 360, words);
    let message = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(5), "{message}");
    let invalid: Value = serde_json::from_slice(&ran.stdout).expect("one document");
    assert_eq!(text(&invalid, "/verdict"), "invalid");
    let reasons = list(&invalid, "/invalid_because");
    assert!(
        reasons
            .iter()
            .any(|reason| reason.as_str().is_some_and(|it| it.contains("files open"))),
        "{reasons:?}"
    );
    assert_eq!(count(&invalid, "/generator/descriptors_limit"), 360);
    let errors = super::lake_rows::rows(&folder.join("lake/requests"), &["error"]);
    let without = errors.iter().filter(|row| row[0] == "descriptors").count() as u64;
    assert!(without > 0);
    assert!(!errors.iter().any(|row| row[0] == "connect"));
    // The SLI has no request that was never sent.
    let valid = count(&invalid["slis"][0], "/valid");
    assert_eq!(valid, count(&invalid, "/requests") - without);
}

/// Runs the program where it is alone with a loopback of its own, with so many ports for connections; `None`
/// where this machine makes no network for a test.
fn with_ports(folder: &TempFolder, ports: u32, words: &str) -> Option<std::process::Output> {
    let alone = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--net", "--map-root-user", "sh", "-ec", script]);
        command.arg(env!("CARGO_BIN_EXE_firedrill"));
        command.current_dir(folder.path()).stdin(Stdio::null());
        command
    };
    let range = format!(
        "ip link set lo up; echo '61000 {}' > /proc/sys/net/ipv4/ip_local_port_range",
        60_999 + ports
    );
    let can = alone(&range).stderr(Stdio::null()).status();
    if !can.is_ok_and(|status| status.success()) {
        return None;
    }
    let mut command = alone(&format!("{range}; exec \"$0\" \"$@\""));
    command.args(words.split_whitespace());
    Some(command.output().expect("it started before"))
}

#[test]
fn a_generator_without_ports_makes_the_run_invalid_and_blames_no_target() {
    let folder = TempFolder::new();
    folder.write("any-page.yaml", ANY_PAGE_SLIS);
    folder.write(
        "short.yaml",
        "name: short\nseed: 7\ntarget: {shop: {checkouts_per_s: 60, payment_time: 20ms, payment_queue: 300}}\n\
         traffic: {arrivals: even, phases: [{name: all, for: 1s, shoppers_per_s: 90}, {name: rest, for: 4s, shoppers_per_s: 0}]}\n\
         shoppers: [{name: all, share: 1, journey: only}]\n\
         journeys: {only: [{get: /, assets: [/product/1, /product/2, /product/3, /product/4, /product/5, /product/6]}]}\n\
         limits: {in_flight: 100, step_timeout: 2s, schedule_lag_p99: 30s}\n\
         drills: [{id: slow, at: 100ms, fault: 'latency:/product/{id}:20s'}]\n",
    );
    let words = "rehearse short.yaml --sli-defs any-page.yaml --lake lake --json";
    let Some(refused) = with_ports(&folder, 20, words) else {
        eprintln!("skipped: no network namespace here");
        return;
    };
    assert_eq!(refused.status.code(), Some(4));
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("ip_local_port_range"), "{message}");
    let ran = with_ports(&folder, 200, words).expect("it was there before");
    let message = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(5), "{message}");
    let invalid: Value = serde_json::from_slice(&ran.stdout).expect("one document");
    assert_eq!(text(&invalid, "/verdict"), "invalid");
    let reasons = list(&invalid, "/invalid_because");
    assert!(
        reasons.iter().any(|reason| reason
            .as_str()
            .is_some_and(|it| it.contains("no port left"))),
        "{reasons:?}"
    );
    let errors = super::lake_rows::rows(&folder.join("lake/requests"), &["error"]);
    let without = errors.iter().filter(|row| row[0] == "ports").count() as u64;
    assert!(without > 0);
    assert!(!errors.iter().any(|row| row[0] == "connect"));
    // The SLI has no request that was never sent.
    let valid = count(&invalid["slis"][0], "/valid");
    assert_eq!(valid, count(&invalid, "/requests") - without);
}

#[test]
fn a_source_address_of_another_machine_is_refused() {
    let server = ScriptedServer::start(failing);
    let folder = prepared(
        &Surge {
            target: format!(
                "{{base_url: '{}', http: {{source_addresses: [192.0.2.1]}}}}",
                server.base_url()
            ),
            ..Surge::default()
        },
        "",
    );
    let refused = rehearse(&folder, "").refuses(4);
    assert!(
        refused
            .err
            .contains("source address `192.0.2.1` is not one of this machine"),
        "{}",
        refused.err
    );
    assert!(server.asked().is_empty());
}
