//! From judged SLIs and counts to the page of a report; the report itself computes nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::exit_code::Failure;
use super::facts::RunFacts;
use super::range::Judged;
use crate::report::{
    BadSide, Chart, Fact, FunnelStep, LevelRow, Limit, Mark, MethodNote, ReportPage, RouteRow,
    Scale, Series, SeriesStyle, SliRow, State, Timeline, Unit, Verdict, WorstWindow, text,
};
use crate::rollup::{Rollup, SeriesKey};
use crate::sli::{self, Level, LevelOutcome, SliSeries, SliState};
use crate::time_window::{rfc3339, seconds};

/// A latency chart needs a log scale when its values span more than this factor.
const LOG_SCALE_FACTOR: f64 = 50.0;

/// The page of what was judged.
pub fn page(judged: &Judged) -> Result<ReportPage, Failure> {
    let verdict = verdict(judged);
    let mut slis: Vec<SliRow> = judged.series.iter().map(sli_row).collect();
    slis.sort_by_key(|sli| sli.state);
    Ok(ReportPage {
        title: judged.title.clone(),
        verdict,
        sentence: sentence(judged, verdict),
        facts: facts(judged),
        slis,
        timeline: timeline(judged)?,
        funnel: funnel(judged)?,
        routes: routes(judged)?,
        unknowns: unknowns(judged)?,
        method: method(judged),
    })
}

fn verdict(judged: &Judged) -> Verdict {
    let is_any = |state| judged.series.iter().any(|series| series.state == state);
    let is_all_unknown = judged
        .series
        .iter()
        .all(|series| series.state == SliState::NotEnoughData);
    match &judged.run {
        Some(run) if run.is_stopped => Verdict::Stopped,
        Some(run) if !run.invalid_because.is_empty() => Verdict::Invalid,
        _ if is_any(SliState::Missed) => Verdict::Fail,
        _ if is_all_unknown => Verdict::NotEnoughData,
        // In a rehearsal an SLI without data is one that nobody rehearsed.
        Some(_) if is_any(SliState::NotEnoughData) => Verdict::Fail,
        _ => Verdict::Pass,
    }
}

fn unit(unit: sli::Unit) -> Unit {
    match unit {
        sli::Unit::PerMinute => Unit::PerMinute,
        sli::Unit::PerSecond => Unit::PerSecond,
        sli::Unit::Share => Unit::Share,
        sli::Unit::Microseconds => Unit::Microseconds,
    }
}

fn bad_side(bad: sli::BadSide) -> BadSide {
    match bad {
        sli::BadSide::Above => BadSide::Above,
        sli::BadSide::Below => BadSide::Below,
    }
}

/// The verdict in words: what broke first and worst, or what came closest.
fn sentence(judged: &Judged, verdict: Verdict) -> String {
    let lead = match (verdict, &judged.run) {
        (Verdict::Invalid, Some(run)) => {
            return format!(
                "This run judges the load generator, not the target: {}.",
                run.invalid_because.join("; ")
            );
        }
        (Verdict::Stopped, Some(run)) => format!(
            "Stopped after {} with {} requests recorded. ",
            text::duration(seconds(run.length_us).floor()),
            text::count(run.requests)
        ),
        _ => String::new(),
    };
    let contact: Vec<_> = crossings(judged, Level::Contact);
    let warn: Vec<_> = crossings(judged, Level::Warn);
    let missed: Vec<&SliSeries> = judged
        .series
        .iter()
        .filter(|series| series.state == SliState::Missed)
        .collect();
    let unknown: Vec<&str> = judged
        .series
        .iter()
        .filter(|series| series.state == SliState::NotEnoughData)
        .map(|series| series.title.as_str())
        .collect();
    let body = if let Some(first) = contact.first() {
        format!(
            "Customers would have called: {}{}",
            crossing_words(judged, *first),
            others(contact.len() - 1)
        )
    } else if let Some(series) = missed.first() {
        format!(
            "{} missed its objective: {}.",
            series.title,
            value_words(series)
        )
    } else if let Some(first) = warn.first() {
        format!(
            "Nobody would have called support, but {}{}",
            crossing_words(judged, *first),
            others(warn.len() - 1)
        )
    } else if verdict == Verdict::NotEnoughData {
        "There were too few requests to judge any SLI.".to_owned()
    } else {
        "No threshold was crossed.".to_owned()
    };
    let rest = match unknown.len() {
        _ if verdict == Verdict::NotEnoughData => String::new(),
        0 => String::new(),
        _ => format!(" Not enough data for {}.", unknown.join(", ")),
    };
    format!("{lead}{body}{rest}")
}

