//! How many shoppers come from the first step to the last, each counted once per local day.
//!
//! A shopper reaches the first step with any request that fits it, and each further step with a
//! request that fits it at the same µs as the step before or later; what else was asked in between
//! does not matter. A request that fits several steps reaches as many. Each local day begins anew.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

use super::local_days::LocalDays;
use super::pass::Question;
use super::plan::Predicate;
use super::series_labels::Label;
use super::sorted_visits::Visit;
use crate::time_window::TimeWindow;

/// The most steps of a funnel.
pub const STEPS_MAX: usize = 32;

/// What is asked.
#[derive(Debug, Clone)]
pub struct FunnelPlan {
    /// Its name, for whoever reads the result.
    pub name: String,
    /// Title of each step and the requests that reach it, first to last; at most 32.
    pub steps: Vec<(String, Predicate)>,
    /// Maintenance: requests then reach no step.
    pub excluded: Vec<TimeWindow>,
}

/// Shoppers by step, local day and channel; additive where ranges end at local midnight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Funnel {
    /// Name of the plan.
    pub name: String,
    /// Titles of the steps, first to last.
    pub steps: Vec<String>,
    /// By date and channel, ascending; days and channels that nobody entered by are left out.
    pub days: Vec<FunnelDay>,
}

/// One local day and channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunnelDay {
    /// ISO 8601 date.
    pub date: String,
    /// Channel of the request by which the shopper first reached the first step that day; empty
    /// where there is none.
    pub channel: String,
    /// Different shoppers who reached each step; never rises.
    pub shoppers: Vec<u64>,
}

impl Funnel {
    /// Shoppers at each step, each once per day, over all days and channels.
    #[must_use]
    pub fn totals(&self) -> Vec<u64> {
        let mut totals = vec![0; self.steps.len()];
        for day in &self.days {
            add(&mut totals, &day.shoppers);
        }
        totals
    }

    /// Shoppers at each step by date, ascending.
    #[must_use]
    pub fn by_day(&self) -> BTreeMap<&str, Vec<u64>> {
        self.sums(|day| &day.date)
    }

    /// Shoppers at each step by channel, each once per day.
    #[must_use]
    pub fn by_channel(&self) -> BTreeMap<&str, Vec<u64>> {
        self.sums(|day| &day.channel)
    }

    fn sums<'a>(&'a self, name: impl Fn(&'a FunnelDay) -> &'a str) -> BTreeMap<&'a str, Vec<u64>> {
        let mut sums: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for day in &self.days {
            let none = || vec![0; self.steps.len()];
            add(sums.entry(name(day)).or_insert_with(none), &day.shoppers);
        }
        sums
    }

    /// Adds another range.
    pub fn merge(&mut self, other: &Self) {
        for day in &other.days {
            let name = (&day.date, &day.channel);
            match self
                .days
                .binary_search_by_key(&name, |own| (&own.date, &own.channel))
            {
                Ok(index) => add(&mut self.days[index].shoppers, &day.shoppers),
                Err(index) => self.days.insert(index, day.clone()),
            }
        }
    }
}

fn add(sums: &mut [u64], more: &[u64]) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum += more;
    }
}

/// Adds up shopper by shopper.
pub struct FunnelWalk {
    plan: FunnelPlan,
    range: TimeWindow,
    days: LocalDays,
    /// By label: bit k for step k, and number of the channel.
    labels: Vec<(u32, u32)>,
    channels: Vec<String>,
    /// By index of the day and number of the channel.
    shoppers: HashMap<(usize, u32), Vec<u64>, FixedState>,
}

impl FunnelWalk {
    /// Nothing yet.
    pub fn new(plan: &FunnelPlan, range: TimeWindow, days: &LocalDays) -> Self {
        assert!(
            plan.steps.len() <= STEPS_MAX,
            "a funnel has at most {STEPS_MAX} steps"
        );
        Self {
            plan: plan.clone(),
            range,
            days: days.clone(),
            labels: Vec::new(),
            channels: Vec::new(),
            shoppers: HashMap::default(),
        }
    }

    fn steps_of(&self, label: &Label) -> u32 {
        let steps = self.plan.steps.iter().enumerate();
        steps
            .filter(|(_, (_, step))| step.covers(&label.key))
            .fold(0, |bits, (index, _)| bits | 1 << index)
    }

    /// How many steps were reached on one day, and the channel by which the first was.
    fn reached(&self, visits: &[Visit]) -> (usize, u32) {
        let (mut depth, mut channel) = (0, 0);
        for moment in visits.chunk_by(|one, next| one.ts_us == next.ts_us) {
            let labels = moment.iter().map(|visit| self.labels[visit.label as usize]);
            let steps = labels.clone().fold(0, |bits, (steps, _)| bits | steps);
            if depth == 0
                && let Some((_, first)) = labels.clone().find(|(steps, _)| steps & 1 > 0)
            {
                channel = first;
            }
            while depth < self.plan.steps.len() && steps >> depth & 1 > 0 {
                depth += 1;
            }
        }
        (depth, channel)
    }

