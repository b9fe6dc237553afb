//! What shoppers do in a rehearsal: they follow, take, load, retry, reload, leave. What the target saw
//! is what the lake has.

use std::sync::Mutex;

use serde_json::Value;

use super::lake_rows::rows;
use super::program::{count, run};
use super::scripted_server::{Asked, Said, ScriptedServer};
use super::surge_file::ANY_PAGE_SLIS;
use super::temp_folder::TempFolder;

/// Five shoppers in a second, each on the journey `steps`; `shopper` and `more` go into the file.
fn scenario(server: &ScriptedServer, steps: &str, shopper: &str, more: &str) -> TempFolder {
    let folder = TempFolder::new();
    let yaml = format!(
        "name: short\nseed: 7\ntarget: {{base_url: '{}'}}\ntraffic: {{arrivals: even, phases: [{{name: steady, for: 1s, shoppers_per_s: 5}}]}}\nshoppers:\n  - {{name: all, share: 1, journey: only{shopper}}}\njourneys:\n  only: {steps}\n{more}\nlimits: {{in_flight: 500, drain: 60s, schedule_lag_p99: 10s}}\n",
        server.base_url()
    );
    folder.write("short.yaml", yaml);
    folder.write("any-page.yaml", ANY_PAGE_SLIS);
    folder
}

/// The document of a rehearsal that ends with this exit code.
fn rehearsed(folder: &TempFolder, code: i32) -> Value {
    let words = "rehearse short.yaml --sli-defs any-page.yaml --lake lake --json";
    run(folder, words).exits(code).json()
}

/// Method, route, status and error of every request in the lake with how many there are, sorted.
fn counted(folder: &TempFolder) -> Vec<(String, usize)> {
    let columns = ["method", "route", "status", "error"];
    let mut rows = rows(&folder.join("lake/requests"), &columns);
    rows.sort_unstable();
    let groups = rows.chunk_by(|one, other| one == other);
    groups
        .map(|group| (group[0].join(" ").trim_end().to_owned(), group.len()))
        .collect()
}

fn assert_counted(folder: &TempFolder, expected: &[(&str, usize)]) {
    let expected: Vec<(String, usize)> = expected
        .iter()
        .map(|(request, count)| ((*request).to_owned(), *count))
        .collect();
    assert_eq!(counted(folder), expected);
}

#[test]
fn redirects_assets_and_taken_values_are_requests_of_their_own() {
    fn script(asked: &Asked) -> Said {
        match asked.line.as_str() {
            "GET /login" => Said::Answer(
                "200 OK",
                &["set-cookie: sid=abc; Path=/"],
                "<link rel=stylesheet href=/main.css><img src='https://elsewhere.example/a.png'><input name=csrf value='t0k&n'>",
            ),
            "POST /login" if asked.body == "csrf=t0k%26n&email=shopper" => {
                Said::Answer("302 Found", &["location: /home?from=login"], "")
            }
            "GET /home?from=login" | "GET /main.css" | "GET /logo.svg" => {
                Said::Answer("200 OK", &[], "{\"id\": 4711}")
            }
            "GET /cart/4711" => Said::Answer("200 OK", &[], "{\"state\": \"open\"}"),
            _ => Said::Answer("404 Not Found", &[], ""),
        }
    }
    let server = ScriptedServer::start(script);
    let steps = "[{get: /login, page_assets: true, assets: [/logo.svg], take: {csrf: {css: 'input[name=csrf]', attribute: value}}},
        {post: /login, form: {csrf: '{csrf}', email: shopper}, redirects: follow, take: {cart: {json: /id}}},
        {get: '/cart/{cart}', headers: {X-Number: '{shopper}'}, check: {json: {/state: open}}}]";
    let folder = scenario(&server, steps, "", "");
    let document = rehearsed(&folder, 0);
    assert_eq!(count(&document, "/completed"), 5);
    assert_counted(
        &folder,
        &[
            ("GET /cart/{id} 200", 5),
            ("GET /home 200", 5),
            ("GET /login 200", 5),
            ("GET /{file}.css 200", 5),
            ("GET /{image} 200", 5),
            ("POST /login 302", 5),
        ],
    );
    let asked = server.asked();
    assert_eq!(asked.len(), 30);
    let has = |asked: &Asked, header: &str| asked.headers.iter().any(|found| found == header);
    let carts = asked.iter().filter(|asked| asked.line == "GET /cart/4711");
    assert!(carts.clone().all(|cart| has(cart, "cookie: sid=abc")));
    for number in 0..5 {
        assert!(
            carts
                .clone()
                .any(|cart| has(cart, &format!("x-number: {number}")))
        );
    }
}

