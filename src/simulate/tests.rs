//! The written logs against their truth, read by a parser that shares no code with the writer.

use super::tests_folder::Folder;
use super::{
    Incident, IncidentKind, Incidents, SimulateError, SimulationPlan, TRUTH_FILE, Truth,
    TruthCounts, simulate,
};
use crate::time_window::TimeWindow;
use jiff::civil::{DateTime, date};
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

/// Thursday and Black Friday of a small shop: about 30,000 lines.
fn plan() -> SimulationPlan {
    SimulationPlan {
        start_day: date(2026, 11, 26),
        days: 2,
        shoppers_per_day: 500,
        seed: 42,
        incidents: Incidents::Planted,
        contacts: None,
    }
}

fn run(plan: &SimulationPlan, folder: &Folder) -> Truth {
    simulate(plan, &folder.0, &mut |_| {}).unwrap()
}

/// A line, taken apart without any knowledge of how it was made.
struct Line {
    client: String,
    end_s: i64,
    method: String,
    route: String,
    status: u16,
    user_agent: String,
    time_ms: u32,
}

fn read(text: &str) -> Line {
    let parts: Vec<&str> = text.split('"').collect();
    let [before, request, middle, _referrer, _, user_agent, time] = parts[..] else {
        panic!("not three quoted fields: {text}");
    };
    let before: Vec<&str> = before.split(' ').collect();
    let [client, "-", "-", time_local, "+0000]", ""] = before[..] else {
        panic!("the beginning is not `client - - [time +0000] `: {text}");
    };
    let middle: Vec<&str> = middle.split(' ').collect();
    let ["", status, bytes, ""] = middle[..] else {
        panic!("no status and bytes: {text}");
    };
    bytes.parse::<u64>().unwrap();
    client.parse::<std::net::IpAddr>().unwrap();
    let (method, route) = route_of(request);
    Line {
        client: client.to_owned(),
        end_s: end_s(time_local),
        method,
        route,
        status: status.parse().unwrap(),
        user_agent: user_agent.to_owned(),
        time_ms: time_ms(time),
    }
}

fn end_s(time_local: &str) -> i64 {
    let time = DateTime::strptime("[%d/%b/%Y:%H:%M:%S", time_local).unwrap();
    time.to_zoned(jiff::tz::TimeZone::UTC)
        .unwrap()
        .timestamp()
        .as_second()
}

/// ` 0.123` in ms.
fn time_ms(text: &str) -> u32 {
    let (seconds, decimals) = text.strip_prefix(' ').unwrap().split_once('.').unwrap();
    assert_eq!(decimals.len(), 3, "{text}");
    seconds.parse::<u32>().unwrap() * 1_000 + decimals.parse::<u32>().unwrap()
}

fn route_of(request: &str) -> (String, String) {
    let words: Vec<&str> = request.split(' ').collect();
    let [method, target, "HTTP/1.1"] = words[..] else {
        assert!(
            request == "-" || request.starts_with(r"\x16\x03\x01"),
            "{request}"
        );
        return ("-".to_owned(), "/{malformed}".to_owned());
    };
    let path = target.split('?').next().unwrap();
    let route = match path.rsplit_once('/').unwrap() {
        ("/product", id) if id.parse::<u32>().is_ok() => "/product/{id}",
        ("/api/stock", id) if id.parse::<u32>().is_ok() => "/api/stock/{id}",
        ("/static", name) => match name.rsplit_once('.').unwrap().1 {
            "css" => "/static/{file}.css",
            "js" => "/static/{file}.js",
            "webp" => "/static/{image}",
            "woff2" => "/static/{font}",
            other => panic!("{other}"),
        },
        _ => path,
    };
    (method.to_owned(), route.to_owned())
}

fn lines(path: &Path) -> Vec<Line> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(read).collect()
}

fn is_robot(user_agent: &str) -> bool {
    ["bot", "Bot", "Robot", "python", "Censys"]
        .iter()
        .any(|word| user_agent.contains(word))
}

fn count(lines: &[Line]) -> TruthCounts {
    let number =
        |keep: &dyn Fn(&Line) -> bool| lines.iter().filter(|line| keep(line)).count() as u64;
    let is = |line: &Line, method, route| line.method == method && line.route == route;
    let is_human = |line: &Line| line.method != "-" && !is_robot(&line.user_agent);
    let mut requests = BTreeMap::new();
    let mut statuses = BTreeMap::new();
    for line in lines {
        *requests
            .entry(format!("{} {}", line.method, line.route))
            .or_default() += 1;
        *statuses.entry(line.status).or_default() += 1;
    }
    let shoppers: HashSet<_> = lines
        .iter()
        .filter(|line| is_human(line))
        .map(|line| &line.client)
        .collect();
    TruthCounts {
        lines: lines.len() as u64,
        human_requests: number(&is_human),
        bot_requests: number(&|line| line.method != "-" && is_robot(&line.user_agent)),
        malformed_lines: number(&|line| line.method == "-"),
        shoppers: shoppers.len() as u64,
        orders: number(&|line| is(line, "POST", "/checkout") && line.status == 200),
        cart_adds: number(&|line| is(line, "POST", "/cart") && line.status == 200),
        errors_5xx: number(&|line| (500..=599).contains(&line.status)),
        checkouts_slower_than_1_s: number(&|line| {
            is(line, "POST", "/checkout") && line.time_ms > 1_000
        }),
        requests,
        statuses,
    }
}

