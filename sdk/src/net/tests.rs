// SPDX-License-Identifier: Apache-2.0
//! Real endpoints over loopback; the liars speak the protocol by hand.

use super::connections::MAX_PEER_CONNECTIONS;
use super::messages::{Answer, Answering, Commitment, Committed, Unproven};
use super::places::OPEN;
use super::protocol::{receive, Source, AUDIT_ALPN, BLOB_ALPN, BLOB_REQUEST_BYTES, MAX_REQUEST_BYTES, STALL};
use super::stream::{encode, Decoder, GROUP_BYTES, MAX_BLOB_BYTES};
use super::*;
use bytes::Bytes;
use codec::{Decode, Encode};
use iroh::endpoint::{presets, Connection, ConnectionError, SendStream};
use proptest::prelude::*;
use quern_primitives::commitment::{leaf_list, opened_digest, results_digest, secret_hash, LeafProof};
use quern_primitives::job::{Blob, Endpoint, SocketAddress};
use quern_primitives::ShardId;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

const LOOPBACK: &str = "127.0.0.1:0";
const SHARD: ShardId = ShardId { job: 1, stage: 2, index: 3 };

fn loopback() -> SocketAddr {
    LOOPBACK.parse().unwrap()
}

fn secret() -> [u8; 32] {
    iroh::SecretKey::generate().to_bytes()
}

async fn peer() -> Peer {
    Peer::bind(Config::new(secret(), loopback()), MemoryStore::default()).await.unwrap()
}

/// A blob of `len` bytes that does not repeat.
fn blob(len: usize) -> (BlobId, Bytes) {
    let mut bytes = vec![0; len];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    (BlobId::of(&bytes), bytes.into())
}

/// A peer that holds a blob and lets `to` have it.
async fn provider(bytes: &Bytes, to: &Peer) -> Peer {
    let provider = peer().await;
    let id = provider.store().put(bytes.clone()).await.unwrap();
    provider.access().allow(id, to.id());
    provider
}

/// An endpoint that answers every blob request by hand, and reports how each connection ended.
struct Liar {
    endpoint: Endpoint,
    ended: tokio::sync::mpsc::UnboundedReceiver<ConnectionError>,
}

async fn liar<F>(lie: impl Fn(SendStream, usize) -> F + Send + Sync + 'static) -> Liar
where
    F: Future<Output = SendStream> + Send + 'static,
{
    let endpoint = iroh::Endpoint::builder(presets::Minimal)
        .alpns(vec![BLOB_ALPN.to_vec()])
        .clear_ip_transports()
        .bind_addr(loopback())
        .unwrap()
        .bind()
        .await
        .unwrap();
    let record = address::endpoint(*endpoint.id().as_bytes(), endpoint.bound_sockets());
    let (end, ended) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(incoming) = endpoint.accept().await {
            let connection = incoming.accept().unwrap().await.unwrap();
            let mut open = Vec::new();
            while let Ok((send, mut recv)) = connection.accept_bi().await {
                let request = recv.read_to_end(BLOB_REQUEST_BYTES).await.unwrap();
                let skip = u64::from_le_bytes(*request.last_chunk::<8>().unwrap());
                open.push(lie(send, skip as usize).await);
            }
            end.send(connection.closed().await).ok();
        }
    });
    Liar { endpoint: record, ended }
}

/// Sends the blob with one byte of its `at`-th item flipped and then nothing more, without ending the stream.
async fn corrupting(bytes: Bytes, at: usize) -> Liar {
    liar(move |mut send, _| {
        let (_, items) = encode(&bytes);
        let len = bytes.len() as u64;
        async move {
            send.write_all(&len.to_le_bytes()).await.unwrap();
            for (position, item) in items.iter().enumerate().take(at + 1) {
                let mut item = item.to_vec();
                if position == at {
                    item[17] ^= 1;
                }
                send.write_all(&item).await.unwrap();
            }
            send
        }
    })
    .await
}

/// Claims `claimed` bytes, then sends the blob's true stream.
async fn claiming(bytes: Bytes, claimed: u64) -> Liar {
    liar(move |mut send, _| {
        let (_, items) = encode(&bytes);
        async move {
            send.write_all(&claimed.to_le_bytes()).await.unwrap();
            for item in items {
                send.write_chunk(item).await.unwrap();
            }
            send.finish().unwrap();
            send
        }
    })
    .await
}

fn only_failure(result: Result<Bytes, FetchError>) -> NetError {
    match result.unwrap_err().failures() {
        [(_, error)] => error.clone(),
        other => panic!("not one failure: {other:?}"),
    }
}

