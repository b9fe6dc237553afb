//! Which part of the lake is judged, and everything that is known of it.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::arguments::{OriginChoice, RangeArguments, RollupArguments};
use super::changes::Side;
use super::definitions;
use super::exit_code::{ExitCode, Failure};
use super::facts::RunFacts;
use super::fit::check_fit;
use super::maintenance::maintenance;
use super::objectives;
use super::outside::{ExpectedRates, expected_rates, outside};
use super::past::{LAST_YEAR_WEEKS, Past};
use super::shoppers::{Asked, Followed, shoppers};
use crate::annotations::{Annotation, load_annotations};
use crate::declared_files::DurationText;
use crate::lake::{Lake, LakeReader};
use crate::request_record::Origin;
use crate::rollup::{Dimension, Rollup, RollupPlan, Segments, scan};
use crate::sli::expected::weeks_earlier;
use crate::sli::objective::ObjectiveOutcome;
use crate::sli::{Outside, Scope, SliSeries, SliSetPlan, evaluate};
use crate::time_window::{TimeWindow, now_us, parse_time, parse_week, zone};

/// Rollup window for a rehearsal: its charts show seconds.
pub const RUN_WINDOW_US: i64 = 1_000_000;
/// Windows of the rollups that are kept, µs.
const MINUTE_US: i64 = 60_000_000;
/// The most windows in one result; a year of minutes is 525,600.
const WINDOWS_MAX: i64 = 2_000_000;

/// Everything that a report or an SLI table is made of.
#[derive(Debug)]
pub struct Judged {
    /// By what it was judged.
    pub set: SliSetPlan,
    /// What was judged.
    pub scope: Scope,
    /// Its counts.
    pub rollup: Rollup,
    /// Its SLIs.
    pub series: Vec<SliSeries>,
    /// Facts of the rehearsal, if it is one.
    pub run: Option<RunFacts>,
    /// Whose requests.
    pub origin: Origin,
    /// Lines that were rejected in the whole lake.
    pub rejected: u64,
    /// Zone of days and weeks.
    pub zone: TimeZone,
    /// What only a pass over shoppers tells.
    pub followed: Followed,
    /// Traffic before the range; `None` for a rehearsal.
    pub past: Option<Past>,
    /// What was expected of rates.
    pub expected: ExpectedRates,
    /// The same range a week earlier; `None` for a rehearsal, or where the lake has none of it.
    pub previous: Option<Previous>,
    /// What was done to the shop, sorted by time.
    pub annotations: Vec<Annotation>,
    /// What became of the objectives of the SLIs that have any, by name.
    pub objectives: BTreeMap<String, Vec<ObjectiveOutcome>>,
    /// What was asked for, for the title.
    pub title: String,
}

/// A range that this one is compared with.
#[derive(Debug)]
pub struct Previous {
    /// What was judged.
    pub scope: Scope,
    /// Its counts.
    pub rollup: Rollup,
    /// Its SLIs, of which those by shopper have no values.
    pub series: Vec<SliSeries>,
}

impl Previous {
    /// All of it.
    pub fn side(&self) -> Side<'_> {
        Side {
            series: &self.series,
            rollup: &self.rollup,
            stretch: self.scope.range,
            window_us: self.scope.window_us,
        }
    }
}

/// Reads and judges what the arguments mean.
pub fn judge(arguments: &RangeArguments, lake: &Lake) -> Result<Judged, Failure> {
    judge_against(arguments, Against::Nothing, lake)
}

/// With what a range is compared.
#[derive(Debug, Clone, Copy)]
pub enum Against<'a> {
    /// Nothing: only a report compares.
    Nothing,
    /// The same local times so many weeks earlier.
    WeeksEarlier(u32),
    /// A rehearsal.
    Run(&'a str),
}

impl<'a> Against<'a> {
    /// What `--compare` means.
    pub fn from_text(text: Option<&'a str>) -> Self {
        match text {
            None | Some("previous") => Against::WeeksEarlier(1),
            Some("last-year") => Against::WeeksEarlier(LAST_YEAR_WEEKS),
            Some(run_id) => Against::Run(run_id),
        }
    }
}

