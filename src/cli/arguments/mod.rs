//! What can be typed.

mod calibration;
mod capacity;
mod contacts;
mod engine;
mod exchange;
mod fan_out;
mod headroom;
mod judging;
mod learning;
mod probe;

use std::path::PathBuf;

use super::live::UiAddress;
use crate::declared_files::DurationText;
use crate::lake::LakeAddress;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

pub use calibration::{
    CalibrateArguments, DatesChoice, EffectChoice, ExportFormatArguments, JourneyChoice,
    LevelArguments, PresetChoice, SimulateArguments, SimulatedContactsArguments,
};
pub use capacity::{CapacityArguments, CapacityVerb};
pub use contacts::{ContactsArguments, DeskArguments, KeysArguments};
pub use engine::{
    CutArguments, DialectChoice, EngineArguments, EngineChoice, ExportSqlArguments, SourceChoice,
};
pub use exchange::{
    ExportArguments, ExportRangeArguments, ExportSetArguments, ExportWhat, ImportArguments,
    ImportHarArguments, ImportOpenSloArguments, ImportWhat, OpenSloChoice,
};
pub use fan_out::{FanOutArguments, JudgeArguments};
pub use headroom::{
    CapacityFitArguments, CapacityForecastArguments, CapacityRoutesArguments, ConcurrencyChoice,
    LoadRowArguments, TrafficChoice, WeightChoice,
};
pub use judging::{
    ByChoice, OriginChoice, RangeArguments, ReportArguments, RollupArguments, RollupFormat,
    SliArguments, SliFormat, WhatIfArguments,
};
pub use learning::{LearnArguments, ReplayArguments};
pub use probe::{ProbeArguments, ProbeReportArguments, ProbeVerb};

/// Rehearse your Black Friday, and know in numbers when your customers will call support.
#[derive(Debug, Parser)]
#[command(
    name = "firedrill",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  firedrill rehearse                       a one-minute surge against the built-in shop
  firedrill ingest access.log              read a request log into ./lake
  firedrill sli                            the SLIs of everything in the lake
  firedrill report -o report.html          the same as a report

Exit codes:
  0   all well
  1   a threshold is crossed or an SLI missed
  2   wrong usage
  3   a declared file is invalid
  4   input unusable (rejects past the limit, lake damaged, target unreachable)
  5   the run is invalid (the load generator did not keep its schedule)
  6   stopped early by a guard or the user
  70  internal error"
)]
pub struct Arguments {
    /// Options that every verb takes.
    #[command(flatten)]
    pub global: GlobalArguments,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The same error, which shows what was typed, but for the password of an address.
#[must_use]
pub fn without_password(mut error: clap::Error) -> clap::Error {
    use clap::error::{ContextKind, ContextValue};
    let shown = match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(typed)) => redacted(typed),
        _ => None,
    };
    if let Some(shown) = shown {
        error.insert(ContextKind::InvalidValue, ContextValue::String(shown));
    }
    error
}

/// `s3://key:…@logs` for `s3://key:secret@logs`; `None` when there is no password.
fn redacted(typed: &str) -> Option<String> {
    let (scheme, rest) = typed.split_once("://")?;
    let (user, host) = rest.split_once('@')?;
    let (user, _) = user.split_once(':')?;
    Some(format!("{scheme}://{user}:…@{host}"))
}

/// Options that every verb takes.
#[derive(Debug, Clone, Args)]
pub struct GlobalArguments {
    /// Folder of the lake, or s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        value_hint = ValueHint::DirPath,
        default_value = "./lake",
        env = "FIREDRILL_LAKE"
    )]
    pub lake: LakeAddress,
    /// Print one JSON document on standard output and nothing else there
    #[arg(long, global = true)]
    pub json: bool,
    /// Print no progress and no summary, only errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print more about what is done
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Even into files and pipes
    Always,
    /// Not at all
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run a surge: shoppers arrive on schedule, requests go to the lake, SLIs are judged
    Rehearse(RehearseArguments),
    /// Read request logs into the lake, each line exactly once
    Ingest(IngestArguments),
    /// SLI values of what is in the lake
    Sli(SliArguments),
    /// Counts and percentiles per window, by route, status, channel and so on
    Rollup(RollupArguments),
    /// A report of what is in the lake
    Report(ReportArguments),
    /// Learn from support tickets at which levels of the SLIs customers call
    Calibrate(CalibrateArguments),
    /// The ways in which the business can break, and when each was last drilled
    Premortem(PremortemArguments),
    /// What trouble would cost in support contacts, and at which levels calls double or the desk is full
    Contacts(ContactsArguments),
    /// What other objectives would have said of the past: missed, budgets, alerts
    WhatIf(WhatIfArguments),
    /// For other tools: OpenSLO, Prometheus, HdrHistogram, a gate for CI, SQL of the rollup
    Export(ExportArguments),
    /// From other tools: a browser's recording (HAR) as a scenario, OpenSLO as an SLI set
    Import(ImportArguments),
    /// Probe partners at intervals, and say whether they keep their SLA
    Probe(ProbeArguments),
    /// The requests of a log again, with the pauses between them that they had
    Replay(ReplayArguments),
    /// A load scenario of what customers do: arrivals, ways through the shop, pauses
    Learn(LearnArguments),
    /// The highest sustained rate at which every SLI holds, as bounds; scalability law; headroom
    Capacity(Box<CapacityArguments>),
    /// Validate declared files; prints all problems at once
    Check(CheckArguments),
    /// The built-in demo shop alone
    Shop(ShopArguments),
    /// Days of realistic requests as an nginx access log, with a known truth
    Simulate(SimulateArguments),
    /// What is in the lake, and its integrity
    Lake(LakeArguments),
    /// JSON Schema of a declared file, for editors
    Schema(SchemaArguments),
    /// Completion script for a shell
    Completions(CompletionsArguments),
}

