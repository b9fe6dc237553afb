//! What an SLI set means: every reference resolved, every number in one unit.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::definition::{
    EventDefinition, LatencyCutDefinition, LatencyDefinition, LevelName, RateDefinition,
    RatePeriod, RatioDefinition, ShareThreshold, SliDefinition, SliSetDefinition, StatusText,
};
use crate::declared_files::{Declared, DeclaredFileError, DurationText, Problem, choices_hint};
use crate::rollup::SeriesKey;
use crate::route::RouteTemplate;

/// Window on production logs where the set names none: a minute.
const WINDOW_US_DEFAULT: i64 = 60_000_000;
/// Window on a rehearsal where the set names none: five seconds.
const REHEARSAL_WINDOW_US_DEFAULT: i64 = 5_000_000;
/// A share of fewer requests is not judged where the set names no minimum.
const SHARE_COUNT_MIN: u64 = 20;

/// An SLI set, ready to be evaluated.
#[derive(Debug, Clone)]
pub struct SliSetPlan {
    /// Its name.
    pub name: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// The file letter by letter.
    pub text: String,
    /// Path templates, in the order in which they are tried.
    pub routes: Vec<RouteTemplate>,
    /// Length of a window on production logs, µs.
    pub window_us: i64,
    /// Length of a window on a rehearsal, µs.
    pub rehearsal_window_us: i64,
    /// From the first page to the order.
    pub funnel: Vec<FunnelStepPlan>,
    /// The SLIs, in the order of the file.
    pub slis: Vec<SliPlan>,
}

impl SliSetPlan {
    /// The latency limits that must be counted exactly, µs.
    #[must_use]
    pub fn cuts_us(&self) -> Vec<u64> {
        let cuts = self.slis.iter().filter_map(|sli| match sli.measure {
            Measure::LatencyCut { limit_us } => Some(limit_us),
            Measure::Rate { .. } | Measure::Ratio { .. } | Measure::Latency { .. } => None,
        });
        cuts.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// One step of the funnel.
#[derive(Debug, Clone)]
pub struct FunnelStepPlan {
    /// In the business's words.
    pub title: String,
    /// Which requests reach it.
    pub event: EventPlan,
}

/// One SLI, ready to be evaluated.
#[derive(Debug, Clone)]
pub struct SliPlan {
    /// Identifier.
    pub name: String,
    /// In the business's words.
    pub title: String,
    /// Which requests are valid.
    pub event: EventPlan,
    /// What is measured of them.
    pub measure: Measure,
    /// Windows and ranges with fewer requests are not judged; 0 judges all.
    pub count_min: u64,
    /// What must hold over the whole range: the limit and its bad side.
    pub objective: Option<(BadSide, f64)>,
    /// Thresholds, mildest first.
    pub levels: Vec<LevelPlan>,
}

impl SliPlan {
    /// Unit of its values, limits and intervals.
    #[must_use]
    pub fn unit(&self) -> Unit {
        match &self.measure {
            Measure::Rate { per_us: 1_000_000 } => Unit::PerSecond,
            Measure::Rate { .. } => Unit::PerMinute,
            Measure::Ratio { .. } | Measure::LatencyCut { .. } => Unit::Share,
            Measure::Latency { .. } => Unit::Microseconds,
        }
    }
}

/// What is measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// Events per `per_us`.
    Rate {
        /// Time that the rate is given for, µs.
        per_us: i64,
    },
    /// Share of requests whose status is none of these.
    Ratio {
        /// Bad statuses.
        bad: Vec<StatusPattern>,
    },
    /// Quantile of the response time.
    Latency {
        /// Between 0 and 1.
        quantile: f64,
    },
    /// Share of requests within a limit.
    LatencyCut {
        /// The longest good response time, µs.
        limit_us: u64,
    },
}

impl Measure {
    /// The kind as the file writes it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Measure::Rate { .. } => "rate",
            Measure::Ratio { .. } => "ratio",
            Measure::Latency { .. } => "latency",
            Measure::LatencyCut { .. } => "latency_cut",
        }
    }
}

/// Unit of an SLI's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Events per minute.
    PerMinute,
    /// Events per second.
    PerSecond,
    /// A share from 0 to 1.
    Share,
    /// Microseconds.
    #[serde(rename = "us")]
    Microseconds,
}

