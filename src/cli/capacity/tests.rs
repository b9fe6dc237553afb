//! Trials of hand-made requests: which journeys are lost for which goal, and why.

use std::path::Path;
use std::sync::Arc;

use super::goals::{GoalDefaults, Goals};
use super::judge::Judging;
use super::tally::{Tally, TallyPlan, order_of};
use super::typed::GoalText;
use crate::capacity::finding::GoalTrial;
use crate::declared_files;
use crate::drill::{DrillRecord, StepPart};
use crate::rollup::{RollupBuilder, RollupPlan};
use crate::scenario::{self, DrillPlan, ScenarioDefinition};
use crate::sli::{self, SliSetDefinition, SliSetPlan};

const SET: &str = "
name: test
window: 1m
rehearsal_window: 5s
events:
  checkout: {title: Checkout, method: POST, route: /checkout}
  any: {title: Any}
funnel: [any, checkout]
slis:
  - kind: latency
    name: p95
    title: Checkout p95
    event: checkout
    percentile: 95
    thresholds: [{level: warn, above: 1s, for: 5s}, {level: contact, above: 4s, for: 5s}]
  - kind: ratio
    name: success
    title: Checkouts answered
    event: checkout
    bad_status: [5xx, none]
    thresholds: [{level: contact, below: 0.9, for: 5s}]
  - kind: rate
    name: orders
    title: Orders
    event: checkout
    per: minute
    thresholds: [{level: contact, below: 1, for: 5s}]
";

/// A page, then the checkout.
const SCENARIO: &str = "
name: a
target: {base_url: 'http://127.0.0.1:9'}
traffic: {arrivals: even, curve: [{at: 0s, shoppers_per_s: 10}, {at: 20s, shoppers_per_s: 10}]}
shoppers: [{name: all, share: 1, journey: buy}]
journeys: {buy: [{get: /}, {post: /checkout}]}
limits: {schedule_lag_p99: 50ms}
";

const SECOND_US: i64 = 1_000_000;

fn set() -> SliSetPlan {
    let declared = declared_files::parse::<SliSetDefinition>(
        Path::new("set.yaml"),
        SET.as_bytes(),
        &|_: &str| None,
    );
    sli::resolve(&declared.unwrap()).unwrap()
}

fn plan() -> DrillPlan {
    let declared = declared_files::parse::<ScenarioDefinition>(
        Path::new("a.yaml"),
        SCENARIO.as_bytes(),
        &|_: &str| None,
    );
    let mut plan = scenario::resolve(&declared.unwrap()).unwrap();
    plan.assign_routes(&mut crate::route::Router::new(Vec::new()));
    plan
}

fn goals(set: &SliSetPlan) -> Goals {
    let defaults = GoalDefaults {
        trial_s: 10.0,
        trials: 3.0,
        width: 0.05,
    };
    Goals::new(&[], defaults, set, false).unwrap().0
}

/// The `number`th shopper's request for a step, answered after so many milliseconds.
fn request(number: u64, step: u16, due_ms: i64, took_ms: i64, status: u16) -> DrillRecord {
    DrillRecord {
        journey: 0,
        step,
        part: StepPart::Itself,
        channel: u16::MAX,
        kind: 0,
        attempt: 0,
        status,
        error: None,
        due_us: due_ms * 1_000,
        sent_us: due_ms * 1_000,
        first_byte_us: None,
        done_us: (due_ms + took_ms) * 1_000,
        is_new_connection: false,
        bytes_out: 0,
        shopper: number,
    }
}

/// 100 shoppers in ten seconds after a lead-in of five; `change` makes of each checkout what it will.
fn shoppers(change: impl Fn(u64, &mut DrillRecord)) -> Vec<DrillRecord> {
    let numbers = 0..150_u64;
    let both = numbers.flat_map(|number| {
        let at_ms = i64::try_from(number).unwrap() * 100;
        let mut checkout = request(number, 1, at_ms + 20, 200, 200);
        change(number, &mut checkout);
        [request(number, 0, at_ms, 20, 200), checkout]
    });
    both.collect()
}

fn tallied(set: &SliSetPlan, goals: &Goals, records: &[DrillRecord]) -> (TallyPlan, Tally) {
    let plan = TallyPlan {
        plan: Arc::new(plan()),
        marks: goals.marks.clone(),
        order: order_of(set),
        from_us: 5 * SECOND_US,
        to_us: 15 * SECOND_US,
    };
    let mut tally = Tally::default();
    tally.add(&plan, records);
    (plan, tally)
}

fn judged(records: &[DrillRecord], dropped: u64) -> Vec<GoalTrial> {
    let set = set();
    let goals = goals(&set);
    let (tally_plan, tally) = tallied(&set, &goals, records);
    let mut builder = RollupBuilder::new(RollupPlan::new(SECOND_US, set.cuts_us()));
    for (position, record) in (0..).zip(records) {
        builder.add_record(&record.as_request_record(&tally_plan.plan, "run", 0, position));
    }
    let judging = Judging {
        set: &set,
        goals: &goals,
        tally: &tally,
        plan: &tally_plan,
        rollup: &builder.finish(),
        started_us: 0,
        dropped,
        offered_per_s: 10.0,
    };
    judging.goals().unwrap()
}

fn losses(records: &[DrillRecord], dropped: u64) -> [f64; 3] {
    let goals = judged(records, dropped);
    let names: Vec<&str> = goals.iter().map(|goal| goal.goal.as_str()).collect();
    assert_eq!(names, ["comfortable", "contacts", "no_collapse"]);
    [0, 1, 2].map(|index| goals[index].loss_ratio)
}

