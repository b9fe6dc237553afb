//! The query parameters that may be kept: those on an allow-list, and no others.
//!
//! In: the names that may be kept, and queries as logged. Out: a query of those parameters alone.
//! A query can hold names, mail addresses and passwords, so nothing is kept by default.

use std::fmt::Write;

/// The longest kept query, in bytes. A parameter that does not fit whole is left out: half of a
/// value would be another value.
pub const KEPT_BYTES_MAX: usize = 200;

/// Keeps the allowed parameters of queries.
#[derive(Debug, Clone, Default)]
pub struct KeptQuery {
    names: Vec<String>,
}

impl KeptQuery {
    /// One that keeps the parameters called `names`, exactly so.
    #[must_use]
    pub fn new(names: Vec<String>) -> Self {
        Self { names }
    }

    /// The allowed parameters of `query` (with or without `?`) as `name=value&name=value`, in the
    /// order of the allow-list, each name as often as it occurs. Percent-encoding stays; whatever
    /// is not printable ASCII is percent-encoded. None when nothing is kept.
    ///
    /// ```
    /// use firedrill::enrichment::KeptQuery;
    /// let kept = KeptQuery::new(vec!["page".to_owned(), "sort".to_owned()]);
    /// let query = "mail=ann%40shop.example&sort=price&page=2";
    /// assert_eq!(kept.kept(query).as_deref(), Some("page=2&sort=price"));
    /// assert_eq!(kept.kept("token=17"), None);
    /// ```
    #[must_use]
    #[inline]
    pub fn kept(&self, query: &str) -> Option<String> {
        if self.names.is_empty() || query.is_empty() {
            return None;
        }
        self.kept_of_some(query)
    }

    fn kept_of_some(&self, query: &str) -> Option<String> {
        let query = query.strip_prefix('?').unwrap_or(query);
        let query = query.split_once('#').map_or(query, |(before, _)| before);
        let mut kept = String::new();
        for name in &self.names {
            for parameter in query.split('&') {
                let parameter_name = parameter
                    .split_once('=')
                    .map_or(parameter, |(name, _)| name);
                if parameter_name == name && !name.is_empty() {
                    push_whole(&mut kept, parameter);
                }
            }
        }
        (!kept.is_empty()).then_some(kept)
    }
}

/// Adds the parameter, if all of it fits.
fn push_whole(kept: &mut String, parameter: &str) {
    let length_before = kept.len();
    if length_before > 0 {
        kept.push('&');
    }
    for byte in parameter.bytes() {
        if byte.is_ascii_graphic() {
            kept.push(char::from(byte));
        } else {
            write!(kept, "%{byte:02X}").expect("writing to a text cannot fail");
        }
        if kept.len() > KEPT_BYTES_MAX {
            kept.truncate(length_before);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kept(names: &[&str], query: &str) -> Option<String> {
        KeptQuery::new(names.iter().map(|name| (*name).to_owned()).collect()).kept(query)
    }

    #[test]
    fn only_allowed_parameters_are_kept_in_the_order_of_the_list() {
        for (names, query, expected) in [
            (&["a", "b"][..], "b=2&c=3&a=1", Some("a=1&b=2")),
            (&["a"], "?a=1#a=2", Some("a=1")),
            (&["a"], "a=1&a=2", Some("a=1&a=2")),
            (&["a"], "a", Some("a")),
            (&["a"], "a=&ab=1", Some("a=")),
            (&["a"], "A=1", None),
            (&["a"], "x=a=1", None),
            (&["a"], "a=%D9%85+x", Some("a=%D9%85+x")),
            (
                &["a"],
                "a=1\x1b[2J 2\u{202e}é",
                Some("a=1%1B[2J%202%E2%80%AE%C3%A9"),
            ),
            (&[], "a=1", None),
            (&[""], "=1&&a=1", None),
            (&["a"], "", None),
        ] {
            assert_eq!(kept(names, query).as_deref(), expected, "{query:?}");
        }
    }

    #[test]
    fn a_parameter_that_does_not_fit_is_left_out_whole() {
        let fits = format!("a={}", "x".repeat(KEPT_BYTES_MAX - 2));
        assert_eq!(kept(&["a"], &fits).as_deref(), Some(fits.as_str()));
        assert_eq!(kept(&["a"], &format!("{fits}x")), None);
        let query = format!("b=2&{fits}x");
        assert_eq!(kept(&["a", "b"], &query).as_deref(), Some("b=2"));
        let query = format!("b=2&{fits}");
        assert_eq!(kept(&["b", "a"], &query).as_deref(), Some("b=2"));
    }

    proptest! {
        #[test]
        fn what_is_kept_is_short_printable_and_stays_when_kept_again(
            query in "([abc]=.{0,9}&){0,40}.*",
        ) {
            let names = ["a", "c", ""];
            if let Some(once) = kept(&names, &query) {
                prop_assert!(once.len() <= KEPT_BYTES_MAX);
                prop_assert!(once.bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert_eq!(kept(&names, &once), Some(once.clone()));
            }
        }
    }
}
