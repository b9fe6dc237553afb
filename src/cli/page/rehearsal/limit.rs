//! What happened past the limit: bins of each route for [`behaviour`], and its outcome in words.

use std::collections::BTreeSet;

use super::super::{is_counted, number};
use super::RunView;
use crate::cli::customers::is_good_for_shopper;
use crate::cli::facts::RunFacts;
use crate::cli::recorder::RouteSeconds;
use crate::rehearsal::{Behaviour, BehaviourOutcome, Bin, PastLimit, Recovered, behaviour, bin_s};
use crate::report::{LimitOutcome, LimitPart, LimitRow, Unit, text};
use crate::rollup::{Selection, SeriesKey};
use crate::sli::SliSeries;
use crate::time_window::seconds;

/// Fewer response times have no median.
const MEDIAN_COUNT_MIN: u64 = 5;
const SECOND_US: i64 = 1_000_000;

/// `None` for a run of an older version, which does not know when good answers came, and for a closed model
/// alone: it asks a slow target less, so no load is ever above what the target can do.
pub fn limit(view: &RunView<'_>, run: &RunFacts) -> Option<LimitPart> {
    if run.is_closed_alone() {
        return None;
    }
    if run.seconds.good.is_empty() && run.requests > 0 && run.seconds.started.is_empty() {
        return None;
    }
    let all = row(view, run, None);
    let mut routes: Vec<LimitRow> = routes(view)
        .iter()
        .map(|route| row(view, run, Some(*route)))
        .filter(|row| matches!(row.outcome, LimitOutcome::Past | LimitOutcome::NotTheLoad))
        .collect();
    routes.sort_by_key(|row| (row.outcome != LimitOutcome::Past, row.knee_us));
    let told = routes.first().unwrap_or(&all);
    let sentence = sentence(told, run);
    let mut rows = routes;
    rows.push(all);
    Some(LimitPart {
        sentence,
        shoppers: shoppers(run),
        rows,
    })
}

/// Method and route of every request that a shopper made.
fn routes<'a>(view: &RunView<'a>) -> BTreeSet<(&'a str, &'a str)> {
    let series = view
        .rollup
        .series()
        .iter()
        .filter(|series| is_counted(series));
    series
        .map(|series| (series.method.as_str(), series.route.as_str()))
        .collect()
}

fn row(view: &RunView<'_>, run: &RunFacts, route: Option<(&str, &str)>) -> LimitRow {
    let is_own = |series: &SeriesKey| {
        is_counted(series)
            && route.is_none_or(|(method, route)| series.method == method && series.route == route)
    };
    let is_refused = |series: &SeriesKey| is_own(series) && is_refusal(series);
    let requests = view.rollup.select(is_own).count();
    let length_s = seconds(run.judged_us);
    let bin = Bins {
        start_us: run.started_us,
        bin_us: i64::from(bin_s(length_s, requests)) * SECOND_US,
        judged_us: run.judged_us,
    };
    let mut bins = vec![Bin::default(); bin.count()];
    bin.add(&view.rollup.select(is_own), &mut bins, |bin| {
        &mut bin.offered
    });
    bin.add(&view.rollup.select(is_refused), &mut bins, |bin| {
        &mut bin.refused
    });
    let is_failed = |series: &SeriesKey| is_own(series) && is_failure(series);
    bin.add(&view.rollup.select(is_failed), &mut bins, |bin| {
        &mut bin.failed
    });
    bin.add_medians(&view.rollup.select(is_own), &mut bins);
    let own = run.seconds.good.iter();
    let own = own.filter(|good| {
        route.is_none_or(|(method, route)| good.method == method && good.route == route)
    });
    let own: Vec<&RouteSeconds> = own.collect();
    bin.add_seconds(own.iter().map(|route| &route.per_s), &mut bins, |bin| {
        &mut bin.good
    });
    bin.add_seconds(own.iter().map(|route| &route.wanted), &mut bins, |bin| {
        &mut bin.wanted
    });
    if own.iter().all(|route| route.wanted.is_empty()) {
        // A run of an older version, or a route beyond those that are counted apart.
        bins.iter_mut().for_each(|bin| bin.wanted = bin.offered);
    }
    let refusal_median_us = view.rollup.select(is_refused).latencies().quantile_us(0.5);
    let outcome = behaviour(&bins, seconds(bin.bin_us), refusal_median_us);
    let (method, route) = route.unwrap_or_default();
    shown(view, &bin, outcome, method, route)
}

fn is_refusal(series: &SeriesKey) -> bool {
    matches!(series.status, 429 | 503)
}

