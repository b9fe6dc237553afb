//! `rehearse`: a surge from the first shopper to the report.

mod announcement;
mod conclusion;
mod run_facts;
mod scenarios;
mod shard;
mod timeline;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use url::Url;

use super::arguments::{GlobalArguments, RehearseArguments};
use super::definitions;
use super::exit_code::{ExitCode, Failure};
use super::facts::RunFacts;
use super::live::{self, Generator, LiveSettings, LiveState, Ui};
use super::range::{RUN_WINDOW_US, check_compared};
use super::recorder::{self, QUEUE_BATCHES, Recorded, RecorderSettings};
use super::replay::ReplayFacts;
use super::terminal::Terminal;
use super::thresholds::RunThresholds;
use shard::{Entry, Together};
use timeline::{Confirmations, FaultSwitch, Timeline};

pub use run_facts::Driven;
pub use shard::{ClockChoice, ShardChoice, ShardEnd, ShardSummary, StartAt};
pub use timeline::done_by;

use crate::declared_files::sha256_of;
use crate::drill::{self, DrillOutcome, DrillSettings, Progress};
use crate::game_day::DrilledEntry;
use crate::lake::Lake;
use crate::rollup::RollupPlan;
use crate::route::Router;
use crate::scenario::{DrillPlan, EmbeddedShop, PlanPrint, TargetPlan, is_more_than_host};
use crate::shop::{Shop, ShopPlan};
use crate::sli::SliSetPlan;
use crate::time_window::{now_us, rfc3339};

/// Longest name of a run.
const RUN_ID_BYTES_MAX: usize = 100;

/// Runs the verb.
pub fn run(
    arguments: &RehearseArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    if let Some(run_id) = &arguments.judge.judge {
        return shard::judge(run_id, arguments, global, terminal);
    }
    let rehearsal = Rehearsal::prepare(arguments, global, terminal)?;
    carry_out(&rehearsal, arguments, global, terminal)
}

/// Runs a plan that was not read from a scenario file.
pub fn run_plan(
    plan: DrillPlan,
    set: SliSetPlan,
    replayed: Replayed,
    arguments: &RehearseArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let rehearsal = Rehearsal::of(plan, set, Some(replayed), arguments, terminal)?;
    carry_out(&rehearsal, arguments, global, terminal)
}

fn carry_out(
    rehearsal: &Rehearsal,
    arguments: &RehearseArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    if let Some(report) = &arguments.report {
        super::report::check_kind(report)?;
    }
    if arguments.dry_run {
        return announcement::dry_run(&rehearsal.plan, terminal);
    }
    let ui = arguments
        .ui
        .map(|address| Ui::open(address, arguments.ui_open_to_others));
    let ui = ui.transpose()?;
    if let Some(ui) = &ui {
        terminal.note(&format!("the run is shown on {}", ui.url));
    }
    let shop = rehearsal.open_shop()?;
    let base_url = rehearsal.base_url(shop.as_ref())?;
    for warning in drill::preflight(&rehearsal.plan, &base_url)? {
        terminal.note(&warning);
    }
    let faults = match &shop {
        Some(shop) => FaultSwitch::Inside(shop),
        None => FaultSwitch::Outside(&base_url),
    };
    let confirmations = Confirmations::new(arguments.confirm_dir.as_deref());
    if rehearsal.together.leads() {
        timeline::preflight(&rehearsal.plan, arguments, faults, &confirmations, terminal)?;
    }
    let lake = Lake::open_or_create(&global.lake)?;
    if let Some(what) = &arguments.compare {
        check_compared(&lake, what)?;
    }
    let entry = shard::enter(rehearsal, &lake, &base_url, terminal)?;
    let target = base_url.to_string();
    timeline::warn_of_left_on(&lake, terminal);
    let timeline = Timeline::new(rehearsal, target, faults, confirmations, *terminal, &lake)?;
    let ways = Ways {
        lake: &lake,
        base_url: &base_url,
        ui: ui.as_ref(),
        entry: &entry,
    };
    let done = rehearsal.drive(ways, &timeline)?;
    drop(timeline);
    if let Some(shop) = shop {
        shop.stop();
    }
    match entry.claimed() {
        Some(claimed) => shard::conclude(rehearsal, done, claimed, &lake, arguments, ui, terminal),
        None => conclusion::conclude(rehearsal, done, &lake, arguments, ui, terminal),
    }
}

