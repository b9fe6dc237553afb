//! `simulate`: days of realistic requests as an nginx access log, with a known truth.

use super::arguments::{
    EffectChoice, JourneyChoice, SimulateArguments, SimulatedContactsArguments,
};
use super::exit_code::{ExitCode, Failure};
use super::terminal::Terminal;
use crate::report::text;
use crate::simulate::{
    ContactPlan, Effect, Incidents, JourneyKind, SimulateError, SimulationPlan, Truth, simulate,
};

/// Runs the verb.
pub fn run(arguments: &SimulateArguments, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let start_day = arguments.start.parse().map_err(|_| {
        Failure::usage(format!(
            "--start: `{}` is not a date (hint: write `2026-11-27`)",
            arguments.start
        ))
    })?;
    let plan = SimulationPlan {
        start_day,
        days: arguments.days,
        shoppers_per_day: arguments.shoppers_per_day,
        seed: arguments.seed,
        incidents: Incidents::Planted,
        contacts: contacts(&arguments.contacts),
    };
    let bar = terminal.progress_bytes(0);
    let truth = simulate(&plan, &arguments.output, &mut |bytes| {
        bar.set_position(bytes)
    });
    bar.finish_and_clear();
    let truth = truth.map_err(failure)?;
    if terminal.is_json {
        terminal.json(&truth)?;
    } else if !terminal.is_quiet {
        terminal.result(&summary(&truth, arguments))?;
    }
    Ok(ExitCode::Ok)
}

/// Tickets are known to the log by session, and by order where that parameter is kept.
fn summary(truth: &Truth, arguments: &SimulateArguments) -> String {
    let folder = arguments.output.display();
    let mut text = format!(
        "{} lines of {} shoppers in {folder} ({} orders); the truth about them is in truth.json",
        text::count(truth.total.lines),
        text::count(truth.total.shoppers),
        text::count(truth.total.orders)
    );
    if let Some(contacts) = &truth.contacts {
        text += &format!(
            "\n{} tickets in tickets.csv, {} of them with a session or order of the log\n\
             next: firedrill ingest '{folder}/*.log' --keep-query order\n\
             then: firedrill calibrate --tickets {folder}/{}",
            text::count(contacts.gross),
            text::count(contacts.keyed),
            contacts.file
        );
    }
    text
}

fn contacts(arguments: &SimulatedContactsArguments) -> Option<ContactPlan> {
    let journey = |choice: &JourneyChoice| match choice {
        JourneyChoice::Pages => JourneyKind::Pages,
        JourneyChoice::Search => JourneyKind::Search,
        JourneyChoice::Checkout => JourneyKind::Checkout,
        JourneyChoice::Slow => JourneyKind::Slow,
    };
    arguments.tickets.then(|| ContactPlan {
        episodes: arguments.episodes,
        effect: match arguments.effect {
            EffectChoice::Threshold => Effect::Threshold,
            EffectChoice::None => Effect::None,
        },
        journeys: arguments.journey.iter().map(journey).collect(),
        threshold: arguments.contact_threshold,
        slope: arguments.contact_slope,
        delay_us: i64::try_from(arguments.contact_delay.as_us()).unwrap_or(i64::MAX),
        per_1000_sessions: arguments.contacts_per_1000,
        keyed_share: arguments.linked_share,
        ..ContactPlan::default()
    })
}

fn failure(error: SimulateError) -> Failure {
    match error {
        SimulateError::Plan(_) => Failure::usage(error.to_string()),
        SimulateError::Exists { .. } => error.into(),
        SimulateError::Write { path, error } => {
            Failure::io("write", &path.display().to_string(), &error)
        }
    }
}
