//! The summary of partners as Markdown, for a mail or a ticket.
//!
//! In: a [`PartnersPage`]. Out: GitHub-flavoured Markdown in which no text can become markup.

use jiff::tz::TimeZone;

use super::super::partners::{PartnerPart, PartnersPage};
use super::super::{text, words};
use super::escape::plain;
use super::{facts, list, table};

/// Writes `page` as Markdown.
#[must_use]
pub fn write_partners_markdown(page: &PartnersPage) -> String {
    let zone = page.time_zone();
    let mut blocks = vec![
        format!("# {}: {}", shown(&page.title), words::verdict(page.verdict)),
        shown(&page.sentence),
        facts(&page.facts),
    ];
    for partner in &page.partners {
        blocks.extend(partner_blocks(partner, &zone));
    }
    blocks.push("## How it was computed".to_owned());
    blocks.push(list(&page.method, "Not stated."));
    let mut markdown = blocks.join("\n\n");
    markdown.push('\n');
    markdown
}

fn partner_blocks(partner: &PartnerPart, zone: &TimeZone) -> Vec<String> {
    let state = partner.state.map_or("not judged", words::state);
    let mut blocks = vec![format!("## {}: {state}", shown(&partner.name))];
    blocks.extend(partner.contract.as_deref().map(shown));
    blocks.push(shown(&partner.sentence));
    blocks.push(facts(&partner.facts));
    if !partner.objectives.is_empty() {
        let rows = partner.objectives.iter().map(|row| {
            let interval = row.shown_interval.as_ref();
            [
                shown(&row.promise),
                stretch(row.from_us, row.to_us, zone),
                interval.map_or_else(
                    || shown(&row.shown),
                    |interval| shown(&format!("{} ({interval})", row.shown)),
                ),
                text::count(row.n),
                words::state(row.state).to_owned(),
                shown(&row.arithmetic.join(" ")),
            ]
        });
        let head = ["Promise", "Over", "Measured", "n", "State", "Arithmetic"];
        blocks.push("### What was promised".to_owned());
        blocks.push(table(&head, rows));
    }
    blocks.push("### When it was down".to_owned());
    if partner.incidents.is_empty() {
        blocks.push("Never, as far as it was measured.".to_owned());
    } else {
        let rows = partner.incidents.iter().map(|row| {
            [
                moment(row.from_us, zone),
                format!(
                    "{} {}",
                    moment(row.to_us, zone),
                    words::incident_end(row.end)
                )
                .trim_end()
                .to_owned(),
                text::duration(row.length_s),
                text::duration(row.counted_s),
                text::count(row.probes as u64),
                shown(&row.kinds.join(", ")),
            ]
        });
        let head = ["From", "To", "Length", "Counts", "Failed probes", "Why"];
        blocks.push(table(&head, rows));
    }
    let contacts = partner.predicted_contacts.iter();
    blocks.extend(contacts.map(|contacts| shown(&contacts.sentence)));
    if !partner.excluded.is_empty() {
        let rows = partner.excluded.iter().map(|row| {
            [
                moment(row.from_us, zone),
                moment(row.to_us, zone),
                shown(&row.reason),
            ]
        });
        blocks.push("### What counts neither as up nor as down".to_owned());
        blocks.push(table(&["From", "To", "Why"], rows));
    }
    blocks.push("### What is not known".to_owned());
    blocks.push(list(&partner.unknowns, "Nothing known to be missing."));
    blocks
}

fn stretch(from_us: i64, to_us: i64, zone: &TimeZone) -> String {
    format!("{} to {}", moment(from_us, zone), moment(to_us, zone))
}

fn moment(us: i64, zone: &TimeZone) -> String {
    plain(&text::date(us.div_euclid(1_000_000) * 1_000_000, zone))
}

fn shown(text: &str) -> String {
    plain(&text::harmless(text))
}
