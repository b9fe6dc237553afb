//! The place of a lake: a folder of this machine, or a prefix of a bucket. One protocol for both.
//!
//! In: what the lake wants to read, write, list and remove, by the paths that messages show
//! (`/var/lake/requests/…`, `s3://logs/lake/requests/…`). Out: bytes, and refusals in words. What differs:
//!
//! | | folder | bucket |
//! |---|---|---|
//! | staged files | `_staging/` of the lake | a folder of their own below the system's temporary one |
//! | in place | renamed, the folders flushed | uploaded under their final name |
//! | one entry of a log | hard link, fails if there is one | put if absent, read back when in doubt |
//! | who commits | holds `lock` | nobody waits: the log alone decides |

mod address;
mod bucket;
mod careful_store;
mod credentials;
mod environment;
#[cfg(test)]
pub mod faulty_store;
mod file;
mod process_credentials;
mod profile;
mod read_ahead;
mod refusal;
mod staging_folder;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use delta_kernel::KernelError;
use delta_kernel_default_engine::executor::tokio::TokioMultiThreadExecutor;
use delta_kernel_default_engine::{DefaultEngine, DefaultEngineBuilder};
use object_store::DynObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use tokio::runtime::Runtime;
use url::Url;

pub use address::{AddressError, BucketAddress, LakeAddress};
use bucket::{Bucket, PIECE_BYTES};
use careful_store::CarefulStore;
use environment::Environment;
pub use file::PlaceFile;
use read_ahead::OBJECTS_AHEAD;
pub use refusal::StoreName;
use refusal::{refusal, store_error};
use staging_folder::StagingFolder;

/// The table library on one of our places.
pub type Engine = DefaultEngine<TokioMultiThreadExecutor>;

/// Threads that speak to the store of a bucket: several transfers are decrypted at once.
const BUCKET_THREADS: usize = 2;

/// Where a lake is. Cheap to copy.
#[derive(Debug, Clone)]
pub struct Place(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    kind: Kind,
    engine: EngineOn,
}

#[derive(Debug)]
enum Kind {
    Folder,
    Bucket {
        address: BucketAddress,
        bucket: Arc<Bucket>,
        staging: StagingFolder,
    },
}

/// An engine with the runtime that it runs on, which must live as long.
struct EngineOn {
    engine: Engine,
    _runtime: Arc<Runtime>,
}

impl std::fmt::Debug for EngineOn {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Engine")
    }
}

/// Size of a file and when it was written, UTC µs since 1970.
pub type BytesAndTime = (u64, i64);

/// A file or object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub path: PathBuf,
    /// What the listing said of it, where it said anything.
    pub seen: Option<BytesAndTime>,
}

impl Place {
    /// A folder, which must exist.
    pub fn folder(path: &Path) -> io::Result<Self> {
        let root = path.canonicalize()?;
        let store = LocalFileSystem::new().with_fsync(true);
        let runtime = runtime(1)?;
        Ok(Self(Arc::new(Inner {
            root,
            kind: Kind::Folder,
            engine: engine(Arc::new(store), runtime),
        })))
    }

    /// A prefix of a bucket, with credentials as the environment has them; nothing is asked of it yet.
    pub fn bucket(address: &BucketAddress) -> io::Result<Self> {
        let (store, name) = credentials::connect(address, &Environment::of_process())?;
        Self::on_store(address, store, name)
    }

    /// The same on a store of any kind.
    pub fn on_store(
        address: &BucketAddress,
        store: Arc<DynObjectStore>,
        name: StoreName,
    ) -> io::Result<Self> {
        let store: Arc<DynObjectStore> = Arc::new(CarefulStore::new(store));
        let runtime = runtime(BUCKET_THREADS)?;
        let bucket = Bucket::new(Arc::clone(&store), Arc::clone(&runtime), name);
        Ok(Self(Arc::new(Inner {
            root: PathBuf::from(address.to_string()),
            kind: Kind::Bucket {
                address: address.clone(),
                bucket: Arc::new(bucket),
                staging: StagingFolder::new(&std::env::temp_dir())?,
            },
            engine: engine(store, runtime),
        })))
    }

