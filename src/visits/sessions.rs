//! Sessions: stretches in which a shopper never paused for longer than the gap.
//!
//! A session counts where it begins, so that contacts per 1,000 sessions can be told for every
//! hour.

use serde::{Deserialize, Serialize};

use super::local_days::{HOUR_US, LocalDays};
use super::pass::Question;
use super::plan::Predicate;
use super::series_labels::Label;
use super::sorted_visits::Visit;
use crate::time_window::TimeWindow;

/// Hours of the longest local day, with room for zones that shifted by more than one hour.
const HOURS_MAX: usize = 48;

/// What is asked.
#[derive(Debug, Clone)]
pub struct SessionPlan {
    /// Which requests are a shopper's presence.
    pub valid: Predicate,
    /// The longest pause within a session, µs.
    pub gap_us: i64,
}

/// Sessions by hour and local day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// Oldest first; hours without sessions are left out. Additive.
    pub hours: Vec<SessionHour>,
    /// Oldest first; days without requests are left out. Additive where ranges end at midnight.
    pub days: Vec<SessionDay>,
}

/// One hour, counted from local midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionHour {
    /// Its first µs, UTC.
    pub start_us: i64,
    /// Sessions that began in it.
    pub sessions: u64,
}

/// One local day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionDay {
    /// ISO 8601 date.
    pub date: String,
    /// Sessions that began on it.
    pub sessions: u64,
    /// Different shoppers who asked anything on it.
    pub shoppers: u64,
    /// Their requests.
    pub requests: u64,
}

impl Sessions {
    /// Adds another range.
    pub fn merge(&mut self, other: &Self) {
        for hour in &other.hours {
            match self
                .hours
                .binary_search_by_key(&hour.start_us, |own| own.start_us)
            {
                Ok(index) => self.hours[index].sessions += hour.sessions,
                Err(index) => self.hours.insert(index, *hour),
            }
        }
        for day in &other.days {
            match self.days.binary_search_by_key(&&day.date, |own| &own.date) {
                Ok(index) => {
                    self.days[index].sessions += day.sessions;
                    self.days[index].shoppers += day.shoppers;
                    self.days[index].requests += day.requests;
                }
                Err(index) => self.days.insert(index, day.clone()),
            }
        }
    }
}

/// Adds up shopper by shopper.
pub struct SessionWalk {
    plan: SessionPlan,
    range: TimeWindow,
    days: LocalDays,
    /// By label; 0 for those that are not valid.
    weights: Vec<u64>,
    /// Sessions, by day and hour.
    hours: Vec<u64>,
    /// Shoppers and requests by day.
    presence: Vec<(u64, u64)>,
}

impl SessionWalk {
    /// Nothing yet.
    pub fn new(plan: &SessionPlan, range: TimeWindow, days: &LocalDays) -> Self {
        Self {
            plan: plan.clone(),
            range,
            days: days.clone(),
            weights: Vec::new(),
            hours: vec![0; days.len() * HOURS_MAX],
            presence: vec![(0, 0); days.len()],
        }
    }

    /// What came out.
    pub fn finish(self) -> Sessions {
        let mut hours = Vec::new();
        let mut days = Vec::new();
        for (index, by_hour) in self.hours.chunks(HOURS_MAX).enumerate() {
            let day = self.days.day(index);
            let starts = (0_i64..).map(|hour| day.window.start_us + hour * HOUR_US);
            let present = starts.zip(by_hour).filter(|(_, sessions)| **sessions > 0);
            hours.extend(present.map(|(start_us, sessions)| SessionHour {
                start_us,
                sessions: *sessions,
            }));
            let (shoppers, requests) = self.presence[index];
            if shoppers > 0 {
                days.push(SessionDay {
                    date: day.date.clone(),
                    sessions: by_hour.iter().sum(),
                    shoppers,
                    requests,
                });
            }
        }
        Sessions { hours, days }
    }
}

