//! The pre-mortem file: how the business can break, who would see it, who reacts, and which drill
//! exercises it.
//!
//! In: YAML, the names of the SLIs, and the names in the scenarios that it refers to. Out: a
//! [`PremortemPlan`], or every problem at once.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::EntryAction;
use crate::declared_files::{Declared, DeclaredFileError, DurationText, Problem, choices_hint};

const STALE_AFTER_US_DEFAULT: i64 = 90 * 86_400_000_000;

/// The ways in which the business can break.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PremortemDefinition {
    /// The name of the file's subject.
    pub name: String,
    /// The SLI set whose SLIs are named here; a path relative to this file.
    pub sli_defs: String,
    /// After how long a drill no longer counts; 90 days if it is left out.
    #[serde(default)]
    pub stale_after: Option<DurationText>,
    /// The ways to break.
    #[schemars(length(min = 1, max = 1000))]
    pub risks: Vec<RiskDefinition>,
}

/// One way to break.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiskDefinition {
    /// Its name, once in the file.
    pub id: String,
    /// What kind of thing happens.
    pub kind: RiskKind,
    /// What happens, in words.
    pub title: String,
    /// The SLIs that should see it; empty says that none would, which the matrix shows.
    #[serde(default)]
    pub seen_by: Vec<String>,
    /// What is done then.
    #[serde(default)]
    pub react: Option<String>,
    /// Who sees to it.
    #[serde(default)]
    pub owner: Option<String>,
    /// The drills that exercise it; empty says that none does, which the matrix shows.
    #[serde(default)]
    pub drills: Vec<RiskDrillDefinition>,
}

/// What kind of thing happens.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RiskKind {
    /// More shoppers than the shop can take.
    Surge,
    /// A bad binary is deployed.
    BadBinary,
    /// A bad configuration is pushed.
    BadConfig,
    /// Bad data is pushed: prices, stock, a feed.
    BadData,
    /// A part of the machinery fails.
    PartialOutage,
    /// A request that kills or slows whatever answers it.
    QueryOfDeath,
    /// A partner is down: payment, delivery, an identity provider.
    PartnerDown,
    /// Something else.
    Other,
}

impl RiskKind {
    /// The kinds that every business should have thought of.
    pub const USUAL: [RiskKind; 7] = [
        RiskKind::Surge,
        RiskKind::BadBinary,
        RiskKind::BadConfig,
        RiskKind::BadData,
        RiskKind::PartialOutage,
        RiskKind::QueryOfDeath,
        RiskKind::PartnerDown,
    ];

    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            RiskKind::Surge => "surge",
            RiskKind::BadBinary => "bad binary",
            RiskKind::BadConfig => "bad configuration",
            RiskKind::BadData => "bad data",
            RiskKind::PartialOutage => "partial outage",
            RiskKind::QueryOfDeath => "query of death",
            RiskKind::PartnerDown => "partner down",
            RiskKind::Other => "other",
        }
    }
}

/// A drill that exercises a way to break.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiskDrillDefinition {
    /// The scenario file; a path relative to this file.
    pub scenario: String,
    /// The `id` of the entry of its drill timeline; without it the run as a whole, for a surge.
    #[serde(default)]
    pub entry: Option<String>,
}

/// What the ways to break mean: every reference resolved.
#[derive(Debug, Clone)]
pub struct PremortemPlan {
    /// The name of the file's subject.
    pub name: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// After how long a drill no longer counts, µs.
    pub stale_after_us: i64,
    /// The ways to break, in the order of the file.
    pub risks: Vec<Risk>,
}

/// One way to break.
#[derive(Debug, Clone)]
pub struct Risk {
    /// Its name.
    pub id: String,
    /// What kind of thing happens.
    pub kind: RiskKind,
    /// What happens.
    pub title: String,
    /// The SLIs that should see it.
    pub seen_by: Vec<String>,
    /// What is done then.
    pub react: Option<String>,
    /// Who sees to it.
    pub owner: Option<String>,
    /// The drills that exercise it.
    pub drills: Vec<PremortemDrill>,
}

/// A drill, as runs in the lake know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PremortemDrill {
    /// The name of the scenario.
    pub scenario: String,
    /// What is rehearsed by it.
    pub rehearsed: Rehearsed,
    /// The entry of its timeline; `None` for the run as a whole.
    pub entry: Option<ScenarioEntry>,
}

/// What a scenario is, beside its name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rehearsed {
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// What its mix means, as hashes; `None` where an older version did not keep it.
    pub mix: Option<String>,
}

impl Rehearsed {
    /// Whether both are the same rehearsal: the same file, or another that means the same.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.sha256 == other.sha256 || (self.mix.is_some() && self.mix == other.mix)
    }
}

/// The SLIs of a set.
#[derive(Debug, Clone, Default)]
pub struct SliNames {
    /// Those that have levels, and so can see something.
    pub with_levels: Vec<String>,
    /// Those that have none.
    pub without_levels: Vec<String>,
}

impl SliNames {
    /// Why an SLI of this name can see nothing, and the cure; `None` when it can.
    #[must_use]
    pub fn refusal(&self, name: &str) -> Option<(String, String)> {
        if self.with_levels.iter().any(|known| known == name) {
            return None;
        }
        let known: Vec<&str> = self.with_levels.iter().map(String::as_str).collect();
        if self.without_levels.iter().any(|known| known == name) {
            return Some((
                format!("SLI `{name}` has no thresholds, so it can see nothing"),
                format!(
                    "give it some, or name one that has: `{}`",
                    known.join("`, `")
                ),
            ));
        }
        let hint = choices_hint(name, &known, "SLIs with thresholds");
        Some((format!("unknown SLI `{name}`"), hint))
    }
}

