//! A log is sent again as it was: its targets, its pauses, and nothing that changes anything.

use super::lake_rows::rows;
use super::program::{count, run, text};
use super::scripted_server::{Asked, Said, ScriptedServer};
use super::surge_file::ANY_PAGE_SLIS;
use super::temp_folder::TempFolder;

/// Seconds, method and target of each line.
const LINES: [(u32, &str, &str); 7] = [
    (0, "GET", "/?utm_source=mail"),
    (2, "GET", "/product/17?size=a%20b"),
    (2, "POST", "/cart"),
    (3, "HEAD", "/product/18"),
    (5, "GET", "http://shop.example/search?q=tv"),
    (9, "GET", "/robots.txt"),
    (30, "GET", "/late"),
];

fn log() -> String {
    let lines = LINES.map(|(at_s, method, target)| {
        let agent = if target == "/robots.txt" { "Googlebot/2.1" } else { "Mozilla/5.0" };
        format!("10.0.0.1 - - [27/Nov/2026:08:00:{at_s:02} +0000] \"{method} {target} HTTP/1.1\" 200 100 \"-\" \"{agent}\"\n")
    });
    lines.concat()
}

fn prepared() -> (TempFolder, ScriptedServer) {
    let folder = TempFolder::new();
    folder.write("access.log", log());
    folder.write("slis.yaml", ANY_PAGE_SLIS);
    let server = ScriptedServer::start(|_: &Asked| Said::Answer("200 OK", &[], "ok"));
    (folder, server)
}

#[test]
fn safe_requests_are_sent_when_they_were_at_a_speed() {
    let (folder, server) = prepared();
    let words = format!(
        "replay access.log --to 2026-11-27T08:00:20Z --speed 10 --host {} --sli-defs slis.yaml --lake lake --run-id again --report again.html --json",
        server.base_url()
    );
    let ran = run(&folder, &words);
    assert!(ran.err.contains("1 requests were left out"), "{}", ran.err);
    let replayed = ran.json();
    assert_eq!(text(&replayed, "/run_id"), "again");
    let counts = ["log_requests", "replayed", "other_methods", "outside"]
        .map(|key| count(&replayed, &format!("/replayed/{key}")));
    assert_eq!(counts, [7, 5, 1, 1]);
    assert_eq!(
        (
            count(&replayed, "/offered_arrivals"),
            count(&replayed, "/requests")
        ),
        (5, 5)
    );
    let lines: Vec<String> = server.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(
        lines,
        [
            "GET /?utm_source=mail",
            "GET /product/17?size=a%20b",
            "HEAD /product/18",
            "GET /search?q=tv",
            "GET /robots.txt"
        ]
    );
    let ts_us = |text: &str| {
        let ts: jiff::Timestamp = text.parse().expect("ts is a time");
        ts.as_microsecond()
    };
    let columns = ["ts", "route", "origin", "run_id"];
    let mut sent = rows(&folder.join("lake/requests"), &columns);
    sent.sort_by_key(|row| ts_us(&row[0]));
    let since_us: Vec<i64> = sent
        .iter()
        .map(|row| ts_us(&row[0]) - ts_us(&sent[0][0]))
        .collect();
    assert_eq!(since_us, [0, 200_000, 300_000, 500_000, 900_000]);
    assert_eq!(
        sent[1][1..],
        ["/product/{id}", "drill", "again"].map(ToOwned::to_owned)
    );
    let page = folder.read("again.html");
    assert!(
        page.contains("firedrill replay access.log") && page.contains("A replay of 5 requests")
    );
}

#[test]
fn a_dry_run_sends_nothing_and_robots_can_be_left_out() {
    let (folder, server) = prepared();
    let words = format!(
        "replay access.log --people --host {} --dry-run --json",
        server.base_url()
    );
    let dry = run(&folder, &words).exits(0).json();
    assert_eq!(dry["requests"].as_f64(), Some(5.0), "{dry}");
    assert_eq!(dry["length_s"].as_f64(), Some(31.0), "{dry}");
    assert!(server.asked().is_empty());
}

