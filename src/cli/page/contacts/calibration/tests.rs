//! Facts about the page of a calibration that was made by hand.

use super::*;
use crate::support::{
    BandPoint, Control, ControlKind, Counts, Evidence, ExposureUnit, Holdout, Interval,
    RefusalRule, Shape, ShapeScore, Split, Tier,
};

const QUARTER_US: i64 = 900_000_000;

fn interval(value: f64, low: f64, high: f64) -> Interval {
    Interval {
        value,
        ci90: [low, high],
    }
}

fn fit() -> SliFit {
    let point = |value: f64, ratio: f64| BandPoint {
        value,
        ratio,
        ci90: [ratio * 0.9, ratio * 1.2],
    };
    SliFit {
        name: "checkout_success".into(),
        title: "Checkouts answered well".into(),
        definition_sha256: "00".into(),
        unit: "share".into(),
        direction: Direction::LowerIsWorse,
        journey: "checkout".into(),
        status: Status::Firm,
        refused_because: Vec::new(),
        group: None,
        tier: Tier::Aggregate,
        shapes: vec![ShapeScore {
            shape: Shape::Hinge,
            holdout_deviance: 1.0,
            difference_se: 0.0,
            is_chosen: true,
        }],
        curve: None,
        onset: Some(interval(0.989, 0.985, 0.992)),
        quiet_rate: Some(interval(0.0042, 0.004, 0.0044)),
        slope: None,
        lag: Some(Lag {
            mean_minutes: interval(42.0, 35.0, 51.0),
            weights: vec![0.3, 0.25, 0.2, 0.15, 0.1, 0.0, 0.0],
            is_from_linked: false,
        }),
        dispersion: Some(8.0),
        linked: None,
        episodes: 17,
        net_contacts: 4_211,
        levels: vec![
            LearnedLevel {
                rule: LevelRule::Multiple(2.0),
                contact: interval(0.984, 0.98, 0.987),
                warn: 0.987,
                within_observed_share: 1.0,
                is_beyond_observed: false,
            },
            LearnedLevel {
                rule: LevelRule::Capacity {
                    sessions_per_hour: 180_000.0,
                    spare_contacts_per_hour: 400.0,
                },
                contact: interval(0.9871, 0.984, 0.99),
                warn: 0.99,
                within_observed_share: 1.0,
                is_beyond_observed: false,
            },
        ],
        evidence: Evidence {
            q_value: Some(0.003),
            holdout: Some(Holdout {
                split: Split::Forward,
                surges: 9,
                precision: Some(0.81),
                recall: Some(0.74),
                false_alarms_per_week: 0.6,
                lead_minutes_median: Some(18.0),
                lead_minutes_min: Some(5.0),
                deviance_skill: 0.22,
                brier: 0.031,
                brier_seasonal: 0.04,
                coverage90: 0.88,
                windows: 1_056,
                episodes: 4,
            }),
            controls: vec![Control {
                kind: ControlKind::FutureSli,
                finding: "likelihood ratio 1.2, limit 6.6".into(),
                likelihood_ratio: 1.2,
                limit: 6.6,
                passed: true,
            }],
            ..Evidence::default()
        },
        dose_response: Vec::new(),
        band: vec![point(1.0, 1.0), point(0.989, 1.0), point(0.96, 6.8)],
    }
}

