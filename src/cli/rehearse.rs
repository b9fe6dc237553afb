//! `rehearse`: a surge from the first shopper to the report.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use url::Url;

use super::arguments::{GlobalArguments, RehearseArguments};
use super::exit_code::{ExitCode, Failure};
use super::facts::{LagFacts, LatencyFacts, RunFacts};
use super::live::{self, LiveSettings, LiveState};
use super::range::{Judged, RUN_WINDOW_US};
use super::recorder::{self, QUEUE_BATCHES, Recorded, RecorderSettings};
use super::terminal::Terminal;
use super::{definitions, page};
use crate::drill::{self, DrillOutcome, DrillSettings, Progress, Validity};
use crate::lake::Lake;
use crate::report::Verdict;
use crate::request_record::Origin;
use crate::rollup::RollupPlan;
use crate::route::Router;
use crate::scenario::{Arrivals, DrillPlan, EmbeddedShop, TargetPlan, forecast};
use crate::shop::{Shop, ShopPlan};
use crate::sli::{Scope, SliSeries, SliSetPlan, evaluate};
use crate::time_window::{TimeWindow, now_us, rfc3339};

/// Response time that `--dry-run` assumes, seconds.
const ASSUMED_RESPONSE_S: f64 = 0.2;
/// Longest name of a run.
const RUN_ID_BYTES_MAX: usize = 100;

/// Runs the verb.
pub fn run(
    arguments: &RehearseArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let rehearsal = Rehearsal::prepare(arguments)?;
    if arguments.dry_run {
        return dry_run(&rehearsal.plan, terminal);
    }
    let lake = Lake::open_or_create(&global.lake)?;
    if lake
        .reader()?
        .ledger()
        .get(&recorder::source_id(&rehearsal.run_id))
        .is_some()
    {
        let message = format!("run `{}` is already in the lake", rehearsal.run_id);
        return Err(Failure::usage(format!(
            "{message} (hint: choose another --run-id)"
        )));
    }
    let shop = rehearsal.open_shop()?;
    let base_url = rehearsal.base_url(shop.as_ref())?;
    drill::preflight(&rehearsal.plan, &base_url)?;
    let done = rehearsal.drive(&lake, &base_url, terminal)?;
    if let Some(shop) = shop {
        shop.stop();
    }
    conclude(&rehearsal, done, &lake, arguments, terminal)
}

/// Everything that is known before the first shopper.
struct Rehearsal {
    plan: Arc<DrillPlan>,
    set: SliSetPlan,
    run_id: String,
    host: Option<Url>,
}

/// Everything that is known after the last one.
struct Done {
    outcome: DrillOutcome,
    recorded: Recorded,
    started_us: i64,
    target: String,
}

impl Rehearsal {
    fn prepare(arguments: &RehearseArguments) -> Result<Self, Failure> {
        let set = definitions::sli_set(
            arguments.sli_defs.as_deref(),
            arguments.thresholds.as_deref(),
        )?;
        let mut plan = definitions::scenario(arguments.scenario.as_deref())?;
        plan.assign_routes(&mut Router::new(set.routes.clone()));
        if let Some(seed) = arguments.seed {
            plan.seed = seed;
        }
        let host = arguments.host.as_deref().map(host).transpose()?;
        let run_id = match &arguments.run_id {
            Some(run_id) => {
                check_run_id(run_id)?;
                run_id.clone()
            }
            None => default_run_id(&plan.name),
        };
        Ok(Self {
            plan: Arc::new(plan),
            set,
            run_id,
            host,
        })
    }

    fn open_shop(&self) -> Result<Option<Shop>, Failure> {
        match (&self.plan.target, &self.host) {
            (TargetPlan::EmbeddedShop(shop), None) => Ok(Some(Shop::start(&shop_plan(shop))?)),
            (TargetPlan::EmbeddedShop(_), Some(_)) | (TargetPlan::Url(_), _) => Ok(None),
        }
    }

