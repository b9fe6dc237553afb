//! `capacity fit`: the scalability law through points of a file, of the lake, or of a search.

mod asked;
mod coefficients;
mod json;
mod lake_points;
mod points_file;
mod search_points;
mod shown;

pub use asked::{Predicted, digits};
pub use coefficients::coefficients;
pub use json::FitJson;
pub use lake_points::{LakeSource, Wanted, wanted_range};
pub use search_points::of_trials;
pub use shown::{sentence, source};

use super::super::arguments::{CapacityFitArguments, GlobalArguments, WeightChoice};
use super::super::exit_code::{ExitCode, Failure};
use super::super::page::capacity as page;
use super::super::terminal::Terminal;
use super::report_file;
use crate::capacity::law::{LawFit, LoadPoint, LoadPoints, Weighting, fit_law};
use crate::lake::Lake;

/// Where the points are from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A file, or standard input.
    File(String),
    /// Requests in the lake.
    Lake(Box<LakeSource>),
    /// The trials of a search.
    Search(String),
}

/// A fit with everything that is said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The fit.
    pub fit: LawFit,
    /// Where its points are from.
    pub source: Source,
    /// What was asked of it.
    pub predicted: Vec<Predicted>,
    /// Whether what is far from the points is shown, too.
    pub may_extrapolate: bool,
}

/// Runs the verb.
pub fn run(
    arguments: &CapacityFitArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    if let Some(path) = &arguments.report {
        report_file::check_kind(path)?;
    }
    let (points, source) = points(arguments, global)?;
    let fitted = fitted(arguments, &points, source)?;
    if let Some(path) = &arguments.report {
        report_file::write(&page::of_fit(&fitted), path)?;
    }
    match terminal.is_json {
        true => terminal.json(&FitJson::of(&fitted))?,
        false if terminal.is_quiet => {}
        false => {
            terminal.result(&shown::text(&fitted, terminal))?;
            if let Some(path) = &arguments.report {
                terminal.result(&format!("\nreport  {}", path.display()))?;
            }
        }
    }
    Ok(ExitCode::Ok)
}

fn points(
    arguments: &CapacityFitArguments,
    global: &GlobalArguments,
) -> Result<(Vec<LoadPoint>, Source), Failure> {
    if let Some(path) = &arguments.points {
        return Ok((
            points_file::read(path)?,
            Source::File(path.display().to_string()),
        ));
    }
    let rows = &arguments.rows;
    let is_lake = rows.from.is_some() || rows.to.is_some() || rows.week.is_some();
    if !is_lake && arguments.run.is_none() {
        return Err(Failure::usage(
            "nothing to fit to (hint: a file of points, or --from, --to or --week for requests in the lake, or --run ID for a search or a rehearsal)",
        ));
    }
    let lake = Lake::open(&global.lake)?;
    if let Some(run) = &arguments.run
        && let Some(points) = search_points::read(&lake, run)?
    {
        return Ok((points, Source::Search(run.clone())));
    }
    let (points, source) =
        lake_points::read(&lake, rows, arguments.run.as_deref(), arguments.concurrency)?;
    Ok((points, Source::Lake(Box::new(source))))
}

fn fitted(
    arguments: &CapacityFitArguments,
    points: &[LoadPoint],
    source: Source,
) -> Result<Fitted, Failure> {
    let weighting = match arguments.weights {
        WeightChoice::Absolute => Weighting::Absolute,
        WeightChoice::Relative => Weighting::Relative,
    };
    let refuse = |error: crate::capacity::law::LawError| {
        let name = match &source {
            Source::File(name) if name == "-" => "standard input: ".to_owned(),
            Source::File(name) => format!("{name}: "),
            Source::Lake(lake) => format!(
                "{} of {} windows are in a steady state: ",
                lake.steady_windows, lake.windows
            ),
            Source::Search(name) => format!("search `{name}`: "),
        };
        Failure::new(ExitCode::Input, format!("{name}{error}"))
    };
    let checked = LoadPoints::new(points).map_err(refuse)?;
    let fit = fit_law(&checked, weighting).map_err(refuse)?;
    let predicted = asked::answers(arguments, &fit)?;
    Ok(Fitted {
        fit,
        source,
        predicted,
        may_extrapolate: arguments.extrapolate,
    })
}
