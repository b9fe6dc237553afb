//! One round: every input is read once, several at a time, and committed.
//!
//! What a source gave is committed when it is complete. A source that fails is left out and stops no
//! other.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock};
use std::thread;

use indicatif::ProgressBar;

use super::parts::{Parts, Pool, pool};
use super::record::Enrichment;
use super::schedule::{Claim, Schedule};
use super::source::{Reading, SourceRead, Unread};
use super::summary;
use super::unique_rows::UniqueRows;
use crate::access_log::{LineContext, LogFormat, LogInput};
use crate::cli::exit_code::Failure;
use crate::lake::{Commit, CommitOutcome, Lake, LakeReader};

/// Text after which what was read is committed without waiting for the end of the command.
const COMMIT_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// Sources after which it is.
const COMMIT_SOURCES: usize = 1_000;

/// Learns from a sample of the inputs.
type Learn = Box<dyn FnOnce() -> Enrichment + Send>;

/// What every round needs.
pub struct Settings<'a> {
    pub lake: &'a Lake,
    pub format: Option<LogFormat>,
    pub context: LineContext,
    /// Learned by the worker that comes first; meanwhile the first blocks are read.
    pub enrichment: LazyLock<Enrichment, Learn>,
    /// Largest share of the lines of a source that may be rejected.
    pub max_reject: f64,
    /// Whether rows whose key is in the lake are left out.
    pub is_unique: bool,
}

/// What became of the inputs of a round.
#[derive(Debug, Default)]
pub struct Outcome {
    pub sources: Vec<SourceRead>,
    /// Paths of files in folders that are no logs, each with the reason.
    pub skipped: Vec<(String, String)>,
    /// Paths that could not be read, each with the reason.
    pub failures: Vec<(String, Failure)>,
    /// Inputs that are to be read again: another process was faster, or an older copy of a source
    /// that was not committed yet.
    pub again: Vec<LogInput>,
}

impl Outcome {
    /// Puts everything in the order of `names`, whatever was ready first.
    pub fn sort(&mut self, names: &[String]) {
        let mut places = HashMap::new();
        for (place, name) in names.iter().enumerate() {
            places.entry(name.as_str()).or_insert(place);
        }
        let place = |name: &String| places.get(name.as_str()).copied();
        self.sources.sort_by_key(|source| place(&source.path));
        self.skipped.sort_by_key(|(name, _)| place(name));
        self.failures.sort_by_key(|(name, _)| place(name));
    }

    /// The failures without their paths, which their messages name.
    pub fn take_failures(&mut self) -> Vec<Failure> {
        let failures = std::mem::take(&mut self.failures);
        failures.into_iter().map(|(_, failure)| failure).collect()
    }
}

/// Reads and commits every input.
pub fn read_and_commit(
    inputs: Vec<LogInput>,
    settings: &Settings<'_>,
    bar: &ProgressBar,
) -> Result<Outcome, Failure> {
    let reader = settings.lake.reader()?;
    let unique_rows = settings.is_unique.then(|| UniqueRows::new(&reader));
    let core_count = thread::available_parallelism().map_or(1, usize::from);
    let reader_count = core_count.min(inputs.len());
    if inputs
        .iter()
        .any(|input| matches!(input, LogInput::Stdin(_)))
    {
        // What is learned from there is put back before anybody reads on.
        LazyLock::force(&settings.enrichment);
    }
    let schedule = Schedule::new(inputs, reader.ledger().clone());
    let (pool, queue) = pool();
    let queue = Arc::new(queue);
    let (finished, results) = channel();
    let outcome = thread::scope(|scope| {
        for _ in 0..core_count {
            let (queue, unique_rows) = (Arc::clone(&queue), unique_rows.as_ref());
            scope.spawn(move || {
                queue.work(settings.lake, settings.enrichment.clone(), unique_rows);
            });
        }
        // Without a worker nobody is to wait for one.
        drop(queue);
        for _ in 0..reader_count {
            let (pool, finished) = (pool.clone(), finished.clone());
            let (schedule, reader) = (&schedule, &reader);
            scope.spawn(move || read_inputs(schedule, settings, reader, &pool, bar, &finished));
        }
        drop((pool, finished));
        let committer = Committer {
            settings,
            schedule: &schedule,
            reader: &reader,
            commit: Commit::new(),
            bytes: 0,
            read: Vec::new(),
            outcome: Outcome::default(),
        };
        let outcome = committer.run(&results);
        if outcome.is_err() {
            // What is still being read would have nowhere to go.
            schedule.stop();
            for (_, read) in &results {
                if let Ok((_, parts)) = read {
                    parts.discard();
                }
            }
        }
        outcome
    })?;
    settings.lake.publish_rejects()?;
    Ok(outcome)
}

