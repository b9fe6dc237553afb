//! Access logs: bytes of any origin become request records, and what is not understood is kept.
//!
//! In: files, folders, patterns or standard input, plain or compressed. Out: [`LogLine`]s and
//! rejected lines, block by block, with their place in the decompressed source. Parsing never fails:
//! a bad line is counted, and lines = records + rejected + blank + duplicates. Reading order:
//! [`LogInput`], [`LineBlocks`], [`detect`], [`LogFormat`], [`parse_block`]; then one file per
//! family of formats.

mod blocks;
mod detect;
mod find;
mod format;
mod input;
mod line;
mod log_format;
mod no_log;
mod parse;

mod clf_fields;
mod clock;
mod fields;
mod prefix;
mod scan;
mod unit;
mod value;

mod alb;
mod clf;
mod delimited;
mod elb;
mod envoy_text;
mod haproxy;
mod json;
mod mapping;
mod nginx_text;
mod pasted;
mod traefik_clf;

pub use blocks::{BLOCK_BYTES, LINE_BYTES_MAX, LineBlock, LineBlocks};
pub use clock::Clock;
pub use detect::{DetectError, SHARE_MIN, detect};
pub use find::find_inputs;
pub use format::KnownFormat;
pub use input::{InputError, LogInput, Opened};
pub use line::{HeaderRule, LineContext, LineResult, LogLine};
pub use log_format::{Envelope, LogFormat};
pub use mapping::{Mapping, MappingDefinition};
pub use parse::{BlockCounts, LineSink, Taken, is_settled, parse_block, replay_header};
