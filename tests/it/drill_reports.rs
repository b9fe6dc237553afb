//! What is written of drills: the postmortem of their run, and the pre-mortem matrix of all runs.

use super::drill_timeline::{OUTAGE, prepared, rehearse, shop};
use super::program::{list, run, text};
use super::temp_folder::TempFolder;

/// The postmortem of the run.
pub fn postmortem(folder: &TempFolder, slis: &str) -> String {
    let words = format!("report --run run --defs {slis} --lake lake --postmortem -o run.md -q");
    run(folder, &words);
    folder.read("run.md")
}

#[test]
fn a_postmortem_has_what_a_drill_showed_with_causes_before_effects() {
    let folder = prepared(&shop(8), OUTAGE);
    rehearse(&folder, "levels.yaml", "").exits(0);
    let postmortem = postmortem(&folder, "levels.yaml");
    for part in [
        "No hypothesis was written down before the run, only what was expected of its drills.",
        "after the drill “Payment fails” began.",
        "- The drill “Payment fails” was seen by checkout\\_success within 4 s: after ",
        "- The drill “Payment fails” was recovered from within 4 s: ",
    ] {
        assert!(postmortem.contains(part), "no `{part}` in {postmortem}");
    }
    let at = |part: &str| {
        let found = postmortem.find(&format!("| {part}"));
        found.unwrap_or_else(|| panic!("no `{part}` in {postmortem}"))
    };
    let begins = at("drill “Payment fails” (fault): done");
    assert!(begins < at("Checkouts answered well crosses its warn level"));
    assert!(
        !postmortem.contains("at a load that it carries"),
        "{postmortem}"
    );
}

#[test]
fn the_premortem_matrix_knows_the_last_drill_and_what_is_open() {
    let folder = prepared(&shop(8), OUTAGE);
    folder.write(
        "premortem.yaml",
        "name: shop\nsli_defs: levels.yaml\nrisks:\n  - {id: payment, kind: partner_down, title: Payment fails, seen_by: [checkout_success], owner: payments, drills: [{scenario: drill.yaml, entry: outage}]}\n  - {id: prices, kind: bad_data, title: Prices are zero}\n",
    );
    run(&folder, "check premortem.yaml").exits(0);
    rehearse(&folder, "levels.yaml", "").exits(0);
    let words = "premortem premortem.yaml --lake lake --json -o matrix.html";
    let matrix = run(&folder, words).exits(1).json();
    let payment = &list(&matrix, "/rows")[0];
    assert_eq!(text(payment, "/drilled/run_id"), "run");
    assert_eq!(text(payment, "/drilled/sights/0/state"), "seen");
    assert_eq!(text(payment, "/drilled/recovery/state"), "recovered");
    assert_eq!(payment["findings"], serde_json::json!([]));
    let prices = &list(&matrix, "/rows")[1];
    let open = serde_json::json!(["not_covered", "no_owner", "never_drilled"]);
    assert_eq!(prices["findings"], open);
    assert!(folder.read("matrix.html").contains("Prices are zero"));
    let told = run(
        &folder,
        "premortem premortem.yaml --lake lake --stale-after 0s",
    )
    .exits(1);
    assert!(told.out.contains("stale"), "{}", told.out);
    let words = "report --run run --defs levels.yaml --premortem premortem.yaml --lake lake --json -o all.md";
    let page = run(&folder, words).exits(0).json();
    assert_eq!(text(&page, "/premortem/rows/0/drilled/run_id"), "run");
    assert!(folder.read("all.md").contains("Prices are zero"));
    // What the file says now is another outage, though its name and that of the scenario are the same.
    let scenario = folder.read("drill.yaml");
    assert!(scenario.contains("fault: payment-outage"), "{scenario}");
    folder.write(
        "drill.yaml",
        scenario.replace("fault: payment-outage", "fault: freeze"),
    );
    let words = "premortem premortem.yaml --lake lake --json";
    let matrix = run(&folder, words).exits(1).json();
    let payment = &list(&matrix, "/rows")[0];
    assert_eq!(text(payment, "/drilled/run_id"), "run");
    assert_eq!(payment["findings"], serde_json::json!(["differs"]));
}
