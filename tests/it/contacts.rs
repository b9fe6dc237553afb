//! Support contacts that are predicted: of weeks, rehearsals, drills and what-ifs, from a learned file.

use serde_json::Value;

use super::hand_made_log::{Hit, PERSON, hit, lake_of, log};
use super::lake_rows::rows;
use super::learned_levels::{Learned, SET};
use super::partner_file::{nobody, partner, partners, well};
use super::program::{count, list, run, run_with_input, text};
use super::scripted_server::ScriptedServer;
use super::surge_file::Surge;
use super::temp_folder::TempFolder;

/// Two quarters of an hour of 20 shoppers each, who check out once; in the second every other fails.
fn two_quarters() -> Vec<Hit> {
    let checkout = |shopper: u32, status: u16| {
        let second = if shopper < 20 {
            shopper * 40
        } else {
            900 + (shopper - 20) * 40
        };
        hit(second + 5, shopper + 1, "POST /checkout", status)
    };
    let well = (0..20).map(|shopper| checkout(shopper, 303));
    let half = (20..40).map(|shopper| checkout(shopper, if shopper % 2 == 0 { 303 } else { 503 }));
    well.chain(half).collect()
}

/// A lake of two quarters, and the set in `sli-defs/`; `learned` lies beside it.
fn learned_lake(learned: &Learned) -> TempFolder {
    let folder = lake_of(&log(&two_quarters()));
    folder.write("sli-defs/calls.yaml", SET);
    folder.write("thresholds/calls.yaml", learned.yaml());
    folder
}

#[track_caller]
fn number(document: &Value, pointer: &str) -> f64 {
    let found = document.pointer(pointer).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("no number at {pointer} of {document}"))
}

#[track_caller]
fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
}

const SLI: &str = "sli --lake lake --defs sli-defs/calls.yaml --json";

#[test]
fn contacts_of_a_range_are_those_of_the_arithmetic() {
    let folder = learned_lake(&Learned::default());
    let judged = run(&folder, SLI).exits(0).json();
    // 20 sessions × 0.1 × 4, in the second quarter only.
    let contacts = &judged["predicted_contacts"];
    assert_near(number(contacts, "/value"), 8.0);
    assert_near(number(contacts, "/quiet"), 4.0);
    assert_near(number(contacts, "/sessions"), 40.0);
    let (low, high) = (
        number(contacts, "/interval/0"),
        number(contacts, "/interval/1"),
    );
    assert!(
        low < 8.0 && 8.0 < high && 2.0 < low && high < 20.0,
        "{low} to {high}"
    );
    assert_eq!(
        (
            count(contacts, "/windows"),
            count(contacts, "/unknown_windows")
        ),
        (2, 0)
    );
    assert_eq!(text(contacts, "/thresholds"), "thresholds/calls.yaml");
    let table = run(&folder, "sli --lake lake --defs sli-defs/calls.yaml").exits(0);
    assert!(table.out.contains("About 8 ("), "{}", table.out);
    assert!(
        table
            .out
            .contains("support contacts are predicted to come of it"),
        "{}",
        table.out
    );
}

#[test]
fn a_file_that_lies_about_changes_no_level_and_one_that_is_named_does() {
    let folder = learned_lake(&Learned::default());
    let found = run(&folder, SLI).exits(0).json();
    assert_eq!(list(&found, "/slis/0/levels").len(), 1);
    let named = run(
        &folder,
        &format!("{SLI} --thresholds thresholds/calls.yaml"),
    )
    .json();
    assert_eq!(list(&named, "/slis/0/levels").len(), 2);
    assert_near(number(&named, "/predicted_contacts/value"), 8.0);
}

#[test]
fn what_is_worse_than_all_that_was_seen_counts_as_that_and_is_named() {
    let folder = learned_lake(&Learned {
        worst_observed: 0.7,
        ..Learned::default()
    });
    let judged = run(&folder, SLI).exits(0).json();
    let contacts = &judged["predicted_contacts"];
    // 20 × 0.1 × 10 × (0.9 − 0.7).
    assert_near(number(contacts, "/value"), 4.0);
    let beyond = &list(contacts, "/beyond_observed")[0];
    assert_eq!(text(beyond, "/sli"), "checkout_success");
    assert_near(number(beyond, "/value"), 0.5);
}

