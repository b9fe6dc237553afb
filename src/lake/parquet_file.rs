//! One Parquet file of the lake: written to the staging folder, hashed on its way.
//!
//! The hash becomes part of the final name. So a repeated write of the same rows is the same file,
//! two processes that write different rows for one range never overwrite each other, and
//! `lake verify` finds every flipped bit.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::arrow_writer::ArrowRowGroupWriterFactory;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::column_chunk::ZSTD_LEVEL;
use super::flushing::Flushing;
use super::place::{Place, PlaceFile};
use super::schema::{self, column};
use super::{LakeError, io};

/// Version of the parser and of the columns, but for those that files may lack; part of every file name.
const FILE_VERSION: u32 = 2;
/// Hexadecimal digits of the hash in a file name.
const HASH_DIGITS: usize = 16;
/// Rows per row group.
pub const ROW_GROUP_ROWS: usize = 1_048_576;

/// The final name of a file whose bytes have the hash `hash`: `part-….<hash>-v2.parquet`.
pub fn file_name(stem: &str, hash: &str) -> String {
    format!("{stem}-{hash}-v{FILE_VERSION}.parquet")
}

/// The hash that a file name states; `None` for files that are not ours.
pub fn hash_in_name(file_name: &str) -> Option<&str> {
    let stem = file_name.strip_suffix(".parquet")?;
    let (stem, _version) = stem.rsplit_once("-v")?;
    let (_, hash) = stem.rsplit_once('-')?;
    let is_hash = hash.len() == HASH_DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some(hash)
}

/// The hash of the file at `path` as its name should state it.
pub fn hash_of(path: &Path, file: &PlaceFile) -> Result<String, LakeError> {
    let mut hasher = blake3::Hasher::new();
    file.for_each_piece(|piece| {
        hasher.update(piece);
    })
    .map_err(|source| io("read", path, source))?;
    Ok(digits(&hasher))
}

fn digits(hasher: &blake3::Hasher) -> String {
    hasher.finalize().to_hex()[..HASH_DIGITS].to_owned()
}

/// A written file that waits for its commit.
#[derive(Debug)]
pub struct StagedFile {
    pub path: PathBuf,
    pub bytes: u64,
    pub hash: String,
}

/// Writes one file, row by row or column by column.
#[derive(Debug)]
pub struct StagedWriter<W = ArrowWriter<HashedFile>> {
    path: PathBuf,
    writer: W,
}

/// What writes the footer and gives the file back.
pub trait EndFile {
    fn end(self) -> Result<HashedFile, ParquetError>;
}

impl EndFile for ArrowWriter<HashedFile> {
    fn end(self) -> Result<HashedFile, ParquetError> {
        self.into_inner()
    }
}

impl EndFile for SerializedFileWriter<HashedFile> {
    fn end(self) -> Result<HashedFile, ParquetError> {
        self.into_inner()
    }
}

impl StagedWriter {
    /// A new file in the staging folder of the lake at `place`; `stem` makes it easy to recognise.
    pub fn create(
        place: &Place,
        stem: &str,
        schema: SchemaRef,
        properties: WriterProperties,
    ) -> Result<Self, LakeError> {
        let (path, file) = create_new(&place.staging(), stem)?;
        let file = HashedFile {
            file,
            hasher: blake3::Hasher::new(),
            bytes: 0,
        };
        let writer = ArrowWriter::try_new(file, schema, Some(properties))
            .map_err(|source| parquet_error(&path, source))?;
        Ok(Self { path, writer })
    }

    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        self.writer
            .write(batch)
            .map_err(|source| parquet_error(&self.path, source))
    }

    /// The same file, to be written column by column, and what makes writers of columns.
    pub fn by_column(self) -> Result<(ColumnsWriter, ArrowRowGroupWriterFactory), LakeError> {
        let path = self.path;
        match self.writer.into_serialized_writer() {
            Ok((writer, factory)) => Ok((StagedWriter { path, writer }, factory)),
            Err(source) => Err(parquet_error(&path, source)),
        }
    }
}

/// A file that is written column by column.
pub type ColumnsWriter = StagedWriter<SerializedFileWriter<HashedFile>>;

impl<W: EndFile> StagedWriter<W> {
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn writer(&mut self) -> &mut W {
        &mut self.writer
    }

    /// Writes the footer and flushes everything to the disk; on an error the file is removed.
    pub fn finish(self) -> Result<StagedFile, LakeError> {
        let (staged, file) = self.end()?;
        match file.sync_all() {
            Ok(()) => Ok(staged),
            Err(source) => {
                let error = io("write", &staged.path, source);
                // Best effort: the error at hand says more than a failing removal would.
                let _ = std::fs::remove_file(&staged.path);
                Err(error)
            }
        }
    }

    /// The same, but the flush is only begun, or not even that where the file is only on its way.
    pub fn finish_and_flush(self, is_flushed: bool) -> Result<(StagedFile, Flushing), LakeError> {
        let (staged, file) = self.end()?;
        let flushing = match is_flushed {
            true => Flushing::begin(file, staged.path.clone()),
            false => Flushing::none(staged.path.clone()),
        };
        Ok((staged, flushing))
    }

