//! Rehearsals of a few seconds, from the first shopper to the report and the lake.

use serde_json::Value;

use super::ingest::{assert_sound, info};
use super::lake_rows::rows;
use super::program::{
    Ran, command, count, interrupt, list, run, sli, start, text, wait, wait_for_line,
};
use super::sli::assert_sli_shape;
use super::surge_file::{ANY_PAGE_SLIS, LOOK, Surge, WIDE_SLIS};
use super::target_server::TargetServer;
use super::temp_folder::TempFolder;

/// A folder with the files that a rehearsal of `surge` needs.
pub fn prepared(surge: &Surge) -> TempFolder {
    let folder = TempFolder::new();
    folder.write("short.yaml", surge.yaml());
    folder.write("wide.yaml", WIDE_SLIS);
    folder.write("any-page.yaml", ANY_PAGE_SLIS);
    folder
}

/// Rehearses `short.yaml` under the wide SLIs into `lake`.
pub fn rehearse(folder: &TempFolder, more: &str) -> Ran {
    let words = format!("rehearse short.yaml --sli-defs wide.yaml --lake lake --json {more}");
    run(folder, &words)
}

/// Fails unless shoppers and requests add up, in the document and in the lake.
#[track_caller]
pub fn assert_nobody_is_lost(folder: &TempFolder, rehearsed: &Value) {
    let counted = |pointer: &str| count(rehearsed, pointer);
    assert_eq!(
        counted("/offered_arrivals"),
        counted("/started") + counted("/dropped")
    );
    let gone = counted("/completed") + counted("/gave_up") + counted("/cut");
    assert_eq!(counted("/started"), gone, "{rehearsed}");
    assert_eq!(counted("/records_lost"), 0);
    let run_id = text(rehearsed, "/run_id");
    let origins = rows(&folder.join("lake/requests"), &["run_id", "origin"]);
    let own = origins
        .iter()
        .filter(|row| row[0] == run_id && row[1] == "drill")
        .count();
    assert_eq!(own as u64, counted("/requests"));
    assert_sound(folder);
}

/// Fails unless each answered request of the lake has a time to its first byte, and the document their
/// percentile.
#[track_caller]
fn assert_first_bytes_are_in_the_lake(folder: &TempFolder, rehearsed: &Value) {
    let columns = ["status", "service_us", "first_byte_us"];
    let mut found: Vec<u64> = Vec::new();
    for row in rows(&folder.join("lake/requests"), &columns) {
        assert_eq!(row[0] == "0", row[2].is_empty(), "{row:?}");
        let number = |text: &str| text.parse::<u64>().ok();
        assert!(number(&row[2]) <= number(&row[1]), "{row:?}");
        found.extend(number(&row[2]));
    }
    found.sort_unstable();
    let rank = (found.len() * 99).div_ceil(100);
    let (own, expected) = (count(rehearsed, "/first_byte_us/p99"), found[rank - 1]);
    assert!(
        own.abs_diff(expected) * 1_000 <= expected,
        "{own} {expected}"
    );
}

/// Fails unless `sli --run` says the very same of the run as the rehearsal itself.
#[track_caller]
fn assert_judged_the_same(folder: &TempFolder, rehearsed: &Value, defs: &str) {
    let run_id = text(rehearsed, "/run_id");
    let words = format!("sli --lake lake --json --run {run_id} --defs {defs}");
    let judged = run(folder, &words).json();
    assert_eq!(judged["slis"], rehearsed["slis"]);
}