/// On which side of a limit it is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BadSide {
    /// Above it.
    Above,
    /// Below it.
    Below,
}

impl BadSide {
    /// Whether `value` is on the bad side of `limit`; the limit itself is good.
    #[must_use]
    pub fn is_bad(self, value: f64, limit: f64) -> bool {
        match self {
            BadSide::Above => value > limit,
            BadSide::Below => value < limit,
        }
    }
}

/// A level that means trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Somebody should look.
    Warn,
    /// Customers call support.
    Contact,
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Level::Warn => "warn",
            Level::Contact => "contact",
        })
    }
}

impl From<LevelName> for Level {
    fn from(name: LevelName) -> Self {
        match name {
            LevelName::Warn => Level::Warn,
            LevelName::Contact => Level::Contact,
        }
    }
}

/// One threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelPlan {
    /// Which level.
    pub level: Level,
    /// Its bad side.
    pub bad: BadSide,
    /// The limit, in the SLI's unit.
    pub value: f64,
    /// How long it must last to count, µs.
    pub for_us: i64,
}

/// A status, a class of statuses, or no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusPattern {
    /// One status.
    Exactly(u16),
    /// All of one hundred: 5 is 500 to 599.
    Class(u16),
    /// No answer at all.
    NoAnswer,
}

impl StatusPattern {
    fn from_text(text: &StatusText) -> Self {
        match text.0.as_str() {
            "none" => StatusPattern::NoAnswer,
            text => match text.strip_suffix("xx") {
                Some(class) => StatusPattern::Class(class.parse().unwrap_or(0)),
                None => StatusPattern::Exactly(text.parse().unwrap_or(0)),
            },
        }
    }

    /// Whether it covers `status`, where 0 is no answer.
    #[must_use]
    pub fn covers(self, status: u16) -> bool {
        match self {
            StatusPattern::Exactly(exactly) => status == exactly,
            StatusPattern::Class(class) => status / 100 == class,
            StatusPattern::NoAnswer => status == 0,
        }
    }
}

/// A predicate over requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventPlan {
    method: Option<String>,
    route: Option<String>,
    service: Option<String>,
    status: Vec<StatusPattern>,
}

impl EventPlan {
    /// Whether requests of this series are such events. Requests that were cut off at the end of
    /// a rehearsal are none: nobody knows how they would have ended.
    #[must_use]
    pub fn covers(&self, series: &SeriesKey) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        series.error != "cancelled"
            && is(&self.method, &series.method)
            && is(&self.route, &series.route)
            && is(&self.service, &series.service)
            && (self.status.is_empty()
                || self
                    .status
                    .iter()
                    .any(|pattern| pattern.covers(series.status)))
    }
}

/// Understands a definition.
///
/// # Errors
/// Every problem at once: unknown events, routes that are none, thresholds with two sides or
/// none, levels in the wrong order, names used twice.
pub fn resolve(declared: &Declared<SliSetDefinition>) -> Result<SliSetPlan, DeclaredFileError> {
    let mut resolver = Resolver {
        declared,
        problems: Vec::new(),
    };
    let plan = resolver.set();
    if resolver.problems.is_empty() {
        Ok(plan)
    } else {
        Err(DeclaredFileError::from(resolver.problems))
    }
}

struct Resolver<'a> {
    declared: &'a Declared<SliSetDefinition>,
    problems: Vec<Problem>,
}

