//! From levels of SLIs to contacts, and back.
//!
//! In: a [`ContactModel`], and windows of a rehearsal, a week or a what-if. Out: contacts with an
//! interval, or the level at which contacts reach a goal. Assumes that customers behave as in the
//! weeks learned from. Never looks beyond the worst value that was seen there: it is capped and named.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::calibration::{Interval, LevelRule};
use super::dose_response::DoseResponse;
use super::input::{Direction, ExposureUnit};
use super::mixture::{Normal, interval90};
use super::season::Season;

/// What predicts contacts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ContactModel {
    /// Length of the windows that it was learned in, µs.
    pub window_us: i64,
    /// Zone of the hours of the week.
    pub time_zone: String,
    /// What a session is here: rates are per one of these.
    pub exposure: ExposureUnit,
    /// Contacts per session when nothing is wrong, mean over the sessions of the weeks learned from.
    pub quiet_rate: Interval,
    /// The same per draw.
    pub quiet_draws: Vec<f64>,
    /// How the quiet rate goes over the week.
    pub season: Season,
    /// Share of the contacts that come so many windows after the experience, 0 first; adds up to 1.
    pub lag_weights: Vec<f64>,
    /// NB2 dispersion θ of the contacts of a window; `None` at the Poisson limit.
    pub dispersion: Option<f64>,
    /// One per group of SLIs that move together; their excesses add up.
    pub slis: Vec<SliModel>,
}

/// How contacts follow one SLI, or a group of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SliModel {
    /// The SLI.
    pub name: String,
    /// Others that move together with it, and for which it stands.
    pub stands_for: Vec<String>,
    /// Hash of its meaning.
    pub definition_sha256: String,
    /// Unit of its values.
    pub unit: String,
    /// Which way it gets worse.
    pub direction: Direction,
    /// Contacts as a multiple of the quiet rate.
    pub curve: DoseResponse,
    /// The worst value that was seen.
    pub worst_observed: f64,
    /// Parameters of the curve per draw of the bootstrap: onset and slope of a hinge or a line, the
    /// ratios of steps; the draws of all SLIs belong together.
    pub draws: Vec<Vec<f64>>,
}

/// One window to predict for.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictionWindow {
    /// Start, UTC µs since 1970: decides the hour of the week.
    pub start_us: i64,
    /// Length, µs.
    pub length_us: i64,
    /// Sessions attempted in it; `None` where nobody knows.
    pub sessions: Option<f64>,
    /// One per SLI of the model, in its order; `None` where there was not enough data.
    pub values: Vec<Option<f64>>,
}

/// Contacts to come.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ContactPrediction {
    /// All contacts of these sessions, whenever they come.
    pub total: Interval,
    /// Those on top of what a quiet shop has.
    pub excess: Interval,
    /// Those of a quiet shop.
    pub quiet: Interval,
    /// The excess by SLI, in the order of the model; without the noise of counts.
    pub by_sli: Vec<SliContacts>,
    /// Sessions looked at.
    pub sessions: f64,
    /// Windows looked at.
    pub windows: u64,
    /// Windows in which sessions or an SLI are not known: their excess is not in here.
    pub unknown_windows: u64,
    /// Sessions in them, as far as they are known.
    pub unknown_sessions: f64,
    /// SLIs that were worse than ever before, and were capped.
    pub beyond_observed: Vec<BeyondObserved>,
}

/// Excess contacts by one SLI.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SliContacts {
    /// The SLI.
    pub sli: String,
    /// Others that it stands for.
    pub stands_for: Vec<String>,
    /// Excess contacts.
    pub excess: Interval,
    /// The worst value of the windows.
    pub worst: Option<f64>,
}

/// A value worse than everything learned from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BeyondObserved {
    /// The SLI.
    pub sli: String,
    /// The worst value to predict for.
    pub value: f64,
    /// The worst value that was seen; contacts are those at it, so at least so many.
    pub worst_observed: f64,
    /// Windows that are beyond it.
    pub windows: u64,
}

