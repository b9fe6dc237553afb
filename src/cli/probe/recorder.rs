//! The recorder of probes: from probes to rows of the lake, exactly once, for days.
//!
//! In: probes that were made. Out: one commit per interval. Rows are kept in memory until the lake has
//! them; a lake that takes none for a while gets them later, up to a bound past which new ones are lost and
//! counted. The ledger says how far the source is, and which batch was the last: a commit of which nobody
//! knows whether it came through is looked for there before anything is written again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::rounds::Found;
use crate::lake::{
    Commit, CommitOutcome, HeadPrint, Lake, LakeError, PartName, SourceKind, SourceState,
};
use crate::probe::{ProbePlan, ProbedPlan};
use crate::request_record::{Origin, RequestRecord};

/// The format of sources of probes in the ledger.
pub const PROBE_FORMAT: &str = "probe";
/// A commit is tried so often when other probers of the same name were faster.
const TURNS_MAX: u32 = 20;

/// So many rows are committed before it is time.
const COMMIT_ROWS: u64 = 20_000;
/// But not sooner than this after the last try.
const REST: Duration = Duration::from_secs(10);

/// How rows are kept.
#[derive(Debug, Clone, Copy)]
pub struct RecorderSettings {
    /// From one commit to the next.
    pub commit_every: Duration,
    /// Rows that are kept while the lake takes none.
    pub keep_max: u64,
}

/// When the lake first saw each service, UTC µs: before that nothing is missing.
pub type Since = BTreeMap<String, i64>;

/// What became of a commit, for whoever tells people.
#[derive(Debug)]
pub enum Told {
    /// The lake takes no rows, and why; said once.
    Refused(String),
    /// It takes rows again, and so many were kept.
    TakesAgain(u64),
}

/// Collects probes and commits them.
pub struct ProbeRecorder<'a> {
    lake: &'a Lake,
    plan: &'a ProbePlan,
    settings: RecorderSettings,
    source_id: Arc<str>,
    kept: VecDeque<Found>,
    kept_rows: u64,
    /// Position of the source; `None` where the ledger must be asked.
    position: Option<u64>,
    since: Since,
    /// The batch that may or may not be in the lake.
    in_doubt: Option<Batch>,
    batches: u64,
    last_try: Instant,
    is_refused: bool,
    /// Rows in the lake.
    pub committed: u64,
    /// Commits made.
    pub commits: u64,
    /// Rows that were lost because too many were kept.
    pub lost: u64,
}

/// Rows that are committed together.
#[derive(Debug, Clone)]
struct Batch {
    /// What the ledger calls it.
    id: String,
    to: u64,
    probes: usize,
    rows: u64,
}

impl<'a> ProbeRecorder<'a> {
    pub fn new(lake: &'a Lake, plan: &'a ProbePlan, settings: RecorderSettings) -> Self {
        Self {
            lake,
            plan,
            settings,
            source_id: source_id(&plan.name).into(),
            kept: VecDeque::new(),
            kept_rows: 0,
            position: None,
            since: Since::new(),
            in_doubt: None,
            batches: 0,
            last_try: Instant::now(),
            is_refused: false,
            committed: 0,
            commits: 0,
            lost: 0,
        }
    }

    /// Keeps a probe for the next commit.
    pub fn add(&mut self, found: Found) {
        let rows = found.attempt.records.len() as u64;
        if self.kept_rows + rows > self.settings.keep_max {
            self.lost += rows;
            return;
        }
        self.kept_rows += rows;
        self.kept.push_back(found);
    }

    /// Rows that wait for a commit.
    pub fn kept_rows(&self) -> u64 {
        self.kept_rows
    }

    /// Commits when it is time; says what people should know.
    pub fn commit_if_due(&mut self) -> Option<Told> {
        let since = self.last_try.elapsed();
        // Fast probes must not fill what is kept for a lake that takes nothing.
        let is_much = self.kept_rows >= COMMIT_ROWS && since >= REST;
        if since >= self.settings.commit_every || is_much {
            return self.commit();
        }
        None
    }

    /// Commits now.
    pub fn commit(&mut self) -> Option<Told> {
        self.last_try = Instant::now();
        let rows = self.kept_rows;
        match (self.try_commit(), self.is_refused) {
            (Ok(()), true) => {
                self.is_refused = false;
                Some(Told::TakesAgain(rows))
            }
            (Ok(()), false) | (Err(_), true) => None,
            (Err(error), false) => {
                self.is_refused = true;
                Some(Told::Refused(error.to_string()))
            }
        }
    }

