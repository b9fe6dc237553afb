//! Blocks of sources become staged parts: readers cut, workers parse and write, in any order; the
//! results of a source are put in order again.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::ProgressBar;

use super::blocks::{SourceBlocks, WrittenBlock, write_block};
use super::record::Enrichment;
use super::source::SourceRead;
use super::unique_rows::UniqueRows;
use crate::access_log::{BlockCounts, LineBlock, LineBlocks, LogFormat, is_settled, replay_header};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::lake::{Commit, Lake, LakeError, Part, RejectPart, RejectedLine};

/// Rejected lines that are kept for the message.
pub const SAMPLE_LINES: usize = 5;

/// The staged parts of one source.
#[derive(Debug, Default)]
pub struct Parts {
    parts: Vec<Part>,
    rejects: Vec<RejectPart>,
    sample: Vec<RejectedLine>,
    pub counts: BlockCounts,
    /// Lines of the source that stand before what was read now.
    lines_before: u64,
    /// Position after the last line that was read.
    pub end: u64,
    /// The bytes before it.
    pub tail: Vec<u8>,
    /// The header in force there.
    pub header: Vec<u8>,
    /// Bytes of a last line that is not finished.
    pub unfinished_bytes: u64,
    /// Whether a time without an offset was read.
    pub read_local: bool,
    /// The memory of blocks, for others.
    spare: Vec<Vec<u8>>,
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
        let Some(state) = &read.state else {
            return self.discard();
        };
        for part in self.parts {
            commit.add_part(part);
        }
        for rejects in self.rejects {
            commit.add_rejects(rejects);
        }
        let (source_id, state) = (read.source_id.clone(), state.clone());
        match &read.head {
            Some(head) => commit.add_source(source_id, head.clone(), state),
            None => commit.advance(source_id, read.from, state),
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

    /// Adds the next block. How many lines stand before it is known only now.
    fn add(&mut self, written: WrittenBlock) -> Result<(), LakeError> {
        let first_line = self.lines_before + self.counts.lines + 1;
        let rejects = written.rejects.numbered_from(first_line);
        let wanted = SAMPLE_LINES - self.sample.len();
        self.sample
            .extend(rejects.lines().iter().take(wanted).cloned());
        self.counts.add(written.counts);
        self.end = written.end;
        self.tail = written.tail;
        self.read_local |= written.read_local;
        self.spare.push(written.spare);
        self.parts.extend(written.part);
        self.rejects.extend(rejects.finish()?);
        Ok(())
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

/// A block on its way to a worker.
struct Job {
    index: u64,
    block: LineBlock,
    header: Arc<[u8]>,
    source: Arc<SourceBlocks>,
    done: Sender<(u64, Result<WrittenBlock, LakeError>)>,
}

/// Where readers put blocks and workers take them; the workers end when every clone is gone.
#[derive(Clone)]
pub struct Pool {
    jobs: SyncSender<Job>,
}

/// The other end of a [`Pool`].
pub struct Queue {
    jobs: Mutex<Receiver<Job>>,
}

/// A pool and its queue.
pub fn pool() -> (Pool, Queue) {
    let (jobs, queue) = sync_channel(1);
    let queue = Mutex::new(queue);
    (Pool { jobs }, Queue { jobs: queue })
}

impl Queue {
    /// Parses and stages blocks until the pool is gone.
    pub fn work(
        &self,
        lake: &Lake,
        mut enrichment: Enrichment,
        unique_rows: Option<&UniqueRows<'_>>,
    ) {
        while let Some(job) = self.next() {
            let written = write_block(
                job.block,
                &job.header,
                &job.source,
                lake,
                &mut enrichment,
                unique_rows,
            );
            // Nobody waits for the results of a source that failed.
            let _ = job.done.send((job.index, written));
        }
    }

    fn next(&self) -> Option<Job> {
        self.jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv()
            .ok()
    }
}

/// What is known of a source before its first new block.
pub struct Feed {
    pub source: Arc<SourceBlocks>,
    pub may_grow: bool,
    /// The header in force.
    pub header: Vec<u8>,
    pub lines_before: u64,
}

impl Pool {
    /// Parses and stages `first` and everything after it.
    pub fn write_parts<R: Read>(
        &self,
        first: LineBlock,
        blocks: &mut LineBlocks<R>,
        feed: Feed,
        bar: &ProgressBar,
    ) -> Result<Parts, PartsFailure> {
        let (done, results) = channel();
        let mut parts = Parts {
            lines_before: feed.lines_before,
            ..Parts::default()
        };
        let mut waiting = Waiting::default();
        let fed = self.feed(first, blocks, feed, &done, &mut parts, bar, |parts| {
            waiting.take(results.try_iter(), parts)
        });
        drop(done);
        let collected = waiting.take(results.iter(), &mut parts);
        parts.spare = Vec::new();
        match (fed, collected) {
            (Ok(count), Ok(())) if waiting.next == count => Ok(parts),
            (Ok(_), Ok(())) => {
                waiting.discard(parts);
                Err(PartsFailure::Panicked)
            }
            (Err(failure), _) => {
                waiting.discard(parts);
                Err(failure)
            }
            (Ok(_), Err(error)) => {
                waiting.discard(parts);
                Err(PartsFailure::Lake(error))
            }
        }
    }

    /// Hands block after block to the workers; says how many there were, or what stopped it.
    #[expect(
        clippy::too_many_arguments,
        reason = "the loop of one function, cut out of it"
    )]
    fn feed<R: Read>(
        &self,
        first: LineBlock,
        blocks: &mut LineBlocks<R>,
        feed: Feed,
        done: &Sender<(u64, Result<WrittenBlock, LakeError>)>,
        parts: &mut Parts,
        bar: &ProgressBar,
        mut collect: impl FnMut(&mut Parts) -> Result<(), LakeError>,
    ) -> Result<u64, PartsFailure> {
        let format = &feed.source.format;
        let mut block = Some(first);
        let mut index = 0;
        let mut header: Arc<[u8]> = feed.header.into();
        while let Some(mut current) = block {
            let next = blocks.next_block().map_err(PartsFailure::Read)?;
            if next.is_none() && feed.may_grow && !current.is_complete() {
                parts.unfinished_bytes = leave_unfinished(&mut current, &header, &feed.source);
            }
            if !current.bytes.is_empty() {
                let header_after = header_after(&current, format, &header);
                bar.inc(current.bytes.len() as u64);
                let job = Job {
                    index,
                    block: current,
                    header: std::mem::replace(&mut header, header_after),
                    source: Arc::clone(&feed.source),
                    done: done.clone(),
                };
                if self.jobs.send(job).is_err() {
                    return Err(PartsFailure::Panicked);
                }
                index += 1;
            }
            collect(parts).map_err(PartsFailure::Lake)?;
            parts.spare.drain(..).for_each(|spare| blocks.reuse(spare));
            block = next;
        }
        parts.header = header.to_vec();
        Ok(index)
    }
}

fn header_after(block: &LineBlock, format: &LogFormat, before: &Arc<[u8]>) -> Arc<[u8]> {
    match format.header_after(block, before) {
        Cow::Borrowed(same) if same == &**before => Arc::clone(before),
        header => header.as_ref().into(),
    }
}

/// The last line of a growing file may be half-written: it is read if more bytes cannot change
/// what it says, and left for the next time if they can.
fn leave_unfinished(block: &mut LineBlock, header: &[u8], source: &SourceBlocks) -> u64 {
    let last = block.split_unfinished();
    // A source is known by its whole lines; without one there is nothing to know it by.
    if block.offset == 0 && block.bytes.is_empty() {
        return last.len() as u64;
    }
    let mut context = source.context.clone();
    replay_header(
        &source.format.header_after(block, header),
        &source.format,
        &mut context,
    );
    if is_settled(&last, &source.format, &context) {
        block.bytes.extend_from_slice(&last);
        return 0;
    }
    last.len() as u64
}

/// Results that came before their turn.
#[derive(Default)]
struct Waiting {
    next: u64,
    early: BTreeMap<u64, WrittenBlock>,
}

impl Waiting {
    /// Puts results in order.
    fn take(
        &mut self,
        results: impl Iterator<Item = (u64, Result<WrittenBlock, LakeError>)>,
        parts: &mut Parts,
    ) -> Result<(), LakeError> {
        let mut failure = None;
        for (index, written) in results {
            match written {
                Ok(written) => {
                    self.early.insert(index, written);
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        while let Some(written) = self.early.remove(&self.next) {
            failure = failure.or(parts.add(written).err());
            self.next += 1;
        }
        failure.map_or(Ok(()), Err)
    }

    /// Removes everything that was staged.
    fn discard(self, mut parts: Parts) {
        let early = self.early.into_values();
        parts.parts.extend(early.filter_map(|written| written.part));
        parts.discard();
    }
}
