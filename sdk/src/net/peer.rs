// SPDX-License-Identifier: Apache-2.0
//! One participant of the network.

use super::partial::Partials;
use super::protocol::{converse, download, Audits, Blobs, Handler, Serving, AUDIT_ALPN, BLOB_ALPN, MAX_REQUEST_BYTES};
use super::stream::Decoder;
use super::{address, pace, Access, BlobStore, Expected, Faults, FetchError, NetError, PeerId, Request, Response};
use bytes::Bytes;
use codec::{DecodeAll, Encode};
use iroh::endpoint::{presets, Connection, QuicTransportConfig, VarInt};
use iroh::protocol::Router;
use quern_primitives::job::Endpoint;
use quern_primitives::BlobId;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// Longest time that making a connection may take.
pub const CONNECT: Duration = Duration::from_secs(5);
/// How often each provider is tried for one blob.
const ROUNDS: u32 = 3;
/// Pause after the first round; each later one is four times as long.
const PAUSE: Duration = Duration::from_millis(250);
/// Exchanges with one peer at once, in each protocol: bounds what one peer can make us do. The asking side keeps to it too,
/// so that its exchanges wait here, where no clock runs, and not at the other side.
const MAX_STREAMS: u32 = 8;
/// Bytes that a peer may have on the way to us in one stream, and in one connection: what a stranger can make us keep unread.
/// 256 KiB keep a line of 50 Mbit/s with 40 ms of delay busy.
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 4 * STREAM_WINDOW_BYTES;
/// Endpoints that are remembered; when there are more, those without a connection are forgotten.
const MAX_SLOTS: usize = 1_024;
/// Why we close a connection: the peer sent what it must not.
const MISBEHAVED: VarInt = VarInt::from_u32(1);

/// How a peer is set up.
#[derive(Clone)]
pub struct Config {
    /// The secret key (ed25519); its public key is the peer's id.
    pub secret: [u8; 32],
    /// The UDP address to listen on; port 0 takes a free one.
    pub bind: SocketAddr,
    /// Where others reach us, if that is not where we listen (a forwarded port).
    pub announce: Vec<SocketAddr>,
    /// Fault injection: what it serves late, or not at all.
    pub faults: Option<Faults>,
    /// Whether it never again dials an endpoint that it has never reached and that was silent for the whole time that a connection may
    /// take. For a command that asks the same few peers for one thing after the other, and ends; whoever stays would lose those who were
    /// only away.
    pub gives_up_silent: bool,
}

impl Config {
    /// Listens on `bind`, and is reached there.
    pub fn new(secret: [u8; 32], bind: SocketAddr) -> Self {
        Self { secret, bind, announce: Vec::new(), faults: None, gives_up_silent: false }
    }
}

/// One participant: serves blobs and answers requests, fetches and asks. Clones are the same peer.
#[derive(Clone)]
pub struct Peer {
    router: Router,
    serving: Arc<Serving>,
    announce: Arc<[SocketAddr]>,
    slots: Arc<Mutex<Slots>>,
    partials: Arc<Partials>,
    /// Kept where silent endpoints are given up.
    reached: Option<Arc<Mutex<Reached>>>,
}

