//! One source: known by its content, read from where the last ingest stopped.
//!
//! In: an input that was opened, and what the ledger knows of its beginning. Out: staged parts and the
//! new state for the ledger. A renamed, rotated, compressed or grown file is the same source; a
//! rewritten one is refused; an older, shorter copy adds nothing.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use indicatif::ProgressBar;

use super::blocks::{SourceBlocks, TAIL_BYTES};
use super::older_copy;
use super::parts::{Feed, Parts, PartsFailure, Pool};
use crate::access_log::{
    BlockCounts, DetectError, LineBlock, LineBlocks, LineContext, LogFormat, LogInput, Opened,
    detect,
};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::lake::{HEAD_BYTES, Head, LakeReader, RejectedLine, SourceKind, SourceState};

/// What was read of one input.
#[derive(Debug)]
pub struct SourceRead {
    pub path: String,
    pub source_id: String,
    pub format: String,
    pub counts: BlockCounts,
    pub already_ingested_lines: u64,
    pub bytes: u64,
    /// Bytes of a last line that is not finished and was left for the next time.
    pub unfinished_bytes: u64,
    /// Some of the rejected lines.
    pub rejects: Vec<RejectedLine>,
    /// Whether a time without an offset was read.
    pub read_local: bool,
    /// A format that was asked for though all of the source was read as another one.
    pub ignored_format: Option<String>,
    /// Where the last ingest stopped.
    pub from: u64,
    /// The new state for the ledger; `None` when nothing is new.
    pub state: Option<SourceState>,
    /// The beginning of a source that was not known before.
    pub head: Option<Head>,
}

impl SourceRead {
    /// Lines = records + rejected + blank + duplicates, for what was read now and for all of the
    /// source.
    pub fn assert_conserved(&self) {
        assert!(self.counts.is_conserved(), "{}: lines were lost", self.path);
        assert!(
            self.state.as_ref().is_none_or(SourceState::is_conserved),
            "{}: the ledger lost lines",
            self.path
        );
    }
}

/// Why there are no parts of an input.
#[derive(Debug)]
pub enum Unread {
    /// It was found in a folder and is no log: the others are read.
    Skipped(String),
    /// It can be read only when what this command has read before is committed.
    Later,
    /// It cannot be read.
    Failed(Failure),
}

impl From<Failure> for Unread {
    fn from(failure: Failure) -> Self {
        Unread::Failed(failure)
    }
}

/// What the ledger says of the beginning of an input.
#[derive(Debug)]
pub enum Known {
    /// Nothing.
    New,
    /// It is this source, read so far; whether that is in the lake already, or only in this command.
    Source {
        id: String,
        state: Box<SourceState>,
        is_committed: bool,
    },
}

/// How an input is to be read.
pub struct Reading<'a> {
    pub input: &'a LogInput,
    pub opened: Opened,
    pub head: Head,
    pub known: Known,
    /// The format that was asked for.
    pub format: Option<LogFormat>,
    pub context: &'a LineContext,
    pub lake: &'a LakeReader,
    pub pool: &'a Pool,
    pub bar: &'a ProgressBar,
}

