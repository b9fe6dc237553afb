//! The hypothesis and the conditions of a passed rehearsal.
//!
//! Phases, labels and the peak become stretches of time here. Whether an SLI of that name exists only
//! the SLI set can tell; the run asks it before the first shopper.

use super::super::definition::{CriterionDefinition, CriterionLevel as LevelName};
use super::super::plan::{
    CriterionLevel, CriterionLimit, CriterionPlan, NamedMoment, NamedStretch, TrafficPlan,
};
use super::{Resolver, us};
use crate::declared_files::{choices_hint, pointer_step};

/// The most conditions of a scenario.
const CRITERIA_MAX: usize = 100;
/// What stands for the time of the highest arrival rate.
const PEAK: &str = "peak";
/// The share of the highest arrival rate from which on it is the peak.
const PEAK_SHARE: f64 = 0.9;
/// The shortest stretch with a whole second in it, wherever it begins.
const STRETCH_US_MIN: i64 = 2_000_000;

const FORMS: &str = "write `run: valid`, `not_crossed: contact`, `{sli: NAME, at_most: 2s}`, `{sli: NAME, at_least: 0.98}` or `{recovers_within: 30s, after: NAME}`";

impl Resolver<'_> {
    pub(super) fn criteria(&mut self, traffic: &TrafficPlan) -> Vec<CriterionPlan> {
        let Some(definitions) = &self.declared.value.pass else {
            return CriterionPlan::defaults();
        };
        if definitions.is_empty() || definitions.len() > CRITERIA_MAX {
            let message = format!("`pass` has 1 to {CRITERIA_MAX} conditions");
            let hint = "leave it out for: no contact level is crossed, the run is valid";
            self.problem("/pass", message, Some(hint));
        }
        let named = self.named_stretches(traffic);
        let mut plans = Vec::new();
        for (index, definition) in definitions.iter().enumerate() {
            let pointer = format!("/pass/{index}");
            plans.extend(self.criterion(definition, &named, traffic, &pointer));
        }
        plans
    }

    fn criterion(
        &mut self,
        definition: &CriterionDefinition,
        named: &[NamedStretch],
        traffic: &TrafficPlan,
        pointer: &str,
    ) -> Option<CriterionPlan> {
        let limits = [
            definition.at_most.is_some(),
            definition.at_least.is_some(),
            definition.run.is_some(),
            definition.not_crossed.is_some(),
            definition.recovers_within.is_some(),
        ];
        if limits.iter().filter(|is_said| **is_said).count() != 1 {
            self.problem(pointer, "a condition says exactly one thing", Some(FORMS));
            return None;
        }
        self.check_keys(definition, pointer)?;
        let during = match &definition.during {
            Some(name) => Some(self.stretch(name, named, &format!("{pointer}/during"))?),
            None => None,
        };
        let sli = definition.sli.clone();
        if let Some(within) = definition.recovers_within {
            let (after_pointer, within_us) = (format!("{pointer}/after"), us(within));
            let name = definition.after.as_deref().unwrap_or_default();
            let after = self.moment(name, named, traffic, &after_pointer)?;
            let length_us = whole_us(traffic.curve.length_s());
            if after.at_us + within_us > length_us {
                let message = format!(
                    "the traffic ends {} s after `{name}`, so a recovery within {within} cannot be seen",
                    (length_us - after.at_us) / 1_000_000
                );
                let hint = "let shoppers come for longer, or ask for less time";
                let within_pointer = format!("{pointer}/recovers_within");
                self.problem(&within_pointer, message, Some(hint));
            }
            let level = definition.level.unwrap_or(LevelName::Contact);
            return Some(CriterionPlan::Recovery {
                within_us,
                after,
                level: level_plan(level),
                sli,
            });
        }
        if let Some(level) = definition.not_crossed {
            let level = level_plan(level);
            return Some(CriterionPlan::NotCrossed { level, sli, during });
        }
        let limit = match (definition.at_most, definition.at_least) {
            (Some(limit), _) => CriterionLimit::AtMostUs(super::number(limit)),
            (None, Some(limit)) => CriterionLimit::AtLeast(limit),
            (None, None) => return Some(CriterionPlan::Valid),
        };
        Some(CriterionPlan::Limit {
            sli: sli?,
            limit,
            during,
        })
    }

    /// Keys that belong to another form, and those that are missing.
    fn check_keys(&mut self, definition: &CriterionDefinition, pointer: &str) -> Option<()> {
        let is_limit = definition.at_most.is_some() || definition.at_least.is_some();
        let is_recovery = definition.recovers_within.is_some();
        let is_run = definition.run.is_some();
        let stray = [
            ("sli", definition.sli.is_some() && is_run),
            (
                "during",
                definition.during.is_some() && (is_run || is_recovery),
            ),
            ("after", definition.after.is_some() && !is_recovery),
            ("level", definition.level.is_some() && !is_recovery),
        ];
        let mut is_fine = true;
        for (key, is_stray) in stray {
            if is_stray {
                let at = format!("{pointer}/{}", pointer_step(key));
                let problem = self.declared.key_problem(
                    &at,
                    format!("`{key}` has no meaning here"),
                    Some(FORMS.to_owned()),
                );
                self.problems.push(problem);
                is_fine = false;
            }
        }
        let missing = [
            ("sli", is_limit && definition.sli.is_none()),
            ("after", is_recovery && definition.after.is_none()),
        ];
        for (key, is_missing) in missing {
            if is_missing {
                self.problem(pointer, format!("`{key}` is missing"), Some(FORMS));
                is_fine = false;
            }
        }
        is_fine.then_some(())
    }

    /// Everything that has a name and lasts: phases or labels, and the peak.
    fn named_stretches(&self, traffic: &TrafficPlan) -> Vec<NamedStretch> {
        let end_us = whole_us(traffic.curve.length_s());
        let mut named: Vec<NamedStretch> = if traffic.phases.is_empty() {
            let labels = traffic.labels.iter().enumerate();
            let stretches = labels.map(|(index, (from_us, name))| NamedStretch {
                name: name.clone(),
                from_us: *from_us,
                to_us: traffic.labels.get(index + 1).map_or(end_us, |next| next.0),
            });
            stretches.collect()
        } else {
            let phases = traffic.phases.iter();
            let stretches = phases.map(|phase| NamedStretch {
                name: phase.name.clone(),
                from_us: phase.from_us,
                to_us: phase.to_us,
            });
            stretches.collect()
        };
        if let Some((from_s, to_s)) = traffic.curve.stretch_above(PEAK_SHARE)
            && named.iter().all(|stretch| stretch.name != PEAK)
        {
            named.push(NamedStretch {
                name: PEAK.to_owned(),
                from_us: whole_us(from_s),
                to_us: whole_us(to_s),
            });
        }
        named
    }

    /// A stretch in which something can be counted.
    fn stretch(
        &mut self,
        name: &str,
        named: &[NamedStretch],
        pointer: &str,
    ) -> Option<NamedStretch> {
        let found = self.called(name, named, pointer)?;
        if found.to_us - found.from_us < STRETCH_US_MIN {
            let message = format!("`{name}` lasts less than two seconds");
            self.problem(pointer, message, None);
            return None;
        }
        Some(found)
    }

    fn called(
        &mut self,
        name: &str,
        named: &[NamedStretch],
        pointer: &str,
    ) -> Option<NamedStretch> {
        let mut found = named.iter().filter(|stretch| stretch.name == name);
        match (found.next(), found.next()) {
            (Some(stretch), None) => Some(stretch.clone()),
            (Some(_), Some(_)) => {
                let message = format!("`{name}` is the name of several stretches of time");
                self.problem(pointer, message, Some("give each a name of its own"));
                None
            }
            (None, _) => {
                let names: Vec<&str> = named.iter().map(|it| it.name.as_str()).collect();
                let hint = choices_hint(name, &names, "phases, labels and the peak here");
                let message = format!("nothing of this traffic is called `{name}`");
                self.problem(pointer, message, Some(&hint));
                None
            }
        }
    }

    /// The end of a phase or of the peak; of a label the moment itself.
    fn moment(
        &mut self,
        name: &str,
        named: &[NamedStretch],
        traffic: &TrafficPlan,
        pointer: &str,
    ) -> Option<NamedMoment> {
        let is_label =
            traffic.phases.is_empty() && traffic.labels.iter().any(|(_, label)| label == name);
        let stretch = self.called(name, named, pointer)?;
        Some(NamedMoment {
            at_us: if is_label {
                stretch.from_us
            } else {
                stretch.to_us
            },
            name: stretch.name,
        })
    }
}

