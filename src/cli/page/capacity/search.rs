//! The page of a search: bounds, law, latency, goodput, trials, and the statement.

use super::law::{coefficient_table, law_note, law_picture};
use super::{badge, fact, note, version};
use crate::capacity::finding::{CapacityFinding, TrialFacts, TrialKind};
use crate::capacity::law::{LawFit, LoadPoints, Weighting, fit_law};
use crate::capacity::search::{GoalResult, GoalState};
use crate::cli::capacity::fit::{Fitted, Source, of_trials, sentence};
use crate::cli::capacity::routes::us;
use crate::report::{
    BadgeKind, CapacityBadge, CapacityPage, Fact, MethodNote, Picture, PictureMark, PictureSeries,
    PictureStyle, PlainTable, RangeBars, RangeRow, text,
};

/// The page.
pub fn of_search(finding: &CapacityFinding) -> CapacityPage {
    let law = LoadPoints::new(&of_trials(&finding.trials))
        .and_then(|points| fit_law(&points, Weighting::Absolute))
        .map_err(|error| error.to_string());
    let mut pictures: Vec<Picture> = law.iter().map(|law| law_of_search(finding, law)).collect();
    pictures.extend([latency(finding), goodput(finding)]);
    let mut tables = vec![goal_table(finding)];
    tables.extend(law.iter().map(coefficient_table));
    tables.push(trial_table(finding));
    CapacityPage {
        title: format!("Capacity: {}", finding.statement.scenario),
        badge: verdict(finding),
        sentence: finding.sentence.clone(),
        quote: quote(finding),
        facts: facts(finding),
        bars: vec![bounds(finding)],
        pictures,
        tables,
        unknowns: unknowns(finding, law.as_ref()),
        method: method(finding, law.as_ref().ok()),
    }
}

fn verdict(finding: &CapacityFinding) -> CapacityBadge {
    let is_invalid = finding
        .goals
        .iter()
        .any(|goal| goal.state == GoalState::Invalid);
    let kind = match (is_invalid, finding.irregular) {
        (true, _) => BadgeKind::Invalid,
        (false, true) => BadgeKind::Open,
        (false, false) => BadgeKind::Good,
    };
    badge(&finding.outcome.replace('_', " "), kind)
}

/// The sentence with what must be said with it.
fn quote(finding: &CapacityFinding) -> String {
    let statement = &finding.statement;
    let goals: Vec<String> = statement
        .goals
        .iter()
        .map(|goal| {
            format!(
                "{}: {}; at most {} of the journeys not so in {} of the trial time, trials of {}, {} of them at a rate, width {}",
                goal.goal.name,
                goal.good,
                share(goal.goal.loss_ratio),
                share(1.0 - goal.goal.exceed_ratio),
                text::duration(goal.goal.final_trial_s),
                text::duration(goal.goal.duration_sum_s),
                share(goal.goal.width)
            )
        })
        .collect();
    let mix: Vec<String> = statement
        .mix
        .iter()
        .map(|(name, part)| format!("{name} {}", share(*part)))
        .collect();
    format!(
        "{} {} against {}; mix: {}. {}.",
        finding.sentence,
        statement.arrivals,
        statement.target,
        mix.join(", "),
        goals.join(". ")
    )
}

