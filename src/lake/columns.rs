//! Records become columns: one builder per column of the schema. Numbers are taken every few thousand
//! rows, while they are in the cache; texts, which are small numbers here, once per row group.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};

use super::number_column::NumberColumn;
use super::text_chunk::Texts;
use super::text_column::TextColumn;
use crate::latency_buckets::bucket_of;
use crate::request_record::{RequestRecord, Text};

const US_PER_MINUTE: i64 = 60_000_000;

/// One builder per column, in the order of the schema.
#[derive(Default)]
pub struct Columns {
    rows: usize,
    /// Rows whose numbers were taken, and whose texts were not.
    texts_rows: usize,
    ts: NumberColumn<TimestampMicrosecondType>,
    minute: NumberColumn<Int32Type>,
    origin: TextColumn,
    run_id: TextColumn,
    service: TextColumn,
    method: TextColumn,
    route: TextColumn,
    status: NumberColumn<Int32Type>,
    latency_us: NumberColumn<Int64Type>,
    latency_bucket: NumberColumn<Int32Type>,
    service_us: NumberColumn<Int64Type>,
    bytes_in: NumberColumn<Int64Type>,
    bytes_out: NumberColumn<Int64Type>,
    shopper: NumberColumn<Int64Type>,
    error: TextColumn,
    source: Texts,
    position: NumberColumn<Int64Type>,
    client_class: TextColumn,
    client_name: TextColumn,
    channel: TextColumn,
    query: TextColumn,
    upstream_tries: NumberColumn<Int32Type>,
    weight: NumberColumn<Int32Type>,
    row_key: NumberColumn<Int64Type>,
    first_byte_us: NumberColumn<Int64Type>,
}

impl std::fmt::Debug for Columns {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Columns {{ rows: {} }}", self.rows)
    }
}

fn long(value: Option<u64>) -> Option<i64> {
    value.map(|value| i64::try_from(value).unwrap_or(i64::MAX))
}

fn int(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

impl Columns {
    /// Rows whose numbers were not taken yet.
    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn push(&mut self, record: &RequestRecord<'_>) {
        let minute = record.ts_us.div_euclid(US_PER_MINUTE);
        self.rows += 1;
        self.ts.append(record.ts_us);
        self.minute
            .append(i32::try_from(minute).unwrap_or(i32::MAX));
        self.origin.append(Text::Fixed(record.origin.as_str()));
        self.run_id.append_option(record.run_id);
        self.service.append(record.service);
        self.method.append(record.method);
        self.route.append(record.route);
        self.status.append(i32::from(record.status));
        self.latency_us.append_option(long(record.latency_us));
        self.latency_bucket
            .append_option(record.latency_us.map(bucket_of));
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
    }

    /// The numbers of the rows since the last call, in the order of the schema.
    pub fn numbers(&mut self) -> Vec<ArrayRef> {
        self.texts_rows += std::mem::take(&mut self.rows);
        vec![
            Arc::new(self.ts.finish().with_timezone("UTC")),
            Arc::new(self.minute.finish()),
            Arc::new(self.status.finish()),
            Arc::new(self.latency_us.finish()),
            Arc::new(self.latency_bucket.finish()),
            Arc::new(self.service_us.finish()),
            Arc::new(self.bytes_in.finish()),
            Arc::new(self.bytes_out.finish()),
            Arc::new(self.shopper.finish()),
            Arc::new(self.position.finish()),
            Arc::new(self.upstream_tries.finish()),
            Arc::new(self.weight.finish()),
            Arc::new(self.row_key.finish()),
            Arc::new(self.first_byte_us.finish()),
        ]
    }

    /// The texts of all rows whose numbers were taken since [`Columns::clear_texts`], all of one
    /// source, in the order of the schema.
    pub fn texts(&mut self, source_id: &Arc<str>) -> Vec<&Texts> {
        self.source.texts = vec![Arc::clone(source_id)];
        self.source.keys.clear();
        self.source.keys.resize(self.texts_rows, 0);
        vec![
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
        ]
    }

    /// Forgets the texts; the next ones are collected in the same memory.
    pub fn clear_texts(&mut self) {
        self.texts_rows = 0;
        let columns = [
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
        columns.into_iter().for_each(TextColumn::clear);
    }
}
