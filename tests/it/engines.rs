//! Rollups that another engine counted: taken over when they are right, refused when not, and nothing in
//! between. The engine of these tests is a shell; `tests/engines.py` has real ones.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests; what fails is the test"
)]

use std::collections::BTreeSet;

use super::access_lines::plain_lines;
use super::ingest::{assert_sound, ingest, slis};
use super::program::{Ran, command, count, run, text};
use super::temp_folder::TempFolder;

/// Logs of three kinds: with and without latencies, sampled.
pub fn lake() -> TempFolder {
    let folder = TempFolder::new();
    folder.write("a.log", plain_lines(900));
    let plain = plain_lines(200);
    let without_latency = plain.lines().map(|line| {
        let (line, _) = line.rsplit_once(' ').expect("the duration is at the end");
        format!("{line}\n").replace("27/Nov", "28/Nov")
    });
    folder.write("b.log", without_latency.collect::<String>());
    let sampled = (0..60).map(|second| {
        format!(
            "{{\"ts\":\"2026-11-27T08:03:{second:02}Z\",\"m\":\"GET\",\"u\":\"/odd, \\\"route\\\"\",\"s\":200,\"d\":{},\"w\":{}}}\n",
            2_999 + second % 3,
            1 + second % 5
        )
    });
    folder.write("c.jsonl", sampled.collect::<String>());
    let mapping = "format: json\ntime: {form: iso, field: ts, means: start}\nduration: {field: d, unit: ms}\nmethod: {field: m}\ntarget: {field: u}\nstatus: {field: s}\nweight: {field: w}\n";
    folder.write("c.yaml", mapping);
    ingest(&folder, "a.log");
    ingest(&folder, "b.log");
    run(&folder, "ingest c.jsonl --format c.yaml --lake lake -q").exits(0);
    folder
}

/// What an engine would answer to `export sql`, as CSV.
fn answer(folder: &TempFolder) -> String {
    let exported = run(folder, "export sql --dialect duckdb --lake lake --json").exits(0);
    let exported = exported.json();
    let job = text(&exported, "/job");
    let cells = run(folder, "rollup --cells --lake lake").exits(0).out;
    let mut lines = cells.lines();
    let header = lines.next().expect("there is a header");
    let rows = lines.map(|line| format!("{line},{job}\n"));
    format!("{header},job\n{}", rows.collect::<String>())
}

fn import(folder: &TempFolder, name: &str) -> Ran {
    run(folder, &format!("rollup --import {name} --lake lake"))
}

/// Everything that is said of the lake.
fn answers(folder: &TempFolder) -> [String; 3] {
    let ran = run(folder, "report --lake lake -q -o answers.json");
    assert!([0, 1].contains(&ran.code), "{}", ran.err);
    let table = "rollup --lake lake --by service,method,route,status,client,channel";
    let table = run(folder, table).exits(0).out;
    [slis(folder), table, folder.read("answers.json")]
}

fn kept(folder: &TempFolder, prefix: &str) -> BTreeSet<String> {
    let names = folder.files("lake/derived").into_iter();
    let names = names.map(|path| path.to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(prefix)).collect()
}

#[test]
fn what_an_engine_counted_answers_like_what_was_counted_here() {
    let folder = lake();
    let answer = answer(&folder);
    folder.write("cells.csv", &answer);
    let expected = answers(&folder);
    std::fs::remove_dir_all(folder.join("lake/derived")).unwrap();
    // The job went with it, and is exported again.
    run(&folder, "export sql --dialect spark --lake lake -o sql").exits(0);
    let said = run(&folder, "rollup --import cells.csv --lake lake --json")
        .exits(0)
        .json();
    assert_eq!(count(&said, "/rows"), 1_160);
    assert_eq!(count(&said, "/requests"), 900 + 200 + 60 * 3);
    assert_eq!(count(&said, "/parts"), 3);
    let batches = kept(&folder, "batch-");
    let cells = kept(&folder, "cells-");
    assert_eq!((batches.len(), cells.len()), (1, 2), "a batch of two days");
    assert_eq!(answers(&folder), expected);
    assert_eq!(kept(&folder, "batch-"), batches, "nothing is counted again");
    assert_eq!(kept(&folder, "cells-"), cells);
    import(&folder, "cells.csv").exits(0);
    assert_eq!(answers(&folder), expected, "imported twice");
    assert_eq!(kept(&folder, "cells-"), cells);
    assert_sound(&folder);
}

