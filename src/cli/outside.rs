//! What judging needs to know besides the counts: shoppers, expectation, maintenance, lateness.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::exit_code::Failure;
use super::maintenance::maintenance;
use super::past::Past;
use super::shoppers::with_maintenance;
use crate::sli::expected::Expected;
use crate::sli::{
    Measure, Outside, OutsideValue, Scope, SliDetail, SliPlan, SliSetPlan, SliWindow, StepCount,
    UptimePoint, WindowState, interval,
};
use crate::time_window::TimeWindow;
use crate::visits::{Retries, UserUptime, VisitResults};

/// The worst stretches of user-uptime with less use than this tell nothing, µs.
const ACTIVE_US_MIN: u64 = 60_000_000;

/// What is expected of rates, by name of the SLI: one per window of the scope, in the SLI's unit.
pub type ExpectedRates = BTreeMap<String, Vec<Option<Expected>>>;

/// What is expected of every rate of the set; of none where the past is not known.
pub fn expected_rates(
    set: &SliSetPlan,
    scope: Scope,
    zone: &TimeZone,
    past: Option<&Past>,
) -> ExpectedRates {
    let rates = set.slis.iter().filter_map(|sli| {
        let Measure::Rate { per_us } = sli.measure else {
            return None;
        };
        let counts = past?.expected(sli, &set.expected, zone, scope.range, scope.window_us);
        let per_window = number(per_us) / number(scope.window_us);
        let rates = counts.into_iter().map(|count| {
            count.map(|count| Expected {
                value: count.value * per_window,
                low: count.low * per_window,
                high: count.high * per_window,
            })
        });
        Some((sli.name.clone(), rates.collect()))
    });
    rates.collect()
}

/// Everything that [`evaluate`](crate::sli::evaluate) cannot see in a rollup.
pub fn outside(
    set: &SliSetPlan,
    scope: Scope,
    zone: &TimeZone,
    expected: &ExpectedRates,
    shoppers: &VisitResults,
    newest_us: Option<i64>,
) -> Result<Outside, Failure> {
    let excluded = maintenance(set, zone, scope.range)?;
    let mut values = BTreeMap::new();
    for sli in &set.slis {
        let own = excluded.get(&sli.name).map_or(&[][..], Vec::as_slice);
        if let Some(known) = value(set, sli, shoppers, own, scope.window_us) {
            values.insert(sli.name.clone(), known);
        }
    }
    let middles = expected.iter().map(|(sli, windows)| {
        let middles = windows.iter().map(|window| Some(window.as_ref()?.value));
        (sli.clone(), middles.collect())
    });
    Ok(Outside {
        values,
        expected: middles.collect(),
        excluded,
        newest_us,
    })
}

/// The value of an SLI that is counted by shopper.
fn value(
    set: &SliSetPlan,
    sli: &SliPlan,
    shoppers: &VisitResults,
    maintenance: &[TimeWindow],
    window_us: i64,
) -> Option<OutsideValue> {
    match &sli.measure {
        Measure::UserUptime { .. } => {
            let uptime = shoppers
                .uptimes
                .iter()
                .find(|uptime| uptime.name == sli.name)?;
            Some(uptime_value(uptime, maintenance))
        }
        Measure::Funnel { .. } => {
            let funnel = shoppers
                .funnels
                .iter()
                .find(|funnel| funnel.name == sli.name)?;
            let totals = funnel.totals();
            let (first, last) = (*totals.first()?, *totals.last()?);
            let with_maintenance = with_maintenance(&sli.name);
            let mut funnels = shoppers.funnels.iter();
            let all = funnels.find(|funnel| funnel.name == with_maintenance);
            let all = all.and_then(|funnel| {
                let totals = funnel.totals();
                let (first, last) = (*totals.first()?, *totals.last()?);
                (first > 0).then(|| ratio(last, first))
            });
            let steps = funnel.steps.iter().zip(&totals);
            let steps = steps.map(|(title, count)| StepCount {
                title: title.clone(),
                count: *count,
            });
            Some(OutsideValue {
                value: (first > 0).then(|| ratio(last, first)),
                value_with_excluded: all,
                interval: interval::share(last, first),
                good: last,
                valid: first,
                count: first,
                detail: Some(SliDetail::Funnel(steps.collect())),
                ..OutsideValue::default()
            })
        }
        Measure::Ratio { .. } if set.collapse_within_us.is_some() => {
            let retries = shoppers
                .retries
                .iter()
                .find(|retries| retries.name == sli.name)?;
            Some(collapsed(retries, maintenance, window_us))
        }
        Measure::Ratio { .. }
        | Measure::Rate { .. }
        | Measure::Latency { .. }
        | Measure::LatencyCut { .. }
        | Measure::WindowsGood { .. }
        | Measure::Apdex { .. }
        | Measure::Composite { .. } => None,
    }
}

