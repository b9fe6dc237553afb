//! Whether what was expected of an entry came.
//!
//! In: a [`DrillScore`]. Out: each expectation as met, missed or not enough data, with the reason.
//! What was not watched for long enough is never missed, and never met.

use serde::{Deserialize, Serialize};

use super::entry::{DrilledEntry, EntryOutcome, Expectation};
use super::score::{DrillScore, RecoveryState, SightState};
use crate::sli::SliState;

/// One expectation, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedExpectation {
    /// What was expected, in words: `seen by checkout_success within 30 s`.
    pub what: String,
    /// Whether it came.
    pub state: SliState,
    /// What came instead, or as wanted, in words.
    pub found: String,
}

/// Judges what `score` was expected to be; `end_us` is the end of what was judged and `length_us` that
/// of the run, both since its start, and `show` writes µs for people.
#[must_use]
pub fn judge(
    score: &DrillScore,
    end_us: i64,
    length_us: i64,
    show: &dyn Fn(i64) -> String,
) -> Vec<JudgedExpectation> {
    let Some(expect) = &score.entry.expect else {
        return Vec::new();
    };
    let judge = Judge {
        score,
        expect,
        end_us,
        length_us,
        show,
    };
    let mut judged = Vec::new();
    if expect.seen_by.is_some() || expect.within_us.is_some() {
        let (state, found) = judge.seen();
        judged.push(judge.judged(judge.seen_words(), state, found));
    }
    if let Some(limit_us) = expect.recovers_within_us {
        let (state, found) = judge.recovered(limit_us);
        let what = format!("recovered from within {}", show(limit_us));
        judged.push(judge.judged(what, state, found));
    }
    if let Some(limit_us) = expect.confirmed_within_us {
        let (state, found) = judge.confirmed(limit_us);
        let what = format!("confirmed within {}", show(limit_us));
        judged.push(judge.judged(what, state, found));
    }
    judged
}

struct Judge<'a> {
    score: &'a DrillScore,
    expect: &'a Expectation,
    end_us: i64,
    length_us: i64,
    show: &'a dyn Fn(i64) -> String,
}

type Finding = (SliState, String);

impl Judge<'_> {
    fn judged(&self, what: String, state: SliState, found: String) -> JudgedExpectation {
        match self.not_done() {
            Some(why) => JudgedExpectation {
                what,
                state: SliState::NotEnoughData,
                found: why,
            },
            None => JudgedExpectation { what, state, found },
        }
    }

    fn entry(&self) -> &DrilledEntry {
        &self.score.entry
    }

    /// Why nothing can be said at all.
    fn not_done(&self) -> Option<String> {
        match self.entry().outcome {
            EntryOutcome::NotReached => Some("the run was over before".to_owned()),
            EntryOutcome::Failed => Some("it could not be done".to_owned()),
            EntryOutcome::Done | EntryOutcome::Confirmed | EntryOutcome::NotConfirmed => None,
        }
    }

    fn seen_words(&self) -> String {
        let by = self.expect.seen_by.as_deref().unwrap_or("any SLI");
        match self.expect.within_us {
            Some(within_us) => format!("seen by {by} within {}", (self.show)(within_us)),
            None => format!("seen by {by}"),
        }
    }

    fn seen(&self) -> Finding {
        let wanted = self.expect.seen_by.as_deref();
        let sights = self.score.slis.iter();
        let sights: Vec<_> = sights
            .filter(|sight| wanted.is_none_or(|wanted| wanted == sight.sli))
            .collect();
        let began_us = self.entry().began_us.unwrap_or(0);
        let watched_us = self.end_us - began_us;
        let soonest = sights
            .iter()
            .filter_map(|sight| Some((sight.first_after_us()?, sight)));
        if let Some((after_us, sight)) = soonest.min_by_key(|(after_us, _)| *after_us) {
            let is_soon = self
                .expect
                .within_us
                .is_none_or(|within_us| after_us <= within_us);
            let state = match is_soon {
                true => SliState::Met,
                false => SliState::Missed,
            };
            let by = match wanted {
                Some(_) => String::new(),
                None => format!(", by {}", sight.sli),
            };
            return (state, format!("after {}{by}", (self.show)(after_us)));
        }
        let is_any = |state| sights.iter().any(|sight| sight.state == state);
        if is_any(SightState::AlreadyCrossed) {
            let found = "a level had been crossed before it began";
            return (SliState::NotEnoughData, found.to_owned());
        }
        if !is_any(SightState::NotSeen) {
            let found = "too few requests to be judged";
            return (SliState::NotEnoughData, found.to_owned());
        }
        match self.expect.within_us {
            Some(within_us) if watched_us < within_us => (
                SliState::NotEnoughData,
                format!("not in {}, when the run ended", (self.show)(watched_us)),
            ),
            Some(_) | None => (SliState::Missed, "it did not see it".to_owned()),
        }
    }

    fn recovered(&self, limit_us: i64) -> Finding {
        let recovery = self.score.recovery;
        match (recovery.state, recovery.after_us) {
            (RecoveryState::NothingCrossed, _) => {
                (SliState::Met, "no level was crossed".to_owned())
            }
            (RecoveryState::Recovered, Some(0)) => (SliState::Met, "at once".to_owned()),
            (RecoveryState::Recovered, Some(after_us)) => {
                let state = match after_us <= limit_us {
                    true => SliState::Met,
                    false => SliState::Missed,
                };
                (state, format!("after {}", (self.show)(after_us)))
            }
            (RecoveryState::NotRecovered, _) => {
                let found = format!("not in {}", (self.show)(recovery.watched_us));
                match recovery.watched_us >= limit_us {
                    true => (SliState::Missed, found),
                    false => (
                        SliState::NotEnoughData,
                        format!("{found}, and it was watched no longer"),
                    ),
                }
            }
            (RecoveryState::NotKnown | RecoveryState::Recovered, _) => (
                SliState::NotEnoughData,
                "it could not be watched".to_owned(),
            ),
        }
    }

    fn confirmed(&self, limit_us: i64) -> Finding {
        if let Some(after_us) = self.entry().confirmed_after_us {
            let state = match after_us <= limit_us {
                true => SliState::Met,
                false => SliState::Missed,
            };
            return (state, format!("after {}", (self.show)(after_us)));
        }
        let waited_us = self.length_us - self.entry().began_us.unwrap_or(0);
        match waited_us >= limit_us {
            true => (SliState::Missed, "nobody confirmed it".to_owned()),
            false => (
                SliState::NotEnoughData,
                format!("not in {}, when the run ended", (self.show)(waited_us)),
            ),
        }
    }
}
