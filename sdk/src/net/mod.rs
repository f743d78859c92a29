// SPDX-License-Identifier: Apache-2.0
//! Peer to peer: blobs, and what a worker shows its auditors.
//!
//! A [`Peer`] is one iroh endpoint (QUIC, authenticated by its key) with a [`BlobStore`] behind it. It uses no relay, no
//! discovery and no outside service: the chain says where everybody is. It speaks two protocols:
//!
//! - `quern/blob/2`: a blob by its id, verified **while streaming** ([`stream`]): the first wrong byte ends the transfer and
//!   the connection, and another peer goes on where one stopped or became too slow ([`pace`]). Nothing is served unless [`Access`] says so: a worker's blobs are a secret until the protocol shows them.
//! - `quern/audit/1`: one bounded request, one bounded answer ([`messages`]).
//!
//! ```no_run
//! use quern_sdk::net::{Config, MemoryStore, Peer};
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let here = "127.0.0.1:0".parse()?;
//! let worker = Peer::bind(Config::new([1; 32], here), MemoryStore::default()).await?;
//! let auditor = Peer::bind(Config::new([2; 32], here), MemoryStore::default()).await?;
//!
//! let id = worker.store().put("a checkpoint".into()).await?;
//! worker.access().allow(id, auditor.id());
//!
//! let bytes = auditor.fetch(id, 12, &[worker.endpoint()]).await?;
//! assert_eq!(bytes, "a checkpoint");
//! # Ok(())
//! # }
//! ```

pub mod access;
pub mod address;
pub mod faults;
pub mod inputs;
pub mod messages;
pub mod pace;
pub mod peer;
pub mod recent;
pub mod store;
pub mod stream;

mod connections;
mod partial;
mod places;
mod protocol;
#[cfg(test)]
mod tests;

pub use access::Access;
pub use faults::Faults;
pub use inputs::{InputError, Inputs};
pub use messages::{Checkpoint, Request, Response};
pub use peer::{probe, Config, Peer};
pub use places::Expected;
pub use protocol::Handler;
pub use recent::Recent;
pub use store::{BlobStore, FolderStore, MemoryStore};

use quern_primitives::BlobId;
use std::fmt;

/// The public key of an iroh endpoint.
pub type PeerId = [u8; 32];

/// What went wrong with one peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// No connection could be made.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// It was never reached, did not answer in the time that a connection may take, and is given up ([`Config::gives_up_silent`]).
    #[error("cannot be reached: no answer within {CONNECT:?}", CONNECT = peer::CONNECT)]
    Silent,
    /// It was reached, and then the connection broke.
    #[error("connection lost: {0}")]
    Lost(String),
    /// It took too long to answer, or to send the bytes.
    #[error("did not answer in time")]
    Timeout,
    /// It sends more slowly than [`pace::MIN_RATE`].
    #[error("sends too slowly")]
    Slow,
    /// It does not have the blob, or does not let us have it: it does not say which.
    #[error("does not serve the blob to us")]
    NotServed,
    /// It sent bytes that do not belong to the blob.
    #[error("sent wrong bytes")]
    WrongBytes,
    /// It has, or sent, another number of bytes than the blob must have.
    #[error("sent a blob of the wrong length")]
    WrongLength,
    /// The request or its answer exceeds the limit.
    #[error("message too large")]
    TooLarge,
    /// It refused the request, and said why.
    #[error("refused: {0}")]
    Refused(String),
    /// Its answer cannot be read.
    #[error("malformed answer")]
    Malformed,
}

impl NetError {
    /// Whether asking the same peer again could help.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::Lost(_) | Self::Timeout | Self::Slow | Self::NotServed | Self::Refused(_)
        )
    }
}

/// Why a blob could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Nobody delivered it: what went wrong with each provider, in the order they were tried.
    #[error("blob {id}: {}", Failures(failures))]
    Nobody {
        /// The blob.
        id: BlobId,
        /// One entry a provider.
        failures: Vec<(PeerId, NetError)>,
    },
    /// It had not come by the deadline of what it is for ([`pace::within`]).
    #[error("blob {id}: {arrived} of {len} bytes came in the time that was left")]
    Late {
        /// The blob.
        id: BlobId,
        /// How many of its bytes are here: the next fetch of it goes on from there.
        arrived: u64,
        /// How many it has.
        len: u64,
    },
    /// The own store failed.
    #[error("blob {id}: own store: {error}")]
    Store {
        /// The blob.
        id: BlobId,
        /// What the store said.
        #[source]
        error: std::io::Error,
    },
}

impl FetchError {
    /// What went wrong with each provider.
    pub fn failures(&self) -> &[(PeerId, NetError)] {
        match self {
            Self::Nobody { failures, .. } => failures,
            Self::Late { .. } | Self::Store { .. } => &[],
        }
    }
}

struct Failures<'a>(&'a [(PeerId, NetError)]);

impl fmt::Display for Failures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no provider is known");
        }
        for (position, (peer, error)) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            write!(f, "{separator}peer {} {error}", hex::encode(&peer[..5]))?;
        }
        Ok(())
    }
}
