//! What only a pass over shoppers can tell of a part of the lake, day by day.
//!
//! In: an SLI set and a range. Out: [`Followed`]. The answer for a day is kept beside the lake
//! under the names of the parts it was made from and the questions, so that it is computed once,
//! and again only when rows of that day come late.

mod parameters;

use jiff::tz::TimeZone;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use parameters::QueryReader;

use super::customers::{is_failure, is_person};
use super::exit_code::Failure;
use super::maintenance::{Maintenance, maintenance};
use super::range::RUN_WINDOW_US;
use crate::lake::{Lake, LakeError, LakeReader, RowFilter};
use crate::request_record::{Origin, is_own_error};
use crate::rollup::{RollupError, RowReader, SeriesKey};
use crate::sli::{
    Alignment, FunnelStepPlan, FunnelUnit, Level, LimitPlan, Measure, Scope, SliPlan, SliSetPlan,
};
use crate::time_window::TimeWindow;
use crate::visits::{
    AffectedPlan, ChannelPlan, ClusterPlan, FunnelPlan, Parameters, Predicate, RetryPlan,
    SessionPlan, UptimePlan, VisitError, VisitPass, VisitPlan, VisitResults, VisitRow, answer,
    days_of,
};

/// Name of the answer to a question that no SLI asks.
pub const WHOLE: &str = "";
/// Name of the funnel from any request to the order, which knows by what channel shoppers came.
pub const CAME: &str = " came";
/// Rows that are held at once, per core; 16 bytes each.
const ROWS_MAX: u64 = 10_000_000;
/// Requests with the same problem that are less than this apart belong together, µs.
const CLUSTER_GAP_US: i64 = 5 * 60_000_000;
/// A problem is one of several customers.
const CLUSTER_SHOPPERS_MIN: u64 = 2;
/// The longest pause within a session, µs, as web analytics have it.
const SESSION_GAP_US: i64 = 30 * 60_000_000;
/// How long a shopper counts as brought by the channel that was named last, µs.
pub const CHANNEL_WITHIN_US: i64 = 2 * 3_600_000_000;
/// How long after a failure the same request counts as a repeat of it, where the set says nothing.
const REPEAT_WITHIN_US: i64 = 60_000_000;
/// A route is failing when more than this share of what was meant went wrong.
const FAILING_SHARE: f64 = 0.1;
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
            is_main: false,
            ..Questions::all(zone, &maintenance)
        };
        let found = of_questions(lake, reader, asked, &questions)?;
        whole.visits.uptimes.extend(found.visits.uptimes);
        whole.visits.funnels.extend(found.visits.funnels);
    }
    Ok(whole)
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

/// Questions that are answered by days of one zone.
#[derive(Clone, Copy)]
struct Questions<'a> {
    /// That zone.
    zone: &'a TimeZone,
    /// Zone of all SLIs that do not say theirs.
    zone_of_set: &'a TimeZone,
    /// Whether those that know no days, and those of the report, are among them.
    is_main: bool,
    maintenance: &'a Maintenance,
}

