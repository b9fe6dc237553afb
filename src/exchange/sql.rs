//! The SQL by which another engine computes the rollup of a lake.
//!
//! In: where the engine finds the rows, which of them are wanted, the latency cuts. Out: one statement of
//! integer columns, `COUNT`, `SUM` and `MAX … GROUP BY`; only what stands around it differs between
//! dialects. What counting means (a row without weight is one request, a text that is missing is empty)
//! is the same as in [`crate::rollup`], and compared with it by tests.

mod dialect;
mod place;

use std::ops::Range;

use thiserror::Error;

use crate::lake::column;
use crate::request_record::Origin;
use crate::rollup::{JOB_COLUMN, KEY_COLUMNS, NO_LATENCY, SUM_COLUMNS, within_column};

pub use dialect::SqlDialect;
pub use place::{LISTED_FILES_MAX, SqlPlace};

/// The program that Spark runs: it reads the listed files, and writes what the SQL says as Parquet.
pub const SPARK_PROGRAM: &str = include_str!("sql/spark_rollup.py");
/// What the rows are called in the SQL that [`SPARK_PROGRAM`] runs.
pub const SPARK_VIEW: &str = "requests";

/// Why there is no SQL.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SqlError {
    /// A text that cannot stand in SQL of every dialect alike.
    #[error(
        "`{0}` cannot stand in SQL (hint: a path or name without quotes, backslashes, backticks and `*?[]{{}}`)"
    )]
    Text(String),
    /// Too many files for one statement.
    #[error(
        "{found} files are too many to be listed in SQL, at most {max} (hint: --source delta, or --list FILE)"
    )]
    TooManyFiles {
        /// So many.
        found: usize,
        /// [`LISTED_FILES_MAX`].
        max: usize,
    },
    /// The dialect has no way to read that.
    #[error("{dialect} {what} (hint: {hint})")]
    Impossible {
        /// The dialect.
        dialect: &'static str,
        /// What it cannot do.
        what: &'static str,
        /// What to do instead.
        hint: &'static str,
    },
}

/// What is to be counted, and how it is to be written.
#[derive(Debug, Clone)]
pub struct RollupSql<'a> {
    /// For which engine.
    pub dialect: SqlDialect,
    /// Where it finds the rows.
    pub place: SqlPlace<'a>,
    /// Minutes since 1970 that are wanted; `None` wants all.
    pub minutes: Option<Range<i64>>,
    /// Whose requests are wanted; `None` wants all.
    pub origin: Option<Origin>,
    /// Latency cuts that are counted exactly, µs.
    pub cuts_us: &'a [u64],
    /// What every row carries, so that the answer is known again.
    pub job: &'a str,
    /// Where the engine writes the answer, as it names places; `None` leaves that to its user.
    pub into: Option<&'a str>,
}

/// The statement, with a semicolon at its end.
///
/// # Errors
/// When a name cannot stand in SQL, or the dialect cannot read the place.
pub fn rollup_sql(request: &RollupSql<'_>) -> Result<String, SqlError> {
    let source = place::source(request.dialect, &request.place)?;
    let mut filters = source.filters;
    if let Some(minutes) = &request.minutes {
        filters.push(format!("{} >= {}", column::MINUTE, minutes.start));
        filters.push(format!("{} < {}", column::MINUTE, minutes.end));
    }
    if let Some(origin) = request.origin {
        filters.push(match origin {
            // As here: who is not named is a customer.
            Origin::Customer => format!("COALESCE({}, '{origin}') = '{origin}'", column::ORIGIN),
            Origin::Drill | Origin::Probe => format!("{} = '{origin}'", column::ORIGIN),
        });
    }
    let mut select = select(&source.from, &filters, request);
    if let Some(into) = request.into {
        select = request.dialect.written_to(into, &select)?;
    }
    Ok(format!("{}{select};\n", source.before))
}

fn select(from: &str, filters: &[String], request: &RollupSql<'_>) -> String {
    let keys = KEY_COLUMNS.join(", ");
    let [rows, requests, sum, max] = SUM_COLUMNS;
    let mut sums = vec![
        format!("CAST(COUNT(*) AS BIGINT) AS {rows}"),
        format!("CAST(SUM(weight) AS BIGINT) AS {requests}"),
        format!("CAST(COALESCE(SUM(latency_us), 0) AS BIGINT) AS {sum}"),
        format!("CAST(COALESCE(MAX(latency_us), -1) AS BIGINT) AS {max}"),
    ];
    sums.extend(request.cuts_us.iter().map(|cut_us| {
        let name = within_column(*cut_us);
        format!(
            "CAST(SUM(CASE WHEN latency_us <= {cut_us} THEN weight ELSE 0 END) AS BIGINT) AS {name}"
        )
    }));
    sums.push(format!("'{}' AS {JOB_COLUMN}", request.job));
    let inner: Vec<String> = KEY_COLUMNS.into_iter().map(key).collect();
    let filter = match filters {
        [] => String::new(),
        filters => format!("\n  WHERE {}", filters.join("\n    AND ")),
    };
    format!(
        "SELECT\n  {keys},\n  {}\nFROM (\n  SELECT\n    {},\n    latency_us,\n    CASE WHEN weight > 1 THEN weight ELSE 1 END AS weight\n  FROM {from}{filter}\n) AS request\nGROUP BY\n  {keys}",
        sums.join(",\n  "),
        inner.join(",\n    ")
    )
}

