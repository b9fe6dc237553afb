//! An older copy of a source is shorter than what the lake has of it: does it say the same?
//!
//! Every line of the copy is parsed and compared with the lake by position, time, status and duration;
//! lines that were not understood, by number. So yesterday's copy of a log adds nothing, and a
//! file that was truncated and written anew is not passed over in silence.

use super::parts::PartsFailure;
use crate::access_log::{
    LineBlocks, LineContext, LineSink, LogFormat, LogLine, Opened, Taken, parse_block,
    replay_header,
};
use crate::lake::{LakeReader, RowsBelow, row_digest};

/// Lines of the copy, if each says what the lake has at its place; `None` if it is another text.
pub fn compare(
    opened: Opened,
    source_id: &str,
    format: &LogFormat,
    context: &LineContext,
    lake: &LakeReader,
) -> Result<Option<u64>, PartsFailure> {
    let mut blocks = LineBlocks::new(opened, 0);
    let mut sink = DigestSink::default();
    let mut header: Vec<u8> = Vec::new();
    let mut lines = 0;
    let mut end = 0;
    while let Some(mut block) = blocks.next_block().map_err(PartsFailure::Read)? {
        // A last line without its end may be cut off in the copy.
        block.split_unfinished();
        let mut context = context.clone();
        replay_header(&header, format, &mut context);
        let counts = match parse_block(&block, format, &mut context, &mut sink) {
            Ok(counts) => counts,
            Err(never) => match never {},
        };
        header = format.header_after(&block, &header).into_owned();
        lines += counts.lines;
        end = block.end();
    }
    let known = lake
        .rows_below(source_id, end)
        .map_err(PartsFailure::Lake)?;
    Ok((known == sink.below).then_some(lines))
}

#[derive(Default)]
struct DigestSink {
    below: RowsBelow,
}

impl LineSink for DigestSink {
    type Error = std::convert::Infallible;

    fn line(&mut self, line: &LogLine<'_>, offset: u64) -> Result<Taken, Self::Error> {
        let digest = row_digest(offset, line.ts_us, line.status, line.latency_us);
        self.below.add(digest);
        Ok(Taken::Record)
    }

    fn reject(&mut self, _: &str, _: u64, _: u64, _: &[u8]) {
        self.below.rejected += 1;
    }
}
