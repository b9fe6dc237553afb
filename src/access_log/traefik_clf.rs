//! Traefik's access log in its common log format.
//!
//! `client - user [time] "request" status bytes "referrer" "user agent" count "router" "server url"
//! 12ms`, <https://doc.traefik.io/traefik/observability/access-logs/>. The time is the start. The
//! router stands for the service.

use super::clf_fields::{AgentFields, SharedFields};
use super::fields::Fields;
use super::format::KnownFormat;
use super::line::{HeaderRule, LineContext, LineResult};
use super::unit::{Unit, number};
use super::value::{or_empty, text};

/// The one format.
pub const FORMATS: &[KnownFormat] = &[KnownFormat {
    name: "traefik-clf",
    about: "Traefik, common log format",
    duration: "last field, whole ms",
    time: "start",
    header: HeaderRule::None,
    parse,
}];

fn parse<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    let mut fields = Fields::new(line);
    let shared = SharedFields::read(&mut fields, context)?;
    let agent = AgentFields::read(&mut fields)?;
    let count = fields.word().ok_or("request count is missing")?;
    if count != b"-" {
        number(count).ok_or("request count is not a number")?;
    }
    let router = fields
        .quoted()
        .ok_or("router is not in quotes or not closed")?;
    fields
        .quoted()
        .ok_or("server URL is not in quotes or not closed")?;
    let duration = fields
        .rest()
        .trim_ascii_end()
        .strip_suffix(b"ms")
        .ok_or("duration does not end in `ms`")?;
    let latency_us = Unit::Milliseconds
        .as_us(duration)
        .ok_or("duration is not a number of ms")?;
    let mut parsed = shared.line(agent, Some(latency_us));
    parsed.service = text(or_empty(router));
    Ok(Some(parsed))
}

#[cfg(test)]
mod tests {
    use super::super::line::LogLine;
    use super::*;
    use proptest::prelude::*;

    const LINE: &str = r#"203.0.113.9 - - [27/Nov/2026:08:00:01 +0000] "GET /cart HTTP/1.1" 200 512 "-" "Mozilla/5.0" 42 "cart@docker" "http://198.51.100.7:80" 12ms"#;

    fn line(text: &str) -> Result<LogLine<'_>, &'static str> {
        Ok(parse(text.as_bytes(), &mut LineContext::default())?.unwrap())
    }

    #[test]
    fn the_router_is_the_service_and_the_time_is_the_start() {
        let found = line(LINE).unwrap();
        assert_eq!(found.ts_us, 1_795_766_401_000_000);
        assert_eq!(
            (&*found.service, found.latency_us),
            ("cart@docker", Some(12_000))
        );
        assert_eq!(
            (found.status, &*found.user_agent),
            (200, &b"Mozilla/5.0"[..])
        );
    }

    #[test]
    fn a_request_without_router_or_answer_is_still_one() {
        let text = LINE
            .replace(r#""cart@docker" "http://198.51.100.7:80""#, r#""-" "-""#)
            .replace(" 200 512 ", " - - ");
        let found = line(&text).unwrap();
        assert_eq!((&*found.service, found.status), ("", 0));
    }

    #[test]
    fn a_bad_line_says_which_field_is_bad() {
        for (from, to, reason) in [
            (" 12ms", " 12", "duration does not end in `ms`"),
            (" 12ms", " fastms", "duration is not a number of ms"),
            (" 42 ", " x ", "request count is not a number"),
            (
                "\"cart@docker\"",
                "cart@docker",
                "router is not in quotes or not closed",
            ),
        ] {
            assert_eq!(line(&LINE.replace(from, to)).unwrap_err(), reason);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in any::<Vec<u8>>(), cut in 0..LINE.len()) {
            for line in [&bytes[..], &LINE.as_bytes()[..cut]] {
                let _ = parse(line, &mut LineContext::default());
            }
        }
    }
}
