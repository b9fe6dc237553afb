//! Objects that are on their way before they are asked for: whoever reads parts one after the other says which
//! come next, and waits for the round trip to a far-away store once instead of once per part.
//!
//! In: names of small objects. Out: their bytes, when they are asked for. A request that fails is no failure
//! here: it is made again by whoever needs it, and that one's words are heard.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use object_store::path::Path as ObjectPath;
use object_store::{DynObjectStore, Error as StoreError, ObjectStoreExt};
use tokio::runtime::Runtime;

/// Objects that one reader has on their way.
pub const OBJECTS_AHEAD: usize = 8;

type Fetching = Receiver<Result<Bytes, StoreError>>;

/// What is on its way.
#[derive(Debug, Default)]
pub struct ReadAhead {
    begun: Mutex<HashMap<ObjectPath, Fetching>>,
}

impl ReadAhead {
    /// Begins to fetch an object, unless it is on its way.
    pub fn begin(&self, store: &Arc<DynObjectStore>, runtime: &Runtime, path: ObjectPath) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.entry(path).or_insert_with_key(|path| {
            let (sender, receiver) = sync_channel(1);
            let (store, path) = (Arc::clone(store), path.clone());
            runtime.spawn(async move {
                let fetched = match store.get(&path).await {
                    Ok(found) => found.bytes().await,
                    Err(error) => Err(error),
                };
                // Nobody waits when the reader ended before.
                let _ = sender.send(fetched);
            });
            receiver
        });
    }

    /// An object that was begun, when all of it came; once.
    pub fn take(&self, path: &ObjectPath) -> Option<Bytes> {
        let fetching = {
            let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
            begun.remove(path)?
        };
        fetching.recv().ok()?.ok()
    }
}
