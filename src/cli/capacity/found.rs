//! What a search found: put together, kept, printed, and the exit code.

mod reasons;
mod statement;

use std::path::Path;

use url::Url;

use super::after::After;
use super::kept::KeptSearch;
use super::prepared::Prepared;
use super::progress::{rate, share};
use super::searching::shares_machine;
use crate::capacity::finding::{
    CapacityFinding, CurvePoint, FirstToBreak, GeneratorFacts, OtherUnits, TrialFacts, TrialKind,
    UNIT,
};
use crate::capacity::search::{Reason, SearchOutcome, SearchPlan, Trials};
use crate::cli::arguments::CapacityArguments;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::terminal::Terminal;
use crate::lake::Lake;
use crate::report::text;

pub use statement::command;

/// Everything that is known when a search is over.
pub struct Found {
    /// What was to be done.
    pub plan: SearchPlan,
    /// The bounds.
    pub outcome: SearchOutcome,
    /// The trials of the search.
    pub trials: Trials,
    /// What came after the bounds.
    pub after: After,
    /// The search as it is kept.
    pub kept: KeptSearch,
    /// What was driven.
    pub base_url: Url,
}

/// Refuses a report of a kind that cannot be written, before anything is sent.
pub fn check_kind(report: &Path) -> Result<(), Failure> {
    match report.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "md" | "json") => Ok(()),
        _ => Err(Failure::usage(format!(
            "--report: `{}` is no kind of report (hint: .html, .md or .json)",
            report.display()
        ))),
    }
}

/// Puts the finding together, keeps and prints it, and chooses the exit code.
pub fn conclude(
    found: Found,
    prepared: &Prepared,
    lake: &Lake,
    arguments: &CapacityArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let finding = finding(&found, prepared, lake, arguments)?;
    let mut kept = found.kept;
    kept.finding = Some(finding.clone());
    kept.write(lake)?;
    if let Some(report) = &arguments.report {
        super::report::write(&finding, report)?;
    }
    let code = exit_code(&found.outcome, &finding);
    print(&finding, code, lake, terminal)?;
    Ok(code)
}

fn finding(
    found: &Found,
    prepared: &Prepared,
    lake: &Lake,
    arguments: &CapacityArguments,
) -> Result<CapacityFinding, Failure> {
    let outcome = &found.outcome;
    let strictest = outcome.strictest();
    let trials = &found.kept.trials;
    let soak_failed = found.after.soak.as_ref().is_some_and(|soak| !soak.held);
    let upper = outcome
        .goals
        .iter()
        .filter_map(|goal| goal.upper)
        .reduce(f64::min);
    let mut finding = CapacityFinding {
        search_id: found.kept.search_id.clone(),
        unit: UNIT.to_owned(),
        lower: strictest.and_then(|goal| goal.lower),
        upper,
        goals: outcome.goals.clone(),
        first_to_break: first_to_break(found),
        recovery_s: found
            .after
            .beyond
            .as_ref()
            .and_then(|beyond| beyond.recovery_s),
        irregular: outcome.reason().is_some() || soak_failed,
        outcome: reasons::word(outcome.reason(), soak_failed),
        reason: reasons::reason(found, soak_failed),
        sentence: String::new(),
        in_other_units: OtherUnits::default(),
        trials: trials.clone(),
        curve: curve(found),
        beyond: found.after.beyond.clone(),
        soak: found.after.soak.clone(),
        generator: generator(found),
        statement: statement::statement(found, prepared, lake, arguments)?,
    };
    finding.in_other_units = in_other_units(&finding);
    finding.sentence = reasons::sentence(&finding);
    Ok(finding)
}

/// The SLI that lost most journeys in the trial with the lowest rate at which the strictest goal failed.
fn first_to_break(found: &Found) -> Option<FirstToBreak> {
    let goals = &found.outcome.goals;
    let strictest = found.outcome.strictest()?;
    let index = goals.iter().position(|goal| goal.name == strictest.name)?;
    let definition = &found.plan.goals[index];
    let mut failed: Vec<&TrialFacts> = found
        .kept
        .trials
        .iter()
        .filter(|trial| {
            matches!(trial.kind, TrialKind::Search | TrialKind::Checkpoint)
                && trial.generator_limited.is_empty()
                && strictest.lower.is_none_or(|lower| trial.rate_per_s > lower)
                && trial.goals[index].loss_ratio > definition.loss_ratio
        })
        .collect();
    failed.sort_by(|one, other| {
        let by_rate = one.rate_per_s.total_cmp(&other.rate_per_s);
        by_rate.then(other.duration_s.total_cmp(&one.duration_s))
    });
    let trial = failed.first()?;
    let worst = trial.goals[index].missed.first();
    let (sli, title, route) = match worst {
        Some(sli) => (sli.sli.clone(), sli.title.clone(), sli.route.clone()),
        None if trial.dropped > 0 || trial.unanswered > 0 => (
            "answers".to_owned(),
            "Requests without an answer".to_owned(),
            trial.waiting_route.clone(),
        ),
        None => (
            "backlog".to_owned(),
            "Requests that pile up".to_owned(),
            trial.waiting_route.clone(),
        ),
    };
    Some(FirstToBreak {
        sli,
        title,
        route,
        goal: strictest.name.clone(),
        rate_per_s: trial.rate_per_s,
        trial: trial.number,
    })
}

