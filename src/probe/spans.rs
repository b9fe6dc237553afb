//! Sets of time: sorted stretches that do not overlap.

use crate::time_window::TimeWindow;

/// A set of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spans {
    spans: Vec<TimeWindow>,
}

impl Spans {
    /// The union of stretches in any order.
    pub fn new(stretches: impl IntoIterator<Item = TimeWindow>) -> Self {
        let mut sorted: Vec<TimeWindow> = stretches
            .into_iter()
            .filter(|span| span.start_us < span.end_us)
            .collect();
        sorted.sort_by_key(|span| span.start_us);
        let mut spans: Vec<TimeWindow> = Vec::with_capacity(sorted.len());
        for span in sorted {
            match spans.last_mut() {
                Some(last) if span.start_us <= last.end_us => {
                    last.end_us = last.end_us.max(span.end_us);
                }
                Some(_) | None => spans.push(span),
            }
        }
        Self { spans }
    }

    /// Its length, µs.
    pub fn length_us(&self) -> i64 {
        self.spans
            .iter()
            .map(|span| span.end_us - span.start_us)
            .sum()
    }

    /// What is in `window`, too.
    pub fn within(&self, window: TimeWindow) -> Self {
        let from = self
            .spans
            .partition_point(|span| span.end_us <= window.start_us);
        let inside = self.spans[from..]
            .iter()
            .take_while(|span| span.start_us < window.end_us);
        let cut = inside.map(|span| TimeWindow {
            start_us: span.start_us.max(window.start_us),
            end_us: span.end_us.min(window.end_us),
        });
        Self {
            spans: cut.filter(|span| span.start_us < span.end_us).collect(),
        }
    }

    /// What is not in `other`.
    pub fn without(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        for span in &self.spans {
            let mut from_us = span.start_us;
            for hole in other.within(*span).spans {
                left.push(TimeWindow {
                    start_us: from_us,
                    end_us: hole.start_us,
                });
                from_us = hole.end_us;
            }
            left.push(TimeWindow {
                start_us: from_us,
                end_us: span.end_us,
            });
        }
        left.retain(|span| span.start_us < span.end_us);
        Self { spans: left }
    }

    /// Whether `ts_us` is in it.
    pub fn contains(&self, ts_us: i64) -> bool {
        let index = self.spans.partition_point(|span| span.end_us <= ts_us);
        self.spans
            .get(index)
            .is_some_and(|span| span.contains(ts_us))
    }

    /// The stretches, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = TimeWindow> + '_ {
        self.spans.iter().copied()
    }
}
