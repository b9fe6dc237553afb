//! Bad lines are data: counted, kept with their reason and place, and refused only past a share.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests; what fails is the test"
)]

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::access_lines::plain_lines;
use super::ingest::{assert_conserved, assert_sound, gzip, info, ingest, reject_files};
use super::lake_rows::rows;
use super::program::{count, list, run};
use super::temp_folder::TempFolder;

/// `plain_lines` in which the lines at `at`, counted from 1, are nonsense.
fn with_nonsense(count: u32, at: &[usize]) -> String {
    let lines = plain_lines(count);
    let lines = lines.split_inclusive('\n').enumerate();
    let written = lines.map(|(index, line)| {
        if at.contains(&(index + 1)) {
            "nonsense \u{1b}[31m é\n".to_owned()
        } else {
            line.to_owned()
        }
    });
    written.collect()
}

#[test]
fn bad_lines_are_kept_with_reason_offset_and_line_number() {
    let folder = TempFolder::new();
    let log = with_nonsense(1_000, &[1, 500, 1_000]);
    folder.write("access.log", &log);
    let ingested = ingest(&folder, "access.log");
    assert_eq!(count(&ingested, "/totals/rejected"), 3);
    assert_eq!(count(&ingested, "/totals/records"), 997);
    assert_eq!(count(&info(&folder), "/rejected"), 3);
    let kept = rows(
        &folder.join("lake/rejects"),
        &["line_number", "offset", "text", "reason"],
    );
    let numbers: Vec<&str> = kept.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(numbers, ["1", "500", "1000"]);
    for row in &kept {
        let offset: usize = row[1].parse().unwrap();
        assert!(log[offset..].starts_with("nonsense"), "{row:?}");
        assert!(
            row[2].starts_with("nonsense") && row[2].ends_with('é'),
            "{row:?}"
        );
        assert!(!row[3].is_empty(), "{row:?}");
    }
    assert_sound(&folder);
}

#[test]
fn a_bad_line_after_growth_has_its_number_in_the_whole_file() {
    let folder = TempFolder::new();
    let log = with_nonsense(1_000, &[900]);
    let cut = log.match_indices('\n').nth(799).unwrap().0 + 1;
    folder.write("access.log", &log[..cut]);
    ingest(&folder, "access.log");
    folder.write("access.log", &log);
    ingest(&folder, "access.log");
    let kept = rows(&folder.join("lake/rejects"), &["line_number", "offset"]);
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0][0], "900");
    assert!(log[kept[0][1].parse().unwrap()..].starts_with("nonsense"));
    assert_sound(&folder);
}

#[test]
fn the_limit_itself_is_allowed_and_one_line_past_it_is_not() {
    let folder = TempFolder::new();
    folder.write("edge.log", with_nonsense(100, &[50]));
    // Another user agent, or it would begin like the first and be taken for a rewritten copy.
    folder.write(
        "past.log",
        with_nonsense(100, &[50, 51]).replace("Mozilla/5.0", "Mozilla/6.0"),
    );
    let refused = run(&folder, "ingest past.log --lake lake --json").refuses(4);
    for part in ["past.log", "2 of 100 lines", "past.log:50:", "--max-reject"] {
        assert!(refused.err.contains(part), "no {part} in {}", refused.err);
    }
    assert!(
        !refused.err.contains('\u{1b}'),
        "control characters of a log reach the terminal"
    );
    assert_eq!(count(&info(&folder), "/records"), 0);
    assert_sound(&folder);
    assert_eq!(count(&ingest(&folder, "edge.log"), "/totals/rejected"), 1);
    let before = info(&folder);
    run(&folder, "ingest past.log --lake lake").refuses(4);
    assert_eq!(info(&folder), before);
    assert_eq!(
        count(
            &ingest(&folder, "past.log --max-reject 0.02"),
            "/totals/rejected"
        ),
        2
    );
    assert_eq!(count(&info(&folder), "/rejected"), 3);
    assert_sound(&folder);
}

