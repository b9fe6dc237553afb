//! Envoy's default text log, and Istio's longer one.
//!
//! `[start] "method path protocol" code flags [details termination "failure"] received sent duration
//! upstream_time "forwarded for" "user agent" "request id" "authority" "upstream"`, then with Istio
//! `cluster upstream_local downstream_local downstream_remote …`,
//! <https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage>. The
//! start is UTC, the duration is ms.

use std::borrow::Cow;

use super::fields::{Fields, request_line};
use super::format::KnownFormat;
use super::line::{HeaderRule, LineContext, LineResult, LogLine};
use super::unit::{Unit, number};
use super::value::{first_forwarded, or_empty, status_or_none, text, without_port};

/// The one format.
pub const FORMATS: &[KnownFormat] = &[KnownFormat {
    name: "envoy",
    about: "Envoy's default text log, and Istio's",
    duration: "`%DURATION%`, ms",
    time: "start",
    header: HeaderRule::None,
    parse,
}];

/// Fields between the response flags and the bytes: Istio has three, older versions two.
const DETAIL_FIELDS_MAX: usize = 16;

fn parse<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let mut fields = Fields::new(line);
    let start = fields.bracketed().ok_or("no `[start time]`")?;
    let ts_us = context
        .clock
        .iso_us(start)
        .ok_or("start time is not `2026-11-27T08:00:00.310Z`")?;
    let request = fields
        .quoted()
        .ok_or("request is not in quotes or not closed")?;
    let code = fields.word().ok_or("response code is missing")?;
    let status = status_or_none(code).ok_or("response code is neither 0 nor from 100 to 999")?;
    fields.word().ok_or("response flags are missing")?;
    skip_details(&mut fields);
    let bytes_in = optional_number(
        &mut fields,
        Unit::Microseconds,
        "bytes received are no number",
    )?;
    let bytes_out = optional_number(&mut fields, Unit::Microseconds, "bytes sent are no number")?;
    let latency_us = optional_number(&mut fields, Unit::Milliseconds, "duration is no number")?;
    fields.word().ok_or("upstream time is missing")?;
    let headers = Headers::read(&mut fields)?;
    // A TCP proxy writes one line per connection.
    if request == b"- - -" && status == 0 {
        return Ok(None);
    }
    let (cluster, downstream) = istio_fields(&mut fields).unwrap_or((b"", b""));
    let forwarded = first_forwarded(headers.forwarded_for);
    let client = if forwarded.is_empty() {
        without_port(or_empty(downstream))
    } else {
        forwarded
    };
    let request = request_line(request);
    Ok(Some(LogLine {
        ts_us,
        client: Cow::Borrowed(client),
        user_agent: Cow::Borrowed(or_empty(headers.user_agent)),
        method: Cow::Borrowed(request.method),
        target: Cow::Borrowed(request.target),
        host: text(or_empty(headers.authority)),
        service: text(service_of(or_empty(cluster))),
        status,
        latency_us,
        bytes_in,
        bytes_out,
        ..LogLine::default()
    }))
}

/// Skips what Istio writes between the flags and the bytes. None of it begins with a digit.
fn skip_details(fields: &mut Fields<'_>) {
    for _ in 0..DETAIL_FIELDS_MAX {
        let skipped = match fields.rest().first() {
            None | Some(b'0'..=b'9') => return,
            Some(b'"') => fields.quoted(),
            Some(_) => fields.word(),
        };
        if skipped.is_none() {
            return;
        }
    }
}

/// A number, or `-` for none. Bytes are read as the unit that is not converted.
fn optional_number(
    fields: &mut Fields<'_>,
    unit: Unit,
    reason: &'static str,
) -> Result<Option<u64>, &'static str> {
    match fields.word().ok_or(reason)? {
        b"-" => Ok(None),
        digits => {
            number(digits).ok_or(reason)?;
            Ok(Some(unit.as_us(digits).ok_or(reason)?))
        }
    }
}

struct Headers<'a> {
    forwarded_for: &'a [u8],
    user_agent: &'a [u8],
    authority: &'a [u8],
}

impl<'a> Headers<'a> {
    fn read(fields: &mut Fields<'a>) -> Result<Self, &'static str> {
        let mut next = |reason| fields.quoted().ok_or(reason);
        let forwarded_for = next("forwarded addresses are not in quotes or not closed")?;
        let user_agent = next("user agent is not in quotes or not closed")?;
        next("request id is not in quotes or not closed")?;
        let authority = next("authority is not in quotes or not closed")?;
        next("upstream host is not in quotes or not closed")?;
        Ok(Headers {
            forwarded_for,
            user_agent,
            authority,
        })
    }
}

/// Upstream cluster and downstream remote address.
fn istio_fields<'a>(fields: &mut Fields<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let cluster = fields.word()?;
    let _upstream_local = fields.word()?;
    let _downstream_local = fields.word()?;
    Some((cluster, fields.word()?))
}