#[test]
fn a_rehearsal_within_its_slis_passes_and_says_everything_that_is_documented() {
    let folder = prepared(&Surge::default());
    let rehearsed = rehearse(&folder, "--report page.html").exits(0).json();
    assert_eq!(text(&rehearsed, "/verdict"), "pass");
    for key in ["run_id", "lake", "report"] {
        assert!(!text(&rehearsed, &format!("/{key}")).is_empty());
    }
    for key in ["offered_arrivals", "started", "completed", "requests"] {
        assert!(count(&rehearsed, &format!("/{key}")) > 0, "{key}");
    }
    count(&rehearsed, "/dropped");
    for quantile in ["p50", "p99", "max"] {
        count(&rehearsed, &format!("/schedule_lag_us/{quantile}"));
    }
    for latency in ["response_us", "service_us", "first_byte_us"] {
        let of = |quantile: &str| count(&rehearsed, &format!("/{latency}/{quantile}"));
        assert!(0 < of("p50") && of("p50") <= of("p95"), "{latency}");
        assert!(
            of("p95") <= of("p99") && of("p99") <= of("max"),
            "{latency}"
        );
    }
    assert!(count(&rehearsed, "/service_us/p50") <= count(&rehearsed, "/response_us/p50"));
    assert!(count(&rehearsed, "/first_byte_us/p50") <= count(&rehearsed, "/service_us/p50"));
    assert_first_bytes_are_in_the_lake(&folder, &rehearsed);
    assert_sli_shape(&rehearsed);
    assert!(folder.read("page.html").contains("</html>"));
    assert_nobody_is_lost(&folder, &rehearsed);
    assert_judged_the_same(&folder, &rehearsed, "wide.yaml");
}

#[test]
fn a_rehearsal_past_the_capacity_of_the_shop_fails() {
    let folder = prepared(&Surge {
        target: "{shop: {checkouts_per_s: 1, payment_time: 20ms, payment_queue: 1}}".to_owned(),
        ..Surge::default()
    });
    let rehearsed = rehearse(&folder, "").exits(1).json();
    assert_eq!(text(&rehearsed, "/verdict"), "fail");
    let success = sli(&rehearsed, "checkout_success");
    assert_eq!(text(success, "/state"), "missed");
    assert!(count(success, "/good") < count(success, "/valid"));
    assert!(count(&rehearsed, "/gave_up") > 0);
    assert_nobody_is_lost(&folder, &rehearsed);
    assert_judged_the_same(&folder, &rehearsed, "wide.yaml");
}

