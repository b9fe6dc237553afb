//! Lenient reading: files of others, and files of nobody.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::json;

/// The README's example, with what people write in it.
const V1: &str = r#"apiVersion: openslo/v1
kind: SLO
metadata:
  name: web-availability
  displayName: Searches
  labels: {env: prod, team: [a, b]}
  annotations: {openslo.com/x: y}
spec:
  description: X% of search requests are successful
  service: web
  indicator:
    metadata: {name: web-successful-requests-ratio}
    spec:
      ratioMetric:
        counter: true
        good:
          metricSource:
            type: Prometheus
            metricSourceRef: prometheus
            spec: {query: 'sum(http_requests{code=~"2xx"})'}
        total:
          metricSource:
            type: Prometheus
            spec: {query: 'sum(http_requests)'}
  timeWindow:
    - duration: 1w
      isRolling: false
      calendar: {startTime: 2022-01-01 12:00:00, timeZone: America/New_York}
  budgetingMethod: Timeslices
  objectives:
    - {displayName: Good, op: gt, target: 0.995, timeSliceTarget: 0.95, timeSliceWindow: 1m}
  alertPolicies:
    - alertPolicyRef: page
---
# a comment only
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: page}
spec:
  alertWhenNoData: true
  conditions: [{conditionRef: fast}]
  notificationTargets: [{targetRef: OnCall}]
...
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: fast}
spec:
  severity: page
  condition: {op: lte, threshold: 2, lookbackWindow: 1h, alertAfter: 5m}
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: {name: OnCall}
spec: {target: slack}
---
apiVersion: openslo/v1
kind: DataSource
metadata: {name: prometheus}
spec: {type: Prometheus, connectionDetails: {url: "http://x"}}
"#;

#[test]
fn the_readme_becomes_a_set_to_fill_in_and_nothing_is_lost_silently() {
    let imported = import(V1);
    let set = tree(&imported);
    assert_eq!(set["name"], "web");
    assert_eq!(set["time_zone"], "America/New_York");
    assert_eq!(set["window"], "1m");
    assert_eq!(set["slis"][0]["kind"], "ratio");
    assert_eq!(set["slis"][0]["thresholds"][0]["below"], 0.95);
    assert_eq!(set["slis"][1]["kind"], "windows_good");
    assert_eq!(set["slis"][1]["of"], "web-availability");
    let objective = &set["slis"][1]["objectives"][0];
    assert_eq!(
        (&objective["target"], &objective["over"]),
        (&0.995.into(), &"week".into())
    );
    let rule = &objective["burn"][0];
    assert_eq!(
        (&rule["name"], &rule["long"], &rule["short"]),
        (&"page".into(), &"1h".into(), &"5m".into())
    );
    assert!((rule["budget"].as_f64().unwrap() - 2.0 / 168.0).abs() < 1e-8);
    assert_eq!(rule["tell"], json!(["OnCall"]));
    let told = notices(&imported);
    for expected in [
        "slo.yaml:6:11: `metadata.labels` has no meaning here: left out",
        "`metadata.annotations` has no meaning here: left out",
        "slo.yaml:9:16: `spec.description` has no meaning here: left out",
        "fill in event `web-availability-good`: which requests are meant by `sum(http_requests{code=~\"2xx\"})`",
        "fill in event `web-availability-valid`: which requests are meant by `sum(http_requests)`",
        "begin at midnight: the start is left out",
        "`op` and `value` mean nothing for a ratio: left out",
        "too little data is always a state of its own",
        "`op` says that a low burn rate is bad: read as `gt`",
        "the condition has no `kind`: read as `burnrate`",
        "`alertAfter` is left out",
        "a short window of 300s is added",
        "DataSource `prometheus`: firedrill reads logs",
    ] {
        has(&told, expected);
    }
}

#[test]
fn a_set_to_fill_in_is_accepted_by_the_check_and_its_events_match_nothing() {
    let yaml = imported_yaml(&import(V1));
    assert_eq!(check(&yaml), Ok(()), "{yaml}");
    assert!(
        yaml.contains("# - slo.yaml:6:11: `metadata.labels`"),
        "{yaml}"
    );
    assert!(yaml.contains("route: /fill-in/web-availability"), "{yaml}");
}