#[tokio::test]
async fn fetch_should_deliver_and_keep_the_blob_when_it_is_allowed() {
    let asker = peer().await;
    for len in [0, 1, GROUP_BYTES as usize, GROUP_BYTES as usize + 1, 3_000_000] {
        let (id, bytes) = blob(len);
        let provider = provider(&bytes, &asker).await;
        assert_eq!(asker.fetch(id, len as u64, &[provider.endpoint()]).await.unwrap(), bytes);
        assert_eq!(asker.store().get(id).await.unwrap(), Some(bytes));
    }
}

#[tokio::test]
async fn fetch_should_be_denied_when_the_peer_is_not_allowed() {
    let (asker, other) = (peer().await, peer().await);
    let (id, bytes) = blob(1_000);
    let provider = provider(&bytes, &other).await;
    assert_eq!(only_failure(asker.fetch(id, 1_000, &[provider.endpoint()]).await), NetError::NotServed);
}

#[tokio::test]
async fn fetch_should_be_denied_when_the_blob_is_stored_but_never_allowed() {
    let (asker, provider) = (peer().await, peer().await);
    let (_, bytes) = blob(1_000);
    let id = provider.store().put(bytes).await.unwrap();
    assert_eq!(only_failure(asker.fetch(id, 1_000, &[provider.endpoint()]).await), NetError::NotServed);
}

#[tokio::test]
async fn fetch_should_succeed_when_the_blob_is_allowed_while_it_is_retried() {
    let (asker, provider) = (peer().await, peer().await);
    let (id, bytes) = blob(1_000);
    provider.store().put(bytes.clone()).await.unwrap();
    let from = [provider.endpoint()];
    let (fetched, ()) = tokio::join!(asker.fetch(id, 1_000, &from), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        provider.access().allow(id, asker.id());
    });
    assert_eq!(fetched.unwrap(), bytes);
}

#[tokio::test]
async fn fetch_should_be_open_to_all_when_the_blob_is_published_and_to_none_when_withdrawn() {
    let (provider, first, second) = (peer().await, peer().await, peer().await);
    let (id, bytes) = blob(1_000);
    provider.store().put(bytes).await.unwrap();
    provider.access().publish(id);
    first.fetch(id, 1_000, &[provider.endpoint()]).await.unwrap();
    provider.access().withdraw(id);
    assert_eq!(only_failure(second.fetch(id, 1_000, &[provider.endpoint()]).await), NetError::NotServed);
}

#[tokio::test]
async fn fetch_should_refuse_at_the_first_wrong_item_and_drop_the_connection_when_a_byte_is_flipped() {
    let (id, bytes) = blob(2_000_000);
    for at in [0, 1, 2, 100] {
        let asker = peer().await;
        let mut liar = corrupting(bytes.clone(), at).await;
        let began = Instant::now();
        // The liar neither sends the rest nor ends the stream: waiting for either would be a timeout.
        assert_eq!(
            only_failure(asker.fetch(id, 2_000_000, std::slice::from_ref(&liar.endpoint)).await),
            NetError::WrongBytes
        );
        assert!(began.elapsed() < STALL);
        assert!(matches!(liar.ended.recv().await, Some(ConnectionError::ApplicationClosed(_))));
        assert!(!asker.store().has(id).await.unwrap());
    }
}

#[tokio::test]
async fn fetch_should_refuse_the_blob_when_its_length_is_not_the_expected_one() {
    let (id, bytes) = blob(100_000);
    for expected in [0, 99_999, 100_001, 1 << 30] {
        let asker = peer().await;
        let provider = provider(&bytes, &asker).await;
        assert_eq!(only_failure(asker.fetch(id, expected, &[provider.endpoint()]).await), NetError::WrongLength);
    }
}

#[tokio::test]
async fn fetch_should_refuse_the_blob_when_the_provider_lies_about_its_length() {
    let (id, bytes) = blob(100_000);
    for (claimed, error) in [(99_999, NetError::WrongBytes), (100_001, NetError::WrongLength)] {
        let asker = peer().await;
        let liar = claiming(bytes.clone(), claimed).await;
        assert_eq!(only_failure(asker.fetch(id, claimed, std::slice::from_ref(&liar.endpoint)).await), error);
    }
}

#[tokio::test]
async fn fetch_should_refuse_the_blob_when_the_stream_ends_early() {
    let (id, bytes) = blob(100_000);
    let liar = liar(move |mut send, _| {
        let (_, items) = encode(&bytes);
        async move {
            send.write_all(&100_000u64.to_le_bytes()).await.unwrap();
            for item in items.into_iter().take(4) {
                send.write_chunk(item).await.unwrap();
            }
            send.finish().unwrap();
            send
        }
    })
    .await;
    assert_eq!(
        only_failure(peer().await.fetch(id, 100_000, std::slice::from_ref(&liar.endpoint)).await),
        NetError::WrongLength
    );
}

