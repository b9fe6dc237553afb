//! `--dry-run`: the search, played in memory; nothing is sent.
//!
//! Of the built-in shop the limits are known, so the search runs against the model of it, on a clock
//! that nobody waits for. Of any other target nothing is known; how long the search takes is estimated
//! for a limit in the middle of the range.

use serde::Serialize;

use super::goals::{Goal, Goals, MarkRule};
use super::prepared::{AROUND_S, Prepared};
use super::progress::rate;
use super::typed::GoalLevel;
use crate::capacity::model::{
    ModelBench, ModelGoal, ModelJourney, ModelShop, ModelStep, ModelTrouble, Pool,
};
use crate::capacity::search::{
    Budget, GoalResult, RateRange, SearchGoal, SearchPlan, Trials, left_s, search,
};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::rehearse;
use crate::cli::terminal::Terminal;
use crate::report::text;
use crate::scenario::{DrillPlan, EmbeddedShop, StepPlan, TargetPlan};
use crate::shop::{Page, ShopPlan};
use crate::time_window::seconds;

/// The highest rate where nobody says one, as so many times the scenario's peak.
const MAX_TIMES_PEAK: f64 = 20.0;

/// What `--json` prints.
#[derive(Serialize)]
struct DryRun {
    sends_nothing: bool,
    unit: &'static str,
    goals: Vec<SearchGoal>,
    min_per_s: f64,
    start_per_s: f64,
    max_per_s: Option<f64>,
    lead_in_s: u32,
    drain_s: f64,
    budget_s: f64,
    estimated_s: f64,
    model: Option<Played>,
}

/// What the model of the built-in shop says.
#[derive(Serialize)]
struct Played {
    maximum_per_s: f64,
    trials: usize,
    goals: Vec<GoalResult>,
}

/// Prints what a search would do.
pub fn dry_run(prepared: &Prepared, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let plan = search_plan(prepared);
    let overhead_s = f64::from(prepared.lead_in_s) + seconds(prepared.drain_us) / 2.0 + AROUND_S;
    let played = match (&prepared.plan.target, &prepared.host) {
        (TargetPlan::EmbeddedShop(shop), None) => Some(play(prepared, shop, &plan)),
        (TargetPlan::EmbeddedShop(_), Some(_)) | (TargetPlan::Url(_), _) => None,
    };
    let played_s = played.as_ref().map(|(_, trials)| {
        let all = trials.all().iter();
        all.map(|trial| trial.duration_s + overhead_s).sum::<f64>()
    });
    let dry = DryRun {
        sends_nothing: true,
        unit: crate::capacity::finding::UNIT,
        goals: plan.goals.clone(),
        min_per_s: plan.rates.min,
        start_per_s: plan.rates.start,
        max_per_s: prepared.max,
        lead_in_s: prepared.lead_in_s,
        drain_s: seconds(prepared.drain_us),
        budget_s: prepared.budget.as_secs_f64(),
        estimated_s: played_s.unwrap_or_else(|| left_s(&plan, &Trials::default(), overhead_s)),
        model: played.map(|(played, _)| played),
    };
    if terminal.is_json {
        terminal.json(&dry)?;
        return Ok(ExitCode::Ok);
    }
    terminal.result(&in_words(prepared, &dry, terminal))?;
    Ok(ExitCode::Ok)
}

fn search_plan(prepared: &Prepared) -> SearchPlan {
    let [min, start] = prepared.min_start;
    let peak = prepared.plan.traffic.curve.peak_per_s();
    SearchPlan {
        goals: prepared.goals.search_goals(),
        rates: RateRange {
            min,
            start,
            max: prepared.max.unwrap_or((peak * MAX_TIMES_PEAK).max(start)),
        },
        is_max_the_generators: prepared.max.is_none(),
    }
}

