//! Whose requests are a customer's, and which answers customers are unhappy with.

use crate::rollup::SeriesKey;

/// A person, or somebody of whom nothing is known: robots call nobody.
pub fn is_person(series: &SeriesKey) -> bool {
    matches!(series.client_class.as_str(), "" | "human")
}

/// 5xx, 429 and no answer.
pub fn is_failure(series: &SeriesKey) -> bool {
    series.status == 0 || series.status == 429 || series.status >= 500
}