fn uptime_value(uptime: &UserUptime, maintenance: &[TimeWindow]) -> OutsideValue {
    let mut kept = uptime.clone();
    kept.windows.retain(|window| {
        let end_us = window.start_us + uptime.base_us;
        !is_excluded(maintenance, window.start_us, end_us)
    });
    let has_excluded = kept.windows.len() < uptime.windows.len();
    let windows = uptime.windows.iter().map(|window| SliWindow {
        start_us: window.start_us,
        value: window.value(),
        good: window.up_us / 1_000_000,
        valid: (window.up_us + window.down_us) / 1_000_000,
        count: (window.up_us + window.down_us) / 1_000_000,
        state: WindowState::Met,
        ..SliWindow::default()
    });
    let curve = kept.curve(ACTIVE_US_MIN).into_iter();
    OutsideValue {
        value: kept.value(),
        value_with_excluded: uptime.value().filter(|_| has_excluded),
        interval: uptime.interval(),
        good: kept.up_us() / 1_000_000,
        valid: (kept.up_us() + kept.down_us()) / 1_000_000,
        count: uptime.shopper_days,
        windows: windows.collect(),
        detail: Some(SliDetail::Uptime(
            curve
                .map(|point| UptimePoint {
                    window_us: point.window_us,
                    uptime: point.envelope,
                })
                .collect(),
        )),
    }
}

/// A share of what was meant, not of what was asked: a repeat after a failure counts once.
fn collapsed(retries: &Retries, maintenance: &[TimeWindow], window_us: i64) -> OutsideValue {
    let (mut good, mut valid, mut all_good, mut all_valid) = (0, 0, 0, 0);
    let mut windows = Vec::with_capacity(retries.windows.len());
    for window in &retries.windows {
        let attempts = window.attempts;
        all_good += attempts.good_intents;
        all_valid += attempts.intents;
        if !is_excluded(maintenance, window.start_us, window.start_us + window_us) {
            good += attempts.good_intents;
            valid += attempts.intents;
        }
        windows.push(SliWindow {
            start_us: window.start_us,
            value: (attempts.intents > 0).then(|| ratio(attempts.good_intents, attempts.intents)),
            good: attempts.good_intents,
            valid: attempts.intents,
            count: attempts.intents,
            state: WindowState::Met,
            interval: interval::share(attempts.good_intents, attempts.intents),
            ..SliWindow::default()
        });
    }
    OutsideValue {
        value: (valid > 0).then(|| ratio(good, valid)),
        value_with_excluded: (valid < all_valid).then(|| ratio(all_good, all_valid)),
        interval: interval::share(good, valid),
        good,
        valid,
        count: valid,
        windows,
        detail: None,
    }
}

fn is_excluded(maintenance: &[TimeWindow], start_us: i64, end_us: i64) -> bool {
    let mut stretches = maintenance.iter();
    stretches.any(|stretch| start_us < stretch.end_us && end_us > stretch.start_us)
}

fn ratio(part: u64, whole: u64) -> f64 {
    interval::number(part) / interval::number(whole)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "windows and periods are below 2^53 µs"
)]
fn number(duration_us: i64) -> f64 {
    duration_us as f64
}
