//! Logs in the extended format of the W3C: IIS, separated by spaces, and CloudFront, by tabs.
//!
//! `#Fields:` names the columns and may come again in the middle of a file. Both write date and time
//! in UTC, of the end of the request. The headers are told apart by the columns that only CloudFront has, or by tabs.
//! IIS may write the time alone: the date is then that of `#Date:`, see `w3c_date`.

use std::borrow::Cow;

use super::cell::{
    bytes, date_time_us, duration_us, method, percent_decoded, percent_decoded_twice,
    percent_signs, plus_decoded, target, text,
};
use super::columns::{self, NO_HEADER, Slots, TOO_MANY, columns_of, has_all, set_header};
use super::w3c_date::{DIRECTIVE, LineDate};
use crate::access_log::format::KnownFormat;
use crate::access_log::line::{HeaderRule, LineContext, LineResult, LogLine};
use crate::access_log::unit::Unit;
use crate::access_log::value::{or_empty, status_or_none};

/// CloudFront standard logs.
pub const CLOUDFRONT: KnownFormat = KnownFormat {
    name: "cloudfront",
    about: "Amazon CloudFront standard log (tabs, #Fields)",
    duration: "time-taken, s",
    time: "end",
    header: HeaderRule::LinesBeginning(FIELDS),
    parse: parse_cloudfront,
};

/// Logs of Internet Information Services.
pub const IIS: KnownFormat = KnownFormat {
    name: "iis",
    about: "IIS W3C extended log (spaces, #Fields)",
    duration: "time-taken, ms",
    time: "end",
    header: HeaderRule::LinesAndDate(FIELDS, DIRECTIVE),
    parse: parse_iis,
};

const FIELDS: &[u8] = b"#Fields:";
const WRONG_TIME: &str = "date and time are no time";
const WRONG_STATUS: &str = "sc-status is no status";
/// Why a `#Fields:` line is not put in force that is in force for another format.
pub const OTHER_SOFTWARE: &str = "the #Fields are those of another software";
const NO_DATE: &str = "#Fields has no date, and no #Date: stands before it (hint: put `#Date: 2026-11-27 00:00:00` with the day of the log above it)";
const WRONG_DURATION: &str = "time-taken is no duration";

// Slots of the wanted values.
const DATE: usize = 0;
const TIME: usize = 1;
const METHOD: usize = 2;
const STEM: usize = 3;
const QUERY: usize = 4;
const STATUS: usize = 5;
const TAKEN: usize = 6;
const CLIENT: usize = 7;
const USER_AGENT: usize = 8;
const REFERRER: usize = 9;
const COOKIE: usize = 10;
const BYTES_OUT: usize = 11;
const BYTES_IN: usize = 12;
const HOST: usize = 13;
const HOST_ASKED: usize = 14;
const SITE: usize = 15;
const COMPUTER: usize = 16;
const ROW_KEY: usize = 17;
const TIME_MS: usize = 18;
const PROTOCOL: usize = 19;
const SLOTS: usize = 20;

/// What a line must have.
const NEEDED: [usize; 4] = [TIME, METHOD, STEM, STATUS];

const WANTED: &[(&str, usize)] = &[
    ("date", DATE),
    ("time", TIME),
    ("cs-method", METHOD),
    ("cs-uri-stem", STEM),
    ("cs-uri-query", QUERY),
    ("sc-status", STATUS),
    ("time-taken", TAKEN),
    ("c-ip", CLIENT),
    ("cs(User-Agent)", USER_AGENT),
    ("cs(Referer)", REFERRER),
    ("cs(Cookie)", COOKIE),
    ("sc-bytes", BYTES_OUT),
    ("cs-bytes", BYTES_IN),
    ("x-host-header", HOST),
    ("cs-host", HOST),
    ("cs(Host)", HOST_ASKED),
    ("s-sitename", SITE),
    ("s-computername", COMPUTER),
    ("x-edge-request-id", ROW_KEY),
    ("timestamp(ms)", TIME_MS),
    ("cs-protocol", PROTOCOL),
];

/// The columns of a CloudFront log whose `#` lines were taken off; more may follow.
#[rustfmt::skip]
const STANDARD: [Option<usize>; 33] = [
    Some(DATE), Some(TIME), None, Some(BYTES_OUT), Some(CLIENT), Some(METHOD), Some(HOST_ASKED), Some(STEM), Some(STATUS),
    Some(REFERRER), Some(USER_AGENT), Some(QUERY), Some(COOKIE), None, Some(ROW_KEY), Some(HOST), Some(PROTOCOL),
    Some(BYTES_IN), Some(TAKEN), None, None, None, None, None, None, None, None, None, None, None, None, None, None,
];

/// The names of a `#Fields:` line; CloudFront has written spaces and tabs between them.
fn field_names(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let names = header.get(FIELDS.len()..).unwrap_or_default();
    names
        .split(|byte| matches!(byte, b' ' | b'\t'))
        .filter(|name| !name.is_empty())
}

