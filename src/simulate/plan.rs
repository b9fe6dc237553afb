//! What is to be simulated, checked before anything is written.
//!
//! In: numbers from the command line or a test. Out: a [`SimulationPlan`] and what follows from it:
//! the dates, the traffic, the incidents. It opens no file.

use super::contacts::ContactPlan;
use super::incident::{INCIDENTS_COUNT_MAX, Incident, planted};
use super::traffic::Traffic;
use crate::time_window::rfc3339;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The most days of a plan.
pub const DAYS_COUNT_MAX: u32 = 400;
/// The most shoppers of an ordinary day.
pub const SHOPPERS_PER_DAY_MAX: u64 = 50_000_000;
/// The longest factor by which an incident may slow requests.
pub const LATENCY_FACTOR_MAX: f64 = 100.0;

const YEARS: std::ops::RangeInclusive<i16> = 1970..=9000;

/// Days of requests to simulate. The same plan gives the same bytes on every machine.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulationPlan {
    /// The first day, UTC.
    pub start_day: Date,
    /// How many days, 1 to [`DAYS_COUNT_MAX`].
    pub days: u32,
    /// Shoppers of an ordinary Monday to Thursday, 1 to [`SHOPPERS_PER_DAY_MAX`]; Black Friday has
    /// three times as many.
    pub shoppers_per_day: u64,
    /// Any number; another seed gives other days of the same kind.
    pub seed: u64,
    /// What goes wrong, and when.
    pub incidents: Incidents,
    /// Support contacts, if there are to be any; their episodes then replace the planted incidents.
    pub contacts: Option<ContactPlan>,
}

/// Where the incidents of a plan come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Incidents {
    /// A payment outage on the evening of the busiest day, and a smaller incident every third day.
    Planted,
    /// These, in order of time and apart from each other; none is allowed.
    Named(Vec<Incident>),
}

/// Why a plan cannot be simulated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// Too few or too many days.
    #[error("`{days}` days cannot be simulated (hint: choose 1 to {DAYS_COUNT_MAX})")]
    Days {
        /// What was asked for.
        days: u32,
    },
    /// Too few or too many shoppers.
    #[error(
        "`{shoppers}` shoppers per day cannot be simulated (hint: choose 1 to {SHOPPERS_PER_DAY_MAX})"
    )]
    Shoppers {
        /// What was asked for.
        shoppers: u64,
    },
    /// A year that an access log cannot name.
    #[error(
        "the day `{day}` is not in the years 1970 to 9000 (hint: choose a day such as `2026-11-20`)"
    )]
    Year {
        /// What was asked for.
        day: Date,
    },
    /// Too many incidents.
    #[error("the plan has {count} incidents (hint: at most {INCIDENTS_COUNT_MAX})")]
    IncidentCount {
        /// How many.
        count: usize,
    },
    /// An incident that is not inside the days, or not after the one before it.
    #[error(
        "the incident from {start} to {end} is outside the days or overlaps the one before it (hint: list incidents in order of time, apart from each other, inside the simulated days)"
    )]
    IncidentWindow {
        /// Start as RFC 3339.
        start: String,
        /// End as RFC 3339.
        end: String,
    },
    /// A number of the contacts is out of range.
    #[error("the {what} is out of range (hint: choose {range})")]
    Contacts {
        /// What is.
        what: &'static str,
        /// What is not.
        range: &'static str,
    },
    /// An incident whose effect is no share or no factor.
    #[error(
        "the incident from {start} has an error share or a latency factor out of range (hint: a share is 0 to 1, a factor 1 to {LATENCY_FACTOR_MAX})"
    )]
    IncidentEffect {
        /// Start as RFC 3339.
        start: String,
    },
}

/// What a plan means.
#[derive(Debug, Clone)]
pub(super) struct ResolvedPlan {
    /// Every day, in order.
    pub dates: Vec<Date>,
    /// Who comes when.
    pub traffic: Traffic,
    /// What goes wrong, in order of time, without overlap.
    pub incidents: Vec<Incident>,
}

impl SimulationPlan {
    /// Checks every number against its range.
    ///
    /// # Errors
    /// The first number that is out of range, with the range.
    pub fn check(&self) -> Result<(), PlanError> {
        self.resolve().map(drop)
    }

    /// The dates, the traffic and the incidents that follow from the plan.
    pub(super) fn resolve(&self) -> Result<ResolvedPlan, PlanError> {
        if !(1..=DAYS_COUNT_MAX).contains(&self.days) {
            return Err(PlanError::Days { days: self.days });
        }
        if !(1..=SHOPPERS_PER_DAY_MAX).contains(&self.shoppers_per_day) {
            return Err(PlanError::Shoppers {
                shoppers: self.shoppers_per_day,
            });
        }
        let bad_year = PlanError::Year {
            day: self.start_day,
        };
        if !YEARS.contains(&self.start_day.year()) {
            return Err(bad_year);
        }
        let start = self
            .start_day
            .to_zoned(TimeZone::UTC)
            .map(|zoned| zoned.timestamp());
        let start_us = start.map(Timestamp::as_microsecond).map_err(|_| bad_year)?;
        let dates: Vec<Date> = (0..i64::from(self.days))
            .map(|day| self.start_day.saturating_add(day.days()))
            .collect();
        let traffic = Traffic::new(start_us, &dates, self.shoppers_per_day);
        if let Some(contacts) = &self.contacts {
            contacts.check()?;
        }
        let incidents = match (&self.incidents, &self.contacts) {
            (Incidents::Named(incidents), _) => incidents.clone(),
            (Incidents::Planted, Some(contacts)) => contacts.incidents(&traffic, self.seed),
            (Incidents::Planted, None) => planted(&traffic, self.seed),
        };
        check_incidents(&incidents, &traffic)?;
        Ok(ResolvedPlan {
            dates,
            traffic,
            incidents,
        })
    }
}

