//! Facts, evidence and controls of a calibration, as names and values.

use jiff::tz::TimeZone;

use crate::report::{ControlRow, Fact, State, Unit, text};
use crate::support::{
    Calibration, Control, ControlKind, Holdout, Shape, SliFit, Split, Status, Tier,
};
use crate::time_window::seconds;

/// The SLI that the paragraph is about: of those with a level the firmest, then the one that told most
/// where the fit had not looked, then the first.
pub fn best(calibration: &Calibration) -> Option<&SliFit> {
    let skill = |fit: &SliFit| {
        fit.evidence
            .holdout
            .as_ref()
            .map_or(f64::NEG_INFINITY, |holdout| holdout.deviance_skill)
    };
    let fits = calibration.slis.iter();
    let fits = fits.filter(|fit| fit.status != Status::Refused && !fit.levels.is_empty());
    fits.reduce(|best, fit| {
        let is_firmer = fit.status < best.status;
        let is_as_firm = fit.status == best.status;
        match is_firmer || (is_as_firm && skill(fit) > skill(best)) {
            true => fit,
            false => best,
        }
    })
}

/// Weeks, contacts, sessions and so on.
pub fn facts(calibration: &Calibration, zone: &TimeZone) -> Vec<Fact> {
    let counts = calibration.counts;
    let day = |us: i64| {
        let date = text::date(us, zone);
        date.split(' ').next().unwrap_or_default().to_owned()
    };
    // The end is exclusive.
    let weeks = format!(
        "{} to {}",
        day(calibration.from_us),
        day(calibration.to_us - 1)
    );
    vec![
        fact(
            "Learned from",
            format!("{weeks}, {}", calibration.time_zone),
        ),
        fact("Days that could be used", text::count(counts.days)),
        fact(
            "Contacts",
            format!(
                "{} net, {} as they came",
                text::count(counts.net_contacts),
                text::count(counts.gross_contacts)
            ),
        ),
        fact("Sessions", text::estimate(counts.sessions)),
        fact(
            "Windows",
            format!(
                "{} of {} of {}",
                text::count(counts.usable_windows),
                text::count(counts.windows),
                text::duration(seconds(calibration.window_us))
            ),
        ),
        fact("Holds until", day(calibration.expires_us)),
        fact(
            "Draws",
            format!(
                "{} resamples of days, seed {}",
                text::count(u64::from(calibration.resamples)),
                calibration.seed
            ),
        ),
    ]
}

/// How good predictions were where the fit had not looked.
pub fn held_out(fit: &SliFit) -> Vec<Fact> {
    let Some(holdout) = &fit.evidence.holdout else {
        return Vec::new();
    };
    let mut facts = vec![
        fact("SLI", fit.title.clone()),
        fact(
            "Held out",
            match holdout.split {
                Split::Forward => "the last fifth of the weeks",
                Split::FiveFold => "five stretches in turn, because the last fifth had no episode",
            },
        ),
        fact(
            "Windows",
            format!(
                "{} with {} episodes",
                text::count(holdout.windows),
                text::count(holdout.episodes)
            ),
        ),
    ];
    facts.extend(alarm_facts(holdout));
    facts.push(fact(
        "Better than the season alone",
        share(holdout.deviance_skill),
    ));
    facts.push(fact(
        "Brier score of surges",
        format!(
            "{} (season alone {})",
            text::number(holdout.brier),
            text::number(holdout.brier_seasonal)
        ),
    ));
    facts.push(fact(
        "Inside of the 90 % interval",
        format!("{} of the windows", share(holdout.coverage90)),
    ));
    facts
}

fn alarm_facts(holdout: &Holdout) -> Vec<Fact> {
    let known = |value: Option<f64>, what: &str| value.map_or_else(|| what.to_owned(), share);
    let lead = match (holdout.lead_minutes_median, holdout.lead_minutes_min) {
        (Some(median), Some(least)) => {
            format!(
                "{} before (median), {} at least",
                minutes(median),
                minutes(least)
            )
        }
        (Some(median), None) => format!("{} before (median)", minutes(median)),
        (None, _) => "not known".to_owned(),
    };
    vec![
        fact(
            "Alarms that met a surge of calls",
            known(holdout.precision, "there was no alarm"),
        ),
        fact(
            "Surges with an alarm",
            known(holdout.recall, "there was no surge"),
        ),
        fact(
            "False alarms",
            format!("{} a week", text::number(holdout.false_alarms_per_week)),
        ),
        fact("Alarm to surge", lead),
    ]
}

