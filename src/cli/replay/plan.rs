//! The plan of a replay: a scenario that says what is driven and how, with the log's arrivals.

use std::path::Path;

use serde_json::Value;

use super::ReplayFacts;
use super::log::LogRequests;
use crate::cli::arguments::ReplayArguments;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::declared_files::{self, Declared};
use crate::drafts::{Flow, ScenarioLines};
use crate::scenario::{self, DrillPlan, ScenarioDefinition, replay};

/// The plan.
pub fn plan(
    arguments: &ReplayArguments,
    found: LogRequests,
    facts: &ReplayFacts,
) -> Result<DrillPlan, Failure> {
    let text = scenario_text(arguments, facts)?;
    // Certificates are beside the scenario that names them.
    let path = arguments
        .scenario
        .as_deref()
        .unwrap_or(Path::new("replay.yaml"));
    let environment = |name: &str| std::env::var(name).ok();
    let declared: Declared<ScenarioDefinition> =
        declared_files::parse(path, text.as_bytes(), &environment)?;
    let limit = declared.value.limits.shoppers_per_s;
    let plan = replay(scenario::resolve(&declared)?, found.requests).ok_or_else(|| {
        Failure::new(
            ExitCode::Input,
            "the log has too many routes to be replayed",
        )
    })?;
    let peak = plan.traffic.curve.peak_per_s();
    if let Some(limit) = limit.filter(|limit| peak > *limit) {
        return Err(Failure::new(
            ExitCode::DeclaredFile,
            format!(
                "up to {peak:.0} requests per second are above `limits.shoppers_per_s` of {limit} (hint: a lower --speed)"
            ),
        ));
    }
    Ok(plan)
}

/// What the report shows as the scenario: where the requests are from, what is driven, and one step
/// whose path is that of each request.
fn scenario_text(arguments: &ReplayArguments, facts: &ReplayFacts) -> Result<String, Failure> {
    let of_scenario = match &arguments.scenario {
        None => Value::Null,
        Some(path) => {
            // A name in the environment stays one in what the report shows.
            let environment = |name: &str| Some(format!("${{env:{name}}}"));
            let text = std::fs::read(path)
                .map_err(|error| Failure::io("read", &path.display().to_string(), &error))?;
            let checked: Declared<ScenarioDefinition> =
                declared_files::parse(path, &text, &environment)?;
            scenario::resolve(&checked)?;
            declared_files::parse::<Value>(path, &text, &environment)?.value
        }
    };
    let mut lines = ScenarioLines::default();
    lines.comment(0, &format!(
        "A replay of {} requests, {} to {}, at {} times their speed. The step below stands for each of them.",
        facts.replayed, facts.from, facts.to, facts.speed
    ));
    let names = arguments.logs.iter().map(|path| path.display().to_string());
    lines.comment(
        0,
        &format!("Logs: {}", names.collect::<Vec<_>>().join(", ")),
    );
    let name = match arguments.logs.first().and_then(|path| path.file_stem()) {
        // Standard input has no name.
        Some(stem) if stem != "-" => format!("replay-{}", stem.to_string_lossy()),
        Some(_) | None => "replay".to_owned(),
    };
    lines.entry(0, "name", &Flow::text(name), "");
    let host = arguments.host.as_ref().filter(|_| of_scenario.is_null());
    let shop = || Flow::map([("shop", Flow::map([("checkouts_per_s", Flow::count(60))]))]);
    match (of_scenario.get("target"), host) {
        (Some(target), _) => lines.entry(0, "target", &Flow::of(target), ""),
        // The guard of `--host` decides whether it may be driven.
        (None, Some(_)) => lines.entry(
            0,
            "target",
            &Flow::map([("base_url", Flow::text("http://127.0.0.1"))]),
            "--host",
        ),
        (None, None) => lines.entry(0, "target", &shop(), ""),
    }
    if let Some(limits) = of_scenario.get("limits") {
        lines.entry(0, "limits", &Flow::of(limits), "");
    }
    let point = |at: &str| Flow::map([("at", Flow::text(at)), ("shoppers_per_s", Flow::count(0))]);
    let curve = Flow::List(vec![
        point("0s"),
        Flow::map([
            ("at", Flow::text("1s")),
            ("shoppers_per_s", Flow::Bare("0.000001".to_owned())),
        ]),
    ]);
    lines.entry(
        0,
        "traffic",
        &Flow::map([("curve", curve)]),
        "as the log says",
    );
    let shopper = Flow::map([
        ("name", Flow::text("replayed")),
        ("share", Flow::count(1)),
        ("journey", Flow::text("replayed")),
    ]);
    lines.entry(0, "shoppers", &Flow::List(vec![shopper]), "");
    let steps = Flow::List(vec![Flow::map([("get", Flow::text("/"))])]);
    lines.entry(0, "journeys", &Flow::map([("replayed", steps)]), "");
    Ok(lines.finish())
}
