//! Who placed the orders that tickets name.
//!
//! In: rows of the lake with a kept query (`ingest --keep-query order`). Out: the order of a row, and the
//! shoppers of orders, as keyed hashes.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int32Type;

use super::export::TicketKeys;
use crate::cli::customers::is_person;
use crate::cli::exit_code::Failure;
use crate::cli::shoppers::ShoppersError;
use crate::lake::{LakeReader, RowFilter, column};
use crate::request_record::Origin;
use crate::rollup::{RowReader, SeriesKey};
use crate::support::tickets::KeyKind;
use crate::time_window::TimeWindow;

/// Kept query parameters that name an order.
const ORDER_PARAMETERS: [&str; 8] = [
    "order",
    "order_id",
    "orderid",
    "orderId",
    "order_no",
    "order_number",
    "orderNumber",
    "ordernumber",
];

/// By order, the shoppers who asked for something with it in its query; orders that the range does not
/// know are missing.
///
/// # Errors
/// When the lake cannot be read.
pub fn shoppers_of_orders(
    reader: &LakeReader,
    range: TimeWindow,
    orders: &HashSet<i64>,
    keys: &TicketKeys,
) -> Result<HashMap<i64, Vec<i64>>, Failure> {
    let mut found: HashMap<i64, Vec<i64>> = HashMap::new();
    if orders.is_empty() {
        return Ok(found);
    }
    let filter = RowFilter {
        window: Some(range),
    };
    let mut columns = RowReader::columns();
    columns.push(column::QUERY);
    let mut rows = RowReader::default();
    let is_wanted = |series: &SeriesKey| series.origin == Origin::Customer && is_person(series);
    let parts = reader.files().iter();
    for part in parts.filter(|part| part.may_hold_any_of(range)) {
        reader.for_each_batch_of(part, &columns, filter, |batch| {
            let read = rows.read(batch, is_wanted)?;
            let of_batch = Orders::new(batch, keys);
            for row in read.iter().filter(|row| range.contains(row.ts_us)) {
                let order = of_batch.of(row.row).filter(|order| orders.contains(order));
                if let Some((order, shopper)) = order.zip(row.shopper) {
                    let shoppers = found.entry(order).or_default();
                    if !shoppers.contains(&shopper) {
                        shoppers.push(shopper);
                    }
                }
            }
            Ok::<(), ShoppersError>(())
        })?;
    }
    Ok(found)
}

/// The orders that the rows of a batch name in a kept parameter, hashed.
pub struct Orders<'a> {
    by_text: Vec<Option<i64>>,
    batch: &'a RecordBatch,
}

impl<'a> Orders<'a> {
    /// Of a batch that was read with the column of the query.
    pub fn new(batch: &'a RecordBatch, keys: &TicketKeys) -> Self {
        let texts = batch.column_by_name(column::QUERY).and_then(|column| {
            let dictionary = column.as_dictionary_opt::<Int32Type>()?;
            dictionary.values().as_string_opt::<i32>()
        });
        let order = |text: Option<&str>| {
            let order = order_of(text?)?;
            keys.hash(KeyKind::Order, &order)
        };
        Self {
            by_text: texts.map_or_else(Vec::new, |texts| texts.iter().map(order).collect()),
            batch,
        }
    }

    /// The order of a row of the batch.
    pub fn of(&self, row: usize) -> Option<i64> {
        if self.by_text.is_empty() {
            return None;
        }
        let column = self.batch.column_by_name(column::QUERY)?;
        let dictionary = column.as_dictionary_opt::<Int32Type>()?;
        self.by_text.get(dictionary.key(row)?).copied().flatten()
    }
}

/// The order that a kept query names.
fn order_of(query: &str) -> Option<Cow<'_, str>> {
    let found = query.split('&').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        ORDER_PARAMETERS.contains(&name).then_some(value)
    })?;
    let bytes = found.as_bytes();
    if !bytes.contains(&b'%') {
        return Some(Cow::Borrowed(found));
    }
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes
            .get(at + 1..at + 3)
            .and_then(|hex| std::str::from_utf8(hex).ok());
        match (
            bytes[at],
            hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()),
        ) {
            (b'%', Some(byte)) => {
                plain.push(byte);
                at += 3;
            }
            (byte, _) => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    Some(Cow::Owned(String::from_utf8_lossy(&plain).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_a_query_is_that_of_the_first_parameter_that_names_one() {
        for (query, order) in [
            ("order=SO-1", Some("SO-1")),
            ("page=2&order_id=A%2F7&order=x", Some("A/7")),
            ("orders=1", None),
            ("order=100%", Some("100%")),
            ("", None),
        ] {
            assert_eq!(order_of(query).as_deref(), order, "{query}");
        }
    }
}
