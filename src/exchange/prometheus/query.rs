//! The PromQL of a share: how many requests were good, and how many there were.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::exchange::Notice;
use crate::sli::definition::{
    EventDefinition, LatencyCutDefinition, OwnCountingDefinition, RatioDefinition, SliDefinition,
    SliSetDefinition,
};
use crate::status_pattern::StatusText;

/// How metrics and labels are called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricNaming {
    /// Counter of requests; without it `http_requests_total`.
    pub requests: String,
    /// Buckets of the histogram of response times in seconds; without it
    /// `http_request_duration_seconds_bucket`.
    pub duration_buckets: String,
    /// Label of the HTTP method; without it `method`.
    pub method: String,
    /// Label of the route; without it `route`.
    pub route: String,
    /// Label of the status; without it `status`.
    pub status: String,
    /// Label of the service; without it `service`.
    pub service: String,
}

impl Default for MetricNaming {
    fn default() -> Self {
        Self {
            requests: "http_requests_total".to_owned(),
            duration_buckets: "http_request_duration_seconds_bucket".to_owned(),
            method: "method".to_owned(),
            route: "route".to_owned(),
            status: "status".to_owned(),
            service: "service".to_owned(),
        }
    }
}

/// The selectors of a share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::exchange) struct Queries {
    good: String,
    total: String,
}

impl Queries {
    /// Good requests per second over `range`.
    pub(in crate::exchange) fn good(&self, range: &str) -> String {
        format!("sum(rate({}[{range}]))", self.good)
    }

    /// Requests per second over `range`.
    pub(in crate::exchange) fn total(&self, range: &str) -> String {
        format!("sum(rate({}[{range}]))", self.total)
    }
}

/// The selectors of an SLI; `None`, and a notice, for kinds that need more than counters.
pub(in crate::exchange) fn of_sli(
    sli: &SliDefinition,
    set: &SliSetDefinition,
    naming: &MetricNaming,
    notices: &mut Vec<Notice>,
) -> Option<Queries> {
    let (name, why) = match sli {
        SliDefinition::Ratio(sli) => return Some(of_ratio(sli, set, naming, notices)),
        SliDefinition::LatencyCut(sli) => return Some(of_cut(sli, set, naming, notices)),
        SliDefinition::Rate(sli) => (&sli.name, "rates have no share of good requests"),
        SliDefinition::Latency(sli) => (
            &sli.name,
            "percentiles of buckets may be off by a whole bucket; use a `latency_cut`",
        ),
        SliDefinition::WindowsGood(sli) => (&sli.name, "good windows are not counted by metrics"),
        SliDefinition::Apdex(sli) => (&sli.name, "an Apdex is no share of good requests"),
        SliDefinition::UserUptime(sli) => (&sli.name, "metrics know no shoppers"),
        SliDefinition::Funnel(sli) => (&sli.name, "metrics know no shoppers"),
        SliDefinition::Composite(sli) => (&sli.name, "its parts have rules of their own"),
    };
    notices.push(Notice::new(name, format!("no rules: {why}")));
    None
}

fn of_ratio(
    sli: &RatioDefinition,
    set: &SliSetDefinition,
    naming: &MetricNaming,
    notices: &mut Vec<Notice>,
) -> Queries {
    let mut selector = Selector {
        sli: &sli.name,
        naming,
        notices,
    };
    let valid = selector.event(&sli.event, set);
    let mut good = valid.clone();
    match (&sli.good, &sli.bad_status) {
        (Some(event), _) => good.extend(selector.event(event, set)),
        (None, Some(bad)) => good.extend(selector.statuses("!~", bad)),
        (None, None) => good.extend(selector.statuses("!~", &default_bad(sli.counting, set))),
    }
    let metric = |matchers: &[String]| format!("{}{{{}}}", naming.requests, matchers.join(", "));
    Queries {
        good: metric(&good),
        total: metric(&valid),
    }
}

