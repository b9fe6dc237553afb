//! `capacity SCENARIO`: from the arguments to what was found.
//!
//! Everything that can be refused is refused before anything is sent. Then: calibration, a look at the
//! baseline, the search, what comes after the bounds, the finding. Each trial is kept when it is over.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use url::Url;

use super::after::{After, AfterPlan, after};
use super::bench::{Bench, whole_seconds};
use super::calibration::calibrate;
use super::found::{self, Found};
use super::goals::{GoalDefaults, Goals, MarkRule};
use super::kept::{Identity, KeptSearch};
use super::playing;
use super::progress::rate;
use super::trial::{StopSwitch, TrialContext};
use super::typed::{GoalText, RateText};
use crate::capacity::search::{
    Budget, Ended, RateRange, SearchOutcome, SearchPlan, four_digits, search,
};
use crate::cli::arguments::{CapacityArguments, GlobalArguments};
use crate::cli::definitions;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::learn::fill_learned_traffic;
use crate::cli::rehearse;
use crate::cli::terminal::Terminal;
use crate::drill;
use crate::lake::Lake;
use crate::report::text;
use crate::route::Router;
use crate::scenario::{DrillPlan, TargetPlan, forecast};
use crate::shop::Shop;
use crate::sli::SliSetPlan;
use crate::time_window::{now_us, rfc3339, seconds};

/// The first rate is this share of the scenario's peak.
const START_SHARE: f64 = 0.1;
/// The lowest rate is this share of the first.
const MIN_SHARE: f64 = 0.25;
/// Of what the generator reached, this share is used.
const GENERATOR_SHARE: f64 = 0.8;
/// Response time that is assumed for the lead-in, seconds.
const ASSUMED_RESPONSE_S: f64 = 0.2;
/// Lead-in in mean journeys, and at most, seconds.
const LEAD_IN_JOURNEYS: f64 = 1.5;
const LEAD_IN_S_MAX: f64 = 600.0;
/// Requests may take so much longer than the highest limit, µs.
const DRAIN_MORE_US: i64 = 1_000_000;
/// How long requests may take where no goal has a limit, µs.
const DRAIN_US_DEFAULT: i64 = 10_000_000;
/// What a trial takes beside lead-in, length and drain before that is known, seconds.
const AROUND_S: f64 = 3.0;
/// Share of the budget that is left for what comes after the bounds.
const AFTER_SHARE: f64 = 0.25;
/// Looks at the baseline before the first trial; the median of them counts.
const BASELINE_LOOKS: u64 = 3;

/// Everything that is known before anything is sent.
pub struct Prepared {
    /// The scenario.
    pub plan: DrillPlan,
    /// By what it is judged.
    pub set: SliSetPlan,
    /// The goals.
    pub goals: Goals,
    /// The rates that were asked for, per second: lowest, first, highest.
    pub asked: [Option<f64>; 3],
    /// Lowest and first rate.
    pub min_start: [f64; 2],
    /// The highest rate, where somebody says one.
    pub max: Option<f64>,
    /// Lead-in of every trial, seconds.
    pub lead_in_s: u32,
    /// Drain of every trial, µs.
    pub drain_us: i64,
    /// The budget.
    pub budget: Duration,
    /// Base URL from the command line.
    pub host: Option<Url>,
}

