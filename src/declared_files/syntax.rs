//! What the YAML parser says about text that is no YAML → words for a person.
//!
//! In: the parser's error and the text. Out: one finding, on a line that has something on it.
//! The parser's own words stand where they are not in the table, so a new version of it can
//! make a message worse but never wrong.

use saphyr_parser::ScanError;

use super::problem::{Finding, Place, quoted};
use super::tree::place;

/// A part of the parser's message, what to say instead, and the hint. The first match counts.
const IN_WORDS: [(&str, &str, &str); 14] = [
    (
        "found a tab",
        "a tab where spaces are needed",
        INDENT_WITH_SPACES,
    ),
    (
        "tabs disallowed",
        "a tab where spaces are needed",
        INDENT_WITH_SPACES,
    ),
    (
        "recursion limit",
        "values are nested too deep",
        "write it flatter",
    ),
    (
        "mapping values are not allowed",
        "unexpected `:`",
        "put quotes around a value that has `: ` in it, and check the indentation",
    ),
    (
        "unexpected end of stream",
        "the quotes are never closed",
        "add the closing quote",
    ),
    (
        "invalid trailing content",
        "text after the closing quote",
        "put the whole value in quotes; a single quote in single quotes is written `''`",
    ),
    (
        "unknown escape character",
        "unknown escape after `\\`",
        "write `\\\\` for a backslash, or use single quotes",
    ),
    (
        "']'",
        "a list in `[…]` lacks a comma or its end",
        "put commas between the items, and close the bracket",
    ),
    (
        "'}'",
        "a mapping in `{…}` lacks a comma or its end",
        "put commas between the keys, and close the bracket",
    ),
    (
        "misplaced bracket",
        "a bracket that closes nothing",
        "remove it, or put quotes around the text",
    ),
    (
        "simple key expect",
        "a key without `:`",
        "write `name: value`, or indent the line as part of the value before it",
    ),
    (
        "unknown anchor",
        "aliases (`*name`) are not supported here",
        "write the value out, or put quotes around the text",
    ),
    (
        "expected alphabetic or numeric",
        "`&` or `*` without a name",
        "put quotes around text that starts with `&` or `*`",
    ),
    (
        "did not find expected",
        "this line does not go on from the ones before it",
        "indent it like its neighbours, and check that each key has its `:`",
    ),
];
const INDENT_WITH_SPACES: &str = "indent with spaces, not with tabs";

/// The finding for a parser's error.
pub(super) fn finding(error: &ScanError, text: &str) -> Finding {
    let place = on_a_written_line(place(*error.marker()), text);
    let (message, hint) = in_words(error.info());
    let line = text
        .lines()
        .nth(place.line as usize - 1)
        .unwrap_or_default();
    let hint = match hint {
        Some(_) if message.contains('[') && line.contains("${env:") => {
            Some("put quotes around `${env:…}` inside brackets".to_owned())
        }
        hint => hint,
    };
    Finding {
        place,
        message: format!("not valid YAML: {message}"),
        hint,
    }
}

fn in_words(info: &str) -> (String, Option<String>) {
    if let Some(found) = info
        .strip_prefix("unexpected character: `")
        .and_then(|rest| rest.chars().next())
    {
        let message = format!("a value cannot start with {}", quoted(&found.to_string()));
        return (message, Some("put quotes around it".to_owned()));
    }
    match IN_WORDS.iter().find(|(part, ..)| info.contains(part)) {
        Some((_, message, hint)) => ((*message).to_owned(), Some((*hint).to_owned())),
        None => (info.to_owned(), None),
    }
}

/// The parser notices some slips only at the end of the file; the end of the last line with
/// anything on it says more.
fn on_a_written_line(place: Place, text: &str) -> Place {
    let written = text.trim_end();
    let last = super::place_after(written);
    if place.line > last.line { last } else { place }
}