/// The SLIs that crossed a level, the earliest first.
fn crossings(judged: &Judged, level: Level) -> Vec<(&SliSeries, &LevelOutcome)> {
    let mut found: Vec<_> = judged
        .series
        .iter()
        .flat_map(|series| series.levels.iter().map(move |outcome| (series, outcome)))
        .filter(|(_, outcome)| outcome.level == level && !outcome.crossed_us.is_empty())
        .collect();
    found.sort_by_key(|(_, outcome)| outcome.first_crossed_us());
    found
}

fn crossing_words(judged: &Judged, (series, outcome): (&SliSeries, &LevelOutcome)) -> String {
    let unit = unit(series.unit);
    let start_us = judged.scope.range.start_us;
    let at_us = outcome.first_crossed_us().unwrap_or(start_us);
    let side = match outcome.bad {
        sli::BadSide::Above => "above",
        sli::BadSide::Below => "below",
    };
    let worst = series.worst_window().and_then(|window| window.value);
    let worst = worst.map_or_else(String::new, |value| {
        format!(
            ", at worst {}",
            text::quantity_apart(value, unit, &[outcome.value])
        )
    });
    let contact = series
        .levels
        .iter()
        .find(|level| level.level == Level::Contact);
    let room = match (outcome.level, contact) {
        (Level::Warn, Some(contact)) => format!(
            " (customers call {} {})",
            match contact.bad {
                sli::BadSide::Above => "above",
                sli::BadSide::Below => "below",
            },
            text::quantity(contact.value, unit)
        ),
        _ => String::new(),
    };
    format!(
        "{} was {side} its {} level of {} for {} from {}{worst}{room}.",
        series.title,
        outcome.level,
        text::quantity(outcome.value, unit),
        text::duration(seconds(outcome.total_us())),
        text::moment(at_us, start_us, judged.run.is_some())
    )
}

fn value_words(series: &SliSeries) -> String {
    let unit = unit(series.unit);
    let limits: Vec<f64> = series.objective.into_iter().collect();
    match (series.value, series.objective) {
        (Some(value), Some(limit)) => format!(
            "{} against {}",
            text::quantity_apart(value, unit, &limits),
            text::quantity(limit, unit)
        ),
        _ => "no value".to_owned(),
    }
}

fn others(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => " One more SLI crossed that level.".to_owned(),
        count => format!(" {count} more SLIs crossed that level."),
    }
}

fn fact(name: &str, value: impl Into<String>) -> Fact {
    Fact {
        name: name.to_owned(),
        value: value.into(),
    }
}

fn facts(judged: &Judged) -> Vec<Fact> {
    let set = fact(
        "SLI set",
        format!("{} ({})", judged.set.name, &judged.set.sha256[..12]),
    );
    let Some(run) = &judged.run else {
        let range = judged.scope.range;
        return vec![
            fact("Origin", judged.origin.as_str()),
            fact("From", rfc3339(range.start_us)),
            fact("To", rfc3339(range.end_us)),
            fact("Requests", text::count(total(&judged.rollup))),
            fact("Window", text::duration(seconds(judged.scope.window_us))),
            set,
        ];
    };
    vec![
        fact(
            "Scenario",
            format!("{} ({})", run.scenario, &run.scenario_sha256[..12]),
        ),
        fact("Run", run.run_id.clone()),
        fact("Target", run.target.clone()),
        fact("Start", rfc3339(run.started_us)),
        fact("Length", text::duration(seconds(run.judged_us))),
        fact(
            "Shoppers",
            format!(
                "{} offered, {} started, {} completed, {} gave up, {} dropped, {} cut off",
                text::count(run.offered_arrivals),
                text::count(run.started),
                text::count(run.completed),
                text::count(run.gave_up),
                text::count(run.dropped),
                text::count(run.cut)
            ),
        ),
        fact(
            "Peak",
            format!("{} shoppers per second", run.peak_shoppers_per_s),
        ),
        fact("Requests", text::count(run.requests)),
        fact(
            "Schedule lag",
            format!(
                "p50 {}, p99 {}, max {}",
                microseconds(run.schedule_lag_us.p50),
                microseconds(run.schedule_lag_us.p99),
                microseconds(run.schedule_lag_us.max)
            ),
        ),
        fact("Response time", latency_words(run.response_us)),
        fact("Service time", latency_words(run.service_us)),
        fact("Seed", run.seed.to_string()),
        set,
    ]
}

