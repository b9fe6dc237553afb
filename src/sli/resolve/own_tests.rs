//! What SLIs say of themselves, and what is wrong with that, word for word.

use super::tests::{plan, problems, read, set};
use crate::sli::plan::{EventPlan, Measure, SliPlan, SliSetPlan};
use crate::time_window::zone;

const MINUTE_US: i64 = 60_000_000;
const SECOND_US: i64 = 1_000_000;

fn sli<'a>(plan: &'a SliSetPlan, name: &str) -> &'a SliPlan {
    plan.slis.iter().find(|sli| sli.name == name).unwrap()
}

/// Minutes of the windows on logs, seconds of those on rehearsals.
fn windows(plan: &SliSetPlan, name: &str) -> (i64, i64) {
    let sli = sli(plan, name);
    assert_eq!(
        (
            sli.window_us % MINUTE_US,
            sli.rehearsal_window_us % SECOND_US
        ),
        (0, 0)
    );
    (
        sli.window_us / MINUTE_US,
        sli.rehearsal_window_us / SECOND_US,
    )
}

#[test]
fn windows_are_those_of_the_sli_or_of_its_parts_or_of_the_set() {
    let plan = plan("
  - {kind: composite, name: journey, title: J, parts: [{sli: calm}, {sli: plain}]}
  - {kind: composite, name: hourly, title: H, parts: [{sli: journey}], window: 1h}
  - {kind: windows_good, name: calm, title: C, of: p95}
  - {kind: windows_good, name: daily, title: D, of: p95, window: 1d, rehearsal_window: 20s}
  - {kind: latency, name: p95, title: P, event: page, percentile: 95, window: 15m, rehearsal_window: 10s, thresholds: [{level: warn, above: 1s, for: 1m}]}
  - {kind: ratio, name: plain, title: R, event: page}
");
    let table = [
        ("plain", (1, 5)),
        ("p95", (15, 10)),
        ("calm", (15, 10)),
        ("daily", (1_440, 20)),
        ("journey", (15, 10)),
        ("hourly", (60, 10)),
    ];
    for (name, expected) in table {
        assert_eq!(windows(&plan, name), expected, "{name}");
    }
}

#[test]
fn an_sli_with_shorter_windows_makes_no_other_windows_shorter() {
    let plan = plan("
  - {kind: ratio, name: plain, title: P, event: page}
  - {kind: latency, name: p50, title: L, event: page, percentile: 50, window: 15s, rehearsal_window: 1s, time_zone: Asia/Tokyo}
  - {kind: apdex, name: apdex, title: A, event: page, satisfied: 1s, window: 10s, time_zone: Asia/Tokyo}
");
    let seconds = |name: &str| {
        let sli = sli(&plan, name);
        [sli.window_us, sli.rehearsal_window_us].map(|us| us / SECOND_US)
    };
    assert_eq!(seconds("plain"), [60, 5]);
    assert_eq!(seconds("p50"), [15, 1]);
    assert_eq!(seconds("apdex"), [10, 5]);
    // What is counted fits into all.
    let counted = [plan.window_us, plan.rehearsal_window_us];
    assert_eq!(counted.map(|us| us / SECOND_US), [5, 1]);
    let utc = zone("UTC").unwrap();
    for name in ["p50", "apdex"] {
        assert_eq!(sli(&plan, name).zone(&utc), &zone("Asia/Tokyo").unwrap());
    }
}

#[test]
fn windows_that_were_asked_for_are_those_of_every_sli() {
    let mut plan = plan(
        "
  - {kind: ratio, name: ok, title: R, event: page, window: 15m, time_zone: Europe/Berlin}
",
    );
    plan.ask_windows(3_600 * SECOND_US);
    assert_eq!(windows(&plan, "ok"), (60, 3_600));
    plan.ask_zone();
    let utc = zone("UTC").unwrap();
    assert_eq!(*plan.slis[0].zone(&utc), utc);
}

#[test]
fn windows_that_do_not_fit_are_refused_with_those_that_do() {
    let slis = "
  - {kind: ratio, name: a, title: A, event: page, window: 90s}
  - {kind: ratio, name: b, title: B, event: page, window: 1.5s}
  - {kind: ratio, name: c, title: C, event: page, rehearsal_window: 7s}
  - {kind: ratio, name: ten, title: T, event: page, window: 10m}
  - {kind: ratio, name: quarter, title: Q, event: page, window: 15m}
  - {kind: composite, name: both, title: B, parts: [{sli: ten}, {sli: quarter}]}
  - {kind: composite, name: early, title: E, parts: [{sli: quarter}], window: 5m}
  - {kind: composite, name: fits, title: F, parts: [{sli: ten}, {sli: quarter}], window: 30m}
";
    let parts = "write a `window` that is a whole multiple of the windows of all its parts";
    assert_eq!(
        problems(slis, ""),
        [
            "1:59: windows of `90s` are neither a whole multiple of the set's, `1m`, nor a whole part of them (write `2m`, or give the set a shorter `window`)".to_owned(),
            "2:59: a window of `1500ms` is not a whole number of seconds (write `1s`, `5s` or `1m`)".to_owned(),
            "3:69: windows of `7s` are neither a whole multiple of the set's, `5s`, nor a whole part of them (write `10s`, or give the set a shorter `rehearsal_window`)".to_owned(),
            format!("6:29: windows of `15m` are not made of those of `ten`, `10m` ({parts})"),
            format!("7:79: windows of `5m` are not made of those of `quarter`, `15m` ({parts})"),
        ]
    );
}

#[test]
fn zone_and_lateness_are_those_of_the_sli_or_of_what_it_looks_at_or_of_the_set() {
    let slis = "
  - {kind: windows_good, name: calm, title: C, of: own}
  - {kind: composite, name: journey, title: J, parts: [{sli: calm}, {sli: plain}]}
  - {kind: ratio, name: own, title: O, event: page, time_zone: Asia/Tokyo, lateness: 5m, thresholds: [{level: warn, below: 0.9, for: 1m}]}
  - {kind: ratio, name: plain, title: P, event: page}
";
    let plan = read(&set(slis, "time_zone: Europe/Berlin\nlateness: 2m\n")).unwrap();
    let of_set = plan.time_zone.clone().unwrap();
    let found = |name: &str| {
        let sli = sli(&plan, name);
        let zone = sli.zone(&of_set).iana_name().unwrap().to_owned();
        (zone, sli.lateness_us / MINUTE_US)
    };
    for (name, zone, late_minutes) in [
        ("own", "Asia/Tokyo", 5),
        ("calm", "Asia/Tokyo", 5),
        ("plain", "Europe/Berlin", 2),
        ("journey", "Europe/Berlin", 5),
    ] {
        assert_eq!(found(name), (zone.to_owned(), late_minutes), "{name}");
    }
}

/// Whether bots count, and the collapse of retries, of each SLI.
fn counted(plan: &SliSetPlan) -> Vec<(bool, Option<i64>)> {
    let covers = |event: &EventPlan| event.covers(&super::tests::series("bot", 200));
    let found = |sli: &SliPlan| (covers(&sli.event), sli.collapse_within_us);
    plan.slis.iter().map(found).collect()
}

#[test]
fn what_counts_is_what_the_sli_says_and_else_the_set() {
    let slis = "
  - {kind: ratio, name: a, title: A, event: page}
  - {kind: ratio, name: b, title: B, event: page, counting: {bots: true, collapse_retries_within: 9s}}
  - {kind: ratio, name: c, title: C, event: page, counting: {bots: false, collapse_retries_within: 0s}}
  - {kind: rate, name: d, title: D, event: page, counting: {bots: true}}
";
    let (second, plain) = (SECOND_US, read(&set(slis, "")).unwrap());
    assert_eq!(
        counted(&plain),
        [
            (false, None),
            (true, Some(9 * second)),
            (false, None),
            (true, None)
        ]
    );
    let all = "counting: {bots: true, collapse_retries_within: 5s}\n";
    assert_eq!(
        counted(&read(&set(slis, all)).unwrap()),
        [
            (true, Some(5 * second)),
            (true, Some(9 * second)),
            (false, None),
            (true, None)
        ]
    );
}

#[test]
fn an_answer_429_is_bad_as_the_sli_says_and_else_the_set() {
    let slis = "
  - {kind: ratio, name: a, title: A, event: page}
  - {kind: ratio, name: b, title: B, event: page, counting: {too_many_requests_good: true}}
  - {kind: ratio, name: c, title: C, event: page, counting: {too_many_requests_good: false}}
";
    let is_good = |rest: &str| -> Vec<bool> {
        let plan = read(&set(slis, rest)).unwrap();
        let good = plan.slis.iter().map(|sli| match &sli.measure {
            Measure::Ratio { good } => good.covers(&super::tests::series("human", 429)),
            other => panic!("{other:?} is no ratio"),
        });
        good.collect()
    };
    assert_eq!(is_good(""), [false, true, false]);
    let all = "counting: {too_many_requests_good: true}\n";
    assert_eq!(is_good(all), [true, true, false]);
}

#[test]
fn what_a_kind_cannot_count_otherwise_is_refused() {
    let slis = "
  - {kind: rate, name: a, title: A, event: page, counting: {collapse_retries_within: 5s}}
  - {kind: latency, name: b, title: B, event: page, percentile: 95, counting: {too_many_requests_good: true}}
  - {kind: ratio, name: c, title: C, event: page, bad_status: [5xx], counting: {too_many_requests_good: true}}
";
    let cure = "leave it out, or leave out `bad_status` or `good`";
    assert_eq!(
        problems(slis, ""),
        [
            "1:86: a `rate` counts every attempt (only a `ratio` collapses retries)".to_owned(),
            format!(
                "2:104: which statuses of this `latency` are bad does not depend on it ({cure})"
            ),
            format!("3:105: which statuses of this `ratio` are bad does not depend on it ({cure})"),
        ]
    );
}

#[test]
fn maintenance_of_an_sli_is_its_own_and_in_its_zone() {
    let slis = "
  - {kind: ratio, name: a, title: A, event: page, time_zone: Europe/Berlin, exclusions: [{reason: batch, from: 2026-11-01T02:00, to: 2026-11-01T04:00, repeat: FREQ=DAILY}]}
  - {kind: ratio, name: b, title: B, event: page}
";
    let all = "exclusions: [{reason: upgrade, from: 2026-11-01T02:00, to: 2026-11-01T04:00}]\n";
    let plan = read(&set(slis, all)).unwrap();
    let found = plan.exclusions.iter().map(|exclusion| {
        let zone = exclusion
            .time_zone
            .as_ref()
            .and_then(|zone| zone.iana_name());
        let hour = exclusion.first.start_us / (3_600 * SECOND_US) % 24;
        (exclusion.slis.join(","), zone, hour)
    });
    assert_eq!(
        found.collect::<Vec<_>>(),
        [
            (String::new(), None, 2),
            ("a".to_owned(), Some("Europe/Berlin"), 1)
        ]
    );
    let wrong = slis
        .replace("2026-11-01T04:00", "2026-11-01T01:00")
        .replace("batch", "''");
    assert_eq!(
        problems(&wrong, ""),
        [
            "1:99: there is no reason (the report says why something was dropped)",
            "1:131: `2026-11-01T01:00` is not after `2026-11-01T02:00`",
        ]
    );
}
