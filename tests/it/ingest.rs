//! Ingest: every line exactly once, whatever the file is called and packed in.
//!
//! A full disk needs a file system of its own, which needs root: `.ci/` may try it, these tests
//! do not.

use std::io::Write;
use std::path::PathBuf;

use serde_json::Value;

use super::access_lines::{SimulatedLog, plain_lines};
use super::lake_rows::records;
use super::program::{command, count, list, run, run_with_input, start, text, wait};
use super::temp_folder::TempFolder;
use super::tidy::read;

/// Ingests `paths` into `lake` and returns the JSON, having checked that no line is lost.
#[track_caller]
pub fn ingest(folder: &TempFolder, paths: &str) -> Value {
    let ran = run(folder, &format!("ingest {paths} --lake lake --json")).exits(0);
    let ingested = ran.json();
    assert_conserved(&ingested);
    ingested
}

/// Fails unless lines = records + rejected + blank + already ingested, of each source and of all.
#[track_caller]
pub fn assert_conserved(ingested: &Value) {
    let counts = ["/records", "/rejected", "/blank", "/already_ingested_lines"];
    let sources = list(ingested, "/sources");
    for part in sources.iter().chain([&ingested["totals"]]) {
        let sum: u64 = counts.iter().map(|pointer| count(part, pointer)).sum();
        assert_eq!(count(part, "/lines"), sum, "{part}");
    }
    for pointer in counts.iter().chain(&["/lines", "/bytes"]) {
        let sum: u64 = sources.iter().map(|source| count(source, pointer)).sum();
        assert_eq!(
            count(ingested, &format!("/totals{pointer}")),
            sum,
            "{pointer}"
        );
    }
}

/// What `lake info` says.
#[track_caller]
pub fn info(folder: &TempFolder) -> Value {
    run(folder, "lake info --lake lake --json").exits(0).json()
}

/// The SLIs as JSON; missed ones are no failure here.
#[track_caller]
pub fn slis(folder: &TempFolder) -> String {
    let ran = run(folder, "sli --lake lake --json");
    assert!([0, 1].contains(&ran.code), "{}", ran.err);
    ran.out
}

/// Fails unless the lake is sound, without so much as an orphan.
#[track_caller]
pub fn assert_sound(folder: &TempFolder) {
    let verified = run(folder, "lake verify --lake lake --json")
        .exits(0)
        .json();
    assert_eq!(verified["is_sound"], true);
    assert_eq!(list(&verified, "/findings"), &[] as &[Value]);
}

/// The files of rejected lines in the folder's lake, in the order of their names.
pub fn reject_files(folder: &TempFolder) -> Vec<PathBuf> {
    let files = folder.files("lake/rejects").into_iter();
    let parts = files.filter(|file| !file.starts_with("_delta_log"));
    parts
        .map(|file| folder.join("lake/rejects").join(file))
        .collect()
}

#[test]
fn a_simulated_day_comes_out_as_its_truth_says() {
    let log = SimulatedLog::of(60);
    let folder = TempFolder::new();
    folder.write("access.log", &log.text);
    assert_ingests_as_the_truth_says(&folder, &log);
}

#[test]
fn the_shipped_sample_comes_out_as_its_truth_says() {
    let sample = SimulatedLog {
        text: read("data/access-sample.log"),
        truth: serde_json::from_str(&read("data/access-sample.truth.json")).unwrap(),
    };
    let folder = TempFolder::new();
    folder.write("access.log", &sample.text);
    assert_ingests_as_the_truth_says(&folder, &sample);
}

#[track_caller]
fn assert_ingests_as_the_truth_says(folder: &TempFolder, log: &SimulatedLog) {
    let ingested = ingest(folder, "access.log");
    let lines = count(&log.truth, "/total/lines");
    assert_eq!(count(&ingested, "/totals/lines"), lines);
    assert_eq!(count(&ingested, "/totals/records"), lines);
    assert_eq!(count(&ingested, "/totals/bytes"), log.text.len() as u64);
    assert_eq!(text(&ingested, "/sources/0/format"), "nginx-request-time");
    assert_eq!(count(&info(folder), "/records"), lines);
    let rows = records(folder, "lake");
    for (route, expected) in object(&log.truth["total"]["requests"]) {
        let (method, template) = route.split_once(' ').expect("method and template");
        // Templates that the shop's SLI set does not declare are folded otherwise.
        if template.starts_with("/static/") || template.starts_with("/api/") {
            continue;
        }
        let found = rows
            .iter()
            .filter(|row| row[4] == method && row[5] == template);
        assert_eq!(Some(found.count() as u64), expected.as_u64(), "{route}");
    }
    for (status, expected) in object(&log.truth["total"]["statuses"]) {
        let found = rows.iter().filter(|row| row[6] == *status);
        assert_eq!(
            Some(found.count() as u64),
            expected.as_u64(),
            "status {status}"
        );
    }
    assert_sound(folder);
}

