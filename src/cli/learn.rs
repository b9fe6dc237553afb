//! `learn`: a load scenario of what customers did.

mod donor;
mod rows;
mod traffic;

use std::path::Path;

use serde::Serialize;

use super::arguments::{GlobalArguments, LearnArguments};
use super::exit_code::{ExitCode, Failure};
use super::rehearse::host;
use super::report::write_text;
use super::terminal::Terminal;
use crate::declared_files;
use crate::drafts::learned::{
    Learned, LearnedFacts, LearnedScenario, ScenarioRequest, Skew, learn, learned_scenario,
};
use crate::lake::Lake;
use crate::scenario::{self, ScenarioDefinition, is_loopback};
use crate::time_window::{parse_time, parse_week, zone};

use rows::{Asked, customer_requests};
pub use traffic::fill_learned_traffic;

/// Sessions from which on something is learned at all.
const SESSIONS_MIN: usize = 10;

/// What `--json` prints.
#[derive(Serialize)]
struct LearnJson<'a> {
    /// `scenario`.
    format: &'static str,
    /// The file; `None` where it went to one.
    text: Option<&'a str>,
    /// Where it went.
    output: Option<String>,
    #[serde(flatten)]
    facts: LearnedFacts,
    /// How much more wanted popular products are.
    product_skew: Skew,
    notices: &'a [String],
}

/// Runs the verb.
pub fn run(
    arguments: &LearnArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    check(arguments)?;
    let target = arguments.host.as_deref().map(host).transpose()?;
    let donor = arguments
        .forms
        .as_deref()
        .map(|path| donor::read(path, arguments.sli_defs.as_deref()))
        .transpose()?;
    let lake = Lake::open(&global.lake)?;
    let asked = asked(arguments)?;
    let mut found = customer_requests(&lake.reader()?, &asked)?;
    if let Some(donor) = &donor {
        donor.mark_followed(&mut found.requests.series);
    }
    let skew = found.products.skew();
    let plan = found.plan(arguments.min_share);
    let learned = learn(found.requests, plan);
    if learned.starts_us.len() < SESSIONS_MIN {
        return Err(Failure::new(
            ExitCode::Input,
            format!(
                "{} sessions in that range tell nothing (hint: at least {SESSIONS_MIN}; `firedrill lake info` says what is in the lake)",
                learned.starts_us.len()
            ),
        ));
    }
    let other_machine = target
        .as_ref()
        .and_then(|url| url.host_str())
        .filter(|host| !is_loopback(host));
    let request = ScenarioRequest {
        name: arguments.name.clone(),
        scale: arguments.scale,
        speed: arguments.speed,
        think_speed: arguments.think_speed,
        base_url: target
            .as_ref()
            .map(|url| url.as_str().trim_end_matches('/').to_owned()),
        hosts_allowed: other_machine.map(ToOwned::to_owned).into_iter().collect(),
        skew,
        donor,
        has_calls: !arguments.no_calls,
    };
    let mut made = learned_scenario(&learned, &request);
    made.notices.extend(found.cut);
    check_made(&made, arguments)?;
    print(&learned, &made, skew, arguments, terminal)?;
    Ok(ExitCode::Ok)
}

fn check(arguments: &LearnArguments) -> Result<(), Failure> {
    let factors = [
        ("--scale", arguments.scale),
        ("--speed", arguments.speed),
        ("--think-speed", arguments.think_speed),
    ];
    for (option, factor) in factors {
        if !(factor.is_finite() && (0.000_001..=1_000_000.0).contains(&factor)) {
            return Err(Failure::usage(format!(
                "{option}: `{factor}` is no factor (hint: from 0.000001 to 1000000, 1 for as it was)"
            )));
        }
    }
    if !(0.0..=1.0).contains(&arguments.min_share) {
        return Err(Failure::usage(format!(
            "--min-share: `{}` is no share (hint: from 0 to 1)",
            arguments.min_share
        )));
    }
    Ok(())
}

fn asked(arguments: &LearnArguments) -> Result<Asked, Failure> {
    let zone = zone(&arguments.tz)?;
    if let Some(week) = &arguments.week {
        let window = parse_week(week, &zone)?;
        return Ok(Asked {
            from_us: Some(window.start_us),
            to_us: Some(window.end_us),
        });
    }
    let now_us = crate::time_window::now_us();
    let bound = |text: &Option<String>| {
        text.as_ref()
            .map(|text| parse_time(text, &zone, now_us))
            .transpose()
    };
    let asked = Asked {
        from_us: bound(&arguments.from)?,
        to_us: bound(&arguments.to)?,
    };
    if let (Some(from_us), Some(to_us)) = (asked.from_us, asked.to_us) {
        crate::time_window::TimeWindow::new(from_us, to_us)?;
    }
    Ok(asked)
}

/// What is written can be read; steps of --forms may need what another step takes.
fn check_made(made: &LearnedScenario, arguments: &LearnArguments) -> Result<(), Failure> {
    // Files that the scenario names are beside it; variables of the environment are there when it runs.
    let path = arguments
        .output
        .as_deref()
        .unwrap_or(Path::new("learned.yaml"));
    let environment = |name: &str| Some(format!("${{env:{name}}}"));
    let declared =
        declared_files::parse::<ScenarioDefinition>(path, made.text.as_bytes(), &environment)?;
    scenario::resolve(&declared).map_err(|error| {
        let hint = match &arguments.forms {
            Some(_) => " (hint: a step of --forms may need what a page takes that nobody goes to)",
            None => "",
        };
        Failure::new(
            ExitCode::DeclaredFile,
            format!("the scenario would not be valid{hint}\n{error}"),
        )
    })?;
    Ok(())
}

fn print(
    learned: &Learned,
    made: &LearnedScenario,
    skew: Skew,
    arguments: &LearnArguments,
    terminal: &Terminal,
) -> Result<(), Failure> {
    for notice in &made.notices {
        terminal.note(&format!("note: {notice}"));
    }
    let pages: u64 = learned
        .kinds
        .iter()
        .flat_map(|kind| &kind.chain.visits)
        .sum();
    terminal.note(&format!(
        "learned from {} sessions with {} requests, {pages} of them pages",
        learned.starts_us.len(),
        learned.requests
    ));
    if let Some(path) = &arguments.output {
        write_text(path, &made.text)?;
    }
    let text = arguments.output.is_none().then_some(made.text.as_str());
    if terminal.is_json {
        return terminal.json(&LearnJson {
            format: "scenario",
            text,
            output: arguments
                .output
                .as_ref()
                .map(|path| path.display().to_string()),
            facts: LearnedFacts::of(learned),
            product_skew: skew,
            notices: &made.notices,
        });
    }
    match text {
        Some(text) => terminal.result(text.trim_end()),
        None => Ok(()),
    }
}
