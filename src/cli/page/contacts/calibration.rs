//! From a calibration to its page: one paragraph for a support manager, then the evidence.
//!
//! In: a [`Calibration`], and what became of the ticket export. Out: a [`CalibrationPage`], or its file.
//! Rates are shown per 1,000 sessions; the calibration has them as multiples of the quiet rate.

mod evidence;
mod sentences;

use std::path::Path;

use jiff::tz::TimeZone;

use crate::cli::exit_code::Failure;
use crate::cli::report::write_text;
use crate::report::{
    BadSide, CalibratedLevel, CalibratedSli, CalibrationGroup, CalibrationOutcome, CalibrationPage,
    Chart, DoseBin, DosePoint, DoseResponse, Fact, LagKernel, LagPoint, MethodNote, RefusalRow,
    Scale, Series, SeriesStyle, Timeline, Unit, text, write_calibration_html,
    write_calibration_markdown,
};
use crate::support::{
    Calibration, Direction, Lag, LearnedLevel, LevelRule, Refusal, SliFit, Status, TimelinePoint,
};
use crate::time_window::{seconds, zone};

/// The most windows of the timeline.
const WINDOWS_MAX: usize = 20_000;

/// What a page is made of besides the calibration.
pub struct CalibrationSource<'a> {
    /// The calibration.
    pub calibration: &'a Calibration,
    /// Name of the SLI set.
    pub set_name: &'a str,
    /// What became of the rows of the ticket export.
    pub tickets: Vec<Fact>,
    /// The command that does it again.
    pub command: String,
}

/// The page of a calibration.
pub fn calibration_page(source: CalibrationSource<'_>) -> CalibrationPage {
    let calibration = source.calibration;
    let zone = zone(&calibration.time_zone).unwrap_or(TimeZone::UTC);
    let mut fits: Vec<&SliFit> = calibration.slis.iter().collect();
    fits.sort_by_key(|fit| (fit.status, fit.levels.is_empty()));
    let best = evidence::best(calibration);
    CalibrationPage {
        title: format!("When customers call: {}", source.set_name),
        outcome: outcome(calibration.status),
        sentence: sentences::paragraph(calibration, best),
        facts: evidence::facts(calibration, &zone),
        refusals: refusals(calibration),
        slis: fits.into_iter().map(|fit| sli(calibration, fit)).collect(),
        groups: groups(calibration),
        controls: evidence::controls(calibration),
        held_out: best.map_or_else(Vec::new, evidence::held_out),
        timeline: timeline(calibration),
        tickets: source.tickets,
        unknowns: evidence::unknowns(calibration),
        method: method(calibration, source.command),
    }
}

/// Writes the page as the ending of the file says; a half-written one never has its name.
///
/// # Errors
/// When the ending is none of `.html`, `.md` and `.json`, or the file cannot be written.
pub fn write_calibration(page: &CalibrationPage, path: &Path) -> Result<(), Failure> {
    check_calibration_kind(path)?;
    let text = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => serde_json::to_string_pretty(page)?,
        Some("md") => write_calibration_markdown(page),
        _ => write_calibration_html(page),
    };
    write_text(path, &text)
}

/// Refuses a file whose ending names no kind of page.
pub fn check_calibration_kind(path: &Path) -> Result<(), Failure> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "md" | "json") => Ok(()),
        _ => Err(Failure::usage(format!(
            "`{}`: the report of a calibration is written as .html, .md or .json (hint: --report calibration.html)",
            path.display()
        ))),
    }
}

fn outcome(status: Status) -> CalibrationOutcome {
    match status {
        Status::Firm => CalibrationOutcome::Firm,
        Status::Provisional => CalibrationOutcome::Provisional,
        Status::Refused => CalibrationOutcome::Refused,
    }
}

fn refusals(calibration: &Calibration) -> Vec<RefusalRow> {
    let row = |what: &str, refusal: &Refusal| RefusalRow {
        what: what.to_owned(),
        reason: refusal.reason.clone(),
        cure: refusal.cure.clone(),
    };
    let all = calibration
        .refused_because
        .iter()
        .map(|refusal| row("", refusal));
    let own = calibration.slis.iter().flat_map(|fit| {
        fit.refused_because
            .iter()
            .map(move |refusal| row(&fit.title, refusal))
    });
    all.chain(own).collect()
}

fn sli(calibration: &Calibration, fit: &SliFit) -> CalibratedSli {
    CalibratedSli {
        name: fit.name.clone(),
        title: fit.title.clone(),
        unit: unit(&fit.unit),
        bad: bad(fit.direction),
        outcome: outcome(fit.status),
        sentence: sentences::sli(fit),
        levels: fit
            .levels
            .iter()
            .flat_map(|level| levels(level, fit))
            .collect(),
        dose: dose(fit),
        lag: fit
            .lag
            .as_ref()
            .map(|lag| kernel(lag, calibration.window_us)),
        evidence: evidence::of_sli(fit),
    }
}

/// The unit that `sli --json` names.
fn unit(name: &str) -> Unit {
    match name {
        "share" => Unit::Share,
        "microseconds" => Unit::Microseconds,
        "per_minute" => Unit::PerMinute,
        "per_second" => Unit::PerSecond,
        _ => Unit::Count,
    }
}

fn bad(direction: Direction) -> BadSide {
    match direction {
        Direction::HigherIsWorse => BadSide::Above,
        Direction::LowerIsWorse => BadSide::Below,
    }
}

