//! Results of k6 as CSV (`k6 run --out csv=…`).
//!
//! Every line is a sample of a metric; those of `http_req_duration`, in ms, are the requests. The time
//! is the end of the request: seconds, or what `K6_CSV_TIME_FORMAT` said, told by its size.

use std::borrow::Cow;

use super::cell::{any_time_us, cow_text, duration_us, is_target, method, target_of_label};
use super::columns::{CsvSlots, NO_HEADER, columns_of, has_all, set_header, split_csv};
use super::csv_line::CsvLine;
use crate::access_log::clock::Clock;
use crate::access_log::format::KnownFormat;
use crate::access_log::line::{HeaderRule, LineContext, LineResult, LogLine};
use crate::access_log::unit::Unit;
use crate::access_log::value::status_or_none;

/// Results of k6.
pub const K6_CSV: KnownFormat = KnownFormat {
    name: "k6-csv",
    about: "k6 results (k6 run --out csv)",
    duration: "http_req_duration, ms",
    time: "end",
    header: HeaderRule::LinesBeginning(HEADER),
    parse,
};

const HEADER: &[u8] = b"metric_name,";
const REQUEST_METRIC: &[u8] = b"http_req_duration";

const METRIC: usize = 0;
const TIME: usize = 1;
const VALUE: usize = 2;
const METHOD: usize = 3;
const STATUS: usize = 4;
const URL: usize = 5;
const NAME: usize = 6;
const SLOTS: usize = 7;

const WANTED: &[(&str, usize)] = &[
    ("metric_name", METRIC),
    ("timestamp", TIME),
    ("metric_value", VALUE),
    ("method", METHOD),
    ("status", STATUS),
    ("url", URL),
    ("name", NAME),
];

fn parse<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    if line.starts_with(HEADER) {
        return take_header(line, context);
    }
    if context.columns.is_empty() {
        return Err(NO_HEADER);
    }
    let slots = split_csv(line, b',', &context.columns)?;
    if *slots[METRIC] == *REQUEST_METRIC {
        return request(slots, &mut context.clock).map(Some);
    }
    // Another metric has a time and a value, too.
    any_time_us(&slots[TIME], &mut context.clock).ok_or("timestamp is no time")?;
    Ok(None)
}

fn take_header(line: &[u8], context: &mut LineContext) -> LineResult<'static> {
    let names = CsvLine::new(line, b',').flatten().collect::<Vec<_>>();
    let columns = columns_of(names.iter().map(|name| &**name), WANTED);
    set_header(context, b"", Vec::new());
    let has_target = has_all(&columns, &[URL]) || has_all(&columns, &[NAME]);
    if !has_all(&columns, &[METRIC, TIME, VALUE, STATUS]) || !has_target {
        return Err("the header lacks timestamp, metric_value, status or url");
    }
    set_header(context, line, columns);
    Ok(None)
}

fn request<'a>(slots: CsvSlots<'a, SLOTS>, clock: &mut Clock) -> Result<LogLine<'a>, &'static str> {
    let [_, time, value, method_cell, status_cell, url, name] = slots;
    let latency_us = duration_us(&value, Unit::Milliseconds).ok().flatten();
    let line = LogLine {
        ts_us: any_time_us(&time, clock).ok_or("timestamp is no time")?,
        method: method_of(method_cell),
        target: target_of(url, name)?,
        status: status_or_none(&status_cell).ok_or("status is no status")?,
        latency_us: Some(latency_us.ok_or("metric_value is no number of ms")?),
        ..LogLine::default()
    };
    Ok(line.ended())
}

fn method_of(cell: Cow<'_, [u8]>) -> Cow<'_, str> {
    match cell {
        Cow::Borrowed(cell) => Cow::Borrowed(method(cell)),
        Cow::Owned(cell) => Cow::Owned(method(&cell).to_owned()),
    }
}

/// The URL, else what the script calls the request: by default its URL, too.
fn target_of<'a>(url: Cow<'a, [u8]>, name: Cow<'a, [u8]>) -> Result<Cow<'a, str>, &'static str> {
    let called = [url, name]
        .map(cow_text)
        .into_iter()
        .find(|text| !text.is_empty());
    let called = called.ok_or("url and name are empty")?;
    Ok(if is_target(&called) {
        called
    } else {
        Cow::Owned(target_of_label(&called))
    })
}
