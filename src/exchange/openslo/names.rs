//! Names that every OpenSLO reader takes: RFC 1123 labels of at most 63 characters.

use std::collections::BTreeSet;

/// The longest name and the longest display name.
pub(super) const NAME_CHARS_MAX: usize = 63;
/// The longest description.
pub(super) const DESCRIPTION_CHARS_MAX: usize = 1_050;
/// How much of a name stays where a number tells it from others.
const STEM_CHARS_MAX: usize = 56;

/// Names given so far, by kind of document.
#[derive(Default)]
pub(super) struct Names {
    given: BTreeSet<(&'static str, String)>,
}

impl Names {
    /// A label for `name` that no other document of `kind` has.
    pub(super) fn give(&mut self, kind: &'static str, name: &str) -> String {
        let label = label(name);
        let mut candidate = label.clone();
        let mut number = 2;
        while !self.given.insert((kind, candidate.clone())) {
            let stem: String = label.chars().take(STEM_CHARS_MAX).collect();
            candidate = format!("{}-{number}", stem.trim_end_matches('-'));
            number += 1;
        }
        candidate
    }
}

/// `name` as a label: capitals become small, whatever else is not allowed a single `-`.
pub(super) fn label(name: &str) -> String {
    let mut label = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            label.push(c);
        } else if !label.is_empty() && !label.ends_with('-') {
            label.push('-');
        }
    }
    label.truncate(NAME_CHARS_MAX);
    match label.trim_end_matches('-') {
        "" => "unnamed".to_owned(),
        label => label.to_owned(),
    }
}

/// At most `chars_max` characters.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().nth(chars_max).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars_max - 1).collect();
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    #[test]
    fn names_become_labels() {
        let table = [
            ("checkout_p95", "checkout-p95"),
            ("Checkout P95 (EU)", "checkout-p95-eu"),
            ("--a--", "a"),
            ("", "unnamed"),
            ("日本", "unnamed"),
        ];
        for (name, expected) in table {
            assert_eq!(label(name), expected, "{name}");
        }
    }

    #[test]
    fn two_names_that_become_one_label_are_numbered() {
        let mut names = Names::default();
        assert_eq!(names.give("SLI", "a_b"), "a-b");
        assert_eq!(names.give("SLI", "a.b"), "a-b-2");
        assert_eq!(names.give("SLO", "a.b"), "a-b");
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn every_name_given_is_a_label_and_given_once(raw in prop::collection::vec("\\PC{0,80}|[a-c_-]{60,70}", 1..30)) {
            let mut names = Names::default();
            let mut seen = BTreeSet::new();
            for name in raw {
                let label = names.give("SLO", &name);
                let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
                prop_assert!(label.len() <= NAME_CHARS_MAX && label.chars().all(|c| inner(c) || c == '-'));
                prop_assert!(label.starts_with(inner) && label.ends_with(inner), "{}", label);
                prop_assert!(seen.insert(label));
            }
        }
    }
}
