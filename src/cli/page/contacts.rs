//! Support contacts on a page: the prediction with what it rests on, and the page of a calibration.

mod calibration;

use super::sli_unit;
pub use calibration::{
    CalibrationSource, calibration_page, check_calibration_kind, write_calibration,
};

use crate::cli::contacts::{ContactOutlook, Predicted};
use crate::cli::range::Judged;
use crate::report::{BadSide, ContactFigure, ContactPart, ContactSliRow, Unit, text};
use crate::support::{
    ContactPrediction, Direction, Interval, LevelAnswer, LevelRule, SliContacts, level_of,
};

/// The level in the table is where contacts are so many times those of a quiet shop.
const MULTIPLE: f64 = 2.0;

/// The part of a page; `None` where no levels were learned from contacts.
pub fn part(judged: &Judged) -> Option<ContactPart> {
    let predicted = match judged.contacts.as_ref()? {
        ContactOutlook::Predicted(predicted) => predicted,
        ContactOutlook::NotKnown { because, has_file } => {
            return has_file.then(|| ContactPart {
                sentence: format!("No support contacts are predicted: {because}."),
                ..ContactPart::default()
            });
        }
    };
    let contacts = &predicted.contacts;
    let is_run = judged.run.is_some();
    let mut rows: Vec<&SliContacts> = contacts.by_sli.iter().collect();
    rows.sort_by(|one, other| other.excess.value.total_cmp(&one.excess.value));
    Some(ContactPart {
        sentence: sentence(contacts, is_run),
        predicted: Some(contact_figure(contacts.excess)),
        quiet: Some(contacts.quiet.value),
        sessions: Some(contacts.sessions),
        by_sli: rows
            .into_iter()
            .map(|row| sli_row(judged, predicted, row))
            .collect(),
        assumptions: predicted.assumptions(is_run),
    })
}

/// The sentence of the verdict about contacts, with a space before it; empty where none are predicted.
pub fn calls(judged: &Judged) -> String {
    match &judged.contacts {
        Some(ContactOutlook::Predicted(predicted)) => {
            format!(
                " {}",
                verdict_words(&predicted.contacts, judged.run.is_some())
            )
        }
        Some(ContactOutlook::NotKnown { .. }) | None => String::new(),
    }
}

fn verdict_words(contacts: &ContactPrediction, is_run: bool) -> String {
    let words = contact_words(contacts.excess.value, Some(contacts.excess.ci90));
    match (is_run, contacts.excess.value < 0.5) {
        (true, true) => format!("It would have cost no more than a few support contacts: {words}."),
        (true, false) => format!("It would have cost about {words} support contacts."),
        (false, true) => {
            format!("It cost no more than a few support contacts: {words} are predicted.")
        }
        (false, false) => format!("About {words} support contacts are predicted to come of it."),
    }
}

fn sentence(contacts: &ContactPrediction, is_run: bool) -> String {
    format!(
        "{} Of {} sessions about {} contacts come anyway. Intervals are 90 %.",
        verdict_words(contacts, is_run),
        text::estimate(contacts.sessions),
        text::estimate(contacts.quiet.value)
    )
}

/// A number of contacts with its 90 % interval, e.g. `1 240 (900 to 1 700)`.
pub fn contact_words(value: f64, interval: Option<[f64; 2]>) -> String {
    let value = text::estimate(value);
    interval.map_or_else(
        || value.clone(),
        |[low, high]| {
            format!(
                "{value} ({} to {})",
                text::estimate(low),
                text::estimate(high)
            )
        },
    )
}

fn contact_figure(interval: Interval) -> ContactFigure {
    ContactFigure {
        value: interval.value,
        interval: Some(interval.ci90),
    }
}

fn sli_row(judged: &Judged, predicted: &Predicted, row: &SliContacts) -> ContactSliRow {
    let plan = judged.set.slis.iter().find(|plan| plan.name == row.sli);
    let unit = plan.map_or(Unit::Count, |plan| sli_unit(plan.unit()));
    let title = |name: &String| {
        let mut slis = judged.set.slis.iter();
        slis.find(|plan| plan.name == *name)
            .map_or_else(|| name.clone(), |plan| plan.title.clone())
    };
    let titles: Vec<String> = std::iter::once(&row.sli)
        .chain(&row.stands_for)
        .map(title)
        .collect();
    let model = predicted.model.slis.iter().find(|sli| sli.name == row.sli);
    let level = match level_of(&predicted.model, &row.sli, LevelRule::Multiple(MULTIPLE)) {
        Some(LevelAnswer::At(level)) => Some(level.value),
        Some(LevelAnswer::BeyondObserved { .. } | LevelAnswer::AlreadyFull) | None => None,
    };
    let mut beyond = predicted.contacts.beyond_observed.iter();
    let remark = beyond.find(|beyond| beyond.sli == row.sli).map(|beyond| {
        format!(
            "It was worse than all that was observed with customers ({}), and counts as that: so at least so many.",
            text::quantity(beyond.worst_observed, unit)
        )
    });
    let remark = remark.or_else(|| {
        let is_unknown = row.worst.is_none();
        is_unknown.then(|| {
            "Too few requests told it in any window; contacts about it are not in the number."
                .to_owned()
        })
    });
    ContactSliRow {
        title: titles.join(", "),
        predicted: Some(contact_figure(row.excess)),
        unit,
        worst: row.worst,
        level,
        bad: match model.map(|sli| sli.direction) {
            Some(Direction::HigherIsWorse) | None => BadSide::Above,
            Some(Direction::LowerIsWorse) => BadSide::Below,
        },
        remark,
    }
}
