//! `what-if`: what other objectives would have said of the past.

use serde::Serialize;

use super::arguments::{GlobalArguments, RangeArguments, WhatIfArguments};
use super::definitions;
use super::exit_code::{ExitCode, Failure};
use super::objectives::history;
use super::range;
use super::terminal::Terminal;
use crate::declared_files::choices_hint;
use crate::lake::Lake;
use crate::report::{Unit, text};
use crate::sli::objective::{WhatIf, WhatIfAlerts, WhatIfCell, what_if};
use crate::sli::{Measure, Over, SliSetPlan, default_rules, over_of};
use crate::time_window::{rfc3339, seconds};

/// The shortest short window of the default burn rules.
const SLICE: &str = "5m";
const SLICE_US_MAX: i64 = 300_000_000;
/// A rolling window is judged every so many µs.
const STEP_US: i64 = 3_600_000_000;

/// Runs the verb.
pub fn run(
    arguments: &WhatIfArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    if let Some(target) = arguments
        .targets
        .iter()
        .find(|target| !(0.0..1.0).contains(*target))
    {
        return Err(Failure::usage(format!(
            "--targets: `{target}` is no share below 1 (hint: write `0.995` for 99.5 %)"
        )));
    }
    let judged = range::judge(&sliced(arguments)?, &Lake::open(&global.lake)?)?;
    let overs = overs(&arguments.over, &judged.set)?;
    let index = index_of(&arguments.sli, &judged.set)?;
    let sli = &judged.set.slis[index];
    let history = history(sli, &judged.series[index], judged.scope);
    let mut cells = Vec::new();
    for over in &overs {
        for target in &arguments.targets {
            let mut rules = default_rules(*target, over.nominal_us());
            rules.retain(|rule| rule.short_us >= judged.scope.window_us);
            for rule in &mut rules {
                // Two rules are called `page`.
                rule.name = format!("{} ({})", rule.name, text::duration(seconds(rule.long_us)));
            }
            let tried = WhatIf {
                targets: &[*target],
                overs: std::slice::from_ref(over),
                rules: &rules,
                count_min: sli.count_min,
                step_us: STEP_US,
            };
            cells.extend(what_if(&history, sli.zone(&judged.zone), tried));
        }
    }
    let rows: Vec<CellJson> = cells
        .iter()
        .map(|cell| json(cell, &overs, arguments))
        .collect();
    match terminal.is_json {
        true => terminal.json(&rows)?,
        false => terminal.result(&table(&arguments.sli, &rows))?,
    }
    Ok(ExitCode::Ok)
}

/// The arguments with windows that fit into the short windows of the burn rules, where windows are
/// but slices in which requests are counted.
fn sliced(arguments: &WhatIfArguments) -> Result<RangeArguments, Failure> {
    let asked = &arguments.range;
    let set = definitions::sli_set(asked.defs.as_deref(), asked.thresholds.as_deref())?;
    let sli = &set.slis[index_of(&arguments.sli, &set)?];
    let mut range = asked.clone();
    let is_coarse = match &asked.window {
        Some(text) => range::whole_seconds(text)? > SLICE_US_MAX,
        None => asked.run.is_none() && set.window_us > SLICE_US_MAX,
    };
    if is_coarse
        && matches!(
            sli.measure,
            Measure::Ratio { .. } | Measure::LatencyCut { .. }
        )
    {
        range.window = Some(SLICE.to_owned());
    }
    Ok(range)
}

fn overs(texts: &[String], set: &SliSetPlan) -> Result<Vec<Over>, Failure> {
    let overs = texts.iter().map(|text| {
        over_of(text, &set.periods).ok_or_else(|| {
            Failure::usage(format!(
                "--over: `{text}` is no stretch of time (hint: `7d`, `28d`, `day`, `week`, `month` or a period of the SLI set)"
            ))
        })
    });
    overs.collect()
}

/// The place of an SLI that has good and valid requests.
fn index_of(name: &str, set: &SliSetPlan) -> Result<usize, Failure> {
    let shares = set.slis.iter().filter(|sli| {
        matches!(
            sli.measure.kind(),
            "ratio" | "latency_cut" | "windows_good" | "user_uptime"
        )
    });
    let names: Vec<&str> = shares.map(|sli| sli.name.as_str()).collect();
    let place = set.slis.iter().position(|sli| sli.name == name);
    place.filter(|_| names.contains(&name)).ok_or_else(|| {
        let hint = choices_hint(name, &names, "SLIs with an error budget");
        Failure::usage(format!(
            "`{name}` is no SLI with an error budget (hint: {hint})"
        ))
    })
}

/// One target over one stretch.
#[derive(Serialize)]
struct CellJson {
    target: f64,
    over: String,
    judged: u64,
    missed: u64,
    budget_spent_max: Option<f64>,
    budget_spent_last: Option<f64>,
    alerts: Vec<AlertsJson>,
}

#[derive(Serialize)]
struct AlertsJson {
    rule: String,
    count: u64,
    firing_s: f64,
    told: Vec<String>,
}

fn json(cell: &WhatIfCell, overs: &[Over], arguments: &WhatIfArguments) -> CellJson {
    let place = overs
        .iter()
        .position(|over| *over == cell.over)
        .unwrap_or(0);
    CellJson {
        target: cell.target,
        over: arguments.over[place].clone(),
        judged: cell.judged,
        missed: cell.missed,
        budget_spent_max: cell.spent_max,
        budget_spent_last: cell.spent_last,
        alerts: cell.alerts.iter().map(alerts).collect(),
    }
}

fn alerts(alerts: &WhatIfAlerts) -> AlertsJson {
    AlertsJson {
        rule: alerts.rule.clone(),
        count: alerts.count,
        firing_s: seconds(alerts.firing_us),
        told: alerts.first_told_us.iter().map(|us| rfc3339(*us)).collect(),
    }
}

fn table(sli: &str, rows: &[CellJson]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["Over", "Target", "Missed", "Budget used", "Alerts"]);
    for row in rows {
        let share = |share: Option<f64>| {
            share.map_or_else(
                || text::NO_VALUE.to_owned(),
                |share| text::quantity(share, Unit::Share),
            )
        };
        let alerts = row.alerts.iter().map(|alerts| {
            format!(
                "{} × {}, {} in all",
                alerts.count,
                alerts.rule,
                text::duration(alerts.firing_s)
            )
        });
        let alerts: Vec<String> = alerts.collect();
        table.add_row([
            row.over.clone(),
            text::quantity(row.target, Unit::Share),
            format!("{} of {}", row.missed, row.judged),
            format!(
                "{}, at most {}",
                share(row.budget_spent_last),
                share(row.budget_spent_max)
            ),
            match alerts.is_empty() {
                true => "no rule fits".to_owned(),
                false => alerts.join(", "),
            },
        ]);
    }
    format!("What `{sli}` would have said\n{table}")
}
