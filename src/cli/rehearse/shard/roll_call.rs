//! Who of all shards was there, and did what was claimed: each is named, and so is what was wrong with it.
//!
//! In: the claims of the ledger, and what the lake keeps of each shard. Out: one [`ShardSummary`] each. A
//! run of which one is missing asked less of the target than it says, so any problem makes it invalid.

use serde::{Deserialize, Serialize};

use super::claim::{Claim, Taken};
use super::clock::ClockFacts;
use super::kept::{Kept, RefusalKind, ShardFacts};
use crate::report::text;
use crate::scenario::Shard;
use crate::time_window::rfc3339;

/// How a shard ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShardEnd {
    /// It kept its schedule.
    Valid,
    /// It is over, and does not count.
    Invalid,
    /// It was stopped before its end.
    Stopped,
    /// It was taken, and nobody heard of its end.
    Unfinished,
    /// Nobody took it.
    Missing,
}

/// What became of one shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShardSummary {
    /// Its number, from 1.
    pub number: u32,
    /// How it ended.
    pub end: ShardEnd,
    /// Shoppers whose arrival was due.
    pub offered_arrivals: u64,
    /// Its requests in the lake.
    pub requests: u64,
    /// From due to sent, 99th percentile, µs.
    pub schedule_lag_p99_us: Option<u64>,
    /// Its clock.
    pub clock: Option<ClockFacts>,
    /// Why the run does not count, as far as it is for this shard; sentence fragments.
    pub problems: Vec<String>,
}

impl ShardSummary {
    /// Of one shard. `common` is what all must have claimed.
    pub fn new(shard: Shard, common: &Claim, taken: Option<&Taken>, kept: &Kept) -> Self {
        let mut problems = Vec::new();
        let end = match (taken, &kept.facts) {
            (None, _) => {
                problems.push(missing(kept));
                ShardEnd::Missing
            }
            (Some(taken), None) => {
                problems.push(unfinished(taken, kept));
                ShardEnd::Unfinished
            }
            (Some(taken), Some(facts)) => {
                problems.extend(wrong(facts, common, taken));
                match (facts.run.is_stopped, problems.is_empty()) {
                    (true, _) => ShardEnd::Stopped,
                    (false, true) => ShardEnd::Valid,
                    (false, false) => ShardEnd::Invalid,
                }
            }
        };
        if let Some(again) = &kept.again {
            let at = rfc3339(again.at_us);
            problems.push(format!(
                "was started twice: a second time at {at}, and refused"
            ));
        }
        let facts = kept.facts.as_ref();
        Self {
            number: shard.number(),
            end,
            offered_arrivals: facts.map_or(0, |facts| facts.run.offered_arrivals),
            requests: taken.map_or(0, |taken| taken.records),
            schedule_lag_p99_us: facts.map(|facts| facts.run.schedule_lag_us.p99),
            clock: facts.map(|facts| facts.clock.clone()),
            problems,
        }
    }

    /// The problems in sentences that name the shard.
    pub fn reasons(&self, count: u32) -> impl Iterator<Item = String> + '_ {
        let problems = self.problems.iter();
        problems.map(move |problem| format!("shard {} of {count} {problem}", self.number))
    }
}

fn missing(kept: &Kept) -> String {
    match &kept.refused {
        None => "is missing: it was never started".to_owned(),
        Some(refused) => {
            let how = match refused.kind {
                RefusalKind::Late => "late: ",
                RefusalKind::Differs | RefusalKind::Clock | RefusalKind::Again => "",
            };
            let at = rfc3339(refused.at_us);
            format!(
                "is missing: it was started at {at} and did not begin: {how}{}",
                refused.why
            )
        }
    }
}

fn unfinished(taken: &Taken, kept: &Kept) -> String {
    match &kept.refused {
        Some(refused) if refused.kind == RefusalKind::Late => {
            format!("was late: {}", refused.why)
        }
        Some(_) | None => format!(
            "is not over: it was started at {}, {} of its requests are in the lake, and nothing was heard of its end",
            rfc3339(taken.claim.claimed_us),
            text::count(taken.records)
        ),
    }
}

/// What is wrong with a shard that is over.
fn wrong(facts: &ShardFacts, common: &Claim, taken: &Taken) -> Vec<String> {
    let mut wrong: Vec<String> = Vec::new();
    let differing = facts.claim.differing(common);
    if !differing.is_empty() {
        wrong.push(format!(
            "differs from the others in: {}",
            differing.join(", ")
        ));
    }
    if facts.claim.start_us != common.start_us {
        wrong.push(format!(
            "began at {}, the others at {}",
            rfc3339(facts.claim.start_us),
            rfc3339(common.start_us)
        ));
    }
    let run = &facts.run;
    if facts.committed != taken.records || facts.committed + run.records_lost != run.requests {
        wrong.push(format!(
            "made {} requests, of which {} are in the lake and {} were lost",
            text::count(run.requests),
            text::count(taken.records),
            text::count(run.records_lost)
        ));
    }
    let invalid = run.invalid_because.iter();
    wrong.extend(invalid.map(|reason| format!("is invalid: {reason}")));
    wrong
}

#[cfg(test)]
mod tests {
    use super::super::kept::Refusal;
    use super::*;

    fn claim(seed: &str) -> Claim {
        Claim {
            start_us: 60_000_000,
            claimed_us: 30_000_000,
            parts: [("seed".to_owned(), seed.to_owned())].into(),
        }
    }

    fn refused(kind: RefusalKind, why: &str) -> Option<Refusal> {
        Some(Refusal {
            kind,
            at_us: 61_000_000,
            why: why.to_owned(),
        })
    }

    #[test]
    fn who_is_not_there_is_named_with_what_is_known_of_it() {
        let shard: Shard = "3/4".parse().unwrap();
        let taken = Taken {
            shard,
            claim: claim("1"),
            records: 120,
        };
        let late = || refused(RefusalKind::Late, "the run began at X, 1.0 s ago");
        for (taken, again, refused, end, expected) in [
            (
                None,
                None,
                None,
                ShardEnd::Missing,
                &["shard 3 of 4 is missing: it was never started"][..],
            ),
            (
                None,
                None,
                late(),
                ShardEnd::Missing,
                &[
                    "shard 3 of 4 is missing: it was started at 1970-01-01T00:01:01Z and did not begin: late: the run began at X, 1.0 s ago",
                ][..],
            ),
            (
                None,
                None,
                refused(
                    RefusalKind::Differs,
                    "it differs from shard 1 of 4 in: seed",
                ),
                ShardEnd::Missing,
                &[
                    "shard 3 of 4 is missing: it was started at 1970-01-01T00:01:01Z and did not begin: it differs from shard 1 of 4 in: seed",
                ][..],
            ),
            (
                Some(&taken),
                None,
                late(),
                ShardEnd::Unfinished,
                &["shard 3 of 4 was late: the run began at X, 1.0 s ago"][..],
            ),
            (
                Some(&taken),
                refused(RefusalKind::Again, "somebody else took it"),
                None,
                ShardEnd::Unfinished,
                &[
                    "shard 3 of 4 is not over: it was started at 1970-01-01T00:00:30Z, 120 of its requests are in the lake, and nothing was heard of its end",
                    "shard 3 of 4 was started twice: a second time at 1970-01-01T00:01:01Z, and refused",
                ][..],
            ),
        ] {
            let kept = Kept {
                facts: None,
                again,
                refused,
            };
            let summary = ShardSummary::new(shard, &claim("1"), taken, &kept);
            assert_eq!(summary.end, end);
            assert_eq!(summary.reasons(4).collect::<Vec<_>>(), expected);
        }
    }
}
