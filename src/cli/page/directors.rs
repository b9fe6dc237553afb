//! The directors' page of a week: journeys, key figures, contacts, changes, who was told.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{is_customer, is_error, limit_of, sli_unit, state_of};
use crate::cli::changes::{Independent, SliChange, changes};
use crate::cli::contacts::ContactOutlook;
use crate::cli::past::LAST_YEAR_WEEKS;
use crate::cli::range::Judged;
use crate::report::{
    Comparison, ContactEstimate, DirectorPart, JourneyRow, KeyFigure, LevelSource, ReactionRow,
    State, Unit, WorstHour, text,
};
use crate::sli::difference::{Change, RateCounts, dispersion_matched, rates};
use crate::sli::interval::number;
use crate::sli::{BadSide, Level, LevelOutcome, Measure, SliPlan, SliSeries};
use crate::time_window::seconds;

const HOUR_US: i64 = 3_600_000_000;
/// Crossings that are listed; a bad week has hundreds.
const REACTIONS_MAX: usize = 20;

pub fn directors(judged: &Judged) -> DirectorPart {
    DirectorPart {
        journeys: journeys(judged),
        key_figures: key_figures(judged),
        contacts: contacts(judged),
        worst_hour: worst_hour(judged),
        changes: changed(judged),
        reactions: reactions(judged),
    }
}

/// Composites are journeys; a set without any is judged SLI by SLI.
fn journeys(judged: &Judged) -> Vec<JourneyRow> {
    let slis = || judged.set.slis.iter().zip(&judged.series);
    let is_composite = |sli: &SliPlan| matches!(sli.measure, Measure::Composite { .. });
    let has_composites = judged.set.slis.iter().any(is_composite);
    let rows = slis().filter(|(sli, series)| {
        is_composite(sli) || (!has_composites && is_judged(series)) || is_alone(judged, sli, series)
    });
    let mut rows: Vec<JourneyRow> = rows
        .map(|(sli, series)| JourneyRow {
            title: series.title.clone(),
            state: state_of(series.state),
            sentence: [why(series), missed_parts(judged, sli)].concat(),
        })
        .collect();
    rows.sort_by_key(|row| row.state);
    rows
}

/// Whether something can be missed.
fn is_judged(series: &SliSeries) -> bool {
    series.objective.is_some() || !series.levels.is_empty()
}

/// A missed SLI that is part of no journey must not go unseen.
fn is_alone(judged: &Judged, sli: &SliPlan, series: &SliSeries) -> bool {
    let is_part = judged.set.slis.iter().any(|other| match &other.measure {
        Measure::Composite { parts, .. } => parts
            .iter()
            .any(|(part, _)| judged.set.slis[*part].name == sli.name),
        _ => false,
    });
    !is_part && is_judged(series) && state_of(series.state) == State::Missed
}

/// Which parts of a journey made it what it is; empty where none did.
fn missed_parts(judged: &Judged, sli: &SliPlan) -> String {
    let Measure::Composite { parts, .. } = &sli.measure else {
        return String::new();
    };
    let parts = parts.iter().map(|(part, _)| &judged.series[*part]);
    let missed = parts.filter(|part| state_of(part.state) == State::Missed);
    let missed: Vec<&str> = missed.map(|part| part.title.as_str()).collect();
    match missed.is_empty() {
        true => String::new(),
        false => format!(" Missed: {}.", missed.join(", ")),
    }
}

fn why(series: &SliSeries) -> String {
    let unit = sli_unit(series.unit);
    let crossed = series.levels.iter().rev();
    let crossed = crossed
        .filter(|level| !level.crossed_us.is_empty())
        .collect::<Vec<_>>();
    let value = series.value.map(|value| {
        let limits: Vec<f64> = series.objective.into_iter().collect();
        text::quantity_apart(value, unit, &limits)
    });
    let goal = series.objective.map_or_else(String::new, |limit| {
        format!(", the objective is {}", text::quantity(limit, unit))
    });
    let Some(value) = value else {
        return format!(
            "{} requests are too few to judge it.",
            text::count(series.count)
        );
    };
    match crossed.first() {
        Some(level) => format!(
            "{value}{goal}; beyond its {} level for {} in all.",
            level.level,
            text::duration(seconds(level.total_us()))
        ),
        None => format!("{value}{goal}."),
    }
}

fn key_figures(judged: &Judged) -> Vec<KeyFigure> {
    let slis = judged.set.slis.iter().zip(&judged.series);
    let rates = slis.filter_map(|(sli, series)| match sli.measure {
        Measure::Rate { per_us } => Some((sli, series, per_us)),
        _ => None,
    });
    rates
        .map(|(sli, series, per_us)| KeyFigure {
            title: series.title.clone(),
            value: series.value,
            unit: sli_unit(series.unit),
            interval: series.interval,
            count: series.value.map(|_| series.count),
            comparisons: vec![
                earlier(judged, sli, series, per_us, 1, "last week"),
                earlier(
                    judged,
                    sli,
                    series,
                    per_us,
                    LAST_YEAR_WEEKS,
                    "same week last year",
                ),
                expectation(series),
            ],
        })
        .collect()
}

