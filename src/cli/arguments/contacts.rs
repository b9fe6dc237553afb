//! Arguments of `contacts`, and of what `report` and `lake` do for the support desk.

use std::path::PathBuf;

use clap::Args;

use super::ExportFormatArguments;
use crate::declared_files::DurationText;

/// Arguments of `contacts`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill contacts
  firedrill contacts --if checkout_success=97% --traffic 3x --for 1h --at friday-20:00
  firedrill contacts --traffic 3x --at friday-20:00 --spare-contacts-per-hour 400
  firedrill contacts --if checkout_p95=6s --sessions-per-hour 180000 --json")]
pub struct ContactsArguments {
    /// An SLI and its level meanwhile, e.g. checkout_success=97% or checkout_p95=6s; those that are not
    /// named are well
    #[arg(long = "if", value_name = "SLI=VALUE", value_delimiter = ',')]
    pub what_if: Vec<String>,
    /// How many times the usual sessions come
    #[arg(long, value_name = "FACTOR", default_value = "1x")]
    pub traffic: String,
    /// Sessions that come in an hour, instead of what is usual in the lake
    #[arg(long, value_name = "N", conflicts_with = "traffic")]
    pub sessions_per_hour: Option<f64>,
    /// How long it lasts
    #[arg(long = "for", value_name = "DURATION", default_value = "1h")]
    pub lasting: DurationText,
    /// When it begins: friday-20:00, or a time; without it the busiest hour of the week
    #[arg(long, value_name = "WHEN")]
    pub at: Option<String>,
    /// Contacts that the support desk can take in an hour beside the usual ones
    #[arg(long, value_name = "N")]
    pub spare_contacts_per_hour: Option<f64>,
    /// The level at which contacts are so many times those of a quiet shop
    #[arg(long, value_name = "TIMES", default_value_t = 2.0)]
    pub multiple: f64,
    /// Threshold file that was learned from contacts; without it the one in thresholds/ beside the
    /// folder of the SLI set
    #[arg(long, value_name = "FILE")]
    pub thresholds: Option<PathBuf>,
    /// SLI set; without it shop.yaml
    #[arg(long, value_name = "FILE", alias = "sli-defs")]
    pub defs: Option<PathBuf>,
    /// Zone of --at; without it that of the SLI set, or UTC
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
}

/// What `report` does for the support desk.
#[derive(Debug, Clone, Default, Args)]
pub struct DeskArguments {
    /// Ticket export: who of the customers whom a problem hit has called, and who has not yet
    #[arg(long, value_name = "FILE.csv")]
    pub tickets: Option<PathBuf>,
    /// How the export is read.
    #[command(flatten)]
    pub export: ExportFormatArguments,
    /// Write the problems as a table, one line per route, status and stretch of time
    #[arg(long, value_name = "FILE.csv")]
    pub desk: Option<PathBuf>,
    /// Write the shoppers whom a problem hit and who have not called, as keyed hashes; `firedrill lake
    /// keys` says whose they are to who has the list of sessions
    #[arg(long, value_name = "FILE.csv")]
    pub outreach: Option<PathBuf>,
}

/// Arguments of `lake keys`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill lake keys sessions.txt > keys.csv
  psql -Atc 'select session_id from orders' | firedrill lake keys -")]
pub struct KeysArguments {
    /// One session id per line, as the logs have it, or `-` for standard input
    pub file: PathBuf,
}
