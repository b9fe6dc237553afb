//! The lake on object storage, with a store in memory below it: the same protocol, and the same promise.

use std::sync::Arc;

use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt};

use super::lake_fill::{Rows, commit, fill};
use super::place::faulty_store::{Fault, FaultyStore};
use super::{
    CommitOutcome, CompactPlan, Finding, Lake, LakeAddress, LakeError, VacuumPlan, column, compact,
    vacuum, verify,
};
use crate::time_window::now_us;

const START_US: i64 = 1_795_390_200_000_000;

const ROWS: Rows = Rows {
    source: "shop",
    from: 0,
    to: 1_000,
    start_us: START_US,
};

/// A lake on these objects, whose conditional puts fail as planned.
fn lake(objects: &Arc<InMemory>, faults: &[Fault]) -> Result<(Lake, Arc<FaultyStore>), LakeError> {
    let store = Arc::new(FaultyStore::new(objects, faults));
    let address: LakeAddress = "s3://logs/team/lake".parse().expect("it is an address");
    let lake = Lake::on_store(&address, Arc::clone(&store) as _)?;
    Ok((lake, store))
}

fn made(objects: &Arc<InMemory>) -> Lake {
    lake(objects, &[]).expect("the lake can be made").0
}

/// Rows and records in the lake, which must be sound.
#[track_caller]
fn totals(lake: &Lake) -> (u64, u64) {
    let findings = verify(lake).expect("the lake can be verified");
    assert_eq!(findings, [], "the lake is sound");
    let reader = lake.reader().expect("the lake can be read");
    let mut rows = 0;
    reader
        .for_each_batch(&[column::TS, column::ROUTE], Default::default(), |batch| {
            rows += batch.num_rows() as u64;
            Ok::<(), LakeError>(())
        })
        .expect("the rows can be read");
    let sources = reader.ledger().iter();
    (rows, sources.map(|(_, state)| state.records).sum())
}

#[tokio::test]
async fn a_lake_in_a_bucket_has_the_layout_of_a_folder() {
    let objects = Arc::new(InMemory::new());
    let inner = Arc::clone(&objects);
    std::thread::spawn(move || {
        let lake = made(&inner);
        let outcome = lake.commit(commit(&lake, &ROWS, 2)).unwrap();
        assert_eq!(outcome, CommitOutcome::Committed);
        assert_eq!(lake.key().unwrap(), made(&inner).key().unwrap());
        lake.write_run("r1", "{}").unwrap();
        assert_eq!(lake.run_ids().unwrap(), ["r1"]);
        assert_eq!(lake.read_run("r1").unwrap().as_deref(), Some("{}"));
        assert_eq!(lake.read_run("r2").unwrap(), None);
        assert_eq!(lake.reader().unwrap().rejects().unwrap().len(), 2);
        assert_eq!(lake.root().to_string_lossy(), "s3://logs/team/lake");
        assert_eq!(totals(&lake), (1_000, 1_000));
    })
    .join()
    .unwrap();
    for name in [
        "key",
        "runs/r1.json",
        "requests/_delta_log/00000000000000000001.json",
    ] {
        let path = ObjectPath::from(format!("team/lake/{name}"));
        objects.head(&path).await.unwrap();
    }
    let parts = ObjectPath::from("team/lake/requests");
    let parts = objects.list_with_delimiter(Some(&parts)).await.unwrap();
    assert_eq!(parts.objects.len(), 1);
    let name = parts.objects[0].location.filename().unwrap();
    assert!(name.starts_with("part-shop-0-1000-"), "{name}");
}

#[test]
fn a_commit_whose_answer_was_lost_counts_once() {
    for fault in [
        Fault::AnswerLost,
        Fault::AnswerLostSentAgain,
        Fault::RequestLost,
        Fault::Conflict,
    ] {
        let objects = Arc::new(InMemory::new());
        drop(made(&objects));
        let (lake, _) = lake(&objects, &[fault, fault]).unwrap();
        let outcome = lake.commit(commit(&lake, &ROWS, 0)).unwrap();
        assert_eq!(outcome, CommitOutcome::Committed, "{fault:?}");
        assert_eq!(totals(&lake), (1_000, 1_000), "{fault:?}");
        let again = Rows {
            from: 1_000,
            to: 1_500,
            ..ROWS
        };
        fill(&lake, &again);
        assert_eq!(totals(&lake), (1_500, 1_500), "{fault:?}");
    }
}