/// Against the same hours so many weeks earlier, of which half must have been seen.
fn earlier(
    judged: &Judged,
    sli: &SliPlan,
    series: &SliSeries,
    per_us: i64,
    weeks: u32,
    against: &str,
) -> Comparison {
    let range = judged.scope.range;
    let earlier = judged
        .past
        .as_ref()
        .map(|past| past.earlier(sli, range, weeks, &judged.zone))
        .filter(|earlier| earlier.seen_us * 2 >= range.end_us - range.start_us);
    let Some(earlier) = earlier else {
        return missing(against, "the lake has too little of that time");
    };
    let per = number(per_us.unsigned_abs());
    let value = number(earlier.count) * per / number(earlier.seen_us.unsigned_abs());
    let mut own_hours: BTreeMap<i64, u64> = BTreeMap::new();
    let (mut count, mut exposure_us) = (0, 0);
    for window in series
        .windows
        .iter()
        .filter(|window| window.value.is_some())
    {
        count += window.count;
        exposure_us += series.window_us;
        let hour = window.start_us.div_euclid(HOUR_US) * HOUR_US;
        *own_hours.entry(hour).or_default() += window.count;
    }
    let pairs = earlier.hours.iter().filter_map(|hour| {
        let before = rounded(hour.per_hour?);
        Some((before, *own_hours.get(&hour.start_us)?))
    });
    let (before, after): (Vec<u64>, Vec<u64>) = pairs.unzip();
    let dispersion = dispersion_matched(&before, &after).unwrap_or(1.0);
    let before = RateCounts {
        count: earlier.count,
        exposure_us: earlier.seen_us,
    };
    let difference = rates(before, RateCounts { count, exposure_us }, dispersion);
    Comparison {
        against: against.to_owned(),
        value: Some(value),
        change_share: series
            .value
            .filter(|_| value > 0.0)
            .map(|own| own / value - 1.0),
        is_outside_noise: outside_noise(difference.change),
        missing_reason: None,
    }
}

fn expectation(series: &SliSeries) -> Comparison {
    let Some(expected) = series.expected else {
        return missing("expected", "fewer than two weeks of history");
    };
    let outside = series
        .interval
        .map(|[low, high]| expected < low || expected > high);
    Comparison {
        against: "expected".to_owned(),
        value: Some(expected),
        change_share: series
            .value
            .filter(|_| expected > 0.0)
            .map(|own| own / expected - 1.0),
        // Noise of the expectation itself is not in the interval: only far away is outside.
        is_outside_noise: outside.filter(|outside| !outside),
        missing_reason: None,
    }
}

fn missing(against: &str, reason: &str) -> Comparison {
    Comparison {
        against: against.to_owned(),
        value: None,
        change_share: None,
        is_outside_noise: None,
        missing_reason: Some(reason.to_owned()),
    }
}

fn outside_noise(change: Change) -> Option<bool> {
    match change {
        Change::Up | Change::Down => Some(true),
        Change::Noise => Some(false),
        Change::NotEnoughData => None,
    }
}

/// Levels of an SLI set were never compared with contacts: they name crossings, never a number.
fn contacts(judged: &Judged) -> Option<ContactEstimate> {
    let crossed = crossed(judged);
    let Some(ContactOutlook::Predicted(predicted)) = &judged.contacts else {
        return crossed;
    };
    let excess = predicted.contacts.excess;
    Some(ContactEstimate {
        value: Some(excess.value),
        interval: Some(excess.ci90),
        basis: format!(
            "Beside about {} that come anyway; learned from the weeks {}.",
            text::estimate(predicted.contacts.quiet.value),
            predicted.file.learned
        ),
        levels_from: LevelSource::Calibration,
        crossings: crossed.map_or_else(Vec::new, |crossed| crossed.crossings),
    })
}

/// Crossings of contact levels; `None` where there is no such level.
fn crossed(judged: &Judged) -> Option<ContactEstimate> {
    let has_level = |series: &SliSeries| {
        let mut levels = series.levels.iter();
        levels.any(|level| level.level == Level::Contact)
    };
    judged.series.iter().any(has_level).then(|| {
        let crossings = judged.series.iter().flat_map(|series| {
            let levels = series.levels.iter();
            let crossed = levels
                .filter(|level| level.level == Level::Contact && !level.crossed_us.is_empty());
            crossed.map(|level| crossing_words(judged, series, level))
        });
        ContactEstimate {
            value: None,
            interval: None,
            // The report itself says what levels of an SLI set are worth.
            basis: String::new(),
            levels_from: LevelSource::SliSet,
            crossings: crossings.collect(),
        }
    })
}

