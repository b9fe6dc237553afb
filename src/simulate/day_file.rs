//! A file that appears under its name only when it is complete.
//!
//! In: a folder, a name, bytes. Out: the file, or nothing under that name. A run that is killed
//! leaves at most a hidden `.NAME.partial`, which readers of the folder skip and the next run
//! replaces.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

const BUFFER_BYTES: usize = 256 * 1024;

/// A file that is being written.
#[derive(Debug)]
pub struct DayFile {
    writer: BufWriter<File>,
    partial: PathBuf,
    path: PathBuf,
}

impl DayFile {
    /// Begins `name` in `folder`.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn create(folder: &Path, name: &str) -> io::Result<Self> {
        let partial = folder.join(format!(".{name}.partial"));
        let writer = BufWriter::with_capacity(BUFFER_BYTES, File::create(&partial)?);
        Ok(Self {
            writer,
            partial,
            path: folder.join(name),
        })
    }

    /// Where it will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends `bytes`.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// When the operating system refuses, or a file of the name has appeared meanwhile.
    pub fn finish(mut self) -> io::Result<()> {
        self.writer.flush()?;
        if self.path.try_exists()? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(&self.partial, &self.path)
    }
}
