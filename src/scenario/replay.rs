//! Requests that were made once, as a plan: each is a shopper with one step, due when it was.
//!
//! In: a plan that says what is driven and how, and the requests. Out: the same plan with their
//! arrivals instead of its own. Shoppers keep nothing from one request to the next.

use std::collections::HashMap;
use std::sync::Arc;

use super::curve::TrafficCurve;
use super::plan::{
    BodyPlan, DataTable, DrillPlan, JourneyPlan, PatiencePlan, Pick, RecordedArrival, ShopperKind,
};
use super::text_template::TextTemplate;

/// The most requests of a replay; they are held in memory, about 150 bytes each.
pub const REPLAYED_MAX: usize = 3_000_000;
/// The most stretches in which rates are shown.
const STRETCHES_MAX: i64 = 5_000;

/// A request to be made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedRequest {
    /// When, µs since the start.
    pub due_us: i64,
    /// The method in capitals.
    pub method: &'static str,
    /// Path and query as they were.
    pub target: Box<str>,
    /// The route of its record.
    pub route: Arc<str>,
}

/// `plan` with the arrivals of `requests`, whose order does not matter; its first step says which headers
/// they have. `None` where there is not one request, or too many kinds of them.
#[must_use]
pub fn replay(mut plan: DrillPlan, mut requests: Vec<ReplayedRequest>) -> Option<DrillPlan> {
    requests.sort_by_key(|request| request.due_us);
    let last_us = requests.last()?.due_us;
    let mut kinds: HashMap<(&'static str, Arc<str>), u16> = HashMap::new();
    let mut journeys = Vec::new();
    let mut arrivals = Vec::with_capacity(requests.len());
    let example = plan.journeys.first()?.steps.first()?.clone();
    for request in &requests {
        let next = u16::try_from(kinds.len())
            .ok()
            .filter(|next| *next < u16::MAX)?;
        let kind = *kinds
            .entry((request.method, Arc::clone(&request.route)))
            .or_insert(next);
        if kind == next {
            let mut step = example.clone();
            step.method = request.method;
            step.path = TextTemplate::target();
            step.route = Arc::clone(&request.route);
            step.body = BodyPlan::None;
            journeys.push(JourneyPlan {
                name: format!("{} {}", request.method, request.route),
                steps: vec![step],
            });
        }
        arrivals.push(RecordedArrival {
            due_us: request.due_us,
            kind,
        });
    }
    plan.kinds = journeys
        .iter()
        .enumerate()
        .map(|(journey, named)| ShopperKind {
            name: named.name.clone(),
            share: 1.0 / number(journeys.len()),
            journey,
            patience: PatiencePlan::default(),
            retries: None,
            reload: None,
        })
        .collect();
    plan.journeys = journeys;
    plan.traffic.curve = curve(&arrivals, last_us)?;
    let journeys = plan.journeys.iter().map(|journey| journey.name.as_str());
    let journeys: Vec<&str> = journeys.collect();
    plan.print.take_in(&plan.traffic.curve, &journeys);
    plan.traffic.recorded = Some(arrivals.into());
    let rows = requests.into_iter().map(|request| vec![request.target]);
    plan.data = vec![DataTable::rows(
        Pick::Sequential,
        vec!["target".to_owned()],
        rows.collect(),
    )];
    Some(plan)
}

/// Requests per second, in whole seconds; it ends with the second of the last request.
fn curve(arrivals: &[RecordedArrival], last_us: i64) -> Option<TrafficCurve> {
    let length_s = last_us.div_euclid(1_000_000) + 1;
    let stretch_s = (length_s + STRETCHES_MAX - 1)
        .div_euclid(STRETCHES_MAX)
        .max(1);
    let mut points = Vec::new();
    let mut from_s = 0;
    while from_s < length_s {
        let to_s = (from_s + stretch_s).min(length_s);
        let before =
            |at_s: i64| arrivals.partition_point(|arrival| arrival.due_us < at_s * 1_000_000);
        let rate = number(before(to_s) - before(from_s)) / seconds(to_s - from_s);
        points.push((seconds(from_s), rate));
        points.push((seconds(to_s), rate));
        from_s = to_s;
    }
    TrafficCurve::new(&points)
}

#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
fn number(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "a run is shorter than 2^53 s")]
fn seconds(whole_s: i64) -> f64 {
    whole_s as f64
}
