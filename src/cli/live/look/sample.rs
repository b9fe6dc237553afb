//! A run in the middle of its surge, for tests of what shows it.

use super::*;
use crate::cli::live::events::EventState;
use crate::cli::live::seconds::Quantiles;
use crate::cli::thresholds::LookState;

/// A look with something in every part, and `name` in every text that a scenario or an SLI set
/// can say.
pub fn busy(name: &str) -> Look {
    let second = |at_s: i64| {
        let ms = 1_000 * at_s.unsigned_abs();
        let latency = Some(Quantiles {
            p50: 20 * ms,
            p95: 40 * ms,
            p99: 60 * ms,
        });
        LiveSecond {
            at_s,
            requests: 900 + at_s.unsigned_abs(),
            errors: at_s.unsigned_abs() / 10,
            response: latency,
            service: latency,
            first_byte: latency,
        }
    };
    let health = |at_s: i64| HealthSample {
        at_us: at_s * 1_000_000,
        cpu_share: Some(0.42),
        machine_cpu_share: Some(0.66),
        loop_lag_us: 700,
        schedule_lag_us: 1_900,
        requests: 900,
        late: 0,
        descriptors: Some(321),
        ports: Some(288),
        resident_bytes: Some(187_000_000),
    };
    Look {
        run_id: format!("{name}-20261127T080000Z"),
        target: "http://127.0.0.1:8080/".to_owned(),
        stage: Stage::Running,
        elapsed_s: 41.2,
        length_s: 60.0,
        load: Load {
            planned_per_s: 200.0,
            offered: 4_120,
            started: 4_100,
            completed: 2_900,
            dropped: 0,
            present: 1_180,
            in_flight: 87,
            in_flight_max: 10_000,
            requests: 18_432,
            committed: 15_000,
        },
        seconds: (0..40).map(second).collect(),
        arrivals: (0..40)
            .map(|at_s| Arrived {
                at_s,
                planned: 200.0,
                offered: 198,
            })
            .collect(),
        errors: vec![("503".to_owned(), 41), ("timeout".to_owned(), 7)],
        slis: vec![
            SliLook {
                name: "checkout_p95".to_owned(),
                title: format!("{name} response, p95"),
                unit: Unit::Microseconds,
                value: Some(4_800_000.0),
                limits: vec![LimitLook {
                    level: Level::Contact,
                    bad: BadSide::Above,
                    value: 4_000_000.0,
                }],
                level: Some(Level::Contact),
                recent: vec![Some(1e6), None, Some(3e6), Some(4.8e6)],
            },
            SliLook {
                name: "orders".to_owned(),
                title: "Orders".to_owned(),
                unit: Unit::PerMinute,
                value: Some(612.0),
                limits: Vec::new(),
                level: None,
                recent: vec![Some(600.0), Some(612.0)],
            },
        ],
        thresholds: vec![ThresholdLook {
            demand: format!("Errors above 5 % for 10 s, channel {name}"),
            unit: Unit::Share,
            bad: BadSide::Above,
            limit: 0.05,
            for_us: 10_000_000,
            aborts: true,
            state: LookState::Beyond,
            recent: vec![Some(0.01), Some(0.07)],
            beyond_us: 5_000_000,
            first_broken_us: None,
        }],
        events: vec![
            Event {
                at_s: 27.0,
                label: format!("doors open at {name}"),
                is_past: true,
                state: EventState::Past,
                detail: None,
            },
            Event {
                at_s: 55.0,
                label: "doors close".to_owned(),
                is_past: false,
                state: EventState::Planned,
                detail: None,
            },
        ],
        prompt: None,
        generator: Generator {
            cores: 2,
            descriptors_limit: 1_048_576,
            ports_limit: Some(28_232),
            lag_limit_us: 50_000,
            late_share: 0.0,
            seconds: (0..40).map(health).collect(),
        },
        end: None,
    }
}
