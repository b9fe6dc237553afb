//! Levels from the linked tier, where windows cannot tell and sessions can.
//!
//! In: fits with what sessions say. Out: the same, some of them with a level of the linked tier. A
//! failed control or a missing export is not cured by it; too few episodes for windows may be.

use super::calibration::{Interval, Lag, RefusalRule, SliFit, Tier};
use super::finish::worst_observed;
use super::frame::{Candidate, Frame};
use super::kernel;
use super::levels::width;
use super::refusal::{CONTACTS_MIN, EPISODES_MIN, WIDTH_MAX, status};

/// So many draws have their level within what was seen.
const WITHIN_MIN: f64 = 0.95;

/// Takes the linked level of an SLI that windows give none. A share is told of sessions by a line from those
/// that went well to those that failed; where it says more than any window had, windows tell nothing of it.
pub(super) fn promote(frame: &Frame<'_>, fit: &mut SliFit, candidate: &Candidate) {
    let is_cured = |rule: RefusalRule| match rule {
        RefusalRule::NoEffect
        | RefusalRule::TooFewEpisodes
        | RefusalRule::EdgeOfData
        | RefusalRule::WideInterval => true,
        RefusalRule::Export
        | RefusalRule::TooFewContacts
        | RefusalRule::TooFewDays
        | RefusalRule::NoExposure
        | RefusalRule::NoValues
        | RefusalRule::NoSkill
        | RefusalRule::FailedControl
        | RefusalRule::ShownByAnother
        | RefusalRule::NegativeControl
        | RefusalRule::NoConvergence => false,
    };
    let is_open = !fit.refused_because.is_empty()
        && fit
            .refused_because
            .iter()
            .all(|refusal| is_cured(refusal.rule));
    let Some(linked) = fit.linked.as_ref().filter(|_| is_open) else {
        return;
    };
    let Some(level) = linked.levels.first() else {
        return;
    };
    let worst = fit.direction.sign() * worst_observed(frame, candidate);
    let is_seen = fit.unit != "share" || fit.direction.is_at_least(worst, level.contact.value);
    let is_known = is_seen
        && linked.p_value <= frame.settings.false_discovery_rate / 2.0
        && linked.contacts >= CONTACTS_MIN
        && linked.days_beyond >= EPISODES_MIN
        && !level.is_beyond_observed
        && level.within_observed_share >= WITHIN_MIN
        && width(level.contact.ci90, frame.harmless(candidate)) <= WIDTH_MAX;
    let Some(weights) = frame.seen_kernel.clone().filter(|_| is_known) else {
        return;
    };
    let minutes = kernel::mean_windows(&weights) * frame.input.window_us as f64 / 60e6;
    fit.tier = Tier::Linked;
    fit.levels.clone_from(&linked.levels);
    fit.onset = Some(linked.onset);
    fit.slope = Some(linked.slope);
    fit.quiet_rate = Some(linked.quiet_rate);
    fit.curve = Some(linked.curve.clone());
    fit.episodes = linked.days_beyond;
    fit.net_contacts = linked.contacts;
    fit.lag = Some(Lag {
        mean_minutes: Interval {
            value: minutes,
            ci90: [minutes; 2],
        },
        weights,
        is_from_linked: true,
    });
    fit.refused_because.clear();
    fit.status = status(&[], fit.episodes);
}