#[test]
fn the_shape_of_the_go_sdk_is_read_as_a_list_and_with_either_name_of_the_service() {
    for key in ["service", "serviceRef"] {
        let text = format!(
            "- apiVersion: openslo.com/v2alpha\n  kind: SLO\n  metadata: {{name: web, labels: {{env: prod}}}}\n  spec:\n    {key}: shop\n    sli:\n      metadata: {{name: r}}\n      spec:\n        ratioMetric:\n          counter: true\n          good: {{dataSourceRef: p, spec: {{query: a}}}}\n          total: {{dataSourceRef: p, spec: {{query: b}}}}\n    timeWindow: [{{duration: 28d, isRolling: true}}]\n    budgetingMethod: Occurrences\n    objectives: [{{op: gt, target: 0.99}}, {{targetPercent: 99.9}}]\n"
        );
        let imported = import(&text);
        let set = tree(&imported);
        assert_eq!(set["name"], "shop");
        assert_eq!(set["slis"][0]["name"], "web-1");
        assert_eq!(set["slis"][0]["objectives"][0]["over"], "28d");
        assert_eq!(set["slis"][1]["objectives"][0]["target"], 0.999);
        has(&notices(&imported), "slo.yaml:3:33: `metadata.labels`");
        assert_eq!(check(&imported_yaml(&imported)), Ok(()));
    }
}

#[test]
fn v1alpha_of_others_is_read() {
    let text = "apiVersion: openslo/v1alpha\nkind: SLO\nmetadata: {name: a, displayName: A}\nspec:\n  service: s\n  budgetingMethod: Occurrences\n  timeWindows: [{unit: Day, count: 30}]\n  objectives:\n    - ratioMetrics:\n        incremental: true\n        good: {source: prometheus, queryType: promql, query: good_q}\n        total: {source: prometheus, queryType: promql, query: total_q}\n      target: 0.999\n      value: 1\n---\napiVersion: openslo/v1alpha\nkind: SLO\nmetadata: {name: b}\nspec:\n  service: s\n  indicator: {thresholdMetric: {source: p, queryType: q, query: lat}}\n  timeWindows: [{unit: Month, count: 1, isRolling: false, calendar: {startTime: \"2020-01-01 00:00:00\", timeZone: UTC}}]\n  budgetingMethod: Occurrences\n  objectives: [{displayName: x, op: lte, value: 0.3, target: 0.9}]\n";
    let imported = import(text);
    let set = tree(&imported);
    assert_eq!(set["slis"][0]["objectives"][0]["over"], "30d");
    assert_eq!(set["slis"][1]["objectives"][0]["over"], "month");
    let told = notices(&imported);
    has(&told, "which requests are meant by `good_q`");
    has(
        &told,
        "good is where the metric is lte 0.3 for 0.9 of the points",
    );
    assert_eq!(check(&imported_yaml(&imported)), Ok(()));
}

#[test]
fn slices_without_a_unit_are_minutes() {
    let imported = import(&V1.replace("timeSliceWindow: 1m", "timeSliceWindow: 5"));
    assert_eq!(tree(&imported)["window"], "5m");
    has(
        &notices(&imported),
        "a window without a unit is read as minutes",
    );
}

#[test]
fn sources_of_ours_are_understood_without_the_annotation() {
    for version in [OpenSloVersion::V1, OpenSloVersion::V2Alpha] {
        let text = exported(version).replace("firedrill.dev/set:", "firedrill.dev/lost:");
        let imported = import(&text);
        let set = tree(&imported);
        assert_eq!(set["events"]["checkout"]["route"], "/checkout");
        let slis = set["slis"].as_array().unwrap();
        let named = |name: &str| slis.iter().find(|sli| sli["name"] == name).unwrap();
        assert_eq!(
            named("checkout-success-28d")["bad_status"],
            json!(["5xx", "429", "none"])
        );
        assert_eq!(named("checkout-fast-36h")["limit"], "3s");
        assert_eq!(named("p95-range")["kind"], "latency_cut");
        assert_eq!(named("p95-range")["limit"], "2s");
        assert_eq!(named("checkout-success-2")["good"], "order");
        assert_eq!(
            check(&imported_yaml(&imported)),
            Ok(()),
            "{}",
            imported_yaml(&imported)
        );
    }
}

#[test]
fn composites_bring_their_parts_along() {
    let text = "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: j}\nspec:\n  service: s\n  timeWindow: [{duration: 90m, isRolling: true}]\n  budgetingMethod: RatioTimeslices\n  objectives:\n    - {target: 0.9, indicatorRef: a, compositeWeight: 2}\n    - {target: 1.5, indicatorRef: missing, compositeWeight: -1}\n---\napiVersion: openslo/v1\nkind: SLI\nmetadata: {name: a}\nspec: {ratioMetric: {rawType: failure, raw: {metricSource: {spec: {q: 1}}}}}\n";
    let imported = import(text);
    let set = tree(&imported);
    assert_eq!(set["slis"][2]["kind"], "composite");
    assert_eq!(set["slis"][2]["parts"][0]["weight"], 2.0);
    let told = notices(&imported);
    for expected in [
        "there is no SLI `missing` in this file",
        "a ready-made failure ratio",
        "the shortest rolling window is an hour: 2h",
        "the mean of the slices' ratios is not computed",
        "a weight is above 0",
        "a target of 1.5 is no share, which 0.999 would be: no objective",
        "their weighted mean, not their weighted burn",
    ] {
        has(&told, expected);
    }
    assert_eq!(check(&imported_yaml(&imported)), Ok(()));
}

