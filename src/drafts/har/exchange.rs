//! One request of a recording, understood: what it was for, and what came back.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use url::Url;

use super::archive::{Content, Entry, NameValue};
use super::body::RecordedBody;
use crate::drafts::FILE_ENDINGS;

/// The largest answer in which values of later requests are looked for.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The longest URL.
const URL_BYTES_MAX: usize = 8_192;

/// A request with its answer.
#[derive(Debug)]
pub struct Exchange {
    /// When it began, UTC µs.
    pub started_us: i64,
    /// When its answer was there, UTC µs.
    pub ended_us: i64,
    /// The method in capitals.
    pub method: String,
    /// What was asked for.
    pub url: Url,
    /// The page it belongs to, as the browser numbered them; empty where it did not.
    pub page: String,
    /// What it was for.
    pub role: Role,
    /// Its headers with lower-case names, but for those of HTTP/2 itself.
    pub headers: Vec<(String, String)>,
    /// What was sent.
    pub body: RecordedBody,
    /// What was answered.
    pub answer: Answer,
}

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A page that somebody went to.
    Page,
    /// A call of a page's script.
    Call,
    /// A file of a page.
    Asset,
}

/// An answer.
#[derive(Debug, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Its headers with lower-case names.
    pub headers: Vec<(String, String)>,
    /// Its type without parameters, in lower case.
    pub mime_type: String,
    /// Its text; empty where the file has none, or it is none.
    pub text: String,
    /// Where it redirects to; empty for nowhere.
    pub location: String,
}

impl Exchange {
    /// What an entry says.
    ///
    /// # Errors
    /// Why it cannot be part of a scenario: the words that stand behind "n requests".
    pub fn new(entry: Entry) -> Result<Self, &'static str> {
        let method = entry.request.method.to_ascii_uppercase();
        let url = Url::parse(&entry.request.url).map_err(|_| "without a URL")?;
        if matches!(url.scheme(), "ws" | "wss") || entry.resource_type == "websocket" {
            return Err("over a WebSocket");
        }
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("to no http address (data:, blob:, extensions)");
        }
        if entry.request.url.len() > URL_BYTES_MAX {
            return Err("with a URL of more than 8,192 bytes");
        }
        if method == "OPTIONS" || entry.resource_type == "preflight" {
            return Err("that only asked for leave (preflight)");
        }
        if !matches!(
            method.as_str(),
            "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD"
        ) {
            return Err("with a method that steps do not have");
        }
        if !entry.from_cache.is_empty() {
            return Err("that the browser's cache answered");
        }
        let status = whole_status(entry.response.status);
        if status == 0 {
            return Err("without an answer (blocked or cancelled)");
        }
        let started_us = moment_us(&entry.started_date_time).ok_or("without a time")?;
        let headers = lower_case(entry.request.headers);
        let answer_headers = lower_case(entry.response.headers);
        let location = match entry.response.redirect_url {
            url if url.is_empty() => find(&answer_headers, "location").to_owned(),
            url => url,
        };
        let answer = Answer {
            status,
            mime_type: mime_type(&entry.response.content, &answer_headers),
            location,
            headers: answer_headers,
            text: String::new(),
        };
        let role = role(&entry.resource_type, &method, &url, &headers, &answer);
        if role == Role::Call
            && (entry.resource_type == "eventsource" || answer.mime_type == "text/event-stream")
        {
            return Err("for a stream of events");
        }
        let text = if role == Role::Asset {
            String::new()
        } else {
            text(entry.response.content, &answer)
        };
        Ok(Self {
            started_us,
            ended_us: started_us.saturating_add(ms_as_us(entry.time)),
            body: RecordedBody::new(entry.request.post_data, &headers),
            answer: Answer { text, ..answer },
            page: entry.pageref,
            method,
            url,
            role,
            headers,
        })
    }

    /// Scheme, host and port: `https://shop.example`.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

