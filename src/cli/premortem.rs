//! `premortem`: the ways to break, and when each was last drilled.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::arguments::{GlobalArguments, PremortemArguments};
use super::definitions;
use super::drills::{duration, kept_runs, rehearsed};
use super::exit_code::{ExitCode, Failure};
use super::facts::RunFacts;
use super::page::recovery_words;
use super::rehearse::done_by;
use super::report::write_text;
use super::terminal::Terminal;
use crate::declared_files::{self, Declared, DeclaredFileError};
use crate::game_day::{
    self, MatrixFinding, MatrixSight, PremortemDefinition, PremortemMatrix, PremortemPlan,
    RiskKind, RowDrill, ScenarioEntry, ScenarioNames, SightState, matrix,
};
use crate::lake::Lake;
use crate::report::{
    PremortemDrillRow, PremortemPart, PremortemRow, text, write_premortem_html,
    write_premortem_markdown,
};
use crate::scenario::{self, ScenarioDefinition};
use crate::time_window::{now_us, rfc3339, seconds};

/// The file that is taken where none is named.
const PATH: &str = "load-scenarios/premortem.yaml";

/// Runs the verb.
pub fn run(
    arguments: &PremortemArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    if let Some(path) = &arguments.output {
        check_kind(path)?;
    }
    let path = arguments
        .file
        .clone()
        .unwrap_or_else(|| PathBuf::from(PATH));
    let (mut plan, titles) = resolved(&path)?;
    if let Some(stale_after) = arguments.stale_after {
        plan.stale_after_us = i64::try_from(stale_after.as_us()).unwrap_or(i64::MAX);
    }
    let matrix = of_lake(&plan, &Lake::open(&global.lake)?, None)?;
    let part = part(&matrix, &titles);
    if let Some(path) = &arguments.output {
        write_text(path, &written(&matrix, &part, path)?)?;
    }
    if terminal.is_json {
        terminal.json(&matrix)?;
    } else if !terminal.is_quiet {
        terminal.result(&table(&part, terminal))?;
    }
    let is_open = matrix.rows.iter().any(|row| !row.findings.is_empty());
    Ok(match is_open {
        true => ExitCode::Missed,
        false => ExitCode::Ok,
    })
}

/// The matrix as a part of a report; of a run without the drills that came after it.
pub fn part_of(path: &Path, lake: &Lake, run: Option<&RunFacts>) -> Result<PremortemPart, Failure> {
    let (plan, titles) = resolved(path)?;
    Ok(part(&of_lake(&plan, lake, run)?, &titles))
}

/// Everything that is wrong with a pre-mortem file.
pub fn check(path: &Path) -> Result<(), DeclaredFileError> {
    resolved(path).map(|_| ())
}

/// SLIs in the business's words.
type Titles = BTreeMap<String, String>;

fn resolved(path: &Path) -> Result<(PremortemPlan, Titles), DeclaredFileError> {
    let declared: Declared<PremortemDefinition> = declared_files::load(path)?;
    let set_path = PremortemDefinition::beside(&declared, &declared.value.sli_defs);
    let set = definitions::sli_set(Some(&set_path), None).map_err(|failure| {
        let first = failure.message.lines().next().unwrap_or_default();
        let message = format!("SLI set `{}` cannot be used: {first}", set_path.display());
        let hint = "paths are relative to this file".to_owned();
        DeclaredFileError::from(vec![declared.problem("/sli_defs", message, Some(hint))])
    })?;
    let plan = game_day::resolve(&declared, &definitions::sli_names(&set), &scenario_names)?;
    let titles = set.slis.into_iter().map(|sli| (sli.name, sli.title));
    Ok((plan, titles.collect()))
}

fn scenario_names(path: &Path) -> Result<ScenarioNames, String> {
    let first = |error: DeclaredFileError| {
        let text = error.to_string();
        text.lines().next().unwrap_or_default().to_owned()
    };
    let declared: Declared<ScenarioDefinition> = declared_files::load(path).map_err(first)?;
    let plan = scenario::resolve(&declared).map_err(first)?;
    let entries = plan.drills.entries.iter().map(|entry| {
        let (action, what) = done_by(&plan, &entry.action);
        ScenarioEntry {
            id: entry.id.clone(),
            action,
            what,
        }
    });
    Ok(ScenarioNames {
        entries: entries.collect(),
        rehearsed: rehearsed(declared.sha256(), Some(&plan.print)),
        name: plan.name,
    })
}

/// The matrix as it stands now, or as it stood when a run was over.
fn of_lake(
    plan: &PremortemPlan,
    lake: &Lake,
    run: Option<&RunFacts>,
) -> Result<PremortemMatrix, Failure> {
    let mut runs = kept_runs(lake)?;
    let Some(run) = run else {
        return Ok(matrix(plan, &runs, now_us()));
    };
    runs.retain(|kept| kept.started_us <= run.started_us);
    Ok(matrix(plan, &runs, run.started_us + run.length_us))
}

