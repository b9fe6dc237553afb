//! What analysts read beside the SLIs: budgets, what was left out, breakdowns, the MCR curve.

use polars::prelude::{Column, DataFrame, PolarsResult, SortMultipleOptions};

use super::{is_counted, is_failure, number, state_of};
use crate::cli::range::Judged;
use crate::latency_buckets::LatencyHistogram;
use crate::report::{
    AnalystPart, Breakdown, BreakdownCell, BreakdownColumn, BreakdownRow, BurnAlertRow, DataCounts,
    ObjectiveRow, SliDetail, Unit, UptimeCurve, UptimePoint, text,
};
use crate::rollup::SeriesKey;
use crate::sli::objective::ObjectiveOutcome;
use crate::sli::{GoodPlan, Measure, ObjectivePlan, Over, SliPlan, SliSeries, interval};
use crate::time_window::seconds;

/// Rows of a breakdown at most; the others are said to be more.
const BREAKDOWN_ROWS_MAX: usize = 25;
/// Less of a stretch than this is said to be known in part.
const KNOWN_SHARE: f64 = 0.99;
/// SLIs that have a column in a breakdown at most.
const BREAKDOWN_SLIS_MAX: usize = 2;

/// What stands behind one SLI.
pub fn detail(judged: &Judged, sli: &SliPlan, series: &SliSeries) -> SliDetail {
    let outcomes = judged.objectives.get(&series.name);
    let objectives = sli.objectives.iter().zip(outcomes.into_iter().flatten());
    let missing = series.windows.iter().filter(|window| window.valid == 0);
    SliDetail {
        definition_sha256: series.definition_sha256.clone(),
        good: match sli.measure {
            Measure::Rate { .. } | Measure::Latency { .. } | Measure::UserUptime { .. } => None,
            _ => Some(series.good),
        },
        objectives: objectives
            .flat_map(|(objective, outcome)| objective_rows(judged, objective, outcome))
            .collect(),
        data: DataCounts {
            excluded: series.excluded_valid,
            excluded_s: seconds(series.window_us) * number(series.excluded_windows as u64),
            provisional_windows: series.provisional_windows as u64,
            missing_windows: missing.count() as u64,
            windows: series.windows.len() as u64,
        },
        value_with_excluded: series.value_with_excluded,
    }
}

/// One row per stretch that ends in the range, with the alerts of that stretch.
fn objective_rows(
    judged: &Judged,
    objective: &ObjectivePlan,
    outcome: &ObjectiveOutcome,
) -> Vec<ObjectiveRow> {
    let range = judged.scope.range;
    let windows = outcome.windows.iter();
    let touching = windows.filter(|window| window.end_us > range.start_us);
    let last = touching.collect::<Vec<_>>();
    let rows = last.iter().enumerate().map(|(index, window)| {
        let is_last = index + 1 == last.len();
        let alerts = outcome.burn.iter().filter(|_| is_last).flat_map(|rule| {
            let firing = rule.firing.iter();
            let inside = firing.filter(|stretch| stretch.to_us > range.start_us);
            inside.map(|stretch| BurnAlertRow {
                rule: rule.rule.clone(),
                from_us: stretch.from_us,
                to_us: (stretch.to_us < range.end_us).then_some(stretch.to_us),
                burn_rate: stretch.burn_max,
                told: rule.tell.clone(),
            })
        });
        ObjectiveRow {
            target: outcome.target,
            over: format!(
                "{}{}",
                over_words(judged, &objective.over, window.start_us),
                match window.known < KNOWN_SHARE {
                    true => format!(
                        ", of which {} is known",
                        text::quantity(window.known, Unit::Share)
                    ),
                    false => String::new(),
                }
            ),
            state: state_of(window.state),
            value: window.value,
            budget_used: window.budget.map(|budget| budget.spent),
            budget_projected: window.projection.map(|projection| projection.spent),
            burn_alerts: alerts.collect(),
        }
    });
    rows.collect()
}

fn over_words(judged: &Judged, over: &Over, start_us: i64) -> String {
    let day = || {
        let date = text::date(start_us, &judged.zone);
        date.split(' ').next().unwrap_or_default().to_owned()
    };
    match over {
        Over::Rolling(us) if us % 86_400_000_000 == 0 => {
            format!("rolling {} days", us / 86_400_000_000)
        }
        Over::Rolling(us) => format!("rolling {}", text::duration(seconds(*us))),
        Over::Day => day(),
        Over::Week => format!("week of {}", day()),
        Over::Month => format!("month of {}", day()),
        Over::Period(period) => period.name.clone(),
    }
}

/// Requests of one series.
#[derive(Debug, Clone, Copy)]
struct Counted<'a> {
    key: &'a SeriesKey,
    requests: u64,
    /// By bucket; empty where they are not known.
    latencies: &'a [(i32, u64)],
}

