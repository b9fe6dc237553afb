//! Any bytes as a log of the known format whose name the target has.
#![no_main]

use std::sync::LazyLock;

use firedrill_fuzz::access_log::LogFormat;
use firedrill_fuzz::block_check;
use libfuzzer_sys::fuzz_target;

static FORMAT: LazyLock<LogFormat> = LazyLock::new(|| {
    LogFormat::from_text(env!("CARGO_BIN_NAME")).expect("the target has the name of a format")
});

fuzz_target!(|bytes: &[u8]| {
    block_check::check(bytes, &FORMAT);
});
