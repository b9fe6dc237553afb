//! Looking on while a rehearsal runs: the web page, and lines where there is no terminal.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::program::{command, run, start, wait, wait_for_line};
use super::rehearse::prepared;
use super::surge_file::Surge;

/// The status line, the headers and the body of an answer to `GET path` of `host`.
fn get(address: &str, host: &str, path: &str) -> (String, String) {
    let mut connection = TcpStream::connect(address).expect("the page is there");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    connection
        .write_all(request.as_bytes())
        .expect("it listens");
    let mut answer = String::new();
    connection
        .read_to_string(&mut answer)
        .expect("an answer is text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("it has a head");
    (head.to_lowercase(), body.to_owned())
}

#[test]
fn the_run_is_shown_on_a_page_and_as_json_until_it_is_over() {
    let folder = prepared(&Surge {
        length_s: 6,
        ..Surge::default()
    });
    let words = "rehearse short.yaml --sli-defs wide.yaml --lake lake --run-id shown --ui 0 --json";
    let mut child = start(&mut command(&folder, words));
    let (line, _stderr) = wait_for_line(&mut child, "the run is shown on http://");
    let url = line
        .trim()
        .rsplit(' ')
        .next()
        .expect("a line has a last word");
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let (head, page) = get(address, address, "/");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-security-policy: default-src 'none'"));
    assert!(page.contains("</html>"));
    // Colours by name, so that they change with those of the page.
    assert!(page.contains(r#"mark.style.color = "var(--" + tone"#));
    let port = address.rsplit(':').next().expect("it has a port");
    let (head, _) = get(address, &format!("localhost:{port}"), "/report");
    assert!(head.starts_with("http/1.1 404"), "{head}");
    for host in ["evil.example", "127.0.0.1"] {
        let (head, _) = get(address, host, "/live.json");
        assert!(head.starts_with("http/1.1 403"), "{host}: {head}");
    }
    // Looks come once a second; there is one before the run is over.
    let look: Value = loop {
        let (_, body) = get(address, address, "/live.json");
        if let Ok(look) = serde_json::from_str(&body) {
            break look;
        }
    };
    assert_eq!(look["run_id"], "shown");
    for part in [
        "load",
        "seconds",
        "slis",
        "thresholds",
        "events",
        "generator",
    ] {
        assert!(!look[part].is_null(), "{part}");
    }
    let ran = wait(child);
    assert!([0, 1].contains(&ran.code), "{}", ran.err);
    assert!(
        TcpStream::connect(address).is_err(),
        "the page is still there"
    );
}

#[test]
fn a_page_for_others_is_refused_with_the_reason() {
    let folder = prepared(&Surge::default());
    let words = "rehearse short.yaml --sli-defs wide.yaml --lake lake --ui 0.0.0.0:0";
    let refused = run(&folder, words).refuses(2);
    assert!(refused.err.contains("no password"), "{}", refused.err);
    run(&folder, "rehearse short.yaml --ui nonsense").exits(2);
    run(&folder, "rehearse short.yaml --ui-open-to-others").exits(2);
}

#[test]
fn where_there_is_no_terminal_there_are_lines() {
    let folder = prepared(&Surge {
        length_s: 7,
        ..Surge::default()
    });
    let words = "rehearse short.yaml --sli-defs wide.yaml --lake lake";
    let told = run(&folder, words);
    let line = told.err.lines().find(|line| line.contains("req/s"));
    let line = line.unwrap_or_else(|| panic!("no line: {}", told.err));
    assert!(
        line.contains("p95") && line.contains("in the shop"),
        "{line}"
    );
    assert!(!told.err.contains('\u{1b}'), "{}", told.err);
}
