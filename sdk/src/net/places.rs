// SPDX-License-Identifier: Apache-2.0
//! Who is served at the same time: bounds the blobs that are held in memory for slow peers, and what one of them, or all strangers
//! together, can take of that.

use super::{protocol::STALL, PeerId};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError, RwLock},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Exchanges that are served at once, in each protocol, for whoever comes first.
pub(super) const OPEN: usize = 40;
/// Those that are served beside them for peers that are expected alone.
pub(super) const KEPT: usize = 24;
/// Exchanges of one peer at once, in each protocol, over how many connections ever.
pub(super) const PER_PEER: usize = 8;

/// Peers that have a claim to be served: drawn for a shard, or otherwise with a part in it. Everybody else is served while there is
/// room.
#[derive(Clone, Debug, Default)]
pub struct Expected(Arc<RwLock<HashSet<PeerId>>>);

impl Expected {
    /// These peers are expected from now on, and no others.
    pub fn set(&self, peers: HashSet<PeerId>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = peers;
    }

    /// Whether a peer is expected.
    pub fn includes(&self, peer: &PeerId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(peer)
    }
}

/// The places of one protocol.
pub(super) struct Places {
    open: Arc<Semaphore>,
    kept: Arc<Semaphore>,
    peers: Mutex<HashMap<PeerId, Arc<Semaphore>>>,
    expected: Expected,
}

/// A place that is taken, until it is dropped.
#[derive(Debug)]
pub(super) struct Place(
    #[allow(dead_code, reason = "held, and given back when it is dropped")] [OwnedSemaphorePermit; 2],
);

impl Places {
    pub fn new(expected: Expected) -> Self {
        let room = |places| Arc::new(Semaphore::new(places));
        Self { open: room(OPEN), kept: room(KEPT), peers: Mutex::default(), expected }
    }

    /// Takes a place for a peer; none where all that it may have stay taken for [`STALL`].
    pub async fn take(&self, peer: PeerId) -> Option<Place> {
        let own = self.of(peer);
        let taking = async {
            let own = own.acquire_owned().await.ok()?;
            let place = if self.expected.includes(&peer) {
                tokio::select! {
                    biased;
                    place = self.open.clone().acquire_owned() => place,
                    place = self.kept.clone().acquire_owned() => place,
                }
            } else {
                self.open.clone().acquire_owned().await
            };
            Some(Place([own, place.ok()?]))
        };
        timeout(STALL, taking).await.ok().flatten()
    }

    /// The places of one peer. Those of peers that have gone are dropped.
    fn of(&self, peer: PeerId) -> Arc<Semaphore> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|_, places| Arc::strong_count(places) > 1);
        peers.entry(peer).or_insert_with(|| Arc::new(Semaphore::new(PER_PEER))).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: usize) -> PeerId {
        [number as u8; 32]
    }

    /// Strangers take all that they can get.
    async fn crowded(places: &Places) -> Vec<Place> {
        let mut taken = Vec::new();
        for number in 0..OPEN {
            taken.push(places.take(peer(number)).await.unwrap());
        }
        taken
    }

    #[tokio::test(start_paused = true)]
    async fn expected_peer_should_be_served_when_strangers_have_taken_all_that_they_can_get() {
        let expected = Expected::default();
        let places = Places::new(expected.clone());
        let taken = crowded(&places).await;
        assert!(places.take(peer(200)).await.is_none());
        expected.set(HashSet::from([peer(200)]));
        assert!(places.take(peer(200)).await.is_some());
        expected.set(HashSet::new());
        assert!(places.take(peer(200)).await.is_none(), "it is over");
        drop(taken);
        assert!(places.take(peer(200)).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn peer_should_have_no_more_than_its_own_places_when_it_is_expected_too() {
        let expected = Expected::default();
        expected.set(HashSet::from([peer(1)]));
        let places = Places::new(expected);
        let mut taken = Vec::new();
        for _ in 0..PER_PEER {
            taken.push(places.take(peer(1)).await.unwrap());
        }
        assert!(places.take(peer(1)).await.is_none());
        assert!(places.take(peer(2)).await.is_some());
        taken.pop();
        assert!(places.take(peer(1)).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_should_be_remembered_of_peers_that_have_gone() {
        let places = Places::new(Expected::default());
        drop(crowded(&places).await);
        let _place = places.take(peer(200)).await;
        assert_eq!(places.peers.lock().unwrap().len(), 1);
    }
}