fn in_words(prepared: &Prepared, dry: &DryRun, terminal: &Terminal) -> String {
    let mut table = terminal.table(&["goal", "loss", "exceed", "full trial", "sum", "width"]);
    for goal in &dry.goals {
        table.add_row(vec![
            goal.name.clone(),
            super::progress::share(goal.loss_ratio),
            super::progress::share(goal.exceed_ratio),
            text::duration(goal.final_trial_s),
            text::duration(goal.duration_sum_s),
            super::progress::share(goal.width),
        ]);
    }
    let max = dry.max_per_s.map_or_else(
        || "what the generator can".to_owned(),
        |max| format!("{}/s", rate(max)),
    );
    let model = dry.model.as_ref().map_or_else(String::new, |played| {
        let goals = played.goals.iter().map(|goal| {
            let end = |end: Option<f64>| end.map_or_else(|| "?".to_owned(), rate);
            format!("{} {}–{}/s", goal.name, end(goal.lower), end(goal.upper))
        });
        format!(
            "\nthe model    {} trials in memory; the shop's workers carry {}/s; {}",
            played.trials,
            rate(played.maximum_per_s),
            goals.collect::<Vec<_>>().join(", ")
        )
    });
    format!(
        "{} on {}: nothing is sent\n\n{}\n\nrates        {}/s first, {}/s lowest, {max} highest\n\
         trials       {} lead-in before, up to {} drain after each\n\
         takes        about {} of a budget of {}, calibration and what comes after the bounds not counted{model}",
        prepared.plan.name,
        prepared.target_name(),
        table.trim_fmt(),
        rate(dry.start_per_s),
        rate(dry.min_per_s),
        text::duration(f64::from(dry.lead_in_s)),
        text::duration(dry.drain_s),
        text::duration(dry.estimated_s.round()),
        text::duration(dry.budget_s)
    )
}

/// Searches the model of the built-in shop.
fn play(prepared: &Prepared, shop: &EmbeddedShop, plan: &SearchPlan) -> (Played, Trials) {
    let model = model_shop(&prepared.plan, &rehearse::shop_plan(shop));
    let maximum_per_s = model.maximum_per_s();
    let goals = prepared
        .goals
        .list
        .iter()
        .map(|goal| model_goal(goal, &prepared.goals));
    let mut bench = ModelBench::new(
        model,
        goals.collect(),
        ModelTrouble::default(),
        prepared.plan.seed,
    );
    let budget = Budget {
        until_s: f64::INFINITY,
        overhead_s: AROUND_S,
    };
    let Ok((outcome, trials)) = search(plan, Vec::new(), budget, &mut bench);
    let played = Played {
        maximum_per_s,
        trials: trials.all().len(),
        goals: outcome.goals,
    };
    (played, trials)
}

fn model_goal(goal: &Goal, goals: &Goals) -> ModelGoal {
    let limits = goal.slis.iter().filter_map(|sli| {
        let MarkRule::Above(us) = goals.marks[sli.mark?].rule else {
            return None;
        };
        Some((us, sli.tolerated))
    });
    let strictest = limits.min_by_key(|(us, _)| *us);
    match strictest.filter(|_| goal.level != GoalLevel::Answered) {
        Some((us, tolerated)) => ModelGoal {
            response_s_max: seconds(i64::try_from(us).unwrap_or(i64::MAX)),
            tolerated,
        },
        None => ModelGoal {
            response_s_max: f64::INFINITY,
            tolerated: 1.0,
        },
    }
}

/// The web workers are pool 0, payment is pool 1.
fn model_shop(plan: &DrillPlan, shop: &ShopPlan) -> ModelShop {
    let kinds = plan.kinds.iter();
    let journeys = kinds.map(|kind| {
        let steps = plan.journeys[kind.journey].steps.iter();
        ModelJourney {
            share: kind.share,
            steps: steps.flat_map(|step| model_steps(step, shop)).collect(),
        }
    });
    ModelShop {
        journeys: journeys.collect(),
        pools: vec![
            Pool::new(shop.web_workers, shop.web_queue),
            Pool::new(shop.payment_workers(), shop.payment_queue),
        ],
    }
}

fn model_steps(step: &StepPlan, shop: &ShopPlan) -> Vec<ModelStep> {
    let page = page_of(step.method, &step.route);
    let times = f64::midpoint(f64::from(step.repeat.0), f64::from(step.repeat.1)).max(1.0);
    let web = ModelStep {
        think_s: step.think.mean_us() / 1e6 * times,
        pool: 0,
        service_s: shop.service_times.of(page).as_secs_f64() * times,
    };
    let payment = ModelStep {
        think_s: 0.0,
        pool: 1,
        service_s: shop.payment_time_effective().as_secs_f64() * times,
    };
    match page {
        Page::Checkout => vec![web, payment],
        Page::Home | Page::Search | Page::Product | Page::Cart | Page::CartAdd => vec![web],
    }
}

/// The page that a request asks for; of what is none, the home page.
fn page_of(method: &str, route: &str) -> Page {
    match (method, route) {
        ("POST", "/cart") => Page::CartAdd,
        (_, "/cart") => Page::Cart,
        ("POST", "/checkout") => Page::Checkout,
        (_, "/search") => Page::Search,
        (_, route) if route.starts_with("/product/") => Page::Product,
        (_, _) => Page::Home,
    }
}
