// SPDX-License-Identifier: Apache-2.0
//! The two protocols on the wire: the serving side, and one exchange of the asking side.
//!
//! - Blob: the 32 bytes of the id and a number of items (u64, little-endian) go out; back come the length (u64, little-endian) and the
//!   blob's [`stream`](super::stream) without its first so many items, or a reset with [`NOT_SERVED`].
//! - Audit: the request goes out; back come one byte (0: answered, 1: refused) and the answer, or the reason as text.

use super::connections::{Connections, MAX_CONNECTIONS, MAX_PEER_CONNECTIONS};
use super::faults::{Faults, Injector};
use super::pace::{Pace, MIN_RATE};
use super::places::{Expected, Places};
use super::stream::{encode, Decoder, GROUP_BYTES};
use super::{Access, BlobStore, NetError, PeerId};
use bytes::Bytes;
use futures::future::BoxFuture;
use iroh::endpoint::{
    Connection, ReadError, ReadExactError, ReadToEndError, RecvStream, SendStream, VarInt, WriteError,
};
use iroh::protocol::{AcceptError, ProtocolHandler};
use quern_primitives::BlobId;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{timeout, Instant};

/// The protocol that moves blobs.
pub const BLOB_ALPN: &[u8] = b"quern/blob/2";
/// The protocol that moves requests and answers.
pub const AUDIT_ALPN: &[u8] = b"quern/audit/1";

/// Most bytes of a request: room for a proof or two, little for a stranger to fill memory with.
pub const MAX_REQUEST_BYTES: usize = 64 * 1024;
/// Most bytes of an answer: the largest id list of a shard (2 MiB) and as much again.
pub const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// Most bytes of the reason of a refusal.
const MAX_REASON_BYTES: usize = 256;

/// Longest wait for the next item of a stream, or for the beginning of an answer.
pub const STALL: Duration = Duration::from_secs(8);
/// Bytes of a request for a blob: its id, and how many items of its stream the asker has.
pub(super) const BLOB_REQUEST_BYTES: usize = 40;

/// Stream reset: the blob is not here, or not for this peer.
const NOT_SERVED: VarInt = VarInt::from_u32(1);
/// Stream reset: the message exceeds its limit.
const TOO_LARGE: VarInt = VarInt::from_u32(2);
/// Stream reset: served too slowly or not at all.
pub(super) const GAVE_UP: VarInt = VarInt::from_u32(3);
/// Connection closed: there is no room for all, and nothing is under way over it or something over all others.
const NO_ROOM: VarInt = VarInt::from_u32(4);

/// Answers requests of other peers.
pub trait Handler: Send + Sync + 'static {
    /// Answers a request of the peer `from` (authenticated by its key), or refuses it with a short reason. The same request
    /// may arrive twice. Taking longer than [`STALL`] counts as not answering.
    fn handle(&self, from: PeerId, request: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>, String>>;
}

/// What the serving side shares.
pub(super) struct Serving {
    pub store: Arc<dyn BlobStore>,
    pub access: Access,
    pub handler: OnceLock<Arc<dyn Handler>>,
    pub expected: Expected,
    blobs: Places,
    requests: Places,
    blob_connections: Connections<Connection>,
    audit_connections: Connections<Connection>,
    faults: Option<Injector>,
}

impl Serving {
    pub fn new(store: Arc<dyn BlobStore>, faults: Option<Faults>) -> Self {
        let expected = Expected::default();
        Self {
            store,
            access: Access::default(),
            handler: OnceLock::new(),
            blobs: Places::new(expected.clone()),
            requests: Places::new(expected.clone()),
            expected,
            blob_connections: Connections::new(MAX_PEER_CONNECTIONS, MAX_CONNECTIONS),
            audit_connections: Connections::new(MAX_PEER_CONNECTIONS, MAX_CONNECTIONS),
            faults: faults.map(Injector::new),
        }
    }

    /// Whether to serve the next exchange, after a delay where one is to be injected.
    async fn serves(&self) -> bool {
        match &self.faults {
            Some(injector) => injector.strike().await,
            None => true,
        }
    }

