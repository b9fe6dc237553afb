//! Sets of moments as lists of half-open stretches: sorted, apart from each other, none empty.

use crate::time_window::TimeWindow;

/// The moments that are in any of `windows`, in whatever order these come.
pub(super) fn union(windows: impl IntoIterator<Item = TimeWindow>) -> Vec<TimeWindow> {
    let mut sorted: Vec<TimeWindow> = windows
        .into_iter()
        .filter(|window| window.start_us < window.end_us)
        .collect();
    sorted.sort_unstable_by_key(|window| (window.start_us, window.end_us));
    let mut merged: Vec<TimeWindow> = Vec::new();
    for window in sorted {
        match merged.last_mut() {
            Some(last) if window.start_us <= last.end_us => {
                last.end_us = last.end_us.max(window.end_us);
            }
            Some(_) | None => merged.push(window),
        }
    }
    merged
}

/// The moments that are in both.
pub(super) fn intersection(one: &[TimeWindow], other: &[TimeWindow]) -> Vec<TimeWindow> {
    let mut both = Vec::new();
    let (mut at_one, mut at_other) = (0, 0);
    while let (Some(left), Some(right)) = (one.get(at_one), other.get(at_other)) {
        let start_us = left.start_us.max(right.start_us);
        let end_us = left.end_us.min(right.end_us);
        if start_us < end_us {
            both.push(TimeWindow { start_us, end_us });
        }
        if left.end_us <= right.end_us {
            at_one += 1;
        } else {
            at_other += 1;
        }
    }
    both
}

/// The moments that are in `from` and not in `taken`.
pub(super) fn difference(from: &[TimeWindow], taken: &[TimeWindow]) -> Vec<TimeWindow> {
    let mut gaps = Vec::with_capacity(taken.len() + 1);
    let mut start_us = i64::MIN;
    for window in taken {
        gaps.push(TimeWindow {
            start_us,
            end_us: window.start_us,
        });
        start_us = window.end_us;
    }
    gaps.push(TimeWindow {
        start_us,
        end_us: i64::MAX,
    });
    intersection(from, &gaps)
}

/// The whole windows of `window_us` (above 0), counted from 1970, that are inside of `stretches`.
pub(super) fn whole_windows(stretches: &[TimeWindow], window_us: i64) -> Vec<TimeWindow> {
    let rounded = stretches.iter().map(|stretch| {
        let rest_us = stretch.start_us.rem_euclid(window_us);
        let up_us = if rest_us == 0 { 0 } else { window_us - rest_us };
        TimeWindow {
            start_us: stretch.start_us.saturating_add(up_us),
            end_us: stretch
                .end_us
                .saturating_sub(stretch.end_us.rem_euclid(window_us)),
        }
    });
    rounded
        .filter(|window| window.start_us < window.end_us)
        .collect()
}

/// Whether `ts_us` is in one of them.
pub(super) fn contains(stretches: &[TimeWindow], ts_us: i64) -> bool {
    let after = stretches.partition_point(|stretch| stretch.start_us <= ts_us);
    after > 0 && stretches[after - 1].contains(ts_us)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const MOMENTS: i64 = 60;

    fn windows() -> impl Strategy<Value = Vec<TimeWindow>> {
        let window = (0..MOMENTS, 0..12_i64).prop_map(|(start_us, length_us)| TimeWindow {
            start_us,
            end_us: start_us + length_us,
        });
        vec(window, 0..8)
    }

    fn is_in(windows: &[TimeWindow], ts_us: i64) -> bool {
        windows.iter().any(|window| window.contains(ts_us))
    }

    proptest! {
        #[test]
        fn sets_have_the_moments_that_their_names_say(one in windows(), other in windows(), window_us in 1..9_i64) {
            let (left, right) = (union(one.clone()), union(other.clone()));
            let both = intersection(&left, &right);
            let rest = difference(&left, &right);
            let whole = whole_windows(&left, window_us);
            for ts_us in -1..MOMENTS + 20 {
                let (in_one, in_other) = (is_in(&one, ts_us), is_in(&other, ts_us));
                prop_assert_eq!(contains(&left, ts_us), in_one);
                prop_assert_eq!(contains(&both, ts_us), in_one && in_other);
                prop_assert_eq!(contains(&rest, ts_us), in_one && !in_other);
                let start_us = ts_us.div_euclid(window_us) * window_us;
                let is_whole = (start_us..start_us + window_us).all(|us| is_in(&one, us));
                prop_assert_eq!(contains(&whole, ts_us), is_whole);
            }
        }
    }
}
