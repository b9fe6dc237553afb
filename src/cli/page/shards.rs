//! What a page says of the shards that drove a run.

use super::number;
use crate::cli::facts::RunFacts;
use crate::cli::rehearse::{ShardEnd, ShardSummary};
use crate::report::{Fact, Unit, text};
use crate::time_window::seconds;

/// Shards with problems that are named one by one.
const NAMED_MAX: usize = 20;

/// How many there were, how well each kept its schedule, how far apart their clocks were.
pub fn facts(run: &RunFacts) -> Vec<Fact> {
    if run.shards.is_empty() {
        return Vec::new();
    }
    let all = run.shards.len();
    let is_valid =
        |shard: &&ShardSummary| shard.end == ShardEnd::Valid && shard.problems.is_empty();
    let valid = run.shards.iter().filter(is_valid).count();
    let mut facts = vec![
        fact(
            "Shards",
            format!("{valid} of {all} valid{}", spread(&run.shards)),
        ),
        fact("Clocks", clocks(&run.shards)),
    ];
    let troubled = run.shards.iter().filter(|shard| !is_valid(shard));
    facts.extend(troubled.take(NAMED_MAX).map(|shard| {
        let words = match shard.problems.is_empty() {
            true => "was stopped before its end".to_owned(),
            false => shard.problems.join("; "),
        };
        fact(&format!("Shard {}", shard.number), words)
    }));
    facts
}

/// What is not known because each shard saw only its own requests while the run went on.
pub fn unknowns(run: &RunFacts) -> Vec<String> {
    if run.shards.is_empty() {
        return Vec::new();
    }
    let mut unknowns = vec![format!(
        "While the run went on, each of {} shards saw its own requests alone: a threshold that stops a run stops the shard that saw it broken, not the others. All thresholds were judged again here, over all requests.",
        run.shards.len()
    )];
    let clocks = run.shards.iter().filter_map(|shard| shard.clock.as_ref());
    let unmeasured = clocks.filter(|clock| clock.offset_us.is_none()).count();
    if unmeasured > 0 {
        unknowns.push(format!(
            "How far the clocks of {unmeasured} shards were off was not measured (`--clock none`); seconds of different shards may not be the same seconds."
        ));
    }
    unknowns
}

fn fact(name: &str, value: String) -> Fact {
    Fact {
        name: name.to_owned(),
        value,
    }
}

fn spread(shards: &[ShardSummary]) -> String {
    let lags = shards.iter().filter_map(|shard| shard.schedule_lag_p99_us);
    match (lags.clone().min(), lags.max()) {
        (Some(least), Some(most)) => {
            let words = |us| text::quantity(number(us), Unit::Microseconds);
            format!(", schedule lag p99 {} to {}", words(least), words(most))
        }
        _ => String::new(),
    }
}

fn clocks(shards: &[ShardSummary]) -> String {
    let clocks = || shards.iter().filter_map(|shard| shard.clock.as_ref());
    let offsets = || clocks().filter_map(|clock| clock.offset_us);
    let (Some(low), Some(high)) = (offsets().min(), offsets().max()) else {
        return "not measured".to_owned();
    };
    let widest = clocks().filter_map(|clock| clock.uncertainty_us).max();
    let mut references: Vec<&str> = clocks().map(|clock| clock.reference.as_str()).collect();
    references.sort_unstable();
    references.dedup();
    format!(
        "{:+.3} s to {:+.3} s off, known to ± {:.3} s, by {}",
        seconds(low),
        seconds(high),
        seconds(widest.unwrap_or(0)),
        references.join(", ")
    )
}
