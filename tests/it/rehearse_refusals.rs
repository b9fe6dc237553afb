//! Rehearsals that must not begin: each says why in one message, and nothing is sent.

use std::io::ErrorKind;
use std::net::TcpListener;

use super::ingest::info;
use super::program::run;
use super::rehearse::{prepared, rehearse};
use super::surge_file::Surge;

#[test]
fn a_dry_run_sends_nothing_and_makes_no_lake() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let folder = prepared(&Surge {
        shoppers_per_s: 20,
        length_s: 30,
        ..Surge::default()
    });
    let host = format!("--dry-run --host http://{}", listener.local_addr().unwrap());
    let forecast = rehearse(&folder, &host).exits(0).json();
    assert_eq!(
        listener.accept().unwrap_err().kind(),
        ErrorKind::WouldBlock,
        "somebody connected"
    );
    assert!(!folder.join("lake").exists());
    assert_eq!(forecast["arrivals"].as_f64(), Some(600.0));
    assert_eq!(forecast["requests"].as_f64(), Some(2_400.0));
    assert_eq!(forecast["peak_shoppers_per_s"].as_f64(), Some(20.0));
    let told = run(&folder, "rehearse short.yaml --lake lake --dry-run").exits(0);
    assert!(
        told.out.contains("nothing is sent") && told.out.contains("600"),
        "{}",
        told.out
    );
    assert!(!folder.join("lake").exists());
}

#[test]
fn a_target_that_does_not_answer_is_refused_with_one_message() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let folder = prepared(&Surge::default());
    let refused = rehearse(&folder, &format!("--host http://{address}")).refuses(4);
    assert!(
        refused.err.contains(&address.to_string()),
        "{}",
        refused.err
    );
    assert!(refused.err.contains("does not answer"), "{}", refused.err);
    assert!(!folder.join("lake").exists());
}

#[test]
fn a_host_that_the_scenario_does_not_allow_is_refused() {
    let folder = prepared(&Surge::default());
    for host in [
        "http://192.0.2.1:9",
        "https://shop.example",
        "http://127.0.0.1.shop.example",
    ] {
        let refused = rehearse(&folder, &format!("--host {host}")).refuses(4);
        assert!(refused.err.contains("hosts_allowed"), "{}", refused.err);
    }
}

#[test]
fn a_host_that_is_no_url_is_wrong_usage() {
    let folder = prepared(&Surge::default());
    for host in ["shop.example", "ftp://127.0.0.1", "http://", "nonsense:"] {
        rehearse(&folder, &format!("--host {host}")).refuses(2);
    }
    assert!(!folder.join("lake").exists());
}

#[test]
fn a_name_of_a_run_is_used_once() {
    let folder = prepared(&Surge {
        length_s: 1,
        ..Surge::default()
    });
    rehearse(&folder, "--run-id once --report once.html");
    let before = info(&folder);
    let report = folder.read("once.html");
    let refused = rehearse(&folder, "--run-id once --report once.html").refuses(2);
    assert!(
        refused.err.contains("`once` is already in the lake"),
        "{}",
        refused.err
    );
    assert_eq!(info(&folder), before);
    assert_eq!(folder.read("once.html"), report);
}

#[test]
fn a_name_of_a_run_that_is_a_path_is_wrong_usage() {
    let folder = prepared(&Surge::default());
    let long = "x".repeat(101);
    for name in ["../up", "a/b", ".", "a.b", "é", long.as_str()] {
        rehearse(&folder, &format!("--run-id {name}")).refuses(2);
    }
}

#[test]
fn an_invalid_scenario_or_sli_set_is_refused_before_the_first_request() {
    let folder = prepared(&Surge::default());
    folder.write(
        "short.yaml",
        Surge::default()
            .yaml()
            .replace("journey: only", "journey: onyl"),
    );
    let refused = rehearse(&folder, "").refuses(3);
    assert!(
        refused.err.contains("did you mean `only`"),
        "{}",
        refused.err
    );
    folder.write("short.yaml", Surge::default().yaml());
    folder.write("wide.yaml", "slis: []\n");
    rehearse(&folder, "").refuses(3);
    assert!(!folder.join("lake").exists());
}

#[test]
fn a_report_of_an_unknown_kind_is_refused_before_the_first_request() {
    let folder = prepared(&Surge {
        length_s: 1,
        ..Surge::default()
    });
    rehearse(&folder, "--report page.pdf").refuses(2);
    assert!(!folder.join("lake").exists());
}

#[test]
fn a_host_with_a_path_is_refused_wherever_it_is_named() {
    let folder = prepared(&Surge::default());
    folder.write(
        "access.log",
        "10.0.0.1 - - [27/Nov/2026:08:00:00 +0000] \"GET / HTTP/1.1\" 200 100 \"-\" \"a\"\n",
    );
    folder.write("visit.har", "{}");
    for words in [
        "rehearse short.yaml",
        "replay access.log",
        "learn",
        "import har visit.har",
    ] {
        let words = format!("{words} --host http://127.0.0.1:9/base");
        let refused = run(&folder, &words).refuses(2);
        let why = "`http://127.0.0.1:9/base` has a path or a query, which requests would not have (hint: write `http://127.0.0.1:9`)";
        assert!(refused.err.contains(why), "{words}: {}", refused.err);
    }
}
