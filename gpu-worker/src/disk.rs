// SPDX-License-Identifier: Apache-2.0
//! Room on a daemon's disk. A worker without room can keep neither inputs nor results: whatever it was drawn for would be late, so it
//! offers no slots until there is room again.

use crate::doctor::LEAST_DISK_MIB;
use quern_primitives::Height;
use quern_sdk::net::store::free_bytes;
use std::{
    error::Error,
    io,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
};

/// Room at which a worker offers its slots again: twice the least, so that it does not go to and fro.
const ENOUGH_DISK_MIB: u64 = 2 * LEAST_DISK_MIB;
/// Blocks without slots after a write found no room, whatever the disk says of itself: a quota, say, is no matter of free space.
const REST_BLOCKS: Height = 64;

/// A daemon's disk.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    has_slots: bool,
    refused: Refused,
    rests_until: Height,
    is_full: bool,
}

/// Whether a write has found no room since that was asked last.
#[derive(Clone, Debug, Default)]
pub struct Refused(Arc<AtomicBool>);

impl Refused {
    /// Takes in why something failed.
    pub fn note(&self, error: &(dyn Error + 'static)) {
        if is_of_no_room(error) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

impl Disk {
    /// The disk of a data folder, of a daemon that offers slots or is drawn without any.
    pub fn of(folder: &Path, has_slots: bool) -> Self {
        Self { folder: folder.into(), has_slots, refused: Refused::default(), rests_until: 0, is_full: false }
    }

    /// Whether no slots are offered.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Where failures are noted.
    pub fn refused(&self) -> Refused {
        self.refused.clone()
    }

    /// Looks at the disk, and says whether [`is_full`](Self::is_full) has changed.
    pub fn look(&mut self, height: Height) -> bool {
        self.note(height, free_mib(&self.folder))
    }

    fn note(&mut self, height: Height, free_mib: Option<u64>) -> bool {
        let was_refused = self.refused.0.swap(false, Ordering::Relaxed);
        if was_refused {
            self.rests_until = height.saturating_add(REST_BLOCKS);
        }
        let least = if self.is_full { ENOUGH_DISK_MIB } else { LEAST_DISK_MIB };
        let is_full = was_refused || height < self.rests_until || free_mib.is_some_and(|free| free < least);
        let has_changed = is_full != self.is_full;
        self.is_full = is_full;
        let folder = self.folder.display();
        match (has_changed, is_full, self.has_slots) {
            (false, ..) => {}
            (_, true, true) => tracing::warn!(
                %folder, free_mib,
                "the disk is full: no new shards are taken, what is owed is finished; free some space, {ENOUGH_DISK_MIB} MiB at least"
            ),
            (_, true, false) => tracing::warn!(
                %folder, free_mib,
                "the disk is full, and audits may be drawn all the same: free some space, {ENOUGH_DISK_MIB} MiB at least"
            ),
            (_, false, true) => {
                tracing::info!(%folder, free_mib, "there is room on the disk: new shards are taken again")
            }
            (_, false, false) => tracing::info!(%folder, free_mib, "there is room on the disk again"),
        }
        has_changed
    }
}

/// Whether too little is free on the disk of a folder for work to begin.
pub fn is_full(folder: &Path) -> bool {
    free_mib(folder).is_some_and(|free| free < LEAST_DISK_MIB)
}

/// Whether something failed because there was no room for it.
fn is_of_no_room(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)) {
            return true;
        }
        next = error.source();
    }
    false
}

/// What to do about a file that cannot be read or written.
pub fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "Is the disk full?",
        io::ErrorKind::ReadOnlyFilesystem => "Its file system has to be mounted for writing",
        io::ErrorKind::PermissionDenied => "The user of the daemon must own it (chown)",
        _ => "Is the disk sound, and not full?",
    }
}

/// Free space on the disk of a folder, in MiB; none where the system does not say.
pub fn free_mib(folder: &Path) -> Option<u64> {
    Some(free_bytes(folder)? >> 20)
}

/// Removes a file that may be gone.
pub fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Writes a small file: whoever reads it sees what it held before or what it holds now.
pub fn replace(file: &Path, text: &str) -> io::Result<()> {
    let new = file.with_extension("new");
    std::fs::write(&new, text)?;
    std::fs::rename(new, file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::SiteError;
    use quern_primitives::BlobId;
    use quern_sdk::net::FetchError;

    fn disk() -> Disk {
        Disk::of(Path::new("/data"), true)
    }

    #[test]
    fn slots_should_be_withdrawn_when_room_is_short_and_offered_again_when_there_is_twice_as_much() {
        let mut disk = disk();
        assert!(!disk.note(1, Some(LEAST_DISK_MIB)) && !disk.is_full());
        assert!(disk.note(2, Some(LEAST_DISK_MIB - 1)) && disk.is_full());
        assert!(!disk.note(3, Some(ENOUGH_DISK_MIB - 1)) && disk.is_full(), "it would be full again soon");
        assert!(disk.note(4, Some(ENOUGH_DISK_MIB)) && !disk.is_full());
    }

    #[test]
    fn slots_should_be_withdrawn_for_a_while_when_a_write_found_no_room() {
        let mut disk = disk();
        assert!(!disk.note(1, None) && !disk.is_full(), "what the system does not say is not held against it");
        disk.refused().note(&SiteError::Store(io::ErrorKind::StorageFull.into()));
        assert!(disk.note(2, Some(99_999)) && disk.is_full());
        assert!(!disk.note(1 + REST_BLOCKS, Some(99_999)) && disk.is_full());
        assert!(disk.note(2 + REST_BLOCKS, Some(99_999)) && !disk.is_full());
    }

    #[test]
    fn only_a_lack_of_room_should_withdraw_slots() {
        let of_store =
            |kind: io::ErrorKind| SiteError::Fetch(FetchError::Store { id: BlobId([1; 32]), error: kind.into() });
        assert!(is_of_no_room(&of_store(io::ErrorKind::QuotaExceeded)));
        assert!(!is_of_no_room(&of_store(io::ErrorKind::PermissionDenied)));
        assert!(!is_of_no_room(&SiteError::Inconsistent("the dispute is over")));
    }

    #[test]
    fn free_space_should_be_that_of_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(free_mib(folder.path()).is_some(), cfg!(unix));
        assert_eq!(free_mib(&folder.path().join("nothing")), None);
    }

    #[test]
    fn remedy_should_ask_for_room_only_where_there_may_be_none() {
        assert_eq!(remedy(&io::ErrorKind::StorageFull.into()), "Is the disk full?");
        for kind in [io::ErrorKind::ReadOnlyFilesystem, io::ErrorKind::PermissionDenied] {
            assert!(!remedy(&kind.into()).contains("full"), "{kind:?}");
        }
    }
}
