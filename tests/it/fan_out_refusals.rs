//! Shards that do not begin: clocks that are off, environments that disagree, what cannot be split.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::program::{command, run, start, wait};
use super::shard_runs::{TRAFFIC, prepared, words};
use super::target_server::TargetServer;

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
            good.replace("cut.yaml --sli-defs any.yaml", ""),
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
