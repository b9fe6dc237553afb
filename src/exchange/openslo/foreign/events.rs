//! Indicators as kinds of SLIs, and metric sources as events.

use serde_json::{Map, Value, json};

use super::Import;
use crate::exchange::openslo::SOURCE_TYPE;
use crate::exchange::openslo::document::Document;
use crate::exchange::openslo::names::label;

/// Keys of an event that a firedrill source carries.
const EVENT_KEYS: [&str; 9] = [
    "title",
    "method",
    "route",
    "service",
    "status",
    "channel",
    "client_class",
    "origin",
    "attempt",
];
/// How much of a query stands in the title of the event that stands for it.
const QUERY_CHARS_MAX: usize = 200;

/// What an objective compares a threshold metric with.
#[derive(Clone, Copy)]
pub(super) struct Comparison<'d> {
    /// `lte`, `lt`, `gte` or `gt`.
    pub(super) operator: &'d str,
    /// The limit.
    pub(super) value: f64,
    /// The share of points that must pass.
    pub(super) target: f64,
}

impl<'d> Import<'d> {
    /// The SLI of the indicator whose `spec` stands at `at`.
    pub(super) fn measured(
        &mut self,
        document: &'d Document,
        at: &str,
        name: &str,
        title: &str,
        comparison: Option<Comparison<'d>>,
    ) -> Value {
        let ratio = ["ratioMetric", "ratioMetrics"]
            .map(|key| format!("{at}/{key}"))
            .into_iter()
            .find(|at| document.get(at).is_some());
        let threshold = format!("{at}/thresholdMetric");
        document.text(&format!("{at}/description"));
        let mut sli = if let Some(at) = ratio {
            self.ratio(document, &at, name)
        } else if document.get(&threshold).is_some() {
            self.threshold(document, &threshold, name, comparison)
        } else {
            let message = "there is no `ratioMetric` and no `thresholdMetric`: fill in both events";
            self.notices.push(document.notice(at, message));
            let (good, valid) = (
                self.placeholder(name, "good", ""),
                self.placeholder(name, "valid", ""),
            );
            json!({"kind": "ratio", "event": valid, "good": good})
        };
        sli["name"] = name.into();
        sli["title"] = title.into();
        sli
    }

    fn ratio(&mut self, document: &'d Document, at: &str, name: &str) -> Value {
        for key in ["counter", "incremental"] {
            document.take(&format!("{at}/{key}"));
        }
        if let Some(raw_type) = document.text(&format!("{at}/rawType")) {
            let message = format!("a ready-made {raw_type} ratio: fill in good and valid requests");
            self.notices
                .push(document.notice(&format!("{at}/rawType"), message));
        }
        let total_at = [format!("{at}/total"), format!("{at}/raw")]
            .into_iter()
            .find(|at| document.get(at).is_some());
        let ours = total_at
            .as_deref()
            .and_then(|at| self.our_event(document, at));
        if let Some(event) = ours {
            return self.our_ratio(document, &format!("{at}/good"), event);
        }
        let valid = match &total_at {
            Some(at) => self.foreign_event(document, at, name, "valid"),
            None => {
                self.notices
                    .push(document.notice(at, "there is no `total`: fill it in"));
                self.placeholder(name, "valid", "")
            }
        };
        let bad_at = format!("{at}/bad");
        if document.get(&bad_at).is_some() {
            self.foreign_event(document, &bad_at, name, "good");
            let message =
                "bad requests are counted here: fill in the good ones, or use `bad_status`";
            self.notices.push(document.notice(&bad_at, message));
        } else if document.get(&format!("{at}/good")).is_some() {
            self.foreign_event(document, &format!("{at}/good"), name, "good");
        } else {
            self.placeholder(name, "good", "");
        }
        json!({"kind": "ratio", "event": valid, "good": event_name(name, "good")})
    }

    /// A ratio over an event of ours: what is good stands in its source.
    fn our_ratio(&mut self, document: &'d Document, at: &str, event: String) -> Value {
        let spec = spec_at(document, at);
        self.our_event(document, at);
        let get = |key: &str| document.take(&format!("{spec}/{key}"));
        if let Some(limit) = get("within") {
            return json!({"kind": "latency_cut", "event": event, "limit": limit});
        }
        if let Some(bad) = get("bad_status") {
            return json!({"kind": "ratio", "event": event, "bad_status": bad});
        }
        if let Some(Value::Object(good)) = get("good") {
            let good = self.keep_event(good.clone());
            return json!({"kind": "ratio", "event": event, "good": good});
        }
        let message = "the source does not say what is good: statuses but `5xx`, `429` and `none`";
        self.notices.push(document.notice(at, message));
        json!({"kind": "ratio", "event": event})
    }

