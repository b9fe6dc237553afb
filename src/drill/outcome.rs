//! What came out of a drill, and whether the generator kept its schedule.

use crate::latency_buckets::LatencyHistogram;
use crate::scenario::DrillLimits;

use super::health::GeneratorHealth;
use super::record::{DrillRecord, StepPart};

/// A generator that has no core left for so long, and is late, is what the run measured.
const SATURATED_S_MIN: u64 = 5;

/// How a shopper left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// At the end of the journey.
    Completed,
    /// After an answer that was none, or a 4xx or 5xx.
    GaveUp,
    /// Because it took too long.
    LostPatience,
    /// Never served: too many requests were under way.
    Dropped,
    /// Cut off at the end of the run.
    Cut,
    /// By a bug of ours.
    Lost,
}

/// What one worker counted.
#[derive(Debug, Default)]
pub struct WorkerOutcome {
    pub lag: LatencyHistogram,
    pub response: LatencyHistogram,
    pub service: LatencyHistogram,
    pub first_byte: LatencyHistogram,
    pub requests: u64,
    /// Requests that steps name, and how many of them were made for the first time.
    pub step_requests: u64,
    pub first_attempts: u64,
    pub connections: u64,
    /// Requests that were never sent, for want of a port or of a file descriptor.
    pub without_port: u64,
    pub without_descriptor: u64,
    /// Requests that could not be made at all.
    pub unmade: u64,
    pub records_lost: u64,
}

impl WorkerOutcome {
    /// Counts a request of a plan with this `drain`.
    pub fn count(&mut self, record: &DrillRecord, drain_us: i64) {
        self.requests += 1;
        self.connections += u64::from(record.is_new_connection);
        match record.error {
            Some("ports") => self.without_port += 1,
            Some("descriptors") => self.without_descriptor += 1,
            Some("request") => self.unmade += 1,
            _ => {}
        }
        if record.part == StepPart::Itself {
            self.step_requests += 1;
            self.first_attempts += u64::from(record.attempt == 0);
        }
        let lag_us = u64::try_from(record.sent_us - record.due_us).unwrap_or(0);
        self.lag.record(lag_us);
        if record.reason(drain_us) != Some("cancelled") {
            self.response.record(record.response_us());
            self.service.record(record.service_us());
            if let Some(us) = record.first_byte_after_us() {
                self.first_byte.record(us);
            }
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.lag.add(&other.lag);
        self.response.add(&other.response);
        self.service.add(&other.service);
        self.first_byte.add(&other.first_byte);
        self.requests += other.requests;
        self.step_requests += other.step_requests;
        self.first_attempts += other.first_attempts;
        self.connections += other.connections;
        self.without_port += other.without_port;
        self.without_descriptor += other.without_descriptor;
        self.unmade += other.unmade;
        self.records_lost += other.records_lost;
    }
}

/// What became of the shoppers of one of several scenarios.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct ScenarioOutcome {
    /// Shoppers whose arrival was due before the end.
    pub offered: u64,
    /// Shoppers who reached the end of their journey.
    pub completed: u64,
    /// Shoppers who were turned away because too many requests were under way.
    pub dropped: u64,
}

/// What came out of a drill.
#[derive(Debug)]
pub struct DrillOutcome {
    /// Shoppers whose arrival was due before the end.
    pub offered: u64,
    /// Shoppers who reached the end of their journey.
    pub completed: u64,
    /// Offered, completed and dropped of each of several scenarios that run at once; empty where there is one
    /// alone.
    pub by_scenario: Vec<ScenarioOutcome>,
    /// Shoppers who left after no answer, a 4xx or a 5xx.
    pub gave_up: u64,
    /// Shoppers who left because it took too long.
    pub lost_patience: u64,
    /// Shoppers who did not come, because their channel was turned off.
    pub withheld: u64,
    /// Shoppers who were turned away because too many requests were under way.
    pub dropped: u64,
    /// Shoppers who were cut off at the end of the run, thinking or waiting.
    pub cut: u64,
    /// Shoppers lost to a bug of ours; more than none makes the run invalid.
    pub lost: u64,
    /// Requests made.
    pub requests: u64,
    /// Requests that steps name, retries and reloads among them.
    pub step_requests: u64,
    /// The same without retries and reloads.
    pub first_attempts: u64,
    /// Connections made.
    pub connections: u64,
    /// Requests that were never sent because this machine had no port left.
    pub without_port: u64,
    /// Requests that were never sent because this process may have no more files open.
    pub without_descriptor: u64,
    /// Requests that could not be made, by what the scenario says.
    pub unmade: u64,
    /// Records that the recorder was too slow to take.
    pub records_lost: u64,
    /// From due to sent, µs: the generator's own lateness.
    pub lag: LatencyHistogram,
    /// From due to the last byte, µs.
    pub response: LatencyHistogram,
    /// From sent to the last byte, µs.
    pub service: LatencyHistogram,
    /// From sent to the head of the answer, µs, of the requests that had one.
    pub first_byte: LatencyHistogram,
    /// Length of the run, µs.
    pub length_us: i64,
    /// Whether it was stopped before its end.
    pub is_stopped: bool,
    /// What it took of its machine.
    pub health: GeneratorHealth,
}

