//! `export`, `import` and `what-if`: what leaves the program, and what comes back.

use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use serde_json::Value;

use super::access_lines::{line, plain_lines};
use super::ingest::ingest;
use super::program::{count, list, run, sli, text};
use super::temp_folder::TempFolder;
use super::tidy::read;

/// Every version of OpenSLO that is written and read.
const VERSIONS: [&str; 3] = ["v1", "v1alpha", "v2alpha"];

fn lake_of(log: &str) -> TempFolder {
    let folder = TempFolder::new();
    folder.write("access.log", log);
    ingest(&folder, "access.log");
    folder
}

/// The SLIs by a set file, without the fingerprint of the file.
#[track_caller]
fn slis_by(folder: &TempFolder, set: &str) -> Value {
    let ran = run(folder, &format!("sli --lake lake --json --defs {set}"));
    assert!([0, 1].contains(&ran.code), "{}", ran.err);
    let mut document = ran.json();
    document["definition_sha256"] = Value::Null;
    for sli in document["slis"].as_array_mut().expect("a list") {
        sli["definition_sha256"] = Value::Null;
    }
    document
}

#[test]
fn json_is_one_document_of_every_export_and_import() {
    let folder = lake_of(&plain_lines(600));
    run(&folder, "export openslo -o out.yaml").exits(0);
    for (words, format) in [
        ("export openslo", "openslo"),
        ("export prometheus", "prometheus"),
        ("export hlog --lake lake", "hlog"),
        ("import openslo out.yaml", "sli_set"),
    ] {
        let plain = run(&folder, words).exits(0).out;
        let document = run(&folder, &format!("{words} --json")).exits(0).json();
        assert_eq!(text(&document, "/format"), format);
        assert_eq!(text(&document, "/text").trim_end(), plain.trim_end());
        let document = run(&folder, &format!("{words} --json -o file")).exits(0);
        let document = document.json();
        assert!(document["text"].is_null());
        assert_eq!(text(&document, "/output"), "file");
        assert_eq!(folder.read("file").trim_end(), plain.trim_end());
    }
    let gate = run(&folder, "export gate --lake lake --json -o gate.json").json();
    let written: Value = serde_json::from_str(&folder.read("gate.json")).unwrap();
    assert_eq!(gate, written);
}

#[test]
fn a_set_that_went_out_as_openslo_and_came_back_gives_the_same_numbers() {
    let folder = lake_of(&plain_lines(600));
    folder.write("shop.yaml", read("sli-defs/shop.yaml"));
    let expected = slis_by(&folder, "shop.yaml");
    for version in VERSIONS {
        let words =
            format!("export openslo --openslo {version} --defs shop.yaml -o {version}.yaml");
        run(&folder, &words).exits(0);
        let words = format!("import openslo {version}.yaml -o {version}.set.yaml");
        run(&folder, &words).exits(0);
        run(&folder, &format!("check {version}.set.yaml")).exits(0);
        let set = format!("{version}.set.yaml");
        assert_eq!(slis_by(&folder, &set), expected, "{version}");
        // What came back goes out again as it went out before.
        let words = format!("export openslo --openslo {version} --defs {set}");
        let again = run(&folder, &words).exits(0).out;
        assert_eq!(
            again.trim_end(),
            folder.read(&format!("{version}.yaml")).trim_end()
        );
    }
}

#[test]
fn a_target_that_was_changed_in_an_openslo_file_is_taken_over_and_said() {
    let folder = TempFolder::new();
    let exported = run(&folder, "export openslo").exits(0).out;
    assert!(exported.contains("target: 0.995"), "{exported}");
    folder.write("slo.yaml", exported.replace("target: 0.995", "target: 0.9"));
    let imported = run(&folder, "import openslo slo.yaml").exits(0);
    assert!(imported.out.contains("target: 0.9\n"), "{}", imported.out);
    assert!(!imported.out.contains("target: 0.995"), "{}", imported.out);
    assert!(imported.err.contains("note: slo.yaml:"), "{}", imported.err);
    assert!(imported.err.contains("0.9: taken over"), "{}", imported.err);
}

/// An SLO of somebody else's, whose queries no log can answer.
const FOREIGN: &str = "\
apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout-answers}
spec:
  service: shop
  budgetingMethod: Occurrences
  timeWindow: [{duration: 7d, isRolling: true}]
  indicator:
    metadata: {name: checkout-answers}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: sum(good)}}}
        total: {metricSource: {type: Prometheus, spec: {query: sum(all)}}}
  objectives: [{displayName: Good, target: 0.98}]