/// Every other answer that is none, an error, or not as it must be.
fn is_failure(series: &SeriesKey) -> bool {
    !is_refusal(series) && !is_good_for_shopper(series)
}

/// Equal bins from the start of the run; what is left at its end is none.
struct Bins {
    start_us: i64,
    bin_us: i64,
    judged_us: i64,
}

impl Bins {
    fn count(&self) -> usize {
        usize::try_from(self.judged_us / self.bin_us).unwrap_or(0)
    }

    fn index(&self, ts_us: i64) -> Option<usize> {
        let index = usize::try_from((ts_us - self.start_us).div_euclid(self.bin_us)).ok()?;
        (index < self.count()).then_some(index)
    }

    fn moment_us(&self, bin: usize) -> i64 {
        self.start_us + i64::try_from(bin).unwrap_or(0) * self.bin_us
    }

    fn add(&self, requests: &Selection<'_>, bins: &mut [Bin], part: impl Fn(&mut Bin) -> &mut u64) {
        for window in requests.counts() {
            if let Some(index) = self.index(window.start_us) {
                *part(&mut bins[index]) += window.count;
            }
        }
    }

    fn add_medians(&self, requests: &Selection<'_>, bins: &mut [Bin]) {
        let found = requests.fold_windows(
            |start_us| self.index(start_us),
            |found: &mut Vec<(usize, Option<u64>)>, index, latencies| {
                let is_enough = latencies.count() >= MEDIAN_COUNT_MIN;
                let median_us = latencies.quantile_us(0.5).filter(|_| is_enough);
                found.push((index, median_us));
            },
        );
        for (index, median_us) in found.into_iter().flatten() {
            bins[index].median_us = median_us;
        }
    }

    fn add_seconds<'a>(
        &self,
        lists: impl Iterator<Item = &'a Vec<u64>>,
        bins: &mut [Bin],
        part: impl Fn(&mut Bin) -> &mut u64,
    ) {
        for list in lists {
            for (second, count) in (0..).zip(list) {
                if let Some(index) = self.index(self.start_us + second * SECOND_US) {
                    *part(&mut bins[index]) += count;
                }
            }
        }
    }
}

fn shown(
    view: &RunView<'_>,
    bins: &Bins,
    outcome: BehaviourOutcome,
    method: &str,
    route: &str,
) -> LimitRow {
    let empty = |outcome, recovery: &str| LimitRow {
        method: method.to_owned(),
        route: route.to_owned(),
        outcome,
        behaviours: Vec::new(),
        peak_per_s: None,
        best_good_per_s: None,
        offered_at_best_per_s: None,
        knee_us: None,
        knee_per_s: None,
        calm_median_us: None,
        worst_median_us: None,
        refused_share: None,
        failed_share: None,
        recovery_s: None,
        slis_back_s: None,
        recovery: recovery.to_owned(),
    };
    match outcome {
        BehaviourOutcome::TooFew => empty(LimitOutcome::NotEnoughData, ""),
        BehaviourOutcome::NotReached { peak_per_s } => LimitRow {
            peak_per_s: Some(peak_per_s),
            ..empty(LimitOutcome::NotReached, "")
        },
        BehaviourOutcome::NotTheLoad {
            first_bin,
            strained_per_s,
            carried_per_s,
        } => LimitRow {
            peak_per_s: Some(strained_per_s.max(carried_per_s)),
            knee_us: Some(bins.moment_us(first_bin)),
            knee_per_s: Some(strained_per_s),
            ..empty(LimitOutcome::NotTheLoad, "")
        },
        BehaviourOutcome::Past(past) => {
            let (recovery_s, fell_bin, recovery) = recovery_words(&past);
            let fell_us = fell_bin.map(|bin| bins.moment_us(bin + 1));
            let of_strained = |part: u64| Some(number(part) / number(past.offered.max(1)));
            LimitRow {
                behaviours: past
                    .behaviours
                    .iter()
                    .map(|it| name(*it).to_owned())
                    .collect(),
                peak_per_s: Some(past.peak_per_s),
                best_good_per_s: Some(past.best_good_per_s),
                offered_at_best_per_s: Some(past.offered_at_best_per_s),
                knee_us: Some(bins.moment_us(past.knee.bin)),
                knee_per_s: Some(past.knee.offered_per_s),
                calm_median_us: past.calm_median_us,
                worst_median_us: past.worst_median_us,
                refused_share: of_strained(past.refused),
                failed_share: of_strained(past.failed),
                recovery_s,
                slis_back_s: fell_us.and_then(|fell_us| slis_back_s(view.series, fell_us)),
                ..empty(LimitOutcome::Past, &recovery)
            }
        }
    }
}