/// Predicts contacts. The interval has the uncertainty of the curve and the noise of counts; that of
/// single SLIs only the first. Windows that are not known add their quiet contacts, no excess.
#[must_use]
pub fn predict(model: &ContactModel, windows: &[PredictionWindow]) -> ContactPrediction {
    let zone = TimeZone::get(&model.time_zone).unwrap_or(TimeZone::UTC);
    let season: Vec<f64> = windows
        .iter()
        .map(|window| model.season.factor(window.start_us, &zone))
        .collect();
    let point = model.sums(windows, &season, None);
    let draws: Vec<Sums> = (0..model.draw_count())
        .map(|draw| model.sums(windows, &season, Some(draw)))
        .collect();
    let noisy = |of: fn(&Sums) -> (f64, f64)| {
        let normal = |sums: &Sums| {
            let (mean, variance) = of(sums);
            Normal { mean, variance }
        };
        let draws: Vec<Normal> = draws.iter().map(normal).collect();
        interval90(normal(&point), &draws)
    };
    let by_sli = model.slis.iter().enumerate().map(|(index, sli)| {
        let exact = |sums: &Sums| Normal {
            mean: sums.by_sli[index],
            variance: 0.0,
        };
        let all: Vec<Normal> = draws.iter().map(exact).collect();
        SliContacts {
            sli: sli.name.clone(),
            stands_for: sli.stands_for.clone(),
            excess: interval90(exact(&point), &all),
            worst: worst_value(windows, index, sli.direction),
        }
    });
    let unknown: Vec<&PredictionWindow> = windows
        .iter()
        .filter(|window| window.is_unknown())
        .collect();
    ContactPrediction {
        total: noisy(|sums| (sums.total, sums.total_variance)),
        excess: noisy(|sums| (sums.excess, sums.excess_variance)),
        quiet: noisy(|sums| {
            (
                sums.total - sums.excess,
                sums.total_variance - sums.excess_variance,
            )
        }),
        by_sli: by_sli.collect(),
        sessions: windows.iter().filter_map(|window| window.sessions).sum(),
        windows: windows.len() as u64,
        unknown_windows: unknown.len() as u64,
        unknown_sessions: unknown.iter().filter_map(|window| window.sessions).sum(),
        beyond_observed: model.beyond_observed(windows),
    }
}

/// The answer to "at which level".
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelAnswer {
    /// At this value of the SLI.
    At(Interval),
    /// Further than the worst value that was seen.
    BeyondObserved {
        /// That value.
        worst_observed: f64,
    },
    /// The support desk is full in a quiet shop.
    AlreadyFull,
}

/// The mildest value of an SLI of the model at which a rule is met, all else being quiet; `None` if
/// the model has no such SLI (nor one that stands for it).
#[must_use]
pub fn level_of(model: &ContactModel, sli: &str, rule: LevelRule) -> Option<LevelAnswer> {
    let sli = model.find(sli)?;
    let Some(ratio) = rule.ratio(model.quiet_rate.value) else {
        return Some(LevelAnswer::AlreadyFull);
    };
    let direction = sli.direction;
    let worst_observed = sli.worst_observed;
    let is_seen = |value: &f64| direction.is_at_least(worst_observed, *value);
    let Some(value) = sli.curve.value_at(ratio, direction).filter(is_seen) else {
        return Some(LevelAnswer::BeyondObserved { worst_observed });
    };
    let draws = sli
        .draws
        .iter()
        .zip(&model.quiet_draws)
        .map(|(draw, quiet)| {
            let ratio = rule.ratio(*quiet).unwrap_or(1.0);
            let level = sli.curve.with(draw).value_at(ratio, direction);
            // A draw that never gets there says no more than "further than what was seen".
            let level = level.filter(is_seen).unwrap_or(worst_observed);
            Normal {
                mean: level,
                variance: 0.0,
            }
        });
    let draws: Vec<Normal> = draws.collect();
    let point = Normal {
        mean: value,
        variance: 0.0,
    };
    Some(LevelAnswer::At(interval90(point, &draws)))
}

impl LevelRule {
    /// The multiple of the quiet rate at which the rule is met, where a quiet shop has
    /// `quiet_rate` contacts per session; `None` if it is met in a quiet shop.
    #[must_use]
    pub fn ratio(self, quiet_rate: f64) -> Option<f64> {
        let ratio = match self {
            Self::Multiple(multiple) => multiple,
            Self::ExcessPer1000(excess) => 1.0 + excess / 1_000.0 / quiet_rate,
            Self::Capacity {
                sessions_per_hour,
                spare_contacts_per_hour,
            } => 1.0 + spare_contacts_per_hour / (sessions_per_hour * quiet_rate),
        };
        (ratio.is_finite() && ratio > 1.0).then_some(ratio)
    }
}

/// Sums over windows.
#[derive(Debug, Clone, Default)]
struct Sums {
    total: f64,
    excess: f64,
    total_variance: f64,
    excess_variance: f64,
    by_sli: Vec<f64>,
}

