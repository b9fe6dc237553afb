//! Support contacts to come, wherever somebody looks: of a rehearsal, its drills, a week, a what-if.
//!
//! In: what was judged, and a threshold file whose levels were learned from contacts. Out: a
//! [`ContactOutlook`] with a number and its interval, or the reason why there is none. Which file is
//! looked at stands in `file`; how time is cut, in `pieces`; `desk` tells whom problems hit.

mod desk;
mod file;
mod hits;
mod outreach;
mod pieces;
mod sessions;
mod shopper_keys;
mod tickets;
mod traffic;
mod what_if;
mod while_down;

use std::path::Path;

use serde::Serialize;

use super::exit_code::Failure;
use super::facts::RunFacts;
use super::range::Judged;
use super::terminal::Terminal;
use crate::game_day::{DrillScore, EntryEnd, PredictedContacts, RecoveryState};
use crate::report::text;
use crate::request_record::Origin;
use crate::support::{
    BeyondObserved, ContactModel, ContactPrediction, ExposureUnit, PredictionWindow, SliContacts,
    predict,
};
use crate::time_window::{TimeWindow, now_us};

pub use desk::desk;
pub use file::{Knowledge, KnownFile, knowledge};
pub use shopper_keys::run as shopper_keys;
pub use what_if::run;
pub use while_down::while_down;

use pieces::NoPieces;

/// How long after a moment, such as a deploy, its contacts still go with it where no SLI says when it
/// was over, µs.
const MOMENT_US: i64 = 60_000_000;

/// What is predicted of what was judged.
#[derive(Debug, Clone)]
pub enum ContactOutlook {
    /// A number.
    Predicted(Box<Predicted>),
    /// None, and why.
    NotKnown {
        /// The reason, with what would help.
        because: String,
        /// Whether there is a threshold file that could be expected to know.
        has_file: bool,
    },
}

/// A number and what it rests on.
#[derive(Debug, Clone)]
pub struct Predicted {
    /// The number.
    pub contacts: ContactPrediction,
    /// What it was learned from.
    pub file: KnownFile,
    /// The model, for levels.
    pub model: ContactModel,
}

/// Predicts the contacts of what was judged, and of each of its drills.
///
/// # Errors
/// When a threshold file that was named is damaged, stale or about other SLIs.
pub fn foresee(
    judged: &mut Judged,
    defs: Option<&Path>,
    thresholds: Option<&Path>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let known = match knowledge(defs, thresholds, &judged.set, now_us())? {
        Knowledge::Known(known) => known,
        Knowledge::Unknown { because, has_file } => {
            if has_file {
                terminal.note(&format!("no contacts are predicted: {because}"));
            }
            judged.contacts = Some(ContactOutlook::NotKnown { because, has_file });
            return Ok(());
        }
    };
    if let Some(because) = why_nobody_calls(judged) {
        judged.contacts = Some(ContactOutlook::NotKnown {
            because: because.to_owned(),
            has_file: true,
        });
        return Ok(());
    }
    let (file, model) = *known;
    let stretches: Vec<Option<TimeWindow>> = match &judged.run {
        Some(run) => judged
            .drills
            .iter()
            .map(|score| stretch(judged, run, score))
            .collect(),
        None => Vec::new(),
    };
    let pieces = match pieces::pieces(judged, &model, &stretches) {
        Ok(pieces) => pieces,
        Err(NoPieces::Failed(failure)) => return Err(failure),
        Err(NoPieces::OtherExposure(because)) => {
            terminal.note(&format!("no contacts are predicted: {because}"));
            judged.contacts = Some(ContactOutlook::NotKnown {
                because,
                has_file: true,
            });
            return Ok(());
        }
    };
    let drills: Vec<Option<PredictedContacts>> = stretches
        .iter()
        .map(|stretch| {
            let inside = pieces.inside((*stretch)?);
            figure(&predict(&model, &inside), &inside)
        })
        .collect();
    for (score, predicted) in judged.drills.iter_mut().zip(drills) {
        score.predicted_contacts = predicted;
    }
    let contacts = predict(&model, &pieces.windows);
    judged.contacts = Some(match figure(&contacts, &pieces.windows) {
        Some(_) => ContactOutlook::Predicted(Box::new(Predicted {
            contacts,
            file,
            model,
        })),
        None => ContactOutlook::NotKnown {
            because:
                "no window had sessions and enough requests to tell the SLIs whose levels were \
                      learned"
                    .to_owned(),
            has_file: true,
        },
    });
    Ok(())
}

/// The excess of a prediction, unless nothing of it is known: no window with sessions and an SLI.
fn figure(contacts: &ContactPrediction, windows: &[PredictionWindow]) -> Option<PredictedContacts> {
    let is_known = windows
        .iter()
        .any(|window| window.sessions.is_some() && window.values.iter().any(Option::is_some));
    is_known.then_some(PredictedContacts {
        value: contacts.excess.value,
        interval: contacts.excess.ci90,
    })
}

