//! Sessions one by one: the level of a session's own experience, and the delay that was seen.

use super::simulator::{Truth, simulated, sli};
use crate::support::draws::{Purpose, Stream};
use crate::support::{
    Calibration, CalibrationInput, CalibrationSettings, LinkedSession, LinkedSessions, NoProgress,
    PredictionWindow, SliInput, Tier, calibrate, predict,
};

const MINUTE_US: f64 = 60e6;
const DAY_US: i64 = 86_400_000_000;

/// Four weeks in which each session has its own longest answer; contacts rise from 3 s on and double
/// at 5 s. Bad hours come at all times of the day.
fn weeks(truth_slope: f64) -> CalibrationInput {
    let truth = Truth {
        days: 28,
        window_min: 30,
        slope: 0.0,
        sessions: 40.0,
        ..Truth::default()
    };
    let mut input = simulated(&truth);
    let mut stream = Stream::new(11, Purpose::NoEffect(901), 0);
    let windows = input.windows.len();
    let mut sums = vec![0.0; windows];
    let mut sessions = Vec::new();
    let end_us = input.start_us + 28 * DAY_US;
    for (window, worst) in sums.iter_mut().enumerate() {
        let is_bad = window % 37 < 2;
        for _ in 0..60 {
            let us = 300_000.0 + 1_500_000.0 * stream.uniform() * stream.uniform();
            let us = if is_bad {
                us * (1.0 + 9.0 * stream.uniform())
            } else {
                us
            };
            *worst += us / 60.0;
            let start_us =
                input.start_us + (30.0 * MINUTE_US * (window as f64 + stream.uniform())) as i64;
            let risk = 0.02 * (1.0 + truth_slope * (us - 3_000_000.0).max(0.0));
            let delay_us = (-40.0 * MINUTE_US * (1.0 - stream.uniform()).ln()) as i64;
            let is_seen = start_us + delay_us < end_us && delay_us < DAY_US;
            sessions.push(LinkedSession {
                start_us,
                worst: vec![Some(us)],
                contact_delay_us: (stream.uniform() < risk && is_seen).then_some(delay_us),
            });
        }
    }
    let values = sums.into_iter().map(Some).collect();
    input.slis = vec![SliInput {
        unit: "microseconds".to_owned(),
        ..sli("checkout_p95", values)
    }];
    input.linked = Some(LinkedSessions {
        horizon_us: DAY_US,
        export_end_us: end_us,
        measures: vec!["checkout_p95".to_owned()],
        sessions,
        linked_share: 0.8,
    });
    input
}

fn of(input: &CalibrationInput) -> Calibration {
    let settings = CalibrationSettings {
        resamples: 100,
        no_effect_draws: 99,
        ..CalibrationSettings::default()
    };
    calibrate(input, &settings, &NoProgress)
}

#[test]
fn sessions_tell_a_level_where_windows_cannot() {
    // Contacts of the windows know nothing of the SLI, those of the sessions do.
    let found = of(&weeks(0.5e-6));
    let fit = &found.slis[0];
    let linked = fit.linked.as_ref().unwrap();
    let level = linked.levels[0].contact;
    assert!((level.value / 5e6 - 1.0).abs() < 0.2, "{level:?}");
    assert!(level.ci90[0] < 5.2e6 && level.ci90[1] > 4.8e6, "{level:?}");
    assert!(
        (linked.quiet_rate.value / 0.02 - 1.0).abs() < 0.1,
        "{:?}",
        linked.quiet_rate
    );
    assert!(linked.p_value <= 0.01);
    assert_eq!(fit.tier, Tier::Linked);
    let minutes = fit.lag.as_ref().unwrap().mean_minutes.value;
    assert!((minutes / 40.0 - 1.0).abs() < 0.15, "{minutes}");
    assert_eq!(fit.levels, linked.levels);
    assert_eq!(found.model, None, "a percentile does not tell sessions");
    let said = found
        .notes
        .iter()
        .filter(|note| note.contains("predicts no contacts"));
    assert_eq!(said.count(), 1, "{:?}", found.notes);
}

#[test]
fn failed_sessions_predict_contacts_where_windows_cannot() {
    // The same with four times the effect, told as whether a session waited for more than 3 s or not.
    let mut input = weeks(2e-6);
    input.slis[0].unit = "share".to_owned();
    for value in input.slis[0].values.iter_mut().flatten() {
        *value = (*value / 1e7).min(1.0);
    }
    let sessions = &mut input.linked.as_mut().unwrap().sessions;
    for worst in sessions
        .iter_mut()
        .filter_map(|session| session.worst[0].as_mut())
    {
        *worst = f64::from(u8::from(*worst > 3e6));
    }
    let of_share = |is_slow: f64| {
        let alike = sessions
            .iter()
            .filter(|session| session.worst[0] == Some(is_slow));
        let called = alike
            .clone()
            .filter(|session| session.contact_delay_us.is_some());
        called.count() as f64 / alike.count() as f64
    };
    let (quiet, slow) = (of_share(0.0), of_share(1.0));
    let found = of(&input);
    assert_eq!(
        found.slis[0].tier,
        Tier::Linked,
        "{:?}",
        found.slis[0].refused_because
    );
    let model = found.model.as_ref().unwrap();
    // 10,000 sessions of which a tenth was slow, told from 80 % of the tickets.
    let windows: Vec<PredictionWindow> = (0..672)
        .map(|quarter| PredictionWindow {
            start_us: input.start_us + quarter * 900_000_000,
            length_us: 900_000_000,
            sessions: Some(10_000.0 / 672.0),
            values: vec![Some(0.1)],
        })
        .collect();
    let predicted = predict(model, &windows);
    let expected = 10_000.0 * 0.1 * (slow - quiet) / 0.8;
    assert!(
        (predicted.excess.value / expected - 1.0).abs() < 0.1,
        "{:?} {expected}",
        predicted.excess
    );
    assert!(predicted.excess.ci90[0] < expected && expected < predicted.excess.ci90[1]);
}

#[test]
fn a_share_that_no_window_had_is_no_level() {
    let mut input = weeks(2e-6);
    input.slis[0].unit = "share".to_owned();
    // A window has at most a twentieth, in place of half as above.
    for value in input.slis[0].values.iter_mut().flatten() {
        *value = (*value / 1e8).min(1.0);
    }
    let linked = input.linked.as_mut().unwrap();
    for worst in linked
        .sessions
        .iter_mut()
        .filter_map(|session| session.worst[0].as_mut())
    {
        *worst = f64::from(u8::from(*worst > 3e6));
    }
    let fit = &of(&input).slis[0];
    assert!(!fit.linked.as_ref().unwrap().levels.is_empty());
    assert_eq!(fit.tier, Tier::Aggregate);
    assert!(fit.levels.is_empty() || !fit.refused_because.is_empty());
}

#[test]
fn sessions_without_effect_give_none() {
    let found = of(&weeks(0.0));
    let fit = &found.slis[0];
    assert_eq!(fit.tier, Tier::Aggregate);
    assert!(fit.linked.as_ref().unwrap().p_value > 0.05);
    assert!(!fit.refused_because.is_empty());
}
