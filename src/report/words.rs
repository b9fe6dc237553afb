//! Phrases that every writer says the same way.
//!
//! In: values of a page. Out: plain text, not escaped for anything. It never judges.

use super::clock::Clock;
use super::page::{
    BadSide, CalibrationOutcome, ClusterRow, FailureRow, KeyFigure, LevelRow, LimitOutcome,
    LimitRow, OBJECTIVE, ObjectiveRow, RetryPart, State, Unit, Verdict,
};
use super::text;

/// What the two latencies of a rehearsal are.
pub const LATENCIES: &str = "Response time counts from when a request was due: what a shopper felt. Service time counts from when it was sent: what the target took. First byte is from sent to the head of the answer.";

/// How behaviour past the limit is told.
pub const LIMITS: &str = "Requests count when they were due, good answers when they came, over a few seconds each. Under strain: a median of three times that at little load, or more than 5 % refused or failed, beyond chance. Past the limit only where the load was higher than any that was carried.";

/// What a comparison of two runs can tell.
pub const COMPARISON: &str = "Beyond noise: at most a tenth of the differences that are called so is expected to be noise. Requests of one run share the fate of their moment: how much the two runs differ from stretch to stretch, twenty-four of them, is taken into account. A repeated run shows how much two runs differ by themselves.";

/// A route with its method, or all of them.
pub fn route(method: &str, route: &str) -> String {
    match (method, route) {
        ("", "") => "All requests".to_owned(),
        (method, route) => format!("{method} {route}"),
    }
}

/// How a route behaved, in a few words.
pub fn limit_outcome(row: &LimitRow) -> String {
    match row.outcome {
        LimitOutcome::NotEnoughData => "not enough data".to_owned(),
        LimitOutcome::NotReached => "not reached".to_owned(),
        LimitOutcome::NotTheLoad => "strain, but not by the load".to_owned(),
        LimitOutcome::Past => row.behaviours.join(", "),
    }
}

/// The verdict as a word.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Invalid => "invalid",
        Verdict::Stopped => "stopped",
        Verdict::NotEnoughData => "not enough data",
    }
}

/// Whether levels hold, as a word.
pub fn calibration(outcome: CalibrationOutcome) -> &'static str {
    match outcome {
        CalibrationOutcome::Firm => "firm",
        CalibrationOutcome::Provisional => "provisional",
        CalibrationOutcome::Refused => "refused",
    }
}

/// A number of contacts that is an estimate: whole, and at most three digits of it are meant.
pub fn contacts(value: f64) -> String {
    text::estimate(value)
}

/// The ends of an interval of contacts, e.g. `900 to 1 700`.
pub fn contact_interval([low, high]: [f64; 2]) -> String {
    format!("{} to {}", text::estimate(low), text::estimate(high))
}

/// The state as a word.
pub fn state(state: State) -> &'static str {
    match state {
        State::Missed => "missed",
        State::NotEnoughData => "not enough data",
        State::Met => "met",
    }
}

/// How a level was crossed that was not crossed at any moment: by the whole range, or never. A value beyond
/// a level crosses none: that takes windows beyond it, one after another, for as long as the level says.
pub fn not_crossed(level: &LevelRow, sli: State) -> String {
    match (level.is_value_beyond, level.level == OBJECTIVE, sli) {
        (true, true, _) => "missed over the whole range".to_owned(),
        (false, true, State::Met | State::Missed) => "met".to_owned(),
        (true, false, _) if level.for_s > 0.0 => format!(
            "the whole range is, but never {} on end",
            text::duration(level.for_s)
        ),
        (true, false, _) => "the whole range is, but no window".to_owned(),
        (false, _, State::NotEnoughData) => "not known".to_owned(),
        (false, false, State::Met | State::Missed) => "never".to_owned(),
    }
}

/// How an incident of a partner ended.
pub fn incident_end(end: &str) -> &'static str {
    match end {
        "open" => "(goes on)",
        "not_measured" => "(then not measured)",
        _ => "",
    }
}

/// `above` or `below`: where it is bad.
pub fn side(side: BadSide) -> &'static str {
    match side {
        BadSide::Above => "above",
        BadSide::Below => "below",
    }
}

/// What is said beside a change.
pub fn noise(is_outside_noise: Option<bool>) -> &'static str {
    match is_outside_noise {
        Some(true) => "beyond noise",
        Some(false) => "within noise",
        None => "noise not known",
    }
}

/// Who is told, or that nobody is named.
pub fn told(told: &[String]) -> String {
    if told.is_empty() {
        "nobody is named".to_owned()
    } else {
        told.join(", ")
    }
}

/// The number of crossed contact levels as a director says it.
pub fn crossings(count: usize) -> String {
    match count {
        0 => "no contact level crossed".to_owned(),
        1 => "1 contact level crossed".to_owned(),
        count => format!("{} contact levels crossed", text::count(count as u64)),
    }
}