fn latency_words(latency: super::facts::LatencyFacts) -> String {
    format!(
        "p50 {}, p95 {}, p99 {}, max {}",
        microseconds(latency.p50),
        microseconds(latency.p95),
        microseconds(latency.p99),
        microseconds(latency.max)
    )
}

fn microseconds(us: u64) -> String {
    text::quantity(number(us), Unit::Microseconds)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and latencies stay below 2^53"
)]
fn number(count: u64) -> f64 {
    count as f64
}

fn sli_row(series: &SliSeries) -> SliRow {
    let mut levels: Vec<LevelRow> = series.levels.iter().map(level_row).collect();
    if let Some(limit) = series.objective {
        let bad = match series.unit {
            sli::Unit::Microseconds => BadSide::Above,
            sli::Unit::PerMinute | sli::Unit::PerSecond | sli::Unit::Share => BadSide::Below,
        };
        levels.push(LevelRow {
            level: "objective".to_owned(),
            bad,
            value: limit,
            for_s: 0.0,
            first_crossed_us: None,
            crossed_s: 0.0,
        });
    }
    SliRow {
        name: series.name.clone(),
        title: series.title.clone(),
        kind: series.kind.to_owned(),
        unit: unit(series.unit),
        value: series.value,
        worst: series.worst_window().and_then(|window| {
            Some(WorstWindow {
                start_us: window.start_us,
                value: window.value?,
            })
        }),
        state: match series.state {
            SliState::Met => State::Met,
            SliState::Missed => State::Missed,
            SliState::NotEnoughData => State::NotEnoughData,
        },
        levels,
        interval: series.interval,
        count: series.count,
    }
}

fn level_row(outcome: &LevelOutcome) -> LevelRow {
    LevelRow {
        level: outcome.level.to_string(),
        bad: bad_side(outcome.bad),
        value: outcome.value,
        for_s: seconds(outcome.for_us),
        first_crossed_us: outcome.first_crossed_us(),
        crossed_s: seconds(outcome.total_us()),
    }
}

fn timeline(judged: &Judged) -> Result<Timeline, Failure> {
    let grid = Grid::new(judged);
    let mut charts = vec![load_chart(judged, &grid)?];
    charts.extend(judged.series.iter().map(|series| sli_chart(series, &grid)));
    charts.push(percentile_chart(judged, &grid)?);
    charts.push(error_chart(judged, &grid)?);
    let marks = judged.run.iter().flat_map(|run| {
        run.labels.iter().map(|(at_us, label)| Mark {
            at_us: run.started_us + at_us,
            label: label.clone(),
        })
    });
    Ok(Timeline {
        starts_us: grid.starts_us(),
        zone: judged.zone.clone(),
        relative: judged.run.is_some(),
        charts,
        marks: marks.collect(),
    })
}

/// The windows of the charts: those of the rollup, so a rehearsal shows seconds.
struct Grid {
    start_us: i64,
    window_us: i64,
    count: usize,
}

impl Grid {
    fn new(judged: &Judged) -> Self {
        let window_us = judged.rollup.plan().window_us;
        let length_us = judged.scope.range.end_us - judged.scope.range.start_us;
        Self {
            start_us: judged.scope.range.start_us,
            window_us,
            count: usize::try_from((length_us + window_us - 1) / window_us).unwrap_or(0),
        }
    }

    fn starts_us(&self) -> Vec<i64> {
        let starts = (0..).map(|index| self.start_us + index * self.window_us);
        starts.take(self.count).collect()
    }

    fn index(&self, start_us: i64) -> Option<usize> {
        let index = (start_us - self.start_us).div_euclid(self.window_us);
        usize::try_from(index)
            .ok()
            .filter(|index| *index < self.count)
    }

    fn per_second(&self, count: u64) -> f64 {
        number(count) / seconds(self.window_us)
    }

    /// Counts of the series that `is_wanted` picks, per window.
    fn counts(
        &self,
        rollup: &Rollup,
        is_wanted: impl Fn(&SeriesKey) -> bool,
    ) -> Result<Vec<u64>, Failure> {
        let mut counts = vec![0; self.count];
        for window in rollup.select(is_wanted)?.counts()? {
            if let Some(index) = self.index(window.start_us) {
                counts[index] += window.count;
            }
        }
        Ok(counts)
    }
}

