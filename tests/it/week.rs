//! The weekly report: a part for each reader, the same numbers in every format, and changes that
//! are changes.

use serde_json::Value;

use super::access_lines::{SimulatedLog, line, plain_lines};
use super::ingest::ingest;
use super::program::{count, list, run, text};
use super::temp_folder::TempFolder;
use super::tidy::read;

/// The week of 27 November 2026.
const WEEK: &str = "--week 2026-W48";

fn lake_of(log: &str) -> TempFolder {
    let folder = TempFolder::new();
    folder.write("access.log", log);
    ingest(&folder, "access.log");
    folder
}

/// Writes a report with `words`, and returns its text; a missed SLI is no failure here.
#[track_caller]
fn report(folder: &TempFolder, words: &str, name: &str) -> String {
    let ran = run(folder, &format!("report --lake lake {words} -q -o {name}"));
    assert!([0, 1].contains(&ran.code), "{}", ran.err);
    folder.read(name)
}

#[track_caller]
fn page(folder: &TempFolder, words: &str) -> Value {
    serde_json::from_str(&report(folder, words, "page.json")).expect("a report is JSON")
}

/// The row of a list whose `key` is `name`.
#[track_caller]
fn row<'a>(rows: &'a [Value], key: &str, name: &str) -> &'a Value {
    let mut found = rows.iter().filter(|row| row[key] == name);
    found
        .next()
        .unwrap_or_else(|| panic!("no {key} `{name}` in {rows:?}"))
}

#[test]
fn a_week_with_an_incident_has_a_part_for_each_reader_and_tells_the_truth() {
    let log = SimulatedLog::of(1_500);
    let folder = lake_of(&log.text);
    let page = page(&folder, WEEK);
    assert_eq!(text(&page, "/title"), "Week 2026-W48");
    for pointer in [
        "/directors/journeys",
        "/directors/key_figures",
        "/directors/reactions",
        "/analysts/breakdowns",
        "/analysts/uptime_curves",
        "/engineers/failures",
        "/engineers/clusters",
        "/engineers/faucets",
        "/engineers/suspects",
        "/slis",
        "/routes",
        "/funnel",
        "/timeline/charts",
        "/method",
    ] {
        assert!(!list(&page, pointer).is_empty(), "{pointer} is empty");
    }
    for reader in ["worst_hour", "contacts"] {
        assert!(page["directors"][reader].is_object(), "{reader}");
    }
    let orders = row(list(&page, "/slis"), "name", "orders_per_min");
    assert_eq!(count(orders, "/count"), count(&log.truth, "/total/orders"));
    // The payment provider failed for twenty minutes in the evening.
    let outage = &log.truth["incidents"][0];
    assert_eq!(text(outage, "/kind"), "payment-outage");
    let failed = count(outage, "/errors_5xx");
    let failures = list(&page, "/engineers/failures").iter();
    let mut failures = failures.filter(|row| row["route"] == "/checkout" && row["status"] == "502");
    let failure = failures.next().expect("the outage is a failure");
    assert_eq!(count(failure, "/requests"), failed);
    assert_eq!(text(failure, "/method"), "POST");
    let clusters = list(&page, "/engineers/clusters").iter();
    let mut clusters = clusters.filter(|row| row["route"] == "/checkout" && row["status"] == "502");
    let cluster = clusters.next().expect("the outage is one problem");
    assert_eq!(count(cluster, "/requests"), failed);
    assert_eq!(count(cluster, "/shoppers"), count(outage, "/shoppers"));
    for pointer in ["/from_us", "/to_us"] {
        let moment_us = cluster.pointer(pointer).and_then(Value::as_i64).unwrap();
        let moment = jiff::Timestamp::from_microsecond(moment_us).unwrap();
        let moment = moment.to_string();
        let during = text(outage, "/start")..text(outage, "/end");
        assert!(during.contains(&moment.as_str()), "{moment}");
    }
    assert!(clusters.next().is_none(), "one problem is one row");
}

