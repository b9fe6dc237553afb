//! An SLI set as OpenSLO documents.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::names::{DESCRIPTION_CHARS_MAX, NAME_CHARS_MAX, Names, cut};
use super::{
    Exported, OPTIONS_ANNOTATION, OpenSloOptions, OpenSloVersion, SET_ANNOTATION, alerts,
    indicator, shorthand, v1alpha, v2alpha, window,
};
use crate::exchange::burn;
use crate::exchange::{Notice, set_yaml, yaml};
use crate::sli::definition::{
    CompositeDefinition, LevelName, ObjectiveDefinition, SliDefinition, SliSetDefinition,
    WindowsGoodDefinition,
};

/// The documents of `set`, a stream of YAML. Reading them with
/// [`import_openslo`](super::import_openslo) gives `set` again.
#[must_use]
pub fn export_openslo(set: &SliSetDefinition, options: &OpenSloOptions) -> Exported {
    let (documents, notices) = documents(set, options);
    let texts: Vec<String> = documents
        .iter()
        .map(|document| yaml::document(&document.value))
        .collect();
    Exported {
        text: texts.join("---\n"),
        notices,
    }
}

/// One document.
pub(super) struct Document {
    /// As written.
    pub(super) value: Value,
    /// Where in the definition the target of its one objective stands, as a JSON pointer.
    pub(super) target_at: Option<String>,
}

/// All documents in the order of writing; the first one holds the set.
pub(super) fn documents(
    set: &SliSetDefinition,
    options: &OpenSloOptions,
) -> (Vec<Document>, Vec<Notice>) {
    let mut writer = Writer {
        set,
        options,
        names: Names::default(),
        documents: Vec::new(),
        targets: BTreeMap::new(),
        sli_names: BTreeMap::new(),
        notices: Vec::new(),
    };
    match options.version {
        OpenSloVersion::V1 => writer.all(),
        OpenSloVersion::V2Alpha => {
            writer.all();
            v2alpha::translate(&mut writer.documents);
        }
        OpenSloVersion::V1Alpha => v1alpha::write(&mut writer),
    }
    if let Some(first) = writer.documents.first_mut() {
        let annotations = &mut first.value["metadata"]["annotations"];
        annotations[SET_ANNOTATION] = json_text(&set_yaml::tree(set)).into();
        annotations[OPTIONS_ANNOTATION] = json_text(options).into();
    }
    (writer.documents, writer.notices)
}

fn json_text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("definitions and options have text keys only")
}

/// The documents so far.
pub(super) struct Writer<'a> {
    pub(super) set: &'a SliSetDefinition,
    pub(super) options: &'a OpenSloOptions,
    pub(super) names: Names,
    pub(super) documents: Vec<Document>,
    /// Who is told, and the name of the target.
    targets: BTreeMap<String, String>,
    /// SLIs that have a document, and its name.
    sli_names: BTreeMap<String, String>,
    notices: Vec<Notice>,
}

/// What an SLO is about.
struct Slo<'s> {
    sli: &'s str,
    title: &'s str,
    /// Zone of its days, weeks and months.
    zone: &'s str,
    /// Over what: an `over` of the definition.
    over: String,
    /// `over`, or `range` for the whole range of a report.
    suffix: &'s str,
    budgeting: &'static str,
    /// The SLI's document, unless the objectives name theirs.
    indicator: Option<String>,
    objectives: Vec<Value>,
    burn: Option<&'s ObjectiveDefinition>,
    target_at: Option<String>,
}

