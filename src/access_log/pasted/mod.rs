//! A log format that the user pastes from the server's configuration: nginx `log_format` or Apache
//! `LogFormat`.
//!
//! In: that text. Out: a [`PastedFormat`], a list of values with the literal text that ends each,
//! which is walked over every line. It never guesses: what cannot be told apart, or lacks the time,
//! the status or the request, is refused with what to change.

mod apache;
mod entry;
mod meaning;
mod nginx;
mod piece;

use memchr::memmem::Finder;

use self::entry::Entry;
use self::meaning::Meaning;
use self::piece::{Pieces, TimeMeaning};
use super::line::{LineContext, LineResult};

/// The longest text that is compiled, bytes.
pub const PASTED_BYTES_MAX: usize = 65_536;

/// A compiled format.
#[derive(Debug, Clone)]
pub struct PastedFormat {
    /// What every line begins with.
    begin: Vec<u8>,
    steps: Vec<Step>,
    time: TimeMeaning,
}

impl PastedFormat {
    /// The format that `text` describes, with or without the frame `log_format name '…';` or
    /// `LogFormat "…" name`.
    ///
    /// # Errors
    /// When it is no such text, a JSON one, one whose values cannot be told apart, or one without
    /// the time, the status or the request. The message says what to change.
    pub fn compile(text: &str) -> Result<PastedFormat, String> {
        let text = text.trim();
        if text.len() > PASTED_BYTES_MAX {
            return Err(format!(
                "the format is longer than {PASTED_BYTES_MAX} bytes"
            ));
        }
        let pieces = if is_nginx(text)? {
            nginx::read(text)?
        } else {
            apache::read(text)?
        };
        Ok(Self::of(pieces.checked()?))
    }

    /// One line of this format.
    ///
    /// # Errors
    /// When the line differs from the format; the reason names the value.
    pub fn parse<'a>(&self, line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
        let mut rest = line
            .strip_prefix(&self.begin[..])
            .ok_or("the line does not begin as the pasted format does")?;
        let mut entry = Entry::default();
        for step in &self.steps {
            let end = step.value_end(rest).ok_or(step.meaning.unended())?;
            entry.set(step.meaning, &rest[..end], &mut context.clock)?;
            rest = &rest[end + step.end.needle().len()..];
        }
        if !rest.trim_ascii().is_empty() {
            return Err("text after the end of the pasted format");
        }
        let parsed = entry.finish();
        Ok(Some(match self.time {
            TimeMeaning::Start => parsed,
            TimeMeaning::End => parsed.ended(),
        }))
    }

    fn of(pieces: Pieces) -> Self {
        let steps = pieces.values.into_iter().map(|value| Step {
            meaning: value.meaning,
            spaces_inside: value.meaning.spaces_inside(),
            end: Finder::new(&value.text_after).into_owned(),
        });
        Self {
            begin: pieces.text_before.into_bytes(),
            steps: steps.collect(),
            time: pieces.time,
        }
    }
}

/// Whether it is nginx's, or else Apache's.
fn is_nginx(text: &str) -> Result<bool, String> {
    if text.starts_with("log_format") {
        return Ok(true);
    }
    let is_framed = text
        .get(..9)
        .is_some_and(|frame| frame.eq_ignore_ascii_case("LogFormat"));
    let dollar_count = text.matches('$').count();
    let percent_count = text.matches('%').count();
    if is_framed || percent_count > dollar_count {
        return Ok(false);
    }
    if dollar_count > 0 {
        return Ok(true);
    }
    Err(
        "it has neither the variables of an nginx `log_format` such as `$status` nor those of an \
         Apache `LogFormat` such as `%>s`"
            .to_owned(),
    )
}

/// One value and what ends it.
#[derive(Debug, Clone)]
struct Step {
    meaning: Meaning,
    /// Spaces that belong to the value when it is not quoted.
    spaces_inside: usize,
    /// Empty for a value that reaches to the end of the line.
    end: Finder<'static>,
}

impl Step {
    fn value_end(&self, rest: &[u8]) -> Option<usize> {
        if self.end.needle().is_empty() {
            return Some(rest.len());
        }
        let mut spaces_left = self.spaces_inside;
        let mut from = 0;
        loop {
            let found = from + self.end.find(&rest[from..])?;
            if !self.is_inside(rest, found, &mut spaces_left) {
                return Some(found);
            }
            from = found + 1;
        }
    }