    async fn serve_blob(self: Arc<Self>, peer: PeerId, mut send: SendStream, mut recv: RecvStream) {
        let mut request = [0; BLOB_REQUEST_BYTES];
        let Ok(Ok(())) = timeout(STALL, recv.read_exact(&mut request)).await else { return };
        let (Some(id), Some(skip)) = (request.first_chunk::<32>(), request.last_chunk::<8>()) else { return };
        let (id, skip) = (*id, usize::try_from(u64::from_le_bytes(*skip)).unwrap_or(usize::MAX));
        if !self.serves().await {
            send.reset(GAVE_UP).ok();
            return;
        }
        // Slow readers may hold every place: who waits is told so, and may come again.
        let Some(_place) = self.blobs.take(peer).await else {
            send.reset(GAVE_UP).ok();
            return;
        };
        let Some(bytes) = self.readable(BlobId(id), peer).await else {
            send.reset(NOT_SERVED).ok();
            return;
        };
        let len = bytes.len() as u64;
        let Ok((_, items)) = tokio::task::spawn_blocking(move || encode(&bytes)).await else { return };
        let sending = async {
            send.write_all(&len.to_le_bytes()).await?;
            for item in items.into_iter().skip(skip) {
                send.write_chunk(item).await?;
            }
            Ok::<_, WriteError>(())
        };
        match timeout(transfer_limit(len), sending).await {
            Ok(Ok(())) => send.finish().ok(),
            _ => send.reset(GAVE_UP).ok(),
        };
    }

    /// The blob, if it is here and the peer may have it.
    async fn readable(&self, id: BlobId, peer: PeerId) -> Option<Bytes> {
        if !self.access.allows(id, peer) {
            return None;
        }
        self.store.get(id).await.unwrap_or_else(|error| {
            tracing::warn!(%id, %error, "a blob cannot be read");
            None
        })
    }

    async fn serve_request(self: Arc<Self>, peer: PeerId, mut send: SendStream, mut recv: RecvStream) {
        let request = match timeout(STALL, recv.read_to_end(MAX_REQUEST_BYTES)).await {
            Ok(Ok(request)) => request,
            Ok(Err(ReadToEndError::TooLong)) => {
                recv.stop(TOO_LARGE).ok();
                send.reset(TOO_LARGE).ok();
                return;
            }
            _ => return,
        };
        if !self.serves().await {
            send.reset(GAVE_UP).ok();
            return;
        }
        // Kept until the answer is sent: an answer that nobody takes fills memory too.
        let Some(_place) = self.requests.take(peer).await else {
            send.reset(GAVE_UP).ok();
            return;
        };
        let answering = async {
            let handler = self.handler.get().ok_or("no requests are answered here")?;
            let answer = handler.handle(peer, request).await?;
            if answer.len() > MAX_ANSWER_BYTES {
                return Err("the answer is too large".into());
            }
            Ok::<_, String>(answer)
        };
        let (status, mut body) = match timeout(STALL, answering).await {
            Ok(Ok(answer)) => (0, answer),
            Ok(Err(reason)) => (1, reason.into_bytes()),
            Err(_) => (1, b"it took too long".to_vec()),
        };
        if status == 1 {
            body.truncate(MAX_REASON_BYTES);
        }
        let limit = transfer_limit(body.len() as u64);
        let sending = async {
            send.write_all(&[status]).await?;
            send.write_chunk(body.into()).await
        };
        match timeout(limit, sending).await {
            Ok(Ok(())) => send.finish().ok(),
            _ => send.reset(GAVE_UP).ok(),
        };
    }
}

/// Serves [`BLOB_ALPN`].
#[derive(Clone)]
pub(super) struct Blobs(pub Arc<Serving>);

/// Serves [`AUDIT_ALPN`].
#[derive(Clone)]
pub(super) struct Audits(pub Arc<Serving>);

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blobs")
    }
}

impl fmt::Debug for Audits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Audits")
    }
}

impl ProtocolHandler for Blobs {
    async fn accept(&self, connection: Connection) -> Result<(), AcceptError> {
        accept(&self.0, |serving| &serving.blob_connections, connection, Serving::serve_blob).await;
        Ok(())
    }
}

impl ProtocolHandler for Audits {
    async fn accept(&self, connection: Connection) -> Result<(), AcceptError> {
        accept(&self.0, |serving| &serving.audit_connections, connection, Serving::serve_request).await;
        Ok(())
    }
}

