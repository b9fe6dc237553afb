//! Envoy's JSON access log, as Istio and Envoy Gateway configure it.

use std::sync::LazyLock;

use super::request::{client_address, part, set_request};
use super::synonyms::JsonSynonyms;
use super::time::time_us;
use super::value::JsonValue;
use crate::access_log::format::KnownFormat;
use crate::access_log::line::{HeaderRule, LineContext, LineResult, LogLine};
use crate::access_log::unit::Unit;

/// The entry of Envoy.
pub const JSON: KnownFormat = KnownFormat {
    name: "envoy-json",
    about: "Envoy, Istio, Envoy Gateway: JSON access log",
    duration: "duration, ms",
    time: "start",
    header: HeaderRule::None,
    parse,
};

/// Each member, with the other names that operators give it; an earlier name counts.
const NAMES: [&[&str]; 14] = [
    &["start_time"],
    &["response_code"],
    &["duration"],
    &["protocol"],
    &["method", ":method"],
    &[
        "x-envoy-original-path",
        "x-envoy-origin-path",
        "path",
        ":path",
    ],
    &[":authority", "authority"],
    &["bytes_received"],
    &["bytes_sent"],
    &[
        "x-forwarded-for",
        "x_forwarded_for",
        "downstream_remote_address",
    ],
    &["user-agent", "user_agent"],
    &["referer"],
    &["upstream_cluster"],
    &["upstream_request_attempt_count"],
];

static MEMBERS: LazyLock<JsonSynonyms<14>> = LazyLock::new(|| JsonSynonyms::new(&NAMES));

fn parse<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let [
        start_time,
        status,
        duration,
        protocol,
        mut method,
        mut path,
        mut authority,
        bytes_received,
        bytes_sent,
        mut client,
        mut user_agent,
        mut referrer,
        mut cluster,
        attempts,
    ] = MEMBERS.pick(line)?;
    if status == JsonValue::Absent || start_time == JsonValue::Absent {
        return Err("no response_code or no start_time, so no line of Envoy");
    }
    let status = status.as_status().ok_or("response_code is no status")?;
    if status == 0 && protocol.is_blank() && method.is_blank() {
        // A TCP connection that Envoy passed on.
        return Ok(None);
    }
    let mut parsed = LogLine {
        ts_us: time_us(&start_time, &mut context.clock).ok_or("start_time is no time")?,
        client: JsonValue::Text(part(client.take_text(), client_address)).take_bytes(),
        user_agent: user_agent.take_bytes(),
        referrer: referrer.take_bytes(),
        host: authority.take_text(),
        service: cluster.take_text(),
        status,
        latency_us: match duration.is_blank() {
            true => None,
            false => Some(
                duration
                    .as_us(Unit::Milliseconds)
                    .ok_or("duration is no number")?,
            ),
        },
        bytes_in: bytes_received.as_u64(),
        bytes_out: bytes_sent.as_u64(),
        // No server tried is `None`, as in every other format.
        upstream_tries: attempts
            .as_u64()
            .and_then(|count| u32::try_from(count).ok())
            .filter(|count| *count > 0),
        ..LogLine::default()
    };
    set_request(&mut parsed, method.take_text(), path.take_text());
    Ok(Some(parsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = concat!(
        r#"{":authority":"shop.example","bytes_received":12,"bytes_sent":4711,"#,
        r#""downstream_remote_address":"203.0.113.7:4711","duration":11,"method":"GET","#,
        r#""protocol":"HTTP/2","response_code":200,"response_flags":"-","#,
        r#""start_time":"2026-11-27T10:00:00.250Z","upstream_cluster":"web","user-agent":"Mozilla/5.0","#,
        r#""x-envoy-origin-path":"/cart?x=1","x-forwarded-for":"198.51.100.9, 203.0.113.7"}"#
    );

    fn parsed(line: &str) -> LineResult<'_> {
        parse(line.as_bytes(), &mut LineContext::default())
    }

    #[test]
    fn a_line_of_envoy_gateway_starts_at_its_time_and_lasts_milliseconds() {
        let line = parsed(LINE).unwrap().unwrap();
        assert_eq!(line.ts_us, 1_795_773_600_250_000);
        assert_eq!((line.latency_us, line.status), (Some(11_000), 200));
        assert_eq!((&*line.method, &*line.target), ("GET", "/cart?x=1"));
        assert_eq!((&*line.host, &*line.service), ("shop.example", "web"));
        assert_eq!((line.bytes_in, line.bytes_out), (Some(12), Some(4_711)));
        assert_eq!(&*line.client, b"198.51.100.9");
        assert_eq!(&*line.user_agent, b"Mozilla/5.0");
    }

    #[test]
    fn a_line_of_istio_has_other_names() {
        let line = concat!(
            r#"{"authority":"shop.example","duration":0,"method":"POST","path":"/pay","response_code":0,"#,
            r#""protocol":"HTTP/1.1","response_flags":"DC","start_time":"2026-11-27T10:00:00Z","#,
            r#""downstream_remote_address":"[2001:db8::7]:4711","user_agent":"x","upstream_cluster":null,"#,
            r#""upstream_request_attempt_count":2,"x_forwarded_for":null}"#
        );
        let line = parsed(line).unwrap().unwrap();
        assert_eq!(
            (line.status, line.latency_us, line.upstream_tries),
            (0, Some(0), Some(2))
        );
        assert_eq!(
            (&*line.target, &*line.host, &*line.service),
            ("/pay", "shop.example", "")
        );
        assert_eq!(&*line.client, b"2001:db8::7");
    }

    #[test]
    fn a_request_that_no_server_was_tried_for_has_no_tries() {
        for (count, tries) in [("0", None), ("1", Some(1)), ("null", None), ("-1", None)] {
            let member = format!("\"upstream_request_attempt_count\":{count},\"method\"");
            let line = LINE.replace("\"method\"", &member);
            let line = parsed(&line).unwrap().unwrap();
            assert_eq!(line.upstream_tries, tries, "{count}");
        }
    }

    #[test]
    fn a_tcp_connection_is_no_request_and_a_broken_one_is() {
        let tcp = r#"{"start_time":"2026-11-27T10:00:00Z","response_code":0,"duration":5,"method":null,"protocol":null}"#;
        assert_eq!(parsed(tcp), Ok(None));
        let broken = tcp.replace("\"response_code\":0", "\"response_code\":400");
        let line = parsed(&broken).unwrap();
        assert_eq!(line.unwrap().method, "-");
    }

    #[test]
    fn a_wrong_member_is_named() {
        for (from, to, reason) in [
            (
                "\"duration\":11",
                "\"duration\":-1",
                "duration is no number",
            ),
            ("200", "20", "response_code is no status"),
            ("2026-11-27T10:00:00.250Z", "today", "start_time is no time"),
            (
                "response_code\"",
                "status\"",
                "no response_code or no start_time, so no line of Envoy",
            ),
        ] {
            assert_eq!(parsed(&LINE.replace(from, to)), Err(reason), "{to}");
        }
    }
}
