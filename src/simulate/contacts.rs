//! What is to be simulated of support contacts: the known law by which customers call.
//!
//! In: numbers from the command line or a test. Out: a [`ContactPlan`], checked, and the episodes that
//! follow from it. It opens no file and draws no ticket.
//!
//! The law. Windows of 15 minutes; in each, of every journey, the share of the requests which came that
//! goes wrong *on the mean*: customers call about the state of the shop, of which the share that came out is
//! a measurement with noise. Contacts of the sessions that began in a window are negative binomial with mean
//! sessions × quiet rate × weekday × (1 + Σ slope × max(share − threshold, 0)), the sum over journeys. Each
//! comes an exponential delay after a moment of its window.

use super::endpoint::Endpoint;
use super::incident::{Incident, IncidentKind, SLOW_LIMIT_MS};
use super::plan::PlanError;
use super::random::{Purpose, RandomStream, whole_us};
use super::traffic::{DAY_US, Traffic};
use crate::time_window::TimeWindow;
use serde::{Deserialize, Serialize};

/// Length of the windows of the law, µs.
pub const WINDOW_US: i64 = 900 * 1_000_000;
/// The most episodes of a plan.
pub const EPISODES_COUNT_MAX: u32 = 500;

const MINUTE_US: i64 = 60_000_000;
/// Episodes last from one hour to four, and a whole number of windows, so that a window is rarely half good.
const EPISODE_WINDOWS: std::ops::RangeInclusive<u64> = 4..=16;
/// Strengths are spread evenly over the orders of magnitude, from 0.6 times the threshold to 4.8 times it.
const STRENGTH_MIN: f64 = 0.6;
const STRENGTH_RANGE: f64 = 8.0;
/// Of the requests of a shopper, the share that the shop itself answers: an episode of all pages fails more
/// of these to reach its share of all.
const DYNAMIC_SHARE: f64 = 0.42;

/// Support contacts to simulate.
#[derive(Debug, Clone, PartialEq)]
pub struct ContactPlan {
    /// Stretches in which something fails; the rest is quiet. 0 to [`EPISODES_COUNT_MAX`].
    pub episodes: u32,
    /// Whether anybody calls because of them.
    pub effect: Effect,
    /// What fails, in turn; at least one.
    pub journeys: Vec<JourneyKind>,
    /// Share of failed, or slow, requests of a journey from which on customers call, 0 to 0.5.
    pub threshold: f64,
    /// By how many times the quiet rate contacts rise for each unit of share beyond it, 0 to 10,000.
    pub slope: f64,
    /// Mean delay from the session to the contact, µs, up to a day.
    pub delay_us: i64,
    /// Contacts of a quiet shop per 1,000 sessions, above 0, up to 500.
    pub per_1000_sessions: f64,
    /// Dispersion θ of the negative binomial (variance = μ + μ²/θ), above 0.
    pub dispersion: f64,
    /// Share of the tickets that name session or order, 0 to 1.
    pub keyed_share: f64,
}

impl Default for ContactPlan {
    /// Thirty episodes of all pages, 2 % and 60 per unit, so that contacts double at 3.7 %.
    fn default() -> Self {
        Self {
            episodes: 30,
            effect: Effect::Threshold,
            journeys: vec![JourneyKind::Pages],
            threshold: 0.02,
            slope: 60.0,
            delay_us: 45 * MINUTE_US,
            per_1000_sessions: 20.0,
            dispersion: 8.0,
            keyed_share: 0.6,
        }
    }
}

/// Whether trouble makes customers call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// From a threshold on.
    Threshold,
    /// Not at all: there is nothing to be found.
    None,
}

/// What fails in an episode, and what is counted of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JourneyKind {
    /// Everything that the shop itself answers; the share is that of all requests.
    Pages,
    /// `GET /search`.
    Search,
    /// `POST /checkout`.
    Checkout,
    /// Everything that the shop itself answers takes too long; the share is that of all requests that
    /// take longer than 5 s.
    Slow,
}

/// How many there are.
pub(super) const JOURNEYS: usize = JourneyKind::ALL.len();

impl JourneyKind {
    /// All, in the order of the declaration.
    pub const ALL: [Self; 4] = [Self::Pages, Self::Search, Self::Checkout, Self::Slow];

    /// Its place in [`JourneyKind::ALL`].
    pub(super) fn index(self) -> usize {
        self as usize
    }

