//! Arguments of the verbs that speak to other tools: `export`, `import`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{ExportSqlArguments, RangeArguments};

/// Arguments of `export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill export openslo --openslo v1 > shop.openslo.yaml
  firedrill export prometheus > rules.yaml
  firedrill export hlog --week 2026-W47 -o week.hlog
  firedrill export sql --dialect duckdb --into cells.parquet
  firedrill export gate --run black-friday-20261127T080000Z")]
pub struct ExportArguments {
    /// For which tool.
    #[command(subcommand)]
    pub what: ExportWhat,
}

/// For which tool.
#[derive(Debug, Subcommand)]
pub enum ExportWhat {
    /// The SLI set as OpenSLO
    Openslo(ExportOpenSloArguments),
    /// The SLI set as Prometheus recording and alerting rules
    Prometheus(ExportSetArguments),
    /// Latencies per window as an HdrHistogram interval log (V2); values in µs
    Hlog(ExportRangeArguments),
    /// The verdict of every SLI as a small JSON document for continuous integration
    Gate(ExportRangeArguments),
    /// The SQL by which another engine computes the rollup, for `rollup --import`
    Sql(ExportSqlArguments),
}

/// Arguments of `export prometheus`.
#[derive(Debug, Args)]
pub struct ExportSetArguments {
    /// SLI set; without it shop.yaml
    #[arg(long, value_name = "FILE", alias = "sli-defs")]
    pub defs: Option<PathBuf>,
    /// File to write; without it the terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `export openslo`.
#[derive(Debug, Args)]
pub struct ExportOpenSloArguments {
    /// What to export.
    #[command(flatten)]
    pub set: ExportSetArguments,
    /// Version of OpenSLO; Sloth reads v1alpha
    #[arg(long, value_name = "VERSION", default_value = "v1")]
    pub openslo: OpenSloChoice,
}

/// Versions of OpenSLO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OpenSloChoice {
    /// openslo/v1
    V1,
    /// openslo/v1alpha
    V1alpha,
    /// openslo.com/v2alpha
    V2alpha,
}

/// Arguments of `export hlog` and `export gate`.
#[derive(Debug, Args)]
pub struct ExportRangeArguments {
    /// Which part of the lake.
    #[command(flatten)]
    pub range: RangeArguments,
    /// File to write; without it the terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill import har visit.har -o load-scenarios/visit.yaml
  firedrill import openslo slos.yaml -o sli-defs/from-openslo.yaml")]
pub struct ImportArguments {
    /// From which tool.
    #[command(subcommand)]
    pub what: ImportWhat,
}

/// From which tool.
#[derive(Debug, Subcommand)]
pub enum ImportWhat {
    /// A visit that a browser recorded (HAR 1.2) as a load scenario
    Har(ImportHarArguments),
    /// OpenSLO v1, v1alpha or v2alpha, as documents, a stream or a list
    Openslo(ImportOpenSloArguments),
}

/// Arguments of `import openslo`.
#[derive(Debug, Args)]
pub struct ImportOpenSloArguments {
    /// File to read
    pub file: PathBuf,
    /// SLI set to write; without it the terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `import har`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill import har visit.har -o load-scenarios/visit.yaml
  firedrill import har visit.har --site www.shop.example --host https://staging.shop.example -o visit.yaml

In the browser: open the network panel, tick `preserve log`, visit the shop, export as HAR.")]
pub struct ImportHarArguments {
    /// File to read
    pub file: PathBuf,
    /// Scenario to write; without it the terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Host whose requests are wanted; without it the one with the most pages
    #[arg(long, value_name = "HOST")]
    pub site: Option<String>,
    /// What shall be driven, which you say you may; without it a placeholder on this machine
    #[arg(long, value_name = "URL")]
    pub host: Option<String>,
    /// Name of the scenario; without it that of the site
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Leave numbers of products as they were recorded
    #[arg(long)]
    pub keep_products: bool,
}
