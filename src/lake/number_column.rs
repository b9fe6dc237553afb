//! A column of numbers, some of which may be absent, written as it is collected.
//!
//! In: numbers, one by one. Out: the pages of a Parquet column chunk, in its encoding
//! `DELTA_BINARY_PACKED` or, for hashes, `PLAIN`. Own code in place of the Parquet library's encoder,
//! which takes several times as long for a number and wants a column collected first: here at most
//! [`BLOCK_VALUES`] numbers of a column wait, and those of all columns stay in the nearest cache.
//!
//! The encoding: <https://parquet.apache.org/docs/file-format/data-pages/encodings/>.

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;

use super::bit_packing::MINI_VALUES;
use super::column_chunk::{Pages, data_page, push_levels, push_same_level, push_varint};
use super::delta_block::{BLOCK_VALUES, push_block, push_near_block, zigzag};

/// What the numbers are, and so how they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberKind {
    /// 32 bits each; differences are written.
    Int,
    /// 64 bits each; differences are written.
    Long,
    /// 64 bits each, in which nothing repeats; they are written as they are.
    Hash,
}

/// Collects numbers, or their absence.
pub struct NumberColumn {
    kind: NumberKind,
    /// The number before the block, if there is one, and the numbers of the block.
    block: Box<[i64; BLOCK_VALUES + 1]>,
    filled: usize,
    page: PageBody,
    /// Numbers and absent ones of the row group.
    pages: Pages,
    absent: u64,
    range: Option<(i64, i64)>,
}

/// What is collected of a page.
#[derive(Default)]
struct PageBody {
    /// Its first number.
    first: i64,
    values: u32,
    absent: u32,
    /// Which rows have a number; empty as long as all have one, or none has.
    present: Vec<bool>,
    /// Blocks that are full.
    blocks: Vec<u8>,
    /// Where levels, header and blocks meet.
    whole: Vec<u8>,
}

impl NumberColumn {
    pub fn new(kind: NumberKind) -> Self {
        Self {
            kind,
            block: Box::new([0; BLOCK_VALUES + 1]),
            filled: first_place(kind),
            page: PageBody::default(),
            pages: Pages::default(),
            absent: 0,
            range: None,
        }
    }

    /// Adds a number; of one of 32 bits only those are kept.
    #[inline]
    pub fn append(&mut self, value: i64) {
        let mut place = self.filled;
        if place > BLOCK_VALUES {
            self.end_block();
            place = 1;
        }
        self.block[place] = value;
        self.filled = place + 1;
        if self.page.absent > 0 {
            self.page.mix(true);
        }
        self.page.values += 1;
    }

    /// Adds a number, or nothing.
    #[inline]
    pub fn append_option(&mut self, value: Option<i64>) {
        match value {
            Some(value) => self.append(value),
            None => {
                if self.page.values > 0 {
                    self.page.mix(false);
                }
                self.page.absent += 1;
            }
        }
    }

    /// Writes the block, and begins the next one with its last number before it.
    #[inline(never)]
    fn end_block(&mut self) {
        let Some((least, most)) = self.push_block() else {
            return;
        };
        let range = self.range.unwrap_or((least, most));
        self.range = Some((range.0.min(least), range.1.max(most)));
        self.block[0] = self.block[self.filled - 1];
        self.filled = 1;
    }

    /// Writes the block: the least and the greatest number in it, if it has any.
    fn push_block(&mut self) -> Option<(i64, i64)> {
        let block = &self.block[..self.filled];
        let numbers = &block[first_place(self.kind)..];
        if self.page.blocks.is_empty() {
            self.page.first = *block.first()?;
        }
        let blocks = &mut self.page.blocks;
        if self.kind != NumberKind::Hash
            && block.len() == self.block.len()
            && let Some(range) = push_near_block(blocks, &self.block)
        {
            return Some(range);
        }
        let range = (*numbers.iter().min()?, *numbers.iter().max()?);
        match self.kind {
            NumberKind::Int => push_block(blocks, block, |difference| i64::from(difference as i32)),
            NumberKind::Long => push_block(blocks, block, |difference| difference),
            NumberKind::Hash => {
                let (start, bytes) = (blocks.len(), 8 * numbers.len());
                blocks.resize(start + bytes, 0);
                let (places, _) = blocks[start..].as_chunks_mut::<8>();
                for (place, hash) in places.iter_mut().zip(numbers) {
                    *place = hash.to_le_bytes();
                }
            }
        }
        Some(range)
    }

    /// Ends the page, if it has a row.
    pub fn end_page(&mut self, zstd: &mut Compressor<'_>) -> Result<(), ParquetError> {
        let rows = self.page.values + self.page.absent;
        if rows == 0 {
            return Ok(());
        }
        self.end_block();
        self.page.finish(self.kind)?;
        let encoding = encoding(self.kind);
        let page = data_page(&self.page.whole, rows, encoding, zstd)?;
        self.pages.data.push((page, rows));
        self.absent += u64::from(self.page.absent);
        self.page.clear();
        self.filled = first_place(self.kind);
        Ok(())
    }

