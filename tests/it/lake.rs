//! The lake as a folder: what is none is left alone, and damage is found.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::access_lines::plain_lines;
use super::ingest::{assert_sound, info, ingest, reject_files};
use super::program::{count, list, run, text};
use super::temp_folder::TempFolder;

/// A lake of two sources, and its parts.
fn two_sources() -> (TempFolder, Vec<PathBuf>) {
    let folder = TempFolder::new();
    folder.write("a.log", plain_lines(100));
    folder.write(
        "b.log",
        plain_lines(150)
            .split_inclusive('\n')
            .skip(100)
            .collect::<String>(),
    );
    ingest(&folder, "a.log b.log");
    let files = folder.files("lake/requests").into_iter();
    let parts = files.filter(|file| file.extension().is_some_and(|ending| ending == "parquet"));
    let parts: Vec<_> = parts
        .map(|file| folder.join("lake/requests").join(file))
        .collect();
    assert_eq!(parts.len(), 2);
    (folder, parts)
}

/// The findings of `lake verify`, which must call the lake damaged.
#[track_caller]
fn findings_of_damage(folder: &TempFolder) -> Vec<String> {
    let verified = run(folder, "lake verify --lake lake --json")
        .exits(4)
        .json();
    assert_eq!(verified["is_sound"], false);
    findings(&verified)
}

fn findings(verified: &Value) -> Vec<String> {
    let findings = list(verified, "/findings").iter();
    findings
        .map(|finding| text(finding, "").to_owned())
        .collect()
}

#[test]
fn a_lake_says_what_is_in_it() {
    let (folder, parts) = two_sources();
    let info = info(&folder);
    assert_eq!(count(&info, "/records"), 150);
    assert_eq!(count(&info, "/files"), 2);
    assert_eq!(count(&info, "/sources"), 2);
    assert_eq!(count(&info, "/rejected"), 0);
    assert_eq!(count(&info, "/origins/customer"), 150);
    let bytes: u64 = parts
        .iter()
        .map(|part| fs::metadata(part).unwrap().len())
        .sum();
    assert_eq!(count(&info, "/bytes"), bytes);
    assert!(text(&info, "/from") < text(&info, "/to"));
    assert_sound(&folder);
}

#[test]
fn a_deleted_part_is_found() {
    let (folder, parts) = two_sources();
    fs::remove_file(&parts[0]).unwrap();
    let findings = findings_of_damage(&folder);
    let name = parts[0].file_name().unwrap().to_str().unwrap();
    assert!(
        findings.iter().any(|finding| finding.contains(name)),
        "{findings:?}"
    );
    let sli = run(&folder, "sli --lake lake --json").refuses(4);
    assert!(sli.err.contains(name), "{}", sli.err);
}

#[test]
fn a_truncated_part_is_found() {
    let (folder, parts) = two_sources();
    let bytes = fs::read(&parts[1]).unwrap();
    fs::write(&parts[1], &bytes[..bytes.len() / 2]).unwrap();
    let findings = findings_of_damage(&folder);
    let name = parts[1].file_name().unwrap().to_str().unwrap();
    assert!(
        findings.iter().any(|finding| finding.contains(name)),
        "{findings:?}"
    );
}

#[test]
fn a_part_in_the_place_of_another_is_found() {
    let (folder, parts) = two_sources();
    fs::copy(&parts[1], &parts[0]).unwrap();
    findings_of_damage(&folder);
}

#[test]
fn an_orphan_is_found_and_is_no_damage() {
    let (folder, parts) = two_sources();
    fs::copy(&parts[0], parts[0].with_file_name("part-orphan.parquet")).unwrap();
    let before = info(&folder);
    let verified = run(&folder, "lake verify --lake lake --json")
        .exits(0)
        .json();
    assert_eq!(verified["is_sound"], true);
    let findings = findings(&verified);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].contains("part-orphan.parquet"), "{findings:?}");
    assert_eq!(info(&folder), before);
}

#[test]
fn a_lost_file_of_rejects_is_found() {
    let folder = TempFolder::new();
    folder.write("access.log", plain_lines(100) + "nonsense\n");
    ingest(&folder, "access.log");
    let rejects = reject_files(&folder);
    assert_eq!(rejects.len(), 1);
    fs::remove_file(&rejects[0]).unwrap();
    findings_of_damage(&folder);
}