/// The level of a rule; of contacts at a multiple, which thresholds apply, also the one before it.
fn levels(level: &LearnedLevel, fit: &SliFit) -> Vec<CalibratedLevel> {
    let known = |value: f64| (!level.is_beyond_observed).then_some(value);
    let contact = CalibratedLevel {
        level: match level.rule {
            LevelRule::Multiple(_) => "contact",
            LevelRule::ExcessPer1000(_) => "excess",
            LevelRule::Capacity { .. } => "desk full",
        }
        .to_owned(),
        rule: sentences::rule(level.rule),
        value: known(level.contact.value),
        interval: known(0.0).map(|_| level.contact.ci90),
    };
    let warn = CalibratedLevel {
        level: "warn".to_owned(),
        rule: format!("the end of the interval at which {} is milder", fit.title),
        value: known(level.warn),
        interval: None,
    };
    match level.rule {
        LevelRule::Multiple(_) => vec![warn, contact],
        LevelRule::ExcessPer1000(_) | LevelRule::Capacity { .. } => vec![contact],
    }
}

fn dose(fit: &SliFit) -> Option<DoseResponse> {
    let quiet_rate = fit.quiet_rate?.value * 1_000.0;
    if fit.band.is_empty() {
        return None;
    }
    let level = fit
        .levels
        .iter()
        .find(|level| matches!(level.rule, LevelRule::Multiple(_)));
    let level = level.filter(|level| !level.is_beyond_observed);
    let scaled = |bounds: [f64; 2]| Some(bounds.map(|bound| bound * quiet_rate));
    let curve = fit.band.iter().map(|point| DosePoint {
        value: point.value,
        rate: point.ratio * quiet_rate,
        band: scaled(point.ci90),
    });
    let bins = fit.dose_response.iter().map(|point| DoseBin {
        value: point.value,
        rate: point.ratio * quiet_rate,
        interval: scaled(point.ci90),
        windows: point.windows,
        contacts: point.contacts,
    });
    Some(DoseResponse {
        message: sentences::dose(fit),
        curve: curve.collect(),
        bins: bins.collect(),
        quiet_rate,
        level: level.map(|level| level.contact.value),
        level_interval: level.map(|level| level.contact.ci90),
    })
}

fn kernel(lag: &Lag, window_us: i64) -> LagKernel {
    let window_min = seconds(window_us) / 60.0;
    let last = lag
        .weights
        .iter()
        .rposition(|weight| *weight >= 0.001)
        .unwrap_or(0);
    let points = lag
        .weights
        .iter()
        .take(last + 1)
        .scan(0.0, |after_min, share| {
            let point = LagPoint {
                after_min: *after_min,
                share: *share,
            };
            *after_min += window_min;
            Some(point)
        });
    LagKernel {
        message: sentences::lag(lag, window_min),
        points: points.collect(),
        mean_min: lag.mean_minutes.value,
        mean_interval_min: Some(lag.mean_minutes.ci90),
    }
}

fn groups(calibration: &Calibration) -> Vec<CalibrationGroup> {
    let title = |name: &String| {
        let mut fits = calibration.slis.iter();
        fits.find(|fit| fit.name == *name)
            .map_or_else(|| name.clone(), |fit| fit.title.clone())
    };
    let groups = calibration.groups.iter().map(|group| CalibrationGroup {
        titles: group.slis.iter().map(title).collect(),
        proxy: title(&group.proxy),
        reason: format!(
            "Largest rank correlation {}, variance inflation {}.",
            text::number(group.spearman_max),
            text::number(group.vif_max)
        ),
    });
    groups.collect()
}

/// Windows in which nothing was held out are gaps.
fn timeline(calibration: &Calibration) -> Timeline {
    let points = &calibration.timeline;
    let first_us = points.first().map_or(0, |point| point.start_us);
    let window_us = calibration.window_us.max(1);
    let index = |point: &TimelinePoint| {
        usize::try_from((point.start_us - first_us) / window_us).unwrap_or(0)
    };
    let count = points
        .last()
        .map_or(0, |point| index(point) + 1)
        .min(WINDOWS_MAX);
    let mut at: Vec<Option<&TimelinePoint>> = vec![None; count];
    for point in points {
        if let Some(place) = at.get_mut(index(point)) {
            *place = Some(point);
        }
    }
    let series = |name: &str, style, value: &dyn Fn(&TimelinePoint) -> f64| Series {
        name: name.to_owned(),
        style,
        values: at.iter().map(|point| point.map(value)).collect(),
    };
    let starts = (0_i64..)
        .take(count)
        .map(|index| first_us + index * window_us);
    let chart = Chart {
        title: "Contacts per window where the fit had not looked".to_owned(),
        unit: Unit::Count,
        scale: Scale::Linear,
        series: vec![
            series("90 % interval, low", SeriesStyle::Band, &|point| {
                point.interval90[0]
            }),
            series("90 % interval, high", SeriesStyle::Band, &|point| {
                point.interval90[1]
            }),
            series("predicted", SeriesStyle::Line, &|point| point.predicted),
            series("real", SeriesStyle::Line, &|point| {
                evidence::count(point.real)
            }),
            series("when nothing is wrong", SeriesStyle::Line, &|point| {
                point.quiet
            }),
        ],
        limits: Vec::new(),
        message: sentences::timeline(points),
    };
    Timeline {
        starts_us: starts.collect(),
        zone: calibration.time_zone.clone(),
        relative: false,
        charts: match count {
            0 => Vec::new(),
            _ => vec![chart],
        },
        marks: Vec::new(),
    }
}

fn method(calibration: &Calibration, command: String) -> Vec<MethodNote> {
    let note = |title: &str, text: String, verbatim| MethodNote {
        title: title.to_owned(),
        text,
        verbatim,
    };
    vec![
        note("What was fitted", sentences::method(calibration), false),
        note("Command to repeat it", command, true),
        note(
            "SHA-256 of the SLI set",
            calibration.sli_set_sha256.clone(),
            true,
        ),
    ]
}

#[cfg(test)]
mod tests;
