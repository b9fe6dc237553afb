//! Counting, against a slow and obvious count; and in pieces, against one pass.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::cells::Chunk;
use super::segment_file::{from_table, to_table};
use super::{Rollup, RollupBuilder, RollupPlan, WindowCount};
use crate::latency_buckets::{bucket_of, highest_of};
use crate::request_record::{Origin, RequestRecord};

const MINUTE_US: i64 = 60_000_000;
/// One is the highest of its bucket, one is not.
const CUTS_US: [u64; 2] = [2_047, 5_001];

#[derive(Debug, Clone)]
struct Row {
    ts_us: i64,
    route: &'static str,
    status: u16,
    channel: Option<&'static str>,
    tries: Option<u32>,
    latency_us: Option<u64>,
    weight: u32,
}

fn row() -> impl Strategy<Value = Row> {
    (
        -MINUTE_US..30 * MINUTE_US,
        prop::sample::select(vec!["/", "/cart", "/checkout"]),
        prop::sample::select(vec![0_u16, 200, 503]),
        prop::option::of(prop::sample::select(vec!["email", "ads"])),
        prop::option::of(1..3_u32),
        prop::option::of(prop_oneof![0..10_000_u64, 4_990..5_010_u64]),
        1..4_u32,
    )
        .prop_map(
            |(ts_us, route, status, channel, tries, latency_us, weight)| Row {
                ts_us,
                route,
                status,
                channel,
                tries,
                latency_us,
                weight,
            },
        )
}

fn add(builder: &mut RollupBuilder, row: &Row) {
    builder.add_record(&RequestRecord {
        ts_us: row.ts_us,
        origin: Origin::Customer,
        run_id: None,
        service: "shop".into(),
        method: "GET".into(),
        route: row.route.into(),
        status: row.status,
        latency_us: row.latency_us,
        service_us: None,
        first_byte_us: None,
        bytes_in: None,
        bytes_out: None,
        shopper: None,
        error: None,
        position: 0,
        client_class: None,
        client_name: None,
        channel: row.channel.map(Into::into),
        query: None,
        upstream_tries: row.tries,
        weight: row.weight,
        row_key: None,
    });
}

fn counted<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Rollup {
    let mut builder = RollupBuilder::new(RollupPlan::new(MINUTE_US, CUTS_US.to_vec()));
    rows.into_iter().for_each(|row| add(&mut builder, row));
    builder.finish()
}

/// Side by side, as segments are.
fn joined(parts: &[Rollup]) -> Rollup {
    let mut table = super::series::SeriesTable::default();
    let mut chunks = Vec::new();
    for part in parts {
        let numbers: Vec<u32> = part.series().iter().map(|key| table.number(key)).collect();
        for chunk in part.chunks() {
            let mut chunk = chunk.clone();
            chunk.renumber(&numbers);
            chunks.push(chunk);
        }
    }
    Rollup::new(parts[0].plan().clone(), table.into_series(), chunks)
}

fn sums(rows: &[Row], is_wanted: impl Fn(&Row) -> bool) -> Vec<WindowCount> {
    let mut sums = BTreeMap::new();
    for row in rows.iter().filter(|row| is_wanted(row)) {
        let start_us = row.ts_us.div_euclid(MINUTE_US) * MINUTE_US;
        *sums.entry(start_us).or_default() += u64::from(row.weight);
    }
    sums.into_iter()
        .map(|(start_us, count)| WindowCount { start_us, count })
        .collect()
}