fn calibration() -> Calibration {
    let point = |window: i64, real: u64| TimelinePoint {
        start_us: window * QUARTER_US,
        predicted: 3.5,
        interval90: [1.0, 7.0],
        quiet: 2.0,
        real,
    };
    Calibration {
        status: Status::Firm,
        refused_because: Vec::new(),
        notes: Vec::new(),
        from_us: 0,
        to_us: 56 * 86_400_000_000,
        calibrated_at_us: 57 * 86_400_000_000,
        expires_us: 147 * 86_400_000_000,
        window_us: QUARTER_US,
        time_zone: "UTC".into(),
        exposure: ExposureUnit::Sessions,
        seed: 1,
        resamples: 1_000,
        lasting_us: QUARTER_US,
        sli_set_sha256: "00".into(),
        counts: Counts {
            windows: 5_376,
            usable_windows: 5_300,
            days: 56,
            sessions: 1_003_112.0,
            expected_exposure_windows: 0,
            net_contacts: 4_211,
            gross_contacts: 5_000,
        },
        slis: vec![fit()],
        groups: Vec::new(),
        model: None,
        timeline: vec![point(0, 4), point(1, 2), point(4, 9)],
    }
}

fn page(calibration: &Calibration) -> CalibrationPage {
    calibration_page(CalibrationSource {
        calibration,
        set_name: "shop",
        tickets: Vec::new(),
        command: "firedrill calibrate --tickets tickets.csv".into(),
    })
}

#[test]
fn the_paragraph_reads_so() {
    assert_eq!(
        page(&calibration()).sentence,
        "When “Checkouts answered well” falls below 98.4 %, so that more than 1.6 of 100 are not good, customers call \
         twice as often as when nothing is wrong. The level lies between 98 and 98.7 % (90 %). It was learned from \
         4\u{2009}211 contacts and 1\u{2009}000\u{2009}000 sessions on 56 days, with 17 separate stretches beyond \
         that level. On weeks that the fit had not seen it told 74 % of the surges of calls, 18 min before it began (median), with \
         0.6 false alarms a week. At 180\u{2009}000 sessions an hour the support desk is full below 98.7 %."
    );
}

#[test]
fn rates_are_per_1000_sessions_and_gaps_stay_gaps() {
    let page = page(&calibration());
    let dose = page.slis[0].dose.as_ref().expect("it was fitted");
    assert!((dose.quiet_rate - 4.2).abs() < 1e-9);
    assert!((dose.curve[2].rate - 28.56).abs() < 1e-9);
    assert_eq!(dose.level, Some(0.984));
    assert_eq!(page.timeline.starts_us.len(), 5);
    let real = &page.timeline.charts[0].series[3].values;
    assert_eq!(real, &[Some(4.0), Some(2.0), None, None, Some(9.0)]);
    let lag = page.slis[0].lag.as_ref().expect("it was fitted");
    assert_eq!(lag.points.len(), 5, "what is nothing is not drawn");
    assert!(
        lag.message
            .starts_with("Half of the contacts come within 30 min; the mean is 42 min"),
        "{}",
        lag.message
    );
    let names: Vec<&str> = page.slis[0]
        .levels
        .iter()
        .map(|level| level.level.as_str())
        .collect();
    assert_eq!(names, ["warn", "contact", "desk full"]);
}

#[test]
fn a_refusal_says_why_and_what_would_help() {
    let mut calibration = calibration();
    calibration.status = Status::Refused;
    calibration.slis[0].status = Status::Refused;
    calibration.slis[0].refused_because = vec![Refusal {
        rule: RefusalRule::TooFewEpisodes,
        reason: "4 episodes, and it takes 6".into(),
        cure: "weeks with more of them".into(),
    }];
    let page = page(&calibration);
    assert_eq!(page.outcome, CalibrationOutcome::Refused);
    assert_eq!(
        page.sentence,
        "It cannot be said yet at which level customers call: 4 episodes, and it takes 6. What would help: weeks with \
         more of them."
    );
    assert_eq!(
        page.slis[0].sentence,
        "No level is given: 4 episodes, and it takes 6."
    );
}

#[test]
fn nothing_at_all_is_a_page_too() {
    let mut calibration = calibration();
    calibration.slis.clear();
    calibration.timeline.clear();
    let page = page(&calibration);
    assert!(page.timeline.charts.is_empty());
    assert_eq!(
        page.sentence,
        "No level can be given: no SLI was looked at."
    );
}
