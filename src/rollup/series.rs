//! What tells one series of requests from another.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::request_record::{Origin, RequestRecord, Text};

/// Everything of a request that is counted apart; a text is empty where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SeriesKey {
    /// Who made them.
    #[serde(with = "origin_name")]
    pub origin: Origin,
    /// The rehearsal they belong to; empty for logs.
    pub run_id: String,
    /// The service that answered.
    pub service: String,
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub route: String,
    /// HTTP status, 0 for no answer.
    pub status: u16,
    /// Why there was no answer.
    pub error: String,
    /// What kind of client made them.
    pub client_class: String,
    /// What sent the shopper.
    pub channel: String,
    /// Whether the proxy tried more than one server.
    pub is_retried: bool,
}

/// A part of a [`SeriesKey`] by which requests may be counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// The rehearsal they belong to.
    Run,
    /// The service that answered.
    Service,
    /// HTTP method.
    Method,
    /// Path template.
    Route,
    /// HTTP status.
    Status,
    /// Why there was no answer.
    Error,
    /// What kind of client made them.
    ClientClass,
    /// What sent the shopper.
    Channel,
    /// Whether the proxy tried more than one server.
    Retried,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Dimension; 9] = [
        Dimension::Run,
        Dimension::Service,
        Dimension::Method,
        Dimension::Route,
        Dimension::Status,
        Dimension::Error,
        Dimension::ClientClass,
        Dimension::Channel,
        Dimension::Retried,
    ];
}

impl SeriesKey {
    pub(super) fn of_record(record: &RequestRecord<'_>) -> Self {
        let text = |text: Option<Text<'_>>| text.as_deref().unwrap_or("").to_owned();
        Self {
            origin: record.origin,
            run_id: text(record.run_id),
            service: str::to_owned(&record.service),
            method: str::to_owned(&record.method),
            route: str::to_owned(&record.route),
            status: record.status,
            error: text(record.error),
            client_class: text(record.client_class),
            channel: text(record.channel),
            is_retried: record.upstream_tries.is_some_and(|tries| tries > 1),
        }
    }
}

/// Series by number, in the order in which they were first seen.
#[derive(Debug, Clone, Default)]
pub(super) struct SeriesTable {
    series: Vec<SeriesKey>,
    index: HashMap<SeriesKey, u32, foldhash::fast::RandomState>,
}

impl SeriesTable {
    pub fn number(&mut self, key: SeriesKey) -> u32 {
        if let Some(number) = self.index.get(&key) {
            return *number;
        }
        let number = u32::try_from(self.series.len()).unwrap_or(u32::MAX);
        self.series.push(key.clone());
        self.index.insert(key, number);
        number
    }

    pub fn series(&self) -> &[SeriesKey] {
        &self.series
    }

    pub fn into_series(self) -> Vec<SeriesKey> {
        self.series
    }
}

/// An origin by its stored name.
mod origin_name {
    use super::Origin;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(origin: &Origin, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(origin.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Origin, D::Error> {
        let name = String::deserialize(deserializer)?;
        Origin::from_name(&name).ok_or_else(|| D::Error::custom(format!("unknown origin `{name}`")))
    }
}
