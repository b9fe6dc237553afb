//! One SLO: its indicators, budgeting and objectives.

use serde_json::{Value, json};

use super::events::Comparison;
use super::objectives::Target;
use super::{Import, title};
use crate::exchange::openslo::document::Document;
use crate::exchange::openslo::shorthand;

/// The greatest weight of a definition.
const WEIGHT_MAX: f64 = 1_000.0;

impl<'d> Import<'d> {
    /// Adds the SLIs of an SLO: one per objective, and what combines them.
    pub(super) fn slo(&mut self, document: &'d Document) {
        for key in ["service", "serviceRef"] {
            if let Some(service) = document.text(&format!("/spec/{key}")) {
                self.services.insert(service);
            }
        }
        let count = document.length("/spec/objectives");
        let over = self.over(document);
        let burn = self.burn_rules(document, over.as_ref());
        let mut parts = Vec::new();
        for index in 0..count.max(1) {
            let at = format!("/spec/objectives/{index}");
            let suffix = if count > 1 {
                format!("-{}", index + 1)
            } else {
                String::new()
            };
            let name = self.unique_name(document, &format!("{}{suffix}", document.name()));
            let heading = title(document);
            let title = match document.text(&format!("{at}/displayName")) {
                Some(own) if count > 1 => format!("{heading}: {own}"),
                Some(_) | None => heading.to_owned(),
            };
            let target = self.target(document, &at, over.clone(), burn.clone());
            self.objective(document, &at, &name, &title, target);
            let weight = document.number(&format!("{at}/compositeWeight"));
            if weight.is_some_and(|weight| !(0.0..=WEIGHT_MAX).contains(&weight) || weight == 0.0) {
                let message = "a weight is above 0 and at most 1000: 1 is taken";
                self.notices
                    .push(document.notice(&format!("{at}/compositeWeight"), message));
            }
            let weight = weight.filter(|weight| *weight > 0.0 && *weight <= WEIGHT_MAX);
            parts.push((name, weight));
        }
        let is_composite = (0..count).any(|index| {
            ["indicator", "indicatorRef", "sli", "sliRef"]
                .iter()
                .any(|key| {
                    document
                        .get(&format!("/spec/objectives/{index}/{key}"))
                        .is_some()
                })
        });
        if is_composite {
            self.composite(document, &parts);
        }
    }

    fn objective(
        &mut self,
        document: &'d Document,
        at: &str,
        name: &str,
        title: &str,
        target: Target,
    ) {
        let comparison = self.comparison(document, at, &target);
        let (holder, spec_at) = self.indicator(document, at);
        let mut sli = self.measured(holder, &spec_at, name, title, comparison);
        let kind = sli["kind"].as_str().unwrap_or_default().to_owned();
        let is_share = kind == "ratio" || kind == "latency_cut";
        if comparison.is_some()
            && kind == "ratio"
            && holder.get(&format!("{spec_at}/thresholdMetric")).is_none()
        {
            let message = "`op` and `value` mean nothing for a ratio: left out";
            self.notices.push(document.notice(at, message));
        }
        let method = document
            .text("/spec/budgetingMethod")
            .unwrap_or("Occurrences");
        if method == "RatioTimeslices" {
            let message =
                "the mean of the slices' ratios is not computed: all requests count alike";
            self.notices
                .push(document.notice("/spec/budgetingMethod", message));
        }
        let slices = (method == "Timeslices").then(|| self.slices(document, at));
        match (slices, is_share) {
            (Some((slice_target, window)), true) => {
                if let Some(window) = window {
                    sli["window"] = window.into();
                }
                let level = json!({"level": "warn", "below": slice_target, "for": "0s"});
                sli["thresholds"] = json!([level]);
                self.slis.push(sli);
                let windows = self.unique_name(document, &format!("{name}-windows"));
                let mut windows = json!({
                    "kind": "windows_good", "name": windows, "title": title, "of": name,
                });
                target.put_on(&mut windows);
                self.slis.push(windows);
            }
            (None, true) => {
                target.put_on(&mut sli);
                self.slis.push(sli);
            }
            (Some(_) | None, false) => {
                let message = format!(
                    "the objective does not fit kind `{kind}`: write levels, and a `windows_good` of it"
                );
                self.notices.push(document.notice(at, message));
                self.slis.push(sli);
            }
        }
    }

