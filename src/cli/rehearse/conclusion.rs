//! After the last shopper: the judgement, the report, what is printed, and the exit code.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde::Serialize;

use super::scenarios::{ScenarioFacts, scenario_facts};
use super::{Done, Rehearsal};
use crate::cli::arguments::RehearseArguments;
use crate::cli::drills::{self, Drilled, Judgement};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::facts::{LagFacts, LatencyFacts, RunFacts};
use crate::cli::live::{End, Ui};
use crate::cli::objectives;
use crate::cli::outside::{ExpectedRates, outside};
use crate::cli::page;
use crate::cli::range::{Judged, Previous, compared_run, run_scope};
use crate::cli::replay::ReplayFacts;
use crate::cli::shoppers::{Asked, Followed, nobody, shoppers};
use crate::cli::terminal::Terminal;
use crate::cli::thresholds::{Guard, ThresholdFacts};
use crate::drill::{GeneratorHealth, Validity};
use crate::game_day::DrillScore;
use crate::lake::Lake;
use crate::report::{RehearsalPart, ReportPage, Verdict, verdict_word};
use crate::request_record::Origin;
use crate::scenario::{Arrivals, DrillPlan, forecast};
use crate::sli::{Scope, SliSeries, SliSetPlan, evaluate};

/// What `--json` prints.
#[derive(Serialize)]
struct RehearseJson<'a> {
    run_id: &'a str,
    verdict: Verdict,
    offered_arrivals: u64,
    started: u64,
    completed: u64,
    gave_up: u64,
    lost_patience: u64,
    withheld: u64,
    dropped: u64,
    cut: u64,
    requests: u64,
    connections: u64,
    retry_amplification: Option<f64>,
    records_lost: u64,
    schedule_lag_us: LagFacts,
    response_us: LatencyFacts,
    service_us: LatencyFacts,
    invalid_because: &'a [String],
    stopped_by: Option<&'a Guard>,
    thresholds: &'a [ThresholdFacts],
    generator: Option<&'a GeneratorHealth>,
    rehearsal: Option<&'a RehearsalPart>,
    slis: &'a [SliSeries],
    drills: &'a [DrillScore],
    predicted_contacts: PredictedContacts,
    #[serde(flatten)]
    more: &'a More<'a>,
    lake: String,
    report: String,
}

/// What only some runs have.
#[derive(Serialize)]
struct More<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed: Option<&'a ReplayFacts>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scenarios: Vec<ScenarioFacts>,
}

/// How often customers would call; not known until levels are learned from support tickets.
#[derive(Serialize, Default)]
struct PredictedContacts {
    value: Option<f64>,
    interval: Option<[f64; 2]>,
}

