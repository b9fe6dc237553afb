//! The files in which an engine left its answer.
//!
//! In: a file or a folder, as Parquet or CSV. Out: checked rows, one by one. Whole numbers and texts may
//! have any type that holds them; a column too few or too many, or a value that no request can have, is
//! refused with file and row.

use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Int64Type};
use arrow::util::display::array_value_to_string;

use super::cell_rows::{JOB_COLUMN, KEY_COLUMNS, NO_LATENCY, SUM_COLUMNS, within_column};
use super::job::CountJob;
use super::problem::ImportError;
use crate::lake::{LakeError, read_parquet};
use crate::latency_buckets::{LATENCY_US_MAX, bucket_of, highest_of};
use crate::request_record::Origin;
use crate::rollup::series::SeriesParts;

/// Rows of a CSV file that are looked at together.
const CSV_BATCH_ROWS: usize = 8_192;
/// What a Parquet file begins with.
const PARQUET_MAGIC: [u8; 4] = *b"PAR1";
/// Statuses lie below.
const STATUS_END: i64 = 1_000;
/// The columns that are texts, by their place in the table.
const TEXT_PLACES: [usize; 8] = [1, 2, 3, 4, 5, 7, 8, 9];

/// One row.
#[derive(Debug)]
pub struct ResultRow<'a> {
    pub file: &'a Path,
    pub minute: i64,
    pub series: SeriesParts<'a>,
    pub bucket: i32,
    pub rows: u64,
    pub requests: u64,
    pub latency_us_sum: u64,
    pub latency_us_max: Option<u64>,
    /// Per cut of the job.
    pub within: &'a [u64],
}

/// The files, in the order of their names.
#[derive(Debug)]
pub struct ResultFiles {
    files: Vec<PathBuf>,
}

impl ResultFiles {
    /// The file at `path`, or all of that folder; what begins with `_` or `.` is none.
    pub fn find(path: &Path) -> Result<Self, ImportError> {
        if path.is_file() {
            return Ok(Self {
                files: vec![path.to_owned()],
            });
        }
        let entries = std::fs::read_dir(path).map_err(|error| refused(path, &error))?;
        let mut files = Vec::new();
        for entry in entries {
            let file = entry.map_err(|error| refused(path, &error))?.path();
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let is_hidden = name.starts_with(['_', '.']);
            let is_table = name.ends_with(".parquet") || name.ends_with(".csv");
            if is_table && !is_hidden && file.is_file() {
                files.push(file.clone());
            }
        }
        files.sort_unstable();
        match files.is_empty() {
            true => Err(ImportError::NoFile(path.to_owned())),
            false => Ok(Self { files }),
        }
    }

    /// The name of the job in the first row, and the file that has it.
    pub fn job_id(&self) -> Result<(PathBuf, String), ImportError> {
        for file in &self.files {
            let mut found = None;
            let read = for_each_batch(file, |batch| {
                let column = batch.column_by_name(JOB_COLUMN);
                let column = column.ok_or_else(|| missing(file, JOB_COLUMN))?;
                if batch.num_rows() == 0 {
                    return Ok(());
                }
                let jobs = texts(file, JOB_COLUMN, column)?;
                found = Some(jobs.value(0).to_owned());
                Err(ImportError::NoFile(file.clone()))
            });
            match (found, read) {
                // The error only ended the reading.
                (Some(id), _) => return Ok((file.clone(), id)),
                (None, Ok(())) => {}
                (None, Err(error)) => return Err(error),
            }
        }
        let first = self.files.first().cloned().unwrap_or_default();
        Err(ImportError::NoRows(first))
    }

    /// Hands every row to `each`.
    pub fn for_each_row(
        &self,
        job: &CountJob,
        each: &mut impl FnMut(&ResultRow<'_>) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        for file in &self.files {
            let mut first_row = 1;
            for_each_batch(file, |batch| {
                let columns = Columns::of(file, first_row, batch, job)?;
                columns.for_each_row(job, each)?;
                first_row += batch.num_rows() as u64;
                Ok(())
            })?;
        }
        Ok(())
    }
}

fn refused(path: &Path, error: &dyn std::fmt::Display) -> ImportError {
    ImportError::Read {
        file: path.to_owned(),
        why: error.to_string(),
    }
}

fn missing(file: &Path, name: &str) -> ImportError {
    ImportError::MissingColumn {
        file: file.to_owned(),
        name: name.to_owned(),
    }
}

