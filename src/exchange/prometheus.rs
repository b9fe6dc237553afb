//! Prometheus rules of the SLIs whose shares a Prometheus server can compute itself.
//!
//! In: a [`SliSetDefinition`] and how metrics and labels are called. Out: a rules file: per ratio
//! and latency cut the share of bad requests over every window that is needed (recording rules),
//! multi-window burn alerts with the burn rates of the objective's own length, and the levels. What
//! Prometheus cannot know (channels, retries, percentiles, shoppers) is a [`Notice`]. The PromQL is
//! plain: `sum`, `rate`, `or vector(0)`, comparisons.

mod query;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::burn::{self, Over};
use super::notice::Notice;
use super::yaml;
use crate::sli::definition::{
    LevelName, ObjectiveDefinition, ShareThreshold, SliDefinition, SliSetDefinition,
};

pub use query::MetricNaming;
pub(super) use query::{Queries, default_bad, of_sli};

/// Name of the recorded share of bad requests; the window is appended.
const BAD_SHARE: &str = "firedrill:sli_bad:share";
/// Shortest range of a rate: four scrapes of 15 s, below which a rate often has no two samples.
const RANGE_US_MIN: u64 = 60_000_000;

/// The rules file of `set`, and what is not in it.
#[must_use]
pub fn export_prometheus(set: &SliSetDefinition, naming: &MetricNaming) -> (String, Vec<Notice>) {
    let mut notices = Vec::new();
    let mut groups = Vec::new();
    for sli in &set.slis {
        let Some(queries) = of_sli(sli, set, naming, &mut notices) else {
            continue;
        };
        groups.extend(group(set, sli, &queries, &mut notices));
    }
    let heading: String = notices
        .iter()
        .map(|notice| yaml::comment(&notice.to_string()))
        .collect();
    let title = format!("Rules of the SLI set `{}`, written by firedrill.", set.name);
    let text = yaml::comment(&title) + &heading + &yaml::document(&json!({ "groups": groups }));
    (text, notices)
}

/// What a rule is about.
struct Subject<'a> {
    set: &'a str,
    sli: &'a str,
    title: &'a str,
    react: Option<&'a str>,
}

impl Subject<'_> {
    /// The recorded share of bad requests over `range`.
    fn bad_share(&self, range: &str) -> String {
        let (set, sli) = (query::quoted(self.set), query::quoted(self.sli));
        format!("{BAD_SHARE}{range}{{set={set}, sli={sli}}}")
    }

    fn alert(&self, alert: Alert) -> Value {
        let mut labels = json!({
            "severity": templated(&alert.severity),
            "set": templated(self.set),
            "sli": templated(self.sli),
        });
        for (label, value) in alert.labels {
            labels[label] = templated(&value).into();
        }
        if !alert.tell.is_empty() {
            labels["tell"] = templated(&alert.tell.join(", ")).into();
        }
        let mut annotations = json!({ "summary": templated(&alert.summary) });
        if let Some(react) = alert.react.or(self.react) {
            annotations["react"] = templated(react).into();
        }
        let mut rule = json!({
            "alert": alert.name,
            "expr": alert.expression,
            "labels": labels,
            "annotations": annotations,
        });
        if let Some(lasting) = alert.lasting {
            rule["for"] = lasting.into();
        }
        rule
    }
}

/// An alerting rule.
struct Alert<'a> {
    name: &'static str,
    severity: String,
    /// What tells it from others of its name.
    labels: Vec<(&'static str, String)>,
    expression: String,
    lasting: Option<String>,
    tell: &'a [String],
    summary: String,
    react: Option<&'a str>,
}