fn is_error(series: &SeriesKey) -> bool {
    is_counted(series) && (series.status == 0 || series.status == 429 || series.status >= 500)
}

/// Requests cut off at the end of a rehearsal say nothing about the target.
fn is_counted(series: &SeriesKey) -> bool {
    series.error != "cancelled"
}

fn line(name: &str, values: Vec<Option<f64>>) -> Series {
    Series {
        name: name.to_owned(),
        style: SeriesStyle::Line,
        values,
    }
}

fn load_chart(judged: &Judged, grid: &Grid) -> Result<Chart, Failure> {
    let due = grid.counts(&judged.rollup, |_| true)?;
    let rates: Vec<_> = due
        .iter()
        .map(|count| Some(grid.per_second(*count)))
        .collect();
    let peak = due.iter().copied().max().unwrap_or(0);
    let mut series = Vec::new();
    if let Some(run) = &judged.run {
        let of_seconds = |counts: &[u64]| -> Vec<Option<f64>> {
            let padded = counts.iter().copied().chain(std::iter::repeat(0));
            padded
                .take(grid.count)
                .map(|count| Some(number(count)))
                .collect()
        };
        series.push(Series {
            name: "requests answered".to_owned(),
            style: SeriesStyle::Area,
            values: of_seconds(&run.answered_per_s),
        });
        series.push(line("requests due", rates));
        series.push(line("shoppers arriving", of_seconds(&run.arrivals_per_s)));
    } else {
        series.push(Series {
            name: "requests".to_owned(),
            style: SeriesStyle::Area,
            values: rates,
        });
    }
    Ok(Chart {
        title: "Load".to_owned(),
        unit: Unit::PerSecond,
        scale: Scale::Linear,
        series,
        limits: Vec::new(),
        message: format!(
            "{} requests in all, at most {} per second.",
            text::count(total(&judged.rollup)),
            text::count(peak * 1_000_000 / grid.window_us.unsigned_abs())
        ),
    })
}

fn total(rollup: &Rollup) -> u64 {
    let all = rollup.select(|_| true);
    all.and_then(|selection| selection.count()).unwrap_or(0)
}

fn sli_chart(series: &SliSeries, grid: &Grid) -> Chart {
    let mut values = vec![None; grid.count];
    let mut windows = series.windows.iter().peekable();
    while let Some(window) = windows.next() {
        let next_us = windows.peek().map_or(i64::MAX, |next| next.start_us);
        let indexes = (0..grid.count).skip(grid.index(window.start_us).unwrap_or(grid.count));
        for index in indexes {
            if grid.start_us + i64::try_from(index).unwrap_or(0) * grid.window_us >= next_us {
                break;
            }
            values[index] = window.value;
        }
    }
    let unit = unit(series.unit);
    // A share close to 1 is a flat line; what is missing from 1 can be seen.
    let is_share = series.unit == sli::Unit::Share;
    let shown = |value: f64| if is_share { 1.0 - value } else { value };
    let values: Vec<Option<f64>> = values.into_iter().map(|value| value.map(shown)).collect();
    let limits = series.levels.iter().map(|level| Limit {
        label: format!(
            "{} {}",
            level.level,
            text::quantity(shown(level.value), unit)
        ),
        level: level.level.to_string(),
        value: shown(level.value),
        crossed_us: level.crossed_us.clone(),
    });
    let title = if is_share {
        format!("{}: share that was not", series.title)
    } else {
        series.title.clone()
    };
    let crossed = series
        .levels
        .iter()
        .rfind(|level| !level.crossed_us.is_empty());
    let message = match (crossed, series.value) {
        (Some(level), _) => format!(
            "{} crossed its {} level for {}.",
            series.title,
            level.level,
            text::duration(seconds(level.total_us()))
        ),
        (None, Some(value)) => {
            format!(
                "{}: {} over the whole range, no level crossed.",
                series.title,
                text::quantity(value, unit)
            )
        }
        (None, None) => format!("{}: not enough data.", series.title),
    };
    Chart {
        scale: scale(series.unit, &values),
        series: vec![line(&title, values)],
        title,
        unit,
        limits: limits.collect(),
        message,
    }
}