#[tokio::test]
async fn probe_should_tell_who_answers_when_an_endpoint_is_asked() {
    let (here, other) = (peer().await, peer().await);
    let within = Duration::from_secs(5);
    assert_eq!(probe(&here.endpoint(), within).await, Ok(()));
    // Somebody else at the address is not the one that is meant.
    let moved = Endpoint { id: other.id(), ..here.endpoint() };
    assert!(probe(&moved, within).await.is_err());
}

#[tokio::test]
async fn fetch_should_fail_in_bounded_time_when_nobody_listens() {
    let gone = peer().await;
    let endpoint = gone.endpoint();
    gone.shutdown().await;
    let asker = peer().await;
    let began = Instant::now();
    let error = only_failure(asker.fetch(BlobId::of(b"x"), 1, &[endpoint]).await);
    assert!(matches!(error, NetError::Unreachable(_)), "{error}");
    assert!(began.elapsed() < peer::CONNECT * 4, "{:?}", began.elapsed());
}

#[tokio::test]
async fn silent_endpoint_should_be_dialled_again_unless_the_peer_gives_up_silent_ones() {
    let dial = |gives_up_silent| async move {
        let silent = std::net::UdpSocket::bind(loopback()).unwrap();
        let (key, at) = (secret(), silent.local_addr().unwrap());
        let endpoint = address::endpoint(*iroh::SecretKey::from_bytes(&key).public().as_bytes(), [at]);
        let config = Config { gives_up_silent, ..Config::new(secret(), loopback()) };
        let asker = Peer::bind(config, MemoryStore::default()).await.unwrap();
        asker.request(&endpoint, b"").await.unwrap_err();
        drop(silent);
        let here = Peer::bind(Config::new(key, at), MemoryStore::default()).await.unwrap();
        let (id, bytes) = blob(1_000);
        here.store().put(bytes).await.unwrap();
        here.access().publish(id);
        let began = Instant::now();
        // Over the other protocol.
        let fetched = asker.fetch(id, 1_000, std::slice::from_ref(&endpoint)).await;
        (fetched, began.elapsed())
    };
    let ((again, _), (given_up, took)) = tokio::join!(dial(false), dial(true));
    assert!(again.is_ok(), "{again:?}");
    assert_eq!(only_failure(given_up), NetError::Silent);
    assert!(took < Duration::from_secs(1), "no rounds and no pauses: {took:?}");
}

#[tokio::test]
async fn endpoint_should_be_dialled_again_when_it_was_reached_before_it_fell_silent() {
    let config = Config { gives_up_silent: true, ..Config::new(secret(), loopback()) };
    let asker = Peer::bind(config, MemoryStore::default()).await.unwrap();
    let key = secret();
    let before = Peer::bind(Config::new(key, loopback()), MemoryStore::default()).await.unwrap();
    let endpoint = before.endpoint();
    let (id, bytes) = blob(1_000);
    assert_eq!(only_failure(asker.fetch(id, 1_000, std::slice::from_ref(&endpoint)).await), NetError::NotServed);
    before.shutdown().await;
    drop(before);
    let at = address::to_socket(endpoint.addresses[0]);
    let silent = loop {
        match std::net::UdpSocket::bind(at) {
            Ok(silent) => break silent,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await, // the port is not free yet
        }
    };
    // Over the other protocol: what was reached in one is known in both.
    let error = asker.request(&endpoint, b"").await.unwrap_err();
    assert!(matches!(&error, NetError::Unreachable(why) if why.starts_with("no answer")), "{error:?}");
    drop(silent);
    let again = Peer::bind(Config::new(key, at), MemoryStore::default()).await.unwrap();
    again.store().put(bytes.clone()).await.unwrap();
    again.access().publish(id);
    assert_eq!(asker.fetch(id, 1_000, &[endpoint]).await.unwrap(), bytes);
}

#[tokio::test]
async fn fetch_should_fail_at_once_when_the_endpoint_cannot_be_dialled() {
    let asker = peer().await;
    let nowhere = Endpoint { id: peer().await.id(), addresses: Default::default() };
    let no_key = Endpoint { id: [0xff; 32], addresses: asker.endpoint().addresses };
    for endpoint in [nowhere, no_key, asker.endpoint()] {
        let error = asker.request(&endpoint, b"").await.unwrap_err();
        assert!(matches!(error, NetError::Unreachable(_)), "{error}");
    }
}

#[tokio::test]
async fn fetch_should_fail_when_no_provider_is_known() {
    let error = peer().await.fetch(BlobId::of(b"x"), 1, &[]).await.unwrap_err();
    assert!(error.failures().is_empty());
    assert!(error.to_string().ends_with("no provider is known"));
}

#[tokio::test]
async fn fetch_should_use_the_second_provider_when_the_first_is_bad() {
    let asker = peer().await;
    let (id, bytes) = blob(500_000);
    let (bad, good) = (corrupting(bytes.clone(), 3).await, provider(&bytes, &asker).await);
    assert_eq!(asker.fetch(id, 500_000, &[bad.endpoint, good.endpoint()]).await.unwrap(), bytes);
}

