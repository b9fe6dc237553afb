//! AWS classic ELB access logs.
//!
//! `timestamp elb client:port backend:port request_processing_time backend_processing_time
//! response_processing_time elb_status backend_status received sent "request" "user agent" cipher
//! protocol`, <https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html>.
//! The timestamp is the arrival; the three durations are seconds, −1 where the backend never
//! answered, and then the request has no duration. What classic and application load balancers
//! write alike is read here for [`super::alb`], too.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::fields::{Fields, RequestLine, before_version, request_line};
use super::format::KnownFormat;
use super::line::{HeaderRule, LineContext, LineResult, LogLine};
use super::scan;
use super::unit::{Unit, number};
use super::value::{or_empty, status_or_none, without_port};

/// The one format.
pub const FORMATS: &[KnownFormat] = &[KnownFormat {
    name: "aws-elb",
    about: "AWS classic load balancer",
    duration: "sum of the three processing times, s",
    time: "start",
    header: HeaderRule::None,
    parse,
}];

fn parse<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let mut fields = Fields::new(line);
    let time = fields.word().ok_or("empty line")?;
    let ts_us = context
        .clock
        .iso_us(time)
        .ok_or("timestamp is not `2015-07-22T09:00:28.019143Z`")?;
    let shared = SharedFields::read(&mut fields)?;
    // A listener for TCP writes one line per connection; that is no request.
    if shared.status == 0 && shared.request_text.starts_with(b"- - -") {
        return Ok(None);
    }
    Ok(Some(shared.line(ts_us)))
}

/// The fields from the name of the load balancer up to the user agent.
#[derive(Debug, Clone, Copy)]
pub struct SharedFields<'a> {
    client: &'a [u8],
    /// Sum of the three processing times, µs; `None` when one of them is −1.
    pub latency_us: Option<u64>,
    status: u16,
    bytes_in: u64,
    bytes_out: u64,
    request_text: &'a [u8],
    user_agent: &'a [u8],
}

impl<'a> SharedFields<'a> {
    /// Reads them.
    #[inline(always)]
    pub fn read(fields: &mut Fields<'a>) -> Result<SharedFields<'a>, &'static str> {
        fields.word().ok_or("load balancer is missing")?;
        let client = fields.word().ok_or("client is missing")?;
        fields.word().ok_or("backend is missing")?;
        let latency_us = durations(fields)?;
        let status = fields.word().ok_or("ELB status is missing")?;
        let status = status_or_none(status).ok_or("ELB status is not a number from 100 to 999")?;
        fields.word().ok_or("backend status is missing")?;
        let bytes_in = bytes(fields)?;
        let bytes_out = bytes(fields)?;
        let request_text = fields
            .quoted_until(request_end)
            .ok_or("request is not in quotes or not closed")?;
        Ok(SharedFields {
            client,
            latency_us,
            status,
            bytes_in,
            bytes_out,
            request_text,
            // Load balancers of 2014 and before wrote nothing after the request.
            user_agent: fields.quoted().unwrap_or(b""),
        })
    }

    /// The line that started at `ts_us`.
    #[inline(always)]
    pub fn line(self, ts_us: i64) -> LogLine<'a> {
        const NONE: Cow<'static, [u8]> = Cow::Borrowed(b"");
        let request = self.request();
        LogLine {
            ts_us,
            client: Cow::Borrowed(without_port(self.client)),
            user_agent: Cow::Borrowed(or_empty(self.user_agent)),
            referrer: NONE,
            cookie: NONE,
            session: NONE,
            method: Cow::Borrowed(request.method),
            target: Cow::Borrowed(request.target),
            query: Cow::Borrowed(""),
            host: Cow::Borrowed(""),
            service: Cow::Borrowed(""),
            status: self.status,
            latency_us: self.latency_us,
            bytes_in: Some(self.bytes_in),
            bytes_out: Some(self.bytes_out),
            upstream_tries: None,
            weight: 1,
            row_key: NONE,
        }
    }

    /// A request that the load balancer could not read is `- http://shop.example:80- -`.
    #[inline(always)]
    fn request(self) -> RequestLine<'a> {
        let is_unread = self.request_text.starts_with(b"- ");
        request_line(if is_unread { b"-" } else { self.request_text })
    }
}

#[inline(always)]
fn durations(fields: &mut Fields<'_>) -> Result<Option<u64>, &'static str> {
    let mut sum_us = Some(0);
    for _ in 0..3 {
        let text = fields.word().ok_or("processing time is missing")?;
        let us = match text {
            b"-1" | b"-" => None,
            text => {
                let us = Unit::Seconds.as_us(text);
                Some(us.ok_or("processing time is neither seconds nor -1")?)
            }
        };
        sum_us = sum_us
            .zip(us)
            .map(|(sum, us): (u64, u64)| sum.saturating_add(us));
    }
    Ok(sum_us)
}

#[inline(always)]
fn bytes(fields: &mut Fields<'_>) -> Result<u64, &'static str> {
    let text = fields.word().ok_or("bytes are missing")?;
    let bytes = number(text).ok_or("bytes are not a number")?;
    Ok(bytes.unsigned_abs())
}

/// Made once: it takes longer to make than to use.
static VERSION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" HTTP/"));

