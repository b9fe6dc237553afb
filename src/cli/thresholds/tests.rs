//! Thresholds of a scenario under an SLI set: what is refused, and what holds over hand-made requests.

use super::*;
use crate::drill::StepPart;
use crate::rollup::{RollupBuilder, RollupPlan};
use crate::scenario::{self, ScenarioDefinition};

const SET: &str = "
name: test
rehearsal_window: 5s
events:
  checkout: {title: Checkout, method: GET, route: /checkout}
slis:
  - {kind: latency, name: checkout_p95, title: Checkout p95, event: checkout, percentile: 95, min_count: 1}
  - {kind: rate, name: checkouts, title: Checkouts, event: checkout, per: minute}
  - {kind: ratio, name: checkout_success, title: Checkouts answered, event: checkout, bad_status: [5xx], min_count: 1}
  - {kind: user_uptime, name: uptime, title: Uptime, event: checkout}
";

fn set() -> SliSetPlan {
    let nothing = |_: &str| None;
    let declared = declared_files::parse(Path::new("set.yaml"), SET.as_bytes(), &nothing);
    sli::resolve(&declared.unwrap()).unwrap()
}

/// A minute in two phases, with two journeys, channels and kinds of shoppers.
fn plan(thresholds: &str) -> DrillPlan {
    let text = format!(
        "name: a\ntarget: {{base_url: 'http://127.0.0.1:9'}}\n\
         traffic: {{phases: [{{name: quiet, for: 30s, shoppers_per_s: 1}}, {{name: rush, for: 30s, shoppers_per_s: 9}}]}}\n\
         channels: [{{name: ads, share: 1}}, {{name: mail, share: 1}}]\n\
         shoppers: [{{name: hasty, share: 1, journey: buy}}, {{name: calm, share: 1, journey: look}}]\n\
         journeys: {{buy: [{{get: /checkout}}], look: [{{get: /checkout}}]}}\n\
         thresholds: {thresholds}\n"
    );
    let nothing = |_: &str| None;
    let declared =
        declared_files::parse::<ScenarioDefinition>(Path::new("a.yaml"), text.as_bytes(), &nothing);
    let mut plan = scenario::resolve(&declared.unwrap()).unwrap();
    plan.assign_routes(&mut crate::route::Router::new(Vec::new()));
    plan
}

#[test]
fn what_an_sli_set_does_not_have_is_refused_with_its_place() {
    for (threshold, expected) in [
        (
            "{sli: chekout_p95, above: 2s, for: 5s}",
            "did you mean `checkout_p95`",
        ),
        ("{sli: erors, above: 5%, for: 5s}", "did you mean `errors`"),
        (
            "{sli: checkout_p95, above: 5%, for: 5s}",
            "write a response time such as `2s`",
        ),
        (
            "{sli: checkout_p95, above: 2, for: 5s}",
            "write a response time such as `2s`",
        ),
        (
            "{sli: checkouts, below: 2s, for: 5s}",
            "write a rate such as `20/min`",
        ),
        (
            "{sli: checkout_success, below: 20/min, for: 5s}",
            "write a share such as `5%`",
        ),
        (
            "{sli: checkout_success, below: 95, for: 5s}",
            "write a share such as `5%`",
        ),
        (
            "{sli: uptime, below: 95%, for: 5s}",
            "is counted by shopper",
        ),
    ] {
        let refused = RunThresholds::new(&plan(&format!("[{threshold}]")), &set());
        let message = refused.map(|_| ()).unwrap_err().to_string();
        assert!(message.contains(expected), "{threshold}: {message}");
        assert!(message.contains("a.yaml:7:"), "{message}");
        assert!(message.contains(" | thresholds:"), "{message}");
    }
}

#[test]
fn all_wrong_thresholds_are_said_at_once() {
    let plan = plan("[{sli: one, above: 2s, for: 5s}, {sli: two, above: 2s, for: 5s}]");
    let message = RunThresholds::new(&plan, &set()).unwrap_err().to_string();
    assert!(message.contains("`one`") && message.contains("`two`"));
}