    /// The folder, absolute; or the address of the bucket with the prefix, which paths are joined to.
    pub fn root(&self) -> &Path {
        &self.0.root
    }

    /// Whether it is a folder of this machine.
    pub fn is_folder(&self) -> bool {
        matches!(self.0.kind, Kind::Folder)
    }

    /// The table library here.
    pub fn engine(&self) -> &Engine {
        &self.0.engine.engine
    }

    /// The address of a folder here, as the table library wants it.
    pub fn url(&self, folder: &Path) -> io::Result<Url> {
        let wrong = || io::Error::other("its path cannot be an address");
        match &self.0.kind {
            Kind::Folder => Url::from_directory_path(folder).map_err(|()| wrong()),
            Kind::Bucket { address, .. } => {
                let mut url = address.url().map_err(|_| wrong())?;
                let below = folder.strip_prefix(&self.0.root).map_err(|_| wrong())?;
                let mut segments = url.path_segments_mut().map_err(|()| wrong())?;
                segments.pop_if_empty();
                for part in below.iter() {
                    segments.push(&part.to_string_lossy());
                }
                segments.push("");
                drop(segments);
                Ok(url)
            }
        }
    }

    /// What the table library was refused, in words; `None` when it was something else.
    pub fn refusal(&self, error: &KernelError) -> Option<io::Error> {
        match &self.0.kind {
            Kind::Folder => None,
            Kind::Bucket { bucket, .. } => {
                store_error(error).map(|error| refusal(error, bucket.name()))
            }
        }
    }

    /// Where files are written before they are part of the lake; always of this machine.
    pub fn staging(&self) -> PathBuf {
        match &self.0.kind {
            Kind::Folder => self.0.root.join("_staging"),
            Kind::Bucket { staging, .. } => staging.path.clone(),
        }
    }

    /// Makes a folder, unless folders need not be made here.
    pub fn make_folder(&self, folder: &Path) -> io::Result<()> {
        match &self.0.kind {
            Kind::Folder => std::fs::create_dir_all(folder),
            Kind::Bucket { .. } => Ok(()),
        }
    }

    /// Staged files get their final names, all of them before this returns. `folders` are those they are in.
    pub fn publish(
        &self,
        moves: &[(&Path, &Path)],
        folders: &[PathBuf],
    ) -> Result<(), (PathBuf, io::Error)> {
        match &self.0.kind {
            Kind::Folder => {
                for (staged, target) in moves {
                    let renamed = std::fs::rename(staged, target);
                    renamed.map_err(|error| ((*target).to_owned(), error))?;
                }
                for folder in folders {
                    let flushed = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
                    flushed.map_err(|error| (folder.clone(), error))?;
                }
                Ok(())
            }
            Kind::Bucket { bucket, .. } => {
                let at = |error| (self.0.root.clone(), error);
                let files = moves.iter();
                let files = files.map(|(staged, target)| Ok((*staged, self.object(target)?)));
                let files = files.collect::<io::Result<Vec<_>>>().map_err(at)?;
                bucket.upload(files).map_err(at)?;
                for (staged, _) in moves {
                    // What cannot be removed goes with the whole folder.
                    let _ = std::fs::remove_file(staged);
                }
                Ok(())
            }
        }
    }

    /// Replaces a file at once; `name` is unique to this process and what it writes.
    pub fn replace(
        &self,
        path: &Path,
        name: &str,
        content: &str,
        is_flushed: bool,
    ) -> io::Result<()> {
        match &self.0.kind {
            Kind::Folder => {
                let staged = self.staging().join(name);
                let mut file = std::fs::File::create(&staged)?;
                io::Write::write_all(&mut file, content.as_bytes())?;
                if is_flushed {
                    file.sync_all()?;
                }
                drop(file);
                std::fs::rename(&staged, path)
            }
            Kind::Bucket { bucket, .. } => {
                bucket.put(&self.object(path)?, Bytes::from(content.to_owned()))
            }
        }
    }

