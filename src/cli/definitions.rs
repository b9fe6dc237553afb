//! Loading declared files, or the ones inside the binary where none is named.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::exit_code::Failure;
use crate::declared_files::{self, Declared, DeclaredFileError, Problem};
use crate::game_day::SliNames;
use crate::rehearsal::mismatch;
use crate::scenario::{self, DrillPlan, ScenarioDefinition};
use crate::sli::{self, SliPlan, SliSetDefinition, SliSetPlan, ThresholdFileDefinition};

const SCENARIO_PATH: &str = "load-scenarios/black-friday.yaml";
const SCENARIO_TEXT: &str = include_str!("../../load-scenarios/black-friday.yaml");
const SLI_SET_PATH: &str = "sli-defs/shop.yaml";
const SLI_SET_TEXT: &str = include_str!("../../sli-defs/shop.yaml");

/// The file at `named`; without it the one at `default_path`, or the copy in the binary.
fn declared<T: DeserializeOwned + schemars::JsonSchema>(
    named: Option<&Path>,
    default_path: &str,
    default_text: &str,
) -> Result<Declared<T>, Failure> {
    let default = PathBuf::from(default_path);
    let path = named.unwrap_or(&default);
    if named.is_none() && !path.exists() {
        let environment = |name: &str| std::env::var(name).ok();
        return Ok(declared_files::parse(
            path,
            default_text.as_bytes(),
            &environment,
        )?);
    }
    Ok(declared_files::load(path)?)
}

/// The scenario at `path`, or black-friday; its drill timeline expects of the SLIs of `set` only what
/// they can do.
pub fn scenario(path: Option<&Path>, set: &SliSetPlan) -> Result<DrillPlan, Failure> {
    plan(&declared(path, SCENARIO_PATH, SCENARIO_TEXT)?, set)
}

/// The scenario of a text; `path` is only named in messages.
pub fn scenario_text(path: &Path, text: &str, set: &SliSetPlan) -> Result<DrillPlan, Failure> {
    let environment = |name: &str| std::env::var(name).ok();
    plan(
        &declared_files::parse(path, text.as_bytes(), &environment)?,
        set,
    )
}

fn plan(declared: &Declared<ScenarioDefinition>, set: &SliSetPlan) -> Result<DrillPlan, Failure> {
    let plan = scenario::resolve(declared)?;
    let slis = sli_names(set);
    let mut problems = Vec::new();
    for entry in &plan.drills.entries {
        let expected = entry.expect.as_ref();
        if let Some(name) = expected.and_then(|expect| expect.seen_by.as_deref())
            && let Some((message, hint)) = slis.refusal(name)
        {
            let pointer = format!("/drills/{}/expect/seen_by", entry.index);
            problems.push(declared.problem(&pointer, message, Some(hint)));
        }
    }
    if problems.is_empty() {
        return Ok(plan);
    }
    Err(Failure::from(DeclaredFileError::from(problems)))
}

/// The SLIs of a set, by whether they can see anything.
pub fn sli_names(set: &SliSetPlan) -> SliNames {
    let (with, without): (Vec<_>, Vec<_>) = set.slis.iter().partition(|sli| !sli.levels.is_empty());
    let names = |slis: Vec<&SliPlan>| slis.into_iter().map(|sli| sli.name.clone()).collect();
    SliNames {
        with_levels: names(with),
        without_levels: names(without),
    }
}

/// Refuses a scenario whose conditions the SLI set cannot judge, every one of them at once.
pub fn check_criteria(
    path: Option<&Path>,
    plan: &DrillPlan,
    set: &SliSetPlan,
) -> Result<(), Failure> {
    let found = plan.criteria.iter().enumerate();
    let found = found.filter_map(|(index, criterion)| Some((index, mismatch(criterion, set)?)));
    let found: Vec<_> = found.collect();
    if found.is_empty() {
        return Ok(());
    }
    // Read again: only the file knows where a condition stands.
    let declared: Declared<ScenarioDefinition> = declared(path, SCENARIO_PATH, SCENARIO_TEXT)?;
    let problems = found.into_iter().map(|(index, (key, message, hint))| {
        declared.problem(&format!("/pass/{index}/{key}"), message, hint)
    });
    let problems: Vec<Problem> = problems.collect();
    Err(DeclaredFileError::from(problems).into())
}

/// What the SLI set at `path` says, or shop.yaml.
pub fn sli_set_definition(path: Option<&Path>) -> Result<Declared<SliSetDefinition>, Failure> {
    declared(path, SLI_SET_PATH, SLI_SET_TEXT)
}

/// The SLI set at `path`, or shop.yaml, with the levels of a threshold file in it.
pub fn sli_set(path: Option<&Path>, thresholds: Option<&Path>) -> Result<SliSetPlan, Failure> {
    let declared = sli_set_definition(path)?;
    let mut plan = sli::resolve(&declared)?;
    if let Some(path) = thresholds {
        let file: Declared<ThresholdFileDefinition> = declared_files::load(path)?;
        sli::apply_thresholds(&mut plan, &file)?;
    }
    Ok(plan)
}
