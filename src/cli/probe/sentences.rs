//! What is said of partners: values as their promises are written, and the arithmetic beside them.

use crate::probe::{
    AvailabilityBasis, LatencyAim, PartnerOutcome, PartnerPlan, Promise, Totals, WindowOutcome,
};
use crate::report::{Unit, text};
use crate::sli::SliState;
use crate::sli::interval::number;
use crate::time_window::seconds;

/// What was promised, e.g. `Available 99.9 % of each month`.
pub fn promise(promise: Promise, target: f64, over: &str) -> String {
    let over = match over {
        "day" | "week" | "month" => format!("each {over}"),
        rolling => format!("the last {rolling}"),
    };
    match promise {
        Promise::Available(AvailabilityBasis::Probes) => {
            format!("{} of probes good, over {over}", share(target))
        }
        Promise::Available(AvailabilityBasis::Downtime) => {
            format!("Up {} of the time, over {over}", share(target))
        }
        Promise::Fast { limit_us, aim } => match aim {
            LatencyAim::Share(_) => format!(
                "{} of answers within {}, over {over}",
                share(target),
                duration(limit_us)
            ),
            LatencyAim::Quantile(quantile) => format!(
                "p{} of answers at most {}, over {over}",
                trimmed(quantile * 100.0),
                duration(limit_us)
            ),
        },
    }
}

/// The name of a promise for those who count.
pub fn kind(promise: Promise) -> &'static str {
    match promise {
        Promise::Available(AvailabilityBasis::Probes) => "availability",
        Promise::Available(AvailabilityBasis::Downtime) => "downtime",
        Promise::Fast { aim, .. } => match aim {
            LatencyAim::Share(_) => "latency_share",
            LatencyAim::Quantile(_) => "latency_percentile",
        },
    }
}

/// The value as the promise is written, and its interval.
pub fn shown(promise: Promise, target: f64, window: &WindowOutcome) -> (String, Option<String>) {
    if let Promise::Fast { aim, limit_us } = promise
        && matches!(aim, LatencyAim::Quantile(_))
    {
        let Some((value_us, interval)) = window.percentile_us else {
            return (text::NO_VALUE.to_owned(), None);
        };
        let limit = [number(limit_us)];
        let value = text::quantity_apart(number(value_us), Unit::Microseconds, &limit);
        let interval =
            interval.map(|bounds| text::interval(bounds.map(number), Unit::Microseconds));
        return (value, interval);
    }
    let Some(value) = window.value else {
        return (text::NO_VALUE.to_owned(), None);
    };
    let shown = text::quantity_apart(value, Unit::Share, &[target]);
    // The interval is one of probes; a share of time has none of its own.
    let has_interval = promise != Promise::Available(AvailabilityBasis::Downtime);
    let interval = window.interval.filter(|_| has_interval);
    (
        shown,
        interval.map(|bounds| text::interval(bounds, Unit::Share)),
    )
}

/// The arithmetic of one objective over one stretch, in sentences.
pub fn arithmetic(
    plan: &PartnerPlan,
    promise: Promise,
    target: f64,
    window: &WindowOutcome,
) -> Vec<String> {
    let mut lines = vec![counted(promise, window)];
    if let (Promise::Available(AvailabilityBasis::Downtime), Some(allowed_us)) =
        (promise, window.allowed_us)
    {
        lines.push(downtime(window, allowed_us));
    }
    lines.push(verdict(plan, promise, target, window));
    lines.extend(with_all(promise, window));
    lines
}

fn counted(promise: Promise, window: &WindowOutcome) -> String {
    let (good, valid) = (text::count(window.good), text::count(window.valid));
    match promise {
        Promise::Available(_) if window.valid == 0 => "No probe counts here.".to_owned(),
        Promise::Available(_) => format!("{good} of {valid} probes were good."),
        Promise::Fast { .. } if window.valid == 0 => "There was no good answer.".to_owned(),
        Promise::Fast { limit_us, .. } => format!(
            "{good} of {valid} good answers came within {}.",
            duration(limit_us)
        ),
    }
}

fn downtime(window: &WindowOutcome, allowed_us: i64) -> String {
    let totals = &window.totals;
    let worst = totals.up_share_at_worst();
    let worst = worst.filter(|_| totals.measured_us < totals.countable_us());
    let worst = worst.map_or_else(String::new, |worst| {
        format!(
            " If it was down whenever nobody looked, it was up {}.",
            share(worst)
        )
    });
    format!(
        "Down for {} of {} that were measured; {} are allowed in the whole stretch.{worst}",
        length(totals.down_us),
        length(totals.measured_us),
        length(allowed_us)
    )
}

