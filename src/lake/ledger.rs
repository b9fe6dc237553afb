//! The ledger: what was read from which source, and how far.
//!
//! Each source is one domain-metadata entry of the table's log, so parts, transaction ids and ledger
//! change in one atomic commit. Conservation holds for every entry:
//! `lines = records + rejected + blank + duplicates`.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::identity::{Head, HeadIndex, HeadPrint, Recognised};

/// What the names of the domain-metadata entries begin with; the source identifier follows.
pub const DOMAIN_PREFIX: &str = "firedrill.source.";

/// What kind of source it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// An access log; positions are byte offsets of the decompressed text.
    Log,
    /// A rehearsal; positions are sequence numbers of requests.
    Run,
}

/// How far one source was read, and how to know it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceState {
    /// Log or rehearsal.
    pub kind: SourceKind,
    /// Where it was last seen; information only, it identifies nothing.
    pub last_path: String,
    /// The log format, or `drill`.
    pub format: String,
    /// The beginning by which it is known: [`Head::print`] of what was read. Made anew whenever the
    /// source has grown, so that a head that was first seen short becomes a full one.
    pub head: HeadPrint,
    /// Length of the end that `tail_hash` covers, bytes.
    pub tail_bytes: u64,
    /// BLAKE3 of the `tail_bytes` before `offset`, hex.
    pub tail_hash: String,
    /// Whether the last line that was read had its end.
    pub ends_with_line: bool,
    /// The header line in force at `offset`; empty for formats without one.
    pub header: String,
    /// Everything before this position was read.
    pub offset: u64,
    /// Lines (or requests of a rehearsal) read so far.
    pub lines: u64,
    /// Lines that became records.
    pub records: u64,
    /// Lines that were not understood.
    pub rejected: u64,
    /// Empty lines, headers and comments.
    pub blank: u64,
    /// Lines that were left out because a row with their key was in the lake already.
    pub duplicates: u64,
    /// Files in `rejects/` that hold the rejected lines.
    pub reject_files: Vec<String>,
}

impl SourceState {
    /// Whether lines = records + rejected + blank + duplicates.
    #[must_use]
    pub fn is_conserved(&self) -> bool {
        self.lines == self.records + self.rejected + self.blank + self.duplicates
    }
}

/// Every source by its identifier.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Shared with whoever holds an earlier ledger: most sources never move again.
    sources: BTreeMap<Arc<str>, Arc<SourceState>>,
    /// Built when a log is first to be recognised: a report never asks.
    index: OnceLock<HeadIndex>,
}

impl PartialEq for Ledger {
    fn eq(&self, other: &Self) -> bool {
        self.sources == other.sources
    }
}

impl Eq for Ledger {}

impl Ledger {
    /// The state of one source.
    #[must_use]
    pub fn get(&self, source_id: &str) -> Option<&SourceState> {
        self.sources.get(source_id).map(|state| &**state)
    }

    /// The state of one source, with its identifier as the ledger has it.
    #[must_use]
    pub fn get_entry(&self, source_id: &str) -> Option<(&str, &SourceState)> {
        let (source_id, state) = self.sources.get_key_value(source_id)?;
        Some((&**source_id, &**state))
    }

    /// Puts a source's state in; a later one replaces an earlier one.
    pub fn put(&mut self, source_id: String, state: SourceState) {
        let before = self.sources.get(source_id.as_str()).map(|state| &**state);
        if let Some(index) = self.index.get_mut() {
            index.put(&source_id, before, &state);
        }
        self.sources.insert(source_id.into(), Arc::new(state));
    }

    /// Which source a log with this beginning is.
    #[must_use]
    pub fn recognise(&self, head: &Head) -> Recognised<'_> {
        let index = self.index.get_or_init(|| {
            let mut index = HeadIndex::default();
            for (source_id, state) in self.iter() {
                index.put(source_id, None, state);
            }
            index
        });
        index.recognise(head, self)
    }

    /// Every source with its identifier, in the order of the identifiers.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SourceState)> {
        self.sources.iter().map(|(id, state)| (&**id, &**state))
    }

    /// The number of sources.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether nothing was ever read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A log of which `lines` lines were read.
    pub fn state(lines: u64) -> SourceState {
        SourceState {
            kind: SourceKind::Log,
            last_path: "access.log".to_owned(),
            format: "combined".to_owned(),
            head: HeadPrint::default(),
            tail_bytes: 0,
            tail_hash: String::new(),
            ends_with_line: true,
            header: String::new(),
            offset: lines * 100,
            lines,
            records: lines,
            rejected: 0,
            blank: 0,
            duplicates: 0,
            reject_files: Vec::new(),
        }
    }

    #[test]
    fn duplicates_are_lines_too() {
        let mut state = state(10);
        assert!(state.is_conserved());
        state.records = 7;
        assert!(!state.is_conserved());
        state.duplicates = 3;
        assert!(state.is_conserved());
    }

    #[test]
    fn a_state_survives_the_log() {
        let state = state(3);
        let json = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<SourceState>(&json).unwrap(), state);
    }
}