    fn base_url(&self, shop: Option<&Shop>) -> Result<Url, Failure> {
        match (shop, &self.host, &self.plan.target) {
            (Some(shop), _, _) => host(&shop.base_url()),
            (None, Some(url), _) | (None, None, TargetPlan::Url(url)) => Ok(url.clone()),
            (None, None, TargetPlan::EmbeddedShop(_)) => Err(Failure::new(
                ExitCode::Internal,
                "the built-in shop was not opened",
            )),
        }
    }

    /// Drives the surge while one thread records it and one shows it.
    fn drive(&self, lake: &Lake, base_url: &Url, terminal: &Terminal) -> Result<Done, Failure> {
        let progress = Arc::new(Progress::default());
        stop_on_signal(&progress)?;
        let live = Arc::new(Mutex::new(LiveState::default()));
        let started_us = (now_us() / 1_000_000 + 1) * 1_000_000;
        let wait_us = u64::try_from(started_us - now_us()).unwrap_or(0);
        let origin = Instant::now() + Duration::from_micros(wait_us);
        thread::sleep(Duration::from_micros(wait_us));
        let recorder_settings = RecorderSettings {
            plan: Arc::clone(&self.plan),
            run_id: self.run_id.clone(),
            started_us,
            rollup: RollupPlan::new(RUN_WINDOW_US, self.set.cuts_us()),
            progress: Arc::clone(&progress),
            live: Arc::clone(&live),
        };
        let live_settings = self.live_settings(*terminal, &progress, live, started_us, origin);
        let drill_settings = DrillSettings {
            base_url: base_url.clone(),
            workers: thread::available_parallelism().map_or(1, usize::from),
            origin,
        };
        let (records, batches) = sync_channel(QUEUE_BATCHES);
        let is_over = AtomicBool::new(false);
        terminal.note(&self.announcement(base_url));
        thread::scope(|scope| {
            // The recorder owns its end of the channel, so a panic there is a full queue here.
            let recorder_settings = &recorder_settings;
            let recording = scope.spawn(move || recorder::run(lake, recorder_settings, &batches));
            scope.spawn(|| live::run(&live_settings, &|| is_over.load(Relaxed)));
            let outcome = drill::run(&self.plan, &drill_settings, &records, &progress);
            drop(records);
            is_over.store(true, Relaxed);
            let recorded = recording
                .join()
                .map_err(|_| Failure::new(ExitCode::Internal, "the recorder panicked"))?;
            Ok(Done {
                outcome: outcome?,
                recorded: recorded?,
                started_us,
                target: base_url.to_string(),
            })
        })
    }

    fn live_settings(
        &self,
        terminal: Terminal,
        progress: &Arc<Progress>,
        state: Arc<Mutex<LiveState>>,
        started_us: i64,
        origin: Instant,
    ) -> LiveSettings {
        let labels = self.plan.labels.iter();
        LiveSettings {
            terminal,
            set: self.set.clone(),
            progress: Arc::clone(progress),
            state,
            started_us,
            origin,
            length_s: self.plan.curve.length_s(),
            in_flight_max: self.plan.limits.in_flight,
            labels: labels
                .map(|(at_us, label)| (crate::time_window::seconds(*at_us), label.clone()))
                .collect(),
        }
    }

    fn announcement(&self, base_url: &Url) -> String {
        let plan = &self.plan;
        format!(
            "rehearsing {} against {base_url}: about {:.0} shoppers in {:.0} s, at most {} per second",
            plan.name,
            plan.curve.arrivals(),
            plan.curve.length_s(),
            plan.curve.peak_per_s()
        )
    }
}

/// A base URL from the command line.
fn host(text: &str) -> Result<Url, Failure> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err(Failure::usage(format!(
            "--host: `{text}` is not an http or https URL (hint: write `http://127.0.0.1:8080`)"
        ))),
    }
}

/// A run's name becomes part of file names.
pub fn check_run_id(run_id: &str) -> Result<(), Failure> {
    let is_plain = run_id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if run_id.is_empty() || run_id.len() > RUN_ID_BYTES_MAX || !is_plain {
        return Err(Failure::usage(format!(
            "run `{run_id}` is not a name (hint: up to {RUN_ID_BYTES_MAX} letters, digits, `-` and `_`)"
        )));
    }
    Ok(())
}

