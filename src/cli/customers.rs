//! Whose requests are a customer's, and which answers customers are unhappy with.

use crate::rollup::SeriesKey;

/// A person, or somebody of whom nothing is known: robots call nobody.
pub fn is_person(series: &SeriesKey) -> bool {
    matches!(series.client_class.as_str(), "" | "human")
}

/// An answer as a shopper must have it: what customers forgive, a page that is not there, ends the journey of a
/// shopper who clicked on it.
pub fn is_good_for_shopper(series: &SeriesKey) -> bool {
    series.error.is_empty() && (1..400).contains(&series.status)
}

/// 5xx, 429 and no answer.
pub fn is_failure(series: &SeriesKey) -> bool {
    series.status == 0 || series.status == 429 || series.status >= 500
}