/// What is left of a budget, or that it is overspent.
pub fn budget_left(objective: &ObjectiveRow) -> String {
    match objective.budget_used {
        None => text::NO_VALUE.to_owned(),
        Some(used) if used > 1.0 => "overspent".to_owned(),
        Some(used) => text::quantity(1.0 - used, Unit::Share),
    }
}

/// The share of a budget that is used, or that it is not known.
pub fn budget_used(objective: &ObjectiveRow) -> String {
    objective.budget_used.map_or_else(
        || "not known".to_owned(),
        |used| text::quantity(used, Unit::Share),
    )
}

/// How many different customers a failure hit.
pub fn customers(row: &FailureRow) -> String {
    match (row.shoppers, row.are_shoppers_exact) {
        (None, _) => "not known".to_owned(),
        (Some(shoppers), true) => text::count(shoppers),
        (Some(shoppers), false) => {
            let digits = shoppers.checked_ilog10().unwrap_or(0).saturating_sub(1);
            let unit = 10_u64.pow(digits);
            let rounded = (shoppers + unit / 2) / unit * unit;
            format!("about {}", text::count(rounded))
        }
    }
}

/// The channel and the client class that stand out, or that none does.
pub fn mostly_from(row: &ClusterRow) -> String {
    let known: Vec<&str> = [&row.channel, &row.client]
        .into_iter()
        .filter_map(|name| name.as_deref())
        .collect();
    if known.is_empty() {
        "everywhere".to_owned()
    } else {
        known.join(", ")
    }
}

/// Retry amplification as a sentence.
pub fn amplification(part: &RetryPart, clock: &Clock) -> String {
    let Some(amplification) = part.amplification else {
        return "How often shoppers repeat requests is not known.".to_owned();
    };
    let worst = part.worst.map_or_else(String::new, |worst| {
        let value = text::quantity(worst.value, Unit::Times);
        format!("; at worst {value} at {}", clock.plain(worst.start_us))
    });
    format!(
        "Shoppers made {} as many requests as they would have without repeating{worst}.",
        text::quantity(amplification, Unit::Times)
    )
    .replace(" ×", "\u{a0}×")
}

/// What any of the figures is compared with, in the order of its first appearance.
pub fn compared_with(figures: &[KeyFigure]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for comparison in figures.iter().flat_map(|figure| &figure.comparisons) {
        if !names.contains(&comparison.against.as_str()) {
            names.push(&comparison.against);
        }
    }
    names
}

/// With a capital letter at the beginning, for the head of a column.
pub fn capitalised(name: &str) -> String {
    let mut characters = name.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_level_beyond_which_only_the_whole_range_is_does_not_read_as_fine() {
        let state = [State::Met, State::NotEnoughData];
        for (name, for_s, is_value_beyond, met, not_known) in [
            ("contact", 10.0, false, "never", "not known"),
            (
                "contact",
                10.0,
                true,
                "the whole range is, but never 10 s on end",
                "the whole range is, but never 10 s on end",
            ),
            ("objective", 0.0, false, "met", "not known"),
            (
                "objective",
                0.0,
                true,
                "missed over the whole range",
                "missed over the whole range",
            ),
        ] {
            let level = LevelRow {
                level: name.to_owned(),
                bad: BadSide::Below,
                value: 0.95,
                for_s,
                first_crossed_us: None,
                crossed_s: 0.0,
                is_value_beyond,
            };
            assert_eq!(
                state.map(|state| not_crossed(&level, state)),
                [met, not_known]
            );
        }
    }

    #[test]
    fn a_problem_without_a_common_origin_is_everywhere() {
        let page = sample::week::week();
        let mut row = page
            .engineers
            .expect("a weekly page has it")
            .clusters
            .remove(0);
        assert_eq!(mostly_from(&row), "partner:deal-hunter, app");
        (row.channel, row.client) = (None, None);
        assert_eq!(mostly_from(&row), "everywhere");
    }

    #[test]
    fn an_estimate_of_customers_says_so_and_has_the_digits_that_it_knows() {
        let part = sample::week::week().engineers;
        let mut row = part.expect("a weekly page has it").failures.remove(0);
        for (shoppers, is_exact, expected) in [
            (Some(1_204), true, "1\u{2009}204"),
            (Some(12_345), false, "about 12\u{2009}000"),
            (Some(1_051), false, "about 1\u{2009}100"),
            (None, true, "not known"),
        ] {
            (row.shoppers, row.are_shoppers_exact) = (shoppers, is_exact);
            assert_eq!(customers(&row), expected);
        }
    }

    #[test]
    fn comparisons_that_only_one_figure_has_get_a_column() {
        let mut figures = sample::week::week()
            .directors
            .expect("a weekly page has it")
            .key_figures;
        figures[0].comparisons.remove(1);
        figures[1].comparisons.remove(0);
        let names = ["last week", "expected", "same week last year"];
        assert_eq!(compared_with(&figures), names);
    }

    #[test]
    fn heads_of_columns_begin_with_a_capital_letter() {
        for (name, head) in [("", ""), ("last week", "Last week"), ("élan", "Élan")] {
            assert_eq!(capitalised(name), head);
        }
    }
}
