//! What a rehearsal shows: behaviour past the limit, an earlier run beside it, a postmortem to fill in.

use serde_json::Value;

use super::program::{list, run, text};
use super::rehearse::{prepared, rehearse};
use super::surge_file::{ANY_PAGE_SLIS, BUY, LOOK, Surge};
use super::temp_folder::TempFolder;

/// A rush of 40 shoppers per second on a shop that completes 12 checkouts per second and lets 3 wait.
fn rush() -> String {
    let curve = "  arrivals: even\n  curve:\n    - {at: 0s, shoppers_per_s: 10}\n    - {at: 3s, shoppers_per_s: 10}\n";
    let phases = "  arrivals: even\n  phases:\n    - {name: calm, for: 5s, shoppers_per_s: 5}\n    - {name: rush, for: 5s, shoppers_per_s: 40}\n    - {name: after, for: 6s, shoppers_per_s: 5}\n";
    let surge = Surge {
        target: "{shop: {checkouts_per_s: 12, payment_time: 20ms, payment_queue: 3}}".to_owned(),
        arrivals: "even",
        steps: BUY,
        ..Surge::default()
    };
    let yaml = surge.yaml();
    assert!(yaml.contains(curve), "{yaml}");
    yaml.replace(curve, phases)
}

#[test]
fn a_rush_past_the_limit_is_shed_and_the_report_says_since_when_and_how_it_recovered() {
    let folder = prepared(&Surge::default());
    folder.write("short.yaml", rush());
    let rehearsed = rehearse(&folder, "--run-id rush --report rush.md").json();
    let limit = &rehearsed["rehearsal"]["limit"];
    let checkout = &limit["rows"][0];
    assert_eq!(text(checkout, "/route"), "/checkout", "{limit}");
    assert_eq!(text(checkout, "/outcome"), "past", "{limit}");
    assert!(
        list(checkout, "/behaviours").contains(&"shed".into()),
        "{limit}"
    );
    let number = |pointer: &str| {
        checkout
            .pointer(pointer)
            .and_then(Value::as_f64)
            .expect(pointer)
    };
    assert!(
        (6.0..=24.0).contains(&number("/best_good_per_s")),
        "{limit}"
    );
    assert!(number("/peak_per_s") > 25.0, "{limit}");
    assert!(number("/refused_share") > 0.2, "{limit}");
    assert!(number("/recovery_s") >= 0.0, "{limit}");
    assert!(
        folder
            .read("rush.md")
            .contains("## Behaviour past the limit")
    );
    let words = "report --run rush --lake lake --defs wide.yaml --json -o rush.json";
    let page = run(&folder, words).json();
    assert_eq!(page["rehearsal"]["limit"], *limit);
    let titles = list(&page, "/timeline/charts")
        .iter()
        .map(|chart| text(chart, "/title"));
    let titles: Vec<&str> = titles.collect();
    assert!(
        titles.contains(&"POST /checkout: due and answered well"),
        "{titles:?}"
    );
    let errors = list(&page, "/timeline/charts").iter();
    let errors = errors.filter(|chart| chart["title"] == "Errors by status");
    let styles: Vec<_> = errors.flat_map(|chart| list(chart, "/series")).collect();
    assert!(
        styles.iter().all(|series| series["style"] == "stacked"),
        "{styles:?}"
    );
    let words = "report --run rush --lake lake --defs wide.yaml --postmortem -o rush.postmortem.md";
    run(&folder, words);
    let postmortem = folder.read("rush.postmortem.md");
    for part in [
        "# Postmortem: Rehearsal rush",
        "POST /checkout is under strain",
        "shoppers (",
        "## Root causes\n\nTODO",
        "| TODO | TODO | TODO |",
        "Orders has no level, and did not see it.",
    ] {
        assert!(postmortem.contains(part), "{part}: {postmortem}");
    }
}

/// Three rehearsals in one lake: two of the same mix, one of another.
fn three_runs() -> TempFolder {
    let folder = prepared(&Surge::default());
    rehearse(&folder, "--run-id first").exits(0);
    rehearse(&folder, "--run-id second --compare first").exits(0);
    let other = Surge {
        steps: LOOK,
        ..Surge::default()
    };
    folder.write("other.yaml", other.yaml());
    let words = "rehearse other.yaml --sli-defs any-page.yaml --lake lake -q --run-id other";
    run(&folder, words).exits(0);
    folder
}

