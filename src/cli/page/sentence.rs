//! The verdict of a page, and the verdict in words.

use super::rehearsal::is_missed;
use super::{is_objective_missed, limit_of, sli_unit, watch};
use crate::cli::drills::{duration, is_as_expected};
use crate::cli::facts::RunFacts;
use crate::cli::range::Judged;
use crate::report::{RehearsalPart, State, Verdict, text};
use crate::sli::{self, Level, LevelOutcome, Over, SliSeries, SliState, WatchState};
use crate::time_window::seconds;

const DAY_US: i64 = 24 * 3_600_000_000;

pub fn verdict(judged: &Judged, rehearsal: Option<&RehearsalPart>) -> Verdict {
    let is_missed = rehearsal.is_some_and(is_missed);
    match verdict_of(judged.run.as_ref(), &judged.series, is_missed) {
        Verdict::Pass | Verdict::NotEnoughData if !is_as_expected(&judged.drills) => Verdict::Fail,
        verdict => verdict,
    }
}

/// The verdict of a run, or of a week; `is_missed` says whether a condition of the run is.
pub fn verdict_of(run: Option<&RunFacts>, series: &[SliSeries], is_missed: bool) -> Verdict {
    let is_any = |state| series.iter().any(|series| series.state == state);
    let is_all_unknown = series
        .iter()
        .all(|series| series.state == SliState::NotEnoughData);
    match run {
        Some(run) if run.is_stopped => Verdict::Stopped,
        Some(run) if !run.invalid_because.is_empty() => Verdict::Invalid,
        // No data is not held either.
        Some(run) if run.thresholds.iter().any(|it| it.state != WatchState::Held) => Verdict::Fail,
        _ if is_any(SliState::Missed) => Verdict::Fail,
        _ if is_all_unknown => Verdict::NotEnoughData,
        _ if is_missed => Verdict::Fail,
        // In a rehearsal an SLI without data is one that nobody rehearsed.
        Some(_) if is_any(SliState::NotEnoughData) => Verdict::Fail,
        _ => Verdict::Pass,
    }
}

/// The verdict in words: what broke first and worst, or what came closest.
pub fn sentence(judged: &Judged, verdict: Verdict, rehearsal: Option<&RehearsalPart>) -> String {
    let lead = match (verdict, &judged.run) {
        (Verdict::Invalid, Some(run)) => {
            return format!(
                "This run judges the load generator, not the target: {}.",
                run.invalid_because.join("; ")
            );
        }
        (Verdict::Stopped, Some(run)) => format!(
            "Stopped {}after {} with {} requests recorded. {}",
            watch::by_whom(run),
            duration(run.length_us),
            text::count(run.requests.saturating_sub(run.records_lost)),
            watch::broken_words(run)
        ),
        (_, Some(run)) => watch::broken_words(run),
        (_, None) => String::new(),
    };
    let has_own_thresholds = (judged.run.as_ref()).is_some_and(|run| !run.thresholds.is_empty());
    let contact: Vec<_> = crossings(judged, Level::Contact);
    let warn: Vec<_> = crossings(judged, Level::Warn);
    let missed: Vec<&SliSeries> = judged
        .series
        .iter()
        .filter(|series| series.state == SliState::Missed)
        .collect();
    // A journey may be missed for no more than one of its parts, which says more.
    let objectives = missed.iter();
    let objectives: Vec<String> = objectives
        .filter_map(|series| objective_words(judged, series))
        .collect();
    let unknown: Vec<&str> = judged
        .series
        .iter()
        .filter(|series| series.state == SliState::NotEnoughData)
        .map(|series| series.title.as_str())
        .collect();
    let body = if let Some(first) = contact.first() {
        format!(
            "Customers would have called: {}{}{}",
            crossing_words(judged, *first),
            reaction(first.1),
            others(contact.len() - 1)
        )
    } else if let Some((first, others)) = objectives.split_first() {
        format!("{first}{}", other_objectives(others.len()))
    } else if let Some(series) = missed.first() {
        format!("{} was missed.", series.title)
    } else if let Some(words) = rehearsal.and_then(condition_words) {
        words
    } else if let Some(first) = warn.first() {
        format!(
            "Nobody would have called support, but {}{}",
            crossing_words(judged, *first),
            others(warn.len() - 1)
        )
    } else if verdict == Verdict::NotEnoughData {
        "There were too few requests to judge any SLI.".to_owned()
    } else if has_own_thresholds {
        "No level of an SLI was crossed.".to_owned()
    } else {
        "No threshold was crossed.".to_owned()
    };
    let rest = match unknown.len() {
        _ if verdict == Verdict::NotEnoughData => String::new(),
        0 => String::new(),
        _ => format!(" Not enough data for {}.", unknown.join(", ")),
    };
    let calls = super::contacts::calls(judged);
    format!("{lead}{body}{calls}{rest}{}", unmet(judged))
}

/// What was expected of drills and did not come.
fn unmet(judged: &Judged) -> String {
    let drills = judged.drills.iter();
    let all = drills.flat_map(|score| {
        let expectations = score.expectations.iter();
        expectations.map(move |expectation| (score, expectation))
    });
    let mut unmet = all.filter(|(_, expectation)| expectation.state != SliState::Met);
    let Some((score, first)) = unmet.next() else {
        return String::new();
    };
    let more = match unmet.count() {
        0 => String::new(),
        1 => ", and one more expectation was not met".to_owned(),
        count => format!(", and {count} more expectations were not met"),
    };
    let word = match first.state {
        SliState::Missed => "was not",
        SliState::NotEnoughData | SliState::Met => "is not known to have been",
    };
    format!(
        " The drill {} {word} {} ({}){more}.",
        score.entry.title, first.what, first.found
    )
}

