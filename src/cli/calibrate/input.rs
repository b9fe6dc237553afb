//! What a calibration looks at, gathered from the lake and the export.
//!
//! In: arguments, the lake, the export. Out: one grid of windows with SLIs, sessions and contacts. SLIs come
//! from the same code that judges reports, of customers only: simulated shoppers and probes call nobody.

use std::collections::HashSet;

use indicatif::ProgressBar;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::export::{ExportFormat, ExportScope, TicketKeys, tickets};
use super::exposure::{Grid, OutageStretch, attempted};
use super::link::{LinkCounts, linked};
use super::reasons::{ReasonCount, reasons};
use super::visits::{Visits, VisitsAsked, is_graded, visits};
use crate::annotations::AnnotationKind;
use crate::cli::arguments::{CalibrateArguments, OriginChoice, RangeArguments};
use crate::cli::customers::is_person;
use crate::cli::exit_code::Failure;
use crate::cli::range::{self, Judged};
use crate::cli::{definitions, range::whole_seconds};
use crate::declared_files::choices_hint;
use crate::lake::Lake;
use crate::request_record::Origin;
use crate::sli::{Measure, SliPlan, SliSeries, SliSetPlan, Unit};
use crate::support::tickets::{Account, Tickets};
use crate::support::{
    CalibrationInput, Direction, Exposure, ExposureUnit, KnownDriver, SliInput, WindowCounts,
};
use crate::time_window::{TimeWindow, now_us, parse_week, rfc3339, zone};

/// From this share of requests on that nobody can be told for, sessions say too little.
const UNATTRIBUTED_SHARE_MAX: f64 = 0.5;

/// Everything that a calibration is made from, and what is said of it.
pub struct Gathered {
    /// What is learned from.
    pub input: CalibrationInput,
    /// Name of the SLI set.
    pub set_name: String,
    /// What became of every row of the export.
    pub account: Account,
    /// How many tickets the lake knows.
    pub links: LinkCounts,
    /// Contacts by reason.
    pub reasons: Vec<ReasonCount>,
    /// Stretches in which expected sessions stand for counted ones.
    pub outages: Vec<OutageStretch>,
    /// SLIs that are not looked at.
    pub left_out: Vec<LeftOut>,
    /// Why no ticket can be found in the lake, if so.
    pub unlinked_because: Option<String>,
}

/// An SLI of the set that is not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Its name.
    pub sli: String,
    /// Why not.
    pub because: &'static str,
}

/// Reads the lake and the export.
pub fn gather(
    arguments: &CalibrateArguments,
    format: &ExportFormat,
    lake: &Lake,
    bar: &ProgressBar,
) -> Result<Gathered, Failure> {
    let set = definitions::sli_set(arguments.weeks.defs.as_deref(), None)?;
    let (chosen, left_out) = chosen(&set, arguments)?;
    let judged = range::judge(&range_arguments(arguments, &set)?, lake)?;
    let grid = Windows::of(&judged);
    let scope = ExportScope {
        range: judged.scope.range,
        zone: judged.zone.clone(),
        newest_us: now_us().max(judged.scope.covered.end_us),
    };
    let keys = TicketKeys::of(lake);
    let tickets = tickets(&arguments.tickets, format, &scope, &keys)?;
    let measures: Vec<&SliPlan> = judged
        .set
        .slis
        .iter()
        .filter(|sli| chosen.contains(&sli.name) && is_graded(sli))
        .collect();
    let visits = read_visits(lake, &keys, &judged, &tickets, &measures, bar)?;
    let (counted, unit) = exposure(&visits, &judged, &grid);
    let names: Vec<String> = measures.iter().map(|sli| sli.name.clone()).collect();
    let (links, linked) = linked(visits, &tickets, &names);
    let attempted = attempted(
        &counted,
        &Grid {
            start_us: grid.start_us,
            window_us: grid.window_us,
            covered: judged.scope.covered,
            zone: &judged.zone,
        },
    );
    let slis = judged.set.slis.iter().zip(&judged.series);
    let slis = slis.filter(|(sli, _)| chosen.contains(&sli.name));
    let slis = slis.map(|(sli, series)| sli_input(sli, series, &judged.set, arguments, grid.count));
    let input = CalibrationInput {
        window_us: grid.window_us,
        start_us: grid.start_us,
        time_zone: judged.zone.clone(),
        exposure: unit,
        windows: window_counts(&attempted.exposures, &tickets, &grid),
        slis: slis.collect(),
        linked,
        drivers: drivers(&judged),
        sli_set_sha256: judged.set.sha256.clone(),
        export_faults: Vec::new(),
    };
    let reasons = reasons(&tickets);
    Ok(Gathered {
        input,
        set_name: judged.set.name.clone(),
        account: tickets.account,
        links,
        reasons,
        outages: attempted.outages,
        left_out,
        unlinked_because: keys.unknown_because,
    })
}

