//! Makes the texts of a rehearsal's part safe to read.

use super::super::page::RehearsalPart;
use super::{clean_line, clean_lines};

/// Cleans what only a rehearsal has.
pub fn clean_rehearsal(part: &mut RehearsalPart) {
    part.hypothesis.iter_mut().for_each(clean_lines);
    for row in &mut part.criteria {
        clean_line(&mut row.title);
        clean_line(&mut row.counted);
        clean_line(&mut row.explanation);
    }
    for row in part.shoppers.iter_mut().chain(&mut part.requests) {
        clean_line(&mut row.name);
        row.note.iter_mut().for_each(clean_line);
    }
    if let Some(limit) = &mut part.limit {
        clean_lines(&mut limit.sentence);
        clean_lines(&mut limit.shoppers);
        for row in &mut limit.rows {
            clean_line(&mut row.method);
            clean_line(&mut row.route);
            row.behaviours.iter_mut().for_each(clean_line);
            clean_line(&mut row.recovery);
        }
    }
    if let Some(comparison) = &mut part.comparison {
        clean_line(&mut comparison.against);
        comparison.differing.iter_mut().for_each(clean_line);
        clean_line(&mut comparison.sentence);
        clean_line(&mut comparison.validity);
        comparison.changes.iter_mut().for_each(clean_line);
        for sli in &mut comparison.slis {
            clean_line(&mut sli.title);
        }
        for row in &mut comparison.latencies {
            clean_line(&mut row.name);
        }
        for row in &mut comparison.loads {
            clean_line(&mut row.name);
        }
    }
    if let Some(facts) = &mut part.postmortem {
        let lists = [
            &mut facts.impact,
            &mut facts.detection,
            &mut facts.went_well,
            &mut facts.went_wrong,
            &mut facts.lucky,
            &mut facts.actions,
        ];
        lists.into_iter().flatten().for_each(clean_line);
        for moment in &mut facts.timeline {
            clean_line(&mut moment.what);
        }
    }
    for row in &mut part.latencies {
        clean_line(&mut row.name);
    }
}
