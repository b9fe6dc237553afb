//! One source: known by its content, read from where the last ingest stopped.
//!
//! The identity is the hash of the beginning (up to 4 KiB) of the decompressed text as it was when
//! first seen; before reading on, the 4 KiB before the known position are compared, too. So a
//! renamed, rotated, compressed or grown file is the same source, and a rewritten one is refused.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use super::parts::{PartSettings, Parts, write_parts};
use crate::access_log::{
    BlockCounts, DetectError, LineBlocks, LogFormat, LogInput, Opened, detect,
};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::terminal::Terminal;
use crate::lake::{Ledger, RejectedLine, SourceKind, SourceState};

/// How much of the beginning and of the end identifies a source.
pub const PRINT_BYTES: usize = 4_096;
/// Hexadecimal digits of the hash that make a source identifier.
const ID_DIGITS: usize = 16;

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
    /// Where the last ingest stopped.
    pub from: u64,
    /// The new state for the ledger; `None` when nothing is new.
    pub state: Option<SourceState>,
}

impl SourceRead {
    /// Lines = records + rejected + blank, for what was read now and for all of the source.
    pub fn assert_conserved(&self) {
        let counts = self.counts;
        assert_eq!(
            counts.lines,
            counts.records + counts.rejected + counts.blank,
            "{}: lines were lost",
            self.path
        );
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
    /// The command fails.
    Failed(Failure),
}

impl From<Failure> for Unread {
    fn from(failure: Failure) -> Self {
        Unread::Failed(failure)
    }
}

/// Reads an input from where its source was left, into staged parts; `ledger` gets its new state,
/// so that the same file named twice in one command adds nothing.
pub fn read(
    input: &LogInput,
    format: Option<LogFormat>,
    ledger: &mut Ledger,
    settings: &PartSettings<'_>,
    terminal: &Terminal,
) -> Result<(SourceRead, Parts), Unread> {
    let path = input.name();
    let total_bytes = input
        .path()
        .and_then(|path| std::fs::metadata(path).ok())
        .map_or(0, |metadata| metadata.len());
    let Opened { reader, may_grow } = input.open().map_err(Failure::from)?;
    let bar = terminal.progress_bytes(if may_grow { total_bytes } else { 0 });
    let mut reader = bar.wrap_read(reader);
    let io = |error: std::io::Error| Failure::io("read", &path, &error);
    let mut head = Vec::with_capacity(PRINT_BYTES);
    reader
        .by_ref()
        .take(PRINT_BYTES as u64)
        .read_to_end(&mut head)
        .map_err(io)?;
    if head.is_empty() {
        return Err(undetected(input, &DetectError::Empty));
    }
    let known = find(&head, ledger);
    let source = Source::new(path.clone(), &head, known);
    let mut rest = std::io::Cursor::new(head).chain(reader);
    source.skip(&mut rest, &path)?;
    let mut rest = BufReader::new(rest);
    let begins_at = source.from + source.skip_rest_of_line(&mut rest).map_err(io)?;
    let mut blocks = LineBlocks::new(rest, begins_at);
    let first = blocks.next_block().map_err(io)?;
    let Some(first) = first else {
        bar.finish_and_clear();
        return Ok((source.nothing_new(), Parts::default()));
    };
    let format = match (&source.known, format) {
        (_, Some(format)) => format,
        (Some(state), None) => state.format.parse().map_err(Failure::usage)?,
        (None, None) => detect(&first).map_err(|error| undetected(input, &error))?,
    };
    let lines_before = source.known.as_ref().map_or(0, |state| state.lines);
    let (parts, unfinished_bytes) = write_parts(
        first,
        &mut blocks,
        &source.source_id,
        format,
        may_grow,
        lines_before,
        settings,
    )
    .map_err(|failure| failure.at(&path))?;
    bar.finish_and_clear();
    let read = source.finish(&parts, format, unfinished_bytes);
    if let Some(state) = &read.state {
        ledger.put(read.source_id.clone(), state.clone());
    }
    Ok((read, parts))
}

/// A named input must be a log; what lies beside the logs in a folder need not be. A log that asks
/// for its format is a log wherever it lies.
fn undetected(input: &LogInput, error: &DetectError) -> Unread {
    let path = input.name();
    match (input, error) {
        (LogInput::FoundFile(_), DetectError::Unknown { .. }) => {
            Unread::Skipped(format!("{path}: it is no log of a known format"))
        }
        (LogInput::FoundFile(_), DetectError::Empty | DetectError::Binary(_)) => {
            Unread::Skipped(format!("{path}: {error}"))
        }
        (LogInput::FoundFile(_), DetectError::AmbiguousDuration { .. })
        | (LogInput::File(_) | LogInput::Stdin, _) => {
            Unread::Failed(Failure::new(ExitCode::Input, format!("{path}: {error}")))
        }
    }
}

/// The known source that begins like `head`.
fn find(head: &[u8], ledger: &Ledger) -> Option<(String, SourceState)> {
    let begins_alike = |state: &SourceState| {
        let length = usize::try_from(state.head_bytes).unwrap_or(usize::MAX);
        state.kind == SourceKind::Log
            && head
                .get(..length)
                .is_some_and(|head| hash(head) == state.head_hash)
    };
    // The longest beginning is the most telling.
    ledger
        .iter()
        .filter(|(_, state)| begins_alike(state))
        .max_by_key(|(_, state)| state.head_bytes)
        .map(|(id, state)| (id.to_owned(), state.clone()))
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

struct Source {
    path: String,
    source_id: Arc<str>,
    known: Option<SourceState>,
    head: Vec<u8>,
    from: u64,
}

impl Source {
    fn new(path: String, head: &[u8], known: Option<(String, SourceState)>) -> Self {
        match known {
            Some((source_id, state)) => Self {
                path,
                source_id: source_id.into(),
                head: Vec::new(),
                from: state.offset,
                known: Some(state),
            },
            None => Self {
                path,
                source_id: hash(head)[..ID_DIGITS].into(),
                known: None,
                head: head.to_vec(),
                from: 0,
            },
        }
    }

    /// Reads up to the known position and compares what is before it.
    fn skip(&self, reader: &mut impl Read, path: &str) -> Result<(), Failure> {
        let Some(state) = &self.known else {
            return Ok(());
        };
        let io = |error: std::io::Error| Failure::io("read", path, &error);
        let before = state.offset - state.tail_bytes;
        let skipped =
            std::io::copy(&mut reader.by_ref().take(before), &mut std::io::sink()).map_err(io)?;
        let mut tail = Vec::new();
        reader
            .by_ref()
            .take(state.tail_bytes)
            .read_to_end(&mut tail)
            .map_err(io)?;
        let length = skipped + tail.len() as u64;
        if length < state.offset {
            return Err(self.refusal(&format!(
                "it has {length} bytes, {} were ingested before",
                state.offset
            )));
        }
        if hash(&tail) != state.tail_hash {
            return Err(self.refusal("what was ingested before now reads differently"));
        }
        Ok(())
    }

    /// The rest of a last line that was taken before it had its end; says how many bytes.
    fn skip_rest_of_line(&self, reader: &mut impl BufRead) -> std::io::Result<u64> {
        match &self.known {
            Some(state) if !state.ends_with_line => {
                reader.skip_until(b'\n').map(|bytes| bytes as u64)
            }
            Some(_) | None => Ok(0),
        }
    }

    fn refusal(&self, why: &str) -> Failure {
        let known = self
            .known
            .as_ref()
            .map_or("", |state| state.last_path.as_str());
        Failure::new(
            ExitCode::Input,
            format!(
                "{}: it begins like source {} (last seen as `{known}`), but {why}; nothing of this command was kept (hint: an older copy or a truncated file adds nothing; if it is another log, ingest it into another --lake)",
                self.path, self.source_id
            ),
        )
    }

    fn nothing_new(self) -> SourceRead {
        let state = self.known;
        SourceRead {
            path: self.path,
            source_id: self.source_id.to_string(),
            format: state
                .as_ref()
                .map_or_else(String::new, |state| state.format.clone()),
            counts: BlockCounts::default(),
            already_ingested_lines: state.as_ref().map_or(0, |state| state.lines),
            bytes: 0,
            unfinished_bytes: 0,
            rejects: Vec::new(),
            from: self.from,
            state: None,
        }
    }

    fn finish(self, parts: &Parts, format: LogFormat, unfinished_bytes: u64) -> SourceRead {
        let mut lines = BlockCounts::default();
        let mut reject_files = Vec::new();
        let mut already = 0;
        let (mut tail_bytes, mut tail_hash) = (0, String::new());
        // Only what was read identifies the source: an unfinished line may still change.
        let read = usize::try_from(parts.end).unwrap_or(usize::MAX);
        let head = &self.head[..self.head.len().min(read)];
        let (mut head_bytes, mut head_hash) = (head.len() as u64, hash(head));
        if let Some(state) = self.known {
            already = state.lines;
            lines = BlockCounts {
                lines: state.lines,
                records: state.records,
                rejected: state.rejected,
                blank: state.blank,
            };
            reject_files = state.reject_files;
            (tail_bytes, tail_hash) = (state.tail_bytes, state.tail_hash);
            (head_bytes, head_hash) = (state.head_bytes, state.head_hash);
        }
        lines.add(parts.counts);
        reject_files.extend(parts.reject_files());
        if !parts.tail.is_empty() {
            tail_bytes = parts.tail.len() as u64;
            tail_hash = hash(&parts.tail);
        }
        let is_new = parts.end > self.from;
        let state = SourceState {
            kind: SourceKind::Log,
            last_path: self.path.clone(),
            format: format.to_string(),
            head_bytes,
            head_hash,
            tail_bytes,
            tail_hash,
            ends_with_line: parts.tail.last() == Some(&b'\n'),
            offset: parts.end,
            lines: lines.lines,
            records: lines.records,
            rejected: lines.rejected,
            blank: lines.blank,
            reject_files,
        };
        SourceRead {
            path: self.path,
            source_id: self.source_id.to_string(),
            format: format.to_string(),
            counts: parts.counts,
            already_ingested_lines: already,
            bytes: parts.end - self.from,
            unfinished_bytes,
            rejects: parts.sample(),
            from: self.from,
            state: is_new.then_some(state),
        }
    }
}