/// Runs the search.
pub fn run(
    arguments: &CapacityArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    if let Some(report) = &arguments.report {
        found::check_kind(report)?;
    }
    let prepared = Prepared::new(arguments, global, terminal)?;
    if arguments.dry_run {
        return playing::dry_run(&prepared, terminal);
    }
    let switch = Arc::new(StopSwitch::default());
    let shop = prepared.open_shop()?;
    let base_url = prepared.base_url(shop.as_ref())?;
    let mut first = prepared.plan.clone();
    first
        .set_trial(&[(0.0, prepared.min_start[1]), (1.0, prepared.min_start[1])], first.seed)
        .map_err(Failure::usage)?;
    for warning in drill::preflight(&first, &base_url)? {
        terminal.note(&warning);
    }
    let lake = Lake::open_or_create(&global.lake)?;
    let kept = prepared.kept(arguments, &lake)?;
    stop_on_signal(&switch)?;
    let bench = Bench {
        context: TrialContext {
            plan: &prepared.plan,
            set: &prepared.set,
            goals: &prepared.goals,
            base_url: &base_url,
            lake: &lake,
            drain_us: prepared.drain_us,
            switch: &switch,
        },
        kept,
        look_per_s: prepared.min_start[0],
        requests_each: prepared.requests_each(),
        lead_in_s: prepared.lead_in_s,
        cool_down_s: arguments.cool_down.as_duration().as_secs_f64(),
        origin: Instant::now(),
        command: found::command(arguments),
        terminal,
        is_settled: true,
    };
    let found = carry_out(&prepared, bench, arguments)?;
    if let Some(shop) = shop {
        shop.stop();
    }
    found::conclude(found, &prepared, &lake, arguments, terminal)
}

/// Calibrates, searches, and looks beyond.
fn carry_out(
    prepared: &Prepared,
    mut bench: Bench<'_>,
    arguments: &CapacityArguments,
) -> Result<Found, Failure> {
    let budget_s = prepared.budget.as_secs_f64();
    bench.terminal.note(&format!(
        "search {}: goals {}; budget {}",
        bench.kept.search_id,
        prepared.goal_names().join(", "),
        text::duration(budget_s)
    ));
    let plan = prepare_target(prepared, &mut bench)?;
    let is_after_wanted = !arguments.no_beyond;
    let after_s = if is_after_wanted { budget_s * AFTER_SHARE } else { 0.0 };
    let budget = Budget {
        until_s: budget_s - after_s,
        overhead_s: f64::from(prepared.lead_in_s) + seconds(prepared.drain_us) / 2.0 + AROUND_S,
    };
    let kept = bench.kept.search_trials();
    let (outcome, trials) = if bench.context.switch.is_stopped() {
        let trials = crate::capacity::search::Trials::default();
        (SearchOutcome::of(&plan, &trials, Ended::Stopped), trials)
    } else {
        search(&plan, kept, budget, &mut bench)?
    };
    let goals = prepared.goals.list.iter();
    let step_s = goals.map(|goal| goal.search.final_trial_s).fold(1.0, f64::max).min(30.0);
    let after = match outcome.ended {
        Ended::Complete | Ended::BudgetOver => after(
            &mut bench,
            &outcome,
            AfterPlan {
                step_s,
                until_s: budget_s,
                max_per_s: plan.rates.max * if plan.is_max_the_generators { 1.0 / GENERATOR_SHARE } else { 1.0 },
                soak: arguments.soak.map(|soak| soak.as_duration()),
                is_beyond_wanted: is_after_wanted,
            },
        )?,
        Ended::Stopped | Ended::NotRecovered { .. } | Ended::Drifted(_) => After::default(),
    };
    Ok(Found {
        plan,
        outcome,
        trials,
        after,
        kept: bench.kept,
        base_url: bench.context.base_url.clone(),
    })
}