#[test]
fn a_problem_names_the_method_of_its_requests() {
    let lines = (0..40).map(|second| line(second, "POST /checkout", 503, 0.1));
    let page = page(&lake_of(&lines.collect::<String>()), WEEK);
    let [cluster] = list(&page, "/engineers/clusters") else {
        panic!("one problem is one row: {}", page["engineers"]["clusters"]);
    };
    assert_eq!(text(cluster, "/method"), "POST");
    assert_eq!(text(cluster, "/route"), "/checkout");
    assert_eq!(text(cluster, "/status"), "503");
    assert_eq!(
        (count(cluster, "/requests"), count(cluster, "/shoppers")),
        (40, 40)
    );
}

#[test]
fn bots_are_no_customers_whom_a_problem_hit() {
    let bot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
    let lines = (0..40).map(|second| line(second, "GET /", 429, 0.1));
    let log = lines.collect::<String>().replace("Mozilla/5.0", bot);
    let page = page(&lake_of(&(log + &line(60, "GET /", 200, 0.1))), WEEK);
    assert_eq!(list(&page, "/engineers/clusters"), &[] as &[Value]);
}

#[test]
fn a_missed_objective_of_the_week_is_no_week_that_passed() {
    // 190 of 200 checkouts went well: 95 %, and the set asks for 98 % a week and nothing else.
    let lines = (0..200).map(|second| {
        let status = if second % 20 == 7 { 503 } else { 200 };
        line(second, "POST /checkout", status, 0.1)
    });
    let folder = lake_of(&lines.collect::<String>());
    folder.write(
        "set.yaml",
        "name: week\nwindow: 1m\nevents: {page: {}}\nslis:\n  - {kind: ratio, name: answered, title: T, event: page, objectives: [{target: 0.98, over: week}]}\n",
    );
    let page = page(&folder, &format!("{WEEK} --defs set.yaml"));
    let answered = row(list(&page, "/slis"), "name", "answered");
    let [objective] = list(answered, "/detail/objectives") else {
        panic!("one objective of one week: {answered}");
    };
    assert_eq!(objective["value"], 0.95);
    assert_eq!(text(objective, "/state"), "missed");
    assert_eq!(text(&page, "/verdict"), "fail");
}

/// A number of the Markdown as a reader takes it, in the unit of the JSON, with half of its last
/// digit; zeros at the end of a whole number may be rounded ones.
fn shown(cell: &str) -> Option<(f64, f64)> {
    let cell = cell.replace('\u{2009}', "");
    let (number, unit) = cell.split_once(' ')?;
    let value: f64 = number.parse().ok()?;
    let places = match number.split_once('.') {
        Some((_, decimals)) => -i32::try_from(decimals.len()).ok()?,
        None => i32::try_from(number.len() - number.trim_end_matches('0').len()).ok()?,
    };
    let scale = match unit {
        "%" => 0.01,
        "µs" | "/min" | "/s" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        other => panic!("unknown unit {other}"),
    };
    Some((value * scale, 0.5001 * 10_f64.powi(places) * scale))
}

#[test]
fn a_number_of_the_markdown_is_read_with_its_last_digit() {
    for (cell, expected) in [
        ("97.3 %", (0.973, 0.0005)),
        ("260 ms", (260_000.0, 5_000.0)),
        ("1\u{2009}234 µs", (1_234.0, 0.5)),
        ("0.004 /min", (0.004, 0.0005)),
    ] {
        let (value, half) = shown(cell).unwrap();
        assert!((value - expected.0).abs() < 1e-9, "{cell}: {value}");
        assert!((half / expected.1 - 1.0).abs() < 1e-3, "{cell}: {half}");
    }
    assert_eq!(shown("no value"), None);
}

