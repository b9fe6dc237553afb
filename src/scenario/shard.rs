//! One of several equal parts of a run's load, each driven by a process of its own.
//!
//! In: which part of how many. Out: which arrivals are its own, and its share of every limit that is of
//! the whole run. Arrival `n` of a scenario belongs to part `n mod count`: neighbours come from different
//! machines, so each part has the shape of the whole curve. Who an arrival is follows from its number and
//! the seed alone, so all parts together are the run of one machine, arrival by arrival, draw by draw. No
//! clock, no environment.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::plan::{ClosedPlan, DrillPlan};

/// The most parts of a run. Each commits to the one log of the lake, which takes some commits a second.
pub const SHARDS_MAX: u32 = 1_000;

/// One part of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    index: u32,
    count: u32,
}

/// Why there is no such part, or a plan cannot be cut into so many.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ShardError {
    /// The text is no part.
    #[error("`{0}` is no shard (hint: write `2/4` for the second of four, or `auto/4`)")]
    NotAShard(String),
    /// There is no first of none.
    #[error("shard 0 of {0}: shards are counted from 1 (hint: the first of {0} is `1/{0}`)")]
    Zero(u32),
    /// It is past the last.
    #[error(
        "shard {number} of {count}: there are only {count} (hint: the last is `{count}/{count}`)"
    )]
    PastLast {
        /// Its number.
        number: u64,
        /// How many there are.
        count: u32,
    },
    /// Too many, or none.
    #[error("{0} shards: a run has 1 to {SHARDS_MAX}")]
    Count(u64),
    /// A limit is too small to be shared.
    #[error(
        "`{what}` is {total}, which {count} shards cannot share (hint: at most {total} shards)"
    )]
    TooSmall {
        /// What the scenario calls it.
        what: &'static str,
        /// Its value.
        total: usize,
        /// How many shards there are.
        count: u32,
    },
}

impl Shard {
    /// The only part of a run that is not cut.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// The part with this `index`, counted from 0, of `count`.
    ///
    /// # Errors
    /// When there is no such part, or there are too many.
    pub fn new(index: u64, count: u64) -> Result<Self, ShardError> {
        let known = u32::try_from(count).ok();
        let Some(count) = known.filter(|count| (1..=SHARDS_MAX).contains(count)) else {
            return Err(ShardError::Count(count));
        };
        match u32::try_from(index).ok().filter(|index| *index < count) {
            Some(index) => Ok(Self { index, count }),
            None => Err(ShardError::PastLast {
                number: index.saturating_add(1),
                count,
            }),
        }
    }

    /// Every part of so many, in their order.
    pub fn all_of(count: u32) -> impl Iterator<Item = Self> {
        (0..count).map(move |index| Self { index, count })
    }

    /// Its index, from 0.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// Its number, from 1.
    #[must_use]
    pub fn number(self) -> u32 {
        self.index + 1
    }

    /// How many there are.
    #[must_use]
    pub fn count(self) -> u32 {
        self.count
    }

    /// Whether there is no other.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.count == 1
    }

    /// Whether it is the one that does what is done once: the drill timeline.
    #[must_use]
    pub fn leads(self) -> bool {
        self.index == 0
    }

    /// Whether the arrival with this number is its own; each is of exactly one part.
    #[must_use]
    pub fn takes(self, arrival: u64) -> bool {
        arrival % u64::from(self.count) == u64::from(self.index)
    }

    /// Its share of `total`; those of all parts add up to it. It is the number of arrivals below `total`
    /// that are its own.
    #[must_use]
    pub fn share_of(self, total: usize) -> usize {
        let (count, index) = (self.count as usize, self.index as usize);
        total / count + usize::from(index < total % count)
    }

    /// The part of all arrivals that come to it, on average.
    #[must_use]
    pub fn fraction(self) -> f64 {
        1.0 / f64::from(self.count)
    }
}

impl Default for Shard {
    fn default() -> Self {
        Self::WHOLE
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "shard {} of {}", self.number(), self.count)
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    /// `2/4` is the second of four.
    fn from_str(text: &str) -> Result<Self, ShardError> {
        let not_a_shard = || ShardError::NotAShard(text.to_owned());
        let (number, count) = text.split_once('/').ok_or_else(not_a_shard)?;
        let (number, count) = (plain(number), plain(count));
        let (number, count) = (
            number.ok_or_else(not_a_shard)?,
            count.ok_or_else(not_a_shard)?,
        );
        match (number.checked_sub(1), u32::try_from(count)) {
            (None, Ok(count @ 1..)) => Err(ShardError::Zero(count)),
            (index, _) => Self::new(index.unwrap_or(0), count),
        }
    }
}

/// A number in plain digits: no sign, no space.
fn plain(text: &str) -> Option<u64> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

impl DrillPlan {
    /// What one machine of several drives of this plan: its own arrivals, or users of a closed model, and
    /// its share of the requests that may be under way. All else stays as it is, curve and seed above all.
    ///
    /// # Errors
    /// [`ShardError::TooSmall`] when a share would be nothing.
    pub fn for_shard(mut self, shard: Shard) -> Result<Self, ShardError> {
        // The same answer for every shard, also for those that would get something.
        let share = |what, total| match total < shard.count as usize {
            true => Err(ShardError::TooSmall {
                what,
                total,
                count: shard.count,
            }),
            false => Ok(shard.share_of(total)),
        };
        self.limits.in_flight = share("limits.in_flight", self.limits.in_flight)?;
        let own = |closed: ClosedPlan| {
            let shoppers = share("traffic.closed.shoppers", closed.shoppers)?;
            Ok(ClosedPlan { shoppers, ..closed })
        };
        if self.joined.is_empty() {
            self.traffic.closed = self.traffic.closed.map(own).transpose()?;
        } else {
            self.traffic.closed = None;
            for joined in &mut self.joined {
                joined.traffic.closed = joined.traffic.closed.map(own).transpose()?;
                let all = self.traffic.closed.into_iter().chain(joined.traffic.closed);
                self.traffic.closed = all.reduce(ClosedPlan::with);
            }
        }
        self.shard = shard;
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
