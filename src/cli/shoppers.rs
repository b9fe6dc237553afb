//! What only a pass over shoppers can tell of a part of the lake, day by day.
//!
//! In: an SLI set and a range. Out: [`Followed`]. The answer for a day is kept beside the lake
//! under the names of the parts it was made from and the questions, so that it is computed once,
//! and again only when rows of that day come late.

mod parameters;
mod questions;

use jiff::tz::TimeZone;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use parameters::QueryReader;
pub use questions::{CAME, Parts, WHOLE, with_maintenance};
use questions::{Questions, Which, plan};

use super::exit_code::Failure;
use super::maintenance::{Maintenance, maintenance};
use super::range::RUN_WINDOW_US;
use crate::lake::{Lake, LakeError, LakeReader, RowFilter};
use crate::request_record::{Origin, is_own_error};
use crate::rollup::{RollupError, RowReader, SeriesKey};
use crate::sli::{Alignment, Level, LimitPlan, Measure, Scope, SliSetPlan};
use crate::time_window::TimeWindow;
use crate::visits::{
    Parameters, Retries, VisitError, VisitPass, VisitPlan, VisitResults, VisitRow, answer, days_of,
};

/// Rows that are held at once, per core; 16 bytes each.
const ROWS_MAX: u64 = 10_000_000;
/// Raised when answers of the same name mean something else.
const VERSION: u32 = 4;

/// Which rows are meant, and for what.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Whose questions.
    pub set: &'a SliSetPlan,
    /// What is counted, and in which windows.
    pub scope: Scope,
    /// Whose requests.
    pub origin: Origin,
    /// Of which rehearsal; `None` for logs.
    pub run_id: Option<&'a str>,
}

impl Asked<'_> {
    /// The same of as long a range that begins at another moment, or at the start of its window.
    pub fn moved(self, start_us: i64) -> Self {
        let (range, window_us) = (self.scope.range, self.scope.window_us);
        let start_us = start_us.div_euclid(window_us) * window_us;
        let range = TimeWindow {
            start_us,
            end_us: start_us + (range.end_us - range.start_us),
        };
        let scope = Scope {
            range,
            ..self.scope
        };
        Self { scope, ..self }
    }

    /// Length of the windows of the rollup, µs: what is counted in them falls into the windows of
    /// every SLI.
    fn cell_us(&self) -> i64 {
        match self.scope.alignment {
            Alignment::Clock => self.scope.window_us,
            Alignment::Start => RUN_WINDOW_US,
        }
    }
}

/// What a pass over the rows of shoppers tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Followed {
    /// What shoppers did and got.
    pub visits: VisitResults,
    /// Requests by kept query parameter.
    pub parameters: Parameters,
}

impl Followed {
    fn merge(&mut self, other: &Self) {
        self.visits.merge(&other.visits);
        self.parameters.merge(&other.parameters);
    }
}

/// Why shoppers could not be followed.
#[derive(Debug, thiserror::Error)]
pub enum ShoppersError {
    /// The rows could not be read.
    #[error(transparent)]
    Rows(#[from] RollupError),
    /// A part is missing or damaged.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The range is too long or outside of the calendar.
    #[error(transparent)]
    Visits(#[from] VisitError),
}

/// Answers every question of the set, and those of the report; days are those of the SLI's zone.
pub fn shoppers(
    lake: &Lake,
    reader: &LakeReader,
    asked: Asked<'_>,
    zone: &TimeZone,
) -> Result<Followed, Failure> {
    let maintenance = maintenance(asked.set, zone, asked.scope.range)?;
    let mut whole = of_questions(lake, reader, asked, &Questions::all(zone, &maintenance))?;
    for other in other_zones(asked.set, zone) {
        let questions = Questions {
            zone: other,
            which: Which::OfDays,
            ..Questions::all(zone, &maintenance)
        };
        let found = of_questions(lake, reader, asked, &questions)?;
        whole.visits.uptimes.extend(found.visits.uptimes);
        whole.visits.funnels.extend(found.visits.funnels);
    }
    Ok(whole)
}

/// What was meant in each of these parts of the traffic, of every ratio in which retries collapse; of
/// the same rows it adds up to what [`shoppers`] says.
pub fn meant_by_part(
    lake: &Lake,
    reader: &LakeReader,
    asked: Asked<'_>,
    zone: &TimeZone,
    parts: &Parts,
) -> Result<Vec<Retries>, Failure> {
    let mut slis = asked.set.slis.iter();
    if slis.all(|sli| sli.collapse_within_us.is_none()) {
        return Ok(Vec::new());
    }
    let maintenance = Maintenance::new();
    let questions = Questions {
        which: Which::Meant(parts),
        ..Questions::all(zone, &maintenance)
    };
    Ok(of_questions(lake, reader, asked, &questions)?
        .visits
        .retries)
}

/// Zones in which days of shoppers are counted besides `zone`.
fn other_zones<'a>(set: &'a SliSetPlan, zone: &TimeZone) -> Vec<&'a TimeZone> {
    let mut zones: Vec<&TimeZone> = Vec::new();
    for sli in &set.slis {
        let has_days = matches!(
            sli.measure,
            Measure::UserUptime { .. } | Measure::Funnel { .. }
        );
        if let Some(own) = sli
            .time_zone
            .as_ref()
            .filter(|own| has_days && *own != zone)
            && !zones.contains(&own)
        {
            zones.push(own);
        }
    }
    zones
}