#[test]
fn windows_in_which_the_sli_is_not_known_are_counted_and_not_taken_for_quiet() {
    let folder = learned_lake(&Learned::default());
    // Three quarters of an hour without a checkout.
    let looks: Vec<Hit> = (0..10)
        .map(|shopper| hit(1_900 + shopper * 60, 100 + shopper, "GET /", 200))
        .collect();
    folder.write("more.log", log(&looks));
    run(&folder, "ingest more.log --lake lake --site shop.example").exits(0);
    let judged = run(&folder, SLI).exits(0).json();
    let contacts = &judged["predicted_contacts"];
    assert_near(number(contacts, "/value"), 8.0);
    assert_eq!(
        (
            count(contacts, "/windows"),
            count(contacts, "/unknown_windows")
        ),
        (3, 1)
    );
    let assumes = list(contacts, "/assumes");
    assert!(
        assumes.iter().any(|line| line
            .as_str()
            .is_some_and(|line| line.starts_with("In 1 of 3 windows"))),
        "{assumes:?}"
    );
}

#[test]
fn a_stale_a_foreign_and_a_refused_file_are_refused_when_named_and_never_used_when_found() {
    let cases = [
        (
            Learned {
                expires: "2026-01-01T00:00:00Z",
                ..Learned::default()
            },
            "stale",
        ),
        (
            Learned {
                definition_sha256: Some("00ff"),
                ..Learned::default()
            },
            "means something else",
        ),
        (
            Learned {
                status: "refused",
                ..Learned::default()
            },
            "gave no level",
        ),
    ];
    for (learned, what) in cases {
        let folder = learned_lake(&learned);
        for words in [
            format!("{SLI} --thresholds thresholds/calls.yaml"),
            "contacts --lake lake --defs sli-defs/calls.yaml".to_owned(),
        ] {
            let refused = run(&folder, &words).refuses(3);
            assert!(
                refused.err.contains("thresholds/calls.yaml:"),
                "{}",
                refused.err
            );
            assert!(
                refused.err.contains(what) && refused.err.contains("firedrill calibrate"),
                "{}",
                refused.err
            );
        }
        let found = run(&folder, SLI).exits(0);
        assert!(
            found.err.contains("no contacts are predicted") && found.err.contains(what),
            "{}",
            found.err
        );
        let contacts = &found.json()["predicted_contacts"];
        assert!(contacts["value"].is_null() && contacts["interval"].is_null());
        assert!(text(contacts, "/unknown_because").contains(what));
        run(
            &folder,
            "report --lake lake --defs sli-defs/calls.yaml -o page.md -q",
        )
        .exits(0);
        assert!(
            folder
                .read("page.md")
                .contains("No support contacts are predicted"),
            "{what}"
        );
    }
}

#[test]
fn a_file_written_by_hand_predicts_nothing_and_says_nothing() {
    let folder = learned_lake(&Learned::default());
    folder.write(
        "by-hand.yaml",
        "thresholds:\n  - {sli: checkout_success, level: contact, below: 0.1, for: 1m}\n",
    );
    let judged = run(&folder, &format!("{SLI} --thresholds by-hand.yaml")).exits(0);
    assert_eq!(judged.err, "");
    let because = text(&judged.json(), "/predicted_contacts/unknown_because").to_owned();
    assert!(
        because.contains("were not learned from support contacts"),
        "{because}"
    );
}

#[test]
fn nobody_calls_about_probes() {
    let folder = learned_lake(&Learned::default());
    let refused = run(&folder, &format!("{SLI} --origin probe"));
    assert_eq!(refused.code, 4, "there are none: {}", refused.err);
}

#[test]
fn a_report_says_it_to_directors_and_shows_what_it_rests_on() {
    let folder = learned_lake(&Learned::default());
    run(
        &folder,
        "report --lake lake --defs sli-defs/calls.yaml -o page.json -q",
    )
    .exits(0);
    let page: Value = serde_json::from_str(&folder.read("page.json")).unwrap();
    assert_near(number(&page, "/directors/contacts/value"), 8.0);
    assert_eq!(
        text(&page, "/directors/contacts/levels_from"),
        "calibration"
    );
    assert!(
        text(&page, "/sentence").contains("About 8 ("),
        "{}",
        page["sentence"]
    );
    let row = &list(&page, "/contacts/by_sli")[0];
    assert_eq!(text(row, "/title"), "Checkouts answered well");
    assert_near(number(row, "/worst"), 0.5);
    assert_near(number(row, "/level"), 0.8);
    run(
        &folder,
        "report --lake lake --defs sli-defs/calls.yaml -o page.html -q",
    )
    .exits(0);
    let html = folder.read("page.html");
    assert!(
        html.contains("id=\"contacts\"")
            && html.contains("Customers behave as in the weeks learned from")
    );
}