    /// Whether what looks like the end still belongs to the value.
    fn is_inside(&self, rest: &[u8], found: usize, spaces_left: &mut usize) -> bool {
        let value = &rest[..found];
        match self.end.needle()[0] {
            b'"' => {
                let backslashes = value.iter().rev().take_while(|byte| **byte == b'\\');
                backslashes.count() % 2 == 1
            }
            b' ' if *spaces_left > 0 => {
                *spaces_left -= 1;
                true
            }
            b' ' if self.meaning.is_list() => {
                value.ends_with(b",") || value.ends_with(b" :") || rest[found..].starts_with(b" : ")
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_log::line::LogLine;
    use proptest::prelude::*;

    const NGINX: &str = r#"log_format main '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for" $request_time '
                      '$upstream_response_time $host $request_id';"#;
    const NGINX_LINE: &str = r#"198.51.100.1 - kim van dam [27/Nov/2026:08:00:01 +0000] "GET /cart?x=1 HTTP/1.1" 200 512 "-" "Mozilla/5.0" "203.0.113.9, 198.51.100.2" 0.250 0.100, 0.050 : 0.020 shop.example 7f3a"#;
    const ONE_PAST_EIGHT_US: i64 = 1_795_766_401_000_000;

    fn line<'a>(format: &str, text: &'a str) -> Result<LogLine<'a>, String> {
        let format = PastedFormat::compile(format)?;
        let parsed = format.parse(text.as_bytes(), &mut LineContext::default())?;
        Ok(parsed.unwrap())
    }

    #[test]
    fn an_nginx_format_is_read_and_its_time_is_the_end() {
        let unframed = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for" $request_time $upstream_response_time ${host} $request_id"#;
        for format in [NGINX, unframed] {
            let found = line(format, NGINX_LINE).unwrap();
            assert_eq!(found.ts_us, ONE_PAST_EIGHT_US - 250_000);
            assert_eq!(
                (found.latency_us, found.upstream_tries),
                (Some(250_000), Some(3))
            );
            assert_eq!((&*found.method, &*found.target), ("GET", "/cart?x=1"));
            assert_eq!((found.status, found.bytes_out), (200, Some(512)));
            assert_eq!(
                (&*found.client, &*found.user_agent),
                (&b"203.0.113.9"[..], &b"Mozilla/5.0"[..])
            );
            assert_eq!(
                (&*found.host, &*found.row_key),
                ("shop.example", &b"7f3a"[..])
            );
            assert!(found.referrer.is_empty());
        }
    }

    #[test]
    fn an_apache_format_is_read_and_its_time_is_the_start() {
        let framed = r#"LogFormat "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\" %{X-Forwarded-For}i %{PHPSESSID}C %I %T/%D" timed"#;
        let text = r#"shop.example:443 198.51.100.1 - - [27/Nov/2026:08:00:01 +0000] "GET /cart HTTP/1.1" 200 512 "https://shop.example/\"x\"" "agent \"q\" \\" 203.0.113.9, 198.51.100.2 abc 77 0/2500"#;
        let unframed = framed
            .trim_start_matches("LogFormat \"")
            .trim_end_matches("\" timed")
            .replace("\\\"", "\"");
        for format in [framed, &unframed] {
            let found = line(format, text).unwrap();
            assert_eq!(
                (found.ts_us, found.latency_us),
                (ONE_PAST_EIGHT_US, Some(2_500))
            );
            assert_eq!(
                (&*found.host, &*found.session),
                ("shop.example", &b"abc"[..])
            );
            assert_eq!(
                (&*found.client, found.bytes_in),
                (&b"203.0.113.9"[..], Some(77))
            );
            assert_eq!(&*found.user_agent, br#"agent \"q\" \\"#);
        }
    }

    #[test]
    fn times_of_every_spelling_are_read() {
        for (format, text, after_us) in [
            (
                "$time_iso8601 $status $request_uri",
                "2026-11-27T09:00:01+01:00 200 /",
                0,
            ),
            (
                "$msec $status $request_uri",
                "1795766401.125 200 /",
                125_000,
            ),
            (
                "$time_local|$msec|$status|$uri",
                "x|1795766401.125|200|/",
                125_000,
            ),
            (
                "$time_local $status $request",
                "27/Nov/2026:08:00:01 +0000 200 GET / HTTP/1.1",
                0,
            ),
            ("%t %>s %U", "[27/Nov/2026:08:00:01 +0000] 200 /", 0),
            ("%{sec}t %>s %U", "1795766401 200 /", 0),
            ("%{msec}t %>s %U", "1795766401125 200 /", 125_000),
            ("%{begin:usec}t %>s %U", "1795766401000007 200 /", 7),
            (
                "%{%Y-%m-%dT%H:%M:%S}t %s %U",
                "2026-11-27T08:00:01 200 /",
                0,
            ),
            ("%{%F %T}t %s %U", "2026-11-27 08:00:01 200 /", 0),
            (
                "%{%Y-%m-%dT%T}t.%{msec_frac}t%{%z}t %s %U",
                "2026-11-27T09:00:01.125+0100 200 /",
                125_000,
            ),
            (
                "%{%FT%T}t.%{usec_frac}tZ %s %U",
                "2026-11-27T08:00:01.000007Z 200 /",
                7,
            ),
            (
                "[%{%d/%b/%Y:%T}t.%{msec_frac}t %{%z}t] %s %U",
                "[27/Nov/2026:09:00:01.125 +0100] 200 /",
                125_000,
            ),
        ] {
            let found = line(format, text).unwrap();
            assert_eq!(found.ts_us, ONE_PAST_EIGHT_US + after_us, "{format}");
        }
    }

    #[test]
    fn target_and_query_are_kept_apart_where_the_log_has_them_apart() {
        for (format, text, method, target, query) in [
            (
                "%t %s %m %U%%%q",
                "[27/Nov/2026:08:00:01 +0000] 200 GET /cart%?x=1",
                "GET",
                "/cart",
                "x=1",
            ),
            (
                "$msec $status $request_method $uri?$args",
                "1.0 200 PUT /a?x=1",
                "PUT",
                "/a",
                "x=1",
            ),
            (
                "$msec $status $request_uri $args",
                "1.0 200 /a?x=1 x=1",
                "-",
                "/a?x=1",
                "",
            ),
            (
                "$msec $status $request_uri",
                "1.0 400 -",
                "-",
                "/{malformed}",
                "",
            ),
        ] {
            let found = line(format, text).unwrap();
            assert_eq!(
                (&*found.method, &*found.target),
                (method, target),
                "{format}"
            );
            assert_eq!(found.query, query, "{format}");
        }
    }

    #[test]
    fn a_format_that_cannot_be_read_says_what_to_change() {
        for (format, message) in [
            ("", "neither the variables of an nginx"),
            ("plain text", "neither the variables of an nginx"),
            (
                "$status$time_local $request",
                "nothing stands between `$status` and `$time_local`",
            ),
            (
                "$time_local $status",
                "lacks the request (such as `$request`)",
            ),
            (
                "$request",
                "lacks the time (such as `$time_local`), the status (such as `$status`)",
            ),
            (
                "$time_locl $status $request",
                "did you mean `$time_local` by `$time_locl`?",
            ),
            ("%h %r %{%H}t %>s", "lacks the time (such as `%t`)"),
            (
                "$msec $status $uri $http_user_agent $host",
                "must write it in quotes",
            ),
            (
                "log_format a escape=json '{\"s\":$status}';",
                "detected by themselves",
            ),
            ("{\"status\": $status}", "detected by themselves"),
            ("LogFormat \"{ \\\"s\\\": %>s }\"", "detected by themselves"),
            ("log_format a '$status", "is not closed"),
            ("LogFormat \"%>s", "is not closed"),
            ("%{Referer", "is not closed"),
            ("%h %", "a `%` stands at the end"),
        ] {
            let error = PastedFormat::compile(format).unwrap_err();
            assert!(error.contains(message), "{format}: {error}");
        }
        let values = "$msec $status $uri";
        let at_the_edge = "_".repeat(PASTED_BYTES_MAX - values.len()) + values;
        assert!(PastedFormat::compile(&at_the_edge).is_ok());
        let error = PastedFormat::compile(&format!("{at_the_edge}_")).unwrap_err();
        assert!(error.contains("longer than 65536 bytes"), "{error}");
    }

    #[test]
    fn a_line_that_differs_says_which_value_is_bad() {
        for (from, to, reason) in [
            (
                "\" 200 ",
                "\" OK ",
                "the status is not a number from 100 to 999",
            ),
            (" 0.250 ", " fast ", "the duration is not a number"),
            (" 512 ", " x ", "the bytes are neither a number nor `-`"),
            (
                "[27/",
                "[77/",
                "the time is not written as the pasted format says",
            ),
            (
                "\"Mozilla/5.0\"",
                "Mozilla",
                "the text after the referrer is missing",
            ),
        ] {
            let error = line(NGINX, &NGINX_LINE.replace(from, to)).unwrap_err();
            assert_eq!(error, reason);
        }
        let error = line("[%{sec}t] %>s %U", "1 200 /").unwrap_err();
        assert_eq!(error, "the line does not begin as the pasted format does");
    }

    proptest! {
        #[test]
        fn any_format_and_any_line_are_survived(
            format in any::<String>(),
            parts in proptest::collection::vec(0..24_usize, 0..12),
            bytes in any::<Vec<u8>>(),
            cut in 0..NGINX_LINE.len(),
            byte in any::<u8>(),
        ) {
            const PARTS: [&str; 24] = [
                "$msec", "$status", "$request", "$uri", " ", "\"", "%t", "%>s", "%{", "}", "%U",
                "%{%T}t", "%{msec_frac}t", "Z", "%", "\\", "'", ";", "log_format a ", "LogFormat \"",
                "${", "é", "[", "$upstream_addr",
            ];
            let mixed: String = parts.iter().map(|part| PARTS[*part]).collect();
            let mut changed = NGINX_LINE.as_bytes().to_vec();
            changed[cut] = byte;
            for format in [&format[..], &mixed, NGINX] {
                let Ok(compiled) = PastedFormat::compile(format) else { continue };
                for line in [&bytes[..], &NGINX_LINE.as_bytes()[..cut], &changed] {
                    let _ = compiled.parse(line, &mut LineContext::default());
                }
            }
        }
    }
}
