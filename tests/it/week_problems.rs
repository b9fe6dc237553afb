//! Who was hit by what in a week, which parameter is slow, what brought shoppers, and what was to be
//! expected; all of it in logs that are counted by hand.

use serde_json::Value;

use super::ingest::ingest;
use super::program::{count, list, run, text};
use super::temp_folder::TempFolder;

const WEEK: &str = "report --lake lake --week 2026-W48 --window 1h -q";

/// One line: day of November 2026, second after 08:00, shopper, target, status, seconds it took.
fn line(day: u32, second: u32, shopper: u32, target: &str, status: u16, time_s: f64) -> String {
    let (minutes, seconds) = (second / 60 % 60, second % 60);
    format!(
        "192.0.2.{shopper} - - [{day:02}/Nov/2026:08:{minutes:02}:{seconds:02} +0000] \"{target} HTTP/1.1\" {status} 512 \"-\" \"Mozilla/5.0\" {time_s:.3}\n"
    )
}

fn lake_of(log: &str, words: &str) -> TempFolder {
    let folder = TempFolder::new();
    folder.write("access.log", log);
    ingest(&folder, &format!("access.log --site shop.example {words}"));
    folder
}

#[track_caller]
fn report(folder: &TempFolder, words: &str, name: &str) -> String {
    let ran = run(folder, &format!("{WEEK} {words} -o {name}"));
    assert!([0, 1].contains(&ran.code), "{}", ran.err);
    folder.read(name)
}

#[track_caller]
fn page(folder: &TempFolder, words: &str) -> Value {
    serde_json::from_str(&report(folder, words, "page.json")).expect("a report is JSON")
}

#[test]
fn whoever_fails_on_several_days_is_one_customer_whom_the_failure_hit() {
    let days = [23, 24, 27].into_iter();
    let failures = days.flat_map(|day| {
        (1..=3).flat_map(move |shopper| {
            [0, 20].map(|second| line(day, second + shopper, shopper, "POST /checkout", 503, 0.1))
        })
    });
    let log = failures.collect::<String>() + &line(27, 90, 9, "POST /checkout", 502, 0.1);
    let folder = lake_of(&log, "");
    let page = page(&folder, "");
    let rows = list(&page, "/engineers/failures").iter();
    let rows: Vec<(&str, u64, u64)> = rows
        .map(|row| {
            let status = text(row, "/status");
            (status, count(row, "/requests"), count(row, "/shoppers"))
        })
        .collect();
    assert_eq!(rows, [("503", 18, 3), ("502", 1, 1)]);
    let markdown = report(&folder, "", "page.md");
    let row = markdown.lines().find(|line| line.contains("| 503 | 18 |"));
    assert!(row.is_some_and(|row| row.ends_with("| 3 |")), "{markdown}");
}

/// Searches of which those sorted by price are slow.
fn searches() -> String {
    let searches = (0..600).map(|second| {
        let target = match second % 4 {
            0 => "GET /search?sort=price&q=hat",
            1 => "GET /search?sort=name&q=hat",
            _ => "GET /search?q=hat",
        };
        let time_s = if second % 4 == 0 { 2.5 } else { 0.05 };
        line(27, second, second % 50, target, 200, time_s)
    });
    searches.collect()
}

#[test]
fn a_slow_value_of_a_kept_parameter_is_a_suspect() {
    let page = page(&lake_of(&searches(), "--keep-query sort"), "");
    let suspects = list(&page, "/engineers/suspects").iter();
    let suspects: Vec<&Value> = suspects
        .filter(|row| row["parameter"].is_string())
        .collect();
    let [sorted_by_price, sorted] = suspects[..] else {
        panic!("`sort=price`, and `sort` for holding it: {suspects:?}");
    };
    assert_eq!(text(sorted_by_price, "/parameter"), "sort=price");
    assert_eq!(text(sorted_by_price, "/route"), "/search");
    assert_eq!(count(sorted_by_price, "/requests"), 150);
    assert!(count(sorted_by_price, "/p95_us") > 2_000_000);
    assert!(count(sorted_by_price, "/p95_elsewhere_us") < 100_000);
    assert_eq!(
        (text(sorted, "/parameter"), count(sorted, "/requests")),
        ("sort", 300)
    );
}

#[test]
fn without_kept_parameters_the_report_says_that_only_routes_are_looked_at() {
    let folder = lake_of(&searches(), "");
    let page = page(&folder, "");
    let suspects = list(&page, "/engineers/suspects").iter();
    assert!(suspects.clone().all(|row| row["parameter"].is_null()));
    let unknowns = list(&page, "/unknowns").iter();
    let mut unknowns = unknowns.filter_map(Value::as_str);
    assert!(unknowns.any(|unknown| unknown.contains("--keep-query")));
}

