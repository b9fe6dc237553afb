//! The score of each entry: who saw it first, who did not, and how soon all was well again.

use serde::{Deserialize, Serialize};

use super::entry::{DrilledEntry, EntryEnd};
use super::expectation::JudgedExpectation;
use super::level_story::{LevelStory, Span, level_story};
use crate::sli::{Evidence, Level, SliPlan, SliSeries, SliSetPlan};
use crate::time_window::TimeWindow;

/// How long after a moment a crossing still comes from it, where no expectation says longer, µs.
pub const MOMENT_US: i64 = 60_000_000;

/// Entries that begin within this after a moment begin with it, µs: a deploy, and what it breaks.
const TOGETHER_US: i64 = 1_000_000;

/// What is scored, and by what.
#[derive(Debug, Clone, Copy)]
pub struct ScoreScope<'a> {
    /// Every entry, by the moment at which it began.
    pub entries: &'a [DrilledEntry],
    /// Start of the run, UTC µs.
    pub started_us: i64,
    /// What was judged.
    pub range: TimeWindow,
    /// The SLIs as they are meant.
    pub set: &'a SliSetPlan,
    /// The SLIs as they came out, in the order of the set.
    pub series: &'a [SliSeries],
}

/// An entry, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrillScore {
    /// The entry.
    #[serde(flatten)]
    pub entry: DrilledEntry,
    /// SLIs that were the first to see it: several where they did so at once.
    pub seen_first_by: Vec<String>,
    /// When the first `warn` level spoke.
    pub warn: Option<FirstSight>,
    /// When the first `contact` level spoke.
    pub contact: Option<FirstSight>,
    /// Every SLI that has levels, in the order of the set.
    pub slis: Vec<SliSight>,
    /// SLIs with levels that were judged and did not see it.
    pub not_seen_by: Vec<String>,
    /// How soon all was well again.
    pub recovery: Recovery,
    /// Whom and what it hit while it lasted; `None` where that was not counted.
    pub impact: Option<Impact>,
    /// What turning off a channel took from the load; `None` for any other entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relief: Option<Relief>,
    /// How often customers would have called about it, beyond a quiet shop; not known until levels are
    /// learned from support tickets.
    pub predicted_contacts: Option<PredictedContacts>,
    /// Names of other entries that lasted at the same time.
    pub overlaps: Vec<String>,
    /// What was expected, and whether it came.
    pub expectations: Vec<JudgedExpectation>,
}

/// The load around a channel that was turned off. What was sent by then goes on, so it sinks as slowly as
/// those leave who are there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Relief {
    /// Requests per second, by when they were due, while the channel was off.
    pub requests_per_s: f64,
    /// The same just before: for as long, at most a minute. `None` where the run began with it.
    pub requests_per_s_before: Option<f64>,
}

/// Contacts that were predicted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PredictedContacts {
    /// How many.
    pub value: f64,
    /// 90 % interval of `value`.
    pub interval: [f64; 2],
}

/// When a level spoke first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstSight {
    /// The SLI.
    pub sli: String,
    /// How long after the entry began, µs.
    pub after_us: i64,
}

/// What one SLI saw of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliSight {
    /// Its name.
    pub sli: String,
    /// Whether it saw it.
    pub state: SightState,
    /// How long after the entry began its `warn` level spoke, µs.
    pub warn_after_us: Option<i64>,
    /// The same of its `contact` level.
    pub contact_after_us: Option<i64>,
    /// How long after the end of the entry it was back, µs; 0 when it was so before. `None` when it did
    /// not see it, or was not back.
    pub recovered_after_us: Option<i64>,
}

/// Whether an SLI saw an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SightState {
    /// One of its levels was crossed.
    Seen,
    /// None was.
    NotSeen,
    /// One had been crossed before, so nothing can be said.
    AlreadyCrossed,
    /// Too few requests.
    NotEnoughData,
}

impl SliSight {
    /// How long after the entry began its first level spoke, µs.
    #[must_use]
    pub fn first_after_us(&self) -> Option<i64> {
        let both = [self.warn_after_us, self.contact_after_us];
        both.into_iter().flatten().min()
    }
}

/// How soon all was well again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// Whether it was.
    pub state: RecoveryState,
    /// How long after the end of the entry every crossed SLI was back and stayed, µs; 0 when it was so
    /// before.
    pub after_us: Option<i64>,
    /// How long after its end that was watched, µs: until the next entry began, or the last shopper
    /// came.
    pub watched_us: i64,
}

