//! Promises that were counted by hand.

use super::*;
use crate::sli::SliState;

const MINUTE: i64 = 60 * S;

/// The first partner's probes, one a minute from `from_us` on, of which those at `failed` fail.
fn every_minute(from_us: i64, count: i64, failed: &[i64]) -> Vec<Attempt> {
    let probes = (0..count).map(|index| {
        let failure = failed.contains(&index).then_some(FailureKind::Status(503));
        probe(0, from_us + index * MINUTE, failure)
    });
    probes.collect()
}

fn judged(
    plan: &ProbePlan,
    attempts: &[Attempt],
    own: &[bool],
    range: TimeWindow,
) -> PartnerOutcome {
    let evidence = Evidence {
        attempts,
        own,
        since_us: attempts[0].start_us,
        range,
    };
    judge(&plan.partners[0], evidence, &plan.time_zone).unwrap()
}

fn day(attempts: &[Attempt], sla: &str) -> PartnerOutcome {
    let start_us = at("2026-11-27");
    let range = TimeWindow {
        start_us,
        end_us: start_us + 24 * 60 * MINUTE,
    };
    judged(
        &plan(sla, ""),
        attempts,
        &vec![false; attempts.len()],
        range,
    )
}

const BY_TIME: &str = "{availability: {target: 0.999, over: [day], counts: downtime}, latency: [{limit: 800ms, share: 0.99, over: [day]}]}";

#[test]
fn two_failed_probes_in_a_row_are_two_minutes_of_downtime() {
    let start_us = at("2026-11-27");
    // One alone, two, and three, of 1,440.
    let attempts = every_minute(start_us, 1_440, &[5, 100, 101, 200, 201, 202]);
    let outcome = day(&attempts, BY_TIME);
    let found: Vec<(i64, usize, IncidentEnd)> = outcome
        .incidents
        .iter()
        .map(|incident| {
            let minutes = (incident.end_us - incident.start_us) / MINUTE;
            (minutes, incident.probes, incident.end)
        })
        .collect();
    assert_eq!(
        found,
        [
            (2, 2, IncidentEnd::Recovered),
            (3, 3, IncidentEnd::Recovered)
        ]
    );
    assert_eq!(outcome.incidents[0].start_us, start_us + 100 * MINUTE);
    assert_eq!(outcome.incidents[0].kinds, [FailureKind::Status(503)]);
    let day = &outcome.objectives[0].windows[0];
    assert_eq!(
        (day.totals.down_us, day.totals.measured_us),
        (5 * MINUTE, 1_440 * MINUTE)
    );
    assert_eq!((day.good, day.valid), (1_434, 1_440));
    assert_eq!(day.value, Some(1_435.0 / 1_440.0));
    // 0.1 % of a day are 86.4 s.
    assert_eq!(day.allowed_us, Some(86_400_000));
    assert_eq!(day.state, SliState::Missed);
}

#[test]
fn a_flawless_day_of_1440_probes_cannot_prove_999_in_a_thousand() {
    let attempts = every_minute(at("2026-11-27"), 1_440, &[]);
    let outcome = day(&attempts, BY_TIME);
    let available = &outcome.objectives[0].windows[0];
    assert_eq!(
        (available.state, available.count_min),
        (SliState::NotEnoughData, 2_995)
    );
    // 99 % within the limit takes 299 answers.
    let fast = &outcome.objectives[1].windows[0];
    assert_eq!(
        (fast.state, fast.good, fast.valid, fast.count_min),
        (SliState::Met, 1_440, 1_440, 299)
    );
}

#[test]
fn what_nobody_measured_is_neither_up_nor_down() {
    let start_us = at("2026-11-27");
    // Failed, then nobody looked for two hours, then failed again, then good.
    let mut attempts = every_minute(start_us, 600, &[598, 599]);
    let later = start_us + 720 * MINUTE;
    attempts.extend(every_minute(later, 720, &[0, 1]));
    let outcome = day(&attempts, BY_TIME);
    let ends: Vec<IncidentEnd> = outcome
        .incidents
        .iter()
        .map(|incident| incident.end)
        .collect();
    assert_eq!(ends, [IncidentEnd::NotMeasured, IncidentEnd::Recovered]);
    let totals = &outcome.totals;
    let partner = &plan("{}", "").partners[0];
    let last = attempts[599];
    let stands_for_us = partner.stands_until_us(&last) - last.start_us;
    assert_eq!(totals.elapsed_us, 1_440 * MINUTE);
    assert_eq!(totals.measured_us, (599 + 720) * MINUTE + stands_for_us);
    assert_eq!(totals.down_us, 3 * MINUTE + stands_for_us);
    let share = totals.measured_share().unwrap();
    assert!((0.916..0.918).contains(&share), "{share}");
    let worst = totals.up_share_at_worst().unwrap();
    assert!(worst < totals.up_share().unwrap() - 0.08, "{worst}");
}

