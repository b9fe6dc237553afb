//! What was judged, cut into the windows that contacts are predicted for.
//!
//! In: counts and shoppers of what was judged, and a model. Out: [`Pieces`]: windows as long as those that
//! the model was learned in, because the level of a quarter of an hour says nothing of a second. A
//! rehearsal is cut where its drills begin and end as well, so that the contacts of a drill are part of
//! those of the run; one that is shorter than a window is one.

use super::sessions::per_window;
use crate::cli::exit_code::Failure;
use crate::cli::facts::RunFacts;
use crate::cli::outside::{ExpectedRates, outside};
use crate::cli::page::is_customer;
use crate::cli::range::Judged;
use crate::rollup::WindowCount;
use crate::sli::interval::number;
use crate::sli::{Alignment, Outside, Scope, SliPlan, SliSetPlan, evaluate_some};
use crate::support::{ContactModel, ExposureUnit, PredictionWindow};
use crate::time_window::TimeWindow;
use crate::visits::SessionHour;

/// The windows, oldest first.
#[derive(Debug, Clone)]
pub struct Pieces {
    /// They do not overlap.
    pub windows: Vec<PredictionWindow>,
}

/// Why there are none.
pub enum NoPieces {
    /// The counts could not be had.
    Failed(Failure),
    /// What the levels were learned per is not known here; a sentence without its full stop.
    OtherExposure(String),
}