fn facts(finding: &CapacityFinding) -> Vec<Fact> {
    let statement = &finding.statement;
    let generator = &finding.generator;
    let units = &finding.in_other_units;
    let ends = |ends: Option<[Option<f64>; 2]>| {
        ends.map_or_else(
            || text::NO_VALUE.to_owned(),
            |[low, high]| format!("{} to {}", number(low), number(high)),
        )
    };
    let mut facts = vec![
        fact("search", finding.search_id.clone()),
        fact("orders/min", ends(units.orders_per_min)),
        fact("requests/s", ends(units.requests_per_s)),
        fact(
            "trials",
            format!(
                "{} in {}",
                statement.trials,
                text::duration(statement.trial_s.round())
            ),
        ),
        fact(
            "generator",
            format!(
                "{} {} shoppers/s on {} cores; at most {} of them, {} late (p99)",
                if generator.is_limit {
                    "reaches"
                } else {
                    "reaches at least"
                },
                number(Some(generator.reached_per_s)),
                generator.cores,
                generator
                    .cpu_share_max
                    .map_or_else(|| text::NO_VALUE.to_owned(), share),
                us(Some(generator.schedule_lag_p99_us_max))
            ),
        ),
        fact("arrivals", statement.arrivals.clone()),
        fact("percentiles", statement.percentiles.clone()),
        fact(
            "first to break",
            finding.first_to_break.as_ref().map_or_else(
                || text::NO_VALUE.to_owned(),
                |first| match &first.route {
                    Some(route) => format!(
                        "{}, {route}, at {} shoppers/s",
                        first.title,
                        number(Some(first.rate_per_s))
                    ),
                    None => format!(
                        "{} at {} shoppers/s",
                        first.title,
                        number(Some(first.rate_per_s))
                    ),
                },
            ),
        ),
        fact("recovery from 120 %", recovery(finding)),
        fact(
            "soak",
            finding.soak.as_ref().map_or_else(
                || "none".to_owned(),
                |soak| {
                    format!(
                        "{} at {} shoppers/s {}",
                        text::duration(soak.length_s.round()),
                        number(Some(soak.rate_per_s)),
                        if soak.held { "held" } else { "did not hold" }
                    )
                },
            ),
        ),
        fact(
            "extrapolated",
            if statement.is_extrapolated {
                "yes"
            } else {
                "no"
            },
        ),
    ];
    facts.extend(
        statement
            .facts
            .iter()
            .map(|(name, value)| fact(name, value.clone())),
    );
    facts
}

fn recovery(finding: &CapacityFinding) -> String {
    match (&finding.beyond, finding.recovery_s) {
        (None, _) => "not measured".to_owned(),
        (Some(_), Some(seconds)) => text::duration(seconds),
        (Some(beyond), None) => format!("not within {}", text::duration(beyond.watched_s.round())),
    }
}

fn bounds(finding: &CapacityFinding) -> RangeBars {
    let rows = finding.goals.iter().map(|goal| RangeRow {
        name: goal.name.clone(),
        low: goal.lower,
        high: goal.upper,
        shown: bounds_in_words(goal),
        is_expected: false,
    });
    RangeBars {
        title: "Bounds per goal".to_owned(),
        message: "Solid up to the highest rate that holds, pale up to the lowest that fails."
            .to_owned(),
        unit: finding.unit.clone(),
        rows: rows.collect(),
    }
}

fn bounds_in_words(goal: &GoalResult) -> String {
    let why = match goal.state {
        GoalState::Regular => "",
        GoalState::Irregular => " (irregular)",
        GoalState::Invalid => " (invalid)",
    };
    match (goal.lower, goal.upper) {
        (Some(low), Some(high)) => format!(
            "holds at {}, fails at {}{why}",
            number(Some(low)),
            number(Some(high))
        ),
        (Some(low), None) => format!("holds at {}, no failure seen{why}", number(Some(low))),
        (None, Some(high)) => format!("fails at {}{why}", number(Some(high))),
        (None, None) => format!("nothing known{why}"),
    }
}

fn law_of_search(finding: &CapacityFinding, law: &LawFit) -> Picture {
    let fitted = Fitted {
        fit: law.clone(),
        source: Source::Search(finding.search_id.clone()),
        predicted: Vec::new(),
        may_extrapolate: false,
    };
    law_picture(law, ["requests in flight", "requests/s"], sentence(&fitted))
}

