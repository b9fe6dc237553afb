//! One request of a drill, with all of its times.

use crate::request_record::{Origin, RequestRecord, Text};
use crate::scenario::DrillPlan;

/// One request. Times are µs since the start of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrillRecord {
    /// Index of the journey.
    pub journey: u16,
    /// Index of the step in it.
    pub step: u16,
    /// HTTP status, 0 for no answer.
    pub status: u16,
    /// Why there was no answer.
    pub error: Option<&'static str>,
    /// When the request was due.
    pub due_us: i64,
    /// When it was sent.
    pub sent_us: i64,
    /// When the last byte of the body was there, or the request failed.
    pub done_us: i64,
    /// Bytes of the body.
    pub bytes_out: u64,
    /// Number of the shopper.
    pub shopper: u64,
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

    /// The row of the lake; `started_us` is the start of the run in UTC µs since 1970.
    #[must_use]
    pub fn as_request_record<'a>(
        &self,
        plan: &'a DrillPlan,
        run_id: &'a str,
        started_us: i64,
        position: u64,
    ) -> RequestRecord<'a> {
        let step = &plan.journeys[usize::from(self.journey)].steps[usize::from(self.step)];
        RequestRecord {
            ts_us: started_us + self.due_us,
            origin: Origin::Drill,
            run_id: Some(run_id.into()),
            service: plan.service.as_str().into(),
            method: Text::Fixed(step.method),
            route: Text::Shared(&step.route),
            status: self.status,
            latency_us: Some(self.response_us()),
            service_us: Some(self.service_us()),
            bytes_in: None,
            bytes_out: Some(self.bytes_out),
            shopper: i64::try_from(self.shopper).ok(),
            error: self.error.map(Text::Fixed),
            position,
            client_class: None,
            client_name: None,
            channel: None,
            query: None,
            upstream_tries: None,
            weight: 1,
            row_key: None,
        }
    }
}
