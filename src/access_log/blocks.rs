//! A stream of bytes, cut into blocks of whole lines.
//!
//! In: a reader and the offset at which it stands. Out: blocks of about [`BLOCK_BYTES`] that end
//! at a line's end, each with its offset. Memory is bounded whatever the input: a line longer than
//! [`LINE_BYTES_MAX`] is skipped over and reported by its length and beginning.

use std::io::{self, Read};

use super::scan;

/// About as many bytes of text make a block, and later a part of the lake.
pub const BLOCK_BYTES: usize = 16 * 1024 * 1024;
/// The longest line that is read.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;

/// Line ends are looked for in pieces of so many bytes, so that text which has left the cache comes back
/// in one go and not line by line.
const SEARCHED_BYTES: usize = 64 * 1024;

/// Blocks whose memory is kept for later ones.
const SPARE_MAX: usize = 2;

/// Whole lines of a source.
#[derive(Debug, PartialEq, Eq)]
pub struct LineBlock {
    /// Offset of the first byte in the decompressed source.
    pub offset: u64,
    /// The lines, each with its end; the last line of a source may have none.
    pub bytes: Vec<u8>,
    /// For one line that is too long: its length; `bytes` then holds only its beginning.
    pub oversized_bytes: Option<u64>,
}

impl LineBlock {
    /// Offset of the first byte after the block.
    #[must_use]
    pub fn end(&self) -> u64 {
        let bytes = self.oversized_bytes.unwrap_or(self.bytes.len() as u64);
        self.offset + bytes
    }

    /// Whether the last line has an end.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.oversized_bytes.is_some() || self.bytes.last() == Some(&b'\n')
    }

    /// Takes the last line off if it has no end, and gives it back.
    pub fn split_unfinished(&mut self) -> Vec<u8> {
        let end = memchr::memrchr(b'\n', &self.bytes).map_or(0, |found| found + 1);
        self.bytes.split_off(end)
    }

    /// Every line without its end (`\n` or `\r\n`), with the offset of its first byte.
    pub fn lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let bytes = self.bytes.as_slice();
        let (mut ends, mut next, mut searched) = (Vec::new(), 0, 0);
        let mut start = 0;
        std::iter::from_fn(move || {
            if start >= bytes.len() {
                return None;
            }
            while next == ends.len() && searched < bytes.len() {
                let piece = searched..bytes.len().min(searched + SEARCHED_BYTES);
                ends.clear();
                scan::find_all(&bytes[piece.clone()], b'\n', piece.start, &mut ends);
                (next, searched) = (0, piece.end);
            }
            let end = ends.get(next).copied().unwrap_or(bytes.len());
            next += 1;
            let line = &bytes[start..end];
            let offset = self.offset + start as u64;
            start = end + 1;
            Some((offset, line.strip_suffix(b"\r").unwrap_or(line)))
        })
    }
}

/// Reads blocks.
#[derive(Debug)]
pub struct LineBlocks<R> {
    reader: R,
    block_bytes: usize,
    offset: u64,
    carried: Vec<u8>,
    /// What earlier blocks were in.
    spare: Vec<Vec<u8>>,
    is_at_end: bool,
}

impl<R: Read> LineBlocks<R> {
    /// Blocks of what `reader` has left; its next byte is at `offset` of the source.
    pub fn new(reader: R, offset: u64) -> Self {
        Self::with_block_bytes(reader, offset, BLOCK_BYTES)
    }

    /// As [`LineBlocks::new`], with another size of block.
    pub fn with_block_bytes(reader: R, offset: u64, block_bytes: usize) -> Self {
        Self {
            reader,
            block_bytes,
            offset,
            carried: Vec::new(),
            spare: Vec::new(),
            is_at_end: false,
        }
    }

    /// The next block, or `None` at the end.
    ///
    /// # Errors
    /// What the reader returns; what was read before is lost, so begin anew.
    pub fn next_block(&mut self) -> io::Result<Option<LineBlock>> {
        let mut bytes = std::mem::take(&mut self.carried);
        self.fill(&mut bytes)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let end = match memchr::memrchr(b'\n', &bytes) {
            Some(found) => found + 1,
            None if self.is_at_end && bytes.len() <= LINE_BYTES_MAX.max(self.block_bytes) => {
                bytes.len()
            }
            None => return self.skip_long_line(bytes).map(Some),
        };
        // The unfinished line goes to the next block, unless there will be none.
        if !self.is_at_end {
            self.carried = bytes.split_off(end);
        }
        let block = LineBlock {
            offset: self.offset,
            bytes,
            oversized_bytes: None,
        };
        self.offset = block.end();
        Ok(Some(block))
    }

    fn fill(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let wanted = self.block_bytes.saturating_sub(bytes.len()) as u64;
        if wanted == 0 || self.is_at_end {
            return Ok(());
        }
        if let Some(spare) = self.spare.pop() {
            return self.refill(bytes, spare);
        }
        // Sources are often smaller than a block; a large one asks for all of it once.
        if bytes.capacity() > 1 << 20 || self.offset > 0 {
            bytes.reserve_exact(self.block_bytes - bytes.len());
        }
        let read = self.reader.by_ref().take(wanted).read_to_end(bytes)? as u64;
        self.is_at_end = read < wanted;
        Ok(())
    }

