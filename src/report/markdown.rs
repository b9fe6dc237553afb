//! The report as Markdown, for a pull request or a wiki.
//!
//! In: a [`ReportPage`]. Out: GitHub-flavoured Markdown: the verdict, conditions, key figures, SLIs, budgets,
//! breakdowns, changes, problems and what is not known. Timelines and definitions are left to the HTML
//! and the JSON. No text of the page can become markup.

mod analysts;
mod capacity;
mod comparison;
mod contacts;
mod drills;
mod engineers;
mod escape;
mod partners;
mod rehearsal;
mod watch;

use super::clean;
use super::clock::Clock;
use super::page::{
    Comparison, ContactEstimate, DirectorPart, Fact, KeyFigure, LevelSource, ReportPage, SliRow,
    Unit,
};
use super::{text, words};
pub use contacts::write_calibration_markdown;
pub use drills::write_premortem_markdown;
use escape::code;
pub use escape::plain;

pub use capacity::write_capacity_markdown;
pub use partners::write_partners_markdown;

/// Most rows of one table.
const ROWS_MAX: usize = 30;

/// Letters of a definition's hash.
const HASH_CHARS: usize = 12;

/// Writes `page` as Markdown.
pub fn write_markdown(page: &ReportPage) -> String {
    let page = clean::cleaned(page);
    let clock = Clock::of(&page.timeline);
    let mut blocks = vec![heading(&page)];
    if !page.sentence.is_empty() {
        blocks.push(plain(&page.sentence));
    }
    if let Some(part) = &page.rehearsal {
        blocks.extend(rehearsal::rehearsal_blocks(part, &clock));
    }
    if let Some(part) = &page.directors {
        blocks.extend(director_blocks(part, &clock));
    }
    blocks.push("## Service levels".to_owned());
    blocks.push(sli_table(&page.slis, &clock));
    blocks.extend(budget_blocks(&page.slis));
    if let Some(part) = &page.watch {
        blocks.extend(watch::watch_blocks(part, &clock));
    }
    if let Some(part) = &page.drills {
        blocks.extend(drills::drill_blocks(part, &clock));
    }
    if let Some(part) = page.rehearsal.as_ref().and_then(|part| part.limit.as_ref()) {
        blocks.extend(rehearsal::limit_blocks(part, &clock));
    }
    if let Some(part) = page
        .rehearsal
        .as_ref()
        .and_then(|part| part.comparison.as_ref())
    {
        blocks.extend(comparison::comparison_blocks(part));
    }
    if let Some(part) = &page.contacts {
        blocks.extend(contacts::contact_blocks(part));
    }
    if let Some(part) = &page.analysts {
        blocks.extend(analysts::breakdown_blocks(part));
    }
    if let Some(part) = &page.engineers {
        blocks.extend(engineers::engineer_blocks(part, page.desk.as_ref(), &clock));
    }
    if let Some(part) = &page.premortem {
        blocks.extend(drills::premortem_blocks(part));
    }
    blocks.push("## What is not known".to_owned());
    blocks.push(list(&page.unknowns, "Nothing known to be missing."));
    if !page.facts.is_empty() {
        blocks.push(facts(&page.facts));
    }
    let mut markdown = blocks.join("\n\n");
    markdown.push('\n');
    markdown
}

fn heading(page: &ReportPage) -> String {
    let title = if page.title.is_empty() {
        "Report"
    } else {
        &page.title
    };
    format!("# {}: {}", plain(title), words::verdict(page.verdict))
}

