//! The rules by which levels are refused, each with its reason and what would cure it.
//!
//! In: figures of a calibration. Out: refusals in words. A refusal is a result: it says that nobody can
//! know the level from these data, and which data would tell.

use super::calibration::{Calibration, Counts, Refusal, RefusalRule, SliFit, Status};
use super::input::CalibrationInput;
use super::levels::width;

/// Fewer episodes give no level.
pub const EPISODES_MIN: u64 = 6;
/// Fewer episodes give a provisional level.
pub const EPISODES_FIRM: u64 = 15;
/// Fewer net contacts give no level.
pub const CONTACTS_MIN: u64 = 200;
/// Fewer days give no level.
pub const DAYS_MIN: u64 = 14;
/// The interval is at most so many times as wide as its near bound.
pub const WIDTH_MAX: f64 = 3.0;
/// So many draws have their level within what was seen.
const WITHIN_MIN: f64 = 0.95;
/// So many windows must be usable.
const USABLE_MIN: f64 = 0.5;

pub(super) fn refusal(rule: RefusalRule, reason: String, cure: impl Into<String>) -> Refusal {
    Refusal {
        rule,
        reason,
        cure: cure.into(),
    }
}

/// What refuses all SLIs.
pub(super) fn of_input(input: &CalibrationInput, counts: &Counts) -> Vec<Refusal> {
    let mut found: Vec<Refusal> = input
        .export_faults
        .iter()
        .filter(|fault| fault.refuses)
        .map(|fault| {
            refusal(
                RefusalRule::Export,
                fault.reason.clone(),
                fault.cure.clone(),
            )
        })
        .collect();
    if counts.net_contacts < CONTACTS_MIN {
        found.push(refusal(
            RefusalRule::TooFewContacts,
            format!(
                "{} net contacts, and {CONTACTS_MIN} are needed",
                counts.net_contacts
            ),
            "export tickets of more weeks or of all channels",
        ));
    }
    if counts.days < DAYS_MIN {
        found.push(refusal(
            RefusalRule::TooFewDays,
            format!("{} usable days, and {DAYS_MIN} are needed", counts.days),
            "ingest logs and export tickets of the same, longer stretch of time",
        ));
    }
    let usable = counts.usable_windows as f64 / (counts.windows as f64).max(1.0);
    if usable < USABLE_MIN {
        found.push(refusal(
            RefusalRule::NoExposure,
            format!(
                "only {} of {} windows have sessions and tickets",
                counts.usable_windows, counts.windows
            ),
            "ingest the logs of the weeks that the ticket export covers",
        ));
    }
    found
}

/// What refuses a fitted SLI. `harmless` is the best value there is, `edge` the mildest value at which
/// a level may lie, `per_week` its episodes per week.
pub(super) fn of_fit(fit: &SliFit, harmless: f64, edge: f64, weeks: f64) -> Vec<Refusal> {
    let mut found = Vec::new();
    if fit.episodes < EPISODES_MIN {
        found.push(too_few_episodes(fit.episodes, weeks));
    }
    found.extend(of_level(fit, harmless, edge));
    if let Some(holdout) = fit
        .evidence
        .holdout
        .as_ref()
        .filter(|holdout| holdout.deviance_skill <= 0.0)
    {
        found.push(refusal(
            RefusalRule::NoSkill,
            format!(
                "on {} windows that it had not seen it predicts no better than the season (skill {:.2})",
                holdout.windows, holdout.deviance_skill
            ),
            "wait for more episodes; look for what moves contacts that no SLI sees",
        ));
    }
    for control in fit
        .evidence
        .controls
        .iter()
        .filter(|control| !control.passed)
    {
        found.push(refusal(
            RefusalRule::FailedControl,
            format!("what should have no effect has one: {}", control.finding),
            "look for campaigns or releases that moved both, and name them as known drivers",
        ));
    }
    found
}

fn too_few_episodes(episodes: u64, weeks: f64) -> Refusal {
    let rate = episodes as f64 / weeks.max(f64::MIN_POSITIVE);
    let wait = (EPISODES_MIN - episodes) as f64 / rate;
    let cure = if wait.is_finite() && wait < 104.0 {
        format!(
            "take more weeks; at this rate {:.0} more are enough",
            wait.ceil()
        )
    } else {
        "take weeks in which the SLI was bad at times".to_owned()
    };
    refusal(
        RefusalRule::TooFewEpisodes,
        format!("{episodes} independent episodes beyond the level, and {EPISODES_MIN} are needed"),
        cure,
    )
}

fn of_level(fit: &SliFit, harmless: f64, edge: f64) -> Option<Refusal> {
    let Some(level) = fit.levels.first() else {
        return Some(refusal(
            RefusalRule::NoEffect,
            "contacts never reach the level, however bad the SLI was".to_owned(),
            "ask for a lower multiple, or take weeks with worse episodes",
        ));
    };
    let contact = level.contact;
    if level.is_beyond_observed || level.within_observed_share < WITHIN_MIN {
        return Some(refusal(
            RefusalRule::EdgeOfData,
            format!(
                "the level lies at the worst values seen: within them in {:.0} % of the resamples",
                100.0 * level.within_observed_share
            ),
            "ask for a lower multiple, or take weeks with worse episodes",
        ));
    }
    if !fit.direction.is_at_least(contact.value, edge) {
        return Some(refusal(
            RefusalRule::EdgeOfData,
            "the level lies among the best values seen".to_owned(),
            "ask for a higher multiple; check the direction of the SLI",
        ));
    }
    let width = width(contact.ci90, harmless);
    (width > WIDTH_MAX).then(|| {
        refusal(
            RefusalRule::WideInterval,
            format!(
                "the interval of the level is {:.1}× wide, and {WIDTH_MAX}× is the most",
                width.min(999.0)
            ),
            "take more weeks: episodes narrow it, tickets alone do not",
        )
    })
}

/// Firm, provisional or refused, by refusals and episodes.
pub(super) fn status(refused_because: &[Refusal], episodes: u64) -> Status {
    if !refused_because.is_empty() {
        Status::Refused
    } else if episodes < EPISODES_FIRM {
        Status::Provisional
    } else {
        Status::Firm
    }
}

/// The status of all: that of the best SLI.
pub(super) fn overall(calibration: &mut Calibration) {
    let best = calibration.slis.iter().map(|sli| sli.status).min();
    calibration.status = best.unwrap_or(Status::Refused);
    if calibration.status == Status::Refused && calibration.refused_because.is_empty() {
        let reasons = calibration.slis.iter().flat_map(|sli| {
            sli.refused_because.iter().map(|refusal| Refusal {
                reason: format!("`{}`: {}", sli.name, refusal.reason),
                ..refusal.clone()
            })
        });
        calibration.refused_because = reasons.collect();
        if calibration.refused_because.is_empty() {
            calibration.refused_because.push(refusal(
                RefusalRule::NoValues,
                "there is no SLI to learn from".to_owned(),
                "name an SLI set with SLIs that have values in these weeks",
            ));
        }
    }
}
