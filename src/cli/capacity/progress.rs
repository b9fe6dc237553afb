//! How a search goes, in lines: each trial, the bounds so far, the time left.

use crate::capacity::finding::{TrialFacts, TrialKind};
use crate::capacity::search::{GoalResult, Purpose, SearchProgress};
use crate::report::text;

/// What comes next, the bounds so far, and the time left.
pub fn line(state: &SearchProgress<'_>) -> String {
    let goals = state.outcome.goals.iter().map(bounds);
    let goals: Vec<String> = goals.collect();
    let purpose = match state.purpose {
        Purpose::Search => "next",
        Purpose::Checkpoint => "again",
    };
    format!(
        "{}   {purpose} {}/s for {}, about {} left",
        goals.join("   "),
        rate(state.next.rate_per_s),
        text::duration(state.next.duration_s),
        text::duration(state.left_s.round())
    )
}

/// What a trial found.
pub fn trial_line(trial: &TrialFacts) -> String {
    let kind = match trial.kind {
        TrialKind::Search => "",
        TrialKind::Checkpoint => " (checkpoint)",
        TrialKind::Beyond => " (beyond)",
        TrialKind::Recovery => " (recovery)",
        TrialKind::Soak => " (soak)",
    };
    let goals = trial.goals.iter().map(|goal| {
        let by = goal
            .missed
            .first()
            .map_or(String::new(), |sli| format!(", {}", sli.sli));
        format!("{} lost {}{by}", goal.goal, share(goal.loss_ratio))
    });
    let goals: Vec<String> = goals.collect();
    let generator = match trial.generator_limited.is_empty() {
        true => "",
        false => "   the generator was at its end",
    };
    format!(
        "trial {:>2}{kind}  {}/s for {}: {}   p95 {} ms{generator}",
        trial.number,
        rate(trial.rate_per_s),
        text::duration(trial.effective_s),
        goals.join("; "),
        trial.response_p95_us / 1_000
    )
}

/// `contacts 92.1–96.4/s`.
fn bounds(goal: &GoalResult) -> String {
    let end = |end: Option<f64>| end.map_or_else(|| "?".to_owned(), rate);
    format!("{} {}–{}/s", goal.name, end(goal.lower), end(goal.upper))
}

/// A rate of four digits without needless zeros.
pub fn rate(per_s: f64) -> String {
    format!("{}", crate::capacity::search::four_digits(per_s))
}

/// A share in percent, as short as it can be said.
pub fn share(share: f64) -> String {
    let percent = share * 100.0;
    if percent == 0.0 {
        "0 %".to_owned()
    } else if percent < 0.1 {
        "<0.1 %".to_owned()
    } else if percent < 10.0 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.0} %")
    }
}