fn director_blocks(part: &DirectorPart, clock: &Clock) -> Vec<String> {
    let mut blocks = Vec::new();
    if !part.journeys.is_empty() {
        let rows = part.journeys.iter().map(|journey| {
            [
                plain(&journey.title),
                words::state(journey.state).to_owned(),
                plain(&journey.sentence),
            ]
        });
        blocks.push("## Journeys".to_owned());
        blocks.push(table(&["Journey", "State", "Why"], rows));
    }
    if !part.key_figures.is_empty() {
        blocks.push("## Key figures".to_owned());
        blocks.push(key_figures(&part.key_figures));
    }
    if let Some(contacts) = &part.contacts {
        blocks.push("## Customer contacts".to_owned());
        blocks.push(estimate(contacts));
        if !contacts.crossings.is_empty() {
            blocks.push(list(&contacts.crossings, ""));
        }
    }
    if let Some(hour) = &part.worst_hour {
        let start = plain(&clock.weekday(hour.start_us));
        blocks.push(format!(
            "**Worst hour:** {start}. {}",
            plain(&hour.sentence)
        ));
    }
    blocks.push("## What changed beyond noise".to_owned());
    blocks.push(match &part.changes {
        None => "There is nothing to compare with, so no change can be named.".to_owned(),
        Some(changes) => list(changes, "Nothing: every difference is within noise."),
    });
    if !part.reactions.is_empty() {
        let rows = part.reactions.iter().map(|row| {
            [
                format!("{}, {}", plain(&row.sli), plain(&row.level)),
                format!(
                    "{} for {}",
                    clock.weekday(row.from_us),
                    text::duration(row.lasted_s)
                ),
                plain(&words::told(&row.told)),
                plain(row.reaction.as_deref().unwrap_or("not stated")),
            ]
        });
        blocks.push("## Who is to be told".to_owned());
        blocks.push(table(&["Level", "When", "Told", "Reaction"], rows));
    }
    blocks
}

fn key_figures(figures: &[KeyFigure]) -> String {
    let against = words::compared_with(figures);
    let mut head = vec!["Figure".to_owned(), "This week".to_owned()];
    head.extend(against.iter().map(|name| plain(&words::capitalised(name))));
    let rows = figures.iter().map(|figure| {
        let value = figure.value.map_or_else(
            || "no data".to_owned(),
            |value| text::quantity_within(value, figure.unit, figure.interval, &[]),
        );
        let value = match figure.count {
            Some(count) => format!("{value} ({} in all)", text::count(count)),
            None => value,
        };
        let mut cells = vec![plain(&figure.title), value];
        cells.extend(against.iter().map(|name| {
            let found = figure.comparisons.iter().find(|it| it.against == *name);
            found.map_or_else(
                || text::NO_VALUE.to_owned(),
                |it| comparison(it, figure.unit),
            )
        }));
        cells
    });
    table(&head, rows)
}

fn comparison(comparison: &Comparison, unit: Unit) -> String {
    match (
        comparison.value,
        comparison.change_share,
        &comparison.missing_reason,
    ) {
        (Some(value), Some(share), _) => {
            let change = text::change(share);
            let noise = words::noise(comparison.is_outside_noise);
            let change = match comparison.is_outside_noise {
                Some(true) => format!("**{change}**"),
                Some(false) | None => format!("{change}, {noise}"),
            };
            format!("{} ({change})", text::quantity(value, unit))
        }
        (Some(value), None, _) => text::quantity(value, unit),
        (None, _, Some(reason)) => format!("not known: {}", plain(reason)),
        (None, _, None) => "not known".to_owned(),
    }
}

fn estimate(contacts: &ContactEstimate) -> String {
    let basis = plain(&contacts.basis);
    let number = match (contacts.levels_from, contacts.value) {
        (LevelSource::Calibration, Some(value)) => {
            let interval = contacts.interval.map_or_else(String::new, |bounds| {
                format!(" ({}, 90 %)", text::interval(bounds, Unit::Count))
            });
            let value = text::quantity_within(value, Unit::Count, contacts.interval, &[]);
            format!("about {value} contacts{interval}")
        }
        (LevelSource::Calibration, None) => words::crossings(contacts.crossings.len()),
        (LevelSource::SliSet, _) => format!(
            "{}; the levels stand in the SLI set and were never compared with real contacts, so \
             there is no number of calls",
            words::crossings(contacts.crossings.len())
        ),
    };
    let sentence = format!("{}.", words::capitalised(&number));
    [sentence, basis].join(" ").trim_end().to_owned()
}

fn sli_table(slis: &[SliRow], clock: &Clock) -> String {
    if slis.is_empty() {
        return "No SLI was defined for this report.".to_owned();
    }
    let head = [
        "SLI",
        "State",
        "Value",
        "95 % interval",
        "n",
        "Levels",
        "Definition",
    ];
    table(&head, slis.iter().map(|sli| sli_row(sli, clock)))
}