/// Where a run comes from and goes to.
#[derive(Clone, Copy)]
struct Ways<'a> {
    lake: &'a Lake,
    base_url: &'a Url,
    ui: Option<&'a Ui>,
    entry: &'a Entry,
}

/// Everything that is known before the first shopper.
struct Rehearsal {
    plan: Arc<DrillPlan>,
    set: SliSetPlan,
    run_id: String,
    host: Option<Url>,
    replayed: Option<Replayed>,
    together: Together,
}

/// What a replay is of.
pub struct Replayed {
    /// The command that does it again.
    pub command: String,
    /// Its counts.
    pub facts: ReplayFacts,
}

/// Everything that is known after the last one.
struct Done {
    outcome: DrillOutcome,
    recorded: Recorded,
    started_us: i64,
    target: String,
    drills: Vec<DrilledEntry>,
}

impl Rehearsal {
    fn prepare(
        arguments: &RehearseArguments,
        global: &GlobalArguments,
        terminal: &Terminal,
    ) -> Result<Self, Failure> {
        let set = definitions::sli_set(
            arguments.sli_defs.as_deref(),
            arguments.thresholds.as_deref(),
        )?;
        let mut plan = scenarios::scenarios(arguments, &set, &global.lake, terminal)?;
        plan.assign_routes(&mut Router::new(set.routes.clone()));
        if let Some(seed) = arguments.seed {
            plan.seed = seed;
            if let Some(first) = plan.joined.first_mut() {
                first.seed = seed;
            }
        }
        RunThresholds::new(&plan, &set)?;
        Self::of(plan, set, None, arguments, terminal)
    }

