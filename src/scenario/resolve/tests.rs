//! A scenario file, read: what it means, and what is said of one that means nothing.

use std::path::Path;

use super::resolve;
use crate::declared_files::parse;
use crate::scenario::{
    Arrivals, DrillPlan, DurationDraw, GoTo, ScenarioDefinition, ShopperVariables, TakeFrom, Walk,
    forecast, requests_before,
};
use rand::SeedableRng;
use rand_pcg::Pcg32;

const SMALL: &str = "
name: small
target: {base_url: 'http://127.0.0.1:9'}
traffic: {arrivals: even, curve: [{at: 0s, shoppers_per_s: 10}, {at: 10s, shoppers_per_s: 10}]}
shoppers: [{name: one, share: 1, journey: look}]
journeys:
  look:
    - {get: /}
";

/// The plan of a text, or its problems as text.
fn plan(text: &str) -> Result<DrillPlan, String> {
    let path = Path::new("scenario.yaml");
    let declared = parse::<ScenarioDefinition>(path, text.as_bytes(), &|_| Some("s3cret".into()))
        .map_err(|error| error.to_string())?;
    resolve(&declared).map_err(|error| error.to_string())
}

/// The small scenario with one text replaced.
fn changed(from: &str, to: &str) -> Result<DrillPlan, String> {
    assert!(SMALL.contains(from), "{from}");
    plan(&SMALL.replacen(from, to, 1))
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let traffic =
        "{arrivals: even, curve: [{at: 0s, shoppers_per_s: 10}, {at: 10s, shoppers_per_s: 10}]}";
    for (from, to, expected) in [
        ("{get: /}", "{get: /, post: /cart}", "exactly one of `get`"),
        ("{get: /}", "{think: {fixed: 1s}}", "exactly one of `get`"),
        ("{get: /}", "{get: cart}", "does not begin with `/`"),
        (
            "'http://127.0.0.1:9'",
            "'http://127.0.0.1:9/de'",
            "write `http://127.0.0.1:9` here",
        ),
        (
            "'http://127.0.0.1:9'",
            "'http://127.0.0.1:9?a'",
            "has a path",
        ),
        ("{get: /}", "{get: '/{produkt}'}", "did you mean `product`"),
        ("{get: /}", "{get: /, form: {a: b}}", "at most one body"),
        (
            "{get: /}",
            "{post: /, form: {a: b}, json: '{}'}",
            "at most one body",
        ),
        (
            "{get: /}",
            "{get: /, think: {fixed: 1s, mean: 2s}}",
            "exactly one way",
        ),
        (
            "{get: /}",
            "{get: /, think: {median: 3s, p95: 2s}}",
            "not above the median",
        ),
        (
            "{get: /}",
            "{get: /, think: {from: 3s, to: 2s}}",
            "before it begins",
        ),
        (
            "{get: /}",
            "{get: /, next: [{to: chekout, share: 1}], id: checkout}",
            "did you mean `checkout`",
        ),
        (
            "{get: /}",
            "{get: /, next: [{to: end, share: 0}]}",
            "has a share above 0",
        ),
        ("{get: /}", "{get: /, id: end}", "is a step already"),
        (
            "{get: /}",
            "{get: /, repeat: {from: 3, to: 2}}",
            "from 3 to 2 is nothing",
        ),
        (
            "{get: /}",
            "{get: /, take: {a: {json: x}}}",
            "no JSON pointer",
        ),
        (
            "{get: /}",
            "{get: /, take: {a: {json: /x, css: b}}}",
            "exactly one of `json`",
        ),
        (
            "{get: /}",
            "{get: /, take: {a: {css: '>>'}}}",
            "is no CSS selector",
        ),
        (
            "{get: /}",
            "{get: /, take: {a: {regex: '('}}}",
            "is no regular expression",
        ),
        (
            "{get: /}",
            "{get: /, take: {product: {json: /x}}}",
            "is something else already",
        ),
        (
            "{get: /}",
            "{get: /, headers: {'a b': c}}",
            "is no name of a header",
        ),
        (
            "{get: /}",
            "{get: /, auth: {}}",
            "exactly one of `basic` and `bearer`",
        ),
        (
            "{get: /}",
            "{post: /, multipart: [{name: a}]}",
            "exactly one of `value` and `file`",
        ),
        (
            "{get: /}",
            "{post: /, multipart: [{name: a, file: nothing.png}]}",
            "cannot read `nothing.png`",
        ),
        ("journey: look", "journey: loook", "did you mean `look`"),
        ("share: 1", "share: 0", "no shopper has a share above 0"),
        (
            "journey: look}",
            "journey: look, patience: {}}",
            "patience with what?",
        ),
        (traffic, "{}", "said in exactly one way"),
        (
            traffic,
            "{curve: [{at: 5s, shoppers_per_s: 1}, {at: 1s, shoppers_per_s: 1}]}",
            "goes back in time",
        ),
        (
            traffic,
            "{curve: [{at: 0s, shoppers_per_s: 0}, {at: 1s, shoppers_per_s: 0}]}",
            "nobody ever arrives",
        ),
        (
            traffic,
            "{curve_file: {path: nothing.csv}}",
            "cannot read `nothing.csv`",
        ),
        (
            traffic,
            "{phases: [{name: a, for: 9s, shoppers_per_s: 1, spikes: {every: 1s, for: 2s, shoppers_per_s: 9}}]}",
            "shorter than the time between",
        ),
        (
            "shoppers:",
            "limits: {shoppers_per_s: 5}\nshoppers:",
            "is above `limits.shoppers_per_s` of 5",
        ),
        (
            "shoppers:",
            "data: {a: {}}\nshoppers:",
            "exactly one of `csv`",
        ),
        (
            "shoppers:",
            "data: {a: {csv: nothing.csv}}\nshoppers:",
            "cannot read `nothing.csv`",
        ),
        (
            "shoppers:",
            "channels: [{name: a, share: 0}]\nshoppers:",
            "no channel has a share above 0",
        ),
        (
            "shoppers:",
            "channels: [{name: a, share: 1}, {name: a, share: 1}]\nshoppers:",
            "is there already",
        ),
        (
            "shoppers:",
            "channels: [{name: a, share: 1, off: [{from: 9s, to: 2s}]}]\nshoppers:",
            "ends before it begins",
        ),
        (
            "shoppers:",
            "thresholds: [{sli: a, for: 5s}]\nshoppers:",
            "exactly one of `above` and `below`",
        ),
        (
            "shoppers:",
            "thresholds: [{sli: a, above: 2s, below: 1s, for: 5s}]\nshoppers:",
            "exactly one of `above` and `below`",
        ),
        (
            "shoppers:",
            "thresholds: [{sli: a, above: fast, for: 5s}]\nshoppers:",
            "is not a limit",
        ),
        (
            "shoppers:",
            "thresholds: [{sli: a, above: -1, for: 5s}]\nshoppers:",
            "write a response time such as",
        ),
        (
            "shoppers:",
            "thresholds: [{sli: a, above: 2s, for: 11s}]\nshoppers:",
            "the run is shorter than",
        ),
        (
            "shoppers:",
            "thresholds: [{sli: a, above: 2s, for: 5s, grace: 6s}]\nshoppers:",
            "the run is shorter than",
        ),
        (
            "shoppers:",
            "thresholds: [{sli: a, above: 2s, for: 5s, window: 500ms}]\nshoppers:",
            "a whole number of seconds",
        ),
        (
            "shoppers:",
            "thresholds: [{sli: a, above: 2s, for: 5s, journey: loook}]\nshoppers:",
            "did you mean `look`",
        ),
        (
            "shoppers:",
            "thresholds: [{sli: a, above: 2s, for: 5s, shopper: two}]\nshoppers:",
            "unknown shopper `two`",
        ),
        (
            "shoppers:",
            "thresholds: [{sli: a, above: 2s, for: 5s, channel: ads}]\nshoppers:",
            "has no channels with names",
        ),
        (
            "shoppers:",
            "thresholds: [{sli: a, above: 2s, for: 5s, phase: rush}]\nshoppers:",
            "has no phases with names",
        ),
        (
            "http://127.0.0.1:9",
            "https://shop.example",
            "is not in `hosts_allowed`",
        ),
        (
            "http://127.0.0.1:9",
            "ftp://127.0.0.1",
            "not an http or https URL",
        ),
        (
            "127.0.0.1:9'}",
            "127.0.0.1:9', http: {proxy: {url: 'socks5://a'}}}",
            "no URL of an HTTP proxy",
        ),
        (
            "127.0.0.1:9'}",
            "127.0.0.1:9', http: {resolve: {a: b}}}",
            "is no host and address",
        ),
        (
            "127.0.0.1:9'}",
            "127.0.0.1:9', http: {resolve: {'127.0.0.1:9': '203.0.113.5:80'}}}",
            "would lead to `203.0.113.5`",
        ),
        (
            "127.0.0.1:9'}",
            "127.0.0.1:9', http: {proxy: {url: 'http://proxy.example:3128'}}}",
            "would lead to `proxy.example`",
        ),
        (
            "127.0.0.1:9'}",
            "127.0.0.1:9', http: {source_addresses: [home]}}",
            "is no IP address",
        ),
        (
            "127.0.0.1:9'}",
            "127.0.0.1:9', http: {tls: {certificate: a.pem}}}",
            "belong together",
        ),
    ] {
        let problems = changed(from, to).unwrap_err();
        assert!(problems.contains(expected), "{to}\n{problems}");
        assert!(problems.starts_with("scenario.yaml:"), "{problems}");
    }
}

