//! What time a partner's probes stand for, and when it was down.
//!
//! A probe stands for the time until the next one, and no longer than until the next one can have begun at the
//! latest: past that nothing is measured. So does an incident end where nobody looked.

use super::attempt::{Attempt, FailureKind};
use super::plan::PartnerPlan;
use super::spans::Spans;
use crate::time_window::TimeWindow;

/// A stretch of time in which a partner was down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// The beginning of its first failed probe, UTC µs.
    pub start_us: i64,
    /// The beginning of the first good probe, or where the measuring ended, UTC µs.
    pub end_us: i64,
    /// How it ended.
    pub end: IncidentEnd,
    /// Failed probes.
    pub probes: usize,
    /// Why they failed, each once, in the order in which that was first seen.
    pub kinds: Vec<FailureKind>,
    /// How much of it counts: without what the contract leaves out, µs.
    pub counted_us: i64,
}

/// How an incident ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentEnd {
    /// A probe was good again.
    Recovered,
    /// Nobody looked any more: there was no probe, or our own network was lost.
    NotMeasured,
    /// It goes on.
    Open,
}

/// The time for which each of the attempts of one partner and one prober stands, in their order.
pub(super) fn stands_for(
    partner: &PartnerPlan,
    attempts: &[Attempt],
    end_us: i64,
) -> Vec<TimeWindow> {
    let mut spans = Vec::with_capacity(attempts.len());
    for (index, attempt) in attempts.iter().enumerate() {
        let next_us = attempts.get(index + 1).map_or(end_us, |next| next.start_us);
        let last_us = partner.stands_until_us(attempt);
        spans.push(TimeWindow {
            start_us: attempt.start_us,
            end_us: next_us.min(last_us).min(end_us).max(attempt.start_us),
        });
    }
    spans
}

/// Every stretch of at least `down_after` failed probes in a row, oldest first; those of a loss of our own
/// network say nothing. `spans` are what the attempts stand for.
pub(super) fn incidents(
    attempts: &[Attempt],
    own: &[bool],
    spans: &[TimeWindow],
    down_after: usize,
    end_us: i64,
) -> Vec<Incident> {
    let mut incidents = Vec::new();
    let mut run: Option<Incident> = None;
    for (index, attempt) in attempts.iter().enumerate() {
        let span = spans[index];
        let is_adjacent = run
            .as_ref()
            .is_some_and(|run| run.end_us == attempt.start_us);
        let failure = attempt.failure.filter(|_| !own[index]);
        let ended = match (failure.is_some(), is_adjacent) {
            (true, true) => None,
            (false, true) if !own[index] => run.take().map(|run| (run, IncidentEnd::Recovered)),
            (_, _) => run.take().map(|run| (run, IncidentEnd::NotMeasured)),
        };
        if let Some((mut ended, end)) = ended {
            ended.end = end;
            incidents.push(ended);
        }
        if let Some(kind) = failure {
            let run = run.get_or_insert_with(|| Incident {
                start_us: attempt.start_us,
                end_us: span.end_us,
                end: IncidentEnd::Open,
                probes: 0,
                kinds: Vec::new(),
                counted_us: 0,
            });
            run.probes += 1;
            run.end_us = span.end_us;
            if !run.kinds.contains(&kind) {
                run.kinds.push(kind);
            }
        }
    }
    if let Some(mut last) = run {
        let is_open = last.end_us == end_us;
        last.end = if is_open {
            IncidentEnd::Open
        } else {
            IncidentEnd::NotMeasured
        };
        incidents.push(last);
    }
    incidents.retain(|incident| incident.probes >= down_after);
    incidents
}

/// Says of each incident how much of it counts.
pub(super) fn count_without(incidents: &mut [Incident], excluded: &Spans) {
    for incident in incidents {
        let window = TimeWindow {
            start_us: incident.start_us,
            end_us: incident.end_us,
        };
        incident.counted_us = Spans::new([window]).without(excluded).length_us();
    }
}
