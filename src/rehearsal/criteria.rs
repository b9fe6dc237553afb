//! Whether a rehearsal met the conditions that were written before it.
//!
//! In: the conditions, the SLI set, and the SLIs of the run. Out: one [`CriterionOutcome`] per condition:
//! met, missed or not enough data, with value, limit, count and the first moment at which it was missed.
//! A level is crossed on the same evidence as everywhere else ([`crossings`](crate::sli::crossings)).

use crate::declared_files::choices_hint;
use crate::scenario::{CriterionLevel, CriterionLimit, CriterionPlan, NamedStretch};
use crate::sli::{
    BadSide, Evidence, Level, LevelOutcome, LevelPlan, LimitPlan, Measure, SliPlan, SliSeries,
    SliSetPlan, SliState, Unit,
};

/// A run to be judged.
pub struct JudgedRun<'a> {
    /// By what its SLIs were judged.
    pub set: &'a SliSetPlan,
    /// Its SLIs, in the order of the set.
    pub series: &'a [SliSeries],
    /// Its start, UTC µs since 1970.
    pub started_us: i64,
    /// Length of what is judged, µs.
    pub judged_us: i64,
    /// Whether the load generator kept its schedule.
    pub is_valid: bool,
    /// Whether it was stopped before its end.
    pub is_stopped: bool,
    /// Its SLIs over a stretch of it, in the order of the set; `None` where that cannot be told.
    pub within: &'a dyn Fn(&NamedStretch, usize) -> Option<SliSeries>,
}

/// What became of one condition.
#[derive(Debug, Clone, PartialEq)]
pub struct CriterionOutcome {
    /// Met, missed, or not enough data.
    pub state: SliState,
    /// The value that decided, in `unit`; of a recovery the time it took.
    pub value: Option<f64>,
    /// What it must not be beyond.
    pub limit: Option<f64>,
    /// On which side of the limit it is bad.
    pub bad: BadSide,
    /// Unit of both.
    pub unit: Option<Unit>,
    /// What stands behind it: requests of a limit, windows of everything else.
    pub count: u64,
    /// When it was missed first, UTC µs.
    pub first_missed_us: Option<i64>,
    /// How long it was missed in all, µs.
    pub missed_us: i64,
    /// The SLI that decided: the first that was missed, the last to recover.
    pub decisive: Option<usize>,
    /// Other SLIs that missed it, too.
    pub others: usize,
    /// SLIs that it is about, and that could not be judged by it.
    pub unknown: Vec<usize>,
}

impl CriterionOutcome {
    fn unknown(unknown: Vec<usize>) -> Self {
        Self {
            state: SliState::NotEnoughData,
            value: None,
            limit: None,
            bad: BadSide::Above,
            unit: None,
            count: 0,
            first_missed_us: None,
            missed_us: 0,
            decisive: None,
            others: 0,
            unknown,
        }
    }
}

/// Judges every condition, in their order.
#[must_use]
pub fn judge(criteria: &[CriterionPlan], run: &JudgedRun<'_>) -> Vec<CriterionOutcome> {
    let outcomes = criteria.iter().map(|criterion| match criterion {
        CriterionPlan::Valid => valid(run),
        CriterionPlan::NotCrossed { level, sli, during } => {
            not_crossed(run, *level, sli.as_deref(), during.as_ref())
        }
        CriterionPlan::Limit { sli, limit, during } => {
            within_limit(run, sli, *limit, during.as_ref())
        }
        CriterionPlan::Recovery {
            within_us,
            after,
            level,
            sli,
        } => recovery(run, *within_us, after.at_us, *level, sli.as_deref()),
    });
    outcomes.collect()
}

/// What is wrong with a condition for this SLI set: the key, the message, the hint.
#[must_use]
pub fn mismatch(
    criterion: &CriterionPlan,
    set: &SliSetPlan,
) -> Option<(&'static str, String, Option<String>)> {
    let name = criterion.sli()?;
    let Some(sli) = set.slis.iter().find(|sli| sli.name == name) else {
        let names: Vec<&str> = set.slis.iter().map(|sli| sli.name.as_str()).collect();
        let hint = choices_hint(name, &names, "SLIs of this set");
        return Some(("sli", format!("unknown SLI `{name}`"), Some(hint)));
    };
    if let Some(level) = criterion.level()
        && level_plan(sli, level).is_none()
    {
        let message = format!("SLI `{name}` has no `{}` level", level.name());
        let hint = "give it one under `thresholds` in the SLI set".to_owned();
        return Some(("sli", message, Some(hint)));
    }
    let CriterionPlan::Limit { limit, during, .. } = criterion else {
        return None;
    };
    match (limit, sli.unit()) {
        (CriterionLimit::AtMostUs(_), Unit::PerMinute | Unit::PerSecond | Unit::Share) => {
            let message = format!("SLI `{name}` is no response time");
            let hint = "write `at_least: 0.98` of a share, `at_least: 20` of a rate".to_owned();
            Some(("at_most", message, Some(hint)))
        }
        (CriterionLimit::AtLeast(_), Unit::Microseconds) => {
            let message = format!("SLI `{name}` is a response time");
            Some(("at_least", message, Some("write `at_most: 2s`".to_owned())))
        }
        (CriterionLimit::AtLeast(share), Unit::Share) if *share > 1.0 => {
            let message = format!("SLI `{name}` is a share, and never above 1");
            Some(("at_least", message, Some("write 0.98 for 98 %".to_owned())))
        }
        _ if during.is_some() && is_by_shopper(sli) => {
            let message = format!("SLI `{name}` follows shoppers, so it has no value of a stretch");
            Some(("during", message, Some("leave `during` out".to_owned())))
        }
        _ => None,
    }
}

