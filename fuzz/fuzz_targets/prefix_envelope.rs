//! Any bytes as a log whose lines stand behind a prefix of a container runtime or of syslog; the first
//! byte says in which format.
#![no_main]

use firedrill_fuzz::access_log::{Envelope, LogFormat};
use firedrill_fuzz::block_check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, log)) = bytes.split_first() else {
        return;
    };
    // Letters, so that a seed is a text.
    let index = usize::from(choice.wrapping_sub(b'A')) % LogFormat::known().count();
    if let Some(known) = LogFormat::known().nth(index) {
        block_check::check(log, &LogFormat::new(Envelope::Prefixed, known));
    }
});