/// Where the closing quote is of a request that begins here. The load balancer does not escape quotes
/// inside a URL, so the end is the quote after ` HTTP/1.1` if there is one.
#[inline(always)]
fn request_end(inside: &[u8]) -> Option<usize> {
    // Nearly always the first quote is it.
    let first = scan::find(inside, b'"');
    inside.get(first)?;
    if before_version(&inside[..first]).is_some() {
        return Some(first);
    }
    let version = VERSION.find_iter(inside).find_map(|found| {
        let after = &inside[found + 6..];
        let digits = after
            .iter()
            .position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
        (digits > 0 && after[digits] == b'"').then_some(found + 6 + digits)
    });
    version
        .or_else(|| memchr::memmem::find(inside, b"\" \""))
        .or(Some(first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LINE: &str = r#"2026-11-27T08:00:00.019143Z shop-elb 203.0.113.9:54635 198.51.100.158:80 0.000022 0.026200 0.00002 200 200 12 699 "GET https://shop.example:443/shop/cart?x=1 HTTP/1.1" "Mozilla/5.0 (X11)" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2"#;

    fn line(text: &str) -> Result<LogLine<'_>, &'static str> {
        Ok(parse(text.as_bytes(), &mut LineContext::default())?.unwrap())
    }

    #[test]
    fn the_three_durations_add_up_and_the_time_is_the_arrival() {
        let found = line(LINE).unwrap();
        assert_eq!(found.ts_us, 1_795_766_400_019_143);
        assert_eq!(found.latency_us, Some(26_242));
        assert_eq!(&*found.client, b"203.0.113.9");
        assert_eq!(found.target, "https://shop.example:443/shop/cart?x=1");
        assert_eq!((found.bytes_in, found.bytes_out), (Some(12), Some(699)));
    }

    #[test]
    fn a_backend_that_never_answered_gives_no_duration() {
        let text = LINE.replace(
            "198.51.100.158:80 0.000022 0.026200 0.00002 200 200",
            "- -1 -1 -1 504 0",
        );
        let found = line(&text).unwrap();
        assert_eq!((found.status, found.latency_us), (504, None));
    }

    #[test]
    fn quotes_inside_the_url_do_not_end_the_request() {
        for target in [
            r#"https://shop.example:443/offer/?src='"\'\");|]*{%0d%0a<%00>"#,
            r#"http://shop.example:80/%27"()&%251%3CScRiPt%20%3Eprompt(1)%3C/ScRiPt%3E/about"#,
            r#"https://shop.example:443/'"()&%251<ScRiPt%20>prompt(1)</ScRiPt>/about"#,
        ] {
            let text = LINE.replace("https://shop.example:443/shop/cart?x=1", target);
            let found = line(&text).unwrap();
            assert_eq!(found.target, target);
            assert_eq!(&*found.user_agent, b"Mozilla/5.0 (X11)");
        }
    }

    #[test]
    fn old_lines_without_user_agent_are_read() {
        let text = LINE.split(r#" "Mozilla"#).next().unwrap();
        assert_eq!(&*line(text).unwrap().user_agent, b"");
    }

    #[test]
    fn a_request_that_could_not_be_read_is_a_request() {
        let text = LINE.replace(
            "GET https://shop.example:443/shop/cart?x=1 HTTP/1.1",
            "- http://shop.example:80- -",
        );
        let found = line(&text).unwrap();
        assert_eq!((&*found.method, &*found.target), ("-", "/{malformed}"));
    }

    #[test]
    fn a_connection_of_a_tcp_listener_is_no_request() {
        let text = r#"2026-11-27T08:00:00.019143Z shop-elb 203.0.113.9:54635 198.51.100.158:80 0.001069 0.000028 0.000041 - - 82 305 "- - - " "-" - -"#;
        assert_eq!(
            parse(text.as_bytes(), &mut LineContext::default()),
            Ok(None)
        );
    }

    #[test]
    fn a_bad_line_says_which_field_is_bad() {
        for (text, reason) in [
            (
                "27/Nov/2026 08:00:00".to_owned(),
                "timestamp is not `2015-07-22T09:00:28.019143Z`",
            ),
            (
                LINE.replace("0.026200", "fast"),
                "processing time is neither seconds nor -1",
            ),
            (
                LINE.replace(" 200 200", " OK 200"),
                "ELB status is not a number from 100 to 999",
            ),
            (LINE.replace(" 699 ", " many "), "bytes are not a number"),
            (
                LINE.split("GET").next().unwrap().to_owned(),
                "request is not in quotes or not closed",
            ),
        ] {
            assert_eq!(line(&text).unwrap_err(), reason, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in any::<Vec<u8>>(), cut in 0..LINE.len(), byte in any::<u8>()) {
            let mut changed = LINE.as_bytes().to_vec();
            changed[cut] = byte;
            for line in [&bytes[..], &LINE.as_bytes()[..cut], &changed] {
                let _ = parse(line, &mut LineContext::default());
            }
        }
    }
}
