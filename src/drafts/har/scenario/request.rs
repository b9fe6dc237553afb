//! The request of a step: path, headers and body, with variables in the place of what was somebody's own.

use std::borrow::Cow;

use url::form_urlencoded;

use crate::drafts::Flow;
use crate::drafts::har::body::{RecordedBody, RecordedPart};
use crate::drafts::har::exchange::{Role, percent_decoded};
use crate::drafts::har::json_text::{PieceKind, walk};
use crate::drafts::har::recording::RecordedStep;
use crate::drafts::har::secrets::{
    has_secret, is_dropped_header, is_email, is_secret, looks_made_up,
};
use crate::drafts::har::taking::is_telling;
use crate::drafts::har::variables::{Meaning, SHOPPER_EMAIL, Variables, has_variable};

/// What stands where somebody has to write something.
const PLACEHOLDER: &str = "EDIT-ME";
/// The most headers of a step.
const HEADERS_MAX: usize = 30;
/// The longest value of a header.
const HEADER_BYTES_MAX: usize = 4_096;
const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// A request in the words of a step.
pub struct RequestText {
    /// Method and path in messages, with nothing in it that is left out of the file.
    pub place: String,
    /// Method and path.
    pub entries: Vec<(String, Flow)>,
    /// Headers and body.
    pub body: Vec<(String, Flow)>,
    /// Paths of its files.
    pub assets: Vec<String>,
    /// What was replaced or left out.
    pub comments: Vec<String>,
}

/// The request of `step`, the `index`-th.
pub fn request_text(
    index: usize,
    step: &RecordedStep,
    variables: &mut Variables<'_>,
) -> RequestText {
    let mut writer = Writer {
        index,
        step,
        variables,
        comments: Vec::new(),
    };
    let path = writer.path();
    let mut headers = writer.headers();
    let body = writer.body(&mut headers);
    let assets = step.assets.iter().map(|path| writer.asset(path)).collect();
    let mut rest = Vec::new();
    if !headers.is_empty() {
        let headers = headers
            .into_iter()
            .map(|(name, value)| (name, Flow::Text(value)));
        rest.push(("headers".to_owned(), Flow::Map(headers.collect())));
    }
    rest.extend(body);
    RequestText {
        place: format!(
            "{} {}",
            step.asked.method,
            path.split('?').next().unwrap_or_default()
        ),
        entries: vec![(step.asked.method.to_ascii_lowercase(), Flow::Text(path))],
        body: rest,
        assets,
        comments: writer.comments,
    }
}

struct Writer<'a, 'b> {
    index: usize,
    step: &'a RecordedStep,
    variables: &'a mut Variables<'b>,
    comments: Vec<String>,
}

impl Writer<'_, '_> {
    fn meaning(&mut self, name: &str, value: &str) -> Meaning {
        self.meaning_of(name, value, &format!("`{name}`"))
    }

    /// What is to be said of a value is said here, of what is `called` so.
    fn meaning_of(&mut self, name: &str, value: &str, called: &str) -> Meaning {
        match self.variables.meaning(self.index, name, value) {
            Meaning::Noted(why) => {
                self.comments.push(format!("{called} {why}"));
                Meaning::Literal
            }
            Meaning::Email => {
                self.comments
                    .push(format!("{called} was an e-mail address"));
                Meaning::Email
            }
            meaning => meaning,
        }
    }

    fn path(&mut self) -> String {
        let url = &self.step.asked.url;
        let mut text = String::new();
        let mut folder = String::new();
        for segment in url.path().split('/').skip(1) {
            text.push('/');
            let value = percent_decoded(segment);
            match self.meaning_of(&folder, &value, &format!("what stands behind `/{folder}/`")) {
                Meaning::Variable(name) => text.push_str(&format!("{{{name}}}")),
                // `/password/reset` is a page; what looks made up is a token.
                Meaning::Secret
                    if is_telling(&value) && value.contains(|char: char| char.is_ascii_digit()) =>
                {
                    self.comments.push(format!("what stood behind `/{folder}/` was left out: write one in the place of {PLACEHOLDER}"));
                    text.push_str(PLACEHOLDER);
                }
                Meaning::Email => text.push_str(&SHOPPER_EMAIL.replace('@', "%40")),
                Meaning::Literal | Meaning::Noted(_) | Meaning::Secret => {
                    text.push_str(&without_braces(segment));
                }
            }
            // Of what is nobody's business no later sentence speaks.
            folder = if is_email(&value) || looks_made_up(&value) {
                "…".to_owned()
            } else {
                value.into_owned()
            };
        }
        let mut mark = '?';
        for pair in url
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
        {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain_name = form_decoded(name);
            let written = match self.meaning(&plain_name, &form_decoded(value)) {
                Meaning::Variable(variable) => format!("{{{variable}}}"),
                Meaning::Email => SHOPPER_EMAIL.replace('@', "%40"),
                Meaning::Secret => {
                    self.comments
                        .push(format!("parameter `{plain_name}` was left out"));
                    continue;
                }
                Meaning::Literal | Meaning::Noted(_) => without_braces(value).into_owned(),
            };
            text.push(mark);
            text.push_str(&without_braces(name));
            if pair.contains('=') {
                text.push('=');
                text.push_str(&written);
            }
            mark = '&';
        }
        text
    }

