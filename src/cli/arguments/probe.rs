//! Arguments of `probe`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::declared_files::DurationText;

/// Arguments of `probe`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  firedrill probe load-scenarios/partners.yaml --once
  firedrill probe partners.yaml                      until Ctrl-C or SIGTERM
  firedrill probe report partners.yaml --month 2026-11 --partner payments -o payments.html"
)]
pub struct ProbeArguments {
    /// File of partners: who is probed how often, and what they promised
    #[arg(required = true, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Probe every partner once; the exit code is 1 when one fails
    #[arg(long, conflicts_with_all = ["times", "length"])]
    pub once: bool,
    /// End after so many probes of every partner; the exit code is 1 when one fails
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub times: Option<u64>,
    /// End after this long, e.g. 10m; without it Ctrl-C or SIGTERM ends it
    #[arg(long = "for", id = "length", value_name = "DURATION")]
    pub length: Option<DurationText>,
    /// How often probes are written to the lake: what a killed process may lose
    #[arg(long, value_name = "DURATION", default_value = "1m")]
    pub commit_every: DurationText,
    /// Requests that are kept in memory while the lake takes none; more are lost, and counted
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub keep: u64,
    /// What else to do.
    #[command(subcommand)]
    pub verb: Option<ProbeVerb>,
}

/// What else to do with probes.
#[derive(Debug, Subcommand)]
pub enum ProbeVerb {
    /// Whether partners kept their SLA: a summary that can be sent to them
    Report(ProbeReportArguments),
}

/// Arguments of `probe report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill probe report partners.yaml
  firedrill probe report partners.yaml --month 2026-11 --partner payments -o payments.html
  firedrill probe report partners.yaml --week 2026-W47 -o incidents.csv")]
pub struct ProbeReportArguments {
    /// File of partners
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// This partner only, so that what is sent to it says nothing of others; may be given several times
    #[arg(long, value_name = "NAME")]
    pub partner: Vec<String>,
    /// First moment: RFC 3339, a date, or an age such as -7d; without it the first probe
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// First moment after the range; without it now
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// ISO week, e.g. 2026-W47
    #[arg(long, value_name = "WEEK", conflicts_with_all = ["from", "to", "month"])]
    pub week: Option<String>,
    /// Month, e.g. 2026-11
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["from", "to"])]
    pub month: Option<String>,
    /// Threshold file that was learned from support contacts: how often customers will have called while
    /// each partner was down, from what they met in the same lake
    #[arg(long, value_name = "FILE")]
    pub thresholds: Option<PathBuf>,
    /// With --thresholds: the SLI set; without it shop.yaml
    #[arg(long, value_name = "FILE", alias = "sli-defs", requires = "thresholds")]
    pub defs: Option<PathBuf>,
    /// File to write: .html, .md, .json, or .csv with the incidents; without it Markdown on the terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
