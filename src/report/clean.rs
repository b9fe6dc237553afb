//! Makes every text of a page safe to read, once, before anything is written.
//!
//! In: a page whose texts may come from logs. Out: the same page with control characters made
//! visible and over-long texts shortened. It never touches a number. Escaping for HTML and for
//! JSON happens where a text is written.

mod contacts;
mod drills;
mod parts;
mod rehearsal;

use super::page::{CalibrationPage, Chart, PremortemPart, ReportPage, SliRow, Timeline};
use super::text;

/// Longest text of one line, in characters; real names and routes are far shorter.
const LINE_CHARS_MAX: usize = 400;

/// Longest text of several lines, in characters.
const LINES_CHARS_MAX: usize = 40_000;

/// Returns a copy of `page` in which no text can hide, reorder or flood what stands around it.
pub fn cleaned(page: &ReportPage) -> ReportPage {
    let mut page = page.clone();
    clean_line(&mut page.title);
    clean_lines(&mut page.sentence);
    for fact in &mut page.facts {
        clean_line(&mut fact.name);
        clean_line(&mut fact.value);
    }
    if let Some(part) = &mut page.directors {
        parts::clean_directors(part);
    }
    if let Some(part) = &mut page.rehearsal {
        rehearsal::clean_rehearsal(part);
    }
    page.slis.iter_mut().for_each(clean_sli);
    if let Some(part) = &mut page.watch {
        parts::clean_watch(part);
    }
    if let Some(part) = &mut page.analysts {
        parts::clean_analysts(part);
    }
    clean_timeline(&mut page.timeline);
    if let Some(part) = &mut page.engineers {
        parts::clean_engineers(part);
    }
    if let Some(part) = &mut page.drills {
        drills::clean_drills(part);
    }
    if let Some(part) = &mut page.contacts {
        contacts::clean_contacts(part);
    }
    if let Some(part) = &mut page.desk {
        contacts::clean_desk(part);
    }
    if let Some(part) = &mut page.premortem {
        drills::clean_premortem(part);
    }
    for step in &mut page.funnel {
        clean_line(&mut step.name);
        clean_line(&mut step.unit);
    }
    for route in &mut page.routes {
        clean_line(&mut route.method);
        clean_line(&mut route.route);
        clean_line(&mut route.errors_by_status);
    }
    page.unknowns.iter_mut().for_each(clean_lines);
    for note in &mut page.method {
        clean_line(&mut note.title);
        clean_lines(&mut note.text);
    }
    page
}

/// The same for a pre-mortem matrix that is no part of a page.
pub fn cleaned_premortem(part: &PremortemPart) -> PremortemPart {
    let mut part = part.clone();
    drills::clean_premortem(&mut part);
    part
}

/// The same for the page of a calibration.
pub fn cleaned_calibration(page: &CalibrationPage) -> CalibrationPage {
    let mut page = page.clone();
    contacts::clean_calibration(&mut page);
    clean_timeline(&mut page.timeline);
    page
}

fn clean_sli(sli: &mut SliRow) {
    clean_line(&mut sli.name);
    clean_line(&mut sli.title);
    clean_line(&mut sli.kind);
    sli.own_time_zone.iter_mut().for_each(clean_line);
    for level in &mut sli.levels {
        clean_line(&mut level.level);
    }
    if let Some(detail) = &mut sli.detail {
        parts::clean_detail(detail);
    }
}

fn clean_timeline(timeline: &mut Timeline) {
    clean_line(&mut timeline.zone);
    timeline.charts.iter_mut().for_each(clean_chart);
    for mark in &mut timeline.marks {
        clean_line(&mut mark.label);
    }
}

fn clean_chart(chart: &mut Chart) {
    clean_line(&mut chart.title);
    clean_line(&mut chart.message);
    for series in &mut chart.series {
        clean_line(&mut series.name);
    }
    for limit in &mut chart.limits {
        clean_line(&mut limit.label);
        clean_line(&mut limit.level);
    }
}

fn clean_line(line: &mut String) {
    shorten(line, LINE_CHARS_MAX);
    *line = text::harmless(line).into_owned();
}

fn clean_lines(lines: &mut String) {
    shorten(lines, LINES_CHARS_MAX);
    *lines = text::harmless_lines(lines).into_owned();
}

/// Cuts a text after `chars_max` characters and says how many are gone.
fn shorten(text: &mut String, chars_max: usize) {
    if let Some((at, _)) = text.char_indices().nth(chars_max) {
        let dropped = text[at..].chars().count();
        text.truncate(at);
        text.push_str(&format!(
            "… ({} more characters)",
            text::count(dropped as u64)
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_at_the_limit_stays_and_one_past_it_is_cut() {
        let mut text = "é".repeat(LINE_CHARS_MAX);
        clean_line(&mut text);
        assert_eq!(text, "é".repeat(LINE_CHARS_MAX));
        text.push('x');
        clean_line(&mut text);
        assert!(text.ends_with("é… (1 more characters)"), "{text}");
    }
}