    fn try_commit(&mut self) -> Result<(), LakeError> {
        for _ in 0..TURNS_MAX {
            let from = match self.position {
                Some(position) => position,
                None => self.ask_ledger()?,
            };
            if self.kept.is_empty() {
                return Ok(());
            }
            // From here on the ledger alone knows.
            self.position = None;
            let (commit, batch) = self.batch(from)?;
            self.in_doubt = Some(batch.clone());
            match self.lake.commit(commit)? {
                CommitOutcome::Committed => {
                    self.is_in_lake(&batch);
                    self.position = Some(batch.to);
                    return Ok(());
                }
                CommitOutcome::SourceMoved { .. } => self.in_doubt = None,
            }
        }
        Err(LakeError::Contended(TURNS_MAX))
    }

    /// The position of the source; forgets the batch in doubt, and its rows where they are in the lake.
    fn ask_ledger(&mut self) -> Result<u64, LakeError> {
        let reader = self.lake.reader()?;
        let state = reader.ledger().get(&self.source_id);
        if let Some(state) = state {
            let known = serde_json::from_str(&state.header).unwrap_or_default();
            self.since = earliest(known, &self.since);
        }
        if let (Some(batch), Some(state)) = (self.in_doubt.take(), state)
            && state.tail_hash == batch.id
        {
            self.is_in_lake(&batch);
        }
        let position = state.map_or(0, |state| state.offset);
        self.position = Some(position);
        Ok(position)
    }

    fn is_in_lake(&mut self, batch: &Batch) {
        self.in_doubt = None;
        self.kept.drain(..batch.probes);
        self.kept_rows -= batch.rows;
        self.committed += batch.rows;
        self.commits += 1;
    }

    /// All kept rows, at positions from `from` on.
    fn batch(&mut self, from: u64) -> Result<(Commit, Batch), LakeError> {
        let mut writer = self.lake.part_writer(PartName {
            source_id: Arc::clone(&self.source_id),
            from,
            to: from,
        });
        let mut position = from;
        for found in &self.kept {
            // All rows of a probe have the position of its first one in the place of the shopper.
            let number = i64::try_from(position).ok();
            let probed = probed(self.plan, found.probed);
            self.since
                .entry(probed.name.clone())
                .or_insert_with(|| found.start_us());
            for record in &found.attempt.records {
                let row = record.as_request_record(
                    &probed.drill,
                    &self.plan.name,
                    found.offset_us,
                    position,
                );
                writer.push(&RequestRecord {
                    origin: Origin::Probe,
                    shopper: number,
                    ..row
                })?;
                position += 1;
            }
        }
        writer.end_at(position);
        let mut commit = Commit::new();
        if let Some(part) = writer.finish()? {
            commit.add_part(part);
        }
        self.batches += 1;
        let batch = Batch {
            id: format!(
                "{}-{}-{}",
                std::process::id(),
                crate::time_window::now_us(),
                self.batches
            ),
            to: position,
            probes: self.kept.len(),
            rows: position - from,
        };
        let state = self.state(&batch);
        commit.advance(self.source_id.to_string(), from, state);
        Ok((commit, batch))
    }

    fn state(&self, batch: &Batch) -> SourceState {
        SourceState {
            kind: SourceKind::Run,
            last_path: self.plan.name.clone(),
            format: PROBE_FORMAT.to_owned(),
            head: HeadPrint::default(),
            tail_bytes: 0,
            tail_hash: batch.id.clone(),
            ends_with_line: true,
            // A map of texts and numbers is always JSON.
            header: serde_json::to_string(&self.since).unwrap_or_default(),
            offset: batch.to,
            lines: batch.to,
            records: batch.to,
            rejected: 0,
            blank: 0,
            duplicates: 0,
            reject_files: Vec::new(),
        }
    }
}

/// The identifier of a file's probes in the ledger.
pub fn source_id(name: &str) -> String {
    format!("probe-{name}")
}

/// Of two, the earlier first probes.
pub fn earliest(mut one: Since, other: &Since) -> Since {
    for (service, since_us) in other {
        let known_us = one.entry(service.clone()).or_insert(*since_us);
        *known_us = (*known_us).min(*since_us);
    }
    one
}

/// Who was probed.
pub fn probed(plan: &ProbePlan, index: usize) -> &ProbedPlan {
    match plan.partners.get(index) {
        Some(partner) => &partner.probed,
        None => &plan.references[index - plan.partners.len()],
    }
}
