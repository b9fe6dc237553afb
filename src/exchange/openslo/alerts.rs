//! Multi-window burn rules as alert policies.
//!
//! A policy has one condition, and a condition one look-back, so that a rule of two windows cannot
//! be said. Each rule becomes a policy over its long window, which is right but ends late; the
//! short window and the group of rules that belong together stand in annotations.

use serde_json::{Value, json};

use super::export::Writer;
use super::{names, shorthand};
use crate::exchange::burn::Burn;

/// Who is told where a rule names nobody: a policy must have a target.
const NOBODY: &str = "unassigned";

/// Adds the policies of an SLO and who is told; returns references to the policies.
pub(super) fn policies(
    writer: &mut Writer<'_>,
    sli: &str,
    slo: &str,
    burns: &[Burn],
) -> Vec<Value> {
    let mut references = Vec::new();
    for burn in burns {
        let name = writer
            .names
            .give("AlertPolicy", &format!("{slo}-{}", burn.name));
        for us in [burn.long_us, burn.short_us] {
            if !shorthand::is_exact(us) {
                let message = format!("burn rule `{}` is written in whole minutes", burn.name);
                writer.notice(sli, message);
            }
        }
        let targets = targets(writer, &burn.tell);
        let annotations = json!({
            "firedrill.dev/burn-group": slo,
            "firedrill.dev/short-window": shorthand::written(burn.short_us),
        });
        let spec = json!({
            "description": format!(
                "too fast while the last {} also burn faster than this",
                shorthand::written(burn.short_us)
            ),
            "alertWhenNoData": false,
            "alertWhenBreaching": true,
            "alertWhenResolved": false,
            "conditions": [condition(&name, burn)],
            "notificationTargets": targets,
        });
        let metadata = json!({"name": name, "annotations": annotations});
        references.push(json!({"alertPolicyRef": name}));
        writer.add("AlertPolicy", metadata, spec, None);
    }
    references
}

fn condition(policy: &str, burn: &Burn) -> Value {
    json!({
        "kind": "AlertCondition",
        "metadata": {"name": names::label(policy)},
        "spec": {
            "severity": burn.name,
            "condition": {
                "kind": "burnrate",
                "op": "gt",
                "threshold": burn.rate,
                "lookbackWindow": shorthand::written(burn.long_us),
            },
        },
    })
}

fn targets(writer: &mut Writer<'_>, tell: &[String]) -> Vec<Value> {
    let nobody = [NOBODY.to_owned()];
    let tell = if tell.is_empty() { &nobody } else { tell };
    tell.iter()
        .map(|who| json!({"targetRef": writer.target(who)}))
        .collect()
}
