//! From a plan to the hashes of its parts.
//!
//! The canonical form of a part is what Rust prints of the resolved values: every field of every type is
//! in it, in the order of the type, so none is forgotten when one is added. A step's route is not: it
//! belongs to the SLI set.

use std::fmt::{Debug, Write as _};

use super::super::definition::ScenarioDefinition;
use super::super::plan::{DrillPlan, JourneyPlan, PlanPrint};
use crate::declared_files::{Declared, sha256_of};

pub(super) fn print(plan: &DrillPlan, declared: &Declared<ScenarioDefinition>) -> PlanPrint {
    let hash = |parts: &[&dyn Debug]| {
        let mut text = String::new();
        for part in parts {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{part:?}");
        }
        sha256_of(declared.without_environment(text).as_bytes())
    };
    let traffic = &plan.traffic;
    let products = (plan.products.count(), declared.value.product_skew);
    PlanPrint {
        traffic: hash(&[&traffic.spacing, &traffic.curve, &traffic.closed]),
        channels: hash(&[&plan.channels]),
        shoppers: hash(&[&plan.kinds]),
        journeys: hash(&[&without_routes(&plan.journeys), &plan.data, &products]),
        transport: hash(&[&plan.transport]),
        limits: hash(&[&plan.limits]),
        drills: hash(&[&plan.drills.entries]),
        target: hash(&[&plan.target]),
    }
}

fn without_routes(journeys: &[JourneyPlan]) -> Vec<JourneyPlan> {
    let mut journeys = journeys.to_vec();
    for step in journeys.iter_mut().flat_map(|journey| &mut journey.steps) {
        step.route = "".into();
        for (_, route) in &mut step.assets {
            *route = "".into();
        }
    }
    journeys
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::super::replay::{ReplayedRequest, replay};
    use super::super::resolve;
    use super::*;
    use crate::declared_files::parse;

    const WRITTEN: &str = "
name: small
seed: 3
target: {base_url: 'http://127.0.0.1:9', headers: {authorization: 'Bearer ${env:TOKEN}'}}
traffic: {arrivals: even, curve: [{at: 0s, shoppers_per_s: 10}, {at: 10s, shoppers_per_s: 10, label: end}]}
channels: [{name: mail, share: 1, query: utm_source=mail}]
shoppers: [{name: one, share: 1, journey: look, patience: {answer: {fixed: 9s}}}]
journeys:
  look:
    - {get: /}
    - {get: '/product/{product}', think: {from: 1s, to: 2s}, check: {body_matches: 'a+b'}}
limits: {drain: 5s}
";

    fn of(text: &str, token: &str) -> PlanPrint {
        plan(text, token).print
    }

    fn plan(text: &str, token: &str) -> DrillPlan {
        let path = Path::new("scenario.yaml");
        let environment = |_: &str| Some(token.to_owned());
        let declared = parse::<ScenarioDefinition>(path, text.as_bytes(), &environment)
            .unwrap_or_else(|error| panic!("{error}"));
        resolve(&declared).unwrap_or_else(|error| panic!("{error}"))
    }

    fn changed(from: &str, to: &str) -> PlanPrint {
        assert!(WRITTEN.contains(from), "{from}");
        of(&WRITTEN.replacen(from, to, 1), "s3cret")
    }

    #[test]
    fn how_a_file_is_written_makes_no_difference() {
        let print = of(WRITTEN, "s3cret");
        for (from, to) in [
            (
                "name: small\nseed: 3\n",
                "seed: 3\nname: small\n# a comment\n",
            ),
            ("{fixed: 9s}", "{fixed: 9000ms}"),
            (", label: end}", "}"),
            ("{from: 1s, to: 2s}", "{to: 2s, from: 1s}"),
            ("limits: {drain: 5s}", "limits: {drain: 5s, steps: 1000}"),
            ("share: 1, journey", "share: 100, journey"),
        ] {
            assert_eq!(changed(from, to), print, "{to}");
        }
        assert_eq!(of(WRITTEN, "another secret"), print);
    }

    #[test]
    fn each_change_of_meaning_changes_its_part_and_no_other() {
        let print = of(WRITTEN, "s3cret");
        for (from, to, part) in [
            ("shoppers_per_s: 10", "shoppers_per_s: 11", "traffic"),
            ("arrivals: even", "arrivals: poisson", "traffic"),
            ("utm_source=mail", "utm_source=ads", "channels"),
            ("{fixed: 9s}", "{fixed: 8s}", "shoppers"),
            ("{from: 1s, to: 2s}", "{from: 1s, to: 3s}", "journeys"),
            ("a+b", "a+c", "journeys"),
            ("limits: {drain: 5s}", "products: 7", "journeys limits"),
            ("limits: {drain: 5s}", "limits: {drain: 6s}", "limits"),
            (
                "limits: {drain: 5s}",
                "drills: [{id: deploy, at: 2s, deploy: v2}]",
                "limits drills",
            ),
        ] {
            let other = changed(from, to);
            assert_eq!(other.differing(&print).join(" "), part, "{to}");
            assert_eq!(other.target, print.target, "{to}");
        }
        let elsewhere = changed("127.0.0.1:9", "127.0.0.1:10");
        assert_ne!(elsewhere.target, print.target);
        assert_eq!(elsewhere.mix(), print.mix());
        assert_eq!(changed("seed: 3", "seed: 4"), print);
    }

    #[test]
    fn arrivals_that_no_file_says_are_of_the_mix() {
        let learned = |rate: f64| {
            let mut plan = plan(WRITTEN, "s3cret");
            plan.set_learned_curve(&[(0.0, rate), (10.0, rate)])
                .unwrap();
            plan.print
        };
        assert_eq!(learned(1.0), learned(1.0));
        assert_ne!(learned(1.0).traffic, learned(3.0).traffic);
        let replayed = |due_us: i64, route: &str| {
            let request = |due_us| ReplayedRequest {
                due_us,
                method: "GET",
                target: "/".into(),
                route: route.into(),
            };
            let requests = vec![request(0), request(due_us)];
            replay(plan(WRITTEN, "s3cret"), requests).unwrap().print
        };
        assert_eq!(replayed(9, "/"), replayed(9, "/"));
        assert_ne!(replayed(9, "/").traffic, replayed(9_000_000, "/").traffic);
        assert_ne!(replayed(9, "/").journeys, replayed(9, "/cart").journeys);
    }
}
