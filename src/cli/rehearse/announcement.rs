//! What a rehearsal says before it begins: to whoever waits for it, or instead of it (`--dry-run`).

use url::Url;

use super::timeline;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::terminal::Terminal;
use crate::scenario::{DrillPlan, forecast};
use crate::time_window::seconds;

/// Response time that `--dry-run` assumes, seconds.
const ASSUMED_RESPONSE_S: f64 = 0.2;

/// What a rehearsal against `base_url` is going to do.
pub fn announcement(plan: &DrillPlan, base_url: &Url) -> String {
    let part = part_words(plan);
    let arriving = plan.has_arrivals().then(|| {
        format!(
            "about {:.0} shoppers in {:.0} s, at most {} per second",
            plan.traffic.curve.arrivals() * plan.shard.fraction(),
            plan.traffic.curve.length_s(),
            (plan.traffic.curve.peak_per_s() * plan.shard.fraction() * 100.0).round() / 100.0
        )
    });
    let at_once = plan.traffic.closed.map(|closed| {
        format!(
            "{} shoppers at once for {:.0} s, a closed model",
            closed.shoppers,
            seconds(closed.length_us)
        )
    });
    let traffic: Vec<String> = arriving.into_iter().chain(at_once).collect();
    format!(
        "rehearsing {}{part} against {base_url}: {}",
        plan.name,
        traffic.join("; beside them ")
    )
}

/// Says what a run would ask for, and sends nothing.
pub fn dry_run(plan: &DrillPlan, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let forecast = forecast(plan, ASSUMED_RESPONSE_S);
    if terminal.is_json {
        terminal.json(&forecast)?;
        return Ok(ExitCode::Ok);
    }
    let arriving = plan.has_arrivals().then(|| {
        format!(
            "\narrivals             {:.0} shoppers in {:.0} s, at most {:.0} per second",
            plan.traffic.curve.arrivals() * plan.shard.fraction(),
            forecast.length_s,
            forecast.peak_shoppers_per_s - forecast.peak_returning_per_s
        )
    });
    let returning = plan.traffic.closed.map(|closed| {
        format!(
            "\nclosed model         {} shoppers at once, {:.1} visits per second if an answer takes {ASSUMED_RESPONSE_S} s and nobody leaves early",
            closed.shoppers, forecast.peak_returning_per_s
        )
    });
    terminal.result(&format!(
        "{}{}: nothing is sent{}{}\n\
         requests             {:.0}, at most {:.0} per second\n\
         shoppers at once     {:.0} at the peak (arrival rate × time in the shop)\n\
         connections          {:.0} at the peak if an answer takes {ASSUMED_RESPONSE_S} s; \
         at most {} requests may be under way{}",
        plan.name,
        part_words(plan).trim_end_matches(','),
        arriving.unwrap_or_default(),
        returning.unwrap_or_default(),
        forecast.requests,
        forecast.peak_requests_per_s,
        forecast.peak_shoppers_at_once,
        forecast.connections_at_peak,
        plan.limits.in_flight,
        timeline::forecast(plan)
    ))?;
    Ok(ExitCode::Ok)
}

/// Which part of the plan is driven; nothing for all of it.
fn part_words(plan: &DrillPlan) -> String {
    match plan.shard.is_whole() {
        true => String::new(),
        false => format!(", {},", plan.shard),
    }
}
