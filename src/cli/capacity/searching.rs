//! `capacity SCENARIO`: from the arguments to what was found.
//!
//! Everything that can be refused is refused before anything is sent. Then: calibration, a look at the
//! baseline, the search, what comes after the bounds, the finding. Each trial is kept when it is over.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use url::Url;

use super::after::{After, AfterPlan, after};
use super::bench::Bench;
use super::calibration::calibrate;
use super::found::{self, Found};
use super::playing;
use super::prepared::{AROUND_S, Prepared};
use super::progress::rate;
use super::trial::{StopSwitch, TrialContext};
use crate::capacity::search::{
    Budget, Ended, RateRange, SearchOutcome, SearchPlan, Trials, four_digits, search,
};
use crate::cli::arguments::{CapacityArguments, GlobalArguments};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::terminal::Terminal;
use crate::drill;
use crate::lake::Lake;
use crate::report::text;
use crate::time_window::seconds;

/// Of what the generator reached, this share is used.
const GENERATOR_SHARE: f64 = 0.8;
/// Share of the budget that is left for what comes after the bounds.
const AFTER_SHARE: f64 = 0.25;
/// A step beyond the bounds is as long as the longest trial, and not longer, seconds.
const STEP_S_MAX: f64 = 30.0;
/// Looks at the baseline before the first trial; the worst of them counts.
const BASELINE_LOOKS: u64 = 3;

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
        .set_trial(
            &[(0.0, prepared.min_start[1]), (1.0, prepared.min_start[1])],
            first.seed,
        )
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
        bar: terminal.progress_search(),
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
    bench.say(&format!(
        "search {}: goals {}; budget {}",
        bench.kept.search_id,
        prepared.goal_names().join(", "),
        text::duration(budget_s)
    ));
    let plan = prepare_target(prepared, &mut bench)?;
    let is_after_wanted = !arguments.no_beyond;
    let after_s = if is_after_wanted {
        budget_s * AFTER_SHARE
    } else {
        0.0
    };
    let budget = Budget {
        until_s: budget_s - after_s,
        overhead_s: f64::from(prepared.lead_in_s) + seconds(prepared.drain_us) / 2.0 + AROUND_S,
    };
    let kept = bench.kept.search_trials();
    let (outcome, trials) = if bench.context.switch.is_stopped() {
        let mut trials = Trials::default();
        kept.into_iter().for_each(|trial| trials.add(trial));
        (SearchOutcome::of(&plan, &trials, Ended::Stopped), trials)
    } else {
        search(&plan, kept, budget, &mut bench)?
    };
    let goals = prepared.goals.list.iter();
    let step_s = goals
        .map(|goal| goal.search.final_trial_s)
        .fold(1.0, f64::max)
        .min(STEP_S_MAX);
    let after = match outcome.ended {
        Ended::Complete | Ended::BudgetOver => after(
            &mut bench,
            &outcome,
            AfterPlan {
                step_s,
                until_s: budget_s,
                max_per_s: plan.rates.max
                    * if plan.is_max_the_generators {
                        1.0 / GENERATOR_SHARE
                    } else {
                        1.0
                    },
                soak: arguments.soak.map(|soak| soak.as_duration()),
                is_beyond_wanted: is_after_wanted,
            },
        )?,
        Ended::Stopped | Ended::NotRecovered { .. } | Ended::Drifted(_) => After::default(),
    };
    bench.bar.finish_and_clear();
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
    let switch = bench.context.switch;
    let is_stopped = || switch.is_stopped();
    let mut measured = bench.kept.generator.clone().zip(bench.kept.max);
    if measured.is_none() {
        let generator = calibrate(&prepared.plan, start, prepared.max, switch)?;
        let able = generator.reached_per_s
            * if generator.is_limit {
                GENERATOR_SHARE
            } else {
                1.0
            };
        let wanted = prepared.max.unwrap_or(able);
        let is_generators = prepared.max.is_none() || able < wanted;
        measured = Some((generator, (four_digits(wanted.min(able)), is_generators)));
    }
    let (generator, (max, is_max_the_generators)) = measured.unwrap_or_default();
    bench.say(&format!(
        "the generator {} {}/s ({:.0} requests/s) against a responder that does nothing",
        if generator.is_limit {
            "reaches"
        } else {
            "reaches at least"
        },
        rate(generator.reached_per_s),
        generator.reached_requests_per_s
    ));
    if max < start && !is_stopped() {
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
    let baseline = match bench.kept.baseline {
        Some(baseline) => baseline,
        None => bench.baseline(BASELINE_LOOKS)?,
    };
    // What was measured while somebody stopped it says nothing.
    if !is_stopped() {
        bench.kept.generator = Some(generator);
        bench.kept.max = Some((max, is_max_the_generators));
        bench.kept.baseline = Some(baseline);
    }
    Ok(SearchPlan {
        goals: prepared.goals.search_goals(),
        rates: RateRange { min, start, max },
        is_max_the_generators,
    })
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
