//! Caddy's JSON access log.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::pick::JsonPaths;
use super::request::{client_address, part, set_request};
use super::time::{time_us, unit_text_us};
use super::value::JsonValue;
use crate::access_log::format::KnownFormat;
use crate::access_log::line::{HeaderRule, LineContext, LineResult, LogLine};
use crate::access_log::unit::Unit;

/// The entry of Caddy.
pub const JSON: KnownFormat = KnownFormat {
    name: "caddy-json",
    about: "Caddy 2: JSON access log",
    duration: "duration, s, or a text with its unit (12.3ms)",
    time: "end",
    header: HeaderRule::None,
    parse,
};

/// The message of a request; Caddy's other messages are no requests.
const HANDLED: &str = "handled request";

static PATHS: LazyLock<JsonPaths> = LazyLock::new(|| {
    JsonPaths::new(&[
        "ts",
        "level",
        "msg",
        "request",
        "request.client_ip",
        "request.remote_ip",
        "request.remote_addr",
        "request.method",
        "request.host",
        "request.uri",
        "request.headers.User-Agent.0",
        "request.headers.Referer.0",
        "request.headers.Cookie.0",
        "duration",
        "status",
        "size",
        "bytes_read",
    ])
});

fn parse<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let [
        time,
        level,
        message,
        request,
        client_ip,
        remote_ip,
        remote_address,
        mut method,
        mut host,
        mut uri,
        mut user_agent,
        mut referrer,
        mut cookie,
        duration,
        status,
        size,
        bytes_read,
    ] = PATHS.pick_array(line)?;
    if time.is_blank() || level.is_blank() || message == JsonValue::Absent {
        return Err("no ts, level or msg, so no line of Caddy");
    }
    if message != JsonValue::Text(Cow::Borrowed(HANDLED)) || request != JsonValue::Nested {
        return Ok(None);
    }
    let client = [client_ip, remote_ip, remote_address];
    let client = client
        .into_iter()
        .find(|value| !value.is_blank())
        .unwrap_or_default()
        .take_text();
    let mut parsed = LogLine {
        ts_us: time_us(&time, &mut context.clock).ok_or("ts is no time")?,
        client: JsonValue::Text(part(client, client_address)).take_bytes(),
        user_agent: user_agent.take_bytes(),
        referrer: referrer.take_bytes(),
        cookie: cookie.take_bytes(),
        host: host.take_text(),
        status: status.as_status().ok_or("status is no status")?,
        latency_us: duration_us(&duration)?,
        bytes_in: bytes_read.as_u64(),
        bytes_out: size.as_u64(),
        ..LogLine::default()
    };
    set_request(&mut parsed, method.take_text(), uri.take_text());
    Ok(Some(parsed.ended()))
}

/// Seconds have nine decimals, so a whole number is of another unit that Caddy can be set to.
fn duration_us(duration: &JsonValue<'_>) -> Result<Option<u64>, &'static str> {
    match duration {
        JsonValue::Unsigned(1..) => {
            Err("duration is not in seconds: say its unit in a mapping file")
        }
        JsonValue::Text(text) => Ok(Some(unit_text_us(text).ok_or("duration is no duration")?)),
        value if value.is_blank() => Ok(None),
        value => Ok(Some(
            value
                .as_us(Unit::Seconds)
                .ok_or("duration is no duration")?,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = concat!(
        r#"{"level":"info","ts":1795773600.25,"logger":"http.log.access.log0","msg":"handled request","#,
        r#""request":{"remote_ip":"198.51.100.1","remote_port":"4711","client_ip":"203.0.113.7","#,
        r#""proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/cart?x=1","headers":{"#,
        r#""Accept":["*/*"],"User-Agent":["Mozilla/5.0","second"],"Referer":["https://shop.example/"]}},"#,
        r#""bytes_read":12,"user_id":"","duration":0.250000499,"size":4711,"status":200,"#,
        r#""resp_headers":{"Server":["Caddy"],"Etag":["\"abc\""]}}"#
    );

    fn parsed(line: &str) -> LineResult<'_> {
        parse(line.as_bytes(), &mut LineContext::default())
    }

    #[test]
    fn a_handled_request_ends_at_its_time_and_lasts_seconds() {
        let line = parsed(LINE).unwrap().unwrap();
        assert_eq!(line.ts_us, 1_795_773_600_000_000);
        assert_eq!((line.latency_us, line.status), (Some(250_000), 200));
        assert_eq!((&*line.method, &*line.target), ("GET", "/cart?x=1"));
        assert_eq!(
            (&*line.host, &*line.client),
            ("shop.example", &b"203.0.113.7"[..])
        );
        assert_eq!((line.bytes_in, line.bytes_out), (Some(12), Some(4_711)));
        assert_eq!(&*line.user_agent, b"Mozilla/5.0");
        assert_eq!(&*line.referrer, b"https://shop.example/");
    }

    #[test]
    fn times_and_durations_may_be_texts() {
        let line = LINE
            .replace("1795773600.25", "\"2026-11-27T05:00:00.250-0500\"")
            .replace("0.250000499", "\"250ms\"");
        let line = parsed(&line).unwrap().unwrap();
        assert_eq!(
            (line.ts_us, line.latency_us),
            (1_795_773_600_000_000, Some(250_000))
        );
    }

    #[test]
    fn a_whole_duration_is_not_in_seconds() {
        for (duration, expected) in [
            ("250000499", None),
            ("250", None),
            ("\"250\"", None),
            ("-0.1", None),
            ("0", Some(0)),
            ("1.5", Some(1_500_000)),
            ("0.000002701", Some(3)),
        ] {
            let line = LINE.replace("0.250000499", duration);
            let latency_us = parsed(&line)
                .ok()
                .flatten()
                .and_then(|line| line.latency_us);
            assert_eq!(latency_us, expected, "{duration}");
        }
    }

    #[test]
    fn other_messages_are_no_request() {
        let other = r#"{"level":"debug","ts":1795773600.25,"logger":"http.handlers.reverse_proxy","msg":"selected upstream"}"#;
        assert_eq!(parsed(other), Ok(None));
        assert!(parsed(r#"{"status":200,"time":"2026-11-27T10:00:00Z"}"#).is_err());
    }
}
