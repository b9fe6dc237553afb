//! Makes the texts of a weekly page's parts safe to read.

use super::super::page::{AnalystPart, DirectorPart, EngineerPart, SliDetail, WatchPart};
use super::clean_line;

/// Cleans what a rehearsal was watched by.
pub fn clean_watch(part: &mut WatchPart) {
    for threshold in &mut part.thresholds {
        clean_line(&mut threshold.demand);
    }
    for row in &mut part.generator {
        clean_line(&mut row.name);
        clean_line(&mut row.lowest);
        clean_line(&mut row.median);
        clean_line(&mut row.highest);
        clean_line(&mut row.limit);
    }
}

/// Cleans what directors read.
pub fn clean_directors(part: &mut DirectorPart) {
    for journey in &mut part.journeys {
        clean_line(&mut journey.title);
        clean_line(&mut journey.sentence);
    }
    for figure in &mut part.key_figures {
        clean_line(&mut figure.title);
        for comparison in &mut figure.comparisons {
            clean_line(&mut comparison.against);
            clean_option(&mut comparison.missing_reason);
        }
    }
    if let Some(contacts) = &mut part.contacts {
        clean_line(&mut contacts.basis);
        contacts.crossings.iter_mut().for_each(clean_line);
    }
    if let Some(hour) = &mut part.worst_hour {
        clean_line(&mut hour.sentence);
    }
    part.changes.iter_mut().flatten().for_each(clean_line);
    for reaction in &mut part.reactions {
        clean_line(&mut reaction.sli);
        clean_line(&mut reaction.level);
        reaction.told.iter_mut().for_each(clean_line);
        clean_option(&mut reaction.reaction);
    }
}

/// Cleans what stands behind one SLI.
pub fn clean_detail(detail: &mut SliDetail) {
    clean_line(&mut detail.definition_sha256);
    for objective in &mut detail.objectives {
        clean_line(&mut objective.over);
        for alert in &mut objective.burn_alerts {
            clean_line(&mut alert.rule);
            alert.told.iter_mut().for_each(clean_line);
        }
    }
}

/// Cleans what analysts read.
pub fn clean_analysts(part: &mut AnalystPart) {
    for breakdown in &mut part.breakdowns {
        clean_line(&mut breakdown.by);
        for column in &mut breakdown.slis {
            clean_line(&mut column.title);
        }
        for row in &mut breakdown.rows {
            clean_line(&mut row.name);
        }
    }
    for curve in &mut part.uptime_curves {
        clean_line(&mut curve.title);
        clean_line(&mut curve.message);
    }
}

/// Cleans what engineers read.
pub fn clean_engineers(part: &mut EngineerPart) {
    for failure in &mut part.failures {
        clean_line(&mut failure.method);
        clean_line(&mut failure.route);
        clean_line(&mut failure.status);
    }
    for cluster in &mut part.clusters {
        clean_line(&mut cluster.method);
        clean_line(&mut cluster.route);
        clean_line(&mut cluster.status);
        clean_option(&mut cluster.channel);
        clean_option(&mut cluster.client);
    }
    for row in part.retries.iter_mut().flat_map(|part| &mut part.after) {
        clean_line(&mut row.answer);
    }
    for faucet in &mut part.faucets {
        clean_line(&mut faucet.name);
    }
    for suspect in &mut part.suspects {
        clean_line(&mut suspect.method);
        clean_line(&mut suspect.route);
        clean_option(&mut suspect.parameter);
    }
    for annotation in &mut part.annotations {
        clean_line(&mut annotation.kind);
        clean_line(&mut annotation.label);
        clean_line(&mut annotation.compared);
        for change in &mut annotation.changes {
            clean_line(&mut change.sli);
        }
    }
}

pub fn clean_option(text: &mut Option<String>) {
    if let Some(text) = text {
        clean_line(text);
    }
}