#[test]
fn a_damaged_log_of_the_table_is_an_error_and_never_an_empty_lake() {
    let (folder, _) = two_sources();
    for entry in folder.files("lake/requests/_delta_log") {
        fs::write(folder.join("lake/requests/_delta_log").join(entry), "{").unwrap();
    }
    for words in ["lake info", "lake verify", "sli", "ingest a.log"] {
        run(&folder, &format!("{words} --lake lake")).refuses(4);
    }
}

#[test]
fn a_folder_of_something_else_is_refused_and_left_alone() {
    let folder = TempFolder::new();
    folder.write("access.log", plain_lines(10));
    folder.write("lake/diary.txt", "Dear diary");
    for words in [
        "ingest access.log",
        "lake info",
        "lake verify",
        "sli",
        "report -o r.html",
    ] {
        let refused = run(&folder, &format!("{words} --lake lake")).refuses(4);
        assert!(refused.err.contains("not a lake"), "{}", refused.err);
    }
    assert_eq!(folder.files("lake"), [PathBuf::from("diary.txt")]);
    assert_eq!(folder.read("lake/diary.txt"), "Dear diary");
}

#[test]
fn a_lake_that_cannot_be_is_refused_with_one_message() {
    let folder = TempFolder::new();
    folder.write("access.log", plain_lines(10));
    // Tests may run as root, whom no permission stops: a file where a folder must be stops anybody.
    for lake in ["access.log", "access.log/lake", "/proc/lake"] {
        let refused = run(&folder, &format!("ingest access.log --lake {lake}")).refuses(4);
        assert!(refused.err.contains(lake), "{}", refused.err);
    }
    let missing = run(&folder, "lake info --lake nowhere").refuses(4);
    assert!(missing.err.contains("no lake at"), "{}", missing.err);
    assert!(!folder.join("nowhere").exists(), "a question makes no lake");
}

#[test]
fn a_lake_whose_making_was_interrupted_is_finished_by_the_next_ingest() {
    let folder = TempFolder::new();
    folder.write("access.log", plain_lines(10));
    ingest(&folder, "access.log");
    // What a process leaves that is killed before its first commit.
    for name in ["lake/requests", "lake/key"] {
        let path = folder.join(name);
        let removed = if path.is_dir() {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        };
        removed.unwrap();
    }
    ingest(&folder, "access.log");
    assert_eq!(count(&info(&folder), "/records"), 10);
    assert_sound(&folder);
}

#[test]
fn a_lake_whose_key_was_half_made_is_finished_by_the_next_ingest() {
    let folder = TempFolder::new();
    folder.write("access.log", plain_lines(10));
    // A process that is killed, or is still at it, has its key under the name of its number.
    folder.write("lake/key.4711", "0123");
    ingest(&folder, "access.log");
    assert_eq!(count(&info(&folder), "/records"), 10);
}

#[test]
fn a_reader_needs_no_key() {
    let folder = TempFolder::new();
    folder.write("access.log", plain_lines(100));
    ingest(&folder, "access.log");
    fs::remove_file(folder.join("lake/key")).unwrap();
    for words in ["rollup --lake lake", "lake info --lake lake"] {
        run(&folder, words).exits(0);
    }
    assert_sound(&folder);
    assert!(!folder.join("lake/key").exists(), "a reader makes no key");
}

#[test]
fn addresses_and_queries_of_customers_are_not_in_the_lake() {
    let folder = TempFolder::new();
    let secret = "192.0.2.77 - kim [27/Nov/2026:08:00:00 +0000] \"GET /search?q=tattletale HTTP/1.1\" 200 5 \"https://referrer.example/tattletale\" \"tattletale-agent\" 0.010\n";
    folder.write("access.log", secret.repeat(3));
    ingest(&folder, "access.log");
    for file in folder.files("lake") {
        let bytes = fs::read(folder.join("lake").join(&file)).unwrap();
        for secret in ["192.0.2.77", "tattletale"] {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {}", file.display());
        }
    }
}
