//! What strangers point `ingest` at: it gets in, or one message says why not and what to do.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests; what fails is the test"
)]

use std::os::unix::fs::symlink;
use std::process::Command;

use super::access_lines::{line, plain_lines};
use super::ingest::{assert_sound, gzip, info, ingest};
use super::program::{count, list, run, run_with_input, text};
use super::temp_folder::TempFolder;

/// A tar archive with one file in it.
fn tar(text: &str) -> Vec<u8> {
    let mut header = [0_u8; 512];
    header[..10].copy_from_slice(b"access.log");
    header[124..135].copy_from_slice(format!("{:011o}", text.len()).as_bytes());
    header[257..265].copy_from_slice(b"ustar\x0000");
    let mut archive = header.to_vec();
    archive.extend_from_slice(text.as_bytes());
    archive.resize(archive.len().next_multiple_of(512) + 1_024, 0);
    archive
}

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn what_must_be_unpacked_first_is_refused_with_the_command() {
    let folder = TempFolder::new();
    let lines = plain_lines(50);
    let zip = [b"PK\x03\x04", lines.as_bytes()].concat();
    let marked = format!("\u{feff}{lines}");
    let array = lines.lines().map(|_| "{\"a\": 1}").collect::<Vec<_>>();
    for (name, bytes, cure) in [
        ("logs.tar", tar(&lines), "tar -xf FILE -C logs"),
        ("logs.zip", zip, "unzip FILE -d logs"),
        (
            "access.log.bz2",
            b"BZh91AY&SY".to_vec(),
            "bzip2 -dc FILE | firedrill ingest -",
        ),
        (
            "access.log.xz",
            b"\xfd7zXZ\0\0\x04".to_vec(),
            "xz -dc FILE | firedrill ingest -",
        ),
        (
            "marked.log",
            utf_16(&marked, u16::to_be_bytes),
            "iconv -f UTF-16 -t UTF-8 FILE | firedrill ingest -",
        ),
        (
            "windows.log",
            utf_16(&lines, u16::to_le_bytes),
            "iconv -f UTF-16LE -t UTF-8 FILE | firedrill ingest -",
        ),
        (
            "mac.log",
            lines.replace('\n', "\r").into_bytes(),
            "tr '\\r' '\\n' < FILE | firedrill ingest -",
        ),
        (
            "array.json",
            format!("[{}]", array.join(",\n")).into_bytes(),
            "jq -c '.[]' FILE | firedrill ingest -",
        ),
        (
            "pretty.json",
            b"{\n  \"a\": 1\n}\n".to_vec(),
            "jq -c . FILE | firedrill ingest -",
        ),
    ] {
        folder.write(name, &bytes);
        let refused = run(&folder, &format!("ingest {name} --lake lake")).refuses(4);
        let is_named = refused.err.contains(name) && refused.err.contains(cure);
        assert!(is_named, "{cure}: {}", refused.err);
        // Packed once more, in a folder beside a log, it stops nobody.
        folder.write(&format!("{name}.d/packed.gz"), gzip_of(&bytes));
        folder.write(&format!("{name}.d/access.log"), &lines);
        let words = format!("ingest {name}.d --lake {name}.lake --json");
        let beside = run(&folder, &words).exits(0).json();
        assert_eq!(count(&beside, "/totals/records"), 50, "{name}");
        let skipped = text(&list(&beside, "/skipped")[0], "");
        assert!(skipped.contains("packed.gz"), "{skipped}");
    }
    assert_eq!(count(&info(&folder), "/records"), 0);
    assert_sound(&folder);
}

