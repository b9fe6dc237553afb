//! Probes that were counted by hand, and properties against slow, obvious oracles.

mod hanging;
mod judging;

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::spans::Spans;
use super::*;
use crate::declared_files::{DeclaredFileError, parse};
use crate::time_window::{TimeWindow, parse_time};

const S: i64 = 1_000_000;

fn understood(text: &str) -> Result<ProbePlan, DeclaredFileError> {
    let environment = |name: &str| (name == "TOKEN").then(|| "s3cr3t-token".to_owned());
    resolve(&parse(
        Path::new("partners.yaml"),
        text.as_bytes(),
        &environment,
    )?)
}

/// Two partners on loopback, one probe a minute, no jitter; `sla` is the first one's, `more` of the file.
fn plan(sla: &str, more: &str) -> ProbePlan {
    understood(&format!(
        "name: two\npartners:\n  - {{name: a, base_url: 'http://127.0.0.1:1', jitter: 0s, sla: {sla}}}\n  - {{name: b, base_url: 'http://127.0.0.2:2', jitter: 0s}}\n{more}"
    ))
    .unwrap()
}

fn at(text: &str) -> i64 {
    parse_time(text, &jiff::tz::TimeZone::UTC, 0).unwrap()
}

fn probe(probed: usize, start_us: i64, failure: Option<FailureKind>) -> Attempt {
    Attempt {
        probed,
        prober: 0,
        start_us,
        end_us: start_us + 100_000,
        took_us: 100_000,
        failure,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn a_probe_comes_after_its_turn_by_the_jitter_at_most_and_never_before_the_one_before(
        every_ms in 100_i64..100_000,
        jitter_share in 0_i64..100,
        seed: u64,
        index in 0_usize..100,
        number in 0_u64..1_000_000,
    ) {
        let mut probed = plan("{}", "").partners[0].probed.clone();
        probed.every_us = every_ms * 1_000;
        probed.jitter_us = probed.every_us * jitter_share / 100;
        let due = due_us(&probed, seed, index, number);
        let turn = i64::try_from(number).unwrap() * probed.every_us;
        prop_assert!((turn..=turn + probed.jitter_us).contains(&due));
        let next = due_us(&probed, seed, index, number + 1);
        prop_assert!(due < next);
        prop_assert_eq!(due, due_us(&probed, seed, index, number));
    }

    #[test]
    fn sets_of_time_are_what_their_moments_say(
        one in prop::collection::vec((0_i64..60, 0_i64..10), 0..8),
        other in prop::collection::vec((0_i64..60, 0_i64..10), 0..8),
        window in (0_i64..60, 0_i64..30),
    ) {
        let windows = |pairs: &[(i64, i64)]| -> Vec<TimeWindow> {
            pairs.iter().map(|(start, length)| TimeWindow { start_us: *start, end_us: start + length }).collect()
        };
        let is_in = |pairs: &[(i64, i64)], moment: i64| windows(pairs).iter().any(|window| window.contains(moment));
        let window = TimeWindow { start_us: window.0, end_us: window.0 + window.1 };
        let left = Spans::new(windows(&one)).without(&Spans::new(windows(&other))).within(window);
        let expected: Vec<i64> = (0..100)
            .filter(|moment| is_in(&one, *moment) && !is_in(&other, *moment) && window.contains(*moment))
            .collect();
        let found: Vec<i64> = (0..100).filter(|moment| left.contains(*moment)).collect();
        prop_assert_eq!(left.length_us(), i64::try_from(expected.len()).unwrap());
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn the_jitter_reaches_both_of_its_ends_and_partners_do_not_march_in_step() {
    let mut probed = plan("{}", "").partners[0].probed.clone();
    probed.jitter_us = 3;
    let late = |index: usize| -> Vec<i64> {
        let each = (1..200).map(|number| due_us(&probed, 7, index, number));
        each.zip(1..)
            .map(|(due, number)| due - number * probed.every_us)
            .collect()
    };
    assert!((0..=3).all(|late_us| late(0).contains(&late_us)));
    assert_ne!(late(0), late(1));
}

#[test]
fn a_loss_of_our_own_network_is_one_in_which_nobody_was_reached() {
    use FailureKind::{Connect, Dns, Refused, Status, Timeout, Tls};
    // Who, and how it ended; whether each says nothing.
    type Case<'a> = (&'a [(usize, Option<FailureKind>)], &'a [bool]);
    let without_reference: [Case<'_>; 7] = [
        (
            &[(0, None), (0, Some(Dns)), (1, Some(Connect)), (0, None)],
            &[false, true, true, false],
        ),
        // The other one was reached in between.
        (
            &[(0, Some(Timeout)), (1, None), (0, Some(Timeout))],
            &[false, false, false],
        ),
        // Any answer proves the network.
        (
            &[(0, Some(Timeout)), (1, Some(Status(503)))],
            &[false, false],
        ),
        (&[(0, Some(Timeout)), (1, Some(Tls))], &[false, false]),
        (&[(0, Some(Refused)), (1, Some(Refused))], &[false, false]),
        // One that goes on.
        (
            &[(1, None), (1, Some(Dns)), (0, Some(Dns))],
            &[false, true, true],
        ),
        // Not everybody was tried.
        (&[(0, Some(Dns)), (0, Some(Dns))], &[false, false]),
    ];
    let with_reference: [Case<'_>; 3] = [
        (
            &[(0, Some(Dns)), (2, Some(Dns)), (0, None)],
            &[true, true, false],
        ),
        (
            &[
                (0, Some(Dns)),
                (2, Some(Status(500))),
                (0, Some(Dns)),
                (2, None),
            ],
            &[false; 4],
        ),
        // All partners are down, and the reference was not asked.
        (&[(0, Some(Dns)), (1, Some(Dns))], &[false, false]),
    ];
    let reference = "references: [{name: r, base_url: 'http://127.0.0.1:3'}]\n";
    for (more, cases) in [
        ("", &without_reference[..]),
        (reference, &with_reference[..]),
    ] {
        let plan = plan("{}", more);
        for (probes, expected) in cases {
            let attempts = probes.iter().zip(0..);
            let attempts: Vec<Attempt> = attempts
                .map(|((probed, failure), index)| probe(*probed, index * S, *failure))
                .collect();
            assert_eq!(own_network(&plan, &attempts), *expected, "{probes:?}");
        }
    }
}

#[test]
fn each_prober_has_a_network_of_its_own() {
    let plan = plan("{}", "");
    let lost = Some(FailureKind::Connect);
    let other = |attempt: Attempt| Attempt {
        prober: 1,
        ..attempt
    };
    let attempts = [
        probe(0, 0, lost),
        other(probe(0, 1, None)),
        probe(1, 2, lost),
        other(probe(1, 3, lost)),
    ];
    assert_eq!(own_network(&plan, &attempts), [true, false, true, false]);
}

#[test]
fn a_prober_that_sent_nothing_says_nothing_of_a_partner() {
    let plan = plan("{}", "");
    let attempts = [
        probe(0, 0, Some(FailureKind::of_row("ports", 0))),
        probe(0, 1, Some(FailureKind::of_row("descriptors", 0))),
        probe(0, 2, Some(FailureKind::of_row("request", 0))),
        probe(0, 3, Some(FailureKind::of_row("connect", 0))),
    ];
    assert_eq!(own_network(&plan, &attempts), [true, true, true, false]);
}

#[test]
fn one_partner_alone_cannot_be_told_from_our_own_network() {
    let text = "name: one\npartners:\n  - {name: a, base_url: 'http://127.0.0.1:1'}\n";
    let one = understood(text).unwrap();
    assert!(!NetworkWatch::new(&one).can_tell());
    let same_host = format!("{text}  - {{name: b, base_url: 'http://127.0.0.1:2'}}\n");
    assert!(!NetworkWatch::new(&understood(&same_host).unwrap()).can_tell());
    assert!(NetworkWatch::new(&plan("{}", "")).can_tell());
    let attempts = [probe(0, 0, Some(FailureKind::Dns))];
    assert_eq!(own_network(&one, &attempts), [false]);
}

/// Messages of all problems of a file.
fn problems(text: &str) -> Vec<String> {
    let error = understood(text).unwrap_err();
    let problems = error.problems().iter();
    problems
        .map(|problem| format!("{} {}", problem.place, problem.message))
        .collect()
}

#[test]
fn every_problem_is_said_where_it_stands() {
    let text = "\
name: p
references:
  - {name: a, base_url: 'http://127.0.0.1:3', every: 10ms}
partners:
  - name: a
    base_url: 'https://api.example'
    jitter: 2m
    steps:
      - {get: health, chance: 0.5}
      - {get: '/{quote}', on_failure: continue}
    sla:
      latency: [{limit: 1s, over: [day]}]
      availability: {target: 0.99, over: [5000d]}
      exclusions: [{reason: '', from: 2026-11-02, to: 2026-11-01, repeat: FREQ=HOURLY}]
";
    assert_eq!(
        problems(text),
        [
            "3:12 there is a `a` already",
            "3:54 a probe comes every 100ms at most",
            "6:15 host `api.example` is not in `hosts_allowed`",
            "7:13 the jitter is not below `every`",
            "9:15 path `health` does not begin with `/`",
            "9:31 `chance` has no place in a probe",
            "10:15 unknown variable `quote`",
            "10:39 `on_failure` has no place in a probe",
            "12:17 a latency has exactly one of `share` and `percentile`",
            "13:43 `5000d` is no stretch of time",
            "14:29 there is no reason",
            "14:55 `2026-11-01` is not after `2026-11-02`",
            "14:75 `FREQ=HOURLY` recurs more than once a day",
        ]
        .map(str::to_owned)
    );
}

#[test]
fn a_secret_from_the_environment_is_in_no_message() {
    let text = "name: p\npartners:\n  - {name: a, base_url: 'http://127.0.0.1:3', auth: {bearer: '${env:TOKEN}', basic: {user: x, password: '${env:TOKEN}'}}, steps: [{get: '${env:TOKEN}'}]}\n";
    let shown = understood(text).unwrap_err().to_string();
    assert!(
        shown.contains("exactly one of `basic` and `bearer`"),
        "{shown}"
    );
    assert!(!shown.contains("s3cr3t"), "{shown}");
}
