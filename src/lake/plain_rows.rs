//! Rows of a part as plain numbers: no Arrow columns, no text per row.
//!
//! In: a file of the table. Out: its row groups, where every row stands for one request and columns are packed as
//! parts of ours are. Whatever else there is (a file that another engine wrote, a sampled log) is not an error
//! here, but said to be for [`LakeReader::for_each_batch_of`], which takes everything, at several times the cost.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageReader};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

use super::known_columns::is_one;
use super::packed_numbers::{add_deltas, add_hybrid, is_run_of_ones};
use super::place::PlaceFile;
use super::reader::{LakeReader, PartFile, open};
use super::schema::column;
use super::{LakeError, io};

/// The number of a row that has none.
pub const NO_NUMBER: i32 = i32::MIN;
/// The key of a row that has no text.
pub const NO_TEXT: i32 = -1;

/// The columns that are wanted.
#[derive(Debug, Clone, Default)]
pub struct PlainColumns {
    /// Columns of 32-bit numbers.
    pub numbers: Vec<&'static str>,
    /// Columns of texts.
    pub texts: Vec<&'static str>,
}

/// The rows of a row group; memory that is used again for the next one.
#[derive(Debug, Default)]
pub struct PlainRows {
    /// How many there are.
    pub count: usize,
    /// Per wanted column a number for each row, or [`NO_NUMBER`].
    pub numbers: Vec<Vec<i32>>,
    /// Per wanted column its texts.
    pub texts: Vec<PlainTexts>,
    spare: Spare,
}

/// A column of texts.
#[derive(Debug, Default)]
pub struct PlainTexts {
    /// The different texts.
    pub texts: Vec<String>,
    /// For each row the index of its text, or [`NO_TEXT`]; empty where no row has a text.
    pub keys: Vec<i32>,
}

impl LakeReader {
    /// Hands the row groups of a file to `each`; `false` when one is not plain, or `each` does not take it, and the
    /// file has to be read another way from its beginning.
    ///
    /// # Errors
    /// When the file is missing or its footer damaged.
    pub fn for_each_plain_group(
        &self,
        file: &PartFile,
        columns: &PlainColumns,
        rows: &mut PlainRows,
        mut each: impl FnMut(&PlainRows) -> Option<()>,
    ) -> Result<bool, LakeError> {
        let (opened, metadata) = open(self.place(), file)?;
        let groups = metadata.metadata().row_groups();
        let all: Vec<usize> = (0..groups.len()).collect();
        opened
            .fetch_columns(metadata.metadata(), &all, |name| {
                columns.numbers.contains(&name) || columns.texts.contains(&name)
            })
            .map_err(|source| io("read", &file.path, source))?;
        for group in groups {
            if read_group(&opened, group, columns, rows).is_none() || each(rows).is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn read_group(
    file: &PlaceFile,
    group: &RowGroupMetaData,
    columns: &PlainColumns,
    rows: &mut PlainRows,
) -> Option<()> {
    if !is_one(chunk_of(group, column::WEIGHT)?) {
        return None;
    }
    rows.count = usize::try_from(group.num_rows()).ok()?;
    rows.numbers.resize_with(columns.numbers.len(), Vec::new);
    rows.texts
        .resize_with(columns.texts.len(), PlainTexts::default);
    let PlainRows {
        count,
        numbers,
        texts,
        spare,
    } = rows;
    for (name, numbers) in columns.numbers.iter().zip(numbers) {
        numbers.clear();
        let mut pages = Pages::new(file, chunk_of(group, name)?, Type::INT32, *count)?;
        while numbers.len() < *count {
            let page = pages.next(Encoding::DELTA_BINARY_PACKED)?;
            spare.add_page(&page, NO_NUMBER, numbers, add_deltas)?;
        }
        (numbers.len() == *count).then_some(())?;
    }
    for (name, PlainTexts { texts, keys }) in columns.texts.iter().zip(texts) {
        keys.clear();
        let mut pages = Pages::new(file, chunk_of(group, name)?, Type::BYTE_ARRAY, *count)?;
        pages.dictionary(texts)?;
        if texts.is_empty() {
            continue;
        }
        while keys.len() < *count {
            let page = pages.next(Encoding::RLE_DICTIONARY)?;
            spare.add_page(&page, NO_TEXT, keys, |values, count, keys| {
                let (bits, values) = values.split_first()?;
                add_hybrid(values, u32::from(*bits), count, keys)
            })?;
        }
        let last = keys.iter().copied().max().unwrap_or(NO_TEXT);
        let is_known = usize::try_from(last).is_ok_and(|last| last < texts.len());
        (keys.len() == *count && (is_known || last == NO_TEXT)).then_some(())?;
    }
    Some(())
}

fn chunk_of<'g>(group: &'g RowGroupMetaData, name: &str) -> Option<&'g ColumnChunkMetaData> {
    let mut chunks = group.columns().iter();
    chunks.find(|chunk| chunk.column_descr().name() == name)
}

/// The pages of a column chunk, which is read at once.
struct Pages(SerializedPageReader<Piece>);

/// A page of values.
struct Values {
    bytes: Bytes,
    count: usize,
}

impl Pages {
    fn new(
        file: &PlaceFile,
        chunk: &ColumnChunkMetaData,
        expected: Type,
        rows: usize,
    ) -> Option<Self> {
        let column = chunk.column_descr();
        let is_plain = column.physical_type() == expected
            && column.max_def_level() == 1
            && column.max_rep_level() == 0;
        let (start, length) = chunk.byte_range();
        let piece = Piece {
            start,
            bytes: file.get_bytes(start, usize::try_from(length).ok()?).ok()?,
        };
        let pages = SerializedPageReader::new(Arc::new(piece), chunk, rows, None);
        is_plain.then_some(Self(pages.ok()?))
    }