#[test]
fn no_bad_line_at_all_may_be_asked_for() {
    let folder = TempFolder::new();
    folder.write("access.log", with_nonsense(1_000, &[7]));
    run(&folder, "ingest access.log --lake lake --max-reject 0").refuses(4);
    for share in ["-0.1", "1.1", "NaN", "all"] {
        run(
            &folder,
            &format!("ingest access.log --lake lake --max-reject={share}"),
        )
        .exits(2);
    }
}

#[test]
fn a_line_of_a_megabyte_and_bytes_that_are_no_text_are_rejected_lines() {
    let folder = TempFolder::new();
    let mut log = plain_lines(500).into_bytes();
    log.extend(vec![b'x'; 1 << 20]);
    log.extend(b"\n\xff\xfe\x80 broken\n");
    log.extend(plain_lines(500).into_bytes());
    folder.write("access.log", &log);
    let ingested = ingest(&folder, "access.log");
    assert_eq!(count(&ingested, "/totals/records"), 1_000);
    assert_eq!(count(&ingested, "/totals/rejected"), 2);
    let kept = rows(&folder.join("lake/rejects"), &["text", "line_number"]);
    assert!(
        kept.iter().all(|row| row[0].len() <= 16_384),
        "a rejected line is kept whole"
    );
    assert_sound(&folder);
}

#[test]
fn what_is_no_log_is_refused_with_one_message() {
    let folder = TempFolder::new();
    let binary: Vec<u8> = (0..10_000_u32)
        .map(|index| ((index * 2_654_435_761) >> 24) as u8)
        .collect();
    folder.write("empty.log", "");
    folder.write("binary.log", binary);
    folder.write(
        "prose.log",
        "Call me Ishmael. Some years ago\nnever mind how long precisely\n",
    );
    let half = gzip(&plain_lines(500));
    folder.write("half.log.gz", &half[..half.len() / 2]);
    for (name, part) in [
        ("empty.log", "empty"),
        ("binary.log", "binary"),
        ("prose.log", "format is not known"),
        ("half.log.gz", "half.log.gz"),
        ("missing.log", "no file or folder"),
    ] {
        let refused = run(&folder, &format!("ingest {name} --lake lake --json")).refuses(4);
        assert!(
            refused.err.contains(name) && refused.err.contains(part),
            "{}",
            refused.err
        );
    }
    assert_eq!(count(&info(&folder), "/records"), 0);
    assert_sound(&folder);
}

#[test]
fn an_unknown_format_lists_everything_that_was_tried() {
    let folder = TempFolder::new();
    folder.write("prose.log", "Call me Ishmael.\n");
    let refused = run(&folder, "ingest prose.log --lake lake").refuses(4);
    let formats = [
        "aws-elb",
        "nginx-request-time",
        "iis",
        "gcp-load-balancer",
        "common",
    ];
    for format in formats {
        assert!(refused.err.contains(format), "{format}: {}", refused.err);
    }
    assert!(refused.err.contains("Call me Ishmael") && refused.err.contains("--format"));
    let misspelt = run(&folder, "ingest prose.log --lake lake --format nginx").refuses(2);
    assert!(
        formats.iter().all(|format| misspelt.err.contains(format)),
        "{}",
        misspelt.err
    );
}

#[test]
fn a_named_format_is_not_guessed_and_each_line_is_still_accounted_for() {
    let folder = TempFolder::new();
    folder.write("access.log", plain_lines(100));
    let words = "ingest access.log --lake lake --json --format combined";
    let ingested = run(&folder, words).exits(0).json();
    assert_conserved(&ingested);
    let latencies = rows(&folder.join("lake/requests"), &["latency_us"]);
    assert!(
        latencies.iter().all(|row| row[0].is_empty()),
        "combined has no duration"
    );
}

