//! Customers' requests of a part of the lake, as `learn` takes them.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int32Type;

use crate::cli::customers::is_person;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::shoppers::ShoppersError;
use crate::drafts::learned::{LearnedPlan, ProductCounts, Request, RequestSeries, Requests};
use crate::lake::{LakeReader, RowFilter, column};
use crate::request_record::Origin;
use crate::rollup::{RowReader, SeriesKey, SeriesRow};
use crate::time_window::{TimeWindow, rfc3339};

/// The longest pause within a session, µs, as web analytics and the report have it.
const SESSION_GAP_US: i64 = 30 * 60_000_000;
/// Rows that are held at once, 24 bytes each; of more, every second or third shopper is looked at.
const ROWS_MAX: u64 = 20_000_000;
const MINUTE_US: i64 = 60_000_000;
/// Query parameters that name a product.
const PRODUCT_PARAMETERS: [&str; 9] = [
    "product",
    "product_id",
    "productid",
    "item",
    "item_id",
    "itemid",
    "pid",
    "sku",
    "p",
];

/// What was asked for; `None` for as far as the lake goes.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// First µs.
    pub from_us: Option<i64>,
    /// First µs after it.
    pub to_us: Option<i64>,
}

/// What the lake has of it.
#[derive(Debug)]
pub struct CustomerRequests {
    /// The requests, those of half an hour before and of an hour after among them.
    pub requests: Requests,
    /// How often products were asked for, where parameters are kept.
    pub products: ProductCounts,
    /// What was asked for, as far as there are requests.
    pub range: TimeWindow,
    /// Said where that is less than was asked for.
    pub cut: Option<String>,
    known_until_us: i64,
}

impl CustomerRequests {
    /// What is learned from them.
    pub fn plan(&self, share_min: f64) -> LearnedPlan {
        LearnedPlan {
            range: self.range,
            known_until_us: self.known_until_us,
            gap_us: SESSION_GAP_US,
            share_min,
        }
    }
}

/// Reads the requests of people, whoever brought them; rehearsals and probes are none.
pub fn customer_requests(reader: &LakeReader, asked: &Asked) -> Result<CustomerRequests, Failure> {
    let window = match (asked.from_us, asked.to_us) {
        (None, None) => None,
        (from_us, to_us) => Some(TimeWindow {
            start_us: from_us.map_or(i64::MIN, |from_us| {
                from_us.saturating_sub(SESSION_GAP_US + 1)
            }),
            end_us: to_us.map_or(i64::MAX, |to_us| to_us.saturating_add(2 * SESSION_GAP_US)),
        }),
    };
    let mut reading = Reading::new(reader, window, asked);
    let mut columns = RowReader::columns();
    columns.push(column::QUERY);
    let filter = RowFilter { window };
    let mut rows = RowReader::default();
    let is_wanted = |series: &SeriesKey| series.origin == Origin::Customer && is_person(series);
    reader.for_each_batch(&columns, filter, |batch| {
        let read = rows.read(batch, is_wanted)?;
        reading.add(batch, rows.series(), &read);
        Ok::<(), ShoppersError>(())
    })?;
    reading.finish(rows.series(), asked)
}

struct Reading {
    window: Option<TimeWindow>,
    range: TimeWindow,
    requests: Requests,
    products: ProductCounts,
    /// By series and parameter, requests that name a product.
    named: BTreeMap<(u32, &'static str), u64>,
    extent_us: Option<(i64, i64)>,
}

impl Reading {
    fn new(reader: &LakeReader, window: Option<TimeWindow>, asked: &Asked) -> Self {
        let files = reader.files().iter();
        let files = files.filter(|file| window.is_none_or(|window| file.may_hold_any_of(window)));
        let records: u64 = files.map(|file| file.records).sum();
        Self {
            window,
            range: TimeWindow {
                start_us: asked.from_us.unwrap_or(i64::MIN),
                end_us: asked.to_us.unwrap_or(i64::MAX),
            },
            requests: Requests {
                one_of: records.div_ceil(ROWS_MAX).max(1),
                ..Requests::default()
            },
            products: ProductCounts::default(),
            named: BTreeMap::new(),
            extent_us: None,
        }
    }

