// SPDX-License-Identifier: Apache-2.0
//! Where blobs are kept.

use bytes::Bytes;
use futures::future::{ready, BoxFuture, FutureExt};
use quern_primitives::BlobId;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// A place for blobs. What it returns always has the id that was asked for.
pub trait BlobStore: Send + Sync + 'static {
    /// Keeps the bytes; keeping the same bytes again changes nothing.
    fn put(&self, bytes: Bytes) -> BoxFuture<'_, io::Result<BlobId>>;
    /// The blob's bytes, if it is here and undamaged.
    fn get(&self, id: BlobId) -> BoxFuture<'_, io::Result<Option<Bytes>>>;
    /// Whether the blob is here. It may still turn out damaged.
    fn has(&self, id: BlobId) -> BoxFuture<'_, io::Result<bool>>;
    /// Forgets the blob; forgetting one that is not here changes nothing.
    fn remove(&self, id: BlobId) -> BoxFuture<'_, io::Result<()>>;
}

/// Blobs in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<RwLock<HashMap<BlobId, Bytes>>>);

impl BlobStore for MemoryStore {
    fn put(&self, bytes: Bytes) -> BoxFuture<'_, io::Result<BlobId>> {
        let id = BlobId::of(&bytes);
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(id, bytes);
        ready(Ok(id)).boxed()
    }

    fn get(&self, id: BlobId) -> BoxFuture<'_, io::Result<Option<Bytes>>> {
        ready(Ok(self.0.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned())).boxed()
    }

    fn has(&self, id: BlobId) -> BoxFuture<'_, io::Result<bool>> {
        ready(Ok(self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(&id))).boxed()
    }

    fn remove(&self, id: BlobId) -> BoxFuture<'_, io::Result<()>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
        ready(Ok(())).boxed()
    }
}

/// Blobs as files in a folder: `ab/cdef...`, named by their ids.
///
/// A file appears whole or not at all (written aside, then renamed), and is verified whenever it is read: a damaged one is
/// removed and counts as absent. A kill loses nothing that was put; a power cut may lose the newest blobs, never corrupt one
/// unnoticed. It takes nothing in where the disk would be left with less than [`RESERVE_BYTES`]: what else is on it, the promises of a
/// daemon above all, has to be written even then.
#[derive(Clone, Debug)]
pub struct FolderStore {
    folder: Arc<Path>,
    reserve_bytes: u64,
}

/// What a [`FolderStore`] leaves free of its disk.
pub const RESERVE_BYTES: u64 = 1 << 30;

impl FolderStore {
    /// Opens the folder, made if it is not there.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        Self::with_reserve(folder, RESERVE_BYTES)
    }

    fn with_reserve(folder: impl Into<PathBuf>, reserve_bytes: u64) -> io::Result<Self> {
        let folder = folder.into();
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder: folder.into(), reserve_bytes })
    }

    /// The file of a blob.
    pub fn path(&self, id: BlobId) -> PathBuf {
        let name = id.to_string();
        let (folder, file) = name.split_at(2);
        self.folder.join(folder).join(file)
    }

    /// Runs disk work aside from the async threads.
    fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> BoxFuture<'_, io::Result<T>> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || work(&store)).map(|done| done.map_err(io::Error::other)?).boxed()
    }

    fn write(&self, bytes: &[u8]) -> io::Result<BlobId> {
        static ASIDE: AtomicU64 = AtomicU64::new(0);
        let id = BlobId::of(bytes);
        let path = self.path(id);
        if std::fs::metadata(&path).is_ok_and(|file| file.len() == bytes.len() as u64) {
            return Ok(id);
        }
        let free = free_bytes(&self.folder);
        if free.is_some_and(|free| free.saturating_sub(bytes.len() as u64) < self.reserve_bytes) {
            let reserve = self.reserve_bytes >> 20;
            return Err(io::Error::new(
                io::ErrorKind::StorageFull,
                format!("{reserve} MiB of the disk of {} have to stay free; make room on it", self.folder.display()),
            ));
        }
        let number = ASIDE.fetch_add(1, Ordering::Relaxed);
        let aside = path.with_extension(format!("{}-{number}", std::process::id()));
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let written = std::fs::write(&aside, bytes).and_then(|()| std::fs::rename(&aside, &path));
        if written.is_err() {
            std::fs::remove_file(&aside).ok();
        }
        written.map(|()| id)
    }

    fn read(&self, id: BlobId) -> io::Result<Option<Bytes>> {
        let path = self.path(id);
        match absent_as(None, std::fs::read(&path).map(Some))? {
            Some(bytes) if BlobId::of(&bytes) == id => Ok(Some(bytes.into())),
            Some(_) => {
                tracing::warn!(%id, "a stored blob is damaged and was removed");
                absent_as((), std::fs::remove_file(&path)).map(|()| None)
            }
            None => Ok(None),
        }
    }
}

impl BlobStore for FolderStore {
    fn put(&self, bytes: Bytes) -> BoxFuture<'_, io::Result<BlobId>> {
        self.aside(move |store| store.write(&bytes))
    }

    fn get(&self, id: BlobId) -> BoxFuture<'_, io::Result<Option<Bytes>>> {
        self.aside(move |store| store.read(id))
    }

    fn has(&self, id: BlobId) -> BoxFuture<'_, io::Result<bool>> {
        self.aside(move |store| store.path(id).try_exists())
    }

    fn remove(&self, id: BlobId) -> BoxFuture<'_, io::Result<()>> {
        self.aside(move |store| absent_as((), std::fs::remove_file(store.path(id))))
    }
}

/// Free bytes of the disk that a folder is on, where the system says so.
#[cfg(unix)]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Free bytes of the disk that a folder is on, where the system says so.
#[cfg(not(unix))]
pub fn free_bytes(_: &Path) -> Option<u64> {
    None
}

/// A missing file is `value`, not an error.
fn absent_as<T>(value: T, result: io::Result<T>) -> io::Result<T> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(value),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn folder_store_should_take_nothing_in_when_the_disk_would_be_left_with_too_little() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = Bytes::from_static(b"a checkpoint");
        let id = FolderStore::with_reserve(folder.path(), 0).unwrap().put(bytes.clone()).await.unwrap();
        let full = FolderStore::with_reserve(folder.path(), u64::MAX).unwrap();
        let refused = full.put(Bytes::from_static(b"another one")).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull, "{refused}");
        // What is there stays there, and putting it again takes nothing.
        assert_eq!(full.put(bytes.clone()).await.unwrap(), id);
        assert_eq!(full.get(id).await.unwrap(), Some(bytes));
    }
}
