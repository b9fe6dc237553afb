//! Exports that cannot be learned from: one clear message with a cure, and nothing written.

use super::program::{Ran, count, list, run, text};
use super::temp_folder::TempFolder;
use super::tidy::in_repository;

/// Three weeks of a small shop.
fn lake() -> TempFolder {
    let folder = TempFolder::new();
    run(
        &folder,
        "simulate --start 2026-08-31 --days 21 --shoppers-per-day 150 --seed 2 --tickets --contacts-per-1000 200 --episodes 8 -o weeks -q",
    )
    .exits(0);
    run(&folder, "ingest weeks --keep-query order --lake lake -q").exits(0);
    folder
}

fn calibrate(folder: &TempFolder, words: &str) -> Ran {
    run(
        folder,
        &format!("calibrate --lake lake --resamples 100 --sli availability {words}"),
    )
}

#[test]
fn what_cannot_be_learned_from_is_refused_with_its_cure_and_nothing_is_written() {
    let folder = lake();
    let good = folder.read("weeks/tickets.csv");
    let rows: Vec<&str> = good.lines().skip(1).collect();
    let header = good.lines().next().expect("there is a header");
    let with = |change: &dyn Fn(usize, &str) -> Option<String>| {
        let changed = rows
            .iter()
            .enumerate()
            .filter_map(|(index, row)| change(index, row));
        changed.fold(format!("{header}\n"), |text, row| text + &row + "\n")
    };
    let cell = |row: &str, place: usize, text: &str| {
        let mut cells: Vec<&str> = row.split(',').collect();
        cells[place] = text;
        cells.join(",")
    };
    let created = |row: &str| row.split(',').nth(1).expect("there is a time").to_owned();
    for (name, text, code, words) in [
        ("empty.csv", String::new(), 4, "has no tickets"),
        ("header.csv", format!("{header}\n"), 4, "has no tickets"),
        (
            "no-created.csv",
            good.replacen("created_at", "when", 1),
            4,
            "no column is the created time of a ticket",
        ),
        (
            "mixed.csv",
            with(&|index, row| {
                Some(if index % 3 == 0 {
                    row.replacen("Z,", ",", 1)
                } else {
                    row.to_owned()
                })
            }),
            4,
            "created times mix zones",
        ),
        (
            "naive.csv",
            with(&|_, row| Some(row.replacen("Z,", ",", 1))),
            4,
            "created times have no time zone",
        ),
        (
            "unreadable.csv",
            with(&|index, row| {
                Some(if index % 10 == 0 {
                    cell(row, 1, "soon")
                } else {
                    row.to_owned()
                })
            }),
            4,
            "rows cannot be read, more than 5 %",
        ),
        (
            "import.csv",
            with(&|_, row| Some(cell(row, 1, &format!("{}:00:00Z", &created(row)[..13])))),
            4,
            "these are times of an import",
        ),
        (
            "gap.csv",
            with(&|_, row| (!created(row).starts_with("2026-09-09")).then(|| row.to_owned())),
            4,
            "the export has gaps: no ticket on 2026-09-09",
        ),
        (
            "other-weeks.csv",
            with(&|_, row| Some(row.replacen("2026-", "2025-", 1))),
            4,
            "no ticket is of the weeks in the lake",
        ),
        (
            "shifted.csv",
            good.replacen(header, "Id,Created at,Requester id,Via,Order ID,Session", 1)
                .replace("\n1", "\nx1"),
            4,
            "text in the column of ticket numbers",
        ),
        (
            "utf16.csv",
            "\u{feff}a\0b\0".to_owned(),
            4,
            "is not CSV in UTF-8",
        ),
    ] {
        folder.write(name, text);
        let refused = calibrate(&folder, &format!("--tickets {name}")).refuses(code);
        assert!(
            refused.err.contains(words) && refused.err.contains("(hint: "),
            "{name}: {}",
            refused.err
        );
        assert!(!folder.join("thresholds").exists(), "{name}");
    }
}

