//! Kept rollups: they make answers fast, and never different.
//!
//! Whatever happens to `lake/derived`, the same rows give the same bytes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::access_lines::{OracleLine, line, oracle, plain_lines};
use super::ingest::{assert_sound, ingest, slis};
use super::program::{count, list, run, sli, text};
use super::temp_folder::TempFolder;

/// A minute, µs.
const MINUTE_US: i64 = 60_000_000;
/// The relative error of a percentile that the documentation promises.
const PERCENTILE_ERROR: f64 = 0.001;

fn lake_of(log: &str) -> TempFolder {
    let folder = TempFolder::new();
    folder.write("access.log", log);
    ingest(&folder, "access.log");
    folder
}

/// The table of all that rows can be counted apart by.
#[track_caller]
fn table(folder: &TempFolder) -> String {
    let words = "rollup --lake lake --by service,method,route,status,client,channel";
    run(folder, words).exits(0).out
}

/// Everything that is said of the lake.
#[track_caller]
fn answers(folder: &TempFolder) -> [String; 3] {
    let ran = run(folder, "report --lake lake -q -o answers.json");
    assert!([0, 1].contains(&ran.code), "{}", ran.err);
    [slis(folder), table(folder), folder.read("answers.json")]
}

#[test]
fn a_kept_rollup_answers_like_the_first_count_and_like_none() {
    let folder = lake_of(&plain_lines(600));
    let first = answers(&folder);
    let kept = folder.files("lake/derived");
    assert!(!kept.is_empty(), "nothing is kept");
    assert_eq!(answers(&folder), first, "from what is kept");
    assert_eq!(
        folder.files("lake/derived"),
        kept,
        "nothing is counted twice"
    );
    std::fs::remove_dir_all(folder.join("lake/derived")).unwrap();
    assert_eq!(answers(&folder), first, "counted again");
    assert_eq!(folder.files("lake/derived"), kept);
    assert_sound(&folder);
}

#[test]
fn a_kept_file_that_is_gone_or_cut_changes_no_answer() {
    let folder = lake_of(&plain_lines(300));
    let expected = slis(&folder);
    for name in folder.files("lake/derived") {
        let path = folder.join("lake/derived").join(&name);
        let bytes = std::fs::read(&path).unwrap();
        for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..length]).unwrap();
            assert_eq!(slis(&folder), expected, "{name:?} cut at {length}");
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(slis(&folder), expected, "without {name:?}");
    }
}

#[test]
fn a_flipped_byte_of_a_kept_file_changes_no_answer() {
    let folder = lake_of(&plain_lines(300));
    let expected = slis(&folder);
    for name in folder.files("lake/derived") {
        let path = folder.join("lake/derived").join(&name);
        let bytes = std::fs::read(&path).unwrap();
        for at in positions(&bytes) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            std::fs::write(&path, &flipped).unwrap();
            assert_eq!(slis(&folder), expected, "{name:?} flipped at {at}");
        }
        std::fs::write(&path, &bytes).unwrap();
    }
}

/// Some places all over a file, and some digits: a text with another digit is readable still.
fn positions(bytes: &[u8]) -> Vec<usize> {
    let digits: Vec<usize> = (0..bytes.len())
        .filter(|at| bytes[*at].is_ascii_digit())
        .collect();
    let everywhere = (0..bytes.len()).step_by(bytes.len().div_ceil(6));
    let step = digits.len().div_ceil(14).max(1);
    everywhere.chain(digits.into_iter().step_by(step)).collect()
}

#[test]
fn a_lake_whose_rollups_cannot_be_kept_still_answers() {
    let folder = lake_of(&plain_lines(300));
    let expected = answers(&folder);
    std::fs::remove_dir_all(folder.join("lake/derived")).unwrap();
    // A file in the place of the folder refuses even root.
    folder.write("lake/derived", "in the way");
    for _ in 0..2 {
        assert_eq!(answers(&folder), expected);
    }
    assert_eq!(folder.read("lake/derived"), "in the way");
}

