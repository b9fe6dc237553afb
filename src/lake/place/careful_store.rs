//! A store that says of every conditional put whether it is in, even when the answer was lost, and that reads
//! each log entry of a table once.
//!
//! In: the store of a bucket. Out: the same, as the table library takes it. A put whose answer was lost may
//! have been done: sent again it is refused, by itself. So whatever a conditional put is answered, what is
//! there is read back and compared. Two writers never write the same bytes: every entry of a log has a
//! random transaction id.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, DynObjectStore, Error, GetOptions, GetRange, GetResult,
    GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::refusal::is_outcome_unknown;

/// How often a conditional put is sent whose outcome nobody knows; each has its own retries below.
const PUTS_MAX: u32 = 3;
/// Bytes of log entries that are kept.
const KEPT_BYTES_MAX: u64 = 128 * 1_024 * 1_024;

/// Wraps the store of a bucket.
#[derive(Debug)]
pub struct CarefulStore {
    inner: Arc<DynObjectStore>,
    kept: Mutex<Kept>,
}

/// Objects that never change once they are there.
#[derive(Debug, Default)]
struct Kept {
    objects: HashMap<Path, (ObjectMeta, Bytes)>,
    bytes: u64,
}

impl CarefulStore {
    /// The same store, used with care.
    pub fn new(inner: Arc<DynObjectStore>) -> Self {
        Self {
            inner,
            kept: Mutex::default(),
        }
    }

    async fn create(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let mut puts = 0;
        loop {
            puts += 1;
            let sent = self
                .inner
                .put_opts(location, payload.clone(), options.clone());
            let error = match sent.await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let is_taken = matches!(error, Error::AlreadyExists { .. });
            if !is_taken && !is_outcome_unknown(&error) {
                return Err(error);
            }
            match self.read_back(location).await {
                Ok((done, found)) if found == Bytes::from(payload.clone()) => return Ok(done),
                Ok(_) => return Err(taken(location, error)),
                // Its number is free again, or another put of it is not decided yet: the caller looks anew.
                Err(Error::NotFound { .. }) if is_taken => return Err(error),
                Err(Error::NotFound { .. }) if puts < PUTS_MAX => {}
                Err(_) => return Err(error),
            }
        }
    }

    async fn read_back(&self, location: &Path) -> Result<(PutResult, Bytes)> {
        let found = self.inner.get(location).await?;
        let done = PutResult {
            e_tag: found.meta.e_tag.clone(),
            version: found.meta.version.clone(),
            extensions: Default::default(),
        };
        Ok((done, found.bytes().await?))
    }

    fn kept(&self, location: &Path) -> Option<(ObjectMeta, Bytes)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.objects.get(location).cloned()
    }

    fn keep(&self, location: &Path, meta: &ObjectMeta, bytes: &Bytes) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.bytes + meta.size > KEPT_BYTES_MAX {
            *kept = Kept::default();
        }
        kept.bytes += meta.size;
        let replaced = kept
            .objects
            .insert(location.clone(), (meta.clone(), bytes.clone()));
        if let Some((replaced, _)) = replaced {
            kept.bytes -= replaced.size;
        }
    }

    fn forget(&self, location: &Path) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((meta, _)) = kept.objects.remove(location) {
            kept.bytes -= meta.size;
        }
    }
}

fn taken(location: &Path, source: Error) -> Error {
    Error::AlreadyExists {
        path: location.to_string(),
        source: source.into(),
    }
}

/// Entries and checkpoints of a table's log; `_last_checkpoint` does change.
fn never_changes(location: &Path) -> bool {
    let text = location.as_ref();
    let is_log = text.contains("/_delta_log/") || text.starts_with("_delta_log/");
    is_log && (text.ends_with(".json") || text.ends_with(".parquet"))
}

fn is_plain(options: &GetOptions) -> bool {
    let GetOptions {
        if_match,
        if_none_match,
        if_modified_since,
        if_unmodified_since,
        range: _,
        version,
        head,
        extensions: _,
    } = options;
    if_match.is_none()
        && if_none_match.is_none()
        && if_modified_since.is_none()
        && if_unmodified_since.is_none()
        && version.is_none()
        && !head
}

/// An answer from memory.
fn answer(meta: ObjectMeta, bytes: &Bytes, range: Option<&GetRange>) -> Result<GetResult> {
    let size = meta.size;
    let range: Range<u64> = match range {
        None => 0..size,
        Some(GetRange::Bounded(range)) => range.start.min(size)..range.end.min(size),
        Some(GetRange::Offset(start)) => (*start).min(size)..size,
        Some(GetRange::Suffix(length)) => size.saturating_sub(*length)..size,
    };
    let index = |at: u64| {
        usize::try_from(at).map_err(|error| Error::Generic {
            store: "memory",
            source: error.into(),
        })
    };
    let part = bytes.slice(index(range.start)?..index(range.end)?);
    Ok(GetResult {
        payload: GetResultPayload::Stream(stream::once(async move { Ok(part) }).boxed()),
        meta,
        range,
        attributes: Attributes::default(),
        extensions: Default::default(),
    })
}

#[async_trait]
impl ObjectStore for CarefulStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.forget(location);
        match options.mode {
            PutMode::Create => self.create(location, payload, options).await,
            PutMode::Overwrite | PutMode::Update(_) => {
                self.inner.put_opts(location, payload, options).await
            }
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.forget(location);
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if !never_changes(location) || !is_plain(&options) {
            return self.inner.get_opts(location, options).await;
        }
        if let Some((meta, bytes)) = self.kept(location) {
            return answer(meta, &bytes, options.range.as_ref());
        }
        let whole = self.inner.get(location).await?;
        if whole.meta.size > KEPT_BYTES_MAX {
            drop(whole);
            return self.inner.get_opts(location, options).await;
        }
        let meta = whole.meta.clone();
        let bytes = whole.bytes().await?;
        self.keep(location, &meta, &bytes);
        answer(meta, &bytes, options.range.as_ref())
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        // What is deleted here was not read before by this process, or is not asked for again.
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.forget(to);
        self.inner.copy_opts(from, to, options).await
    }
}

impl fmt::Display for CarefulStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(formatter)
    }
}