/// What a scenario has that can be named, and what it is.
#[derive(Debug, Clone)]
pub struct ScenarioNames {
    /// Its own name.
    pub name: String,
    /// What it is.
    pub rehearsed: Rehearsed,
    /// Its timeline's entries.
    pub entries: Vec<ScenarioEntry>,
}

/// An entry of a timeline, as its scenario declares it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioEntry {
    /// Its name.
    pub id: String,
    /// What kind of thing is done.
    pub action: EntryAction,
    /// What exactly is done, as a run keeps it.
    pub what: String,
}

impl PremortemDefinition {
    /// Where a file is that this one names.
    #[must_use]
    pub fn beside(declared: &Declared<Self>, path: &str) -> PathBuf {
        declared.path().parent().unwrap_or(Path::new("")).join(path)
    }
}

/// Understands a pre-mortem file; `scenario` reads the names of a scenario file, or says why it cannot.
///
/// # Errors
/// Every problem at once: unknown SLIs, SLIs that can see nothing, scenarios that cannot be used,
/// entries that they do not have, names that are there twice.
pub fn resolve(
    declared: &Declared<PremortemDefinition>,
    slis: &SliNames,
    scenario: &dyn Fn(&Path) -> Result<ScenarioNames, String>,
) -> Result<PremortemPlan, DeclaredFileError> {
    let mut resolver = Resolver {
        declared,
        slis,
        scenario,
        problems: Vec::new(),
    };
    let risks = resolver.risks();
    if !resolver.problems.is_empty() {
        return Err(DeclaredFileError::from(resolver.problems));
    }
    let stale_after = declared.value.stale_after;
    Ok(PremortemPlan {
        name: declared.value.name.clone(),
        sha256: declared.sha256(),
        stale_after_us: stale_after.map_or(STALE_AFTER_US_DEFAULT, |text| {
            i64::try_from(text.as_us()).unwrap_or(i64::MAX)
        }),
        risks,
    })
}

struct Resolver<'a> {
    declared: &'a Declared<PremortemDefinition>,
    slis: &'a SliNames,
    scenario: &'a dyn Fn(&Path) -> Result<ScenarioNames, String>,
    problems: Vec<Problem>,
}

impl Resolver<'_> {
    fn problem(&mut self, pointer: &str, message: String, hint: Option<String>) {
        let problem = self.declared.problem(pointer, message, hint);
        self.problems.push(problem);
    }

    fn risks(&mut self) -> Vec<Risk> {
        let risks = &self.declared.value.risks;
        let mut plans = Vec::new();
        for (index, risk) in risks.iter().enumerate() {
            let pointer = format!("/risks/{index}");
            if risks[..index].iter().any(|other| other.id == risk.id) {
                let message = format!("risk `{}` is there already", risk.id);
                self.problem(&format!("{pointer}/id"), message, None);
            }
            for (index, sli) in risk.seen_by.iter().enumerate() {
                self.check_sli(sli, &format!("{pointer}/seen_by/{index}"));
            }
            let drills = risk.drills.iter().enumerate();
            let drills = drills.filter_map(|(index, drill)| {
                self.drill(drill, &format!("{pointer}/drills/{index}"))
            });
            plans.push(Risk {
                id: risk.id.clone(),
                kind: risk.kind,
                title: risk.title.clone(),
                seen_by: risk.seen_by.clone(),
                react: risk.react.clone(),
                owner: risk.owner.clone(),
                drills: drills.collect(),
            });
        }
        plans
    }

    fn check_sli(&mut self, name: &str, pointer: &str) {
        if let Some((message, hint)) = self.slis.refusal(name) {
            self.problem(pointer, message, Some(hint));
        }
    }

    fn drill(&mut self, drill: &RiskDrillDefinition, pointer: &str) -> Option<PremortemDrill> {
        let path = PremortemDefinition::beside(self.declared, &drill.scenario);
        let names = match (self.scenario)(&path) {
            Ok(names) => names,
            Err(why) => {
                let message = format!("scenario `{}` cannot be used: {why}", path.display());
                let hint = "paths are relative to this file";
                self.problem(
                    &format!("{pointer}/scenario"),
                    message,
                    Some(hint.to_owned()),
                );
                return None;
            }
        };
        let known = |id: &String| names.entries.iter().find(|entry| entry.id == *id);
        let entry = drill.entry.as_ref().and_then(known).cloned();
        if let (Some(id), None) = (&drill.entry, &entry) {
            let known: Vec<&str> = names.entries.iter().map(|it| it.id.as_str()).collect();
            let hint = match known.is_empty() {
                true => "it has no `drills`; leave `entry` out for the run as a whole".to_owned(),
                false => choices_hint(id, &known, "entries of its drill timeline"),
            };
            let message = format!("scenario `{}` has no entry `{id}`", drill.scenario);
            self.problem(&format!("{pointer}/entry"), message, Some(hint));
            return None;
        }
        Some(PremortemDrill {
            scenario: names.name,
            rehearsed: names.rehearsed,
            entry,
        })
    }
}
