//! From what a probe file says to what it means, or every problem at once.
//!
//! A partner's requests are resolved by the scenario's own resolver: a partner is seen as a scenario with
//! one shopper and one journey, so that steps, checks, certificates and allowed hosts mean the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::definition::{
    AvailabilityDefinition, CountsName, LatencyDefinition, OverText, PartnerDefinition,
    ProbeFileDefinition, ReferenceDefinition, SlaDefinition,
};
use super::plan::{
    AvailabilityBasis, AvailabilityPlan, LatencyAim, LatencyPlan, PartnerPlan, ProbePlan,
    ProbedPlan, SlaPlan,
};
use crate::declared_files::{Declared, DeclaredFileError, DurationText, Problem};
use crate::route::Router;
use crate::scenario::{
    AuthDefinition, HttpDefinition, OnFailureName, ScenarioDefinition, StepDefinition, TargetPlan,
};
use crate::sli::definition::OwnExclusionDefinition;
use crate::sli::exclusion::check_repeat;
use crate::sli::{ExclusionPlan, Over, over_of};
use crate::time_window::{TimeWindow, parse_time, zone};

const EVERY_US_DEFAULT: i64 = 60_000_000;
/// A prober is no load generator.
const EVERY_US_MIN: i64 = 100_000;
const TIMEOUT_US_DEFAULT: i64 = 10_000_000;
const DOWN_AFTER_DEFAULT: u32 = 2;
const MEASURED_DEFAULT: f64 = 0.9;
/// The only journey of a probe.
const JOURNEY: &str = "probe";

/// Understands a definition.
///
/// # Errors
/// Every problem at once: hosts that are not allowed, steps that are no steps of a probe, names that come
/// twice, times that are none.
pub fn resolve(declared: &Declared<ProbeFileDefinition>) -> Result<ProbePlan, DeclaredFileError> {
    let mut resolver = Resolver {
        declared,
        problems: Vec::new(),
    };
    let plan = resolver.file();
    match plan {
        Some(plan) if resolver.problems.is_empty() => Ok(plan),
        _ => Err(DeclaredFileError::from(resolver.problems)),
    }
}

/// What partners and references have in common.
struct Asked<'a> {
    name: &'a str,
    base_url: &'a str,
    hosts_allowed: &'a [String],
    headers: BTreeMap<String, String>,
    auth: Option<&'a AuthDefinition>,
    http: Option<&'a HttpDefinition>,
    every: Option<DurationText>,
    jitter: Option<DurationText>,
    timeout: Option<DurationText>,
    steps: &'a [StepDefinition],
}

struct Resolver<'a> {
    declared: &'a Declared<ProbeFileDefinition>,
    problems: Vec<Problem>,
}

