//! Simulated days of a shop: access logs whose truth is known to the last line.
//!
//! In: a [`SimulationPlan`]. Out: one nginx access log per day (combined, then `$request_time`), and
//! `truth.json` with the [`Truth`]. The same plan gives the same bytes on every machine.
//!
//! ```text
//! traffic ─ arrivals ─┐
//! incidents ─ answer ─┴─ session ─ crowd ─┬─ log line ─ day file
//!    catalogue, visitor, journey ─┘       └─ truth
//! ```
//!
//! Shoppers arrive along the hours of the day and the sale, look, search, put into the cart, wait,
//! retry and mostly leave; robots crawl; the shop slows down under load, and now and then something
//! breaks on purpose. Support contacts will be a further reader of the sessions, with dice of their
//! own, beside the truth. It never reads a clock and never reads what it has written.
//!
//! The shop opens empty at the first midnight and closes at the last: visits under way then are cut
//! off, and what they would have asked for is in no file and no truth.

mod plan;

mod arrivals;
mod incident;
mod traffic;

mod catalogue;
mod journey;
mod visitor;

mod answer;
mod endpoint;
mod request;
mod session;
mod world;

mod crowd;

mod day_file;
mod log_line;
mod truth;

mod random;
#[cfg(test)]
mod tests;

pub use incident::{INCIDENTS_COUNT_MAX, Incident, IncidentKind};
pub use plan::{
    DAYS_COUNT_MAX, Incidents, LATENCY_FACTOR_MAX, PlanError, SHOPPERS_PER_DAY_MAX, SimulationPlan,
};
pub use truth::{DayTruth, IncidentTruth, Truth, TruthCounts, TruthParameters};

use catalogue::Catalogue;
use crowd::Crowd;
use day_file::DayFile;
use jiff::civil::Date;
use log_line::LineFormat;
use random::{Purpose, RandomStream};
use std::io;
use std::path::{Path, PathBuf};
use truth::TruthWriter;
use world::World;

/// The name of the file with the [`Truth`], written last: where it is, the simulation is complete.
pub const TRUTH_FILE: &str = "truth.json";

/// Progress is reported about this often.
const PROGRESS_BYTES: u64 = 1024 * 1024;

/// Why a simulation did not complete.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The plan is out of range.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A file of the plan is there already. It is not touched, and nothing else is written unless it
    /// appeared during the run.
    #[error(
        "`{path}` exists already and is not overwritten (hint: choose another folder, or move the file away)"
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refuses a file or folder.
    #[error("cannot write `{path}` (hint: check the rights and the free space of its folder)")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The refusal.
        #[source]
        error: io::Error,
    },
}

/// Writes the logs of `plan` and their truth into `folder`, which is created if need be, and
/// returns the truth. Each file appears under its name when it is complete, the truth last.
///
/// `progress` is called with the bytes of log written so far, over all days, about once per MiB and
/// at the end of each day.
///
/// # Errors
/// When the plan is out of range, a file exists already, or the operating system refuses. Days that
/// were complete by then stay.
pub fn simulate(
    plan: &SimulationPlan,
    folder: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<Truth, SimulateError> {
    let resolved = plan.resolve()?;
    refuse_existing(&resolved.dates, folder)?;
    std::fs::create_dir_all(folder).map_err(|error| SimulateError::Write {
        path: folder.to_owned(),
        error,
    })?;
    let mut truth = TruthWriter::new(&resolved.incidents);
    let midnights_us = (1..).map(|index| resolved.traffic.midnight_us(index));
    let days: Vec<_> = resolved.dates.iter().copied().zip(midnights_us).collect();
    let world = World {
        traffic: resolved.traffic,
        incidents: resolved.incidents,
        catalogue: Catalogue::new(),
        random: RandomStream::new(plan.seed, Purpose::Behaviour),
    };
    let mut crowd = Crowd::new(world, plan.seed);
    let mut bytes_before = 0;
    for (date, midnight_us) in days {
        let mut day_progress = |bytes| progress(bytes_before + bytes);
        let bytes = write_day(
            Day { date, midnight_us },
            folder,
            &mut crowd,
            &mut truth,
            &mut day_progress,
        )?;
        bytes_before += bytes;
    }
    let truth = truth.finish(plan);
    write_truth(&truth, folder)?;
    Ok(truth)
}

/// A day and the midnight at which it ends.
#[derive(Debug, Clone, Copy)]
struct Day {
    date: Date,
    midnight_us: i64,
}

/// Such as `access-2026-11-20.log`.
fn log_name(date: Date) -> String {
    format!("access-{date}.log")
}

fn refuse_existing(dates: &[Date], folder: &Path) -> Result<(), SimulateError> {
    let names = dates
        .iter()
        .copied()
        .map(log_name)
        .chain([TRUTH_FILE.to_owned()]);
    for path in names.map(|name| folder.join(name)) {
        match path.try_exists() {
            Ok(false) => {}
            Ok(true) => return Err(SimulateError::Exists { path }),
            Err(error) => return Err(SimulateError::Write { path, error }),
        }
    }
    Ok(())
}

/// Writes the file of one day; returns its bytes.
fn write_day(
    day: Day,
    folder: &Path,
    crowd: &mut Crowd,
    truth: &mut TruthWriter,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, SimulateError> {
    let name = log_name(day.date);
    let path = folder.join(&name);
    let wrong = |error| SimulateError::Write {
        path: path.clone(),
        error,
    };
    let mut file = DayFile::create(folder, &name).map_err(wrong)?;
    let mut format = LineFormat::new(day.date, day.midnight_us - traffic::DAY_US);
    let mut line = Vec::with_capacity(1_024);
    let mut bytes = 0;
    let mut reported_bytes = 0;
    crowd
        .log_until(day.midnight_us, |session| {
            line.clear();
            format.write(&mut line, &session.client, &session.request);
            file.write(&line)?;
            truth.count(session);
            bytes += line.len() as u64;
            if bytes - reported_bytes >= PROGRESS_BYTES {
                reported_bytes = bytes;
                progress(bytes);
            }
            Ok(())
        })
        .map_err(wrong)?;
    finish(file)?;
    progress(bytes);
    truth.finish_day(day.date.to_string(), name, bytes);
    Ok(bytes)
}

fn write_truth(truth: &Truth, folder: &Path) -> Result<(), SimulateError> {
    let wrong = |error| SimulateError::Write {
        path: folder.join(TRUTH_FILE),
        error,
    };
    let mut text = serde_json::to_vec_pretty(truth).map_err(|error| wrong(error.into()))?;
    text.push(b'\n');
    let mut file = DayFile::create(folder, TRUTH_FILE).map_err(wrong)?;
    file.write(&text).map_err(wrong)?;
    finish(file)
}

fn finish(file: DayFile) -> Result<(), SimulateError> {
    let path = file.path().to_owned();
    match file.finish() {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(SimulateError::Exists { path })
        }
        Err(error) => Err(SimulateError::Write { path, error }),
    }
}
