//! Commits: staged parts and the new state of their sources become visible at once, or not at all.
//!
//! In: [`Part`]s, [`RejectPart`]s and [`SourceState`]s. Out: one log entry. When another writer
//! took the number, the ledger is read again: if a source was moved or made meanwhile, its range is
//! already in the lake and this commit is given up, so nothing is ever counted twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::time::Duration;

use super::ledger::DOMAIN_PREFIX;
use super::seal::Seal;
use super::table::{FACT_PREFIX, TableCommit, TableState};
use super::{Head, Lake, LakeError, Ledger, Part, RejectPart, SourceState, io};

/// Attempts before other writers are called too fast: as many as shards of one run that end at once.
pub const ATTEMPTS_MAX: u32 = 1_000;
/// The most that a writer waits after it lost for the first time; doubled each time, up to the other one.
const PAUSE_MS: u64 = 10;
const PAUSE_MS_MAX: u64 = 640;
/// Held by whoever commits.
const LOCK_NAME: &str = "lock";
/// How often, and how long between, a writer waits for another one on this machine.
const TURN_ATTEMPTS_MAX: u32 = 500;
const TURN_WAIT: Duration = Duration::from_millis(20);
/// The most bytes of a fact.
pub const FACT_BYTES_MAX: usize = 200 * 1_024;

/// One source's step from a position to a new state.
#[derive(Debug)]
pub(super) struct Advance {
    pub source_id: String,
    pub from: u64,
    pub state: SourceState,
    /// The beginning of a source that was new to the caller.
    pub head: Option<Head>,
}

impl Advance {
    /// The source that is no longer as the caller found it, if there is one.
    pub fn moved_source(&self, ledger: &Ledger) -> Option<String> {
        let found = ledger.get(&self.source_id).map_or(0, |state| state.offset);
        if found != self.from {
            return Some(self.source_id.clone());
        }
        let head = self.head.as_ref()?;
        let recognised = ledger.recognise(head).source_id()?;
        Some(recognised.to_owned())
    }
}

/// What became of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It is in the lake.
    Committed,
    /// Another process was there meanwhile; nothing was added. The caller reads again.
    SourceMoved {
        /// The source that was read further or made, or the first of this commit when any other
        /// commit was one too many ([`Commit::must_follow`]).
        source_id: String,
    },
}

/// Everything that is to become visible at once.
#[derive(Debug, Default)]
pub struct Commit {
    parts: Vec<Part>,
    rejects: Vec<RejectPart>,
    advances: Vec<Advance>,
    facts: BTreeMap<String, String>,
    must_follow: Option<u64>,
}

impl Commit {
    /// An empty commit.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the records of a part.
    pub fn add_part(&mut self, part: Part) {
        self.parts.push(part);
    }

    /// Adds the rejected lines of a part.
    pub fn add_rejects(&mut self, rejects: RejectPart) {
        self.rejects.push(rejects);
    }

    /// Moves a source from position `from`, where the caller found it, to `state`.
    ///
    /// # Panics
    /// When lines ≠ records + rejected + blank + duplicates: a commit that loses a line is a bug.
    pub fn advance(&mut self, source_id: String, from: u64, state: SourceState) {
        self.push(Advance {
            source_id,
            from,
            state,
            head: None,
        });
    }

    /// Adds a log that the caller's ledger did not recognise. If the ledger at commit time does,
    /// either way, the outcome is [`CommitOutcome::SourceMoved`].
    ///
    /// # Panics
    /// As [`Commit::advance`].
    pub fn add_source(&mut self, source_id: String, head: Head, state: SourceState) {
        self.push(Advance {
            source_id,
            from: 0,
            state,
            head: Some(head),
        });
    }

    fn push(&mut self, advance: Advance) {
        let state = &advance.state;
        assert!(
            state.is_conserved(),
            "source {}: {} lines, but {} records + {} rejected + {} blank + {} duplicates",
            advance.source_id,
            state.lines,
            state.records,
            state.rejected,
            state.blank,
            state.duplicates
        );
        // Two steps of one source, one after the other, are one step.
        let earlier = self
            .advances
            .iter_mut()
            .find(|earlier| earlier.source_id == advance.source_id);
        match earlier {
            Some(earlier) if earlier.state.offset == advance.from => earlier.state = advance.state,
            Some(_) | None => self.advances.push(advance),
        }
    }