/// What speaks for one SLI; of one that nothing was fitted to, only what its test and its sessions said.
pub fn of_sli(fit: &SliFit) -> Vec<Fact> {
    let fitted = [
        fact(
            "Learned",
            match fit.tier {
                Tier::Linked => "session by session",
                Tier::Aggregate => "window by window",
            },
        ),
        fact("Episodes", text::count(fit.episodes)),
        fact("Net contacts", text::count(fit.net_contacts)),
    ];
    let mut facts: Vec<Fact> = match fit.net_contacts {
        0 => Vec::new(),
        _ => fitted.into(),
    };
    let chosen = fit.shapes.iter().find(|shape| shape.is_chosen);
    facts.extend(chosen.map(|shape| fact("Shape", shape_word(shape.shape))));
    let figures = [
        ("q-value", fit.evidence.q_value),
        ("Rank correlation", fit.evidence.spearman),
    ];
    let figures = figures
        .into_iter()
        .filter_map(|(name, value)| Some(fact(name, text::number(value?))));
    facts.extend(figures);
    if let Some(holdout) = &fit.evidence.holdout {
        facts.push(fact(
            "Better than the season alone",
            share(holdout.deviance_skill),
        ));
    }
    facts.extend(fit.linked.iter().map(|linked| {
        fact(
            "Session by session",
            format!(
                "{} of {} sessions called within {}; a session that was well calls in {} of cases",
                text::count(linked.contacts),
                text::count(linked.sessions),
                text::duration(seconds(linked.horizon_us)),
                share(linked.quiet_rate.value)
            ),
        )
    }));
    facts
}

/// The shape as a word.
pub fn shape_word(shape: Shape) -> &'static str {
    match shape {
        Shape::Hinge => "flat, then straight",
        Shape::Isotonic => "steps",
        Shape::Linear => "straight",
    }
}

/// What should have no effect, SLI by SLI.
pub fn controls(calibration: &Calibration) -> Vec<ControlRow> {
    let all = calibration.slis.iter().flat_map(|fit| {
        fit.evidence
            .controls
            .iter()
            .map(move |control| control_row(fit, control))
    });
    let mut rows: Vec<ControlRow> = all.collect();
    rows.sort_by_key(|row| row.state);
    rows
}

fn control_row(fit: &SliFit, control: &Control) -> ControlRow {
    let kind = match control.kind {
        ControlKind::FutureSli => "hours later",
        ControlKind::ShuffledWeeks => "of other weeks at the same hour",
        ControlKind::UnrelatedJourney => "which has nothing to do with contacts",
    };
    ControlRow {
        title: format!("{}, {kind}", fit.title),
        state: match control.passed {
            true => State::Met,
            false => State::Missed,
        },
        found: control.finding.clone(),
    }
}

/// What the page cannot know.
pub fn unknowns(calibration: &Calibration) -> Vec<String> {
    let expected = calibration.counts.expected_exposure_windows;
    let mut unknowns = calibration.notes.clone();
    unknowns.extend((expected > 0).then(|| {
        format!(
            "In {} windows sessions were not counted, because they fall in an outage; what is usual at that hour stands for them.",
            text::count(expected)
        )
    }));
    unknowns.push(
        "It says what goes together with contacts, not what brings them about: another change at the same hours looks the same."
            .to_owned(),
    );
    unknowns
}

/// A length of time given in minutes.
pub fn minutes(minutes: f64) -> String {
    text::duration(minutes * 60.0)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "contacts of a window are below 2^53"
)]
pub fn count(count: u64) -> f64 {
    count as f64
}

fn share(share: f64) -> String {
    text::quantity(share, Unit::Share)
}

fn fact(name: &str, value: impl Into<String>) -> Fact {
    Fact {
        name: name.to_owned(),
        value: value.into(),
    }
}