fn default_run_id(scenario: &str) -> String {
    let name: String = scenario
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() {
                character
            } else {
                '-'
            }
        })
        .take(RUN_ID_BYTES_MAX - 20)
        .collect();
    let now = rfc3339(now_us() / 1_000_000 * 1_000_000);
    format!("{name}-{}", now.replace([':', '-'], ""))
}

fn shop_plan(shop: &EmbeddedShop) -> ShopPlan {
    let mut plan = ShopPlan {
        port: 0,
        checkouts_per_s: shop.checkouts_per_s,
        products: shop.products,
        ..ShopPlan::default()
    };
    plan.payment_time = shop.payment_time.unwrap_or(plan.payment_time);
    plan.payment_queue = shop.payment_queue.unwrap_or(plan.payment_queue);
    plan
}

/// The first Ctrl-C (or SIGTERM) stops the run and keeps what it has; the second ends the process.
fn stop_on_signal(progress: &Arc<Progress>) -> Result<(), Failure> {
    let progress = Arc::clone(progress);
    ctrlc::set_handler(move || {
        if progress.stop.swap(true, Relaxed) {
            std::process::exit(i32::from(ExitCode::Stopped.number()));
        }
    })
    .map_err(|error| {
        Failure::new(
            ExitCode::Internal,
            format!("cannot listen for Ctrl-C: {error}"),
        )
    })
}

fn dry_run(plan: &DrillPlan, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let forecast = forecast(plan, ASSUMED_RESPONSE_S);
    if terminal.is_json {
        terminal.json(&forecast)?;
        return Ok(ExitCode::Ok);
    }
    terminal.result(&format!(
        "{}: nothing is sent\n\
         arrivals             {:.0} shoppers in {:.0} s, at most {:.0} per second\n\
         requests             {:.0}, at most {:.0} per second\n\
         shoppers at once     {:.0} at the peak (arrival rate × time in the shop)\n\
         connections          {:.0} at the peak if an answer takes {ASSUMED_RESPONSE_S} s; \
         at most {} requests may be under way",
        plan.name,
        forecast.arrivals,
        forecast.length_s,
        forecast.peak_shoppers_per_s,
        forecast.requests,
        forecast.peak_requests_per_s,
        forecast.peak_shoppers_at_once,
        forecast.connections_at_peak,
        plan.limits.in_flight
    ))?;
    Ok(ExitCode::Ok)
}

/// What `--json` prints.
#[derive(Serialize)]
struct RehearseJson<'a> {
    run_id: &'a str,
    verdict: Verdict,
    offered_arrivals: u64,
    started: u64,
    completed: u64,
    gave_up: u64,
    dropped: u64,
    cut: u64,
    requests: u64,
    records_lost: u64,
    schedule_lag_us: LagFacts,
    response_us: LatencyFacts,
    service_us: LatencyFacts,
    invalid_because: &'a [String],
    slis: &'a [SliSeries],
    lake: String,
    report: String,
}

