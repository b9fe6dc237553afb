//! How far a calibration is, on the terminal.

use indicatif::ProgressBar;

use crate::support::Progress;

/// A bar that counts steps.
pub struct BarProgress<'a>(pub &'a ProgressBar);

impl Progress for BarProgress<'_> {
    fn expect(&self, steps: u64) {
        self.0.inc_length(steps);
    }

    fn done(&self, steps: u64) {
        self.0.inc(steps);
    }
}