#[test]
fn the_markdown_has_the_numbers_of_the_json() {
    let folder = lake_of(&plain_lines(900));
    let page = page(&folder, WEEK);
    let markdown = report(&folder, WEEK, "page.md");
    let (_, levels) = markdown.split_once("## Service levels").unwrap();
    let mut rows = levels.lines().filter(|line| line.starts_with('|')).skip(2);
    for sli in list(&page, "/slis") {
        let cells: Vec<&str> = rows.next().unwrap().split(" | ").collect();
        assert_eq!(cells[0], format!("| {}", text(sli, "/title")));
        assert_eq!(cells[1], text(sli, "/state").replace('_', " "));
        match sli["value"].as_f64() {
            Some(value) => {
                let (found, half) = shown(cells[2]).unwrap();
                assert!((found - value).abs() <= half, "{} is not {value}", cells[2]);
            }
            None => assert_eq!(cells[2], "no value"),
        }
        assert_eq!(cells[4].replace('\u{2009}', ""), sli["count"].to_string());
        assert!(cells[6].contains(&text(sli, "/detail/definition_sha256")[..12]));
    }
    let (_, budgets) = markdown.split_once("## Error budgets").unwrap();
    let mut rows = budgets.lines().filter(|line| line.starts_with('|')).skip(2);
    for sli in list(&page, "/slis") {
        for objective in list(sli, "/detail/objectives") {
            let cells: Vec<&str> = rows.next().unwrap().split(" | ").collect();
            assert_eq!(cells[0], format!("| {}", text(sli, "/title")));
            assert_eq!(cells[2], text(objective, "/over"));
            assert_eq!(cells[3], text(objective, "/state").replace('_', " "));
        }
    }
    let sentence = text(&page, "/sentence");
    assert!(markdown.contains(sentence), "no `{sentence}` in {markdown}");
}

#[test]
fn the_csv_has_the_numbers_of_the_json() {
    let folder = lake_of(&plain_lines(900));
    let page = page(&folder, WEEK);
    let text_of_csv = report(&folder, WEEK, "page.csv");
    let mut reader = csv::Reader::from_reader(text_of_csv.as_bytes());
    let head = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let lines = list(&page, "/slis").iter().flat_map(|sli| {
        let objectives = list(sli, "/detail/objectives").iter().map(Some);
        let none = list(sli, "/detail/objectives").is_empty();
        objectives
            .chain(none.then_some(None))
            .map(move |objective| (sli, objective))
    });
    let lines: Vec<(&Value, Option<&Value>)> = lines.collect();
    assert_eq!(rows.len(), lines.len());
    assert!(lines.len() > list(&page, "/slis").len());
    for (cells, (sli, objective)) in rows.iter().zip(lines) {
        let cell = |name: &str| {
            let column = head.iter().position(|column| column == name);
            cells
                .get(column.expect("it is a column"))
                .expect("rows are whole")
        };
        for name in ["name", "title", "kind"] {
            assert_eq!(cell(name), text(sli, &format!("/{name}")));
        }
        assert_eq!(cell("state"), text(sli, "/state").replace('_', " "));
        assert_eq!(cell("n"), sli["count"].to_string());
        assert_number(cell("value"), sli["value"].as_f64());
        if let Some(objective) = objective {
            assert_eq!(cell("over"), text(objective, "/over"));
            for (name, key) in [
                ("objective", "target"),
                ("objective_value", "value"),
                ("budget_used", "budget_used"),
                ("budget_projected", "budget_projected"),
            ] {
                assert_number(cell(name), objective[key].as_f64());
            }
        }
        for (index, name) in ["interval_low", "interval_high"].iter().enumerate() {
            assert_number(cell(name), sli["interval"][index].as_f64());
        }
        for (name, pointer) in [
            ("good", "/detail/good"),
            ("excluded", "/detail/data/excluded"),
            ("missing_windows", "/detail/data/missing_windows"),
            ("windows", "/detail/data/windows"),
            ("value_with_excluded", "/detail/value_with_excluded"),
        ] {
            assert_number(cell(name), sli.pointer(pointer).and_then(Value::as_f64));
        }
        assert_eq!(
            cell("definition_sha256"),
            text(sli, "/detail/definition_sha256")
        );
    }
}