#[cfg(unix)]
#[test]
fn a_folder_of_rollups_that_is_read_only_still_answers() {
    use std::os::unix::fs::PermissionsExt;
    let folder = lake_of(&plain_lines(300));
    let expected = answers(&folder);
    let derived = folder.join("lake/derived");
    for path in folder.files("lake/derived") {
        std::fs::remove_file(derived.join(path)).unwrap();
    }
    let allow = |mode| {
        std::fs::set_permissions(&derived, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    allow(0o555);
    // Permissions do not hold for root: then there is nothing to see here.
    let is_refused = std::fs::write(derived.join("probe"), "").is_err();
    let found = is_refused.then(|| answers(&folder));
    allow(0o755);
    if let Some(found) = found {
        assert_eq!(found, expected);
    }
}

#[test]
fn only_what_was_added_is_counted_anew() {
    let log = plain_lines(600);
    let half = log.match_indices('\n').nth(299).unwrap().0 + 1;
    let folder = TempFolder::new();
    folder.write("a.log", &log[..half]);
    folder.write("b.log", &log[half..]);
    ingest(&folder, "a.log");
    slis(&folder);
    let before = batches(&folder);
    ingest(&folder, "b.log");
    let found = answers(&folder);
    let after = batches(&folder);
    assert_eq!(before.len(), 1);
    assert_eq!(after.len(), 2, "one more batch");
    let (name, first) = before.first_key_value().unwrap();
    assert_eq!(after.get(name), Some(first), "what was counted stays");
    let parts = |batch: &str| -> Vec<String> {
        let (_hash, batch) = batch.split_once('\n').unwrap();
        let batch: Value = serde_json::from_str(batch).unwrap();
        let parts = list(&batch, "/parts").iter();
        parts.map(|part| text(part, "").to_owned()).collect()
    };
    let (_, second) = after.iter().find(|(other, _)| *other != name).unwrap();
    assert!(
        parts(second)
            .iter()
            .all(|part| !parts(first).contains(part))
    );
    let [alone_slis, alone_table, _] = answers(&lake_of(&log));
    assert_eq!(found[..2], [alone_slis, alone_table]);
}

/// The indexes of what is counted, by name.
fn batches(folder: &TempFolder) -> BTreeMap<String, String> {
    let names = folder.files("lake/derived").into_iter();
    let names = names.map(|name| name.to_string_lossy().into_owned());
    let names = names.filter(|name| name.starts_with("batch-"));
    names
        .map(|name| {
            let text = folder.read(&format!("lake/derived/{name}"));
            (name, text)
        })
        .collect()
}

#[test]
fn any_order_of_ingest_with_questions_in_between_gives_the_same_bytes() {
    let log = plain_lines(450);
    let lines: Vec<&str> = log.split_inclusive('\n').collect();
    let expected = [slis(&lake_of(&log)), table(&lake_of(&log))];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let folder = TempFolder::new();
        for third in order {
            let name = format!("{third}.log");
            folder.write(&name, lines[third * 150..(third + 1) * 150].concat());
            ingest(&folder, &name);
            slis(&folder);
        }
        assert_eq!([slis(&folder), table(&folder)], expected, "{order:?}");
    }
}

#[test]
fn compaction_changes_no_answer() {
    let log = plain_lines(300);
    let half = log.match_indices('\n').nth(149).unwrap().0 + 1;
    let folder = TempFolder::new();
    for (name, part) in [("a.log", &log[..half]), ("b.log", &log[half..])] {
        folder.write(name, part);
        ingest(&folder, name);
    }
    let expected = answers(&folder);
    run(&folder, "lake compact --lake lake -q").exits(0);
    assert_eq!(answers(&folder), expected, "after the compaction");
    run(&folder, "lake vacuum --lake lake --older-than 0s -q").exits(0);
    assert_eq!(answers(&folder), expected, "after the vacuum");
    std::fs::remove_dir_all(folder.join("lake/derived")).unwrap();
    assert_eq!(answers(&folder), expected, "counted again");
    assert_sound(&folder);
}

#[test]
fn a_changed_limit_is_counted_exactly_whatever_it_is() {
    let times_ms: Vec<u32> = (0..400).map(|index| index * 2_711 % 4_096).collect();
    let lines = (0..).zip(&times_ms);
    let lines = lines.map(|(second, ms)| line(second, "GET /", 200, f64::from(*ms) / 1_000.0));
    let folder = lake_of(&lines.collect::<String>());
    let mut kept = 0;
    // Neighbours share a bucket of the histogram: it is a thousandth wide, and here 1 to 2 ms.
    for limit_ms in [2_050, 2_049, 2_051, 1, 4_095, 3_000, 2_050] {
        let set = format!(
            "name: cut\nwindow: 1m\nevents: {{page: {{}}}}\nslis:\n  - {{kind: latency_cut, name: cut, title: T, event: page, limit: {limit_ms}ms}}\n"
        );
        folder.write("set.yaml", set);
        let document = run(&folder, "sli --lake lake --json --defs set.yaml").json();
        let cut = sli(&document, "cut");
        let within = times_ms.iter().filter(|ms| **ms <= limit_ms).count() as u64;
        assert_eq!(count(cut, "/good"), within, "{limit_ms} ms");
        assert_eq!(count(cut, "/valid"), 400);
        assert_eq!(batches(&folder).len(), 1, "the rows are counted once");
        kept = kept.max(folder.files("lake/derived").len());
    }
    assert!(kept > 2);
}

/// A row as the oracle counts it: requests and their times, ascending.
type OracleRows = BTreeMap<(i64, String, String), Vec<u64>>;

fn oracle_rows(lines: &[OracleLine], window_us: i64) -> OracleRows {
    let mut rows = OracleRows::new();
    for line in lines {
        let route = match line.path.as_str() {
            "/product/7" => "/product/{id}".to_owned(),
            path => path.to_owned(),
        };
        let start_us = line.start_us.div_euclid(window_us) * window_us;
        let class = format!("{}xx", line.status / 100);
        let times = rows.entry((start_us, route, class)).or_default();
        times.push(line.latency_us);
    }
    rows.values_mut().for_each(|times| times.sort_unstable());
    rows
}

fn start_text(start_us: i64) -> String {
    let moment = jiff::Timestamp::from_microsecond(start_us).expect("it is in this age");
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Fails unless `found` is the exact percentile, or at most a thousandth above it.
#[track_caller]
fn assert_percentile(found: u64, times_us: &[u64], percent: usize) {
    let rank = (times_us.len() * percent).div_ceil(100);
    let exact_us = times_us[rank - 1];
    #[expect(clippy::cast_precision_loss, reason = "latencies are below 2^53 µs")]
    let most = exact_us as f64 * (1.0 + PERCENTILE_ERROR);
    #[expect(clippy::cast_precision_loss, reason = "latencies are below 2^53 µs")]
    let is_close = found >= exact_us && found as f64 <= most;
    assert!(is_close, "p{percent} is {exact_us}, not {found}");
}

#[test]
fn a_table_by_route_and_class_is_the_oracle_s_count() {
    let log = plain_lines(600);
    let folder = lake_of(&log);
    // Files that lie wholly inside of the range are counted by their minutes.
    let day = "--from 2026-11-27 --to 2026-11-28";
    for (window, window_us, range) in [
        ("1m", MINUTE_US, ""),
        ("1m", MINUTE_US, day),
        ("5m", 5 * MINUTE_US, day),
        ("20s", 20_000_000, day),
    ] {
        let expected = oracle_rows(&oracle(&log), window_us);
        let words = format!("rollup --lake lake --by route,status-class --window {window} {range}");
        let csv = run(&folder, &words).exits(0).out;
        let mut rows = csv.lines();
        assert_eq!(
            rows.next(),
            Some("start,route,status_class,count,count_with_latency,p50_us,p95_us,p99_us")
        );
        let json = run(&folder, &format!("{words} --json")).exits(0).json();
        assert_eq!(list(&json, "").len(), expected.len());
        for (object, ((start_us, route, class), times_us)) in list(&json, "").iter().zip(&expected)
        {
            assert_eq!(text(object, "/start"), start_text(*start_us));
            assert_eq!(text(object, "/by/route"), route);
            assert_eq!(text(object, "/by/status_class"), class);
            assert_eq!(count(object, "/count"), times_us.len() as u64);
            assert_eq!(count(object, "/count_with_latency"), times_us.len() as u64);
            let [p50_us, p95_us, p99_us] =
                ["/p50_us", "/p95_us", "/p99_us"].map(|pointer| count(object, pointer));
            assert_percentile(p50_us, times_us, 50);
            assert_percentile(p95_us, times_us, 95);
            assert_percentile(p99_us, times_us, 99);
            let requests = times_us.len();
            let row = format!(
                "{},{route},{class},{requests},{requests},{p50_us},{p95_us},{p99_us}",
                start_text(*start_us)
            );
            assert_eq!(rows.next(), Some(row.as_str()));
        }
        assert_eq!(rows.next(), None);
    }
}

#[test]
fn a_table_of_a_part_of_the_time_holds_that_part() {
    let log = plain_lines(600);
    let folder = lake_of(&log);
    let words = "rollup --lake lake --by route,status-class --from 2026-11-27T08:02:00Z --to 2026-11-27T08:05:00Z --json";
    let found = run(&folder, words).exits(0).json();
    let from_us = 1_795_766_400_000_000 + 2 * MINUTE_US;
    let inside = from_us..from_us + 3 * MINUTE_US;
    let lines = oracle(&log).into_iter();
    let lines: Vec<OracleLine> = lines
        .filter(|line| inside.contains(&line.start_us))
        .collect();
    let sum: u64 = list(&found, "")
        .iter()
        .map(|row| count(row, "/count"))
        .sum();
    assert_eq!(sum, lines.len() as u64);
    assert_eq!(list(&found, "").len(), oracle_rows(&lines, MINUTE_US).len());
}

#[test]
fn a_written_table_is_the_printed_one() {
    let folder = lake_of(&plain_lines(100));
    let printed = run(&folder, "rollup --lake lake").exits(0).out;
    run(&folder, "rollup --lake lake -o table.csv").exits(0);
    assert_eq!(folder.read("table.csv"), printed);
    let printed = run(&folder, "rollup --lake lake --json").exits(0).json();
    run(&folder, "rollup --lake lake --format json -o table.json").exits(0);
    let written: Value = serde_json::from_str(&folder.read("table.json")).unwrap();
    assert_eq!(written, printed);
    run(
        &folder,
        "rollup --lake lake --format parquet -o table.parquet",
    )
    .exits(0);
    let bytes = std::fs::read(folder.join("table.parquet")).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
}

#[test]
fn a_table_that_cannot_be_made_is_refused() {
    let folder = lake_of(&plain_lines(10));
    for (words, code, part) in [
        ("--by nonsense", 2, "nonsense"),
        ("--format parquet", 2, "-o FILE.parquet"),
        ("--window 1500ms", 2, "--window"),
        ("--week 2026-W54", 2, "2026-W54"),
        ("--tz Mars/Olympus", 2, "Mars/Olympus"),
        ("-o nowhere/table.csv", 4, "nowhere/table.csv"),
    ] {
        let refused = run(&folder, &format!("rollup --lake lake {words}")).refuses(code);
        assert!(refused.err.contains(part), "{}", refused.err);
    }
}