    /// The least and the greatest number of the pages that were ended.
    pub fn range(&self) -> Option<(i64, i64)> {
        self.range
    }

    /// All pages as the chunk of `column`; what comes after begins anew.
    pub fn end_chunk(
        &mut self,
        column: ColumnDescPtr,
        compression: Compression,
    ) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
        let (range, absent) = (self.range.take(), std::mem::take(&mut self.absent));
        let statistics = match self.kind {
            NumberKind::Int => {
                let range = range.map(|(least, most)| (least as i32, most as i32));
                Statistics::Int32(statistics(range, absent))
            }
            NumberKind::Long | NumberKind::Hash => Statistics::Int64(statistics(range, absent)),
        };
        let encodings = vec![encoding(self.kind), Encoding::RLE];
        std::mem::take(&mut self.pages).chunk(column, encodings, Some(statistics), compression)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.page.clear();
        self.filled = first_place(self.kind);
        self.pages = Pages::default();
        self.absent = 0;
        self.range = None;
    }
}

impl PageBody {
    /// Notes whether the next row has a number, where some have and some have not.
    #[inline(never)]
    fn mix(&mut self, is_present: bool) {
        if self.present.is_empty() {
            let before = (self.values + self.absent) as usize;
            self.present.resize(before, !is_present);
        }
        self.present.push(is_present);
    }

    /// Puts levels, header and blocks together.
    fn finish(&mut self, kind: NumberKind) -> Result<(), ParquetError> {
        let whole = &mut self.whole;
        whole.clear();
        if self.present.is_empty() {
            push_same_level(whole, self.values > 0, self.values + self.absent);
        } else {
            push_levels(whole, self.present.iter().copied())?;
        }
        if kind != NumberKind::Hash {
            push_varint(whole, BLOCK_VALUES as u64);
            push_varint(whole, (BLOCK_VALUES / MINI_VALUES) as u64);
            push_varint(whole, u64::from(self.values));
            push_varint(whole, zigzag(self.first));
        }
        whole.extend_from_slice(&self.blocks);
        Ok(())
    }

    /// Begins anew, in the same memory.
    fn clear(&mut self) {
        self.first = 0;
        self.values = 0;
        self.absent = 0;
        self.present.clear();
        self.blocks.clear();
    }
}

/// In the fields of today and in those that older readers know.
fn statistics<T: Copy>(range: Option<(T, T)>, absent: u64) -> ValueStatistics<T> {
    let (least, most) = (range.map(|range| range.0), range.map(|range| range.1));
    ValueStatistics::new(least, most, None, Some(absent), false)
        .with_backwards_compatible_min_max(true)
}

/// Where the first number of a page goes. Of differences there is one less than of numbers.
fn first_place(kind: NumberKind) -> usize {
    usize::from(kind == NumberKind::Hash)
}

