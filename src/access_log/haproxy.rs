//! HAProxy's HTTP log.
//!
//! `client:port [accept date] frontend backend/server TR/Tw/Tc/Tr/Ta status bytes CC CS tsc
//! actconn/feconn/beconn/srv_conn/retries srv_queue/backend_queue {request headers} {response headers}
//! "request"`, <https://docs.haproxy.org/3.0/configuration.html#8.2.3>, maybe after a syslog header.
//! The accept date is the start and has no zone. The last timer is the total in ms; versions
//! before 1.7 write five timers of other names, whose last is the total, too.

use std::borrow::Cow;

use super::fields::{Fields, request_line};
use super::format::KnownFormat;
use super::line::{HeaderRule, LineContext, LineResult, LogLine};
use super::prefix::without_prefix;
use super::unit::{Unit, number};
use super::value::{status_or_none, text, without_port};

/// The one format.
pub const FORMATS: &[KnownFormat] = &[KnownFormat {
    name: "haproxy",
    about: "HAProxy, `option httplog`",
    duration: "Ta (formerly Tt), ms",
    time: "start, without a zone",
    header: HeaderRule::None,
    parse,
}];

fn parse<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let mut fields = Fields::new(without_prefix(line));
    let client = fields.word().ok_or("empty line")?;
    let accepted = fields
        .bracketed()
        .ok_or("no `[accept date]` after the client")?;
    let ts_us = context
        .clock
        .clf_local_us(accepted)
        .ok_or("accept date is not `day/Mon/year:h:m:s.ms`")?;
    let frontend = fields.word().ok_or("frontend is missing")?;
    // `frontend/bind: SSL handshake failure`: an event of a connection, not a request.
    if frontend.contains(&b'/') && frontend.ends_with(b":") {
        return Ok(None);
    }
    let server = fields.word().ok_or("backend and server are missing")?;
    let slash = memchr::memrchr(b'/', server).ok_or("no `/` between backend and server")?;
    let (backend, server) = (&server[..slash], &server[slash + 1..]);
    let latency_us = total_time(fields.word().ok_or("timers are missing")?)?;
    let status = fields.word().ok_or("status is missing")?;
    let status = status_or_none(status).ok_or("status is neither -1 nor from 100 to 999")?;
    let bytes = without_plus(fields.word().ok_or("bytes are missing")?);
    let bytes_out = number(bytes).ok_or("bytes are not a number")?;
    for _ in 0..3 {
        fields.word().ok_or("termination state is missing")?;
    }
    let retries = retries(fields.word().ok_or("connection counts are missing")?)?;
    let request = request(fields.rest()).ok_or("request is not in quotes")?;
    let request = request_line(request);
    Ok(Some(LogLine {
        ts_us,
        client: Cow::Borrowed(without_port(client)),
        method: Cow::Borrowed(request.method),
        target: Cow::Borrowed(request.target),
        service: text(backend.strip_suffix(b"~").unwrap_or(backend)),
        status,
        latency_us,
        bytes_out: u64::try_from(bytes_out).ok(),
        upstream_tries: (server != b"<NOSRV>").then_some(retries.saturating_add(1)),
        ..LogLine::default()
    }))
}

/// The last of five timers, as µs; `None` for −1, an aborted request.
fn total_time(timers: &[u8]) -> Result<Option<u64>, &'static str> {
    let mut timer_count = 0;
    let mut total_us = None;
    for timer in timers.split(|byte| *byte == b'/') {
        timer_count += 1;
        total_us = match without_plus(timer) {
            b"-1" => None,
            digits => {
                number(digits).ok_or("timers are not whole ms or -1")?;
                Some(
                    Unit::Milliseconds
                        .as_us(digits)
                        .ok_or("a timer is too large")?,
                )
            }
        };
    }
    match timer_count {
        5 => Ok(total_us),
        3 => Err("three timers: a log of TCP connections, not of requests"),
        _ => Err("timers are not five numbers"),
    }
}

/// A `+` says that the log was written before the end (`option logasap`), or that a retry went to
/// another server.
fn without_plus(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"+").unwrap_or(text)
}

fn retries(connections: &[u8]) -> Result<u32, &'static str> {
    let mut counts = connections.split(|byte| *byte == b'/');
    let retries = counts.nth(4).filter(|_| counts.next().is_none());
    let retries = retries.ok_or("connection counts are not five numbers")?;
    number(without_plus(retries))
        .and_then(|retries| u32::try_from(retries).ok())
        .ok_or("retries are not a number")
}

