//! Pages as a column chunk of a Parquet file.
//!
//! In: the pages of one column, each compressed. Out: the bytes of the chunk, and what the footer says of
//! it. What is in a page is known to `text_chunk` and `number_column`; what all pages have is here.

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, OffsetIndexBuilder};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;

use super::bit_packing::{MINI_VALUES, push_narrow};

/// The zstd level of all columns.
pub const ZSTD_LEVEL: i32 = 1;

/// The pages of one column of a row group.
#[derive(Default)]
pub struct Pages {
    /// The different values, where the others are their numbers.
    pub dictionary: Option<CompressedPage>,
    /// Pages of rows, each with how many.
    pub data: Vec<(CompressedPage, u32)>,
}

impl Pages {
    /// The chunk of `column`, which the footer says to be compressed so.
    pub fn chunk(
        self,
        column: ColumnDescPtr,
        encodings: Vec<Encoding>,
        statistics: Option<Statistics>,
        compression: Compression,
    ) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
        let mut sink = TrackedWrite::new(Vec::new());
        let mut writer = SerializedPageWriter::new(&mut sink);
        let (mut compressed, mut uncompressed, mut row_count) = (0, 0, 0);
        let mut metadata = ColumnChunkMetaData::builder(column)
            .set_encodings(encodings)
            .set_compression(compression);
        if let Some(page) = self.dictionary {
            let written = writer.write_page(page)?;
            compressed += written.compressed_size;
            uncompressed += written.uncompressed_size;
            let offset = i64::try_from(written.offset)?;
            metadata = metadata.set_dictionary_page_offset(Some(offset));
        }
        let mut pages = OffsetIndexBuilder::new();
        for (page, rows) in self.data {
            let written = writer.write_page(page)?;
            compressed += written.compressed_size;
            uncompressed += written.uncompressed_size;
            let offset = i64::try_from(written.offset)?;
            if row_count == 0 {
                metadata = metadata.set_data_page_offset(offset);
            }
            row_count += u64::from(rows);
            pages.append_row_count(i64::from(rows));
            pages.append_offset_and_size(offset, i32::try_from(written.compressed_size)?);
        }
        writer.close()?;
        let bytes = Bytes::from(sink.into_inner()?);
        metadata = metadata
            .set_num_values(i64::try_from(row_count)?)
            .set_total_compressed_size(i64::try_from(compressed)?)
            .set_total_uncompressed_size(i64::try_from(uncompressed)?);
        if let Some(statistics) = statistics {
            metadata = metadata.set_statistics(statistics);
        }
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: row_count,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: Some(pages.build()),
        };
        Ok((bytes, close))
    }
}

/// A page of `rows` rows, whose levels and values are `body`.
pub fn data_page(
    body: &[u8],
    rows: u32,
    encoding: Encoding,
    zstd: &mut Compressor<'_>,
) -> Result<CompressedPage, ParquetError> {
    let page = Page::DataPage {
        buf: zstd.compress(body)?.into(),
        num_values: rows,
        encoding,
        def_level_encoding: Encoding::RLE,
        rep_level_encoding: Encoding::RLE,
        statistics: None,
    };
    Ok(CompressedPage::new(page, body.len()))
}

/// Begins the body of a page with which of its rows have a value.
pub fn push_levels(
    body: &mut Vec<u8>,
    levels: impl Iterator<Item = bool> + Clone,
) -> Result<(), ParquetError> {
    let start = body.len();
    body.extend_from_slice(&[0; 4]);
    push_hybrid(body, levels.map(u32::from), 1);
    let bytes = u32::try_from(body.len() - start - 4)?;
    body[start..start + 4].copy_from_slice(&bytes.to_le_bytes());
    Ok(())
}

/// Begins the body of a page whose rows all have a value, or none has.
pub fn push_same_level(body: &mut Vec<u8>, level: bool, rows: u32) {
    let start = body.len();
    body.extend_from_slice(&[0; 4]);
    push_run(body, u32::from(level), u64::from(rows), 1);
    // Its length is that of a short number and a byte.
    body[start] = (body.len() - start - 4).to_le_bytes()[0];
}

/// Adds numbers of `bits` bits in Parquet's hybrid of runs and packed bits: one run if all are the
/// same, else all packed. Runs inside are left to the compressor.
pub fn push_hybrid(body: &mut Vec<u8>, values: impl Iterator<Item = u32> + Clone, bits: u32) {
    let mut others = values.clone();
    let Some(first) = others.next() else { return };
    let count = values.clone().count() as u64;
    if others.all(|value| value == first) {
        return push_run(body, first, count, bits);
    }
    push_varint(body, (count.div_ceil(8) << 1) | 1);
    let mut values = values;
    loop {
        let mut mini = [0; MINI_VALUES];
        let mut filled = 0;
        for (place, value) in mini.iter_mut().zip(values.by_ref()) {
            *place = value;
            filled += 1;
        }
        // Eight values of any width end at a byte, and those that lack are 0.
        let end = body.len() + usize::div_ceil(filled, 8) * bits as usize;
        push_narrow(body, &mini, bits);
        body.truncate(end);
        if filled < MINI_VALUES {
            return;
        }
    }
}

/// Adds the same number of `bits` bits `count` times, in Parquet's hybrid of runs and packed bits.
pub fn push_run(body: &mut Vec<u8>, value: u32, count: u64, bits: u32) {
    push_varint(body, count << 1);
    let bytes = bits.div_ceil(8) as usize;
    body.extend_from_slice(&value.to_le_bytes()[..bytes]);
}

pub fn push_varint(body: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        body.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    body.push(value.to_le_bytes()[0]);
}
