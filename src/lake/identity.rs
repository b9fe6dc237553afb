//! Which source a log is: known by the beginning of its decompressed content, never by its name.
//!
//! In: the first 4 KiB of a log, and the ledger. Out: whether it is new, a known source (which may
//! have grown), or a shorter copy of one. Deterministic, so a commit asks again on the newest
//! ledger, and two processes that read one growing file at different lengths end with one source.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::ledger::{Ledger, SourceKind, SourceState};

/// How much of the beginning identifies a source, bytes.
pub const HEAD_BYTES: usize = 4_096;
/// Hexadecimal digits of the hash that make a source identifier.
const ID_DIGITS: usize = 16;
/// Hexadecimal digits of a mark: 48 bits, so that among 10⁷ marks a false match is less likely
/// than 1 in 10⁷.
const MARK_DIGITS: usize = 12;

/// The first bytes of a log, decompressed: all of it, or 4 KiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    bytes: Vec<u8>,
}

impl Head {
    /// The head of a log that begins with `first_bytes`; more than [`HEAD_BYTES`] are cut off. With
    /// fewer, they must be all that the log has.
    #[must_use]
    pub fn new(mut first_bytes: Vec<u8>) -> Self {
        first_bytes.truncate(HEAD_BYTES);
        Self { bytes: first_bytes }
    }

    /// The bytes themselves.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The identifier of the source when it is new: 16 hexadecimal digits.
    #[must_use]
    pub fn source_id(&self) -> String {
        hex(&self.bytes, ID_DIGITS)
    }

    /// What the ledger keeps of it when everything before position `read_to` was read: an
    /// unfinished line at the end may still change, so it is left out.
    #[must_use]
    pub fn print(&self, read_to: u64) -> HeadPrint {
        let length = usize::try_from(read_to).unwrap_or(usize::MAX);
        let read = &self.bytes[..self.bytes.len().min(length)];
        let mut marks = String::new();
        let ends = memchr::memchr_iter(b'\n', read);
        for (index, end) in ends.enumerate() {
            if index == 0 {
                marks.push_str(&hex(without_return(&read[..end]), MARK_DIGITS));
            }
            marks.push_str(&hex(&read[..=end], MARK_DIGITS));
        }
        HeadPrint {
            bytes: read.len() as u64,
            hash: blake3::hash(read).to_hex().to_string(),
            marks,
        }
    }

    /// The mark of its whole lines, if it can be a shorter copy of anything; and their length.
    fn mark_of_whole_lines(&self) -> Option<(u64, usize)> {
        if self.bytes.len() >= HEAD_BYTES {
            return None;
        }
        let whole = match memchr::memrchr(b'\n', &self.bytes) {
            Some(end) => &self.bytes[..=end],
            // An only line may lack its end.
            None => without_return(&self.bytes),
        };
        mark(&hex(whole, MARK_DIGITS)).map(|mark| (mark, whole.len()))
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn hex(bytes: &[u8], digits: usize) -> String {
    blake3::hash(bytes).to_hex()[..digits].to_owned()
}

fn mark(digits: &str) -> Option<u64> {
    u64::from_str_radix(digits, 16).ok()
}

/// What the ledger keeps of a head: hashes, no text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadPrint {
    /// Length of the beginning that `hash` covers, bytes; at most [`HEAD_BYTES`].
    pub bytes: u64,
    /// BLAKE3 of the first `bytes`, hex; empty for a rehearsal.
    pub hash: String,
    /// 12 hexadecimal digits for the first line without its end, and for the text up to every line
    /// end, one after the other: by them a shorter copy is known.
    pub marks: String,
}

impl HeadPrint {
    fn marks(&self) -> impl Iterator<Item = u64> {
        let marks = self.marks.as_bytes().chunks_exact(MARK_DIGITS);
        marks.filter_map(|digits| std::str::from_utf8(digits).ok().and_then(mark))
    }
}

/// What the ledger knows of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised<'a> {
    /// Nothing: it is a new source.
    Unknown,
    /// It begins like this source, and has at least as much as the source's head. It may have
    /// grown since, be an older copy that is longer than the head, or have been rewritten after
    /// the head: the caller compares what is before the known position.
    Known(&'a str, &'a SourceState),
    /// It is shorter than this source's head, and its whole lines are the beginning of it: it adds
    /// nothing.
    Shorter(&'a str, &'a SourceState),
}

impl<'a> Recognised<'a> {
    /// The source that it is, if it is one.
    #[must_use]
    pub fn source_id(self) -> Option<&'a str> {
        match self {
            Recognised::Unknown => None,
            Recognised::Known(source_id, _) | Recognised::Shorter(source_id, _) => Some(source_id),
        }
    }
}

