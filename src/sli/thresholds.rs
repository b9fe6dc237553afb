//! A threshold file: levels that replace those of the SLI set, e.g. learned ones.
//!
//! In: a plan, and YAML. Out: the plan with other limits. Who is told and what they do stays as
//! the set says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::definition::LevelName;
use super::plan::{BadSide, LevelPlan, LimitPlan, SliSetPlan};
use crate::declared_files::{Declared, DeclaredFileError, DurationText, choices_hint, sha256_of};

/// Levels of some SLIs of a set.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThresholdFileDefinition {
    /// The levels; each replaces the same level of the same SLI, but for those relative to what is
    /// expected.
    pub thresholds: Vec<ThresholdDefinition>,
}

/// One level of one SLI: exactly one of `below` and `above`.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdDefinition {
    /// Name of the SLI.
    pub sli: String,
    /// Which level.
    pub level: LevelName,
    /// Bad below this, in the SLI's unit (latencies in µs, shares from 0 to 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub below: Option<f64>,
    /// Bad above this, in the SLI's unit (latencies in µs, shares from 0 to 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub above: Option<f64>,
    /// How long it must last to count.
    #[serde(rename = "for")]
    pub lasting: DurationText,
}

/// Puts the levels of a threshold file into a plan, whose text and hash are from then on those of both
/// files, one behind the other: `cat SET THRESHOLDS | sha256sum`.
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
        let (replaced, kept) =
            std::mem::take(&mut sli.levels)
                .into_iter()
                .partition(|old: &LevelPlan| {
                    let is_absolute = matches!(old.limit, LimitPlan::Absolute(_));
                    is_absolute && old.level == level && old.bad == bad
                });
        sli.levels = kept;
        let (tell, react) = replaced.into_iter().next().map_or_else(
            || (Vec::new(), None),
            |old: LevelPlan| (old.tell, old.react),
        );
        sli.levels.push(LevelPlan {
            level,
            bad,
            limit: LimitPlan::Absolute(value),
            for_us: i64::try_from(threshold.lasting.as_us()).unwrap_or(i64::MAX),
            tell,
            react,
        });
        sli.levels.sort_by_key(|level| level.level);
    }
    if !problems.is_empty() {
        return Err(DeclaredFileError::from(problems));
    }
    plan.text.push_str(declared.text());
    plan.sha256 = sha256_of(plan.text.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::declared_files::parse;
    use crate::sli::SliSetDefinition;

    const SET: &str = "
name: shop
events: {order: {}}
slis:
  - kind: rate
    name: orders
    title: Orders
    event: order
    thresholds:
      - {level: contact, below: 1, for: 1m, tell: [on-call], react: Look}
      - {level: contact, below_expected: 0.5, for: 1m}
      - {level: warn, above: 90, for: 1m}
";

    fn applied(thresholds: &str) -> Result<Vec<LevelPlan>, DeclaredFileError> {
        let set: Declared<SliSetDefinition> = parse(Path::new("set"), SET.as_bytes(), &|_| None)?;
        let mut plan = crate::sli::resolve(&set)?;
        let text = format!("thresholds:\n{thresholds}");
        let file = parse(Path::new("learned"), text.as_bytes(), &|_| None)?;
        apply_thresholds(&mut plan, &file)?;
        Ok(plan.slis.remove(0).levels)
    }

    #[test]
    fn a_level_replaces_its_like_and_keeps_who_is_told() {
        let levels = applied("  - {sli: orders, level: contact, below: 7, for: 2m}\n").unwrap();
        let limits: Vec<LimitPlan> = levels.iter().map(|level| level.limit).collect();
        let expected = [
            LimitPlan::Absolute(90.0),
            LimitPlan::OfExpected(0.5),
            LimitPlan::Absolute(7.0),
        ];
        assert_eq!(limits, expected);
        assert_eq!(levels[2].tell, ["on-call"]);
        assert_eq!(levels[2].react.as_deref(), Some("Look"));
        assert_eq!(levels[2].for_us, 120_000_000);
    }

    #[test]
    fn unknown_slis_and_two_sides_are_refused_at_once() {
        let error = applied(
            "  - {sli: ordrs, level: warn, below: 7, for: 2m}\n  - {sli: orders, level: warn, for: 2m}\n",
        )
        .unwrap_err();
        let problems = error.problems().iter();
        let messages: Vec<&str> = problems.map(|problem| problem.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "unknown SLI `ordrs`",
                "a threshold has exactly one of `below` and `above`"
            ]
        );
    }
}
