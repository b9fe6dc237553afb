//! The columns of the lake, once for Arrow and once for the Delta table.
//!
//! `minute` and `latency_bucket` are written at ingest, so that the rollup is a plain
//! `COUNT … GROUP BY` in any SQL engine.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use delta_kernel::schema as delta;

/// Names of the columns.
pub mod column {
    /// When the request should have begun, UTC µs.
    pub const TS: &str = "ts";
    /// Minutes since 1970, UTC: `floor(ts / 60 s)`.
    pub const MINUTE: &str = "minute";
    /// `customer`, `drill` or `probe`.
    pub const ORIGIN: &str = "origin";
    /// Identifier of the rehearsal, null for logs.
    pub const RUN_ID: &str = "run_id";
    /// The service that answered.
    pub const SERVICE: &str = "service";
    /// HTTP method.
    pub const METHOD: &str = "method";
    /// Path template.
    pub const ROUTE: &str = "route";
    /// HTTP status; 0 for no answer.
    pub const STATUS: &str = "status";
    /// Response time, µs.
    pub const LATENCY_US: &str = "latency_us";
    /// Bucket of the response time, see [`crate::latency_buckets`].
    pub const LATENCY_BUCKET: &str = "latency_bucket";
    /// Service time, µs.
    pub const SERVICE_US: &str = "service_us";
    /// Bytes of the request.
    pub const BYTES_IN: &str = "bytes_in";
    /// Bytes of the response.
    pub const BYTES_OUT: &str = "bytes_out";
    /// Keyed hash of the shopper.
    pub const SHOPPER: &str = "shopper";
    /// Why there was no answer.
    pub const ERROR: &str = "error";
    /// Identifier of the source.
    pub const SOURCE: &str = "source";
    /// Byte offset of the line in the source, or sequence number of the drill request.
    pub const POSITION: &str = "position";
    /// What kind of client made the request, e.g. `human`, `bot`; null where it is not known.
    pub const CLIENT_CLASS: &str = "client_class";
    /// Name of the client where it has one.
    pub const CLIENT_NAME: &str = "client_name";
    /// What sent the shopper here.
    pub const CHANNEL: &str = "channel";
    /// What is kept of the query string.
    pub const QUERY: &str = "query";
    /// How many servers behind the proxy were tried.
    pub const UPSTREAM_TRIES: &str = "upstream_tries";
    /// How many requests the row stands for; null is 1.
    pub const WEIGHT: &str = "weight";
    /// Hash of the exporter's identifier of the row.
    pub const ROW_KEY: &str = "row_key";
    /// Time from sending to the head of the answer, µs; null where nobody measured it.
    pub const FIRST_BYTE_US: &str = "first_byte_us";
}

/// The type of a text column.
pub fn text() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// The columns as Arrow writes them; texts are dictionaries.
pub static ARROW: LazyLock<SchemaRef> = LazyLock::new(|| {
    use column::*;
    let timestamp = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Arc::new(Schema::new(vec![
        Field::new(TS, timestamp, true),
        Field::new(MINUTE, DataType::Int32, true),
        Field::new(ORIGIN, text(), true),
        Field::new(RUN_ID, text(), true),
        Field::new(SERVICE, text(), true),
        Field::new(METHOD, text(), true),
        Field::new(ROUTE, text(), true),
        Field::new(STATUS, DataType::Int32, true),
        Field::new(LATENCY_US, DataType::Int64, true),
        Field::new(LATENCY_BUCKET, DataType::Int32, true),
        Field::new(SERVICE_US, DataType::Int64, true),
        Field::new(BYTES_IN, DataType::Int64, true),
        Field::new(BYTES_OUT, DataType::Int64, true),
        Field::new(SHOPPER, DataType::Int64, true),
        Field::new(ERROR, text(), true),
        Field::new(SOURCE, text(), true),
        Field::new(POSITION, DataType::Int64, true),
        Field::new(CLIENT_CLASS, text(), true),
        Field::new(CLIENT_NAME, text(), true),
        Field::new(CHANNEL, text(), true),
        Field::new(QUERY, text(), true),
        Field::new(UPSTREAM_TRIES, DataType::Int32, true),
        Field::new(WEIGHT, DataType::Int32, true),
        Field::new(ROW_KEY, DataType::Int64, true),
        Field::new(FIRST_BYTE_US, DataType::Int64, true),
    ]))
});

/// Columns that older tables and files may lack: their rows have no value there. The next commit
/// declares them.
const ADDED_COLUMNS: [&str; 1] = [column::FIRST_BYTE_US];

/// Whether a file, or a table until its next commit, may do without the column.
pub fn is_added(name: &str) -> bool {
    ADDED_COLUMNS.contains(&name)
}

/// The same columns as the Delta table declares them.
///
/// # Errors
/// Never in practice: the column names are distinct.
pub fn delta_schema() -> delta_kernel::KernelResult<delta::SchemaRef> {
    let fields = ARROW.fields().iter().map(|field| delta_field(field));
    Ok(Arc::new(delta::StructType::try_new(fields)?))
}

fn delta_field(field: &Field) -> delta::StructField {
    let data_type = match field.data_type() {
        DataType::Timestamp(..) => delta::DataType::TIMESTAMP,
        DataType::Int32 => delta::DataType::INTEGER,
        DataType::Int64 => delta::DataType::LONG,
        _ => delta::DataType::STRING,
    };
    delta::StructField::nullable(field.name().clone(), data_type)
}

/// Columns whose smallest and largest value per part the table's log keeps.
pub const STATS_COLUMNS: [&str; 2] = [column::TS, column::MINUTE];

/// The first of our columns that `found` lacks and no table may lack, if there is one.
pub fn missing_column(found: &delta::StructType) -> Option<&'static str> {
    let mut names = ARROW.fields().iter().map(|field| field.name().as_str());
    names.find(|name| found.field(name).is_none() && !is_added(name))
}

/// The columns that `found` lacks and the next commit declares.
pub fn undeclared(found: &delta::StructType) -> impl Iterator<Item = delta::StructField> {
    let fields = ARROW.fields().iter();
    fields
        .filter(move |field| is_added(field.name()) && found.field(field.name()).is_none())
        .map(|field| delta_field(field))
}
