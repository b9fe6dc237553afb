//! The conditions of a passed rehearsal, and what became of them, in words.

use super::super::{bad_side, sli_unit, state_of};
use super::RunView;
use crate::cli::exit_code::Failure;
use crate::cli::facts::RunFacts;
use crate::cli::outside::{ExpectedRates, outside};
use crate::rehearsal::{CriterionOutcome, JudgedRun, judge};
use crate::report::{CriterionRow, text};
use crate::scenario::{CriterionLimit, CriterionPlan, NamedStretch};
use crate::sli::{BadSide, Scope, SliSeries, SliState, evaluate_some};
use crate::time_window::{TimeWindow, seconds};

const SECOND_US: i64 = 1_000_000;

pub fn rows(view: &RunView<'_>, run: &RunFacts) -> Result<Vec<CriterionRow>, Failure> {
    let stretches = stretches(view, run)?;
    let within = |wanted: &NamedStretch, index: usize| -> Option<SliSeries> {
        let mut found = stretches.iter();
        let (_, series) = found.find(|(stretch, _)| stretch == wanted)?;
        series.get(index).cloned()
    };
    let judged_run = JudgedRun {
        set: view.set,
        series: view.series,
        started_us: run.started_us,
        judged_us: run.judged_us,
        is_valid: run.invalid_because.is_empty(),
        is_stopped: run.is_stopped,
        within: &within,
    };
    let outcomes = judge(&run.criteria, &judged_run);
    let rows = run.criteria.iter().zip(&outcomes);
    // A set without levels has none that could be crossed; that is no condition which nobody wrote.
    let said = rows.filter(|(_, outcome)| {
        run.has_own_criteria
            || outcome.state != SliState::NotEnoughData
            || run.is_stopped
            || !outcome.unknown.is_empty()
    });
    Ok(said
        .map(|(criterion, outcome)| row(view, run, criterion, outcome))
        .collect())
}

/// The SLIs of every stretch that a condition names.
fn stretches(
    view: &RunView<'_>,
    run: &RunFacts,
) -> Result<Vec<(NamedStretch, Vec<SliSeries>)>, Failure> {
    let mut found: Vec<(NamedStretch, Vec<SliSeries>)> = Vec::new();
    for criterion in &run.criteria {
        let CriterionPlan::Limit {
            during: Some(during),
            ..
        } = criterion
        else {
            continue;
        };
        if found.iter().any(|(stretch, _)| stretch == during) {
            continue;
        }
        found.push((during.clone(), series_within(view, run, during)?));
    }
    Ok(found)
}

/// Whole seconds within the stretch, because the counts are those of seconds.
fn series_within(
    view: &RunView<'_>,
    run: &RunFacts,
    during: &NamedStretch,
) -> Result<Vec<SliSeries>, Failure> {
    let from_us = during.from_us.div_euclid(SECOND_US) + i64::from(during.from_us % SECOND_US > 0);
    let to_us = during.to_us.min(run.judged_us).div_euclid(SECOND_US);
    if from_us >= to_us {
        return Ok(Vec::new());
    }
    let range = TimeWindow {
        start_us: run.started_us + from_us * SECOND_US,
        end_us: run.started_us + to_us * SECOND_US,
    };
    let scope = Scope {
        range,
        ..view.scope
    };
    let visits = view.visits;
    let expected = ExpectedRates::new();
    let mut outside = outside(view.set, scope, view.zone, &expected, visits, None)?;
    // Those are of the whole run.
    outside.values.clear();
    let wanted: Vec<&str> = run.criteria.iter().filter_map(CriterionPlan::sli).collect();
    Ok(evaluate_some(
        view.set,
        view.rollup,
        scope,
        &outside,
        |sli| wanted.contains(&sli.name.as_str()),
    )?)
}

fn row(
    view: &RunView<'_>,
    run: &RunFacts,
    criterion: &CriterionPlan,
    outcome: &CriterionOutcome,
) -> CriterionRow {
    CriterionRow {
        title: title(view, criterion),
        state: state_of(outcome.state),
        value: outcome.value,
        limit: outcome.limit,
        bad: outcome.limit.map(|_| bad_side(outcome.bad)),
        unit: outcome.unit.map(sli_unit),
        count: outcome.count,
        counted: match criterion {
            CriterionPlan::Limit { .. } => "requests",
            CriterionPlan::Valid
            | CriterionPlan::NotCrossed { .. }
            | CriterionPlan::Recovery { .. } => "windows",
        }
        .to_owned(),
        first_missed_us: outcome.first_missed_us,
        explanation: explanation(view, run, criterion, outcome),
    }
}

