//! nginx `log_format name 'text $variable text';`.
//!
//! Variables: <https://nginx.org/en/docs/varindex.html>. One that says nothing of use is skipped over.

use super::meaning::{Meaning, TimeText, of_cookie};
use super::piece::{Pieces, TimeMeaning};
use crate::access_log::unit::Unit;

const KNOWN: [(&str, Meaning); 34] = [
    ("remote_addr", Meaning::Client),
    ("realip_remote_addr", Meaning::Skipped),
    ("remote_user", Meaning::Skipped),
    ("time_local", Meaning::Time(TimeText::Clf)),
    ("time_iso8601", Meaning::Time(TimeText::Iso)),
    ("msec", Meaning::Time(TimeText::Epoch(Unit::Seconds))),
    ("request", Meaning::RequestLine),
    ("request_method", Meaning::Method),
    ("request_uri", Meaning::Target),
    ("uri", Meaning::Path),
    ("document_uri", Meaning::Path),
    ("args", Meaning::Query),
    ("query_string", Meaning::Query),
    ("status", Meaning::Status),
    ("body_bytes_sent", Meaning::BytesOut),
    ("bytes_sent", Meaning::BytesOut),
    ("request_length", Meaning::BytesIn),
    ("http_referer", Meaning::Referrer),
    ("http_user_agent", Meaning::UserAgent),
    ("http_x_forwarded_for", Meaning::ForwardedFor),
    ("proxy_add_x_forwarded_for", Meaning::ForwardedFor),
    ("http_cookie", Meaning::Cookie),
    ("request_time", Meaning::Duration(Unit::Seconds)),
    ("upstream_response_time", Meaning::UpstreamList),
    ("upstream_status", Meaning::UpstreamList),
    ("upstream_addr", Meaning::UpstreamList),
    ("proxy_upstream_name", Meaning::Service),
    ("host", Meaning::Host),
    ("http_host", Meaning::Host),
    ("server_name", Meaning::Host),
    ("request_id", Meaning::RowKey),
    ("req_id", Meaning::Skipped),
    ("scheme", Meaning::Skipped),
    ("server_protocol", Meaning::Skipped),
];

/// Names for hints, with their `$`.
const KNOWN_NAMES: &[&str] = &[
    "$time_local",
    "$time_iso8601",
    "$msec",
    "$request",
    "$request_uri",
    "$uri",
    "$status",
];

/// The pieces of the format.
///
/// # Errors
/// When a quote is not closed, or the format writes JSON.
pub fn read(text: &str) -> Result<Pieces, String> {
    let body = body(text)?;
    if body.trim_start().starts_with('{') {
        return Err(JSON.to_owned());
    }
    let mut pieces = Pieces {
        time: TimeMeaning::End,
        text_before: String::new(),
        values: Vec::new(),
        known_names: KNOWN_NAMES,
        examples: ["$time_local", "$status", "$request"],
    };
    let mut rest = &body[..];
    while let Some(dollar) = rest.find('$') {
        pieces.push_text(&rest[..dollar]);
        let (name, behind) = variable(&rest[dollar + 1..]);
        if name.is_empty() {
            pieces.push_text("$");
        } else {
            pieces.push_value(&format!("${name}"), meaning_of(name));
        }
        rest = behind;
    }
    pieces.push_text(rest);
    Ok(pieces)
}

const JSON: &str = "a format that writes JSON is not pasted (hint: JSON logs are detected by \
                    themselves; for unusual keys, write a mapping file)";

/// The name of the variable, and what follows: `name…` or `{name}…`.
fn variable(text: &str) -> (&str, &str) {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if let Some(inside) = text.strip_prefix('{') {
        let end = inside.bytes().take_while(is_name).count();
        if let Some(behind) = inside[end..].strip_prefix('}') {
            return (&inside[..end], behind);
        }
    }
    let end = text.bytes().take_while(is_name).count();
    text.split_at(end)
}

fn meaning_of(name: &str) -> Meaning {
    if let Some((_, meaning)) = KNOWN.iter().find(|(known, _)| *known == name) {
        return *meaning;
    }
    match name.strip_prefix("cookie_") {
        Some(cookie) => of_cookie(cookie),
        None if name.starts_with("upstream_") => Meaning::SkippedList,
        None => Meaning::Skipped,
    }
}

/// What the format writes, without the directive around it.
fn body(text: &str) -> Result<String, String> {
    let Some(rest) = text.strip_prefix("log_format") else {
        return if text.starts_with('\'') {
            joined(text)
        } else {
            Ok(text.to_owned())
        };
    };
    let rest = rest.trim_start();
    let name_end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let rest = rest[name_end..].trim_start();
    let Some(escape) = rest.strip_prefix("escape=") else {
        return joined(rest);
    };
    if escape.starts_with("json") {
        return Err(JSON.to_owned());
    }
    let escape_end = escape.find(char::is_whitespace).unwrap_or(escape.len());
    joined(&escape[escape_end..])
}

/// Several quoted texts up to `;`, as nginx joins them.
fn joined(text: &str) -> Result<String, String> {
    let mut joined = String::new();
    let mut characters = text.chars();
    let mut quote = None;
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('t') => joined.push('\t'),
                Some('n') => joined.push('\n'),
                Some('r') => joined.push('\r'),
                Some(escaped @ ('"' | '\'' | '\\')) => joined.push(escaped),
                other => {
                    joined.push('\\');
                    joined.extend(other);
                }
            },
            character if quote == Some(character) => quote = None,
            '"' | '\'' if quote.is_none() => quote = Some(character),
            ';' if quote.is_none() => return Ok(joined),
            space if quote.is_none() && space.is_whitespace() => {}
            character => joined.push(character),
        }
    }
    match quote {
        Some(quote) => Err(format!("a `{quote}` of the format is not closed")),
        None => Ok(joined),
    }
}
