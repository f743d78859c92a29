// SPDX-License-Identifier: Apache-2.0
//! Who may fetch what.

use super::PeerId;
use quern_primitives::BlobId;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

/// Who may fetch each blob. What is not listed is served to nobody.
///
/// It is independent of the store: a blob can be allowed before it is there. It is kept in memory; whoever restarts derives
/// it again from what the chain says is owed.
#[derive(Clone, Debug, Default)]
pub struct Access(Arc<RwLock<HashMap<BlobId, Audience>>>);

#[derive(Clone, Debug)]
enum Audience {
    Public,
    Only(HashSet<PeerId>),
}

impl Access {
    /// Lets `peer` fetch the blob.
    pub fn allow(&self, id: BlobId, peer: PeerId) {
        self.write(|blobs| {
            if let Audience::Only(peers) = blobs.entry(id).or_insert_with(|| Audience::Only(HashSet::new())) {
                peers.insert(peer);
            }
        });
    }

    /// Lets everybody fetch the blob.
    pub fn publish(&self, id: BlobId) {
        self.write(|blobs| {
            blobs.insert(id, Audience::Public);
        });
    }

    /// Lets nobody fetch the blob any more.
    pub fn withdraw(&self, id: BlobId) {
        self.write(|blobs| {
            blobs.remove(&id);
        });
    }

    /// Whether `peer` may fetch the blob.
    pub fn allows(&self, id: BlobId, peer: PeerId) -> bool {
        let blobs = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match blobs.get(&id) {
            Some(Audience::Public) => true,
            Some(Audience::Only(peers)) => peers.contains(&peer),
            None => false,
        }
    }

    fn write(&self, change: impl FnOnce(&mut HashMap<BlobId, Audience>)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}