/// One request per second; from second 20 on those of journey `buy`, who are hasty and came by `ads`,
/// take 3 s, and those of the others 100 ms.
fn record(second: i64, is_buyer: bool) -> DrillRecord {
    let due_us = second * SECOND_US + 1_000;
    let index = u16::from(!is_buyer);
    let took_us = if is_buyer && second >= 20 {
        3_000_000
    } else {
        100_000
    };
    DrillRecord {
        journey: index,
        step: 0,
        part: StepPart::Itself,
        channel: index,
        kind: index,
        attempt: 0,
        status: if is_buyer && second >= 40 { 503 } else { 200 },
        error: None,
        due_us,
        sent_us: due_us,
        first_byte_us: None,
        done_us: due_us + took_us,
        is_new_connection: false,
        bytes_out: 0,
        shopper: 1,
    }
}

struct Counted {
    all: RollupBuilder,
    scoped: Vec<RollupBuilder>,
}

fn counted(plan: &DrillPlan, thresholds: &RunThresholds, until_s: i64) -> Counted {
    let builder = || RollupBuilder::new(RollupPlan::new(SECOND_US, Vec::new()));
    let scoped = (0..thresholds.scope_count()).map(|_| builder());
    let (mut all, mut scoped) = (builder(), scoped.collect::<Vec<_>>());
    for second in 0..until_s {
        for is_buyer in [true, false] {
            let record = record(second, is_buyer);
            let row = record.as_request_record(plan, "run", 0, 0);
            all.add_record(&row);
            for scope in thresholds.scopes_of(&record) {
                scoped[scope].add_record(&row);
            }
        }
    }
    Counted { all, scoped }
}

fn judged(threshold: &str) -> ThresholdFacts {
    let plan = plan(&format!("[{threshold}]"));
    let thresholds = RunThresholds::new(&plan, &set()).unwrap();
    let counted = counted(&plan, &thresholds, 60);
    let scoped: Vec<Rollup> = counted
        .scoped
        .into_iter()
        .map(RollupBuilder::finish)
        .collect();
    let all = counted.all.finish();
    let mut judged = thresholds.judge(&all, &scoped, 0, 60 * SECOND_US).unwrap();
    judged.remove(0)
}

#[test]
fn a_threshold_looks_at_what_its_scope_says() {
    let p95 = |more: &str| judged(&format!("{{sli: checkout_p95, above: 2s, for: 10s{more}}}"));
    for (more, first_broken_s, count) in [
        // Half of the requests are slow: more than 5 %.
        ("", Some(20), 120),
        (", journey: buy", Some(20), 60),
        (", journey: look", None, 60),
        (", channel: ads", Some(20), 60),
        (", channel: mail", None, 60),
        (", shopper: hasty", Some(20), 60),
        (", shopper: calm", None, 60),
        (", shopper: calm, journey: look, channel: mail", None, 60),
        (", phase: quiet", Some(20), 60),
        (", phase: rush", Some(30), 60),
        (", phase: rush, journey: look", None, 30),
        (", grace: 25s", Some(25), 70),
        (", grace: 5s, phase: rush", Some(35), 50),
        (", grace: 20s, phase: quiet, journey: look", None, 10),
    ] {
        let facts = p95(more);
        let first_broken_s = first_broken_s.map(|second| second * SECOND_US);
        assert_eq!(facts.first_broken_us, first_broken_s, "{more}");
        assert_eq!(facts.count, count, "{more}");
        let state = match first_broken_s {
            Some(_) => WatchState::Broken,
            None => WatchState::Held,
        };
        assert_eq!(facts.state, state, "{more}");
    }
    assert_eq!(p95(", phase: quiet").broken_us, 10 * SECOND_US);
    let nobody = p95(", journey: buy, channel: mail");
    assert_eq!((nobody.state, nobody.count), (WatchState::NoData, 0));
}

