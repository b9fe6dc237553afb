//! Who called, by the ticket export.
//!
//! In: the export, the lake's key, the range. Out: contacts of shoppers by the same keyed hash as in the
//! lake. Tickets that name no session tell nothing of single shoppers.

use std::path::Path;

use crate::cli::arguments::ExportFormatArguments;
use crate::cli::calibrate::{ExportFormat, ExportScope, TicketKeys, tickets};
use crate::cli::exit_code::Failure;
use crate::cli::range::Judged;
use crate::lake::Lake;
use crate::report::text;
use crate::support::clusters::{ContactLog, ShopperContact};
use crate::time_window::{TimeWindow, now_us};

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
    let mut contacts = Vec::new();
    let mut unnamed = 0;
    for ticket in &found.tickets {
        let shoppers = [ticket.session, ticket.user].into_iter().flatten();
        let before = contacts.len();
        contacts.extend(shoppers.map(|shopper| ShopperContact {
            shopper,
            at_us: ticket.created_us,
        }));
        unnamed += u64::from(contacts.len() == before && ticket.is_net);
    }
    let mut remarks = Vec::new();
    if unnamed > 0 {
        remarks.push(format!(
            "{} of {} contacts name no session and no customer: who made them counts as not having called.",
            text::count(unnamed),
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