/// Judges, writes the report, prints, and chooses the exit code.
pub fn conclude(
    rehearsal: &Rehearsal,
    done: Done,
    lake: &Lake,
    arguments: &RehearseArguments,
    ui: Option<Ui>,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let facts = facts(rehearsal, &done, arguments)?;
    let more = More {
        replayed: rehearsal.replayed.as_ref().map(|replayed| &replayed.facts),
        scenarios: scenario_facts(&rehearsal.plan, facts.judged_us, &done.recorded.by_scenario),
    };
    let failure = done.recorded.failure;
    let kept = match &failure {
        // The lake is full or gone; the report still says what happened.
        Some(_) => Ok(()),
        None => keep(lake, &facts),
    };
    let scope = run_scope(&facts, &rehearsal.set)?;
    let zone = TimeZone::UTC;
    let followed = followed(rehearsal, lake, scope, &zone, failure.is_some())?;
    let expected = ExpectedRates::new();
    let outside = outside(
        &rehearsal.set,
        scope,
        &zone,
        &expected,
        Some(&followed.visits),
        None,
    )?;
    let series = evaluate(&rehearsal.set, &done.recorded.rollup, scope, &outside)?;
    let what = arguments.compare.as_deref().filter(|_| failure.is_none());
    let (previous, uncompared) = compared(&rehearsal.set, lake, &facts, what, &zone)?;
    let objectives = objectives::of_series(&rehearsal.set, &series, scope, &zone);
    let reader = match &failure {
        Some(_) => None,
        None => Some(lake.reader()?),
    };
    let drilled = Drilled {
        run: &facts,
        set: &rehearsal.set,
        series: &series,
        range: scope.range,
        rollup: &done.recorded.rollup,
    };
    let drills = drills::scores(drilled, reader.as_ref())?;
    let mut judged = Judged {
        set: rehearsal.set.clone(),
        scope,
        rollup: done.recorded.rollup,
        series,
        run: Some(facts),
        origin: Origin::Drill,
        rejected: 0,
        zone,
        followed,
        past: None,
        expected,
        previous,
        uncompared,
        annotations: Vec::new(),
        drills,
        objectives,
        title: format!("Rehearsal {}", rehearsal.run_id),
    };
    let page = page::page(&judged)?;
    let kept = kept.and_then(|()| match &failure {
        Some(_) => Ok(()),
        None => keep_judgement(lake, &mut judged, page.verdict),
    });
    let report = report_path(arguments, lake, &rehearsal.run_id);
    let written = crate::cli::report::write(&page, &report);
    let code = match &failure {
        Some(_) => ExitCode::Input,
        None => exit_code(page.verdict),
    };
    print(&more, &judged, &page, code, lake, &report, terminal)?;
    if let Some(ui) = ui {
        show_the_end(ui, &page, &report);
    }
    if let Some(error) = failure {
        let message = format!(
            "{error}; the run was stopped, {} of its requests are in the lake",
            done.recorded.committed
        );
        return Err(Failure::new(ExitCode::Input, message));
    }
    kept?;
    written?;
    Ok(code)
}

/// The run that was asked for to compare with, or why there is none.
fn compared(
    set: &SliSetPlan,
    lake: &Lake,
    facts: &RunFacts,
    what: Option<&str>,
    zone: &TimeZone,
) -> Result<(Option<Previous>, Option<String>), Failure> {
    let Some(what) = what else {
        return Ok((None, None));
    };
    Ok(
        match compared_run(set, lake, &lake.reader()?, facts, what, zone)? {
            Ok(previous) => (Some(previous), None),
            Err(reason) => (None, Some(reason)),
        },
    )
}

/// Whoever looks on gets the verdict and the report as it was written.
fn show_the_end(ui: Ui, page: &ReportPage, report: &Path) {
    let name = report.file_name().map(|name| name.to_string_lossy());
    let end = End {
        verdict: verdict_word(page.verdict).to_owned(),
        sentence: page.sentence.clone(),
        report: name.unwrap_or_default().into_owned(),
    };
    let kind = match report.extension().and_then(|extension| extension.to_str()) {
        Some("json") => "application/json",
        Some("md" | "csv") => "text/plain; charset=utf-8",
        _ => "text/html; charset=utf-8",
    };
    // A report that could not be written is an error that is printed elsewhere.
    ui.finish(end, kind, std::fs::read(report).unwrap_or_default());
}

fn keep(lake: &Lake, facts: &RunFacts) -> Result<(), Failure> {
    Ok(lake.write_run(&facts.run_id, &serde_json::to_string_pretty(facts)?)?)
}

/// Keeps how the run was judged beside its facts, which were kept before anything could go wrong here.
fn keep_judgement(lake: &Lake, judged: &mut Judged, verdict: Verdict) -> Result<(), Failure> {
    let Some(facts) = &mut judged.run else {
        return Ok(());
    };
    facts.judgement = Some(Judgement::new(
        &judged.set.sha256,
        verdict,
        &judged.series,
        facts.started_us,
        &judged.drills,
    ));
    keep(lake, facts)
}

