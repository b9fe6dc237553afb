//! A row of a sampled log counts as often as its weight says, whichever way it is counted.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Int32Array, Int64Array, RecordBatch, TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;

use super::{Rollup, RollupBuilder, RollupPlan};
use crate::lake::column;
use crate::latency_buckets::bucket_of;
use crate::request_record::{Origin, RequestRecord};

const CUT_US: u64 = 500_000;

/// `(ts_us, latency_us, weight)`; no weight is 1.
type Row = (i64, Option<u64>, Option<u32>);

const ROWS: [Row; 5] = [
    (1_000_000, Some(100_000), None),
    (2_000_000, Some(600_000), Some(1)),
    (3_000_000, Some(100_000), Some(10)),
    (61_000_000, None, Some(100)),
    (61_000_001, Some(700_000), Some(1_000)),
];

fn plan() -> RollupPlan {
    RollupPlan::new(60_000_000, vec![CUT_US])
}

fn text(value: Option<&str>) -> ArrayRef {
    let values: DictionaryArray<Int32Type> = ROWS.iter().map(|_| value).collect();
    Arc::new(values)
}

fn of_batch() -> Rollup {
    let longs = |pick: fn(&Row) -> Option<u64>| -> ArrayRef {
        let values = ROWS.iter().map(|row| pick(row).map(u64::cast_signed));
        Arc::new(values.collect::<Int64Array>())
    };
    let ints = |pick: &dyn Fn(&Row) -> Option<i32>| -> ArrayRef {
        Arc::new(ROWS.iter().map(pick).collect::<Int32Array>())
    };
    let ts = TimestampMicrosecondArray::from_iter_values(ROWS.iter().map(|row| row.0));
    let columns: [(&str, ArrayRef); 14] = [
        (column::TS, Arc::new(ts.with_timezone("UTC"))),
        (column::ORIGIN, text(Some("customer"))),
        (column::RUN_ID, text(None)),
        (column::SERVICE, text(Some("shop"))),
        (column::METHOD, text(Some("GET"))),
        (column::ROUTE, text(Some("/"))),
        (column::ERROR, text(None)),
        (column::CLIENT_CLASS, text(None)),
        (column::CHANNEL, text(None)),
        (column::STATUS, ints(&|_| Some(200))),
        (column::UPSTREAM_TRIES, ints(&|_| None)),
        (column::WEIGHT, ints(&|row| row.2.map(u32::cast_signed))),
        (column::LATENCY_BUCKET, ints(&|row| row.1.map(bucket_of))),
        (column::LATENCY_US, longs(|row| row.1)),
    ];
    let mut builder = RollupBuilder::new(plan());
    assert_eq!(builder.columns().len(), columns.len());
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.map(|(name, column)| (name, column, true)),
    );
    builder.add_batch(&batch.unwrap(), None, |_| true).unwrap();
    assert_eq!(builder.rows(), 1_112);
    builder.finish()
}

fn of_records() -> Rollup {
    let mut builder = RollupBuilder::new(plan());
    for (position, (ts_us, latency_us, weight)) in (0..).zip(ROWS) {
        builder.add_record(&RequestRecord {
            ts_us,
            origin: Origin::Customer,
            run_id: None,
            service: "shop".into(),
            method: "GET".into(),
            route: "/".into(),
            status: 200,
            latency_us,
            service_us: None,
            first_byte_us: None,
            bytes_in: None,
            bytes_out: None,
            shopper: None,
            error: None,
            position,
            client_class: None,
            client_name: None,
            channel: None,
            query: None,
            upstream_tries: None,
            weight: weight.unwrap_or(1),
            row_key: None,
        });
    }
    builder.finish()
}

fn assert_weighted(rollup: &Rollup) {
    let all = rollup.select(|_| true);
    let counts = |counts: Vec<super::WindowCount>| {
        let pairs = counts
            .into_iter()
            .map(|window| (window.start_us, window.count));
        pairs.collect::<Vec<_>>()
    };
    assert_eq!(all.count(), 1_112);
    let windows = [(0, 12), (60_000_000, 1_100)];
    assert_eq!(counts(all.counts()), windows);
    let with_latency = [(0, 12), (60_000_000, 1_000)];
    assert_eq!(counts(all.counts_with_latency()), with_latency);
    assert_eq!(counts(all.counts_within(CUT_US)), [(0, 11)]);
    assert_eq!(all.latencies().count(), 1_012);
}

#[test]
fn a_row_of_a_batch_counts_as_often_as_its_weight() {
    assert_weighted(&of_batch());
}

#[test]
fn a_record_counts_as_often_as_its_weight() {
    assert_weighted(&of_records());
}