    /// Keeps a fact of the whole lake, as JSON, in the table's log: visible with this commit, and
    /// written only when it differs from what is there. The last writer wins; who must not
    /// overwrite another's uses [`Commit::must_follow`], too.
    ///
    /// # Errors
    /// [`LakeError::Fact`] past [`FACT_BYTES_MAX`], or when `name` is taken by the lake itself.
    pub fn set_fact(&mut self, name: &str, json: String) -> Result<(), LakeError> {
        let wrong = |why: String| LakeError::Fact {
            name: name.to_owned(),
            why,
        };
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        if name.is_empty() || name == "seal" || !name.bytes().all(is_name) {
            return Err(wrong("its name is not free".to_owned()));
        }
        if json.len() > FACT_BYTES_MAX {
            let bytes = json.len();
            return Err(wrong(format!(
                "{bytes} bytes are more than {FACT_BYTES_MAX}"
            )));
        }
        self.facts.insert(name.to_owned(), json);
        Ok(())
    }

    /// Makes this commit valid only directly after `version` ([`super::LakeReader::version`]), as
    /// when row keys were compared: any other commit in between gives
    /// [`CommitOutcome::SourceMoved`].
    pub fn must_follow(&mut self, version: u64) {
        self.must_follow = Some(version);
    }

    /// Whether there is nothing to commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.advances.is_empty() && self.facts.is_empty()
    }

    /// Removes the staged files; for a commit that is given up.
    pub fn discard(self) {
        for (staged, _) in self.moves() {
            // A file that cannot be removed lies in the staging folder and counts for nothing.
            let _ = std::fs::remove_file(staged);
        }
    }

    fn moves(&self) -> impl Iterator<Item = (&Path, &Path)> {
        let parts = self.parts.iter();
        let parts = parts.map(|part| (part.staged.as_path(), part.target.as_path()));
        let rejects = self.rejects.iter();
        parts.chain(rejects.map(|part| (part.staged.as_path(), part.target.as_path())))
    }

    /// Before a further attempt: some part of a time that doubles, and another part than other writers'.
    fn pause_before(&self, attempt: u32) -> Duration {
        let Some(lost) = attempt.checked_sub(1) else {
            return Duration::ZERO;
        };
        let most_ms = PAUSE_MS_MAX.min(PAUSE_MS << lost.min(16));
        let mut hasher = DefaultHasher::new();
        let first = self.advances.first();
        (first.map(|first| &first.source_id), attempt).hash(&mut hasher);
        Duration::from_micros(hasher.finish() % (most_ms * 1_000))
    }

    /// Why this commit is one too late, if it is.
    fn moved_source(&self, version: u64, ledger: &Ledger) -> Option<String> {
        if self.must_follow.is_some_and(|wanted| wanted != version) {
            let first = self.advances.first();
            return Some(first.map_or_else(String::new, |first| first.source_id.clone()));
        }
        // New sources of one commit may be one another's beginnings.
        let mut own = Ledger::default();
        for advance in &self.advances {
            let moved = advance.moved_source(ledger).or_else(|| {
                let head = advance.head.as_ref()?;
                own.recognise(head).source_id().map(ToOwned::to_owned)
            });
            if moved.is_some() {
                return moved;
            }
            own.put(advance.source_id.clone(), advance.state.clone());
        }
        None
    }

    /// The files must hold what the ledger says they hold.
    fn assert_conserved(&self, ledger: &Ledger) {
        let (mut records, mut rejected) = (0, 0);
        for advance in &self.advances {
            let before = ledger.get(&advance.source_id);
            records += advance.state.records - before.map_or(0, |state| state.records);
            rejected += advance.state.rejected - before.map_or(0, |state| state.rejected);
        }
        let rows: u64 = self.parts.iter().map(|part| part.records).sum();
        let lines: u64 = self.rejects.iter().map(|part| part.lines).sum();
        assert_eq!(
            (rows, lines),
            (records, rejected),
            "the parts of a commit do not hold the records and rejected lines of its sources"
        );
    }
}

impl Lake {
    /// Makes `commit` visible.
    ///
    /// # Errors
    /// When the disk refuses or the log is damaged; then nothing of it counts.
    ///
    /// # Panics
    /// When its parts do not hold the records that its sources moved by: that is a bug.
    pub fn commit(&self, commit: Commit) -> Result<CommitOutcome, LakeError> {
        let _turn = self.turn();
        let outcome = self.try_commit(&commit);
        match outcome {
            Ok(CommitOutcome::Committed) if !commit.rejects.is_empty() => {
                // The commit counts without it, and the next ingest makes up for it.
                let _ = self.mirror_rejects();
            }
            Ok(CommitOutcome::Committed) => {}
            Ok(CommitOutcome::SourceMoved { .. }) | Err(_) => commit.discard(),
        }
        outcome
    }

