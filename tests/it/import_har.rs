//! What a browser recorded becomes a scenario that is valid, runs, and has nobody's secrets in it.

use serde_json::{Value, json};

use super::program::{count, list, run, text};
use super::scripted_server::{Asked, Said, ScriptedServer};
use super::surge_file::{ANY_PAGE_SLIS, WIDE_SLIS};
use super::temp_folder::TempFolder;
use super::tidy::in_repository;

/// What the browser was told, and no run may send.
const RECORDED_CSRF: &str = "recorded-csrf-4711";
const RECORDED_BEARER: &str = "recorded.bearer.0815";
/// What the target tells in a run.
const PAGE: &str = "<html><form><input name=\"csrf\" value=\"fresh-csrf-1\"></form></html>";
const LOGIN: &str = "{\"access_token\": \"fresh-bearer-2\"}";

/// How a browser writes an entry.
#[derive(Clone, Copy)]
pub enum Browser {
    Chrome,
    Firefox,
}

/// One request as `browser` exports it, `at_ms` after the start.
pub struct Recorded {
    at_ms: u64,
    method: &'static str,
    url: &'static str,
    kind: &'static str,
    pub request_headers: Value,
    pub body: Value,
    pub status: u16,
    pub answer_headers: Value,
    mime_type: &'static str,
    pub text: String,
}

impl Recorded {
    pub fn new(at_ms: u64, method: &'static str, url: &'static str, kind: &'static str) -> Self {
        Self {
            at_ms,
            method,
            url,
            kind,
            request_headers: json!([]),
            body: Value::Null,
            status: 200,
            answer_headers: json!([]),
            mime_type: match kind {
                "document" => "text/html",
                "fetch" => "application/json",
                _ => "application/octet-stream",
            },
            text: String::new(),
        }
    }

    fn entry(&self, browser: Browser) -> Value {
        let mut headers = vec![
            json!({"name": "Cookie", "value": "sid=recorded-session-cookie-1"}),
            json!({"name": "User-Agent", "value": "Mozilla/5.0"}),
        ];
        headers.extend(
            self.request_headers
                .as_array()
                .expect("headers are a list")
                .clone(),
        );
        let mut entry = json!({
            "startedDateTime": format!("2026-11-27T08:00:{:02}.{:03}Z", self.at_ms / 1000, self.at_ms % 1000),
            "time": 100.0,
            "request": {"method": self.method, "url": self.url, "httpVersion": "h2", "cookies": []},
            "response": {"status": self.status, "headers": self.answer_headers,
                "content": {"mimeType": self.mime_type, "size": self.text.len(), "text": self.text}},
        });
        match browser {
            Browser::Chrome => {
                headers.push(json!({"name": ":authority", "value": "shop.example"}));
                entry["_resourceType"] = json!(self.kind);
                entry["pageref"] = json!("page_1");
            }
            Browser::Firefox => {
                let dest = match self.kind {
                    "document" => "document",
                    "fetch" => "empty",
                    other => other,
                };
                headers.push(json!({"name": "Sec-Fetch-Dest", "value": dest}));
            }
        }
        entry["request"]["headers"] = json!(headers);
        if !self.body.is_null() {
            entry["request"]["postData"] = self.body.clone();
        }
        entry
    }
}

fn visit() -> Vec<Recorded> {
    let mut page = Recorded::new(
        0,
        "GET",
        "https://shop.example/login?next=%2Fcart",
        "document",
    );
    page.text = PAGE.replace("fresh-csrf-1", RECORDED_CSRF);
    let style = Recorded::new(150, "GET", "https://shop.example/app.css", "style");
    let tracker = Recorded::new(160, "GET", "https://tracker.example/p.gif", "image");
    let mut login = Recorded::new(8_100, "POST", "https://shop.example/login", "fetch");
    login.body = json!({"mimeType": "application/x-www-form-urlencoded", "text": format!("csrf={RECORDED_CSRF}&email=ann%40shop.example&password=hunter22")});
    login.text = LOGIN.replace("fresh-bearer-2", RECORDED_BEARER);
    let mut add = Recorded::new(12_200, "POST", "https://shop.example/api/cart", "fetch");
    add.request_headers = json!([{"name": "Authorization", "value": format!("Bearer {RECORDED_BEARER}")}, {"name": "X-Api-Key", "value": "recorded-key-99"}]);
    add.body = json!({"mimeType": "application/json", "text": "{\"product\": 17, \"note\": \"{gift}\", \"apiKey\": \"recorded-key-99\"}"});
    let product = Recorded::new(15_000, "GET", "https://shop.example/product/17", "document");
    let mut old = Recorded::new(20_000, "GET", "https://shop.example/old", "document");
    old.status = 302;
    old.answer_headers = json!([{"name": "Location", "value": "/new#top"}]);
    let new = Recorded::new(20_110, "GET", "https://shop.example/new", "document");
    vec![page, style, tracker, login, add, product, old, new]
}

