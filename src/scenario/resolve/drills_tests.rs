//! Drill timelines, read: what they mean, and what is said of those that mean nothing.

use std::path::Path;

use super::resolve;
use crate::declared_files::parse;
use crate::scenario::{DrillAction, DrillPlan, HookPlan, MarkKind, ScenarioDefinition};

/// The plan of a small scenario of 10 s with these drills, or its problems as text.
fn plan(drills: &str, more: &str) -> Result<DrillPlan, String> {
    let text = format!(
        "
name: small
target: {{base_url: 'http://127.0.0.1:9', hosts_allowed: [chaos.example]}}
traffic: {{curve: [{{at: 0s, shoppers_per_s: 10}}, {{at: 10s, shoppers_per_s: 10}}]}}
channels: [{{name: mail, share: 1}}, {{name: direct, share: 1}}]
shoppers: [{{name: one, share: 1, journey: look}}]
journeys: {{look: [{{get: /}}]}}
{more}
drills:
{drills}
"
    );
    let path = Path::new("scenario.yaml");
    let declared =
        parse::<ScenarioDefinition>(path, text.as_bytes(), &|_| Some("s3cretvalue".into()))
            .map_err(|error| error.to_string())?;
    resolve(&declared).map_err(|error| error.to_string())
}

#[test]
fn what_is_wrong_with_a_drill_is_said_with_its_place_and_the_cure() {
    let table = [
        ("{at: 1s, fault: freeze}", "missing key `id`"),
        ("{id: 'a b', at: 1s, fault: freeze}", "`a b` is not a name"),
        ("{id: '', at: 1s, fault: freeze}", "`` is not a name"),
        (
            "{id: a, at: 10s, fault: freeze}",
            "begin it while shoppers arrive",
        ),
        (
            "{id: a, at: 1s, for: 0s, fault: freeze}",
            "it would last no time",
        ),
        ("{id: a, at: 1s}", "an entry does exactly one thing"),
        (
            "{id: a, at: 1s, fault: freeze, deploy: x}",
            "an entry does exactly one thing",
        ),
        (
            "{id: a, at: 1s, http: {url: 'http://127.0.0.1/'}, exec: {argv: [x]}}",
            "exactly one thing",
        ),
        ("{id: a, at: 1s, fault: frezee}", "did you mean `freeze`"),
        (
            "{id: a, at: 1s, fault: freeze, undo: {http: {url: 'http://127.0.0.1/'}}}",
            "`fault` takes no `undo`",
        ),
        (
            "{id: a, at: 1s, announce: x, http: {url: 'http://127.0.0.1/'}}",
            "`announce` takes no `http`",
        ),
        (
            "{id: a, at: 1s, for: 2s, announce: x}",
            "confirmed_within: 60s",
        ),
        ("{id: a, at: 1s, channel_off: mial}", "did you mean `mail`"),
        (
            "{id: a, at: 1s, http: {url: 'chaos'}}",
            "not an http or https URL",
        ),
        (
            "{id: a, at: 1s, http: {url: 'http://other.example/'}}",
            "add `other.example` to `target.hosts_allowed`",
        ),
        (
            "{id: a, at: 1s, http: {url: 'http://u:p@127.0.0.1/'}}",
            "a URL with a password",
        ),
        (
            "{id: a, at: 1s, http: {url: 'http://127.0.0.1/', headers: {'a b': c}}}",
            "`a b` is no legal header",
        ),
        (
            "{id: a, at: 1s, http: {url: 'http://127.0.0.1/', timeout: 2h}}",
            "a hook cannot take so long",
        ),
        (
            "{id: a, at: 1s, http: {url: 'http://127.0.0.1/', method: BREW}}",
            "method",
        ),
        (
            "{id: a, at: 1s, exec: {argv: [x]}}",
            "add `exec_allowed: true`",
        ),
        (
            "{id: a, at: 1s, deploy: x, undo: {}}",
            "exactly one of `http` and `exec`",
        ),
        (
            "{id: a, at: 1s, fault: freeze, expect: {}}",
            "nothing is expected",
        ),
        (
            "{id: a, at: 1s, fault: freeze, expect: {confirmed_within: 1s}}",
            "only announcements are confirmed",
        ),
        (
            "{id: a, at: 1s, announce: x, expect: {within: 1s}}",
            "`within` means nothing here",
        ),
        (
            "{id: a, at: 1s, fault: freeze, expect: {recovers_within: 1s}}",
            "so nothing can recover",
        ),
        (
            "{id: a, at: 1s, for: 9s, fault: freeze, expect: {recovers_within: 1s}}",
            "so nothing can recover",
        ),
        ("{id: a, at: 1s, fualt: freeze}", "did you mean `fault`"),
    ];
    for (drill, expected) in table {
        let error = plan(&format!("  - {drill}"), "").unwrap_err();
        assert!(error.contains(expected), "{drill}: {error}");
        assert!(error.contains("scenario.yaml:"), "{drill}: {error}");
    }
}