/// Reads and judges what the arguments mean, beside another range.
pub fn judge_against(
    arguments: &RangeArguments,
    against: Against<'_>,
    lake: &Lake,
) -> Result<Judged, Failure> {
    let set = definitions::sli_set(arguments.defs.as_deref(), arguments.thresholds.as_deref())?;
    let reader = lake.reader()?;
    let run = arguments
        .run
        .as_deref()
        .map(|run_id| run_facts(lake, run_id))
        .transpose()?;
    let origin = origin(arguments.origin, run.is_some());
    let window_us = window_us(arguments, &set, run.is_some())?;
    let zone = zone_of(arguments.tz.as_deref(), &set)?;
    let segments = match run {
        Some(_) => None,
        None => Some(Segments::refresh(lake, &reader)?),
    };
    let found = match (&run, &segments) {
        (Some(facts), _) => Found::run(facts),
        (None, segments) => {
            let extent = segments
                .as_ref()
                .and_then(|segments| segments.extent_us(origin));
            Found::in_lake(arguments, extent, origin, &zone, window_us)?
        }
    };
    let scope = scope(&found, window_us)?;
    let cuts_us = set.cuts_us();
    let rollup = match &segments {
        Some(segments) if is_minutes(scope) => {
            let plan = RollupPlan::new(window_us, cuts_us);
            segments.rollup(plan, scope.range, |series| series.origin == origin)?
        }
        _ => {
            let plan = RollupPlan::new(run.as_ref().map_or(window_us, |_| RUN_WINDOW_US), cuts_us);
            let run_id = run.as_ref().map(|facts| facts.run_id.as_str());
            scan(&reader, &plan, &Dimension::ALL, scope.range, |series| {
                series.origin == origin && run_id.is_none_or(|run_id| run_id == series.run_id)
            })?
        }
    };
    if rollup.is_empty() {
        return Err(nothing(arguments, origin));
    }
    let past = match &segments {
        Some(segments) => Some(Past::read(segments, origin, scope.range, &set, &zone)?),
        None => None,
    };
    let asked = Asked {
        set: &set,
        range: scope.range,
        origin,
        run_id: run.as_ref().map(|facts| facts.run_id.as_str()),
        window_us,
    };
    let followed = shoppers(lake, &reader, asked, &zone)?;
    let newest_us = segments
        .as_ref()
        .and_then(|segments| segments.extent_us(origin))
        .map(|(_, newest_us)| newest_us);
    let expected = expected_rates(&set, scope, &zone, past.as_ref());
    let outside = outside(&set, scope, &zone, &expected, &followed.visits, newest_us)?;
    let mut series = evaluate(&set, &rollup, scope, &outside)?;
    let objectives = match &segments {
        Some(segments) if is_minutes(scope) => {
            objectives::of_logs(&set, segments, origin, scope, &zone, newest_us)?
        }
        _ => objectives::of_series(&set, &series, scope, &zone),
    };
    objectives::put_into(&set, &mut series, &objectives);
    let previous = match (against, &segments) {
        (Against::Run(run_id), _) => Some(earlier_run(&set, lake, &reader, run_id)?),
        (Against::WeeksEarlier(weeks), Some(segments)) if is_minutes(scope) => {
            let earlier = weeks_earlier(scope.range.start_us, weeks, &zone);
            previous(&set, segments, origin, scope, earlier, &zone)?
        }
        (Against::Nothing | Against::WeeksEarlier(_), _) => None,
    };
    let annotations = match &arguments.annotations {
        Some(path) => load_annotations(path, Some(&zone))?,
        None => Vec::new(),
    };
    let rejected = reader
        .ledger()
        .iter()
        .map(|(_, state)| state.rejected)
        .sum();
    Ok(Judged {
        set,
        scope,
        rollup,
        series,
        run,
        origin,
        rejected,
        zone,
        followed,
        past,
        expected,
        previous,
        annotations,
        objectives,
        title: title(arguments),
    })
}

fn title(arguments: &RangeArguments) -> String {
    if let Some(week) = &arguments.week {
        return format!("Week {week}");
    }
    if let Some(run) = &arguments.run {
        return format!("Rehearsal {run}");
    }
    "Service levels".to_owned()
}

fn nothing(arguments: &RangeArguments, origin: Origin) -> Failure {
    let hint = match (&arguments.run, arguments.origin) {
        (None, None) => {
            " (hint: `firedrill lake info` says what is in it; rehearsals need `--run ID`)"
        }
        _ => " (hint: `firedrill lake info` says what is in it)",
    };
    Failure::new(
        ExitCode::Input,
        format!("the lake has no requests of origin `{origin}` in that range{hint}"),
    )
}

