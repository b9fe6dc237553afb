//! The time of all that is known of a partner, by what is known of it.
//!
//! In: its probes, and what the contract leaves out. Out: sets of time that do not overlap but for
//! downtime, which is a part of what was measured.

use std::collections::BTreeMap;

use super::attempt::Attempt;
use super::downtime::{self, Incident};
use super::plan::PartnerPlan;
use super::sla::Evidence;
use super::spans::Spans;
use crate::sli::exclusion::ExcludedWindow;
use crate::time_window::TimeWindow;

/// The time of all that is known of a partner.
pub(super) struct Times {
    pub excluded: Spans,
    pub own: Spans,
    /// Excluded time left out.
    pub measured: Spans,
    /// The same, when it was down.
    pub down: Spans,
    pub incidents: Vec<Incident>,
}

impl Times {
    pub fn new(partner: &PartnerPlan, evidence: Evidence<'_>, excluded: &[ExcludedWindow]) -> Self {
        let excluded = Spans::new(excluded.iter().map(|found| found.window));
        let (mut seen, mut own, mut incidents) = (Vec::new(), Vec::new(), Vec::new());
        for (attempts, is_own) in by_prober(evidence) {
            let end_us = evidence.range.end_us;
            let spans = downtime::stands_for(partner, &attempts, end_us);
            for (span, is_own) in spans.iter().zip(&is_own) {
                let side = if *is_own { &mut own } else { &mut seen };
                side.push(*span);
            }
            let down_after = partner.sla.down_after;
            let found = downtime::incidents(&attempts, &is_own, &spans, down_after, end_us);
            incidents.extend(found);
        }
        incidents.sort_by_key(|incident| (incident.start_us, incident.end_us));
        downtime::count_without(&mut incidents, &excluded);
        let measured = Spans::new(seen).without(&excluded);
        let down = incidents.iter().map(|incident| TimeWindow {
            start_us: incident.start_us,
            end_us: incident.end_us,
        });
        Self {
            down: Spans::new(down).without(&excluded),
            // What one prober lost another one may have seen.
            own: Spans::new(own).without(&measured).without(&excluded),
            measured,
            excluded,
            incidents,
        }
    }

    /// When nobody measured, for no reason that counts.
    pub fn missing(&self, evidence: Evidence<'_>) -> Spans {
        let elapsed = TimeWindow {
            start_us: evidence.range.start_us.max(evidence.since_us),
            end_us: evidence.range.end_us,
        };
        let known = [&self.measured, &self.own, &self.excluded];
        let known = Spans::new(known.into_iter().flat_map(|spans| spans.iter()));
        Spans::new([elapsed]).without(&known)
    }
}

/// The probes of each prober, and which of them say nothing.
fn by_prober(evidence: Evidence<'_>) -> Vec<(Vec<Attempt>, Vec<bool>)> {
    let mut probers: BTreeMap<usize, (Vec<Attempt>, Vec<bool>)> = BTreeMap::new();
    for (attempt, is_own) in evidence.attempts.iter().zip(evidence.own) {
        let (attempts, own) = probers.entry(attempt.prober).or_default();
        attempts.push(*attempt);
        own.push(*is_own);
    }
    probers.into_values().collect()
}