/// The generator's own limit and the target's baseline, which decide the range of rates.
fn prepare_target(prepared: &Prepared, bench: &mut Bench<'_>) -> Result<SearchPlan, Failure> {
    let [min, start] = prepared.min_start;
    if bench.kept.generator.is_none() || bench.kept.max.is_none() {
        let generator = calibrate(&prepared.plan, start, prepared.max, bench.context.switch)?;
        let able = generator.reached_per_s * if generator.is_limit { GENERATOR_SHARE } else { 1.0 };
        let wanted = prepared.max.unwrap_or(able);
        let is_generators = prepared.max.is_none() || able < wanted;
        bench.kept.max = Some((four_digits(wanted.min(able)), is_generators));
        bench.kept.generator = Some(generator);
    }
    let generator = bench.kept.generator.clone().unwrap_or_default();
    let (max, is_max_the_generators) = bench.kept.max.unwrap_or((start, true));
    bench.terminal.note(&format!(
        "the generator {} {}/s ({:.0} requests/s) against a responder that does nothing",
        if generator.is_limit { "reaches" } else { "reaches at least" },
        rate(generator.reached_per_s),
        generator.reached_requests_per_s
    ));
    if max < start && !bench.context.switch.is_stopped() {
        return Err(Failure::new(
            ExitCode::InvalidRun,
            format!(
                "the generator keeps its schedule up to {}/s only, and the search begins at {}/s: {} (hint: a lower --start, a larger machine, a longer `limits.schedule_lag_p99`)",
                rate(max),
                rate(start),
                generator.limited_by.join("; ")
            ),
        ));
    }
    if bench.kept.baseline_p50_us.is_none() && !bench.context.switch.is_stopped() {
        let looks = (0..BASELINE_LOOKS).map(|look| bench.look(look));
        let mut medians = looks
            .map(|look| look.map(|look| look.p50_us))
            .collect::<Result<Vec<_>, _>>()?;
        medians.sort_unstable();
        bench.kept.baseline_p50_us = Some(medians[medians.len() / 2]);
    }
    Ok(SearchPlan {
        goals: prepared.goals.search_goals(),
        rates: RateRange { min, start, max },
        is_max_the_generators,
    })
}

impl Prepared {
    fn new(
        arguments: &CapacityArguments,
        global: &GlobalArguments,
        terminal: &Terminal,
    ) -> Result<Self, Failure> {
        let mut set = definitions::sli_set(
            arguments.sli_defs.as_deref(),
            arguments.thresholds.as_deref(),
        )?;
        set.count_attempts();
        let mut plan = definitions::scenario(arguments.scenario.as_deref(), &set)?;
        if let Some(said) = fill_learned_traffic(&mut plan, &global.lake)? {
            terminal.note(&said);
        }
        if plan.traffic.closed.is_some() {
            return Err(Failure::usage(
                "a closed model has no rate of arrivals that could be searched (hint: give the scenario a `curve`)",
            ));
        }
        plan.assign_routes(&mut Router::new(set.routes.clone()));
        plan.seed = arguments.seed.unwrap_or(plan.seed);
        let asked_goals = goal_texts(arguments, &plan);
        let defaults = GoalDefaults {
            trial_s: arguments.trial.as_duration().as_secs_f64(),
            trials: f64::from(arguments.trials),
            width: arguments.width.share,
        };
        let has_thresholds = arguments.thresholds.is_some();
        let (goals, notes) = Goals::new(&asked_goals, defaults, &set, has_thresholds)?;
        notes.iter().for_each(|note| terminal.note(note));
        let drain_us = drain_us(&plan, &goals);
        let lead_in_s = arguments
            .lead_in
            .map_or_else(|| lead_in_s(&plan), |lead_in| whole(lead_in.as_duration()));
        let asked = asked_rates(arguments, &plan);
        let (min_start, max) = range(asked, &plan)?;
        let prepared = Self {
            plan,
            set,
            goals,
            asked,
            min_start,
            max,
            lead_in_s,
            drain_us,
            budget: arguments.budget.as_duration(),
            host: arguments.host.as_deref().map(rehearse::host).transpose()?,
        };
        prepared.check_budget()?;
        Ok(prepared)
    }

    /// A budget must be enough for one trial of the goals, with what is around it.
    fn check_budget(&self) -> Result<(), Failure> {
        let goals = self.goals.list.iter();
        let shortest_s = goals.map(|goal| goal.search.final_trial_s).fold(f64::INFINITY, f64::min);
        let least_s = shortest_s + f64::from(self.lead_in_s) + AROUND_S;
        let budget_s = self.budget.as_secs_f64();
        if budget_s < least_s {
            return Err(Failure::usage(format!(
                "--budget: {} is shorter than one trial with its lead-in, {} (hint: a search takes 20 to 40 of them; see --dry-run)",
                text::duration(budget_s),
                text::duration(least_s.ceil())
            )));
        }
        Ok(())
    }