fn run_facts(lake: &Lake, run_id: &str) -> Result<RunFacts, Failure> {
    super::rehearse::check_run_id(run_id)?;
    let Some(json) = lake.read_run(run_id)? else {
        let known = lake.run_ids()?;
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        let hint = if names.is_empty() {
            "there is none in this lake".to_owned()
        } else {
            crate::declared_files::choices_hint(run_id, &names, "rehearsals in this lake")
        };
        return Err(Failure::usage(format!(
            "unknown rehearsal `{run_id}` (hint: {hint})"
        )));
    };
    Ok(serde_json::from_str(&json)?)
}

fn window_us(arguments: &RangeArguments, set: &SliSetPlan, is_run: bool) -> Result<i64, Failure> {
    let Some(text) = &arguments.window else {
        return Ok(if is_run {
            set.rehearsal_window_us
        } else {
            set.window_us
        });
    };
    whole_seconds(text)
}

/// The length of a window that a user wrote, µs.
pub fn whole_seconds(text: &str) -> Result<i64, Failure> {
    let window: DurationText = text
        .parse()
        .map_err(|error| Failure::usage(format!("--window: {error}")))?;
    let window_us = i64::try_from(window.as_us()).unwrap_or(i64::MAX);
    if window_us < 1_000_000 || window_us % 1_000_000 != 0 {
        return Err(Failure::usage(format!(
            "--window: `{text}` is not a whole number of seconds (hint: write `5s` or `1m`)"
        )));
    }
    Ok(window_us)
}

/// The zone of days and weeks: what was asked for, or that of the set.
fn zone_of(asked: Option<&str>, set: &SliSetPlan) -> Result<TimeZone, Failure> {
    match (asked, &set.time_zone) {
        (Some(name), _) => Ok(zone(name)?),
        (None, Some(zone)) => Ok(zone.clone()),
        (None, None) => Ok(TimeZone::UTC),
    }
}

/// Whose requests are meant: those of customers, of a rehearsal its own.
pub fn origin(choice: Option<OriginChoice>, is_run: bool) -> Origin {
    match choice {
        Some(OriginChoice::Customer) => Origin::Customer,
        Some(OriginChoice::Probe) => Origin::Probe,
        Some(OriginChoice::Drill) => Origin::Drill,
        None if is_run => Origin::Drill,
        None => Origin::Customer,
    }
}

/// The stretch of time of `rollup`: what was asked for, or all that the lake has.
pub fn plain(arguments: &RollupArguments, reader: &LakeReader) -> Result<TimeWindow, Failure> {
    let zone = zone(&arguments.tz)?;
    if let Some(week) = &arguments.week {
        return Ok(parse_week(week, &zone)?);
    }
    let now_us = now_us();
    let (low, high) = reader.extent_us()?.unwrap_or((0, 0));
    let bound = |text: &Option<String>, default_us: i64| match text {
        Some(text) => parse_time(text, &zone, now_us),
        None => Ok(default_us),
    };
    let start_us = bound(&arguments.from, low)?;
    Ok(TimeWindow::new(
        start_us,
        bound(&arguments.to, high.max(start_us) + 1)?,
    )?)
}

/// What is wanted, and where there can be data.
#[derive(Clone, Copy)]
struct Found {
    wanted: TimeWindow,
    covered: TimeWindow,
    alignment: Alignment,
}

/// Where windows begin.
#[derive(Clone, Copy)]
enum Alignment {
    /// At the start of the range: a rehearsal.
    Start,
    /// At whole multiples of their length: logs.
    Clock,
}

impl Found {
    fn run(facts: &RunFacts) -> Self {
        let window = TimeWindow {
            start_us: facts.started_us,
            end_us: facts.started_us + facts.judged_us.max(1),
        };
        Self {
            wanted: window,
            covered: window,
            alignment: Alignment::Start,
        }
    }

