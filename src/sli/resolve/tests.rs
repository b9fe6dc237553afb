//! What files say, what they mean, and what is wrong with them, word for word.

use std::path::Path;

use super::*;
use crate::declared_files::parse;
use crate::request_record::Origin;
use crate::rollup::SeriesKey;
use crate::sli::plan::{BurnRule, GoodPlan, LimitPlan, Measure, Over};
use crate::status_pattern::StatusPattern;

/// Events, to which tests add the rest of a set.
const EVENTS: &str = "\
name: shop
routes: ['/product/{id}']
events:
  page: {}
  product: {method: GET, route: '/product/{id}'}
  checkout: {method: POST, route: /checkout}
  order: {method: POST, route: /checkout, status: [2xx]}
";
const RATIO: &str = "  - {kind: ratio, name: ok, title: OK, event: checkout}\n";

pub(super) fn read(yaml: &str) -> Result<SliSetPlan, DeclaredFileError> {
    let declared = parse(Path::new("set.yaml"), yaml.as_bytes(), &|_| None)?;
    resolve(&declared)
}

/// A set of these SLIs, with `rest` at its end.
pub(super) fn set(slis: &str, rest: &str) -> String {
    format!("{EVENTS}slis:\n{}{rest}", slis.trim_start_matches('\n'))
}

pub(super) fn plan(slis: &str) -> SliSetPlan {
    read(&set(slis, "")).unwrap()
}

/// `line:column: message (hint)` of each problem, lines counted from that of `slis:` as 0.
pub(super) fn problems(slis: &str, rest: &str) -> Vec<String> {
    let error = read(&set(slis, rest)).expect_err("the set is wrong");
    let first = u32::try_from(EVENTS.lines().count()).unwrap() + 1;
    let problems = error.problems().iter().map(|problem| {
        let hint = problem.hint.as_ref();
        let hint = hint.map_or_else(String::new, |hint| format!(" ({hint})"));
        let (line, column) = (problem.place.line, problem.place.column);
        let line = i64::from(line) - i64::from(first);
        format!("{line}:{column}: {}{hint}", problem.message)
    });
    problems.collect()
}

#[test]
fn the_shipped_set_means_what_it_says() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/sli-defs/shop.yaml"));
    let set = resolve(&crate::declared_files::load(path).unwrap()).unwrap();
    let kinds: Vec<(&str, &str)> = set
        .slis
        .iter()
        .map(|sli| (sli.name.as_str(), sli.measure.kind()))
        .collect();
    for kept in [
        ("checkout_p95", "latency"),
        ("checkout_success", "ratio"),
        ("checkout_within_3s", "latency_cut"),
        ("orders_per_min", "rate"),
        ("cart_adds_per_s", "rate"),
        ("availability", "ratio"),
        ("page_p99", "latency"),
    ] {
        assert!(kinds.contains(&kept), "no {kept:?} in {kinds:?}");
    }
    assert_eq!(set.cuts_us(), [500_000, 2_000_000, 3_000_000]);
}

#[test]
fn the_documented_set_is_valid() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/sli-defs/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (_, after) = readme.split_once("```yaml\n").unwrap();
    let (yaml, _) = after.split_once("```").unwrap();
    let plan = read(yaml).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(plan.collapse_within_us, Some(10_000_000));
    assert_eq!(plan.exclusions.len(), 2);
    assert_eq!(plan.slis[1].window_us, 900_000_000);
}

#[test]
fn unknown_names_are_all_said_at_once_with_the_nearest() {
    let slis = "
  - {kind: ratio, name: ok, title: OK, event: chekout, good: ordr}
  - {kind: windows_good, name: calm, title: Calm, of: okk}
  - {kind: composite, name: buying, title: Buying, parts: [{sli: clam}]}
  - {kind: funnel, name: way, title: Way, steps: [page, ordre]}
";
    let events = "events defined here: `checkout`, `order`, `page`, `product`";
    let names = "SLIs of this set: `ok`, `calm`, `buying`, `way`";
    assert_eq!(
        problems(slis, ""),
        [
            format!("1:47: unknown event `chekout` (did you mean `checkout`? {events})"),
            format!("1:62: unknown event `ordr` (did you mean `order`? {events})"),
            format!("2:55: unknown SLI `okk` (did you mean `ok`? {names})"),
            format!("3:66: unknown SLI `clam` (did you mean `calm`? {names})"),
            format!("4:57: unknown event `ordre` (did you mean `order`? {events})"),
        ]
    );
}

