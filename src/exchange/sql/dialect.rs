//! What engines call their SQL, and how each writes an answer to a file.

use super::SqlError;
use super::place::literal;

/// Whose SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlDialect {
    /// Apache Spark, Databricks, EMR, Dataproc.
    Spark,
    /// Trino.
    Trino,
    /// Amazon Athena.
    Athena,
    /// Google BigQuery.
    Bigquery,
    /// ClickHouse, chDB.
    Clickhouse,
    /// DuckDB.
    Duckdb,
}

impl SqlDialect {
    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Spark => "Spark",
            Self::Trino => "Trino",
            Self::Athena => "Athena",
            Self::Bigquery => "BigQuery",
            Self::Clickhouse => "ClickHouse",
            Self::Duckdb => "DuckDB",
        }
    }

    /// The statement that writes the answer of `select` to `into`.
    pub(super) fn written_to(self, into: &str, select: &str) -> Result<String, SqlError> {
        let place = literal(into)?;
        Ok(match self {
            Self::Spark => format!("INSERT OVERWRITE DIRECTORY {place} USING parquet\n{select}"),
            Self::Trino => format!("CREATE TABLE {} AS\n{select}", super::place::table(into)?),
            Self::Athena => format!(
                "UNLOAD (\n{select}\n) TO {place} WITH (format = 'PARQUET', compression = 'SNAPPY')"
            ),
            Self::Bigquery => {
                let uri = literal(into.trim_end_matches('/'))?;
                let uri = uri.trim_end_matches('\'');
                format!(
                    "EXPORT DATA OPTIONS (uri = {uri}/part-*.parquet', format = 'PARQUET', compression = 'SNAPPY', overwrite = true) AS\n{select}"
                )
            }
            Self::Clickhouse => {
                let function = if into.contains("://") { "s3" } else { "file" };
                format!("INSERT INTO FUNCTION {function}({place}, 'Parquet')\n{select}")
            }
            Self::Duckdb => format!("COPY (\n{select}\n) TO {place} (FORMAT parquet)"),
        })
    }
}
