//! Declared files: the shipped ones are valid, and a broken one says where and how to mend it.

use serde_json::Value;

use super::program::{count, list, run, text};
use super::surge_file::{Surge, WIDE_SLIS};
use super::temp_folder::{TempFolder, files_below};
use super::tidy::{in_repository, read};

#[test]
fn every_shipped_file_is_valid() {
    let folder = TempFolder::new();
    for shipped in ["load-scenarios", "sli-defs"] {
        let mut files = files_below(&in_repository(shipped));
        files.retain(|file| file.extension().is_some_and(|ending| ending == "yaml"));
        assert!(!files.is_empty(), "{shipped} has no file");
        for file in &files {
            run(&folder, &format!("check {}", file.display())).exits(0);
        }
        let whole = run(
            &folder,
            &format!("check --json {}", in_repository(shipped).display()),
        );
        let checked = whole.exits(0).json();
        assert_eq!(list(&checked, "").len(), files.len());
        assert!(
            list(&checked, "")
                .iter()
                .all(|file| list(file, "/problems").is_empty())
        );
    }
}

#[test]
fn the_files_that_the_tests_write_are_valid() {
    let folder = TempFolder::new();
    folder.write("load-scenarios/short.yaml", Surge::default().yaml());
    folder.write("sli-defs/wide.yaml", WIDE_SLIS);
    run(&folder, "check").exits(0);
}