/// The files that the log of `rejects/` shows, and all of their rows, by the rules of Delta tables:
/// what was added and not removed since.
fn shown(folder: &TempFolder) -> (Vec<String>, usize) {
    let mut shown: BTreeMap<String, u64> = BTreeMap::new();
    for entry in folder.files("lake/rejects/_delta_log") {
        let path = format!("lake/rejects/_delta_log/{}", entry.display());
        for line in folder.read(&path).lines() {
            let action: Value = serde_json::from_str(line).unwrap();
            if let Some(path) = action["add"]["path"].as_str() {
                let stats = action["add"]["stats"].as_str().unwrap();
                let stats: Value = serde_json::from_str(stats).unwrap();
                shown.insert(path.to_owned(), count(&stats, "/numRecords"));
            }
            if let Some(path) = action["remove"]["path"].as_str() {
                shown.remove(path);
            }
        }
    }
    let rows: u64 = shown.values().sum();
    (shown.into_keys().collect(), rows as usize)
}

/// The names of the files, and how many rows all of them hold.
fn kept(folder: &TempFolder) -> (Vec<String>, usize) {
    let files = reject_files(folder).into_iter();
    let names = files.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
    let rows = rows(&folder.join("lake/rejects"), &["text"]).len();
    (names.collect(), rows)
}

fn findings(folder: &TempFolder) -> Vec<String> {
    let verified = run(folder, "lake verify --lake lake --json")
        .exits(0)
        .json();
    let findings = list(&verified, "/findings").iter();
    findings
        .map(|finding| finding.as_str().unwrap().to_owned())
        .collect()
}

fn two_logs_with_nonsense() -> TempFolder {
    let folder = TempFolder::new();
    let log = with_nonsense(300, &[7, 8]);
    folder.write("a.log", &log);
    folder.write("b.log", log.replace("Mozilla/5.0", "Mozilla/6.0"));
    ingest(&folder, "a.log");
    ingest(&folder, "b.log");
    folder
}

#[test]
fn rejected_lines_are_a_table_that_names_each_file_once() {
    let folder = two_logs_with_nonsense();
    assert_eq!(shown(&folder), kept(&folder));
    assert_eq!(kept(&folder).1, 4);
    let entries = folder.files("lake/rejects/_delta_log").len();
    ingest(&folder, "b.log a.log");
    assert_eq!(
        folder.files("lake/rejects/_delta_log").len(),
        entries,
        "nothing new is no entry"
    );
    assert_sound(&folder);
}

#[test]
fn a_table_of_rejects_that_is_behind_is_found_and_mended_by_the_next_ingest() {
    let folder = two_logs_with_nonsense();
    let log = folder.join("lake/rejects/_delta_log");
    let newest = folder.files("lake/rejects/_delta_log").pop().unwrap();
    // What a process leaves that ends between the two entries.
    fs::remove_file(log.join(newest)).unwrap();
    assert_eq!(shown(&folder).1, 2);
    let found = findings(&folder);
    assert!(
        found.len() == 1 && found[0].contains("lacks 1 files"),
        "{found:?}"
    );
    ingest(&folder, "a.log");
    assert_eq!(shown(&folder), kept(&folder));
    assert_sound(&folder);
    // And what an earlier build left.
    fs::remove_dir_all(&log).unwrap();
    ingest(&folder, "a.log");
    assert_eq!(shown(&folder), kept(&folder));
    assert_sound(&folder);
}

#[test]
fn a_table_of_rejects_forgets_what_the_ledger_forgot() {
    let folder = two_logs_with_nonsense();
    let entries = "lake/requests/_delta_log";
    let newest = folder.files(entries).pop().unwrap();
    fs::remove_file(folder.join(entries).join(newest)).unwrap();
    let found = findings(&folder);
    assert!(
        found
            .iter()
            .any(|finding| finding.contains("shows 1 too many")),
        "{found:?}"
    );
    ingest(&folder, "a.log");
    assert_eq!(shown(&folder).1, 2);
    ingest(&folder, "b.log");
    assert_eq!(shown(&folder), kept(&folder));
    assert_sound(&folder);
}
