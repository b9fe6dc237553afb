//! Results of load testers as JSON lines: k6, vegeta and Goose.

use std::sync::LazyLock;

use super::pick::JsonPaths;
use super::request::set_request;
use super::time::time_us;
use super::value::JsonValue;
use crate::access_log::format::KnownFormat;
use crate::access_log::line::{HeaderRule, LineContext, LineResult, LogLine};
use crate::access_log::unit::Unit;

/// The entry of k6.
pub const K6: KnownFormat = KnownFormat {
    name: "k6-json",
    about: "k6: --out json",
    duration: "data.value of http_req_duration, ms",
    time: "end",
    header: HeaderRule::None,
    parse: parse_k6,
};

/// The entry of vegeta.
pub const VEGETA: KnownFormat = KnownFormat {
    name: "vegeta-json",
    about: "vegeta: encode --to json",
    duration: "latency, ns",
    time: "start",
    header: HeaderRule::None,
    parse: parse_vegeta,
};

/// The entry of Goose, which exists to say why its log cannot be read as it is.
pub const GOOSE: KnownFormat = KnownFormat {
    name: "goose-json",
    about: "Goose: request log as JSON (needs a mapping file with the start)",
    duration: "response_time, ms",
    time: "start",
    header: HeaderRule::None,
    parse: parse_goose,
};

static K6_PATHS: LazyLock<JsonPaths> = LazyLock::new(|| {
    JsonPaths::new(&[
        "type",
        "metric",
        "data.time",
        "data.value",
        "data.tags.method",
        "data.tags.url",
        "data.tags.name",
        "data.tags.status",
    ])
});

fn parse_k6<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let [
        kind,
        metric,
        time,
        value,
        mut method,
        mut url,
        mut name,
        status,
    ] = K6_PATHS.pick_array(line)?;
    let (JsonValue::Text(kind), JsonValue::Text(metric)) = (kind, metric) else {
        return Err("no type or no metric, so no line of k6");
    };
    match &*kind {
        "Point" if metric == "http_req_duration" => {}
        "Point" | "Metric" => return Ok(None),
        _ => return Err("type is neither Point nor Metric"),
    }
    let url = if url.is_blank() {
        name.take_text()
    } else {
        url.take_text()
    };
    let mut parsed = LogLine {
        ts_us: time_us(&time, &mut context.clock).ok_or("data.time is no time")?,
        status: status.as_status().ok_or("data.tags.status is no status")?,
        latency_us: Some(
            value
                .as_us(Unit::Milliseconds)
                .ok_or("data.value is no duration")?,
        ),
        ..LogLine::default()
    };
    set_request(&mut parsed, method.take_text(), url);
    Ok(Some(parsed.ended()))
}

static VEGETA_PATHS: LazyLock<JsonPaths> = LazyLock::new(|| {
    JsonPaths::new(&[
        "attack",
        "code",
        "timestamp",
        "latency",
        "bytes_out",
        "bytes_in",
        "method",
        "url",
    ])
});

fn parse_vegeta<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let [
        attack,
        code,
        timestamp,
        latency,
        bytes_sent,
        bytes_received,
        mut method,
        mut url,
    ] = VEGETA_PATHS.pick_array(line)?;
    if attack == JsonValue::Absent {
        return Err("no attack, so no line of vegeta");
    }
    let mut parsed = LogLine {
        ts_us: time_us(&timestamp, &mut context.clock).ok_or("timestamp is no time")?,
        status: code.as_status().ok_or("code is no status")?,
        latency_us: Some(
            latency
                .as_us(Unit::Nanoseconds)
                .ok_or("latency is no number")?,
        ),
        // vegeta counts from its own side: what it sent is what the server received.
        bytes_in: bytes_sent.as_u64(),
        bytes_out: bytes_received.as_u64(),
        ..LogLine::default()
    };
    set_request(&mut parsed, method.take_text(), url.take_text());
    Ok(Some(parsed))
}

static GOOSE_PATHS: LazyLock<JsonPaths> =
    LazyLock::new(|| JsonPaths::new(&["elapsed", "coordinated_omission_elapsed", "raw"]));

