//! The v1alpha documents, in the shape that Sloth reads: one SLO of two PromQL counters each.
//!
//! `{{.window}}` in a query is where Sloth puts the windows that it needs. The version knows no
//! annotations; Sloth passes over them, so the first document still carries the set.

use serde_json::{Value, json};

use super::export::Writer;
use super::indicator::name_and_title;
use super::names::{DESCRIPTION_CHARS_MAX, NAME_CHARS_MAX, cut, label};
use crate::exchange::burn::{DAY_US, Over};
use crate::exchange::prometheus::{Queries, of_sli};
use crate::sli::definition::SliDefinition;

/// Where Sloth puts a window.
const SLOTH_WINDOW: &str = "{{.window}}";

/// Writes one SLO per objective of ratios and latency cuts; a service if there is none.
pub(super) fn write(writer: &mut Writer<'_>) {
    for (index, sli) in writer.set.slis.iter().enumerate() {
        let mut notices = Vec::new();
        let queries = of_sli(sli, writer.set, &writer.options.metrics, &mut notices);
        writer.notices(notices);
        if let Some(queries) = queries {
            slos(writer, sli, &queries, index);
        }
    }
    if writer.documents.is_empty() {
        writer.service();
    }
}

fn slos(writer: &mut Writer<'_>, sli: &SliDefinition, queries: &Queries, index: usize) {
    let (objective, objectives) = match sli {
        SliDefinition::Ratio(sli) => (sli.objective, &sli.objectives),
        SliDefinition::LatencyCut(sli) => (sli.objective, &sli.objectives),
        SliDefinition::Rate(_)
        | SliDefinition::Latency(_)
        | SliDefinition::WindowsGood(_)
        | SliDefinition::Apdex(_)
        | SliDefinition::UserUptime(_)
        | SliDefinition::Funnel(_)
        | SliDefinition::Composite(_) => return,
    };
    let (name, _) = name_and_title(sli);
    let over_range = writer.options.range_over.to_string();
    let range =
        objective.map(|target| (target, over_range.as_str(), "range", "objective".to_owned()));
    let others = objectives.iter().enumerate().map(|(number, objective)| {
        let at = format!("objectives/{number}/target");
        (
            objective.target,
            objective.over.as_str(),
            objective.over.as_str(),
            at,
        )
    });
    for (target, over, suffix, at) in range.into_iter().chain(others) {
        if target >= 1.0 {
            writer.notice(name, "OpenSLO has no target of 1: only in annotations");
            continue;
        }
        let parsed = Over::of(over, writer.set);
        let Some(length_us) = parsed.length_us() else {
            writer.notice(
                name,
                format!("`{over}` has no length that can be read: only in annotations"),
            );
            continue;
        };
        let days = length_us.div_ceil(DAY_US);
        if suffix == "range" || !matches!(parsed, Over::Rolling(_)) || days * DAY_US != length_us {
            writer.notice(
                name,
                format!("Sloth knows rolling days only: {days} for `{suffix}`"),
            );
        }
        slo(
            writer,
            sli,
            queries,
            (target, days, suffix),
            format!("/slis/{index}/{at}"),
        );
    }
}

fn slo(
    writer: &mut Writer<'_>,
    sli: &SliDefinition,
    queries: &Queries,
    (target, days, suffix): (f64, u64, &str),
    target_at: String,
) {
    let (name, title) = name_and_title(sli);
    let metric = |query: String| -> Value {
        json!({"source": "prometheus", "queryType": "promql", "query": query})
    };
    let objective = json!({
        "displayName": cut(title, NAME_CHARS_MAX),
        // The Go SDK asks for a value even where nothing is compared with it.
        "value": 1.0,
        "target": target,
        "ratioMetrics": {
            "incremental": true,
            "good": metric(queries.good(SLOTH_WINDOW)),
            "total": metric(queries.total(SLOTH_WINDOW)),
        },
    });
    let spec = json!({
        "description": cut(title, DESCRIPTION_CHARS_MAX),
        "service": label(&writer.set.name),
        "budgetingMethod": "Occurrences",
        "timeWindows": [{"unit": "Day", "count": days, "isRolling": true}],
        "objectives": [objective],
    });
    let label = writer.names.give("SLO", &format!("{name}-{suffix}"));
    let metadata = json!({"name": label, "displayName": cut(title, NAME_CHARS_MAX)});
    writer.add("SLO", metadata, spec, Some(target_at));
}