    /// Fills `spare` behind a copy of `bytes`, and puts it in its place.
    fn refill(&mut self, bytes: &mut Vec<u8>, mut spare: Vec<u8>) -> io::Result<()> {
        // What is in it already is not cleared again, only read over.
        spare.resize(self.block_bytes, 0);
        let mut filled = bytes.len();
        spare[..filled].copy_from_slice(bytes);
        while filled < self.block_bytes {
            match self.reader.read(&mut spare[filled..]) {
                Ok(0) => {
                    self.is_at_end = true;
                    break;
                }
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        spare.truncate(filled);
        *bytes = spare;
        Ok(())
    }

    /// Takes the memory of a block that is not needed any more, for a later one: pages that were
    /// never touched cost more than the reading itself.
    pub fn reuse(&mut self, bytes: Vec<u8>) {
        if bytes.capacity() >= self.block_bytes && self.spare.len() < SPARE_MAX {
            self.spare.push(bytes);
        }
    }

    /// Reads on to the end of a line that fills a whole block, keeping only its beginning.
    fn skip_long_line(&mut self, mut beginning: Vec<u8>) -> io::Result<LineBlock> {
        let mut line_bytes = beginning.len() as u64;
        beginning.truncate(LINE_BYTES_MAX.min(4_096));
        while !self.is_at_end {
            let mut more = Vec::new();
            self.fill(&mut more)?;
            if let Some(end) = memchr::memchr(b'\n', &more) {
                line_bytes += end as u64 + 1;
                self.carried = more.split_off(end + 1);
                break;
            }
            line_bytes += more.len() as u64;
        }
        let block = LineBlock {
            offset: self.offset,
            bytes: beginning,
            oversized_bytes: Some(line_bytes),
        };
        self.offset = block.end();
        Ok(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn blocks(text: &[u8], block_bytes: usize) -> Vec<LineBlock> {
        let mut reader = LineBlocks::with_block_bytes(text, 0, block_bytes);
        let mut all = Vec::new();
        while let Some(block) = reader.next_block().unwrap() {
            reader.reuse([&block.bytes[..], &[b'?'; 200]].concat());
            all.push(block);
        }
        all
    }

    #[test]
    fn an_empty_source_has_no_blocks() {
        assert!(blocks(b"", 8).is_empty());
    }

    #[test]
    fn a_line_without_end_is_the_last_line() {
        let found = blocks(b"one\ntwo", 100);
        let lines: Vec<_> = found.iter().flat_map(LineBlock::lines).collect();
        assert_eq!(lines, [(0, &b"one"[..]), (4, b"two")]);
        assert!(!found[0].is_complete());
    }

    #[test]
    fn carriage_returns_belong_to_the_line_end() {
        let found = blocks(b"one\r\n\r\ntwo\r\n", 100);
        let lines: Vec<_> = found.iter().flat_map(LineBlock::lines).collect();
        assert_eq!(lines, [(0, &b"one"[..]), (5, b""), (7, b"two")]);
    }

    #[test]
    fn lines_around_the_pieces_in_which_their_ends_are_looked_for_are_whole() {
        let piece = SEARCHED_BYTES;
        for lengths in [
            vec![piece - 2, 0, 5],
            vec![piece - 1, 0, 5],
            vec![piece, 3],
            vec![7, piece * 3, 0, piece - 9, 1],
        ] {
            let lines: Vec<Vec<u8>> = lengths.iter().map(|length| vec![b'x'; *length]).collect();
            for last_end in ["", "\n"] {
                let text = [lines.join(&b'\n').as_slice(), last_end.as_bytes()].concat();
                let found = blocks(&text, piece * 8);
                let read: Vec<_> = found[0].lines().map(|(_, line)| line.len()).collect();
                assert_eq!(read, lengths, "{last_end:?}");
            }
        }
    }

    #[test]
    fn a_line_longer_than_a_block_is_reported_by_its_length_and_the_next_one_is_read() {
        let mut text = vec![b'x'; 1_000];
        text.extend_from_slice(b"\nshort\n");
        let found = blocks(&text, 64);
        assert_eq!(found[0].oversized_bytes, Some(1_001));
        assert_eq!(
            found[1].lines().collect::<Vec<_>>(),
            [(1_001, &b"short"[..])]
        );
        assert_eq!(found.len(), 2);
    }

    proptest! {
        #[test]
        fn blocks_of_any_size_hold_every_line_once(
            lines in prop::collection::vec("[a-z]{0,12}", 0..40),
            block_bytes in 16..200_usize,
        ) {
            let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
            let found = blocks(text.as_bytes(), block_bytes);
            let mut end = 0;
            for block in &found {
                prop_assert_eq!(block.offset, end);
                end = block.end();
            }
            prop_assert_eq!(end, text.len() as u64);
            let read: Vec<_> = found
                .iter()
                .flat_map(LineBlock::lines)
                .map(|(_, line)| String::from_utf8_lossy(line).into_owned())
                .collect();
            prop_assert_eq!(read, lines);
        }
    }
}
