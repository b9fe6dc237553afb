//! Any bytes as an export of support tickets: they are read or refused, and every row is accounted for.
#![no_main]

use std::path::Path;

use firedrill_fuzz::support::tickets::{
    ColumnNames, KeyKind, Reading, TicketError, read_tickets_from,
};
use firedrill_fuzz::time_window::TimeWindow;
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;

/// November 2026.
const RANGE: TimeWindow = TimeWindow {
    start_us: 1_793_491_200_000_000,
    end_us: 1_796_083_200_000_000,
};

fuzz_target!(|bytes: &[u8]| {
    let names = ColumnNames::default();
    let hash = |_: KeyKind, text: &str| text.bytes().next().map(i64::from);
    // Which, the length says.
    let zone = bytes.len().is_multiple_of(2).then_some(TimeZone::UTC);
    let reading = Reading {
        preset: None,
        names: &names,
        zone: zone.as_ref(),
        dates: None,
        only_reasons: &[],
        day_zone: TimeZone::UTC,
        range: RANGE,
        future_us: RANGE.end_us,
        hash: &hash,
    };
    match read_tickets_from(bytes, Path::new("tickets.csv"), &reading) {
        Ok(found) => {
            let tickets = &found.tickets;
            assert!(tickets.is_sorted_by_key(|ticket| ticket.created_us));
            assert!(
                tickets
                    .iter()
                    .all(|ticket| RANGE.contains(ticket.created_us))
            );
            let dropped: u64 = found
                .account
                .dropped
                .iter()
                .map(|dropped| dropped.rows)
                .sum();
            assert_eq!(found.account.rows, found.account.gross + dropped);
            assert!(found.account.net <= found.account.gross);
        }
        Err(error) => {
            let text = error.to_string();
            let is_cured = text.contains("(hint: ");
            assert!(is_cured, "{text}");
            assert!(!matches!(error, TicketError::ColumnList { .. }));
        }
    }
});
