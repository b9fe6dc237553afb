//! Taking a shard: once, in the log of the lake, where every other shard sees it.
//!
//! In: which shard, when it wants to begin, and what it will do. Out: a [`Claim`]. A claim is the source of
//! the shard in the ledger, at position 0, and is committed only directly after the commit that was looked
//! at. So claims have an order, whatever storage the lake is on: the first one fixes when the run begins,
//! and of how many shards of which scenario it is; whoever says otherwise afterwards is refused, and so is
//! whoever takes a shard that is taken.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::kept::{Refusal, RefusalKind};
use super::start::StartAt;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::recorder;
use crate::lake::{Commit, CommitOutcome, Lake, LakeError, Ledger, SourceState};
use crate::scenario::Shard;
use crate::time_window::{now_us, rfc3339, seconds};

/// Attempts at most, each after another shard was faster.
const ATTEMPTS_MAX: u32 = 4_000;
/// Between two attempts; each shard waits a little longer or shorter than its neighbour.
const ATTEMPT_PAUSE_MS: u64 = 5;
const ATTEMPT_PAUSES: u64 = 16;

/// What a shard will do, as it stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// When the run begins, UTC µs since 1970.
    pub start_us: i64,
    /// When it was claimed, by the clock of the shard.
    pub claimed_us: i64,
    /// Beginnings of the hashes of everything that all shards must have alike.
    pub parts: BTreeMap<String, String>,
}

impl Claim {
    /// The claim in the ledger's state of a shard.
    fn of(state: &SourceState) -> Option<Self> {
        serde_json::from_str(&state.header).ok()
    }

    /// The text that the ledger keeps.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Names of the parts in which two shards differ.
    pub fn differing<'a>(&'a self, other: &'a Self) -> Vec<&'a str> {
        let names = self.parts.keys().chain(other.parts.keys());
        let mut differing: Vec<&str> = names
            .filter(|name| self.parts.get(*name) != other.parts.get(*name))
            .map(String::as_str)
            .collect();
        differing.sort_unstable();
        differing.dedup();
        differing
    }
}

/// A shard that somebody took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub shard: Shard,
    pub claim: Claim,
    /// Its requests in the lake.
    pub records: u64,
}

/// Every shard of a run that was taken, in their order.
pub fn taken(ledger: &Ledger, run_id: &str) -> Vec<Taken> {
    let prefix = format!("{}.shard-", recorder::source_id(run_id, None));
    let mut taken: Vec<Taken> = ledger
        .iter()
        .filter_map(|(id, state)| {
            let (number, count) = id.strip_prefix(&prefix)?.split_once("-of-")?;
            let shard: Shard = format!("{number}/{count}").parse().ok()?;
            Some(Taken {
                shard,
                claim: Claim::of(state)?,
                records: state.records,
            })
        })
        .collect();
    taken.sort_by_key(|taken| taken.shard);
    taken
}

/// What a shard wants to take.
pub struct Wanted<'a> {
    pub run_id: &'a str,
    pub scenario: &'a str,
    pub shard: Shard,
    pub start: StartAt,
    pub parts: BTreeMap<String, String>,
}

