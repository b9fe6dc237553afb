//! Where logs come from: files, folders and standard input, plain or compressed.
//!
//! What a file is compressed with is told by its first bytes, not by its name.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thiserror::Error;

/// The most files that one command reads.
pub const INPUTS_MAX: usize = 100_000;
/// A compressed file may expand to so many times its size. gzip reaches 1,032 and zstd far more on
/// zeros; logs stay below 300.
pub const EXPANSION_MAX: u64 = 1_000;
/// The first bytes of decompressed text, to which [`EXPANSION_MAX`] does not apply.
pub const EXPANSION_FREE_BYTES: u64 = 64 * 1024 * 1024;
/// The most decompressed text of one file: 4 TiB.
pub const DECOMPRESSED_BYTES_MAX: u64 = 1 << 42;
/// The largest window of a zstd file, as a power of two; `zstd` itself stops there, too.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Why an input could not be read.
#[derive(Debug, Error)]
pub enum InputError {
    /// There is nothing at the path.
    #[error("no file or folder `{path}`{hint}", path = .0.display(), hint = way_to(.0))]
    Missing(PathBuf),
    /// What was found in a folder is nothing that can be read as a log.
    #[error("{path}: {why}")]
    NoFile {
        /// What was found.
        path: PathBuf,
        /// What it is.
        why: &'static str,
    },
    /// A pattern with `*`, `?` or `[` finds nothing.
    #[error("no file matches `{0}`")]
    NoMatch(PathBuf),
    /// A pattern cannot be read.
    #[error("`{pattern}` is no file, and as a pattern it is wrong: {why}")]
    Pattern {
        /// The pattern.
        pattern: PathBuf,
        /// What the library that reads patterns said.
        why: String,
    },
    /// A folder has no file.
    #[error("folder `{0}` has no file to read")]
    EmptyFolder(PathBuf),
    /// Too many files.
    #[error("more than {INPUTS_MAX} files (hint: read them folder by folder)")]
    TooMany,
    /// The operating system refused, or the compressed data is damaged.
    #[error("cannot read `{path}`: {source}{hint}", hint = cure(source))]
    Io {
        /// The file.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
}

/// One input.
#[derive(Debug, Clone)]
pub enum LogInput {
    /// Standard input.
    Stdin(ReadAhead),
    /// A file that was named.
    File(PathBuf),
    /// A file that was found in a named folder or by a pattern.
    FoundFile(PathBuf),
    /// A file that was at the path and is there no more: the rest of a rotated log.
    Rotated(PathBuf, Arc<File>),
}

impl LogInput {
    /// How it is called in messages: the path, or `-`.
    #[must_use]
    pub fn name(&self) -> String {
        self.path()
            .map_or_else(|| "-".to_owned(), |path| path.display().to_string())
    }

    /// The path, unless it is standard input.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            LogInput::Stdin(_) => None,
            LogInput::File(path) | LogInput::FoundFile(path) | LogInput::Rotated(path, _) => {
                Some(path)
            }
        }
    }

    /// Opens it; the reader gives decompressed text.
    ///
    /// # Errors
    /// When the operating system refuses, or what was found is no file.
    pub fn open(&self) -> Result<Opened, InputError> {
        let wrong = |source| InputError::Io {
            path: self.name().into(),
            source,
        };
        let opened = match self {
            LogInput::Stdin(ahead) => {
                let ahead = std::mem::take(&mut *ahead.lock());
                Opened::stream(Box::new(Cursor::new(ahead).chain(io::stdin())))
            }
            LogInput::File(path) => File::open(path).and_then(|file| Opened::file(file, true)),
            LogInput::FoundFile(path) => {
                if let Some(why) = no_file(path) {
                    let path = path.clone();
                    return Err(InputError::NoFile { path, why });
                }
                File::open(path).and_then(|file| Opened::file(file, true))
            }
            LogInput::Rotated(_, file) => {
                file.try_clone().and_then(|file| Opened::file(file, false))
            }
        };
        opened.map_err(wrong)
    }
}

impl LogInput {
    /// As [`LogInput::open`], to look at the first `bytes` only: those of standard input are kept for
    /// whoever opens it.
    ///
    /// # Errors
    /// As [`LogInput::open`].
    pub fn open_sample(&self, bytes: usize) -> Result<Opened, InputError> {
        let LogInput::Stdin(ahead) = self else {
            return self.open();
        };
        let mut ahead = ahead.lock();
        let wanted = bytes.saturating_sub(ahead.len()) as u64;
        let read = io::stdin().take(wanted).read_to_end(&mut ahead);
        let opened = read.and_then(|_| Opened::stream(Box::new(Cursor::new(ahead.clone()))));
        opened.map_err(|source| InputError::Io {
            path: self.name().into(),
            source,
        })
    }
}

/// What was read of standard input before its turn, packed as it came.
#[derive(Debug, Clone, Default)]
pub struct ReadAhead(Arc<Mutex<Vec<u8>>>);

impl ReadAhead {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why something that was found in a folder cannot be read as a file: to open a pipe would be to wait for
/// its writer.
fn no_file(path: &Path) -> Option<&'static str> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => None,
        Err(_) => Some("it is a link to nothing, or was removed just now"),
        Ok(metadata) if metadata.is_file() || metadata.is_dir() => None,
        Ok(_) => Some("it is a pipe, a socket or a device (hint: name it, if it is to be read)"),
    }
}

fn way_to(path: &Path) -> &'static str {
    if path.is_symlink() {
        ": it is a link to nothing"
    } else {
        " (hint: paths are relative to the current folder)"
    }
}

fn cure(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::PermissionDenied {
        " (hint: read it as somebody who may: `sudo cat FILE | firedrill ingest -`)"
    } else {
        ""
    }
}

