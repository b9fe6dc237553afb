//! YAML text → one tree of typed values, each with its place in the file.
//!
//! In: UTF-8 text without a byte order mark, and a lookup for `${env:NAME}`. Out: the tree, and a
//! finding for each thing that is not allowed in a declared file: duplicate keys, anchors,
//! aliases, merge keys, tags, second documents, keys that are not text. Such a value stays in the
//! tree as [`Content::Refused`], so the rest of the file is still checked. It never knows what the
//! file is about.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use serde_json::{Number, Value};

use super::problem::{Finding, Findings, Place, quoted};
use super::scalar::{Lookup, Secret, has_variable, replace_variables, typed};
use super::syntax;

/// How deep lists and mappings may be nested.
pub const DEPTH_MAX: usize = 64;
/// How many scalars, lists and mappings a file may have.
pub const NODES_MAX: usize = 100_000;
/// How many bytes all replaced texts of a file may have together.
pub const REPLACED_BYTES_MAX: usize = 1 << 20;

/// A value and where it stands.
pub(super) struct Node {
    /// The first character of the value; of the key if nothing is written after it.
    pub(super) place: Place,
    /// The first character of the key, for a value in a mapping.
    pub(super) key_place: Option<Place>,
    /// The scalar as the file has it, where that is not what `content` says: numbers (`0x1F`) and
    /// text with values from the environment.
    written: Option<String>,
    pub(super) content: Content,
}

pub(super) enum Content {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(BTreeMap<String, Node>),
    /// Something was found wrong with it already; nothing more is to be said.
    Refused,
}

impl Node {
    /// The value for serde.
    pub(super) fn to_value(&self) -> Value {
        match &self.content {
            Content::Null | Content::Refused => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(items) => Value::Array(items.iter().map(Node::to_value).collect()),
            Content::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, node)| (key.clone(), node.to_value()))
                    .collect(),
            ),
        }
    }

    /// The value in a message, as written in the file: "the text `abc`", "a list".
    pub(super) fn described(&self) -> String {
        match &self.content {
            Content::Null | Content::Refused => "nothing".to_owned(),
            Content::Bool(value) => format!("`{value}`"),
            Content::Number(_) => format!("the number {}", quoted(&self.shown())),
            Content::Text(_) => format!("the text {}", quoted(&self.shown())),
            Content::List(_) => "a list".to_owned(),
            Content::Map(_) => "a mapping".to_owned(),
        }
    }

    /// A scalar as written in the file; empty for anything else.
    pub(super) fn shown(&self) -> Cow<'_, str> {
        match (&self.written, &self.content) {
            (Some(written), _) => Cow::Borrowed(written),
            (None, Content::Text(text)) => Cow::Borrowed(text),
            (None, Content::Bool(value)) => Cow::Owned(value.to_string()),
            (None, Content::Number(number)) => Cow::Owned(number.to_string()),
            (None, Content::Null | Content::List(_) | Content::Map(_) | Content::Refused) => {
                Cow::Borrowed("")
            }
        }
    }

    /// Whether the text of this scalar came from the environment, in whole or in part.
    pub(super) fn is_from_environment(&self) -> bool {
        matches!(self.content, Content::Text(_)) && self.written.is_some()
    }

    /// The value under this key or index.
    pub(super) fn child(&self, step: &str) -> Option<&Node> {
        match &self.content {
            Content::Map(entries) => entries.get(step),
            Content::List(items) => items.get(step.parse::<usize>().ok()?),
            Content::Null
            | Content::Bool(_)
            | Content::Number(_)
            | Content::Text(_)
            | Content::Refused => None,
        }
    }

    /// The values directly inside this one.
    pub(super) fn children(&self) -> Box<dyn Iterator<Item = &Node> + '_> {
        match &self.content {
            Content::Map(entries) => Box::new(entries.values()),
            Content::List(items) => Box::new(items.iter()),
            Content::Null
            | Content::Bool(_)
            | Content::Number(_)
            | Content::Text(_)
            | Content::Refused => Box::new(std::iter::empty()),
        }
    }
}