fn level_plan(level: LevelName) -> CriterionLevel {
    match level {
        LevelName::Warn => CriterionLevel::Warn,
        LevelName::Contact => CriterionLevel::Contact,
    }
}

/// A moment of the curve, µs.
fn whole_us(seconds: f64) -> i64 {
    super::whole_us((seconds * 1e6).round())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::resolve;
    use super::*;
    use crate::declared_files::parse;
    use crate::scenario::ScenarioDefinition;

    const CURVE: &str = "{curve: [{at: 0s, shoppers_per_s: 10}, {at: 10s, shoppers_per_s: 10, label: doors}, {at: 20s, shoppers_per_s: 110}, {at: 25s, shoppers_per_s: 110}, {at: 35s, shoppers_per_s: 10, label: over}, {at: 60s, shoppers_per_s: 10}]}";
    const PHASES: &str = "{phases: [{name: calm, for: 10s, shoppers_per_s: 10}, {name: rush, for: 5s, shoppers_per_s: 50}, {name: calm, for: 15s, shoppers_per_s: 10}]}";

    fn criteria(traffic: &str, pass: &str) -> Result<Vec<CriterionPlan>, String> {
        let text = format!(
            "name: small\nhypothesis: it holds\ntarget: {{base_url: 'http://127.0.0.1:9'}}\ntraffic: {traffic}\nshoppers: [{{name: one, share: 1, journey: look}}]\njourneys: {{look: [{{get: /}}]}}\n{pass}"
        );
        let path = Path::new("scenario.yaml");
        let declared = parse::<ScenarioDefinition>(path, text.as_bytes(), &|_| None)
            .map_err(|error| error.to_string())?;
        let plan = resolve(&declared).map_err(|error| error.to_string())?;
        assert_eq!(plan.hypothesis.as_deref(), Some("it holds"));
        Ok(plan.criteria)
    }

    fn one(pass: &str) -> CriterionPlan {
        criteria(CURVE, &format!("pass: [{pass}]"))
            .unwrap()
            .remove(0)
    }

    #[test]
    fn what_is_left_out_is_no_contact_level_and_a_valid_run() {
        assert_eq!(criteria(CURVE, ""), Ok(CriterionPlan::defaults()));
    }

    #[test]
    fn every_form_is_understood() {
        let rush = |name: &str, from_s: i64, to_s: i64| NamedStretch {
            name: name.to_owned(),
            from_us: from_s * 1_000_000,
            to_us: to_s * 1_000_000,
        };
        assert_eq!(one("run: valid"), CriterionPlan::Valid);
        assert_eq!(
            one("{not_crossed: warn, sli: a, during: doors}"),
            CriterionPlan::NotCrossed {
                level: CriterionLevel::Warn,
                sli: Some("a".to_owned()),
                during: Some(rush("doors", 10, 35)),
            }
        );
        // The ramp reaches 99 of 110 at 18.9 s and leaves it at 26.1 s.
        let CriterionPlan::Limit { limit, during, .. } = one("{sli: a, at_most: 2s, during: peak}")
        else {
            panic!("no limit");
        };
        assert_eq!(limit, CriterionLimit::AtMostUs(2e6));
        let during = during.unwrap();
        assert_eq!((during.from_us, during.to_us), (18_900_000, 26_100_000));
        let CriterionPlan::Recovery {
            within_us,
            after,
            level,
            sli,
        } = one("{recovers_within: 20s, after: over, level: warn}")
        else {
            panic!("no recovery");
        };
        assert_eq!(
            (within_us, after.at_us, sli),
            (20_000_000, 35_000_000, None)
        );
        assert_eq!(level, CriterionLevel::Warn);
        let after_rush = criteria(PHASES, "pass: [{recovers_within: 5s, after: rush}]").unwrap();
        let CriterionPlan::Recovery { after, .. } = &after_rush[0] else {
            panic!("no recovery");
        };
        assert_eq!(after.at_us, 15_000_000);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place_and_its_cure() {
        for (pass, expected) in [
            ("pass: []", "leave it out"),
            ("pass: [{run: ok}]", "valid"),
            (
                "pass: [{run: valid, not_crossed: warn}]",
                "exactly one thing",
            ),
            ("pass: [{sli: a}]", "exactly one thing"),
            ("pass: [{at_most: 2s}]", "`sli` is missing"),
            ("pass: [{recovers_within: 2s}]", "`after` is missing"),
            ("pass: [{run: valid, sli: a}]", "`sli` has no meaning here"),
            (
                "pass: [{sli: a, at_least: 1, after: over}]",
                "`after` has no meaning here",
            ),
            (
                "pass: [{not_crossed: warn, level: warn}]",
                "`level` has no meaning here",
            ),
            (
                "pass: [{sli: a, at_most: 2s, during: door}]",
                "did you mean `doors`",
            ),
            (
                "pass: [{recovers_within: 26s, after: over}]",
                "the traffic ends 25 s after `over`",
            ),
            ("pass: [{sli: a, at_most: 2}]", "scenario.yaml:7:"),
            ("pass: [{slo: a, at_most: 2s}]", "did you mean `sli`"),
        ] {
            let refused = criteria(CURVE, pass).unwrap_err();
            assert!(refused.contains(expected), "{pass}: {refused}");
            assert!(refused.contains("scenario.yaml:7:"), "{pass}: {refused}");
        }
        let twice = criteria(PHASES, "pass: [{sli: a, at_most: 2s, during: calm}]").unwrap_err();
        assert!(twice.contains("several stretches"), "{twice}");
    }
}
