//! The newest state of the table that this process read, so that the next one costs only the log
//! entries since: a full one reads the ledger of every source that there ever was.
//!
//! In: a version and the texts of the entries after the kept one. Out: the state of that version, or
//! nothing when the entries do not tell; then the snapshot is read in full. The seal of the newest
//! entry holds for both ways ([`super::seal`]).

use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;

use super::table::TableState;

/// A kept state that is further behind is given up: a checkpoint is not far.
pub const ENTRIES_MAX: u64 = 100;

/// A state and the number of its commit.
#[derive(Debug, Default)]
pub struct KeptState(Mutex<Option<(u64, Arc<TableState>)>>);

impl KeptState {
    /// The state of `version`; `entry` gives the text of an entry of the log, or nothing when it cannot
    /// be had.
    pub fn at(
        &self,
        version: u64,
        entry: impl Fn(u64) -> Option<String>,
    ) -> Option<Arc<TableState>> {
        // A thread that panicked in here left a state that is whole, or none.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, state) = kept.as_ref()?;
        if *known == version {
            return Some(Arc::clone(state));
        }
        let behind = version.checked_sub(*known)?;
        if behind > ENTRIES_MAX {
            return None;
        }
        let texts = (*known + 1..=version).map(entry);
        let texts: Vec<String> = texts.collect::<Option<_>>()?;
        let (_, mut state) = kept.take()?;
        for text in texts {
            follow(Arc::make_mut(&mut state), &text)?;
        }
        *kept = Some((version, Arc::clone(&state)));
        Some(state)
    }

    /// Keeps a state that was read in full.
    pub fn keep(&self, version: u64, state: &Arc<TableState>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((version, Arc::clone(state)));
    }
}

/// The part of an entry's line that a state consists of.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    domain_metadata: Option<DomainMetadata>,
}

#[derive(Deserialize)]
struct DomainMetadata {
    domain: String,
    configuration: String,
    removed: bool,
}

/// Makes `state` that after an entry; nothing when the entry is not whole, or takes something away.
fn follow(state: &mut TableState, entry: &str) -> Option<()> {
    for line in entry.lines() {
        let line: Line = serde_json::from_str(line).ok()?;
        if let Some(entry) = line.domain_metadata {
            if entry.removed {
                return None;
            }
            state.put(&entry.domain, &entry.configuration).ok()?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::ledger::tests::state;
    use super::*;

    fn entry(source_id: &str, lines: u64) -> String {
        let configuration = serde_json::to_string(&state(lines)).unwrap();
        let domain = serde_json::json!({"domainMetadata": {
            "domain": format!("firedrill.source.{source_id}"), "configuration": configuration, "removed": false
        }});
        format!("{{\"commitInfo\":{{}}}}\n{domain}\n")
    }

    fn kept_at_7() -> KeptState {
        let kept = KeptState::default();
        let mut first = TableState::default();
        first.ledger.put("a".to_owned(), state(10));
        kept.keep(7, &Arc::new(first));
        kept
    }

    #[test]
    fn entries_since_are_added() {
        let kept = kept_at_7();
        let at_9 = kept.at(9, |version| match version {
            8 => Some(entry("b", 5)),
            9 => Some(entry("a", 12)),
            _ => None,
        });
        let at_9 = at_9.unwrap();
        assert_eq!(at_9.ledger.get("a"), Some(&state(12)));
        assert_eq!(at_9.ledger.get("b"), Some(&state(5)));
        assert!(kept.at(9, |_| None).is_some(), "no entry is read again");
    }

    #[test]
    fn a_state_that_somebody_holds_does_not_change() {
        let kept = kept_at_7();
        let at_7 = kept.at(7, |_| None).unwrap();
        kept.at(8, |_| Some(entry("a", 12))).unwrap();
        assert_eq!(at_7.ledger.get("a"), Some(&state(10)));
    }

    #[test]
    fn what_the_entries_do_not_tell_is_read_in_full() {
        assert!(
            KeptState::default().at(0, |_| None).is_none(),
            "nothing kept"
        );
        assert!(kept_at_7().at(6, |_| None).is_none(), "an older version");
        assert!(kept_at_7().at(8, |_| None).is_none(), "an entry is gone");
        let whole = entry("b", 5);
        let cut = whole[..whole.len() - 3].to_owned();
        assert!(kept_at_7().at(8, |_| Some(cut.clone())).is_none());
        let removed = whole.replace("\"removed\":false", "\"removed\":true");
        assert!(kept_at_7().at(8, |_| Some(removed.clone())).is_none());
        let far = 7 + ENTRIES_MAX;
        assert!(kept_at_7().at(far, |_| Some(String::new())).is_some());
        assert!(kept_at_7().at(far + 1, |_| Some(String::new())).is_none());
    }
}