#[test]
fn phases_become_steps_ramps_and_spikes() {
    let plan = changed(
        "curve: [{at: 0s, shoppers_per_s: 10}, {at: 10s, shoppers_per_s: 10}]",
        "phases: [{name: quiet, for: 10s, shoppers_per_s: 5}, {name: rush, for: 10s, from: 5, shoppers_per_s: 25},
          {name: sales, for: 10s, shoppers_per_s: 10, spikes: {every: 4s, for: 1s, shoppers_per_s: 100}}]",
    );
    let traffic = plan.unwrap().traffic;
    // 50 + 150 + 100, and twice a second of 90 more.
    assert!((traffic.curve.arrivals() - 480.0).abs() < 1e-6);
    assert!((traffic.curve.arrivals_before(25.0) - 200.0 - 40.0 - 100.0).abs() < 1e-6);
    let names: Vec<_> = traffic
        .phases
        .iter()
        .map(|phase| phase.name.as_str())
        .collect();
    assert_eq!(names, ["quiet", "rush", "sales"]);
    assert_eq!(traffic.labels[2], (20_000_000, "sales".to_owned()));
}

#[test]
fn a_channel_that_is_off_sends_nobody_and_changes_nobody_else() {
    let channels = "channels: [{name: mail, share: 1, off: [{from: 2s, to: 5s}]}, {name: direct, share: 1}]\nshoppers:";
    let off = changed("shoppers:", channels).unwrap();
    let on = changed(
        "shoppers:",
        &channels.replace("off: [{from: 2s, to: 5s}]", "off: []"),
    )
    .unwrap();
    let all: Vec<_> = Arrivals::new(&on).collect();
    let mut arrivals = Arrivals::new(&off);
    let came: Vec<_> = arrivals.by_ref().collect();
    let is_withheld = |due_us: i64, channel: Option<usize>| {
        channel == Some(0) && (2_000_000..5_000_000).contains(&due_us)
    };
    let expected: Vec<_> = all
        .iter()
        .filter(|arrival| !is_withheld(arrival.due_us, arrival.channel))
        .copied()
        .collect();
    assert_eq!(came, expected);
    assert_eq!(arrivals.withheld() as usize, all.len() - came.len());
    assert!(arrivals.withheld() > 5, "{}", arrivals.withheld());
}

