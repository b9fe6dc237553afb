//! A segment as a table of the lake: the cells of one day of some parts, and back.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryArray, Int32Array, Int64Array, RecordBatch};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema};
use arrow::error::ArrowError;

use super::cells::Chunk;

/// The cells of a chunk, a row each.
pub fn to_table(chunk: &Chunk) -> Result<RecordBatch, ArrowError> {
    let mut windows = Vec::with_capacity(chunk.series.len());
    for (window, cells) in chunk.ranges() {
        windows.extend(cells.map(|_| window));
    }
    let series = chunk.series.iter().map(|series| series.cast_signed());
    let long = |values: &[u64]| -> ArrayRef {
        let values = values.iter().map(|value| value.cast_signed());
        Arc::new(Int64Array::from_iter_values(values))
    };
    let lengths = (0..chunk.series.len()).map(|cell| chunk.histogram(cell).len());
    let histograms = BinaryArray::try_new(
        OffsetBuffer::from_lengths(lengths),
        chunk.histograms.clone().into(),
        None,
    )?;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(windows)),
        Arc::new(Int32Array::from_iter_values(series)),
        long(&chunk.counts),
        long(&chunk.counts_with_latency),
        Arc::new(histograms),
    ];
    let field = |name: &str, data_type: DataType| Field::new(name, data_type, false);
    let schema = Schema::new(vec![
        field("window", DataType::Int64),
        field("series", DataType::Int32),
        field("count", DataType::Int64),
        field("count_with_latency", DataType::Int64),
        field("histogram", DataType::Binary),
    ]);
    RecordBatch::try_new(Arc::new(schema), columns)
}

/// The chunk of a table, its series numbers replaced as `numbers` says; `None` when the table is
/// no segment of so many series.
pub fn from_table(table: &RecordBatch, numbers: &[u32]) -> Option<Chunk> {
    let long = |index: usize| -> Option<Vec<u64>> {
        let column = table.column(index).as_primitive_opt::<Int64Type>()?;
        Some(
            column
                .values()
                .iter()
                .map(|value| value.cast_unsigned())
                .collect(),
        )
    };
    if table.num_columns() != 5 {
        return None;
    }
    let series = table.column(1).as_primitive_opt::<Int32Type>()?;
    let series = series.values().iter().map(|series| {
        let series = usize::try_from(*series).ok()?;
        numbers.get(series).copied()
    });
    let series = series.collect::<Option<Vec<u32>>>()?;
    let mut windows: Vec<(i64, usize)> = Vec::new();
    let window = table.column(0).as_primitive_opt::<Int64Type>()?;
    for (cell, window) in window.values().iter().enumerate() {
        match windows.last_mut() {
            Some((last, end)) if last == window => *end = cell + 1,
            Some(_) | None => windows.push((*window, cell + 1)),
        }
    }
    let histograms = table.column(4).as_binary_opt::<i32>()?;
    let offsets = histograms.value_offsets();
    let ends = offsets
        .iter()
        .skip(1)
        .map(|end| usize::try_from(end - offsets[0]).ok());
    let from = usize::try_from(*offsets.first()?).ok()?;
    let to = usize::try_from(*offsets.last()?).ok()?;
    Some(Chunk {
        windows,
        series,
        counts: long(2)?,
        counts_with_latency: long(3)?,
        histogram_ends: ends.collect::<Option<Vec<usize>>>()?,
        histograms: histograms.value_data().get(from..to)?.to_vec(),
        partial: Vec::new(),
    })
}

/// Exact counts of a cut, a row per cell that has any.
pub fn cut_to_table(partial: &[(usize, u64)]) -> Result<RecordBatch, ArrowError> {
    let column = |pick: fn(&(usize, u64)) -> u64| -> ArrayRef {
        let values = partial.iter().map(|pair| pick(pair).cast_signed());
        Arc::new(Int64Array::from_iter_values(values))
    };
    let schema = Schema::new(vec![
        Field::new("cell", DataType::Int64, false),
        Field::new("within", DataType::Int64, false),
    ]);
    let columns = vec![
        column(|(cell, _)| *cell as u64),
        column(|(_, within)| *within),
    ];
    RecordBatch::try_new(Arc::new(schema), columns)
}

/// The exact counts of a table; `None` when it is none of them.
pub fn cut_from_table(table: &RecordBatch) -> Option<Vec<(usize, u64)>> {
    if table.num_columns() != 2 {
        return None;
    }
    let cells = table.column(0).as_primitive_opt::<Int64Type>()?;
    let within = table.column(1).as_primitive_opt::<Int64Type>()?;
    let pairs = cells.values().iter().zip(within.values());
    pairs
        .map(|(cell, within)| Some((usize::try_from(*cell).ok()?, within.cast_unsigned())))
        .collect()
}