/// The windows of everything.
struct Windows {
    start_us: i64,
    window_us: i64,
    count: usize,
}

impl Windows {
    fn of(judged: &Judged) -> Self {
        let scope = judged.scope;
        Self {
            start_us: scope.first_us(),
            window_us: scope.window_us,
            count: scope.windows(),
        }
    }

    fn index(&self, ts_us: i64) -> Option<usize> {
        let index = usize::try_from((ts_us - self.start_us).div_euclid(self.window_us)).ok()?;
        (index < self.count).then_some(index)
    }
}

/// The range as the code that judges takes it.
fn range_arguments(
    arguments: &CalibrateArguments,
    set: &SliSetPlan,
) -> Result<RangeArguments, Failure> {
    let weeks = &arguments.weeks;
    let window_us = whole_seconds(&weeks.window)?;
    const MINUTE_US: i64 = 60_000_000;
    if !(MINUTE_US..=60 * MINUTE_US).contains(&window_us) || 1_440 * MINUTE_US % window_us != 0 {
        return Err(Failure::usage(format!(
            "--window: `{}` is not 1m to 1h, and a whole fraction of a day (hint: 15m)",
            weeks.window
        )));
    }
    let (mut from, mut to) = (weeks.from.clone(), weeks.to.clone());
    if let Some(text) = &weeks.week {
        let zone = match (&weeks.tz, &set.time_zone) {
            (Some(name), _) => zone(name)?,
            (None, Some(zone)) => zone.clone(),
            (None, None) => TimeZone::UTC,
        };
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let (first, last) = (parse_week(first, &zone)?, parse_week(last, &zone)?);
        let range = TimeWindow::new(first.start_us, last.end_us)?;
        from = Some(rfc3339(range.start_us));
        to = Some(rfc3339(range.end_us));
    }
    Ok(RangeArguments {
        from,
        to,
        week: None,
        run: None,
        origin: Some(OriginChoice::Customer),
        tz: weeks.tz.clone(),
        window: Some(weeks.window.clone()),
        defs: weeks.defs.clone(),
        thresholds: None,
        annotations: weeks.annotations.clone(),
    })
}

/// The SLIs that are learned from, and those that are not.
fn chosen(
    set: &SliSetPlan,
    arguments: &CalibrateArguments,
) -> Result<(HashSet<String>, Vec<LeftOut>), Failure> {
    let known: Vec<&str> = set.slis.iter().map(|sli| sli.name.as_str()).collect();
    for name in arguments.sli.iter().chain(&arguments.unrelated) {
        if !known.contains(&name.as_str()) {
            let hint = choices_hint(name, &known, "SLIs of the set");
            return Err(Failure::usage(format!(
                "unknown SLI `{name}` (hint: {hint})"
            )));
        }
    }
    let mut chosen = HashSet::new();
    let mut left_out = Vec::new();
    for sli in &set.slis {
        let is_named = arguments.sli.is_empty()
            || arguments.sli.contains(&sli.name)
            || arguments.unrelated.contains(&sli.name);
        let because = match (is_named, unfit(&sli.measure)) {
            (false, _) => Some("it was not asked for"),
            (true, unfit) => unfit,
        };
        match because {
            None => {
                chosen.insert(sli.name.clone());
            }
            Some(because) => left_out.push(LeftOut {
                sli: sli.name.clone(),
                because,
            }),
        }
    }
    if chosen.is_empty() {
        return Err(Failure::usage(
            "none of these SLIs can be learned from (hint: ratios, latencies, shares within a limit, Apdex and user-uptime can)",
        ));
    }
    Ok((chosen, left_out))
}

/// Why nothing is learned from an SLI of this kind.
fn unfit(measure: &Measure) -> Option<&'static str> {
    match measure {
        Measure::Rate { .. } => Some("a rate follows the traffic, which is the exposure itself"),
        Measure::Funnel { .. } => Some("a funnel is counted by days"),
        Measure::WindowsGood { .. } => Some("its windows are made of those of another SLI"),
        Measure::Composite { .. } => {
            Some("it is made of other SLIs, which are looked at themselves")
        }
        Measure::Ratio { .. }
        | Measure::Latency { .. }
        | Measure::LatencyCut { .. }
        | Measure::Apdex { .. }
        | Measure::UserUptime { .. } => None,
    }
}

