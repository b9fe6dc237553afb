//! Levels: thresholds with a side, a limit, and those who are told.

use super::{Resolver, us};
use crate::declared_files::DurationText;
use crate::sli::definition::{LatencyThreshold, RateThreshold, ShareThreshold};
use crate::sli::plan::{BadSide, Level, LevelPlan, LimitPlan};

impl Resolver<'_> {
    pub(super) fn rate_levels(
        &mut self,
        thresholds: &[RateThreshold],
        pointer: &str,
    ) -> Vec<LevelPlan> {
        let mut levels = Vec::new();
        for (index, threshold) in thresholds.iter().enumerate() {
            let Some((bad, limit)) = rate_limit(threshold) else {
                let message = "a threshold has exactly one of `below`, `above`, `below_expected` and `above_expected`";
                self.problem(&format!("{pointer}/thresholds/{index}"), message, None);
                continue;
            };
            let level = LevelPlan {
                level: threshold.level.into(),
                bad,
                limit,
                for_us: us(threshold.lasting),
                tell: threshold.tell.clone(),
                react: threshold.react.clone(),
            };
            levels.push((index, level));
        }
        self.checked_levels(levels, pointer)
    }

    pub(super) fn share_levels(
        &mut self,
        thresholds: &[ShareThreshold],
        pointer: &str,
    ) -> Vec<LevelPlan> {
        let levels = thresholds.iter().map(|threshold| LevelPlan {
            level: threshold.level.into(),
            bad: BadSide::Below,
            limit: LimitPlan::Absolute(threshold.below),
            for_us: us(threshold.lasting),
            tell: threshold.tell.clone(),
            react: threshold.react.clone(),
        });
        self.checked_levels(levels.enumerate().collect(), pointer)
    }

    pub(super) fn latency_levels(
        &mut self,
        thresholds: &[LatencyThreshold],
        pointer: &str,
    ) -> Vec<LevelPlan> {
        let levels = thresholds.iter().map(|threshold| LevelPlan {
            level: threshold.level.into(),
            bad: BadSide::Above,
            limit: LimitPlan::Absolute(as_number(threshold.above)),
            for_us: us(threshold.lasting),
            tell: threshold.tell.clone(),
            react: threshold.react.clone(),
        });
        self.checked_levels(levels.enumerate().collect(), pointer)
    }

    /// The levels, each with its index in the file. A `contact` level that is crossed before
    /// `warn` makes `warn` pointless, and is a slip; so is the same level twice.
    fn checked_levels(&mut self, levels: Vec<(usize, LevelPlan)>, pointer: &str) -> Vec<LevelPlan> {
        for (at, (index, level)) in levels.iter().enumerate() {
            let pointer = format!("{pointer}/thresholds/{index}");
            let mut others = levels.iter();
            if others.any(|(_, warn)| is_crossed_before(level, warn)) {
                let hint = "the level at which customers call is the worse one".to_owned();
                self.problem(&pointer, "`contact` is crossed before `warn`", Some(hint));
            }
            let mut before = levels[..at].iter();
            if before.any(|(_, other)| is_again(level, other)) {
                let message = format!("there is such a `{}` level already", level.level);
                let hint = "levels of one name differ in their side or in `for`".to_owned();
                self.problem(&pointer, message, Some(hint));
            }
        }
        levels.into_iter().map(|(_, level)| level).collect()
    }
}

fn is_again(level: &LevelPlan, other: &LevelPlan) -> bool {
    (other.level, other.bad, other.for_us) == (level.level, level.bad, level.for_us)
        && limit(other).0 == limit(level).0
}

fn rate_limit(threshold: &RateThreshold) -> Option<(BadSide, LimitPlan)> {
    let limits = [
        threshold
            .below
            .map(|limit| (BadSide::Below, LimitPlan::Absolute(limit))),
        threshold
            .above
            .map(|limit| (BadSide::Above, LimitPlan::Absolute(limit))),
        threshold
            .below_expected
            .map(|times| (BadSide::Below, LimitPlan::OfExpected(times))),
        threshold
            .above_expected
            .map(|times| (BadSide::Above, LimitPlan::OfExpected(times))),
    ];
    let mut given = limits.into_iter().flatten();
    let only = given.next();
    only.filter(|_| given.next().is_none())
}

fn is_crossed_before(contact: &LevelPlan, warn: &LevelPlan) -> bool {
    let (contact_limit, warn_limit) = (limit(contact), limit(warn));
    warn.level == Level::Warn
        && contact.level == Level::Contact
        && warn.bad == contact.bad
        && warn_limit.0 == contact_limit.0
        && contact.bad.is_bad(warn_limit.1, contact_limit.1)
}

/// Whether the limit is relative to what is expected, and its number: only limits of one kind
/// compare.
fn limit(level: &LevelPlan) -> (bool, f64) {
    match level.limit {
        LimitPlan::Absolute(limit) => (false, limit),
        LimitPlan::OfExpected(times) => (true, times),
    }
}

/// A declared duration as a value, µs.
#[expect(
    clippy::cast_precision_loss,
    reason = "a declared duration is below 2^53 µs"
)]
pub(super) fn as_number(duration: DurationText) -> f64 {
    duration.as_us() as f64
}