/// A column of the table by which rows are counted apart.
fn key(name: &str) -> String {
    match name {
        column::MINUTE => name.to_owned(),
        column::ORIGIN => format!("COALESCE({name}, '{}') AS {name}", Origin::Customer),
        column::STATUS => format!("COALESCE({name}, 0) AS {name}"),
        column::LATENCY_BUCKET => format!(
            "CASE WHEN {name} IS NULL THEN {NO_LATENCY} WHEN {name} < 0 THEN 0 ELSE {name} END AS {name}"
        ),
        "is_retried" => format!(
            "CASE WHEN {} > 1 THEN 1 ELSE 0 END AS {name}",
            column::UPSTREAM_TRIES
        ),
        text => format!("COALESCE({text}, '') AS {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request<'a>(dialect: SqlDialect, place: SqlPlace<'a>) -> RollupSql<'a> {
        RollupSql {
            dialect,
            place,
            minutes: None,
            origin: None,
            cuts_us: &[3_000_000],
            job: "0123456789abcdef",
            into: None,
        }
    }

    #[test]
    fn the_statement_is_one_that_a_person_can_read() {
        let place = SqlPlace::Table {
            name: "requests",
            version: None,
        };
        let text = rollup_sql(&RollupSql {
            minutes: Some(29_927_520..29_928_960),
            origin: Some(Origin::Customer),
            ..request(SqlDialect::Athena, place)
        });
        assert_eq!(
            text.unwrap(),
            "\
SELECT
  minute, origin, run_id, service, method, route, status, error, client_class, channel, is_retried, latency_bucket,
  CAST(COUNT(*) AS BIGINT) AS row_count,
  CAST(SUM(weight) AS BIGINT) AS requests,
  CAST(COALESCE(SUM(latency_us), 0) AS BIGINT) AS latency_us_sum,
  CAST(COALESCE(MAX(latency_us), -1) AS BIGINT) AS latency_us_max,
  CAST(SUM(CASE WHEN latency_us <= 3000000 THEN weight ELSE 0 END) AS BIGINT) AS within_3000000,
  '0123456789abcdef' AS job
FROM (
  SELECT
    minute,
    COALESCE(origin, 'customer') AS origin,
    COALESCE(run_id, '') AS run_id,
    COALESCE(service, '') AS service,
    COALESCE(method, '') AS method,
    COALESCE(route, '') AS route,
    COALESCE(status, 0) AS status,
    COALESCE(error, '') AS error,
    COALESCE(client_class, '') AS client_class,
    COALESCE(channel, '') AS channel,
    CASE WHEN upstream_tries > 1 THEN 1 ELSE 0 END AS is_retried,
    CASE WHEN latency_bucket IS NULL THEN -1 WHEN latency_bucket < 0 THEN 0 ELSE latency_bucket END AS latency_bucket,
    latency_us,
    CASE WHEN weight > 1 THEN weight ELSE 1 END AS weight
  FROM requests
  WHERE minute >= 29927520
    AND minute < 29928960
    AND COALESCE(origin, 'customer') = 'customer'
) AS request
GROUP BY
  minute, origin, run_id, service, method, route, status, error, client_class, channel, is_retried, latency_bucket;
"
        );
    }

    #[test]
    fn every_dialect_reads_and_writes_its_own_places() {
        let files = ["part-a.parquet".to_owned(), "part-b.parquet".to_owned()];
        let listed = |table| SqlPlace::Files {
            folder: "/lake/requests",
            names: &files,
            table,
        };
        let delta = SqlPlace::Delta {
            folder: "/lake/requests",
            version: 7,
        };
        let table = SqlPlace::Table {
            name: "logs.requests",
            version: Some(7),
        };
        let cases = [
            (
                SqlDialect::Duckdb,
                listed(None),
                "FROM read_parquet(['/lake/requests/part-a.parquet', '/lake/requests/part-b.parquet'])",
            ),
            (
                SqlDialect::Duckdb,
                delta.clone(),
                "FROM delta_scan('/lake/requests')",
            ),
            (
                SqlDialect::Clickhouse,
                listed(None),
                "FROM file('/lake/requests/{part-a,part-b}.parquet', 'Parquet')",
            ),
            (
                SqlDialect::Clickhouse,
                delta.clone(),
                "FROM deltaLakeLocal('/lake/requests')",
            ),
            (
                SqlDialect::Spark,
                listed(None),
                "OPTIONS (path '/lake/requests/{part-a,part-b}.parquet');\nSELECT",
            ),
            (
                SqlDialect::Spark,
                delta,
                "FROM delta.`/lake/requests` VERSION AS OF 7",
            ),
            (
                SqlDialect::Spark,
                table.clone(),
                "FROM logs.requests VERSION AS OF 7",
            ),
            (
                SqlDialect::Trino,
                table.clone(),
                "FROM logs.requests FOR VERSION AS OF 7",
            ),
            (
                SqlDialect::Trino,
                listed(Some("logs.requests")),
                "WHERE \"$path\" IN ('/lake/requests/part-a.parquet', '/lake/requests/part-b.parquet')",
            ),
            (SqlDialect::Athena, table.clone(), "FROM logs.requests\n"),
            (SqlDialect::Bigquery, table, "FROM logs.requests\n"),
            (
                SqlDialect::Bigquery,
                listed(Some("logs.requests")),
                "WHERE _FILE_NAME IN ('/lake/requests/part-a.parquet',",
            ),
        ];
        for (dialect, place, expected) in cases {
            let text = rollup_sql(&request(dialect, place)).unwrap();
            assert!(text.contains(expected), "{dialect:?}: {expected}\n{text}");
        }
        for (dialect, into, expected) in [
            (SqlDialect::Duckdb, "out.parquet", "COPY (\nSELECT"),
            (
                SqlDialect::Duckdb,
                "out.parquet",
                ") TO 'out.parquet' (FORMAT parquet);",
            ),
            (
                SqlDialect::Clickhouse,
                "out.parquet",
                "INSERT INTO FUNCTION file('out.parquet', 'Parquet')\nSELECT",
            ),
            (
                SqlDialect::Clickhouse,
                "s3://b/out.parquet",
                "INSERT INTO FUNCTION s3('s3://b/out.parquet', 'Parquet')\nSELECT",
            ),
            (
                SqlDialect::Spark,
                "s3://b/out",
                "INSERT OVERWRITE DIRECTORY 's3://b/out' USING parquet\nSELECT",
            ),
            (
                SqlDialect::Trino,
                "hive.tmp.cells",
                "CREATE TABLE hive.tmp.cells AS\nSELECT",
            ),
            (
                SqlDialect::Athena,
                "s3://b/out/",
                ") TO 's3://b/out/' WITH (format = 'PARQUET', compression = 'SNAPPY');",
            ),
            (
                SqlDialect::Bigquery,
                "gs://b/out",
                "EXPORT DATA OPTIONS (uri = 'gs://b/out/part-*.parquet', format = 'PARQUET', compression = 'SNAPPY', overwrite = true) AS\nSELECT",
            ),
        ] {
            let place = SqlPlace::Table {
                name: "requests",
                version: None,
            };
            let text = rollup_sql(&RollupSql {
                into: Some(into),
                ..request(dialect, place)
            })
            .unwrap();
            assert!(text.contains(expected), "{dialect:?}: {expected}\n{text}");
        }
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        let names: Vec<String> = (0..=LISTED_FILES_MAX)
            .map(|at| format!("part-{at}.parquet"))
            .collect();
        let listed = |names, table| SqlPlace::Files {
            folder: "/lake/requests",
            names,
            table,
        };
        let sql = |dialect, place| rollup_sql(&request(dialect, place));
        assert!(sql(SqlDialect::Duckdb, listed(&names[1..], None)).is_ok());
        let refused = sql(SqlDialect::Duckdb, listed(&names, None));
        assert!(matches!(refused, Err(SqlError::TooManyFiles { .. })));
        for dialect in [SqlDialect::Trino, SqlDialect::Athena, SqlDialect::Bigquery] {
            let refused = sql(dialect, listed(&names[..1], None));
            assert!(
                matches!(refused, Err(SqlError::Impossible { .. })),
                "{dialect:?}"
            );
        }
        for folder in ["/it's/requests", "/a{b}/requests", "/a`b", "/a\\b", "/a\nb"] {
            let place = SqlPlace::Files {
                folder,
                names: &names[..1],
                table: None,
            };
            let refused = sql(SqlDialect::Spark, place);
            assert_eq!(refused, Err(SqlError::Text(folder.to_owned())));
        }
        for name in ["requests; drop table x", "a b", "x--", ""] {
            let refused = sql(
                SqlDialect::Trino,
                SqlPlace::Table {
                    name,
                    version: None,
                },
            );
            assert_eq!(refused, Err(SqlError::Text(name.to_owned())));
        }
    }
}
