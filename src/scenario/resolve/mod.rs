//! From what a scenario file says to what it means, or every problem at once.
//!
//! In: a [`ScenarioDefinition`] with its places. Out: a [`DrillPlan`]. Files that it names (curves,
//! data, certificates) are read here, from beside the scenario file, so that a run cannot fail on them.

mod criteria;
mod data;
mod drills;
#[cfg(test)]
mod drills_tests;
mod print;
mod shoppers;
mod steps;
mod target;
#[cfg(test)]
mod tests;
mod thresholds;
mod traffic;

use std::io::Read;
use std::path::Path;

use super::definition::{LimitsDefinition, ScenarioDefinition, ThinkDefinition};
use super::duration_draw::DurationDraw;
use super::plan::{DrillLimits, DrillPlan, PlanPrint, ProductDraw};
use super::route_finder::RouteFinder;
use super::shard::Shard;
use super::text_template::{Names, TextTemplate};
use crate::declared_files::{Declared, DeclaredFileError, DurationText, Problem, choices_hint};
use crate::route::Router;

/// 10,000 requests under way at once need as many file descriptors and ports, which a machine has.
const IN_FLIGHT_DEFAULT: u32 = 10_000;
const STEP_TIMEOUT_US_DEFAULT: i64 = 30_000_000;
const STEPS_DEFAULT: u32 = 1_000;
const DRAIN_US_DEFAULT: i64 = 30_000_000;
const SCHEDULE_LAG_US_DEFAULT: i64 = 50_000;
const DROPPED_SHARE_DEFAULT: f64 = 0.001;
const PRODUCTS_DEFAULT: u32 = 1_000;
/// Products whose shares are kept when some are more wanted than others, 8 bytes each.
const SKEWED_PRODUCTS_MAX: u32 = 10_000_000;
/// The largest file that a scenario may name.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Understands a definition.
///
/// # Errors
/// Every problem at once: unknown journeys and variables, a curve that goes backwards, hosts that
/// are not allowed, steps with two methods or none, files that cannot be read.
pub fn resolve(declared: &Declared<ScenarioDefinition>) -> Result<DrillPlan, DeclaredFileError> {
    let mut resolver = Resolver {
        declared,
        problems: Vec::new(),
        names: Names::new(),
        taken: Vec::new(),
    };
    let plan = resolver.scenario();
    match plan {
        Some(plan) if resolver.problems.is_empty() => Ok(plan),
        _ => Err(DeclaredFileError::from(resolver.problems)),
    }
}

struct Resolver<'a> {
    declared: &'a Declared<ScenarioDefinition>,
    problems: Vec<Problem>,
    /// What may stand in braces.
    names: Names,
    /// Names of what is taken from answers, by slot.
    taken: Vec<String>,
}

