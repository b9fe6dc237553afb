//! The fields that every log in the manner of the common log format shares: host, client, time,
//! request, status, bytes; then, in combined ones, referrer and user agent.

use std::borrow::Cow;

use super::fields::{Fields, RequestLine, request_line};
use super::line::{LineContext, LogLine, started_us};
use super::unit::number;
use super::value::{or_empty, status_or_none, text, without_port};

/// The fields that every line has.
#[derive(Debug, Clone, Copy)]
pub struct SharedFields<'a> {
    host: &'a [u8],
    client: &'a [u8],
    time_us: i64,
    request: RequestLine<'a>,
    status: u16,
    bytes_out: Option<u64>,
}

impl<'a> SharedFields<'a> {
    /// Reads up to the bytes.
    #[inline(always)]
    pub fn read(
        fields: &mut Fields<'a>,
        context: &mut LineContext,
    ) -> Result<SharedFields<'a>, &'static str> {
        let (host, client) = host_and_client(fields)?;
        let time_us = time_us(fields, context)?;
        let request = fields
            .quoted()
            .ok_or("request is not in quotes or not closed")?;
        let status = fields.word().ok_or("status is missing")?;
        let status = status_or_none(status).ok_or("status is not a number from 100 to 999")?;
        let bytes_out = match fields.word().ok_or("bytes are missing")? {
            b"-" => 0,
            digits => number(digits).ok_or("bytes are neither a number nor `-`")?,
        };
        Ok(SharedFields {
            host,
            client,
            time_us,
            request: request_line(request),
            status,
            bytes_out: u64::try_from(bytes_out).ok(),
        })
    }

    /// The line, with its time as the start.
    #[inline]
    pub fn line(self, agent: AgentFields<'a>, latency_us: Option<u64>) -> LogLine<'a> {
        self.line_with_tries(agent, latency_us, None)
    }

    /// The line, with its time as the end.
    #[inline(always)]
    pub fn ended_line(
        mut self,
        agent: AgentFields<'a>,
        latency_us: Option<u64>,
        upstream_tries: Option<u32>,
    ) -> LogLine<'a> {
        self.time_us = started_us(self.time_us, latency_us);
        self.line_with_tries(agent, latency_us, upstream_tries)
    }

    #[inline(always)]
    fn line_with_tries(
        self,
        agent: AgentFields<'a>,
        latency_us: Option<u64>,
        upstream_tries: Option<u32>,
    ) -> LogLine<'a> {
        const NONE: Cow<'static, [u8]> = Cow::Borrowed(b"");
        LogLine {
            ts_us: self.time_us,
            client: Cow::Borrowed(self.client),
            user_agent: Cow::Borrowed(agent.user_agent),
            referrer: Cow::Borrowed(agent.referrer),
            cookie: NONE,
            session: NONE,
            method: Cow::Borrowed(self.request.method),
            target: Cow::Borrowed(self.request.target),
            query: Cow::Borrowed(""),
            host: text(self.host),
            service: Cow::Borrowed(""),
            status: self.status,
            latency_us,
            bytes_in: None,
            bytes_out: self.bytes_out,
            upstream_tries,
            weight: 1,
            row_key: NONE,
        }
    }
}

/// Referrer and user agent; empty where the log has `-` or neither.
#[derive(Debug, Clone, Copy)]
pub struct AgentFields<'a> {
    referrer: &'a [u8],
    user_agent: &'a [u8],
}

impl<'a> AgentFields<'a> {
    /// Neither.
    pub const NONE: AgentFields<'static> = AgentFields {
        referrer: b"",
        user_agent: b"",
    };

    /// Reads both.
    #[inline(always)]
    pub fn read(fields: &mut Fields<'a>) -> Result<AgentFields<'a>, &'static str> {
        let referrer = fields
            .quoted()
            .ok_or("referrer is not in quotes or not closed")?;
        let user_agent = fields
            .quoted()
            .ok_or("user agent is not in quotes or not closed")?;
        Ok(AgentFields {
            referrer: or_empty(referrer),
            user_agent: or_empty(user_agent),
        })
    }
}