#[test]
fn a_rehearsal_and_its_drill_cost_contacts() {
    let folder = TempFolder::new();
    let surge = Surge {
        length_s: 8,
        ..Surge::default()
    };
    let drill = "  - {id: outage, title: Payment fails, at: 2s, for: 2s, fault: payment-outage}\n";
    folder.write("drill.yaml", format!("{}drills:\n{drill}", surge.yaml()));
    folder.write("sli-defs/calls.yaml", SET);
    folder.write(
        "thresholds/calls.yaml",
        Learned {
            worst_observed: 0.0,
            ..Learned::default()
        }
        .yaml(),
    );
    let words = "rehearse drill.yaml --sli-defs sli-defs/calls.yaml --lake lake --json --run-id run --report page.json";
    let rehearsed = run(&folder, words).json();
    let all = number(&rehearsed, "/predicted_contacts/value");
    let of_drill = number(&rehearsed, "/drills/0/predicted_contacts/value");
    assert!(
        0.0 < of_drill && of_drill <= all + 1e-9,
        "{of_drill} of {all}"
    );
    assert!(number(&rehearsed, "/drills/0/predicted_contacts/interval/1") >= of_drill);
    assert_near(
        number(&rehearsed, "/predicted_contacts/sessions"),
        number(&rehearsed, "/offered_arrivals"),
    );
    let page: Value = serde_json::from_str(&folder.read("page.json")).unwrap();
    assert!(
        text(&page, "/sentence").contains("It would have cost"),
        "{}",
        page["sentence"]
    );
    assert_near(
        number(&page, "/drills/rows/0/predicted_contacts/value"),
        of_drill,
    );
    // The lake remembers the run; the same file predicts the same of it.
    let again = "report --run run --defs sli-defs/calls.yaml --lake lake -o again.json --json";
    assert_near(
        number(&run(&folder, again).json(), "/contacts/predicted/value"),
        all,
    );
}

#[test]
fn a_what_if_is_the_arithmetic_of_one_hour() {
    let folder = learned_lake(&Learned::default());
    let words = "contacts --lake lake --defs sli-defs/calls.yaml --json --if checkout_success=70% --sessions-per-hour 1000 --at friday-20:00 --spare-contacts-per-hour 150";
    let answer = run(&folder, words).exits(1).json();
    // 1,000 × 0.1 × 10 × 0.2; half of each quarter comes in it, and four quarters are an hour.
    assert_near(number(&answer, "/predicted_contacts/value"), 200.0);
    assert_near(number(&answer, "/predicted_contacts/quiet"), 100.0);
    assert_near(number(&answer, "/peak_contacts_per_hour"), 165.0);
    assert_eq!(answer["fills_desk"], true);
    assert_eq!(text(&answer, "/hour_of_week"), "Friday 20:00");
    let level = &list(&answer, "/levels")[0];
    // Twice the quiet rate, and 150 more than it.
    assert_near(number(level, "/at_multiple/at/value"), 0.8);
    assert_near(number(level, "/desk_full/at/value"), 0.75);
}

#[test]
fn a_what_if_takes_the_usual_sessions_of_the_lake() {
    let folder = learned_lake(&Learned::default());
    let words = "contacts --lake lake --defs sli-defs/calls.yaml --json --if checkout_success=70% --traffic 3x --at friday-8 --for 30m";
    // The log ends within its only hour, so that no whole one is known.
    let refused = run(&folder, words).refuses(2);
    assert!(
        refused.err.contains("--sessions-per-hour"),
        "{}",
        refused.err
    );
    folder.write("next.log", log(&[hit(3_599, 200, "GET /", 200)]));
    run(&folder, "ingest next.log --lake lake --site shop.example").exits(0);
    let answer = run(&folder, words).exits(0).json();
    assert_near(number(&answer, "/usual_sessions_per_hour"), 41.0);
    assert_near(number(&answer, "/sessions_per_hour"), 123.0);
    assert_near(
        number(&answer, "/predicted_contacts/value"),
        123.0 / 2.0 * 0.1 * 2.0,
    );
}

#[test]
fn a_what_if_that_cannot_be_answered_says_what_could_be_asked() {
    let folder = learned_lake(&Learned::default());
    let base = "contacts --lake lake --defs sli-defs/calls.yaml --sessions-per-hour 1000";
    for (more, what) in [
        (
            "--if checkout_sucess=70%",
            "did you mean `checkout_success`",
        ),
        (
            "--if availability=70%",
            "no level of `availability` was learned",
        ),
        ("--if checkout_success=2s", "a share such as"),
        ("--if checkout_success=170%", "a share such as"),
        ("--if checkout_success", "write `checkout_success=97%`"),
        (
            "--if checkout_success=70% --if checkout_success=60%",
            "twice",
        ),
        ("--at someday", "write `friday-20:00`"),
        ("--multiple 1", "not above 1"),
        ("--spare-contacts-per-hour 0", "not a number above 0"),
        ("--for 0s", "--for"),
    ] {
        let refused = run(&folder, &format!("{base} {more}")).refuses(2);
        assert!(refused.err.contains(what), "{more}: {}", refused.err);
    }
    let none = TempFolder::new();
    let refused = run(&none, "contacts --sessions-per-hour 10").refuses(2);
    assert!(
        refused.err.contains("firedrill calibrate"),
        "{}",
        refused.err
    );
}

