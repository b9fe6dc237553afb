//! What is counted here of an answer, to see whether it can be believed.
//!
//! Some minutes of the lake, chosen by the parts and not by the answer, are counted again, cell by cell.
//! And an answer has minutes, while a report says to the microsecond where requests begin and end: the
//! first and the last minute of each origin are read for that.

use std::collections::{BTreeMap, BTreeSet};

use super::cell_rows::{CellCounter, CellSums};
use super::job::CountJob;
use super::problem::ImportError;
use super::totals::{CellKey, Totals};
use crate::lake::{LakeReader, PartFile, RowFilter};
use crate::request_record::Origin;
use crate::rollup::batch::MINUTE_US;
use crate::rollup::builder::RollupBuilder;
use crate::rollup::plan::RollupPlan;
use crate::rollup::series::SeriesKey;
use crate::time_window::{TimeWindow, rfc3339};

/// Series that are looked for, at most.
const SERIES_MAX: usize = 32;
/// Minutes after the begin of the last part that may be picked.
const AFTER_MINUTES: u64 = 60;
/// Minutes that are counted again, at most.
const MINUTES_MAX: usize = 8;

/// The minutes that are counted again: those in which the first and the last part begin, and some that
/// the name of the job picks.
pub fn minutes(job: &CountJob, parts: &[&PartFile]) -> BTreeSet<i64> {
    let begins = parts.iter().filter_map(|part| part.from_us());
    let mut begins: Vec<i64> = begins
        .map(|from_us| from_us.div_euclid(MINUTE_US))
        .collect();
    begins.sort_unstable();
    begins.dedup();
    let (Some(first), Some(last)) = (begins.first(), begins.last()) else {
        return BTreeSet::new();
    };
    let number = u64::from_str_radix(&job.id, 16).unwrap_or(0);
    // Where a part begins there are rows; in between a minute may as well have none.
    let length = last.abs_diff(*first) + AFTER_MINUTES;
    let picks = (0..32_u32).map(|turn| {
        let number = number.rotate_left(turn * 7);
        match turn % 2 {
            0 => {
                let at = number % begins.len() as u64;
                begins[usize::try_from(at).unwrap_or(0)]
            }
            _ => first.saturating_add_unsigned(number % length),
        }
    });
    let mut minutes = BTreeSet::from([*first, *last]);
    for minute in picks {
        if minutes.len() < MINUTES_MAX {
            minutes.insert(minute);
        }
    }
    minutes
}

fn window(minute: i64) -> TimeWindow {
    TimeWindow {
        start_us: minute * MINUTE_US,
        end_us: (minute + 1) * MINUTE_US,
    }
}

/// Whether the lake has these cells, and no others, in these minutes.
pub fn compare(
    reader: &LakeReader,
    parts: &[&PartFile],
    job: &CountJob,
    minutes: &BTreeSet<i64>,
    found: &BTreeMap<CellKey, CellSums>,
) -> Result<(), ImportError> {
    let expected = cells(reader, parts, &job.cuts_us, minutes)?;
    let keys: BTreeSet<&CellKey> = expected.keys().chain(found.keys()).collect();
    for key in keys {
        if expected.get(key) != found.get(key) {
            return Err(ImportError::Differs {
                cell: named(key),
                found: in_words(found.get(key), job),
                expected: in_words(expected.get(key), job),
            });
        }
    }
    Ok(())
}

/// Whether the series with the fewest rows are there in the minute in which they are first said to be: one
/// that the lake does not have comes of a text that was misread, and is rare as a rule.
pub fn check_series(
    reader: &LakeReader,
    parts: &[&PartFile],
    totals: &Totals,
) -> Result<(), ImportError> {
    let mut rarest: Vec<(u64, i64, &SeriesKey)> = totals
        .firsts
        .iter()
        .zip(totals.table.series())
        .map(|((minute, rows), key)| (*rows, *minute, key))
        .collect();
    rarest.sort_unstable();
    rarest.truncate(SERIES_MAX);
    let mut wanted: BTreeMap<i64, Vec<&SeriesKey>> = BTreeMap::new();
    for (_, minute, key) in rarest {
        wanted.entry(minute).or_default().push(key);
    }
    for (minute, keys) in wanted {
        let there = cells(reader, parts, &[], &BTreeSet::from([minute]))?;
        let there: BTreeSet<&SeriesKey> = there.keys().map(|(_, key, _)| key).collect();
        if let Some(key) = keys.into_iter().find(|key| !there.contains(key)) {
            return Err(ImportError::UnknownSeries {
                series: named_series(minute, key),
            });
        }
    }
    Ok(())
}

