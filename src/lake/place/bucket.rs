//! The objects of a bucket, for callers that wait.
//!
//! In: names below the prefix of the lake. Out: bytes, listings, and the refusals of the store in words. Every
//! transfer is cut into pieces, so that none takes longer than a request may; several are on their way at
//! once, so that a far-away store costs one round trip and not one per piece.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path as ObjectPath;
use object_store::{
    DynObjectStore, Error as StoreError, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMode,
};
use tokio::runtime::Runtime;

use super::read_ahead::ReadAhead;
use super::refusal::{StoreName, refusal};

/// Requests of one caller that are on their way at once.
const REQUESTS_AT_ONCE: usize = 16;
/// Files that are uploaded at once.
const UPLOADS_AT_ONCE: usize = 8;
/// What is sent or fetched by one request.
pub const PIECE_BYTES: u64 = 8 * 1_024 * 1_024;
/// Parts of one upload that are on their way at once; bounds the memory.
const PIECES_AT_ONCE: usize = 4;

/// One bucket, and the runtime that speaks to it.
#[derive(Debug)]
pub struct Bucket {
    store: Arc<DynObjectStore>,
    runtime: Arc<Runtime>,
    name: StoreName,
    ahead: ReadAhead,
}

/// An object as a listing has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The last part of its name.
    pub name: String,
    pub bytes: u64,
    /// By the store's clock, UTC µs since 1970.
    pub written_us: i64,
}

impl Object {
    fn of(meta: &ObjectMeta) -> Self {
        Self {
            name: meta.location.filename().unwrap_or_default().to_owned(),
            bytes: meta.size,
            written_us: meta.last_modified.timestamp_micros(),
        }
    }
}

impl Bucket {
    pub fn new(store: Arc<DynObjectStore>, runtime: Arc<Runtime>, name: StoreName) -> Self {
        Self {
            store,
            runtime,
            name,
            ahead: ReadAhead::default(),
        }
    }

    /// Begins to fetch an object that will be asked for.
    pub fn begin_get(&self, path: ObjectPath) {
        self.ahead.begin(&self.store, &self.runtime, path);
    }

    /// An object that was begun and is whole; once.
    pub fn take_begun(&self, path: &ObjectPath) -> Option<Bytes> {
        self.ahead.take(path)
    }

    pub fn name(&self) -> &StoreName {
        &self.name
    }

    /// Runs `work` on the runtime and waits for it; may be called on any thread but the runtime's own.
    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> io::Result<T> {
        let (sender, receiver) = sync_channel(1);
        self.runtime.spawn(async move {
            // Nobody waits any more only when the caller's thread is gone.
            let _ = sender.send(work.await);
        });
        match receiver.recv() {
            Ok(done) => done.map_err(|error| refusal(&error, &self.name)),
            Err(_) => Err(io::Error::other("the request was cut off")),
        }
    }

    /// All of an object.
    pub fn get(&self, path: &ObjectPath) -> io::Result<Bytes> {
        let (store, path) = (Arc::clone(&self.store), path.clone());
        self.wait(async move { store.get(&path).await?.bytes().await })
    }

    /// Size and time of the last write.
    pub fn head(&self, path: &ObjectPath) -> io::Result<Object> {
        let (store, path) = (Arc::clone(&self.store), path.clone());
        self.wait(async move { Ok(Object::of(&store.head(&path).await?)) })
    }

    /// Several ranges of one object, each in pieces, in the order of `ranges`.
    pub fn get_ranges(&self, path: &ObjectPath, ranges: &[Range<u64>]) -> io::Result<Vec<Bytes>> {
        let (store, path) = (Arc::clone(&self.store), path.clone());
        let ranges = ranges.to_vec();
        self.wait(async move {
            let pieces: Vec<Range<u64>> = ranges.iter().cloned().flat_map(pieces_of).collect();
            let fetched = stream::iter(pieces).map(|piece| {
                let (store, path) = (Arc::clone(&store), path.clone());
                async move { store.get_range(&path, piece).await }
            });
            let fetched: Vec<Bytes> = fetched.buffered(REQUESTS_AT_ONCE).try_collect().await?;
            let mut fetched = fetched.into_iter();
            let joined = ranges.into_iter().map(|range| {
                let count = pieces_of(range).count();
                let mut own = fetched.by_ref().take(count);
                match count {
                    1 => own.next().unwrap_or_default(),
                    _ => Bytes::from(own.flatten().collect::<Vec<u8>>()),
                }
            });
            Ok(joined.collect())
        })
    }

    /// The objects directly below `folder`, and the names of the folders there.
    pub fn list(&self, folder: &ObjectPath) -> io::Result<(Vec<Object>, Vec<String>)> {
        let (store, folder) = (Arc::clone(&self.store), folder.clone());
        let listed = self.wait(async move { store.list_with_delimiter(Some(&folder)).await })?;
        let folders = listed.common_prefixes.iter();
        let folders = folders.filter_map(|path| path.filename().map(ToOwned::to_owned));
        Ok((
            listed.objects.iter().map(Object::of).collect(),
            folders.collect(),
        ))
    }