#[test]
fn a_ratio_has_one_way_to_be_good_and_good_ones_can_be_valid() {
    let slis = "
  - {kind: ratio, name: a, title: A, event: checkout, good: order, bad_status: [5xx]}
  - {kind: ratio, name: b, title: B, event: product, good: order}
";
    assert_eq!(
        problems(slis, ""),
        [
            "1:61: a ratio has only one of `good` and `bad_status`",
            "2:60: no request is both `product` and `order` (good requests are some of the valid ones)",
        ]
    );
}

#[test]
fn thresholds_have_one_limit_and_rise() {
    let slis = "
  - kind: rate
    name: orders
    title: Orders
    event: order
    thresholds:
      - {level: warn, for: 1m}
      - {level: warn, below: 1, below_expected: 0.5, for: 1m}
      - {level: warn, below: 5, for: 1m}
      - {level: contact, below: 6, for: 1m}
      - {level: contact, below_expected: 0.9, for: 1m}
      - {level: contact, below: 1, for: 1m}
";
    let exactly =
        "a threshold has exactly one of `below`, `above`, `below_expected` and `above_expected`";
    assert_eq!(
        problems(slis, ""),
        [
            format!("6:9: {exactly}"),
            format!("7:9: {exactly}"),
            "9:9: `contact` is crossed before `warn` (the level at which customers call is the worse one)".to_owned(),
            "11:9: there is such a `contact` level already (levels of one name differ in their side or in `for`)".to_owned(),
        ]
    );
}

#[test]
fn objectives_are_over_lengths_calendar_words_or_periods() {
    let periods = "periods:\n  - {name: cyber, from: 2026-11-27, to: 2026-12-01}\n";
    for (over, expected_h) in [
        ("28d", 672),
        ("36h", 36),
        ("day", 24),
        ("week", 168),
        ("month", 720),
        ("cyber", 96),
    ] {
        let slis = format!(
            "  - {{kind: ratio, name: ok, title: OK, event: checkout, objectives: [{{target: 0.99, over: {over}}}]}}\n"
        );
        let plan = read(&set(&slis, periods)).unwrap();
        let found = &plan.slis[0].objectives[0].over;
        assert_eq!(found.nominal_us() / 3_600_000_000, expected_h, "{over}");
        assert_eq!(
            matches!(found, Over::Rolling(_)),
            over.starts_with(['2', '3'])
        );
    }
}

#[test]
fn an_objective_over_nothing_known_is_refused() {
    let slis = "
  - kind: ratio
    name: ok
    title: OK
    event: checkout
    objectives:
      - {target: 0.99, over: cybre}
      - {target: 0.99, over: 0d}
      - {target: 0.99, over: 99999999999999999999d}
      - {target: 0.99, over: week}
      - {target: 0.98, over: week}
";
    let periods = "periods:\n  - {name: cyber, from: 2026-11-27, to: 2026-12-01}\n";
    assert_eq!(
        problems(slis, periods),
        [
            "6:30: unknown period `cybre` (did you mean `cyber`? a rolling window such as `28d`, or: `day`, `week`, `month`, `cyber`)",
            "7:30: `0d` is no length of a rolling window (write at least `1h` and at most `3660d`)",
            "8:30: `99999999999999999999d` is no length of a rolling window (write at least `1h` and at most `3660d`)",
            "10:30: there is an objective over `week` already",
        ]
    );
}

/// `name rate` of each burn rule of an objective.
fn rates(objective: &str) -> Vec<String> {
    let slis = format!(
        "  - {{kind: ratio, name: ok, title: OK, event: checkout, objectives: [{{{objective}}}]}}\n"
    );
    let objective = &plan(&slis).slis[0].objectives[0];
    let over_us = objective.over.nominal_us();
    let rate = |rule: &BurnRule| format!("{} {:.3}", rule.name, rule.burn_rate(over_us));
    objective.burn.iter().map(rate).collect()
}