impl Writer<'_> {
    fn all(&mut self) {
        self.service();
        for sli in &self.set.slis {
            self.sli(sli);
        }
        for (index, sli) in self.set.slis.iter().enumerate() {
            self.slos(sli, &format!("/slis/{index}"));
        }
    }

    pub(super) fn service(&mut self) {
        let name = self.names.give("Service", &self.set.name);
        let description = self.set.description.as_deref().unwrap_or_default();
        let metadata = json!({"name": name, "displayName": cut(&self.set.name, NAME_CHARS_MAX)});
        let spec = json!({"description": cut(description, DESCRIPTION_CHARS_MAX)});
        self.add("Service", metadata, spec, None);
    }

    fn sli(&mut self, sli: &SliDefinition) {
        let Some(mut spec) = indicator::spec(sli, self.set) else {
            return;
        };
        let (name, title) = indicator::name_and_title(sli);
        let label = self.names.give("SLI", name);
        spec["description"] = cut(title, DESCRIPTION_CHARS_MAX).into();
        let metadata = json!({
            "name": label,
            "displayName": cut(title, NAME_CHARS_MAX),
            "annotations": {"firedrill.dev/sli": name},
        });
        self.sli_names.insert(name.to_owned(), label);
        self.add("SLI", metadata, spec, None);
    }

    fn slos(&mut self, sli: &SliDefinition, at: &str) {
        match sli {
            SliDefinition::Ratio(ratio) => self.shares(sli, ratio.objective, &ratio.objectives, at),
            SliDefinition::LatencyCut(cut) => self.shares(sli, cut.objective, &cut.objectives, at),
            SliDefinition::Apdex(apdex) => self.shares(sli, apdex.objective, &[], at),
            SliDefinition::UserUptime(uptime) => self.shares(sli, uptime.objective, &[], at),
            SliDefinition::Funnel(funnel) => self.shares(sli, funnel.objective, &[], at),
            SliDefinition::Rate(rate) => {
                if !rate.thresholds.is_empty() {
                    let message = "levels of a rate are no objectives: only in annotations; a \
                                   `windows_good` of it would be an SLO";
                    self.notice(&rate.name, message);
                }
            }
            SliDefinition::Latency(latency) => {
                if let Some(limit) = latency.objective {
                    let objective = json!({
                        "displayName": cut(&latency.title, NAME_CHARS_MAX),
                        "op": "lte",
                        "value": burn::seconds(limit.as_us()),
                        "target": burn::exact(latency.percentile / 100.0),
                    });
                    self.range_slo(sli, "Occurrences", vec![objective], None);
                }
            }
            SliDefinition::WindowsGood(windows) => self.windows(sli, windows, at),
            SliDefinition::Composite(composite) => self.composite(sli, composite),
        }
    }

    /// The SLOs of a share: one over the range, one for each objective.
    fn shares(
        &mut self,
        sli: &SliDefinition,
        objective: Option<f64>,
        objectives: &[ObjectiveDefinition],
        at: &str,
    ) {
        self.slos_with(sli, "Occurrences", &json!({}), (objective, objectives), at);
    }

    fn slos_with(
        &mut self,
        sli: &SliDefinition,
        budgeting: &'static str,
        shape: &Value,
        (objective, objectives): (Option<f64>, &[ObjectiveDefinition]),
        at: &str,
    ) {
        let (name, title) = indicator::name_and_title(sli);
        let set = self.set;
        let with_target = |target: f64| {
            let mut objective = shape.clone();
            objective["displayName"] = cut(title, NAME_CHARS_MAX).into();
            objective["target"] = target.into();
            objective
        };
        if let Some(target) = objective {
            if target < 1.0 {
                let target_at = Some(format!("{at}/objective"));
                self.range_slo(sli, budgeting, vec![with_target(target)], target_at);
            } else {
                self.notice(name, "OpenSLO has no target of 1: only in annotations");
            }
        }
        for (index, objective) in objectives.iter().enumerate() {
            self.slo(Slo {
                sli: name,
                title,
                zone: window::zone_of(sli, set),
                over: objective.over.clone(),
                suffix: &objective.over,
                budgeting,
                indicator: self.indicator_of(sli),
                objectives: vec![with_target(objective.target)],
                burn: Some(objective),
                target_at: Some(format!("{at}/objectives/{index}/target")),
            });
        }
    }

    /// The document of what `sli` is measured on.
    fn indicator_of(&self, sli: &SliDefinition) -> Option<String> {
        let measured = match sli {
            SliDefinition::WindowsGood(windows) => &windows.of,
            SliDefinition::Composite(_) => return None,
            SliDefinition::Rate(_)
            | SliDefinition::Ratio(_)
            | SliDefinition::Latency(_)
            | SliDefinition::LatencyCut(_)
            | SliDefinition::Apdex(_)
            | SliDefinition::UserUptime(_)
            | SliDefinition::Funnel(_) => indicator::name_and_title(sli).0,
        };
        self.sli_names.get(measured).cloned()
    }

    fn range_slo(
        &mut self,
        sli: &SliDefinition,
        budgeting: &'static str,
        objectives: Vec<Value>,
        target_at: Option<String>,
    ) {
        let (name, title) = indicator::name_and_title(sli);
        let set = self.set;
        let over = self.options.range_over;
        let message = format!("the objective over the whole range is written as one over {over}");
        self.notice(name, message);
        self.slo(Slo {
            sli: name,
            title,
            zone: window::zone_of(sli, set),
            over: over.to_string(),
            suffix: "range",
            budgeting,
            indicator: self.indicator_of(sli),
            objectives,
            burn: None,
            target_at,
        });
    }

    fn windows(&mut self, sli: &SliDefinition, windows: &WindowsGoodDefinition, at: &str) {
        let set = self.set;
        let of = set
            .slis
            .iter()
            .find(|other| indicator::name_and_title(other).0 == windows.of);
        let level = windows.level.unwrap_or(LevelName::Warn);
        let slice = of.and_then(|of| Some((of, slice_objective(of, level)?)));
        let (Some((of, mut shape)), Some(_)) = (slice, self.indicator_of(sli)) else {
            let message = format!(
                "a good window of `{}` cannot be said: only in annotations",
                windows.of
            );
            self.notice(&windows.name, message);
            return;
        };
        let window = of.own().window.or(set.window);
        let window_us = window.map_or(60_000_000, |window| window.as_us());
        if !shorthand::is_exact(window_us) {
            self.notice(&windows.name, "windows are written in whole minutes");
        }
        shape["timeSliceWindow"] = shorthand::written(window_us).into();
        let objectives = (windows.objective, windows.objectives.as_slice());
        self.slos_with(sli, "Timeslices", &shape, objectives, at);
    }

    fn composite(&mut self, sli: &SliDefinition, composite: &CompositeDefinition) {
        let Some(target) = composite.objective.filter(|target| *target < 1.0) else {
            self.notice(
                &composite.name,
                "a composite without a target is only in annotations",
            );
            return;
        };
        let message = "others weigh the burn of the parts, whatever `combine` says";
        self.notice(&composite.name, message);
        let mut objectives = Vec::new();
        for part in &composite.parts {
            let weight = part.weight.unwrap_or(1.0);
            match self.sli_names.get(&part.sli) {
                Some(label) if weight > 0.0 => objectives.push(json!({
                    "displayName": cut(&part.sli, NAME_CHARS_MAX),
                    "indicatorRef": label,
                    "compositeWeight": weight,
                    "target": target,
                })),
                Some(_) | None => {
                    let message =
                        format!("part `{}` cannot be said: only in annotations", part.sli);
                    self.notice(&composite.name, message);
                }
            }
        }
        if !objectives.is_empty() {
            self.range_slo(sli, "Occurrences", objectives, None);
        }
    }

    fn slo(&mut self, slo: Slo<'_>) {
        let Some(window) = window::of(&slo.over, slo.zone, self.set, self.options.version) else {
            let message = format!(
                "`{}` has no length that can be read: only in annotations",
                slo.over
            );
            self.notice(slo.sli, message);
            return;
        };
        if let Some(notice) = window.notice {
            self.notice(slo.sli, notice);
        }
        let label = format!("{}-{}", slo.sli, slo.suffix);
        let label = self.names.give("SLO", &label);
        let (burns, refused) = slo.burn.map_or_else(Default::default, |objective| {
            burn::burns(objective, window.length_us)
        });
        for why in refused {
            self.notice(slo.sli, why);
        }
        let policies = alerts::policies(self, slo.sli, &label, &burns);
        let mut spec = json!({
            "description": cut(slo.title, DESCRIPTION_CHARS_MAX),
            "service": super::names::label(&self.set.name),
            "timeWindow": [window.value],
            "budgetingMethod": slo.budgeting,
            "objectives": slo.objectives,
        });
        if let Some(indicator) = slo.indicator {
            spec["indicatorRef"] = indicator.into();
        }
        if !policies.is_empty() {
            spec["alertPolicies"] = policies.into();
        }
        let metadata = json!({
            "name": label,
            "displayName": cut(slo.title, NAME_CHARS_MAX),
            "annotations": {"firedrill.dev/sli": slo.sli, "firedrill.dev/over": slo.suffix},
        });
        self.add("SLO", metadata, spec, slo.target_at);
    }

    /// The target that stands for `who`.
    pub(super) fn target(&mut self, who: &str) -> String {
        if let Some(name) = self.targets.get(who) {
            return name.clone();
        }
        let name = self.names.give("AlertNotificationTarget", who);
        self.targets.insert(who.to_owned(), name.clone());
        let metadata = json!({"name": name, "displayName": cut(who, NAME_CHARS_MAX)});
        self.add(
            "AlertNotificationTarget",
            metadata,
            json!({"target": who}),
            None,
        );
        name
    }

    /// Adds a document.
    pub(super) fn add(
        &mut self,
        kind: &'static str,
        metadata: Value,
        spec: Value,
        target_at: Option<String>,
    ) {
        let value = json!({
            "apiVersion": self.options.version.api_version(),
            "kind": kind,
            "metadata": metadata,
            "spec": spec,
        });
        self.documents.push(Document { value, target_at });
    }

    /// Says what other tools do not get to know.
    pub(super) fn notice(&mut self, sli: &str, message: impl Into<String>) {
        let notice = Notice::new(sli, message);
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    /// Adds notices that were made elsewhere.
    pub(super) fn notices(&mut self, notices: Vec<Notice>) {
        self.notices.extend(notices);
    }
}