/// Every trial with a steady rate, lowest rate first.
fn curve(found: &Found) -> Vec<CurvePoint> {
    let strictest = found.outcome.strictest().map(|goal| goal.name.clone());
    let highest = found.outcome.goals.iter().max_by(|one, other| {
        let end =
            |goal: &crate::capacity::search::GoalResult| goal.upper.or(goal.lower).unwrap_or(0.0);
        end(one).total_cmp(&end(other))
    });
    let loosest = highest.map(|goal| goal.name.clone());
    let steady = found.kept.trials.iter();
    let steady = steady.filter(|trial| trial.kind != TrialKind::Recovery);
    let mut points: Vec<CurvePoint> = steady
        .map(|trial| {
            let good = |name: &Option<String>| {
                let mut goals = trial.goals.iter();
                let goal = goals.find(|goal| Some(&goal.goal) == name.as_ref());
                goal.map_or(0.0, |goal| goal.good_per_s)
            };
            CurvePoint {
                offered_per_s: trial.offered_per_s,
                good_per_s: good(&loosest),
                strict_good_per_s: good(&strictest),
                answered_per_s: trial.answered_per_s,
                in_flight_mean: trial.in_flight_mean,
                response_p50_us: trial.response_p50_us,
                response_p95_us: trial.response_p95_us,
                is_beyond: trial.kind == TrialKind::Beyond,
                trial: trial.number,
            }
        })
        .collect();
    points.sort_by(|one, other| one.offered_per_s.total_cmp(&other.offered_per_s));
    points
}

fn generator(found: &Found) -> GeneratorFacts {
    let trials = &found.kept.trials;
    GeneratorFacts {
        cpu_share_max: trials
            .iter()
            .filter_map(|trial| trial.cpu_share_max)
            .reduce(f64::max),
        schedule_lag_p99_us_max: trials
            .iter()
            .map(|trial| trial.schedule_lag_p99_us)
            .max()
            .unwrap_or(0),
        shares_machine: shares_machine(&found.base_url),
        ..found.kept.generator.clone().unwrap_or_default()
    }
}

/// What one shopper makes of orders and requests, by the trials at the lower bound (or the lowest rate),
/// times the bounds.
fn in_other_units(finding: &CapacityFinding) -> OtherUnits {
    let at = finding
        .lower
        .or(finding.trials.first().map(|trial| trial.rate_per_s));
    let near = finding
        .trials
        .iter()
        .filter(|trial| at.is_some_and(|at| (trial.rate_per_s - at).abs() <= at * 1e-9));
    let (mut arrivals, mut requests, mut orders) = (0.0, 0.0, None);
    for trial in near {
        arrivals += trial.offered_per_s * trial.effective_s;
        requests += trial.answered_per_s * trial.effective_s;
        if let Some(per_min) = trial.orders_per_min {
            *orders.get_or_insert(0.0) += per_min * trial.effective_s;
        }
    }
    let ends = [finding.lower, finding.upper];
    let each = |sum: f64| (arrivals > 0.0).then(|| ends.map(|end| Some(end? * sum / arrivals)));
    OtherUnits {
        orders_per_min: orders.and_then(each),
        requests_per_s: each(requests),
        journeys_per_s: ends,
    }
}

fn exit_code(outcome: &SearchOutcome, finding: &CapacityFinding) -> ExitCode {
    let codes = outcome.goals.iter().map(|goal| match goal.reason {
        None | Some(Reason::HoldsAtHighest | Reason::Inversion) => ExitCode::Ok,
        Some(Reason::FailsAtLowest) => ExitCode::Missed,
        Some(Reason::Drift | Reason::GeneratorLimited | Reason::Noise) => ExitCode::InvalidRun,
        Some(Reason::BudgetOver | Reason::Stopped | Reason::NotRecovered) => ExitCode::Stopped,
    });
    let soak = match &finding.soak {
        Some(soak) if !soak.held => ExitCode::Missed,
        Some(_) | None => ExitCode::Ok,
    };
    codes.fold(soak, ExitCode::max)
}

fn print(
    finding: &CapacityFinding,
    code: ExitCode,
    lake: &Lake,
    terminal: &Terminal,
) -> Result<(), Failure> {
    if terminal.is_json {
        return terminal.json(finding);
    }
    if terminal.is_quiet {
        return Ok(());
    }
    let mut table = terminal.table(&["goal", "holds at", "fails at", "width", "trials", "result"]);
    for goal in &finding.goals {
        let end = |end: Option<f64>| {
            end.map_or_else(
                || text::NO_VALUE.to_owned(),
                |end| format!("{}/s", rate(end)),
            )
        };
        let reason = goal.reason.map_or("found".to_owned(), |reason| {
            reasons::word(Some(reason), false)
        });
        table.add_row(vec![
            goal.name.clone(),
            end(goal.lower),
            end(goal.upper),
            goal.width.map_or_else(|| text::NO_VALUE.to_owned(), share),
            goal.trials_at_lower.to_string(),
            reason.replace('_', " "),
        ]);
    }
    let statement = &finding.statement;
    let mut more = String::new();
    if let Some(reason) = &finding.reason {
        more += &format!("\nNot a regular result: {reason}\n");
    }
    if !statement.not_stated.is_empty() {
        more += &format!(
            "\nnot stated   {} (say it with --fact NAME=TEXT)",
            statement.not_stated.join(", ")
        );
    }
    if !statement.left_out.is_empty() {
        more += &format!("\nleft out     {}", statement.left_out.join("; "));
    }
    terminal.result(&format!(
        "\n{}\n\n{}\n{more}\nsearch       {} ({} trials, {})\nagain        {}\nlake         {}\nexit         {} ({})",
        text::harmless_lines(&finding.sentence),
        table.trim_fmt(),
        finding.search_id,
        statement.trials,
        text::duration(statement.trial_s.round()),
        statement.command,
        lake.root().display(),
        code.number(),
        code.meaning()
    ))
}