/// Fails unless a cell is the number in 12 digits, or empty where there is none.
#[track_caller]
fn assert_number(cell: &str, expected: Option<f64>) {
    match expected {
        None => assert_eq!(cell, ""),
        Some(expected) => {
            let found: f64 = cell.parse().expect("it is a number");
            let most = 1e-11 * expected.abs();
            assert!(
                (found - expected).abs() <= most,
                "{found} is not {expected}"
            );
        }
    }
}

#[test]
fn two_reports_are_the_same_bytes_in_every_format() {
    let folder = lake_of(&plain_lines(600));
    folder.write("happened.csv", read("docs/example-annotations.csv"));
    let words = format!("{WEEK} --annotations happened.csv --compare previous");
    for kind in ["html", "md", "json", "csv"] {
        let name = format!("page.{kind}");
        let first = report(&folder, &words, &name);
        assert!(!first.is_empty());
        assert_eq!(report(&folder, &words, &name), first, "{kind}");
    }
}

/// A request every ten seconds from 7:00 to 10:00 on the day of the example's incident, of which
/// every other one fails after it.
fn around_the_incident() -> String {
    let lines = (0..3 * 360).map(|index| {
        let second = index * 10;
        let is_after = second >= 91 * 60;
        let status = if is_after && index % 2 == 0 { 500 } else { 200 };
        let (hour, minute) = (7 + second / 3_600, second / 60 % 60);
        format!(
            "192.0.2.{} - - [27/Nov/2026:{hour:02}:{minute:02}:{:02} +0000] \"GET / HTTP/1.1\" {status} 512 \"-\" \"Mozilla/5.0\" 0.000\n",
            index % 50,
            second % 60
        )
    });
    lines.collect()
}

#[test]
fn annotations_are_marks_and_compare_what_was_before_and_after() {
    let folder = lake_of(&around_the_incident());
    folder.write("happened.csv", read("docs/example-annotations.csv"));
    folder.write("happened.yaml", read("docs/example-annotations.yaml"));
    let words = format!("{WEEK} --annotations happened.csv");
    let page = page(&folder, &words);
    let rows = list(&page, "/engineers/annotations");
    let kinds: Vec<&str> = rows.iter().map(|row| text(row, "/kind")).collect();
    assert_eq!(kinds, ["campaign", "incident"], "of this week only");
    let answered = |kind: &str| {
        let changes = list(row(rows, "kind", kind), "/changes");
        row(changes, "sli", "Requests answered").clone()
    };
    // The incident ends at 8:31: before it all went well, after it every other request failed.
    let incident = answered("incident");
    assert_eq!(
        (&incident["before"], &incident["after"]),
        (&1.0.into(), &0.5.into())
    );
    assert_eq!(incident["is_outside_noise"], true);
    // In the hour from 8:00 on, the last 29 minutes are bad.
    let campaign = answered("campaign");
    assert_eq!(campaign["before"], 1.0);
    assert_eq!(campaign["after"], (360.0 - 29.0 * 3.0) / 360.0);
    let marks = list(&page, "/timeline/marks");
    for label in ["Newsletter: doors open", "Payment queue full"] {
        row(marks, "label", label);
        assert!(report(&folder, &words, "page.html").contains(label));
    }
    let by_list = report(
        &folder,
        &format!("{WEEK} --annotations happened.yaml"),
        "page.json",
    );
    assert_eq!(by_list, report(&folder, &words, "page.json"));
}

#[test]
fn annotations_that_cannot_be_read_are_refused_with_their_place() {
    let folder = lake_of(&plain_lines(60));
    folder.write(
        "bad.csv",
        "at,until,kind,label\nyesterday,,deploy,Something\n",
    );
    folder.write(
        "kind.yaml",
        "- {at: 2026-11-27T08:00:00Z, kind: party, label: Something}\n",
    );
    for (name, part) in [("bad.csv", "yesterday"), ("kind.yaml", "party")] {
        let words = format!("report --lake lake {WEEK} --annotations {name} -o page.html");
        let refused = run(&folder, &words).refuses(3);
        assert!(refused.err.contains(name), "{}", refused.err);
        assert!(refused.err.contains(part), "{}", refused.err);
        assert!(!folder.join("page.html").exists());
    }
}

