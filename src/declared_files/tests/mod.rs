//! What people see when a declared file is right, and when it is wrong.

mod messages;
mod properties;
mod reading;
mod sample;

use super::{Declared, parse};
use sample::SliSet;
use std::path::Path;

/// The environment of the tests.
fn env(name: &str) -> Option<String> {
    match name {
        "SHOP_HOST" => Some("s3cret-host.example".to_owned()),
        "SHORT" => Some("q".to_owned()),
        "NOT_A_ROUTE" => Some("hidden route".to_owned()),
        _ => None,
    }
}

fn read(yaml: &str) -> Result<Declared<SliSet>, super::DeclaredFileError> {
    parse(Path::new("shop.yaml"), yaml.as_bytes(), &env)
}

/// The printed problems of a file that has some.
#[track_caller]
fn printed(yaml: &str) -> String {
    read(yaml).expect_err("the file has a problem").to_string()
}
