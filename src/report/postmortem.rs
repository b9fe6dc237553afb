//! A postmortem of a rehearsal as Markdown, pre-filled with what the run itself shows.
//!
//! In: the page of a rehearsal. Out: a document in the order of the template in Google's *Site Reliability
//! Engineering* (appendix D, "Example Postmortem"). What only people know is `TODO`; no cause is ever guessed.

use super::clean;
use super::clock::Clock;
use super::markdown::{list, plain, table};
use super::page::{Postmortem, ReportPage};
use super::words;

const TODO: &str = "TODO";

/// Writes the postmortem of a rehearsal; of another page there is nothing to fill in.
pub fn write_postmortem(page: &ReportPage) -> String {
    let page = clean::cleaned(page);
    let clock = Clock::of(&page.timeline);
    let part = page.rehearsal.clone().unwrap_or_default();
    let facts = part.postmortem.clone().unwrap_or_default();
    let start_us = page.timeline.starts_us.first().copied().unwrap_or(0);
    let hypothesis = match &part.hypothesis {
        Some(hypothesis) => format!("Expected before the run: {}", plain(hypothesis)),
        None => without_hypothesis(&page, part.has_own_criteria).to_owned(),
    };
    let mut blocks = vec![
        format!("# Postmortem: {}", plain(&page.title)),
        format!(
            "Date: {} · Authors: {TODO} · Status: draft · Verdict: {}",
            plain(&clock.in_full(start_us)),
            words::verdict(page.verdict)
        ),
        "## Summary".to_owned(),
        plain(&page.sentence),
        hypothesis,
        "## Impact".to_owned(),
        list(&facts.impact, "No shopper was hit."),
        "## Root causes".to_owned(),
        format!("{TODO}: what made it happen? The run shows what and when, not why."),
        "## Trigger".to_owned(),
        format!("{TODO}: what set it off?"),
        "## Detection".to_owned(),
        list(&facts.detection, "There was nothing to detect."),
        "## Response".to_owned(),
        format!("{TODO}: who did what, when, and what helped?"),
        "## Action items".to_owned(),
        actions(&facts),
        "## Lessons learned".to_owned(),
        "### What went well".to_owned(),
        list(&facts.went_well, TODO),
        "### What went wrong".to_owned(),
        list(&facts.went_wrong, "Nothing that the run shows."),
        "### Where we got lucky".to_owned(),
        list(&facts.lucky, "No close call that the run shows."),
        "## Timeline".to_owned(),
        timeline(&facts, &clock),
        "## Supporting information".to_owned(),
    ];
    let facts = page.facts.iter();
    let facts: Vec<String> = facts
        .map(|fact| format!("{}: {}", fact.name, fact.value))
        .collect();
    blocks.push(list(&facts, TODO));
    let mut markdown = blocks.join("\n\n");
    markdown.push('\n');
    markdown
}

/// What else was written down before the run.
fn without_hypothesis(page: &ReportPage, has_own_criteria: bool) -> &'static str {
    let mut drills = page.drills.iter().flat_map(|part| &part.rows);
    let has_expectations = drills.any(|row| !row.expectations.is_empty());
    match (has_own_criteria, has_expectations) {
        (false, false) => "Nothing was written down before the run as expected.",
        (true, false) => "No hypothesis was written down before the run, only conditions.",
        (false, true) => {
            "No hypothesis was written down before the run, only what was expected of its drills."
        }
        (true, true) => {
            "No hypothesis was written down before the run, only conditions and what was expected of its drills."
        }
    }
}

fn actions(facts: &Postmortem) -> String {
    let todo = || TODO.to_owned();
    let mut rows: Vec<[String; 4]> = facts
        .actions
        .iter()
        .map(|action| [plain(action), todo(), todo(), todo()])
        .collect();
    if rows.is_empty() {
        rows.push([todo(), todo(), todo(), todo()]);
    }
    table(&["Action", "Owner", "Due", "Issue"], rows)
}

fn timeline(facts: &Postmortem, clock: &Clock) -> String {
    let rows = facts
        .timeline
        .iter()
        .map(|moment| [clock.plain(moment.at_us), plain(&moment.what)]);
    table(&["When", "What"], rows)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_example_rehearsal_reads_so() {
        let markdown = write_postmortem(&sample::black_friday());
        assert_eq!(markdown, include_str!("postmortem.md"), "{markdown}");
    }

    #[test]
    fn what_nobody_knows_is_to_be_done() {
        let markdown = write_postmortem(&sample::empty());
        assert!(markdown.matches(TODO).count() > 7, "{markdown}");
        assert!(markdown.contains("There was nothing to detect."));
    }
}