/// An input that is being read: decompressed text, from its beginning.
pub struct Opened {
    text: Text,
    /// Size on the disk, bytes; 0 where it is not known.
    pub stored_bytes: u64,
    /// Compressed bytes read so far; those of a plain file are its text.
    pub read_bytes: Arc<AtomicU64>,
    /// Whether more may be appended later: only plain files grow.
    pub may_grow: bool,
}

enum Text {
    Plain(File),
    Stream(Box<dyn Read + Send>),
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Opened {{ may_grow: {} }}", self.may_grow)
    }
}

impl Opened {
    fn file(mut file: File, may_grow: bool) -> io::Result<Self> {
        file.seek(SeekFrom::Start(0))?;
        let stored_bytes = file.metadata()?.len();
        let mut magic = Vec::with_capacity(4);
        file.by_ref().take(4).read_to_end(&mut magic)?;
        if Compression::of(&magic).is_some() || stored_bytes == 0 {
            // A pipe or a device has no size, and cannot be read from its beginning again.
            let whole = Cursor::new(magic).chain(file);
            let mut opened = Self::stream(Box::new(whole))?;
            opened.stored_bytes = stored_bytes;
            return Ok(opened);
        }
        file.seek(SeekFrom::Start(0))?;
        Ok(Self {
            text: Text::Plain(file),
            stored_bytes,
            read_bytes: Arc::default(),
            may_grow,
        })
    }

    fn stream(mut raw: Box<dyn Read + Send>) -> io::Result<Self> {
        let mut magic = Vec::with_capacity(4);
        raw.by_ref().take(4).read_to_end(&mut magic)?;
        let compression = Compression::of(&magic);
        let read_bytes = Arc::new(AtomicU64::new(0));
        let counted = Counted {
            reader: Cursor::new(magic).chain(raw),
            read_bytes: Arc::clone(&read_bytes),
        };
        let decoder: Box<dyn Read + Send> = match compression {
            None => Box::new(counted),
            Some(compression) => Box::new(Limited {
                reader: compression.decoder(counted)?,
                given_bytes: 0,
                read_bytes: Arc::clone(&read_bytes),
            }),
        };
        Ok(Self {
            text: Text::Stream(decoder),
            stored_bytes: 0,
            read_bytes,
            may_grow: false,
        })
    }

    /// The first `bytes` of the text (fewer if it is shorter), which stays at its beginning.
    ///
    /// # Errors
    /// When the operating system refuses, or the compressed data is damaged.
    pub fn peek(mut self, bytes: usize) -> io::Result<(Vec<u8>, Self)> {
        let mut head = Vec::with_capacity(bytes);
        self.by_ref().take(bytes as u64).read_to_end(&mut head)?;
        match &mut self.text {
            Text::Plain(file) => {
                file.seek(SeekFrom::Start(0))?;
                self.read_bytes.store(0, Ordering::Relaxed);
            }
            Text::Stream(reader) => {
                let rest = std::mem::replace(reader, Box::new(io::empty()));
                *reader = Box::new(Cursor::new(head.clone()).chain(rest));
            }
        }
        Ok((head, self))
    }

    /// Goes from the beginning to `offset` of the text; says where it stands, which is less if the
    /// text ends before.
    ///
    /// # Errors
    /// When the operating system refuses, or the compressed data is damaged.
    pub fn skip_to(&mut self, offset: u64) -> io::Result<u64> {
        match &mut self.text {
            Text::Plain(file) => {
                let end = file.metadata()?.len().min(offset);
                self.read_bytes.store(end, Ordering::Relaxed);
                file.seek(SeekFrom::Start(end))
            }
            Text::Stream(reader) => io::copy(&mut reader.take(offset), &mut io::sink()),
        }
    }
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.text {
            Text::Plain(file) => {
                let bytes = file.read(buffer)?;
                self.read_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
                Ok(bytes)
            }
            Text::Stream(reader) => reader.read(buffer),
        }
    }
}

/// What a decompressor says, with the cure; what the operating system says stays as it is.
fn damaged(error: io::Error) -> io::Error {
    if error.raw_os_error().is_some() || error.kind() == io::ErrorKind::Interrupted {
        return error;
    }
    let message = format!(
        "{error}: the compressed data is cut off or damaged (hint: copy it again, or take what can be read: `gzip -dc FILE | firedrill ingest -`)"
    );
    io::Error::new(error.kind(), message)
}

#[derive(Debug, Clone, Copy)]
enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    fn of(magic: &[u8]) -> Option<Self> {
        if magic.starts_with(&[0x1f, 0x8b]) {
            Some(Compression::Gzip)
        } else if magic.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Some(Compression::Zstd)
        } else {
            None
        }
    }

    fn decoder(self, raw: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
        let buffered = BufReader::with_capacity(256 * 1024, raw);
        Ok(match self {
            Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(buffered)),
            Compression::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(buffered)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
        })
    }
}

/// Counts what is read from the disk.
struct Counted<R> {
    reader: R,
    read_bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.reader.read(buffer)?;
        self.read_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}

/// Stops a decompressor whose output is out of proportion.
struct Limited<R> {
    reader: R,
    given_bytes: u64,
    read_bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.reader.read(buffer).map_err(damaged)?;
        self.given_bytes += bytes as u64;
        let allowed = self.read_bytes.load(Ordering::Relaxed) * EXPANSION_MAX;
        if self.given_bytes > allowed.max(EXPANSION_FREE_BYTES)
            || self.given_bytes > DECOMPRESSED_BYTES_MAX
        {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "it expands more than {EXPANSION_MAX}-fold, as a decompression bomb does (hint: if it really is a log, decompress it and ingest the plain file)"
                ),
            ));
        }
        Ok(bytes)
    }
}
