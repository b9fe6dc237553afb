//! The scenario that says what the lake does not know: paths, forms, headers.

use std::path::Path;

use serde_json::Value;

use crate::cli::definitions;
use crate::cli::exit_code::Failure;
use crate::declared_files::{self, Declared};
use crate::drafts::learned::{Donor, DonorStep};
use crate::route::Router;
use crate::scenario::{self, ScenarioDefinition};

/// Reads a scenario; what it has from the environment stays a name, so that no secret gets into
/// another file.
pub fn read(path: &Path, sli_defs: Option<&Path>) -> Result<Donor, Failure> {
    let text = std::fs::read(path)
        .map_err(|error| Failure::io("read", &path.display().to_string(), &error))?;
    let environment = |name: &str| Some(format!("${{env:{name}}}"));
    let declared: Declared<ScenarioDefinition> = declared_files::parse(path, &text, &environment)?;
    let mut plan = scenario::resolve(&declared)?;
    let set = definitions::sli_set(sli_defs, None)?;
    plan.assign_routes(&mut Router::new(set.routes));
    let tree: Declared<Value> = declared_files::parse(path, &text, &environment)?;
    let mut steps = Vec::new();
    for journey in &plan.journeys {
        let written = tree.value.pointer(&format!(
            "/journeys/{}",
            declared_files::pointer_step(&journey.name)
        ));
        let written = written.and_then(Value::as_array).into_iter().flatten();
        // A plan that was resolved has a step for every one that is written.
        steps.extend(
            journey
                .steps
                .iter()
                .zip(written)
                .map(|(step, written)| DonorStep {
                    method: step.method.to_owned(),
                    route: step.route.to_string(),
                    step: written.clone(),
                    follows_redirects: step.follows_redirects,
                }),
        );
    }
    Ok(Donor {
        path: path.display().to_string(),
        definition: tree.value,
        steps,
    })
}