#[test]
fn rates_shares_and_errors_are_judged_in_their_units() {
    for (threshold, state, worst) in [
        // Two per second are 120 per minute.
        (
            "{sli: checkouts, below: 120/min, for: 60s}",
            WatchState::Held,
            120.0,
        ),
        (
            "{sli: checkouts, below: 121/min, for: 60s}",
            WatchState::Broken,
            120.0,
        ),
        (
            "{sli: checkouts, below: 2/s, for: 10s}",
            WatchState::Held,
            120.0,
        ),
        (
            "{sli: requests, above: 2/s, for: 10s}",
            WatchState::Held,
            2.0,
        ),
        (
            "{sli: requests, above: 100/min, for: 10s}",
            WatchState::Broken,
            2.0,
        ),
        (
            "{sli: checkout_success, below: 50%, for: 10s}",
            WatchState::Held,
            0.5,
        ),
        (
            "{sli: checkout_success, below: 0.51, for: 10s}",
            WatchState::Broken,
            0.5,
        ),
        ("{sli: errors, above: 50%, for: 10s}", WatchState::Held, 0.5),
        (
            "{sli: errors, above: 49%, for: 20s}",
            WatchState::Broken,
            0.5,
        ),
        ("{sli: errors, above: 49%, for: 21s}", WatchState::Held, 0.5),
        (
            "{sli: errors, above: 49%, for: 20s, window: 20s}",
            WatchState::Broken,
            0.5,
        ),
    ] {
        let facts = judged(threshold);
        assert_eq!(
            (facts.state, facts.worst),
            (state, Some(worst)),
            "{threshold}"
        );
    }
}

#[test]
fn a_demand_is_said_in_words() {
    let facts = judged(
        "{sli: checkout_p95, above: 2s, for: 30s, journey: buy, channel: ads, shopper: hasty, window: 10s}",
    );
    assert_eq!(
        facts.demand,
        "Checkout p95 above 2 s for 30 s, journey buy, channel ads, shoppers hasty, windows of 10s"
    );
}

#[test]
fn a_guard_stops_the_run_as_soon_as_its_windows_have_settled() {
    let plan = plan(
        "[{sli: checkout_p95, above: 2s, for: 10s}, {sli: errors, above: 40%, for: 5s, abort: true}]",
    );
    let thresholds = RunThresholds::new(&plan, &set()).unwrap();
    let mut live = LiveThresholds::new(&thresholds);
    let mut look = |until_s: i64, now_s: i64| {
        let counted = counted(&plan, &thresholds, until_s);
        live.look(
            &thresholds,
            &counted.all,
            &counted.scoped,
            0,
            now_s * SECOND_US,
        )
    };
    let states = |looks: &[ThresholdLook]| looks.iter().map(|it| it.state).collect::<Vec<_>>();
    use LookState::{Beyond, Broken, Holds, Waiting};
    let (looks, guard) = look(5, 5);
    assert_eq!((states(&looks), guard), (vec![Waiting, Waiting], None));
    let (looks, _) = look(15, 15);
    assert_eq!(states(&looks), [Holds, Holds]);
    let (looks, guard) = look(26, 26);
    assert_eq!((states(&looks), guard), (vec![Beyond, Holds], None));
    assert_eq!(looks[0].beyond_us, 5 * SECOND_US);
    let (looks, guard) = look(32, 32);
    assert_eq!((states(&looks), guard), (vec![Broken, Holds], None));
    // Answers take 3 s, and a little more by their bucket: windows are looked at 4 s after their end.
    assert_eq!(look(48, 48).1, None);
    let (looks, guard) = look(50, 50);
    assert_eq!(states(&looks), [Broken, Broken]);
    let guard = guard.unwrap();
    assert_eq!(guard.at_us, 50 * SECOND_US);
    assert_eq!(guard.broken_since_us, 40 * SECOND_US);
    assert!(
        guard.demand.starts_with("Errors above 40"),
        "{}",
        guard.demand
    );
    // What was broken stays so, however far back that was.
    let (looks, _) = look(50, 900);
    assert_eq!(states(&looks), [Broken, Broken]);
    assert_eq!(looks[0].first_broken_us, Some(20 * SECOND_US));
}