#[tokio::test]
async fn fetch_should_not_wait_for_a_provider_again_when_it_could_not_be_reached() {
    let (asker, gone) = (peer().await, peer().await);
    let gone_endpoint = gone.endpoint();
    gone.shutdown().await;
    let (first, second) = (blob(1_000), blob(2_000));
    let good = provider(&first.1, &asker).await;
    good.store().put(second.1).await.unwrap();
    good.access().publish(second.0);
    let from = [gone_endpoint, good.endpoint()];
    asker.fetch(first.0, 1_000, &from).await.unwrap();
    let began = Instant::now();
    asker.fetch(second.0, 2_000, &from).await.unwrap();
    assert!(began.elapsed() < peer::CONNECT);
}

#[tokio::test]
async fn fetch_should_time_out_when_the_provider_stays_silent() {
    let (id, _) = blob(1_000);
    let silent = liar(|send, _| async { send }).await;
    let asker = peer().await;
    let decoder = tokio::sync::Mutex::new(Decoder::new(id, 1_000).unwrap());
    let download = |open| protocol::download(open, id, 1_000, &decoder);
    assert_eq!(asker.exchange(&silent.endpoint, BLOB_ALPN, download).await, Err(NetError::Timeout));
}

/// Sends `items` of the blob's stream, from where it is asked to, then ends it, complete or not; tells what it was asked to
/// leave out.
async fn breaking_off(bytes: Bytes, items: usize) -> (Liar, tokio::sync::mpsc::UnboundedReceiver<usize>) {
    let (tell, told) = tokio::sync::mpsc::unbounded_channel();
    let liar = liar(move |mut send, skip| {
        let (_, all) = encode(&bytes);
        let len = bytes.len() as u64;
        tell.send(skip).unwrap();
        async move {
            send.write_all(&len.to_le_bytes()).await.unwrap();
            for item in all.into_iter().skip(skip).take(items) {
                send.write_chunk(item).await.unwrap();
            }
            send.finish().unwrap();
            send
        }
    })
    .await;
    (liar, told)
}

#[tokio::test]
async fn fetch_should_go_on_at_the_next_provider_where_the_one_before_broke_off() {
    let (id, bytes) = blob(200_000);
    let (first, mut asked_first) = breaking_off(bytes.clone(), 5).await;
    let (second, mut asked_second) = breaking_off(bytes.clone(), usize::MAX / 2).await;
    let asker = peer().await;
    assert_eq!(asker.fetch(id, 200_000, &[first.endpoint, second.endpoint]).await.unwrap(), bytes);
    assert_eq!((asked_first.recv().await, asked_second.recv().await), (Some(0), Some(5)));
}

#[tokio::test]
async fn fetch_should_end_at_its_deadline_when_nobody_answers() {
    let (id, _) = blob(1_000);
    let (silent, asker) = (liar(|send, _| async { send }).await, peer().await);
    let from = [silent.endpoint];
    let late = pace::within(Some(tokio::time::Instant::now()), asker.fetch(id, 1_000, &from)).await;
    assert!(matches!(late, Err(FetchError::Late { arrived: 0, len: 1_000, .. })), "{late:?}");
    let request = Request::Secret { shard: SHARD };
    let late = pace::within(Some(tokio::time::Instant::now()), asker.ask(&from[0], &request)).await;
    assert_eq!(late, Err(NetError::Timeout));
}

/// A peer's answer of which each item takes so long.
struct Trickle {
    bytes: std::collections::VecDeque<u8>,
    pause: Duration,
}

impl Source for Trickle {
    async fn fill(&mut self, item: &mut [u8]) -> Result<(), NetError> {
        tokio::time::sleep(self.pause).await;
        for byte in item {
            *byte = self.bytes.pop_front().ok_or(NetError::WrongLength)?;
        }
        Ok(())
    }
}

/// Receives a blob of 4 MiB whose items each take so long: how it ends, how long that takes, and how much arrived.
async fn trickled(pause: Duration) -> (Result<(), NetError>, Duration, u64) {
    let (id, bytes) = blob(4 << 20);
    let len = bytes.len() as u64;
    let answer: Vec<u8> = len.to_le_bytes().into_iter().chain(encode(&bytes).1.into_iter().flatten()).collect();
    let mut decoder = Decoder::new(id, len).unwrap();
    let begun = tokio::time::Instant::now();
    let result = receive(&mut Trickle { bytes: answer.into(), pause }, len, &mut decoder).await;
    (result, begun.elapsed(), decoder.arrived())
}

