//! Where in an answer a later request has a value from.
//!
//! In: an answer and a value. Out: one place from which a run takes it with certainty: the first that
//! the place names has this value. A place that is only likely is none.

use std::collections::HashMap;

use regex::Regex;
use scraper::{Html, Selector};
use serde_json::Value;

use super::address::in_address;
use super::exchange::{Answer, percent_decoded};
use super::json_text::{PieceKind, walk};
use super::recording::RecordedStep;
use super::secrets::looks_made_up;

/// The fewest characters of a value that can hardly be there by chance.
const CHARS_MIN: usize = 8;
/// The same of one without a digit.
const WORD_CHARS_MIN: usize = 16;
/// The most characters.
const CHARS_MAX: usize = 4_096;
/// How much of a page is looked at before a value for what it is called, characters.
const CONTEXT_CHARS: usize = 60;
/// The most text that is searched for values that nothing names.
const SEARCHED_BYTES_MAX: usize = 1 << 30;
/// The header with the address of what was made, or of where to go.
const LOCATION: &str = "location";

/// Where a value is taken from, in the words of a step's `take`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A cookie that the answer sets, or a redirect on the way there.
    Cookie(String),
    /// The same, without its percent codes.
    EncodedCookie(String),
    /// A header.
    Header(String),
    /// The first group of a regular expression in a header.
    HeaderPart(String, String),
    /// A JSON pointer.
    Json(String),
    /// An attribute of the first element that a selector matches.
    Css(String, String),
    /// The first group of a regular expression.
    Regex(String),
}

/// The answers of a recording.
pub struct Answers<'a> {
    steps: Vec<Known<'a>>,
    searched_bytes: usize,
}

/// What a step was answered; of cookies and headers with one name a run takes the first here.
#[derive(Default)]
struct Known<'a> {
    cookies: Vec<(String, String)>,
    headers: Vec<(&'a str, &'a str)>,
    /// Places in JSON or HTML by value; `None` where there are several.
    named: HashMap<String, Option<Place>>,
    /// The text, for values inside of scripts and addresses.
    text: &'a str,
    is_page: bool,
}

/// Whether a value can be one that the server made up.
pub fn is_telling(value: &str) -> bool {
    let chars = value.chars().count();
    let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
    let least = if has_digit { CHARS_MIN } else { WORD_CHARS_MIN };
    (least..=CHARS_MAX).contains(&chars)
        && !value
            .chars()
            .any(|char| char.is_whitespace() || char.is_control())
        && !value.contains("${")
}

/// Whether it is more a number, or drawn by lot, than a word.
pub fn is_id(value: &str) -> bool {
    let count = |is: fn(&u8) -> bool| value.bytes().filter(is).count();
    is_telling(value)
        && (2 * count(u8::is_ascii_digit) >= count(u8::is_ascii_alphanumeric)
            || looks_made_up(value))
}

impl<'a> Answers<'a> {
    /// The answers of all steps.
    pub fn new(steps: &'a [RecordedStep]) -> Self {
        let steps = steps
            .iter()
            .map(|step| Known::new(&step.answer, &step.redirects));
        Self {
            steps: steps.collect(),
            searched_bytes: 0,
        }
    }

    /// The latest step before `before` whose answer surely has `value`, and where.
    pub fn find(&mut self, value: &str, before: usize) -> Option<(usize, Place)> {
        if !is_telling(value) {
            return None;
        }
        for step in (0..before).rev() {
            let known = &self.steps[step];
            let named = known.in_head(value);
            let named = named.or_else(|| known.named.get(value).cloned().flatten());
            if let Some(place) = named {
                return Some((step, place));
            }
            if self.searched_bytes < SEARCHED_BYTES_MAX {
                self.searched_bytes += known.text.len();
                if let Some(place) = known.in_text(value) {
                    return Some((step, place));
                }
            }
        }
        None
    }

    /// Whether an answer before `before` has it anywhere.
    pub fn have(&mut self, value: &str, before: usize) -> bool {
        self.steps[..before].iter().any(|known| {
            let mut headers = known.headers.iter();
            if headers.any(|(_, text)| text.contains(value)) || known.named.contains_key(value) {
                return true;
            }
            let is_searched = self.searched_bytes < SEARCHED_BYTES_MAX;
            self.searched_bytes += known.text.len();
            is_searched && known.text.contains(value)
        })
    }
}

impl<'a> Known<'a> {
    fn new(answer: &'a Answer, redirects: &'a [Answer]) -> Self {
        let mut known = Self {
            text: &answer.text,
            is_page: answer.mime_type.contains("html"),
            ..Self::default()
        };
        for answer in [answer].into_iter().chain(redirects.iter().rev()) {
            let headers = answer.headers.iter();
            let pairs = headers.map(|(name, value)| (name.as_str(), value.as_str()));
            known.headers.extend(pairs);
            let cookies = answer.headers.iter().rev();
            let cookies = cookies.filter(|(name, _)| name == "set-cookie");
            // Some exports join several with line ends.
            let cookies = cookies.flat_map(|(_, value)| value.lines().rev());
            known.cookies.extend(cookies.filter_map(cookie));
        }
        if answer.mime_type.contains("json") {
            known.add_json(&answer.text);
        } else if known.is_page {
            known.add_page(&Html::parse_document(&answer.text));
        }
        known
    }

