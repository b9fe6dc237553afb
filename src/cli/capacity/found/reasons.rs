//! A finding in words: the sentence to quote, and why a result is not regular, with the cure.

use super::Found;
use crate::capacity::finding::CapacityFinding;
use crate::capacity::search::{DriftDirection, Ended, GoalResult, Reason};
use crate::cli::capacity::progress::{rate, share};
use crate::report::text;

/// One word for scripts.
pub fn word(reason: Option<Reason>, soak_failed: bool) -> String {
    let word = match reason {
        None if soak_failed => "soak_failed",
        None => "found",
        Some(Reason::Drift) => "drift",
        Some(Reason::GeneratorLimited) => "generator_limited",
        Some(Reason::FailsAtLowest) => "fails_at_lowest",
        Some(Reason::NotRecovered) => "not_recovered",
        Some(Reason::Stopped) => "stopped",
        Some(Reason::BudgetOver) => "budget_over",
        Some(Reason::HoldsAtHighest) => "holds_at_highest",
        Some(Reason::Noise) => "noise",
        Some(Reason::Inversion) => "inversion",
    };
    word.to_owned()
}

/// Why the result is not regular, the most serious reason of each goal; `None` when it is.
pub fn reason(found: &Found, soak_failed: bool) -> Option<String> {
    let mut reasons: Vec<(Reason, Vec<&GoalResult>)> = Vec::new();
    for goal in &found.outcome.goals {
        let Some(reason) = goal.reason else {
            continue;
        };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, goals)) => goals.push(goal),
            None => reasons.push((reason, vec![goal])),
        }
    }
    reasons.sort_by_key(|(reason, _)| *reason);
    let mut texts: Vec<String> = reasons
        .iter()
        .map(|(reason, goals)| one(found, *reason, goals))
        .collect();
    if soak_failed && let Some(soak) = &found.after.soak {
        texts.push(format!(
            "held for {}, {}/s did not hold for {} (hint: the sustained rate is lower; search with longer --trial)",
            soak_failed_goals(&soak.failed_goals),
            rate(soak.rate_per_s),
            text::duration(soak.length_s)
        ));
    }
    (!texts.is_empty()).then(|| texts.join(". "))
}

fn soak_failed_goals(goals: &[String]) -> String {
    format!("goal {}", goals.join(", "))
}

fn one(found: &Found, reason: Reason, goals: &[&GoalResult]) -> String {
    let names: Vec<&str> = goals.iter().map(|goal| goal.name.as_str()).collect();
    let names = names.join(", ");
    let rates = found.plan.rates;
    let again = format!("--search-id {}", found.kept.search_id);
    match reason {
        Reason::Drift => drift(found),
        Reason::GeneratorLimited => {
            let generator = found.kept.generator.clone().unwrap_or_default();
            let limited = found
                .kept
                .trials
                .iter()
                .flat_map(|trial| &trial.generator_limited);
            let why = limited.chain(&generator.limited_by).next();
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            format!(
                "{names}: the generator was at its end at {}/s, before the target was{why} (hint: drive it from a larger machine, not from the target's)",
                rate(found.trials.generator_limit().unwrap_or(rates.max))
            )
        }
        Reason::FailsAtLowest => format!(
            "{names}: fails at the lowest rate already, {}/s (hint: is the target healthy? a lower --min, or other levels)",
            rate(rates.min)
        ),
        Reason::NotRecovered => {
            let waited_s = match found.outcome.ended {
                Ended::NotRecovered { waited_s } => waited_s,
                _ => 0.0,
            };
            format!(
                "{names}: after a trial the target was not back to its baseline for {} (hint: find out why before you search on: `{again}` goes on, --cool-down waits longer)",
                text::duration(waited_s.round())
            )
        }
        Reason::Stopped => format!("{names}: stopped; the same command with `{again}` goes on"),
        Reason::BudgetOver => format!(
            "{names}: the budget was over before the bounds were near enough (hint: the same command with `{again}` goes on, with a budget of its own)"
        ),
        Reason::HoldsAtHighest => format!(
            "{names}: holds at the highest rate that was to be tried, {}/s: the limit is above it (hint: raise --max)",
            rate(rates.max)
        ),
        Reason::Noise => {
            let zone = goals.iter().find_map(|goal| goal.contradicted);
            let zone = zone.map_or_else(String::new, |[low, high]| {
                format!(" between {}/s and {}/s", rate(low), rate(high))
            });
            format!(
                "{names}: full trials contradict each other{zone}; the bounds are the cautious ones (hint: look for what disturbs the target; longer --trial, more --trials)"
            )
        }
        Reason::Inversion => {
            let inverted = goals.iter().find_map(|goal| goal.inverted).unwrap_or(0.0);
            format!(
                "{names}: {}/s holds, though a lower rate fails; the lower one counts (hint: repeat the search)",
                rate(inverted)
            )
        }
    }
}

