//! Where logs come from: files, folders and standard input, plain or compressed.
//!
//! What a file is compressed with is told by its first bytes, not by its name.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The most files that one command reads.
pub const INPUTS_MAX: usize = 100_000;

/// Why an input could not be read.
#[derive(Debug, Error)]
pub enum InputError {
    /// There is nothing at the path.
    #[error("no file or folder `{0}`")]
    Missing(PathBuf),
    /// A folder has no file.
    #[error("folder `{0}` has no file to read")]
    EmptyFolder(PathBuf),
    /// Too many files.
    #[error("more than {INPUTS_MAX} files (hint: read them folder by folder)")]
    TooMany,
    /// The operating system refused, or the compressed data is damaged.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
}

/// One input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogInput {
    /// Standard input.
    Stdin,
    /// A file that was named.
    File(PathBuf),
    /// A file that was found in a named folder.
    FoundFile(PathBuf),
}

impl LogInput {
    /// How it is called in messages: the path, or `-`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            LogInput::Stdin => "-".to_owned(),
            LogInput::File(path) | LogInput::FoundFile(path) => path.display().to_string(),
        }
    }

    /// The path, unless it is standard input.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            LogInput::Stdin => None,
            LogInput::File(path) | LogInput::FoundFile(path) => Some(path),
        }
    }

    /// Opens it; the reader gives decompressed text.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn open(&self) -> Result<Opened, InputError> {
        let wrong = |source| InputError::Io {
            path: self.name().into(),
            source,
        };
        match self {
            LogInput::Stdin => decompressed(Box::new(io::stdin()), false).map_err(wrong),
            LogInput::File(path) | LogInput::FoundFile(path) => File::open(path)
                .and_then(|file| decompressed(Box::new(file), true))
                .map_err(wrong),
        }
    }
}

/// An input that is being read.
pub struct Opened {
    /// The decompressed text.
    pub reader: Box<dyn Read + Send>,
    /// Whether more may be appended later: only plain files grow.
    pub may_grow: bool,
}

fn decompressed(mut raw: Box<dyn Read + Send>, is_file: bool) -> io::Result<Opened> {
    let mut magic = Vec::with_capacity(4);
    raw.by_ref().take(4).read_to_end(&mut magic)?;
    let is_gzip = magic.starts_with(&[0x1f, 0x8b]);
    let is_zstd = magic.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    let whole = Cursor::new(magic).chain(raw);
    let reader: Box<dyn Read + Send> = if is_gzip {
        Box::new(flate2::bufread::MultiGzDecoder::new(
            BufReader::with_capacity(256 * 1024, whole),
        ))
    } else if is_zstd {
        Box::new(zstd::Decoder::new(whole)?)
    } else {
        Box::new(whole)
    };
    Ok(Opened {
        reader,
        may_grow: is_file && !is_gzip && !is_zstd,
    })
}

/// The inputs that `paths` name, folders with everything below them in the order of the names;
/// hidden files are left out, `-` is standard input.
///
/// # Errors
/// When a path does not exist or a folder holds nothing.
pub fn find_inputs(paths: &[PathBuf]) -> Result<Vec<LogInput>, InputError> {
    let mut inputs = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            inputs.push(LogInput::Stdin);
        } else if path.is_dir() {
            let before = inputs.len();
            walk(path, &mut inputs)?;
            if inputs.len() == before {
                return Err(InputError::EmptyFolder(path.clone()));
            }
        } else if path.exists() {
            inputs.push(LogInput::File(path.clone()));
        } else {
            return Err(InputError::Missing(path.clone()));
        }
    }
    inputs.dedup();
    Ok(inputs)
}

fn walk(folder: &Path, inputs: &mut Vec<LogInput>) -> Result<(), InputError> {
    let wrong = |source| InputError::Io {
        path: folder.to_owned(),
        source,
    };
    let mut entries = std::fs::read_dir(folder)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(wrong)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            walk(&path, inputs)?;
        } else if inputs.len() == INPUTS_MAX {
            return Err(InputError::TooMany);
        } else {
            inputs.push(LogInput::FoundFile(path));
        }
    }
    Ok(())
}
