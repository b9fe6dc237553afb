//! The last two minutes of a run, second by second, for whoever watches.
//!
//! In: records, in about the order in which they were done. Out: a few numbers per second. Unlike the
//! rollup it counts by when requests were done: what is on the screen is what happens now. Nobody is
//! judged by it.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::drill::DrillRecord;
use crate::latency_buckets::LatencyHistogram;

/// Seconds that are kept.
pub const SECONDS_KEPT: usize = 120;
/// Seconds that still take records: workers hand theirs on every tenth of a second.
const OPEN_SECONDS: i64 = 2;
/// Different errors of one second that are told apart.
const ERRORS_MAX: usize = 40;
const SECOND_US: i64 = 1_000_000;

/// One second.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LiveSecond {
    /// Its beginning, seconds since the start.
    pub at_s: i64,
    /// Requests that were done.
    pub requests: u64,
    /// Of these: answered 5xx or 429, not as wanted, or not at all.
    pub errors: u64,
    /// From due to the last byte; `None` where nothing was done.
    pub response: Option<Quantiles>,
    /// From sent to the last byte.
    pub service: Option<Quantiles>,
    /// From sent to the head of the answer; `None` where there was no answer.
    pub first_byte: Option<Quantiles>,
}

/// Percentiles, µs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Quantiles {
    /// Median.
    pub p50: u64,
    /// 95th percentile.
    pub p95: u64,
    /// 99th percentile.
    pub p99: u64,
}

impl Quantiles {
    fn of(latencies: &LatencyHistogram) -> Option<Self> {
        Some(Self {
            p50: latencies.quantile_us(0.5)?,
            p95: latencies.quantile_us(0.95)?,
            p99: latencies.quantile_us(0.99)?,
        })
    }
}

#[derive(Debug, Default)]
struct OpenSecond {
    at_s: i64,
    requests: u64,
    errors: BTreeMap<ErrorName, u64>,
    response: LatencyHistogram,
    service: LatencyHistogram,
    first_byte: LatencyHistogram,
}

/// Why there was no answer, or the status of a bad one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ErrorName {
    Error(&'static str),
    Status(u16),
}

/// Collects seconds.
#[derive(Debug, Default)]
pub struct LiveSeconds {
    open: VecDeque<OpenSecond>,
    closed: VecDeque<LiveSecond>,
    /// Errors of the closed seconds that are kept, by second.
    errors: VecDeque<BTreeMap<ErrorName, u64>>,
}

impl LiveSeconds {
    /// Counts a record; those that come too late count in the oldest second that is open.
    pub fn add(&mut self, record: &DrillRecord) {
        if record.error == Some("cancelled") {
            return;
        }
        let at_s = record.done_us.div_euclid(SECOND_US);
        let second = self.second(at_s);
        second.requests += 1;
        second.response.record(record.response_us());
        second.service.record(record.service_us());
        if let Some(us) = record.first_byte_after_us() {
            second.first_byte.record(us);
        }
        let error = match (record.error, record.status) {
            (Some(error), _) => Some(ErrorName::Error(error)),
            (None, status @ 400..) => Some(ErrorName::Status(status)),
            (None, _) => None,
        };
        if let Some(error) = error
            && (second.errors.len() < ERRORS_MAX || second.errors.contains_key(&error))
        {
            *second.errors.entry(error).or_default() += 1;
        }
    }

    fn second(&mut self, at_s: i64) -> &mut OpenSecond {
        // Seconds that are closed stay as they were shown.
        let at_s = self
            .closed
            .back()
            .map_or(at_s, |last| at_s.max(last.at_s + 1));
        let newest = self.open.back().map(|second| second.at_s);
        if newest.is_none_or(|newest| newest < at_s) {
            self.open.push_back(OpenSecond {
                at_s,
                ..OpenSecond::default()
            });
        }
        let after = self.open.partition_point(|second| second.at_s <= at_s);
        &mut self.open[after.saturating_sub(1)]
    }

    /// Closes what takes no more records `now_us` after the start, and says what is known.
    pub fn close(&mut self, now_us: i64) {
        let now_s = now_us.div_euclid(SECOND_US);
        while let Some(first) = self.open.front()
            && first.at_s + OPEN_SECONDS <= now_s
        {
            let Some(second) = self.open.pop_front() else {
                break;
            };
            self.fill_until(second.at_s);
            self.keep(
                LiveSecond {
                    at_s: second.at_s,
                    requests: second.requests,
                    errors: second.errors.values().sum(),
                    response: Quantiles::of(&second.response),
                    service: Quantiles::of(&second.service),
                    first_byte: Quantiles::of(&second.first_byte),
                },
                second.errors,
            );
        }
        self.fill_until(now_s - OPEN_SECONDS + 1);
    }

