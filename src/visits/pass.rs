//! One pass over the rows of a range, shopper by shopper.
//!
//! In: a plan, and a way to read its rows as often as there are parts. Out: [`VisitResults`].

use serde::{Deserialize, Serialize};

use super::affected::{Affected, AffectedWalk};
use super::channels::{ChannelWalk, Channels};
use super::clusters::{ClusterWalk, Clusters};
use super::funnel::{Funnel, FunnelWalk};
use super::local_days::LocalDays;
use super::plan::{RANGE_US_MAX, VisitError, VisitPlan};
use super::retries::{Retries, RetryWalk};
use super::series_labels::{Label, SeriesLabels};
use super::sessions::{SessionWalk, Sessions};
use super::sorted_visits::{SortedVisits, Visit, partition_of};
use super::user_uptime::{UptimeWalk, UserUptime};
use crate::rollup::SeriesKey;
use crate::time_window::TimeWindow;

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisitRow {
    /// Keyed hash of the shopper; `None` where nothing tells.
    pub shopper: Option<i64>,
    /// When, UTC µs.
    pub ts_us: i64,
    /// Index of its series.
    pub series: u32,
    /// How many requests the row stands for; 0 counts as 1. Shoppers and times are not
    /// multiplied: a log that leaves out requests at random has torn the visits apart.
    pub weight: u32,
    /// Whether its latency is above the limit of slow requests; `false` where none is asked for.
    pub is_slow: bool,
}

/// What came out. Those of closed days can be kept and added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitResults {
    /// First µs counted; of the earliest range after merging.
    pub start_us: i64,
    /// First µs after what was counted; of the latest range after merging.
    pub end_us: i64,
    /// Requests in the range.
    pub requests: u64,
    /// Requests of these that no shopper is known for. They count in problems, nowhere else.
    pub unattributed_requests: u64,
    /// Requests of these that nothing was asked of because their series were too many, or not
    /// there at the first reading; 0 in every sane case.
    pub left_out_requests: u64,
    /// User-uptimes, in the order of the plan.
    pub uptimes: Vec<UserUptime>,
    /// Funnels, in the order of the plan.
    pub funnels: Vec<Funnel>,
    /// Retries, in the order of the plan.
    pub retries: Vec<Retries>,
    /// Problems, where asked for.
    pub clusters: Option<Clusters>,
    /// Shoppers by kind of failure, where asked for.
    pub affected: Option<Affected>,
    /// Requests by the channel that brought the shopper, where asked for.
    pub channels: Option<Channels>,
    /// Sessions, where asked for.
    pub sessions: Option<Sessions>,
}

impl VisitResults {
    /// Adds what `other` counted in another range, in any order.
    ///
    /// # Panics
    /// When the two answer different plans.
    pub fn merge(&mut self, other: &Self) {
        assert!(
            self.names() == other.names(),
            "only answers to the same plan can be added"
        );
        self.start_us = self.start_us.min(other.start_us);
        self.end_us = self.end_us.max(other.end_us);
        self.requests += other.requests;
        self.unattributed_requests += other.unattributed_requests;
        self.left_out_requests += other.left_out_requests;
        for (own, other) in self.uptimes.iter_mut().zip(&other.uptimes) {
            own.merge(other);
        }
        for (own, other) in self.funnels.iter_mut().zip(&other.funnels) {
            own.merge(other);
        }
        for (own, other) in self.retries.iter_mut().zip(&other.retries) {
            own.merge(other);
        }
        if let (Some(own), Some(other)) = (&mut self.clusters, &other.clusters) {
            own.merge(other);
        }
        if let (Some(own), Some(other)) = (&mut self.affected, &other.affected) {
            own.merge(other);
        }
        if let (Some(own), Some(other)) = (&mut self.channels, &other.channels) {
            own.merge(other);
        }
        if let (Some(own), Some(other)) = (&mut self.sessions, &other.sessions) {
            own.merge(other);
        }
    }
}

