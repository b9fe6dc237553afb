//! Counts that are packed while they grow, against the same counts as they are.

use super::builder::RollupBuilder;
use super::plan::RollupPlan;
use crate::request_record::{Origin, RequestRecord};
use proptest::prelude::*;

fn builder() -> RollupBuilder {
    RollupBuilder::new(RollupPlan::new(1_000_000, vec![1_500, 70_001]))
}

fn record(ts_us: i64, latency_us: u64, weight: u32) -> RequestRecord<'static> {
    RequestRecord {
        ts_us,
        origin: Origin::Drill,
        run_id: None,
        service: "shop".into(),
        method: "GET".into(),
        route: "/".into(),
        status: 200,
        latency_us: Some(latency_us),
        service_us: None,
        first_byte_us: None,
        bytes_in: None,
        bytes_out: None,
        shopper: None,
        error: None,
        position: 0,
        client_class: None,
        client_name: None,
        channel: None,
        query: None,
        upstream_tries: None,
        weight,
        row_key: None,
    }
}

proptest! {
    #[test]
    fn what_was_packed_at_any_time_counts_as_before(
        rows in prop::collection::vec((0..5_000_000_i64, 0..100_000_u64, 1..3_u32, 0..9_u8), 0..200),
    ) {
        let (mut packed, mut plain) = (builder(), builder());
        for (ts_us, latency_us, weight, then) in rows {
            let row = record(ts_us, latency_us, weight);
            packed.add_record(&row);
            plain.add_record(&row);
            match then {
                0 => packed.pack(ts_us),
                1 => packed.pack(i64::MAX),
                2 => packed.settle(),
                _ => {}
            }
        }
        prop_assert_eq!(packed.rows(), plain.rows());
        let (late, expected) = (packed.rollup_from(2_000_000), plain.rollup_from(2_000_000));
        prop_assert_eq!(late.chunks(), expected.chunks());
        let (all, expected) = (packed.finish(), plain.finish());
        prop_assert_eq!(all.chunks(), expected.chunks());
    }
}
