//! A calibration on the terminal, in words that a support manager uses.

use std::fmt::Write;
use std::path::Path;

use comfy_table::ColumnConstraint;

use super::input::Gathered;
use crate::cli::terminal::Terminal;
use crate::report::{Unit, text};
use crate::support::{
    Calibration, Direction, ExposureUnit, LearnedLevel, LevelRule, SliFit, Status,
};

/// Reasons of contacts that are named.
const REASONS_MAX: usize = 8;

/// The first words, the table, and what it rests on.
pub fn summary(
    calibration: &Calibration,
    gathered: &Gathered,
    output: Option<&Path>,
    terminal: &Terminal,
) -> String {
    let mut text = opening(calibration);
    let learned: Vec<&SliFit> = calibration
        .slis
        .iter()
        .filter(|fit| !fit.levels.is_empty() && fit.status != Status::Refused)
        .collect();
    if !learned.is_empty() {
        text += &format!("\n\n{}\n", table(&learned, terminal));
    }
    text += &refused(calibration);
    text += &rests_on(calibration, gathered);
    match output {
        // Writing to a `String` never fails.
        Some(path) => {
            let _ = write!(text, "\nwritten: {}", path.display());
        }
        None => text += "\nno threshold file was written; one that is there stays as it is",
    }
    text
}

fn opening(calibration: &Calibration) -> String {
    let learned = calibration
        .slis
        .iter()
        .filter(|fit| fit.status != Status::Refused);
    let sentences = learned.filter_map(|fit| Some((fit, fit.levels.first()?)));
    let first = sentences
        .min_by_key(|(fit, _)| fit.status)
        .map(|(fit, level)| sentence(fit, level));
    match (calibration.status, first) {
        (Status::Firm, Some(sentence)) => format!("FIRM  {sentence}"),
        (Status::Provisional, Some(sentence)) => {
            format!("PROVISIONAL  {sentence} More bad hours will make it firm.")
        }
        (Status::Refused, _) | (_, None) => {
            "REFUSED  From these tickets and weeks no level can be named honestly.".to_owned()
        }
    }
}

/// When requests answered falls below 96.3 %, contacts are twice those of a quiet shop (90 % sure: 95.9–97 %).
fn sentence(fit: &SliFit, level: &LearnedLevel) -> String {
    let unit = unit(&fit.unit);
    let way = match fit.direction {
        Direction::HigherIsWorse => "rises above",
        Direction::LowerIsWorse => "falls below",
    };
    let value = text::quantity(level.contact.value, unit);
    let interval = text::interval(level.contact.ci90, unit);
    format!(
        "When `{}` {way} {value}, {} (90 % interval {interval}). Look at it from {} on.",
        text::harmless(&fit.title),
        consequence(level.rule),
        text::quantity(level.warn, unit)
    )
}

fn consequence(rule: LevelRule) -> String {
    match rule {
        LevelRule::Multiple(times) if (times - 2.0).abs() < 1e-9 => "contacts double".to_owned(),
        LevelRule::Multiple(times) => format!("contacts are {times} times those of a quiet shop"),
        LevelRule::ExcessPer1000(excess) => {
            format!("{excess} more contacts come per 1,000 sessions")
        }
        LevelRule::Capacity {
            sessions_per_hour, ..
        } => format!("the support desk is full at {sessions_per_hour} sessions an hour"),
    }
}

