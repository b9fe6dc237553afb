//! Upkeep of a lake: compaction, vacuum and checkpoints change files, and never a number.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests; what fails is the test"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use firedrill::lake::{
    Commit, CommitOutcome, CompactPlan, FACT_BYTES_MAX, Head, Lake, RowFilter, RowsBelow,
    VacuumPlan, compact, row_digest, vacuum, verify,
};
use firedrill::time_window::{TimeWindow, now_us};

use super::lake_fill::{Rows, commit, fill, record};
use super::lake_rows::rows;
use super::temp_folder::TempFolder;

const DAY_US: i64 = 86_400_000_000;
/// With microseconds, so that times as text are in their order.
const START_US: i64 = 1_795_737_600_000_007;
const COLUMNS: [&str; 12] = [
    "ts",
    "source",
    "position",
    "minute",
    "route",
    "status",
    "latency_us",
    "channel",
    "shopper",
    "weight",
    "row_key",
    "upstream_tries",
];

fn lake(folder: &TempFolder) -> Lake {
    Lake::open_or_create(folder.join("lake")).unwrap()
}

fn source(source: &'static str, from: u64, to: u64, start_us: i64) -> Rows {
    Rows {
        source,
        from,
        to,
        start_us,
    }
}

/// 30 small files of three sources whose times overlap.
fn small_files(lake: &Lake) {
    for step in 0..10 {
        for (name, start_us) in [
            ("a", START_US + 500),
            ("b", START_US),
            ("c", START_US - DAY_US),
        ] {
            fill(lake, &source(name, step * 20, step * 20 + 20, start_us));
        }
    }
}

/// Every row that a reader of the lake sees, in the order in which they come.
fn rows_seen(lake: &Lake) -> Vec<Vec<String>> {
    use arrow::util::display::{ArrayFormatter, FormatOptions};
    let mut seen = Vec::new();
    let reader = lake.reader().unwrap();
    let read = reader.for_each_batch(&COLUMNS, RowFilter::default(), |batch| {
        let options = FormatOptions::default();
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let shown = columns.iter().map(|column| column.value(row).to_string());
            seen.push(shown.collect());
        }
        Ok::<(), firedrill::lake::LakeError>(())
    });
    read.unwrap();
    seen
}

fn sorted(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    rows.sort();
    rows
}

fn plan(target_rows: u64) -> CompactPlan {
    CompactPlan {
        target_rows,
        files_min: 2,
    }
}

fn vacuum_now(older_than: Duration, is_dry_run: bool) -> VacuumPlan {
    VacuumPlan {
        older_than,
        log_older_than: VacuumPlan::LOG_OLDER_THAN,
        now_us: now_us(),
        is_dry_run,
    }
}

#[test]
fn a_compacted_lake_has_the_same_rows_in_few_files_in_the_order_of_time() {
    let folder = TempFolder::new();
    let lake = lake(&folder);
    small_files(&lake);
    let before = rows_seen(&lake);
    let early = lake.reader().unwrap();
    let outcome = compact(&lake, plan(250)).unwrap();
    assert_eq!((outcome.files_before, outcome.replaced), (30, 30));
    assert_eq!((outcome.written, outcome.rows), (3, 600));
    let reader = lake.reader().unwrap();
    assert_eq!(reader.files().len(), 3);
    let after = rows_seen(&lake);
    assert_eq!(sorted(after), sorted(before));
    for file in reader.files() {
        let name = file.path.file_name().unwrap().to_str().unwrap();
        assert!(
            name.starts_with("part-compact-") && name.ends_with("-v2.parquet"),
            "{name}"
        );
        let in_file = rows_of_file(&folder, name);
        let mut in_order = in_file.clone();
        in_order.sort_by_key(|row| (row[0].clone(), row[1].clone()));
        assert_eq!(in_file, in_order);
    }
    assert_eq!(verify(&lake).unwrap(), []);
    // Whoever reads the commit before still can.
    let mut count = 0;
    let read = early.for_each_batch(&["ts"], RowFilter::default(), |batch| {
        count += batch.num_rows();
        Ok::<(), firedrill::lake::LakeError>(())
    });
    read.unwrap();
    assert_eq!(count, 600);
    let again = compact(&lake, plan(250)).unwrap();
    assert_eq!((again.replaced, again.written), (0, 0));
}

fn rows_of_file(folder: &TempFolder, name: &str) -> Vec<Vec<String>> {
    let alone = TempFolder::new();
    alone.write(
        name,
        std::fs::read(folder.join("lake/requests").join(name)).unwrap(),
    );
    rows(alone.path(), &COLUMNS)
}

#[test]
fn an_ingest_goes_on_after_a_compaction_and_a_compaction_after_it() {
    let folder = TempFolder::new();
    let lake = lake(&folder);
    small_files(&lake);
    compact(&lake, plan(10_000)).unwrap();
    fill(&lake, &source("a", 200, 300, START_US + 500));
    let reader = lake.reader().unwrap();
    assert_eq!(reader.files().len(), 2);
    assert_eq!(compact(&lake, plan(10_000)).unwrap().replaced, 2);
    assert_eq!(lake.reader().unwrap().files().len(), 1);
    assert_eq!(rows_seen(&lake).len(), 700);
    assert_eq!(verify(&lake).unwrap(), []);
}

