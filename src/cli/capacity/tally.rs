//! The journeys of one trial: which had a request that was bad for what.
//!
//! In: drill records, as they come. Out: per journey a bit for every mark that one of its requests
//! earned, and per mark counts by route. Only requests that were due in the judged stretch count; a
//! journey is judged when it has one. Which bits make a journey bad for a goal is decided afterwards,
//! when it is known which SLIs held.

use std::collections::HashMap;
use std::sync::Arc;

use super::goals::{Mark, MarkRule};
use crate::capacity::search::in_flight_quarters;
use crate::drill::{DrillRecord, StepPart};
use crate::latency_buckets::LatencyHistogram;
use crate::rollup::SeriesKey;
use crate::scenario::DrillPlan;
use crate::sli::{EventPlan, SliSetPlan};

/// A request failed: no answer, 429, or 5xx.
pub const FAILED: u64 = 1;
/// A request left too late, or never.
pub const LATE: u64 = 1 << 1;
/// A request had no answer when the drain was over.
pub const UNANSWERED: u64 = 1 << 2;
/// The bit of the first mark.
const FIRST_MARK: u32 = 3;

/// The bit of a mark.
pub fn bit(mark: usize) -> u64 {
    1 << (u32::try_from(mark).unwrap_or(0) + FIRST_MARK).min(63)
}

/// What is counted of a trial.
#[derive(Debug)]
pub struct TallyPlan {
    /// The trial's plan.
    pub plan: Arc<DrillPlan>,
    /// What makes a request bad.
    pub marks: Vec<Mark>,
    /// Which requests are orders.
    pub order: Option<EventPlan>,
    /// The judged stretch, µs since the start of the run.
    pub from_us: i64,
    /// Its end.
    pub to_us: i64,
}

/// What was counted.
#[derive(Debug, Default)]
pub struct Tally {
    /// Bits by shopper.
    journeys: HashMap<u64, u64>,
    /// Per kind of request: a label, and how often it was bad for what.
    kinds: Vec<Kind>,
    by_key: HashMap<RecordKey, usize>,
    /// Due and done of every request, seconds since the start of the run.
    intervals: Vec<(f64, f64)>,
    /// Response times of the judged requests.
    pub response: LatencyHistogram,
    /// Requests that were due.
    pub requests: u64,
    /// Those that were answered.
    pub answered: u64,
    /// Those that were refused with 429 or 503.
    pub refused: u64,
    /// Those that failed otherwise.
    pub failed: u64,
    /// Orders.
    pub orders: u64,
    /// Journeys that sent a request too late.
    pub late: u64,
    /// Judged requests by the second in which they were due: due, bad for any mark or failed.
    pub seconds: Vec<(u64, u64)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct RecordKey {
    journey: u16,
    step: u16,
    part: u32,
    found: Option<Arc<str>>,
    channel: u16,
    status: u16,
    error: Option<&'static str>,
}

#[derive(Debug)]
struct Kind {
    label: String,
    is_order: bool,
    /// Marks whose event covers it, and from which response time on it is bad, µs.
    marks: Vec<(usize, Option<u64>)>,
    due: u64,
    /// By mark, as in `marks`.
    bad: Vec<u64>,
    failed: u64,
    /// How long its requests were under way, in all.
    waited_us: i64,
}

/// Counts of one mark.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MarkCounts {
    /// Requests that count.
    pub valid: u64,
    /// Bad ones among them.
    pub bad: u64,
    /// The kind of request with most bad ones, e.g. `POST /checkout`.
    pub route: Option<String>,
}

impl Tally {
    /// Counts a batch.
    pub fn add(&mut self, plan: &TallyPlan, records: &[DrillRecord]) {
        for record in records {
            self.add_one(plan, record);
        }
    }

    fn add_one(&mut self, plan: &TallyPlan, record: &DrillRecord) {
        self.intervals.push((s(record.due_us), s(record.done_us)));
        if record.due_us < plan.from_us || record.due_us >= plan.to_us {
            return;
        }
        let is_unanswered = record.error == Some("cancelled");
        let was_never_sent = matches!(record.error, Some("request" | "ports" | "descriptors"));
        let is_late =
            was_never_sent || record.sent_us - record.due_us > plan.plan.limits.schedule_lag_p99_us;
        let mut bits = 0;
        bits |= if is_late { LATE } else { 0 };
        bits |= if is_unanswered { UNANSWERED } else { 0 };
        self.requests += 1;
        if !was_never_sent {
            let kind = self.kind(plan, record);
            self.kinds[kind].waited_us += record.done_us - record.due_us;
            if !is_unanswered {
                bits |= self.judge(kind, record);
            }
        }
        let second = usize::try_from((record.due_us - plan.from_us) / 1_000_000).unwrap_or(0);
        if self.seconds.len() <= second {
            self.seconds.resize(second + 1, (0, 0));
        }
        self.seconds[second].0 += 1;
        self.seconds[second].1 += u64::from(bits != 0);
        let journey = self.journeys.entry(record.shopper).or_insert(0);
        self.late += u64::from(is_late && *journey & LATE == 0);
        *journey |= bits;
    }