#[test]
fn files_that_are_none_are_refused_with_a_place() {
    let bomb = "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    let table = [
        ("", "slo.yaml:1:1: the file is empty"),
        ("just text", "slo.yaml:1:1: this is no OpenSLO document"),
        (
            "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: x}\n",
            "there is no SLO and no SLI in this file",
        ),
        ("kind: SLO\n---\nkind: SLO\n---\nx: [\n", "slo.yaml:5:"),
        (bomb, "slo.yaml:1:4: "),
        ("a: \u{0}", "NUL byte"),
    ];
    for (text, expected) in table {
        let error = import_openslo(Path::new("slo.yaml"), text.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(expected), "{text:?}: {error}");
    }
    assert!(import_openslo(Path::new("slo.yaml"), b"\xff\xfe").is_err());
}

#[test]
fn files_past_a_limit_are_refused() {
    let import = |text: &str| import_openslo(Path::new("slo.yaml"), text.as_bytes());
    let one = "kind: SLI\n---\n";
    let error = import(&one.repeat(super::super::DOCUMENTS_MAX + 1)).unwrap_err();
    assert!(
        error.to_string().contains("more than 10000 documents"),
        "{error}"
    );
    let large = "kind: SLI\n".to_owned() + &"#".repeat(super::super::OPENSLO_BYTES_MAX);
    assert!(import(&large).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = import_openslo(Path::new("x"), &bytes);
    }

    #[test]
    fn no_change_of_a_file_makes_the_reader_panic_or_its_set_unacceptable(
        at in 0..V1.len(),
        length in 0..40_usize,
        new in "[-a-z0-9:{}\\[\\], \n\"'&*.]{0,12}",
        is_ours in any::<bool>(),
    ) {
        let text = if is_ours { exported(OpenSloVersion::V1) } else { V1.to_owned() };
        let at = at.min(text.len());
        let mut bytes = text.into_bytes();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, new.bytes());
        let imported = import_openslo(Path::new("x"), &bytes);
        // What was changed in a set of ours may be wrong; the check says so then.
        if let (Ok(imported), false) = (imported, is_ours) {
            prop_assert_eq!(check(&imported_yaml(&imported)), Ok(()));
        }
    }
}

#[test]
fn slices_of_several_lengths_and_calendars_in_several_zones_are_those_of_their_slis() {
    let slo = |name: &str, slice: &str, zone: &str| {
        format!(
            "---
apiVersion: openslo/v1
kind: SLO
metadata: {{name: {name}}}
spec:
  service: web
  indicator:
    spec: {{ratioMetric: {{counter: true, good: {{metricSource: {{type: P, spec: {{q: g}}}}}}, total: {{metricSource: {{type: P, spec: {{q: t}}}}}}}}}}
  timeWindow: [{{duration: 1d, isRolling: false, calendar: {{startTime: 2026-01-01 00:00:00, timeZone: {zone}}}}}]
  budgetingMethod: Timeslices
  objectives: [{{target: 0.9, timeSliceTarget: 0.95, timeSliceWindow: {slice}}}]
"
        )
    };
    let text = slo("a", "6m", "Asia/Tokyo")
        + &slo("b", "15m", "Europe/Berlin")
        + &slo("c", "3m", "Asia/Tokyo");
    let imported = import(&text);
    let set = tree(&imported);
    assert_eq!(
        (&set["window"], &set["time_zone"]),
        (&"3m".into(), &"Asia/Tokyo".into())
    );
    let found = |index: usize, key: &str| set["slis"][index].get(key).cloned();
    // Of each SLO a ratio, which has the windows, and a `windows_good`, which has the objective.
    for (index, window, zone) in [
        (0, Some("6m"), None),
        (2, Some("15m"), Some("Europe/Berlin")),
        (4, None, None),
    ] {
        assert_eq!(found(index, "window"), window.map(Value::from), "{index}");
        assert_eq!(
            found(index + 1, "time_zone"),
            zone.map(Value::from),
            "{index}"
        );
        assert_eq!(found(index + 1, "window"), None);
    }
    assert_eq!(check(&imported_yaml(&imported)), Ok(()));
}
