//! What tells one series of requests from another.

use std::hash::BuildHasher;

use hashbrown::HashTable;
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
    /// First digit of the HTTP status, as the lowest status of its class: 200, 500; 0 for no answer. It says
    /// less than [`Dimension::Status`], and nothing beside it.
    StatusClass,
    /// Why there was no answer.
    Error,
    /// What kind of client made them.
    ClientClass,
    /// What sent the shopper.
    Channel,
    /// Whether the proxy tried more than one server.
    Retried,
}

/// The lowest status of the class of a status; that of a status below 100 is 1, and no answer stays 0.
pub(super) fn class_of(status: i32) -> i32 {
    match status {
        ..=0 => 0,
        1..100 => 1,
        status => status / 100 * 100,
    }
}

impl Dimension {
    /// Every dimension that says something of its own.
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
    /// The series of the texts of a row, in the order of the fields; an origin that is none counts as a customer.
    pub(super) fn of_texts(texts: [String; 8], status: u16, is_retried: bool) -> Self {
        let [
            origin,
            run_id,
            service,
            method,
            route,
            error,
            client_class,
            channel,
        ] = texts;
        Self {
            origin: Origin::from_name(&origin).unwrap_or(Origin::Customer),
            run_id,
            service,
            method,
            route,
            status,
            error,
            client_class,
            channel,
            is_retried,
        }
    }

    fn parts(&self) -> SeriesParts<'_> {
        SeriesParts {
            origin: self.origin,
            run_id: &self.run_id,
            service: &self.service,
            method: &self.method,
            route: &self.route,
            status: self.status,
            error: &self.error,
            client_class: &self.client_class,
            channel: &self.channel,
            is_retried: self.is_retried,
        }
    }
}

/// A [`SeriesKey`] whose texts are elsewhere: looking one up makes no texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SeriesParts<'a> {
    pub origin: Origin,
    pub run_id: &'a str,
    pub service: &'a str,
    pub method: &'a str,
    pub route: &'a str,
    pub status: u16,
    pub error: &'a str,
    pub client_class: &'a str,
    pub channel: &'a str,
    pub is_retried: bool,
}

impl<'a> SeriesParts<'a> {
    pub fn of_record(record: &'a RequestRecord<'a>) -> Self {
        fn text<'a>(text: &'a Option<Text<'a>>) -> &'a str {
            text.as_deref().unwrap_or("")
        }
        Self {
            origin: record.origin,
            run_id: text(&record.run_id),
            service: &record.service,
            method: &record.method,
            route: &record.route,
            status: record.status,
            error: text(&record.error),
            client_class: text(&record.client_class),
            channel: text(&record.channel),
            is_retried: record.upstream_tries.is_some_and(|tries| tries > 1),
        }
    }

    fn to_key(self) -> SeriesKey {
        SeriesKey {
            origin: self.origin,
            run_id: self.run_id.to_owned(),
            service: self.service.to_owned(),
            method: self.method.to_owned(),
            route: self.route.to_owned(),
            status: self.status,
            error: self.error.to_owned(),
            client_class: self.client_class.to_owned(),
            channel: self.channel.to_owned(),
            is_retried: self.is_retried,
        }
    }
}

/// Series by number, in the order in which they were first seen.
#[derive(Debug, Clone, Default)]
pub(super) struct SeriesTable {
    series: Vec<SeriesKey>,
    /// The numbers, by the hash of their series.
    index: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
}

impl SeriesTable {
    pub fn number(&mut self, key: &SeriesKey) -> u32 {
        self.number_of(key.parts())
    }

    pub fn number_of(&mut self, parts: SeriesParts<'_>) -> u32 {
        let series = &self.series;
        let of = |number: &u32| series[*number as usize].parts();
        let hash = self.hasher.hash_one(parts);
        if let Some(number) = self.index.find(hash, |number| of(number) == parts) {
            return *number;
        }
        let number = u32::try_from(series.len()).unwrap_or(u32::MAX);
        self.series.push(parts.to_key());
        let series = &self.series;
        let hash_of = |number: &u32| self.hasher.hash_one(series[*number as usize].parts());
        self.index.insert_unique(hash, number, hash_of);
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
