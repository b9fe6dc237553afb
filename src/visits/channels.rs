//! Requests by the channel that brought the shopper, not by that of the request itself.
//!
//! A log names the channel on the page that a shopper lands on and on no other. A request belongs to
//! the channel that its shopper last named, at most [`ChannelPlan::within_us`] before; requests of
//! nobody known, and those that are not asked for, to their own.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

use super::pass::{Question, VisitRow};
use super::plan::Predicate;
use super::series_labels::Label;
use super::sorted_visits::Visit;
use crate::rollup::SeriesKey;
use crate::time_window::TimeWindow;

/// What is asked.
#[derive(Debug, Clone)]
pub struct ChannelPlan {
    /// Whose requests follow the shopper.
    pub valid: Predicate,
    /// How long a channel is remembered after the request that named it, µs.
    pub within_us: i64,
    /// Length of a window, µs, above 0.
    pub window_us: i64,
}

/// Requests by channel; additive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channels {
    /// All requests by series, whose channel is the one that brought the shopper; ascending.
    pub series: Vec<(SeriesKey, u64)>,
    /// Valid requests by start of the window and channel; ascending.
    pub windows: Vec<(i64, String, u64)>,
}

impl Channels {
    /// Adds another range.
    pub fn merge(&mut self, other: &Self) {
        let series = self.series.drain(..).chain(other.series.iter().cloned());
        let mut sums: BTreeMap<SeriesKey, u64> = BTreeMap::new();
        for (key, requests) in series {
            *sums.entry(key).or_default() += requests;
        }
        self.series = sums.into_iter().collect();
        let windows = self.windows.drain(..).chain(other.windows.iter().cloned());
        let mut sums: BTreeMap<(i64, String), u64> = BTreeMap::new();
        for (start_us, channel, requests) in windows {
            *sums.entry((start_us, channel)).or_default() += requests;
        }
        self.windows = listed(sums);
    }
}

fn listed(sums: BTreeMap<(i64, String), u64>) -> Vec<(i64, String, u64)> {
    let sums = sums.into_iter();
    sums.map(|((start_us, channel), requests)| (start_us, channel, requests))
        .collect()
}

/// Adds up shopper by shopper.
pub struct ChannelWalk {
    plan: ChannelPlan,
    range: TimeWindow,
    labels: Vec<Label>,
    /// By label.
    is_valid: Vec<bool>,
    /// By label the number of its channel in `names`; 0 for none.
    own: Vec<u32>,
    names: Vec<String>,
    /// Requests that follow nobody, by label and window.
    alone: HashMap<(u32, i64), u64, FixedState>,
    /// Requests by number of the channel, label and window.
    brought: HashMap<(u32, u32, i64), u64, FixedState>,
}

impl ChannelWalk {
    /// Nothing yet.
    pub fn new(plan: &ChannelPlan, range: TimeWindow) -> Self {
        Self {
            plan: plan.clone(),
            range,
            labels: Vec::new(),
            is_valid: Vec::new(),
            own: Vec::new(),
            names: vec![String::new()],
            alone: HashMap::default(),
            brought: HashMap::default(),
        }
    }

    /// Told of every new label, in the order of their numbers.
    pub fn see(&mut self, label: &Label) {
        self.is_valid.push(self.plan.valid.covers(&label.key));
    }

    /// Counts a row of the range that follows nobody.
    pub fn count(&mut self, label: u32, row: &VisitRow) {
        if row.shopper.is_none() || !self.is_valid[label as usize] {
            let window = row.ts_us.div_euclid(self.plan.window_us);
            *self.alone.entry((label, window)).or_default() += u64::from(row.weight.max(1));
        }
    }

    /// What came out.
    pub fn finish(self) -> Channels {
        let alone = self.alone.iter().map(|((label, window), requests)| {
            let channel = self.own[*label as usize];
            (channel, *label, *window, *requests)
        });
        let brought = self.brought.iter();
        let brought = brought
            .map(|((channel, label, window), requests)| (*channel, *label, *window, *requests));
        let mut series: BTreeMap<SeriesKey, u64> = BTreeMap::new();
        let mut windows: BTreeMap<(i64, String), u64> = BTreeMap::new();
        for (channel, label, window, requests) in alone.chain(brought) {
            let name = &self.names[channel as usize];
            let key = SeriesKey {
                channel: name.clone(),
                ..self.labels[label as usize].key.clone()
            };
            *series.entry(key).or_default() += requests;
            if self.is_valid[label as usize] {
                let start_us = window * self.plan.window_us;
                *windows.entry((start_us, name.clone())).or_default() += requests;
            }
        }
        Channels {
            series: series.into_iter().collect(),
            windows: listed(windows),
        }
    }
}

