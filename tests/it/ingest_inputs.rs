//! What `ingest` can be pointed at: patterns, folders, packed files, standard input, many files.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests; what fails is the test"
)]

use std::collections::BTreeSet;

use super::access_lines::{line, plain_lines};
use super::ingest::{assert_conserved, assert_sound, gzip, info, ingest};
use super::lake_rows::{records, rows};
use super::program::{count, list, run, run_with_input, text};
use super::temp_folder::TempFolder;
use super::tidy::{in_repository, read};

/// The first lines of `text`, and the rest.
fn split_after(text: &str, lines: usize) -> (&str, &str) {
    let end = text.match_indices('\n').nth(lines - 1).unwrap().0 + 1;
    text.split_at(end)
}

/// Where the sources of an ingest were read, in the order of its output.
fn paths(ingested: &serde_json::Value) -> Vec<&str> {
    let sources = list(ingested, "/sources").iter();
    sources.map(|source| text(source, "/path")).collect()
}

#[test]
fn a_pattern_that_no_shell_has_expanded_is_expanded() {
    let lines = plain_lines(50);
    let all: Vec<&str> = lines.split_inclusive('\n').collect();
    for (pattern, expected) in [
        (
            "logs/**/*.log",
            vec!["logs/a1.log", "logs/b/b2.log", "logs/b/c/c1.log"],
        ),
        ("logs/*.log", vec!["logs/a1.log"]),
        ("logs/**/[ac]?.log", vec!["logs/a1.log", "logs/b/c/c1.log"]),
        ("l*s/*/*.log.?", vec!["logs/b/b2.log.1"]),
    ] {
        let folder = TempFolder::new();
        folder.write("logs/a1.log", all[..10].concat());
        folder.write("logs/b/b2.log", all[10..20].concat());
        folder.write("logs/b/c/c1.log", all[20..30].concat());
        folder.write("logs/b/b2.log.1", all[30..40].concat());
        folder.write("logs/notes.txt", "Call me Ishmael.\n");
        let ingested = ingest(&folder, pattern);
        assert_eq!(paths(&ingested), expected, "{pattern}");
        let records = 10 * expected.len() as u64;
        assert_eq!(count(&ingested, "/totals/records"), records, "{pattern}");
        assert_sound(&folder);
    }
}

#[test]
fn a_pattern_that_finds_nothing_is_refused_before_anything_is_read() {
    let folder = TempFolder::new();
    folder.write("access.log", plain_lines(10));
    let words = "ingest access.log logs/*.log --lake lake";
    let refused = run(&folder, words).refuses(4);
    assert!(refused.err.contains("logs/*.log"), "{}", refused.err);
    assert_eq!(folder.files("lake").len(), 0, "nothing was read");
    let wrong = run(&folder, "ingest logs/[.log --lake lake").refuses(4);
    assert!(wrong.err.contains("logs/[.log"), "{}", wrong.err);
}

#[test]
fn a_folder_that_holds_the_lake_is_read_without_it() {
    let folder = TempFolder::new();
    let lines = plain_lines(40);
    let (first, second) = split_after(&lines, 20);
    folder.write("a.log", first);
    assert_eq!(count(&ingest(&folder, "."), "/totals/records"), 20);
    let before = info(&folder);
    let again = ingest(&folder, ".");
    assert_eq!(list(&again, "/sources").len(), 1, "{again}");
    assert_eq!(list(&again, "/skipped").len(), 0, "{again}");
    assert_eq!(info(&folder), before);
    folder.write("deep/b.log", second);
    let grown = ingest(&folder, ".");
    assert_eq!(list(&grown, "/skipped").len(), 0, "{grown}");
    assert_eq!(count(&info(&folder), "/records"), 40);
    assert_sound(&folder);
}

#[test]
fn a_file_that_is_found_and_named_in_many_ways_is_read_once() {
    let folder = TempFolder::new();
    folder.write("logs/access.log", plain_lines(30));
    let words = "logs ./logs logs/../logs/access.log logs/*.log logs/**/*";
    assert_eq!(count(&ingest(&folder, words), "/totals/records"), 30);
    assert_eq!(count(&info(&folder), "/sources"), 1);
    assert_sound(&folder);
}

