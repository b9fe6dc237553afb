//! Lines that an at-least-once exporter wrote twice, known by their row keys.
//!
//! The keys that are in the lake are read for the days around the lines at hand, so memory grows
//! with the traffic of a few days and not with the lake.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::lake::{LakeError, LakeReader};
use crate::time_window::TimeWindow;

/// A repetition comes at most so long after the first: exporters promise 24 hours.
const DISTANCE_US: i64 = 48 * 3_600 * 1_000_000;
/// Known keys are read in pieces of so long.
const PIECE_US: i64 = 24 * 3_600 * 1_000_000;

/// The row keys that are known, those of this command included.
pub struct UniqueRows<'a> {
    reader: &'a LakeReader,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    pieces: HashSet<i64>,
    keys: HashSet<i64>,
}

impl<'a> UniqueRows<'a> {
    pub fn new(reader: &'a LakeReader) -> Self {
        Self {
            reader,
            known: Mutex::default(),
        }
    }

    /// Whether a row with this key is seen for the first time; from now on it is known.
    pub fn is_new(&self, ts_us: i64, key: i64) -> Result<bool, LakeError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let first = (ts_us - DISTANCE_US).div_euclid(PIECE_US);
        let last = (ts_us + DISTANCE_US).div_euclid(PIECE_US);
        for piece in first..=last {
            if known.pieces.insert(piece) {
                let window = TimeWindow {
                    start_us: piece * PIECE_US,
                    end_us: (piece + 1) * PIECE_US,
                };
                known.keys.extend(self.reader.row_keys(window)?);
            }
        }
        Ok(known.keys.insert(key))
    }
}
