//! Which requests an SLI looks at: predicates over the series of a rollup.

use crate::request_record::{Origin, is_own_error};
use crate::rollup::SeriesKey;
use crate::status_pattern::StatusPattern;

/// A predicate over requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventPlan {
    pub(in crate::sli) method: Option<String>,
    pub(in crate::sli) route: Option<String>,
    pub(in crate::sli) service: Option<String>,
    pub(in crate::sli) status: Vec<StatusPattern>,
    pub(in crate::sli) channel: Vec<TextPattern>,
    /// Empty for any.
    pub(in crate::sli) client_class: Vec<TextPattern>,
    pub(in crate::sli) origin: Option<Origin>,
    /// `Some(true)` for requests that needed more than one attempt.
    pub(in crate::sli) is_retried: Option<bool>,
}

impl EventPlan {
    /// Whether it is plain that no request is both this event and `other`: they differ in method,
    /// route, service or origin.
    #[must_use]
    pub fn excludes(&self, other: &Self) -> bool {
        fn differ<T: PartialEq>(one: &Option<T>, other: &Option<T>) -> bool {
            one.is_some() && other.is_some() && one != other
        }
        differ(&self.method, &other.method)
            || differ(&self.route, &other.route)
            || differ(&self.service, &other.service)
            || differ(&self.origin, &other.origin)
    }

    /// Whether both are of the same requests, however they end: the same method, route and service.
    #[must_use]
    pub fn is_same_request(&self, other: &Self) -> bool {
        self.method == other.method && self.route == other.route && self.service == other.service
    }

    /// Whether requests with this method and route can be such events.
    #[must_use]
    pub fn may_be(&self, method: &str, route: &str) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted == method)
            && self.route.as_deref().is_none_or(|wanted| wanted == route)
    }

    /// Whether requests of this series are such events. Requests that were cut off at the end of
    /// a rehearsal are none, nor those that the load generator failed to send: nobody knows how they
    /// would have ended.
    #[must_use]
    pub fn covers(&self, series: &SeriesKey) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        let is_any = |wanted: &[TextPattern], found: &str| {
            wanted.is_empty() || wanted.iter().any(|pattern| pattern.covers(found))
        };
        !is_own_error(&series.error)
            && is(&self.method, &series.method)
            && is(&self.route, &series.route)
            && is(&self.service, &series.service)
            && (self.status.is_empty()
                || self
                    .status
                    .iter()
                    .any(|pattern| pattern.covers(series.status)))
            && is_any(&self.channel, &series.channel)
            && is_any(&self.client_class, &series.client_class)
            && self.origin.is_none_or(|origin| origin == series.origin)
            && self
                .is_retried
                .is_none_or(|is_retried| is_retried == series.is_retried)
    }
}

/// A pattern of a stored text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextPattern {
    /// The text itself; the empty text where there is none.
    Exactly(String),
    /// All that begin so.
    Prefix(String),
}

impl TextPattern {
    pub(in crate::sli) fn from_text(text: &str) -> Self {
        match (text, text.strip_suffix('*')) {
            ("none", _) => TextPattern::Exactly(String::new()),
            (_, Some(prefix)) => TextPattern::Prefix(prefix.to_owned()),
            (_, None) => TextPattern::Exactly(text.to_owned()),
        }
    }

    fn covers(&self, found: &str) -> bool {
        match self {
            TextPattern::Exactly(text) => text == found,
            TextPattern::Prefix(prefix) => found.starts_with(prefix.as_str()),
        }
    }
}
