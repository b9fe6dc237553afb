//! Weeks of a shop whose truth is known: sessions, one SLI or more, contacts. No logs in the loop.

use jiff::tz::TimeZone;

use crate::support::draws::{Purpose, Stream};
use crate::support::{CalibrationInput, Direction, Exposure, ExposureUnit, SliInput, WindowCounts};

const MINUTE_US: i64 = 60_000_000;
/// 2026-09-07, a Monday, 00:00 UTC.
const START_US: i64 = 1_788_739_200_000_000;

/// What is true.
#[derive(Debug, Clone)]
pub struct Truth {
    pub seed: u64,
    pub days: usize,
    /// Length of a window, minutes.
    pub window_min: usize,
    /// Sessions of a mean quarter of an hour.
    pub sessions: f64,
    /// Contacts per session of a quiet shop.
    pub quiet_rate: f64,
    /// Share of failed checkouts from which on contacts rise.
    pub onset: f64,
    /// What a share of 1 beyond it would add, in quiet rates; 0 for no effect.
    pub slope: f64,
    /// Mean delay, minutes.
    pub delay_min: f64,
    /// NB2 dispersion of contacts per window.
    pub theta: f64,
    pub episodes: usize,
    /// Peak shares of failed checkouts of an episode.
    pub strength: [f64; 2],
    /// Length of an episode, quarters of an hour.
    pub length: [usize; 2],
    /// Share that fails in a quiet shop.
    pub quiet_share: f64,
}

impl Default for Truth {
    fn default() -> Self {
        Self {
            seed: 1,
            days: 56,
            window_min: 15,
            sessions: 400.0,
            quiet_rate: 0.02,
            onset: 0.02,
            slope: 60.0,
            delay_min: 45.0,
            theta: 20.0,
            episodes: 24,
            strength: [0.03, 0.09],
            length: [3, 16],
            quiet_share: 0.003,
        }
    }
}

/// The weeks.
pub fn simulated(truth: &Truth) -> CalibrationInput {
    let mut stream = Stream::new(truth.seed, Purpose::NoEffect(900), 0);
    let per_day = 1_440 / truth.window_min;
    let windows = truth.days * per_day;
    let quarters = truth.window_min as f64 / 15.0;
    let traffic: Vec<f64> = (0..windows)
        .map(|window| truth.sessions * quarters * shape(window, per_day))
        .collect();
    let sessions: Vec<f64> = traffic
        .iter()
        .map(|mean| stream.count(*mean, 200.0))
        .collect();
    let shares = shares(truth, windows, &mut stream);
    let values = (0..windows)
        .map(|window| {
            let failed = stream.count(sessions[window] * shares[window], 1e9);
            (sessions[window] >= 10.0).then(|| (failed / sessions[window]).min(1.0))
        })
        .collect();
    let requests = sessions.iter().map(|sessions| *sessions as u64).collect();
    let mut means = vec![0.0; windows];
    for window in 0..windows {
        let lift = 1.0 + truth.slope * (shares[window] - truth.onset).max(0.0);
        let rate = truth.quiet_rate * hour_factor(window, per_day) * lift * sessions[window];
        for lag in 0..per_day {
            if let Some(mean) = means.get_mut(window + lag) {
                *mean += rate * delay_share(lag, truth.delay_min / truth.window_min as f64);
            }
        }
    }
    let counts = means.iter().zip(&sessions).map(|(mean, sessions)| {
        let contacts = stream.count(*mean, truth.theta) as u64;
        WindowCounts {
            sessions: Exposure::Counted(*sessions),
            net_contacts: contacts,
            gross_contacts: contacts + contacts / 5,
            is_covered: true,
        }
    });
    CalibrationInput {
        window_us: truth.window_min as i64 * MINUTE_US,
        start_us: START_US,
        time_zone: TimeZone::UTC,
        exposure: ExposureUnit::Sessions,
        windows: counts.collect(),
        slis: vec![SliInput {
            requests: Some(requests),
            ..sli("checkout_error_ratio", values)
        }],
        linked: None,
        drivers: Vec::new(),
        sli_set_sha256: "5e".repeat(32),
        export_faults: Vec::new(),
    }
}

/// An SLI whose values are failed shares.
pub fn sli(name: &str, values: Vec<Option<f64>>) -> SliInput {
    SliInput {
        name: name.to_owned(),
        title: name.replace('_', " "),
        definition_sha256: "ab".repeat(32),
        unit: "share".to_owned(),
        direction: Direction::HigherIsWorse,
        journey: "checkout".to_owned(),
        is_negative_control: false,
        own_contacts: None,
        values,
        requests: None,
    }
}

/// The share that fails in truth: quiet, with episodes that keep away from each other.
fn shares(truth: &Truth, windows: usize, stream: &mut Stream) -> Vec<f64> {
    let mut shares = vec![truth.quiet_share; windows];
    let stretch = windows / truth.episodes.max(1);
    for episode in 0..truth.episodes {
        let [shortest, longest] = truth.length;
        let quarters = shortest + stream.below(longest - shortest + 1);
        let length = (quarters * 15).div_ceil(truth.window_min);
        let start = episode * stretch + stream.below(stretch.saturating_sub(length + 1).max(1));
        let [weakest, strongest] = truth.strength;
        let peak = weakest + (strongest - weakest) * stream.uniform();
        for share in &mut shares[start..(start + length).min(windows)] {
            *share = truth.quiet_share + peak * (0.3 + 0.7 * stream.uniform());
        }
    }
    shares
}

/// Traffic over the week, 1 on average.
fn shape(window: usize, per_day: usize) -> f64 {
    let hour = (window % per_day) as f64 * 24.0 / per_day as f64;
    let day = 1.0 + 0.7 * ((hour - 15.0) / 24.0 * std::f64::consts::TAU).cos();
    let weekend = if window / per_day % 7 >= 5 { 1.3 } else { 0.88 };
    day * weekend
}

/// Contacts per session over the day, 1 on average.
fn hour_factor(window: usize, per_day: usize) -> f64 {
    let day = (window % per_day) as f64 / per_day as f64;
    1.0 + 0.2 * (day * std::f64::consts::TAU).sin()
}

fn delay_share(lag: usize, mean: f64) -> f64 {
    let end = (-1.0 / mean).exp();
    if lag == 0 {
        1.0 - mean * (1.0 - end)
    } else {
        mean * (1.0 - end) * (1.0 - end) * (-((lag - 1) as f64) / mean).exp()
    }
}
