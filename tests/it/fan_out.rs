//! A rehearsal that several processes drive together: one schedule, one lake, one verdict.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::thread;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::ingest::assert_sound;
use super::lake_rows::rows;
use super::program::{Ran, command, count, list, run, start, text, wait, wait_for_line};
use super::surge_file::WIDE_SLIS;
use super::target_server::TargetServer;
use super::temp_folder::TempFolder;

/// Two kinds of shoppers, thresholds of one journey and of all, a moment in a timeline.
fn surge(base_url: &str, traffic: &str) -> String {
    format!(
        "name: cut\nseed: 5\ntarget: {{base_url: '{base_url}'}}\n\
         traffic: {traffic}\n\
         channels: [{{name: mail, share: 1}}, {{name: direct, share: 1}}]\n\
         shoppers: [{{name: one, share: 2, journey: look}}, {{name: other, share: 1, journey: glance}}]\n\
         journeys: {{look: [{{get: '/product/{{product}}'}}], glance: [{{get: /}}]}}\n\
         thresholds:\n\
         \x20 - {{sli: response_p99, above: 25s, for: 1s, window: 1s, journey: look, channel: mail}}\n\
         \x20 - {{sli: requests, below: 1/s, for: 1s, window: 1s}}\n\
         products: 100\n\
         limits: {{in_flight: 100, drain: 30s, schedule_lag_p99: 10s}}\n"
    )
}

const TRAFFIC: &str =
    "{arrivals: poisson, curve: [{at: 0s, shoppers_per_s: 40}, {at: 3s, shoppers_per_s: 20}]}";

/// A folder with a scenario against `target`.
fn prepared(target: &TargetServer, traffic: &str) -> TempFolder {
    let folder = TempFolder::new();
    folder.write("cut.yaml", surge(&target.base_url(), traffic));
    // The target is no shop: what is left are SLIs of any page.
    let any = WIDE_SLIS
        .lines()
        .filter(|line| !line.contains("checkout") && !line.contains("order"));
    folder.write("any.yaml", any.collect::<Vec<_>>().join("\n"));
    folder
}

fn words(shard: &str, more: &str) -> String {
    format!(
        "rehearse cut.yaml --sli-defs any.yaml --lake lake --json --run-id cut --shard {shard} --clock none {more}"
    )
}

fn begin(folder: &TempFolder, shard: &str, more: &str) -> Child {
    start(&mut command(folder, &words(shard, more)))
}

/// Drives these shards at once, to their ends.
fn drive(folder: &TempFolder, shards: &[&str], more: &str) -> Vec<Ran> {
    let children = shards.iter().map(|shard| begin(folder, shard, more));
    let children: Vec<Child> = children.collect();
    children.into_iter().map(wait).collect()
}

fn judge(folder: &TempFolder, more: &str) -> Ran {
    run(
        folder,
        &format!("rehearse --judge cut --sli-defs any.yaml --lake lake --json {more}"),
    )
}

/// Facts of a run, as the lake keeps them.
fn facts(folder: &TempFolder, run_id: &str) -> Value {
    serde_json::from_str(&folder.read(&format!("lake/runs/{run_id}.json"))).expect("facts are JSON")
}

/// Who came when, µs since the start, and where: every request of a run.
fn arrivals(folder: &TempFolder, run_id: &str) -> BTreeSet<(String, i64, String)> {
    let started_us = facts(folder, run_id)["started_us"]
        .as_i64()
        .expect("it started");
    let columns = ["run_id", "shopper", "ts", "route", "channel"];
    let own = rows(&folder.join("lake/requests"), &columns).into_iter();
    let own = own.filter(|row| row[0] == run_id);
    let arrivals = own.map(|row| {
        let due: Timestamp = row[2].parse().expect("a time");
        let place = format!("{} {}", row[3], row[4]);
        (row[1].clone(), due.as_microsecond() - started_us, place)
    });
    arrivals.collect()
}

