//! AWS application load balancer access logs.
//!
//! `type time elb client:port target:port … "user agent" cipher protocol target_group_arn "trace"
//! "domain" "certificate" rule_priority request_creation_time "actions" …`,
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>.
//! `time` is when the answer was made, so the start is `request_creation_time`, or `time` less the
//! durations where that is missing. AWS adds fields at the end; they are ignored.

use super::elb::SharedFields;
use super::fields::Fields;
use super::format::KnownFormat;
use super::line::{HeaderRule, LineContext, LineResult};
use super::value::{or_empty, text};

/// The one format.
pub const FORMATS: &[KnownFormat] = &[KnownFormat {
    name: "aws-alb",
    about: "AWS application load balancer",
    duration: "sum of the three processing times, s",
    time: "end; `request_creation_time` is the start",
    header: HeaderRule::None,
    parse,
}];

/// A request that was created so long before its answer was not: WebSockets live for hours, but
/// not for more than a day.
const CREATION_AGE_US_MAX: i64 = 86_400_000_000;

fn parse<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let mut fields = Fields::new(line);
    let kind = fields.word().ok_or("empty line")?;
    if !matches!(kind, b"http" | b"https" | b"h2" | b"grpcs" | b"ws" | b"wss") {
        return Err("type is none of http, https, h2, grpcs, ws, wss");
    }
    let time = fields.word().ok_or("time is missing")?;
    let time_us = context
        .clock
        .iso_us(time)
        .ok_or("time is not `2026-11-27T08:00:01.186641Z`")?;
    let shared = SharedFields::read(&mut fields)?;
    let routing = Routing::read(&mut fields, context);
    let created_us = routing
        .created_us
        .filter(|created_us| (0..=CREATION_AGE_US_MAX).contains(&(time_us - created_us)));
    let mut parsed = match created_us {
        Some(created_us) => shared.line(created_us),
        None => shared.line(time_us).ended(),
    };
    parsed.host = text(or_empty(routing.domain));
    parsed.service = text(routing.target_group);
    Ok(Some(parsed))
}

/// What follows the user agent; older lines end anywhere in it.
#[derive(Debug, Default)]
struct Routing<'a> {
    target_group: &'a [u8],
    domain: &'a [u8],
    created_us: Option<i64>,
}

impl<'a> Routing<'a> {
    fn read(fields: &mut Fields<'a>, context: &mut LineContext) -> Self {
        let mut routing = Routing::default();
        let _ = routing.fill(fields, context);
        routing
    }

    fn fill(&mut self, fields: &mut Fields<'a>, context: &mut LineContext) -> Option<()> {
        let _cipher = fields.word()?;
        let _protocol = fields.word()?;
        self.target_group = target_group(fields.word()?).unwrap_or(b"");
        let _trace = fields.quoted()?;
        self.domain = fields.quoted()?;
        let _certificate = fields.quoted()?;
        let _rule_priority = fields.word()?;
        self.created_us = context.clock.iso_us(fields.word()?);
        Some(())
    }
}

/// `cart` of `arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/cart/1f2e3d4c5b6a7980`.
fn target_group(arn: &[u8]) -> Option<&[u8]> {
    let mut parts = arn.split(|byte| *byte == b'/');
    let _resource = parts.next()?;
    parts.next()
}

#[cfg(test)]
mod tests {
    use super::super::line::LogLine;
    use super::*;
    use proptest::prelude::*;

    const LINE: &str = r#"https 2026-11-27T08:00:01.186641Z app/shop/0a1b2c3d4e5f6071 203.0.113.9:40123 198.51.100.7:80 0.080 0.050 0.041 200 200 12 57 "GET https://shop.example:443/cart?x=1 HTTP/2.0" "Mozilla/5.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/cart/1f2e3d4c5b6a7980 "Root=1-6a1b2c3d-0123456789abcdef01234567" "shop.example" "arn:aws:acm:eu-west-1:123456789012:certificate/12345678" 1 2026-11-27T08:00:01.010000Z "authenticate,forward" "-" "-" "198.51.100.7:80" "200" "-" "-" TID_1 "new" "fields""#;

    fn line(text: &str) -> Result<LogLine<'_>, &'static str> {
        Ok(parse(text.as_bytes(), &mut LineContext::default())?.unwrap())
    }

    #[test]
    fn the_request_starts_when_it_was_created() {
        let found = line(LINE).unwrap();
        assert_eq!(found.ts_us, 1_795_766_401_010_000);
        assert_eq!(found.latency_us, Some(171_000));
        assert_eq!((&*found.service, &*found.host), ("cart", "shop.example"));
        assert_eq!(found.target, "https://shop.example:443/cart?x=1");
        assert_eq!((&*found.client, found.status), (&b"203.0.113.9"[..], 200));
        assert_eq!((found.bytes_in, found.bytes_out), (Some(12), Some(57)));
    }

    #[test]
    fn a_creation_time_that_cannot_be_leaves_the_time_less_the_durations() {
        for created in ["2019-01-01T00:00:00.000000Z", "2026-11-27T08:00:02.0Z", "-"] {
            let text = LINE.replace("2026-11-27T08:00:01.010000Z", created);
            assert_eq!(
                line(&text).unwrap().ts_us,
                1_795_766_401_015_641,
                "{created}"
            );
        }
    }

    #[test]
    fn old_lines_end_anywhere_after_the_user_agent() {
        let end_of_agent = LINE.find("Mozilla/5.0\"").unwrap() + 12;
        for (end, _) in LINE
            .match_indices(' ')
            .filter(|(end, _)| *end >= end_of_agent)
        {
            let found = line(&LINE[..end]).unwrap();
            assert_eq!(found.latency_us, Some(171_000));
            assert_eq!(&*found.user_agent, b"Mozilla/5.0");
        }
    }

    #[test]
    fn a_target_that_never_answered_gives_no_duration() {
        let text = LINE
            .replace(
                "198.51.100.7:80 0.080 0.050 0.041 200 200",
                "- -1 -1 -1 460 -",
            )
            .replace("https 2026", "wss 2026");
        let found = line(&text).unwrap();
        assert_eq!((found.status, found.latency_us), (460, None));
        let text = LINE.replace("0.041 200 200", "0.041 - -");
        assert_eq!(line(&text).unwrap().status, 0);
    }

    #[test]
    fn a_bad_line_says_which_field_is_bad() {
        for (from, to, reason) in [
            (
                "https 2026",
                "ftp 2026",
                "type is none of http, https, h2, grpcs, ws, wss",
            ),
            (
                "https 2026-11",
                "https 2026",
                "time is not `2026-11-27T08:00:01.186641Z`",
            ),
            ("0.050", "fast", "processing time is neither seconds nor -1"),
        ] {
            assert_eq!(line(&LINE.replace(from, to)).unwrap_err(), reason);
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