/// The first condition that was missed.
fn condition_words(rehearsal: &RehearsalPart) -> Option<String> {
    let missed = || {
        let rows = rehearsal.criteria.iter();
        rows.filter(|row| row.state == State::Missed)
    };
    let first = missed().next()?;
    let others = match missed().count() - 1 {
        0 => String::new(),
        1 => " One more condition was missed.".to_owned(),
        count => format!(" {count} more conditions were missed."),
    };
    Some(format!(
        "A condition of the scenario was missed: {}. {}{others}",
        first.title, first.explanation
    ))
}

/// The SLIs that crossed a level, the earliest first.
fn crossings(judged: &Judged, level: Level) -> Vec<(&SliSeries, &LevelOutcome)> {
    let mut found: Vec<_> = judged
        .series
        .iter()
        .flat_map(|series| series.levels.iter().map(move |outcome| (series, outcome)))
        .filter(|(_, outcome)| outcome.level == level && !outcome.crossed_us.is_empty())
        .collect();
    found.sort_by_key(|(_, outcome)| outcome.first_crossed_us());
    found
}

fn crossing_words(judged: &Judged, (series, outcome): (&SliSeries, &LevelOutcome)) -> String {
    let unit = sli_unit(series.unit);
    let limit = limit_of(series, outcome).unwrap_or(outcome.value);
    let start_us = judged.scope.range.start_us;
    let at_us = outcome.first_crossed_us().unwrap_or(start_us);
    let side = match outcome.bad {
        sli::BadSide::Above => "above",
        sli::BadSide::Below => "below",
    };
    let total = text::duration(seconds(outcome.total_us()));
    let lasting = match outcome.crossed_us.len() {
        0 | 1 => format!("for {total}"),
        stretches => format!("in {stretches} stretches, {total} in all, the first"),
    };
    let worst = series.worst_window().and_then(|window| window.value);
    let worst = worst.map_or_else(String::new, |value| {
        format!(", at worst {}", text::quantity_apart(value, unit, &[limit]))
    });
    let contact = series
        .levels
        .iter()
        .find(|level| level.level == Level::Contact);
    let room = match (outcome.level, contact) {
        (Level::Warn, Some(contact)) => format!(
            " (customers call {} {})",
            match contact.bad {
                sli::BadSide::Above => "above",
                sli::BadSide::Below => "below",
            },
            text::quantity(contact.value, unit)
        ),
        _ => String::new(),
    };
    format!(
        "{} was {side} its {} level of {} {lasting} from {}{worst}{room}.",
        series.title,
        outcome.level,
        text::quantity(limit, unit),
        match judged.run {
            Some(_) => text::offset(at_us, start_us),
            None => text::date(at_us, &judged.zone),
        }
    )
}

/// Who is to be told, and what they do.
fn reaction(outcome: &LevelOutcome) -> String {
    let who = outcome.tell.join(" and ");
    match (who.as_str(), &outcome.react) {
        ("", None) => String::new(),
        ("", Some(react)) => format!(" {react}."),
        (who, None) => format!(" Tell {who}."),
        (who, Some(react)) => format!(" Tell {who}: {react}."),
    }
}

/// The objective that an SLI missed, of the whole range or of the newest stretch of one, with its value;
/// `None` where it missed none of its own.
fn objective_words(judged: &Judged, series: &SliSeries) -> Option<String> {
    let (over, value, limit) = match (series.value, series.objective) {
        (Some(value), Some(limit)) if is_objective_missed(series) => (String::new(), value, limit),
        _ => longer_objective(judged, series)?,
    };
    let unit = sli_unit(series.unit);
    Some(format!(
        "{} missed its objective{over}: {} against {}.",
        series.title,
        text::quantity_apart(value, unit, &[limit]),
        text::quantity(limit, unit)
    ))
}

/// The first of the objectives over days and weeks whose newest stretch was missed: over what, its value and
/// its target.
fn longer_objective(judged: &Judged, series: &SliSeries) -> Option<(String, f64, f64)> {
    let mut slis = judged.set.slis.iter();
    let sli = slis.find(|sli| sli.name == series.name)?;
    let outcomes = judged.objectives.get(&series.name)?;
    sli.objectives
        .iter()
        .zip(outcomes)
        .find_map(|(objective, outcome)| {
            let newest = outcome.windows.last()?;
            let value = newest.value.filter(|_| newest.state == SliState::Missed)?;
            let over = match &objective.over {
                Over::Rolling(us) if us % DAY_US == 0 => format!(" over {} days", us / DAY_US),
                Over::Rolling(us) => format!(" over {}", text::duration(seconds(*us))),
                Over::Day => " of the day".to_owned(),
                Over::Week => " of the week".to_owned(),
                Over::Month => " of the month".to_owned(),
                Over::Period(period) => format!(" of {}", period.name),
            };
            Some((over, value, outcome.target))
        })
}

fn other_objectives(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => " One more SLI missed its own.".to_owned(),
        count => format!(" {count} more SLIs missed their own."),
    }
}

fn others(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => " One more SLI crossed that level.".to_owned(),
        count => format!(" {count} more SLIs crossed that level."),
    }
}