#[test]
fn runs_of_the_same_mix_are_compared_and_those_of_another_are_no_change() {
    let folder = three_runs();
    let compared = |run_id: &str, against: &str| -> Value {
        let words = format!(
            "report --run {run_id} --compare {against} --lake lake --defs any-page.yaml --json -o x.md"
        );
        run(&folder, &words).exits(0).json()
    };
    for against in ["first", "previous"] {
        let page = compared("second", against);
        let comparison = &page["rehearsal"]["comparison"];
        assert_eq!(text(comparison, "/against"), "first");
        assert_eq!(text(comparison, "/mix"), "same");
        assert!(list(comparison, "/differing").is_empty());
        assert_eq!(text(comparison, "/verdict_before"), "pass");
        assert_eq!(
            comparison["loads"][0]["before"],
            comparison["loads"][0]["after"]
        );
        assert_eq!(list(comparison, "/latencies").len(), 6);
    }
    let markdown = folder.read("x.md");
    assert!(
        markdown.contains("## Against first\n\nThe same mix and seed as first"),
        "{markdown}"
    );
    let page = compared("other", "second");
    let comparison = &page["rehearsal"]["comparison"];
    assert_eq!(text(comparison, "/mix"), "different");
    assert_eq!(list(comparison, "/differing"), ["journeys"]);
    assert!(list(comparison, "/changes").is_empty());
    let mut noise = list(comparison, "/slis")
        .iter()
        .chain(list(comparison, "/latencies"));
    assert!(noise.all(|row| row["is_outside_noise"].is_null()));
    assert!(
        folder
            .read("x.md")
            .contains("**NOT THE SAME REHEARSAL as second: it differs in journeys.")
    );
    let words = "report --run other --compare previous --lake lake --defs any-page.yaml -o y.md";
    let told = run(&folder, words).exits(0);
    assert!(
        told.err.contains("no earlier, valid rehearsal"),
        "{}",
        told.err
    );
    let page = compared("other", "previous");
    assert!(page["rehearsal"].get("comparison").is_none());
    let said = list(&page, "/unknowns").iter().filter_map(Value::as_str);
    let said: Vec<&str> = said.collect();
    assert!(
        said.iter()
            .any(|said| said.contains("no earlier, valid rehearsal")),
        "{said:?}"
    );
}

#[test]
fn an_earlier_run_has_its_values_by_shopper_and_a_closed_model_has_other_shoppers() {
    let surge = Surge::default();
    let folder = prepared(&surge);
    let open = surge.yaml();
    let curve = open.find("  arrivals:").zip(open.find("shoppers:\n"));
    let (from, to) = curve.expect("the scenario has a curve");
    let closed = format!(
        "{}  closed: {{shoppers: 3, for: 2s}}\n{}",
        &open[..from],
        &open[to..]
    );
    folder.write("short.yaml", closed);
    let by_shopper = "  - {kind: user_uptime, name: uptime, title: Time in which it worked, event: page, min_count: 1}\n";
    folder.write("by-shopper.yaml", format!("{ANY_PAGE_SLIS}{by_shopper}"));
    rehearse(&folder, "--run-id first").exits(0);
    rehearse(&folder, "--run-id second").exits(0);
    let words =
        "report --run second --compare first --lake lake --defs by-shopper.yaml --json -o x.md";
    let page = run(&folder, words).exits(0).json();
    let comparison = &page["rehearsal"]["comparison"];
    assert_eq!(text(comparison, "/mix"), "same");
    let sentence = text(comparison, "/sentence");
    assert!(sentence.contains("not the same shoppers"), "{sentence}");
    let uptime = &comparison["slis"][1];
    assert_eq!(uptime["before"], 1.0, "{comparison}");
    assert_eq!(text(uptime, "/state_before"), text(uptime, "/state_after"));
}

#[test]
fn another_seed_is_the_same_mix_with_other_shoppers() {
    let folder = prepared(&Surge::default());
    rehearse(&folder, "--run-id first").exits(0);
    let other = rehearse(&folder, "--run-id other --seed 8 --compare previous")
        .exits(0)
        .json();
    let comparison = &other["rehearsal"]["comparison"];
    assert_eq!(text(comparison, "/mix"), "other_seed");
    assert_eq!(list(comparison, "/differing"), ["seed"]);
}

#[test]
fn what_cannot_be_compared_or_written_is_refused() {
    let folder = prepared(&Surge {
        length_s: 1,
        ..Surge::default()
    });
    let unknown = rehearse(&folder, "--run-id mine --compare nobody").refuses(2);
    assert!(
        unknown.err.contains("unknown rehearsal `nobody`"),
        "{}",
        unknown.err
    );
    rehearse(&folder, "--run-id mine");
    for (words, said) in [
        (
            "report --run mine --compare last-year",
            "rehearsals have no last year",
        ),
        (
            "report --run mine --postmortem -o x.html",
            "a postmortem is written as .md",
        ),
        ("report --postmortem -o x.md", "--run"),
    ] {
        let refused = run(&folder, &format!("{words} --lake lake")).refuses(2);
        assert!(refused.err.contains(said), "{words}: {}", refused.err);
    }
}
