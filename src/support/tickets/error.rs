//! Why an export of tickets cannot be used, each with its cure. No cell of a ticket is in a message but
//! for created times and headings.

use std::path::PathBuf;

use thiserror::Error;

/// How many places a message shows.
pub const PLACES_MAX: usize = 5;

/// Why an export cannot be used.
#[derive(Debug, Error)]
pub enum TicketError {
    /// The operating system refuses the file.
    #[error(
        "cannot read `{path}`: {error} (hint: check the path; it is relative to the current directory)"
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The refusal.
        error: std::io::Error,
    },
    /// The file is UTF-16, or no text at all.
    #[error("`{path}` is not CSV in UTF-8: {why} (hint: save or export it as CSV in UTF-8)")]
    NotText {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: &'static str,
    },
    /// Nothing but a header, or nothing at all.
    #[error(
        "`{0}` has no tickets (hint: export all tickets of the weeks that are in the lake, with a header line)"
    )]
    Empty(PathBuf),
    /// More tickets than are kept in memory.
    #[error("`{path}` has more than {max} rows (hint: export fewer weeks)")]
    TooManyRows {
        /// The file.
        path: PathBuf,
        /// The most.
        max: usize,
    },
    /// A list of columns is wrong.
    #[error("--columns: `{part}` is not understood (hint: {hint})")]
    ColumnList {
        /// The part.
        part: String,
        /// The cure.
        hint: String,
    },
    /// No column is known to be the created time.
    #[error(
        "no column is the created time of a ticket (read as `{preset}`; the file has {}) (hint: name it, `--columns 'created=HEADING'`)",
        in_backticks(headings)
    )]
    NoCreatedColumn {
        /// Headings of the file.
        headings: Vec<String>,
        /// By what they were understood.
        preset: &'static str,
    },
    /// A column that was named is not there.
    #[error("the file has no column `{heading}`, which is to be `{column}` (hint: {hint})")]
    UnknownHeading {
        /// What it is to be.
        column: &'static str,
        /// The heading that was named.
        heading: String,
        /// The cure.
        hint: String,
    },
    /// The heading names another zone than the user.
    #[error(
        "the heading of the created time says zone `{heading}`, --tickets-tz says `{asked}` (hint: leave out --tickets-tz)"
    )]
    TwoZones {
        /// Of the heading.
        heading: String,
        /// Of the user.
        asked: String,
    },
    /// The heading names a zone that this machine does not know.
    #[error(
        "unknown time zone `{0}` in the heading of the created time (hint: rename the heading, and name the zone with --tickets-tz)"
    )]
    UnknownZone(String),
    /// Created times have no zone, and none was named.
    #[error(
        "created times have no time zone, such as {} (hint: name the zone of the export, `--tickets-tz Europe/Berlin`; a wrong one moves every ticket)",
        in_backticks(examples)
    )]
    NoZone {
        /// Some of them with their line.
        examples: Vec<String>,
    },
    /// Some created times have a zone and others have none.
    #[error(
        "created times mix zones: {with} have an offset ({}), {without} have none ({}) (hint: export again in one form; two exports were joined, or a spreadsheet rewrote some)",
        in_backticks(with_examples),
        in_backticks(without_examples)
    )]
    MixedZones {
        /// Rows with an offset.
        with: usize,
        /// Rows without.
        without: usize,
        /// Some with their line.
        with_examples: Vec<String>,
        /// Some with their line.
        without_examples: Vec<String>,
    },
    /// Day and month cannot be told apart, or change places.
    #[error("created times such as {} do not say which number is the day{} (hint: --tickets-dates day-first, or month-first)", in_backticks(examples), if *is_contradicted { ": some can only be one, some only the other" } else { "" })]
    DayOrder {
        /// Some with their line.
        examples: Vec<String>,
        /// Whether both orders occur.
        is_contradicted: bool,
    },
    /// Too many rows could not be read.
    #[error("{unread} of {rows} rows cannot be read, more than {limit_percent} %: {} (hint: export again; a spreadsheet that saved the file may have rewritten the times)", summary.join("; "))]
    Unread {
        /// Rows that cannot be read.
        unread: usize,
        /// All rows.
        rows: usize,
        /// The most, in percent.
        limit_percent: u32,
        /// Per reason, how many and where.
        summary: Vec<String>,
    },
    /// No ticket has a reason that was asked for.
    #[error(
        "no ticket has the reason {} (the file has {}) (hint: write reasons as the export does, or leave them out)",
        in_backticks(asked),
        in_backticks(found)
    )]
    NoReason {
        /// What was asked for.
        asked: Vec<String>,
        /// Some that the file has.
        found: Vec<String>,
    },
    /// No ticket is of the weeks that the lake has.
    #[error(
        "no ticket is of the weeks in the lake: tickets are from {tickets_from} to {tickets_to}, requests from {lake_from} to {lake_to} (hint: export the tickets of those weeks; if they are, --tickets-tz or the year is wrong)"
    )]
    OtherWeeks {
        /// First created time.
        tickets_from: String,
        /// Last created time.
        tickets_to: String,
        /// Start of the range.
        lake_from: String,
        /// End of the range.
        lake_to: String,
    },
    /// Created times are those of an import, not those of the contacts.
    #[error(
        "{count} of {tickets} tickets ({percent} %) were created {at}: these are times of an import, not of the contacts (hint: map the column with the time of the first message, `--columns created=…`, or leave out what was imported)"
    )]
    Backlog {
        /// How many.
        count: usize,
        /// Of how many.
        tickets: usize,
        /// In percent.
        percent: usize,
        /// When, in words.
        at: String,
    },
    /// Days without tickets between days with many.
    #[error("the export has gaps: no ticket on {} ({expected} were to be expected a day) (hint: export again; if the desk was closed, name a range without these days with --from and --to)", days.join(", "))]
    Gaps {
        /// The first of them.
        days: Vec<String>,
        /// Tickets of a like day.
        expected: u64,
    },
}

impl TicketError {
    /// Whether the command line is wrong rather than the file.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::ColumnList { .. }
                | Self::UnknownHeading { .. }
                | Self::TwoZones { .. }
                | Self::NoReason { .. }
        )
    }
}

fn in_backticks(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
    quoted.join(", ")
}

/// A text for a message: on one line, not too long, and without what changes a terminal.
pub(super) fn shown(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let visible = |char: char| if char.is_control() { '\u{FFFD}' } else { char };
    let mut shown: String = text.trim().chars().take(CHARS_MAX).map(visible).collect();
    if text.trim().chars().nth(CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}
