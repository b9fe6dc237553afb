//! A request-log format: a known one, a pasted one or that of a mapping file, and what stands around
//! its lines.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::blocks::LineBlock;
use super::delimited::w3c;
use super::format::{KnownFormat, ParseLine};
use super::json::docker;
use super::line::{HeaderRule, LineContext, LineResult};
use super::mapping::Mapping;
use super::parse::{BYTE_ORDER_MARK, is_blank, without_mark};
use super::pasted::PastedFormat;
use super::{
    LINE_BYTES_MAX, alb, clf, delimited, elb, envoy_text, haproxy, json, nginx_text, prefix,
    traefik_clf,
};

/// What stands around each line of the log proper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// Nothing.
    Bare,
    /// A prefix of a container runtime or of syslog.
    Prefixed,
    /// Docker's JSON, with the line in `log`.
    Docker,
}

impl Envelope {
    /// Every envelope, the simplest first.
    pub const ALL: [Envelope; 3] = [Envelope::Bare, Envelope::Prefixed, Envelope::Docker];

    /// What is inside. A line without a prefix may stand among lines that have one and stays as it is;
    /// one that is not in Docker's JSON is nothing.
    pub(super) fn open<'a>(self, line: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        match self {
            Envelope::Bare => Some(Cow::Borrowed(line)),
            Envelope::Prefixed => Some(Cow::Borrowed(prefix::without_prefix(line))),
            Envelope::Docker => {
                let mut inner = Vec::new();
                let inside = docker::unwrap_docker(line, &mut inner)?;
                Some(Cow::Owned(inside.to_vec()))
            }
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Envelope::Bare => "",
            Envelope::Prefixed => "prefixed/",
            Envelope::Docker => "docker/",
        }
    }
}

/// A request-log format: how a line becomes a [`LogLine`](super::LogLine).
#[derive(Debug, Clone)]
pub struct LogFormat {
    envelope: Envelope,
    lines: Lines,
}

#[derive(Debug, Clone)]
enum Lines {
    Known(&'static KnownFormat),
    Pasted(Arc<PastedFormat>, Arc<str>),
    Mapped(Arc<Mapping>, Arc<str>),
}

/// How alike two names must be for one to be suggested for the other, 0 to 1.
const LIKENESS_MIN: f64 = 0.8;
/// What the name of a format read with a mapping file begins with in the ledger.
const MAPPING: &str = "mapping ";

impl LogFormat {
    /// Every format that is known by name, the most telling first: detection prefers an earlier
    /// one.
    pub fn known() -> impl Iterator<Item = &'static KnownFormat> {
        let groups = [
            elb::FORMATS,
            alb::FORMATS,
            haproxy::FORMATS,
            envoy_text::FORMATS,
            delimited::FORMATS,
            json::FORMATS,
            nginx_text::FORMATS,
            traefik_clf::FORMATS,
            clf::FORMATS,
        ];
        groups.into_iter().flatten()
    }

    /// The format `known` inside `envelope`.
    #[must_use]
    pub fn new(envelope: Envelope, known: &'static KnownFormat) -> Self {
        Self {
            envelope,
            lines: Lines::Known(known),
        }
    }

    /// The format that a mapping file declares; `path` names it in messages.
    #[must_use]
    pub fn mapped(mapping: Mapping, path: &str) -> Self {
        Self {
            envelope: Envelope::Bare,
            lines: Lines::Mapped(Arc::new(mapping), path.into()),
        }
    }

    /// The format that `text` names: a known name, with `prefixed/` or `docker/` before it where
    /// lines stand in such an envelope, or a pasted nginx `log_format` or Apache `LogFormat`.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what there is.
    pub fn from_text(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix(MAPPING) {
            return Err(format!(
                "this log was read with the mapping file `{path}` before (hint: name it again with --format)"
            ));
        }
        if text.contains(['$', '%']) {
            let pasted = PastedFormat::compile(text)?;
            return Ok(Self {
                envelope: Envelope::Bare,
                lines: Lines::Pasted(Arc::new(pasted), text.into()),
            });
        }
        let envelope = Envelope::ALL.into_iter().rev();
        let (envelope, name) = envelope
            .filter_map(|envelope| Some((envelope, text.strip_prefix(envelope.as_str())?)))
            .next()
            .unwrap_or((Envelope::Bare, text));
        match Self::known().find(|known| known.name == name) {
            Some(known) => Ok(Self::new(envelope, known)),
            None => Err(unknown_name(name)),
        }
    }

    /// How it says what its columns are.
    #[must_use]
    pub fn header(&self) -> HeaderRule {
        match &self.lines {
            Lines::Known(known) => known.header,
            Lines::Pasted(..) => HeaderRule::None,
            Lines::Mapped(mapping, _) => mapping.header(),
        }
    }

