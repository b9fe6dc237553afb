//! Azure Monitor resource logs: Front Door and Application Gateway.
//!
//! `timeTaken` is seconds for Front Door and for version 2 of Application Gateway, but milliseconds
//! for version 1, so every line has to show its version.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::pick::JsonPaths;
use super::request::{client_address, part, set_request};
use super::time::time_us;
use super::value::JsonValue;
use crate::access_log::format::KnownFormat;
use crate::access_log::line::{HeaderRule, LineContext, LineResult, LogLine};
use crate::access_log::unit::Unit;

/// The entry of Azure Front Door. Its time is when the content was delivered, by
/// <https://learn.microsoft.com/azure/frontdoor/monitor-front-door>.
pub const FRONT_DOOR: KnownFormat = KnownFormat {
    name: "azure-front-door",
    about: "Azure Front Door access log, JSON lines",
    duration: "properties.timeTaken, s",
    time: "end",
    header: HeaderRule::None,
    parse: parse_front_door,
};

/// The entry of Azure Application Gateway, both versions.
pub const APPLICATION_GATEWAY: KnownFormat = KnownFormat {
    name: "azure-application-gateway",
    about: "Azure Application Gateway access log, versions 1 and 2, JSON lines",
    duration: "properties.timeTaken, ms in version 1, s in version 2 (told apart line by line)",
    time: "end",
    header: HeaderRule::None,
    parse: parse_application_gateway,
};

/// Why a whole-file document is refused.
const RECORDS: &str = "one document with `records`: JSON lines are needed, one object a line";

static FRONT_DOOR_PATHS: LazyLock<JsonPaths> = LazyLock::new(|| {
    JsonPaths::new(&[
        "records",
        "category",
        "time",
        "properties.httpMethod",
        "properties.requestUri",
        "properties.httpStatusCode",
        "properties.timeTaken",
        "properties.requestBytes",
        "properties.responseBytes",
        "properties.clientIp",
        "properties.userAgent",
        "properties.referer",
        "properties.referrer",
        "properties.hostName",
        "properties.routeName",
        "properties.trackingReference",
        "properties.isReceivedFromClient",
    ])
});

fn parse_front_door<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let [
        records,
        category,
        time,
        mut method,
        mut uri,
        status,
        time_taken,
        request_bytes,
        response_bytes,
        mut client_ip,
        mut user_agent,
        mut referer,
        mut referrer,
        mut host_name,
        mut route_name,
        mut tracking_reference,
        is_received_from_client,
    ] = FRONT_DOOR_PATHS.pick_array(line)?;
    if !is_category(&records, &category, "FrontDoorAccessLog")? {
        return Ok(None);
    }
    // A request from one edge to another, on behalf of one that has its own line.
    if is_received_from_client
        .as_text()
        .is_some_and(|text| text.eq_ignore_ascii_case("false"))
    {
        return Ok(None);
    }
    let referer = referer.take_bytes();
    let mut parsed = LogLine {
        ts_us: time_us(&time, &mut context.clock).ok_or("time is no time")?,
        client: client_of(&mut client_ip),
        user_agent: user_agent.take_bytes(),
        referrer: if referer.is_empty() {
            referrer.take_bytes()
        } else {
            referer
        },
        host: host_name.take_text(),
        service: route_name.take_text(),
        status: status
            .as_status()
            .ok_or("properties.httpStatusCode is no status")?,
        latency_us: time_taken_us(&time_taken, Unit::Seconds)?,
        bytes_in: request_bytes.as_u64(),
        bytes_out: response_bytes.as_u64(),
        row_key: tracking_reference.take_bytes(),
        ..LogLine::default()
    };
    set_request(&mut parsed, method.take_text(), uri.take_text());
    Ok(Some(parsed.ended()))
}

static GATEWAY_PATHS: LazyLock<JsonPaths> = LazyLock::new(|| {
    JsonPaths::new(&[
        "records",
        "category",
        "time",
        "timeStamp",
        "properties.httpMethod",
        "properties.requestUri",
        "properties.requestQuery",
        "properties.originalRequestUriWithArgs",
        "properties.httpStatus",
        "properties.timeTaken",
        "properties.serverResponseLatency",
        "properties.receivedBytes",
        "properties.sentBytes",
        "properties.clientIP",
        "properties.userAgent",
        "properties.host",
        "properties.originalHost",
        "backendPoolName",
    ])
});

