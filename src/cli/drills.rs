//! The scores of a run's drill timeline: what its SLIs saw, whom it hit, and what was expected.
//!
//! In: what was done when, the SLIs, the counts and the rows of the run. Out: a [`DrillScore`] per entry;
//! and what is kept of a run for the pre-mortem matrix.

mod kept;
mod table;

use super::customers::{is_good_for_shopper, is_person};
use super::exit_code::Failure;
use super::facts::RunFacts;
use super::shoppers::{ShoppersError, slow_limit_us};
use crate::game_day::{DrillScore, EntryEnd, Impact, Relief, ScoreScope, judge, score};
use crate::lake::{LakeReader, RowFilter};
use crate::report::text;
use crate::request_record::{Origin, is_own_error};
use crate::rollup::{Rollup, RowReader, SeriesKey};
use crate::sli::{SliSeries, SliSetPlan, SliState};
use crate::time_window::{TimeWindow, seconds};
use crate::visits::DistinctShoppers;

pub use kept::{Judgement, kept_runs, rehearsed};
pub use table::table;

/// For how long the shoppers of a moment are counted where no SLI says when it was over, µs.
const MOMENT_US: i64 = 60_000_000;

/// A rehearsal that was judged.
#[derive(Clone, Copy)]
pub struct Drilled<'a> {
    /// Its facts.
    pub run: &'a RunFacts,
    /// By what it was judged.
    pub set: &'a SliSetPlan,
    /// Its SLIs.
    pub series: &'a [SliSeries],
    /// What was judged.
    pub range: TimeWindow,
    /// Its counts.
    pub rollup: &'a Rollup,
}

/// The score of every entry of the timeline; shoppers are counted where there is a lake to read.
pub fn scores(
    drilled: Drilled<'_>,
    reader: Option<&LakeReader>,
) -> Result<Vec<DrillScore>, Failure> {
    let run = drilled.run;
    if run.drills.is_empty() {
        return Ok(Vec::new());
    }
    let mut scores = score(&ScoreScope {
        entries: &run.drills,
        started_us: run.started_us,
        range: drilled.range,
        set: drilled.set,
        series: drilled.series,
    });
    count_impact(drilled, reader, &mut scores)?;
    let end_us = drilled.range.end_us - run.started_us;
    for score in &mut scores {
        score.expectations = judge(score, end_us, run.length_us, &duration);
    }
    Ok(scores)
}

/// A length of time of a drill for people: windows are whole seconds long, so tenths say enough.
pub fn duration(us: i64) -> String {
    text::duration(tenths_s(us))
}

/// Seconds with one decimal.
pub fn tenths_s(us: i64) -> f64 {
    (seconds(us) * 10.0).round() / 10.0
}

/// Whether every expectation was met.
pub fn is_as_expected(scores: &[DrillScore]) -> bool {
    let mut expectations = scores.iter().flat_map(|score| &score.expectations);
    // No data is never green.
    expectations.all(|expectation| expectation.state == SliState::Met)
}

/// Counts requests and shoppers while each entry lasted, in one pass over the rows; without a lake to read
/// requests are those of the seconds around it.
fn count_impact(
    drilled: Drilled<'_>,
    reader: Option<&LakeReader>,
    scores: &mut [DrillScore],
) -> Result<(), Failure> {
    let windows = scores.iter().map(|score| lasted(score, drilled));
    let windows: Vec<Option<TimeWindow>> = windows.collect();
    let before = scores.iter().zip(&windows).map(|(score, window)| {
        score.entry.shoppers_withheld?;
        just_before((*window)?, drilled.run.started_us)
    });
    let before: Vec<Option<TimeWindow>> = before.collect();
    let seen = match reader {
        Some(reader) => Some(affected(drilled, reader, &[&*windows, &before].concat())?),
        None => None,
    };
    for (index, (score, window)) in scores.iter_mut().zip(&windows).enumerate() {
        score.impact = window.map(|window| match &seen {
            Some(seen) => seen[index].impact(),
            None => Impact {
                requests: count(drilled.rollup, window, is_counted),
                requests_failed: count(drilled.rollup, window, |series| {
                    is_counted(series) && !is_good_for_shopper(series)
                }),
                shoppers_affected: None,
                is_exact: true,
            },
        });
        if score.entry.shoppers_withheld.is_none() {
            continue;
        }
        score.relief = window.zip(score.impact).map(|(window, impact)| Relief {
            requests_per_s: per_s(impact.requests, window),
            requests_per_s_before: before[index].map(|before| {
                let requests = match &seen {
                    Some(seen) => seen[windows.len() + index].requests,
                    None => count(drilled.rollup, before, is_counted),
                };
                per_s(requests, before)
            }),
        });
    }
    Ok(())
}