/// Why it is met, missed or not known.
fn verdict(plan: &PartnerPlan, promise: Promise, target: f64, window: &WindowOutcome) -> String {
    let target_text = share(target);
    let of = match promise {
        Promise::Available(_) => "probes",
        Promise::Fast { .. } => "answers",
    };
    let is_below = window.value.is_some_and(|value| value < target);
    match window.state {
        SliState::Met if window.interval.is_some_and(|[low, _]| low >= target) => {
            format!("All of the 95 % interval of {of} is at or above {target_text}.")
        }
        SliState::Met => {
            let needed = window.to_prove.map_or_else(String::new, |needed| {
                format!(
                    "; to exclude it at this share of failures takes {}",
                    probes_and_time(plan, needed)
                )
            });
            format!(
                "Met by count. That the true share is below {target_text} is not excluded{needed}."
            )
        }
        SliState::Missed if window.interval.is_some_and(|[_, high]| high < target) => {
            format!("All of the 95 % interval of {of} is below {target_text}.")
        }
        SliState::Missed => format!(
            "Missed by count; the 95 % interval of {of} reaches {target_text}, so chance is not excluded."
        ),
        SliState::NotEnoughData if is_below && !window.is_over => {
            let bad = text::count(window.valid - window.good);
            format!(
                "Not decided: below {target_text} so far, and it can still be met; {bad} of about {} {of} that may fail in the whole stretch did.",
                text::count(window.allowed_bad)
            )
        }
        SliState::NotEnoughData if window.valid < window.count_min => format!(
            "n is too small: {target_text} takes {} to prove, without a single failure.",
            probes_and_time(plan, window.count_min)
        ),
        SliState::NotEnoughData => {
            let measured = window.totals.measured_share();
            format!(
                "Too little was measured: {} of the time, and {} are needed.",
                measured.map_or_else(|| text::NO_VALUE.to_owned(), share),
                share(plan.sla.measured_min)
            )
        }
    }
}

/// Both values: that which is judged, and that with everything that was left out.
fn with_all(promise: Promise, window: &WindowOutcome) -> Option<String> {
    let totals = &window.totals;
    let left_out = totals.excluded + totals.own_network;
    if left_out == 0 || !matches!(promise, Promise::Available(_)) {
        return None;
    }
    let all = number(totals.good) / number(totals.probes);
    Some(format!(
        "{} probes are left out ({} by the contract, {} in losses of our own network); with them {} of {} were good, {}.",
        text::count(left_out),
        text::count(totals.excluded),
        text::count(totals.own_network),
        text::count(totals.good),
        text::count(totals.probes),
        share(all)
    ))
}

/// So many probes, and how long that takes.
fn probes_and_time(plan: &PartnerPlan, probes: u64) -> String {
    let every_us = plan.probed.every_us;
    let takes_us = i64::try_from(probes)
        .unwrap_or(i64::MAX)
        .saturating_mul(every_us);
    format!(
        "{} probes, {} at one every {}",
        text::count(probes),
        length(takes_us),
        length(every_us)
    )
}

/// What a partner is told first.
pub fn partner(outcome: &PartnerOutcome, has_sla: bool) -> String {
    let totals = &outcome.totals;
    if totals.counted == 0 {
        return "No probe counts in this range.".to_owned();
    }
    let good = number(totals.counted_good) / number(totals.counted);
    let mut sentence = format!(
        "{} of {} probes that count were good, {}",
        text::count(totals.counted_good),
        text::count(totals.counted),
        text::quantity(good, Unit::Share)
    );
    let incidents = outcome.incidents.iter();
    let incidents = incidents.filter(|incident| incident.counted_us > 0).count();
    sentence += &match incidents {
        0 => "; it was never down".to_owned(),
        1 => format!("; it was down once, for {}", length(totals.down_us)),
        more => format!(
            "; it was down {} times, for {} in all",
            text::count(more as u64),
            length(totals.down_us)
        ),
    };
    if !has_sla {
        sentence += "; it promised nothing";
    }
    sentence + "."
}

/// What is not known of a partner.
pub fn unknowns(totals: &Totals, can_tell: bool) -> Vec<String> {
    let mut unknowns = Vec::new();
    let missing_us = totals.countable_us() - totals.measured_us;
    let missed = missing_us - totals.own_network_us;
    if missed > 0 {
        unknowns.push(format!(
            "Nobody measured for {}: no probe ran. It counts neither as up nor as down.",
            length(missed)
        ));
    }
    if totals.own_network_us > 0 {
        unknowns.push(format!(
            "For {} our own network was lost. It counts neither as up nor as down.",
            length(totals.own_network_us)
        ));
    }
    if !can_tell {
        unknowns.push(
            "A loss of the prober's own network cannot be told from a failure of the partner: the file has no reference, and no second partner on another host."
                .to_owned(),
        );
    }
    unknowns
}

/// How it was computed.
pub fn method() -> Vec<String> {
    [
        "A probe takes the steps of the file once, on new connections. It is good when every step has the answer that it wants in time.",
        "A probe stands for the time until the next one, but no longer than until the next one can have begun at the latest, after an answer that took as long as it did: past that nothing is measured, and what is not measured is neither up nor down.",
        "It is down from the first of so many failed probes in a row as the contract says (two, where it says nothing) to the first good one.",
        "The time of an answer is from sending to its last byte, with name, connection and certificate; of several steps, their sum. Failed probes have no such time: they are in the availability.",
        "When nobody at all could be reached, neither partners nor references, the failure is one of the prober's own network, and says nothing about a partner. Who refuses a connection was reached.",
        "Intervals of shares are 95 % by Clopper and Pearson, those of percentiles 95 % by order statistics. A target is judged from so many probes on as prove it where not one fails.",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// A length of time.
pub fn length(us: i64) -> String {
    text::duration(seconds(us.max(0)))
}

fn share(value: f64) -> String {
    text::quantity_in_full(tidy(value), Unit::Share)
}

/// A share with the digits that matter: up to six behind the point of a percentage.
fn tidy(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn trimmed(percent: f64) -> String {
    let tidy = (percent * 1e6).round() / 1e6;
    tidy.to_string()
}

fn duration(us: u64) -> String {
    text::quantity(number(us), Unit::Microseconds)
}
