//! Rows and the search for the onset against slow, obvious loops.

use super::simulator::{Truth, simulated};
use crate::support::design::{Calendar, Design, Harm, aggregate};
use crate::support::hinge::Profile;
use crate::support::{CalibrationInput, Exposure};

const KERNEL: [f64; 4] = [0.4, 0.3, 0.2, 0.1];

fn small() -> CalibrationInput {
    let mut input = simulated(&Truth {
        days: 4,
        episodes: 6,
        sessions: 60.0,
        ..Truth::default()
    });
    // As seen, so that a slow loop has the same values.
    input.slis[0].requests = None;
    input
}

fn rows(input: &CalibrationInput, nodes: &[f64]) -> Design {
    let contacts: Vec<f64> = input
        .windows
        .iter()
        .map(|window| window.net_contacts as f64)
        .collect();
    let harm = Harm::of(&input.slis[0]);
    aggregate(
        input,
        &Calendar::new(input),
        &harm,
        &contacts,
        &KERNEL,
        nodes,
        &[],
    )
}

#[test]
fn a_row_has_the_harm_of_the_sessions_that_could_call() {
    let input = small();
    let nodes = [0.01, 0.03];
    let design = rows(&input, &nodes);
    assert!(design.rows() > 300);
    let value = |window: usize| input.slis[0].values[window];
    let sessions = |window: usize| input.windows[window].sessions.sessions().unwrap();
    for (row, window) in design.window.iter().enumerate() {
        let (mut exposure, mut known, mut harm, mut beyond) = (0.0, 0.0, 0.0, [0.0; 2]);
        for (lag, weight) in KERNEL.iter().enumerate() {
            let from = window - lag;
            exposure += weight * sessions(from);
            if let Some(value) = value(from) {
                known += weight * sessions(from);
                harm += weight * sessions(from) * value;
                for (sum, node) in beyond.iter_mut().zip(nodes) {
                    *sum += weight * sessions(from) * (value - node).max(0.0);
                }
            }
        }
        assert!((design.exposure[row] - exposure).abs() < 1e-9);
        assert!((design.harm[row] - harm / known).abs() < 1e-9);
        for (node, sum) in beyond.iter().enumerate() {
            assert!((design.beyond[node][row] - sum / known).abs() < 1e-9);
        }
    }
}

#[test]
fn what_is_not_known_has_no_row() {
    let mut input = small();
    let all = rows(&input, &[0.01, 0.03]).rows();
    input.windows[200].sessions = Exposure::Unknown;
    input.windows[300].is_covered = false;
    let design = rows(&input, &[0.01, 0.03]);
    // Sessions of window 200 call up to 3 windows later, by a fifth or more up to 2.
    let gone = |window: usize| !design.window.contains(&window);
    assert!(gone(200) && gone(201) && gone(300));
    assert!(all - design.rows() <= 5);
}

#[test]
fn the_search_finds_what_a_look_at_everything_finds() {
    for seed in 1..=6 {
        let input = simulated(&Truth {
            seed,
            days: 14,
            episodes: 10,
            ..Truth::default()
        });
        let nodes: Vec<f64> = (0..60).map(|node| 0.001 * f64::from(node)).collect();
        let design = rows(&input, &nodes);
        let quiet: Vec<f64> = design
            .exposure
            .iter()
            .map(|exposure| 0.02 * exposure)
            .collect();
        let profile = Profile::new(&design, &quiet, Some(15.0));
        let found = profile.best();
        let by_force = (0..590)
            .map(|step| profile.at(0.0001 * f64::from(step), None).log_likelihood)
            .fold(f64::NEG_INFINITY, f64::max);
        assert!(
            found.log_likelihood > by_force - 0.05,
            "{seed}: {} {by_force}",
            found.log_likelihood
        );
    }
}

#[test]
fn resampled_rows_count_as_often_as_their_day() {
    let input = small();
    let nodes = [0.01, 0.02, 0.03];
    let design = rows(&input, &nodes);
    let quiet: Vec<f64> = design
        .exposure
        .iter()
        .map(|exposure| 0.02 * exposure)
        .collect();
    let once = Profile::new(&design, &quiet, Some(15.0)).at(0.02, None);
    let twice = Profile::of_days(&design, &quiet, Some(15.0), &[2.0; 4]).at(0.02, None);
    assert!((once.slope / twice.slope - 1.0).abs() < 1e-4);
    assert!((2.0 * once.log_likelihood - twice.log_likelihood).abs() < 1e-3);
    // Days that are not in the resample are as if they had no rows.
    let some = Profile::of_days(&design, &quiet, Some(15.0), &[1.0, 0.0, 1.0, 0.0]).at(0.02, None);
    let cut = design.filtered(&|row| design.day[row].is_multiple_of(2));
    let quiet: Vec<f64> = cut
        .exposure
        .iter()
        .map(|exposure| 0.02 * exposure)
        .collect();
    let only = Profile::new(&cut, &quiet, Some(15.0)).at(0.02, None);
    assert!((some.slope / only.slope - 1.0).abs() < 1e-9);
}
