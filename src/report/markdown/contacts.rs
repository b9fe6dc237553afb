//! Support contacts as Markdown: what is predicted, whom problems hit, and the page of a calibration.

use super::super::clean;
use super::super::clock::Clock;
use super::super::page::{
    CalibratedSli, CalibrationPage, ContactFigure, ContactPart, DeskPart, DeskRow, Fact,
};
use super::super::{text, words};
use super::escape::{code, plain};
use super::{facts, list, table};

/// A number of contacts with its interval, or a dash.
pub fn contacts(found: Option<ContactFigure>) -> String {
    let Some(found) = found else {
        return text::NO_VALUE.to_owned();
    };
    let value = words::contacts(found.value);
    found.interval.map_or_else(
        || value.clone(),
        |bounds| format!("{value} ({})", words::contact_interval(bounds)),
    )
}

/// The blocks of what is predicted.
pub fn contact_blocks(part: &ContactPart) -> Vec<String> {
    let mut blocks = vec!["## Support contacts".to_owned(), plain(&part.sentence)];
    if !part.by_sli.is_empty() {
        let rows = part.by_sli.iter().map(|row| {
            let value = |value: Option<f64>| {
                value.map_or_else(
                    || text::NO_VALUE.to_owned(),
                    |value| text::quantity(value, row.unit),
                )
            };
            [
                plain(&row.title),
                contacts(row.predicted),
                value(row.worst),
                format!("{} {}", words::side(row.bad), value(row.level)),
                plain(row.remark.as_deref().unwrap_or_default()),
            ]
        });
        let head = [
            "SLI",
            "Contacts that go with it",
            "Worst window",
            "Customers call",
            "Remark",
        ];
        blocks.push(table(&head, rows));
    }
    if !part.assumptions.is_empty() {
        blocks.push(list(&part.assumptions, ""));
    }
    blocks
}

/// The blocks of problems for the support desk.
pub fn desk_blocks(part: &DeskPart, clock: &Clock) -> Vec<String> {
    let mut blocks = vec!["## For the support desk".to_owned(), plain(&part.sentence)];
    if !part.rows.is_empty() {
        let head = [
            "No.",
            "Problem",
            "When",
            "Customers",
            "Called",
            "Not yet",
            "Requests",
        ];
        blocks.push(table(
            &head,
            part.rows.iter().map(|row| desk_row(row, clock)),
        ));
    }
    if part.left_out > 0 {
        blocks.push(format!(
            "{} smaller problems are not shown here.",
            text::count(part.left_out)
        ));
    }
    if !part.remarks.is_empty() {
        blocks.push(list(&part.remarks, ""));
    }
    blocks
}

fn desk_row(row: &DeskRow, clock: &Clock) -> [String; 7] {
    let calls = |count: Option<u64>| count.map_or_else(|| "not known".to_owned(), text::count);
    let route = format!("{} {}", row.method, row.route);
    [
        text::count(row.number),
        format!("{} on {}", plain(&row.status), code(route.trim_start())),
        clock.stretch(row.from_us, row.to_us),
        text::count(row.shoppers),
        calls(row.called),
        calls(row.not_called),
        text::count(row.requests),
    ]
}

/// Writes the page of a calibration as Markdown.
#[must_use]
pub fn write_calibration_markdown(page: &CalibrationPage) -> String {
    let page = clean::cleaned_calibration(page);
    let outcome = words::calibration(page.outcome);
    let mut blocks = vec![
        format!("# {}: {outcome}", plain(&page.title)),
        plain(&page.sentence),
    ];
    if !page.facts.is_empty() {
        blocks.push(facts(&page.facts));
    }
    if !page.refusals.is_empty() {
        let rows = page.refusals.iter().map(|row| {
            let what = match row.what.is_empty() {
                true => "Everything".to_owned(),
                false => plain(&row.what),
            };
            [what, plain(&row.reason), plain(&row.cure)]
        });
        blocks.push("## What stands against it, and what would cure it".to_owned());
        blocks.push(table(&["What", "Reason", "Cure"], rows));
    }
    if !page.slis.is_empty() {
        let head = ["SLI", "State", "Level", "Bad", "90 % interval", "Rule"];
        blocks.push("## Levels".to_owned());
        blocks.push(table(&head, page.slis.iter().flat_map(level_rows)));
    }
    for sli in &page.slis {
        blocks.extend(sli_blocks(sli));
    }
    fact_blocks(
        &mut blocks,
        "What it is worth on weeks that the fit had not seen",
        &page.held_out,
    );
    if !page.controls.is_empty() {
        let rows = page.controls.iter().map(|row| {
            [
                plain(&row.title),
                words::state(row.state).to_owned(),
                plain(&row.found),
            ]
        });
        blocks.push("## Checks that must find nothing".to_owned());
        blocks.push(table(&["Check", "State", "Found"], rows));
    }
    if !page.groups.is_empty() {
        let groups = page.groups.iter().map(|group| {
            let titles = group.titles.join(", ");
            format!(
                "{titles}: {} stands for them. {}",
                group.proxy, group.reason
            )
        });
        blocks.push("## SLIs that move together".to_owned());
        blocks.push(list(&groups.collect::<Vec<_>>(), ""));
    }
    fact_blocks(&mut blocks, "The ticket export", &page.tickets);
    blocks.push("## What is not known".to_owned());
    blocks.push(list(&page.unknowns, "Nothing known to be missing."));
    blocks.join("\n\n") + "\n"
}

fn fact_blocks(blocks: &mut Vec<String>, heading: &str, found: &[Fact]) {
    if !found.is_empty() {
        let rows = found
            .iter()
            .map(|fact| [plain(&fact.name), plain(&fact.value)]);
        blocks.push(format!("## {heading}"));
        blocks.push(table(&["What", "Value"], rows));
    }
}

fn level_rows(sli: &CalibratedSli) -> Vec<[String; 6]> {
    let none = || text::NO_VALUE.to_owned();
    let outcome = words::calibration(sli.outcome).to_owned();
    if sli.levels.is_empty() {
        return vec![[plain(&sli.title), outcome, none(), none(), none(), none()]];
    }
    let rows = sli.levels.iter().map(|level| {
        let bad = |value| {
            format!(
                "{} {}",
                words::side(sli.bad),
                text::quantity(value, sli.unit)
            )
        };
        [
            plain(&sli.title),
            outcome.clone(),
            plain(&level.level),
            level
                .value
                .map_or_else(|| "none in the data".to_owned(), bad),
            level
                .interval
                .map_or_else(none, |bounds| text::interval(bounds, sli.unit)),
            plain(&level.rule),
        ]
    });
    rows.collect()
}

fn sli_blocks(sli: &CalibratedSli) -> Vec<String> {
    let mut blocks = vec![format!("### {}", plain(&sli.title)), plain(&sli.sentence)];
    let messages = [
        sli.dose.as_ref().map(|dose| &dose.message),
        sli.lag.as_ref().map(|lag| &lag.message),
    ];
    blocks.extend(messages.into_iter().flatten().map(|message| plain(message)));
    if !sli.evidence.is_empty() {
        blocks.push(facts(&sli.evidence));
    }
    blocks
}
