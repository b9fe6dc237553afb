//! After the last shopper: the judgement, the report, what is printed, and the exit code.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde::Serialize;

use super::run_facts::facts;
use super::scenarios::{ScenarioFacts, scenario_facts};
use super::{Done, Rehearsal, ShardSummary};
use crate::cli::arguments::RehearseArguments;
use crate::cli::contacts::{self, PredictedContactsJson};
use crate::cli::drills::{self, Drilled, Judgement};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::facts::{LagFacts, LatencyFacts, RunFacts};
use crate::cli::live::{End, Ui};
use crate::cli::objectives;
use crate::cli::outside::{ExpectedRates, outside};
use crate::cli::page;
use crate::cli::partners::{PartnerState, partners};
use crate::cli::range::{Judged, Previous, compared_run, run_scope};
use crate::cli::replay::ReplayFacts;
use crate::cli::shoppers::{Asked, Followed, nobody, shoppers};
use crate::cli::terminal::Terminal;
use crate::cli::thresholds::{Guard, ThresholdFacts};
use crate::drill::GeneratorHealth;
use crate::game_day::DrillScore;
use crate::lake::{Lake, LakeError};
use crate::report::{RehearsalPart, ReportPage, Verdict, verdict_word};
use crate::request_record::Origin;
use crate::rollup::Rollup;
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
    first_byte_us: Option<LatencyFacts>,
    invalid_because: &'a [String],
    stopped_by: Option<&'a Guard>,
    thresholds: &'a [ThresholdFacts],
    generator: Option<&'a GeneratorHealth>,
    rehearsal: Option<&'a RehearsalPart>,
    slis: &'a [SliSeries],
    drills: &'a [DrillScore],
    predicted_contacts: PredictedContactsJson,
    #[serde(skip_serializing_if = "<[PartnerState]>::is_empty")]
    partners: &'a [PartnerState],
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shards: Vec<ShardSummary>,
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
    let recorded = done.recorded;
    let ended = Ended {
        scenarios: scenario_facts(
            &rehearsal.plan,
            &recorded.requests_by_scenario,
            &done.outcome.by_scenario,
        ),
        replayed: rehearsal.replayed.as_ref().map(|replayed| &replayed.facts),
        committed: recorded.committed,
        facts,
        rollup: recorded.rollup,
        failure: recorded.failure,
    };
    finish(ended, &rehearsal.set, lake, arguments, ui, terminal)
}

/// A run that is over, driven by one process or by several.
pub struct Ended<'a> {
    pub facts: RunFacts,
    /// Counts of every request.
    pub rollup: Rollup,
    pub scenarios: Vec<ScenarioFacts>,
    pub replayed: Option<&'a ReplayFacts>,
    /// Requests in the lake.
    pub committed: u64,
    /// Why the lake took no more, if it did not.
    pub failure: Option<LakeError>,
}

/// Judges a run that is over, writes the report, prints, and chooses the exit code.
pub fn finish(
    ended: Ended<'_>,
    set: &SliSetPlan,
    lake: &Lake,
    arguments: &RehearseArguments,
    ui: Option<Ui>,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let facts = ended.facts;
    let run_id = facts.run_id.clone();
    let more = More {
        replayed: ended.replayed,
        scenarios: ended.scenarios,
        shards: facts.shards.clone(),
    };
    let failure = ended.failure;
    let kept = match &failure {
        // The lake is full or gone; the report still says what happened.
        Some(_) => Ok(()),
        None => keep(lake, &facts),
    };
    let scope = run_scope(&facts, set)?;
    let zone = set.time_zone.clone().unwrap_or(TimeZone::UTC);
    let followed = followed(set, &run_id, lake, scope, &zone, failure.is_some())?;
    let expected = ExpectedRates::new();
    let outside = outside(set, scope, &zone, &expected, Some(&followed.visits), None)?;
    let mut series = evaluate(set, &ended.rollup, scope, &outside)?;
    let objectives = objectives::settle_run(set, &mut series, scope, &zone);
    let what = arguments.compare.as_deref().filter(|_| failure.is_none());
    let (previous, uncompared) = compared(set, lake, &facts, what, &zone)?;
    if let Some(reason) = &uncompared {
        terminal.note(reason);
    }
    let reader = match &failure {
        Some(_) => None,
        None => Some(lake.reader()?),
    };
    let partners = match &reader {
        Some(reader) => partners(reader, &facts)?,
        None => Vec::new(),
    };
    let drilled = Drilled {
        run: &facts,
        set,
        series: &series,
        range: scope.range,
        rollup: &ended.rollup,
    };
    let drills = drills::scores(drilled, reader.as_ref())?;
    let mut judged = Judged {
        set: set.clone(),
        scope,
        rollup: ended.rollup,
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
        partners,
        drills,
        objectives,
        contacts: None,
        title: format!("Rehearsal {run_id}"),
    };
    let (defs, thresholds) = (
        arguments.sli_defs.as_deref(),
        arguments.thresholds.as_deref(),
    );
    contacts::foresee(&mut judged, defs, thresholds, terminal)?;
    let page = page::page(&judged)?;
    let kept = kept.and_then(|()| match &failure {
        Some(_) => Ok(()),
        None => keep_judgement(lake, &mut judged, page.verdict),
    });
    let report = report_path(arguments, lake, &run_id);
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
            ended.committed
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
    set: &SliSetPlan,
    run_id: &str,
    lake: &Lake,
    scope: Scope,
    zone: &TimeZone,
    is_lake_gone: bool,
) -> Result<Followed, Failure> {
    let asked = Asked {
        set,
        scope,
        origin: Origin::Drill,
        run_id: Some(run_id),
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
            first_byte_us: facts.first_byte_us,
            invalid_because: &facts.invalid_because,
            stopped_by: facts.guard.as_ref(),
            thresholds: &facts.thresholds,
            generator: facts.generator.as_ref(),
            rehearsal: page.rehearsal.as_ref(),
            slis: &judged.series,
            drills: &judged.drills,
            predicted_contacts: PredictedContactsJson::of(judged),
            partners: &judged.partners,
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