fn drift(found: &Found) -> String {
    let Ended::Drifted(drift) = found.outcome.ended else {
        return "the target changed during the search".to_owned();
    };
    let (before, now, cause) = match drift.capacity {
        DriftDirection::Grew => (
            "failed",
            "held",
            "it grew: autoscaling, or caches that filled",
        ),
        DriftDirection::Fell => (
            "held",
            "failed",
            "it fell: a leak, data that grew, a neighbour",
        ),
    };
    format!(
        "the target's capacity changed during the search: {}/s {before} in trial {} and {now} twice at the end; {cause} (hint: fix the number of instances, warm up, and search again)",
        rate(drift.rate_per_s),
        drift.trial
    )
}

/// The sentence to quote.
pub fn sentence(finding: &CapacityFinding) -> String {
    let statement = &finding.statement;
    let subject = format!("`{}` on {}", statement.scenario, statement.target);
    let mut sentences = vec![match (finding.lower, finding.upper) {
        (Some(lower), Some(upper)) => format!(
            "{subject} sustains {} shoppers/s and not {}{}.",
            rate(lower),
            rate(upper),
            other_units(finding)
        ),
        (Some(lower), None) => format!(
            "{subject} sustains at least {} shoppers/s{}; where it ends was not found.",
            rate(lower),
            other_units(finding)
        ),
        (None, Some(upper)) => {
            format!(
                "{subject} does not sustain {} shoppers/s; what it does was not found.",
                rate(upper)
            )
        }
        (None, None) => format!("How much {subject} sustains was not found."),
    }];
    if let Some(first) = &finding.first_to_break {
        let route = first
            .route
            .as_ref()
            .map_or_else(String::new, |route| format!(" on {route}"));
        sentences.push(format!(
            "First to break is {}{route}, at {}/s.",
            first.title,
            rate(first.rate_per_s)
        ));
    }
    sentences.extend(past(finding));
    if let Some(soak) = finding.soak.as_ref().filter(|soak| soak.held) {
        let length = text::duration(soak.length_s);
        sentences.push(format!("It held {}/s for {length}.", rate(soak.rate_per_s)));
    }
    sentences.push(measured(finding));
    sentences.join(" ")
}

fn other_units(finding: &CapacityFinding) -> String {
    let units = &finding.in_other_units;
    let lower = |ends: Option<[Option<f64>; 2]>| ends.and_then(|[lower, _]| lower);
    let orders = lower(units.orders_per_min).map(|orders| format!("{orders:.0} orders/min"));
    let requests = lower(units.requests_per_s).map(|requests| format!("{requests:.0} requests/s"));
    let texts: Vec<String> = orders.into_iter().chain(requests).collect();
    match texts.is_empty() {
        true => String::new(),
        false => format!(" ({})", texts.join(", ")),
    }
}

fn past(finding: &CapacityFinding) -> Option<String> {
    let beyond = finding.beyond.as_ref()?;
    let how = match beyond.behaviours.first().map(String::as_str) {
        Some("collapse") => "it collapses",
        Some("failed") => "it fails",
        Some("shed") => "it sheds load",
        Some(_) => "it gets slow",
        None => "no strain was seen",
    };
    let back = match beyond.recovery_s {
        Some(0.0) => "was well at once".to_owned(),
        Some(recovery_s) => format!("was well {} later", text::duration(recovery_s)),
        None => format!(
            "had not recovered after {}",
            text::duration(beyond.watched_s)
        ),
    };
    Some(format!("At 120 % {how}; back at 70 % it {back}."))
}

fn measured(finding: &CapacityFinding) -> String {
    let statement = &finding.statement;
    let goals = statement.goals.iter().map(|goal| goal.goal.final_trial_s);
    let longest_s = goals.fold(0.0, f64::max);
    let exceed = statement
        .goals
        .first()
        .map_or(0.5, |goal| goal.goal.exceed_ratio);
    let regular = match finding.irregular {
        true => " The result is irregular.",
        false => "",
    };
    format!(
        "Measured in {} trials of up to {} (RFC 9971, exceed ratio {}), {}.{regular}",
        statement.trials,
        text::duration(longest_s),
        share(exceed),
        statement.arrivals
    )
}