fn crossing_words(judged: &Judged, series: &SliSeries, level: &LevelOutcome) -> String {
    let side = match level.bad {
        BadSide::Above => "above",
        BadSide::Below => "below",
    };
    let limit = limit_of(series, level).map_or_else(String::new, |limit| {
        format!(" {}", text::quantity(limit, sli_unit(series.unit)))
    });
    let first = level
        .first_crossed_us()
        .unwrap_or(judged.scope.range.start_us);
    format!(
        "{} was {side}{limit} for {} in all, first on {}.",
        series.title,
        text::duration(seconds(level.total_us())),
        text::date(first, &judged.zone)
    )
}

/// The hour with the most failures.
fn worst_hour(judged: &Judged) -> Option<WorstHour> {
    let per_hour = |counts: Vec<crate::rollup::WindowCount>| {
        let mut hours: BTreeMap<i64, u64> = BTreeMap::new();
        for window in counts {
            *hours
                .entry(window.start_us.div_euclid(HOUR_US))
                .or_default() += window.count;
        }
        hours
    };
    let failed = per_hour(judged.rollup.select(is_error).counts());
    let all = per_hour(judged.rollup.select(is_customer).counts());
    let (hour, failures) = failed
        .into_iter()
        .max_by_key(|(hour, count)| (*count, -hour))?;
    let requests = all.get(&hour).copied().unwrap_or(failures);
    let share = number(failures) / number(requests.max(1));
    Some(WorstHour {
        start_us: hour * HOUR_US,
        sentence: format!(
            "{} of {} requests failed ({}).",
            text::count(failures),
            text::count(requests),
            text::quantity(share, Unit::Share)
        ),
    })
}

/// What is different beyond noise from what it is compared with.
pub fn changed(judged: &Judged) -> Option<Vec<String>> {
    let before = judged.previous.as_ref()?.side();
    let after = crate::cli::changes::Side::of(judged, judged.scope.range);
    let independent = match judged.run {
        Some(_) => Independent::Stretches,
        None => Independent::Requests,
    };
    let found = changes(&judged.set, before, after, independent);
    let told = found
        .iter()
        .filter(|change| change.is_outside_noise() == Some(true));
    Some(told.filter_map(change_words).collect())
}

pub fn change_words(change: &SliChange) -> Option<String> {
    let unit = sli_unit(change.unit);
    let (before, after) = change.before.zip(change.after)?;
    let word = change_word(before, after)?;
    let [from, to] = text::both_apart(before, after, unit);
    Some(format!("{} {word} from {from} to {to}.", change.title))
}

/// What a value did; `None` where it is the same, however differently what stands behind it is spread.
pub fn change_word(before: f64, after: f64) -> Option<&'static str> {
    match before.partial_cmp(&after)? {
        Ordering::Less => Some("rose"),
        Ordering::Equal => None,
        Ordering::Greater => Some("fell"),
    }
}

/// Who was told about what, the most recent first; of several crossings of one level the longest, and
/// how many there were.
fn reactions(judged: &Judged) -> Vec<ReactionRow> {
    let mut rows = Vec::new();
    for series in &judged.series {
        for level in &series.levels {
            let longest = longest(level.crossed_us.iter().map(|[from, to]| (*from, *to)));
            rows.extend(longest.map(|(from_us, to_us)| ReactionRow {
                sli: series.title.clone(),
                level: often(&level.level.to_string(), level.crossed_us.len()),
                from_us,
                lasted_s: seconds(to_us - from_us),
                told: level.tell.clone(),
                reaction: level.react.clone(),
            }));
        }
        let outcomes = judged.objectives.get(&series.name).into_iter().flatten();
        for rule in outcomes.flat_map(|outcome| &outcome.burn) {
            let firing = rule
                .firing
                .iter()
                .map(|stretch| (stretch.from_us, stretch.to_us));
            let inside = firing.filter(|(from_us, _)| judged.scope.range.contains(*from_us));
            let count = inside.clone().count();
            rows.extend(longest(inside).map(|(from_us, to_us)| ReactionRow {
                sli: series.title.clone(),
                level: often(&format!("budget burn: {}", rule.rule), count),
                from_us,
                lasted_s: seconds(to_us - from_us),
                told: rule.tell.clone(),
                reaction: None,
            }));
        }
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.from_us));
    rows.truncate(REACTIONS_MAX);
    rows
}

fn longest(stretches: impl Iterator<Item = (i64, i64)>) -> Option<(i64, i64)> {
    stretches.max_by_key(|(from_us, to_us)| (to_us - from_us, -from_us))
}

fn often(level: &str, count: usize) -> String {
    match count {
        0 | 1 => level.to_owned(),
        count => format!("{level}, the longest of {count}"),
    }
}

/// A rate per hour as a count; it is at least 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "requests per hour are positive and below 2^53"
)]
fn rounded(per_hour: f64) -> u64 {
    per_hour.round() as u64
}
