//! What shoppers do after an answer, by class of its status: repeat, how soon, or leave.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::latency_buckets::{bucket_of, highest_of};

/// A class of statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusClass {
    /// No answer at all.
    NoAnswer,
    /// Below 300: the yardstick, as shoppers also repeat what went well, and leave.
    Success,
    /// 300 to 399.
    Redirect,
    /// 400 to 499.
    ClientError,
    /// 500 and above.
    ServerError,
}

impl StatusClass {
    /// Every class, ascending.
    pub const ALL: [StatusClass; 5] = [
        StatusClass::NoAnswer,
        StatusClass::Success,
        StatusClass::Redirect,
        StatusClass::ClientError,
        StatusClass::ServerError,
    ];

    /// The class of `status`, where 0 is no answer.
    #[must_use]
    pub fn of(status: u16) -> Self {
        match status {
            0 => StatusClass::NoAnswer,
            1..300 => StatusClass::Success,
            300..400 => StatusClass::Redirect,
            400..500 => StatusClass::ClientError,
            500.. => StatusClass::ServerError,
        }
    }
}

/// What shoppers did after answers of one class; additive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The class.
    pub class: StatusClass,
    /// Requests that were answered so.
    pub requests: u64,
    /// Those that the shopper repeated, method and route, within the time for repeats.
    pub repeated: u64,
    /// Those after which the shopper asked nothing at all for the time after which one has left.
    pub left: u64,
    /// Repeats by latency bucket of the time until them, ascending.
    pub delays: Vec<(i32, u64)>,
}

impl Reaction {
    /// Share that was repeated, 0 to 1; `None` without requests.
    #[must_use]
    pub fn share_repeated(&self) -> Option<f64> {
        share(self.repeated, self.requests)
    }

    /// Share after which the shopper left, 0 to 1; `None` without requests.
    #[must_use]
    pub fn share_left(&self) -> Option<f64> {
        share(self.left, self.requests)
    }

    /// Median time until the repeat, µs, at most 0.1 % too long, at most an hour; `None` without
    /// repeats.
    #[must_use]
    pub fn median_delay_us(&self) -> Option<u64> {
        let mut above = self.repeated.div_ceil(2);
        for (bucket, count) in &self.delays {
            if *count >= above {
                return (above > 0).then(|| highest_of(*bucket));
            }
            above -= count;
        }
        None
    }

    /// Adds another range.
    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.repeated += other.repeated;
        self.left += other.left;
        let mut delays: BTreeMap<i32, u64> = self.delays.iter().copied().collect();
        for (bucket, count) in &other.delays {
            *delays.entry(*bucket).or_default() += count;
        }
        self.delays = delays.into_iter().collect();
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Counts per class.
#[derive(Debug, Default)]
pub struct ReactionCounts {
    classes: [ClassCounts; StatusClass::ALL.len()],
}

#[derive(Debug, Default)]
struct ClassCounts {
    requests: u64,
    repeated: u64,
    left: u64,
    /// By latency bucket.
    delays: Vec<u64>,
}

impl ReactionCounts {
    /// Index of the class of `status`.
    pub fn class_of(status: u16) -> usize {
        let class = StatusClass::of(status);
        StatusClass::ALL
            .iter()
            .position(|each| *each == class)
            .unwrap_or(0)
    }

    /// Counts a request of a class.
    pub fn count(
        &mut self,
        class: usize,
        weight: u64,
        repeat_after_us: Option<i64>,
        has_left: bool,
    ) {
        let counts = &mut self.classes[class];
        counts.requests += weight;
        counts.left += if has_left { weight } else { 0 };
        if let Some(after_us) = repeat_after_us {
            counts.repeated += weight;
            let bucket = usize::try_from(bucket_of(after_us.unsigned_abs())).unwrap_or(0);
            if counts.delays.len() <= bucket {
                counts.delays.resize(bucket + 1, 0);
            }
            counts.delays[bucket] += weight;
        }
    }

    /// All classes, ascending, also those without requests.
    pub fn finish(self) -> Vec<Reaction> {
        let classes = StatusClass::ALL.into_iter().zip(self.classes);
        let reactions = classes.map(|(class, counts)| {
            let delays = (0_i32..).zip(counts.delays).filter(|(_, count)| *count > 0);
            Reaction {
                class,
                requests: counts.requests,
                repeated: counts.repeated,
                left: counts.left,
                delays: delays.collect(),
            }
        });
        reactions.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_lower_middle_and_absent_without_repeats() {
        let mut counts = ReactionCounts::default();
        for after_us in [7, 100, 3] {
            counts.count(4, 1, Some(after_us), false);
        }
        counts.count(4, 1, None, true);
        let reactions = counts.finish();
        assert_eq!(reactions[4].median_delay_us(), Some(7));
        assert_eq!(reactions[4].share_repeated(), Some(0.75));
        assert_eq!(reactions[4].share_left(), Some(0.25));
        assert_eq!(
            (reactions[0].median_delay_us(), reactions[0].share_left()),
            (None, None)
        );
    }

    #[test]
    fn statuses_fall_into_their_classes() {
        let classes = [0, 200, 304, 429, 503].map(StatusClass::of);
        assert_eq!(classes, StatusClass::ALL);
    }
}