/// What only a pass over the run's shoppers tells, from the rows that reached the lake.
fn followed(
    rehearsal: &Rehearsal,
    lake: &Lake,
    scope: Scope,
    zone: &TimeZone,
    is_lake_gone: bool,
) -> Result<Followed, Failure> {
    let asked = Asked {
        set: &rehearsal.set,
        scope,
        origin: Origin::Drill,
        run_id: Some(&rehearsal.run_id),
    };
    if is_lake_gone {
        return nobody(asked, zone);
    }
    shoppers(lake, &lake.reader()?, asked, zone)
}

fn exit_code(verdict: Verdict) -> ExitCode {
    match verdict {
        Verdict::Pass => ExitCode::Ok,
        Verdict::Fail | Verdict::NotEnoughData => ExitCode::Missed,
        Verdict::Invalid => ExitCode::InvalidRun,
        Verdict::Stopped => ExitCode::Stopped,
    }
}

fn report_path(arguments: &RehearseArguments, lake: &Lake, run_id: &str) -> PathBuf {
    let beside_the_lake = || {
        let folder = lake.folder_beside();
        folder.join(format!("{run_id}.html"))
    };
    arguments.report.clone().unwrap_or_else(beside_the_lake)
}

fn print(
    more: &More<'_>,
    judged: &Judged,
    page: &ReportPage,
    code: ExitCode,
    lake: &Lake,
    report: &Path,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let Some(facts) = &judged.run else {
        return Ok(());
    };
    if terminal.is_json {
        return terminal.json(&RehearseJson {
            run_id: &facts.run_id,
            verdict: page.verdict,
            offered_arrivals: facts.offered_arrivals,
            started: facts.started,
            completed: facts.completed,
            gave_up: facts.gave_up,
            lost_patience: facts.lost_patience,
            withheld: facts.withheld,
            connections: facts.connections,
            retry_amplification: facts.retry_amplification,
            dropped: facts.dropped,
            cut: facts.cut,
            requests: facts.requests,
            records_lost: facts.records_lost,
            schedule_lag_us: facts.schedule_lag_us,
            response_us: facts.response_us,
            service_us: facts.service_us,
            invalid_because: &facts.invalid_because,
            stopped_by: facts.guard.as_ref(),
            thresholds: &facts.thresholds,
            generator: facts.generator.as_ref(),
            rehearsal: page.rehearsal.as_ref(),
            slis: &judged.series,
            drills: &judged.drills,
            predicted_contacts: PredictedContacts::default(),
            more,
            lake: lake.root().display().to_string(),
            report: report.display().to_string(),
        });
    }
    if terminal.is_quiet {
        return Ok(());
    }
    let drills =
        drills::table(page, terminal).map_or_else(String::new, |table| format!("\n\n{table}"));
    terminal.result(&format!(
        "\n{}{drills}\n\nreport  {}\nlake    {}\nexit    {} ({})",
        terminal.summary(page),
        report.display(),
        lake.root().display(),
        code.number(),
        code.meaning()
    ))
}

