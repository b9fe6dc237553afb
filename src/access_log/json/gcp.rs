//! Google Cloud Logging: requests of HTTP(S) load balancers, and of other products that log an
//! `httpRequest`.

use std::sync::LazyLock;

use super::pick::JsonPaths;
use super::request::{client_address, part, set_request};
use super::time::{time_us, unit_text_us};
use super::value::JsonValue;
use crate::access_log::format::KnownFormat;
use crate::access_log::line::{HeaderRule, LineContext, LineResult, LogLine};

/// The entry of Google Cloud load balancers.
pub const LOAD_BALANCER: KnownFormat = KnownFormat {
    name: "gcp-load-balancer",
    about: "Google Cloud HTTP(S) load balancer, Cloud Logging entries as JSON lines",
    duration: "httpRequest.latency, s as text (0.123456s)",
    time: "start",
    header: HeaderRule::None,
    parse,
};

static PATHS: LazyLock<JsonPaths> = LazyLock::new(|| {
    JsonPaths::new(&[
        "timestamp",
        "insertId",
        "logName",
        "httpRequest",
        "httpRequest.requestMethod",
        "httpRequest.requestUrl",
        "httpRequest.status",
        "httpRequest.latency",
        "httpRequest.requestSize",
        "httpRequest.responseSize",
        "httpRequest.userAgent",
        "httpRequest.referer",
        "httpRequest.remoteIp",
        "resource.labels.backend_service_name",
        "resource.labels.service_name",
    ])
});

fn parse<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let [
        timestamp,
        mut insert_id,
        log_name,
        http_request,
        mut method,
        mut url,
        status,
        latency,
        request_size,
        response_size,
        mut user_agent,
        mut referrer,
        mut remote_ip,
        mut backend_service,
        mut service,
    ] = PATHS.pick_array(line)?;
    if insert_id.is_blank() && log_name.is_blank() {
        return Err("no insertId and no logName, so no Cloud Logging entry");
    }
    if http_request != JsonValue::Nested {
        return Ok(None);
    }
    let backend_service = backend_service.take_text();
    let mut parsed = LogLine {
        ts_us: time_us(&timestamp, &mut context.clock).ok_or("timestamp is no time")?,
        client: client_of(&mut remote_ip),
        user_agent: user_agent.take_bytes(),
        referrer: referrer.take_bytes(),
        service: match backend_service.is_empty() {
            true => service.take_text(),
            false => backend_service,
        },
        // Fields that are 0 are left out of an entry: the client went before there was an answer.
        status: match status.is_blank() {
            true => 0,
            false => status
                .as_status()
                .ok_or("httpRequest.status is no status")?,
        },
        latency_us: latency_us(&latency)?,
        bytes_in: request_size.as_u64(),
        bytes_out: response_size.as_u64(),
        row_key: insert_id.take_bytes(),
        ..LogLine::default()
    };
    set_request(&mut parsed, method.take_text(), url.take_text());
    Ok(Some(parsed))
}

fn latency_us(latency: &JsonValue<'_>) -> Result<Option<u64>, &'static str> {
    match latency {
        JsonValue::Text(text) if !text.is_empty() => Ok(Some(
            unit_text_us(text).ok_or("httpRequest.latency is no duration")?,
        )),
        value if value.is_blank() => Ok(None),
        _ => Err("httpRequest.latency is no duration"),
    }
}

fn client_of<'a>(address: &mut JsonValue<'a>) -> std::borrow::Cow<'a, [u8]> {
    JsonValue::Text(part(address.take_text(), client_address)).take_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Option<LogLine<'_>>, &'static str> {
        parse(line.as_bytes(), &mut LineContext::default())
    }

    const LINE: &str = concat!(
        r#"{"httpRequest":{"latency":"0.123456s","remoteIp":"203.0.113.7","requestMethod":"GET","#,
        r#""requestSize":"812","requestUrl":"https://shop.example/cart?x=1","responseSize":"4711","#,
        r#""serverIp":"198.51.100.4","status":200,"userAgent":"Mozilla/5.0","referer":"https://shop.example/"},"#,
        r#""insertId":"1a2b3c","jsonPayload":{"@type":"type.googleapis.com/x","statusDetails":"response_sent_by_backend"},"#,
        r#""logName":"projects/shop/logs/requests","resource":{"labels":{"backend_service_name":"web-backend","#,
        r#""url_map_name":"web"},"type":"http_load_balancer"},"severity":"INFO","#,
        r#""timestamp":"2026-11-27T10:00:00.250000Z"}"#
    );

    #[test]
    fn an_entry_of_a_load_balancer_is_a_request_that_starts_at_its_timestamp() {
        let line = parsed(LINE).unwrap().unwrap();
        assert_eq!(line.ts_us, 1_795_773_600_250_000);
        assert_eq!(line.latency_us, Some(123_456));
        assert_eq!(
            (&*line.method, &*line.target),
            ("GET", "https://shop.example/cart?x=1")
        );
        assert_eq!((line.status, &*line.service), (200, "web-backend"));
        assert_eq!((line.bytes_in, line.bytes_out), (Some(812), Some(4_711)));
        assert_eq!(&*line.client, b"203.0.113.7");
        assert_eq!(&*line.row_key, b"1a2b3c");
        assert_eq!(&*line.referrer, b"https://shop.example/");
    }

    #[test]
    fn an_entry_without_a_status_had_no_answer() {
        let line = LINE.replace(r#""status":200,"#, "");
        assert_eq!(parsed(&line).unwrap().unwrap().status, 0);
    }

    #[test]
    fn entries_of_other_kinds_are_no_request() {
        let line = r#"{"insertId":"x","timestamp":"2026-11-27T10:00:00Z","textPayload":"started"}"#;
        assert_eq!(parsed(line), Ok(None));
    }

    #[test]
    fn a_wrong_member_is_named() {
        for (from, to, reason) in [
            (
                "0.123456s",
                "0.123456",
                "httpRequest.latency is no duration",
            ),
            (
                r#""0.123456s""#,
                "0.123456",
                "httpRequest.latency is no duration",
            ),
            (
                "\"status\":200",
                "\"status\":20",
                "httpRequest.status is no status",
            ),
            ("2026-11-27T", "27.11.2026 ", "timestamp is no time"),
        ] {
            assert_eq!(parsed(&LINE.replace(from, to)), Err(reason), "{to}");
        }
        assert!(parsed(r#"{"status":200}"#).is_err());
    }
}
