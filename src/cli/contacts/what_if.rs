//! `contacts`: what an hour of trouble would cost, and at which levels calls double or the desk is full.
//!
//! In: levels of SLIs that somebody imagines, traffic, a threshold file that was learned from contacts.
//! Out: contacts with an interval, and levels. The lake is only asked how many sessions are usual.

mod imagined;
mod stretch;
mod words;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::PredictedContactsJson;
use super::file::{Knowledge, KnownFile, knowledge};
use crate::cli::arguments::{ContactsArguments, GlobalArguments};
use crate::cli::definitions;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::terminal::Terminal;
use crate::report::BadSide;
use crate::sli::{self, SliSetPlan};
use crate::support::{
    ContactModel, ContactPrediction, Direction, LevelAnswer, LevelRule, SliModel, level_of, predict,
};
use crate::time_window::{now_us, rfc3339, seconds, zone};
use imagined::{Imagined, imagined};
use stretch::Traffic;
use words::Told;

const HOUR_US: i64 = 3_600_000_000;

/// Runs the verb.
pub fn run(
    arguments: &ContactsArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let set = definitions::sli_set(arguments.defs.as_deref(), None)?;
    let now_us = now_us();
    let (file, model) = known(arguments, &set, now_us)?;
    let zone = match (&arguments.tz, &set.time_zone) {
        (Some(name), _) => zone(name)?,
        (None, Some(zone)) => zone.clone(),
        (None, None) => TimeZone::UTC,
    };
    check(arguments)?;
    let imagined = imagined(&arguments.what_if, &model, &set, &file)?;
    let traffic = Traffic::new(arguments, global, &set, (&zone, now_us), model.exposure)?;
    let outcome = match imagined.is_empty() {
        true => None,
        false => Some(Outcome::new(&model, &imagined, &traffic)),
    };
    let levels = levels(&model, &set, arguments, &traffic);
    let fills_desk = outcome.as_ref().zip(arguments.spare_contacts_per_hour);
    let fills_desk = fills_desk.map(|(outcome, spare)| outcome.peak_per_hour > spare);
    let answer = AnswerJson {
        what_if: imagined.iter().map(ImaginedJson::new).collect(),
        at: rfc3339(traffic.start_us),
        hour_of_week: traffic.hour.words(),
        for_s: seconds(traffic.lasting_us),
        sessions_per_hour: traffic.per_hour,
        usual_sessions_per_hour: traffic.usual_per_hour,
        predicted_contacts: outcome
            .as_ref()
            .map(|outcome| PredictedContactsJson::predicted(&outcome.contacts, &file)),
        peak_contacts_per_hour: outcome.as_ref().map(|outcome| outcome.peak_per_hour),
        spare_contacts_per_hour: arguments.spare_contacts_per_hour,
        fills_desk,
        multiple: arguments.multiple,
        levels,
        thresholds: file.path.display().to_string(),
        learned_from: file.learned.clone(),
    };
    match terminal.is_json {
        true => terminal.json(&answer)?,
        false => {
            let told = Told {
                answer: &answer,
                imagined: &imagined,
                outcome: outcome.as_ref(),
                file: &file,
                traffic: &traffic,
            };
            terminal.result(&told.text(terminal))?;
        }
    }
    Ok(match fills_desk {
        Some(true) => ExitCode::Missed,
        Some(false) | None => ExitCode::Ok,
    })
}

fn known(
    arguments: &ContactsArguments,
    set: &SliSetPlan,
    now_us: i64,
) -> Result<(KnownFile, ContactModel), Failure> {
    let (defs, thresholds) = (arguments.defs.as_deref(), arguments.thresholds.as_deref());
    match knowledge(defs, thresholds, set, now_us)? {
        Knowledge::Known(known) => Ok(*known),
        Knowledge::Unknown {
            because,
            has_file: true,
        } => Err(Failure::new(ExitCode::DeclaredFile, because)),
        Knowledge::Unknown {
            because,
            has_file: false,
        } => Err(Failure::usage(because)),
    }
}

