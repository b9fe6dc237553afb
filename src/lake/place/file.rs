//! A Parquet file of a lake, opened for reading: a file of this machine, or pieces of an object.
//!
//! In: where it is and how long it should be. Out: what the Parquet library reads from. Of an object the end,
//! where the footer is, comes with the first request; small ones come whole. Columns are fetched together
//! before they are read: page by page, each page would be a request.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, Bytes};
use object_store::path::Path as ObjectPath;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{ChunkReader, Length};

use super::bucket::{Bucket, PIECE_BYTES};

/// What is fetched of the end of an object at once: a footer of 24 columns and some row groups.
const END_BYTES: u64 = 64 * 1_024;
/// Ranges that are closer than this are fetched as one.
const GAP_BYTES_MAX: u64 = 512 * 1_024;

/// A file that is open for reading.
#[derive(Debug)]
pub enum PlaceFile {
    /// On this machine.
    Local(File),
    /// In a bucket.
    Object(Arc<ObjectFile>),
}

/// An object, of which some pieces are here.
#[derive(Debug)]
pub struct ObjectFile {
    bucket: Arc<Bucket>,
    path: ObjectPath,
    bytes: u64,
    /// By their first byte; none overlaps another.
    pieces: Mutex<BTreeMap<u64, Bytes>>,
}

impl PlaceFile {
    /// An object of `bytes` bytes, as far as that is known; its end is fetched.
    pub(super) fn object(
        bucket: Arc<Bucket>,
        path: ObjectPath,
        bytes: Option<u64>,
    ) -> io::Result<Self> {
        let begun = bucket.take_begun(&path);
        let begun_bytes = begun.as_ref().map(|begun| begun.len() as u64);
        let bytes = match bytes.or(begun_bytes) {
            Some(bytes) => bytes,
            None => bucket.head(&path)?.bytes,
        };
        let begun = begun.filter(|_| begun_bytes == Some(bytes));
        let file = ObjectFile {
            bucket,
            path,
            bytes,
            pieces: Mutex::new(begun.map(|begun| (0, begun)).into_iter().collect()),
        };
        let end = match bytes <= PIECE_BYTES {
            true => 0..bytes,
            false => bytes - END_BYTES..bytes,
        };
        if !end.is_empty() {
            file.fetch(vec![end])?;
        }
        Ok(Self::Object(Arc::new(file)))
    }

    /// The same file once more.
    pub fn share(&self) -> io::Result<Self> {
        match self {
            Self::Local(file) => file.try_clone().map(Self::Local),
            Self::Object(file) => Ok(Self::Object(Arc::clone(file))),
        }
    }

    /// Its size now.
    pub fn bytes(&self) -> io::Result<u64> {
        match self {
            Self::Local(file) => Ok(file.metadata()?.len()),
            Self::Object(file) => Ok(file.bytes),
        }
    }

    /// Gets the wanted columns of some row groups here, if they are not.
    pub fn fetch_columns(
        &self,
        metadata: &ParquetMetaData,
        row_groups: &[usize],
        is_wanted: impl Fn(&str) -> bool,
    ) -> io::Result<()> {
        let Self::Object(file) = self else {
            return Ok(());
        };
        let mut ranges = Vec::new();
        for group in row_groups {
            let chunks = metadata.row_group(*group).columns().iter();
            let wanted = chunks.filter(|chunk| is_wanted(&chunk.column_path().string()));
            ranges.extend(wanted.map(|chunk| {
                let (start, length) = chunk.byte_range();
                start..start + length
            }));
        }
        file.fetch(ranges)
    }

    /// Every byte in its order, in pieces; what is not here is not kept.
    pub fn for_each_piece(&self, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        match self {
            Self::Local(file) => {
                let mut file = file.try_clone()?;
                io::Seek::rewind(&mut file)?;
                let mut piece = vec![0; 1 << 16];
                loop {
                    match file.read(&mut piece)? {
                        0 => return Ok(()),
                        read => each(&piece[..read]),
                    }
                }
            }
            Self::Object(file) => {
                let mut at = 0;
                while at < file.bytes {
                    let end = file.bytes.min(at + PIECE_BYTES);
                    let piece = match file.kept(at, end) {
                        Some(piece) => piece,
                        None => file.get(at..end)?,
                    };
                    each(&piece);
                    at = end;
                }
                Ok(())
            }
        }
    }
}

