//! To and from other tools: OpenSLO, Prometheus rules, HdrHistogram interval logs, CI gates, SQL engines.
//!
//! In: SLI set definitions, latency counts per window, judged SLIs. Out: text in the shape that
//! other programs read, with a [`Notice`] for everything that they cannot be told. Nothing is
//! judged or measured here, and no file is opened. Documented in `docs/exchange.md`.

mod burn;
mod gate;
mod hlog;
mod notice;
mod openslo;
mod prometheus;
mod set_yaml;
mod sql;
mod yaml;

pub use gate::{Gate, GateCondition, GateSli, GateVerdict};
pub use hlog::{HlogError, HlogInterval, write_hlog};
pub use notice::Notice;
pub use openslo::{
    DOCUMENTS_MAX, Exported, Imported, OPENSLO_BYTES_MAX, OpenSloOptions, OpenSloVersion,
    export_openslo, import_openslo, imported_yaml,
};
pub use prometheus::{MetricNaming, export_prometheus};
pub use set_yaml::sli_set_yaml;
pub use sql::{
    LISTED_FILES_MAX, RollupSql, SPARK_PROGRAM, SPARK_VIEW, SqlDialect, SqlError, SqlPlace,
    rollup_sql,
};