#[test]
fn a_journey_is_a_graph_with_chances_loops_and_an_end() {
    let journey = "
    - {get: /, id: home}
    - {get: /search, chance: 0.5}
    - {get: /product/1, id: product, repeat: {from: 2, to: 2}, next: [{to: product, share: 1}, {to: cart, share: 2}, {to: end, share: 1}]}
    - {get: /never}
    - {post: /cart, id: cart}
";
    let plan = changed("\n    - {get: /}\n", journey).unwrap();
    let ways = &plan.journeys[0].steps[2].next;
    assert_eq!(
        ways,
        &[
            (GoTo::Step(2), 0.25),
            (GoTo::Step(4), 0.5),
            (GoTo::End, 0.25)
        ]
    );
    let mut random = Pcg32::seed_from_u64(1);
    let mut visits = [0_u32; 5];
    let walks = 4_000;
    for _ in 0..walks {
        let mut walk = Walk::begin(&plan, 0, &mut random);
        while let Some(here) = walk {
            visits[usize::from(here.step)] += 1;
            walk = here.next(&plan, &mut random);
        }
    }
    // The product page is entered 1 / (1 - 1/4) times, twice each; two thirds go on to the cart.
    let walks = f64::from(walks);
    let expected = [1.0, 0.5, 2.0 * 4.0 / 3.0, 0.0, 2.0 / 3.0];
    for (found, expected) in visits.map(f64::from).iter().zip(expected) {
        assert!((found / walks - expected).abs() < 0.06, "{visits:?}");
    }
    let forecast = forecast(&plan, 0.1);
    let steps: f64 = expected.iter().sum();
    assert!(
        (forecast.requests / forecast.arrivals - steps).abs() < 0.1,
        "{forecast:?}"
    );
}

