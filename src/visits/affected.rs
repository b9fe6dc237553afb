//! How many different shoppers each kind of failure hit: distinct over all days, not per day.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::distinct::DistinctShoppers;
use super::pass::Question;
use super::plan::Predicate;
use super::series_labels::Label;
use super::sorted_visits::Visit;
use crate::time_window::TimeWindow;

/// What is asked.
#[derive(Debug, Clone)]
pub struct AffectedPlan {
    /// Which requests failed.
    pub failing: Predicate,
}

/// Shoppers by kind of failure; additive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affected {
    /// By method, route and status, ascending.
    pub failures: Vec<AffectedShoppers>,
}

/// Those whom one kind of failure hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AffectedShoppers {
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub route: String,
    /// HTTP status, 0 for no answer.
    pub status: u16,
    /// Different shoppers with at least one such request.
    pub shoppers: DistinctShoppers,
}

impl AffectedShoppers {
    fn place(&self) -> (&str, &str, u16) {
        (&self.method, &self.route, self.status)
    }
}

impl Affected {
    /// Adds another range.
    pub fn merge(&mut self, other: &Self) {
        for failure in &other.failures {
            let place = failure.place();
            match self
                .failures
                .binary_search_by(|own| own.place().cmp(&place))
            {
                Ok(index) => self.failures[index].shoppers.merge(&failure.shoppers),
                Err(index) => self.failures.insert(index, failure.clone()),
            }
        }
    }

    /// Those whom this failure hit; `None` where no shopper of it is known.
    #[must_use]
    pub fn of(&self, method: &str, route: &str, status: u16) -> Option<&DistinctShoppers> {
        let place = (method, route, status);
        let index = self
            .failures
            .binary_search_by(|own| own.place().cmp(&place));
        index.ok().map(|index| &self.failures[index].shoppers)
    }
}

/// Adds up shopper by shopper.
pub struct AffectedWalk {
    plan: AffectedPlan,
    range: TimeWindow,
    /// By label: index of its failure.
    subjects: Vec<Option<usize>>,
    failures: Vec<AffectedShoppers>,
}

impl AffectedWalk {
    /// Nothing yet.
    pub fn new(plan: &AffectedPlan, range: TimeWindow) -> Self {
        Self {
            plan: plan.clone(),
            range,
            subjects: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// What came out.
    pub fn finish(self) -> Affected {
        let none = DistinctShoppers::default();
        let found = self.failures.into_iter();
        let found = found.filter(|failure| failure.shoppers != none);
        let mut failures: Vec<AffectedShoppers> = found.collect();
        failures.sort_by(|one, other| one.place().cmp(&other.place()));
        Affected { failures }
    }
}

impl Question for AffectedWalk {
    fn needs(&self, label: &Label) -> bool {
        self.plan.failing.covers(&label.key)
    }

    fn learn(&mut self, labels: &[Label]) {
        let mut numbers: HashMap<(&str, &str, u16), usize> = HashMap::new();
        for label in labels {
            let key = &label.key;
            let subject = self.needs(label).then(|| {
                let place = (key.method.as_str(), key.route.as_str(), key.status);
                let next = numbers.len();
                let number = *numbers.entry(place).or_insert(next);
                if number == next {
                    self.failures.push(AffectedShoppers {
                        method: key.method.clone(),
                        route: key.route.clone(),
                        status: key.status,
                        shoppers: DistinctShoppers::default(),
                    });
                }
                number
            });
            self.subjects.push(subject);
        }
    }

    fn walk(&mut self, shopper: i64, visits: &[Visit]) {
        for visit in visits {
            if let Some(subject) = self.subjects[visit.label as usize]
                && self.range.contains(visit.ts_us)
            {
                self.failures[subject].shoppers.insert(shopper);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use crate::visits::sample;

    proptest! {
        #[test]
        fn they_are_the_different_shoppers_of_the_failed_requests(rows in sample::rows()) {
            let plan = sample::plan(sample::START_US, sample::END_US);
            let found = sample::answer(&plan, &rows).affected.unwrap();
            let series = sample::series();
            let mut slow: BTreeMap<(String, String, u16), BTreeSet<i64>> = BTreeMap::new();
            for row in &rows {
                let key = &series[row.series as usize];
                let is_inside = (sample::START_US..sample::END_US).contains(&row.ts_us);
                if let Some(shopper) = row.shopper && is_inside && (key.status == 0 || key.status >= 500) {
                    let place = (key.method.clone(), key.route.clone(), key.status);
                    slow.entry(place).or_default().insert(shopper);
                }
            }
            let found: Vec<_> = found.failures.iter().map(|failure| ((failure.method.clone(), failure.route.clone(), failure.status), failure.shoppers.count())).collect();
            let slow: Vec<_> = slow.into_iter().map(|(place, shoppers)| (place, shoppers.len() as u64)).collect();
            prop_assert_eq!(found, slow);
        }
    }
}