fn name(behaviour: Behaviour) -> &'static str {
    match behaviour {
        Behaviour::Collapse => "collapse",
        Behaviour::Failed => "failed",
        Behaviour::Shed => "shed",
        Behaviour::Slow => "slow",
    }
}

fn recovery_words(past: &PastLimit) -> (Option<f64>, Option<usize>, String) {
    match past.recovered {
        Recovered::LoadStayed => (
            None,
            None,
            "not seen: the load stayed above the limit until the end".to_owned(),
        ),
        Recovered::After {
            recovery_s,
            fell_bin,
        } => (
            Some(recovery_s),
            Some(fell_bin),
            match recovery_s > 0.0 {
                true => format!("{} after the load had fallen", text::duration(recovery_s)),
                false => "as soon as the load had fallen".to_owned(),
            },
        ),
        Recovered::Never {
            watched_s,
            fell_bin,
        } => (
            None,
            Some(fell_bin),
            format!(
                "not until the end, {} after the load had fallen",
                text::duration(watched_s)
            ),
        ),
    }
}

/// From a moment to the end of the last crossing of any level; `None` where one lasted to the end.
fn slis_back_s(series: &[SliSeries], fell_us: i64) -> Option<f64> {
    let mut back_us = fell_us;
    for sli in series {
        let end_us = sli.windows.last().map_or(fell_us, |window| window.start_us);
        let stretches = sli.levels.iter().flat_map(|level| &level.crossed_us);
        for [_, to_us] in stretches {
            if *to_us > end_us {
                return None;
            }
            back_us = back_us.max(*to_us);
        }
    }
    Some(seconds(back_us - fell_us))
}

fn sentence(row: &LimitRow, run: &RunFacts) -> String {
    let who = match row.route.is_empty() {
        true => "The target".to_owned(),
        false => format!("{} {}", row.method, row.route),
    };
    let rate = |rate: Option<f64>| {
        rate.map_or_else(String::new, |rate| text::quantity(rate, Unit::PerSecond))
    };
    let at = |us: Option<i64>| us.map_or_else(String::new, |us| text::offset(us, run.started_us));
    match row.outcome {
        LimitOutcome::NotEnoughData => {
            "Too few requests, or too short a run, to tell whether a limit was reached.".to_owned()
        }
        LimitOutcome::NotReached => format!(
            "No limit was reached: of up to {} all were answered well, and about as fast as at little load.",
            rate(row.peak_per_s)
        ),
        LimitOutcome::NotTheLoad => format!(
            "{who} was under strain from {}, when shoppers wanted {} of it, a load that it carried at other times; something else was the cause.",
            at(row.knee_us),
            rate(row.knee_per_s)
        ),
        LimitOutcome::Past => format!(
            "{who} was past its limit from {}, at {}: {}. It gave at most {} good answers while {} were due, at the peak {}. Recovery: {}.",
            at(row.knee_us),
            rate(row.knee_per_s),
            what_it_did(row),
            rate(row.best_good_per_s),
            rate(row.offered_at_best_per_s),
            rate(row.peak_per_s),
            row.recovery
        ),
    }
}

fn what_it_did(row: &LimitRow) -> String {
    let share = |share: Option<f64>| text::quantity(share.unwrap_or(0.0), Unit::Share);
    let median = |us: Option<u64>| {
        us.map_or_else(
            || "not known".to_owned(),
            |us| text::quantity(number(us), Unit::Microseconds),
        )
    };
    let words = row
        .behaviours
        .iter()
        .map(|behaviour| match behaviour.as_str() {
            "collapse" => "its good answers fell while no less was asked (collapse)".to_owned(),
            "failed" => format!("{} failed", share(row.failed_share)),
            "shed" => format!("{} were refused at once (shed)", share(row.refused_share)),
            _ => format!(
                "it got slower, at the median from {} to {}",
                median(row.calm_median_us),
                median(row.worst_median_us)
            ),
        });
    words.collect::<Vec<_>>().join("; ")
}

/// What shoppers did about it.
fn shoppers(run: &RunFacts) -> String {
    let repeated = run.seconds.repeated_count();
    let amplification = run.retry_amplification.filter(|_| repeated > 0);
    let retries = amplification.map_or_else(
        || "None tried again.".to_owned(),
        |amplification| {
            format!(
                "They tried {} times again, which made {} as many requests as they wanted.",
                text::count(repeated),
                text::quantity(amplification, Unit::Times)
            )
        },
    );
    format!(
        "Of {} shoppers {} came to the end of their journey, {} gave up after an error, {} lost patience. {retries}",
        text::count(run.started),
        text::count(run.completed),
        text::count(run.gave_up),
        text::count(run.lost_patience)
    )
}