/// Takes the shard. What is refused is kept where [`Refusal::keep`] says, for whoever judges.
pub fn claim(lake: &Lake, wanted: &Wanted<'_>) -> Result<Claim, Failure> {
    for attempt in 0..ATTEMPTS_MAX {
        let reader = lake.reader()?;
        let claim = wanted.claim(lake, reader.ledger())?;
        let mut commit = Commit::new();
        let source_id = recorder::source_id(wanted.run_id, Some(wanted.shard));
        let state = recorder::state(wanted.scenario, &claim.text(), 0);
        commit.advance(source_id, 0, state);
        commit.must_follow(reader.version());
        match lake.commit(commit) {
            Ok(CommitOutcome::Committed) => return Ok(claim),
            Ok(CommitOutcome::SourceMoved { .. }) | Err(LakeError::Contended(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let turn = u64::from(attempt) * 7 + u64::from(wanted.shard.index());
        thread::sleep(Duration::from_millis(
            ATTEMPT_PAUSE_MS * (1 + turn % ATTEMPT_PAUSES),
        ));
    }
    Err(LakeError::Contended(ATTEMPTS_MAX).into())
}

impl Wanted<'_> {
    /// The claim to be made, by what others claimed already.
    fn claim(&self, lake: &Lake, ledger: &Ledger) -> Result<Claim, Failure> {
        let run_id = self.run_id;
        if ledger.get(&recorder::source_id(run_id, None)).is_some() {
            return Err(Failure::usage(format!(
                "run `{run_id}` is already in the lake, in one piece (hint: choose another --run-id)"
            )));
        }
        let others = taken(ledger, run_id);
        if let Some(own) = others.iter().find(|other| other.shard == self.shard) {
            return Err(self.refuse_again(lake, own));
        }
        let now_us = now_us();
        let start_us = match others.first() {
            Some(first) => {
                self.check_alike(lake, first)?;
                first.claim.start_us
            }
            None => self.start.moment_us(now_us),
        };
        if now_us >= start_us {
            let why = late(start_us, now_us);
            return Err(self.refuse(lake, RefusalKind::Late, why));
        }
        Ok(Claim {
            start_us,
            claimed_us: now_us,
            parts: self.parts.clone(),
        })
    }

    fn refuse_again(&self, lake: &Lake, own: &Taken) -> Failure {
        let (run_id, shard) = (self.run_id, self.shard);
        let since = rfc3339(own.claim.claimed_us);
        let why = format!("somebody else took it at {since}, and nothing was sent twice");
        if super::kept::has_ended(lake, run_id, shard) {
            return Failure::usage(format!(
                "{shard} of run `{run_id}` has run already; nothing was sent (hint: choose another --run-id)"
            ));
        }
        self.refuse(lake, RefusalKind::Again, why)
    }

    /// Whoever comes later must do the same as whoever came first.
    fn check_alike(&self, lake: &Lake, first: &Taken) -> Result<(), Failure> {
        let refuse = |why: String| Err(self.refuse(lake, RefusalKind::Differs, why));
        if first.shard.count() != self.shard.count() {
            return refuse(format!(
                "the run is split into {} shards, not {}",
                first.shard.count(),
                self.shard.count()
            ));
        }
        if let StartAt::At(start_us) = self.start
            && start_us != first.claim.start_us
        {
            return refuse(format!(
                "the run starts at {}, not at {}",
                rfc3339(first.claim.start_us),
                rfc3339(start_us)
            ));
        }
        let own = Claim {
            start_us: 0,
            claimed_us: 0,
            parts: self.parts.clone(),
        };
        let differing = own.differing(&first.claim);
        if differing.is_empty() {
            return Ok(());
        }
        refuse(format!(
            "it differs from {} in: {}",
            first.shard,
            differing.join(", ")
        ))
    }

    /// Keeps why, and says it.
    fn refuse(&self, lake: &Lake, kind: RefusalKind, why: String) -> Failure {
        let (run_id, shard) = (self.run_id, self.shard);
        let code = match kind {
            RefusalKind::Again | RefusalKind::Differs => ExitCode::Usage,
            RefusalKind::Late | RefusalKind::Clock => ExitCode::InvalidRun,
        };
        let hint = match kind {
            RefusalKind::Again => {
                "start each shard once; for another attempt choose another --run-id"
            }
            RefusalKind::Differs => "start every shard with the same files and options",
            RefusalKind::Late | RefusalKind::Clock => {
                "start shards earlier, or give them more time by --start-at; this run lacks a shard now"
            }
        };
        let message = format!("{shard} of run `{run_id}` does not begin: {why} (hint: {hint})");
        Refusal::new(kind, why).keep(lake, run_id, shard);
        Failure::new(code, message)
    }
}

/// How late somebody is, in words.
pub fn late(start_us: i64, now_us: i64) -> String {
    format!(
        "the run began at {}, {:.1} s ago",
        rfc3339(start_us),
        seconds(now_us - start_us)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(parts: &[(&str, &str)]) -> Claim {
        let parts = parts.iter();
        Claim {
            start_us: 7,
            claimed_us: 5,
            parts: parts
                .map(|(name, hash)| ((*name).to_owned(), (*hash).to_owned()))
                .collect(),
        }
    }

    #[test]
    fn parts_that_differ_are_named_and_so_are_those_that_one_of_both_lacks() {
        let one = claim(&[("seed", "1"), ("steps", "a"), ("new", "x")]);
        let other = claim(&[("seed", "2"), ("steps", "a"), ("old", "y")]);
        assert_eq!(one.differing(&other), ["new", "old", "seed"]);
        assert!(one.differing(&one).is_empty());
    }

    #[test]
    fn claims_are_found_in_the_ledger_by_their_run() {
        let mut ledger = Ledger::default();
        let claim = claim(&[("seed", "1")]);
        let mut put = |run_id: &str, shard: Option<&str>, header: &str| {
            let shard = shard.map(|shard| shard.parse().unwrap());
            let state = recorder::state("surge", header, 3);
            ledger.put(recorder::source_id(run_id, shard), state);
        };
        put("a", Some("10/12"), &claim.text());
        put("a", Some("2/12"), &claim.text());
        put("a-b", Some("1/2"), &claim.text());
        put("a", None, "");
        put("a", Some("3/12"), "no claim");
        let found = taken(&ledger, "a");
        let numbers: Vec<u32> = found.iter().map(|taken| taken.shard.number()).collect();
        assert_eq!(numbers, [2, 10]);
        assert_eq!((found[0].claim.clone(), found[0].records), (claim, 3));
    }
}
