//! The order of ingests: files in any order, in one command or many, or by two processes at once.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests; what fails is the test"
)]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::access_lines::{line, plain_lines};
use super::ingest::{assert_conserved, assert_sound, info, ingest, slis};
use super::program::{command, count, start, wait};
use super::temp_folder::TempFolder;

#[test]
fn two_processes_that_read_the_same_files_at_once_add_each_line_once() {
    let folder = TempFolder::new();
    let lines = plain_lines(400);
    let all: Vec<&str> = lines.split_inclusive('\n').collect();
    for (index, part) in all.chunks(100).enumerate() {
        folder.write(&format!("{index}.log"), part.concat());
    }
    let running = ["0.log 1.log 2.log 3.log", "3.log 2.log 1.log 0.log"].map(|names| {
        let words = format!("ingest {names} --lake lake --json");
        start(&mut command(&folder, &words))
    });
    let added = running.map(|child| {
        let ingested = wait(child).exits(0).json();
        assert_conserved(&ingested);
        assert_eq!(count(&ingested, "/totals/lines"), 400);
        count(&ingested, "/totals/records")
    });
    assert_eq!(added.iter().sum::<u64>(), 400, "{added:?}");
    assert_eq!(count(&info(&folder), "/sources"), 4);
    assert_sound(&folder);
}

/// A request of the generated log: second, request, status, duration in ms, file.
type Request = (u32, usize, usize, u32, usize);

const REQUESTS: [&str; 6] = [
    "GET /",
    "GET /search?q=hat",
    "GET /product/7",
    "POST /cart",
    "POST /checkout",
    "GET /elsewhere/12345",
];
const STATUSES: [u16; 5] = [200, 200, 302, 404, 503];

/// The lines of each of four files. No two lines are the same, or files might be one source.
fn split(requests: &[Request]) -> [String; 4] {
    let mut files = [const { String::new() }; 4];
    for (index, (second, request, status, latency_ms, file)) in requests.iter().enumerate() {
        let (method, path) = REQUESTS[*request].split_once(' ').unwrap();
        let separator = if path.contains('?') { '&' } else { '?' };
        let request = format!("{method} {path}{separator}n={index}");
        let latency_s = f64::from(*latency_ms) / 1_000.0;
        files[*file] += &line(*second, &request, STATUSES[*status], latency_s);
    }
    files
}

/// The SLIs of a lake that the files were ingested into, one command after the other.
fn slis_of(commands: &[Vec<&str>]) -> String {
    let folder = TempFolder::new();
    let mut names = Vec::new();
    for files in commands {
        let first = names.len();
        for text in files.iter().filter(|text| !text.is_empty()) {
            let name = format!("{}.log", names.len());
            folder.write(&name, text);
            names.push(name);
        }
        if names.len() > first {
            ingest(&folder, &names[first..].join(" "));
        }
    }
    slis(&folder)
}

#[test]
fn the_order_and_the_files_of_an_ingest_change_no_sli() {
    let config = ProptestConfig {
        cases: 12,
        rng_seed: RngSeed::Fixed(20_261_127),
        failure_persistence: None,
        max_shrink_iters: 32,
        ..ProptestConfig::default()
    };
    let request = (0..900_u32, 0..6_usize, 0..5_usize, 0..6_000_u32, 0..4_usize);
    let log = proptest::collection::vec(request, 1..400);
    let order = Just([0, 1, 2, 3]).prop_shuffle();
    proptest!(config, |(log in log, order in order, at_once in 0..4_usize)| {
        let files = split(&log);
        let mut sorted: Vec<&str> = files.iter().flat_map(|file| file.split_inclusive('\n')).collect();
        sorted.sort_by_key(|line| line.split_once('[').map(|(_, rest)| &rest[..20]));
        let whole = sorted.concat();
        let expected = slis_of(&[vec![&whole]]);
        let shuffled = order.map(|file| files[file].as_str());
        let (together, alone) = shuffled.split_at(at_once);
        let mut commands = vec![together.to_vec()];
        commands.extend(alone.iter().map(|file| vec![*file]));
        prop_assert_eq!(&slis_of(&commands), &expected);
        commands.reverse();
        prop_assert_eq!(&slis_of(&commands), &expected);
    });
}