fn check_kind(path: &Path) -> Result<(), Failure> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "md" | "json") => Ok(()),
        _ => Err(Failure::usage(format!(
            "`{}`: a pre-mortem matrix is written as .html, .md or .json (hint: -o premortem.html)",
            path.display()
        ))),
    }
}

fn written(matrix: &PremortemMatrix, part: &PremortemPart, path: &Path) -> Result<String, Failure> {
    Ok(
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => serde_json::to_string_pretty(matrix)?,
            Some("md") => write_premortem_markdown(part),
            _ => write_premortem_html(part),
        },
    )
}

fn part(matrix: &PremortemMatrix, titles: &Titles) -> PremortemPart {
    let titled = |names: &[String]| names.iter().map(|name| title(name, titles)).collect();
    let rows = matrix.rows.iter().map(|row| PremortemRow {
        id: row.id.clone(),
        title: row.title.clone(),
        kind: row.kind.words().to_owned(),
        owner: row.owner.clone(),
        react: row.react.clone(),
        seen_by: titled(&row.seen_by),
        drilled: row.drilled.as_ref().map(|it| drilled(it, titles)),
        findings: row
            .findings
            .iter()
            .map(|finding: &MatrixFinding| finding.words().to_owned())
            .collect(),
    });
    PremortemPart {
        name: matrix.name.clone(),
        stale_after_s: seconds(matrix.stale_after_us),
        rows: rows.collect(),
        kinds_without_row: matrix
            .kinds_without_row
            .iter()
            .map(|kind: &RiskKind| kind.words().to_owned())
            .collect(),
    }
}

fn title(name: &str, titles: &Titles) -> String {
    titles.get(name).map_or(name, String::as_str).to_owned()
}

fn drilled(drilled: &RowDrill, titles: &Titles) -> PremortemDrillRow {
    let is_run = drilled.entry.is_none();
    PremortemDrillRow {
        date: date(drilled.at_us),
        run_id: drilled.run_id.clone(),
        drill: match &drilled.entry {
            Some(entry) => format!("{}, {entry}", drilled.scenario),
            None => drilled.scenario.clone(),
        },
        verdict: drilled.verdict.clone(),
        sights: drilled
            .sights
            .iter()
            .map(|sight| sight_words(sight, titles, is_run))
            .chain(overlap_words(drilled, is_run))
            .collect(),
        seen_first_by: drilled
            .seen_first_by
            .iter()
            .map(|name| title(name, titles))
            .collect(),
        recovery: recovery_words(drilled.recovery),
    }
}

/// Which drills were on meanwhile, so that what was seen may come from them.
fn overlap_words(drilled: &RowDrill, is_run: bool) -> Option<String> {
    let drills = drilled.overlaps.join(", ");
    let when = if is_run {
        "in the same run"
    } else {
        "at the same time"
    };
    (!drills.is_empty()).then(|| format!("{when}: the drill {drills}"))
}

/// A day in UTC, as ISO 8601 has it.
fn date(us: i64) -> String {
    rfc3339(us).chars().take(10).collect()
}

/// What one SLI saw; one that holds in a surge has nothing to see.
fn sight_words(sight: &MatrixSight, titles: &Titles, is_run: bool) -> String {
    let name = title(&sight.sli, titles);
    match (sight.state, sight.after_us, is_run) {
        (SightState::Seen, Some(after_us), false) => format!("{name} after {}", duration(after_us)),
        (SightState::Seen, Some(after_us), true) => {
            format!("{name} crossed {} after the start", duration(after_us))
        }
        (SightState::Seen, None, _) => format!("{name} saw it"),
        (SightState::NotSeen, _, true) => format!("{name} held"),
        (SightState::NotSeen, _, false) => format!("{name} did not see it"),
        (SightState::AlreadyCrossed, _, _) => format!("{name} had been crossed before"),
        (SightState::NotEnoughData, _, _) => format!("{name} had too little data"),
    }
}

fn table(part: &PremortemPart, terminal: &Terminal) -> String {
    let headings = [
        "what happens",
        "should be seen by",
        "last drill",
        "seen",
        "recovered",
        "open",
    ];
    let mut table = terminal.table(&headings);
    for row in &part.rows {
        let drilled = row.drilled.as_ref();
        let or_none = |text: Option<String>| text.unwrap_or_else(|| text::NO_VALUE.to_owned());
        let cells = [
            format!("{} ({})", row.title, row.kind),
            or_none((!row.seen_by.is_empty()).then(|| row.seen_by.join(", "))),
            drilled.map_or_else(|| "never".to_owned(), |drilled| drilled.date.clone()),
            or_none(drilled.map(|drilled| drilled.sights.join(", "))),
            or_none(drilled.map(|drilled| drilled.recovery.clone())),
            row.findings.join(", "),
        ];
        table.add_row(cells.iter().map(|cell| text::harmless(cell).into_owned()));
    }
    let missing = match part.kinds_without_row.is_empty() {
        true => String::new(),
        false => format!("\nnot thought of: {}", part.kinds_without_row.join(", ")),
    };
    format!("{}{missing}", table.trim_fmt())
}
