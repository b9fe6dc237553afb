//! Scores of hand-made series: who sees what when is known to the second.

mod expectations;
mod matrix;

use std::path::Path;

use super::*;
use crate::declared_files::parse;
use crate::sli::{SliSeries, SliSetPlan, SliState, SliWindow, Unit};
use crate::time_window::TimeWindow;

const SECOND: i64 = 1_000_000;
const WINDOW_S: i64 = 5;
/// Start of the run, UTC µs; a whole window.
const STARTED: i64 = 1_795_766_400 * SECOND;

/// Two latencies that warn above 100 ms at once and speak of contacts above 200 ms for 10 s, and one
/// that has no levels.
const SLIS: &str = "
name: two
window: 1m
rehearsal_window: 5s
events: {page: {title: Any}}
slis:
  - {kind: latency, name: one, title: One, event: page, percentile: 95, thresholds: [{level: warn, above: 100ms, for: 5s}, {level: contact, above: 200ms, for: 10s}]}
  - {kind: latency, name: two, title: Two, event: page, percentile: 95, thresholds: [{level: warn, above: 100ms, for: 5s}]}
  - {kind: latency, name: blind, title: Blind, event: page, percentile: 95}
";

fn set() -> SliSetPlan {
    let declared = parse(Path::new("slis.yaml"), SLIS.as_bytes(), &|_| None).unwrap();
    crate::sli::resolve(&declared).unwrap()
}

/// A series whose windows have these values, ms.
fn series(name: &str, values_ms: &[Option<i32>]) -> SliSeries {
    let windows = values_ms
        .iter()
        .zip(0..)
        .map(|(value_ms, index)| SliWindow {
            start_us: STARTED + index * WINDOW_S * SECOND,
            value: value_ms.map(|ms| f64::from(ms) * 1e3),
            ..SliWindow::default()
        });
    SliSeries {
        name: name.to_owned(),
        title: name.to_owned(),
        kind: "latency",
        unit: Unit::Microseconds,
        definition_sha256: String::new(),
        window_us: WINDOW_S * SECOND,
        time_zone: None,
        state: SliState::Met,
        is_certain: true,
        value: None,
        good: 0,
        valid: 0,
        count: 0,
        interval: None,
        objective: None,
        expected: None,
        value_with_excluded: None,
        excluded_windows: 0,
        excluded_valid: 0,
        provisional_windows: 0,
        detail: None,
        levels: Vec::new(),
        windows: windows.collect(),
    }
}

/// A fault that was on from `began_s` to `undone_s`, or a moment.
fn entry(id: &str, began_s: i64, undone_s: Option<i64>) -> DrilledEntry {
    DrilledEntry {
        id: id.to_owned(),
        title: id.to_owned(),
        action: EntryAction::Fault,
        what: "freeze".to_owned(),
        planned_us: began_s * SECOND,
        planned_until_us: undone_s.map(|undone_s| undone_s * SECOND),
        began_us: Some(began_s * SECOND),
        undone_us: undone_s.map(|undone_s| undone_s * SECOND),
        end: match undone_s {
            Some(_) => EntryEnd::Lasts,
            None => EntryEnd::Moment,
        },
        outcome: EntryOutcome::Done,
        problem: None,
        undo: UndoOutcome::Done,
        undo_problem: None,
        output: None,
        confirmed_after_us: None,
        expect: None,
        shoppers_withheld: None,
    }
}

/// The scores where the first SLI has these values, ms, and the others are fine.
fn scores(entries: &[DrilledEntry], one_ms: &[Option<i32>]) -> Vec<DrillScore> {
    let fine = vec![Some(50); one_ms.len()];
    scores_of_two(entries, one_ms, &fine)
}

fn scores_of_two(
    entries: &[DrilledEntry],
    one_ms: &[Option<i32>],
    two_ms: &[Option<i32>],
) -> Vec<DrillScore> {
    let series = [
        series("one", one_ms),
        series("two", two_ms),
        series("blind", one_ms),
    ];
    let windows = i64::try_from(one_ms.len()).unwrap();
    score(&ScoreScope {
        entries,
        started_us: STARTED,
        range: TimeWindow {
            start_us: STARTED,
            end_us: STARTED + windows * WINDOW_S * SECOND,
        },
        set: &set(),
        series: &series,
    })
}