#[test]
fn usual_burn_rates_follow_from_the_length_and_meaningless_ones_are_left_out() {
    let table: [(&str, &[&str]); 6] = [
        (
            "target: 0.99, over: 30d",
            &["page 14.400", "page 6.000", "ticket 1.000"],
        ),
        // 0.933 and 0.233: at less than 1 the budget lasts.
        ("target: 0.99, over: 28d", &["page 13.440", "page 5.600"]),
        ("target: 0.99, over: 7d", &["page 3.360", "page 1.400"]),
        ("target: 0.99, over: 4d", &["page 1.920"]),
        ("target: 0.99, over: day", &[]),
        // At 14.4 more than all requests would have to be bad.
        ("target: 0.9, over: 30d", &["page 6.000", "ticket 1.000"]),
    ];
    for (objective, expected) in table {
        assert_eq!(rates(objective), expected, "{objective}");
    }
}

#[test]
fn a_written_burn_rule_that_means_nothing_is_refused() {
    let slis = "
  - kind: ratio
    name: ok
    title: OK
    event: checkout
    objectives:
      - target: 0.9
        over: 7d
        burn:
          - {name: ticket, budget: 0.1, long: 3d, short: 6h}
          - {name: page, budget: 0.02, long: 8d, short: 5m}
          - {name: page, budget: 0.02, long: 1h, short: 1h}
          - {name: page, budget: 0.9, long: 1h, short: 5m}
          - {name: page, budget: 0, long: 1h, short: 5m}
          - {name: page, budget: 0.02, long: 1h, short: 5m}
";
    assert_eq!(
        problems(slis, ""),
        [
            "9:13: the rule `ticket` speaks at a burn rate of 0.233, at which the budget lasts (a budget of at least 0.429 in that `long`, or a shorter one)",
            "10:13: `long` of the rule `page` outlasts its objective (choose a shorter one)",
            "11:13: `short` of the rule `page` is not within `long` (usual is a twelfth of `long`)",
            "12:13: the rule `page` can never speak: at a burn rate of 151.20 more than all requests would be bad (choose a smaller budget, a longer `long` or a higher target)",
            "13:13: the rule `page` has no budget (write 0.02 for 2 %)",
        ]
    );
}

#[test]
fn what_is_made_of_other_slis_must_fit_and_not_be_made_of_itself() {
    let slis = "
  - {kind: rate, name: orders, title: Orders, event: order}
  - {kind: ratio, name: ok, title: OK, event: checkout, thresholds: [{level: contact, below: 0.9, for: 1m}]}
  - {kind: windows_good, name: calm, title: Calm, of: ok}
  - {kind: windows_good, name: calmer, title: Calmer, of: ok, level: warn}
  - {kind: composite, name: sum, title: Sum, parts: [{sli: orders}, {sli: ok}, {sli: ok}]}
  - {kind: composite, name: one, title: One, parts: [{sli: two}]}
  - {kind: composite, name: two, title: Two, parts: [{sli: ok}, {sli: one}]}
  - {kind: composite, name: me, title: Me, parts: [{sli: me}]}
  - {kind: composite, name: heavy, title: Heavy, parts: [{sli: ok, weight: 2}]}
  - {kind: composite, name: light, title: Light, combine: weighted, parts: [{sli: ok, weight: 0}]}
";
    assert_eq!(
        problems(slis, ""),
        [
            "3:55: `ok` has no level `warn` (levels of `ok`: `contact`)",
            "4:70: `ok` has no level `warn` (levels of `ok`: `contact`)",
            "5:60: the value of `orders` is no share (of a response time take its `latency_cut` or `windows_good`, of a rate its `windows_good`)",
            "5:86: `ok` is a part already",
            "6:53: `one` is made of itself (the way round: `one` → `two` → `one`)",
            "7:53: `two` is made of itself (the way round: `two` → `one` → `two`)",
            "8:51: `me` is made of itself (the way round: `me` → `me`)",
            "9:76: the worst part counts, whatever its weight (add `combine: weighted`)",
            "10:76: the weights add up to nothing",
        ]
    );
}