    /// What the desk calls contacts because of it.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Pages => "website",
            Self::Search => "search",
            Self::Checkout => "payment",
            Self::Slow => "slow",
        }
    }

    pub(super) fn covers(self, endpoint: Endpoint) -> bool {
        match self {
            Self::Pages | Self::Slow => true,
            Self::Search => endpoint == Endpoint::Search,
            Self::Checkout => endpoint == Endpoint::Checkout,
        }
    }

    /// As `sli-defs/shop.yaml` counts: of checkouts every 4xx is bad, else only 429. Slow is what takes
    /// longer than 5 s.
    pub(super) fn is_bad(self, status: u16, latency_ms: u32) -> bool {
        match self {
            Self::Slow => latency_ms > SLOW_LIMIT_MS,
            Self::Checkout => status >= 400,
            Self::Pages | Self::Search => status >= 500 || status == 429,
        }
    }

    fn incident(self, window: TimeWindow, strength: f64) -> Incident {
        let (kind, error_share) = match self {
            Self::Pages => (IncidentKind::BadRelease, strength / DYNAMIC_SHARE),
            Self::Search => (IncidentKind::SlowSearch, strength),
            Self::Checkout => (IncidentKind::PaymentOutage, strength),
            Self::Slow => (IncidentKind::SlowPages, strength / DYNAMIC_SHARE),
        };
        Incident {
            kind,
            window,
            error_share: error_share.min(1.0),
            latency_factor: 1.0,
        }
    }
}

impl ContactPlan {
    /// Checks every number against its range.
    pub(super) fn check(&self) -> Result<(), PlanError> {
        let out_of_range =
            |what: &'static str, range: &'static str| PlanError::Contacts { what, range };
        let is_in =
            |value: f64, low: f64, high: f64| value.is_finite() && (low..=high).contains(&value);
        if self.episodes > EPISODES_COUNT_MAX {
            return Err(out_of_range("number of episodes", "0 to 500"));
        }
        if self.journeys.is_empty() {
            return Err(out_of_range("number of journeys", "at least 1"));
        }
        for (is_good, what, range) in [
            (
                is_in(self.threshold, 0.001, 0.5),
                "contact threshold",
                "0.001 to 0.5",
            ),
            (
                is_in(self.slope, 0.0, 10_000.0),
                "contact slope",
                "0 to 10000",
            ),
            (
                (0..=DAY_US).contains(&self.delay_us),
                "contact delay",
                "0s to 1d",
            ),
            (
                is_in(self.per_1000_sessions, 0.01, 500.0),
                "rate of contacts per 1,000 sessions",
                "0.01 to 500",
            ),
            (
                is_in(self.dispersion, 0.1, 1e6),
                "dispersion of contacts",
                "0.1 to 1000000",
            ),
            (
                is_in(self.keyed_share, 0.0, 1.0),
                "share of tickets with keys",
                "0 to 1",
            ),
        ] {
            if !is_good {
                return Err(out_of_range(what, range));
            }
        }
        Ok(())
    }

    /// The episodes in order of time, each in a slot of its own; in the daytime where slots are days.
    pub(super) fn incidents(&self, traffic: &Traffic, seed: u64) -> Vec<Incident> {
        let mut random = RandomStream::new(seed, Purpose::Episodes);
        let length_us = traffic.end_us() - traffic.start_us();
        let count = i64::from(self.episodes);
        let incidents = (0..count).filter_map(|index| {
            let slot = TimeWindow {
                start_us: traffic.start_us() + length_us * index / count,
                end_us: traffic.start_us() + length_us * (index + 1) / count,
            };
            let window = episode(slot, traffic, &mut random)?;
            let exponent = random.unit() * libm::log(STRENGTH_RANGE);
            let strength = self.threshold * STRENGTH_MIN * libm::exp(exponent);
            let turn = usize::try_from(index).unwrap_or(0) % self.journeys.len();
            Some(self.journeys[turn].incident(window, strength))
        });
        incidents.collect()
    }

    /// The share at which contacts are so many times those of a quiet shop; `None` when nothing is to be
    /// found.
    #[must_use]
    pub fn level(&self, multiple: f64) -> Option<f64> {
        let is_there = self.effect == Effect::Threshold && self.slope > 0.0;
        is_there.then(|| self.threshold + (multiple - 1.0) / self.slope)
    }

    /// Mean contacts per session, as a multiple of the quiet rate, beyond it; one share per journey of
    /// [`JourneyKind::ALL`], none where nobody asked.
    pub(super) fn excess(&self, shares: [Option<f64>; JOURNEYS]) -> [f64; JOURNEYS] {
        let excess = |journey: JourneyKind| {
            let is_told = self.effect == Effect::Threshold && self.journeys.contains(&journey);
            let share = shares[journey.index()].filter(|_| is_told);
            share.map_or(0.0, |share| self.slope * (share - self.threshold).max(0.0))
        };
        JourneyKind::ALL.map(excess)
    }
}