/// Hands the rows of a file to `each`, Parquet as it is, CSV as texts.
fn for_each_batch(
    file: &Path,
    mut each: impl FnMut(&RecordBatch) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    use std::io::Read;
    let mut magic = [0; 4];
    let mut opened = std::fs::File::open(file).map_err(|error| refused(file, &error))?;
    let is_parquet = opened.read_exact(&mut magic).is_ok() && magic == PARQUET_MAGIC;
    if is_parquet {
        return read_parquet(file, each).map_err(|error| match error {
            ImportError::Lake(LakeError::Parquet { source, .. }) => refused(file, &source),
            other => other,
        });
    }
    let mut reader = csv::Reader::from_path(file).map_err(|error| refused(file, &error))?;
    let headings = reader.headers().map_err(|error| refused(file, &error))?;
    let headings: Vec<String> = headings.iter().map(ToOwned::to_owned).collect();
    let mut records = reader.records().peekable();
    while records.peek().is_some() {
        let mut columns = vec![Vec::new(); headings.len()];
        for record in records.by_ref().take(CSV_BATCH_ROWS) {
            let record = record.map_err(|error| refused(file, &error))?;
            for (column, field) in columns.iter_mut().zip(record.iter()) {
                column.push(field.to_owned());
            }
        }
        let columns = columns
            .into_iter()
            .map(|texts| -> ArrayRef { std::sync::Arc::new(StringArray::from_iter_values(texts)) });
        let batch = RecordBatch::try_from_iter(headings.iter().zip(columns));
        each(&batch.map_err(|error| refused(file, &error))?)?;
    }
    Ok(())
}

/// Texts, empty where there is none.
fn texts(file: &Path, name: &str, column: &ArrayRef) -> Result<StringArray, ImportError> {
    let wrong = || ImportError::ColumnType {
        file: file.to_owned(),
        name: name.to_owned(),
        found: column.data_type().to_string(),
        wanted: "text",
    };
    let is_number = column.data_type().is_numeric();
    let texts = match is_number {
        true => None,
        false => cast(column, &DataType::Utf8).ok(),
    };
    let texts = texts.ok_or_else(wrong)?;
    Ok(texts.as_string::<i32>().clone())
}

/// Whole numbers; what is none becomes null.
fn numbers(file: &Path, name: &str, column: &ArrayRef) -> Result<Int64Array, ImportError> {
    let found = column.data_type();
    let is_whole = found.is_integer()
        || matches!(
            found,
            DataType::Decimal128(_, 0) | DataType::Decimal256(_, 0)
        )
        || matches!(
            found,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        );
    let options = CastOptions {
        safe: true,
        ..CastOptions::default()
    };
    let numbers = match is_whole {
        true => cast_with_options(column, &DataType::Int64, &options).ok(),
        false => None,
    };
    let numbers = numbers.ok_or_else(|| ImportError::ColumnType {
        file: file.to_owned(),
        name: name.to_owned(),
        found: found.to_string(),
        wanted: "a whole number",
    })?;
    Ok(numbers.as_primitive::<Int64Type>().clone())
}

/// The columns of a batch, in the order of the table.
struct Columns<'a> {
    file: &'a Path,
    first_row: u64,
    /// In the order of [`TEXT_PLACES`].
    texts: Vec<StringArray>,
    jobs: StringArray,
    /// Minute, status, retried, bucket, sums, cuts.
    numbers: Vec<Number>,
}

struct Number {
    name: String,
    values: Int64Array,
    written: ArrayRef,
}

impl<'a> Columns<'a> {
    fn of(
        file: &'a Path,
        first_row: u64,
        batch: &RecordBatch,
        job: &CountJob,
    ) -> Result<Self, ImportError> {
        let find = |name: &str| {
            batch
                .column_by_name(name)
                .ok_or_else(|| missing(file, name))
        };
        let text = TEXT_PLACES.iter().map(|at| {
            let name = KEY_COLUMNS[*at];
            texts(file, name, find(name)?)
        });
        let text = text.collect::<Result<Vec<_>, _>>()?;
        let keys = (0..KEY_COLUMNS.len()).filter(|at| !TEXT_PLACES.contains(at));
        let names = keys.map(|at| KEY_COLUMNS[at]).chain(SUM_COLUMNS);
        let names = names.map(ToOwned::to_owned);
        let cuts = job.cuts_us.iter().map(|cut_us| within_column(*cut_us));
        let numbers = names.chain(cuts).map(|name| {
            let written = find(&name)?;
            Ok(Number {
                values: numbers(file, &name, written)?,
                written: written.clone(),
                name,
            })
        });
        let numbers = numbers.collect::<Result<Vec<_>, ImportError>>()?;
        let schema = batch.schema();
        let is_known = |name: &str| {
            name == JOB_COLUMN
                || TEXT_PLACES.iter().any(|at| KEY_COLUMNS[*at] == name)
                || numbers.iter().any(|number| number.name == name)
        };
        if let Some(strange) = schema.fields().iter().find(|field| !is_known(field.name())) {
            return Err(ImportError::StrangeColumn {
                file: file.to_owned(),
                name: strange.name().clone(),
            });
        }
        Ok(Self {
            file,
            first_row,
            texts: text,
            jobs: texts(file, JOB_COLUMN, find(JOB_COLUMN)?)?,
            numbers,
        })
    }