#[test]
fn zones_periods_exclusions_and_holidays_are_read_or_refused_with_the_cure() {
    let rest = "\
time_zone: Mars/Olympus
periods:
  - {name: cyber, from: yesterday, to: -7d}
  - {name: week, from: 2026-11-27, to: 2026-11-27}
  - {name: cyber, from: 2026-11-27, to: 2026-11-28}
exclusions:
  - {reason: '', from: 2026-11-01, to: 2026-10-01, slis: [okk]}
expected:
  holidays:
    - {name: Friday, from: 2026-11-27, like: 2025-11-28, times: 3}
    - {name: Monday, from: 2026-13-01}
    - {name: Week, from: 2026-11-27, to: 2026-11-20}
    - {name: Self, from: 2026-11-27, like: 2026-11-27}
";
    let time =
        "write `2026-11-27T08:00:00Z`, or `2026-11-27T08:00` or `2026-11-27` in the set's zone";
    assert_eq!(
        problems(RATIO, rest),
        [
            "2:12: unknown time zone `Mars/Olympus` (write `UTC` or an IANA name such as `Europe/Berlin`)".to_owned(),
            format!("4:25: `yesterday` is not a time ({time})"),
            format!("4:40: `-7d` is not a time ({time})"),
            "5:12: a period cannot be named `week` (objectives use that word for another length)".to_owned(),
            "5:40: `2026-11-27` is not after `2026-11-27`".to_owned(),
            "6:12: the name `cyber` is used twice".to_owned(),
            "8:14: there is no reason (the report says why something was dropped)".to_owned(),
            "8:40: `2026-10-01` is not after `2026-11-01`".to_owned(),
            "8:59: unknown SLI `okk` (did you mean `ok`? SLIs of this set: `ok`)".to_owned(),
            "11:7: a holiday has one of `like` and `times`, or neither".to_owned(),
            "12:28: `2026-13-01` is not a day (write `2026-11-27`)".to_owned(),
            "13:42: `2026-11-20` is before `2026-11-27`".to_owned(),
            "14:44: a holiday cannot be like itself".to_owned(),
        ]
    );
}

#[test]
fn a_rule_of_recurrence_that_cannot_be_read_is_refused_where_it_stands() {
    let rest =
        "exclusions:\n  - {reason: backup, from: 2026-11-01, to: 2026-11-02, repeat: daily}\n";
    let found = problems(RATIO, rest);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("3:64: "), "{found:?}");
}

#[test]
fn local_times_are_in_the_zone_of_the_set() {
    let rest = "time_zone: Europe/Berlin\nperiods:\n  - {name: cyber, from: 2026-11-27, to: '2026-11-27T12:00:00Z'}\n";
    let plan = read(&set(RATIO, rest)).unwrap();
    assert!((plan.periods[0].window.length_s() - 13.0 * 3_600.0).abs() < 1e-9);
}

#[test]
fn names_twice_funnels_of_one_step_and_small_letters_are_refused() {
    let slis = "
  - {kind: ratio, name: ok, title: OK, event: checkout}
  - {kind: rate, name: ok, title: OK, event: checkout}
  - {kind: funnel, name: way, title: Way, steps: [page, page]}
  - {kind: apdex, name: feel, title: Feel, event: page, satisfied: 2s, tolerated: 1s}
  - {kind: user_uptime, name: up, title: Up, event: page, cutoff: 0s}
";
    assert_eq!(
        problems(slis, ""),
        [
            "2:24: the name `ok` is used twice",
            "3:57: `page` is a step already",
            "4:83: `tolerated` is not longer than `satisfied`",
            "5:67: with a cutoff of nothing no shopper was ever there (write `30m`)",
        ]
    );
    let yaml = format!(
        "{}{RATIO}",
        EVENTS.replace(
            "POST, route: /checkout}",
            "post, client_class: [robot]}\nslis:"
        )
    );
    let yaml = yaml.replace(
        "\nslis:\n  order: {method: POST, route: /checkout, status: [2xx]}",
        "\nslis:",
    );
    let message = read(&yaml).unwrap_err().to_string();
    assert!(
        message.contains("method `post` is not in capitals"),
        "{message}"
    );
    assert!(
        message.contains("unknown client class `robot`"),
        "{message}"
    );
}

