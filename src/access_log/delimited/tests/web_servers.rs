//! Lines of IIS, CloudFront and LTSV, in every shape that they have.

use super::{EIGHT_US, bytes, last};
use crate::access_log::line::LogLine;

pub const IIS: &str = "#Fields: date time s-sitename cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-bytes cs-bytes time-taken";
pub const IIS_LINE: &str = "2026-11-27 08:00:00 W3SVC1 GET /cart id=7 203.0.113.9 Shop/1.0+(compatible;++test) basket=1;+seen=2 https://shop.example/ shop.example 200 512 128 250";

#[test]
fn iis_is_read_by_its_fields() {
    let line = last("iis", &[IIS, IIS_LINE]).unwrap().unwrap();
    let expected = LogLine {
        ts_us: EIGHT_US - 250_000,
        client: bytes("203.0.113.9"),
        user_agent: bytes("Shop/1.0 (compatible;  test)"),
        referrer: bytes("https://shop.example/"),
        cookie: bytes("basket=1; seen=2"),
        method: "GET".into(),
        target: "/cart".into(),
        query: "id=7".into(),
        host: "shop.example".into(),
        service: "W3SVC1".into(),
        status: 200,
        latency_us: Some(250_000),
        bytes_in: Some(128),
        bytes_out: Some(512),
        ..LogLine::default()
    };
    assert_eq!(line, expected);
}

#[test]
fn a_header_of_iis_is_in_force_until_the_next_one() {
    let second = "#Fields: time date sc-status cs-uri-stem cs-method s-computername";
    let lines = [
        IIS,
        IIS_LINE,
        "#Software: x",
        second,
        "08:00:00 2026-11-27 404 /a POST WEB7",
    ];
    let line = last("iis", &lines).unwrap().unwrap();
    assert_eq!(
        (line.status, &*line.target, &*line.method),
        (404, "/a", "POST")
    );
    assert_eq!(
        (line.ts_us, line.latency_us, &*line.service),
        (EIGHT_US, None, "WEB7")
    );
    assert_eq!(
        last("iis", &[IIS, second, IIS_LINE]),
        Err("more fields than the header names")
    );
}

#[test]
fn what_is_wrong_in_a_line_of_iis_is_named() {
    let of = |from: &str, to: &str| last("iis", &[IIS, &IIS_LINE.replace(from, to)]);
    assert_eq!(of(" 200 ", " OK "), Err("sc-status is no status"));
    assert_eq!(of(" 250", " fast"), Err("time-taken is no duration"));
    assert_eq!(of("08:00:00", "8:00"), Err("date and time are no time"));
    assert_eq!(of(" 250", ""), Err("fewer fields than the header names"));
    assert_eq!(last("iis", &[IIS_LINE]), Err("no header line before it"));
    assert_eq!(last("iis", &["#Date: 2026-11-27 08:00:00"]), Ok(None));
    let short = "#Fields: time cs-method cs-uri-stem sc-status";
    assert!(last("iis", &[short]).is_err());
    assert_eq!(
        last("iis", &[IIS, short, IIS_LINE]),
        Err("no header line before it")
    );
    assert_eq!(of(" 250", " -").unwrap().unwrap().latency_us, None);
    assert_eq!(
        of("GET /cart", "- -").unwrap().unwrap().target,
        "/{malformed}"
    );
}

pub const CLOUDFRONT: &str = "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end";
pub const CLOUDFRONT_LINE: &str = "2026-11-27 08:00:00 TST1-C1 703 2001:db8::7 GET d111.cloudfront.example /img/a.png 200 https://shop.example/?q=a%2520b Shop/1.0%20(one%2520two) - a=1;%20b=2 Hit Req7== shop.example https 62 0.113 - TLSv1.3 AES Hit HTTP/2.0 - - 51754 0.113 Hit image/png 20 - -";

#[test]
fn cloudfront_is_read_with_its_header_or_with_the_standard_columns() {
    let line = CLOUDFRONT_LINE.replace(' ', "\t");
    let expected = LogLine {
        ts_us: EIGHT_US - 113_000,
        client: bytes("2001:db8::7"),
        user_agent: bytes("Shop/1.0 (one two)"),
        referrer: bytes("https://shop.example/?q=a%20b"),
        cookie: bytes("a=1; b=2"),
        method: "GET".into(),
        target: "/img/a.png".into(),
        host: "shop.example".into(),
        status: 200,
        latency_us: Some(113_000),
        bytes_in: Some(62),
        bytes_out: Some(703),
        row_key: bytes("Req7=="),
        ..LogLine::default()
    };
    for lines in [
        vec![CLOUDFRONT, &line],
        vec!["#Version: 1.0", &line],
        vec![&CLOUDFRONT.replace(' ', "\t"), &line],
    ] {
        assert_eq!(last("cloudfront", &lines).unwrap().unwrap(), expected);
    }
    let encoded = line.replace("/img/a.png", "/img/%2525%2520a%20b");
    let encoded = encoded.replace("\t-\ta=1", "\tq=a%2520b\ta=1");
    let read = last("cloudfront", &[CLOUDFRONT, &encoded])
        .unwrap()
        .unwrap();
    assert_eq!(
        (&*read.target, &*read.query),
        ("/img/%25%20a%20b", "q=a%20b")
    );
    let with_more = format!("{line}\tnew");
    assert!(
        last("cloudfront", &[CLOUDFRONT, &with_more])
            .unwrap()
            .is_some()
    );
    assert!(last("cloudfront", &[&with_more]).unwrap().is_some());
    let unanswered = line.replace("\t200\t", "\t000\t");
    assert_eq!(
        last("cloudfront", &[&unanswered]).unwrap().unwrap().status,
        0
    );
    let cut = line.rsplit_once('\t').unwrap().0;
    assert_eq!(
        last("cloudfront", &[cut]),
        Err("fewer fields than the header names")
    );
    assert!(last("cloudfront", &[&line.replace("\thttps\t", "\tyes\t")]).is_err());
}

