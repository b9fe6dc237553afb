//! From a file to tickets.
//!
//! Rows are read once. What cannot be read is counted by its reason; the file is refused past a share of
//! such rows, as a whole column that is misunderstood is worse than none.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::Path;

use jiff::tz::TimeZone;

use super::columns::{ColumnNames, Columns, TicketColumn};
use super::created::{Cell, CreatedColumn, CreatedRule};
use super::error::{PLACES_MAX, TicketError, shown};
use super::moment::{DayOrder, Written, read};
use super::net::mark_net;
use super::preset::Preset;
use super::quality::{check_backlog, check_gaps};
use super::table::{Row, Table, TableError};
use super::{Account, Dropped, KeyKind, Ticket, Tickets};
use crate::time_window::{TimeWindow, rfc3339, zone as zone_named};

/// The most rows of a file; 48 bytes each are kept.
const ROWS_MAX: usize = 5_000_000;
/// The most different reasons, and channels; what comes later has none.
const WORDS_MAX: usize = 1_000;
/// The largest share of rows that cannot be read.
pub const UNREAD_SHARE_MAX: f64 = 0.05;

/// How to read a file.
pub struct Reading<'a> {
    /// Whose export it is; `None` is told by the header.
    pub preset: Option<Preset>,
    /// Headings that are named by the user.
    pub names: &'a ColumnNames,
    /// Zone of created times that name none.
    pub zone: Option<&'a TimeZone>,
    /// Which number of a date is the day; `None` is told by the column.
    pub dates: Option<DayOrder>,
    /// Contacts of these reasons count; empty for all.
    pub only_reasons: &'a [String],
    /// Zone of the desk's days.
    pub day_zone: TimeZone,
    /// What of the lake is looked at.
    pub range: TimeWindow,
    /// Created times after this are of the future, UTC µs.
    pub future_us: i64,
    /// The keyed hash of an identifier; `None` for what names nobody.
    pub hash: &'a dyn Fn(KeyKind, &str) -> Option<i64>,
}

/// Why a row is left out, in the order in which rows are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    Cells,
    IdText,
    NoTime,
    NotATime(&'static str),
    DuplicateId,
    NotAskedFor,
    Future,
    OutsideRange,
}

impl Reason {
    fn words(self) -> &'static str {
        match self {
            Self::Cells => {
                "another number of cells than the header (a delimiter or quote in a text that is not quoted)"
            }
            Self::IdText => "text in the column of ticket numbers",
            Self::NoTime => "no created time",
            Self::NotATime(why) => why,
            Self::DuplicateId => "the same ticket again",
            Self::NotAskedFor => "another reason than asked for",
            Self::Future => "created in the future",
            Self::OutsideRange => "outside of the range of the lake",
        }
    }

    /// Whether the row could not be read, rather than being not wanted.
    fn is_unread(self) -> bool {
        match self {
            Self::Cells | Self::IdText | Self::NoTime | Self::NotATime(_) => true,
            Self::DuplicateId | Self::NotAskedFor | Self::Future | Self::OutsideRange => false,
        }
    }
}

/// A row whose created time waits for the rule of its column.
struct Waiting {
    written: Written,
    line: u64,
    ticket: Ticket,
}

/// Reads a file.
///
/// # Errors
/// Why the file cannot be learned from, with place and cure.
pub fn read_tickets(path: &Path, reading: &Reading<'_>) -> Result<Tickets, TicketError> {
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    read_tickets_from(BufReader::new(file), path, reading)
}

/// Reads the bytes of a file; the path is only named in messages.
///
/// # Errors
/// As [`read_tickets`].
pub fn read_tickets_from(
    source: impl BufRead,
    path: &Path,
    reading: &Reading<'_>,
) -> Result<Tickets, TicketError> {
    let wrong = |error| table_error(path, error);
    let mut table = Table::open(source).map_err(wrong)?;
    let columns = Columns::resolve(&table.header, reading.preset, reading.names)?;
    let zone = zone(&columns, reading.zone)?;
    let mut reader = RowReader::new(&columns, reading);
    while let Some(row) = table.next_row().map_err(wrong)? {
        if reader.rows == ROWS_MAX {
            return Err(TicketError::TooManyRows {
                path: path.to_owned(),
                max: ROWS_MAX,
            });
        }
        reader.read(&row);
    }
    if reader.rows == 0 {
        return Err(TicketError::Empty(path.to_owned()));
    }
    reader.finish(zone.as_ref())
}

fn unreadable(path: &Path, error: std::io::Error) -> TicketError {
    TicketError::Unreadable {
        path: path.to_owned(),
        error,
    }
}

fn table_error(path: &Path, error: TableError) -> TicketError {
    match error {
        TableError::Io(error) => unreadable(path, error),
        TableError::NotText(why) => TicketError::NotText {
            path: path.to_owned(),
            why,
        },
        TableError::Empty => TicketError::Empty(path.to_owned()),
    }
}