fn scale(unit: sli::Unit, values: &[Option<f64>]) -> Scale {
    let known = values
        .iter()
        .flatten()
        .copied()
        .filter(|value| *value > 0.0);
    let low = known.clone().fold(f64::INFINITY, f64::min);
    let high = known.fold(0.0, f64::max);
    if unit == sli::Unit::Microseconds && high > low * LOG_SCALE_FACTOR {
        Scale::Log
    } else {
        Scale::Linear
    }
}

fn percentile_chart(judged: &Judged, grid: &Grid) -> Result<Chart, Failure> {
    const QUANTILES: [(f64, &str); 3] = [(0.5, "p50"), (0.95, "p95"), (0.99, "p99")];
    let mut values = QUANTILES.map(|_| vec![None; grid.count]);
    let mut histogram = crate::latency_buckets::LatencyHistogram::new();
    for (start_us, cells) in judged.rollup.select(is_counted)?.buckets()? {
        let Some(index) = grid.index(start_us) else {
            continue;
        };
        histogram.clear();
        for (bucket, count) in cells {
            histogram.record_bucket(bucket, count);
        }
        for (values, (quantile, _)) in values.iter_mut().zip(QUANTILES) {
            values[index] = histogram.quantile_us(quantile).map(number);
        }
    }
    let scale = scale(sli::Unit::Microseconds, &values.concat());
    let is_known = values[0].iter().any(Option::is_some);
    let series = values.into_iter().zip(QUANTILES);
    Ok(Chart {
        title: "Response time of all requests".to_owned(),
        unit: Unit::Microseconds,
        scale,
        series: series
            .map(|(values, (_, name))| line(name, values))
            .collect(),
        limits: Vec::new(),
        message: if is_known {
            "Median, 95th and 99th percentile of the response time of all requests.".to_owned()
        } else {
            "These logs carry no durations.".to_owned()
        },
    })
}

fn error_chart(judged: &Judged, grid: &Grid) -> Result<Chart, Failure> {
    let all = grid.counts(&judged.rollup, is_counted)?;
    let statuses: BTreeSet<u16> = judged
        .rollup
        .series()
        .iter()
        .filter(|series| is_error(series))
        .map(|series| series.status)
        .collect();
    let mut lines = Vec::new();
    let mut error_count = 0;
    for status in statuses {
        let errors = grid.counts(&judged.rollup, |series| {
            is_error(series) && series.status == status
        })?;
        error_count += errors.iter().sum::<u64>();
        let shares = errors.iter().zip(&all);
        let shares = shares.map(|(errors, all)| (*all > 0).then(|| number(*errors) / number(*all)));
        lines.push(line(&status_name(status), shares.collect()));
    }
    if lines.is_empty() {
        let none = all.iter().map(|all| (*all > 0).then_some(0.0)).collect();
        lines.push(line("errors", none));
    }
    Ok(Chart {
        title: "Errors: 5xx, 429 and no answer".to_owned(),
        unit: Unit::Share,
        scale: Scale::Linear,
        series: lines,
        limits: Vec::new(),
        message: format!("{} requests ended in an error.", text::count(error_count)),
    })
}

fn status_name(status: u16) -> String {
    match status {
        0 => "no answer".to_owned(),
        status => status.to_string(),
    }
}

fn funnel(judged: &Judged) -> Result<Vec<FunnelStep>, Failure> {
    let steps = judged.set.funnel.iter().map(|step| {
        Ok(FunnelStep {
            name: step.title.clone(),
            count: judged
                .rollup
                .select(|series| step.event.covers(series))?
                .count()?,
            unit: "requests".to_owned(),
            expected_share: None,
        })
    });
    steps.collect()
}

