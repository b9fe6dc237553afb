//! From what an SLI set file says to what it means, or everything that is wrong with it.

use std::collections::BTreeSet;

use super::definition::{
    EventDefinition, LatencyCutDefinition, LatencyDefinition, RateDefinition, RatePeriod,
    RatioDefinition, ShareThreshold, SliDefinition, SliSetDefinition,
};
use super::plan::{
    BadSide, EventPlan, FunnelStepPlan, Level, LevelPlan, Measure, SliPlan, SliSetPlan,
    StatusPattern,
};
use crate::declared_files::{Declared, DeclaredFileError, DurationText, Problem, choices_hint};
use crate::route::RouteTemplate;

/// Window on production logs where the set names none: a minute.
const WINDOW_US_DEFAULT: i64 = 60_000_000;
/// Window on a rehearsal where the set names none: five seconds.
const REHEARSAL_WINDOW_US_DEFAULT: i64 = 5_000_000;
/// A share of fewer requests is not judged where the set names no minimum.
const SHARE_COUNT_MIN: u64 = 20;

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
