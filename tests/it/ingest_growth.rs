//! A log that grows between two ingests is, in the end, one log; a rewritten one is refused.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::access_lines::{line, plain_lines};
use super::ingest::{assert_conserved, assert_sound, gzip, info, ingest, slis};
use super::lake_rows::records;
use super::program::{count, list, run, run_with_input, text};
use super::temp_folder::TempFolder;

/// Long enough for a beginning and an end of 4 KiB that do not meet.
const LINES: u32 = 300;

/// What one ingest of the whole log gives.
struct Whole {
    log: String,
    records: Vec<Vec<String>>,
    slis: String,
}

impl Whole {
    fn new() -> Self {
        let folder = TempFolder::new();
        let log = plain_lines(LINES);
        folder.write("access.log", &log);
        ingest(&folder, "access.log");
        Self {
            records: records(&folder, "lake"),
            slis: slis(&folder),
            log,
        }
    }

    /// Ingests the log as it was at each of `cuts`, and then whole: the lake must be the same.
    fn assert_grown_is_the_same(&self, cuts: &[usize]) {
        let folder = TempFolder::new();
        for cut in cuts {
            folder.write("access.log", &self.log[..*cut]);
            let ran = run(&folder, "ingest access.log --lake lake --json");
            // Less than a whole line is no log yet.
            let is_early = !self.log[..*cut].contains('\n');
            assert!(
                ran.code == 0 || is_early && ran.code == 4,
                "cut at {cuts:?}: {}",
                ran.err
            );
            if ran.code == 0 {
                assert_conserved(&ran.json());
            }
        }
        folder.write("access.log", &self.log);
        ingest(&folder, "access.log");
        assert_same_records(&records(&folder, "lake"), &self.records, cuts);
        let grown = info(&folder);
        assert_eq!(
            (count(&grown, "/sources"), count(&grown, "/rejected")),
            (1, 0),
            "cut at {cuts:?}"
        );
        assert_eq!(slis(&folder), self.slis, "cut at {cuts:?}");
        assert_sound(&folder);
    }

    /// The offset after the `index`-th line, counted from 1.
    fn line_end(&self, index: usize) -> usize {
        self.log
            .match_indices('\n')
            .nth(index - 1)
            .expect("so many lines")
            .0
            + 1
    }
}

/// Fails with the first difference, not with all records.
#[track_caller]
fn assert_same_records(found: &[Vec<String>], expected: &[Vec<String>], cuts: &[usize]) {
    let difference = found
        .iter()
        .zip(expected)
        .find(|(found, expected)| found != expected);
    assert!(
        difference.is_none() && found.len() == expected.len(),
        "cut at {cuts:?}: {} records, not {}; the first difference is {difference:?}",
        found.len(),
        expected.len()
    );
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(20_261_127),
        failure_persistence: None,
        max_shrink_iters: 32,
        ..ProptestConfig::default()
    }
}

#[test]
fn a_log_cut_after_any_line_and_grown_equals_one_ingest() {
    let whole = Whole::new();
    for index in [1, 2, 31, 150, LINES as usize - 1] {
        whole.assert_grown_is_the_same(&[whole.line_end(index)]);
    }
}

#[test]
fn a_log_cut_in_the_middle_of_a_line_and_grown_equals_one_ingest() {
    let whole = Whole::new();
    for index in [60, 200] {
        let end = whole.line_end(index);
        for before in [10, 30, 60] {
            whole.assert_grown_is_the_same(&[end - before]);
        }
    }
}

#[test]
fn a_log_cut_within_its_first_4_kib_and_grown_equals_one_ingest() {
    let whole = Whole::new();
    for cut in [1, 50, 150, 300, 1_000, 4_000] {
        whole.assert_grown_is_the_same(&[cut]);
    }
}

#[test]
fn a_log_cut_within_the_last_number_of_a_line_and_grown_equals_one_ingest() {
    let whole = Whole::new();
    let end = whole.line_end(150);
    for before in 1..=7 {
        whole.assert_grown_is_the_same(&[end - before]);
    }
}

#[test]
fn a_log_that_grows_in_many_steps_equals_one_ingest() {
    let whole = Whole::new();
    let cuts: Vec<usize> = (1..=12).map(|step| whole.line_end(step * 24)).collect();
    whole.assert_grown_is_the_same(&cuts);
}

#[test]
fn a_log_cut_anywhere_twice_and_grown_equals_one_ingest() {
    let whole = Whole::new();
    let anywhere = 1..whole.log.len();
    proptest!(config(16), |(first in anywhere.clone(), second in anywhere)| {
        whole.assert_grown_is_the_same(&[first.min(second), first.max(second)]);
    });
}

#[test]
fn a_last_line_without_an_end_is_read_at_the_latest_when_the_file_is_packed() {
    let folder = TempFolder::new();
    let lines = plain_lines(20);
    let unfinished = lines.trim_end();
    folder.write("access.log", unfinished);
    ingest(&folder, "access.log");
    folder.write("access.log.1.gz", gzip(unfinished));
    ingest(&folder, "access.log.1.gz");
    assert_eq!(records(&folder, "lake").len(), 20);
    assert_sound(&folder);
}

