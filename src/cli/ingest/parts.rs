//! Blocks of a source become staged parts, several at a time, in order.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::mpsc::{Receiver, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::source::{PRINT_BYTES, SourceRead};
use crate::access_log::{
    BlockCounts, LineBlock, LineBlocks, LineSink, LogFormat, LogLine, is_settled, parse_block,
};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::lake::{
    Commit, Lake, LakeError, Part, PartName, PartWriter, RejectPart, RejectWriter, RejectedLine,
    TEXT_BYTES_MAX,
};
use crate::request_record::{Origin, RequestRecord};
use crate::route::Router;

/// Rejected lines that are kept for the message.
pub const SAMPLE_LINES: usize = 5;

/// What every part needs.
pub struct PartSettings<'a> {
    pub lake: &'a Lake,
    pub service: String,
    pub router: Router,
}

/// The staged parts of one source.
#[derive(Debug, Default)]
pub struct Parts {
    parts: Vec<Part>,
    rejects: Vec<RejectPart>,
    sample: Vec<RejectedLine>,
    pub counts: BlockCounts,
    /// Position after the last line that was read.
    pub end: u64,
    /// The bytes before it.
    pub tail: Vec<u8>,
}

impl Parts {
    /// Some of the rejected lines.
    pub fn sample(&self) -> Vec<RejectedLine> {
        self.sample.clone()
    }

    pub fn reject_files(&self) -> impl Iterator<Item = String> {
        self.rejects.iter().map(|part| part.file_name.clone())
    }

    /// Adds everything to a commit, with the new state of its source.
    pub fn into_commit(self, read: &SourceRead, commit: &mut Commit) {
        for part in self.parts {
            commit.add_part(part);
        }
        for rejects in self.rejects {
            commit.add_rejects(rejects);
        }
        if let Some(state) = &read.state {
            commit.advance(read.source_id.clone(), read.from, state.clone());
        }
    }

    /// Removes the staged files.
    pub fn discard(self) {
        let mut commit = Commit::new();
        self.parts
            .into_iter()
            .for_each(|part| commit.add_part(part));
        self.rejects
            .into_iter()
            .for_each(|part| commit.add_rejects(part));
        commit.discard();
    }

    fn add(&mut self, written: WrittenBlock) {
        for line in written.reject_lines {
            if self.sample.len() < SAMPLE_LINES {
                self.sample.push(line);
            }
        }
        self.counts.add(written.counts);
        self.end = written.end;
        self.tail = written.tail;
        self.parts.extend(written.part);
        self.rejects.extend(written.rejects);
    }
}

/// What stopped the writing of parts.
pub enum PartsFailure {
    Read(std::io::Error),
    Lake(LakeError),
    Panicked,
}

impl PartsFailure {
    /// With the name of the source.
    pub fn at(self, path: &str) -> Failure {
        match self {
            PartsFailure::Read(error) => Failure::io("read", path, &error),
            PartsFailure::Lake(error) => error.into(),
            PartsFailure::Panicked => Failure::new(ExitCode::Internal, "a parser thread panicked"),
        }
    }
}

/// One block, parsed and staged.
struct WrittenBlock {
    part: Option<Part>,
    rejects: Option<RejectPart>,
    reject_lines: Vec<RejectedLine>,
    counts: BlockCounts,
    end: u64,
    tail: Vec<u8>,
}

/// A block and its number.
type Job = (u64, LineBlock, u64);

