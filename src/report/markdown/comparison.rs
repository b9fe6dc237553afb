//! A rehearsal beside an earlier one, as Markdown.

use super::super::page::{MixComparison, RunComparison};
use super::super::{text, words};
use super::escape::plain;
use super::{list, response_time, table};

/// Heading, sentences and tables.
pub fn comparison_blocks(part: &RunComparison) -> Vec<String> {
    let sentence = plain(&part.sentence);
    let is_loud = matches!(part.mix, MixComparison::Different | MixComparison::NotKnown);
    let mut blocks = vec![
        format!("## Against {}", plain(&part.against)),
        match is_loud {
            true => format!("**{sentence}**"),
            false => sentence,
        },
        format!(
            "{} Its verdict was {}.",
            plain(&part.validity),
            words::verdict(part.verdict_before)
        ),
    ];
    if !is_loud {
        blocks.push(list(&part.changes, "Nothing changed beyond noise."));
    }
    let slis = part.slis.iter().map(|sli| {
        let value = |value: Option<f64>, other: Option<f64>| {
            let others: Vec<f64> = other.into_iter().collect();
            value.map_or_else(
                || text::NO_VALUE.to_owned(),
                |value| text::quantity_apart(value, sli.unit, &others),
            )
        };
        [
            plain(&sli.title),
            value(sli.before, sli.after),
            value(sli.after, sli.before),
            words::noise(sli.is_outside_noise).to_owned(),
            words::state(sli.state_before).to_owned(),
            words::state(sli.state_after).to_owned(),
        ]
    });
    let head = [
        "SLI",
        "Before",
        "Now",
        "Difference",
        "State before",
        "State now",
    ];
    blocks.push(table(&head, slis));
    let latencies = part.latencies.iter().map(|row| {
        [
            plain(&row.name),
            response_time(row.response_before_us),
            response_time(row.response_after_us),
            words::noise(row.is_outside_noise).to_owned(),
            response_time(row.service_before_us),
            response_time(row.service_after_us),
        ]
    });
    let head = [
        "All requests",
        "Response before",
        "Response now",
        "Difference",
        "Service before",
        "Service now",
    ];
    blocks.push(table(&head, latencies));
    let loads = part.loads.iter().map(|row| {
        [
            plain(&row.name),
            text::count(row.before),
            text::count(row.after),
        ]
    });
    blocks.push(table(&["Count", "Before", "Now"], loads));
    blocks.push(words::COMPARISON.to_owned());
    blocks
}