/// The value of a header; empty where there is none.
pub fn find<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    let found = headers.iter().find(|(known, _)| known == name);
    found.map_or("", |(_, value)| value)
}

/// A text without its percent codes; a plus is a plus, as in paths and cookies.
pub fn percent_decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

fn lower_case(headers: Vec<NameValue>) -> Vec<(String, String)> {
    let headers = headers.into_iter();
    // `:authority` and its like are HTTP/2's way of writing the request line.
    let own = headers.filter(|header| !header.name.starts_with(':') && !header.name.is_empty());
    own.map(|header| (header.name.to_ascii_lowercase(), header.value))
        .collect()
}

fn mime_type(content: &Content, headers: &[(String, String)]) -> String {
    // Chrome writes `x-unknown` for answers without a body.
    let said = match content.mime_type.as_str() {
        "" | "x-unknown" => find(headers, "content-type"),
        said => said,
    };
    let essence = said.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

fn text(content: Content, answer: &Answer) -> String {
    let is_text = ["html", "json", "xml", "text/plain", "javascript"]
        .iter()
        .any(|part| answer.mime_type.contains(part));
    if !is_text || content.text.len() > ANSWER_BYTES_MAX {
        return String::new();
    }
    if content.encoding.eq_ignore_ascii_case("base64") {
        let bytes = STANDARD.decode(content.text.trim()).unwrap_or_default();
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    content.text
}

/// By what Chrome says, else by what browsers tell the server, else by what came back.
fn role(
    resource_type: &str,
    method: &str,
    url: &Url,
    headers: &[(String, String)],
    answer: &Answer,
) -> Role {
    let dest = find(headers, "sec-fetch-dest");
    let is_read = matches!(method, "GET" | "HEAD");
    match (resource_type, dest) {
        ("document", "iframe" | "frame" | "embed" | "object" | "fencedframe") if is_read => {
            return Role::Asset;
        }
        ("document", _) => return Role::Page,
        ("xhr" | "fetch" | "ping" | "eventsource", _) => return Role::Call,
        (
            "script" | "stylesheet" | "image" | "font" | "media" | "manifest" | "texttrack"
            | "signed-exchange",
            _,
        ) if is_read => return Role::Asset,
        (_, "document") => return Role::Page,
        (_, "empty") => return Role::Call,
        (_, "" | "report") => {}
        (_, _) if is_read => return Role::Asset,
        (_, _) => {}
    }
    let accept = find(headers, "accept");
    let is_redirect = (300..400).contains(&answer.status);
    let is_script =
        !find(headers, "x-requested-with").is_empty() || accept.starts_with("application/json");
    if is_script || answer.mime_type.contains("json") {
        return Role::Call;
    }
    let wants_page = accept.contains("text/html") || (accept.is_empty() && !is_redirect);
    if (answer.mime_type == "text/html"
        || answer.mime_type == "application/xhtml+xml"
        || is_redirect)
        && (wants_page || !is_read)
    {
        return Role::Page;
    }
    if !is_read {
        return Role::Call;
    }
    let ending = url.path().rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_file = FILE_ENDINGS
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
        || [
            "image/",
            "font/",
            "audio/",
            "video/",
            "text/css",
            "text/javascript",
            "application/javascript",
        ]
        .iter()
        .any(|kind| answer.mime_type.starts_with(kind));
    if is_file { Role::Asset } else { Role::Call }
}

/// RFC 3339; old exports leave the offset out.
fn moment_us(text: &str) -> Option<i64> {
    let moment = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        civil
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    })?;
    Some(moment.as_microsecond())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast saturates, and a length is at most a day"
)]
fn ms_as_us(ms: f64) -> i64 {
    (ms.clamp(0.0, 86_400_000.0) * 1e3) as i64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between 100 and 599"
)]
fn whole_status(status: f64) -> u16 {
    if (100.0..600.0).contains(&status) {
        status as u16
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn exchange(entry: Value) -> Result<Exchange, &'static str> {
        Exchange::new(serde_json::from_value(entry).unwrap())
    }

    fn with(method: &str, url: &str, headers: Value, mime_type: &str, kind: &str) -> Value {
        json!({"startedDateTime": "2026-11-27T08:00:00.000Z", "time": 12.5, "_resourceType": kind,
            "request": {"method": method, "url": url, "headers": headers},
            "response": {"status": 200, "content": {"mimeType": mime_type}}})
    }

    #[test]
    fn what_a_request_was_for_is_told_by_chrome_or_the_headers_or_the_answer() {
        let accept = |text: &str| json!([{"name": "Accept", "value": text}]);
        let dest = |text: &str| json!([{"name": "Sec-Fetch-Dest", "value": text}]);
        let url = "https://a.example/x";
        let cases = [
            (
                with("GET", url, json!([]), "text/html", "document"),
                Role::Page,
            ),
            (
                with("GET", url, dest("iframe"), "text/html", "document"),
                Role::Asset,
            ),
            (
                with("GET", url, json!([]), "application/json", "xhr"),
                Role::Call,
            ),
            (
                with("GET", url, json!([]), "image/png", "image"),
                Role::Asset,
            ),
            (
                with("GET", url, dest("document"), "text/html", ""),
                Role::Page,
            ),
            (with("GET", url, dest("empty"), "text/html", ""), Role::Call),
            (with("GET", url, dest("style"), "text/css", ""), Role::Asset),
            (
                with("POST", url, accept("text/html,*/*"), "text/html", ""),
                Role::Page,
            ),
            (
                with("POST", url, accept("*/*"), "application/json", ""),
                Role::Call,
            ),
            (
                with(
                    "GET",
                    url,
                    accept("text/html"),
                    "text/html; charset=utf-8",
                    "",
                ),
                Role::Page,
            ),
            (
                with("GET", "https://a.example/a.CSS", accept("*/*"), "", ""),
                Role::Asset,
            ),
            (
                with("GET", url, accept("application/json"), "", ""),
                Role::Call,
            ),
        ];
        for (entry, role) in cases {
            let found = exchange(entry.clone()).unwrap();
            assert_eq!(found.role, role, "{entry}");
            assert_eq!(found.ended_us - found.started_us, 12_500);
        }
    }

    #[test]
    fn what_cannot_be_asked_again_says_why() {
        let plain = |method: &str, url: &str| with(method, url, json!([]), "", "");
        let mut blocked = plain("GET", "https://a.example/");
        blocked["response"]["status"] = json!(0);
        let mut cached = plain("GET", "https://a.example/");
        cached["_fromCache"] = json!("disk");
        let cases = [
            (plain("GET", "data:text/plain,x"), "no http address"),
            (plain("GET", "wss://a.example/live"), "WebSocket"),
            (plain("OPTIONS", "https://a.example/"), "preflight"),
            (plain("PROPFIND", "https://a.example/"), "method"),
            (blocked, "blocked"),
            (cached, "cache"),
            (
                plain(
                    "GET",
                    &format!("https://a.example/{}", "a".repeat(URL_BYTES_MAX)),
                ),
                "8,192",
            ),
        ];
        for (entry, part) in cases {
            let reason = exchange(entry).unwrap_err();
            assert!(reason.contains(part), "{reason}");
        }
    }

    #[test]
    fn bodies_in_base64_and_headers_of_http_2_are_read() {
        let mut entry = with(
            "GET",
            "https://a.example/",
            json!([{"name": ":authority", "value": "a.example"}, {"name": "X-A", "value": "1"}]),
            "text/html",
            "document",
        );
        entry["response"]["content"]["text"] = json!("PGI+aGk8L2I+");
        entry["response"]["content"]["encoding"] = json!("base64");
        let found = exchange(entry).unwrap();
        assert_eq!(found.answer.text, "<b>hi</b>");
        assert_eq!(found.headers, [("x-a".to_owned(), "1".to_owned())]);
    }
}
