//! nginx combined with the durations that its users add, and the log of the Kubernetes ingress
//! controller.
//!
//! nginx writes a line when the request ends, so the duration is taken off the time. Its durations
//! are seconds with exactly three decimals; those of upstream servers are lists.

use std::borrow::Cow;

use super::clf_fields::{AgentFields, SharedFields, skip_quoted};
use super::fields::Fields;
use super::format::KnownFormat;
use super::line::{HeaderRule, LineContext, LineResult};
use super::unit::{Unit, number};
use super::value::{list_end, or_empty, text, upstream_tries};

/// nginx formats with a duration, the most telling first.
pub const FORMATS: &[KnownFormat] = &[
    KnownFormat {
        name: "nginx-ingress",
        about: "Kubernetes ingress-nginx: combined, request length and time, upstream, request id",
        duration: "`$request_time`, s",
        time: "end",
        header: HeaderRule::None,
        parse: ingress,
    },
    KnownFormat {
        name: "nginx-timing-pairs",
        about: "nginx combined, then pairs such as `rt=0.123 urt=\"0.100\"`",
        duration: "`rt=` or `request_time=`, s",
        time: "end",
        header: HeaderRule::None,
        parse: timing_pairs,
    },
    KnownFormat {
        name: "nginx-request-time",
        about: "nginx combined, then `$request_time`, maybe `$upstream_response_time`",
        duration: "`$request_time`, s",
        time: "end",
        header: HeaderRule::None,
        parse: request_time,
    },
];

fn request_time<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let mut fields = Fields::new(line);
    let shared = SharedFields::read(&mut fields, context)?;
    let agent = AgentFields::read(&mut fields)?;
    skip_quoted(&mut fields)?;
    let time = fields.word().ok_or("request time is missing")?;
    let latency_us = match time {
        b"-" => None,
        time => Some(seconds(time).ok_or("request time is not seconds with three decimals")?),
    };
    let mut tries = None;
    if !fields.rest().is_empty() {
        let upstream_times = upstream_times(fields);
        if latency_us.is_none() && upstream_times.is_none() {
            return Err("request time is `-`, and no upstream time follows");
        }
        tries = upstream_times.and_then(upstream_tries);
    }
    Ok(Some(shared.ended_line(agent, latency_us, tries)))
}

/// A list of times, in quotes or not; `None` when something else comes next.
fn upstream_times(mut fields: Fields<'_>) -> Option<&[u8]> {
    let list = match fields.rest().first()? {
        b'"' => fields.quoted()?,
        _ => bare_list(&mut fields),
    };
    is_time_list(list).then_some(list)
}

fn bare_list<'a>(fields: &mut Fields<'a>) -> &'a [u8] {
    let rest = fields.rest();
    let end = list_end(rest);
    *fields = Fields::new(rest.get(end + 1..).unwrap_or(b""));
    &rest[..end]
}

fn is_time_list(list: &[u8]) -> bool {
    let mut entries = list
        .split(|byte| matches!(byte, b',' | b' '))
        .filter(|entry| !entry.is_empty() && *entry != b":")
        .peekable();
    entries.peek().is_some() && entries.all(|entry| entry == b"-" || seconds(entry).is_some())
}

/// Seconds with exactly three decimals, as nginx writes them, in µs.
fn seconds(text: &[u8]) -> Option<u64> {
    let (whole, [b'.', thousandths @ ..]) = text.split_last_chunk::<4>()? else {
        return None;
    };
    let us = number(whole)?.checked_mul(1_000_000)?;
    us.checked_add(number(thousandths)? * 1_000)?
        .try_into()
        .ok()
}

fn timing_pairs<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let mut fields = Fields::new(line);
    let shared = SharedFields::read(&mut fields, context)?;
    let agent = AgentFields::read(&mut fields)?;
    let (mut time, mut upstream, mut session) = (None, None, &b""[..]);
    while let Some((key, value)) = next_pair(&mut fields) {
        match key {
            b"rt" | b"request_time" => time = Some(value),
            b"urt" | b"upstream_response_time" => upstream = Some(value),
            b"sid" | b"session" | b"session_id" => session = value,
            _ => {}
        }
    }
    let time = time.ok_or("no `rt=` or `request_time=` after the user agent")?;
    let latency_us = match time {
        b"-" => None,
        time => Some(Unit::Seconds.as_us(time).ok_or("`rt=` is not seconds")?),
    };
    let tries = upstream.and_then(upstream_tries);
    let mut parsed = shared.ended_line(agent, latency_us, tries);
    parsed.session = Cow::Borrowed(or_empty(session));
    Ok(Some(parsed))
}