/// Whether all was well again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryState {
    /// Every crossed SLI was back.
    Recovered,
    /// At least one was not.
    NotRecovered,
    /// No SLI had seen it.
    NothingCrossed,
    /// It lasted to the end, or never began.
    NotKnown,
}

/// Whom and what an entry hit while it lasted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// Requests that were due meanwhile.
    pub requests: u64,
    /// Those of them that failed: 5xx, 429 and no answer.
    pub requests_failed: u64,
    /// Different shoppers with a failed or slow request; `None` where shoppers are not known.
    pub shoppers_affected: Option<u64>,
    /// Whether that was counted exactly; otherwise it is an estimate within 10 %.
    pub is_exact: bool,
}

/// The score of every entry, in the order of the entries; without its expectations.
#[must_use]
pub fn score(scope: &ScoreScope<'_>) -> Vec<DrillScore> {
    let entries = scope.entries.iter();
    entries.map(|entry| score_of(entry, scope)).collect()
}

fn score_of(entry: &DrilledEntry, scope: &ScoreScope<'_>) -> DrillScore {
    let mut score = DrillScore {
        entry: entry.clone(),
        seen_first_by: Vec::new(),
        warn: None,
        contact: None,
        slis: Vec::new(),
        not_seen_by: Vec::new(),
        recovery: Recovery {
            state: RecoveryState::NotKnown,
            after_us: None,
            watched_us: 0,
        },
        impact: None,
        relief: None,
        predicted_contacts: None,
        overlaps: Vec::new(),
        expectations: Vec::new(),
    };
    let Some(began_us) = entry.began_us.filter(|_| entry.is_scored()) else {
        return score;
    };
    let end_us = scope.range.end_us - scope.started_us;
    let ended_us = entry.ended_us(end_us);
    let horizon_us = horizon_us(entry, scope.entries, ended_us, end_us);
    let slis = scope.set.slis.iter().zip(scope.series);
    let slis = slis.filter(|(sli, _)| !sli.levels.is_empty());
    score.slis = slis
        .map(|(sli, series)| {
            let span = Span {
                began_us: scope.started_us + began_us,
                attributed_until_us: scope.started_us
                    + attributed_until_us(entry, ended_us, series.window_us).min(horizon_us),
                horizon_us: scope.started_us + horizon_us,
            };
            sight(sli, series, span, scope.started_us + ended_us)
        })
        .collect();
    score.overlaps = overlaps(entry, scope.entries, end_us);
    score.recovery = recovery(&score.slis, ended_us, horizon_us);
    let not_seen = score.slis.iter();
    let not_seen = not_seen.filter(|sight| sight.state == SightState::NotSeen);
    score.not_seen_by = not_seen.map(|sight| sight.sli.clone()).collect();
    score.warn = first(&score.slis, |sight| sight.warn_after_us);
    score.contact = first(&score.slis, |sight| sight.contact_after_us);
    let soonest_us = score.slis.iter().filter_map(SliSight::first_after_us).min();
    let seen_first = score.slis.iter();
    let seen_first =
        seen_first.filter(|sight| soonest_us.is_some() && sight.first_after_us() == soonest_us);
    score.seen_first_by = seen_first.map(|sight| sight.sli.clone()).collect();
    score
}

/// Crossings that begin before this, µs since the start, come from the entry: while it lasts, in the
/// window after it, whose requests may still have been under way, and for as long as it is expected to
/// be seen.
fn attributed_until_us(entry: &DrilledEntry, ended_us: i64, window_us: i64) -> i64 {
    let began_us = entry.began_us.unwrap_or(entry.planned_us);
    let usual_us = match entry.end {
        EntryEnd::Lasts => ended_us.saturating_add(window_us),
        EntryEnd::Moment => began_us.saturating_add(MOMENT_US),
    };
    let within_us = entry.expect.as_ref().and_then(|expect| expect.within_us);
    let expected_us = within_us.map_or(0, |within_us| began_us.saturating_add(within_us));
    usual_us.max(expected_us)
}

/// The next entry that begins after this one was over, or the end of what was judged.
fn horizon_us(entry: &DrilledEntry, entries: &[DrilledEntry], ended_us: i64, end_us: i64) -> i64 {
    let others = entries
        .iter()
        .filter(|other| other.id != entry.id && other.is_scored());
    let begins = others.filter_map(|other| other.began_us);
    let over_us = ended_us + together_us(entry);
    let next = begins.filter(|began_us| *began_us > over_us).min();
    next.unwrap_or(end_us).min(end_us)
}