fn sli_row(sli: &SliRow, clock: &Clock) -> [String; 7] {
    let limits: Vec<f64> = sli.levels.iter().map(|level| level.value).collect();
    let levels: Vec<String> = sli
        .levels
        .iter()
        .map(|level| {
            let crossed = level.first_crossed_us.map_or_else(
                || words::not_crossed(level, sli.state),
                |us| {
                    format!(
                        "from {} for {}",
                        clock.plain(us),
                        text::duration(level.crossed_s)
                    )
                },
            );
            let limit = text::quantity(level.value, sli.unit);
            format!(
                "{} {} {limit}: {crossed}",
                plain(&level.level),
                words::side(level.bad)
            )
        })
        .collect();
    let hash: Option<String> = sli
        .detail
        .as_ref()
        .map(|detail| detail.definition_sha256.chars().take(HASH_CHARS).collect());
    [
        plain(&sli.title),
        words::state(sli.state).to_owned(),
        sli.value.map_or_else(
            || "no value".to_owned(),
            |value| text::quantity_within(value, sli.unit, sli.interval, &limits),
        ),
        sli.interval.map_or_else(
            || text::NO_VALUE.to_owned(),
            |bounds| text::interval(bounds, sli.unit),
        ),
        text::count(sli.count),
        levels.join("; "),
        code(&hash.unwrap_or_default()),
    ]
}

fn budget_blocks(slis: &[SliRow]) -> Vec<String> {
    let rows: Vec<[String; 7]> = slis
        .iter()
        .filter_map(|sli| Some((sli, sli.detail.as_ref()?)))
        .flat_map(|(sli, detail)| detail.objectives.iter().map(move |it| (sli, it)))
        .map(|(sli, objective)| {
            [
                plain(&sli.title),
                text::quantity(objective.target, Unit::Share),
                plain(&objective.over),
                words::state(objective.state).to_owned(),
                words::budget_used(objective),
                words::budget_left(objective),
                text::count(objective.burn_alerts.len() as u64),
            ]
        })
        .collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let head = [
        "SLI",
        "Objective",
        "Over",
        "State",
        "Budget used",
        "Budget left",
        "Burn alerts",
    ];
    vec!["## Error budgets".to_owned(), table(&head, rows)]
}

/// A share in percent, or a dash where it is not known.
fn share(share: Option<f64>) -> String {
    share.map_or_else(
        || text::NO_VALUE.to_owned(),
        |share| text::quantity(share, Unit::Share),
    )
}

/// A response time in µs, or a dash where none was logged.
fn response_time(us: Option<u64>) -> String {
    // Exact below 2^53 µs, 285 years.
    us.map_or_else(
        || text::NO_VALUE.to_owned(),
        |us| text::quantity(us as f64, Unit::Microseconds),
    )
}

fn facts(facts: &[Fact]) -> String {
    let facts: Vec<String> = facts
        .iter()
        .map(|fact| format!("{}: {}", plain(&fact.name), plain(&fact.value)))
        .collect();
    format!("*{}*", facts.join(" · "))
}

pub fn list(items: &[String], if_empty: &str) -> String {
    if items.is_empty() {
        return if_empty.to_owned();
    }
    let lines: Vec<String> = items
        .iter()
        .map(|item| format!("- {}", plain(item)))
        .collect();
    lines.join("\n")
}

/// A table of cells that are Markdown already; rows past the limit are counted.
pub fn table<Row: AsRef<[String]>>(
    head: &[impl AsRef<str>],
    rows: impl IntoIterator<Item = Row>,
) -> String {
    let head: Vec<&str> = head.iter().map(AsRef::as_ref).collect();
    let mut lines = vec![
        format!("| {} |", head.join(" | ")),
        format!("|{}", "---|".repeat(head.len())),
    ];
    let mut left_out = 0;
    for (index, row) in rows.into_iter().enumerate() {
        if index < ROWS_MAX {
            lines.push(format!("| {} |", row.as_ref().join(" | ")));
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        lines.push(String::new());
        lines.push(format!(
            "{} more rows are not shown here.",
            text::count(left_out)
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests;