";

#[test]
fn an_slo_of_another_tool_is_never_green_before_its_events_are_filled_in() {
    let folder = lake_of(&plain_lines(100));
    folder.write("slo.yaml", FOREIGN);
    let imported = run(&folder, "import openslo slo.yaml -o set.yaml").exits(0);
    assert!(imported.err.contains("sum(all)"), "{}", imported.err);
    run(&folder, "check set.yaml").exits(0);
    let document = slis_by(&folder, "set.yaml");
    let answers = sli(&document, "checkout-answers");
    assert_eq!(text(answers, "/state"), "not_enough_data");
    assert_eq!(answers["value"], Value::Null);
    let set = folder.read("set.yaml");
    assert!(
        set.contains("over: 7d") && set.contains("target: 0.98"),
        "{set}"
    );
}

#[test]
fn prometheus_rules_record_shares_and_alert_on_burn_rates_of_their_own_length() {
    let folder = TempFolder::new();
    let exported = run(&folder, "export prometheus -o rules.yaml").exits(0);
    assert_eq!(exported.out, "");
    let rules = folder.read("rules.yaml");
    let printed = run(&folder, "export prometheus").exits(0);
    assert_eq!(printed.out.trim_end(), rules.trim_end());
    for part in [
        "groups:",
        "- record: firedrill:sli_bad:share1h",
        "- alert: FiredrillBudgetBurn",
        "- alert: FiredrillLevel",
        "sli: checkout_success",
        // A week: 2 % of its budget in an hour, 5 % in six.
        "> 3.36 * (1 - 0.98)",
        "> 1.4 * (1 - 0.98)",
        "tell: on-call, support desk, executives",
    ] {
        assert!(rules.contains(part), "no {part} in {rules}");
    }
    // What cannot be said in rules is said on standard error and in the file.
    assert!(printed.err.contains("note: page_p99"), "{}", printed.err);
    assert!(rules.contains("# page_p99"), "{rules}");
}

#[test]
fn a_histogram_log_is_read_by_hdrhistogram_and_holds_every_latency() {
    let folder = lake_of(&plain_lines(600));
    run(&folder, "export hlog --lake lake -o all.hlog").exits(0);
    let log = folder.read("all.hlog");
    let header: Vec<&str> = log
        .lines()
        .take_while(|line| line.starts_with('#'))
        .collect();
    assert!(
        header[0].starts_with("#[Histogram log format version 1.3]"),
        "{header:?}"
    );
    for part in ["#[StartTime: ", "#[BaseTime: "] {
        assert!(
            header.iter().any(|line| line.starts_with(part)),
            "{header:?}"
        );
    }
    let document = run(&folder, "sli --lake lake --json").json();
    for name in ["checkout_p95", "page_p99"] {
        let expected = sli(&document, name);
        let mut all: Histogram<u64> = Histogram::new(3).unwrap();
        let mut intervals = 0;
        for entry in IntervalLogIterator::new(log.as_bytes()) {
            let LogEntry::Interval(interval) = entry.unwrap() else {
                continue;
            };
            if interval.tag().map(|tag| tag.as_str()) == Some(name) {
                assert_eq!(interval.duration().as_secs(), 60);
                all += histogram(interval.encoded_histogram());
                intervals += 1;
            }
        }
        assert_eq!(all.len(), count(expected, "/count"), "{name}");
        // Intervals are the windows of the set, also of an SLI with longer ones: readers add them.
        let words = "sli --lake lake --json --window 1m";
        let minutes = run(&folder, words).json();
        let windows = list(sli(&minutes, name), "/windows").iter();
        let busy = windows.filter(|window| count(window, "/count") > 0);
        assert_eq!(intervals, busy.count(), "{name}");
    }
}

fn histogram(encoded: &str) -> Histogram<u64> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded);
    let bytes = bytes.expect("it is Base64");
    Deserializer::new()
        .deserialize(&mut bytes.as_slice())
        .expect("it is a histogram")
}

