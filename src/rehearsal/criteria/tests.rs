//! Conditions of runs in which something goes wrong from one second to another.

use std::ops::Range;
use std::path::Path;

use super::*;
use crate::declared_files::parse;
use crate::request_record::{Origin, RequestRecord};
use crate::rollup::{Rollup, RollupBuilder, RollupPlan};
use crate::scenario::NamedMoment;
use crate::sli::{Alignment, Outside, Scope, evaluate, resolve};
use crate::time_window::TimeWindow;

const SECOND: i64 = 1_000_000;
const START: i64 = 1_000 * SECOND;
const SET: &str = "
name: shop
window: 1m
rehearsal_window: 1s
events: {page: {}, never: {route: /never}}
slis:
  - {kind: ratio, name: ok, title: Answered well, event: page, bad_status: [5xx], thresholds: [{level: warn, below: 0.99, for: 1s}, {level: contact, below: 0.9, for: 2s}]}
  - {kind: latency, name: p50, title: Median, event: page, percentile: 50, thresholds: [{level: contact, above: 1s, for: 2s}]}
  - {kind: rate, name: pages, title: Pages, event: page, per: second}
  - {kind: ratio, name: unseen, title: Unseen, event: never, bad_status: [5xx], thresholds: [{level: warn, below: 0.9, for: 2s}]}
";

