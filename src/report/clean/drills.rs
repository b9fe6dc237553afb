//! The same for the parts of a page that tell of drills.

use super::super::page::{DrillPart, PremortemPart};
use super::parts::clean_option;
use super::{clean_line, clean_lines};

pub fn clean_drills(part: &mut DrillPart) {
    for row in &mut part.rows {
        clean_line(&mut row.id);
        clean_line(&mut row.title);
        clean_line(&mut row.action);
        clean_line(&mut row.what);
        clean_line(&mut row.outcome);
        clean_line(&mut row.recovery);
        row.problems.iter_mut().for_each(clean_line);
        row.output.iter_mut().for_each(clean_lines);
        row.seen_first_by.iter_mut().for_each(clean_line);
        row.not_seen_by.iter_mut().for_each(clean_line);
        row.overlaps.iter_mut().for_each(clean_line);
        for expectation in &mut row.expectations {
            clean_line(&mut expectation.what);
            clean_line(&mut expectation.found);
        }
    }
}

pub fn clean_premortem(part: &mut PremortemPart) {
    clean_line(&mut part.name);
    part.kinds_without_row.iter_mut().for_each(clean_line);
    for row in &mut part.rows {
        clean_line(&mut row.id);
        clean_line(&mut row.title);
        clean_line(&mut row.kind);
        clean_option(&mut row.owner);
        clean_option(&mut row.react);
        row.seen_by.iter_mut().for_each(clean_line);
        row.findings.iter_mut().for_each(clean_line);
        if let Some(drilled) = &mut row.drilled {
            clean_line(&mut drilled.date);
            clean_line(&mut drilled.run_id);
            clean_line(&mut drilled.drill);
            clean_line(&mut drilled.verdict);
            clean_line(&mut drilled.recovery);
            drilled.sights.iter_mut().for_each(clean_line);
            drilled.seen_first_by.iter_mut().for_each(clean_line);
        }
    }
}
