//! What the server made up in a recording is taken anew in a run, and what is nobody's business is not copied.

use serde_json::json;

use super::import_har::{Browser, Recorded, har, without_thinking};
use super::program::{count, run};
use super::scripted_server::{Asked, Said, ScriptedServer};
use super::surge_file::ANY_PAGE_SLIS;
use super::temp_folder::TempFolder;

/// JSON that no parser gives back as it was.
const EXACT: &str = "{\"price\":10.00, \"big\":123456789012345678901234567890,\"neg\":-0,\"e\":1E2,\"z\":1,\"a\":2,\"a\" : 3}";

/// A visit in which the server makes something up at every step, and wants it back.
fn buying_visit() -> Vec<Recorded> {
    let mut login = Recorded::new(0, "POST", "https://shop.example/login", "document");
    login.body = json!({"mimeType": "multipart/form-data; boundary=X", "params": [{"name": "remember", "value": "yes"}]});
    login.status = 302;
    login.answer_headers = json!([
        {"name": "Location", "value": "/account"},
        {"name": "Set-Cookie", "value": "xsrf=recorded-xsrf-1; Path=/"},
        {"name": "Set-Cookie", "value": "XSRF-TOKEN=recorded+XSRF%3D2; Path=/"}]);
    let account = Recorded::new(110, "GET", "https://shop.example/account", "document");
    let mut cart = Recorded::new(3_000, "POST", "https://shop.example/api/cart", "fetch");
    cart.request_headers = json!([{"name": "X-Xsrf", "value": "recorded-xsrf-1"}, {"name": "X-XSRF-TOKEN", "value": "recorded+XSRF=2"}]);
    cart.body = json!({"mimeType": "application/json", "text": EXACT});
    cart.status = 201;
    cart.answer_headers = json!([{"name": "Location", "value": "/api/cart/5566778899aa"}]);
    let look = Recorded::new(
        4_000,
        "GET",
        "https://shop.example/api/cart/5566778899aa",
        "fetch",
    );
    let mut checkout = Recorded::new(5_000, "GET", "https://shop.example/co", "document");
    checkout.status = 302;
    checkout.answer_headers = json!([{"name": "Location", "value": "/co/0d9f8a7b6c5d4e3f?step=1"}]);
    let mut form = Recorded::new(
        5_110,
        "GET",
        "https://shop.example/co/0d9f8a7b6c5d4e3f?step=1",
        "document",
    );
    form.text = "<form action=\"/order/99887766554433/confirm\"></form>".to_owned();
    let confirm = Recorded::new(
        8_000,
        "POST",
        "https://shop.example/order/99887766554433/confirm",
        "document",
    );
    let done = Recorded::new(
        9_000,
        "GET",
        "https://shop.example/co/0d9f8a7b6c5d4e3f/done",
        "document",
    );
    vec![login, account, cart, look, checkout, form, confirm, done]
}

/// Who does not send what it was told is refused.
fn strict_shop(asked: &Asked) -> Said {
    let has = |header: &str| asked.headers.iter().any(|found| found == header);
    let is_part = asked.body.contains("name=\"remember\"\r\n\r\nyes\r\n--");
    match asked.line.as_str() {
        "POST /login" if is_part => Said::Answer(
            "302 Found",
            &[
                "location: /account",
                "set-cookie: xsrf=fresh-xsrf-1; Path=/",
                "set-cookie: XSRF-TOKEN=fresh%2FXSRF+%3D; Path=/",
            ],
            "",
        ),
        "POST /api/cart"
            if asked.body == EXACT
                && has("content-type: application/json")
                && has("x-xsrf: fresh-xsrf-1")
                && has("x-xsrf-token: fresh/XSRF+=") =>
        {
            Said::Answer("201 Created", &["location: /api/cart/aa42"], "{}")
        }
        "GET /co" => Said::Answer("302 Found", &["location: /co/fresh-co?step=1"], ""),
        "GET /co/fresh-co?step=1" => Said::Answer(
            "200 OK",
            &["content-type: text/html"],
            "<form action='/order/17/confirm'></form>",
        ),
        "GET /account"
        | "GET /api/cart/aa42"
        | "POST /order/17/confirm"
        | "GET /co/fresh-co/done" => Said::Answer("200 OK", &[], ""),
        _ => Said::Answer("403 Forbidden", &[], ""),
    }
}