#[test]
fn a_share_of_errors_in_the_place_of_one_of_good_answers_is_pointed_out() {
    let folder = learned_lake(&Learned::default());
    let words = "contacts --lake lake --defs sli-defs/calls.yaml --sessions-per-hour 1000 --if checkout_success=3%";
    let answer = run(&folder, words).exits(0);
    assert!(
        answer
            .out
            .contains("worse than all that was observed (20 %)"),
        "{}",
        answer.out
    );
    assert!(
        answer.out.contains("write `checkout_success=97%`"),
        "{}",
        answer.out
    );
}

#[test]
fn outreach_lists_whom_a_problem_hit_by_keys_that_the_shop_can_make_itself() {
    let folder = learned_lake(&Learned::default());
    let words = "report --lake lake --defs sli-defs/calls.yaml -o page.json --outreach outreach.csv --desk desk.csv -q";
    run(&folder, words).exits(0);
    let page: Value = serde_json::from_str(&folder.read("page.json")).unwrap();
    let shoppers = count(&page, "/desk/rows/0/shoppers");
    assert_eq!(shoppers, 10);
    assert!(
        page.pointer("/desk/rows/0/called")
            .is_some_and(Value::is_null)
    );
    assert_eq!(
        folder.read("outreach.csv").lines().count() as u64,
        shoppers + 1
    );
    assert!(
        folder
            .read("desk.csv")
            .lines()
            .nth(1)
            .is_some_and(|line| line.starts_with("1,POST,/checkout,503,"))
    );
    let keys = run_with_input(&folder, "lake keys - --lake lake", b"s-1\ns-2\n").exits(0);
    assert_eq!(keys.out.lines().next(), Some("session,shopper"));
    assert_eq!(keys.out.lines().count(), 3);
    let plain = run(
        &folder,
        "report --lake lake --defs sli-defs/calls.yaml -o plain.json -q",
    )
    .exits(0);
    assert_eq!(plain.err, "");
    let plain: Value = serde_json::from_str(&folder.read("plain.json")).unwrap();
    assert!(plain.get("desk").is_none(), "off by default");
}

#[test]
fn a_partner_that_is_down_costs_the_contacts_of_that_time_and_only_when_asked() {
    let server = ScriptedServer::start(well);
    let lines = [
        partner("up", &server.base_url(), ""),
        partner("down", &nobody(), ""),
    ];
    let folder = partners(&lines, "");
    let probed = run(&folder, "probe partners.yaml --times 4 --lake lake");
    assert!([0, 1].contains(&probed.code), "{}", probed.err);
    let starts = rows(&folder.join("lake/requests"), &["ts"]);
    let first = starts.iter().map(|row| row[0].clone()).min();
    let first: jiff::Timestamp = first.expect("there are probes").parse().expect("a time");
    // 20 customers in the second of the first probe; every other checkout fails.
    let moment = first.strftime("%d/%b/%Y:%H:%M:%S +0000");
    let customers = (1..=20).map(|shopper| {
        let status = if shopper % 2 == 0 { 303 } else { 503 };
        format!("192.0.2.{shopper} - - [{moment}] \"POST /checkout HTTP/1.1\" {status} 512 \"-\" \"{PERSON}\" 0.000\n")
    });
    folder.write("access.log", customers.collect::<String>());
    run(&folder, "ingest access.log --lake lake --site shop.example").exits(0);
    folder.write("calls.yaml", SET);
    folder.write("learned.yaml", Learned::default().yaml());
    let words = "probe report partners.yaml --lake lake --json";
    let plain = run(&folder, words).json();
    assert!(
        list(&plain, "/partners")
            .iter()
            .all(|partner| partner.get("predicted_contacts").is_none())
    );
    let asked = run(
        &folder,
        &format!("{words} --thresholds learned.yaml --defs calls.yaml"),
    )
    .json();
    let contacts = |name: &str| {
        let mut partners = list(&asked, "/partners").iter();
        let found = partners
            .find(|partner| partner["name"] == name)
            .expect("it was probed");
        found["predicted_contacts"].clone()
    };
    assert_near(number(&contacts("down"), "/value"), 8.0);
    assert!(
        text(&contacts("down"), "/sentence").contains("8 ("),
        "{asked}"
    );
    assert_near(number(&contacts("up"), "/value"), 0.0);
}