fn why_nobody_calls(judged: &Judged) -> Option<&'static str> {
    match (&judged.run, judged.origin) {
        (_, Origin::Probe) => Some("probes call nobody"),
        (Some(run), _) if !run.invalid_because.is_empty() => {
            Some("the run judges the load generator, not the target")
        }
        (None, Origin::Drill) => Some("rehearsals are told one by one (hint: --run ID)"),
        _ => None,
    }
}

/// When an entry made itself felt, UTC µs, in whole seconds: from its beginning until all was well again.
fn stretch(judged: &Judged, run: &RunFacts, score: &DrillScore) -> Option<TimeWindow> {
    const SECOND_US: i64 = 1_000_000;
    let began_us = score.entry.began_us.filter(|_| score.entry.is_scored())?;
    let end_us = judged.scope.range.end_us - run.started_us;
    let over_us = match score.entry.end {
        EntryEnd::Lasts => score.entry.ended_us(end_us),
        EntryEnd::Moment => began_us,
    };
    let after_us = match (score.recovery.state, score.recovery.after_us) {
        (RecoveryState::Recovered, Some(after_us)) => after_us,
        (RecoveryState::NotRecovered, _) => score.recovery.watched_us,
        (RecoveryState::Recovered | RecoveryState::NothingCrossed | RecoveryState::NotKnown, _) => {
            0
        }
    };
    let after_us = match score.entry.end {
        EntryEnd::Lasts => after_us,
        EntryEnd::Moment => after_us.max(MOMENT_US),
    };
    let from_us = began_us.div_euclid(SECOND_US) * SECOND_US;
    let to_us = (over_us + after_us + SECOND_US - 1).div_euclid(SECOND_US) * SECOND_US;
    let to_us = to_us.min(end_us);
    (from_us < to_us).then_some(TimeWindow {
        start_us: run.started_us + from_us,
        end_us: run.started_us + to_us,
    })
}

/// What `--json` prints: the contract is `value` and `interval`, contacts beyond those of a quiet shop.
#[derive(Debug, Default, Serialize)]
pub struct PredictedContactsJson {
    value: Option<f64>,
    /// 90 %.
    interval: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quiet: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    by_sli: Vec<SliContacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    windows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_windows: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    beyond_observed: Vec<BeyondObserved>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assumes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thresholds: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_because: Option<String>,
}

impl PredictedContactsJson {
    /// Of what was judged.
    pub fn of(judged: &Judged) -> Self {
        match &judged.contacts {
            None => Self::default(),
            Some(ContactOutlook::NotKnown { because, .. }) => Self {
                unknown_because: Some(because.clone()),
                ..Self::default()
            },
            Some(ContactOutlook::Predicted(predicted)) => Self {
                assumes: predicted.assumptions(judged.run.is_some()),
                ..Self::predicted(&predicted.contacts, &predicted.file)
            },
        }
    }

    /// Of a prediction.
    pub fn predicted(contacts: &ContactPrediction, file: &KnownFile) -> Self {
        Self {
            value: Some(contacts.excess.value),
            interval: Some(contacts.excess.ci90),
            quiet: Some(contacts.quiet.value),
            sessions: Some(contacts.sessions),
            by_sli: contacts.by_sli.clone(),
            windows: Some(contacts.windows),
            unknown_windows: Some(contacts.unknown_windows),
            beyond_observed: contacts.beyond_observed.clone(),
            assumes: Vec::new(),
            thresholds: Some(file.path.display().to_string()),
            unknown_because: None,
        }
    }
}

impl Predicted {
    /// What the number assumes and what it cannot know, a sentence each.
    pub fn assumptions(&self, is_rehearsal: bool) -> Vec<String> {
        let contacts = &self.contacts;
        let mut lines = vec![format!(
            "Customers behave as in the weeks learned from, {} ({}).",
            self.file.learned,
            self.file.path.display()
        )];
        lines.extend(self.file.remark.clone());
        lines.push(
            match (is_rehearsal, self.model.exposure) {
                (true, ExposureUnit::Sessions) => {
                    "Each simulated shopper who came stands for one session of a customer."
                }
                (false, ExposureUnit::Sessions) => {
                    "Every session counts, also one that failed at once."
                }
                (_, ExposureUnit::Requests) => {
                    "The levels were learned per request of the first step, since no shopper was known then; such requests are counted here, too."
                }
            }
            .to_owned(),
        );
        if contacts.unknown_windows > 0 {
            let share = contacts.unknown_sessions / contacts.sessions.max(f64::MIN_POSITIVE);
            lines.push(format!(
                "In {} of {} windows ({} of the sessions) too few requests told an SLI; contacts about what is \
                 unknown are not in the number.",
                text::count(contacts.unknown_windows),
                text::count(contacts.windows),
                text::quantity(share, crate::report::Unit::Share)
            ));
        }
        lines
    }
}
