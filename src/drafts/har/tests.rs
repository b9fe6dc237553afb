//! Whatever a browser recorded, what comes out is a valid scenario without secrets.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{HarError, HarOptions, import_har};
use crate::declared_files::{Declared, parse};
use crate::scenario::{ScenarioDefinition, resolve};

/// Texts with everything in them that means something to YAML, templates, URLs or JSON.
fn nasty() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "product",
        "{product}",
        "{x}",
        "${env:HOME}",
        "${",
        "}",
        "{",
        ": ",
        "- ",
        "#",
        "\"",
        "'",
        "\\",
        "\n",
        "\t",
        "\u{0}",
        "\u{85}",
        "\u{2028}",
        "é",
        "&",
        "=",
        "?",
        "/",
        "%7B",
        "%",
        "17",
        "token",
        "a1b2c3d4e5",
        "@b.c",
        " ",
        "[0]",
        "true",
        "~",
        "*",
        "!",
        "|",
        ">",
    ]);
    prop::collection::vec(pieces, 0..6).prop_map(|pieces| pieces.concat())
}

fn headers() -> impl Strategy<Value = Value> {
    let header = (
        prop::sample::select(vec![
            "X-A",
            "Accept",
            "Authorization",
            "X-Token",
            "Set-Cookie",
            "Cookie",
            "Location",
            ":path",
        ]),
        nasty(),
    );
    prop::collection::vec(header, 0..4).prop_map(|headers| {
        let headers = headers
            .into_iter()
            .map(|(name, value)| json!({"name": name, "value": value}));
        Value::Array(headers.collect())
    })
}

fn post_data() -> impl Strategy<Value = Value> {
    let fields = || prop::collection::vec((nasty(), nasty()), 0..4);
    prop_oneof![
        Just(Value::Null),
        fields().prop_map(|fields| {
            let text = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(fields)
                .finish();
            json!({"mimeType": "application/x-www-form-urlencoded", "text": text})
        }),
        fields().prop_map(|fields| {
            let document: serde_json::Map<String, Value> = fields
                .into_iter()
                .map(|(key, value)| (key, json!([value, 1234567890, null])))
                .collect();
            json!({"mimeType": "application/json", "text": Value::Object(document).to_string()})
        }),
        fields().prop_map(|fields| {
            let params: Vec<Value> = fields
                .into_iter()
                .map(|(name, value)| json!({"name": name, "value": value}))
                .collect();
            json!({"mimeType": "multipart/form-data; boundary=X", "params": params})
        }),
        nasty().prop_map(|text| json!({"mimeType": "text/plain", "text": text})),
    ]
}

fn entry() -> impl Strategy<Value = Value> {
    let kinds = prop::sample::select(vec!["document", "fetch", "script", "", "image", "xhr"]);
    let methods = prop::sample::select(vec!["GET", "POST", "PUT", "DELETE", "HEAD", "TRACE"]);
    let types = prop::sample::select(vec!["text/html", "application/json", "text/css", ""]);
    let statuses = prop::sample::select(vec![200, 302, 404, 0]);
    (0_u32..59, methods, (nasty(), nasty()), kinds, (headers(), headers()), post_data(), (types, nasty()), statuses).prop_map(
        |(second, method, (path, query), kind, (asked, answered), data, (mime_type, text), status)| {
            json!({"startedDateTime": format!("2026-11-27T08:00:{second:02}Z"), "time": 10, "_resourceType": kind,
                "request": {"method": method, "url": format!("https://a.example/{path}?x={query}"), "headers": asked, "postData": data},
                "response": {"status": status, "headers": answered, "redirectURL": "",
                    "content": {"mimeType": mime_type, "text": format!("<input name=csrf value=\"{text}\">{text}")}}})
        },
    )
}

fn read(text: &str) -> Declared<ScenarioDefinition> {
    parse(Path::new("x.yaml"), text.as_bytes(), &|_| None)
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn whatever_was_recorded_becomes_a_valid_scenario(entries in prop::collection::vec(entry(), 0..6)) {
        let har = json!({"log": {"entries": entries}}).to_string();
        match import_har(har.as_bytes(), &HarOptions::default()) {
            Ok(imported) => {
                let declared = read(&imported.text);
                let plan = resolve(&declared);
                prop_assert!(plan.is_ok(), "{}\n{}", plan.unwrap_err(), imported.text);
                prop_assert_eq!(plan.unwrap().journeys[0].steps.len(), imported.steps);
            }
            Err(error) => prop_assert!(matches!(error, HarError::NothingLeft { .. }), "{}", error),
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(import_har(&bytes, &HarOptions::default()).is_err());
    }
}

#[test]
fn a_redirect_is_followed_and_pauses_end_where_everything_was_there() {
    let entry = |at: &str, url: &str, kind: &str, status: u16, location: &str| {
        json!({"startedDateTime": format!("2026-11-27T08:00:{at}Z"), "time": 500, "_resourceType": kind,
            "request": {"method": "GET", "url": url}, "response": {"status": status, "redirectURL": location, "content": {"mimeType": "text/html"}}})
    };
    let har = json!({"log": {"entries": [
        entry("00", "https://a.example/", "document", 301, "/home"),
        entry("00.600", "https://a.example/home", "document", 200, ""),
        entry("01.200", "https://a.example/x.js", "script", 200, ""),
        entry("04.700", "https://a.example/next", "document", 302, "https://other.example/"),
        entry("05.300", "https://other.example/", "document", 200, ""),
    ]}});
    let imported = import_har(har.to_string().as_bytes(), &HarOptions::default()).unwrap();
    assert_eq!((imported.steps, imported.assets), (2, 1));
    assert!(
        imported
            .text
            .contains("- {get: /, redirects: follow, assets: [/x.js]}"),
        "{}",
        imported.text
    );
    assert!(
        imported
            .text
            .contains("- {get: /next, think: {median: 3s, p95: 9s}}"),
        "{}",
        imported.text
    );
    assert!(
        imported
            .notices
            .iter()
            .any(|notice| notice == "left out: 1 request to https://other.example")
    );
}