impl Question for ChannelWalk {
    fn needs(&self, label: &Label) -> bool {
        self.plan.valid.covers(&label.key)
    }

    fn learn(&mut self, labels: &[Label]) {
        let mut numbers: HashMap<&str, u32> = HashMap::from([("", 0)]);
        for label in labels {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            let number = *numbers.entry(&label.key.channel).or_insert(next);
            if number == next {
                self.names.push(label.key.channel.clone());
            }
            self.own.push(number);
        }
        self.labels = labels.to_vec();
    }

    fn walk(&mut self, _shopper: i64, visits: &[Visit]) {
        let mut named: Option<(i64, u32)> = None;
        for visit in visits {
            let label = visit.label as usize;
            if !self.is_valid[label] {
                continue;
            }
            if self.own[label] > 0 {
                named = Some((visit.ts_us, self.own[label]));
            }
            if self.range.contains(visit.ts_us) {
                let within_us = self.plan.within_us;
                let known = named.filter(|(at_us, _)| visit.ts_us - at_us <= within_us);
                let channel = known.map_or(0, |(_, channel)| channel);
                let window = visit.ts_us.div_euclid(self.plan.window_us);
                let place = (channel, visit.label, window);
                *self.brought.entry(place).or_default() += self.labels[label].weight;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::visits::sample;

    fn channels(rows: &[VisitRow]) -> Channels {
        let plan = sample::plan(sample::START_US, sample::END_US);
        sample::answer(&plan, rows).channels.unwrap()
    }

    #[test]
    fn what_follows_a_landing_page_was_brought_by_its_channel_for_a_while() {
        let row = |ts_us: i64, series| VisitRow {
            shopper: Some(1),
            ts_us: sample::START_US + ts_us,
            series,
            weight: 3,
            is_slow: false,
        };
        let rows = [
            row(0, sample::BAD),
            row(1, sample::GOOD),
            row(2, sample::CART),
            row(1 + sample::CHANNEL_US, sample::ORDER),
            row(2 + sample::CHANNEL_US, sample::ORDER),
        ];
        let found = channels(&rows);
        let found: Vec<(&str, &str, u64)> = found
            .series
            .iter()
            .map(|(key, count)| (key.route.as_str(), key.channel.as_str(), *count))
            .collect();
        let expected = [
            ("/", "search", 3),
            ("/", "", 3),
            ("/cart", "search", 3),
            ("/order", "", 3),
            ("/order", "search", 3),
        ];
        assert_eq!(found.len(), expected.len());
        assert!(expected.iter().all(|row| found.contains(row)), "{found:?}");
    }

    proptest! {
        #[test]
        fn they_are_what_looking_back_from_every_request_finds(mut rows in sample::rows()) {
            // Several requests of a shopper at one µs have no order that an oracle could know.
            rows.sort_by_key(|row| (row.shopper, row.ts_us));
            rows.dedup_by_key(|row| (row.shopper, row.ts_us));
            let series = sample::series();
            let named = |row: &VisitRow| series[row.series as usize].channel.clone();
            let mut slow: BTreeMap<(i64, String), u64> = BTreeMap::new();
            for row in rows.iter().filter(|row| (sample::START_US..sample::END_US).contains(&row.ts_us)) {
                let before = rows.iter().filter(|other| other.shopper == row.shopper
                    && other.ts_us <= row.ts_us && !named(other).is_empty());
                let last = before.max_by_key(|other| other.ts_us);
                let channel = match (row.shopper, last) {
                    (Some(_), Some(last)) if row.ts_us - last.ts_us <= sample::CHANNEL_US => named(last),
                    (Some(_), _) => String::new(),
                    (None, _) => named(row),
                };
                let start_us = row.ts_us.div_euclid(60_000_000) * 60_000_000;
                *slow.entry((start_us, channel)).or_default() += u64::from(row.weight);
            }
            let found = channels(&rows);
            prop_assert_eq!(found.series.iter().map(|(_, count)| count).sum::<u64>(), slow.values().sum::<u64>());
            prop_assert_eq!(found.windows, listed(slow));
        }
    }
}
