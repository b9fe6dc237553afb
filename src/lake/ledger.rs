//! The ledger: what was read from which source, and how far.
//!
//! Each source is one domain-metadata entry of the table's log, so parts, transaction ids and ledger
//! change in one atomic commit. Conservation holds for every entry:
//! `lines = records + rejected + blank`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// Length of the beginning that `head_hash` covers, bytes.
    pub head_bytes: u64,
    /// BLAKE3 of the first `head_bytes`, hex.
    pub head_hash: String,
    /// Length of the end that `tail_hash` covers, bytes.
    pub tail_bytes: u64,
    /// BLAKE3 of the `tail_bytes` before `offset`, hex.
    pub tail_hash: String,
    /// Whether the last line that was read had its end.
    pub ends_with_line: bool,
    /// Everything before this position was read.
    pub offset: u64,
    /// Lines (or requests of a rehearsal) read so far.
    pub lines: u64,
    /// Lines that became records.
    pub records: u64,
    /// Lines that were not understood.
    pub rejected: u64,
    /// Empty lines.
    pub blank: u64,
    /// Files in `rejects/` that hold the rejected lines.
    pub reject_files: Vec<String>,
}

impl SourceState {
    /// Whether lines = records + rejected + blank.
    #[must_use]
    pub fn is_conserved(&self) -> bool {
        self.lines == self.records + self.rejected + self.blank
    }
}

/// Every source by its identifier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    sources: BTreeMap<String, SourceState>,
}

impl Ledger {
    /// The state of one source.
    #[must_use]
    pub fn get(&self, source_id: &str) -> Option<&SourceState> {
        self.sources.get(source_id)
    }

    /// Puts a source's state in; a later one replaces an earlier one.
    pub fn put(&mut self, source_id: String, state: SourceState) {
        self.sources.insert(source_id, state);
    }

    /// Every source with its identifier, in the order of the identifiers.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SourceState)> {
        self.sources.iter().map(|(id, state)| (id.as_str(), state))
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