impl VisitResults {
    /// What was asked, by which answers to different plans are told apart.
    fn names(&self) -> (Vec<Vec<&str>>, [bool; 4]) {
        let names = vec![
            self.uptimes
                .iter()
                .map(|uptime| uptime.name.as_str())
                .collect(),
            self.funnels
                .iter()
                .map(|funnel| funnel.name.as_str())
                .collect(),
            self.retries.iter().flat_map(Retries::names).collect(),
        ];
        let asked = [
            self.clusters.is_some(),
            self.affected.is_some(),
            self.channels.is_some(),
            self.sessions.is_some(),
        ];
        (names, asked)
    }
}

/// Answers `plan`. `scan` is called once per part and each time pushes every row of
/// [`VisitPlan::scan`], with the same numbers of series.
///
/// # Errors
/// When the range is too long or outside of the calendar, and what `scan` fails with.
pub fn answer<E: From<VisitError>>(
    plan: &VisitPlan,
    mut scan: impl FnMut(&mut VisitPass) -> Result<(), E>,
) -> Result<VisitResults, E> {
    let mut pass = VisitPass::new(plan)?;
    for partition in 0..pass.partitions {
        pass.partition = partition;
        scan(&mut pass)?;
        pass.walk();
    }
    Ok(pass.finish())
}

/// What one question needs of the pass.
pub trait Question {
    /// Whether rows with this label matter to it.
    fn needs(&self, label: &Label) -> bool;
    /// Told once, before the first shopper, what the labels are.
    fn learn(&mut self, labels: &[Label]);
    /// All kept requests of one shopper by time, the margins included; called once per shopper.
    fn walk(&mut self, shopper: i64, visits: &[Visit]);
}

/// Takes the rows of one reading.
pub struct VisitPass {
    range: TimeWindow,
    scan: TimeWindow,
    partitions: u32,
    partition: u32,
    labels: SeriesLabels,
    ranks: Vec<u32>,
    /// By label.
    is_kept: Vec<bool>,
    visits: SortedVisits,
    requests: u64,
    unattributed_requests: u64,
    left_out_requests: u64,
    questions: Questions,
}

struct Questions {
    uptimes: Vec<UptimeWalk>,
    funnels: Vec<FunnelWalk>,
    retries: Vec<RetryWalk>,
    clusters: Option<ClusterWalk>,
    affected: Option<AffectedWalk>,
    channels: Option<ChannelWalk>,
    sessions: Option<SessionWalk>,
}

impl Questions {
    fn new(plan: &VisitPlan, days: &LocalDays) -> Self {
        let range = plan.range;
        let uptimes = plan.uptimes.iter();
        let funnels = plan.funnels.iter();
        let retries = plan.retries.iter();
        Self {
            uptimes: uptimes
                .map(|plan| UptimeWalk::new(plan, range, days))
                .collect(),
            funnels: funnels
                .map(|plan| FunnelWalk::new(plan, range, days))
                .collect(),
            retries: retries.map(|plan| RetryWalk::new(plan, range)).collect(),
            clusters: plan
                .clusters
                .as_ref()
                .map(|plan| ClusterWalk::new(plan, range)),
            affected: plan
                .affected
                .as_ref()
                .map(|plan| AffectedWalk::new(plan, range)),
            channels: plan
                .channels
                .as_ref()
                .map(|plan| ChannelWalk::new(plan, range)),
            sessions: plan
                .sessions
                .as_ref()
                .map(|plan| SessionWalk::new(plan, range, days)),
        }
    }

    fn all(&mut self) -> Vec<&mut dyn Question> {
        let mut all: Vec<&mut dyn Question> = Vec::new();
        for walk in &mut self.uptimes {
            all.push(walk);
        }
        for walk in &mut self.funnels {
            all.push(walk);
        }
        for walk in &mut self.retries {
            all.push(walk);
        }
        if let Some(walk) = &mut self.clusters {
            all.push(walk);
        }
        if let Some(walk) = &mut self.affected {
            all.push(walk);
        }
        if let Some(walk) = &mut self.channels {
            all.push(walk);
        }
        if let Some(walk) = &mut self.sessions {
            all.push(walk);
        }
        all
    }