/// The zone of times that name none: that of the heading, or the one that was asked for.
fn zone(columns: &Columns, asked: Option<&TimeZone>) -> Result<Option<TimeZone>, TicketError> {
    let Some(name) = &columns.zone_name else {
        return Ok(asked.cloned());
    };
    let of_heading = zone_named(name).map_err(|_| TicketError::UnknownZone(name.clone()))?;
    match asked {
        Some(asked) if *asked != of_heading => Err(TicketError::TwoZones {
            heading: name.clone(),
            asked: asked.iana_name().unwrap_or("another").to_owned(),
        }),
        _ => Ok(Some(of_heading)),
    }
}

struct RowReader<'a> {
    columns: &'a Columns,
    reading: &'a Reading<'a>,
    rows: usize,
    waiting: Vec<Waiting>,
    dropped: BTreeMap<Reason, (u64, Vec<u64>)>,
    column: CreatedColumn,
    ids_seen: HashSet<u64>,
    reasons: Words,
    other_reasons: Words,
    channels: Words,
}

impl<'a> RowReader<'a> {
    fn new(columns: &'a Columns, reading: &'a Reading<'a>) -> Self {
        Self {
            columns,
            reading,
            rows: 0,
            waiting: Vec::new(),
            dropped: BTreeMap::new(),
            column: CreatedColumn::default(),
            ids_seen: HashSet::new(),
            reasons: Words::default(),
            other_reasons: Words::default(),
            channels: Words::default(),
        }
    }

    fn drop_row(&mut self, reason: Reason, line: u64) {
        let (count, lines) = self.dropped.entry(reason).or_default();
        *count += 1;
        if lines.len() < PLACES_MAX {
            lines.push(line);
        }
    }

    fn read(&mut self, row: &Row<'_>) {
        self.rows += 1;
        match self.ticket(row) {
            Ok(waiting) => self.waiting.push(waiting),
            Err(reason) => self.drop_row(reason, row.line),
        }
    }

    fn ticket(&mut self, row: &Row<'_>) -> Result<Waiting, Reason> {
        let cell = |column| row.cell(self.columns.place(column));
        if row.len() != self.columns.cells {
            return Err(Reason::Cells);
        }
        let id = cell(TicketColumn::Id);
        let is_number = |id: &str| {
            id.trim_start_matches('#')
                .bytes()
                .all(|byte| byte.is_ascii_digit())
        };
        if self.columns.is_id_number && id.as_ref().is_some_and(|id| !is_number(id)) {
            return Err(Reason::IdText);
        }
        let text = cell(TicketColumn::Created).ok_or(Reason::NoTime)?;
        let written = read(&text).map_err(Reason::NotATime)?;
        if let Some(id) = &id
            && !self.ids_seen.insert(hash_of(id))
        {
            return Err(Reason::DuplicateId);
        }
        self.column.push(&Cell {
            written,
            line: row.line,
            text: &text,
        });
        let reason = cell(TicketColumn::Reason);
        let only = self.reading.only_reasons;
        let is_asked = |reason: &str| only.iter().any(|asked| asked.eq_ignore_ascii_case(reason));
        if !only.is_empty() && !reason.as_deref().is_some_and(is_asked) {
            if let Some(reason) = reason {
                self.other_reasons.index(&reason);
            }
            return Err(Reason::NotAskedFor);
        }
        let key = |kind, column| cell(column).and_then(|text| (self.reading.hash)(kind, &text));
        let ticket = Ticket {
            order: key(KeyKind::Order, TicketColumn::Order),
            user: key(KeyKind::User, TicketColumn::User),
            session: key(KeyKind::Session, TicketColumn::Session),
            reason: reason.and_then(|reason| self.reasons.index(&reason)),
            channel: cell(TicketColumn::Channel).and_then(|channel| self.channels.index(&channel)),
            ..Ticket::default()
        };
        Ok(Waiting {
            written,
            line: row.line,
            ticket,
        })
    }

