//! One request of a drill, with all of its times.

use std::sync::Arc;

use crate::request_record::{Origin, RequestRecord, Text};
use crate::scenario::DrillPlan;

/// One request. Times are µs since the start of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillRecord {
    /// Index of the journey.
    pub journey: u16,
    /// Index of the step in it.
    pub step: u16,
    /// Which request of the step.
    pub part: StepPart,
    /// Index of the channel, or `u16::MAX`.
    pub channel: u16,
    /// Index of the kind of shopper.
    pub kind: u16,
    /// How often the shopper made this request before.
    pub attempt: u16,
    /// HTTP status, 0 for no answer.
    pub status: u16,
    /// Why there was no answer, or what was wrong with it.
    pub error: Option<&'static str>,
    /// When the request was due.
    pub due_us: i64,
    /// When it was sent.
    pub sent_us: i64,
    /// When the head of its answer was there.
    pub first_byte_us: Option<i64>,
    /// When the last byte of the body was there, or the request failed.
    pub done_us: i64,
    /// Whether a connection was made for it.
    pub is_new_connection: bool,
    /// Bytes of the body.
    pub bytes_out: u64,
    /// Number of the shopper.
    pub shopper: u64,
}

/// Which request of a step one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepPart {
    /// The one that the step names.
    Itself,
    /// One of the assets that the step names, by index.
    Asset(u16),
    /// One that only the answer named, with its route: where a redirect leads, an asset of a page.
    Found(Arc<str>),
}

impl DrillRecord {
    /// Response time: from due to the last byte, µs. What the shopper felt.
    #[must_use]
    pub fn response_us(&self) -> u64 {
        u64::try_from(self.done_us - self.due_us).unwrap_or(0)
    }

    /// Service time: from sent to the last byte, µs. What the target took.
    #[must_use]
    pub fn service_us(&self) -> u64 {
        u64::try_from(self.done_us - self.sent_us).unwrap_or(0)
    }

    /// Time to the first byte: from sent to the head of the answer, µs; `None` without one.
    #[must_use]
    pub fn first_byte_after_us(&self) -> Option<u64> {
        u64::try_from(self.first_byte_us? - self.sent_us).ok()
    }

    /// Whether it is the first request of the shopper.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.step == 0 && self.part == StepPart::Itself && self.attempt == 0
    }

    /// Why there was no good answer, as it is kept and counted. Whoever had waited for the whole of the
    /// plan's `drain` when the run ended had no answer in that time, which is known of the target; of who
    /// had waited less, nothing is.
    #[must_use]
    pub fn reason(&self, drain_us: i64) -> Option<&'static str> {
        match self.error {
            Some("cancelled") if self.done_us - self.due_us >= drain_us => Some("timeout"),
            error => error,
        }
    }

    /// The row of the lake; `started_us` is the start of the run in UTC µs since 1970.
    #[must_use]
    pub fn as_request_record<'a>(
        &'a self,
        plan: &'a DrillPlan,
        run_id: &'a str,
        started_us: i64,
        position: u64,
    ) -> RequestRecord<'a> {
        let step = &plan.journeys[usize::from(self.journey)].steps[usize::from(self.step)];
        let (method, route) = match &self.part {
            StepPart::Itself => (step.method, &step.route),
            StepPart::Asset(index) => ("GET", &step.assets[usize::from(*index)].1),
            StepPart::Found(route) => ("GET", route),
        };
        let channel = plan.channels.get(usize::from(self.channel));
        RequestRecord {
            ts_us: started_us + self.due_us,
            origin: Origin::Drill,
            run_id: Some(run_id.into()),
            service: plan.service.as_str().into(),
            method: Text::Fixed(method),
            route: Text::Shared(route),
            status: self.status,
            latency_us: Some(self.response_us()),
            service_us: Some(self.service_us()),
            first_byte_us: self.first_byte_after_us(),
            bytes_in: None,
            bytes_out: Some(self.bytes_out),
            shopper: i64::try_from(self.shopper).ok(),
            error: self.reason(plan.limits.drain_us).map(Text::Fixed),
            position,
            client_class: None,
            client_name: None,
            channel: channel.map(|channel| Text::Shared(&channel.name)),
            query: None,
            upstream_tries: None,
            weight: 1,
            row_key: None,
        }
    }
}
