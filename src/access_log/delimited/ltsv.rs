//! Labelled tab-separated values (<http://ltsv.org>): `label:value` between tabs, in any order.
//!
//! The labels of ltsv.org, and those that nginx and Apache users took from their variables' names.
//! The time is that of writing, the end of the request. The latency is `reqtime`, else the time of
//! the application, `apptime`. The client is `forwardedfor`, if a proxy said it, else `host`.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::cell::{any_time_us, bytes, duration_us, method, target, text};
use crate::access_log::clock::Clock;
use crate::access_log::fields::request_line;
use crate::access_log::format::KnownFormat;
use crate::access_log::line::{HeaderRule, LineContext, LineResult, LogLine};
use crate::access_log::unit::Unit;
use crate::access_log::value::{first_forwarded, or_empty, status_or_none, upstream_tries};

/// LTSV access logs.
pub const LTSV: KnownFormat = KnownFormat {
    name: "ltsv",
    about: "labelled tab-separated values (time:… status:…)",
    duration: "reqtime or apptime, s; reqtime_microsec, µs",
    time: "end",
    header: HeaderRule::None,
    parse,
};

/// The wanted values of a line; `None` where it has no such label.
#[derive(Default)]
struct Values<'a> {
    time: Option<&'a [u8]>,
    host: Option<&'a [u8]>,
    remote_addr: Option<&'a [u8]>,
    forwarded_for: Option<&'a [u8]>,
    request: Option<&'a [u8]>,
    method: Option<&'a [u8]>,
    uri: Option<&'a [u8]>,
    query: Option<&'a [u8]>,
    status: Option<&'a [u8]>,
    size: Option<&'a [u8]>,
    request_size: Option<&'a [u8]>,
    request_time: Option<&'a [u8]>,
    request_time_us: Option<&'a [u8]>,
    application_time: Option<&'a [u8]>,
    referrer: Option<&'a [u8]>,
    user_agent: Option<&'a [u8]>,
    virtual_host: Option<&'a [u8]>,
    cookie: Option<&'a [u8]>,
    session: Option<&'a [u8]>,
}

impl<'a> Values<'a> {
    fn of(line: &'a [u8]) -> Result<Self, &'static str> {
        let mut values = Self::default();
        let mut rest = line;
        while !rest.is_empty() {
            let Some(colon) = memchr2(b':', b'\t', rest) else {
                return Err("a field without a label");
            };
            if rest[colon] == b'\t' {
                // Nothing between two tabs.
                if colon > 0 {
                    return Err("a field without a label");
                }
                rest = &rest[1..];
                continue;
            }
            let (label, after) = (&rest[..colon], &rest[colon + 1..]);
            let end = memchr(b'\t', after).unwrap_or(after.len());
            if let Some(value) = values.labelled(label) {
                // The first of two with one meaning counts.
                value.get_or_insert(&after[..end]);
            }
            rest = after.get(end + 1..).unwrap_or_default();
        }
        Ok(values)
    }

    fn labelled(&mut self, label: &[u8]) -> Option<&mut Option<&'a [u8]>> {
        Some(match label {
            b"time" | b"time_local" | b"time_iso8601" | b"timestamp" | b"msec" => &mut self.time,
            b"host" => &mut self.host,
            b"remote_addr" | b"remote_host" | b"addr" | b"client" => &mut self.remote_addr,
            b"forwardedfor" | b"xff" | b"x_forwarded_for" | b"http_x_forwarded_for" => {
                &mut self.forwarded_for
            }
            b"req" | b"request" => &mut self.request,
            b"method" | b"request_method" => &mut self.method,
            b"uri" | b"path" | b"url" | b"request_uri" => &mut self.uri,
            b"query" | b"query_string" | b"args" => &mut self.query,
            b"status" => &mut self.status,
            b"size" | b"body_bytes_sent" | b"bytes_sent" => &mut self.size,
            b"reqsize" | b"request_length" => &mut self.request_size,
            b"reqtime" | b"request_time" | b"taken" | b"taken_sec" => &mut self.request_time,
            b"reqtime_microsec" | b"reqtime_usec" | b"taken_us" => &mut self.request_time_us,
            b"apptime" | b"upstream_response_time" => &mut self.application_time,
            b"referer" | b"referrer" | b"http_referer" => &mut self.referrer,
            b"ua" | b"user_agent" | b"http_user_agent" => &mut self.user_agent,
            b"vhost" | b"server_name" | b"http_host" => &mut self.virtual_host,
            b"cookie" | b"http_cookie" => &mut self.cookie,
            b"session" | b"session_id" => &mut self.session,
            _ => return None,
        })
    }

