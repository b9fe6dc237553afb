//! Thresholds of a run: whose requests, which stretch of time, which limit.

use super::super::definition::ThresholdDefinition;
use super::super::plan::{
    BadLimit, JourneyPlan, PhasePlan, ThresholdPlan, ThresholdScope, TrafficPlan,
};
use super::{Resolver, us};
use crate::declared_files::choices_hint;

/// The most thresholds of a scenario: each is evaluated every second.
const THRESHOLDS_MAX: usize = 100;
/// The finest that requests are counted, µs.
const SECOND_US: i64 = 1_000_000;

impl Resolver<'_> {
    pub(super) fn thresholds(
        &mut self,
        traffic: &TrafficPlan,
        journeys: &[JourneyPlan],
    ) -> Vec<ThresholdPlan> {
        let thresholds = &self.declared.value.thresholds;
        if thresholds.len() > THRESHOLDS_MAX {
            let message = format!("more than {THRESHOLDS_MAX} thresholds");
            self.problem("/thresholds", message, None);
            return Vec::new();
        }
        let thresholds = thresholds.iter().enumerate();
        thresholds
            .filter_map(|(index, threshold)| {
                let pointer = format!("/thresholds/{index}");
                self.threshold(threshold, &pointer, traffic, journeys)
            })
            .collect()
    }

    fn threshold(
        &mut self,
        threshold: &ThresholdDefinition,
        pointer: &str,
        traffic: &TrafficPlan,
        journeys: &[JourneyPlan],
    ) -> Option<ThresholdPlan> {
        let (bad, key) = match (threshold.above, threshold.below) {
            (Some(limit), None) => (BadLimit::Above(limit), "above"),
            (None, Some(limit)) => (BadLimit::Below(limit), "below"),
            _ => {
                let hint = "write `above: 2s`, or `below: 20/min`";
                let message = "a threshold has exactly one of `above` and `below`";
                self.problem(pointer, message, Some(hint));
                return None;
            }
        };
        let scenario = &self.declared.value;
        let names = journeys.iter().map(|journey| journey.name.as_str());
        let journey = self.named(threshold.journey.as_deref(), names, pointer, "journey");
        let names = scenario.channels.iter();
        let names = names.map(|channel| channel.name.as_str());
        let channel = self.named(threshold.channel.as_deref(), names, pointer, "channel");
        let names = scenario.shoppers.iter();
        let names = names.map(|shopper| shopper.name.as_str());
        let kind = self.named(threshold.shopper.as_deref(), names, pointer, "shopper");
        let phases = phases(traffic);
        let names = phases.iter().map(|phase| phase.name.as_str());
        let phase = self.named(threshold.phase.as_deref(), names, pointer, "phase");
        let phase = phase.map(|index| phases[usize::from(index)].clone());
        let plan = ThresholdPlan {
            sli: threshold.sli.clone(),
            bad,
            for_us: us(threshold.lasting),
            window_us: threshold.window.map(us),
            grace_us: threshold.grace.map_or(0, us),
            scope: ThresholdScope {
                journey,
                channel,
                kind,
            },
            phase,
            aborts: threshold.abort,
            sli_place: self.declared.problem(&format!("{pointer}/sli"), "", None),
            limit_place: self.declared.problem(&format!("{pointer}/{key}"), "", None),
        };
        self.check_times(&plan, pointer, traffic);
        Some(plan)
    }

    /// The index of what a threshold names.
    fn named<'n>(
        &mut self,
        name: Option<&str>,
        known: impl Iterator<Item = &'n str>,
        pointer: &str,
        what: &str,
    ) -> Option<u16> {
        let name = name?;
        let known: Vec<&str> = known.collect();
        let found = known.iter().position(|known| *known == name);
        if found.is_none() {
            let hint = if known.is_empty() {
                format!("this scenario has no {what}s with names")
            } else {
                choices_hint(name, &known, &format!("{what}s defined here"))
            };
            let message = format!("unknown {what} `{name}`");
            self.problem(&format!("{pointer}/{what}"), message, Some(&hint));
        }
        found.and_then(|index| u16::try_from(index).ok())
    }

    /// Whether it can ever be broken.
    fn check_times(&mut self, plan: &ThresholdPlan, pointer: &str, traffic: &TrafficPlan) {
        if let Some(window_us) = plan.window_us
            && (window_us < SECOND_US || window_us % SECOND_US != 0)
        {
            let hint = "requests are counted by the second; write `1s` or `5s`";
            let message = "a window is a whole number of seconds";
            self.problem(&format!("{pointer}/window"), message, Some(hint));
        }
        let length_us = match &plan.phase {
            Some(phase) => phase.to_us - phase.from_us,
            None => whole_us(traffic.curve.length_s()),
        };
        if plan.for_us.saturating_add(plan.grace_us) > length_us {
            let what = match &plan.phase {
                Some(phase) => format!("phase `{}`", phase.name),
                None => "the run".to_owned(),
            };
            let message =
                format!("it can never be broken: {what} is shorter than `grace` and `for`");
            self.problem(&format!("{pointer}/for"), message, None);
        }
    }
}

/// Phases, or the stretches between the labels of a curve.
fn phases(traffic: &TrafficPlan) -> Vec<PhasePlan> {
    if !traffic.phases.is_empty() {
        return traffic.phases.clone();
    }
    let ends = traffic.labels.iter().skip(1).map(|(at_us, _)| *at_us);
    let ends = ends.chain([whole_us(traffic.curve.length_s())]);
    let labels = traffic.labels.iter().zip(ends);
    labels
        .map(|((from_us, name), to_us)| PhasePlan {
            name: name.clone(),
            from_us: *from_us,
            to_us,
        })
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a curve is at most 36,500 days long"
)]
fn whole_us(seconds: f64) -> i64 {
    (seconds * 1e6) as i64
}