/// Puts a `#Fields:` line in force. A header of the other software, or one without what a request
/// needs, ends the one that was in force.
fn take_header(line: &[u8], context: &mut LineContext, of_cloudfront: bool) -> LineResult<'static> {
    if context.header != line {
        let is_cloudfront =
            line.contains(&b'\t') || field_names(line).any(|name| name.starts_with(b"x-edge-"));
        let columns = columns_of(field_names(line), WANTED);
        set_header(context, b"", Vec::new());
        if is_cloudfront != of_cloudfront {
            return Err(OTHER_SOFTWARE);
        }
        if !has_all(&columns, &NEEDED) {
            return Err("#Fields lacks time, cs-method, cs-uri-stem or sc-status");
        }
        if !has_all(&columns, &[DATE]) && context.date.is_none() {
            return Err(NO_DATE);
        }
        set_header(context, line, columns);
    }
    // Where every line has its date, an older one is not to be believed any more.
    if has_all(&context.columns, &[DATE]) {
        context.date = None;
    }
    Ok(None)
}

/// The lines that put in force what is in force in `context`.
pub fn header_of(context: &LineContext) -> Vec<u8> {
    let date = context.date.as_ref().map(LineDate::directive);
    let date = date.unwrap_or_default().into_bytes();
    let mut lines = [date.as_slice(), &context.header];
    if has_all(&context.columns, &[DATE]) {
        lines.reverse();
    }
    let lines: Vec<_> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    lines.join(&b'\n')
}

fn parse_iis<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    if line.starts_with(b"#") {
        if line.starts_with(FIELDS) {
            return take_header(line, context, false);
        }
        if let Some(date) = LineDate::from_directive(line) {
            context.date = Some(date);
        }
        return Ok(None);
    }
    if context.columns.is_empty() {
        return Err(NO_HEADER);
    }
    let (slots, has_more) = columns::split::<SLOTS>(line, b' ', &context.columns)?;
    if has_more {
        return Err(TOO_MANY);
    }
    let request = request(&slots, context, Unit::Milliseconds)?;
    let [site, computer] = [SITE, COMPUTER].map(|slot| text(slots[slot]));
    Ok(Some(
        LogLine {
            user_agent: plus_decoded(slots[USER_AGENT]),
            cookie: plus_decoded(slots[COOKIE]),
            referrer: Cow::Borrowed(or_empty(slots[REFERRER])),
            service: Cow::Borrowed(if site.is_empty() { computer } else { site }),
            ..request
        }
        .ended(),
    ))
}

fn parse_cloudfront<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    if line.starts_with(b"#") {
        return if line.starts_with(FIELDS) {
            take_header(line, context, true)
        } else {
            Ok(None)
        };
    }
    let is_standard = context.columns.is_empty();
    let columns = if is_standard {
        &STANDARD[..]
    } else {
        &context.columns
    };
    let (slots, _) = columns::split::<SLOTS>(line, b'\t', columns)?;
    if is_standard
        && !matches!(
            slots[PROTOCOL],
            b"http" | b"https" | b"ws" | b"wss" | b"grpcs"
        )
    {
        return Err("no #Fields before it, and cs-protocol is not where it usually is");
    }
    let request = request(&slots, context, Unit::Seconds)?;
    Ok(Some(
        LogLine {
            target: percent_signs(target(slots[STEM])),
            query: percent_signs(text(slots[QUERY])),
            user_agent: percent_decoded_twice(slots[USER_AGENT]),
            cookie: percent_decoded_twice(slots[COOKIE]),
            referrer: percent_decoded(slots[REFERRER]),
            row_key: Cow::Borrowed(or_empty(slots[ROW_KEY])),
            ..request
        }
        .ended(),
    ))
}

/// What both write alike; its time is still the end of the request.
fn request<'a>(
    slots: &Slots<'a, SLOTS>,
    context: &mut LineContext,
    unit: Unit,
) -> Result<LogLine<'a>, &'static str> {
    let ts_us = match (slots[TIME_MS], slots[DATE]) {
        (b"" | b"-", b"") => date_and_time_us(slots[TIME], context),
        (b"" | b"-", date) => date_time_us(date, slots[TIME], &mut context.clock),
        (time_ms, _) => context.clock.epoch_us(time_ms, Unit::Milliseconds),
    };
    let [host, host_asked] = [HOST, HOST_ASKED].map(|slot| text(slots[slot]));
    Ok(LogLine {
        ts_us: ts_us.ok_or(WRONG_TIME)?,
        client: Cow::Borrowed(or_empty(slots[CLIENT])),
        method: Cow::Borrowed(method(slots[METHOD])),
        target: Cow::Borrowed(target(slots[STEM])),
        query: Cow::Borrowed(text(slots[QUERY])),
        host: Cow::Borrowed(if host.is_empty() { host_asked } else { host }),
        status: status_or_none(slots[STATUS]).ok_or(WRONG_STATUS)?,
        latency_us: duration_us(slots[TAKEN], unit).map_err(|()| WRONG_DURATION)?,
        bytes_in: bytes(slots[BYTES_IN]),
        bytes_out: bytes(slots[BYTES_OUT]),
        ..LogLine::default()
    })
}

/// The time of a line that has no date.
fn date_and_time_us(time: &[u8], context: &mut LineContext) -> Option<i64> {
    let date = context.date.as_mut()?.date_at(time)?;
    date_time_us(date.as_bytes(), time, &mut context.clock)
}