/// Whether the numbers judge the target or the generator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Validity {
    /// The generator kept its schedule.
    Valid,
    /// It did not, with the reasons.
    Invalid(Vec<String>),
}

impl DrillOutcome {
    /// Shoppers who were really sent on their way.
    #[must_use]
    pub fn started(&self) -> u64 {
        self.offered - self.dropped
    }

    /// How many times as many requests retries and reloads make of what shoppers wanted; `None` where
    /// they wanted nothing.
    #[must_use]
    pub fn retry_amplification(&self) -> Option<f64> {
        (self.first_attempts > 0).then(|| share(self.step_requests, self.first_attempts))
    }

    /// Judges the generator by the limits of the plan.
    #[must_use]
    pub fn validity(&self, limits: &DrillLimits) -> Validity {
        let mut reasons = self.generator_reasons(limits);
        if share(self.dropped, self.offered) > limits.dropped_share {
            reasons.push(format!(
                "{} of {} shoppers were dropped because {} requests were under way at once",
                self.dropped, self.offered, limits.in_flight
            ));
        }
        if reasons.is_empty() {
            Validity::Valid
        } else {
            Validity::Invalid(reasons)
        }
    }

    /// Where the generator itself was at its end. Dropped shoppers are none of these: a target that
    /// is slow enough has as many requests under way as it likes.
    #[must_use]
    pub fn generator_reasons(&self, limits: &DrillLimits) -> Vec<String> {
        let mut reasons = Vec::new();
        let lag_us = self.lag.quantile_us(0.99).unwrap_or(0);
        if lag_us > limits.schedule_lag_p99_us.unsigned_abs() {
            reasons.push(format!(
                "requests left {} after they were due (99th percentile), the limit is {}",
                time(lag_us),
                time(limits.schedule_lag_p99_us.unsigned_abs())
            ));
        }
        if share(self.records_lost, self.requests) > limits.dropped_share {
            reasons.push(format!(
                "{} of {} records were lost because the recorder was too slow",
                self.records_lost, self.requests
            ));
        }
        reasons.extend(self.machine_reasons(limits));
        if self.unmade > 0 {
            reasons.push(format!(
                "{} of {} requests could not be made, so nobody knows what the target makes of them: their address is too long, or a header has a character that no header may have (look at what is filled in)",
                self.unmade, self.requests
            ));
        }
        if self.lost > 0 {
            reasons.push(format!(
                "{} shoppers were lost to an internal error",
                self.lost
            ));
        }
        if self.requests == 0 {
            reasons.push("not one request was made".to_owned());
        }
        reasons
    }

    /// Where this machine was at its end, and not the target.
    fn machine_reasons(&self, limits: &DrillLimits) -> Vec<String> {
        let mut reasons = Vec::new();
        if share(self.without_port, self.requests) > limits.dropped_share {
            reasons.push(format!(
                "{} of {} requests were never sent because this machine had no port left for a connection (raise `net.ipv4.ip_local_port_range`, or name more `source_addresses`)",
                self.without_port, self.requests
            ));
        }
        if share(self.without_descriptor, self.requests) > limits.dropped_share {
            reasons.push(format!(
                "{} of {} requests were never sent because this process may have only {} files open (raise `ulimit -n`)",
                self.without_descriptor, self.requests, self.health.descriptors_limit
            ));
        }
        if let Some((from_us, lasted_s)) = self.health.saturated
            && lasted_s >= SATURATED_S_MIN
        {
            reasons.push(format!(
                "the generator had none of its {} cores left for {lasted_s} s from {} s on, and requests were late (use a larger machine, or several)",
                self.health.cores,
                from_us / 1_000_000
            ));
        }
        reasons
    }
}

/// A time for people, such as `1.9 s` or `403 ms`, rounded up.
fn time(us: u64) -> String {
    match us {
        ..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{} ms", us.div_ceil(1_000)),
        _ => {
            let tenths = us.div_ceil(100_000);
            match tenths % 10 {
                0 => format!("{} s", tenths / 10),
                tenth => format!("{}.{tenth} s", tenths / 10),
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_in_the_unit_that_fits_it() {
        for (us, said) in [
            (850, "850 µs"),
            (402_500, "403 ms"),
            (1_899_519, "1.9 s"),
            (2_000_000, "2 s"),
        ] {
            assert_eq!(time(us), said);
        }
    }
}
