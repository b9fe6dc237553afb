//! Access logs: bytes of any origin become request records, and what is not understood is kept.
//!
//! In: files, folders or standard input, plain or compressed. Out: [`LogLine`]s and rejected lines,
//! block by block, with their place in the decompressed source. Parsing never fails: a bad line is
//! counted, and lines = records + rejected + blank. Reading order: [`LogInput`], [`LineBlocks`],
//! [`detect`], [`parse_block`].

mod blocks;
mod clf;
mod clock;
mod detect;
mod elb;
mod fields;
mod format;
mod input;
mod parse;

pub use blocks::{BLOCK_BYTES, LINE_BYTES_MAX, LineBlock, LineBlocks};
pub use detect::{DetectError, detect};
pub use format::LogFormat;
pub use input::{InputError, LogInput, Opened, find_inputs};
pub use parse::{BlockCounts, LineSink, LogLine, is_settled, parse_block};
