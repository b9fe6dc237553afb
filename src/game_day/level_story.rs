//! What one threshold of one SLI says of one entry of the timeline.
//!
//! In: the windows of the SLI, and when the entry began and ended. Out: when the threshold would have
//! spoken, and when the SLI was back on its good side for good. A threshold speaks when the windows up
//! to then are enough for it by the very rules by which the verdict is found, so a time to detect holds
//! the waiting that the threshold itself asks for.

use crate::sli::{Evidence, LevelPlan, SliWindow, crossings};

/// The stretch of time of an entry, UTC µs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When it began.
    pub began_us: i64,
    /// Crossings that begin before this come from it.
    pub attributed_until_us: i64,
    /// From here on something else may be the reason.
    pub horizon_us: i64,
}

/// What a threshold says of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelStory {
    /// It had been crossed before.
    AlreadyCrossed,
    /// No window could be judged by it.
    NotEnoughData,
    /// It was not crossed.
    NotCrossed,
    /// It was crossed.
    Crossed {
        /// When that was known, UTC µs.
        known_us: i64,
        /// Start of the first good window after which it was not crossed again; `None` when there
        /// is none before the horizon.
        recovered_us: Option<i64>,
    },
}

/// Tells the story of `level`; `windows` are oldest first, all `window_us` long.
pub fn level_story(
    level: &LevelPlan,
    evidence: Evidence,
    windows: &[SliWindow],
    window_us: i64,
    span: Span,
) -> LevelStory {
    let first = windows.partition_point(|window| window.start_us + window_us <= span.began_us);
    let until = windows.partition_point(|window| window.start_us < span.horizon_us);
    let before = windows[..first].iter().rev();
    let mut before = before.filter_map(|window| level.is_beyond(window, evidence));
    if before.next() == Some(true) {
        return LevelStory::AlreadyCrossed;
    }
    let windows = &windows[first..until.max(first)];
    let crossed = crossings(level, evidence, windows, window_us).crossed_us;
    let own = crossed
        .iter()
        .find(|[from_us, _]| *from_us < span.attributed_until_us);
    let Some([from_us, _]) = own else {
        let mut own = windows
            .iter()
            .take_while(|window| window.start_us < span.attributed_until_us);
        return match own.any(|window| level.is_beyond(window, evidence).is_some()) {
            true => LevelStory::NotCrossed,
            false => LevelStory::NotEnoughData,
        };
    };
    let last_us = crossed.iter().map(|[_, to_us]| *to_us).max();
    let good = windows.iter().find(|window| {
        last_us.is_some_and(|last_us| window.start_us >= last_us)
            && level.is_beyond(window, evidence) == Some(false)
    });
    LevelStory::Crossed {
        known_us: known_us(level, evidence, windows, window_us, *from_us),
        recovered_us: good.map(|window| window.start_us),
    }
}

/// The end of the window with which the crossing of `level` that begins at `from_us` became one; all in UTC µs,
/// `windows` oldest first, all `window_us` long.
#[must_use]
pub fn known_us(
    level: &LevelPlan,
    evidence: Evidence,
    windows: &[SliWindow],
    window_us: i64,
    from_us: i64,
) -> i64 {
    let start = windows.partition_point(|window| window.start_us < from_us);
    let windows = &windows[start..];
    for count in 1..=windows.len() {
        let known = crossings(level, evidence, &windows[..count], window_us);
        if !known.crossed_us.is_empty() {
            return windows[count - 1].start_us + window_us;
        }
    }
    from_us + window_us
}
