//! Loading declared files, or the ones inside the binary where none is named.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::exit_code::Failure;
use crate::declared_files::{self, Declared};
use crate::scenario::{self, DrillPlan, ScenarioDefinition};
use crate::sli::{self, SliSetDefinition, SliSetPlan, ThresholdFileDefinition};

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

/// The scenario at `path`, or black-friday.
pub fn scenario(path: Option<&Path>) -> Result<DrillPlan, Failure> {
    let declared: Declared<ScenarioDefinition> = declared(path, SCENARIO_PATH, SCENARIO_TEXT)?;
    Ok(scenario::resolve(&declared)?)
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
