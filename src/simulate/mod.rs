//! Simulated days of a shop: access logs whose truth is known to the last line.
//!
//! In: a [`SimulationPlan`]. Out: one nginx access log per day (combined, then `$request_time`), and
//! `truth.json` with the [`Truth`]. The same plan gives the same bytes on every machine.
//!
//! With contacts also `tickets.csv`: what customers asked the support desk, by a known law.
//!
//! ```text
//! traffic ─ arrivals ─┐
//! incidents ─ answer ─┴─ session ─ crowd ─┬─ log line ─ day file
//!    catalogue, visitor, journey ─┘       ├─ truth
//! contacts ───────────────────────────────┴─ contact counts ─ ticket draw
//! ```
//!
//! Shoppers arrive along the hours of the day and the sale, look, search, put into the cart, wait,
//! retry and mostly leave; robots crawl; the shop slows down under load, and now and then something
//! breaks on purpose. Support contacts are a further reader of the sessions, with dice of their own,
//! beside the truth. It never reads a clock and never reads what it has written.
//!
//! The shop opens empty at the first midnight and closes at the last: visits under way then are cut
//! off, and what they would have asked for is in no file and no truth.

mod plan;

mod arrivals;
mod contacts;
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
mod keys;
mod log_line;
mod truth;

mod contact_counts;
mod ticket_draw;

#[cfg(test)]
mod contact_tests;
mod random;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_folder;

pub use contacts::{ContactPlan, EPISODES_COUNT_MAX, Effect, JourneyKind};
pub use incident::{INCIDENTS_COUNT_MAX, Incident, IncidentKind};
pub use plan::{
    DAYS_COUNT_MAX, Incidents, LATENCY_FACTOR_MAX, PlanError, SHOPPERS_PER_DAY_MAX, SimulationPlan,
};
pub use ticket_draw::ContactTruth;
pub use truth::{DayTruth, IncidentTruth, Truth, TruthCounts, TruthParameters};

use catalogue::Catalogue;
use contact_counts::ContactCounts;
use crowd::Crowd;
use day_file::DayFile;
use jiff::civil::Date;
use log_line::{LineFormat, LineKeys};
use plan::ResolvedPlan;
use random::{Purpose, RandomStream};
use std::io;
use std::path::{Path, PathBuf};
use ticket_draw::{DaysOfWeek, tickets};
use truth::TruthWriter;
use world::World;

/// The name of the file with the [`Truth`], written last: where it is, the simulation is complete.
pub const TRUTH_FILE: &str = "truth.json";

/// The name of the file with the tickets of a plan with contacts.
pub const TICKETS_FILE: &str = "tickets.csv";

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
    refuse_existing(&resolved.dates, plan.contacts.as_ref(), folder)?;
    std::fs::create_dir_all(folder).map_err(|error| SimulateError::Write {
        path: folder.to_owned(),
        error,
    })?;
    let mut writers = Writers::new(plan, &resolved);
    let days = DaysOfWeek {
        start_us: resolved.traffic.start_us(),
        end_us: resolved.traffic.end_us(),
        first_weekday: plan
            .start_day
            .weekday()
            .to_monday_zero_offset()
            .unsigned_abs()
            .into(),
    };
    let episodes = resolved.incidents.len();
    write_days(plan, resolved, folder, &mut writers, progress)?;
    let contacts = match (&plan.contacts, &writers.contacts) {
        (Some(plan_of_contacts), Some(counts)) => {
            let mut random = RandomStream::new(plan.seed, Purpose::Contacts);
            let (file, truth) = tickets(plan_of_contacts, counts, &days, episodes, &mut random);
            write_file(&file, TICKETS_FILE, folder)?;
            Some(truth)
        }
        _ => None,
    };
    let truth = writers.truth.finish(plan, contacts);
    write_truth(&truth, folder)?;
    Ok(truth)
}

/// Whoever reads the requests.
struct Writers {
    truth: TruthWriter,
    contacts: Option<ContactCounts>,
    keys: LineKeys,
}

impl Writers {
    fn new(plan: &SimulationPlan, resolved: &ResolvedPlan) -> Self {
        let counts = |_: &ContactPlan| {
            let random = RandomStream::new(plan.seed, Purpose::Keys);
            let traffic = &resolved.traffic;
            ContactCounts::new(
                traffic.start_us(),
                traffic.end_us(),
                &resolved.incidents,
                random,
            )
        };
        Self {
            truth: TruthWriter::new(&resolved.incidents),
            contacts: plan.contacts.as_ref().map(counts),
            keys: match plan.contacts {
                Some(_) => LineKeys::SessionAndOrder,
                None => LineKeys::None,
            },
        }
    }
}

/// Writes the file of every day.
fn write_days(
    plan: &SimulationPlan,
    resolved: ResolvedPlan,
    folder: &Path,
    writers: &mut Writers,
    progress: &mut dyn FnMut(u64),
) -> Result<(), SimulateError> {
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
        let day = Day { date, midnight_us };
        bytes_before += write_day(day, folder, &mut crowd, writers, &mut day_progress)?;
    }
    Ok(())
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

fn refuse_existing(
    dates: &[Date],
    contacts: Option<&ContactPlan>,
    folder: &Path,
) -> Result<(), SimulateError> {
    let tickets = contacts.map(|_| TICKETS_FILE.to_owned());
    let names = dates
        .iter()
        .copied()
        .map(log_name)
        .chain([TRUTH_FILE.to_owned()])
        .chain(tickets);
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
    writers: &mut Writers,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, SimulateError> {
    let name = log_name(day.date);
    let path = folder.join(&name);
    let wrong = |error| SimulateError::Write {
        path: path.clone(),
        error,
    };
    let mut file = DayFile::create(folder, &name).map_err(wrong)?;
    let mut format = LineFormat::new(day.date, day.midnight_us - traffic::DAY_US, writers.keys);
    let mut line = Vec::with_capacity(1_024);
    let mut bytes = 0;
    let mut reported_bytes = 0;
    crowd
        .log_until(day.midnight_us, |session| {
            line.clear();
            format.write(&mut line, &session.client, &session.request);
            file.write(&line)?;
            if let Some(contacts) = &mut writers.contacts {
                contacts.count(session);
            }
            writers.truth.count(session);
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
    writers.truth.finish_day(day.date.to_string(), name, bytes);
    Ok(bytes)
}

fn write_truth(truth: &Truth, folder: &Path) -> Result<(), SimulateError> {
    let mut text = serde_json::to_vec_pretty(truth).map_err(|error| SimulateError::Write {
        path: folder.join(TRUTH_FILE),
        error: error.into(),
    })?;
    text.push(b'\n');
    write_file(&text, TRUTH_FILE, folder)
}

fn write_file(bytes: &[u8], name: &str, folder: &Path) -> Result<(), SimulateError> {
    let wrong = |error| SimulateError::Write {
        path: folder.join(name),
        error,
    };
    let mut file = DayFile::create(folder, name).map_err(wrong)?;
    file.write(bytes).map_err(wrong)?;
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
