//! Sessions of customers in a part of the lake: when they began, and what each went through.
//!
//! In: rows of the lake, day by day. Out: sessions per window, and of each session its own worst experience
//! per SLI and by what keys tickets would know it. No shopper leaves this module but as an index.

use std::collections::{HashMap, HashSet};

use super::export::TicketKeys;
use super::orders::Orders;
use crate::cli::customers::is_person;
use crate::cli::exit_code::Failure;
use crate::cli::shoppers::ShoppersError;
use crate::lake::{LakeReader, RowFilter, column};
use crate::request_record::Origin;
use crate::rollup::{RowReader, SeriesKey, SeriesRow};
use crate::sli::{Measure, SliPlan};
use crate::time_window::TimeWindow;

/// The longest pause within a session, µs, as web analytics and the report have it.
const SESSION_GAP_US: i64 = 30 * 60_000_000;
/// A session is looked at for this long after the day on which it began, µs.
const AHEAD_US: i64 = 4 * 3_600_000_000;
const DAY_US: i64 = 86_400_000_000;
/// The most sessions that are looked at one by one.
pub const SESSIONS_MAX: usize = 4_000_000;

/// What is looked for.
pub struct VisitsAsked<'a> {
    /// Where windows begin and end.
    pub range: TimeWindow,
    /// Length of a window, µs.
    pub window_us: i64,
    /// SLIs of which the own experience of a session is told.
    pub measures: &'a [&'a SliPlan],
    /// Hashes of shoppers that tickets name.
    pub ticket_shoppers: &'a HashSet<i64>,
    /// Hashes of orders that tickets name.
    pub ticket_orders: &'a HashSet<i64>,
    /// How orders are hashed.
    pub keys: &'a TicketKeys,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Visits {
    /// Sessions that began in each window.
    pub sessions: Vec<u64>,
    /// Requests of customers whom nothing tells apart.
    pub unattributed: u64,
    /// Requests of customers.
    pub requests: u64,
    /// Sessions one by one; `None` when there are more than [`SESSIONS_MAX`].
    pub each: Option<Vec<VisitOutcome>>,
    /// Index into `each` by shopper that a ticket names, in order of time.
    pub by_shopper: HashMap<i64, Vec<usize>>,
    /// The same by order.
    pub by_order: HashMap<i64, Vec<usize>>,
}

/// One session.
#[derive(Debug, Clone, PartialEq)]
pub struct VisitOutcome {
    /// Its first request, UTC µs.
    pub start_us: i64,
    /// Its own worst experience per measure, in the unit of the SLI; `None` where it never came to it.
    pub worst: Vec<Option<f64>>,
}

/// Reads the sessions of the range.
pub fn visits(
    reader: &LakeReader,
    asked: &VisitsAsked<'_>,
    mut tick: impl FnMut(u64),
) -> Result<Visits, Failure> {
    let windows = (asked.range.end_us - asked.range.start_us) / asked.window_us;
    let mut found = Visits {
        sessions: vec![0; usize::try_from(windows).unwrap_or(0)],
        each: Some(Vec::new()),
        ..Visits::default()
    };
    let mut from_us = asked.range.start_us;
    while from_us < asked.range.end_us {
        let day = TimeWindow {
            start_us: from_us,
            end_us: (from_us + DAY_US).min(asked.range.end_us),
        };
        read_day(reader, asked, day, &mut found)?;
        from_us = day.end_us;
        tick(1);
    }
    Ok(found)
}

/// A request of a shopper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Visit {
    shopper: i64,
    ts_us: i64,
    series: u32,
    latency_us: Option<u64>,
    order: Option<i64>,
}