fn facts(
    rehearsal: &Rehearsal,
    done: &Done,
    arguments: &RehearseArguments,
) -> Result<RunFacts, Failure> {
    let plan = &rehearsal.plan;
    let outcome = &done.outcome;
    let curve_us = whole_us(plan.traffic.curve.length_s());
    let judged_us = if outcome.is_stopped {
        (outcome.length_us / 1_000_000 * 1_000_000).min(curve_us)
    } else {
        curve_us
    };
    let thresholds = rehearsal.thresholds()?.judge(
        &done.recorded.rollup,
        &done.recorded.scoped,
        done.started_us,
        judged_us,
    )?;
    Ok(RunFacts {
        run_id: rehearsal.run_id.clone(),
        scenario: plan.name.clone(),
        scenario_sha256: plan.sha256.clone(),
        scenario_text: plan.text.clone(),
        hypothesis: plan.hypothesis.clone(),
        criteria: plan.criteria.clone(),
        has_own_criteria: plan.has_own_criteria,
        print: Some(rehearsal.print()),
        target: done.target.clone(),
        seed: plan.seed,
        started_us: done.started_us,
        judged_us,
        length_us: outcome.length_us,
        peak_shoppers_per_s: plan.traffic.curve.peak_per_s(),
        labels: plan.traffic.labels.clone(),
        offered_arrivals: outcome.offered,
        started: outcome.started(),
        completed: outcome.completed,
        gave_up: outcome.gave_up,
        lost_patience: outcome.lost_patience,
        withheld: outcome.withheld,
        retry_amplification: outcome.retry_amplification(),
        dropped: outcome.dropped,
        cut: outcome.cut,
        requests: outcome.requests,
        connections: outcome.connections,
        records_lost: outcome.records_lost,
        schedule_lag_us: LagFacts::of(outcome),
        response_us: LatencyFacts::of(&outcome.response),
        service_us: LatencyFacts::of(&outcome.service),
        answered_per_s: done.recorded.answered_per_s.clone(),
        arrivals_per_s: arrivals_per_s(plan, judged_us),
        planned_per_s: planned_per_s(plan, judged_us),
        planned_requests: plan
            .traffic
            .closed
            .is_none()
            .then(|| forecast(plan, 0.0).requests),
        seconds: done.recorded.seconds.clone(),
        invalid_because: match outcome.validity(&plan.limits) {
            Validity::Valid => Vec::new(),
            Validity::Invalid(reasons) => reasons,
        },
        is_stopped: outcome.is_stopped,
        guard: done.recorded.guard.clone(),
        thresholds,
        generator: Some(outcome.health.clone()),
        drills: done.drills.clone(),
        judgement: None,
        command: match &rehearsal.replayed {
            Some(replayed) => replayed.command.clone(),
            None => command(arguments),
        },
    })
}

fn arrivals_per_s(plan: &DrillPlan, until_us: i64) -> Vec<u64> {
    let mut seconds = Vec::new();
    for arrival in Arrivals::new(plan).take_while(|arrival| arrival.due_us < until_us) {
        let second = usize::try_from(arrival.due_us / 1_000_000).unwrap_or(0);
        if seconds.len() <= second {
            seconds.resize(second + 1, 0);
        }
        seconds[second] += 1;
    }
    seconds
}

/// The area under the curve in each second, to a thousandth.
fn planned_per_s(plan: &DrillPlan, until_us: i64) -> Vec<f64> {
    if plan.traffic.closed.is_some() {
        return Vec::new();
    }
    let curve = &plan.traffic.curve;
    let seconds = (0..).take_while(|second| second * 1_000_000 < until_us);
    let planned = seconds.map(|second: i64| {
        let from_s = crate::time_window::seconds(second * 1_000_000);
        curve.arrivals_before(from_s + 1.0) - curve.arrivals_before(from_s)
    });
    planned
        .map(|planned| (planned * 1_000.0).round() / 1_000.0)
        .collect()
}

fn command(arguments: &RehearseArguments) -> String {
    let mut words = vec!["firedrill rehearse".to_owned()];
    words.extend(
        arguments
            .scenario
            .as_ref()
            .map(|path| path.display().to_string()),
    );
    words.extend(
        arguments
            .also
            .iter()
            .map(|path| format!("--also {}", path.display())),
    );
    words.extend(arguments.host.as_ref().map(|host| format!("--host {host}")));
    words.extend(arguments.seed.map(|seed| format!("--seed {seed}")));
    let path = |option: &str, path: &PathBuf| format!("{option} {}", path.display());
    words.extend(
        arguments
            .sli_defs
            .as_ref()
            .map(|file| path("--sli-defs", file)),
    );
    words.extend(
        arguments
            .thresholds
            .as_ref()
            .map(|file| path("--thresholds", file)),
    );
    words.extend(arguments.allow_exec.then(|| "--allow-exec".to_owned()));
    words.extend(
        arguments
            .confirm_dir
            .as_ref()
            .map(|folder| path("--confirm-dir", folder)),
    );
    words.join(" ")
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a curve is at most 36,500 days long"
)]
fn whole_us(seconds: f64) -> i64 {
    (seconds * 1e6) as i64
}