    /// Requests of one shopper on average.
    pub fn requests_each(&self) -> f64 {
        let forecast = forecast(&self.plan, ASSUMED_RESPONSE_S);
        forecast.peak_requests_per_s / forecast.peak_shoppers_per_s.max(1e-9)
    }

    /// Names of the goals.
    pub fn goal_names(&self) -> Vec<String> {
        let goals = self.goals.list.iter();
        goals.map(|goal| goal.search.name.clone()).collect()
    }

    /// What is driven, in words that stay the same from search to search.
    pub fn target_name(&self) -> String {
        match (&self.plan.target, &self.host) {
            (_, Some(host)) => host.to_string(),
            (TargetPlan::Url(url), None) => url.to_string(),
            (TargetPlan::EmbeddedShop(shop), None) => {
                let plan = rehearse::shop_plan(shop);
                format!(
                    "the built-in shop ({} checkouts/s, payment {} ms, queue {})",
                    plan.checkouts_per_s,
                    plan.payment_time.as_millis(),
                    plan.payment_queue
                )
            }
        }
    }

    fn open_shop(&self) -> Result<Option<Shop>, Failure> {
        match (&self.plan.target, &self.host) {
            (TargetPlan::EmbeddedShop(shop), None) => {
                Ok(Some(Shop::start(&rehearse::shop_plan(shop))?))
            }
            (TargetPlan::EmbeddedShop(_), Some(_)) | (TargetPlan::Url(_), _) => Ok(None),
        }
    }

    fn base_url(&self, shop: Option<&Shop>) -> Result<Url, Failure> {
        match (shop, &self.host, &self.plan.target) {
            (Some(shop), _, _) => rehearse::host(&shop.base_url()),
            (None, Some(url), _) | (None, None, TargetPlan::Url(url)) => Ok(url.clone()),
            (None, None, TargetPlan::EmbeddedShop(_)) => Err(Failure::new(
                ExitCode::Internal,
                "the built-in shop was not opened",
            )),
        }
    }

    /// What the search is of.
    pub fn identity(&self) -> Identity {
        Identity {
            scenario: self.plan.name.clone(),
            scenario_sha256: self.plan.sha256.clone(),
            target: self.target_name(),
            sli_set_sha256: self.set.sha256.clone(),
            goals: self.goals.search_goals(),
            rates: self.asked,
            lead_in_s: self.lead_in_s,
            seed: self.plan.seed,
        }
    }

    /// The search of the name that was asked for, or a new one.
    fn kept(&self, arguments: &CapacityArguments, lake: &Lake) -> Result<KeptSearch, Failure> {
        let identity = self.identity();
        let Some(search_id) = &arguments.search_id else {
            return Ok(KeptSearch::new(&default_search_id(&self.plan.name), identity));
        };
        rehearse::check_run_id(search_id)?;
        let Some(kept) = KeptSearch::read(lake, search_id)? else {
            return Ok(KeptSearch::new(search_id, identity));
        };
        let differences = kept.identity.differences(&identity);
        if !differences.is_empty() {
            return Err(Failure::usage(format!(
                "search `{search_id}` in the lake is of something else: {} (hint: choose another --search-id)",
                differences.join("; ")
            )));
        }
        Ok(kept)
    }
}

/// The goals of the command line; without any those of the scenario.
fn goal_texts(arguments: &CapacityArguments, plan: &DrillPlan) -> Vec<GoalText> {
    if !arguments.goal.is_empty() {
        return arguments.goal.clone();
    }
    plan.capacity.goals.iter().map(GoalText::of).collect()
}

