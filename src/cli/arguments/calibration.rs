//! Arguments of `calibrate`, and of `simulate`, which makes what it can be tried on.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::declared_files::DurationText;

/// Arguments of `calibrate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill calibrate --tickets tickets.csv
  firedrill calibrate --tickets zendesk.csv --week 2026-W40..2026-W47 --report calibration.html
  firedrill calibrate --tickets freshdesk.csv --tickets-tz Europe/Berlin --reason payment,website
  firedrill calibrate --tickets export.csv --columns 'created=Opened,order=Order no'
  firedrill calibrate --tickets tickets.csv --agents 12 --contacts-per-agent-hour 6 --sessions-per-hour 180000

Exit code 1 when nothing can be learned honestly: the reasons are printed, no file is written.")]
pub struct CalibrateArguments {
    /// Support tickets, as the ticket system exports them
    #[arg(long, value_name = "FILE.csv")]
    pub tickets: PathBuf,
    /// How the export is read.
    #[command(flatten)]
    pub export: ExportFormatArguments,
    /// What of the lake is learned from.
    #[command(flatten)]
    pub weeks: WeeksArguments,
    /// At what levels customers are said to call.
    #[command(flatten)]
    pub levels: LevelArguments,
    /// SLIs to learn from; without it all of the set that can be
    #[arg(long, value_name = "SLI", value_delimiter = ',')]
    pub sli: Vec<String>,
    /// SLIs that should have nothing to do with these contacts: a control, never a level
    #[arg(long, value_name = "SLI", value_delimiter = ',')]
    pub unrelated: Vec<String>,
    /// The longest delay from a bad experience to the contact
    #[arg(long, value_name = "DURATION", default_value = "6h")]
    pub lag_max: DurationText,
    /// Bootstrap resamples behind every interval
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(100..=10_000))]
    pub resamples: u32,
    /// Seed of every draw: the same seed, the same bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How long the thresholds hold after the last day learned from
    #[arg(long, value_name = "DURATION", default_value = "91d")]
    pub expires_after: DurationText,
    /// Threshold file to write; without it thresholds/NAME.yaml, by the name of the SLI set
    #[arg(short, long, value_name = "FILE.yaml")]
    pub output: Option<PathBuf>,
    /// Write the threshold file also when everything is refused, with the reasons and no level
    #[arg(long)]
    pub write_refusal: bool,
    /// Report for support and operations, as .html, .md or .json
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// How an export of tickets is read.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Reading the export")]
pub struct ExportFormatArguments {
    /// Whose export it is; without it the header tells
    #[arg(long, value_name = "SYSTEM")]
    pub preset: Option<PresetChoice>,
    /// Headings, such as `created=Opened at,order=Order ID,user=Customer`, or a mapping file (.yaml);
    /// known: created, id, reason, order, user, session, channel. No other column is looked at
    #[arg(long, value_name = "COLUMNS")]
    pub columns: Option<String>,
    /// Zone of created times that name none
    #[arg(long, value_name = "ZONE")]
    pub tickets_tz: Option<String>,
    /// Which number of a date such as 03/04/2026 is the day; without it the column tells
    #[arg(long, value_name = "ORDER")]
    pub tickets_dates: Option<DatesChoice>,
    /// Only contacts of these reasons, as the export writes them
    #[arg(long, value_name = "REASON", value_delimiter = ',')]
    pub reason: Vec<String>,
}

/// What of the lake is learned from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Weeks and windows")]
pub struct WeeksArguments {
    /// First moment: RFC 3339, a date, or an age such as -56d
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// First moment after the range
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// ISO weeks, from and to: 2026-W40..2026-W47
    #[arg(long, value_name = "WEEKS", alias = "weeks", conflicts_with_all = ["from", "to"])]
    pub week: Option<String>,
    /// Zone of days, weeks and support hours; without it that of the SLI set, or UTC
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
    /// Length of a window
    #[arg(long, value_name = "DURATION", default_value = "15m")]
    pub window: String,
    /// SLI set; without it shop.yaml
    #[arg(long, value_name = "FILE", alias = "sli-defs")]
    pub defs: Option<PathBuf>,
    /// Campaigns that make people call whatever the SLIs show, as .csv or .yaml
    #[arg(long, value_name = "FILE")]
    pub annotations: Option<PathBuf>,
}

