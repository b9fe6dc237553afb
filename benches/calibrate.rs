//! Seconds of a calibration: eight weeks of 15-minute windows, 20 SLIs, 1,000 resamples.
//!
//!     cargo bench --bench calibrate
//!
//! Half of the SLIs say something of contacts, so that all steps have work; with more than that the
//! test for an effect would be the only one. Prints seconds, and the statuses as a check.

use std::time::Instant;

use firedrill::support::{
    CalibrationInput, CalibrationSettings, Direction, Exposure, ExposureUnit, NoProgress, SliInput,
    WindowCounts, calibrate,
};
use jiff::tz::TimeZone;

const WINDOWS: usize = 56 * 96;
const SLIS: usize = 20;

/// Numbers that look random, the same on every machine (Lehmer, 48271).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        self.0 as f64 / 2_147_483_647.0
    }

    /// A count around a mean, no more scattered than twice a Poisson.
    fn count(&mut self, mean: f64) -> f64 {
        let sum: f64 = (0..6).map(|_| self.next() - 0.5).sum();
        (mean + sum * (2.0 * mean).sqrt() * 1.4).round().max(0.0)
    }
}

/// Failed shares with episodes on days of its own.
fn shares(of: usize, numbers: &mut Numbers) -> Vec<f64> {
    let mut shares: Vec<f64> = (0..WINDOWS)
        .map(|_| 0.002 + 0.002 * numbers.next())
        .collect();
    for episode in 0..24 {
        let start = (episode * 224 + of * 37 + (numbers.next() * 100.0) as usize) % (WINDOWS - 20);
        let peak = 0.03 + 0.06 * numbers.next();
        for share in &mut shares[start..start + 4 + (numbers.next() * 10.0) as usize] {
            *share += peak * (0.3 + 0.7 * numbers.next());
        }
    }
    shares
}

fn input() -> CalibrationInput {
    let mut numbers = Numbers(7);
    let slis: Vec<Vec<f64>> = (0..SLIS).map(|sli| shares(sli, &mut numbers)).collect();
    let sessions = |window: usize| {
        let hour = (window % 96) as f64 / 4.0;
        400.0 * (1.0 + 0.7 * ((hour - 15.0) / 24.0 * std::f64::consts::TAU).cos())
    };
    let mut contacts = vec![0.0; WINDOWS];
    for window in 0..WINDOWS {
        let harm: f64 = slis[..SLIS / 2]
            .iter()
            .map(|sli| (sli[window] - 0.02).max(0.0))
            .sum();
        let of_sessions = sessions(window) * 0.02 * (1.0 + 40.0 * harm);
        for (lag, share) in [0.16, 0.24, 0.17, 0.12, 0.09, 0.07, 0.05, 0.04, 0.03, 0.03]
            .iter()
            .enumerate()
        {
            if let Some(contacts) = contacts.get_mut(window + lag) {
                *contacts += of_sessions * share;
            }
        }
    }
    let windows = (0..WINDOWS).map(|window| {
        let contacts = numbers.count(contacts[window]) as u64;
        WindowCounts {
            sessions: Exposure::Counted(sessions(window).round()),
            net_contacts: contacts,
            gross_contacts: contacts,
            is_covered: true,
        }
    });
    CalibrationInput {
        window_us: 900_000_000,
        start_us: 1_788_739_200_000_000,
        time_zone: TimeZone::UTC,
        exposure: ExposureUnit::Sessions,
        windows: windows.collect(),
        slis: slis
            .into_iter()
            .enumerate()
            .map(|(number, values)| SliInput {
                name: format!("sli_{number}"),
                title: format!("SLI {number}"),
                definition_sha256: "ab".repeat(32),
                unit: "share".to_owned(),
                direction: Direction::HigherIsWorse,
                journey: "checkout".to_owned(),
                is_negative_control: false,
                own_contacts: None,
                values: values.into_iter().map(Some).collect(),
                requests: Some((0..WINDOWS).map(|window| sessions(window) as u64).collect()),
            })
            .collect(),
        linked: None,
        drivers: Vec::new(),
        sli_set_sha256: "5e".repeat(32),
        export_faults: Vec::new(),
    }
}

fn main() {
    let input = input();
    let started = Instant::now();
    let found = calibrate(&input, &CalibrationSettings::default(), &NoProgress);
    let seconds = started.elapsed().as_secs_f64();
    let given = found
        .slis
        .iter()
        .filter(|fit| !fit.levels.is_empty())
        .count();
    println!(
        "{WINDOWS} windows × {SLIS} SLIs × {} resamples: {seconds:.1} s; {given} SLIs with an effect",
        found.resamples
    );
}
