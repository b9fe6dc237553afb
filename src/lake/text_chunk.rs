//! A column of texts as a column chunk of a Parquet file: a page of the different texts, and a page
//! of their numbers, row by row.
//!
//! In: texts, and a key per row. Out: the bytes of the chunk, and what the footer says of it. Own code
//! in place of the Parquet library's encoder, which looks up every text of every row by its bytes,
//! though [`TextColumn`](super::text_column::TextColumn) has numbered them already.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{CompressedPage, Page};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;

use super::column_chunk::{Pages, data_page, push_hybrid, push_levels, push_run, push_same_level};

/// The key of rows without a text.
pub const ABSENT: i32 = -1;

/// The rows of a column: their different texts, and for each row the index of its text, or
/// [`ABSENT`].
#[derive(Debug, Default)]
pub struct Texts {
    pub texts: Vec<Arc<str>>,
    pub keys: Keys,
}

/// The keys of rows. Those of most columns are the same, and then only counted.
#[derive(Debug)]
pub struct Keys {
    /// What all rows have as long as `each` is empty, and how many there are.
    same: i32,
    same_rows: usize,
    each: Vec<i32>,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            same: ABSENT,
            same_rows: 0,
            each: Vec::new(),
        }
    }
}

impl Keys {
    #[inline]
    pub fn push(&mut self, key: i32) {
        if !self.each.is_empty() {
            self.each.push(key);
        } else if self.same == key && self.same_rows > 0 {
            self.same_rows += 1;
        } else {
            self.push_other(key);
        }
    }

    /// Adds the first key, or the first one that is not the same.
    #[cold]
    fn push_other(&mut self, key: i32) {
        if self.same_rows == 0 {
            (self.same, self.same_rows) = (key, 1);
        } else {
            self.each.resize(self.same_rows, self.same);
            self.each.push(key);
        }
    }

    /// The key of the last row; [`ABSENT`] before the first one.
    #[inline]
    pub fn last(&self) -> i32 {
        self.each.last().copied().unwrap_or(self.same)
    }

    /// `rows` rows of the key `key`, and no others.
    pub fn fill(&mut self, key: i32, rows: usize) {
        self.each.clear();
        (self.same, self.same_rows) = (key, rows);
    }

    /// Begins anew, in the same memory.
    pub fn clear(&mut self) {
        self.fill(ABSENT, 0);
    }

    /// All keys, row by row.
    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = i32> {
        let same = std::iter::repeat_n(self.same, self.rows() - self.each.len());
        same.chain(self.each.iter().copied())
    }

    fn rows(&self) -> usize {
        if self.each.is_empty() {
            self.same_rows
        } else {
            self.each.len()
        }
    }
}

/// The chunk of `column`, compressed by `zstd`, which the footer calls `compression`.
pub fn text_chunk(
    column: ColumnDescPtr,
    rows: &Texts,
    zstd: &mut Compressor<'_>,
    compression: Compression,
) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
    let row_count = u32::try_from(rows.keys.rows())?;
    let body = data_body(rows, row_count)?;
    let data = data_page(&body, row_count, Encoding::RLE_DICTIONARY, zstd)?;
    let pages = Pages {
        dictionary: Some(dictionary_page(&rows.texts, zstd)?),
        data: vec![(data, row_count)],
    };
    let encodings = vec![Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY];
    pages.chunk(column, encodings, None, compression)
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

fn data_body(rows: &Texts, row_count: u32) -> Result<Vec<u8>, ParquetError> {
    let last_key = u32::try_from(rows.texts.len().saturating_sub(1))?;
    let bits = u32::BITS - last_key.leading_zeros();
    let keys = &rows.keys;
    let mut body = Vec::with_capacity(64 + keys.each.len() * bits as usize / 8);
    if keys.each.is_empty() {
        push_same_level(&mut body, keys.same != ABSENT, row_count);
        body.push(bits.to_le_bytes()[0]);
        if let Ok(same) = u32::try_from(keys.same) {
            push_run(&mut body, same, u64::from(row_count), bits);
        }
        return Ok(body);
    }
    let keys = keys.each.iter();
    if keys.clone().any(|key| *key == ABSENT) {
        push_levels(&mut body, keys.clone().map(|key| *key != ABSENT))?;
        body.push(bits.to_le_bytes()[0]);
        let present = keys.filter_map(|key| u32::try_from(*key).ok());
        push_hybrid(&mut body, present, bits);
    } else {
        push_same_level(&mut body, true, row_count);
        body.push(bits.to_le_bytes()[0]);
        push_hybrid(&mut body, keys.map(|key| key.cast_unsigned()), bits);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::super::column_chunk::ZSTD_LEVEL;
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

    fn collected(keys: impl Iterator<Item = i32>) -> Keys {
        let mut collected = Keys::default();
        keys.for_each(|key| collected.push(key));
        collected
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
                let texts = numbered(count);
                let text = |key: i32| usize::try_from(key).ok().map(|key| texts[key].to_string());
                expected.extend(keys.clone().map(text));
                Texts { keys: collected(keys), texts }
            }).collect();
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
                keys: collected(keys.into_iter()),
            };
            assert_eq!(read(file_of(&[rows])), expected);
        }
    }
}
