//! The common and combined log formats of Apache and nginx, with or without a duration.
//!
//! `%h %l %u [%t] "%r" %>s %b "%{Referer}i" "%{User-agent}i" …`

use super::clock::{Clock, number, seconds_as_us};
use super::fields::{Fields, request_line, status};
use super::parse::LogLine;

/// What follows the fields that every variant has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Apache common: nothing.
    Common,
    /// Apache common, then `%D` in µs.
    CommonDuration,
    /// Combined, then anything, which is ignored.
    Combined,
    /// Combined, then `%D` in µs.
    CombinedDuration,
    /// Combined, then `$request_time` in s; the time field is the end.
    CombinedRequestTime,
}

/// One line, or why it is none.
pub fn parse<'a>(
    line: &'a [u8],
    tail: Tail,
    clock: &mut Clock,
) -> Result<LogLine<'a>, &'static str> {
    let mut fields = Fields::new(line);
    let client = fields.word().ok_or("empty line")?;
    fields.word().ok_or("field `ident` is missing")?;
    skip_user(&mut fields).ok_or("no `[time]` after the user")?;
    let time = fields.bracketed().ok_or("no `[time]` after the user")?;
    let time_us = clock
        .clf_us(time)
        .ok_or("time is not `day/Mon/year:h:m:s ±zone`")?;
    let request = fields
        .quoted()
        .ok_or("request is not in quotes or not closed")?;
    let status_text = fields.word().ok_or("status is missing")?;
    let status = status(status_text).ok_or("status is not a number from 100 to 999")?;
    let bytes = fields.word().ok_or("bytes are missing")?;
    let bytes_out = match bytes {
        b"-" => Some(0),
        digits => Some(number(digits).ok_or("bytes are neither a number nor `-`")?),
    };
    let end = parse_tail(&mut fields, tail)?;
    let request = request_line(request);
    let latency_us = end.duration_us;
    let started_us = match tail {
        Tail::CombinedRequestTime => {
            time_us
                - latency_us
                    .and_then(|us| i64::try_from(us).ok())
                    .unwrap_or(0)
        }
        Tail::Common | Tail::CommonDuration | Tail::Combined | Tail::CombinedDuration => time_us,
    };
    Ok(LogLine {
        ts_us: started_us,
        client,
        user_agent: end.user_agent,
        method: request.method,
        target: request.target,
        status,
        latency_us,
        bytes_in: None,
        bytes_out: bytes_out.and_then(|bytes| u64::try_from(bytes).ok()),
    })
}

/// The user may hold spaces; it ends where the time begins.
fn skip_user(fields: &mut Fields<'_>) -> Option<()> {
    while !fields.rest().starts_with(b"[") {
        fields.word()?;
    }
    Some(())
}

struct TailEnd<'a> {
    user_agent: &'a [u8],
    duration_us: Option<u64>,
}