    /// In a cookie or a header.
    fn in_head(&self, value: &str) -> Option<Place> {
        for (index, (name, found)) in self.cookies.iter().enumerate() {
            let is_first = self.cookies[..index].iter().all(|(known, _)| known != name);
            if is_first && found == value {
                return Some(Place::Cookie(name.clone()));
            }
            if is_first && percent_decoded(found) == value {
                return Some(Place::EncodedCookie(name.clone()));
            }
        }
        for (index, (name, found)) in self.headers.iter().enumerate() {
            let is_first = self.headers[..index].iter().all(|(known, _)| known != name);
            if is_first && *found == value && *name != "set-cookie" {
                return Some(Place::Header((*name).to_owned()));
            }
        }
        let locations = self.headers.iter().filter(|(name, _)| *name == LOCATION);
        let locations: Vec<&str> = locations.map(|(_, found)| *found).collect();
        in_address(&locations, value).map(|pattern| Place::HeaderPart(LOCATION.to_owned(), pattern))
    }

    /// In a script or an address.
    fn in_text(&self, value: &str) -> Option<Place> {
        let script = self.is_page.then(|| in_script(self.text, value)).flatten();
        script.or_else(|| in_address(&[self.text], value).map(Place::Regex))
    }

    fn add(&mut self, value: &str, place: Place) {
        let known = self.named.entry(value.to_owned());
        known
            .and_modify(|place| *place = None)
            .or_insert(Some(place));
    }

    fn add_json(&mut self, text: &str) {
        let Ok(document) = serde_json::from_str::<Value>(text) else {
            return;
        };
        walk(text, &mut |piece| {
            let value = piece.text().filter(|value| is_telling(value));
            let Some(value) = value.filter(|_| piece.kind == PieceKind::Value) else {
                return;
            };
            // Of members with one name the last one counts.
            let there = document.pointer(piece.pointer);
            if there.is_some() && there == serde_json::from_str(piece.written).ok().as_ref() {
                self.add(&value, Place::Json(piece.pointer.to_owned()));
            }
        });
    }

    fn add_page(&mut self, page: &Html) {
        let Ok(all) = Selector::parse("*") else {
            return;
        };
        let mut found: Vec<(String, Place)> = Vec::new();
        for element in page.select(&all) {
            let element = element.value();
            for (attribute, value) in element.attrs() {
                let tells =
                    matches!(attribute, "value" | "content") || attribute.starts_with("data-");
                if !tells || !is_telling(value) {
                    continue;
                }
                let named = ["name", "id"].into_iter().find_map(|key| {
                    let name = element.attr(key).filter(|name| is_plain(name))?;
                    Some(format!("{}[{key}=\"{name}\"]", element.name()))
                });
                let selector = named.unwrap_or_else(|| format!("{}[{attribute}]", element.name()));
                found.push((value.to_owned(), Place::Css(selector, attribute.to_owned())));
            }
        }
        for (value, place) in found {
            let Place::Css(selector, attribute) = &place else {
                continue;
            };
            let first = Selector::parse(selector).ok().and_then(|selector| {
                page.select(&selector)
                    .next()
                    .and_then(|element| element.value().attr(attribute))
                    .map(ToOwned::to_owned)
            });
            // The same token in every form of a page is one place after another; the first will do.
            if first.as_deref() == Some(&value) {
                self.named.entry(value).or_insert(Some(place));
            }
        }
    }
}

/// Name and value of a `Set-Cookie`.
fn cookie(header: &str) -> Option<(String, String)> {
    let (name, value) = header.split(';').next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    is_plain(name).then(|| (name.to_owned(), value.to_owned()))
}

/// Whether a name can stand in a selector or a regular expression as it is.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.:[]".contains(&byte))
}

/// What stands before a place of a text.
pub fn context(before: &str) -> &str {
    let chars = before.char_indices().rev().take(CONTEXT_CHARS);
    let start = chars.last().map_or(before.len(), |(start, _)| start);
    &before[start..]
}