fn bound_marks(finding: &CapacityFinding) -> Vec<PictureMark> {
    let marks = [("holds", finding.lower), ("fails", finding.upper)];
    let marks = marks.into_iter().filter_map(|(name, value)| {
        Some(PictureMark {
            label: format!("{name} {}", number(value)),
            value: value?,
            is_vertical: true,
        })
    });
    marks.collect()
}

fn latency(finding: &CapacityFinding) -> Picture {
    #[expect(clippy::cast_precision_loss, reason = "latencies are below 2^53 µs")]
    let ms = |us: u64| us as f64 / 1e3;
    let curve = || finding.curve.iter();
    let p50 = curve().map(|point| vec![point.offered_per_s, ms(point.response_p50_us)]);
    let p95 = curve().map(|point| vec![point.offered_per_s, ms(point.response_p95_us)]);
    let series = |name: &str, points: Vec<Vec<f64>>| PictureSeries {
        name: name.to_owned(),
        style: PictureStyle::Points,
        points,
    };
    Picture {
        title: "Latency by rate".to_owned(),
        message: "Response time of all requests of each trial, from when they were due.".to_owned(),
        x: "offered, shoppers/s".to_owned(),
        y: "ms".to_owned(),
        x_labels: Vec::new(),
        series: vec![series("p50", p50.collect()), series("p95", p95.collect())],
        marks: bound_marks(finding),
    }
}

fn goodput(finding: &CapacityFinding) -> Picture {
    let curve = || finding.curve.iter();
    let good = curve().map(|point| vec![point.offered_per_s, point.good_per_s]);
    let strict = curve().map(|point| vec![point.offered_per_s, point.strict_good_per_s]);
    let ideal = curve().map(|point| vec![point.offered_per_s, point.offered_per_s]);
    let series = |name: &str, style, points: Vec<Vec<f64>>| PictureSeries {
        name: name.to_owned(),
        style,
        points,
    };
    let message = finding
        .beyond
        .as_ref()
        .map(|beyond| beyond.sentence.clone());
    let message = message.filter(|message| !message.is_empty()).unwrap_or_else(|| {
        "Good journeys per second of what was offered; nothing was measured far beyond the maximum.".to_owned()
    });
    Picture {
        title: "Goodput".to_owned(),
        message,
        x: "offered, shoppers/s".to_owned(),
        y: "good journeys/s".to_owned(),
        x_labels: Vec::new(),
        series: vec![
            series(
                "good by the loosest goal",
                PictureStyle::Points,
                good.collect(),
            ),
            series(
                "good by the strictest goal",
                PictureStyle::Points,
                strict.collect(),
            ),
            series(
                "all that was offered",
                PictureStyle::Dashed,
                ideal.collect(),
            ),
        ],
        marks: bound_marks(finding),
    }
}

fn goal_table(finding: &CapacityFinding) -> PlainTable {
    let mut table = PlainTable::new(
        "Goals",
        "",
        &[
            "Goal",
            "#Holds at",
            "#Fails at",
            "#Width",
            "#Good journeys/s at the lower bound",
            "#Trials there",
            "Result",
        ],
    );
    table.rows = finding
        .goals
        .iter()
        .map(|goal| {
            let state = match goal.state {
                GoalState::Regular => "found",
                GoalState::Irregular => "irregular",
                GoalState::Invalid => "invalid",
            };
            vec![
                goal.name.clone(),
                number(goal.lower),
                number(goal.upper),
                goal.width.map_or_else(|| text::NO_VALUE.to_owned(), share),
                number(goal.conditional_throughput),
                format!(
                    "{} ({} of them failed)",
                    goal.trials_at_lower, goal.high_loss_at_lower
                ),
                state.to_owned(),
            ]
        })
        .collect();
    table
}

