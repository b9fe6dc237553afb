//! What a postmortem says of the drills of a run: what came as expected, what did not, and what is to be done.

use super::super::super::drills::recovery_words;
use super::super::super::is_counted;
use super::moments::Crossing;
use super::{Facts, SECOND_US};
use crate::game_day::{
    DrillScore, DrilledEntry, EntryAction, EntryEnd, EntryOutcome, MOMENT_US, RecoveryState,
    UndoOutcome,
};
use crate::rehearsal::bin_s;
use crate::report::LimitRow;
use crate::sli::SliState;
use crate::time_window::seconds;

/// Something that did not go as it was to.
pub(super) struct Trouble {
    /// What.
    pub what: String,
    /// What is to be done.
    pub action: String,
}

impl Facts<'_> {
    /// When each entry that SLIs can be asked about began, UTC µs, and the entry.
    pub(super) fn scored(&self) -> impl Iterator<Item = (i64, &DrilledEntry)> {
        let entries = self.judged.drills.iter().map(|score| &score.entry);
        let scored = entries.filter(|entry| entry.is_scored());
        scored.filter_map(|entry| Some((self.run.started_us + entry.began_us?, entry)))
    }

    /// The drill by whose score this crossing belongs to it, and when that began.
    pub(super) fn drill_seen_by(&self, crossing: &Crossing<'_>) -> Option<(&str, i64)> {
        self.judged.drills.iter().find_map(|score| {
            let began_us = self.run.started_us + score.entry.began_us?;
            let mut slis = score.slis.iter();
            let sight = slis.find(|sight| sight.sli == crossing.series.name)?;
            let after_us = Some(crossing.known_us - began_us);
            let is_own = [sight.warn_after_us, sight.contact_after_us].contains(&after_us);
            is_own.then_some((score.entry.title.as_str(), began_us))
        })
    }

    /// The drill that was on when the strain began, as far as that can be told.
    pub(super) fn drill_during(&self, row: &LimitRow) -> Option<&str> {
        let knee_us = row.knee_us?;
        let known_us = knee_us + self.bin_us(row);
        let mut during = self.scored().filter(|(began_us, entry)| {
            let over_us = match entry.end {
                EntryEnd::Lasts => self.run.started_us + entry.ended_us(self.run.length_us),
                EntryEnd::Moment => began_us + MOMENT_US,
            };
            *began_us < known_us && knee_us <= over_us
        });
        during.next().map(|(_, entry)| entry.title.as_str())
    }

    /// The length of the stretches by which the strain of a route is known, µs.
    pub(super) fn bin_us(&self, row: &LimitRow) -> i64 {
        let own = self.judged.rollup.select(|key| {
            let is_own = key.method == row.method && key.route == row.route;
            is_counted(key) && (row.route.is_empty() || is_own)
        });
        i64::from(bin_s(seconds(self.run.judged_us), own.count())) * SECOND_US
    }

    pub(super) fn drills_that_went_well(&self) -> impl Iterator<Item = String> {
        self.judged.drills.iter().flat_map(well)
    }

    pub(super) fn drill_troubles(&self) -> impl Iterator<Item = Trouble> {
        self.judged.drills.iter().flat_map(troubles)
    }
}

fn well(score: &DrillScore) -> impl Iterator<Item = String> {
    let title = &score.entry.title;
    let met = score.expectations.iter();
    let met = met.filter(|it| it.state == SliState::Met);
    met.map(move |it| format!("The drill “{title}” was {}: {}.", it.what, it.found))
}

fn troubles(score: &DrillScore) -> Vec<Trouble> {
    let entry = &score.entry;
    let title = &entry.title;
    let because = |problem: &Option<String>| {
        let problem = problem.as_ref();
        problem.map_or_else(String::new, |problem| format!(": {problem}"))
    };
    let mut found = Vec::new();
    let mut trouble = |what: String, action: String| found.push(Trouble { what, action });
    match entry.outcome {
        EntryOutcome::Failed => trouble(
            format!(
                "The drill “{title}” could not be done{}.",
                because(&entry.problem)
            ),
            format!("See to it that the drill “{title}” can be done, and do it"),
        ),
        EntryOutcome::NotReached => trouble(
            format!("The run was over before the drill “{title}”."),
            format!("Do the drill “{title}”"),
        ),
        EntryOutcome::NotConfirmed if score.expectations.is_empty() => trouble(
            format!("Nobody confirmed “{title}”."),
            format!("Find why nobody confirmed “{title}”"),
        ),
        EntryOutcome::Done | EntryOutcome::Confirmed | EntryOutcome::NotConfirmed => {
            for it in &score.expectations {
                match it.state {
                    SliState::Met => {}
                    SliState::Missed => trouble(
                        format!("The drill “{title}” was not {}: {}.", it.what, it.found),
                        format!("Find why the drill “{title}” was not {}", it.what),
                    ),
                    SliState::NotEnoughData => trouble(
                        format!(
                            "Whether the drill “{title}” was {} is not known: {}.",
                            it.what, it.found
                        ),
                        format!(
                            "Do the drill “{title}” again so that it is known whether it was {}",
                            it.what
                        ),
                    ),
                }
            }
        }
    }
    let mut expected = score.expectations.iter();
    let is_said = expected.any(|it| it.state == SliState::Missed);
    // Fewer shoppers are nothing to see.
    let is_to_be_seen = entry.is_scored() && entry.action != EntryAction::ChannelOff;
    if is_to_be_seen && score.seen_first_by.is_empty() && !is_said {
        trouble(
            format!("No SLI saw the drill “{title}”."),
            format!("Decide which SLI is to see the drill “{title}”"),
        );
    }
    if score.recovery.state == RecoveryState::NotRecovered && !is_said {
        trouble(
            format!(
                "Not all was well again after the drill “{title}”: {}.",
                recovery_words(score.recovery)
            ),
            format!("Find why not all was well again after the drill “{title}”"),
        );
    }
    if entry.undo == UndoOutcome::Failed {
        trouble(
            format!(
                "The drill “{title}” could not be undone, and may still be in force{}.",
                because(&entry.undo_problem)
            ),
            format!("Undo what the drill “{title}” did, and see to it that it can be undone"),
        );
    }
    found
}