fn object(value: &Value) -> &serde_json::Map<String, Value> {
    value.as_object().expect("the truth counts by name")
}

#[test]
fn the_same_file_again_adds_nothing() {
    let folder = TempFolder::new();
    folder.write("access.log", plain_lines(100));
    ingest(&folder, "access.log");
    let before = info(&folder);
    let again = ingest(&folder, "access.log");
    assert_eq!(count(&again, "/totals/records"), 0);
    assert_eq!(count(&again, "/totals/already_ingested_lines"), 100);
    assert_eq!(info(&folder), before);
    assert_sound(&folder);
}

#[test]
fn the_same_file_twice_in_one_command_is_read_once() {
    let folder = TempFolder::new();
    folder.write("a.log", plain_lines(100));
    folder.write("b.log", plain_lines(100));
    let ingested = ingest(&folder, "a.log b.log a.log");
    assert_eq!(count(&ingested, "/totals/records"), 100);
    assert_eq!(count(&info(&folder), "/sources"), 1);
    assert_sound(&folder);
}

#[test]
fn a_renamed_gzipped_or_zstd_packed_copy_adds_nothing() {
    let folder = TempFolder::new();
    let lines = plain_lines(100);
    folder.write("access.log", &lines);
    ingest(&folder, "access.log");
    let before = info(&folder);
    folder.write("renamed.log.1", &lines);
    folder.write("access.log.gz", gzip(&lines));
    folder.write("access.log.zst", zstd(&lines));
    for copy in ["renamed.log.1", "access.log.gz", "access.log.zst"] {
        let again = ingest(&folder, copy);
        assert_eq!(
            count(&again, "/totals/already_ingested_lines"),
            100,
            "{copy}"
        );
        assert_eq!(count(&again, "/totals/records"), 0, "{copy}");
    }
    assert_eq!(info(&folder), before);
}

#[test]
fn a_packed_file_and_standard_input_are_read_like_a_plain_file() {
    let lines = plain_lines(300);
    let plain = TempFolder::new();
    plain.write("access.log", &lines);
    ingest(&plain, "access.log");
    let expected = records(&plain, "lake");
    assert_eq!(expected.len(), 300);
    let packed = [("access.gz", gzip(&lines)), ("misnamed.log", zstd(&lines))];
    for (name, bytes) in &packed {
        let folder = TempFolder::new();
        folder.write(name, bytes);
        ingest(&folder, name);
        assert_eq!(records(&folder, "lake"), expected, "{name}");
    }
    for bytes in [lines.as_bytes(), &packed[0].1, &packed[1].1] {
        let folder = TempFolder::new();
        let ran = run_with_input(&folder, "ingest - --lake lake --json", bytes).exits(0);
        assert_conserved(&ran.json());
        assert_eq!(records(&folder, "lake"), expected);
    }
}

/// `text` in gzip.
pub fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder
        .write_all(text.as_bytes())
        .expect("memory takes bytes");
    encoder.finish().expect("memory takes bytes")
}

fn zstd(text: &str) -> Vec<u8> {
    zstd::encode_all(text.as_bytes(), 1).expect("memory takes bytes")
}

#[test]
fn a_gzip_file_of_several_members_is_read_to_its_end() {
    let folder = TempFolder::new();
    let lines = plain_lines(60);
    let (first, second) = lines.split_at(lines.match_indices('\n').nth(20).unwrap().0 + 1);
    folder.write("access.log.gz", [gzip(first), gzip(second)].concat());
    assert_eq!(
        count(&ingest(&folder, "access.log.gz"), "/totals/records"),
        60
    );
}

#[test]
fn a_folder_is_read_with_everything_below_it_but_hidden_files() {
    let folder = TempFolder::new();
    let lines = plain_lines(90);
    let all: Vec<&str> = lines.split_inclusive('\n').collect();
    folder.write("logs/a.log", all[..30].concat());
    folder.write("logs/deep/b.log.gz", gzip(&all[30..60].concat()));
    folder.write("logs/c.log", all[60..].concat());
    folder.write("logs/.hidden", "not a log");
    let ingested = ingest(&folder, "logs");
    assert_eq!(list(&ingested, "/sources").len(), 3);
    assert_eq!(count(&ingested, "/totals/records"), 90);
    assert_sound(&folder);
}