/// Why the judge says that the run does not count.
fn reasons(judged: &Value) -> String {
    let reasons = list(judged, "/invalid_because").iter();
    reasons
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn shards_together_are_the_run_of_one_process_and_are_judged_alike() {
    let target = TargetServer::start();
    let folder = prepared(&target, TRAFFIC);
    let ends = drive(&folder, &["1/3", "2/3", "3/3"], "--start-at +3s");
    for (shard, end) in (1..).zip(ends) {
        let end = end.exits(0).json();
        assert_eq!(text(&end, "/state"), "valid");
        assert_eq!((count(&end, "/shard"), count(&end, "/shards")), (shard, 3));
    }
    let judged = judge(&folder, "--report cut.html").exits(0).json();
    let one = "rehearse cut.yaml --sli-defs any.yaml --lake lake --json --run-id one";
    let whole = run(&folder, one).exits(0).json();

    assert_eq!(arrivals(&folder, "cut"), arrivals(&folder, "one"));
    for counted in [
        "offered_arrivals",
        "started",
        "completed",
        "dropped",
        "withheld",
        "requests",
    ] {
        assert_eq!(judged[counted], whole[counted], "{counted}");
    }
    assert_eq!(text(&judged, "/verdict"), "pass");
    for kept in [
        "arrivals_per_s",
        "planned_per_s",
        "planned_requests",
        "peak_shoppers_per_s",
        "judged_us",
        "seed",
        "print",
    ] {
        assert_eq!(
            facts(&folder, "cut")[kept],
            facts(&folder, "one")[kept],
            "{kept}"
        );
    }
    for (cut, one) in list(&judged, "/thresholds")
        .iter()
        .zip(list(&whole, "/thresholds"))
    {
        for same in ["demand", "state", "limit", "count", "values"] {
            assert_eq!(cut[same], one[same], "{same}");
        }
    }
    for (cut, one) in list(&judged, "/slis").iter().zip(list(&whole, "/slis")) {
        assert_eq!(
            (&cut["name"], &cut["valid"], &cut["state"]),
            (&one["name"], &one["valid"], &one["state"])
        );
    }
    let ends: Vec<&str> = list(&judged, "/shards")
        .iter()
        .map(|shard| text(shard, "/end"))
        .collect();
    assert_eq!(ends, ["valid"; 3]);
    assert!(folder.read("cut.html").contains("3 of 3 valid"));

    // From now on the run is known like any other, and to judge it again changes nothing.
    let again = run(&folder, "sli --lake lake --json --run cut --defs any.yaml").json();
    assert_eq!(again["slis"], judged["slis"]);
    let repeated = judge(&folder, "--report cut.html cut.yaml").exits(0).json();
    assert_eq!(repeated, judged);
    assert_eq!(
        list(
            &run(&folder, "lake info --lake lake --json").json(),
            "/runs"
        ),
        ["cut", "one"]
    );
    assert_sound(&folder);
}

#[test]
fn a_missing_shard_and_one_that_was_killed_make_the_run_invalid_and_are_named() {
    let target = TargetServer::start();
    let folder = prepared(&target, TRAFFIC);
    let first = begin(&folder, "1/3", "--start-at +2s");
    let mut killed = begin(&folder, "3/3", "--start-at +2s");
    let (_, stderr) = wait_for_line(&mut killed, "shard 3 of 3 of run cut begins at");
    killed.kill().expect("it can be killed");
    killed.wait().expect("it ends");
    drop(stderr);
    wait(first).exits(0);
    let judged = judge(&folder, "").exits(5).json();
    assert_eq!(text(&judged, "/verdict"), "invalid");
    let reasons = reasons(&judged);
    assert!(
        reasons.contains("shard 2 of 3 is missing: it was never started"),
        "{reasons}"
    );
    assert!(
        reasons.contains("shard 3 of 3 is not over: it was started at"),
        "{reasons}"
    );
    assert!(!reasons.contains("shard 1 of 3"), "{reasons}");
    assert_sound(&folder);
}

#[test]
fn a_late_shard_does_not_begin_and_the_run_lacks_it() {
    let target = TargetServer::start();
    let folder = prepared(&target, TRAFFIC);
    drive(&folder, &["1/2"], "--start-at +1s")
        .remove(0)
        .exits(0);
    let late = run(&folder, &words("2/2", "--start-at +1h")).refuses(5);
    assert!(
        late.err
            .contains("shard 2 of 2 of run `cut` does not begin: the run began at"),
        "{}",
        late.err
    );
    let judged = judge(&folder, "").exits(5).json();
    let reasons = reasons(&judged);
    assert!(reasons.contains("shard 2 of 2 is missing"), "{reasons}");
    assert!(
        reasons.contains("did not begin: late: the run began at"),
        "{reasons}"
    );
    let past = run(
        &folder,
        &words("1/1", "--start-at 2020-01-01T00:00:00Z").replace("--run-id cut", "--run-id past"),
    );
    assert!(
        past.refuses(5)
            .err
            .contains("the run began at 2020-01-01T00:00:00Z")
    );
    assert_sound(&folder);
}

#[test]
fn a_shard_that_is_taken_is_refused_and_named() {
    let target = TargetServer::start();
    let folder = prepared(&target, TRAFFIC);
    let mut first = begin(&folder, "1/1", "--start-at +4s");
    let (_, stderr) = wait_for_line(&mut first, "shard 1 of 1 of run cut begins at");
    let again = run(&folder, &words("1/1", "--start-at +4s")).refuses(2);
    assert!(
        again
            .err
            .contains("shard 1 of 1 of run `cut` does not begin: somebody else took it"),
        "{}",
        again.err
    );
    let whole = run(
        &folder,
        "rehearse cut.yaml --sli-defs any.yaml --lake lake --run-id cut",
    )
    .refuses(2);
    assert!(
        whole
            .err
            .contains("run `cut` is already in the lake, in shards"),
        "{}",
        whole.err
    );
    drop(stderr);
    wait(first).exits(0);
    let judged = judge(&folder, "").exits(5).json();
    assert!(
        reasons(&judged).contains("shard 1 of 1 was started twice"),
        "{judged}"
    );
    // When it is over nothing can go wrong any more, and nothing is noted.
    let over = run(&folder, &words("1/1", "--start-at +4s")).refuses(2);
    assert!(
        over.err.contains("has run already; nothing was sent"),
        "{}",
        over.err
    );
    assert_eq!(judge(&folder, "").exits(5).json(), judged);
    assert_sound(&folder);
}

#[test]
fn a_shard_that_would_do_something_else_is_refused_with_what_differs() {
    let target = TargetServer::start();
    let folder = prepared(&target, TRAFFIC);
    let mut first = begin(&folder, "1/2", "--start-at +4s");
    let (_, stderr) = wait_for_line(&mut first, "begins at");
    let other = surge(&target.base_url(), TRAFFIC).replace("get: /}", "get: /other}");
    folder.write("other.yaml", other);
    let second = words("2/2", "--start-at +4s");
    for (words, expected) in [
        (
            format!("{second} --seed 6"),
            "differs from shard 1 of 2 in: seed (hint",
        ),
        (
            second.replace("cut.yaml", "other.yaml"),
            "differs from shard 1 of 2 in: journeys, scenario file (hint",
        ),
        (
            second.replace("--sli-defs any.yaml", ""),
            "differs from shard 1 of 2 in: SLI set (hint",
        ),
        (
            second.replace("2/2", "3/4"),
            "the run is split into 2 shards, not 4",
        ),
        (second.replace("+4s", &in_an_hour()), "the run starts at "),
    ] {
        let refused = run(&folder, &words).refuses(2);
        assert!(refused.err.contains(expected), "{words}: {}", refused.err);
    }
    drop(stderr);
    wait(first).exits(0);
    let named = reasons(&judge(&folder, "").exits(5).json());
    assert!(
        named.contains("shard 2 of 2 is missing: it was started at"),
        "{named}"
    );
    assert!(
        named.contains("and did not begin: the run starts at"),
        "{named}"
    );
    let other_set = run(&folder, "rehearse --judge cut --lake lake").refuses(3);
    assert!(
        other_set.err.contains("the shards had another SLI set"),
        "{}",
        other_set.err
    );
    let other_file = judge(&folder, "other.yaml").refuses(3);
    assert!(
        other_file
            .err
            .contains("is not the scenario that the shards of run `cut` drove"),
        "{}",
        other_file.err
    );
    assert_sound(&folder);
}

fn in_an_hour() -> String {
    let later = Timestamp::now() + SignedDuration::from_hours(1);
    Timestamp::from_second(later.as_second())
        .expect("a time")
        .to_string()
}

#[test]
fn users_of_a_closed_model_are_shared_out() {
    let target = TargetServer::start();
    let folder = prepared(&target, "{closed: {shoppers: 5, for: 2s}}");
    folder.write(
        "cut.yaml",
        folder
            .read("cut.yaml")
            .replace("get: /}", "get: /, think: {fixed: 300ms}}"),
    );
    let ends = drive(&folder, &["1/2", "2/2"], "--start-at +2s");
    let offered = ends
        .into_iter()
        .map(|end| count(&end.exits(0).json(), "/offered_arrivals"));
    let offered: Vec<u64> = offered.collect();
    let judged = judge(&folder, "").json();
    assert_eq!(
        count(&judged, "/offered_arrivals"),
        offered.iter().sum::<u64>()
    );
    let numbers = arrivals(&folder, "cut").into_iter();
    let numbers: BTreeSet<u64> = numbers
        .map(|(shopper, ..)| shopper.parse().expect("a number"))
        .collect();
    assert!((0..5).all(|first| numbers.contains(&first)), "{numbers:?}");
    // Each shopper has one request: nobody has the number of another.
    assert_eq!(numbers.len() as u64, count(&judged, "/requests"));
}

#[test]
fn what_is_done_to_the_target_is_done_by_the_first_shard_only() {
    let target = TargetServer::start();
    let folder = prepared(&target, TRAFFIC);
    let drills = "drills: [{id: new-version, at: 1s, deploy: v2}]\nproducts:";
    folder.write(
        "cut.yaml",
        folder.read("cut.yaml").replace("products:", drills),
    );
    for end in drive(&folder, &["1/2", "2/2"], "--start-at +2s") {
        end.exits(0);
    }
    let judged = judge(&folder, "").json();
    let drilled: Vec<&str> = list(&judged, "/drills")
        .iter()
        .map(|drill| text(drill, "/entry/id"))
        .collect();
    assert_eq!(drilled, ["new-version"]);
    assert_eq!(reasons(&judged), "");
}

#[test]
fn a_clock_is_compared_with_a_web_server_and_refused_when_it_is_off() {
    let target = TargetServer::start();
    let folder = prepared(&target, TRAFFIC);
    let shard = |offset_s: i64, more: &str| {
        let clock = format!("--clock {}", clock_server(offset_s));
        words("1/1", more).replace("--clock none", &clock)
    };
    let refused = run(&folder, &shard(300, "--start-at +9s")).refuses(5);
    assert!(
        refused
            .err
            .contains("the clock of this machine is 4m 59s behind that of http://127.0.0.1")
            || refused
                .err
                .contains("the clock of this machine is 5m behind that of http://127.0.0.1"),
        "{}",
        refused.err
    );
    let ahead = run(&folder, &shard(-2, "--start-at +9s")).refuses(5);
    assert!(
        ahead.err.contains("ahead of that of http://127.0.0.1"),
        "{}",
        ahead.err
    );
    assert!(ahead.err.contains("the limit is 100ms"), "{}", ahead.err);
    let end = run(
        &folder,
        &shard(0, "--start-at +1s --clock-offset-max 900ms"),
    )
    .exits(0)
    .json();
    let offset = |pointer: &str| {
        end.pointer(pointer)
            .and_then(Value::as_i64)
            .expect("it was measured")
    };
    // It is one clock: what it can be off has 0 in it.
    assert!(offset("/clock/offset_us").abs() <= offset("/clock/uncertainty_us"));
    assert!(offset("/clock/uncertainty_us") <= 900_000);
    let without = words("1/1", "")
        .replace("--clock none", "--start-at +1s")
        .replace("--run-id cut", "--run-id no-date");
    let without = run(&folder, &without).refuses(5);
    assert!(
        without
            .err
            .contains("its answer has no Date header (hint: name another --clock"),
        "{}",
        without.err
    );
}

/// A web server whose clock is so many seconds later than ours.
fn clock_server(offset_s: i64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it listens");
    // It ends with the test's process.
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            thread::spawn(move || tell_the_time(&connection, offset_s));
        }
    });
    format!("http://{address}/")
}