    fn finish(mut self, zone: Option<&TimeZone>) -> Result<Tickets, TicketError> {
        // Before the column is judged: a column of something else is no column of times.
        self.check_unread()?;
        if self.waiting.is_empty() && !self.other_reasons.words.is_empty() {
            let found = self.other_reasons.words.iter().take(PLACES_MAX);
            return Err(TicketError::NoReason {
                asked: self.reading.only_reasons.to_vec(),
                found: found.map(|reason| shown(reason)).collect(),
            });
        }
        let rule = std::mem::take(&mut self.column).rule(zone, self.reading.dates)?;
        let mut dated = self.dated(&rule);
        self.check_unread()?;
        dated.sort_by_key(|ticket| ticket.created_us);
        let range = self.reading.range;
        let created_us: Vec<i64> = dated.iter().map(|ticket| ticket.created_us).collect();
        let before = created_us.partition_point(|us| *us < range.start_us);
        let until = created_us.partition_point(|us| *us < range.end_us);
        let inside_us = &created_us[before..until];
        let (Some(first_us), Some(last_us)) = (inside_us.first(), inside_us.last()) else {
            return Err(self.other_weeks(&created_us));
        };
        check_backlog(inside_us, &self.reading.day_zone)?;
        check_gaps(inside_us, &self.reading.day_zone)?;
        let covered_from_us = if before > 0 {
            range.start_us
        } else {
            *first_us
        };
        let covered_to_us = if until < created_us.len() {
            range.end_us
        } else {
            *last_us + 1
        };
        let mut tickets = dated[before..until].to_vec();
        mark_net(&mut tickets);
        Ok(Tickets {
            covered_from_us,
            covered_to_us,
            account: self.account(&tickets),
            reasons: self.reasons.words,
            channels: self.channels.words,
            tickets,
        })
    }

    /// Tickets with their moments; those outside of the range are among them, and counted as dropped.
    fn dated(&mut self, rule: &CreatedRule) -> Vec<Ticket> {
        let mut dated = Vec::with_capacity(self.waiting.len());
        for Waiting {
            written,
            line,
            ticket,
        } in std::mem::take(&mut self.waiting)
        {
            match rule.moment_us(written) {
                Err(why) => self.drop_row(Reason::NotATime(why), line),
                Ok(us) if us > self.reading.future_us => self.drop_row(Reason::Future, line),
                Ok(created_us) => {
                    if !self.reading.range.contains(created_us) {
                        self.drop_row(Reason::OutsideRange, line);
                    }
                    dated.push(Ticket {
                        created_us,
                        ..ticket
                    });
                }
            }
        }
        dated
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts below 2^53, and a share of 1"
    )]
    fn check_unread(&self) -> Result<(), TicketError> {
        let unread = self.dropped.iter().filter(|(reason, _)| reason.is_unread());
        let count: u64 = unread.clone().map(|(_, (count, _))| count).sum();
        if count as f64 <= self.rows as f64 * UNREAD_SHARE_MAX {
            return Ok(());
        }
        let summary = unread.map(|(reason, (count, lines))| {
            let lines: Vec<String> = lines.iter().map(u64::to_string).collect();
            let what = match reason {
                Reason::NotATime(why) => format!("the created time {why}"),
                other => other.words().to_owned(),
            };
            format!("{count} with {what}, first in line {}", lines.join(", "))
        });
        Err(TicketError::Unread {
            unread: usize::try_from(count).unwrap_or(usize::MAX),
            rows: self.rows,
            limit_percent: (UNREAD_SHARE_MAX * 100.0) as u32,
            summary: summary.collect(),
        })
    }

    fn other_weeks(&self, created_us: &[i64]) -> TicketError {
        let shown =
            |us: Option<&i64>| us.map_or_else(|| "the future".to_owned(), |us| rfc3339(*us));
        TicketError::OtherWeeks {
            tickets_from: shown(created_us.first()),
            tickets_to: shown(created_us.last()),
            lake_from: rfc3339(self.reading.range.start_us),
            lake_to: rfc3339(self.reading.range.end_us),
        }
    }

    fn account(&self, tickets: &[Ticket]) -> Account {
        let net = tickets.iter().filter(|ticket| ticket.is_net).count();
        let dropped = self
            .dropped
            .iter()
            .map(|(reason, (rows, first_lines))| Dropped {
                reason: reason.words(),
                rows: *rows,
                first_lines: first_lines.clone(),
            });
        let headings = self.columns.headings.iter();
        let account = Account {
            preset: self.columns.preset.name(),
            columns: headings
                .map(|(column, heading)| (column.name(), heading.clone()))
                .collect(),
            rows: self.rows as u64,
            gross: tickets.len() as u64,
            net: net as u64,
            dropped: dropped.collect(),
        };
        let left_out: u64 = account.dropped.iter().map(|dropped| dropped.rows).sum();
        assert!(
            account.rows == account.gross + left_out,
            "every row is kept or counted"
        );
        account
    }
}

/// A hash that tells ids apart; it is in memory only.
fn hash_of(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

/// Different words, numbered.
#[derive(Default)]
struct Words {
    words: Vec<String>,
    numbers: BTreeMap<String, u32>,
}

impl Words {
    /// `None` for new words past [`WORDS_MAX`].
    fn index(&mut self, word: &str) -> Option<u32> {
        if let Some(number) = self.numbers.get(word) {
            return Some(*number);
        }
        if self.words.len() == WORDS_MAX {
            return None;
        }
        let number = u32::try_from(self.words.len()).ok()?;
        self.words.push(word.to_owned());
        self.numbers.insert(word.to_owned(), number);
        Some(number)
    }
}