/// Parses and stages `first` and everything after it; also says how many bytes of an unfinished
/// last line were left.
pub fn write_parts<R: Read + Send>(
    first: LineBlock,
    blocks: &mut LineBlocks<R>,
    source_id: &Arc<str>,
    format: LogFormat,
    may_grow: bool,
    lines_before: u64,
    settings: &PartSettings<'_>,
) -> Result<(Parts, u64), PartsFailure> {
    let worker_count = thread::available_parallelism().map_or(1, usize::from);
    let (jobs, queue) = sync_channel::<Job>(1);
    let queue = Mutex::new(queue);
    let (done, results) = channel();
    let mut unfinished_bytes = 0;
    let collected = thread::scope(|scope| {
        for _ in 0..worker_count {
            let done = done.clone();
            let queue = &queue;
            let mut router = settings.router.clone();
            scope.spawn(move || {
                while let Some((index, block, line_number)) = next(queue) {
                    let written = write_block(
                        &block,
                        line_number,
                        source_id,
                        format,
                        &mut router,
                        settings,
                    );
                    if done.send((index, written)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(done);
        let read = feed(
            first,
            blocks,
            format,
            may_grow,
            lines_before,
            &jobs,
            &mut unfinished_bytes,
        );
        drop(jobs);
        collect(&results, read)
    })?;
    Ok((collected, unfinished_bytes))
}

fn next(queue: &Mutex<Receiver<Job>>) -> Option<Job> {
    queue
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .recv()
        .ok()
}

/// Hands block after block to the workers; says how many there were, or what stopped the reading.
fn feed<R: Read>(
    first: LineBlock,
    blocks: &mut LineBlocks<R>,
    format: LogFormat,
    may_grow: bool,
    lines_before: u64,
    jobs: &std::sync::mpsc::SyncSender<Job>,
    unfinished_bytes: &mut u64,
) -> Result<u64, PartsFailure> {
    let mut block = Some(first);
    let mut index = 0;
    let mut line_number = lines_before;
    while let Some(mut current) = block {
        let next = blocks.next_block().map_err(PartsFailure::Read)?;
        if next.is_none() && may_grow && !current.is_complete() {
            *unfinished_bytes = leave_unfinished(&mut current, format);
        }
        if !current.bytes.is_empty() {
            let lines = count_lines(&current);
            if jobs.send((index, current, line_number)).is_err() {
                return Err(PartsFailure::Panicked);
            }
            index += 1;
            line_number += lines;
        }
        block = next;
    }
    Ok(index)
}

fn count_lines(block: &LineBlock) -> u64 {
    match block.oversized_bytes {
        Some(_) => 1,
        None => {
            let ends = memchr::memchr_iter(b'\n', &block.bytes).count() as u64;
            ends + u64::from(block.bytes.last() != Some(&b'\n'))
        }
    }
}

/// The last line of a growing file may be half-written: it is read if more bytes cannot change
/// what it says, and left for the next time if they can.
fn leave_unfinished(block: &mut LineBlock, format: LogFormat) -> u64 {
    let last = block.split_unfinished();
    if is_settled(&last, format) {
        block.bytes.extend_from_slice(&last);
        return 0;
    }
    last.len() as u64
}

/// Puts the results in order; on a failure everything staged is removed.
fn collect(
    results: &Receiver<(u64, Result<WrittenBlock, LakeError>)>,
    read: Result<u64, PartsFailure>,
) -> Result<Parts, PartsFailure> {
    let mut written = BTreeMap::new();
    let mut failure = None;
    for (index, result) in results {
        match result {
            Ok(block) => {
                written.insert(index, block);
            }
            Err(error) => failure = Some(PartsFailure::Lake(error)),
        }
    }
    let expected = match read {
        Ok(count) => count,
        Err(error) => {
            failure.get_or_insert(error);
            0
        }
    };
    if failure.is_none() && written.len() as u64 != expected {
        failure = Some(PartsFailure::Panicked);
    }
    let mut parts = Parts::default();
    for block in written.into_values() {
        parts.add(block);
    }
    match failure {
        None => Ok(parts),
        Some(failure) => {
            parts.discard();
            Err(failure)
        }
    }
}

fn write_block(
    block: &LineBlock,
    line_number: u64,
    source_id: &Arc<str>,
    format: LogFormat,
    router: &mut Router,
    settings: &PartSettings<'_>,
) -> Result<WrittenBlock, LakeError> {
    let name = PartName {
        source_id: Arc::clone(source_id),
        from: block.offset,
        to: block.end(),
    };
    let mut sink = Sink {
        writer: settings.lake.part_writer(name.clone()),
        rejects: settings.lake.reject_writer(name),
        reject_lines: Vec::new(),
        first_line: line_number + 1,
        router,
        service: &settings.service,
        key: settings.lake.key(),
    };
    let counts = parse_block(block, format, &mut sink)?;
    let Sink {
        writer,
        rejects,
        reject_lines,
        ..
    } = sink;
    Ok(WrittenBlock {
        part: writer.finish()?,
        rejects: rejects.finish()?,
        reject_lines,
        counts,
        end: block.end(),
        tail: block.bytes[block.bytes.len().saturating_sub(PRINT_BYTES)..].to_vec(),
    })
}

/// Turns log lines into records of a part.
struct Sink<'a> {
    writer: PartWriter,
    rejects: RejectWriter,
    reject_lines: Vec<RejectedLine>,
    /// Number of the block's first line in the source, counted from 1.
    first_line: u64,
    router: &'a mut Router,
    service: &'a str,
    key: &'a [u8; 32],
}

impl LineSink for Sink<'_> {
    type Error = LakeError;

    fn line(&mut self, line: &LogLine<'_>, offset: u64) -> Result<(), LakeError> {
        let route = self.router.route_of(line.target);
        self.writer.push(&RequestRecord {
            ts_us: line.ts_us,
            origin: Origin::Customer,
            run_id: None,
            service: self.service,
            method: line.method,
            route: &route,
            status: line.status,
            latency_us: line.latency_us,
            service_us: None,
            bytes_in: line.bytes_in,
            bytes_out: line.bytes_out,
            shopper: Some(shopper(self.key, line)),
            error: None,
            position: offset,
        })
    }

    fn reject(&mut self, reason: &str, offset: u64, line_index: u64, text: &[u8]) {
        let kept = &text[..text.len().min(TEXT_BYTES_MAX)];
        let line = RejectedLine {
            reason: reason.to_owned(),
            offset,
            line_number: self.first_line + line_index,
            text: String::from_utf8_lossy(kept).into_owned(),
        };
        if self.reject_lines.len() < SAMPLE_LINES {
            self.reject_lines.push(line.clone());
        }
        self.rejects.push(line);
    }
}

/// Keyed hash of address and user agent: equal for one shopper, worthless without the lake's key.
fn shopper(key: &[u8; 32], line: &LogLine<'_>) -> i64 {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(line.client);
    hasher.update(b"\0");
    hasher.update(line.user_agent);
    let hash = hasher.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    i64::from_le_bytes(first)
}
