//! A threshold file: levels that replace those of the SLI set, e.g. learned ones.

use schemars::JsonSchema;
use serde::Deserialize;

use super::definition::LevelName;
use super::plan::{BadSide, LevelPlan, SliSetPlan};
use crate::declared_files::{Declared, DeclaredFileError, DurationText, choices_hint};

/// Levels of some SLIs of a set.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThresholdFileDefinition {
    /// The levels; each replaces the same level of the same SLI.
    pub thresholds: Vec<ThresholdDefinition>,
}

/// One level of one SLI: exactly one of `below` and `above`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThresholdDefinition {
    /// Name of the SLI.
    pub sli: String,
    /// Which level.
    pub level: LevelName,
    /// Bad below this, in the SLI's unit (latencies in µs, shares from 0 to 1).
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub below: Option<f64>,
    /// Bad above this, in the SLI's unit (latencies in µs, shares from 0 to 1).
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub above: Option<f64>,
    /// How long it must last to count.
    #[serde(rename = "for")]
    pub lasting: DurationText,
}

/// Puts the levels of a threshold file into a plan.
///
/// # Errors
/// Every SLI that the plan does not have, and every level with two sides or none.
pub fn apply_thresholds(
    plan: &mut SliSetPlan,
    declared: &Declared<ThresholdFileDefinition>,
) -> Result<(), DeclaredFileError> {
    let mut problems = Vec::new();
    let names: Vec<String> = plan.slis.iter().map(|sli| sli.name.clone()).collect();
    for (index, threshold) in declared.value.thresholds.iter().enumerate() {
        let pointer = format!("/thresholds/{index}");
        let Some(sli) = plan.slis.iter_mut().find(|sli| sli.name == threshold.sli) else {
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            let hint = choices_hint(&threshold.sli, &known, "SLIs of the set");
            let message = format!("unknown SLI `{}`", threshold.sli);
            problems.push(declared.problem(&format!("{pointer}/sli"), message, Some(hint)));
            continue;
        };
        let (bad, value) = match (threshold.below, threshold.above) {
            (Some(below), None) => (BadSide::Below, below),
            (None, Some(above)) => (BadSide::Above, above),
            _ => {
                let message = "a threshold has exactly one of `below` and `above`";
                problems.push(declared.problem(&pointer, message, None));
                continue;
            }
        };
        let level = threshold.level.into();
        sli.levels
            .retain(|old| old.level != level || old.bad != bad);
        sli.levels.push(LevelPlan {
            level,
            bad,
            value,
            for_us: i64::try_from(threshold.lasting.as_us()).unwrap_or(i64::MAX),
        });
        sli.levels.sort_by_key(|level| level.level);
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(DeclaredFileError::from(problems))
    }
}
