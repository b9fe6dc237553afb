//! Runs that several processes drive together: a scenario, its shards, its judge.

use std::collections::BTreeSet;
use std::process::Child;

use jiff::Timestamp;
use serde_json::Value;

use super::lake_rows::rows;
use super::program::{Ran, command, list, run, start, wait};
use super::surge_file::WIDE_SLIS;
use super::target_server::TargetServer;
use super::temp_folder::TempFolder;

/// Two kinds of shoppers, thresholds of one journey and of all, a moment in a timeline.
pub fn surge(base_url: &str, traffic: &str) -> String {
    format!(
        "name: cut\nseed: 5\ntarget: {{base_url: '{base_url}'}}\n\
         traffic: {traffic}\n\
         channels: [{{name: mail, share: 1}}, {{name: direct, share: 1}}]\n\
         shoppers: [{{name: one, share: 2, journey: look}}, {{name: other, share: 1, journey: glance}}]\n\
         journeys: {{look: [{{get: '/product/{{product}}'}}], glance: [{{get: /}}]}}\n\
         thresholds:\n\
         \x20 - {{sli: response_p50, above: 25s, for: 1s, window: 1s, journey: look, channel: mail}}\n\
         \x20 - {{sli: requests, below: 1/s, for: 1s, window: 1s}}\n\
         products: 100\n\
         limits: {{in_flight: 100, drain: 30s, schedule_lag_p99: 10s}}\n"
    )
}

/// Shoppers of three seconds.
pub const TRAFFIC: &str =
    "{arrivals: poisson, curve: [{at: 0s, shoppers_per_s: 40}, {at: 3s, shoppers_per_s: 20}]}";

/// A folder with a scenario against `target`.
pub fn prepared(target: &TargetServer, traffic: &str) -> TempFolder {
    let folder = TempFolder::new();
    folder.write("cut.yaml", surge(&target.base_url(), traffic));
    // The target is no shop: what is left are SLIs of any page.
    let any = WIDE_SLIS
        .lines()
        .filter(|line| !line.contains("checkout") && !line.contains("order"));
    folder.write("any.yaml", any.collect::<Vec<_>>().join("\n"));
    folder
}

pub fn words(shard: &str, more: &str) -> String {
    format!(
        "rehearse cut.yaml --sli-defs any.yaml --lake lake --json --run-id cut --shard {shard} --clock none {more}"
    )
}

pub fn begin(folder: &TempFolder, shard: &str, more: &str) -> Child {
    start(&mut command(folder, &words(shard, more)))
}

/// Drives these shards at once, to their ends.
pub fn drive(folder: &TempFolder, shards: &[&str], more: &str) -> Vec<Ran> {
    let children = shards.iter().map(|shard| begin(folder, shard, more));
    let children: Vec<Child> = children.collect();
    children.into_iter().map(wait).collect()
}

pub fn judge(folder: &TempFolder, more: &str) -> Ran {
    run(
        folder,
        &format!("rehearse --judge cut --sli-defs any.yaml --lake lake --json {more}"),
    )
}

/// Facts of a run, as the lake keeps them.
pub fn facts(folder: &TempFolder, run_id: &str) -> Value {
    serde_json::from_str(&folder.read(&format!("lake/runs/{run_id}.json"))).expect("facts are JSON")
}

/// Who came when, µs since the start, and where: every request of a run.
pub fn arrivals(folder: &TempFolder, run_id: &str) -> BTreeSet<(String, i64, String)> {
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
pub fn reasons(judged: &Value) -> String {
    let reasons = list(judged, "/invalid_because").iter();
    reasons
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join("\n")
}
