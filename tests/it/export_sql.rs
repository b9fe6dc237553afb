//! SQL for other engines: what it names, and what is refused before an engine runs.

use super::engines::lake;
use super::program::run;

#[test]
fn what_makes_no_sense_is_said_before_an_engine_runs() {
    let folder = lake();
    for (words, says) in [
        (
            "rollup --engine spark --spark-submit ./none --lake lake",
            "cannot run `./none`",
        ),
        (
            "rollup --engine spark --window 90s --lake lake",
            "no whole number of minutes",
        ),
        (
            "rollup --engine spark --from 2026-11-27T08:00:30Z --lake lake",
            "no whole minute",
        ),
        (
            "rollup --cells --format json --lake lake",
            "--cells prints CSV",
        ),
        ("rollup --dry-run --lake lake", "--import"),
        ("rollup --engine-cmd true --lake lake", "--dialect"),
        ("export sql --lake lake", "--dialect"),
        (
            "export sql --dialect trino --lake lake",
            "Trino reads tables only",
        ),
        (
            "export sql --dialect athena --table x;y --lake lake",
            "cannot stand in SQL",
        ),
        (
            "export sql --dialect spark --new-only --lake lake",
            "--new-only asks for some files",
        ),
        (
            "export sql --dialect spark --to 2026-11-27T08:00:30Z --lake lake",
            "no whole minute",
        ),
        (
            "export sql --dialect spark --from 2026-11-28 --to 2026-11-27 --lake lake",
            "not before",
        ),
        ("export sql --dialect spark --lake nowhere", "no lake at"),
    ] {
        let ran = run(&folder, words);
        assert!(
            [2, 4].contains(&ran.code),
            "{words}: {} {}",
            ran.code,
            ran.err
        );
        assert!(ran.err.contains(says), "{words}: {}", ran.err);
        assert!(ran.out.is_empty(), "{words}: {}", ran.out);
    }
}

#[test]
fn the_list_names_what_the_lake_has_now() {
    let folder = lake();
    let words = "export sql --dialect spark --lake lake --location s3://logs/lake/ --list files.txt -o rollup.sql";
    run(&folder, words).exits(0);
    let listed = folder.read("files.txt");
    assert_eq!(listed.lines().count(), 3);
    for line in listed.lines() {
        let name = line.strip_prefix("s3://logs/lake/requests/").unwrap();
        assert!(folder.join("lake/requests").join(name).exists());
    }
    let sql = folder.read("rollup.sql");
    assert!(
        sql.contains("FROM delta.`s3://logs/lake/requests` VERSION AS OF "),
        "{sql}"
    );
    assert!(
        sql.starts_with("-- The rollup of a firedrill lake"),
        "{sql}"
    );
}