    fn in_lake(
        arguments: &RangeArguments,
        extent_us: Option<(i64, i64)>,
        origin: Origin,
        zone: &TimeZone,
        window_us: i64,
    ) -> Result<Self, Failure> {
        let (low, high) = extent_us.ok_or_else(|| nothing(arguments, origin))?;
        let extent = covered(low, high, window_us);
        if let Some(week) = &arguments.week {
            let wanted = parse_week(week, zone)?;
            check_fit(&[wanted.start_us, wanted.end_us], window_us)?;
            return Ok(Self {
                wanted,
                covered: extent,
                alignment: Alignment::Clock,
            });
        }
        let now_us = now_us();
        let bound = |text: &Option<String>, default_us: i64| match text {
            Some(text) => parse_time(text, zone, now_us),
            None => Ok(default_us),
        };
        let start_us = bound(&arguments.from, extent.start_us)?;
        let end_us = bound(&arguments.to, extent.end_us.max(start_us + 1))?;
        let wanted = TimeWindow::new(start_us, end_us)?;
        // An age is a rough word, and windows are added around it; a time is meant as it stands.
        let is_time =
            |text: &Option<String>| text.as_ref().is_some_and(|text| !text.starts_with('-'));
        let named = [(&arguments.from, start_us), (&arguments.to, end_us)];
        let named = named.iter().filter(|(text, _)| is_time(text));
        let named: Vec<i64> = named.map(|(_, ts_us)| *ts_us).collect();
        check_fit(&named, window_us)?;
        Ok(Self {
            wanted,
            covered: extent,
            alignment: Alignment::Clock,
        })
    }
}

/// A rehearsal that another one is compared with.
fn earlier_run(
    set: &SliSetPlan,
    lake: &Lake,
    reader: &LakeReader,
    run_id: &str,
) -> Result<Previous, Failure> {
    let facts = run_facts(lake, run_id)?;
    let found = Found::run(&facts);
    let scope = scope(&found, set.rehearsal_window_us)?;
    let plan = RollupPlan::new(RUN_WINDOW_US, set.cuts_us());
    let rollup = scan(reader, &plan, &Dimension::ALL, scope.range, |series| {
        series.origin == Origin::Drill && series.run_id == run_id
    })?;
    let series = evaluate(set, &rollup, scope, &Outside::default())?;
    Ok(Previous {
        scope,
        rollup,
        series,
    })
}

/// As long a stretch from an earlier moment; `None` where the lake has nothing of it.
fn previous(
    set: &SliSetPlan,
    segments: &Segments<'_>,
    origin: Origin,
    scope: Scope,
    start_us: i64,
    zone: &TimeZone,
) -> Result<Option<Previous>, Failure> {
    let start_us = start_us.div_euclid(scope.window_us) * scope.window_us;
    let range = TimeWindow {
        start_us,
        end_us: start_us + (scope.range.end_us - scope.range.start_us),
    };
    let plan = RollupPlan::new(scope.window_us, set.cuts_us());
    let rollup = segments.rollup(plan, range, |series| series.origin == origin)?;
    if rollup.is_empty() {
        return Ok(None);
    }
    let scope = Scope { range, ..scope };
    let outside = Outside {
        excluded: maintenance(set, zone, range)?,
        ..Outside::default()
    };
    let series = evaluate(set, &rollup, scope, &outside)?;
    Ok(Some(Previous {
        scope,
        rollup,
        series,
    }))
}

/// Where there is data. Of windows longer than a minute a missing part of a minute at either end is
/// no reason to leave out the whole window.
fn covered(low_us: i64, high_us: i64, window_us: i64) -> TimeWindow {
    if window_us <= MINUTE_US {
        return TimeWindow {
            start_us: low_us,
            end_us: high_us + 1,
        };
    }
    TimeWindow {
        start_us: low_us.div_euclid(MINUTE_US) * MINUTE_US,
        end_us: (high_us.div_euclid(MINUTE_US) + 1) * MINUTE_US,
    }
}

/// Whether kept rollups, which have minutes, can answer.
fn is_minutes(scope: Scope) -> bool {
    scope.window_us % MINUTE_US == 0 && scope.range.start_us % MINUTE_US == 0
}

fn scope(found: &Found, window_us: i64) -> Result<Scope, Failure> {
    let Found {
        wanted, covered, ..
    } = *found;
    let start_us = match found.alignment {
        Alignment::Start => wanted.start_us,
        Alignment::Clock => wanted.start_us.div_euclid(window_us) * window_us,
    };
    let windows = (wanted.end_us - start_us + window_us - 1) / window_us;
    if windows > WINDOWS_MAX {
        return Err(Failure::usage(format!(
            "{windows} windows are more than {WINDOWS_MAX} (hint: a shorter range, or a longer --window)"
        )));
    }
    Ok(Scope {
        range: TimeWindow {
            start_us,
            end_us: start_us + windows * window_us,
        },
        covered,
        window_us,
    })
}