#[tokio::test(start_paused = true)]
async fn fetch_should_leave_a_peer_that_trickles_and_keep_what_came() {
    let (result, took, arrived) = trickled(STALL - Duration::from_millis(1)).await;
    assert_eq!(result, Err(NetError::Slow));
    assert!(took <= 3 * STALL, "{took:?}");
    let (result, took, arrived_sooner) = trickled(Duration::from_millis(400)).await;
    assert_eq!(result, Err(NetError::Slow), "some 20 KiB a second");
    assert!(took <= 2 * STALL && arrived_sooner > arrived, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn fetch_should_stay_with_a_peer_that_is_slow_but_fast_enough() {
    let (result, _, arrived) = trickled(Duration::from_millis(100)).await;
    assert_eq!((result, arrived), (Ok(()), 4 << 20));
}

#[tokio::test]
async fn fetch_should_reach_a_restarted_provider_when_the_old_connection_is_stale() {
    let asker = peer().await;
    let (id, bytes) = blob(1_000);
    let key = secret();
    let process = tokio::runtime::Runtime::new().unwrap();
    let first = process.spawn(Peer::bind(Config::new(key, loopback()), MemoryStore::default())).await.unwrap().unwrap();
    let record = first.endpoint();
    assert_eq!(only_failure(asker.fetch(id, 1_000, std::slice::from_ref(&record)).await), NetError::NotServed);
    process.shutdown_background(); // a kill: nobody is told
    drop(first);

    let config = Config::new(key, address::to_socket(record.addresses[0]));
    let second = loop {
        match Peer::bind(config.clone(), MemoryStore::default()).await {
            Ok(second) => break second,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await, // the port is not free yet
        }
    };
    second.store().put(bytes.clone()).await.unwrap();
    second.access().publish(id);
    assert_eq!(asker.fetch(id, 1_000, &[record]).await.unwrap(), bytes);
}

#[tokio::test]
async fn fetches_should_all_succeed_when_more_run_at_once_than_streams_may_be_open() {
    let (asker, provider) = (peer().await, peer().await);
    let mut ids = Vec::new();
    for number in 0u32..200 {
        let id = provider.store().put(number.to_le_bytes().to_vec().into()).await.unwrap();
        provider.access().allow(id, asker.id());
        ids.push(id);
    }
    let from = [provider.endpoint()];
    let fetched = futures::future::join_all(ids.iter().map(|id| asker.fetch(*id, 4, &from))).await;
    assert!(fetched.iter().all(Result::is_ok));
}

/// Echoes what it is sent, with the asker's id before it; refuses `no`.
struct Echo;

impl Handler for Echo {
    fn handle(&self, from: PeerId, request: Vec<u8>) -> futures::future::BoxFuture<'_, Result<Vec<u8>, String>> {
        Box::pin(async move {
            match request.as_slice() {
                b"no" => Err("not today".into()),
                b"huge" => Ok(vec![0; protocol::MAX_ANSWER_BYTES + 1]),
                b"large" => Ok(vec![0; protocol::MAX_ANSWER_BYTES]),
                _ => Ok([from.as_slice(), &request].concat()),
            }
        })
    }
}

#[tokio::test]
async fn request_should_be_answered_with_the_asker_known_by_its_key() {
    let (asker, answerer) = (peer().await, peer().await);
    answerer.answer_with(Arc::new(Echo));
    let answer = asker.request(&answerer.endpoint(), b"hello").await.unwrap();
    assert_eq!(answer, [asker.id().as_slice(), b"hello"].concat());
}

#[tokio::test]
async fn request_should_say_why_when_it_is_refused() {
    let (asker, answerer) = (peer().await, peer().await);
    let ask = |request: &'static [u8]| {
        let (asker, to) = (asker.clone(), answerer.endpoint());
        async move { asker.request(&to, request).await }
    };
    assert_eq!(ask(b"x").await, Err(NetError::Refused("no requests are answered here".into())));
    answerer.answer_with(Arc::new(Echo));
    assert_eq!(ask(b"no").await, Err(NetError::Refused("not today".into())));
    assert_eq!(ask(b"huge").await, Err(NetError::Refused("the answer is too large".into())));
    assert_eq!(ask(b"large").await.map(|answer| answer.len()), Ok(protocol::MAX_ANSWER_BYTES));
}

/// A connection from a stranger that keeps to no rule.
async fn strangers_connection(to: &Peer, alpn: &[u8]) -> (iroh::Endpoint, Connection) {
    let stranger = iroh::Endpoint::builder(presets::Minimal).bind().await.unwrap();
    let connection = stranger.connect(address::to_iroh(&to.endpoint()).unwrap(), alpn).await.unwrap();
    (stranger, connection)
}