#[test]
fn what_redirects_and_addresses_tell_is_what_later_requests_send() {
    let server = ScriptedServer::start(strict_shop);
    let folder = TempFolder::new();
    folder.write("visit.har", har(Browser::Chrome, &buying_visit()));
    folder.write("slis.yaml", ANY_PAGE_SLIS);
    let import = format!(
        "import har visit.har --host {} -o visit.yaml",
        server.base_url()
    );
    run(&folder, &import).exits(0);
    let text = folder.read("visit.yaml");
    let fast = text.replace("for: 1m, shoppers_per_s: 1", "for: 1s, shoppers_per_s: 3");
    let fast = without_thinking(&fast) + "limits: {schedule_lag_p99: 10s}\n";
    folder.write("fast.yaml", &fast);
    let ran = run(&folder, "rehearse fast.yaml --sli-defs slis.yaml --json")
        .exits(0)
        .json();
    assert_eq!(
        ran["completed"],
        ran["started"],
        "{text}\n{:?}",
        server.asked()
    );
    assert_eq!(count(&ran, "/requests"), 8 * count(&ran, "/started"));
    for recorded in [
        "recorded-xsrf",
        "recorded+XSRF",
        "5566778899aa",
        "0d9f8a7b",
        "99887766",
    ] {
        assert!(!text.contains(recorded), "{recorded} in\n{text}");
    }
}

#[test]
fn secrets_are_not_copied_whatever_they_are_called() {
    const LOT: &str = "0d9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b";
    let page = |at_ms, url| Recorded::new(at_ms, "GET", url, "document");
    let mut visit = vec![
        page(
            0,
            "https://shop.example/u/a@b.example/reset/0d9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b",
        ),
        page(
            1_000,
            "https://shop.example/cb?code=0d9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b",
        ),
        Recorded::new(
            1_050,
            "GET",
            "https://shop.example/a.png?w=1&token=sk_live_abc",
            "image",
        ),
    ];
    for (at_ms, mime_type, text) in [
        (
            2_000,
            "application/json",
            format!("{{\"tok\":\"{LOT}\",\"sess\":\"{LOT}\",\"device\":\"d-{LOT}\"}}"),
        ),
        (
            3_000,
            "text/plain",
            format!("{{\"mail\":\"a@b.example\",\"device\":\"{LOT}\"}}"),
        ),
        (
            4_000,
            "application/xml",
            "<pin>sk_live_abc</pin><password>hunter22</password>".to_owned(),
        ),
        (5_000, "text/plain", "plain {text}".to_owned()),
        (
            6_000,
            "application/json",
            "[{\"productId\":\"12\"},{\"productId\":13},{\"productId\":12}]".to_owned(),
        ),
    ] {
        let mut post = Recorded::new(at_ms, "POST", "https://shop.example/api", "fetch");
        post.request_headers = json!([{"name": "x-shop-key", "value": "sk_live_abc"}, {"name": "X-Trace", "value": format!("a {LOT}")}]);
        post.body = json!({"mimeType": mime_type, "text": text});
        visit.push(post);
    }
    let folder = TempFolder::new();
    folder.write("visit.har", har(Browser::Chrome, &visit));
    let imported = run(&folder, "import har visit.har -o visit.yaml").exits(0);
    run(&folder, "check visit.yaml").exits(0);
    let text = folder.read("visit.yaml");
    for secret in ["0d9f8a7b", "a@b.example", "sk_live", "hunter22"] {
        assert!(
            !text.contains(secret) && !imported.err.contains(secret),
            "{secret} in\n{text}"
        );
    }
    for line in [
        "/u/shopper-{shopper}%40example.com/reset/EDIT-ME",
        "# what stands behind `/u/` was an e-mail address",
        "# what stood behind `/reset/` was left out: write one in the place of EDIT-ME",
        "# parameter `code` was left out",
        "# parameter `token` of a file was left out",
        "assets: [\"/a.png?w=1\"]",
        "headers: {x-shop-key: \"${env:X_SHOP_KEY}\"}",
        r#"json: "{\"tok\":\"EDIT-ME\",\"sess\":\"EDIT-ME\",\"device\":\"EDIT-ME\"}""#,
        r#"json: "{\"mail\":\"shopper-{shopper}@example.com\",\"device\":\"EDIT-ME\"}""#,
        "# its body was left out, as it has what looks like a secret",
        "# its body was left out, as it has names in braces",
        "headers: {content-type: text/plain}, body: EDIT-ME",
        "headers: {content-type: application/xml}, body: EDIT-ME",
        "# `productId` stays as it was recorded: a request has one `{product}`",
        r#"json: "[{\"productId\":\"{product}\"},{\"productId\":13},{\"productId\":{product}}]""#,
    ] {
        assert!(text.contains(line), "no `{line}` in\n{text}");
    }
}
