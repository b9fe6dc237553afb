//! Sessions by hand: what counts as a page, a way, a pause, an exit.

use super::roles::Role;
use super::{Learned, LearnedPlan, Request, RequestSeries, Requests, learn};
use crate::time_window::TimeWindow;

const S: i64 = 1_000_000;
const GAP_US: i64 = 1_800 * S;
const SERIES: [(&str, &str, u16); 8] = [
    ("GET", "/", 200),
    ("GET", "/a", 200),
    ("GET", "/b", 500),
    ("GET", "/b", 200),
    ("GET", "/x.css", 200),
    ("POST", "/c", 200),
    ("POST", "/login", 302),
    ("GET", "/account", 200),
];

/// Requests by shopper, tenths of a second and index of the series; each takes a tenth.
fn learned(rows: &[(i64, i64, u32)], range_s: i64) -> Learned {
    learned_where(rows, range_s, false)
}

/// The same; says whether steps follow redirects.
fn learned_where(rows: &[(i64, i64, u32)], range_s: i64, is_followed: bool) -> Learned {
    let series = SERIES.map(|(method, route, status)| RequestSeries {
        method: method.to_owned(),
        route: route.to_owned(),
        status,
        is_followed,
        ..RequestSeries::default()
    });
    let rows = rows.iter().map(|(shopper, tenths, series)| Request {
        shopper: *shopper,
        ts_us: tenths * S / 10,
        series: *series,
        latency_us: 100_000,
    });
    let requests = Requests {
        rows: rows.collect(),
        series: series.into(),
        one_of: 1,
        ..Requests::default()
    };
    let plan = LearnedPlan {
        range: TimeWindow {
            start_us: 0,
            end_us: range_s * S,
        },
        known_until_us: range_s * S,
        gap_us: GAP_US,
        share_min: 0.0,
    };
    learn(requests, plan)
}

fn page(learned: &Learned, route: &str) -> usize {
    let found = learned.places.iter().position(|place| place.route == route);
    found.unwrap()
}

#[test]
fn what_failed_says_nothing_of_where_shoppers_go() {
    let rows = [
        (1, 0, 0),
        (1, 100, 1),
        (1, 200, 2),
        (1, 250, 3),
        (2, 0, 0),
        (2, 2, 4),
        (2, 50, 1),
        (2, 300, 2),
    ];
    let found = learned(&rows, 3 * 3_600);
    let (home, a, b) = (page(&found, "/"), page(&found, "/a"), page(&found, "/b"));
    assert_eq!(found.places[page(&found, "/x.css")].role, Role::File);
    assert_eq!(
        (found.failures, found.retries, found.kinds.len()),
        (1, 1, 1)
    );
    let chain = &found.kinds[0].chain;
    assert_eq!((chain.sessions, chain.starts[home]), (2, 2));
    assert_eq!(
        (chain.ways[&(home, a)].count, chain.ways[&(a, b)].count),
        (2, 2)
    );
    // The file was there at 0.3 s, the page at 5 s.
    let pauses = &chain.ways[&(home, a)].pauses;
    assert_eq!(pauses.count(), 2);
    assert!(pauses.at_rank_us(1).unwrap().abs_diff(4_700_000) < 5_000);
    assert!(pauses.at_rank_us(2).unwrap().abs_diff(9_900_000) < 10_000);
    // The second shopper may have left because of the failure.
    assert_eq!((chain.visits[b], chain.exits[b]), (2, 1));
    assert_eq!(chain.exits.iter().sum::<u64>(), 1);
}

#[test]
fn a_long_pause_ends_a_session_and_the_end_of_the_range_does_not() {
    let gap = GAP_US / S * 10;
    let first = [(1, 0, 0), (1, gap, 1), (1, 2 * gap + 1, 0)];
    let last = [(2, 140_000, 0), (2, 155_000, 0), (2, 170_000, 0)];
    let rows = [first, last].concat();
    let found = learned(&rows, 5 * 3_600);
    assert_eq!(found.starts_us.len(), 3);
    assert_eq!(found.new_sessions, 2);
    let chain = &found.kinds[0].chain;
    // Whoever came quarter of an hour before the end may have gone on.
    assert_eq!(chain.exits.iter().sum::<u64>(), 2);
    let short = learned(&first, 3_700);
    assert!(short.is_short && !found.is_short);
    assert_eq!(short.kinds[0].chain.exits.iter().sum::<u64>(), 2);
}

#[test]
fn shoppers_who_send_something_are_a_kind_of_their_own_where_there_are_enough() {
    let rows = |each: i64| -> Vec<(i64, i64, u32)> {
        (0..each)
            .flat_map(|shopper| {
                [
                    (shopper, 0, 0),
                    (shopper + 1_000, 0, 0),
                    (shopper + 1_000, 50, 5),
                ]
            })
            .collect()
    };
    let names = |each: i64| -> Vec<&str> {
        let found = learned(&rows(each), 10 * 3_600);
        found.kinds.iter().map(|kind| kind.name).collect()
    };
    assert_eq!(names(50), ["browser", "buyer"]);
    assert_eq!(names(49), ["shopper"]);
}

#[test]
fn what_a_step_gets_behind_a_redirect_is_no_page_of_its_own() {
    // The first is redirected to its account, the second goes there after three seconds.
    let rows = [
        (1, 0, 0),
        (1, 50, 6),
        (1, 52, 7),
        (1, 100, 1),
        (2, 0, 6),
        (2, 30, 7),
    ];
    let seen = |is_followed: bool| {
        let found = learned_where(&rows, 3_600, is_followed);
        let (login, account, a) = (
            page(&found, "/login"),
            page(&found, "/account"),
            page(&found, "/a"),
        );
        let chain = &found.kinds[0].chain;
        let count = |way| chain.ways.get(&way).map_or(0, |way| way.count);
        let ways = [(login, account), (account, a), (login, a)].map(count);
        let pause_us = chain.ways.get(&(login, a)).map(|way| way.pauses.count());
        (found.followed, chain.visits[account], ways, pause_us)
    };
    assert_eq!(seen(false), (0, 2, [2, 1, 0], None));
    assert_eq!(seen(true), (1, 1, [1, 0, 1], Some(1)));
}