fn together_us(entry: &DrilledEntry) -> i64 {
    match entry.end {
        EntryEnd::Lasts => 0,
        EntryEnd::Moment => TOGETHER_US,
    }
}

fn overlaps(entry: &DrilledEntry, entries: &[DrilledEntry], end_us: i64) -> Vec<String> {
    let stretch = |entry: &DrilledEntry| {
        let ended_us = entry.ended_us(end_us) + together_us(entry);
        (entry.began_us, ended_us)
    };
    let (Some(began_us), ended_us) = stretch(entry) else {
        return Vec::new();
    };
    let others = entries
        .iter()
        .filter(|other| other.id != entry.id && other.is_scored());
    let at_once = others.filter(|other| {
        let (other_began_us, other_ended_us) = stretch(other);
        other_began_us
            .is_some_and(|other_began_us| other_began_us <= ended_us && began_us <= other_ended_us)
    });
    at_once.map(|other| other.id.clone()).collect()
}

fn sight(sli: &SliPlan, series: &SliSeries, span: Span, ended_us: i64) -> SliSight {
    let evidence = Evidence::of(&sli.measure);
    let mut sight = SliSight {
        sli: sli.name.clone(),
        state: SightState::NotEnoughData,
        warn_after_us: None,
        contact_after_us: None,
        recovered_after_us: None,
    };
    let mut is_judged = false;
    let mut was_crossed = false;
    let mut backs_us: Vec<Option<i64>> = Vec::new();
    for level in &sli.levels {
        match level_story(level, evidence, &series.windows, series.window_us, span) {
            LevelStory::AlreadyCrossed => was_crossed = true,
            LevelStory::NotEnoughData => {}
            LevelStory::NotCrossed => is_judged = true,
            LevelStory::Crossed {
                known_us,
                recovered_us,
            } => {
                let after_us = Some(known_us - span.began_us);
                match level.level {
                    Level::Warn => sight.warn_after_us = after_us,
                    Level::Contact => sight.contact_after_us = after_us,
                }
                backs_us.push(recovered_us);
            }
        }
    }
    sight.state = match (backs_us.is_empty(), was_crossed, is_judged) {
        (false, _, _) => SightState::Seen,
        (true, true, _) => SightState::AlreadyCrossed,
        (true, false, true) => SightState::NotSeen,
        (true, false, false) => SightState::NotEnoughData,
    };
    let backs_us: Option<Vec<i64>> = backs_us.into_iter().collect();
    let back_us = backs_us.and_then(|backs_us| backs_us.into_iter().max());
    sight.recovered_after_us = back_us.map(|back_us| (back_us - ended_us).max(0));
    sight
}

fn recovery(slis: &[SliSight], ended_us: i64, horizon_us: i64) -> Recovery {
    let watched_us = (horizon_us - ended_us).max(0);
    let seen = slis.iter().filter(|sight| sight.state == SightState::Seen);
    let backs_us: Vec<Option<i64>> = seen.map(|sight| sight.recovered_after_us).collect();
    if backs_us.is_empty() {
        let is_judged = slis.iter().any(|sight| sight.state == SightState::NotSeen);
        return Recovery {
            state: match is_judged {
                true => RecoveryState::NothingCrossed,
                false => RecoveryState::NotKnown,
            },
            after_us: None,
            watched_us,
        };
    }
    let all_us: Option<Vec<i64>> = backs_us.into_iter().collect();
    let after_us = all_us.and_then(|all_us| all_us.into_iter().max());
    Recovery {
        state: match after_us {
            Some(_) => RecoveryState::Recovered,
            None if watched_us == 0 => RecoveryState::NotKnown,
            None => RecoveryState::NotRecovered,
        },
        after_us,
        watched_us,
    }
}

/// The level that spoke first, of those that `after_us` picks.
fn first(slis: &[SliSight], after_us: impl Fn(&SliSight) -> Option<i64>) -> Option<FirstSight> {
    let spoke = slis
        .iter()
        .filter_map(|sight| Some((after_us(sight)?, sight)));
    let (after_us, sight) = spoke.min_by_key(|(after_us, _)| *after_us)?;
    Some(FirstSight {
        sli: sight.sli.clone(),
        after_us,
    })
}