/// Whether the rows of a stretch alone do not tell it.
fn is_by_shopper(sli: &SliPlan) -> bool {
    matches!(
        sli.measure,
        Measure::UserUptime { .. } | Measure::Funnel { .. } | Measure::Composite { .. }
    )
}

fn valid(run: &JudgedRun<'_>) -> CriterionOutcome {
    CriterionOutcome {
        state: match (run.is_valid, run.is_stopped) {
            (false, _) => SliState::Missed,
            (true, true) => SliState::NotEnoughData,
            (true, false) => SliState::Met,
        },
        ..CriterionOutcome::unknown(Vec::new())
    }
}

/// The SLIs that a condition is about: the one named, or all that have the level.
fn concerned(run: &JudgedRun<'_>, level: CriterionLevel, name: Option<&str>) -> Vec<usize> {
    let slis = run.set.slis.iter().enumerate();
    let concerned = slis.filter(|(_, sli)| match name {
        Some(name) => sli.name == name,
        // What is expected of a rate is not known in a rehearsal.
        None => level_plan(sli, level)
            .is_some_and(|level| matches!(level.limit, LimitPlan::Absolute(_))),
    });
    concerned.map(|(index, _)| index).collect()
}

fn not_crossed(
    run: &JudgedRun<'_>,
    level: CriterionLevel,
    name: Option<&str>,
    during: Option<&NamedStretch>,
) -> CriterionOutcome {
    let range = during.map_or((0, i64::MAX), |during| (during.from_us, during.to_us));
    let range = (
        run.started_us + range.0,
        run.started_us.saturating_add(range.1),
    );
    let mut outcome = CriterionOutcome::unknown(Vec::new());
    let mut crossed = Vec::new();
    let concerned = concerned(run, level, name);
    for &index in &concerned {
        let count = judged_windows(run, index, level, range);
        outcome.count += count;
        if count == 0 {
            outcome.unknown.push(index);
        }
        let Some(found) = level_outcome(&run.series[index], level) else {
            continue;
        };
        let inside = found.crossed_us.iter();
        let inside = inside.filter(|[from_us, to_us]| *from_us < range.1 && *to_us > range.0);
        if let Some([from_us, _]) = inside.clone().next() {
            let total_us = inside.map(|[from_us, to_us]| to_us - from_us).sum();
            crossed.push((*from_us, index, found, total_us));
        }
    }
    outcome.state = match (crossed.is_empty(), outcome.unknown.is_empty()) {
        (false, _) => SliState::Missed,
        (true, true) if !concerned.is_empty() => SliState::Met,
        (true, _) => SliState::NotEnoughData,
    };
    if let Some((from_us, index, found, total_us)) = crossed.iter().min_by_key(|it| it.0) {
        let series = &run.series[*index];
        outcome.value = worst_within(series, found.bad, range);
        outcome.limit = Some(found.value).filter(|_| !found.is_of_expected);
        outcome.bad = found.bad;
        outcome.unit = Some(series.unit);
        outcome.first_missed_us = Some(*from_us);
        outcome.missed_us = *total_us;
        outcome.decisive = Some(*index);
        outcome.others = crossed.len() - 1;
    }
    outcome
}

fn within_limit(
    run: &JudgedRun<'_>,
    name: &str,
    limit: CriterionLimit,
    during: Option<&NamedStretch>,
) -> CriterionOutcome {
    let Some(index) = run.set.slis.iter().position(|sli| sli.name == name) else {
        return CriterionOutcome::unknown(Vec::new());
    };
    let found = match during {
        Some(during) if during.to_us > run.judged_us => None,
        Some(during) => (run.within)(during, index),
        None => Some(run.series[index].clone()),
    };
    let Some(series) = found else {
        return CriterionOutcome::unknown(vec![index]);
    };
    let (bad, limit, is_of_unit) = match limit {
        CriterionLimit::AtMostUs(limit_us) => {
            let is_time = series.unit == Unit::Microseconds;
            (BadSide::Above, limit_us, is_time)
        }
        CriterionLimit::AtLeast(limit) => {
            let is_time = series.unit == Unit::Microseconds;
            (BadSide::Below, limit, !is_time)
        }
    };
    let is_bad = |value: f64| bad.is_bad(value, limit);
    let mut windows = series.windows.iter();
    let first = windows.find(|window| window.value.is_some_and(is_bad));
    let state = match series.value {
        Some(value) if is_of_unit && is_bad(value) => SliState::Missed,
        Some(_) if is_of_unit => SliState::Met,
        Some(_) | None => SliState::NotEnoughData,
    };
    CriterionOutcome {
        state,
        value: series.value,
        limit: Some(limit),
        bad,
        unit: Some(series.unit),
        count: series.count,
        first_missed_us: first
            .map(|window| window.start_us)
            .filter(|_| state == SliState::Missed),
        decisive: Some(index),
        unknown: match state {
            SliState::NotEnoughData => vec![index],
            SliState::Met | SliState::Missed => Vec::new(),
        },
        ..CriterionOutcome::unknown(Vec::new())
    }
}

