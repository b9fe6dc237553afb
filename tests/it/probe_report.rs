//! Whether partners kept their SLA, against counts by hand.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use serde_json::Value;

use super::lake_rows::rows;
use super::partner_file::{partner, partners, reference, silent, well};
use super::program::{count, list, run, text};
use super::scripted_server::{Said, ScriptedServer};
use super::temp_folder::TempFolder;

/// The arguments of a report up to just after the last probe, so that nothing is missing at the end.
fn until_the_last_probe(folder: &TempFolder) -> String {
    let starts = rows(&folder.join("lake/requests"), &["ts"]);
    let last = starts.iter().map(|row| row[0].clone()).max();
    let last = last.expect("there are probes");
    let last: jiff::Timestamp = last.parse().expect("a time");
    let after = last + jiff::SignedDuration::from_millis(100);
    format!("probe report partners.yaml --lake lake --to {after}")
}

fn part<'a>(page: &'a Value, name: &str) -> &'a Value {
    let mut parts = list(page, "/partners").iter();
    parts
        .find(|part| part["name"] == name)
        .unwrap_or_else(|| panic!("no `{name}` in {page}"))
}

#[test]
fn promises_are_met_missed_or_not_known_as_counted_by_hand() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let server = ScriptedServer::start(|asked| match asked.line.as_str() {
        // Two good ones, two bad ones, and so on.
        "GET /flaky" if ASKED.fetch_add(1, SeqCst) % 4 >= 2 => Said::Answer("503 Busy", &[], ""),
        _ => well(asked),
    });
    let url = server.base_url();
    let sla = |availability: &str| {
        format!(
            ", sla: {{contract: 'section 4', measured: 0.5, availability: {{{availability}, over: [1h]}}, latency: [{{limit: 30s, share: 0.9, over: [1h]}}]}}"
        )
    };
    let lines = [
        partner("kept", &url, &sla("target: 0.9")),
        partner("strict", &url, &sla("target: 0.999")),
        partner(
            "flaky",
            &url,
            &format!(
                ", steps: [{{get: /flaky}}]{}",
                sla("target: 0.9, counts: downtime")
            ),
        ),
    ];
    let folder = partners(&lines, "");
    run(&folder, "probe partners.yaml --times 32 --lake lake").exits(1);
    let words = until_the_last_probe(&folder);
    let page = run(&folder, &format!("{words} --json")).exits(1).json();
    assert_eq!(text(&page, "/verdict"), "fail");
    let row = |name: &str, index: usize| &part(&page, name)["objectives"][index];
    // 29 flawless probes prove 90 %, 2,995 prove 99.9 %.
    assert_eq!(row("kept", 0)["state"], "met");
    assert_eq!(
        (count(row("kept", 0), "/good"), count(row("kept", 0), "/n")),
        (32, 32)
    );
    assert_eq!(count(row("kept", 0), "/n_min"), 29);
    assert_eq!(row("kept", 1)["state"], "met");
    assert_eq!(row("strict", 0)["state"], "not_enough_data");
    assert_eq!(count(row("strict", 0), "/n_min"), 2_995);
    let flaky = row("flaky", 0);
    assert_eq!(flaky["state"], "missed");
    assert_eq!((count(flaky, "/good"), count(flaky, "/n")), (16, 32));
    // Two in a row, eight times; each stands for the time until the next.
    let incidents = list(part(&page, "flaky"), "/incidents");
    assert_eq!(incidents.len(), 8);
    assert!(incidents.iter().all(|incident| incident["probes"] == 2));
    assert!(
        incidents
            .iter()
            .all(|incident| incident["kinds"][0] == "status 503")
    );
    assert_eq!(list(part(&page, "kept"), "/incidents").len(), 0);
    // Latencies are those of good answers.
    assert_eq!(count(row("flaky", 1), "/n"), 16);
}

#[test]
fn a_summary_for_one_partner_says_nothing_of_others() {
    let server = ScriptedServer::start(|asked| match asked.line.as_str() {
        "GET /busy" => Said::Answer("503 Busy", &[], ""),
        _ => well(asked),
    });
    let sla = ", sla: {measured: 0.5, availability: {target: 0.5, over: [1h]}}";
    let lines = [
        partner("kept", &server.base_url(), sla),
        partner(
            "secretive",
            &server.base_url(),
            &format!(", steps: [{{get: /busy}}]{sla}"),
        ),
    ];
    let folder = partners(&lines, "");
    run(&folder, "probe partners.yaml --times 8 --lake lake").exits(1);
    let words = until_the_last_probe(&folder);
    run(&folder, &words).exits(1);
    for name in ["kept.html", "kept.md", "kept.json", "kept.csv"] {
        let words = format!("{words} --partner kept -o {name}");
        run(&folder, &words).exits(0);
        let written = folder.read(name);
        assert!(!written.contains("secretive"), "{name}: {written}");
    }
    let html = folder.read("kept.html");
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("kept"));
    for asked in ["src=\"http", "href=\"http", "url(", "<script src"] {
        assert!(!html.contains(asked), "the page asks for {asked}");
    }
    let markdown = folder.read("kept.md");
    for part in [
        "8 of 8 probes were good",
        "## kept: met",
        "Never, as far as it was measured.",
    ] {
        assert!(markdown.contains(part), "no `{part}` in {markdown}");
    }
    let header = "partner,from,to,end,length_s,counted_s,failed_probes,why";
    assert_eq!(folder.read("kept.csv").trim_end(), header);
    let all = format!("{words} -o all.csv");
    run(&folder, &all).exits(1);
    let incidents = folder.read("all.csv");
    assert_eq!(incidents.lines().count(), 2, "{incidents}");
    assert!(
        incidents.contains(",open,") && incidents.contains(",8,status 503"),
        "{incidents}"
    );
}

