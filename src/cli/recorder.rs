//! The recorder of a rehearsal: one thread that tees its records to the lake and to a live rollup.
//!
//! In: batches of drill records from a bounded channel. Out: commits every few seconds, so that
//! even a killed run keeps what it did; and the rollup by which the run is judged. It never slows
//! the load: when it is too slow, the channel is full and the drill counts what is lost.

mod seconds;

use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::live::{LiveSeconds, LiveState};
use super::thresholds::{Guard, LiveThresholds, RunThresholds};
use crate::drill::{DrillRecord, Progress};
use crate::lake::{
    Commit, CommitOutcome, HeadPrint, Lake, LakeError, PartName, PartWriter, SourceKind,
    SourceState,
};
use crate::rollup::{Rollup, RollupBuilder, RollupPlan};
use crate::scenario::{DrillPlan, SCENARIO_NUMBERS, Shard};

pub use seconds::{RouteSeconds, RunSeconds};

use seconds::SecondsCounter;

/// Batches that may wait for the recorder; one holds up to a thousand records.
pub const QUEUE_BATCHES: usize = 4_096;
/// A commit is made at least this often.
const COMMIT_INTERVAL: Duration = Duration::from_secs(10);
/// A commit is made at the latest after so many records.
const COMMIT_RECORDS: u64 = 500_000;
/// The live view gets new numbers this often.
const LIVE_INTERVAL: Duration = Duration::from_secs(1);
/// Up to so many shards of a run commit that often, which is two commits a second; of more each commits
/// more rarely.
const SHARDS_PER_INTERVAL: u32 = 20;
/// The recorder waits no longer than this for records.
const WAIT: Duration = Duration::from_millis(500);
/// Thresholds are looked at this often.
const THRESHOLD_INTERVAL: Duration = Duration::from_secs(1);

/// What a recorder needs.
pub struct RecorderSettings {
    pub plan: Arc<DrillPlan>,
    pub run_id: String,
    /// The shard that this process took, and its claim in the ledger.
    pub claim: Option<(Shard, String)>,
    pub started_us: i64,
    pub rollup: RollupPlan,
    pub thresholds: RunThresholds,
    pub progress: Arc<Progress>,
    pub live: Arc<Mutex<LiveState>>,
    /// Whether anybody looks at it.
    pub is_watched: bool,
}

/// What it recorded.
#[derive(Debug)]
pub struct Recorded {
    /// Counts of every record, committed or not.
    pub rollup: Rollup,
    /// Counts of the requests that thresholds look at apart.
    pub scoped: Vec<Rollup>,
    /// What stopped the run, if a threshold did.
    pub guard: Option<Guard>,
    /// Requests answered in each second since the start.
    pub answered_per_s: Vec<u64>,
    /// What else happened in each second.
    pub seconds: RunSeconds,
    /// Requests of each scenario, where several run at once.
    pub requests_by_scenario: Vec<u64>,
    /// Records that are in the lake.
    pub committed: u64,
    /// Why the lake took no more, if it did not.
    pub failure: Option<LakeError>,
}

/// Records until the drill hangs up; blocks its thread.
pub fn run(
    lake: &Lake,
    settings: &RecorderSettings,
    batches: &Receiver<Vec<DrillRecord>>,
) -> Recorded {
    let mut recorder = Recorder::new(lake, settings);
    let mut last_live = Instant::now();
    let mut last_thresholds = Instant::now();
    loop {
        match batches.recv_timeout(WAIT) {
            Ok(batch) => recorder.record(&batch),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if last_live.elapsed() >= LIVE_INTERVAL {
            last_live = Instant::now();
            recorder.show();
        }
        if last_thresholds.elapsed() >= THRESHOLD_INTERVAL {
            last_thresholds = Instant::now();
            recorder.watch();
        }
        recorder.commit_if_due();
    }
    recorder.finish()
}

struct Recorder<'a> {
    lake: &'a Lake,
    settings: &'a RecorderSettings,
    source_id: Arc<str>,
    writer: PartWriter,
    builder: RollupBuilder,
    scoped: Vec<RollupBuilder>,
    live_thresholds: LiveThresholds,
    guard: Option<Guard>,
    seconds: LiveSeconds,
    answered_per_s: Vec<u64>,
    run_seconds: SecondsCounter,
    requests_by_scenario: Vec<u64>,
    committed: u64,
    last_commit: Instant,
    commit_interval: Duration,
    failure: Option<LakeError>,
}

