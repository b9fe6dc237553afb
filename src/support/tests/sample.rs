//! A small calibration by hand, for files and predictions.

use crate::support::calibrate::blank;
use crate::support::frame::Frame;
use crate::support::tests::simulator::{Truth, simulated};
use crate::support::{
    Calibration, CalibrationSettings, ContactModel, Direction, DoseResponse, Interval, Lag,
    LearnedLevel, LevelRule, Season, Shape, ShapeScore, SliModel, Status,
};

const DAY_US: i64 = 86_400_000_000;

fn around(value: f64, low: f64, high: f64) -> Interval {
    Interval {
        value,
        ci90: [low, high],
    }
}

/// Firm levels of one share of checkouts that went well: contacts rise below 98 % and double at
/// 96.3 %.
pub fn calibration() -> Calibration {
    let mut input = simulated(&Truth {
        days: 1,
        ..Truth::default()
    });
    input.slis[0].name = "checkout_ok".to_owned();
    input.slis[0].direction = Direction::LowerIsWorse;
    let settings = CalibrationSettings {
        calibrated_at_us: 1_793_577_600_000_000,
        ..CalibrationSettings::default()
    };
    let frame = Frame::new(&input, &settings);
    let mut fit = blank(&frame, 0);
    fit.status = Status::Firm;
    fit.shapes = vec![ShapeScore {
        shape: Shape::Hinge,
        holdout_deviance: 1_000.0,
        difference_se: 0.0,
        is_chosen: true,
    }];
    let curve = DoseResponse::Hinge {
        onset: 0.98,
        slope: 57.0,
    };
    fit.curve = Some(curve.clone());
    fit.onset = Some(around(0.98, 0.975, 0.985));
    fit.quiet_rate = Some(around(0.02, 0.019, 0.021));
    fit.lag = Some(Lag {
        mean_minutes: around(42.0, 35.0, 51.0),
        weights: vec![0.5, 0.3, 0.2],
        is_from_linked: false,
    });
    fit.episodes = 17;
    fit.net_contacts = 4_211;
    fit.levels = vec![LearnedLevel {
        rule: LevelRule::Multiple(2.0),
        contact: around(0.963, 0.955, 0.972),
        warn: 0.972,
        within_observed_share: 1.0,
        is_beyond_observed: false,
    }];
    let mut calibration = frame.blank();
    calibration.to_us = calibration.from_us + 56 * DAY_US;
    calibration.expires_us = calibration.to_us + 91 * DAY_US;
    calibration.status = Status::Firm;
    calibration.model = Some(ContactModel {
        window_us: calibration.window_us,
        time_zone: "UTC".to_owned(),
        exposure: calibration.exposure,
        quiet_rate: around(0.02, 0.019, 0.021),
        quiet_draws: vec![0.02, 0.019, 0.021],
        season: Season::flat(),
        lag_weights: vec![0.5, 0.3, 0.2],
        dispersion: Some(20.0),
        slis: vec![SliModel {
            name: "checkout_ok".to_owned(),
            stands_for: Vec::new(),
            definition_sha256: fit.definition_sha256.clone(),
            unit: "share".to_owned(),
            direction: Direction::LowerIsWorse,
            curve,
            worst_observed: 0.8,
            draws: vec![vec![0.98, 57.0], vec![0.975, 50.0], vec![0.985, 65.0]],
        }],
    });
    calibration.slis = vec![fit];
    calibration
}
