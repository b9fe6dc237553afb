//! The stretch of time that is judged: what was asked for, and where the lake has data.

use jiff::tz::TimeZone;

use super::nothing;
use crate::cli::arguments::{RangeArguments, RollupArguments};
use crate::cli::exit_code::Failure;
use crate::cli::facts::RunFacts;
use crate::cli::fit::check_fit;
use crate::lake::LakeReader;
use crate::request_record::Origin;
use crate::sli::{Alignment, Scope};
use crate::time_window::{TimeWindow, now_us, parse_time, parse_week, zone};

/// Windows of the rollups that are kept, µs.
const MINUTE_US: i64 = 60_000_000;
/// The most windows in one result; a year of minutes is 525,600.
const WINDOWS_MAX: i64 = 2_000_000;

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

/// The same in whole minutes, as counts that are kept have them; of what the lake has, `extent_us`.
/// An age is a rough word, and the minute around it is taken.
pub fn whole_minutes(
    arguments: &RollupArguments,
    extent_us: Option<(i64, i64)>,
) -> Result<TimeWindow, Failure> {
    let zone = zone(&arguments.tz)?;
    let (low, high) = extent_us.unwrap_or((0, 0));
    if let Some(week) = &arguments.week {
        return Ok(parse_week(week, &zone)?);
    }
    let start_us = match &arguments.from {
        Some(text) => minute_at(text, "--from", &zone)? * MINUTE_US,
        None => low.div_euclid(MINUTE_US) * MINUTE_US,
    };
    let end_us = match &arguments.to {
        Some(text) => minute_at(text, "--to", &zone)? * MINUTE_US,
        None => (high.max(start_us).div_euclid(MINUTE_US) + 1) * MINUTE_US,
    };
    Ok(TimeWindow::new(start_us, end_us)?)
}

/// The minute (since 1970) at which a text of `option` points.
pub fn minute_at(text: &str, option: &str, zone: &TimeZone) -> Result<i64, Failure> {
    let ts_us = parse_time(text, zone, now_us())?;
    if ts_us % MINUTE_US != 0 && !text.starts_with('-') {
        return Err(Failure::usage(format!(
            "{option}: `{text}` is no whole minute, which is what engines count (hint: leave out the seconds)"
        )));
    }
    Ok(ts_us.div_euclid(MINUTE_US))
}

/// What is wanted, and where there can be data.
#[derive(Clone, Copy)]
pub struct Found {
    wanted: TimeWindow,
    covered: TimeWindow,
    alignment: Alignment,
}

impl Found {
    /// All of a rehearsal.
    pub fn run(facts: &RunFacts) -> Self {
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

    /// What the arguments say, or all that the lake has.
    pub fn in_lake(
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
pub fn is_minutes(scope: Scope) -> bool {
    scope.window_us % MINUTE_US == 0 && scope.range.start_us % MINUTE_US == 0
}

/// What is found, in windows of this length.
pub fn scope(found: &Found, window_us: i64) -> Result<Scope, Failure> {
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
        alignment: found.alignment,
    })
}
