//! Damage: whatever is cut off or flipped, the lake is as it was, or refused, and never silently
//! another.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests; what fails is the test"
)]

use std::path::{Path, PathBuf};

use firedrill::lake::{
    Commit, CommitOutcome, CompactPlan, Lake, LakeError, RowFilter, SourceState, column, compact,
    verify,
};

use super::ingest::reject_files;
use super::lake_fill::{Rows, commit, fill};
use super::program::run;
use super::temp_folder::TempFolder;

const START_US: i64 = 1_795_737_600_000_000;

/// All that a reader can see of a lake.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    rows: usize,
    latency_sum_us: i64,
    sources: Vec<(String, SourceState)>,
    fact: Option<String>,
}

fn see(root: &Path) -> Result<Seen, LakeError> {
    use arrow::array::AsArray;
    let reader = Lake::open(root)?.reader()?;
    let sources = reader.ledger().iter();
    let mut seen = Seen {
        rows: 0,
        latency_sum_us: 0,
        sources: sources
            .map(|(id, state)| (id.to_owned(), state.clone()))
            .collect(),
        fact: reader.fact("routes").map(ToOwned::to_owned),
    };
    reader.for_each_batch(&[column::LATENCY_US], RowFilter::default(), |batch| {
        let latency = batch
            .column(0)
            .as_primitive::<arrow::datatypes::Int64Type>();
        seen.rows += batch.num_rows();
        seen.latency_sum_us += arrow::compute::sum(latency).unwrap_or(0);
        Ok::<(), LakeError>(())
    })?;
    Ok(seen)
}

fn rows(source: &'static str, from: u64, to: u64) -> Rows {
    Rows {
        source,
        from,
        to,
        start_us: START_US,
    }
}

/// A lake of some commits; the newest has parts, rejects, two sources and a fact.
fn filled() -> (TempFolder, Seen, Seen) {
    let folder = TempFolder::new();
    let root = folder.join("lake");
    let lake = Lake::open_or_create(&root).unwrap();
    let mut first = Commit::new();
    first.set_fact("routes", "[\"/old\"]".to_owned()).unwrap();
    lake.commit(first).unwrap();
    fill(&lake, &rows("a", 0, 40));
    let before = see(&root).unwrap();
    let mut newest = commit(&lake, &rows("a", 40, 90), 3);
    newest.set_fact("routes", "[\"/new\"]".to_owned()).unwrap();
    assert_eq!(lake.commit(newest).unwrap(), CommitOutcome::Committed);
    let after = see(&root).unwrap();
    assert_ne!(before, after);
    (folder, before, after)
}

fn newest_entry(root: &Path) -> PathBuf {
    let version = Lake::open(root).unwrap().reader().unwrap().version();
    root.join(format!("requests/_delta_log/{version:020}.json"))
}

/// Cuts the newest entry at every length; each time the lake is refused, or is as it was before.
fn assert_no_silent_cut(root: &Path, before: &Seen, after: &Seen) {
    let entry = newest_entry(root);
    let bytes = std::fs::read(&entry).unwrap();
    let mut refused = 0;
    for length in 0..bytes.len() {
        std::fs::write(&entry, &bytes[..length]).unwrap();
        match see(root) {
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
            // Only the end of the last line may be missed: then nothing is lost.
            Ok(seen) if seen == *after => assert_eq!(length, bytes.len() - 1),
            Ok(seen) => assert_eq!(seen, *before, "cut at {length}"),
        }
    }
    assert!(refused > 0);
    std::fs::remove_file(&entry).unwrap();
    assert_eq!(see(root).unwrap(), *before, "without the entry");
    std::fs::write(&entry, &bytes).unwrap();
    assert_eq!(see(root).unwrap(), *after);
}

#[test]
fn every_truncation_of_the_newest_log_entry_is_refused_or_as_before() {
    let (folder, before, after) = filled();
    assert_no_silent_cut(&folder.join("lake"), &before, &after);
}

#[test]
fn every_truncation_of_the_log_entry_of_a_compaction_is_refused_or_as_before() {
    let (folder, _, after) = filled();
    let root = folder.join("lake");
    let outcome = compact(&Lake::open(&root).unwrap(), CompactPlan::default()).unwrap();
    assert_eq!(outcome.replaced, 2);
    assert_no_silent_cut(&root, &after, &after);
}