#[test]
fn a_visit_belongs_to_the_channel_that_brought_it() {
    let landing = "GET /?utm_source=newsletter&utm_medium=email";
    let mut log = line(27, 0, 1, landing, 200, 0.1);
    for second in 1..6 {
        log += &line(27, second, 1, "GET /product/7", 200, 0.1);
    }
    log += &line(27, 6, 1, "POST /checkout", 503, 0.1);
    log += &line(27, 7, 2, "GET /product/7", 200, 0.1);
    let page = page(&lake_of(&log, ""), "");
    let breakdown = &list(&page, "/analysts/breakdowns")[0];
    assert_eq!(text(breakdown, "/by"), "channel");
    let rows = list(breakdown, "/rows").iter();
    let rows: Vec<(&str, u64)> = rows
        .map(|row| (text(row, "/name"), count(row, "/requests")))
        .collect();
    let [(brought, 7), ("", 1)] = rows[..] else {
        panic!("seven requests of the newsletter, one of nothing: {rows:?}");
    };
    assert!(brought.contains("newsletter"), "{brought}");
    assert_eq!(list(breakdown, "/rows")[0]["errors_share"], 1.0 / 7.0);
    let faucets = list(&page, "/engineers/faucets");
    assert_eq!(text(&faucets[0], "/name"), brought);
    assert_eq!(count(&faucets[0], "/requests"), 7);
}

#[test]
fn the_markdown_has_breakdowns_and_what_was_done_to_the_shop() {
    let mut log: String = (0..1_200)
        .map(|second| {
            let status = if second < 1_000 { 200 } else { 503 };
            line(27, second, second % 50, "POST /checkout", status, 0.1)
        })
        .collect();
    log += &line(27, 2_400, 1, "GET /", 200, 0.1);
    let folder = lake_of(&log, "");
    folder.write(
        "done.csv",
        "at,until,kind,label,channel,url\n2026-11-27T08:16:00Z,,deploy,New payment | page,,\n",
    );
    let words = "--annotations done.csv --window 1m";
    let ran = run(
        &folder,
        &format!("report --lake lake --week 2026-W48 -q {words} -o page.md"),
    );
    assert!([0, 1].contains(&ran.code), "{}", ran.err);
    let markdown = folder.read("page.md");
    for heading in ["### By channel", "### By route", "### By client class"] {
        assert!(markdown.contains(heading), "{heading} in {markdown}");
    }
    let (_, after) = markdown.split_once("## Before and after").unwrap();
    assert!(after.contains("deploy, New payment \\| page"), "{after}");
    let row = after
        .lines()
        .find(|line| line.starts_with("| Checkouts answered well"));
    let row = row.unwrap_or_else(|| panic!("checkouts are compared: {after}"));
    assert!(
        row.contains("| 100 % |") && row.ends_with("**beyond noise** |"),
        "{row}"
    );
}

#[test]
fn an_hour_in_maintenance_is_no_history_of_what_is_expected() {
    // 60 orders an hour on three Fridays; on the second the shop was closed.
    let orders =
        |day: u32| (0..60).map(move |at| line(day, at * 60 + 30, at, "POST /order", 201, 0.1));
    let around = [6, 13, 20, 27].map(|day| line(day, 3_599, 1, "GET /", 200, 0.1));
    let log: String = orders(6).chain(orders(13)).chain(orders(27)).collect();
    // The lake goes on all the time, so that silence is silence.
    let always: String = (6..=28)
        .flat_map(|day| (0..24).map(move |hour| (day, hour)))
        .map(|(day, hour)| {
            line(day, 0, 1, "GET /", 200, 0.1).replace(":08:00:00", &format!(":{hour:02}:30:00"))
        })
        .collect();
    let folder = lake_of(&(around.concat() + &log + &always), "");
    let set = "name: w\nwindow: 1h\nevents: {order: {method: POST, route: /order}}\nexpected: {weeks: 3}\nslis:\n  - {kind: rate, name: orders, title: Orders, event: order, per: minute}\n";
    let maintenance =
        "exclusions:\n  - {reason: move, from: 2026-11-20T08:00, to: 2026-11-20T08:30}\n";
    let expected = |set: &str| {
        folder.write("set.yaml", set);
        let page = page(&folder, "--defs set.yaml");
        let charts = list(&page, "/timeline/charts").iter();
        let mut charts = charts.filter(|chart| chart["title"] == "Orders");
        let chart = charts.next().expect("orders have a chart").clone();
        let series = list(&chart, "/series");
        let names: Vec<&str> = series.iter().map(|series| text(series, "/name")).collect();
        assert_eq!(names[1..2], ["expected"], "{names:?}");
        // Friday at 08:00 is hour 104 of the week.
        let at = |index: usize| {
            let values = list(&series[index], "/values");
            values[104].as_f64().expect("an hour of a known week")
        };
        assert!(at(2) <= at(1) && at(1) <= at(3), "the line is in its band");
        at(1)
    };
    let without = expected(&format!("{set}{maintenance}"));
    assert!((without - 1.0).abs() < 1e-9, "{without}");
    assert!(expected(set) < 0.99);
}