impl Reading<'_> {
    /// Reads everything that is new into staged parts.
    pub fn read(mut self) -> Result<(SourceRead, Parts), Unread> {
        let path = self.input.name();
        let io = |error: std::io::Error| Unread::from(Failure::io("read", &path, &error));
        if self.head.bytes().is_empty() {
            return Err(undetected(self.input, &DetectError::Empty));
        }
        let known = std::mem::replace(&mut self.known, Known::New);
        let source = Source::new(path.clone(), &self.head, known);
        match source.skip(&mut self.opened).map_err(io)? {
            Position::Ready => {}
            Position::Rewritten(why) => return Err(source.refusal(&why).into()),
            Position::Shorter => return self.older_copy(source),
        }
        let may_grow = self.opened.may_grow;
        let mut rest = BufReader::new(self.opened);
        let begins_at = source.from() + source.skip_rest_of_line(&mut rest).map_err(io)?;
        let mut blocks = LineBlocks::new(rest, begins_at);
        let Some(first) = blocks.next_block().map_err(io)? else {
            let mut read = source.nothing_new();
            let asked = self.format.map(|format| format.to_string());
            read.ignored_format = asked.filter(|asked| *asked != read.format);
            return Ok((read, Parts::default()));
        };
        let format = source_format(self.input, &source, self.format, self.context, &first)?;
        let feed = Feed {
            source: Arc::new(SourceBlocks {
                source_id: source.source_id(),
                format: format.clone(),
                context: self.context.clone(),
            }),
            may_grow,
            header: source.header(),
            lines_before: source.lines(),
        };
        let parts = self
            .pool
            .write_parts(first, &mut blocks, feed, self.bar)
            .map_err(|failure: PartsFailure| failure.at(&path))?;
        Ok((source.finish(&parts, &format, &self.head), parts))
    }

    /// A copy that is shorter than what was read of this source: it must say the same.
    fn older_copy(self, source: Source) -> Result<(SourceRead, Parts), Unread> {
        let Known::Source {
            id,
            state,
            is_committed,
        } = &source.known
        else {
            unreachable!("only a known source can be longer");
        };
        if !is_committed {
            return Err(Unread::Later);
        }
        let format = match &self.format {
            Some(format) => format.clone(),
            None => LogFormat::from_text(&state.format).map_err(Failure::usage)?,
        };
        let opened = self.input.open().map_err(Failure::from)?;
        let copy = older_copy::compare(opened, id, &format, self.context, self.lake)
            .map_err(|failure| failure.at(&source.path))?;
        match copy {
            Some(lines) => {
                let mut read = source.nothing_new();
                read.already_ingested_lines = lines;
                Ok((read, Parts::default()))
            }
            None => {
                let why = format!(
                    "it is shorter than the {} bytes that were ingested before, and reads differently",
                    state.offset
                );
                Err(source.refusal(&why).into())
            }
        }
    }
}

/// The format of a source: what was asked for, what it was before, or what its lines look like.
fn source_format(
    input: &LogInput,
    source: &Source,
    asked: Option<LogFormat>,
    context: &LineContext,
    first: &LineBlock,
) -> Result<LogFormat, Unread> {
    match (&source.known, asked) {
        (_, Some(format)) => Ok(format),
        (Known::Source { state, .. }, None) => LogFormat::from_text(&state.format)
            .map_err(|message| Failure::usage(format!("{}: {message}", source.path)).into()),
        (Known::New, None) => detect(first, context).map_err(|error| undetected(input, &error)),
    }
}

/// A named input must be a log; what lies beside the logs in a folder need not be. A log that asks
/// for its format is a log wherever it lies.
pub fn undetected(input: &LogInput, error: &DetectError) -> Unread {
    let path = input.name();
    let was_found = matches!(input, LogInput::FoundFile(_));
    match error {
        DetectError::NoRequest { .. } | DetectError::Empty => {
            Unread::Skipped(format!("{path}: {error}"))
        }
        DetectError::Unknown { .. } if was_found => {
            Unread::Skipped(format!("{path}: it is no log of a known format"))
        }
        DetectError::Binary(_) | DetectError::NoLog { .. } if was_found => {
            Unread::Skipped(format!("{path}: {error}"))
        }
        DetectError::Unknown { .. }
        | DetectError::Binary(_)
        | DetectError::NoLog { .. }
        | DetectError::AmbiguousDuration { .. } => {
            Unread::Failed(Failure::new(ExitCode::Input, format!("{path}: {error}")))
        }
    }
}

/// Whether reading can go on where it stopped.
enum Position {
    Ready,
    /// The text ends before.
    Shorter,
    /// What was read before is not there any more.
    Rewritten(String),
}

struct Source {
    path: String,
    new_id: Arc<str>,
    known: Known,
}

impl Source {
    fn new(path: String, head: &Head, known: Known) -> Self {
        Self {
            path,
            new_id: head.source_id().into(),
            known,
        }
    }

    fn state(&self) -> Option<&SourceState> {
        match &self.known {
            Known::New => None,
            Known::Source { state, .. } => Some(state),
        }
    }

    fn source_id(&self) -> Arc<str> {
        match &self.known {
            Known::New => Arc::clone(&self.new_id),
            Known::Source { id, .. } => id.as_str().into(),
        }
    }

    fn from(&self) -> u64 {
        self.state().map_or(0, |state| state.offset)
    }

    fn lines(&self) -> u64 {
        self.state().map_or(0, |state| state.lines)
    }

    fn header(&self) -> Vec<u8> {
        self.state()
            .map_or_else(Vec::new, |state| state.header.clone().into_bytes())
    }