/// Key and value of the next `key=value` or `key="value"`; an empty key for any other field.
fn next_pair<'a>(fields: &mut Fields<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let rest = fields.rest();
    if rest.starts_with(b"\"") {
        return Some((b"", fields.quoted()?));
    }
    let key_end = memchr::memchr2(b'=', b' ', rest).unwrap_or(rest.len());
    if rest.get(key_end) != Some(&b'=') {
        return Some((b"", fields.word()?));
    }
    *fields = Fields::new(&rest[key_end + 1..]);
    let value = if fields.rest().starts_with(b"\"") {
        fields.quoted()?
    } else {
        bare_list(fields)
    };
    Some((&rest[..key_end], value))
}

fn ingress<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let mut fields = Fields::new(line);
    let shared = SharedFields::read(&mut fields, context)?;
    let agent = AgentFields::read(&mut fields)?;
    let length = fields.word().ok_or("request length is missing")?;
    let length = number(length).ok_or("request length is not a number")?;
    let time = fields.word().ok_or("request time is missing")?;
    let latency_us = seconds(time).ok_or("request time is not seconds with three decimals")?;
    let service = fields
        .bracketed()
        .ok_or("no `[upstream name]` after the request time")?;
    // Controllers before 0.24 have no alternative upstream.
    let _ = fields.bracketed();
    if fields.rest().is_empty() {
        return Err("upstream address is missing");
    }
    let addresses = bare_list(&mut fields);
    let mut parsed = shared.line(agent, Some(latency_us));
    parsed.bytes_in = u64::try_from(length).ok();
    parsed.service = text(or_empty(service));
    parsed.upstream_tries = upstream_tries(addresses);
    Ok(Some(parsed.ended()))
}

#[cfg(test)]
mod tests {
    use super::super::line::LogLine;
    use super::*;
    use proptest::prelude::*;

    const COMBINED: &str = r#"203.0.113.9 - - [27/Nov/2026:08:00:01 +0000] "GET /cart HTTP/1.1" 200 512 "-" "Mozilla/5.0""#;
    const ONE_PAST_EIGHT_US: i64 = 1_795_766_401_000_000;

