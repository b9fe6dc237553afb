//! Any bytes as a log of which the format is to be told: what it is told to be reads a line of it.
#![no_main]

use firedrill_fuzz::access_log::{LineContext, detect};
use firedrill_fuzz::block_check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match detect(&block_check::block(0, bytes), &LineContext::default()) {
        Ok(format) => assert!(block_check::check(bytes, &format) > 0, "{format}"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