    /// Waits for other writers on this machine, so that whoever comes too late learns it before its
    /// files have their final names. The log alone keeps commits apart; where a file system has no
    /// locks, or a writer that was stopped holds its own, the loser's files are left for
    /// `lake vacuum`.
    pub(super) fn turn(&self) -> Option<File> {
        if !self.place.is_folder() {
            return None;
        }
        let path = self.root().join(LOCK_NAME);
        let mut options = File::options();
        let lock = options
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .ok()?;
        for _ in 0..TURN_ATTEMPTS_MAX {
            match lock.try_lock() {
                Ok(()) => return Some(lock),
                Err(TryLockError::WouldBlock) => std::thread::sleep(TURN_WAIT),
                Err(TryLockError::Error(_)) => return None,
            }
        }
        None
    }

    fn try_commit(&self, commit: &Commit) -> Result<CommitOutcome, LakeError> {
        let mut is_in_place = false;
        for attempt in 0..ATTEMPTS_MAX {
            std::thread::sleep(commit.pause_before(attempt));
            let snapshot = self.table.snapshot()?;
            let state = self.table.checked_state(&snapshot)?;
            if let Some(source_id) = commit.moved_source(snapshot.version(), &state.ledger) {
                return Ok(CommitOutcome::SourceMoved { source_id });
            }
            commit.assert_conserved(&state.ledger);
            if !is_in_place {
                commit
                    .parts
                    .iter()
                    .try_for_each(|part| part.flushing.wait())?;
                self.put_in_place(&commit.moves().collect::<Vec<_>>())?;
                is_in_place = true;
            }
            let entry = self.entry(commit, snapshot.version() + 1, &state)?;
            if entry.domains.is_empty() || self.table.commit(&snapshot, entry)? {
                return Ok(CommitOutcome::Committed);
            }
        }
        Err(LakeError::Contended(ATTEMPTS_MAX))
    }

    /// Staged files get their final names and are safe there, before the log names them.
    pub(super) fn put_in_place(&self, moves: &[(&Path, &Path)]) -> Result<(), LakeError> {
        let folders = [
            super::requests_folder(self.root()),
            super::rejects_folder(self.root()),
        ];
        self.place
            .publish(moves, &folders)
            .map_err(|(path, source)| io("write", &path, source))
    }

    /// The log entry `version`, which follows `state`.
    fn entry<'a>(
        &self,
        commit: &'a Commit,
        version: u64,
        state: &TableState,
    ) -> Result<TableCommit<'a>, LakeError> {
        static NOTHING: BTreeSet<String> = BTreeSet::new();
        let mut transaction_ids = Vec::new();
        let mut domains = Vec::new();
        for advance in &commit.advances {
            let position = i64::try_from(advance.state.offset).unwrap_or(i64::MAX);
            let json =
                serde_json::to_string(&advance.state).map_err(|source| LakeError::Ledger {
                    path: self.table.folder().to_owned(),
                    source,
                })?;
            transaction_ids.push((format!("firedrill:{}", advance.source_id), position));
            domains.push((format!("{DOMAIN_PREFIX}{}", advance.source_id), json));
        }
        for (name, json) in &commit.facts {
            if state.facts.get(name) != Some(json) {
                domains.push((format!("{FACT_PREFIX}{name}"), json.clone()));
            }
        }
        Ok(TableCommit {
            parts: &commit.parts,
            replaced: &NOTHING,
            transaction_ids,
            domains,
            seal: Seal::following(version, &state.ledger, &commit.advances),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::ledger::tests::state;
    use super::*;

    #[test]
    fn who_lost_waits_longer_each_time_and_not_as_long_as_its_neighbour() {
        let commit_of = |source_id: &str| {
            let mut commit = Commit::new();
            commit.advance(source_id.to_owned(), 0, state(1));
            commit
        };
        let [one, other] = ["a", "b"].map(commit_of);
        assert_eq!(one.pause_before(0), Duration::ZERO);
        let mean_ms = |attempts: std::ops::Range<u32>| {
            let pauses = attempts.map(|attempt| one.pause_before(attempt).as_millis());
            pauses.sum::<u128>() / 100
        };
        assert!(
            (200..450).contains(&mean_ms(100..200)),
            "half of {PAUSE_MS_MAX}"
        );
        assert!((1..=2).all(|attempt| one.pause_before(attempt).as_millis() < 20));
        let same =
            (1..50).filter(|attempt| one.pause_before(*attempt) == other.pause_before(*attempt));
        assert_eq!(same.count(), 0);
        let longest = (0..ATTEMPTS_MAX).map(|attempt| one.pause_before(attempt));
        assert!(longest.max().unwrap() < Duration::from_millis(PAUSE_MS_MAX));
    }
}