    /// What a threshold metric is compared with.
    fn comparison(
        &mut self,
        document: &'d Document,
        at: &str,
        target: &Target,
    ) -> Option<Comparison<'d>> {
        let operator = document.text(&format!("{at}/op"));
        let value = document.number(&format!("{at}/value"));
        // v1alpha has a value everywhere, which is compared with nothing without an operator.
        let operator = operator?;
        if !["lte", "lt", "gte", "gt"].contains(&operator) {
            let message = format!("`{operator}` is no operator");
            self.notices
                .push(document.notice(&format!("{at}/op"), message));
        }
        Some(Comparison {
            operator,
            value: value.unwrap_or(0.0),
            target: target.share(),
        })
    }

    /// The document and place of the indicator's `spec`.
    fn indicator(&mut self, document: &'d Document, at: &str) -> (&'d Document, String) {
        let places = [at, "/spec"];
        for place in places {
            for key in ["indicator", "sli"] {
                let inline = format!("{place}/{key}");
                if document.get(&format!("{inline}/spec")).is_some() {
                    document.text(&format!("{inline}/metadata/name"));
                    document.text(&format!("{inline}/metadata/displayName"));
                    return (document, format!("{inline}/spec"));
                }
                // v1alpha has no `spec` in it.
                if document.get(&inline).is_some_and(Value::is_object) {
                    return (document, inline);
                }
                let reference = format!("{place}/{key}Ref");
                if let Some(name) = document.text(&reference) {
                    if let Some(sli) = self.index.get(&("SLI", name)) {
                        self.used_slis.insert(name);
                        sli.text("/metadata/displayName");
                        return (sli, "/spec".to_owned());
                    }
                    let message =
                        format!("there is no SLI `{name}` in this file: import them together");
                    self.notices.push(document.notice(&reference, message));
                    return (document, reference);
                }
            }
        }
        (document, at.to_owned())
    }

    /// The target of a slice, and the length of slices, which is that of the windows of the SLI.
    fn slices(&mut self, document: &'d Document, at: &str) -> (f64, Option<String>) {
        let window_at = format!("{at}/timeSliceWindow");
        let window_us = match document.get(&window_at) {
            Some(Value::String(text)) => shorthand::read(text),
            // The README allows a bare number of minutes.
            Some(Value::Number(minutes)) => {
                let message = "a window without a unit is read as minutes";
                self.notices.push(document.notice(&window_at, message));
                minutes
                    .as_u64()
                    .and_then(|minutes| minutes.checked_mul(60_000_000))
            }
            Some(_) | None => None,
        };
        document.take(&window_at);
        let window_s = window_us.map(|us| us / 1_000_000).filter(|s| *s > 0);
        match window_s {
            None => {
                let message = "the length of a slice cannot be read: the set's window is taken";
                self.notices.push(document.notice(at, message));
            }
            Some(window_s) => self.window_s = Some(common(window_s, self.window_s.unwrap_or(0))),
        }
        let target = document.number(&format!("{at}/timeSliceTarget"));
        let target = target.filter(|target| (0.0..=1.0).contains(target));
        let target = target.unwrap_or_else(|| {
            let message = "the target of a slice is missing or no share: 1 is taken";
            self.notices.push(document.notice(at, message));
            1.0
        });
        (target, window_s.map(|window_s| format!("{window_s}s")))
    }

    fn composite(&mut self, document: &'d Document, parts: &[(String, Option<f64>)]) {
        let name = self.unique_name(document, &format!("{}-journey", document.name()));
        let message = format!(
            "the parts are combined as `{name}`: their weighted mean, not their weighted burn"
        );
        self.notices
            .push(document.notice("/spec/objectives", message));
        let parts: Vec<Value> = parts
            .iter()
            .map(|(sli, weight)| json!({"sli": sli, "weight": weight.unwrap_or(1.0)}))
            .collect();
        self.slis.push(json!({
            "kind": "composite",
            "name": name,
            "title": title(document),
            "parts": parts,
            "combine": "weighted",
        }));
    }
}

/// The greatest length of which both are whole multiples: all windows of a set are multiples of its own.
fn common(one_s: u64, other_s: u64) -> u64 {
    match other_s {
        0 => one_s,
        _ => common(other_s, one_s % other_s),
    }
}
