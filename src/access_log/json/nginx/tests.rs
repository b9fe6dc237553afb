//! Tests of [`super`]: the shapes that operators give to JSON access logs.

use super::*;

const TEN_O_CLOCK_US: i64 = 1_795_773_600_000_000;

fn parsed(line: &str) -> LineResult<'_> {
    parse(line.as_bytes(), &mut LineContext::default())
}

fn request(line: &str) -> LogLine<'_> {
    parsed(line).unwrap().unwrap()
}

/// A line with `members` besides those that every line needs.
fn with(members: &str) -> String {
    let needed = r#""time":"2026-11-27T10:00:00Z","method":"GET","uri":"/cart","status":200"#;
    format!("{{{needed}{members}}}")
}

const NGINX_LINE: &str = concat!(
    r#"{"msec":"1795773600.250","time_local":"27/Nov/2026:10:00:00 +0000","remote_addr":"203.0.113.7","#,
    r#""request":"POST /cart?x=1 HTTP/1.1","uri":"/index.php","args":"x=1","status":"201","body_bytes_sent":"4711","#,
    r#""request_length":"812","request_time":"0.250","upstream_response_time":"0.004, 0.240","#,
    r#""http_user_agent":"Mozilla/5.0 \"x\"","http_referer":"-","http_host":"shop.example","#,
    r#""http_cookie":"a=b; c=d","request_id":"0123","service":"web"}"#
);

#[test]
fn names_of_nginx_give_a_request_that_ended_at_its_time() {
    let line = request(NGINX_LINE);
    assert_eq!(line.ts_us, TEN_O_CLOCK_US);
    assert_eq!((line.latency_us, line.status), (Some(250_000), 201));
    assert_eq!(
        (&*line.method, &*line.target, &*line.query),
        ("POST", "/cart?x=1", "")
    );
    assert_eq!((line.bytes_in, line.bytes_out), (Some(812), Some(4_711)));
    assert_eq!((&*line.host, &*line.service), ("shop.example", "web"));
    assert_eq!(&*line.client, b"203.0.113.7");
    assert_eq!(&*line.user_agent, b"Mozilla/5.0 \"x\"");
    assert_eq!(
        (&*line.referrer, &*line.cookie),
        (&b""[..], &b"a=b; c=d"[..])
    );
    assert_eq!(line.upstream_tries, Some(2));
    assert!(line.row_key.is_empty());
}