#[tokio::test]
async fn answers_should_take_places_until_they_are_sent_when_nobody_reads_them() {
    const STREAMS: usize = 8;
    let answerer = peer().await;
    answerer.answer_with(Arc::new(Echo));
    let (mut strangers, mut streams) = (Vec::new(), Vec::new());
    // One connection more than there are places for strangers: each may have eight exchanges.
    for _ in 0..=OPEN / STREAMS {
        let (stranger, connection) = strangers_connection(&answerer, AUDIT_ALPN).await;
        for _ in 0..STREAMS {
            let (mut send, recv) = connection.open_bi().await.unwrap();
            send.write_all(b"large").await.unwrap();
            send.finish().unwrap();
            streams.push(recv);
        }
        strangers.push((stranger, connection));
    }
    let begun = futures::future::join_all(streams.iter_mut().map(|recv| async move {
        let mut status = [9];
        recv.read_exact(&mut status).await.map(|()| status)
    }));
    let (answered, refused): (Vec<_>, Vec<_>) = begun.await.into_iter().partition(Result::is_ok);
    assert_eq!((answered.len(), refused.len()), (OPEN, STREAMS));
}

#[tokio::test]
async fn connections_of_a_peer_should_be_closed_when_it_has_too_many() {
    let (answerer, stranger) = (peer().await, iroh::Endpoint::builder(presets::Minimal).bind().await.unwrap());
    answerer.answer_with(Arc::new(Echo));
    let mut open = Vec::new();
    for _ in 0..=MAX_PEER_CONNECTIONS {
        let to = address::to_iroh(&answerer.endpoint()).unwrap();
        let connection = stranger.connect(to, AUDIT_ALPN).await.unwrap();
        protocol::converse(connection.clone(), b"no").await.unwrap_err();
        open.push(connection);
    }
    assert!(matches!(open[0].closed().await, ConnectionError::ApplicationClosed(_)));
    let last = open.last().unwrap().clone();
    assert_eq!(protocol::converse(last, b"no").await, Err(NetError::Refused("not today".into())));
}

#[tokio::test]
async fn peer_should_be_reached_when_somebody_names_its_id_with_dead_addresses() {
    let (asker, answerer, gone) = (peer().await, peer().await, peer().await);
    answerer.answer_with(Arc::new(Echo));
    let dead = Endpoint { id: answerer.id(), addresses: gone.endpoint().addresses };
    gone.shutdown().await;
    // The dead addresses are dialled first.
    let mut dialling = Box::pin(asker.request(&dead, b"hello"));
    assert!(futures::poll!(&mut dialling).is_pending());
    let answer = asker.request(&answerer.endpoint(), b"no").await;
    assert_eq!(answer, Err(NetError::Refused("not today".into())));
}

#[tokio::test]
async fn request_should_be_refused_on_both_sides_when_it_is_too_large() {
    let (asker, answerer) = (peer().await, peer().await);
    answerer.answer_with(Arc::new(Echo));
    let request = vec![0; MAX_REQUEST_BYTES + 1];
    assert_eq!(asker.request(&answerer.endpoint(), &request).await, Err(NetError::TooLarge));

    // A peer that ignores the limit.
    let rude = iroh::Endpoint::builder(presets::Minimal).bind().await.unwrap();
    let connection = rude.connect(address::to_iroh(&answerer.endpoint()).unwrap(), AUDIT_ALPN).await.unwrap();
    let result = protocol::converse(connection, &vec![0; 8 * MAX_REQUEST_BYTES]).await;
    assert_eq!(result, Err(NetError::TooLarge));
}

/// A worker that committed to one task of four segments.
struct Worker {
    committed: Committed,
    secret: [u8; 32],
    tensors: Vec<Vec<BlobId>>,
    ids: Vec<BlobId>,
    list: Vec<u8>,
}

fn worker() -> Worker {
    let secret = [7; 32];
    let tensors: Vec<Vec<BlobId>> = (0u8..4).map(|segment| vec![BlobId::of(&[segment]), BlobId::of(b"same")]).collect();
    let ids: Vec<BlobId> = tensors.iter().map(BlobId::of_list).collect();
    let list = leaf_list(&secret, &[9; 32], &SHARD, &ids);
    let committed = Committed { shard: SHARD, worker: [9; 32], root: BlobId::of(&list), leaves: 4 };
    Worker { committed, secret, tensors, ids, list }
}

impl Worker {
    fn leaf(&self, position: u32) -> LeafProof {
        LeafProof::new(&self.list, &self.secret, position, self.ids[position as usize])
    }

    fn checkpoint(&self, position: u32) -> Checkpoint {
        Checkpoint { leaf: self.leaf(position), tensors: self.tensors[position as usize].clone() }
    }
}