/// Finds sources by their heads. Built when first asked, kept up to date afterwards.
#[derive(Debug, Clone, Default)]
pub struct HeadIndex {
    /// Length of a head → its hash → the source.
    heads: BTreeMap<u64, HashMap<String, Arc<str>>>,
    /// Only short logs ask for marks.
    marks: OnceLock<MarkIndex>,
}

impl HeadIndex {
    pub fn put(&mut self, source_id: &str, before: Option<&SourceState>, after: &SourceState) {
        if after.kind != SourceKind::Log {
            return;
        }
        if let Some(before) = before {
            // Another log may begin like the shorter head this source had.
            if let Some(hashes) = self.heads.get_mut(&before.head.bytes)
                && hashes
                    .get(&before.head.hash)
                    .is_some_and(|id| **id == *source_id)
            {
                hashes.remove(&before.head.hash);
            }
        }
        let source_id: Arc<str> = source_id.into();
        if let Some(marks) = self.marks.get_mut() {
            marks.add(&source_id, after);
        }
        let of_length = self.heads.entry(after.head.bytes).or_default();
        of_length.insert(after.head.hash.clone(), source_id);
    }

    pub fn recognise<'a>(&'a self, head: &Head, ledger: &'a Ledger) -> Recognised<'a> {
        let known = self.longest_beginning(head);
        let whole = head.mark_of_whole_lines();
        // The longer match is the more telling: many logs begin with the same header.
        if let Some((mark, length)) = whole
            && known.is_none_or(|(known_bytes, _)| known_bytes < length as u64)
        {
            let marks = self.marks.get_or_init(|| MarkIndex::new(ledger));
            let found = marks.find(mark).and_then(|id| ledger.get_entry(id));
            if let Some((source_id, state)) = found {
                return Recognised::Shorter(source_id, state);
            }
        }
        let found = known.and_then(|(_, source_id)| ledger.get_entry(source_id));
        found.map_or(Recognised::Unknown, |(source_id, state)| {
            Recognised::Known(source_id, state)
        })
    }

    /// The source with the longest head that `head` begins with. Each length is hashed once,
    /// however many sources there are.
    fn longest_beginning(&self, head: &Head) -> Option<(u64, &str)> {
        let mut hasher = blake3::Hasher::new();
        let mut hashed = 0;
        let mut longest = None;
        for (length, hashes) in self.heads.range(..=head.bytes.len() as u64) {
            let end = usize::try_from(*length).unwrap_or(usize::MAX);
            hasher.update(&head.bytes[hashed..end]);
            hashed = end;
            if let Some(source_id) = hashes.get(hasher.finalize().to_hex().as_str()) {
                longest = Some((*length, &**source_id));
            }
        }
        longest
    }
}

/// Finds sources by their marks, of which each has about forty: 16 bytes for each, not a map.
#[derive(Debug, Clone)]
struct MarkIndex {
    source_ids: Vec<Arc<str>>,
    /// Mark and index of the source, in the order of the marks.
    sorted: Vec<(u64, u32)>,
    /// Marks of sources that came since.
    added: HashMap<u64, Arc<str>>,
}

impl MarkIndex {
    fn new(ledger: &Ledger) -> Self {
        let logs = || {
            ledger
                .iter()
                .filter(|(_, state)| state.kind == SourceKind::Log)
        };
        let count: usize = logs().map(|(_, state)| state.head.marks().count()).sum();
        let mut sorted = Vec::with_capacity(count);
        for (index, (_, state)) in (0..).zip(logs()) {
            sorted.extend(state.head.marks().map(|mark| (mark, index)));
        }
        sorted.sort_unstable();
        Self {
            source_ids: logs().map(|(source_id, _)| source_id.into()).collect(),
            sorted,
            added: HashMap::new(),
        }
    }

    fn add(&mut self, source_id: &Arc<str>, state: &SourceState) {
        for mark in state.head.marks() {
            let entry = self.added.entry(mark);
            entry.or_insert_with(|| Arc::clone(source_id));
        }
    }

    fn find(&self, mark: u64) -> Option<&str> {
        let at = self.sorted.partition_point(|(other, _)| *other < mark);
        let found = self.sorted.get(at).filter(|(other, _)| *other == mark);
        match found {
            Some((_, index)) => self.source_ids.get(*index as usize).map(|id| &**id),
            None => self.added.get(&mark).map(|id| &**id),
        }
    }
}

#[cfg(test)]
mod tests;
