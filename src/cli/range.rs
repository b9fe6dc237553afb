//! Which part of the lake is judged, and its rollup.

use super::arguments::{OriginChoice, RangeArguments};
use super::definitions;
use super::exit_code::{ExitCode, Failure};
use super::facts::RunFacts;
use crate::declared_files::DurationText;
use crate::lake::{Lake, LakeReader, RowFilter};
use crate::request_record::Origin;
use crate::rollup::{COLUMNS, Rollup, RollupBuilder, RollupError, RollupPlan};
use crate::sli::{Scope, SliSeries, SliSetPlan, evaluate};
use crate::time_window::{TimeWindow, now_us, parse_time, parse_week, zone};

/// Rollup window for a rehearsal: its charts show seconds.
pub const RUN_WINDOW_US: i64 = 1_000_000;
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
    pub zone: String,
    /// What was asked for, for the title.
    pub title: String,
}

/// Reads and judges what the arguments mean.
pub fn judge(arguments: &RangeArguments, lake: &Lake) -> Result<Judged, Failure> {
    let set = definitions::sli_set(arguments.defs.as_deref(), arguments.thresholds.as_deref())?;
    let reader = lake.reader()?;
    let run = arguments
        .run
        .as_deref()
        .map(|run_id| run_facts(lake, run_id))
        .transpose()?;
    let origin = match arguments.origin {
        Some(OriginChoice::Customer) => Origin::Customer,
        Some(OriginChoice::Probe) => Origin::Probe,
        Some(OriginChoice::Drill) => Origin::Drill,
        None if run.is_some() => Origin::Drill,
        None => Origin::Customer,
    };
    let window_us = window_us(arguments, &set, run.is_some())?;
    let found = match &run {
        Some(facts) => Found::run(facts),
        None => Found::in_lake(arguments, &reader, origin)?,
    };
    let scope = scope(&found, window_us)?;
    let rollup_us = if run.is_some() {
        RUN_WINDOW_US
    } else {
        window_us
    };
    let run_id = run.as_ref().map(|facts| facts.run_id.as_str());
    let filter = LakeFilter {
        window: scope.range,
        origin,
        run_id,
    };
    let rollup = rollup(&reader, RollupPlan::new(rollup_us, set.cuts_us()), &filter)?;
    if rollup.cells().height() == 0 {
        return Err(nothing(arguments, origin));
    }
    let series = evaluate(&set, &rollup, scope)?;
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
        zone: arguments.tz.clone(),
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
        reader: &LakeReader,
        origin: Origin,
    ) -> Result<Self, Failure> {
        let extent = extent_of(reader, origin)?.ok_or_else(|| nothing(arguments, origin))?;
        let zone = zone(&arguments.tz)?;
        if let Some(week) = &arguments.week {
            let wanted = parse_week(week, &zone)?;
            return Ok(Self {
                wanted,
                covered: extent,
                alignment: Alignment::Clock,
            });
        }
        let now_us = now_us();
        let bound = |text: &Option<String>, default_us: i64| match text {
            Some(text) => parse_time(text, &zone, now_us),
            None => Ok(default_us),
        };
        let start_us = bound(&arguments.from, extent.start_us)?;
        let end_us = bound(&arguments.to, extent.end_us.max(start_us + 1))?;
        Ok(Self {
            wanted: TimeWindow::new(start_us, end_us)?,
            covered: extent,
            alignment: Alignment::Clock,
        })
    }
}

/// Where the lake has requests of this origin.
fn extent_of(reader: &LakeReader, origin: Origin) -> Result<Option<TimeWindow>, Failure> {
    let mut extent: Option<(i64, i64)> = None;
    reader.for_each_batch(&COLUMNS[..2], RowFilter::default(), |batch| {
        if let Some((low, high)) = crate::rollup::extent_of_origin(batch, origin)? {
            let (from, to) = extent.unwrap_or((low, high));
            extent = Some((from.min(low), to.max(high)));
        }
        Ok::<(), RollupError>(())
    })?;
    Ok(extent.map(|(low, high)| TimeWindow {
        start_us: low,
        end_us: high + 1,
    }))
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

struct LakeFilter<'a> {
    window: TimeWindow,
    origin: Origin,
    run_id: Option<&'a str>,
}

fn rollup(
    reader: &LakeReader,
    plan: RollupPlan,
    filter: &LakeFilter<'_>,
) -> Result<Rollup, Failure> {
    let mut builder = RollupBuilder::new(plan);
    let window = filter.window;
    let rows = RowFilter {
        window: Some(window),
    };
    reader.for_each_batch(&COLUMNS, rows, |batch| {
        builder.add_batch(
            batch,
            |ts_us| window.contains(ts_us),
            |series| {
                series.origin == filter.origin
                    && filter.run_id.is_none_or(|run_id| run_id == series.run_id)
            },
        )
    })?;
    Ok(builder.finish()?)
}