fn tell_the_time(mut connection: &TcpStream, offset_s: i64) {
    let lines = BufReader::new(connection).lines().map_while(Result::ok);
    for _ in lines.filter(String::is_empty) {
        let now = Timestamp::now() + SignedDuration::from_secs(offset_s);
        let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT");
        let answer = format!("HTTP/1.1 404 Not Found\r\ndate: {date}\r\ncontent-length: 0\r\n\r\n");
        if connection.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn an_orchestrator_says_which_shard_a_process_is() {
    let target = TargetServer::start();
    let folder = prepared(&target, TRAFFIC);
    let planned = |shard: &str, variables: &[(&str, &str)]| {
        let mut command = command(&folder, &words(shard, "--start-at +60s --dry-run"));
        wait(start(command.envs(variables.iter().copied())))
    };
    let part = planned("auto/4", &[("JOB_COMPLETION_INDEX", "2")])
        .exits(0)
        .json();
    let whole = run(
        &folder,
        "rehearse cut.yaml --sli-defs any.yaml --dry-run --json",
    )
    .json();
    let arrivals = |forecast: &Value| forecast["arrivals"].as_f64().expect("a number");
    assert!((arrivals(&part) * 4.0 - arrivals(&whole)).abs() < 1e-6);
    assert!(!folder.join("lake").exists(), "a dry run makes no lake");
    let disagree = [("JOB_COMPLETION_INDEX", "2"), ("CLOUD_RUN_TASK_INDEX", "0")];
    let refused = planned("auto/4", &disagree).refuses(2);
    assert!(
        refused
            .err
            .contains("makes this shard 3, Cloud Run (CLOUD_RUN_TASK_INDEX=0) makes it shard 1"),
        "{}",
        refused.err
    );
    let mut unaware = command(&folder, "rehearse cut.yaml --sli-defs any.yaml --dry-run");
    let unaware = wait(start(unaware.env("SLURM_ARRAY_TASK_ID", "3"))).exits(0);
    assert!(
        unaware
            .err
            .contains("SLURM_ARRAY_TASK_ID is set and --shard is not given"),
        "{}",
        unaware.err
    );
}

#[test]
fn what_cannot_be_driven_in_shards_is_refused_before_anything_is_taken() {
    let target = TargetServer::start();
    let folder = prepared(&target, TRAFFIC);
    let good = words("1/2", "--start-at +60s");
    for (words, code, expected) in [
        (
            good.replace("1/2", "0/4"),
            2,
            "shard 0 of 4: shards are counted from 1",
        ),
        (
            good.replace("1/2", "5/4"),
            2,
            "shard 5 of 4: there are only 4",
        ),
        (
            good.replace("1/2", "1/200"),
            2,
            "`limits.in_flight` is 100, which 200 shards cannot share",
        ),
        (good.replace("--start-at +60s", ""), 2, "--start-at <TIME>"),
        (good.replace("--run-id cut", ""), 2, "--run-id <ID>"),
        (good.replace("+60s", "noon"), 2, "`noon` is no time"),
        (
            good.replace("cut.yaml", ""),
            2,
            "of which each shard would have its own",
        ),
        (
            format!("{good} --report a.html"),
            2,
            "--report: a shard is not judged by itself",
        ),
        (
            "rehearse --judge cut --lake lake".to_owned(),
            4,
            "no lake at `lake`",
        ),
        (format!("{good} --judge cut"), 2, "cannot be used with"),
    ] {
        let refused = run(&folder, &words).exits(code);
        assert!(refused.err.contains(expected), "{words}: {}", refused.err);
    }
    assert!(!folder.join("lake/requests").exists(), "nothing was taken");
    run(
        &folder,
        "rehearse cut.yaml --sli-defs any.yaml --lake lake --run-id one -q",
    )
    .exits(0);
    for (run_id, expected) in [
        ("two", "no shard of a run `two` ever came to the lake"),
        ("one", "run `one` was driven by one process"),
    ] {
        let refused = run(&folder, &format!("rehearse --judge {run_id} --lake lake")).refuses(2);
        assert!(refused.err.contains(expected), "{}", refused.err);
    }
    let taken = run(&folder, &good.replace("--run-id cut", "--run-id one")).refuses(2);
    assert!(
        taken
            .err
            .contains("run `one` is already in the lake, in one piece"),
        "{}",
        taken.err
    );
}
