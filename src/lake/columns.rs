//! Records become columns: one builder per column of the schema. Numbers are written as they come, so
//! that they stay in the nearest cache; texts, which are small numbers here, once per row group.

use std::sync::Arc;

use parquet::errors::ParquetError;
use zstd::bulk::Compressor;

use super::column_chunk::ZSTD_LEVEL;
use super::number_column::{NumberColumn, NumberKind};
use super::text_chunk::Texts;
use super::text_column::TextColumn;
use crate::latency_buckets::bucket_of;
use crate::request_record::{RequestRecord, Text};

const US_PER_MINUTE: i64 = 60_000_000;
/// Rows of a page of numbers.
const PAGE_ROWS: usize = 65_536;

/// One builder per column, in the order of the schema.
pub struct Columns {
    rows: usize,
    page_rows: usize,
    /// The minute of the last row, and when it began.
    last_minute: (i64, i64),
    zstd: Option<Compressor<'static>>,
    ts: NumberColumn,
    minute: NumberColumn,
    origin: TextColumn,
    run_id: TextColumn,
    service: TextColumn,
    method: TextColumn,
    route: TextColumn,
    status: NumberColumn,
    latency_us: NumberColumn,
    latency_bucket: NumberColumn,
    service_us: NumberColumn,
    bytes_in: NumberColumn,
    bytes_out: NumberColumn,
    shopper: NumberColumn,
    error: TextColumn,
    source: Texts,
    position: NumberColumn,
    client_class: TextColumn,
    client_name: TextColumn,
    channel: TextColumn,
    query: TextColumn,
    upstream_tries: NumberColumn,
    weight: NumberColumn,
    row_key: NumberColumn,
    first_byte_us: NumberColumn,
}

/// The columns of a row group, in the order of the schema.
pub struct Group<'a> {
    pub rows: usize,
    pub numbers: [&'a mut NumberColumn; 14],
    pub texts: [&'a Texts; 11],
    pub zstd: &'a mut Compressor<'static>,
}

/// The columns of numbers, in the order of the schema. Not a method, which would take hold of the texts, too.
macro_rules! numbers {
    ($columns:expr) => {
        [
            &mut $columns.ts,
            &mut $columns.minute,
            &mut $columns.status,
            &mut $columns.latency_us,
            &mut $columns.latency_bucket,
            &mut $columns.service_us,
            &mut $columns.bytes_in,
            &mut $columns.bytes_out,
            &mut $columns.shopper,
            &mut $columns.position,
            &mut $columns.upstream_tries,
            &mut $columns.weight,
            &mut $columns.row_key,
            &mut $columns.first_byte_us,
        ]
    };
}

impl Default for Columns {
    fn default() -> Self {
        let int = || NumberColumn::new(NumberKind::Int);
        let long = || NumberColumn::new(NumberKind::Long);
        let hash = || NumberColumn::new(NumberKind::Hash);
        let text = TextColumn::default;
        Self {
            rows: 0,
            page_rows: 0,
            last_minute: (0, 0),
            zstd: None,
            ts: long(),
            minute: int(),
            origin: text(),
            run_id: text(),
            service: text(),
            method: text(),
            route: text(),
            status: int(),
            latency_us: long(),
            latency_bucket: int(),
            service_us: long(),
            bytes_in: long(),
            bytes_out: long(),
            shopper: hash(),
            error: text(),
            source: Texts::default(),
            position: long(),
            client_class: text(),
            client_name: text(),
            channel: text(),
            query: text(),
            upstream_tries: int(),
            weight: int(),
            row_key: hash(),
            first_byte_us: long(),
        }
    }
}

impl std::fmt::Debug for Columns {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Columns {{ rows: {} }}", self.rows)
    }
}

fn long(value: Option<u64>) -> Option<i64> {
    value.map(|value| i64::try_from(value).unwrap_or(i64::MAX))
}

fn int(value: u32) -> i64 {
    i64::from(i32::try_from(value).unwrap_or(i32::MAX))
}