fn encoding(kind: NumberKind) -> Encoding {
    match kind {
        NumberKind::Int | NumberKind::Long => Encoding::DELTA_BINARY_PACKED,
        NumberKind::Hash => Encoding::PLAIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use arrow::array::AsArray;
    use arrow::datatypes::{Int32Type, Int64Type};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::basic::{Repetition, Type, ZstdLevel};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::types::Type as SchemaType;
    use proptest::prelude::*;

    use crate::lake::column_chunk::ZSTD_LEVEL;
    use crate::lake::packed_numbers::add_deltas;

    /// A file of one column with a row group for each list of pages.
    fn file_of(column: &mut NumberColumn, groups: &[Vec<Vec<Option<i64>>>]) -> Bytes {
        let physical = match column.kind {
            NumberKind::Int => Type::INT32,
            NumberKind::Long | NumberKind::Hash => Type::INT64,
        };
        let number = SchemaType::primitive_type_builder("number", physical)
            .with_repetition(Repetition::OPTIONAL)
            .build()
            .unwrap();
        let schema = SchemaType::group_type_builder("schema")
            .with_fields(vec![Arc::new(number)])
            .build()
            .unwrap();
        let properties = Arc::new(WriterProperties::default());
        let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), properties).unwrap();
        let compression = Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL).unwrap());
        let mut zstd = Compressor::new(ZSTD_LEVEL).unwrap();
        for pages in groups {
            for numbers in pages {
                numbers
                    .iter()
                    .for_each(|number| column.append_option(*number));
                column.end_page(&mut zstd).unwrap();
            }
            let descriptor = file.schema_descr().column(0);
            let (bytes, close) = column.end_chunk(descriptor, compression).unwrap();
            let mut group = file.next_row_group().unwrap();
            group.append_column(&bytes, close).unwrap();
            group.close().unwrap();
        }
        file.into_inner().unwrap().into()
    }

    /// The least and the greatest number, and how many are absent, as far as a row group states them.
    type Stated = (Option<i64>, Option<i64>, Option<u64>);

    /// What the library reads, and the least and greatest numbers that each row group states.
    fn read(file: Bytes) -> (Vec<Option<i64>>, Vec<Stated>) {
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let groups = reader.metadata().row_groups().iter();
        let stated = groups.map(|group| match group.column(0).statistics().unwrap() {
            Statistics::Int32(of) => (
                of.min_opt().map(|least| i64::from(*least)),
                of.max_opt().map(|most| i64::from(*most)),
                of.null_count_opt(),
            ),
            Statistics::Int64(of) => (
                of.min_opt().copied(),
                of.max_opt().copied(),
                of.null_count_opt(),
            ),
            other => panic!("{other:?}"),
        });
        let stated = stated.collect();
        let batches = reader.build().unwrap().map(Result::unwrap);
        let rows = batches.flat_map(|batch| {
            let column = batch.column(0);
            let ints = column.as_primitive_opt::<Int32Type>();
            match ints {
                Some(ints) => ints
                    .iter()
                    .map(|int| int.map(i64::from))
                    .collect::<Vec<_>>(),
                None => column.as_primitive::<Int64Type>().iter().collect(),
            }
        });
        (rows.collect(), stated)
    }

    /// Pages of numbers that are alike, small, of any size, absent here and there, or always.
    fn pages(kind: NumberKind) -> impl Strategy<Value = Vec<Vec<Option<i64>>>> {
        let (least, most) = match kind {
            NumberKind::Int => (i64::from(i32::MIN), i64::from(i32::MAX)),
            NumberKind::Long | NumberKind::Hash => (i64::MIN, i64::MAX),
        };
        let number = prop_oneof![4 => 0..3_i64, 4 => 0..100_000_i64, 1 => Just(least), 1 => Just(most), 1 => least..most];
        let page = (
            prop::collection::vec((number, 0..100_u32), 0..900),
            prop_oneof![Just(0_u32), Just(3), Just(97), Just(100)],
            any::<bool>(),
        );
        let page = page.prop_map(|(numbers, absent, is_small)| {
            let number = |(number, draw): (i64, u32)| {
                (draw >= absent).then_some(if is_small { number & 0xff } else { number })
            };
            numbers.into_iter().map(number).collect::<Vec<_>>()
        });
        prop::collection::vec(page, 1..4)
    }

    proptest! {
        #[test]
        fn every_number_is_read_back_by_the_library(
            (kind, groups) in prop_oneof![Just(NumberKind::Int), Just(NumberKind::Long), Just(NumberKind::Hash)]
                .prop_flat_map(|kind| (Just(kind), prop::collection::vec(pages(kind), 1..3))),
        ) {
            let groups: Vec<_> = groups.into_iter().filter(|pages| pages.iter().any(|page| !page.is_empty())).collect();
            let (found, stated) = read(file_of(&mut NumberColumn::new(kind), &groups));
            let of_group = |pages: &Vec<Vec<Option<i64>>>| pages.concat();
            prop_assert_eq!(found, groups.iter().flat_map(of_group).collect::<Vec<_>>());
            let expected = groups.iter().map(|pages| {
                let rows = of_group(pages);
                let present = || rows.iter().flatten().copied();
                let absent = rows.iter().filter(|row| row.is_none()).count() as u64;
                (present().min(), present().max(), Some(absent))
            });
            prop_assert_eq!(stated, expected.collect::<Vec<_>>());
        }
    }

    proptest! {
        #[test]
        fn differences_are_packed_as_plain_rows_are_read(
            numbers in prop::collection::vec(prop_oneof![0..9_i32, any::<i32>()], 1..700),
        ) {
            let mut column = NumberColumn::new(NumberKind::Int);
            numbers.iter().for_each(|number| column.append(i64::from(*number)));
            column.end_block();
            column.page.finish(NumberKind::Int).unwrap();
            let (length, levels) = column.page.whole.split_first_chunk::<4>().unwrap();
            let values = &levels[u32::from_le_bytes(*length) as usize..];
            let mut found = Vec::new();
            prop_assert_eq!(add_deltas(values, numbers.len(), &mut found), Some(()));
            prop_assert_eq!(found, numbers);
        }
    }

    #[test]
    fn pages_whose_numbers_just_fill_blocks_are_read_back() {
        for kind in [NumberKind::Int, NumberKind::Long, NumberKind::Hash] {
            let sizes = [1, 31, 32, 33, 127, 128, 129, 130, 160, 161, 256, 257, 258];
            let pages = sizes.map(|size| {
                (0..size)
                    .map(|number| Some(number * number))
                    .collect::<Vec<_>>()
            });
            let groups = [pages.to_vec()];
            let (found, _) = read(file_of(&mut NumberColumn::new(kind), &groups));
            assert_eq!(found, groups[0].concat(), "{kind:?}");
        }
    }

    #[test]
    fn what_is_forgotten_is_not_written() {
        let mut column = NumberColumn::new(NumberKind::Long);
        (0..1_000).for_each(|number| column.append(number));
        column.append_option(None);
        column
            .end_page(&mut Compressor::new(ZSTD_LEVEL).unwrap())
            .unwrap();
        column.append(5);
        column.clear();
        let (found, stated) = read(file_of(&mut column, &[vec![vec![Some(7)]]]));
        assert_eq!(
            (found, stated),
            (vec![Some(7)], vec![(Some(7), Some(7), Some(0))])
        );
    }
}
