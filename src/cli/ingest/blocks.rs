//! A block of lines becomes a staged part.

use std::sync::Arc;

use super::record::Enrichment;
use super::unique_rows::UniqueRows;
use crate::access_log::{
    BlockCounts, LineBlock, LineContext, LineSink, LogFormat, LogLine, Taken, parse_block,
    replay_header,
};
use crate::lake::{
    Lake, LakeError, Part, PartName, PartWriter, RejectWriter, RejectedLine, TEXT_BYTES_MAX,
};

/// How much of the end of a source identifies it.
pub const TAIL_BYTES: usize = 4_096;

/// What all blocks of a source have in common.
#[derive(Debug)]
pub struct SourceBlocks {
    pub source_id: Arc<str>,
    pub format: LogFormat,
    /// A context before the first line, with the zone of the log.
    pub context: LineContext,
}

/// One block, parsed and staged.
#[derive(Debug)]
pub struct WrittenBlock {
    pub part: Option<Part>,
    /// Rejected lines, numbered from the first of the block.
    pub rejects: RejectWriter,
    pub counts: BlockCounts,
    /// Position after the block.
    pub end: u64,
    /// The bytes before it.
    pub tail: Vec<u8>,
    /// Whether a time without an offset was read.
    pub read_local: bool,
    /// The memory of the block, for another one.
    pub spare: Vec<u8>,
}

/// Parses a block and stages it; `header` is in force before it.
pub fn write_block(
    block: LineBlock,
    header: &[u8],
    source: &SourceBlocks,
    lake: &Lake,
    enrichment: &mut Enrichment,
    unique_rows: Option<&UniqueRows<'_>>,
) -> Result<WrittenBlock, LakeError> {
    let name = PartName {
        source_id: Arc::clone(&source.source_id),
        from: block.offset,
        to: block.end(),
    };
    let mut context = source.context.clone();
    replay_header(header, &source.format, &mut context);
    let mut sink = Sink {
        writer: lake.part_writer(name.clone()),
        rejects: lake.reject_writer(name),
        enrichment,
        unique_rows,
    };
    let counts = parse_block(&block, &source.format, &mut context, &mut sink)?;
    let Sink {
        writer, rejects, ..
    } = sink;
    Ok(WrittenBlock {
        part: writer.finish()?,
        rejects,
        counts,
        end: block.end(),
        tail: block.bytes[block.bytes.len().saturating_sub(TAIL_BYTES)..].to_vec(),
        read_local: context.clock.read_local,
        spare: block.bytes,
    })
}

/// Turns log lines into records of a part.
struct Sink<'a> {
    writer: PartWriter,
    rejects: RejectWriter,
    enrichment: &'a mut Enrichment,
    unique_rows: Option<&'a UniqueRows<'a>>,
}

impl LineSink for Sink<'_> {
    type Error = LakeError;

    fn line(&mut self, line: &LogLine<'_>, offset: u64) -> Result<Taken, LakeError> {
        let row_key = self.enrichment.shopper_keys.row_key(&line.row_key);
        if let (Some(unique_rows), Some(key)) = (self.unique_rows, row_key)
            && !unique_rows.is_new(line.ts_us, key)?
        {
            return Ok(Taken::Duplicate);
        }
        self.enrichment
            .write(line, row_key, offset, &mut self.writer)?;
        Ok(Taken::Record)
    }

    fn reject(&mut self, reason: &str, offset: u64, line_index: u64, text: &[u8]) {
        let kept = &text[..text.len().min(TEXT_BYTES_MAX)];
        self.rejects.push(RejectedLine {
            reason: reason.to_owned(),
            offset,
            line_number: line_index,
            text: String::from_utf8_lossy(kept).into_owned(),
        });
    }
}