#[test]
fn what_is_left_out_is_shown_beside_what_counts() {
    let server = ScriptedServer::start(well);
    let sla = ", sla: {availability: {target: 0.9, over: [1h]}, exclusions: [{reason: 'a long night', from: 2026-01-01, to: 2126-01-01}]}";
    let folder = partners(&[partner("resting", &server.base_url(), sla)], "");
    run(&folder, "probe partners.yaml --times 3 --lake lake").exits(0);
    let page = run(&folder, "probe report partners.yaml --lake lake --json")
        .exits(0)
        .json();
    let part = part(&page, "resting");
    assert_eq!(text(&page, "/verdict"), "not_enough_data");
    assert_eq!(count(part, "/totals/counted"), 0);
    assert_eq!(count(part, "/totals/excluded"), 3);
    assert_eq!(part["objectives"][0]["value"], Value::Null);
    assert_eq!(part["objectives"][0]["value_with_all"], 1.0);
    assert_eq!(text(part, "/excluded/0/reason"), "a long night");
}

#[test]
fn a_loss_of_our_own_network_is_in_the_summary_and_not_in_the_sla() {
    let sla = ", sla: {availability: {target: 0.9, over: [1h]}}";
    let (one, _listens) = silent("one", "127.0.0.1", sla);
    let (two, _listens_too) = silent("two", "127.0.0.2", sla);
    let lines = [one, two];
    let folder = partners(&lines, "");
    run(&folder, "probe partners.yaml --times 3 --lake lake").exits(0);
    let words = until_the_last_probe(&folder);
    let page = run(&folder, &format!("{words} --json")).exits(0).json();
    let one = part(&page, "one");
    assert_eq!(count(one, "/totals/own_network"), 3);
    assert_eq!(count(one, "/totals/counted"), 0);
    assert_eq!(one["objectives"][0]["state"], "not_enough_data");
    assert_eq!(one["objectives"][0]["value_with_all"], 0.0);
    assert_eq!(list(one, "/incidents").len(), 0);
    assert_eq!(text(one, "/excluded/0/kind"), "own_network");
    // With a reference that was reached all the time it is the partner.
    let server = ScriptedServer::start(well);
    let folder = partners(&lines, &reference(&server));
    run(&folder, "probe partners.yaml --times 4 --lake lake").exits(1);
    let words = until_the_last_probe(&folder);
    let page = run(&folder, &format!("{words} --json")).exits(1).json();
    assert_eq!(count(part(&page, "one"), "/totals/own_network"), 0);
    assert_eq!(part(&page, "one")["objectives"][0]["state"], "missed");
}

#[test]
fn time_in_which_no_probe_ran_is_not_measured() {
    let server = ScriptedServer::start(well);
    let sla = ", sla: {availability: {target: 0.5, over: [1h]}}";
    let line = partner("kept", &server.base_url(), sla);
    let folder = partners(&[line.replace("timeout: 20s", "timeout: 500ms")], "");
    run(&folder, "probe partners.yaml --times 3 --lake lake").exits(0);
    // For a second somebody else is probed, and is in another lake.
    run(&folder, "probe partners.yaml --for 1s --lake elsewhere").exits(0);
    run(&folder, "probe partners.yaml --times 3 --lake lake").exits(0);
    let words = until_the_last_probe(&folder);
    let page = run(&folder, &format!("{words} --json")).exits(0).json();
    let kept = part(&page, "kept");
    let seconds = |name: &str| kept["totals"][name].as_f64().expect("a number");
    // A probe stands for its interval, the jitter and a quarter of its interval after its end at most.
    let missing_s = seconds("elapsed_s") - seconds("measured_s");
    assert!(missing_s > 0.4, "{missing_s}");
    assert_eq!(seconds("down_s"), 0.0);
    assert_eq!(kept["objectives"][0]["n"], 6);
    assert_eq!(text(kept, "/excluded/0/kind"), "not_measured");
    let unknown = text(kept, "/unknowns/0");
    assert!(unknown.contains("no probe ran"), "{unknown}");
}

#[test]
fn a_report_of_nothing_or_of_nobody_is_refused() {
    let server = ScriptedServer::start(well);
    let folder = partners(&[partner("kept", &server.base_url(), "")], "");
    run(&folder, "probe report partners.yaml --lake lake").refuses(4);
    run(&folder, "probe partners.yaml --once --lake lake").exits(0);
    let unknown = run(
        &folder,
        "probe report partners.yaml --lake lake --partner kebt",
    )
    .refuses(2);
    assert!(
        unknown.err.contains("did you mean `kept`"),
        "{}",
        unknown.err
    );
    for words in [
        "--month 2026-13",
        "--week 2026-W99",
        "-o report.pdf",
        "--from 2126-01-01 --to 2127-01-01",
    ] {
        run(
            &folder,
            &format!("probe report partners.yaml --lake lake {words}"),
        )
        .refuses(2);
    }
    // Without a promise there is nothing to miss.
    let measured = run(&folder, "probe report partners.yaml --lake lake").exits(0);
    assert!(
        measured.out.contains("it promised nothing"),
        "{}",
        measured.out
    );
}

#[test]
fn the_example_in_the_documents_is_valid() {
    let example = super::tidy::in_repository("docs/example-probes.yaml");
    run(&TempFolder::new(), &format!("check {}", example.display())).exits(0);
}