#[test]
fn requests_of_a_run_that_is_cut_are_those_that_were_due_by_then() {
    let steps = "\n    - {get: /}\n    - {get: /cart, think: {fixed: 2s}}\n";
    let plan = changed("\n    - {get: /}\n", steps).unwrap();
    let curve = &plan.traffic.curve;
    let length_s = curve.length_s();
    for until_s in [0.0, 1.0, 2.0, 3.0, length_s, length_s + 1.0, length_s + 2.0] {
        let expected = curve.arrivals_before(until_s) + curve.arrivals_before(until_s - 2.0);
        let found = requests_before(&plan, until_s);
        assert!(
            (found - expected).abs() < 1e-9,
            "{until_s}: {found} {expected}"
        );
    }
    let all = forecast(&plan, 0.1).requests;
    assert!((requests_before(&plan, length_s + 2.0) - all).abs() < 1e-9);
}

#[test]
fn a_step_may_carry_everything_that_a_browser_sends() {
    let step = r#"
    - {get: /login, take: {csrf: {css: "input[name=csrf]", attribute: value}, sid: {cookie: sid}}}
    - post: "/login?next={csrf}"
      headers: {X-Shopper: "{shopper}"}
      auth: {basic: {user: ann, password: "${env:PASSWORD}"}}
      json: '{"token": "{csrf}", "n": {}}'
      check: {status: ["201", 3xx], json: {/ok: "true"}}
      assets: [/main.css]
      redirects: follow
      on_failure: continue
"#;
    let plan = changed("\n    - {get: /}\n", step).unwrap();
    let [first, second] = plan.journeys[0].steps.as_slice() else {
        panic!("two steps");
    };
    assert!(matches!(first.takes[0].from, TakeFrom::Css { .. }));
    assert!(first.wants_body() && second.wants_body());
    let variables = ShopperVariables {
        product: 1,
        shopper: 9,
        data: &[],
        seed: 1,
        taken: &[Some("a&\"b".into()), None],
    };
    let filled = second.path.fill(&variables, crate::scenario::Escape::Url);
    assert_eq!(filled, "/login?next=a%26%22b");
    let headers: Vec<_> = second
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str(),
                value.fill(&variables, crate::scenario::Escape::None),
            )
        })
        .collect();
    assert_eq!(
        headers,
        [
            ("authorization", "Basic YW5uOnMzY3JldA==".to_owned()),
            ("x-shopper", "9".to_owned()),
            ("content-type", "application/json".to_owned())
        ]
    );
    assert!(second.goes_on && second.follows_redirects);
}

#[test]
fn times_are_said_in_four_ways() {
    for (text, expected_s) in [
        ("{fixed: 2s}", 2.0),
        ("{from: 1s, to: 3s}", 2.0),
        ("{mean: 2s}", 2.0),
        // exp(mu + sigma² / 2) with sigma = ln 4 / 1.645.
        ("{median: 2s, p95: 8s}", 2.0 * 1.4263),
    ] {
        let plan = changed("{get: /}", &format!("{{get: /, think: {text}}}")).unwrap();
        let think: DurationDraw = plan.journeys[0].steps[0].think;
        assert!(
            (think.mean_us() / 1e6 - expected_s).abs() < 0.001,
            "{text} {think:?}"
        );
    }
}

#[test]
fn a_closed_model_has_shoppers_and_no_curve() {
    let traffic =
        "{arrivals: even, curve: [{at: 0s, shoppers_per_s: 10}, {at: 10s, shoppers_per_s: 10}]}";
    let plan = changed(traffic, "{closed: {shoppers: 20, for: 30s}}").unwrap();
    assert_eq!(plan.traffic.closed.map(|closed| closed.shoppers), Some(20));
    assert_eq!(Arrivals::new(&plan).count(), 0);
    let forecast = forecast(&plan, 0.5);
    assert!(
        (forecast.requests - 20.0 / 0.5 * 30.0).abs() < 1e-6,
        "{forecast:?}"
    );
}