fn check(arguments: &ContactsArguments) -> Result<(), Failure> {
    let positive = |option: &str, value: Option<f64>| match value {
        Some(value) if !(value.is_finite() && value > 0.0) => Err(Failure::usage(format!(
            "{option}: `{value}` is not a number above 0"
        ))),
        _ => Ok(()),
    };
    positive("--sessions-per-hour", arguments.sessions_per_hour)?;
    positive(
        "--spare-contacts-per-hour",
        arguments.spare_contacts_per_hour,
    )?;
    if !(arguments.multiple.is_finite() && arguments.multiple > 1.0) {
        return Err(Failure::usage(format!(
            "--multiple: `{}` is not above 1 (hint: 2 for where calls double)",
            arguments.multiple
        )));
    }
    Ok(())
}

/// What comes of it.
struct Outcome {
    contacts: ContactPrediction,
    /// Contacts in the worst hour, beyond the usual ones.
    peak_per_hour: f64,
}

impl Outcome {
    fn new(model: &ContactModel, imagined: &[Imagined<'_>], traffic: &Traffic) -> Self {
        let well = |sli: &SliModel| match sli.direction {
            Direction::HigherIsWorse => f64::MIN,
            Direction::LowerIsWorse => f64::MAX,
        };
        let values = |is_trouble: bool| -> Vec<Option<f64>> {
            let of = |sli: &SliModel| {
                let named = imagined
                    .iter()
                    .find(|it| is_trouble && it.sli.name == sli.name);
                Some(named.map_or_else(|| well(sli), |it| it.value))
            };
            model.slis.iter().map(of).collect()
        };
        let windows = traffic.windows(model, &values(true));
        let quiet = traffic.windows(model, &values(false));
        let mut contacts = predict(model, &windows);
        contacts
            .by_sli
            .retain(|row| imagined.iter().any(|it| it.sli.name == row.sli));
        let arrivals = model
            .arrivals(&windows)
            .into_iter()
            .zip(model.arrivals(&quiet));
        let excess: Vec<f64> = arrivals
            .map(|(all, quiet)| (all - quiet).max(0.0))
            .collect();
        let in_an_hour = usize::try_from(HOUR_US / model.window_us.max(1))
            .unwrap_or(1)
            .max(1);
        let sums = (0..excess.len()).map(|from| {
            excess[from..excess.len().min(from + in_an_hour)]
                .iter()
                .sum::<f64>()
        });
        Self {
            contacts,
            peak_per_hour: sums.fold(0.0, f64::max),
        }
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct AnswerJson {
    #[serde(rename = "if")]
    what_if: Vec<ImaginedJson>,
    at: String,
    hour_of_week: String,
    for_s: f64,
    sessions_per_hour: f64,
    usual_sessions_per_hour: Option<f64>,
    predicted_contacts: Option<PredictedContactsJson>,
    peak_contacts_per_hour: Option<f64>,
    spare_contacts_per_hour: Option<f64>,
    fills_desk: Option<bool>,
    multiple: f64,
    levels: Vec<LevelJson>,
    thresholds: String,
    learned_from: String,
}

#[derive(Serialize)]
struct ImaginedJson {
    sli: String,
    value: f64,
}

impl ImaginedJson {
    fn new(imagined: &Imagined<'_>) -> Self {
        Self {
            sli: imagined.sli.name.clone(),
            value: imagined.value,
        }
    }
}

/// At which levels of an SLI something happens, all else being well.
#[derive(Serialize)]
struct LevelJson {
    sli: String,
    title: String,
    unit: sli::Unit,
    bad: BadSide,
    at_multiple: Option<LevelAnswer>,
    desk_full: Option<LevelAnswer>,
}

fn levels(
    model: &ContactModel,
    set: &SliSetPlan,
    arguments: &ContactsArguments,
    traffic: &Traffic,
) -> Vec<LevelJson> {
    let rows = model.slis.iter().filter_map(|sli| {
        let plan = set.slis.iter().find(|plan| plan.name == sli.name)?;
        let full = arguments
            .spare_contacts_per_hour
            .map(|spare| LevelRule::Capacity {
                sessions_per_hour: traffic.per_hour,
                spare_contacts_per_hour: spare,
            });
        Some(LevelJson {
            sli: sli.name.clone(),
            title: plan.title.clone(),
            unit: plan.unit(),
            bad: match sli.direction {
                Direction::HigherIsWorse => BadSide::Above,
                Direction::LowerIsWorse => BadSide::Below,
            },
            at_multiple: level_of(model, &sli.name, LevelRule::Multiple(arguments.multiple)),
            desk_full: full.and_then(|rule| level_of(model, &sli.name, rule)),
        })
    });
    rows.collect()
}
