//! The rollup: rows become counts per window × series × latency bucket.
//!
//! In: Arrow batches of the lake, single records of a running drill, or segments that were counted
//! before. Out: a [`Rollup`], whose cells add up: the cells of two halves, side by side, are the
//! rollup of the whole. Counting does not know what is good: latency limits reach it as plain
//! numbers, the *cuts*, and are counted exactly. Reading order: [`SeriesKey`], [`RollupPlan`],
//! [`RollupBuilder`], [`Rollup`], [`Selection`], [`Segments`], [`import()`].

mod batch;
mod builder;
mod cells;
mod groups;
mod import;
mod kept;
mod packed;
mod plain;
mod plan;
mod rows;
mod scan;
mod segment_file;
mod segments;
mod selection;
mod series;
mod table;

pub use batch::RollupError;
pub use builder::RollupBuilder;
pub use cells::{Rollup, Totals};
pub use import::{
    CellCounter, CellRow, CountJob, ImportError, Imported, JOB_COLUMN, JobParts, KEY_COLUMNS,
    Keeping, NO_LATENCY, SELECTION_JOB, SUM_COLUMNS, cells_csv, cells_table, import, within_column,
};
pub use kept::outdated;
pub use plan::RollupPlan;
pub use rows::{RowReader, SeriesRow};
pub use scan::scan;
pub use segments::Segments;
pub use selection::{Selection, WindowCount};
pub use series::{Dimension, SeriesKey};
pub use table::RollupRow;

#[cfg(test)]
mod oracle_tests;
#[cfg(test)]
mod packing_tests;
#[cfg(test)]
mod weight_tests;
