//! The pre-mortem matrix of hand-made runs, and what is said of a file that means nothing.

use super::*;
use crate::declared_files::parse;

const DAY: i64 = 86_400 * SECOND;

const FILE: &str = "
name: shop
sli_defs: slis.yaml
risks:
  - {id: payment, kind: partner_down, title: Payment fails, seen_by: [one], owner: payments, drills: [{scenario: outage.yaml, entry: fault}]}
  - {id: surge, kind: surge, title: A surge, seen_by: [two], owner: shop, drills: [{scenario: outage.yaml}]}
  - {id: prices, kind: bad_data, title: Prices are zero}
";

/// What `outage.yaml` is now.
fn file() -> Rehearsed {
    Rehearsed {
        sha256: "file".to_owned(),
        mix: Some("mix".to_owned()),
    }
}

fn resolved(text: &str) -> Result<PremortemPlan, String> {
    let declared =
        parse::<PremortemDefinition>(Path::new("premortem.yaml"), text.as_bytes(), &|_| None)
            .map_err(|error| error.to_string())?;
    let slis = SliNames {
        with_levels: vec!["one".to_owned(), "two".to_owned()],
        without_levels: vec!["blind".to_owned()],
    };
    let scenario = |path: &Path| match path.to_str() {
        Some("outage.yaml") => Ok(ScenarioNames {
            name: "outage".to_owned(),
            rehearsed: file(),
            entries: vec![ScenarioEntry {
                id: "fault".to_owned(),
                action: EntryAction::Fault,
                what: "freeze".to_owned(),
            }],
        }),
        _ => Err("there is no such file".to_owned()),
    };
    resolve(&declared, &slis, &scenario).map_err(|error| error.to_string())
}

fn plan() -> PremortemPlan {
    resolved(FILE).unwrap()
}

/// A run that began on a day since 1970, in which the first SLI has these values.
fn run(run_id: &str, day: i64, values_ms: &[i32]) -> KeptRun {
    let values: Vec<Option<i32>> = values_ms.iter().copied().map(Some).collect();
    KeptRun {
        run_id: run_id.to_owned(),
        scenario: "outage".to_owned(),
        rehearsed: file(),
        started_us: day * DAY,
        verdict: "pass".to_owned(),
        is_complete: true,
        crossings: vec![SliCrossing {
            sli: "two".to_owned(),
            is_judged: true,
            crossed_us: Vec::new(),
        }],
        judged_us: 40 * SECOND,
        drills: scores(&[entry("fault", 10, Some(20))], &values),
    }
}

fn findings(matrix: &PremortemMatrix, row: usize) -> &[MatrixFinding] {
    &matrix.rows[row].findings
}

#[test]
fn the_last_drill_counts_with_who_saw_it_and_how_soon_all_was_well() {
    let runs = [
        run("new", 20_500, &[50, 50, 300, 300, 50, 50, 50, 50]),
        run("old", 20_400, &[50; 8]),
    ];
    let matrix = matrix(&plan(), &runs, 20_501 * DAY);
    let drilled = matrix.rows[0].drilled.as_ref().unwrap();
    assert_eq!(drilled.run_id, "new");
    assert_eq!(drilled.at_us, 20_500 * DAY + 10 * SECOND);
    assert_eq!(drilled.sights[0].after_us, Some(5 * SECOND));
    assert_eq!(drilled.recovery.state, RecoveryState::Recovered);
    assert!(findings(&matrix, 0).is_empty());
    let surge = matrix.rows[1].drilled.as_ref().unwrap();
    assert_eq!(surge.sights[0].state, SightState::NotSeen);
    assert!(
        findings(&matrix, 1).is_empty(),
        "what held has nothing to see"
    );
}

#[test]
fn what_is_open_is_named() {
    use MatrixFinding::{NeverDrilled, NoOwner, NotCovered, NotRecovered, NotSeen, Stale};
    let never = matrix(&plan(), &[], 20_501 * DAY);
    assert_eq!(findings(&never, 0), [NeverDrilled]);
    assert_eq!(findings(&never, 2), [NotCovered, NoOwner, NeverDrilled]);
    let table: [(&[i32], i64, &[MatrixFinding]); 4] = [
        (&[50; 8], 20_501, &[NotSeen]),
        (
            &[50, 50, 300, 300, 300, 300, 300, 300],
            20_501,
            &[NotRecovered],
        ),
        (&[50, 50, 300, 300, 50, 50, 50, 50], 20_590, &[]),
        (&[50, 50, 300, 300, 50, 50, 50, 50], 20_591, &[Stale]),
    ];
    for (values_ms, now_day, expected) in table {
        let runs = [run("run", 20_500, values_ms)];
        let matrix = matrix(&plan(), &runs, now_day * DAY);
        assert_eq!(findings(&matrix, 0), expected, "{values_ms:?} {now_day}");
    }
}