pub fn har(browser: Browser, entries: &[Recorded]) -> String {
    let mut entries: Vec<Value> = entries.iter().map(|entry| entry.entry(browser)).collect();
    if matches!(browser, Browser::Firefox) {
        entries.reverse();
    }
    json!({"log": {"version": "1.2", "creator": {"name": "a browser", "version": "1"}, "entries": entries}}).to_string()
}

#[test]
fn a_visit_becomes_a_scenario_whichever_browser_recorded_it() {
    for browser in [Browser::Chrome, Browser::Firefox] {
        let folder = TempFolder::new();
        folder.write("visit.har", har(browser, &visit()));
        let imported = run(&folder, "import har visit.har -o visit.yaml").exits(0);
        assert!(
            imported
                .err
                .contains("1 request to https://tracker.example"),
            "{}",
            imported.err
        );
        run(&folder, "check visit.yaml").exits(0);
        let dry = run(&folder, "rehearse visit.yaml --dry-run --json")
            .exits(0)
            .json();
        // 60 shoppers with 5 steps, one of them with a file.
        assert_eq!(dry["requests"].as_f64(), Some(360.0), "{dry}");
        let text = folder.read("visit.yaml");
        for line in [
            "take: {csrf: {css: \"input[name=\\\"csrf\\\"]\", attribute: value}}",
            "take: {access_token: {json: /access_token}}",
            "csrf: \"{csrf}\"",
            "email: \"shopper-{shopper}@example.com\"",
            "password: EDIT-ME",
            "authorization: \"Bearer {access_token}\"",
            "think: {median: 7.85s, p95: 23.6s}",
            "assets: [/app.css]",
            "{get: \"/product/{product}\"",
            "{get: /old, think: {median: 4.9s, p95: 14.7s}, redirects: follow}",
            "products: 17",
        ] {
            assert!(text.contains(line), "no `{line}` in\n{text}");
        }
        for secret in [
            RECORDED_CSRF,
            RECORDED_BEARER,
            "recorded-key-99",
            "hunter22",
            "ann@shop",
            "recorded-session",
        ] {
            assert!(
                !text.contains(secret) && !imported.err.contains(secret),
                "{secret} in\n{text}"
            );
        }
    }
}

#[test]
fn what_the_target_tells_is_what_the_next_request_sends() {
    let server =
        ScriptedServer::start(|asked: &Asked| match asked.line.split_whitespace().next() {
            Some("GET") => Said::Answer("200 OK", &["content-type: text/html"], PAGE),
            _ => Said::Answer("200 OK", &["content-type: application/json"], LOGIN),
        });
    let folder = TempFolder::new();
    folder.write("visit.har", har(Browser::Chrome, &visit()[..5]));
    folder.write("slis.yaml", ANY_PAGE_SLIS);
    run(
        &folder,
        &format!(
            "import har visit.har --host {} -o visit.yaml",
            server.base_url()
        ),
    )
    .exits(0);
    let fast = folder
        .read("visit.yaml")
        .replace("for: 1m, shoppers_per_s: 1", "for: 1s, shoppers_per_s: 5");
    folder.write(
        "fast.yaml",
        without_thinking(&fast) + "limits: {schedule_lag_p99: 10s}\n",
    );
    let ran = run(&folder, "rehearse fast.yaml --sli-defs slis.yaml --json")
        .exits(0)
        .json();
    assert_eq!(ran["completed"], ran["started"], "{ran}");
    let asked = server.asked();
    let posts = |path: &str| {
        asked
            .iter()
            .filter(|asked| asked.line == format!("POST {path}"))
            .collect::<Vec<_>>()
    };
    let (logins, adds) = (posts("/login"), posts("/api/cart"));
    assert_eq!(logins.len() as u64, count(&ran, "/started"));
    assert!(
        logins
            .iter()
            .all(|login| login.body.contains("csrf=fresh-csrf-1&email=shopper-")),
        "{logins:?}"
    );
    assert!(
        adds.iter().all(|add| add
            .headers
            .contains(&"authorization: Bearer fresh-bearer-2".to_owned())),
        "{adds:?}"
    );
    let bodies: Vec<Value> = adds
        .iter()
        .map(|add| serde_json::from_str(&add.body).expect("it is JSON"))
        .collect();
    assert!(
        bodies
            .iter()
            .all(|body| body["note"] == "{gift}" && body["product"].is_u64()),
        "{bodies:?}"
    );
    assert!(asked.iter().all(|asked| {
        asked
            .headers
            .iter()
            .all(|header| !header.contains("recorded"))
    }));
}