    /// Goes to the known position and compares what is before it.
    fn skip(&self, opened: &mut Opened) -> std::io::Result<Position> {
        let Some(state) = self.state() else {
            return Ok(Position::Ready);
        };
        let before = state.offset - state.tail_bytes;
        let at = opened.skip_to(before)?;
        let mut tail = Vec::new();
        opened.take(state.tail_bytes).read_to_end(&mut tail)?;
        if at + (tail.len() as u64) < state.offset {
            return Ok(Position::Shorter);
        }
        if hash(&tail) != state.tail_hash {
            let why = "what was ingested before now reads differently".to_owned();
            return Ok(Position::Rewritten(why));
        }
        Ok(Position::Ready)
    }

    /// The rest of a last line that was taken before it had its end; says how many bytes.
    fn skip_rest_of_line(&self, reader: &mut impl BufRead) -> std::io::Result<u64> {
        match self.state() {
            Some(state) if !state.ends_with_line => {
                reader.skip_until(b'\n').map(|bytes| bytes as u64)
            }
            Some(_) | None => Ok(0),
        }
    }

    fn refusal(&self, why: &str) -> Failure {
        let known = self.state().map_or("", |state| state.last_path.as_str());
        Failure::new(
            ExitCode::Input,
            format!(
                "{}: it begins like source {} (last seen as `{known}`), but {why}; nothing of it was kept (hint: if it is another log, ingest it into another --lake)",
                self.path,
                self.source_id()
            ),
        )
    }

    fn nothing_new(self) -> SourceRead {
        let from = self.from();
        let source_id = self.source_id().to_string();
        let state = self.state();
        SourceRead {
            source_id,
            format: state.map_or_else(String::new, |state| state.format.clone()),
            counts: BlockCounts::default(),
            already_ingested_lines: state.map_or(0, |state| state.lines),
            bytes: 0,
            unfinished_bytes: 0,
            rejects: Vec::new(),
            read_local: false,
            ignored_format: None,
            from,
            state: None,
            head: None,
            path: self.path,
        }
    }

    fn finish(self, parts: &Parts, format: &LogFormat, head: &Head) -> SourceRead {
        let from = self.from();
        // A source of which nothing but a header was seen could be any: it is read again, whole,
        // when it has something to say.
        let is_telling = parts.counts.lines > parts.counts.blank || self.state().is_some();
        let is_new = parts.end > from && is_telling;
        let state = is_new.then(|| self.new_state(parts, format, head));
        let counts = if is_new {
            parts.counts
        } else {
            BlockCounts::default()
        };
        SourceRead {
            source_id: self.source_id().to_string(),
            format: format.to_string(),
            counts,
            already_ingested_lines: self.lines() + counts.duplicates,
            bytes: if is_new { parts.end - from } else { 0 },
            unfinished_bytes: parts.unfinished_bytes,
            rejects: parts.sample(),
            read_local: parts.read_local,
            ignored_format: None,
            from,
            head: (is_new && self.state().is_none()).then(|| head.clone()),
            state,
            path: self.path,
        }
    }

    fn new_state(&self, parts: &Parts, format: &LogFormat, head: &Head) -> SourceState {
        let before = self.state();
        let mut counts = before.map_or_else(BlockCounts::default, counts_of);
        counts.add(parts.counts);
        let mut reject_files = before.map_or_else(Vec::new, |state| state.reject_files.clone());
        reject_files.extend(parts.reject_files());
        SourceState {
            kind: SourceKind::Log,
            last_path: self.path.clone(),
            format: format.to_string(),
            head: head.print(parts.end),
            tail_bytes: parts.tail.len() as u64,
            tail_hash: hash(&parts.tail),
            ends_with_line: parts.tail.last() == Some(&b'\n'),
            offset: parts.end,
            header: String::from_utf8_lossy(&parts.header).into_owned(),
            lines: counts.lines,
            records: counts.records,
            rejected: counts.rejected,
            blank: counts.blank,
            duplicates: counts.duplicates,
            reject_files,
        }
    }
}

fn counts_of(state: &SourceState) -> BlockCounts {
    BlockCounts {
        lines: state.lines,
        records: state.records,
        rejected: state.rejected,
        blank: state.blank,
        duplicates: state.duplicates,
    }
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// The end that identifies a source is as long as the beginning that does.
const _: () = assert!(TAIL_BYTES == HEAD_BYTES);
