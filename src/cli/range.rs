//! Which part of the lake is judged, and everything that is known of it.

mod against_run;
mod earlier;
mod stretch;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::arguments::{OriginChoice, RangeArguments};
use super::contacts::ContactOutlook;
use super::definitions;
use super::drills::{Drilled, scores};
use super::exit_code::{ExitCode, Failure};
use super::facts::RunFacts;
use super::objectives;
use super::outside::{ExpectedRates, expected_rates, outside};
use super::partners::{PartnerState, partners};
use super::past::Past;
use super::shoppers::{Asked, Followed, shoppers};
use crate::annotations::{Annotation, load_annotations};
use crate::declared_files::DurationText;
use crate::game_day::DrillScore;
use crate::lake::{Lake, LakeReader};
use crate::request_record::Origin;
use crate::rollup::{Dimension, Rollup, RollupPlan, Segments, scan};
use crate::sli::expected::weeks_earlier;
use crate::sli::objective::ObjectiveOutcome;
use crate::sli::{Scope, SliSeries, SliSetPlan, evaluate};
use crate::time_window::{TimeWindow, zone};

pub use against_run::{check_compared, compared_run};
pub use earlier::{Against, Previous};
use earlier::{earlier_run, previous};
use stretch::{Found, is_minutes, scope};
pub use stretch::{minute_at, plain, whole_minutes};

/// Rollup window for a rehearsal: its charts show seconds.
pub const RUN_WINDOW_US: i64 = 1_000_000;

/// A request may be due a little after its run was over by the clock of another machine.
const SLACK_US: i64 = 60_000_000;

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
    /// Why there is nothing to compare with, where something was asked for.
    pub uncompared: Option<String>,
    /// What was done to the shop, sorted by time.
    pub annotations: Vec<Annotation>,
    /// What probes saw of partners while a rehearsal ran.
    pub partners: Vec<PartnerState>,
    /// What came of the drills of a rehearsal.
    pub drills: Vec<DrillScore>,
    /// What became of the objectives of the SLIs that have any, by name.
    pub objectives: BTreeMap<String, Vec<ObjectiveOutcome>>,
    /// Support contacts to come, where somebody asked; see [`foresee`](super::contacts::foresee).
    pub contacts: Option<ContactOutlook>,
    /// What was asked for, for the title.
    pub title: String,
}

/// All of a rehearsal, in the windows of the set.
pub fn run_scope(facts: &RunFacts, set: &SliSetPlan) -> Result<Scope, Failure> {
    scope(&Found::run(facts), set.rehearsal_window_us)
}

/// Every moment at which a request of a rehearsal can have been due; shoppers finish their journeys when
/// nobody arrives any more.
pub fn run_rows(facts: &RunFacts) -> TimeWindow {
    let length_us = facts.length_us.max(facts.judged_us);
    TimeWindow {
        start_us: facts.started_us,
        end_us: facts.started_us + length_us + SLACK_US,
    }
}

/// Reads and judges what the arguments mean.
pub fn judge(arguments: &RangeArguments, lake: &Lake) -> Result<Judged, Failure> {
    judge_against(arguments, Against::Nothing, lake)
}

/// Reads and judges what the arguments mean, beside another range.
pub fn judge_against(
    arguments: &RangeArguments,
    against: Against<'_>,
    lake: &Lake,
) -> Result<Judged, Failure> {
    judge_rows(arguments, against, lake, &lake.reader()?)
}

/// The same of the rows that `reader` has, for whoever asks more of them.
pub fn judge_rows(
    arguments: &RangeArguments,
    against: Against<'_>,
    lake: &Lake,
    reader: &LakeReader,
) -> Result<Judged, Failure> {
    let mut set = sli_set(arguments)?;
    let run = arguments
        .run
        .as_deref()
        .map(|run_id| run_facts(lake, run_id))
        .transpose()?;
    if let Some(run) = &run {
        set.leave_out(&run.not_judged);
    }
    let origin = origin(arguments.origin, run.is_some());
    let window_us = match run {
        Some(_) => set.rehearsal_window_us,
        None => set.window_us,
    };
    let zone = zone_of(arguments.tz.as_deref(), &set)?;
    let segments = match run {
        Some(_) => None,
        None => Some(Segments::refresh(lake, reader)?),
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
            let rows = run.as_ref().map_or(scope.range, run_rows);
            scan(reader, &plan, &Dimension::ALL, rows, |series| {
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
        scope,
        origin,
        run_id: run.as_ref().map(|facts| facts.run_id.as_str()),
    };
    let followed = shoppers(lake, reader, asked, &zone)?;
    let newest_us = segments
        .as_ref()
        .and_then(|segments| segments.extent_us(origin))
        .map(|(_, newest_us)| newest_us);
    let expected = expected_rates(&set, scope, &zone, past.as_ref());
    let visits = Some(&followed.visits);
    let outside = outside(&set, scope, &zone, &expected, visits, newest_us)?;
    let mut series = evaluate(&set, &rollup, scope, &outside)?;
    let objectives = match &segments {
        Some(segments) if is_minutes(scope) => {
            let logs = objectives::Logs {
                lake,
                reader,
                segments,
                newest_us,
            };
            objectives::of_logs(&logs, asked, &zone)?
        }
        _ => objectives::of_series(&set, &series, scope, &zone),
    };
    objectives::put_into(&set, &mut series, &objectives);
    let drills = match &run {
        Some(run) => {
            let drilled = Drilled {
                run,
                set: &set,
                series: &series,
                range: scope.range,
                rollup: &rollup,
            };
            scores(drilled, Some(reader))?
        }
        None => Vec::new(),
    };
    let mut uncompared = None;
    let previous = match (against, &run, &segments) {
        (Against::OtherRun(what), Some(facts), _) => {
            let compared = compared_run(&set, lake, reader, facts, what, &zone)?;
            compared.map_err(|reason| uncompared = Some(reason)).ok()
        }
        (Against::OtherRun(run_id), None, _) => {
            Some(earlier_run(&set, lake, reader, run_id, &zone)?)
        }
        (Against::WeeksEarlier(weeks), _, Some(segments)) if is_minutes(scope) => {
            let earlier = weeks_earlier(scope.range.start_us, weeks, &zone);
            let asked = asked.moved(earlier);
            previous(lake, reader, segments, asked, &zone)?
        }
        (Against::Nothing | Against::WeeksEarlier(_), ..) => None,
    };
    let annotations = match &arguments.annotations {
        Some(path) => load_annotations(path, Some(&zone))?,
        None => Vec::new(),
    };
    let partners = match &run {
        Some(run) => partners(reader, run)?,
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
        uncompared,
        annotations,
        partners,
        drills,
        objectives,
        contacts: None,
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

pub(super) fn run_facts(lake: &Lake, run_id: &str) -> Result<RunFacts, Failure> {
    super::rehearse::check_run_id(run_id)?;
    let Some(json) = lake.read_run(run_id)? else {
        if !lake.run_part_names(run_id)?.is_empty() {
            return Err(Failure::usage(format!(
                "rehearsal `{run_id}` was driven in shards and is not judged yet (hint: `firedrill rehearse --judge {run_id}`)"
            )));
        }
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

/// The set, with the windows and the zone that were asked for in the place of its own.
fn sli_set(arguments: &RangeArguments) -> Result<SliSetPlan, Failure> {
    let mut set = definitions::sli_set(arguments.defs.as_deref(), arguments.thresholds.as_deref())?;
    if let Some(text) = &arguments.window {
        set.ask_windows(whole_seconds(text)?);
    }
    if arguments.tz.is_some() {
        set.ask_zone();
    }
    Ok(set)
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