    fn threshold(
        &mut self,
        document: &'d Document,
        at: &str,
        name: &str,
        comparison: Option<Comparison<'d>>,
    ) -> Value {
        let spec = spec_at(document, at);
        let measure = document.text(&format!("{spec}/measure"));
        if let Some(event) = self.our_event(document, at) {
            let per = document.take(&format!("{spec}/per")).cloned();
            document.text(&format!("{spec}/unit"));
            match (measure, comparison) {
                (Some("response_time"), Some(limit)) if limit.operator == "lte" => {
                    return json!({
                        "kind": "latency_cut",
                        "event": event,
                        "limit": format!("{}us", (limit.value * 1e6).round()),
                    });
                }
                (Some("response_time"), _) => {
                    return json!({"kind": "latency", "event": event, "percentile": 95});
                }
                (Some("rate"), _) => {
                    let per = per.unwrap_or_else(|| "minute".into());
                    return json!({"kind": "rate", "event": event, "per": per});
                }
                (Some(_) | None, _) => {}
            }
        }
        let comparison = comparison.map_or_else(String::new, |limit| {
            format!(
                " {} {} for {} of the points",
                limit.operator, limit.value, limit.target
            )
        });
        let valid = self.foreign_event(document, at, name, "valid");
        let message = format!(
            "good is where the metric is{comparison}: fill in which requests those are; for a \
             response time use `kind: latency_cut` with `limit`"
        );
        self.notices.push(document.notice(at, message));
        let good = self.placeholder(name, "good", "");
        json!({"kind": "ratio", "event": valid, "good": good})
    }

    /// The event of a source of ours; `None` for any other source.
    fn our_event(&mut self, document: &'d Document, at: &str) -> Option<String> {
        let types = [
            format!("{at}/metricSource/type"),
            format!("{at}/dataSourceSpec/type"),
            format!("{at}/dataSourceRef"),
        ];
        types
            .iter()
            .find(|at| document.get(at).and_then(Value::as_str) == Some(SOURCE_TYPE))
            .and_then(|at| document.take(at))?;
        let spec = spec_at(document, at);
        let mut event = Map::new();
        for key in EVENT_KEYS.iter().chain(&["event"]) {
            if let Some(value) = document.take(&format!("{spec}/{key}")) {
                event.insert((*key).to_owned(), value.clone());
            }
        }
        document.text(&format!("{spec}/measure"));
        Some(self.keep_event(event))
    }

    /// Keeps an event of ours by its name.
    fn keep_event(&mut self, mut event: Map<String, Value>) -> String {
        let name = match event.remove("event") {
            Some(Value::String(name)) => name,
            Some(_) | None => "unnamed".to_owned(),
        };
        self.events.insert(name.clone(), Value::Object(event));
        name
    }

    /// An event in place of a query of another system.
    fn foreign_event(
        &mut self,
        document: &'d Document,
        at: &str,
        name: &str,
        role: &str,
    ) -> String {
        let query = document.take(at).map(query_text).unwrap_or_default();
        let event = self.placeholder(name, role, &query);
        let message = format!("fill in event `{event}`: which requests are meant by {query}");
        self.notices.push(document.notice(at, message));
        event
    }

    /// An event that no request is, until somebody says which.
    fn placeholder(&mut self, sli: &str, role: &str, query: &str) -> String {
        let event = event_name(sli, role);
        let title = if query.is_empty() {
            format!("fill in: {role} requests")
        } else {
            format!("fill in: {query}")
        };
        // Good requests must be possible among the valid ones, so both have one route.
        let route = format!("/fill-in/{}", label(sli));
        self.events
            .insert(event.clone(), json!({"title": title, "route": route}));
        event
    }
}

fn event_name(sli: &str, role: &str) -> String {
    format!("{sli}-{role}")
}

/// Where the query of a source stands: v1 and v2alpha.
fn spec_at(document: &Document, at: &str) -> String {
    let v1 = format!("{at}/metricSource/spec");
    if document.get(&v1).is_some() {
        v1
    } else {
        format!("{at}/spec")
    }
}

/// The query of a source as one line, or the whole source.
fn query_text(source: &Value) -> String {
    let spec = ["/metricSource/spec", "/spec"]
        .iter()
        .find_map(|at| source.pointer(at));
    let spec = spec.unwrap_or(source);
    let query = spec.get("query").and_then(Value::as_str);
    let text = query.map_or_else(|| spec.to_string(), str::to_owned);
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ").replace("${env:", "$ {env:");
    format!("`{}`", super::super::names::cut(&line, QUERY_CHARS_MAX))
}