/// The text in quotes. Quotes in captured headers and in the request are written as `#22`. A long
/// request is cut at the length of a syslog message, and its closing quote with it.
fn request(rest: &[u8]) -> Option<&[u8]> {
    let opening = memchr::memchr(b'"', rest)?;
    let inside = &rest[opening + 1..];
    let end = memchr::memchr(b'"', inside).unwrap_or(inside.len());
    Some(&inside[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    const LINE: &str = r#"203.0.113.9:40123 [27/Nov/2026:08:00:01.140] https-in~ cart/web_2 120/1/2/7/130 200 841 - - --NN 1/2/3/4/0 0/0 "GET /cart?x=1 HTTP/1.1""#;

    fn line(text: &str) -> Result<LogLine<'_>, &'static str> {
        Ok(parse(text.as_bytes(), &mut LineContext::default())?.unwrap())
    }

    #[test]
    fn the_total_time_counts_from_the_accept_date() {
        let found = line(LINE).unwrap();
        assert_eq!(found.ts_us, 1_795_766_401_140_000);
        assert_eq!((found.latency_us, found.status), (Some(130_000), 200));
        assert_eq!((&*found.service, found.upstream_tries), ("cart", Some(1)));
        assert_eq!((&*found.method, &*found.target), ("GET", "/cart?x=1"));
        assert_eq!(
            (&*found.client, found.bytes_out),
            (&b"203.0.113.9"[..], Some(841))
        );
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let mut context = LineContext {
            clock: super::super::clock::Clock::new(berlin),
            ..LineContext::default()
        };
        let found = parse(LINE.as_bytes(), &mut context).unwrap().unwrap();
        assert_eq!(found.ts_us, 1_795_762_801_140_000);
    }

    #[test]
    fn headers_of_syslog_and_of_containers_are_skipped() {
        for header in [
            "Nov 27 08:00:01 lb1 haproxy[77]: ",
            "<134>Nov 27 08:00:01 haproxy[77]: ",
            "2026-11-27T08:00:01.140000001Z stdout F ",
            "2026-11-27T08:00:01.140000001Z stdout F <134>Nov 27 08:00:01 haproxy[1]: ",
        ] {
            let text = format!("{header}{LINE}");
            assert_eq!(line(&text), line(LINE), "{header}");
        }
    }

    #[test]
    fn odd_requests_are_requests() {
        for (from, to, expected) in [
            (
                "120/1/2/7/130",
                "120/1/2/7/+130",
                (Some(130_000), 200, "cart", Some(1), "GET"),
            ),
            (
                "120/1/2/7/130 200",
                "120/-1/-1/-1/-1 -1",
                (None, 0, "cart", Some(1), "GET"),
            ),
            (
                "cart/web_2",
                "https-in~/<NOSRV>",
                (Some(130_000), 200, "https-in", None, "GET"),
            ),
            (
                "3/4/0 0/0",
                "3/4/+2 0/0 {shop.example|x} {}",
                (Some(130_000), 200, "cart", Some(3), "GET"),
            ),
            (
                "200 841",
                "200 +841",
                (Some(130_000), 200, "cart", Some(1), "GET"),
            ),
            (
                "GET /cart?x=1 HTTP/1.1",
                "<BADREQ>",
                (Some(130_000), 200, "cart", Some(1), "-"),
            ),
            (
                "?x=1 HTTP/1.1\"",
                "",
                (Some(130_000), 200, "cart", Some(1), "GET"),
            ),
        ] {
            let text = LINE.replace(from, to);
            let found = line(&text).unwrap();
            let (latency_us, status, service, tries, method) = expected;
            assert_eq!(
                (found.latency_us, found.status),
                (latency_us, status),
                "{to}"
            );
            assert_eq!(
                (&*found.service, found.upstream_tries),
                (service, tries),
                "{to}"
            );
            assert_eq!(found.method, method, "{to}");
        }
    }

    #[test]
    fn a_line_that_is_no_request_says_why() {
        let event = b"203.0.113.9:50033 [27/Nov/2026:08:00:01.123] fe/be: SSL handshake failure";
        assert_eq!(parse(event, &mut LineContext::default()), Ok(None));
        let tcp = LINE.replace("120/1/2/7/130", "0/0/130");
        for (text, reason) in [
            (
                tcp,
                "three timers: a log of TCP connections, not of requests",
            ),
            (
                LINE.replace("120/1/2", "120/1"),
                "timers are not five numbers",
            ),
            (LINE.replace("120/", "x/"), "timers are not whole ms or -1"),
            (
                LINE.replace(" 200 ", " 2 "),
                "status is neither -1 nor from 100 to 999",
            ),
            (
                LINE.replace("1/2/3/4/0", "1/2/3/4"),
                "connection counts are not five numbers",
            ),
            (LINE.replace('"', ""), "request is not in quotes"),
            (
                LINE.replace("[27", "[77"),
                "accept date is not `day/Mon/year:h:m:s.ms`",
            ),
        ] {
            assert_eq!(line(&text).unwrap_err(), reason, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in any::<Vec<u8>>(), cut in 0..LINE.len(), byte in any::<u8>()) {
            let mut changed = LINE.as_bytes().to_vec();
            changed[cut] = byte;
            for line in [&bytes[..], &LINE.as_bytes()[..cut], &changed] {
                let _ = parse(line, &mut LineContext::default());
            }
        }
    }
}