/// Seconds of a first sight.
fn after_s(first: Option<&FirstSight>) -> Option<i64> {
    first.map(|first| first.after_us / SECOND)
}

fn recovery(score: &DrillScore) -> (RecoveryState, Option<i64>) {
    let after_us = score.recovery.after_us;
    (
        score.recovery.state,
        after_us.map(|after_us| after_us / SECOND),
    )
}

/// What happens, values in ms, seconds to warn and to contact, recovery.
type Case = (
    &'static str,
    &'static [i32],
    Option<i64>,
    Option<i64>,
    (RecoveryState, Option<i64>),
);

#[test]
fn a_fault_is_seen_when_its_level_has_been_crossed_for_as_long_as_it_must_last() {
    use RecoveryState::{NotRecovered, NothingCrossed, Recovered};
    let table: [Case; 8] = [
        // On from 10 s to 20 s; the windows begin at 0, 5, 10 … s.
        (
            "at once, and over with it",
            &[50, 50, 300, 300, 50, 50, 50],
            Some(5),
            Some(10),
            (Recovered, Some(0)),
        ),
        (
            "it goes on for two windows",
            &[50, 50, 300, 300, 150, 150, 50],
            Some(5),
            Some(10),
            (Recovered, Some(10)),
        ),
        (
            "late, in the window after it",
            &[50, 50, 50, 50, 150, 50, 50],
            Some(15),
            None,
            (Recovered, Some(5)),
        ),
        (
            "too late to come from it",
            &[50, 50, 50, 50, 50, 300, 300],
            None,
            None,
            (NothingCrossed, None),
        ),
        ("never", &[50; 7], None, None, (NothingCrossed, None)),
        (
            "never recovered",
            &[50, 50, 300, 300, 300, 300, 300],
            Some(5),
            Some(10),
            (NotRecovered, None),
        ),
        (
            "back, and away again: it did not stay",
            &[50, 50, 300, 300, 50, 150, 50],
            Some(5),
            Some(10),
            (Recovered, Some(10)),
        ),
        (
            "contact too short to count",
            &[50, 50, 300, 150, 50, 50, 50],
            Some(5),
            None,
            (Recovered, Some(0)),
        ),
    ];
    for (what, values_ms, warn, contact, recovered) in table {
        let values: Vec<Option<i32>> = values_ms.iter().copied().map(Some).collect();
        let scores = scores(&[entry("fault", 10, Some(20))], &values);
        let score = &scores[0];
        assert_eq!(after_s(score.warn.as_ref()), warn, "{what}");
        assert_eq!(after_s(score.contact.as_ref()), contact, "{what}");
        assert_eq!(recovery(score), recovered, "{what}");
        let seen: &[&str] = if warn.is_some() { &["one"] } else { &[] };
        assert_eq!(score.seen_first_by, seen, "{what}");
        let blind: &[&str] = if warn.is_some() {
            &["two"]
        } else {
            &["one", "two"]
        };
        assert_eq!(score.not_seen_by, blind, "{what}");
        assert_eq!(score.predicted_contacts, None, "nobody knows");
    }
}

#[test]
fn an_entry_that_begins_inside_of_a_window_is_seen_by_that_window() {
    let values = [50, 50, 300, 300, 50, 50].map(Some);
    let scores = scores(&[entry("fault", 13, Some(18))], &values);
    assert_eq!(after_s(scores[0].warn.as_ref()), Some(2));
    assert_eq!(recovery(&scores[0]), (RecoveryState::Recovered, Some(2)));
}

#[test]
fn what_was_crossed_before_says_nothing() {
    let values = [50, 300, 300, 300, 50, 50].map(Some);
    let scores = scores(&[entry("fault", 10, Some(20))], &values);
    assert_eq!(scores[0].slis[0].state, SightState::AlreadyCrossed);
    assert_eq!(scores[0].slis[1].state, SightState::NotSeen);
    assert!(scores[0].seen_first_by.is_empty());
    assert_eq!(scores[0].not_seen_by, ["two"]);
}

