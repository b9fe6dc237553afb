//! The common and combined log formats of Apache and nginx, with or without a duration.
//!
//! `[%v:%p ]%h %l %u [%t] "%r" %>s %b "%{Referer}i" "%{User-agent}i" …`. A virtual host before the
//! client is understood in every one of them, because servers mix both in one file; the formats
//! named `vhost` demand it. nginx's durations are in [`super::nginx_text`].

use super::clf_fields::{AgentFields, SharedFields, skip_quoted};
use super::fields::Fields;
use super::format::{KnownFormat, ParseLine};
use super::line::{HeaderRule, LineContext, LineResult};
use super::unit::{Unit, number};

/// Apache's own formats and those that it shares with nginx, the most telling first.
pub const FORMATS: &[KnownFormat] = &[
    format(
        "apache-combined-vhost-duration",
        "Apache combined after `%v:%p`, then `%D`",
        "`%D`, whole µs",
        combined_vhost_duration,
    ),
    format(
        "apache-combined-duration",
        "Apache combined, then `%D`",
        "`%D`, whole µs",
        combined_duration,
    ),
    format(
        "apache-combined-seconds",
        "Apache combined, then `%T`",
        "`%T`, whole s",
        combined_seconds,
    ),
    format(
        "apache-common-vhost-duration",
        "Apache common after `%v:%p`, then `%D`",
        "`%D`, whole µs",
        common_vhost_duration,
    ),
    format(
        "apache-common-duration",
        "Apache common, then `%D`",
        "`%D`, whole µs",
        common_duration,
    ),
    format(
        "apache-common-seconds",
        "Apache common, then `%T`",
        "`%T`, whole s",
        common_seconds,
    ),
    format(
        "combined-vhost",
        "Apache or nginx combined after `host:port`; what follows is ignored",
        "none",
        combined_vhost,
    ),
    format(
        "combined",
        "Apache or nginx combined; what follows is ignored",
        "none",
        combined,
    ),
    format(
        "common-vhost",
        "Apache common after `%v:%p`",
        "none",
        common_vhost,
    ),
    format("common", "Apache common", "none", common),
];

const fn format(
    name: &'static str,
    about: &'static str,
    duration: &'static str,
    parse: ParseLine,
) -> KnownFormat {
    KnownFormat {
        name,
        about,
        duration,
        time: "start",
        header: HeaderRule::None,
        parse,
    }
}

fn combined_vhost_duration<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    with_host(combined_timed(line, context, Unit::Microseconds))
}

fn combined_duration<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    combined_timed(line, context, Unit::Microseconds)
}

fn combined_seconds<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    combined_timed(line, context, Unit::Seconds)
}

fn common_vhost_duration<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    with_host(common_timed(line, context, Unit::Microseconds))
}

fn common_duration<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    common_timed(line, context, Unit::Microseconds)
}

fn common_seconds<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    common_timed(line, context, Unit::Seconds)
}

fn combined_vhost<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    with_host(combined(line, context))
}

fn combined<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let mut fields = Fields::new(line);
    let shared = SharedFields::read(&mut fields, context)?;
    let agent = AgentFields::read(&mut fields)?;
    Ok(Some(shared.line(agent, None)))
}

fn common_vhost<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    with_host(common(line, context))
}

fn common<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let mut fields = Fields::new(line);
    let shared = SharedFields::read(&mut fields, context)?;
    if !fields.rest().is_empty() {
        return Err("text after the bytes");
    }
    Ok(Some(shared.line(AgentFields::NONE, None)))
}

fn with_host(parsed: LineResult<'_>) -> LineResult<'_> {
    match parsed {
        Ok(Some(line)) if line.host.is_empty() => Err("no virtual host before the client"),
        other => other,
    }
}

fn combined_timed<'a>(line: &'a [u8], context: &mut LineContext, unit: Unit) -> LineResult<'a> {
    let mut fields = Fields::new(line);
    let shared = SharedFields::read(&mut fields, context)?;
    let agent = AgentFields::read(&mut fields)?;
    skip_quoted(&mut fields)?;
    let latency_us = duration(&mut fields, unit)?;
    // Apache's `combinedio` ends in two numbers of bytes, Traefik's in a text such as `12ms`.
    if fields.rest().first().is_some_and(u8::is_ascii_digit) {
        return Err("two numbers after the user agent: bytes or a duration");
    }
    if line.ends_with(b"ms") {
        return Err("the last field is a duration with a unit");
    }
    Ok(Some(shared.line(agent, Some(latency_us))))
}

fn common_timed<'a>(line: &'a [u8], context: &mut LineContext, unit: Unit) -> LineResult<'a> {
    let mut fields = Fields::new(line);
    let shared = SharedFields::read(&mut fields, context)?;
    let latency_us = duration(&mut fields, unit)?;
    if !fields.rest().is_empty() {
        return Err("text after the duration");
    }
    Ok(Some(shared.line(AgentFields::NONE, Some(latency_us))))
}

