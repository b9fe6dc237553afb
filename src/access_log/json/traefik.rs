//! Traefik's JSON access log.

use std::sync::LazyLock;

use super::pick::JsonPaths;
use super::request::{client_address, part, set_request};
use super::time::time_us;
use super::value::JsonValue;
use crate::access_log::format::KnownFormat;
use crate::access_log::line::{HeaderRule, LineContext, LineResult, LogLine};
use crate::access_log::unit::Unit;

/// The entry of Traefik.
pub const JSON: KnownFormat = KnownFormat {
    name: "traefik-json",
    about: "Traefik: JSON access log",
    duration: "Duration, ns",
    time: "start",
    header: HeaderRule::None,
    parse,
};

static PATHS: LazyLock<JsonPaths> = LazyLock::new(|| {
    JsonPaths::new(&[
        "StartUTC",
        "StartLocal",
        "Duration",
        "DownstreamStatus",
        "DownstreamContentSize",
        "RequestContentSize",
        "RequestMethod",
        "RequestPath",
        "RequestHost",
        "ServiceName",
        "ClientHost",
        "RetryAttempts",
        "request_User-Agent",
        "request_Referer",
        "request_Cookie",
        "level",
        "time",
    ])
});

fn parse<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let [
        start_utc,
        start_local,
        duration,
        status,
        content_size,
        request_size,
        mut method,
        mut path,
        mut host,
        mut service,
        mut client_host,
        retry_attempts,
        mut user_agent,
        mut referrer,
        mut cookie,
        level,
        time,
    ] = PATHS.pick_array(line)?;
    if status == JsonValue::Absent && method == JsonValue::Absent {
        // Traefik's own log goes to the same output by default.
        let is_own_log = !level.is_blank() && !time.is_blank();
        return if is_own_log {
            Ok(None)
        } else {
            Err("no RequestMethod, so no line of Traefik")
        };
    }
    let start = if start_utc.is_blank() {
        start_local
    } else {
        start_utc
    };
    let service = service.take_text();
    let retries = retry_attempts
        .as_u64()
        .and_then(|count| u32::try_from(count).ok());
    let mut parsed = LogLine {
        ts_us: time_us(&start, &mut context.clock).ok_or("StartUTC is no time")?,
        client: JsonValue::Text(part(client_host.take_text(), client_address)).take_bytes(),
        user_agent: user_agent.take_bytes(),
        referrer: referrer.take_bytes(),
        cookie: cookie.take_bytes(),
        host: host.take_text(),
        status: status.as_status().ok_or("DownstreamStatus is no status")?,
        latency_us: match duration.is_blank() {
            true => None,
            false => Some(
                duration
                    .as_us(Unit::Nanoseconds)
                    .ok_or("Duration is no number")?,
            ),
        },
        bytes_in: request_size.as_u64(),
        bytes_out: content_size.as_u64(),
        // Without a service no server was tried.
        upstream_tries: retries
            .filter(|_| !service.is_empty())
            .map(|count| count.saturating_add(1)),
        service,
        ..LogLine::default()
    };
    set_request(&mut parsed, method.take_text(), path.take_text());
    Ok(Some(parsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = concat!(
        r#"{"ClientAddr":"203.0.113.7:4711","ClientHost":"203.0.113.7","ClientPort":"4711","ClientUsername":"-","#,
        r#""DownstreamContentSize":357,"DownstreamStatus":200,"Duration":357313,"OriginDuration":324669,"#,
        r#""OriginStatus":200,"Overhead":32644,"RequestContentSize":12,"RequestHost":"shop.example","#,
        r#""RequestMethod":"GET","RequestPath":"/cart?x=1","RequestProtocol":"HTTP/1.1","RetryAttempts":1,"#,
        r#""ServiceName":"web@docker","ServiceURL":{"Scheme":"http","User":null},"#,
        r#""StartLocal":"2026-11-27T11:00:00.25+01:00","StartUTC":"2026-11-27T10:00:00.250000001Z","#,
        r#""level":"info","msg":"","request_User-Agent":"Mozilla/5.0","time":"2026-11-27T10:00:00Z"}"#
    );

    fn parsed(line: &str) -> LineResult<'_> {
        parse(line.as_bytes(), &mut LineContext::default())
    }

    #[test]
    fn a_line_starts_at_its_utc_time_and_lasts_nanoseconds() {
        let line = parsed(LINE).unwrap().unwrap();
        assert_eq!(line.ts_us, 1_795_773_600_250_000);
        assert_eq!((line.latency_us, line.status), (Some(357), 200));
        assert_eq!((&*line.method, &*line.target), ("GET", "/cart?x=1"));
        assert_eq!(
            (&*line.host, &*line.service),
            ("shop.example", "web@docker")
        );
        assert_eq!((line.bytes_in, line.bytes_out), (Some(12), Some(357)));
        assert_eq!(
            (&*line.client, line.upstream_tries),
            (&b"203.0.113.7"[..], Some(2))
        );
        assert_eq!(&*line.user_agent, b"Mozilla/5.0");
    }

    #[test]
    fn a_request_without_a_service_tried_no_server() {
        let line = LINE
            .replace("ServiceName", "RouterName")
            .replace("StartUTC", "Start");
        let line = parsed(&line).unwrap().unwrap();
        assert_eq!((line.upstream_tries, &*line.service), (None, ""));
        assert_eq!(line.ts_us, 1_795_773_600_250_000);
    }

    #[test]
    fn the_own_log_of_traefik_is_no_request() {
        assert_eq!(
            parsed(r#"{"level":"debug","msg":"reloaded","time":"2026-11-27T10:00:00Z"}"#),
            Ok(None)
        );
        let of_caddy = parsed(r#"{"level":"info","ts":1795773600.25,"msg":"reloaded"}"#);
        assert_eq!(of_caddy, Err("no RequestMethod, so no line of Traefik"));
        assert_eq!(
            parsed(r#"{"status":200}"#),
            Err("no RequestMethod, so no line of Traefik")
        );
        assert_eq!(parsed("DEBUG: reloaded"), Err("not a JSON object"));
    }

    #[test]
    fn a_wrong_member_is_named() {
        for (from, to, reason) in [
            (
                "\"Duration\":357313",
                "\"Duration\":-1",
                "Duration is no number",
            ),
            (
                "\"DownstreamStatus\":200",
                "\"DownstreamStatus\":\"x\"",
                "DownstreamStatus is no status",
            ),
            (
                "2026-11-27T10:00:00.250000001Z",
                "today",
                "StartUTC is no time",
            ),
        ] {
            assert_eq!(parsed(&LINE.replace(from, to)), Err(reason), "{to}");
        }
    }
}