    fn dictionary(&mut self, texts: &mut Vec<String>) -> Option<()> {
        texts.clear();
        let Some(Page::DictionaryPage {
            buf, num_values, ..
        }) = self.0.get_next_page().ok()?
        else {
            return None;
        };
        let mut rest = &buf[..];
        for _ in 0..num_values {
            let (length, texts_left) = rest.split_first_chunk()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            let (text, texts_left) = texts_left.split_at_checked(length)?;
            texts.push(String::from_utf8(text.to_vec()).ok()?);
            rest = texts_left;
        }
        Some(())
    }

    fn next(&mut self, expected: Encoding) -> Option<Values> {
        match self.0.get_next_page().ok()?? {
            Page::DataPage {
                buf,
                num_values,
                encoding,
                def_level_encoding: Encoding::RLE,
                ..
            } if encoding == expected && num_values > 0 => Some(Values {
                bytes: buf,
                count: usize::try_from(num_values).ok()?,
            }),
            _ => None,
        }
    }
}

/// What a page with absent values is read into.
#[derive(Debug, Default)]
struct Spare {
    levels: Vec<i32>,
    present: Vec<i32>,
}

impl Spare {
    /// Adds a value per row of a page, `absent` where there is none; `decode` adds those that are there.
    fn add_page(
        &mut self,
        page: &Values,
        absent: i32,
        into: &mut Vec<i32>,
        decode: impl Fn(&[u8], usize, &mut Vec<i32>) -> Option<()>,
    ) -> Option<()> {
        let (length, rest) = page.bytes.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (levels, values) = rest.split_at_checked(length)?;
        if is_run_of_ones(levels, page.count) {
            return decode(values, page.count, into);
        }
        self.levels.clear();
        self.present.clear();
        add_hybrid(levels, 1, page.count, &mut self.levels)?;
        let count = self.levels.iter().filter(|level| **level == 1).count();
        if count > 0 {
            decode(values, count, &mut self.present)?;
        }
        let mut present = self.present.iter();
        into.extend(self.levels.iter().map(|level| match level {
            1 => *present.next().unwrap_or(&absent),
            _ => absent,
        }));
        Some(())
    }
}

/// Some bytes of a file, found by where they are in the file.
struct Piece {
    start: u64,
    bytes: Bytes,
}

impl Piece {
    fn from(&self, start: u64) -> ParquetResult<Bytes> {
        let at = start.checked_sub(self.start);
        let at = at.and_then(|at| usize::try_from(at).ok());
        at.filter(|at| *at <= self.bytes.len())
            .map(|at| self.bytes.slice(at..))
            .ok_or_else(|| past(start))
    }
}

fn past(start: u64) -> ParquetError {
    ParquetError::EOF(format!("byte {start} is in another column"))
}

impl Length for Piece {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Piece {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let bytes = self.from(start)?;
        match length <= bytes.len() {
            true => Ok(bytes.slice(..length)),
            false => Err(past(start + length as u64)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use arrow::array::{ArrayRef, DictionaryArray, Int32Array, RecordBatch};
    use arrow::datatypes::Int32Type;
    use parquet::arrow::ArrowWriter;
    use proptest::prelude::*;

    use super::super::parquet_file::{footer, request_properties};
    use super::*;

    /// Minute, status and route of a row.
    type Row = (Option<i32>, Option<i32>, Option<u8>);

    fn route(number: u8) -> String {
        format!("/route/{number}")
    }

    /// The rows as the Parquet library writes them, in pages of few rows, and as they are read here.
    fn read_back(rows: &[Row], weights: &[Option<i32>]) -> Option<PlainRows> {
        let numbers = |pick: fn(&Row) -> Option<i32>| -> ArrayRef {
            Arc::new(rows.iter().map(pick).collect::<Int32Array>())
        };
        let routes: Vec<Option<String>> = rows.iter().map(|row| row.2.map(route)).collect();
        let routes: DictionaryArray<Int32Type> = routes.iter().map(Option::as_deref).collect();
        let columns: [(&str, ArrayRef, bool); 4] = [
            (column::MINUTE, numbers(|row| row.0), true),
            (column::STATUS, numbers(|row| row.1), true),
            (column::ROUTE, Arc::new(routes), true),
            (
                column::WEIGHT,
                Arc::new(weights.iter().copied().collect::<Int32Array>()),
                true,
            ),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let folder = std::env::temp_dir().join(format!("firedrill-plain-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{:?}.parquet", std::thread::current().id()));
        let properties = request_properties()
            .into_builder()
            .set_data_page_row_count_limit(100)
            .set_write_batch_size(50)
            .build();
        let file = File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let file = PlaceFile::Local(File::open(&path).unwrap());
        let metadata = footer(&path, &file).unwrap();
        std::fs::remove_file(&path).unwrap();
        let wanted = PlainColumns {
            numbers: vec![column::MINUTE, column::STATUS],
            texts: vec![column::ROUTE],
        };
        // Memory of another row group must leave nothing behind.
        let mut found = PlainRows {
            numbers: vec![vec![7; 3]; 2],
            ..PlainRows::default()
        };
        read_group(&file, metadata.metadata().row_group(0), &wanted, &mut found)?;
        Some(found)
    }

    fn number() -> impl Strategy<Value = i32> {
        prop_oneof![Just(29_000_000), 0..9_i32, 1 + i32::MIN..i32::MAX]
    }

    proptest! {
        #[test]
        fn rows_of_the_library_are_read_back(
            runs in prop::collection::vec(
                (prop::option::weighted(0.9, number()), prop::option::weighted(0.9, number()), prop::option::weighted(0.9, 0..40_u8), 1..60_usize),
                1..30,
            ),
        ) {
            let rows = runs.iter().flat_map(|run| std::iter::repeat_n((run.0, run.1, run.2), run.3));
            let rows: Vec<Row> = rows.collect();
            let found = read_back(&rows, &vec![Some(1); rows.len()]).unwrap();
            prop_assert_eq!(found.count, rows.len());
            let numbers = |pick: fn(&Row) -> Option<i32>| -> Vec<i32> {
                rows.iter().map(|row| pick(row).unwrap_or(NO_NUMBER)).collect()
            };
            prop_assert_eq!(&found.numbers[0], &numbers(|row| row.0));
            prop_assert_eq!(&found.numbers[1], &numbers(|row| row.1));
            let PlainTexts { texts, keys } = &found.texts[0];
            for (index, row) in rows.iter().enumerate() {
                let key = keys.get(index).copied().unwrap_or(NO_TEXT);
                let text = usize::try_from(key).ok().map(|key| texts[key].clone());
                prop_assert_eq!(text, row.2.map(route));
            }
        }
    }

    #[test]
    fn a_sampled_log_is_not_plain() {
        let rows = [(Some(1), Some(200), Some(1)); 3];
        assert!(read_back(&rows, &[Some(1); 3]).is_some());
        assert!(read_back(&rows, &[Some(1), None, Some(1)]).is_some());
        assert!(read_back(&rows, &[Some(1), Some(2), Some(1)]).is_none());
    }
}
