//! What is measured, as the `spec` of a v1 SLI whose metric sources are firedrill's own.

use serde_json::{Value, json};

use super::SOURCE_TYPE;
use crate::exchange::prometheus::default_bad;
use crate::exchange::set_yaml;
use crate::sli::definition::{SliDefinition, SliSetDefinition};

/// The name and title of an SLI.
pub(super) fn name_and_title(sli: &SliDefinition) -> (&str, &str) {
    match sli {
        SliDefinition::Rate(sli) => (&sli.name, &sli.title),
        SliDefinition::Ratio(sli) => (&sli.name, &sli.title),
        SliDefinition::Latency(sli) => (&sli.name, &sli.title),
        SliDefinition::LatencyCut(sli) => (&sli.name, &sli.title),
        SliDefinition::WindowsGood(sli) => (&sli.name, &sli.title),
        SliDefinition::Apdex(sli) => (&sli.name, &sli.title),
        SliDefinition::UserUptime(sli) => (&sli.name, &sli.title),
        SliDefinition::Funnel(sli) => (&sli.name, &sli.title),
        SliDefinition::Composite(sli) => (&sli.name, &sli.title),
    }
}

/// The `spec` of the SLI; `None` for kinds that look at other SLIs and have no source.
pub(super) fn spec(sli: &SliDefinition, set: &SliSetDefinition) -> Option<Value> {
    let spec = match sli {
        SliDefinition::Rate(sli) => {
            let measure = json!({"measure": "rate", "per": sli.per});
            json!({"thresholdMetric": source(event(set, &sli.event), measure)})
        }
        SliDefinition::Ratio(sli) => {
            let total = event(set, &sli.event);
            let good = match (&sli.good, &sli.bad_status) {
                (Some(good), _) => json!({"good": event(set, good)}),
                (None, Some(bad)) => json!({"bad_status": bad}),
                (None, None) => json!({"bad_status": default_bad(sli.counting, set)}),
            };
            ratio(source(total.clone(), good), source(total, json!({})))
        }
        SliDefinition::Latency(sli) => {
            let measure = json!({"measure": "response_time", "unit": "s"});
            json!({"thresholdMetric": source(event(set, &sli.event), measure)})
        }
        SliDefinition::LatencyCut(sli) => {
            let total = event(set, &sli.event);
            let with_latency = json!({"measure": "response_time"});
            let good = json!({"measure": "response_time", "within": sli.limit});
            ratio(source(total.clone(), good), source(total, with_latency))
        }
        SliDefinition::Apdex(sli) => {
            let measure = json!({
                "measure": "apdex",
                "satisfied": sli.satisfied,
                "tolerated": sli.tolerated,
                "bad_status": sli.bad_status,
            });
            share(source(event(set, &sli.event), measure))
        }
        SliDefinition::UserUptime(sli) => {
            let measure = json!({
                "measure": "user_uptime",
                "cutoff": sli.cutoff,
                "bad_status": sli.bad_status,
            });
            share(source(event(set, &sli.event), measure))
        }
        SliDefinition::Funnel(sli) => {
            let steps: Vec<Value> = sli.steps.iter().map(|step| event(set, step)).collect();
            let measure = json!({"measure": "funnel", "steps": steps, "count": sli.count});
            share(source(json!({}), measure))
        }
        SliDefinition::WindowsGood(_) | SliDefinition::Composite(_) => return None,
    };
    Some(spec)
}

fn ratio(good: Value, total: Value) -> Value {
    json!({"ratioMetric": {"counter": true, "good": good, "total": total}})
}

/// A share that firedrill computes as a whole.
fn share(raw: Value) -> Value {
    json!({"ratioMetric": {"counter": false, "rawType": "success", "raw": raw}})
}

fn source(mut spec: Value, more: Value) -> Value {
    if let (Value::Object(spec), Value::Object(more)) = (&mut spec, more) {
        spec.extend(more.into_iter().filter(|(_, value)| !value.is_null()));
    }
    json!({"metricSource": {"type": SOURCE_TYPE, "spec": spec}})
}

/// The event's predicate, with its name as `event`.
fn event(set: &SliSetDefinition, name: &str) -> Value {
    let mut event = set_yaml::event_tree(set, name);
    event.insert("event".to_owned(), name.into());
    Value::Object(event)
}
