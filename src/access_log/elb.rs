//! AWS classic ELB access logs.
//!
//! `timestamp elb client:port backend:port request_processing_time backend_processing_time
//! response_processing_time elb_status backend_status received sent "request" "user agent" cipher
//! protocol`, <https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html>.
//! The timestamp is the arrival; the three durations are seconds, −1 where the backend never
//! answered, and then the request has no duration.

use super::clock::{Clock, number, seconds_as_us};
use super::fields::{Fields, request_line, status};
use super::parse::LogLine;

/// One line, or why it is none.
pub fn parse<'a>(line: &'a [u8], clock: &mut Clock) -> Result<LogLine<'a>, &'static str> {
    let mut fields = Fields::new(line);
    let time = fields.word().ok_or("empty line")?;
    let ts_us = clock
        .iso_utc_us(time)
        .ok_or("timestamp is not `2015-07-22T09:00:28.019143Z`")?;
    fields.word().ok_or("load balancer is missing")?;
    let client = fields.word().ok_or("client is missing")?;
    fields.word().ok_or("backend is missing")?;
    let latency_us = durations(&mut fields)?;
    let status = status(fields.word().ok_or("ELB status is missing")?)
        .ok_or("ELB status is not a number from 100 to 999")?;
    fields.word().ok_or("backend status is missing")?;
    let bytes_in = bytes(&mut fields)?;
    let bytes_out = bytes(&mut fields)?;
    let closing = request_end(fields.rest()).ok_or("request is not in quotes or not closed")?;
    let request = fields
        .quoted_until(closing)
        .ok_or("request is not in quotes or not closed")?;
    // Load balancers of 2014 and before wrote nothing after the request.
    let user_agent = fields.quoted().unwrap_or(b"");
    let request = request_line(request);
    Ok(LogLine {
        ts_us,
        client: without_port(client),
        user_agent,
        method: request.method,
        target: request.target,
        status,
        latency_us,
        bytes_in: Some(bytes_in),
        bytes_out: Some(bytes_out),
    })
}

fn durations(fields: &mut Fields<'_>) -> Result<Option<u64>, &'static str> {
    let mut sum_us = Some(0);
    for _ in 0..3 {
        let text = fields.word().ok_or("processing time is missing")?;
        let us = match text {
            b"-1" => None,
            text => Some(seconds_as_us(text).ok_or("processing time is neither seconds nor -1")?),
        };
        sum_us = sum_us
            .zip(us)
            .map(|(sum, us): (u64, u64)| sum.saturating_add(us));
    }
    Ok(sum_us)
}

fn bytes(fields: &mut Fields<'_>) -> Result<u64, &'static str> {
    let text = fields.word().ok_or("bytes are missing")?;
    let bytes = number(text).ok_or("bytes are not a number")?;
    Ok(bytes.unsigned_abs())
}

/// Where the request's closing quote is, counted from behind the opening one. The load balancer
/// does not escape quotes inside a URL, so the end is the quote after ` HTTP/1.1` if there is one.
fn request_end(rest: &[u8]) -> Option<usize> {
    let inside = rest.strip_prefix(b"\"")?;
    let version = memchr::memmem::find_iter(inside, b" HTTP/").find_map(|found| {
        let after = &inside[found + 6..];
        let digits = after
            .iter()
            .position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
        (digits > 0 && after[digits] == b'"').then_some(found + 6 + digits)
    });
    version
        .or_else(|| memchr::memmem::find(inside, b"\" \""))
        .or_else(|| memchr::memchr(b'"', inside))
}

fn without_port(client: &[u8]) -> &[u8] {
    memchr::memrchr(b':', client).map_or(client, |colon| &client[..colon])
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"2026-11-27T08:00:00.019143Z shop-elb 203.0.113.9:54635 10.0.6.158:80 0.000022 0.026109 0.00002 200 200 12 699 "GET https://shop.example:443/shop/cart?x=1 HTTP/1.1" "Mozilla/5.0 (X11)" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2"#;

    fn line(text: &str) -> Result<LogLine<'_>, &'static str> {
        parse(text.as_bytes(), &mut Clock::default())
    }

    #[test]
    fn the_three_durations_add_up_and_the_time_is_the_arrival() {
        let found = line(LINE).unwrap();
        assert_eq!(found.ts_us, 1_795_766_400_019_143);
        assert_eq!(found.latency_us, Some(26_151));
        assert_eq!(found.client, b"203.0.113.9");
        assert_eq!(found.target, "https://shop.example:443/shop/cart?x=1");
        assert_eq!((found.bytes_in, found.bytes_out), (Some(12), Some(699)));
    }

    #[test]
    fn a_backend_that_never_answered_gives_no_duration() {
        let text = LINE.replace(
            "10.0.6.158:80 0.000022 0.026109 0.00002 200 200",
            "- -1 -1 -1 504 0",
        );
        let found = line(&text).unwrap();
        assert_eq!((found.status, found.latency_us), (504, None));
    }

    #[test]
    fn quotes_inside_the_url_do_not_end_the_request() {
        for target in [
            r#"https://shop.example:443/offer/?src='"\'\");|]*{%0d%0a<%00>"#,
            r#"http://shop.example:80/%27"()&%251%3CScRiPt%20%3Eprompt(981045)%3C/ScRiPt%3E/about"#,
            r#"https://shop.example:443/'"()&%251<ScRiPt%20>prompt(981045)</ScRiPt>/about"#,
        ] {
            let text = LINE.replace("https://shop.example:443/shop/cart?x=1", target);
            let found = line(&text).unwrap();
            assert_eq!(found.target, target);
            assert_eq!(found.user_agent, b"Mozilla/5.0 (X11)");
        }
    }

    #[test]
    fn old_lines_without_user_agent_are_read() {
        let text = LINE.split(r#" "Mozilla"#).next().unwrap();
        assert_eq!(line(text).unwrap().user_agent, b"");
    }

    #[test]
    fn a_bad_line_says_which_field_is_bad() {
        for (text, reason) in [
            (
                "2026-11-27 08:00:00".to_owned(),
                "timestamp is not `2015-07-22T09:00:28.019143Z`",
            ),
            (
                LINE.replace("0.026109", "fast"),
                "processing time is neither seconds nor -1",
            ),
            (
                LINE.replace(" 200 200", " OK 200"),
                "ELB status is not a number from 100 to 999",
            ),
            (LINE[..100].to_owned(), "bytes are missing"),
        ] {
            assert_eq!(line(&text).unwrap_err(), reason, "{text}");
        }
    }
}