/// `cartId: "…"` inside of a script: by what stands before it.
fn in_script(page: &str, value: &str) -> Option<Place> {
    let at = page.find(value)?;
    let named = Regex::new(r#"([A-Za-z_][\w-]*)["']?\s*[:=]\s*["']?$"#).ok()?;
    let name = named
        .captures(context(&page[..at]))?
        .get(1)?
        .as_str()
        .to_owned();
    let pattern = format!(
        r#"\b{}["']?\s*[:=]\s*["']?([^"'&<>\s,;]+)"#,
        regex::escape(&name)
    );
    let first = Regex::new(&pattern).ok()?.captures(page)?.get(1)?.as_str() == value;
    first.then_some(Place::Regex(pattern))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drafts::har::address::PART;

    fn answer(mime_type: &str, headers: &[(&str, &str)], text: &str) -> Answer {
        Answer {
            status: 200,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            mime_type: mime_type.to_owned(),
            text: text.to_owned(),
            location: String::new(),
        }
    }

    fn place_in(answer: &Answer, redirects: &[Answer], value: &str) -> Option<Place> {
        let mut answers = Answers {
            steps: vec![Known::new(answer, redirects)],
            searched_bytes: 0,
        };
        let found = answers.find(value, 1).map(|(_, place)| place);
        assert!(answers.have(value, 1) || found.is_none() || value.contains('='));
        found
    }

    fn place(mime_type: &str, headers: &[(&str, &str)], text: &str, value: &str) -> Option<Place> {
        place_in(&answer(mime_type, headers, text), &[], value)
    }

    #[test]
    fn redirects_are_looked_at_from_the_last_to_the_first() {
        let redirect = |headers: &[(&str, &str)]| answer("", headers, "");
        let redirects = [
            redirect(&[
                ("set-cookie", "a=first-a-1234; Path=/"),
                ("set-cookie", "b=first-b-1234"),
                ("x-c", "c-12345678"),
            ]),
            redirect(&[
                ("location", "/co/5566778899aa?step=1"),
                ("set-cookie", "a=second-a-1234\na=third-a-1234"),
            ]),
        ];
        let last = answer("", &[("location", "/elsewhere"), ("x-c", "d-12345678")], "");
        let cookie = |name: &str| Some(Place::Cookie(name.to_owned()));
        for (value, expected) in [
            ("first-a-1234", None),
            ("second-a-1234", None),
            ("third-a-1234", cookie("a")),
            ("first-b-1234", cookie("b")),
            ("c-12345678", None),
            ("d-12345678", Some(Place::Header("x-c".to_owned()))),
            (
                "5566778899aa",
                Some(Place::HeaderPart(
                    LOCATION.to_owned(),
                    format!("/co/{PART}"),
                )),
            ),
        ] {
            assert_eq!(place_in(&last, &redirects, value), expected, "{value}");
        }
    }

    #[test]
    fn a_cookie_is_found_in_the_header_that_a_script_makes_of_it() {
        let headers = [("set-cookie", "XSRF-TOKEN=eyJpdiI6+abc12%3D%3D; Path=/")];
        let expected = Some(Place::EncodedCookie("XSRF-TOKEN".to_owned()));
        assert_eq!(place("", &headers, "", "eyJpdiI6+abc12=="), expected);
    }

    #[test]
    fn a_value_is_found_where_a_run_will_find_it() {
        let css =
            |selector: &str, attribute: &str| Place::Css(selector.to_owned(), attribute.to_owned());
        let cases = [
            (
                "text/html",
                r#"<form><input name="csrf" value="a1b2c3d4e5"></form>"#,
                css("input[name=\"csrf\"]", "value"),
            ),
            (
                "text/html",
                r#"<meta name="csrf-token" content="a1b2c3d4e5">"#,
                css("meta[name=\"csrf-token\"]", "content"),
            ),
            (
                "text/html",
                r#"<div data-cart="a1b2c3d4e5"></div>"#,
                css("div[data-cart]", "data-cart"),
            ),
            (
                "text/html",
                r#"<script>var x = {"cartId": "a1b2c3d4e5", y: 1}</script>"#,
                Place::Regex(r#"\bcartId["']?\s*[:=]\s*["']?([^"'&<>\s,;]+)"#.to_owned()),
            ),
            (
                "application/json",
                r#"{"a/b": [{"id": "a1b2c3d4e5"}]}"#,
                Place::Json("/a~1b/0/id".to_owned()),
            ),
        ];
        for (mime_type, text, expected) in cases {
            assert_eq!(
                place(mime_type, &[], text, "a1b2c3d4e5"),
                Some(expected),
                "{text}"
            );
        }
        let cookie = [("set-cookie", "XSRF=a1b2c3d4e5; Path=/")];
        assert_eq!(
            place("", &cookie, "", "a1b2c3d4e5"),
            Some(Place::Cookie("XSRF".to_owned()))
        );
        assert_eq!(
            place("", &[("x-cart", "a1b2c3d4e5")], "", "a1b2c3d4e5"),
            Some(Place::Header("x-cart".to_owned()))
        );
    }

    #[test]
    fn what_is_not_certain_is_not_taken() {
        let twice = r#"{"id": "a1b2c3d4e5", "parent": "a1b2c3d4e5"}"#;
        assert_eq!(place("application/json", &[], twice, "a1b2c3d4e5"), None);
        let second =
            r#"<input name="csrf" value="zzzzzzzz99"><input name="csrf" value="a1b2c3d4e5">"#;
        assert_eq!(place("text/html", &[], second, "a1b2c3d4e5"), None);
        assert_eq!(
            place("application/json", &[], r#"{"id": "17"}"#, "17"),
            None
        );
        assert_eq!(
            place("application/json", &[], r#"{"id": "checkout"}"#, "checkout"),
            None
        );
        assert!(
            is_telling("1234567a")
                && !is_telling("123456a")
                && !is_telling("a sentence with 1 digit")
        );
        assert!(is_telling(&"1".repeat(CHARS_MAX)) && !is_telling(&"1".repeat(CHARS_MAX + 1)));
    }
}