fn check_incidents(incidents: &[Incident], traffic: &Traffic) -> Result<(), PlanError> {
    if incidents.len() > INCIDENTS_COUNT_MAX {
        return Err(PlanError::IncidentCount {
            count: incidents.len(),
        });
    }
    let mut free_from_us = traffic.start_us();
    for incident in incidents {
        let window = incident.window;
        let start = rfc3339(window.start_us);
        let share_is_good = (0.0..=1.0).contains(&incident.error_share);
        if !share_is_good || !(1.0..=LATENCY_FACTOR_MAX).contains(&incident.latency_factor) {
            return Err(PlanError::IncidentEffect { start });
        }
        let is_inside = window.start_us >= free_from_us && window.end_us <= traffic.end_us();
        if !is_inside || window.end_us <= window.start_us {
            return Err(PlanError::IncidentWindow {
                start,
                end: rfc3339(window.end_us),
            });
        }
        free_from_us = window.end_us;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::incident::IncidentKind;
    use crate::time_window::TimeWindow;
    use jiff::civil::date;

    fn plan() -> SimulationPlan {
        SimulationPlan {
            start_day: date(1970, 1, 1),
            days: 2,
            shoppers_per_day: 100,
            seed: 1,
            incidents: Incidents::Named(Vec::new()),
            contacts: None,
        }
    }

    #[test]
    fn every_number_is_accepted_at_its_limits_and_refused_one_past_them() {
        for (days, shoppers_per_day, is_good) in [
            (1, 1, true),
            (DAYS_COUNT_MAX, SHOPPERS_PER_DAY_MAX, true),
            (0, 1, false),
            (DAYS_COUNT_MAX + 1, 1, false),
            (1, 0, false),
            (1, SHOPPERS_PER_DAY_MAX + 1, false),
        ] {
            let checked = SimulationPlan {
                days,
                shoppers_per_day,
                ..plan()
            }
            .check();
            assert_eq!(checked.is_ok(), is_good, "{days} {shoppers_per_day}");
        }
        for (day, is_good) in [
            (date(1970, 1, 1), true),
            (date(1969, 12, 31), false),
            (date(9000, 12, 31), true),
            (date(9001, 1, 1), false),
        ] {
            let checked = SimulationPlan {
                start_day: day,
                ..plan()
            }
            .check();
            assert_eq!(checked.is_ok(), is_good, "{day}");
        }
    }

    #[test]
    fn a_refusal_names_the_number_and_the_cure() {
        let error = SimulationPlan { days: 0, ..plan() }.check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`0` days cannot be simulated (hint: choose 1 to 400)"
        );
    }

    #[test]
    fn named_incidents_are_inside_the_days_in_order_and_apart() {
        let end_us = 2 * 86_400_000_000;
        let incident = |start_us, end_us, error_share, latency_factor| Incident {
            kind: IncidentKind::SlowSearch,
            window: TimeWindow { start_us, end_us },
            error_share,
            latency_factor,
        };
        for (incidents, is_good) in [
            (
                vec![incident(0, 5, 0.0, 1.0), incident(5, end_us, 1.0, 100.0)],
                true,
            ),
            (
                vec![incident(0, 5, 0.5, 2.0), incident(4, 9, 0.5, 2.0)],
                false,
            ),
            (vec![incident(-1, 5, 0.5, 2.0)], false),
            (vec![incident(0, end_us + 1, 0.5, 2.0)], false),
            (vec![incident(5, 5, 0.5, 2.0)], false),
            (vec![incident(0, 5, 1.1, 2.0)], false),
            (vec![incident(0, 5, f64::NAN, 2.0)], false),
            (vec![incident(0, 5, 0.5, 0.9)], false),
            (vec![incident(0, 5, 0.5, 100.1)], false),
        ] {
            let plan = SimulationPlan {
                incidents: Incidents::Named(incidents),
                ..plan()
            };
            assert_eq!(plan.check().is_ok(), is_good, "{plan:?}");
        }
    }

    #[test]
    fn more_incidents_than_the_limit_are_refused() {
        let incident = |index| Incident {
            kind: IncidentKind::BadRelease,
            window: TimeWindow {
                start_us: index * 10,
                end_us: index * 10 + 1,
            },
            error_share: 0.1,
            latency_factor: 1.0,
        };
        for (count, is_good) in [(1_000_i64, true), (1_001, false)] {
            let incidents = Incidents::Named((0..count).map(incident).collect());
            assert_eq!(
                SimulationPlan {
                    incidents,
                    ..plan()
                }
                .check()
                .is_ok(),
                is_good
            );
        }
    }
}
