//! Commits: staged parts and the new state of their sources become visible at once, or not at all.
//!
//! In: [`Part`]s, [`RejectPart`]s and [`SourceState`]s. Out: one log entry. When another writer
//! took the number, the ledger is read again: if a source was moved meanwhile, its range is
//! already in the lake and this commit is given up, so nothing is ever counted twice.

use std::path::Path;

use super::table::TableCommit;
use super::{Lake, LakeError, Part, RejectPart, SourceState, io};

/// Attempts before other writers are called too fast.
const ATTEMPTS_MAX: u32 = 100;

/// One source's step from a position to a new state.
#[derive(Debug)]
struct Advance {
    source_id: String,
    from: u64,
    state: SourceState,
}

/// What became of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It is in the lake.
    Committed,
    /// Another process read this source further meanwhile; nothing was added.
    SourceMoved {
        /// The source that moved.
        source_id: String,
    },
}

/// Everything that is to become visible at once.
#[derive(Debug, Default)]
pub struct Commit {
    parts: Vec<Part>,
    rejects: Vec<RejectPart>,
    advances: Vec<Advance>,
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
    /// When lines ≠ records + rejected + blank: a commit that loses a line is a bug.
    pub fn advance(&mut self, source_id: String, from: u64, state: SourceState) {
        assert!(
            state.is_conserved(),
            "source {source_id}: {} lines, but {} records + {} rejected + {} blank",
            state.lines,
            state.records,
            state.rejected,
            state.blank
        );
        // Two steps of one source, one after the other, are one step.
        let earlier = self
            .advances
            .iter_mut()
            .find(|advance| advance.source_id == source_id);
        match earlier {
            Some(earlier) if earlier.state.offset == from => earlier.state = state,
            Some(_) | None => self.advances.push(Advance {
                source_id,
                from,
                state,
            }),
        }
    }

    /// Whether there is nothing to commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.advances.is_empty()
    }

    /// Removes the staged files; for a commit that is given up.
    pub fn discard(self) {
        for staged in self.staged() {
            // A file that cannot be removed lies in the staging folder and counts for nothing.
            let _ = std::fs::remove_file(staged);
        }
    }

    fn staged(&self) -> impl Iterator<Item = &Path> {
        let parts = self.parts.iter().map(|part| part.staged.as_path());
        parts.chain(self.rejects.iter().map(|part| part.staged.as_path()))
    }

    fn moves(&self) -> impl Iterator<Item = (&Path, &Path)> {
        let parts = self
            .parts
            .iter()
            .map(|part| (part.staged.as_path(), part.target.as_path()));
        let rejects = self
            .rejects
            .iter()
            .map(|part| (part.staged.as_path(), part.target.as_path()));
        parts.chain(rejects)
    }
}

impl Lake {
    /// Makes `commit` visible.
    ///
    /// # Errors
    /// When the disk refuses or the log is damaged; then nothing of it counts.
    pub fn commit(&self, commit: Commit) -> Result<CommitOutcome, LakeError> {
        let outcome = self.try_commit(&commit);
        if !matches!(outcome, Ok(CommitOutcome::Committed)) {
            commit.discard();
        }
        outcome
    }

    fn try_commit(&self, commit: &Commit) -> Result<CommitOutcome, LakeError> {
        let mut in_place = false;
        for _ in 0..ATTEMPTS_MAX {
            let snapshot = self.table.snapshot()?;
            let ledger = self.table.ledger(&snapshot)?;
            for advance in &commit.advances {
                let found = ledger
                    .get(&advance.source_id)
                    .map_or(0, |state| state.offset);
                if found != advance.from {
                    return Ok(CommitOutcome::SourceMoved {
                        source_id: advance.source_id.clone(),
                    });
                }
            }
            if !in_place {
                self.put_in_place(commit)?;
                in_place = true;
            }
            if self.table.commit(&snapshot, self.entry(commit)?)? {
                return Ok(CommitOutcome::Committed);
            }
        }
        Err(LakeError::Contended(ATTEMPTS_MAX))
    }

    /// Staged files get their final names and the folders are flushed, before the log names them.
    fn put_in_place(&self, commit: &Commit) -> Result<(), LakeError> {
        for (staged, target) in commit.moves() {
            std::fs::rename(staged, target).map_err(|source| io("write", target, source))?;
        }
        for folder in [
            super::requests_folder(&self.root),
            super::rejects_folder(&self.root),
        ] {
            std::fs::File::open(&folder)
                .and_then(|folder| folder.sync_all())
                .map_err(|source| io("flush", &folder, source))?;
        }
        Ok(())
    }

    fn entry<'a>(&self, commit: &'a Commit) -> Result<TableCommit<'a>, LakeError> {
        let mut entry = TableCommit {
            parts: &commit.parts,
            transaction_ids: Vec::new(),
            sources: Vec::new(),
        };
        for advance in &commit.advances {
            let version = i64::try_from(advance.state.offset).unwrap_or(i64::MAX);
            let json =
                serde_json::to_string(&advance.state).map_err(|source| LakeError::Ledger {
                    path: self.table.folder().to_owned(),
                    source,
                })?;
            entry
                .transaction_ids
                .push((format!("firedrill:{}", advance.source_id), version));
            entry.sources.push((advance.source_id.clone(), json));
        }
        Ok(entry)
    }
}