impl<'a> Recorder<'a> {
    fn new(lake: &'a Lake, settings: &'a RecorderSettings) -> Self {
        let shard = settings.claim.as_ref().map(|(shard, _)| *shard);
        let source_id: Arc<str> = source_id(&settings.run_id, shard).into();
        let (commit_interval, last_commit) = commit_times(shard.unwrap_or_default());
        Self {
            lake,
            settings,
            writer: writer(lake, &source_id, 0),
            source_id,
            builder: RollupBuilder::new(settings.rollup.clone()),
            scoped: (0..settings.thresholds.scope_count())
                .map(|_| RollupBuilder::new(settings.rollup.clone()))
                .collect(),
            live_thresholds: LiveThresholds::new(&settings.thresholds),
            guard: None,
            seconds: LiveSeconds::default(),
            answered_per_s: Vec::new(),
            run_seconds: SecondsCounter::default(),
            requests_by_scenario: vec![0; settings.plan.joined.len()],
            committed: 0,
            last_commit,
            commit_interval,
            failure: None,
        }
    }

    fn record(&mut self, batch: &[DrillRecord]) {
        for record in batch {
            let position = self.committed + self.writer.records();
            let settings = self.settings;
            let row = record.as_request_record(
                &settings.plan,
                &settings.run_id,
                settings.started_us,
                position,
            );
            self.builder.add_record(&row);
            for scope in settings.thresholds.scopes_of(record) {
                self.scoped[scope].add_record(&row);
            }
            self.count_answer(record);
            if settings.is_watched {
                self.seconds.add(record);
            }
            self.run_seconds.count(&settings.plan, record);
            self.count_scenario(record);
            if self.failure.is_none()
                && let Err(error) = self.writer.push(&row)
            {
                self.fail(error);
            }
        }
    }

    fn count_answer(&mut self, record: &DrillRecord) {
        if record.error.is_some() {
            return;
        }
        let second = usize::try_from(record.done_us / 1_000_000).unwrap_or(0);
        if self.answered_per_s.len() <= second {
            self.answered_per_s.resize(second + 1, 0);
        }
        self.answered_per_s[second] += 1;
    }

    fn count_scenario(&mut self, record: &DrillRecord) {
        let index = usize::try_from(record.shopper / SCENARIO_NUMBERS).unwrap_or(usize::MAX);
        if let Some(requests) = self.requests_by_scenario.get_mut(index) {
            *requests += 1;
        }
    }

    /// The run goes on to no purpose when its records cannot be kept: it is stopped.
    fn fail(&mut self, error: LakeError) {
        self.failure = Some(error);
        self.settings.progress.stop.store(true, Relaxed);
    }

    fn commit_if_due(&mut self) {
        let is_due = self.last_commit.elapsed() >= self.commit_interval
            || self.writer.records() >= COMMIT_RECORDS;
        if is_due && self.failure.is_none() {
            self.commit();
        }
    }

    fn commit(&mut self) {
        self.last_commit = Instant::now();
        // A run of many hours keeps its counts to the end; the last ones are looked at every second.
        let old_us = crate::time_window::now_us() - LiveState::SPAN_US;
        self.builder.pack(old_us);
        self.scoped.iter_mut().for_each(|scope| scope.pack(old_us));
        if let Err(error) = self.try_commit() {
            self.fail(error);
        }
    }

    fn try_commit(&mut self) -> Result<(), LakeError> {
        let from = self.committed;
        let to = from + self.writer.records();
        if from == to {
            return Ok(());
        }
        let next = writer(self.lake, &self.source_id, to);
        let mut finished = std::mem::replace(&mut self.writer, next);
        finished.end_at(to);
        let mut commit = Commit::new();
        if let Some(part) = finished.finish()? {
            commit.add_part(part);
        }
        commit.advance(self.source_id.to_string(), from, self.state(to));
        match self.lake.commit(commit)? {
            CommitOutcome::Committed => self.committed = to,
            CommitOutcome::SourceMoved { .. } => {
                return Err(LakeError::NotALake {
                    path: self.lake.root().to_owned(),
                    why: format!("another process writes run `{}`", self.settings.run_id),
                });
            }
        }
        Ok(())
    }

