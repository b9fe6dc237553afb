//! `schema`: JSON Schema of a declared file.

use super::arguments::{SchemaArguments, SchemaKind};
use super::exit_code::{ExitCode, Failure};
use super::terminal::Terminal;
use crate::access_log::MappingDefinition;
use crate::declared_files::schema;
use crate::game_day::PremortemDefinition;
use crate::probe::ProbeFileDefinition;
use crate::scenario::ScenarioDefinition;
use crate::sli::SliSetDefinition;
use crate::support::ThresholdFileDefinition;

/// Runs the verb.
pub fn run(arguments: &SchemaArguments, terminal: &Terminal) -> Result<ExitCode, Failure> {
    terminal.json(&match arguments.kind {
        SchemaKind::Scenario => schema::<ScenarioDefinition>(),
        SchemaKind::Probe => schema::<ProbeFileDefinition>(),
        SchemaKind::Sli => schema::<SliSetDefinition>(),
        SchemaKind::Mapping => schema::<MappingDefinition>(),
        SchemaKind::Premortem => schema::<PremortemDefinition>(),
        SchemaKind::Thresholds => schema::<ThresholdFileDefinition>(),
    })?;
    Ok(ExitCode::Ok)
}