#[test]
fn a_shopper_tries_again_as_often_as_it_says_and_no_more() {
    let server = ScriptedServer::start(|_| Said::Answer("503 Busy", &["retry-after: 0"], ""));
    let shopper = ", retries: {on: [5xx], times: 2, wait: {fixed: 20ms}, retry_after: honour}";
    let folder = scenario(&server, "[{get: /}, {get: /never}]", shopper, "");
    let document = rehearsed(&folder, 1);
    assert_counted(&folder, &[("GET / 503", 15)]);
    assert_eq!(server.asked().len(), 15);
    assert_eq!(count(&document, "/gave_up"), 5);
    assert_eq!(document["retry_amplification"], 3.0);
}

#[test]
fn a_redirect_that_retries_name_is_a_request_that_is_made_again() {
    fn script(asked: &Asked) -> Said {
        static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
        let mut seen = SEEN.lock().expect("no holder panics");
        seen.push(asked.line.clone());
        match seen.iter().filter(|line| **line == asked.line).count() {
            1 | 2 => Said::Answer("302 Found", &["location: /queue"], ""),
            _ => Said::Answer("200 OK", &[], ""),
        }
    }
    let server = ScriptedServer::start(script);
    let shopper = ", retries: {on: ['302'], times: 3}";
    let steps = "[{get: '/seat/{shopper}', redirects: follow}]";
    let folder = scenario(&server, steps, shopper, "");
    let document = rehearsed(&folder, 0);
    assert_counted(
        &folder,
        &[("GET /seat/{id} 200", 5), ("GET /seat/{id} 302", 10)],
    );
    assert_eq!(server.asked().len(), 15);
    assert_eq!(count(&document, "/completed"), 5);
    assert_eq!(document["retry_amplification"], 3.0);
}

#[test]
fn a_shopper_who_waits_reloads_and_then_leaves() {
    let server = ScriptedServer::start(|_| Said::Nothing);
    let shopper = ", patience: {answer: {fixed: 900ms}}, reload: {after: {fixed: 300ms}, times: 1}";
    let folder = scenario(&server, "[{get: /}, {get: /never}]", shopper, "");
    let document = rehearsed(&folder, 1);
    assert_counted(&folder, &[("GET / 0 abandoned", 10)]);
    assert_eq!(server.asked().len(), 10);
    assert_eq!(count(&document, "/lost_patience"), 5);
    assert_eq!(count(&document, "/connections"), 10);
    assert_eq!(document["retry_amplification"], 2.0);
}

#[test]
fn an_answer_that_is_not_as_it_must_be_is_no_good_one() {
    let server = ScriptedServer::start(|_| Said::Answer("200 OK", &[], "sorry"));
    let steps = "[{get: /, check: {body_has: [welcome]}, on_failure: continue}, {get: /next}]";
    let folder = scenario(&server, steps, "", "");
    let document = rehearsed(&folder, 0);
    assert_counted(&folder, &[("GET / 200 check", 5), ("GET /next 200", 5)]);
    assert_eq!(count(&document, "/completed"), 5);
    assert_eq!(
        document["slis"][0]["value"], 0.5,
        "half of the requests are good"
    );
}

#[test]
fn a_host_is_where_the_scenario_says_that_it_is() {
    let server = ScriptedServer::start(|_| Said::Answer("200 OK", &[], ""));
    let folder = scenario(&server, "[{get: /}]", "", "");
    let yaml = std::fs::read_to_string(folder.join("short.yaml")).unwrap();
    let own = format!("{{base_url: '{}'}}", server.base_url());
    let address = server.base_url().replace("http://", "");
    let named = format!(
        "{{base_url: 'http://shop.invalid', hosts_allowed: [shop.invalid], http: {{resolve: {{'shop.invalid:80': '{address}'}}}}}}"
    );
    assert!(yaml.contains(&own));
    folder.write("short.yaml", yaml.replace(&own, &named));
    rehearsed(&folder, 0);
    let asked = server.asked();
    assert_eq!(asked.len(), 5);
    let host = "host: shop.invalid".to_owned();
    assert!(asked.iter().all(|asked| asked.headers.contains(&host)));
}