#[test]
fn a_commit_that_is_not_allowed_leaves_nothing_that_counts() {
    let objects = Arc::new(InMemory::new());
    drop(made(&objects));
    let (refused, _) = lake(&objects, &[Fault::Denied]).unwrap();
    let error = refused.commit(commit(&refused, &ROWS, 0)).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("access is denied"), "{text}");
    assert!(text.contains("(hint: allow s3:ListBucket"), "{text}");
    let reader = refused.reader().unwrap();
    assert!(reader.files().is_empty() && reader.ledger().is_empty());
    // The part is there and belongs to nobody, until the same ingest is repeated.
    let orphans = verify(&refused).unwrap();
    assert!(
        matches!(orphans.as_slice(), [Finding::Orphan { .. }]),
        "{orphans:?}"
    );
    fill(&made(&objects), &ROWS);
    assert_eq!(totals(&refused), (1_000, 1_000));
}

#[test]
fn of_two_writers_of_one_source_one_is_too_late() {
    let objects = Arc::new(InMemory::new());
    let (one, other) = (made(&objects), made(&objects));
    let (first, second) = (commit(&one, &ROWS, 1), commit(&other, &ROWS, 1));
    assert_eq!(one.commit(first).unwrap(), CommitOutcome::Committed);
    let moved = other.commit(second).unwrap();
    assert_eq!(
        moved,
        CommitOutcome::SourceMoved {
            source_id: "shop".to_owned()
        }
    );
    assert_eq!(totals(&other), (1_000, 1_000));
}

#[test]
fn writers_of_different_sources_all_get_in() {
    const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    let objects = Arc::new(InMemory::new());
    drop(made(&objects));
    std::thread::scope(|scope| {
        for source in NAMES {
            let objects = &objects;
            scope.spawn(move || {
                let lake = made(objects);
                for step in 0..5 {
                    let rows = Rows {
                        source,
                        from: step * 10,
                        to: (step + 1) * 10,
                        start_us: START_US,
                    };
                    fill(&lake, &rows);
                }
            });
        }
    });
    assert_eq!(totals(&made(&objects)), (300, 300));
}

#[test]
fn small_files_are_compacted_and_vacuumed_in_a_bucket() {
    let objects = Arc::new(InMemory::new());
    let lake = made(&objects);
    for step in 0..4 {
        let rows = Rows {
            from: step * 100,
            to: (step + 1) * 100,
            ..ROWS
        };
        fill(&lake, &rows);
    }
    let done = compact(&lake, CompactPlan::default()).unwrap();
    assert_eq!((done.replaced, done.written, done.rows), (4, 1, 400));
    assert_eq!(totals(&lake), (400, 400));
    let plan = VacuumPlan {
        older_than: std::time::Duration::ZERO,
        log_older_than: VacuumPlan::LOG_OLDER_THAN,
        now_us: now_us() + 60_000_000,
        is_dry_run: false,
    };
    assert_eq!(vacuum(&lake, plan).unwrap().len(), 4);
    assert_eq!(totals(&made(&objects)), (400, 400));
}

#[test]
fn what_is_kept_of_counts_is_read_back() {
    let lake = made(&Arc::new(InMemory::new()));
    assert_eq!(lake.derived_names(), Vec::<String>::new());
    lake.write_derived_text("a.json", "text").unwrap();
    assert_eq!(lake.read_derived_text("a.json").as_deref(), Some("text"));
    let minute: arrow::array::ArrayRef = Arc::new(arrow::array::Int32Array::from(vec![1, 2]));
    let table = arrow::array::RecordBatch::try_from_iter([("minute", minute)]).unwrap();
    let name = lake.write_derived("cells-1", &table).unwrap();
    assert_eq!(lake.read_derived(&name).unwrap().num_rows(), 2);
    assert_eq!(lake.derived_names(), ["a.json".to_owned(), name.clone()]);
    lake.remove_derived(&name);
    assert!(lake.read_derived(&name).is_none());
}

#[test]
fn a_prefix_with_other_things_is_no_lake() {
    let objects = Arc::new(InMemory::new());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let path = ObjectPath::from("team/lake/photos/1.jpg");
    runtime.block_on(objects.put(&path, "x".into())).unwrap();
    let error = lake(&objects, &[]).unwrap_err().to_string();
    assert!(error.contains("it holds `photos`"), "{error}");
}

#[test]
fn a_log_entry_is_read_once_by_a_process() {
    let objects = Arc::new(InMemory::new());
    let (lake, store) = lake(&objects, &[]).unwrap();
    for step in 0..3 {
        fill(
            &lake,
            &Rows {
                from: step * 10,
                to: (step + 1) * 10,
                ..ROWS
            },
        );
    }
    drop((lake.reader().unwrap(), lake.reader().unwrap()));
    let gets = store.gets();
    for version in 0..4 {
        let name = format!("{version:020}.json");
        let times = gets.iter().filter(|path| path.as_ref().ends_with(&name));
        assert_eq!(times.count(), 1, "entry {version}");
    }
}
