//! Retries against a search through all pairs of requests.

use std::cmp::Reverse;

use proptest::prelude::*;

use super::*;
use crate::visits::reactions::StatusClass;
use crate::visits::{VisitRow, sample};

fn retries(rows: &[VisitRow]) -> Retries {
    let plan = sample::plan(sample::START_US, sample::END_US);
    sample::answer(&plan, rows).retries.remove(0)
}

fn row(ts_us: i64, series: u32) -> VisitRow {
    VisitRow {
        shopper: Some(1),
        ts_us: sample::START_US + ts_us,
        series,
        weight: 1,
        is_slow: false,
    }
}

#[test]
fn a_row_of_retries_counts_once_with_its_last_outcome() {
    let within_us = sample::retries().within_us;
    let rows = [
        row(0, sample::BAD),
        row(within_us, sample::BAD),
        row(2 * within_us, sample::GOOD),
    ];
    let all = retries(&rows).all();
    assert_eq!(
        all,
        Attempts {
            requests: 3,
            intents: 1,
            good_intents: 1
        }
    );
    assert_eq!(all.amplification(), Some(3.0));
}

#[test]
fn later_repeats_repeats_of_what_went_well_and_other_routes_are_intents() {
    let within_us = sample::retries().within_us;
    let rows = [
        row(0, sample::BAD),
        row(within_us + 1, sample::BAD),
        row(within_us + 2, sample::CART),
        row(5 * within_us, sample::GOOD),
        row(5 * within_us + 1, sample::GOOD),
    ];
    assert_eq!(
        retries(&rows).all(),
        Attempts {
            requests: 5,
            intents: 5,
            good_intents: 3
        }
    );
}

#[test]
fn shoppers_are_not_mixed_up() {
    let other = VisitRow {
        shopper: Some(2),
        ..row(1, sample::GOOD)
    };
    assert_eq!(retries(&[row(0, sample::BAD), other]).all().intents, 2);
}

#[test]
fn an_intent_is_in_the_part_of_its_last_attempt() {
    let within_us = sample::retries().within_us;
    // A failure that no channel brought, and its repeat by way of a search.
    let found = retries(&[row(0, sample::BAD), row(within_us, sample::GOOD)]);
    let part = |name: &str| {
        let part = found.parts.iter().find(|part| part.name == name).unwrap();
        let windows = part.windows.iter().map(|window| window.attempts);
        windows.fold(Attempts::default(), Attempts::plus)
    };
    let search = Attempts {
        requests: 1,
        intents: 1,
        good_intents: 1,
    };
    let nothing = Attempts {
        requests: 1,
        ..Attempts::default()
    };
    assert_eq!((part("search"), part("")), (search, nothing));
    assert_eq!(search.plus(nothing), found.all());
}

#[test]
fn who_asks_nothing_for_half_an_hour_has_left() {
    let found = retries(&[
        row(0, sample::BAD),
        row(sample::LEAVE_US, sample::CART),
        row(2 * sample::LEAVE_US + 1, sample::CART),
    ]);
    let of = |class| {
        found
            .reactions
            .iter()
            .find(|reaction| reaction.class == class)
            .unwrap()
    };
    assert_eq!(of(StatusClass::ServerError).share_left(), Some(0.0));
    assert_eq!(of(StatusClass::Redirect).left, 2);
}

proptest! {
    #[test]
    fn they_are_what_a_search_through_all_pairs_finds(rows in sample::rows()) {
        let found = retries(&rows);
        let series = sample::series();
        let plan = sample::retries();
        let key = |row: &VisitRow| &series[row.series as usize];
        let mut rows: Vec<VisitRow> = rows.into_iter().filter(|row| row.shopper.is_some()).collect();
        rows.sort_by_key(|row| {
            let status = key(row).status;
            (row.ts_us, Reverse(if status == 0 { 999 } else { status }), key(row).clone(), row.is_slow, row.weight)
        });
        let mut windows: BTreeMap<i64, Attempts> = BTreeMap::new();
        let mut parts: BTreeMap<&str, BTreeMap<i64, Attempts>> = BTreeMap::new();
        let mut reactions: BTreeMap<StatusClass, [u64; 3]> = BTreeMap::new();
        for (index, row) in rows.iter().enumerate() {
            if !(sample::START_US..sample::END_US).contains(&row.ts_us) || !plan.valid.covers(key(row)) {
                continue;
            }
            let weight = u64::from(row.weight);
            let own = |later: &&VisitRow| later.shopper == row.shopper;
            let is_repeated = rows[index + 1..].iter().filter(own).any(|later| plan.valid.covers(key(later))
                && key(later).method == key(row).method && key(later).route == key(row).route
                && later.ts_us - row.ts_us <= plan.within_us);
            let has_left = !rows[index + 1..].iter().filter(own).any(|later| later.ts_us - row.ts_us <= plan.leave_us);
            let is_bad = plan.bad.covers(key(row));
            let start_us = row.ts_us.div_euclid(plan.window_us) * plan.window_us;
            let part = parts.entry(key(row).channel.as_str()).or_default();
            for window in [windows.entry(start_us).or_default(), part.entry(start_us).or_default()] {
                window.requests += weight;
                window.intents += weight * u64::from(!(is_bad && is_repeated));
                window.good_intents += weight * u64::from(!is_bad);
            }
            let reaction = reactions.entry(StatusClass::of(key(row).status)).or_default();
            for (sum, more) in reaction.iter_mut().zip([true, is_repeated, has_left]) {
                *sum += weight * u64::from(more);
            }
        }
        prop_assert_eq!(&found.windows, &in_order(windows));
        for part in &found.parts {
            let expected = parts.remove(part.name.as_str()).unwrap_or_default();
            prop_assert_eq!(&part.windows, &in_order(expected));
        }
        let fast: BTreeMap<_, _> = found.reactions.iter().filter(|reaction| reaction.requests > 0)
            .map(|reaction| (reaction.class, [reaction.requests, reaction.repeated, reaction.left])).collect();
        prop_assert_eq!(fast, reactions);
        let of_routes = found.routes.iter().map(|route| route.all).fold(Attempts::default(), Attempts::plus);
        prop_assert_eq!(of_routes, found.all());
    }

    #[test]
    fn parts_that_leave_out_nothing_add_up_to_the_whole_window_by_window(rows in sample::rows()) {
        let mut plan = sample::plan(sample::START_US, sample::END_US);
        plan.retries[0].parts = ["search", "", "partner:a"].map(sample::channel).to_vec();
        let found = sample::answer(&plan, &rows).retries.remove(0);
        let sum = found.parts.iter().fold(Vec::new(), |sum, part| sum_of(&sum, &part.windows));
        prop_assert_eq!(sum, found.windows);
    }
}
