//! What judging needs to know besides the counts: shoppers, expectation, maintenance, lateness.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::exit_code::Failure;
use super::maintenance::maintenance;
use super::past::Past;
use super::shoppers::with_maintenance;
use crate::rollup::WindowCount;
use crate::sli::expected::Expected;
use crate::sli::{
    MeantCounts, Measure, Outside, OutsideValue, Scope, SliDetail, SliPlan, SliSetPlan, SliWindow,
    StepCount, UptimePoint, WindowState, interval,
};
use crate::time_window::TimeWindow;
use crate::visits::{Attempts, RetryWindow, UserUptime, VisitResults};

/// The worst stretches of user-uptime with less use than this tell nothing, µs.
const ACTIVE_US_MIN: u64 = 60_000_000;

/// What is expected of rates, by name of the SLI: one per window of the SLI, in its unit.
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
        let own = scope.of(sli);
        let counts = past?.expected(sli, &set.expected, sli.zone(zone), own);
        let per_window = number(per_us) / number(own.window_us);
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

/// Everything that [`evaluate`](crate::sli::evaluate) cannot see in a rollup; without `shoppers` nothing
/// that is counted by shopper.
pub fn outside(
    set: &SliSetPlan,
    scope: Scope,
    zone: &TimeZone,
    expected: &ExpectedRates,
    shoppers: Option<&VisitResults>,
    newest_us: Option<i64>,
) -> Result<Outside, Failure> {
    let excluded = maintenance(set, zone, scope.range)?;
    let mut values = BTreeMap::new();
    let mut meant_counts = BTreeMap::new();
    for sli in &set.slis {
        let own = excluded.get(&sli.name).map_or(&[][..], Vec::as_slice);
        let known = shoppers.and_then(|shoppers| value(sli, shoppers, own));
        values.extend(known.map(|known| (sli.name.clone(), known)));
        let mut retries = shoppers.iter().flat_map(|shoppers| &shoppers.retries);
        if let Some(retries) = retries.find(|retries| retries.name == sli.name) {
            meant_counts.insert(sli.name.clone(), meant(&retries.windows));
        }
    }
    let middles = expected.iter().map(|(sli, windows)| {
        let middles = windows.iter().map(|window| Some(window.as_ref()?.value));
        (sli.clone(), middles.collect())
    });
    Ok(Outside {
        values,
        expected: middles.collect(),
        meant: meant_counts,
        excluded,
        newest_us,
    })
}

/// The value of an SLI that is counted by shopper.
fn value(
    sli: &SliPlan,
    shoppers: &VisitResults,
    maintenance: &[TimeWindow],
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
        interval: uptime
            .value()
            .zip(uptime.draws())
            .map(|(value, draws)| interval::wilson(value, draws)),
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

/// What was meant, not what was asked: a repeat after a failure counts once.
pub fn meant(windows: &[RetryWindow]) -> MeantCounts {
    let counts = |count: fn(Attempts) -> u64| {
        let counts = windows.iter().map(|window| WindowCount {
            start_us: window.start_us,
            count: count(window.attempts),
        });
        counts.collect()
    };
    MeantCounts {
        good: counts(|attempts| attempts.good_intents),
        valid: counts(|attempts| attempts.intents),
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
