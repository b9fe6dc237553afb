//! What each kind of SLI says of a log that is small enough to be counted by hand.
//!
//! The expected numbers stand beside the lines that they were counted from.

use serde_json::Value;

use super::hand_made_log::{
    BOT, Hit, assert_counts, assert_value, hit, judged, lake_of, log, per_window, values,
};
use super::program::{count, list, sli, text};

#[test]
fn a_ratio_a_cut_and_a_percentile_are_those_of_the_lines() {
    let answers = [
        (200, 0.1),
        (200, 0.2),
        (302, 0.3),
        (404, 0.4),
        (429, 0.5),
        (200, 0.5),
        (500, 0.501),
        (200, 1.0),
        (200, 2.0),
        (503, 3.0),
    ];
    let hits = (0..).zip(answers).map(|(second, (status, time_s))| Hit {
        time_s,
        ..hit(second + 10, 1, "GET /", status)
    });
    let folder = lake_of(&log(&hits.collect::<Vec<_>>()));
    let document = judged(
        &folder,
        "
events:
  page: {}
  found: {status: [2xx, 3xx]}
slis:
  - {kind: ratio, name: answered, title: T, event: page, min_count: 10}
  - {kind: ratio, name: named, title: T, event: page, bad_status: [4xx, '503'], min_count: 1}
  - {kind: ratio, name: by_event, title: T, event: page, good: found, min_count: 1}
  - {kind: ratio, name: too_few, title: T, event: page, min_count: 11}
  - {kind: latency_cut, name: fast, title: T, event: page, limit: 500ms, min_count: 1}
  - {kind: latency_cut, name: faster, title: T, event: page, limit: 499ms, min_count: 1}
  - {kind: latency, name: median, title: T, event: page, percentile: 50, min_count: 1}
  - {kind: latency, name: p90, title: T, event: page, percentile: 90, min_count: 1}
",
    );
    // Bad are 429, 500 and 503.
    assert_counts(sli(&document, "answered"), 0.7, 7, 10);
    // Bad are 404, 429 and 503.
    assert_counts(sli(&document, "named"), 0.7, 7, 10);
    // Good are five times 200 and once 302.
    assert_counts(sli(&document, "by_event"), 0.6, 6, 10);
    let too_few = sli(&document, "too_few");
    assert_eq!(text(too_few, "/state"), "not_enough_data");
    assert_eq!(too_few["value"], Value::Null);
    // 0.5 s itself is within 0.5 s, a millisecond more is not.
    assert_counts(sli(&document, "fast"), 0.6, 6, 10);
    assert_counts(sli(&document, "faster"), 0.4, 4, 10);
    // The 5th and the 9th of ten; buckets are at most a thousandth wide.
    for (name, exact_us) in [("median", 500_000.0), ("p90", 2_000_000.0)] {
        let found = sli(&document, name)["value"].as_f64().unwrap();
        let error = (found - exact_us) / exact_us;
        assert!((0.0..=0.001).contains(&error), "{name}: {found}");
    }
}

#[test]
fn a_rate_is_that_of_the_minutes_that_the_log_holds_wholly() {
    let mut hits = vec![hit(0, 1, "GET /", 200)];
    // Two orders in the first minute, none in the second, four in the third; those that failed
    // and those in the cut last minute do not count.
    for second in [10, 20, 120, 130, 140, 179] {
        hits.push(hit(second, 1, "POST /checkout", 303));
    }
    hits.push(hit(70, 1, "POST /checkout", 503));
    hits.push(hit(180, 1, "POST /checkout", 303));
    let folder = lake_of(&log(&hits));
    let document = judged(
        &folder,
        "
events:
  order: {method: POST, route: /checkout, status: [2xx, 3xx]}
slis:
  - {kind: rate, name: per_minute, title: T, event: order, per: minute}
  - {kind: rate, name: per_second, title: T, event: order, per: second}
",
    );
    let minute = sli(&document, "per_minute");
    assert_eq!(per_window(minute, "/count"), [2, 0, 4, 1]);
    assert_eq!(values(minute), [Some(2.0), Some(0.0), Some(4.0), None]);
    assert_value(&minute["value"], 2.0);
    assert_value(&sli(&document, "per_second")["value"], 2.0 / 60.0);
}

