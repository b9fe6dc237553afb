//! The seal of a commit: the last line of its log entry, by which a damaged entry is known.
//!
//! A log entry that was cut at the end of a line is still a valid one: it would silently lack a
//! part, or the ledger's news of it, and the next ingest would lose or double lines. So every
//! commit of ours ends with its own number and the totals of the ledger.

use serde::{Deserialize, Serialize};

use super::commit::Advance;
use super::ledger::{Ledger, SourceState};

/// Name of the domain-metadata entry.
pub const DOMAIN: &str = "firedrill.seal";

/// What must hold after a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Number of the commit.
    pub version: u64,
    /// Sources in the ledger.
    pub sources: u64,
    /// Lines of all sources.
    pub lines: u64,
    /// Records of all sources, which are the rows of all files.
    pub records: u64,
}

impl Seal {
    /// The seal of commit `version`, which leaves `ledger` behind.
    pub fn new<'a>(version: u64, states: impl Iterator<Item = (&'a str, &'a SourceState)>) -> Self {
        let mut seal = Self {
            version,
            sources: 0,
            lines: 0,
            records: 0,
        };
        for (_, state) in states {
            seal.sources += 1;
            seal.lines += state.lines;
            seal.records += state.records;
        }
        seal
    }

    /// The seal of commit `version`, which moves the sources of `ledger` by `advances`, each at most once.
    pub fn following(version: u64, ledger: &Ledger, advances: &[Advance]) -> Self {
        let mut seal = Self::new(version, ledger.iter());
        for Advance {
            source_id, state, ..
        } in advances
        {
            let before = ledger.get(source_id);
            seal.sources += u64::from(before.is_none());
            let of_before = |count: fn(&SourceState) -> u64| before.map_or(0, count);
            seal.lines = seal.lines + state.lines - of_before(|before| before.lines);
            seal.records = seal.records + state.records - of_before(|before| before.records);
        }
        seal
    }
}

/// Who wrote the newest log entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryWriter {
    /// This program: the entry must be sealed.
    Firedrill,
    /// Another program that keeps the rows and changes the files.
    Other,
}

/// What is wrong with commit `version`, which was written by `writer`, has the `seal` and shows
/// `ledger`; `None` when nothing is.
pub fn problem(
    version: u64,
    writer: EntryWriter,
    seal: Option<Seal>,
    ledger: &Ledger,
) -> Option<String> {
    let Some(seal) = seal else {
        // The entry that makes the table has no seal, and nothing in it to lose.
        let is_empty = version == 0 || writer == EntryWriter::Other;
        return (!is_empty || !ledger.is_empty()).then(|| "it has no seal".to_owned());
    };
    if seal.version > version || writer == EntryWriter::Firedrill && seal.version != version {
        return Some(format!("its seal is that of entry {}", seal.version));
    }
    let expected = Seal::new(seal.version, ledger.iter());
    (expected != seal).then(|| {
        format!(
            "it was sealed with {} sources of {} lines, and shows {} of {}",
            seal.sources, seal.lines, expected.sources, expected.lines
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::ledger::tests::state;
    use super::*;

    #[test]
    fn the_next_seal_is_that_of_the_ledger_after_it() {
        let advance = |source_id: &str, from, lines| Advance {
            source_id: source_id.to_owned(),
            from,
            state: state(lines),
            head: None,
        };
        let mut ledger = Ledger::default();
        ledger.put("a".to_owned(), state(10));
        ledger.put("b".to_owned(), state(3));
        let advances = [advance("b", 300, 8), advance("c", 0, 4)];
        let following = Seal::following(5, &ledger, &advances);
        for Advance {
            source_id, state, ..
        } in advances
        {
            ledger.put(source_id, state);
        }
        assert_eq!(following, Seal::new(5, ledger.iter()));
    }

    #[test]
    fn a_seal_of_another_commit_or_ledger_is_a_problem() {
        let mut ledger = Ledger::default();
        ledger.put("a".to_owned(), state(10));
        let seal = Seal::new(7, ledger.iter());
        let wrong = |version, writer, seal, ledger: &Ledger| {
            problem(version, writer, seal, ledger).is_some()
        };
        use EntryWriter::{Firedrill, Other};
        assert!(!wrong(7, Firedrill, Some(seal), &ledger));
        assert!(!wrong(9, Other, Some(seal), &ledger));
        assert!(!wrong(0, Firedrill, None, &Ledger::default()));
        assert!(wrong(8, Firedrill, Some(seal), &ledger), "a lost seal");
        assert!(wrong(6, Other, Some(seal), &ledger), "a lost entry");
        assert!(wrong(1, Firedrill, None, &ledger), "the first seal lost");
        assert!(wrong(1, Firedrill, None, &Ledger::default()));
        let mut moved = ledger.clone();
        moved.put("a".to_owned(), state(11));
        assert!(wrong(7, Firedrill, Some(seal), &moved), "a lost state");
        moved.put("a".to_owned(), state(10));
        moved.put("b".to_owned(), state(0));
        assert!(wrong(7, Firedrill, Some(seal), &moved), "a lost source");
    }
}