#[test]
fn the_answers_come_from_what_was_imported() {
    let folder = lake();
    folder.write("cells.csv", answer(&folder));
    import(&folder, "cells.csv").exits(0);
    // An SLI set that follows no shoppers needs no row.
    folder.write(
        "plain.yaml",
        "name: plain\nevents: {all: {}}\nslis:\n  - {name: fast, ratio: {of: all, good: {within: 2999ms}}}\n",
    );
    let words = "rollup --engine-cmd false --dialect duckdb --lake lake --window 1m";
    let expected = run(&folder, "rollup --lake lake --window 1m").exits(0).out;
    for path in folder.files("lake/requests") {
        if path
            .extension()
            .is_some_and(|extension| extension == "parquet")
        {
            std::fs::write(folder.join("lake/requests").join(path), "gone").unwrap();
        }
    }
    assert_eq!(run(&folder, words).exits(0).out, expected);
}

#[test]
fn an_imported_table_that_is_damaged_is_counted_again() {
    let folder = lake();
    folder.write("cells.csv", answer(&folder));
    let expected = answers(&folder);
    import(&folder, "cells.csv").exits(0);
    for name in kept(&folder, "cells-") {
        std::fs::write(folder.join("lake/derived").join(name), "nonsense").unwrap();
    }
    assert_eq!(answers(&folder), expected);
    assert_eq!(answers(&folder), expected);
}

/// An answer that is wrong, and what the refusal says.
type Wrong = (&'static str, Box<dyn Fn(&str) -> String>, &'static str);

