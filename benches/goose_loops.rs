//! What Goose costs by itself, to compare the drill with: a bare attack in a closed loop, and
//! GooseUsers as a worker pool inside one attack, fed by a channel. Nothing is recorded.
//!
//!     cargo bench --bench goose_loops -- bare http://127.0.0.1:8099/ 8
//!     cargo bench --bench goose_loops -- pool http://127.0.0.1:8099/ 8 5000
//!     cargo bench --bench goose_loops -- waits http://127.0.0.1:8099/ 30 1000
//!
//! The last numbers are seconds and arrivals per second. Prints requests, CPU µs per request, for the
//! pool the schedule lag, and for a loop that waits between its requests what it measured of them. The
//! scripts `benches/generator.sh` and `benches/freeze.sh` run all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use firedrill::latency_buckets::LatencyHistogram;
use goose::config::GooseConfiguration;
use goose::prelude::*;

const USERS: usize = 50;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let [mode, url, rest @ ..] = arguments.as_slice() else {
        println!("usage: goose_loops bare|pool|waits URL SECONDS [PER_SECOND]");
        return;
    };
    let number = |index: usize, default: u64| {
        rest.get(index)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (seconds, per_second) = (number(0, 8), number(1, 5_000));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    match mode.as_str() {
        "bare" => runtime.block_on(bare(url, seconds)),
        "waits" => runtime.block_on(waits(url, seconds, per_second)),
        _ => runtime.block_on(pool(url, seconds, per_second)),
    }
}

fn configuration(url: &str) -> GooseConfiguration {
    let mut configuration = GooseConfiguration::default();
    configuration.host = Some(url.to_owned());
    configuration.users = Some(USERS);
    configuration.increase_rate = Some("1000".to_owned());
    configuration.no_telnet = true;
    configuration.no_print_metrics = true;
    configuration.no_reset_metrics = true;
    configuration.quiet = 1;
    configuration
}

async fn bare(url: &str, seconds: u64) {
    let requests = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&requests);
    let get: goose::goose::TransactionFunction = Arc::new(move |user| {
        let counted = Arc::clone(&counted);
        Box::pin(async move {
            if let Ok(mut response) = user.get("").await?.response {
                while let Ok(Some(_)) = response.chunk().await {}
            }
            counted.fetch_add(1, Relaxed);
            Ok(())
        })
    });
    let mut configuration = configuration(url);
    configuration.run_time = Some(seconds.to_string());
    attack(configuration, get).await;
    report("bare Goose loop, metrics on", requests.load(Relaxed), None);
}

/// Users who wait so long between their requests that they would be `per_second` if all were answered
/// at once; each request is timed from its sending, as Goose does.
async fn waits(url: &str, seconds: u64, per_second: u64) {
    let times = Arc::new(std::sync::Mutex::new(LatencyHistogram::new()));
    let timed = Arc::clone(&times);
    let pause = Duration::from_micros(USERS as u64 * 1_000_000 / per_second.max(1));
    let get: goose::goose::TransactionFunction = Arc::new(move |user| {
        let timed = Arc::clone(&timed);
        Box::pin(async move {
            let sent = Instant::now();
            if let Ok(mut response) = user.get("").await?.response {
                while let Ok(Some(_)) = response.chunk().await {}
            }
            let took_us = u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX);
            timed.lock().expect("no holder panics").record(took_us);
            tokio::time::sleep(pause.saturating_sub(sent.elapsed())).await;
            Ok(())
        })
    });
    let mut configuration = configuration(url);
    configuration.run_time = Some(seconds.to_string());
    attack(configuration, get).await;
    let times = times.lock().expect("no holder panics");
    let at = |quantile| times.quantile_us(quantile).unwrap_or(0);
    println!(
        "Goose loop of {USERS} users: {} requests, {:.1} µs CPU per request, p50 {} µs, p90 {} µs, p99 {} µs, p99.9 {} µs, max {} µs",
        times.count(),
        cpu_per_request_us(times.count()),
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}

async fn pool(url: &str, seconds: u64, per_second: u64) {
    let requests = Arc::new(AtomicU64::new(0));
    let lag = Arc::new(std::sync::Mutex::new(LatencyHistogram::new()));
    let (sender, receiver) = flume::bounded::<Instant>(100_000);
    let (counted, lags) = (Arc::clone(&requests), Arc::clone(&lag));
    let worker: goose::goose::TransactionFunction = Arc::new(move |user| {
        let (receiver, counted, lags) = (receiver.clone(), Arc::clone(&counted), Arc::clone(&lags));
        Box::pin(async move {
            while let Ok(due) = receiver.recv_async().await {
                let late = Instant::now().saturating_duration_since(due);
                if let Ok(mut response) = user.get("").await?.response {
                    while let Ok(Some(_)) = response.chunk().await {}
                }
                counted.fetch_add(1, Relaxed);
                let late_us = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
                lags.lock().expect("no holder panics").record(late_us);
            }
            Ok(())
        })
    });
    let mut configuration = configuration(url);
    configuration.no_reset_metrics = false;
    configuration.no_metrics = true;
    configuration.iterations = Some(1);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        let origin = Instant::now();
        for index in 0..seconds * per_second {
            let due = origin + Duration::from_nanos(index * 1_000_000_000 / per_second);
            if let Some(left) = due.checked_duration_since(Instant::now()) {
                std::thread::sleep(left);
            }
            if sender.try_send(due).is_err() {
                println!("the queue is full");
            }
        }
    });
    attack(configuration, worker).await;
    let lag = lag.lock().expect("no holder panics").quantile_us(0.99);
    report("GooseUser pool in one attack", requests.load(Relaxed), lag);
}

async fn attack(configuration: GooseConfiguration, function: goose::goose::TransactionFunction) {
    let scenario = Scenario::new("loop").register_transaction(Transaction::new(function));
    let attack = GooseAttack::initialize_with_config(configuration).expect("the options fit");
    let done = attack.register_scenario(scenario).execute().await;
    done.expect("the attack ends by itself");
}

fn report(name: &str, requests: u64, lag_us: Option<u64>) {
    let per_request = cpu_per_request_us(requests);
    let lag = lag_us.map_or_else(String::new, |us| format!(", lag p99 {us} µs"));
    println!("{name}: {requests} requests, {per_request:.1} µs CPU per request{lag}");
}

#[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
fn cpu_per_request_us(requests: u64) -> f64 {
    cpu_us() as f64 / requests.max(1) as f64
}

/// User and system time of this process, from `/proc/self/stat` (fields 14 and 15, in ticks of
/// 10 ms); 0 where there is none.
fn cpu_us() -> u64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or("");
    let fields: Vec<u64> = after_name
        .split_whitespace()
        .map(|word| word.parse().unwrap_or(0))
        .collect();
    fields
        .get(11)
        .zip(fields.get(12))
        .map_or(0, |(user, system)| (user + system) * 10_000)
}