#[test]
fn two_drills_of_a_name_or_in_one_place_at_once_are_refused() {
    let both = |one: &str, other: &str| plan(&format!("  - {one}\n  - {other}"), "");
    let slow = "{id: a, at: 1s, for: 4s, fault: 'payment-slow:1s'}";
    let same = both(slow, "{id: a, at: 6s, for: 1s, fault: freeze}").unwrap_err();
    assert!(same.contains("entry `a` is there already"), "{same}");
    let at_once = both(slow, "{id: b, at: 4s, for: 4s, fault: 'payment-slow:2s'}").unwrap_err();
    assert!(
        at_once.contains("`payment-slow:1s` of `a` is still on then"),
        "{at_once}"
    );
    assert!(both(slow, "{id: b, at: 5s, for: 4s, fault: 'payment-slow:2s'}").is_ok());
    assert!(both(slow, "{id: b, at: 4s, for: 4s, fault: freeze}").is_ok());
}

#[test]
fn nothing_can_be_turned_off_where_nobody_arrives() {
    let text = "  - {id: a, at: 1s, channel_off: mail}";
    assert!(plan(text, "").is_ok());
    let path = Path::new("scenario.yaml");
    let closed = format!(
        "
name: small
target: {{base_url: 'http://127.0.0.1:9'}}
traffic: {{closed: {{shoppers: 1, for: 10s}}}}
channels: [{{name: mail, share: 1}}]
shoppers: [{{name: one, share: 1, journey: look}}]
journeys: {{look: [{{get: /}}]}}
drills:
{text}
"
    );
    let declared = parse::<ScenarioDefinition>(path, closed.as_bytes(), &|_| None).unwrap();
    let error = resolve(&declared).unwrap_err().to_string();
    assert!(error.contains("in a closed model"), "{error}");
}

#[test]
fn a_timeline_is_sorted_and_says_what_lasts() {
    let plan = plan(
        "  - {id: later, at: 5s, deploy: v2}
  - {id: first, at: 1s, for: 2s, channel_off: mail}
  - {id: mid, at: 2s, fault: freeze, title: It freezes}
  - {id: hook, at: 3s, http: {url: 'http://chaos.example/x?y=1', method: PUT}, undo: {exec: {argv: [a, b]}}}",
        "exec_allowed: true",
    )
    .unwrap();
    let found: Vec<_> = plan
        .drills
        .entries
        .iter()
        .map(|entry| {
            (
                entry.id.as_str(),
                entry.index,
                entry.title.as_str(),
                entry.lasts(),
            )
        })
        .collect();
    let expected = [
        ("first", 1, "mail turned off", true),
        ("mid", 2, "It freezes", true),
        ("hook", 3, "hook", true),
        ("later", 0, "deploy v2", false),
    ];
    assert_eq!(found, expected);
    assert_eq!(plan.channels[0].off, [(1_000_000, 3_000_000)]);
    assert!(plan.channels[1].off.is_empty());
    let DrillAction::Marked {
        kind,
        hook: Some(hook),
        ..
    } = &plan.drills.entries[2].action
    else {
        panic!("{:?}", plan.drills.entries[2]);
    };
    let HookPlan::Http(http) = &**hook else {
        panic!("{hook:?}");
    };
    assert_eq!((*kind, http.method), (MarkKind::Http, "PUT"));
    assert!(http.status[0].covers(204) && !http.status[0].covers(302));
    let commands: Vec<_> = plan
        .drills
        .commands()
        .map(|(id, exec)| (id, exec.argv.len()))
        .collect();
    assert_eq!(commands, [("hook", 2)]);
}

#[test]
fn what_comes_from_the_environment_is_used_and_never_shown() {
    let plan = plan(
        "  - {id: a, at: 1s, exec: {argv: [chaos, --token, '${env:TOKEN}']}}",
        "exec_allowed: true",
    )
    .unwrap();
    let (_, exec) = plan.drills.commands().next().unwrap();
    assert_eq!(exec.argv[2], "s3cretvalue");
    let shown = plan.drills.redactor.shown(&exec.argv.join(" "));
    assert_eq!(shown, "chaos --token ${env:TOKEN}");
    assert!(!format!("{:?}", plan.drills.redactor).contains("s3cret"));
}
