//! A store in memory that fails as stores do, for tests: answers are lost, requests never arrive, numbers are
//! taken for a moment.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// What becomes of one conditional put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is done, and the answer is lost.
    AnswerLost,
    /// It is done, the answer is lost, and the library sends it again.
    AnswerLostSentAgain,
    /// It never arrives.
    RequestLost,
    /// It is refused for another one that never comes to be.
    Conflict,
    /// It is not allowed.
    Denied,
}

/// Conditional puts of log entries fail as planned; everything else is done.
#[derive(Debug, Default)]
pub struct FaultyStore {
    inner: Arc<InMemory>,
    planned: Mutex<VecDeque<Fault>>,
    gets: Mutex<Vec<Path>>,
}

impl FaultyStore {
    /// The objects of `inner`, and one fault per conditional put of a log entry, in this order.
    pub fn new(inner: &Arc<InMemory>, planned: &[Fault]) -> Self {
        Self {
            inner: Arc::clone(inner),
            planned: Mutex::new(planned.iter().copied().collect()),
            gets: Mutex::default(),
        }
    }

    /// What was read, in this order.
    pub fn gets(&self) -> Vec<Path> {
        let gets = self.gets.lock().unwrap_or_else(PoisonError::into_inner);
        gets.clone()
    }
}

fn lost() -> Error {
    Error::Generic {
        store: "faulty",
        source: "the connection was reset".into(),
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let is_entry = options.mode == PutMode::Create && location.as_ref().ends_with(".json");
        let fault = match is_entry {
            true => {
                let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
                planned.pop_front()
            }
            false => None,
        };
        let put = || {
            self.inner
                .put_opts(location, payload.clone(), options.clone())
        };
        match fault {
            None => put().await,
            Some(Fault::AnswerLost) => put().await.and(Err(lost())),
            Some(Fault::AnswerLostSentAgain) => {
                put().await?;
                put().await
            }
            Some(Fault::RequestLost) => Err(lost()),
            Some(Fault::Conflict) => Err(Error::AlreadyExists {
                path: location.to_string(),
                source: "ConditionalRequestConflict".into(),
            }),
            Some(Fault::Denied) => Err(Error::PermissionDenied {
                path: location.to_string(),
                source: "<Code>AccessDenied</Code>".into(),
            }),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        {
            let mut gets = self.gets.lock().unwrap_or_else(PoisonError::into_inner);
            gets.push(location.clone());
        }
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FaultyStore")
    }
}