#[test]
fn verify_and_ingest_say_which_log_entry_is_cut() {
    let (folder, _, _) = filled();
    let entry = newest_entry(&folder.join("lake"));
    let text = std::fs::read_to_string(&entry).unwrap();
    let whole_lines = text.trim_end().rfind('\n').unwrap() + 1;
    folder.write("b.log", "nothing");
    for length in [0, whole_lines] {
        std::fs::write(&entry, &text[..length]).unwrap();
        for words in ["lake info", "sli", "ingest b.log"] {
            let refused = run(&folder, &format!("{words} --lake lake")).refuses(4);
            let name = entry.file_name().unwrap().to_str().unwrap();
            assert!(refused.err.contains(name), "{}", refused.err);
        }
        run(&folder, "lake verify --lake lake").exits(4);
    }
}

/// A file of requests, of about ten thousand rows.
fn one_file() -> (TempFolder, PathBuf, Seen) {
    let folder = TempFolder::new();
    let lake = Lake::open_or_create(folder.join("lake")).unwrap();
    fill(&lake, &rows("a", 0, 10_000));
    let file = lake.reader().unwrap().files()[0].path.clone();
    let seen = see(&folder.join("lake")).unwrap();
    (folder, file, seen)
}

#[test]
fn every_truncation_of_a_file_is_refused_and_found() {
    let (folder, file, _) = one_file();
    let root = folder.join("lake");
    let reader = Lake::open(&root).unwrap().reader().unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let footer = bytes.len() - 8_192..bytes.len();
    let lengths = (0..footer.start).step_by(64).chain(footer);
    for length in lengths.collect::<Vec<_>>().into_iter().rev() {
        let opened = std::fs::File::options().write(true).open(&file).unwrap();
        opened.set_len(length as u64).unwrap();
        let read = reader.for_each_batch(&[column::TS], RowFilter::default(), |_| {
            Ok::<(), LakeError>(())
        });
        assert!(read.is_err(), "cut at {length}");
        assert!(reader.extent_us().is_err(), "cut at {length}");
        if length % 512 == 0 {
            let findings = verify(&Lake::open(&root).unwrap()).unwrap();
            assert!(
                findings.iter().any(|finding| finding.is_damage()),
                "cut at {length}"
            );
        }
    }
    std::fs::write(&file, &bytes).unwrap();
    assert_eq!(verify(&Lake::open(&root).unwrap()).unwrap(), []);
}

#[test]
fn every_flipped_byte_of_a_file_is_found() {
    let (folder, file, _) = one_file();
    let root = folder.join("lake");
    let lake = Lake::open(&root).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    for at in (0..bytes.len()).step_by(211) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        std::fs::write(&file, &flipped).unwrap();
        let findings = verify(&lake).unwrap();
        assert!(
            findings.iter().any(|finding| finding.is_damage()),
            "flipped at {at}"
        );
    }
}

#[test]
fn a_flipped_byte_of_the_rejects_is_found() {
    let (folder, _, _) = filled();
    let lake = Lake::open(folder.join("lake")).unwrap();
    let path = &reject_files(&folder)[0];
    let bytes = std::fs::read(path).unwrap();
    for at in (0..bytes.len()).step_by(97) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        std::fs::write(path, &flipped).unwrap();
        let findings = verify(&lake).unwrap();
        assert!(
            findings.iter().any(|finding| finding.is_damage()),
            "flipped at {at}"
        );
    }
}

#[test]
fn a_gap_in_the_log_is_found() {
    let folder = TempFolder::new();
    let root = folder.join("lake");
    let lake = Lake::open_or_create(&root).unwrap();
    for step in 0..60 {
        fill(&lake, &rows("a", step, step + 1));
    }
    std::fs::remove_file(root.join(format!("requests/_delta_log/{:020}.json", 20))).unwrap();
    let findings = verify(&lake).unwrap();
    let texts: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        ["log entry 20 is missing"],
        "entry 50 has a checkpoint"
    );
}

#[test]
fn a_lake_of_an_older_build_is_refused_with_one_message() {
    let folder = TempFolder::new();
    let root = folder.join("lake");
    drop(Lake::open_or_create(&root).unwrap());
    let entry = root.join(format!("requests/_delta_log/{:020}.json", 0));
    let text = std::fs::read_to_string(&entry).unwrap();
    let (begin, rest) = text
        .split_once(",{\\\"name\\\":\\\"client_class\\\"")
        .unwrap();
    let (_, end) = rest.split_once("]}\",").unwrap();
    std::fs::write(&entry, format!("{begin}]}}\",{end}")).unwrap();
    for words in ["lake info", "lake verify", "sli"] {
        let refused = run(&folder, &format!("{words} --lake lake")).refuses(4);
        assert!(refused.err.contains("older firedrill"), "{}", refused.err);
        assert!(refused.err.contains("hint"), "{}", refused.err);
    }
}