/// By the whole endpoint, encoded: whoever names the id of somebody else with addresses at which nobody answers holds up nobody but those who
/// dial these.
type Slots = HashMap<(Vec<u8>, &'static [u8]), Arc<Slot>>;

/// Whether an endpoint, encoded, was ever reached, in whichever protocol; those that were dialled and never reached were silent.
type Reached = HashMap<Vec<u8>, bool>;

/// Whether somebody answers at an endpoint with the endpoint's own key, asked by a stranger.
pub async fn probe(to: &Endpoint, within: Duration) -> Result<(), NetError> {
    let target = address::to_iroh(to)?;
    let unreachable = |error: &dyn std::fmt::Display| NetError::Unreachable(error.to_string());
    let is_v4 = to.addresses.iter().any(|at| address::to_socket(*at).is_ipv4());
    let any: SocketAddr = if is_v4 { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let stranger = iroh::Endpoint::builder(presets::Minimal)
        .clear_ip_transports()
        .bind_addr(any)
        .map_err(|error| unreachable(&error))?
        .bind()
        .await
        .map_err(|error| unreachable(&error))?;
    let outcome = match timeout(within, stranger.connect(target, BLOB_ALPN)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(unreachable(&error)),
        Err(_) => Err(NetError::Unreachable(format!("no answer within {within:?}"))),
    };
    stranger.close().await;
    outcome
}

/// What we have with one peer in one protocol.
struct Slot {
    /// Locked while the connection is being made, so that it is made once.
    link: tokio::sync::Mutex<Link>,
    streams: Semaphore,
    /// Whether it was too slow the last time.
    is_slow: AtomicBool,
}

#[derive(Default)]
struct Link {
    connection: Option<Connection>,
    failure: Option<(Instant, NetError)>,
}

impl Peer {
    /// Starts listening and serving.
    pub async fn bind(config: Config, store: impl BlobStore) -> io::Result<Self> {
        let transport = QuicTransportConfig::builder()
            .max_concurrent_bidi_streams(MAX_STREAMS.into())
            .max_concurrent_uni_streams(0u32.into())
            .stream_receive_window(STREAM_WINDOW_BYTES.into())
            .receive_window(CONNECTION_WINDOW_BYTES.into())
            .build();
        let endpoint = iroh::Endpoint::builder(presets::Minimal)
            .secret_key(iroh::SecretKey::from_bytes(&config.secret))
            .transport_config(transport)
            .clear_ip_transports()
            .bind_addr(config.bind)
            .map_err(io::Error::other)?
            .bind()
            .await
            .map_err(io::Error::other)?;
        let serving = Arc::new(Serving::new(Arc::new(store), config.faults));
        let router = Router::builder(endpoint)
            .accept(BLOB_ALPN, Blobs(serving.clone()))
            .accept(AUDIT_ALPN, Audits(serving.clone()))
            .spawn();
        Ok(Self {
            router,
            serving,
            announce: config.announce.into(),
            slots: Arc::default(),
            partials: Arc::default(),
            reached: config.gives_up_silent.then(Arc::default),
        })
    }

    /// Its public key.
    pub fn id(&self) -> PeerId {
        *self.router.endpoint().id().as_bytes()
    }

    /// Where it is reached: the record that stands on chain. A peer that listens on every interface names the addresses of
    /// its interfaces, which are known a moment after it started.
    pub fn endpoint(&self) -> Endpoint {
        let bound = self.router.endpoint().bound_sockets();
        if !self.announce.is_empty() {
            address::endpoint(self.id(), self.announce.iter().copied())
        } else if bound.iter().any(|address| address.ip().is_unspecified()) {
            address::endpoint(self.id(), self.router.endpoint().addr().ip_addrs().copied())
        } else {
            address::endpoint(self.id(), bound)
        }
    }

    /// Its own blobs.
    pub fn store(&self) -> &dyn BlobStore {
        &*self.serving.store
    }

    /// Who may fetch them.
    pub fn access(&self) -> &Access {
        &self.serving.access
    }

    /// Who is served also when strangers take all the places that they can get.
    pub fn expected(&self) -> &Expected {
        &self.serving.expected
    }

    /// Answers requests with `handler` from now on. Only the first call has an effect.
    pub fn answer_with(&self, handler: Arc<dyn Handler>) {
        self.serving.handler.set(handler).ok();
    }

    /// The blob with this id and length: from the own store, else from the first provider that delivers it (then it is kept
    /// in the own store). Providers are tried in turn (those that could not be reached or were too slow last time come last), a few
    /// rounds with growing pauses; one that sends wrong bytes or another length is not asked again. Each goes on where the one before
    /// it stopped. It ends at the deadline that it runs within ([`pace::within`]); the next fetch goes on from what had arrived.
    pub async fn fetch(&self, id: BlobId, len: u64, from: &[Endpoint]) -> Result<Bytes, FetchError> {
        let store_failed = |error| FetchError::Store { id, error };
        if let Some(bytes) = self.serving.store.get(id).await.map_err(store_failed)? {
            return if bytes.len() as u64 == len {
                Ok(bytes)
            } else {
                Err(FetchError::Nobody { id, failures: vec![(self.id(), NetError::WrongLength)] })
            };
        }
        let too_long = || FetchError::Nobody {
            id,
            failures: from.iter().map(|provider| (provider.id, NetError::WrongLength)).collect(),
        };
        let partial = self.partials.begin(id, len).ok_or_else(too_long)?;
        match pace::in_time(self.receive(id, len, from, &partial.decoder)).await {
            Some(result) => {
                let bytes = result?;
                self.serving.store.put(bytes.clone()).await.map_err(store_failed)?;
                Ok(bytes)
            }
            None => Err(FetchError::Late { id, arrived: partial.arrived(), len }),
        }
    }

    async fn receive(
        &self,
        id: BlobId,
        len: u64,
        from: &[Endpoint],
        decoder: &tokio::sync::Mutex<Decoder>,
    ) -> Result<Bytes, FetchError> {
        let mut providers: Vec<(&Endpoint, Option<NetError>)> = from.iter().map(|provider| (provider, None)).collect();
        providers.sort_by_key(|(provider, _)| {
            let slot = self.slot(provider, BLOB_ALPN);
            (slot.is_down(), slot.is_slow.load(Ordering::Relaxed))
        });
        let mut pause = PAUSE;
        for round in 0..ROUNDS {
            if round > 0 {
                sleep(pause).await;
                pause = pause.saturating_mul(4);
            }
            for (provider, failure) in &mut providers {
                if failure.as_ref().is_some_and(|error| !error.is_passing()) {
                    continue;
                }
                let slot = self.slot(provider, BLOB_ALPN);
                match self.exchange(provider, BLOB_ALPN, |connection| download(connection, id, len, decoder)).await {
                    Ok(()) => {
                        slot.is_slow.store(false, Ordering::Relaxed);
                        match decoder.lock().await.finish() {
                            Some(bytes) => return Ok(bytes),
                            None => *failure = Some(NetError::WrongBytes),
                        }
                    }
                    Err(error) => {
                        tracing::debug!(%id, peer = hex::encode(provider.id), %error, "fetch failed");
                        slot.is_slow.store(error == NetError::Slow, Ordering::Relaxed);
                        *failure = Some(error);
                    }
                }
            }
            if !providers.iter().any(|(_, failure)| failure.as_ref().is_some_and(NetError::is_passing)) {
                break;
            }
        }
        let failures = providers.into_iter().filter_map(|(provider, failure)| Some((provider.id, failure?))).collect();
        Err(FetchError::Nobody { id, failures })
    }

    /// Makes one request (at most 64 KiB) and returns the answer (at most 4 MiB). It may arrive twice. It ends at the deadline that it
    /// runs within ([`pace::within`]).
    pub async fn request(&self, to: &Endpoint, request: &[u8]) -> Result<Vec<u8>, NetError> {
        if request.len() > MAX_REQUEST_BYTES {
            return Err(NetError::TooLarge);
        }
        let answered = pace::in_time(self.exchange(to, AUDIT_ALPN, |connection| converse(connection, request))).await;
        answered.unwrap_or(Err(NetError::Timeout))
    }

    /// Makes one request of the protocol.
    pub async fn ask(&self, to: &Endpoint, request: &Request) -> Result<Response, NetError> {
        let answer = self.request(to, &request.encode()).await?;
        Response::decode_all(&mut answer.as_slice()).map_err(|_| NetError::Malformed)
    }

    /// Stops serving and closes every connection.
    pub async fn shutdown(&self) {
        if let Err(error) = self.router.shutdown().await {
            tracing::warn!(%error, "the peer did not stop cleanly");
        }
    }

    /// Talks over the connection to a peer. One that was open already may be stale (the peer restarted), so then a new one is
    /// made and the talk repeated.
    pub(super) async fn exchange<T, F>(
        &self,
        to: &Endpoint,
        alpn: &'static [u8],
        talk: impl Fn(Connection) -> F,
    ) -> Result<T, NetError>
    where
        F: Future<Output = Result<T, NetError>>,
    {
        let (asked, slot) = (Instant::now(), self.slot(to, alpn));
        let _stream = slot.streams.acquire().await.map_err(|error| NetError::Unreachable(error.to_string()))?;
        let (connection, reused) = self.connect(&slot, asked, to, alpn).await?;
        let result = slot.judge(&connection, talk(connection.clone()).await).await;
        if !reused || !matches!(result, Err(NetError::Lost(_) | NetError::Timeout)) {
            return result;
        }
        let (connection, _) = self.connect(&slot, Instant::now(), to, alpn).await?;
        slot.judge(&connection, talk(connection.clone()).await).await
    }

    /// The connection to a peer, and whether it was open already.
    async fn connect(
        &self,
        slot: &Slot,
        asked: Instant,
        to: &Endpoint,
        alpn: &[u8],
    ) -> Result<(Connection, bool), NetError> {
        let mut link = slot.link.lock().await;
        if let Some(open) = link.connection.as_ref().filter(|connection| connection.close_reason().is_none()) {
            return Ok((open.clone(), true));
        }
        if let Some((_, error)) = link.failure.as_ref().filter(|(at, _)| *at > asked) {
            return Err(error.clone()); // tried for somebody else while this one waited
        }
        if self.reached().is_some_and(|reached| reached.get(&to.encode()) == Some(&false)) {
            return Err(NetError::Silent);
        }
        let dialling = async {
            let target = address::to_iroh(to)?;
            match timeout(CONNECT, self.router.endpoint().connect(target, alpn)).await {
                Ok(Ok(connection)) => Ok(connection),
                Ok(Err(error)) => Err(NetError::Unreachable(error.to_string())),
                // One that was reached before is only away.
                Err(_) => match self.reached().is_some_and(|mut reached| !*reached.entry(to.encode()).or_default()) {
                    true => Err(NetError::Silent),
                    false => Err(NetError::Unreachable(format!("no answer within {CONNECT:?}"))),
                },
            }
        };
        match dialling.await {
            Ok(connection) => {
                if let Some(mut reached) = self.reached() {
                    reached.insert(to.encode(), true);
                }
                *link = Link { connection: Some(connection.clone()), failure: None };
                Ok((connection, false))
            }
            Err(error) => {
                *link = Link { connection: None, failure: Some((Instant::now(), error.clone())) };
                Err(error)
            }
        }
    }

    fn reached(&self) -> Option<MutexGuard<'_, Reached>> {
        self.reached.as_ref().map(|reached| reached.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn slot(&self, to: &Endpoint, alpn: &'static [u8]) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MAX_SLOTS {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1 || slot.is_open());
        }
        slots.entry((to.encode(), alpn)).or_default().clone()
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self {
            link: Default::default(),
            streams: Semaphore::new(MAX_STREAMS as usize),
            is_slow: AtomicBool::new(false),
        }
    }
}

impl Slot {
    /// Whether it is being talked to.
    fn is_open(&self) -> bool {
        let is_open = |link: &Link| link.connection.as_ref().is_some_and(|open| open.close_reason().is_none());
        self.link.try_lock().map_or(true, |link| is_open(&link))
    }

    /// Whether the last attempt to connect failed.
    fn is_down(&self) -> bool {
        self.link.try_lock().is_ok_and(|link| link.failure.is_some())
    }

    /// Passes the outcome of a talk on, and drops the connection where the outcome says that it is of no more use.
    async fn judge<T>(&self, connection: &Connection, result: Result<T, NetError>) -> Result<T, NetError> {
        match result {
            Err(NetError::WrongBytes | NetError::Malformed) => connection.close(MISBEHAVED, b"misbehaved"),
            Err(NetError::Lost(_) | NetError::Timeout) => {
                let mut link = self.link.lock().await;
                if link.connection.as_ref().is_some_and(|open| open.stable_id() == connection.stable_id()) {
                    link.connection = None;
                }
            }
            _ => {}
        }
        result
    }
}
