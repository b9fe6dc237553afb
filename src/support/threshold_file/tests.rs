//! Files: written and read back, written by hand, stale, foreign, refused, damaged.

use std::path::Path;

use super::*;
use crate::declared_files::{Declared, DeclaredFileError, parse, unchecked_keywords};
use crate::sli::{SliSetDefinition, SliSetPlan, resolve};
use crate::support::tests::sample::calibration;
use crate::support::{Calibration, PredictionWindow, Status, predict};

const SET: &str = "
name: shop
events: {checkout: {method: POST, route: /checkout}}
slis:
  - {kind: ratio, name: checkout_ok, title: Checkouts, event: checkout, bad_status: [5xx]}
";

fn set() -> SliSetPlan {
    let set: Declared<SliSetDefinition> =
        parse(Path::new("set.yaml"), SET.as_bytes(), &|_| None).unwrap();
    resolve(&set).unwrap()
}

/// A calibration whose SLI is that of the set.
fn learned() -> Calibration {
    let mut calibration = calibration();
    let hash = set().slis[0].meaning_sha256.clone();
    calibration.slis[0].definition_sha256.clone_from(&hash);
    calibration.model.as_mut().unwrap().slis[0].definition_sha256 = hash;
    calibration
}

fn read(text: &str) -> Result<Declared<ThresholdFileDefinition>, DeclaredFileError> {
    parse(Path::new("thresholds.yaml"), text.as_bytes(), &|_| None)
}

/// What is wrong with a file at a time before it expires.
fn problems(text: &str) -> Vec<String> {
    let declared = match read(text) {
        Ok(declared) => declared,
        Err(error) => return vec![error.to_string()],
    };
    let error = applied(&declared, &set(), learned().to_us).unwrap_err();
    let problem = |problem: &crate::declared_files::Problem| {
        let hint = problem.hint.clone().unwrap_or_default();
        format!("{} ({hint})", problem.message)
    };
    error.problems().iter().map(problem).collect()
}

#[test]
fn every_rule_of_the_format_is_checked_when_it_is_read() {
    assert_eq!(
        unchecked_keywords::<ThresholdFileDefinition>(),
        Vec::<String>::new()
    );
}

#[test]
fn a_written_file_is_read_back_and_predicts_the_same() {
    let learned = learned();
    let text = threshold_yaml(&learned);
    let found = applied(&read(&text).unwrap(), &set(), learned.to_us).unwrap();
    assert_eq!(found.status, Some(Status::Firm));
    let levels: Vec<(Option<f64>, Option<f64>)> = found
        .thresholds
        .iter()
        .map(|level| (level.below, level.above))
        .collect();
    assert_eq!(levels, [(Some(0.972), None), (Some(0.963), None)]);
    let windows = vec![
        PredictionWindow {
            start_us: learned.from_us,
            length_us: learned.window_us,
            sessions: Some(1_000.0),
            values: vec![Some(0.95)],
        };
        8
    ];
    let of_file = predict(&found.model.unwrap(), &windows);
    let of_calibration = predict(learned.model.as_ref().unwrap(), &windows);
    assert!((of_file.total.value / of_calibration.total.value - 1.0).abs() < 1e-4);
    assert!((of_file.total.ci90[1] / of_calibration.total.ci90[1] - 1.0).abs() < 1e-4);
}

#[test]
fn a_written_file_begins_with_what_a_person_looks_for() {
    let text = threshold_yaml(&learned());
    let head: Vec<&str> = text.lines().take(5).collect();
    assert_eq!(
        head,
        [
            "firedrill: thresholds/v1",
            "status: firm",
            "calibrated:",
            "  at: \"2026-11-02T00:00:00Z\"",
            "  from: \"2026-09-07T00:00:00Z\"",
        ]
    );
    assert!(
        text.contains(
            "\n  - sli: checkout_ok\n    level: contact\n    below: 0.963\n    for: 15m\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("- [0.98, 57]\n") || text.contains("- [0.98, 57.0]\n"),
        "{text}"
    );
}

#[test]
fn a_file_written_by_hand_has_levels_alone() {
    let text = "thresholds:\n  - {sli: checkout_ok, level: warn, below: 0.99, for: 5m}\n";
    let found = applied(&read(text).unwrap(), &set(), 0).unwrap();
    assert_eq!(found.thresholds.len(), 1);
    assert!(found.status.is_none() && found.model.is_none());
}

#[test]
fn a_stale_file_is_refused() {
    let learned = learned();
    let declared = read(&threshold_yaml(&learned)).unwrap();
    assert!(applied(&declared, &set(), learned.expires_us - 1).is_ok());
    let error = applied(&declared, &set(), learned.expires_us).unwrap_err();
    assert_eq!(
        error.problems()[0].message,
        "its levels are stale since 2027-02-01T00:00:00Z"
    );
}

#[test]
fn an_sli_that_means_something_else_is_refused() {
    let text = threshold_yaml(&learned());
    let hash = set().slis[0].meaning_sha256.clone();
    let other = text.replace(&hash, &"a0".repeat(32));
    assert_eq!(
        problems(&other),
        [
            "`checkout_ok` means something else than when its level was learned \
         (run `firedrill calibrate` again, on recent weeks, or use the SLI set of then)"
        ]
    );
}

#[test]
fn an_sli_that_the_set_does_not_have_is_refused() {
    let text = threshold_yaml(&learned()).replace("sli: checkout_ok", "sli: chekout_ok");
    assert_eq!(
        problems(&text)[0],
        "unknown SLI `chekout_ok` (did you mean `checkout_ok`? SLIs of the set: `checkout_ok`)"
    );
}

#[test]
fn a_refused_calibration_gives_no_level() {
    let mut refused = learned();
    refused.status = Status::Refused;
    refused.slis[0].status = Status::Refused;
    refused.model = None;
    refused.refused_because = vec![crate::support::Refusal {
        rule: crate::support::RefusalRule::TooFewContacts,
        reason: "120 net contacts, and 200 are needed".to_owned(),
        cure: "export tickets of more weeks".to_owned(),
    }];
    assert_eq!(
        problems(&threshold_yaml(&refused)),
        [
            "its calibration gave no level: 120 net contacts, and 200 are needed \
         (export tickets of more weeks)"
        ]
    );
}

#[test]
fn damage_has_a_place_and_a_name() {
    let text = threshold_yaml(&learned());
    let cases = [
        (
            "  expires: \"2027-02-01T00:00:00Z\"",
            "  expires: next spring",
            "`next spring` is no time",
        ),
        ("time_zone: UTC", "time_zone: Mars/Base", "Mars/Base"),
        (
            "- [0.98, ",
            "- [1.0, 0.98, ",
            "a draw has not 2 numbers, as the curve has",
        ),
        (
            "lag_weights: [0.5, ",
            "lag_weights: [0.9, ",
            "the weights add up to 1.4000, not to 1",
        ),
    ];
    for (from, to, expected) in cases {
        assert!(text.contains(from), "{from}\n{text}");
        let found = problems(&text.replacen(from, to, 1)).join("\n");
        assert!(found.contains(expected), "{to}: {found}");
    }
}