    /// A row of the range, also one that no shopper is known for.
    fn count(&mut self, label: u32, row: &VisitRow) {
        if let Some(clusters) = &mut self.clusters {
            clusters.count(label, row);
        }
        if let Some(channels) = &mut self.channels {
            channels.count(label, row);
        }
    }

    /// A new label.
    fn see(&mut self, label: &Label) {
        if let Some(clusters) = &mut self.clusters {
            clusters.see(label);
        }
        if let Some(channels) = &mut self.channels {
            channels.see(label);
        }
    }
}

impl VisitPass {
    fn new(plan: &VisitPlan) -> Result<Self, VisitError> {
        let scan = plan.scan();
        let length_us = scan.end_us.saturating_sub(scan.start_us);
        if length_us > RANGE_US_MAX {
            let days = length_us / 86_400_000_000;
            return Err(VisitError::RangeTooLong { days });
        }
        let days = LocalDays::new(plan.range, &plan.zone)?;
        Ok(Self {
            range: plan.range,
            scan,
            partitions: plan.partitions.max(1),
            partition: 0,
            labels: SeriesLabels::default(),
            ranks: Vec::new(),
            is_kept: Vec::new(),
            visits: SortedVisits::new(scan.start_us),
            requests: 0,
            unattributed_requests: 0,
            left_out_requests: 0,
            questions: Questions::new(plan, &days),
        })
    }

    /// Takes rows, of which those outside of [`VisitPlan::scan`] are passed over. `series` may
    /// have grown since the last call, but what was in it has kept its place.
    pub fn push(&mut self, series: &[SeriesKey], rows: &[VisitRow]) {
        for row in rows {
            if self.scan.contains(row.ts_us) {
                self.push_row(series, row);
            }
        }
    }

    fn push_row(&mut self, series: &[SeriesKey], row: &VisitRow) {
        let weight = u64::from(row.weight.max(1));
        let is_counted = self.partition == 0 && self.range.contains(row.ts_us);
        let label = self.labels.of(series, row);
        if is_counted {
            self.requests += weight;
            self.unattributed_requests += if row.shopper.is_none() { weight } else { 0 };
            self.left_out_requests += if label.is_none() { weight } else { 0 };
        }
        let Some(label) = label else { return };
        self.learn_new_labels();
        if is_counted {
            self.questions.count(label, row);
        }
        let Some(shopper) = row.shopper else { return };
        let is_ours =
            self.partitions == 1 || partition_of(shopper, self.partitions) == self.partition;
        if is_ours && self.is_kept[label as usize] {
            let ts_us = row.ts_us;
            self.visits.push(shopper, Visit { ts_us, label });
        }
    }

    fn learn_new_labels(&mut self) {
        let labels = self.labels.all();
        if labels.len() == self.is_kept.len() {
            return;
        }
        for label in &labels[self.is_kept.len()..] {
            self.questions.see(label);
            let is_kept = self
                .questions
                .all()
                .iter()
                .any(|question| question.needs(label));
            self.is_kept.push(is_kept);
        }
    }

    fn walk(&mut self) {
        let mut questions = self.questions.all();
        if self.partition == 0 {
            self.ranks = self.labels.close();
            for question in &mut questions {
                question.learn(self.labels.all());
            }
        }
        let next = SortedVisits::new(self.scan.start_us);
        let visits = std::mem::replace(&mut self.visits, next);
        visits.walk(&self.ranks, |shopper, visits| {
            for question in &mut questions {
                question.walk(shopper, visits);
            }
        });
    }