#[test]
fn windows_without_data_see_nothing_and_recover_nothing() {
    let nothing = [Some(50), Some(50), None, None, None, None];
    let unseen = scores_of_two(&[entry("fault", 10, Some(20))], &nothing, &nothing);
    assert_eq!(unseen[0].slis[0].state, SightState::NotEnoughData);
    assert!(unseen[0].not_seen_by.is_empty(), "it was not judged");
    assert_eq!(recovery(&unseen[0]), (RecoveryState::NotKnown, None));
    let unknown = [Some(50), Some(50), Some(300), Some(300), None, None];
    let unknown = scores(&[entry("fault", 10, Some(20))], &unknown);
    assert_eq!(recovery(&unknown[0]), (RecoveryState::NotRecovered, None));
}

#[test]
fn slis_that_speak_at_once_are_first_together() {
    let values = [50, 50, 150, 150, 50, 50].map(Some);
    let scores = scores_of_two(&[entry("fault", 10, Some(20))], &values, &values);
    assert_eq!(scores[0].seen_first_by, ["one", "two"]);
    assert!(scores[0].not_seen_by.is_empty());
}

#[test]
fn entries_at_the_same_time_name_each_other() {
    let values = [50, 50, 300, 300, 50, 50].map(Some);
    let entries = [
        entry("long", 5, Some(25)),
        entry("inside", 10, Some(20)),
        entry("later", 26, None),
    ];
    let scores = scores(&entries, &values);
    assert_eq!(scores[0].overlaps, ["inside"]);
    assert_eq!(scores[1].overlaps, ["long"]);
    assert!(scores[2].overlaps.is_empty());
    assert_eq!(after_s(scores[0].warn.as_ref()), Some(10));
    assert_eq!(after_s(scores[1].warn.as_ref()), Some(5));
}

#[test]
fn what_begins_with_a_moment_is_no_reason_to_look_away_from_it() {
    let values = [50, 50, 300, 300, 50, 50].map(Some);
    let entries = [entry("deploy", 10, None), entry("fault", 11, Some(20))];
    let scores = scores(&entries, &values);
    assert_eq!(scores[0].overlaps, ["fault"]);
    assert_eq!(scores[1].overlaps, ["deploy"]);
    assert_eq!(recovery(&scores[0]), (RecoveryState::Recovered, Some(10)));
    assert_eq!(scores[0].recovery.watched_us, 20 * SECOND);
}

#[test]
fn recovery_is_watched_until_the_next_entry_begins() {
    let values = [50, 50, 300, 300, 50, 300, 300, 300].map(Some);
    let entries = [entry("first", 10, Some(20)), entry("next", 25, Some(30))];
    let scores = scores(&entries, &values);
    assert_eq!(recovery(&scores[0]), (RecoveryState::Recovered, Some(0)));
    assert_eq!(scores[0].recovery.watched_us, 5 * SECOND);
    assert_eq!(recovery(&scores[1]), (RecoveryState::NotRecovered, None));
    assert_eq!(scores[1].recovery.watched_us, 10 * SECOND);
}

#[test]
fn what_lasts_to_the_end_cannot_recover() {
    let values = [50, 50, 300, 300, 300, 300].map(Some);
    let lasting = DrilledEntry {
        undone_us: None,
        end: EntryEnd::Lasts,
        ..entry("fault", 10, None)
    };
    let scores = scores(&[lasting], &values);
    assert_eq!(after_s(scores[0].contact.as_ref()), Some(10));
    assert_eq!(recovery(&scores[0]), (RecoveryState::NotKnown, None));
}

#[test]
fn what_was_not_done_or_only_told_is_not_scored() {
    let values = [50, 50, 300, 300, 50, 50].map(Some);
    let failed = DrilledEntry {
        outcome: EntryOutcome::Failed,
        ..entry("failed", 10, Some(20))
    };
    let told = DrilledEntry {
        action: EntryAction::Announce,
        outcome: EntryOutcome::Confirmed,
        ..entry("told", 10, Some(20))
    };
    let unreached = DrilledEntry {
        began_us: None,
        outcome: EntryOutcome::NotReached,
        ..entry("unreached", 10, Some(20))
    };
    let scores = scores(&[failed, told, unreached], &values);
    for score in scores {
        assert!(score.slis.is_empty(), "{}", score.entry.id);
        assert!(score.overlaps.is_empty(), "{}", score.entry.id);
        assert_eq!(recovery(&score), (RecoveryState::NotKnown, None));
    }
}