/// As long before a window as it is long, at most a minute, inside the run.
fn just_before(window: TimeWindow, started_us: i64) -> Option<TimeWindow> {
    let length_us = (window.end_us - window.start_us).min(MOMENT_US);
    let start_us = (window.start_us - length_us).max(started_us);
    (start_us < window.start_us).then_some(TimeWindow {
        start_us,
        end_us: window.start_us,
    })
}

#[expect(clippy::cast_precision_loss, reason = "requests stay below 2^53")]
fn per_s(requests: u64, window: TimeWindow) -> f64 {
    requests as f64 / seconds(window.end_us - window.start_us)
}

/// When an entry lasted, UTC µs: until it was undone; a moment until all was well again.
fn lasted(score: &DrillScore, drilled: Drilled<'_>) -> Option<TimeWindow> {
    let entry = &score.entry;
    let began_us = entry.began_us.filter(|_| entry.is_scored())?;
    let end_us = drilled.range.end_us - drilled.run.started_us;
    let ended_us = match entry.end {
        EntryEnd::Lasts => entry.ended_us(end_us),
        EntryEnd::Moment => began_us + score.recovery.after_us.unwrap_or(MOMENT_US).max(1_000_000),
    };
    let ended_us = ended_us.min(end_us);
    (began_us < ended_us).then_some(TimeWindow {
        start_us: drilled.run.started_us + began_us,
        end_us: drilled.run.started_us + ended_us,
    })
}

/// Requests in the seconds that lie in the window, the one in which it begins included.
fn count(rollup: &Rollup, window: TimeWindow, is_wanted: impl Fn(&SeriesKey) -> bool) -> u64 {
    let cell_us = rollup.plan().window_us;
    let counts = rollup.select(is_wanted).counts();
    let inside = counts.iter().filter(|count| {
        count.start_us + cell_us > window.start_us && count.start_us < window.end_us
    });
    inside.map(|count| count.count).sum()
}

fn is_counted(series: &SeriesKey) -> bool {
    !is_own_error(&series.error)
}

/// What the rows of one window say.
#[derive(Clone, Default)]
struct Seen {
    requests: u64,
    requests_failed: u64,
    /// Different shoppers with a failed or slow request.
    shoppers: DistinctShoppers,
}

impl Seen {
    fn impact(&self) -> Impact {
        Impact {
            requests: self.requests,
            requests_failed: self.requests_failed,
            shoppers_affected: Some(self.shoppers.count()),
            is_exact: self.shoppers.is_exact(),
        }
    }
}

/// Requests that were due in each window, to the microsecond, and the shoppers whom it hit.
fn affected(
    drilled: Drilled<'_>,
    reader: &LakeReader,
    windows: &[Option<TimeWindow>],
) -> Result<Vec<Seen>, Failure> {
    let mut seen = vec![Seen::default(); windows.len()];
    let known = windows.iter().flatten();
    let start_us = known.clone().map(|window| window.start_us).min();
    let end_us = known.map(|window| window.end_us).max();
    let (Some(start_us), Some(end_us)) = (start_us, end_us) else {
        return Ok(seen);
    };
    let whole = TimeWindow { start_us, end_us };
    let filter = RowFilter {
        window: Some(whole),
    };
    let mut rows = RowReader::default();
    let mut slow_limits: Vec<Option<u64>> = Vec::new();
    let parts = reader.files().iter();
    for part in parts.filter(|part| part.may_hold_any_of(whole)) {
        reader
            .for_each_batch_of(part, &RowReader::columns(), filter, |batch| {
                let read = rows.read(batch, |series| is_own(drilled.run, series))?;
                let new = rows.series()[slow_limits.len()..].iter();
                slow_limits.extend(new.map(|series| slow_limit_us(drilled.set, series)));
                for row in read {
                    let series = row.series as usize;
                    let limit_us = slow_limits[series];
                    let is_slow = row
                        .latency_us
                        .zip(limit_us)
                        .is_some_and(|(us, limit_us)| us > limit_us);
                    let is_failed = !is_good_for_shopper(&rows.series()[series]);
                    let shopper = row.shopper.filter(|_| is_slow || is_failed);
                    for (window, seen) in windows.iter().zip(&mut seen) {
                        if !window.is_some_and(|window| window.contains(row.ts_us)) {
                            continue;
                        }
                        seen.requests += 1;
                        seen.requests_failed += u64::from(is_failed);
                        if let Some(shopper) = shopper {
                            seen.shoppers.insert(shopper);
                        }
                    }
                }
                Ok::<(), ShoppersError>(())
            })
            .map_err(Failure::from)?;
    }
    Ok(seen)
}

fn is_own(run: &RunFacts, series: &SeriesKey) -> bool {
    series.origin == Origin::Drill
        && series.run_id == run.run_id
        && is_counted(series)
        && is_person(series)
}