#[test]
fn a_gate_says_what_sli_says_in_a_shape_that_scripts_can_hold_on_to() {
    let folder = TempFolder::new();
    let lines = |status: u16| -> String {
        (0..200)
            .map(|second| line(second, "POST /checkout", status, 0.1))
            .collect()
    };
    folder.write("good.log", lines(200));
    folder.write("bad.log", lines(503).replace("27/Nov", "28/Nov"));
    ingest(&folder, "good.log bad.log");
    let set = "name: gate\nwindow: 1m\nevents: {checkout: {route: /checkout}}\nslis:\n  - {kind: ratio, name: answered, title: T, event: checkout, objective: 0.9}\n";
    folder.write("set.yaml", set);
    folder.write(
        "more.yaml",
        format!(
            "{set}  - {{kind: ratio, name: rare, title: T, event: checkout, min_count: 201}}\n"
        ),
    );
    for (day, set, code, verdict) in [
        (27, "set.yaml", Some(0), "met"),
        (28, "set.yaml", Some(1), "missed"),
        (28, "more.yaml", Some(1), "missed"),
        (27, "more.yaml", None, "not_enough_data"),
    ] {
        let range = format!(
            "--lake lake --defs {set} --from 2026-11-{day}T08:00:00Z --to 2026-11-{day}T08:04:00Z"
        );
        let ran = run(&folder, &format!("export gate {range}"));
        assert_eq!(ran.code, code.unwrap_or(ran.code), "{}", ran.err);
        let gate = ran.json();
        assert_eq!(text(&gate, "/verdict"), verdict);
        assert_eq!(text(&gate, "/from"), format!("2026-11-{day}T08:00:00Z"));
        assert_eq!(text(&gate, "/to"), format!("2026-11-{day}T08:04:00Z"));
        let judged = run(&folder, &format!("sli --json {range}")).json();
        assert_eq!(gate["definition_sha256"], judged["definition_sha256"]);
        let all = list(&gate, "/slis").iter().zip(list(&judged, "/slis"));
        for (gated, judged) in all {
            for key in ["name", "state", "value", "interval"] {
                assert_eq!(gated[key], judged[key]);
            }
            assert_eq!(gated["n"], judged["count"]);
            assert_eq!(gated["limit"], judged["objective"]);
        }
        assert_eq!(list(&gate, "/slis").len(), list(&judged, "/slis").len());
        run(&folder, &format!("export gate {range} -o gate.json")).exits(ran.code);
        assert_eq!(folder.read("gate.json").trim_end(), ran.out.trim_end());
    }
}

/// Two days of one request a minute; for an hour of the second day every request fails.
fn an_hour_of_failures() -> TempFolder {
    let lines = (0..2 * 24 * 60).map(|minute| {
        let (day, hour) = (26 + minute / 1_440, minute / 60 % 24);
        let status = if day == 27 && hour == 12 { 500 } else { 200 };
        format!(
            "192.0.2.1 - - [{day}/Nov/2026:{hour:02}:{:02}:00 +0000] \"GET / HTTP/1.1\" {status} 512 \"-\" \"Mozilla/5.0\" 0.000\n",
            minute % 60
        )
    });
    lake_of(&lines.collect::<String>())
}

#[test]
fn what_if_counts_the_days_that_each_target_would_have_missed() {
    let folder = an_hour_of_failures();
    // On the second day 60 of 1,440 fail: 95.8 % are good.
    let words = "what-if availability --lake lake --targets 0.9,0.95,0.99 --over day --from 2026-11-26 --to 2026-11-28";
    let rows = run(&folder, &format!("{words} --json")).exits(0).json();
    let rows = list(&rows, "");
    assert_eq!(rows.len(), 3);
    for (row, (target, missed)) in rows.iter().zip([(0.9, 0), (0.95, 0), (0.99, 1)]) {
        assert_eq!(row["target"], target);
        assert_eq!(text(row, "/over"), "day");
        assert_eq!((count(row, "/judged"), count(row, "/missed")), (2, missed));
        // All of the budget of 1 % is 14.4 requests.
        let spent = 60.0 / (1_440.0 * (1.0 - target));
        for pointer in ["/budget_spent_max", "/budget_spent_last"] {
            let found = row.pointer(pointer).and_then(Value::as_f64).unwrap();
            assert!(
                (found - spent).abs() < 1e-9,
                "{pointer}: {found} is not {spent}"
            );
        }
    }
    let table = run(&folder, words).exits(0).out;
    assert!(
        table.contains("What `availability` would have said"),
        "{table}"
    );
    assert!(
        table.contains("1 of 2") && table.contains("0 of 2"),
        "{table}"
    );
    assert!(table.contains("99 %") && table.contains("417 %"), "{table}");
}