    fn of(
        plan: DrillPlan,
        set: SliSetPlan,
        replayed: Option<Replayed>,
        arguments: &RehearseArguments,
        terminal: &Terminal,
    ) -> Result<Self, Failure> {
        let together = Together::of(arguments, terminal)?;
        let plan = together.part_of(plan, arguments.host.is_some())?;
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
            replayed,
            together,
        })
    }

    /// What the plan means, with what is really driven.
    fn print(&self) -> PlanPrint {
        let mut print = self.plan.print.clone();
        if let Some(host) = &self.host {
            print.target = sha256_of(host.as_str().as_bytes());
        }
        print
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

    /// Drives the surge while one thread records it, one shows it and one works off the drill timeline.
    fn drive(&self, ways: Ways<'_>, timeline: &Timeline<'_>) -> Result<Done, Failure> {
        let Ways {
            lake,
            base_url,
            ui,
            entry,
        } = ways;
        let progress = Arc::new(Progress::default());
        stop_on_signal(&progress, timeline)?;
        let state = Arc::new(Mutex::new(LiveState::default()));
        let thresholds = self.thresholds()?;
        let (started_us, origin) = shard::begin(self, entry, lake, &progress)?;
        let moment = (started_us, origin);
        let live_settings = self.live_settings(timeline, ui, base_url, &progress, &state, moment);
        let recorder_settings = RecorderSettings {
            plan: Arc::clone(&self.plan),
            run_id: self.run_id.clone(),
            claim: entry.claim(),
            started_us,
            rollup: RollupPlan::new(RUN_WINDOW_US, self.set.cuts_us()),
            thresholds,
            progress: Arc::clone(&progress),
            live: state,
            is_watched: live_settings.is_watched(),
        };
        let drill_settings = DrillSettings {
            base_url: base_url.clone(),
            workers: thread::available_parallelism().map_or(1, usize::from),
            origin,
        };
        let (records, batches) = sync_channel(QUEUE_BATCHES);
        let is_over = AtomicBool::new(false);
        timeline
            .terminal
            .note(&announcement::announcement(&self.plan, base_url));
        thread::scope(|scope| {
            // The recorder owns its end of the channel, so a panic there is a full queue here.
            let recorder_settings = &recorder_settings;
            let recording = scope.spawn(move || recorder::run(lake, recorder_settings, &batches));
            let showing = scope.spawn(|| live::run(&live_settings, &|| is_over.load(Relaxed)));
            let working = scope.spawn(|| match self.together.leads() {
                true => timeline.run(origin),
                false => Vec::new(),
            });
            let outcome = drill::run(&self.plan, &drill_settings, &records, &progress);
            timeline.end();
            drop(records);
            is_over.store(true, Relaxed);
            let recorded = recording
                .join()
                .map_err(|_| Failure::new(ExitCode::Internal, "the recorder panicked"))?;
            let drills = working
                .join()
                .map_err(|_| Failure::new(ExitCode::Internal, "the drill timeline panicked"))?;
            let shown = showing.join();
            if let (Some(ui), Ok(())) = (ui, shown) {
                ui.board.settle(&timeline.events, now_us() - started_us);
            }
            Ok(Done {
                outcome: outcome?,
                drills,
                recorded,
                started_us,
                target: base_url.to_string(),
            })
        })
    }

    fn thresholds(&self) -> Result<RunThresholds, Failure> {
        RunThresholds::new(&self.plan, &self.set)
    }

    fn live_settings(
        &self,
        timeline: &Timeline<'_>,
        ui: Option<&Ui>,
        base_url: &Url,
        progress: &Arc<Progress>,
        state: &Arc<Mutex<LiveState>>,
        (started_us, origin): (i64, Instant),
    ) -> LiveSettings {
        let traffic = &self.plan.traffic;
        let mut set = self.set.clone();
        set.count_attempts();
        let machine = drill::Machine::this();
        let limits = &self.plan.limits;
        LiveSettings {
            terminal: timeline.terminal,
            board: ui.map(|ui| Arc::clone(&ui.board)),
            set,
            progress: Arc::clone(progress),
            state: Arc::clone(state),
            run_id: self.run_id.clone(),
            target: base_url.to_string(),
            started_us,
            origin,
            length_s: traffic.curve.length_s(),
            curve: traffic.curve.clone(),
            curve_share: self.plan.shard.fraction(),
            in_flight_max: limits.in_flight,
            events: Arc::clone(&timeline.events),
            generator: Generator {
                cores: machine.cores as u64,
                descriptors_limit: machine.descriptors,
                ports_limit: machine.ports,
                lag_limit_us: limits.schedule_lag_p99_us.unsigned_abs(),
                ..Generator::default()
            },
        }
    }
}

/// The facts of a trial of a capacity search, which is a run in the lake like any other.
pub fn trial_facts(
    plan: &DrillPlan,
    set: &SliSetPlan,
    driven: Driven<'_>,
) -> Result<RunFacts, Failure> {
    run_facts::driven_facts(plan, &RunThresholds::new(plan, set)?, &driven)
}

/// A base URL from the command line.
pub fn host(text: &str) -> Result<Url, Failure> {
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    match Url::parse(text).ok().filter(is_web) {
        Some(url) if is_more_than_host(&url) => Err(Failure::usage(format!(
            "--host: `{text}` has a path or a query, which requests would not have (hint: write `{}`)",
            url.origin().ascii_serialization()
        ))),
        Some(url) => Ok(url),
        None => Err(Failure::usage(format!(
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

/// The shop of a scenario.
pub fn shop_plan(shop: &EmbeddedShop) -> ShopPlan {
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

/// The first Ctrl-C (or SIGTERM) stops the run and keeps what it has; the second ends the process, and says
/// what stays on.
fn stop_on_signal(progress: &Arc<Progress>, timeline: &Timeline<'_>) -> Result<(), Failure> {
    let progress = Arc::clone(progress);
    let (terminal, open_undos) = (timeline.terminal, Arc::clone(&timeline.open_undos));
    ctrlc::set_handler(move || {
        if progress.stop.swap(true, Relaxed) {
            live::restore();
            for words in open_undos.words() {
                terminal.error(&format!("drill NOT UNDONE {words}"));
            }
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
