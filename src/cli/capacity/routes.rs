//! `capacity routes`: which routes slow down first as traffic rises, from requests in the lake.

mod windows;

use serde::Serialize;

use super::super::arguments::{CapacityRoutesArguments, GlobalArguments, TrafficChoice};
use super::super::exit_code::{ExitCode, Failure};
use super::super::page::capacity as page;
use super::super::terminal::Terminal;
use super::report_file;
use crate::capacity::routes::{RouteTrend, Traffic, TrendPlan, TrendState, trends};
use crate::lake::Lake;
use crate::report::text;

/// Routes on the terminal.
const ROWS_MAX: usize = 20;
/// Which of the cells is the slope.
const SLOPE: usize = 6;
/// Seed of the bootstrap: the same lake, the same intervals.
const SEED: u64 = 1;

/// What was found.
#[derive(Debug, Serialize)]
pub struct RoutesFound {
    /// First moment, RFC 3339.
    pub from: String,
    /// First moment after it.
    pub to: String,
    /// Length of a window, seconds.
    pub window_s: f64,
    /// The percentile, e.g. 95.
    pub percentile: f64,
    /// What latency is set against.
    pub against: Traffic,
    /// What of its time the interval is drawn from: `day` or `hour`.
    pub block: &'static str,
    /// In one or two sentences.
    pub sentence: String,
    /// The routes, those that slow down first at the front.
    pub routes: Vec<RouteTrend>,
}

/// Runs the verb.
pub fn run(
    arguments: &CapacityRoutesArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    if let Some(path) = &arguments.report {
        report_file::check_kind(path)?;
    }
    if !(arguments.percentile > 0.0 && arguments.percentile < 100.0) {
        return Err(Failure::usage(format!(
            "--percentile: `{}` is none (hint: above 0 and below 100, e.g. 95)",
            arguments.percentile
        )));
    }
    let lake = Lake::open(&global.lake)?;
    let against = match arguments.against {
        TrafficChoice::Total => Traffic::Total,
        TrafficChoice::Route => Traffic::Own,
    };
    let read = windows::read(&lake, &arguments.rows, against)?;
    let plan = TrendPlan {
        quantile: arguments.percentile / 100.0,
        block_us: read.block_us,
        seed: SEED,
        against,
    };
    let routes = trends(&read.routes, &plan);
    let found = RoutesFound {
        from: read.from,
        to: read.to,
        window_s: read.window_s,
        percentile: arguments.percentile,
        against,
        block: read.block,
        sentence: sentence(&routes, arguments.percentile),
        routes,
    };
    if let Some(path) = &arguments.report {
        report_file::write(&page::of_routes(&found), path)?;
    }
    match terminal.is_json {
        true => terminal.json(&found)?,
        false if terminal.is_quiet => {}
        false => terminal.result(&shown(&found, arguments, terminal))?,
    }
    Ok(ExitCode::Ok)
}

fn sentence(routes: &[RouteTrend], percentile: f64) -> String {
    let slow: Vec<&RouteTrend> = routes
        .iter()
        .filter(|route| route.state == TrendState::SlowsDown)
        .collect();
    let known = routes
        .iter()
        .filter(|route| route.state != TrendState::NotEnoughData)
        .count();
    match slow.first() {
        Some(first) => {
            let from = first
                .slower_from_per_s
                .map_or_else(String::new, |from| format!(" from {from:.1} requests/s on"));
            format!(
                "{} {} slows down first{from}: p{percentile} is {} at much traffic against {} at little. {} of {known} routes slow down.",
                first.method,
                first.route,
                us(first.busy_us),
                us(first.calm_us),
                slow.len()
            )
        }
        None if known == 0 => {
            "No route has enough requests at little and at much traffic to be told.".to_owned()
        }
        None => format!("None of {known} routes is slower at much traffic, beyond noise."),
    }
}

/// A latency in words.
pub fn us(us: Option<u64>) -> String {
    #[expect(clippy::cast_precision_loss, reason = "latencies are below 2^53 µs")]
    us.map_or_else(
        || text::NO_VALUE.to_owned(),
        |us| text::quantity(us as f64, crate::report::Unit::Microseconds),
    )
}

/// A state in words.
pub fn state(state: TrendState) -> &'static str {
    match state {
        TrendState::SlowsDown => "slows down",
        TrendState::Unclear => "unclear",
        TrendState::Steady => "steady",
        TrendState::NotEnoughData => "not enough data",
    }
}

/// The cells of a row, as terminal and report show them.
pub fn cells(route: &RouteTrend) -> Vec<String> {
    let ratio = match (route.ratio, route.ratio_interval) {
        (Some(ratio), Some([low, high])) => format!("{ratio:.2} ({low:.2} to {high:.2})"),
        (Some(ratio), None) => format!("{ratio:.2}"),
        (None, _) => text::NO_VALUE.to_owned(),
    };
    let slope = route.slope.map_or_else(
        || text::NO_VALUE.to_owned(),
        |slope| {
            format!(
                "{:.2} ({:.2} to {:.2})",
                slope.value, slope.interval[0], slope.interval[1]
            )
        },
    );
    let from = route
        .slower_from_per_s
        .filter(|_| route.state == TrendState::SlowsDown);
    vec![
        format!("{} {}", route.method, route.route),
        state(route.state).to_owned(),
        from.map_or_else(|| text::NO_VALUE.to_owned(), |from| format!("{from:.1}/s")),
        us(route.calm_us),
        us(route.busy_us),
        ratio,
        slope,
        text::count(route.requests),
    ]
}

fn shown(found: &RoutesFound, arguments: &CapacityRoutesArguments, terminal: &Terminal) -> String {
    let percentile = format!("p{}", found.percentile);
    let calm = format!("{percentile}, little traffic");
    let busy = format!("{percentile}, much traffic");
    let heads = [
        "route",
        "",
        "slower from",
        &calm,
        &busy,
        "ratio (95 %)",
        "requests",
    ];
    let mut table = terminal.table(&heads);
    for route in found.routes.iter().take(ROWS_MAX) {
        let mut row = cells(route);
        // On a terminal there is no room for the slope.
        row.remove(SLOPE);
        table.add_row(row);
    }
    let mut text = format!(
        "{}\n\n{}\n\n{} to {}, windows of {} s; little traffic is the calmest third of the windows, much the busiest tenth; intervals are drawn from {}s; slopes are in --json and --report",
        found.sentence,
        table.trim_fmt(),
        found.from,
        found.to,
        found.window_s,
        found.block
    );
    if found.routes.len() > ROWS_MAX {
        text.push_str(&format!(
            "\n{} more routes are in --json and --report",
            found.routes.len() - ROWS_MAX
        ));
    }
    if let Some(path) = &arguments.report {
        text.push_str(&format!("\n\nreport  {}", path.display()));
    }
    text
}
