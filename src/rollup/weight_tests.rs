//! A row of a sampled log counts as often as its weight says, whichever way it is counted.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Int32Array, Int64Array, RecordBatch, TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;

use super::{COLUMNS, Rollup, RollupBuilder, RollupPlan};
use crate::latency_buckets::bucket_of;
use crate::request_record::{Origin, RequestRecord};

const CUT_US: u64 = 500_000;

/// `(ts_us, latency_us, bytes_out, weight)`; no weight is 1.
type Row = (i64, Option<u64>, Option<u64>, Option<u32>);

const ROWS: [Row; 5] = [
    (1_000_000, Some(100_000), Some(10), None),
    (2_000_000, Some(600_000), Some(20), Some(1)),
    (3_000_000, Some(100_000), None, Some(10)),
    (61_000_000, None, Some(7), Some(100)),
    (61_000_001, Some(700_000), Some(1), Some(1_000)),
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
    let columns: [ArrayRef; 12] = [
        Arc::new(ts.with_timezone("UTC")),
        text(Some("customer")),
        text(None),
        text(Some("shop")),
        text(Some("GET")),
        text(Some("/")),
        ints(&|_| Some(200)),
        text(None),
        longs(|row| row.1),
        ints(&|row| row.1.map(bucket_of)),
        longs(|row| row.2),
        ints(&|row| row.3.map(u32::cast_signed)),
    ];
    let named = COLUMNS.into_iter().zip(columns);
    let batch =
        RecordBatch::try_from_iter_with_nullable(named.map(|(name, column)| (name, column, true)));
    let mut builder = RollupBuilder::new(plan());
    builder
        .add_batch(&batch.unwrap(), |_| true, |_| true)
        .unwrap();
    assert_eq!(builder.rows(), 1_112);
    builder.finish().unwrap()
}

fn of_records() -> Rollup {
    let mut builder = RollupBuilder::new(plan());
    for (position, (ts_us, latency_us, bytes_out, weight)) in (0..).zip(ROWS) {
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
            bytes_in: None,
            bytes_out,
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
    builder.finish().unwrap()
}

fn assert_weighted(rollup: &Rollup) {
    let all = rollup.select(|_| true).unwrap();
    let counts = |counts: Vec<super::WindowCount>| {
        let pairs = counts
            .into_iter()
            .map(|window| (window.start_us, window.count));
        pairs.collect::<Vec<_>>()
    };
    assert_eq!(all.count().unwrap(), 1_112);
    let windows = [(0, 12), (60_000_000, 1_100)];
    assert_eq!(counts(all.counts().unwrap()), windows);
    let with_latency = [(0, 12), (60_000_000, 1_000)];
    assert_eq!(counts(all.counts_with_latency().unwrap()), with_latency);
    assert_eq!(counts(all.counts_within(CUT_US).unwrap()), [(0, 11)]);
    assert_eq!(all.latencies().unwrap().count(), 1_012);
    let sum = |name: &str| -> u64 {
        let column = rollup.cells().column(name).unwrap();
        column.u64().unwrap().iter().flatten().sum()
    };
    assert_eq!(sum("latency_sum_us"), 701_700_000);
    assert_eq!(sum("bytes_out"), 10 + 20 + 700 + 1_000);
}

#[test]
fn a_row_of_a_batch_counts_as_often_as_its_weight() {
    assert_weighted(&of_batch());
}

#[test]
fn a_record_counts_as_often_as_its_weight() {
    assert_weighted(&of_records());
}