#[test]
fn json_says_what_was_left_out_and_a_site_can_be_chosen() {
    let folder = TempFolder::new();
    folder.write("visit.har", har(Browser::Chrome, &visit()));
    let json = run(&folder, "import har visit.har --json").exits(0).json();
    assert_eq!(
        (
            count(&json, "/steps"),
            count(&json, "/assets"),
            count(&json, "/takes")
        ),
        (5, 1, 2)
    );
    assert!(text(&json, "/text").starts_with("# One visit to https://shop.example"));
    assert!(list(&json, "/notices").iter().any(|notice| {
        notice
            .as_str()
            .is_some_and(|notice| notice.contains("tracker.example"))
    }));
    let unknown = run(&folder, "import har visit.har --site other.example").refuses(4);
    assert!(
        unknown.err.contains("no request to `other.example`")
            && unknown.err.contains("https://shop.example"),
        "{}",
        unknown.err
    );
    for (name, text, part) in [
        (
            "empty.har",
            r#"{"log": {"entries": []}}"#,
            "none of its 0 requests",
        ),
        ("other.json", "[1]", "no `log` with `entries`"),
        ("cut.har", "{\"log\": {", "is no JSON"),
    ] {
        folder.write(name, text);
        let refused = run(&folder, &format!("import har {name}")).refuses(4);
        assert!(
            refused.err.contains(part) && refused.err.contains(name),
            "{}",
            refused.err
        );
    }
}

#[test]
fn a_visit_that_chromium_recorded_is_bought_again_on_the_demo_shop() {
    let folder = TempFolder::new();
    folder.write("wide.yaml", WIDE_SLIS);
    let recorded = in_repository("data/shop-visit.har");
    let imported = run(
        &folder,
        &format!("import har {} -o visit.yaml", recorded.display()),
    )
    .exits(0);
    assert!(
        imported.err.contains("5 requests: 5 steps with 0 files"),
        "{}",
        imported.err
    );
    let text = folder.read("visit.yaml");
    assert!(
        text.contains("form: {product: \"{product}\", quantity: \"1\"}"),
        "{text}"
    );
    assert!(
        !text.contains("63dd9121a911"),
        "the session of the recording is in\n{text}"
    );
    let on_the_shop = text
        .replace(
            "base_url: \"http://127.0.0.1:8080\"",
            "shop: {checkouts_per_s: 60}",
        )
        .replace("for: 1m, shoppers_per_s: 1", "for: 2s, shoppers_per_s: 5");
    folder.write(
        "visit.yaml",
        without_thinking(&on_the_shop) + "limits: {schedule_lag_p99: 10s}\n",
    );
    let ran = run(&folder, "rehearse visit.yaml --sli-defs wide.yaml --json")
        .exits(0)
        .json();
    assert!(count(&ran, "/started") > 0);
    assert_eq!(
        (count(&ran, "/completed"), count(&ran, "/requests")),
        (count(&ran, "/started"), 5 * count(&ran, "/started"))
    );
}

/// The scenario of somebody who clicks as fast as pages come.
pub fn without_thinking(text: &str) -> String {
    let think = regex::Regex::new(r"think: \{[^}]*\}").expect("it is a pattern");
    think.replace_all(text, "think: {fixed: 1ms}").into_owned()
}
