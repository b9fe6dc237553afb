//! The proven maximum: typed, from the file of a search, or from a search in the lake.
//!
//! In: what was typed. Out: bounds in orders per minute, where they are from, and what is to be said with
//! them. A maximum without a lower bound is refused: nothing is proven.

use std::path::Path;

use crate::capacity::finding::CapacityFinding;
use crate::capacity::forecast::Maximum;
use crate::capacity::search::GoalState;
use crate::cli::arguments::CapacityForecastArguments;
use crate::cli::capacity::figures::PerMinuteRange;
use crate::cli::capacity::kept::KeptSearch;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::lake::Lake;

/// A maximum and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownMaximum {
    /// The bounds, orders per minute.
    pub bounds: Maximum,
    /// Where they are from, in words.
    pub source: String,
    /// Share of the lower bound that is still carried beyond the maximum, where it was measured.
    pub goodput_share_beyond: Option<f64>,
    /// What must be said with it.
    pub notes: Vec<String>,
}

fn is_file(text: &str) -> bool {
    Path::new(text).exists() || text.ends_with(".json")
}

/// The maximum that the arguments mean.
pub fn known(
    arguments: &CapacityForecastArguments,
    lake: Option<&Lake>,
) -> Result<KnownMaximum, Failure> {
    let goal = arguments.goal.as_deref();
    match &arguments.maximum {
        Some(text) => match text.parse::<PerMinuteRange>() {
            Ok(range) if goal.is_none() => Ok(typed(range)),
            Ok(_) => Err(Failure::usage(
                "--goal: a rate has no goals (hint: --maximum with a file or a search)".to_owned(),
            )),
            Err(_) if is_file(text) => of_finding(&read(Path::new(text))?, text, goal),
            Err(wrong) => named(text, &wrong, lake, goal),
        },
        None => newest(lake, goal),
    }
}

fn typed(range: PerMinuteRange) -> KnownMaximum {
    KnownMaximum {
        bounds: Maximum {
            lower: range.low,
            upper: range.high.filter(|high| *high > range.low),
        },
        source: "as typed".to_owned(),
        goodput_share_beyond: None,
        notes: Vec::new(),
    }
}

fn read(path: &Path) -> Result<CapacityFinding, Failure> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| Failure::io("read", &name, &error))?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::new(
            ExitCode::Input,
            format!("`{name}` is not what `firedrill capacity SCENARIO --json` prints: {error}"),
        )
    })
}

fn named(
    text: &str,
    wrong: &str,
    lake: Option<&Lake>,
    goal: Option<&str>,
) -> Result<KnownMaximum, Failure> {
    let unknown = || {
        Failure::usage(format!(
            "--maximum: {wrong}; neither a file nor a search in the lake has this name"
        ))
    };
    let lake = lake.ok_or_else(unknown)?;
    if !lake.search_ids()?.iter().any(|id| id == text) {
        return Err(unknown());
    }
    of_kept(KeptSearch::read(lake, text)?.ok_or_else(unknown)?, goal)
}

/// The newest search of the lake that came to an end.
fn newest(lake: Option<&Lake>, goal: Option<&str>) -> Result<KnownMaximum, Failure> {
    let none = || {
        Failure::usage(
            "no maximum: none was named, and the lake has no finished search (hint: --maximum 900/min, or `firedrill capacity SCENARIO`)".to_owned(),
        )
    };
    let lake = lake.ok_or_else(none)?;
    let mut finished = Vec::new();
    for id in lake.search_ids()? {
        finished.extend(KeptSearch::read(lake, &id)?.filter(|kept| kept.finding.is_some()));
    }
    let ended_us = |kept: &KeptSearch| {
        let finding = kept.finding.as_ref();
        finding.map_or(0, |finding| finding.statement.ended_us)
    };
    let newest = finished.into_iter().max_by_key(ended_us);
    of_kept(newest.ok_or_else(none)?, goal)
}

fn of_kept(kept: KeptSearch, goal: Option<&str>) -> Result<KnownMaximum, Failure> {
    let name = format!("search {}", kept.search_id);
    match kept.finding {
        Some(finding) => of_finding(&finding, &name, goal),
        None => Err(Failure::new(
            ExitCode::Input,
            format!(
                "{name} is not finished (hint: `firedrill capacity … --search-id {}` goes on with it)",
                kept.search_id
            ),
        )),
    }
}

fn of_finding(
    finding: &CapacityFinding,
    source: &str,
    goal: Option<&str>,
) -> Result<KnownMaximum, Failure> {
    let refuse = |message: String| Failure::new(ExitCode::Input, message);
    let (lower, upper, state) = match goal {
        None => (finding.lower, finding.upper, worst_state(finding)),
        Some(name) => {
            let found = finding.goals.iter().find(|goal| goal.name == name);
            let found = found.ok_or_else(|| unknown_goal(finding, source, name))?;
            (found.lower, found.upper, found.state)
        }
    };
    let lower = lower.ok_or_else(|| {
        let why = finding.outcome.replace('_', " ");
        refuse(format!(
            "{source} has no lower bound: nothing is proven ({why})"
        ))
    })?;
    let per_min = orders_per_shopper(finding).ok_or_else(|| {
        refuse(format!(
            "{source} says nothing of orders (hint: an SLI set whose funnel ends with the order)"
        ))
    })?;
    let mut notes = Vec::new();
    if state != GoalState::Regular {
        let reason = finding.reason.clone();
        let reason = reason.unwrap_or_else(|| finding.outcome.replace('_', " "));
        notes.push(format!("The maximum is no regular result: {reason}"));
    }
    let not_stated = finding.statement.not_stated.iter();
    notes.extend(not_stated.map(|what| format!("Not stated with the maximum: {what}.")));
    Ok(KnownMaximum {
        bounds: Maximum {
            lower: lower * per_min,
            upper: upper
                .filter(|upper| *upper > lower)
                .map(|upper| upper * per_min),
        },
        source: format!("{source}, {lower:.4} shoppers/s"),
        goodput_share_beyond: goodput_beyond(finding, lower),
        notes,
    })
}

fn unknown_goal(finding: &CapacityFinding, source: &str, name: &str) -> Failure {
    let names: Vec<&str> = finding
        .goals
        .iter()
        .map(|goal| goal.name.as_str())
        .collect();
    Failure::usage(format!(
        "--goal: {source} has no goal `{name}` (hint: {})",
        names.join(", ")
    ))
}

fn worst_state(finding: &CapacityFinding) -> GoalState {
    let is_invalid = finding
        .goals
        .iter()
        .any(|goal| goal.state == GoalState::Invalid);
    match (is_invalid, finding.irregular) {
        (true, _) => GoalState::Invalid,
        (false, true) => GoalState::Irregular,
        (false, false) => GoalState::Regular,
    }
}

/// Orders per minute of one shopper per second.
fn orders_per_shopper(finding: &CapacityFinding) -> Option<f64> {
    let [orders_lower, orders_upper] = finding.in_other_units.orders_per_min?;
    let ratio = |orders: Option<f64>, rate: Option<f64>| Some(orders? / rate?);
    ratio(orders_lower, finding.lower)
        .or_else(|| ratio(orders_upper, finding.upper))
        .filter(|ratio| *ratio > 0.0 && ratio.is_finite())
}

/// The least share of the lower bound that was still good beyond the maximum.
fn goodput_beyond(finding: &CapacityFinding, lower: f64) -> Option<f64> {
    let beyond = finding.curve.iter().filter(|point| point.is_beyond);
    let least = beyond.map(|point| point.good_per_s).reduce(f64::min)?;
    Some((least / lower).clamp(0.0, 1.0))
}