    fn add(&mut self, batch: &RecordBatch, series: &[SeriesKey], rows: &[SeriesRow]) {
        let window = self.window;
        let rows = rows
            .iter()
            .filter(|row| window.is_none_or(|window| window.contains(row.ts_us)));
        let queries = batch
            .column_by_name(column::QUERY)
            .and_then(|column| column.as_dictionary_opt::<Int32Type>())
            .filter(|queries| queries.null_count() < queries.len());
        let texts = queries.and_then(|queries| queries.values().as_string_opt::<i32>());
        for row in rows {
            // Requests that are none (`-`) make no session longer.
            if !series[row.series as usize].route.starts_with('/') {
                continue;
            }
            let (from_us, to_us) = self.extent_us.unwrap_or((row.ts_us, row.ts_us));
            self.extent_us = Some((from_us.min(row.ts_us), to_us.max(row.ts_us)));
            let query = queries.zip(texts).and_then(|(queries, texts)| {
                let key = queries.key(row.row)?;
                product_of(texts.value(key))
            });
            let is_in_range = self.range.contains(row.ts_us);
            if is_in_range {
                self.requests.without_duration += u64::from(row.latency_us.is_none());
                if let Some((_, product)) = query {
                    self.products.add(product, u64::from(row.weight));
                }
            }
            self.requests.is_sampled_log |= row.weight > 1;
            let Some(shopper) = row.shopper else {
                self.requests.unattributed += u64::from(is_in_range);
                continue;
            };
            if shopper.unsigned_abs() % self.requests.one_of == 0 {
                if let Some((parameter, _)) = query {
                    *self.named.entry((row.series, parameter)).or_default() += 1;
                }
                self.requests.rows.push(Request {
                    shopper,
                    ts_us: row.ts_us,
                    series: row.series,
                    latency_us: row
                        .latency_us
                        .map_or(0, |us| u32::try_from(us).unwrap_or(u32::MAX)),
                });
            }
        }
    }

    fn finish(mut self, series: &[SeriesKey], asked: &Asked) -> Result<CustomerRequests, Failure> {
        let nothing = || {
            let message = "the lake has no requests of customers in that range (hint: `firedrill lake info` says what is in it; rehearsals are never learned from)";
            Failure::new(ExitCode::Input, message)
        };
        let (first_us, last_us) = self.extent_us.ok_or_else(nothing)?;
        // Whole minutes, as logs end at some second.
        let has = TimeWindow {
            start_us: first_us.div_euclid(MINUTE_US) * MINUTE_US,
            end_us: (last_us.div_euclid(MINUTE_US) + 1) * MINUTE_US,
        };
        let range = TimeWindow {
            start_us: self.range.start_us.max(has.start_us),
            end_us: self.range.end_us.min(has.end_us),
        };
        if range.start_us >= range.end_us {
            return Err(nothing());
        }
        let is_cut = asked
            .from_us
            .is_some_and(|from_us| from_us < range.start_us)
            || asked.to_us.is_some_and(|to_us| to_us > range.end_us);
        let cut = is_cut.then(|| {
            format!(
                "the lake has customers only from {} to {}",
                rfc3339(range.start_us),
                rfc3339(range.end_us)
            )
        });
        self.requests.series = series
            .iter()
            .map(|series| RequestSeries {
                method: series.method.clone(),
                route: series.route.clone(),
                status: series.status,
                channel: series.channel.clone(),
                ..RequestSeries::default()
            })
            .collect();
        for ((series, parameter), count) in self.named {
            let series = &mut self.requests.series[series as usize];
            series.product_parameters.insert(parameter, count);
        }
        Ok(CustomerRequests {
            requests: self.requests,
            products: self.products,
            range,
            cut,
            known_until_us: has.end_us,
        })
    }
}

/// The product that a kept query names, and the parameter.
fn product_of(query: &str) -> Option<(&'static str, &str)> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut named = pairs.filter_map(|(name, product)| {
        let mut known = PRODUCT_PARAMETERS.into_iter();
        known
            .find(|known| *known == name)
            .map(|known| (known, product))
    });
    named.next().filter(|(_, product)| !product.is_empty())
}
