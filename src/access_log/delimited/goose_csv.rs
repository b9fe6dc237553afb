//! Request logs of Goose as CSV, which cannot be read as they are.
//!
//! `elapsed` counts from the start of the attack, and the log does not say when that was. So every
//! line is refused with the cure: a field-mapping file that gives the start.

use super::columns::{NO_HEADER, set_header};
use crate::access_log::format::KnownFormat;
use crate::access_log::line::{HeaderRule, LineContext, LineResult};

/// Request logs of Goose.
pub const GOOSE_CSV: KnownFormat = KnownFormat {
    name: "goose-csv",
    about: "Goose request log (needs a mapping file with the start)",
    duration: "response_time, ms",
    time: "start",
    header: HeaderRule::LinesBeginning(HEADER),
    parse,
};

const HEADER: &[u8] = b"elapsed,scenario_index,";

fn parse<'a>(line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
    if line.starts_with(HEADER) {
        set_header(context, line, Vec::new());
        return Ok(None);
    }
    if context.header.is_empty() {
        return Err(NO_HEADER);
    }
    Err("goose request logs have no wall clock: give the start with a mapping file")
}
