//! Every trap between OpenSLO, its validator and its users.

mod generated;
mod reading;
mod writing;

use std::path::Path;

use serde_json::Value;

use super::document::as_written;
use super::{
    Imported, OpenSloOptions, OpenSloVersion, export_openslo, import_openslo, imported_yaml,
};
use crate::declared_files::parse;
use crate::exchange::{set_yaml, sli_set_yaml};
use crate::sli::definition::SliSetDefinition;

const VERSIONS: [OpenSloVersion; 3] = [
    OpenSloVersion::V1,
    OpenSloVersion::V1Alpha,
    OpenSloVersion::V2Alpha,
];

/// A set with every kind.
const SET: &str = r#"
name: Shop & Co
description: All kinds
window: 5s
time_zone: Europe/Berlin
counting: {collapse_retries_within: 10s}
routes: ["/product/{id}"]
events:
  checkout: {title: Checkout, method: POST, route: /checkout}
  order: {method: POST, route: /checkout, status: [2xx]}
periods:
  - {name: cyber, from: "2026-11-27", to: "2026-12-01"}
exclusions:
  - {reason: backup, from: "2026-01-04T03:00:00", to: "2026-01-04T04:00:00", repeat: FREQ=WEEKLY}
slis:
  - kind: ratio
    name: checkout_success
    title: Checkouts answered well
    event: checkout
    objective: 0.99
    min_count: 50
    objectives:
      - {target: 0.995, over: 28d}
      - {target: 0.99, over: week}
      - {target: 0.98, over: month}
      - {target: 0.98, over: cyber}
    thresholds:
      - {level: warn, below: 0.99, for: 5s}
      - {level: contact, below: 0.95, for: 10s, tell: [on-call], react: call the bank}
  - {kind: ratio, name: checkout-success, title: The same label, event: checkout, good: order, objective: 1}
  - kind: latency_cut
    name: checkout_fast
    title: Fast
    event: checkout
    limit: 3s
    objectives:
      - target: 0.9
        over: 36h
        burn: [{name: page, budget: 0.1, long: 1h, short: 30s, tell: [on-call, the support desk]}]
  - kind: latency
    name: p95
    title: Response, p95
    event: checkout
    percentile: 95
    objective: 2s
    thresholds: [{level: warn, above: 1500ms, for: 5s}]
  - kind: rate
    name: orders
    title: Orders
    event: order
    thresholds: [{level: warn, below: 1, for: 2m}]
  - {kind: windows_good, name: orders_flow, title: Minutes with orders, of: orders, objectives: [{target: 0.9, over: day}]}
  - {kind: windows_good, name: p95_windows, title: Fast minutes, of: p95, objective: 0.9}
  - {kind: apdex, name: apdex, title: Apdex, event: checkout, satisfied: 500ms, objective: 0.8}
  - {kind: user_uptime, name: uptime, title: Uptime, event: checkout, objective: 0.9}
  - {kind: funnel, name: conversion, title: Conversion, steps: [checkout, order], objective: 0.1}
  - kind: composite
    name: journey
    title: Journey
    parts: [{sli: checkout_success, weight: 2}, {sli: checkout_fast}]
    combine: weighted
    objective: 0.9
"#;

fn set(text: &str) -> SliSetDefinition {
    let declared = parse(Path::new("set.yaml"), text.as_bytes(), &as_written);
    declared
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
        .value
}

fn exported(version: OpenSloVersion) -> String {
    export_openslo(&set(SET), &OpenSloOptions::new(version)).text
}

fn import(text: &str) -> Imported {
    import_openslo(Path::new("slo.yaml"), text.as_bytes())
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn notices(imported: &Imported) -> Vec<String> {
    imported.notices.iter().map(ToString::to_string).collect()
}

fn tree(imported: &Imported) -> Value {
    set_yaml::tree(&imported.set)
}

/// The documents of a stream.
fn documents(text: &str) -> Vec<Value> {
    let read = super::document::read(Path::new("slo.yaml"), text.as_bytes());
    let read = read.unwrap_or_else(|error| panic!("{error}\n{text}"));
    read.iter()
        .map(|document| document.get("").unwrap().clone())
        .collect()
}

/// What `firedrill check` does with a set.
fn check(yaml: &str) -> Result<(), String> {
    let declared = parse::<SliSetDefinition>(Path::new("set.yaml"), yaml.as_bytes(), &as_written)
        .map_err(|error| error.to_string())?;
    let resolved = crate::sli::resolve(&declared);
    resolved.map(|_| ()).map_err(|error| error.to_string())
}

fn has(notices: &[String], part: &str) {
    assert!(
        notices.iter().any(|notice| notice.contains(part)),
        "{part}\n{notices:#?}"
    );
}

#[test]
fn a_set_of_every_kind_comes_back_letter_by_letter_from_every_version() {
    for version in VERSIONS {
        let imported = import(&exported(version));
        assert_eq!(
            sli_set_yaml(&imported.set),
            sli_set_yaml(&set(SET)),
            "{version:?}"
        );
        assert_eq!(notices(&imported), Vec::<String>::new(), "{version:?}");
    }
}

#[test]
fn the_yaml_of_an_import_is_a_set_that_the_check_accepts() {
    assert_eq!(check(SET), Ok(()));
    for version in VERSIONS {
        assert_eq!(check(&imported_yaml(&import(&exported(version)))), Ok(()));
    }
}

#[test]
fn a_target_that_was_changed_in_the_file_is_taken_over_and_told() {
    for version in VERSIONS {
        let text = exported(version);
        assert!(text.contains("target: 0.995"), "{text}");
        let imported = import(&text.replace("target: 0.995", "target: 0.9951"));
        let tree = tree(&imported);
        assert_eq!(
            tree.pointer("/slis/0/objectives/0/target"),
            Some(&0.9951.into())
        );
        has(
            &notices(&imported),
            "the target was changed to 0.9951: taken over",
        );
    }
}

#[test]
fn every_other_change_of_an_exported_file_is_told() {
    let text = exported(OpenSloVersion::V1);
    let changed = text.replace("duration: 28d", "duration: 30d")
        + "---\napiVersion: openslo/v1\nkind: SLO\nmetadata: {name: other}\nspec: {}\n";
    let imported = import(&changed);
    assert_eq!(sli_set_yaml(&imported.set), sli_set_yaml(&set(SET)));
    let told = notices(&imported);
    has(
        &told,
        "`spec.timeWindow.0.duration` was changed after the export",
    );
    has(
        &told,
        "SLO `other` is not of the set in the annotations: left out",
    );
    let without_last = text.rsplit_once("---\n").unwrap().0;
    has(
        &notices(&import(without_last)),
        "was removed; what the annotations say is taken",
    );
}

#[test]
fn an_annotation_that_is_no_set_is_an_error_with_its_place() {
    let text = exported(OpenSloVersion::V1)
        .replace("\\\"kind\\\":\\\"ratio\\\"", "\\\"kind\\\":\\\"rat\\\"");
    let text = text.replace("\"kind\":\"ratio\"", "\"kind\":\"rat\"");
    let error = import_openslo(Path::new("slo.yaml"), text.as_bytes()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("annotation `firedrill.dev/set` holds no SLI set"),
        "{error}"
    );
}
