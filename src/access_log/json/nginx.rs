//! JSON that an operator laid out: nginx with a JSON `log_format`, or an application.
//!
//! Members are known by the names that are usual for them. A duration counts only if its name says
//! its unit, as nginx's own names do.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::nginx_repair::repaired;
use super::request::{client_address, part, set_request, upstream_tries};
use super::synonyms::JsonSynonyms;
use super::time::{time_us, unit_text_us};
use super::value::JsonValue;
use crate::access_log::fields::request_line;
use crate::access_log::format::KnownFormat;
use crate::access_log::line::{HeaderRule, LineContext, LineResult, LogLine};
use crate::access_log::unit::Unit;

/// The entry of JSON access logs in general.
pub const JSON: KnownFormat = KnownFormat {
    name: "nginx-json",
    about: "JSON access log of nginx or of an application, known by the names of its members",
    duration: "request_time, s; or a name that says its unit (duration_ms, latency_us); else none",
    time: "end, or start if its name says so (start_time, start_unix_ns)",
    header: HeaderRule::None,
    parse,
};

/// The names of each member; an earlier name counts, if it says something.
const NAMES: [&[&str]; 23] = [
    &[
        "start_time",
        "started_at",
        "start_unix_ns",
        "start_unix_us",
        "start_unix_ms",
        "start_unix_s",
        "start_unix",
    ],
    // The finest first; `@timestamp` may be of a log shipper.
    &[
        "msec",
        "time_iso8601",
        "time_local",
        "time",
        "timestamp",
        "ts",
        "date",
        "@timestamp",
    ],
    &["status", "status_code"],
    &["request_method", "method", "verb"],
    &["request_uri"],
    &["request"],
    // After `request`: nginx's `$uri` is what rewriting made of it.
    &["uri", "path", "url"],
    &["args", "query_string", "query"],
    &[
        "request_time",
        "response_time",
        "reqtime",
        "duration_s",
        "latency_s",
        "elapsed_s",
        "duration_seconds",
    ],
    &[
        "request_time_ms",
        "response_time_ms",
        "duration_ms",
        "latency_ms",
        "elapsed_ms",
        "took_ms",
    ],
    &[
        "request_time_us",
        "response_time_us",
        "duration_us",
        "latency_us",
        "elapsed_us",
        "took_us",
    ],
    &[
        "request_time_ns",
        "response_time_ns",
        "duration_ns",
        "latency_ns",
        "elapsed_ns",
        "took_ns",
    ],
    &["duration", "latency", "elapsed", "took"],
    &["upstream_response_time", "upstream_status", "upstream_addr"],
    &["request_length"],
    &["body_bytes_sent", "bytes_sent", "body_bytes", "size"],
    &["remote_addr", "client_ip", "ip"],
    &["http_user_agent", "user_agent", "ua", "agent"],
    &["http_referer", "http_referrer", "referer", "referrer"],
    &["host", "http_host", "server_name"],
    &["http_cookie", "cookie"],
    &["session", "session_id"],
    &["service"],
];
const MEMBER_COUNT: usize = NAMES.len();

static MEMBERS: LazyLock<JsonSynonyms<MEMBER_COUNT>> = LazyLock::new(|| JsonSynonyms::new(&NAMES));

fn parse<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    match MEMBERS.pick(line) {
        Ok(values) => read(values, context),
        Err(reason) => match repaired(line) {
            Some(repaired) => {
                let values = MEMBERS.pick(&repaired).map_err(|_| reason)?;
                Ok(read(values, context)?.map(LogLine::into_owned))
            }
            None => Err(reason),
        },
    }
}

