//! A calibration in sentences that a support manager understands.

use super::evidence::minutes;
use super::unit;
use crate::report::{Unit, text};
use crate::support::{
    Calibration, Direction, Lag, LearnedLevel, LevelRule, Refusal, SliFit, Status, TimelinePoint,
};
use crate::time_window::seconds;

/// The one paragraph.
pub fn paragraph(calibration: &Calibration, best: Option<&SliFit>) -> String {
    let Some((fit, level)) = best.and_then(|fit| Some((fit, main_level(fit)?))) else {
        return refused(calibration);
    };
    let counts = calibration.counts;
    let mut sentences = vec![
        format!("{}.", calls_words(fit, level)),
        format!(
            "The level lies between {} (90 %).",
            between(level.contact.ci90, unit(&fit.unit))
        ),
        format!(
            "It was learned from {} contacts and {} sessions on {} days, with {} separate stretches beyond that level.",
            text::count(counts.net_contacts),
            text::estimate(counts.sessions),
            text::count(counts.days),
            text::count(fit.episodes)
        ),
    ];
    sentences.extend(held_out(fit));
    sentences.extend(fit.levels.iter().filter_map(|level| desk(fit, level)));
    if fit.status == Status::Provisional {
        sentences.push(
            "It is provisional: with fewer than 15 such stretches it may still move.".to_owned(),
        );
    }
    let others = calibration.slis.iter().filter(|other| {
        other.name != fit.name && other.status != Status::Refused && !other.levels.is_empty()
    });
    sentences.extend(match others.count() {
        0 => None,
        1 => Some("One more SLI has a level of its own, below.".to_owned()),
        count => Some(format!(
            "{count} more SLIs have levels of their own, below."
        )),
    });
    sentences.join(" ")
}

/// The level of contacts at a multiple, where it was seen.
fn main_level(fit: &SliFit) -> Option<&LearnedLevel> {
    let mut levels = fit.levels.iter();
    levels.find(|level| matches!(level.rule, LevelRule::Multiple(_)) && !level.is_beyond_observed)
}

/// e.g. `When Checkouts answered well fall below 98.4 %, so more than 1.6 of 100 are not, customers call
/// twice as often as when nothing is wrong`.
fn calls_words(fit: &SliFit, level: &LearnedLevel) -> String {
    let value = level.contact.value;
    let unit = unit(&fit.unit);
    let interval = Some(level.contact.ci90);
    let crossing = match fit.direction {
        Direction::HigherIsWorse => "rises above",
        Direction::LowerIsWorse => "falls below",
    };
    let of_100 = match (fit.direction, unit) {
        (Direction::LowerIsWorse, Unit::Share) => format!(
            ", so that more than {} of 100 are not good,",
            text::number(((1.0 - value) * 1e6).round() / 1e4)
        ),
        _ => ",".to_owned(),
    };
    format!(
        "When “{}” {crossing} {}{of_100} customers call {} as often as when nothing is wrong",
        fit.title,
        text::quantity_within(value, unit, interval, &[]),
        times(level.rule)
    )
}

fn times(rule: LevelRule) -> String {
    match rule {
        LevelRule::Multiple(multiple) if (multiple - 2.0).abs() < 1e-9 => "twice".to_owned(),
        LevelRule::Multiple(multiple) => format!("{} times", text::number(multiple)),
        LevelRule::ExcessPer1000(_) | LevelRule::Capacity { .. } => "more".to_owned(),
    }
}

fn between([low, high]: [f64; 2], unit: Unit) -> String {
    text::interval([low, high], unit).replace(" to ", " and ")
}

/// What an alarm at the level was worth on weeks that the fit had not seen.
fn held_out(fit: &SliFit) -> Option<String> {
    let holdout = fit.evidence.holdout.as_ref()?;
    let recall = holdout.recall?;
    let lead = holdout
        .lead_minutes_median
        .map_or_else(String::new, |lead| {
            format!(", {} before it began (median)", minutes(lead))
        });
    Some(format!(
        "On weeks that the fit had not seen it told {} of the surges of calls{lead}, with {} false alarms a week.",
        text::quantity(recall, Unit::Share),
        text::number(holdout.false_alarms_per_week)
    ))
}

fn desk(fit: &SliFit, level: &LearnedLevel) -> Option<String> {
    let LevelRule::Capacity {
        sessions_per_hour, ..
    } = level.rule
    else {
        return None;
    };
    let side = match fit.direction {
        Direction::HigherIsWorse => "above",
        Direction::LowerIsWorse => "below",
    };
    let sessions = text::estimate(sessions_per_hour);
    Some(match level.is_beyond_observed {
        true => format!(
            "At {sessions} sessions an hour nothing that was observed fills the support desk."
        ),
        false => format!(
            "At {sessions} sessions an hour the support desk is full {side} {}.",
            text::quantity_within(
                level.contact.value,
                unit(&fit.unit),
                Some(level.contact.ci90),
                &[]
            )
        ),
    })
}