fn table(learned: &[&SliFit], terminal: &Terminal) -> String {
    let mut table = terminal.table(&[
        "SLI",
        "when",
        "look from",
        "customers call at",
        "90 % interval",
        "episodes",
        "delay",
        "status",
    ]);
    for fit in learned {
        let unit = unit(&fit.unit);
        let delay = fit.lag.as_ref().map_or_else(
            || "–".to_owned(),
            |lag| text::duration(lag.mean_minutes.value.round() * 60.0),
        );
        for level in &fit.levels {
            table.add_row(vec![
                text::harmless(&fit.title).into_owned(),
                consequence(level.rule),
                text::quantity(level.warn, unit),
                text::quantity(level.contact.value, unit),
                text::interval(level.contact.ci90, unit),
                fit.episodes.to_string(),
                delay.clone(),
                match fit.status {
                    Status::Firm => "firm",
                    Status::Provisional => "provisional",
                    Status::Refused => "refused",
                }
                .to_owned(),
            ]);
        }
    }
    // A status is one word: it must not be cut.
    if let Some(status) = table.column_mut(7) {
        status.set_constraint(ColumnConstraint::ContentWidth);
    }
    table.trim_fmt()
}

/// What is refused, and what would cure it; of all that have the same reason and cure once.
fn refused(calibration: &Calibration) -> String {
    let mut lines = String::new();
    for refusal in &calibration.refused_because {
        let _ = write!(lines, "\n  {}\n    cure: {}", refusal.reason, refusal.cure);
    }
    for fit in calibration
        .slis
        .iter()
        .filter(|fit| fit.status == Status::Refused)
    {
        for refusal in &fit.refused_because {
            if calibration
                .refused_because
                .iter()
                .any(|other| other == refusal)
            {
                continue;
            }
            let _ = write!(
                lines,
                "\n  {}: {}\n    cure: {}",
                text::harmless(&fit.title),
                refusal.reason,
                refusal.cure
            );
        }
    }
    if lines.is_empty() {
        lines
    } else {
        format!("\nnot learned:{lines}\n")
    }
}

fn rests_on(calibration: &Calibration, gathered: &Gathered) -> String {
    let account = &gathered.account;
    let counts = &calibration.counts;
    let mut text = format!(
        "\nrests on {} contacts ({} tickets, read as {}), {} {} in {} days; {} of the contacts name an order, customer or session, {} of them are in the lake",
        text::count(account.net),
        text::count(account.gross),
        account.preset,
        text::count(whole(counts.sessions)),
        gathered.input.exposure.name(),
        counts.days,
        text::count(gathered.links.keyed),
        text::count(gathered.links.found)
    );
    if gathered.input.exposure == ExposureUnit::Requests {
        text += "\nno shopper is known in these logs: contacts are counted per request that enters the shop, not per session";
    }
    if !gathered.reasons.is_empty() {
        let shown = gathered.reasons.iter().take(REASONS_MAX).map(|count| {
            let name = count.reason.as_deref().unwrap_or("no reason");
            format!("{name} {}", text::count(count.net))
        });
        let shown: Vec<String> = shown.collect();
        let more = gathered.reasons.len().saturating_sub(REASONS_MAX);
        let rest = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let _ = write!(
            text,
            "\ncontacts by reason: {}{rest} (--reason learns from some)",
            shown.join(", ")
        );
    }
    if let Some(because) = &gathered.unlinked_because {
        let _ = write!(text, "\ntickets are not looked for in the lake: {because}");
    }
    for dropped in &account.dropped {
        let lines: Vec<String> = dropped.first_lines.iter().map(u64::to_string).collect();
        let _ = write!(
            text,
            "\nleft out: {} rows, {} (first in line {})",
            text::count(dropped.rows),
            dropped.reason,
            lines.join(", ")
        );
    }
    for outage in &gathered.outages {
        let _ = write!(
            text,
            "\noutage from {} to {}: {:.0} sessions were counted, {:.0} expected are taken",
            outage.from, outage.to, outage.counted, outage.expected
        );
    }
    for note in &calibration.notes {
        let _ = write!(text, "\nnote: {note}");
    }
    text
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count"
)]
fn whole(value: f64) -> u64 {
    value.round().max(0.0) as u64
}

/// The unit by its name.
fn unit(name: &str) -> Unit {
    match name {
        "us" | "microseconds" => Unit::Microseconds,
        "per_minute" => Unit::PerMinute,
        "per_second" => Unit::PerSecond,
        _ => Unit::Share,
    }
}
