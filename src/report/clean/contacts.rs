//! The same for what a page tells of support contacts, and for the page of a calibration.

use super::super::page::{CalibratedSli, CalibrationPage, ContactPart, DeskPart, Fact};
use super::parts::clean_option;
use super::{clean_line, clean_lines};

pub fn clean_contacts(part: &mut ContactPart) {
    clean_lines(&mut part.sentence);
    for row in &mut part.by_sli {
        clean_line(&mut row.title);
        clean_option(&mut row.remark);
    }
    part.assumptions.iter_mut().for_each(clean_line);
}

pub fn clean_desk(part: &mut DeskPart) {
    clean_lines(&mut part.sentence);
    for row in &mut part.rows {
        clean_line(&mut row.method);
        clean_line(&mut row.route);
        clean_line(&mut row.status);
    }
    part.remarks.iter_mut().for_each(clean_line);
}

/// All texts but those of the timeline.
pub fn clean_calibration(page: &mut CalibrationPage) {
    clean_line(&mut page.title);
    clean_lines(&mut page.sentence);
    for facts in [&mut page.facts, &mut page.held_out, &mut page.tickets] {
        clean_facts(facts);
    }
    for row in &mut page.refusals {
        clean_line(&mut row.what);
        clean_line(&mut row.reason);
        clean_line(&mut row.cure);
    }
    page.slis.iter_mut().for_each(clean_sli);
    for group in &mut page.groups {
        group.titles.iter_mut().for_each(clean_line);
        clean_line(&mut group.proxy);
        clean_line(&mut group.reason);
    }
    for control in &mut page.controls {
        clean_line(&mut control.title);
        clean_line(&mut control.found);
    }
    page.unknowns.iter_mut().for_each(clean_lines);
    for note in &mut page.method {
        clean_line(&mut note.title);
        clean_lines(&mut note.text);
    }
}

fn clean_sli(sli: &mut CalibratedSli) {
    clean_line(&mut sli.name);
    clean_line(&mut sli.title);
    clean_lines(&mut sli.sentence);
    for level in &mut sli.levels {
        clean_line(&mut level.level);
        clean_line(&mut level.rule);
    }
    if let Some(dose) = &mut sli.dose {
        clean_line(&mut dose.message);
    }
    if let Some(lag) = &mut sli.lag {
        clean_line(&mut lag.message);
    }
    clean_facts(&mut sli.evidence);
}

fn clean_facts(facts: &mut [Fact]) {
    for fact in facts {
        clean_line(&mut fact.name);
        clean_line(&mut fact.value);
    }
}