#[test]
fn what_must_not_be_sent_is_refused() {
    let (folder, server) = prepared();
    let host = server.base_url();
    let refused = run(
        &folder,
        &format!("replay access.log --methods GET,POST --host {host}"),
    )
    .refuses(2);
    assert!(refused.err.contains("--allow-unsafe"), "{}", refused.err);
    let refused = run(&folder, "replay access.log --host http://203.0.113.1").exits(4);
    assert!(
        refused.err.contains("not in `hosts_allowed`"),
        "{}",
        refused.err
    );
    let none = run(
        &folder,
        &format!("replay access.log --from 2027-01-01 --host {host}"),
    )
    .refuses(4);
    assert!(none.err.contains("7 outside of the range"), "{}", none.err);
    folder.write("no.log", "no log\nat all\n");
    run(&folder, &format!("replay no.log --host {host}")).refuses(4);
    assert!(server.asked().is_empty());
    let words = format!(
        "replay access.log --allow-unsafe --speed 100 --sli-defs slis.yaml --host {host} --json"
    );
    assert_eq!(count(&run(&folder, &words).json(), "/replayed/replayed"), 7);
    assert!(
        server
            .asked()
            .iter()
            .any(|asked| asked.line == "POST /cart" && asked.body.is_empty())
    );
}

const CART_SLIS: &str = "\
name: shop
window: 1m
rehearsal_window: 1s
events:
  page: {title: Any request}
  cart: {title: Put into the cart, method: POST, route: /cart}
  search: {title: Search, route: /search}
slis:
  - {kind: ratio, name: availability, title: Requests answered, event: page, objective: 0.5, min_count: 1}
  - {kind: ratio, name: carts, title: Carts, event: cart, bad_status: [5xx], objective: 0.5, min_count: 1}
  - {kind: ratio, name: searches, title: Searches, event: search, bad_status: [5xx], objective: 0.5, min_count: 5}
";

#[test]
fn what_is_not_replayed_is_not_judged_and_what_is_still_needs_data() {
    let (folder, server) = prepared();
    let replay = |more: &str| {
        folder.write("slis.yaml", CART_SLIS.replace("min_count: 5", more));
        let words = format!(
            "replay access.log --speed 100 --host {} --sli-defs slis.yaml --lake lake --run-id run{} --report again.html",
            server.base_url(),
            more.len()
        );
        run(&folder, &format!("{words} --json"))
    };
    let passed = replay("min_count: 1").exits(0);
    let note = "not judged, because nothing that they count is replayed: carts";
    assert!(passed.err.contains(note), "{}", passed.err);
    let passed = passed.json();
    assert_eq!(passed["replayed"]["not_judged"].to_string(), r#"["carts"]"#);
    assert_eq!(text(&passed, "/verdict"), "pass");
    assert!(
        folder
            .read("again.html")
            .contains("nothing that they count was replayed: carts")
    );
    // As later, from the lake.
    run(
        &folder,
        "report --lake lake --run run12 --sli-defs slis.yaml -o later.html",
    )
    .exits(0);
    // One search is too few where 50 are needed.
    assert_eq!(
        text(&replay("min_count: 50").exits(1).json(), "/verdict"),
        "fail"
    );
}

#[test]
fn targets_are_sent_as_they_were_however_the_log_writes_them() {
    let (folder, server) = prepared();
    let line = |at_s: u32, target: &str| {
        format!(
            "10.0.0.1 - - [27/Nov/2026:08:00:{at_s:02} +0000] \"GET {target} HTTP/1.1\" 200 100 \"-\" \"Mozilla/5.0\"\n"
        )
    };
    let nginx = [line(0, r"/caf\xC3\xA9"), line(1, r"/q?b=\x22x\x22")].concat();
    folder.write("nginx.log", nginx);
    let caddy = |uri: &str| {
        format!(
            "{{\"level\":\"info\",\"ts\":1795204800.1,\"logger\":\"http.log.access\",\"msg\":\"handled request\",\"request\":{{\"remote_ip\":\"1.2.3.4\",\"remote_port\":\"5\",\"proto\":\"HTTP/2.0\",\"method\":\"GET\",\"host\":\"shop.example\",\"uri\":\"{uri}\",\"headers\":{{\"User-Agent\":[\"Mozilla/5.0\"]}}}},\"duration\":0.05,\"size\":10,\"status\":200}}\n"
        )
    };
    folder.write("caddy.log", caddy("/a b?c=\\\"d\\\""));
    for name in ["nginx.log", "caddy.log"] {
        let words = format!(
            "replay {name} --speed 100 --host {} --sli-defs slis.yaml -q",
            server.base_url()
        );
        run(&folder, &words);
    }
    let lines: Vec<String> = server.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(
        lines,
        ["GET /caf%C3%A9", "GET /q?b=%22x%22", "GET /a%20b?c=%22d%22"]
    );
}