fn of_cut(
    sli: &LatencyCutDefinition,
    set: &SliSetDefinition,
    naming: &MetricNaming,
    notices: &mut Vec<Notice>,
) -> Queries {
    let limit_s = seconds(sli.limit.as_us());
    notices.push(Notice::new(
        &sli.name,
        format!(
            "`{}` must have a bucket that ends at {limit_s} s: without it nothing counts as good, \
             and every alert fires",
            naming.duration_buckets
        ),
    ));
    let mut selector = Selector {
        sli: &sli.name,
        naming,
        notices,
    };
    let valid = selector.event(&sli.event, set);
    let metric = |bound: String| {
        let matchers = [valid.as_slice(), &[bound]].concat();
        format!("{}{{{}}}", naming.duration_buckets, matchers.join(", "))
    };
    // Clients write the bound of one second as `1` or as `1.0`.
    let whole = !limit_s.contains('.');
    let optional = if whole { "(\\.0)?" } else { "" };
    let bound = format!("{}{optional}", limit_s.replace('.', "\\."));
    Queries {
        good: metric(format!("le=~{}", quoted(&bound))),
        total: metric("le=\"+Inf\"".to_owned()),
    }
}

/// What is bad of an SLI that names no bad statuses.
pub(in crate::exchange) fn default_bad(
    own: OwnCountingDefinition,
    set: &SliSetDefinition,
) -> Vec<StatusText> {
    let mut bad = vec!["5xx", "429", "none"];
    if own
        .too_many_requests_good
        .unwrap_or(set.counting.too_many_requests_good)
    {
        bad.remove(1);
    }
    bad.into_iter()
        .map(|status| StatusText(status.to_owned()))
        .collect()
}

struct Selector<'a> {
    sli: &'a str,
    naming: &'a MetricNaming,
    notices: &'a mut Vec<Notice>,
}

impl Selector<'_> {
    fn event(&mut self, name: &str, set: &SliSetDefinition) -> Vec<String> {
        let Some(event) = set.events.get(name) else {
            self.notice(format!("there is no event `{name}`: every request counts"));
            return Vec::new();
        };
        let naming = self.naming;
        let mut matchers: Vec<String> = [
            (&naming.method, &event.method),
            (&naming.route, &event.route),
            (&naming.service, &event.service),
        ]
        .into_iter()
        .filter_map(|(label, value)| Some(format!("{label}={}", quoted(value.as_ref()?))))
        .collect();
        if !event.status.is_empty() {
            matchers.extend(self.statuses("=~", &event.status));
        }
        for key in beyond_metrics(event) {
            self.notice(format!(
                "metrics have no `{key}`, which event `{name}` asks for"
            ));
        }
        matchers
    }

    fn statuses(&mut self, operator: &str, statuses: &[StatusText]) -> Option<String> {
        let known: Vec<String> = statuses
            .iter()
            .filter(|status| status.0 != "none")
            .map(|status| status.0.replace("xx", ".."))
            .collect();
        if known.len() < statuses.len() {
            self.notice("requests without an answer are usually not in metrics".to_owned());
        }
        // A list that only says `none` selects the label that is not there.
        let is_empty_left_out = known.is_empty() && operator == "!~";
        let pattern = quoted(&known.join("|"));
        (!is_empty_left_out).then(|| format!("{}{operator}{pattern}", self.naming.status))
    }

    fn notice(&mut self, message: String) {
        let notice = Notice::new(self.sli, message);
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }
}

fn beyond_metrics(event: &EventDefinition) -> Vec<&'static str> {
    [
        (!event.channel.is_empty(), "channel"),
        (!event.client_class.is_empty(), "client_class"),
        (event.origin.is_some(), "origin"),
        (event.attempt.is_some(), "attempt"),
    ]
    .into_iter()
    .filter_map(|(is_asked, key)| is_asked.then_some(key))
    .collect()
}

/// µs as seconds without trailing zeros, as bucket bounds are written: `0.25`, `3`.
fn seconds(us: u64) -> String {
    let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A PromQL string.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => {
                // Writing to a text cannot fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