    fn for_each_row(
        &self,
        job: &CountJob,
        each: &mut impl FnMut(&ResultRow<'_>) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let mut within = Vec::with_capacity(job.cuts_us.len());
        for at in 0..self.jobs.len() {
            let row = self.row(at, job, &mut within);
            let row = row.map_err(|why| ImportError::Row {
                file: self.file.to_owned(),
                row: self.first_row + at as u64,
                why,
            })?;
            each(&row)?;
        }
        Ok(())
    }

    fn row<'r>(
        &'r self,
        at: usize,
        job: &CountJob,
        within: &'r mut Vec<u64>,
    ) -> Result<ResultRow<'r>, String> {
        if self.jobs.value(at) != job.id {
            let other = self.jobs.value(at);
            return Err(format!("it answers the job `{other}`, not `{}`", job.id));
        }
        let text = |place: usize| self.texts[place].value(at);
        let origin = Origin::from_name(text(0));
        let status = self.number(1, at, 0, STATUS_END - 1)?;
        let retried = self.number(2, at, 0, 1)?;
        let bucket_max = i64::from(bucket_of(LATENCY_US_MAX));
        let bucket = self.number(3, at, i64::from(NO_LATENCY), bucket_max)?;
        let rows = self.number(4, at, 1, i64::MAX)?;
        let latency_us_max = self.number(7, at, -1, i64::MAX)?;
        within.clear();
        for cut in 0..job.cuts_us.len() {
            within.push(self.number(8 + cut, at, 0, i64::MAX)?.unsigned_abs());
        }
        let row = ResultRow {
            file: self.file,
            minute: self.number(0, at, i64::from(i32::MIN), i64::from(i32::MAX))?,
            series: SeriesParts {
                origin: origin.ok_or_else(|| format!("unknown origin `{}`", text(0)))?,
                run_id: text(1),
                service: text(2),
                method: text(3),
                route: text(4),
                status: u16::try_from(status).unwrap_or(0),
                error: text(5),
                client_class: text(6),
                channel: text(7),
                is_retried: retried == 1,
            },
            bucket: i32::try_from(bucket).unwrap_or(NO_LATENCY),
            rows: rows.unsigned_abs(),
            requests: self.number(5, at, rows, i64::MAX)?.unsigned_abs(),
            latency_us_sum: self.number(6, at, 0, i64::MAX)?.unsigned_abs(),
            latency_us_max: u64::try_from(latency_us_max).ok(),
            within,
        };
        row.check(&job.cuts_us)?;
        Ok(row)
    }

    /// A number between both, inclusive.
    fn number(&self, place: usize, at: usize, low: i64, high: i64) -> Result<i64, String> {
        let Number {
            name,
            values,
            written,
        } = &self.numbers[place];
        if values.is_null(at) {
            let text = array_value_to_string(written, at).unwrap_or_default();
            return Err(format!("`{name}` is `{text}`, which is no whole number"));
        }
        let value = values.value(at);
        match (low..=high).contains(&value) {
            true => Ok(value),
            false if high == i64::MAX => Err(format!("`{name}` is {value}, less than {low}")),
            false => Err(format!("`{name}` is {value}, not between {low} and {high}")),
        }
    }
}

impl ResultRow<'_> {
    /// Whether its sums fit each other and the bucket.
    fn check(&self, cuts_us: &[u64]) -> Result<(), String> {
        let bucket = self.bucket;
        if let Some(max_us) = self.latency_us_max
            && bucket_of(max_us) != bucket
        {
            return Err(format!(
                "`latency_us_max` is {max_us}, which is not in bucket {bucket}"
            ));
        }
        let max_us = self.latency_us_max.unwrap_or(0);
        if u128::from(self.latency_us_sum) > u128::from(self.rows) * u128::from(max_us) {
            let (sum, rows) = (self.latency_us_sum, self.rows);
            return Err(format!(
                "`latency_us_sum` is {sum}, more than {rows} times {max_us}"
            ));
        }
        for (within, cut_us) in self.within.iter().zip(cuts_us) {
            let most = match bucket != NO_LATENCY && bucket <= bucket_of(*cut_us) {
                true => self.requests,
                false => 0,
            };
            let least = match highest_of(bucket) <= *cut_us && self.latency_us_max.is_some() {
                true => most,
                false => 0,
            };
            if !(least..=most).contains(within) {
                let name = within_column(*cut_us);
                return Err(format!(
                    "`{name}` is {within} of {} in bucket {bucket}",
                    self.requests
                ));
            }
        }
        Ok(())
    }
}