#[test]
fn an_objective_is_not_met_where_too_little_was_measured() {
    let start_us = at("2026-11-27");
    // Half of the day, and then the prober was off.
    let attempts = every_minute(start_us, 720, &[]);
    let sla = |more: &str| format!("{{availability: {{target: 0.99, over: [day]}}{more}}}");
    let state = |sla: &str| day(&attempts, sla).objectives[0].windows[0].state;
    assert_eq!(state(&sla("")), SliState::NotEnoughData);
    assert_eq!(state(&sla(", measured: 0.4")), SliState::Met);
}

#[test]
fn what_the_contract_leaves_out_does_not_count_and_both_values_are_there() {
    let start_us = at("2026-11-27");
    let attempts = every_minute(start_us, 1_440, &[59, 60, 61, 62]);
    let sla = "{availability: {target: 0.99, over: [day]}, exclusions: [{reason: patches, from: 2026-11-27T01:00, to: 2026-11-27T02:00}]}";
    let outcome = day(&attempts, sla);
    let window = &outcome.objectives[0].windows[0];
    assert_eq!((window.good, window.valid), (1_379, 1_380));
    let totals = &window.totals;
    assert_eq!(
        (totals.good, totals.probes, totals.excluded),
        (1_436, 1_440, 60)
    );
    assert_eq!(totals.excluded_us, 60 * MINUTE);
    assert_eq!(totals.down_us, MINUTE);
    assert_eq!(totals.measured_share(), Some(1.0));
    assert_eq!(outcome.incidents[0].counted_us, MINUTE);
    assert_eq!(
        outcome.incidents[0].end_us - outcome.incidents[0].start_us,
        4 * MINUTE
    );
    assert_eq!(outcome.excluded[0].reason, "patches");
}

#[test]
fn a_loss_of_our_own_network_is_not_downtime() {
    let start_us = at("2026-11-27");
    let attempts = every_minute(start_us, 1_440, &[100, 101, 102]);
    let own: Vec<bool> = (0..1_440)
        .map(|index| (100..=102).contains(&index))
        .collect();
    let range = TimeWindow {
        start_us,
        end_us: start_us + 1_440 * MINUTE,
    };
    let outcome = judged(&plan(BY_TIME, ""), &attempts, &own, range);
    assert_eq!(outcome.incidents, []);
    let totals = &outcome.totals;
    assert_eq!((totals.counted, totals.own_network), (1_437, 3));
    assert_eq!((totals.down_us, totals.own_network_us), (0, 3 * MINUTE));
    assert_eq!(totals.measured_us, 1_437 * MINUTE);
    assert_eq!(outcome.own_network.len(), 1);
}

#[test]
fn few_probes_miss_a_target_only_when_chance_cannot_be_it() {
    let start_us = at("2026-11-27");
    let sla = "{availability: {target: 0.99, over: [day]}}";
    let state = |count: i64, failed: &[i64]| {
        day(&every_minute(start_us, count, failed), sla).objectives[0].windows[0].state
    };
    // One of 50 is below 99 %, but 10 in 10,000 would do that often.
    assert_eq!(state(50, &[7]), SliState::NotEnoughData);
    assert_eq!(state(50, &[7, 8, 9, 10]), SliState::Missed);
    assert_eq!(state(1_440, &[7, 8, 9, 10]), SliState::Met);
    let fifteen: Vec<i64> = (0..15).map(|index| index * 90).collect();
    assert_eq!(state(1_440, &fifteen), SliState::Missed);
}

