//! The export of a ticket system, as the arguments and a mapping file say it is to be read.

use std::path::Path;

use jiff::tz::TimeZone;

use crate::cli::arguments::{DatesChoice, ExportFormatArguments, PresetChoice};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::declared_files::{self, Declared, DeclaredFileError};
use crate::enrichment::ShopperKeys;
use crate::lake::Lake;
use crate::support::tickets::{
    ColumnNames, DayOrder, KeyKind, Preset, Reading, TicketError, TicketMappingDefinition, Tickets,
    read_tickets,
};
use crate::time_window::{TimeWindow, zone};

/// A ticket may be this much later than the newest request and is not of the future, µs.
const LATER_US: i64 = 7 * 86_400_000_000;

/// How an export is to be read.
#[derive(Debug)]
pub struct ExportFormat {
    preset: Option<Preset>,
    names: ColumnNames,
    zone: Option<TimeZone>,
    dates: Option<DayOrder>,
    reasons: Vec<String>,
}

impl ExportFormat {
    /// What was typed, and what a mapping file says where nothing was typed.
    pub fn new(arguments: &ExportFormatArguments) -> Result<Self, Failure> {
        let mapping = arguments
            .columns
            .as_deref()
            .filter(|text| is_file_name(text));
        let mut format = match mapping {
            Some(path) => Self::of_file(Path::new(path))?,
            None => Self {
                preset: None,
                names: match arguments.columns.as_deref() {
                    Some(text) => ColumnNames::parse(text).map_err(failure)?,
                    None => ColumnNames::default(),
                },
                zone: None,
                dates: None,
                reasons: Vec::new(),
            },
        };
        if let Some(choice) = arguments.preset {
            format.preset = Some(preset(choice));
        }
        if let Some(name) = &arguments.tickets_tz {
            format.zone = Some(zone(name)?);
        }
        match arguments.tickets_dates {
            Some(DatesChoice::DayFirst) => format.dates = Some(DayOrder::DayFirst),
            Some(DatesChoice::MonthFirst) => format.dates = Some(DayOrder::MonthFirst),
            None => {}
        }
        if !arguments.reason.is_empty() {
            format.reasons.clone_from(&arguments.reason);
        }
        Ok(format)
    }

    /// What a mapping file says.
    ///
    /// # Errors
    /// Everything that is wrong with it, with its place.
    pub fn of_file(path: &Path) -> Result<Self, DeclaredFileError> {
        let declared: Declared<TicketMappingDefinition> = declared_files::load(path)?;
        let definition = &declared.value;
        let named = definition.time_zone.as_deref().map(zone).transpose();
        let zone = named.map_err(|error| {
            let message = error.to_string();
            let (message, hint) = message.split_once(" (hint: ").unwrap_or((&message, ""));
            let hint = hint.trim_end_matches(')').to_owned();
            let problem = declared.problem("/time_zone", message.to_owned(), Some(hint));
            DeclaredFileError::from(vec![problem])
        })?;
        Ok(Self {
            preset: definition.tickets.into(),
            names: definition.columns.names(),
            zone,
            dates: definition.dates.map(DayOrder::from),
            reasons: definition.reasons.clone(),
        })
    }
}

/// A list of columns has `=`, and none of them ends so.
fn is_file_name(text: &str) -> bool {
    let extension = Path::new(text).extension();
    extension.is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn preset(choice: PresetChoice) -> Preset {
    match choice {
        PresetChoice::Zendesk => Preset::Zendesk,
        PresetChoice::Intercom => Preset::Intercom,
        PresetChoice::Freshdesk => Preset::Freshdesk,
        PresetChoice::Jira => Preset::Jira,
        PresetChoice::Plain => Preset::Plain,
    }
}

/// Where and when the tickets of an export belong.
#[derive(Debug, Clone)]
pub struct ExportScope {
    /// What of the lake is learned from.
    pub range: TimeWindow,
    /// Zone of the desk's days.
    pub zone: TimeZone,
    /// The later of the present and the newest request, UTC µs.
    pub newest_us: i64,
}

/// Reads the tickets; orders, customers and sessions become hashes.
pub fn tickets(
    path: &Path,
    format: &ExportFormat,
    scope: &ExportScope,
    keys: &TicketKeys,
) -> Result<Tickets, Failure> {
    let hash = |kind: KeyKind, text: &str| keys.hash(kind, text);
    let reading = Reading {
        preset: format.preset,
        names: &format.names,
        zone: format.zone.as_ref(),
        dates: format.dates,
        only_reasons: &format.reasons,
        day_zone: scope.zone.clone(),
        range: scope.range,
        future_us: scope.newest_us.saturating_add(LATER_US),
        hash: &hash,
    };
    read_tickets(path, &reading).map_err(failure)
}

/// The keyed hashes of what tickets name. Customers and sessions are hashed as `ingest` hashes sessions: a
/// shop may log either as the session.
#[derive(Debug, Clone)]
pub struct TicketKeys {
    keys: ShopperKeys,
    /// Why no ticket can be found in the lake, if so.
    pub unknown_because: Option<String>,
}

impl TicketKeys {
    /// With the key of the lake. Who may not read it learns from counts: contacts are folded all the same,
    /// and none is found in the lake.
    pub fn of(lake: &Lake) -> Self {
        let (key, unknown_because) = match lake.key() {
            Ok(key) => (key, None),
            Err(error) => ([0; 32], Some(error.to_string())),
        };
        Self {
            keys: ShopperKeys::new(&key, Vec::new()),
            unknown_because,
        }
    }

    /// `None` for what names nobody.
    pub fn hash(&self, kind: KeyKind, text: &str) -> Option<i64> {
        match kind {
            KeyKind::Order => self.keys.row_key(text.as_bytes()),
            KeyKind::User | KeyKind::Session => self.keys.shopper(b"", 0, b"", text.as_bytes()),
        }
    }
}

fn failure(error: TicketError) -> Failure {
    let code = if error.is_usage() {
        ExitCode::Usage
    } else {
        ExitCode::Input
    };
    Failure::new(code, error.to_string())
}