#[test]
fn the_same_seed_offers_the_same_shoppers() {
    let folder = prepared(&Surge {
        length_s: 2,
        ..Surge::default()
    });
    let offered = |more: &str| {
        let rehearsed = rehearse(&folder, more).json();
        assert_nobody_is_lost(&folder, &rehearsed);
        count(&rehearsed, "/offered_arrivals")
    };
    let first = offered("--run-id first --seed 11");
    assert_eq!(offered("--run-id again --seed 11"), first);
    assert_ne!(
        offered("--run-id other --seed 13"),
        first,
        "choose another pair of seeds"
    );
    assert_eq!(list(&info(&folder), "/runs"), ["again", "first", "other"]);
    let due = |run_id: &str| {
        let all = rows(&folder.join("lake/requests"), &["run_id", "route", "ts"]);
        let mut due: Vec<String> = all
            .into_iter()
            .filter(|row| row[0] == run_id && row[1] == "/")
            .map(|row| row[2].clone())
            .collect();
        due.sort();
        // Runs begin at a whole second: within it the due times are those of the seed.
        due.iter()
            .map(|ts| ts.split_once('.').map_or("0", |(_, part)| part).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(due("first"), due("again"));
    assert_ne!(due("first"), due("other"));
}

#[test]
fn evenly_spaced_shoppers_are_as_many_as_the_curve_says() {
    let folder = prepared(&Surge {
        arrivals: "even",
        steps: LOOK,
        ..Surge::default()
    });
    let words = "rehearse short.yaml --sli-defs any-page.yaml --lake lake --json";
    let rehearsed = run(&folder, words).exits(0).json();
    let offered = count(&rehearsed, "/offered_arrivals");
    assert!((29..=31).contains(&offered), "{offered}");
    assert_eq!(count(&rehearsed, "/requests"), offered);
    assert_eq!(count(&rehearsed, "/completed"), offered);
    assert_nobody_is_lost(&folder, &rehearsed);
}

#[test]
fn a_generator_behind_its_schedule_makes_the_run_invalid() {
    let folder = prepared(&Surge {
        schedule_lag_p99: "1us",
        ..Surge::default()
    });
    let rehearsed = rehearse(&folder, "").exits(5).json();
    assert_eq!(text(&rehearsed, "/verdict"), "invalid");
    assert!(!list(&rehearsed, "/invalid_because").is_empty());
    assert!(count(&rehearsed, "/schedule_lag_us/p99") > 1);
    assert_nobody_is_lost(&folder, &rehearsed);
}

#[test]
fn an_interrupted_rehearsal_keeps_what_it_did_and_writes_its_report() {
    let server = TargetServer::start();
    let folder = prepared(&Surge {
        target: format!("{{base_url: '{}'}}", server.base_url()),
        shoppers_per_s: 40,
        length_s: 600,
        steps: LOOK,
        ..Surge::default()
    });
    let words =
        "rehearse short.yaml --sli-defs any-page.yaml --lake lake --json --report page.json";
    let mut child = start(&mut command(&folder, words));
    let (_, _stderr) = wait_for_line(&mut child, "rehearsing short");
    // Two seconds of shoppers, so that there is a whole second to judge.
    let awaited = 80;
    server.wait_for_answers(awaited);
    interrupt(&child);
    let stopped = super::program::wait(child).exits(6).json();
    assert_eq!(text(&stopped, "/verdict"), "stopped");
    assert!(count(&stopped, "/requests") >= awaited as u64);
    assert!(
        count(&stopped, "/offered_arrivals") < 24_000,
        "it was not stopped"
    );
    let page: Value = serde_json::from_str(&folder.read("page.json")).unwrap();
    // Shoppers came evenly, for one page each: those who were planned by the stop came by the stop.
    for rows in ["/rehearsal/shoppers", "/rehearsal/requests"] {
        let rows = list(&page, rows);
        let [planned, came] = [0, 1].map(|row| rows[row]["count"].as_f64().unwrap());
        assert!((planned - came).abs() <= 20.0, "{rows:?}");
    }
    assert_nobody_is_lost(&folder, &stopped);
    assert_judged_the_same(&folder, &stopped, "any-page.yaml");
}

#[test]
fn quiet_rehearsals_are_quiet_and_others_name_their_report() {
    let folder = prepared(&Surge {
        length_s: 1,
        ..Surge::default()
    });
    let words = "rehearse short.yaml --sli-defs wide.yaml --lake lake";
    let quiet = run(&folder, &format!("{words} -q --run-id quiet"));
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
    assert!(
        folder.join("quiet.html").exists(),
        "without --report it is beside the lake"
    );
    let told = run(&folder, &format!("{words} --run-id told --color never"));
    assert!(
        told.out.contains("told.html") && told.out.contains("exit "),
        "{}",
        told.out
    );
}

#[test]
fn requests_that_the_lake_does_not_take_are_lost_and_named() {
    let folder = prepared(&Surge::default());
    let words = "rehearse short.yaml --sli-defs wide.yaml --lake lake --json --report page.json";
    let mut child = start(&mut command(&folder, words));
    let (_, _stderr) = wait_for_line(&mut child, "rehearsing short");
    // A file is where new parts are written first.
    let staging = folder.join("lake/_staging");
    let _ = std::fs::remove_dir_all(&staging);
    std::fs::write(&staging, "").expect("the folder is gone");
    let ran = wait(child).exits(4);
    let rehearsed = ran.json();
    let lost = count(&rehearsed, "/records_lost");
    assert!(lost > 0);
    assert_eq!(lost, count(&rehearsed, "/requests"), "none is in the lake");
    let unknown = format!("{} requests were made but not recorded.", lost);
    assert!(folder.read("page.json").contains(&unknown), "{unknown}");
}
