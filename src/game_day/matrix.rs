//! The pre-mortem matrix: of each way to break, when it was last drilled, who saw it, and what is open.
//!
//! In: a [`PremortemPlan`], what is kept of past runs, and the moment. Out: one [`MatrixRow`] per way
//! to break. Runs whose load generator did not keep its schedule do not count, nor do entries that only have the
//! name of the declared one and do another kind of thing.

use serde::{Deserialize, Serialize};

use super::premortem::{PremortemDrill, PremortemPlan, Rehearsed, Risk, RiskKind};
use super::score::{DrillScore, Recovery, RecoveryState, SightState};
use crate::sli::SliState;

/// What is kept of a past run.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRun {
    /// Its name.
    pub run_id: String,
    /// The name of its scenario.
    pub scenario: String,
    /// What its scenario was.
    pub rehearsed: Rehearsed,
    /// When it began, UTC µs.
    pub started_us: i64,
    /// What it was judged to be.
    pub verdict: String,
    /// Whether it went on to its end; one that was stopped is no drill of a surge.
    pub is_complete: bool,
    /// When each level was crossed.
    pub crossings: Vec<SliCrossing>,
    /// End of what was judged, µs since the start.
    pub judged_us: i64,
    /// The scores of its entries.
    pub drills: Vec<DrillScore>,
}

/// The crossings of the levels of one SLI in a run, µs since its start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliCrossing {
    /// The SLI.
    pub sli: String,
    /// Whether it was judged at all.
    pub is_judged: bool,
    /// Stretches `[from, to)` in which one of its levels was crossed.
    pub crossed_us: Vec<[i64; 2]>,
}

/// All ways to break.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PremortemMatrix {
    /// The name of the file's subject.
    pub name: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// After how long a drill no longer counts, µs.
    pub stale_after_us: i64,
    /// One row per way to break, in the order of the file.
    pub rows: Vec<MatrixRow>,
    /// Usual kinds of breaking that the file has no row for.
    pub kinds_without_row: Vec<RiskKind>,
}

/// One way to break.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatrixRow {
    /// Its name.
    pub id: String,
    /// What kind of thing happens.
    pub kind: RiskKind,
    /// What happens.
    pub title: String,
    /// The SLIs that should see it.
    pub seen_by: Vec<String>,
    /// What is done then.
    pub react: Option<String>,
    /// Who sees to it.
    pub owner: Option<String>,
    /// The drill of it that was last done.
    pub drilled: Option<RowDrill>,
    /// What is open; empty when all is well.
    pub findings: Vec<MatrixFinding>,
}

/// The last drill of a way to break.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowDrill {
    /// The run.
    pub run_id: String,
    /// Its scenario.
    pub scenario: String,
    /// The entry of its timeline; `None` for the run as a whole.
    pub entry: Option<String>,
    /// When it was, UTC µs.
    pub at_us: i64,
    /// What became of the run.
    pub verdict: String,
    /// What each SLI that should see it saw.
    pub sights: Vec<MatrixSight>,
    /// SLIs that saw it first; may be others.
    pub seen_first_by: Vec<String>,
    /// How soon all was well again.
    pub recovery: Recovery,
    /// Entries of the timeline that were on at the same time, or at any time of a run as a whole: what was
    /// seen may come from them.
    pub overlaps: Vec<String>,
}

/// What one SLI saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixSight {
    /// The SLI.
    pub sli: String,
    /// Whether it saw it.
    pub state: SightState,
    /// How long after the entry, or the run, began, µs.
    pub after_us: Option<i64>,
}

/// What is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatrixFinding {
    /// No SLI is named that would see it.
    NotCovered,
    /// Nobody is named who sees to it.
    NoOwner,
    /// No drill of it is in the lake.
    NeverDrilled,
    /// The last drill was too long ago.
    Stale,
    /// An SLI that should have seen the last drill did not.
    NotSeen,
    /// All was not well again after the last drill.
    NotRecovered,
    /// An expectation of the last drill was missed.
    ExpectationMissed,
    /// The last drill was of the declared name, but did something else than the file says now.
    Differs,
}