fn duration(fields: &mut Fields<'_>, unit: Unit) -> Result<u64, &'static str> {
    let digits = fields.word().ok_or("duration is missing")?;
    number(digits).ok_or("duration is not a whole number")?;
    unit.as_us(digits).ok_or("duration is too large")
}

#[cfg(test)]
mod tests {
    use super::super::line::LogLine;
    use super::*;
    use proptest::prelude::*;

    const COMMON: &str =
        r#"203.0.113.9 - kim [27/Nov/2026:08:00:01 +0000] "GET /cart?x=1 HTTP/1.1" 200 512"#;
    const ONE_PAST_EIGHT_US: i64 = 1_795_766_401_000_000;

    fn line<'a>(name: &str, text: &'a str) -> Result<LogLine<'a>, &'static str> {
        let format = FORMATS.iter().find(|format| format.name == name).unwrap();
        let parsed = (format.parse)(text.as_bytes(), &mut LineContext::default())?;
        Ok(parsed.unwrap())
    }

    #[test]
    fn every_format_is_read_in_its_own_unit() {
        let combined = format!(r#"{COMMON} "https://shop.example/" "Mozilla/5.0""#);
        for (name, text, latency_us) in [
            ("common", COMMON.to_owned(), None),
            ("common-vhost", format!("shop.example:443 {COMMON}"), None),
            (
                "apache-common-duration",
                format!("{COMMON} 1500"),
                Some(1_500),
            ),
            (
                "apache-common-seconds",
                format!("{COMMON} 2"),
                Some(2_000_000),
            ),
            (
                "apache-common-vhost-duration",
                format!("shop.example:443 {COMMON} 7"),
                Some(7),
            ),
            ("combined", combined.clone(), None),
            ("combined", format!(r#"{combined} "-" extra"#), None),
            (
                "combined-vhost",
                format!("shop.example:443 {combined}"),
                None,
            ),
            (
                "apache-combined-duration",
                format!("{combined} 2500000"),
                Some(2_500_000),
            ),
            (
                "apache-combined-duration",
                format!(r#"{combined} "a=b" 25 "id""#),
                Some(25),
            ),
            (
                "apache-combined-seconds",
                format!("{combined} 3"),
                Some(3_000_000),
            ),
            (
                "apache-combined-vhost-duration",
                format!("shop.example:80 {combined} 9"),
                Some(9),
            ),
        ] {
            let found = line(name, &text).unwrap();
            assert_eq!(found.latency_us, latency_us, "{text}");
            assert_eq!(found.ts_us, ONE_PAST_EIGHT_US, "{text}");
            assert_eq!((&*found.method, &*found.target), ("GET", "/cart?x=1"));
            assert_eq!((found.status, found.bytes_out), (200, Some(512)));
            assert_eq!(&*found.client, b"203.0.113.9", "{text}");
            let is_vhost = name.contains("vhost");
            assert_eq!(found.host, if is_vhost { "shop.example" } else { "" });
            let has_agent = name.contains("combined");
            assert_eq!(
                &*found.user_agent,
                if has_agent { &b"Mozilla/5.0"[..] } else { b"" }
            );
            assert_eq!(found.referrer.is_empty(), !has_agent);
        }
    }

    #[test]
    fn escaped_quotes_do_not_end_a_field() {
        let text = format!(r#"{COMMON} "https://x/\"quoted\"" "agent \"q\" \\" 1"#);
        let found = line("apache-combined-duration", &text).unwrap();
        assert_eq!(&*found.user_agent, br#"agent \"q\" \\"#);
        assert_eq!(found.latency_us, Some(1));
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
            let found = line("common", &text).unwrap();
            assert_eq!(
                (&*found.method, &*found.target),
                ("-", "/{malformed}"),
                "{request}"
            );
        }
        let unanswered = COMMON.replace(" 200 512", " - -");
        assert_eq!(line("common", &unanswered).unwrap().status, 0);
    }

    #[test]
    fn a_bad_line_says_which_field_is_bad() {
        let combined = format!(r#"{COMMON} "-" "Mozilla/5.0""#);
        for (name, text, reason) in [
            ("common", "nonsense".to_owned(), "field `ident` is missing"),
            (
                "common",
                "a b c d e".to_owned(),
                "no `[time]` after the user",
            ),
            (
                "common",
                COMMON.replace("Nov", "Nev"),
                "time is not `day/Mon/year:h:m:s ±zone`",
            ),
            (
                "common",
                COMMON.replace(" 200", " 20x"),
                "status is not a number from 100 to 999",
            ),
            (
                "common",
                COMMON.replace("512", "five"),
                "bytes are neither a number nor `-`",
            ),
            (
                "common",
                COMMON.replace("1.1\"", "1.1"),
                "request is not in quotes or not closed",
            ),
            ("common", format!("{COMMON} x"), "text after the bytes"),
            (
                "common-vhost",
                COMMON.to_owned(),
                "no virtual host before the client",
            ),
            (
                "combined-vhost",
                combined.clone(),
                "no virtual host before the client",
            ),
            (
                "combined",
                format!(r#"{COMMON} "-" "Mozil"#),
                "user agent is not in quotes or not closed",
            ),
            (
                "apache-combined-duration",
                combined.clone(),
                "duration is missing",
            ),
            (
                "apache-combined-duration",
                format!("{combined} 1.5"),
                "duration is not a whole number",
            ),
            (
                "apache-combined-duration",
                format!("{combined} 310 4200"),
                "two numbers after the user agent: bytes or a duration",
            ),
            (
                "apache-combined-duration",
                format!(r#"{combined} 5 "shop@docker" "http://198.51.100.1" 12ms"#),
                "the last field is a duration with a unit",
            ),
        ] {
            assert_eq!(line(name, &text).unwrap_err(), reason, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in any::<Vec<u8>>(), cut in 0..110_usize, byte in any::<u8>()) {
            let whole = format!(r#"shop.example:80 {COMMON} "-" "Mozilla/5.0" 15"#).into_bytes();
            let mut changed = whole.clone();
            changed[cut] = byte;
            for format in FORMATS {
                for line in [&bytes[..], &whole[..cut], &whole[cut..], &changed] {
                    let _ = (format.parse)(line, &mut LineContext::default());
                }
            }
        }
    }
}