    /// Method and target, of the request line or of labels of their own.
    fn asked(&self) -> Result<(&'a str, &'a str), &'static str> {
        match (self.uri, self.request) {
            (Some(uri), _) => Ok((self.method.map_or("-", method), target(uri))),
            (None, Some(request)) => {
                let line = request_line(request);
                Ok((line.method, line.target))
            }
            (None, None) => Err("neither req nor uri"),
        }
    }

    /// The client and the host. `host` is the client, but where `remote_addr` is there, too.
    fn ends(&self) -> (&'a [u8], &'a str) {
        let host = self
            .virtual_host
            .or(self.host.filter(|_| self.remote_addr.is_some()));
        let forwarded = self
            .forwarded_for
            .map(first_forwarded)
            .filter(|first| !first.is_empty());
        let client = forwarded.or(self.remote_addr).or(self.host);
        (
            or_empty(client.unwrap_or_default()),
            text(host.unwrap_or_default()),
        )
    }

    /// The latency, and how many servers the application time names.
    fn latency(&self) -> Result<(Option<u64>, Option<u32>), &'static str> {
        let upstream = self.application_time.unwrap_or_default();
        let upstream_us = upstream_us(upstream).map_err(|()| "apptime is no duration")?;
        let request_us = duration_us(self.request_time.unwrap_or_default(), Unit::Seconds);
        let exact_us = duration_us(self.request_time_us.unwrap_or_default(), Unit::Microseconds);
        let request_us = request_us.map_err(|()| "reqtime is no duration")?;
        let exact_us = exact_us.map_err(|()| "reqtime_microsec is no duration")?;
        Ok((
            request_us.or(exact_us).or(upstream_us),
            upstream_tries(upstream),
        ))
    }

    fn ended_us(&self, clock: &mut Clock) -> Result<i64, &'static str> {
        let time = self.time.ok_or("no time")?;
        any_time_us(time, clock).ok_or("time is no time")
    }
}

fn parse<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let values = Values::of(line)?;
    let (method, target) = values.asked()?;
    let (client, host) = values.ends();
    let (latency_us, upstream_tries) = values.latency()?;
    let bytes_of = |value: Option<&[u8]>| value.and_then(bytes);
    let borrowed = |value: Option<&'a [u8]>| Cow::Borrowed(or_empty(value.unwrap_or_default()));
    let request = LogLine {
        ts_us: values.ended_us(&mut context.clock)?,
        client: Cow::Borrowed(client),
        user_agent: borrowed(values.user_agent),
        referrer: borrowed(values.referrer),
        cookie: borrowed(values.cookie),
        session: borrowed(values.session),
        method: Cow::Borrowed(method),
        target: Cow::Borrowed(target),
        query: Cow::Borrowed(text(values.query.unwrap_or_default())),
        host: Cow::Borrowed(host),
        status: status_or_none(values.status.ok_or("no status")?).ok_or("status is no status")?,
        latency_us,
        bytes_in: bytes_of(values.request_size),
        bytes_out: bytes_of(values.size),
        upstream_tries,
        ..LogLine::default()
    };
    Ok(Some(request.ended()))
}

/// The sum of `0.004, 0.012` or `0.1 : 0.2` in µs; `Ok(None)` for `-` alone.
fn upstream_us(list: &[u8]) -> Result<Option<u64>, ()> {
    let mut sum_us = None;
    for entry in list.split(|byte| matches!(byte, b',' | b':')) {
        if let Some(us) = duration_us(entry.trim_ascii(), Unit::Seconds)? {
            sum_us = Some(sum_us.unwrap_or(0_u64).saturating_add(us));
        }
    }
    Ok(sum_us)
}