impl Resolver<'_> {
    fn file(&mut self) -> Option<ProbePlan> {
        let file = &self.declared.value;
        self.check_names();
        let zone_name = file.time_zone.clone().unwrap_or_else(|| "UTC".to_owned());
        let time_zone = match zone(&zone_name) {
            Ok(zone) => zone,
            Err(error) => {
                self.problem_of("/time_zone", &error.to_string());
                TimeZone::UTC
            }
        };
        let of_all = self.exclusions(&file.exclusions, &time_zone, "/exclusions");
        let mut partners = Vec::new();
        for (index, partner) in file.partners.iter().enumerate() {
            let pointer = format!("/partners/{index}");
            let probed = self.probed(&asked_of_partner(partner), &pointer);
            let none = SlaDefinition::default();
            let sla = partner.sla.as_ref().unwrap_or(&none);
            let sla = self.sla(sla, &of_all, &time_zone, &format!("{pointer}/sla"));
            partners.extend(probed.map(|probed| PartnerPlan {
                probed,
                asks_us: 0,
                sla,
            }));
        }
        let mut references = Vec::new();
        for (index, reference) in file.references.iter().enumerate() {
            let asked = asked_of_reference(reference);
            references.extend(self.probed(&asked, &format!("/references/{index}")));
        }
        let asks_us = references.iter().map(ProbedPlan::longest_us).max();
        for partner in &mut partners {
            partner.asks_us = asks_us.unwrap_or(0);
        }
        Some(ProbePlan {
            name: file.name.clone(),
            sha256: self.declared.sha256(),
            time_zone,
            zone_name,
            seed: file.seed,
            partners,
            references,
        })
    }

    fn problem(&mut self, pointer: &str, message: impl Into<String>, hint: Option<&str>) {
        let hint = hint.map(ToOwned::to_owned);
        let problem = self.declared.problem(pointer, message, hint);
        self.problems.push(problem);
    }

    /// A message of another module, `reason (hint: cure)`.
    fn problem_of(&mut self, pointer: &str, text: &str) {
        match text
            .strip_suffix(')')
            .and_then(|text| text.split_once(" (hint: "))
        {
            Some((message, hint)) => self.problem(pointer, message, Some(hint)),
            None => self.problem(pointer, text, None),
        }
    }

    fn check_names(&mut self) {
        let file = &self.declared.value;
        let partners = file.partners.iter().enumerate();
        let partners =
            partners.map(|(index, partner)| (format!("/partners/{index}/name"), &partner.name));
        let references = file.references.iter().enumerate();
        let references = references
            .map(|(index, reference)| (format!("/references/{index}/name"), &reference.name));
        let mut seen = BTreeSet::new();
        for (pointer, name) in partners.chain(references).collect::<Vec<_>>() {
            if name.trim().is_empty() {
                self.problem(&pointer, "there is no name", None);
            } else if !seen.insert(name) {
                let message = format!("there is a `{name}` already");
                let hint = "it is the service in the lake; choose another name";
                self.problem(&pointer, message, Some(hint));
            }
        }
    }

    fn probed(&mut self, asked: &Asked<'_>, pointer: &str) -> Option<ProbedPlan> {
        let every_us = asked.every.map_or(EVERY_US_DEFAULT, us);
        if every_us < EVERY_US_MIN {
            let message = "a probe comes every 100ms at most";
            let hint = "usual is `1m`; for load there is `firedrill rehearse`";
            self.problem(&format!("{pointer}/every"), message, Some(hint));
        }
        let jitter_us = asked.jitter.map_or(every_us / 10, us);
        if jitter_us >= every_us.max(1) {
            let message = "the jitter is not below `every`";
            let hint = "usual is a tenth of it";
            self.problem(&format!("{pointer}/jitter"), message, Some(hint));
        }
        let timeout_us = asked.timeout.map_or(TIMEOUT_US_DEFAULT, us);
        self.check_steps(asked.steps, pointer);
        let mut drill = match crate::scenario::resolve(&self.as_scenario(asked, pointer)?) {
            Ok(drill) => drill,
            Err(error) => {
                self.problems.extend(error.problems().iter().cloned());
                return None;
            }
        };
        drill.limits.step_timeout_us = timeout_us;
        drill.assign_routes(&mut Router::new(Vec::new()));
        let TargetPlan::Url(base_url) = drill.target.clone() else {
            return None;
        };
        Some(ProbedPlan {
            name: asked.name.to_owned(),
            base_url,
            drill: Arc::new(drill),
            every_us,
            jitter_us,
            timeout_us,
        })
    }

    /// The scenario of one shopper who takes the steps once.
    fn as_scenario(
        &mut self,
        asked: &Asked<'_>,
        pointer: &str,
    ) -> Option<Declared<ScenarioDefinition>> {
        let bare = serde_json::json!({
            "name": asked.name,
            "target": {"base_url": asked.base_url, "service": asked.name},
            "traffic": {"closed": {"shoppers": 1, "for": "1s"}},
            "shoppers": [{"name": "prober", "share": 1, "journey": JOURNEY}],
            "journeys": {JOURNEY: [{"get": "/"}]},
        });
        let mut scenario: ScenarioDefinition = match serde_json::from_value(bare) {
            Ok(scenario) => scenario,
            Err(error) => {
                self.problem(pointer, format!("it cannot be probed: {error}"), None);
                return None;
            }
        };
        scenario.target.hosts_allowed = asked.hosts_allowed.to_vec();
        scenario.target.headers.clone_from(&asked.headers);
        scenario.target.auth = asked.auth.cloned();
        scenario.target.http = asked.http.cloned().unwrap_or_default();
        if !asked.steps.is_empty() {
            scenario
                .journeys
                .insert(JOURNEY.to_owned(), asked.steps.to_vec());
        }
        let moved = vec![
            ("/target".to_owned(), pointer.to_owned()),
            (format!("/journeys/{JOURNEY}"), format!("{pointer}/steps")),
            (String::new(), pointer.to_owned()),
        ];
        Some(self.declared.seen_as(scenario, moved))
    }

    /// A probe takes every step, in their order, and makes no other requests: each one has the same
    /// meaning.
    fn check_steps(&mut self, steps: &[StepDefinition], pointer: &str) {
        for (index, step) in steps.iter().enumerate() {
            let named = [
                ("chance", step.chance.is_some()),
                ("repeat", step.repeat.is_some()),
                ("next", !step.next.is_empty()),
                ("assets", !step.assets.is_empty()),
                ("page_assets", step.page_assets),
                ("on_failure", step.on_failure == OnFailureName::Continue),
            ];
            for (key, is_there) in named {
                if is_there {
                    let message = format!("`{key}` has no place in a probe");
                    let hint = "a probe takes every step once, in their order, and fails with the first that fails";
                    self.problem(
                        &format!("{pointer}/steps/{index}/{key}"),
                        message,
                        Some(hint),
                    );
                }
            }
        }
    }

    fn sla(
        &mut self,
        sla: &SlaDefinition,
        of_all: &[ExclusionPlan],
        zone: &TimeZone,
        pointer: &str,
    ) -> SlaPlan {
        let mut exclusions = of_all.to_vec();
        let own = format!("{pointer}/exclusions");
        exclusions.extend(self.exclusions(&sla.exclusions, zone, &own));
        let latency = sla
            .latency
            .iter()
            .enumerate()
            .filter_map(|(index, latency)| {
                self.latency(latency, &format!("{pointer}/latency/{index}"))
            });
        let latency = latency.collect();
        let availability = sla.availability.as_ref();
        SlaPlan {
            contract: sla.contract.clone(),
            availability: availability
                .map(|plan| self.availability(plan, &format!("{pointer}/availability"))),
            latency,
            down_after: usize::try_from(sla.down_after.unwrap_or(DOWN_AFTER_DEFAULT))
                .unwrap_or(usize::MAX),
            measured_min: sla.measured.unwrap_or(MEASURED_DEFAULT),
            exclusions,
        }
    }

    fn availability(
        &mut self,
        availability: &AvailabilityDefinition,
        pointer: &str,
    ) -> AvailabilityPlan {
        AvailabilityPlan {
            target: availability.target,
            basis: match availability.counts {
                CountsName::Probes => AvailabilityBasis::Probes,
                CountsName::Downtime => AvailabilityBasis::Downtime,
            },
            over: self.over(&availability.over, pointer),
        }
    }

    fn latency(&mut self, latency: &LatencyDefinition, pointer: &str) -> Option<LatencyPlan> {
        let aim = match (latency.share, latency.percentile) {
            (Some(share), None) => LatencyAim::Share(share),
            (None, Some(percentile)) => LatencyAim::Quantile(percentile / 100.0),
            _ => {
                let message = "a latency has exactly one of `share` and `percentile`";
                self.problem(
                    pointer,
                    message,
                    Some("write `share: 0.99` or `percentile: 95`"),
                );
                return None;
            }
        };
        Some(LatencyPlan {
            limit_us: latency.limit.as_us(),
            aim,
            over: self.over(&latency.over, pointer),
        })
    }

    fn over(&mut self, texts: &[OverText], pointer: &str) -> Vec<(String, Over)> {
        if texts.is_empty() {
            let hint = "write `over: [month]`";
            self.problem(&format!("{pointer}/over"), "it is over nothing", Some(hint));
        }
        let mut plans = Vec::new();
        for (index, OverText(text)) in texts.iter().enumerate() {
            match over_of(text, &[]) {
                Some(over) => plans.push((text.clone(), over)),
                None => {
                    let message = format!("`{text}` is no stretch of time");
                    let hint =
                        "write `day`, `week`, `month`, or a rolling window from `1h` to `3660d`";
                    self.problem(&format!("{pointer}/over/{index}"), message, Some(hint));
                }
            }
        }
        plans
    }

    fn exclusions(
        &mut self,
        exclusions: &[OwnExclusionDefinition],
        zone: &TimeZone,
        pointer: &str,
    ) -> Vec<ExclusionPlan> {
        let mut plans = Vec::new();
        for (index, exclusion) in exclusions.iter().enumerate() {
            let pointer = format!("{pointer}/{index}");
            if exclusion.reason.trim().is_empty() {
                let hint = "the summary says why something was left out";
                self.problem(
                    &format!("{pointer}/reason"),
                    "there is no reason",
                    Some(hint),
                );
            }
            if let Some(Err(message)) = exclusion.repeat.as_deref().map(check_repeat) {
                self.problem_of(&format!("{pointer}/repeat"), &message);
            }
            let from_us = self.time(&exclusion.from, zone, &format!("{pointer}/from"));
            let to_us = self.time(&exclusion.to, zone, &format!("{pointer}/to"));
            let Some((start_us, end_us)) = from_us.zip(to_us) else {
                continue;
            };
            if end_us <= start_us {
                let message = format!("`{}` is not after `{}`", exclusion.to, exclusion.from);
                self.problem(&format!("{pointer}/to"), message, None);
                continue;
            }
            plans.push(ExclusionPlan {
                reason: exclusion.reason.clone(),
                first: TimeWindow { start_us, end_us },
                repeat: exclusion.repeat.clone(),
                slis: Vec::new(),
                time_zone: Some(zone.clone()),
            });
        }
        plans
    }

    /// A point in time; never an age, because a file means the same on every day.
    fn time(&mut self, text: &str, zone: &TimeZone, pointer: &str) -> Option<i64> {
        if !text.starts_with('-')
            && let Ok(ts_us) = parse_time(text, zone, 0)
        {
            return Some(ts_us);
        }
        let hint = "write `2026-11-27T08:00:00Z`, or `2026-11-27T08:00` or `2026-11-27` in the file's zone";
        self.problem(pointer, format!("`{text}` is not a time"), Some(hint));
        None
    }
}

fn asked_of_partner(partner: &PartnerDefinition) -> Asked<'_> {
    Asked {
        name: &partner.name,
        base_url: &partner.base_url,
        hosts_allowed: &partner.hosts_allowed,
        headers: partner.headers.clone(),
        auth: partner.auth.as_ref(),
        http: partner.http.as_ref(),
        every: partner.every,
        jitter: partner.jitter,
        timeout: partner.timeout,
        steps: &partner.steps,
    }
}

fn asked_of_reference(reference: &ReferenceDefinition) -> Asked<'_> {
    Asked {
        name: &reference.name,
        base_url: &reference.base_url,
        hosts_allowed: &reference.hosts_allowed,
        headers: BTreeMap::new(),
        auth: None,
        http: reference.http.as_ref(),
        every: reference.every,
        jitter: None,
        timeout: reference.timeout,
        steps: &reference.steps,
    }
}

fn us(duration: DurationText) -> i64 {
    i64::try_from(duration.as_us()).unwrap_or(i64::MAX)
}