#[test]
fn an_apdex_counts_the_tolerated_half_and_what_failed_not_at_all() {
    // Satisfied: 0.1, 0.5. Tolerated: 0.6, 1.0, 2.0. Frustrated: 2.1, and 0.1 with 500.
    let answers = [
        (200, 0.1),
        (200, 0.5),
        (200, 0.6),
        (404, 1.0),
        (200, 2.0),
        (200, 2.1),
        (500, 0.1),
        (200, 9.0),
    ];
    let hits = (0..).zip(answers).map(|(second, (status, time_s))| Hit {
        time_s,
        ..hit(second + 10, 1, "GET /", status)
    });
    let folder = lake_of(&log(&hits.collect::<Vec<_>>()));
    let document = judged(
        &folder,
        "
events:
  page: {}
slis:
  - {kind: apdex, name: apdex, title: T, event: page, satisfied: 500ms, min_count: 1}
  - {kind: apdex, name: wide, title: T, event: page, satisfied: 500ms, tolerated: 10s, min_count: 1}
",
    );
    // Four times 0.5 s are tolerated where the set does not say.
    assert_value(&sli(&document, "apdex")["value"], (2.0 + 3.0 / 2.0) / 8.0);
    assert_value(&sli(&document, "wide")["value"], (2.0 + 5.0 / 2.0) / 8.0);
    assert_eq!(count(sli(&document, "apdex"), "/valid"), 8);
}

#[test]
fn windows_without_enough_data_are_neither_good_nor_bad() {
    let mut hits = Vec::new();
    // The second minute is beyond 0.9 for sure. Two bad of ten may be chance, and one request is
    // too few to judge; in the fifth minute nobody came.
    for (minute, requests, bad) in [(0, 20, 0), (1, 20, 8), (2, 1, 1), (3, 10, 2), (5, 20, 0)] {
        for index in 0..requests {
            let status = if index < bad { 500 } else { 200 };
            hits.push(hit(minute * 60 + index, 1, "GET /", status));
        }
    }
    let folder = lake_of(&log(&hits));
    let document = judged(
        &folder,
        "
events:
  page: {}
slis:
  - kind: ratio
    name: answered
    title: T
    event: page
    min_count: 2
    thresholds:
      - {level: warn, below: 0.9, for: 1m}
      - {level: contact, below: 0.5, for: 1m}
  - {kind: windows_good, name: calm, title: T, of: answered}
  - {kind: windows_good, name: bearable, title: T, of: answered, level: contact}
",
    );
    assert_eq!(
        values(sli(&document, "answered")),
        [Some(1.0), Some(0.6), None, Some(0.8), None, Some(1.0)]
    );
    assert_counts(sli(&document, "calm"), 0.75, 3, 4);
    assert_counts(sli(&document, "bearable"), 1.0, 4, 4);
}

#[test]
fn a_journey_is_its_worst_part_or_the_weighted_mean_and_nothing_while_a_part_is_missing() {
    let mut hits: Vec<Hit> = (0..8).map(|second| hit(second, 1, "GET /", 200)).collect();
    hits.extend([8, 9].map(|second| hit(second, 1, "GET /", 500)));
    for (second, status) in [(20, 303), (21, 503)] {
        hits.push(hit(second, 1, "POST /checkout", status));
    }
    let folder = lake_of(&log(&hits));
    let document = judged(
        &folder,
        "
events:
  home: {route: /}
  checkout: {route: /checkout}
  nothing: {route: /nowhere}
slis:
  - {kind: composite, name: worst, title: T, parts: [{sli: home}, {sli: checkout}]}
  - kind: composite
    name: mean
    title: T
    combine: weighted
    parts: [{sli: home, weight: 3}, {sli: checkout}]
  - {kind: composite, name: unknown, title: T, parts: [{sli: home}, {sli: nothing}]}
  - {kind: ratio, name: home, title: T, event: home, min_count: 1}
  - {kind: ratio, name: checkout, title: T, event: checkout, min_count: 1}
  - {kind: ratio, name: nothing, title: T, event: nothing, min_count: 1}
",
    );
    assert_value(&sli(&document, "home")["value"], 0.8);
    assert_value(&sli(&document, "checkout")["value"], 0.5);
    assert_value(&sli(&document, "worst")["value"], 0.5);
    assert_value(&sli(&document, "mean")["value"], (3.0 * 0.8 + 0.5) / 4.0);
    let unknown = sli(&document, "unknown");
    assert_eq!(unknown["value"], Value::Null);
    assert_eq!(text(unknown, "/state"), "not_enough_data");
    let parts = list(sli(&document, "mean"), "/detail/parts");
    assert_eq!(parts.len(), 2);
    assert_eq!(text(&parts[0], "/sli"), "home");
    assert_value(&parts[0]["weight"], 3.0);
}

