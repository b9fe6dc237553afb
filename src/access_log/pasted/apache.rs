//! Apache `LogFormat "text %directive text" name`.
//!
//! Directives: <https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#formats>. One that says
//! nothing of use is skipped over, and so is the time of the end, `%{end:…}t`.

use super::meaning::{Meaning, TimeText, of_cookie};
use super::piece::{Pieces, TimeMeaning};
use crate::access_log::unit::Unit;

/// Names for hints.
const KNOWN_NAMES: &[&str] = &[
    "%t", "%{sec}t", "%{msec}t", "%{usec}t", "%r", "%U", "%>s", "%s",
];

/// The pieces of the format.
///
/// # Errors
/// When a quote or brace is not closed, or the format writes JSON.
pub fn read(text: &str) -> Result<Pieces, String> {
    let body = body(text)?;
    if body.trim_start().starts_with('{') {
        return Err(
            "a format that writes JSON is not pasted (hint: JSON logs are detected by \
                    themselves; for unusual keys, write a mapping file)"
                .to_owned(),
        );
    }
    let mut pieces = Pieces {
        time: TimeMeaning::Start,
        text_before: String::new(),
        values: Vec::new(),
        known_names: KNOWN_NAMES,
        examples: ["%t", "%>s", "%r"],
    };
    for token in with_whole_times(tokens(&body)?) {
        match token {
            Token::Text(text) => pieces.push_text(&text),
            Token::Time(pattern) => {
                pieces.push_value(&format!("%{{{pattern}}}t"), meaning_of_time(&pattern));
            }
            Token::Value(name, meaning) => pieces.push_value(&name, meaning),
        }
    }
    Ok(pieces)
}

#[derive(Debug)]
enum Token {
    Text(String),
    /// A pattern of `strftime`; `%f` is a fraction of the second.
    Time(String),
    Value(String, Meaning),
}

/// What the format writes, without the directive around it and without escapes.
fn body(text: &str) -> Result<String, String> {
    let frame = text
        .get(..9)
        .filter(|frame| frame.eq_ignore_ascii_case("LogFormat"));
    let (rest, is_framed) = match frame {
        Some(_) => (text[9..].trim_start(), true),
        None => (text, false),
    };
    let Some(inside) = rest.strip_prefix('"') else {
        return Ok(unescaped(rest));
    };
    match closing_quote(inside) {
        Some(end) if is_framed || is_nickname(&inside[end + 1..]) => Ok(unescaped(&inside[..end])),
        None if is_framed => Err("the `\"` of the format is not closed".to_owned()),
        _ => Ok(unescaped(rest)),
    }
}

fn closing_quote(inside: &str) -> Option<usize> {
    let mut is_escaped = false;
    inside.bytes().position(|byte| {
        let is_closing = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_closing
    })
}

/// Whether it is nothing or one word, so that the quote before it closed the whole format.
fn is_nickname(text: &str) -> bool {
    let text = text.trim();
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn unescaped(text: &str) -> String {
    let mut unescaped = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('t') => unescaped.push('\t'),
                Some('n') => unescaped.push('\n'),
                other => unescaped.extend(other),
            },
            character => unescaped.push(character),
        }
    }
    unescaped
}

fn tokens(body: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = body;
    while let Some(percent) = rest.find('%') {
        push_text(&mut tokens, &rest[..percent]);
        let directive = &rest[percent..];
        if let Some(behind) = directive.strip_prefix("%%") {
            push_text(&mut tokens, "%");
            rest = behind;
            continue;
        }
        let length = push_directive(&mut tokens, directive)?;
        rest = &directive[length..];
    }
    push_text(&mut tokens, rest);
    Ok(tokens)
}

fn push_text(tokens: &mut Vec<Token>, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Some(Token::Text(last)) = tokens.last_mut() {
        last.push_str(text);
    } else {
        tokens.push(Token::Text(text.to_owned()));
    }
}

/// Adds the directive that `text` begins with, such as `%!200{User-agent}>i`, and returns its length.
fn push_directive(tokens: &mut Vec<Token>, text: &str) -> Result<usize, String> {
    let is_modifier = |byte: &u8| matches!(byte, b'<' | b'>' | b'!' | b',' | b'0'..=b'9');
    let modifiers = |from: usize| text[from..].bytes().take_while(is_modifier).count();
    let mut at = 1 + modifiers(1);
    let mut argument = "";
    if let Some(inside) = text[at..].strip_prefix('{') {
        let end = inside
            .find('}')
            .ok_or_else(|| format!("the `{{` of `{}` is not closed", beginning(text)))?;
        argument = &inside[..end];
        at += end + 2;
        at += modifiers(at);
    }
    let long = ["^ti", "^to"]
        .into_iter()
        .find(|letters| text[at..].starts_with(letters));
    let letters = match long {
        Some(letters) => letters,
        None => {
            let letter = text[at..].chars().next();
            let length = letter.ok_or("a `%` stands at the end")?.len_utf8();
            &text[at..at + length]
        }
    };
    let length = at + letters.len();
    match (letters, argument) {
        ("t", "") => {
            push_text(tokens, "[");
            tokens.push(Token::Value("%t".to_owned(), Meaning::Time(TimeText::Clf)));
            push_text(tokens, "]");
        }
        ("t", pattern) => tokens.push(time_token(pattern)),
        _ => {
            let name = text[..length].to_owned();
            tokens.push(Token::Value(name, meaning_of(letters, argument)));
        }
    }
    Ok(length)
}