/// Everything that a selection says, compared with a count of the rows.
fn check(rollup: &Rollup, rows: &[Row]) {
    for status in [0, 200, 503] {
        let of_status: Vec<Row> = rows
            .iter()
            .filter(|row| row.status == status)
            .cloned()
            .collect();
        let selection = rollup.select(|series| series.status == status);
        assert_eq!(selection.counts(), sums(&of_status, |_| true));
        assert_eq!(
            selection.counts_with_latency(),
            sums(&of_status, |row| row.latency_us.is_some())
        );
        for cut_us in CUTS_US {
            assert_eq!(
                selection.counts_within(cut_us),
                sums(&of_status, |row| row
                    .latency_us
                    .is_some_and(|us| us <= cut_us))
            );
        }
    }
    let channel = |wanted: &'static str| rollup.select(move |series| series.channel == wanted);
    assert_eq!(
        channel("ads").counts(),
        sums(rows, |row| row.channel == Some("ads"))
    );
    assert_eq!(
        channel("").counts(),
        sums(rows, |row| row.channel.is_none())
    );
    let retried = rollup.select(|series| series.is_retried);
    assert_eq!(
        retried.counts(),
        sums(rows, |row| row.tries.is_some_and(|tries| tries > 1))
    );
    let mut latencies: Vec<u64> = rows
        .iter()
        .flat_map(|row| (0..row.weight).filter_map(|_| row.latency_us))
        .collect();
    latencies.sort_unstable();
    let totals = rollup.totals();
    for (series, key) in rollup.series().iter().enumerate() {
        let selection = rollup.select(|other| other == key);
        assert_eq!(totals.counts[series], selection.count());
        let sum: Vec<(i32, u64)> = selection.latencies().buckets().collect();
        assert_eq!(totals.latencies[series], sum);
    }
    let histogram = rollup.select(|_| true).latencies();
    for (rank, latency_us) in (1..).zip(latencies) {
        assert_eq!(
            histogram.at_rank_us(rank),
            Some(highest_of(bucket_of(latency_us)))
        );
    }
}

proptest! {
    #[test]
    fn a_rollup_says_what_a_count_of_the_rows_says(rows in prop::collection::vec(row(), 0..80)) {
        check(&counted(&rows), &rows);
    }

    #[test]
    fn any_split_in_any_order_is_one_pass(
        rows in prop::collection::vec((row(), 0..3_usize), 1..80),
    ) {
        let all: Vec<Row> = rows.iter().map(|(row, _)| row.clone()).collect();
        let parts = [2, 0, 1].map(|part| {
            counted(rows.iter().rev().filter(|(_, of)| *of == part).map(|(row, _)| row))
        });
        check(&joined(&parts), &all);
    }

    #[test]
    fn cells_are_read_back_from_their_table(rows in prop::collection::vec(row(), 1..80)) {
        let rollup = counted(&rows);
        let numbers: Vec<u32> = (0..).take(rollup.series().len()).collect();
        for chunk in rollup.chunks() {
            let read = from_table(&to_table(chunk).unwrap(), &numbers).unwrap();
            let expected = Chunk { partial: Vec::new(), ..chunk.clone() };
            prop_assert_eq!(read, expected);
        }
    }

    #[test]
    fn days_and_kept_series_side_by_side_are_the_whole(
        rows in prop::collection::vec(row(), 1..80),
    ) {
        let rollup = counted(&rows);
        let chunks = rollup.chunks().iter().flat_map(|chunk| {
            let (even, odd) = (chunk.clone(), chunk.clone());
            let all = [even.retain(|_, series| series % 2 == 0), odd.retain(|_, series| series % 2 == 1)];
            all.into_iter()
        });
        let chunks: Vec<Chunk> = chunks.collect();
        let plan = rollup.plan().clone();
        check(&Rollup::new(plan, rollup.series().to_vec(), chunks), &rows);
    }

    #[test]
    fn coarser_windows_hold_the_sum_of_the_finer(rows in prop::collection::vec(row(), 1..80)) {
        let rollup = counted(&rows);
        let mut chunks: Vec<Chunk> = rollup.chunks().to_vec();
        chunks.iter_mut().for_each(|chunk| chunk.coarsen(7));
        let plan = RollupPlan::new(7 * MINUTE_US, CUTS_US.to_vec());
        let coarse = Rollup::new(plan.clone(), rollup.series().to_vec(), chunks);
        let mut builder = RollupBuilder::new(plan);
        rows.iter().for_each(|row| add(&mut builder, row));
        let direct = builder.finish();
        let (coarse, direct) = (coarse.select(|_| true), direct.select(|_| true));
        prop_assert_eq!(coarse.counts(), direct.counts());
        prop_assert_eq!(coarse.counts_within(CUTS_US[1]), direct.counts_within(CUTS_US[1]));
    }
}