impl MatrixFinding {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            MatrixFinding::NotCovered => "not covered by any SLI",
            MatrixFinding::NoOwner => "no owner",
            MatrixFinding::NeverDrilled => "never drilled",
            MatrixFinding::Stale => "stale",
            MatrixFinding::NotSeen => "not seen",
            MatrixFinding::NotRecovered => "not recovered",
            MatrixFinding::ExpectationMissed => "expectation missed",
            MatrixFinding::Differs => "drilled otherwise than the scenario says now",
        }
    }
}

/// Fills the matrix from past runs, in any order; `now_us` is in UTC µs.
#[must_use]
pub fn matrix(plan: &PremortemPlan, runs: &[KeptRun], now_us: i64) -> PremortemMatrix {
    let risks = plan.risks.iter();
    let has = |kind: &RiskKind| plan.risks.iter().any(|risk| risk.kind == *kind);
    PremortemMatrix {
        name: plan.name.clone(),
        sha256: plan.sha256.clone(),
        stale_after_us: plan.stale_after_us,
        rows: risks
            .map(|risk| row(risk, runs, now_us - plan.stale_after_us))
            .collect(),
        kinds_without_row: RiskKind::USUAL
            .into_iter()
            .filter(|kind| !has(kind))
            .collect(),
    }
}

fn row(risk: &Risk, runs: &[KeptRun], stale_before_us: i64) -> MatrixRow {
    let drills = risk.drills.iter();
    let done = drills.flat_map(|drill| runs.iter().filter_map(|run| done(risk, drill, run)));
    // One that did what the file says now tells more than a later one that did not.
    let last = done.max_by_key(|(drilled, findings)| {
        (!findings.contains(&MatrixFinding::Differs), drilled.at_us)
    });
    let mut findings = Vec::new();
    if risk.seen_by.is_empty() {
        findings.push(MatrixFinding::NotCovered);
    }
    if risk.owner.is_none() {
        findings.push(MatrixFinding::NoOwner);
    }
    match &last {
        None => findings.push(MatrixFinding::NeverDrilled),
        Some((drilled, own)) => {
            if drilled.at_us < stale_before_us {
                findings.push(MatrixFinding::Stale);
            }
            findings.extend(own);
        }
    }
    MatrixRow {
        id: risk.id.clone(),
        kind: risk.kind,
        title: risk.title.clone(),
        seen_by: risk.seen_by.clone(),
        react: risk.react.clone(),
        owner: risk.owner.clone(),
        drilled: last.map(|(drilled, _)| drilled),
        findings,
    }
}

/// What the drill showed in this run, and what is open; `None` when it was not done there.
fn done(
    risk: &Risk,
    drill: &PremortemDrill,
    run: &KeptRun,
) -> Option<(RowDrill, Vec<MatrixFinding>)> {
    if run.scenario != drill.scenario {
        return None;
    }
    let (mut found, is_as_declared) = match &drill.entry {
        Some(declared) => {
            let mut scores = run.drills.iter();
            let score = scores.find(|score| {
                let entry = &score.entry;
                entry.id == declared.id && entry.action == declared.action && entry.is_scored()
            })?;
            let is_same = score.entry.what == declared.what;
            (of_entry(risk, run, score), is_same)
        }
        None if run.is_complete => {
            let is_same = run.rehearsed.is_same_as(&drill.rehearsed);
            (of_run(risk, run), is_same)
        }
        None => return None,
    };
    if !is_as_declared {
        found.1.push(MatrixFinding::Differs);
    }
    Some(found)
}