    fn finish(self) -> VisitResults {
        let questions = self.questions;
        VisitResults {
            start_us: self.range.start_us,
            end_us: self.range.end_us,
            requests: self.requests,
            unattributed_requests: self.unattributed_requests,
            left_out_requests: self.left_out_requests,
            uptimes: questions
                .uptimes
                .into_iter()
                .map(UptimeWalk::finish)
                .collect(),
            funnels: questions
                .funnels
                .into_iter()
                .map(FunnelWalk::finish)
                .collect(),
            retries: questions
                .retries
                .into_iter()
                .map(RetryWalk::finish)
                .collect(),
            clusters: questions.clusters.map(ClusterWalk::finish),
            affected: questions.affected.map(AffectedWalk::finish),
            channels: questions.channels.map(ChannelWalk::finish),
            sessions: questions.sessions.map(SessionWalk::finish),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::visits::sample;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn order_batches_and_parts_do_not_matter(
            rows in sample::rows(),
            cut in 0_usize..40, partitions in 1_u32..5,
        ) {
            let mut plan = sample::plan(sample::START_US, sample::END_US);
            let expected = sample::answer(&plan, &rows);
            plan.partitions = partitions;
            let mut turned = rows.clone();
            turned.reverse();
            let (first, second) = turned.split_at(cut.min(turned.len()));
            let series = sample::series();
            let found = answer::<VisitError>(&plan, |pass| {
                pass.push(&series, second);
                pass.push(&series, first);
                Ok(())
            });
            prop_assert_eq!(found, Ok(expected));
        }

        #[test]
        fn the_numbering_of_the_series_does_not_matter(rows in sample::rows()) {
            let plan = sample::plan(sample::START_US, sample::END_US);
            let expected = sample::answer(&plan, &rows);
            let mut series = sample::series();
            series.reverse();
            let last = u32::try_from(series.len() - 1).unwrap();
            let rows: Vec<_> = rows.into_iter().map(|row| VisitRow { series: last - row.series, ..row }).collect();
            let found = answer::<VisitError>(&plan, |pass| { pass.push(&series, &rows); Ok(()) });
            prop_assert_eq!(found, Ok(expected));
        }

        #[test]
        fn days_that_were_kept_as_json_add_up_to_one_pass(rows in sample::rows(), turn in 0_usize..3) {
            let expected = sample::answer(&sample::plan(sample::START_US, sample::END_US), &rows);
            let mut days: Vec<VisitResults> = (0..3).map(|day| {
                let start_us = sample::START_US + day * sample::DAY_US;
                let day = sample::answer(&sample::plan(start_us, start_us + sample::DAY_US), &rows);
                serde_json::from_str(&serde_json::to_string(&day).unwrap()).unwrap()
            }).collect();
            days.rotate_left(turn);
            let mut merged = days[0].clone();
            merged.merge(&days[1]);
            merged.merge(&days[2]);
            prop_assert_eq!(sample::comparable(merged), sample::comparable(expected));
        }
    }

    #[test]
    fn a_range_too_long_for_16_bytes_per_row_is_refused() {
        let plan = sample::plan(0, RANGE_US_MAX);
        let error = answer::<VisitError>(&plan, |_| Ok(())).unwrap_err();
        assert_eq!(error, VisitError::RangeTooLong { days: 25 });
    }

    #[test]
    #[should_panic = "only answers to the same plan can be added"]
    fn answers_to_different_plans_are_not_added() {
        let mut plan = sample::plan(sample::START_US, sample::END_US);
        let mut results = sample::answer(&plan, &[]);
        plan.funnels.clear();
        results.merge(&sample::answer(&plan, &[]));
    }

    #[test]
    fn nothing_in_nothing_out() {
        let results = sample::answer(&sample::plan(sample::START_US, sample::END_US), &[]);
        assert_eq!(results.requests, 0);
        assert_eq!(results.uptimes[0].value(), None);
        assert_eq!(results.clusters.unwrap().ranked().count(), 0);
    }

    #[test]
    fn requests_without_shopper_are_counted_apart() {
        let row = VisitRow {
            shopper: None,
            ts_us: sample::START_US,
            series: 0,
            weight: 3,
            is_slow: false,
        };
        let results = sample::answer(&sample::plan(sample::START_US, sample::END_US), &[row]);
        assert_eq!((results.requests, results.unattributed_requests), (3, 3));
        assert_eq!(results.sessions.unwrap().days.len(), 0);
    }
}
