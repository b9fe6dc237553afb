//! The line that the values of a pasted format add up to.

use std::borrow::Cow;

use super::meaning::{Meaning, TimeText};
use crate::access_log::clock::Clock;
use crate::access_log::fields::{RequestLine, request_line};
use crate::access_log::line::LogLine;
use crate::access_log::unit::Unit;
use crate::access_log::value::{first_forwarded, or_empty, status_or_none, text, upstream_tries};

/// A line in the making.
#[derive(Debug, Default)]
pub struct Entry<'a> {
    line: LogLine<'a>,
    forwarded: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Adds one value.
    ///
    /// # Errors
    /// When it is not what its meaning demands.
    pub fn set(
        &mut self,
        meaning: Meaning,
        value: &'a [u8],
        clock: &mut Clock,
    ) -> Result<(), &'static str> {
        let line = &mut self.line;
        match meaning {
            Meaning::Skipped | Meaning::SkippedList => {}
            Meaning::Time(written) => {
                line.ts_us = time_us(written, value, clock)
                    .ok_or("the time is not written as the pasted format says")?;
            }
            Meaning::RequestLine => self.set_request(request_line(value)),
            Meaning::Target | Meaning::Path => line.target = target(value),
            Meaning::Query => {
                line.query = text(or_empty(value.strip_prefix(b"?").unwrap_or(value)));
            }
            Meaning::Method => line.method = method(value),
            Meaning::Status => {
                line.status =
                    status_or_none(value).ok_or("the status is not a number from 100 to 999")?;
            }
            Meaning::Duration(unit) => line.latency_us = duration(value, unit)?,
            Meaning::Client => line.client = Cow::Borrowed(or_empty(value)),
            Meaning::ForwardedFor => self.forwarded = first_forwarded(value),
            Meaning::UserAgent => line.user_agent = Cow::Borrowed(or_empty(value)),
            Meaning::Referrer => line.referrer = Cow::Borrowed(or_empty(value)),
            Meaning::Cookie => line.cookie = Cow::Borrowed(or_empty(value)),
            Meaning::Session => line.session = Cow::Borrowed(or_empty(value)),
            Meaning::Host => line.host = text(or_empty(value)),
            Meaning::Service => line.service = text(or_empty(value)),
            Meaning::BytesIn => line.bytes_in = bytes(value)?,
            Meaning::BytesOut => line.bytes_out = bytes(value)?.or(Some(0)),
            Meaning::UpstreamList => line.upstream_tries = upstream_tries(value),
            Meaning::RowKey => line.row_key = Cow::Borrowed(or_empty(value)),
        }
        Ok(())
    }

    /// The line; a client that proxies passed on stands before the other end of the connection,
    /// which is then a proxy.
    pub fn finish(mut self) -> LogLine<'a> {
        if !self.forwarded.is_empty() {
            self.line.client = Cow::Borrowed(self.forwarded);
        }
        self.line
    }

    fn set_request(&mut self, request: RequestLine<'a>) {
        self.line.method = Cow::Borrowed(request.method);
        self.line.target = Cow::Borrowed(request.target);
    }
}

fn time_us(written: TimeText, value: &[u8], clock: &mut Clock) -> Option<i64> {
    match written {
        TimeText::Clf => match value.get(20) {
            Some(b'.' | b',') => clf_with_fraction_us(value, clock),
            _ => clock.clf_us(value),
        },
        TimeText::ClfLocal => clock.clf_local_us(value),
        TimeText::Iso | TimeText::IsoSpaced => clock.iso_us(value),
        TimeText::Epoch(unit) => clock.epoch_us(value, unit),
    }
}

/// `27/Nov/2026:08:00:01.127 +0000`: the time without the fraction, then the fraction.
fn clf_with_fraction_us(value: &[u8], clock: &mut Clock) -> Option<i64> {
    let (whole, rest) = value.split_at_checked(20)?;
    let space = memchr::memchr(b' ', rest)?;
    let (fraction, zone) = rest.split_at(space);
    let mut without = [0; 26];
    without[..20].copy_from_slice(whole);
    without.get_mut(20..20 + zone.len())?.copy_from_slice(zone);
    let whole_us = clock.clf_us(without.get(..20 + zone.len())?)?;
    let digits = &fraction[1..];
    if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let fraction_us = (0..6).fold(0, |us, index| {
        us * 10 + digits.get(index).map_or(0, |digit| i64::from(digit - b'0'))
    });
    Some(whole_us + fraction_us)
}

/// A target; `/{malformed}` where the server could not read one.
fn target(value: &[u8]) -> Cow<'_, str> {
    if or_empty(value).is_empty() {
        return Cow::Borrowed(request_line(b"").target);
    }
    text(value)
}

fn method(value: &[u8]) -> Cow<'_, str> {
    let is_method = (1..=16).contains(&value.len())
        && value
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_'));
    if is_method {
        text(value)
    } else {
        Cow::Borrowed("-")
    }
}

fn duration(value: &[u8], unit: Unit) -> Result<Option<u64>, &'static str> {
    match value {
        b"" | b"-" | b"-1" => Ok(None),
        value => Ok(Some(
            unit.as_us(value).ok_or("the duration is not a number")?,
        )),
    }
}

fn bytes(value: &[u8]) -> Result<Option<u64>, &'static str> {
    match value {
        b"" | b"-" => Ok(None),
        value => {
            let bytes = Unit::Microseconds.as_us(value);
            Ok(Some(bytes.ok_or("the bytes are neither a number nor `-`")?))
        }
    }
}
