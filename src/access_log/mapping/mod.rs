//! Field-mapping files: how to read a log that no known format fits.
//!
//! In: a YAML file that says where each value of a request is, and the lines of a log of JSON objects,
//! CSV or LTSV. Out: a [`Mapping`], which reads lines like any known format. Reading order:
//! [`MappingDefinition`], `resolve`, [`Mapping`], `line_values`.

mod definition;
mod line_values;
mod plan;
mod resolve;

#[cfg(test)]
mod tests;

pub use definition::MappingDefinition;
pub use plan::Mapping;
