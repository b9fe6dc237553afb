//! Which shoppers each problem hit, and when first.
//!
//! In: problems as `visits` found them, and the rows of the lake. Out: their shoppers by keyed hash, which
//! `visits` counts and forgets. Only a list for the support desk asks for them.

use std::collections::HashMap;

use crate::cli::customers::{is_failure, is_person};
use crate::cli::exit_code::Failure;
use crate::cli::range::Judged;
use crate::cli::shoppers::{ShoppersError, slow_limit_us};
use crate::lake::{LakeReader, RowFilter};
use crate::request_record::is_own_error;
use crate::rollup::{RowReader, SeriesKey, SeriesRow};
use crate::time_window::TimeWindow;
use crate::visits::{Cluster, Problem};

/// The most shoppers of all problems together.
const HITS_MAX: usize = 5_000_000;

/// A shopper whom a problem hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Keyed hash.
    pub shopper: i64,
    /// Its first request with the problem, UTC µs.
    pub met_us: i64,
    /// Its requests with the problem.
    pub requests: u64,
}

/// The shoppers of every problem.
#[derive(Debug, Default)]
pub struct Hits {
    /// By problem, in the order that was asked; by the time at which they met it.
    pub by_problem: Vec<Vec<Hit>>,
    /// Whether some are missing, because there are too many.
    pub is_cut: bool,
}

/// Looks for the shoppers of `clusters` in one pass over the rows of their time.
pub fn hits(judged: &Judged, reader: &LakeReader, clusters: &[&Cluster]) -> Result<Hits, Failure> {
    let start_us = clusters.iter().map(|cluster| cluster.first_us).min();
    let end_us = clusters.iter().map(|cluster| cluster.last_us + 1).max();
    let (Some(start_us), Some(end_us)) = (start_us, end_us) else {
        return Ok(Hits::default());
    };
    let whole = TimeWindow { start_us, end_us };
    let filter = RowFilter {
        window: Some(whole),
    };
    let mut found = Found::new(clusters);
    let mut rows = RowReader::default();
    let mut slow_limits: Vec<Option<u64>> = Vec::new();
    let is_asked =
        |series: &SeriesKey| series.origin == judged.origin && !is_own_error(&series.error);
    let parts = reader.files().iter();
    for part in parts.filter(|part| part.may_hold_any_of(whole)) {
        reader
            .for_each_batch_of(part, &RowReader::columns(), filter, |batch| {
                let read = rows.read(batch, is_asked)?;
                let new = rows.series()[slow_limits.len()..].iter();
                slow_limits.extend(new.map(|series| slow_limit_us(&judged.set, series)));
                for row in &read {
                    let index = row.series as usize;
                    let series = &rows.series()[index];
                    if let Some(problem) = problem_of(series, row, slow_limits[index]) {
                        found.add(series, problem, row);
                    }
                }
                Ok::<(), ShoppersError>(())
            })
            .map_err(Failure::from)?;
    }
    Ok(found.finish())
}

/// As `visits` tells problems.
fn problem_of(series: &SeriesKey, row: &SeriesRow, slow_limit_us: Option<u64>) -> Option<Problem> {
    if is_person(series) && is_failure(series) {
        return Some(Problem::Status(series.status));
    }
    let times = row.latency_us.zip(slow_limit_us);
    let is_slow = times.is_some_and(|(us, limit_us)| us > limit_us);
    is_slow.then_some(Problem::Slow)
}

/// From when to when a problem was there, UTC µs, and its number.
type Stretch = (i64, i64, usize);

struct Found<'a> {
    /// Problems of one kind and route, oldest first.
    places: HashMap<(Problem, &'a str), Vec<Stretch>>,
    by_problem: Vec<HashMap<i64, Hit>>,
    count: usize,
    is_cut: bool,
}

impl<'a> Found<'a> {
    fn new(clusters: &[&'a Cluster]) -> Self {
        let mut places: HashMap<(Problem, &'a str), Vec<Stretch>> = HashMap::new();
        for (number, cluster) in clusters.iter().copied().enumerate() {
            let place = places
                .entry((cluster.problem, cluster.route.as_str()))
                .or_default();
            place.push((cluster.first_us, cluster.last_us, number));
        }
        places
            .values_mut()
            .for_each(|stretches| stretches.sort_unstable());
        Self {
            places,
            by_problem: vec![HashMap::new(); clusters.len()],
            count: 0,
            is_cut: false,
        }
    }

    fn add(&mut self, series: &SeriesKey, problem: Problem, row: &SeriesRow) {
        let Some(shopper) = row.shopper else {
            return;
        };
        let Some(stretches) = self.places.get(&(problem, series.route.as_str())) else {
            return;
        };
        let later = stretches.partition_point(|stretch| stretch.0 <= row.ts_us);
        let stretch = later.checked_sub(1).map(|index| stretches[index]);
        let Some((_, _, number)) = stretch.filter(|stretch| row.ts_us <= stretch.1) else {
            return;
        };
        let shoppers = &mut self.by_problem[number];
        if !shoppers.contains_key(&shopper) {
            if self.count == HITS_MAX {
                self.is_cut = true;
                return;
            }
            self.count += 1;
        }
        let hit = shoppers.entry(shopper).or_insert(Hit {
            shopper,
            met_us: row.ts_us,
            requests: 0,
        });
        hit.met_us = hit.met_us.min(row.ts_us);
        hit.requests += u64::from(row.weight);
    }

    fn finish(self) -> Hits {
        let by_problem = self.by_problem.into_iter().map(|shoppers| {
            let mut hits: Vec<Hit> = shoppers.into_values().collect();
            hits.sort_unstable_by_key(|hit| (hit.met_us, hit.shopper));
            hits
        });
        Hits {
            by_problem: by_problem.collect(),
            is_cut: self.is_cut,
        }
    }
}
