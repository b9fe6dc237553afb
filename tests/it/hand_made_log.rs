//! Logs that are small enough to be counted by hand, and what the program says of them.

use serde_json::Value;

use super::ingest::ingest;
use super::program::{count, list, run};
use super::temp_folder::TempFolder;

/// What a person's browser says.
pub const PERSON: &str = "Mozilla/5.0";
/// What a crawler says.
pub const BOT: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
/// What a health check says.
pub const MONITOR: &str = "kube-probe/1.29";

/// One request of a hand-made log.
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    /// Seconds after 08:00 at which it ends.
    pub second: u32,
    /// Last part of the address: who asked.
    pub shopper: u32,
    /// Method and target.
    pub request: &'static str,
    /// The answer.
    pub status: u16,
    /// How long it took.
    pub time_s: f64,
    /// The user agent.
    pub agent: &'static str,
    /// Where it came from; `-` for nowhere.
    pub referrer: &'static str,
}

/// A person's request that took no time at all.
pub fn hit(second: u32, shopper: u32, request: &'static str, status: u16) -> Hit {
    Hit {
        second,
        shopper,
        request,
        status,
        time_s: 0.0,
        agent: PERSON,
        referrer: "-",
    }
}

/// The lines of `hits`, as nginx writes them on 27 November 2026.
pub fn log(hits: &[Hit]) -> String {
    hits.iter().map(line).collect()
}

fn line(hit: &Hit) -> String {
    let (minutes, seconds) = (hit.second / 60, hit.second % 60);
    format!(
        "192.0.2.{} - - [27/Nov/2026:08:{minutes:02}:{seconds:02} +0000] \"{} HTTP/1.1\" {} 512 \"{}\" \"{}\" {:.3}\n",
        hit.shopper, hit.request, hit.status, hit.referrer, hit.agent, hit.time_s
    )
}

/// A folder whose lake holds `log`.
pub fn lake_of(log: &str) -> TempFolder {
    let folder = TempFolder::new();
    folder.write("access.log", log);
    ingest(&folder, "access.log --site shop.example");
    folder
}

/// The SLIs of the lake by the set that `parts` add up to; windows are minutes.
#[track_caller]
pub fn judged(folder: &TempFolder, parts: &str) -> Value {
    folder.write("set.yaml", format!("name: by-hand\nwindow: 1m\n{parts}"));
    let ran = run(folder, "sli --lake lake --json --defs set.yaml");
    assert!([0, 1].contains(&ran.code), "{}", ran.err);
    ran.json()
}

/// Fails unless the SLI has this value and these counts.
#[track_caller]
pub fn assert_counts(sli: &Value, value: f64, good: u64, valid: u64) {
    assert_eq!(
        (count(sli, "/good"), count(sli, "/valid")),
        (good, valid),
        "{}",
        sli["name"]
    );
    assert_value(&sli["value"], value);
}

#[track_caller]
pub fn assert_value(found: &Value, expected: f64) {
    let found = found
        .as_f64()
        .unwrap_or_else(|| panic!("{found} is no number"));
    assert!(
        (found - expected).abs() <= 1e-12 * expected.abs().max(1.0),
        "{found} is not {expected}"
    );
}

/// The counts of one field, window by window.
pub fn per_window(sli: &Value, pointer: &str) -> Vec<u64> {
    let windows = list(sli, "/windows").iter();
    windows.map(|window| count(window, pointer)).collect()
}

/// The values, window by window; `None` where there is none.
pub fn values(sli: &Value) -> Vec<Option<f64>> {
    let windows = list(sli, "/windows").iter();
    windows.map(|window| window["value"].as_f64()).collect()
}