fn group(
    set: &SliSetDefinition,
    sli: &SliDefinition,
    queries: &Queries,
    notices: &mut Vec<Notice>,
) -> Option<Value> {
    let (name, title, objectives, thresholds) = match sli {
        SliDefinition::Ratio(sli) => (&sli.name, &sli.title, &sli.objectives, &sli.thresholds),
        SliDefinition::LatencyCut(sli) => (&sli.name, &sli.title, &sli.objectives, &sli.thresholds),
        SliDefinition::Rate(_)
        | SliDefinition::Latency(_)
        | SliDefinition::WindowsGood(_)
        | SliDefinition::Apdex(_)
        | SliDefinition::UserUptime(_)
        | SliDefinition::Funnel(_)
        | SliDefinition::Composite(_) => return None,
    };
    let contact = thresholds.iter().rev().find(|level| level.react.is_some());
    let subject = Subject {
        set: &set.name,
        sli: name,
        title,
        react: contact.and_then(|level| level.react.as_deref()),
    };
    let window = sli.own().window.or(set.window);
    let window_us = window.map_or(RANGE_US_MIN, |window| window.as_us());
    let mut ranges_us = BTreeSet::from([window_us.max(RANGE_US_MIN)]);
    let mut alerts = Vec::new();
    for objective in objectives {
        alerts.extend(burn_alerts(
            &subject,
            objective,
            set,
            &mut ranges_us,
            notices,
        ));
    }
    let range = duration(window_us.max(RANGE_US_MIN));
    alerts.extend(
        thresholds
            .iter()
            .map(|level| level_alert(&subject, level, &range)),
    );
    let mut rules: Vec<Value> = ranges_us
        .into_iter()
        .map(|range_us| recording(&subject, queries, &duration(range_us)))
        .collect();
    rules.extend(alerts);
    Some(json!({ "name": format!("firedrill {} {name}", set.name), "rules": rules }))
}

fn recording(subject: &Subject<'_>, queries: &Queries, range: &str) -> Value {
    let (good, total) = (queries.good(range), queries.total(range));
    // Without `or vector(0)` a time in which nothing at all was good would have no value.
    json!({
        "record": format!("{BAD_SHARE}{range}"),
        "expr": format!("1 - ({good} or vector(0)) / {total}"),
        "labels": { "set": subject.set, "sli": subject.sli },
    })
}

fn burn_alerts(
    subject: &Subject<'_>,
    objective: &ObjectiveDefinition,
    set: &SliSetDefinition,
    ranges_us: &mut BTreeSet<u64>,
    notices: &mut Vec<Notice>,
) -> Vec<Value> {
    let Some(length_us) = Over::of(&objective.over, set).length_us() else {
        let message = format!(
            "`{}` has no length that can be read: no burn alerts",
            objective.over
        );
        notices.push(Notice::new(subject.sli, message));
        return Vec::new();
    };
    let (burns, refused) = burn::burns(objective, length_us);
    notices.extend(refused.into_iter().map(|why| Notice::new(subject.sli, why)));
    let alert = |burn: &burn::Burn| {
        let windows = [burn.long_us, burn.short_us].map(|us| us.max(RANGE_US_MIN));
        ranges_us.extend(windows);
        let [long, short] = windows.map(duration);
        let rate = burn::short_number(burn.rate);
        let limit = format!("{rate} * (1 - {})", objective.target);
        subject.alert(Alert {
            name: "FiredrillBudgetBurn",
            severity: burn.name.clone(),
            labels: vec![("over", objective.over.clone()), ("long", long.clone())],
            expression: format!(
                "{} > {limit} and {} > {limit}",
                subject.bad_share(&long),
                subject.bad_share(&short)
            ),
            lasting: None,
            tell: &burn.tell,
            summary: format!(
                "{}: the error budget over {} burns {rate} times too fast, for {long} and still for {short}",
                subject.title, objective.over
            ),
            react: None,
        })
    };
    burns.iter().map(alert).collect()
}

fn level_alert(subject: &Subject<'_>, threshold: &ShareThreshold, range: &str) -> Value {
    let level = match threshold.level {
        LevelName::Warn => "warn",
        LevelName::Contact => "contact",
    };
    subject.alert(Alert {
        name: "FiredrillLevel",
        severity: level.to_owned(),
        labels: Vec::new(),
        expression: format!("{} > 1 - {}", subject.bad_share(range), threshold.below),
        lasting: Some(duration(threshold.lasting.as_us())),
        tell: &threshold.tell,
        summary: format!(
            "{}: the share of good requests is below {}",
            subject.title, threshold.below
        ),
        react: threshold.react.as_deref(),
    })
}

/// A length of time as Prometheus writes it: a whole number of the longest unit; parts of a ms are
/// rounded up.
fn duration(us: u64) -> String {
    const UNITS: [(&str, u64); 4] = [
        ("d", 86_400_000_000),
        ("h", 3_600_000_000),
        ("m", 60_000_000),
        ("s", 1_000_000),
    ];
    if us == 0 {
        return "0s".to_owned();
    }
    match UNITS
        .iter()
        .find(|(_, unit_us)| us.is_multiple_of(*unit_us))
    {
        Some((unit, unit_us)) => format!("{}{unit}", us / unit_us),
        None => format!("{}ms", us.div_ceil(1_000)),
    }
}

/// Text in which Prometheus finds nothing to expand.
fn templated(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}