#[test]
fn the_truth_is_what_an_independent_count_of_the_files_says() {
    let folder = Folder::new();
    let truth = run(&plan(), &folder);
    assert_eq!(
        folder.names(),
        ["access-2026-11-26.log", "access-2026-11-27.log", TRUTH_FILE]
    );
    let mut all = Vec::new();
    for day in &truth.days {
        let path = folder.0.join(&day.file);
        assert_eq!(fs::metadata(&path).unwrap().len(), day.bytes);
        let lines = lines(&path);
        assert_eq!(count(&lines), day.counts, "{}", day.day);
        all.extend(lines);
    }
    assert_eq!(count(&all), truth.total);
    let text = fs::read_to_string(folder.0.join(TRUTH_FILE)).unwrap();
    assert_eq!(serde_json::from_str::<Truth>(&text).unwrap(), truth);
}

#[test]
fn a_seed_decides_every_byte() {
    let folders = [Folder::new(), Folder::new(), Folder::new()];
    let seeds = [42, 42, 43];
    let mut texts = Vec::new();
    for (folder, seed) in folders.iter().zip(seeds) {
        run(
            &SimulationPlan {
                seed,
                days: 1,
                ..plan()
            },
            folder,
        );
        let text = |name: &String| fs::read(folder.0.join(name)).unwrap();
        texts.push(folder.names().iter().map(text).collect::<Vec<_>>());
    }
    assert_eq!(texts[0], texts[1]);
    assert_ne!(texts[0][0], texts[2][0]);
}

/// FNV-1a of a whole small log: it must be the same on every platform and with every compiler.
#[test]
fn the_bytes_of_a_plan_never_change_unnoticed() {
    let folder = Folder::new();
    run(
        &SimulationPlan {
            shoppers_per_day: 200,
            ..plan()
        },
        &folder,
    );
    let text = fs::read(folder.0.join("access-2026-11-27.log")).unwrap();
    let hash = text.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    assert_eq!(format!("{hash:016x}"), "6ff3864412af35c3");
}

