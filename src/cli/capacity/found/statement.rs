//! What must be said with the number, collected.

use super::Found;
use crate::capacity::finding::{GoalStatement, RepeatedSearch, Statement};
use crate::cli::arguments::CapacityArguments;
use crate::cli::capacity::goals::Goal;
use crate::cli::capacity::kept::KeptSearch;
use crate::cli::capacity::prepared::Prepared;
use crate::cli::capacity::searching::scenario_path;
use crate::cli::capacity::typed::GoalLevel;
use crate::cli::exit_code::Failure;
use crate::lake::Lake;
use crate::report::text;
use crate::scenario::{ArrivalSpacing, TargetPlan};
use crate::time_window::seconds;

/// Other searches that are looked at, at most.
const REPEATS_MAX: usize = 100;
/// What only the owner of a target knows, and a part of a word by which it is recognised.
const TO_STATE: [(&str, &str); 5] = [
    ("instances", "instance"),
    ("data size", "data"),
    ("cache state", "cache"),
    ("autoscaling", "autoscal"),
    ("third parties", "third"),
];

/// Everything that must be said.
pub fn statement(
    found: &Found,
    prepared: &Prepared,
    lake: &Lake,
    arguments: &CapacityArguments,
) -> Result<Statement, Failure> {
    let trials = &found.kept.trials;
    let kinds = prepared.plan.kinds.iter();
    let spacing = match prepared.plan.traffic.spacing {
        ArrivalSpacing::Poisson => "Poisson",
        ArrivalSpacing::Even => "even",
    };
    let ended = trials
        .iter()
        .map(|trial| trial.started_us + microseconds(trial.lead_in_s + trial.effective_s));
    let facts: Vec<(String, String)> = arguments
        .fact
        .iter()
        .map(|fact| (fact.name.clone(), fact.text.clone()))
        .collect();
    Ok(Statement {
        scenario: prepared.plan.name.clone(),
        scenario_sha256: prepared.plan.sha256.clone(),
        mix: kinds.map(|kind| (kind.name.to_string(), kind.share)).collect(),
        arrivals: format!("open model, {spacing} arrivals"),
        target: prepared.target_name(),
        sli_set: prepared.set.name.clone(),
        sli_set_sha256: prepared.set.sha256.clone(),
        percentiles: format!(
            "nearest rank, of response times from due to the last byte; windows of {} and the whole trial",
            text::duration(seconds(prepared.set.rehearsal_window_us))
        ),
        goals: prepared.goals.list.iter().map(|goal| goal_statement(goal, prepared)).collect(),
        loss: "journeys with a bad request of an SLI that does not hold, dropped, late and unanswered ones, and what piled up beyond chance".to_owned(),
        around_trials: format!(
            "{} lead-in; up to {} drain; then until the median is back to its baseline",
            text::duration(f64::from(prepared.lead_in_s)),
            text::duration(seconds(prepared.drain_us))
        ),
        trials: trials.len(),
        trial_s: trials.iter().map(|trial| trial.effective_s).sum(),
        started_us: trials.first().map_or(0, |trial| trial.started_us),
        ended_us: ended.max().unwrap_or(0),
        repeats: repeats(found, lake)?,
        not_stated: not_stated(prepared, &facts),
        facts,
        left_out: found.after.left_out.clone(),
        soak_s: found.after.soak.as_ref().map(|soak| soak.length_s),
        is_extrapolated: false,
        command: command(arguments),
        seed: prepared.plan.seed,
    })
}

fn goal_statement(goal: &Goal, prepared: &Prepared) -> GoalStatement {
    let good = match goal.level {
        GoalLevel::Warn => "no SLI is beyond its warn level, and no objective is missed",
        GoalLevel::Contact => "no SLI is beyond its contact level",
        GoalLevel::Answered => "every request is answered, and not with 429 or 5xx",
    };
    GoalStatement {
        goal: goal.search.clone(),
        good: good.to_owned(),
        slis: goal
            .slis
            .iter()
            .map(|sli| prepared.set.slis[sli.sli].name.clone())
            .collect(),
    }
}

/// The built-in shop has no secrets; of any other target its owner must speak.
fn not_stated(prepared: &Prepared, facts: &[(String, String)]) -> Vec<String> {
    if matches!(prepared.plan.target, TargetPlan::EmbeddedShop(_)) && prepared.host.is_none() {
        return Vec::new();
    }
    let is_said = |part: &str| {
        facts
            .iter()
            .any(|(name, _)| name.to_lowercase().contains(part))
    };
    let open = TO_STATE.iter().filter(|(_, part)| !is_said(part));
    open.map(|(name, _)| (*name).to_owned()).collect()
}

/// Other finished searches of the same scenario, target, SLIs and goals.
fn repeats(found: &Found, lake: &Lake) -> Result<Vec<RepeatedSearch>, Failure> {
    let own = &found.kept;
    let mut repeats = Vec::new();
    for search_id in lake.search_ids()?.into_iter().rev().take(REPEATS_MAX) {
        if search_id == own.search_id {
            continue;
        }
        // One that an older version wrote is no repeat.
        let Ok(Some(other)) = KeptSearch::read(lake, &search_id) else {
            continue;
        };
        let is_same = other.identity.is_repeat_of(&own.identity);
        if let Some(finding) = other.finding.filter(|_| is_same) {
            repeats.push(RepeatedSearch {
                search_id,
                lower: finding.lower,
                upper: finding.upper,
            });
        }
    }
    Ok(repeats)
}

/// The command that repeats the search, under a new name.
pub fn command(arguments: &CapacityArguments) -> String {
    let mut words = vec![format!("firedrill capacity {}", scenario_path(arguments))];
    let path = |option: &str, path: &Option<std::path::PathBuf>| {
        path.as_ref()
            .map(|path| format!("{option} {}", path.display()))
    };
    words.extend(arguments.host.as_ref().map(|host| format!("--host {host}")));
    words.extend(path("--sli-defs", &arguments.sli_defs));
    words.extend(path("--thresholds", &arguments.thresholds));
    words.extend(arguments.goal.iter().map(|goal| format!("--goal {goal}")));
    words.push(format!("--trial {}", arguments.trial));
    words.push(format!("--trials {}", arguments.trials));
    words.push(format!("--width {}", arguments.width));
    words.push(format!("--budget {}", arguments.budget));
    let rates = [
        ("--start", arguments.start),
        ("--min", arguments.min),
        ("--max", arguments.max),
    ];
    words.extend(
        rates
            .into_iter()
            .filter_map(|(option, rate)| Some(format!("{option} {}", rate?))),
    );
    words.extend(
        arguments
            .lead_in
            .map(|lead_in| format!("--lead-in {lead_in}")),
    );
    words.extend(arguments.soak.map(|soak| format!("--soak {soak}")));
    words.extend(arguments.seed.map(|seed| format!("--seed {seed}")));
    words.join(" ")
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "trials are shorter than years"
)]
fn microseconds(seconds: f64) -> i64 {
    (seconds * 1e6) as i64
}