/// The cells of some minutes, counted here.
fn cells(
    reader: &LakeReader,
    parts: &[&PartFile],
    cuts_us: &[u64],
    minutes: &BTreeSet<i64>,
) -> Result<BTreeMap<CellKey, CellSums>, ImportError> {
    let mut counter = CellCounter::new(cuts_us);
    let columns = CellCounter::columns();
    for minute in minutes {
        let window = window(*minute);
        let filter = RowFilter {
            window: Some(window),
        };
        for part in parts.iter().filter(|part| part.may_hold_any_of(window)) {
            reader.for_each_batch_of(part, &columns, filter, |batch| {
                counter.add(batch, |ts_us| window.contains(ts_us), |_| true)
            })?;
        }
    }
    let cells = counter.finish().into_iter();
    Ok(cells
        .map(|row| ((row.minute, row.key, row.bucket), row.sums))
        .collect())
}

/// A cell for people.
pub fn named((minute, series, bucket): &CellKey) -> String {
    format!("{}, bucket {bucket}", named_series(*minute, series))
}

fn named_series(minute: i64, series: &SeriesKey) -> String {
    let status = match series.status {
        0 => "without answer".to_owned(),
        status => status.to_string(),
    };
    format!(
        "minute {}, {} `{} {}` {status}",
        rfc3339(minute * MINUTE_US),
        series.origin,
        series.method,
        series.route,
    )
}

fn in_words(sums: Option<&CellSums>, job: &CountJob) -> String {
    let Some(sums) = sums else {
        return "no such cell".to_owned();
    };
    let within = job.cuts_us.iter().zip(&sums.within);
    let within = within.map(|(cut_us, within)| format!(", {within} within {cut_us} µs"));
    format!(
        "{} rows for {} requests, {} µs in sum, {} µs at most{}",
        sums.rows,
        sums.requests,
        sums.latency_us_sum,
        sums.latency_us_max.unwrap_or(0),
        within.collect::<String>()
    )
}

/// Per origin the first and the last moment of its rows, UTC µs.
pub fn extents(
    reader: &LakeReader,
    parts: &[&PartFile],
    minutes_of_origins: &BTreeMap<Origin, (i64, i64)>,
) -> Result<BTreeMap<Origin, (i64, i64)>, ImportError> {
    let mut extents = BTreeMap::new();
    for (origin, (first, last)) in minutes_of_origins {
        let mut builder = RollupBuilder::by(RollupPlan::new(MINUTE_US, Vec::new()), &[]);
        let columns = builder.columns();
        for minute in BTreeSet::from([*first, *last]) {
            let window = window(minute);
            let filter = RowFilter {
                window: Some(window),
            };
            for part in parts.iter().filter(|part| part.may_hold_any_of(window)) {
                reader.for_each_batch_of(part, &columns, filter, |batch| {
                    builder.add_batch(batch, Some(window), |series| series.origin == *origin)
                })?;
            }
        }
        let minute_of = |ts_us: i64| ts_us.div_euclid(MINUTE_US);
        match builder.extent_us(*origin) {
            Some((from_us, to_us)) if minute_of(from_us) == *first && minute_of(to_us) == *last => {
                extents.insert(*origin, (from_us, to_us));
            }
            found => {
                let words = |range: Option<(i64, i64)>| match range {
                    Some((from, to)) => format!("{} to {}", rfc3339(from), rfc3339(to)),
                    None => "none there".to_owned(),
                };
                return Err(ImportError::Differs {
                    cell: format!("the minutes of origin `{origin}`"),
                    found: words(Some((first * MINUTE_US, last * MINUTE_US))),
                    expected: words(found),
                });
            }
        }
    }
    Ok(extents)
}
