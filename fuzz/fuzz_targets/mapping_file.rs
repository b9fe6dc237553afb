//! Up to a line `%%` a field-mapping file, then a log that it describes.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use firedrill_fuzz::access_log::{LogFormat, Mapping, MappingDefinition};
use firedrill_fuzz::block_check;
use firedrill_fuzz::declared_files::Schema;
use libfuzzer_sys::fuzz_target;

const SEPARATOR: &[u8] = b"\n%%\n";

/// Its patterns take many times as long to compile as a file to read.
static SCHEMA: LazyLock<Schema<MappingDefinition>> = LazyLock::new(Schema::new);

fuzz_target!(|bytes: &[u8]| {
    let at = memchr::memmem::find(bytes, SEPARATOR);
    let (yaml, log) = match at {
        Some(at) => (&bytes[..at], &bytes[at + SEPARATOR.len()..]),
        None => (bytes, &b""[..]),
    };
    let path = Path::new("mapping.yaml");
    let mapping = SCHEMA
        .parse(path, yaml, &|_| None)
        .and_then(|declared| Mapping::new(&declared));
    match mapping {
        Ok(mapping) => {
            block_check::check(log, &LogFormat::mapped(mapping, "mapping.yaml"));
        }
        Err(error) => assert!(error.to_string().contains("mapping.yaml")),
    }
});