/// The shipped SLI set with `from` replaced by `to`, in a file of a new folder.
fn broken(shipped: &str, from: &str, to: &str) -> TempFolder {
    let folder = TempFolder::new();
    let whole = read(shipped);
    assert!(whole.contains(from), "{shipped} has no `{from}`");
    folder.write("broken.yaml", whole.replacen(from, to, 1));
    folder
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_the_nearest_key() {
    let folder = broken("sli-defs/shop.yaml", "funnel:", "funel:");
    let refused = run(&folder, "check broken.yaml").refuses(3);
    for part in [
        "broken.yaml:",
        "unknown key `funel`",
        "did you mean `funnel`",
        " | funel:",
        "^",
    ] {
        assert!(refused.err.contains(part), "no {part} in {}", refused.err);
    }
}

#[test]
fn a_misspelt_event_is_shown_under_a_caret_with_the_nearest_event() {
    let from = "name: checkout_success\n    title: Checkouts answered well\n    event: checkout";
    let folder = broken(
        "sli-defs/shop.yaml",
        from,
        &from.replace("event: checkout", "event: chekout"),
    );
    let refused = run(&folder, "check broken.yaml").refuses(3);
    let written = folder.read("broken.yaml");
    let index = written
        .lines()
        .position(|line| line.ends_with("event: chekout"))
        .unwrap();
    let line = written.lines().nth(index).unwrap();
    let column = line.find("chekout").unwrap() + 1;
    let place = format!(
        "broken.yaml:{}:{column}: unknown event `chekout`",
        index + 1
    );
    assert!(
        refused.err.contains(&place),
        "no {place} in {}",
        refused.err
    );
    assert!(
        refused.err.contains("did you mean `checkout`"),
        "{}",
        refused.err
    );
    let shown: Vec<&str> = refused.err.lines().collect();
    let at = shown
        .iter()
        .position(|shown| shown.ends_with(line))
        .unwrap();
    assert_eq!(
        shown[at + 1].find('^'),
        shown[at].find("chekout"),
        "{}",
        refused.err
    );
}

#[test]
fn all_problems_are_said_at_once_in_the_order_of_the_file() {
    let folder = broken(
        "sli-defs/shop.yaml",
        "event: checkout\n    percentile",
        "event: ghost\n    percentile",
    );
    let twice = folder
        .read("broken.yaml")
        .replacen("event: order", "event: spectre", 1);
    folder.write("broken.yaml", twice);
    let refused = run(&folder, "check broken.yaml --json").exits(3);
    let checked = refused.json();
    let problems = list(&checked, "/0/problems");
    let messages: Vec<_> = problems
        .iter()
        .map(|problem| text(problem, "/message"))
        .collect();
    assert_eq!(
        messages,
        ["unknown event `ghost`", "unknown event `spectre`"]
    );
    assert!(count(&problems[0], "/line") < count(&problems[1], "/line"));
    assert!(problems.iter().all(|problem| count(problem, "/column") > 1));
    assert!(refused.err.contains("ghost") && refused.err.contains("spectre"));
}

#[test]
fn problems_of_several_files_are_said_at_once() {
    let folder = TempFolder::new();
    folder.write("a.yaml", "slis: 1\n");
    folder.write("b.yaml", "slis: 2\n");
    let refused = run(&folder, "check a.yaml b.yaml").refuses(3);
    assert!(
        refused.err.contains("a.yaml:") && refused.err.contains("b.yaml:"),
        "{}",
        refused.err
    );
}

#[test]
fn a_host_that_nobody_allowed_is_refused_before_anything_is_sent() {
    let folder = TempFolder::new();
    let stranger = Surge {
        target: "{base_url: 'http://192.0.2.1:9'}".to_owned(),
        ..Surge::default()
    };
    folder.write("stranger.yaml", stranger.yaml());
    for words in ["check stranger.yaml", "rehearse stranger.yaml --lake lake"] {
        let refused = run(&folder, words).refuses(3);
        assert!(
            refused
                .err
                .contains("`192.0.2.1` is not in `hosts_allowed`"),
            "{}",
            refused.err
        );
    }
    assert!(!folder.join("lake").exists());
    let allowed = stranger
        .yaml()
        .replace(":9'", ":9', hosts_allowed: [192.0.2.1]");
    folder.write("stranger.yaml", allowed);
    run(&folder, "check stranger.yaml").exits(0);
}

#[test]
fn a_file_that_is_missing_or_no_yaml_is_refused_with_one_message() {
    let folder = TempFolder::new();
    folder.write("binary.yaml", [0_u8, 159, 146, 150]);
    folder.write("empty.yaml", "");
    folder.write("unclosed.yaml", "slis: [");
    for name in ["missing.yaml", "binary.yaml", "empty.yaml", "unclosed.yaml"] {
        let refused = run(&folder, &format!("check {name}"));
        assert!([2, 3].contains(&refused.code), "{name}: {refused:?}");
        assert!(refused.err.contains(name), "{}", refused.err);
    }
}

#[test]
fn each_schema_is_closed_and_all_its_references_lead_somewhere() {
    let folder = TempFolder::new();
    for (kind, key) in [
        ("scenario", "journeys"),
        ("sli", "slis"),
        ("thresholds", "thresholds"),
        ("probe", "partners"),
        ("premortem", "risks"),
    ] {
        let schema = run(&folder, &format!("schema {kind}")).exits(0).json();
        assert_eq!(
            schema["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        assert!(
            schema["properties"].get(key).is_some(),
            "{kind} has no {key}"
        );
        assert!(
            schema["required"].as_array().unwrap().contains(&key.into()),
            "{kind}"
        );
        let mut wrong = Vec::new();
        walk(&schema, &schema, &mut wrong);
        assert!(wrong.is_empty(), "{kind}: {wrong:?}");
    }
}

/// Collects references that lead nowhere, and objects that allow any key.
fn walk(schema: &Value, part: &Value, wrong: &mut Vec<String>) {
    if let Some(reference) = part.get("$ref").and_then(Value::as_str) {
        let target = reference
            .strip_prefix('#')
            .and_then(|pointer| schema.pointer(pointer));
        if target.is_none() {
            wrong.push(reference.to_owned());
        }
    }
    let is_open = part.get("properties").is_some_and(Value::is_object)
        && part.get("type") == Some(&Value::from("object"))
        && part.get("additionalProperties") != Some(&Value::Bool(false));
    if is_open {
        wrong.push(format!("any key is allowed in {part}"));
    }
    match part {
        Value::Array(parts) => parts.iter().for_each(|part| walk(schema, part, wrong)),
        Value::Object(parts) => parts.values().for_each(|part| walk(schema, part, wrong)),
        _ => {}
    }
}