fn read_visits(
    lake: &Lake,
    keys: &TicketKeys,
    judged: &Judged,
    tickets: &Tickets,
    measures: &[&SliPlan],
    bar: &ProgressBar,
) -> Result<Visits, Failure> {
    let all = tickets.tickets.iter();
    let shoppers = all
        .clone()
        .flat_map(|ticket| [ticket.session, ticket.user])
        .flatten();
    let ticket_shoppers: HashSet<i64> = shoppers.collect();
    let ticket_orders: HashSet<i64> = all.filter_map(|ticket| ticket.order).collect();
    let asked = VisitsAsked {
        range: judged.scope.range,
        window_us: judged.scope.window_us,
        measures,
        ticket_shoppers: &ticket_shoppers,
        ticket_orders: &ticket_orders,
        keys,
    };
    let days = (asked.range.end_us - asked.range.start_us).div_euclid(86_400_000_000) + 1;
    bar.inc_length(days.unsigned_abs());
    visits(&lake.reader()?, &asked, |days| bar.inc(days))
}

/// Sessions per window; where shoppers are not told apart, requests of the event by which customers come in.
#[expect(clippy::cast_precision_loss, reason = "counts below 2^53")]
fn exposure(visits: &Visits, judged: &Judged, grid: &Windows) -> (Vec<f64>, ExposureUnit) {
    let is_known = visits.unattributed as f64 <= visits.requests as f64 * UNATTRIBUTED_SHARE_MAX;
    let counted: u64 = visits.sessions.iter().sum();
    if is_known && counted > 0 {
        let sessions = visits.sessions.iter().map(|count| *count as f64);
        return (sessions.collect(), ExposureUnit::Sessions);
    }
    let entry = judged.set.funnel.first().map(|step| &step.event);
    let selected = judged.rollup.select(|series| {
        let is_entry = entry.is_none_or(|event| event.covers(series));
        series.origin == Origin::Customer && is_person(series) && is_entry
    });
    let mut requests = vec![0.0; grid.count];
    for count in selected.counts() {
        if let Some(index) = grid.index(count.start_us) {
            requests[index] += count.count as f64;
        }
    }
    (requests, ExposureUnit::Requests)
}

fn window_counts(exposures: &[Exposure], tickets: &Tickets, grid: &Windows) -> Vec<WindowCounts> {
    let window = |index: usize| {
        let start_us = grid.start_us + i64::try_from(index).unwrap_or(0) * grid.window_us;
        WindowCounts {
            sessions: exposures.get(index).copied().unwrap_or_default(),
            net_contacts: 0,
            gross_contacts: 0,
            is_covered: start_us + grid.window_us > tickets.covered_from_us
                && start_us < tickets.covered_to_us,
        }
    };
    let mut windows: Vec<WindowCounts> = (0..grid.count).map(window).collect();
    for ticket in &tickets.tickets {
        if let Some(index) = grid.index(ticket.created_us) {
            windows[index].gross_contacts += 1;
            windows[index].net_contacts += u64::from(ticket.is_net);
        }
    }
    windows
}

fn sli_input(
    sli: &SliPlan,
    series: &SliSeries,
    set: &SliSetPlan,
    arguments: &CalibrateArguments,
    windows: usize,
) -> SliInput {
    let mut values: Vec<Option<f64>> = series.windows.iter().map(|window| window.value).collect();
    values.resize(windows, None);
    let mut requests: Vec<u64> = series.windows.iter().map(|window| window.count).collect();
    requests.resize(windows, 0);
    // SLIs of the same requests are of the same journey; it is called by the first of them.
    let first = set.slis.iter().find(|other| other.event == sli.event);
    SliInput {
        name: sli.name.clone(),
        title: sli.title.clone(),
        definition_sha256: sli.meaning_sha256.clone(),
        unit: unit_name(sli.unit()).to_owned(),
        direction: direction(sli),
        journey: first.map_or_else(|| sli.name.clone(), |first| first.name.clone()),
        is_negative_control: arguments.unrelated.contains(&sli.name),
        own_contacts: None,
        values,
        requests: Some(requests),
    }
}

/// As threshold files write it.
fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::PerMinute => "per_minute",
        Unit::PerSecond => "per_second",
        Unit::Share => "share",
        Unit::Microseconds => "microseconds",
    }
}

fn direction(sli: &SliPlan) -> Direction {
    match sli.unit() {
        Unit::Microseconds => Direction::HigherIsWorse,
        Unit::Share | Unit::PerMinute | Unit::PerSecond => Direction::LowerIsWorse,
    }
}

/// Campaigns that last, by name.
fn drivers(judged: &Judged) -> Vec<KnownDriver> {
    let mut drivers: Vec<KnownDriver> = Vec::new();
    for annotation in &judged.annotations {
        let Some(until_us) = annotation
            .until_us
            .filter(|_| annotation.kind == AnnotationKind::Campaign)
        else {
            continue;
        };
        let stretch = (annotation.at_us, until_us);
        match drivers
            .iter_mut()
            .find(|driver| driver.name == annotation.label)
        {
            Some(driver) => driver.stretches_us.push(stretch),
            None => drivers.push(KnownDriver {
                name: annotation.label.clone(),
                stretches_us: vec![stretch],
            }),
        }
    }
    drivers
}