/// The answer with one cell of its `row`-th line (from 1) replaced.
fn with_cell(answer: &str, row: usize, column: &str, value: &str) -> String {
    let mut reader = csv::Reader::from_reader(answer.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let at = headers.iter().position(|name| name == column).unwrap();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&headers).unwrap();
    for (number, record) in reader.records().enumerate() {
        let record = record.unwrap();
        let fields = record.iter().enumerate().map(|(place, field)| {
            match (number + 1, place) == (row, at) {
                true => value,
                false => field,
            }
        });
        writer.write_record(fields).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn without_column(answer: &str, column: &str) -> String {
    answer.replacen(column, "strange", 1)
}

fn wrong_answers() -> Vec<Wrong> {
    fn cell(column: &'static str, value: &'static str, says: &'static str) -> Wrong {
        (
            column,
            Box::new(move |answer| with_cell(answer, 3, column, value)),
            says,
        )
    }
    vec![
        (
            "a row less",
            Box::new(|answer| {
                let end = answer.trim_end().rfind('\n').unwrap();
                answer[..=end].to_owned()
            }),
            "the lake has 1160 in the 3 parts",
        ),
        (
            "all rows twice",
            Box::new(|answer| {
                let (_, rows) = answer.split_once('\n').unwrap();
                format!("{answer}{rows}")
            }),
            "is there twice in `wrong.csv`",
        ),
        (
            "one row twice, another not",
            Box::new(|answer| {
                // In the middle, and of as many rows.
                let mut lines: Vec<&str> = answer.lines().collect();
                let sums = |line: &str| line.split(',').rev().nth(7).map(ToOwned::to_owned);
                let half = lines.len() / 2;
                let mut places = half..lines.len() - 1;
                let is_alike = |at: &usize| sums(lines[*at]) == sums(lines[at + 1]);
                let at = places.find(is_alike).unwrap();
                lines[at + 1] = lines[at];
                lines.join("\n") + "\n"
            }),
            "is there twice",
        ),
        (
            "no column",
            Box::new(|answer| without_column(answer, "requests")),
            "has no column `requests`",
        ),
        (
            "another column",
            Box::new(|answer| answer.replacen(",job\n", ",job,mine\n", 1)),
            "CSV error",
        ),
        ("an empty file", Box::new(|_| String::new()), "has no rows"),
        (
            "a header alone",
            Box::new(|answer| answer.lines().next().unwrap().to_owned() + "\n"),
            "has no rows",
        ),
        (
            "no table",
            Box::new(|_| "PAR1 and nothing else".to_owned()),
            "cannot read",
        ),
        cell(
            "job",
            "0123456789abcdef",
            "row 3: it answers the job `0123456789abcdef`",
        ),
        cell("origin", "nobody", "row 3: unknown origin `nobody`"),
        cell(
            "status",
            "1200",
            "row 3: `status` is 1200, not between 0 and 999",
        ),
        cell(
            "row_count",
            "x",
            "row 3: `row_count` is `x`, which is no whole number",
        ),
        cell("row_count", "0", "row 3: `row_count` is 0, less than 1"),
        cell("requests", "", "row 3: `requests` is ``"),
        cell(
            "latency_us_max",
            "7",
            "row 3: `latency_us_max` is 7, which is not in bucket",
        ),
        cell(
            "latency_us_sum",
            "999999999999",
            "row 3: `latency_us_sum` is 999999999999, more than",
        ),
        cell("within_3000000", "5", "row 3: `within_3000000` is 5 of"),
        cell("minute", "99999999999", "row 3: `minute` is 99999999999"),
        // Everything adds up, but a route has the requests of another.
        cell(
            "route",
            "/elsewhere",
            "the engine has this series, the lake has it not",
        ),
        cell(
            "client_class",
            "bot",
            "the engine has this series, the lake has it not",
        ),
        cell("latency_us_sum", "1", "requests, 1 µs in sum"),
        (
            "a route that is nowhere, in the middle",
            Box::new(|answer| {
                let half = answer.lines().count() / 2;
                with_cell(answer, half, "route", "/elsewhere")
            }),
            "the engine has this series, the lake has it not",
        ),
    ]
}

#[test]
fn a_wrong_answer_is_refused_with_its_place_and_changes_nothing() {
    let folder = lake();
    let answer = answer(&folder);
    let expected = answers(&folder);
    let before = folder.files("lake/derived");
    for (what, wrong, says) in wrong_answers() {
        let wrong = wrong(&answer);
        assert_ne!(wrong, answer, "{what}");
        folder.write("wrong.csv", wrong);
        let ran = import(&folder, "wrong.csv").exits(4);
        assert!(ran.err.contains(says), "{what}: {}", ran.err);
        assert!(ran.out.is_empty(), "{what}: {}", ran.out);
        assert_eq!(folder.files("lake/derived"), before, "{what}");
    }
    folder.write("right.csv", &answer);
    run(&folder, "rollup --import right.csv --dry-run --lake lake").exits(0);
    assert_eq!(
        folder.files("lake/derived"),
        before,
        "a dry run keeps nothing"
    );
    import(&folder, "right.csv").exits(0);
    assert_eq!(answers(&folder), expected);
}

#[test]
fn an_answer_that_this_lake_did_not_ask_for_is_refused() {
    let folder = lake();
    let answer = answer(&folder);
    folder.write("cells.csv", &answer);
    let selection = run(
        &folder,
        "export sql --dialect spark --origin customer --lake lake",
    )
    .exits(0);
    assert!(
        selection.out.contains("'selection' AS job"),
        "{}",
        selection.out
    );
    let job = answer.trim_end().rsplit(',').next().unwrap();
    folder.write("some.csv", answer.replace(job, "selection"));
    let ran = import(&folder, "some.csv").exits(4);
    assert!(ran.err.contains("some of the requests only"), "{}", ran.err);
    for strange in ["0000000000000000", "../../etc", "x"] {
        folder.write("other.csv", answer.replace(job, strange));
        let ran = import(&folder, "other.csv").exits(4);
        assert!(
            ran.err.contains("which this lake does not know"),
            "{}",
            ran.err
        );
    }
    for name in ["missing.csv", "lake/requests/_delta_log"] {
        import(&folder, name).exits(4);
    }
    run(&folder, "lake compact --lake lake -q").exits(0);
    let ran = import(&folder, "cells.csv").exits(4);
    assert!(ran.err.contains("it was compacted since"), "{}", ran.err);
    assert!(!kept(&folder, "job-").is_empty());
    run(&folder, "lake vacuum --older-than 0s --lake lake -q").exits(0);
    assert_eq!(
        kept(&folder, "job-"),
        BTreeSet::new(),
        "vacuum forgets what cannot be answered"
    );
}

/// Runs `rollup` with a shell as the engine, which finds the right answer at `cells.csv`.
fn with_engine(folder: &TempFolder, script: &str, words: &str) -> Ran {
    folder.write("engine.sh", script);
    let words = format!("rollup --dialect duckdb --lake lake {words} --engine-cmd");
    let mut command = command(folder, &words);
    command.arg("sh engine.sh {sql} {files} {out}");
    command.env("TMPDIR", folder.path());
    let child = super::program::start(&mut command);
    super::program::wait(child)
}

#[test]
fn a_command_counts_what_was_not_counted_yet() {
    let folder = lake();
    folder.write("right.csv", answer(&folder));
    let expected = answers(&folder);
    let table = run(&folder, "rollup --lake lake --by route --window 5m")
        .exits(0)
        .out;
    std::fs::remove_dir_all(folder.join("lake/derived")).unwrap();
    let script = "set -e\ngrep -q 'CAST(COUNT' \"$1\"\n[ $(wc -l < \"$2\") = 3 ]\nfor file in $(cat \"$2\"); do test -f \"$file\"; done\ncp right.csv \"$3\"\n";
    let ran = with_engine(&folder, script, "--by route --window 5m").exits(0);
    assert_eq!(ran.out, table);
    assert_eq!(answers(&folder), expected);
    assert!(
        std::fs::read_dir(folder.join("lake/_staging"))
            .unwrap()
            .next()
            .is_none()
    );
    assert!(!has_log(&folder), "the log of what went well is gone");
    let ran = with_engine(&folder, "exit 1", "--by route --window 5m").exits(0);
    assert!(
        ran.err.contains("everything was counted already"),
        "{}",
        ran.err
    );
    assert_eq!(ran.out, table);
    folder.write("d.log", plain_lines(30).replace("27/Nov", "29/Nov"));
    ingest(&folder, "d.log");
    let ran = with_engine(
        &folder,
        "[ $(wc -l < \"$2\") = 1 ] && echo Error: one file && exit 3",
        "",
    );
    assert!(ran.exits(4).err.contains("Error: one file"));
}

fn has_log(folder: &TempFolder) -> bool {
    let names = folder.files("").into_iter();
    names
        .into_iter()
        .any(|path| path.to_string_lossy().starts_with("firedrill-engine-"))
}

#[test]
fn an_engine_that_fails_changes_nothing_and_says_why() {
    let folder = lake();
    folder.write("right.csv", answer(&folder));
    let expected = answers(&folder);
    std::fs::remove_dir_all(folder.join("lake/derived")).unwrap();
    for (script, words, says) in [
        (
            "echo 'java.lang.SomeException: all workers died' >&2\nexit 1\n",
            "",
            "all workers died (hint: nothing was kept",
        ),
        ("kill -9 $$\n", "", "exit status: 137"),
        ("exit 0\n", "", "left no answer at"),
        (
            "head -n 20 right.csv > \"$3\"\n",
            "",
            "in the 3 parts that it was asked for",
        ),
        ("cp right.csv \"$3\"; exit 1\n", "", "exit status: 1"),
        (
            "tail -f /dev/null\n",
            "--engine-timeout 1s",
            "did not end within 1 s",
        ),
    ] {
        let ran = with_engine(&folder, script, words).exits(4);
        assert!(ran.err.contains(says), "{script}: {}", ran.err);
        assert!(ran.out.is_empty(), "{script}: {}", ran.out);
        assert!(has_log(&folder), "{script}: the log is kept");
        assert_eq!(kept(&folder, "batch-"), BTreeSet::new(), "{script}");
        assert_eq!(kept(&folder, "cells-"), BTreeSet::new(), "{script}");
    }
    with_engine(&folder, "cp right.csv \"$3\"\n", "").exits(0);
    assert_eq!(answers(&folder), expected, "safe to repeat");
}
