//! Events: predicates over requests, and what counts as a request at all.

use super::Resolver;
use super::own::Counting;
use crate::declared_files::{choices_hint, pointer_step};
use crate::request_record::Origin;
use crate::sli::definition::{AttemptName, EventDefinition, OriginName};
use crate::sli::plan::{EventPlan, FunnelStepPlan, TextPattern};
use crate::status_pattern::{StatusPattern, StatusText};

/// What a lake stores as the class of a client, and `none` for what is not known.
const CLIENT_CLASSES: [&str; 4] = ["human", "bot", "monitor", "none"];

impl Resolver<'_> {
    /// Checks every event, used or not.
    pub(super) fn check_events(&mut self) {
        for (name, event) in &self.set_definition().events {
            let pointer = format!("/events/{}", pointer_step(name));
            self.check_route(event, &pointer);
            if let Some(method) = &event.method
                && method.to_uppercase() != *method
            {
                let message = format!("method `{method}` is not in capitals");
                let hint = format!("write `{}`", method.to_uppercase());
                self.problem(&format!("{pointer}/method"), message, Some(hint));
            }
            for (index, class) in event.client_class.iter().enumerate() {
                let is_known = CLIENT_CLASSES.contains(&class.as_str());
                if !is_known && !class.ends_with('*') {
                    let message = format!("unknown client class `{class}`");
                    let hint = choices_hint(class, &CLIENT_CLASSES, "client classes");
                    let pointer = format!("{pointer}/client_class/{index}");
                    self.problem(&pointer, message, Some(hint));
                }
            }
        }
    }

    /// A route that no template gives can never be seen: folding makes other names.
    fn check_route(&mut self, event: &EventDefinition, pointer: &str) {
        let routes = &self.set_definition().routes;
        let Some(route) = &event.route else {
            return;
        };
        let needs_template = route.contains('{');
        if needs_template && !routes.contains(route) {
            let known: Vec<&str> = routes.iter().map(String::as_str).collect();
            let message = format!("route `{route}` is not in `routes`");
            let hint = choices_hint(route, &known, "routes declared here");
            self.problem(&format!("{pointer}/route"), message, Some(hint));
        }
    }

    /// The event with this name; one that matches everything where there is none.
    pub(super) fn event(&mut self, name: &str, counting: Counting, pointer: &str) -> EventPlan {
        let set = self.set_definition();
        if let Some(event) = set.events.get(name) {
            return event_plan(event, counting.are_bots_counted);
        }
        let known: Vec<&str> = set.events.keys().map(String::as_str).collect();
        let hint = choices_hint(name, &known, "events defined here");
        self.problem(pointer, format!("unknown event `{name}`"), Some(hint));
        EventPlan::default()
    }

    /// Events as the steps of a funnel.
    pub(super) fn steps(
        &mut self,
        names: &[String],
        counting: Counting,
        pointer: &str,
    ) -> Vec<FunnelStepPlan> {
        let mut steps = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let pointer = format!("{pointer}/{index}");
            if names[..index].contains(name) {
                self.problem(&pointer, format!("`{name}` is a step already"), None);
            }
            let event = self.event(name, counting, &pointer);
            let defined = self.set_definition().events.get(name);
            let title = defined.and_then(|event| event.title.clone());
            let title = title.unwrap_or_else(|| name.clone());
            steps.push(FunnelStepPlan { title, event });
        }
        steps
    }
}

/// The statuses that are bad: those named, or `5xx`, `none` and, unless it is said to be good, `429`.
pub(super) fn bad_statuses(named: Option<&[StatusText]>, counting: Counting) -> Vec<StatusPattern> {
    if let Some(named) = named {
        return named.iter().map(StatusPattern::from_text).collect();
    }
    let mut bad = vec![StatusPattern::Class(5), StatusPattern::NoAnswer];
    if !counting.is_too_many_requests_good {
        bad.push(StatusPattern::Exactly(429));
    }
    bad
}

fn event_plan(event: &EventDefinition, are_bots_counted: bool) -> EventPlan {
    let client_class = if event.client_class.is_empty() && !are_bots_counted {
        vec![
            TextPattern::Exactly("human".to_owned()),
            TextPattern::from_text("none"),
        ]
    } else {
        patterns(&event.client_class)
    };
    EventPlan {
        method: event.method.clone(),
        route: event.route.clone(),
        service: event.service.clone(),
        status: event.status.iter().map(StatusPattern::from_text).collect(),
        channel: patterns(&event.channel),
        client_class,
        origin: event.origin.map(|origin| match origin {
            OriginName::Customer => Origin::Customer,
            OriginName::Drill => Origin::Drill,
            OriginName::Probe => Origin::Probe,
        }),
        is_retried: event.attempt.map(|attempt| match attempt {
            AttemptName::First => false,
            AttemptName::Again => true,
        }),
    }
}

fn patterns(texts: &[String]) -> Vec<TextPattern> {
    texts
        .iter()
        .map(|text| TextPattern::from_text(text))
        .collect()
}