#[test]
fn what_if_says_what_would_have_alerted_and_when() {
    let folder = an_hour_of_failures();
    let words = "what-if availability --lake lake --targets 0.5,0.999 --over 7d --json";
    let rows = run(&folder, words).exits(0).json();
    let alerts = |row: usize| list(&rows, &format!("/{row}/alerts")).to_vec();
    let fired = |row| alerts(row).iter().any(|alert| count(alert, "/count") > 0);
    assert!(!fired(0), "half may fail: {rows}");
    assert!(fired(1), "one in a thousand may: {rows}");
    for alert in alerts(1) {
        for told in list(&alert, "/told") {
            assert!(text(told, "").starts_with("2026-11-27T1"), "{told}");
        }
    }
}

#[test]
fn long_windows_hide_no_budget_that_burnt_too_fast() {
    let folder = an_hour_of_failures();
    let words = "what-if availability --lake lake --targets 0.999 --over 7d --window 1h --json";
    let rows = run(&folder, words).exits(0).json();
    let alerts = list(&rows, "/0/alerts");
    assert!(
        alerts.iter().all(|alert| count(alert, "/count") == 1),
        "{rows}"
    );
    let words = "report --lake lake --week 2026-W48 --window 1h --defs set.yaml -o week.json";
    folder.write(
        "set.yaml",
        "name: week
events: {page: {}}
slis:
  - kind: ratio
    name: answered
    title: Answered
    event: page
    objectives: [{target: 0.99, over: week}]
    thresholds: [{level: warn, below: 0.99, for: 1m}]
  - kind: windows_good
    name: calm
    title: Calm windows
    of: answered
    level: warn
    objectives: [{target: 0.99, over: week}]
",
    );
    run(&folder, words);
    let page: Value = serde_json::from_str(&folder.read("week.json")).unwrap();
    let fired = |index: usize| {
        let pointer = format!("/slis/{index}/detail/objectives/0/burn_alerts");
        list(&page, &pointer).len()
    };
    let names = [0, 1].map(|index| text(&page, &format!("/slis/{index}/name")));
    let place = |name| names.iter().position(|found| *found == name).unwrap();
    assert!(fired(place("answered")) > 0, "{page}");
    assert_eq!(fired(place("calm")), 0);
    let unknowns = list(&page, "/unknowns").iter();
    let unknowns: Vec<&str> = unknowns.map(|unknown| text(unknown, "")).collect();
    let is_said = |title| {
        let said = format!("{title}: whether its budget burnt too fast is not known");
        unknowns.iter().any(|unknown| unknown.starts_with(&said))
    };
    assert!(is_said("Calm windows"), "{unknowns:?}");
    assert!(!is_said("Answered"), "{unknowns:?}");
}

#[test]
fn what_cannot_be_meant_is_said_with_its_cure() {
    let folder = lake_of(&plain_lines(100));
    folder.write("broken.yaml", "x: [");
    folder.write("other.yaml", "apiVersion: v1\nkind: ConfigMap\n");
    for (words, code, part) in [
        ("what-if nothing", 2, "`nothing`"),
        ("what-if availabilty", 2, "`availability`"),
        ("what-if page_p99", 2, "`page_p99`"),
        ("what-if availability --targets 2", 2, "`2`"),
        ("what-if availability --targets 1", 2, "0.995"),
        ("what-if availability --targets half", 2, "half"),
        ("what-if availability --over 5x", 2, "`5x`"),
        ("what-if availability --over 0d", 2, "`0d`"),
        ("export openslo --openslo v7", 2, "v1alpha"),
        ("export openslo --defs missing.yaml", 3, "missing.yaml"),
        ("export prometheus --defs broken.yaml", 3, "broken.yaml:1"),
        ("export gate --week 2026-W01", 4, "no requests"),
        ("export hlog --run nobody", 2, "nobody"),
        ("export gate -o nowhere/gate.json", 4, "nowhere/gate.json"),
        ("import openslo missing.yaml", 4, "missing.yaml"),
        ("import openslo broken.yaml", 3, "broken.yaml:1"),
        ("import openslo other.yaml", 3, "other.yaml"),
        ("export", 2, "openslo"),
        ("import", 2, "openslo"),
    ] {
        let refused = run(&folder, &format!("{words} --lake lake")).exits(code);
        assert!(refused.err.contains(part), "{words}: {}", refused.err);
        assert_eq!(refused.out, "", "{words}");
    }
}