/// Breakdowns and curves.
pub fn analysts(judged: &Judged) -> PolarsResult<AnalystPart> {
    type Part = (&'static str, fn(&SeriesKey) -> &str);
    let parts: [Part; 3] = [
        ("route", |series| &series.route),
        ("client class", |series| &series.client_class),
        ("service", |series| &series.service),
    ];
    let totals = judged.rollup.totals();
    let series = judged.rollup.series().iter().zip(&totals.counts);
    let series = series.zip(&totals.latencies);
    let asked: Vec<Counted> = series
        .map(|((key, requests), latencies)| Counted {
            key,
            requests: *requests,
            latencies,
        })
        .filter(|counted| is_counted(counted.key))
        .collect();
    // Of shoppers who were brought by a channel no latency is kept.
    let channels = judged.followed.visits.channels.iter();
    let brought: Vec<Counted> = channels
        .flat_map(|channels| &channels.series)
        .map(|(key, requests)| Counted {
            key,
            requests: *requests,
            latencies: &[],
        })
        .collect();
    let by_channel = breakdown(judged, "channel", &brought, |series| &series.channel);
    let others = parts.map(|(by, name)| breakdown(judged, by, &asked, name));
    let breakdowns = std::iter::once(by_channel).chain(others);
    let curves = judged.series.iter().filter_map(curve);
    Ok(AnalystPart {
        breakdowns: breakdowns.collect::<PolarsResult<_>>()?,
        uptime_curves: curves.collect(),
    })
}

fn breakdown(
    judged: &Judged,
    by: &str,
    counted: &[Counted<'_>],
    name: fn(&SeriesKey) -> &str,
) -> PolarsResult<Breakdown> {
    let slis: Vec<(&SliPlan, &GoodPlan)> = judged
        .set
        .slis
        .iter()
        .filter_map(|sli| match &sli.measure {
            Measure::Ratio { good } => Some((sli, good)),
            _ => None,
        })
        .take(BREAKDOWN_SLIS_MAX)
        .collect();
    let sums = sums(counted, name)?;
    let all: u64 = sums.iter().map(|(_, requests, _)| requests).sum();
    let rows = sums.into_iter().take(BREAKDOWN_ROWS_MAX);
    let rows = rows.map(|(part, requests, errors)| {
        let mut latencies = LatencyHistogram::new();
        let own = || counted.iter().filter(|counted| name(counted.key) == part);
        for (bucket, count) in own().flat_map(|counted| counted.latencies) {
            latencies.record_bucket(*bucket, *count);
        }
        let cell = |(sli, good): &(&SliPlan, &GoodPlan)| {
            let count = |is_wanted: &dyn Fn(&SeriesKey) -> bool| {
                let wanted = own().filter(|counted| is_wanted(counted.key));
                wanted.map(|counted| counted.requests).sum::<u64>()
            };
            let valid = count(&|key| sli.event.covers(key));
            let good = count(&|key| sli.event.covers(key) && good.covers(key));
            let is_enough = valid >= sli.count_min.max(1);
            BreakdownCell {
                value: is_enough.then(|| number(good) / number(valid)),
                interval: interval::share(good, valid).filter(|_| is_enough),
            }
        };
        BreakdownRow {
            share: number(requests) / number(all.max(1)),
            errors_share: (requests > 0).then(|| number(errors) / number(requests)),
            p95_us: latencies.quantile_us(0.95),
            slis: slis.iter().map(cell).collect(),
            name: part,
            requests,
        }
    });
    Ok(Breakdown {
        by: by.to_owned(),
        slis: slis
            .iter()
            .map(|(sli, _)| BreakdownColumn {
                title: sli.title.clone(),
                unit: Unit::Share,
            })
            .collect(),
        rows: rows.collect(),
    })
}

/// Requests and failures by part, most requests first, equal ones by name.
#[expect(
    deprecated,
    reason = "Polars' lazy API would double its build time; the eager sum is the same kernel"
)]
fn sums(
    counted: &[Counted<'_>],
    name: fn(&SeriesKey) -> &str,
) -> PolarsResult<Vec<(String, u64, u64)>> {
    let names: Vec<&str> = counted.iter().map(|counted| name(counted.key)).collect();
    let requests: Vec<u64> = counted.iter().map(|counted| counted.requests).collect();
    let errors = counted.iter().map(|counted| match is_failure(counted.key) {
        true => counted.requests,
        false => 0,
    });
    let errors: Vec<u64> = errors.collect();
    let frame = DataFrame::new(
        names.len(),
        vec![
            Column::new("name".into(), names),
            Column::new("requests".into(), requests),
            Column::new("errors".into(), errors),
        ],
    )?;
    let sums = frame
        .group_by(["name"])?
        .select(["requests", "errors"])
        .sum()?
        .sort(
            ["requests_sum", "name"],
            SortMultipleOptions::default().with_order_descending_multi([true, false]),
        )?;
    let names = sums.column("name")?.str()?.iter();
    let requests = sums.column("requests_sum")?.u64()?.iter();
    let errors = sums.column("errors_sum")?.u64()?.iter();
    let rows = names.zip(requests).zip(errors);
    Ok(rows
        .filter_map(|((name, requests), errors)| Some((name?.to_owned(), requests?, errors?)))
        .collect())
}

fn curve(series: &SliSeries) -> Option<UptimeCurve> {
    let Some(crate::sli::SliDetail::Uptime(points)) = &series.detail else {
        return None;
    };
    let shortest = points.first()?;
    Some(UptimeCurve {
        title: series.title.clone(),
        message: format!(
            "In the worst {} shoppers found the shop working {} of the time.",
            text::duration(seconds(shortest.window_us)),
            text::quantity(shortest.uptime, Unit::Share)
        ),
        points: points
            .iter()
            .map(|point| UptimePoint {
                length_us: point.window_us,
                uptime: point.uptime,
                start_us: None,
            })
            .collect(),
    })
}
