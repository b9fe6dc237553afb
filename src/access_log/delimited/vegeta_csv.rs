//! Results of vegeta as CSV (`vegeta encode --to csv`).
//!
//! No header: time in ns, status, duration in ns, bytes sent, bytes received, error, body, attack,
//! number, method, URL, headers. The time is the start of the request.

use std::borrow::Cow;

use super::cell::{bytes, cow_text, is_target, method};
use super::columns::split_csv;
use crate::access_log::fields;
use crate::access_log::format::KnownFormat;
use crate::access_log::line::{HeaderRule, LineContext, LineResult, LogLine};
use crate::access_log::unit::{Unit, number};

/// Results of vegeta.
pub const VEGETA_CSV: KnownFormat = KnownFormat {
    name: "vegeta-csv",
    about: "vegeta results (vegeta encode --to csv)",
    duration: "latency, ns",
    time: "start",
    header: HeaderRule::None,
    parse,
};

const TIME: usize = 0;
const STATUS: usize = 1;
const LATENCY: usize = 2;
const SENT: usize = 3;
const RECEIVED: usize = 4;
const NUMBER: usize = 5;
const METHOD: usize = 6;
const URL: usize = 7;
const SLOTS: usize = 8;

#[rustfmt::skip]
const COLUMNS: [Option<usize>; 12] = [
    Some(TIME), Some(STATUS), Some(LATENCY), Some(SENT), Some(RECEIVED), None, None, None, Some(NUMBER), Some(METHOD),
    Some(URL), None,
];
/// A time in ns has 18 digits or more since 1973.
const TIME_DIGITS_MIN: usize = 18;

fn parse<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    if !line.first().is_some_and(u8::is_ascii_digit) {
        return Err("timestamp is no number of ns");
    }
    let slots = split_csv::<SLOTS>(line, b',', &COLUMNS)
        .map_err(|_| "not the 12 fields of a vegeta result")?;
    let ts_us = context.clock.epoch_us(&slots[TIME], Unit::Nanoseconds);
    let ts_us = ts_us.filter(|_| slots[TIME].len() >= TIME_DIGITS_MIN);
    let [sent, received] = [SENT, RECEIVED].map(|slot| bytes(&slots[slot]));
    let status = match &*slots[STATUS] {
        b"0" => Some(0),
        code => fields::status(code),
    };
    number(&slots[NUMBER]).ok_or("seq is no number")?;
    let latency_us = Unit::Nanoseconds.as_us(&slots[LATENCY]);
    let method = Cow::Owned(method(&slots[METHOD]).to_owned());
    let [_, _, _, _, _, _, _, url] = slots;
    let target = cow_text(url);
    Ok(Some(LogLine {
        ts_us: ts_us.ok_or("timestamp is no number of ns")?,
        method,
        target: Some(target)
            .filter(|url| is_target(url))
            .ok_or("url is none")?,
        status: status.ok_or("code is no status")?,
        latency_us: Some(latency_us.ok_or("latency is no number of ns")?),
        bytes_in: Some(sent.ok_or("bytes_out is no number")?),
        bytes_out: Some(received.ok_or("bytes_in is no number")?),
        ..LogLine::default()
    }))
}