/// Skips quoted fields that some put between the user agent and the duration.
#[inline]
pub fn skip_quoted(fields: &mut Fields<'_>) -> Result<(), &'static str> {
    while fields.rest().starts_with(b"\"") {
        fields.quoted().ok_or("a quoted field is not closed")?;
    }
    Ok(())
}

#[inline(always)]
fn time_us(fields: &mut Fields<'_>, context: &mut LineContext) -> Result<i64, &'static str> {
    // That of the line before, nearly always.
    if let Some((text, us)) = context.clock.last()
        && fields.skip_bracketed(text)
    {
        return Ok(us);
    }
    other_time_us(fields, context)
}

#[cold]
fn other_time_us(fields: &mut Fields<'_>, context: &mut LineContext) -> Result<i64, &'static str> {
    let time = fields.bracketed().ok_or("no `[time]` after the user")?;
    let time_us = context.clock.clf_us(time);
    time_us.ok_or("time is not `day/Mon/year:h:m:s ±zone`")
}

/// Reads up to the time.
#[inline(always)]
fn host_and_client<'a>(fields: &mut Fields<'a>) -> Result<(&'a [u8], &'a [u8]), &'static str> {
    let first = fields.word().ok_or("empty line")?;
    // Neither ident nor user, nearly always.
    match fields.rest().strip_prefix(b"- - ") {
        Some(behind) if at_time(behind) => {
            *fields = Fields::new(behind);
            Ok((b"", first))
        }
        _ => host_and_client_after(first, fields),
    }
}

/// As [`host_and_client`], after the first word. A user may hold spaces, but only after the ident `-`;
/// otherwise any text in front of a line, such as a syslog header, would pass for ident and user.
#[inline(never)]
fn host_and_client_after<'a>(
    first: &'a [u8],
    fields: &mut Fields<'a>,
) -> Result<(&'a [u8], &'a [u8]), &'static str> {
    const NO_TIME: &str = "no `[time]` after the user";
    let second = fields.word().ok_or("field `ident` is missing")?;
    if second == b"-" {
        skip_user(fields).ok_or(NO_TIME)?;
        return Ok((b"", first));
    }
    if at_time(fields.rest()) {
        return Ok((b"", first));
    }
    let third = fields.word().ok_or(NO_TIME)?;
    let is_at_time = at_time(fields.rest());
    if third == b"-" && (!is_at_time || has_port(first)) {
        skip_user(fields).ok_or(NO_TIME)?;
        let host = if has_port(first) {
            without_port(first)
        } else {
            first
        };
        return Ok((host, second));
    }
    if is_at_time {
        Ok((b"", first))
    } else {
        Err(NO_TIME)
    }
}

fn skip_user(fields: &mut Fields<'_>) -> Option<()> {
    while !at_time(fields.rest()) {
        fields.word()?;
    }
    Some(())
}

/// Whether `[27/` comes next; a user may begin with a bracket, too.
#[inline]
fn at_time(rest: &[u8]) -> bool {
    rest.first() == Some(&b'[') && rest.get(3) == Some(&b'/')
}

/// Whether it is `shop.example:443`, not an IPv6 address.
fn has_port(host: &[u8]) -> bool {
    let Some(colon) = memchr::memrchr(b':', host) else {
        return false;
    };
    let (name, port) = (&host[..colon], &host[colon + 1..]);
    number(port).is_some() && (memchr::memchr(b':', name).is_none() || name.ends_with(b"]"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REST: &str = r#" [27/Nov/2026:08:00:01 +0000] "GET /cart?x=1 HTTP/1.1" 200 512"#;

    fn line(text: &str) -> Result<LogLine<'_>, &'static str> {
        let mut fields = Fields::new(text.as_bytes());
        let shared = SharedFields::read(&mut fields, &mut LineContext::default())?;
        Ok(shared.line(AgentFields::NONE, None))
    }

    #[test]
    fn hosts_and_users_before_the_time_are_told_apart() {
        for (head, host, client) in [
            ("203.0.113.9 - -", "", "203.0.113.9"),
            ("203.0.113.9 -", "", "203.0.113.9"),
            ("2001:db8::9 - -", "", "2001:db8::9"),
            ("203.0.113.9 - kim van [x] [dam", "", "203.0.113.9"),
            ("203.0.113.9 ident kim", "", "203.0.113.9"),
            (
                "shop.example 203.0.113.9 - -",
                "shop.example",
                "203.0.113.9",
            ),
            (
                "shop.example:443 2001:db8::9 - kim van dam",
                "shop.example",
                "2001:db8::9",
            ),
            (
                "[2001:db8::1]:443 203.0.113.9 - -",
                "2001:db8::1",
                "203.0.113.9",
            ),
        ] {
            let text = format!("{head}{REST}");
            let found = line(&text).unwrap();
            assert_eq!(
                (&*found.host, &*found.client),
                (host, client.as_bytes()),
                "{head}"
            );
        }
    }

    #[test]
    fn headers_of_other_software_before_the_line_are_refused() {
        for header in [
            "Nov 27 08:00:01 web1 nginx[123]: ",
            "<134>Nov 27 08:00:01 web1 nginx: ",
            "2026-11-27T08:00:01.000000001Z stdout F ",
        ] {
            let reason = line(&format!("{header}203.0.113.9 - -{REST}")).unwrap_err();
            assert_eq!(reason, "no `[time]` after the user", "{header}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in any::<Vec<u8>>(), head in "[-a:1\\[\\]/ ]{0,30}") {
            let whole = format!("{head}{REST}");
            for line in [&bytes[..], head.as_bytes(), whole.as_bytes()] {
                let _ = SharedFields::read(&mut Fields::new(line), &mut LineContext::default());
            }
        }
    }
}