fn read_day(
    reader: &LakeReader,
    asked: &VisitsAsked<'_>,
    day: TimeWindow,
    found: &mut Visits,
) -> Result<(), Failure> {
    let window = TimeWindow {
        start_us: day.start_us - SESSION_GAP_US - 1,
        end_us: day.end_us + AHEAD_US,
    };
    let filter = RowFilter {
        window: Some(window),
    };
    let mut columns = RowReader::columns();
    columns.push(column::QUERY);
    let mut rows = RowReader::default();
    let is_wanted = |series: &SeriesKey| series.origin == Origin::Customer && is_person(series);
    let mut visits: Vec<Visit> = Vec::new();
    let parts = reader
        .files()
        .iter()
        .filter(|part| part.may_hold_any_of(window));
    for part in parts {
        reader.for_each_batch_of(part, &columns, filter, |batch| {
            let read = rows.read(batch, is_wanted)?;
            let orders = Orders::new(batch, asked.keys);
            for row in read.iter().filter(|row| window.contains(row.ts_us)) {
                let is_here = day.contains(row.ts_us);
                found.requests += u64::from(is_here);
                match row.shopper {
                    Some(shopper) => visits.push(visit(row, shopper, &orders)),
                    None => found.unattributed += u64::from(is_here),
                }
            }
            Ok::<(), ShoppersError>(())
        })?;
    }
    visits.sort_unstable();
    let grading = Grading::new(rows.series(), asked.measures);
    for shopper in visits.chunk_by(|one, next| one.shopper == next.shopper) {
        for session in shopper.chunk_by(|one, next| next.ts_us - one.ts_us <= SESSION_GAP_US) {
            let start_us = session[0].ts_us;
            if day.contains(start_us) {
                add(session, &grading, asked, found);
            }
        }
    }
    Ok(())
}

fn visit(row: &SeriesRow, shopper: i64, orders: &Orders<'_>) -> Visit {
    Visit {
        shopper,
        ts_us: row.ts_us,
        series: row.series,
        latency_us: row.latency_us,
        order: orders.of(row.row),
    }
}

fn add(session: &[Visit], grading: &Grading<'_>, asked: &VisitsAsked<'_>, found: &mut Visits) {
    let start_us = session[0].ts_us;
    let window = usize::try_from((start_us - asked.range.start_us) / asked.window_us);
    if let Some(count) = window
        .ok()
        .and_then(|window| found.sessions.get_mut(window))
    {
        *count += 1;
    }
    let Some(each) = &mut found.each else { return };
    if each.len() == SESSIONS_MAX {
        found.each = None;
        found.by_shopper.clear();
        found.by_order.clear();
        return;
    }
    let index = each.len();
    each.push(VisitOutcome {
        start_us,
        worst: grading.worst(session),
    });
    let shopper = session[0].shopper;
    if asked.ticket_shoppers.contains(&shopper) {
        found.by_shopper.entry(shopper).or_default().push(index);
    }
    let mut orders: Vec<i64> = session.iter().filter_map(|visit| visit.order).collect();
    orders.sort_unstable();
    orders.dedup();
    for order in orders
        .into_iter()
        .filter(|order| asked.ticket_orders.contains(order))
    {
        found.by_order.entry(order).or_default().push(index);
    }
}

/// What every series means to every measure.
struct Grading<'a> {
    measures: &'a [&'a SliPlan],
    /// By series, then by measure: whether it is looked at, and is good.
    grades: Vec<Vec<Option<bool>>>,
}

impl<'a> Grading<'a> {
    fn new(series: &[SeriesKey], measures: &'a [&'a SliPlan]) -> Self {
        let grade = |series: &SeriesKey, sli: &SliPlan| {
            sli.event.covers(series).then(|| match &sli.measure {
                Measure::Ratio { good } => good.covers(series),
                _ => true,
            })
        };
        let of_series = |series| measures.iter().map(|sli| grade(series, sli)).collect();
        Self {
            measures,
            grades: series.iter().map(of_series).collect(),
        }
    }

    /// Of a latency the longest, of a ratio the session's own share of good.
    fn worst(&self, session: &[Visit]) -> Vec<Option<f64>> {
        let worst = self.measures.iter().enumerate().map(|(measure, sli)| {
            let grades = session.iter().filter_map(|visit| {
                let grade = self.grades[visit.series as usize][measure]?;
                Some((grade, visit.latency_us))
            });
            match &sli.measure {
                Measure::Latency { .. } => {
                    let longest = grades.filter_map(|(_, latency_us)| latency_us).max();
                    longest.map(number)
                }
                _ => {
                    let (good, all) = grades.fold((0, 0), |(good, all), (is_good, _)| {
                        (good + u64::from(is_good), all + 1)
                    });
                    (all > 0).then(|| number(good) / number(all))
                }
            }
        });
        worst.collect()
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and µs are far below 2^53"
)]
fn number(value: u64) -> f64 {
    value as f64
}

/// Whether the own experience of a session is told for an SLI.
pub fn is_graded(sli: &SliPlan) -> bool {
    matches!(sli.measure, Measure::Ratio { .. } | Measure::Latency { .. })
}