impl ObjectFile {
    fn kept(&self, start: u64, end: u64) -> Option<Bytes> {
        let pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, piece) = pieces.range(..=start).next_back()?;
        let from = usize::try_from(start - first).ok()?;
        let to = usize::try_from(end - first).ok()?;
        (to <= piece.len()).then(|| piece.slice(from..to))
    }

    fn get(&self, range: Range<u64>) -> io::Result<Bytes> {
        let fetched = self
            .bucket
            .get_ranges(&self.path, std::slice::from_ref(&range))?;
        fetched
            .into_iter()
            .next()
            .ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
    }

    /// What is here from `start` on; where nothing is, as much as a page and its header usually take.
    fn piece_from(&self, start: u64) -> io::Result<Bytes> {
        let kept = {
            let pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
            let piece = pieces.range(..=start).next_back();
            piece.and_then(|(first, piece)| {
                let from = usize::try_from(start - first).ok()?;
                (from < piece.len()).then(|| piece.slice(from..))
            })
        };
        match kept {
            Some(piece) => Ok(piece),
            None => self.get(start..self.bytes.min(start + END_BYTES)),
        }
    }

    /// Gets ranges here; those that are close come together.
    fn fetch(&self, ranges: Vec<Range<u64>>) -> io::Result<()> {
        let missing = ranges
            .into_iter()
            .filter(|range| self.kept(range.start, range.end).is_none());
        let joined = joined(missing.collect());
        if joined.is_empty() {
            return Ok(());
        }
        let fetched = self.bucket.get_ranges(&self.path, &joined)?;
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        for (range, bytes) in joined.into_iter().zip(fetched) {
            if bytes.len() as u64 != range.end - range.start {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            pieces.insert(range.start, bytes);
        }
        Ok(())
    }
}

/// The ranges in their order, those with small gaps joined.
fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end + GAP_BYTES_MAX => {
                last.end = last.end.max(range.end);
            }
            Some(_) | None => joined.push(range),
        }
    }
    joined
}

impl Length for PlaceFile {
    fn len(&self) -> u64 {
        match self {
            Self::Local(file) => Length::len(file),
            Self::Object(file) => file.bytes,
        }
    }
}

/// What a [`PlaceFile`] is read by.
pub enum PlaceRead {
    /// On this machine.
    Local(BufReader<File>),
    /// Of an object, from here on.
    Object {
        /// Where its pieces are.
        file: Arc<ObjectFile>,
        /// First byte after `piece`.
        next: u64,
        /// What is here and not read yet.
        piece: Bytes,
    },
}

impl Read for PlaceRead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Local(file) => file.read(buffer),
            Self::Object { file, next, piece } => {
                if piece.is_empty() && *next < file.bytes {
                    *piece = file.piece_from(*next)?;
                    *next += piece.len() as u64;
                }
                let read = piece.len().min(buffer.len());
                piece.copy_to_slice(&mut buffer[..read]);
                Ok(read)
            }
        }
    }
}

impl ChunkReader for PlaceFile {
    type T = PlaceRead;

    fn get_read(&self, start: u64) -> ParquetResult<PlaceRead> {
        match self {
            Self::Local(file) => file.get_read(start).map(PlaceRead::Local),
            Self::Object(file) => Ok(PlaceRead::Object {
                file: Arc::clone(file),
                next: start,
                piece: Bytes::new(),
            }),
        }
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        match self {
            Self::Local(file) => file.get_bytes(start, length),
            Self::Object(file) => {
                let end = start + length as u64;
                if end > file.bytes {
                    return Err(ParquetError::EOF(format!(
                        "{length} bytes at {start} are past its {} bytes",
                        file.bytes
                    )));
                }
                match file.kept(start, end) {
                    Some(piece) => Ok(piece),
                    None => file.get(start..end).map_err(external),
                }
            }
        }
    }
}

fn external(error: io::Error) -> ParquetError {
    ParquetError::External(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_ranges_are_fetched_as_one() {
        let far = GAP_BYTES_MAX + 8;
        let ranges = vec![5..10, 0..2, far + 1..far + 2, 3 * far..3 * far + 1];
        assert_eq!(joined(ranges), [0..far + 2, 3 * far..3 * far + 1]);
        assert!(joined(Vec::new()).is_empty());
    }
}
