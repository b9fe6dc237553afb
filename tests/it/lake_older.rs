//! Lakes of an older build, whose table and files lack a column that was added since.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests; what fails is the test"
)]

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use firedrill::lake::{CompactPlan, Lake, LakeError, RowFilter, column, compact, verify};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::lake_fill::{Rows, fill};
use super::temp_folder::{TempFolder, files_below};

const START_US: i64 = 1_795_737_600_000_000;

fn rows(source: &'static str, from: u64, to: u64) -> Rows {
    Rows {
        source,
        from,
        to,
        start_us: START_US,
    }
}

/// A lake of ten rows, as a build without the column `first_byte_us` made it.
fn older(folder: &TempFolder) -> Lake {
    let root = folder.join("lake");
    let lake = Lake::open_or_create(&root).unwrap();
    fill(&lake, &rows("old", 0, 10));
    drop(lake);
    let log = root.join("requests/_delta_log");
    let first = log.join(format!("{:020}.json", 0));
    let declared = ",{\\\"name\\\":\\\"first_byte_us\\\",\\\"type\\\":\\\"long\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}";
    replace(&first, declared, "");
    let files = files_below(&root.join("requests"));
    let part = files.iter().find(|file| is_part(file)).unwrap();
    let older = without_column(part);
    let entry = log.join(format!("{:020}.json", 1));
    let (was, is) = (file_name(part), file_name(&older));
    replace(&entry, &was, &is);
    let size = |path: &Path| format!("\"size\":{}", path.metadata().unwrap().len());
    replace(&entry, &size(part), &size(&older));
    std::fs::remove_file(part).unwrap();
    Lake::open(&root).unwrap()
}

fn is_part(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "parquet")
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn replace(path: &Path, was: &str, is: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(was), "{} lacks {was}", path.display());
    std::fs::write(path, text.replace(was, is)).unwrap();
}

/// A copy of the file without the column, named by its own hash.
fn without_column(part: &Path) -> PathBuf {
    let opened = File::open(part).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(opened).unwrap();
    let schema = reader.schema().clone();
    let kept: Vec<usize> = (0..schema.fields().len())
        .filter(|index| schema.field(*index).name() != column::FIRST_BYTE_US)
        .collect();
    let schema = schema.project(&kept).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema.into(), None).unwrap();
    for batch in reader.build().unwrap() {
        writer
            .write(&batch.unwrap().project(&kept).unwrap())
            .unwrap();
    }
    writer.close().unwrap();
    let hash = blake3::hash(&bytes).to_hex();
    let path = part.with_file_name(format!("part-old-0-10-{}-v2.parquet", &hash[..16]));
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Position and time to the first byte of every row, in the order of sources and positions.
fn first_bytes(lake: &Lake) -> Vec<(String, i64, Option<i64>)> {
    let columns = [column::SOURCE, column::POSITION, column::FIRST_BYTE_US];
    let mut seen = Vec::new();
    let reader = lake.reader().unwrap();
    let read = reader.for_each_batch(&columns, RowFilter::default(), |batch| {
        let source = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Utf8);
        let source = source.unwrap();
        let position = batch.column(1).as_primitive::<Int64Type>();
        let first_byte = batch.column(2).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let us = first_byte.is_valid(row).then(|| first_byte.value(row));
            let source = source.as_string::<i32>().value(row).to_owned();
            seen.push((source, position.value(row), us));
        }
        Ok::<(), LakeError>(())
    });
    read.unwrap();
    seen.sort();
    seen
}

fn expected(source: &str, known: bool) -> Vec<(String, i64, Option<i64>)> {
    let us = |position: i64| (known && position % 3 == 0).then_some(position * 500);
    let rows = (0..10).map(|position| (source.to_owned(), position, us(position)));
    rows.collect()
}

/// Whether the newest entry of the table's log declares the column.
fn newest_entry_declares_it(folder: &TempFolder) -> bool {
    let log = folder.join("lake/requests/_delta_log");
    let mut entries = files_below(&log);
    entries.retain(|file| file.extension().is_some_and(|end| end == "json"));
    entries.sort();
    let text = std::fs::read_to_string(entries.last().unwrap()).unwrap();
    let metadata = text.lines().find(|line| line.starts_with("{\"metaData\""));
    metadata.is_some_and(|line| line.contains(column::FIRST_BYTE_US))
}

#[test]
fn a_lake_without_the_column_is_read_and_whole() {
    let folder = TempFolder::new();
    let lake = older(&folder);
    assert_eq!(first_bytes(&lake), expected("old", false));
    assert_eq!(verify(&lake).unwrap(), []);
}

#[test]
fn the_first_commit_declares_the_column_and_no_later_one_does() {
    let folder = TempFolder::new();
    let lake = older(&folder);
    fill(&lake, &rows("new", 0, 4));
    assert!(newest_entry_declares_it(&folder));
    fill(&lake, &rows("new", 4, 10));
    assert!(!newest_entry_declares_it(&folder));
    let both = [expected("new", true), expected("old", false)].concat();
    assert_eq!(first_bytes(&lake), both);
    assert_eq!(verify(&lake).unwrap(), []);
    compact(&lake, CompactPlan::default()).unwrap();
    assert_eq!(lake.reader().unwrap().files().len(), 1);
    assert_eq!(first_bytes(&lake), both);
    assert_eq!(verify(&lake).unwrap(), []);
}

#[test]
fn a_compaction_may_be_the_first_commit() {
    let folder = TempFolder::new();
    let lake = older(&folder);
    let before = first_bytes(&lake);
    let root = folder.join("lake");
    // A second file of the same age, so that there is something to compact: the table is aged again.
    fill(&lake, &rows("new", 0, 10));
    let entry = root.join(format!("requests/_delta_log/{:020}.json", 2));
    let text = std::fs::read_to_string(&entry).unwrap();
    let aged = text
        .lines()
        .filter(|line| !line.starts_with("{\"metaData\""));
    std::fs::write(
        &entry,
        aged.map(|line| format!("{line}\n")).collect::<String>(),
    )
    .unwrap();
    let lake = Lake::open(&root).unwrap();
    compact(&lake, CompactPlan::default()).unwrap();
    assert!(newest_entry_declares_it(&folder));
    assert_eq!(first_bytes(&lake), [expected("new", true), before].concat());
    assert_eq!(verify(&lake).unwrap(), []);
}