fn refused(calibration: &Calibration) -> String {
    let all = calibration.refused_because.iter();
    let own = calibration.slis.iter().flat_map(|fit| &fit.refused_because);
    let reasons: Vec<&Refusal> = match calibration.refused_because.is_empty() {
        true => own.collect(),
        false => all.collect(),
    };
    let Some(first) = reasons.first() else {
        return "No level can be given: no SLI was looked at.".to_owned();
    };
    let more = match reasons.len() - 1 {
        0 => String::new(),
        1 => " One more reason stands below.".to_owned(),
        count => format!(" {count} more reasons stand below."),
    };
    format!(
        "It cannot be said yet at which level customers call: {}. What would help: {}.{more}",
        first.reason.trim_end_matches('.'),
        first.cure.trim_end_matches('.')
    )
}

/// What was found about one SLI.
pub fn sli(fit: &SliFit) -> String {
    if let Some(level) = main_level(fit).filter(|_| fit.status != Status::Refused) {
        return format!("{}.", calls_words(fit, level));
    }
    let reasons = fit
        .refused_because
        .iter()
        .map(|refusal| refusal.reason.trim_end_matches('.'));
    let reasons: Vec<&str> = reasons.collect();
    match reasons.is_empty() {
        true => "No level was found in what was observed.".to_owned(),
        false => format!("No level is given: {}.", reasons.join("; ")),
    }
}

/// By which rule a level is one.
pub fn rule(rule: LevelRule) -> String {
    match rule {
        LevelRule::Multiple(multiple) => {
            format!("contacts at {} × the quiet rate", text::number(multiple))
        }
        LevelRule::ExcessPer1000(excess) => {
            format!("{} more contacts per 1,000 sessions", text::number(excess))
        }
        LevelRule::Capacity {
            sessions_per_hour,
            spare_contacts_per_hour,
        } => format!(
            "{} more contacts an hour, at {} sessions an hour",
            text::estimate(spare_contacts_per_hour),
            text::estimate(sessions_per_hour)
        ),
    }
}

/// The message of the dose–response picture.
pub fn dose(fit: &SliFit) -> String {
    let unit = unit(&fit.unit);
    let quiet = fit.quiet_rate.map_or(0.0, |rate| rate.value * 1_000.0);
    let flat = fit.onset.map_or_else(String::new, |onset| {
        format!(
            "Up to {} contacts stay at the quiet rate. ",
            text::quantity_within(onset.value, unit, Some(onset.ci90), &[])
        )
    });
    let worst = fit.band.last().map_or_else(String::new, |worst| {
        format!(
            "At {}, the worst that was observed, there are {} contacts per 1,000 sessions, {} times as many as the {} when nothing is wrong.",
            text::quantity(worst.value, unit),
            text::number(worst.ratio * quiet),
            text::number(worst.ratio),
            text::number(quiet)
        )
    });
    flat + &worst
}

/// The message of the lag kernel.
pub fn lag(lag: &Lag, window_min: f64) -> String {
    let mut sum = 0.0;
    let half = lag.weights.iter().take_while(|weight| {
        sum += **weight;
        sum < 0.5
    });
    let windows = (0_u32..).zip(half).count();
    let half_min = window_min * (u32::try_from(windows).map_or(f64::NAN, f64::from) + 1.0);
    // What was seen has no interval.
    let [low, high] = lag.mean_minutes.ci90;
    let how = match lag.is_from_linked {
        true => ", seen ticket by ticket".to_owned(),
        false => format!(
            " ({} to {}, 90 %), fitted to the counts",
            minutes(low),
            minutes(high)
        ),
    };
    format!(
        "Half of the contacts come within {}; the mean is {}{how}.",
        minutes(half_min),
        minutes(lag.mean_minutes.value)
    )
}

/// The message of the timeline.
pub fn timeline(points: &[TimelinePoint]) -> String {
    let real: u64 = points.iter().map(|point| point.real).sum();
    let predicted: f64 = points.iter().map(|point| point.predicted).sum();
    let quiet: f64 = points.iter().map(|point| point.quiet).sum();
    format!(
        "{} contacts were predicted and {} came; when nothing is wrong it would have been {}.",
        text::estimate(predicted),
        text::count(real),
        text::estimate(quiet)
    )
}

/// How it was computed.
pub fn method(calibration: &Calibration) -> String {
    format!(
        "Contacts per window of {} are negative binomial with the sessions as exposure, with an hour-of-week season, \
         a delay from the experience to the contact, and a curve that never falls as the SLI gets worse. \
         Its shape was chosen on weeks that the fit had not seen; intervals are of {} resamples of whole days. \
         The warn level is the end of the interval on the harmless side, the contact level the estimate. \
         A level must last {} to count.",
        text::duration(seconds(calibration.window_us)),
        text::count(u64::from(calibration.resamples)),
        text::duration(seconds(calibration.lasting_us))
    )
}