pub(super) fn series(client_class: &str, status: u16) -> SeriesKey {
    SeriesKey {
        origin: Origin::Customer,
        run_id: String::new(),
        service: String::new(),
        method: "POST".to_owned(),
        route: "/checkout".to_owned(),
        status,
        error: String::new(),
        client_class: client_class.to_owned(),
        channel: String::new(),
        is_retried: false,
    }
}

#[test]
fn bots_count_only_where_the_set_or_the_event_says_so() {
    let counted = |rest: &str, events: &str| {
        let yaml = set(RATIO, rest).replace("  checkout: {method: POST", events);
        let event = read(&yaml).unwrap().slis[0].event.clone();
        ["human", "", "bot", "monitor"].map(|class| event.covers(&series(class, 200)))
    };
    let plain = "  checkout: {method: POST";
    assert_eq!(counted("", plain), [true, true, false, false]);
    assert_eq!(counted("counting: {bots: true}\n", plain), [true; 4]);
    let bots = "  checkout: {client_class: [bot], method: POST";
    assert_eq!(counted("", bots), [false, false, true, false]);
}

#[test]
fn too_many_requests_is_bad_unless_the_set_says_that_it_is_good() {
    let is_good = |rest: &str, sli: &str, status: u16| {
        let plan = read(&set(sli, rest)).unwrap();
        match &plan.slis[0].measure {
            Measure::Ratio { good } => good.covers(&series("human", status)),
            other => panic!("{other:?} is no ratio"),
        }
    };
    assert!(!is_good("", RATIO, 429));
    assert!(is_good(
        "counting: {too_many_requests_good: true}\n",
        RATIO,
        429
    ));
    for status in [0, 500, 503] {
        assert!(!is_good(
            "counting: {too_many_requests_good: true}\n",
            RATIO,
            status
        ));
    }
    let own = RATIO.replace('}', ", bad_status: ['404']}");
    assert!(is_good("", &own, 429) && !is_good("", &own, 404));
}

#[test]
fn what_a_file_leaves_out_gets_its_documented_default() {
    let plan = plan("
  - {kind: apdex, name: feel, title: Feel, event: page, satisfied: 1s}
  - {kind: user_uptime, name: up, title: Up, event: page}
  - {kind: ratio, name: ok, title: OK, event: checkout, good: order}
  - {kind: rate, name: orders, title: Orders, event: order, thresholds: [{level: warn, below_expected: 0.5, for: 1m, tell: [on-call], react: Look}]}
");
    assert_eq!(plan.collapse_within_us, None);
    for sli in &plan.slis {
        assert_eq!((sli.lateness_us, sli.collapse_within_us), (0, None));
        assert_eq!(
            (sli.window_us, sli.rehearsal_window_us),
            (60_000_000, 5_000_000)
        );
        assert_eq!(sli.time_zone, None);
    }
    assert_eq!(
        (plan.window_us, plan.rehearsal_window_us),
        (60_000_000, 5_000_000)
    );
    assert_eq!((plan.expected.weeks, plan.time_zone.is_none()), (8, true));
    let bad = vec![
        StatusPattern::Class(5),
        StatusPattern::NoAnswer,
        StatusPattern::Exactly(429),
    ];
    let apdex = Measure::Apdex {
        satisfied_us: 1_000_000,
        tolerated_us: 4_000_000,
        bad: bad.clone(),
    };
    assert_eq!(plan.slis[0].measure, apdex);
    let cutoff_us = 1_800_000_000;
    assert_eq!(plan.slis[1].measure, Measure::UserUptime { bad, cutoff_us });
    assert!(matches!(
        &plan.slis[2].measure,
        Measure::Ratio {
            good: GoodPlan::Event(_)
        }
    ));
    let level = &plan.slis[3].levels[0];
    assert_eq!(level.limit, LimitPlan::OfExpected(0.5));
    assert_eq!(
        (level.tell.as_slice(), level.react.as_deref()),
        (&["on-call".to_owned()][..], Some("Look"))
    );
}
