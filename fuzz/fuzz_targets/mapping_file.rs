//! Up to a line `%%` a field-mapping file, then a log that it describes.
#![no_main]

use std::path::Path;

use firedrill_fuzz::access_log::{LogFormat, Mapping, MappingDefinition};
use firedrill_fuzz::{block_check, declared_files};
use libfuzzer_sys::fuzz_target;

const SEPARATOR: &[u8] = b"\n%%\n";

fuzz_target!(|bytes: &[u8]| {
    let at = memchr::memmem::find(bytes, SEPARATOR);
    let (yaml, log) = match at {
        Some(at) => (&bytes[..at], &bytes[at + SEPARATOR.len()..]),
        None => (bytes, &b""[..]),
    };
    let path = Path::new("mapping.yaml");
    let mapping = declared_files::parse::<MappingDefinition>(path, yaml, &|_| None)
        .and_then(|declared| Mapping::new(&declared));
    match mapping {
        Ok(mapping) => {
            block_check::check(log, &LogFormat::mapped(mapping, "mapping.yaml"));
        }
        Err(error) => assert!(error.to_string().contains("mapping.yaml")),
    }
});