    /// The header in force after `block`, for [`replay_header`](super::replay_header); `before` is the one
    /// before it. With its envelope, without a byte order mark.
    #[must_use]
    pub fn header_after<'a>(&self, block: &'a LineBlock, before: &'a [u8]) -> Cow<'a, [u8]> {
        if block.oversized_bytes.is_some() {
            return Cow::Borrowed(before);
        }
        let found = match self.header() {
            HeaderRule::None => None,
            HeaderRule::FirstLine if before.is_empty() => lines_of(block).next(),
            HeaderRule::FirstLine => None,
            HeaderRule::LinesAndDate(_, date)
                if [before, &block.bytes]
                    .iter()
                    .any(|text| memchr::memmem::find(text, date).is_some()) =>
            {
                return Cow::Owned(self.dated_header_after(block, before));
            }
            HeaderRule::LinesBeginning(beginning) | HeaderRule::LinesAndDate(beginning, _) => {
                self.last_line_beginning(block, beginning)
            }
        };
        Cow::Borrowed(found.unwrap_or(before))
    }

    fn last_line_beginning<'a>(&self, block: &'a LineBlock, beginning: &[u8]) -> Option<&'a [u8]> {
        if self.envelope == Envelope::Bare {
            return last_line_beginning(block, beginning);
        }
        let is_header = |line: &&[u8]| {
            let inside = self.envelope.open(line);
            inside.is_some_and(|inside| inside.starts_with(beginning))
        };
        lines_of(block).filter(is_header).last()
    }

    /// Where a line may get its date from the lines before it, all of them are read.
    fn dated_header_after(&self, block: &LineBlock, before: &[u8]) -> Vec<u8> {
        let mut context = LineContext::default();
        self.replay(before, &mut context);
        for line in lines_of(block) {
            let Some(inside) = self.envelope.open(line) else {
                continue;
            };
            if inside.starts_with(b"#") || context.date.is_some() {
                // Its reason is told when the line itself is read.
                let _ = self.parse_bare(&inside, &mut context);
            }
        }
        w3c::header_of(&context)
    }

    /// Puts a header into `context`; it may stand in the envelope.
    pub(super) fn replay(&self, header: &[u8], context: &mut LineContext) {
        let lines = header.split(|byte| *byte == b'\n');
        for line in lines.filter(|line| !line.is_empty()) {
            let inside = self.envelope.open(line).unwrap_or(Cow::Borrowed(line));
            // It was a header where it stood; a refusal now would be one of every line after it, too.
            let _ = self.parse_bare(&inside, context);
        }
    }

    /// What reads its lines, if they are of a known format and nothing stands around them.
    pub(super) fn bare(&self) -> Option<ParseLine> {
        match (&self.envelope, &self.lines) {
            (Envelope::Bare, Lines::Known(known)) => Some(known.parse),
            _ => None,
        }
    }

    /// One line: a request, nothing, or why it is neither.
    ///
    /// # Errors
    /// The reason, in a few words, for a line that is not of this format.
    #[inline]
    pub fn parse<'a>(&self, line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
        match self.envelope {
            Envelope::Bare => self.parse_bare(line, context),
            Envelope::Prefixed => self.parse_bare(prefix::without_prefix(line), context),
            Envelope::Docker => {
                let mut inner = Vec::new();
                let inner = docker::unwrap_docker(line, &mut inner)
                    .ok_or("not a line of Docker's JSON log")?;
                let parsed = self.parse_bare(inner, context)?;
                Ok(parsed.map(super::LogLine::into_owned))
            }
        }
    }

    #[inline]
    fn parse_bare<'a>(&self, line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
        match &self.lines {
            Lines::Known(known) => (known.parse)(line, context),
            Lines::Pasted(pasted, _) => pasted.parse(line, context),
            Lines::Mapped(mapping, _) => mapping.parse(line, context),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.lines {
            Lines::Known(known) => write!(formatter, "{}{}", self.envelope.as_str(), known.name),
            Lines::Pasted(_, text) => formatter.write_str(text),
            Lines::Mapped(_, path) => write!(formatter, "{MAPPING}{path}"),
        }
    }
}

fn unknown_name(name: &str) -> String {
    let closest = LogFormat::known()
        .map(|known| (strsim::jaro_winkler(name, known.name), known.name))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    let meant = closest.map_or_else(String::new, |(_, name)| format!("did you mean `{name}`? "));
    let names: Vec<_> = LogFormat::known().map(|known| known.name).collect();
    format!(
        "unknown log format `{name}` (hint: {meant}there are {}; or paste an nginx `log_format` or Apache `LogFormat`, or name a mapping file that ends in .yaml)",
        names.join(", ")
    )
}