fn of_entry(risk: &Risk, run: &KeptRun, score: &DrillScore) -> (RowDrill, Vec<MatrixFinding>) {
    let sights = risk.seen_by.iter().map(|sli| {
        let sight = score.slis.iter().find(|sight| sight.sli == *sli);
        MatrixSight {
            sli: sli.clone(),
            state: sight.map_or(SightState::NotEnoughData, |sight| sight.state),
            after_us: sight.and_then(super::score::SliSight::first_after_us),
        }
    });
    let sights: Vec<MatrixSight> = sights.collect();
    let mut findings = Vec::new();
    if sights.iter().any(|sight| sight.state != SightState::Seen) {
        findings.push(MatrixFinding::NotSeen);
    }
    if score.recovery.state == RecoveryState::NotRecovered {
        findings.push(MatrixFinding::NotRecovered);
    }
    let mut expectations = score.expectations.iter();
    if expectations.any(|expectation| expectation.state == SliState::Missed) {
        findings.push(MatrixFinding::ExpectationMissed);
    }
    let began_us = score.entry.began_us.unwrap_or(score.entry.planned_us);
    let drilled = RowDrill {
        run_id: run.run_id.clone(),
        scenario: run.scenario.clone(),
        entry: Some(score.entry.id.clone()),
        at_us: run.started_us + began_us,
        verdict: run.verdict.clone(),
        sights,
        seen_first_by: score.seen_first_by.clone(),
        recovery: score.recovery,
        overlaps: score.overlaps.clone(),
    };
    (drilled, findings)
}

/// A surge: an SLI that is not crossed held, which is no finding.
fn of_run(risk: &Risk, run: &KeptRun) -> (RowDrill, Vec<MatrixFinding>) {
    let of = |sli: &String| run.crossings.iter().find(|crossing| crossing.sli == *sli);
    let sights = risk.seen_by.iter().map(|sli| {
        let first = of(sli).and_then(|crossing| crossing.crossed_us.first());
        MatrixSight {
            sli: sli.clone(),
            state: match (first, of(sli)) {
                (Some(_), _) => SightState::Seen,
                (None, Some(crossing)) if crossing.is_judged => SightState::NotSeen,
                (None, _) => SightState::NotEnoughData,
            },
            after_us: first.map(|[from_us, _]| *from_us),
        }
    });
    let firsts = run.crossings.iter();
    let firsts: Vec<(i64, &String)> = firsts
        .filter_map(|crossing| Some((crossing.crossed_us.first()?[0], &crossing.sli)))
        .collect();
    let soonest_us = firsts.iter().map(|(from_us, _)| *from_us).min();
    let seen_first = firsts
        .iter()
        .filter(|(from_us, _)| Some(*from_us) == soonest_us);
    let scored = run.drills.iter().filter(|score| score.entry.is_scored());
    let drilled = RowDrill {
        run_id: run.run_id.clone(),
        scenario: run.scenario.clone(),
        entry: None,
        at_us: run.started_us,
        verdict: run.verdict.clone(),
        sights: sights.collect(),
        seen_first_by: seen_first.map(|(_, sli)| (*sli).clone()).collect(),
        recovery: recovery_of_run(run),
        overlaps: scored.map(|score| score.entry.id.clone()).collect(),
    };
    let mut findings = Vec::new();
    let mut sights = drilled.sights.iter();
    if sights.any(|sight| sight.state == SightState::NotEnoughData) {
        findings.push(MatrixFinding::NotSeen);
    }
    if drilled.recovery.state == RecoveryState::NotRecovered {
        findings.push(MatrixFinding::NotRecovered);
    }
    (drilled, findings)
}

/// From the first crossing to the end of the last, where that is before the end of the run.
fn recovery_of_run(run: &KeptRun) -> Recovery {
    let all = run
        .crossings
        .iter()
        .flat_map(|crossing| &crossing.crossed_us);
    let first_us = all.clone().map(|[from_us, _]| *from_us).min();
    let last_us = all.map(|[_, to_us]| *to_us).max();
    match first_us.zip(last_us) {
        None => Recovery {
            state: RecoveryState::NothingCrossed,
            after_us: None,
            watched_us: run.judged_us,
        },
        Some((first_us, last_us)) => Recovery {
            state: match last_us < run.judged_us {
                true => RecoveryState::Recovered,
                false => RecoveryState::NotRecovered,
            },
            after_us: (last_us < run.judged_us).then_some(last_us - first_us),
            watched_us: run.judged_us - first_us,
        },
    }
}