impl From<Failure> for NoPieces {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Pieces {
    /// Those that lie wholly inside of a stretch.
    pub fn inside(&self, stretch: TimeWindow) -> Vec<PredictionWindow> {
        let windows = self.windows.iter().filter(|window| {
            window.start_us >= stretch.start_us
                && window.start_us + window.length_us <= stretch.end_us
        });
        windows.cloned().collect()
    }
}

/// Cuts what was judged; `stretches` are those of the drills of a rehearsal.
pub fn pieces(
    judged: &Judged,
    model: &ContactModel,
    stretches: &[Option<TimeWindow>],
) -> Result<Pieces, NoPieces> {
    match &judged.run {
        Some(run) => of_run(judged, run, model, stretches),
        None => of_logs(judged, model),
    }
}

fn of_run(
    judged: &Judged,
    run: &RunFacts,
    model: &ContactModel,
    stretches: &[Option<TimeWindow>],
) -> Result<Pieces, NoPieces> {
    let requests = match model.exposure {
        ExposureUnit::Sessions => Vec::new(),
        ExposureUnit::Requests => first_step(judged),
    };
    let cuts = cuts(judged.scope.range, model.window_us, stretches);
    let mut windows = Vec::new();
    for pair in cuts.windows(2) {
        let range = TimeWindow {
            start_us: pair[0],
            end_us: pair[1],
        };
        let sessions = match model.exposure {
            ExposureUnit::Sessions => arrivals(run, range),
            ExposureUnit::Requests => requests_in(&requests, range),
        };
        if sessions > 0.0 {
            let scope = Scope {
                range,
                covered: range,
                window_us: range.end_us - range.start_us,
                alignment: Alignment::Start,
            };
            let values = values(judged, model, scope)?;
            windows.push(PredictionWindow {
                start_us: range.start_us,
                length_us: scope.window_us,
                sessions: Some(sessions),
                values: values
                    .iter()
                    .map(|values| values.first().copied().flatten())
                    .collect(),
            });
        }
    }
    Ok(Pieces { windows })
}

/// Whole seconds at which a run is cut, its start and end included.
fn cuts(range: TimeWindow, window_us: i64, stretches: &[Option<TimeWindow>]) -> Vec<i64> {
    let mut cuts: Vec<i64> = (0..)
        .map(|index| range.start_us + index * window_us.max(1))
        .take_while(|cut_us| *cut_us < range.end_us)
        .collect();
    let drills = stretches.iter().flatten();
    cuts.extend(drills.flat_map(|stretch| [stretch.start_us, stretch.end_us]));
    cuts.push(range.end_us);
    cuts.retain(|cut_us| (range.start_us..=range.end_us).contains(cut_us));
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// Shoppers who came in a stretch of whole seconds, served or not.
fn arrivals(run: &RunFacts, range: TimeWindow) -> f64 {
    let second = |us: i64| usize::try_from((us - run.started_us) / 1_000_000).unwrap_or(0);
    let count = run.arrivals_per_s.len();
    let (from, to) = (
        second(range.start_us).min(count),
        second(range.end_us).min(count),
    );
    number(run.arrivals_per_s[from..to.max(from)].iter().sum())
}

fn of_logs(judged: &Judged, model: &ContactModel) -> Result<Pieces, NoPieces> {
    let covered = judged.scope.covered;
    let range = judged.scope.range;
    let from_us = range.start_us.max(covered.start_us);
    let window_us = window_us(model.window_us, judged.rollup.plan().window_us);
    let scope = Scope {
        range: TimeWindow {
            start_us: from_us.div_euclid(window_us) * window_us,
            end_us: range.end_us.min(covered.end_us).max(from_us),
        },
        covered,
        window_us,
        alignment: Alignment::Clock,
    };
    let sessions = exposure(judged, scope, model.exposure)?;
    let values = values(judged, model, scope)?;
    let windows = (0..scope.windows())
        .zip(&sessions)
        .filter(|(_, sessions)| **sessions > 0.0);
    let windows = windows.map(|(index, sessions)| PredictionWindow {
        start_us: scope.start_us(index),
        length_us: scope.window_us,
        sessions: Some(*sessions),
        values: values
            .iter()
            .map(|values| values.get(index).copied().flatten())
            .collect(),
    });
    Ok(Pieces {
        windows: windows.collect(),
    })
}

/// The model's own windows, or the shortest after them that the counts can be cut into, µs.
fn window_us(model_us: i64, cell_us: i64) -> i64 {
    let cell_us = cell_us.max(1);
    (model_us + cell_us - 1) / cell_us * cell_us
}

/// What the levels were learned per, counted in each window of the scope.
fn exposure(judged: &Judged, scope: Scope, unit: ExposureUnit) -> Result<Vec<f64>, NoPieces> {
    let index_of = |us: i64| scope.index(us).filter(|_| scope.range.contains(us));
    match unit {
        ExposureUnit::Sessions => {
            let hours = known_hours(judged)?;
            let counts = judged.rollup.select(is_customer).counts();
            Ok(per_window(hours, &counts, scope.windows(), index_of))
        }
        ExposureUnit::Requests => {
            let mut requests = vec![0.0; scope.windows()];
            for count in first_step(judged) {
                if let Some(index) = index_of(count.start_us) {
                    requests[index] += number(count.count);
                }
            }
            Ok(requests)
        }
    }
}

/// Sessions by hour, where shoppers are known.
fn known_hours(judged: &Judged) -> Result<&[SessionHour], NoPieces> {
    let visits = &judged.followed.visits;
    let hours = visits.sessions.as_ref();
    let hours = hours.map_or(&[][..], |sessions| sessions.hours.as_slice());
    // From half of the requests on that nobody is known for, sessions say too little.
    let is_known = visits.unattributed_requests.saturating_mul(2) <= visits.requests;
    if visits.requests > 0 && !(is_known && hours.iter().any(|hour| hour.sessions > 0)) {
        return Err(NoPieces::OtherExposure(
            "the levels were learned per session, and no shopper is known in these logs: requests say nothing of \
             sessions (hint: log a session, or address and user agent, or run `firedrill calibrate` on logs like these)"
                .to_owned(),
        ));
    }
    Ok(hours)
}

/// Requests in a stretch; their windows are not longer than a second where a run is cut.
fn requests_in(counts: &[WindowCount], range: TimeWindow) -> f64 {
    let inside = counts.iter().filter(|count| range.contains(count.start_us));
    number(inside.map(|count| count.count).sum())
}

/// Requests of the first step of the funnel; of customers at all where there is none.
fn first_step(judged: &Judged) -> Vec<WindowCount> {
    let first = judged.set.funnel.first();
    let chosen = judged
        .rollup
        .select(|series| is_customer(series) && first.is_none_or(|step| step.event.covers(series)));
    chosen.counts()
}

/// By SLI of the model: its value in each window of the scope; none where it is not in the set.
fn values(
    judged: &Judged,
    model: &ContactModel,
    scope: Scope,
) -> Result<Vec<Vec<Option<f64>>>, Failure> {
    let mut set: SliSetPlan = judged.set.clone();
    set.ask_windows(scope.window_us);
    let is_wanted = |sli: &SliPlan| model.slis.iter().any(|wanted| wanted.name == sli.name);
    let visits = Some(&judged.followed.visits);
    let outside: Outside = outside(
        &set,
        scope,
        &judged.zone,
        &ExpectedRates::new(),
        visits,
        None,
    )?;
    let series = evaluate_some(&set, &judged.rollup, scope, &outside, is_wanted)?;
    let of_sli = model.slis.iter().map(|wanted| {
        let found = series.iter().find(|series| series.name == wanted.name);
        found.map_or_else(Vec::new, |series| {
            series.windows.iter().map(|window| window.value).collect()
        })
    });
    Ok(of_sli.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_US: i64 = 1_000_000;

    fn seconds(from: i64, to: i64) -> TimeWindow {
        TimeWindow {
            start_us: from * SECOND_US,
            end_us: to * SECOND_US,
        }
    }

    #[test]
    fn windows_are_those_of_the_model_where_counts_are_fine_enough() {
        for (model, cell, expected) in [
            (900, 60, 900),
            (900, 3_600, 3_600),
            (900, 420, 1_260),
            (60, 60, 60),
        ] {
            assert_eq!(window_us(model, cell), expected, "{model} of {cell}");
        }
    }

    #[test]
    fn a_run_is_cut_at_windows_and_at_its_drills_and_ends_where_it_ends() {
        let run = seconds(100, 200);
        type Drills<'a> = &'a [Option<TimeWindow>];
        let table: [(&str, i64, Drills<'_>, &[i64]); 4] = [
            ("shorter than a window", 900, &[], &[100, 200]),
            ("windows from its start", 40, &[], &[100, 140, 180, 200]),
            (
                "a drill inside",
                900,
                &[Some(seconds(130, 145)), None],
                &[100, 130, 145, 200],
            ),
            (
                "drills that overlap, reach out and share an edge",
                50,
                &[Some(seconds(90, 150)), Some(seconds(150, 900))],
                &[100, 150, 200],
            ),
        ];
        for (what, window_s, stretches, expected) in table {
            let found = cuts(run, window_s * SECOND_US, stretches);
            let expected: Vec<i64> = expected.iter().map(|second| second * SECOND_US).collect();
            assert_eq!(found, expected, "{what}");
        }
    }
}