fn parse_goose<'a>(line: &'a [u8], _context: &mut LineContext) -> LineResult<'a> {
    let [elapsed, coordinated_omission_elapsed, raw] = GOOSE_PATHS.pick_array(line)?;
    let members = [&elapsed, &coordinated_omission_elapsed, &raw];
    if members.into_iter().any(|value| *value == JsonValue::Absent) {
        return Err("no elapsed, coordinated_omission_elapsed or raw, so no line of Goose");
    }
    Err("goose request logs have no wall clock: give the start with a mapping file")
}

#[cfg(test)]
mod tests {
    use super::*;

    const K6_LINE: &str = concat!(
        r#"{"metric":"http_req_duration","type":"Point","data":{"time":"2026-11-27T12:00:01.25+02:00","#,
        r#""value":250.5,"tags":{"expected_response":"true","group":"","method":"GET","#,
        r#""name":"cart","proto":"HTTP/1.1","scenario":"default","status":"200","#,
        r#""url":"https://shop.example/cart"}}}"#
    );
    const VEGETA_LINE: &str = concat!(
        r#"{"attack":"","seq":7,"code":200,"timestamp":"2026-11-27T10:00:00.25Z","latency":1234567,"#,
        r#""bytes_out":12,"bytes_in":4711,"error":"","body":null,"method":"POST","url":"https://shop.example/pay","headers":null}"#
    );

    fn k6(line: &str) -> LineResult<'_> {
        parse_k6(line.as_bytes(), &mut LineContext::default())
    }

    fn vegeta(line: &str) -> LineResult<'_> {
        parse_vegeta(line.as_bytes(), &mut LineContext::default())
    }

    #[test]
    fn a_point_of_k6_ends_at_its_time_and_lasts_milliseconds() {
        let line = k6(K6_LINE).unwrap().unwrap();
        assert_eq!(line.ts_us, 1_795_773_601_250_000 - 250_500);
        assert_eq!((line.latency_us, line.status), (Some(250_500), 200));
        assert_eq!(
            (&*line.method, &*line.target),
            ("GET", "https://shop.example/cart")
        );
        let failed = K6_LINE.replace("\"200\"", "\"0\"");
        assert_eq!(k6(&failed).unwrap().unwrap().status, 0);
    }

    #[test]
    fn other_metrics_of_k6_are_no_request() {
        let declared = r#"{"type":"Metric","data":{"name":"http_req_duration","type":"trend"},"metric":"http_req_duration"}"#;
        assert_eq!(k6(declared), Ok(None));
        assert_eq!(
            k6(&K6_LINE.replace("http_req_duration", "http_req_waiting")),
            Ok(None)
        );
        assert_eq!(
            k6(r#"{"status":200}"#),
            Err("no type or no metric, so no line of k6")
        );
        assert_eq!(
            k6(&K6_LINE.replace("250.5", "null")),
            Err("data.value is no duration")
        );
    }

    #[test]
    fn a_result_of_vegeta_starts_at_its_time_and_lasts_nanoseconds() {
        let line = vegeta(VEGETA_LINE).unwrap().unwrap();
        assert_eq!(line.ts_us, 1_795_773_600_250_000);
        assert_eq!((line.latency_us, line.status), (Some(1_234), 200));
        assert_eq!(
            (&*line.method, &*line.target),
            ("POST", "https://shop.example/pay")
        );
        assert_eq!((line.bytes_in, line.bytes_out), (Some(12), Some(4_711)));
        let failed = VEGETA_LINE.replace("\"code\":200", "\"code\":0");
        assert_eq!(vegeta(&failed).unwrap().unwrap().status, 0);
        assert!(vegeta(K6_LINE).is_err());
    }

    #[test]
    fn goose_lines_say_that_they_have_no_wall_clock() {
        let line = concat!(
            r#"{"elapsed":12,"scenario_index":0,"raw":{"method":"Get","url":"https://shop.example/","headers":[],"body":""},"#,
            r#""name":"/","response_time":5,"status_code":200,"coordinated_omission_elapsed":0,"user_cadence":0}"#
        );
        let reason = parse_goose(line.as_bytes(), &mut LineContext::default()).unwrap_err();
        assert!(reason.contains("no wall clock"), "{reason}");
        let reason = parse_goose(K6_LINE.as_bytes(), &mut LineContext::default()).unwrap_err();
        assert!(reason.contains("no line of Goose"), "{reason}");
    }
}