#[test]
fn a_percentile_has_an_interval_from_59_answers_on() {
    let start_us = at("2026-11-27");
    let sla = "{latency: [{limit: 58ms, percentile: 95, over: [day]}], measured: 0}";
    let window = |count: i64| {
        let mut attempts = every_minute(start_us, count, &[]);
        for (attempt, took_ms) in attempts.iter_mut().zip(1..) {
            attempt.took_us = took_ms * 1_000;
        }
        day(&attempts, sla).objectives[0].windows[0].clone()
    };
    // Of 1 to 58 ms, 95 % is the 56th; the highest is no bound yet.
    let few = window(58);
    assert_eq!(
        (few.percentile_us, few.state),
        (Some((56_000, None)), SliState::NotEnoughData)
    );
    let enough = window(59);
    let (value_us, interval) = enough.percentile_us.unwrap();
    assert_eq!((value_us, interval.unwrap()[1]), (57_000, 59_000));
    assert_eq!(
        (enough.good, enough.valid, enough.state),
        (58, 59, SliState::Met)
    );
}

#[test]
fn failed_probes_have_no_latency() {
    let start_us = at("2026-11-27");
    let sla = "{latency: [{limit: 50ms, share: 0.9, over: [day]}]}";
    let outcome = day(&every_minute(start_us, 1_440, &[1, 2, 3]), sla);
    let window = &outcome.objectives[0].windows[0];
    assert_eq!((window.good, window.valid), (0, 1_437));
    assert_eq!(window.state, SliState::Missed);
}

#[test]
fn a_month_that_is_not_over_is_judged_as_far_as_it_is_known() {
    let start_us = at("2026-11-01");
    let attempts = every_minute(start_us, 3 * 1_440, &[]);
    let range = TimeWindow {
        start_us: start_us + 1_440 * MINUTE,
        end_us: start_us + 3 * 1_440 * MINUTE,
    };
    let sla = "{availability: {target: 0.999, over: [month, day, 48h]}}";
    let outcome = judged(
        &plan(sla, ""),
        &attempts,
        &vec![false; attempts.len()],
        range,
    );
    let counts: Vec<Vec<(u64, bool, SliState)>> = outcome
        .objectives
        .iter()
        .map(|objective| {
            let windows = objective.windows.iter();
            windows
                .map(|window| (window.valid, window.is_over, window.state))
                .collect()
        })
        .collect();
    assert_eq!(
        counts,
        [
            // The whole month so far, though the range begins on its second day.
            vec![(4_320, false, SliState::Met)],
            vec![(1_440, true, SliState::NotEnoughData); 2],
            vec![(2_880, true, SliState::NotEnoughData)],
        ]
    );
}

#[test]
fn a_proof_takes_more_probes_the_more_of_them_fail() {
    // 0.025^(1/n) ≥ 0.999 from 3,688 on.
    assert_eq!(probes_to_prove(0.999, 0, 0), Some(3_688));
    assert_eq!(probes_to_prove(0.999, 1_440, 1_440), Some(3_688));
    let some = probes_to_prove(0.999, 9_995, 10_000).unwrap();
    assert!((3_689..100_000).contains(&some), "{some}");
    assert_eq!(probes_to_prove(0.999, 999, 1_000), None);
    assert_eq!(probes_to_prove(0.999, 0, 10), None);
}

#[test]
fn a_stretch_that_is_not_over_is_missed_when_it_can_no_longer_be_met() {
    let start_us = at("2026-11-01");
    let range = TimeWindow {
        start_us,
        end_us: start_us + 3 * 1_440 * MINUTE,
    };
    let state = |sla: &str, failed: i64| {
        let failed: Vec<i64> = (100..100 + failed).collect();
        let attempts = every_minute(start_us, 3 * 1_440, &failed);
        let outcome = judged(
            &plan(sla, ""),
            &attempts,
            &vec![false; attempts.len()],
            range,
        );
        let month = outcome.objectives[0].windows[0].clone();
        // 30 days of 1,440 probes, of which one in a thousand may fail: 43.2 minutes.
        assert_eq!((month.allowed_bad, month.allowed_us), (43, Some(2_592 * S)));
        month.state
    };
    for counts in ["probes", "downtime"] {
        let sla = format!("{{availability: {{target: 0.999, over: [month], counts: {counts}}}}}");
        assert_eq!(state(&sla, 3), SliState::Met, "{counts}");
        assert_eq!(state(&sla, 10), SliState::NotEnoughData, "{counts}");
        assert_eq!(state(&sla, 43), SliState::NotEnoughData, "{counts}");
        assert_eq!(state(&sla, 44), SliState::Missed, "{counts}");
    }
}