fn parse_application_gateway<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let [
        records,
        category,
        time,
        time_stamp,
        mut method,
        mut uri,
        mut query,
        mut original_uri,
        status,
        time_taken,
        server_response_latency,
        received_bytes,
        sent_bytes,
        mut client_ip,
        mut user_agent,
        mut host,
        mut original_host,
        mut backend_pool,
    ] = GATEWAY_PATHS.pick_array(line)?;
    if !is_category(&records, &category, "ApplicationGatewayAccessLog")? {
        return Ok(None);
    }
    let is_version_2 = [&time_stamp, &server_response_latency, &original_uri]
        .into_iter()
        .any(|only_in_version_2| *only_in_version_2 != JsonValue::Absent);
    let unit = match time_taken {
        _ if is_version_2 => Unit::Seconds,
        JsonValue::Float(_) => return Err("timeTaken has no known unit: version 1 has whole ms"),
        _ => Unit::Milliseconds,
    };
    let time = if time_stamp.is_blank() {
        time
    } else {
        time_stamp
    };
    let (original_host, original_uri) = (original_host.take_text(), original_uri.take_text());
    let mut parsed = LogLine {
        ts_us: time_us(&time, &mut context.clock).ok_or("time is no time")?,
        client: client_of(&mut client_ip),
        user_agent: user_agent.take_bytes(),
        host: if original_host.is_empty() {
            host.take_text()
        } else {
            original_host
        },
        service: backend_pool.take_text(),
        status: status
            .as_status()
            .ok_or("properties.httpStatus is no status")?,
        latency_us: time_taken_us(&time_taken, unit)?,
        bytes_in: received_bytes.as_u64(),
        bytes_out: sent_bytes.as_u64(),
        ..LogLine::default()
    };
    if original_uri.is_empty() {
        parsed.query = query.take_text();
        set_request(&mut parsed, method.take_text(), uri.take_text());
    } else {
        set_request(&mut parsed, method.take_text(), original_uri);
    }
    Ok(Some(parsed.ended()))
}

/// Whether the line is of the wanted category; an error if it is no resource log at all.
fn is_category(
    records: &JsonValue<'_>,
    category: &JsonValue<'_>,
    wanted: &str,
) -> Result<bool, &'static str> {
    if *records == JsonValue::Nested {
        return Err(RECORDS);
    }
    match category {
        JsonValue::Text(category) => Ok(category.eq_ignore_ascii_case(wanted)),
        _ => Err("no category, so no Azure resource log"),
    }
}

