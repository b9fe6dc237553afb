//! What directors read of the example week.

use super::super::super::page::{
    Comparison, ContactEstimate, DirectorPart, JourneyRow, KeyFigure, LevelSource, ReactionRow,
    State, Unit, WorstHour,
};
use super::{CAMPAIGN, minute, repeat};

/// The part.
pub fn part() -> DirectorPart {
    DirectorPart {
        journeys: journeys(),
        key_figures: key_figures(),
        contacts: Some(contacts()),
        worst_hour: Some(WorstHour {
            start_us: minute(CAMPAIGN[0]),
            sentence: "33 % of checkouts failed; about 2,400 orders fewer than expected.".into(),
        }),
        changes: Some(vec![
            "Checkouts answered without an error: 99.3 % after 99.8 % last week.".into(),
            "Traffic from partners: +61 %.".into(),
        ]),
        reactions: reactions(),
    }
}

fn journeys() -> Vec<JourneyRow> {
    [
        (
            "Check out and pay",
            State::Missed,
            "99.3 % of checkouts worked against 99.5 %; 137 % of the week's budget is used.",
        ),
        (
            "Refund",
            State::NotEnoughData,
            "12 refunds are too few to judge.",
        ),
        (
            "Browse and search",
            State::Met,
            "99.97 % of pages within 500 ms against 99 %.",
        ),
        (
            "Fill a cart",
            State::Met,
            "99.9 % of carts worked against 99.5 %.",
        ),
    ]
    .map(|(title, state, sentence)| JourneyRow {
        title: title.into(),
        state,
        sentence: sentence.into(),
    })
    .into()
}

fn contacts() -> ContactEstimate {
    ContactEstimate {
        value: Some(1_240.0),
        interval: Some([900.0, 1_700.0]),
        basis:
            "41 min beyond the contact level of paying; levels learned from 31 weeks of contacts."
                .into(),
        levels_from: LevelSource::Calibration,
        crossings: vec![
            "Failed checkouts above 5 % on Friday from 20:01, for 41 min.".into(),
            "Time to check out above 4 s on Friday from 20:03, for 38 min.".into(),
        ],
    }
}

fn key_figures() -> Vec<KeyFigure> {
    vec![
        KeyFigure {
            title: "Orders per minute".into(),
            value: Some(39.8),
            unit: Unit::PerMinute,
            interval: Some([39.7, 39.9]),
            count: None,
            comparisons: vec![
                compared("last week", 41.2, -0.034, false),
                compared("same week last year", 35.1, 0.134, true),
                compared("expected", 42.0, -0.052, true),
            ],
        },
        KeyFigure {
            title: "Carts filled per second".into(),
            value: Some(1.508),
            unit: Unit::PerSecond,
            interval: Some([1.505, 1.511]),
            count: None,
            comparisons: vec![
                compared("last week", 1.42, 0.062, true),
                Comparison {
                    against: "same week last year".into(),
                    value: None,
                    change_share: None,
                    is_outside_noise: None,
                    missing_reason: Some("the lake begins on 2026-03-02".into()),
                },
                compared("expected", 1.44, 0.047, false),
            ],
        },
    ]
}

fn compared(against: &str, value: f64, change_share: f64, is_outside_noise: bool) -> Comparison {
    Comparison {
        against: against.into(),
        value: Some(value),
        change_share: Some(change_share),
        is_outside_noise: Some(is_outside_noise),
        missing_reason: None,
    }
}

fn reactions() -> Vec<ReactionRow> {
    vec![
        ReactionRow {
            sli: "Checkouts answered without an error".into(),
            level: "contact".into(),
            from_us: minute(CAMPAIGN[0] + 1),
            lasted_s: 2_460.0,
            told: vec!["support desk".into(), "on-call".into(), "executives".into()],
            reaction: Some("Turn the campaign off, put the banner up.".into()),
        },
        ReactionRow {
            sli: "Time to check out".into(),
            level: "warn".into(),
            from_us: minute(CAMPAIGN[0] + 2),
            lasted_s: 2_520.0,
            told: vec!["on-call".into()],
            reaction: None,
        },
    ]
}

/// Fills every table.
pub fn crowd(part: &mut DirectorPart, count: usize) {
    repeat(&mut part.journeys, count);
    repeat(&mut part.key_figures, count);
    repeat(&mut part.reactions, count);
    if let Some(changes) = &mut part.changes {
        repeat(changes, count);
    }
    if let Some(contacts) = &mut part.contacts {
        repeat(&mut contacts.crossings, count);
    }
}