impl Resolver<'_> {
    fn set(&mut self) -> SliSetPlan {
        let set = &self.declared.value;
        let routes = self.routes();
        for name in set.events.keys() {
            self.event_route(name);
        }
        let mut names = BTreeSet::new();
        let mut slis = Vec::new();
        for (index, sli) in set.slis.iter().enumerate() {
            let pointer = format!("/slis/{index}");
            let plan = self.sli(sli, &pointer);
            if !names.insert(plan.name.clone()) {
                let message = format!("the name `{}` is used twice", plan.name);
                self.problem(&format!("{pointer}/name"), message, None);
            }
            slis.push(plan);
        }
        if slis.is_empty() {
            self.problem("/slis", "there is no SLI".to_owned(), None);
        }
        let funnel = set.funnel.iter().enumerate().map(|(index, name)| {
            let event = self.event(name, &format!("/funnel/{index}"));
            let title = set.events.get(name).and_then(|event| event.title.clone());
            FunnelStepPlan {
                title: title.unwrap_or_else(|| name.clone()),
                event,
            }
        });
        let funnel = funnel.collect();
        SliSetPlan {
            name: set.name.clone(),
            sha256: self.declared.sha256(),
            text: self.declared.text().to_owned(),
            routes,
            window_us: self.window(set.window, "/window", WINDOW_US_DEFAULT),
            rehearsal_window_us: self.window(
                set.rehearsal_window,
                "/rehearsal_window",
                REHEARSAL_WINDOW_US_DEFAULT,
            ),
            funnel,
            slis,
        }
    }

    fn problem(&mut self, pointer: &str, message: String, hint: Option<String>) {
        let problem = self.declared.problem(pointer, message, hint);
        self.problems.push(problem);
    }

    fn routes(&mut self) -> Vec<RouteTemplate> {
        let mut routes = Vec::new();
        for (index, text) in self.declared.value.routes.iter().enumerate() {
            match RouteTemplate::parse(text) {
                Ok(route) => routes.push(route),
                Err(message) => self.problem(&format!("/routes/{index}"), message, None),
            }
        }
        routes
    }

    fn window(&mut self, window: Option<DurationText>, pointer: &str, default_us: i64) -> i64 {
        let Some(window) = window else {
            return default_us;
        };
        let window_us = us(window);
        if window_us < 1_000_000 || window_us % 1_000_000 != 0 {
            let message = format!("a window of `{window}` is not a whole number of seconds");
            self.problem(
                pointer,
                message,
                Some("write `1s`, `5s` or `1m`".to_owned()),
            );
            return default_us;
        }
        window_us
    }

    /// A route that no template gives can never be seen: folding makes other names.
    fn event_route(&mut self, name: &str) {
        let set = &self.declared.value;
        let Some(route) = set.events.get(name).and_then(|event| event.route.as_ref()) else {
            return;
        };
        let needs_template = route.contains('{');
        if needs_template && !set.routes.contains(route) {
            let known: Vec<&str> = set.routes.iter().map(String::as_str).collect();
            let pointer = format!(
                "/events/{}/route",
                crate::declared_files::pointer_step(name)
            );
            let hint = choices_hint(route, &known, "routes declared here");
            self.problem(
                &pointer,
                format!("route `{route}` is not in `routes`"),
                Some(hint),
            );
        }
    }

    fn event(&mut self, name: &str, pointer: &str) -> EventPlan {
        let events = &self.declared.value.events;
        if let Some(event) = events.get(name) {
            return event_plan(event);
        }
        let known: Vec<&str> = events.keys().map(String::as_str).collect();
        let hint = choices_hint(name, &known, "events defined here");
        self.problem(pointer, format!("unknown event `{name}`"), Some(hint));
        EventPlan::default()
    }

    fn sli(&mut self, sli: &SliDefinition, pointer: &str) -> SliPlan {
        let mut plan = match sli {
            SliDefinition::Rate(rate) => self.rate(rate, pointer),
            SliDefinition::Ratio(ratio) => self.ratio(ratio, pointer),
            SliDefinition::Latency(latency) => self.latency(latency, pointer),
            SliDefinition::LatencyCut(cut) => self.latency_cut(cut, pointer),
        };
        self.check_levels(&plan.levels, pointer);
        plan.levels.sort_by_key(|level| level.level);
        plan
    }

    fn rate(&mut self, rate: &RateDefinition, pointer: &str) -> SliPlan {
        let mut levels = Vec::new();
        for (index, threshold) in rate.thresholds.iter().enumerate() {
            let (bad, value) = match (threshold.below, threshold.above) {
                (Some(below), None) => (BadSide::Below, below),
                (None, Some(above)) => (BadSide::Above, above),
                _ => {
                    let message = "a threshold has exactly one of `below` and `above`".to_owned();
                    self.problem(&format!("{pointer}/thresholds/{index}"), message, None);
                    continue;
                }
            };
            levels.push(LevelPlan {
                level: threshold.level.into(),
                bad,
                value,
                for_us: us(threshold.lasting),
            });
        }
        SliPlan {
            name: rate.name.clone(),
            title: rate.title.clone(),
            event: self.event(&rate.event, &format!("{pointer}/event")),
            measure: Measure::Rate {
                per_us: match rate.per {
                    RatePeriod::Minute => 60_000_000,
                    RatePeriod::Second => 1_000_000,
                },
            },
            count_min: 0,
            objective: None,
            levels,
        }
    }

    fn ratio(&mut self, ratio: &RatioDefinition, pointer: &str) -> SliPlan {
        let bad = ratio.bad_status.as_ref().map_or_else(
            || {
                vec![
                    StatusPattern::Class(5),
                    StatusPattern::Exactly(429),
                    StatusPattern::NoAnswer,
                ]
            },
            |texts| texts.iter().map(StatusPattern::from_text).collect(),
        );
        SliPlan {
            name: ratio.name.clone(),
            title: ratio.title.clone(),
            event: self.event(&ratio.event, &format!("{pointer}/event")),
            measure: Measure::Ratio { bad },
            count_min: ratio.min_count.unwrap_or(SHARE_COUNT_MIN),
            objective: ratio.objective.map(|least| (BadSide::Below, least)),
            levels: share_levels(&ratio.thresholds),
        }
    }

    fn latency(&mut self, latency: &LatencyDefinition, pointer: &str) -> SliPlan {
        let quantile = latency.percentile / 100.0;
        let levels = latency.thresholds.iter().map(|threshold| LevelPlan {
            level: threshold.level.into(),
            bad: BadSide::Above,
            value: as_number(threshold.above),
            for_us: us(threshold.lasting),
        });
        SliPlan {
            name: latency.name.clone(),
            title: latency.title.clone(),
            event: self.event(&latency.event, &format!("{pointer}/event")),
            measure: Measure::Latency { quantile },
            count_min: latency
                .min_count
                .unwrap_or_else(|| super::interval::quantile_count_min(quantile)),
            objective: latency
                .objective
                .map(|longest| (BadSide::Above, as_number(longest))),
            levels: levels.collect(),
        }
    }

    fn latency_cut(&mut self, cut: &LatencyCutDefinition, pointer: &str) -> SliPlan {
        SliPlan {
            name: cut.name.clone(),
            title: cut.title.clone(),
            event: self.event(&cut.event, &format!("{pointer}/event")),
            measure: Measure::LatencyCut {
                limit_us: cut.limit.as_us(),
            },
            count_min: cut.min_count.unwrap_or(SHARE_COUNT_MIN),
            objective: cut.objective.map(|least| (BadSide::Below, least)),
            levels: share_levels(&cut.thresholds),
        }
    }

    /// A `contact` level that is crossed before `warn` makes `warn` pointless, and is a slip.
    fn check_levels(&mut self, levels: &[LevelPlan], pointer: &str) {
        for (index, contact) in levels.iter().enumerate() {
            let is_milder = |warn: &LevelPlan| {
                warn.level == Level::Warn
                    && contact.level == Level::Contact
                    && warn.bad == contact.bad
                    && contact.bad.is_bad(warn.value, contact.value)
            };
            if levels.iter().any(is_milder) {
                let message = "`contact` is crossed before `warn`".to_owned();
                let hint = "the level at which customers call is the worse one".to_owned();
                self.problem(
                    &format!("{pointer}/thresholds/{index}"),
                    message,
                    Some(hint),
                );
            }
        }
    }
}

fn event_plan(event: &EventDefinition) -> EventPlan {
    EventPlan {
        method: event.method.clone(),
        route: event.route.clone(),
        service: event.service.clone(),
        status: event.status.iter().map(StatusPattern::from_text).collect(),
    }
}

fn share_levels(thresholds: &[ShareThreshold]) -> Vec<LevelPlan> {
    let levels = thresholds.iter().map(|threshold| LevelPlan {
        level: threshold.level.into(),
        bad: BadSide::Below,
        value: threshold.below,
        for_us: us(threshold.lasting),
    });
    levels.collect()
}

fn us(duration: DurationText) -> i64 {
    i64::try_from(duration.as_us()).unwrap_or(i64::MAX)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a declared duration is below 2^53 µs"
)]
fn as_number(duration: DurationText) -> f64 {
    duration.as_us() as f64
}