#[test]
fn lines_are_in_order_of_their_end_but_for_two_seconds_and_none_leaves_its_day() {
    let folder = Folder::new();
    let truth = run(&plan(), &folder);
    let first_midnight_s = end_s("[26/Nov/2026:00:00:00");
    for (day, midnight_s) in truth
        .days
        .iter()
        .zip((0..).map(|day| first_midnight_s + day * 86_400))
    {
        let mut latest_s = midnight_s;
        let mut late = 0;
        for line in lines(&folder.0.join(&day.file)) {
            assert!((midnight_s..midnight_s + 86_400).contains(&line.end_s));
            assert!(
                line.end_s >= latest_s - 3,
                "{} after {latest_s}",
                line.end_s
            );
            late += u64::from(line.end_s < latest_s);
            latest_s = latest_s.max(line.end_s);
        }
        assert!(
            late > 0 && late * 20 < day.counts.lines,
            "{late} late lines"
        );
    }
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn shares_are_those_of_a_shop() {
    let folder = Folder::new();
    let truth = run(
        &SimulationPlan {
            shoppers_per_day: 3_000,
            ..plan()
        },
        &folder,
    );
    let [ordinary, black_friday] = &truth.days[..] else {
        panic!("not two days")
    };
    for (counts, shoppers, conversion) in [
        (&ordinary.counts, 3_000.0, 0.022..0.040),
        (&black_friday.counts, 9_000.0, 0.036..0.056),
    ] {
        let share = |part: u64, whole: u64| part as f64 / whole as f64;
        assert!(
            (counts.shoppers as f64 / shoppers - 1.0).abs() < 0.08,
            "{}",
            counts.shoppers
        );
        let robots = share(counts.bot_requests, counts.lines);
        assert!((0.11..0.19).contains(&robots), "{robots}");
        let converted = share(counts.orders, counts.shoppers);
        assert!(conversion.contains(&converted), "{converted}");
        let abandoned = 1.0 - share(counts.orders, counts.cart_adds);
        assert!((0.55..0.85).contains(&abandoned), "{abandoned}");
        let malformed = share(counts.malformed_lines, counts.lines);
        assert!((0.0001..0.002).contains(&malformed), "{malformed}");
    }
}

#[test]
fn an_incident_is_visible_in_its_window_and_not_before() {
    let folder = Folder::new();
    let plan = SimulationPlan {
        start_day: date(2026, 11, 27),
        days: 1,
        shoppers_per_day: 5_000,
        ..plan()
    };
    let truth = run(&plan, &folder);
    let outage = truth.incidents.last().unwrap();
    assert_eq!(outage.kind, IncidentKind::PaymentOutage);
    assert_eq!(outage.start, "2026-11-27T20:10:00Z");
    assert_eq!(outage.end, "2026-11-27T20:30:00Z");
    let window_ms = (
        end_s("[27/Nov/2026:20:10:00") * 1_000,
        end_s("[27/Nov/2026:20:30:00") * 1_000,
    );
    let (mut inside, mut failed, mut failed_outside) = (0, 0, 0);
    for line in lines(&folder.0.join("access-2026-11-27.log")) {
        if line.route != "/checkout" {
            continue;
        }
        // The end is known to the second only.
        let start_ms = line.end_s * 1_000 - i64::from(line.time_ms);
        let is_inside = (window_ms.0..window_ms.1).contains(&start_ms);
        inside += u64::from(is_inside);
        failed += u64::from(is_inside && line.status == 502);
        failed_outside += u64::from(!is_inside && line.status == 502);
    }
    assert!(
        inside.abs_diff(outage.requests) <= 2,
        "{inside} for {}",
        outage.requests
    );
    assert!(failed * 10 > inside * 7, "{failed} of {inside} failed");
    assert!(failed_outside <= 3, "{failed_outside} failed outside");
    assert!(outage.slower_than_1_s * 10 > outage.requests * 9);
    assert!(outage.shoppers > 0 && outage.shoppers <= outage.requests);
}

#[test]
fn named_incidents_replace_the_planted_ones_and_leave_the_arrivals_alone() {
    let folders = [Folder::new(), Folder::new()];
    let calm = SimulationPlan {
        days: 1,
        incidents: Incidents::Named(Vec::new()),
        ..plan()
    };
    let start_us = end_s("[26/Nov/2026:12:00:00") * 1_000_000;
    let incident = Incident {
        kind: IncidentKind::SlowSearch,
        window: TimeWindow {
            start_us,
            end_us: start_us + 3_600_000_000,
        },
        error_share: 1.0,
        latency_factor: 1.0,
    };
    let bad = SimulationPlan {
        incidents: Incidents::Named(vec![incident]),
        ..calm.clone()
    };
    let [calm, bad] = [run(&calm, &folders[0]), run(&bad, &folders[1])];
    assert!(calm.incidents.is_empty());
    assert_eq!(bad.incidents[0].errors_5xx, bad.incidents[0].requests);
    assert!(bad.incidents[0].requests > 15);
    // The arrivals are the same; at most the last visitor's first line falls behind midnight.
    assert!(calm.total.shoppers.abs_diff(bad.total.shoppers) <= 2);
}

#[test]
fn a_bad_plan_writes_nothing() {
    let folder = Folder::new();
    let error = simulate(
        &SimulationPlan { days: 0, ..plan() },
        &folder.0,
        &mut |_| {},
    )
    .unwrap_err();
    assert!(matches!(error, SimulateError::Plan(_)));
    assert!(!folder.0.exists());
}

#[test]
fn an_existing_file_is_kept_and_nothing_else_is_written() {
    for name in ["access-2026-11-27.log", TRUTH_FILE] {
        let folder = Folder::new();
        fs::create_dir_all(&folder.0).unwrap();
        fs::write(folder.0.join(name), "mine").unwrap();
        let error = simulate(&plan(), &folder.0, &mut |_| {}).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(name) && text.contains("hint: choose another folder"),
            "{text}"
        );
        assert_eq!(fs::read_to_string(folder.0.join(name)).unwrap(), "mine");
        assert_eq!(folder.names(), [name]);
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = Folder::new();
    fs::write(&folder.0, "a file where the folder should be").unwrap();
    let error = simulate(&plan(), &folder.0.join("below"), &mut |_| {}).unwrap_err();
    fs::remove_file(&folder.0).unwrap();
    assert!(matches!(error, SimulateError::Write { .. }), "{error:?}");
    assert!(error.to_string().contains("below"));
}

#[test]
fn what_a_killed_run_left_is_replaced() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).unwrap();
    fs::write(
        folder.0.join(".access-2026-11-26.log.partial"),
        "half a line",
    )
    .unwrap();
    let truth = run(&plan(), &folder);
    assert_eq!(folder.names().len(), 3);
    assert_eq!(
        lines(&folder.0.join(&truth.days[0].file)).len() as u64,
        truth.days[0].counts.lines
    );
}

#[test]
fn progress_grows_to_the_bytes_of_all_files() {
    let folder = Folder::new();
    let mut reports = Vec::new();
    let truth = simulate(&plan(), &folder.0, &mut |bytes| reports.push(bytes)).unwrap();
    assert!(reports.is_sorted() && reports.len() > 5);
    assert_eq!(
        reports.last().copied(),
        Some(truth.days.iter().map(|day| day.bytes).sum())
    );
}

#[test]
fn one_shopper_a_day_across_the_new_year_leaves_a_file_for_every_day() {
    let folder = Folder::new();
    let plan = SimulationPlan {
        start_day: date(2026, 12, 30),
        days: 5,
        shoppers_per_day: 1,
        ..plan()
    };
    let truth = run(&plan, &folder);
    assert_eq!(truth.days.len(), 5);
    assert_eq!(truth.days[4].file, "access-2027-01-03.log");
    assert_eq!(folder.names().len(), 6);
}
