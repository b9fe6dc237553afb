//! Where in an answer a later request has a value from.
//!
//! In: an answer and a value. Out: one place from which a run takes it with certainty: the first that
//! the place names has this value. A place that is only likely is none.

use std::collections::HashMap;

use regex::Regex;
use scraper::{Html, Selector};
use serde_json::Value;

use super::exchange::Answer;
use super::recording::RecordedStep;

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

/// Where a value is taken from, in the words of a step's `take`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A cookie that the answer sets.
    Cookie(String),
    /// A header.
    Header(String),
    /// A JSON pointer.
    Json(String),
    /// An attribute of the first element that a selector matches.
    Css(String, String),
    /// The first group of a regular expression.
    Regex(String),
}

/// The answers of a recording, and what was sent before each.
pub struct Answers {
    steps: Vec<Known>,
    searched_bytes: usize,
}

#[derive(Default)]
struct Known {
    cookies: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    /// Places in JSON or HTML by value; `None` where there are several.
    named: HashMap<String, Option<Place>>,
    /// The page, for values inside of scripts.
    page: String,
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

impl Answers {
    /// The answers of all steps.
    pub fn new(steps: &[RecordedStep]) -> Self {
        let steps = steps.iter().map(|step| Known::new(&step.answer));
        Self {
            steps: steps.collect(),
            searched_bytes: 0,
        }
    }

    /// The latest step before `before` whose answer surely has `value`, and where; only steps from
    /// `from` on are looked at.
    pub fn find(&mut self, value: &str, from: usize, before: usize) -> Option<(usize, Place)> {
        if !is_telling(value) {
            return None;
        }
        for step in (from..before).rev() {
            let known = &self.steps[step];
            let of = |pairs: &[(String, String)]| {
                pairs
                    .iter()
                    .find(|(_, found)| found == value)
                    .map(|(name, _)| name.clone())
            };
            let named = of(&known.cookies).map(Place::Cookie);
            let named = named.or_else(|| of(&known.headers).map(Place::Header));
            let named = named.or_else(|| known.named.get(value).cloned().flatten());
            if let Some(place) = named {
                return Some((step, place));
            }
            if self.searched_bytes < SEARCHED_BYTES_MAX {
                self.searched_bytes += known.page.len();
                if let Some(place) = in_script(&known.page, value) {
                    return Some((step, place));
                }
            }
        }
        None
    }
}

impl Known {
    fn new(answer: &Answer) -> Self {
        let mut known = Self::default();
        for (name, value) in &answer.headers {
            if name == "set-cookie" {
                // Some exports join several with line ends.
                known.cookies.extend(value.lines().filter_map(cookie));
            } else if is_telling(value) {
                known.headers.push((name.clone(), value.clone()));
            }
        }
        if answer.mime_type.contains("json") {
            if let Ok(document) = serde_json::from_str::<Value>(&answer.text) {
                known.add_json(&document, &mut String::new());
            }
        } else if answer.mime_type.contains("html") {
            known.add_page(&Html::parse_document(&answer.text));
            known.page.clone_from(&answer.text);
        }
        known
    }

    fn add(&mut self, value: &str, place: Place) {
        let known = self.named.entry(value.to_owned());
        known
            .and_modify(|place| *place = None)
            .or_insert(Some(place));
    }

    fn add_json(&mut self, value: &Value, pointer: &mut String) {
        let length = pointer.len();
        match value {
            Value::Object(entries) => {
                for (key, value) in entries {
                    pointer.push('/');
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                    self.add_json(value, pointer);
                    pointer.truncate(length);
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    pointer.push_str(&format!("/{index}"));
                    self.add_json(value, pointer);
                    pointer.truncate(length);
                }
            }
            Value::String(text) if is_telling(text) => self.add(text, Place::Json(pointer.clone())),
            Value::Number(number) if is_telling(&number.to_string()) => {
                self.add(&number.to_string(), Place::Json(pointer.clone()));
            }
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {}
        }
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
    (is_plain(name) && is_telling(value)).then(|| (name.to_owned(), value.to_owned()))
}

/// Whether a name can stand in a selector or a regular expression as it is.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.:[]".contains(&byte))
}

/// `cartId: "…"` inside of a script: by what stands before it.
fn in_script(page: &str, value: &str) -> Option<Place> {
    let at = page.find(value)?;
    let before: String = page[..at]
        .chars()
        .rev()
        .take(CONTEXT_CHARS)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    let named = Regex::new(r#"([A-Za-z_][\w-]*)["']?\s*[:=]\s*["']?$"#).ok()?;
    let name = named.captures(&before)?.get(1)?.as_str().to_owned();
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

    fn place(mime_type: &str, headers: &[(&str, &str)], text: &str, value: &str) -> Option<Place> {
        let answer = Answer {
            status: 200,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            mime_type: mime_type.to_owned(),
            text: text.to_owned(),
            location: String::new(),
        };
        let mut answers = Answers {
            steps: vec![Known::new(&answer)],
            searched_bytes: 0,
        };
        answers.find(value, 0, 1).map(|(_, place)| place)
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
