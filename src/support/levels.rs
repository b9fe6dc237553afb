//! Levels in the unit of the SLI, three ways, from a curve and its draws.
//!
//! In: curve, draws, quiet rate, the worst value seen. Out: levels with intervals. `contact` is the
//! estimate; `warn` the bound of its interval on the harmless side.

use super::bootstrap::ci90;
use super::calibration::{Interval, LearnedLevel, LevelRule};
use super::dose_response::DoseResponse;
use super::input::Direction;
use super::settings::CalibrationSettings;

/// What levels are made of.
#[derive(Clone, Copy)]
pub(super) struct Curves<'a> {
    pub direction: Direction,
    pub curve: &'a DoseResponse,
    pub quiet_rate: f64,
    /// Parameters of the curve per draw.
    pub draws: &'a [Vec<f64>],
    /// The quiet rate per draw.
    pub quiet_draws: &'a [f64],
    /// The worst value that was seen.
    pub worst_observed: f64,
}

/// The rules that were asked for, the multiple first; capacity only while there is room.
pub(super) fn rules(settings: &CalibrationSettings, quiet_rate: f64) -> Vec<LevelRule> {
    let mut rules = vec![LevelRule::Multiple(settings.multiple)];
    rules.extend(settings.excess_per_1000.map(LevelRule::ExcessPer1000));
    if let Some(capacity) = settings.capacity {
        rules.push(LevelRule::Capacity {
            sessions_per_hour: capacity.sessions_per_hour,
            spare_contacts_per_hour: capacity.spare_per_hour(quiet_rate),
        });
    }
    rules
}

impl Curves<'_> {
    /// The level of a rule; `None` where the curve never reaches it, or a quiet shop is beyond it.
    pub fn level(&self, rule: LevelRule) -> Option<LearnedLevel> {
        let direction = self.direction;
        let ratio = rule.ratio(self.quiet_rate)?;
        let value = self.curve.value_at(ratio, direction)?;
        let is_seen = |value: f64| direction.is_at_least(self.worst_observed, value);
        let mut within = 0_usize;
        let draws = self
            .draws
            .iter()
            .zip(self.quiet_draws)
            .map(|(draw, quiet)| {
                let ratio = rule.ratio(*quiet).unwrap_or(1.0);
                let level = self.curve.with(draw).value_at(ratio, direction);
                let seen = level.filter(|level| is_seen(*level));
                within += usize::from(seen.is_some());
                // Further than all that was seen says "at least that".
                seen.unwrap_or(self.worst_observed)
            });
        let values: Vec<f64> = draws.collect();
        let [low, high] = if values.is_empty() {
            [value; 2]
        } else {
            ci90(values)
        };
        let ci90 = [low.min(value), high.max(value)];
        Some(LearnedLevel {
            rule,
            contact: Interval { value, ci90 },
            warn: match direction {
                Direction::HigherIsWorse => ci90[0],
                Direction::LowerIsWorse => ci90[1],
            },
            within_observed_share: within as f64 / self.draws.len().max(1) as f64,
            is_beyond_observed: !is_seen(value),
        })
    }
}

/// How many times as far from harmless the far bound of an interval is as the near one. `harmless` is
/// the best value there is (0 failed, 0 µs, all well).
pub(super) fn width(ci90: [f64; 2], harmless: f64) -> f64 {
    let [near, far] = {
        let mut distances = ci90.map(|bound| (bound - harmless).abs());
        distances.sort_by(f64::total_cmp);
        distances
    };
    if near > 0.0 { far / near } else { f64::MAX }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves<'a>(curve: &'a DoseResponse, draws: &'a [Vec<f64>], quiet: &'a [f64]) -> Curves<'a> {
        Curves {
            direction: Direction::HigherIsWorse,
            curve,
            quiet_rate: 0.02,
            draws,
            quiet_draws: quiet,
            worst_observed: 0.10,
        }
    }

    #[test]
    fn each_rule_has_its_level() {
        let curve = DoseResponse::Hinge {
            onset: 0.02,
            slope: 50.0,
        };
        let draws = vec![vec![0.018, 50.0], vec![0.022, 50.0]];
        let quiet = [0.02, 0.02];
        let curves = curves(&curve, &draws, &quiet);
        let value = |rule| curves.level(rule).unwrap().contact.value;
        assert!((value(LevelRule::Multiple(2.0)) - 0.04).abs() < 1e-12);
        assert!((value(LevelRule::ExcessPer1000(10.0)) - 0.03).abs() < 1e-12);
        let capacity = LevelRule::Capacity {
            sessions_per_hour: 10_000.0,
            spare_contacts_per_hour: 100.0,
        };
        assert!((value(capacity) - 0.03).abs() < 1e-12);
        let level = curves.level(LevelRule::Multiple(2.0)).unwrap();
        assert!(level.warn < level.contact.value && level.within_observed_share == 1.0);
        assert_eq!(curves.level(LevelRule::ExcessPer1000(-1.0)), None);
    }

    #[test]
    fn where_lower_is_worse_the_warning_comes_above() {
        let curve = DoseResponse::Hinge {
            onset: 0.98,
            slope: 50.0,
        };
        let draws = vec![vec![0.985, 50.0], vec![0.975, 50.0]];
        let curves = Curves {
            direction: Direction::LowerIsWorse,
            worst_observed: 0.5,
            ..curves(&curve, &draws, &[0.02, 0.02])
        };
        let level = curves.level(LevelRule::Multiple(2.0)).unwrap();
        assert!((level.contact.value - 0.96).abs() < 1e-12);
        assert!(level.warn > level.contact.value);
    }

    #[test]
    fn a_level_further_than_what_was_seen_is_marked() {
        let curve = DoseResponse::Hinge {
            onset: 0.02,
            slope: 5.0,
        };
        let curves = curves(&curve, &[], &[]);
        assert!(
            curves
                .level(LevelRule::Multiple(2.0))
                .unwrap()
                .is_beyond_observed
        );
        assert!(
            !curves
                .level(LevelRule::Multiple(1.2))
                .unwrap()
                .is_beyond_observed
        );
    }

    #[test]
    fn width_is_measured_from_harmless() {
        assert!((width([0.01, 0.03], 0.0) - 3.0).abs() < 1e-12);
        assert!((width([0.97, 0.99], 1.0) - 3.0).abs() < 1e-9);
        assert_eq!(width([0.0, 0.03], 0.0), f64::MAX);
    }
}
