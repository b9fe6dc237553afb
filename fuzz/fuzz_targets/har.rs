//! Any bytes as a browser's recording: they are refused, or become a strict YAML file that takes
//! nothing from the environment.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use firedrill_fuzz::declared_files::Schema;
use firedrill_fuzz::drafts::har::{HarError, HarOptions, import_har};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// Any YAML: what a scenario may say is the matter of `src/drafts/har/tests.rs`.
static YAML: LazyLock<Schema<Value>> = LazyLock::new(Schema::new);

fuzz_target!(|bytes: &[u8]| {
    match import_har(bytes, &HarOptions::default()) {
        Ok(imported) => {
            assert!((1..=300).contains(&imported.steps), "{}", imported.text);
            assert!(imported.steps <= imported.entries);
            let env = |name: &str| panic!("`{name}` would be taken from the environment");
            let read = YAML.parse(Path::new("x.yaml"), imported.text.as_bytes(), &env);
            if let Err(error) = read {
                panic!("{error}\n{}", imported.text);
            }
        }
        // The message of a JSON parser is not ours.
        Err(HarError::NoJson(_)) => {}
        Err(error) => assert!(error.to_string().contains("(hint: "), "{error}"),
    }
});
