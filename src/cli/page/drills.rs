//! From the scores of a drill timeline to the rows and marks of a page.

use crate::cli::drills::{duration, tenths_s};
use crate::cli::range::Judged;
use crate::game_day::{
    DrillScore, EntryAction, EntryEnd, EntryOutcome, Recovery, RecoveryState, UndoOutcome,
};
use crate::report::{ContactFigure, DrillPart, DrillRow, ExpectationRow, Mark, Unit, text};

use super::state_of;

/// The drills of a rehearsal; `None` where its scenario has none.
pub fn drills(judged: &Judged) -> Option<DrillPart> {
    let run = judged.run.as_ref()?;
    let rows = judged.drills.iter();
    let rows = rows.map(|score| row(judged, run.started_us, score));
    (!judged.drills.is_empty()).then(|| DrillPart {
        rows: rows.collect(),
    })
}

/// The entries that began, as marks on every chart.
pub fn marks(judged: &Judged) -> Vec<Mark> {
    let started_us = judged.run.as_ref().map_or(0, |run| run.started_us);
    let end_us = judged.scope.range.end_us;
    let began = judged
        .drills
        .iter()
        .filter_map(|score| Some((score, score.entry.began_us?)));
    let inside = began.filter(|(_, began_us)| started_us + began_us < end_us);
    let marks = inside.map(|(score, began_us)| Mark {
        at_us: started_us + began_us,
        until_us: match (score.entry.action, score.entry.end) {
            // An announcement is a moment, however long nobody confirms it.
            (EntryAction::Announce, _) | (_, EntryEnd::Moment) => None,
            (_, EntryEnd::Lasts) => {
                Some((started_us + score.entry.ended_us(end_us - started_us)).min(end_us))
            }
        },
        label: score.entry.title.clone(),
    });
    marks.collect()
}

fn row(judged: &Judged, started_us: i64, score: &DrillScore) -> DrillRow {
    let entry = &score.entry;
    let titles = |names: &[String]| names.iter().map(|name| title(judged, name)).collect();
    let expectations = score.expectations.iter();
    let impact = score.impact;
    DrillRow {
        id: entry.id.clone(),
        title: entry.title.clone(),
        action: entry.action.as_str().to_owned(),
        what: entry.what.clone(),
        at_us: started_us + entry.began_us.unwrap_or(entry.planned_us),
        until_us: entry
            .undone_us
            .filter(|_| entry.action != EntryAction::Announce)
            .map(|undone_us| started_us + undone_us),
        outcome: outcome(score),
        problems: problems(score),
        output: entry.output.clone(),
        seen_first_by: titles(&score.seen_first_by),
        not_seen_by: titles(&score.not_seen_by),
        is_scored: entry.is_scored(),
        warn_after_s: score.warn.as_ref().map(|first| tenths_s(first.after_us)),
        contact_after_s: score.contact.as_ref().map(|first| tenths_s(first.after_us)),
        recovery: match entry.is_scored() {
            true => recovery_words(score.recovery),
            false => text::NO_VALUE.to_owned(),
        },
        shoppers: impact.and_then(|impact| impact.shoppers_affected),
        are_shoppers_exact: impact.is_none_or(|impact| impact.is_exact),
        requests_failed: impact.map(|impact| impact.requests_failed),
        relief: relief_words(score),
        predicted_contacts: score.predicted_contacts.map(|found| ContactFigure {
            value: found.value,
            interval: Some(found.interval),
        }),
        overlaps: score.overlaps.clone(),
        expectations: expectations
            .map(|it| ExpectationRow {
                what: it.what.clone(),
                state: state_of(it.state),
                found: it.found.clone(),
            })
            .collect(),
    }
}

/// An SLI in the business's words.
fn title(judged: &Judged, name: &str) -> String {
    let mut series = judged.series.iter();
    let found = series.find(|series| series.name == name);
    found.map_or_else(|| name.to_owned(), |series| series.title.clone())
}

fn outcome(score: &DrillScore) -> String {
    match (score.entry.outcome, score.entry.confirmed_after_us) {
        (EntryOutcome::Done, _) => "done".to_owned(),
        (EntryOutcome::Failed, _) => "failed".to_owned(),
        (EntryOutcome::NotReached, _) => "the run was over before".to_owned(),
        (EntryOutcome::Confirmed, Some(after_us)) => {
            format!("confirmed after {}", duration(after_us))
        }
        (EntryOutcome::Confirmed, None) => "confirmed".to_owned(),
        (EntryOutcome::NotConfirmed, _) => "not confirmed".to_owned(),
    }
}

/// What turning off a channel took from the load.
fn relief_words(score: &DrillScore) -> Option<String> {
    let (relief, withheld) = (score.relief?, score.entry.shoppers_withheld?);
    let per_s = |requests: f64| text::quantity(requests, Unit::Count);
    let before = match relief.requests_per_s_before {
        Some(before) if before > 0.0 => {
            format!(
                ", after {} per second just before: {}",
                per_s(before),
                text::change(relief.requests_per_s / before - 1.0)
            )
        }
        Some(_) | None => String::new(),
    };
    Some(format!(
        "{} shoppers did not come; {} requests per second were due while it was off{before}",
        text::count(withheld),
        per_s(relief.requests_per_s),
    ))
}

fn problems(score: &DrillScore) -> Vec<String> {
    let entry = &score.entry;
    let failed = entry.problem.iter();
    let failed = failed.map(|problem| format!("It could not be done: {problem}."));
    let stays = entry
        .undo_problem
        .iter()
        .filter(|_| entry.undo == UndoOutcome::Failed);
    let stays = stays
        .map(|problem| format!("It could not be undone, and may still be in force: {problem}."));
    failed.chain(stays).collect()
}

/// How soon all was well again.
pub fn recovery_words(recovery: Recovery) -> String {
    match (recovery.state, recovery.after_us) {
        (RecoveryState::Recovered, Some(0)) => "at once".to_owned(),
        (RecoveryState::Recovered, Some(after_us)) => format!("after {}", duration(after_us)),
        (RecoveryState::NotRecovered, _) => format!("not in {}", duration(recovery.watched_us)),
        (RecoveryState::NothingCrossed, _) => "no level crossed".to_owned(),
        (RecoveryState::NotKnown | RecoveryState::Recovered, _) => "not known".to_owned(),
    }
}
