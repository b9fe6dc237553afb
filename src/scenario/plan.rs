//! What a scenario means: every reference resolved, shares that add up to 1, one unit of time.

use std::net::IpAddr;
use std::sync::Arc;

use url::Url;

use super::curve::TrafficCurve;
use super::definition::{
    ArrivalSpacing, LimitsDefinition, ScenarioDefinition, StepDefinition, ThinkDefinition,
};
use super::path_template::{PathTemplate, ShopperVariables};
use crate::declared_files::{Declared, DeclaredFileError, DurationText, Problem, choices_hint};
use crate::route::Router;

/// A scenario, ready to be driven.
#[derive(Debug, Clone)]
pub struct DrillPlan {
    /// Name of the scenario.
    pub name: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// The file letter by letter.
    pub text: String,
    /// Seed of everything random.
    pub seed: u64,
    /// What is driven.
    pub target: TargetPlan,
    /// The service name of its requests in the lake.
    pub service: String,
    /// Hosts that may be driven besides this machine.
    pub hosts_allowed: Vec<String>,
    /// Spacing of the arrivals.
    pub spacing: ArrivalSpacing,
    /// Arrival rate over time.
    pub curve: TrafficCurve,
    /// Labelled points of the curve: µs since the start, and what happens then.
    pub labels: Vec<(i64, String)>,
    /// Kinds of shoppers.
    pub kinds: Vec<ShopperKind>,
    /// The journeys that the kinds point to.
    pub journeys: Vec<JourneyPlan>,
    /// `{product}` is drawn from 1 to this.
    pub products: u32,
    /// Limits of the load generator.
    pub limits: DrillLimits,
}

/// What is driven.
#[derive(Debug, Clone, PartialEq)]
pub enum TargetPlan {
    /// The shop inside the binary.
    EmbeddedShop(EmbeddedShop),
    /// A shop elsewhere.
    Url(Url),
}

/// Limits of the shop inside the binary; what is `None` is the shop's own default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EmbeddedShop {
    /// Checkouts per second that its payment service completes.
    pub checkouts_per_s: f64,
    /// How long one payment takes.
    pub payment_time: Option<std::time::Duration>,
    /// Checkouts that may wait for payment.
    pub payment_queue: Option<usize>,
    /// Number of products, so that every `{product}` exists.
    pub products: u32,
}

/// One kind of shopper.
#[derive(Debug, Clone, PartialEq)]
pub struct ShopperKind {
    /// Its name.
    pub name: String,
    /// Its share of all shoppers, 0 to 1.
    pub share: f64,
    /// Index into [`DrillPlan::journeys`].
    pub journey: usize,
}

/// A journey.
#[derive(Debug, Clone)]
pub struct JourneyPlan {
    /// Its name.
    pub name: String,
    /// Its steps; at least one.
    pub steps: Vec<StepPlan>,
}

/// One step of a journey.
#[derive(Debug, Clone)]
pub struct StepPlan {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path, with variables.
    pub path: PathTemplate,
    /// Form fields of a post, with variables.
    pub form: Vec<(String, PathTemplate)>,
    /// The route of its requests in the lake.
    pub route: Arc<str>,
    /// Shortest and longest think time before it, µs.
    pub think_us: (i64, i64),
}

/// Limits of the load generator, and what makes a run invalid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DrillLimits {
    /// Requests that may be under way at once.
    pub in_flight: usize,
    /// How long a shopper waits for one answer, µs.
    pub step_timeout_us: i64,
    /// How long shoppers may go on after the end of the curve, µs.
    pub drain_us: i64,
    /// Invalid when the schedule lag's 99th percentile is above this, µs.
    pub schedule_lag_p99_us: i64,
    /// Invalid when a larger share of shoppers was dropped, or of records was lost.
    pub dropped_share: f64,
}

/// 10,000 requests under way at once need as many file descriptors and ports, which a machine has.
const IN_FLIGHT_DEFAULT: u32 = 10_000;
const STEP_TIMEOUT_US_DEFAULT: i64 = 30_000_000;
const DRAIN_US_DEFAULT: i64 = 30_000_000;
const SCHEDULE_LAG_US_DEFAULT: i64 = 50_000;
const DROPPED_SHARE_DEFAULT: f64 = 0.001;

impl DrillPlan {
    /// The index of the kind at `position` (0 to 1) on the line of all shares.
    #[must_use]
    pub fn kind_at(&self, position: f64) -> usize {
        let mut sum = 0.0;
        for (index, kind) in self.kinds.iter().enumerate() {
            sum += kind.share;
            if position < sum {
                return index;
            }
        }
        self.kinds.len() - 1
    }

    /// Gives every step the route that `router` gives its path.
    pub fn assign_routes(&mut self, router: &mut Router) {
        let example = ShopperVariables {
            product: 1,
            shopper: 1,
        };
        for step in self
            .journeys
            .iter_mut()
            .flat_map(|journey| &mut journey.steps)
        {
            step.route = router.route_of(&step.path.fill(example));
        }
    }
}

