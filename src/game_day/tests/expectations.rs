//! What was expected of an entry, against what came.

use super::*;

const FINE: [i32; 8] = [50; 8];
/// Seen after 5 s, and back 10 s after the end.
const BROKEN: [i32; 8] = [50, 50, 300, 300, 300, 300, 50, 50];

fn expect(seen_by: Option<&str>, within_s: Option<i64>, recovers_s: Option<i64>) -> Expectation {
    Expectation {
        seen_by: seen_by.map(ToOwned::to_owned),
        within_us: within_s.map(|within_s| within_s * SECOND),
        recovers_within_us: recovers_s.map(|recovers_s| recovers_s * SECOND),
        confirmed_within_us: None,
    }
}

/// The states and findings of an entry from 10 s to 20 s in a run of `values_ms`.
fn judged(
    mut entry: DrilledEntry,
    expect: Expectation,
    values_ms: &[i32],
) -> Vec<(SliState, String)> {
    entry.expect = Some(expect);
    let values: Vec<Option<i32>> = values_ms.iter().copied().map(Some).collect();
    let score = scores(&[entry], &values).remove(0);
    let end_us = i64::try_from(values.len()).unwrap() * WINDOW_S * SECOND;
    let judged = judge(&score, end_us, end_us, &|us| format!("{} s", us / SECOND));
    judged.into_iter().map(|it| (it.state, it.found)).collect()
}

#[test]
fn an_expectation_is_met_missed_or_not_known() {
    use SliState::{Met, Missed, NotEnoughData};
    let one = Some("one");
    let table = [
        (expect(one, Some(5), None), &BROKEN[..], Met, "after 5 s"),
        (expect(one, Some(4), None), &BROKEN[..], Missed, "after 5 s"),
        (expect(one, None, None), &BROKEN[..], Met, "after 5 s"),
        (
            expect(None, Some(5), None),
            &BROKEN[..],
            Met,
            "after 5 s, by one",
        ),
        (
            expect(Some("two"), None, None),
            &BROKEN[..],
            Missed,
            "it did not see it",
        ),
        (
            expect(one, Some(20), None),
            &FINE[..],
            Missed,
            "it did not see it",
        ),
        (
            expect(one, Some(20), None),
            &FINE[..5],
            NotEnoughData,
            "not in 15 s, when the run ended",
        ),
        (expect(None, None, Some(10)), &BROKEN[..], Met, "after 10 s"),
        (
            expect(None, None, Some(9)),
            &BROKEN[..],
            Missed,
            "after 10 s",
        ),
        (
            expect(None, None, Some(5)),
            &BROKEN[..6],
            Missed,
            "not in 10 s",
        ),
        (
            expect(None, None, Some(20)),
            &BROKEN[..6],
            NotEnoughData,
            "not in 10 s, and it was watched no longer",
        ),
        (
            expect(None, None, Some(10)),
            &FINE[..],
            Met,
            "no level was crossed",
        ),
    ];
    for (expect, values_ms, state, found) in table {
        let result = judged(entry("fault", 10, Some(20)), expect.clone(), values_ms);
        assert_eq!(result, [(state, found.to_owned())], "{expect:?}");
    }
}

#[test]
fn nothing_is_known_of_what_was_not_done() {
    for (outcome, found) in [
        (EntryOutcome::Failed, "it could not be done"),
        (EntryOutcome::NotReached, "the run was over before"),
    ] {
        let entry = DrilledEntry {
            outcome,
            ..entry("fault", 10, Some(20))
        };
        let result = judged(entry, expect(Some("one"), Some(5), Some(5)), &BROKEN);
        let unknown = (SliState::NotEnoughData, found.to_owned());
        assert_eq!(result, [unknown.clone(), unknown]);
    }
}

#[test]
fn an_announcement_is_confirmed_in_time_or_not() {
    use SliState::{Met, Missed, NotEnoughData};
    let told = |confirmed_s: Option<i64>| DrilledEntry {
        action: EntryAction::Announce,
        outcome: match confirmed_s {
            Some(_) => EntryOutcome::Confirmed,
            None => EntryOutcome::NotConfirmed,
        },
        confirmed_after_us: confirmed_s.map(|confirmed_s| confirmed_s * SECOND),
        ..entry("told", 10, Some(40))
    };
    // The run lasts 40 s, so 30 s were waited.
    let table = [
        (Some(7), 10, Met, "after 7 s"),
        (Some(12), 10, Missed, "after 12 s"),
        (None, 30, Missed, "nobody confirmed it"),
        (None, 31, NotEnoughData, "not in 30 s, when the run ended"),
    ];
    for (confirmed_s, limit_s, state, found) in table {
        let expect = Expectation {
            confirmed_within_us: Some(limit_s * SECOND),
            ..expect(None, None, None)
        };
        let result = judged(told(confirmed_s), expect, &FINE);
        assert_eq!(result, [(state, found.to_owned())]);
    }
}