fn of_questions(
    lake: &Lake,
    reader: &LakeReader,
    asked: Asked<'_>,
    questions: &Questions<'_>,
) -> Result<Followed, Failure> {
    let range = asked.scope.range;
    let days = days_of(range, questions.zone).map_err(ShoppersError::from)?;
    let answers = days.into_par_iter().map(|day| {
        let plan = plan(asked, day, questions);
        let name = name(reader, asked, &plan, questions);
        let kept = lake.read_derived_text(&name);
        if let Some(kept) = kept.and_then(|kept| serde_json::from_str(&kept).ok()) {
            return Ok(kept);
        }
        let results = count(reader, asked, plan)?;
        if let Ok(json) = serde_json::to_string(&results) {
            // A disk that refuses costs the same work the next time.
            let _ = lake.write_derived_text(&name, &json);
        }
        Ok(results)
    });
    let answers = answers.collect::<Result<Vec<Followed>, ShoppersError>>()?;
    let mut answers = answers.into_iter();
    let mut whole = match answers.next() {
        Some(first) => first,
        None => count(reader, asked, plan(asked, range, questions))?,
    };
    answers.for_each(|answer| whole.merge(&answer));
    Ok(whole)
}

/// The answers where there is no row to look at.
pub fn nobody(asked: Asked<'_>, zone: &TimeZone) -> Result<Followed, Failure> {
    let none = |_: &mut VisitPass| Ok::<(), ShoppersError>(());
    let maintenance = maintenance(asked.set, zone, asked.scope.range)?;
    let questions = Questions::all(zone, &maintenance);
    Ok(Followed {
        visits: answer(&plan(asked, asked.scope.range, &questions), none)?,
        parameters: Parameters::default(),
    })
}

/// What names the answer: the parts it can come from, and the questions.
fn name(
    reader: &LakeReader,
    asked: Asked<'_>,
    plan: &VisitPlan,
    questions: &Questions<'_>,
) -> String {
    let scan = plan.scan();
    let parts = reader
        .files()
        .iter()
        .filter(|part| part.may_hold_any_of(scan));
    let mut names: Vec<String> = parts.map(crate::lake::PartFile::name).collect();
    names.sort_unstable();
    let zone_name = |zone: &TimeZone| zone.iana_name().unwrap_or("UTC").to_owned();
    let slis = asked.set.slis.iter().map(|sli| {
        let zone = zone_name(sli.zone(questions.zone_of_set));
        format!("{} {zone}", asked.scope.of(sli).window_us)
    });
    let text = format!(
        "{VERSION} {} {:?} {} {:?} {} {} {} {:?}\n{}",
        asked.set.sha256,
        plan.range,
        asked.origin,
        asked.run_id,
        asked.scope.window_us,
        zone_name(&plan.zone),
        questions.which.name(),
        slis.collect::<Vec<_>>(),
        names.join("\n")
    );
    let id = blake3::hash(text.as_bytes()).to_hex();
    format!("shoppers-{}.json", &id[..24])
}

fn count(
    reader: &LakeReader,
    asked: Asked<'_>,
    mut plan: VisitPlan,
) -> Result<Followed, ShoppersError> {
    let scan = plan.scan();
    let parts = || {
        reader
            .files()
            .iter()
            .filter(|part| part.may_hold_any_of(scan))
    };
    let rows: u64 = parts().map(|part| part.records).sum();
    plan.partitions = u32::try_from(rows.div_ceil(ROWS_MAX).max(1)).unwrap_or(u32::MAX);
    let mut rows = RowReader::default();
    let mut slow_limits: Vec<Option<u64>> = Vec::new();
    let filter = RowFilter { window: Some(scan) };
    let mut columns = RowReader::columns();
    columns.extend(QueryReader::columns());
    let mut queries = QueryReader::new(plan.range);
    // Rows are read once per part of the shoppers.
    let mut is_first_reading = true;
    let visits = answer(&plan, |pass: &mut VisitPass| {
        for part in parts() {
            reader.for_each_batch_of(part, &columns, filter, |batch| {
                let read = rows.read(batch, |series| is_asked(asked, series))?;
                let known = slow_limits.len();
                let new = rows.series()[known..].iter();
                slow_limits.extend(new.map(|series| slow_limit_us(asked.set, series)));
                if is_first_reading {
                    queries.read(batch, rows.series(), &read);
                }
                let read: Vec<VisitRow> = read
                    .into_iter()
                    .map(|row| VisitRow {
                        shopper: row.shopper,
                        ts_us: row.ts_us,
                        series: row.series,
                        weight: row.weight,
                        is_slow: row
                            .latency_us
                            .zip(slow_limits[row.series as usize])
                            .is_some_and(|(us, limit_us)| us > limit_us),
                    })
                    .collect();
                pass.push(rows.series(), &read);
                Ok::<(), ShoppersError>(())
            })?;
        }
        is_first_reading = false;
        Ok::<(), ShoppersError>(())
    })?;
    Ok(Followed {
        visits,
        parameters: queries.finish(),
    })
}

fn is_asked(asked: Asked<'_>, series: &SeriesKey) -> bool {
    series.origin == asked.origin
        && !is_own_error(&series.error)
        && asked.run_id.is_none_or(|run_id| run_id == series.run_id)
}

/// Above this a customer calls: the lowest `contact` level of the latencies that cover the series.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a declared latency is positive and below 2^53 µs"
)]
pub fn slow_limit_us(set: &SliSetPlan, series: &SeriesKey) -> Option<u64> {
    let latencies = set
        .slis
        .iter()
        .filter(|sli| matches!(sli.measure, Measure::Latency { .. }) && sli.event.covers(series));
    let levels = latencies.flat_map(|sli| &sli.levels);
    let limits = levels.filter_map(|level| match (level.level, level.limit) {
        (Level::Contact, LimitPlan::Absolute(us)) => Some(us as u64),
        (Level::Contact, LimitPlan::OfExpected(_)) | (Level::Warn, _) => None,
    });
    limits.min()
}
