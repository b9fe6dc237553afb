//! How often customers will have called while a partner was down.
//!
//! In: when partners were down, and customers' requests in the same lake. Out: contacts by what customers
//! met meanwhile. Probes call nobody, and what else was wrong at the same time is in the number, too.

use std::path::Path;

use super::file::{Knowledge, knowledge};
use super::pieces::NoPieces;
use super::{figure, pieces};
use crate::cli::arguments::RangeArguments;
use crate::cli::exit_code::Failure;
use crate::cli::page::contact_words;
use crate::cli::{definitions, range};
use crate::lake::Lake;
use crate::report::{PartnerContacts, text};
use crate::support::{PredictionWindow, predict};
use crate::time_window::{TimeWindow, now_us, rfc3339, seconds};

/// Contacts by partner, whose stretches are those in which it was down.
///
/// # Errors
/// When the threshold file cannot be used, or the lake has no customers in the range.
pub fn while_down(
    range: TimeWindow,
    stretches: &[Vec<TimeWindow>],
    defs: Option<&Path>,
    thresholds: &Path,
    lake: &Lake,
) -> Result<Vec<PartnerContacts>, Failure> {
    let set = definitions::sli_set(defs, None)?;
    let known = match knowledge(defs, Some(thresholds), &set, now_us())? {
        Knowledge::Known(known) => known,
        Knowledge::Unknown { because, .. } => return Err(Failure::usage(because)),
    };
    let (_, model) = *known;
    // Whole windows of the set around the range.
    let window_us = set.window_us;
    let floor = |us: i64| us.div_euclid(window_us) * window_us;
    let judged = range::judge(
        &RangeArguments {
            from: Some(rfc3339(floor(range.start_us))),
            to: Some(rfc3339(floor(range.end_us + window_us - 1))),
            defs: defs.map(Path::to_owned),
            ..RangeArguments::default()
        },
        lake,
    )?;
    let pieces = match pieces::pieces(&judged, &model, &[]) {
        Ok(pieces) => pieces,
        Err(NoPieces::Failed(failure)) => return Err(failure),
        Err(NoPieces::OtherExposure(because)) => {
            return Ok(stretches.iter().map(|_| unlike(&because)).collect());
        }
    };
    let of_partner = stretches.iter().map(|stretches| {
        let hit = pieces.windows.iter().filter(|window| overlaps(window, stretches));
        let hit: Vec<PredictionWindow> = hit.cloned().collect();
        if stretches.is_empty() {
            return not_known("It was not down, so that customers had nothing to call about it.", Some(0.0));
        }
        let contacts = predict(&model, &hit);
        let Some(found) = figure(&contacts, &hit) else {
            return not_known(
                "How often customers called while it was down is not known: too few of their requests are in the lake.",
                None,
            );
        };
        PartnerContacts {
            value: Some(found.value),
            interval: Some(found.interval),
            sentence: format!(
                "In the {} windows of {} in which it was down about {} support contacts are predicted, by what customers met \
                 then (90 % interval); whatever else was wrong at the same time is in it.",
                text::count(hit.len() as u64),
                text::duration(seconds(model.window_us)),
                contact_words(found.value, Some(found.interval))
            ),
        }
    });
    Ok(of_partner.collect())
}

fn overlaps(window: &PredictionWindow, stretches: &[TimeWindow]) -> bool {
    let end_us = window.start_us + window.length_us;
    let mut stretches = stretches.iter();
    stretches.any(|stretch| stretch.start_us < end_us && window.start_us < stretch.end_us)
}

fn unlike(because: &str) -> PartnerContacts {
    not_known(
        &format!("How often customers called while it was down is not known: {because}."),
        None,
    )
}

fn not_known(sentence: &str, value: Option<f64>) -> PartnerContacts {
    PartnerContacts {
        value,
        interval: None,
        sentence: sentence.to_owned(),
    }
}