/// `cart.shop.svc` of `outbound|80||cart.shop.svc`; a cluster of another shape as it is.
fn service_of(cluster: &[u8]) -> &[u8] {
    match memchr::memrchr(b'|', cluster) {
        Some(bar) if bar + 1 < cluster.len() => &cluster[bar + 1..],
        _ => cluster,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LINE: &str = r#"[2026-11-27T08:00:00.310Z] "POST /cart?x=1 HTTP/2" 204 - 160 7 230 90 "203.0.113.9, 198.51.100.1" "Mozilla/5.0" "5d0c7a11" "shop.example" "tcp://198.51.100.7:80""#;
    const ISTIO: &str = r#"[2026-11-27T08:00:00.310Z] "GET /cart HTTP/1.1" 200 - via_upstream - "-" 0 48 22 21 "-" "Mozilla/5.0" "5d0c7a11" "cart:8000" "198.51.100.7:80" outbound|80||cart.shop.svc 198.51.100.1:5 198.51.100.2:80 203.0.113.9:54635 - default"#;

    fn line(text: &str) -> Result<LogLine<'_>, &'static str> {
        Ok(parse(text.as_bytes(), &mut LineContext::default())?.unwrap())
    }

    #[test]
    fn the_default_format_is_read() {
        let found = line(LINE).unwrap();
        assert_eq!(found.ts_us, 1_795_766_400_310_000);
        assert_eq!((found.status, found.latency_us), (204, Some(230_000)));
        assert_eq!((found.bytes_in, found.bytes_out), (Some(160), Some(7)));
        assert_eq!(
            (&*found.client, &*found.host),
            (&b"203.0.113.9"[..], "shop.example")
        );
        assert_eq!((&*found.method, &*found.target), ("POST", "/cart?x=1"));
        assert_eq!(
            (&*found.user_agent, &*found.service),
            (&b"Mozilla/5.0"[..], "")
        );
    }

    #[test]
    fn the_longer_format_of_istio_is_read() {
        let older = ISTIO.replace(r#"via_upstream - "-""#, r#""-" "-""#);
        for text in [ISTIO, &older] {
            let found = line(text).unwrap();
            assert_eq!(
                (&*found.client, &*found.service),
                (&b"203.0.113.9"[..], "cart.shop.svc")
            );
            assert_eq!(
                (found.latency_us, found.bytes_out),
                (Some(22_000), Some(48))
            );
        }
    }

    #[test]
    fn a_request_without_an_answer_is_a_request_and_a_connection_is_none() {
        let text = ISTIO
            .replace(" 200 - ", " 0 DC ")
            .replace(" 48 22 21 ", " 0 22 - ");
        let found = line(&text).unwrap();
        assert_eq!((found.status, found.latency_us), (0, Some(22_000)));
        let text = text.replace("GET /cart HTTP/1.1", "- - -");
        assert_eq!(
            parse(text.as_bytes(), &mut LineContext::default()),
            Ok(None)
        );
        let text = LINE.replace("POST /cart?x=1 HTTP/2\" 204", "- - HTTP/1.1\" 400");
        let found = line(&text).unwrap();
        assert_eq!((&*found.method, &*found.target), ("-", "/{malformed}"));
    }

    #[test]
    fn a_bad_line_says_which_field_is_bad() {
        for (from, to, reason) in [
            (
                "[2026-11-27",
                "[27/Nov/2026",
                "start time is not `2026-11-27T08:00:00.310Z`",
            ),
            (
                " 204 ",
                " OK ",
                "response code is neither 0 nor from 100 to 999",
            ),
            (" 230 ", " 2.5 ", "duration is no number"),
            (" 7 ", " x ", "bytes sent are no number"),
            (
                "\"shop.example\"",
                "shop.example",
                "authority is not in quotes or not closed",
            ),
        ] {
            assert_eq!(line(&LINE.replace(from, to)).unwrap_err(), reason);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in any::<Vec<u8>>(), cut in 0..LINE.len(), byte in any::<u8>()) {
            let mut changed = LINE.as_bytes().to_vec();
            changed[cut] = byte;
            for line in [&bytes[..], &LINE.as_bytes()[..cut], &ISTIO.as_bytes()[..cut], &changed] {
                let _ = parse(line, &mut LineContext::default());
            }
        }
    }
}
