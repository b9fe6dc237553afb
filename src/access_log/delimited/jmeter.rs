//! Results of JMeter as CSV (`jmeter -l results.jtl`).
//!
//! A line is a sample: `elapsed` in ms, `timeStamp` its start in ms since 1970 or as the properties of
//! JMeter say. Transaction controllers write a sample over their samples, which is no request: it
//! would count them twice. A failed assertion is no status and is not seen here.

use std::borrow::Cow;

use super::cell::{any_time_us, bytes, cow_text, duration_us, is_target, target_of_label};
use super::columns::{CsvSlots, NO_HEADER, columns_of, has_all, set_header, split_csv};
use super::csv_line::CsvLine;
use crate::access_log::clock::Clock;
use crate::access_log::fields;
use crate::access_log::format::KnownFormat;
use crate::access_log::line::{HeaderRule, LineContext, LineResult, LogLine};
use crate::access_log::unit::Unit;

/// Results of JMeter.
pub const JMETER_CSV: KnownFormat = KnownFormat {
    name: "jmeter-csv",
    about: "JMeter results (JTL as CSV, with its header)",
    duration: "elapsed, ms",
    time: "start",
    header: HeaderRule::LinesBeginning(HEADER),
    parse,
};

const HEADER: &[u8] = b"timeStamp,";
/// What a transaction controller says in place of a reason phrase.
const TRANSACTION: &[u8] = b"Number of samples in transaction";

const TIME: usize = 0;
const ELAPSED: usize = 1;
const LABEL: usize = 2;
const CODE: usize = 3;
const MESSAGE: usize = 4;
const DATA_TYPE: usize = 5;
const BYTES: usize = 6;
const SENT_BYTES: usize = 7;
const URL: usize = 8;
const SLOTS: usize = 9;

const WANTED: &[(&str, usize)] = &[
    ("timeStamp", TIME),
    ("elapsed", ELAPSED),
    ("label", LABEL),
    ("responseCode", CODE),
    ("responseMessage", MESSAGE),
    ("dataType", DATA_TYPE),
    ("bytes", BYTES),
    ("sentBytes", SENT_BYTES),
    ("URL", URL),
];

fn parse<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    if line.starts_with(HEADER) {
        return take_header(line, context);
    }
    if context.columns.is_empty() {
        return Err(NO_HEADER);
    }
    let slots = split_csv(line, b',', &context.columns)?;
    let request = request(&slots, &mut context.clock)?;
    if is_transaction(&slots, &context.columns) {
        return Ok(None);
    }
    let [_, _, label, _, _, _, _, _, url] = slots;
    Ok(Some(LogLine {
        target: target_of(url, label)?,
        ..request
    }))
}

fn take_header(line: &[u8], context: &mut LineContext) -> LineResult<'static> {
    let names = CsvLine::new(line, b',').flatten().collect::<Vec<_>>();
    let columns = columns_of(names.iter().map(|name| &**name), WANTED);
    set_header(context, b"", Vec::new());
    if !has_all(&columns, &[ELAPSED, CODE]) {
        return Err("the header lacks elapsed or responseCode");
    }
    if !has_all(&columns, &[LABEL]) && !has_all(&columns, &[URL]) {
        return Err("the header lacks label and URL");
    }
    set_header(context, line, columns);
    Ok(None)
}

/// Everything but the target; nothing that borrows from the cells.
fn request(
    slots: &CsvSlots<'_, SLOTS>,
    clock: &mut Clock,
) -> Result<LogLine<'static>, &'static str> {
    let latency_us = duration_us(&slots[ELAPSED], Unit::Milliseconds);
    Ok(LogLine {
        ts_us: any_time_us(&slots[TIME], clock).ok_or("timeStamp is no time")?,
        status: status(&slots[CODE]).ok_or("responseCode is no status")?,
        latency_us: latency_us.map_err(|()| "elapsed is no number of ms")?,
        bytes_in: bytes(&slots[SENT_BYTES]),
        bytes_out: bytes(&slots[BYTES]),
        ..LogLine::default()
    })
}

/// A text (`Non HTTP response code: …`) or nothing is no answer; a number must be a status.
fn status(code: &[u8]) -> Option<u16> {
    let is_number = !code.is_empty() && code.iter().all(u8::is_ascii_digit);
    match code {
        b"0" | b"000" => Some(0),
        _ if is_number => fields::status(code),
        _ => Some(0),
    }
}

fn is_empty(cell: &[u8]) -> bool {
    matches!(cell, b"" | b"null")
}

/// Whether a line is the sum over other lines.
fn is_transaction(slots: &CsvSlots<'_, SLOTS>, columns: &[Option<usize>]) -> bool {
    let is_nowhere =
        has_all(columns, &[URL, DATA_TYPE]) && is_empty(&slots[URL]) && is_empty(&slots[DATA_TYPE]);
    is_nowhere || slots[MESSAGE].starts_with(TRANSACTION)
}

/// The URL, else a path made of the label.
fn target_of<'a>(url: Cow<'a, [u8]>, label: Cow<'a, [u8]>) -> Result<Cow<'a, str>, &'static str> {
    if !is_empty(&url) {
        let url = cow_text(url);
        return if is_target(&url) {
            Ok(url)
        } else {
            Err("URL is none")
        };
    }
    if label.is_empty() {
        return Err("URL and label are empty");
    }
    let label = cow_text(label);
    Ok(if label.starts_with('/') {
        label
    } else {
        Cow::Owned(target_of_label(&label))
    })
}
