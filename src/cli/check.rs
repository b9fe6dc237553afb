//! `check`: validates declared files and prints all problems at once.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde::Serialize;

use super::arguments::CheckArguments;
use super::exit_code::{ExitCode, Failure};
use super::premortem;
use super::terminal::Terminal;
use crate::access_log::{Mapping, MappingDefinition};
use crate::annotations::{AnnotationError, load_annotations};
use crate::declared_files::{self, Declared, DeclaredFileError};
use crate::probe::{self, ProbeFileDefinition};
use crate::scenario::{self, ScenarioDefinition};
use crate::sli::{self, SliSetDefinition};
use crate::support::{self, ThresholdFileDefinition};

/// What a file declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Scenario,
    Sli,
    Thresholds,
    Mapping,
    Annotations,
    Probe,
    Premortem,
}

/// What `--json` prints of one file.
#[derive(Serialize)]
struct FileJson {
    path: PathBuf,
    kind: Kind,
    problems: Vec<ProblemJson>,
}

#[derive(Serialize)]
struct ProblemJson {
    line: u32,
    column: u32,
    message: String,
    hint: Option<String>,
}

/// Runs the verb.
pub fn run(arguments: &CheckArguments, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let files = files(&arguments.paths)?;
    let mut checked = Vec::new();
    let mut messages = Vec::new();
    for path in files {
        let kind = kind_of(&path);
        let error = check(&path, kind).err();
        let problems = error.as_ref().map(problems).unwrap_or_default();
        match &error {
            Some(error) => messages.push(error.to_string()),
            None => terminal.note(&format!("ok  {}", path.display())),
        }
        checked.push(FileJson {
            path,
            kind,
            problems,
        });
    }
    if terminal.is_json {
        terminal.json(&checked)?;
    }
    if messages.is_empty() {
        return Ok(ExitCode::Ok);
    }
    Err(Failure::new(ExitCode::DeclaredFile, messages.join("\n\n")))
}

fn problems(error: &DeclaredFileError) -> Vec<ProblemJson> {
    if error.problems().is_empty() {
        return vec![ProblemJson {
            line: 0,
            column: 0,
            message: error.to_string(),
            hint: None,
        }];
    }
    let problems = error.problems().iter().map(|problem| ProblemJson {
        line: problem.place.line,
        column: problem.place.column,
        message: problem.message.clone(),
        hint: problem.hint.clone(),
    });
    problems.collect()
}

fn check(path: &Path, kind: Kind) -> Result<(), DeclaredFileError> {
    match kind {
        Kind::Scenario => {
            let declared: Declared<ScenarioDefinition> = declared_files::load(path)?;
            scenario::resolve(&declared).map(|_| ())
        }
        Kind::Sli => {
            let declared: Declared<SliSetDefinition> = declared_files::load(path)?;
            sli::resolve(&declared).map(|_| ())
        }
        Kind::Thresholds => {
            let declared: Declared<ThresholdFileDefinition> = declared_files::load(path)?;
            support::check_thresholds(&declared)
        }
        Kind::Mapping => {
            let declared: Declared<MappingDefinition> = declared_files::load(path)?;
            Mapping::new(&declared).map(|_| ())
        }
        Kind::Probe => {
            let declared: Declared<ProbeFileDefinition> = declared_files::load(path)?;
            probe::resolve(&declared).map(|_| ())
        }
        Kind::Premortem => premortem::check(path),
        Kind::Annotations => match load_annotations(path, Some(&TimeZone::UTC)) {
            Err(AnnotationError::List(error)) => Err(error),
            // The kind is told by YAML, so there is no other error.
            Ok(_) | Err(AnnotationError::Table { .. } | AnnotationError::UnknownFormat(_)) => {
                Ok(())
            }
        },
    }
}

/// Told by a top-level key that only this kind has; a file with none of them is taken for what
/// its folder holds.
fn kind_of(path: &Path) -> Kind {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let has_key = |key: &str| text.lines().any(|line| line.starts_with(key));
    let is_in = |folder: &str| path.components().any(|part| part.as_os_str() == folder);
    if has_key("- at:") || has_key("- {at:") {
        Kind::Annotations
    } else if has_key("partners:") {
        Kind::Probe
    } else if has_key("risks:") {
        Kind::Premortem
    } else if has_key("traffic:") || has_key("journeys:") || has_key("shoppers:") {
        // A scenario may have thresholds, too.
        Kind::Scenario
    } else if has_key("thresholds:") {
        Kind::Thresholds
    } else if has_key("format:") && has_key("time:") {
        Kind::Mapping
    } else if has_key("slis:") || has_key("events:") || is_in("sli-defs") {
        Kind::Sli
    } else {
        Kind::Scenario
    }
}

fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let defaults = ["load-scenarios", "sli-defs"].map(PathBuf::from);
    let paths = if paths.is_empty() {
        &defaults[..]
    } else {
        paths
    };
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let entries = std::fs::read_dir(path)
                .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
                .map_err(|error| Failure::io("list", &path.display().to_string(), &error))?;
            let mut found: Vec<PathBuf> = entries
                .into_iter()
                .map(|entry| entry.path())
                .filter(|path| {
                    let extension = path.extension().and_then(|extension| extension.to_str());
                    matches!(extension, Some("yaml" | "yml"))
                })
                .collect();
            found.sort();
            files.extend(found);
        } else if path.exists() {
            files.push(path.clone());
        } else {
            return Err(Failure::usage(format!(
                "no file or folder `{}`",
                path.display()
            )));
        }
    }
    if files.is_empty() {
        return Err(Failure::usage("there is no .yaml file to check"));
    }
    Ok(files)
}