fn set() -> SliSetPlan {
    let declared = parse(Path::new("set.yaml"), SET.as_bytes(), &|_| None);
    resolve(&declared.unwrap_or_else(|error| panic!("{error}")))
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Twenty requests a second for a minute; some seconds fail, some are slow.
fn rollup(set: &SliSetPlan, failing: &Range<i64>, slow: &Range<i64>) -> Rollup {
    let mut builder = RollupBuilder::new(RollupPlan::new(SECOND, set.cuts_us()));
    for number in 0..60 * 20 {
        let second = number / 20;
        builder.add_record(&RequestRecord {
            ts_us: START + number * SECOND / 20,
            origin: Origin::Drill,
            run_id: None,
            service: "".into(),
            method: "GET".into(),
            route: "/".into(),
            status: if failing.contains(&second) { 503 } else { 200 },
            latency_us: Some(if slow.contains(&second) {
                3_000_000
            } else {
                20_000
            }),
            service_us: None,
            first_byte_us: None,
            bytes_in: None,
            bytes_out: None,
            shopper: None,
            error: None,
            position: 0,
            client_class: None,
            client_name: None,
            channel: None,
            query: None,
            upstream_tries: None,
            weight: 1,
            row_key: None,
        });
    }
    builder.finish()
}

fn series(set: &SliSetPlan, rollup: &Rollup, seconds: Range<i64>) -> Vec<SliSeries> {
    let range = TimeWindow {
        start_us: START + seconds.start * SECOND,
        end_us: START + seconds.end * SECOND,
    };
    let scope = Scope {
        range,
        covered: range,
        window_us: SECOND,
        alignment: Alignment::Start,
    };
    evaluate(set, rollup, scope, &Outside::default()).unwrap()
}

/// The outcome of one condition in a run of which `seen` seconds are judged.
fn outcome_of(
    criterion: CriterionPlan,
    failing: Range<i64>,
    slow: Range<i64>,
    seen: i64,
) -> CriterionOutcome {
    let set = set();
    let rollup = rollup(&set, &failing, &slow);
    let within = |stretch: &NamedStretch, index: usize| {
        let seconds = stretch.from_us / SECOND..stretch.to_us / SECOND;
        series(&set, &rollup, seconds).get(index).cloned()
    };
    let all = series(&set, &rollup, 0..seen);
    let run = JudgedRun {
        set: &set,
        series: &all,
        started_us: START,
        judged_us: seen * SECOND,
        is_valid: true,
        is_stopped: false,
        within: &within,
    };
    judge(&[criterion], &run).remove(0)
}

fn stretch(from_s: i64, to_s: i64) -> NamedStretch {
    NamedStretch {
        name: "rush".to_owned(),
        from_us: from_s * SECOND,
        to_us: to_s * SECOND,
    }
}

fn not_crossed(
    level: CriterionLevel,
    sli: Option<&str>,
    during: Option<NamedStretch>,
) -> CriterionPlan {
    CriterionPlan::NotCrossed {
        level,
        sli: sli.map(str::to_owned),
        during,
    }
}

fn limit(sli: &str, limit: CriterionLimit, during: Option<NamedStretch>) -> CriterionPlan {
    CriterionPlan::Limit {
        sli: sli.to_owned(),
        limit,
        during,
    }
}

fn recovery(within_s: i64) -> CriterionPlan {
    CriterionPlan::Recovery {
        within_us: within_s * SECOND,
        after: NamedMoment {
            name: "over".to_owned(),
            at_us: 30 * SECOND,
        },
        level: CriterionLevel::Contact,
        sli: None,
    }
}

#[test]
fn a_level_is_crossed_in_all_of_the_run_or_in_a_stretch_of_it() {
    use CriterionLevel::{Contact, Warn};
    use SliState::{Met, Missed, NotEnoughData};
    for (criterion, state, first_s) in [
        (not_crossed(Contact, None, None), Missed, Some(20)),
        (not_crossed(Contact, Some("ok"), None), Missed, Some(25)),
        (
            not_crossed(Contact, Some("ok"), Some(stretch(0, 25))),
            Met,
            None,
        ),
        (
            not_crossed(Contact, Some("ok"), Some(stretch(0, 26))),
            Missed,
            Some(25),
        ),
        (
            not_crossed(Contact, Some("ok"), Some(stretch(30, 60))),
            Met,
            None,
        ),
        (not_crossed(Warn, Some("unseen"), None), NotEnoughData, None),
        (
            not_crossed(Warn, None, Some(stretch(40, 50))),
            NotEnoughData,
            None,
        ),
    ] {
        let words = format!("{criterion:?}");
        let outcome = outcome_of(criterion, 25..30, 20..30, 60);
        assert_eq!(outcome.state, state, "{words}");
        let expected = first_s.map(|second: i64| START + second * SECOND);
        assert_eq!(outcome.first_missed_us, expected, "{words}");
    }
    let first = outcome_of(not_crossed(Contact, None, None), 25..30, 20..30, 60);
    assert_eq!((first.decisive, first.others), (Some(1), 1));
    assert!((first.value.unwrap() / 3e6 - 1.0).abs() < 0.001);
    assert_eq!(first.limit, Some(1e6));
    assert_eq!((first.missed_us, first.count), (10 * SECOND, 120));
}

#[test]
fn the_value_of_a_stretch_has_a_limit_of_its_own() {
    use CriterionLimit::{AtLeast, AtMostUs};
    use SliState::{Met, Missed, NotEnoughData};
    for (criterion, state, count) in [
        (limit("p50", AtMostUs(1e6), None), Met, 1_200),
        (
            limit("p50", AtMostUs(1e6), Some(stretch(20, 30))),
            Missed,
            200,
        ),
        (limit("p50", AtMostUs(4e6), Some(stretch(20, 30))), Met, 200),
        (limit("ok", AtLeast(0.9), None), Met, 1_200),
        (limit("ok", AtLeast(0.92), None), Missed, 1_200),
        (limit("pages", AtLeast(20.0), None), Met, 1_200),
        (
            limit("pages", AtLeast(21.0), Some(stretch(10, 20))),
            Missed,
            200,
        ),
        (limit("unseen", AtLeast(0.5), None), NotEnoughData, 0),
        (
            limit("ok", AtLeast(0.9), Some(stretch(50, 61))),
            NotEnoughData,
            0,
        ),
        (limit("gone", AtLeast(0.9), None), NotEnoughData, 0),
    ] {
        let words = format!("{criterion:?}");
        let outcome = outcome_of(criterion, 25..30, 20..30, 60);
        assert_eq!((outcome.state, outcome.count), (state, count), "{words}");
        assert_eq!(
            outcome.first_missed_us.is_some(),
            state == Missed,
            "{words}"
        );
    }
}

#[test]
fn a_recovery_is_seen_in_time_too_late_or_not() {
    use SliState::{Met, Missed, NotEnoughData};
    let nothing = || 0..0;
    for (within_s, failing, seen, state, value_s) in [
        (10, nothing(), 60, Met, Some(0)),
        (10, 20..30, 60, Met, Some(0)),
        (10, 20..38, 60, Met, Some(8)),
        (10, 20..40, 60, Met, Some(10)),
        (10, 20..45, 60, Missed, Some(15)),
        (10, 20..60, 60, Missed, None),
        // Later relapses count.
        (10, 50..55, 60, Missed, Some(25)),
        // Nobody knows how it went on.
        (10, 20..45, 36, NotEnoughData, None),
        (10, 20..25, 30, NotEnoughData, None),
    ] {
        let outcome = outcome_of(recovery(within_s), failing.clone(), nothing(), seen);
        let expected = value_s.map(|second: i64| as_number(second * SECOND));
        assert_eq!(
            (outcome.state, outcome.value),
            (state, expected),
            "{failing:?} {seen}"
        );
    }
}

#[test]
fn an_invalid_run_misses_and_a_stopped_one_cannot_tell() {
    let set = set();
    let judged = |is_valid, is_stopped| {
        let run = JudgedRun {
            set: &set,
            series: &[],
            started_us: START,
            judged_us: 0,
            is_valid,
            is_stopped,
            within: &|_, _| None,
        };
        judge(&[CriterionPlan::Valid], &run)[0].state
    };
    assert_eq!(judged(true, false), SliState::Met);
    assert_eq!(judged(true, true), SliState::NotEnoughData);
    assert_eq!(judged(false, false), SliState::Missed);
}

#[test]
fn what_the_set_cannot_judge_is_said_with_its_cure() {
    use CriterionLimit::{AtLeast, AtMostUs};
    for (criterion, key, message) in [
        (limit("okk", AtLeast(0.9), None), "sli", "unknown SLI `okk`"),
        (
            not_crossed(CriterionLevel::Warn, Some("p50"), None),
            "sli",
            "SLI `p50` has no `warn` level",
        ),
        (
            limit("ok", AtMostUs(1.0), None),
            "at_most",
            "SLI `ok` is no response time",
        ),
        (
            limit("p50", AtLeast(1.0), None),
            "at_least",
            "SLI `p50` is a response time",
        ),
        (
            limit("ok", AtLeast(98.0), None),
            "at_least",
            "SLI `ok` is a share, and never above 1",
        ),
    ] {
        let found = mismatch(&criterion, &set()).unwrap_or_else(|| panic!("{criterion:?}"));
        assert_eq!((found.0, found.1.as_str()), (key, message));
        assert!(found.2.is_some(), "{message}");
    }
    assert_eq!(
        mismatch(&limit("ok", AtLeast(0.9), Some(stretch(1, 9))), &set()),
        None
    );
    assert_eq!(
        mismatch(&not_crossed(CriterionLevel::Warn, None, None), &set()),
        None
    );
}