    /// Whether `is_wanted` holds for an object below `folder`; asks for no more names than it takes.
    pub fn has(
        &self,
        folder: &ObjectPath,
        is_wanted: impl Fn(&str) -> bool + Send + 'static,
    ) -> io::Result<bool> {
        let (store, folder) = (Arc::clone(&self.store), folder.clone());
        self.wait(async move {
            let mut listed = store.list(Some(&folder));
            while let Some(meta) = listed.next().await {
                if is_wanted(meta?.location.filename().unwrap_or_default()) {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    /// Replaces an object.
    pub fn put(&self, path: &ObjectPath, bytes: Bytes) -> io::Result<()> {
        let (store, path) = (Arc::clone(&self.store), path.clone());
        self.wait(async move { store.put(&path, bytes.into()).await.map(|_| ()) })
    }

    /// Makes an object; `false` when there is another one.
    pub fn create(&self, path: &ObjectPath, bytes: Bytes) -> io::Result<bool> {
        let (store, path) = (Arc::clone(&self.store), path.clone());
        self.wait(async move {
            match store
                .put_opts(&path, bytes.into(), PutMode::Create.into())
                .await
            {
                Ok(_) => Ok(true),
                Err(StoreError::AlreadyExists { .. }) => Ok(false),
                Err(error) => Err(error),
            }
        })
    }

    /// Uploads local files; when one is refused, some of the others may be there.
    pub fn upload(&self, files: Vec<(&Path, ObjectPath)>) -> io::Result<()> {
        // Opened first: what is wrong with a local file is not the store's refusal.
        let opened: io::Result<Vec<_>> = files
            .into_iter()
            .map(|(local, path)| Ok((File::open(local)?, path)))
            .collect();
        let (store, opened) = (Arc::clone(&self.store), opened?);
        self.wait(async move {
            let uploads = stream::iter(opened).map(|(file, path)| {
                let store = Arc::clone(&store);
                async move { upload(store.as_ref(), file, &path).await }
            });
            uploads
                .buffer_unordered(UPLOADS_AT_ONCE)
                .try_collect::<()>()
                .await
        })
    }

    /// Removes objects; one that is gone already is no error.
    pub fn remove(&self, paths: Vec<ObjectPath>) -> io::Result<()> {
        let store = Arc::clone(&self.store);
        self.wait(async move {
            let paths = stream::iter(paths).map(Ok).boxed();
            let mut removed = store.delete_stream(paths);
            while let Some(removed) = removed.next().await {
                match removed {
                    Ok(_) | Err(StoreError::NotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })
    }

    /// The objects `paths`, several at once, in their order.
    pub fn get_all(&self, paths: Vec<ObjectPath>) -> io::Result<Vec<Bytes>> {
        let store = Arc::clone(&self.store);
        self.wait(async move {
            let fetched = stream::iter(paths).map(|path| {
                let store = Arc::clone(&store);
                async move { store.get(&path).await?.bytes().await }
            });
            fetched.buffered(REQUESTS_AT_ONCE).try_collect().await
        })
    }
}

/// A range in pieces of at most [`PIECE_BYTES`].
fn pieces_of(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let starts = (range.start..range.end).step_by(PIECE_BYTES as usize);
    starts.map(move |start| start..range.end.min(start + PIECE_BYTES))
}

async fn upload(store: &DynObjectStore, file: File, path: &ObjectPath) -> Result<(), StoreError> {
    let bytes = file.metadata().map_err(local)?.len();
    if bytes <= PIECE_BYTES {
        let payload = next_piece(&file)?;
        return store.put(path, payload.into()).await.map(|_| ());
    }
    let mut upload = store.put_multipart(path).await?;
    let sent = send_pieces(upload.as_mut(), &file).await;
    if let Err(error) = sent {
        // What is left of it costs money until a rule of the bucket removes it; the error says more.
        let _ = upload.abort().await;
        return Err(error);
    }
    Ok(())
}

async fn send_pieces(upload: &mut dyn MultipartUpload, file: &File) -> Result<(), StoreError> {
    loop {
        let mut sending = Vec::new();
        while sending.len() < PIECES_AT_ONCE {
            let piece = next_piece(file)?;
            if piece.is_empty() {
                break;
            }
            sending.push(upload.put_part(piece.into()));
        }
        if sending.is_empty() {
            return upload.complete().await.map(|_| ());
        }
        stream::iter(sending)
            .buffer_unordered(PIECES_AT_ONCE)
            .try_collect::<()>()
            .await?;
    }
}

/// At most [`PIECE_BYTES`] of the file; nothing at its end.
fn next_piece(file: &File) -> Result<Bytes, StoreError> {
    let mut piece = Vec::new();
    file.take(PIECE_BYTES)
        .read_to_end(&mut piece)
        .map_err(local)?;
    Ok(Bytes::from(piece))
}

fn local(error: io::Error) -> StoreError {
    StoreError::Generic {
        store: "local file",
        source: error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_into_pieces() {
        let pieces = |range| pieces_of(range).collect::<Vec<_>>();
        assert!(pieces(5..5).is_empty());
        assert_eq!(pieces(5..9).as_slice(), std::slice::from_ref(&(5..9)));
        assert_eq!(
            pieces(0..PIECE_BYTES).as_slice(),
            std::slice::from_ref(&(0..PIECE_BYTES))
        );
        assert_eq!(
            pieces(1..PIECE_BYTES + 2),
            [1..PIECE_BYTES + 1, PIECE_BYTES + 1..PIECE_BYTES + 2]
        );
    }
}