#[test]
fn what_lies_beside_the_logs_of_a_folder_is_skipped_and_said() {
    let folder = TempFolder::new();
    folder.write("logs/access.log", plain_lines(30));
    folder.write("logs/empty.log", "");
    folder.write("logs/picture.png", [0x89, b'P', 0, 0, b'\n', 0]);
    let ingested = ingest(&folder, "logs");
    assert_eq!(list(&ingested, "/sources").len(), 1);
    assert_eq!(count(&ingested, "/totals/records"), 30);
    let skipped: Vec<&str> = list(&ingested, "/skipped")
        .iter()
        .map(|said| text(said, ""))
        .collect();
    assert_eq!(skipped.len(), 2, "{skipped:?}");
    assert!(skipped[0].contains("empty.log") && skipped[1].contains("picture.png"));
    std::fs::remove_file(folder.join("logs/access.log")).unwrap();
    run(&folder, "ingest logs --lake lake").refuses(4);
    assert_sound(&folder);
}

#[test]
fn empty_lines_are_blank_and_counted() {
    let folder = TempFolder::new();
    let lines = plain_lines(100).replacen('\n', "\n\n   \n", 1);
    folder.write("access.log", lines);
    let ingested = ingest(&folder, "access.log");
    assert_eq!(count(&ingested, "/totals/records"), 100);
    assert_eq!(count(&ingested, "/totals/blank"), 2);
    assert_eq!(count(&ingested, "/totals/lines"), 102);
}

#[test]
fn lines_that_end_in_carriage_returns_are_the_same_records() {
    let folder = TempFolder::new();
    folder.write("access.log", plain_lines(50).replace('\n', "\r\n"));
    let ingested = ingest(&folder, "access.log");
    assert_eq!(count(&ingested, "/totals/records"), 50);
}

#[test]
fn processes_at_the_same_lake_at_once_add_each_line_once() {
    let lines = SimulatedLog::of(60).text;
    let alone = TempFolder::new();
    alone.write("access.log", &lines);
    ingest(&alone, "access.log");
    let folder = TempFolder::new();
    folder.write("other.log", plain_lines(10));
    ingest(&folder, "other.log");
    folder.write("access.log", &lines);
    let words = "ingest access.log --lake lake --json";
    let running: Vec<_> = (0..2)
        .map(|_| start(&mut command(&folder, words)))
        .collect();
    let added: Vec<u64> = running
        .into_iter()
        .map(|child| {
            let ingested = wait(child).exits(0).json();
            assert_conserved(&ingested);
            count(&ingested, "/totals/records")
        })
        .collect();
    let whole = lines.lines().count() as u64;
    assert!(added == [0, whole] || added == [whole, 0], "{added:?}");
    assert_eq!(count(&info(&folder), "/records"), whole + 10);
    assert_sound(&folder);
}

#[test]
fn processes_that_make_the_lake_at_once_add_each_line_once() {
    let lines = plain_lines(200);
    let folder = TempFolder::new();
    folder.write("access.log", &lines);
    let words = "ingest access.log --lake lake --json";
    let running: Vec<_> = (0..4)
        .map(|_| start(&mut command(&folder, words)))
        .collect();
    let added: u64 = running
        .into_iter()
        .map(|child| count(&wait(child).exits(0).json(), "/totals/records"))
        .sum();
    assert_eq!(added, 200);
    assert_eq!(records(&folder, "lake").len(), 200);
    assert_sound(&folder);
}

#[test]
fn a_log_in_a_folder_that_needs_its_format_named_is_asked_about_and_not_skipped() {
    let folder = TempFolder::new();
    let logs = folder.join("logs");
    std::fs::create_dir(&logs).unwrap();
    let line = r#"192.0.2.1 - - [27/Nov/2026:08:00:00 +0000] "GET / HTTP/1.1" 200 512 "-" "x" 3"#;
    std::fs::write(logs.join("a.log"), format!("{line}\n")).unwrap();
    let refused = run(&folder, "ingest logs --lake lake").refuses(4);
    assert!(
        refused.err.contains("--format apache-combined-duration"),
        "{}",
        refused.err
    );
}