    /// Makes an object of a bucket; `false` when there is one. Folders have hard links for that.
    pub fn create_object(&self, path: &Path, content: &str) -> io::Result<bool> {
        match &self.0.kind {
            Kind::Folder => Err(io::Error::other("a folder has no objects")),
            Kind::Bucket { bucket, .. } => {
                bucket.create(&self.object(path)?, Bytes::from(content.to_owned()))
            }
        }
    }

    /// All of a file.
    pub fn read(&self, path: &Path) -> io::Result<Bytes> {
        match &self.0.kind {
            Kind::Folder => std::fs::read(path).map(Bytes::from),
            Kind::Bucket { bucket, .. } => bucket.get(&self.object(path)?),
        }
    }

    /// All of a file, as text.
    pub fn read_text(&self, path: &Path) -> io::Result<String> {
        let bytes = self.read(path)?;
        let text = String::from_utf8(bytes.into());
        text.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
    }

    /// Hands all of each file, in their order, to `each`; far-away ones come several at a time.
    pub fn for_each_text(
        &self,
        paths: &[&PathBuf],
        mut each: impl FnMut(&Path, &str),
    ) -> Result<(), (PathBuf, io::Error)> {
        const TEXTS_AT_ONCE: usize = 64;
        for some in paths.chunks(TEXTS_AT_ONCE) {
            match &self.0.kind {
                Kind::Folder => {
                    for path in some {
                        let text = std::fs::read_to_string(path);
                        each(path, &text.map_err(|error| ((*path).clone(), error))?);
                    }
                }
                Kind::Bucket { bucket, .. } => {
                    let at = |error| (self.0.root.clone(), error);
                    let objects = some.iter().map(|path| self.object(path));
                    let objects = objects.collect::<io::Result<Vec<_>>>().map_err(at)?;
                    let texts = bucket.get_all(objects).map_err(at)?;
                    for (path, text) in some.iter().zip(texts) {
                        each(path, &String::from_utf8_lossy(&text));
                    }
                }
            }
        }
        Ok(())
    }

    /// Opens a file for reading; `bytes` is its size where that is known, which saves a request.
    pub fn open(&self, path: &Path, bytes: Option<u64>) -> io::Result<PlaceFile> {
        match &self.0.kind {
            Kind::Folder => std::fs::File::open(path).map(PlaceFile::Local),
            Kind::Bucket { bucket, .. } => {
                PlaceFile::object(Arc::clone(bucket), self.object(path)?, bytes)
            }
        }
    }