    /// Seconds in which nothing was done.
    fn fill_until(&mut self, at_s: i64) {
        let next = self.closed.back().map_or(0, |last| last.at_s + 1);
        let next = next.max(at_s - i64::try_from(SECONDS_KEPT).unwrap_or(0));
        let open = self.open.front().map_or(i64::MAX, |second| second.at_s);
        for at_s in next..at_s.min(open) {
            let nothing = LiveSecond {
                at_s,
                ..LiveSecond::default()
            };
            self.keep(nothing, BTreeMap::new());
        }
    }

    fn keep(&mut self, second: LiveSecond, errors: BTreeMap<ErrorName, u64>) {
        self.closed.push_back(second);
        self.errors.push_back(errors);
        while self.closed.len() > SECONDS_KEPT {
            self.closed.pop_front();
            self.errors.pop_front();
        }
    }

    /// The closed seconds, oldest first, no gaps.
    pub fn closed(&self) -> Vec<LiveSecond> {
        self.closed.iter().cloned().collect()
    }

    /// How often each error came in the closed seconds, most frequent first.
    pub fn errors(&self) -> Vec<(String, u64)> {
        let mut sums: BTreeMap<ErrorName, u64> = BTreeMap::new();
        for (name, count) in self.errors.iter().flatten() {
            *sums.entry(*name).or_default() += count;
        }
        let mut sums: Vec<(ErrorName, u64)> = sums.into_iter().collect();
        sums.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
        let named = sums.into_iter().map(|(name, count)| match name {
            ErrorName::Error(error) => (error.to_owned(), count),
            ErrorName::Status(status) => (status.to_string(), count),
        });
        named.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::StepPart;

    fn record(done_us: i64, status: u16, error: Option<&'static str>) -> DrillRecord {
        DrillRecord {
            journey: 0,
            step: 0,
            part: StepPart::Itself,
            channel: 0,
            kind: 0,
            attempt: 0,
            status,
            error,
            due_us: done_us - 2_000,
            sent_us: done_us - 1_000,
            first_byte_us: None,
            done_us,
            is_new_connection: false,
            bytes_out: 0,
            shopper: 0,
        }
    }

    #[test]
    fn seconds_without_requests_are_there_and_late_records_are_not_lost() {
        let mut seconds = LiveSeconds::default();
        seconds.add(&record(100_000, 200, None));
        seconds.add(&record(3_100_000, 404, None));
        seconds.close(4_000_000);
        let told = |seconds: &LiveSeconds| {
            let closed = seconds.closed();
            closed
                .iter()
                .map(|second| (second.at_s, second.requests, second.errors))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(&seconds), [(0, 1, 0), (1, 0, 0), (2, 0, 0)]);
        // Second 0 is closed: it counts in the oldest that is not.
        seconds.add(&record(200_000, 0, Some("timeout")));
        seconds.add(&record(300_000, 0, Some("cancelled")));
        seconds.close(5_000_000);
        assert_eq!(told(&seconds)[3..], [(3, 2, 2)]);
        assert_eq!(
            seconds.errors(),
            [("timeout".to_owned(), 1), ("404".to_owned(), 1)]
        );
        let response = seconds.closed()[0].response.unwrap();
        let service = seconds.closed()[0].service.unwrap();
        assert!(response.p50 > service.p50, "{response:?} {service:?}");
    }

    #[test]
    fn only_the_last_seconds_are_kept() {
        let mut seconds = LiveSeconds::default();
        let kept = i64::try_from(SECONDS_KEPT).unwrap();
        for at_s in 0..kept + 10 {
            seconds.add(&record(at_s * SECOND_US, 500, None));
            seconds.close(at_s * SECOND_US);
        }
        seconds.close((kept + 20) * SECOND_US);
        let closed = seconds.closed();
        assert_eq!(closed.len(), SECONDS_KEPT);
        assert_eq!(closed.last().unwrap().at_s, kept + 18);
        assert!(closed.windows(2).all(|two| two[0].at_s + 1 == two[1].at_s));
        let errors: u64 = seconds.errors().iter().map(|(_, count)| count).sum();
        let expected: u64 = closed.iter().map(|second| second.errors).sum();
        assert_eq!(errors, expected);
    }
}