fn routes(judged: &Judged) -> Result<Vec<RouteRow>, Failure> {
    let names: BTreeSet<(&str, &str)> = judged
        .rollup
        .series()
        .iter()
        .map(|series| (series.method.as_str(), series.route.as_str()))
        .collect();
    let length_s = judged.scope.range.length_s();
    let mut rows = Vec::new();
    for (method, route) in names {
        let is_route = |series: &SeriesKey| {
            is_counted(series) && series.method == method && series.route == route
        };
        let selection = judged.rollup.select(is_route)?;
        let latencies = selection.latencies()?;
        let mut errors: BTreeMap<u16, u64> = BTreeMap::new();
        let statuses: BTreeSet<u16> = judged
            .rollup
            .series()
            .iter()
            .filter(|series| is_route(series) && is_error(series))
            .map(|series| series.status)
            .collect();
        for status in statuses {
            let with_status = judged
                .rollup
                .select(|series| is_route(series) && series.status == status)?;
            errors.insert(status, with_status.count()?);
        }
        let requests = selection.count()?;
        rows.push(RouteRow {
            method: method.to_owned(),
            route: route.to_owned(),
            requests,
            rate_per_s: number(requests) / length_s,
            p50_us: latencies.quantile_us(0.5),
            p95_us: latencies.quantile_us(0.95),
            p99_us: latencies.quantile_us(0.99),
            errors: errors.values().sum(),
            errors_by_status: errors_by_status(errors),
        });
    }
    rows.sort_by(|a, b| {
        b.requests
            .cmp(&a.requests)
            .then_with(|| a.route.cmp(&b.route))
    });
    Ok(rows)
}

fn errors_by_status(errors: BTreeMap<u16, u64>) -> String {
    let mut errors: Vec<(u16, u64)> = errors.into_iter().collect();
    errors.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let words = errors
        .into_iter()
        .map(|(status, count)| format!("{} × {}", status_name(status), text::count(count)));
    words.collect::<Vec<_>>().join(", ")
}

fn unknowns(judged: &Judged) -> Result<Vec<String>, Failure> {
    let mut unknowns = Vec::new();
    for series in &judged.series {
        if series.state == SliState::NotEnoughData {
            unknowns.push(format!(
                "{}: {} requests are too few to judge it.",
                series.title,
                text::count(series.count)
            ));
        }
    }
    let all = judged.rollup.select(is_counted)?;
    let with_latency: u64 = all
        .counts_with_latency()?
        .iter()
        .map(|window| window.count)
        .sum();
    let without = all.count()? - with_latency;
    if without > 0 {
        unknowns.push(format!(
            "{} requests carry no duration.",
            text::count(without)
        ));
    }
    if judged.rejected > 0 {
        unknowns.push(format!(
            "{} lines of the logs in this lake were not understood; they are kept in `rejects/`.",
            text::count(judged.rejected)
        ));
    }
    if let Some(run) = &judged.run {
        unknowns.extend(run_unknowns(run));
    }
    Ok(unknowns)
}

fn run_unknowns(run: &RunFacts) -> Vec<String> {
    let mut unknowns = Vec::new();
    if run.cut > 0 {
        unknowns.push(format!(
            "{} shoppers were still in the shop at the end and were cut off; how their journeys would have ended is not known.",
            text::count(run.cut)
        ));
    }
    if run.records_lost > 0 {
        unknowns.push(format!(
            "{} requests were made but not recorded.",
            text::count(run.records_lost)
        ));
    }
    unknowns
}

fn method(judged: &Judged) -> Vec<MethodNote> {
    let note = |title: &str, text: &str| MethodNote {
        title: title.to_owned(),
        text: text.to_owned(),
        verbatim: false,
    };
    let verbatim = |title: String, text: &str| MethodNote {
        title,
        text: text.to_owned(),
        verbatim: true,
    };
    let mut notes = vec![
        note(
            "Percentiles",
            "Nearest rank, from HdrHistogram buckets of three significant digits: at most 0.1 % above the exact value. Counts are added, percentiles never averaged. Shares within a latency limit are counted exactly.",
        ),
        note(
            "Intervals",
            "95 %: Wilson's score for shares, order statistics for percentiles, the square-root transform of the Poisson distribution for rates.",
        ),
        note(
            "States",
            "Missed: a contact level was crossed for as long as it must last, or the objective of the whole range was missed. Too few requests are never green.",
        ),
    ];
    if let Some(run) = &judged.run {
        notes.push(note(
            "Response time",
            "From when a request was due by the schedule to the last byte of its body, so a slow target cannot hide the waiting of those behind it (coordinated omission). Service time begins when the request was really sent.",
        ));
        notes.push(verbatim("To repeat it".to_owned(), &run.command));
        notes.push(verbatim(
            format!("Scenario, sha256 {}", run.scenario_sha256),
            &run.scenario_text,
        ));
    }
    notes.push(verbatim(
        format!("SLI set, sha256 {}", judged.set.sha256),
        &judged.set.text,
    ));
    notes.push(note(
        "Version",
        concat!("firedrill ", env!("CARGO_PKG_VERSION")),
    ));
    notes
}
