//! On simulated truth the calibration is right, and knows when it cannot know.

use rayon::prelude::*;

use super::simulator::{Truth, simulated, sli};
use crate::support::{Calibration, CalibrationSettings, NoProgress, Status, calibrate};

/// Seeds of each figure.
const SEEDS: u64 = 40;

fn settings(resamples: u32) -> CalibrationSettings {
    CalibrationSettings {
        resamples,
        ..CalibrationSettings::default()
    }
}

fn calibrations(truth: &Truth, resamples: u32, seeds: u64) -> Vec<Calibration> {
    let one = |seed: u64| {
        let input = simulated(&Truth {
            seed,
            ..truth.clone()
        });
        calibrate(&input, &settings(resamples), &NoProgress)
    };
    (1..=seeds).into_par_iter().map(one).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    crate::support::bootstrap::quantile(&values, 0.5)
}

#[test]
fn probe_effect() {
    let now = std::time::Instant::now();
    let truth = Truth::default();
    let found = calibrations(&truth, 200, SEEDS);
    println!("{SEEDS} seeds: {:?}", now.elapsed());
    let level = truth.onset + 1.0 / truth.slope;
    let (mut in_onset, mut in_level, mut n) = (0, 0, 0);
    let (mut onsets, mut levels) = (vec![], vec![]);
    for (seed, calibration) in found.iter().enumerate() {
        let fit = &calibration.slis[0];
        let holdout = fit.evidence.holdout.as_ref();
        println!(
            "{seed} {:?} ep {} onset {:.4?} level {:.4?} slope {:.1?} lag {:.0?} q {:?} skill {:.2?} cov {:.2?} p {:.2?} r {:.2?} fa {:.2?} lead {:?} {:?} shapes {:?} theta {:.1?} {:?}",
            fit.status,
            fit.episodes,
            fit.onset.map(|o| (o.value, o.ci90)),
            fit.levels
                .first()
                .map(|l| (l.contact.value, l.contact.ci90)),
            fit.slope.map(|s| (s.value, s.ci90)),
            fit.lag
                .as_ref()
                .map(|l| (l.mean_minutes.value, l.mean_minutes.ci90)),
            fit.evidence.q_value,
            holdout.map(|h| h.deviance_skill),
            holdout.map(|h| h.coverage90),
            holdout.and_then(|h| h.precision),
            holdout.and_then(|h| h.recall),
            holdout.map(|h| h.false_alarms_per_week),
            holdout.and_then(|h| h.lead_minutes_median),
            holdout.map(|h| h.split),
            fit.shapes
                .iter()
                .map(|s| format!(
                    "{:?} {:.0} {:.0} {}",
                    s.shape, s.holdout_deviance, s.difference_se, s.is_chosen
                ))
                .collect::<Vec<_>>(),
            fit.dispersion,
            fit.refused_because
                .iter()
                .map(|r| (r.rule, r.reason.clone()))
                .collect::<Vec<_>>()
        );
        if let Some(o) = fit.onset {
            n += 1;
            onsets.push(o.value);
            if o.ci90[0] <= truth.onset && truth.onset <= o.ci90[1] {
                in_onset += 1;
            }
        }
        if let Some(l) = fit.levels.first() {
            levels.push(l.contact.value);
            if l.contact.ci90[0] <= level && level <= l.contact.ci90[1] {
                in_level += 1;
            }
        }
    }
    println!(
        "median onset {:.5} of {} level {:.5} of {level:.5}; coverage onset {in_onset}/{n} level {in_level}/{}",
        median(onsets),
        truth.onset,
        median(levels.clone()),
        levels.len()
    );
    for status in [Status::Firm, Status::Provisional, Status::Refused] {
        println!(
            "{status:?} {}",
            found.iter().filter(|c| c.status == status).count()
        );
    }
    println!(
        "{}",
        serde_json::to_string(&found[0].slis[0].evidence).unwrap()
    );
    println!(
        "{}",
        serde_json::to_string(&found[0].slis[0].dose_response).unwrap()
    );
}

#[test]
fn probe_none() {
    for (name, truth) in [
        (
            "none",
            Truth {
                slope: 0.0,
                ..Truth::default()
            },
        ),
        (
            "two",
            Truth {
                episodes: 2,
                ..Truth::default()
            },
        ),
        (
            "six",
            Truth {
                episodes: 8,
                ..Truth::default()
            },
        ),
    ] {
        let found = calibrations(&truth, 200, 40);
        let refused = found.iter().filter(|c| c.status == Status::Refused).count();
        println!("{name}: refused {refused}/{}", found.len());
        for c in &found {
            println!(
                "   {:?} {} {:?}",
                c.status,
                c.slis[0].episodes,
                c.slis[0]
                    .refused_because
                    .iter()
                    .map(|r| r.rule)
                    .collect::<Vec<_>>()
            );
        }
    }
}

#[test]
fn probe_speed() {
    let mut input = simulated(&Truth::default());
    for n in 1..20 {
        let other = simulated(&Truth {
            seed: 100 + n,
            ..Truth::default()
        });
        let mut values = other.slis[0].values.clone();
        if n < 7 {
            for (v, own) in values.iter_mut().zip(&input.slis[0].values) {
                *v = v.zip(*own).map(|(a, b)| 0.5 * a + 0.7 * b);
            }
        }
        input.slis.push(sli(&format!("sli_{n}"), values));
    }
    let now = std::time::Instant::now();
    let found = calibrate(&input, &settings(1_000), &NoProgress);
    println!("20 SLIs, 1,000 resamples: {:?}", now.elapsed());
    for fit in &found.slis {
        println!(
            "{} {:?} q {:?} group {:?} {:?} {:?}",
            fit.name,
            fit.status,
            fit.evidence.q_value,
            fit.group,
            fit.levels.first().map(|l| l.contact),
            fit.refused_because
                .iter()
                .map(|r| r.rule)
                .collect::<Vec<_>>()
        );
    }
    println!(
        "{}",
        crate::support::threshold_yaml(&found)
            .lines()
            .take(120)
            .collect::<Vec<_>>()
            .join("\n")
    );
}