impl Answer for Worker {
    async fn answer(&self, _: PeerId, request: Request) -> Result<Response, String> {
        match request {
            Request::Opening { shard: SHARD } => Ok(Response::Opening(vec![self.checkpoint(0), self.checkpoint(2)])),
            Request::Results { shard: SHARD } => Ok(Response::Results(vec![self.leaf(1), self.leaf(3)])),
            Request::Secret { shard: SHARD } => {
                Ok(Response::Secret(Commitment { secret: self.secret, ids: self.ids.clone() }))
            }
            Request::TraceTensor { op: 5, .. } => Ok(Response::TraceTensor(Blob { id: BlobId::of(b"same"), len: 4 })),
            _ => Err("unknown".into()),
        }
    }
}

#[tokio::test]
async fn ask_should_bring_what_an_audit_needs_when_the_worker_is_honest() {
    let (auditor, server, worker) = (peer().await, peer().await, worker());
    let (committed, ids, secret) = (worker.committed, worker.ids.clone(), worker.secret);
    server.answer_with(Arc::new(Answering(worker)));
    let to = server.endpoint();

    let Ok(Response::Opening(opened)) = auditor.ask(&to, &Request::Opening { shard: SHARD }).await else { panic!() };
    committed.verify_opening(&opened, &[0, 2], &opened_digest(&SHARD, &[ids[0], ids[2]])).unwrap();

    let Ok(Response::Results(results)) = auditor.ask(&to, &Request::Results { shard: SHARD }).await else { panic!() };
    let digest = results_digest(&SHARD, &[ids[1], ids[3]]);
    assert_eq!(committed.verify_results(&results, &[1, 3], &digest).unwrap(), [ids[1], ids[3]]);

    let Ok(Response::Secret(shown)) = auditor.ask(&to, &Request::Secret { shard: SHARD }).await else { panic!() };
    committed.verify_secret(&shown, &secret_hash(&secret)).unwrap();

    let tensor = auditor.ask(&to, &Request::TraceTensor { dispute: 1, op: 5 }).await.unwrap();
    assert_eq!(tensor, Response::TraceTensor(Blob { id: BlobId::of(b"same"), len: 4 }));

    let other = ShardId { index: 9, ..SHARD };
    assert_eq!(auditor.ask(&to, &Request::Secret { shard: other }).await, Err(NetError::Refused("unknown".into())));
}

#[tokio::test]
async fn ask_should_fail_when_the_answer_is_not_a_response() {
    let (asker, answerer) = (peer().await, peer().await);
    answerer.answer_with(Arc::new(Echo));
    let answer = asker.ask(&answerer.endpoint(), &Request::Secret { shard: SHARD }).await;
    assert_eq!(answer, Err(NetError::Malformed));
}

#[test]
fn opening_should_not_be_believed_when_anything_differs() {
    let worker = worker();
    let digest = opened_digest(&SHARD, &[worker.ids[0], worker.ids[2]]);
    let verify = |checkpoints: &[Checkpoint], digest| worker.committed.verify_opening(checkpoints, &[0, 2], digest);
    let [first, second] = [worker.checkpoint(0), worker.checkpoint(2)];
    let foreign = Checkpoint { tensors: worker.tensors[1].clone(), ..second.clone() };
    assert_eq!(verify(&[first.clone(), second.clone()], &digest), Ok(()));
    assert_eq!(verify(std::slice::from_ref(&first), &digest), Err(Unproven::Count));
    assert_eq!(verify(&[first.clone(), worker.checkpoint(1)], &digest), Err(Unproven::Leaf(1)));
    assert_eq!(verify(&[first.clone(), foreign], &digest), Err(Unproven::Tensors(1)));
    assert_eq!(verify(&[first, second], &[0; 32]), Err(Unproven::Digest));
}

#[test]
fn secret_should_not_be_believed_when_anything_differs() {
    let worker = worker();
    let hash = secret_hash(&worker.secret);
    let shown = Commitment { secret: worker.secret, ids: worker.ids.clone() };
    let verify = |shown: &Commitment| worker.committed.verify_secret(shown, &hash);
    assert_eq!(verify(&shown), Ok(()));
    assert_eq!(verify(&Commitment { secret: [8; 32], ..shown.clone() }), Err(Unproven::Secret));
    assert_eq!(verify(&Commitment { ids: worker.ids[..3].to_vec(), ..shown.clone() }), Err(Unproven::Count));
    let swapped = vec![worker.ids[1], worker.ids[0], worker.ids[2], worker.ids[3]];
    assert_eq!(verify(&Commitment { ids: swapped, ..shown }), Err(Unproven::Root));
}

#[tokio::test]
async fn folder_store_should_return_what_was_put_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let (id, bytes) = blob(50_000);
    let store = FolderStore::open(folder.path()).unwrap();
    assert_eq!(store.put(bytes.clone()).await.unwrap(), id);
    assert_eq!(store.put(bytes.clone()).await.unwrap(), id);
    let store = FolderStore::open(folder.path()).unwrap();
    assert!(store.has(id).await.unwrap());
    assert_eq!(store.get(id).await.unwrap(), Some(bytes));
    store.remove(id).await.unwrap();
    store.remove(id).await.unwrap();
    assert!(!store.has(id).await.unwrap());
    assert_eq!(store.get(id).await.unwrap(), None);
}

