//! Who called, by the ticket export.
//!
//! In: the export, the lake, the range. Out: contacts of shoppers by the same keyed hash as in the lake. A
//! ticket is of the session or customer that it names, or of whoever placed its order; others tell
//! nothing of single shoppers.

use std::collections::HashSet;
use std::path::Path;

use crate::cli::arguments::ExportFormatArguments;
use crate::cli::calibrate::{ExportFormat, ExportScope, TicketKeys, shoppers_of_orders, tickets};
use crate::cli::exit_code::Failure;
use crate::cli::range::Judged;
use crate::lake::Lake;
use crate::report::text;
use crate::support::clusters::{ContactLog, ShopperContact};
use crate::time_window::{TimeWindow, now_us};

/// An order may be so much older than the range, µs.
const BEFORE_US: i64 = 24 * 3_600_000_000;
/// A call may come so long after the range, µs.
const AFTER_US: i64 = 24 * 3_600_000_000;

/// Contacts of shoppers.
pub struct Calls {
    /// By shopper.
    pub log: ContactLog,
    /// What is not known of them.
    pub remarks: Vec<String>,
}

/// Reads the export.
///
/// # Errors
/// When the export cannot be used, as for `calibrate`.
pub fn calls(
    path: &Path,
    export: &ExportFormatArguments,
    judged: &Judged,
    lake: &Lake,
) -> Result<Calls, Failure> {
    let keys = TicketKeys::of(lake);
    let range = judged.scope.range;
    let scope = ExportScope {
        range: TimeWindow {
            end_us: range.end_us.saturating_add(AFTER_US),
            ..range
        },
        zone: judged.zone.clone(),
        newest_us: now_us().max(judged.scope.covered.end_us),
    };
    let found = tickets(path, &ExportFormat::new(export)?, &scope, &keys)?;
    let of_orders: HashSet<i64> = found
        .tickets
        .iter()
        .filter_map(|ticket| ticket.order)
        .collect();
    let around = TimeWindow {
        start_us: range.start_us.saturating_sub(BEFORE_US),
        end_us: scope.range.end_us,
    };
    let by_order = shoppers_of_orders(&lake.reader()?, around, &of_orders, &keys)?;
    let mut contacts = Vec::new();
    let (mut unnamed, mut unknown_orders) = (0, 0);
    for ticket in &found.tickets {
        let mut shoppers: Vec<i64> = [ticket.session, ticket.user]
            .into_iter()
            .flatten()
            .collect();
        shoppers.extend(
            ticket
                .order
                .and_then(|order| by_order.get(&order))
                .into_iter()
                .flatten(),
        );
        shoppers.sort_unstable();
        shoppers.dedup();
        if shoppers.is_empty() && ticket.is_net {
            match ticket.order {
                Some(_) => unknown_orders += 1,
                None => unnamed += 1,
            }
        }
        contacts.extend(shoppers.into_iter().map(|shopper| ShopperContact {
            shopper,
            at_us: ticket.created_us,
        }));
    }
    let mut remarks = Vec::new();
    if unnamed > 0 {
        remarks.push(format!(
            "{} of {} contacts name no session, no customer and no order: who made them counts as not having called.",
            text::count(unnamed),
            text::count(found.account.net)
        ));
    }
    if unknown_orders > 0 {
        remarks.push(format!(
            "{} of {} contacts name an order only that no request of these days has in its query: who made them counts \
             as not having called (hint: `firedrill ingest --keep-query order`).",
            text::count(unknown_orders),
            text::count(found.account.net)
        ));
    }
    if let Some(because) = keys.unknown_because {
        remarks.push(format!(
            "Nobody is found, since the key of the lake is not known: {because}."
        ));
    }
    Ok(Calls {
        log: ContactLog::new(contacts, found.covered_to_us),
        remarks,
    })
}