/// Reads the one document of a file. `None` if it cannot be read to its end; the findings then
/// say why. The secrets are all values taken from the environment.
pub(super) fn read(
    text: &str,
    env: Lookup<'_>,
    findings: &mut Findings,
) -> (Option<Node>, Vec<Secret>) {
    let parser = Parser::new_from_str(text);
    let mut reader = Reader {
        text,
        parser,
        env,
        findings,
        secrets: Vec::new(),
        node_count: 0,
        replaced_bytes: 0,
    };
    let root = reader.document().ok();
    (root, reader.secrets)
}

/// Reading cannot go on; the finding that says why has been added.
struct Stop;

struct Reader<'t, 'r> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    env: Lookup<'r>,
    findings: &'r mut Findings,
    secrets: Vec<Secret>,
    node_count: usize,
    replaced_bytes: usize,
}

impl<'t> Reader<'t, '_> {
    fn document(&mut self) -> Result<Node, Stop> {
        let root = loop {
            match self.next()? {
                (Event::StreamStart, _) => {}
                (Event::DocumentStart(_), _) => {
                    let (event, span) = self.next()?;
                    if is_nothing(&event) {
                        return Err(self.empty());
                    }
                    break self.node(event, span, None, 0)?;
                }
                (_, _) => return Err(self.empty()),
            }
        };
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(root),
                (Event::DocumentStart(_), span) => {
                    let hint = "keep one document in a file: move this one to a file of its own";
                    return Err(self.stop(
                        place(span.start),
                        "a second document starts here",
                        hint,
                    ));
                }
                (_, _) => {}
            }
        }
    }

    fn empty(&mut self) -> Stop {
        self.stop(
            Place::START,
            "the file is empty",
            "write the definition, or remove the file",
        )
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Stop> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(self.syntax_error(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(
        &mut self,
        event: Event<'t>,
        span: Span,
        key_place: Option<Place>,
        depth: usize,
    ) -> Result<Node, Stop> {
        let start =
            if is_nothing(&event) { key_place } else { None }.unwrap_or_else(|| place(span.start));
        self.node_count += 1;
        if self.node_count > NODES_MAX {
            let message = format!("the file has more than {NODES_MAX} values");
            return Err(self.stop(start, &message, "split it into several files"));
        }
        if depth > DEPTH_MAX {
            let message = format!("values are nested more than {DEPTH_MAX} deep");
            return Err(self.stop(start, &message, "write it flatter"));
        }
        let (written, content) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let marked = self.refuse_marks(start, anchor, tag.as_deref());
                if marked {
                    (None, Content::Refused)
                } else {
                    self.scalar(start, text, style)?
                }
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_marks(start, anchor, tag.as_deref());
                (None, self.list(depth)?)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_marks(start, anchor, tag.as_deref());
                (None, self.map(depth)?)
            }
            Event::Alias(_) => {
                self.refuse(
                    start,
                    "aliases (`*name`) are not supported here",
                    "write the value out",
                );
                (None, Content::Refused)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => {
                return Err(self.stop(
                    start,
                    "not valid YAML: a value is missing",
                    "write a value",
                ));
            }
        };
        Ok(Node {
            place: start,
            key_place,
            written,
            content,
        })
    }

    fn list(&mut self, depth: usize) -> Result<Content, Stop> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Content::List(items)),
                (event, span) => items.push(self.node(event, span, None, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Content, Stop> {
        let mut entries: BTreeMap<String, Node> = BTreeMap::new();
        loop {
            let (event, span) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Content::Map(entries)),
                other => other,
            };
            let key_place = place(span.start);
            let is_merge =
                matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
            let key = self.key(event, span, depth)?;
            let found_count = self.findings.found.len();
            let (event, span) = self.next()?;
            let node = self.node(event, span, Some(key_place), depth + 1)?;
            if is_merge {
                // What is wrong with the value (an alias, as a rule) goes away with the merge key.
                self.findings.found.truncate(found_count);
            }
            let Some(key) = key else { continue };
            match entries.entry(key) {
                Entry::Vacant(vacant) => {
                    vacant.insert(node);
                }
                Entry::Occupied(first) => {
                    let first_line = first.get().key_place.unwrap_or(Place::START).line;
                    let message = format!("duplicate key {}", quoted(first.key()));
                    self.refuse(
                        key_place,
                        &message,
                        &format!("it is on line {first_line} already; keep one of them"),
                    );
                }
            }
        }
    }

    /// The key, or `None` and a finding if it cannot be one.
    fn key(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Option<String>, Stop> {
        let start = place(span.start);
        let Event::Scalar(text, style, anchor, tag) = event else {
            self.node(event, span, None, depth + 1)?;
            self.refuse(start, "a key must be text", "write `name: value`");
            return Ok(None);
        };
        if self.refuse_marks(start, anchor, tag.as_deref()) {
            return Ok(None);
        }
        if style == ScalarStyle::Plain && text == "<<" {
            self.refuse(
                start,
                "merge keys (`<<`) are not supported here",
                "write the keys out",
            );
            return Ok(None);
        }
        if has_variable(&text) {
            self.refuse(
                start,
                "`${env:…}` is not replaced in keys",
                "use it in values only",
            );
            return Ok(None);
        }
        if style == ScalarStyle::Plain && !matches!(typed(&text), Ok(Value::String(_))) {
            let (message, hint) = match text.as_ref() {
                "" => (
                    "a key is missing before `:`".to_owned(),
                    "write `name: value`".to_owned(),
                ),
                text => (
                    format!("the key {} is not text", quoted(text)),
                    format!("put it in quotes: `\"{text}\"`"),
                ),
            };
            self.refuse(start, &message, &hint);
            return Ok(None);
        }
        Ok(Some(text.into_owned()))
    }

    fn scalar(
        &mut self,
        start: Place,
        text: Cow<'t, str>,
        style: ScalarStyle,
    ) -> Result<(Option<String>, Content), Stop> {
        if has_variable(&text) {
            return self.replaced(start, &text);
        }
        if style != ScalarStyle::Plain {
            return Ok((None, Content::Text(text.into_owned())));
        }
        Ok(match typed(&text) {
            Ok(Value::Null) => (None, Content::Null),
            Ok(Value::Bool(value)) => (None, Content::Bool(value)),
            Ok(Value::Number(number)) => (Some(text.into_owned()), Content::Number(number)),
            Ok(Value::String(_) | Value::Array(_) | Value::Object(_)) => {
                (None, Content::Text(text.into_owned()))
            }
            Err((message, hint)) => {
                self.findings.add(start, message, hint);
                (None, Content::Refused)
            }
        })
    }

    fn replaced(&mut self, start: Place, written: &str) -> Result<(Option<String>, Content), Stop> {
        match replace_variables(written, self.env) {
            Ok((text, secrets)) => {
                self.replaced_bytes += text.len();
                if self.replaced_bytes > REPLACED_BYTES_MAX {
                    let message = format!(
                        "values from the environment have more than {REPLACED_BYTES_MAX} bytes"
                    );
                    return Err(self.stop(
                        start,
                        &message,
                        "keep large texts out of the environment",
                    ));
                }
                self.secrets.extend(secrets);
                Ok((Some(written.to_owned()), Content::Text(text)))
            }
            Err(refusals) => {
                for (message, hint) in refusals {
                    self.findings.add(start, message, hint);
                }
                Ok((None, Content::Refused))
            }
        }
    }

    /// Adds a finding for an anchor and for a tag; says whether there was one.
    fn refuse_marks(&mut self, start: Place, anchor: usize, tag: Option<&Tag>) -> bool {
        if anchor != 0 {
            self.refuse(
                start,
                "anchors (`&name`) are not supported here",
                "write the value out wherever it is needed",
            );
        }
        if tag.is_some() {
            let hint = "remove the tag; put quotes around a value that is text";
            self.refuse(start, "tags (`!name`) are not supported here", hint);
        }
        anchor != 0 || tag.is_some()
    }

    fn refuse(&mut self, place: Place, message: &str, hint: &str) {
        self.findings.add(place, message, Some(hint.to_owned()));
    }

    fn stop(&mut self, place: Place, message: &str, hint: &str) -> Stop {
        self.refuse(place, message, hint);
        Stop
    }

    fn syntax_error(&mut self, error: &ScanError) -> Stop {
        let Finding {
            place,
            message,
            hint,
        } = syntax::finding(error, self.text);
        self.findings.add(place, message, hint);
        Stop
    }
}

fn is_nothing(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(text, ScalarStyle::Plain, 0, None) if text.is_empty())
}

/// A parser's place, whose columns count from 0, as ours.
pub(super) fn place(marker: Marker) -> Place {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Place {
        line: number(marker.line()).max(1),
        column: number(marker.col()).saturating_add(1),
    }
}