    fn end(self) -> Result<(StagedFile, File), LakeError> {
        let path = self.path;
        match self.writer.end() {
            Ok(written) => {
                let staged = StagedFile {
                    path,
                    bytes: written.bytes,
                    hash: digits(&written.hasher),
                };
                Ok((staged, written.file))
            }
            Err(source) => {
                // As above.
                let _ = std::fs::remove_file(&path);
                Err(parquet_error(&path, source))
            }
        }
    }

    /// Removes what was written.
    pub fn abandon(self) {
        // A file that cannot be removed lies in the staging folder and counts for nothing.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A file that nobody else writes, even a process of the same number on another machine.
fn create_new(folder: &Path, stem: &str) -> Result<(PathBuf, File), LakeError> {
    let process = std::process::id();
    let mut index = 0_u32;
    loop {
        let path = folder.join(format!("{process}-{index}-{stem}.parquet"));
        match File::create_new(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => index += 1,
            Err(source) => return Err(io("write", &path, source)),
        }
    }
}

/// A file that hashes what is written to it.
pub struct HashedFile {
    file: File,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl std::fmt::Debug for HashedFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "HashedFile {{ bytes: {} }}", self.bytes)
    }
}

impl Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Opens a Parquet file, of `bytes` bytes as far as that is known, and reads its footer.
pub fn open(
    place: &Place,
    path: &Path,
    bytes: Option<u64>,
) -> Result<(PlaceFile, ArrowReaderMetadata), LakeError> {
    let file = place
        .open(path, bytes)
        .map_err(|source| io("read", path, source))?;
    let metadata = footer(path, &file)?;
    Ok((file, metadata))
}

/// The footer of an open Parquet file.
pub fn footer(path: &Path, file: &PlaceFile) -> Result<ArrowReaderMetadata, LakeError> {
    ArrowReaderMetadata::load(file, ArrowReaderOptions::default())
        .map_err(|source| parquet_error(path, source))
}

pub fn parquet_error(path: &Path, source: ParquetError) -> LakeError {
    // The Parquet library wraps the operating system's refusal; the user wants to read that.
    if let ParquetError::External(inner) = source {
        return match inner.downcast::<std::io::Error>() {
            Ok(refusal) => io("write", path, *refusal),
            Err(inner) => LakeError::Parquet {
                path: path.to_owned(),
                source: ParquetError::External(inner),
            },
        };
    }
    LakeError::Parquet {
        path: path.to_owned(),
        source,
    }
}

/// How all columns are compressed.
pub fn zstd() -> Compression {
    Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL).expect("1 is a zstd level"))
}

/// How rejected lines are written.
pub fn plain_properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(zstd())
        .set_created_by(concat!("firedrill ", env!("CARGO_PKG_VERSION")).to_owned())
        .build()
}

/// How tables for other programs are written: texts repeat, numbers hardly do.
pub fn export_properties(schema: &Schema) -> WriterProperties {
    let mut builder = plain_properties().into_builder();
    for field in schema.fields() {
        let path = ColumnPath::from(field.name().as_str());
        if field.data_type().is_integer() || field.data_type().is_temporal() {
            builder = builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
    }
    builder.build()
}

/// How what can be computed again is written: fast to read rather than small.
pub fn derived_properties() -> WriterProperties {
    plain_properties()
        .into_builder()
        .set_statistics_enabled(EnabledStatistics::None)
        .set_dictionary_enabled(false)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .build()
}

/// How requests are written. Numbers of which there are many different ones have no dictionary, which
/// would cost more than it saves; texts have no statistics, by which nobody looks for them.
pub fn request_properties() -> WriterProperties {
    let mut builder = plain_properties()
        .into_builder()
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS));
    for name in [
        column::TS,
        column::MINUTE,
        column::STATUS,
        column::LATENCY_US,
        column::LATENCY_BUCKET,
        column::SERVICE_US,
        column::BYTES_IN,
        column::BYTES_OUT,
        column::POSITION,
        column::UPSTREAM_TRIES,
        column::WEIGHT,
        column::FIRST_BYTE_US,
    ] {
        builder = builder
            .set_column_dictionary_enabled(ColumnPath::from(name), false)
            .set_column_encoding(ColumnPath::from(name), Encoding::DELTA_BINARY_PACKED);
    }
    for name in [column::SHOPPER, column::ROW_KEY] {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(name), false);
    }
    let texts = schema::ARROW.fields().iter();
    for field in texts.filter(|field| *field.data_type() == schema::text()) {
        let path = ColumnPath::from(field.name().as_str());
        builder = builder.set_column_statistics_enabled(path, EnabledStatistics::None);
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_states_its_hash() {
        let name = file_name("part-3f9ac2e1d0b75a48-0-524288", "0123456789abcdef");
        assert_eq!(
            name,
            "part-3f9ac2e1d0b75a48-0-524288-0123456789abcdef-v2.parquet"
        );
        assert_eq!(hash_in_name(&name), Some("0123456789abcdef"));
        for stranger in [
            "part-orphan.parquet",
            "part-00000-3f9ac2e1-c000.snappy.parquet",
            "notes.txt",
            "",
        ] {
            assert_eq!(hash_in_name(stranger), None, "{stranger}");
        }
    }
}