    /// What came out.
    pub fn finish(self) -> Funnel {
        let days = self
            .shoppers
            .into_iter()
            .map(|((day, channel), shoppers)| FunnelDay {
                date: self.days.day(day).date.clone(),
                channel: self.channels[channel as usize].clone(),
                shoppers,
            });
        let mut days: Vec<FunnelDay> = days.collect();
        days.sort_by(|one, other| (&one.date, &one.channel).cmp(&(&other.date, &other.channel)));
        Funnel {
            name: self.plan.name,
            steps: self
                .plan
                .steps
                .into_iter()
                .map(|(title, _)| title)
                .collect(),
            days,
        }
    }
}

impl Question for FunnelWalk {
    fn needs(&self, label: &Label) -> bool {
        self.steps_of(label) > 0
    }

    fn learn(&mut self, labels: &[Label]) {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        for label in labels {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            let number = *numbers.entry(&label.key.channel).or_insert(next);
            if number == next {
                self.channels.push(label.key.channel.clone());
            }
            let steps = self.steps_of(label);
            self.labels.push((steps, number));
        }
    }

    fn walk(&mut self, _shopper: i64, visits: &[Visit]) {
        let first = visits.partition_point(|visit| visit.ts_us < self.range.start_us);
        let last = visits.partition_point(|visit| visit.ts_us < self.range.end_us);
        let is_kept = |visit: &Visit| {
            let mut excluded = self.plan.excluded.iter();
            !excluded.any(|excluded| excluded.contains(visit.ts_us))
        };
        let inside = &visits[first..last];
        let kept: Vec<Visit>;
        let mut rest = match self.plan.excluded.is_empty() {
            true => inside,
            false => {
                kept = inside.iter().copied().filter(is_kept).collect();
                &kept
            }
        };
        while let Some(visit) = rest.first() {
            let index = self.days.index_of(visit.ts_us);
            let end_us = self.days.day(index).window.end_us;
            let (day, later) = rest.split_at(rest.partition_point(|visit| visit.ts_us < end_us));
            rest = later;
            let (depth, channel) = self.reached(day);
            if depth > 0 {
                let none = || vec![0; self.plan.steps.len()];
                let shoppers = self.shoppers.entry((index, channel)).or_insert_with(none);
                add(shoppers, &[1; STEPS_MAX][..depth]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::visits::{VisitRow, sample};

    fn funnel(rows: &[VisitRow]) -> Funnel {
        let plan = sample::plan(sample::START_US, sample::END_US);
        sample::answer(&plan, rows).funnels.remove(0)
    }

    fn row(shopper: i64, ts_us: i64, series: u32) -> VisitRow {
        let ts_us = sample::START_US + ts_us;
        VisitRow {
            shopper: Some(shopper),
            ts_us,
            series,
            weight: 5,
            is_slow: false,
        }
    }

    #[test]
    fn steps_count_in_their_order_only_and_shoppers_once() {
        let [browse, cart, order] = [sample::GOOD, sample::CART, sample::ORDER];
        let rows = [
            row(1, 1, browse),
            row(1, 2, browse),
            row(1, 3, cart),
            row(1, 4, order),
            row(2, 1, cart),
            row(2, 2, browse),
            row(2, 3, order),
            row(3, 1, order),
        ];
        assert_eq!(funnel(&rows).totals(), [2, 1, 1]);
    }

    #[test]
    fn steps_at_the_same_moment_are_taken_in_the_order_of_the_funnel() {
        let rows = [
            row(1, 7, sample::ORDER),
            row(1, 7, sample::CART),
            row(1, 7, sample::GOOD),
        ];
        assert_eq!(funnel(&rows).totals(), [1, 1, 1]);
    }

    #[test]
    fn each_day_begins_anew() {
        let midnight = sample::DAY_US;
        let rows = [
            row(1, midnight - 1, sample::GOOD),
            row(1, midnight, sample::CART),
        ];
        assert_eq!(funnel(&rows).totals(), [1, 0, 0]);
        let rows = [
            row(1, midnight - 1, sample::GOOD),
            row(1, midnight, sample::GOOD),
        ];
        let found = funnel(&rows);
        assert_eq!((found.totals(), found.by_day().len()), (vec![2, 0, 0], 2));
    }

    proptest! {
        #[test]
        fn it_is_what_a_search_for_a_rising_row_of_requests_finds(rows in sample::rows()) {
            let found = funnel(&rows);
            let series = sample::series();
            let steps = sample::funnel().steps;
            let mut slow = BTreeMap::<String, Vec<u64>>::new();
            for (shopper, day) in (0..sample::SHOPPERS).flat_map(|shopper| (0..3).map(move |day| (shopper, day))) {
                let start_us = sample::START_US + day * sample::DAY_US;
                let own: Vec<&VisitRow> = rows.iter().filter(|row| row.shopper == Some(shopper)
                    && (start_us..start_us + sample::DAY_US).contains(&row.ts_us)).collect();
                // Times at which a step can be reached, all of them rather than the earliest.
                let mut times = vec![i64::MIN];
                for (index, (_, step)) in steps.iter().enumerate() {
                    times = own.iter().filter(|row| step.covers(&series[row.series as usize])
                        && times.iter().any(|time| *time <= row.ts_us)).map(|row| row.ts_us).collect();
                    let date = if times.is_empty() { continue } else { format!("2026-11-{}", 27 + day) };
                    slow.entry(date).or_insert_with(|| vec![0; 3])[index] += 1;
                }
            }
            let found: BTreeMap<String, Vec<u64>> = found.by_day().into_iter().map(|(date, counts)| (date.to_owned(), counts)).collect();
            prop_assert_eq!(found, slow);
        }
    }
}