#[test]
fn a_funnel_counts_each_shopper_once_a_day_and_its_steps_in_order_only() {
    let (home, cart, order) = ("GET /", "POST /cart", "POST /checkout");
    let bot = |second, request| Hit {
        agent: BOT,
        ..hit(second, 6, request, 200)
    };
    let hits = [
        // Comes to the end.
        hit(0, 1, home, 200),
        hit(10, 1, cart, 200),
        hit(20, 1, order, 200),
        // Had the cart before the home page, and never after it.
        hit(0, 2, cart, 200),
        hit(10, 2, home, 200),
        hit(20, 2, order, 200),
        // Comes to the cart, with a detour; the order fails.
        hit(0, 3, home, 200),
        hit(5, 3, "GET /elsewhere", 200),
        hit(10, 3, cart, 200),
        hit(20, 3, order, 503),
        // Comes again and again.
        hit(0, 4, home, 200),
        hit(1, 4, home, 200),
        hit(2, 4, home, 200),
        // Never comes to the first step.
        hit(0, 5, order, 200),
        // Is no shopper.
        bot(0, home),
        bot(1, cart),
        bot(2, order),
    ];
    let first_day = log(&hits);
    let second_day = log(&hits[..3]).replace("27/Nov", "28/Nov");
    let folder = lake_of(&(first_day + &second_day));
    let set = "
events:
  home: {title: Home, route: /}
  cart: {title: Cart, route: /cart}
  order: {title: Order, route: /checkout, status: [2xx, 3xx]}
slis:
  - {kind: funnel, name: shoppers, title: T, steps: [home, cart, order], min_count: 1}
  - {kind: funnel, name: requests, title: T, steps: [home, cart, order], count: requests, min_count: 1}
";
    let document = judged(&folder, set);
    let steps = |name: &str| -> Vec<(String, u64)> {
        let steps = list(sli(&document, name), "/detail/funnel").iter();
        steps
            .map(|step| (text(step, "/title").to_owned(), count(step, "/count")))
            .collect()
    };
    let named = |counts: [u64; 3]| {
        ["Home", "Cart", "Order"]
            .map(str::to_owned)
            .into_iter()
            .zip(counts)
            .collect::<Vec<_>>()
    };
    // On the first day 4, 2 and 1; on the second the first shopper again.
    assert_eq!(steps("shoppers"), named([5, 3, 2]));
    assert_counts(sli(&document, "shoppers"), 0.4, 2, 5);
    // Home: 1 + 1 + 1 + 3 and 1 more; carts: 3 and 1; orders that went well: 3 and 1.
    assert_eq!(steps("requests"), named([7, 4, 4]));
    assert_counts(sli(&document, "requests"), 4.0 / 7.0, 4, 7);
}

#[test]
fn user_uptime_is_the_share_of_the_seconds_that_worked() {
    let hits = [
        hit(0, 1, "GET /", 200),
        hit(30, 1, "GET /", 500),
        hit(40, 1, "GET /", 200),
        hit(10, 2, "GET /", 429),
        hit(100, 3, "GET /", 200),
        hit(300, 3, "GET /", 200),
    ];
    let folder = lake_of(&log(&hits));
    let document = judged(
        &folder,
        "
events:
  page: {}
slis:
  - {kind: user_uptime, name: uptime, title: T, event: page, cutoff: 60s, min_count: 1}
  - {kind: user_uptime, name: few, title: T, event: page, cutoff: 60s, min_count: 4}
",
    );
    let uptime = sli(&document, "uptime");
    // A second is up or down by the request before it, if that is less than a minute ago.
    let mut up = [0_u64; 6];
    let mut all = [0_u64; 6];
    for shopper in 1..=3 {
        for second in 0..360 {
            let own = hits.iter().filter(|hit| hit.shopper == shopper);
            let before = own.filter(|hit| hit.second <= second && second - hit.second < 60);
            if let Some(last) = before.max_by_key(|hit| hit.second) {
                let minute = second as usize / 60;
                all[minute] += 1;
                up[minute] += u64::from(last.status == 200);
            }
        }
    }
    assert_eq!((up.iter().sum(), all.iter().sum()), (210_u64, 280_u64));
    assert_counts(uptime, 0.75, 210, 280);
    assert_eq!(count(uptime, "/count"), 3, "shoppers");
    assert_eq!(per_window(uptime, "/good"), up);
    assert_eq!(per_window(uptime, "/valid"), all);
    assert_eq!(values(uptime)[3], None, "nobody was there");
    // The curve begins with the worst minute.
    let curve = list(uptime, "/detail/uptime");
    assert_eq!(count(&curve[0], "/window_us"), 60_000_000);
    assert_value(&curve[0]["uptime"], 50.0 / 110.0);
    assert_eq!(text(sli(&document, "few"), "/state"), "not_enough_data");
}
