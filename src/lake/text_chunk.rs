//! A column of texts as a column chunk of a Parquet file: a page of the different texts, and a page
//! of their numbers, row by row.
//!
//! In: texts, and a key per row. Out: the bytes of the chunk, and what the footer says of it. Own code
//! in place of the Parquet library's encoder, which looks up every text of every row by its bytes,
//! though [`TextColumn`](super::text_column::TextColumn) has numbered them already.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, OffsetIndexBuilder};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;

/// The key of rows without a text.
pub const ABSENT: i32 = -1;
/// The zstd level of all columns.
pub const ZSTD_LEVEL: i32 = 1;

/// The rows of a column: their different texts, and for each row the index of its text, or
/// [`ABSENT`].
#[derive(Debug, Default)]
pub struct Texts {
    pub texts: Vec<Arc<str>>,
    pub keys: Vec<i32>,
}

/// The chunk of `column`, compressed by `zstd`, which the footer calls `compression`.
pub fn text_chunk(
    column: ColumnDescPtr,
    rows: &Texts,
    zstd: &mut Compressor<'_>,
    compression: Compression,
) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
    let row_count = u32::try_from(rows.keys.len())?;
    let dictionary = dictionary_page(&rows.texts, zstd)?;
    let data = data_page(rows, row_count, zstd)?;
    let mut sink = TrackedWrite::new(Vec::new());
    let mut writer = SerializedPageWriter::new(&mut sink);
    let dictionary = writer.write_page(dictionary)?;
    let data = writer.write_page(data)?;
    writer.close()?;
    let bytes = Bytes::from(sink.into_inner()?);
    let sizes = [&dictionary, &data].map(|page| (page.compressed_size, page.uncompressed_size));
    let metadata = ColumnChunkMetaData::builder(column)
        .set_encodings(vec![
            Encoding::PLAIN,
            Encoding::RLE,
            Encoding::RLE_DICTIONARY,
        ])
        .set_num_values(i64::from(row_count))
        .set_compression(compression)
        .set_total_compressed_size(i64::try_from(sizes[0].0 + sizes[1].0)?)
        .set_total_uncompressed_size(i64::try_from(sizes[0].1 + sizes[1].1)?)
        .set_dictionary_page_offset(Some(i64::try_from(dictionary.offset)?))
        .set_data_page_offset(i64::try_from(data.offset)?)
        .build()?;
    let mut pages = OffsetIndexBuilder::new();
    pages.append_row_count(i64::from(row_count));
    pages.append_offset_and_size(
        i64::try_from(data.offset)?,
        i32::try_from(data.compressed_size)?,
    );
    let close = ColumnCloseResult {
        bytes_written: bytes.len() as u64,
        rows_written: u64::from(row_count),
        metadata,
        bloom_filter: None,
        column_index: None,
        offset_index: Some(pages.build()),
    };
    Ok((bytes, close))
}

fn dictionary_page(
    texts: &[Arc<str>],
    zstd: &mut Compressor<'_>,
) -> Result<CompressedPage, ParquetError> {
    let mut body = Vec::new();
    for text in texts {
        body.extend_from_slice(&u32::try_from(text.len())?.to_le_bytes());
        body.extend_from_slice(text.as_bytes());
    }
    let page = Page::DictionaryPage {
        buf: zstd.compress(&body)?.into(),
        num_values: u32::try_from(texts.len())?,
        encoding: Encoding::PLAIN,
        is_sorted: false,
    };
    Ok(CompressedPage::new(page, body.len()))
}

fn data_page(
    rows: &Texts,
    row_count: u32,
    zstd: &mut Compressor<'_>,
) -> Result<CompressedPage, ParquetError> {
    let levels = rows.keys.iter().map(|key| u32::from(*key != ABSENT));
    let mut body = vec![0; 4];
    push_hybrid(&mut body, levels, 1);
    let levels_bytes = u32::try_from(body.len() - 4)?;
    body[..4].copy_from_slice(&levels_bytes.to_le_bytes());
    let last_key = u32::try_from(rows.texts.len().saturating_sub(1))?;
    let bits = u32::BITS - last_key.leading_zeros();
    body.push(bits.to_le_bytes()[0]);
    let keys = rows.keys.iter().filter_map(|key| u32::try_from(*key).ok());
    push_hybrid(&mut body, keys, bits);
    let page = Page::DataPage {
        buf: zstd.compress(&body)?.into(),
        num_values: row_count,
        encoding: Encoding::RLE_DICTIONARY,
        def_level_encoding: Encoding::RLE,
        rep_level_encoding: Encoding::RLE,
        statistics: None,
    };
    Ok(CompressedPage::new(page, body.len()))
}