    fn state(&self, to: u64) -> SourceState {
        let claim = self.settings.claim.as_ref();
        let claim = claim.map_or("", |(_, claim)| claim.as_str());
        state(&self.settings.plan.name, claim, to)
    }

    /// Gives the live view the last seconds.
    fn show(&mut self) {
        if !self.settings.is_watched {
            return;
        }
        let now_us = crate::time_window::now_us();
        self.seconds.close(now_us - self.settings.started_us);
        let from_us = now_us - LiveState::SPAN_US;
        self.builder.settle();
        let recent = Arc::new(self.builder.rollup_from(from_us));
        let mut live = self
            .settings
            .live
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        live.recent = Some(recent);
        live.committed = self.committed;
        live.seconds = self.seconds.closed();
        live.errors = self.seconds.errors();
    }

    /// Judges the thresholds as far as it can be done by now; one that is broken may stop the run.
    fn watch(&mut self) {
        let settings = self.settings;
        if settings.thresholds.is_empty() || self.guard.is_some() {
            return;
        }
        let now_us = crate::time_window::now_us() - settings.started_us;
        self.builder.settle();
        self.scoped.iter_mut().for_each(RollupBuilder::settle);
        let (looks, guard) = self.live_thresholds.look(
            &settings.thresholds,
            &self.builder,
            &self.scoped,
            settings.started_us,
            now_us,
        );
        if let Some(guard) = guard {
            self.guard = Some(guard);
            settings.progress.stop.store(true, Relaxed);
        }
        let mut live = settings.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.thresholds = looks;
    }

    fn finish(mut self) -> Recorded {
        if self.failure.is_none() {
            self.commit();
        }
        Recorded {
            rollup: self.builder.finish(),
            scoped: self.scoped.into_iter().map(RollupBuilder::finish).collect(),
            guard: self.guard,
            answered_per_s: self.answered_per_s,
            seconds: self.run_seconds.finish(),
            requests_by_scenario: self.requests_by_scenario,
            committed: self.committed,
            failure: self.failure,
        }
    }
}

/// The identifier of a rehearsal, or of a shard of it, in the ledger. No name of a run has a dot.
pub fn source_id(run_id: &str, shard: Option<Shard>) -> String {
    match shard {
        None => format!("run-{run_id}"),
        Some(shard) => format!("run-{run_id}.shard-{}-of-{}", shard.number(), shard.count()),
    }
}

/// What the ledger knows of a rehearsal, or of a shard with its `claim`, of which so many records are in
/// the lake.
pub fn state(scenario: &str, claim: &str, records: u64) -> SourceState {
    SourceState {
        kind: SourceKind::Run,
        last_path: scenario.to_owned(),
        format: "drill".to_owned(),
        head: HeadPrint::default(),
        tail_bytes: 0,
        tail_hash: String::new(),
        ends_with_line: true,
        header: claim.to_owned(),
        offset: records,
        lines: records,
        records,
        rejected: 0,
        blank: 0,
        duplicates: 0,
        reject_files: Vec::new(),
    }
}

/// How often a shard commits, and when it may be said to have done so last. All shards write to one log,
/// which takes a few commits a second on object storage: more shards commit more rarely, one after another.
fn commit_times(shard: Shard) -> (Duration, Instant) {
    let interval = COMMIT_INTERVAL * (shard.count() / SHARDS_PER_INTERVAL).max(1);
    let before_first = interval * shard.number() / shard.count();
    let now = Instant::now();
    let last = now.checked_sub(interval - before_first);
    (interval, last.unwrap_or(now))
}

fn writer(lake: &Lake, source_id: &Arc<str>, from: u64) -> PartWriter {
    lake.part_writer(PartName {
        source_id: Arc::clone(source_id),
        from,
        to: from,
    })
}