/// At what levels customers are said to call.
#[derive(Debug, Args)]
#[command(next_help_heading = "Levels")]
pub struct LevelArguments {
    /// The level is where contacts are this many times those of a quiet shop
    #[arg(long, value_name = "TIMES", default_value_t = 2.0)]
    pub multiple: f64,
    /// Also the level with so many more contacts per 1,000 sessions
    #[arg(long, value_name = "CONTACTS")]
    pub excess_per_1000: Option<f64>,
    /// Also the level at which the support desk is full: sessions per hour of the forecast peak
    #[arg(long, value_name = "SESSIONS", requires = "desk")]
    pub sessions_per_hour: Option<f64>,
    /// Contacts per hour that may come on top of the usual ones
    #[arg(
        long,
        value_name = "CONTACTS",
        group = "desk",
        requires = "sessions_per_hour",
        conflicts_with = "agents"
    )]
    pub spare_contacts_per_hour: Option<f64>,
    /// People who answer at the same time
    #[arg(
        long,
        value_name = "PEOPLE",
        group = "desk",
        requires = "sessions_per_hour"
    )]
    pub agents: Option<f64>,
    /// Contacts that one of them settles in an hour
    #[arg(
        long,
        value_name = "CONTACTS",
        default_value_t = 6.0,
        requires = "agents"
    )]
    pub contacts_per_agent_hour: f64,
    /// Share of the time that they may be busy
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.85,
        requires = "agents"
    )]
    pub occupancy: f64,
}

/// Whose export it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PresetChoice {
    /// Zendesk Support
    Zendesk,
    /// Intercom
    Intercom,
    /// Freshdesk
    Freshdesk,
    /// Jira and Jira Service Management
    Jira,
    /// Plain words: created_at, ticket_id, reason, order_id, user_id, session_id, channel
    Plain,
}

/// Which number of a date is the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DatesChoice {
    /// 27/11/2026
    DayFirst,
    /// 11/27/2026
    MonthFirst,
}

/// Arguments of `simulate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill simulate --days 7 --shoppers-per-day 20000 -o logs
  firedrill simulate --start 2026-11-23 --days 7 --seed 7 -o black-friday-week
  firedrill simulate --start 2026-08-31 --days 56 --shoppers-per-day 4000 --tickets -o weeks")]
pub struct SimulateArguments {
    /// How many days
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub days: u32,
    /// Shoppers on an ordinary day
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub shoppers_per_day: u64,
    /// Seed of everything random: the same seed, the same bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// First day
    #[arg(long, value_name = "DATE", default_value = "2026-11-27")]
    pub start: String,
    /// Folder for the logs and truth.json
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// Support contacts.
    #[command(flatten)]
    pub contacts: SimulatedContactsArguments,
}

/// Support contacts to simulate.
#[derive(Debug, Args)]
#[command(next_help_heading = "Support contacts")]
pub struct SimulatedContactsArguments {
    /// Write tickets.csv, too: contacts by a known law, which truth.json states; session and order
    /// ids are in the log
    #[arg(long)]
    pub tickets: bool,
    /// Stretches of one to four hours in which requests fail, of all strengths
    #[arg(long, value_name = "N", default_value_t = 30, requires = "tickets")]
    pub episodes: u32,
    /// Whether failures make customers call
    #[arg(
        long,
        value_name = "EFFECT",
        default_value = "threshold",
        requires = "tickets"
    )]
    pub effect: EffectChoice,
    /// What fails, in turn: SLI availability, none of shop.yaml, or checkout_success
    #[arg(
        long,
        value_name = "JOURNEY",
        value_delimiter = ',',
        default_value = "pages",
        requires = "tickets"
    )]
    pub journey: Vec<JourneyChoice>,
    /// Share of failed requests from which on customers call
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.02,
        requires = "tickets"
    )]
    pub contact_threshold: f64,
    /// By how many times the quiet rate contacts rise per unit of share beyond it
    #[arg(
        long,
        value_name = "TIMES",
        default_value_t = 60.0,
        requires = "tickets"
    )]
    pub contact_slope: f64,
    /// Mean delay from the session to the contact
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "45m",
        requires = "tickets"
    )]
    pub contact_delay: DurationText,
    /// Contacts of a quiet shop per 1,000 sessions
    #[arg(
        long,
        value_name = "CONTACTS",
        default_value_t = 20.0,
        requires = "tickets"
    )]
    pub contacts_per_1000: f64,
    /// Share of the tickets that name session or order
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.6,
        requires = "tickets"
    )]
    pub linked_share: f64,
}

/// Whether failures make customers call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EffectChoice {
    /// From the threshold on
    Threshold,
    /// Not at all
    None,
}

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum JourneyChoice {
    /// Every page: SLI availability
    Pages,
    /// GET /search
    Search,
    /// POST /checkout: SLI checkout_success
    Checkout,
    /// Every page takes longer than 5 s now and then, and none fails of it: an SLI of kind `latency_cut`
    /// with that limit
    Slow,
}