/// Adds numbers of `bits` bits in Parquet's hybrid of runs and packed bits: one run if all are the
/// same, else all packed. Runs inside are left to the compressor.
fn push_hybrid(body: &mut Vec<u8>, values: impl Iterator<Item = u32> + Clone, bits: u32) {
    let mut others = values.clone();
    let Some(first) = others.next() else { return };
    let count = values.clone().count() as u64;
    if others.all(|value| value == first) {
        push_varint(body, count << 1);
        let bytes = bits.div_ceil(8) as usize;
        body.extend_from_slice(&first.to_le_bytes()[..bytes]);
        return;
    }
    let groups = count.div_ceil(8);
    push_varint(body, (groups << 1) | 1);
    let (mut packed, mut packed_bits) = (0_u64, 0);
    let padding = (groups * 8 - count) as usize;
    for value in values.chain(std::iter::repeat_n(0, padding)) {
        packed |= u64::from(value) << packed_bits;
        packed_bits += bits;
        if packed_bits >= u32::BITS {
            body.extend_from_slice(&packed.to_le_bytes()[..4]);
            packed >>= u32::BITS;
            packed_bits -= u32::BITS;
        }
    }
    // Eight values of any width end at a byte.
    body.extend_from_slice(&packed.to_le_bytes()[..(packed_bits / 8) as usize]);
}

fn push_varint(body: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        body.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    body.push(value.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::basic::{Repetition, Type, ZstdLevel};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::types::Type as SchemaType;
    use proptest::prelude::*;

    fn file_of(groups: &[Texts]) -> Bytes {
        let text = SchemaType::primitive_type_builder("text", Type::BYTE_ARRAY)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(Some(parquet::basic::LogicalType::String))
            .build()
            .unwrap();
        let schema = SchemaType::group_type_builder("schema")
            .with_fields(vec![Arc::new(text)])
            .build()
            .unwrap();
        let properties = Arc::new(WriterProperties::default());
        let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), properties).unwrap();
        let compression = Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL).unwrap());
        let mut zstd = Compressor::new(ZSTD_LEVEL).unwrap();
        for rows in groups {
            let column = file.schema_descr().column(0);
            let (bytes, close) = text_chunk(column, rows, &mut zstd, compression).unwrap();
            let mut group = file.next_row_group().unwrap();
            group.append_column(&bytes, close).unwrap();
            group.close().unwrap();
        }
        file.into_inner().unwrap().into()
    }

    fn read(file: Bytes) -> Vec<Option<String>> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let batches = reader.build().unwrap().map(Result::unwrap);
        let rows = batches.flat_map(|batch| {
            let column = batch.column(0).as_string::<i32>().clone();
            let text = |row| column.is_valid(row).then(|| column.value(row).to_owned());
            (0..column.len()).map(text).collect::<Vec<_>>()
        });
        rows.collect()
    }

    fn numbered(count: i32) -> Vec<Arc<str>> {
        (0..count)
            .map(|number| format!("text {number}").into())
            .collect()
    }

    proptest! {
        #[test]
        fn every_row_is_read_back_by_the_library(
            groups in prop::collection::vec((1..300_i32, prop::collection::vec((-60..300_i32, 1..40_usize), 1..20)), 1..3),
        ) {
            let mut expected = Vec::new();
            let groups: Vec<Texts> = groups.into_iter().map(|(count, runs)| {
                let key = |key: i32| if key < 0 { ABSENT } else { key % count };
                let keys = runs.iter().flat_map(|(run, rows)| std::iter::repeat_n(key(*run), *rows));
                Texts { texts: numbered(count), keys: keys.collect() }
            }).collect();
            for rows in &groups {
                let text = |key: &i32| usize::try_from(*key).ok().map(|key| rows.texts[key].to_string());
                expected.extend(rows.keys.iter().map(text));
            }
            prop_assert_eq!(read(file_of(&groups)), expected);
        }
    }

    #[test]
    fn columns_of_one_text_or_none_are_read_back() {
        for (count, keys) in [
            (0, vec![ABSENT; 9]),
            (1, vec![0; 9]),
            (1, vec![0, ABSENT, 0]),
        ] {
            let expected = keys
                .iter()
                .map(|key| (*key == 0).then(|| "text 0".to_owned()));
            let expected: Vec<_> = expected.collect();
            let rows = Texts {
                texts: numbered(count),
                keys,
            };
            assert_eq!(read(file_of(&[rows])), expected);
        }
    }
}