impl ContactModel {
    /// The SLI of this name, or the one that stands for it.
    #[must_use]
    pub fn find(&self, sli: &str) -> Option<&SliModel> {
        let named = self.slis.iter().find(|model| model.name == sli);
        let standing = |model: &&SliModel| model.stands_for.iter().any(|name| name == sli);
        named.or_else(|| self.slis.iter().find(standing))
    }

    /// Contacts per window as they come, which is later than the experience: as many as `windows`
    /// and the longest delay after the last. The windows follow each other, each as long as those
    /// that were learned from.
    #[must_use]
    pub fn arrivals(&self, windows: &[PredictionWindow]) -> Vec<f64> {
        let zone = TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC);
        let lags = self.lag_weights.len().max(1);
        let mut arrivals = vec![0.0; windows.len() + lags - 1];
        for (index, window) in windows.iter().enumerate() {
            let season = self.season.factor(window.start_us, &zone);
            let contacts = self
                .sums(std::slice::from_ref(window), &[season], None)
                .total;
            for (lag, weight) in self.lag_weights.iter().enumerate() {
                arrivals[index + lag] += contacts * weight;
            }
        }
        arrivals
    }

    fn draw_count(&self) -> usize {
        let draws = self.slis.iter().map(|sli| sli.draws.len());
        draws.fold(self.quiet_draws.len(), usize::min)
    }

    fn sums(&self, windows: &[PredictionWindow], season: &[f64], draw: Option<usize>) -> Sums {
        let quiet_rate = draw.map_or(self.quiet_rate.value, |draw| self.quiet_draws[draw]);
        let curves: Vec<DoseResponse> = self
            .slis
            .iter()
            .map(|sli| {
                draw.map_or_else(
                    || sli.curve.clone(),
                    |draw| sli.curve.with(&sli.draws[draw]),
                )
            })
            .collect();
        let mut sums = Sums {
            by_sli: vec![0.0; self.slis.len()],
            ..Sums::default()
        };
        for (window, season) in windows.iter().zip(season) {
            let Some(sessions) = window.sessions else {
                continue;
            };
            let quiet = quiet_rate * season * sessions;
            let mut excess = 0.0;
            for (index, (sli, curve)) in self.slis.iter().zip(&curves).enumerate() {
                let Some(value) = window.values.get(index).copied().flatten() else {
                    continue;
                };
                let ratio = curve.ratio(sli.capped(value), sli.direction);
                let of_sli = quiet * (ratio - 1.0);
                sums.by_sli[index] += of_sli;
                excess += of_sli;
            }
            let variance = |mean: f64| {
                // The sum of k windows of NB2 is as one whose θ is k times as large.
                let windows = window.length_us as f64 / self.window_us.max(1) as f64;
                let noise = |theta: f64| mean * mean / (theta * windows.max(f64::MIN_POSITIVE));
                mean + self.dispersion.map_or(0.0, noise)
            };
            sums.total += quiet + excess;
            sums.excess += excess;
            sums.total_variance += variance(quiet + excess);
            sums.excess_variance += variance(quiet + excess) - variance(quiet);
        }
        sums
    }

    fn beyond_observed(&self, windows: &[PredictionWindow]) -> Vec<BeyondObserved> {
        let beyond = self.slis.iter().enumerate().filter_map(|(index, sli)| {
            let values = windows
                .iter()
                .filter_map(|window| window.values.get(index)?.as_ref());
            let count = values
                .filter(|value| !sli.direction.is_at_least(sli.worst_observed, **value))
                .count();
            let value = worst_value(windows, index, sli.direction)?;
            (count > 0).then(|| BeyondObserved {
                sli: sli.name.clone(),
                value,
                worst_observed: sli.worst_observed,
                windows: count as u64,
            })
        });
        beyond.collect()
    }
}

impl SliModel {
    fn capped(&self, value: f64) -> f64 {
        if self.direction.is_at_least(value, self.worst_observed) {
            self.worst_observed
        } else {
            value
        }
    }
}

impl PredictionWindow {
    fn is_unknown(&self) -> bool {
        self.sessions.is_none() || self.values.iter().any(Option::is_none)
    }
}

fn worst_value(windows: &[PredictionWindow], index: usize, direction: Direction) -> Option<f64> {
    let values = windows
        .iter()
        .filter_map(|window| *window.values.get(index)?);
    values.reduce(|worst, value| {
        if direction.is_at_least(value, worst) {
            value
        } else {
            worst
        }
    })
}