/// Serves the exchanges of a connection, each beside the others, until it ends.
async fn accept<F>(
    serving: &Arc<Serving>,
    connections: fn(&Serving) -> &Connections<Connection>,
    connection: Connection,
    serve: fn(Arc<Serving>, PeerId, SendStream, RecvStream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let peer = *connection.remote_id().as_bytes();
    let number = admit(connections(serving), &serving.expected, peer, &connection);
    while let Ok((send, recv)) = connection.accept_bi().await {
        let serving = serving.clone();
        connections(&serving).begin(number);
        tokio::spawn(async move {
            serve(serving.clone(), peer, send, recv).await;
            connections(&serving).end(number);
        });
    }
    connections(serving).close(number);
}

/// Counts a connection, and closes the one for which there is no room any more: but never that of a peer that is expected for the sake of
/// strangers' that ask without end. Gives its number.
fn admit(connections: &Connections<Connection>, expected: &Expected, peer: PeerId, connection: &Connection) -> u64 {
    let (number, closed) = connections.open(peer, connection.clone());
    if let Some(closed) = closed {
        if closed.stable_id() != connection.stable_id() || !expected.includes(&peer) {
            closed.close(NO_ROOM, b"too many connections");
        }
    }
    number
}

/// Fetches what a decoder still wants of a blob over a connection, every item verified as it arrives. What arrived stays with the
/// decoder when the connection breaks, or when the peer sends too slowly.
pub(super) async fn download(
    connection: Connection,
    id: BlobId,
    len: u64,
    decoder: &Mutex<Decoder>,
) -> Result<(), NetError> {
    let mut decoder = decoder.lock().await;
    let request = [id.0.as_slice(), &decoder.taken().to_le_bytes()].concat();
    let mut recv = send_message(&connection, &request).await?;
    receive(&mut recv, len, &mut decoder).await
}

/// Where the items of a stream come from.
pub(super) trait Source: Send {
    /// Fills `item`.
    fn fill(&mut self, item: &mut [u8]) -> impl Future<Output = Result<(), NetError>> + Send;
}

impl Source for RecvStream {
    async fn fill(&mut self, item: &mut [u8]) -> Result<(), NetError> {
        self.read_exact(item).await.map_err(|error| match error {
            ReadExactError::FinishedEarly(_) => NetError::WrongLength,
            ReadExactError::ReadError(error) => read_failed(error),
        })
    }
}

/// The answer to a request for a blob: its length, then the items that the decoder wants.
pub(super) async fn receive(source: &mut impl Source, len: u64, decoder: &mut Decoder) -> Result<(), NetError> {
    let mut their_len = [0; 8];
    read_item(source, &mut their_len).await?;
    if u64::from_le_bytes(their_len) != len {
        return Err(NetError::WrongLength);
    }
    let mut buffer = vec![0; GROUP_BYTES as usize];
    let mut pace = Pace::new(Instant::now());
    while let Some(item) = decoder.wants().and_then(|wants| buffer.get_mut(..wants)) {
        read_item(source, item).await?;
        decoder.take(item).map_err(|_| NetError::WrongBytes)?;
        if decoder.wants().is_some() {
            pace.took(item.len() as u64, Instant::now())?;
        }
    }
    Ok(())
}

/// Makes one request over a connection.
pub(super) async fn converse(connection: Connection, request: &[u8]) -> Result<Vec<u8>, NetError> {
    let exchange = async {
        let mut recv = send_message(&connection, request).await?;
        let mut status = [0];
        read_item(&mut recv, &mut status).await.map_err(|error| match error {
            NetError::WrongLength => NetError::Malformed,
            other => other,
        })?;
        let limit = if status == [0] { MAX_ANSWER_BYTES } else { MAX_REASON_BYTES };
        let (mut body, mut pace) = (Vec::new(), Pace::new(Instant::now()));
        while let Some(chunk) = in_time(STALL, async { recv.read_chunk(limit).await.map_err(read_failed) }).await? {
            body.extend_from_slice(&chunk);
            if body.len() > limit {
                return Err(NetError::TooLarge);
            }
            pace.took(chunk.len() as u64, Instant::now())?;
        }
        match status {
            [0] => Ok(body),
            [1] => Err(NetError::Refused(String::from_utf8_lossy(&body).into_owned())),
            _ => Err(NetError::Malformed),
        }
    };
    in_time(transfer_limit(MAX_ANSWER_BYTES as u64), exchange).await
}

/// Opens a stream and sends a whole message; what comes back can be read from the result.
async fn send_message(connection: &Connection, message: &[u8]) -> Result<RecvStream, NetError> {
    let sending = async {
        let (mut send, recv) = connection.open_bi().await.map_err(|error| NetError::Lost(error.to_string()))?;
        match send.write_all(message).await {
            Ok(()) => send.finish().ok(),
            Err(WriteError::Stopped(TOO_LARGE)) => return Err(NetError::TooLarge),
            Err(error) => return Err(NetError::Lost(error.to_string())),
        };
        Ok(recv)
    };
    in_time(STALL, sending).await
}

async fn read_item(source: &mut impl Source, item: &mut [u8]) -> Result<(), NetError> {
    in_time(STALL, source.fill(item)).await
}

fn read_failed(error: ReadError) -> NetError {
    match error {
        ReadError::Reset(NOT_SERVED) => NetError::NotServed,
        ReadError::Reset(TOO_LARGE) => NetError::TooLarge,
        other => NetError::Lost(other.to_string()),
    }
}

async fn in_time<T>(limit: Duration, work: impl Future<Output = Result<T, NetError>>) -> Result<T, NetError> {
    timeout(limit, work).await.unwrap_or(Err(NetError::Timeout))
}

/// Longest time that moving this many bytes may take.
fn transfer_limit(len: u64) -> Duration {
    STALL.saturating_mul(2).saturating_add(Duration::from_secs(len / MIN_RATE))
}
