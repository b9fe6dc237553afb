//! The operator of a drill: announcements that are confirmed or not, Ctrl-C, and what is left on.

use serde_json::Value;

use super::drill_timeline::{drill, pages, prepared, rehearse, script, shop};
use super::program::{command, count, interrupt, run, start, text, wait, wait_for_line};
use super::scripted_server::ScriptedServer;

const ANNOUNCE: &str = "  - {id: page, at: 500ms, announce: Page the on-call, expect: {confirmed_within: 60s}}\n  - {id: desk, at: 600ms, announce: Support desk told}\n";

#[test]
fn an_announcement_is_confirmed_by_a_file_and_the_other_is_not() {
    let server = ScriptedServer::start(script);
    let folder = prepared(&pages(&server, 4), ANNOUNCE);
    let words = "rehearse drill.yaml --sli-defs pages.yaml --lake lake --json --confirm-dir told";
    let mut child = start(&mut command(&folder, words));
    let (said, _stderr) = wait_for_line(&mut child, "announce page: Page the on-call");
    assert!(said.contains("told/page"), "{said}");
    folder.write("told/page", "");
    let rehearsed = wait(child).exits(0).json();
    let page = drill(&rehearsed, "page");
    assert_eq!(text(page, "/outcome"), "confirmed");
    assert!(count(page, "/confirmed_after_us") < 60_000_000);
    assert_eq!(text(page, "/expectations/0/state"), "met");
    let desk = drill(&rehearsed, "desk");
    assert_eq!(text(desk, "/outcome"), "not_confirmed");
    assert!(desk["confirmed_after_us"].is_null());
    assert_eq!(
        count(&rehearsed, "/offered_arrivals"),
        count(&rehearsed, "/completed"),
        "nobody waited"
    );
    // What is there from last time is no confirmation.
    let refused = run(&folder, words).refuses(2);
    assert!(refused.err.contains("is there already"), "{}", refused.err);
}

#[test]
fn a_file_from_before_the_announcement_confirms_nothing_until_it_is_renewed() {
    let server = ScriptedServer::start(script);
    let folder = prepared(&pages(&server, 5), &ANNOUNCE.replace("500ms", "1500ms"));
    let words = "rehearse drill.yaml --sli-defs pages.yaml --lake lake --json --confirm-dir told";
    let mut child = start(&mut command(&folder, words));
    let (said, stderr) = wait_for_line(&mut child, "confirmations: ");
    assert!(said.contains("`told`, a folder that was not"), "{said}");
    let mut lines = std::io::BufRead::lines(stderr).map(|line| line.expect("it is text"));
    let mut said = |part: &str| lines.find(|line| line.contains(part)).expect("it is said");
    said("rehearsing short");
    folder.write("told/page", "");
    let refused = said("page was confirmed ");
    assert!(refused.contains(" s too early"), "{refused}");
    folder.write("told/page", "now");
    said("page is confirmed after ");
    let rehearsed = wait(child).exits(0).json();
    assert_eq!(text(drill(&rehearsed, "page"), "/outcome"), "confirmed");
}

#[test]
fn an_announcement_that_nobody_confirms_in_time_fails_the_run() {
    let server = ScriptedServer::start(script);
    let folder = prepared(&pages(&server, 2), &ANNOUNCE.replace("60s", "500ms"));
    let rehearsed = rehearse(&folder, "pages.yaml", "").exits(1).json();
    let page = drill(&rehearsed, "page");
    assert_eq!(text(page, "/expectations/0/state"), "missed");
    assert_eq!(text(page, "/expectations/0/found"), "nobody confirmed it");
}

/// The faults that are on in a shop of its own.
fn faults(base_url: &str) -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the machine has a thread");
    runtime.block_on(async {
        let answer = reqwest::get(format!("{base_url}/admin/faults"))
            .await
            .expect("the shop answers");
        let body = answer.text().await.expect("the answer is text");
        serde_json::from_str(&body).expect("the answer is JSON")
    })
}

#[test]
fn ctrl_c_undoes_what_has_begun_and_what_has_not_never_begins() {
    let drills = "  - {id: slow, at: 200ms, fault: 'latency:/product/{id}:20ms'}\n  - {id: later, at: 500s, fault: freeze}\n";
    let folder = prepared(&shop(600), drills);
    let mut outside = start(&mut command(&folder, "shop --port 0"));
    let (said, _shop_stderr) = wait_for_line(&mut outside, "the shop is open at");
    let base_url = said
        .split_whitespace()
        .find(|word| word.starts_with("http://"))
        .unwrap();
    let words =
        format!("rehearse drill.yaml --sli-defs levels.yaml --lake lake --json --host {base_url}");
    let mut child = start(&mut command(&folder, &words));
    let (_, mut stderr) = wait_for_line(&mut child, "slow begins");
    // The next line of the live view comes seconds later; then the fault is on.
    let mut line = String::new();
    std::io::BufRead::read_line(&mut stderr, &mut line).expect("standard error is text");
    assert_eq!(
        faults(base_url),
        serde_json::json!(["latency:/product/{id}:20ms"])
    );
    interrupt(&child);
    let stopped = wait(child).exits(6).json();
    assert_eq!(faults(base_url), serde_json::json!([]));
    let slow = drill(&stopped, "slow");
    assert_eq!(
        (text(slow, "/outcome"), text(slow, "/undo")),
        ("done", "done")
    );
    assert_eq!(text(drill(&stopped, "later"), "/outcome"), "not_reached");
    interrupt(&outside);
    wait(outside).exits(0);
}

const SLOW_UNDO: &str = "  - {id: co, at: 200ms, http: {url: '$shop/break?hard=1'}, undo: {http: {url: '$shop/hang', timeout: 60s}}}\n";

#[test]
fn a_second_ctrl_c_says_what_stays_on_and_so_does_the_next_rehearsal() {
    let server = ScriptedServer::start(script);
    let drills = SLOW_UNDO.replace("$shop", &server.base_url());
    let folder = prepared(&pages(&server, 600), &drills);
    let words = "rehearse drill.yaml --sli-defs pages.yaml --lake lake --run-id run";
    let mut child = start(&mut command(&folder, words));
    let (_, stderr) = wait_for_line(&mut child, "co begins");
    let mut lines = std::io::BufRead::lines(stderr).map(|line| line.expect("it is text"));
    let mut said = |part: &str| lines.find(|line| line.contains(part)).expect("it is said");
    interrupt(&child);
    let waited_for = said("co is being undone");
    for part in ["60 s", "/hang", "a second Ctrl-C leaves it on"] {
        assert!(waited_for.contains(part), "no `{part}`: {waited_for}");
    }
    interrupt(&child);
    let left = said("NOT UNDONE");
    assert!(
        left.contains("co: POST ") && left.contains("to undo it: POST "),
        "{left}"
    );
    wait(child).exits(6);
    // A killed process could say nothing; the file is the same.
    let kept = folder.read("run.not-undone");
    assert!(left.contains(kept.trim()), "{kept}");
    let next = prepared(&pages(&server, 1), "  - {id: mark, at: 0s, freeze: all}\n");
    folder.write("drill.yaml", next.read("drill.yaml"));
    let warned = run(&folder, &words.replace("--run-id run", "--run-id next"));
    assert!(warned.err.contains(kept.trim()), "{}", warned.err);
    assert!(warned.err.contains("remove `"), "{}", warned.err);
    assert!(!folder.join("next.not-undone").exists());
}