    /// A file of the page, without what says who got it.
    fn asset(&mut self, path: &str) -> String {
        let Some((path, query)) = path.split_once('?') else {
            return path.to_owned();
        };
        let mut text = path.to_owned();
        let mut mark = '?';
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = form_decoded(name);
            if is_secret(&name) || is_email(&form_decoded(value)) {
                let comment = format!("parameter `{name}` of a file was left out");
                if !self.comments.contains(&comment) {
                    self.comments.push(comment);
                }
                continue;
            }
            text.push(mark);
            text.push_str(pair);
            mark = '&';
        }
        text
    }

    fn headers(&mut self) -> Vec<(String, String)> {
        let mut kept: Vec<(String, String)> = Vec::new();
        for (name, value) in &self.step.asked.headers {
            let is_usual = is_dropped_header(name)
                || name == "content-type"
                || (name == "accept" && (self.step.asked.role == Role::Page || value == "*/*"));
            if is_usual || kept.iter().any(|(known, _)| known == name) {
                continue;
            }
            if kept.len() == HEADERS_MAX || value.len() > HEADER_BYTES_MAX {
                self.comments.push(format!(
                    "header `{name}` was left out: too many, or too long"
                ));
                continue;
            }
            let (scheme, credential) = match (name.as_str(), value.split_once(' ')) {
                ("authorization", Some((scheme, credential))) => (format!("{scheme} "), credential),
                _ => (String::new(), value.as_str()),
            };
            let mut words = credential.split([' ', ',', ';']);
            let meaning = match self.meaning(name, credential) {
                Meaning::Literal if words.nth(1).is_some() && has_secret(credential) => {
                    Meaning::Secret
                }
                meaning => meaning,
            };
            match meaning {
                Meaning::Variable(variable) => kept.push((name.clone(), format!("{scheme}{{{variable}}}"))),
                Meaning::Secret if name == "authorization" => self.comments.push(
                    "header `authorization` was left out: say who the shopper is by `auth: {bearer: \"${env:TOKEN}\"}`".to_owned(),
                ),
                Meaning::Secret => {
                    let variable = name.to_ascii_uppercase().replace(|char: char| !char.is_ascii_alphanumeric(), "_");
                    self.comments.push(format!("header `{name}` was left out: if it is needed, `headers: {{{name}: \"${{env:{variable}}}\"}}`"));
                }
                Meaning::Email => kept.push((name.clone(), SHOPPER_EMAIL.to_owned())),
                Meaning::Literal if has_variable(value) || value.chars().any(char::is_control) => {
                    self.comments.push(format!("header `{name}` was left out: it has braces or control characters in it"));
                }
                Meaning::Literal | Meaning::Noted(_) => kept.push((name.clone(), value.clone())),
            }
        }
        kept
    }

    fn body(&mut self, headers: &mut Vec<(String, String)>) -> Option<(String, Flow)> {
        let asked = &self.step.asked;
        if matches!(asked.method.as_str(), "GET" | "HEAD") {
            if asked.body != RecordedBody::None {
                self.comments
                    .push("its body was left out: a `get` has none".to_owned());
            }
            return None;
        }
        match &asked.body {
            RecordedBody::None => None,
            RecordedBody::Lost(why) => {
                self.comments.push(format!("its body was left out: {why}"));
                None
            }
            RecordedBody::Form(fields) => Some(self.form(fields, headers)),
            RecordedBody::Json(document, content_type) => {
                if content_type != "application/json" {
                    headers.extend(type_header(content_type));
                }
                Some(("json".to_owned(), Flow::Text(self.json(document))))
            }
            RecordedBody::Parts(parts) => self.parts(parts),
            RecordedBody::Text(text, content_type) => {
                headers.extend(type_header(content_type));
                let why = match (has_variable(text), has_secret(text)) {
                    (true, _) => "names in braces, which would be variables,",
                    (false, true) => "what looks like a secret or an address",
                    (false, false) => {
                        return Some(("body".to_owned(), Flow::text(text.clone())));
                    }
                };
                self.comments.push(format!(
                    "its body was left out, as it has {why} in it: write one in the place of {PLACEHOLDER}"
                ));
                Some(("body".to_owned(), Flow::text(PLACEHOLDER)))
            }
        }
    }

    /// The text of a value: itself, a variable, or a placeholder. `None` for a literal.
    fn replaced(&mut self, name: &str, value: &str) -> Option<String> {
        match self.meaning(name, value) {
            Meaning::Literal | Meaning::Noted(_) => None,
            Meaning::Variable(variable) => Some(format!("{{{variable}}}")),
            Meaning::Email => Some(SHOPPER_EMAIL.to_owned()),
            Meaning::Secret => {
                self.comments.push(format!("`{name}` was left out: write one in the place of {PLACEHOLDER}, such as \"${{env:NAME}}\""));
                Some(PLACEHOLDER.to_owned())
            }
        }
    }

    /// As `form` where a map can say it, else as the text that a browser sends.
    fn form(
        &mut self,
        fields: &[(String, String)],
        headers: &mut Vec<(String, String)>,
    ) -> (String, Flow) {
        let written: Vec<(String, Option<String>)> = fields
            .iter()
            .map(|(name, value)| (name.clone(), self.replaced(name, value)))
            .collect();
        let both = || {
            written
                .iter()
                .zip(fields)
                .map(|((name, replaced), (_, value))| (name, replaced, value))
        };
        let is_map = both().enumerate().all(|(index, (name, replaced, value))| {
            let is_new = written[..index].iter().all(|(known, _)| known != name);
            is_new
                && !has_variable(name)
                && name.len() <= 200
                && (replaced.is_some() || !has_variable(value))
        });
        if is_map {
            let fields = both().map(|(name, replaced, value)| {
                (
                    name.clone(),
                    Flow::text(replaced.as_ref().unwrap_or(value).clone()),
                )
            });
            return ("form".to_owned(), Flow::Map(fields.collect()));
        }
        let encoded =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pairs: Vec<String> = both()
            .map(|(name, replaced, value)| {
                let value = replaced.clone().unwrap_or_else(|| encoded(value));
                format!("{}={value}", encoded(name))
            })
            .collect();
        headers.push(("content-type".to_owned(), FORM_TYPE.to_owned()));
        ("body".to_owned(), Flow::Text(pairs.join("&")))
    }

    fn parts(&mut self, parts: &[RecordedPart]) -> Option<(String, Flow)> {
        let mut kept = Vec::new();
        for part in parts {
            if has_variable(&part.name) {
                self.comments.push(format!(
                    "part `{}` was left out: it has braces in its name",
                    part.name
                ));
                continue;
            }
            let value = if part.is_file {
                self.comments.push(format!(
                    "part `{}` was a file, which no recording has: write `file: NAME` in the place of `value`", part.name
                ));
                PLACEHOLDER.to_owned()
            } else {
                match self.replaced(&part.name, &part.value) {
                    Some(replaced) => replaced,
                    None if has_variable(&part.value) => {
                        self.comments.push(format!(
                            "part `{}` was left out: it has names in braces in it",
                            part.name
                        ));
                        continue;
                    }
                    None => part.value.clone(),
                }
            };
            kept.push(Flow::map([
                ("name", Flow::text(part.name.clone())),
                ("value", Flow::Text(value)),
            ]));
        }
        (!kept.is_empty()).then(|| ("multipart".to_owned(), Flow::List(kept)))
    }

    /// A document as it was written, but for values that are variables or nobody's business; braces in texts
    /// are escaped.
    fn json(&mut self, document: &str) -> String {
        let mut text = String::new();
        let mut done = 0;
        walk(document, &mut |piece| {
            text.push_str(&document[done..piece.start]);
            done = piece.start + piece.written.len();
            let value = piece.text().filter(|_| piece.kind == PieceKind::Value);
            let is_text = piece.written.starts_with('"');
            let replaced = value.and_then(|value| {
                if is_text {
                    let replaced = self.replaced(piece.name, &value)?;
                    Some(format!("\"{replaced}\""))
                } else {
                    self.replaced_number(piece.name, &value)
                }
            });
            match replaced {
                Some(replaced) => text.push_str(&replaced),
                None if has_variable(piece.written) => {
                    text.push_str(&piece.written.replace('{', "\\u007b"));
                }
                None => text.push_str(piece.written),
            }
        });
        text.push_str(&document[done..]);
        text
    }

    fn replaced_number(&mut self, name: &str, value: &str) -> Option<String> {
        match self.meaning(name, value) {
            Meaning::Variable(variable) => Some(format!("{{{variable}}}")),
            Meaning::Secret => {
                self.comments.push(format!(
                    "`{name}` was left out: write one in the place of 0"
                ));
                Some("0".to_owned())
            }
            Meaning::Email | Meaning::Literal | Meaning::Noted(_) => None,
        }
    }
}

/// The header that says it; none where it is empty, or no text of a header.
fn type_header(content_type: &str) -> Option<(String, String)> {
    let is_said = !content_type.is_empty()
        && !has_variable(content_type)
        && !content_type.chars().any(char::is_control);
    is_said.then(|| ("content-type".to_owned(), content_type.to_owned()))
}

fn form_decoded(text: &str) -> String {
    let pair = format!("a={}", text.replace('&', "%26"));
    let mut pairs = form_urlencoded::parse(pair.as_bytes());
    pairs
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

fn without_braces(text: &str) -> Cow<'_, str> {
    if text.contains(['{', '}']) {
        text.replace('{', "%7B").replace('}', "%7D").into()
    } else {
        text.into()
    }
}