fn asked_rates(arguments: &CapacityArguments, plan: &DrillPlan) -> [Option<f64>; 3] {
    let declared = &plan.capacity;
    let asked = |rate: &Option<RateText>, declared: Option<f64>| {
        rate.map(|rate| rate.per_s).or(declared).map(four_digits)
    };
    [
        asked(&arguments.min, declared.min),
        asked(&arguments.start, declared.start),
        asked(&arguments.max, declared.max),
    ]
}

/// Lowest and first rate, and the highest if somebody says one.
fn range(asked: [Option<f64>; 3], plan: &DrillPlan) -> Result<([f64; 2], Option<f64>), Failure> {
    let [min, start, max] = asked;
    let limit = plan.limits.shoppers_per_s_max;
    if let Some((max, limit)) = max.zip(limit).filter(|(max, limit)| max > limit) {
        return Err(Failure::usage(format!(
            "--max: {}/s is above `limits.shoppers_per_s` of {limit} of the scenario (hint: whoever may load-test the target says so there)",
            rate(max)
        )));
    }
    let max = max.or(limit);
    let peak = plan.traffic.curve.peak_per_s();
    let usual = max.unwrap_or(f64::INFINITY).min(peak * START_SHARE);
    let start = four_digits(start.unwrap_or_else(|| usual.max(min.unwrap_or(0.0))));
    let min = four_digits(min.unwrap_or(start * MIN_SHARE));
    if min > start || max.is_some_and(|max| start > max) {
        return Err(Failure::usage(format!(
            "the lowest rate {}/s, the first {}/s and the highest {} are not in this order (hint: --min, --start, --max)",
            rate(min),
            rate(start),
            max.map_or_else(|| "that the generator can".to_owned(), |max| format!("{}/s", rate(max)))
        )));
    }
    Ok(([min, start], max))
}

/// How long requests may take after a trial: a little longer than the longest limit of any goal.
fn drain_us(plan: &DrillPlan, goals: &Goals) -> i64 {
    let limits = goals.marks.iter().filter_map(|mark| match mark.rule {
        MarkRule::Above(us) => i64::try_from(us).ok(),
        MarkRule::NotGood(_) => None,
    });
    let longest = limits.max().map_or(DRAIN_US_DEFAULT, |us| us.saturating_add(DRAIN_MORE_US));
    longest.min(plan.limits.step_timeout_us).max(DRAIN_MORE_US)
}

fn lead_in_s(plan: &DrillPlan) -> u32 {
    let forecast = forecast(plan, ASSUMED_RESPONSE_S);
    let visit_s = forecast.peak_shoppers_at_once / forecast.peak_shoppers_per_s.max(1e-9);
    whole_seconds((visit_s * LEAD_IN_JOURNEYS).min(LEAD_IN_S_MAX))
}

fn whole(length: Duration) -> u32 {
    match length.is_zero() {
        true => 0,
        false => whole_seconds(length.as_secs_f64()),
    }
}

fn default_search_id(scenario: &str) -> String {
    let is_plain = |char: &char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
    let name: String = scenario.chars().filter(is_plain).take(50).collect();
    let now = rfc3339(now_us() / 1_000_000 * 1_000_000);
    format!("CAP-{name}-{}", now.replace([':', '-'], ""))
}

/// The first Ctrl-C (or SIGTERM) stops the search and keeps its trials; the second ends the process.
fn stop_on_signal(switch: &Arc<StopSwitch>) -> Result<(), Failure> {
    let switch = Arc::clone(switch);
    ctrlc::set_handler(move || {
        if !switch.stop() {
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

/// Whether a path is one of the machine that the generator is on.
pub fn shares_machine(url: &Url) -> bool {
    url.host_str().is_some_and(crate::scenario::is_loopback)
}

/// The path of the scenario as it was typed.
pub fn scenario_path(arguments: &CapacityArguments) -> String {
    arguments
        .scenario
        .as_deref()
        .map_or_else(String::new, |path: &Path| path.display().to_string())
}