fn trial_table(finding: &CapacityFinding) -> PlainTable {
    let mut table = PlainTable::new(
        "Trials",
        "In the order of time. Not good: share of the journeys, by the strictest goal first.",
        &[
            "Trial",
            "Why",
            "#Intended/s",
            "#Offered/s",
            "#Achieved/s",
            "#Length",
            "#p50",
            "#p95",
            "#In flight",
            "#Not good",
            "Generator",
        ],
    );
    table.rows = finding.trials.iter().map(trial_row).collect();
    table
}

fn trial_row(trial: &TrialFacts) -> Vec<String> {
    let kind = match trial.kind {
        TrialKind::Search => "search",
        TrialKind::Checkpoint => "check",
        TrialKind::Beyond => "beyond",
        TrialKind::Recovery => "recovery",
        TrialKind::Soak => "soak",
    };
    let losses: Vec<String> = trial
        .goals
        .iter()
        .map(|goal| share(goal.loss_ratio))
        .collect();
    vec![
        trial.number.to_string(),
        kind.to_owned(),
        number(Some(trial.rate_per_s)),
        number(Some(trial.offered_per_s)),
        number(Some(trial.achieved_per_s)),
        text::duration(trial.effective_s),
        us(Some(trial.response_p50_us)),
        us(Some(trial.response_p95_us)),
        number(Some(trial.in_flight_mean)),
        losses.join(" / "),
        match trial.generator_limited.is_empty() {
            true => "on time".to_owned(),
            false => trial.generator_limited.join("; "),
        },
    ]
}

fn unknowns(finding: &CapacityFinding, law: Result<&LawFit, &String>) -> Vec<String> {
    let mut unknowns: Vec<String> = finding.reason.iter().cloned().collect();
    let statement = &finding.statement;
    unknowns.extend(
        statement
            .not_stated
            .iter()
            .map(|what| format!("Not stated: {what}.")),
    );
    unknowns.extend(
        statement
            .left_out
            .iter()
            .map(|what| format!("Left out: {what}.")),
    );
    if statement.repeats.is_empty() {
        unknowns.push("How much another search would find: this one was not repeated.".to_owned());
    }
    if finding.generator.shares_machine {
        unknowns.push(
            "What the target could do alone: the load generator shares its machine.".to_owned(),
        );
    }
    match law {
        Ok(law) => unknowns.extend(
            law.doubts
                .iter()
                .map(|doubt| format!("Scalability law: {doubt}.")),
        ),
        Err(error) => unknowns.push(format!("The scalability law: {error}.")),
    }
    unknowns
}

fn method(finding: &CapacityFinding, law: Option<&LawFit>) -> Vec<MethodNote> {
    let statement = &finding.statement;
    let repeats: Vec<String> = statement
        .repeats
        .iter()
        .map(|other| {
            format!(
                "{}: {} to {}",
                other.search_id,
                number(other.lower),
                number(other.upper)
            )
        })
        .collect();
    let mut notes = vec![
        note(
            "Search",
            "By the rules of RFC 9971 (MLRsearch): a rate is a lower or an upper bound of a goal by all trials that were made at it; the lower bound is the largest below the smallest upper bound.",
        ),
        note("Losses", statement.loss.clone()),
        note("Around the trials", statement.around_trials.clone()),
    ];
    if !repeats.is_empty() {
        notes.push(note("Other searches of the same", repeats.join("; ")));
    }
    notes.extend(law.map(law_note));
    notes.push(note(
        "Definitions",
        format!(
            "scenario {} ({}), SLI set {} ({}), seed {}",
            statement.scenario,
            statement.scenario_sha256,
            statement.sli_set,
            statement.sli_set_sha256,
            statement.seed
        ),
    ));
    notes.push(MethodNote {
        title: "To repeat it".to_owned(),
        text: statement.command.clone(),
        verbatim: true,
    });
    notes.push(version());
    notes
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(
        || text::NO_VALUE.to_owned(),
        crate::cli::capacity::fit::digits,
    )
}

fn share(share: f64) -> String {
    text::quantity(share, crate::report::Unit::Share)
}