/// Judges, writes the report, prints, and chooses the exit code.
fn conclude(
    rehearsal: &Rehearsal,
    done: Done,
    lake: &Lake,
    arguments: &RehearseArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let facts = facts(rehearsal, &done, arguments);
    let failure = done.recorded.failure;
    let kept = match &failure {
        // The lake is full or gone; the report still says what happened.
        Some(_) => Ok(()),
        None => lake.write_run(&facts.run_id, &serde_json::to_string_pretty(&facts)?),
    };
    let range = TimeWindow {
        start_us: facts.started_us,
        end_us: facts.started_us + facts.judged_us.max(1),
    };
    let scope = Scope {
        range,
        covered: range,
        window_us: rehearsal.set.rehearsal_window_us,
    };
    let series = evaluate(&rehearsal.set, &done.recorded.rollup, scope)?;
    let judged = Judged {
        set: rehearsal.set.clone(),
        scope,
        rollup: done.recorded.rollup,
        series,
        run: Some(facts),
        origin: Origin::Drill,
        rejected: 0,
        zone: "UTC".to_owned(),
        title: format!("Rehearsal {}", rehearsal.run_id),
    };
    let page = page::page(&judged)?;
    let report = report_path(arguments, lake, &rehearsal.run_id);
    let written = super::report::write(&page, &report);
    print(&judged, &page, lake, &report, terminal)?;
    if let Some(error) = failure {
        let message = format!(
            "{error}; the run was stopped, {} of its requests are in the lake",
            done.recorded.committed
        );
        return Err(Failure::new(ExitCode::Input, message));
    }
    kept?;
    written?;
    Ok(exit_code(page.verdict))
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
        let folder = lake.root().parent().unwrap_or(lake.root());
        folder.join(format!("{run_id}.html"))
    };
    arguments.report.clone().unwrap_or_else(beside_the_lake)
}

fn print(
    judged: &Judged,
    page: &crate::report::ReportPage,
    lake: &Lake,
    report: &std::path::Path,
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
            dropped: facts.dropped,
            cut: facts.cut,
            requests: facts.requests,
            records_lost: facts.records_lost,
            schedule_lag_us: facts.schedule_lag_us,
            response_us: facts.response_us,
            service_us: facts.service_us,
            invalid_because: &facts.invalid_because,
            slis: &judged.series,
            lake: lake.root().display().to_string(),
            report: report.display().to_string(),
        });
    }
    if terminal.is_quiet {
        return Ok(());
    }
    let code = exit_code(page.verdict);
    terminal.result(&format!(
        "\n{}\n\nreport  {}\nlake    {}\nexit    {} ({})",
        terminal.summary(page),
        report.display(),
        lake.root().display(),
        code.number(),
        code.meaning()
    ))
}

fn facts(rehearsal: &Rehearsal, done: &Done, arguments: &RehearseArguments) -> RunFacts {
    let plan = &rehearsal.plan;
    let outcome = &done.outcome;
    let curve_us = whole_us(plan.curve.length_s());
    let judged_us = if outcome.is_stopped {
        (outcome.length_us / 1_000_000 * 1_000_000).min(curve_us)
    } else {
        curve_us
    };
    RunFacts {
        run_id: rehearsal.run_id.clone(),
        scenario: plan.name.clone(),
        scenario_sha256: plan.sha256.clone(),
        scenario_text: plan.text.clone(),
        target: done.target.clone(),
        seed: plan.seed,
        started_us: done.started_us,
        judged_us,
        length_us: outcome.length_us,
        peak_shoppers_per_s: plan.curve.peak_per_s(),
        labels: plan.labels.clone(),
        offered_arrivals: outcome.offered,
        started: outcome.started(),
        completed: outcome.completed,
        gave_up: outcome.gave_up,
        dropped: outcome.dropped,
        cut: outcome.cut,
        requests: outcome.requests,
        records_lost: outcome.records_lost,
        schedule_lag_us: LagFacts::of(outcome),
        response_us: LatencyFacts::of(&outcome.response),
        service_us: LatencyFacts::of(&outcome.service),
        answered_per_s: done.recorded.answered_per_s.clone(),
        arrivals_per_s: arrivals_per_s(plan, judged_us),
        invalid_because: match outcome.validity(&plan.limits) {
            Validity::Valid => Vec::new(),
            Validity::Invalid(reasons) => reasons,
        },
        is_stopped: outcome.is_stopped,
        command: command(arguments),
    }
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

fn command(arguments: &RehearseArguments) -> String {
    let mut words = vec!["firedrill rehearse".to_owned()];
    words.extend(
        arguments
            .scenario
            .as_ref()
            .map(|path| path.display().to_string()),
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
    words.join(" ")
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a curve is at most 36,500 days long"
)]
fn whole_us(seconds: f64) -> i64 {
    (seconds * 1e6) as i64
}
