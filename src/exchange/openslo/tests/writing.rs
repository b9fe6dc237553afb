//! Strict writing: what the Go SDK's validator and Sloth ask for.

use super::*;

/// Calls `visit` with every mapping and its key.
fn each(value: &Value, key: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(key, value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| each(item, key, visit)),
        Value::Object(entries) => {
            for (key, value) in entries.iter().filter(|(key, _)| *key != "annotations") {
                each(value, key, visit);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn of_kind<'v>(documents: &'v [Value], kind: &str) -> Vec<&'v Value> {
    documents
        .iter()
        .filter(|document| document["kind"] == kind)
        .collect()
}

fn named<'v>(documents: &'v [Value], kind: &str, name: &str) -> &'v Value {
    let found = of_kind(documents, kind);
    let found = found
        .iter()
        .find(|document| document["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("no {kind} {name} in {documents:#?}"))
}

#[test]
fn names_are_labels_and_references_lead_somewhere() {
    for version in VERSIONS {
        let documents = documents(&exported(version));
        for document in &documents {
            let name = document["metadata"]["name"].as_str().unwrap();
            assert_eq!(super::super::names::label(name), name);
            assert!(
                document["metadata"]
                    .get("displayName")
                    .is_none_or(|title| title.as_str().unwrap().chars().count() <= 63)
            );
        }
        let mut references = Vec::new();
        for document in &documents {
            each(document, "", &mut |key, value| {
                let kind = match key {
                    "indicatorRef" | "sliRef" => "SLI",
                    "alertPolicyRef" => "AlertPolicy",
                    "targetRef" => "AlertNotificationTarget",
                    "dataSourceRef" => "DataSource",
                    _ => return,
                };
                references.push((kind, value.as_str().unwrap().to_owned()));
            });
        }
        assert_eq!(references.is_empty(), version == OpenSloVersion::V1Alpha);
        for (kind, name) in references {
            named(&documents, kind, &name);
        }
    }
}

#[test]
fn targets_are_below_one_and_durations_have_a_unit_that_the_version_knows() {
    for version in VERSIONS {
        for document in documents(&exported(version)) {
            each(&document, "", &mut |key, value| match key {
                "target" if value.is_number() => {
                    assert!((0.0..1.0).contains(&value.as_f64().unwrap()), "{value}");
                }
                "timeSliceTarget" => {
                    let target = value.as_f64().unwrap();
                    assert!(target > 0.0 && target <= 1.0);
                }
                "duration" | "timeSliceWindow" | "lookbackWindow" | "alertAfter" => {
                    let text = value.as_str().unwrap();
                    let units = if version == OpenSloVersion::V1 {
                        "mhdwMQY"
                    } else {
                        "mhdw"
                    };
                    let (number, unit) = text.split_at(text.len() - 1);
                    assert!(
                        number.parse::<u32>().unwrap() > 0 && units.contains(unit),
                        "{text}"
                    );
                }
                _ => {}
            });
        }
    }
}

#[test]
fn an_slo_over_requests_has_neither_operator_nor_value() {
    let documents = documents(&exported(OpenSloVersion::V1));
    let slo = named(&documents, "SLO", "checkout-success-28d");
    let objective = &slo["spec"]["objectives"][0];
    assert_eq!(objective.get("op").or(objective.get("value")), None);
    assert_eq!(slo["spec"]["budgetingMethod"], "Occurrences");
    assert_eq!(
        slo["spec"]["timeWindow"],
        serde_json::json!([{"duration": "28d", "isRolling": true}])
    );
    let sli = named(&documents, "SLI", "checkout-success");
    let ratio = &sli["spec"]["ratioMetric"];
    assert_eq!(ratio["total"]["metricSource"]["type"], "firedrill");
    assert_eq!(ratio["total"]["metricSource"]["spec"]["route"], "/checkout");
    assert_eq!(
        ratio["good"]["metricSource"]["spec"]["bad_status"][1],
        "429"
    );
}

#[test]
fn two_names_that_become_one_label_are_two_documents() {
    let documents = documents(&exported(OpenSloVersion::V1));
    named(&documents, "SLI", "checkout-success-2");
}

#[test]
fn calendar_windows_name_their_zone_and_a_month_is_thirty_days_where_there_are_none() {
    let v1 = documents(&exported(OpenSloVersion::V1));
    let month = &named(&v1, "SLO", "checkout-success-month")["spec"]["timeWindow"][0];
    assert_eq!(month["duration"], "1M");
    assert_eq!(month["isRolling"], false);
    assert_eq!(month["calendar"]["timeZone"], "Europe/Berlin");
    let period = &named(&v1, "SLO", "checkout-success-cyber")["spec"]["timeWindow"][0];
    assert_eq!(period["duration"], "4d");
    assert_eq!(period["calendar"]["startTime"], "2026-11-27 00:00:00");
    let v2 = documents(&exported(OpenSloVersion::V2Alpha));
    let month = &named(&v2, "SLO", "checkout-success-month")["spec"]["timeWindow"][0];
    assert_eq!(month["duration"], "30d");
}

#[test]
fn a_percentile_is_a_share_of_requests_within_a_value() {
    let documents = documents(&exported(OpenSloVersion::V1));
    let objective = &named(&documents, "SLO", "p95-range")["spec"]["objectives"][0];
    assert_eq!(
        (&objective["op"], &objective["value"], &objective["target"]),
        (&"lte".into(), &2.0.into(), &0.95.into())
    );
}

#[test]
fn good_windows_are_time_slices_with_a_unit() {
    let documents = documents(&exported(OpenSloVersion::V1));
    let orders = &named(&documents, "SLO", "orders-flow-day")["spec"];
    assert_eq!(orders["budgetingMethod"], "Timeslices");
    assert_eq!(orders["indicatorRef"], "orders");
    let objective = &orders["objectives"][0];
    assert_eq!(
        (&objective["op"], &objective["value"]),
        (&"gte".into(), &1.0.into())
    );
    // Windows of 5 s become minutes; the definition stands in the annotations.
    assert_eq!(objective["timeSliceWindow"], "1m");
    let fast = &named(&documents, "SLO", "p95-windows-range")["spec"]["objectives"][0];
    assert_eq!(
        (&fast["value"], &fast["timeSliceTarget"]),
        (&1.5.into(), &0.95.into())
    );
}

#[test]
fn a_rule_of_two_windows_is_a_policy_of_a_group() {
    let documents = documents(&exported(OpenSloVersion::V1));
    let slo = named(&documents, "SLO", "checkout-success-28d");
    assert_eq!(slo["spec"]["alertPolicies"].as_array().unwrap().len(), 2);
    let policy = named(&documents, "AlertPolicy", "checkout-success-28d-page");
    assert_eq!(
        policy["metadata"]["annotations"]["firedrill.dev/burn-group"],
        "checkout-success-28d"
    );
    assert_eq!(
        policy["metadata"]["annotations"]["firedrill.dev/short-window"],
        "5m"
    );
    let condition = &policy["spec"]["conditions"][0]["spec"]["condition"];
    assert_eq!(condition["kind"], "burnrate");
    assert_eq!(condition["op"], "gt");
    assert!((condition["threshold"].as_f64().unwrap() - 13.44).abs() < 1e-9);
    assert_eq!(condition["lookbackWindow"], "1h");
    let weekly = named(&documents, "AlertPolicy", "checkout-success-week-page");
    let rate = &weekly["spec"]["conditions"][0]["spec"]["condition"]["threshold"];
    assert!((rate.as_f64().unwrap() - 3.36).abs() < 1e-9);
}

#[test]
fn a_composite_names_its_indicators_and_weights_in_the_objectives() {
    let documents = documents(&exported(OpenSloVersion::V1));
    let spec = &named(&documents, "SLO", "journey-range")["spec"];
    assert_eq!(spec.get("indicatorRef"), None);
    assert_eq!(spec["objectives"][0]["indicatorRef"], "checkout-success");
    assert_eq!(spec["objectives"][0]["compositeWeight"], 2.0);
    assert_eq!(spec["objectives"][1]["compositeWeight"], 1.0);
}

#[test]
fn v1alpha_is_what_sloth_reads() {
    let documents = documents(&exported(OpenSloVersion::V1Alpha));
    assert!(documents.iter().all(|document| document["kind"] == "SLO"));
    for line in ["apiVersion: openslo/v1alpha\n", "kind: SLO\n"] {
        assert!(
            exported(OpenSloVersion::V1Alpha).contains(line),
            "Sloth looks for this line: {line}"
        );
    }
    for document in documents {
        let spec = &document["spec"];
        assert_eq!(spec["budgetingMethod"], "Occurrences");
        assert_eq!(spec["timeWindows"].as_array().unwrap().len(), 1);
        assert_eq!(spec["timeWindows"][0]["unit"], "Day");
        assert!(spec["timeWindows"][0]["count"].as_u64().unwrap() > 0);
        let objective = &spec["objectives"][0];
        assert_eq!(objective.get("op"), None);
        assert!(objective["value"].is_number());
        for role in ["good", "total"] {
            let metric = &objective["ratioMetrics"][role];
            assert_eq!(
                (&metric["source"], &metric["queryType"]),
                (&"prometheus".into(), &"promql".into())
            );
            let query = metric["query"].as_str().unwrap();
            assert!(
                query.starts_with("sum(rate(http_") && query.ends_with("[{{.window}}]))"),
                "{query}"
            );
        }
    }
}

#[test]
fn v2alpha_calls_things_by_its_own_names() {
    let text = exported(OpenSloVersion::V2Alpha);
    let documents = documents(&text);
    let slo = &named(&documents, "SLO", "checkout-success-28d")["spec"];
    assert_eq!(slo["serviceRef"], "shop-co");
    assert_eq!(slo["sliRef"], "checkout-success");
    let sli = &named(&documents, "SLI", "checkout-success")["spec"]["ratioMetric"]["good"];
    assert_eq!(sli["dataSourceRef"], "firedrill");
    assert!(sli["spec"].is_object());
    for gone in ["metricSource", "indicatorRef", "service", "displayName"] {
        for document in of_kind(&documents, "SLO")
            .into_iter()
            .chain(of_kind(&documents, "SLI"))
        {
            let metadata = &document["metadata"];
            assert_eq!(metadata.get(gone), None);
            assert_eq!(document["spec"].get(gone), None, "{gone}");
        }
    }
}

#[test]
fn what_openslo_does_not_know_is_a_notice() {
    let told = export_openslo(&set(SET), &OpenSloOptions::new(OpenSloVersion::V1)).notices;
    let told: Vec<String> = told.iter().map(ToString::to_string).collect();
    for expected in [
        "checkout_success: the objective over the whole range is written as one over 28d",
        "checkout-success: OpenSLO has no target of 1: only in annotations",
        "orders: levels of a rate are no objectives",
        "orders_flow: windows are written in whole minutes",
        "checkout_fast: burn rule `page` is written in whole minutes",
        "journey: others weigh the burn of the parts",
        "checkout_success: others repeat the period `cyber` after its end",
        "checkout_success: burn rule `ticket` over `28d` speaks at a burn rate below 1",
    ] {
        has(&told, expected);
    }
}

#[test]
fn a_set_without_an_slo_is_still_exported() {
    let text = "name: x\nevents: {a: {}}\nslis: [{kind: rate, name: r, title: R, event: a}]\n";
    for version in VERSIONS {
        let exported = export_openslo(&set(text), &OpenSloOptions::new(version));
        assert_eq!(
            sli_set_yaml(&import(&exported.text).set),
            sli_set_yaml(&set(text))
        );
    }
}

#[test]
fn windows_and_zones_are_those_of_the_sli_that_states_them() {
    let text = SET.replace(
        "    title: Checkouts answered well\n",
        "    title: Checkouts answered well\n    time_zone: Asia/Tokyo\n",
    );
    let text = text.replace(
        "    name: orders\n",
        "    name: orders\n    window: 15m\n    time_zone: Asia/Tokyo\n",
    );
    assert_ne!(text, SET);
    let set = set(&text);
    let written = documents(&export_openslo(&set, &OpenSloOptions::new(OpenSloVersion::V1)).text);
    // Good windows of the orders have the zone and the windows of the orders.
    let orders = &named(&written, "SLO", "orders-flow-day")["spec"];
    assert_eq!(orders["objectives"][0]["timeSliceWindow"], "15m");
    assert_eq!(
        orders["timeWindow"][0]["calendar"]["timeZone"],
        "Asia/Tokyo"
    );
    let other = &named(&written, "SLO", "p95-windows-range")["spec"]["objectives"][0];
    assert_eq!(other["timeSliceWindow"], "1m");
}