#[test]
fn a_path_is_sent_with_percent_codes_for_what_may_not_stand_in_it() {
    let server = ScriptedServer::start(|_| Said::Answer("200 OK", &[], "{\"t\": \"a b\"}"));
    let steps = "[{get: '/red shoes/cafü%20x?q=a b|c', take: {t: {json: /t}}, assets: ['/a b.css']}, {get: '/{t}/ü/{t}'}]";
    let folder = scenario(&server, steps, "", "");
    rehearsed(&folder, 0);
    let mut lines: Vec<String> = server.asked().into_iter().map(|asked| asked.line).collect();
    lines.sort_unstable();
    lines.dedup();
    let expected = [
        "GET /a%20b.css",
        "GET /a%20b/%C3%BC/a%20b",
        "GET /red%20shoes/caf%C3%BC%20x?q=a%20b%7Cc",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_request_that_cannot_be_made_is_not_the_targets_failure() {
    let server = ScriptedServer::start(|_| Said::Answer("200 OK", &[], "{\"t\": \"a\\nb\"}"));
    let steps = "[{get: /, take: {t: {json: /t}}}, {get: /next, headers: {X-Token: '{t}'}}]";
    let folder = scenario(&server, steps, "", "");
    let document = rehearsed(&folder, 5);
    assert_counted(&folder, &[("GET / 200", 5), ("GET /next 0 request", 5)]);
    assert_eq!(count(&document["slis"][0], "/valid"), 5);
    assert_eq!(document["slis"][0]["value"], 1.0);
    let reason = document["invalid_because"][0].as_str();
    assert!(reason.is_some_and(|reason| reason.starts_with("5 of 10 requests could not be made")));
}

#[test]
fn a_channel_that_is_turned_off_brings_nobody() {
    let server = ScriptedServer::start(|_| Said::Answer("200 OK", &[], ""));
    let channels = "channels:\n  - {name: 'utm:mail', share: 1, query: utm_source=mail, referrer: 'https://mail.example/', off: [{from: 500ms}]}";
    let folder = scenario(&server, "[{get: /}, {get: /next}]", "", channels);
    let document = rehearsed(&folder, 0);
    assert_eq!(count(&document, "/withheld"), 3);
    assert_eq!(count(&document, "/offered_arrivals"), 2);
    let channels = rows(&folder.join("lake/requests"), &["channel"]);
    assert_eq!(channels, vec![vec!["utm:mail".to_owned()]; 4]);
    let landed = server.asked();
    let first = landed
        .iter()
        .filter(|asked| asked.line == "GET /?utm_source=mail");
    let referred = first.filter(|asked| {
        asked
            .headers
            .contains(&"referer: https://mail.example/".to_owned())
    });
    assert_eq!(referred.count(), 2);
}

#[test]
fn a_closed_model_runs_its_shoppers_one_journey_after_the_other() {
    let server = ScriptedServer::start(|_| Said::Answer("200 OK", &[], ""));
    let folder = scenario(
        &server,
        "[{get: /}, {get: /next, think: {fixed: 50ms}}]",
        "",
        "",
    );
    let yaml = std::fs::read_to_string(folder.join("short.yaml")).unwrap();
    let open = "{arrivals: even, phases: [{name: steady, for: 1s, shoppers_per_s: 5}]}";
    assert!(yaml.contains(open));
    folder.write(
        "short.yaml",
        yaml.replace(open, "{closed: {shoppers: 3, for: 2s}}"),
    );
    let words = "rehearse short.yaml --sli-defs any-page.yaml --lake lake --report r.md --json";
    let document = run(&folder, words).exits(0).json();
    let report = folder.read("r.md");
    assert!(
        report.contains("3 shoppers at once in a closed model"),
        "{report}"
    );
    assert!(report.contains("they ask a slow target less"), "{report}");
    assert!(!report.contains("No limit was reached"), "{report}");
    let completed = count(&document, "/completed");
    // Each of three needs at least 50 ms for a journey, and has two seconds.
    assert!((3..=3 * 40).contains(&completed), "{completed}");
    assert_eq!(
        count(&document, "/offered_arrivals"),
        completed + count(&document, "/cut")
    );
    let rows = rows(&folder.join("lake/requests"), &["route"]);
    assert_eq!(rows.len() as u64, count(&document, "/requests"));
}

#[test]
fn a_guard_sees_what_few_shoppers_of_a_closed_model_meet_as_it_happens() {
    let server = ScriptedServer::start(|_| Said::Answer("500 Oh", &[], ""));
    let guard = "thresholds: [{sli: errors, above: 10%, for: 2s, window: 1s, abort: true}]";
    let folder = scenario(&server, "[{get: /, think: {fixed: 300ms}}]", "", guard);
    let yaml = folder.read("short.yaml");
    let open = "{arrivals: even, phases: [{name: steady, for: 1s, shoppers_per_s: 5}]}";
    assert!(yaml.contains(open));
    folder.write(
        "short.yaml",
        yaml.replace(open, "{closed: {shoppers: 3, for: 120s}}"),
    );
    let document = rehearsed(&folder, 6);
    assert!(document["stopped_by"].is_object(), "{document}");
    // Some ten per second: it was not waited until a batch of them was full.
    assert!(count(&document, "/requests") < 256, "{document}");
}