impl Question for SessionWalk {
    fn needs(&self, label: &Label) -> bool {
        self.plan.valid.covers(&label.key)
    }

    fn learn(&mut self, labels: &[Label]) {
        let weight = |label: &Label| if self.needs(label) { label.weight } else { 0 };
        self.weights = labels.iter().map(weight).collect();
    }

    fn walk(&mut self, _shopper: i64, visits: &[Visit]) {
        let mut last_us: Option<i64> = None;
        let mut day: Option<(usize, TimeWindow)> = None;
        for visit in visits {
            let weight = self.weights[visit.label as usize];
            if weight == 0 {
                continue;
            }
            let ts_us = visit.ts_us;
            let pause_us = last_us.replace(ts_us).map(|last_us| ts_us - last_us);
            if !self.range.contains(ts_us) {
                continue;
            }
            let (index, window) = day
                .filter(|(_, day)| day.contains(ts_us))
                .unwrap_or_else(|| {
                    let index = self.days.index_of(ts_us);
                    self.presence[index].0 += 1;
                    (index, self.days.day(index).window)
                });
            day = Some((index, window));
            self.presence[index].1 += weight;
            if pause_us.is_none_or(|pause_us| pause_us > self.plan.gap_us) {
                let hour = usize::try_from((ts_us - window.start_us) / HOUR_US).unwrap_or(0);
                self.hours[index * HOURS_MAX + hour.min(HOURS_MAX - 1)] += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::visits::{VisitRow, sample};

    fn sessions(rows: &[VisitRow]) -> Sessions {
        let plan = sample::plan(sample::START_US, sample::END_US);
        sample::answer(&plan, rows).sessions.unwrap()
    }

    #[test]
    fn a_pause_as_long_as_the_gap_is_within_the_session() {
        let row = |ts_us| VisitRow {
            shopper: Some(1),
            ts_us,
            series: 0,
            weight: 2,
            is_slow: false,
        };
        let start_us = sample::START_US;
        let rows = [
            row(start_us),
            row(start_us + sample::GAP_US),
            row(start_us + 2 * sample::GAP_US + 1),
        ];
        let day = &sessions(&rows).days[0];
        assert_eq!((day.sessions, day.shoppers, day.requests), (2, 1, 6));
        assert_eq!(sessions(&[row(start_us - 1), row(start_us)]).hours, []);
    }

    proptest! {
        #[test]
        fn they_are_what_looking_back_from_every_request_finds(rows in sample::rows()) {
            let found = sessions(&rows);
            // Several requests at one µs begin one session, hence a set.
            let begins: BTreeSet<(Option<i64>, i64)> = rows.iter()
                .filter(|row| row.shopper.is_some() && (sample::START_US..sample::END_US).contains(&row.ts_us))
                .filter(|row| !rows.iter().any(|before| before.shopper == row.shopper
                    && before.ts_us < row.ts_us && before.ts_us >= row.ts_us - sample::GAP_US))
                .map(|row| (row.shopper, row.ts_us)).collect();
            let mut hours: BTreeMap<i64, u64> = BTreeMap::new();
            for (_, ts_us) in &begins {
                *hours.entry((ts_us - sample::START_US) / HOUR_US * HOUR_US + sample::START_US).or_default() += 1;
            }
            let found_hours: BTreeMap<i64, u64> = found.hours.iter().map(|hour| (hour.start_us, hour.sessions)).collect();
            prop_assert_eq!(found_hours, hours);
            let presence: BTreeSet<(i64, i64)> = rows.iter()
                .filter(|row| (sample::START_US..sample::END_US).contains(&row.ts_us))
                .filter_map(|row| Some((row.shopper?, (row.ts_us - sample::START_US) / sample::DAY_US))).collect();
            prop_assert_eq!(found.days.iter().map(|day| day.shoppers).sum::<u64>(), presence.len() as u64);
        }
    }
}
