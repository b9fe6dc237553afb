//! The answer to a what-if in words, for the terminal.

use super::imagined::Imagined;
use super::stretch::Traffic;
use super::{AnswerJson, LevelJson, Outcome};
use crate::cli::contacts::file::KnownFile;
use crate::cli::page::{contact_words, sli_unit};
use crate::cli::terminal::Terminal;
use crate::report::{BadSide, Unit, text};
use crate::sli;
use crate::support::{Direction, LevelAnswer};
use crate::time_window::seconds;

/// The answer in words.
pub struct Told<'a> {
    /// The answer as data.
    pub answer: &'a AnswerJson,
    /// What was imagined.
    pub imagined: &'a [Imagined<'a>],
    /// What comes of it.
    pub outcome: Option<&'a Outcome>,
    /// What it was learned from.
    pub file: &'a KnownFile,
    /// When, and how many sessions.
    pub traffic: &'a Traffic,
}

impl Told<'_> {
    /// All of it.
    pub fn text(&self, terminal: &Terminal) -> String {
        let mut blocks = Vec::new();
        blocks.extend(self.outcome.map(|outcome| self.outcome_words(outcome)));
        blocks.push(self.level_table(terminal));
        let mut basis = vec![format!(
            "Learned from {} ({}); customers are assumed to behave as then.",
            self.file.learned,
            self.file.path.display()
        )];
        basis.extend(self.file.remark.clone());
        blocks.push(basis.join(" "));
        blocks.join("\n\n")
    }

    fn outcome_words(&self, outcome: &Outcome) -> String {
        let causes = self.imagined.iter().map(|it| {
            format!(
                "{} at {}",
                it.title,
                text::quantity(it.value, sli_unit(it.unit))
            )
        });
        let causes: Vec<String> = causes.collect();
        let contacts = &outcome.contacts;
        let mut lines = vec![
            format!(
                "{} for {}, on {}, with {}:",
                causes.join(" and "),
                text::duration(seconds(self.traffic.lasting_us)),
                self.traffic.hour.words(),
                self.traffic_words()
            ),
            format!(
                "  {} more support contacts, beside the {} that come anyway",
                contact_words(contacts.excess.value, Some(contacts.excess.ci90)),
                text::estimate(contacts.quiet.value)
            ),
            format!(
                "  at most {} of them in one hour{}",
                text::estimate(outcome.peak_per_hour),
                self.desk_words(outcome)
            ),
        ];
        lines.extend(contacts.beyond_observed.iter().map(|beyond| {
            let it = self.imagined.iter().find(|it| it.sli.name == beyond.sli);
            let unit = it.map_or(Unit::Count, |it| sli_unit(it.unit));
            format!(
                "  {} is worse than all that was observed ({}): the number is that of {}, so at least so many{}",
                text::quantity(beyond.value, unit),
                text::quantity(beyond.worst_observed, unit),
                text::quantity(beyond.worst_observed, unit),
                share_hint(it)
            )
        }));
        lines.join("\n")
    }

    fn traffic_words(&self) -> String {
        let per_hour = text::estimate(self.traffic.per_hour);
        match self.traffic.usual_per_hour {
            Some(usual) if self.answer.sessions_per_hour > 0.0 && self.traffic.factor > 1.0 => {
                format!(
                    "{per_hour} sessions an hour ({} × the usual {})",
                    self.traffic.factor,
                    text::estimate(usual)
                )
            }
            _ => format!("{per_hour} {} an hour", self.traffic.unit.name()),
        }
    }

    fn desk_words(&self, outcome: &Outcome) -> String {
        match self.answer.spare_contacts_per_hour {
            None => String::new(),
            Some(spare) if outcome.peak_per_hour > spare => {
                format!(
                    ": more than the {} that the support desk can take",
                    text::estimate(spare)
                )
            }
            Some(spare) => format!("; the support desk can take {}", text::estimate(spare)),
        }
    }

    fn level_table(&self, terminal: &Terminal) -> String {
        let multiple = match (self.answer.multiple - 2.0).abs() < 1e-9 {
            true => "calls double".to_owned(),
            false => format!("{} × the calls", self.answer.multiple),
        };
        let full = self
            .answer
            .spare_contacts_per_hour
            .map(|_| format!("desk full on {}", self.traffic.hour.words()));
        let mut head = vec!["SLI", multiple.as_str()];
        head.extend(full.as_deref());
        let mut table = terminal.table(&head);
        for row in &self.answer.levels {
            let mut cells = vec![
                text::harmless(&row.title).into_owned(),
                answer(row.at_multiple.as_ref(), row),
            ];
            if full.is_some() {
                cells.push(answer(row.desk_full.as_ref(), row));
            }
            table.add_row(cells);
        }
        table.trim_fmt()
    }
}

/// Somebody who writes a share of errors where the SLI is one of good answers finds out here.
fn share_hint(imagined: Option<&Imagined<'_>>) -> String {
    let Some(it) = imagined else {
        return String::new();
    };
    let is_good_share = it.unit == sli::Unit::Share && it.sli.direction == Direction::LowerIsWorse;
    if !is_good_share || it.value > 0.5 {
        return String::new();
    }
    format!(
        " (hint: `{name}` is a share of good ones; where {} fail, write `{name}={}`)",
        text::quantity(it.value, Unit::Share),
        text::quantity(1.0 - it.value, Unit::Share).replace(' ', ""),
        name = it.sli.name
    )
}

fn answer(answer: Option<&LevelAnswer>, row: &LevelJson) -> String {
    let unit = sli_unit(row.unit);
    let side = match row.bad {
        BadSide::Above => "above",
        BadSide::Below => "below",
    };
    match answer {
        None => text::NO_VALUE.to_owned(),
        Some(LevelAnswer::At(level)) => format!(
            "{side} {} ({})",
            text::quantity(level.value, unit),
            text::interval(level.ci90, unit)
        ),
        Some(LevelAnswer::BeyondObserved { worst_observed }) => {
            format!(
                "not at {}, the worst that was observed",
                text::quantity(*worst_observed, unit)
            )
        }
        Some(LevelAnswer::AlreadyFull) => "always: the desk is full without any trouble".to_owned(),
    }
}
