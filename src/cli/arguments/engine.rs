//! Arguments by which another engine counts: `export sql`, and of `rollup` what names an engine.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::OriginChoice;
use crate::declared_files::DurationText;
use crate::exchange::SqlDialect;

/// Latency limits that are counted exactly.
#[derive(Debug, Clone, Default, Args)]
pub struct CutArguments {
    /// SLI set whose latency limits are counted exactly; without it shop.yaml
    #[arg(long, value_name = "FILE", alias = "sli-defs")]
    pub defs: Option<PathBuf>,
    /// One more latency limit that is counted exactly, e.g. 2500ms; may be given several times
    #[arg(long, value_name = "DURATION")]
    pub cut: Vec<DurationText>,
}

/// Arguments of `export sql`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill export sql --dialect duckdb --into cells.parquet | duckdb
  firedrill export sql --dialect spark --location s3://logs/lake --into s3://logs/cells -o rollup.sql
  firedrill export sql --dialect athena --table logs.requests --into s3://logs/cells/
  firedrill rollup --import cells.parquet")]
pub struct ExportSqlArguments {
    /// For which engine
    #[arg(long, value_name = "ENGINE")]
    pub dialect: DialectChoice,
    /// Whether the engine reads the lake's log or the files that the log names; without it the log,
    /// with DuckDB and ClickHouse the files
    #[arg(long, value_name = "WHAT")]
    pub source: Option<SourceChoice>,
    /// Name of the table under which the engine knows `requests` of the lake
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// Where the engine sees the lake, as path or URL; without it the path on this machine
    #[arg(long, value_name = "URL")]
    pub location: Option<String>,
    /// Where the engine writes the answer: a file or folder, for Trino a table; without it the SQL
    /// only asks
    #[arg(long, value_name = "PLACE")]
    pub into: Option<String>,
    /// Ask only for what was not counted yet, here or by an engine; needs --source files or --list
    #[arg(long)]
    pub new_only: bool,
    /// Write the files that are counted, one per line, for programs that read a list
    #[arg(long, value_name = "FILE")]
    pub list: Option<PathBuf>,
    /// What is counted exactly.
    #[command(flatten)]
    pub cuts: CutArguments,
    /// First minute: RFC 3339, a date, or an age such as -7d; the answer then cannot be imported
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// First minute after the range; the answer then cannot be imported
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// Whose requests; without it everybody's, and else the answer cannot be imported
    #[arg(long, value_name = "ORIGIN")]
    pub origin: Option<OriginChoice>,
    /// Zone of days
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub tz: String,
    /// File to write; without it the terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Whose SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DialectChoice {
    /// Apache Spark, Databricks, EMR, Dataproc
    Spark,
    /// Trino
    Trino,
    /// Amazon Athena
    Athena,
    /// Google BigQuery
    Bigquery,
    /// ClickHouse, chDB
    Clickhouse,
    /// DuckDB
    Duckdb,
}

impl DialectChoice {
    /// What is meant.
    pub fn dialect(self) -> SqlDialect {
        match self {
            Self::Spark => SqlDialect::Spark,
            Self::Trino => SqlDialect::Trino,
            Self::Athena => SqlDialect::Athena,
            Self::Bigquery => SqlDialect::Bigquery,
            Self::Clickhouse => SqlDialect::Clickhouse,
            Self::Duckdb => SqlDialect::Duckdb,
        }
    }
}

/// What the engine reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SourceChoice {
    /// The log of the Delta table: at this version where the engine can, else as it is by then
    Delta,
    /// The files that are in the table now, listed in the SQL
    Files,
}

/// Which engine counts, for `rollup`.
#[derive(Debug, Clone, Args)]
pub struct EngineArguments {
    /// Take the answer of an engine to `export sql` back: a Parquet or CSV file, or a folder of them;
    /// sli and report then use it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["engine", "engine_cmd", "cells"])]
    pub import: Option<PathBuf>,
    /// With --import: only say whether it is right
    #[arg(long, requires = "import")]
    pub dry_run: bool,
    /// Let an engine count what was not counted yet, and keep it: sli and report then use it
    #[arg(long, value_name = "ENGINE", conflicts_with_all = ["engine_cmd", "cells"])]
    pub engine: Option<EngineChoice>,
    /// The cluster, e.g. spark://10.0.0.1:7077, yarn, k8s://https://…, local[*]
    #[arg(
        long,
        value_name = "URL",
        default_value = "local[*]",
        requires = "engine"
    )]
    pub master: String,
    /// The program that submits; without it that of SPARK_HOME, or `spark-submit`
    #[arg(long, value_name = "PATH", requires = "engine")]
    pub spark_submit: Option<PathBuf>,
    /// A setting of Spark, as KEY=VALUE; may be given several times
    #[arg(long, value_name = "KEY=VALUE", requires = "engine")]
    pub spark_conf: Vec<String>,
    /// Let a command of the shell count; {sql} is a file with the SQL, {files} one with the files to be
    /// read, {out} where the answer is expected
    #[arg(long, value_name = "COMMAND", requires = "dialect")]
    pub engine_cmd: Option<String>,
    /// With --engine-cmd: in whose SQL
    #[arg(long, value_name = "ENGINE", requires = "engine_cmd")]
    pub dialect: Option<DialectChoice>,
    /// With --engine-cmd: name of the table under which the engine knows `requests` of the lake
    #[arg(long, value_name = "NAME", requires = "engine_cmd")]
    pub table: Option<String>,
    /// Where the engine sees the lake, as path or URL; without it the path on this machine
    #[arg(long, value_name = "URL")]
    pub location: Option<String>,
    /// Folder for SQL and answer that the engine sees under the same path; without it one in the lake
    #[arg(long, value_name = "DIR")]
    pub work_dir: Option<PathBuf>,
    /// After how long the engine is stopped
    #[arg(long, value_name = "DURATION", default_value = "12h")]
    pub engine_timeout: DurationText,
    /// Let the engine count all anew, not only what was not counted yet
    #[arg(long)]
    pub all: bool,
    /// Print what an engine would answer, counted here: a row per minute, series and latency bucket
    #[arg(long)]
    pub cells: bool,
    /// What is counted exactly.
    #[command(flatten)]
    pub cuts: CutArguments,
}

/// Which engine counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineChoice {
    /// Apache Spark, by spark-submit
    Spark,
}
