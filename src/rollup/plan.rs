//! How rows are counted: length of a window, and limits that must be exact.

use crate::latency_buckets::{bucket_of, highest_of};

/// How rows are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollupPlan {
    /// Length of a window, µs; windows begin at whole multiples of it since 1970.
    pub window_us: i64,
    /// Latency limits that must be counted exactly, µs, ascending and distinct.
    pub cuts_us: Vec<u64>,
}

impl RollupPlan {
    /// A plan with the given window and cuts, in any order.
    ///
    /// # Panics
    /// When the window is not at least 1 µs long.
    #[must_use]
    pub fn new(window_us: i64, mut cuts_us: Vec<u64>) -> Self {
        assert!(window_us > 0, "a window is at least 1 µs long");
        cuts_us.sort_unstable();
        cuts_us.dedup();
        Self { window_us, cuts_us }
    }
}

/// Whether a cut lies inside of a bucket, so that the bucket's count alone does not tell how many
/// of its latencies are within the cut.
pub(super) fn is_inside_bucket(cut_us: u64) -> bool {
    highest_of(bucket_of(cut_us)) != cut_us
}