#[test]
fn an_empty_file_beside_a_log_is_skipped_and_said_and_read_when_it_has_grown() {
    let folder = TempFolder::new();
    folder.write("logs/access.log", plain_lines(30));
    folder.write("logs/empty.log", "");
    for paths in ["logs/*.log", "logs/empty.log logs/access.log"] {
        let ingested = ingest(&folder, paths);
        assert_eq!(list(&ingested, "/sources").len(), 1, "{paths}");
        assert!(text(&list(&ingested, "/skipped")[0], "").contains("empty.log"));
    }
    folder.write("logs/empty.log", line(99, "GET /new", 200, 0.1));
    let grown = ingest(&folder, "logs");
    assert_eq!(count(&grown, "/totals/records"), 1);
    assert_eq!(list(&grown, "/skipped").len(), 0);
    assert_eq!(count(&info(&folder), "/records"), 31);
    assert_sound(&folder);
}

#[test]
fn packed_files_of_several_pieces_are_one_log() {
    let lines = plain_lines(90);
    // The middle of a line is as good a place as any.
    let pieces = [&lines[..1_007], "", &lines[1_007..4_444], &lines[4_444..]];
    let members = pieces.map(gzip).concat();
    let frames = pieces.map(|piece| zstd::encode_all(piece.as_bytes(), 3).unwrap());
    let plain = TempFolder::new();
    plain.write("access.log", &lines);
    ingest(&plain, "access.log");
    let expected = records(&plain, "lake");
    for (name, bytes) in [("members.gz", members), ("frames.zst", frames.concat())] {
        let folder = TempFolder::new();
        folder.write(name, &bytes);
        let ingested = ingest(&folder, name);
        assert_eq!(count(&ingested, "/totals/bytes"), lines.len() as u64);
        assert_eq!(records(&folder, "lake"), expected, "{name}");
        let words = "ingest - --lake lake --json";
        let piped = run_with_input(&folder, words, &bytes).exits(0).json();
        assert_conserved(&piped);
        assert_eq!(count(&piped, "/totals/already_ingested_lines"), 90);
        assert_sound(&folder);
    }
}

#[test]
fn standard_input_is_one_input_among_others() {
    let folder = TempFolder::new();
    let lines = plain_lines(60);
    let (first, second) = split_after(&lines, 25);
    folder.write("a.log", first);
    let words = "ingest a.log - --lake lake --json";
    let ingested = run_with_input(&folder, words, second.as_bytes()).exits(0);
    assert_conserved(&ingested.json());
    assert_eq!(count(&ingested.json(), "/totals/records"), 60);
    assert_eq!(list(&ingested.json(), "/sources").len(), 2);
    let empty = run_with_input(&folder, "ingest - --lake lake", b"").exits(4);
    assert!(empty.err.contains("empty"), "{}", empty.err);
    run_with_input(&folder, "ingest - --follow --lake lake", b"").refuses(2);
    assert_sound(&folder);
}

/// Lines whose routes and own host can be learned only by looking at many of them.
fn learnable_lines() -> String {
    let words = ["red", "blue", "green", "old", "new"];
    let lines = (0..400_u32).map(|index| {
        let word = |place: u32| words[(index / 5_u32.pow(place) % 5) as usize];
        let path = format!("/shop/{}-{}-{}-{}", word(0), word(1), word(2), word(3));
        let line = line(index, &format!("GET {path}"), 200, 0.1);
        line.replacen("\"-\"", "\"https://www.shop.example/start\"", 1)
    });
    lines.collect()
}

#[test]
fn routes_and_hosts_are_learned_of_standard_input_as_of_a_file() {
    let lines = learnable_lines();
    let columns = ["position", "route", "channel"];
    let plain = TempFolder::new();
    plain.write("access.log", &lines);
    ingest(&plain, "access.log");
    let of = |folder: &TempFolder| {
        let mut rows = rows(&folder.join("lake/requests"), &columns);
        rows.sort();
        rows
    };
    let expected = of(&plain);
    assert_eq!(expected.len(), 400);
    for row in &expected {
        assert_eq!(row[1..], ["/shop/{slug}", ""], "{row:?}");
    }
    let packed = zstd::encode_all(lines.as_bytes(), 3).unwrap();
    for bytes in [lines.as_bytes(), &gzip(&lines), &packed] {
        let folder = TempFolder::new();
        folder.write("other.log", plain_lines(7));
        let words = "ingest other.log - --lake lake --json";
        let ingested = run_with_input(&folder, words, bytes).exits(0).json();
        assert_conserved(&ingested);
        assert_eq!(count(&ingested, "/totals/records"), 407);
        let piped: BTreeSet<Vec<String>> = of(&folder).into_iter().collect();
        assert!(expected.iter().all(|row| piped.contains(row)));
        assert_sound(&folder);
    }
}