/// When a window of `of` is good, as the fields of an objective.
fn slice_objective(of: &SliDefinition, level: LevelName) -> Option<Value> {
    let share = |below: f64| (below > 0.0).then(|| json!({"timeSliceTarget": below}));
    let value = |op: &str, value: f64, slice: f64| {
        let slice = (slice > 0.0 && slice <= 1.0).then_some(slice)?;
        Some(json!({"op": op, "value": value, "timeSliceTarget": slice}))
    };
    let thresholds = match of {
        SliDefinition::Ratio(sli) => &sli.thresholds,
        SliDefinition::LatencyCut(sli) => &sli.thresholds,
        SliDefinition::Apdex(sli) => &sli.thresholds,
        SliDefinition::Latency(sli) => {
            let threshold = sli.thresholds.iter().find(|found| found.level == level)?;
            let above = burn::seconds(threshold.above.as_us());
            return value("lte", above, burn::exact(sli.percentile / 100.0));
        }
        SliDefinition::Rate(sli) => {
            let threshold = sli.thresholds.iter().find(|found| found.level == level)?;
            return match (threshold.below, threshold.above) {
                (Some(below), _) => value("gte", below, 1.0),
                (None, Some(above)) => value("lte", above, 1.0),
                (None, None) => None,
            };
        }
        SliDefinition::WindowsGood(_)
        | SliDefinition::UserUptime(_)
        | SliDefinition::Funnel(_)
        | SliDefinition::Composite(_) => return None,
    };
    share(thresholds.iter().find(|found| found.level == level)?.below)
}
