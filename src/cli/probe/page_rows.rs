//! What came out for a partner, as rows of the summary.

use super::sentences;
use crate::probe::{Incident, IncidentEnd, PartnerOutcome, PartnerPlan, Promise, WindowOutcome};
use crate::report::{
    ExcludedRow, Fact, IncidentRow, PartnerTotals, PromiseRow, State, StripKind, StripSpan, Unit,
    text,
};
use crate::sli::SliState;
use crate::sli::interval::number;
use crate::time_window::{TimeWindow, seconds};

pub fn promise_row(
    partner: &PartnerPlan,
    promise: Promise,
    target: f64,
    over: &str,
    window: &WindowOutcome,
) -> PromiseRow {
    let (shown, shown_interval) = sentences::shown(promise, target, window);
    let totals = &window.totals;
    let is_available = matches!(promise, Promise::Available(_));
    PromiseRow {
        promise: sentences::promise(promise, target, over),
        kind: sentences::kind(promise),
        over: over.to_owned(),
        from_us: window.window.start_us,
        to_us: window.window.end_us,
        is_over: window.is_over,
        state: match window.state {
            SliState::Met => State::Met,
            SliState::Missed => State::Missed,
            SliState::NotEnoughData => State::NotEnoughData,
        },
        shown,
        shown_interval,
        arithmetic: sentences::arithmetic(partner, promise, target, window),
        target,
        limit_us: match promise {
            Promise::Available(_) => None,
            Promise::Fast { limit_us, .. } => Some(limit_us),
        },
        value: window.value,
        good: window.good,
        n: window.valid,
        interval: window.interval,
        n_min: window.count_min,
        n_to_prove: window.to_prove,
        percentile_us: window.percentile_us.map(|(value_us, _)| value_us),
        percentile_interval_us: window.percentile_us.and_then(|(_, interval)| interval),
        down_s: seconds(totals.down_us),
        allowed_s: window.allowed_us.map(seconds),
        measured_share: totals.measured_share(),
        value_with_all: (is_available && totals.probes > 0)
            .then(|| number(totals.good) / number(totals.probes)),
    }
}

pub fn incident_row(incident: &Incident) -> IncidentRow {
    IncidentRow {
        from_us: incident.start_us,
        to_us: incident.end_us,
        end: match incident.end {
            IncidentEnd::Recovered => "recovered",
            IncidentEnd::NotMeasured => "not_measured",
            IncidentEnd::Open => "open",
        },
        probes: incident.probes,
        kinds: incident.kinds.iter().map(ToString::to_string).collect(),
        length_s: seconds(incident.end_us - incident.start_us),
        counted_s: seconds(incident.counted_us),
    }
}

/// What counts neither as up nor as down, oldest first.
pub fn excluded_rows(outcome: &PartnerOutcome) -> Vec<ExcludedRow> {
    let row = |window: TimeWindow, kind: &'static str, reason: &str| ExcludedRow {
        from_us: window.start_us,
        to_us: window.end_us,
        kind,
        reason: reason.to_owned(),
    };
    let contract = outcome.excluded.iter();
    let contract = contract.map(|found| row(found.window, "contract", &found.reason));
    let own = outcome.own_network.iter();
    let own = own.map(|window| row(*window, "own_network", "the prober's own network was lost"));
    let missing = outcome.missing.iter();
    let missing = missing.map(|window| row(*window, "not_measured", "not measured: no probe ran"));
    let mut rows: Vec<ExcludedRow> = contract.chain(own).chain(missing).collect();
    rows.sort_by_key(|row| (row.from_us, row.to_us));
    rows
}

pub fn facts(partner: &PartnerPlan, outcome: &PartnerOutcome) -> Vec<Fact> {
    let totals = &outcome.totals;
    let failures = totals.failures.iter();
    let failures: Vec<String> = failures
        .map(|(kind, count)| format!("{} {kind}", text::count(*count)))
        .collect();
    let measured = totals.measured_share().map_or_else(
        || text::NO_VALUE.to_owned(),
        |share| {
            let share = text::quantity(share, Unit::Share);
            format!(
                "{} ({share} of the time that counts)",
                sentences::length(totals.measured_us)
            )
        },
    );
    let fact = |name: &str, value: String| Fact {
        name: name.to_owned(),
        value,
    };
    vec![
        fact("Probed", partner.probed.base_url.to_string()),
        fact("Every", sentences::length(partner.probed.every_us)),
        fact(
            "Probes",
            format!(
                "{}, {} of them good",
                text::count(totals.probes),
                text::count(totals.good)
            ),
        ),
        fact("Measured", measured),
        fact(
            "Left out",
            format!(
                "{} by the contract, {} in losses of our own network",
                text::count(totals.excluded),
                text::count(totals.own_network)
            ),
        ),
        fact(
            "Failures",
            if failures.is_empty() {
                "none".to_owned()
            } else {
                failures.join(", ")
            },
        ),
    ]
}

pub fn totals(outcome: &PartnerOutcome) -> PartnerTotals {
    let totals = &outcome.totals;
    PartnerTotals {
        probes: totals.probes,
        good: totals.good,
        counted: totals.counted,
        counted_good: totals.counted_good,
        excluded: totals.excluded,
        own_network: totals.own_network,
        elapsed_s: seconds(totals.elapsed_us),
        excluded_s: seconds(totals.excluded_us),
        measured_s: seconds(totals.measured_us),
        own_network_s: seconds(totals.own_network_us),
        down_s: seconds(totals.down_us),
        measured_share: totals.measured_share(),
    }
}

/// What is known of the range, what is bad last.
pub fn strip(outcome: &PartnerOutcome, range: TimeWindow) -> Vec<StripSpan> {
    let span = |window: TimeWindow, kind: StripKind| StripSpan {
        from_us: window.start_us.max(range.start_us),
        to_us: window.end_us.min(range.end_us),
        kind,
    };
    let measured = outcome.measured.iter();
    let mut strip: Vec<StripSpan> = measured
        .map(|window| span(*window, StripKind::Up))
        .collect();
    let own = outcome.own_network.iter();
    strip.extend(own.map(|window| span(*window, StripKind::OwnNetwork)));
    strip.extend(outcome.incidents.iter().map(|incident| {
        let window = TimeWindow {
            start_us: incident.start_us,
            end_us: incident.end_us,
        };
        span(window, StripKind::Down)
    }));
    let excluded = outcome.excluded.iter();
    strip.extend(excluded.map(|found| span(found.window, StripKind::Excluded)));
    strip
}