impl Resolver<'_> {
    fn scenario(&mut self) -> Option<DrillPlan> {
        let scenario = &self.declared.value;
        let products = self.products();
        let data = self.data();
        self.declare_names(&data);
        let journeys = self.journeys();
        let kinds = self.kinds(&journeys);
        let mut channels = self.channels();
        let traffic = self.traffic();
        let thresholds = match &traffic {
            Some(traffic) => self.thresholds(traffic, &journeys),
            None => Vec::new(),
        };
        let drills = traffic
            .as_ref()
            .map(|traffic| self.drills(traffic, &mut channels));
        let target = self.target(products.count());
        let transport = self.transport();
        if let Some(traffic) = &traffic {
            self.check_data_suffices(&data, traffic);
        }
        let traffic = traffic?;
        let criteria = self.criteria(&traffic);
        let mut plan = DrillPlan {
            name: scenario.name.clone(),
            sha256: self.declared.sha256(),
            text: self.declared.text().to_owned(),
            hypothesis: scenario.hypothesis.clone(),
            criteria,
            has_own_criteria: scenario.pass.is_some(),
            print: PlanPrint::default(),
            seed: scenario.seed,
            target: target?,
            service: scenario
                .target
                .service
                .clone()
                .unwrap_or_else(|| "shop".to_owned()),
            hosts_allowed: scenario.target.hosts_allowed.clone(),
            transport,
            traffic,
            joined: Vec::new(),
            channels,
            kinds,
            journeys,
            thresholds,
            data,
            taken_slots: self.taken.len(),
            products,
            routes: RouteFinder::new(Router::new(Vec::new())),
            drills: drills.unwrap_or_default(),
            limits: limits(&scenario.limits),
            shard: Shard::WHOLE,
        };
        plan.print = print::print(&plan, self.declared);
        Some(plan)
    }

    fn problem(&mut self, pointer: &str, message: impl Into<String>, hint: Option<&str>) {
        let hint = hint.map(ToOwned::to_owned);
        let problem = self.declared.problem(pointer, message, hint);
        self.problems.push(problem);
    }

    fn products(&mut self) -> ProductDraw {
        let scenario = &self.declared.value;
        let count = scenario.products.unwrap_or(PRODUCTS_DEFAULT);
        let skew = scenario.product_skew.unwrap_or(0.0);
        if skew > 0.0 && count > SKEWED_PRODUCTS_MAX {
            let message = format!("more than {SKEWED_PRODUCTS_MAX} products cannot have a skew");
            self.problem("/products", message, None);
            return ProductDraw::new(1, 0.0);
        }
        ProductDraw::new(count, skew)
    }

    fn template(&mut self, text: &str, pointer: &str) -> TextTemplate {
        match TextTemplate::parse(text, &self.names) {
            Ok(template) => template,
            Err(name) => {
                let known: Vec<&str> = self.names.keys().map(String::as_str).collect();
                let hint = choices_hint(&name, &known, "variables");
                self.problem(pointer, format!("unknown variable `{name}`"), Some(&hint));
                TextTemplate::default()
            }
        }
    }

    /// A length of time; exactly one way of saying it.
    fn draw(&mut self, think: &ThinkDefinition, pointer: &str) -> DurationDraw {
        let max = |default_us: f64| think.max.map_or(whole_us(default_us), us);
        match think {
            ThinkDefinition {
                fixed: Some(fixed),
                from: None,
                to: None,
                mean: None,
                median: None,
                p95: None,
                ..
            } => DurationDraw::Fixed(us(*fixed)),
            ThinkDefinition {
                fixed: None,
                from: Some(from),
                to: Some(to),
                mean: None,
                median: None,
                p95: None,
                ..
            } => {
                if to < from {
                    let message = format!("it ends at {to} before it begins at {from}");
                    self.problem(pointer, message, None);
                    return DurationDraw::NONE;
                }
                DurationDraw::Even {
                    from_us: us(*from),
                    to_us: us(*to),
                }
            }
            ThinkDefinition {
                fixed: None,
                from: None,
                to: None,
                mean: Some(mean),
                median: None,
                p95: None,
                ..
            } => DurationDraw::Exponential {
                mean_us: number(*mean),
                max_us: max(number(*mean) * 30.0),
            },
            ThinkDefinition {
                fixed: None,
                from: None,
                to: None,
                mean: None,
                median: Some(median),
                p95: Some(p95),
                ..
            } => {
                if p95 <= median || number(*median) <= 0.0 {
                    let message = format!("the p95 of {p95} is not above the median of {median}");
                    self.problem(pointer, message, None);
                    return DurationDraw::NONE;
                }
                let (median_us, p95_us) = (number(*median), number(*p95));
                DurationDraw::lognormal(median_us, p95_us, max(p95_us * 10.0))
            }
            ThinkDefinition { .. } => {
                let message = "a time is said in exactly one way";
                let hint = "write `fixed: 2s`, `from: 1s` with `to: 3s`, `mean: 2s`, or `median: 2s` with `p95: 8s`";
                self.problem(pointer, message, Some(hint));
                DurationDraw::NONE
            }
        }
    }

    /// The bytes of a file beside the scenario file.
    fn file(&mut self, path: &str, pointer: &str) -> Option<Vec<u8>> {
        let folder = self.declared.path().parent().unwrap_or(Path::new(""));
        let full = folder.join(path);
        let mut bytes = Vec::new();
        let read = std::fs::File::open(&full).and_then(|file| {
            file.take(FILE_BYTES_MAX + 1)
                .read_to_end(&mut bytes)
                .map(|_| ())
        });
        match read {
            Ok(()) if bytes.len() as u64 > FILE_BYTES_MAX => {
                let message = format!("`{}` has more than {FILE_BYTES_MAX} bytes", full.display());
                self.problem(pointer, message, None);
                None
            }
            Ok(()) => Some(bytes),
            Err(error) => {
                let message = format!("cannot read `{}`: {error}", full.display());
                let hint = "paths are relative to the scenario file";
                self.problem(pointer, message, Some(hint));
                None
            }
        }
    }
}

fn limits(limits: &LimitsDefinition) -> DrillLimits {
    let or = |text: Option<DurationText>, default_us| text.map_or(default_us, us);
    DrillLimits {
        in_flight: usize::try_from(limits.in_flight.unwrap_or(IN_FLIGHT_DEFAULT))
            .unwrap_or(usize::MAX),
        step_timeout_us: or(limits.step_timeout, STEP_TIMEOUT_US_DEFAULT),
        steps: limits.steps.unwrap_or(STEPS_DEFAULT),
        drain_us: or(limits.drain, DRAIN_US_DEFAULT),
        schedule_lag_p99_us: or(limits.schedule_lag_p99, SCHEDULE_LAG_US_DEFAULT),
        dropped_share: limits.dropped_share.unwrap_or(DROPPED_SHARE_DEFAULT),
    }
}

/// Shares that add up to 1; `None` when none is above 0.
fn normalised(shares: impl Iterator<Item = f64>) -> Option<Vec<f64>> {
    let shares: Vec<f64> = shares.collect();
    let sum: f64 = shares.iter().sum();
    (sum > 0.0).then(|| shares.into_iter().map(|share| share / sum).collect())
}

fn us(duration: DurationText) -> i64 {
    i64::try_from(duration.as_us()).unwrap_or(i64::MAX)
}

fn number(duration: DurationText) -> f64 {
    duration.as_duration().as_secs_f64() * 1e6
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "30 times the longest duration is 1e17 µs, and a cast saturates"
)]
fn whole_us(us: f64) -> i64 {
    us as i64
}
