//! How partners did while a rehearsal ran, by the probes that the same lake has.
//!
//! In: the lake and the facts of a run. Out: one row per partner, by name. It judges nobody: whether a
//! partner keeps its agreement is said by `probe report`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::exit_code::Failure;
use super::facts::RunFacts;
use super::probe::PROBE_FORMAT;
use crate::lake::LakeReader;
use crate::report::{Unit, text};
use crate::request_record::Origin;
use crate::rollup::{Dimension, RollupPlan, scan};
use crate::sli::interval::number;
use crate::time_window::TimeWindow;

const WINDOW_US: i64 = 60_000_000;

/// What probes saw of one partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartnerState {
    /// Its name in the file of partners.
    pub partner: String,
    /// Requests of probes that were due then.
    pub requests: u64,
    /// Those without an answer, or with another than the step wants.
    pub failed: u64,
    /// From sending to the last byte, of those that did not fail, µs.
    pub p95_us: Option<u64>,
}

impl PartnerState {
    /// As a sentence fragment.
    pub fn words(&self) -> String {
        let p95 = self.p95_us.map_or_else(String::new, |us| {
            let time = text::quantity(number(us), Unit::Microseconds);
            format!(", p95 of the others {time}")
        });
        format!(
            "{} of {} requests of probes failed{p95}",
            text::count(self.failed),
            text::count(self.requests)
        )
    }
}

/// What probes saw from the start of `run` to its last answer, in the order of the names; nothing where nobody
/// probed.
pub fn partners(reader: &LakeReader, run: &RunFacts) -> Result<Vec<PartnerState>, Failure> {
    // Not what was judged: that is rounded up to whole windows.
    let range = TimeWindow {
        start_us: run.started_us,
        end_us: run.started_us + run.length_us.max(run.judged_us),
    };
    let mut sources = reader.ledger().iter();
    if !sources.any(|(_, state)| state.format == PROBE_FORMAT) {
        return Ok(Vec::new());
    }
    let plan = RollupPlan::new(WINDOW_US, Vec::new());
    let dimensions = [Dimension::Service, Dimension::Error];
    let rollup = scan(reader, &plan, &dimensions, range, |series| {
        series.origin == Origin::Probe
    })?;
    let mut names = BTreeMap::new();
    for series in rollup.series() {
        let of_partner = |has_failed: bool| {
            rollup.select(|other| {
                other.service == series.service && other.error.is_empty() != has_failed
            })
        };
        let (good, failed) = (of_partner(false), of_partner(true));
        let state = PartnerState {
            partner: series.service.clone(),
            requests: good.count() + failed.count(),
            failed: failed.count(),
            p95_us: good.latencies().quantile_us(0.95),
        };
        names.insert(series.service.clone(), state);
    }
    Ok(names.into_values().collect())
}