/// Arguments of `rehearse`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  firedrill rehearse
  firedrill rehearse load-scenarios/doors-open-double.yaml
  firedrill rehearse --ui 8089
  firedrill rehearse load-scenarios/payment-outage-drill.yaml --confirm-dir confirmed
  firedrill rehearse load-scenarios/black-friday.yaml --also load-scenarios/doors-open-double.yaml
  firedrill rehearse load-scenarios/black-friday.yaml --host http://127.0.0.1:8080 --dry-run
  firedrill rehearse surge.yaml --run-id bf-1 --shard 2/4 --start-at +60s   one of four
  firedrill rehearse --judge bf-1                                           the verdict over all")]
pub struct RehearseArguments {
    /// Scenario file; without it black-friday against the built-in shop
    pub scenario: Option<PathBuf>,
    /// Another scenario at the same time, against the target of the first; may be given several times
    #[arg(long, value_name = "FILE")]
    pub also: Vec<PathBuf>,
    /// Drive this base URL instead of the scenario's target
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
    /// Compare with an earlier rehearsal: its name, or `previous` for the last valid one of the same mix
    #[arg(long, value_name = "WHAT")]
    pub compare: Option<String>,
    /// Print what the run would ask of the target and of this machine; send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Show the run as a web page, e.g. on 127.0.0.1:8089; a port alone is on this machine, 0 is any
    #[arg(long, value_name = "ADDRESS")]
    pub ui: Option<UiAddress>,
    /// With --ui: serve also on an address that others reach; they need no password
    #[arg(long, requires = "ui")]
    pub ui_open_to_others: bool,
    /// Seed of arrivals, journeys and think times, instead of the (first) scenario's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Name of the run in the lake; without it scenario and time
    #[arg(long, value_name = "ID")]
    pub run_id: Option<String>,
    /// Agree to the commands that the scenario's drills run on this machine
    #[arg(long)]
    pub allow_exec: bool,
    /// Folder in which a file named after an announcement of the drills confirms it
    #[arg(long, value_name = "DIR")]
    pub confirm_dir: Option<PathBuf>,
    /// Several machines.
    #[command(flatten)]
    pub fan_out: FanOutArguments,
    /// The verdict over several machines.
    #[command(flatten)]
    pub judge: JudgeArguments,
}

/// Arguments of `ingest`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill ingest access.log access.log.1.gz
  firedrill ingest /var/log/nginx --service web
  firedrill ingest 'logs/**/*.gz' --zone Europe/Berlin
  firedrill ingest --follow /var/log/nginx/access.log
  zcat access.log.*.gz | firedrill ingest -
  firedrill ingest odd.log --format '$remote_addr [$time_local] \"$request\" $status $request_time'
  firedrill ingest app.jsonl --format mapping.yaml