#[test]
fn only_what_noise_does_not_explain_is_told_as_a_change() {
    // Both weeks hold requests from Monday's first second to Sunday's last.
    let edge = |day: u32, time: &str| {
        line(0, "GET /", 200, 0.0)
            .replace("27/Nov/2026:08:00:00", &format!("{day}/Nov/2026:{time}"))
    };
    let lines = plain_lines(900);
    let log = edge(23, "00:00:00") + &lines + &edge(29, "23:59:59");
    let earlier = edge(16, "00:00:00") + &lines.replace("27/Nov", "20/Nov") + &edge(22, "23:59:59");
    let changes = |later: &str| -> Vec<String> {
        let folder = TempFolder::new();
        folder.write("earlier.log", &earlier);
        folder.write("later.log", later);
        ingest(&folder, "earlier.log later.log");
        let words = format!("{WEEK} --compare previous");
        let page = page(&folder, &words);
        let changes = list(&page, "/directors/changes").iter();
        let changes: Vec<String> = changes.map(|said| text(said, "").to_owned()).collect();
        let markdown = report(&folder, &words, "page.md");
        for said in &changes {
            assert!(
                markdown.contains(said.as_str()),
                "no `{said}` in {markdown}"
            );
        }
        changes
    };
    assert_eq!(changes(&log), Vec::<String>::new(), "the same week again");
    // One more failure among nine hundred is noise.
    let barely = log.replacen("\" 200 ", "\" 503 ", 1);
    assert_eq!(changes(&barely), Vec::<String>::new());
    let bad = changes(&log.replace("\" 200 ", "\" 503 "));
    let fell = |said: &String| said.starts_with("Requests answered fell from 9");
    assert!(
        bad.iter()
            .any(|said| fell(said) && said.ends_with(" to 0 %.")),
        "{bad:?}"
    );
    assert!(
        bad.iter().any(|said| said.starts_with("Orders fell from ")),
        "{bad:?}"
    );
}

#[test]
fn a_week_that_nothing_precedes_has_nothing_to_compare_with() {
    let folder = lake_of(&plain_lines(300));
    for what in ["previous", "last-year"] {
        let page = page(&folder, &format!("{WEEK} --compare {what}"));
        assert_eq!(page["directors"]["changes"], Value::Null, "{what}");
    }
    let words = format!("report --lake lake {WEEK} --compare nobody -o page.html");
    let refused = run(&folder, &words).refuses(2);
    assert!(refused.err.contains("nobody"), "{}", refused.err);
}

#[test]
fn key_figures_of_an_unchanged_week_are_unchanged() {
    // Six orders an hour by day, none by night, in two weeks that are whole.
    let edge = |date: &str| line(0, "GET /", 200, 0.0).replace("27/Nov/2026:08:00:00", date);
    let mut log = edge("16/Nov/2026:00:00:00") + &edge("29/Nov/2026:23:59:59");
    for day in 16..=29 {
        for order in 0..16 * 6 {
            let (hour, minute) = (6 + order / 6, order % 6 * 10);
            log.push_str(&format!(
                "192.0.2.1 - - [{day}/Nov/2026:{hour:02}:{minute:02}:00 +0000] \"POST /checkout HTTP/1.1\" 303 512 \"-\" \"Mozilla/5.0\" 0.000\n"
            ));
        }
    }
    let page = page(&lake_of(&log), WEEK);
    let orders = row(list(&page, "/directors/key_figures"), "title", "Orders");
    let last_week = row(list(orders, "/comparisons"), "against", "last week");
    let change = last_week["change_share"]
        .as_f64()
        .expect("the week before is known");
    // The last minute of the lake is not whole.
    assert!(
        change.abs() < 0.001,
        "the same orders are {change} more: {orders}"
    );
    assert_ne!(last_week["is_outside_noise"], true, "{last_week}");
}