#[test]
fn standard_input_longer_than_the_sample_is_read_to_its_end() {
    let folder = TempFolder::new();
    // The sample is 16 MiB; agents make the lines long.
    let agent = "x".repeat(400_000);
    let lines = plain_lines(60).replace("Mozilla/5.0", &agent);
    let words = "ingest - --lake lake --json";
    let piped = run_with_input(&folder, words, lines.as_bytes()).exits(0);
    assert_eq!(count(&piped.json(), "/totals/records"), 60);
    assert_eq!(count(&piped.json(), "/totals/bytes"), lines.len() as u64);
    assert_sound(&folder);
}

#[test]
fn many_files_in_one_command_add_up_and_become_one_commit() {
    let folder = TempFolder::new();
    folder.write("first.log", line(0, "GET /first", 200, 0.1));
    ingest(&folder, "first.log");
    let before = count(&info(&folder), "/version");
    let mut expected = 0;
    for file in 0..40_u32 {
        let from = 100 + file * 50;
        let lines = (from..=from + file).map(|second| line(second, "GET /cart", 200, 0.2));
        folder.write(&format!("logs/{file}.log"), lines.collect::<String>());
        expected += u64::from(file) + 1;
    }
    let ingested = ingest(&folder, "logs");
    assert_eq!(list(&ingested, "/sources").len(), 40);
    assert_eq!(count(&ingested, "/totals/records"), expected);
    let after = info(&folder);
    assert_eq!(count(&after, "/version"), before + 1, "one commit");
    assert_eq!(count(&after, "/records"), expected + 1);
    assert_eq!(count(&after, "/sources"), 41);
    let again = ingest(&folder, "logs first.log");
    assert_eq!(count(&again, "/totals/records"), 0);
    assert_eq!(info(&folder), after);
    assert_sound(&folder);
}

/// The cells of the table of formats in the documentation, without code marks.
fn documented_formats() -> Vec<[String; 4]> {
    let page = read("docs/ingest.md");
    let (_, table) = page.split_once("|---|---|---|---|\n").unwrap();
    let rows = table.lines().take_while(|row| row.starts_with('|'));
    let cells = rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        let plain: Vec<String> = cells.map(|cell| cell.trim().replace('`', "")).collect();
        <[String; 4]>::try_from(plain).expect("a row has four cells")
    });
    cells.collect()
}

#[test]
fn the_formats_are_those_of_the_documentation() {
    let folder = TempFolder::new();
    let listed = run(&folder, "ingest --list-formats --json").exits(0).json();
    let shown = run(&folder, "ingest --list-formats").exits(0).out;
    let listed: Vec<[String; 4]> = list(&listed, "")
        .iter()
        .map(|known| {
            ["/name", "/about", "/duration", "/time"]
                .map(|pointer| text(known, pointer).replace('`', ""))
        })
        .collect();
    assert_eq!(listed, documented_formats());
    let names: BTreeSet<&str> = listed.iter().map(|cells| cells[0].as_str()).collect();
    assert_eq!(names.len(), listed.len(), "a name is there once");
    for name in names {
        assert!(shown.lines().any(|line| line == name), "{name}: {shown}");
    }
}

#[test]
fn the_example_of_a_mapping_file_is_valid() {
    let folder = TempFolder::new();
    let example = in_repository("docs/example-mapping.yaml");
    run(&folder, &format!("check {}", example.display())).exits(0);
    run(&folder, "schema mapping").exits(0).json();
    let broken = read("docs/example-mapping.yaml").replace("unit: ms", "unit: minutes");
    folder.write("mapping.yaml", broken);
    folder.write("app.jsonl", "{}\n");
    for words in [
        "check mapping.yaml",
        "ingest app.jsonl --format mapping.yaml --lake lake",
    ] {
        let refused = run(&folder, words).exits(3);
        assert!(refused.err.contains("mapping.yaml"), "{}", refused.err);
    }
}