fn beginning(text: &str) -> String {
    text.chars().take(20).collect()
}

fn meaning_of(letters: &str, argument: &str) -> Meaning {
    match (letters, argument.to_ascii_lowercase().as_str()) {
        ("h" | "a", _) => Meaning::Client,
        ("r", _) => Meaning::RequestLine,
        ("m", _) => Meaning::Method,
        ("U", _) => Meaning::Path,
        ("q", _) => Meaning::Query,
        ("s", _) => Meaning::Status,
        ("b" | "B" | "O", _) => Meaning::BytesOut,
        ("I", _) => Meaning::BytesIn,
        ("D", _) | ("T", "us") => Meaning::Duration(Unit::Microseconds),
        ("T", "ms") => Meaning::Duration(Unit::Milliseconds),
        ("T", _) => Meaning::Duration(Unit::Seconds),
        ("v" | "V", _) | ("i", "host") => Meaning::Host,
        ("i", "referer") => Meaning::Referrer,
        ("i", "user-agent") => Meaning::UserAgent,
        ("i", "cookie") => Meaning::Cookie,
        ("i", "x-forwarded-for") => Meaning::ForwardedFor,
        ("C", cookie) => of_cookie(cookie),
        _ => Meaning::Skipped,
    }
}

fn time_token(pattern: &str) -> Token {
    let unit = match pattern.strip_prefix("begin:").unwrap_or(pattern) {
        "sec" => Unit::Seconds,
        "msec" => Unit::Milliseconds,
        "usec" => Unit::Microseconds,
        "msec_frac" | "usec_frac" => return Token::Time("%f".to_owned()),
        pattern => return Token::Time(pattern.to_owned()),
    };
    let name = format!("%{{{pattern}}}t");
    Token::Value(name, Meaning::Time(TimeText::Epoch(unit)))
}

/// Joins what is written in parts: `%{%Y-%m-%dT%H:%M:%S}t.%{msec_frac}t%{%z}t`.
fn with_whole_times(tokens: Vec<Token>) -> Vec<Token> {
    let mut whole: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let Token::Time(part) = token else {
            whole.push(token);
            continue;
        };
        if let [.., Token::Time(_), Token::Text(text)] = &whole[..]
            && matches!(&text[..], "." | "," | " " | "T")
            && let Some(Token::Text(text)) = whole.pop()
            && let Some(Token::Time(pattern)) = whole.last_mut()
        {
            pattern.push_str(&text);
            pattern.push_str(&part);
        } else if let Some(Token::Time(pattern)) = whole.last_mut() {
            pattern.push_str(&part);
        } else {
            whole.push(Token::Time(part));
        }
    }
    for index in 1..whole.len() {
        let (before, from_here) = whole.split_at_mut(index);
        if let (Some(Token::Time(pattern)), Some(Token::Text(text))) =
            (before.last_mut(), from_here.first_mut())
            && text.starts_with('Z')
        {
            text.remove(0);
            pattern.push('Z');
        }
    }
    whole
}

/// How such a time is written; [`Meaning::Skipped`] for a pattern that is not understood.
fn meaning_of_time(pattern: &str) -> Meaning {
    let pattern = pattern.strip_prefix("begin:").unwrap_or(pattern);
    let plain = pattern
        .replace("%T", "%H:%M:%S")
        .replace("%F", "%Y-%m-%d")
        .replace(".%f", "")
        .replace(",%f", "");
    let written = match &plain[..] {
        "%d/%b/%Y:%H:%M:%S %z" => TimeText::Clf,
        "%d/%b/%Y:%H:%M:%S" => TimeText::ClfLocal,
        "%s" => TimeText::Epoch(Unit::Seconds),
        iso => match iso
            .strip_prefix("%Y-%m-%d")
            .map(|time| time.split_at(time.len().min(1)))
        {
            Some(("T", "%H:%M:%S" | "%H:%M:%S%z" | "%H:%M:%SZ")) => TimeText::Iso,
            Some((" ", "%H:%M:%S" | "%H:%M:%S%z" | "%H:%M:%SZ")) => TimeText::IsoSpaced,
            _ => return Meaning::Skipped,
        },
    };
    Meaning::Time(written)
}