`firedrill ingest --list-formats` names every format that is known.")]
pub struct IngestArguments {
    /// Files, folders, patterns, or `-` for standard input; plain, gzip or zstd
    #[arg(required_unless_present = "list_formats", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Log format: auto, the name of a known one, a pasted nginx `log_format` or Apache
    /// `LogFormat`, or a mapping file for JSON lines or CSV
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub format: String,
    /// Name every known format, with the unit of its duration and the meaning of its time
    #[arg(long)]
    pub list_formats: bool,
    /// Service name of requests whose log names none
    #[arg(long, value_name = "NAME", default_value = "shop")]
    pub service: String,
    /// Largest share of the new lines of a source that may be rejected; past it nothing of it is
    /// kept
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    pub max_reject: f64,
    /// Zone of times that name none; without it UTC. Lines that were ingested before stay as they
    /// are
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// Go on reading what is appended, and what comes after a rotation, until Ctrl-C
    #[arg(long)]
    pub follow: bool,
    /// With --follow: how often to look, e.g. 10s; each look that finds something is one commit
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub every: DurationText,
    /// Count lines as already ingested whose row key (insertId, x-edge-request-id,
    /// trackingReference, $request_id) is in the lake within two days, for exporters that write a
    /// line at least once
    #[arg(long)]
    pub unique_rows: bool,
    /// Keep these query parameters; all others are dropped
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub keep_query: Vec<String>,
    /// Hosts of your own: what comes from there is no referral; without it they are learned
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub site: Vec<String>,
    /// Cookies that hold the session, for logs that carry cookies; well-known ones are known
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub session_cookie: Vec<String>,
    /// SLI set whose routes the requests are given; without it shop.yaml
    #[arg(long, value_name = "FILE")]
    pub sli_defs: Option<PathBuf>,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill check
  firedrill check sli-defs/shop.yaml load-scenarios")]
pub struct CheckArguments {
    /// Files or folders; without any, load-scenarios and sli-defs
    pub paths: Vec<PathBuf>,
}

/// Arguments of `shop`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill shop --port 8080
  firedrill shop --port 8080 --capacity 30 --fault latency:/checkout:500ms --fault errors:/search:0.1")]
pub struct ShopArguments {
    /// Port on 127.0.0.1; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    pub port: u16,
    /// Checkouts per second that its payment service completes
    #[arg(long, value_name = "PER_SECOND", default_value_t = 60.0)]
    pub capacity: f64,
    /// A fault that is on from the start; may be given several times
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<String>,
}

/// Arguments of `lake`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill lake info
  firedrill lake verify --lake /srv/lake")]
pub struct LakeArguments {
    /// What to do with the lake.
    #[command(subcommand)]
    pub verb: LakeVerb,
}

/// What to do with the lake.
#[derive(Debug, Subcommand)]
pub enum LakeVerb {
    /// What is in it: records, files, time range, origins, sources
    Info,
    /// Its integrity: files against the log, counts against the ledger
    Verify,
    /// Merge small files, in the order of time; readers are not disturbed
    Compact(CompactArguments),
    /// Remove files that no commit names: leftovers of killed commands, and what was compacted
    Vacuum(VacuumArguments),
    /// The lines that were not understood: source, line, reason, text
    Rejects(RejectsArguments),
    /// The keyed hashes by which the lake knows the sessions of a list, for outreach
    Keys(KeysArguments),
}

/// Arguments of `lake compact`.
#[derive(Debug, Args)]
pub struct CompactArguments {
    /// Rows of a merged file at most; a million rows take about 250 MB of memory
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(2..=4_000_000))]
    pub target_rows: u64,
}

/// Arguments of `lake vacuum`.
#[derive(Debug, Args)]
pub struct VacuumArguments {
    /// Keep what was written or replaced since; 0s only when nobody else has the lake open
    #[arg(long, value_name = "DURATION", default_value = "7d")]
    pub older_than: DurationText,
    /// Keep entries of the log that a later checkpoint repeats since
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    pub log_older_than: DurationText,
    /// Say what would be removed; remove nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `lake rejects`.
#[derive(Debug, Args)]
pub struct RejectsArguments {
    /// Lines at most
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub limit: usize,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  firedrill schema sli > sli.schema.json")]
pub struct SchemaArguments {
    /// Kind of declared file
    pub kind: SchemaKind,
}

/// Kinds of declared files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaKind {
    /// Load scenarios
    Scenario,
    /// SLI sets
    Sli,
    /// Threshold files
    Thresholds,
    /// Mapping files for logs of no known format
    Mapping,
    /// Probes of partners
    Probe,
    /// Pre-mortem files
    Premortem,
    /// Mapping files for exports of support tickets
    Tickets,
}

/// Arguments of `premortem`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill premortem
  firedrill premortem load-scenarios/premortem.yaml -o premortem.html
  firedrill premortem --stale-after 30d --json

The exit code is 1 when something is open: not covered by an SLI, without an owner, never drilled,
drilled too long ago, not seen, not recovered.")]
pub struct PremortemArguments {
    /// Pre-mortem file; without it load-scenarios/premortem.yaml
    pub file: Option<PathBuf>,
    /// File to write as well: .html, .md or .json
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// After how long a drill no longer counts, instead of what the file says
    #[arg(long, value_name = "DURATION")]
    pub stale_after: Option<DurationText>,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  firedrill completions bash > /etc/bash_completion.d/firedrill")]
pub struct CompletionsArguments {
    /// Shell
    pub shell: Shell,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        let typed = [
            "firedrill",
            "lake",
            "info",
            "--lake",
            "s3://key:SECRET@logs/a",
        ];
        let error = Arguments::try_parse_from(typed).expect_err("an address has no password");
        let shown = without_password(error).to_string();
        assert!(!shown.contains("SECRET"), "{shown}");
        assert!(shown.contains("no password"), "{shown}");
        assert_eq!(redacted("s3://logs/a"), None);
        assert_eq!(redacted("abfss://c@a.dfs.core.windows.net/p"), None);
    }
}