#[test]
fn chosen_fields_of_cloudfront_are_known_by_their_tabs() {
    let header =
        "#Fields: timestamp(ms)\tdate\ttime\tsc-status\tcs-method\tcs-uri-stem\ttime-taken";
    let line = "1795766400250\t2026-11-27\t08:00:00\t404\tHEAD\t/a\t0.25";
    let read = last("cloudfront", &[header, line]).unwrap().unwrap();
    assert_eq!(
        (read.ts_us, read.status, &*read.method),
        (EIGHT_US, 404, "HEAD")
    );
    assert!(last("iis", &[header, line]).is_err());
}

#[test]
fn iis_and_cloudfront_refuse_the_header_and_the_lines_of_each_other() {
    assert!(last("iis", &[CLOUDFRONT]).is_err());
    assert!(last("cloudfront", &[IIS]).is_err());
    assert!(last("iis", &[CLOUDFRONT, &CLOUDFRONT_LINE.replace(' ', "\t")]).is_err());
    assert!(last("cloudfront", &[IIS, IIS_LINE]).is_err());
}

#[test]
fn ltsv_is_read_by_its_labels() {
    let line = "time:2026-11-27T09:00:00+01:00\thost:198.51.100.2\tforwardedfor:203.0.113.9, 198.51.100.1\treq:GET /cart?id=7 HTTP/1.1\tstatus:200\tsize:512\treqsize:128\treqtime:0.250\tapptime:0.1, 0.2\treferer:-\tua:Shop/1.0\tvhost:shop.example\tcookie:a=1:2\tx:y";
    let expected = LogLine {
        ts_us: EIGHT_US - 250_000,
        client: bytes("203.0.113.9"),
        user_agent: bytes("Shop/1.0"),
        cookie: bytes("a=1:2"),
        method: "GET".into(),
        target: "/cart?id=7".into(),
        host: "shop.example".into(),
        status: 200,
        latency_us: Some(250_000),
        bytes_in: Some(128),
        bytes_out: Some(512),
        upstream_tries: Some(2),
        ..LogLine::default()
    };
    assert_eq!(last("ltsv", &[line]).unwrap().unwrap(), expected);
}

#[test]
fn times_and_durations_of_ltsv_come_in_many_forms() {
    for time in [
        "[27/Nov/2026:09:00:00 +0100]",
        "27/Nov/2026:08:00:00 +0000",
        "2026-11-27 08:00:00",
        "1795766400",
        "1795766400.000",
        "1795766400000",
        "1795766400000000",
        "1795766400000000000",
    ] {
        let line = last("ltsv", &[&format!("time:{time}\turi:/\tstatus:200")]).unwrap();
        assert_eq!(line.unwrap().ts_us, EIGHT_US, "{time}");
    }
    for (labels, latency_us, tries) in [
        ("reqtime:-\tapptime:0.2", Some(200_000), Some(1)),
        ("apptime:-", None, None),
        ("apptime:0.1 : 0.2, -", Some(300_000), Some(3)),
        ("reqtime_microsec:1500", Some(1_500), None),
        ("reqtime:-1\tsize:-", None, None),
        ("", None, None),
    ] {
        let text = format!("status:504\t{labels}\tmethod:POST\tpath:/a\ttime:1795766400\t");
        let line = last("ltsv", &[&text]).unwrap().unwrap();
        assert_eq!(
            (line.latency_us, line.upstream_tries),
            (latency_us, tries),
            "{labels}"
        );
        let latency_us = i64::try_from(latency_us.unwrap_or(0)).unwrap();
        assert_eq!(line.ts_us, EIGHT_US - latency_us);
    }
}

#[test]
fn the_host_of_ltsv_is_the_client_unless_the_address_is_there_too() {
    let of = |labels: &str| {
        last(
            "ltsv",
            &[&format!("time:1795766400\turi:/\tstatus:200\t{labels}")],
        )
        .unwrap()
        .unwrap()
    };
    let only_host = of("host:203.0.113.9");
    assert_eq!(
        (only_host.client, only_host.host),
        (bytes("203.0.113.9"), "".into())
    );
    let both = of("host:shop.example\tremote_addr:203.0.113.9\tforwardedfor:-");
    assert_eq!(
        (both.client, both.host),
        (bytes("203.0.113.9"), "shop.example".into())
    );
}

#[test]
fn what_is_wrong_in_a_line_of_ltsv_is_named() {
    for (line, reason) in [
        ("uri:/\tstatus:200", "no time"),
        ("time:soon\turi:/\tstatus:200", "time is no time"),
        ("time:1795766400\tstatus:200", "neither req nor uri"),
        ("time:1795766400\turi:/", "no status"),
        ("time:1795766400\turi:/\tstatus:ok", "status is no status"),
        (
            "time:1795766400\turi:/\tstatus:200\tapptime:x",
            "apptime is no duration",
        ),
        (
            "time:1795766400\turi:/\tstatus:200\treqtime:x",
            "reqtime is no duration",
        ),
        ("time:1795766400\turi", "a field without a label"),
        ("word\ttime:1795766400", "a field without a label"),
    ] {
        assert_eq!(last("ltsv", &[line]), Err(reason), "{line}");
    }
}