    /// Says that files, with their sizes, are opened next; only as many as [`OBJECTS_AHEAD`] are heeded.
    pub fn read_ahead<'f>(&self, files: impl Iterator<Item = (&'f Path, u64)>) {
        let Kind::Bucket { bucket, .. } = &self.0.kind else {
            // The system reads ahead by itself.
            return;
        };
        for (path, bytes) in files.take(OBJECTS_AHEAD) {
            if let (true, Ok(object)) = (bytes <= PIECE_BYTES, self.object(path)) {
                bucket.begin_get(object);
            }
        }
    }

    /// Size and time of the last write.
    pub fn look_at(&self, path: &Path) -> io::Result<BytesAndTime> {
        match &self.0.kind {
            Kind::Folder => {
                let metadata = std::fs::metadata(path)?;
                let since = metadata.modified()?.duration_since(UNIX_EPOCH);
                let since = since.unwrap_or_default().as_micros();
                Ok((metadata.len(), i64::try_from(since).unwrap_or(i64::MAX)))
            }
            Kind::Bucket { bucket, .. } => {
                let object = bucket.head(&self.object(path)?)?;
                Ok((object.bytes, object.written_us))
            }
        }
    }

    /// The files directly in a folder, in no order; none when there is no such folder.
    pub fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        match &self.0.kind {
            Kind::Folder => {
                let entries = match std::fs::read_dir(folder) {
                    Ok(entries) => entries,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                    Err(error) => return Err(error),
                };
                let mut files = Vec::new();
                for entry in entries {
                    let entry = entry?;
                    let path = entry.path();
                    // A link counts as what it leads to.
                    if entry.file_type()?.is_file() || path.is_file() {
                        files.push(Listed { path, seen: None });
                    }
                }
                Ok(files)
            }
            Kind::Bucket { bucket, .. } => {
                let (objects, _) = bucket.list(&self.object(folder)?)?;
                let files = objects.into_iter().map(|object| Listed {
                    path: folder.join(&object.name),
                    seen: Some((object.bytes, object.written_us)),
                });
                Ok(files.collect())
            }
        }
    }

    /// The names of everything directly in the place, folders and files, in no order.
    pub fn names(&self) -> io::Result<Vec<String>> {
        match &self.0.kind {
            Kind::Folder => names_in(&self.0.root),
            Kind::Bucket { bucket, .. } => {
                let (objects, folders) = bucket.list(&self.object(&self.0.root)?)?;
                let objects = objects.into_iter().map(|object| object.name);
                Ok(objects.chain(folders).collect())
            }
        }
    }

    /// Whether `is_wanted` holds for the name of a file in `folder`, which need not be there.
    pub fn has(&self, folder: &Path, is_wanted: fn(&str) -> bool) -> io::Result<bool> {
        match &self.0.kind {
            Kind::Folder => {
                let Ok(mut entries) = std::fs::read_dir(folder) else {
                    return Ok(false);
                };
                Ok(entries.any(|entry| {
                    entry.is_ok_and(|entry| is_wanted(&entry.file_name().to_string_lossy()))
                }))
            }
            Kind::Bucket { bucket, .. } => bucket.has(&self.object(folder)?, is_wanted),
        }
    }

    /// Removes files; those that are gone already are no error.
    pub fn remove(&self, paths: &[&Path]) -> Result<(), (PathBuf, io::Error)> {
        match &self.0.kind {
            Kind::Folder => {
                for path in paths {
                    match std::fs::remove_file(path) {
                        Err(error) if error.kind() != io::ErrorKind::NotFound => {
                            return Err(((*path).to_owned(), error));
                        }
                        _ => {}
                    }
                }
                Ok(())
            }
            Kind::Bucket { .. } if paths.is_empty() => Ok(()),
            Kind::Bucket { bucket, .. } => {
                let objects = paths.iter().map(|path| self.object(path));
                let removed = objects
                    .collect::<io::Result<_>>()
                    .and_then(|objects| bucket.remove(objects));
                removed.map_err(|error| (self.0.root.clone(), error))
            }
        }
    }

    /// The name of an object by its path.
    fn object(&self, path: &Path) -> io::Result<ObjectPath> {
        let Kind::Bucket { address, .. } = &self.0.kind else {
            return Err(io::Error::other("a folder has no objects"));
        };
        let below = path.strip_prefix(&self.0.root).map_err(io::Error::other)?;
        let parts = [address.prefix.as_str()]
            .into_iter()
            .filter(|prefix| !prefix.is_empty());
        let below: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        let parts: Vec<&str> = parts.chain(below.iter().map(|part| &**part)).collect();
        ObjectPath::parse(parts.join("/")).map_err(io::Error::other)
    }
}

fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let entries = std::fs::read_dir(folder)?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect()
}

fn runtime(threads: usize) -> io::Result<Arc<Runtime>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("lake")
        .enable_all()
        .build()?;
    Ok(Arc::new(runtime))
}

fn engine(store: Arc<DynObjectStore>, runtime: Arc<Runtime>) -> EngineOn {
    let executor = TokioMultiThreadExecutor::new(runtime.handle().clone());
    let engine = DefaultEngineBuilder::new(store).with_task_executor(Arc::new(executor));
    EngineOn {
        engine: engine.build(),
        _runtime: runtime,
    }
}