/// Whether a host is this machine itself.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Understands a definition.
///
/// # Errors
/// Every problem at once: unknown journeys and variables, a curve that goes backwards, hosts that
/// are not allowed, steps with two methods or none.
pub fn resolve(declared: &Declared<ScenarioDefinition>) -> Result<DrillPlan, DeclaredFileError> {
    let mut resolver = Resolver {
        declared,
        problems: Vec::new(),
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
}

impl Resolver<'_> {
    fn scenario(&mut self) -> Option<DrillPlan> {
        let scenario = &self.declared.value;
        let products = scenario.products.unwrap_or(1_000);
        let journeys = self.journeys();
        let kinds = self.kinds(&journeys);
        let curve = self.curve();
        let target = self.target(products);
        let limits = self.limits(&scenario.limits);
        let labels = scenario.traffic.curve.iter().filter_map(|point| {
            let label = point.label.clone()?;
            Some((us(point.at), label))
        });
        Some(DrillPlan {
            name: scenario.name.clone(),
            sha256: self.declared.sha256(),
            text: self.declared.text().to_owned(),
            seed: scenario.seed,
            target: target?,
            service: scenario
                .target
                .service
                .clone()
                .unwrap_or_else(|| "shop".to_owned()),
            hosts_allowed: scenario.target.hosts_allowed.clone(),
            spacing: scenario.traffic.arrivals,
            curve: curve?,
            labels: labels.collect(),
            kinds,
            journeys,
            products,
            limits,
        })
    }

    fn problem(&mut self, pointer: &str, message: impl Into<String>, hint: Option<&str>) {
        let hint = hint.map(ToOwned::to_owned);
        let problem = self.declared.problem(pointer, message, hint);
        self.problems.push(problem);
    }

    fn journeys(&mut self) -> Vec<JourneyPlan> {
        let mut journeys = Vec::new();
        for (name, steps) in &self.declared.value.journeys {
            let pointer = format!("/journeys/{}", crate::declared_files::pointer_step(name));
            if steps.is_empty() {
                self.problem(&pointer, format!("journey `{name}` has no step"), None);
            }
            let steps = steps.iter().enumerate();
            let steps = steps
                .filter_map(|(index, step)| self.step(step, &format!("{pointer}/{index}")))
                .collect();
            journeys.push(JourneyPlan {
                name: name.clone(),
                steps,
            });
        }
        journeys
    }

    fn step(&mut self, step: &StepDefinition, pointer: &str) -> Option<StepPlan> {
        let (method, key, path) = match (&step.get, &step.post) {
            (Some(path), None) => ("GET", "get", path),
            (None, Some(path)) => ("POST", "post", path),
            _ => {
                let hint = "write `get: /path` or `post: /path`";
                self.problem(
                    pointer,
                    "a step has exactly one of `get` and `post`",
                    Some(hint),
                );
                return None;
            }
        };
        if method == "GET" && !step.form.is_empty() {
            self.problem(
                &format!("{pointer}/form"),
                "a `get` has no form",
                Some("use `post`"),
            );
        }
        if !path.starts_with('/') {
            let message = format!("path `{path}` does not begin with `/`");
            let hint = "the host stands in `target`; a step names a path on it";
            self.problem(&format!("{pointer}/{key}"), message, Some(hint));
        }
        let path = self.template(path, &format!("{pointer}/{key}"))?;
        let mut form = Vec::new();
        for (field, value) in &step.form {
            let step = crate::declared_files::pointer_step(field);
            form.push((
                field.clone(),
                self.template(value, &format!("{pointer}/form/{step}"))?,
            ));
        }
        Some(StepPlan {
            method,
            path,
            form,
            route: "/".into(),
            think_us: self.think(step.think.as_ref(), pointer),
        })
    }

    fn template(&mut self, text: &str, pointer: &str) -> Option<PathTemplate> {
        match PathTemplate::parse(text) {
            Ok(template) => Some(template),
            Err(name) => {
                let hint = choices_hint(&name, &PathTemplate::VARIABLES, "variables");
                self.problem(pointer, format!("unknown variable `{name}`"), Some(&hint));
                None
            }
        }
    }

    fn think(&mut self, think: Option<&ThinkDefinition>, pointer: &str) -> (i64, i64) {
        let Some(think) = think else {
            return (0, 0);
        };
        if think.to < think.from {
            let message = format!(
                "think time ends at {} before it begins at {}",
                think.to, think.from
            );
            self.problem(&format!("{pointer}/think"), message, None);
        }
        (us(think.from), us(think.to))
    }

    fn kinds(&mut self, journeys: &[JourneyPlan]) -> Vec<ShopperKind> {
        let shoppers = &self.declared.value.shoppers;
        let sum: f64 = shoppers.iter().map(|shopper| shopper.share).sum();
        if sum <= 0.0 {
            self.problem("/shoppers", "no shopper has a share above 0", None);
        }
        let mut kinds = Vec::new();
        for (index, shopper) in shoppers.iter().enumerate() {
            let found = journeys
                .iter()
                .position(|journey| journey.name == shopper.journey);
            let Some(journey) = found else {
                let names: Vec<&str> = journeys
                    .iter()
                    .map(|journey| journey.name.as_str())
                    .collect();
                let hint = choices_hint(&shopper.journey, &names, "journeys defined here");
                let message = format!("unknown journey `{}`", shopper.journey);
                self.problem(&format!("/shoppers/{index}/journey"), message, Some(&hint));
                continue;
            };
            kinds.push(ShopperKind {
                name: shopper.name.clone(),
                share: shopper.share / sum,
                journey,
            });
        }
        kinds
    }

    fn curve(&mut self) -> Option<TrafficCurve> {
        let traffic = &self.declared.value.traffic;
        let points: Vec<(f64, f64)> = traffic
            .curve
            .iter()
            .map(|point| {
                (
                    crate::time_window::seconds(us(point.at)),
                    point.shoppers_per_s,
                )
            })
            .collect();
        for (index, pair) in points.windows(2).enumerate() {
            if pair[1].0 < pair[0].0 {
                let pointer = format!("/traffic/curve/{}/at", index + 1);
                self.problem(
                    &pointer,
                    "the curve goes back in time",
                    Some("sort its points by `at`"),
                );
            }
        }
        if let Some(rate_max) = self.declared.value.limits.shoppers_per_s {
            for (index, point) in traffic.curve.iter().enumerate() {
                if point.shoppers_per_s > rate_max {
                    let pointer = format!("/traffic/curve/{index}/shoppers_per_s");
                    let message = format!(
                        "{} is above `limits.shoppers_per_s` of {rate_max}",
                        point.shoppers_per_s
                    );
                    self.problem(&pointer, message, None);
                }
            }
        }
        let curve = TrafficCurve::new(&points);
        let is_usable = curve.as_ref().is_some_and(|curve| curve.arrivals() > 0.0);
        if !is_usable && self.problems.is_empty() {
            let hint = "at least two points at different times, one of them above 0";
            self.problem(
                "/traffic/curve",
                "nobody ever arrives on this curve",
                Some(hint),
            );
        }
        curve
    }

    fn target(&mut self, products: u32) -> Option<TargetPlan> {
        let target = &self.declared.value.target;
        match (&target.shop, &target.base_url) {
            (Some(shop), None) => Some(TargetPlan::EmbeddedShop(EmbeddedShop {
                checkouts_per_s: shop.checkouts_per_s,
                payment_time: shop.payment_time.map(DurationText::as_duration),
                payment_queue: shop
                    .payment_queue
                    .and_then(|queue| usize::try_from(queue).ok()),
                products,
            })),
            (None, Some(text)) => self.base_url(text).map(TargetPlan::Url),
            _ => {
                let message = "a target has exactly one of `shop` and `base_url`";
                self.problem("/target", message, None);
                None
            }
        }
    }

    fn base_url(&mut self, text: &str) -> Option<Url> {
        let pointer = "/target/base_url";
        let url = match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => url,
            _ => {
                let hint = "write `https://staging.shop.example`";
                self.problem(
                    pointer,
                    "the base URL is not an http or https URL",
                    Some(hint),
                );
                return None;
            }
        };
        let host = url.host_str().unwrap_or_default();
        let is_allowed = is_loopback(host)
            || self
                .declared
                .value
                .target
                .hosts_allowed
                .iter()
                .any(|allowed| allowed == host);
        if !is_allowed {
            let message = format!("host `{host}` is not in `hosts_allowed`");
            let hint =
                format!("if you may load-test it, add `hosts_allowed: [{host}]` to the target");
            self.problem(pointer, message, Some(&hint));
        }
        Some(url)
    }

    fn limits(&mut self, limits: &LimitsDefinition) -> DrillLimits {
        let or = |text: Option<DurationText>, default_us| text.map_or(default_us, us);
        DrillLimits {
            in_flight: usize::try_from(limits.in_flight.unwrap_or(IN_FLIGHT_DEFAULT))
                .unwrap_or(usize::MAX),
            step_timeout_us: or(limits.step_timeout, STEP_TIMEOUT_US_DEFAULT),
            drain_us: or(limits.drain, DRAIN_US_DEFAULT),
            schedule_lag_p99_us: or(limits.schedule_lag_p99, SCHEDULE_LAG_US_DEFAULT),
            dropped_share: limits.dropped_share.unwrap_or(DROPPED_SHARE_DEFAULT),
        }
    }
}

fn us(duration: DurationText) -> i64 {
    i64::try_from(duration.as_us()).unwrap_or(i64::MAX)
}