fn gzip_of(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_cure_of_a_log_that_was_packed_twice_or_has_old_line_ends_works() {
    let folder = TempFolder::new();
    let lines = plain_lines(50);
    folder.write("twice.gz", gzip_of(&gzip(&lines)));
    let refused = run(&folder, "ingest twice.gz --lake lake").refuses(4);
    assert!(refused.err.contains("packed twice"), "{}", refused.err);
    // What `gzip -dc` writes is packed once.
    run_with_input(&folder, "ingest - --lake lake", &gzip(&lines)).exits(0);
    assert_eq!(count(&info(&folder), "/records"), 50);
    assert_sound(&folder);
}

#[test]
fn neither_ending_nor_line_ends_nor_a_mark_hide_a_log() {
    let lines = plain_lines(50);
    for (name, bytes) in [
        ("picture.png", lines.clone().into_bytes()),
        ("not-packed.gz", lines.clone().into_bytes()),
        ("marked.log", format!("\u{feff}{lines}").into_bytes()),
        ("windows.log", lines.replace('\n', "\r\n").into_bytes()),
        ("latin.log", lines.replace("hat", "h\u{fc}t").into_bytes()),
        ("packed", gzip(&lines)),
    ] {
        let folder = TempFolder::new();
        folder.write(name, bytes);
        let ingested = ingest(&folder, name);
        assert_eq!(count(&ingested, "/totals/records"), 50, "{name}");
        assert_sound(&folder);
    }
}

#[test]
fn links_that_lead_back_are_followed_once() {
    let folder = TempFolder::new();
    folder.write("logs/deep/access.log", plain_lines(20));
    folder.write("elsewhere/b.log", line(99, "GET /b", 200, 0.1));
    symlink("..", folder.join("logs/deep/back")).unwrap();
    symlink(".", folder.join("logs/self")).unwrap();
    symlink("../elsewhere", folder.join("logs/there")).unwrap();
    for paths in ["logs", "logs/*"] {
        let ingested = ingest(&folder, paths);
        let sources = list(&ingested, "/sources");
        let names: Vec<_> = sources.iter().map(|source| text(source, "/path")).collect();
        for file in ["/access.log", "/b.log"] {
            assert!(names.iter().any(|name| name.ends_with(file)), "{names:?}");
        }
        assert!(names.len() <= 3, "{names:?}");
    }
    assert_eq!(count(&info(&folder), "/records"), 21);
    assert_sound(&folder);
}

#[test]
fn a_dead_link_or_a_pipe_in_a_folder_is_skipped_and_named() {
    let folder = TempFolder::new();
    folder.write("logs/access.log", plain_lines(20));
    symlink("gone.log", folder.join("logs/dead.log")).unwrap();
    symlink("round.log", folder.join("logs/round.log")).unwrap();
    let made = Command::new("mkfifo")
        .arg(folder.join("logs/pipe"))
        .status();
    assert!(made.unwrap().success());
    let ingested = ingest(&folder, "logs");
    assert_eq!(count(&ingested, "/totals/records"), 20);
    let skipped = list(&ingested, "/skipped").iter();
    let skipped: Vec<_> = skipped.map(|said| text(said, "")).collect();
    let expected = [
        "logs/dead.log: it is a link to nothing",
        "logs/pipe: it is a pipe",
        "logs/round.log: it is a link to nothing",
    ];
    assert_eq!(skipped.len(), 3, "{skipped:?}");
    for (said, expected) in skipped.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said}");
    }
    let dead = run(&folder, "ingest logs/dead.log --lake lake").refuses(4);
    assert!(dead.err.contains("link to nothing"), "{}", dead.err);
    let missing = run(&folder, "ingest nowhere.log --lake lake").refuses(4);
    assert!(missing.err.contains("hint: paths are"), "{}", missing.err);
    assert_sound(&folder);
}

#[test]
fn a_folder_of_mixed_formats_is_read_file_by_file() {
    let folder = TempFolder::new();
    folder.write("logs/access.log", plain_lines(20));
    let json = "{\"time\":\"2026-11-27T08:00:01Z\",\"method\":\"GET\",\"uri\":\"/\",\"status\":200,\"request_time\":0.1}\n";
    folder.write("logs/app.json", json.repeat(3));
    folder.write(
        "logs/sub/error.log",
        "2026/11/27 08:00:01 [error] 12#12: *1 open() failed\n",
    );
    folder.write("logs/sub/README", "Rotated weekly.\n");
    let ingested = ingest(&folder, "logs");
    assert_eq!(count(&ingested, "/totals/records"), 23);
    let formats = list(&ingested, "/sources").iter();
    let formats: Vec<_> = formats.map(|source| text(source, "/format")).collect();
    assert_eq!(formats, ["nginx-request-time", "nginx-json"]);
    assert_eq!(list(&ingested, "/skipped").len(), 2);
    assert_sound(&folder);
}

#[test]
fn a_log_that_is_nearly_of_a_format_shows_its_line_and_the_ways_out() {
    let folder = TempFolder::new();
    let lines = plain_lines(20).replace('[', "<").replace(']', ">");
    folder.write("nearly.log", lines);
    let refused = run(&folder, "ingest nearly.log --lake lake").refuses(4);
    for part in [
        "192.0.2.0 - - <27/Nov/2026",
        "--format",
        "log_format",
        "mapping file",
    ] {
        assert!(refused.err.contains(part), "{part}: {}", refused.err);
    }
}