    /// The bits of a request that ended.
    fn judge(&mut self, kind: usize, record: &DrillRecord) -> u64 {
        let response_us = record.response_us();
        self.response.record(response_us);
        self.answered += u64::from(record.status > 0);
        let is_failed = record.error.is_some() || record.status == 429 || record.status >= 500;
        let is_refused = matches!(record.status, 429 | 503);
        self.refused += u64::from(is_refused);
        self.failed += u64::from(is_failed && !is_refused);
        let kind = &mut self.kinds[kind];
        kind.due += 1;
        kind.failed += u64::from(is_failed);
        self.orders += u64::from(kind.is_order);
        let mut bits = if is_failed { FAILED } else { 0 };
        for (place, (mark, above_us)) in kind.marks.iter().enumerate() {
            if above_us.is_none_or(|above_us| response_us > above_us) {
                kind.bad[place] += 1;
                bits |= bit(*mark);
            }
        }
        bits
    }

    fn kind(&mut self, plan: &TallyPlan, record: &DrillRecord) -> usize {
        let key = RecordKey::of(record);
        if let Some(index) = self.by_key.get(&key) {
            return *index;
        }
        let row = record.as_request_record(&plan.plan, "", 0, 0);
        let series = SeriesKey {
            origin: row.origin,
            run_id: String::new(),
            service: row.service.to_string(),
            method: row.method.to_string(),
            route: row.route.to_string(),
            status: row.status,
            error: row
                .error
                .map_or_else(String::new, |error| error.to_string()),
            client_class: String::new(),
            channel: row
                .channel
                .map_or_else(String::new, |channel| channel.to_string()),
            is_retried: false,
        };
        let covered = plan.marks.iter().enumerate();
        let covered = covered.filter(|(_, mark)| mark.event.covers(&series));
        let marks = covered.map(|(index, mark)| match &mark.rule {
            MarkRule::Above(us) => (index, Some(*us)),
            // Nothing is longer than this: such a request is never bad.
            MarkRule::NotGood(good) if good.covers(&series) => (index, Some(u64::MAX)),
            MarkRule::NotGood(_) => (index, None),
        });
        let marks: Vec<_> = marks.collect();
        self.kinds.push(Kind {
            label: format!("{} {}", series.method, series.route),
            is_order: plan
                .order
                .as_ref()
                .is_some_and(|order| order.covers(&series)),
            bad: vec![0; marks.len()],
            marks,
            due: 0,
            failed: 0,
            waited_us: 0,
        });
        self.by_key.insert(key, self.kinds.len() - 1);
        self.kinds.len() - 1
    }

    /// Journeys that were judged.
    pub fn journeys(&self) -> u64 {
        self.journeys.len() as u64
    }

    /// Journeys with any of these bits.
    pub fn with(&self, bits: u64) -> u64 {
        self.journeys
            .values()
            .filter(|journey| **journey & bits != 0)
            .count() as u64
    }

    /// Counts of a mark.
    pub fn mark(&self, mark: usize) -> MarkCounts {
        let mut counts = MarkCounts::default();
        let mut by_label: HashMap<&str, u64> = HashMap::new();
        for kind in &self.kinds {
            let place = kind.marks.iter().position(|(index, _)| *index == mark);
            if let Some(place) = place {
                counts.valid += kind.due;
                counts.bad += kind.bad[place];
                *by_label.entry(&kind.label).or_insert(0) += kind.bad[place];
            }
        }
        counts.route = worst(by_label);
        counts
    }

    /// The kind of request that failed most often.
    pub fn failing_route(&self) -> Option<String> {
        let mut by_label: HashMap<&str, u64> = HashMap::new();
        for kind in &self.kinds {
            *by_label.entry(&kind.label).or_insert(0) += kind.failed;
        }
        worst(by_label)
    }

    /// The kind of request that shoppers waited for most, over all of its requests.
    pub fn waiting_route(&self) -> Option<String> {
        let mut by_label: HashMap<&str, u64> = HashMap::new();
        for kind in &self.kinds {
            *by_label.entry(&kind.label).or_insert(0) += kind.waited_us.unsigned_abs();
        }
        worst(by_label)
    }

    /// Mean requests under way: over the judged stretch, in its first and in its last quarter.
    pub fn in_flight(&self, plan: &TallyPlan) -> [f64; 3] {
        let (from, to) = (s(plan.from_us), s(plan.to_us));
        let (first, last) = in_flight_quarters(&self.intervals, from, to);
        let inside = self
            .intervals
            .iter()
            .map(|(due, done)| done.min(to) - due.max(from));
        let whole: f64 = inside.map(|inside| inside.max(0.0)).sum();
        [whole / (to - from), first, last]
    }
}

impl RecordKey {
    fn of(record: &DrillRecord) -> Self {
        let (part, found) = match &record.part {
            StepPart::Itself => (0, None),
            StepPart::Asset(index) => (u32::from(*index) + 1, None),
            StepPart::Found(route) => (u32::MAX, Some(Arc::clone(route))),
        };
        Self {
            journey: record.journey,
            step: record.step,
            part,
            found,
            channel: record.channel,
            status: record.status,
            error: record.error,
        }
    }
}

/// The label with the highest count above 0; of equal ones the first by name.
fn worst(by_label: HashMap<&str, u64>) -> Option<String> {
    let counted = by_label.into_iter().filter(|(_, count)| *count > 0);
    let worst = counted.max_by(|one, other| one.1.cmp(&other.1).then(other.0.cmp(one.0)));
    worst.map(|(label, _)| label.to_owned())
}

/// Which requests are orders: the last step of the set's funnel.
pub fn order_of(set: &SliSetPlan) -> Option<EventPlan> {
    set.funnel.last().map(|step| step.event.clone())
}

fn s(us: i64) -> f64 {
    crate::time_window::seconds(us)
}
