//! Formats whose lines are cells between delimiters: W3C, LTSV, and the results of load testers.
//!
//! In: one line. Out: a request, nothing, or why it is neither. Reading order: `columns`, which
//! finds the wanted cells of a line; `cell`, which makes values of them; then one file per format.

pub(super) mod cell;
pub(super) mod columns;
pub(super) mod csv_line;
mod goose_csv;
mod jmeter;
mod k6_csv;
mod ltsv;
mod vegeta_csv;
pub(super) mod w3c;
pub(super) mod w3c_date;

#[cfg(test)]
mod tests;

use super::format::KnownFormat;

/// All formats of this kind.
pub const FORMATS: &[KnownFormat] = &[
    w3c::CLOUDFRONT,
    w3c::IIS,
    ltsv::LTSV,
    k6_csv::K6_CSV,
    jmeter::JMETER_CSV,
    vegeta_csv::VEGETA_CSV,
    goose_csv::GOOSE_CSV,
];
