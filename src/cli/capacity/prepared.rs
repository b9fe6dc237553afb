//! Everything that is known of a search before anything is sent; what can be refused is refused here.

use std::time::Duration;

use url::Url;

use super::bench::whole_seconds;
use super::goals::{GoalDefaults, Goals, MarkRule};
use super::kept::{Identity, KeptSearch};
use super::progress::rate;
use super::typed::{GoalText, RateText};
use crate::capacity::search::four_digits;
use crate::cli::arguments::{CapacityArguments, GlobalArguments};
use crate::cli::definitions;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::learn::fill_learned_traffic;
use crate::cli::rehearse;
use crate::cli::terminal::Terminal;
use crate::lake::Lake;
use crate::report::text;
use crate::route::Router;
use crate::scenario::{DrillPlan, TargetPlan, forecast};
use crate::shop::Shop;
use crate::sli::SliSetPlan;
use crate::time_window::{now_us, rfc3339};

/// The first rate is this share of the scenario's peak.
const START_SHARE: f64 = 0.1;
/// The lowest rate is this share of the first.
const MIN_SHARE: f64 = 0.25;
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
pub const AROUND_S: f64 = 3.0;

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

impl Prepared {
    /// Reads, resolves and checks.
    pub fn new(
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
        let shortest_s = goals
            .map(|goal| goal.search.final_trial_s)
            .fold(f64::INFINITY, f64::min);
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

    /// The built-in shop, where that is the target.
    pub fn open_shop(&self) -> Result<Option<Shop>, Failure> {
        match (&self.plan.target, &self.host) {
            (TargetPlan::EmbeddedShop(shop), None) => {
                Ok(Some(Shop::start(&rehearse::shop_plan(shop))?))
            }
            (TargetPlan::EmbeddedShop(_), Some(_)) | (TargetPlan::Url(_), _) => Ok(None),
        }
    }

    /// What is driven.
    pub fn base_url(&self, shop: Option<&Shop>) -> Result<Url, Failure> {
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
    pub fn kept(&self, arguments: &CapacityArguments, lake: &Lake) -> Result<KeptSearch, Failure> {
        let identity = self.identity();
        let Some(search_id) = &arguments.search_id else {
            return Ok(KeptSearch::new(
                &default_search_id(&self.plan.name),
                identity,
            ));
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
            max.map_or_else(
                || "that the generator can".to_owned(),
                |max| format!("{}/s", rate(max))
            )
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
    let longest = limits
        .max()
        .map_or(DRAIN_US_DEFAULT, |us| us.saturating_add(DRAIN_MORE_US));
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