    fn line<'a>(name: &str, text: &'a str) -> Result<LogLine<'a>, &'static str> {
        let format = FORMATS.iter().find(|format| format.name == name).unwrap();
        let parsed = (format.parse)(text.as_bytes(), &mut LineContext::default())?;
        Ok(parsed.unwrap())
    }

    #[test]
    fn a_pair_may_name_the_session() {
        for (pairs, session) in [
            ("rt=0.250 sid=5e55", "5e55"),
            ("rt=0.250 session=\"a b\" urt=0.1", "a b"),
            ("rt=0.250 sid=-", ""),
            ("rt=0.250", ""),
        ] {
            let text = format!("{COMBINED} {pairs}");
            let found = line("nginx-timing-pairs", &text).unwrap();
            assert_eq!(&*found.session, session.as_bytes(), "{pairs}");
        }
    }

    #[test]
    fn the_request_time_is_taken_off_the_time_of_the_log() {
        for (name, tail, latency_us, tries) in [
            ("nginx-request-time", "0.250", Some(250_000), None),
            ("nginx-request-time", "0.250 0.249", Some(250_000), Some(1)),
            (
                "nginx-request-time",
                "1.250 0.004, 0.012 : 0.100 .",
                Some(1_250_000),
                Some(3),
            ),
            (
                "nginx-request-time",
                r#""198.51.100.7" 0.250 "0.004, -""#,
                Some(250_000),
                Some(2),
            ),
            (
                "nginx-request-time",
                r#""a" "b c" 0.250 - pipe"#,
                Some(250_000),
                None,
            ),
            (
                "nginx-request-time",
                "0.250 198.51.100.7:80",
                Some(250_000),
                None,
            ),
            ("nginx-request-time", r#""-" -"#, None, None),
            ("nginx-request-time", r#""-" - 0.321"#, None, Some(1)),
            ("nginx-timing-pairs", "rt=0.250", Some(250_000), None),
            (
                "nginx-timing-pairs",
                r#""-" rt=0.250 uct="0.001" uht="0.002, 0.1" urt="0.100, 0.023""#,
                Some(250_000),
                Some(2),
            ),
            (
                "nginx-timing-pairs",
                r#"host=a urt=0.1, 0.2 request_time="0.250""#,
                Some(250_000),
                Some(2),
            ),
            ("nginx-timing-pairs", "rt=0.250 urt=-", Some(250_000), None),
        ] {
            let text = format!("{COMBINED} {tail}");
            let found = line(name, &text).unwrap();
            assert_eq!(
                (found.latency_us, found.upstream_tries),
                (latency_us, tries),
                "{tail}"
            );
            let latency_us = i64::try_from(latency_us.unwrap_or(0)).unwrap();
            assert_eq!(found.ts_us, ONE_PAST_EIGHT_US - latency_us, "{tail}");
        }
    }

    #[test]
    fn the_ingress_controller_names_service_and_tries() {
        for (tail, service, tries) in [
            (
                "461 0.030 [default-cart-80] [] 198.51.100.7:80 512 0.030 200 7f3a",
                "default-cart-80",
                Some(1),
            ),
            (
                "461 0.030 [shop-cart-80] [alt] 198.51.100.7:80, 198.51.100.8:80 0, 512 0.010, 0.020 502, 200 7f3a",
                "shop-cart-80",
                Some(2),
            ),
            ("461 0.030 [] [] - - - - 7f3a", "", None),
            (
                "461 0.030 [shop-cart-80] 198.51.100.7:80 512 0.030 200",
                "shop-cart-80",
                Some(1),
            ),
        ] {
            let text = format!("{COMBINED} {tail}");
            let found = line("nginx-ingress", &text).unwrap();
            assert_eq!(
                (&*found.service, found.upstream_tries),
                (service, tries),
                "{tail}"
            );
            assert_eq!(
                (found.bytes_in, found.latency_us),
                (Some(461), Some(30_000))
            );
            assert_eq!(found.ts_us, ONE_PAST_EIGHT_US - 30_000);
        }
        let old_head = COMBINED.replace(" - - [", " - [203.0.113.9] - - [");
        let text = format!("{old_head} 461 0.030 [a] 198.51.100.7:80 1 0.030 200");
        assert_eq!(
            &*line("nginx-ingress", &text).unwrap().client,
            b"203.0.113.9"
        );
    }

    #[test]
    fn a_bad_line_says_which_field_is_bad() {
        for (name, tail, reason) in [
            ("nginx-request-time", "", "request time is missing"),
            (
                "nginx-request-time",
                " 15",
                "request time is not seconds with three decimals",
            ),
            (
                "nginx-request-time",
                " 0.25",
                "request time is not seconds with three decimals",
            ),
            (
                "nginx-request-time",
                " - host",
                "request time is `-`, and no upstream time follows",
            ),
            ("nginx-request-time", " \"-", "a quoted field is not closed"),
            (
                "nginx-timing-pairs",
                " 0.250",
                "no `rt=` or `request_time=` after the user agent",
            ),
            ("nginx-timing-pairs", " rt=fast", "`rt=` is not seconds"),
            ("nginx-ingress", " 0.250", "request length is not a number"),
            (
                "nginx-ingress",
                " 461 0.250",
                "no `[upstream name]` after the request time",
            ),
            (
                "nginx-ingress",
                " 461 0.250 [a]",
                "upstream address is missing",
            ),
        ] {
            let text = format!("{COMBINED}{tail}");
            assert_eq!(line(name, &text).unwrap_err(), reason, "{tail}");
        }
    }

    proptest! {
        #[test]
        fn seconds_are_those_of_any_number_of_decimals(text in "[0-9]{0,20}[.][0-9]{3}|[0-9./:]{0,8}") {
            let has_three = text.len() > 3 && text.as_bytes()[text.len() - 4] == b'.';
            let expected = Unit::Seconds.as_us(text.as_bytes()).filter(|_| has_three);
            prop_assert_eq!(seconds(text.as_bytes()), expected);
        }

        #[test]
        fn any_bytes_are_survived(bytes in any::<Vec<u8>>(), tail in "[-0-9.,:=\" \\[\\]rtu]{0,40}") {
            let with_tail = format!("{COMBINED} {tail}");
            for format in FORMATS {
                for line in [&bytes[..], with_tail.as_bytes()] {
                    let _ = (format.parse)(line, &mut LineContext::default());
                }
            }
        }
    }
}