/// An input and what was read of it.
type Finished = (LogInput, Result<(SourceRead, Parts), Unread>);

/// Reads inputs until there are none left.
fn read_inputs(
    schedule: &Schedule,
    settings: &Settings<'_>,
    lake: &LakeReader,
    pool: &Pool,
    bar: &ProgressBar,
    finished: &Sender<Finished>,
) {
    while let Some((input, claim)) = schedule.claim() {
        let read = match claim {
            Err(unread) => Err(unread),
            Ok(Claim {
                opened,
                head,
                known,
            }) => {
                let reading = Reading {
                    input: &input,
                    opened,
                    head: head.clone(),
                    known,
                    format: settings.format.clone(),
                    context: &settings.context,
                    lake,
                    pool,
                    bar,
                };
                let read = reading.read().and_then(|read| within_limit(read, settings));
                let state = read
                    .as_ref()
                    .ok()
                    .and_then(|(read, _)| Some((read.source_id.clone(), read.state.clone()?)));
                schedule.release(&head, state);
                read
            }
        };
        if finished.send((input, read)).is_err() {
            break;
        }
    }
}

/// Refuses a source of which too large a share was rejected.
fn within_limit(
    (read, parts): (SourceRead, Parts),
    settings: &Settings<'_>,
) -> Result<(SourceRead, Parts), Unread> {
    let counts = read.counts;
    if counts.lines == 0 || summary::reject_share(counts) <= settings.max_reject {
        return Ok((read, parts));
    }
    let failure = summary::too_many_rejects(&read, &parts.sample());
    parts.discard();
    Err(Unread::Failed(failure))
}

/// Collects what was read and commits it.
struct Committer<'a> {
    settings: &'a Settings<'a>,
    schedule: &'a Schedule,
    reader: &'a LakeReader,
    commit: Commit,
    /// Text in `commit`.
    bytes: u64,
    /// The sources in `commit`.
    read: Vec<(LogInput, SourceRead)>,
    outcome: Outcome,
}

impl Committer<'_> {
    fn run(mut self, results: &Receiver<Finished>) -> Result<Outcome, Failure> {
        while let Ok((input, read)) = results.recv() {
            match read {
                Ok((read, parts)) => {
                    read.assert_conserved();
                    self.bytes += read.bytes;
                    parts.into_commit(&read, &mut self.commit);
                    self.read.push((input, read));
                }
                Err(Unread::Skipped(message)) => self.outcome.skipped.push((input.name(), message)),
                Err(Unread::Later) => self.outcome.again.push(input),
                Err(Unread::Failed(failure)) => self.outcome.failures.push((input.name(), failure)),
            }
            let is_full = self.bytes >= COMMIT_BYTES || self.read.len() >= COMMIT_SOURCES;
            // Rows that are compared by key are compared with one version of the lake.
            if is_full && !self.settings.is_unique {
                self.commit()?;
            }
        }
        if self.settings.is_unique && !self.outcome.failures.is_empty() && !self.commit.is_empty() {
            // Rows may have been left out for those of a source that is not kept.
            self.read_again();
            return Ok(self.outcome);
        }
        self.commit()?;
        Ok(self.outcome)
    }

    fn commit(&mut self) -> Result<(), Failure> {
        let mut commit = std::mem::take(&mut self.commit);
        self.bytes = 0;
        if commit.is_empty() {
            self.outcome
                .sources
                .extend(self.read.drain(..).map(|(_, read)| read));
            return Ok(());
        }
        if self.settings.is_unique {
            commit.must_follow(self.reader.version());
        }
        self.settings.enrichment.learned().keep(&mut commit)?;
        match self.settings.lake.commit(commit)? {
            CommitOutcome::Committed => {
                self.schedule.committed();
                self.outcome
                    .sources
                    .extend(self.read.drain(..).map(|(_, read)| read));
            }
            CommitOutcome::SourceMoved { .. } => {
                self.schedule
                    .start_again(self.settings.lake.reader()?.ledger().clone());
                self.read_again();
            }
        }
        Ok(())
    }

    fn read_again(&mut self) {
        std::mem::take(&mut self.commit).discard();
        self.outcome
            .again
            .extend(self.read.drain(..).map(|(input, _)| input));
    }
}