impl Columns {
    /// Rows of the row group at hand.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The minute of `ts_us`, which is mostly that of the last row.
    #[inline]
    fn minute_of(&mut self, ts_us: i64) -> i64 {
        let (_, began_us) = self.last_minute;
        let since_us = ts_us.wrapping_sub(began_us).cast_unsigned();
        if since_us >= US_PER_MINUTE.cast_unsigned() {
            let minute = ts_us.div_euclid(US_PER_MINUTE);
            self.last_minute = (minute, minute.wrapping_mul(US_PER_MINUTE));
        }
        self.last_minute.0
    }

    #[inline]
    pub fn push(&mut self, record: &RequestRecord<'_>) -> Result<(), ParquetError> {
        let minute = self.minute_of(record.ts_us);
        self.rows += 1;
        self.page_rows += 1;
        self.ts.append(record.ts_us);
        self.minute
            .append(i64::from(i32::try_from(minute).unwrap_or(i32::MAX)));
        self.origin.append(Text::Fixed(record.origin.as_str()));
        self.run_id.append_option(record.run_id);
        self.service.append(record.service);
        self.method.append(record.method);
        self.route.append(record.route);
        self.status.append(i64::from(record.status));
        self.latency_us.append_option(long(record.latency_us));
        self.latency_bucket
            .append_option(record.latency_us.map(|us| i64::from(bucket_of(us))));
        self.service_us.append_option(long(record.service_us));
        self.bytes_in.append_option(long(record.bytes_in));
        self.bytes_out.append_option(long(record.bytes_out));
        self.shopper.append_option(record.shopper);
        self.error.append_option(record.error);
        self.position.append_option(long(Some(record.position)));
        self.client_class.append_option(record.client_class);
        self.client_name.append_option(record.client_name);
        self.channel.append_option(record.channel);
        self.query.append_option(record.query);
        self.upstream_tries
            .append_option(record.upstream_tries.map(int));
        self.weight.append(int(record.weight.max(1)));
        self.row_key.append_option(record.row_key);
        self.first_byte_us.append_option(long(record.first_byte_us));
        if self.page_rows == PAGE_ROWS {
            self.end_page()?;
        }
        Ok(())
    }

    fn end_page(&mut self) -> Result<(), ParquetError> {
        self.page_rows = 0;
        let Group {
            mut numbers, zstd, ..
        } = self.columns()?;
        numbers
            .iter_mut()
            .try_for_each(|column| column.end_page(zstd))
    }

    /// All rows since the last [`Columns::clear`], of one source.
    pub fn group(&mut self, source_id: &Arc<str>) -> Result<Group<'_>, ParquetError> {
        self.end_page()?;
        self.source.texts = vec![Arc::clone(source_id)];
        self.source.keys.fill(0, self.rows);
        self.columns()
    }

    fn columns(&mut self) -> Result<Group<'_>, ParquetError> {
        let zstd = match &mut self.zstd {
            Some(zstd) => zstd,
            none => none.insert(Compressor::new(ZSTD_LEVEL)?),
        };
        Ok(Group {
            rows: self.rows,
            numbers: numbers!(self),
            texts: [
                self.origin.rows(),
                self.run_id.rows(),
                self.service.rows(),
                self.method.rows(),
                self.route.rows(),
                self.error.rows(),
                &self.source,
                self.client_class.rows(),
                self.client_name.rows(),
                self.channel.rows(),
                self.query.rows(),
            ],
            zstd,
        })
    }

    /// Forgets all rows; the next ones are collected in the same memory.
    pub fn clear(&mut self) {
        self.rows = 0;
        self.page_rows = 0;
        numbers!(self).into_iter().for_each(NumberColumn::clear);
        let texts = [
            &mut self.origin,
            &mut self.run_id,
            &mut self.service,
            &mut self.method,
            &mut self.route,
            &mut self.error,
            &mut self.client_class,
            &mut self.client_name,
            &mut self.channel,
            &mut self.query,
        ];
        texts.into_iter().for_each(TextColumn::clear);
    }
}