fn title(view: &RunView<'_>, criterion: &CriterionPlan) -> String {
    let name = |name: &str| {
        let mut slis = view.set.slis.iter();
        let found = slis.find(|sli| sli.name == name);
        found.map_or_else(|| name.to_owned(), |sli| sli.title.clone())
    };
    let during = |during: &Option<NamedStretch>| {
        let during = during.as_ref();
        during.map_or_else(String::new, |during| format!(" during “{}”", during.name))
    };
    match criterion {
        CriterionPlan::Valid => "The load generator keeps its schedule".to_owned(),
        CriterionPlan::NotCrossed {
            level,
            sli,
            during: stretch,
        } => match sli {
            None => format!(
                "No SLI crosses its {} level{}",
                level.name(),
                during(stretch)
            ),
            Some(sli) => format!(
                "{} does not cross its {} level{}",
                name(sli),
                level.name(),
                during(stretch)
            ),
        },
        CriterionPlan::Limit {
            sli,
            limit,
            during: stretch,
        } => {
            let mut units = view.set.slis.iter();
            let unit = units
                .find(|plan| plan.name == *sli)
                .map(crate::sli::SliPlan::unit);
            let words = match limit {
                CriterionLimit::AtMostUs(limit_us) => {
                    format!(
                        "at most {}",
                        text::quantity(*limit_us, crate::report::Unit::Microseconds)
                    )
                }
                CriterionLimit::AtLeast(limit) => format!(
                    "at least {}",
                    unit.map_or_else(
                        || limit.to_string(),
                        |unit| text::quantity(*limit, sli_unit(unit))
                    )
                ),
            };
            format!("{}: {words}{}", name(sli), during(stretch))
        }
        CriterionPlan::Recovery {
            within_us,
            after,
            level,
            sli,
        } => {
            let who = sli
                .as_ref()
                .map_or_else(|| "Every SLI".to_owned(), |sli| name(sli));
            format!(
                "{who} is within its {} level again {} after “{}”",
                level.name(),
                text::duration(seconds(*within_us)),
                after.name
            )
        }
    }
}

fn explanation(
    view: &RunView<'_>,
    run: &RunFacts,
    criterion: &CriterionPlan,
    outcome: &CriterionOutcome,
) -> String {
    match (criterion, outcome.state) {
        (CriterionPlan::Valid, SliState::Met) => {
            "Every limit of the generator was kept.".to_owned()
        }
        (CriterionPlan::Valid, SliState::Missed) => format!("{}.", run.invalid_because.join("; ")),
        (_, SliState::NotEnoughData) => unknown(view, run, criterion, outcome),
        (CriterionPlan::NotCrossed { .. }, SliState::Met) => "None did.".to_owned(),
        (CriterionPlan::NotCrossed { .. }, SliState::Missed) => crossed(view, outcome),
        (CriterionPlan::Limit { .. }, SliState::Met) => "Within it.".to_owned(),
        (CriterionPlan::Limit { .. }, SliState::Missed) => match outcome.first_missed_us {
            Some(at_us) => format!(
                "The first window beyond it began at {}.",
                text::offset(at_us, run.started_us)
            ),
            None => "No single window was beyond it, all of them together are.".to_owned(),
        },
        (CriterionPlan::Recovery { after, .. }, SliState::Met | SliState::Missed) => {
            recovered(view, outcome, &after.name)
        }
    }
}

fn crossed(view: &RunView<'_>, outcome: &CriterionOutcome) -> String {
    let side = match outcome.bad {
        BadSide::Above => "above",
        BadSide::Below => "below",
    };
    let limit = outcome.limit.zip(outcome.unit).map_or_else(
        || "it".to_owned(),
        |(limit, unit)| text::quantity(limit, sli_unit(unit)),
    );
    let others = match outcome.others {
        0 => String::new(),
        1 => "; one more SLI crossed its own".to_owned(),
        others => format!("; {others} more SLIs crossed their own"),
    };
    format!(
        "{} was {side} {limit} for {}{others}.",
        sli_title(view, outcome.decisive),
        text::duration(seconds(outcome.missed_us))
    )
}

fn recovered(view: &RunView<'_>, outcome: &CriterionOutcome, after: &str) -> String {
    let sli = sli_title(view, outcome.decisive);
    let took = text::duration(seconds(outcome.missed_us));
    match (outcome.decisive, outcome.value) {
        (None, _) => format!("Nothing was beyond it after “{after}”."),
        (Some(_), Some(_)) => format!("{sli} was the last, {took} after “{after}”."),
        (Some(_), None) => format!("{sli} was still beyond it {took} after “{after}”."),
    }
}

fn unknown(
    view: &RunView<'_>,
    run: &RunFacts,
    criterion: &CriterionPlan,
    outcome: &CriterionOutcome,
) -> String {
    if run.is_stopped {
        return "The run was stopped before it could be told.".to_owned();
    }
    let unknown = outcome.unknown.iter();
    let titles: Vec<&str> = unknown
        .map(|index| view.set.slis[*index].title.as_str())
        .collect();
    if !titles.is_empty() {
        return format!("Too few requests to judge {}.", titles.join(", "));
    }
    match (criterion, criterion.sli()) {
        (CriterionPlan::Recovery { .. }, _) if outcome.decisive.is_some() => {
            "The run ended before the time was up.".to_owned()
        }
        (_, Some(name)) => format!("The SLI set has no `{name}` that could be judged by it."),
        (_, None) => "No SLI of the set has that level.".to_owned(),
    }
}

fn sli_title<'a>(view: &RunView<'a>, index: Option<usize>) -> &'a str {
    index.map_or("", |index| view.set.slis[index].title.as_str())
}