/// The lines that are looked at, without a byte order mark.
fn lines_of(block: &LineBlock) -> impl Iterator<Item = &[u8]> {
    let lines = block
        .lines()
        .map(|(offset, line)| without_mark(line, offset));
    lines.filter(|line| !is_blank(line) && line.len() <= LINE_BYTES_MAX)
}

/// As the method without an envelope, from the end: most blocks have no header.
fn last_line_beginning<'a>(block: &'a LineBlock, beginning: &[u8]) -> Option<&'a [u8]> {
    let bytes = block.bytes.as_slice();
    let is_marked = block.offset == 0 && bytes.starts_with(BYTE_ORDER_MARK);
    let is_start = |start: &usize| match *start {
        0 => true,
        start if is_marked && start == BYTE_ORDER_MARK.len() => true,
        start => bytes[start - 1] == b'\n',
    };
    let starts = memchr::memmem::rfind_iter(bytes, beginning).filter(is_start);
    let mut lines = starts.map(|start| {
        let line = &bytes[start..];
        let end = memchr::memchr(b'\n', line).unwrap_or(line.len());
        line[..end].strip_suffix(b"\r").unwrap_or(&line[..end])
    });
    lines.find(|line| line.len() <= LINE_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(offset: u64, text: &str) -> LineBlock {
        LineBlock {
            offset,
            bytes: text.as_bytes().to_vec(),
            oversized_bytes: None,
        }
    }

    #[test]
    fn a_name_is_read_back_as_the_format_it_names() {
        for known in LogFormat::known() {
            for envelope in Envelope::ALL {
                let format = LogFormat::new(envelope, known);
                let again = LogFormat::from_text(&format.to_string()).unwrap();
                assert_eq!(again.to_string(), format.to_string());
            }
        }
        let pasted = r#"$remote_addr [$time_local] "$request" $status"#;
        assert_eq!(LogFormat::from_text(pasted).unwrap().to_string(), pasted);
    }

    #[test]
    fn names_are_distinct_and_say_unit_and_time() {
        let mut names: Vec<_> = LogFormat::known().map(|known| known.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for known in LogFormat::known() {
            assert!(
                !known.about.is_empty() && !known.duration.is_empty(),
                "{}",
                known.name
            );
            let says = known.time.starts_with("start") || known.time.starts_with("end");
            assert!(says, "{}: {}", known.name, known.time);
        }
    }

    #[test]
    fn a_name_that_is_none_says_what_was_meant() {
        let message = LogFormat::from_text("aws-lb").unwrap_err();
        assert!(message.contains("did you mean `aws-"), "{message}");
        let message = LogFormat::from_text("mapping shop.yaml").unwrap_err();
        assert!(message.contains("name it again with --format"), "{message}");
    }

    #[test]
    fn the_last_header_of_a_block_is_in_force_after_it() {
        let iis = LogFormat::from_text("iis").unwrap();
        let text =
            "#Fields: date time\nx #Fields: not this\n#Fields: date time cs-method\r\nline\n";
        let after = |format: &LogFormat, text: &str| {
            let header = format.header_after(&block(0, text), b"before").into_owned();
            String::from_utf8(header).unwrap()
        };
        assert_eq!(after(&iis, text), "#Fields: date time cs-method");
        assert_eq!(after(&iis, "line\n"), "before");
        let combined = LogFormat::from_text("combined").unwrap();
        assert_eq!(after(&combined, text), "before");
        let too_long = format!("#Fields: {}\n", "x".repeat(LINE_BYTES_MAX));
        assert_eq!(after(&iis, &too_long), "before");
    }

    #[test]
    fn a_header_is_found_behind_a_byte_order_mark_and_in_an_envelope() {
        let header = "#Fields: date time";
        let docker = format!(r#"{{"log":"{header}\n","stream":"stdout","time":"t"}}"#);
        let prefixed = format!("2026-11-27T08:00:01.5Z stdout F {header}");
        for (name, offset, text, expected) in [
            ("iis", 0, format!("\u{feff}{header}\nline\n"), Some(header)),
            ("iis", 9, format!("\u{feff}{header}\nline\n"), None),
            ("docker/iis", 9, format!("{docker}\nx\n"), Some(&*docker)),
            ("docker/iis", 9, format!("{header}\nx\n"), None),
            (
                "prefixed/iis",
                0,
                format!("\u{feff}{prefixed}\r\nx\n"),
                Some(&*prefixed),
            ),
            ("prefixed/iis", 9, format!("{header}\n"), Some(header)),
        ] {
            let format = LogFormat::from_text(name).unwrap();
            let block = block(offset, &text);
            let found = format.header_after(&block, b"");
            let expected = expected.unwrap_or_default();
            assert_eq!(*found, *expected.as_bytes(), "{name} {offset} {text}");
        }
    }
}
