//! Points of a search in the lake: each trial is one.
//!
//! In: the name of a search. Out: what was in flight on average, and what was answered per second, of
//! every trial that the target, and not the generator, decided.

use crate::capacity::finding::{TrialFacts, TrialKind};
use crate::capacity::law::LoadPoint;
use crate::cli::capacity::kept::KeptSearch;
use crate::cli::exit_code::Failure;
use crate::lake::Lake;

/// The points of a search; `None` where the lake has none of this name.
///
/// # Errors
/// When its file cannot be read.
pub fn read(lake: &Lake, search_id: &str) -> Result<Option<Vec<LoadPoint>>, Failure> {
    let kept = KeptSearch::read(lake, search_id)?;
    Ok(kept.map(|kept| of_trials(&kept.trials)))
}

/// The points of trials.
pub fn of_trials(trials: &[TrialFacts]) -> Vec<LoadPoint> {
    let steady = trials.iter().filter(|trial| {
        trial.generator_limited.is_empty()
            && match trial.kind {
                TrialKind::Search | TrialKind::Checkpoint | TrialKind::Beyond | TrialKind::Soak => {
                    true
                }
                TrialKind::Recovery => false,
            }
    });
    let points = steady.map(|trial| LoadPoint {
        concurrency: trial.in_flight_mean,
        throughput: trial.answered_per_s,
    });
    // A trial in which nothing was in flight is no point of a law.
    points.filter(|point| point.concurrency > 0.0).collect()
}