#[test]
fn usual_kinds_that_nobody_thought_of_are_named() {
    let matrix = matrix(&plan(), &[], 0);
    let missing = [
        RiskKind::BadBinary,
        RiskKind::BadConfig,
        RiskKind::PartialOutage,
        RiskKind::QueryOfDeath,
    ];
    assert_eq!(matrix.kinds_without_row, missing);
}

#[test]
fn a_run_of_another_scenario_or_without_the_entry_is_no_drill() {
    let other = KeptRun {
        scenario: "other".to_owned(),
        ..run("other", 20_500, &[50; 8])
    };
    let without = KeptRun {
        drills: Vec::new(),
        ..run("without", 20_500, &[50; 8])
    };
    let matrix = matrix(&plan(), &[other, without], 20_501 * DAY);
    assert_eq!(findings(&matrix, 0), [MatrixFinding::NeverDrilled]);
    assert!(findings(&matrix, 1).is_empty(), "as a surge it was drilled");
}

#[test]
fn an_entry_of_the_same_name_that_does_another_kind_of_thing_is_no_drill() {
    let mut other = run("other", 20_500, &[50; 8]);
    other.drills[0].entry.action = EntryAction::ConfigPush;
    let matrix = matrix(&plan(), &[other], 20_501 * DAY);
    assert_eq!(findings(&matrix, 0), [MatrixFinding::NeverDrilled]);
}

#[test]
fn a_drill_that_differs_from_what_the_file_says_now_is_said_to() {
    use MatrixFinding::Differs;
    let seen = [50, 50, 300, 300, 50, 50, 50, 50];
    let mut changed = run("changed", 20_500, &seen);
    changed.drills[0].entry.what = "slow".to_owned();
    let last = |runs: &[KeptRun], row: usize| {
        let matrix = matrix(&plan(), runs, 20_501 * DAY);
        let drilled = matrix.rows[row].drilled.as_ref().unwrap();
        (drilled.run_id.clone(), findings(&matrix, row).to_vec())
    };
    let alone = [changed.clone()];
    assert_eq!(last(&alone, 0), ("changed".to_owned(), vec![Differs]));
    let both = [run("as declared", 20_499, &seen), changed];
    assert_eq!(last(&both, 0), ("as declared".to_owned(), vec![]));
    // A run as a whole is the same by its file, or by what that means.
    for (sha256, mix, expected) in [
        ("file", Some("learned"), vec![]),
        ("older file", Some("mix"), vec![]),
        ("older file", Some("other mix"), vec![Differs]),
        ("older file", None, vec![Differs]),
    ] {
        let mut run = run("run", 20_500, &seen);
        run.rehearsed = Rehearsed {
            sha256: sha256.to_owned(),
            mix: mix.map(str::to_owned),
        };
        assert_eq!(last(&[run], 1).1, expected, "{sha256} {mix:?}");
    }
}

#[test]
fn a_surge_names_the_drills_of_its_run() {
    let runs = [run("run", 20_500, &[50; 8])];
    let matrix = matrix(&plan(), &runs, 20_501 * DAY);
    let overlaps = |row: usize| &matrix.rows[row].drilled.as_ref().unwrap().overlaps;
    assert!(overlaps(0).is_empty());
    assert_eq!(*overlaps(1), ["fault"]);
}

#[test]
fn a_run_that_was_stopped_is_a_drill_of_its_entries_and_of_no_surge() {
    let stopped = KeptRun {
        is_complete: false,
        ..run("stopped", 20_500, &[50, 50, 300, 300, 50, 50, 50, 50])
    };
    let matrix = matrix(&plan(), &[stopped], 20_501 * DAY);
    assert!(findings(&matrix, 0).is_empty());
    assert_eq!(findings(&matrix, 1), [MatrixFinding::NeverDrilled]);
}

#[test]
fn what_is_wrong_with_the_file_is_said_with_its_place() {
    for (from, to, expected) in [
        ("[one]", "[oen]", "premortem.yaml:5:71: unknown SLI `oen`"),
        ("[one]", "[oen]", "did you mean `one`"),
        (
            "[one]",
            "[blind]",
            "has no thresholds, so it can see nothing",
        ),
        ("entry: fault", "entry: fualt", "has no entry `fualt`"),
        ("entry: fault", "entry: fualt", "did you mean `fault`"),
        (
            "outage.yaml, entry",
            "outgae.yaml, entry",
            "there is no such file",
        ),
        (
            "id: surge",
            "id: payment",
            "risk `payment` is there already",
        ),
        ("kind: surge", "kind: flood", "kind"),
        ("owner: shop", "onwer: shop", "did you mean `owner`"),
    ] {
        assert!(FILE.contains(from), "{from}");
        let error = resolved(&FILE.replacen(from, to, 1)).unwrap_err();
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn every_keyword_of_its_schema_is_checked() {
    let unchecked = crate::declared_files::unchecked_keywords::<PremortemDefinition>();
    assert!(unchecked.is_empty(), "{unchecked:?}");
}
