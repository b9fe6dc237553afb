//! Problems against a search through all requests.

use proptest::prelude::*;

use super::*;
use crate::visits::sample;

const MINUTE_US: i64 = 60_000_000;

fn clusters(rows: &[VisitRow]) -> Clusters {
    let plan = sample::plan(sample::START_US, sample::END_US);
    sample::answer(&plan, rows).clusters.unwrap()
}

fn row(shopper: i64, minute: i64, series: u32) -> VisitRow {
    VisitRow {
        shopper: Some(shopper),
        ts_us: sample::START_US + 600 * MINUTE_US + minute * MINUTE_US,
        series,
        weight: 1,
        is_slow: false,
    }
}

#[test]
fn fifty_shoppers_with_the_same_problem_are_one_problem() {
    let mut rows: Vec<VisitRow> = (0..50)
        .map(|shopper| row(shopper, shopper, sample::BAD))
        .collect();
    rows.push(row(7, 3, sample::BAD));
    rows.push(VisitRow {
        shopper: None,
        ..row(0, 3, sample::BAD)
    });
    let found = clusters(&rows);
    let problem = found.ranked().next().unwrap();
    assert_eq!(
        (
            problem.shoppers,
            problem.requests,
            problem.unattributed_requests
        ),
        (50, 52, 1)
    );
    assert_eq!(problem.problem, Problem::Status(503));
    assert_eq!(problem.last_us - problem.first_us, 49 * MINUTE_US);
    assert_eq!(Cluster::top(&problem.services), Some(("web", 52)));
}

#[test]
fn a_pause_of_the_gap_parts_and_statuses_are_apart() {
    let rows = [
        row(1, 0, sample::BAD),
        row(1, 5, sample::BAD),
        row(1, 5, sample::CART_BAD),
        row(1, 9, sample::BAD),
    ];
    let found = clusters(&rows);
    let requests: Vec<u64> = found
        .clusters
        .iter()
        .map(|cluster| cluster.requests)
        .collect();
    assert_eq!(
        found.clusters.len() as u64 + found.small_clusters,
        3,
        "{requests:?}"
    );
}

#[test]
fn slow_requests_are_a_problem_of_their_own_unless_they_failed() {
    let slow = |series| VisitRow {
        is_slow: true,
        ..row(1, 0, series)
    };
    let mut rows = vec![slow(sample::GOOD), slow(sample::BAD)];
    rows.extend([2, 3].map(|shopper| VisitRow {
        shopper: Some(shopper),
        ..slow(sample::GOOD)
    }));
    let found = clusters(&rows);
    let first = found.ranked().next().unwrap();
    assert_eq!((first.problem, first.shoppers), (Problem::Slow, 3));
    assert_eq!(found.small(), (1, 1));
}

#[test]
fn a_problem_over_midnight_is_one_with_each_shopper_once_unless_it_paused_for_the_gap() {
    let midnight_us = sample::START_US + sample::DAY_US;
    for (pause_us, expected) in [(5 * MINUTE_US - 1, vec![3]), (5 * MINUTE_US, vec![2, 2])] {
        let at = |shopper, ts_us| VisitRow {
            ts_us,
            ..row(shopper, 0, sample::BAD)
        };
        let (last_us, first_us) = (midnight_us - MINUTE_US, midnight_us - MINUTE_US + pause_us);
        let rows = [
            at(1, last_us),
            at(2, last_us),
            at(2, first_us),
            at(3, first_us),
        ];
        let day = |start_us| {
            let plan = sample::plan(start_us, start_us + sample::DAY_US);
            sample::answer(&plan, &rows).clusters.unwrap()
        };
        let mut merged = day(midnight_us);
        merged.merge(&day(sample::START_US));
        let shoppers: Vec<u64> = merged.ranked().map(|problem| problem.shoppers).collect();
        assert_eq!(shoppers, expected);
    }
}

#[test]
fn of_equal_names_the_first_is_on_top() {
    let table = BTreeMap::from([
        ("b".to_owned(), 2),
        ("a".to_owned(), 2),
        ("c".to_owned(), 1),
    ]);
    assert_eq!(Cluster::top(&table), Some(("a", 2)));
    assert_eq!(Cluster::top(&BTreeMap::new()), None);
}

proptest! {
    #[test]
    fn they_are_what_a_search_through_all_requests_finds(rows in sample::rows()) {
        let found = clusters(&rows);
        let series = sample::series();
        let plan = sample::clusters();
        let mut subjects: BTreeMap<(Problem, &str), Vec<&VisitRow>> = BTreeMap::new();
        for row in rows.iter().filter(|row| (sample::START_US..sample::END_US).contains(&row.ts_us)) {
            let key = &series[row.series as usize];
            let problem = match (plan.failing.covers(key), row.is_slow) {
                (true, _) => Problem::Status(key.status),
                (false, true) => Problem::Slow,
                (false, false) => continue,
            };
            subjects.entry((problem, &key.route)).or_default().push(row);
        }
        let mut slow = Vec::new();
        let mut small = (0, 0);
        for ((problem, route), mut rows) in subjects {
            rows.sort_by_key(|row| row.ts_us);
            for rows in rows.chunk_by(|one, next| next.ts_us - one.ts_us < plan.gap_us) {
                let shoppers: BTreeSet<i64> = rows.iter().filter_map(|row| row.shopper).collect();
                let requests: u64 = rows.iter().map(|row| u64::from(row.weight)).sum();
                if shoppers.len() < 2 {
                    small = (small.0 + 1, small.1 + requests);
                } else {
                    slow.push((problem, route.to_owned(), rows[0].ts_us, rows[rows.len() - 1].ts_us, shoppers.len() as u64, requests));
                }
            }
        }
        let mut fast: Vec<_> = found.ranked().map(|cluster| (cluster.problem, cluster.route.clone(),
            cluster.first_us, cluster.last_us, cluster.shoppers, cluster.requests)).collect();
        fast.sort();
        slow.sort();
        prop_assert_eq!(fast, slow);
        prop_assert_eq!(found.small(), small);
    }
}