fn is_near(found: [f64; 3], expected: [f64; 3]) -> bool {
    found
        .iter()
        .zip(expected)
        .all(|(found, expected)| (found - expected).abs() < 1e-9)
}

#[test]
fn a_trial_in_which_everything_is_well_loses_nothing() {
    let found = losses(&shoppers(|_, _| {}), 0);
    assert!(is_near(found, [0.0; 3]), "{found:?}");
}

#[test]
fn slow_checkouts_that_the_percentile_tolerates_lose_no_journey() {
    let found = losses(
        &shoppers(|number, checkout| {
            checkout.done_us += if number % 25 == 0 { 2 * SECOND_US } else { 0 };
        }),
        0,
    );
    assert!(is_near(found, [0.0; 3]), "{found:?}");
}

#[test]
fn an_sli_that_does_not_hold_loses_every_journey_that_it_touched_for_its_own_goal() {
    // One checkout in five takes longer than the warn level, none longer than the contact level.
    let records = shoppers(|number, checkout| {
        checkout.done_us += if number % 5 == 0 { 2 * SECOND_US } else { 0 };
    });
    let found = losses(&records, 0);
    assert!(is_near(found, [0.2, 0.0, 0.0]), "{found:?}");
    let goals = judged(&records, 0);
    assert_eq!(goals[0].missed[0].sli, "p95");
    assert_eq!(goals[0].missed[0].journeys, 20);
    assert_eq!(goals[0].missed[0].route.as_deref(), Some("POST /checkout"));
    assert!((goals[0].good_per_s - 8.0).abs() < 1e-9);
}

#[test]
fn failures_lose_journeys_for_the_goals_whose_slis_do_not_tolerate_them() {
    let failing = |one_in: u64| {
        losses(
            &shoppers(|number, checkout| {
                checkout.status = if number % one_in == 0 { 503 } else { 200 };
            }),
            0,
        )
    };
    // The ratio tolerates one in ten, and has no warn level.
    let tolerated = failing(20);
    assert!(is_near(tolerated, [0.0, 0.0, 0.05]), "{tolerated:?}");
    let missed = failing(4);
    assert!(is_near(missed, [0.0, 0.25, 0.25]), "{missed:?}");
}

#[test]
fn late_dropped_and_unanswered_journeys_are_lost_for_every_goal() {
    let late = losses(
        &shoppers(|number, checkout| {
            checkout.sent_us += if number == 60 { 60_000 } else { 0 };
        }),
        0,
    );
    assert!(is_near(late, [0.01; 3]), "{late:?}");
    let cut = losses(
        &shoppers(|number, checkout| {
            checkout.error = (number == 60).then_some("cancelled");
        }),
        0,
    );
    assert!(is_near(cut, [0.01; 3]), "{cut:?}");
    let dropped = losses(&shoppers(|_, _| {}), 25);
    assert!(is_near(dropped, [0.2; 3]), "{dropped:?}");
}

#[test]
fn what_is_due_in_the_lead_in_is_not_judged() {
    let found = losses(
        &shoppers(|number, checkout| {
            checkout.status = if number < 49 { 503 } else { 200 };
        }),
        0,
    );
    assert!(is_near(found, [0.0; 3]), "{found:?}");
}

#[test]
fn what_piles_up_is_lost_though_no_limit_is_passed_yet() {
    // Every checkout of the last five seconds is still under way at the end.
    let found = losses(
        &shoppers(|number, checkout| {
            checkout.done_us += if number >= 100 { 3_700_000 } else { 0 };
        }),
        0,
    );
    assert!(found[2] > 0.0, "{found:?}");
}

#[test]
fn what_piles_up_is_of_the_route_that_shoppers_waited_for_most() {
    let set = set();
    let goals = goals(&set);
    let waiting = |records: &[DrillRecord]| tallied(&set, &goals, records).1.waiting_route();
    let slow = shoppers(|number, checkout| {
        checkout.error = (number >= 100).then_some("cancelled");
    });
    assert_eq!(waiting(&slow).as_deref(), Some("POST /checkout"));
    let pages: Vec<DrillRecord> = slow
        .into_iter()
        .filter(|request| request.step == 0)
        .collect();
    assert_eq!(waiting(&pages).as_deref(), Some("GET /"));
    assert_eq!(waiting(&[]), None);
}

#[test]
fn rates_are_not_looked_at_and_goals_without_a_level_are_left_out() {
    let set = set();
    let names = |goal: usize| -> Vec<String> {
        let slis = goals(&set).list[goal].slis.clone().into_iter();
        slis.map(|sli| set.slis[sli.sli].name.clone()).collect()
    };
    assert_eq!(names(0), ["p95"]);
    assert_eq!(names(1), ["p95", "success"]);
    let mut bare = set.clone();
    bare.slis.iter_mut().for_each(|sli| sli.levels.clear());
    let defaults = GoalDefaults {
        trial_s: 60.0,
        trials: 3.0,
        width: 0.05,
    };
    let (left, notes) = Goals::new(&[], defaults, &bare, false).unwrap();
    assert_eq!((left.list.len(), notes.len()), (1, 2));
    let asked = [GoalText::named("contacts")];
    let refused = Goals::new(&asked, defaults, &bare, false)
        .map(|_| ())
        .unwrap_err();
    assert!(
        refused.message.contains("has a contact level"),
        "{}",
        refused.message
    );
    assert!(Goals::new(&[], defaults, &bare, true).is_err());
}
