//! What was learned about the routes of a lake, in a form that is kept.
//!
//! In: what a [`RouteLearner`](super::RouteLearner) found and what a [`Router`](super::Router)
//! admitted. Out: the same as plain, sorted texts, to be written as JSON and read again.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::ROUTES_MAX;

/// The most prefixes that are learned.
pub const PREFIXES_MAX: usize = 1_000;
/// The most names that are kept below all learned prefixes.
pub const KEPT_MAX: usize = 10_000;

/// What was learned so far. All lists are sorted and have no text twice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LearnedRoutes {
    /// Routes below which names are folded to `{slug}`; `/` is the root.
    pub folded: Vec<String>,
    /// Routes that stay although their prefix is folded: pages with many requests, and folders.
    pub kept: Vec<String>,
    /// Routes told apart so far, without declared ones; at most [`ROUTES_MAX`].
    pub known: Vec<String>,
}

impl LearnedRoutes {
    /// Adds what another one has; in any order, any number of times, the sum is the same.
    pub fn merge(&mut self, other: Self) {
        unite(&mut self.folded, other.folded, PREFIXES_MAX);
        unite(&mut self.kept, other.kept, KEPT_MAX);
        unite(&mut self.known, other.known, ROUTES_MAX);
    }
}

/// The first `most` of the texts in both lists.
fn unite(texts: &mut Vec<String>, others: Vec<String>, most: usize) {
    texts.extend(others);
    texts.sort_unstable();
    texts.dedup();
    texts.truncate(most);
}

/// The prefixes of a [`LearnedRoutes`], ready to be looked up.
#[derive(Debug, Default)]
pub struct Folding {
    folded: HashSet<String>,
    kept: HashSet<String>,
}

impl Folding {
    /// What `learned` says.
    pub fn of(learned: &LearnedRoutes) -> Self {
        let root = |prefix: &String| prefix.trim_end_matches('/').to_owned();
        Self {
            folded: learned.folded.iter().map(root).collect(),
            kept: learned.kept.iter().cloned().collect(),
        }
    }

    /// Whether names below `prefix` are folded; the root is the empty prefix.
    pub fn is_folded(&self, prefix: &str) -> bool {
        !self.folded.is_empty() && self.folded.contains(prefix)
    }

    /// Whether `route` stays although its prefix is folded.
    pub fn is_kept(&self, route: &str) -> bool {
        self.kept.contains(route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn learned() -> impl Strategy<Value = LearnedRoutes> {
        let texts = || proptest::collection::btree_set("/[a-c]{0,2}", 0..5);
        (texts(), texts(), texts()).prop_map(|(folded, kept, known)| LearnedRoutes {
            folded: folded.into_iter().collect(),
            kept: kept.into_iter().collect(),
            known: known.into_iter().collect(),
        })
    }

    fn sum(parts: &[&LearnedRoutes]) -> LearnedRoutes {
        let mut sum = LearnedRoutes::default();
        for part in parts {
            sum.merge((*part).clone());
        }
        sum
    }

    #[test]
    fn known_routes_stay_within_the_limit_when_merged() {
        let routes = |letter: char| (0..ROUTES_MAX).map(move |index| format!("/{letter}{index}"));
        let mut one = LearnedRoutes {
            known: routes('a').collect(),
            ..LearnedRoutes::default()
        };
        one.merge(LearnedRoutes {
            known: routes('b').collect(),
            ..LearnedRoutes::default()
        });
        assert_eq!(one.known.len(), ROUTES_MAX);
    }

    #[test]
    fn a_file_that_lacks_a_list_is_read() {
        let read: LearnedRoutes = serde_json::from_str(r#"{"folded": ["/product"]}"#).unwrap();
        assert_eq!(read.folded, ["/product"]);
        assert!(read.kept.is_empty() && read.known.is_empty());
    }

    proptest! {
        #[test]
        fn merging_in_any_order_is_the_same(a in learned(), b in learned(), c in learned()) {
            let expected = sum(&[&a, &b, &c]);
            prop_assert_eq!(sum(&[&c, &a, &b, &a]), expected.clone());
            prop_assert_eq!(sum(&[&a, &sum(&[&b, &c])]), expected.clone());
            let text = serde_json::to_string(&expected).unwrap();
            prop_assert_eq!(serde_json::from_str::<LearnedRoutes>(&text).unwrap(), expected);
        }
    }
}