#[test]
fn durations_count_if_their_name_says_their_unit() {
    for (members, expected) in [
        (r#","request_time":0.123"#, Some(123_000)),
        (r#","response_time":0.123"#, Some(123_000)),
        (r#","reqtime":"0.123""#, Some(123_000)),
        (
            r#","response_time":"-","request_time":0.321"#,
            Some(321_000),
        ),
        (r#","request_time":60.000"#, Some(60_000_000)),
        (r#","request_time":5"#, Some(5_000_000)),
        (r#","duration_ms":12.5"#, Some(12_500)),
        (r#","latency_ms":"12""#, Some(12_000)),
        (r#","duration_us":362453"#, Some(362_453)),
        (r#","latency_ns":362453"#, Some(362)),
        (r#","duration":"12.3ms""#, Some(12_300)),
        (r#","latency":"80µs""#, Some(80)),
        (r#","duration":12"#, None),
        (r#","latency":0.5"#, None),
        (r#","elapsed":"12""#, None),
        (r#","took":12,"request_time":null"#, None),
        (r#","response_time":"-""#, None),
        (r#","response_time":"""#, None),
        (r#","response_time":-1"#, None),
        (r#","upstream_response_time":"0.004""#, None),
        ("", None),
    ] {
        let line = with(members);
        assert_eq!(request(&line).latency_us, expected, "{members}");
    }
}

#[test]
fn a_time_that_its_name_calls_the_start_is_not_moved() {
    let line = r#"{"start_unix_ns":1795773600250000609,"method":"GET","path":"/cart","status":200,"duration_us":250000}"#;
    let line = request(line);
    assert_eq!(
        (line.ts_us, line.latency_us),
        (TEN_O_CLOCK_US + 250_000, Some(250_000))
    );
}

#[test]
fn names_of_applications_are_known() {
    let line = concat!(
        r#"{"@timestamp":"2026-11-27T11:00:01+01:00","verb":"get","url":"https://shop.example/cart","#,
        r#""status_code":"404","latency_ms":250,"size":12,"client_ip":"[2001:db8::7]:4711","ua":"x","#,
        r#""referrer":"https://shop.example/","session_id":"s1"}"#
    );
    let line = request(line);
    assert_eq!(line.ts_us, TEN_O_CLOCK_US + 750_000);
    assert_eq!(
        (&*line.method, &*line.target),
        ("GET", "https://shop.example/cart")
    );
    assert_eq!((line.status, line.bytes_out), (404, Some(12)));
    assert_eq!(
        (&*line.client, &*line.session),
        (&b"2001:db8::7"[..], &b"s1"[..])
    );
}

#[test]
fn a_line_that_nginx_did_not_escape_for_json_is_read_all_the_same() {
    let line = concat!(
        r#"{"time_iso8601":"2026-11-27T10:00:00+00:00","request":"GET /caf\xC3\xA9?q=\x22 HTTP/1.1","#,
        r#""status":200,"request_time":0.250,"upstream_response_time":-,"ua":"\xFF"}"#
    );
    let parsed = request(line);
    assert_eq!(&*parsed.target, "/café?q=\"");
    assert_eq!(
        (parsed.latency_us, parsed.upstream_tries),
        (Some(250_000), None)
    );
    assert_eq!(&*parsed.user_agent, "\u{fffd}".as_bytes());
    let list = line.replace(":-,", ":0.004, 0.012 : 0.1,");
    assert_eq!(request(&list).upstream_tries, Some(3));
}

#[test]
fn a_request_line_that_is_none_is_still_a_request() {
    let line = r#"{"time":"2026-11-27T10:00:00Z","request":"\x16\x03\x01","status":400,"request_time":0.0}"#;
    let parsed = request(line);
    assert_eq!((&*parsed.method, &*parsed.target), ("-", "/{malformed}"));
    let empty =
        r#"{"time":"2026-11-27T10:00:00Z","request_method":"","request_uri":"","status":400}"#;
    assert_eq!(&*request(empty).target, "/{malformed}");
    assert_eq!(request(&with("").replace("200", "\"000\"")).status, 0);
}

#[test]
fn a_query_of_its_own_is_kept_apart() {
    let line = with(r#","args":"x=1""#);
    assert_eq!(
        (&*request(&line).target, &*request(&line).query),
        ("/cart", "x=1")
    );
    let dash = with(r#","args":"-""#);
    assert_eq!(&*request(&dash).query, "");
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    for (from, to, reason) in [
        (
            "\"time\"",
            "\"when\"",
            "no member that is known as the time",
        ),
        ("2026-11-27T", "27.11.2026 ", "the time is none"),
        (
            "\"status\"",
            "\"state\"",
            "no member that is known as the status",
        ),
        ("200", "\"ok\"", "the status is none"),
        (
            "\"uri\"",
            "\"page\"",
            "no member that is known as the request target",
        ),
        (
            "\"uri\":\"/cart\"",
            "\"request\":{\"uri\":\"/cart\"}",
            "no member that is known as the request target",
        ),
        (
            "200",
            "200,\"request_time\":\"soon\"",
            "the duration is none",
        ),
        ("200", "200,\"request_time\":-5", "the duration is none"),
        ("200}", "200", "the JSON object does not end on its line"),
        ("{", "", "not a JSON object"),
        ("200}", "200}}", "more text after the JSON object"),
        ("200}", "200,\"a\":\"\\q\"}", "not valid JSON"),
    ] {
        let line = with("").replacen(from, to, 1);
        assert_eq!(parsed(&line), Err(reason), "{line}");
    }
}