/// A stretch of whole windows inside of the slot; `None` in a slot that is too short for one.
fn episode(slot: TimeWindow, traffic: &Traffic, random: &mut RandomStream) -> Option<TimeWindow> {
    let (first, last) = EPISODE_WINDOWS.into_inner();
    let windows = first + random.below(last - first + 1);
    let start_us = traffic.start_us();
    let ceiling = |us: i64| start_us + (us - start_us + WINDOW_US - 1) / WINDOW_US * WINDOW_US;
    // One window stays free on both sides.
    let from_us = ceiling(slot.start_us) + WINDOW_US;
    let free_us = slot.end_us - WINDOW_US - from_us;
    let most = u64::try_from(free_us / WINDOW_US)
        .ok()
        .filter(|most| *most > 0)?;
    let windows = windows.min(most);
    let mut begin = random.below(most - windows + 1);
    if slot.end_us - slot.start_us >= DAY_US {
        // From 8 to 22 h of one of the days; a start that does not fit any more stays where it is.
        let day = i64::try_from(
            random.below(u64::try_from((slot.end_us - slot.start_us) / DAY_US).unwrap_or(1)),
        )
        .unwrap_or(0);
        let quarter = i64::try_from(random.below(4 * 10)).unwrap_or(0);
        let midnight_us = start_us + ((slot.start_us - start_us) / DAY_US + day) * DAY_US;
        let wanted_us = midnight_us + 8 * 60 * MINUTE_US + quarter * WINDOW_US;
        let wanted = u64::try_from((wanted_us - from_us) / WINDOW_US).unwrap_or(0);
        if wanted_us >= from_us && wanted + windows <= most {
            begin = wanted;
        }
    }
    let at = |window: u64| from_us + i64::try_from(window).unwrap_or(0) * WINDOW_US;
    Some(TimeWindow {
        start_us: at(begin),
        end_us: at(begin + windows),
    })
}

/// A delay with this mean, µs.
pub(super) fn delay(mean_us: i64, random: &mut RandomStream) -> i64 {
    #[expect(clippy::cast_precision_loss, reason = "at most a day")]
    let mean = mean_us as f64;
    whole_us(random.exponential() * mean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn traffic(days: i8) -> Traffic {
        let dates: Vec<_> = (1..=days).map(|day| date(2026, 3, day)).collect();
        Traffic::new(0, &dates, 1_000)
    }

    #[test]
    fn episodes_are_in_order_apart_and_inside_of_the_days() {
        for (days, episodes, placed) in [
            (28, 20, 20),
            (28, 2, 2),
            (28, 300, 300),
            (1, 10, 10),
            (1, 100, 0),
            (5, 0, 0),
        ] {
            let traffic = traffic(days);
            let plan = ContactPlan {
                episodes,
                ..ContactPlan::default()
            };
            let found = plan.incidents(&traffic, 5);
            assert_eq!(found.len(), placed, "{days} {episodes}");
            assert!(found.is_sorted_by(|a, b| a.window.end_us < b.window.start_us));
            for episode in &found {
                assert!(episode.window.start_us >= 0 && episode.window.end_us <= traffic.end_us());
                assert_eq!(episode.window.start_us % WINDOW_US, 0);
                assert!((0.0..=1.0).contains(&episode.error_share));
            }
        }
    }

    #[test]
    fn contacts_rise_from_the_threshold_on() {
        let plan = ContactPlan::default();
        let at = |share| plan.excess([Some(share), Some(0.9), None, Some(0.9)])[0];
        assert!(at(0.0).abs() < 1e-12 && at(0.02).abs() < 1e-12);
        assert!((at(0.03) - 0.6).abs() < 1e-12);
        let level = plan.level(2.0).expect("there is an effect");
        assert!((at(level) - 1.0).abs() < 1e-9);
        let none = ContactPlan {
            effect: Effect::None,
            ..plan
        };
        assert_eq!(none.level(2.0), None);
        assert_eq!(none.excess([Some(0.5); JOURNEYS]), [0.0; JOURNEYS]);
    }

    #[test]
    fn every_number_is_refused_outside_of_its_range() {
        let good = ContactPlan::default();
        assert_eq!(good.check(), Ok(()));
        for bad in [
            ContactPlan {
                episodes: 501,
                ..good.clone()
            },
            ContactPlan {
                journeys: Vec::new(),
                ..good.clone()
            },
            ContactPlan {
                threshold: 0.6,
                ..good.clone()
            },
            ContactPlan {
                slope: f64::NAN,
                ..good.clone()
            },
            ContactPlan {
                delay_us: -1,
                ..good.clone()
            },
            ContactPlan {
                per_1000_sessions: 0.0,
                ..good.clone()
            },
            ContactPlan {
                dispersion: 0.0,
                ..good.clone()
            },
            ContactPlan {
                keyed_share: 1.1,
                ..good.clone()
            },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