fn recovery(
    run: &JudgedRun<'_>,
    within_us: i64,
    after_us: i64,
    level: CriterionLevel,
    name: Option<&str>,
) -> CriterionOutcome {
    let after_us = run.started_us + after_us;
    let end_us = run.started_us + run.judged_us;
    let mut outcome = CriterionOutcome::unknown(Vec::new());
    let mut last: Option<(i64, usize, bool)> = None;
    let mut late = 0;
    for index in concerned(run, level, name) {
        let series = &run.series[index];
        let seen = judged_windows(run, index, level, (after_us, i64::MAX));
        outcome.count += seen;
        if seen == 0 {
            outcome.unknown.push(index);
        }
        let stretches = level_outcome(series, level).map_or(&[][..], |found| &found.crossed_us);
        let Some([_, to_us]) = stretches.iter().rfind(|[_, to_us]| *to_us > after_us) else {
            continue;
        };
        let took_us = *to_us - after_us;
        // Whether windows after it were seen to be well.
        let is_over = judged_windows(run, index, level, (*to_us, i64::MAX)) > 0;
        late += usize::from(took_us > within_us || !is_over);
        if last.is_none_or(|(other_us, ..)| took_us > other_us) {
            last = Some((took_us, index, is_over));
        }
    }
    outcome.unit = Some(Unit::Microseconds);
    outcome.limit = Some(as_number(within_us));
    let is_seen = outcome.count > 0 && after_us <= end_us;
    if let Some((took_us, index, is_over)) = last {
        outcome.decisive = Some(index);
        outcome.value = is_over.then(|| as_number(took_us));
        outcome.missed_us = took_us;
        outcome.others = late.saturating_sub(1);
        // A run that ended before the time was up has not shown that it would have taken longer.
        let was_time_up = took_us > within_us || end_us - after_us >= within_us;
        outcome.state = match (is_over, took_us > within_us) {
            (true, false) => SliState::Met,
            (true, true) => SliState::Missed,
            (false, _) if was_time_up => SliState::Missed,
            (false, _) => SliState::NotEnoughData,
        };
        outcome.first_missed_us =
            Some(after_us + within_us).filter(|_| outcome.state == SliState::Missed);
    } else if is_seen {
        outcome.state = SliState::Met;
        outcome.value = Some(0.0);
    }
    if outcome.state == SliState::Met && !outcome.unknown.is_empty() {
        outcome.state = SliState::NotEnoughData;
    }
    outcome
}

/// How many windows that begin in `range` a level can judge.
fn judged_windows(
    run: &JudgedRun<'_>,
    index: usize,
    level: CriterionLevel,
    range: (i64, i64),
) -> u64 {
    let sli = &run.set.slis[index];
    let Some(plan) = level_plan(sli, level) else {
        return 0;
    };
    let evidence = Evidence::of(&sli.measure);
    let windows = run.series[index].windows.iter();
    let inside = windows.filter(|window| (range.0..range.1).contains(&window.start_us));
    let judged = inside.filter(|window| plan.is_beyond(window, evidence).is_some());
    judged.count() as u64
}

fn level_plan(sli: &SliPlan, level: CriterionLevel) -> Option<&LevelPlan> {
    sli.levels.iter().find(|plan| plan.level == of_sli(level))
}

fn level_outcome(series: &SliSeries, level: CriterionLevel) -> Option<&LevelOutcome> {
    let mut levels = series.levels.iter();
    levels.find(|outcome| outcome.level == of_sli(level))
}

fn of_sli(level: CriterionLevel) -> Level {
    match level {
        CriterionLevel::Warn => Level::Warn,
        CriterionLevel::Contact => Level::Contact,
    }
}

fn worst_within(series: &SliSeries, bad: BadSide, range: (i64, i64)) -> Option<f64> {
    let windows = series.windows.iter();
    let inside = windows.filter(|window| (range.0..range.1).contains(&window.start_us));
    let values = inside.filter_map(|window| window.value);
    values.reduce(|worst, value| {
        if bad.is_bad(value, worst) {
            value
        } else {
            worst
        }
    })
}

#[expect(clippy::cast_precision_loss, reason = "a run is shorter than 2^53 µs")]
fn as_number(us: i64) -> f64 {
    us as f64
}

#[cfg(test)]
mod tests;
