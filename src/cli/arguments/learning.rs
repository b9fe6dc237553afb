//! Arguments of the verbs that make load of what customers did: `learn`, `replay`.

use std::path::PathBuf;

use clap::Args;

use super::FanOutArguments;

/// Arguments of `learn`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill learn --week 2026-W48 --scale 3 -o load-scenarios/learned.yaml
  firedrill learn --from 2026-11-27T18:00 --to 2026-11-27T22:00 --forms load-scenarios/black-friday.yaml -o evening.yaml
  firedrill learn --from -1d --speed 60 --think-speed 60 --host http://127.0.0.1:8080 -o lapse.yaml")]
pub struct LearnArguments {
    /// First moment: RFC 3339, a date, or an age such as -7d; without it all that the lake has
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// First moment after the range
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// ISO week, e.g. 2026-W47
    #[arg(long, value_name = "WEEK", conflicts_with_all = ["from", "to"])]
    pub week: Option<String>,
    /// Zone of days and weeks
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub tz: String,
    /// So many times as many sessions; what one shopper does stays
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub scale: f64,
    /// The curve goes by so many times as fast: at 60 an hour takes a minute; rates stay
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub speed: f64,
    /// Shoppers think so many times as fast, for rehearsals shorter than a visit
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub think_speed: f64,
    /// What shall be driven, which you say you may; without it the target of --forms, or the demo shop
    #[arg(long, value_name = "URL")]
    pub host: Option<String>,
    /// Scenario whose requests are used where method and route are the same: paths, forms, headers
    #[arg(long, value_name = "FILE")]
    pub forms: Option<PathBuf>,
    /// Pages with a smaller share are left out
    #[arg(long, value_name = "SHARE", default_value_t = 0.005)]
    pub min_share: f64,
    /// Leave out what pages ask for by themselves
    #[arg(long)]
    pub no_calls: bool,
    /// SLI set whose routes the paths of --forms are given; without it shop.yaml
    #[arg(long, value_name = "FILE")]
    pub sli_defs: Option<PathBuf>,
    /// Name of the scenario
    #[arg(long, value_name = "NAME", default_value = "learned")]
    pub name: String,
    /// Scenario to write; without it the terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill replay access.log --host http://127.0.0.1:8080
  firedrill replay access.log.gz --from 2026-11-27T20:00 --to 2026-11-27T20:10 --speed 2 --scenario load-scenarios/staging.yaml
  firedrill replay logs --people --dry-run

Requests keep nothing from one to the next: cookies and bodies are in no log.")]
pub struct ReplayArguments {
    /// Files, folders, patterns, or `-` for standard input, as `ingest` reads them
    #[arg(required = true, value_name = "LOG")]
    pub logs: Vec<PathBuf>,
    /// First moment: RFC 3339, a date, or an age such as -7d
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// First moment after the slice
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// How many times as fast as it was
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub speed: f64,
    /// Methods that are sent; without it GET and HEAD
    #[arg(long, value_name = "METHOD", value_delimiter = ',')]
    pub methods: Vec<String>,
    /// Send requests that may change something at the target, too; without their bodies
    #[arg(long)]
    pub allow_unsafe: bool,
    /// Leave out what bots and monitors asked for
    #[arg(long)]
    pub people: bool,
    /// Log format: auto, a known name, a pasted log_format, or a mapping file
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub format: String,
    /// Zone of times that name none, and of --from and --to; without it UTC
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// Scenario whose target, transport and limits hold; hosts that are not this machine have to be
    /// allowed there
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Drive this base URL; without it the target of --scenario, or the demo shop
    #[arg(long, value_name = "URL")]
    pub host: Option<String>,
    /// Where to write the report; without it beside the lake, named by the run
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
    /// SLI set to judge by; without it shop.yaml
    #[arg(long, value_name = "FILE")]
    pub sli_defs: Option<PathBuf>,
    /// Threshold file whose levels replace those of the SLI set
    #[arg(long, value_name = "FILE")]
    pub thresholds: Option<PathBuf>,
    /// Print what the replay would ask of the target and of this machine; send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Name of the run in the lake; without it that of the log and time
    #[arg(long, value_name = "ID")]
    pub run_id: Option<String>,
    /// Several machines.
    #[command(flatten)]
    pub fan_out: FanOutArguments,
}