#[test]
fn ingests_and_compactions_at_once_lose_and_double_nothing() {
    let folder = TempFolder::new();
    let lake = lake(&folder);
    small_files(&lake);
    let root = folder.join("lake");
    std::thread::scope(|scope| {
        for name in ["d", "e"] {
            let root = &root;
            scope.spawn(move || {
                let lake = Lake::open(root).unwrap();
                for step in 0..8 {
                    fill(&lake, &source(name, step * 5, step * 5 + 5, START_US));
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                let lake = Lake::open(&root).unwrap();
                for _ in 0..4 {
                    compact(&lake, plan(500)).unwrap();
                }
            });
        }
    });
    let seen: BTreeSet<_> = rows_seen(&lake).into_iter().collect();
    assert_eq!(seen.len(), 680);
    assert_eq!(rows_seen(&lake).len(), 680);
    let findings = verify(&lake).unwrap();
    assert!(
        !findings.iter().any(|finding| finding.is_damage()),
        "{findings:?}"
    );
}

#[test]
fn a_vacuum_removes_what_was_replaced_or_left_and_nothing_else() {
    let folder = TempFolder::new();
    let lake = lake(&folder);
    small_files(&lake);
    lake.commit(commit(&lake, &source("r", 0, 3, START_US), 2))
        .unwrap();
    compact(&lake, plan(10_000)).unwrap();
    folder.write("lake/_staging/4711-0-part-x.parquet", "half");
    folder.write("lake/requests/part-orphan.parquet", "orphan");
    folder.write("lake/rejects/part-orphan.parquet", "orphan");
    let before = rows_seen(&lake);
    let log = folder.files("lake/requests/_delta_log");
    assert_eq!(
        vacuum(&lake, vacuum_now(VacuumPlan::OLDER_THAN, false)).unwrap(),
        []
    );
    let would = vacuum(&lake, vacuum_now(Duration::ZERO, true)).unwrap();
    assert_eq!(would.len(), 31 + 3);
    assert_eq!(
        vacuum(&lake, vacuum_now(Duration::ZERO, false)).unwrap(),
        would
    );
    assert_eq!(folder.files("lake/requests/_delta_log"), log);
    assert_eq!(rows_seen(&lake), before);
    assert_eq!(verify(&lake).unwrap(), []);
    // Now even a reader that knows no log counts right.
    assert_eq!(
        rows(&folder.join("lake/requests"), &["ts"]).len(),
        603 + checkpoint_rows(&folder)
    );
    assert_eq!(
        vacuum(&lake, vacuum_now(Duration::ZERO, false)).unwrap(),
        []
    );
}

/// Checkpoints are Parquet files, too, but none of ours has a `ts`; there are none this early.
fn checkpoint_rows(folder: &TempFolder) -> usize {
    let log = folder.files("lake/requests/_delta_log");
    let parquet = log
        .iter()
        .filter(|file| file.extension().is_some_and(|end| end == "parquet"));
    parquet.count()
}

#[test]
fn a_file_is_kept_for_its_time_after_it_was_replaced() {
    let folder = TempFolder::new();
    let lake = lake(&folder);
    small_files(&lake);
    let written = std::time::SystemTime::UNIX_EPOCH;
    for file in lake.reader().unwrap().files() {
        let file = std::fs::File::options()
            .write(true)
            .open(&file.path)
            .unwrap();
        file.set_modified(written).unwrap();
    }
    compact(&lake, plan(10_000)).unwrap();
    assert_eq!(
        vacuum(&lake, vacuum_now(VacuumPlan::OLDER_THAN, true)).unwrap(),
        []
    );
    let mut later = vacuum_now(VacuumPlan::OLDER_THAN, true);
    later.now_us += 8 * DAY_US;
    assert_eq!(vacuum(&lake, later).unwrap().len(), 30);
}

#[test]
fn rows_below_a_position_are_the_same_before_and_after_a_compaction() {
    let folder = TempFolder::new();
    let lake = lake(&folder);
    small_files(&lake);
    lake.commit(commit(&lake, &source("a", 200, 210, START_US + 500), 4))
        .unwrap();
    let expected = |below: u64| {
        let mut expected = RowsBelow::default();
        for position in 0..below {
            let row = record(&source("a", 0, 0, START_US + 500), position);
            expected.add(row_digest(position, row.ts_us, row.status, row.latency_us));
        }
        expected.rejected = below.saturating_sub(200).min(4);
        expected
    };
    let assert_all = || {
        let reader = lake.reader().unwrap();
        for below in [0, 1, 20, 155, 200, 202, 210] {
            assert_eq!(
                reader.rows_below("a", below).unwrap(),
                expected(below),
                "{below}"
            );
        }
        assert_eq!(reader.rows_below("z", 100).unwrap(), RowsBelow::default());
    };
    assert_all();
    compact(&lake, plan(10_000)).unwrap();
    assert_all();
}

#[test]
fn row_keys_are_those_of_the_window_in_order() {
    let folder = TempFolder::new();
    let lake = lake(&folder);
    fill(&lake, &source("b", 0, 50, START_US));
    fill(&lake, &source("c", 0, 50, START_US - DAY_US));
    let window = TimeWindow {
        start_us: START_US + 10 * 1_000_001,
        end_us: START_US + 20 * 1_000_001,
    };
    let keys = lake.reader().unwrap().row_keys(window).unwrap();
    let expected: Vec<i64> = (10..20).map(|position| position * 11).collect();
    assert_eq!(keys, expected);
}

#[test]
fn a_commit_that_must_follow_another_is_refused_after_a_third() {
    let folder = TempFolder::new();
    let lake = lake(&folder);
    let version = lake.reader().unwrap().version();
    let mut late = commit(&lake, &source("b", 0, 5, START_US), 0);
    late.must_follow(version);
    fill(&lake, &source("a", 0, 5, START_US));
    let moved = CommitOutcome::SourceMoved {
        source_id: "b".to_owned(),
    };
    assert_eq!(lake.commit(late).unwrap(), moved);
    let mut next = commit(&lake, &source("b", 0, 5, START_US), 0);
    next.must_follow(lake.reader().unwrap().version());
    assert_eq!(lake.commit(next).unwrap(), CommitOutcome::Committed);
    assert_eq!(
        folder.files("lake/_staging"),
        Vec::<std::path::PathBuf>::new()
    );
}

#[test]
fn a_new_source_that_another_process_added_longer_or_shorter_is_refused() {
    let folder = TempFolder::new();
    let lake = lake(&folder);
    let late = |text: &str| {
        let head = Head::new(text.as_bytes().to_vec());
        let lines = text.lines().count() as u64;
        let mut state = lake.reader().unwrap().ledger().get("a").unwrap().clone();
        (state.records, state.lines, state.blank) = (0, lines, lines);
        (state.offset, state.head) = (text.len() as u64, head.print(u64::MAX));
        let mut commit = Commit::new();
        commit.add_source(head.source_id(), head, state);
        lake.commit(commit).unwrap()
    };
    fill(&lake, &source("a", 0, 5, START_US));
    let moved = CommitOutcome::SourceMoved {
        source_id: "a".to_owned(),
    };
    assert_eq!(late("a begins\nand goes on\n"), moved);
    assert_eq!(late("a begins\nand"), moved);
    assert_eq!(late("a begins"), moved);
    assert_eq!(late("z begins\n"), CommitOutcome::Committed);
    assert_eq!(lake.reader().unwrap().ledger().len(), 2);
}

#[test]
fn a_fact_is_written_when_it_changes_and_outlives_checkpoints() {
    let folder = TempFolder::new();
    let lake = lake(&folder);
    let set = |json: &str| {
        let mut commit = Commit::new();
        commit.set_fact("routes", json.to_owned()).unwrap();
        assert_eq!(lake.commit(commit).unwrap(), CommitOutcome::Committed);
        lake.reader().unwrap().version()
    };
    assert_eq!(lake.reader().unwrap().fact("routes"), None);
    let first = set("[1]");
    assert_eq!(set("[1]"), first, "nothing changed");
    assert_eq!(set("[2]"), first + 1);
    fill(&lake, &source("a", 0, 5, START_US));
    assert_eq!(lake.reader().unwrap().fact("routes"), Some("[2]"));
    let mut commit = Commit::new();
    assert!(
        commit
            .set_fact("routes", "x".repeat(FACT_BYTES_MAX))
            .is_ok()
    );
    assert!(
        commit
            .set_fact("routes", "x".repeat(FACT_BYTES_MAX + 1))
            .is_err()
    );
    for name in ["", "seal", "source.a", "../x"] {
        assert!(commit.set_fact(name, "1".to_owned()).is_err(), "{name}");
    }
}

#[test]
fn a_lake_of_many_commits_opens_from_its_newest_checkpoint_alone() {
    let folder = TempFolder::new();
    let lake = lake(&folder);
    for step in 0..120 {
        fill(&lake, &source("a", step, step + 1, START_US));
    }
    let before = rows_seen(&lake);
    for version in 0..100 {
        let entry = format!("lake/requests/_delta_log/{version:020}.json");
        std::fs::remove_file(folder.join(&entry)).unwrap();
    }
    let lake = Lake::open(folder.join("lake")).unwrap();
    assert_eq!(rows_seen(&lake), before);
    assert_eq!(lake.reader().unwrap().version(), 120);
    assert_eq!(verify(&lake).unwrap(), []);
    fill(&lake, &source("a", 120, 121, START_US));
    assert_eq!(rows_seen(&lake).len(), 121);
}
