//! What a mapping file says of an export of tickets.

use schemars::JsonSchema;
use serde::Deserialize;

use super::columns::{ColumnNames, TicketColumn};
use super::moment::DayOrder;
use super::preset::Preset;

/// How to read the exports of a support desk.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketMappingDefinition {
    /// Whose export it is; tells the headings that are not named here.
    pub tickets: PresetName,
    /// Zone of created times that name none, e.g. `Europe/Berlin`.
    #[serde(default)]
    #[schemars(length(min = 1, max = 100))]
    pub time_zone: Option<String>,
    /// Which number of `03/04/2026` is the day.
    #[serde(default)]
    pub dates: Option<DayOrderName>,
    /// Headings of the export.
    #[serde(default)]
    pub columns: ColumnsDefinition,
    /// Contacts of these reasons count, as the export writes them; without it all.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    pub reasons: Vec<String>,
}

/// Whose export it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresetName {
    /// Told by the header.
    Auto,
    /// Zendesk Support.
    Zendesk,
    /// Intercom.
    Intercom,
    /// Freshdesk.
    Freshdesk,
    /// Jira and Jira Service Management.
    Jira,
    /// Plain words, such as `created_at`.
    Plain,
}

/// Which number is the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DayOrderName {
    /// `27/11/2026`.
    DayFirst,
    /// `11/27/2026`.
    MonthFirst,
}

/// Headings of the columns that are looked at; no other is.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnsDefinition {
    /// When the customer made contact.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    pub created: Option<String>,
    /// What tells the ticket from all others.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    pub id: Option<String>,
    /// Why the customer made contact, as the desk sorts it.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    pub reason: Option<String>,
    /// The order it is about.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    pub order: Option<String>,
    /// The customer, as the shop knows them.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    pub user: Option<String>,
    /// The session of the shop, as its log knows it.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    pub session: Option<String>,
    /// By what way contact was made.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    pub channel: Option<String>,
}

impl ColumnsDefinition {
    /// The headings that are named.
    #[must_use]
    pub fn names(&self) -> ColumnNames {
        let named = TicketColumn::ALL.map(|column| (column, self.heading(column).cloned()));
        let named = named.into_iter();
        ColumnNames(
            named
                .filter_map(|(column, heading)| Some((column, heading?)))
                .collect(),
        )
    }

    fn heading(&self, column: TicketColumn) -> Option<&String> {
        match column {
            TicketColumn::Created => self.created.as_ref(),
            TicketColumn::Id => self.id.as_ref(),
            TicketColumn::Reason => self.reason.as_ref(),
            TicketColumn::Order => self.order.as_ref(),
            TicketColumn::User => self.user.as_ref(),
            TicketColumn::Session => self.session.as_ref(),
            TicketColumn::Channel => self.channel.as_ref(),
        }
    }
}

impl From<PresetName> for Option<Preset> {
    fn from(name: PresetName) -> Self {
        match name {
            PresetName::Auto => None,
            PresetName::Zendesk => Some(Preset::Zendesk),
            PresetName::Intercom => Some(Preset::Intercom),
            PresetName::Freshdesk => Some(Preset::Freshdesk),
            PresetName::Jira => Some(Preset::Jira),
            PresetName::Plain => Some(Preset::Plain),
        }
    }
}

impl From<DayOrderName> for DayOrder {
    fn from(name: DayOrderName) -> Self {
        match name {
            DayOrderName::DayFirst => DayOrder::DayFirst,
            DayOrderName::MonthFirst => DayOrder::MonthFirst,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_of_the_schema_is_checked() {
        let unknown = crate::declared_files::unchecked_keywords::<TicketMappingDefinition>();
        assert_eq!(unknown, Vec::<String>::new());
    }
}
