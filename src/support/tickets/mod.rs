//! Support tickets: when customers made contact, from the CSV export of a ticket system.
//!
//! In: a file, which of its columns is what, the zone of its times, the range that the lake has, and a
//! keyed hash. Out: [`Tickets`], with every row that was left out counted by its reason, or why the file
//! cannot be learned from. Texts of tickets are never looked at: only cells of the columns that are
//! mapped are. Orders, users and sessions leave this module as keyed hashes only.

mod columns;
mod created;
mod definition;
mod error;
mod moment;
mod net;
mod preset;
mod quality;
mod read;
mod table;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

pub use columns::{ColumnNames, TicketColumn};
pub use definition::{ColumnsDefinition, DayOrderName, PresetName, TicketMappingDefinition};
pub use error::TicketError;
pub use moment::DayOrder;
pub use net::NET_WITHIN_US;
pub use preset::Preset;
pub use read::{Reading, UNREAD_SHARE_MAX, read_tickets, read_tickets_from};

/// What an identifier in a ticket names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// An order.
    Order,
    /// A customer.
    User,
    /// A session of the shop.
    Session,
}

/// One ticket. It has no text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticket {
    /// When contact was made, UTC µs.
    pub created_us: i64,
    /// Index into [`Tickets::reasons`].
    pub reason: Option<u32>,
    /// Index into [`Tickets::channels`].
    pub channel: Option<u32>,
    /// Keyed hash of the order.
    pub order: Option<i64>,
    /// Keyed hash of the customer.
    pub user: Option<i64>,
    /// Keyed hash of the session.
    pub session: Option<i64>,
    /// Whether it is the first of its contact: one per order or shopper within a day.
    pub is_net: bool,
}

/// The tickets of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tickets {
    /// In order of time.
    pub tickets: Vec<Ticket>,
    /// Reasons, in the order of their first ticket.
    pub reasons: Vec<String>,
    /// Channels, in the order of their first ticket.
    pub channels: Vec<String>,
    /// From here on the export has tickets, UTC µs; the start of the range if there are older ones.
    pub covered_from_us: i64,
    /// First µs after what the export has: behind its last ticket, or the end of the range if there are
    /// later ones.
    pub covered_to_us: i64,
    /// What became of every row.
    pub account: Account,
}

/// What became of every row: `rows` = `gross` + the sum of `dropped`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Whose export it was taken for.
    pub preset: &'static str,
    /// Headings of the columns that were looked at.
    pub columns: BTreeMap<&'static str, String>,
    /// Rows of the file, without header and blank lines.
    pub rows: u64,
    /// Contacts as they came.
    pub gross: u64,
    /// Contacts, one per order or shopper within 24 h.
    pub net: u64,
    /// Rows that were left out, by reason.
    pub dropped: Vec<Dropped>,
}

/// Rows that were left out for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// Why, in words.
    pub reason: &'static str,
    /// How many.
    pub rows: u64,
    /// Lines of the first of them.
    pub first_lines: Vec<u64>,
}