#[test]
fn wrong_usage_is_refused_before_anything_is_read() {
    let folder = lake();
    folder.write("broken.yaml", "tickets: zendesc\n");
    folder.write("zone.yaml", "tickets: auto\ntime_zone: Mars/Olympus\n");
    for (words, code, message) in [
        ("--tickets missing.csv", 4, "cannot read `missing.csv`"),
        (
            "--tickets weeks/tickets.csv --columns created=Opened",
            2,
            "the file has no column `Opened`",
        ),
        (
            "--tickets weeks/tickets.csv --columns creatd=created_at",
            2,
            "did you mean `created`",
        ),
        (
            "--tickets weeks/tickets.csv --columns broken.yaml",
            3,
            "broken.yaml:1:",
        ),
        (
            "--tickets weeks/tickets.csv --columns zone.yaml",
            3,
            "zone.yaml:2:12: unknown time zone `Mars/Olympus`",
        ),
        (
            "--tickets weeks/tickets.csv --tickets-tz Mars/Olympus",
            2,
            "unknown time zone",
        ),
        (
            "--tickets weeks/tickets.csv --sli availabilty",
            2,
            "did you mean `availability`",
        ),
        (
            "--tickets weeks/tickets.csv --reason magic",
            2,
            "no ticket has the reason `magic`",
        ),
        (
            "--tickets weeks/tickets.csv --multiple 1",
            2,
            "is not above 1",
        ),
        (
            "--tickets weeks/tickets.csv --window 7m",
            2,
            "a whole fraction of a day",
        ),
        (
            "--tickets weeks/tickets.csv --report page.pdf",
            2,
            "is written as .html, .md or .json",
        ),
        (
            "--tickets weeks/tickets.csv --week 2026-W50",
            4,
            "no requests of origin",
        ),
        (
            "--tickets weeks/tickets.csv --agents 3",
            2,
            "--sessions-per-hour",
        ),
    ] {
        let words = match words.contains("--sli") {
            true => format!("calibrate --lake lake {words}"),
            false => format!("calibrate --lake lake --resamples 100 --sli availability {words}"),
        };
        let refused = run(&folder, &words).exits(code);
        assert!(refused.err.contains(message), "{words}: {}", refused.err);
        assert!(!folder.join("thresholds").exists(), "{words}");
    }
}

#[test]
fn an_export_in_another_dialect_gives_the_same_contacts() {
    let folder = lake();
    let plain = calibrate(&folder, "--tickets weeks/tickets.csv --json").json();
    let rows = folder.read("weeks/tickets.csv");
    let dialect = rows.lines().skip(1).map(|row| {
        let cells: Vec<&str> = row.split(',').collect();
        let created: jiff::Timestamp = cells[1].parse().expect("it is a time");
        let local = created
            .in_tz("America/New_York")
            .expect("the zone is known");
        format!(
            "{};\"secret words;\nof a customer\";{};{};{};{}",
            cells[0],
            local.strftime("%m/%d/%Y %I:%M:%S %p"),
            cells[2],
            cells[4],
            cells[5]
        )
    });
    let dialect: Vec<String> = dialect.collect();
    folder.write(
        "freshdesk.csv",
        format!(
            "\u{feff}Ticket ID;Subject;Created time;Type;Order ID;Session\r\n{}\r\n",
            dialect.join("\r\n")
        ),
    );
    let other = calibrate(
        &folder,
        "--tickets freshdesk.csv --tickets-tz America/New_York --json",
    );
    let other = other.json();
    assert_eq!(text(&other, "/tickets/preset"), "freshdesk");
    for pointer in [
        "/tickets/gross",
        "/tickets/net",
        "/linked/found",
        "/linked/of_a_session",
    ] {
        assert_eq!(count(&other, pointer), count(&plain, pointer), "{pointer}");
    }
    assert_eq!(
        other["calibration"]["counts"],
        plain["calibration"]["counts"]
    );
    assert!(!other.to_string().contains("secret"));
}

#[test]
fn every_row_is_accounted_for() {
    let folder = lake();
    let text_of = folder.read("weeks/tickets.csv");
    let first = text_of
        .lines()
        .nth(1)
        .expect("there is a ticket")
        .to_owned();
    folder.write("more.csv", format!("{text_of}{first}\n900001,,delivery,chat,,\n900002,2026-08-01T10:00:00Z,delivery,chat,,\n"));
    let learned = calibrate(&folder, "--tickets more.csv --json").json();
    let dropped: u64 = list(&learned, "/tickets/dropped")
        .iter()
        .map(|dropped| count(dropped, "/rows"))
        .sum();
    assert_eq!(dropped, 3);
    assert_eq!(
        count(&learned, "/tickets/rows"),
        count(&learned, "/tickets/gross") + dropped
    );
    let told = calibrate(&folder, "--tickets more.csv");
    for words in [
        "1 rows, the same ticket again (first in line ",
        "1 rows, no created time",
        "1 rows, outside of the range of the lake",
    ] {
        assert!(told.out.contains(words), "{words}: {}", told.out);
    }
}

#[test]
fn the_example_of_a_mapping_file_is_valid_and_has_a_schema() {
    let folder = TempFolder::new();
    let example = in_repository("docs/example-tickets.yaml");
    let checked = run(&folder, &format!("check --json {}", example.display()))
        .exits(0)
        .json();
    assert_eq!(text(&checked, "/0/kind"), "tickets");
    let schema = run(&folder, "schema tickets").exits(0).json();
    assert!(schema.pointer("/properties/columns").is_some(), "{schema}");
}