fn read<'a>(values: [JsonValue<'a>; MEMBER_COUNT], context: &mut LineContext) -> LineResult<'a> {
    let [
        start,
        end,
        status,
        method,
        request_uri,
        request,
        uri,
        mut query,
        seconds,
        milliseconds,
        microseconds,
        nanoseconds,
        without_unit,
        upstream,
        request_length,
        body_bytes,
        mut client,
        mut user_agent,
        mut referrer,
        mut host,
        mut cookie,
        mut session,
        mut service,
    ] = values;
    let (time, is_end) = if start.is_blank() {
        (end, true)
    } else {
        (start, false)
    };
    if time == JsonValue::Absent {
        return Err("no member that is known as the time");
    }
    let durations = [
        (seconds, Some(Unit::Seconds)),
        (milliseconds, Some(Unit::Milliseconds)),
        (microseconds, Some(Unit::Microseconds)),
        (nanoseconds, Some(Unit::Nanoseconds)),
        (without_unit, None),
    ];
    let mut parsed = LogLine {
        ts_us: time_us(&time, &mut context.clock).ok_or("the time is none")?,
        client: JsonValue::Text(part(client.take_text(), client_address)).take_bytes(),
        user_agent: user_agent.take_bytes(),
        referrer: referrer.take_bytes(),
        cookie: cookie.take_bytes(),
        session: session.take_bytes(),
        host: host.take_text(),
        service: service.take_text(),
        status: status_of(&status)?,
        latency_us: latency_us(&durations)?,
        bytes_in: request_length.as_u64(),
        bytes_out: body_bytes.as_u64(),
        upstream_tries: tries_of(&upstream),
        ..LogLine::default()
    };
    set_method_and_target(&mut parsed, method, [request_uri, request, uri])?;
    if !parsed.target.contains('?') {
        parsed.query = query.take_text();
    }
    Ok(Some(if is_end { parsed.ended() } else { parsed }))
}

fn status_of(value: &JsonValue<'_>) -> Result<u16, &'static str> {
    match value {
        JsonValue::Absent => Err("no member that is known as the status"),
        value => value.as_status().ok_or("the status is none"),
    }
}

/// How many servers an upstream list tells of; a number is a list of one.
fn tries_of(value: &JsonValue<'_>) -> Option<u32> {
    match value {
        JsonValue::Text(list) => upstream_tries(list),
        JsonValue::Unsigned(_) | JsonValue::Float(_) => Some(1),
        JsonValue::Absent
        | JsonValue::Null
        | JsonValue::Bool(_)
        | JsonValue::Signed(_)
        | JsonValue::Nested => None,
    }
}

/// The first duration that says something; one without a unit does not count.
fn latency_us(durations: &[(JsonValue<'_>, Option<Unit>)]) -> Result<Option<u64>, &'static str> {
    let Some((value, unit)) = durations.iter().find(|(value, _)| !value.is_blank()) else {
        return Ok(None);
    };
    match (value, unit) {
        (JsonValue::Text(text), None) => Ok(unit_text_us(text)),
        (_, None) | (JsonValue::Signed(-1), _) => Ok(None),
        (JsonValue::Text(text), Some(unit)) => {
            let us = unit.as_us(text.as_bytes()).or_else(|| unit_text_us(text));
            Ok(Some(us.ok_or("the duration is none")?))
        }
        (value, Some(unit)) => Ok(Some(value.as_us(*unit).ok_or("the duration is none")?)),
    }
}

/// Sets method and target from members of their own, or from a whole request line in `request`.
fn set_method_and_target<'a>(
    line: &mut LogLine<'a>,
    mut method: JsonValue<'a>,
    [mut request_uri, mut request, mut uri]: [JsonValue<'a>; 3],
) -> Result<(), &'static str> {
    if [&request_uri, &request, &uri]
        .into_iter()
        .all(|value| *value == JsonValue::Absent)
        || request == JsonValue::Nested
    {
        return Err("no member that is known as the request target");
    }
    let (line_method, line_target) = match request.take_text() {
        Cow::Borrowed(text) => {
            let request = request_line(text.as_bytes());
            (Cow::Borrowed(request.method), Cow::Borrowed(request.target))
        }
        Cow::Owned(text) => {
            let request = request_line(text.as_bytes());
            (
                Cow::Owned(request.method.to_owned()),
                Cow::Owned(request.target.to_owned()),
            )
        }
    };
    let own_method = method.take_text();
    let is_whole = line_method != "-";
    let target = match request_uri.take_text() {
        text if !text.is_empty() => text,
        _ if is_whole => line_target,
        _ => uri.take_text(),
    };
    set_request(
        line,
        if own_method.is_empty() {
            line_method
        } else {
            own_method
        },
        target,
    );
    Ok(())
}

#[cfg(test)]
mod tests;