impl<'a> Questions<'a> {
    fn all(zone: &'a TimeZone, maintenance: &'a Maintenance) -> Self {
        Self {
            zone,
            zone_of_set: zone,
            is_main: true,
            maintenance,
        }
    }
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

/// Name of a funnel in which maintenance counts.
pub fn with_maintenance(name: &str) -> String {
    format!("{name} with maintenance")
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
        questions.is_main,
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

/// A picture, a font, a script: a page asks for many at once, which is no repeat.
fn is_asset(series: &SeriesKey) -> bool {
    let last = series.route.rsplit('/').next().unwrap_or_default();
    last.contains('.') || matches!(last, "{image}" | "{font}" | "{file}")
}

fn plan(asked: Asked<'_>, range: TimeWindow, questions: &Questions<'_>) -> VisitPlan {
    let mut plan = VisitPlan::new(range, questions.zone.clone());
    for sli in &asked.set.slis {
        put_question(&mut plan, sli, asked, questions);
    }
    if questions.is_main {
        put_questions_of_report(&mut plan, asked);
    }
    plan
}

/// What must be asked for an SLI, if these days are its own.
fn put_question(plan: &mut VisitPlan, sli: &SliPlan, asked: Asked<'_>, questions: &Questions<'_>) {
    let are_its_days = sli.zone(questions.zone_of_set) == questions.zone;
    match &sli.measure {
        Measure::UserUptime { bad, cutoff_us } if are_its_days => {
            let (event, bad) = (sli.event.clone(), bad.clone());
            plan.uptimes.push(UptimePlan {
                name: sli.name.clone(),
                valid: Predicate::new(move |series| event.covers(series)),
                bad: Predicate::new(move |series| bad.iter().any(|bad| bad.covers(series.status))),
                cutoff_us: *cutoff_us,
                base_us: asked.scope.of(sli).window_us,
            });
        }
        Measure::Funnel {
            steps,
            unit: FunnelUnit::Shoppers,
        } if are_its_days => {
            let excluded = questions.maintenance.get(&sli.name);
            let excluded = excluded.cloned().unwrap_or_default();
            if !excluded.is_empty() {
                plan.funnels
                    .push(funnel(&with_maintenance(&sli.name), steps));
            }
            plan.funnels.push(FunnelPlan {
                excluded,
                ..funnel(&sli.name, steps)
            });
        }
        Measure::Ratio { good } => {
            if let Some(within_us) = sli.collapse_within_us.filter(|_| questions.is_main) {
                let (event, good) = (sli.event.clone(), good.clone());
                plan.retries.push(RetryPlan {
                    name: sli.name.clone(),
                    valid: Predicate::new(move |series| event.covers(series)),
                    bad: Predicate::new(move |series| !good.covers(series)),
                    within_us,
                    leave_us: SESSION_GAP_US,
                    window_us: asked.cell_us(),
                    failing_share: FAILING_SHARE,
                });
            }
        }
        Measure::UserUptime { .. }
        | Measure::Funnel { .. }
        | Measure::Rate { .. }
        | Measure::Latency { .. }
        | Measure::LatencyCut { .. }
        | Measure::WindowsGood { .. }
        | Measure::Apdex { .. }
        | Measure::Composite { .. } => {}
    }
}

/// What no SLI asks.
fn put_questions_of_report(plan: &mut VisitPlan, asked: Asked<'_>) {
    if asked.set.funnel.len() > 1 {
        plan.funnels.push(funnel(WHOLE, &asked.set.funnel));
    }
    if let Some(order) = asked.set.funnel.last() {
        let mut came = funnel(CAME, std::slice::from_ref(order));
        let any = ("Any request".to_owned(), Predicate::new(is_person));
        came.steps.insert(0, any);
        plan.funnels.push(came);
    }
    plan.retries.push(RetryPlan {
        name: WHOLE.to_owned(),
        valid: Predicate::new(|series| is_person(series) && !is_asset(series)),
        bad: Predicate::new(is_failure),
        within_us: asked.set.collapse_within_us.unwrap_or(REPEAT_WITHIN_US),
        leave_us: SESSION_GAP_US,
        window_us: asked.scope.window_us,
        failing_share: FAILING_SHARE,
    });
    plan.clusters = Some(ClusterPlan {
        failing: Predicate::new(|series| is_person(series) && is_failure(series)),
        gap_us: CLUSTER_GAP_US,
        shoppers_min: CLUSTER_SHOPPERS_MIN,
    });
    plan.affected = Some(AffectedPlan {
        failing: Predicate::new(|series| is_person(series) && is_failure(series)),
    });
    plan.channels = Some(ChannelPlan {
        valid: Predicate::new(is_person),
        within_us: CHANNEL_WITHIN_US,
        window_us: asked.scope.window_us,
    });
    plan.sessions = Some(SessionPlan {
        valid: Predicate::new(is_person),
        gap_us: SESSION_GAP_US,
    });
}

fn funnel(name: &str, steps: &[FunnelStepPlan]) -> FunnelPlan {
    let steps = steps.iter().map(|step| {
        let event = step.event.clone();
        (
            step.title.clone(),
            Predicate::new(move |series: &SeriesKey| event.covers(series)),
        )
    });
    FunnelPlan {
        name: name.to_owned(),
        steps: steps.collect(),
        excluded: Vec::new(),
    }
}