fn parse_tail<'a>(fields: &mut Fields<'a>, tail: Tail) -> Result<TailEnd<'a>, &'static str> {
    let user_agent = match tail {
        Tail::Common | Tail::CommonDuration => &b""[..],
        Tail::Combined | Tail::CombinedDuration | Tail::CombinedRequestTime => {
            fields
                .quoted()
                .ok_or("referrer is not in quotes or not closed")?;
            fields
                .quoted()
                .ok_or("user agent is not in quotes or not closed")?
        }
    };
    let duration_us = match tail {
        Tail::Common if !fields.rest().is_empty() => return Err("text after the bytes"),
        Tail::Common | Tail::Combined => None,
        Tail::CommonDuration | Tail::CombinedDuration => {
            let digits = fields.word().ok_or("duration is missing")?;
            let us = number(digits).ok_or("duration is not a whole number of µs")?;
            u64::try_from(us).ok()
        }
        Tail::CombinedRequestTime => {
            let text = fields.word().ok_or("request time is missing")?;
            if !text.contains(&b'.') {
                return Err("request time is not seconds with decimals");
            }
            Some(seconds_as_us(text).ok_or("request time is not seconds with decimals")?)
        }
    };
    if tail == Tail::CommonDuration && !fields.rest().is_empty() {
        return Err("text after the duration");
    }
    Ok(TailEnd {
        user_agent,
        duration_us,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: &str =
        r#"203.0.113.9 - kim [27/Nov/2026:08:00:01 +0000] "GET /cart?x=1 HTTP/1.1" 200 512"#;

    fn line(text: &str, tail: Tail) -> Result<LogLine<'_>, &'static str> {
        parse(text.as_bytes(), tail, &mut Clock::default())
    }

    #[test]
    fn every_tail_is_read_in_its_own_unit() {
        let combined = format!(r#"{COMMON} "-" "Mozilla/5.0""#);
        for (text, tail, latency_us, started_s) in [
            (COMMON.to_owned(), Tail::Common, None, 1.0),
            (
                format!("{COMMON} 1500"),
                Tail::CommonDuration,
                Some(1_500),
                1.0,
            ),
            (combined.clone(), Tail::Combined, None, 1.0),
            (
                format!(r#"{combined} "-" extra"#),
                Tail::Combined,
                None,
                1.0,
            ),
            (
                format!("{combined} 2500000"),
                Tail::CombinedDuration,
                Some(2_500_000),
                1.0,
            ),
            (
                format!("{combined} 0.250 0.249"),
                Tail::CombinedRequestTime,
                Some(250_000),
                0.75,
            ),
        ] {
            let found = line(&text, tail).unwrap();
            assert_eq!(found.latency_us, latency_us, "{text}");
            let eight_o_clock = 1_795_766_400_000_000;
            let offset_s = crate::time_window::seconds(found.ts_us - eight_o_clock);
            assert!((offset_s - started_s).abs() < 1e-9, "{text}: {offset_s}");
            assert_eq!(
                (found.method, found.target, found.status),
                ("GET", "/cart?x=1", 200)
            );
            assert_eq!(found.bytes_out, Some(512));
        }
    }

    #[test]
    fn escaped_quotes_do_not_end_a_field() {
        let text = format!(r#"{COMMON} "https://x/\"quoted\"" "agent \"q\" \\" 0.001"#);
        let found = line(&text, Tail::CombinedRequestTime).unwrap();
        assert_eq!(found.user_agent, br#"agent \"q\" \\"#);
        assert_eq!(found.latency_us, Some(1_000));
    }

    #[test]
    fn a_request_that_is_none_is_still_a_record() {
        for request in [
            "-",
            "",
            r"\x16\x03\x01",
            "GET",
            "get / HTTP/1.1",
            "GET nowhere HTTP/1.1",
        ] {
            let text = COMMON.replace("GET /cart?x=1 HTTP/1.1", request);
            let found = line(&text, Tail::Common).unwrap();
            assert_eq!(
                (found.method, found.target),
                ("-", "/{malformed}"),
                "{request}"
            );
        }
    }

    #[test]
    fn a_bad_line_says_which_field_is_bad() {
        let combined = format!(r#"{COMMON} "-" "Mozilla/5.0""#);
        for (text, tail, reason) in [
            (
                "nonsense".to_owned(),
                Tail::Common,
                "field `ident` is missing",
            ),
            (
                "a b c d e".to_owned(),
                Tail::Common,
                "no `[time]` after the user",
            ),
            (
                COMMON.replace("Nov", "Nev"),
                Tail::Common,
                "time is not `day/Mon/year:h:m:s ±zone`",
            ),
            (
                COMMON.replace(" 200", " 20x"),
                Tail::Common,
                "status is not a number from 100 to 999",
            ),
            (
                COMMON.replace("512", "five"),
                Tail::Common,
                "bytes are neither a number nor `-`",
            ),
            (
                COMMON.replace("1.1\"", "1.1"),
                Tail::Common,
                "request is not in quotes or not closed",
            ),
            (format!("{COMMON} x"), Tail::Common, "text after the bytes"),
            (
                format!(r#"{COMMON} "-" "Mozil"#),
                Tail::Combined,
                "user agent is not in quotes or not closed",
            ),
            (
                combined.clone(),
                Tail::CombinedDuration,
                "duration is missing",
            ),
            (
                format!("{combined} 1.5"),
                Tail::CombinedDuration,
                "duration is not a whole number of µs",
            ),
            (
                format!("{combined} 15"),
                Tail::CombinedRequestTime,
                "request time is not seconds with decimals",
            ),
        ] {
            assert_eq!(line(&text, tail).unwrap_err(), reason, "{text}");
        }
    }
}
