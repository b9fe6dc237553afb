//! Which column of an export is what.
//!
//! In: the header, a preset or none, and names that the user gives. Out: the place of each column that
//! is looked at. All others, the texts of tickets above all, are never touched.

use std::collections::BTreeMap;

use super::error::{TicketError, shown};
use super::preset::{Preset, normal};
use crate::declared_files::choices_hint;

/// What a column of an export can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TicketColumn {
    /// When the customer made contact.
    Created,
    /// What tells the ticket from all others.
    Id,
    /// Why the customer made contact, as the desk sorts it.
    Reason,
    /// The order it is about.
    Order,
    /// The customer, as the shop knows them.
    User,
    /// The session of the shop, as its log knows it.
    Session,
    /// By what way contact was made.
    Channel,
}

impl TicketColumn {
    /// All, in the order of the declaration.
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Id,
        Self::Reason,
        Self::Order,
        Self::User,
        Self::Session,
        Self::Channel,
    ];

    /// As `--columns` and mapping files write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Id => "id",
            Self::Reason => "reason",
            Self::Order => "order",
            Self::User => "user",
            Self::Session => "session",
            Self::Channel => "channel",
        }
    }
}

/// Headings of columns that the user names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnNames(pub BTreeMap<TicketColumn, String>);

impl ColumnNames {
    /// Reads `created=Created at,order=Order ID`. A heading that has a comma needs a mapping file.
    ///
    /// # Errors
    /// A part that is no `column=heading`, a column that is none, or one that is named twice.
    pub fn parse(text: &str) -> Result<Self, TicketError> {
        let mut names = BTreeMap::new();
        for part in text.split(',') {
            let (column, heading) = part.split_once('=').unwrap_or((part, ""));
            let (column, heading) = (column.trim(), heading.trim());
            let known = TicketColumn::ALL.map(TicketColumn::name);
            let Some(found) = TicketColumn::ALL
                .into_iter()
                .find(|known| known.name() == column)
            else {
                return Err(TicketError::ColumnList {
                    part: shown(part),
                    hint: choices_hint(column, &known, "columns"),
                });
            };
            if heading.is_empty() || names.insert(found, heading.to_owned()).is_some() {
                return Err(TicketError::ColumnList {
                    part: shown(part),
                    hint: "write each column once, as `created=Created at,order=Order ID`"
                        .to_owned(),
                });
            }
        }
        Ok(Self(names))
    }
}

/// Where in a row what is looked at stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// By what the other headings were understood.
    pub preset: Preset,
    /// The heading of each column that is looked at.
    pub headings: BTreeMap<TicketColumn, String>,
    /// The zone that the heading of the created time names.
    pub zone_name: Option<String>,
    /// Whether a ticket's id is a number in exports of this kind.
    pub is_id_number: bool,
    /// Cells of a whole row.
    pub cells: usize,
    places: BTreeMap<TicketColumn, usize>,
}

impl Columns {
    /// Understands the header of a file.
    ///
    /// # Errors
    /// When there is no created column, or a column that was named is not there.
    pub fn resolve(
        header: &[String],
        preset: Option<Preset>,
        names: &ColumnNames,
    ) -> Result<Self, TicketError> {
        let preset = preset.unwrap_or_else(|| Preset::of_header(header));
        let mut places = BTreeMap::new();
        for column in TicketColumn::ALL {
            let place = match names.0.get(&column) {
                Some(heading) => Some(named(header, column, heading)?),
                None => preset.place(header, column),
            };
            places.extend(place.map(|place| (column, place)));
        }
        let Some(created) = places.get(&TicketColumn::Created) else {
            return Err(TicketError::NoCreatedColumn {
                headings: header.iter().map(|heading| shown(heading)).collect(),
                preset: preset.name(),
            });
        };
        let is_id_number = preset.is_id_number() && !names.0.contains_key(&TicketColumn::Id);
        let headings = places
            .iter()
            .map(|(column, place)| (*column, shown(&header[*place])));
        Ok(Self {
            preset,
            zone_name: normal(&header[*created]).zone,
            headings: headings.collect(),
            is_id_number,
            cells: header.len(),
            places,
        })
    }

    /// The place of a column in a row, from 0.
    #[must_use]
    pub fn place(&self, column: TicketColumn) -> Option<usize> {
        self.places.get(&column).copied()
    }
}

fn named(header: &[String], column: TicketColumn, heading: &str) -> Result<usize, TicketError> {
    let exactly = |found: &String| found.trim() == heading;
    let alike = |found: &String| normal(found).name == normal(heading).name;
    let place = header.iter().position(exactly);
    place
        .or_else(|| header.iter().position(alike))
        .ok_or_else(|| {
            let headings: Vec<String> = header.iter().map(|heading| shown(heading)).collect();
            let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
            TicketError::UnknownHeading {
                column: column.name(),
                heading: shown(heading),
                hint: choices_hint(heading, &headings, "columns of the file"),
            }
        })
}
