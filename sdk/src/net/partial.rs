// SPDX-License-Identifier: Apache-2.0
//! Blobs of which a part has arrived: what a peer sent before it failed, or before the time was over, need not come again.

use super::stream::Decoder;
use quern_primitives::BlobId;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

/// Most parts that are kept, and most bytes of them together: they are held in memory.
const MAX_PARTS: usize = 32;
const MAX_BYTES: u64 = 1 << 30;

/// The parts that nobody is fetching the rest of now, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Partials(Mutex<VecDeque<Part>>);

#[derive(Debug)]
struct Part {
    id: BlobId,
    len: u64,
    decoder: Arc<tokio::sync::Mutex<Decoder>>,
    arrived: u64,
}

/// A blob that is being fetched. When it is dropped unfinished, what has arrived is kept for the next fetch.
pub(super) struct Partial {
    id: BlobId,
    len: u64,
    /// What checks the items and collects them.
    pub decoder: Arc<tokio::sync::Mutex<Decoder>>,
    partials: Arc<Partials>,
}

impl Partials {
    /// Begins to fetch a blob, or goes on where the last fetch ended; none when it is longer than any blob.
    pub fn begin(self: &Arc<Self>, id: BlobId, len: u64) -> Option<Partial> {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = parts.iter().position(|part| part.id == id && part.len == len).and_then(|at| parts.remove(at));
        let decoder = match found {
            Some(part) => part.decoder,
            None => Arc::new(tokio::sync::Mutex::new(Decoder::new(id, len)?)),
        };
        Some(Partial { id, len, decoder, partials: self.clone() })
    }

    fn keep(&self, part: Part) {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have fetched the same: the longer part stays.
        if let Some(at) = parts.iter().position(|kept| kept.id == part.id && kept.len == part.len) {
            if parts.get(at).is_some_and(|kept| kept.arrived >= part.arrived) {
                return;
            }
            parts.remove(at);
        }
        parts.push_back(part);
        while parts.len() > MAX_PARTS || parts.iter().map(|part| part.arrived).sum::<u64>() > MAX_BYTES {
            parts.pop_front();
        }
    }
}

impl Partial {
    /// How many bytes have arrived, while nobody is receiving.
    pub fn arrived(&self) -> u64 {
        self.decoder.try_lock().map_or(0, |decoder| decoder.arrived())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let Ok(decoder) = self.decoder.try_lock() else { return };
        let (arrived, is_whole) = (decoder.arrived(), decoder.wants().is_none());
        drop(decoder);
        if arrived > 0 && !is_whole {
            self.partials.keep(Part { id: self.id, len: self.len, decoder: self.decoder.clone(), arrived });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::stream::{encode, GROUP_BYTES};

    /// Takes so many groups of a blob of four, each of whose bytes is `byte`, and stops.
    async fn stop_after(partials: &Arc<Partials>, byte: u8, groups: u64) -> (BlobId, u64) {
        let len = 4 * GROUP_BYTES;
        let (id, items) = encode(&vec![byte; len as usize].into());
        let partial = partials.begin(id, len).unwrap();
        let mut decoder = partial.decoder.lock().await;
        for item in items.iter().skip(decoder.taken() as usize) {
            if decoder.arrived() < groups * GROUP_BYTES {
                decoder.take(item).unwrap();
            }
        }
        drop(decoder);
        (id, len)
    }

    #[tokio::test]
    async fn fetch_should_go_on_where_the_last_one_stopped() {
        let partials = Arc::<Partials>::default();
        let (id, len) = stop_after(&partials, 1, 2).await;
        assert_eq!(partials.begin(id, len + 1).unwrap().arrived(), 0, "another length is another blob");
        let first = partials.begin(id, len).unwrap();
        assert_eq!(first.arrived(), 2 * GROUP_BYTES);
        assert_eq!(partials.begin(id, len).unwrap().arrived(), 0, "the part is in use");
        drop(first);
        assert_eq!(partials.begin(id, len).unwrap().arrived(), 2 * GROUP_BYTES);
    }

    #[tokio::test]
    async fn nothing_should_be_kept_of_a_blob_that_is_whole_or_has_not_begun() {
        let partials = Arc::<Partials>::default();
        for groups in [0, 4] {
            let (id, len) = stop_after(&partials, 1, groups).await;
            assert_eq!(partials.begin(id, len).unwrap().arrived(), 0);
        }
    }

    #[tokio::test]
    async fn oldest_part_should_make_room_when_there_are_too_many() {
        let partials = Arc::<Partials>::default();
        let mut begun = Vec::new();
        for byte in 0..=MAX_PARTS as u8 {
            begun.push(stop_after(&partials, byte, 1).await);
        }
        assert_eq!(partials.begin(begun[0].0, begun[0].1).unwrap().arrived(), 0);
        assert_eq!(partials.begin(begun[1].0, begun[1].1).unwrap().arrived(), GROUP_BYTES);
    }
}