#[test]
fn a_log_and_its_grown_copy_in_one_command_are_one_log() {
    let folder = TempFolder::new();
    let lines = plain_lines(100);
    let cut = lines.match_indices('\n').nth(49).unwrap().0 + 1;
    folder.write("early.log", &lines[..cut]);
    folder.write("late.log", &lines);
    let ingested = ingest(&folder, "early.log late.log");
    assert_eq!(count(&ingested, "/totals/records"), 100);
    assert_eq!(count(&info(&folder), "/sources"), 1);
    assert_sound(&folder);
}

#[test]
fn standard_input_goes_on_where_a_file_ended() {
    let folder = TempFolder::new();
    let lines = plain_lines(100);
    let cut = lines.match_indices('\n').nth(49).unwrap().0 + 1;
    folder.write("access.log", &lines[..cut]);
    ingest(&folder, "access.log");
    let piped = run_with_input(&folder, "ingest - --lake lake --json", lines.as_bytes()).exits(0);
    assert_eq!(count(&piped.json(), "/totals/records"), 50);
    assert_eq!(records(&folder, "lake").len(), 100);
}

#[test]
fn an_older_copy_adds_nothing_however_short_it_is() {
    let folder = TempFolder::new();
    let lines = plain_lines(LINES);
    folder.write("access.log", &lines);
    ingest(&folder, "access.log");
    let before = info(&folder);
    let ends: Vec<usize> = lines.match_indices('\n').map(|(end, _)| end + 1).collect();
    for count_of_lines in [1, 2, 10, 41, 50, ends.len() / 2, ends.len() - 1] {
        folder.write("older.log", &lines[..ends[count_of_lines - 1]]);
        let copy = ingest(&folder, "older.log");
        assert_eq!(count(&copy, "/totals/records"), 0);
        assert_eq!(
            count(&copy, "/totals/already_ingested_lines"),
            count_of_lines as u64
        );
    }
    // In the middle of a line, compressed, and all copies in one command before the whole.
    folder.write("cut.log", &lines[..lines.len() / 2 + 7]);
    folder.write("cut.log.gz", gzip(&lines[..ends[ends.len() / 2]]));
    for name in [
        "cut.log",
        "cut.log.gz",
        "cut.log older.log access.log cut.log.gz",
    ] {
        assert_eq!(
            count(&ingest(&folder, name), "/totals/records"),
            0,
            "{name}"
        );
    }
    assert_eq!(info(&folder), before);
    run(
        &folder,
        "ingest cut.log.gz older.log access.log cut.log --lake other --json",
    )
    .exits(0);
    let [mut once, mut other] = ["lake", "other"].map(|lake| records(&folder, lake));
    once.sort();
    other.sort();
    assert!(
        once == other,
        "the copies first, and then the whole, give other records"
    );
    assert_sound(&folder);
}

#[test]
fn a_log_that_was_truncated_and_written_anew_is_refused_and_the_lake_is_as_it_was() {
    let folder = TempFolder::new();
    let lines = plain_lines(LINES);
    folder.write("access.log", &lines);
    ingest(&folder, "access.log");
    let before = info(&folder);
    let half = &lines[..lines.len() / 2];
    let kept = half.len() - 1_000;
    let anew = format!(
        "{}{}",
        &half[..kept],
        half[kept..].replace("200 512", "404 512")
    );
    folder.write("access.log", anew);
    let refused = run(&folder, "ingest access.log --lake lake --json").refuses(4);
    assert!(
        refused.err.contains("access.log") && refused.err.contains("hint"),
        "{}",
        refused.err
    );
    assert_eq!(info(&folder), before);
    assert_sound(&folder);
}

#[test]
fn a_rewritten_log_is_refused_and_the_lake_is_as_it_was() {
    let folder = TempFolder::new();
    let lines = plain_lines(LINES);
    folder.write("access.log", &lines);
    ingest(&folder, "access.log");
    let before = info(&folder);
    let kept = lines.len() - 1_000;
    let rewritten = format!(
        "{}{}",
        &lines[..kept],
        lines[kept..].replace("200 512", "200 513")
    );
    assert_eq!(rewritten.len(), lines.len());
    folder.write("access.log", rewritten + &line(LINES, "GET /", 200, 0.1));
    let refused = run(&folder, "ingest access.log --lake lake").refuses(4);
    assert!(refused.err.contains("reads differently"), "{}", refused.err);
    assert_eq!(info(&folder), before);
    assert_sound(&folder);
}

#[test]
fn one_refused_log_stops_no_other() {
    let folder = TempFolder::new();
    folder.write("prose.log", "Call me Ishmael.\n");
    folder.write("new.log", line(9, "GET /new", 200, 0.1));
    folder.write("other.log", line(10, "GET /other", 200, 0.1));
    let words = "ingest new.log prose.log other.log --lake lake --json";
    let ran = run(&folder, words).exits(4);
    assert_eq!(count(&ran.json(), "/totals/records"), 2);
    assert!(text(&list(&ran.json(), "/failed")[0], "").contains("prose.log"));
    assert!(ran.err.contains("prose.log"), "{}", ran.err);
    assert_eq!(count(&info(&folder), "/records"), 2);
    assert_sound(&folder);
}