#[tokio::test]
async fn folder_store_should_forget_the_blob_when_its_file_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let (id, bytes) = blob(50_000);
    let store = FolderStore::open(folder.path()).unwrap();
    store.put(bytes.clone()).await.unwrap();
    let mut damaged = bytes.to_vec();
    damaged[40_000] ^= 1;
    std::fs::write(store.path(id), damaged).unwrap();
    assert_eq!(store.get(id).await.unwrap(), None);
    assert!(!store.has(id).await.unwrap());
    store.put(bytes.clone()).await.unwrap();
    assert_eq!(store.get(id).await.unwrap(), Some(bytes));
}

#[test]
fn address_should_be_mapped_into_ipv6_when_it_is_ipv4() {
    let address = address::from_socket("192.168.1.2:7000".parse().unwrap());
    assert_eq!(address.ip, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 168, 1, 2]);
    assert_eq!(address::to_socket(address).to_string(), "192.168.1.2:7000");
}

proptest! {
    #[test]
    fn address_should_survive_the_chain_when_it_is_any(ip: std::net::IpAddr, port: u16) {
        let socket = SocketAddr::new(ip.to_canonical(), port);
        prop_assert_eq!(address::to_socket(address::from_socket(socket)), socket);
    }

    #[test]
    fn endpoint_should_never_panic_when_its_bytes_are_random(id: [u8; 32], ip: [u8; 16], port: u16) {
        address::to_iroh(&Endpoint { id, addresses: vec![SocketAddress { ip, port }].try_into().unwrap() }).ok();
    }

    #[test]
    fn stream_should_restore_the_blob_when_it_is_honest(len in 0usize..200_000) {
        let (id, bytes) = blob(len);
        let (encoded, items) = encode(&bytes);
        prop_assert_eq!(encoded, id);
        let mut decoder = Decoder::new(id, len as u64).unwrap();
        for item in items {
            prop_assert_eq!(decoder.take(&item), Ok(()));
        }
        prop_assert_eq!(decoder.finish(), Some(bytes));
    }

    #[test]
    fn stream_should_be_refused_at_the_item_when_any_bit_of_it_is_flipped(
        len in 1usize..200_000, at: prop::sample::Index, bit: prop::sample::Index,
    ) {
        let (id, bytes) = blob(len);
        let (_, items) = encode(&bytes);
        let at = at.index(items.len());
        let mut decoder = Decoder::new(id, len as u64).unwrap();
        for item in &items[..at] {
            decoder.take(item).unwrap();
        }
        let mut item = items[at].to_vec();
        let bit = bit.index(8 * item.len());
        item[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(decoder.take(&item).is_err());
    }

    #[test]
    fn stream_should_be_refused_when_the_length_is_another(len in 0usize..100_000, other in 0u64..100_000) {
        prop_assume!(len as u64 != other);
        let (id, bytes) = blob(len);
        let mut decoder = Decoder::new(id, other).unwrap();
        let accepted = encode(&bytes).1.iter().all(|item| decoder.take(item).is_ok());
        prop_assert!(!accepted || decoder.finish().is_none());
    }

    #[test]
    fn decoder_should_never_panic_when_items_are_random(
        id: [u8; 32], len in 0..=MAX_BLOB_BYTES, items: Vec<Vec<u8>>, seed: u8,
    ) {
        let mut decoder = Decoder::new(BlobId(id), len).unwrap();
        for item in &items {
            decoder.take(item).ok();
        }
        if let Some(wants) = decoder.wants() {
            prop_assert!(decoder.take(&vec![seed; wants]).is_err());
        }
    }

    #[test]
    fn messages_should_never_panic_when_bytes_are_random(bytes: Vec<u8>) {
        Request::decode(&mut bytes.as_slice()).ok();
        if let Ok(response) = Response::decode(&mut bytes.as_slice()) {
            let worker = worker();
            match &response {
                Response::Opening(opened) => drop(worker.committed.verify_opening(opened, &[0], &[0; 32])),
                Response::Results(leaves) => drop(worker.committed.verify_results(leaves, &[0], &[0; 32])),
                Response::Secret(shown) => drop(worker.committed.verify_secret(shown, &[0; 32])),
                Response::TraceTensor(_) => {}
            }
            prop_assert_eq!(Response::decode(&mut response.encode().as_slice()).unwrap(), response);
        }
    }
}

#[test]
fn decoder_should_not_exist_when_the_blob_is_too_large() {
    assert!(Decoder::new(BlobId([0; 32]), MAX_BLOB_BYTES + 1).is_none());
    assert!(Decoder::new(BlobId([0; 32]), u64::MAX).is_none());
}