fn time_taken_us(value: &JsonValue<'_>, unit: Unit) -> Result<Option<u64>, &'static str> {
    if value.is_blank() {
        return Ok(None);
    }
    Ok(Some(
        value
            .as_us(unit)
            .ok_or("properties.timeTaken is no duration")?,
    ))
}

fn client_of<'a>(address: &mut JsonValue<'a>) -> Cow<'a, [u8]> {
    JsonValue::Text(part(address.take_text(), client_address)).take_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRONT_DOOR_LINE: &str = concat!(
        r#"{"time":"2026-11-27T10:00:01.2500000Z","resourceId":"/SUBSCRIPTIONS/X","category":"FrontDoorAccessLog","#,
        r#""operationName":"Microsoft.Cdn/Profiles/AccessLog/Write","properties":{"trackingReference":"0abc==","#,
        r#""httpMethod":"GET","httpVersion":"2.0","requestUri":"https://shop.example:443/cart","requestBytes":"812","#,
        r#""responseBytes":"4711","userAgent":"Mozilla/5.0","clientIp":"203.0.113.7","timeTaken":"0.250","#,
        r#""timeToFirstByte":"0.1","httpStatusCode":"200","routeName":"web","hostName":"shop.example","referer":""}}"#
    );
    const VERSION_1_LINE: &str = concat!(
        r#"{"resourceId":"/SUBSCRIPTIONS/X","operationName":"ApplicationGatewayAccess","#,
        r#""time":"2026-11-27T10:00:01Z","category":"ApplicationGatewayAccessLog","properties":{"#,
        r#""instanceId":"ApplicationGatewayRole_IN_0","clientIP":"203.0.113.7","clientPort":4711,"#,
        r#""httpMethod":"GET","requestUri":"/cart","requestQuery":"x=1","userAgent":"-","httpStatus":200,"#,
        r#""receivedBytes":65,"sentBytes":553,"timeTaken":205,"sslEnabled":"off"}}"#
    );
    const VERSION_2_LINE: &str = concat!(
        r#"{"timeStamp":"2026-11-27T10:00:01+00:00","resourceId":"/SUBSCRIPTIONS/X","#,
        r#""operationName":"ApplicationGatewayAccess","category":"ApplicationGatewayAccessLog","#,
        r#""backendPoolName":"web","properties":{"instanceId":"appgw_2","clientIP":"203.0.113.7","#,
        r#""httpMethod":"GET","requestUri":"/cart","requestQuery":"x=1","originalRequestUriWithArgs":"/cart?x=1","#,
        r#""userAgent":"curl/8","httpStatus":502,"receivedBytes":65,"sentBytes":553,"timeTaken":0.205,"#,
        r#""serverResponseLatency":"0.2","host":"backend.example","originalHost":"shop.example"}}"#
    );
    const TEN_O_CLOCK_US: i64 = 1_795_773_600_000_000;

    fn front_door(line: &str) -> LineResult<'_> {
        parse_front_door(line.as_bytes(), &mut LineContext::default())
    }

    fn gateway(line: &str) -> LineResult<'_> {
        parse_application_gateway(line.as_bytes(), &mut LineContext::default())
    }

    #[test]
    fn the_time_of_front_door_is_the_end_and_its_duration_is_seconds() {
        let line = front_door(FRONT_DOOR_LINE).unwrap().unwrap();
        assert_eq!(line.ts_us, TEN_O_CLOCK_US + 1_000_000);
        assert_eq!((line.latency_us, line.status), (Some(250_000), 200));
        assert_eq!(
            (&*line.method, &*line.target),
            ("GET", "https://shop.example:443/cart")
        );
        assert_eq!((line.bytes_in, line.bytes_out), (Some(812), Some(4_711)));
        assert_eq!(
            (&*line.client, &*line.row_key),
            (&b"203.0.113.7"[..], &b"0abc=="[..])
        );
        let older = FRONT_DOOR_LINE.replace("FrontDoorAccessLog", "FrontdoorAccessLog");
        assert!(front_door(&older).unwrap().is_some());
    }

    #[test]
    fn a_request_between_two_edges_is_not_one_of_a_client() {
        for value in ["false", "\"False\""] {
            let member = format!("\"isReceivedFromClient\":{value},\"httpMethod\"");
            let line = FRONT_DOOR_LINE.replace("\"httpMethod\"", &member);
            assert_eq!(front_door(&line), Ok(None), "{value}");
        }
    }

    #[test]
    fn version_1_is_milliseconds_and_version_2_is_seconds() {
        let version_1 = gateway(VERSION_1_LINE).unwrap().unwrap();
        assert_eq!(version_1.latency_us, Some(205_000));
        assert_eq!((&*version_1.target, &*version_1.query), ("/cart", "x=1"));
        let version_2 = gateway(VERSION_2_LINE).unwrap().unwrap();
        assert_eq!(version_2.latency_us, Some(205_000));
        assert_eq!((&*version_2.target, &*version_2.query), ("/cart?x=1", ""));
        assert_eq!(
            (&*version_2.host, &*version_2.service),
            ("shop.example", "web")
        );
        assert_eq!(version_2.ts_us, TEN_O_CLOCK_US + 795_000);
        assert_eq!(version_1.ts_us, version_2.ts_us);
        let whole_seconds = VERSION_2_LINE.replace("0.205", "3");
        assert_eq!(
            gateway(&whole_seconds).unwrap().unwrap().latency_us,
            Some(3_000_000)
        );
    }

    #[test]
    fn a_duration_of_unknown_version_is_refused() {
        let line = VERSION_1_LINE.replace("205", "0.205");
        assert_eq!(
            gateway(&line),
            Err("timeTaken has no known unit: version 1 has whole ms")
        );
    }

    #[test]
    fn other_categories_are_no_request_and_a_whole_document_is_refused() {
        for category in [
            "ApplicationGatewayFirewallLog",
            "ApplicationGatewayPerformanceLog",
        ] {
            let line = VERSION_1_LINE.replace("ApplicationGatewayAccessLog", category);
            assert_eq!(gateway(&line), Ok(None));
            assert_eq!(front_door(&line), Ok(None));
        }
        let whole = format!("{{\"records\":[{FRONT_DOOR_LINE}]}}");
        assert_eq!(front_door(&whole), Err(RECORDS));
        assert_eq!(gateway(&whole), Err(RECORDS));
        assert!(gateway(r#"{"status":200}"#).is_err());
    }
}
