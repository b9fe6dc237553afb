//! Where an engine finds the rows: listed files, the Delta table in a folder, or a table that it knows.

use super::{SqlDialect, SqlError};

/// Files in one statement at most: engines refuse longer ones.
pub const LISTED_FILES_MAX: usize = 5_000;

/// Where the rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqlPlace<'a> {
    /// These Parquet files and no others.
    Files {
        /// Path or URL of the folder, without a slash at its end.
        folder: &'a str,
        /// Their names.
        names: &'a [String],
        /// The table that they belong to, for engines that only read tables.
        table: Option<&'a str>,
    },
    /// The Delta table in a folder.
    Delta {
        /// Path or URL of the folder, without a slash at its end.
        folder: &'a str,
        /// Its version, for engines that can go back to one.
        version: u64,
    },
    /// A table that the engine knows.
    Table {
        /// Its name, with dots.
        name: &'a str,
        /// Its version, for engines that can go back to one.
        version: Option<u64>,
    },
}

/// A place as SQL.
pub(super) struct SqlSource {
    /// Statements that come first.
    pub before: String,
    /// What follows `FROM`.
    pub from: String,
    /// What follows `WHERE`.
    pub filters: Vec<String>,
}

pub(super) fn source(dialect: SqlDialect, place: &SqlPlace<'_>) -> Result<SqlSource, SqlError> {
    let plain = |from: String| SqlSource {
        before: String::new(),
        from,
        filters: Vec::new(),
    };
    match place {
        SqlPlace::Table { name, version } => {
            let name = table(name)?;
            Ok(plain(match (dialect, version) {
                (SqlDialect::Spark, Some(version)) => format!("{name} VERSION AS OF {version}"),
                (SqlDialect::Trino, Some(version)) => format!("{name} FOR VERSION AS OF {version}"),
                _ => name.to_owned(),
            }))
        }
        SqlPlace::Delta { folder, version } => {
            let path = literal(folder)?;
            match dialect {
                SqlDialect::Spark => Ok(plain(format!("delta.`{folder}` VERSION AS OF {version}"))),
                SqlDialect::Duckdb => Ok(plain(format!("delta_scan({path})"))),
                SqlDialect::Clickhouse if folder.contains("://") => {
                    Ok(plain(format!("deltaLake({path})")))
                }
                SqlDialect::Clickhouse => Ok(plain(format!("deltaLakeLocal({path})"))),
                SqlDialect::Trino | SqlDialect::Athena | SqlDialect::Bigquery => {
                    Err(no_table(dialect))
                }
            }
        }
        SqlPlace::Files {
            folder,
            names,
            table,
        } => files(dialect, folder, names, *table),
    }
}

fn no_table(dialect: SqlDialect) -> SqlError {
    SqlError::Impossible {
        dialect: dialect.name(),
        what: "reads tables only",
        hint: "register the folder as a table, and name it with --table",
    }
}

fn files(
    dialect: SqlDialect,
    folder: &str,
    names: &[String],
    of_table: Option<&str>,
) -> Result<SqlSource, SqlError> {
    if names.len() > LISTED_FILES_MAX {
        return Err(SqlError::TooManyFiles {
            found: names.len(),
            max: LISTED_FILES_MAX,
        });
    }
    literal(folder)?;
    for name in names {
        literal(name)?;
    }
    let listed = || {
        let paths = names.iter().map(|name| format!("'{folder}/{name}'"));
        paths.collect::<Vec<_>>().join(", ")
    };
    let mut source = SqlSource {
        before: String::new(),
        from: String::new(),
        filters: Vec::new(),
    };
    match dialect {
        SqlDialect::Duckdb => source.from = format!("read_parquet([{}])", listed()),
        SqlDialect::Clickhouse => {
            let pattern = pattern(folder, names);
            let function = if folder.contains("://") { "s3" } else { "file" };
            source.from = format!("{function}('{pattern}', 'Parquet')");
        }
        SqlDialect::Spark => {
            let pattern = pattern(folder, names);
            source.before = format!(
                "CREATE OR REPLACE TEMPORARY VIEW firedrill_requests USING parquet OPTIONS (path '{pattern}');\n"
            );
            "firedrill_requests".clone_into(&mut source.from);
        }
        SqlDialect::Trino | SqlDialect::Athena => {
            table(of_table.ok_or_else(|| no_table(dialect))?)?.clone_into(&mut source.from);
            source.filters.push(format!("\"$path\" IN ({})", listed()));
        }
        SqlDialect::Bigquery => {
            table(of_table.ok_or_else(|| no_table(dialect))?)?.clone_into(&mut source.from);
            source.filters.push(format!("_FILE_NAME IN ({})", listed()));
        }
    }
    Ok(source)
}

/// All files as one pattern.
fn pattern(folder: &str, names: &[String]) -> String {
    let stems = names.iter().map(|name| name.trim_end_matches(".parquet"));
    match names {
        [one] => format!("{folder}/{one}"),
        _ => format!(
            "{folder}/{{{}}}.parquet",
            stems.collect::<Vec<_>>().join(",")
        ),
    }
}

/// A text in quotes. Dialects differ in how a quote is written inside of one, and some read patterns where
/// others read paths; so there is none.
pub(super) fn literal(text: &str) -> Result<String, SqlError> {
    let is_strange = |char: char| {
        char.is_control()
            || matches!(
                char,
                '\'' | '"' | '\\' | '`' | '*' | '?' | '[' | ']' | '{' | '}'
            )
    };
    match text.is_empty() || text.contains(is_strange) {
        true => Err(SqlError::Text(text.to_owned())),
        false => Ok(format!("'{text}'")),
    }
}

/// The name of a table: identifiers with dots, in backticks or double quotes where they need it.
pub(super) fn table(name: &str) -> Result<&str, SqlError> {
    let is_part = |part: &str| {
        let part = match part.chars().next() {
            Some(quote @ ('`' | '"')) => {
                let inner = part.strip_prefix(quote);
                inner
                    .and_then(|inner| inner.strip_suffix(quote))
                    .unwrap_or_default()
            }
            _ => part,
        };
        let is_word = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '$');
        !part.is_empty() && part.chars().all(is_word) && !part.contains("--")
    };
    match name.split('.').all(is_part) {
        true => Ok(name),
        false => Err(SqlError::Text(name.to_owned())),
    }
}
