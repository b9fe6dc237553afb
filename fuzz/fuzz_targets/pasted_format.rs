//! The first line as a pasted nginx `log_format` or Apache `LogFormat`, the others as a log of it.
#![no_main]

use firedrill_fuzz::access_log::LogFormat;
use firedrill_fuzz::block_check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let (first, log) = (parts.next().unwrap_or_default(), parts.next());
    let Ok(text) = std::str::from_utf8(first) else {
        return;
    };
    // What has neither is the name of a known format, and each of those has a target.
    if !text.contains(['$', '%']) {
        return;
    }
    match LogFormat::from_text(text) {
        Ok(format) => {
            let again = LogFormat::from_text(&format.to_string()).expect("it was a format before");
            assert_eq!(again.to_string(), format.to_string());
            let log = log.unwrap_or_default();
            let records = block_check::check(log, &format);
            assert_eq!(block_check::check(log, &again), records);
        }
        Err(reason) => assert!(!reason.is_empty()),
    }
});
